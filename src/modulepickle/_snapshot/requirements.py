"""What a snapshot requires: local packages, and what is installed.

They are found from the names that its files mention. Only where the answer depends on real imports
are files parsed, the smallest first, until one imports the name. For installed distributions, which
are only reported, a file is parsed no further than the name.

Outside API: `Requirements`, `included`, `mentioned`, `requirements_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from modulepickle._base.errors import Problem
from modulepickle._local.distributions import distribution, portion
from modulepickle._local.doubts import by_name
from modulepickle._local.finder import Finder, LocalPackage
from modulepickle._local.patterns import is_plain
from modulepickle._snapshot.accidents import uses
from modulepickle._snapshot.files import File
from modulepickle._snapshot.texts import NamedPackage

__all__ = ["LEFT_OUT", "Requirements", "distributions", "included", "mentioned", "requirements_of"]

LEFT_OUT: Final = "left it out by "
"""How the requirement of a module that stays at home begins. The loader reads it."""


class Requirements(NamedTuple):
    """What a snapshot requires.

    Attributes:
        packages: the local packages, sorted.
        others: top-level name, or the part of a namespace package -> "distribution version" of what
        is installed here (R15), sorted.
        notices: warnings about what it imports and what goes by name.
        named: the packages that no statement imports, but a string names.
    """

    packages: tuple[LocalPackage, ...]
    others: dict[str, str]
    notices: tuple[Problem, ...] = ()
    named: tuple[NamedPackage, ...] = ()

    def with_named(self, named: Iterable[NamedPackage]) -> Requirements:
        """Return the same with the packages that strings name."""
        new = tuple(each for each in named if each.package not in self.packages)
        if not new:
            return self
        packages = tuple(sorted({*self.packages, *(each.package for each in new)}))
        return self._replace(packages=packages, named=new)

    def without(self, lost: dict[LocalPackage, Problem | None]) -> Requirements:
        """Return the same without packages that cannot travel, and with the warnings about that."""
        return self._replace(
            packages=tuple(each for each in self.packages if each not in lost),
            notices=(*self.notices, *filter(None, lost.values())),
        )


def distributions(requirements: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Return those of a snapshot's requirements that are "distribution version"."""
    texts = {name: each for name, each in requirements if isinstance(each, str)}
    return {name: texts[name] for name in texts if not texts[name].startswith(LEFT_OUT)}


def mentioned(own: str, files: Iterable[File]) -> dict[str, list[File]]:
    """Return top-level name -> the files of the package `own` that mention it, smallest first."""
    from modulepickle._snapshot.mentions import RELATIVE  # not at the top, as in `_snapshot.files`

    found: dict[str, list[File]] = {}
    for file in sorted(files, key=lambda file: file.size):
        for name in file.mentions:
            found.setdefault(own.partition(".")[0] if name == RELATIVE else name, []).append(file)
    return found


def requirements_of(own: str, mentions: dict[str, list[File]], finder: Finder) -> Requirements:
    """Return what a package requires, without itself, whose name is `own`."""
    packages: set[LocalPackage] = {*included(finder)}
    others: dict[str, str] = {}
    notices: list[Problem] = []
    for name, files in sorted(mentions.items()):
        top = finder.top(name)
        if top.portions:
            named = dict.fromkeys(_imported(name, files))
            found = {each: finder.package(each) for each in named}
            packages.update(package for package in found.values() if package is not None)
            for each in found:
                if found[each] is None:
                    packages.update(_used_of(each, files, finder))
            lacking = [portion(each) for each in found if found[each] is None]
            parts = {part[0]: " ".join(part[1]) for part in lacking if part is not None}
            others.update(parts)
            is_other = bool(lacking) and not parts
        else:
            package = top.package or top.alias_of
            if (
                package is not None
                and package.name != own
                and any(True for _ in _imported(name, files))
            ):
                packages.add(package)
            is_other = top.is_installed or name == "modulepickle"
        known = distribution(name) if is_other else None
        if known is not None and any(file.seems_to_import(name) for file in files):
            others[name] = " ".join(known)
        doubt = by_name(name, finder) if is_other and known is None else None
        importing = [file for file in files if doubt and file.seems_to_import(name)]
        if doubt is not None and importing:
            chain = (f"package `{own}`", f"import at {importing[0].place_of(name)}")
            notices.append(doubt._replace(chain=chain))
    found_packages = tuple(sorted(package for package in packages if package.name != own))
    others = {name: others[name] for name in sorted(others)}
    return Requirements(found_packages, others, tuple(notices))


def _used_of(namespace: str, files: Iterable[File], finder: Finder) -> Iterator[LocalPackage]:
    """Yield the local packages that files reach as attributes of a namespace package.

    If it is used itself, as in `pkgutil.iter_modules(acme.__path__)`, all in it count.
    """
    for file in files:
        if namespace not in file.imports:
            continue
        for chain in uses(file, namespace):
            rest = chain[len(namespace) + 1 :]
            if chain == namespace or (chain.startswith(f"{namespace}.") and rest[:2] == "__"):
                yield from finder.parts_of(namespace)
            elif chain.startswith(f"{namespace}."):
                package = finder.package(chain)
                if package is not None:
                    yield package


def included(finder: Finder) -> Iterator[LocalPackage]:
    """Yield the packages that the policy names: each is a requirement of whatever travels."""
    for name in filter(is_plain, finder.policy.include):
        package = finder.package(name)
        if package is not None:
            yield package


def _imported(top: str, files: Iterable[File]) -> Iterable[str]:
    """Yield the dotted names below a top-level name that files import."""
    for file in files:
        yield from (name for name in file.imports if name.partition(".")[0] == top)
