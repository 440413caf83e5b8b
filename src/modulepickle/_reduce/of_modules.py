"""Objects that are told from others by identity alone, found again where a module has them.

`from pkg import UNSET` in a script binds a sentinel of the package. The script's functions, which
go by value, must find the receiver's own `pkg.UNSET`: a copy would be another object, and nobody
would notice. The same holds for locks and context variables, of which there are no copies, and for
the methods of an instance that a module keeps to itself, as `random.randint`: bound to a copy, they
would have a state of their own. So all these go as attributes of a module that goes by name.

What a container or any other object with a state holds is more than its identity: that is copied.
In data alone, without code by value, all is as plain pickle has it (R3).

Outside API: `may_be_of_module`, `reducer_of_module`.
"""

from __future__ import annotations

import contextvars
import copyreg
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, MethodType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import LIBRARY, Call
from modulepickle._local.tree import INSTALLATIONS, in_standard_library
from modulepickle._reduce.state import MAIN, Dump, Reducer, by_value

__all__ = ["may_be_of_module", "reducer_of_module"]

ONLY_THEMSELVES: Final[tuple[type, ...]] = (
    object, contextvars.ContextVar, threading.local, type(threading.Lock()),
    type(threading.RLock()), threading.Condition, threading.Event, threading.Semaphore,
    threading.BoundedSemaphore, threading.Barrier, MethodType,
)  # fmt: skip

HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class statement made it

Place = tuple[ModuleType, str]
"""A module, and the name of an attribute."""

_known: tuple[list[str], dict[int, Place], list[str]] = [], {}, []
"""The names in `sys.modules`; where those of installations have such objects, by id; the others."""


def may_be_of_module(kind: type) -> bool:
    """Tell whether objects of a type may be among these. It is quick, as every type is asked."""
    return _is_one_of(kind, ONLY_THEMSELVES) or kind is BuiltinFunctionType or _may_be_bare(kind)


def reducer_of_module(otherwise: Reducer | None) -> Reducer:
    """Return the reducer for a type that may be one of these.

    Args:
        otherwise: the reducer of the type's other objects, or None for plain pickle's.
    """

    def reduce(dump: Dump, obj: Any) -> Any:
        if dump.parts.used and _is_only_itself(obj):
            for module, name in _found(dump, obj):
                if vars(module).get(name) is obj and not by_value(dump, module.__name__):
                    return Call(getattr, module, name).reduced
        return NotImplemented if otherwise is None else otherwise(dump, obj)

    return reduce


def _is_one_of(kind: type, kinds: tuple[type, ...]) -> bool:
    return any(each is kind for each in kinds)  # a metaclass may have an `__eq__` of its own


def _may_be_bare(kind: type) -> bool:
    """Tell whether the instances of a class may be without any state, and are pickled as such."""
    return (
        bool(kind.__flags__ & HEAP)
        and kind.__init__ is object.__init__  # type: ignore[misc]
        and kind.__new__ is object.__new__  # type: ignore[comparison-overlap]
        and kind.__reduce_ex__ is object.__reduce_ex__  # type: ignore[comparison-overlap]
        and kind.__reduce__ is object.__reduce__  # type: ignore[comparison-overlap]
        and getattr(kind, "__getstate__", None) is getattr(object, "__getstate__", None)
        and not copyreg._slotnames(kind)  # type: ignore[attr-defined]
    )


def _is_only_itself(obj: Any) -> bool:
    """Tell whether an object of such a type is one: a method in C, or without a state."""
    kind = type(obj)
    if kind is BuiltinFunctionType:
        return type(obj.__self__) is not ModuleType
    return _is_one_of(kind, ONLY_THEMSELVES) or not getattr(obj, "__dict__", None)


def _found(dump: Dump, obj: Any) -> Iterator[Place]:
    """Yield where an object may be, by its id."""
    installed, others = _modules()
    if dump.parts.places is None:  # once a dump: those of the working tree may be reloaded
        dump.parts.places = dict(_places(filter(None, map(sys.modules.get, others))))
    for places in (installed, dump.parts.places):
        if id(obj) in places:
            yield places[id(obj)]


def _modules() -> tuple[dict[int, Place], list[str]]:
    """Return what the modules of installations have, and the names of the others.

    They are many, and change little: they are looked through again when others are imported.
    """
    global _known
    titles = [*sys.modules]
    if _known[0] != titles:
        installed, others = [], []
        for title in titles:
            module = sys.modules.get(title)
            # By its type: a lazy one would import something.
            if type(module) is not ModuleType or vars(module).get("__name__") != title:
                continue
            if _is_installed(vars(module).get("__file__")):
                installed.append(module)
            elif title not in MAIN and title.partition(".")[0] != LIBRARY:
                others.append(title)
        _known = titles, dict(_places(installed)), others
    return _known[1:]


def _is_installed(file: object) -> bool:
    if not isinstance(file, str):  # a part of the interpreter
        return True
    return not INSTALLATIONS.isdisjoint(file.split(os.sep)) or in_standard_library(file)


def _places(modules: Iterable[ModuleType]) -> Iterator[tuple[int, Place]]:
    """Yield the ids of the objects in modules that are only themselves, and where each is."""
    known: dict[int, bool] = {}  # id of a type, since a metaclass may refuse to hash
    for module in modules:
        for name, value in [*vars(module).items()]:
            kind = type(value)
            if id(kind) not in known:
                known[id(kind)] = may_be_of_module(kind)
            if known[id(kind)] and type(name) is str and _is_only_itself(value):
                yield id(value), (module, name)
