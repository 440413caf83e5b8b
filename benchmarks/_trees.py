"""Projects that other people wrote, unzipped as somebody's working tree.

The wheels are those of `tests/real`, in the same cache outside the checkout (`modulepickle-tests/
wheels` in `${XDG_CACHE_HOME:-~/.cache}`): downloaded once, never installed. Their tests are left
out: who ships a package may have them, but an import does not run them, and the native import is
what we compare with.

Outside API: `PACKAGES`, `Package`, `packages`, `without_bytecode`; and for the tests `wheel`, which
`tests/real` and `tests/suites` use, and `sdist`, which has a project's tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["PACKAGES", "Package", "packages", "sdist", "wheel", "without_bytecode"]

CACHE: Final = Path(
    os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "modulepickle-tests"
)


@dataclass(frozen=True)
class Package:
    """A package to ship.

    Attributes:
        name: the package. pin: the distribution that has it.
        module, function: what is pickled. To load it, all that `import name` imports is imported.
        edited: a file that this import reads, and that is not the function's own.
    """

    name: str
    pin: str
    module: str
    function: str
    edited: str

    def unzip(self, folder: Path) -> Path:
        """Write the working tree: the package and nothing beside it. Return its folder."""
        wanted = re.compile(rf"{self.name}/(?!(.*/)?tests/)")
        with zipfile.ZipFile(wheel(self.pin)) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if wanted.match(name)])
        return folder

    def files(self, tree: Path) -> list[Path]:
        """Return the files of the package in a tree, sorted."""
        found = (path for path in (tree / self.name).rglob("*") if path.is_file())
        return sorted(path for path in found if path.suffix != ".pyc")


PACKAGES: Final = (
    Package("toolz", "toolz==1.0.0", "toolz.itertoolz", "groupby", "toolz/dicttoolz.py"),
    Package("sqlglot", "sqlglot==30.30.0", "sqlglot", "transpile", "sqlglot/schema.py"),
    Package(
        "networkx", "networkx==3.6.1", "networkx.classes.function", "density",
        "networkx/classes/multigraph.py",
    ),
)  # fmt: skip


def packages(size: str) -> tuple[Package, ...]:
    """Return the packages to measure in a run of this size: all, but one of a tiny run."""
    return PACKAGES[:1] if size == "tiny" else PACKAGES


def without_bytecode(tree: Path, aside: Path) -> None:
    """Move the bytecode in a tree to the folder `aside`.

    It is not deleted: for some seconds after many files were, ext4 takes several times as long to
    create one (it does not use an inode again at once, and looks for others), and that would count.
    """
    aside.mkdir(exist_ok=True)
    number = len(os.listdir(aside))
    for folder in [*tree.rglob("__pycache__")]:
        folder.rename(aside / str(number))
        number += 1


def wheel(pin: str) -> Path:
    """Return the wheel for `name==version` that fits this Python, downloaded if it is not there."""
    python = "{}{}".format(*sys.version_info)  # a wheel with an extension module is for one version
    name = f"{pin}-{sys.implementation.name}{python}"
    (found,) = _downloaded("wheels", name, "--only-binary", ":all:", pin).glob("*.whl")
    return found


def sdist(pin: str) -> Path:
    """Return the source distribution of `name==version`, downloaded if it is not there."""
    (found,) = _downloaded("sdists", pin, "--no-binary", ":all:", pin).glob("*.tar.gz")
    return found


def _downloaded(kind: str, name: str, *wanted: str) -> Path:
    """Return a folder of the cache with what pip downloads."""
    folder = CACHE / kind / name
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "download"]
            # SKIP_CYTHON: of an sdist, pip asks its metadata, for which pydantic's compiles it.
            subprocess.run(
                [*pip, "--no-deps", "--dest", f"{fresh}/it", *wanted],
                check=True,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "SKIP_CYTHON": "1"},
            )
            try:
                os.rename(f"{fresh}/it", folder)
            except OSError:  # another process was faster
                if not folder.exists():
                    raise
    return folder
