"""R7 and R9: shipped modules keep their names, and one digest has one set of modules."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from receivers import interpreters, project, receive, send

NAMES = """
    === pkg/__init__.py
    === pkg/sub/__init__.py
    class Inside:
        pass
    === pkg/sub/leaf.py
    class Leaf:
        def method(self):
            return "leaf"
        class Inner:
            pass
    def function():
        return 1
    === pkg/plain/leaf.py
    x = 1
    === single.py
    def alone():
        pass
"""
ALL_NAMES = """
    import pkg.sub.leaf, pkg.plain.leaf, single
    obj = [pkg, pkg.sub, pkg.sub.leaf, pkg.plain, pkg.plain.leaf, single]
"""


@pytest.mark.parametrize("python", interpreters())
def test_r07_modules_keep_their_names(tmp_path, python):
    data = send(project(tmp_path, NAMES), ALL_NAMES)
    code = """
        result = [(m.__name__, m.__spec__.name, m.__package__, m.__spec__.parent) for m in obj]
    """
    got = receive(data, code, python=python, absent=["pkg", "single"]).result
    assert got == [
        ("pkg", "pkg", "pkg", "pkg"),
        ("pkg.sub", "pkg.sub", "pkg.sub", "pkg.sub"),
        ("pkg.sub.leaf", "pkg.sub.leaf", "pkg.sub", "pkg.sub"),
        ("pkg.plain", "pkg.plain", "pkg.plain", "pkg.plain"),
        ("pkg.plain.leaf", "pkg.plain.leaf", "pkg.plain", "pkg.plain"),
        ("single", "single", "", ""),
    ]


@pytest.mark.parametrize("python", interpreters())
def test_r07_modules_say_where_they_stand(tmp_path, python):
    data = send(project(tmp_path, NAMES), ALL_NAMES)
    code = """
        import os
        files = [m.__file__ for m in obj if getattr(m, "__file__", None)]
        assert all(map(os.path.isfile, files)), files
        assert all(m.__spec__.origin == m.__file__ for m in obj if m.__name__ != "pkg.plain")
        assert all(m.__loader__ is m.__spec__.loader for m in obj)
        assert all(list(m.__path__) == list(m.__spec__.submodule_search_locations)
                   for m in obj if hasattr(m, "__path__"))
        result = [f.split("/")[-3:] for f in files], [hasattr(m, "__path__") for m in obj]
    """
    files, packages = receive(data, code, python=python).result
    assert ["/".join(file) for file in files] == [
        files[0][0] + "/pkg/__init__.py",
        "pkg/sub/__init__.py",
        "pkg/sub/leaf.py",
        "pkg/plain/leaf.py",
        "/".join(files[4]),
    ]
    assert files[4][-1] == "single.py"
    assert packages == [True, True, False, True, False, False]


def test_r07_functions_and_classes_keep_their_names(tmp_path):
    code = "from pkg.sub.leaf import Leaf, function; obj = [Leaf, Leaf.Inner, function]"
    data = send(project(tmp_path, NAMES), code)
    got = receive(data, "result = [(o.__module__, o.__qualname__) for o in obj]").result
    leaf = "pkg.sub.leaf"
    assert got == [(leaf, "Leaf"), (leaf, "Leaf.Inner"), (leaf, "function")]


STATE = """
    === pkg/__init__.py
    calls = []
    === pkg/more.py
    from pkg import calls
    class Thing:
        def method(self):
            calls.append(self)
            return len(calls)
    def function():
        return len(calls)
