"""R12, R13: what is in the cache folder goes by age, and never while a process uses it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mishaps import CHILD
from receivers import interpreters, project, receive, send

pytestmark = pytest.mark.faults

DAY = 86_400  # s
PACKAGE = """
    === NAME/__init__.py
    import os
    def f():
        from NAME import late
        with open(os.path.join(os.path.dirname(__file__), "data", "t.txt")) as file:
            return late.VALUE, file.read()
    === NAME/late.py
    VALUE = "NAME"
    === NAME/data/t.txt
    NAME
"""


def shipped(folder: Path, *names: str) -> list[bytes]:
    text = PACKAGE.split("NAME")
    return [
        send(project(folder / name, name.join(text)), f"from {name} import f as obj")
        for name in names
    ]


# `age(days)` makes all that is in the cache folder so much older; `folder_of(name)` is that of a
# loaded package; `held(i)` loads a pickle in a forked child and keeps it until `release` is called.
AGE = f"""
{CHILD}
    import time
    def age(days, where=None):
        then = time.time() - days * {DAY}
        for folder, _, names in os.walk(where or CACHE, topdown=False):
            for path in [*(os.path.join(folder, name) for name in names), folder]:
                os.utime(path, (then, then), follow_symlinks=False)
    def loaded(i):
        return load(i)()
    def folder_of(i):
        f = load(i)
        return os.path.dirname(os.path.dirname(sys.modules[f.__module__].__file__))
    def held(i):
        "Load in a child that keeps it, and uses it once more when it is told to."
        go, ready = os.pipe(), os.pipe()
        def keep():
            os.close(go[1])
            f = load(i)
            f()
            os.write(ready[1], b"x")
            os.read(go[0], 1)  # until the parent closes it
            return f()
        made = start(keep)
        os.close(go[0])
        os.close(ready[1])
        assert os.read(ready[0], 1) == b"x"
        def release():
            os.close(go[1])
            return end(*made)
        return release
