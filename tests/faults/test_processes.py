"""R13, R14: receivers that are killed, fork, end, or are started in unusual ways."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from mishaps import CHILD, with_options, wrapper
from receivers import interpreters, project, receive, send

pytestmark = pytest.mark.faults

COUNT = 40
TEXT = """
    === pkg/__init__.py
    import os
    def read():
        with open(os.path.join(os.path.dirname(__file__), "data.txt")) as file:
            return file.read()
    def f():
        total = 0
        for i in range(COUNT):
            total += __import__(f"pkg.m{i}", fromlist=["VALUE"]).VALUE
        return total, read()
    === pkg/data.txt
    1,2
"""
RIGHT = sum(range(COUNT)), "1,2\n"


def many(folder: Path) -> bytes:
    tree = project(folder, TEXT.replace("COUNT", str(COUNT)))
    for i in range(COUNT):
        (tree / f"pkg/m{i}.py").write_text(f"VALUE = {i}\nTEXT = '{'x' * 3_000}'\n")
    return send(tree, "from pkg import f as obj")


# -- Killed ---------------------------------------------------------------------------------------

# Fifty receivers in turn are killed where they are: the nth at a random moment of n fiftieths of
# the time that a whole cold load takes. After each, a receiver finds what is left.
KILLED = f"""
{CHILD}
    import random, shutil, time
    random.seed(5)
    def loaded():
        return load()(), list(records)
    began = time.monotonic()
    child(loaded)
    whole, took = files(CACHE), time.monotonic() - began
    ends, agains, parts = [], [], []
    for turn in range(50):
        shutil.rmtree(CACHE)
        pid, reader = start(loaded)
        # The last of the 50 moments lies near the end, however fast this machine is just now.
        time.sleep(random.uniform(turn, turn + 1) / 50 * took)
        os.kill(pid, signal.SIGKILL)
        ends.append(end_or_killed(pid, reader))
        left = files(CACHE) if os.path.exists(CACHE) else {{}}
        agains.append(child(loaded))
        now = files(CACHE)
        parts.append((
            {{name: now.get(name) for name in whole if now.get(name) != whole[name]}},
            sorted(name for name in now if name not in whole),
        ))
        short = [name for name in left if name in whole and left[name] != whole[name]]
        parts[-1] += (short, len(left))
    result = ends, agains, parts
"""
END_OR_KILLED = """
    def end_or_killed(pid, reader):
        try:
            return end(pid, reader)
        except EOFError:  # it was killed as it wrote its result
            return "signal", 9
