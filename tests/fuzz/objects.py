"""Scripts that build objects nobody would build: shared, recursive, half by name and half by value.

`scripts()` draws one. It defines the classes of `CLASSES` in `__main__`, imports the same ones from
the local module `local`, and leaves what it has built in the list `o`.
"""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

CLASSES: Final = """\
import abc, collections, dataclasses, enum, functools, typing

class Plain:
    kind = "plain"
    def __init__(self, value=None):
        self.value = value
    def method(self):
        return self.value
    @classmethod
    def made(cls, value):
        return cls(value)
    @property
    def prop(self):
        return "prop"

class Child(Plain):
    def __init__(self, value):
        super().__init__(value)
        self.more = [value]

class Slots:
    __slots__ = ("value", "unset")
    def __init__(self, value):
        self.value = value

class Half(Slots):
    def __init__(self, value):
        super().__init__(value)
        self.extra = value

class State:
    def __init__(self, value):
        self.value = value
        self.lost = "lost"
    def __getstate__(self):
        return {k: v for k, v in self.__dict__.items() if k != "lost"}
    def __setstate__(self, state):
        self.__dict__.update(state, lost="lost")

class Reduced:
    def __init__(self, value):
        self.value = value
    def __reduce__(self):
        return Reduced, ("reduced",), self.__dict__

class New:
    def __new__(cls, value, *, named):
        self = super().__new__(cls)
        self.value, self.named = value, named
        return self
    def __getnewargs_ex__(self):
        return ("new",), {"named": self.named}

class Items(list):
    pass

class Keys(dict):
    def __missing__(self, key):
        return key

class Number(int):
    pass

class Text(str):
    pass

class Meta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.called = cls.__name__
        return made

class Made(metaclass=Meta):
    def __init__(self, value):
        self.value = value

class Abstract(abc.ABC):
    @abc.abstractmethod
    def f(self): ...

class Concrete(Abstract):
    def __init__(self, value):
        self.value = value
    def f(self):
        return self.value

T = typing.TypeVar("T")

class Box(typing.Generic[T]):
    def __init__(self, value: T):
        self.value = value

@dataclasses.dataclass
class Data:
    value: object
    more: list = dataclasses.field(default_factory=list)
    other: "Data" = None

@dataclasses.dataclass(frozen=True)
class Frozen:
    value: object

class Trouble(ValueError):
    pass

class Color(enum.Enum):
    RED = 1
    BLUE = "blue"
    def method(self):
        return self.name

class Flag(enum.IntFlag):
    A = 1
    B = 2

Pair = collections.namedtuple("Pair", "value more")

class Typed(typing.NamedTuple):
    value: object
    more: int = 3

def plain(value=1):
    return value, Plain.kind

def closure(value):
    count = [0]
    def inner(more=value):
        count[0] += 1
        return value, more, count[0]
    return inner

def pair_of_closures(value):
    def one():
        return value
    def two(new=None):
        nonlocal value
        value = new
        return one()
    return [one, two]

def recursive():
    def inner(n=3):
        return n if not n else inner(n - 1)
    return inner

def class_with(attribute):
    class Inner(Plain):
        attr = attribute
        def f(self):
            return attribute, __class__.__name__
    return Inner

@functools.lru_cache(maxsize=None)
def cached(value=1):
    return value

def generator():
    yield from [1, 2]

def own(x):
    # What stands in a module is that of its source on the receiver, whatever was done to it here.
    assert not (isinstance(x, type) and issubclass(x, tuple))  # its fields are made anew
    named = isinstance(x, (type, enum.Enum)) or hasattr(x, "__qualname__") or x is collections
    assert not named or "<locals>" in getattr(x, "__qualname__", "") or x.__module__ == "__main__"
    return x
"""

LEAVES: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.text(st.characters(), max_size=3),
    st.binary(max_size=8),
    st.sampled_from([..., NotImplemented, 1j, int, dict, len, "a" * 300, b"b" * 70_000]),
)