"""


@pytest.mark.parametrize("python", interpreters())
def test_r12_what_was_not_used_for_eight_days_goes(tmp_path, python):
    datas = shipped(tmp_path, "one", "two", "three")
    code = f"""
{AGE}
    folders = [child(lambda: folder_of(i))[1] for i in (0, 1)]
    child(lambda: loaded(0))
    age(9)
    child(lambda: loaded(1))  # it is used again
    before = [os.path.exists(folder) for folder in folders]
    result = [before, child(lambda: loaded(2)), [os.path.exists(folder) for folder in folders]]
    names = files(CACHE)
    result.append((len(inside(names)), len(bytecode(names)), len(names)))
    result += child(lambda: loaded(0)), child(lambda: loaded(1))
    """
    got = receive(datas, code, lazy=True, python=python).result
    before, third, after, counts, first, second = got
    assert (before, after) == ([True, True], [False, True])
    assert (first, second, third) == tuple(
        ("value", (n, f"{n}\n")) for n in ("one", "two", "three")
    )
    unpacked, compiled, total = counts
    # Of each of two packages; bytecode goes by the time that it was made.
    assert (unpacked, total) == (6, 6 + compiled)
    assert compiled in (3, 4, 5)  # with that of the loader


@pytest.mark.parametrize("days", [0, 8])
def test_r12_what_is_younger_stays(tmp_path, days):
    datas = shipped(tmp_path, "one", "two")
    code = f"""
{AGE}
    child(lambda: loaded(0))
    age({days})
    before = files(CACHE)
    child(lambda: loaded(1))
    after = files(CACHE)
    result = len(before), [name for name in before if after.get(name) != before[name]]
    """
    # Three files of the package, the bytecode of two, and that of the loader.
    assert receive(datas, code, lazy=True).result == (6, [])


@pytest.mark.parametrize("python", interpreters())
def test_r12_what_a_process_uses_is_never_swept(tmp_path, python):
    datas = shipped(tmp_path, "one", "two", "three")
    code = f"""
{AGE}
    folder = child(lambda: folder_of(0))[1]
    release = held(0)
    age(1_000)
    swept = child(lambda: loaded(1))
    result = [swept, os.path.exists(folder), release()]
    age(1_000)
    result += child(lambda: loaded(2)), os.path.exists(folder)  # nobody uses it any more
    """
    got = receive(datas, code, lazy=True, python=python).result
    one, two, three = (("value", (name, f"{name}\n")) for name in ("one", "two", "three"))
    assert got == [two, True, one, three, False]


def test_r12_a_fork_keeps_the_folder_when_its_parent_is_gone(tmp_path):
    datas = shipped(tmp_path, "one", "two")
    code = f"""
{AGE}
    def parent():
        f = load(0)
        if os.fork():
            os._exit(0)  # the child lives on, with the file descriptors it was left
        os.read(gate[0], 1)
        return f()
    gate = os.pipe()
    folder = child(lambda: folder_of(0))[1]
    pid, answer = start(parent)
    assert os.waitpid(pid, 0)[1] == 0
    age(1_000)
    swept = child(lambda: loaded(1))
    stays = os.path.exists(folder)
    os.write(gate[1], b"x")
    with open(answer, "rb") as file:
        result = swept, stays, pickle.load(file)
    """
    got = receive(datas, code, lazy=True).result
    assert got == (("value", ("two", "two\n")), True, ("value", ("one", "one\n")))


def test_r12_a_folder_of_the_users_choice_loses_nothing_of_theirs(tmp_path):
    # MODULEPICKLE_CACHE names a folder that holds other things as well, old ones.
    cache = tmp_path / "home"
    project(
        cache,
        """
        === notes.txt
        mine
        === 0123456789abcdef0123456789abcdef/notes.txt
        mine
        === deep/er/notes.txt
        mine
        """,
    )
    cache.chmod(0o700)
    (cache / "link").symlink_to(tmp_path)
    old = time.time() - 1_000 * DAY
    before = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    for path in cache.rglob("*"):
        os.utime(path, (old, old), follow_symlinks=False)
    datas = shipped(tmp_path / "trees", "one", "two")
    receive(datas, "result = [f() for f in objs]", cache=cache)
    assert len(before) > 2
    assert {path: path.read_bytes() for path in before if path.exists()} == before
    assert (cache / "link").is_symlink()


def test_r12_the_sweep_follows_no_link(tmp_path):
    datas = shipped(tmp_path / "trees", "one", "two")
    target = project(tmp_path / "target", "=== file.txt\nprecious")
    cache = tmp_path / "cache"
    code = f"""
{AGE}
    folder = child(lambda: folder_of(0))[1]
    os.symlink({str(target)!r}, os.path.join(os.path.dirname(folder), "c" * 32))
    os.symlink({str(target)!r}, os.path.join(folder, "link"))
    age(9)
    age(8, {str(target)!r})
    result = child(lambda: loaded(1)), os.path.exists(folder)
    """
    got = receive(datas, code, lazy=True, cache=cache).result
    assert got == (("value", ("two", "two\n")), False)
    assert (target / "file.txt").read_text() == "precious\n"


@pytest.mark.parametrize("odd", ["socket", "closed folder"])
def test_r12_odd_things_in_the_cache_folder_do_not_stop_a_load(tmp_path, odd):
    datas = shipped(tmp_path / "trees", "one", "two")
    code = f"""
{AGE}
    import socket
    top = os.path.dirname(child(lambda: folder_of(0))[1])
    for name in ("c" * 32, "d" * 64, "1.2"):
        path = os.path.join(top, name)
        if {odd!r} == "socket":
            here = os.getcwd()
            os.chdir(top)
            socket.socket(socket.AF_UNIX).bind(name)
            os.chdir(here)
        else:
            os.mkdir(path, 0)
    for name in os.listdir(top):
        os.utime(os.path.join(top, name), (1, 1))
    result = child(lambda: (loaded(1), list(records)))
    """
    got = receive(datas, code, lazy=True).result
    assert got == ("value", (("two", "two\n"), []))


def test_r12_a_stopped_process_holds_up_nobody(tmp_path):
    # One that is stopped, by a debugger or a batch system, at any moment of its load or its sweep.
    datas = shipped(tmp_path / "trees", "one", "two", "three")
    code = f"""
{AGE}
    def stops_at(turn):
        count = [0]
        def hook(event, args):
            if event.split(".")[0] in ("open", "os", "shutil", "fcntl"):
                count[0] += 1
                if count[0] == turn:
                    os.kill(os.getpid(), signal.SIGSTOP)
        sys.addaudithook(hook)
        return load(1)(), count[0]
    def late(i):
        load(i)
        import importlib
        name = ("one", "two", "three")[i]
        return importlib.import_module(f"{{name}}.late").VALUE, len(records) < 2
    import shutil
    def prepared():
        shutil.rmtree(CACHE, True)
        child(lambda: loaded(0))
        age(9)
    prepared()
    total = child(lambda: stops_at(0))[1][1]
    result = []
    for turn in range(1, total + 1, 1 + total // 40):
        prepared()
        pid, reader = start(lambda: stops_at(turn))
        assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
        others = [child(lambda: late(i)) for i in (1, 2)]
        os.kill(pid, signal.SIGCONT)
        others.append(child(lambda: late(0)))  # it may have been held in the middle of its removal
        result.append((turn, others, end(pid, reader)[:1]))
    """
    turns = receive(datas, code, lazy=True).result
    right = [("value", (name, True)) for name in ("two", "three", "one")]
    assert len(turns) > 10
    for turn, others, stopped in turns:
        assert others == right, turn
        assert stopped == ("value",), turn
