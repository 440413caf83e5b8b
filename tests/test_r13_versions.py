"""R13: what one version has unpacked, another version on the same host need not unpack again."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from extensions import PHASES, compile_extension
from receivers import interpreters, project, receive, send

TREE = """
    === pkg/__init__.py
    def f():
        from pkg import a, late
        from pkg.sub import b
        return a.VALUE, late.VALUE, b.VALUE
    === pkg/a.py
    VALUE = 1
    === pkg/late.py
    VALUE = 1
    === pkg/gone/__init__.py
    === pkg/gone/module.py
    === pkg/sub/__init__.py
    === pkg/sub/b.py
    VALUE = 1
    === pkg/sub/data.npy
    an array, say
    === pkg/sub/data.txt
    text
"""
CODE = "from pkg import f as obj"


def versions(tree: Path) -> list[bytes]:
    """A package before and after an edit: one file has changed, one is new, a folder is gone."""
    before = send(project(tree, TREE), CODE)
    (tree / "pkg/a.py").write_text("VALUE = 2\n")
    (tree / "pkg/sub/new.py").write_text("VALUE = 2\n")
    for name in ("module.py", "__init__.py"):
        (tree / "pkg/gone" / name).unlink()
    (tree / "pkg/gone").rmdir()
    return [before, send(tree, CODE)]


def unpacked(cache: Path, *but: Path) -> Path:
    """The one folder of a version in a cache, of those that are not in `but`."""
    (folder,) = {path.parent for path in cache.glob("*/*/pkg")} - {*but}
    return folder


def files(folder: Path) -> dict[str, int]:
    """Path -> inode of each file in a folder."""
    found = (path for path in folder.rglob("*") if not path.is_dir())
    return {path.relative_to(folder).as_posix(): path.stat().st_ino for path in found}


@pytest.mark.parametrize("python", interpreters())
def test_r13_versions_share_no_file(tmp_path, python):
    before, after = versions(tmp_path / "tree")
    cache = tmp_path / "cache"
    assert receive(before, "result = obj()", cache=cache, python=python).result == (1, 1, 1)
    old = unpacked(cache)
    assert receive(after, "result = obj()", cache=cache, python=python).result == (2, 1, 1)
    one, two = files(old), files(unpacked(cache, old))
    assert two.keys() == one.keys() - {"pkg/gone/__init__.py", "pkg/gone/module.py"} | {
        "pkg/sub/new.py"
    }
    shared = {name for name in two if two[name] == one.get(name)}
    assert shared == set()  # who writes into a file means one version
    assert not (unpacked(cache, old) / "pkg/gone").exists()


@pytest.mark.parametrize("lazy", [True, False], ids=["one-process", "two-processes"])
@pytest.mark.parametrize("phase", PHASES)
def test_r13_versions_share_no_extension_module(tmp_path, phase, lazy):
    # The system loads a file once: modules of two versions would be one, with one state.
    tree = project(tmp_path / "tree", "=== pkg/__init__.py\nfrom pkg.fast import value as obj")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    compile_extension(tree / f"pkg/fast{suffix}", phase, 1)
    datas = [send(tree, "import pkg; obj = pkg")]
    (tree / "pkg/other.py").write_text("")
    datas.append(send(tree, "import pkg; obj = pkg"))
    cache = tmp_path / "cache"
    if lazy:
        code = """
            one, two = load(0), load(1)
            from os.path import samefile
            result = [one.obj(), two.obj(), samefile(one.fast.__file__, two.fast.__file__)]
        """
        assert receive(datas, code, lazy=True, cache=cache).result == [1, 1, False]
    else:
        assert [receive(data, "result = obj.obj()", cache=cache).result for data in datas] == [1, 1]
    inodes = [path.stat().st_ino for path in cache.rglob(f"fast{suffix}")]
    assert len(set(inodes)) == len(inodes) == 2


@pytest.mark.parametrize("harm", ["longer", "other", "empty", "gone", "folder"])
def test_r13_what_was_changed_in_the_other_version_is_not_taken(tmp_path, harm):
    before, after = versions(tmp_path / "tree")
    cache = tmp_path / "cache"
    receive(before, "obj()", cache=cache)
    old = unpacked(cache)
    path = old / "pkg/late.py"
    if harm in ("gone", "folder"):
        path.unlink()
        if harm == "folder":
            path.mkdir()
    else:
        path.write_text({"longer": "VALUE = 1\nVALUE = 3\n", "other": "VALUE = 3\n"}.get(harm, ""))
    code = """
        import pkg.late
        with open(pkg.late.__file__) as file:
            result = obj(), file.read()
    """
    got = receive(after, code, cache=cache)
    assert got.result == ((2, 1, 1), "VALUE = 1\n")
    assert got.stderr == ""
    if harm in ("longer", "other"):
        assert path.read_text() != "VALUE = 1\n"  # nor is it changed under the other one's feet
    assert receive(before, "result = obj()", cache=cache).result == (1, 1, 1)


def test_r13_a_file_that_is_written_to_is_changed_in_one_version_alone(tmp_path):
    before, after = versions(tmp_path / "tree")
    cache = tmp_path / "cache"
    receive(before, "obj()", cache=cache)
    old = unpacked(cache)
    receive(after, "obj()", cache=cache)
    new = unpacked(cache, old)
    with open(new / "pkg/late.py", "a") as file:
        file.write("VALUE = 3\n")
    assert (old / "pkg/late.py").read_text() == "VALUE = 1\n"
    assert receive(after, "result = obj()", cache=cache).result == (2, 1, 1)
    assert (new / "pkg/late.py").read_text() == "VALUE = 1\n"
    assert receive(before, "result = obj()", cache=cache).result == (1, 1, 1)


def test_r13_packages_share_no_file(tmp_path):
    # Two packages with a file of one name and content stay apart: they are no versions of one.
    tree = project(tmp_path / "tree", "=== one/__init__.py\n=== two/__init__.py\n")
    cache = tmp_path / "cache"
    for name in ("one", "two"):
        receive(send(tree, f"import {name} as obj"), "obj", cache=cache)
    found = list(cache.rglob("__init__.py"))
    assert len({path.stat().st_ino for path in found}) == len(found) == 2


def test_r13_a_version_is_left_when_the_other_is_swept(tmp_path):
    before, after = versions(tmp_path / "tree")
    cache = tmp_path / "cache"
    receive(before, "obj()", cache=cache)
    old = unpacked(cache)
    receive(after, "obj()", cache=cache)
    for entry in [*old.parent.iterdir()]:  # all were used nine days ago
        os.utime(entry, (0, entry.stat().st_mtime - 9 * 86_400))
    new = unpacked(cache, old)
    os.utime(new)
    tree = project(tmp_path / "other", "=== other.py\ndef f(): pass\n")
    receive(send(tree, "from other import f as obj"), "obj()", cache=cache)
    assert new.exists()
    assert not old.exists()
    assert receive(after, "result = obj()", cache=cache).result == (2, 1, 1)
