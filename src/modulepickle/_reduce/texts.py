"""Local packages that a function by value names in strings, and imports by a computed name.

They are found as `_snapshot.texts` finds them for packages: in the constants of the function's
code, and in the globals that it uses.

Outside API: `IMPORTING`, `named_in_texts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any, Final

from modulepickle._base.codes import nested
from modulepickle._base.errors import PackagingError
from modulepickle._reduce.named import named
from modulepickle._reduce.state import Dump
from modulepickle._snapshot.ref import SnapshotRef

__all__ = ["IMPORTING", "named_in_texts"]

IMPORTING: Final = frozenset(
    {"__import__", "import_module", "import_string", "find_spec", "resolve_name", "run_module"}
    | {"dictConfig", "get_data", "resources", "PackageLoader", "patch", "exec", "eval"}
)
"""Functions that import what a string names, or execute it."""

MOST: Final = 1000
"""At most so many strings of a function are looked at."""

DEEP: Final = 3
"""How deep containers in containers are looked into."""


def named_in_texts(dump: Dump, function: FunctionType) -> Iterator[SnapshotRef]:
    """Yield the snapshots of local packages that the strings of a function name.

    Only of use for a function that names one of `IMPORTING`.
    """
    used = [function.__globals__.get(name) for name in named(function.__code__).used]
    consts = [const for code in nested(function.__code__) for const in code.co_consts]
    seen: dict[str, None] = {}
    for text in _texts([*consts, *used], DEEP):
        seen[text] = None
        if len(seen) > MOST:
            return
    for package in [package for text in seen for package in dump.shipment.named(text)]:
        try:
            yield dump.shipment.ship(package)
        except PackagingError:  # the string may name it by accident
            continue


def _texts(values: list[Any], depth: int) -> Iterator[str]:
    for value in values:
        if type(value) is str:
            yield value
        elif depth and type(value) in (list, tuple, set, frozenset) and len(value) <= MOST:
            yield from _texts([*value], depth - 1)
        elif depth and type(value) is dict and len(value) <= MOST:
            yield from _texts([*value, *value.values()], depth - 1)
