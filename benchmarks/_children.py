"""The processes that are measured: senders, which have the library, and bare receivers.

Each runs a text of code that sets `result` to plain data. Outside API: `send`, `receive`,
`installed`, `ChildFailed`; and `text` and `MARK`, for children that live longer.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks._figures import Run

__all__ = ["MARK", "OLD", "ChildFailed", "installed", "receive", "send", "text"]

TIMEOUT: Final = 600.0
"""Of one child, in seconds: much more than any takes, and an end if one hangs."""

MARK: Final = "=== result "

OLD: Final = 1_700_000_000
"""A time long ago, in seconds since the epoch."""

_BEGIN: Final = """
import gc, importlib, json, os, pickle, sys, time
clock = time.perf_counter
def read(path):
    with open(path, "rb") as file:
        return file.read()
def once(call):
    begin = clock()
    call()
    return clock() - begin
def seconds(call, number=1):
    gc.collect()
    gc.disable()
    begin = clock()
    for _ in range(number):
        call()
    taken = clock() - begin
    gc.enable()
    return taken / number
"""
_END: Final = f"\nprint({MARK!r} + json.dumps(result))\n"


class ChildFailed(Exception):
    """A child ended with an error. Its only argument is the end of what it wrote to stderr."""

    @property
    def short(self) -> str:
        """The name of the error: a message of one word."""
        return str(self).splitlines()[-1].partition(":")[0].rpartition(".")[2]


def send(run: Run, folder: Path, code: str, **given: Any) -> Any:
    """Run `code` as a script of the working tree `folder`; return its `result`.

    The names of `given`, plain data, are its globals. Bytecode goes elsewhere: neither the tree nor
    the checkout changes.
    """
    script = folder / "main.py"
    script.write_text(text(code + _END, given), encoding="utf-8")
    # As if it had been there for long: what was written a moment ago is looked at twice.
    os.utime(script, (OLD, OLD))
    os.utime(folder, (OLD, OLD))
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    env |= {"PYTHONPATH": str(run.source), "PYTHONPYCACHEPREFIX": str(run.work / "pycache")}
    return _child([sys.executable, str(script)], folder, env)


def receive(run: Run, code: str, *, cache: Path | None = None, **given: Any) -> Any:
    """Run `code` in a bare interpreter in an empty folder; return its `result`.

    Bare: `-I -S`, a clean environment, neither the library nor the working tree. `cache` is the
    loader's cache folder, by default one in `run.work` that is shared.
    """
    empty = run.work / "empty"
    empty.mkdir(exist_ok=True)
    env = {
        "HOME": str(empty),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "MODULEPICKLE_CACHE": str(cache or run.work / "cache"),
    }
    return _child([sys.executable, "-I", "-S", "-c", text(code + _END, given)], empty, env)


def text(code: str, given: Mapping[str, Any]) -> str:
    """Return what a child runs: some names, `given` as globals, then `code`."""
    plain = {name: str(it) if isinstance(it, Path) else it for name, it in given.items()}
    return _BEGIN + "".join(f"{name} = {it!r}\n" for name, it in plain.items()) + code


def _child(command: list[str], folder: Path, env: Mapping[str, str]) -> Any:
    done = subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True,
        encoding="utf-8", errors="backslashreplace", timeout=TIMEOUT,
    )  # fmt: skip
    if done.returncode != 0:
        raise ChildFailed(done.stderr[-3000:].strip())
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            return json.loads(line[len(MARK) :])
    raise ChildFailed("it set no result")


def installed(peer: str) -> bool:
    """Tell whether a peer can be imported. It is not imported to find out."""
    return importlib.util.find_spec(peer) is not None
