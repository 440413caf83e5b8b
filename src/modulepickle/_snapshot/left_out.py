"""What of a package stays at home, and by which rule.

The walk is that of `_snapshot.listing`, so that the two cannot disagree; here it takes notes.

Outside API: `check_kept`, `left_out`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._local.finder import IMPORTABLE, LocalPackage
from modulepickle._local.policy import Policy
from modulepickle._snapshot.listing import Walk

__all__ = ["check_kept", "left_out"]


class _Notes(Walk):
    """A walk that notes what it leaves out."""

    def __init__(self, package: LocalPackage, policy: Policy) -> None:
        problems: list[Problem] = []
        super().__init__(package, policy, problems)
        self.found: dict[str, str] = {}

    def _leaves_out(self, name: str, relative: str, beside: set[str]) -> bool:
        if not super()._leaves_out(name, relative, beside):
            return False
        self.found[relative] = _rule(name, relative, self._policy)
        return True


def left_out(package: LocalPackage, policy: Policy) -> dict[str, str]:
    """Return path in the package -> the rule that leaves it out; a folder stands for all in it."""
    notes = _Notes(package, policy)
    for folder in package.paths if package.is_package else ():
        for _ in notes.files(folder):
            pass
    return {path: notes.found[path] for path in sorted(notes.found)}


def check_kept(module: str, package: LocalPackage, policy: Policy) -> None:
    """Raise if the file of a module that something is taken from stays at home.

    Args:
        module: dotted name, imported here. package: the package that it stands in.

    Raises:
        PackagingError: the receiver could not import it.
    """
    file: Any = getattr(sys.modules.get(module), "__file__", None)
    for folder in package.paths if package.is_package and isinstance(file, str) else ():
        inside = os.path.relpath(file, folder).replace(os.sep, "/")
        if (
            not inside.startswith("../")
            and policy.ignores(inside)
            and not _other(file, folder, policy)
        ):
            pattern = next(each for each in policy.ignore if Policy(ignore=(each,)).ignores(inside))
            detail = f'its file {file} is left out by ignore "{pattern}"'
            remedy = "let the pattern match less, or send something else of the package"
            raise PackagingError([Problem(Reason.LEFT_OUT, module, detail, remedy)])


def _other(file: str, folder: str, policy: Policy) -> bool:
    """Tell whether another file of the same module travels: the source of a compiled one."""
    here, name = os.path.split(file)
    stem = name.partition(".")[0]
    return any(
        each.partition(".")[0] == stem
        and each.endswith(IMPORTABLE)
        and not policy.ignores(
            os.path.relpath(os.path.join(here, each), folder).replace(os.sep, "/")
        )
        for each in os.listdir(here)
    )


def _rule(name: str, relative: str, policy: Policy) -> str:
    if name == "__pycache__":
        return "__pycache__"
    if name.startswith("."):
        return "its name begins with a dot"
    for pattern in policy.ignore:
        if Policy(ignore=(pattern,)).ignores(relative):
            return f'ignore "{pattern}"'
    return "bytecode, and its source is there"
