"""Projects that other people wrote, as the user's working tree.

Wheels are downloaded once into a cache outside the checkout (`modulepickle-tests/wheels` in
`${XDG_CACHE_HOME:-~/.cache}`), and unzipped into a folder. They are not installed, and nothing of
them is committed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "modulepickle-tests")
METADATA = re.compile(r"[^/]+\.(dist-info|data)/")


def wheel(pin: str) -> Path:
    """Return the wheel for `name==version` that fits this Python, downloaded if it is not there."""
    python = "{}{}".format(*sys.version_info)  # a wheel with an extension module is for one version
    folder = CACHE / "wheels" / f"{pin}-{sys.implementation.name}{python}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            wanted = ["--no-deps", "--only-binary", ":all:", "--dest", f"{fresh}/it", pin]
            subprocess.run([*pip, "download", *wanted], check=True, stdin=subprocess.DEVNULL)
            try:
                os.rename(f"{fresh}/it", folder)
            except OSError:  # another process was faster
                if not folder.exists():
                    raise
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture
def working_tree(tmp_path: Path) -> Callable[[Iterable[str]], Path]:
    """Return a function that makes a working tree of wheels, without their .dist-info and .data."""

    def make(pins: Iterable[str]) -> Path:
        tree = tmp_path / "tree"
        for pin in pins:
            with zipfile.ZipFile(wheel(pin)) as archive:
                files = [name for name in archive.namelist() if not METADATA.match(name)]
                archive.extractall(tree, files)
        return tree

    return make
