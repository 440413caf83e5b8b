"""A package listed again: whatever happened to its files and folders is seen (R5)."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modulepickle import Policy
from modulepickle._local.finder import LocalPackage
from modulepickle._snapshot import files as _files
from modulepickle._snapshot import listing as _walk
from modulepickle._snapshot import watch as _watch
from modulepickle._snapshot.snapshot import snapshot
from receivers import project

FILES = """
    === pkg/__init__.py
    === pkg/a.py
    === pkg/sub/b.py
    === pkg/sub/deep/c.txt
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working tree with a package that has settled: the current folder."""
    folder = project(tmp_path / "tree", FILES)
    monkeypatch.chdir(folder)
    settle(folder)
    return folder


def settle(folder):
    """Let the clock of the file system go on, so that what was changed before is sure."""
    probe = folder.parent / "probe"
    began = time.time_ns()
    while True:
        probe.write_text("x")
        if probe.stat().st_mtime_ns > began + 2 * _walk.TICK_NS:
            return


def unit(tree):
    return LocalPackage("pkg", (str(tree / "pkg"),), True)


def listed(tree, policy=None):
    problems = []
    found = _watch.listing(unit(tree), policy or Policy(), problems)
    assert problems == []
    return found


def walked(tree):
    return _walk.listing(unit(tree), Policy(), [])


@pytest.fixture
def walks(monkeypatch):
    """The folders that are read from here on."""
    seen = []
    scandir = os.scandir

    class Os:
        def __getattr__(self, name):
            return getattr(os, name)

        def scandir(self, path):
            seen.append(os.path.basename(path))
            return scandir(path)

    monkeypatch.setattr(_walk, "os", Os())
    return seen


def test_an_unchanged_package_is_walked_once(tree, walks):
    first = listed(tree)
    assert walks == ["pkg", "sub", "deep"]
    assert listed(tree) is first
    assert walks == ["pkg", "sub", "deep"]


def test_an_edit_is_seen_without_a_walk(tree, walks):
    first = listed(tree)
    (tree / "pkg/a.py").write_text("x = 1")
    again = listed(tree)
    assert walks == ["pkg", "sub", "deep"]
    assert again == walked(tree) != first
    assert [new is old for new, old in zip(again, first)] == [True, False, True, True]


def test_each_policy_has_its_own_listing(tree):
    first, other = listed(tree), listed(tree, Policy(ignore=("a.py",)))
    assert (len(first), len(other)) == (4, 3)
    assert listed(tree) is first
    assert listed(tree, Policy(ignore=("a.py",))) is other


def put(path, text="new"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def swap_folder(pkg):
    """Put another folder, with the same names and as old, in the place of one."""
    shutil.copytree(pkg / "sub", pkg.parent / "other", copy_function=shutil.copy2)
    (pkg.parent / "other/b.py").write_text("other")
    shutil.rmtree(pkg / "sub")
    os.rename(pkg.parent / "other", pkg / "sub")


def swap_package(pkg):
    project(pkg.parent / "other", FILES.replace("a.py", "z.py"))
    os.rename(pkg, pkg.parent / "before")
    os.rename(pkg.parent / "other/pkg", pkg)


def same_stat(pkg):
    """Write other text of the same size, and set the time back."""
    before = (pkg / "sub/deep/c.txt").stat()
    (pkg / "sub/deep/c.txt").write_bytes(b"y" * before.st_size)
    os.utime(pkg / "sub/deep/c.txt", ns=(before.st_atime_ns, before.st_mtime_ns))


def folder_for_file(pkg):
    (pkg / "a.py").unlink()
    put(pkg / "a.py/inner.py")


CHANGES = {
    "a new file": lambda pkg: put(pkg / "new.py"),
    "a new file deep inside": lambda pkg: put(pkg / "sub/deep/new.py"),
    "a new folder": lambda pkg: put(pkg / "more/new.py"),
    "a deleted file": lambda pkg: (pkg / "sub/b.py").unlink(),
    "a deleted folder": lambda pkg: shutil.rmtree(pkg / "sub/deep"),
    "a renamed file": lambda pkg: os.rename(pkg / "a.py", pkg / "z.py"),
    "a file that takes another's place": lambda pkg: os.replace(pkg / "a.py", pkg / "sub/b.py"),
    "a renamed folder": lambda pkg: os.rename(pkg / "sub/deep", pkg / "sub/other"),
    "a moved folder": lambda pkg: os.rename(pkg / "sub/deep", pkg / "deep"),
    "another folder in its place": swap_folder,
    "another package in its place": swap_package,
    "other text of the same size and time": same_stat,
    "a folder where a file was": folder_for_file,
    "bytecode whose source goes": lambda pkg: (put(pkg / "a.pyc"), (pkg / "a.py").unlink()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_r05_each_change_is_seen(tree, what):
    put(tree / "pkg/sub/deep/c.txt", "xxx")
    settle(tree)
    first = listed(tree)
    assert listed(tree) is first
    CHANGES[what](tree / "pkg")
    assert listed(tree) == walked(tree) != first


def test_r05_folders_and_files_that_just_changed_are_looked_at_again(tree, walks, monkeypatch):
    # A second change within one tick of the clock leaves a stat as it is: nothing is relied on.
    reads = []
    read = _files._read
    monkeypatch.setattr(_files, "_read", lambda found, known: reads.append(1) or read(found, known))
    for module in (_files, _watch):
        monkeypatch.setattr(module, "is_racy", lambda key, began: True)
    for _ in range(3):
        snapshot(unit(tree), Policy())
    assert (walks.count("pkg"), len(reads)) == (3, 3 * 4)


def test_a_package_with_links_is_walked_each_time(tree, walks):
    (tree / "pkg/link.py").symlink_to(tree / "pkg/a.py")
    settle(tree)
    listed(tree)
    listed(tree)
    assert walks.count("pkg") == 2


def test_a_link_that_comes_to_lead_elsewhere_is_seen(tree):
    project(tree, "=== one/x.py\n1\n=== two/y.py\n22\n")
    (tree / "way").symlink_to("one")
    (tree / "pkg/link").symlink_to(tree / "way")
    settle(tree)
    assert "pkg/link/x.py" in [file.name for file in listed(tree)]
    (tree / "way").unlink()
    (tree / "way").symlink_to("two")
    assert "pkg/link/y.py" in [file.name for file in listed(tree)]


def test_a_package_that_cannot_travel_is_walked_until_it_can(tree):
    (tree / "pkg/away").symlink_to("/usr")
    settle(tree)
    for _ in range(2):
        problems = []
        _watch.listing(unit(tree), Policy(), problems)
        assert len(problems) == 1
    (tree / "pkg/away").unlink()
    assert listed(tree) == walked(tree)


def test_a_package_that_is_gone_and_comes_back(tree):
    first = listed(tree)
    os.rename(tree / "pkg", tree / "gone")
    problems = []
    assert _watch.listing(unit(tree), Policy(), problems) == ()
    assert len(problems) == 1
    os.rename(tree / "gone", tree / "pkg")
    assert [file.name for file in listed(tree)] == [file.name for file in first]


# --- any changes ----------------------------------------------------------------------------------

NAMES = st.sampled_from(["a.py", "b.py", "sub/a.py", "sub/b.py", "sub/deep/c.txt", "new/x.py"])
STEPS = st.one_of(
    st.tuples(st.just("write"), NAMES, st.sampled_from(["", "x", "yy"])),
    st.tuples(st.just("unlink"), NAMES, st.none()),
    st.tuples(st.just("replace"), NAMES, NAMES),
    st.tuples(st.just("remove"), st.sampled_from(["sub", "sub/deep", "new"]), st.none()),
    st.tuples(st.just("settle"), st.none(), st.none()),
)


def change(pkg, what, name, more):
    if what == "write":
        put(pkg / name, more)
    elif what == "unlink":
        (pkg / name).unlink(missing_ok=True)
    elif what == "replace" and (pkg / name).exists():
        (pkg / more).parent.mkdir(parents=True, exist_ok=True)
        os.replace(pkg / name, pkg / more)
    elif what == "remove":
        shutil.rmtree(pkg / name, ignore_errors=True)
    elif what == "settle":
        settle(pkg.parent)


CHECKS = list(HealthCheck)


@settings(max_examples=15, suppress_health_check=CHECKS, deadline=None)
@given(st.lists(STEPS, max_size=8))
def test_r05_after_any_changes_a_snapshot_has_what_is_on_disk(tree, steps):
    compare(tree, steps)


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=CHECKS, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_r05_after_many_more_changes(tree, steps):
    compare(tree, steps)


def compare(tree, steps):
    """Make the changes one by one; after each, a snapshot has the contents that are there."""
    pkg = tree / "pkg"
    shutil.rmtree(pkg)
    project(tree, FILES)
    for step in steps:
        change(pkg, *step)
        assert listed(tree) == walked(tree)
        made = snapshot(unit(tree), Policy())
        there = {path for path in pkg.rglob("*") if path.is_file()}
        contents = {path.relative_to(tree).as_posix(): path.read_bytes() for path in there}
        folders = [path for path in pkg.rglob("*") if path.is_dir() and not [*path.iterdir()]]
        contents.update((f"{path.relative_to(tree).as_posix()}/", b"") for path in folders)
        assert {name: file.content() for name, file in made.files.items()} == contents
