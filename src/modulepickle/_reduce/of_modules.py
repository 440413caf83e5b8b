"""Objects that are told from others by identity alone, found again where a module has them.

`from pkg import UNSET` in a script binds a sentinel of the package. The script's functions, which
go by value, must find the receiver's own `pkg.UNSET`: a copy would be another object, and nobody
would notice. The same holds for locks and context variables, of which there are no copies, and for
the methods of an instance that a module keeps to itself, as `random.randint`: bound to a copy, they
would have a state of their own. So all these go as attributes of a module that goes by name.

What a container or any other object with a state holds is more than its identity: that is copied.
In data alone, without code by value, all is as plain pickle has it (R3).

Outside API: what is in `__all__`.
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
from modulepickle._reduce.names import reduce_builtin
from modulepickle._reduce.state import MAIN, Dump, by_value
from modulepickle._reduce.wrappers import reduce_method

__all__ = [
    "ONLY_THEMSELVES",
    "may_be_sentinel",
    "reduce_builtin_of_module",
    "reduce_method_of_module",
    "reduce_of_module",
    "reduce_sentinel_of_module",
]

ONLY_THEMSELVES: Final[tuple[type, ...]] = (
    object, contextvars.ContextVar, threading.local, type(threading.Lock()),
    type(threading.RLock()), threading.Condition, threading.Event, threading.Semaphore,
    threading.BoundedSemaphore, threading.Barrier,
)  # fmt: skip

HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class statement made it

Place = tuple[ModuleType, str]
"""A module, and the name of an attribute."""

_known: tuple[int, dict[int, Place], list[str]] = -1, {}, []
"""How many modules there were; where those of installations have such objects, by id; the names of
all others."""


def may_be_sentinel(kind: type) -> bool:
    """Tell whether the instances of a class may be without any state."""
    return (
        bool(kind.__flags__ & HEAP)
        and kind.__init__ is object.__init__  # type: ignore[misc]
        and kind.__new__ is object.__new__  # type: ignore[comparison-overlap]
        and getattr(kind, "__getstate__", None) is getattr(object, "__getstate__", None)
        and not copyreg._slotnames(kind)  # type: ignore[attr-defined]
    )


def reduce_sentinel_of_module(dump: Dump, obj: Any) -> Any:
    """Reduce an instance that has no state, as one of `ONLY_THEMSELVES`."""
    if not dump.parts.used or getattr(obj, "__dict__", None):
        return NotImplemented
    return reduce_of_module(dump, obj)


def reduce_of_module(dump: Dump, obj: Any) -> Any:
    """Reduce an object to the attribute of a module that it is, if it is one."""
    if not dump.parts.used:
        return NotImplemented
    installed, others = _modules()
    places = dump.parts.places
    if places is None:  # once a dump, since the modules of the working tree may have been reloaded
        mine = filter(None, map(sys.modules.get, others))
        places = dump.parts.places = dict(_places(mine))
    for module, name in filter(None, (installed.get(id(obj)), places.get(id(obj)))):
        if vars(module).get(name) is obj and not by_value(dump, module.__name__):
            return Call(getattr, module, name).reduced
    return NotImplemented


def _modules() -> tuple[dict[int, Place], list[str]]:
    """Return what the modules of installations have, and the names of the others.

    They are many, and change little: they are looked through again when more have been imported.
    """
    global _known
    number = len(sys.modules)
    if _known[0] != number:
        installed, others = [], []
        for title, module in [*sys.modules.items()]:
            # By its type: a lazy one would import something.
            if type(module) is not ModuleType or vars(module).get("__name__") != title:
                continue
            if _is_installed(vars(module).get("__file__")):
                installed.append(module)
            elif title not in MAIN and title.partition(".")[0] != LIBRARY:
                others.append(title)
        _known = number, dict(_places(installed)), others
    return _known[1:]


def reduce_method_of_module(dump: Dump, method: MethodType) -> Any:
    """Reduce a bound method to the attribute of a module that it is, or as any other."""
    found = reduce_of_module(dump, method)
    return reduce_method(dump, method) if found is NotImplemented else found


def reduce_builtin_of_module(dump: Dump, function: BuiltinFunctionType) -> Any:
    """Reduce a function made in C, which may be a method, likewise."""
    found = reduce_of_module(dump, function) if _is_method_in_c(function) else NotImplemented
    return reduce_builtin(dump, function) if found is NotImplemented else found


def _is_method_in_c(value: Any) -> bool:
    return type(value) is BuiltinFunctionType and type(value.__self__) is not ModuleType


def _is_installed(file: object) -> bool:
    if not isinstance(file, str):  # a part of the interpreter
        return True
    return not INSTALLATIONS.isdisjoint(file.split(os.sep)) or in_standard_library(file)


def _places(modules: Iterable[ModuleType]) -> Iterator[tuple[int, Place]]:
    """Yield the ids of the objects in modules that are only themselves, and where each is."""
    # By id: a metaclass may refuse to hash.
    known = {id(kind): True for kind in (*ONLY_THEMSELVES, MethodType)}
    for module in modules:
        for name, value in [*vars(module).items()]:
            kind = type(value)
            if id(kind) not in known:
                known[id(kind)] = may_be_sentinel(kind)
            if (known[id(kind)] or _is_method_in_c(value)) and type(name) is str:
                yield id(value), (module, name)
