"""The command line: `python -m modulepickle COMMAND`.

This and `test.py` are the files of the library that print.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import modulepickle
from modulepickle import stores
from modulepickle._base.errors import PackagingError
from modulepickle._loader import cache
from modulepickle._pickler.pickler import Pickler
from modulepickle._pickler.stored import DEFAULT
from modulepickle._report.explain import explain
from modulepickle._report.inspect import Inspection, inspect
from modulepickle._report.report import amount, count, printable
from modulepickle._report.requirements import (
    requirements,
    requirements_in,
    wanting,
    with_theirs,
)
from modulepickle._run.demo import demo
from modulepickle._run.docker import DockerError, run_docker
from modulepickle._run.receivers import BareError, Outcome, pickled_call, run_bare
from modulepickle._run.target import Mistake, find


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0, 1 if what it ran failed, 2 for a mistake."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest:  # with the usage of the command, and not of all of them
        getattr(options, "parser", parser).error(f"unrecognized arguments: {' '.join(rest)}")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may know ASCII only
            stream.reconfigure(errors="backslashreplace")
    if not hasattr(options, "command"):
        parser.print_help(sys.stderr)
        return 2
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except (Mistake, PackagingError, BareError, DockerError) as error:
        print(_lines(f"modulepickle: {error}"), file=sys.stderr)
        return 2
    except BrokenPipeError:  # `| head`: nobody reads on, and Python would say so at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m modulepickle",
        description="Pickles that carry the code they need.",
        epilog="COMMAND --help says more.",
    )
    parser.add_argument("--version", action="version", version=modulepickle.__version__)
    commands = parser.add_subparsers(metavar="COMMAND")

    def add(name: str, text: str, more: str = "") -> argparse.ArgumentParser:
        about = f"{text[0].upper()}{text[1:]}.{' ' if more else ''}{more}"
        command = commands.add_parser(name, help=text, description=about)
        command.set_defaults(parser=command)
        return command

    _add_what_runs(add)
    _add_what_tells(add)
    return parser


def _add_what_runs(add: Callable[..., argparse.ArgumentParser]) -> None:
    command = add("demo", "show two versions of a package in one bare interpreter")
    command.set_defaults(command=_demo)
    command = add("run", "run a function of your project in a bare interpreter", _RUN)
    command.add_argument("function", metavar="MODULE:FUNCTION", help="for example  train:fit")
    command.add_argument("arguments", metavar="JSON", nargs="*", default=[], help="as JSON")
    command.add_argument("--quiet", action="store_true", help="print the result, and no report")
    where = command.add_mutually_exclusive_group()
    text = "another interpreter to run it, 3.9 or newer"
    where.add_argument("--python", default=sys.executable, metavar="PATH", help=text)
    text = "run it in a container of this image, as  python:3.13-slim"
    where.add_argument("--docker", metavar="IMAGE", help=text)
    command.set_defaults(command=_run)


def _add_what_tells(add: Callable[..., argparse.ArgumentParser]) -> None:
    text = "say what a pickle of an object of your project would carry, and why"
    command = add("explain", text, _EXPLAIN)
    command.add_argument("object", metavar="MODULE:OBJECT", help="for example  train:fit")
    text = "let the exit code be 1 also if `dumps` warns, as a strict policy raises"
    command.add_argument("--check", action="store_true", help=text)
    text = "a folder, or a URL for fsspec: as if pickled with that store; nothing is put there"
    command.add_argument("--store", metavar="PLACE", help=text)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_explain)
    command = add("inspect", "say what a pickle holds, without executing any of it", _INSPECT)
    text = "a file, or  -  for standard input; what lies in a store, too"
    command.add_argument("file", metavar="FILE", help=text)
    form = command.add_mutually_exclusive_group()
    text = "list the files of its packages: begin of the archive hash, bytes, path"
    form.add_argument("--files", action="store_true", help=text)
    text = "print one of them; or a loader or code by value, by the name that  inspect FILE  shows"
    form.add_argument("--show", metavar="PATH", help=text)
    form.add_argument("--json", action="store_true", help="print JSON")
    text = "say which distributions that it requires are missing here, or of another version"
    form.add_argument("--check", action="store_true", help=text)
    command.set_defaults(command=_inspect)
    text = "list what the receivers of an object, or of a pickle, must have installed"
    command = add("requirements", text, _REQUIREMENTS)
    text = "an object of your project, as  train:fit ; or a file that holds a pickle, or  -"
    command.add_argument("what", metavar="MODULE:OBJECT|FILE", help=text)
    text = "with what those need in turn, as far as it is installed here"
    command.add_argument("--all", action="store_true", help=text)
    command.set_defaults(command=_requirements)
    command = add("cache", "list or empty the folder that pickles are unpacked in", _CACHE)
    command.add_argument("what", choices=["list", "clear"], nargs="?", default="list")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=_cache)


_RUN: Final = """The interpreter has neither your source nor this library. It prints the result, and
what travelled. MODULE is imported from the current folder, and [tool.modulepickle] in
pyproject.toml counts."""

_EXPLAIN: Final = """MODULE is imported from the current folder, and [tool.modulepickle] in
pyproject.toml counts. The exit code is 1 if it cannot be pickled."""

_INSPECT: Final = """The exit code is 1 if it cannot be read as a whole, or if --check finds that
something is missing: the test for a worker's image."""

