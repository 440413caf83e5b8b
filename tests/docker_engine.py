"""A Docker Engine of the tests' own: on a private socket, with images of this machine's Pythons.

It has folders of its own, no bridge and no firewall rules, and is ended by its own process id; a
Docker Engine that this machine may have is not asked, and none of its files are touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import frameworks
from receivers import TIMEOUT

IMAGES: Final = Path(__file__).parent / "tools/python_image.py"
SETTINGS: Final = (
    *("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"),
    *("--bridge=none", "--log-level=warn", "--raw-logs"),
)
INSTALL: Final = "apt-get install --no-install-recommends docker.io"


class Engine:
    """A running engine."""

    def __init__(self, folder: Path) -> None:
        self.env = {"DOCKER_HOST": f"unix://{folder}/docker.sock", "DOCKER_CONFIG": str(folder)}

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `docker` command."""
        return subprocess.run(
            ["docker", *arguments],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )

    def containers(self) -> list[str]:
        """Return the names of all containers, running or not."""
        done = self.ask("ps", "--all", "--format", "{{.Names}}")
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def make(self, name: str, python: str | None) -> str:
        """Make an image that has a Python of this machine, or nothing; return its name."""
        command = [sys.executable, str(IMAGES), *([python] if python else [])]
        if not python:
            command = ["tar", "--create", "--files-from", os.devnull]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as root:
            subprocess.run(
                ["docker", "import", "-", name],
                env={**os.environ, **self.env},
                stdin=root.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
                timeout=TIMEOUT,
            )
        assert root.returncode == 0
        return name


@contextmanager
def engine() -> Iterator[Engine]:
    """Run a Docker Engine; skip the test, or fail it, where that cannot be."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    command = shutil.which("dockerd", path=path)
    if not command or not shutil.which("docker"):
        frameworks.miss("docker", f"no dockerd or docker: {INSTALL}")
    if os.geteuid():
        frameworks.miss("docker", "only root may start a Docker Engine")
    # Not pytest's folder: the path of a socket has 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="docker-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        with _started(str(command), folder) as made:
            yield made


@contextmanager
def _started(command: str, folder: Path) -> Iterator[Engine]:
    made = Engine(folder)
    options = ["-H", made.env["DOCKER_HOST"], "--data-root", str(folder / "data")]
    options += ["--exec-root", str(folder / "exec"), "--pidfile", str(folder / "docker.pid")]
    # It ends with this process, however that ends.
    tied = [setpriv, "--pdeathsig", "TERM"] if (setpriv := shutil.which("setpriv")) else []
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*tied, command, *options, *SETTINGS],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(made, process, folder)
        yield made
    finally:
        _end(process, folder)


def _wait(made: Engine, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the engine answers."""
    for _ in range(600):
        if made.ask("ps").returncode == 0:
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    log = (folder / "log").read_text(errors="replace")
    frameworks.miss("docker", f"dockerd does not run here: {log[-1000:]}")


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """End the engine, which ends its containers and its containerd; or each, by its own id."""
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        _kill(folder / "exec/containerd/containerd.pid")


def _kill(pidfile: Path) -> None:
    try:
        os.kill(int(pidfile.read_text()), signal.SIGKILL)
    except (OSError, ValueError):
        pass
