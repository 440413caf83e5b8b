"""A bare receiver on this machine: another interpreter, with neither the source nor this library.

`python -m modulepickle` uses it to show, and to let you try, that a pickle needs nothing else.

Outside API: `run_bare`, `pickled_call`, `Outcome`, `BareError`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modulepickle._base.errors import PackagingError

__all__ = ["BareError", "Outcome", "pickled_call", "run_bare"]

KEPT: Final = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TZ", "MODULEPICKLE_CACHE", "TMPDIR")
"""The environment variables that the receiver gets: what an interpreter needs to start."""

RECEIVER: Final = r"""
import json, sys
back = open(sys.argv[2], "w")  # shows that this began
if sys.version_info < (3, 9):
    json.dump({"old": sys.version.split()[0]}, back)
    sys.exit(1)
import pickle, time, traceback
class Bare:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "modulepickle":
            hint = "as on a bare receiver: import it in the function that pickles"
            raise ModuleNotFoundError(f"No module named {name!r} ({hint})", name=name)
sys.meta_path.insert(0, Bare)
hidden = json.loads(sys.argv[3])
sys.path[:] = [entry for entry in sys.path if entry not in hidden]
with open(sys.argv[1], "rb") as file:
    data = file.read()
try:
    began = time.perf_counter()
    call, arguments = pickle.loads(data)
    report = {"milliseconds": (time.perf_counter() - began) * 1000}
    report["result"] = repr(call(*arguments))
except BaseException as error:
    # Without this script's own frame.
    traceback.print_exception(type(error), error, error.__traceback__.tb_next)
    json.dump({"raised": True}, back)
    sys.exit(1)
json.dump(report, back)
"""
"""What runs there. Its first lines must be read by older Pythons, too, which it sends away."""


class BareError(RuntimeError):
    """The interpreter is none that a pickle can be tried in; the message says what to type."""


@dataclass(frozen=True)
class Outcome:
    """What came of a call on a bare receiver.

    Attributes:
        code: the exit code of the interpreter; 0 if the call returned.
        result: its `repr`, made there.
        milliseconds: for `pickle.loads`, the imports of the function's module included.
        error: why it failed, with line ends, where that was not printed already.
    """

    code: int
    result: str = ""
    milliseconds: float = 0.0
    error: str = ""


def _ended(code: int) -> str:
    """Return how an interpreter ended that said nothing."""
    if code >= 0:
        return f"the interpreter ended with exit code {code}"
    try:
        return f"the interpreter was killed by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"the interpreter was killed by signal {-code}"


PAIR: Final = ("`tuple` object", "item 0")
"""How the chain to anything in the function of a call begins."""


def pickled_call(dump: Callable[[Any], object], function: object, arguments: object = ()) -> object:
    """Pickle (function, arguments); what cannot travel is told of the function, not of the pair.

    Args:
        dump: what pickles an object.
    """
    try:
        return dump((function, arguments))
    except PackagingError as error:
        problems = [
            each._replace(chain=each.chain[2:]) if each.chain[:2] == PAIR else each
            for each in error.problems
        ]
        raise PackagingError(problems) from error.__cause__


def run_bare(data: bytes, python: str = sys.executable, hidden: Iterable[str] = ()) -> Outcome:
    """Unpickle (function, arguments) in another interpreter and call it there.

    The interpreter runs isolated (`-I`), in an empty folder, with a clean environment, and cannot
    import modulepickle. What it prints, and its traceback, goes to this process' own output.

    Args:
        data: the pickle.
        python: path of the interpreter.
        hidden: folders that it must not import from, as those of editable installs.

    Raises:
        OSError: the interpreter cannot be started.
        BareError: it is no Python, or too old.
    """
    with tempfile.TemporaryDirectory(prefix="modulepickle-") as job:
        sent, empty, back = Path(job, "pickle"), Path(job, "empty"), Path(job, "result")
        sent.write_bytes(data)
        empty.mkdir()
        sys.stdout.flush()
        done = subprocess.run(
            [python, "-I", "-c", RECEIVER, str(sent), str(back), json.dumps([*hidden])],
            cwd=empty,
            env={name: os.environ[name] for name in KEPT if name in os.environ},
            stdin=subprocess.DEVNULL,
        )
        report = json.loads(back.read_text() or "{}") if back.exists() else None
        if report is None or "old" in report:
            what = f"is Python {report['old']}" if report else "does not start as a Python"
            raise BareError(f"{python} {what}, and a pickle needs 3.9 or newer; give --python PATH")
        if "raised" in report:
            return Outcome(done.returncode or 1)
        if done.returncode or not report:
            return Outcome(done.returncode or 1, error=f"{_ended(done.returncode)}\n")
        return Outcome(0, report["result"], report["milliseconds"])