_REQUIREMENTS: Final = """One name==version a line, sorted, for  pip install -r FILE . The versions
are those of the sender."""

_CACHE: Final = """Lists the packages: hash of the archive (as `explain` and `inspect` show it),
name, files, bytes, last use; and counts the rest. `clear` deletes what no process uses; its exit
code is 1 if something stays."""


def _demo(options: argparse.Namespace) -> int:
    for line in demo():
        print(line)
    return 0


def _run(options: argparse.Namespace) -> int:
    function = find(options.function)
    if not callable(function):
        kind = type(function).__name__
        article = "an" if kind[0].lower() in "aeiou" else "a"
        raise Mistake(f"{options.function} is {article} {kind}, which cannot be called")
    arguments = [_value(text) for text in options.arguments]
    file = io.BytesIO()
    pickler = Pickler(file)
    began = time.perf_counter()
    pickled_call(pickler.dump, function, arguments)
    milliseconds = (time.perf_counter() - began) * 1000
    snapshots = pickler.shipment.snapshots()
    known_modules = {os.path.dirname(path) for made in snapshots for path in made.package.paths}
    outcome = _run_there(file.getvalue(), options, known_modules)
    if outcome.code:
        print(_for(sys.stderr, outcome.error), end="", file=sys.stderr)
        print(f"modulepickle: {options.function} failed there, see above", file=sys.stderr)
        if not snapshots:
            hint = f"why, says  python -m modulepickle explain {options.function}"
            print(f"modulepickle: nothing was shipped; {hint}", file=sys.stderr)
        return 1
    print(_for(sys.stdout, outcome.result))
    if not options.quiet:
        _report_run(options, pickler, f"pickled in {milliseconds:.1f} ms, loaded in", outcome)
    return 0


def _report_run(options: argparse.Namespace, pickler: Pickler, took: str, outcome: Outcome) -> None:
    """Print what was shipped, and how long that took."""
    snapshots = pickler.shipment.snapshots()
    for made in snapshots:
        digest = pickler.shipment.ship(made.package).digest.hex()[:16]
        line = f"{made.name}  {digest}  {count(len(made.files), 'file')}  {amount(made.size)}"
        print(printable(line))
    if not snapshots:
        print(f"nothing was shipped: {options.function} is installed, and went as a name")
    print(f"{took} {outcome.milliseconds:.1f} ms")


def _explain(options: argparse.Namespace) -> int:
    obj = find(options.object, "MODULE:OBJECT")
    # Where no store is named, that of `set_store` counts: the module may have called it.
    report = explain(obj, store=_store(options.store) if options.store else DEFAULT)
    print(report.to_json() if options.json else report)
    return int(bool(report.problems or (options.check and report.data["dumps_warns"])))


def _store(place: str) -> modulepickle.Store:
    """Return the store at a folder or URL. No folder is made: nothing is put there."""
    if "://" in place:
        try:
            return stores.fsspec(place)
        except (ImportError, ValueError) as error:
            raise Mistake(f"--store {place}: {error}") from None
    if not os.path.isdir(place):
        raise Mistake(f"there is no folder {place}; name the one that receivers have, too")
    return stores.directory(place)


