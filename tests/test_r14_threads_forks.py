"""R14: failed imports, threads, forks, and many receivers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mishaps import CHILD
from receivers import interpreters, project, receive, send

BREAKS = """
    === pkg/__init__.py
    def f():
        from pkg.sub import VALUE
        return VALUE
    def g():
        from pkg.sub import child, Thing
        assert child.Thing is Thing
        return child.VALUE
    === pkg/sub/__init__.py
    import sys
    from . import child
    from .child import Thing
    sys.check()
    VALUE = VERSION
    === pkg/sub/child.py
    import sys
    sys.executed.append(__name__)
    VALUE = VERSION
    class Thing:
        pass
"""
FAILURES = ["ValueError", "ImportError", "SyntaxError", "KeyboardInterrupt", "SystemExit"]


def both(tmp_path: Path, text: str, code: str) -> list[bytes]:
    """The pickles of one project as VERSION 1 and VERSION 2."""
    return [
        send(project(tmp_path, text.replace("VERSION", str(version))), code) for version in (1, 2)
    ]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("python", interpreters())
def test_r14_a_failed_deferred_import_leaves_nothing(tmp_path, python, failure):
    datas = both(tmp_path, BREAKS, "import pkg; obj = pkg.f, pkg.g")
    code = f"""
        def fail():
            raise {failure}("not now")
        sys.executed = []
        def tried(function):
            sys.check = fail
            try:
                function()
            except {failure} as error:
                assert "not now" in str(error)
            else:
                raise AssertionError("it did not fail")
        result = []
        for i, pair in enumerate(objs):  # the first is superseded, the second active
            for function in pair:
                tried(function)
                tried(function)
                package = function.__globals__
                assert "sub" not in package, package
                assert "pkg.sub" not in sys.modules
            assert sys.modules["pkg"].f is objs[1][0]
            sys.check = int
            result += [function() for function in pair]
            active = sys.modules.get("pkg.sub")
            assert getattr(active, "VALUE", None) == (None, 2)[i]
        result.append(len(sys.executed))
        from pkg.sub import child, VALUE
        assert child is sys.modules["pkg.sub.child"] and VALUE == 2
    """
    got = receive(datas, code, python=python).result
    assert got == [1, 1, 2, 2, 2]  # what was imported before the failure stays, as natively


@pytest.mark.parametrize("failure", FAILURES)
def test_r14_a_failed_load_can_be_tried_again(tmp_path, failure):
    text = """
        === pkg/__init__.py
        import pkg.child, other
        import sys
        getattr(sys, "check", int)()
        VALUE = VERSION
        def f():
            from pkg import child, late
            return VALUE, child.VALUE, late.VALUE, other.VALUE
        === pkg/child.py
        VALUE = VERSION
        === pkg/late.py
        VALUE = VERSION
        === other.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "from pkg import f as obj")
    code = f"""
        def fail():
            raise {failure}("not now")
        def tried(i):
            sys.check = fail
            try:
                load(i)
            except {failure}:
                sys.check = int
                return
            raise AssertionError("it did not fail")
        tried(0)
        tried(0)
        assert "pkg" not in sys.modules
        f = load(0)
        result = [f()]
        tried(1)
        result.append(f())
        assert load(0) is f
        tried(1)
        g = load(1)
        result += g(), f()
        import pkg.late
        assert pkg.f is g and pkg.late.VALUE == 2
    """
    got = receive(datas, code, lazy=True).result
    assert got == [(1,) * 4, (1,) * 4, (2,) * 4, (1,) * 4]


def test_r14_a_failed_host_import_can_be_tried_again(tmp_path):
    data = both(tmp_path, BREAKS, "import pkg; obj = pkg.f")[0]
    code = """
        sys.executed = []
        def fail():
            raise ValueError("not now")
        for _ in range(2):
            sys.check = fail
            try:
                import pkg.sub.child
            except ValueError:
                pass
            assert "pkg.sub" not in sys.modules
        sys.check = int
        from pkg.sub import child
        result = obj(), pkg.sub.VALUE, child is sys.modules["pkg.sub.child"]
    """
    assert receive(data, code).result == (1, 1, True)


