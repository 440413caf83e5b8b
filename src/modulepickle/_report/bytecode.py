"""Whether bytecode in a pickle is what the source beside it compiles to, on this Python.

A receiver with the sender's Python runs the bytecode, while people read the source. Nothing here is
unpickled or run: the bytecode is read as data, and the source is compiled. File names, lines and
qualified names are not compared, since they differ for a definition that is compiled alone.

Outside API: `code_in`, `cost`, `mismatches`.
"""

from __future__ import annotations

import ast
import dis
import importlib.util
import keyword
import re
import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any, Final, NamedTuple

from modulepickle._reduce.code import freeze
from modulepickle._reduce.places import FUTURE
from modulepickle._report.anatomy import Code
from modulepickle._report.budget import Budget

__all__ = ["code_in", "cost", "mismatches"]

NESTED: Final = 0x10
"""The flag of code inside a function. It may differ when a definition is compiled alone."""

DEEP: Final = 50
"""How deep constants in constants are read."""

AROUND: Final = 20
"""How many definitions may stand around one."""

METHOD: Final = re.compile(r"(?<![\w.])([^\W\d]\w*)\s*\.")
"""A name, and that something is looked up in it."""

NEW: Final = sys.version_info >= (3, 11)
FIELDS: Final = (
    (5, ["code", "consts", "names", "names", "kinds", "-", "name", "-", "#", "-", "exceptions"])
    if NEW
    else (6, ["code", "consts", "names", "names", "names", "names", "-", "name", "#", "-"])
)
"""Numbers at the beginning of a code object; then what follows, `-` for what is not compared."""


def mismatches(codes: list[Code], budget: Budget) -> Iterator[str]:
    """Yield a warning of each code object whose bytecode is not what its source compiles to."""
    seen: set[tuple[bytes, str | None, str]] = set()
    for code in codes:
        key = code.data, code.source, repr(code.place)
        if key not in seen:
            seen.add(key)
            wrong = _mismatch(code, budget)
            place = f"{code.file}, line {code.line}," if code.line else code.file
            if wrong:
                yield f"{place} {wrong}"


def _mismatch(code: Code, budget: Budget) -> str:
    """Return what is wrong with bytecode for this Python; "" if nothing is, or it is unknown."""
    if not code.data or code.magic != importlib.util.MAGIC_NUMBER:
        return ""
    if code.module:
        return "has bytecode, and a place in the source of a package: only the former would run"
    if not code.source or not budget.take("source", cost(code.source)):
        return ""
    try:
        _check_place(*code.place)
        shown = [*_compiled(code)]
    except Exception as error:  # of the compiler, which a crafted text can make raise anything
        return f"has source that does not compile here ({type(error).__name__})"
    try:
        found = _Reader(code.data).whole()
    except (ValueError, RecursionError) as error:
        return f"has bytecode that cannot be read ({error})"
    if any(found.tree == each.tree or _with_imports(code, found, each, budget) for each in shown):
        return ""
    return "has bytecode that is not what its source compiles to: the bytecode is what would run"


def cost(source: str) -> int:
    """Return what compiling a text may cost: for some, the time grows with the square."""
    return len(source) + len(source) ** 2 // 10_000


def code_in(data: bytes) -> Any:
    """Return bytecode of this Python as plain tuples.

    That of code is `b"c"`, numbers, and pairs: "code 0", "consts 1", "names 2" and more. Other
    tuples begin with `b"("`.

    Raises:
        ValueError, RecursionError: it cannot be read.
    """
    return _Reader(data).whole().tree


class _Read(NamedTuple):
    """Bytecode as it was read.

    Attributes:
        tree: everything that is compared. level: the optimization level of the compilation.
        lookups: for each attribute look-up, in order, whether it is done as for a method.
    """

    tree: Any
    level: int
    lookups: list[bool]


def _compiled(code: Code) -> Iterator[_Read]:
    """Yield the source of a definition, compiled with each level of optimization."""
    for level in (0, 1, 2):
        yield _compile(code, level, ())


def _compile(code: Code, level: int, imported: tuple[str, ...]) -> _Read:
    """Compile the source of a definition as a receiver of another Python does.

    Args:
        imported: names that its file imports at the top.
    """
    from modulepickle._loader import functions

    def build(tree: ast.Module, path: str, mode: str, flags: int, inherit: bool) -> Any:
        tree.body[:0] = [ast.Import([ast.alias(name, None)]) for name in imported]
        ast.fix_missing_locations(tree)
        return compile(tree, path, mode, flags, inherit, level)

    shipped: Any = functions.compiled  # a shipped text, without annotations
    compiled = FunctionType(shipped.__code__, {**vars(functions), "compile": build})
    return _Reader(freeze(compiled("", code.source, *code.place)), level).whole()