def _read(name: str) -> Inspection:
    """Return what the pickle in a file holds; `-` is standard input."""
    try:
        return inspect(sys.stdin.buffer if name == "-" else Path(name))
    except OSError as error:
        hint = "give the name of a file that `modulepickle.dump` or `pickle.dump` wrote"
        if ":" in name:
            hint = f"what would be in a pickle, says  python -m modulepickle explain {name}"
        raise Mistake(f"cannot read {name}: {error.strerror}; {hint}") from None


def _requirements(options: argparse.Namespace) -> int:
    problems: list[str] = []
    if options.what == "-" or os.path.isfile(options.what):
        report = _read(options.what)
        found, problems = requirements_in(report.data), report.problems
    else:
        found = requirements(find(options.what, "MODULE:OBJECT"))
    for line in with_theirs(found) if options.all else found:
        print(printable(line))
    for problem in problems:
        print(f"modulepickle: {printable(problem)}", file=sys.stderr)
    return int(bool(problems))


def _check(report: Inspection) -> int:
    """Say what this environment lacks of what a pickle requires."""
    found = wanting(report.data)
    for line in found:
        print(printable(line))
    lines = requirements_in(report.data)
    if not found and not report.problems:
        print(f"all is here: {count(len(lines), 'distribution')}")
    elif found and lines:
        print(f"to install what the sender had:  pip install {printable(' '.join(lines))}")
    for problem in report.problems:
        print(f"modulepickle: {printable(problem)}", file=sys.stderr)
    return int(bool(found or report.problems))


def _inspect(options: argparse.Namespace) -> int:
    report = _read(options.file)
    if options.check:
        return _check(report)
    if options.show:
        return _show(report, options.show)
    if options.files:
        _list(report)
    else:
        print(report.to_json() if options.json else report)
    for problem in report.problems if options.files else ():
        print(f"modulepickle: {printable(problem)}", file=sys.stderr)
    return int(bool(report.problems))


def _list(report: Inspection) -> None:
    """Print the files of a pickle's packages, and why there are none."""
    for each in report.snapshots:
        for file in each["files"]:
            print(printable(f"{each['archive'][:8]}  {file['bytes']:>12,}  {file['path']}"))
        if each["archive_bytes"] is None:
            where = {"store": f"in a store: {each['store']}"}.get(each["where"], "out of band")
            line = f"modulepickle: the files of {each['name']} are {where}, {each['archive']}"
            print(printable(line), file=sys.stderr)
    if not report.snapshots and not report.problems:
        print("modulepickle: no package is in it, so there are no files", file=sys.stderr)


def _show(report: Inspection, path: str) -> int:
    """Write one file of a pickle unchanged; on a terminal, escape control characters."""
    try:
        content = report.read(path)
    except (KeyError, ValueError) as error:
        hint = "`inspect FILE --files` lists what there is"
        raise Mistake(f"{error.args[0]}; {hint}") from None
    if sys.stdout.isatty():
        print(_lines(content.decode("utf-8", "backslashreplace")), end="")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    return 0


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
            if entry.kind == "package" or entry.problem:
                print(printable(cache.described(entry)))
        print(printable(f"{cache.location()} holds {cache.total(found)}"))
    return int(options.what == "clear" and bool(found))


def _run_there(data: bytes, options: argparse.Namespace, known_modules: set[str]) -> Outcome:
    if options.docker:
        return run_docker(data, options.docker, sys.stdout)
    try:
        return run_bare(data, options.python, known_modules)
    except OSError as error:
        reason = f"{options.python}: {error.strerror}"
        raise Mistake(f"cannot start {reason}; give --python PATH") from None


def _for(stream: Any, text: str) -> str:
    """Return what a receiver wrote: unchanged; for a terminal, with control characters escaped."""
    return _lines(text) if stream.isatty() else text


def _lines(text: str) -> str:
    """Return lines of text, in which control characters, other than tabs, are escaped."""
    return "\n".join(printable(line.replace("\t", "    ")) for line in text.split("\n"))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        hint = f"a string is written '\"{text}\"'"
        raise Mistake(f"the argument {text} is not JSON; {hint}") from None


if __name__ == "__main__":
    sys.exit(main())
