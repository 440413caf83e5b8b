"""Snapshots as pickles carry them, and which of them this process made.

It stands apart from `shipment`, which makes them: whoever pickles nothing local needs no more.

Outside API: `OWN`, `OWN_KEPT`, `SnapshotRef`, `is_own`.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import Final

from modulepickle._local.finder import received_folder

__all__ = ["OWN", "OWN_KEPT", "SnapshotRef", "is_own"]


OWN: dict[bytes, tuple[str, dict[str, ModuleSpec]]] = {}
"""Digest -> name of the package, and the modules, by their specs, that this process had of it when
it pickled that snapshot."""


OWN_KEPT: Final = 500
"""Snapshots that `OWN` remembers: in a session, a day's edits."""


def is_own(digest: bytes) -> bool:
    """Tell whether this process pickled a snapshot and still has the modules of then (R10).

    A reload gives a module a new spec. The loader asks this, in a process that has both.
    """
    own = OWN.get(digest)
    # Where a received package has taken the name, an import would get that one.
    if own is None or received_folder(own[0].partition(".")[0]) is not None:
        return False
    return all(
        getattr(sys.modules.get(name), "__spec__", None) is spec for name, spec in own[1].items()
    )


class SnapshotRef:
    """One snapshot as one pickle carries it.

    Attributes:
        name, digest, archive_hash, archive: what the loader's `snapshot` takes, in that order.
        requirements: top-level name -> the snapshot it requires, or "distribution version"; and
        dotted name of a module of its own that stays at home -> why (`requirements.LEFT_OUT`).
    """

    name: str
    digest: bytes
    archive_hash: bytes
    archive: bytes

    def __init__(self, name: str, digest: bytes, archive_hash: bytes, archive: bytes) -> None:
        # A pickle has equal texts once if they are one object: that must not be an accident (R4).
        self.name = sys.intern(name)
        self.digest, self.archive_hash, self.archive = digest, archive_hash, archive
        self.requirements: dict[str, SnapshotRef | str] = {}

    def __call__(self, *args: object) -> None:
        """Stand for the receiver's snapshot, which is called in the pickle: never here."""
        raise TypeError("only a receiver can call a snapshot")
