"""Figures: what was measured, and the table that shows it.

Outside API: `Figure`, `Run`, `rounds`, `median`, `tables`, `markdown`, `ratio`, `cell`, `as_json`,
`from_json`.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "Figure", "Run", "Samples", "as_json", "cell", "from_json", "markdown", "median", "ratio",
    "rounds", "tables",
]  # fmt: skip

Samples = Mapping[str, Sequence[float]]
"""Label -> what was measured under it, once a round."""


@dataclass(frozen=True)
class Run:
    """One call of the command.

    Attributes:
        source: the folder that holds the package `modulepickle` to measure.
        rounds: how often each candidate has its turn.
        work: a new folder for whatever has to lie on a disk.
        size: how much there is of everything: "full", "quick" (minutes), or "tiny" (the tests).
        say: shows progress.
    """

    source: Path
    rounds: int
    work: Path
    size: str = "full"
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Figure:
    """One cell of a table.

    Attributes:
        group: the table, as `group` or `group: part`. subject: the column. what: the row.
        value: the median of `samples`; None if there is none: `note` says why.
        unit: "bytes" or "s", or "" for a count.
        base: the row that it is compared with, in the same column; the cell shows the ratio.
        target: what it should be, as people read it.
    """

    group: str
    subject: str
    what: str
    value: float | None
    unit: str
    base: str | None = None
    target: str = ""
    note: str = ""
    samples: tuple[float, ...] = field(default=(), repr=False)


def tables(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    """Return the figures by their tables, in the order of the first ones."""
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.group, []).append(figure)
    return found


def rounds(count: int, candidates: Sequence[Callable[[], Mapping[str, float]]]) -> Samples:
    """Give each candidate a turn a round, and return what they measured, by label.

    Every other round goes backwards, so that none always comes after the same one.
    """
    samples: dict[str, list[float]] = {}
    for index in range(count):
        for candidate in candidates[:: -1 if index % 2 else 1]:
            for label, measured in candidate().items():
                samples.setdefault(label, []).append(measured)
    return samples


def median(samples: Iterable[float]) -> float:
    """Return the median: a neighbour on the machine spoils a mean."""
    return statistics.median(samples)


# -- Output --------------------------------------------------------------------------------------


def markdown(figures: Sequence[Figure]) -> str:
    """Return the figures of one table in Markdown."""
    columns = list(dict.fromkeys(figure.subject for figure in figures))
    cells = {(figure.what, figure.subject): figure for figure in figures}
    has_targets = any(figure.target for figure in figures)
    lines = [
        _line(["", *columns, *(["target"] if has_targets else [])]),
        _line(["---", *("---:" for _ in columns), *(["---"] if has_targets else [])]),
    ]
    for what in dict.fromkeys(figure.what for figure in figures):
        row = [cells.get((what, column)) for column in columns]
        first = next(figure for figure in row if figure is not None)
        shown = [_shown(figure, cells) for figure in row]
        base = next((figure.base for figure in row if figure and figure.base), None)
        label = f"{what}, **x** {base}" if base else what
        lines.append(_line([label, *shown, *([first.target] if has_targets else [])]))
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(figure: Figure | None, cells: Mapping[tuple[str, str], Figure]) -> str:
    if figure is None:
        return ""
    if figure.value is None:
        return figure.note
    times = ratio(figure, cells.get((figure.base or "", figure.subject)))
    shown = cell(figure.value, figure.unit)
    return shown if times is None else f"{shown} (**{times:.2f} x**)"


def ratio(figure: Figure, base: Figure | None) -> float | None:
    """Return how many times its base a figure is: the median over the turns, if both had each.

    Within a turn they ran one after the other, in the same weather.
    """
    if figure.value is None or base is None or not base.value:
        return None
    if figure.samples and len(figure.samples) == len(base.samples):
        return median(ours / other for ours, other in zip(figure.samples, base.samples))
    return figure.value / base.value


def cell(value: float, unit: str) -> str:
    """Return a value as people read it, with three digits that count."""
    if unit != "s":
        return f"{value:,.0f} {unit[:1].upper()}".rstrip()
    for factor, name in ((1, "s"), (1e3, "ms")):
        if value * factor >= 1:
            return f"{_digits(value * factor)} {name}"
    return f"{_digits(value * 1e6)} us"


def _digits(value: float) -> str:
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Return the figures as plain data."""
    cells = {(figure.group, figure.subject, figure.what): figure for figure in figures}
    bases = (cells.get((figure.group, figure.subject, figure.base or "")) for figure in figures)
    return [{**vars(figure), "ratio": ratio(figure, base)} for figure, base in zip(figures, bases)]


def from_json(data: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Return what `as_json` made plain."""
    return [
        Figure(**{**{k: v for k, v in one.items() if k != "ratio"}, "samples": (*one["samples"],)})
        for one in data
    ]
