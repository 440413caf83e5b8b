"""Reducers: how the objects that plain pickle would write by name are written instead.

A reducer gets the pickler and an object, and returns the object's reduction, or `NotImplemented`:
then the pickler does what plain `pickle` does (R3). Which reducer a type has is data, `REDUCERS`,
or found by `reducer_of`, once a type.

By name inside a snapshot (*shipped*) goes what lies in a local package. The same name by reference
goes what is installed.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import SYS, Call, Reduced
from modulepickle._loader.received import requirements_of, resend, snapshot_of
from modulepickle._local.finder import STANDARD_NAMES
from modulepickle._local.tree import in_standard_library
from modulepickle._reduce.classes import reduce_class
from modulepickle._reduce.functions import reduce_function
from modulepickle._reduce.objects import (
    is_dispatcher,
    reduce_builtin_type,
    reduce_by_name,
    reduce_dispatcher,
    reduce_dynamic_module,
)
from modulepickle._reduce.state import BUILTINS, Dump, KnownModule, Scope, by_value, find
from modulepickle._reduce.whose import import_of, module_of
from modulepickle._snapshot.shipment import SnapshotRef
from modulepickle._snapshot.stale import checks_of

__all__ = [
    "is_standard",
    "reduce_builtin",
    "reduce_module",
    "reduce_named",
    "reduce_namespace",
    "reduce_odd",
    "reduction_of",
]


def shipped(dump: Dump, obj: Any, module: object, path: str) -> SnapshotRef | None:
    """Return the snapshot that an object travels in under a name; None if it is not local."""
    if not isinstance(module, str):
        return None
    if dump.is_foreign(module) and find(module, path) is obj:
        return None
    snapshot = snapshot_of(obj, module, path)
    if snapshot is not None:
        return resend(snapshot, dump.resent)
    if is_standard(module):
        dump.note_foreign(module)
        return None
    package = dump.shipment.package(module)
    if package is None:
        dump.note_foreign(module)
        dump.shipment.note_by_name(module, f"`{module}.{path}`" if path else "")
        return None
    made = dump.shipment.ship(package)
    dump.shipment.check(module, package)
    check = checks_of(module) if path else None
    if check is not None:
        check(obj, path)
    return made


def is_standard(module: str) -> bool:
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


def reduce_named(dump: Dump, obj: Any) -> Any:
    """Reduce a function or class: to its name, inside a snapshot or not, if it has one."""
    module, path = obj.__module__, obj.__qualname__
    # A metaclass may say of a class what it likes, also what is no text.
    home = dump.known_modules.get(module) if type(module) is str and type(path) is str else None
    if home is None:
        return _reduce_named(dump, obj, module, path)
    names, snapshot, check = home
    if names.get(path) is not obj:
        return _reduce_named(dump, obj, module, path)
    if snapshot is None:
        return NotImplemented
    if check is not None:
        check(obj, path)
    return snapshot, (sys.intern(module), sys.intern(path))


def _reduce_named(dump: Dump, obj: Any, module: Any, path: str) -> Any:
    if id(obj) in INTERPRETERS_OWN:
        return NotImplemented
    is_plain = True
    if module is None:
        module, is_plain = module_of(obj, path)
    if not isinstance(module, str):
        return NotImplemented
    if not by_value(dump, module):
        snapshot = shipped(dump, obj, module, path)
        is_there = find(module, path) is obj
        if is_there:
            _note_known(dump, module, snapshot)
        if snapshot is None:
            if is_there:
                return NotImplemented if is_plain else import_of(module, path)
        elif is_there or snapshot_of(obj, module, path) is not None:
            return snapshot, _names(module, path)
    return reduce_value(dump, obj)


def _names(module: str, path: str) -> tuple[str, ...]:
    """Return a name as a snapshot is called with it.

    The pickler writes a text once if it is the same object. Whether two are must depend on nothing
    but what they say, and not on who made them (R4).
    """
    return tuple(sys.intern(str(each)) for each in (module, *path.split(".")))


def _note_known(dump: Dump, module: str, snapshot: SnapshotRef | None) -> None:
    """Remember where an object of a module stands, and how it travels."""
    home = sys.modules.get(module)
    if type(home) is ModuleType:  # what stands in any other, it may say when it is asked
        check = None if snapshot is None else checks_of(module)
        dump.known_modules[module] = KnownModule(vars(home), snapshot, check)


INTERPRETERS_OWN: Final = frozenset(map(id, (type(None), type(NotImplemented), type(...))))
"""Types without a name, for which plain pickle has a way of its own, by id: any `==` of a class is
a method of its metaclass."""


def reduce_value(dump: Dump, obj: Any) -> Any:
    """Reduce a function or class by value, unless it is made of C."""
    if isinstance(obj, FunctionType):
        dump.parts.used = True
        return reduce_dispatcher(obj) if is_dispatcher(obj) else reduce_function(dump, obj)
    found = reduce_builtin_type(obj)
    if found is not NotImplemented or obj.__flags__ & (HEAP | IMMUTABLE) != HEAP:
        return found
    dump.parts.used = True
    return reduce_class(dump, obj)


HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE
IMMUTABLE: Final = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE, new in 3.10


def reduce_module(dump: Dump, module: ModuleType) -> Any:
    """Reduce a module: plain pickle refuses all of them."""
    name = module.__name__
    if by_value(dump, name) and sys.modules.get("__main__") is not module:
        return reduce_dynamic_module(dump, module)
    snapshot = shipped(dump, module, name, "")
    if snapshot is not None and (
        sys.modules.get(name) is module or snapshot_of(module, name, "") is not None
    ):
        return snapshot, (sys.intern(str(name)),)
    namespace = reduce_namespace(dump, module)
    if namespace is not None:
        return namespace
    if sys.modules.get(name) is module:
        return importlib.import_module if "." in name else __import__, (sys.intern(str(name)),)
    return reduce_dynamic_module(dump, module)


def reduce_odd(dump: Dump, obj: Any) -> Any:
    """Reduce an object whose own reduction may be a string, a name in some module.

    Of such a string the C pickler makes a global by itself, and asks nobody.
    """
    reduction = reduction_of(dump, obj)
    if not isinstance(reduction, str):
        return reduction
    module = getattr(obj, "__module__", None)
    if module is not None and not isinstance(module, str):
        return NotImplemented
    is_plain = True
    if not module:
        module, is_plain = module_of(obj, reduction)
    if by_value(dump, module):
        return reduce_by_name(dump, obj)
    snapshot = shipped(dump, obj, module, reduction)
    if find(module, reduction) is not obj and snapshot_of(obj, module, reduction) is None:
        return reduce_by_name(dump, obj)
    if snapshot is None:
        return NotImplemented if is_plain else import_of(module, reduction)
    return snapshot, _names(module, reduction)


def reduce_builtin(dump: Dump, obj: Any) -> Any:
    """Reduce a function of C. Those that our own calls are made of are known at once."""
    return NotImplemented if BUILTINS.names.get(obj.__name__) is obj else reduce_odd(dump, obj)


def reduction_of(dump: Dump, obj: Any) -> Any:
    """Return what an object reduces to, as the C pickler finds it after `reducer_override`."""
    reduce = dump.table.get(type(obj))
    if reduce is not None:
        return reduce(obj)
    return obj.__reduce_ex__(dump.protocol)


# --- namespace packages ---------------------------------------------------------------------------


# `sys.modules.get("modulepickle._own", sys)`: where there is no library, `sys` has no `namespace`.
OWN: Final = Call(Call(getattr, Call(getattr, SYS, "modules"), "get"), "modulepickle._own", SYS)


def reduce_namespace(dump: Dump, module: ModuleType) -> Reduced | None:
    """Reduce a namespace package that has local packages loaded; None if it is no such thing."""
    names = vars(module)
    home = _home_of(module)
    if home is not None:
        scope = _resent(dump, home)
    elif names.get("__file__") is None and "__path__" in names:
        requirements = _loaded(dump, f"{module.__name__}.")
        if not requirements:
            return None
        scope = Scope(requirements)
    else:
        return None
    # In a process that has these packages by imports of its own, its own object (R10). The loader's
    # `import_module` has a second parameter, too, which it looks at for relative names only.
    find = Call(getattr, OWN, "namespace", Call(getattr, scope, "import_module"))
    return find, (module.__name__, scope)


def _home_of(module: ModuleType) -> Any:
    """Return the loader's snapshot whose code sees a namespace package; None if there is none.

    Of several, the one that knows most. Loaders of 0.1.0 have it in the object itself.
    """
    if type(module) is ModuleType:  # what the loader has in place of one is not
        return None
    seen = sorted(
        getattr(module.__spec__, "homes", ()), key=lambda each: (len(each.paths), each.parts[1])
    )
    return seen[-1] if seen else next((v for v in vars(module).values() if _is_snapshot(v)), None)


def _is_snapshot(obj: Any) -> bool:
    """Tell whether an object is a snapshot of the loader's; it is looked at by its type first."""
    return hasattr(type(obj), "import_module") and hasattr(obj, "parts")


def _loaded(dump: Dump, prefix: str) -> dict[str, SnapshotRef | str]:
    """Return the local packages below a name that are imported, in an order of no accident (R4)."""
    requirements: dict[str, SnapshotRef | str] = {}
    for name in sorted(name for name in [*sys.modules] if str(name).startswith(prefix)):
        need = dump.shipped_module(name)
        if need is not None:
            requirements[need.name] = need
    return requirements


def _resent(dump: Dump, home: Any) -> SnapshotRef:
    if home.parts[0]:
        return resend(home, dump.resent)
    requirements = requirements_of(home).items()
    known = dump.resent
    return Scope(
        {k: need if isinstance(need, str) else resend(need, known) for k, need in requirements}
    )
