"""Patterns of `ignore` that leave nothing out and are probably misspelt: then data would travel.

That a pattern matches nothing is no fault. A project has one list for many packages, and much that
is in it, `*.log` or `build/*`, is there at times only. So a pattern counts as misspelt if what
travels has a name that is nearly its own, and nothing in the project has just that name.

Outside API: `ignores_nothing`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from modulepickle._base.errors import Problem, Reason
from modulepickle._local.finder import LocalPackage
from modulepickle._local.patterns import is_plain
from modulepickle._local.policy import Policy
from modulepickle._local.tree import INSTALLATIONS, project_root

__all__ = ["ignores_nothing"]

USUAL: Final = frozenset(
    {"bin", "build", "cache", "coverage", "dist", "doc", "docs", "env", "log", "logs", "out"}
    | {"output", "outputs", "target", "temp", "test", "tests", "tmp", "var", "venv", "wheels"}
)
"""Folders that lists of this kind have wherever they are from."""

CLOSE: Final = 0.8
"""How like two names are, by `difflib`, of which one may be meant for the other."""

MOST_FOLDERS: Final = 2_000
"""Folders of a project that are looked through; of what is in more, nothing is said."""


def ignores_nothing(
    packages: Iterable[tuple[LocalPackage, Collection[str]]], policy: Policy
) -> Iterator[Problem]:
    """Yield the patterns of `ignore` that have no effect, and seem to be meant to have one.

    Args:
        packages: each with the archive-relative paths of the files that travel.
    """
    known = [_Paths(each, files) for each, files in packages if each.is_package]
    for pattern in policy.ignore:
        hint = _hint(pattern.rstrip("/"), known)
        if hint:
            detail = f"it has no effect: {hint}"
            remedy = "correct it, or take it out of Policy(ignore=...) or ignore = [...]"
            yield Problem(Reason.NO_EFFECT, f'ignore "{pattern}"', detail, remedy)


class _Paths:
    """What travels of a package, relative to its folder.

    Attributes:
        name: its last name. files: the paths. inside: path of a folder, with a slash behind it, or
        "" -> the names in it -> whether each is a folder.
    """

    def __init__(self, package: LocalPackage, files: Collection[str]) -> None:
        stem = package.name.replace(".", "/") + "/"
        self.name = package.name.rpartition(".")[2]
        self.folders = package.paths
        self.files = [each[len(stem) :] for each in files if each.startswith(stem)]
        self.inside: dict[str, dict[str, bool]] = {"": {}}
        for path in self.files:
            folder, _, name = path.rstrip("/").rpartition("/")
            is_folder = path.endswith("/")
            while name:
                above = f"{folder}/" if folder else ""
                self.inside.setdefault(above, {})[name] = is_folder
                folder, _, name = folder.rpartition("/")
                is_folder = True


def _hint(pattern: str, packages: list[_Paths]) -> str:
    """Return what may be meant by a pattern; "" if it may well mean what it says."""
    first, _, rest = pattern.partition("/")
    for each in packages:
        outside = not any(os.path.exists(f"{folder}/{first}") for folder in each.folders)
        if rest and first == each.name and outside:
            return f'paths begin inside the package: write "{rest}"'
    found = next(filter(None, (_near(pattern, each) for each in packages)), "")
    folders = [folder for each in packages for folder in each.folders]
    return "" if found and _is_somewhere(pattern, folders) else found


def _near(pattern: str, package: _Paths) -> str:
    """Return what of a package may be meant by a pattern."""
    parts = pattern.split("/")
    here = ""
    for number, part in enumerate(parts):
        names = package.inside.get(here, {})
        rest = parts[number + 1 :]
        if not is_plain(part):
            return "" if rest else _near_suffix(part, here, package.files)
        if part not in names:
            meant = _close(part, [name for name in names if names[name] or not rest])
            if meant and not _is_another(part, meant, here, package):
                path = here + "/".join([meant, *rest])
                return f"there is no such path; did you mean {path!r}?"
            return _deeper(pattern, package.files)
        here += f"{part}/"
    return ""


def _is_another(part: str, meant: str, here: str, package: _Paths) -> bool:
    """Tell whether two names, of one thing and of many, are of two things.

    `models/*` may be what a module in `model` writes.
    """
    inside = package.inside.get(f"{here}{meant}/", {})
    return f"{part}s".startswith(meant) and f"{meant}s".startswith(part) and "__init__.py" in inside


def _near_suffix(part: str, here: str, files: list[str]) -> str:
    """Return what may be meant by `*.cvs`: a suffix of files with two letters swapped."""
    head, _, suffix = part.rpartition(".")
    if head != "*" or len(suffix) < 3 or not is_plain(suffix):
        return ""
    pairs = ((suffix[:n], suffix[n : n + 2], suffix[n + 2 :]) for n in range(len(suffix) - 1))
    swaps = {before + pair[::-1] + after for before, pair, after in pairs}
    for path in files:
        found = path.rpartition(".")[2] if path.startswith(here) else suffix
        if found != suffix and (found in swaps or found.lower() == suffix.lower()):
            return f"no file ends like this; did you mean '{here}*.{found}'?"
    return ""


def _deeper(pattern: str, files: list[str]) -> str:
    """Return the hint that a file of this name stands further below."""
    found = [path for path in files if path.endswith(f"/{pattern}")]
    if not found or not is_plain(pattern) or "." not in pattern:
        return ""
    meant = found[0] if len(found) == 1 else f"*/{pattern}"
    return f'paths begin inside the package: write "{meant}"'


def _close(name: str, names: list[str]) -> str:
    """Return the one of some names that another one is probably meant for."""
    if name.startswith(".") or name.lower() in USUAL:
        return ""
    for each in names:
        if each.lower() == name.lower():
            return each
    import difflib  # not at the top: it is needed for these messages only

    bare = _without_digits(name)  # `2024` is no misspelt `2023`
    names = [each for each in names if _without_digits(each) != bare]
    return next(iter(difflib.get_close_matches(name, names, 1, CLOSE)), "")


def _without_digits(name: str) -> str:
    return "".join(each for each in name if not each.isdigit())


def _is_somewhere(pattern: str, folders: Iterable[str]) -> bool:
    """Tell whether a pattern matches something in a project, whichever packages have it."""
    parts = pattern.split("/")
    is_anywhere = not is_plain(parts[0])
    roots = {project_root(folder) or os.path.dirname(folder): None for folder in folders}
    todo = [*dict.fromkeys([*folders, *roots])]
    for number, folder in enumerate(todo):  # grows as it is read
        if number >= MOST_FOLDERS:
            return True
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        if is_anywhere:
            if any(fnmatchcase(name, parts[-1]) for name in names):
                return True
        elif parts[0] in names and _has(folder, parts):
            return True
        # Inside a package, a pattern begins at the top.
        if is_anywhere or folder in roots or "__init__.py" not in names:
            todo += _below(folder, names)
    return False


def _has(folder: str, parts: list[str]) -> bool:
    """Tell whether a folder has what a pattern that begins with a name matches."""
    number = next((n for n, part in enumerate(parts) if not is_plain(part)), len(parts))
    top, rest = os.path.join(folder, *parts[:number]), "/".join(parts[number:])
    if not rest.strip("*"):
        return os.path.lexists(top)
    for seen, (here, folders, files) in enumerate(os.walk(top)):
        inside = "" if here == top else os.path.relpath(here, top).replace(os.sep, "/") + "/"
        if seen > MOST_FOLDERS or any(fnmatchcase(inside + n, rest) for n in (*folders, *files)):
            return True
    return False


def _below(folder: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the folders in a folder that may hold packages, or parts of one."""
    for name in sorted(names):
        path = os.path.join(folder, name)
        if name.startswith(".") or name in INSTALLATIONS or name in ("__pycache__", "node_modules"):
            continue
        is_own = not os.path.islink(path) and not os.path.exists(os.path.join(path, "pyvenv.cfg"))
        if is_own and os.path.isdir(path):
            yield path