def test_r14_a_failure_beside_a_native_module(tmp_path):
    datas = both(tmp_path / "s", BREAKS, "import pkg; obj = pkg.f")
    host = project(tmp_path / "h", "=== pkg/__init__.py\n=== pkg/sub/__init__.py\nVALUE = 'host'")
    code = f"""
        sys.path.insert(0, {str(host)!r})
        import pkg.sub
        native = pkg.sub
        sys.executed = []
        def fail():
            raise ValueError("not now")
        result = []
        for i in (0, 1):
            f = load(i)
            sys.check = fail
            try:
                f()
            except ValueError:
                pass
            assert sys.modules["pkg.sub"] is native is pkg.sub
            sys.check = int
            result.append(f())
            assert sys.modules["pkg.sub"] is native is pkg.sub
            assert "pkg.sub.child" not in sys.modules
    """
    assert receive(datas, code, lazy=True).result == [1, 2]


def test_r14_a_failure_wakes_the_threads_that_wait(tmp_path):
    text = """
        === pkg/__init__.py
        def f():
            from pkg import slow
            return slow.VALUE
        === pkg/slow.py
        import sys
        sys.gate()
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "from pkg import f as obj")
    code = """
        import threading, time
        result = []
        for f in objs:
            barrier, got, gates = threading.Barrier(4), [], []
            def gate():
                gates.append(1)
                time.sleep(0.05)
                if len(gates) == 1:
                    raise ValueError("the first fails")
            sys.gate = gate
            def work():
                barrier.wait(20)
                try:
                    got.append(f())
                except ValueError:
                    got.append("failed")
                except BaseException as error:
                    got.append(repr(error))
            threads = [threading.Thread(daemon=True, target=work) for _ in range(4)]
            for thread in threads: thread.start()
            for thread in threads: thread.join(20)
            result.append((sorted(map(str, got)), len(gates)))
    """
    got = receive(datas, code).result
    assert got == [(["1", "1", "1", "failed"], 2), (["2", "2", "2", "failed"], 2)]


TREE = """
    === pkg/__init__.py
    import other
    def f():
        from pkg import late
        return late.VALUE, other.g()
    === pkg/late.py
    VALUE = VERSION
    === other.py
    def g():
        return VERSION
"""
# A child has half a minute: a deadlock must not outlive the test.
FORK = """
    import os, signal
    def child(function):
        "Run it in a forked child; return how that ended."
        pid = os.fork()
        if not pid:
            signal.alarm(30)
            code = 9
            try:
                code = 0 if function() else 1
            finally:
                os._exit(code)
        return os.waitpid(pid, 0)[1]
