"""A bare receiver on this machine: another interpreter, with neither the source nor this library.

`python -m modulepickle` uses it to show, and to let you try, that a pickle needs nothing else.

Outside API: `run_bare`, `Outcome`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Outcome", "run_bare"]

KEPT: Final = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TZ", "MODULEPICKLE_CACHE", "TMPDIR")
"""The environment variables that the receiver gets: what an interpreter needs to start."""

RECEIVER: Final = r"""
import json, pickle, sys, time, traceback
sys.modules["modulepickle"] = None  # an import of it is an error
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
    sys.exit(1)
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(report, file)
"""


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
        if done.returncode or not back.exists():
            return Outcome(done.returncode or 1)
        report = json.loads(back.read_text(encoding="utf-8"))
        return Outcome(0, report["result"], report["milliseconds"])
