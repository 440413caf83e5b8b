"""What is written for the stand-ins of snapshots, texts and calls (`_loader.emit`).

In a pickle that is only hashed (`_reduce.keys`), they count by what they stand for.
"""

from __future__ import annotations

from typing import Any, Final

from modulepickle._loader.emit import Call, Rebuilt, Reduced, reduce_shipped, with_stand_in
from modulepickle._reduce.state import Dump, Scope
from modulepickle._snapshot.ref import SnapshotRef

__all__ = ["emit_ready", "emit_scope", "emit_shipped"]

SET_SCOPE: Final = Rebuilt("set_scope")


def emit_shipped(dump: Dump, obj: SnapshotRef) -> Reduced:
    if dump.parts.naming:
        if obj.name:  # a scope has none; what it needs is emitted on its own
            dump.parts.reached[obj.name] = obj.digest
        return Call(str), (obj.name, obj.digest)
    return dump.emit(obj)


def emit_scope(dump: Dump, obj: Scope) -> Reduced:
    requirements = with_stand_in(obj.requirements)
    if dump.parts.naming:
        return *emit_shipped(dump, obj)[:2], requirements, None, None, SET_SCOPE
    # It is not a package, so no store has it.
    return *reduce_shipped(obj, obj.archive)[:2], requirements, None, None, SET_SCOPE


def emit_ready(dump: Dump, obj: Any) -> Reduced:
    """Return the reduction that a stand-in has; in a name, texts count by their names only."""
    if dump.parts.naming and type(obj) is not Call:
        return Call(str), (obj.name,)
    return obj.reduced  # type: ignore[no-any-return]
