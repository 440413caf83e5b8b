"""What a client pickles for a Dask cluster: references to code that was installed there.

`_loader.peers` says what references are, and what is deferred. Here a pickler in the client's
process makes them, from what our reducers and those of cloudpickle return.

Outside API: `Sending`, `sending`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from modulepickle._engines.patch import SENDING, Foreign, Leaves
from modulepickle._loader import peers as _peers
from modulepickle._loader.emit import Reduced, StandIn
from modulepickle._loader.registry import registry
from modulepickle._reduce.local import is_standard
from modulepickle._reduce.names import reduction_of
from modulepickle._reduce.state import (
    Live,
    NotANumber,
    Positioned,
    Scope,
    SortedSet,
    by_value,
    find,
)
from modulepickle._reduce.wrappers import HEAP
from modulepickle._snapshot.ref import SnapshotRef
from modulepickle._snapshot.shipment import Shipment

__all__ = ["Sending", "peer", "sending"]

peers: Any = _peers  # shipped text, without annotations

DEFERRED: Final = (
    CellType, CodeType, FunctionType, Live, ModuleType, NotANumber, Positioned, Scope, SnapshotRef,
    SortedSet, StandIn,
)  # fmt: skip
"""Types, classes aside, for which the scheduler gets only the call that makes the object."""


def peer() -> Any:
    """Return this process' peer, which may be of another release if the process is a worker."""
    return vars(registry)["peer"]


class Sending:
    """What one call of a client's method sends.

    Attributes:
        shipment: the working tree at that moment. installed: digests that the cluster has.
    """

    def __init__(self, shipment: Shipment, installed: Container[bytes]) -> None:
        self.shipment, self.installed = shipment, installed

    def __call__(self, pickler: Any, rest: Callable[[Any], Any]) -> Foreign:
        """Return what reduces for one pickler."""
        return _Sent(pickler, self, rest)


@contextmanager
def sending(what: Sending, graph: bool) -> Iterator[None]:
    """Let what is pickled meanwhile be references; in a graph of this thread, deferred."""
    token = SENDING.set(what)
    try:
        if graph:
            with peer().pickling_graph():
                yield
        else:
            yield
    finally:
        SENDING.reset(token)


def dumps(obj: Any, buffer_callback: Any, options: dict[str, Any]) -> Any:
    """Return the pickle of what a client sends; None if none does, in this thread or task."""
    if SENDING.get() is None:
        return None
    cloudpickle = importlib.import_module("cloudpickle")
    return cloudpickle.dumps(obj, buffer_callback=buffer_callback, **options)


class _Sent(Foreign):
    """What one pickle for the cluster ships."""

    def __init__(self, pickler: Any, what: Sending, rest: Callable[[Any], Any]) -> None:
        super().__init__(pickler)
        self._shipment = what.shipment
        self._installed = what.installed
        self._rest = rest
        self._graph: bool = peer().graph
        self._users: dict[type, bool] = {}

    def emit(self, shipped: SnapshotRef) -> Reduced:
        """Return the reduction of a snapshot, which is usually in the cluster already."""
        if shipped.digest not in self._installed:
            return super().emit(shipped)
        get, module = (
            (peers.GET_LATER, peers.PKGUTIL_LATER) if self._graph else (peers.GET, peers.PKGUTIL)
        )
        call: Any = peers.Later if self._graph else peers.Now
        return getattr, (call(get, shipped.digest, module), "snapshot")

    def reduce(self, obj: Any, leaves: Leaves) -> Any:
        """Return the reduction of what travels our way, else `NotImplemented`."""
        kind = type(obj)
        found = super().reduce(obj, leaves)
        is_class = issubclass(kind, type)
        if found is NotImplemented and (is_class or kind is FunctionType):
            found = self._rest(obj)  # what stays cloudpickle's
        graph = self._graph and not (is_class and _is_theirs(obj))
        if _is_named(found) and found[0].digest in self._installed:
            module, *path = found[1]
            return peers.reference(found[0].digest, f"{module}:{'.'.join(path)}", graph)
        if not graph:
            return found
        if is_class or issubclass(kind, DEFERRED):
            is_deferred = type(found) is tuple
            return peers.deferred(found, True) if is_deferred else found
        return self._instance(obj, found) if self._is_users(_owner(obj)) else found

    def _instance(self, obj: Any, found: Any) -> Any:
        """Defer an instance of a class that the scheduler is not to import."""
        self.plain.pop(type(obj), None)
        reduction = reduction_of(self, obj) if found is NotImplemented else found
        if not isinstance(reduction, tuple):
            return found
        return peers.deferred(reduction, callable(obj), (peers.MAKE,))

    def _is_users(self, kind: type) -> bool:
        """Tell whether a class is shipped, or goes by value."""
        if kind not in self._users:
            self._users[kind] = self._travels(kind) and not _is_theirs(kind)
        return self._users[kind]

    def _travels(self, kind: type) -> bool:
        module: Any = kind.__module__
        if not isinstance(module, str) or not kind.__flags__ & HEAP:
            return False
        if by_value(self, module):
            return True
        if find(module, kind.__qualname__) is not kind:
            return True
        return not is_standard(module) and self.is_shipped_name(module)

    def is_shipped_name(self, module: str) -> bool:
        """Tell whether a module of that name travels."""
        if self.is_foreign(module):
            return False
        return self.shipped_module(module) is not None


def _is_named(found: Any) -> bool:
    return type(found) is tuple and type(found[0]) is SnapshotRef


def _owner(obj: Any) -> type:
    owner = obj.__self__ if isinstance(obj, MethodType) else obj
    return owner if isinstance(owner, type) else type(owner)


def _is_theirs(kind: type) -> bool:
    """Tell whether a class derives from one of Dask's own, whose instances its scheduler uses."""
    return any(
        str(base.__module__).partition(".")[0] in ("dask", "distributed") for base in kind.__mro__
    )
