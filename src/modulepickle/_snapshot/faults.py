"""What in a snapshot will not work on a receiver, as far as its files show it (R15).

Three things can be known before anything is sent: that shipped code imports a module which the
policy leaves out; that a file is gone since it was imported here; that a file no longer compiles.
Of what is pickled itself, they are errors.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import SourceFileLoader
from typing import Any

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._local.finder import LocalPackage
from modulepickle._local.patterns import prefixes
from modulepickle._local.policy import Policy
from modulepickle._snapshot.files import File, module_of
from modulepickle._snapshot.imported import written_ns
from modulepickle._snapshot.left_out import pattern_of
from modulepickle._snapshot.stale import BEGAN_NS, compiles

__all__ = [
    "gone", "imports_of_gone", "imports_of_left_out", "left_out_problem", "no_longer_compiles",
    "raise_if_missing",
]  # fmt: skip


def imports_of_left_out(own: str, files: Iterable[File], left: dict[str, str]) -> Iterator[Problem]:
    """Yield what files that travel import, and what a pattern keeps at home.

    Args:
        own: name of the package. left: dotted name of a module -> the pattern.
    """
    for name, file in _importing(files, left):
        chain = f"package `{own}`", f"import at {file.place_of(name)}"
        yield left_out_problem(name, left[name], chain)


def imports_of_gone(own: str, files: Iterable[File], lost: dict[str, Problem]) -> Iterator[Problem]:
    """Yield what files that travel import, and whose own file is gone.

    Not what they try to import, and do without if there is none.

    Args:
        own: name of the package. lost: dotted name of a module -> the problem.
    """
    from modulepickle._snapshot.imports import is_tried  # few packages lose a file

    for name, file in _importing(files, lost):
        place = file.place_of(name)
        if not is_tried(file.content(), int(place.rpartition(":")[2])):
            yield lost[name]._replace(chain=(f"package `{own}`", f"import at {place}"))


def _importing(files: Iterable[File], names: Iterable[str]) -> Iterator[tuple[str, File]]:
    """Yield the dotted names that files of Python source import, or more below them."""
    words = {name: name.rpartition(".")[2].encode() for name in names}
    for file in files if words else ():
        if file.name.endswith(".py"):
            content = file.content()
            for name in [name for name, word in words.items() if word in content]:
                if any(f"{each}.".startswith(f"{name}.") for each in file.imports):
                    yield name, file


def gone(package: LocalPackage, names: frozenset[str]) -> Iterator[tuple[str, Problem]]:
    """Yield the modules of a package that are imported here and whose files are gone.

    Args:
        names: the modules of its snapshot.
    """
    prefix = f"{package.name}."
    for name, module in [*sys.modules.items()]:
        if type(name) is str and name.startswith(prefix) and name not in names:
            file = _lost_file(module, package)
            if file:
                yield name, _gone(name, file)


def _lost_file(module: Any, package: LocalPackage) -> str:
    """Return the file that a module was imported from, if it was in a package and is gone."""
    file: Any = getattr(module, "__dict__", {}).get("__file__")
    is_lost = isinstance(file, str) and not os.path.exists(file) and _is_in(file, package.paths)
    return file if is_lost else ""


def _gone(module: str, file: str) -> Problem:
    detail = f"its file {file} is gone since it was imported here"
    return Problem(
        Reason.GONE, f"`{module}`", detail, "put the file back, or start again without it"
    )


def left_out_problem(module: str, pattern: str, chain: tuple[str, ...]) -> Problem:
    """Return the problem that a module is left out by a pattern, and imported all the same."""
    detail = f"it is left out by {pattern}, and what travels imports it"
    remedy = "make the pattern narrower, or remove the import"
    return Problem(Reason.LEFT_OUT, f"`{module}`", detail, remedy, chain)


def no_longer_compiles(files: Iterable[File]) -> Iterator[tuple[str, Problem]]:
    """Yield the modules that are imported here and whose files no longer compile, and why."""
    for file in files:
        if file.is_sound or not file.name.endswith(".py") or max(file.key[1:3]) < BEGAN_NS:
            continue
        module = module_of(file.name)[0]
        spec: Any = getattr(sys.modules.get(module), "__spec__", None)
        if type(getattr(spec, "loader", None)) is not SourceFileLoader:
            continue
        why = "" if _has_compiled(spec.cached, file) else compiles(spec.origin, file)
        file.is_sound = not why
        if why:
            detail = f"its file {spec.origin} was edited after it was imported here, and {why}"
            yield module, Problem(Reason.GONE, f"`{module}`", detail, "correct the file")


def _has_compiled(cached: object, file: File) -> bool:
    """Tell whether there is bytecode younger than a file, so that an import has compiled it."""
    if file.bytecode is None:
        file.bytecode = written_ns(cached)
    return file.bytecode > max(file.key[1:3])


def raise_if_missing(
    module: str,
    names: frozenset[str],
    broken: dict[str, Problem],
    package: LocalPackage,
    policy: Policy,
) -> None:
    """Raise if the receiver could not import a module that something is taken from.

    Args:
        module: dotted name, imported here. names: the modules of the snapshot.
        broken: those that no longer compile. package, policy: what the snapshot was made of.

    Raises:
        PackagingError: if its file stays at home, is gone, or does not compile.
    """
    for name in prefixes(module, "."):
        if name in broken:
            raise PackagingError([broken[name]._replace(reason=Reason.GONE)])
    if module in names:
        return
    file: Any = getattr(sys.modules.get(module), "__file__", None)
    pattern = pattern_of(module, package, policy)
    if pattern:
        detail = f"its file {file} is left out by {pattern}"
        remedy = "make the pattern narrower, or send something else of the package"
        raise PackagingError([Problem(Reason.LEFT_OUT, module, detail, remedy)])
    if _lost_file(sys.modules.get(module), package):
        raise PackagingError([_gone(module, file)])


def _is_in(file: str, folders: Iterable[str]) -> bool:
    return any(os.path.abspath(file).startswith(folder + os.sep) for folder in folders)
