"""One function applied to many items, in a few threads.

It is for work that releases the GIL most of the time, as deflate does. The threads exist for one
call only: there is no pool that a fork would break, or that an exit would wait for (R14).

Outside API: `each`, `helpers`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

__all__ = ["each", "helpers"]

T = TypeVar("T")
R = TypeVar("R")

MOST: Final = 3
"""Threads beside the caller's. More would wait for the GIL, which all need at times."""


def helpers(most: int) -> int:
    """Return how many threads are worth starting beside the caller's: at most as many as given."""
    if most <= 0 or sys.is_finalizing():  # up to 3.11, a thread that is started then never runs
        return 0
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        processors = os.cpu_count() or 1
    return min(most, MOST, processors - 1)


def each(do: Callable[[T], R], items: Sequence[T], helpers: int) -> list[R]:
    """Return what a function returns for each item, in the order of the items.

    Args:
        do: is called with one item.
        items: what is to be done.
        helpers: threads that are started beside the caller's. They have ended when this returns; an
            interrupt by the keyboard may leave them for as long as the item takes that they are at.

    Raises:
        BaseException: what `do` has raised, for the first item of those where it did. Once it has,
            no other item is begun.
    """
    todo = deque(enumerate(items))
    done: dict[int, R] = {}
    failed: dict[int, BaseException] = {}

    def work() -> None:
        while todo:
            try:
                index, item = todo.popleft()
            except IndexError:  # another thread has taken the last one
                return
            try:
                done[index] = do(item)
            except BaseException as error:
                failed[index] = error
                todo.clear()

    started: list[threading.Thread] = []
    try:
        _start(work, helpers, started)
        work()
    finally:  # an interrupt by the keyboard, perhaps: then the threads end soon as well
        todo.clear()
        for thread in started:
            thread.join()
    if failed:
        raise failed[min(failed)]
    return [done[index] for index in range(len(items))]


def _start(work: Callable[[], None], number: int, started: list[threading.Thread]) -> None:
    """Start some threads, or as many as the system gives, and add them to a list."""
    try:
        for _ in range(number):
            thread = threading.Thread(target=work, name="modulepickle")
            thread.start()
            started.append(thread)
    except RuntimeError:  # no thread can be started: WebAssembly, a limit, the end of the process
        pass
