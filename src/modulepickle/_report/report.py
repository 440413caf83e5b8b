"""Reports: what `explain` and `inspect` return, as text, as JSON and in a notebook.

A report is a dict that JSON can hold (`Report.data`), and a tree of lines made of it. What stands
in it may come from a pickle that nobody trusts, so text is shown without control characters, and
HTML is escaped.

Outside API: `Branch`, `Report`, `amount`, `count`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

__all__ = ["Branch", "Report", "amount", "count", "printable"]


class Branch(NamedTuple):
    """One line of a report, and those that belong below it."""

    text: str
    below: tuple[Branch, ...] = ()

    @classmethod
    def of(cls, text: str, below: Iterable[Branch | str] = ()) -> Branch:
        """Return a branch; below it, text is a line of its own."""
        return cls(text, tuple(cls(each) if isinstance(each, str) else each for each in below))


class Report:
    """What `explain` or `inspect` found.

    `str(report)` is a tree of lines for a terminal. `report.to_json()` is for programs; its schema
    is in the docstring of the function that made the report. A notebook shows a list that folds.

    Attributes:
        data: The content as a dict, the same as `json.loads(report.to_json())`.
    """

    def __init__(self, data: Any) -> None:
        self.data = data

    @property
    def snapshots(self) -> list[dict[str, Any]]:
        """The packages that travel, in the order in which they stand in the pickle."""
        found: list[dict[str, Any]] = self.data["snapshots"]
        return found

    @property
    def problems(self) -> list[Any]:
        """What cannot travel, or cannot be read."""
        found: list[Any] = self.data["problems"]
        return found

    @property
    def warnings(self) -> list[str]:
        """What works, but is worth a look."""
        found: list[str] = self.data["warnings"]
        return found

    def to_json(self, indent: int | None = 2) -> str:
        """Return the report as JSON."""
        import json  # not at the top: few processes want it

        return json.dumps(self.data, indent=indent)

    def branches(self) -> Iterator[Branch]:
        """Yield the lines of the outermost level."""
        yield Branch(repr(self.data))

    def __str__(self) -> str:
        """Return a tree of lines, indented by two spaces a level."""
        return "\n".join(_lines(self.branches(), ""))

    def __repr__(self) -> str:
        """Return the same as `str`: a report is made to be read, at a prompt as well."""
        return str(self)

    def _repr_html_(self) -> str:
        """Return a list that folds, for notebooks."""
        return f'<div class="modulepickle-report">{"".join(_html(self.branches()))}</div>'


def _lines(branches: Iterable[Branch], indent: str) -> Iterator[str]:
    for branch in branches:
        yield indent + printable(branch.text)
        yield from _lines(branch.below, indent + "  ")


def _html(branches: Iterable[Branch]) -> Iterator[str]:
    from html import escape

    for branch in branches:
        text = escape(printable(branch.text))
        if branch.below:
            inner = "".join(_html(branch.below))
            body = f'<div style="margin-left: 1.5em">{inner}</div>'
            yield f"<details open><summary>{text}</summary>{body}</details>"
        else:
            yield f"<div>{text}</div>"


def printable(text: str) -> str:
    """Return text with each character escaped that a terminal would obey instead of showing."""
    if text.isprintable():
        return text
    shown = (each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return "".join(shown)


def count(number: int, what: str) -> str:
    """Return `1 file`, `1,234 files`."""
    return f"{number:,} {what}" + "s" * (number != 1)


def amount(number: int) -> str:
    """Return a number of bytes."""
    return count(number, "byte")
