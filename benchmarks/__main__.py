"""The command: see the package's docstring."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Final

from benchmarks._figures import Figure, Run, as_json, markdown
from benchmarks.byvalue import byvalue
from benchmarks.fanout import fanout
from benchmarks.imports import imports
from benchmarks.loop import loop
from benchmarks.objects import objects
from benchmarks.ship import ship

SOURCE: Final = Path(__file__).resolve().parents[1] / "src"

GROUPS: Final[dict[str, tuple[str, Callable[[Run], list[Figure]]]]] = {
    "ship": ("A function of a package", ship),
    "objects": ("`dumps` of 100,000 instances", objects),
    "byvalue": ("A function without a name", byvalue),
    "import": ("The import of the library", imports),
    "fanout": ("10,000 tasks of one function", fanout),
    "loop": ("From an edit to the result of the new code", loop),
}
PEERS: Final = ("cloudpickle", "dill", "distributed", "ray")


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


def main() -> None:
    """Run the groups that the command line names, print tables, and write JSON if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each candidate (7)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all samples there")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder of modulepickle")
    options = parser.parse_args()
    unknown = set(options.groups) - GROUPS.keys()
    if unknown:
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    about = machine()
    print(", ".join(f"{name}: {value}" for name, value in about.items()), flush=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as work:
        run = Run(options.source.resolve(), options.rounds, Path(work))
        for name in options.groups or GROUPS:
            title, measure = GROUPS[name]
            found = measure(run)
            figures += found
            print(f"\n### {title} (`{name}`)\n\n{markdown(found)}", flush=True)
    if options.json:
        data = {**about, "rounds": options.rounds, "figures": as_json(figures)}
        options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
