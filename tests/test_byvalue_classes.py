"""Classes by value: everything that a class of `__main__` can be, on a bare receiver."""

from __future__ import annotations

import pytest

from receivers import project, receive, run, send

LIBRARY = """
    === library/__init__.py
    class Base:
        seen = []
        def __init_subclass__(cls, key, **more):
            super().__init_subclass__(**more)
            Base.seen.append(key)
        def hello(self):
            return "hello from " + type(self).__name__
    class Meta(type):
        made = []
        def __new__(meta, name, bases, space, *, tag):
            meta.made.append(name)
            made = super().__new__(meta, name, bases, space)
            made.tag = tag
            return made
        def __init__(cls, *args, tag): pass
"""


@pytest.fixture
def tree(tmp_path):
    return project(tmp_path, LIBRARY)


CASES = {
    "plain": (
        """
        class C:
            "Doc."
            x = [1]
            def __init__(self, y): self.y = y
            def both(self): return self.x, self.y
            @classmethod
            def make(cls): return cls(5)
            @staticmethod
            def plain(): return 6
            @property
            def double(self): return self.y * 2
            @double.setter
            def double(self, value): self.y = value // 2
        obj = C, C(2)
        """,
        """
        C, c = obj
        c.double = 8
        result = (type(c) is C, c.both(), C.make().y, C.plain(), c.double, C.__doc__, C.__name__,
                  C.__module__, C.__qualname__)
        """,
        (True, ([1], 4), 5, 6, 8, "Doc.", "C", "__main__", "C"),
    ),
    "super and slots": (
        """
        class A:
            __slots__ = ("x", "__hidden")
            def __init__(self, x): self.x = x; self.__hidden = x + 1
            def get(self): return self.x, self.__hidden
        class B(A):
            __slots__ = {"y": "why"}
            def __init__(self, x): super().__init__(x); self.y = __class__.__name__
            def get(self): return super().get() + (self.y,)
        obj = B(1)
        """,
        "result = obj.get(), hasattr(obj, '__dict__'), type(obj).__slots__, type(obj)(5).get()",
        ((1, 2, "B"), False, {"y": "why"}, (5, 6, "B")),
    ),
    "nested and self-referring": (
        """
        class Outer:
            class Inner:
                def up(self): return Outer
            def make(self): return Outer.Inner()
        Outer.me = Outer
        Outer.Inner.outer = Outer
        obj = Outer
        """,
        "result = (obj.me is obj, obj().make().up() is obj, obj.Inner.outer is obj,"
        " obj.Inner.__qualname__)",
        (True, True, True, "Outer.Inner"),
    ),
    "metaclass": (
        """
        class Meta(type):
            count = 0
            def __new__(meta, name, bases, space, *, tag="none"):
                Meta.count += 1
                made = super().__new__(meta, name, bases, {**space, "tag": tag})
                return made
            def __init__(cls, *args, **more): pass
            def __call__(cls, x): return super().__call__(x * 10)
            def __len__(cls): return 3
            def __setattr__(cls, name, value): raise AttributeError("frozen")
        class C(metaclass=Meta, tag="tagged"):
            def __init__(self, x): self.x = x
        obj = C
        """,
        "result = obj(1).x, len(obj), obj.tag, type(obj).__name__, type(obj).count",
        (10, 3, "tagged", "Meta", 1),
    ),
    "abc": (
        """
        import abc, collections.abc
        class A(abc.ABC):
            @abc.abstractmethod
            def f(self): ...
            @property
            @abc.abstractmethod
            def g(self): ...
        class B(A):
            def f(self): return 1
            g = 2
        class Other: pass
        A.register(Other)
        A.register(float)
        class Seq(collections.abc.Sequence):
            def __getitem__(self, i): return [1, 2][i]
            def __len__(self): return 2
        obj = [B, A, Other, Seq]
        """,
        """
        B, A, Other, Seq = obj
        try:
            A()
        except TypeError as error:
            refused = "abstract" in str(error)
        result = (refused, B().f(), isinstance(Other(), A), isinstance(1.0, A), isinstance(1, A),
                  list(Seq()), sorted(A.__abstractmethods__), 2 in Seq())
        """,
        (True, 1, True, True, False, [1, 2], ["f", "g"], True),
    ),
    "enums": (
        """
        import enum
        class Color(enum.Enum):
            RED = 1
            GREEN = "g"
            ALIAS = 1
            def hello(self): return "I am " + self.name
            @property
            def upper(self): return self.name.upper()
            @classmethod
            def first(cls): return cls.RED
        class Number(enum.IntEnum):
            ONE = 1
            TWO = 2
        class Text(str, enum.Enum):
            A = "a"
        class Perm(enum.Flag):
            R = enum.auto()
            W = enum.auto()
            RW = R | W
        class IntPerm(enum.IntFlag):
            R = 4
            W = 2
        class Planet(enum.Enum):
            EARTH = (5.0, 6.0)
            MARS = (3.0, 2.0)
            def __init__(self, mass, radius):
                self.mass, self.radius = mass, radius
        class Coord(bytes, enum.Enum):
            def __new__(cls, value, label):
                obj = bytes.__new__(cls, [value])
                obj._value_ = value
                obj.label = label
                return obj
            X = (1, "x")
            Y = (2, "y")
        obj = [Color, Number, Text, Perm, IntPerm, Planet, Coord, Color.GREEN, Perm.R | Perm.W]
        """,
        """
        Color, Number, Text, Perm, IntPerm, Planet, Coord, green, rw = obj
        result = [
            Color.RED.hello(), Color.ALIAS is Color.RED, Color(1) is Color.RED,
            green is Color.GREEN,
            list(Color.__members__), Color["GREEN"] is green, green.upper, Color.first().name,
            Number.TWO + 1, Number(1) is Number.ONE, isinstance(Number.ONE, int),
            Text.A == "a", Text("a") is Text.A, Text.A.upper(),
            rw == Perm.RW, (Perm.R | Perm.W).value, Perm.R in rw, (~Perm.R).name,
            int(IntPerm.R | IntPerm.W), (IntPerm.R | 8) == 12,
            Planet.MARS.mass, Planet((5.0, 6.0)).radius,
            Coord.Y.label, Coord(2) is Coord.Y, bytes(Coord.X), len(Color), repr(Color.RED),
            Color.RED in Color, Color.__name__, hash(green) == hash(Color.GREEN),
        ]
        try:
            Color(99)
        except ValueError as error:
            result.append(str(error))
        try:
            Color.RED = 3
        except AttributeError:
            result.append("frozen")
        import pickle, copy
        result.append(copy.deepcopy(Color.RED) is Color.RED)
        """,
        [
            "I am RED", True, True, True, ["RED", "GREEN", "ALIAS"], True, "GREEN", "RED",
            3, True, True, True, True, "A", True, 3, True, "W", 6, True, 3.0, 6.0,
            "y", True, b"\1", 2, "<Color.RED: 1>", True, "Color", True,
            "99 is not a valid Color", "frozen", True,
        ],
    ),
    "an enum's base and order": (
        """
        import enum
        class Base(enum.Enum):
            def __init__(self, code): self.code = code * 2
            def _generate_next_value_(name, start, count, last): return name.lower()
            @classmethod
            def _missing_(cls, value): return cls.A
        class E(Base):
            A = enum.auto()
            B = 3
        obj = E
        """,
        "result = ([e.value for e in obj], obj.B.code, obj('nothing').name,"
        " issubclass(obj, obj.__base__))",
        (["a", 3], 6, "A", True),
    ),
    "dataclasses": (
        """
        import dataclasses, typing
        from dataclasses import dataclass, field
        @dataclass
        class D:
            x: int
            y: list = field(default_factory=list, metadata={"k": 1})
            z: int = 3
            c: typing.ClassVar[int] = 9
            i: dataclasses.InitVar[int] = 4
            hidden: int = field(default=7, init=False, repr=False, compare=False)
            def __post_init__(self, i): self.hidden = i + self.z
        @dataclass(frozen=True, order=True)
        class F:
            x: int = 0
            w: str = "w"
        obj = [D, D(1), F, F(2)]
        """,
        """
        import dataclasses
        D, d, F, f = obj
        result = [
            repr(d), d == D(1), d.hidden, D(1, [2], 5, 6).hidden, D.c,
            [(x.name, x.type, x.default is dataclasses.MISSING)
             for x in dataclasses.fields(D)][:2],
            dict(dataclasses.fields(D)[1].metadata), dataclasses.asdict(D(1)),
            dataclasses.is_dataclass(D),
            repr(dataclasses.replace(f, x=4)), F(1) < F(2), hash(F(1)) == hash(F(1)), D.__hash__,
            F.__dataclass_params__.frozen,
        ]
        try:
            f.x = 1
        except dataclasses.FrozenInstanceError:
            result.append("frozen")
        @dataclasses.dataclass
        class Sub(D):
            more: int = 1
        result.append(repr(Sub(1)))
        """,
        [
            "D(x=1, y=[], z=3)", True, 7, 11, 9,
            [("x", int, True), ("y", list, True)], {"k": 1},
            {"x": 1, "y": [], "z": 3, "hidden": 7}, True, "F(x=4, w='w')", True, True, None,
            True, "frozen",
            "Sub(x=1, y=[], z=3, more=1)",
        ],
    ),
    "what a user put in place of generated methods": (
        """
        import dataclasses, enum, functools, typing
        from dataclasses import dataclass, field
        called = []
        def trace(function):
            @functools.wraps(function)
            def wrapper(*args):
                called.append(function.__name__)
                return function(*args)
            return wrapper
        class Unit:
            def __hash__(self): return 1
            def __repr__(self): return "unit"
        ONE = Unit()
        @dataclass(order=True)
        class P:
            age: int = 1
            units: list = field(default_factory=lambda: [ONE])
            to = dataclasses.asdict
            @functools.wraps(dataclasses.asdict)
            def more(self): return {"more": self.to()}
            def again(self): first(self, 8); return self
        first, shown = P.__init__, P.__repr__
        P.__init__ = trace(P.__init__)
        P.__lt__ = trace(P.__lt__)
        P.__repr__ = lambda self: "<" + shown(self) + ">"
        @dataclass
        class Plain:
            unit: Unit = ONE
            units: list = field(default_factory=lambda: [ONE])
            def again(self): plain(self); return self
        plain = Plain.__init__
        def make(n):
            @dataclass(frozen=True)
            class Local:
                x: int = n
            def __setattr__(self, name, value):
                old(self, name, value + n)
            old, Local.__setattr__ = Local.__setattr__, __setattr__
            return Local
        class T(typing.NamedTuple):
            x: int
            unit: Unit = ONE
        def new(cls, x, *args): return plain_new(cls, x + 4, *args)
        plain_new, T.__new__ = T.__new__, new
        class Casts(typing.Protocol):
            cast = staticmethod(typing.cast)
        class Sub(Casts): pass
        class Flag(enum.Flag):
            A = 1
            B = 2
            __or__ = None
        obj = P, Plain, called, Sub, Flag, make(1), make(2), T
        """,
        """
        P, Plain, called, Sub, Flag, *locals_, T = obj
        result = [repr(P(2)), P(1) < P(2), called[-2:], P(3).again().age, repr(P().more()["more"])]
        result += [repr(Plain().again()), Plain.again.__globals__["plain"] is Plain.__init__]
        result += [Sub().cast(int, "x"), Flag.__dict__["__or__"], [each().x for each in locals_]]
        for each in locals_:
            try:
                each().x = 3
            except AttributeError as error:
                result.append(str(error))
        result += [repr(T(1)), T._fields]
        """,
        [
            "<P(age=2, units=[unit])>", True, ["__init__", "__lt__"], 8,
            "{'age': 1, 'units': [unit]}", "Plain(unit=unit, units=[unit])", True, "x", None,
            [1, 2], "cannot assign to field 'x'", "cannot assign to field 'x'",
            "T(x=5, unit=unit)", ("x", "unit"),
        ],
    ),
    "named tuples": (
        """
        import collections, typing
        P = collections.namedtuple("P", "x y", defaults=[5])
        class Q(typing.NamedTuple):
            "Doc."
            a: int
            b: str = "b"
            def both(self): return self.a, self.b
        class R(collections.namedtuple("Base", "u v")):
            __slots__ = ()
            def __repr__(self): return "R!"
        obj = [P, P(1), Q, Q(2), R(3, 4)]
        """,
        """
        P, p, Q, q, r = obj
        result = [p.x, p.y, repr(p), p._replace(x=2), p._asdict(), P._fields, q.both(), repr(q),
                  Q._field_defaults, Q.__annotations__, Q._make([8, 9]).a, r.u, repr(r),
                  Q.__doc__, p == (1, 5), P.__module__, type(r)(1, 2)._replace(u=5).u]
        result[3] = tuple(result[3])
        """,
        [
            1, 5, "P(x=1, y=5)", (2, 5), {"x": 1, "y": 5}, ("x", "y"), (2, "b"), "Q(a=2, b='b')",
            {"b": "b"}, {"a": int, "b": str}, 8, 3, "R!", "Doc.", True, "__main__", 5,
        ],
    ),
    "typing": (
        """
        import typing
        T = typing.TypeVar("T")
        K = typing.TypeVar("K", int, str)
        class Box(typing.Generic[T]):
            def __init__(self, x: T): self.x = x
        class IntBox(Box[int]): pass
        class Movie(typing.TypedDict, total=False):
            name: str
            year: int
        @typing.runtime_checkable
        class Closes(typing.Protocol):
            def close(self) -> None: ...
        class Door(Closes):
            def close(self): return "closed"
        class Loose:
            def close(self): pass
        UserId = typing.NewType("UserId", int)
        obj = [Box, IntBox, Movie, Closes, Door, Loose, T, K, UserId, Box[T], typing.List[Box[int]]]
        """,
        """
        import typing
        Box, IntBox, Movie, Closes, Door, Loose, T, K, UserId, alias, many = obj
        result = [
            Box[int](1).x, Box.__parameters__ == (T,), IntBox(2).x,
            IntBox.__orig_bases__ == (Box[int],),
            Movie(name="x"), Movie.__total__, sorted(Movie.__optional_keys__),
            isinstance(Loose(), Closes), isinstance(1, Closes), Door().close(),
            isinstance(Door(), Closes),
            K.__constraints__, UserId(5), UserId.__name__, alias[str].__args__,
            typing.get_args(many)[0].__origin__ is Box, Movie.__annotations__,
        ]
        try:
            Closes()
        except TypeError:
            result.append("a protocol")
        """,
        [
            1, True, 2, True, {"name": "x"}, False, ["name", "year"], True, False, "closed", True,
            (int, str), 5, "UserId", (str,), True, {"name": str, "year": int}, "a protocol",
        ],
    ),
    "hooks run once": (
        """
        class Field:
            names = []
            def __set_name__(self, owner, name): self.name = name; Field.names.append(name)
            def __get__(self, obj, owner): return self.name
        class Base:
            seen = []
            def __init_subclass__(cls, key=None, **more):
                super().__init_subclass__(**more)
                cls.key = key
                Base.seen.append(key)
        class A(Base, key="a"):
            field = Field()
        class Slotted(Base, key="s"):
            __slots__ = ("x",)
        obj = [A, Base, Field, Slotted]
        """,
        """
        A, Base, Field, Slotted = obj
        before = list(Base.seen)
        class B(A, key="b"):
            pass
        result = (before, Base.seen, A.key, A().field, Field.names, B.key,
                  A.__mro__[1:] == (Base, object),
                  A.__bases__ == (Base,), Slotted.__bases__ == (Base,))
        """,
        (["a", "s"], ["a", "s", "b"], "a", "field", ["field"], "b", True, True, True),
    ),
    "a base that knows its children": (
        """
        class Base:
            children = {}
            def __init_subclass__(cls): Base.children[cls.__name__] = cls
        class A(Base): pass
        class B(A): pass
        obj = B()
        """,
        "B = type(obj); result = sorted(B.children), B.children['B'] is B, B.__mro__[1].__name__",
        (["A", "B"], True, "A"),
    ),
    "inheriting from a shipped class": (
        """
        import library
        class C(library.Base, key="k"):
            def hello(self): return super().hello() + "!"
        class M(metaclass=library.Meta, tag=1):
            pass
        obj = C(), M
        """,
        """
        c, M = obj
        import library
        result = c.hello(), isinstance(c, library.Base), library.Base.seen, M.tag, library.Meta.made
        """,
        ("hello from C!", True, [], 1, []),
    ),
    "built-in bases": (
        """
        class E(Exception):
            def __init__(self, x): super().__init__(x); self.x = x
        class L(list):
            def first(self): return self[0]
        class D(dict):
            def __missing__(self, key): return key
        class I(int):
            def __repr__(self): return "I" + str(int(self))
        class T(tuple):
            def __new__(cls, *items): return super().__new__(cls, items)
            def __getnewargs__(self): return tuple(self)
        import ctypes
        class S(ctypes.Structure):
            _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double)]
        obj = [E(1), L([5]), D(), I(3), T(1, 2), S]
        """,
        """
        e, l, d, i, t, S = obj
        result = e.x, e.args, l.first(), d["k"], repr(i), tuple(t), S(1, 2.5).y
        """,
        (1, (1,), 5, "k", "I3", (1, 2), 2.5),
    ),
    "descriptors in a class": (
        """
        import functools
        class C:
            n = 0
            @functools.cached_property
            def slow(self): C.n += 1; return C.n
            @functools.lru_cache(None)
            def kept(self, x): return x
            @functools.singledispatchmethod
            def show(self, x): return "any"
            @show.register
            def _(self, x: int): return "int"
            part = functools.partialmethod(kept, 5)
            def __class_getitem__(cls, item): return item
        obj = C()
        """,
        "C = type(obj); result = obj.slow, obj.slow, obj.kept(4), obj.show(1), obj.show(''),"
        " obj.part(), C[3]",
        (1, 1, 4, "int", "any", 5, 3),
    ),
    "annotations": (
        """
        class C:
            x: int = 1
            y: "list[str]"
        class Empty: pass
        obj = C, Empty
        """,
        "result = obj[0].__annotations__, getattr(obj[1], '__annotations__', {})",
        ({"x": int, "y": "list[str]"}, {}),
    ),
    "annotations that name the script's classes": (
        """
        import dataclasses
        class Item: pass
        class C:
            item: "Item"
        @dataclasses.dataclass
        class D:
            item: "Item"
        def function(item: "Item"): pass
        obj = Item, C, D, function
        """,
        """
        import typing
        Item, C, D, function = obj
        result = [each.__annotations__["item"] is Item for each in (C, D)]
        result += [typing.get_type_hints(C)["item"] is Item, D.__dataclass_fields__["item"].type]
        result += [function.__annotations__["item"]]
        """,
        [True, True, True, "Item", "Item"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_class_of_main(name, tree):
    sender, code, expected = CASES[name]
    assert receive(send(tree, sender), code, absent=["library"]).result == expected


def test_classes_made_in_a_shipped_module(tmp_path):
    tree = project(
        tmp_path,
        """
        === factory.py
        import dataclasses, enum
        made = []
        def make(n):
            class Local:
                def get(self): return n, made
                def twin(self): return super().__repr__()[:1], Local
            @dataclasses.dataclass
            class Data:
                x: int = n
            class Kind(enum.Enum):
                A = n
            return Local, Data, Kind
        """,
    )
    sender = "import factory\nobj = [each for n in (1, 2) for each in factory.make(n)]"
    code = """
    import factory
    Local, Data, Kind, Local2, Data2, Kind2 = obj
    get = Local().get
    result = (get()[0], get()[1] is factory.made, Local().twin() == ("<", Local), Data().x,
              Kind.A.value, Local is Local2, Data2().x, Kind2.A.value, Local2().get()[0],
              Local.get.__code__.co_filename == factory.__file__)
    """
    data = send(tree, sender)
    assert b"<marshal" not in data
    expected = (1, True, True, 1, 1, False, 2, 2, 2, True)
    assert receive(data, code, absent=["factory"]).result == expected


def test_a_dynamic_class_without_a_module(tmp_path):
    sender = """
    C = type("C", (), {"x": 1, "__module__": None, "f": lambda self: self.x})
    D = type("D", (C,), {})
    exec("class E:\\n    def f(self): return 5", names := {})
    obj = C, D, names["E"]
    """
    code = "C, D, E = obj; result = C().f(), D().x, E().f(), D.__mro__[1] is C"
    assert receive(send(tmp_path, sender), code).result == (1, 1, 5, True)


def test_a_class_that_changed_arrives_changed(tmp_path):
    sender = """
    import modulepickle
    factor = 2
    class C:
        def f(self): return factor
    one = modulepickle.dumps(C)
    factor = 3
    C.g = lambda self: "new"
    two = modulepickle.dumps(C)
    result = one, two
    """
    datas = run(tmp_path, sender).result
    code = """
    one = load(0)
    before = one().f(), hasattr(one, "g")
    two = load(1)
    result = before, one is two, one().f(), one().g()
    """
    assert receive(datas, code, lazy=True).result == ((2, False), True, 3, "new")


def test_r08_a_class_keeps_the_packages_that_it_came_with(tmp_path):
    tree = project(
        tmp_path,
        """
        === base.py
        class Base:
            def unit(self):
                from units import UNIT
                return UNIT
        === units.py
        UNIT = "km"
        """,
    )
    sender = """
    import base, modulepickle, pathlib, typing
    class C(base.Base):
        made = 0
    T = typing.TypeVar("T", bound=C)
    def dumps(unit):
        pathlib.Path("units.py").write_text(f"UNIT = {unit!r}")
        C.made += 1
        return modulepickle.dumps((C, T))
    result = [dumps(unit) for unit in ("km", "km", "miles", "km")]
    assert all(modulepickle.loads(data) == (C, T) for data in result)
    """
    datas = run(tree, sender).result
    code = """
    classes, variables = zip(*objs)
    same, there, edited, again = classes
    result = [each().unit() for each in classes], edited is there, variables[2].__bound__ is edited
    result += same is there, variables[0] is variables[1]
    """
    got = receive(datas, code, absent=["base", "units"]).result
    assert got == (["km", "km", "miles", "km"], False, True, True, True)


def test_two_senders_give_a_class_the_same_key_after_an_edit(tmp_path):
    sender = """
    import modulepickle, pathlib, units
    class C:
        def unit(self):
            return units.UNIT
    if {first}:
        modulepickle.dumps(C)
    pathlib.Path("units.py").write_text("UNIT = 'miles'")
    result = modulepickle.dumps(C)
    """
    datas = []
    for first in (True, False):
        tree = project(tmp_path / str(first), "=== units.py\nUNIT = 'km'")
        datas.append(run(tree, sender.format(first=first)).result)
    assert datas[0] == datas[1]


def test_a_named_tuple_while_garbage_is_collected(tmp_path):
    # What a class is compared with is made on the way, and must not go before that is done.
    sender = """
        import collections, gc
        import modulepickle._reduce.generated as generated
        obj = collections.namedtuple("P", "x y")
        same = generated._is_same
        generated._is_same = lambda *args: (gc.collect(), same(*args))[1]
    """
    data = send(tmp_path, sender)
    assert receive(data, "result = tuple(obj(1, y=2))").result == (1, 2)


@pytest.mark.parametrize("name", ["members", "protocol", "registered"])
def test_r19_a_method_is_there_first_whatever_its_name(name, tmp_path):
    # These are also names of what is done late; a method is sent with all others.
    sender = f"""
        class C:
            def first(self): return 1
            def {name}(self): return 2
        obj = C
    """
    data = send(tmp_path, sender)
    other = "other_" + name[6:]
    assert len(data) == len(send(tmp_path, sender.replace(name, other)))
    assert receive(data, f"result = obj().first(), obj().{name}()").result == (1, 2)
