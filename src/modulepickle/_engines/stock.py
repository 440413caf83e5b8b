"""Engines that call `dumps` and `loads` of the module `pickle`: mpi4py and ipyparallel.

They get a `dumps` of ours in its place. Their workers go on with that of `pickle`, which refuses
what a name does not find; what arrives there lets them answer with a reference (`_loader.peers`).

Outside API: `extend_ipyparallel`, `extend_mpi4py`.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final

from modulepickle._engines.patch import Extension, framework, reduce_loader
from modulepickle._loader import peers as _peers
from modulepickle._loader.emit import ShippedText
from modulepickle._pickler.pickler import Pickler, loads
from modulepickle._pickler.stored import Chunks

__all__ = ["extend_ipyparallel", "extend_mpi4py"]

peers: Any = _peers  # shipped text, without annotations


class _ForWorkers(Pickler):
    """Pickles what workers of an engine get, with what sends their results home.

    Attributes:
        returns: module and name of what workers pickle results with.
    """

    returns = ("", "")

    def start(self) -> None:
        """Forget the previous dump."""
        super().start()
        self.reducers[ShippedText] = reduce_loader


def _dumps_of(module: str, name: str) -> Callable[..., bytes]:
    """Return the `dumps` for an engine whose workers pickle with something."""

    class Sends(_ForWorkers):
        returns = module, name

    def dumps(obj: Any, protocol: int | None = None, **options: Any) -> bytes:
        file: Any = Chunks()
        Sends(file, protocol, **options).dump(obj)
        return b"".join(file.parts)

    return dumps


class _Users:
    """Those who use an extension, and what is done for the first and after the last one."""

    def __init__(self, enter: Callable[[], None], leave: Callable[[], None]) -> None:
        self.enter, self.leave, self.users = enter, leave, 0


_lock: Final = threading.Lock()
_all: Final[dict[str, _Users]] = {}


class _StockExtension(Extension):
    """What extends an engine that has no pickler class."""

    def __init__(self, engine: str, make: Callable[[], _Users]) -> None:
        super().__init__({}, pools=engine)
        self._engine = engine
        with _lock:
            found = _all.setdefault(engine, make())
            if not found.users:
                found.enter()
            found.users += 1

    def __repr__(self) -> str:
        """Return what is extended now: this is printed at a prompt."""
        if not self._engine:
            return super().__repr__()
        return f"<modulepickle extends {self._engine}; undo() ends it>"

    def undo(self) -> None:
        """Let the engine pickle as it did before."""
        super().undo()
        with _lock:
            found = _all.get(self._engine)
            self._engine = ""
            if found is not None:
                found.users -= 1
                if not found.users:
                    found.leave()


def extend_mpi4py() -> Extension:
    """Make mpi4py ship local packages.

    This gives `MPI.pickle`, and that of `mpi4py.util.pkl5`, a `dumps` that ships: messages,
    collectives and `mpi4py.futures` pickle with them. Tasks of `MPIPoolExecutor` carry the working
    tree as it was when they were submitted. Workers need nothing of this.

    Returns:
        An object whose `undo()` gives them the functions of `pickle`. It is a context manager as
        well.

    Raises:
        ImportError: If mpi4py is not installed.
    """
    picklers = [
        (module, framework(module, "extend_mpi4py", "mpi4py").pickle)
        for module in ("mpi4py.MPI", "mpi4py.util.pkl5")
    ]

    def enter() -> None:
        for module, each in picklers:
            each.__init__(_dumps_of(module, "pickle"), loads)

    def leave() -> None:
        for _, each in picklers:
            each.__init__()

    return _StockExtension("mpi4py", lambda: _Users(enter, leave))


def extend_ipyparallel() -> Extension:
    """Make ipyparallel ship local packages.

    `apply`, `map` and `push` of all views ship. Functions and classes are then pickled, and not
    sent as copies that see what was pushed: pass that as a `Reference`, as after ipyparallel's own
    `use_cloudpickle()`. Engines need nothing of this.

    Returns:
        An object whose `undo()` removes the patch. It is a context manager as well.

    Raises:
        ImportError: If ipyparallel is not installed.
    """
    home = "ipyparallel.serialize.serialize"
    serialize = framework(home, "extend_ipyparallel", "ipyparallel")
    cans = framework("ipyparallel.serialize.canning", "extend_ipyparallel", "ipyparallel").can_map
    before: dict[Any, Any] = {}

    def enter() -> None:
        before["pickle"] = serialize.pickle
        serialize.pickle = peers.Between(_dumps_of(home, "pickle"), pickle)
        for kind in (FunctionType, type):
            before[kind] = cans.pop(kind, None)

    def leave() -> None:
        serialize.pickle = before.pop("pickle")
        cans.update({kind: can for kind, can in before.items() if can is not None})
        before.clear()

    return _StockExtension("ipyparallel", lambda: _Users(enter, leave))
