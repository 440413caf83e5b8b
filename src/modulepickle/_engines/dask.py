"""Dask: the working tree in every process of a cluster, as it is at each submit.

Dask pickles with plain `pickle` first, by name; the scheduler unpickles the graph, and pickles it
again; workers send results to each other. So what a pickle carries is gone after the first hop, and
only what is in *every* process is enough. Before each submit, the digests of the local packages are
compared with those sent last; if they are others, a function like that of `preload` runs on the
scheduler and on the workers, those that come later included. Functions by value travel with what
they import, through `extend_cloudpickle`.

Outside API: `extend_dask`.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, Final

from modulepickle._engines.cloudpickle import extend_cloudpickle
from modulepickle._engines.patch import Extension
from modulepickle._engines.preload import Installer
from modulepickle._local.policy import get_policy
from modulepickle._snapshot.shipment import Shipment, SnapshotRef
from modulepickle._snapshot.stale import checks_of

__all__ = ["extend_dask"]

SENDS: Final = ("submit", "map", "get", "compute", "persist", "scatter", "run")
"""Methods of a client that pickle something for the cluster."""

PLUGIN: Final = "modulepickle"
"""Name of the worker plugin: registered again, it replaces itself."""


STATE: Final = "_modulepickle"
"""Attribute of an extended client."""


class _Cluster:
    """What one client has installed on its cluster, and for how many users of `extend_dask`."""

    def __init__(self, client: Any) -> None:
        self.users = 0
        self._client = client
        self._packages = _Packages()
        self._sent: tuple[bytes, ...] = ()
        self._made = {name: self._refreshing(getattr(client, name)) for name in SENDS}

    def _refreshing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def send(*args: Any, **kwargs: Any) -> Any:
            self.refresh()
            for function in args[:1]:
                _tell_stale(function)
            return method(*args, **kwargs)

        return send

    def refresh(self) -> None:
        """Install the local packages that this process has imported, if they are not yet there.

        Raises:
            PackagingError: one cannot travel.
        """
        if not self.users or self._client.asynchronous:  # in the event loop nobody can wait
            return
        found = [*self._packages.now()]
        digests = tuple(each.digest for each in found)
        if digests == self._sent:
            return
        # One after the other: on one host, the first unpacks the files for both.
        self._client.run_on_scheduler(Installer(found))
        _register(self._client, _Again(found))
        self._sent = digests

    def enter(self) -> None:
        """Wrap the methods, for the first user."""
        self.users += 1
        if self.users == 1:
            for name, method in self._made.items():
                setattr(self._client, name, method)

    def leave(self) -> None:
        """Put back what was there, after the last user."""
        self.users -= 1
        if self.users:
            return
        for name, method in self._made.items():
            # Under somebody else's patch ours stays, and passes everything on.
            if vars(self._client).get(name) is method:
                delattr(self._client, name)
        del vars(self._client)[STATE]
        if self._sent and self._client.status == "running" and not self._client.asynchronous:
            self._client.unregister_worker_plugin(PLUGIN)


def _tell_stale(function: Any) -> None:
    """Warn if a function that is sent by its name is older than the file that was installed."""
    module = function.__module__ if isinstance(function, FunctionType) else None
    check = checks_of(module) if isinstance(module, str) else None
    if check is not None:
        check(function, function.__qualname__)


class DaskExtension(Extension):
    """What `extend_dask` returns. `undo()` leaves on the cluster what is installed there."""

    def __init__(self, client: Any) -> None:
        super().__init__({})
        self._inner: Extension | None = extend_cloudpickle()
        if STATE not in vars(client):
            setattr(client, STATE, _Cluster(client))
        self._cluster: _Cluster = getattr(client, STATE)
        self._cluster.enter()

    def __repr__(self) -> str:
        """Return what is extended now: this is printed at a prompt."""
        text = super().__repr__() if self._inner is None else repr(self._inner)
        return text.replace("extends ", "extends a Dask client, ")

    def undo(self) -> None:
        """Let the client send as it did before, and cloudpickle pickle so."""
        if self._inner is not None:
            self._inner.undo()
            self._inner = None
            self._cluster.leave()


class _Packages:
    """The local packages that this process has imported; which modules are not, it remembers."""

    def __init__(self) -> None:
        self._policy = get_policy()
        self._others: set[str] = set()

    def now(self) -> Iterator[SnapshotRef]:
        """Yield the snapshots, by name."""
        policy = get_policy()
        if policy is not self._policy:
            self._policy, self._others = policy, set()
        shipment = Shipment(policy)
        packages = {}
        for name in sys.modules.keys() - self._others:
            top = name.partition(".")[0]
            # Of a package with a file, the rest is in the same snapshot.
            inside = top != name and getattr(sys.modules.get(top), "__file__", None)
            package = None if inside else shipment.package(name)
            if package is None:
                self._others.add(name)
            else:
                packages[package.name] = package
        for name in sorted(packages):
            yield shipment.ship(packages[name])


INSTALL: Final = (
    "lambda: (lambda pool, names: (loads(data), [pool.submit(load, name) for name in names])[2:])"
    "(Pool(1), [name for name in [*__import__('sys').modules]"
    " if any(f'{name}.'.startswith(f'{top}.') for top in tops)]) or None"
)
"""What `_Again` is in another process. The names are looked for first: to install a version takes
those of the one before out of `sys.modules`."""


class _Again(Installer):
    """Installs snapshots; where they were in use, imports the same modules again, in a thread.

    The scheduler has to import what a graph names before a worker gets its task, and does so, too:
    in this way the worker need not wait for it. What cannot be imported fails when it is asked for.
    """

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Reduce to a function made of text."""
        from concurrent.futures import ThreadPoolExecutor  # who has Dask, has imported it

        names = {
            **super().__reduce_ex__(protocol)[1][1],
            "Pool": ThreadPoolExecutor,
            "load": importlib.import_module,
            "tops": [each.name for each in self.snapshots()],
        }
        return eval, (INSTALL, names)


def _register(client: Any, install: Installer) -> None:
    """Run a function on all workers, and on each that comes later."""
    plugin = getattr(importlib.import_module("distributed.client"), "_WorkerSetupPlugin", None)
    if plugin is None:  # the public way, which keeps every version for workers to come
        client.register_worker_callbacks(install)
    else:
        client.register_plugin(plugin(install), name=PLUGIN)


def extend_dask(client: Any) -> Extension:
    """Let a Dask client's cluster see the working tree, in all its processes, as it is now.

    The methods of this client that send something (`submit`, `map`, `get`, `compute`, `persist`,
    `scatter`, `run`) are wrapped. Before they send, each local package that this process has
    imported is installed on the scheduler and on all workers, now and later, if it has changed
    since. What a worker had in use is imported there again at once, in a thread. Modules that an
    earlier version made stay as long as somebody uses them, but names find the new one: do not edit
    between the submit of a graph and its end. cloudpickle is extended too.

    Args:
        client: a synchronous `distributed.Client`.

    Returns:
        An object whose `undo()` takes that out again; it is a context manager, too.

    Raises:
        TypeError: it is no client, or an asynchronous one.
    """
    if not hasattr(client, "asynchronous"):
        raise TypeError(
            f"extend_dask() takes a distributed.Client, not {type(client).__name__}; write"
            " extend_dask(Client(...))"
        )
    if client.asynchronous:
        raise TypeError(
            "extend_dask() takes a synchronous client, since it waits for the cluster: make one"
            " with Client(..., asynchronous=False)"
        )
    return DaskExtension(client)
