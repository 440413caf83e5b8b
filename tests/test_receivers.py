"""The harness itself, tried with plain pickles of builtins."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import receivers
from receivers import find_interpreters, interpreters, project, receive, run


def test_a_project_is_written_as_described(tmp_path):
    tree = project(
        tmp_path,
        """
        === a/__init__.py
        === a/b.py
        def f():
            return 1

        === data.txt
        x
        """,
    )
    found = {
        path.relative_to(tree).as_posix(): path.read_text()
        for path in tree.rglob("*")
        if path.is_file()
    }
    assert found == {
        "a/__init__.py": "",
        "a/b.py": "def f():\n    return 1\n",
        "data.txt": "x\n",
    }


def test_a_description_must_begin_with_a_path(tmp_path):
    with pytest.raises(ValueError, match="must begin with '=== PATH'"):
        project(tmp_path, "x = 1")


def test_the_running_python_is_found():
    assert find_interpreters()["{}.{}".format(*sys.version_info)] == sys.executable


@pytest.mark.parametrize("python", interpreters())
def test_a_receiver_gives_its_result_back(python):
    got = receive(pickle.dumps(max), "print('hi'); result = obj(1, 2)", python=python)
    assert (got.result, got.stdout, got.returncode) == (2, "hi\n", 0)
    assert got.result_pickle


@pytest.mark.parametrize("python", interpreters())
def test_a_receiver_is_the_python_that_was_asked_for(python, request):
    got = receive([], "import sys; result = '%d.%d' % sys.version_info[:2]", python=python)
    assert got.result == request.node.callspec.id


def test_a_receiver_takes_several_pickles():
    datas = [pickle.dumps(value) for value in ("a", "b")]
    assert receive(datas, "result = objs, load(1), len(datas)").result == (["a", "b"], "b", 2)


def test_a_lazy_receiver_waits():
    got = receive(pickle.dumps(max), "assert 'obj' not in globals(); result = load()", lazy=True)
    assert got.result is max


def test_a_receiver_is_bare():
    code = """
        import os, sys
        result = os.listdir(), sorted(os.environ), [p for p in sys.path if "site-packages" in p]
    """
    listing, environment, site = receive([], code).result
    assert (listing, site) == ([], [])
    assert {"HOME", "LANG", "MODULEPICKLE_CACHE", "PATH"} >= set(environment) - {"LC_CTYPE"}


def test_a_receiver_with_the_name_is_refused():
    got = receive([], "", absent=["json"], expect_failure=True)
    assert "this receiver is not bare: it can import json" in got.stderr


def test_a_failure_shows_the_remote_error():
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        receive(pickle.dumps(1), "obj / 0")


def test_an_expected_failure_must_happen():
    with pytest.raises(AssertionError, match="expected to fail"):
        receive([], "", expect_failure=True)


def test_a_sender_runs_in_the_working_tree(tmp_path: Path):
    tree = project(tmp_path, "=== m.py\nx = 'mine'")
    code = """
        import m, os
        result = m.x, os.getcwd(), __name__, os.environ["PYTHONHASHSEED"]
    """
    assert run(tree, code, hash_seed=3).result == ("mine", str(tree), "__main__", "3")


# -- Forked processes ---------------------------------------------------------------------------

DESCRIBE = """
    import os, signal, sys, threading
    main = sys.modules["__main__"]
    def fds():
        try:
            return sorted(os.listdir("/proc/self/fd"))
        except OSError:
            return []
    result = {
        "arguments": len(sys.argv),
        "environment": {k: v for k, v in os.environ.items() if k != "MODULEPICKLE_CACHE"},
        "executable": sys.executable,
        "fds": fds(),
        "flags": tuple(sys.flags),
        "folder": os.listdir(),
        "main": sorted(name for name in vars(main) if name.startswith("__")),
        "file": [os.path.basename(each) for each in (__file__, sys.argv[0], __loader__.path)],
        "loader": [type(__loader__).__name__, __loader__.name],
        "path": [path for path in sys.path if path != os.path.dirname(__file__)],
        "script": sys.path[0] == os.path.dirname(os.path.abspath(__file__)),
        "signals": [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM)],
        "stdin": sys.stdin.read(),
        "streams": [(s.encoding, s.errors, s.isatty()) for s in (sys.stdout, sys.stderr)],
        "threads": [threading.active_count(), threading.current_thread().name],
    }
