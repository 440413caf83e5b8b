"""R13: where the cache folder is, for whom, and that it is only theirs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from test_neighbours import AS_USERS, PACKAGE, RIGHT, THEM, US, shared, shipped

from mishaps import as_root
from modulepickle._loader import cache_folder
from receivers import project, receive, send

__all__ = ["shared"]  # a fixture

HERE = f"modulepickle-{os.geteuid()}"


@pytest.fixture
def place(monkeypatch, tmp_path):
    """`place(TMPDIR=..., HOME=...)` is where the cache would be with these variables alone."""
    monkeypatch.setattr(cache_folder, "PLACES", {})
    monkeypatch.chdir(tmp_path)

    def found(**variables: object) -> str:
        for name in ("MODULEPICKLE_CACHE", "TMPDIR", "LOCALAPPDATA", "TEMP", "TMP",
                     "XDG_CACHE_HOME", "HOME"):  # fmt: skip
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        cache_folder.PLACES.clear()
        return cache_folder.cache_place()

    return found


def opened(folder: Path) -> Path:
    """A folder as `/tmp` is."""
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def test_r13_a_private_temporary_folder_is_taken(place, tmp_path):
    home, private = tmp_path / "home", tmp_path / "private"
    home.mkdir(), private.mkdir(0o755)
    assert place(TMPDIR=private, HOME=home) == f"{private}/{HERE}"


@pytest.mark.parametrize("there", [True, False], ids=["", "no .cache yet"])
def test_r13_not_where_everybody_may_write_if_there_is_a_home(place, tmp_path, there):
    home, everybodys = tmp_path / "home", opened(tmp_path / "tmp")
    (home / ".cache" if there else home).mkdir(parents=True)
    assert place(TMPDIR=everybodys, HOME=home) == f"{home}/.cache/{HERE}"
    assert place(TMPDIR=everybodys, HOME=home, XDG_CACHE_HOME=home / "x") == f"{home}/x/{HERE}"
    # A relative one is to be ignored, by its specification.
    assert place(TMPDIR=everybodys, HOME=home, XDG_CACHE_HOME="x") == f"{home}/.cache/{HERE}"


def test_r13_a_home_that_is_none_or_not_safe(place, tmp_path):
    everybodys = opened(tmp_path / "tmp")
    usual = f"{everybodys}/{HERE}"
    assert place(TMPDIR=everybodys) == usual
    assert place(TMPDIR=everybodys, HOME="") == usual
    assert place(TMPDIR=everybodys, HOME="/") == usual
    assert place(TMPDIR=everybodys, HOME="/nonexistent") == usual
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    assert place(TMPDIR=everybodys, HOME=home) == usual


@pytest.mark.parametrize("value", ["", "/nonexistent/folder"])
def test_r13_an_empty_or_missing_tmpdir_is_passed_over(place, tmp_path, value):
    (tmp_path / "other").mkdir()
    assert place(TMPDIR=value, TEMP=tmp_path / "other") == f"{tmp_path}/other/{HERE}"
    assert place(TMPDIR=value) in [f"{each}/{HERE}" for each in ("/tmp", "/var/tmp", "/usr/tmp")]


def test_r13_a_folder_that_cannot_be_written_is_passed_over(place, tmp_path, monkeypatch):
    for name in ("closed", "other"):
        (tmp_path / name).mkdir()
    may_write = cache_folder.may_write
    monkeypatch.setattr(
        cache_folder, "may_write", lambda each: "closed" not in str(each) and may_write(each)
    )
    assert place(TMPDIR=tmp_path / "closed", TEMP=tmp_path / "other") == f"{tmp_path}/other/{HERE}"


def test_r13_where_nothing_is_set_it_is_where_tempfile_says(place, tmp_path):
    code = "import tempfile; print(tempfile.gettempdir())"
    for variables in ({}, {"TMPDIR": ""}, {"TMPDIR": str(tmp_path)}, {"TEMP": str(tmp_path)}):
        done = subprocess.run(
            [sys.executable, "-c", code], env=variables, capture_output=True, text=True
        )
        assert place(**variables) == f"{done.stdout.strip()}/{HERE}"


def test_r13_absolute_from_the_first_look_on(place, tmp_path, monkeypatch):
    assert place(MODULEPICKLE_CACHE="some/where") == f"{tmp_path}/some/where/{HERE}"
    monkeypatch.chdir("/")
    assert cache_folder.cache_place() == f"{tmp_path}/some/where/{HERE}"


def test_r13_windows(place, tmp_path, monkeypatch):
    # What is the system's there is played: no users, no modes, no `/tmp`.
    monkeypatch.setattr(cache_folder, "POSIX", False)
    monkeypatch.setattr(cache_folder, "user_number", int)
    local, temp = tmp_path / "AppData/Local", tmp_path / "Temp"
    temp.mkdir()
    assert place(LOCALAPPDATA=local, TEMP=temp) == f"{temp}/modulepickle-0"
    local.mkdir(parents=True)
    assert place(LOCALAPPDATA=local, TEMP=temp) == f"{local}/modulepickle-0"
    assert place(HOME=tmp_path) == f"{tmp_path}/modulepickle-0"  # never a `\\tmp` of any drive
    assert place(MODULEPICKLE_CACHE=tmp_path / "x") == f"{tmp_path}/x/modulepickle-0"
    assert cache_folder.cache_folder() == f"{tmp_path}/x/modulepickle-0"
    assert os.path.isdir(f"{tmp_path}/x/modulepickle-0")


def test_r13_posix_without_users(tmp_path):
    # As WebAssembly is, where `os` has less in it. Its disk is its own, whatever the modes say.
    data = send(project(tmp_path / "tree", PACKAGE), "from pkg import f as obj")
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    code = """
        import os, sys
        del os.geteuid
        load()()
        result = sys.modules["pkg"].__file__
    """
    file = receive(data, code, lazy=True, cache=open_to_all / "cache").result
    assert file.startswith(f"{open_to_all}/cache/modulepickle-0/")
    assert os.path.exists(file)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o177, 0o777])
def test_r13_folders_and_files_are_the_user_s_alone_whatever_the_umask(tmp_path, umask):
    data = send(project(tmp_path / "tree", PACKAGE), "from pkg import f as obj")
    (tmp_path / "top").mkdir(0o700)
    cache = tmp_path / "top" / "deep" / "er"
    code = f"""
        import os
        os.umask({umask})
        result = load()()
    """
    assert receive(data, code, lazy=True, cache=cache).result == RIGHT
    found = [tmp_path / "top" / "deep", *(tmp_path / "top" / "deep").rglob("*")]
    modes = {path.is_dir(): set() for path in found}
    for path in found:
        modes[path.is_dir()].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {True: {0o700}, False: {0o600}}


# --- users ----------------------------------------------------------------------------------------


def test_r13_a_second_user_of_one_folder(tmp_path, shared):
    # Who came first made it for himself: the other has a place of his own, and no warning.
    code = f"""
{AS_USERS}
    os.environ.update(TMPDIR={str(shared)!r}, MODULEPICKLE_CACHE={str(shared / "cache")!r})
    def placed():
        value = loaded()
        return (*value, sys.modules["pkg"].__file__.rpartition("/pkg/")[0][:-33])
    result = by(US, placed), by(THEM, placed), by(US, placed)
    """
    first, second, again = receive(shipped(tmp_path), code, lazy=True).result
    assert first == again == ("value", (RIGHT, [], f"{shared}/cache/modulepickle-{US}"))
    assert second == ("value", (RIGHT, [], f"{shared}/modulepickle-{THEM}"))


def test_r13_two_users_of_a_folder_that_is_open_to_both(tmp_path, shared):
    code = f"""
{AS_USERS}
    os.environ["MODULEPICKLE_CACHE"] = {str(shared)!r}
    result = by(US, loaded), by(THEM, loaded), sorted(os.listdir({str(shared)!r}))
    """
    first, second, names = receive(shipped(tmp_path), code, lazy=True).result
    assert first == second == ("value", (RIGHT, []))
    assert names == [f"modulepickle-{US}", f"modulepickle-{THEM}"]


@pytest.mark.parametrize("call", ["setuid", "seteuid"])
def test_r13_a_daemon_that_changes_its_user(tmp_path, shared, call):
    # It was root, with a cache that is closed to others, and has loaded something there.
    as_root()
    text = PACKAGE.replace("VALUE = 1", "VALUE = 2")
    datas = [
        shipped(tmp_path),
        send(project(tmp_path / "second", text), "from pkg import f as obj"),
    ]
    closed = tmp_path / "closed"
    code = f"""
{AS_USERS}
    os.environ.update(TMPDIR={str(shared)!r}, MODULEPICKLE_CACHE={str(closed)!r}, HOME="/root")
    def daemon():
        before = load(0)()
        os.{call}(US)
        f = load(1)
        place = os.path.dirname(sys.modules["pkg"].__file__)
        return before, f(), os.stat(place).st_uid, place, records
    result = child(daemon)
    """
    outcome = receive(datas, code, lazy=True).result
    assert outcome[0] == "value", outcome
    before, after, owner, place, records = outcome[1]
    assert (before, after, owner, records) == (RIGHT, (2, "ours\n"), US, [])
    assert place.startswith(f"{shared}/modulepickle-{US}/")


TAKEN = f"""
{AS_USERS}
    os.environ.update(TMPDIR=SHARED, HOME=HOME)
    os.environ.pop("MODULEPICKLE_CACHE")
    def long_lived():
        "Load; then a cleaner removes what is in the temporary folder, and a neighbour comes."
        f = load()
        folder = sys.modules["pkg"].__file__
        os.write(ready[1], folder.encode())
        os.read(go[0], 1)
        return f(), os.path.exists(folder)
    ready, go = os.pipe(), os.pipe()
    def switched():
        os.setgroups([])
        os.setresgid(US, US, US)
        os.setresuid(US, US, US)
        return long_lived()
    made = start(switched)
    folder = os.read(ready[0], 10_000).decode()
    for name in os.listdir(SHARED):
        shutil.rmtree(os.path.join(SHARED, name))
    def take():
        os.makedirs(os.path.dirname(folder))
        with open(folder, "w") as file:
            file.write("EVIL = 1")
    taken = by(THEM, take)
    os.write(go[1], b"x")
    result = end(*made), taken[:2], folder
