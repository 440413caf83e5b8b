"""R12, R13: locks that keep unpacked files: few descriptors, closed only while they are ours."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mishaps import CHILD, handmade, wrapper, zipped
from receivers import interpreters, project, receive, send

PACKAGE = """
    === NAME/__init__.py
    import os
    def f():
        with open(os.path.join(os.path.dirname(__file__), "data.txt")) as file:
            return file.read().strip()
    === NAME/data.txt
    NAME
"""


def shipped(folder: Path, *names: str) -> list[bytes]:
    return [
        send(project(folder / name, PACKAGE.replace("NAME", name)), f"from {name} import f as obj")
        for name in names
    ]


# `open_descriptors()` is how many this process has; `cleared()` is what `cache clear` would delete
# here: the folders on which no process has a lock.
LOCKS = f"""
{CHILD}
    def open_descriptors():
        return len(os.listdir("/proc/self/fd")) - 1
    def folder_of(module):
        return os.path.dirname(os.path.dirname(sys.modules[module].__file__))
    def is_locked(folder):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
"""

linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it counts in /proc")


@linux
@pytest.mark.parametrize("python", interpreters(("3.9", "3.11", "3.14")))
@pytest.mark.parametrize("kept", [False, True], ids=["", "all kept"])
def test_r12_32_packages_and_400_versions_within_128_descriptors(tmp_path, kept, python):
    names = [f"package{number}" for number in range(32)]
    datas = [handmade(name, zipped({f"{name}/__init__.py": b"VALUE = 0\n"})) for name in names]
    datas += [
        handmade("pkg", zipped({"pkg/__init__.py": f"VALUE = {n}\n".encode()})) for n in range(400)
    ]
    code = f"""
{LOCKS}
    kept, values, most = [], [], 0
    for number in range(len(datas)):
        module = load(number)
        values.append(module.VALUE)
        kept.append(module) if {kept} or number < 32 else None
        del module
        most = max(most, open_descriptors())
    folders = [folder_of("package%d" % number) for number in range(32)]
    result = values, most, [is_locked(folder) for folder in (*folders, folder_of("pkg"))], records
    """
    python = wrapper(tmp_path, f'ulimit -n 128; exec {python} "$@"')
    values, most, locked, records = receive(datas, code, lazy=True, python=python).result
    assert values == [0] * 32 + [*range(400)]
    assert most < 128 * 3 // 4, "half of them are left to the host"
    assert locked == [True] * 33, "what is active keeps its files"
    assert records == []


@linux
def test_r12_one_descriptor_for_all_that_share_a_folder(tmp_path):
    # An edit to one changes the digest of what requires it, but not its archive.
    text = """
    === one/__init__.py
    import two
    def f():
        return two.VALUE
    === two/__init__.py
    import one
    VALUE = NUMBER
    """
    datas = [
        send(project(tmp_path / str(n), text.replace("NUMBER", str(n))), "from one import f as obj")
        for n in range(3)
    ]
    code = f"""
{LOCKS}
    before = open_descriptors()
    functions = [load(number) for number in range(3)]
    values = [function() for function in functions]
    result = values, open_descriptors() - before, is_locked(folder_of("one"))
    """
    assert receive(datas, code, lazy=True).result == ([0, 1, 2], 4, True)


# A daemon closes all descriptors when it begins; the host opens files of its own, which get the
# numbers. Then what was unpacked is freed.
DAEMON = f"""
{LOCKS}
    import gc
    load(0)()
    first = folder_of("pkg")
    os.closerange(3, 200)
    mine = [os.open("mine%d" % n, os.O_CREAT | os.O_RDWR) for n in range(50)]
    load(1)()
    gc.collect()
    for n, descriptor in enumerate(mine):
        assert os.fstat(descriptor).st_ino == os.stat("mine%d" % n).st_ino
    result = is_locked(folder_of("pkg"))
    load(0)()  # it is unlocked since the daemon began
    result = result, is_locked(folder_of("pkg")), folder_of("pkg") == first
"""


@pytest.mark.parametrize("python", interpreters(("3.9", "3.11", "3.14")))
def test_r12_what_got_the_number_of_a_lock_is_not_closed(tmp_path, python):
    text = "=== pkg/__init__.py\ndef f():\n    return NUMBER\n"
    datas = [
        send(project(tmp_path / str(n), text.replace("NUMBER", str(n))), "from pkg import f as obj")
        for n in (1, 2)
    ]
    (tmp_path / "cwd").mkdir()
    got = receive(datas, DAEMON, lazy=True, python=python, folder=tmp_path / "cwd", fresh=True)
    assert got.result == (True, True, True)
    assert got.stderr == ""


def test_r12_a_lock_that_a_daemon_closed_is_taken_again(tmp_path):
    datas = shipped(tmp_path, "one", "two")
    code = f"""
{LOCKS}
    f = load(0)
    os.closerange(3, 200)
    lost = is_locked(folder_of("one"))
    os.mkdir("cwd")
    g = load(1)
    data = pickle.dumps(f)
    result = lost, f(), g(), is_locked(folder_of("two"))
    """
    (tmp_path / "cwd").mkdir()
    got = receive(datas, code, lazy=True, folder=tmp_path / "cwd", fresh=True)
    assert got.result == (False, "one", "two", True)


def test_r12_nothing_is_closed_at_the_end(tmp_path):
    # What the host does last sees the numbers as they were: an open file of its own is not closed.
    code = f"""
{LOCKS}
    import atexit
    f = load(0)
    folder = folder_of("one")
    atexit.register(lambda: print(is_locked(folder), f()))
    """
    got = receive(shipped(tmp_path, "one"), code, lazy=True, fresh=True)
    assert (got.stdout, got.stderr) == ("True one\n", "")


# A program that comes with a package takes the place of the receiver, and reads its files later.
PROGRAM = """
    === pkg/__init__.py
    import os
    def start(*arguments):
        path = os.path.join(os.path.dirname(__file__), "program.py")
        os.execv(arguments[0], [*arguments[:1], "-I", "-S", path, *arguments[1:]])
    === pkg/program.py
    import os, sys
    ready, go = map(int, sys.argv[1:])
    os.write(ready, b"x")
    os.read(go, 1)
    with open(os.path.join(os.path.dirname(__file__), "data.txt")) as file:
        os.write(ready, file.read().encode())
    === pkg/data.txt
    all of it
    === other/__init__.py
    def f():
        pass
"""


def test_r13_a_program_that_a_receiver_becomes_keeps_its_files(tmp_path):
    tree = project(tmp_path / "tree", PROGRAM)
    datas = [send(tree, f"from {name} as obj") for name in ("pkg import start", "other import f")]
    code = f"""
{LOCKS}
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        os.set_inheritable(ready[1], True)
        os.set_inheritable(go[0], True)
        load(0)({sys.executable!r}, str(ready[1]), str(go[0]))
    first = os.read(ready[0], 1)
    load(1)
    top = os.path.dirname(folder_of("other"))
    locked = sorted(is_locked(os.path.join(top, n)) for n in os.listdir(top) if len(n) == 32)
    os.write(go[1], b"x")
    text = os.read(ready[0], 100)
    result = first, locked, text, os.waitpid(pid, 0)[1]
    """
    got = receive(datas, code, lazy=True, fresh=True).result
    assert got == (b"x", [True, True], b"all of it\n", 0)
