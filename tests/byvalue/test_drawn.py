"""R19: class statements that nobody would write arrive as plain pickle sends those of a module."""

from __future__ import annotations

import textwrap

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from byvalue.kinds import Kind, asked, native, sender
from receivers import receive, run, send

HEAD = """
import dataclasses, functools
def facts(cls, seen=()):
    found = [cls.__name__, [base.__name__ for base in cls.__mro__], sorted(
        name for name in vars(cls) if not name.startswith("__annot")  # as a function, since 3.14
    ), {name: str(each) for name, each in getattr(cls, "__annotations__", {}).items()}]
    one = cls.__new__(cls)
    for name in ("table", "look", "size", "made", "twice", "count"):
        if hasattr(cls, name):
            value = getattr(one, name)
            found.append((name, value() if callable(value) else type(value).__name__))
    me = getattr(cls, "me", None)
    found.append(type(me).__name__)
    return found
"""

FEATURES = {
    "hash": "def __hash__(self): return 7\n"
    "def __eq__(self, other): return type(self) is type(other)",
    "state": "def __getstate__(self): return {'a': 1}\n"
    "def __setstate__(self, state): object.__setattr__(self, 'restored', len(OTHER))",
    "look": "def look(self): return sorted(map(str, TABLE.values()))",
    "size": "@property\ndef size(self): return len(TABLE)",
    "made": "@classmethod\ndef made(cls): return cls.__name__, type(TABLE['x']).__name__",
    "cached": "@functools.lru_cache(None)\ndef count(self): return len(TABLE)",
    "static": "@staticmethod\ndef twice(x=2): return x * 2",
    "super": "def look(self): return super().__init__(), __class__.__name__",
}

AFTER = ("", "C{0}.me = C{0}.__new__(C{0})", "TABLE[C{0}.__new__(C{0})] = {0}", "C{0}.all = TABLE",
         "C{0}.other = [C{0}, TABLE, C{0}.__new__(C{0})]")  # fmt: skip


@st.composite
def scripts(draw):
    text = [HEAD, "TABLE = {'x': 'x'}", "OTHER = {'o': 1}"]
    count = draw(st.integers(1, 6))
    for index in range(count):
        bases = draw(st.lists(st.integers(0, index - 1), unique=True, max_size=1)) if index else []
        features = draw(st.lists(st.sampled_from([*FEATURES]), unique=True, max_size=4))
        if draw(st.booleans()):
            text.append("@dataclasses.dataclass(eq=False)")
        text.append(f"class C{index}({', '.join(f'C{base}' for base in bases)}):")
        body = "\n".join([f"x: int = {index}", *(FEATURES[each] for each in features)])
        text.append(textwrap.indent(body, "    "))
        text += [each.format(index) for each in draw(st.lists(st.sampled_from(AFTER), max_size=2))]
    names = " ".join(["facts", *(f"C{index}" for index in range(count))])
    return Kind("\n".join(text), names, tuple(f"facts(C{index})" for index in range(count)))


@given(scripts())
@settings(
    max_examples=12,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_r19_class_statements_that_are_drawn(tmp_path_factory, kind):
    folder = tmp_path_factory.mktemp("module")
    (folder / "case.py").write_text(kind.script, encoding="utf-8")
    right = run(folder, native(kind)).result
    data = send(tmp_path_factory.mktemp("script"), f"{kind.script}\n{sender(kind)}")
    assert receive(data, asked(kind)).result == right
