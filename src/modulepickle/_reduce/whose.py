"""Which module an object stands in that does not say so.

Plain pickle looks through all of `sys.modules`, and fails if one of them raises at a look, which is
a bystander: a proxy whose server is away, a module that imports on demand. Here that one is passed
over. What plain pickle would not find then is written as a call.

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
"""Where plain pickle says that an object stands which it finds nowhere."""


def module_of(obj: Any, path: str) -> tuple[Any, bool]:
    """Return the name of the module, and whether plain pickle finds it too.

    Args:
        path: dotted, what the object is called in its module.
    """
    module = getattr(obj, "__module__", None)
    return (module, True) if module is not None else search(obj, path)


def search(obj: Any, path: str) -> tuple[Any, bool]:
    """Return the same, whatever an object says of its module."""
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
    """Return the calls that find what stands in a module, as plain pickle writes by a name."""
    find = importlib.import_module if "." in module else __import__
    return Call(operator.attrgetter, path), (Call(find, module),)
