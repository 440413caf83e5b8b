"""Reducers: how the objects that plain pickle would write by name are written instead.

A reducer gets the pickler and an object, and returns the object's reduction, or `NotImplemented`:
then the pickler does what plain `pickle` does (R3). Which reducer a type has is data, `REDUCERS`,
or found by `reducer_of`, once a type.

By name inside a snapshot (*shipped*) goes what lies in a local package. The same name by reference
goes what is installed.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import os
import pickle
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from modulepickle._loader.emit import (
    Call,
    Rebuilt,
    Reduced,
    TheFetcher,
    TheLoader,
    TheRebuilder,
    reduce_call,
    reduce_fetcher,
    reduce_loader,
    reduce_rebuilder,
    reduce_rebuilt,
    reduce_shipped,
)
from modulepickle._loader.received import received, resend
from modulepickle._local.finder import STANDARD_NAMES
from modulepickle._local.tree import in_standard_library
from modulepickle._reduce.classes import reduce_class
from modulepickle._reduce.functions import Scope, by_value, reduce_function
from modulepickle._reduce.namespace import reduce_namespace
from modulepickle._reduce.objects import (
    NAMED,
    OF_DATACLASSES,
    OTHERS,
    is_dispatcher,
    reduce_builtin_type,
    reduce_by_name,
    reduce_dispatcher,
    reduce_dynamic_module,
    reducer_of_subclass,
)
from modulepickle._snapshot.snapshot import Shipped
from modulepickle._snapshot.stale import Check, checks_of

if TYPE_CHECKING:
    from modulepickle._pickler.pickler import Pickler

__all__ = ["BUILTINS", "REDUCERS", "Home", "Reducer", "reducer_of"]

Reducer = Callable[["Pickler", Any], Any]


def find(module: str, path: str) -> Any:
    """Return what stands in an imported module under a dotted path (empty: the module), or None."""
    found: Any = sys.modules.get(module)
    for part in path.split(".") if path else ():
        found = getattr(found, part, None)
    return found


def shipped(pickler: Pickler, obj: Any, module: object, path: str) -> Shipped | None:
    """Return the snapshot that an object travels in under a name; None if it is not local."""
    if not isinstance(module, str):
        return None
    if pickler.is_foreign(module) and find(module, path) is obj:
        return None
    snapshot = received(obj, module, path)
    if snapshot is not None:
        return resend(snapshot, pickler.resent)
    unit = None if _is_standard(module) else pickler.shipment.unit(module)
    if unit is None:
        pickler.note_foreign(module)
        return None
    made = pickler.shipment.ship(unit)
    if pickler.policy.ignore:
        from modulepickle._snapshot.left_out import (
            check_kept,  # not at the top: few policies have patterns
        )

        check_kept(module, unit, pickler.policy)
    check = checks_of(module) if path else None
    if check is not None:
        check(obj, path)
    return made


class Home(NamedTuple):
    """A module of which one object went by its name, and so may all others that stand in it.

    Of 10,000 functions of a module, what does not depend on the function is found out once.
    """

    names: dict[str, Any]
    """The module's own dict, not a copy: what is looked up there is there now."""
    snapshot: Shipped | None
    """What holds the module; None: it goes by reference."""
    check: Check | None


def _is_standard(module: str) -> bool:
    """Tell whether a module is imported from the standard library, by the file that it says.

    The working tree need not be looked at for it: no policy makes it local.
    """
    top = module.partition(".")[0]
    found = sys.modules.get(top) if top in STANDARD_NAMES else None
    if not isinstance(found, ModuleType):
        return False
    names = object.__getattribute__(found, "__dict__")  # a lazy one would import itself
    spec = names.get("__spec__")
    if type(spec) is not ModuleSpec:
        return False
    origin, file = spec.origin, names.get("__file__")
    if origin == "built-in":
        return file is None
    # A frozen one says so in place of a file, and where it comes from beside it.
    place = file if origin == "frozen" else origin
    return isinstance(place, str) and _in_library(place)


@functools.cache
def _in_library(file: str) -> bool:
    return in_standard_library(os.path.normcase(file))


