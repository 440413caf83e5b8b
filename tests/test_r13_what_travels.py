"""What of a package travels beside its code (R13), and trees made to be slow or endless."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

import modulepickle
from modulepickle import PackagingError, Policy, Reason
from modulepickle._loader.archive_reader import read_archive
from modulepickle._local.finder import LocalPackage
from modulepickle._snapshot import files as _files
from modulepickle._snapshot import listing as _listing
from modulepickle._snapshot.archive import content_hash
from modulepickle._snapshot.snapshot import snapshot
from receivers import project, receive, send

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and pipes of POSIX")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working tree: the current folder."""
    folder = tmp_path / "tree"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def package(folder, name=""):
    return LocalPackage(name or folder.name, (str(folder),), folder.is_dir())


def made(folder, policy=None, name=""):
    return snapshot(package(folder, name), policy or Policy())


def zipped(shot):
    return zipfile.ZipFile(io.BytesIO(shot.archive))


def problems(folder, policy=None):
    with pytest.raises(PackagingError) as caught:
        made(folder, policy)
    return [
        (each.reason, os.path.relpath(each.subject, folder) if "/" in each.subject else "")
        for each in caught.value.problems
    ]


# --- modes ----------------------------------------------------------------------------------------

TOOL = """
    === pkg/__init__.py
    === pkg/tool.sh
    #!/bin/sh
    === pkg/z.txt
"""


@posix
@pytest.mark.parametrize("mode", [0o755, 0o744, 0o654, 0o641, 0o700])
def test_r13_any_execute_bit_travels_and_no_other(tree, mode):
    project(tree, TOOL)
    (tree / "pkg/tool.sh").chmod(mode)
    (tree / "pkg/z.txt").chmod(0o600)
    modes = {info.filename: info.external_attr for info in zipped(made(tree / "pkg")).infolist()}
    assert modes == {
        "pkg/__init__.py": 0o100644 << 16,
        "pkg/tool.sh": 0o100755 << 16,
        "pkg/z.txt": 0o100644 << 16,
    }


@posix
def test_r05_a_mode_that_changes_is_seen_at_once(tree):
    project(tree, TOOL)
    before = made(tree / "pkg")
    (tree / "pkg/tool.sh").chmod(0o755)
    after = made(tree / "pkg")
    (tree / "pkg/tool.sh").chmod(0o700)
    other = made(tree / "pkg")
    (tree / "pkg/tool.sh").chmod(0o644)
    again = made(tree / "pkg")
    assert after.executable == other.executable == {"pkg/tool.sh"}
    assert before.content == again.content != after.content == other.content
    assert before.archive == again.archive != after.archive == other.archive


@posix
def test_r13_inspect_finds_the_digest_of_modes(tree):
    project(tree, TOOL)
    (tree / "pkg/tool.sh").chmod(0o755)
    report = modulepickle.inspect(send(tree, "import pkg as obj"))
    assert [each["digest_matches"] for each in report.snapshots] == [True]
    assert report.warnings == []


def test_r13_modes_and_kinds_of_members_have_hashes_of_their_own():
    digest = bytes(32)
    members = [("a", digest, False), ("a", digest, True), ("a/", b"", False), ("ax", digest, False)]
    assert len({content_hash("pkg", [each]) for each in members}) == len(members)


# --- trees without end ----------------------------------------------------------------------------


@posix
@pytest.mark.timeout(30)
def test_r15_a_file_that_is_too_large_is_not_read(tree, monkeypatch):
    project(tree, "=== pkg/__init__.py\nimport other\n=== other.py\n")
    with open(tree / "pkg/huge.py", "wb") as file:
        file.truncate(8 * 2**30)
    opened = []

    def noting(path, mode, **options):
        opened.append(path)
        return open(path, mode, **options)

    monkeypatch.setattr(_files, "open", noting, raising=False)
    assert problems(tree / "pkg") == [(Reason.TOO_LARGE, "")]
    assert [os.path.basename(path) for path in opened] == ["__init__.py"]


@posix
@pytest.mark.timeout(30)
def test_r15_a_file_that_grows_after_it_was_listed_is_not_read_whole(tree, monkeypatch):
    project(tree, "=== pkg/__init__.py\n=== pkg/log.txt\n")
    listed = _listing.listing(package(tree / "pkg"), Policy(), [])
    with open(tree / "pkg/log.txt", "wb") as file:
        file.truncate(8 * 2**30)
    with pytest.raises(_listing.Vanished):
        _files.read(listed, [])
    assert problems(tree / "pkg") == [(Reason.TOO_LARGE, "")]


def test_r15_more_bytes_than_were_listed_are_refused_after_all(tree, monkeypatch):
    project(tree, "=== pkg/__init__.py\n=== pkg/log.txt\n")
    read = _files.read

    def growing(listed, found):
        (tree / "pkg/log.txt").write_bytes(bytes(1000))
        return read(listed, found)

    monkeypatch.setattr("modulepickle._snapshot.snapshot.read", growing)
    assert problems(tree / "pkg", Policy(max_bytes=500)) == [(Reason.TOO_LARGE, "")]


