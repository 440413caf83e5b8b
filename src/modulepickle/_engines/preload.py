"""For picklers that cannot be changed: objects that any stock pickler ships.

`preload` puts local packages into a process before anything that names them arrives there; `wrap`
sends one object. Plain `pickle` pickles both through their `__reduce_ex__`. They hold no archive:
it is made anew for each pickle, from what is on disk then (R5).

Outside API: `preload`, `wrap`; and `Installer`, which `preload` makes.
"""

from __future__ import annotations

import pickle
import sys
from functools import update_wrapper
from types import ModuleType
from typing import Any

from modulepickle._loader.emit import INSTALL
from modulepickle._loader.received import resend, snapshot_of
from modulepickle._local.doubts import why_not_included
from modulepickle._local.finder import finder
from modulepickle._local.policy import get_policy
from modulepickle._pickler.pickler import dumps
from modulepickle._reduce.state import MAIN
from modulepickle._snapshot.ref import SnapshotRef
from modulepickle._snapshot.shipment import Shipment

__all__ = ["Installer", "preload", "wrap"]


class Installer:
    """Installs snapshots where it is unpickled and called; here there is nothing to install."""

    __name__ = "preload"  # Ray asks for it

    def __init__(self, snapshots: list[SnapshotRef]) -> None:
        self._found = snapshots

    def __call__(self) -> None:
        """Do nothing: this process has the modules."""

    def snapshots(self) -> list[SnapshotRef]:
        """Return what is installed."""
        return self._found

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Reduce to a function made of text, which unpickles the snapshots when it is called."""
        data = dumps(self.snapshots(), protocol)
        return eval, (INSTALL, {"loads": pickle.loads, "data": data})


class _Preload(Installer):
    """Installs the snapshots of modules as they are when it is pickled (R5)."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.snapshots()  # errors are raised here, and not in the pickler of some framework

    def snapshots(self) -> list[SnapshotRef]:
        """Return what is installed."""
        return _snapshots(self.names)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"modulepickle.preload({', '.join(map(repr, self.names))})"


def _snapshots(names: tuple[str, ...]) -> list[SnapshotRef]:
    """Return the snapshots that hold modules.

    Raises:
        PackagingError: if one cannot travel.
        ValueError: if one is not local.
    """
    shipment = Shipment(get_policy())
    known: dict[bytes, SnapshotRef] = {}
    found: list[SnapshotRef] = []
    for name in names:
        snapshot = snapshot_of(sys.modules.get(name), name, "")
        package = shipment.package(name)
        if snapshot is not None:
            found.append(resend(snapshot, known))
        elif package is not None:
            found.append(shipment.ship(package))
        else:
            why = why_not_included(name, finder())
            if why:
                raise ValueError(f"preload({name!r}) has nothing to install: {why}")
            raise ValueError(
                f"preload({name!r}): it is not local, so it travels as a name, and receivers must "
                f"have it. To ship it: set_policy(Policy(include=({name!r},)))"
            )
    return found


def preload(*modules: ModuleType | str) -> Any:
    """Return a function that installs local packages in the process where it is called.

    The function takes no arguments and returns None. Any pickler can pickle it, and a receiver
    needs neither the packages nor this library. Call it there before a pickle arrives that refers
    to `helpers.f` by name: then `helpers` is found. Nothing is imported before that. What travels
    is what is on disk when the function is pickled, with all that the modules require. In the
    process that made it, the function does nothing.

    Args:
        modules: The modules, or their names.

    Raises:
        PackagingError: If a module cannot travel.
        ValueError: If a module is not local.
        TypeError: If no module is given, or something that is not a module or a name.
    """
    if not modules:
        raise TypeError("preload() takes at least one module, or name of one")
    for each in modules:
        if not isinstance(each, (ModuleType, str)):
            home = getattr(each, "__module__", None)
            hint = f"; write preload({home!r})" if isinstance(home, str) else ""
            if home in MAIN:
                hint = ": what the script defines goes by value, and needs no preload"
            raise TypeError(f"preload() takes modules, or their names, not {each!r}{hint}")
    names = tuple(each.__name__ if isinstance(each, ModuleType) else each for each in modules)
    return _Preload(names)


class _Wrapped:
    """An object that unpickles as another one, with the packages that it needs."""

    def __init__(self, wrapped: Any) -> None:
        self.__wrapped__ = wrapped

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"modulepickle.wrap({self.__wrapped__!r})"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Reduce to the unpickling of a pickle of ours."""
        return pickle.loads, (dumps(self.__wrapped__, protocol),)


class _WrappedCallable(_Wrapped):
    """The same of what can be called: frameworks ask for that."""

    def __init__(self, wrapped: Any) -> None:
        super().__init__(wrapped)
        update_wrapper(self, wrapped, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it here."""
        return self.__wrapped__(*args, **kwargs)


def wrap(obj: Any) -> Any:
    """Return an object that any stock pickler ships, and that unpickles as `obj` itself.

    It is for frameworks whose pickler cannot be changed: `pool.map(modulepickle.wrap(f), items)`.
    If `obj` can be called, so can the returned object. What travels is what is on disk when it is
    pickled, which raises the errors of `dumps`.
    """
    return _WrappedCallable(obj) if callable(obj) else _Wrapped(obj)