def reduce_named(pickler: Pickler, obj: Any) -> Any:
    """Reduce a function or class: to its name, inside a snapshot or not, if it has one."""
    module, path = obj.__module__, obj.__qualname__
    # A metaclass may say of a class what it likes, also what is no text.
    home = pickler.homes.get(module) if type(module) is str and type(path) is str else None
    if home is None:
        return _reduce_named(pickler, obj, module, path)
    names, snapshot, check = home
    if names.get(path) is not obj:
        return _reduce_named(pickler, obj, module, path)
    if snapshot is None:
        return NotImplemented
    if check is not None:
        check(obj, path)
    return snapshot, (sys.intern(module), sys.intern(path))


def _reduce_named(pickler: Pickler, obj: Any, module: Any, path: str) -> Any:
    if id(obj) in INTERPRETERS_OWN:
        return NotImplemented
    if module is None:
        module = pickle.whichmodule(obj, path)  # type: ignore[attr-defined]
    if not isinstance(module, str):
        return NotImplemented
    if not by_value(pickler, module):
        snapshot = shipped(pickler, obj, module, path)
        is_there = find(module, path) is obj
        if is_there:
            _note_home(pickler, module, snapshot)
        if snapshot is None:
            if is_there:
                return NotImplemented
        elif is_there or received(obj, module, path) is not None:
            return snapshot, _names(module, path)
    return reduce_value(pickler, obj)


def _names(module: str, path: str) -> tuple[str, ...]:
    """Return a name as a snapshot is called with it.

    The pickler writes a text once if it is the same object. Whether two are must depend on nothing
    but what they say, and not on who made them (R4).
    """
    return tuple(sys.intern(str(each)) for each in (module, *path.split(".")))


def _note_home(pickler: Pickler, module: str, snapshot: Shipped | None) -> None:
    """Remember where an object of a module stands, and how it travels."""
    home = sys.modules.get(module)
    if type(home) is ModuleType:  # what stands in any other, it may say when it is asked
        check = None if snapshot is None else checks_of(module)
        pickler.homes[module] = Home(vars(home), snapshot, check)


BUILTINS: Final = Home(vars(builtins), None, None)
"""Ours, too, that make things on the receiver: they need no look at the working tree."""

INTERPRETERS_OWN: Final = frozenset(map(id, (type(None), type(NotImplemented), type(...))))
"""Types without a name, for which plain pickle has a way of its own, by id: any `==` of a class is
a method of its metaclass."""


def reduce_value(pickler: Pickler, obj: Any) -> Any:
    """Reduce a function or class by value, unless it is made of C."""
    if isinstance(obj, FunctionType):
        pickler.parts.used = True
        return reduce_dispatcher(obj) if is_dispatcher(obj) else reduce_function(pickler, obj)
    found = reduce_builtin_type(obj)
    if found is not NotImplemented or obj.__flags__ & (HEAP | IMMUTABLE) != HEAP:
        return found
    pickler.parts.used = True
    return reduce_class(pickler, obj)


HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE
IMMUTABLE: Final = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE, new in 3.10


def reduce_module(pickler: Pickler, module: ModuleType) -> Any:
    """Reduce a module: plain pickle refuses all of them."""
    name = module.__name__
    if by_value(pickler, name) and sys.modules.get("__main__") is not module:
        return reduce_dynamic_module(pickler, module)
    snapshot = shipped(pickler, module, name, "")
    if snapshot is not None and (
        sys.modules.get(name) is module or received(module, name, "") is not None
    ):
        return snapshot, (sys.intern(str(name)),)
    namespace = reduce_namespace(pickler, module)
    if namespace is not None:
        return namespace
    if sys.modules.get(name) is module:
        return importlib.import_module if "." in name else __import__, (sys.intern(str(name)),)
    return reduce_dynamic_module(pickler, module)


def reduce_odd(pickler: Pickler, obj: Any) -> Any:
    """Reduce an object whose own reduction may be a string, a name in some module.

    Of such a string the C pickler makes a global by itself, and asks nobody.
    """
    reduction = reduction_of(pickler, obj)
    if not isinstance(reduction, str):
        return reduction
    module = getattr(obj, "__module__", None)
    if module is not None and not isinstance(module, str):
        return NotImplemented
    module = module or pickle.whichmodule(obj, reduction)  # type: ignore[attr-defined]
    if by_value(pickler, module):
        return reduce_by_name(pickler, obj)
    snapshot = shipped(pickler, obj, module, reduction)
    if find(module, reduction) is not obj and received(obj, module, reduction) is None:
        return reduce_by_name(pickler, obj)
    return NotImplemented if snapshot is None else (snapshot, _names(module, reduction))


