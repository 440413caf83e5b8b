"""Containers that are made before their contents, as in a module that is being imported.

`TABLE = {}` and `TABLE[C()] = 1`, where a method of `C` that runs when an instance is loaded reads
`TABLE`: a module has the name before the first item. A pickler writes a dict in one go, and
whatever refers to it gets it only when it is complete. So such a container is written in two steps:
first it is made, empty, for all that refer to it; then it is filled.

What the pickler writes first is a stand-in. The stand-in's place in the memo is then given to the
container, so that whatever refers to the container finds what was made.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import collections
import copyreg
import functools
import operator
from types import ModuleType
from typing import Any, Final

from modulepickle._loader.emit import Call, Reduced, StandIn
from modulepickle._reduce.state import Dump, by_value

__all__ = [
    "Begun",
    "Fill",
    "begin",
    "can_begin",
    "is_free",
    "reduce_begun",
    "reduce_fill",
    "settle",
]

PLAIN: Final = frozenset(
    {dict, list, set, collections.OrderedDict, collections.defaultdict, collections.deque}
)


class Begun(StandIn):
    """Stands for a container without its contents."""

    def __init__(self, value: Any, parts: tuple[Any, ...]) -> None:
        self.value, self.parts = value, parts


class Fill(StandIn):
    """Stands for the call that fills a container.

    Attributes:
        begun: stands for the container until that is in the pickle.
        is_begun: whether the container is in the pickle, empty.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        self.begun: Begun | None = None
        self.is_begun = False


def can_begin(dump: Dump, value: Any) -> bool:
    """Tell whether an object can be made before its contents."""
    kind: Any = type(value)
    if kind in PLAIN:
        return True
    plain: Any = object
    if kind.__reduce_ex__ is not plain.__reduce_ex__ or kind.__reduce__ is not plain.__reduce__:
        return False
    module = kind.__module__
    is_mine = type(module) is str and by_value(dump, module) and kind not in dump.table
    return is_mine and not issubclass(kind, SPECIAL)


def is_free(value: Any) -> bool:
    """Tell whether an object of this kind can be made without running user code."""
    kind: Any = type(value)
    return kind in PLAIN or kind.__new__ is object.__new__


SPECIAL: Final = (
    type, ModuleType, property, staticmethod, classmethod, functools.cached_property,
    functools.partialmethod, functools.singledispatchmethod,
)  # fmt: skip
"""Types that have reducers of their own (see `_reduce.wrappers`)."""


def begin(dump: Dump, fill: Fill) -> Any:
    """Return what stands for the container of a `Fill`: itself, once it is in the pickle."""
    if fill.begun is None and not dump.parts.naming:
        memo = getattr(dump, "memo", None)
        if memo is not None and id(fill.value) not in memo.copy():
            fill.begun = Begun(fill.value, _parts(dump, fill.value))
            dump.parts.begun.append(fill)
    return fill.value if fill.begun is None or fill.is_begun else fill.begun


def settle(dump: Dump) -> None:
    """Give the memo's places of the stand-ins to the containers that were made."""
    begun = dump.parts.begun
    if begun:
        pickler: Any = dump
        memo = pickler.memo.copy()
        for fill in begun:
            place, _ = memo.pop(id(fill.begun))
            memo[id(fill.value)] = place, fill.value
            fill.is_begun = True
        begun.clear()
        pickler.memo = memo


def _parts(dump: Dump, value: Any) -> tuple[Any, ...]:
    """Return what makes a container, its state and its items."""
    if type(value) is dict:
        return Call, (dict,), None, None, iter(value.items())
    if type(value) is list:
        return Call, (list,), None, iter(value)
    if type(value) is set:
        return Call, (set,)
    make, args, *others = value.__reduce_ex__(max(dump.protocol, 2))
    return (make, args, *others)


def reduce_begun(_: Dump, begun: Begun) -> Reduced:
    """Return the call that makes a container."""
    make, args = begun.parts[:2]
    if make is Call:
        return args[0], ()
    # Not `__newobj__` itself: a pickler would compare the class with the stand-in's.
    return Call(getattr, copyreg, "__newobj__") if make is NEW else make, args


NEW: Final = copyreg.__newobj__  # type: ignore[attr-defined]


def reduce_fill(dump: Dump, fill: Fill) -> Reduced:
    """Return the call that fills a container; one that does nothing if it was filled before."""
    settle(dump)
    value, begun = fill.value, fill.begun
    if begun is None:
        return operator.getitem, ((None,), 0)
    if type(value) is set:
        return Call(getattr, value, "update"), ([*value],)
    return operator.getitem, ((value,), 0), *begun.parts[2:]
