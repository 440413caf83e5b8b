"""A module that has nothing to do with what is pickled does no harm; depth is explained (R15)."""

from __future__ import annotations

import os
import socket
import textwrap
from pathlib import Path
from typing import Any

import pytest

from receivers import project, receive, run, send

TREE = """
    === pyproject.toml
    === pkg/__init__.py
    def f():
        return 1
    class Named:
        def __reduce__(self):
            return "IT"
    IT = Named()
    === pkg/sub.py
"""

BYSTANDER = """
import pickle, sys, types
import modulepickle
class Raises(types.ModuleType):
    def __getattribute__(self, name):
        raise RuntimeError(f"the server is away: {name}")
class Odd:
    __class__ = property(lambda self: 1 / 0)
    def __getattr__(self, name):
        raise KeyError(name)
first = {**sys.modules}
sys.modules.clear()
sys.modules.update({"away": Raises("away"), "odd": Odd(), **first})
import pkg, pkg.sub
"""


def result(folder: Path, code: str) -> Any:
    return run(project(folder, TREE), BYSTANDER + textwrap.dedent(code)).result


@pytest.mark.parametrize(
    ("made", "use", "expected"),
    [
        ("pkg.f", "obj()", 1),
        ("lambda: pkg.f()", "obj()", 1),
        ("pkg", "obj.f()", 1),
        ("[pkg.IT, pkg.sub]", "type(obj[0]).__name__", "Named"),
        ("nameless", "obj('[1]')", [1]),
        ("pickle.loads, len, sys", "obj[1]('abc')", 3),
    ],
)
def test_a_module_that_raises_at_a_look_fails_no_dumps(tmp_path, made, use, expected):
    code = f"""
    import json
    nameless = types.FunctionType(json.loads.__code__, vars(json), "loads", (), ())
    nameless.__kwdefaults__ = json.loads.__kwdefaults__
    nameless.__module__ = None
    json.loads = nameless
    result = modulepickle.dumps(({made}))
    """
    data = result(tmp_path, code)
    assert receive(data, f"result = {use}").result == expected


def test_without_such_a_module_the_bytes_are_those_of_plain_pickle(tmp_path):
    code = """
    import json, modulepickle, pickle
    json.loads.__module__ = None
    result = modulepickle.dumps(json.loads) == pickle.dumps(json.loads)
    """
    assert run(tmp_path, textwrap.dedent(code)).result is True


DEEP = """
import modulepickle
class Link:
    def __init__(self, inner):
        self.inner = inner
def chain():
    top = None
    for _ in range(100_000):
        top = Link(top)
    return top
def nested():
    top = []
    for _ in range(100_000):
        top = [top]
    return top
try:
    modulepickle.dumps({"job": made()})
except RecursionError as error:
    result = str(error)
"""


@pytest.mark.parametrize(
    ("made", "words"),
    [("chain", ["`dict` object", "item 'job'", "attribute `inner`", "more ..."]), ("nested", [])],
)
def test_an_object_that_is_nested_too_deep_says_where(tmp_path, made, words):
    text = run(tmp_path, DEEP.replace("made()", f"{made}()")).result
    assert "recursion" in text
    assert "it is nested too deeply; reached by: " in text
    assert "__getstate__ return it flat" in text
    assert len(text) < 2000
    assert all(word in text for word in words)


# -- What a disk may hold -----------------------------------------------------------------------


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket must be short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize("make", [os.mkfifo, _socket])
@pytest.mark.parametrize("name", ["pipe", "pipe.py"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_special_file_is_named_and_may_be_left_out(tmp_path, make, name):
    tree = project(tmp_path, TREE)
    make(tree / "pkg" / name)
    code = """
    import modulepickle, pkg
    try:
        modulepickle.dumps(pkg.f)
    except modulepickle.PackagingError as error:
        (problem,) = error.problems
        result = problem.reason.name, problem.subject, problem.remedy
    """
    reason, subject, remedy = run(tree, textwrap.dedent(code)).result
    assert (reason, subject) == ("SPECIAL_FILE", str(tree / "pkg" / name))
    assert f'Policy(ignore=("{name}",))' in remedy
    policy = f"modulepickle.dumps(obj, policy=modulepickle.Policy(ignore=({name!r},)))"
    data = send(tree, "import pkg\nobj = pkg.f", dumps=policy)
    assert receive(data, "result = obj()").result == 1
