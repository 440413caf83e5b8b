"""The table of targets: what was aimed at, what came out, and what the peers do, of one run.

Outside API: `targets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks._figures import Figure, cell, ratio

__all__ = ["targets"]

PACKAGE: Final = "sqlglot"
"""Whose figures stand in the table, if it was measured; the others are in the groups' tables."""

PEERS: Final = {
    "zip -9": "`zip -9` on `sys.path`, and plain pickle",
    "torch.package": "torch.package",
    "cloudpickle by value": "cloudpickle by value",
    "cloudpickle by reference": "cloudpickle by reference, package there",
    "dill": "dill, package there",
}
"""Column -> the row of the group `peers`."""


@dataclass(frozen=True)
class Target:
    """A row.

    Attributes:
        what, target: as people read them.
        group, subject, row: where ours is. The subject may be the beginning of one.
        same: the column of `peers` that has the same work by the peers; empty: there is none.
        others: column -> a row of the same table that does the same work.
    """

    what: str
    target: str
    group: str
    subject: str
    row: str
    same: str = ""
    others: dict[str, str] = field(default_factory=dict)


_PEERS: Final = {"cloudpickle by reference": "cloudpickle", "dill": "dill"}
_FIRST: Final = "load and call, first on the host"

TARGETS: Final = (
    Target("`dumps` of 100,000 instances, not local", "at most 1.10 x pickle", "objects",
           "argparse", "modulepickle", others=_PEERS),
    Target("`dumps` of 100,000 instances, local", "at most 1.15 x pickle", "objects", "local",
           "modulepickle", others=_PEERS),
    Target("by-name pickle on top of its archives", "at most 2,560 B", "ship", PACKAGE,
           "on top of the archive"),
    Target("archive", "at most 1.02 x `zip -9`", "ship", PACKAGE, "archive", "bytes"),
    Target("`dumps` after an edit of one file", "at most 10 ms, or 3 x a warm `dumps` and the file",
           "ship", PACKAGE, "dumps, after an edit of one file", "dump, first"),
    Target("`loads` of that, new process", "at most 1.3 x native import with bytecode", "ship",
           PACKAGE, "loads, new process, after an edit", _FIRST),
    Target("`loads` of that, same process", "at most 1.3 x native import with bytecode", "ship",
           PACKAGE, "loads, same process, after an edit", _FIRST),
    Target("warm `dumps`, unchanged", "at most 2 x one `os.stat` a file", "ship", PACKAGE,
           "dumps, warm", "dump, next"),
    Target("cold `dumps`", "at most 1.2 x reading and compressing", "ship", PACKAGE, "dumps, cold",
           "dump, first"),
    Target("cold `loads`, first on the host", "at most 1.15 x native import without bytecode",
           "ship", PACKAGE, "loads, cold: first on the host", _FIRST),
    Target("`loads`, second process on the host", "at most 1.15 x native import with bytecode",
           "ship", PACKAGE, "loads, second process on the host", "load and call, second process"),
    Target("warm `loads`", "at most 25 us, and 2 x cloudpickle by reference", "ship", PACKAGE,
           "loads, warm", "load again, same process"),
    Target("tasks with a store, all bytes", "at most 200 B a task on top of plain pickle",
           "fanout", "bytes", "modulepickle, store",
           others={"cloudpickle by value": "cloudpickle by value",
                   "cloudpickle by reference": "cloudpickle by reference"}),
    Target("tasks on Dask", "at most 1.15 x by name", "fanout: clusters", "Dask", "modulepickle"),
    Target("tasks on Ray, with a store", "at most 1.15 x by name", "fanout: clusters", "Ray",
           "modulepickle, store"),
    Target("`import modulepickle`", "at most 1.5 x `import pickle, zipfile`", "import", "-X",
           "import modulepickle"),
)  # fmt: skip


def targets(figures: Sequence[Figure]) -> str:
    """Return the table in Markdown: ours with its ratio to its base, the base, and the peers."""
    header = ["", "target", "ours", "compared with", *PEERS]
    lines = [header, ["---", "---", "---:", "---", *("---:" for _ in PEERS)]]
    for target in TARGETS:
        ours = _find(figures, target.group, target.subject, target.row)
        lines.append([target.what, target.target, *_ours(figures, ours), *_peers(figures, target)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _find(figures: Sequence[Figure], group: str, subject: str, row: str) -> Figure | None:
    """Return the figure of a row; of the columns that begin so, the first."""
    for figure in figures:
        if figure.group == group and figure.what == row and figure.subject.startswith(subject):
            return figure
    return None


def _ours(figures: Sequence[Figure], ours: Figure | None) -> tuple[str, str]:
    if ours is None:
        return "not measured", ""
    if ours.value is None:
        return ours.note, ""
    base = _find(figures, ours.group, ours.subject, ours.base) if ours.base else None
    times = ratio(ours, base)
    shown = cell(ours.value, ours.unit) + (f" (**{times:.2f} x**)" if times is not None else "")
    has_base = base is not None and base.value is not None
    return shown, f"{base.what}: {cell(base.value, base.unit)}" if has_base else ""


def _peers(figures: Sequence[Figure], target: Target) -> list[str]:
    shown = []
    for column, label in PEERS.items():
        figure = None
        if target.same:
            group = next((f.group for f in figures if f.group.startswith(f"peers: {PACKAGE}")), "")
            figure = _find(figures, group, target.same, label)
            has_failed = figure is not None and figure.value is None
            shown.append("fails" if has_failed else _cell(figure))
        elif column in target.others:
            row = target.others[column]
            shown.append(_cell(_find(figures, target.group, target.subject, row)))
        else:
            shown.append("")
    return shown


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return figure.note if figure.value is None else cell(figure.value, figure.unit)