def _with_imports(code: Code, found: _Read, plain: _Read, budget: Budget) -> bool:
    """Tell whether bytecode is that of the source in a file that imports some of its names.

    Newer Pythons look up `os.getcwd()` in another way if the file imports `os`. These look-ups show
    which names are imported, one name at a time.
    """
    source = code.source or ""
    names = [each for each in dict.fromkeys(METHOD.findall(source)) if not keyword.iskeyword(each)]
    if len(found.lookups) != len(plain.lookups) or found.lookups == plain.lookups:
        return False
    if not budget.take("source", cost(source) * (len(names) + 1)):
        return True  # the report says that it was not compared
    imported = []
    for name in names:
        lookups = _compile(code, plain.level, (name,)).lookups
        where = [at for at, was in enumerate(plain.lookups) if was != lookups[at]]
        if where and all(found.lookups[at] == lookups[at] for at in where):
            imported.append(name)
    return bool(_compile(code, plain.level, tuple(imported)).tree == found.tree)


def _check_place(line: Any, column: Any, flags: Any, free: Any, *around: Any) -> None:
    """Raise ValueError for a place that no sender writes: it could mean anything."""
    numbers = all(type(each) is int for each in (line, column, flags))
    names = type(free) is tuple and all(type(each) is str for each in free)
    texts = all(type(each) is str for each in around)
    if not (numbers and names and texts) or flags & ~FUTURE or len(around) > AROUND:
        raise ValueError("an odd place")
    for each in [*free, *(text.rpartition(" ")[2] for text in around)]:
        if not each.isidentifier() or keyword.iskeyword(each):
            raise ValueError("an odd name")


class _Reader:
    """Reads what `marshal` wrote in format 2, as plain tuples; makes nothing of it."""

    def __init__(self, data: bytes, level: int = -1) -> None:
        self._data, self._at, self._level = data, 0, level
        self._lookups: list[bool] = []

    def whole(self) -> _Read:
        """Return all of it.

        Raises:
            ValueError: it is not in that form.
        """
        found = self._value(0)
        if self._at != len(self._data):
            raise ValueError("something stands behind it")
        return _Read(found, self._level, self._lookups)

    def _bytes(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if count < 0 or len(found) != count:
            raise ValueError("it ends too early")
        self._at += count
        return found

    def _number(self) -> int:
        return int.from_bytes(self._bytes(4), "little", signed=True)

    def _value(self, depth: int) -> Any:
        if depth > DEEP:
            raise ValueError("it is too deep")
        kind = self._bytes(1)
        if kind in b"NTF.S":
            return kind
        if kind in b"ig":
            return kind, self._bytes(4 if kind == b"i" else 8)
        if kind == b"y":
            return kind, self._bytes(16)
        if kind in b"su":
            data = self._bytes(self._number())
            return data if kind == b"s" else data.decode("utf-8", "surrogatepass")
        if kind == b"l":
            return kind, self._bytes(4 + 2 * abs(_signed(self._data, self._at)))
        if kind == b":":
            return kind, *(self._value(depth + 1) for _ in range(3))
        if kind in b"(>":
            count = self._number()
            if not 0 <= count <= len(self._data):
                raise ValueError("it ends too early")
            return kind, *(self._value(depth + 1) for _ in range(count))
        if kind == b"c":
            return self._code(depth)
        raise ValueError(f"{kind!r} is in it")

    def _code(self, depth: int) -> Any:
        count, fields = FIELDS
        numbers = [self._number() for _ in range(count)]
        numbers[-1] &= ~NESTED
        found: dict[str, Any] = {}
        for index, field in enumerate(fields):
            value = self._number() if field == "#" else self._value(depth + 1)
            if field not in ("-", "#"):
                found[f"{field} {index}"] = value
        self._lookups += _lookups(found["code 0"])
        attributes = "__static_attributes__" in str(found["names 2"])
        found["consts 1"] = _constants(found["consts 1"], attributes)
        return (b"c", *numbers, *found.items())


def _lookups(code: Any) -> Iterator[bool]:
    """Yield, for each attribute that bytecode looks up, whether it is done as for a method."""
    for at in range(0, len(code) - 1, 2) if type(code) is bytes else ():
        name = dis.opname[code[at]]
        if name == "LOAD_METHOD":
            yield True
        elif name == "LOAD_ATTR":
            yield sys.version_info >= (3, 12) and bool(code[at + 1] & 1)


def _signed(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little", signed=True)


def _constants(node: Any, attributes: bool) -> Any:
    """Return constants in a stable order, and without what a qualified name says of the place.

    In Python 3.13.0, the names of `__static_attributes__` have the order of a set.
    """
    if type(node) is str:
        return node.rpartition("<locals>.")[2]
    if type(node) is tuple and node[:1] == (b"(",):
        inner = [_constants(each, False) for each in node[1:]]
        if attributes:
            inner = [_in_order(each) for each in inner]
        return (b"(", *inner)
    return node


def _in_order(node: Any) -> Any:
    is_names = type(node) is tuple and node[:1] == (b"(",)
    if is_names and all(type(each) is str for each in node[1:]):
        return (b"(", *sorted(node[1:]))
    return node
