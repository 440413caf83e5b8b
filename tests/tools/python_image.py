"""Write a root file system that holds a Python, the libraries it needs, and nothing else.

    python tests/tools/python_image.py [PYTHON] | docker import - NAME

So the tests make images where no registry can be reached, of any CPython of this machine (Linux).
There is no shell in them, no package manager, and no certificate: 60 MB, half of it the standard
library. `python3` is on the PATH, and every file stands where it stands here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

ASK: Final = """
import json, sys, sysconfig
paths = sysconfig.get_paths()
print(json.dumps([sys.executable, paths["stdlib"], paths["platstdlib"]]))
"""
LEFT_OUT: Final = re.compile(
    r"__pycache__|site-packages|dist-packages|test|tests|idlelib|ensurepip|turtledemo|config-.*"
)
"""Folders of the standard library that no receiver needs."""


def library(folder: Path) -> Iterator[Path]:
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not LEFT_OUT.fullmatch(name)]
        yield from (Path(path, name) for name in files)


def shared(path: Path) -> Iterator[Path]:
    """Yield the shared libraries that a binary asks for, the dynamic linker included."""
    done = subprocess.run(["ldd", path], capture_output=True, text=True)
    # NAME => PATH (ADDRESS). Only the linker has a path on the left, which is where it must be.
    for name, path in re.findall(r"^\s*(\S+)(?: => (/\S+))? \(0x", done.stdout, re.MULTILINE):
        yield from (Path(each) for each in (name, path) if each.startswith("/"))


def files(python: str) -> dict[Path, Path]:
    """Return what the image holds: the path there, always absolute -> the real file here."""
    answer = subprocess.run([python, "-I", "-S", "-c", ASK], capture_output=True, check=True)
    executable, *folders = map(Path, json.loads(answer.stdout))
    found = [executable.resolve(), *(path for folder in {*folders} for path in library(folder))]
    binaries = [path for path in found if path == found[0] or path.suffix == ".so"]
    found += {each for path in binaries for each in shared(path)}
    # Debian's library has links to settings that need not be there.
    return {path: path.resolve() for path in found if path.exists()}


def write(python: str, to: IO[bytes]) -> None:
    """Write the root of an image with that Python, as a tar file."""
    with tarfile.open(fileobj=to, mode="w|", bufsize=1 << 20) as tar:
        content = files(python)
        for path, real in content.items():
            tar.add(real, str(path), recursive=False)
        link = tarfile.TarInfo("usr/local/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, str(next(iter(content)))
        tar.addfile(link)
        for name, mode in (("tmp", 0o1777), ("root", 0o700)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            tar.addfile(folder)


if __name__ == "__main__":
    if sys.stdout.isatty():
        sys.exit(__doc__)
    write(sys.argv[1] if len(sys.argv) > 1 else sys.executable, sys.stdout.buffer)
