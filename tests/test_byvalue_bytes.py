"""By value: the same bytes in every process (R4), and few of them."""

from __future__ import annotations

import difflib
import io
import pickletools
import random

import pytest

from receivers import interpreters, project, receive, run, send
from test_byvalue_classes import CASES as CLASSES
from test_byvalue_functions import CASES as FUNCTIONS

ALL = {**FUNCTIONS, **CLASSES}
LIMIT = 25_088
"""Bytes of the pickle of a lambda, all included."""

OBJECTS = """
    import dataclasses, enum, typing
    names = frozenset(["x", "yy", "zzz", "u"])
    class Color(enum.Enum):
        RED = "r"
        GREEN = "g"
    @dataclasses.dataclass(order=True)
    class Data:
        x: int
        y: "list[str]" = dataclasses.field(default_factory=list)
    class Plain(typing.Generic[typing.TypeVar("T")]):
        kinds = frozenset(["a", "b", "c"])
        def f(self, x): return x in {"one", "two", "three", self.y, 1, 2.5}
        def g(self): return x if (x := 1) in {"one", "two", "three"} else names
    def function(a, b=frozenset(["p", "q"])):
        return a in {"alpha", "beta", "gamma", "delta"}, Color, Data, Plain, names
"""


def listing(data: bytes) -> list[str]:
    out = io.StringIO()
    pickletools.dis(data, out)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("name", ["function", "Plain", "Color", "Data", "[Color.RED, Data(1)]"])
@pytest.mark.parametrize("python", interpreters(["3.9", "3.11", "3.13"]))
def test_one_payload_whatever_the_process(name, python, tmp_path):
    seeds = [0, 1, 2, 3, random.randrange(4, 2**32)]
    datas = []
    for seed in seeds:
        tree = project(tmp_path / f"checkout {seed}", "=== other.py\n")
        datas.append(send(tree, OBJECTS + f"    obj = {name}", hash_seed=seed, python=python))
    for data in datas[1:]:
        changes = difflib.unified_diff(listing(datas[0]), listing(data), "seed 0", "another", n=1)
        assert data == datas[0], "\n".join(changes)
    assert str(tmp_path).encode() not in datas[0]


def test_a_lambda_is_small(tmp_path):
    data = send(tmp_path, "obj = lambda x: x + 1")
    assert len(data) <= LIMIT
    assert receive(data, "result = obj(1)").result == 2


def test_a_lambda_that_imports_a_local_package_is_small(tmp_path):
    from test_sizes import archives

    tree = project(tmp_path, "=== other.py\nvalue = 42")
    data = send(tree, "import other\nobj = lambda: __import__('other').value + other.value")
    assert len(data) - sum(map(len, archives(data))) <= LIMIT
    assert receive(data, "result = obj()").result == 84


def test_protocols_have_one_key_for_a_class(tmp_path):
    sender = "class C: pass\nobj = C"
    datas = [
        send(tmp_path, sender, dumps=f"modulepickle.dumps(obj, {protocol})")
        for protocol in (0, 2, 5)
    ]
    assert receive(datas, "result = objs[0] is objs[1] is objs[2]").result is True


def test_r04_a_class_is_the_same_after_an_instance_was_pickled(tmp_path):
    code = """
        import pickle, modulepickle
        class C:
            def f(self): return 1
        {}
        result = modulepickle.dumps(C)
    """
    before, after = (
        run(tmp_path, code.format(first)).result for first in ("", "pickle.dumps(C())")
    )
    assert before == after


@pytest.mark.parametrize(("name", "is_dotted"), [("math", False), ("xml.dom", True)])
def test_a_module_is_imported_by_what_the_pickle_has_already(tmp_path, name, is_dotted):
    code = f"import {name}\nobj = lambda: {name}"
    data = send(tmp_path, code)
    # `__import__` of a dotted name returns its first part.
    assert (b"import_module" in data) is is_dotted
    assert receive(data, "result = obj().__name__").result == name
