"""Drivers: processes that keep a cluster warm, edit their working tree, and ask for the new result.

A driver is told line by line what to do. Each has a tree and a cluster of its own, on the loopback
interface; nothing that one candidate leaves on its workers helps or hinders another.

Outside API: `Driver`, `dask_cluster`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks._children import MARK, ChildFailed, text

__all__ = ["Driver", "dask_cluster"]

PATIENCE: Final = 120.0
"""With one edit, and with the start of a scheduler, in seconds."""

# `change` is called after an edit; it returns what the new code gave.
LOOP: Final = f"""
for line in sys.stdin:
    number = int(line)
    begin = clock()
    with open(edited, "ab") as file:
        file.write(b"EDIT = %d\\n" % number)
    got = change()
    taken = clock() - begin
    assert got == number, f"the result is of edit {{got}}, not of {{number}}"
    print({MARK!r} + json.dumps(taken), flush=True)
"""


@contextmanager
def _started(
    command: list[str], folder: Path, env: Mapping[str, str], log: Path, **pipes: int
) -> Iterator[Any]:
    """Start a process in a group of its own; at the end, end the group by its id."""
    with log.open("a") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=env, text=True, start_new_session=True, stderr=file,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **pipes},
        )  # fmt: skip
        with process:
            try:
                yield process
            finally:
                _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Let a driver stop its cluster, and a cluster its children; then kill what is left."""
    try:
        if process.stdin is not None:
            process.stdin.close()
        else:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    except (OSError, subprocess.TimeoutExpired):
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def environment(bytecode: Path) -> dict[str, str]:
    """Return the environment of drivers and clusters. The library is not in it."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    ray = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    return env | ray | {"PYTHONPYCACHEPREFIX": str(bytecode)}


class Driver:
    """One candidate: a process that has a working tree and knows a cluster."""

    def __init__(self, stack: ExitStack, folder: Path, code: str, **given: Any) -> None:
        self._log = folder / "driver.log"
        empty = folder / "empty"
        empty.mkdir()
        env = environment(folder / "bytecode") | {"MODULEPICKLE_CACHE": str(folder / "cache")}
        command = [sys.executable, "-c", text(code + LOOP, given)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = stack.enter_context(_started(command, empty, env, self._log, **pipes))

    def edit(self, number: int) -> float:
        """Return the seconds from an edit to the result of the new code.

        Raises:
            ChildFailed: the driver ended, gave the result of other code, or took too long.
        """
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        try:
            print(number, file=self._process.stdin, flush=True)
            for line in self._process.stdout:
                if line.startswith(MARK):
                    return float(json.loads(line[len(MARK) :]))
        except BrokenPipeError:
            pass
        finally:
            watch.cancel()
        said = self._log.read_text(errors="backslashreplace")[-3000:].strip()
        raise ChildFailed(said or f"TimeoutError: nothing, in {PATIENCE} s")


def dask_cluster(stack: ExitStack, folder: Path, nanny: bool = False, workers: int = 1) -> str:
    """Start a scheduler and workers; return the scheduler's address."""
    empty = folder / "processes"
    empty.mkdir()
    env = environment(folder / "bytecode") | {"MODULEPICKLE_CACHE": str(folder / "cache")}
    file = folder / "scheduler.json"

    def start(kind: str, *options: str) -> Any:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", *options]
        return stack.enter_context(_started(command, empty, env, folder / f"{kind}.log"))

    file_option = ("--scheduler-file", str(file))
    process = start("scheduler", "--host", "127.0.0.1", "--port", "0", *file_option)
    address = _address(file, process)
    options = ["--host", "127.0.0.1", "--nthreads", "1", "--local-directory", str(empty)]
    for _ in range(workers):
        start("worker", address, *options, "--nanny" if nanny else "--no-nanny")
    return address


def _address(file: Path, process: Any) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError):  # it is not there yet, or half written
            time.sleep(0.05)
    raise ChildFailed("the scheduler of Dask did not start")
