"""Tasks of pools and executors are pickled as the working tree was when they were submitted.

Pools and executors put tasks into queues, and a thread pickles them later. So their methods that
take a function are wrapped, and put a `Task` into its place (see `_snapshot.tasks`).

The children of `Pool` and `ProcessPoolExecutor` have run the script when they were started, with
the packages as they were then. So a task also knows what of them was edited meanwhile: functions of
the script that use such a package are no names for it (see `pools`). Children that were forked have
what the script had by then, so a task knows that as well. Those of a fork server have the packages
as they were when the server was started, which in newer Pythons imports the script.

Outside API: `enter_pools`, `leave_pools`.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final
from weakref import ref

from modulepickle._engines.ray import remote_methods
from modulepickle._snapshot.jobs import edited_since_server, job_now, note_server
from modulepickle._snapshot.tasks import CALL, Had, Task, submitted

__all__ = ["enter_pools", "leave_pools"]

BEGAN: Final = "_modulepickle_began"
"""Attribute of a pool: the job of the moment at which it was made."""

HAD: Final = "_modulepickle_had"
"""Attribute of a pool: what the script had when the first child may have been forked."""


def _task(pool: Any, function: Any) -> Any:
    if not getattr(pool, "_wrap_exception", True):
        return function  # it is a pool of threads
    job = CALL.get() or job_now()
    edited = job.edited(vars(pool).setdefault(BEGAN, job))
    method = _start_method(pool)
    if method == "forkserver":
        edited |= edited_since_server(job)
    is_spawned = method not in (None, "fork")
    return Task(function, job, edited, is_spawned, None if is_spawned else _had(pool))


def _had(pool: Any) -> Had | None:
    """Return what the script had when the first child was forked; None of an older pool."""
    if getattr(pool, "_processes", None) == {}:  # an executor, which forks at the first submit
        vars(pool)[HAD] = _has_now()
    found: Had | None = vars(pool).get(HAD)
    return found


def _has_now() -> Had:
    """Return the functions and classes that the script has now; none is kept alive by that."""
    names = [*vars(sys.modules["__main__"]).items()]
    return {name: ref(each) for name, each in names if isinstance(each, (FunctionType, type))}


def _start_method(pool: Any) -> str | None:
    """Return how the children of a pool or an executor are started; None if that is not known.

    Those that are not forked run the script anew.
    """
    context = getattr(pool, "_ctx", None) or getattr(pool, "_mp_context", None)
    return None if context is None else str(context.get_start_method())


def _ensure_running(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the method that starts the fork server."""

    @functools.wraps(before)
    def ensure_running(self: Any) -> Any:
        if self._forkserver_pid is None:
            note_server()
        return before(self)

    return ensure_running


def _init(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `__init__` of a pool."""

    @functools.wraps(before)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        vars(self)[BEGAN], vars(self)[HAD] = job_now(), _has_now()
        before(self, *args, **kwargs)

    return __init__


def _submit(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method whose first argument is a function."""

    @functools.wraps(before)
    def submit(self: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return before(self, _task(self, function), *args, **kwargs)

    return submit


def _submit_all(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap such a method of an executor whose workers get all that they need of the script."""

    @functools.wraps(before)
    def submit(self: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return before(self, submitted(function), *args, **kwargs)

    return submit


def _map(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method that submits many tasks."""

    @functools.wraps(before)
    def map(self: Any, *args: Any, **kwargs: Any) -> Any:
        token = CALL.set(CALL.get() or job_now())
        try:
            return before(self, *args, **kwargs)
        finally:
            CALL.reset(token)

    return map


def _map_at_once(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method that pickles many tasks before it returns."""

    @functools.wraps(before)
    def map(self: Any, *args: Any, **kwargs: Any) -> Any:
        with job_now().here():
            return before(self, *args, **kwargs)

    return map


def _tasks(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the method of a pool that makes tasks of what its `map` was given, bit by bit."""

    @functools.wraps(before)
    def _guarded_task_generation(self: Any, number: Any, function: Any, items: Any) -> Any:
        return before(self, number, _task(self, function), items)

    return _guarded_task_generation


EXECUTORS: Final = {
    "executorlib": ("executorlib", "BaseExecutor", "map"),
    "mpi4py": ("mpi4py.futures", "MPIPoolExecutor", "starmap"),
}
"""Package -> module and name of the executor, and its method that submits many tasks."""


def _pool_methods(package: str) -> list[tuple[type, str, Any]]:
    """Return what is wrapped: class, method, and what wraps it."""
    if package == "ray":
        return remote_methods()
    if package == "ipyparallel":
        views = importlib.import_module("ipyparallel")
        kinds = views.DirectView, views.BroadcastView, views.LoadBalancedView
        return [(each, "map", _map_at_once) for each in kinds if "map" in vars(each)]
    found: list[tuple[type, str, Any]] = []
    if package in EXECUTORS:
        module, name, maps = EXECUTORS[package]
        try:
            executor = getattr(importlib.import_module(module), name)
        except ImportError:  # something that it needs is not there
            return []
        return [(executor, "submit", _submit_all), (executor, maps, _map)]
    pool = importlib.import_module(f"{package}.pool").Pool
    found.append((pool, "__init__", _init))
    found.append((pool, "apply_async", _submit))
    found.append((pool, "_guarded_task_generation", _tasks))
    if package == "multiprocessing":
        executor = importlib.import_module("concurrent.futures.process").ProcessPoolExecutor
        found += [(executor, "__init__", _init), (executor, "submit", _submit)]
        found.append((executor, "map", _map))
        if os.name == "posix":
            server = importlib.import_module("multiprocessing.forkserver").ForkServer
            found.append((server, "ensure_running", _ensure_running))
    return [each for each in found if each[1] in vars(each[0])]


class _Methods:
    """Methods of classes that are wrapped, and for how many users."""

    def __init__(self) -> None:
        self.users = 0
        self.changed: list[tuple[type, str, Any, Any]] = []

    def enter(self, package: str) -> None:
        self.users += 1
        if self.users > 1:
            return
        for cls, name, wrap in _pool_methods(package):
            before = vars(cls)[name]
            made = wrap(before)
            setattr(cls, name, made)
            self.changed.append((cls, name, before, made))

    def leave(self) -> None:
        self.users -= 1
        while self.changed and not self.users:
            cls, name, before, made = self.changed.pop()
            if vars(cls).get(name) is made:  # else somebody wrapped it in turn: it stays
                setattr(cls, name, before)


_methods: Final[dict[str, _Methods]] = {}


def enter_pools(package: str) -> None:
    """Wrap the methods of a package that take functions; till `leave_pools`."""
    _methods.setdefault(package, _Methods()).enter(package)


def leave_pools(package: str) -> None:
    """Put back what was there, after the last user."""
    _methods[package].leave()
