"""R13: hosts with several users, some of them hostile.

Tests run as root play two users: `US`, who receives, and `THEM`, who was there first.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mishaps import CHILD, as_root
from receivers import interpreters, project, receive, send

US, THEM = 54321, 54322
PACKAGE = """
    === pkg/__init__.py
    import os
    def f():
        from pkg import late
        with open(os.path.join(os.path.dirname(__file__), "data.txt")) as file:
            return late.VALUE, file.read()
    def g():
        from pkg import late
        return late.VALUE
    === pkg/late.py
    VALUE = 1
    === pkg/data.txt
    ours
"""
RIGHT = (1, "ours\n")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder in which every user may write, as `/tmp`: that of pytest is private."""
    as_root()
    folder = Path(tempfile.mkdtemp(prefix="modulepickle-tests-"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


def shipped(tmp_path: Path, name: str = "f") -> bytes:
    return send(project(tmp_path / "tree", PACKAGE), f"from pkg import {name} as obj")


# `by(user, function)` runs it in a forked child as that user.
AS_USERS = f"""
{CHILD}
    import importlib.machinery, marshal, shutil, struct, zlib  # they may not read them later
    US, THEM, RIGHT = {US}, {THEM}, {RIGHT!r}
    def by(user, function):
        def switched():
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            return function()
        return child(switched)
    def loaded():
        return load()(), list(records)
    def good(outcome):
        return outcome[0] == "value" and outcome[1][0]
"""
DEFAULT = """
    del os.environ["MODULEPICKLE_CACHE"]
    os.environ["TMPDIR"] = SHARED
    def ours():
        "The folder that the loader takes, as it says itself."
        load()()
        return os.path.dirname(os.path.dirname(os.path.dirname(sys.modules["pkg"].__file__)))
    made = by(US, ours)
    assert made[0] == "value", made
    kind, name = made
    before = os.stat(name)
    result = [kind, name, before.st_uid, before.st_mode & 0o777]
"""


@pytest.mark.parametrize("python", interpreters())
def test_r13_the_folder_is_closed_to_others(tmp_path, shared, python):
    code = f"""
    SHARED = {str(shared)!r}
{AS_USERS}
{DEFAULT}
    def peep():
        return os.listdir(name)
    def meddle():
        with open(os.path.join(name, "x"), "w"):
            pass
    def rename():
        os.rename(name, name + "x")
    result.append([by(THEM, each)[1] for each in (peep, meddle, rename)])
    """
    got = receive(shipped(tmp_path), code, lazy=True, python=python).result
    kind, name, owner, mode, others = got
    assert (kind, owner, mode) == ("value", US, 0o700)
    assert name.startswith(f"{shared}/")
    assert others == ["PermissionError"] * 3


# Somebody else makes what we would take, before us: with our own files in it, but that they say
# something else. `OPEN` are the ways to make it.
TAKEN = f"""
{AS_USERS}
{DEFAULT}
    good_files = files(name)
    shutil.rmtree(name)
    def plant():
        os.umask(0)
        where = name
        if HOW == "link":
            where = SHARED + "/theirs"
            os.symlink(where, name)
        if HOW == "file":
            with open(name, "w"):
                return
        for file, content in good_files.items():
            path = os.path.join(where, file)
            os.makedirs(os.path.dirname(path), 0o777, exist_ok=True)
            with open(path, "wb") as out:
                out.write(content.replace(b"ours", b"evil").replace(b"VALUE = 1", b"VALUE = 6"))
            os.utime(path, (10**9, 10**9))
        if HOW == "closed":
            os.chmod(name, 0o700)
    planted = by(THEM, plant)
    try:
        was = sorted(files(name))
    except NotADirectoryError:
        was = []
    def listed():
        f = load()
        package = sys.modules["pkg"]
        return package.g(), package.__file__, list(records)
    result = [planted, by(US, listed), by(THEM, lambda: sorted(files(name))) , was, name]
"""


@pytest.mark.parametrize("how", ["open", "closed", "link", "file"])
def test_r13_a_folder_that_somebody_else_made_first_is_never_used(tmp_path, shared, how):
    code = f"    SHARED, HOW = {str(shared)!r}, {how!r}\n{TAKEN}"
    planted, (kind, got), after, before, name = receive(shipped(tmp_path), code, lazy=True).result
    assert planted == ("value", None)
    value, file, records = got
    assert (kind, value) == ("value", 1)
    assert not file.startswith((name, f"{shared}/theirs"))
    assert [level for level, _ in records] in (["WARNING"], [])
    assert os.path.exists(file) or len(records) == 1
    assert after == ("value", before)  # nothing of ours was written there


# The folder in which the cache stands lets everybody rename (it lacks /tmp's sticky bit). After the
# nth time that the loader asks something about a file, THEM put their folder in the place of ours:
# with the same names and, what matters most, bytecode that says something else.
SWAPPED = f"""
{AS_USERS}
    os.chmod(SHARED, 0o777)  # without the sticky bit: a neighbour could put his folder in its place
    def mine():
        return load()(), os.listdir(CACHE) if os.path.exists(CACHE) else []
    result = by(US, mine), 0
"""


def test_r13_a_folder_that_neighbours_could_swap_is_not_used(tmp_path, shared):
    code = f"    SHARED = {str(shared)!r}\n{SWAPPED}"
    data = shipped(tmp_path, "g")
    outcome, _ = receive(data, code, lazy=True, cache=shared / "cache").result
    assert outcome == ("value", (1, []))
