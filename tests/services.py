"""Servers and workers that run beside a driver: Redis, and workers of queues.

What is started here listens on a socket in a private folder, and is ended by its own id.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from frameworks import environment, miss, started
from receivers import TIMEOUT


@contextmanager
def redis_server(engine: str) -> Iterator[str]:
    """Run a Redis that keeps nothing; yield the path of its socket, the only thing it listens on.

    Where there is no Redis, the test is skipped, or fails if `engine` is asked for.
    """
    program = shutil.which("redis-server")
    if program is None:
        miss(engine, "no redis-server on PATH: apt-get install redis-server")
    folder = Path(tempfile.mkdtemp(prefix="mp-", dir="/tmp"))  # the path of a socket must be short
    path, log = folder / "redis", folder / "log"
    options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    try:
        with log.open("w") as out:
            command = [str(program), *options]
            with started(command, folder, {}, stdout=out, stderr=subprocess.STDOUT) as process:
                wait_for(lambda: _answers(path), process, log)
                yield str(path)
    finally:
        shutil.rmtree(folder)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


def wait_for(done: Callable[[], bool], process: subprocess.Popen[str], log: Path) -> None:
    """Wait until a process is ready.

    Raises:
        AssertionError: it has ended, or is not ready in time; with what it logged.
    """
    end = time.monotonic() + TIMEOUT
    while not done():
        ended = process.poll()
        if ended is not None or time.monotonic() > end:
            raise AssertionError(f"not ready, ended with {ended}:\n{log.read_text()}")
        time.sleep(0.02)


class Workers:
    """Processes that have neither the working tree nor the library, in an empty folder.

    Attributes:
        folder: their current folder; a test may put a worker's own modules there.
        library: whether those that are started from now on have the library, after all.
    """

    library = False

    def __init__(self, tmp_path: Path, stack: ExitStack, **env: str) -> None:
        self.folder, self.logs, self.stack = tmp_path / "workers", tmp_path / "logs", stack
        self.folder.mkdir()
        self.logs.mkdir()
        self.env = environment(tmp_path, **env)
        stack.callback(self._show)

    def start(self, name: str, *arguments: str) -> tuple[subprocess.Popen[str], Path]:
        """Start `python -m ARGUMENTS`; return the process and its log."""
        log = self.logs / name
        out = self.stack.enter_context(log.open("w"))
        path = self.env["PYTHONPATH" if self.library else "STUB"]
        env = {**self.env, "PYTHONPATH": path}
        command = [sys.executable, "-m", *arguments]
        process = started(command, self.folder, env, stdout=out, stderr=subprocess.STDOUT)
        return self.stack.enter_context(process), log

    def _show(self) -> None:
        """Print the logs, which pytest shows if the test has failed."""
        for log in sorted(self.logs.iterdir()):
            print(f"--- {log.name}", log.read_text(errors="backslashreplace")[-5000:], sep="\n")