@posix
@pytest.mark.timeout(30)
def test_r15_links_that_fan_out_are_an_error(tree):
    """Twenty folders with two links each to the next one are a million ways."""
    project(tree, "=== pkg/__init__.py\n")
    for number in range(20):
        folder = tree / f"pkg/f{number}"
        folder.mkdir()
        (folder / "data.txt").write_text("x")
        for name in ("a", "b"):
            (folder / name).symlink_to(tree / f"pkg2/f{number + 1}")
    (tree / "pkg/f19/a").unlink()
    (tree / "pkg/f19/b").unlink()
    (tree / "pkg2").mkdir()
    for number in range(1, 20):
        os.rename(tree / f"pkg/f{number}", tree / f"pkg2/f{number}")
    found = problems(tree / "pkg")
    assert {reason for reason, _ in found} == {Reason.LINK_CYCLE}


@posix
@pytest.mark.timeout(30)
def test_r15_folders_nested_deeper_than_python_s_stack(tree):
    project(tree, "=== pkg/__init__.py\n")
    here = os.getcwd()
    os.chdir(tree / "pkg")
    try:
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        there = os.open(".", os.O_RDONLY)
        os.chdir(here)
        found, *more = problems(tree / "pkg")
        os.fchdir(there)
        os.close(there)
    finally:  # by hand: to `rmtree` it is too deep
        for _ in range(1500):
            os.chdir("..")
            os.rmdir("d")
        os.chdir(here)
    assert more == []
    assert found[0] is Reason.BAD_NAME
    assert found[1].startswith("d/d/d/")


@posix
@pytest.mark.timeout(30)
def test_r15_pipes_are_named_and_nobody_waits_for_them(tree):
    project(tree, "=== pkg/__init__.py\n=== pkg/sub/a.py\n")
    os.mkfifo(tree / "pkg/sub/pipe.py")
    os.mkfifo(tree / "single.py")
    os.mkfifo(tree / "pkg/data")
    assert problems(tree / "pkg") == [
        (Reason.SPECIAL_FILE, "data"),
        (Reason.SPECIAL_FILE, "sub/pipe.py"),
    ]
    assert [each[0] for each in problems(tree / "single.py")] == [Reason.SPECIAL_FILE]


def test_r15_more_files_than_a_zip_has_are_not_read(tree, monkeypatch):
    project(tree, TOOL)
    monkeypatch.setattr(_listing, "MOST", 2)
    with pytest.raises(PackagingError, match="more than 2 files"):
        made(tree / "pkg")


# --- empty folders --------------------------------------------------------------------------------

EMPTY = """
    === pkg/__init__.py
    import pathlib
    HERE = pathlib.Path(__file__).parent
    def f():
        found = sorted(each.relative_to(HERE).as_posix() for each in HERE.rglob("*"))
        (HERE / "out" / "deep" / "x.txt").write_text("x")
        return [each for each in found if "__pycache__" not in each]
    === pkg/kept/.gitkeep
    === pkg/old/__pycache__/x.cpython-39.pyc
    === pkg/older/sub/__pycache__/x.cpython-39.pyc
    === pkg/full/a.txt
    === pkg/left/b.log
"""


def test_r13_empty_folders_are_there_and_can_be_written_to(tree):
    project(tree, EMPTY)
    (tree / "pkg/out/deep").mkdir(parents=True)
    policy = "modulepickle.dumps(obj, policy=modulepickle.Policy(ignore=('*.log',)))"
    data = send(tree, "import pkg\nobj = pkg.f", dumps=policy)
    found = receive(data, "result = obj()", absent=["pkg"]).result
    assert found == ["__init__.py", "full", "full/a.txt", "kept", "out", "out/deep"]
    report = modulepickle.inspect(data)
    assert [each["digest_matches"] for each in report.snapshots] == [True]


def test_r13_an_empty_folder_is_a_member_in_the_canonical_form(tree):
    project(tree, EMPTY)
    (tree / "pkg/out/deep").mkdir(parents=True)
    shot = made(tree / "pkg")
    info = zipped(shot).getinfo("pkg/out/deep/")
    assert (info.external_attr, info.compress_type, info.file_size) == (0o040755 << 16 | 0x10, 0, 0)
    assert [*read_archive(shot.archive)] == zipped(shot).namelist() == sorted(shot.files)
    assert "pkg/out/" not in shot.files
    assert not [path for path in shot.files if "old" in path]


def test_r05_an_empty_folder_that_comes_or_goes_is_seen(tree):
    project(tree, TOOL)
    before = made(tree / "pkg")
    (tree / "pkg/new").mkdir()
    after = made(tree / "pkg")
    (tree / "pkg/new").rmdir()
    assert "pkg/new/" in after.files
    assert before.content == made(tree / "pkg").content != after.content


@posix
def test_r13_a_tool_of_the_package_is_executed(tree):
    text = """
        === pkg/__init__.py
        import os, subprocess
        def f():
            tool = os.path.join(os.path.dirname(__file__), "tool.sh")
            return subprocess.run([tool], capture_output=True, text=True).stdout
        === pkg/tool.sh
        #!/bin/sh
        echo hello
    """
    project(tree, text)
    (tree / "pkg/tool.sh").chmod(0o755)
    data = send(tree, "import pkg\nobj = pkg.f")
    assert receive(data, "result = obj()", absent=["pkg"]).result == "hello\n"
