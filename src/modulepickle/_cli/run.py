"""`run`: call a function of the project where none of its source is.

Outside API: `run`.
"""

from __future__ import annotations

import argparse
import inspect
import io
import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

from modulepickle._cli.cures import cure
from modulepickle._cli.heard import heard
from modulepickle._cli.mistake import Mistake
from modulepickle._cli.output import Output
from modulepickle._cli.parser import program
from modulepickle._cli.progress import progress
from modulepickle._cli.schema import RunData, SnapshotRun
from modulepickle._cli.target import find
from modulepickle._cli.values import Call, called_with
from modulepickle._pickler.pickler import Pickler
from modulepickle._report.report import amount, count, printable
from modulepickle._run.docker import run_docker
from modulepickle._run.outcome import Outcome, Settings, pickled_call
from modulepickle._run.receivers import run_bare

__all__ = ["run"]

NAME: Final = re.compile(r"[^\W\d]\w*")


class _Sent(NamedTuple):
    """A pickled call."""

    data: bytes
    snapshots: list[Any]
    archives: list[SnapshotRun]
    milliseconds: float


def run(options: argparse.Namespace, out: Output) -> int:
    """Run the command."""
    settings = _settings(options, out)
    call = called_with(options.arguments)
    function = find(options.function, program=program())
    _check(options.function, function, call)
    for note in call.notes:
        out.note(note)
    sent = _pickled(options.function, function, call, out)
    outcome = _run_there(sent, options, settings, out)
    if out.json:
        out.data(_data(options, sent, outcome))
    elif outcome.kind == "returned":
        out.lines(f"{outcome.result}\n")
    if outcome.kind == "returned":
        _report(options, sent, outcome, out)
    elif outcome.kind != "pipe closed":
        _fail(options, sent, outcome, out)
    return outcome.code


def _settings(options: argparse.Namespace, out: Output) -> Settings:
    env: dict[str, str] = {}
    for text in options.env:
        name, equals, value = text.partition("=")
        if not NAME.fullmatch(name):
            raise Mistake(f"--env takes NAME=VALUE, not {text}")
        if not equals and name not in os.environ:
            raise Mistake(f"--env {name}: there is no such variable here; type  --env {name}=VALUE")
        env[name] = value if equals else os.environ[name]
        if name.startswith("PYTHON") and not options.docker:
            out.warning(f"--env {name} has no effect: the interpreter is started with -I")
    if options.timeout is not None and not 0 < options.timeout < 10**7:
        raise Mistake(f"--timeout takes a number of seconds above 0, not {options.timeout:g}")
    return Settings(options.isolated, env, options.timeout, not out.json)


def _check(name: str, function: Any, call: Call) -> None:
    """Raise if a call cannot work: better here than as a traceback from there."""
    if not callable(function):
        kind = type(function).__name__
        article = "an" if kind[0].lower() in "aeiou" else "a"
        raise Mistake(f"{name} is {article} {kind}, which cannot be called")
    if hasattr(function, "__signature__"):  # its own idea of it
        return
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):  # it has none, as some that are built in
        return
    try:
        signature.bind(*call.arguments, **call.keywords)
    except TypeError as error:
        shown = re.sub(r" at 0x[0-9a-f]+", "", str(signature))
        raise Mistake(f"{error}; {name} takes {shown}") from None


def _pickled(name: str, function: Any, call: Call, out: Output) -> _Sent:
    file = io.BytesIO()
    pickler = Pickler(file)
    began = time.perf_counter()
    with heard() as warned, progress(f"packing what {name} needs", out.quiet):
        pickled_call(pickler.dump, function, call.arguments, call.keywords)
    milliseconds = (time.perf_counter() - began) * 1000
    for text in warned:
        out.warning(text)
    made = pickler.shipment.snapshots()
    archives: list[SnapshotRun] = []
    for snapshot in made:
        ref = pickler.shipment.ship(snapshot.package)
        archives.append(
            {
                "name": snapshot.name,
                "archive": ref.archive_hash.hex(),
                "files": len(snapshot.files),
                "bytes": snapshot.size,
                "packed_bytes": len(ref.archive),
            }
        )
    return _Sent(file.getvalue(), [*made], archives, milliseconds)


def _run_there(
    sent: _Sent, options: argparse.Namespace, settings: Settings, out: Output
) -> Outcome:
    def loading(is_loaded: Callable[[], bool]) -> AbstractContextManager[Callable[[], None]]:
        return progress(f"unpacking {amount(len(sent.data))} there", out.quiet, is_loaded)

    if options.docker:
        own = sys.stderr if out.json else sys.stdout
        return run_docker(sent.data, options.docker, own, sys.stderr, settings, loading)
    hidden = {os.path.dirname(path) for made in sent.snapshots for path in made.package.paths}
    try:
        return run_bare(sent.data, options.python, hidden, settings, loading)
    except OSError as error:
        reason = f"{options.python}: {error.strerror}"
        hint = "give --python PATH"
        if re.fullmatch(r"\d\.\d+", options.python):
            hint += f", for example --python python{options.python}"
        raise Mistake(f"cannot start {reason}; {hint}") from None


# --- what is said ---------------------------------------------------------------------------------


def _report(options: argparse.Namespace, sent: _Sent, outcome: Outcome, out: Output) -> None:
    """Report what was shipped, and how long that took."""
    paint = out.paint_reports
    for each in sent.archives:
        size = paint("size", amount(each["bytes"]))
        files = count(each["files"], "file")
        name = paint("name", printable(each["name"]))
        out.report(f"{name}  {each['archive'][:16]}  {files}  {size}")
    if not sent.archives:
        out.report(f"nothing was shipped: {options.function} is installed, and was sent by name")
    took = f"pickled in {sent.milliseconds:.1f} ms, loaded in {outcome.milliseconds:.1f} ms"
    out.report(f"{took}, called in {outcome.call_milliseconds:.1f} ms")


def _fail(options: argparse.Namespace, sent: _Sent, outcome: Outcome, out: Output) -> None:
    """Report why it did not return."""
    if outcome.error and not (out.json and outcome.kind == "raised" and out.quiet):
        out.failure(outcome.error)
    if outcome.kind == "raised":
        out.error(f"{options.function} failed there, see above {cure(outcome.error)}".rstrip())
    elif outcome.kind == "exited" and not outcome.code:
        out.note(f"{options.function}: {outcome.ended}")
    else:
        out.error(f"{options.function} failed there: {outcome.ended}")
    if not sent.archives and outcome.kind != "exited":
        hint = f"to see why, type  {program()} explain {options.function}"
        out.error(f"nothing was shipped; {hint}")


def _data(options: argparse.Namespace, sent: _Sent, outcome: Outcome) -> RunData:
    is_returned = outcome.kind == "returned"
    return {
        "format": 1,
        "kind": "run",
        "function": options.function,
        "python": None if options.docker else options.python,
        "image": options.docker,
        "outcome": outcome.kind,
        "result": outcome.result if is_returned else None,
        "value": outcome.value,
        "raised": outcome.raised or None,
        "traceback": outcome.error if outcome.kind == "raised" else None,
        "ended": outcome.ended or None,
        "exit_code": outcome.code,
        "bytes": len(sent.data),
        "snapshots": sent.archives,
        "milliseconds": {
            "pickle": round(sent.milliseconds, 3),
            "load": round(outcome.milliseconds, 3),
            "call": round(outcome.call_milliseconds, 3),
        },
    }
