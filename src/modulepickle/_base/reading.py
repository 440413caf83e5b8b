"""Opening a file that somebody may have put a pipe or a device in the place of; what was read.

Where something cannot be read, and the answer is made without it, whoever made it calls `note`: an
answer that was made while `failures` went up is right for the moment, and must not be kept.

Outside API: `RECENT`, `failures`, `note`, `opened`, `remembered`, `without_waiting`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from functools import wraps
from typing import IO, Final, TypeVar

__all__ = ["RECENT", "failures", "note", "opened", "remembered", "without_waiting"]

RECENT: Final[dict[bytes, bytes]] = {}
"""Digest -> content of source that this `dumps` has read, which it goes through some times more.

To inflate it each time takes as long as the search. The pickler clears it at its end.
"""

NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)
"""Without it, opening a pipe waits until somebody writes to it."""


LASTING: Final = (FileNotFoundError, NotADirectoryError, PermissionError)
"""What a change of the disk ends, and not time alone: the stat of something is another then."""

_failures = 0


def failures() -> int:
    """Return how often something could not be read, for a reason that may pass by itself."""
    return _failures


def note(error: BaseException, was_there: bool = False) -> None:
    """Count an error that was passed over, if it may pass: too many open files, a slow network.

    Args:
        was_there: its stat was taken a moment before.
    """
    global _failures
    is_away = was_there and isinstance(error, FileNotFoundError)
    if is_away or (isinstance(error, OSError) and not isinstance(error, LASTING)):
        _failures += 1


T = TypeVar("T")


def remembered(function: Callable[..., T]) -> Callable[..., T]:
    """Call a function once for each tuple of arguments, as `functools.cache`.

    What it returns while something could not be read is not kept.
    """
    known: dict[tuple[object, ...], T] = {}

    @wraps(function)
    def call(*args: object) -> T:
        try:
            return known[args]
        except KeyError:
            pass
        before = failures()
        found = function(*args)
        if failures() == before:
            known[args] = found
        return found

    call.cache_clear = known.clear  # type: ignore[attr-defined]
    return call


def opened(path: str) -> IO[bytes]:
    """Open a regular file to read bytes.

    Raises:
        OSError: if it is not a regular file; otherwise as `open`.
    """
    file = open(path, "rb", opener=without_waiting)  # noqa: SIM115  # whoever asked closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", path)
    return file


def without_waiting(path: str, flags: int) -> int:
    """Open without waiting: an `opener` for callers that check what they have opened."""
    return os.open(path, flags | NO_WAIT)
