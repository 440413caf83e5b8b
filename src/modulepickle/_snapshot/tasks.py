"""Tasks that wait in a queue until a thread pickles them: each has with it what the tree was.

Where a pool or an executor puts tasks into queues, the methods that take a function get a `Task` in
its place, which has the `Job` of the moment with it; who pickles for the pool asks `opened`, which
takes the function out again. Workers see nothing of this.

Outside API: `CALL`, `EDITED`, `FORKED`, `SPAWNED`, `Had`, `Task`, `opened`, `submitted`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Final

from modulepickle._snapshot.jobs import Job, job_now, job_of_batch

__all__ = ["CALL", "EDITED", "FORKED", "SPAWNED", "Had", "Task", "opened", "submitted"]

EDITED: Final[ContextVar[frozenset[str]]] = ContextVar("modulepickle_edited", default=frozenset())
"""Local packages that are not what they were when the pool of the present task was made."""

SPAWNED: Final[ContextVar[bool]] = ContextVar("modulepickle_spawned", default=False)
"""Whether the children of the pool of the present task are known to have been spawned."""

Had = dict[str, Callable[[], object]]
"""What the script had at one moment: name -> what returns the function or class, or None."""

FORKED: Final[ContextVar[Had | None]] = ContextVar("modulepickle_forked", default=None)
"""What the script had when the first child of the pool of the present task was forked; None if that
is not known, or nothing was forked."""

CALL: Final[ContextVar[Job | None]] = ContextVar("modulepickle_call", default=None)
"""The job of a call of the user's that submits several tasks."""


class Task:
    """A function, and the job that it was submitted with.

    Attributes:
        edited: packages that were edited before. spawned: how the children were started.
        forked: what the script had then, if they were forked.
    """

    __slots__ = ("__wrapped__", "edited", "forked", "job", "spawned")

    def __init__(
        self,
        function: Any,
        job: Job,
        edited: frozenset[str] = frozenset(),
        spawned: bool = False,
        forked: Had | None = None,
    ) -> None:
        self.__wrapped__, self.job, self.edited = function, job, edited
        self.spawned, self.forked = spawned, forked

    @contextmanager
    def here(self) -> Iterator[None]:
        """Let what this thread pickles in the block be of this task."""
        edited, spawned = EDITED.set(self.edited), SPAWNED.set(self.spawned)
        forked = FORKED.set(self.forked)
        try:
            with self.job.here():
                yield
        finally:
            FORKED.reset(forked)
            SPAWNED.reset(spawned)
            EDITED.reset(edited)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function: some pools have threads for workers."""
        return self.__wrapped__(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Return what the function has: its name, its signature."""
        if name == "__wrapped__":
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __reduce__(self) -> Any:
        """Reduce to a call of the function, where nobody took it out."""
        return functools.partial, (self.__wrapped__,)


_NONE: Final = nullcontext()


def opened(item: Any) -> tuple[Any, AbstractContextManager[None]]:
    """Return what a pool is about to pickle, without its `Task`, and the job to pickle it in."""
    kind = type(item)
    if kind is tuple:
        # Of multiprocessing: job, index, function, arguments, options. Of mpi4py, the last three.
        at = len(item) - 3
        if at in (0, 2) and type(task := item[at]) is Task:
            return (*item[:at], task.__wrapped__, *item[at + 1 :]), task.here()
    elif kind is dict:  # of executorlib
        if type(task := item.get("fn")) is Task:
            return {**item, "fn": task.__wrapped__}, task.here()
    elif kind is Task:
        return item.__wrapped__, item.here()
    else:
        function = getattr(item, "fn", None)
        if type(function) is Task:  # what an executor made for this one dump
            item.fn = function.__wrapped__
            return item, function.here()
        job = job_of_batch(function)
        if job is not None:
            return item, job.here()
    return item, _NONE


def submitted(function: Any) -> Task:
    """Return what is put into a queue in place of a function, by a pool that ships all it needs."""
    if type(function) is Task:
        return function
    return Task(function, CALL.get() or job_of_batch(function) or job_now())
