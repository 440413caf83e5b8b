"""A receiver in a Docker container: another machine, as far as its Python can tell.

The `docker` command does the talking, so that `DOCKER_HOST` and contexts hold and nothing has to
be installed. The engine may be on another host: the pickle goes in by stdin, and nothing is
mounted. The container has no network and a name that no other one has, and is removed by that name
whatever happens, Ctrl-C included.

Its stdout is what the function writes, its own stderr included, in order. Its stderr is ours: what
the receiver reports, a line of JSON each, beside what `docker` itself has to say.

Outside API: `run_docker`, `default_image`, `DockerError`.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, TextIO

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
from modulepickle._run.processes import TimeUp, ended

__all__ = ["DockerError", "default_image", "run_docker"]

GRACE: Final = 30.0
"""Seconds that an interrupted `docker create` gets: what it makes must be there to be removed."""

RECEIVER: Final = (
    r"""
import json, os, sys
mark, size = sys.argv[1], int(sys.argv[2])
channel = os.dup(2)
os.dup2(1, 2)
def tell(**report):
    os.write(channel, (mark + json.dumps(report) + "\n").encode("ascii"))
if sys.version_info < (3, 9):
    tell(old=sys.version.split()[0])
    sys.exit(1)
data = sys.stdin.buffer.read(size)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
tell(started=True)
"""
    + CALL
    + """
sys.exit(called(data, tell))
"""
)
"""What runs there. Older Pythons must be able to read it: they are not the same as no Python.

Its arguments: the mark that its reports begin with, and the length of the pickle in bytes.
"""

NO_COMMAND: Final = (
    "there is no `docker` command here: install Docker, https://docs.docker.com/engine/install, or "
    "take another interpreter of this machine:  python -m modulepickle run MODULE:FUNCTION"
)
REASONS: Final = (
    (
        ("permission denied while trying to connect", "connect: permission denied"),
        "you may not use the Docker Engine; type  sudo usermod -aG docker $USER  and log in again",
    ),
    (
        ("cannot connect", "failed to connect", "error during connect"),
        "no Docker Engine answers; start it:  sudo systemctl start docker  (or Docker Desktop), or "
        "name another one in DOCKER_HOST",
    ),
)
"""Texts by which `docker` says, in lower case, that it reaches no engine, and what to do then."""


class DockerError(NotRun):
    """No container could be started; the message says why, and what to type.

    Attributes:
        said: what the `docker` command said, as it stands; "" if there is no such command.
    """

    __module__ = "modulepickle.test"  # where users find it

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(message)
        self.said = said


@dataclass(frozen=True)
class _Done:
    """How a `docker` command ended: its exit code and stderr."""

    code: int
    said: str


def default_image() -> str:
    """Return the name of the official slim image of this Python's version."""
    stage = "" if sys.version_info.releaselevel == "final" else "-rc"
    return "python:{}.{}{}-slim".format(*sys.version_info[:2], stage)


def run_docker(
    data: bytes,
    image: str,
    out: TextIO,
    reports: TextIO | None = None,
    settings: Settings | None = None,
    loading: Loading = nothing_shown,
) -> Outcome:
    """Unpickle (function, arguments, keywords) in a new container and call it there.

    The image needs `python3` on its PATH, and no shell. It is fetched if the engine lacks it.

    Args:
        data: the pickle. image: the image's name. out: gets what the function writes, as it comes.
        reports: gets what `docker` writes while it fetches the image; by default, that is `out`.
        settings: how it is to run. loading: what is entered until the pickle has been loaded.

    Raises:
        DockerError: if there is no such command, no engine, no permission, no image, or no Python.
    """
    settings = settings or Settings()
    _fetch(image, reports or out)
    mark = f"modulepickle-{secrets.token_hex(8)} "
    with written():
        folder = tempfile.TemporaryDirectory(prefix="modulepickle-")
    with folder as job:
        sent, said = Path(job, "pickle"), Path(job, "said")
        with written():
            sent.write_bytes(data)

        def is_loaded() -> bool:  # the first report is that it has started
            return said.exists() and said.read_bytes().count(mark.encode("ascii")) > 1

        with (
            sent.open("rb") as file,
            loading(is_loaded) as end_of_line,
            _container(image, settings, mark, str(len(data))) as name,
        ):
            start = ("start", "--attach", "--interactive", name)
            try:
                heard: Any = _After(end_of_line, out)
                done = _docker(*start, stdin=file, out=heard, timeout=settings.timeout, said=said)
            except TimeUp:
                return Outcome("timed out", TIME_UP, ended=too_long(settings))
    return _outcome(done, mark, image)


class _After:
    """A text file that does something before each write: a progress line has to go first."""

    def __init__(self, first: Callable[[], None], out: TextIO) -> None:
        self._first, self._out = first, out

    def write(self, text: str) -> None:
        if text:
            self._first()
            self._out.write(text)

    def flush(self) -> None:
        self._out.flush()


