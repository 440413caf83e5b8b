"""Working trees that nobody would write: packages, encodings, and import statements of every form.

`trees()` draws one. Its module `entry` has a function `observe`, which imports every module of the
tree and describes what it finds there. Two processes that import the same tree see the same; so a
receiver that has only the pickle of `entry.observe` must see it as well.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

# As NFKC spells them, which is what an import statement asks for. Some begin like others.
NAMES: Final = (
    "alpha", "beta", "pkg", "pkg2", "p", "fig", "x1", "_under", "été", "名前", "Mixed",
)  # fmt: skip
ATTRIBUTES: Final = ("VALUE", "LATE", "f0", "f1", "K0", "missing")
OUTSIDE: Final = ("json", "os.path", "xml.dom", "collections.abc", "missing_one", "missing.two")

# How an import may be written, and where it may stand. `Writer.fill` replaces what is in <>: <to>
# is a name to bind, <member> one in <target>, <dots> a relative name with <inside> in it.
IMPORTS: Final = (
    "import <spelled>",
    "import <spelled> as <to>",
    "import <spelled>, <another> as <to>",
    "from <spelled> import <member>",
    "from <spelled> import (<member> as <to>,\\\n VALUE)",
    "from <dots> import <inside>",
    "from <dots> import <inside> as <to>, VALUE as n2",
    "import importlib; <to> = importlib.import_module('<target>')",
    "import importlib as il; <to> = il.import_module(name='<target>')",
    "from importlib import import_module; <to> = import_module('<target>')",
    "import importlib; <to> = importlib.import_module('<dots>', __package__)",
    "<to> = __import__('<target>')",
    "<to> = __import__('<target>', fromlist=['<member>'])",
    "<to> = __import__('<bare>', globals(), None, ['<inside>'], <level>)",
)
PLACES: Final = (
    "<import>",
    "try:\n  <import>\nexcept ImportError as error:\n  e# = type(error).__name__",
    "try:\n  <import>\nexcept Exception as error:\n  e# = type(error).__name__",
    "if __name__:\n  <import>",
    "import contextlib\nwith contextlib.suppress(ImportError):\n  <import>",
    "try:\n  from <spelled> import *\nexcept ImportError:\n  pass\nSTAR = True",
    "try:\n  from <dots> import *\nexcept ImportError:\n  pass\nSTAR = True",
    "try:\n  class K#:\n    <import>\nexcept ImportError:\n  pass",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import missing_#\nelse:\n  <import>",
    "def f#():\n  <import>\n  return locals()",
    "def f#():\n  <import>\n  return locals()",
    "def f#():\n  global <to>\n  <import>\n  return locals()",
    "def f#():\n  def inner():\n    <import>\n    return locals()\n  return inner()",
    "class K#:\n  def method(self):\n    <import>\n    return locals()\nf# = lambda: K#().method()",
    "def f#():\n  for _ in range(2):\n    <import>\n  yield locals()",
    "f# = lambda: __import__('<target>', fromlist=['VALUE'])",
    "def __getattr__(name):\n  if name != 'LATE':\n    raise AttributeError(name)\n"
    "  <import>\n  return 'late'",
    "with open(__file__, 'rb') as file:\n  n1 = len(file.read())",
    "import inspect\ndef f#():\n  return inspect.getsource(f#)",
    "import sys\nn0 = sys.modules[__name__].__name__, '<local>' in sys.modules",
)

# Cookie, codec, a text that it has. A file says its encoding as PEP 263 has it.
ENCODINGS: Final = (
    ("", "utf-8", "é€名"),
    ("", "utf-8-sig", "é€名"),
    ("# -*- coding: utf-8 -*-", "utf-8-sig", "é€名"),
    ("# -*- coding: latin-1 -*-", "latin-1", "é§"),
    ("# vim: set fileencoding=cp1252 :", "cp1252", "é€"),
    ("#!/usr/bin/env python\n# coding=koi8-r", "koi8-r", "Ж"),
    ("# coding: shift_jis", "shift_jis", "表ソ能"),  # the second byte of these is a backslash
    ("# coding: gbk", "gbk", "誠"),  # of this one as well
    ("# -*- coding: utf-7 -*-", "ascii", "plain"),
)
BROKEN: Final = (b"def (:\n", b"\xe9 = 1\n", b"# coding: no-such-codec\n", b"x\n\0\n", b"if 1:\n")


@dataclass(frozen=True)
class Module:
    """One module of a tree, or a folder without an `__init__`."""

    name: str
    is_package: bool
    is_namespace: bool = False

    @property
    def path(self) -> str:
        return self.name.replace(".", "/") + ("/__init__.py" if self.is_package else ".py")

    @property
    def package(self) -> str:
        return self.name if self.is_package else self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Tree:
    """Files by path, and the modules that the sender imports by itself before it pickles."""

    files: dict[str, bytes]
    eager: tuple[str, ...]
    homonyms: bool
    """Whether a child has a name that modules bind to other things as well."""

    def write(self, folder: Path) -> Path:
        for path, data in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return folder

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show a failing example as one can read it."""
        lines = [f"eager: {', '.join(self.eager)}"]
        for path, data in self.files.items():
            lines += [f"=== {path}", data.decode("utf-8", "backslashreplace")]
        printer.text("\n".join(lines))