"""


def test_r13_nobody_takes_the_name_that_a_cleaner_has_removed(tmp_path, shared):
    home = shared / "home"  # of this user, anywhere that they may enter
    home.mkdir(0o700)
    os.chown(home, US, US)
    temporary = opened(shared / "tmp")
    code = f"    SHARED, HOME = {str(temporary)!r}, {str(home)!r}\n{TAKEN}"
    outcome, taken, folder = receive(shipped(tmp_path), code, lazy=True).result
    assert folder.startswith(f"{home}/.cache/")
    assert taken == ("error", "PermissionError")
    assert outcome == ("value", (RIGHT, True))


# --- names ----------------------------------------------------------------------------------------

PARTS = """
    import os, sys
    names = []
    def hook(event, args):
        name = os.path.basename(str(args[0])) if event == "os.mkdir" else ""
        if name.startswith("part-"):
            names.append(name)
    sys.addaudithook(hook)
    os.getpid = lambda: 1  # as in many containers, all with one cache folder
    load()
    result = names
"""


def test_r13_parts_have_names_that_no_two_containers_share(tmp_path):
    data = send(project(tmp_path / "tree", PACKAGE), "from pkg import f as obj")
    one, two = (receive(data, PARTS, lazy=True, fresh=True).result for _ in range(2))
    assert len(one) == len(two) == 1
    assert one != two
    assert all(len(name) == len("part-") + 16 for name in one + two)
