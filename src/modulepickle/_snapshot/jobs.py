"""One look at the working tree for one call of the user's, however late its tasks are pickled.

Pools and executors pickle tasks in threads of their own, one by one, while the user edits. What was
submitted must run, so a task carries the tree as it was when the user made the call. While the tree
stays the same, so does the `Job`: a thousand waiting tasks cost no more than one.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import sys
import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from modulepickle._base.errors import PackagingError
from modulepickle._base.held import Held, held, scoped
from modulepickle._base.reading import failures
from modulepickle._local.finder import LocalPackage
from modulepickle._local.policy import Policy, get_policy
from modulepickle._local.settings import settings
from modulepickle._local.tree import WorkingTree
from modulepickle._snapshot.ref import SnapshotRef

if TYPE_CHECKING:
    from modulepickle._snapshot.shipment import Shipment

__all__ = ["Job", "Packages", "edited_since_server", "job_now", "job_of_batch", "note_server"]


class Packages:
    """The local packages that this process has imported; remembers which modules are not local.

    It does so for one policy and tree, and only as long as nothing is unreadable: a file that is
    away for a moment makes no module foreign for good.

    Attributes:
        away: top-level names of those whose files were not there at the last look.
    """

    def __init__(self) -> None:
        self._key: tuple[Policy, WorkingTree, int] | None = None
        self._others: set[str] = set()
        self.away: set[str] = set()

    def now(self, shipment: Shipment) -> list[SnapshotRef]:
        """Return the snapshots, and those that they require, by name.

        Raises:
            PackagingError: if one cannot travel.
        """
        for package in self.imported(shipment).values():
            shipment.ship(package)
        return shipment.shipped()

    def imported(self, shipment: Shipment) -> dict[str, LocalPackage]:
        finder = shipment.finder
        key = finder.policy, finder.tree, failures()
        if key != self._key:
            self._key, self._others = key, set()
        packages, others, self.away = {}, self._others, set()
        for name in sys.modules.keys() - others:
            top = name.partition(".")[0]
            # The rest of a package that has an `__init__.py` is in the same snapshot.
            inside = top != name and getattr(sys.modules.get(top), "__file__", None)
            package = None if inside else shipment.package(name)
            if package is not None:
                packages[package.name] = package
            elif finder.top(top).lost:
                self.away.add(top)
            else:
                others.add(name)
        return {name: packages[name] for name in sorted(packages)}

    def tops(self) -> set[bytes]:
        """Return the top-level names, encoded as in a pickle."""
        names = self.imported(_shipment())
        return {name.partition(".")[0].encode() for name in names}


class Job:
    """The working tree as it was at one moment, for what is pickled later.

    Attributes:
        digests: local package -> digest, of those that were imported.
        faults: local package -> why it cannot travel, of the others; "" of those that are away.
    """

    __slots__ = ("_held", "digests", "faults")

    def __init__(
        self, state: Held, digests: dict[str, bytes], faults: dict[str, str] | None = None
    ) -> None:
        self._held, self.digests, self.faults = state, digests, faults or {}

    def edited(self, since: Job) -> frozenset[str]:
        """Return the packages that have changed since another job, or may have."""
        if since is self:
            return frozenset()
        before = since.digests
        names = (
            name
            for name, digest in self.digests.items()
            if before.get(name, digest) != digest or name in since.faults
        )
        return frozenset(names)

    def here(self) -> AbstractContextManager[None]:
        """Let what this thread pickles in the block be of that moment."""
        return scoped(self._held)


class _Last:
    """The last job, and what it was made from."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.packages = Packages()
        self.key: object = None
        self.job = self.held_job = Job(Held(is_asked_for=False), {})
        self.held: Held | None = None
        self.batches: list[tuple[object, Job]] = []
        self.server: Job | None = None


_last: Final = _Last()


def job_now() -> Job:
    """Return the working tree as it is now, or as it is held.

    Raises:
        PackagingError: if the settings in `pyproject.toml` are wrong.
    """
    state = held()
    if state is not None:
        with _last.lock:
            if _last.held is not state:
                _last.held_job = Job(state, *_look(_shipment()))
                _last.held = state
            return _last.held_job
    with _last.lock:
        found = _look(_shipment())
        key = get_policy(), settings(), found
        if key != _last.key:
            before, state = failures(), Held(is_asked_for=False)
            with scoped(state):
                found = _look(_shipment())
            _last.job = Job(state, *found)
            # Last, as what comes before may be interrupted; and not of two different looks.
            is_sure = found == key[-1] and failures() == before
            _last.key = key if is_sure else None
        return _last.job


def _shipment() -> Shipment:
    from modulepickle._snapshot.shipment import Shipment  # few processes need it

    return Shipment(get_policy())


def _look(shipment: Shipment) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the digest of each imported package; and of what cannot travel, why not.

    A job depends on both: what was found when a package could not travel is not kept for when it
    can, or cannot for another reason.
    """
    faults = {}
    for package in _last.packages.imported(shipment).values():
        try:
            shipment.ship(package)
        except PackagingError as error:  # an error for who pickles something of it
            faults[package.name] = str(error)
    faults.update(dict.fromkeys(sorted(_last.packages.away), ""))
    return {each.name: each.digest for each in shipment.shipped()}, faults


def note_server() -> None:
    """Note that the fork server of multiprocessing is being started."""
    try:
        _last.server = job_now()
    except PackagingError:  # an error for who pickles something
        _last.server = None


def edited_since_server(job: Job) -> frozenset[str]:
    """Return the packages that have changed since the fork server was started, or may have."""
    return frozenset() if _last.server is None else job.edited(_last.server)


def job_of_batch(function: Any) -> Job | None:
    """Return the job of what joblib gives to a worker at once; None of anything else.

    All batches of one call of `Parallel` have one dict in common, which joblib keeps for picklers.
    """
    mark = getattr(function, "_pickle_cache", None)
    if mark is None:
        return None
    for known, job in _last.batches:
        if known is mark:
            return job
    job = job_now()
    _last.batches[:] = [*_last.batches[-3:], (mark, job)]  # calls in a few threads, or nested
    return job
