"""Plots of the figures, as SVG. The same figures give the same bytes.

Outside API: `draw`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks._figures import Figure, tables
from benchmarks._summary import bars

__all__ = ["PLOTS", "draw"]

OURS: Final = "#c0392b"
OTHERS: Final = ("#2c3e50", "#7f8c8d", "#2980b9", "#27ae60", "#8e44ad", "#d68910")
CURVES: Final = (*OTHERS, OURS, "#16a085")

BOX: Final = {"facecolor": "white", "alpha": 0.6, "pad": 0.5, "edgecolor": "none"}


def draw(figures: Sequence[Figure], about: Mapping[str, str], folder: Path) -> list[Path]:
    """Write a plot for each of `PLOTS` whose figures there are; return their paths."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update(
        {"svg.hashsalt": "benchmarks", "font.size": 8, "svg.fonttype": "none"}
    )
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, plot in PLOTS.items():
        figure = plot(pyplot, figures)
        if figure is None:
            continue
        said = f"{about['date']}; {about['machine']}; {about['python']}"
        figure.supxlabel(said, fontsize=7, color="#666666")
        path = folder / f"{name}.svg"
        figure.savefig(path, format="svg", metadata={"Date": None})
        # matplotlib ends its lines with spaces
        text = "\n".join(line.rstrip() for line in path.read_text().splitlines())
        path.write_text(f"{text}\n")
        pyplot.close(figure)
        written.append(path)
    return written


def _is_ours(label: str) -> bool:
    is_peer = label.endswith("pickle")
    return "modulepickle" in label or (label.startswith(("loads", "dumps")) and not is_peer)


def _colors(labels: Sequence[str]) -> list[str]:
    others = iter(OTHERS * len(labels))
    return [OURS if _is_ours(label) else next(others) for label in labels]


# -- Peers: bytes and latency --------------------------------------------------------------------

MEASURES: Final = {
    "bytes": ("bytes", 1.0),
    "load and call, first on the host": ("first on the host, ms", 1e3),
    "load and call, second process": ("second process, ms", 1e3),
    "load again, same process": ("again in the process, us", 1e6),
}


def peers(pyplot: Any, figures: Sequence[Figure]) -> Any:
    """Return bars: a row of plots for each package, a bar for each peer."""
    found = {name: them for name, them in tables(figures).items() if name.startswith("peers: ")}
    if not found:
        return None
    height = 1 + 1.7 * len(found)
    figure, axes = pyplot.subplots(
        len(found), len(MEASURES), figsize=(11, height), squeeze=False, layout="constrained"
    )
    for number, (row, (name, them)) in enumerate(zip(axes, found.items())):
        labels = list(dict.fromkeys(each.what for each in them))
        for axis, (measure, (title, factor)) in zip(row, MEASURES.items()):
            values = {each.what: each.value for each in them if each.subject == measure}
            _bars(axis, labels, values, factor)
            axis.set_xscale("symlog" if measure == "load again, same process" else "linear")
            axis.set_title(title if number == 0 else "", fontsize=9)
        row[0].set_yticks(range(len(labels)), labels)
        row[0].set_ylabel(name.partition(": ")[2], fontsize=9)
    return figure


def _bars(
    axis: Any, labels: Sequence[str], values: Mapping[str, float | None], factor: float
) -> None:
    taken = [(values.get(label) or 0) * factor for label in labels]
    axis.barh(range(len(labels)), taken, color=_colors(labels))
    for number, value in enumerate(taken):
        said = f" {value:,.{0 if value >= 10 else 2}f}" if value else " fails"
        axis.text(0, number, said, va="center", fontsize=7, bbox=BOX)
    axis.invert_yaxis()
    axis.set_yticks([])
    axis.spines[["top", "right"]].set_visible(False)


# -- Growth --------------------------------------------------------------------------------------


def growth(pyplot: Any, figures: Sequence[Figure]) -> Any:
    """Return curves, both axes logarithmic: seconds over what grows; and memory over versions."""
    found = {
        name.partition(": ")[2]: them
        for name, them in tables(figures).items()
        if name.startswith("growth: ")
    }
    if not found:
        return None
    panels: list[tuple[str, str, list[Figure]]] = []
    for name, them in found.items():
        if not them[0].subject.replace(",", "").isdigit():  # there the number is the row
            them = [replace(each, subject=each.what, what=each.subject) for each in them]
        panels.append((name, "s", [each for each in them if each.unit == "s"]))
        if any(each.unit == "bytes" for each in them) and name.startswith(
            ("versions", "megabytes")
        ):
            panels.append((name, "bytes", [each for each in them if each.unit == "bytes"]))
    lines = -(-len(panels) // 3)
    figure, axes = pyplot.subplots(
        lines, 3, figsize=(11, 3.5 * lines), squeeze=False, layout="constrained"
    )
    for axis, panel in zip(axes.flat, panels):
        _curves(axis, *panel)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    return figure


def _curves(axis: Any, title: str, unit: str, figures: Sequence[Figure]) -> None:
    labels = list(dict.fromkeys(each.what for each in figures))
    for label, color in zip(labels, CURVES * len(labels)):
        points = [each for each in figures if each.what == label and each.value]
        xs = [max(int(each.subject.replace(",", "")), 1) for each in points]  # the axis has no 0
        factor = 2**-20 if unit == "bytes" else 1.0
        style = {"color": color, "linestyle": "-" if _is_ours(label) else "--", "linewidth": 1.3}
        ys = [(each.value or 0) * factor for each in points]
        axis.plot(xs, ys, marker="o", markersize=3, label=label, **style)
    axis.set(xscale="log", xlabel=title, ylabel="MiB" if unit == "bytes" else "seconds")
    axis.set(**({"ylim": 0} if unit == "bytes" else {"yscale": "log"}))
    axis.legend(fontsize=6)
    axis.grid(alpha=0.3)


# -- Objects -------------------------------------------------------------------------------------


def objects(pyplot: Any, figures: Sequence[Figure]) -> Any:
    """Return bars: `dumps` of each kind of objects, in times of plain pickle."""
    them = [each for each in figures if each.group == "objects" and each.value]
    if not them:
        return None
    kinds = list(dict.fromkeys(each.subject for each in them))
    base = {each.subject: each.value for each in them if each.what == "pickle"}
    shown = ("modulepickle", "cloudpickle")  # dill is ten times slower: its bars hide the others
    figure, axis = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
    for offset, peer in enumerate(shown):
        values = {each.subject: each.value for each in them if each.what == peer}
        xs = [number + 0.35 * (offset - 0.5) for number in range(len(kinds))]
        ys = [(values.get(kind) or 0) / (base.get(kind) or 1) for kind in kinds]
        axis.bar(xs, ys, 0.33, label=peer, color=OURS if offset == 0 else OTHERS[0])
    axis.axhline(1, color="black", linewidth=0.8, label="plain pickle")
    labels = [kind.partition(" (")[0].replace(" of ", "\nof ") for kind in kinds]
    axis.set_xticks(range(len(kinds)), labels, fontsize=7)
    axis.set_ylabel("dumps, times plain pickle")
    axis.legend()
    return figure


PLOTS: Final[dict[str, Callable[[Any, Sequence[Figure]], Any]]] = {
    "summary": bars,
    "peers": peers,
    "growth": growth,
    "objects": objects,
}
