"""Where a module is or would be imported from, as this process has it; nothing is imported.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import types
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from modulepickle._base.process import log
from modulepickle._base.reading import note

__all__ = [
    "Origin", "from_module", "from_path", "from_spec", "is_alias", "received_folder", "reference",
    "spec_name",
]  # fmt: skip


class Origin:
    """Where a module is or would be imported from.

    Attributes:
        file, folders: as its spec has them. archive: the zip file that they are in; "" if none.
    """

    __slots__ = ("archive", "file", "folders")

    def __init__(
        self, file: str | None, folders: tuple[str, ...] | None, archive: str = ""
    ) -> None:
        self.file, self.folders, self.archive = file, folders, archive


def reference(module: object) -> Callable[[], object]:
    """Return a weak reference, so that a module can be garbage-collected (R12)."""
    try:
        return weakref.ref(module)
    except TypeError:  # None, or an odd object that put itself into `sys.modules`
        return lambda: module


def from_module(module: object) -> Origin | None:
    """Return where an imported module came from; None if it does not say: ask the disk.

    Attributes are read past `__getattribute__` and `__getattr__`: a lazy module would import
    itself.
    """
    if not isinstance(module, types.ModuleType):
        return None
    values: dict[str, Any] = object.__getattribute__(module, "__dict__")
    if hasattr(values.get("__spec__"), "snapshot"):
        return None  # the loader made it: that is not where this process' own one is
    spec, file, folders = (values.get(name) for name in ("__spec__", "__file__", "__path__"))
    if isinstance(spec, importlib.machinery.ModuleSpec):
        file = spec.origin if spec.has_location else file
        folders = spec.submodule_search_locations if folders is None else folders
    if file is None and folders is None and type(module) is not types.ModuleType:
        return None  # a module that replaced itself by an object of a class of its own
    return _found(file, folders, spec)


def is_alias(name: str, module: Any) -> bool:
    """Tell whether what stands under a name in `sys.modules` is a module of another name."""
    real = spec_name(module)
    return real not in ("", name) and sys.modules.get(real) is module


def spec_name(module: object) -> str:
    """Return the name that a module was imported under, as its spec says; "" if it has none."""
    names = module.__dict__ if type(module) is types.ModuleType else {}
    spec: Any = names.get("__spec__")
    is_plain = type(spec) is importlib.machinery.ModuleSpec and not hasattr(spec, "snapshot")
    return str(spec.name) if is_plain else ""


def received_folder(name: str) -> str | None:
    """Return the last name of the folder on `sys.path` that the loader put there for a module.

    None if no received package has that top-level name. The registry has the active snapshots, and
    each its `parts`: dotted name, digest, archive hash, archive (see `_loader.received`).
    """
    registry = getattr(sys, "_modulepickle_registry", None)
    active = [*registry.active.values()] if registry else []
    for each in (*[getattr(leave, "__self__", None) for _, leave in active], *sys.meta_path):
        parts = getattr(each, "parts", None)
        if isinstance(parts, tuple) and parts[0].partition(".")[0] == name:
            return str(parts[2].hex())
    return None


def from_spec(name: str, module: object) -> Origin:
    """Ask the finders on `sys.meta_path`, which may be anybody's and raise anything."""
    try:
        # With the name in `sys.modules`, `find_spec` would answer from there.
        search = (
            importlib.util.find_spec if module is None else importlib.machinery.PathFinder.find_spec
        )
        taken = received_folder(name)
        if taken is not None:
            path = [entry for entry in sys.path if os.path.basename(entry) != taken]
            return _of_spec(importlib.machinery.PathFinder.find_spec(name, path))
        spec = search(name)
    except Exception as error:
        note(error)
        log.debug("cannot find %s: %r", name, error)
        return Origin(None, None)
    return _of_spec(spec)


def from_path(name: str, folders: tuple[str, ...]) -> Origin:
    """Look for a child of a namespace in some of its portions."""
    # By its last name only. With the dotted one, a namespace in a namespace gets a path that reads
    # the parent's in `sys.modules`: it may be missing there, or have portions not among `folders`.
    child = name.rpartition(".")[2]
    try:
        spec = importlib.machinery.PathFinder.find_spec(child, list(folders))
    except Exception as error:
        note(error)
        log.debug("cannot find %s in %s: %r", name, folders, error)
        return Origin(None, None)
    return _of_spec(spec)


def _of_spec(spec: importlib.machinery.ModuleSpec | None) -> Origin:
    if spec is None:
        return Origin(None, None)
    file = spec.origin if spec.has_location else None
    return _found(file, spec.submodule_search_locations, spec)


def _found(file: object, folders: object, spec: object) -> Origin:
    try:
        names = (
            tuple(f for f in folders if isinstance(f, str))
            if isinstance(folders, Iterable)
            else None
        )
    except Exception as error:  # iterating a namespace's path asks foreign finders again
        note(error)
        log.debug("cannot read the path of a package: %r", error)
        names = None
    loader = getattr(spec, "loader", None)
    is_zipped = type(loader).__name__ == "zipimporter"  # whose module need not be imported
    archive = str(getattr(loader, "archive", "")) if is_zipped else ""
    return Origin(file if isinstance(file, str) else None, names, archive)
