"""The command: see the package's docstring."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from benchmarks._children import ChildFailed
from benchmarks._figures import Figure, Run, as_json, from_json, markdown, tables
from benchmarks._limits import limits
from benchmarks._plots import draw
from benchmarks._summary import summary
from benchmarks._targets import targets
from benchmarks.byvalue import byvalue
from benchmarks.fanout import fanout
from benchmarks.growth import growth
from benchmarks.imports import imports
from benchmarks.loop import loop
from benchmarks.objects import objects
from benchmarks.peers import peers
from benchmarks.ship import ship

SOURCE: Final = Path(__file__).resolve().parents[1] / "src"

GROUPS: Final[dict[str, tuple[str, Callable[[Run], list[Figure]]]]] = {
    "ship": ("A function of a package", ship),
    "peers": ("The same work by peers", peers),
    "objects": ("`dumps` of 100,000 instances, and of arrays", objects),
    "byvalue": ("A function without a name", byvalue),
    "import": ("The import of the library", imports),
    "growth": ("What grows", growth),
    "fanout": ("10,000 tasks of one function", fanout),
    "loop": ("From an edit to the result of the new code", loop),
}
PEERS: Final = ("cloudpickle", "dill", "distributed", "ray", "torch")
ROUNDS: Final = {"full": 5, "quick": 1, "tiny": 1}
PARTS: Final[dict[str, Callable[[Sequence[Figure]], str]]] = {
    "summary": summary,
    "targets": targets,
    "limits": limits,
}
"""The tables of README.md, by the names in the marks that they stand between."""

MARK: Final = "<!-- {}: written by `python -m benchmarks --into` -->"


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    peers = ", ".join(f"{peer} {_version(peer)}" for peer in PEERS)
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {_memory()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "peers": peers,
    }


def _version(peer: str) -> str:
    try:
        return metadata.version(peer)
    except metadata.PackageNotFoundError:
        return "not installed"


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def main() -> int:
    """Run the groups that the command line names, print tables, and write what is asked for."""
    options = _options()
    if options.figures:
        data = json.loads(options.figures.read_text(encoding="utf-8"))
        figures, failed = from_json(data.pop("figures")), 0
        about = {name: str(value) for name, value in data.items()}
    else:
        about = machine() | {"size": options.size, "rounds": str(_rounds(options))}
        about["load"] = f"{os.getloadavg()[0]:.1f} at the start"
        print(_said(about), flush=True)
        figures, failed = _measure(options)
        about["load"] += f", {os.getloadavg()[0]:.1f} at the end"
        print(f"\n### Targets\n\n{targets(figures)}", flush=True)
    if options.into:
        options.json = options.into / "figures.json"
        options.plots = options.into / "plots"
        _write(options.into, about, figures)
    if options.json:
        data = {**about, "figures": as_json(figures)}
        options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    if options.plots:
        draw(figures, about, options.plots)
    return failed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all")
    add(
        "--quick",
        dest="size",
        action="store_const",
        const="quick",
        default="full",
        help="one turn, and smaller sizes: some minutes",
    )
    add(
        "--tiny",
        dest="size",
        action="store_const",
        const="tiny",
        help="the smallest sizes: to see that everything works",
    )
    add("--rounds", type=int, help="turns of each candidate (5; 1 with --quick)")
    add(
        "--into",
        type=Path,
        metavar="DIR",
        help="write figures.md, figures.json and plots there, and the targets into its README.md",
    )
    add("--json", type=Path, metavar="PATH", help="write all samples there")
    add("--plots", type=Path, metavar="DIR", help="write plots there, as SVG")
    add(
        "--from",
        type=Path,
        metavar="PATH",
        dest="figures",
        help="measure nothing: take the figures of that JSON file",
    )
    add("--source", type=Path, default=SOURCE, help="the folder of modulepickle")  # fmt: skip
    options = parser.parse_args()
    unknown = set(options.groups) - GROUPS.keys()
    if unknown:
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    return options


def _rounds(options: argparse.Namespace) -> int:
    return int(options.rounds or ROUNDS[options.size])


def _measure(options: argparse.Namespace) -> tuple[list[Figure], int]:
    """Return all figures, and how many groups failed. One that fails costs the others nothing."""
    figures: list[Figure] = []
    failed = 0
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as work:
        run = Run(options.source.resolve(), _rounds(options), Path(work), options.size)
        for name in options.groups or GROUPS:
            title, measure = GROUPS[name]
            try:
                found = measure(run)
            except ChildFailed as error:
                print(f"\nThe group {name} failed:\n{error}", file=sys.stderr, flush=True)
                failed += 1
                continue
            figures += found
            print(f"\n### {title} (`{name}`)\n\n{_tables(found)}", flush=True)
    return figures, failed


def _tables(figures: Sequence[Figure]) -> str:
    shown = []
    for name, them in tables(figures).items():
        part = name.partition(": ")[2]
        shown.append(f"**{part[:1].upper()}{part[1:]}**\n\n" * bool(part) + markdown(them))
    return "\n\n".join(shown)


def _said(about: dict[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in about.items())


def _write(folder: Path, about: dict[str, str], figures: Sequence[Figure]) -> None:
    """Write figures.md; and put the targets into the README.md that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = ["# Figures", _said(about), "## Targets", targets(figures)]
    for name, (title, _) in GROUPS.items():
        them = [figure for figure in figures if figure.group.partition(":")[0] == name]
        if them:
            parts += [f"## {title} (`{name}`)", _tables(them)]
    (folder / "figures.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    readme = folder / "README.md"
    if readme.exists():
        text = readme.read_text(encoding="utf-8")
        for part, table in PARTS.items():
            begin, end = (
                f"<!-- {part}: written by `python -m benchmarks --into` -->",
                "<!-- end -->",
            )
            before, found, rest = text.partition(begin)
            if found:
                said = _said(about) + "\n\n" if part == "targets" else ""
                after = rest.partition(end)[2]
                text = f"{before}{begin}\n\n{said}{table(figures)}\n\n{end}{after}"
        readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
