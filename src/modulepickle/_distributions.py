"""Which installed distribution a module came from: `yaml` -> `("PyYAML", "6.0.1")`.

A receiver that lacks a third-party module should be told what the sender had (R15). The answer is
for messages and reports only: it is never needed to pickle anything, so it never raises.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from importlib.metadata import Distribution

from modulepickle._log import log

__all__ = ["distribution"]


@cache
def distribution(module_top_name: str) -> tuple[str, str] | None:
    """Return name and version of the installed distribution that provides a top-level module.

    None if nothing does. Where several do (a namespace package), it is the first on `sys.path`.
    Remembered for the process.
    """
    try:
        quick = _in_a_folder(module_top_name)
        if quick is not None:
            return quick
        found = _by_its_name(module_top_name) or _providers().get(module_top_name)
        if found is None or not found.metadata["Name"]:
            return None
        return str(found.metadata["Name"]), str(found.version)
    except Exception as error:  # metadata is whatever installers and people left on the disk
        log.debug("cannot tell which distribution provides %s: %r", module_top_name, error)
        return None


class _Files(Protocol):
    def read_text(self, filename: str, /) -> str | None: ...


class _Folder:
    """A `.dist-info` folder, read without `importlib.metadata`, whose import takes long."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read_text(self, filename: str, /) -> str | None:
        """Return a file's text; None if it is not there."""
        try:
            with open(os.path.join(self.path, filename), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def about(self) -> tuple[str, str] | None:
        """Return name and version, if the metadata begins with them as it should."""
        head = (self.read_text("METADATA") or "").partition("\n\n")[0]
        fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
        return (fields["Name"], fields["Version"]) if fields.keys() >= {"Name", "Version"} else None


def _in_a_folder(top: str) -> tuple[str, str] | None:
    """Return what the first distribution says that is named like the module, if it provides it."""
    for entry in filter(os.path.isdir, map(str, sys.path)):
        for name in sorted(os.listdir(entry)):
            stem = name.removesuffix(".dist-info")
            if stem != name and stem.partition("-")[0].lower() == top.lower():
                found = _Folder(os.path.join(entry, name))
                return found.about() if _has(found, top) else None
    return None


def _has(found: _Files, top: str) -> bool:
    """Tell whether a distribution provides a top-level module."""
    declared = _text(found, "top_level.txt").split()
    # A record has a line for each of thousands of files: look for the folder before reading them.
    is_folder = top.isidentifier() and f"\n{top}/" in "\n" + _text(found, "RECORD")
    return top in declared if declared else is_folder or top in _provides(found)


def _by_its_name(top: str) -> Distribution | None:
    """Return the distribution named like the module, if it provides it. Most do; it is quick."""
    from importlib import metadata  # not at the top: it takes as long to import as all of ours

    try:
        found = metadata.distribution(top)
    except (metadata.PackageNotFoundError, ValueError):
        return None
    return found if _has(found, top) else None


@cache
def _providers() -> dict[str, Distribution]:
    """Return top-level module name -> distribution, for all that is installed.

    As `importlib.metadata.packages_distributions`, which 3.9 lacks and which keeps names only.
    """
    from importlib import metadata

    providers: dict[str, Distribution] = {}
    for found in metadata.distributions():
        for top in _provides(found):
            providers.setdefault(top, found)
    return providers


def _provides(found: _Files) -> set[str]:
    """Return the top-level names of a distribution: as it declares them, else by its files."""
    declared = _text(found, "top_level.txt").split()
    if declared:
        return set(declared)
    record = _text(found, "RECORD") or _text(found, "installed-files.txt")
    return {name for line in record.splitlines() if (name := _top_of(line))}


def _text(found: _Files, name: str) -> str:
    try:
        return found.read_text(name) or ""
    except (OSError, ValueError):
        return ""


def _top_of(line: str) -> str | None:
    """Return the module that a line of RECORD (`path,hash,size`) belongs to."""
    first, slash, _ = line.partition(",")[0].strip('"').partition("/")
    if slash:
        # Not `name.dist-info`, `../bin` or `__pycache__`, nor a folder that holds no code.
        return first if first.isidentifier() and first != "__pycache__" else None
    name, dot, suffix = first.partition(".")
    return name if dot and suffix.endswith(("py", "so", "pyd")) and name.isidentifier() else None