"""


@pytest.mark.parametrize("python", interpreters())
def test_r14_forks_after_load(tmp_path, python):
    datas = both(tmp_path, TREE, "from pkg import f as obj")
    code = f"""
{FORK}
    f = load(0)
    same = lambda: load(0) is f and f() == (1, 1)
    other = lambda: load(1)() == (2, 2) and f() == (1, 1) and load(0) is f
    result = [child(same), child(other), child(same), child(other)]
    assert load(0) is f and f() == (1, 1) and load(1)() == (2, 2)
    result.append(child(other))
    """
    assert receive(datas, code, lazy=True, python=python).result == [0] * 5


@pytest.mark.parametrize("python", interpreters())
def test_r14_forks_beside_threads_that_load(tmp_path, python):
    datas = both(tmp_path, TREE, "from pkg import f as obj")
    single, warm = (
        send(
            project(tmp_path / name, f"=== {name}.py\ndef f(): return '{name}'"),
            f"from {name} import f as obj",
        )
        for name in ("app", "warm")
    )
    code = f"""
{FORK}
    import gc, threading, warnings
    warnings.simplefilter("ignore")  # newer Pythons warn of any fork beside threads
    sys.setswitchinterval(1e-5)
    # What the loader imports of the standard library is imported: that lock is Python's affair.
    load(3)
    stop, errors = threading.Event(), []
    def work():
        while not stop.is_set():
            for i in (0, 1):
                if load(i)() != (i + 1, i + 1):
                    errors.append(i)
            gc.collect()
    threads = [threading.Thread(daemon=True, target=work) for _ in range(2)]
    for thread in threads: thread.start()
    result = [child(lambda: load(2)() == "app") for _ in range(20)]
    stop.set()
    for thread in threads: thread.join(20)
    result.append(errors)
    """
    got = receive([*datas, single, warm], code, lazy=True, python=python).result
    assert got == [*[0] * 20, []]


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("where", ["replace", "mkdir"])
def test_r14_forks_while_a_thread_unpacks(tmp_path, where, python):
    # The thread is held in the middle of unpacking; the child must not wait for it.
    data = both(tmp_path / "pkg", TREE, "from pkg import f as obj")[0]
    single = send(project(tmp_path / "app", "=== app.py\ndef f(): return 'app'"),
                  "from app import f as obj")  # fmt: skip
    host = project(tmp_path / "host", "=== pkg.py\n=== other.py")
    code = f"""
{FORK}
    import threading, warnings
    warnings.simplefilter("ignore")
    sys.path.insert(0, {str(host)!r})
    import pkg, other  # native: so nothing has to be shown, and the import lock is not held
    real, held, go = os.{where}, threading.Event(), threading.Event()
    def hold(*args, **kwargs):
        if threading.current_thread() is thread:
            held.set()
            go.wait(3)  # a fork may wait for it, but the child may not
        return real(*args, **kwargs)
    os.{where} = hold
    got = []
    thread = threading.Thread(daemon=True, target=lambda: got.append(load(0)()))
    thread.start()
    assert held.wait(20)
    result = [child(lambda: load(1)() == "app")]
    go.set()
    thread.join(20)
    result += got
    """
    code = code.replace("signal.alarm(30)", "signal.alarm(10)")
    got = receive([data, single], code, lazy=True, python=python).result
    assert got == [0, (1, 1)]


@pytest.mark.parametrize("python", interpreters())
def test_r14_others_import_while_a_thread_unpacks(tmp_path, python):
    # The thread is held in the middle of unpacking, and goes on when another one has imported.
    data = both(tmp_path, TREE, "from pkg import f as obj")[0]
    code = """
    import os, threading
    real, held, go = os.replace, threading.Event(), threading.Event()
    waited = []
    def hold(*args):
        held.set()
        waited.append(go.wait(20))
        return real(*args)
    os.replace = hold
    got = []
    thread = threading.Thread(target=lambda: got.append(load()()))
    thread.start()
    assert held.wait(20)
    assert "wave" not in sys.modules
    import wave
    go.set()
    thread.join(40)
    result = got, all(waited)
    """
    got = receive(data, code, lazy=True, python=python).result
    assert got == ([(1, 1)], True)


def test_r14_two_threads_load_other_things_at_once(tmp_path):
    # While one thread executes a module, another loads and runs what has nothing to do with it.
    text = """
        === pkg.py
        import sys
        sys.gate()
        def f(): return VERSION
    """
    data = send(project(tmp_path / "a", text.replace("VERSION", "1")),
                "import sys; sys.gate = int; from pkg import f as obj")  # fmt: skip
    single = send(project(tmp_path / "b", "=== app.py\ndef f(): return 'app'"),
                  "from app import f as obj")  # fmt: skip
    code = """
        import threading
        inside, go, got = threading.Event(), threading.Event(), []
        def gate():
            inside.set()
            got.append(go.wait(20))
        sys.gate = gate
        thread = threading.Thread(daemon=True, target=lambda: got.append(load(0)()))
        thread.start()
        assert inside.wait(20)
        value = load(1)()
        go.set()
        thread.join(20)
        result = value, got
    """
    assert receive([data, single], code, lazy=True).result == ("app", [True, 1])


def test_r14_sixteen_receivers_and_an_empty_cache(tmp_path):
    package = """
        === pkg/__init__.py
        from . import m1
        def f():
            from . import m39
            return m39.VALUE, m1.VALUE
    """
    tree = project(tmp_path / "tree", package)
    for i in range(40):
        (tree / f"pkg/m{i}.py").write_text(f"VALUE = {i}")
    data = send(tree, "from pkg import f as obj")
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(16) as pool:
        jobs = [pool.submit(receive, data, "result = obj()", cache=cache) for _ in range(16)]
        assert [job.result().result for job in jobs] == [(39, 1)] * 16
    names = [path.name for path in cache.rglob("*") if path.is_file()]
    assert sorted(n for n in names if n.endswith(".py")) == sorted(
        ["__init__.py", *(f"m{i}.py" for i in range(40))]
    )
    assert (
        len(names) == 41 + 3 + 1
    )  # and the bytecode of those that were imported, and of the loader
    assert [job.result().stderr for job in jobs] == [""] * 16


@pytest.mark.parametrize("python", interpreters())
def test_r14_a_warm_load_touches_no_file(tmp_path, python):
    data = both(tmp_path, TREE, "import pkg; obj = [pkg.f, pkg]")[0]
    code = """
        import os, posix
        load()[0]()
        touched = []
        def hook(event, args):
            if event.split(".")[0] in ("open", "os", "shutil", "glob", "import"):
                touched.append((event, args))
        sys.addaudithook(hook)
        for module in (os, posix):
            for name in ("stat", "lstat", "fstat", "access", "readlink", "open"):
                def touch(*args, _name=name):
                    touched.append((_name, args))
                    raise OSError("no file is to be touched")
                setattr(module, name, touch)
        f, pkg = load()
        f()
        seen = list(touched)
        result = repr(seen)
    """
    assert receive(data, code, lazy=True, python=python).result == "[]"


def test_r14_loads_from_eight_threads_at_once(tmp_path):
    datas = both(tmp_path, TREE, "import pkg; obj = pkg.f, pkg")
    code = """
        import threading
        sys.setswitchinterval(1e-6)
        barrier, got = threading.Barrier(8), []
        def work(i):
            barrier.wait(20)
            for turn in range(20):
                f, pkg = load((i + turn) % 2)
                got.append((id(f), id(pkg), f()))
        keep = []
        threads = [threading.Thread(daemon=True, target=work, args=(i,)) for i in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(60)
        keep += load(0), load(1)
        result = len(got), sorted({value for _, _, value in got})
    """
    assert receive(datas, code, lazy=True).result == (160, [(1, 1), (2, 2)])


# One thread pauses at a line of a shipped text that it executes, and another one loads meanwhile.
PAUSED = f"""
{CHILD}
    import threading, time
    def use():
        return sorted(each() for each in pickle.loads(datas[0]))
    def paused(at):
        count, reached, got = 0, threading.Event(), []
        def line(frame, event, arg):
            nonlocal count
            if event == "line":
                count += 1
                if count == at:
                    reached.set()
                    time.sleep(0.05)
            return line
        def call(frame, event, arg):
            code = frame.f_code
            is_text = code.co_filename.startswith("<modulepickle>") and code.co_name == "<module>"
            return line if is_text else None
        def first():
            sys.settrace(call)
            got.append(use())
            sys.settrace(None)
            reached.set()
        def second():
            reached.wait(20)
            got.append(use())
        threads = [threading.Thread(target=each) for each in (first, second)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        return count, got
    total = child(lambda: paused(0))[1][0]
    right = child(use)[1]
    moments = range(1, total, max(1, total // MOST))
    wrong = [(at, outcome) for at in moments for outcome in [child(lambda: paused(at))]
             if outcome[0] != "value" or outcome[1][1] != [right] * 2]
    result = total, right, wrong
"""


@pytest.mark.parametrize("most", [10, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("which", ["functions", "classes", "snapshots"])
def test_r14_nobody_sees_half_of_a_text(tmp_path, which, most):
    by_value = {
        "functions": "K = 1\nobj = [lambda: K]",
        "classes": "class C:\n    def __call__(self): return 1\nobj = [C()]",
        "snapshots": "import pkg\nobj = [pkg.f]",
    }
    tree = project(tmp_path, TREE.replace("VERSION", "1"))
    data = send(tree, by_value[which])
    total, right, wrong = receive([data], PAUSED.replace("MOST", str(most)), lazy=True).result
    assert total > 30
    assert right == ([(1, 1)] if which == "snapshots" else [1])
    assert wrong == []


def test_r14_a_child_of_fork_waits_for_no_thread_that_it_has_not(tmp_path):
    tree = project(tmp_path, TREE.replace("VERSION", "1"))
    datas = [send(tree, "import pkg\nobj = pkg.f"), send(tree, "obj = lambda: 1")]
    code = f"""
{CHILD}
    import threading
    f = pickle.loads(datas[0])
    held, done = threading.Event(), threading.Event()
    def hold():
        with sys._modulepickle_registry.lock:
            held.set()
            done.wait(20)
    threading.Thread(target=hold).start()
    held.wait(20)
    begin = os.times().elapsed
    result = child(lambda: pickle.loads(datas[1])()), os.times().elapsed - begin < 8
    done.set()
    """
    assert receive(datas, code, lazy=True).result == (("value", 1), True)