"""


@pytest.mark.parametrize("python", interpreters())
def test_r13_killed_while_it_unpacks(tmp_path, python):
    code = f"{KILLED.replace('    import random', END_OR_KILLED + '    import random', 1)}"
    got = receive(many(tmp_path / "tree"), code, lazy=True, python=python).result
    ends, agains, parts = got
    assert agains == [("value", (RIGHT, []))] * 50
    assert ends.count(("signal", 9)) > 10, ends
    assert len({count for *_, count in parts}) > 1  # at more than one stage; at each, below
    for missing, further, short, _ in parts:
        assert missing == {}
        assert short == []
        # Parts may be left beside the folders, where the sweep finds them, and nowhere else.
        assert not [name for name in further if re.search("[0-9a-f]{32}/", name)]
        assert len({name.split("/")[1] for name in further}) <= 1  # one folder, at the most


# The same where it matters most, and no sleep: in the middle of each file that is written.
KILLED_INSIDE = f"""
{CHILD}
    import shutil
    def loaded():
        return load()(), list(records)
    child(loaded)
    whole = files(CACHE)
    count = [0]
    def killed_at(turn):
        def hook(event, args):
            if event in ("open", "os.rename", "os.utime", "os.mkdir", "os.remove") and (
                str(args[0]).startswith(CACHE)
            ):
                count[0] += 1
                if count[0] == turn:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        return load()(), count[0]
    shutil.rmtree(CACHE)
    (value, total) = child(lambda: killed_at(0))[1]
    result = []
    for turn in range(1, total + 1, 1 + total // 50):
        shutil.rmtree(CACHE, True)
        first = child(lambda: killed_at(turn))
        again, now = child(loaded), files(CACHE)
        wrong = [name for name in whole if now.get(name) != whole[name]]
        result.append((first, again, wrong, sorted(name for name in now if name not in whole)))
"""


def test_r13_killed_at_each_thing_it_does_with_files(tmp_path):
    got = receive(many(tmp_path / "tree"), KILLED_INSIDE, lazy=True).result
    assert len(got) > 20
    for first, again, wrong, further in got:
        assert first == ("signal", 9)
        assert again == ("value", (RIGHT, []))
        assert wrong == []
        assert not [name for name in further if re.search("[0-9a-f]{32}/", name)]
        assert len({name.split("/")[1] for name in further}) <= 1  # one folder, at the most


# -- Forks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("python", interpreters())
def test_r14_a_fork_in_the_middle_of_a_load(tmp_path, python):
    # The shipped code itself forks while it is imported by the load; both go on with it.
    text = """
        === pkg/__init__.py
        import other
        from pkg import middle
        def f():
            from pkg import late
            return middle.WHO, late.VALUE, other.VALUE
        === pkg/middle.py
        import sys
        WHO = sys.fork()
        === pkg/late.py
        VALUE = 1
        === other.py
        VALUE = 2
    """
    data = send(project(tmp_path, text), "import sys; sys.fork = int; from pkg import f as obj")
    code = f"""
{CHILD}
    import tempfile
    path = tempfile.mkdtemp(dir=os.getcwd()) + "/child"
    pids = []
    def fork():
        pid = os.fork()
        if not pid:
            signal.alarm(SECONDS)
            return "child"
        pids.append(pid)
        return "parent"
    sys.fork = fork
    try:
        f = load()
        value = f(), load() is f, sys.modules["pkg"].f is f
    except BaseException as error:
        value = repr(error)
    if not pids:
        try:
            with open(path, "wb") as file:
                pickle.dump(value, file)
        finally:
            os._exit(0)
    status = os.waitpid(pids[0], 0)[1]
    with open(path, "rb") as file:
        result = value, status, pickle.load(file)
    """
    got = receive(data, code, lazy=True, python=python).result
    assert got == ((("parent", 1, 2), True, True), 0, (("child", 1, 2), True, True))


# -- The end of an interpreter --------------------------------------------------------------------

SHUTDOWN = """
    === pkg/__init__.py
    import atexit, sys, threading
    def fetch():
        from pkg import late
        return late.VALUE
    class Thing:
        def __del__(self):
            try:
                from pkg import deleted
                print("del", deleted.VALUE)
            except ImportError:  # so does a native import when sys.meta_path is gone
                print("del", 3)
    THING = Thing()
    def register():
        atexit.register(lambda: print("atexit", fetch()))
    def run(started):
        sys.started = started
        from pkg import stuck
    === pkg/late.py
    VALUE = 1
    === pkg/deleted.py
    VALUE = 3
    === pkg/stuck.py
    import sys, time
    sys.started.set()
    time.sleep(1000)
"""


@pytest.mark.parametrize("python", interpreters())
def test_r14_imports_while_the_interpreter_ends(tmp_path, python):
    data = send(project(tmp_path, SHUTDOWN), "import pkg; obj = pkg")
    got = receive(data, "obj.register(); del obj, objs", python=python, fresh=True)
    assert (got.stdout, got.stderr) == ("atexit 1\ndel 3\n", "")


@pytest.mark.parametrize("python", interpreters())
def test_r14_the_interpreter_ends_while_a_thread_imports(tmp_path, python):
    # Of threads that loop until the end, native imports crash some Pythons now and then. This one
    # is held in the middle of an import, with all the locks that it takes.
    data = send(project(tmp_path, SHUTDOWN), "import pkg; obj = pkg")
    code = """
        import threading
        started = threading.Event()
        threading.Thread(target=obj.run, args=(started,), daemon=True).start()
        started.wait()
        obj.register()
    """
    got = receive(data, code, python=python)
    assert (got.stdout.split("\n")[0], got.stderr) == ("atexit 1", "")


def test_r14_a_load_while_the_interpreter_ends(tmp_path):
    data = send(project(tmp_path, SHUTDOWN), "import pkg; obj = pkg")
    code = """
        import atexit
        atexit.register(lambda: print("loaded", load().fetch(), load() is load()))
    """
    got = receive(data, code, lazy=True, fresh=True)
    assert (got.stdout, got.stderr) == ("loaded 1 True\ndel 3\n", "")


# Before 3.12, the interpreter itself may crash: it frees its import lock while such a thread may
# still come back from a system call, and go on.
@pytest.mark.parametrize("python", interpreters(["3.12", "3.13", "3.14", "3.15"]))
def test_r14_a_daemon_thread_that_loads_for_the_first_time_at_the_end(tmp_path, python):
    data = many(tmp_path / "tree")
    code = """
        import threading
        started = threading.Event()
        def work():
            started.set()
            load()()
        threading.Thread(target=work, daemon=True).start()
        started.wait()
    """
    cache = tmp_path / "cache"
    for _ in range(10):
        assert receive(data, code, python=python, lazy=True, cache=cache).stderr == ""
    assert receive(data, "result = obj()", python=python, cache=cache).result == RIGHT


# -- Options of the interpreter -------------------------------------------------------------------

OPTIONS = [
    "-O",
    "-OO",
    "-X dev",
    "-W error",
    "-X dev -W error",
    "-B",
    "-bb",
    "-X importtime",
    "-q -u",
]
FLAGGED = """
    === pkg/__init__.py
    "Documentation."
    import os
    def f():
        "More of it."
        from pkg import late
        with open(os.path.join(os.path.dirname(__file__), "data.txt")) as file:
            text = file.read()
        try:
            assert False
        except AssertionError:
            checked = True
        else:
            checked = False
        return late.VALUE, text, __debug__, checked, f.__doc__
    === pkg/late.py
    VALUE = 1
    === pkg/data.txt
    1,2
"""


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("options", OPTIONS)
def test_r13_options_of_the_interpreter(tmp_path, options, python):
    data = send(project(tmp_path / "tree", FLAGGED), "from pkg import f as obj")
    command, cache = with_options(tmp_path, options, python), tmp_path / "cache"
    code = """
        f = load()
        result = f(), load() is f
        del f
        import gc
        gc.collect()
    """
    debug = not options.startswith("-O")
    doc = None if options == "-OO" else "More of it."
    right = (1, "1,2\n", debug, debug, doc), True
    for _ in range(2):  # cold, and warm
        got = receive(data, code, lazy=True, python=command, cache=cache)
        assert got.result == right
        lines = [line for line in got.stderr.split("\n") if not line.startswith("import time:")]
        assert lines == [""]
    # The bytecode of one level of optimization is not taken for that of another.
    assert receive(data, code, lazy=True, python=python, cache=cache).result[0][2:] == (
        True, True, "More of it.",
    )  # fmt: skip


VARIABLES = [
    "PYTHONSAFEPATH=1",
    "PYTHONDONTWRITEBYTECODE=1",
    "PYTHONOPTIMIZE=2",
    "PYTHONPYCACHEPREFIX=/x",
]


@pytest.mark.parametrize("variable", VARIABLES)
def test_r13_variables_of_the_interpreter(tmp_path, variable):
    # Without -I, which would switch them off.
    data = send(project(tmp_path / "tree", FLAGGED), "from pkg import f as obj")
    python = wrapper(tmp_path, f'shift; exec env {variable} {sys.executable} "$@"')
    code = """
        import os
        result = obj()[:2], os.environ[NAME], sys.flags.isolated
    """.replace("NAME", repr(variable.partition("=")[0]))
    got = receive(data, code, python=python, cache=tmp_path / "cache", fresh=True)
    assert got.result == ((1, "1,2\n"), variable.partition("=")[2], 0)
    assert got.stderr == ""
    assert not list((tmp_path / "cache").rglob("__pycache__"))


# -- Interpreters in an interpreter ---------------------------------------------------------------

# Each of 3.12's, 3.13's and 3.14's ways to have one. 3.14 has a public module, above the last one.
NESTED = """
    try:
        import _interpreters
    except ImportError:
        import _xxsubinterpreters as _interpreters
    import hashlib, os, textwrap  # 3.12 itself crashes if hashlib is imported in the other one only
    inside = textwrap.dedent('''
        import pickle, sys
        with open(PATH, "rb") as file:
            f = pickle.loads(file.read())
        with open(OUT, "w") as file:
            print(f(), sys.modules["pkg"].__name__, file=file)
    ''')
    with open("data.pickle", "wb") as file:
        file.write(datas[0])
    outcomes, mine = [], load() if FIRST else None
    for turn in range(3):
        out = os.path.abspath(f"out{turn}")
        text = inside.replace("PATH", repr(os.path.abspath("data.pickle")))
        text = text.replace("OUT", repr(out))
        made = _interpreters.create()
        try:
            error = _interpreters.run_string(made, text)
        except Exception as raised:
            error = raised
        finally:
            _interpreters.destroy(made)
        if error is None:
            with open(out) as file:
                outcomes.append(file.read())
        else:
            outcomes.append(repr(error))
    result = outcomes, load()()
"""


@pytest.mark.parametrize("first", [True, False], ids=["loaded before", ""])
@pytest.mark.parametrize("python", interpreters(["3.12", "3.13", "3.14", "3.15"]))
def test_r14_interpreters_in_an_interpreter(tmp_path, python, first):
    data = send(project(tmp_path / "tree", FLAGGED), "from pkg import f as obj")
    code = NESTED.replace("FIRST", str(first))
    (tmp_path / "cwd").mkdir()
    got = receive(data, code, lazy=True, python=python, folder=tmp_path / "cwd").result
    right = 1, "1,2\n", True, True, "More of it."
    assert got == ([f"{right} pkg\n"] * 3, right)


@pytest.mark.parametrize("python", interpreters(["3.14", "3.15"]))
def test_r14_a_pool_of_interpreters(tmp_path, python):
    datas = [
        send(project(tmp_path / str(n), FLAGGED.replace("VALUE = 1", f"VALUE = {n}")),
             "from pkg import f as obj")
        for n in (1, 2)
    ]  # fmt: skip
    code = """
        from concurrent.futures import InterpreterPoolExecutor
        call = "__import__('pickle').loads(data)()[:2]"
        with InterpreterPoolExecutor(2) as pool:
            jobs = [pool.submit(eval, call, {"data": datas[i % 2]}) for i in range(12)]
            result = [job.result() for job in jobs], [load(i)()[0] for i in (0, 1)]
    """
    got = receive(datas, code, lazy=True, python=python)
    assert got.result == ([(1, "1,2\n"), (2, "1,2\n")] * 6, [1, 2])
    assert got.stderr == ""
