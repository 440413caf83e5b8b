"""Whether this process has, by imports of its own, what a pickle brings (R10).

Then the pickle is of its own modules, and gets those, and not a second copy of their classes. The
loader asks here, in a process that has the library: it imports this module by its name if a module
of the shipped package's name has been imported. It passes its own snapshot (see `received`).

Outside API: `namespace`, `owns`.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from modulepickle._base.process import began_ns
from modulepickle._snapshot.shipment import is_own

__all__ = ["namespace", "owns"]


def owns(snapshot: Any) -> bool:
    """Tell whether the modules of a received snapshot are this process' own.

    They are if it pickled the snapshot itself and has not reloaded them since; or if it imported
    them from files that are equal to the snapshot's, and unchanged since before it began. The same
    must hold for what the snapshot requires.
    """
    if is_own(snapshot.parts[1]):
        return True
    if _imported(snapshot) is None:
        return False
    began = began_ns()
    return all(_same(need, began) for need in _reach(snapshot))


def namespace(name: str, scope: Any) -> Any:
    """Return the namespace package of a name as a received snapshot sees it, or this process' own.

    It is this process' own if what the snapshot has of local packages is.
    """
    module = sys.modules.get(name)
    if module is not None and all(owns(each) for each in _reach(scope) if each.parts[0]):
        return module
    return scope.import_module(name)


def _imported(snapshot: Any) -> ModuleType | None:
    """Return the module that the process imported by itself under a snapshot's name."""
    module = sys.modules.get(snapshot.parts[0])
    return None if hasattr(getattr(module, "__spec__", None), "snapshot") else module


def _reach(snapshot: Any) -> Iterator[Any]:
    found = [snapshot]
    for each in found:  # grows as it is read
        yield each
        requirements = getattr(each, "needs", {}).values()
        found += [need for need in requirements if not isinstance(need, str) and need not in found]


def _same(snapshot: Any, began: int) -> bool:
    """Tell whether what was imported under a snapshot's name is it; True if nothing was."""
    module = _imported(snapshot)
    if module is None or is_own(snapshot.parts[1]):
        return True
    import zipfile  # not at the top: few processes come here, and it imports a lot

    name, _, archive_hash, archive = snapshot.parts
    folders = getattr(module, "__path__", None)
    stem = name.replace(".", "/")
    try:
        home = next(iter(folders)) if folders is not None else None
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            for member in files.namelist():
                path = module.__file__ if home is None else home + member[len(stem) :]
                if path is None:
                    return False
                # The loader's own folder, named by that hash, holds nothing else: a child process
                # that got its parent's `sys.path` has imported from there.
                unpacked = path.replace(os.sep, "/").endswith(f"/{archive_hash.hex()}/{member}")
                if not unpacked and not _equals(path, files.read(member), began):
                    return False
    except (OSError, AttributeError, StopIteration):
        return False
    return True


def _equals(path: str, content: bytes, began: int) -> bool:
    with open(path, "rb") as file:
        info = os.fstat(file.fileno())
        return max(info.st_mtime_ns, info.st_ctime_ns) < began and file.read() == content
