"""Tasks of pools and executors are pickled as the working tree was when they were submitted.

`Pool` and `ProcessPoolExecutor` put tasks into queues, and a thread pickles them later. So the
methods that take a function get a `Task` in its place, which has the `Job` of the moment with it;
the `dump` that is wrapped (see `patch`) takes the function out again. Workers see nothing of this.

Their children have run the script when they were started, with the packages as they were then. So
a task also knows what of them was edited meanwhile: functions of the script that use such a package
are no names for it (see `pools`).

Outside API: `EDITED`, `enter_pools`, `leave_pools`, `opened`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Final

from modulepickle._engines.ray import remote_methods
from modulepickle._snapshot.jobs import Job, job_now

__all__ = ["EDITED", "enter_pools", "leave_pools", "opened"]

EDITED: Final[ContextVar[frozenset[str]]] = ContextVar("modulepickle_edited", default=frozenset())
"""Local packages that are not what they were when the pool of the present task was made."""

BEGAN: Final = "_modulepickle_began"
"""Attribute of a pool: the job of the moment when it was made."""


class Task:
    """A function, the job that it was submitted with, and packages that were edited before."""

    __slots__ = ("edited", "function", "job")

    def __init__(self, function: Any, job: Job, edited: frozenset[str]) -> None:
        self.function, self.job, self.edited = function, job, edited

    @contextmanager
    def here(self) -> Iterator[None]:
        """Let what this thread pickles in the block be of this task."""
        token = EDITED.set(self.edited)
        try:
            with self.job.here():
                yield
        finally:
            EDITED.reset(token)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function: some pools have threads for workers."""
        return self.function(*args, **kwargs)

    def __reduce__(self) -> Any:
        """Reduce to a call of the function, where nobody took it out."""
        return functools.partial, (self.function,)


_NONE: Final = nullcontext()


def opened(item: Any) -> tuple[Any, AbstractContextManager[None]]:
    """Return what a pool is about to pickle, without its `Task`, and the job to pickle it in."""
    if type(item) is tuple and len(item) == 5:  # job, index, function, arguments, options
        task = item[2]
        if type(task) is Task:
            return (*item[:2], task.function, *item[3:]), task.here()
    else:
        task = getattr(item, "fn", None)
        if type(task) is Task:  # what an executor made for this one dump
            item.fn = task.function
            return item, task.here()
    return item, _NONE


_CALL: Final[ContextVar[Job | None]] = ContextVar("modulepickle_call", default=None)
"""The job of a call of the user's that submits several tasks."""


def _task(pool: Any, function: Any) -> Any:
    if not getattr(pool, "_wrap_exception", True):
        return function  # it is a pool of threads
    job = _CALL.get() or job_now()
    return Task(function, job, job.edited(vars(pool).setdefault(BEGAN, job)))


def _init(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `__init__` of a pool."""

    @functools.wraps(before)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        vars(self)[BEGAN] = job_now()
        before(self, *args, **kwargs)

    return __init__


def _submit(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method whose first argument is a function."""

    @functools.wraps(before)
    def submit(self: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return before(self, _task(self, function), *args, **kwargs)

    return submit


def _map(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method that submits many tasks."""

    @functools.wraps(before)
    def map(self: Any, *args: Any, **kwargs: Any) -> Any:
        token = _CALL.set(_CALL.get() or job_now())
        try:
            return before(self, *args, **kwargs)
        finally:
            _CALL.reset(token)

    return map


def _tasks(before: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the method of a pool that makes tasks of what its `map` was given, bit by bit."""

    @functools.wraps(before)
    def _guarded_task_generation(self: Any, number: Any, function: Any, items: Any) -> Any:
        return before(self, number, _task(self, function), items)

    return _guarded_task_generation


def _pool_methods(package: str) -> list[tuple[type, str, Any]]:
    """Return what is wrapped: class, method, and what wraps it."""
    if package == "ray":
        return remote_methods()
    found: list[tuple[type, str, Any]] = []
    pool = importlib.import_module(f"{package}.pool").Pool
    found.append((pool, "__init__", _init))
    found.append((pool, "apply_async", _submit))
    found.append((pool, "_guarded_task_generation", _tasks))
    if package == "multiprocessing":
        executor = importlib.import_module("concurrent.futures.process").ProcessPoolExecutor
        found += [(executor, "__init__", _init), (executor, "submit", _submit)]
        found.append((executor, "map", _map))
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
    """Wrap the methods of `multiprocessing`, of a copy of it, or of Ray; till `leave_pools`."""
    _methods.setdefault(package, _Methods()).enter(package)


def leave_pools(package: str) -> None:
    """Put back what was there, after the last user."""
    _methods[package].leave()
