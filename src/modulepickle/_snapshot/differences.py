"""Files that a snapshot uses, and that may be missing or different on the receiver (R15).

Outside API: `may_differ`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES

from modulepickle._base.errors import Problem, Reason
from modulepickle._local.finder import LocalPackage
from modulepickle._local.policy import Policy
from modulepickle._snapshot.beside import data_above, data_at_home
from modulepickle._snapshot.files import File

__all__ = ["may_differ"]


def may_differ(package: LocalPackage, files: dict[str, File], policy: Policy) -> Iterator[Problem]:
    """Yield the warnings about the files of a package, by archive-relative path."""
    yield from _compiled(package.name, files)
    yield from _named(package, policy)
    yield from _above(package, files.values())


def _compiled(name: str, files: dict[str, File]) -> Iterable[Problem]:
    """Yield the first compiled module that imports modules of its own package."""
    for path in files:
        if not path.endswith(tuple(EXTENSION_SUFFIXES)):
            continue
        stem = path.partition(".")[0]
        told = next((f for f in (f"{stem}.pyx", f"{stem}.py", path) if f in files), path)
        module = stem.replace("/", ".").removesuffix(".__init__")
        others = [each for each in files[told].imports if f"{each}.".startswith(f"{name}.")]
        others = [each for each in others if not f"{module}.".startswith(f"{each}.")]
        if others:
            detail = (
                f"compiled code, which imports {others[0]} by itself: on a receiver that gets"
                " several versions, it may find that of another one"
            )
            remedy = "let each receiver load one version of it, or import what it needs in Python"
            yield Problem(Reason.COMPILED, module, detail, remedy)
            return


def _above(package: LocalPackage, files: Iterable[File]) -> Iterable[Problem]:
    """Yield the files above a package that its modules open by their place."""
    for file in files if package.is_package else ():
        if file.has_place:
            home = package.paths[0]
            inside = os.path.dirname(file.name[len(package.name) + 1 :])
            for path in data_above(file.content(), os.path.join(home, inside).rstrip("/"), home):
                detail = f"{file.name} looks for it above its package, but it does not travel"
                remedy = "move it into the package, and open it from there"
                yield Problem(Reason.LEFT_OUT, path, detail, remedy)


def _named(package: LocalPackage, policy: Policy) -> Iterable[Problem]:
    """Yield the files that a single-file module opens by its place, and that stay at home."""
    for path in data_at_home(package, policy):
        detail = f"{package.name} looks for it beside itself, but it does not travel"
        remedy = "make the module a package, and put the file into it under a plain name"
        yield Problem(Reason.LEFT_OUT, path, detail, remedy)
