"""Where a command writes: results to stdout, reports, warnings and errors to stderr.

Outside API: `Output`, `OutputError`, `is_unread`, `prepare`.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from modulepickle._cli.colour import Paint, is_terminal, tree
from modulepickle._report.report import Branch, printable

__all__ = ["Output", "OutputError", "drop", "prepare"]


class OutputError(Exception):
    """A stream cannot be written to: the disk is full, for example. A closed pipe is not meant."""


def prepare() -> None:
    """Let both streams take any text: a terminal may know ASCII only."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop(stream: Any) -> None:
    """Discard what a stream still holds: at exit, Python would report that the pipe is closed."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError, AttributeError):  # it has no descriptor
        pass


class Output:
    """The streams of one command.

    Attributes:
        quiet: whether reports are left out; errors never are. json: whether the result is JSON.
    """

    def __init__(self, quiet: bool = False, json: bool = False) -> None:
        self.quiet, self.json = quiet, json
        self.paint, self.paint_reports = Paint(sys.stdout), Paint(sys.stderr)

    # --- results

    def line(self, text: str) -> None:
        """Write a line of the result."""
        _write(sys.stdout, f"{printable(text)}\n")

    def lines(self, text: str) -> None:
        """Write lines as they are; to a terminal, with control characters escaped."""
        _write(sys.stdout, _for(sys.stdout, text))

    def painted(self, text: str) -> None:
        """Write a line of the result that has its colours already."""
        _write(sys.stdout, f"{text}\n")

    def tree(self, branches: Iterable[Branch]) -> None:
        """Write a report as the result."""
        for text in tree(branches, self.paint):
            self.painted(text)

    def bytes(self, data: bytes) -> None:
        """Write bytes as the result; to a terminal, as text with control characters escaped."""
        if sys.stdout is None:
            return
        if is_terminal(sys.stdout) or not hasattr(sys.stdout, "buffer"):
            self.lines(data.decode("utf-8", "backslashreplace"))
            return
        self.flush()
        try:
            sys.stdout.buffer.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(_no_output(error)) from None

    def data(self, data: object) -> None:
        """Write data as JSON."""
        _write(sys.stdout, f"{json.dumps(data, indent=2)}\n")

    def flush(self) -> None:
        """Write what is kept back."""
        _write(sys.stdout, "")

    # --- reports

    def report(self, text: str) -> None:
        """Write a line on what was done, unless the command is to be quiet."""
        if not self.quiet:
            _write(sys.stderr, f"{text}\n")

    def note(self, text: str) -> None:
        """Write a line on what may be of interest, unless the command is to be quiet."""
        if not self.quiet:
            _write(sys.stderr, f"modulepickle: {printable(text)}\n")

    def warning(self, text: str) -> None:
        """Write a line on what will probably not work."""
        head = self.paint_reports("warning", "modulepickle: warning:")
        _write(sys.stderr, f"{head} {printable(text)}\n")

    def error(self, text: str) -> None:
        """Write what is wrong; it may have several lines."""
        head = self.paint_reports("error", "modulepickle:")
        _write(sys.stderr, f"{head} {_harmless(text)}\n")

    def failure(self, text: str) -> None:
        """Write the lines of a failure elsewhere, such as a traceback."""
        _write(sys.stderr, _for(sys.stderr, text))


def _write(stream: Any, text: str) -> None:
    """Write text, and at once.

    Raises:
        BrokenPipeError: nobody reads it. OutputError: it cannot be written.
    """
    if stream is None:  # closed when the process started
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        if stream is sys.stdout:
            raise
        drop(stream)  # nobody reads reports: the result is what counts
    except OSError as error:
        drop(stream)
        raise OutputError(_no_output(error)) from None


def _no_output(error: OSError) -> str:
    return f"the output cannot be written: {error.strerror}"


def _for(stream: Any, text: str) -> str:
    return _harmless(text) if is_terminal(stream) else text


def _harmless(text: str) -> str:
    """Return lines of text, in which control characters, other than tabs, are escaped."""
    return "\n".join(printable(line.replace("\t", "    ")) for line in text.split("\n"))
