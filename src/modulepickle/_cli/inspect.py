"""`inspect`: what pickles hold, whether it fits this environment, and how two of them differ.

Outside API: `inspect`, `read`, `read_pickle`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from modulepickle._cli.mistake import Mistake
from modulepickle._cli.output import Output
from modulepickle._cli.parser import program
from modulepickle._cli.schema import CheckData
from modulepickle._report import inspect as reports
from modulepickle._report.diff import compared, differing
from modulepickle._report.inspect import Inspection
from modulepickle._report.report import count, printable
from modulepickle._report.requirements import requirements_in, wanting

__all__ = ["inspect", "read", "read_pickle"]


def read(name: str) -> Inspection:
    """Return what the pickle in a file holds; `-` is standard input.

    Raises:
        Mistake: it cannot be read.
    """
    try:
        if name == "-":
            if sys.stdin is None:
                raise Mistake("standard input is closed; name a file")
            return reports.inspect(sys.stdin.buffer)
        return reports.inspect(Path(name))
    except OSError as error:
        hint = "give the name of a file that `modulepickle.dump` or `pickle.dump` wrote"
        if ":" in name:
            hint = f"to see what would be in a pickle, type  {program()} explain {name}"
        raise Mistake(f"cannot read {name}: {error.strerror}; {hint}") from None
    except ValueError as error:  # a name with a NUL
        raise Mistake(f"cannot read {name}: {error}") from None


def read_pickle(name: str) -> Inspection:
    """Return the same of a file that has to say what it requires.

    Raises:
        Mistake: it cannot be read, or is a package without a pickle.
    """
    found = read(name)
    if found.snapshots and not found.data["pickles"]:
        what = "is a package as a store keeps it, which does not say what it requires"
        raise Mistake(f"{name} {what}; name a pickle, or its manifest in the store")
    return found


def inspect(options: argparse.Namespace, out: Output) -> int:
    """Run the command."""
    names = options.names
    if names.count("-") > 1:
        raise Mistake("standard input can be read once; name - once")
    if options.diff:
        return _diff(names, out)
    if options.show:
        if out.json:
            raise Mistake("--show prints a file as it is; type it without --json")
        if len(names) > 1:
            raise Mistake("--show prints a file of one pickle; name one FILE")
        return _show(read(names[0]), options.show, out)
    found = [(name, (read_pickle if options.check else read)(name)) for name in names]
    if options.check:
        return _check(found, out)
    if out.json:
        data = [{"file": name, "report": report.data} for name, report in found]
        out.data(data[0]["report"] if len(data) == 1 else data)
    for index, (name, report) in enumerate(found if not out.json else ()):
        _heading(index, name, found, out)
        if options.files:
            _list(report, out)
        else:
            out.tree(report.branches())
    return int(any(report.problems for _, report in found))


def _heading(index: int, name: str, found: list[Any], out: Output) -> None:
    """Write the name of a file if there are several."""
    if len(found) > 1:
        out.painted("\n" * (index > 0) + out.paint("heading", f"{printable(name)}:"))


def _list(report: Inspection, out: Output) -> None:
    """Print the files of a pickle's packages, or why there are none."""
    for each in report.snapshots:
        for file in each["files"]:
            size = out.paint("size", f"{file['bytes']:>12,}")
            out.painted(f"{each['archive'][:8]}  {size}  {printable(file['path'])}")
        if each["archive_bytes"] is None:
            where = {"store": f"in a store: {each['store']}"}.get(each["where"], "out of band")
            out.note(f"the files of {each['name']} are {where}, {each['archive']}")
    if not report.snapshots and not report.problems:
        out.note("it holds no package, so there are no files")
    for problem in report.problems:
        out.error(problem)


def _show(report: Inspection, path: str, out: Output) -> int:
    """Write one file of a pickle unchanged; on a terminal, escape control characters."""
    try:
        content = report.read(path)
    except (KeyError, ValueError) as error:
        hint = "`inspect FILE --files` lists what there is"
        raise Mistake(f"{error.args[0]}; {hint}") from None
    out.bytes(content)
    return int(bool(report.problems))


def _check(found: list[tuple[str, Inspection]], out: Output) -> int:
    """Report what this environment lacks of what pickles require."""
    data: list[CheckData] = []
    for name, report in found:
        data.append(
            {
                "format": 1,
                "kind": "check",
                "file": name,
                "requirements": requirements_in(report.data),
                "missing": wanting(report.data),
                "problems": report.problems,
            }
        )
    if out.json:
        out.data(data[0] if len(data) == 1 else data)
    for index, each in enumerate(data):
        if not out.json:
            _heading(index, each["file"], found, out)
            _checked(each, out)
        for problem in each["problems"]:
            out.error(problem)
    return int(any(each["missing"] or each["problems"] for each in data))


def _checked(each: CheckData, out: Output) -> None:
    lines = each["requirements"]
    for line in each["missing"]:
        out.line(line)
    if not each["missing"] and not each["problems"]:
        out.line(f"nothing is missing: {count(len(lines), 'distribution')}")
    elif each["missing"] and lines:
        out.line(f"to install what the sender had:  pip install {' '.join(lines)}")


def _diff(names: list[str], out: Output) -> int:
    """Report how two pickles differ."""
    if len(names) != 2:
        raise Mistake(f"--diff compares two FILEs, and there {_are(len(names))}")
    old, new = map(read, names)
    data = compared(names[0], old, names[1], new)
    if out.json:
        out.data(data)
    else:
        for line in differing(data, out.paint):
            out.painted(line)
    for name, report in zip(names, (old, new)):
        for problem in report.problems:
            out.error(f"{os.path.basename(name)}: {problem}")
    return int(not data["same"] or bool(old.problems or new.problems))


def _are(number: int) -> str:
    return "is one" if number == 1 else f"are {number}"
