"""Opening a file that somebody may have put a pipe or a device in the place of; what was read.

Outside API: `RECENT`, `opened`, `without_waiting`.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import IO, Final

__all__ = ["RECENT", "opened", "without_waiting"]

RECENT: Final[dict[bytes, bytes]] = {}
"""Digest -> content of source that this `dumps` has read, which it goes through some times more.

To inflate it each time takes as long as the search. The pickler clears it at its end.
"""

NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)
"""Without it, opening a pipe waits until somebody writes to it."""


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