@st.composite
def shapes(draw: Any) -> list[Module]:
    """Draw the modules of a tree."""
    found: list[Module] = []

    def grow(prefix: str, depth: int, least: int) -> None:
        names = draw(st.lists(st.sampled_from(NAMES), min_size=least, max_size=3, unique=True))
        for name in names:
            kinds = ["module", "module", "package", "package", "namespace"]
            kind = draw(st.sampled_from(kinds)) if depth < 3 else "module"
            is_namespace = kind == "namespace"
            found.append(Module(prefix + name, kind != "module", is_namespace))
            if kind != "module":
                grow(f"{prefix}{name}.", depth + 1, int(is_namespace))

    grow("", 0, 1)
    return found


@dataclass
class Writer:
    """Draws the text of one module."""

    draw: Any
    here: Module
    shape: list[Module]

    def fill(self, template: str, number: int) -> str:
        """Draw what stands in <> in a template; what stands there twice is drawn once."""
        parts: dict[str, str] = {}

        def part(match: re.Match[str]) -> str:
            name = match[1]
            if name not in parts:
                parts[name] = getattr(self, f"a_{name}")(parts)
            return parts[name]

        return re.sub("<([a-z]+)>", part, template).replace("#", str(number))

    def a_import(self, parts: dict[str, str]) -> str:
        # Of a relative import_module in no package, Python says TypeError, a receiver ImportError.
        forms = [each for each in IMPORTS if self.here.package or "__package__" not in each]
        return self.fill(self.draw(st.sampled_from(forms)), 0)

    def a_to(self, parts: dict[str, str]) -> str:
        return str(self.draw(st.sampled_from(["n0", "n1", "VALUE", "p"])))

    def a_target(self, parts: dict[str, str]) -> str:
        """A dotted name: mostly of a module that there is."""
        if self.draw(st.integers(0, 5)) == 5:
            return str(self.draw(st.sampled_from(OUTSIDE)))
        return self.a_local(parts)

    def a_local(self, parts: dict[str, str]) -> str:
        return str(self.draw(st.sampled_from(self.shape)).name)

    def a_spelled(self, parts: dict[str, str]) -> str:
        """The target, in a spelling that NFKC makes the same."""
        name = parts["target"] = self.a_target(parts)
        if name.isascii() and self.draw(st.integers(0, 9)) == 9:
            other = name.replace("fi", "\ufb01").replace("a", "\uff41", 1)
            assert unicodedata.normalize("NFKC", other) == name
            return other
        return name

    def a_another(self, parts: dict[str, str]) -> str:
        return self.a_target(parts)

    def a_member(self, parts: dict[str, str]) -> str:
        return self._member(parts["target"])

    def _member(self, of: str) -> str:
        """A name in a module: a child of it, or what modules define."""
        inside = [m.name for m in self.shape if m.name.rpartition(".")[0] == of]
        children = [name.rpartition(".")[2] for name in inside]
        return str(self.draw(st.sampled_from([*children, *children, *ATTRIBUTES])))

    def a_dots(self, parts: dict[str, str]) -> str:
        """A relative name; it may climb too high."""
        level = self.draw(st.integers(1, 3))
        above = self.here.package.split(".") if self.here.package else []
        base = ".".join(above[: max(0, len(above) - level + 1)])
        below = [m.name for m in self.shape if base and m.name.startswith(f"{base}.")]
        name = self.draw(st.sampled_from(["", *below]))
        parts.update(bare=name[len(base) + 1 :], level=str(level), absolute=name or base)
        return "." * level + parts["bare"]

    def a_bare(self, parts: dict[str, str]) -> str:
        self.a_dots(parts)
        return parts["bare"]

    def a_inside(self, parts: dict[str, str]) -> str:
        return self._member(parts["absolute"])

    def text(self, value: str) -> str:
        """The whole text of the module."""
        numbers = range(self.draw(st.integers(0, 4)))
        parts = [self.fill(self.draw(st.sampled_from(PLACES)), number) for number in numbers]
        at = self.draw(st.integers(0, len(parts)))
        parts.insert(at, f"VALUE = {self.here.name!r}, '{value}'")
        if self.draw(st.integers(0, 4)) == 4:
            exported = [*ATTRIBUTES[:3], *(m.name.rpartition(".")[2] for m in self.shape[:2])]
            parts.append(f"__all__ = {exported!r}")
        return "\n".join(parts) + "\n"


@st.composite
def sources(draw: Any, here: Module, shape: list[Module]) -> bytes:
    """Draw the bytes of a module's file."""
    if draw(st.integers(0, 40)) == 40:
        return bytes(draw(st.sampled_from(BROKEN)))
    cookie, codec, value = draw(st.sampled_from(ENCODINGS))
    text = Writer(draw, here, shape).text(value)
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    whole = (f"{cookie}\n" if cookie else "") + text
    try:
        return codecs.encode(whole.replace("\n", end), codec)
    except UnicodeEncodeError:  # a name that this encoding does not have
        return text.replace("\n", end).encode()


def _entry(modules: list[str]) -> bytes:
    lines = ["def observe(describe, error):", "    found = []"]
    for name in modules:
        lines += [
            f"    try:\n        import {name} as module",
            "        found.append(describe(module))",
            "    except Exception as problem:\n        found.append(error(problem))",
        ]
    return "\n".join([*lines, "    return found", ""]).encode()


@st.composite
def trees(draw: Any) -> Tree:
    """Draw a whole tree."""
    shape = draw(shapes())
    files = {m.path: draw(sources(m, shape)) for m in shape if not m.is_namespace}
    names = [m.name for m in shape]
    files["entry.py"] = _entry(draw(st.permutations(names)))
    eager = draw(st.lists(st.sampled_from(names), unique=True, max_size=3))
    children = {m.name.rpartition(".")[2] for m in shape if "." in m.name}
    homonyms = not children.isdisjoint([*(m.name for m in shape), "p"])
    return Tree(files, tuple(eager), homonyms)
