"""Snapshots: archives, digests, and what a second look costs."""

from __future__ import annotations

import contextlib
import io
import logging
import pickletools
import shutil
import stat
import textwrap
import zipfile

import hypothesis
import pytest
from hypothesis import strategies as st

from modulepickle import PackagingError, Policy
from modulepickle._local.finder import LocalPackage
from modulepickle._snapshot import archive as _archive
from modulepickle._snapshot import listing as _walk
from modulepickle._snapshot import snapshot as _snapshot
from modulepickle._snapshot.snapshot import snapshot
from receivers import interpreters, project, receive, run, send


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working tree: the current folder."""
    folder = tmp_path / "tree"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def made(folder, policy=None):
    """The snapshot of a package's folder."""
    return snapshot(LocalPackage(folder.name, (str(folder),), True), policy or Policy())


def archives(data):
    """Name of the package -> its archive, for all in a pickle."""
    found = {}
    for _, value, _ in pickletools.genops(data):
        if isinstance(value, bytes) and value.startswith(b"PK\3\4"):
            with zipfile.ZipFile(io.BytesIO(value)) as archive:
                found[archive.namelist()[0].partition("/")[0]] = value
    return found


# --- the archive ----------------------------------------------------------------------------------

FILES = """
    === pkg/__init__.py
    text = "a text, a text, a text, a text, a text, a text, a text, a text"
    === pkg/z.txt
    === pkg/a/ünï.csv
    1,2,3
    === pkg/B.py
"""


