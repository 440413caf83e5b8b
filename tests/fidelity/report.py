"""Run the cases and print what differs: `report.py [-v|-vv] [-p PYTHON] [--write] [WORD...]`.

Without a WORD, all cases; else those with one of them in their names. See `fidelity` for the rest.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    _tests = Path(__file__).resolve().parents[1]
    sys.path[:1] = [str(_tests)]

import fidelity.cases  # noqa: F401
from fidelity.case import CASES, MODES, Case
from fidelity.modes import Harness, chosen_versions

Found = dict[tuple[str, str, str], list[str]]


def run(version: str, cases: list[Case]) -> Found:
    """What differs on one Python: (case, mode, Python) -> lines."""
    found: Found = {}
    usable = [case for case in cases if tuple(map(int, version.split("."))) >= case.since]
    with tempfile.TemporaryDirectory() as folder, Harness(version, Path(folder)) as harness:
        for case in usable:
            try:
                modes = harness.run(case)
            except AssertionError as error:
                found[case.name, "native", version] = [str(error)]
                continue
            for mode, lines in modes.items():
                if lines:
                    found[case.name, mode, version] = lines
    return found


def write(found: Found, versions: list[str]) -> None:
    """Make the table of known gaps from what differs; a gap of all Pythons is one row."""
    rows = []
    for name in CASES:
        limits = CASES[name].limits
        usable = [v for v in versions if tuple(map(int, v.split("."))) >= CASES[name].since]
        for mode in MODES:
            where = [v for v in usable if (name, mode, v) in found and f"{mode} {v}" not in limits]
            if mode in limits or "*" in limits or not where:
                continue
            rows += [(name, mode)] if where == usable else [(name, mode, v) for v in where]
    path = Path(__file__).with_name("known_gaps.py")
    head = path.read_text(encoding="utf-8").partition("GAPS")[0]
    lines = ["    (" + ", ".join(f'"{part}"' for part in row) + "),\n" for row in rows]
    body = "{\n" + "".join(lines) + "}" if rows else "set()"
    path.write_text(f'{head}GAPS: "set[tuple[str, ...]]" = {body}\n', encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("-v", action="count", default=0, help="print what differs first; -vv: all")
    parser.add_argument("-p", help="one Python, such as 3.9")
    parser.add_argument("--write", action="store_true", help="make known_gaps.py anew")
    options = parser.parse_args()
    cases = [
        case
        for case in CASES.values()
        if not options.words or any(word in case.name for word in options.words)
    ]
    versions = [options.p] if options.p else chosen_versions()
    with ThreadPoolExecutor(2) as pool:  # a thread waits for the interpreters of one Python
        results = list(pool.map(lambda version: run(version, cases), versions))
    found = {key: lines for result in results for key, lines in result.items()}
    order = list(CASES)
    for key in sorted(found, key=lambda key: (order.index(key[0]), key[1:])):
        print(*key)
        for line in found[key][: {0: 0, 1: 1}.get(options.v)]:
            print("   ", line)
    print(f"{len(cases)} cases, {len({key[0] for key in found})} of them differ somewhere")
    if options.write and not options.words and not options.p:
        write(found, versions)


if __name__ == "__main__":
    main()
