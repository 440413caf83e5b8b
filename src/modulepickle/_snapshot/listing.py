"""The files that a local package has on disk: what travels, by name, with the stat of each.

A walk costs one stat a file, and no read. It leaves out what never travels, and what the policy
ignores; links are followed as long as they stay in the working tree.

Outside API: `listing`, `Found`, `Key`, `Vanished`, `key_of`, `unreadable`; and `Walk`, for those
who want to know what is left out. Nothing here imports user code.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final, NamedTuple

from modulepickle._base.errors import Problem, Reason
from modulepickle._local.finder import LocalPackage
from modulepickle._local.policy import Policy
from modulepickle._local.tree import working_tree

__all__ = ["Found", "Key", "Vanished", "Walk", "key_of", "listing", "unreadable"]

Key = tuple[int, int, int, int]
"""Size in bytes, mtime in ns, ctime in ns, inode."""


class Found(NamedTuple):
    """One file of a package, as listed."""

    name: str
    """Archive-relative POSIX path: `helpers/data/table.csv`."""
    path: str
    """Absolute, on this disk."""
    key: Key


class Vanished(Exception):
    """A file was gone when its turn came: list the package again."""


def key_of(found: os.stat_result) -> Key:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def unreadable(path: str, error: OSError) -> Problem:
    remedy = f'make it readable, or leave it out: Policy(ignore=("{os.path.basename(path)}",))'
    return Problem(Reason.UNREADABLE, path, error.strerror or str(error), remedy)


def listing(
    package: LocalPackage,
    policy: Policy,
    problems: list[Problem],
    walked: list[tuple[str, Key | None]] | None = None,
) -> tuple[Found, ...]:
    """Return the files of a local package, sorted by name: one stat a file, and no read.

    Left out are `__pycache__`, bytecode that has its source beside it, names that begin with a dot,
    and what the policy ignores. Links are followed as long as they stay in the working tree. What
    cannot travel is added to `problems`; to `walked`, each folder and its stat before it was read,
    and each symbolic link, with None.
    """
    if not package.is_package:
        return _single(package, problems)
    walk = Walk(package, policy, problems)
    walk.walked = [] if walked is None else walked
    found: dict[str, Found] = {}
    for folder in package.paths:  # where a package has several, the first that has a file wins
        for file in walk.files(folder):
            found.setdefault(file.name, file)
    files = tuple(found[name] for name in sorted(found))
    problems += _clashes(files, walk.stem)
    return files


def _single(package: LocalPackage, problems: list[Problem]) -> tuple[Found, ...]:
    """Return the one file of a single-file module, named by the module and not by the disk."""
    (path,) = package.paths
    stem = package.name.rpartition(".")[2]
    base = os.path.basename(path)
    suffix = base[len(stem) :] if base.startswith(f"{stem}.") else os.path.splitext(base)[1]
    try:
        return (Found(package.name.replace(".", "/") + suffix, path, key_of(os.stat(path))),)
    except OSError as error:
        problems.append(unreadable(path, error))
        return ()


class Walk:
    """One walk over the folders of a package; collects all problems on its way."""

    def __init__(self, package: LocalPackage, policy: Policy, problems: list[Problem]) -> None:
        self.problems = problems
        self.stem = package.name.replace(".", "/")
        self.walked: list[tuple[str, Key | None]] = []
        self._policy = policy
        self._homes = tuple(os.path.realpath(path) for path in package.paths)

    def files(self, folder: str) -> Iterator[Found]:
        yield from self._folder(folder, "", (os.path.realpath(folder),))

    def _folder(self, folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[Found]:
        """Yield the files below a folder. `above`: real paths of the folders that it stands in."""
        try:
            self.walked.append((folder, key_of(os.stat(folder))))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if prefix and isinstance(error, FileNotFoundError):
                return  # deleted meanwhile
            self.problems.append(unreadable(folder, error))
            return
        names = {entry.name for entry in listed}
        for entry in listed:
            relative = prefix + entry.name
            if not self._leaves_out(entry.name, relative, names):
                try:
                    yield from self._entry(entry, relative, above)
                except FileNotFoundError:
                    continue  # it was deleted meanwhile, as temporary files of editors are
                except OSError as error:
                    self.problems.append(unreadable(entry.path, error))

    def _leaves_out(self, name: str, relative: str, beside: set[str]) -> bool:
        return _is_left_out(name, beside) or self._policy.ignores(relative)

    def _entry(
        self, entry: os.DirEntry[str], relative: str, above: tuple[str, ...]
    ) -> Iterator[Found]:
        if "\\" in relative or not _is_unicode(relative):
            self._problem(Reason.BAD_NAME, entry.path, relative)
            return
        if entry.is_symlink():
            self.walked.append((entry.path, None))
            if not self._follows(entry.path, relative, above):
                return
        if entry.is_dir():
            yield from self._folder(entry.path, relative + "/", (*above, _real(entry)))
            return
        info = entry.stat()
        if stat.S_ISREG(info.st_mode):
            yield Found(f"{self.stem}/{relative}", entry.path, key_of(info))
        else:
            self._problem(Reason.SPECIAL_FILE, entry.path, relative)

    def _follows(self, path: str, relative: str, above: tuple[str, ...]) -> bool:
        """Tell whether a link stays in the tree and leads to something new."""
        real = os.path.realpath(path)
        inside = any(_under(real, home) for home in self._homes) or working_tree().holds(real)
        if real in above or any(_under(home, real) for home in self._homes):
            self._problem(Reason.LINK_CYCLE, path, relative, f"leads back to {real}")
        elif not inside:
            self._problem(Reason.LINK_LEAVES_TREE, path, relative, f"leads to {real}")
        elif os.path.exists(real):
            return True
        else:
            self._problem(Reason.UNREADABLE, path, relative, f"leads to nothing: {real}")
        return False

    def _problem(self, reason: Reason, path: str, relative: str, detail: str = "") -> None:
        remedy = f'remove it, or leave it out: Policy(ignore=("{relative}",))'
        self.problems.append(Problem(reason, path, detail, remedy))


def _real(entry: os.DirEntry[str]) -> str:
    return os.path.realpath(entry.path) if entry.is_symlink() else entry.path


def _under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _is_left_out(name: str, beside: set[str]) -> bool:
    """Tell whether a name never travels: hidden, or bytecode whose source is there."""
    if name.startswith(".") or name == "__pycache__":
        return True
    return name.endswith((".pyc", ".pyo")) and name[:-1] in beside


def _is_unicode(name: str) -> bool:
    """Tell whether a name is text: undecodable bytes are lone surrogates (PEP 383)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clashes(files: tuple[Found, ...], stem: str) -> Iterator[Problem]:
    """Yield the names that are one on a disk that ignores case: one would overwrite the other.

    Two folders may well be one there, but not a folder and a file.
    """
    seen: dict[str, str] = {}
    for file in files:
        folder = file.name.rpartition("/")[0]
        while len(folder) > len(stem) and folder.casefold() not in seen:
            seen[folder.casefold()] = file.name
            folder = folder.rpartition("/")[0]
    for file in files:
        other = seen.setdefault(file.name.casefold(), file.name)
        if other != file.name:
            ignored = f'Policy(ignore=("{file.name[len(stem) + 1 :]}",))'
            remedy = f"rename one, or leave it out: {ignored}"
            yield Problem(Reason.NAMES_CLASH, file.name, f"and {other}", remedy)


def is_racy(key: Key, read_ns: int) -> bool:
    """Tell whether a file, read from a time on, may have changed since and bear the same stat."""
    latest = max(key[1], key[2])
    tick = TICK_NS if latest % 1_000_000_000 else COARSE_TICK_NS
    return latest > read_ns - tick


TICK_NS: Final = 50_000_000
"""Longest tick of the clock of a file system that keeps nanoseconds (Windows: 16 ms), and some."""


COARSE_TICK_NS: Final = 2_000_000_000
"""The same where times are whole seconds (FAT, some network file systems), in ns."""
