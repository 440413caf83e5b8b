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

SMALL: Final = "toolz"

TARGETS: Final = (
    Target("by-name pickle on top of its archives", "at most 6,144 B", "ship", PACKAGE,
           "on top of the archive"),
    Target("archive", "at most 1.02 x `zip -9`", "ship", PACKAGE, "archive", "bytes"),
    Target("`dumps` of 100,000 instances, not local", "at most 1.10 x pickle", "objects",
           "argparse", "modulepickle", others=_PEERS),
    Target("`dumps` of 100,000 instances, local", "at most 1.10 x pickle", "objects", "local",
           "modulepickle", others=_PEERS),
    Target("warm `dumps`", "at most 2 x one `os.stat` a file and the copy", "ship", PACKAGE,
           "dumps, warm", "dump, next"),
    Target("warm `dumps`, 15 files", "at most 120 us", "ship", SMALL, "dumps, warm"),
    Target("`dumps` inside `hold()`", "at most 1.2 x the copy of the bytes, and 20 us", "ship",
           PACKAGE, "dumps, inside hold()"),
    Target("cold `dumps`", "at most 1.1 x reading and deflating", "ship", PACKAGE, "dumps, cold",
           "dump, first"),
    Target("cold `dumps`, 15 files", "at most 1.8 x", "ship", SMALL, "dumps, cold"),
    Target("`dumps` after an edit of one file", "at most 5 ms", "ship", PACKAGE,
           "dumps, after an edit of one file", "dump, first"),
    *(
        Target(f"{what}, {files} files", f"at most {times} x {base}", "ship", package, row, peers)
        for what, base, row, peers, limits in (
            ("cold `loads`", "native import without bytecode", "loads, cold: first on the host",
             _FIRST, ("1.25", "1.12", "1.12")),
            ("`loads`, second process", "native import with bytecode",
             "loads, second process on the host", "load and call, second process",
             ("1.45", "1.12", "1.12")),
            ("`loads` after an edit, new process", "native import with bytecode",
             "loads, new process, after an edit", _FIRST, ("1.6", "1.2", "1.2")),
        )
        for package, files, times in zip((SMALL, PACKAGE, "networkx"), (15, 185, 289), limits)
    ),
    Target("warm `loads`, beyond the copy of the bytes", "at most 8 us", "ship", PACKAGE,
           "loads, warm, beyond the copy of the archive"),
    Target("lambda, warm `dumps`", "at most 1.5 x cloudpickle", "byvalue", "lambda",
           "dumps, warm: modulepickle"),
    Target("lambda, warm `loads`", "at most 1.5 x cloudpickle", "byvalue", "lambda",
           "loads, warm: modulepickle"),
    Target("a new load on a host with 1,000 versions on disk", "at most 1.5 x an empty host",
           "growth: versions that a host has on disk", "a load", "1,000"),
    Target("200 local packages, second process", "at most 2 x native import",
           "growth: local packages", "200", "loads, second process"),
    Target("tasks with a store, all bytes", "at most 320 B a task on top of plain pickle",
           "fanout", "bytes", "modulepickle, store",
           others={"cloudpickle by value": "cloudpickle by value",
                   "cloudpickle by reference": "cloudpickle by reference"}),
    Target("memory after 2,000 versions in one process", "within 5 % of that after 50",
           "growth: versions in one receiver", "2,000", "memory: modulepickle"),
    Target("tasks on Dask", "at most 1.15 x by name", "fanout: clusters", "Dask", "modulepickle"),
    Target("tasks on Ray, inside `hold()`", "at most 1.15 x by name", "fanout: clusters", "Ray",
           "modulepickle, inside `hold()`"),
    Target("tasks on Ray, with a store", "at most 1.15 x by name", "fanout: clusters", "Ray",
           "modulepickle, store"),
    Target("edit to result on Dask, on top of import and call", "at most 60 ms", "loop", "Dask",
           "modulepickle, on top of import and call"),
    Target("edit to result on Ray, on top of import and call", "at most 60 ms", "loop", "Ray",
           "modulepickle, on top of import and call"),
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
            groups = (f.group for f in figures if f.group.startswith(f"peers: {target.subject}"))
            group = next(groups, "")
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
