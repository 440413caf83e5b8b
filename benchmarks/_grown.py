"""Generated working trees: any number of files, or of packages. `grown.work.run` uses them all.

Outside API: `MODULE`, `grown_files`, `grown_packages`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from benchmarks._children import OLD

__all__ = ["MODULE", "grown_files", "grown_packages"]

MODULE: Final = '''
"""What a module has: an import, a class, and a function. Number {i}."""
import math

LIMIT{i} = {i}


class Point{i}:
    """A point of the plane."""

    def __init__(self, x: float, y: float) -> None:
        self.x = x
        self.y = y

    def length(self) -> float:
        """Return the distance from the origin."""
        return math.hypot(self.x, self.y)

    def moved(self, x: float, y: float) -> "Point{i}":
        """Return another point."""
        return type(self)(self.x + x, self.y + y)


def scaled{i}(values, by=LIMIT{i}):
    """Return each value, scaled."""
    return [value * by for value in values]
'''

A_FOLDER: Final = 100
"""How many modules are in one sub-package."""


def grown_files(tree: Path, number: int) -> int:
    """Write the package `grown` of so many files; return what `grown.work.run()` gives."""
    names, folders, left = [], 0, number - 2  # the package's own `__init__`, and `work`
    while left > 1:
        here = min(left - 1, A_FOLDER)
        names += [f"grown.part{folders}.module{len(names) + i}" for i in range(here)]
        left -= here + 1
        folders += 1
    return _write(tree, names)


def grown_packages(tree: Path, number: int) -> int:
    """Write `grown` and further packages, so many in all; return what `run()` gives."""
    return _write(tree, [f"grown{i}.module{i}" for i in range(1, number)])


def _write(tree: Path, modules: list[str]) -> int:
    files = {"grown/__init__.py": '"""A package of a benchmark."""\n'}
    for number, name in enumerate(modules):
        path = name.replace(".", "/")
        files[f"{os.path.dirname(path)}/__init__.py"] = ""
        files[f"{path}.py"] = MODULE.format(i=number)
    lines = [f"from {name} import LIMIT{number}" for number, name in enumerate(modules)]
    body = "\n".join(lines)
    total = " + ".join(["0", *(f"LIMIT{number}" for number in range(min(len(modules), 100)))])
    files["grown/work.py"] = f'"""It imports all."""\n{body}\n\n\ndef run():\n    return {total}\n'
    for name, source in files.items():
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
        os.utime(file, (OLD, OLD))
    for folder in {tree, *(path for path in tree.rglob("*") if path.is_dir())}:
        os.utime(folder, (OLD, OLD))
    return sum(range(min(len(modules), 100)))
