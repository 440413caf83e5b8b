"""Files that a snapshot uses, and that may be missing or different on the receiver (R15).

Outside API: `may_differ`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES

from modulepickle._base.errors import Problem, Reason
from modulepickle._local.finder import IMPORTABLE, LocalPackage
from modulepickle._local.policy import Policy
from modulepickle._snapshot.beside import data_above, data_at_home, seems_to_look
from modulepickle._snapshot.files import File

__all__ = ["may_differ"]


def may_differ(package: LocalPackage, files: dict[str, File], policy: Policy) -> Iterator[Problem]:
    """Yield the warnings about the files of a package, by archive-relative path."""
    yield from _compiled(package.name, files)
    yield from _named(package, policy)
    yield from _not_with_it(package, files, policy)


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


def _looked_for(
    package: LocalPackage, files: dict[str, File], policy: Policy
) -> Iterator[tuple[str, str]]:
    """Yield the files outside of a package that its modules open by their place, behind the names
    of these."""
    looking = [file for file in files.values() if file.has_place and seems_to_look(file.content())]
    if not looking:
        return
    from modulepickle._snapshot.places import looked_for  # few packages do that

    home = root = package.paths[0]
    for _ in package.name.split("."):
        root = os.path.dirname(root)
    explained: dict[str, set[str]] = {}
    for name, path in looked_for(files, root, explained):
        inside = os.path.relpath(path, root).replace(os.sep, "/")
        is_left = policy.ignores(os.path.basename(path)) or path.endswith(IMPORTABLE)
        if not (inside in files or is_left or _is_of(package, path)):
            yield name, path
    for file in looking if package.is_package else ():
        here = os.path.dirname(os.path.join(root, *file.name.split("/")))
        for path in data_above(file.content(), here, home, explained.get(file.name, set())):
            yield file.name, path


def _is_of(package: LocalPackage, path: str) -> bool:
    """Tell whether a path is in a package, or is a folder around it, or a pattern for all there."""
    around = path if "." in os.path.basename(path) else path.rstrip("*").rstrip(os.sep)
    return any(
        f"{home}{os.sep}".startswith(f"{around}{os.sep}")
        or (package.is_package and path.startswith(home + os.sep))
        for home in package.paths
    )


def _not_with_it(
    package: LocalPackage, files: dict[str, File], policy: Policy
) -> Iterable[Problem]:
    """Yield the files that modules open by their place, and that are not in their package."""
    seen = {os.path.normpath(each) for each in data_at_home(package, policy)}
    for name, path in _looked_for(package, files, policy):
        if path not in seen:
            seen.add(path)
            detail = f"{name} looks for it outside of its package, but it does not travel"
            remedy = "move it into the package, and open it from there"
            yield Problem(Reason.LEFT_OUT, path, detail, remedy)


def _named(package: LocalPackage, policy: Policy) -> Iterable[Problem]:
    """Yield the files that a single-file module opens by its place, and that stay at home."""
    for path in data_at_home(package, policy):
        detail = f"{package.name} looks for it beside itself, but it does not travel"
        remedy = "make the module a package, and put the file into it under a plain name"
        yield Problem(Reason.LEFT_OUT, path, detail, remedy)