def test_the_archive_is_a_zip_that_others_read(tree):
    project(tree, FILES)
    (tree / "pkg/random.bin").write_bytes(bytes(range(256)))
    shot = made(tree / "pkg")
    with zipfile.ZipFile(io.BytesIO(shot.archive)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(archive.namelist()) == list(shot.files)
        for info in archive.infolist():
            assert archive.read(info) == (tree / info.filename).read_bytes()
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert stat.S_IMODE(info.external_attr >> 16) == 0o644
            assert stat.S_ISREG(info.external_attr >> 16)
            assert info.extra == info.comment == b""
            # Also what gets longer by it: the loader knows no other method.
            assert info.compress_type == zipfile.ZIP_DEFLATED


def test_python_imports_from_the_archive(tree):
    project(tree, FILES)
    (tree / "pkg.zip").write_bytes(made(tree / "pkg").archive)
    code = (
        f"import sys; sys.path.insert(0, {str(tree / 'pkg.zip')!r})\nfrom pkg import text as result"
    )
    assert receive([], code).result.startswith("a text")


def test_an_empty_package_has_an_archive(tree):
    project(tree, "=== pkg/__init__.py\n")
    shot = made(tree / "pkg", Policy(ignore=("*",)))
    assert zipfile.ZipFile(io.BytesIO(shot.archive)).namelist() == []


def test_too_many_files_for_a_zip(tree, monkeypatch):
    project(tree, FILES)
    monkeypatch.setattr(_archive, "MAX_FILES", 3)
    with pytest.raises(PackagingError, match="a zip can hold at most 3"):
        made(tree / "pkg")


def test_too_many_bytes_for_a_zip(tree, monkeypatch):
    project(tree, FILES)
    monkeypatch.setattr(_archive, "MAX_ARCHIVE", 100)
    with pytest.raises(PackagingError, match="a zip can hold at most 100"):
        made(tree / "pkg")


# --- the digest -----------------------------------------------------------------------------------

NAMES = st.text("abcXYZ019_-é", min_size=1, max_size=5)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@st.composite
def trees(draw):
    """Files of a package: relative path -> content. No name is also a folder, or clashes."""
    files = draw(st.dictionaries(PATHS, st.binary(max_size=50), max_size=8))
    kept = {}
    for path, content in files.items():
        others = [other.casefold() for other in kept]
        clash = any(
            one == path.casefold() or one.startswith(path.casefold() + "/")
            or path.casefold().startswith(one + "/")
            for one in others
        )  # fmt: skip
        if not clash:
            kept[path] = content
    return kept


def write(folder, files):
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@contextlib.contextmanager
def new_folder(base):
    folder = base / "example"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


SHARED = hypothesis.settings(
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=30
)


@SHARED
@hypothesis.given(trees(), st.randoms())
def test_any_tree_has_one_digest_in_any_order_and_folder(tree, files, dice):
    with new_folder(tree) as folder:
        order = list(files.items())
        write(folder / "here/pkg", [("__init__.py", b""), *order])
        dice.shuffle(order)
        write(folder / "elsewhere/deep/pkg", [*order, ("__init__.py", b"")])
        one, other = made(folder / "here/pkg"), made(folder / "elsewhere/deep/pkg")
        assert one.content == other.content
        assert one.archive == other.archive
        with zipfile.ZipFile(io.BytesIO(one.archive)) as archive:
            assert archive.testzip() is None
            assert {name: archive.read(name) for name in archive.namelist()} == {
                "pkg/__init__.py": b"",
                **{f"pkg/{name}": content for name, content in files.items()},
            }


@SHARED
@hypothesis.given(trees(), trees())
def test_trees_that_differ_have_other_digests(tree, files, others):
    with new_folder(tree) as folder:
        write(folder / "a/pkg", [("__init__.py", b""), *files.items()])
        write(folder / "b/pkg", [("__init__.py", b""), *others.items()])
        one, other = made(folder / "a/pkg"), made(folder / "b/pkg")
        assert (one.content == other.content) is (files == others)


def test_lengths_keep_parts_apart():
    assert len({_archive.fold(*parts) for parts in [(b"ab", b"c"), (b"a", b"bc"), (b"abc",)]}) == 3


def digests(data):
    size = _snapshot.DIGEST_SIZE
    values = [v for _, v, _ in pickletools.genops(data) if isinstance(v, bytes) and len(v) == size]
    return values[::2]  # each second one is a seal


@pytest.mark.parametrize("python", interpreters())
def test_digests_agree_between_python_versions(tmp_path, python):
    tree = project(tmp_path, CYCLE)
    here = send(tree, "import one as obj")
    assert digests(send(tree, "import one as obj", python=python)) == digests(here) != []


def test_an_edit_elsewhere_changes_no_digest(tmp_path):
    tree = project(
        tmp_path,
        """
        === train.py
        import helpers
        === helpers/__init__.py
        import util
        === util.py
        """,
    )
    first = send(tree, "import helpers as obj")
    (tree / "train.py").write_text("import helpers\nx = 1\n")
    assert send(tree, "import helpers as obj") == first
    (tree / "util.py").write_text("x = 1\n")
    changed = send(tree, "import helpers as obj")
    assert archives(changed)["helpers"] == archives(first)["helpers"]
    assert not set(digests(changed)) & set(digests(first))


CYCLE = """
    === one/__init__.py
    import two
    def f(): return 1 + two.g()
    === two.py
    def g():
        import three.deep
        return three.deep.h()
    === three/__init__.py
    === three/deep.py
    def h():
        from one import f
        import three, four
        return len(f.__name__) + len(three.__name__) + four.x
    === four.py
    x = 10
"""


def test_cycles_between_packages(tmp_path):
    tree = project(tmp_path, CYCLE)
    packages = ["one", "two", "three", "four"]
    for name, count in [("one", 4), ("two", 4), ("three", 4), ("four", 1)]:
        assert len(archives(send(tree, f"import {name} as obj"))) == count
    data = send(tree, "import four, three.deep, two, one; obj = [one.f, two, four, three]")
    assert receive(data, "result = obj[0]()", absent=packages).result == 17


def test_requirements_follow_what_was_imported_later(tmp_path):
    # The name is found nowhere on the disk: only once somebody has put it into `sys.modules`.
    tree = project(tmp_path, "=== pkg.py\ndef f():\n    import odd\n    return odd.x\n")
    project(tree, "=== hidden/odd-name.py\nx = 5\n")
    code = """
        import importlib.util, modulepickle, pkg, sys
        before = modulepickle.dumps(pkg.f)
        spec = importlib.util.spec_from_file_location("odd", "hidden/odd-name.py")
        sys.modules["odd"] = odd = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(odd)
        result = before, modulepickle.dumps(pkg.f)
    """
    before, after = run(tree, code).result
    assert (len(archives(before)), len(archives(after))) == (1, 2)
    assert receive(after, "result = obj()", absent=["odd"]).result == 5


# --- what a second look costs ---------------------------------------------------------------------

WATCH = """
    import modulepickle, os, pathlib, sys, zlib
    from modulepickle._snapshot import files as _files
    from modulepickle._snapshot import imports as _imports
    from modulepickle._snapshot import mentions as _mentions
    from modulepickle._local import finder as _scan
    from modulepickle._snapshot import snapshot as _snapshot
    from modulepickle._snapshot import listing as _walk
    from modulepickle._snapshot import watch as _watch
    import pkg, dep

    probe = pathlib.Path("probe.txt")
    def settle(ns):
        # Let the clock of the file system go on, so that what was read before is not racy.
        probe.write_text("x")
        start = probe.stat().st_ctime_ns
        while probe.stat().st_ctime_ns < start + ns:
            probe.write_text("x")
    opened, packed, parsed, searched, stats = [], [], [], [], []
    watching = False
    def hook(event, args):
        if event == "open" and args[1] is None:  # it is `os.open` in an `open`
            return
        if watching and event in ("open", "import", "compile", "exec", "marshal.loads"):
            opened.append((event, str(args[0])))
    sys.addaudithook(hook)
    compressobj = zlib.compressobj
    imports, mentions = _imports.imports, _mentions.mentions
    class Os:
        def __getattr__(self, name):
            return getattr(os, name)
        def stat(self, path):
            stats.append(path)
            return os.stat(path)
        def scandir(self, path):
            stats.append(("scandir", path))
            return os.scandir(path)
    _files.os = _walk.os = _watch.os = Os()
    zlib.compressobj = lambda *args: packed.append(args) or compressobj(*args)
    _imports.imports = lambda *args: parsed.append(args[1]) or imports(*args)
    _mentions.mentions = lambda text: searched.append(text.decode()) or mentions(text)
    def read():
        return [os.path.relpath(path) for event, path in opened if event == "open"]
    def look(obj=None):
        global watching
        for seen in (opened, packed, parsed, searched, stats):
            seen.clear()
        watching = True
        data = modulepickle.dumps(obj or [pkg, pkg.f, pkg.C()])
        watching = False
        return data
"""
WATCHED = """
    === pkg/__init__.py
    import dep
    def f(): pass
    class C: pass
    === pkg/a.py
    import os
    === pkg/sub/b.py
    === pkg/data.csv
    1,2
    === dep.py
"""


def watch(tmp_path, code):
    tree = project(tmp_path, WATCHED)
    return run(tree, f"{textwrap.dedent(WATCH)}\n{textwrap.dedent(code)}").result


def test_a_warm_dumps_reads_nothing_and_stats_each_file_once(tmp_path):
    code = """
        first = look()
        settle(60_000_000)
        look()
        same = look() == first
        result = same, opened, packed, searched, sorted(os.path.relpath(path) for path in stats)
    """
    same, opened, packed, searched, stats = watch(tmp_path, code)
    assert (same, opened, packed, searched) == (True, [], [], [])
    files = ["pkg/__init__.py", "pkg/a.py", "pkg/data.csv", "pkg/sub/b.py"]
    assert stats == sorted(["dep.py", "pkg", "pkg/sub", *files])


def test_after_an_edit_only_the_edited_file_is_read(tmp_path):
    code = """
        look()
        settle(60_000_000)
        look()
        pathlib.Path("pkg/a.py").write_text("import sys")
        look(pkg)
        result = read(), len(packed), searched, parsed
    """
    assert watch(tmp_path, code) == (["pkg/a.py"], 1, ["import sys"], [])


def test_a_touched_file_is_read_and_nothing_is_built(tmp_path):
    code = """
        import logging
        look()
        settle(60_000_000)
        old = look(pkg)
        records = []
        handler = logging.Handler()
        handler.emit = records.append
        logging.getLogger("modulepickle").addHandler(handler)
        logging.getLogger("modulepickle").setLevel("INFO")
        os.utime("pkg/a.py")
        new = look(pkg)
        result = old == new, read(), len(records), packed, searched, parsed
    """
    assert watch(tmp_path, code) == (True, ["pkg/a.py"], 0, [], [], [])


# --- the log --------------------------------------------------------------------------------------


def test_each_build_is_logged_once(tree, caplog):
    project(tree, FILES)
    caplog.set_level(logging.INFO, "modulepickle")
    shot = made(tree / "pkg")
    assert made(tree / "pkg") is shot
    (record,) = caplog.records
    name, files, size, packed, milliseconds = record.args
    assert (name, files, size, packed) == ("pkg", 4, shot.size, len(shot.archive))
    assert milliseconds > 0
    assert record.getMessage().startswith(f"snapshot of pkg: 4 files, {shot.size} bytes")


def test_a_large_snapshot_is_warned_of(tree, caplog):
    project(tree, FILES)
    (tree / "pkg/large.bin").write_bytes(bytes(5 * 2**20))
    caplog.set_level(logging.INFO, "modulepickle")
    made(tree / "pkg")
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert "travel with every pickle" in caplog.text
    assert "Policy(ignore" in caplog.text


def test_a_small_snapshot_is_not(tree, caplog):
    project(tree, FILES)
    (tree / "pkg/large.bin").write_bytes(bytes(5 * 2**20 - 1000))
    made(tree / "pkg")
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


# --- policies and threads -------------------------------------------------------------------------


def test_two_policies_do_not_disturb_each_other(tree):
    project(tree, FILES)
    whole, part = made(tree / "pkg"), made(tree / "pkg", Policy(ignore=("*.csv",)))
    assert {*whole.files} ^ {*part.files} == {"pkg/a/ünï.csv"}
    assert made(tree / "pkg") is whole
    assert made(tree / "pkg", Policy(ignore=("*.csv",))) is part


def test_files_that_come_and_go_while_it_looks(tree, monkeypatch):
    project(tree, FILES)
    looked = []
    listing = _walk.listing

    def late(*args):
        files = listing(*args)
        if not looked:
            (tree / "pkg/z.txt").unlink()
        looked.append(1)
        return files

    monkeypatch.setattr(_snapshot, "listing", late)
    assert "pkg/z.txt" not in made(tree / "pkg").files
    assert len(looked) == 2


def test_files_that_never_stay_are_an_error(tree, monkeypatch):
    project(tree, FILES)

    def gone(listed, problems):
        raise _walk.Vanished("pkg/z.txt")

    monkeypatch.setattr(_snapshot, "read", gone)
    with pytest.raises(PackagingError, match="come and go"):
        made(tree / "pkg")


def test_threads_agree(tmp_path):
    tree = project(tmp_path, CYCLE)
    code = """
        import modulepickle, one, three, threading
        datas, barrier = [], threading.Barrier(8)
        def work():
            barrier.wait()
            for _ in range(5):
                datas.append(modulepickle.dumps([one.f, three]))
        threads = [threading.Thread(target=work) for _ in range(8)]
        [thread.start() for thread in threads], [thread.join() for thread in threads]
        result = len(datas), len(set(datas))
    """
    assert run(tree, code).result == (40, 1)
