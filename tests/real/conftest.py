"""Projects that other people wrote, as the user's working tree.

Wheels are downloaded once into a cache outside the checkout (`modulepickle-tests/wheels` in
`${XDG_CACHE_HOME:-~/.cache}`), and unzipped into a folder. They are not installed, and nothing of
them is committed.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from benchmarks._trees import wheel  # the benchmarks ship the same projects

METADATA = re.compile(r"[^/]+\.(dist-info|data)/")


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
