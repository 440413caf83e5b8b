"""Reducers: how the objects that plain pickle would write by name are written instead.

A reducer gets the dump and an object. It returns the object's reduction, or `NotImplemented`: then
the pickler does what plain `pickle` does (R3). The reducer of a type is looked up in tables, once a
type (`_reduce.dispatch`).

`_reduce.local` finds out whether an object has a name; `_reduce.whole` writes those that have none.
"""

from __future__ import annotations

import importlib
import operator
import sys
from types import ModuleType
from typing import Any, Final

from modulepickle._loader.emit import LIBRARY, SYS, Call, Reduced
from modulepickle._loader.received import requirements_of, resend, snapshot_of
from modulepickle._local.distributions import requirement
from modulepickle._reduce.local import PLAIN_KINDS, VALUE, is_standard, names_of, shipped, way_of
from modulepickle._reduce.objects import reduce_by_name, reduce_dynamic_module, reduce_sentinel
from modulepickle._reduce.of_pydantic import with_parameters
from modulepickle._reduce.script import reduce_script
from modulepickle._reduce.state import BUILTINS, Dump, Scope, by_value, find
from modulepickle._reduce.whole import is_definition, reduce_definition
from modulepickle._reduce.whose import import_of, module_of, there
from modulepickle._reduce.wrappers import reduce_of_base, reduce_special
from modulepickle._snapshot.ref import SnapshotRef

__all__ = [
    "reduce_builtin",
    "reduce_module",
    "reduce_named",
    "reduce_namespace",
    "reduce_odd",
    "reduction_of",
]


def reduce_named(dump: Dump, obj: Any) -> Any:
    """Reduce a function or class to its name, shipped or not, or by value if it has none."""
    known = dump.parts.planned.get(id(obj))
    if known is not None:
        return known.shell(dump)
    if type(obj) is type and BUILTINS.names.get(obj.__name__) is obj:
        return NotImplemented
    found = way_of(dump, obj)
    if found is VALUE:
        return reduce_value(dump, obj)
    if type(obj) not in PLAIN_KINDS:
        made = with_parameters(dump, obj, found)
        if made is not None:
            return made
    if found is NotImplemented and dump.parts.used and obj.__module__ in RENAMED:
        return _by_old_name(obj)
    if found is NotImplemented or found[0] in dump.begun:  # of 10,000, all but the first
        return found
    return there(dump, *found) if type(found[0]) is SnapshotRef else found


RENAMED: Final = {
    "annotationlib": ("typing", {"ForwardRef"}, ""),
    "enum": ("enum", {"EnumType"}, "EnumMeta"),
    "pathlib._local": ("pathlib", None, ""),
}
"""Modules with classes that have another name in older Pythons, which newer ones know as well: the
module there, the classes (all of them if that is None), and the name there, if it is another."""


def _by_old_name(obj: Any) -> Any:
    module, names, name = RENAMED[obj.__module__]
    if names is not None and obj.__qualname__ not in names:
        return NotImplemented
    return getattr, (sys.modules[module], name or obj.__qualname__)


def reduce_value(dump: Dump, obj: Any) -> Any:
    """Reduce a function or class by value, unless it was made in C."""
    if is_definition(obj):
        return reduce_definition(dump, obj)
    return reduce_special(dump, obj)


def reduce_module(dump: Dump, module: ModuleType) -> Any:
    """Reduce a module: plain pickle refuses all of them."""
    script = reduce_script(dump, module)
    if script is not None:
        return script
    name = module.__name__
    if by_value(dump, name) and sys.modules.get("__main__") is not module:
        return reduce_dynamic_module(dump, module)
    if type(module) is ModuleType and sys.modules.get(name) is module and is_standard(name):
        return _by_import(name)
    if name == LIBRARY and sys.modules.get(name) is module:
        # As where code imports it: a receiver that lacks it has a stand-in.
        scope = Scope({name: requirement(name)[1] or name})
        return Call(getattr, scope, "import_module"), (name,)
    snapshot = shipped(dump, module, name, "")
    if snapshot is not None and (
        sys.modules.get(name) is module or snapshot_of(module, name, "") is not None
    ):
        return there(dump, snapshot, (sys.intern(str(name)),))
    namespace = reduce_namespace(dump, module)
    if namespace is not None:
        return namespace
    if sys.modules.get(name) is module:
        return _by_import(name)
    return reduce_dynamic_module(dump, module)


COMPLETED: Final = {"_py_warnings": "warnings"}
"""Modules of the standard library that are of use once another one has been imported."""


def _by_import(name: str) -> Reduced:
    if name in COMPLETED:
        return operator.getitem, ((Call(__import__, COMPLETED[name]), Call(__import__, name)), 1)
    return importlib.import_module if "." in name else __import__, (sys.intern(str(name)),)


def reduce_odd(dump: Dump, obj: Any) -> Any:
    """Reduce an object whose own reduction may be a string, a name in some module.

    The C pickler makes a global of such a string by itself, without asking any hook.
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
        found = reduce_by_name(dump, obj)
        is_there = found is NotImplemented and find(module, reduction) is obj
        return reduce_sentinel(dump, obj) if is_there else found
    snapshot = shipped(dump, obj, module, reduction)
    if find(module, reduction) is not obj and snapshot_of(obj, module, reduction) is None:
        return reduce_by_name(dump, obj)
    if snapshot is None:
        return NotImplemented if is_plain else import_of(module, reduction)
    return there(dump, snapshot, names_of(module, reduction))


def reduce_builtin(dump: Dump, obj: Any) -> Any:
    """Reduce a function made in C. Those that our own calls use are recognised at once."""
    if BUILTINS.names.get(obj.__name__) is obj:
        return NotImplemented
    if obj.__self__ is not None and type(obj.__self__) is not ModuleType:
        found = reduce_of_base(obj)
        if found is not NotImplemented:
            return found
    return reduce_odd(dump, obj)


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
    """Reduce a namespace package with local packages loaded; return None for any other module."""
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
    # In a process that has imported these packages itself, the answer is its own object (R10). Like
    # importlib's, the loader's `import_module` has a second parameter, which it uses for relative
    # names only.
    find = Call(getattr, OWN, "namespace", Call(getattr, scope, "import_module"))
    return find, (module.__name__, scope)


def _home_of(module: ModuleType) -> Any:
    """Return the loader's snapshot whose code sees a namespace package; None if there is none.

    Of several, return the one that knows most. Loaders of 0.1.0 keep it in the object itself.
    """
    if type(module) is ModuleType:  # the loader's stand-ins for one are not
        return None
    seen = sorted(
        getattr(module.__spec__, "homes", ()), key=lambda each: (len(each.paths), each.parts[1])
    )
    return seen[-1] if seen else next((v for v in vars(module).values() if _is_snapshot(v)), None)


def _is_snapshot(obj: Any) -> bool:
    """Tell whether an object is a snapshot of the loader, looking at its type first."""
    return hasattr(type(obj), "import_module") and hasattr(obj, "parts")


def _loaded(dump: Dump, prefix: str) -> dict[str, SnapshotRef | str]:
    """Return the local packages below a name that are imported, in a stable order (R4)."""
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
