"""Processes that are ended with all that they have started: by their own ids, never by a name.

A process gets a session of its own. So Ctrl-C does not reach it: it gets an interrupt from here,
and a moment to end by itself. Whatever ends this process by a signal that can be caught ends the
other one first.

What is found and ended: the process, its children and theirs, and all of its session. A daemon that
left the session and whose parent had ended by then is nobody's child any more, and stays.

Outside API: `TimeUp`, `ended`, `run`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

__all__ = ["TimeUp", "ended", "run"]

ROUNDS: Final = 20
"""How often a tree is looked at again for what was started meanwhile."""

GRACE: Final = 2.0
"""Seconds that an interrupted process gets, or one that is to show where it stands."""

ASKS_WHERE: Final = getattr(signal, "SIGUSR2", None)
"""The signal that ends a process; a receiver writes where each of its threads stands before."""


class TimeUp(Exception):
    """A process did not end in time, and was ended."""


def ended(code: int) -> str:
    """Return how an interpreter ended, in words.

    Args:
        code: its exit code; a signal that killed it is negative.
    """
    if code >= 0:
        return f"the interpreter ended with exit code {code}"
    try:
        return f"the interpreter was killed by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"the interpreter was killed by signal {-code}"


def run(
    command: Sequence[str],
    *,
    cwd: os.PathLike[str],
    env: dict[str, str],
    timeout: float | None = None,
) -> int:
    """Run a command; return its exit code, as `subprocess` has it.

    Args:
        timeout: seconds, after which it is ended with all that it started.

    Raises:
        OSError: if it cannot be started.
        TimeUp: if it took longer.
    """
    with (
        _signals(),
        subprocess.Popen(
            [*command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, start_new_session=True
        ) as process,
    ):
        try:
            return wait(process, timeout)
        except subprocess.TimeoutExpired:
            _end_tree(process, ASKS_WHERE)
            raise TimeUp from None
        except KeyboardInterrupt:
            _end_tree(process, signal.SIGINT)
            raise
        except BaseException:
            _end_tree(process, None)
            raise


def wait(process: subprocess.Popen[Any], timeout: float | None) -> int:
    """Wait for a process; return its exit code.

    Raises:
        subprocess.TimeoutExpired: it did not end within `timeout` seconds.
    """
    return process.wait(timeout)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Turn the signals that end this process into `SystemExit`: all that is open is closed then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: object) -> None:
        sys.exit(128 + number)

    names = ("SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # One that is ignored, as `nohup` has it, stays so; one with a handler has its purpose.
    mine = [each for each in numbers if signal.getsignal(each) is signal.SIG_DFL]
    try:
        for each in mine:
            signal.signal(each, handle)
        yield
    finally:
        for each in mine:
            signal.signal(each, signal.SIG_DFL)


# --- ending ---------------------------------------------------------------------------------------


class _Living(NamedTuple):
    """A process of this machine. `start`: when it began, since ids are used again."""

    pid: int
    parent: int
    session: int
    start: str


def _end_tree(process: subprocess.Popen[Any], asks: int | None) -> None:
    """End a process and all that it has started.

    Args:
        asks: a signal that it gets first, with `GRACE` seconds to end by itself.
    """
    if os.name == "nt":
        ends = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(ends, capture_output=True, check=False)
        process.wait()
        return
    known = {*_tree(process.pid, set()).values()}
    if asks is not None and process.poll() is None:
        process.send_signal(asks)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    for _ in range(ROUNDS):
        found = _tree(process.pid, known)
        for pid in found:
            _send(pid, signal.SIGSTOP)  # so that it starts nothing more
        if {*found} <= {each.pid for each in known}:
            break
        known |= {*found.values()}
    for each in _tree(process.pid, known):
        _send(each, signal.SIGKILL)
    process.kill()
    process.wait()


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _tree(top: int, known: set[_Living]) -> dict[int, _Living]:
    """Return the children of a process, theirs, and what is in its session, by their ids.

    Args:
        known: what was found before: it counts, with its children, although it may have lost the
            parent by which it was found.
    """
    living = [*_living()]
    starts = {(each.pid, each.start) for each in known}
    found = {
        each.pid: each
        for each in living
        if each.pid == top or each.session == top or (each.pid, each.start) in starts
    }
    grown = True
    while grown:
        more = {each.pid: each for each in living if each.parent in found and each.pid not in found}
        found.update(more)
        grown = bool(more)
    return found


def _living() -> Iterator[_Living]:
    """Yield the processes of this machine."""
    if sys.platform.startswith("linux"):
        for name in filter(str.isdecimal, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The name of the program, in brackets, may have anything in it.
                    parts = file.read().rpartition(b")")[2].split()
            except OSError:  # it has just ended
                continue
            if parts[0] not in (b"Z", b"X"):
                yield _Living(int(name), int(parts[1]), int(parts[3]), parts[19].decode())
        return
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,sess=,lstart="], capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():
        pid, parent, session, *start = line.split()
        number = int(session) if session.isdecimal() else 0  # on macOS, it is an address
        yield _Living(int(pid), int(parent), number, " ".join(start))
