"""The process that pickles: its log, its hashes, and when it began.

All three are used by every `dumps` and so import as little as can be: `logging` takes a good part
of the time that importing this library takes, and loading OpenSSL takes as long as hashing a
megabyte with the interpreter's own C code.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["DIGEST_SIZE", "began_ns", "fold", "log", "sha256"]

# --- the log --------------------------------------------------------------------------------------


class _Log:
    """As much of a `logging.Logger` as the library uses."""

    def debug(self, message: str, *args: Any) -> None:
        self._log("debug", message, args)

    def info(self, message: str, *args: Any) -> None:
        self._log("info", message, args)

    def warning(self, message: str, *args: Any, quiet: bool = False) -> None:
        """Log a warning. With `quiet`, only where a log has been set up: it has been printed."""
        import logging  # it prints warnings where nobody has set it up

        if not quiet or logging.getLogger("modulepickle").hasHandlers():
            self._log("warning", message, args)

    def _log(self, level: str, message: str, args: tuple[Any, ...]) -> None:
        logging: Any = sys.modules.get("logging")
        if logging is not None:  # the record is of who called `debug`
            getattr(logging.getLogger("modulepickle"), level)(message, *args, stacklevel=3)


log: Final = _Log()
"""The logger `modulepickle`. Where `logging` is not imported, only warnings are logged."""

# --- hashes ---------------------------------------------------------------------------------------

LITTLE: Final = 2**18
"""Bytes: a quarter of what could be hashed in the time in which OpenSSL is loaded."""

_hashed = 0
"""Bytes that were hashed without OpenSSL."""


def sha256(data: bytes = b"") -> _Hash:
    """Return what `hashlib.sha256` does."""
    global _hashed
    if "hashlib" not in sys.modules and _hashed + len(data) <= LITTLE:
        own = _own()
        if own is not None:
            _hashed += len(data)
            made: _Hash = own(data)
            return made
    import hashlib

    return hashlib.sha256(data)


@cache
def _own() -> Any:
    """Return the interpreter's own function; None if it was built without it."""
    name = "_sha2" if sys.version_info >= (3, 12) else "_sha256"  # when 3.11 goes: `_sha2`
    try:
        return importlib.import_module(name).sha256
    except (ImportError, AttributeError):
        return None


def fold(*parts: bytes) -> bytes:
    """Return the SHA-256 over byte strings, each with its length before it."""
    total = sha256()
    for part in parts:
        total.update(b"%d:%s" % (len(part), part))
    return total.digest()


DIGEST_SIZE: Final = 16
"""Bytes of SHA-256 that are kept: 128 bits tell all contents apart, and travel with each pickle."""

# --- the beginning of the process -----------------------------------------------------------------

FORKED: Final = 0x40
"""Of the flags in `/proc/PID/stat`: forked, and executed nothing since (proc(5), PF_FORKNOEXEC)."""

TICK_NS: Final = 20_000_000
"""More than the tick of that file and of the clocks of Linux' own file systems (10 ms each)."""


def began_ns() -> int:
    """Return a time in ns since the epoch before which this process had imported nothing.

    A forked process has the modules of its parent, and so began when that did. 0 where the system
    does not tell (elsewhere than on Linux): then nothing can be proved about old files.
    """
    try:
        process, flags = "self", FORKED
        # An orphan's new parent is an ancestor too: older, which errs on the safe side.
        while flags & FORKED:
            with open(f"/proc/{process}/stat", "rb") as file:
                # The second field, the command, may hold anything, closing brackets too.
                fields = file.read().rpartition(b")")[2].split()
            process, flags = fields[1].decode(), int(fields[6])
        since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError, ValueError, IndexError):
        return 0
    return int((boot + since_boot) * 1_000_000_000) - TICK_NS
