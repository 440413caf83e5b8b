"""The first table and plot of the page: what one notices, for a small and a large package.

Outside API: `bars`, `summary`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from benchmarks._figures import Figure, cell

__all__ = ["bars", "summary"]

PACKAGES: Final = ("toolz", "sqlglot")

ROWS: Final = (
    ("the files of the package", "files of the package", ""),
    ("the pickle", "archive", "on top of the archive"),
    ("`dumps`, the first in a process", "dumps, cold", ""),
    ("`dumps`, again", "dumps, warm", ""),
    ("`dumps`, again, inside `hold()`", "dumps, inside hold()", ""),
    ("`dumps`, after an edit", "dumps, after an edit of one file", ""),
    ("`loads` on a host that has never seen it", "loads, cold: first on the host", ""),
    ("the native import there, which compiles", "native import, no bytecode, written", ""),
    ("`loads` in the next process there", "loads, second process on the host", ""),
    ("the native import, compiled before", "native import, bytecode there", ""),
    ("`loads`, again in a process", "loads, warm", ""),
)
"""What people read, and the rows of `ship` whose sum it is."""

LOADS: Final = (
    ("never seen it", "native import, no bytecode, written", "loads, cold: first on the host"),
    ("next process", "native import, bytecode there", "loads, second process on the host"),
    ("edited", "native import, bytecode there", "loads, new process, after an edit"),
)


def _subject(figures: Sequence[Figure], package: str) -> str:
    names = (each.subject for each in figures if each.group == "ship")
    return next((name for name in names if name.startswith(f"{package},")), "")


def summary(figures: Sequence[Figure]) -> str:
    """Return the table in Markdown; empty if the packages were not measured."""
    subjects = [found for found in (_subject(figures, each) for each in PACKAGES) if found]
    if not subjects:
        return ""
    taken = {(each.subject, each.what): each for each in figures if each.group == "ship"}
    lines = [f"|  | {' | '.join(subjects)} |", f"| --- |{' ---: |' * len(subjects)}"]
    for label, *rows in ROWS:
        cells = []
        for subject in subjects:
            parts = [taken.get((subject, row)) for row in rows if row]
            values = [each.value for each in parts if each is not None and each.value is not None]
            unit = next((each.unit for each in parts if each is not None), "s")
            cells.append(cell(sum(values), unit) if values else "")
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def bars(pyplot: Any, figures: Sequence[Figure]) -> Any:
    """Return bars: how long a receiver waits for a function of a package, beside its import."""
    subjects = [found for found in (_subject(figures, each) for each in PACKAGES) if found]
    if not subjects:
        return None
    taken = {(each.subject, each.what): each.value for each in figures if each.group == "ship"}
    figure, axes = pyplot.subplots(
        1, len(subjects), figsize=(9, 2.8), squeeze=False, layout="constrained"
    )
    for axis, subject in zip(axes.flat, subjects):
        for offset, (column, color, label) in enumerate(
            ((1, "#7f8c8d", "import of the installed package"), (2, "#c0392b", "loads of a pickle"))
        ):
            values = [(taken.get((subject, row[column])) or 0) * 1e3 for row in LOADS]
            places = [number + 0.36 * (offset - 0.5) for number in range(len(LOADS))]
            axis.bar(places, values, 0.34, color=color, label=label)
            for place, value in zip(places, values):
                axis.text(place, value, f"{value:,.0f}", ha="center", va="bottom", fontsize=7)
        axis.set_xticks(range(len(LOADS)), [row[0] for row in LOADS])
        axis.set_title(subject, fontsize=9)
        axis.set_ylabel("ms until the function is there")
        axis.spines[["top", "right"]].set_visible(False)
    axes.flat[0].legend(fontsize=7)
    return figure
