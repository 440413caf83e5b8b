"""What of a package stays at home, and by which rule.

The walk is that of `_snapshot.listing`, so that the two cannot disagree. Here it takes notes.

Outside API: `left_out`, `modules_left_out`, `pattern_of`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from modulepickle._base.errors import Problem
from modulepickle._local.finder import IMPORTABLE, LocalPackage
from modulepickle._local.policy import Policy
from modulepickle._snapshot.listing import Walk

__all__ = ["left_out", "modules_left_out", "pattern_of"]


class _Notes(Walk):
    """A walk that notes what it leaves out."""

    def __init__(self, package: LocalPackage, policy: Policy) -> None:
        problems: list[Problem] = []
        super().__init__(package, policy, problems)
        self._package = package.name
        self.found: dict[str, str] = {}

    def _leaves_out(self, name: str, relative: str, beside: set[str]) -> bool:
        if not super()._leaves_out(name, relative, beside):
            return False
        self.found[relative] = _rule(self._package, name, relative, self._policy)
        return True


def left_out(package: LocalPackage, policy: Policy) -> dict[str, str]:
    """Return path in the package -> the rule that leaves it out; a folder stands for all in it."""
    notes = _Notes(package, policy)
    for folder in package.paths if package.is_package else ():
        for _ in notes.files(folder):
            pass
    return {path: notes.found[path] for path in sorted(notes.found)}


def modules_left_out(package: LocalPackage, policy: Policy) -> dict[str, str]:
    """Return dotted name -> the pattern that leaves it out, of modules, and of folders of them."""
    if not any(policy.at_home):
        return {}
    found = {}
    for path, rule in left_out(package, policy).items():
        folder, _, name = path.rpartition("/")
        is_code = name.endswith(IMPORTABLE) or "." not in name
        if is_code and rule.startswith(("ignore ", "exclude ")):
            stem = name.partition(".")[0]
            inner = [*folder.split("/")] if folder else []
            inner += [stem] if stem != "__init__" else []
            found[".".join([package.name, *inner])] = rule
    return found


def pattern_of(module: str, package: LocalPackage, policy: Policy) -> str:
    """Return the pattern that keeps a module of a package at home; "" if none does.

    Args:
        module: dotted name, imported here.
    """
    file: Any = getattr(sys.modules.get(module), "__file__", None)
    for folder in package.paths if package.is_package and isinstance(file, str) else ():
        inside = os.path.relpath(file, folder).replace(os.sep, "/")
        found = "" if inside.startswith("../") else _pattern(package.name, inside, policy)
        if found:
            return found
    return ""


def _rule(package: str, name: str, relative: str, policy: Policy) -> str:
    if name == "__pycache__":
        return "__pycache__"
    if name.startswith("."):
        return "its name begins with a dot"
    return _pattern(package, relative, policy) or "bytecode, and its source is there"


def _pattern(package: str, path: str, policy: Policy) -> str:
    """Return the pattern that leaves out a path in a package; "" if none does."""
    for pattern in policy.ignore:
        if Policy(ignore=(pattern,)).ignores(path):
            return f'ignore "{pattern}"'
    for pattern in policy.at_home[1]:
        if Policy(exclude=(pattern,)).leaves_out(package, path):
            return f'exclude "{pattern}"'
    return ""
