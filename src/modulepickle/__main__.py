"""The command line: `python -m modulepickle demo`, `run MODULE:FUNCTION`, `explain`, `inspect`.

This and `test.py` are the files of the library that print.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modulepickle import _cache as cache
from modulepickle._bare import Outcome, run_bare
from modulepickle._demo import demo
from modulepickle._docker import DockerError, run_docker
from modulepickle._errors import PackagingError
from modulepickle._explain import explain
from modulepickle._inspect import Inspection, inspect
from modulepickle._pickler import Pickler
from modulepickle._report import printable


class Mistake(Exception):
    """Something wrong with what was typed; the message says what to type instead."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0, 1 if what it ran failed, 2 for a mistake."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "command"):
        parser.print_help(sys.stderr)
        return 2
    try:
        code: int = options.command(options)
    except (Mistake, PackagingError, DockerError) as error:
        print(f"modulepickle: {error}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m modulepickle", description="Pickles that carry the code they need."
    )
    commands = parser.add_subparsers(metavar="COMMAND")
    command = commands.add_parser("demo", help="two versions of a package in one bare interpreter")
    command.set_defaults(command=_demo)
    text = "run a function of your project in a bare interpreter"
    command = commands.add_parser("run", help=text)
    command.add_argument("function", metavar="MODULE:FUNCTION", help="for example  train:fit")
    command.add_argument("arguments", metavar="JSON", nargs="*", help="an argument, as JSON")
    where = command.add_mutually_exclusive_group()
    where.add_argument(
        "--python", default=sys.executable, metavar="PATH", help="another interpreter to run it"
    )
    text = "run it in a container of this image, as  python:3.13-slim"
    where.add_argument("--docker", metavar="IMAGE", help=text)
    command.set_defaults(command=_run)
    text = "say what a pickle of an object of your project would carry, and why"
    command = commands.add_parser("explain", help=text)
    command.add_argument("object", metavar="MODULE:OBJECT", help="for example  train:fit")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_explain)
    text = "say what a pickle holds, without executing any of it"
    command = commands.add_parser("inspect", help=text)
    command.add_argument("file", metavar="FILE", help="a file, or  -  for standard input")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--files", action="store_true", help="list the files of its packages")
    form.add_argument("--show", metavar="PATH", help="print one of them, or the source of code")
    form.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_inspect)
    text = "list or empty the folder that pickles are unpacked in"
    command = commands.add_parser("cache", help=text, description=_CACHE)
    command.add_argument("what", choices=["list", "clear"], nargs="?", default="list")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_cache)
    return parser


def _demo(options: argparse.Namespace) -> int:
    for line in demo():
        print(line)
    return 0


def _run(options: argparse.Namespace) -> int:
    function = _find(options.function)
    if not callable(function):
        kind = type(function).__name__
        raise Mistake(f"{options.function} is a {kind}, which cannot be called")
    call = function, [_value(text) for text in options.arguments]
    file = io.BytesIO()
    pickler = Pickler(file)
    began = time.perf_counter()
    pickler.dump(call)
    milliseconds = (time.perf_counter() - began) * 1000
    snapshots = pickler.shipment.snapshots()
    homes = {os.path.dirname(path) for made in snapshots for path in made.unit.paths}
    outcome = _run_there(file.getvalue(), options, homes)
    if outcome.code:
        print(outcome.error, end="", file=sys.stderr)
        print(f"modulepickle: {options.function} failed there, see above", file=sys.stderr)
        return 1
    print(outcome.result)
    for made in snapshots:
        digest = pickler.shipment.ship(made.unit).digest.hex()[:16]
        print(
            f"{made.name}  {digest}  {len(made.files)} files  {made.size:,} bytes"
            f"  pickled in {milliseconds:.1f} ms, loaded in {outcome.milliseconds:.1f} ms"
        )
    if not snapshots:
        print(f"nothing was shipped: {options.function} is installed, and went as a name")
    return 0


def _explain(options: argparse.Namespace) -> int:
    report = explain(_find(options.object, "MODULE:OBJECT"))
    print(report.to_json() if options.json else report)
    return int(bool(report.problems))


def _inspect(options: argparse.Namespace) -> int:
    try:
        report = inspect(sys.stdin.buffer if options.file == "-" else Path(options.file))
    except OSError as error:
        hint = "give the name of a file that `modulepickle.dump` or `pickle.dump` wrote"
        raise Mistake(f"cannot read {options.file}: {error.strerror}; {hint}") from None
    if options.show:
        return _show(report, options.show)
    if options.files:
        for each in report.snapshots:
            for file in each["files"]:
                line = f"{each['digest'][:8]}  {file['bytes']:>12,}  {file['path']}"
                print(printable(line))
    else:
        print(report.to_json() if options.json else report)
    for problem in report.problems if options.files else ():
        print(f"modulepickle: {printable(problem)}", file=sys.stderr)
    return int(bool(report.problems))


def _show(report: Inspection, path: str) -> int:
    """Print one file of a pickle: as it is, but to a terminal nothing that it would obey."""
    try:
        content = report.read(path)
    except (KeyError, ValueError) as error:
        hint = "`inspect FILE --files` lists what there is"
        raise Mistake(f"{error.args[0]}; {hint}") from None
    if sys.stdout.isatty():
        lines = content.decode("utf-8", "backslashreplace").split("\n")
        print("\n".join(printable(line.replace("\t", "    ")) for line in lines), end="")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    return 0


_CACHE = """Lists the packages (hash of the archive, name, files, bytes, last use), and counts the
rest. `clear` deletes what no process uses; its exit code is 1 if something stays."""


def _cache(options: argparse.Namespace) -> int:
    try:
        if options.what == "clear":
            gone, found = cache.clear()
            print(f"removed {cache.total(gone)}", file=sys.stderr if options.json else sys.stdout)
        else:
            found = cache.entries()
    except FileNotFoundError:
        found = []
    except OSError as error:
        raise Mistake(str(error)) from None
    if options.json:
        print(json.dumps([entry._asdict() for entry in found], indent=1))
    else:
        for entry in found:
            if entry.kind == "package":
                print(cache.described(entry))
        print(f"{cache.location()} holds {cache.total(found)}")
    return int(options.what == "clear" and bool(found))


def _run_there(data: bytes, options: argparse.Namespace, homes: set[str]) -> Outcome:
    if options.docker:
        return run_docker(data, options.docker, sys.stdout)
    try:
        return run_bare(data, options.python, homes)
    except OSError as error:
        reason = f"{options.python}: {error.strerror}"
        raise Mistake(f"cannot start {reason}; give --python PATH") from None


def _find(text: str, form: str = "MODULE:FUNCTION") -> Any:
    """Return what `module:name` names. `form`: how the command line says that."""
    name, colon, path = text.partition(":")
    if not (name and colon and path):
        raise Mistake(f"{text!r} is not {form}; write for example  train:fit")
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does, but for PYTHONSAFEPATH
    try:
        found: Any = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name + ".").startswith(error.name + "."):
            raise Mistake(f"there is no module {error.name!r} here: {os.getcwd()}") from None
        raise
    for part in path.split("."):
        if not hasattr(found, part):
            raise Mistake(f"{name!r} has no {path!r}")
        found = getattr(found, part)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        hint = f"a string is written '\"{text}\"'"
        raise Mistake(f"the argument {text} is not JSON; {hint}") from None


if __name__ == "__main__":
    sys.exit(main())
