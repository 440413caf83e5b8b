"""What code names: the globals it uses, the modules it imports.

They are read from bytecode, since a function may have no source.

Outside API: `Named`, `named`, `words_of`.
"""

from __future__ import annotations

import functools
import re
import sys
import weakref
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType
from typing import Any, Final

from modulepickle._base.codes import nested

__all__ = ["Named", "named", "words_of"]

GLOBALS: Final = frozenset(
    {"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
)
# As text: `re` compiles them when they are first used.
WORD: Final = r"[^\W\d]\w*"
DOTTED: Final = r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*"


OPTIMIZED: Final = 1  # CO_OPTIMIZED: the code of a function, not of a module or class


def words_of(annotation: Any) -> Iterator[str]:
    """Yield the names in an annotation that is text, or contains forward references."""
    text = getattr(annotation, "__forward_arg__", annotation)
    if isinstance(text, str):
        yield from re.findall(WORD, text)
    else:
        for each in getattr(annotation, "__args__", None) or ():
            if type(each) is not type:
                yield from words_of(each)


class Named:  # no NamedTuple: to make that class takes longer than all of this module
    """What code names, nested code included: each once, by first appearance.

    Attributes:
        used: globals that it loads, stores or deletes.
        words: all names in it, attributes included.
        texts: names in it that are text, where it looks into `globals()`: `globals()["limit"]`.
        imports: modules that it imports; relative ones with their dots.
        doc: the docstring of a function that has this code.
    """

    __slots__ = ("doc", "imports", "texts", "used", "words")

    def __init__(
        self,
        used: tuple[str, ...],
        words: frozenset[str],
        imports: tuple[str, ...],
        texts: tuple[str, ...],
        doc: str | None,
    ) -> None:
        self.used, self.words, self.imports, self.doc = used, words, imports, doc
        self.texts = texts


_known: dict[int, tuple[weakref.ref[CodeType], Named]] = {}
"""Id of a code object -> the object, and what it names. Hashing its content would take longer."""


def named(code: CodeType) -> Named:
    """Return what code names."""
    known = _known.get(id(code))
    if known is None or known[0]() is not code:
        forget = functools.partial(_known.pop, id(code))  # called with the dead reference
        known = _known[id(code)] = weakref.ref(code, forget), _found_in(code)
    return known[1]


def _found_in(code: CodeType) -> Named:
    used: dict[str, None] = {}
    imports: dict[str, None] = {}
    words: set[str] = set()
    texts: dict[str, None] = {}
    for each in nested(code):
        words.update(each.co_names)
        stores = _scan(each, used, imports)
        # What code puts there, it makes there.
        if "globals" in each.co_names and not stores and "setdefault" not in each.co_names:
            found = (sys.intern(text) for text in each.co_consts if isinstance(text, str))
            texts.update((text, None) for text in found if text.isidentifier())
    cells = tuple(CellType() for _ in code.co_freevars)
    doc = FunctionType(code, {}, None, None, cells).__doc__ if code.co_flags & OPTIMIZED else None
    return Named(tuple(used), frozenset(words), tuple(imports), tuple(texts), doc)


def _scan(code: CodeType, used: dict[str, None], imports: dict[str, None]) -> bool:
    """Add what code uses and imports; tell whether it puts an item into anything."""
    import dis  # not at the top: it is needed only here

    constants: list[Any] = [0, None]
    base, stores = "", False
    for step in dis.get_instructions(code):
        if step.opname in GLOBALS:
            used[sys.intern(step.argval)] = None
        elif step.opname == "IMPORT_NAME":  # after the constants `level` and `fromlist`
            base = "." * constants[-2] + code.co_names[_index_of_import(step.arg or 0)]
            imports[base] = None
        elif step.opname == "IMPORT_FROM":
            imports[f"{base}{'' if base.endswith('.') else '.'}{step.argval}"] = None
        elif "CONST" in step.opname or step.opname == "LOAD_SMALL_INT":  # releases differ
            constants.append(step.argval)
        stores = stores or step.opname == "STORE_SUBSCR"
    if not {"import_module", "__import__"}.isdisjoint(code.co_names):
        texts = [const for const in code.co_consts if isinstance(const, str)]
        imports.update((text, None) for text in texts if re.fullmatch(DOTTED, text))
    return stores


def _index_of_import(argument: int) -> int:
    # Since 3.15 the two low bits mark lazy imports (PEP 810).
    return argument >> 2 if sys.version_info >= (3, 15) else argument