"""


@pytest.mark.parametrize("python", interpreters())
def test_r09_unpickled_twice_is_the_same(tmp_path, python):
    code = "import pkg.more as m; obj = [m, m.Thing, m.function, m.Thing.method]"
    tree = project(tmp_path, STATE)
    # The second pickle is another one, and its bytes differ.
    datas = [send(tree, code), send(tree, code + "; obj.append(m.Thing())")]
    code = """
        again = load(0)
        assert all(a is b is c for a, b, c in zip(objs[0], objs[1], again))
        thing = objs[1][4]
        assert type(thing) is obj[1]
        thing.method(), obj[1]().method()
        result = obj[2](), again[2](), load(1)[4].method()
    """
    assert receive(datas, code, python=python).result == (2, 2, 3)


def test_r09_an_edit_elsewhere_does_not_split_a_class(tmp_path):
    tree = project(
        tmp_path,
        """
        === helpers/__init__.py
        from helpers.point import Point
        === helpers/point.py
        class Point:
            pass
        === train.py
        from helpers import Point
        VERSION = 1
        def step():
            return VERSION, Point
        """,
    )
    code = "import helpers, train; obj = helpers.Point(), train.step"
    one = send(tree, code)
    two = send(project(tree, "=== train.py\n" + TRAIN_2), code)
    code = """
        (point1, step1), (point2, step2) = objs
        assert type(point1) is type(point2) is step1()[1] is step2()[1]
        assert step1 is not step2
        result = step1()[0], step2()[0]
    """
    assert receive([one, two], code).result == (1, 2)


TRAIN_2 = """
from helpers import Point
VERSION = 2
def step():
    return VERSION, Point
"""


def test_r09_an_edit_to_what_is_required_makes_another_class(tmp_path):
    # One digest covers what a package reaches: `app` behaves otherwise when `helpers` does.
    text = """
        === app.py
        import helpers
        class App:
            value = helpers.VALUE
        === helpers.py
        VALUE = {}
    """
    code = "from app import App as obj"
    datas = [send(project(tmp_path, text.format(n)), code) for n in (1, 2)]
    got = receive(datas, "result = [o.value for o in objs], objs[0] is objs[1]").result
    assert got == ([1, 2], False)


# Classes that hold no function of their module, and so do not reach its globals by themselves.
ALIVE = """
    === pkg.py
    import abc, collections, dataclasses, enum, functools, typing
    VERSION = {version}
    loaded = []
    class Plain:
        pass
    class Slots:
        __slots__ = ("x",)
    class Error(Exception):
        pass
    class Color(enum.Enum):
        RED = 1
    class Flag(enum.IntFlag):
        UP = 1
    @dataclasses.dataclass
    class Data:
        x: int = 1
    @dataclasses.dataclass(frozen=True)
    class Frozen:
        x: int = 1
    class Named(typing.NamedTuple):
        x: int = 1
    Tuple = collections.namedtuple("Tuple", "x", defaults=[1])
    T = typing.TypeVar("T")
    class Box(typing.Generic[T]):
        pass
    class Abstract(abc.ABC):
        pass
    class Protocol(typing.Protocol):
        pass
    class Typed(typing.TypedDict):
        x: int
    class Strict(type):
        def __setattr__(cls, name, value):
            raise TypeError("this class is frozen")
    class Sealed(metaclass=Strict):
        pass
    class List(list):
        pass
    Made = type("Made", (), {{"x": 1}})
    def function():
        return VERSION
    class Method:
        def method(self):
            return VERSION
