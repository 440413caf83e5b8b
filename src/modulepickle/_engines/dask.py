"""Dask: each task runs the code that it was sent with, in every process of a cluster.

Before a client sends, the digests of the local packages are compared with those that were installed
last; if there are others, a function like that of `preload` installs them on the scheduler and on
the workers, those that come later included. Whatever is sent then names its digest, and so do
results (see `_loader.peers`). An earlier version stays installed as long as this client holds a
future that was made with it, and the last few stay in any case.

Outside API: `extend_dask`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import inspect
import pickle
import threading
from collections.abc import Callable
from typing import Any, Final

from modulepickle._base.errors import PackagingError
from modulepickle._base.process import log
from modulepickle._engines.cloudpickle import extend_cloudpickle
from modulepickle._engines.home import HOME, enter_home, leave_home
from modulepickle._engines.patch import SENDING, Extension
from modulepickle._engines.references import Sending, sending
from modulepickle._loader.emit import THE_PEERS
from modulepickle._local.policy import get_policy
from modulepickle._pickler.pickler import dumps as ship
from modulepickle._snapshot.jobs import Packages
from modulepickle._snapshot.ref import SnapshotRef
from modulepickle._snapshot.shipment import Shipment

__all__ = ["extend_dask"]

GRAPHS: Final = ("submit", "map", "get", "compute", "persist")
"""Methods of a client that send a graph, which the scheduler unpickles."""

OTHERS: Final = ("scatter", "run", "run_on_scheduler", "register_plugin")
"""Methods that send something else."""

KEPT: Final = 8
"""Versions of the working tree that a cluster always keeps: tasks may be waiting although nobody
holds their futures."""

STATE: Final = "_modulepickle"
"""Attribute of an extended client."""

INSTALL: Final = "lambda: (lambda call, *rest: call(*rest))(*loads(data))"
"""The text that `_Install` is unpickled from in another process."""


class _Install:
    """Installs snapshots in a process of a cluster.

    Args:
        keep: digests, of what the same client installed earlier, that stay.
    """

    def __init__(self, client: str, snapshots: list[SnapshotRef], keep: list[bytes]) -> None:
        self._what = THE_PEERS, "install", client, snapshots, keep

    def __call__(self) -> None:
        """Do nothing: this is the client's own process."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Reduce to a function made of text."""
        return eval, (INSTALL, {"loads": pickle.loads, "data": ship(self._what, protocol)})


class _Version:
    """The working tree at one moment, as a cluster has it.

    Attributes:
        digests: of all packages. new: those that came with it. plugin: name of the worker plugin.
        keys: of the futures that were made with it, or None for the present version.
    """

    def __init__(self, digests: list[bytes], new: list[bytes], plugin: str) -> None:
        self.digests, self.new, self.plugin = digests, new, plugin
        self.keys: set[Any] | None = None


