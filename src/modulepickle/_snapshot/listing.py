"""The files that a local package has on disk: what travels, by name, with the stat of each.

A walk costs one stat a file, and no read. It leaves out what never travels, and what the policy
ignores; links are followed as long as they stay in the working tree.

Outside API: `listing`, `Found`, `Key`, `Vanished`, `key_of`, `unreadable`; and `Walk`, for those
who want to know what is left out. Nothing here imports user code.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final, NamedTuple

from modulepickle._base.errors import Problem, Reason
from modulepickle._base.reading import note
from modulepickle._local.finder import LocalPackage
from modulepickle._local.policy import Policy
from modulepickle._local.tree import WorkingTree, working_tree
from modulepickle._snapshot.beside import Beside, beside
from modulepickle._snapshot.metadata import metadata_files
from modulepickle._snapshot.zipped import zipped_files

__all__ = ["Found", "Key", "Vanished", "Walk", "key_of", "listing", "unreadable"]

Key = tuple[int, int, int, int, int]
"""Size in bytes, mtime in ns, ctime in ns, inode, mode."""

EXECUTABLE: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH

MOST: Final = 65_535
"""Files that a package may have: as many as a zip file without its 64-bit extension."""

MOST_VISITS: Final = 64
"""How often a walk may come to one folder. Links that fan out lead to it in ever more ways."""


LONGEST: Final = 900
"""Characters of a path in a package. macOS takes 1,023 bytes with the cache folder before it."""

NO_KEY: Final = (-1, 0, 0, 0, 0)


class Found(NamedTuple):
    """One file of a package, or one of its folders that is empty, as listed."""

    name: str
    """Archive-relative POSIX path: `helpers/data/table.csv`; that of a folder ends in a slash."""
    path: str
    """Absolute, on this disk."""
    key: Key
    content: bytes | None = None
    """The content that travels, if it is not that of the file."""

    @property
    def is_folder(self) -> bool:
        """Tell whether it is an empty folder."""
        return self.name.endswith("/")

    @property
    def size(self) -> int:
        """Return the bytes of content that travel."""
        if self.content is not None:
            return len(self.content)
        return 0 if self.is_folder else self.key[0]

    @property
    def is_executable(self) -> bool:
        """Tell whether it is a file that somebody may execute."""
        return bool(self.key[4] & EXECUTABLE) and not self.is_folder and self.content is None


class Vanished(Exception):
    """A file was gone when its turn came: list the package again."""


def key_of(found: os.stat_result) -> Key:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode


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
    walked = [] if walked is None else walked
    found = {file.name: file for file in _metadata(package, walked)}
    walk = Walk(package, policy, problems)
    walk.walked = walked
    if package.archive:
        return _zipped(package, policy, problems, walked)
    if not package.is_package:
        found.update((file.name, file) for file in _single(package, problems))
    for folder in package.paths if package.is_package else ():
        for file in walk.files(folder):  # of several folders, the first that has a file wins
            found.setdefault(file.name, file)
    for file in _beside(package, policy, [*found.values()], walked):
        found.setdefault(file.name, file)
    files = tuple(found[name] for name in sorted(found))
    problems += _clashes(files, walk.stem)
    return files


def _zipped(
    package: LocalPackage,
    policy: Policy,
    problems: list[Problem],
    walked: list[tuple[str, Key | None]],
) -> tuple[Found, ...]:
    """Return the files of a package that is in a zip archive."""
    info = _watch(walked)(package.archive)
    key = NO_KEY if info is None else key_of(info)
    found = zipped_files(package, policy, problems)
    files = tuple(Found(name, path, key, content) for name, path, content in found)
    problems += _clashes(files, package.name.replace(".", "/"))
    return tuple(sorted(files))


def _watch(walked: list[tuple[str, Key | None]]) -> Callable[[str], os.stat_result | None]:
    """Return a function that stats a path, and notes that the listing depends on it."""

    def watch(path: str) -> os.stat_result | None:
        try:
            info = os.stat(path)
        except OSError as error:
            note(error)
            if all(each != os.path.dirname(path) for each, _ in walked):
                walked.append((path, None))  # else its folder changes when it is there again
            return None
        walked.append((path, key_of(info)))
        return info

    return watch


def _beside(
    package: LocalPackage,
    policy: Policy,
    files: list[Found],
    walked: list[tuple[str, Key | None]],
) -> Iterator[Found]:
    """Yield what travels beside a package."""
    known = [Beside(file.name, file.path) for file in files]
    for name, path in beside(package, policy, known, _watch(walked)):
        try:
            info = os.stat(path)
        except OSError as error:
            note(error)
            continue
        if stat.S_ISREG(info.st_mode) and "\\" not in name and _is_unicode(name):
            yield Found(name, path, key_of(info))


def _metadata(package: LocalPackage, walked: list[tuple[str, Key | None]]) -> Iterator[Found]:
    """Yield what travels of the metadata of the distribution that provides a package."""
    for file in metadata_files(package.metadata, _watch(walked)) if package.metadata else ():
        yield Found(file.name, file.path, dict(walked)[file.path] or NO_KEY, file.content)


def _single(package: LocalPackage, problems: list[Problem]) -> tuple[Found, ...]:
    """Return the file of a single-file module, named after the module and not as on disk."""
    (path,) = package.paths
    stem = package.name.rpartition(".")[2]
    base = os.path.basename(path)
    suffix = base[len(stem) :] if base.startswith(f"{stem}.") else os.path.splitext(base)[1]
    try:
        info = os.stat(path)
    except OSError as error:
        problems.append(unreadable(path, error))
        return ()
    if not stat.S_ISREG(info.st_mode):
        problems.append(Problem(Reason.SPECIAL_FILE, path, remedy="put a file in its place"))
        return ()
    return (Found(package.name.replace(".", "/") + suffix, path, key_of(info)),)


class _Folder:
    """A folder that a walk is in.

    Attributes:
        path: on this disk. prefix: its path in the package, with a slash behind it; "" at the top.
        above: real paths of the folders that it stands in, and its own.
        names: of all that is in it. entries: those that are still to be looked at.
        has: whether something in it travels. is_residue: whether it has only bytecode that was left
        behind, and what the policy leaves out.
    """

    __slots__ = ("above", "entries", "has", "is_residue", "key", "names", "path", "prefix")

    def __init__(self, path: str, prefix: str, above: tuple[str, ...], key: Key) -> None:
        self.path, self.prefix, self.above, self.key = path, prefix, above, key
        with os.scandir(path) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        self.names = {entry.name for entry in listed}
        self.entries = iter(listed)
        self.has = False
        self.is_residue = bool(listed)


class Walk:
    """One walk over the folders of a package; collects all problems on its way."""

    def __init__(self, package: LocalPackage, policy: Policy, problems: list[Problem]) -> None:
        self.problems = problems
        self.stem = package.name.replace(".", "/")
        self._name = package.name
        self.walked: list[tuple[str, Key | None]] = []
        self._policy = policy
        self._homes = tuple(os.path.realpath(path) for path in package.paths)
        self._visits: dict[tuple[int, int], int] = {}

    @cached_property
    def _tree(self) -> WorkingTree:
        return working_tree()

    def files(self, folder: str) -> Iterator[Found]:
        """Yield the files below a folder, and the folders that are empty.

        It is not recursive, since folders may be nested more deeply than Python's stack.
        """
        inside = self._enter(folder, "", (os.path.realpath(folder),))
        stack = [] if inside is None else [inside]
        number = 0
        while stack:
            here = stack[-1]
            entry = next(here.entries, None)
            if entry is None:
                stack.pop()
                found = self._left(here, stack[-1] if stack else None)
            else:
                found = self._looked_at(entry, here, stack)
            if found is not None:
                number += 1
                here.has = True
                yield found
            if number > MOST:
                self._too_many()
                return

    def _enter(self, path: str, prefix: str, above: tuple[str, ...]) -> _Folder | None:
        """Return a folder that is to be walked; None if it cannot be read, or is gone."""
        try:
            info = os.stat(path)
            where = info.st_dev, info.st_ino
            visits = self._visits[where] = self._visits.get(where, 0) + 1
            if visits > MOST_VISITS and info.st_ino:  # 0 where the system has no such numbers
                if visits == MOST_VISITS + 1:
                    detail = f"links lead to it by more than {MOST_VISITS} ways"
                    self._problem(Reason.LINK_CYCLE, path, prefix.rstrip("/"), detail)
                return None
            self.walked.append((path, key_of(info)))
            return _Folder(path, prefix, above, key_of(info))
        except OSError as error:
            if not prefix or not isinstance(error, FileNotFoundError):  # else deleted meanwhile
                self.problems.append(unreadable(path, error))
            return None

    def _left(self, folder: _Folder, above: _Folder | None) -> Found | None:
        """Return a folder after its last entry if it is empty, and travels."""
        if above is None:
            return None
        above.has |= folder.has
        if folder.has or folder.is_residue:
            above.is_residue &= folder.is_residue and not folder.has
            return None
        above.is_residue, above.has = False, True
        return Found(f"{self.stem}/{folder.prefix}", folder.path, folder.key)

    def _looked_at(
        self, entry: os.DirEntry[str], here: _Folder, stack: list[_Folder]
    ) -> Found | None:
        """Return an entry that is a file; put one that is a folder on the stack."""
        relative = here.prefix + entry.name
        if self._leaves_out(entry.name, relative, here.names):
            # What the policy leaves out does not exist there, nor does a folder that holds nothing
            # else.
            is_none = not _is_left_out(entry.name, here.names)
            here.is_residue &= is_none or entry.name == "__pycache__"
            return None
        try:
            if self._is_bad(entry, relative, here.above):
                return None
            if entry.is_dir():
                inside = self._enter(entry.path, relative + "/", (*here.above, _real(entry)))
                stack += [] if inside is None else [inside]
                return None
            here.is_residue = False
            info = entry.stat()
        except FileNotFoundError:
            return None  # it was deleted meanwhile, as temporary files of editors are
        except OSError as error:
            self.problems.append(unreadable(entry.path, error))
            return None
        if stat.S_ISREG(info.st_mode):
            return Found(f"{self.stem}/{relative}", entry.path, key_of(info))
        self._problem(Reason.SPECIAL_FILE, entry.path, relative)
        return None

    def _leaves_out(self, name: str, relative: str, beside: set[str]) -> bool:
        return _is_left_out(name, beside) or self._policy.leaves_out(self._name, relative)

    def _is_bad(self, entry: os.DirEntry[str], relative: str, above: tuple[str, ...]) -> bool:
        """Tell whether an entry cannot travel because of its name, or of where it leads."""
        if "\\" in relative or not _is_unicode(relative):
            self._problem(Reason.BAD_NAME, entry.path, relative)
            return True
        if len(relative) > LONGEST:
            detail = f"its path has more than {LONGEST:,} characters: too long for other systems"
            self._problem(Reason.BAD_NAME, entry.path, relative, detail)
            return True
        if not entry.is_symlink():
            return False
        self.walked.append((entry.path, None))
        return not self._follows(entry.path, relative, above)

    def _too_many(self) -> None:
        detail = f"it has more than {MOST:,} files, and a zip can hold no more"
        remedy = 'leave files out: Policy(ignore=("data/*",))'
        self.problems.append(Problem(Reason.TOO_LARGE, self.stem.replace("/", "."), detail, remedy))

    def _follows(self, path: str, relative: str, above: tuple[str, ...]) -> bool:
        """Tell whether a link stays in the tree and leads to something new."""
        real = os.path.realpath(path)
        inside = any(_under(real, home) for home in self._homes) or self._tree.holds(real)
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
    """Yield the names that clash on a disk that ignores case: one would overwrite the other.

    Two folders may become one there, but not a folder and a file.
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
    """Tell whether a file may have changed after it was read, without a change of its stat."""
    latest = max(key[1], key[2])
    tick = TICK_NS if latest % 1_000_000_000 else COARSE_TICK_NS
    return latest > read_ns - tick


TICK_NS: Final = 50_000_000
"""More than the longest clock tick of a file system that keeps nanoseconds (Windows: 16 ms)."""


COARSE_TICK_NS: Final = 2_000_000_000
"""The same for times in whole seconds (FAT, some network file systems), in ns."""
