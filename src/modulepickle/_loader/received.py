"""What this process received: finding the loader's snapshot of an object, to send it on (R16).

The library does not import the loader; it finds it as the receiver's process has it. The modules
that a snapshot made have it as `__spec__.snapshot`; of a snapshot, `parts` and `needs` are used. No
release renames these, nor `sys._modulepickle`, which is there once a loader is.

A name in `sys.modules` proves nothing here, since it shows one version of several (R11). So the
snapshot of an object is the one in whose own module the object stands under its name.

Outside API: `is_receiver`, `resend`, `snapshot_of`.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

from modulepickle._snapshot.shipment import SnapshotRef

__all__ = ["is_receiver", "resend", "snapshot_of"]

MARK: Final = "_modulepickle"
"""Attribute of `sys` in a process that has, or had, a loader."""


def is_receiver() -> bool:
    """Tell whether this process has received anything that was shipped."""
    return hasattr(sys, MARK)


def snapshot_of(obj: Any, module: str, path: str) -> Any:
    """Return the loader's snapshot that made an object which is pickled by name; else None.

    Args:
        obj: a module, or anything that stands in one.
        module: dotted name of its module.
        path: dotted, inside the module; empty for the module itself.
    """
    if not is_receiver():
        return None
    if not path:
        return _snapshot_of(obj)
    if "<" in path:
        return None  # `<locals>`, `<lambda>`: it stands nowhere
    for home in _homes(obj, module):
        if _find(home, path) is obj:
            return _snapshot_of(home)
    return None


def _homes(obj: Any, module: str) -> Iterator[Any]:
    """Yield the modules of that name which may hold an object, the likely ones first."""
    yield sys.modules.get(module)
    if isinstance(obj, FunctionType) and obj.__globals__.get("__name__") == module:
        yield _Names(obj.__globals__)
    # It is of a superseded version, of which nobody has a list. This takes some milliseconds.
    for each in gc.get_objects():
        # Not `isinstance`: of a proxy it may ask the thing behind it, which may do anything.
        if issubclass(type(each), ModuleType) and each.__name__ == module:
            yield each


class _Names:
    """A module's dict as if it were the module: a function keeps that, and not the module."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.__dict__ = names


def _find(home: Any, path: str) -> Any:
    for part in path.split("."):
        home = getattr(home, part, None)
    return home


def _snapshot_of(module: Any) -> Any:
    return getattr(getattr(module, "__spec__", None), "snapshot", None)


def resend(snapshot: Any, known: dict[bytes, SnapshotRef]) -> SnapshotRef:
    """Return a received snapshot as it travels on: unchanged, with all that it requires."""
    digest = snapshot.parts[1]
    if digest not in known:
        known[digest] = made = SnapshotRef(*snapshot.parts)
        made.requirements = {
            sys.intern(name): need if isinstance(need, str) else resend(need, known)
            for name, need in snapshot.needs.items()
        }
    return known[digest]
