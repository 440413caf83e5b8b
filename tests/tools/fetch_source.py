"""Get the source of a project as Debian has it, which is often more than its sdist on PyPI has.

    python tests/tools/fetch_source.py PACKAGE VERSION

Downloads what the project released (without Debian's own changes), from the first suite that has
the version, and unpacks it into a folder of its own. Its path is printed on stdout; why it could
not be had goes to stderr, and the exit code is 1. Suites move on: a version that was there once
may be there no more.

Needs what `fetch_python.py` needs, but for `patchelf`; its folder is beside that one's.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fetch_python import CACHE, SUITES, Apt, CannotError, run, tool

SOURCES: Final = CACHE / "modulepickle-tests" / "sources"
STABLE: Final = ("trixie",)  # keeps its version for years


def download(package: str, version: str, suite: str, folder: Path) -> Path:
    """Return the archive of the version."""
    apt = Apt(suite, folder / "apt", kind="deb-src")
    options = [*apt.options, "--yes", "--download-only", "--tar-only"]
    run("env", "-C", folder, tool("apt-get"), *options, "source", package)
    found = sorted(folder.glob("*.orig.tar.*"))
    if [path.name.partition(".orig")[0] for path in found] != [f"{package}_{version}"]:
        raise CannotError(f"it has {', '.join(path.name for path in found)}")
    return found[0]


def fetch(package: str, version: str) -> Path:
    """Return the folder with the source, fetched if it is not there yet."""
    final = SOURCES / f"{package}-{version}"
    reasons = []
    for suite in (*SUITES, *STABLE) if not final.exists() else ():
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent) as folder:
            try:
                archive = download(package, version, suite, Path(folder))
            except CannotError as error:
                reasons.append(f"  {suite}: {error}")
                continue
            unpack(archive, Path(folder, "it"), final)
            break
    if not final.exists():
        raise CannotError("\n".join([f"no source of {package} {version}:", *reasons]))
    return final


def unpack(archive: Path, folder: Path, final: Path) -> None:
    """Unpack an archive with one folder at its top, and make that folder `final`."""
    with tarfile.open(archive) as tar:
        filters = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        tar.extractall(folder, **filters)
    (top,) = folder.iterdir()
    os.rename(top, final)


def main(arguments: Sequence[str]) -> int:
    try:
        print(fetch(*arguments))
    except CannotError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
