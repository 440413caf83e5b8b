"""What scripts define, kind by kind: each text is a script, and expressions about what it defines.

The right values are what the expressions give natively, in a process that has imported the script
as a module, for what plain `pickle` makes of its names. An expression sees the names of the script.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Kind(NamedTuple):
    """A script, and what is asked of it.

    Attributes:
        script: it defines names. names: those that are pickled, all in one dict.
        asked: expressions. oldest: the oldest Python that can have it.
    """

    script: str
    names: str
    asked: tuple[str, ...]
    oldest: tuple[int, int] = (3, 9)


KINDS: Final[dict[str, Kind]] = {
    "instances in the class": Kind(
        """
        class State:
            def __init__(self, x): self.x = x
            def __getstate__(self): return (self.x, "packed")
            def __setstate__(self, state): self.x = state[0]
        State.START = State(1)
        State.after = 2
        """,
        "State",
        ("State.START.x", "type(State.START) is State", "list(vars(State))[-2:]"),
    ),
    "tables keyed by instances": Kind(
        """
        class Key:
            def __init__(self, name): self.name = name
            def __hash__(self): return hash(self.name)
            def __eq__(self, other): return self.name == other.name
            def look(self): return TABLE[self], self in SEEN, self in FROZEN
        TABLE = {Key("a"): 1, Key("b"): 2}
        SEEN = {Key("a"), Key("c")}
        FROZEN = frozenset([Key("a")])
        """,
        "Key TABLE",
        ("Key('a').look()", "Key('b').look()", "TABLE[Key('b')]", "len(TABLE)"),
    ),
    "containers whose items read what names them": Kind(
        """
        import collections
        TABLE, LIST, SET, BIG = {}, [], set(), {}
        ORDERED, DEFAULT = collections.OrderedDict(), collections.defaultdict(list)
        QUEUE = collections.deque()
        class Registry:
            def __init__(self): self.all = []
        REGISTRY = Registry()
        class C:
            mine = []
            def __init__(self, n): self.n = n
            def __hash__(self): return hash(self.n)
            def __eq__(self, other): return self.n == other.n
            def __setstate__(self, state):
                self.__dict__.update(state)
                self.seen = TABLE, LIST, SET, BIG, ORDERED, DEFAULT, QUEUE, REGISTRY, self.mine
        TABLE[C(1)] = C(2)
        LIST += [C(1), TABLE]
        SET.add(C(1))
        BIG.update((C(i), i) for i in range(300))
        ORDERED[C(1)] = 1
        DEFAULT[C(1)].append(C(2))
        QUEUE.append(C(3))
        REGISTRY.all.append(C(4))
        C.mine.append(C(5))
        def same():
            one = next(iter(TABLE))
            one.__setstate__({"n": 1})
            every = *TABLE, LIST[0], *SET, BIG and next(iter(BIG)), QUEUE[0], REGISTRY.all[0]
            all_ = TABLE, LIST, SET, BIG, ORDERED, DEFAULT, QUEUE, REGISTRY, C.mine
            return [[a is b for a, b in zip(getattr(each, "seen", all_), all_)] for each in every]
        def found():
            return (TABLE[C(1)].n, LIST[1] is TABLE, C(1) in SET, BIG[C(299)], ORDERED[C(1)],
                    DEFAULT[C(1)][0].n, QUEUE[0].n, REGISTRY.all[0].n, C.mine[0].n)
        """,
        "same C found",
        ("same()", "found()", "len(C.mine)"),
    ),
    "a table that making an instance reads": Kind(
        """
        class P:
            known = {}
            def __new__(cls, key):
                if key not in cls.known:
                    cls.known[key] = super().__new__(cls)
                    cls.known[key].key = key
                return cls.known[key]
            def __getnewargs__(self): return (self.key,)
            def __getstate__(self): return None
        A, B = P("a"), P("b")
        P.first = A
        def same(): return P("a") is A, P.first is A, sorted(P.known)
        """,
        "same A B P",
        ("same()", "A.key", "P('b') is B"),
    ),
    "references in annotations": Kind(
        """
        import typing, weakref, struct
        from dataclasses import dataclass
        T = typing.TypeVar("T")
        class A: pass
        Alias = typing.Union[A, typing.List["A"], None]
        def function(x: Alias) -> "typing.Dict[str, A]": ...
        class Row(typing.TypedDict):
            rows: typing.List["Row"]
        @dataclass
        class G(typing.Generic[T]):
            x: T
            other: "typing.Optional[G[T]]" = None
        @dataclass
        class I(G[int]):
            y: str = "y"
        one = I(1, I(2))
        class Weak:
            live = weakref.WeakValueDictionary()
            form = struct.Struct("<h")
            def __init__(self): Weak.live["it"] = self
        Weak.held = Weak()
        """,
        "A function Row G I one Weak",
        (
            "typing.get_type_hints(function)['x'].__args__[0] is A",
            "typing.get_type_hints(function)['return'] == typing.Dict[str, A]",
            "typing.get_type_hints(Row)['rows'] == typing.List[Row]",
            "one.other.x, G[int](3)",
            "I.__orig_bases__[0] == G[int], G.__parameters__ == I.__orig_bases__[0].__parameters__",
            "typing.get_type_hints(G)['other'].__args__[0].__origin__ is G",
            "Weak.live['it'] is Weak.held, Weak.form.pack(1)",
        ),
    ),
    "two classes with instances of each other": Kind(
        """
        class A:
            def __setstate__(self, state): self.kind = B.name; self.__dict__.update(state)
            def other(self): return B_ONE
        class B:
            name = "b"
            def __setstate__(self, state): self.kind = A_ONE_NAME; self.__dict__.update(state)
            def other(self): return A_ONE
        A_ONE_NAME = "one"
        A_ONE, B_ONE = A(), B()
        A_ONE.x, B_ONE.x = 1, 2
        A.of, B.of = B_ONE, A_ONE
        """,
        "A B A_ONE B_ONE",
        ("A_ONE.other().x", "B.of.x, A.of.x", "A_ONE.kind, B_ONE.kind", "type(A.of) is B"),
    ),
    "reduce through a class method": Kind(
        """
        class Custom:
            @classmethod
            def _make(cls, data): return cls(data)
            def __init__(self, data): self.data = data
            def __reduce__(self): return self._make, (self.data,)
            def get(self): return DEFAULT.data
        DEFAULT = Custom(6)
        class Missing:
            _it = None
            def __new__(cls):
                if cls._it is None: cls._it = super().__new__(cls)
                return cls._it
            @classmethod
            def get(cls): return cls()
            def __reduce__(self): return Missing.get, ()
            def __bool__(self): return False
        MISSING = Missing()
        def ask(x=MISSING): return x is MISSING, bool(x)
        """,
        "DEFAULT ask MISSING",
        ("DEFAULT.get()", "ask()", "ask(3)", "ask(MISSING)", "type(MISSING).get() is MISSING"),
    ),
    "state that is made by helpers": Kind(
        """
        LEVELS = {"low": 1}
        def level(name): return LEVELS[name], fallback(name)
        def fallback(name, default=[0]): return CONFIG.get(name, default)
        CONFIG = {"low": "from config"}
        class Reading:
            def __init__(self, name): self.name = name; self.level = level(name)
            def __getstate__(self): return self.name
            def __setstate__(self, name): self.__init__(name)
        def first(): return FIRST.level
        FIRST = Reading("low")
        LATER = [FIRST, {"again": FIRST}]
        def from_list(): return LATER[1]["again"] is FIRST, LATER[0].level
        """,
        "first from_list FIRST",
        ("first()", "from_list()", "FIRST.name"),
    ),
    "bound methods": Kind(
        """
        import functools
        class B:
            def __init__(self): self.x = 1
            def __getattr__(self, name): raise AttributeError(name)
            def __hidden(self): return self.x + 1
            def give(self): return self.__hidden
            def deco(f):
                def inner(self): return f(self) * 2
                return inner
            @deco
            def run(self): return self.x
            alias = lambda self: self.x
            def shadowed(self): return "the method"
            @classmethod
            def make(cls): return cls.__name__
        b = B()
        b.handler = b.run
        HANDLERS = {"make": B.make, "run": b.run}
        B.table = HANDLERS
        c = B()
        SHADOW = c.shadowed
        c.shadowed = lambda: "the instance's"
        GIVEN = b.give()
        """,
        "b HANDLERS SHADOW GIVEN",
        (
            "GIVEN()",
            "b.handler()",
            "HANDLERS['make']()",
            "HANDLERS['run']()",
            "SHADOW()",
            "b.alias()",
            "b.table['run'].__self__ is b",
        ),
    ),
    "dataclasses": Kind(
        """
        import dataclasses, typing
        from dataclasses import dataclass, field
        @dataclass(frozen=True)
        class Color:
            r: int
            def name(self): return NAMES[self]
        NAMES = {Color(255): "red"}
        @dataclass
        class Box:
            color: Color = Color(1)
            many: "list[int]" = field(default_factory=list, metadata={"k": Color(2)})
            start: dataclasses.InitVar[int] = 4
            kind: typing.ClassVar[str] = "box"
            def __post_init__(self, start): self.sum = start + self.color.r
        @dataclass(order=True)
        class Big(Box):
            size: int = 3
            def __getstate__(self): return {**vars(self), "sum": -1}
        Made = dataclasses.make_dataclass("Made", [("a", int), ("b", int, field(default=2))])
        class Other:
            def __init__(self, r): self.r = r
            __repr__ = Color.__repr__
            __hash__ = Color.__hash__
        @dataclass(eq=False, frozen=True)
        class Sub(Color):
            y: int = 2
            __hash__ = Color.__hash__
        """,
        "Color Box Big Made Other Sub",
        (
            "Color(255).name()",
            "Box()",
            "Box(start=9).sum",
            "dataclasses.fields(Box)[1].metadata['k']",
            "Big(size=1) < Big(size=2)",
            "Big(Color(3))",
            "[f.name for f in dataclasses.fields(Big)]",
            "pickle.loads(pickle.dumps(Made.__name__))",
            "Made(1)",
            "Made.__match_args__ if sys.version_info >= (3, 10) else ('a', 'b')",
            "Other(3)",
            "hash(Other(3)) == hash(Color(3))",
            "Sub(1)",
            "hash(Sub(1)) == hash((1,))",
            "Big.__getstate__(Big())['sum']",
            "dataclasses.replace(Color(1), r=5)",
            "Box.__doc__ is not None",
        ),
    ),
    "dataclasses with slots that init fills": Kind(
        """
        from dataclasses import InitVar, dataclass, field
        import dataclasses
        @dataclass(slots=True)
        class Own:
            x: int
            n: int = field(default=0, init=False)
            many: list = field(default_factory=list, init=False)
            i: InitVar[int] = 3
            def __post_init__(self, i): self.x += i
        @dataclass(frozen=True, slots=True, order=True, kw_only=True)
        class Frozen:
            x: int = field(default=4, init=False)
            y: int = 2
        @dataclass(slots=True, match_args=False)
        class Sub(Own):
            z: int = field(default=9, init=False)
        @dataclass
        class Bare:
            n: int = field(default=5, init=False)
        """,
        "Own Frozen Sub Bare",
        (
            "Own(1)",
            "Own(1).n",
            "Own(1, 5).many",
            "Frozen()",
            "Frozen(y=1) < Frozen(y=2)",
            "hash(Frozen()) == hash(Frozen(y=2))",
            "dataclasses.replace(Frozen(), y=7)",
            "Sub(1), Sub(1).z",
            "hasattr(Sub, '__match_args__')",
            "vars(Bare()), Bare().n",
            "inspect.signature(Sub)",
        ),
        (3, 10),
    ),
    "enums that are something else of the script": Kind(
        """
        from enum import Enum
        from dataclasses import dataclass, field
        @dataclass(frozen=True)
        class Planetary:
            mass: float
            radius: float
            def density(self): return self.mass / self.radius
        class Planet(Planetary, Enum):
            EARTH = 6.0, 3.0
            MARS = 1.0, 2.0
        @dataclass(frozen=True)
        class Moon:
            x: int
            of: object = Planet.EARTH
        class Moons(Moon, Enum):
            LUNA = 1
        class Hexed:
            def __repr__(self): return hex(self)
        class Number(Hexed, int, Enum):
            A = 255
        class Twice(int):
            def __new__(cls, value): return int.__new__(cls, value)
            def __repr__(self): return hex(self)
        class Double(Twice, Enum):
            A = 255
        class Own(Planetary, Enum):
            A = 1.0, 2.0
            def __repr__(self): return "mine"
        """,
        "Planet Moons Number Double Own",
        (
            "Planet.EARTH.density()",
            "str(Planet.MARS), f'{Planet.MARS}'",
            "Moons.LUNA.of is Planet.EARTH",
            "Number.A",
            "str(Number.A), int(Number.A)",
            "Double.A",
            "int(Double.A)",
            "Own.A",
            "Planet(Planet.MARS.value) is Planet.MARS",
            "Planet.__mro__[1].__subclasses__()[:2]",
        ),
    ),
    "a metaclass with an order of its own": Kind(
        """
        class Backwards(type):
            runs = []
            def mro(cls):
                Backwards.runs.append(cls.__name__)
                first, *others, last = super().mro() if len(super().mro()) > 1 else (cls, object)
                return [first, *reversed(others), last]
        class One(metaclass=Backwards):
            def name(self): return "one"
        class Two(metaclass=Backwards):
            seen = []
            def __init_subclass__(cls, key): Two.seen.append((cls.__name__, key))
            def name(self): return "two"
        class Both(One, Two, key=1):
            __slots__ = ("x",)
        class Below(Both, key=2):
            def again(self): return super().name()
        def derive():
            class More(Below, key=3): pass
            return [each.__name__ for each in More.__mro__]
        """,
        "Both Below Two Backwards derive",
        (
            "Both().name()",
            "Below().again()",
            "[each.__name__ for each in Below.__mro__]",
            "Two.seen, Backwards.runs",
            "type(Below) is Backwards",
            "Both.__bases__[0].__name__",
            "derive()",
        ),
    ),
    "values that are told by identity": Kind(
        """
        NAN, OTHER = float("nan"), float("nan")
        NAMES = frozenset(["a", "b", "c"])
        class Row:
            missing, names = NAN, NAMES
            def same(self, x=NAN, names=NAMES):
                return x is NAN, x is self.missing, self.missing in [NAN], names is self.names
        def plain(*, x=NAN, y=OTHER):
            return x is NAN, y is NAN, x != x
        def closed(x):
            return lambda: x is NAN
        close, row = closed(NAN), Row()
        """,
        "row plain close",
        ("row.same()", "plain()", "close()"),
    ),
    "subclasses that nothing else names": Kind(
        """
        import threading
        class Shape:
            kind = ""
            @classmethod
            def names(cls): return [each.__name__ for each in cls.__subclasses__()]
        class Circle(Shape): kind = "c"
        class Square(Shape):
            kind = "s"
            def other(self): return Circle
        class Tiny(Square): pass
        class Last(Shape): kind = "l"
        class Failure(Exception): lock = threading.Lock()
        def walk(cls):
            for each in cls.__subclasses__():
                yield each.__name__
                yield from walk(each)
        last = Last()
        """,
        "last walk",
        ("last.names()", "type(last).__base__.names()", "[*walk(type(last).__base__)]"),
    ),
    "dataclasses with slots": Kind(
        """
        from dataclasses import dataclass, field, KW_ONLY, FrozenInstanceError
        import dataclasses
        @dataclass(frozen=True, slots=True)
        class Point:
            x: int
            y: list = field(default_factory=list)
            def norm(self): return self.x + len(self.y)
        @dataclass(frozen=True, slots=True)
        class Point3(Point):
            z: int = 0
        @dataclass(slots=True)
        class Plain:
            a: int
            _: KW_ONLY
            b: int = 2
        @dataclass(frozen=True, slots=True)
        class Own:
            x: int
            def __getstate__(self): return ["own", self.x]
            def __setstate__(self, state): object.__setattr__(self, "x", state[1] * 10)
        p, q, plain, own = Point(3, [1]), Point3(1, [2], 5), Plain(1, b=3), Own(1)
        def frozen():
            try: p.x = 1
            except FrozenInstanceError: return "frozen"
        """,
        "Point Point3 Plain p q plain own frozen",
        (
            "p",
            "q",
            "plain",
            "own",
            "p.norm()",
            "hasattr(p, '__dict__')",
            "Point.__slots__",
            "Point3.__slots__",
            "copy.deepcopy(q)",
            "frozen()",
            "own.__getstate__()",
            "inspect.signature(Plain).parameters['b'].kind.name",
            "hash(p.x)",
        ),
        (3, 10),
    ),
    "enums": Kind(
        """
        import enum, ipaddress, collections, decimal, typing, datetime
        from dataclasses import dataclass
        class Net(ipaddress.IPv4Address, enum.Enum):
            HOME = "127.0.0.1"
        class L(list, enum.Enum):
            A = ([1, 2],)
        class D(dict, enum.Enum):
            A = ({"k": 1},)
        class Q(collections.deque, enum.Enum):
            A = ([1, 2],)
        class P(tuple, enum.Enum):
            A = 1, 2
        class Pair(typing.NamedTuple):
            a: int
            b: int
        class N(Pair, enum.Enum):
            X = 3, 4
        class Money(decimal.Decimal, enum.Enum):
            ONE = "1.0"
        class Day(datetime.date, enum.Enum):
            FIRST = 2020, 1, 1
        @dataclass(frozen=True)
        class Size:
            w: int
            h: int = 1
            @property
            def area(self): return self.w * self.h
        class Paper(Size, enum.Enum):
            A4 = 21, 29
            A5 = 14, 21
        class Base(enum.Enum):
            def __init_subclass__(cls, *, prefix, **more):
                super().__init_subclass__(**more)
                cls.prefix = prefix
                ran.append(cls.__name__)
            def full(self): return self.prefix + self.name
        ran = []
        class Color(Base, prefix="c-"):
            RED = 1
            ALSO = 1
            GREEN = 2
        def hooks(): return ran
        class Op(enum.Enum):
            ADD = (lambda a, b: (a + b, Op.ADD.name),)
            SUB = (lambda a, b: (a - b, DEFAULT.name),)
            def __call__(self, *args): return self.value[0](*args)
            @classmethod
            def default(cls): return DEFAULT
        DEFAULT = Op.SUB
        class Planet(enum.Enum):
            EARTH = 1.0, 2.0
            MARS = 3.0, 4.0
            def __init__(self, mass, radius): self.mass, self.radius = mass, radius
            @property
            def ratio(self): return self.mass / self.radius
        NAMES = {Planet.EARTH: "earth", Color.RED: "red"}
        def name(x): return NAMES[x]
        class Unhashable(enum.Enum):
            A = [1]
            B = {"k": 2}
        class Perm(enum.Flag):
            R = 1
            W = 2
            RW = 3
        class Number(int, enum.Enum):
            def __new__(cls, value):
                made = int.__new__(cls, value)
                made._value_ = value
                made.double = value * 2
                return made
            ONE = 1
        """,
        "Net L D Q P N Money Day Paper Color hooks Op Planet name Unhashable Perm Number DEFAULT",
        (
            "Net.HOME.name, Net.HOME.is_loopback, Net.HOME.exploded",
            "list(L.A), L.A.name",
            "D.A['k'], D.A.name",
            "list(Q.A)",
            "P.A == (1, 2), P.A[1]",
            "N.X.b, N.X == (3, 4)",
            "Money.ONE + 1",
            "Day.FIRST.year, Day.FIRST.name",
            "Paper.A4.area, Paper.A4.h",
            "[m.name for m in Paper]",
            "Color.RED.full(), Color.ALSO is Color.RED, Color(2).name",
            "list(Color.__members__)",
            "hooks()",
            "Op.ADD(1, 2)",
            "Op.SUB(1, 2)",
            "Op.default() is Op.SUB",
            "Planet.MARS.ratio",
            "name(Planet.EARTH), name(Color.RED)",
            "Unhashable([1]).name, Unhashable({'k': 2}).name",
            "Perm.RW == Perm.R | Perm.W",
            "(Perm.R | Perm.W).value, (~Perm.R).value",
            "Number.ONE.double, Number(1) is Number.ONE",
            "copy.deepcopy(Planet.MARS) is Planet.MARS",
            "DEFAULT is Op.SUB",
            "Planet((1.0, 2.0)).name",
            "'MARS' in Planet.__members__",
            "len(Color)",
        ),
    ),
    "flags and their boundary": Kind(
        """
        import enum
        class K(enum.Flag, boundary=enum.KEEP):
            P = 1
            Q = 2
        class C(enum.Flag, boundary=enum.CONFORM):
            P = 1
        class E(enum.Flag, boundary=enum.EJECT):
            P = 1
        class S(enum.IntFlag, boundary=enum.STRICT):
            P = 1
            HIGH = 8
        class Backwards(enum.Flag):
            B = 2
            A = 1
        def strict():
            try: S(2)
            except ValueError: return "strict"
        """,
        "K C E S strict Backwards",
        (
            "K._boundary_.name, C._boundary_.name, E._boundary_.name, S._boundary_.name",
            "K(12).value",
            "C(3) is C.P",
            "E(4), type(E(4)).__name__",
            "strict()",
            "[m.name for m in S(9)]",
            "[m.name for m in Backwards]",
            "(~S.P).value",
        ),
        (3, 11),
    ),
    "named tuples": Kind(
        """
        import collections, typing
        Row = collections.namedtuple("Row", ["id", "class", "id"], rename=True)
        Book = collections.namedtuple("Book", "id title", defaults=["none"])
        Book.__doc__ += ": hardcover"
        Book.id.__doc__ = "ISBN"
        class Named(collections.namedtuple("Named", "a b")):
            @property
            def a(self): return "mine"
        class Replaced(typing.NamedTuple):
            a: int
            b: "typing.Optional[int]" = None
            def swap(self): return type(self)(self.b, self.a)
        Replaced.b = property(lambda self: "replaced")
        new = Replaced.__new__
        Replaced.__new__ = lambda cls, a, b=7: tuple.__new__(cls, (a, b))
        Late = collections.namedtuple("Late", "x y")
        Late.ORIGIN = Late(0, 0)
        Late.__new__.__defaults__ = (Late.ORIGIN,)
        """,
        "Row Book Named Replaced Late",
        (
            "Row._fields, Row(1, 2, 3)._replace(_2=9)",
            "Book.__doc__",
            "Book.id.__doc__",
            "Book.title.__doc__",
            "Book(1)",
            "Named(1, 2).a, Named(1, 2).b",
            "Replaced(1)",
            "Replaced(1).b, Replaced(1)[1]",
            "Replaced._field_defaults",
            "Late(1).y == Late.ORIGIN",
            "Late(1)",
            "Book._make([1, 2])._asdict()",
            "Replaced(5).swap()",
        ),
    ),
    "typing": Kind(
        """
        import typing
        T = typing.TypeVar("T")
        class Box(typing.Generic[T]):
            def __init__(self, x: T): self.x = x
        class IntBox(Box[int]):
            default = None
        IntBox.default = IntBox(1)
        class Movie(typing.TypedDict, total=False):
            name: str
            next: "Movie"
        @typing.runtime_checkable
        class Closes(typing.Protocol):
            def close(self) -> "Closes": ...
        class Door(Closes):
            def close(self): return "closed"
        class Loose:
            def close(self): return self
        UserId = typing.NewType("UserId", int)
        Bound = typing.TypeVar("Bound", bound=Box)
        def function(x: Bound, y: "Box[int]" = IntBox.default) -> "typing.Optional[Loose]": return x
        """,
        "Box IntBox Movie Closes Door Loose UserId Bound function T",
        (
            "Box[int](1).x, Box.__parameters__ == (T,)",
            "IntBox.default.x",
            "Movie(name='x')",
            "IntBox.__orig_bases__ == (Box[int],)",
            "Movie.__total__, sorted(Movie.__annotations__)",
            "isinstance(Loose(), Closes), isinstance(1, Closes)",
            "Door().close()",
            "isinstance(Door(), Closes)",
            "UserId(5), UserId.__name__",
            "Bound.__bound__ is Box",
            "function(3)",
            "function.__annotations__['x'] is Bound",
            "typing.get_type_hints(function)['return'] == typing.Optional[Loose]",
        ),
    ),
    "descriptors": Kind(
        """
        import functools, abc
        class unit(property):
            def __init__(self, fget, name="m"):
                super().__init__(fget)
                self.name = name
        class cls_method(classmethod):
            def __init__(self, f, role): super().__init__(f); self.role = role
        class static(staticmethod):
            def __init__(self, f, role): super().__init__(f); self.role = role
        class cached(functools.cached_property):
            def __init__(self, f, ttl): super().__init__(f); self.ttl = ttl
        class Field:
            def __init__(self, default): self.default = default
            def __set_name__(self, owner, name): self.name = name; calls.append(name)
            def __get__(self, obj, owner): return self if obj is None else (self.name, self.default)
        calls = []
        def mark(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            inner.marked = True
            return inner
        class C(abc.ABC):
            length = unit(lambda self: 5, "km")
            make = cls_method(lambda cls: cls.__name__, "maker")
            plain = static(lambda: 6, "static")
            slow = cached(lambda self: 7, 60)
            field = Field([1])
            @staticmethod
            @mark
            def s(): return 1
            @classmethod
            @mark
            def c(cls): return cls.__name__
            @functools.lru_cache(maxsize=None)
            def counted(self): return 8
            @functools.cached_property
            def once(self): return 9
            half = functools.partialmethod(lambda self, x, y: (x, y), 1)
            @functools.singledispatchmethod
            def show(self, x): return "any"
            @show.register
            def _(self, x: int): return "int"
            @property
            @abc.abstractmethod
            def p(self): ...
        C.__dict__["s"].extra = "x"
        @functools.singledispatch
        def shown(x): return "any"
        @shown.register
        def _(x: int): return "int"
        shown.extra = "x"
        class D(C):
            p = 4
        obj = D()
        D.me = obj
        def called(): return calls
        """,
        "C D obj called shown",
        (
            "obj.length, C.__dict__['length'].name",
            "D.make(), C.__dict__['make'].role",
            "C.plain(), C.__dict__['plain'].role",
            "obj.slow, C.__dict__['slow'].ttl",
            "obj.field",
            "D.s(), C.__dict__['s'].extra, D.s.marked",
            "D.c(), obj.counted(), obj.once",
            "obj.half(2)",
            "obj.show(1), obj.show('x')",
            "C.__dict__['p'].__isabstractmethod__",
            "called()",
            "shown(1), shown(''), shown.extra",
            "type(D.me) is D",
            "[n for n in vars(C) if n[:2] != '__' and n[:4] != '_abc']",
            "sorted(C.__abstractmethods__)",
        ),
    ),
    "wrapped classes": Kind(
        """
        import functools
        def singleton(cls):
            made = {}
            @functools.wraps(cls)
            def get(*args):
                if cls not in made: made[cls] = cls(*args)
                return made[cls]
            return get
        @singleton
        class Config:
            "Settings."
            x: int = 1
            def twice(self): return 2 * self.x
        def f(): return Config().twice(), Config() is Config()
        def registered(cls):
            REGISTRY[cls.__name__] = cls
            cls.registry = REGISTRY
            return cls
        REGISTRY = {}
        @registered
        class A:
            def others(self): return sorted(REGISTRY)
        @registered
        class B(A):
            one = A()
        """,
        "f Config A B",
        (
            "f()",
            "Config.__name__, Config.__wrapped__.__doc__, Config.x",
            "B().others()",
            "B.registry['A'] is A",
            "type(B.one) is A",
        ),
    ),
    "ctypes": Kind(
        """
        import ctypes
        Arr = ctypes.c_int * 3
        def run(): return sum(Arr(1, 2, 3))
        class Inner(ctypes.Structure):
            _fields_ = [("a", ctypes.c_short), ("b", Arr)]
            def total(self): return self.a + sum(self.b)
        class Outer(ctypes.Structure):
            _fields_ = [("inner", Inner * 2), ("n", ctypes.c_int)]
            _pack_ = 1
        class Node(ctypes.Structure):
            pass
        Node._fields_ = [("value", ctypes.c_int), ("next", ctypes.POINTER(Node))]
        class Both(ctypes.Union):
            _anonymous_ = ["u"]
            _fields_ = [("i", ctypes.c_uint32), ("u", Inner)]
        Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
        def call(x): return Callback(lambda y: y + 1)(x)
        class Big(ctypes.BigEndianStructure):
            _fields_ = [("x", ctypes.c_uint16)]
        """,
        "run Inner Outer Node Both call Big Arr",
        (
            "run()",
            "Inner(1, Arr(1, 2, 3)).total()",
            "ctypes.sizeof(Outer), Outer().inner[1].a",
            "Node(1, ctypes.pointer(Node(2))).next.contents.value",
            "Both(5).a in (5, 0)",
            "call(3)",
            "bytes(Big(1))",
            "Arr(1, 2)[1], Arr.__name__, Arr._length_",
        ),
    ),
    "names and slots": Kind(
        """
        class A:
            __slots__ = ("_x", "__private")
            def __init__(self, x): self._x = x; self.__private = -x
            def private(self): return self.__private
        A.x = A._x
        A.__name__ = A.__qualname__ = "Renamed"
        class WithDict:
            __dict__ = {"some": 1}
        class Made:
            @property
            def __dict__(self): return {"made": 2}
            @__dict__.setter
            def __dict__(self, v): pass
        class Doc:
            @property
            def __doc__(self): return "of " + type(self).__name__
        class Weak:
            __slots__ = ("a", "__weakref__", "__dict__")
        import types
        class Module(types.ModuleType):
            def __getattr__(self, name):
                if name[:2] == "__": raise AttributeError(name)
                return name.upper()
        module = Module("made_up", "Its doc.")
        module.x = 3
        a = A(3)
        """,
        "A a WithDict Made Doc Weak module",
        (
            "a._x, a.x, A(3).private()",
            "A.__name__, A.__slots__",
            "WithDict().__dict__",
            "Made().__dict__",
            "Doc().__doc__",
            "sorted(n for n in dir(Weak()) if n == 'a')",
            "module.x, module.other, module.__name__, module.__doc__",
        ),
    ),
    "type hints": Kind(
        """
        import dataclasses, typing
        class Item:
            name: str
            parent: "typing.Optional[Item]"
            many: "typing.List[Other]" = ()
            plain: "int" = 1
        class Other(Item):
            extra: "Item"
        @dataclasses.dataclass
        class Data:
            x: "int"
            item: "Item" = None
        class Row(typing.NamedTuple):
            a: "Item"
        def function(x: "Item") -> "typing.List[Other]": return x
        def inside():
            class Local: x: "Local"
            return Local
        """,
        "Item Other Data Row function inside",
        (
            "typing.get_type_hints(Item)['parent'] == typing.Optional[Item]",
            "typing.get_type_hints(Item)['many'] == typing.List[Other]",
            "list(typing.get_type_hints(Other))",
            "typing.get_type_hints(Other)['extra'] is Item",
            "typing.get_type_hints(Data)['item'] is Item",
            "typing.get_type_hints(Row)['a'] is Item",
            "typing.get_type_hints(function)['x'] is Item",
            "Data(1)",
            "Item.plain",
            "inside().__annotations__",
        ),
    ),
    "metaclasses": Kind(
        """
        class Meta(type):
            known = []
            def __new__(meta, name, bases, space, *, tag="none"):
                made = super().__new__(meta, name, bases, space)
                Meta.known.append(made)
                return made
            def __init__(cls, *args, **more): super().__init__(*args)
            @property
            def first(cls): return cls.__name__[0]
            def __setattr__(cls, name, value): raise AttributeError("frozen")
            def __hash__(cls): return hash(cls.__name__)
            def __eq__(cls, other): return cls is other
            def __iter__(cls): return iter(cls.items)
        class C(metaclass=Meta, tag="tagged"):
            items = [1, 2]
            def all(self): return {C: "c", D: "d"}[type(self)]
        class D(C):
            def up(self): return super().all(), __class__.__name__
        TABLE = {C: 1, D: 2}
        def look(x): return TABLE[x]
        """,
        "C D look Meta",
        ("list(C), C.first", "D().up()", "look(D), look(C)", "[c.__name__ for c in Meta.known]"),
    ),
    "an enum whose members are what others wait for": Kind(
        """
        import enum
        class Outer:
            class Kind(enum.Enum):
                A = 1
                B = 2
                @property
                def other(self): return Outer.Kind.B if self is Outer.DEFAULT else Outer.DEFAULT
            DEFAULT = Kind.A
            TABLE = {Kind.A: "a", Kind.B: "b"}
            def __init__(self, kind=DEFAULT): self.kind = kind
            def look(self): return self.TABLE[self.kind]
        class Level(enum.Enum):
            LOW = Outer.Kind.A
            HIGH = Outer.Kind.B
        """,
        "Outer Level",
        (
            "Outer().look(), Outer(Outer.Kind.B).look()",
            "Outer.Kind.A.other is Outer.Kind.B",
            "Level.LOW.value is Outer.DEFAULT, Level(Outer.Kind.B)",
        ),
    ),
    "members of an enum in what nobody looks into": Kind(
        """
        import enum, types
        class Item: pass
        class Colour(enum.Enum):
            RED = 1
        Item.space = types.SimpleNamespace(colour=Colour.RED)
        Item.again = [types.SimpleNamespace(colour=[Colour.RED])]
        def use(): return Item.space.colour is Colour.RED, Item.again[0].colour
        """,
        "use",
        ("use()",),
    ),
    "a metaclass of enums": Kind(
        """
        import abc, enum
        class Meta(enum.EnumMeta):
            def __contains__(cls, item): return item in [each.value for each in cls]
            def __getitem__(cls, name): return super().__getitem__(name.upper())
        class E(enum.Enum, metaclass=Meta):
            A = "a"
        class Both(abc.ABCMeta, enum.EnumMeta): pass
        class Abstract(abc.ABC, enum.Enum, metaclass=Both):
            A = 1
        def is_enum(x): return isinstance(x, enum.EnumMeta)
        """,
        "E Abstract is_enum",
        ("'a' in E, 'z' in E, E['a']", "Abstract.A", "is_enum(E), is_enum(int)"),
    ),
    "signatures of named tuples": Kind(
        """
        import typing
        class Other: pass
        class P(typing.NamedTuple):
            x: int
            y: Other = None
        """,
        "P Other",
        (
            "inspect.signature(P).parameters['y'].annotation is Other",
            "inspect.signature(P).parameters['x']",
            "getattr(P, '__match_args__', ('x', 'y'))",
        ),
    ),
    "texts in types, before anything by value": Kind(
        """
        import typing, pathlib, enum
        T = typing.TypeVar("T", bound="Base")
        class Base: pass
        PATH = pathlib.PurePosixPath("/a/b")
        def where(): return PATH / "c"
        """,
        "T Base where",
        ("T.__bound__.__forward_arg__", "str(where())"),
    ),
    "simple types of ctypes with methods": Kind(
        """
        import ctypes
        class Mine(ctypes.c_int):
            def double(self): return self.value * 2
        class Node(ctypes.Structure): pass
        Node._fields_ = [("mine", Mine), ("next", ctypes.POINTER(Node))]
        Swapped = Mine.__ctype_be__
        """,
        "Mine Node Swapped",
        ("Mine(4).double()", "Node(Mine(5)).mine.double()", "Mine.__ctype_be__ is Swapped"),
    ),
    "wrappers of methods with annotations": Kind(
        """
        import abc, functools
        class Base(abc.ABC):
            timeout: int
            @abc.abstractmethod
            def run(self, x: "Base", y: int = 2) -> str: "Run it."
        class Impl(Base):
            a: int = 1
            def run(self, x: "Base", y: int = 2) -> str: return str(y)
        class Wrapper:
            def __init__(self, function):
                self.function = function
                functools.update_wrapper(self, function)
            def __call__(self, *args): return self.function(*args)
        method, kind = Wrapper(Impl.run), Wrapper(Impl)
        """,
        "method kind Impl",
        ("method(Impl(), None, 3)", "method.__name__", "type(kind()) is Impl", "kind.__name__"),
    ),
    "unions in annotations": Kind(
        """
        from __future__ import annotations
        import dataclasses
        @dataclasses.dataclass
        class A:
            x: int
            b: B | None = None
        @dataclasses.dataclass
        class B:
            a: A | None = None
        def f(x: A | int) -> B | None: return B(x)
        a = A(1, B())
        """,
        "A B f a",
        ("f(a)", "[each.name for each in dataclasses.fields(A)]", "dataclasses.replace(a, x=5)"),
    ),
    "annotations that name nothing": Kind(
        """
        class C:
            x: Undefined
            y: int
            def method(self, z: AlsoUndefined) -> int: return 1
        def f(x: Undefined, y: int): return y
        """,
        "C f",
        (
            "C().method(2), f(1, 2)",
            "(lambda lib: lib.get_annotations(C, format=lib.Format.FORWARDREF)['y'])"
            "(__import__('annotationlib'))",
        ),
        (3, 14),
    ),
    "members of an enum with attributes that lead to members": Kind(
        """
        import enum
        class Side(enum.Enum):
            LEFT = "l"
            RIGHT = "r"
            def flip(self): return self.other
            def table(self): return TABLE[self].other
        Side.LEFT.other, Side.RIGHT.other = Side.RIGHT, Side.LEFT
        Side.LEFT.all = [Side.LEFT, {"right": Side.RIGHT}]
        Side.LEFT.plain = 3
        TABLE = {Side.LEFT: Side.RIGHT}
        class Step(int, enum.Enum):
            ONE = 1
            TWO = 2
        Step.TWO.before = Step.ONE
        def use(side=Side.LEFT): return side.flip() is Side.RIGHT, side.table() is side
        """,
        "Side Step use",
        (
            "use()",
            "Side.LEFT.all[0] is Side.LEFT, Side.LEFT.all[1]['right'].other, Side.LEFT.plain",
            "Step.TWO.before is Step.ONE",
        ),
    ),
    "flags that were inverted": Kind(
        """
        import enum
        class Perm(enum.Flag):
            R = 1
            W = 2
            X = 4
            def without(self, other): return self & ~other
        class Number(enum.IntFlag):
            A = 1
            B = 2
        REST, NOT_A = ~Perm.R, ~Number.A
        def use(x=REST): return Perm.X in REST, ~Perm.R is REST, (x & ~Perm.W), ~REST
        """,
        "Perm Number use REST NOT_A",
        (
            "[getattr(each, 'value', each) for each in use()]",
            "[each.value for each in (REST, ~Perm.R, ~Perm.W, ~(Perm.R | Perm.W))]",
            "(Perm.R | Perm.W).without(Perm.R)",
            "~Number.A & 3, NOT_A & 2",
        ),
    ),
    "enums with functions of enum": Kind(
        """
        import enum
        class Text(str, enum.Enum):
            A = "a"
            __str__ = enum.Enum.__str__
            describe = enum.Enum.__str__
        class Shown(enum.Enum):
            A = 1
            __repr__ = enum.Enum.__str__
            @classmethod
            def first(cls): return next(iter(cls))
        """,
        "Text Shown",
        ("str(Text.A), Text.A.describe()", "repr(Shown.A), repr(Shown.first())"),
    ),
    "enums with functions of a newer enum": Kind(
        """
        import enum
        class Text(enum.StrEnum):
            A = "a"
            __str__ = enum.Enum.__str__
            __format__ = enum.Enum.__format__
        class Number(int, enum.Enum):
            A = 1
            __repr__ = enum.global_enum_repr
            __reduce_ex__ = enum.pickle_by_enum_name
        @enum.global_enum
        class Flags(enum.IntFlag):
            R = 1
            W = 2
        @enum.global_enum
        class Global(enum.Enum):
            G = 1
        """,
        "Text Number Flags Global",
        (
            "str(Text.A), f'{Text.A}', repr(Text.A)",
            "repr(Number.A), Number.A.__reduce_ex__(4)[1][1:]",
            "repr(Flags.R | Flags.W), str(Flags.R), Flags.R | 4",
            "repr(Global.G), str(Global.G)",
        ),
        (3, 11),
    ),
    "context managers that decorate": Kind(
        """
        import contextlib
        LOG = []
        class Thing:
            guard = None
            @contextlib.contextmanager
            def scope(self, x=1):
                LOG.append(x)
                yield self
        THING = Thing()
        @contextlib.contextmanager
        def timer(name, *, log=LOG):
            "Doc of it."
            log.append(name)
            try: yield name
            finally: log.append(GUARD is Thing.guard)
        GUARD = Thing.guard = timer("guard")
        @timer("t", log=LOG)
        def f(x): return LOG[-1], x
        @THING.scope(x=3)
        def g(): return LOG[-1]
        class C:
            @timer("method")
            def run(self): return LOG[-1]
            @staticmethod
            @timer("static")
            def static(): return LOG[-1]
        def use():
            with GUARD as name: return name
        @contextlib.asynccontextmanager
        async def session(x): yield x
        OPEN = session(5)
        async def ask():
            async with OPEN as x: return x
        """,
        "f g C use ask",
        (
            "f(1), f(2)",
            "g(), g()",
            "C().run(), C().run(), C.static()",
            "use()",
            "__import__('asyncio').run(ask())",
        ),
    ),
    "keys of cmp_to_key": Kind(
        """
        import functools
        def compare(a, b):
            SEEN.append(KEY is KEYS["key"])
            return b - a
        SEEN = []
        KEY = functools.cmp_to_key(compare)
        KEYS = {"key": KEY}
        FOUR = KEY(4)
        class Item:
            key = functools.cmp_to_key(lambda a, b: a.n - b.n)
            def __init__(self, n): self.n = n
            def first(self): return min([Item(3), self], key=Item.key).n
        def f(xs, key=KEY): return sorted(xs, key=KEY), sorted(xs, key=key), SEEN[-1]
        def g(): return FOUR < KEY(3), FOUR.obj
        """,
        "f g Item",
        ("f([1, 3, 2])", "g()", "Item(1).first(), Item(5).first()"),
        (3, 10),
    ),
}


def native(kind: Kind) -> str:
    """Return code that imports `case`, and lets plain pickle send its names to this process."""
    return f"""
        import case, copy, dataclasses, inspect, pickle, sys, typing, ctypes
        def sent(obj):
            try:
                return pickle.loads(pickle.dumps(obj))
            except Exception:
                return obj  # plain pickle has no name for it: it is the right value by itself
        space = {{**vars(case), **{{n: sent(getattr(case, n)) for n in {kind.names.split()!r}}}}}
        space.update(copy=copy, dataclasses=dataclasses, inspect=inspect, pickle=pickle, sys=sys,
                     typing=typing, ctypes=ctypes)
        result = {{each: repr(eval(each, space)) for each in {list(kind.asked)!r}}}
    """


def asked(kind: Kind) -> str:
    """Return code that asks a receiver."""
    return f"""
        import copy, dataclasses, inspect, typing, ctypes
        space = dict(obj, copy=copy, dataclasses=dataclasses, inspect=inspect, pickle=pickle,
                     sys=sys, typing=typing, ctypes=ctypes)
        result = {{each: repr(eval(each, space)) for each in {list(kind.asked)!r}}}
    """


def sender(kind: Kind) -> Any:
    """Return the script, with `obj` at its end."""
    pairs = ", ".join(f"{name!r}: {name}" for name in kind.names.split())
    return f"obj = {{{pairs}}}"
