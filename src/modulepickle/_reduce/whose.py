"""Which module an object stands in, if the object does not say.

Plain pickle looks through all of `sys.modules`, and fails if one of them, although it has nothing
to do with the object, raises when it is looked at: a proxy whose server is away, a module that
imports on demand. Here such modules are passed over. An object that plain pickle would then not
find is written as a call.

Outside API: `NOBODY`, `import_of`, `module_of`, `search`, `there`.
"""

from __future__ import annotations

import importlib
import operator
import sys
from typing import Any, Final

from modulepickle._loader.emit import Call, Reduced
from modulepickle._reduce.state import MAIN, Dump
from modulepickle._snapshot.ref import SnapshotRef

__all__ = ["NOBODY", "import_of", "module_of", "search", "there"]

NOBODY: Final = "__main__"
"""The module that plain pickle assumes for an object that it finds nowhere."""


def module_of(obj: Any, path: str) -> tuple[Any, bool]:
    """Return the name of the module, and whether plain pickle finds it too.

    Args:
        path: dotted, the object's name in its module.
    """
    module = getattr(obj, "__module__", None)
    return (module, True) if module is not None else search(obj, path)


def search(obj: Any, path: str) -> tuple[Any, bool]:
    """Return the same without asking the object for its module."""
    found: dict[Any, Any] = {**sys.modules}
    raised = False
    for name, each in found.items():
        if name in MAIN or each is None:
            continue
        try:
            for part in path.split("."):
                each = getattr(each, part)
        except AttributeError:
            continue
        except Exception:
            raised = True
            continue
        if each is obj:
            return name, not raised
    return NOBODY, not raised


def there(dump: Dump, snapshot: SnapshotRef, names: tuple[str, ...]) -> Reduced:
    """Return the call that finds something in a snapshot, after the imports that it relies on.

    Args:
        names: the module, and the path in it; interned.
    """
    before = {} if dump.parts.naming else dump.accidents(snapshot)
    if not before:
        return snapshot, names
    modules = (Call(home, sys.intern(name)) for name, home in before.items())
    return operator.getitem, ((*modules, Call(snapshot, *names)), -1)


def import_of(module: str, path: str) -> Reduced:
    """Return the calls that find what plain pickle would write as a name in a module."""
    find = importlib.import_module if "." in module else __import__
    return Call(operator.attrgetter, path), (Call(find, module),)