"""


def described(kind, tmp_path, **options):
    if kind == "sender":
        return run(tmp_path, DESCRIBE, **options).result
    found = receive([], DESCRIBE, bare=kind == "bare", **options).result
    found["environment"].pop("HOME")
    return found


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("kind", ["bare", "library", "sender"])
def test_a_forked_process_is_as_a_fresh_one(kind, tmp_path, python):
    fresh = described(kind, tmp_path, python=python, fresh=True)
    assert described(kind, tmp_path, python=python) == fresh


@pytest.mark.skipif(receivers.FRESH, reason="no process is forked")
def test_a_forked_process_has_imported_no_more_than_it_says():
    code = "import sys; result = sorted(sys.modules)"
    fresh, forked = (set(receive([], code, fresh=each).result) for each in (True, False))
    code = "import hashlib, importlib.util, marshal, os, struct, weakref, zlib\n" + code
    assert fresh < forked
    assert forked <= set(receive([], code, fresh=True).result)


def test_nothing_is_left_of_what_a_forked_process_did(tmp_path):
    code = """
        import os, pickle, sys
        result = hasattr(pickle, "mark"), "mark" in os.environ, hasattr(sys, "_modulepickle")
        pickle.mark = sys._modulepickle = 1
        os.environ["mark"] = "1"
    """
    assert [receive([], code).result for _ in range(2)] == [(False, False, False)] * 2
    assert [run(tmp_path, code).result for _ in range(2)] == [(False, False, False)] * 2


ENDS = {
    "raise SystemExit": 0,
    "raise SystemExit(3)": 3,
    "raise SystemExit('why')": 1,
    "1 / 0": 1,
    "import os; os._exit(4)": 4,
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": -9,
    "import atexit; atexit.register(print, 'at the end')": 0,
    "import threading, time; threading.Timer(0.1, print, ['in a thread']).start()": 0,
    "import sys; sys.stdout.write('no line end')": 0,
    "import sys; sys.excepthook = lambda *_: print('hook'); 1 / 0": 1,
}


@pytest.mark.parametrize("code", ENDS)
def test_a_forked_process_ends_as_a_fresh_one(code):
    fails = ENDS[code] != 0
    fresh, forked = (
        receive([], f"{code}\nprint('not the end')", expect_failure=fails, fresh=each)
        for each in (True, False)
    )
    assert forked.returncode == fresh.returncode == ENDS[code]
    assert forked.stdout == fresh.stdout
    assert re.sub(r"/\S+/", "", forked.stderr) == re.sub(r"/\S+/", "", fresh.stderr)


def test_a_forked_process_that_hangs_is_killed(monkeypatch):
    monkeypatch.setattr(receivers, "TIMEOUT", 0.5)
    with pytest.raises(subprocess.TimeoutExpired):
        receive([], "import time; time.sleep(60)")
    monkeypatch.undo()
    assert receive([], "result = 1").result == 1


def test_forked_processes_run_side_by_side(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    code = """
        import os, pathlib, time
        mine, theirs = map(pathlib.Path, {!r})
        mine.touch()
        while not theirs.exists():
            time.sleep(0.01)
        result = True
    """
    orders = [code.format([str(a), str(b)]) for a, b in [(one, other), (other, one)]]
    with ThreadPoolExecutor(2) as pool:
        assert [got.result for got in pool.map(lambda each: receive([], each), orders)] == [
            True
        ] * 2
