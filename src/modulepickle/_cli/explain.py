"""`explain`, and `requirements`: what an object of the project would need.

Outside API: `explain`, `requirements`.
"""

from __future__ import annotations

import argparse
import os

from modulepickle._cli.heard import heard
from modulepickle._cli.inspect import read_pickle
from modulepickle._cli.mistake import Mistake
from modulepickle._cli.output import Output
from modulepickle._cli.parser import program
from modulepickle._cli.progress import progress
from modulepickle._cli.schema import RequirementsData
from modulepickle._cli.target import find
from modulepickle._pickler.stored import DEFAULT, Store
from modulepickle._report import explain as reports
from modulepickle._report import requirements as lists
from modulepickle._report.report import count

__all__ = ["explain", "requirements"]

FORM = "MODULE:OBJECT"


def explain(options: argparse.Namespace, out: Output) -> int:
    """Run the command."""
    obj = find(options.object, FORM, program())
    # Where no store is named, that of `set_store` counts: the module may have called it.
    store = _store(options.store) if options.store else DEFAULT
    # What it would warn of is in the report.
    with heard(), progress(f"packing what {options.object} needs", out.quiet):
        report = reports.explain(obj, store=store)
    if out.json:
        out.data(report.data)
    else:
        out.tree(report.branches())
    warned = len(report.data["dumps_warns"]) if options.check else 0
    if warned:
        out.note(f"--check: dumps would give {count(warned, 'warning')}, see above")
    elif options.check and report.warnings and not report.problems:
        out.note("--check: dumps would give no warning; those of the report are yours to judge")
    return int(bool(report.problems or warned))


def _store(place: str) -> Store:
    """Return the store at a folder or URL. No folder is made: nothing is put there."""
    from modulepickle import stores  # above this floor: the user asks for it by name

    if "://" in place:
        try:
            return stores.fsspec(place)
        except (ImportError, ValueError) as error:
            raise Mistake(f"--store {place}: {error}") from None
    if not os.path.isdir(place):
        raise Mistake(f"there is no folder {place}; name the one that receivers have as well")
    return stores.directory(place)


def requirements(options: argparse.Namespace, out: Output) -> int:
    """Run the command."""
    problems: list[str] = []
    lacking: dict[str, str] = {}
    if options.what == "-" or (os.path.isfile(options.what) and not options.what.endswith(".py")):
        report = read_pickle(options.what)
        found, problems = lists.requirements_in(report.data), report.problems
        lacking = lists.not_here(report.data)
    else:
        with heard(), progress(f"packing what {options.what} needs", out.quiet):
            found = lists.requirements(find(options.what, FORM, program()))
    found = lists.with_theirs(found) if options.all else found
    if out.json:
        data: RequirementsData = {
            "format": 1,
            "kind": "requirements",
            "of": options.what,
            "all": options.all,
            "requirements": [_parts(line) for line in found],
            "unknown": [*lacking],
            "problems": problems,
        }
        out.data(data)
    else:
        for line in found:
            out.line(line)
        for name, who in lacking.items():
            out.note(f"{name} is not listed, since it is not installed here; {who}")
        if not (found or problems or lacking):
            out.note(f"{options.what} needs nothing that has to be installed")
    for problem in problems:
        out.error(problem)
    return int(bool(problems))


def _parts(line: str) -> dict[str, str]:
    name, _, version = line.partition("==")
    return {"name": name, "version": version}