def _fetch(image: str, out: TextIO) -> None:
    """Make sure that the engine has the image."""
    seen = _docker("image", "inspect", "--format", "{{.Id}}", image)
    if not seen.code:
        return
    for texts, meaning in REASONS:
        if any(text in seen.said.lower() for text in texts):
            raise DockerError(f"{meaning}. It said: {_gist(seen.said)}", seen.said)
    out.write(f"fetching the image {image}\n")
    pulled = _docker("pull", image, out=out)
    if pulled.code:
        raise DockerError(
            f"there is no image {image} here, and it cannot be fetched: {_gist(pulled.said)}\n"
            "`docker image ls` lists those that are there; name one of them",
            pulled.said,
        )


@contextlib.contextmanager
def _container(image: str, settings: Settings, *arguments: str) -> Iterator[str]:
    """Make a container that runs the receiver when it is started; yield its name; remove it."""
    name = f"modulepickle-{os.getpid()}-{secrets.token_hex(6)}"
    # The engine removes it as well, when it ends: this process may be killed.
    options = ["--rm", "--interactive", "--network", "none", "--name", name]
    for each in settings.env:
        options += ["--env", f"{each}={settings.env[each]}"]
    isolated = ["-I", "-S"] if settings.isolated else []
    code = ["--entrypoint", "python3", image, *isolated, "-u", "-c", RECEIVER, *arguments]
    try:
        made = _docker("create", *options, *code, grace=GRACE)
        if made.code:
            raise DockerError(_no_container(image, made.said), made.said)
        yield name
    finally:
        _docker("rm", "--force", "--volumes", name, grace=GRACE)


def _docker(
    *arguments: str,
    stdin: IO[bytes] | None = None,
    out: TextIO | None = None,
    grace: float = 0.0,
    timeout: float | None = None,
    said: Path | None = None,
) -> _Done:
    """Run a `docker` command.

    Ctrl-C does not reach it, since it has a session of its own: this process ends it, or rather
    waits `grace` seconds for what should be finished.

    Args:
        stdin: a file that it reads. out: gets its stdout, as it comes. timeout: in seconds.
        said: a new file for its stderr, which can be read meanwhile.

    Raises:
        TimeUp: it took longer.
    """
    with said.open("w+b") if said else tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                ["docker", *arguments],
                stdin=stdin or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise DockerError(f"{NO_COMMAND} ({error.strerror})") from None
        with process, _ends(process, timeout) as is_late:
            try:
                _copy(process.stdout, out)
                process.wait()
            except BaseException:
                _end(process, grace)
                raise
        if is_late:
            raise TimeUp
        errors.seek(0)
        return _Done(process.returncode, errors.read().decode("utf-8", "replace"))


@contextlib.contextmanager
def _ends(process: subprocess.Popen[bytes], seconds: float | None) -> Iterator[list[bool]]:
    """End a process after some time; yield a list that is empty unless that happened."""
    is_late: list[bool] = []

    def end() -> None:
        is_late.append(True)
        process.kill()

    if seconds is None:
        yield is_late
        return
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()


def _copy(stream: Any, out: TextIO | None) -> None:
    """Write the bytes of a pipe to a text file, as they come."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    data = stream.read1(65536)
    while data:
        if out is not None:
            out.write(decoder.decode(data))
            out.flush()
        data = stream.read1(65536)
    if out is not None:
        out.write(decoder.decode(b"", True))


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()


def _outcome(done: _Done, mark: str, image: str) -> Outcome:
    """Return the outcome of the call; if there was none, raise the reason."""
    report: dict[str, Any] = {}
    for line in done.said.splitlines():
        if line.startswith(mark):
            report.update(json.loads(line[len(mark) :]))
    if "old" in report:
        raise DockerError(
            f"{image} has Python {report['old']}, and a pickle needs 3.9 or newer; "
            f"name another image, as  {default_image()}"
        )
    if not report:
        raise DockerError(_no_container(image, done.said), done.said)
    # What a signal killed has 128 and its number; `docker` itself, killed here, a negative one.
    code = 128 - done.code if done.code < 0 else done.code
    return outcome_of(report, code, ended(128 - code if code > 128 else code))


def _no_container(image: str, said: str) -> str:
    """Return the message for a container that did not come to run the receiver."""
    if "python3" in said and ("not found" in said or "no such file" in said):
        hint = f"name an image with Python, as  {default_image()}"
        return f"{image} has no `python3` on its PATH; {hint}"
    hint = f"docker run --rm --network none --entrypoint python3 {image} --version"
    return f"{image} does not run here: {_gist(said)}\nto look into it, type  {hint}"


def _gist(said: str) -> str:
    """Return the line that says what is wrong: of several, the first that speaks of an error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), (lines or ["nothing"])[-1])
