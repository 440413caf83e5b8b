"""The commands as data: names, arguments, options, and what `--help` says of them.

Outside API: `ABOUT`, `COMMANDS`, `EPILOG`, `Command`, `Option`.
"""

from __future__ import annotations

import sys
from typing import Any, Final, NamedTuple

__all__ = ["ABOUT", "COMMANDS", "EPILOG", "Command", "Option"]


class Option(NamedTuple):
    """An option, or an argument.

    Attributes:
        names: `("-q", "--quiet")`; of an argument, one without dashes. settings: as
        `add_argument` takes them. instead: the group of options of which one is given.
    """

    names: tuple[str, ...]
    settings: dict[str, Any]
    instead: str = ""


class Command(NamedTuple):
    """A command. `about`: the first line is a sentence that says what it does."""

    name: str
    about: str
    usage: str
    arguments: tuple[Option, ...]
    options: tuple[Option, ...]
    examples: str


def _flag(*names: str, help: str, instead: str = "") -> Option:
    return Option(names, {"action": "store_true", "help": help}, instead)


def _value(*names: str, metavar: str, help: str, instead: str = "", **more: Any) -> Option:
    return Option(names, {"metavar": metavar, "help": help, **more}, instead)


def _argument(name: str, metavar: str, help: str, **more: Any) -> Option:
    return Option((name,), {"metavar": metavar, "help": help, **more})


QUIET: Final = _flag("-q", "--quiet", help="print the result and errors, and no reports")
JSON: Final = _flag("--json", help="print the result as JSON")

ABOUT: Final = "Pickles that carry the code they need."

EPILOG: Final = """\
examples:
  {program} demo
  {program} run train:fit 21 n=3
  {program} explain train:fit
  {program} COMMAND --help

Results go to stdout, reports and errors to stderr. The exit code is 0 if all is well, 1 if
the function failed or a check found something, 2 for a mistake in the command.
"""

# --- run ------------------------------------------------------------------------------------------

RUN: Final = Command(
    "run",
    """\
Run a function of your project in a bare interpreter.

The interpreter has neither your source nor this library. MODULE is imported from the current
folder, or else from its folder src; [tool.modulepickle] in pyproject.toml counts. The result is
printed as its repr, that of an async function when it was awaited; what travelled, and how long
it took, is reported on stderr.""",
    "MODULE:FUNCTION [ARGUMENT ...]",
    (
        _argument("function", "MODULE:FUNCTION", "train:fit, or src/app/train.py:fit"),
        _argument(
            "arguments",
            "ARGUMENT",
            "JSON, or else a string: 21, '[1, 2]', tea; with a name, a keyword: n=3, kind=tea",
            nargs="*",
            default=[],
        ),
    ),
    (
        _value(
            "--python",
            metavar="PATH",
            default=sys.executable,
            help="another interpreter to run it, 3.9 or newer",
            instead="where",
        ),
        _value(
            "--docker",
            metavar="IMAGE",
            help="run it in a container of this image, as python:3.13-slim",
            instead="where",
        ),
        _flag(
            "--isolated",
            help="run it without site-packages: what must be installed there shows as missing",
        ),
        _value(
            "--env",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="set an environment variable there; NAME alone takes its value from here",
        ),
        _value(
            "--timeout",
            metavar="SECONDS",
            type=float,
            help="end it, with all processes that it has started, after this time",
        ),
        JSON,
        QUIET,
    ),
    """\
examples:
  {program} run train:fit 21 n=3
  {program} run src/app/train.py:fit tea --python python3.9
  {program} run train:fit --isolated --timeout 60
  {program} run train:fit --docker python:3.13-slim --env LEVEL=debug
  {program} run train:fit -- --a-string-that-looks-like-an-option

A string that is also JSON, or that has a = in it, is typed as JSON: '"3"', '"a=b"'.

exit codes:
  0 if it returned, 1 if it raised; that of its process if that ended by itself, 128 and the
  number of the signal that killed it; 124 if it took too long; 2 for a mistake in the command
""",
)

