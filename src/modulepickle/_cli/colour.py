"""Colours, on terminals that have them: errors, package names, sizes, headings.

`NO_COLOR` switches them off (no-color.org), `FORCE_COLOR` on, also in a pipe; `TERM=dumb` is a
terminal without any. Text is made harmless (`printable`) before it is painted, so that no colour
comes from a pickle.

Outside API: `Paint`, `has_colour`, `is_terminal`, `tree`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from modulepickle._report.report import Branch, printable

__all__ = ["Paint", "has_colour", "is_terminal", "tree"]

STYLES: Final = {
    "error": "1;31", "warning": "1;33", "name": "1;32", "size": "36", "heading": "1", "hint": "2",
}  # fmt: skip
"""What is painted -> SGR parameters (ECMA-48, 8.3.117)."""

SIZE: Final = re.compile(r"\d[\d,]*(?= bytes?\b| packed\b)(?: bytes?)?|^ *\d[\d,]*(?=  \S)")
PACKAGE: Final = re.compile(r"(?<=package `)[^`]+(?=`)")
FIRST: Final = re.compile(r"^[\w.]+(?=  )")
"""The name at the start of a package's line."""

ALARMS: Final = {"cannot travel": "error", "problems": "error", "warnings": "warning"}


def is_terminal(stream: Any) -> bool:
    """Tell whether a stream is a terminal. One that was closed at the start is None."""
    try:
        return stream is not None and bool(stream.isatty())
    except ValueError:  # it was closed since
        return False


def has_colour(stream: Any) -> bool:
    """Tell whether what is written to a stream is to have colours."""
    if os.getenv("NO_COLOR"):
        return False
    if os.getenv("FORCE_COLOR"):
        return True
    if not is_terminal(stream) or os.getenv("TERM") == "dumb":
        return False
    return os.name != "nt" or "WT_SESSION" in os.environ  # Windows Terminal; others may not know


class Paint:
    """Paints text for one stream, or leaves it as it is."""

    def __init__(self, stream: Any) -> None:
        self._is_on = has_colour(stream)

    def __call__(self, style: str, text: str) -> str:
        """Return text in a style: a key of `STYLES`."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self._is_on and text else text

    def sizes(self, text: str) -> str:
        """Return text with its numbers of bytes painted, and packages after the word."""
        text = SIZE.sub(lambda found: self("size", found[0]), text)
        return PACKAGE.sub(lambda found: self("name", found[0]), text)


def tree(branches: Iterable[Branch], paint: Paint) -> Iterator[str]:
    """Yield the lines of a report, as `str(report)` has them, painted."""
    for branch in branches:
        text = printable(branch.text)
        alarm = ALARMS.get(text)
        is_title = bool(branch.below)
        yield paint(alarm or "heading", text) if is_title else paint.sizes(text)
        yield from _below(branch.below, "  ", paint, alarm, text)


def _below(
    branches: Iterable[Branch], indent: str, paint: Paint, alarm: str | None, title: str
) -> Iterator[str]:
    for branch in branches:
        text = printable(branch.text)
        if alarm and len(indent) == 2:
            head, colon, rest = text.partition(": ")
            text = paint(alarm, head) + colon + rest if colon else text
        else:
            if len(indent) == 2 and title.startswith(("packages", "snapshots")):
                name = FIRST.match(text)
                end = name.end() if name else 0
                text = paint("name", text[:end]) + paint.sizes(text[end:])
            else:
                text = paint.sizes(text)
        yield indent + text
        yield from _below(branch.below, indent + "  ", paint, alarm, title)
