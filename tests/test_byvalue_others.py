"""Other objects that plain pickle refuses, and what can not travel at all."""

from __future__ import annotations

import collections
import pickle
import re
import sys
import textwrap

import pytest

import modulepickle
from receivers import interpreters, project, receive, run, send

CASES = {
    "builtin types": (
        """
        import types
        obj = [types.FunctionType, types.CellType, types.CodeType, type({}.keys()), type(None),
               type(...), type(NotImplemented), types.MappingProxyType, types.GeneratorType]
        """,
        """
        import types
        result = obj == [types.FunctionType, types.CellType, types.CodeType, type({}.keys()),
            type(None), type(...), type(NotImplemented), types.MappingProxyType,
            types.GeneratorType]
        """,
        True,
    ),
    "singletons": (
        "obj = [..., NotImplemented, None]",
        "result = obj[0] is ... and obj[1] is NotImplemented and obj[2] is None",
        True,
    ),
    "a dynamic module": (
        """
        import types
        obj = types.ModuleType("made", "Doc.")
        exec("n = 0\\ndef up():\\n    global n\\n    n += 1\\n    return n", obj.__dict__)
        obj.me = obj
        """,
        "obj.up(); result = obj.up(), obj.n, obj.__name__, obj.__doc__, obj.me is obj",
        (2, 2, "made", "Doc.", True),
    ),
    "loggers": (
        "import logging; obj = logging.getLogger('a.b'), logging.getLogger()",
        "import logging; result = obj[0] is logging.getLogger('a.b'), obj[1] is logging.root",
        (True, True),
    ),
    "memory views": (
        """
        import array
        obj = [memoryview(b"abc"), memoryview(array.array("i", [1, 2])),
               memoryview(bytes(6)).cast("B", [2, 3])]
        """,
        "result = obj[0].tobytes(), obj[1].tolist(), obj[2].tolist(), type(obj[0]).__name__",
        (b"abc", [1, 2], [[0, 0, 0], [0, 0, 0]], "memoryview"),
    ),
    "dict views": (
        """
        import collections, types
        d, o = {1: "a", 2: "b"}, collections.OrderedDict(x=1)
        obj = [d.keys(), d.values(), d.items(), o.keys(), o.values(), o.items(),
               types.MappingProxyType(d)]
        """,
        "result = [*map(list, obj)], [type(each).__name__ for each in obj]",
        (
            [[1, 2], ["a", "b"], [(1, "a"), (2, "b")], ["x"], [1], [("x", 1)], [1, 2]],
            [
                "dict_keys", "dict_values", "dict_items",
                "odict_keys", "odict_values", "odict_items", "mappingproxy",
            ],
        ),
    ),
    "views of what others have as well": (
        """
        import array, collections, types
        class Own:
            def __init__(self):
                self._all = {}
                self.view, self.names = types.MappingProxyType(self._all), self._all.keys()
        class B: x = 1
        own, names, table, ordered = Own(), vars(B), {}, collections.OrderedDict()
        values, pairs, loose = table.values(), ordered.items(), {object: print}.keys()
        user = collections.UserDict()
        of_user = types.MappingProxyType(user)
        table["self"] = types.MappingProxyType(table)
        data, numbers = bytearray(b"abc"), array.array("i", [1, 2])
        memory, fixed, part = memoryview(data), memoryview(data).toreadonly(), memoryview(data)[1:]
        cast = memoryview(numbers).cast("B")
        def obj():
            own._all["k"] = table["t"] = ordered["o"] = user["u"] = B.y = 1
            data[0], memory[1], part[0], numbers[1] = b"ABCD"
            return (
                dict(own.view), [*own.names], [*values][1:], [*pairs], dict(of_user), names["y"],
                table["self"]["self"] is table["self"], [*loose] == [object],
                bytes(memory), bytes(fixed), fixed.readonly, bytes(part), cast[4], cast.format,
            )
        """,
        "result = obj()",
        (
            {"k": 1}, ["k"], [1], [("o", 1)], {"u": 1}, 1, True, True,
            b"ABc", b"ABc", True, b"Cc", 68, "B",
        ),
    ),
    "methods of C that are overridden": (
        """
        import collections
        class Config(dict):
            def __init__(self, *args):
                super().__init__(*args)
                self.raw, self.own, self.set = super().get, self.get, super().__setattr__
            def get(self, key, default=None): return "masked"
            def __setattr__(self, name, value): super().__setattr__(name, [value])
            @classmethod
            def fromkeys(cls, keys): return "mine"
        class Many(list):
            def __init__(self): self.append = super().append
        class Tens(collections.Counter):
            def __setitem__(self, key, value): super().__setitem__(key, value * 10)
        config, many, tens = Config({"a": 1}), Many(), Tens()
        plain, keys = super(Tens, tens).__setitem__, super(Config, Config).fromkeys
        def obj():
            plain("a", 2)
            tens["b"] = 3
            many.append(1)
            config.set[0]("q", 4)
            own = config.raw[0]("a"), config.own[0]("a"), config.q
            return dict(tens), [*many], own, dict(keys("ab"))
        """,
        "result = obj()",
        ({"a": 2, "b": 30}, [1], (1, "masked", 4), {"a": None, "b": None}),
    ),
    "properties and descriptors": (
        """
        class C:
            __slots__ = ("x",)
            def f(self): return 1
        import types
        obj = [property(lambda self: 5, doc="Doc."), staticmethod(len), classmethod(C.f), str.upper,
               int.__add__, C.__dict__["x"], types.FunctionType.__dict__["__code__"],
               dict.__dict__["fromkeys"],
               "abc".upper, [].append, (1).__add__]
        """,
        """
        class E: p = obj[0]; s = obj[1]; c = obj[2]
        result = (E().p, obj[0].__doc__, E.s("ab"), E.c(), obj[3]("a"), obj[4](1, 2),
                  obj[5].__name__, obj[6].__name__, obj[8](), obj[10](2))
        """,
        (5, "Doc.", 2, 1, "A", 3, "x", "__code__", "ABC", 3),
    ),
    "kinds of properties": (
        """
        import abc
        class named(property): pass
        class C(abc.ABC):
            @abc.abstractproperty
            def p(self): return 1
            @abc.abstractclassmethod
            def c(cls): return 2
            @named
            def q(self): return 3
        class D(C):
            p = 1
            c = classmethod(lambda cls: super(D, cls).c())
        obj = D()
        """,
        "result = obj.q, type(obj).c(), sorted(type(obj).__mro__[1].__abstractmethods__)",
        (3, 2, ["c", "p"]),
    ),
    "weak sets": (
        """
        import weakref
        class C: pass
        c = C()
        keys = weakref.WeakKeyDictionary({c: 1})
        obj = [c, weakref.WeakSet([c]), keys, weakref.WeakValueDictionary(k=c)]
        """,
        "c, s, k, v = obj; result = list(s) == [c], k[c], v['k'] is c",
        (True, 1, True),
    ),
    "files": (
        """
        open("text", "w").write("one\\ntwo\\nthree")
        file = open("text")
        file.readline()
        import sys
        obj = file, sys.stdout
        """,
        """
        import sys
        result = obj[0].read(), obj[0].seek(0), obj[0].readline(), obj[1] is sys.stdout, obj[0].name
        """,
        ("two\nthree", 0, "one\n", True, "text"),
    ),
    "typing": (
        """
        import typing
        T = typing.TypeVar("T", bound=int)
        U = typing.TypeVar("U", covariant=True)
        class C(typing.Generic[T]): pass
        def f(x: "C[T]"): return T
        obj = [T, U, C, f, typing.ForwardRef("C"), typing.Optional[C]]
        if hasattr(typing, "ParamSpec"):
            P = typing.ParamSpec("P")
            obj += [P, P, P.args, typing.Callable[P, int]]
        """,
        """
        T, U, C, f, ref, optional, *more = obj
        result = (T.__bound__, U.__covariant__, C.__parameters__ == (T,), f(1) is T,
                  ref.__forward_arg__, optional.__args__[0] is C, not more or more[0] is more[1])
        """,
        (int, True, True, True, "C", True, True),
    ),
    "a script's NewType and lru_cache in a list": (
        """
        import functools, typing
        Id = typing.NewType("Id", int)
        @functools.lru_cache
        def f(x): return Id(x)
        obj = [Id, f, f.__wrapped__, functools.lru_cache(3)(len)]
        """,
        "result = obj[0](3), obj[1](4), obj[2](5), obj[3]('ab')",
        (3, 4, 5, 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_odd_object(name, tmp_path):
    sender, code, expected = CASES[name]
    assert receive(send(tmp_path, sender), code).result == expected


@pytest.mark.parametrize("python", interpreters(["3.12", "3.13", "3.14"]))
def test_type_aliases(tmp_path, python):
    sender = "type Pairs[T] = list[tuple[T, T]]\nobj = Pairs"
    code = "result = obj.__name__, str(obj.__value__), len(obj.__type_params__)"
    got = receive(send(tmp_path, sender, python=python), code, python=python)
    assert got.result == ("Pairs", "list[tuple[T, T]]", 1)


REFUSED = {
    "a lock": ("import threading; x = threading.Lock()", "global `x`", "_thread.lock"),
    "a generator": ("x = (i for i in [])", "global `x`", "generator"),
    "a socket": ("import socket; x = socket.socket()", "global `x`", "socket.socket"),
    "a frame": ("import sys; x = sys._getframe()", "global `x`", "frame"),
    "a context manager in use": (
        """
        import contextlib
        @contextlib.contextmanager
        def timer(): yield
        x = timer()
        x.__enter__()
        """,
        "global `x` -> attribute `gen`",
        "generator",
    ),
    "a file for writing": ("x = open('out', 'w')", "global `x`", "TextIOWrapper"),
    "in an instance": (
        """
        import threading
        class Model:
            def __init__(self): self._lock = threading.Lock()
        x = Model()
        """,
        "global `x` -> attribute `_lock`",
        "_thread.lock",
    ),
    "in a class": (
        """
        import threading
        class C: lock = threading.Lock()
        x = [1, {"k": C()}]
        """,
        "global `x` -> item 1 -> item 'k' -> class `C` -> attribute `lock`",
        "_thread.lock",
    ),
    "in a closure": (
        """
        import threading
        def outer():
            lock = threading.Lock()
            def inner(): return lock
            return inner
        x = outer()
        """,
        "global `x` -> `outer.<locals>.inner` -> closure variable `lock`",
        "_thread.lock",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_travel_is_named_with_its_path(name, tmp_path):
    sender, path, kind = REFUSED[name]
    code = """
    import modulepickle, pickle
    def f(): return x
    try:
        modulepickle.dumps(f)
    except pickle.PicklingError as error:
        result = str(error)
    """
    shown = run(tmp_path, textwrap.dedent(sender) + textwrap.dedent(code)).result
    assert f"`f` -> {path}\n" in shown
    assert kind in shown


def test_nothing_by_value_is_plain_pickle():
    """R3, for types that we have reducers for."""
    import dataclasses
    import functools
    import typing

    point = collections.namedtuple("point", "x")
    objects = [
        dataclasses.MISSING, typing.ForwardRef("x"), functools.partial(len), "".join, [].append,
        str.upper, int.__add__, dict.fromkeys, collections.OrderedDict(a=1), Ellipsis, len,
        type(None), type(...), typing.Optional[int], range(3), slice(1, 2), collections.deque([1]),
        ValueError("x"), pickle.Pickler, sys.stdout.__class__, typing.Any, iter([1]), 1.5, {1},
    ]  # fmt: skip
    assert point
    for each in objects:
        for protocol in range(6):
            try:
                plain = pickle.dumps(each, protocol)
            except TypeError:
                continue
            assert modulepickle.dumps(each, protocol) == plain, each


def test_errors_of_other_people_pass_unchanged():
    class Odd:
        def __reduce__(self):
            raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        modulepickle.dumps(Odd())


def test_one_class_for_two_pickles(tmp_path):
    sender = """
    import modulepickle
    class C:
        x = 1
    first, second = modulepickle.dumps(C()), modulepickle.dumps(C)
    Old = C
    class C:
        x = 2
    third = modulepickle.dumps(C())
    class C:
        x = 2
    fourth = modulepickle.dumps([C, Old])
    import pickle
    own = pickle.loads(fourth) == [C, Old]
    result = first, second, third, fourth, own
    """
    *datas, own = run(tmp_path, sender).result
    assert own
    code = """
    a, b, c, (d, e) = objs
    result = type(a) is b, b is e, type(c) is not b, type(c) is not d, c.x, d.x, a.x
    """
    assert receive(datas, code).result == (True, True, True, True, 2, 2, 1)


def test_a_received_class_goes_back_to_its_own(tmp_path):
    """R16: a receiver with the library sends what it got by value on, and home."""
    sender = """
    import modulepickle
    class C:
        def __init__(self, x): self.x = x
    def f(x): return C(x + 1)
    obj = C, f
    """
    data = send(tmp_path, sender)
    code = "import modulepickle; result = modulepickle.dumps([obj[1](1), obj[1]])"
    back = receive(data, code, bare=False).result
    assert b"def f(x)" in back
    code = "C, f = load(0); c, g = load(1); result = type(c) is C, c.x, type(g(1)) is C"
    assert receive([data, back], code).result == (True, 2, True)


def test_a_tree_is_sent_on(tmp_path):
    tree = project(tmp_path, "=== other.py\nvalue = 42")
    sender = "def obj():\n    import other\n    return other.value"
    data = send(tree, sender)
    code = "import modulepickle; result = modulepickle.dumps(obj)"
    back = receive(data, code, bare=False).result
    assert receive(back, "result = obj()", absent=["other"]).result == 42


@pytest.mark.parametrize("python", interpreters())
def test_r19_text_annotations_of_a_packages_typed_dict_are_looked_up_there(tmp_path, python):
    tree = """
        === pkg.py
        from __future__ import annotations
        import typing
        class Other: pass
        class Base(typing.TypedDict):
            other: Other
            many: typing.List[Other]
    """
    script = """
        import typing
        import pkg
        class Mine(pkg.Base):
            number: int
        def obj():
            hints = typing.get_type_hints(Mine)
            found = [hints["other"], hints["many"].__args__[0]]
            return [each is pkg.Other for each in found], sorted(hints)
    """
    data = send(project(tmp_path, tree), script)
    right = [True, True], ["many", "number", "other"]
    assert receive(data, "result = obj()", python=python).result == right


def test_limits_the_hooks_of_a_class_statement_do_not_run_again(tmp_path):
    tree = """
        === pkg.py
        class Base:
            names = []
            def __init_subclass__(cls):
                cls.names.append(cls.__name__)
                cls.noted = True
    """
    script = """
        import pkg
        class Mine(pkg.Base): pass
        def obj():
            return Mine.noted, pkg.Base.names
        assert obj() == (True, ["Mine"])
    """
    data = send(project(tmp_path, tree), script)
    assert receive(data, "result = obj()").result == (True, [])


def test_limits_the_file_of_a_function_has_a_name_of_its_own(tmp_path):
    code = """
        def obj():
            return obj.__code__.co_filename
    """
    name = receive(send(tmp_path, code), "result = obj()").result
    assert re.fullmatch(r"<sender.py [0-9a-f]{8}>", name)


def test_limits_a_function_of_the_script_is_refused_by_plain_pickle_there(tmp_path):
    code = """
        import pickle
        def inner(): return 1
        def obj():
            return pickle.dumps(inner)
    """
    found = receive(send(tmp_path, code), "obj()", expect_failure=True).stderr
    assert "PicklingError: Can't pickle" in found
