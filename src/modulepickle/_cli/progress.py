"""A line on a terminal that says what takes long, and disappears when it is done.

It is drawn by a thread, on stderr, after a second: never in a pipe, on a terminal that cannot erase
a line, or if the command is to be quiet.

Outside API: `progress`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from modulepickle._cli.colour import is_terminal

__all__ = ["progress"]

DELAY: Final = 1.0
"""Seconds before the line is shown."""

EVERY: Final = 0.1
"""Seconds between two drawings."""

ERASE: Final = "\r\x1b[K"


@contextlib.contextmanager
def progress(
    text: str, quiet: bool = False, is_over: Callable[[], bool] = lambda: False
) -> Iterator[Callable[[], None]]:
    """Show what goes on until the end of the block; yield a function that ends it before.

    Args:
        text: as `packing helpers`. quiet: show nothing. is_over: tells whether the work has ended
        already. Then the line disappears, since what comes next may write to the terminal itself.
    """
    if quiet or not is_terminal(sys.stderr) or os.getenv("TERM") == "dumb":
        yield lambda: None
        return
    done = threading.Event()
    thread = threading.Thread(target=_draw, args=(sys.stderr, text, done, is_over), daemon=True)
    thread.start()

    def end() -> None:
        done.set()
        thread.join()

    try:
        yield end
    finally:
        end()


def _draw(stream: Any, text: str, done: threading.Event, is_over: Callable[[], bool]) -> None:
    began = time.monotonic()
    is_shown = False
    wait = DELAY
    while not done.wait(wait) and not is_over():
        stream.write(ERASE + line(text, time.monotonic() - began, _width(stream)))
        stream.flush()
        is_shown, wait = True, EVERY
    if is_shown:
        stream.write(ERASE)
        stream.flush()


def line(text: str, seconds: float, width: int) -> str:
    """Return the line, shorter than the terminal: some wrap once the last column is filled."""
    shown = f"{text} ... {seconds:.0f} s"
    return shown if len(shown) < width else f"{shown[: max(0, width - 4)]}..."


def _width(stream: Any) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns
