"""What code by value imports when it runs, found in its source or else in its bytecode.

Nothing is unpickled, imported or run. Bytecode is read as data, and only that of this Python can
be: a receiver of another one refuses code without source anyway.

Outside API: `imported_by`.
"""

from __future__ import annotations

import dis
import importlib.util
import re
import sys
from collections.abc import Iterator
from typing import Any, Final

from modulepickle._reduce.named import DOTTED
from modulepickle._report.anatomy import Code
from modulepickle._report.budget import Budget
from modulepickle._report.bytecode import code_in, cost
from modulepickle._snapshot.imports import import_lines

__all__ = ["imported_by"]

FUNCTIONS: Final = frozenset({"import_module", "__import__"})

FROM_SHIFT: Final = {"LOAD_GLOBAL": (3, 11), "LOAD_ATTR": (3, 12), "IMPORT_NAME": (3, 15)}
"""Instruction -> since which Python the low bits of its argument are flags, not of a name."""


def imported_by(code: Code, budget: Budget) -> list[str]:
    """Return the absolute dotted names that code imports, as `imports.imports` finds them."""
    if code.source:
        if "import" not in code.source or not budget.take("imports", cost(code.source)):
            return []
        text = f"({code.source})" if code.source.startswith("lambda") else code.source
        return [*import_lines(text.encode("utf-8", "replace"), "", False, is_whole=False)]
    if code.magic != importlib.util.MAGIC_NUMBER or not budget.take("imports", len(code.data)):
        return []
    try:
        return [*dict.fromkeys(_in_tree(code_in(code.data)))]
    except (ValueError, RecursionError, LookupError):  # `bytecode` warns of it
        return []


def _in_tree(node: Any) -> Iterator[str]:
    """Yield the names that read bytecode imports, nested code included."""
    if type(node) is not tuple or not node:
        return
    if node[0] == b"c":
        fields: dict[str, Any] = dict(each for each in node[1:] if type(each) is tuple)
        yield from _in_code(fields["code 0"], fields["consts 1"][1:], fields["names 2"][1:])
        node = fields["consts 1"]
    for each in node:
        yield from _in_tree(each)


def _in_code(code: bytes, consts: tuple[Any, ...], names: tuple[Any, ...]) -> Iterator[str]:
    constants: list[Any] = [0, None]
    extended, base = 0, ""
    calls = False  # whether the next constant is the argument of `import_module`
    for at in range(0, len(code) - 1, 2):
        name, argument = dis.opname[code[at]], extended | code[at + 1]
        extended = argument << 8 if name == "EXTENDED_ARG" else 0
        if name == "IMPORT_NAME":  # after the constants `level` and `fromlist`
            base = "" if _number(constants[-2]) else str(names[_index(name, argument)])
            if base:
                yield base
        elif name == "IMPORT_FROM" and base:
            yield f"{base}.{names[argument]}"
        elif "CONST" in name or name == "LOAD_SMALL_INT":
            constants.append(argument if name == "LOAD_SMALL_INT" else consts[argument])
            text = constants[-1]
            if calls and type(text) is str and re.fullmatch(DOTTED, text) and text[0] != ".":
                yield text
            calls = False
        elif name in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_METHOD"):
            calls = names[_index(name, argument)] in FUNCTIONS


def _index(name: str, argument: int) -> int:
    """Return which name an argument means."""
    if sys.version_info < FROM_SHIFT.get(name, (4,)):
        return argument
    return argument >> (2 if name == "IMPORT_NAME" else 1)


def _number(constant: Any) -> int:
    """Return a small number among constants as they were read."""
    if type(constant) is tuple and constant[0] == b"i":
        return int.from_bytes(constant[1], "little")
    return constant if type(constant) is int else 0
