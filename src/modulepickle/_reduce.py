"""Reducers: how the objects that plain pickle would write by name are written instead.

A reducer gets the pickler and an object, and returns the object's reduction, or `NotImplemented`:
then the pickler does what plain `pickle` does (R3). Which reducer a type has is data, `REDUCERS`,
or found by `reducer_of`, once a type.

By name inside a snapshot (*shipped*) goes what lies in a local package. The same name by reference
goes what is installed.
"""

from __future__ import annotations

import copyreg
import importlib
import pickle
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from modulepickle._emit import Reduced, TheLoader, reduce_loader, reduce_shipped
from modulepickle._received import received, resend
from modulepickle._snapshot import Shipped
from modulepickle._stale import check_fresh

if TYPE_CHECKING:
    from modulepickle._pickler import Pickler

__all__ = ["Reducer", "reducer_of"]

Reducer = Callable[["Pickler", Any], Any]


def find(module: str, path: str) -> Any:
    """Return what stands in an imported module under a dotted path; None if nothing does."""
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def shipped(pickler: Pickler, obj: Any, module: object) -> Shipped | None:
    """Return the snapshot that an object of that module travels in; None if it is not local."""
    if not isinstance(module, str) or pickler.is_foreign(module):
        return None
    snapshot = received(obj)
    if snapshot is not None:
        return resend(snapshot, pickler.resent)
    unit = pickler.shipment.unit(module)
    if unit is None:
        pickler.note_foreign(module)
        return None
    return pickler.shipment.ship(unit)


def reduce_named(pickler: Pickler, obj: Any) -> Any:
    """Reduce a function or class: to its name inside a snapshot if it has one."""
    module = obj.__module__
    snapshot = shipped(pickler, obj, module)
    if snapshot is None:
        return NotImplemented
    path = obj.__qualname__
    if received(obj) is None:
        if find(module, path) is not obj:
            return NotImplemented
        check_fresh(obj)
    return snapshot, (module, path)


def reduce_module(pickler: Pickler, module: ModuleType) -> Any:
    """Reduce a module: plain pickle refuses all of them."""
    name = module.__name__
    snapshot = shipped(pickler, module, name)
    if snapshot is not None:
        return snapshot, (name,)
    if sys.modules.get(name) is module:
        return importlib.import_module, (name,)
    return NotImplemented


def reduce_odd(pickler: Pickler, obj: Any) -> Any:
    """Reduce an object whose own reduction may be a string, a name in some module.

    Of such a string the C pickler makes a global by itself, and asks nobody.
    """
    module = getattr(obj, "__module__", None)
    if module is not None and (not isinstance(module, str) or pickler.is_foreign(module)):
        return NotImplemented
    reduction = reduction_of(pickler, obj)
    if not isinstance(reduction, str):
        return reduction
    module = module or pickle.whichmodule(obj, reduction)  # type: ignore[attr-defined]
    snapshot = shipped(pickler, obj, module)
    return NotImplemented if snapshot is None else (snapshot, (module, reduction))


def reduction_of(pickler: Pickler, obj: Any) -> Any:
    """Return what an object reduces to, as the C pickler finds it after `reducer_override`."""
    table = getattr(pickler, "dispatch_table", copyreg.dispatch_table)
    reduce = table.get(type(obj))
    if reduce is not None:
        return reduce(obj)
    return obj.__reduce_ex__(pickler.protocol)


def _shipped_stand_in(pickler: Pickler, obj: Shipped) -> Reduced:
    return reduce_shipped(obj, pickler.out_of_band)


REDUCERS: Final[dict[type, Reducer | None]] = {
    FunctionType: reduce_named,
    type: reduce_named,
    ModuleType: reduce_module,
    BuiltinFunctionType: reduce_odd,
    Shipped: _shipped_stand_in,
    TheLoader: lambda pickler, obj: reduce_loader(obj),
}


def reducer_of(pickler: Pickler, kind: type) -> Reducer | None:
    """Return the reducer for objects of a type; None: plain pickle's."""
    if kind in REDUCERS:
        return REDUCERS[kind]
    if kind in getattr(pickler, "dispatch_table", copyreg.dispatch_table):
        return reduce_odd if _may_name_local(pickler, kind) else None
    if issubclass(kind, type):
        return reduce_named
    if issubclass(kind, ModuleType):
        return reduce_module
    plain = kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ is object.__reduce__
    return reduce_odd if not plain and _may_name_local(pickler, kind) else None


def _may_name_local(pickler: Pickler, kind: type) -> bool:
    """Tell whether an instance may say `__module__` of its own, or its type's is local."""
    if kind.__dictoffset__ != 0:
        return True
    for base in kind.__mro__:
        module = base.__dict__.get("__module__")
        if module is not None:
            return not isinstance(module, str) or not pickler.is_foreign(module)
    return True
