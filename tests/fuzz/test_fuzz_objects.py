"""Any objects are on a bare receiver what they were in the script that made them (R2, R4, R10)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forks import Server
from fuzzing import fuzz
from hypothesis import given
from hypothesis import strategies as st
from objects import CLASSES, scripts

# What both sides run: it turns objects into plain lists, and says which are the same one.
DESCRIBE = """
import collections, enum, functools, operator, types

def describe(root):
    seen, kept = {}, []

    def called(function):
        try:
            return go(function())
        except Exception as problem:
            return "raised", type(problem).__name__

    def attributes(obj):
        inside = sorted(getattr(obj, "__dict__", {}).items())
        found = [(name, go(value)) for name, value in inside if not name.startswith("_abc_")]
        for name in ("value", "unset"):
            if isinstance(getattr(type(obj), name, None), types.MemberDescriptorType):
                found.append((name, go(getattr(obj, name, "missing"))))
        return found

    def of_class(cls):
        if cls.__module__ not in ("__main__", "local"):
            return ["class", cls.__module__, cls.__qualname__]
        own = {k: v for k, v in vars(cls).items() if not k.startswith("_")}
        own = {k: v for k, v in own.items() if not isinstance(v, types.MemberDescriptorType)}
        return [
            "class", cls.__module__, cls.__qualname__, cls.__doc__, type(cls).__name__,
            [go(base) for base in cls.__bases__],
            [(k, go(v)) for k, v in sorted(own.items())],
        ]

    def of_function(function):
        cells = []
        for cell in function.__closure__ or ():
            try:
                cells.append(go(cell.cell_contents))
            except ValueError:
                cells.append("empty")
        rest = go(function.__defaults__), go(function.__kwdefaults__), go(function.__dict__)
        return ["function", function.__module__, function.__qualname__, cells, *rest]

    def rest(x):
        kind = type(x)
        if isinstance(x, type):
            return of_class(x)
        if kind is types.FunctionType:
            return of_function(x)
        if kind is types.MethodType:
            return ["method", x.__name__, go(x.__self__)]
        if kind is functools.partial:
            return ["partial", go(x.func), go(x.args), go(x.keywords)]
        if kind is types.ModuleType:
            return ["module", x.__name__]
        if isinstance(x, enum.Enum):
            return ["enum", go(kind), x.name, repr(x.value)]
        if isinstance(x, (staticmethod, classmethod)):
            return [kind.__name__, go(x.__func__)]
        if isinstance(x, property):
            return ["property", go(x.fget)]
        if hasattr(x, "cache_info"):
            return ["cached", go(x.__wrapped__)]
        found = ["instance", go(kind), attributes(x)]
        if isinstance(x, BaseException):
            found.append(go(x.args))
        if isinstance(x, (list, tuple, collections.deque)):
            found.append([go(each) for each in x])
        if isinstance(x, dict):
            found.append([(go(k), go(v)) for k, v in x.items()])
        if isinstance(x, (set, frozenset)):
            found.append(sorted(map(repr, x)))
        if isinstance(x, (int, str, bytearray, range, slice, collections.deque)):
            found.append(repr(x) if kind.__repr__ is not object.__repr__ else "")
        return found[:-1] if isinstance(x, collections.deque) else found

    def go(x):
        if x is None or type(x) in (bool, int, str, bytes):
            return x
        if type(x) in (float, complex):
            return repr(x)
        if isinstance(x, (staticmethod, classmethod, property)):
            return rest(x)  # it has no name, and is copied
        if id(x) in seen and type(x) is not tuple:
            return "#%d" % seen[id(x)]
        seen[id(x)] = len(seen)
        kept.append(x)
        return rest(x)

    found = [go(root)]
    # What functions and methods compute: only now, since some change what they close over.
    for x in [*kept]:
        if type(x) in (types.FunctionType, types.MethodType, functools.partial):
            found.append(called(x))
    return found
"""

SENDER = f"""
{DESCRIBE}
import modulepickle, os, pickle, sys, types, warnings
warnings.simplefilter("error", modulepickle.StaleSourceWarning)
os.chdir(folder)
sys.path.insert(0, folder)
script = sys.modules["__main__"] = types.ModuleType("__main__")
script.__file__ = os.path.join(folder, "script.py")
with open(script.__file__, encoding="utf-8") as file:
    exec(compile(file.read(), script.__file__, "exec"), vars(script))
data = modulepickle.dumps(script.o, protocol)
assert data == modulepickle.dumps(script.o, protocol), "the second time, another pickle"
again = [*map(type, pickle.loads(data))]
assert again == [*map(type, script.o)], "in the sender itself, these are not its own classes"
result = data, describe(script.o)
"""

RECEIVER = f"""
{DESCRIBE}
import os, pickle
os.environ["MODULEPICKLE_CACHE"] = cache
result = describe(pickle.loads(data))
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    sender, receiver = Server(bare=False), Server()
    yield sender, receiver
    sender.close()
    receiver.close()


def check(script: str, protocol: int, servers: tuple[Server, Server]) -> None:
    sender, receiver = servers
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"local.py": CLASSES, "script.py": CLASSES + script}.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        data, expected = sender.ask(SENDER, folder=folder, protocol=protocol)
        seen: Any = receiver.ask(RECEIVER, data=data, cache=f"{folder}/cache")
    assert seen == expected, f"received: {seen}\nexpected: {expected}"


@fuzz
@given(script=scripts(), protocol=st.integers(2, 5))
def test_a_receiver_gets_what_there_was(
    script: str, protocol: int, servers: tuple[Server, Server]
) -> None:
    check(script, protocol, servers)
