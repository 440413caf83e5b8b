"""Namespace packages as objects: the `google` that `import google.mycompany` leaves in a script.

A namespace package has no file. What stands in it are local packages, which travel, each by itself
(`LocalPackage`), and those of others, which do not. So the object is sent as a look-up: on the
receiver it is what shipped code gets that says `import google`, with those packages behind it that
this process has loaded.

Outside API: `reduce_namespace`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Final

from modulepickle._loader.emit import SYS, Call, Reduced
from modulepickle._loader.received import resend
from modulepickle._reduce.state import Dump, Scope
from modulepickle._snapshot.shipment import SnapshotRef

__all__ = ["reduce_namespace"]

# `sys.modules.get("modulepickle._own", sys)`: where there is no library, `sys` has no `namespace`.
OWN: Final = Call(Call(getattr, Call(getattr, SYS, "modules"), "get"), "modulepickle._own", SYS)


def reduce_namespace(dump: Dump, module: ModuleType) -> Reduced | None:
    """Reduce a namespace package that has local packages loaded; None if it is no such thing."""
    names = vars(module)
    is_plain = type(module) is ModuleType  # what the loader has in place of one is not
    home = None if is_plain else next((v for v in names.values() if _is_snapshot(v)), None)
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
    requirements = home.needs.items()
    known = dump.resent
    return Scope(
        {k: need if isinstance(need, str) else resend(need, known) for k, need in requirements}
    )