# --- what tells -----------------------------------------------------------------------------------

EXPLAIN: Final = Command(
    "explain",
    """\
Show what a pickle of an object of your project would carry, and why.

MODULE is imported from the current folder, or else from its folder src; [tool.modulepickle] in
pyproject.toml counts.""",
    "MODULE:OBJECT",
    (_argument("object", "MODULE:OBJECT", "train:fit, or src/app/train.py:fit"),),
    (
        _flag("--check", help="exit with 1 also if dumps would warn, as a strict policy raises"),
        _value(
            "--store",
            metavar="PLACE",
            help="a folder, or a URL for fsspec: as if pickled with that store; nothing is put"
            " there",
        ),
        JSON,
        QUIET,
    ),
    """\
examples:
  {program} explain train:fit
  {program} explain train:fit --check --quiet
  {program} explain train:fit --json | jq '.snapshots[].name'

exit codes:
  0 if it can be pickled; 1 if it cannot, or if --check finds something; 2 for a mistake in the
  command
""",
)

INSPECT: Final = Command(
    "inspect",
    """\
Show what a pickle holds, without executing any of it.

A store's files can be inspected as well.""",
    "FILE [FILE ...]",
    (_argument("names", "FILE", "a file, or - for standard input", nargs="+"),),
    (
        _flag(
            "--files",
            help="list the files of its packages: start of the archive hash, bytes, path",
            instead="form",
        ),
        _value(
            "--show",
            metavar="PATH",
            help="print one of them; or a loader or code by value, by the name that inspect shows",
            instead="form",
        ),
        _flag(
            "--check",
            help="list what it requires that is missing here, or here in another version",
            instead="form",
        ),
        _flag(
            "--diff",
            help="compare two FILEs: packages, files, requirements and code that differ",
            instead="form",
        ),
        JSON,
        QUIET,
    ),
    """\
examples:
  {program} inspect job.pickle
  {program} inspect job.pickle --show helpers/table.py
  {program} inspect old.pickle new.pickle --diff
  {program} inspect --check *.pickle      (the test for a worker's image)

exit codes:
  0 if all could be read; 1 if not, or if --check or --diff finds something; 2 for a mistake
  in the command
""",
)

REQUIREMENTS: Final = Command(
    "requirements",
    """\
List what the receivers of an object, or of a pickle, must have installed.

One name==version a line, sorted, for pip install -r FILE. The versions are those of the sender.""",
    "MODULE:OBJECT|FILE",
    (
        _argument(
            "what",
            "MODULE:OBJECT|FILE",
            "an object of your project, as train:fit; or a file that holds a pickle, or -",
        ),
    ),
    (
        _flag("--all", help="with what those need in turn, as far as it is installed here"),
        JSON,
        QUIET,
    ),
    """\
examples:
  {program} requirements train:fit > requirements.txt
  {program} requirements job.pickle --all
""",
)

CACHE: Final = Command(
    "cache",
    """\
List or empty the folder that pickles are unpacked in.

It lists the packages: archive (as explain and inspect show it), name, files, bytes, last use;
and counts the rest. clear deletes what no process uses.""",
    "[list|clear]",
    (
        _argument(
            "what",
            "list|clear",
            "list, which is the default, or clear",
            choices=["list", "clear"],
            nargs="?",
            default="list",
        ),
    ),
    (JSON, QUIET),
    """\
examples:
  {program} cache
  {program} cache clear
  MODULEPICKLE_CACHE=/scratch {program} cache --json

exit codes:
  0; 1 if clear leaves something, since a process uses it; 2 if the folder cannot be used
""",
)

DEMO: Final = Command(
    "demo",
    """\
Show two versions of a package side by side in one bare interpreter.

It writes a small project into a temporary folder, and leaves nothing behind.""",
    "",
    (),
    (JSON, QUIET),
    """\
examples:
  {program} demo
""",
)

COMMANDS: Final = {each.name: each for each in (DEMO, RUN, EXPLAIN, INSPECT, REQUIREMENTS, CACHE)}