class _Versions:
    """The versions of the working tree that a cluster has from one client."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._versions: list[_Version] = []
        self.digests: set[bytes] = set()
        self._count = 0

    def missing(self, found: list[SnapshotRef]) -> bool:
        """Tell whether the present version is another one."""
        now = [each.digest for each in found]
        return not self._versions or self._versions[-1].digests != now

    def add(self, found: list[SnapshotRef]) -> tuple[_Version, _Install, list[str]]:
        """Note that a version is installed; return it, what installs it, and plugins to drop."""
        self._note_keys()
        new = [each for each in found if each.digest not in self.digests]
        self._count += 1
        digests = [each.digest for each in found]
        plugin = f"modulepickle-{self._client.id}-{self._count}"
        version = _Version(digests, [each.digest for each in new], plugin)
        self._versions.append(version)
        kept = self._kept()
        dropped = [each for each in self._versions if each not in kept]
        self._versions = kept
        keep = {digest: None for each in kept for digest in each.digests}
        self.digests = {*keep}
        names = [each.plugin for each in dropped if not self.digests.intersection(each.new)]
        return version, _Install(self._client.id, new, [*keep]), names

    def forget(self, version: _Version) -> None:
        """Note that a version could not be installed, nor what was added to it since."""
        if version in self._versions:
            self._versions = self._versions[: self._versions.index(version)]
            self.digests = {digest for each in self._versions for digest in each.digests}

    def _note_keys(self) -> None:
        """Note which futures were made with the version that has been the present one so far."""
        now = {*self._client.futures}
        for each in self._versions:
            if each.keys is None:
                each.keys = now.copy()
            each.keys &= now
            now -= each.keys

    def _kept(self) -> list[_Version]:
        recent = self._versions[-KEPT:]
        # A plugin stays, with its version, while others use something that it brought.
        used = [each for each in self._versions if each in recent or each.keys]
        digests = {digest for each in used for digest in each.digests}
        return [each for each in self._versions if each in used or digests.intersection(each.new)]

    def plugins(self) -> list[str]:
        """Return the names of the worker plugins that are registered."""
        return [each.plugin for each in self._versions]


class _Cluster:
    """What one client has installed on its cluster, and for how many users of `extend_dask`."""

    def __init__(self, client: Any) -> None:
        self.users = 0
        self.versions = _Versions(client)
        self._client = client
        self._packages = Packages()
        self._lock = threading.RLock()
        self._installing: asyncio.Future[None] | None = None
        self._held_back: list[Any] = []
        self._made: dict[str, Any] = {
            name: self._sending(getattr(client, name), name in GRAPHS)
            for name in GRAPHS + OTHERS
            if hasattr(client, name)
        }
        self._plain = {name: getattr(client, name) for name in self._made}
        self._to_scheduler = client._send_to_scheduler
        self._made["_send_to_scheduler"] = self._send_to_scheduler
        with contextlib.suppress(PackagingError):  # raised when something is sent
            # What is imported now is told from later edits, when results come home.
            self._packages.now(Shipment(get_policy()))

    def _sending(self, method: Callable[..., Any], graph: bool) -> Callable[..., Any]:
        @functools.wraps(method)
        def send(*args: Any, **kwargs: Any) -> Any:
            # Within one process nothing is pickled, or one version would meet the other.
            if not self.users or SENDING.get() is not None or self._is_inside():
                return method(*args, **kwargs)
            what = self.look()
            with sending(what, graph):
                found = method(*args, **kwargs)
            return self._later(what, found) if inspect.iscoroutine(found) else found

        return send

    async def _later(self, what: Sending, found: Any) -> Any:
        """Await what a method of an asynchronous client returned, when the code is installed."""
        if self._installing is not None:
            await asyncio.wait([self._installing])
        with sending(what, graph=False):
            return await found

    def _is_inside(self) -> bool:
        scheduler = getattr(self._client, "scheduler", None)
        return str(getattr(scheduler, "address", "")).startswith("inproc://")

    def look(self) -> Sending:
        """Look at the working tree, and install what has changed since the last look.

        Raises:
            PackagingError: if a local package cannot travel.
        """
        shipment = Shipment(get_policy())
        found = self._packages.now(shipment)
        with self._lock:
            if self.versions.missing(found):
                HOME.sent.update((each.digest, each.name) for each in found)
                HOME.latest.update((each.name, each.digest) for each in found)
                self._install(found)
            return Sending(shipment, self.versions.digests.copy())

    def _install(self, found: list[SnapshotRef]) -> None:
        version, install, dropped = self.versions.add(found)
        if self._client.asynchronous:
            later = self._install_later(self._installing, install, version, dropped)
            self._installing = asyncio.ensure_future(later)
            return
        try:
            # One after the other, so that on one host the first unpacks the files for both.
            self._plain["run_on_scheduler"](install)
            self._plain["register_plugin"](_setup(install), name=version.plugin)
        except BaseException:
            self.versions.forget(version)
            raise
        for name in dropped:
            self._client.unregister_worker_plugin(name)

    async def _install_later(
        self, before: Any, install: _Install, version: _Version, dropped: list[str]
    ) -> None:
        """Do the same in the event loop; what is sent to the scheduler meanwhile waits."""
        try:
            if before is not None:
                await asyncio.wait([before])
            await self._plain["run_on_scheduler"](install)
            await self._plain["register_plugin"](_setup(install), name=version.plugin)
            for name in dropped:
                await self._client.unregister_worker_plugin(name)
        except BaseException as error:
            self.versions.forget(version)
            if not isinstance(error, Exception):
                raise
            log.warning("the code could not be installed on the Dask cluster: %r", error)
        finally:
            if self._installing is asyncio.current_task():
                self._installing = None
                messages, self._held_back = self._held_back, []
                for message in messages:
                    self._to_scheduler(message)

    def _send_to_scheduler(self, message: Any) -> None:
        if self._installing is None:
            self._to_scheduler(message)
        else:
            self._held_back.append(message)

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
            if vars(self._client).get(name) == method:
                delattr(self._client, name)
        del vars(self._client)[STATE]
        if self._client.status == "running" and not self._client.asynchronous:
            for name in self.versions.plugins():
                self._client.unregister_worker_plugin(name)


def _setup(install: _Install) -> Any:
    """Return the plugin that runs a function on a worker, once."""
    return importlib.import_module("distributed.client")._WorkerSetupPlugin(install)


class DaskExtension(Extension):
    """What `extend_dask` returns. `undo()` leaves on the cluster what tasks still use."""

    def __init__(self, client: Any) -> None:
        super().__init__({})
        self._inner: Extension | None = extend_cloudpickle()
        enter_home()
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
            leave_home()


def extend_dask(client: Any) -> Extension:
    """Make a Dask client send the working tree, as it is at each submit, with its tasks.

    This wraps the methods of the client that send something: `submit`, `map`, `get`, `compute`,
    `persist`, `scatter`, `run`, `run_on_scheduler` and `register_plugin`. Before they send, each
    local package that this process has imported and that has changed is installed on the scheduler
    and on all workers, those that come later included. What is sent names the version of the code,
    so that a worker runs no other: neither one that it has imported by itself, nor one that was
    edited after the submit. Results come home as the classes that this process has. The keys of
    pure tasks depend on the code. cloudpickle is extended as well.

    Args:
        client: A `distributed.Client`. An asynchronous one waits with sending until the code is
            installed. With a cluster inside this process (`processes=False`) nothing is pickled,
            and what runs is what this process has imported.

    Returns:
        An object whose `undo()` removes the patch. It is a context manager as well.

    Raises:
        TypeError: If `client` is not a Dask client.
    """
    if not hasattr(client, "asynchronous"):
        raise TypeError(
            f"extend_dask() takes a distributed.Client, not {type(client).__name__}; write"
            " extend_dask(Client(...))"
        )
    return DaskExtension(client)
