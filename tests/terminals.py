"""Commands whose streams are a terminal, or pipes that nobody reads."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from receivers import SITE

COMMAND = [sys.executable, "-m", "modulepickle"]
WISHES = ("COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PYTHON_COLORS")


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: a terminal that has colours, and no wishes about it."""
    kept = {name: os.environ[name] for name in os.environ if name not in WISHES}
    cache = str(folder / "cache")
    own = {"PYTHONPATH": str(SITE), "TERM": "xterm", "MODULEPICKLE_CACHE": cache}
    return {**kept, **own, **more}


def in_terminal(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    columns: int = 80,
    stdout: int | None = None,
) -> tuple[int, bytes]:
    """Return exit code and output of a command on a new terminal.

    Args:
        stdout: a descriptor for its stdout, which is not on the terminal then.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*command],
        cwd=folder,
        env={**env},
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
    )
    os.close(theirs)
    found = b""
    try:
        while piece := os.read(ours, 65536):
            found += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
        code = process.wait(100)
    return code, found
