"""When this process began: what was on disk before that, and is unchanged, is what it imported.

Outside API: `began_ns`.
"""

from __future__ import annotations

import os
import time

__all__ = ["began_ns"]

FORKED = 0x40
"""Of the flags in `/proc/PID/stat`: forked, and executed nothing since (proc(5), PF_FORKNOEXEC)."""

TICK_NS = 20_000_000
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
