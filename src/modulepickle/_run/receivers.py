"""A bare receiver on this machine: another interpreter, with neither the source nor this library.

The command line uses it to show, and to let you try, that a pickle needs nothing else.

Outside API: `run_bare`, `BareError`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from modulepickle._run.outcome import (
    CALL,
    TIME_UP,
    Loading,
    NotRun,
    Outcome,
    Settings,
    nothing_shown,
    outcome_of,
    too_long,
    written,
)
from modulepickle._run.processes import TimeUp, ended, run

__all__ = ["BareError", "run_bare"]

KEPT: Final = (
    *("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP"),
    *("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME", "MODULEPICKLE_CACHE"),
)
"""The environment variables that the receiver gets: what an interpreter needs to start, and to
find the cache folder that `modulepickle cache` lists."""

RECEIVER: Final = (
    r"""
import json, os, sys
back = open(sys.argv[2], "a")  # shows that this began
def tell(**report):
    back.write(json.dumps(report) + "\n")
    back.flush()
if sys.version_info < (3, 9):
    tell(old=sys.version.split()[0])
    sys.exit(1)
import faulthandler, signal
try:
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR2, chain=True)
except (AttributeError, OSError, RuntimeError, ValueError):
    pass
class Bare:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "modulepickle":
            hint = "as on a bare receiver: something in the pickle goes by its name"
            raise ModuleNotFoundError("No module named %r (%s)" % (name, hint), name=name)
sys.meta_path.insert(0, Bare)
hidden = json.loads(sys.argv[3])
sys.path[:] = [entry for entry in sys.path if entry not in hidden]
if sys.argv[4] != "prints":
    os.dup2(2, 1)
with open(sys.argv[1], "rb") as file:
    data = file.read()
"""
    + CALL
    + """
sys.exit(called(data, tell))
"""
)
"""What runs there. Older Pythons, which it sends away, must be able to read it."""


BEGIN: Final = "import sys\nwith open(sys.argv[5]) as file: exec(file.read())"
"""What it is started with. A program that is no Python may print its arguments: this is short."""


class BareError(NotRun):
    """A pickle cannot be tried in this interpreter. The message says what to type."""


def run_bare(
    data: bytes,
    python: str = sys.executable,
    hidden: Iterable[str] = (),
    settings: Settings | None = None,
    loading: Loading = nothing_shown,
) -> Outcome:
    """Unpickle (function, arguments, keywords) in another interpreter and call it there.

    The interpreter runs isolated (`-I`), in an empty folder, with a clean environment, and cannot
    import modulepickle. What it prints goes to this process' own output.

    Args:
        data: the pickle.
        python: path of the interpreter.
        hidden: folders that it must not import from, as those of editable installs.
        settings: how it is to run.
        loading: what is entered until the pickle has been loaded.

    Raises:
        OSError: if the interpreter cannot be started.
        BareError: if it is not a Python, or is too old. NoRoom: if the pickle cannot be written.
    """
    settings = settings or Settings()
    with written():
        folder = tempfile.TemporaryDirectory(prefix="modulepickle-")
    with folder as job:
        sent, empty, back = Path(job, "pickle"), Path(job, "empty"), Path(job, "result")
        receiver = Path(job, "receiver")
        with written():
            sent.write_bytes(data)
            receiver.write_text(RECEIVER, encoding="ascii")
            empty.mkdir()
        prints = "prints" if settings.prints else "reports"
        command = [python, "-I", *(["-S"] if settings.isolated else []), "-c", BEGIN]
        command += [str(sent), str(back), json.dumps([*hidden]), prints, str(receiver)]

        def is_loaded() -> bool:
            return back.exists() and back.stat().st_size > 0

        try:
            with loading(is_loaded):
                code = run(command, cwd=empty, env=_environment(settings), timeout=settings.timeout)
        except TimeUp:
            return Outcome("timed out", TIME_UP, ended=too_long(settings))
        return _outcome(_told(back), code, python)


def _environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a receiver."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, **settings.env}


def _outcome(report: dict[str, Any] | None, code: int, python: str) -> Outcome:
    """Return what came of the call, or raise why there was none."""
    if report is None or "old" in report:
        what = f"is Python {report['old']}" if report else "does not start as a Python"
        raise BareError(f"{python} {what}, and a pickle needs 3.9 or newer; give --python PATH")
    return outcome_of(report, 128 - code if code < 0 else code, ended(code))


def _told(back: Path) -> dict[str, Any] | None:
    """Return what a receiver reported, or None if it did not begin."""
    if not back.exists():
        return None
    report: dict[str, Any] = {}
    for line in back.read_text().splitlines():
        report.update(json.loads(line))
    return report