def reduce_builtin(pickler: Pickler, obj: Any) -> Any:
    """Reduce a function of C. Those that our own calls are made of are known at once."""
    return NotImplemented if BUILTINS.names.get(obj.__name__) is obj else reduce_odd(pickler, obj)


def reduction_of(pickler: Pickler, obj: Any) -> Any:
    """Return what an object reduces to, as the C pickler finds it after `reducer_override`."""
    reduce = pickler.table.get(type(obj))
    if reduce is not None:
        return reduce(obj)
    return obj.__reduce_ex__(pickler.protocol)


def _emit_shipped(pickler: Pickler, obj: Shipped) -> Reduced:
    if pickler.parts.naming:
        if obj.name:  # a scope has none; what it needs comes by itself
            pickler.parts.reached[obj.name] = obj.digest
        return Call(str), (obj.name, obj.digest)
    return pickler.emit(obj)


def _emit_scope(pickler: Pickler, obj: Scope) -> Reduced:
    if pickler.parts.naming:
        return *_emit_shipped(pickler, obj)[:2], obj.needs, None, None, SET_SCOPE
    # It is no package, and no store has it.
    return *reduce_shipped(obj, obj.archive)[:2], obj.needs, None, None, SET_SCOPE


def _emit_rebuilt(pickler: Pickler, obj: Rebuilt) -> Reduced:
    return (Call(str), (obj.name,)) if pickler.parts.naming else reduce_rebuilt(obj)


SET_SCOPE: Final = Rebuilt("set_scope")

REDUCERS: Final[dict[type, Reducer | None]] = {
    FunctionType: reduce_named,
    type: reduce_named,
    ModuleType: reduce_module,
    BuiltinFunctionType: reduce_builtin,
    Shipped: _emit_shipped,
    Scope: _emit_scope,
    TheLoader: lambda pickler, obj: reduce_loader(obj),
    TheFetcher: lambda pickler, obj: reduce_fetcher(obj),
    TheRebuilder: lambda pickler, obj: reduce_rebuilder(obj),
    Rebuilt: _emit_rebuilt,
    Call: lambda pickler, obj: reduce_call(obj),
}


def reducer_of(pickler: Pickler, kind: type) -> Reducer | None:
    """Return the reducer for objects of a type; None: plain pickle's."""
    if kind in REDUCERS:
        return REDUCERS[kind]
    table = pickler.table
    if kind in table:  # perhaps with None, which the pickler answers
        return reduce_odd if table[kind] and _may_name_local(pickler, kind) else None
    if issubclass(kind, type):
        return reduce_named
    if kind in OTHERS:
        return OTHERS[kind]
    if issubclass(kind, ModuleType):
        return reduce_module
    if issubclass(kind, (property, staticmethod, classmethod)):
        return reducer_of_subclass(kind)
    name = f"{kind.__module__}.{kind.__name__}"
    if name in OF_DATACLASSES:
        return OF_DATACLASSES[name]
    if name in NAMED:
        return reduce_odd
    plain = kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ is object.__reduce__
    return reduce_odd if not plain and _may_name_local(pickler, kind) else None


def _may_name_local(pickler: Pickler, kind: type) -> bool:
    """Tell whether an instance may say `__module__` of its own, or its type's is local."""
    if kind.__dictoffset__ != 0:
        return True
    for base in kind.__mro__:
        module = base.__dict__.get("__module__")
        if module is not None:
            return not isinstance(module, str) or not _is_foreign(pickler, module)
    return not _is_foreign(pickler, kind.__module__)  # a type of C: it has no `__module__` to read


def _is_foreign(pickler: Pickler, module: str) -> bool:
    """Tell whether a module is known to be nobody's, or is the standard library's, not shadowed."""
    if pickler.is_foreign(module) or _is_standard(module):
        return True
    standard = module.partition(".")[0] in STANDARD_NAMES
    return standard and pickler.shipment.unit(module) is None