# <w> is a place for classes, <o> a part: an earlier object or a leaf; <h> one that can be hashed.
OBJECTS: Final = (
    "[<o>, <o>]", "(<o>, <o>, <o>)", "{<h>: <o>, 'k': <o>}", "{<h>, <h>}", "frozenset([<h>])",
    "bytearray(b'array')", "range(3)", "slice(1, <h>)", "collections.OrderedDict(k=<o>)",
    "collections.deque([<o>], 5)", "collections.defaultdict(<w>Plain, k=<o>)",
    "types.SimpleNamespace(value=<o>)", "<w>Plain(<o>)", "<w>Child(<o>)", "<w>Slots(<o>)",
    "<w>Half(<o>)", "<w>State(<o>)", "<w>Reduced(<o>)", "<w>New(<o>, named=<o>)",
    "<w>Items([<o>, <o>])", "<w>Keys(k=<o>)", "<w>Number(7)", "<w>Text('text')", "<w>Made(<o>)",
    "<w>Concrete(<o>)", "<w>Box(<o>)", "<w>Data(<o>, [<o>])", "<w>Frozen(<o>)",
    "<w>Trouble(<o>, 2)",
    "<w>Color.RED", "<w>Color('blue')", "<w>Flag(3)", "<w>Pair(<o>, <o>)", "<w>Typed(<o>)",
    "<w>plain", "<w>closure(<o>)", "<w>pair_of_closures(<o>)", "<w>recursive()",
    "<w>class_with(<o>)", "<w>class_with(<o>)(<o>)", "<w>cached", "<w>generator", "<w>Plain",
    "<w>Child", "<w>Meta", "<w>Made", "<w>Abstract", "<w>Box[int]", "<w>Data", "<w>Color",
    "<w>Pair",
    "<w>Plain(<o>).method", "<w>Plain.made", "<w>Color.RED.method", "Plain.prop",
    "functools.partial(<w>plain, <o>)", "functools.partial(<w>Plain, value=<o>)", "lambda: <o>",
    "lambda value=<o>: (value, <w>plain())", "operator.attrgetter('value')", "local", "collections",
    "operator.methodcaller('method')", "staticmethod(<w>plain)", "classmethod(<w>plain)",
    "property(<w>plain)", "list[<w>Plain]", "typing.Optional[<w>Plain]", "[*map(<w>Plain, 'ab')]",
)  # fmt: skip
CHANGES: Final = (
    "o[<i>].append(<o>)", "o[<i>]['new'] = <o>", "own(o[<i>]).value = <o>",
    "own(o[<i>]).added = <o>",
    "own(o[<i>]).__dict__.update(added=<o>)", "o[<i>].extend([<o>, o[<i>]])", "o[<i>](<o>)",
    "own(o[<i>]).kind = <o>", "own(o[<i>]).value.append(o[<i>])",
)  # fmt: skip


class Script(str):
    def __repr__(self) -> str:
        """Return the script as one can read it: that is what a failing example is shown as."""
        return f"script\n{self}"


@st.composite
def scripts(draw: Any) -> Script:
    """Draw what a script does after `CLASSES`."""
    lines = ["import functools, operator, types, local", "from math import inf", "o = []"]
    for number in range(draw(st.integers(1, 10))):
        line = f"o.append({draw(st.sampled_from(OBJECTS))})"
        if number and not draw(st.integers(0, 2)):
            line = f"try: {draw(st.sampled_from(CHANGES))}\nexcept Exception: pass"
        lines.append(_filled(draw, line, number))
    return Script("\n".join(lines) + "\n")


def _filled(draw: Any, line: str, number: int) -> str:
    """Draw what stands in <> in a line; there are not more than `number` objects before it."""
    while "<" in line:
        before, _, rest = line.partition("<")
        kind, _, after = rest.partition(">")
        index = draw(st.integers(0, max(0, number - 1)))
        part = {
            "w": lambda: draw(st.sampled_from(["", "local."])),
            "i": lambda index=index: f"{index} % len(o)",
            "h": lambda: repr(draw(st.one_of(st.integers(0, 9), st.text("xyz", max_size=2)))),
            "o": lambda index=index: (
                f"o[{index} % len(o)]" if number and draw(st.booleans()) else _literal(draw(LEAVES))
            ),
        }[kind]()
        line = before + part.replace("<", "\\x3c") + after
    return line


def _literal(leaf: Any) -> str:
    return str(leaf.__name__) if callable(leaf) else repr(leaf)