"""
KEPT = {
    "an instance": "Plain()",
    "a class": "Plain",
    "slots": "Slots()",
    "an exception": "Error('x')",
    "an enum member": "Color.RED",
    "an enum": "Color",
    "a flag": "Flag.UP",
    "a dataclass": "Data()",
    "a frozen dataclass": "Frozen()",
    "a NamedTuple": "Named()",
    "a namedtuple": "Tuple()",
    "a generic": "Box()",
    "an ABC": "Abstract()",
    "a metaclass": "Strict",
    "a class that refuses attributes": "Sealed()",
    "a list": "List()",
    "a class made by type": "Made()",
    "a function": "function",
    "a bound method": "Method().method",
    "a partial": "functools.partial(function)",
    "a TypedDict": "Typed",
    "a module": "pkg",
}


@pytest.mark.parametrize("kept", KEPT)
def test_r09_what_is_alive_keeps_its_modules(tmp_path, kept):
    code = f"import functools, pkg; from pkg import *; obj = {KEPT[kept]}"
    one = send(project(tmp_path, ALIVE.format(version=1)), code)
    two = send(project(tmp_path, ALIVE.format(version=2)), "import pkg; obj = pkg")
    code = """
        import functools, gc, types, weakref
        def home(o):
            "What must stay the same object: the module, the function, or the class."
            if isinstance(o, functools.partial):
                return o.func
            o = getattr(o, "__func__", o)
            return o if isinstance(o, (type, types.ModuleType, types.FunctionType)) else type(o)
        kept = load(0)
        load(1).loaded.append("two")
        gc.collect()
        assert home(load(0)) is home(kept)
        # The first is active again: its state is the old one, and so is the second's.
        load(1)
        gc.collect()
        assert home(load(0)) is home(kept)
    """
    receive([one, two], code, lazy=True, absent=["pkg"])


def test_r09_state_outlives_being_superseded(tmp_path):
    text = """
        === pkg.py
        VERSION = {}
        state = []
        class Bare:
            pass
        def push(x):
            state.append((VERSION, x))
            return state
    """
    one = send(project(tmp_path, text.format(1)), "import pkg; obj = pkg.push, pkg.Bare()")
    two = send(project(tmp_path, text.format(2)), "import pkg; obj = pkg.push, pkg.Bare()")
    code = """
        import gc
        bare = obj[1]
        for push, _ in [load(0), load(1), load(0)]:
            push("x")
        del push, obj, objs, _
        gc.collect()
        load(1)
        gc.collect()
        result = load(0)[0]("y")
    """
    assert receive([one, two], code).result == [(1, "x"), (1, "x"), (1, "y")]


def test_r09_the_mark_on_classes_is_harmless(tmp_path):
    # What the loader adds to classes must not become a member, a field or an abstract method.
    text = """
        === pkg.py
        import abc, dataclasses, enum, typing
        class Color(enum.Enum):
            RED = 1
        class Flag(enum.Flag):
            UP = 1
        @dataclasses.dataclass
        class Data:
            x: int = 1
        @typing.runtime_checkable
        class Sized(typing.Protocol):
            def size(self): ...
        class Has:
            def size(self):
                return 1
        class Base(abc.ABC):
            @abc.abstractmethod
            def f(self): ...
        class Registry(type):
            names = []
            def __setattr__(cls, name, value):
                Registry.names.append(name)
                type.__setattr__(cls, name, value)
        class Registered(metaclass=Registry):
            pass
    """
    code = """
        import dataclasses
        result = [
            list(obj.Color), list(obj.Flag), [f.name for f in dataclasses.fields(obj.Data)],
            isinstance(obj.Has(), obj.Sized), isinstance(3, obj.Sized),
            sorted(obj.Base.__abstractmethods__), obj.Registry.names,
        ]
        result[:2] = map(repr, result[:2])
    """
    got = receive(send(project(tmp_path, text), "import pkg as obj"), code).result
    assert got[2:] == [["x"], True, False, ["f"], []]
    assert "RED" in got[0]
    assert "UP" in got[1]
    assert "snapshot" not in got[0] + got[1]


def test_r09_classes_whose_metaclass_is_written_in_c(tmp_path):
    # `type.__setattr__` refuses those of ctypes, pybind11, PyQt: the mark that keeps the
    # snapshot of a class without functions cannot be set on them, but they must load.
    text = """
        === pkg.py
        import ctypes
        VERSION = {}
        class Struct(ctypes.Structure):
            _fields_ = [("x", ctypes.c_int)]
        class Either(ctypes.Union):
            _fields_ = [("x", ctypes.c_int)]
    """
    code = "import pkg; obj = pkg.Struct, pkg.Either, pkg.VERSION"
    datas = [send(project(tmp_path, text.format(n)), code) for n in (1, 2)]
    code = """
        import gc
        struct, either, _ = load(0)
        load(1)
        gc.collect()
        result = struct(7).x, load(0)[0](8).x, issubclass(either, load(0)[1].__base__)
    """
    assert receive(datas, code, lazy=True).result == (7, 8, True)


def test_r09_one_archive_loaded_by_two_names_of_one_pickle(tmp_path: Path):
    # Two objects in one pickle, and the same two in two: one module.
    tree = project(tmp_path, STATE)
    one = send(tree, "import pkg.more as m; obj = [m.Thing(), m.function]")
    two = send(tree, "import pkg.more as m; obj = m.function")
    code = "result = objs[0][1] is objs[1] and sys.modules['pkg.more'].function is objs[1]"
    assert receive([one, two], code, python=sys.executable).result is True
