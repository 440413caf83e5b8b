"""What the files of a package import, where, and which of it does not travel.

`dumps` takes along what is local, and notes what is installed. It says nothing about other imports,
since they may never run; `explain` reports them. Files are parsed, never run.

Outside API: `Imported`, `imported`, `is_standard`, `is_there`.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Final, NamedTuple

from modulepickle._loader.emit import LIBRARY
from modulepickle._local.finder import STANDARD_NAMES, Finder
from modulepickle._local.policy import Policy
from modulepickle._snapshot.archive import Member, unpack
from modulepickle._snapshot.imports import computed, fault, import_lines
from modulepickle._snapshot.ref import SnapshotRef

__all__ = ["Imported", "imported", "is_standard", "is_there"]

AT_HOME: Final = "at home"
NOT_FOUND: Final = "not found"


class Imported(NamedTuple):
    """What one package imports.

    Attributes:
        places: dotted name -> "path:line" of its first import. at_home: those that the receiver
        must have although no distribution is noted for them: excluded by the policy, or not
        installed. not_found: those that are not here either. broken: "path:line (why)" of
        files that cannot be parsed, so that their imports are unknown.
        computed: "path:line" of imports by names that only a run can tell.
    """

    places: dict[str, str]
    at_home: dict[str, str]
    not_found: dict[str, str]
    broken: list[str]
    computed: list[str]


def imported(
    shipped: SnapshotRef, files: list[Member], policy: Policy, finder: Finder | None
) -> Imported:
    """Return what a snapshot's files import. `finder`: None if it was itself received."""
    found = Imported({}, {}, {}, [], [])
    for file in files:
        stem, _, suffix = file.path.rpartition(".")
        if suffix != "py":
            continue
        module = stem.replace("/", ".")
        source = unpack(file, file.size)
        lines = import_lines(source, module.removesuffix(".__init__"), module.endswith(".__init__"))
        found.computed.extend(f"{file.path}:{line}" for line in computed(source))
        why = "" if lines else fault(source)
        if why:
            found.broken.append(f"{file.path}:{why}")
        for name, line in lines.items():
            found.places.setdefault(name, f"{file.path}:{line}")
    for name, place in found.places.items() if finder is not None else ():
        kind = _kind(name, shipped, policy, finder)
        if kind is not None:
            into = found.at_home if kind is AT_HOME else found.not_found
            into.setdefault(_shortest(name, policy), place)
    return found


def _kind(name: str, shipped: SnapshotRef, policy: Policy, finder: Finder | None) -> str | None:
    """Return what a report says of an import, or None if the module is there."""
    top = name.partition(".")[0]
    if top == shipped.name.partition(".")[0] or top in STANDARD_NAMES or top == LIBRARY:
        return None  # of the library, a stand-in travels
    if policy.excludes(name):
        return AT_HOME
    if finder is None or any(each.partition(".")[0] == top for each in shipped.requirements):
        return None
    found = finder.top(top)
    if found.package is not None or found.portions:
        return None
    if found.is_installed:
        return AT_HOME
    return None if is_there(top) else NOT_FOUND


def _shortest(name: str, policy: Policy) -> str:
    """Return as much of a dotted name as the policy excludes, or its first part."""
    parts = name.split(".")
    prefixes = (".".join(parts[: n + 1]) for n in range(len(parts)))
    return next((each for each in prefixes if policy.excludes(each)), parts[0])


def is_standard(top: str) -> bool:
    """Tell whether the standard library has a top-level module."""
    return top in STANDARD_NAMES


def is_there(top: str) -> bool:
    """Tell whether there is a module of a top-level name here; nothing is imported."""
    try:
        return top in sys.modules or importlib.util.find_spec(top) is not None
    except Exception:  # a finder may raise anything
        return True
