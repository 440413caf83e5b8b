"""The harness itself, tried with plain pickles of builtins."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

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
