"""R19: class statements that nobody would write arrive as plain pickle sends those of a module."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from byvalue.kinds import Kind, asked, native, sender
from receivers import receive, run, send

HEAD = """
import abc, copy, dataclasses, functools, typing
T = typing.TypeVar("T")
class Meta(type):
    made = []
    def __init__(cls, name, bases, space, **more):
        super().__init__(name, bases, space)
        Meta.made.append(name)
    @property
    def first(cls): return cls.__name__[0]
class Mixin:
    __slots__ = ()
    def mixed(self): return type(self).__name__
class Descriptor:
    def __init__(self, default): self.default = default
    def __set_name__(self, owner, name): self.name, self.owner = name, owner.__name__
    def __get__(self, one, owner=None): return self if one is None else (self.name, self.default)
def marked(function):
    @functools.wraps(function)
    def inner(*args): return function(*args)
    inner.mark = MARK
    return inner
MARK = ["mark"]
def restore(one, found):
    try:
        object.__setattr__(one, "restored", found)
    except AttributeError:  # it has slots
        pass
def registered(cls):
    REGISTRY[cls.__name__] = cls
    return cls
REGISTRY = {}
TABLE = {"x": "x"}
OTHER = {"o": 1}
ASKED = "look size made twice count marked described mixed".split()
def value(found):
    kind = type(found).__name__
    plain = (int, str, float, tuple, list, type(None))
    return (kind, found) if isinstance(found, plain) and kind[0] != "C" else kind
def facts(cls):
    names = sorted(name for name in vars(cls) if not name.startswith(("__annot", "_abc")))
    found = [cls.__name__, [base.__name__ for base in cls.__mro__], names]
    found.append({name: str(each) for name, each in vars(cls).get("__annotations__", {}).items()})
    found.append(type(cls).__name__)
    found.append(getattr(cls, "first", None) if type(cls) is Meta else None)
    one = cls.__new__(cls)
    for name in ASKED:
        if hasattr(cls, name):
            try:
                each = getattr(one, name)
                found.append((name, value(each() if callable(each) else each)))
            except Exception as error:
                found.append((name, type(error).__name__))
    me = vars(cls).get("me")
    try:
        found += [type(me) is cls, getattr(copy.copy(me), "restored", None)]
    except Exception as error:
        found.append(type(error).__name__)
    found.append(sorted(k if type(k) is str else type(k).__name__ for k in TABLE))
    found.append(all(REGISTRY[name].__name__ == name for name in REGISTRY))
    return found
"""

FEATURES = {
    "hash": "def __hash__(self): return 7\n"
    "def __eq__(self, other): return type(self) is type(other)",
    "state": "def __getstate__(self): return {'a': 1}\n"
    "def __setstate__(self, state): restore(self, len(OTHER))",
    "reads": "def __getstate__(self): return [1]\n"
    "def __setstate__(self, state): restore(self, type(TABLE).__name__)",
    "look": "def look(self): return sorted(map(type, TABLE.values()), key=str)[0].__name__",
    "size": "@property\ndef size(self): return len(TABLE)",
    "made": "@classmethod\ndef made(cls): return cls.__name__, type(TABLE['x']).__name__",
    "cached": "@functools.lru_cache(None)\ndef count(self): return len(TABLE)",
    "static": "@staticmethod\ndef twice(x=2): return x * 2",
    "super": "def look(self): return super().__init__(), __class__.__name__",
    "marked": "@marked\ndef marked(self): return type(self).__name__",
    "described": "described = Descriptor([1])",
    "private": "def look(self): return self.__hidden()\ndef __hidden(self): return 5",
    "registry": "def size(self): return sorted(REGISTRY)",
    "nested": "class Inner:\n    def up(self): return len(TABLE)\n"
    "def twice(self): return self.Inner().up()",
    "hook": "def __init_subclass__(cls, **more): super().__init_subclass__(); cls.hooked = 1",
    "partial": "twice = functools.partialmethod(lambda self, x: x, 3)",
}  # fmt: skip

HEADS = ("", "Mixin", "abc.ABC", "typing.Generic[T]", "metaclass=Meta", "dict", "list")
SLOTS = ("", "__slots__ = ()", "__slots__ = ('s', '__dict__')", "__slots__ = ('_C__p', 'restored')")
DECORATORS = ("", "@registered", "@dataclasses.dataclass(eq=False)", "@functools.total_ordering")
AFTER = ("C{0}.me = C{0}.__new__(C{0})", "TABLE[C{0}.__new__(C{0})] = {0}", "C{0}.all = TABLE",
         "C{0}.other = [C{0}, TABLE, C{0}.__new__(C{0})]", "TABLE['y'] = C{0}.__new__(C{0})",
         "C{0}.look = C{0}.__new__(C{0}).__class__", "OTHER[C{0}] = [C{0}]")  # fmt: skip


def body(draw, index):
    features = draw(st.lists(st.sampled_from([*FEATURES]), unique=True, max_size=5))
    lines = [f"x: int = {index}" if draw(st.booleans()) else "pass", draw(st.sampled_from(SLOTS))]
    return "\n".join([*lines, *(FEATURES[each] for each in features)])


def statement(draw, index):
    decorator = draw(st.sampled_from(DECORATORS))
    text = body(draw, index)
    if "total_ordering" in decorator:
        text += "\ndef __lt__(self, other): return False"
    if "dataclass" in decorator:
        text = (
            "\n".join(line for line in text.split("\n") if "__slots__" not in line)
            + "\nd: str = ''"
        )
    if draw(st.booleans()) and index:
        bases = f"C{draw(st.integers(0, index - 1))}"
    else:
        bases = draw(st.sampled_from(HEADS))
    return f"{decorator}\nclass C{index}({bases}):\n{textwrap.indent(text, '    ')}"


@st.composite
def scripts(draw):
    count = draw(st.integers(1, 6))
    text = [HEAD]
    for index in range(count):
        # A statement that Python itself refuses is none.
        text.append(f"try:\n{textwrap.indent(statement(draw, index), '    ')}")
        text.append(f"except Exception as error:\n    class C{index}: refused = str(error)")
        text += [
            f"try: {each.format(index)}\nexcept Exception: pass"
            for each in draw(st.lists(st.sampled_from(AFTER), max_size=2))
        ]
    order = draw(st.permutations([*(f"C{index}" for index in range(count)), "facts"]))
    return Kind("\n".join(text), " ".join(order), tuple(f"facts(C{each})" for each in range(count)))


def compare(tmp_path_factory, kind):
    folder = tmp_path_factory.mktemp("module")
    (folder / "case.py").write_text(kind.script, encoding="utf-8")
    right = run(folder, native(kind)).result
    data = send(tmp_path_factory.mktemp("script"), f"{kind.script}\n{sender(kind)}")
    assert receive(data, asked(kind)).result == right


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@given(scripts())
@settings(
    max_examples=12,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=CHECKS,
)
def test_r19_class_statements_that_are_drawn(tmp_path_factory, kind):
    compare(tmp_path_factory, kind)


@pytest.mark.slow
@given(scripts())
@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=CHECKS)
def test_r19_many_class_statements_that_are_drawn(tmp_path_factory, kind):
    compare(tmp_path_factory, kind)
