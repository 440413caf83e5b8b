"""The source text of classes by value, for `inspect.getsource` on the receiver.

It is sent only where it is certain to be the class's: the file has one class of that qualified
name, on that line if the class knows it, with the code of all methods that were defined in it.

The text is whole lines from the word `class` on, and begins on the line of the first decorator:
decorators stay here, as those of functions do.

Outside API: `text_of`. Only for who pickles classes by value: it takes long to import.
"""

from __future__ import annotations

import ast
import functools
import os
import sys
import weakref
import zlib
from collections.abc import Iterator
from types import FunctionType
from typing import Any, Final, Union

from modulepickle._loader.registry import registry
from modulepickle._reduce.places import MARKED, TO_MATCH, source_file

__all__ = ["text_of"]

Text = Union[tuple[Any, ...], None]

INSIDE: Final = ("__func__", "fget", "func", "__wrapped__")
"""Where a descriptor has its function."""


_known: dict[int, tuple[weakref.ref[Any], Text]] = {}
"""Id of a class -> the class, and its text: of a file that was read once."""


def text_of(cls: Any) -> Text:
    """Return file name, text, first line, and the heads of what is around it, outermost first."""
    known = vars(registry).get("places", _known).get(id(cls)) or _known.get(id(cls))
    if known is None or known[0]() is not cls:
        found = _found(cls)
        if found is ...:
            return None
        forget = functools.partial(_known.pop, id(cls))  # called with the dead reference
        known = _known[id(cls)] = weakref.ref(cls, forget), found
    return known[1]


def _found(cls: Any) -> Any:
    """Return the text; `...` if its file is away, and may be there at another time."""
    own = [each for each in _functions(cls) if _is_defined_in(each, cls)]
    path = own[0].__code__.co_filename if own else _path_of(cls)
    flags = own[0].__code__.co_flags & TO_MATCH if own else 0
    file = source_file(path, flags) if path else None
    if file is None:
        return ... if os.path.isabs(path) and not os.path.exists(path) else None
    found = [each for each in file.classes.get(cls.__qualname__, []) if _is_of(*each, cls, own)]
    if len(found) != 1 or not all(file.holds(each.__code__) for each in own):
        return None
    node, around = found[0]
    lines = file.text.splitlines(True)
    text = "".join(lines[node.lineno - 1 : _end(node, lines)])
    title = MARKED.sub("", os.path.basename(path).strip("<>"))
    mark = zlib.crc32(repr((text, _first(node), around)).encode())
    return f"<{title} {mark:08x}>", text, _first(node), *around


def _functions(cls: Any) -> Iterator[FunctionType]:
    for each in vars(cls).values():
        for name in INSIDE:
            each = getattr(each, name, each)
        if isinstance(each, FunctionType):
            yield each


def _is_defined_in(function: FunctionType, cls: Any) -> bool:
    home, _, _ = function.__qualname__.rpartition(".")
    is_made = function.__code__.co_filename == "<string>"  # by `dataclasses`
    is_here = function.__globals__.get("__name__") == cls.__module__
    return home == cls.__qualname__ and is_here and not is_made


def _path_of(cls: Any) -> str:
    path = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return path if isinstance(path, str) else ""


def _first(node: ast.ClassDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _is_of(node: ast.ClassDef, _: Any, cls: Any, own: list[FunctionType]) -> bool:
    """Tell whether a definition can be that of a class."""
    if vars(cls).get("__firstlineno__", _first(node)) != _first(node):
        return False
    first, last = _first(node), node.end_lineno or 0  # 3.14's `__annotate__` is on the first
    return all(first <= each.__code__.co_firstlineno <= last for each in own)


def _end(node: ast.ClassDef, lines: list[str]) -> int:
    """Return the last line of a class: of its comments, too, as `inspect` sees it."""
    end = node.end_lineno or 0
    for number, line in enumerate(lines[end:], end + 1):
        text = line.lstrip()
        if text and not text.startswith("#"):
            break
        if text and len(line) - len(text) >= node.body[0].col_offset:
            end = number
    return end
