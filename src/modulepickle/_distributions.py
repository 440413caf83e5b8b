"""Which installed distribution a module came from: `yaml` -> `("PyYAML", "6.0.1")`.

A receiver that lacks a third-party module should be told what the sender had (R15). The answer is
for messages and reports only: it is never needed to pickle anything, so it never raises.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["distribution"]

log = logging.getLogger("modulepickle")


@cache
def distribution(module_top_name: str) -> tuple[str, str] | None:
    """Return name and version of the installed distribution that provides a top-level module.

    None if nothing does. Where several do (a namespace package), it is the first on `sys.path`.
    Remembered for the process.
    """
    try:
        found = _by_its_name(module_top_name) or _providers().get(module_top_name)
        if found is None or not found.metadata["Name"]:
            return None
        return str(found.metadata["Name"]), str(found.version)
    except Exception as error:  # metadata is whatever installers and people left on the disk
        log.debug("cannot tell which distribution provides %s: %r", module_top_name, error)
        return None


def _by_its_name(top: str) -> Distribution | None:
    """Return the distribution named like the module, if it provides it. Most do; it is quick."""
    from importlib import metadata  # not at the top: it takes as long to import as all of ours

    try:
        found = metadata.distribution(top)
    except (metadata.PackageNotFoundError, ValueError):
        return None
    return found if top in _provides(found) else None


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


def _provides(found: Distribution) -> set[str]:
    """Return the top-level names of a distribution: as it declares them, else by its files."""
    declared = _text(found, "top_level.txt").split()
    if declared:
        return set(declared)
    record = _text(found, "RECORD") or _text(found, "installed-files.txt")
    return {name for line in record.splitlines() if (name := _top_of(line))}


def _text(found: Distribution, name: str) -> str:
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
