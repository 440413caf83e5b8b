"""The files of a local package, and what is known about each: read, hashed and packed once.

A `dumps` must carry what is on disk at that moment (R5), and cost next to nothing if that is what
was carried before. So `listing` stats every file of a package, and `read` reads only those whose
stat changed. What it makes of a file (hash, deflated bytes, names in it) is kept for the process.

Like git's index, this knows that file systems have coarse clocks: a file that was written just
before it was read may be written again within the same tick, so it is read again next time.

Outside API: `listing`, `read`, `forget`, `last_read`, `File`. Nothing here imports user code.
"""

from __future__ import annotations

import os
import stat
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from modulepickle._errors import PackagingError, Problem, Reason
from modulepickle._hash import sha256
from modulepickle._policy import Policy
from modulepickle._scan import Unit
from modulepickle._tree import working_tree

__all__ = ["File", "Found", "Vanished", "Walk", "forget", "is_racy", "last_read", "listing", "read"]

LEVEL: Final = 6
"""Of deflate: within one per cent of level 9 in size, and three times as fast."""

TICK_NS: Final = 50_000_000
"""Longest tick of the clock of a file system that keeps nanoseconds (Windows: 16 ms), and some."""

COARSE_TICK_NS: Final = 2_000_000_000
"""The same where times are whole seconds (FAT, some network file systems), in ns."""

A_THREADS_WORTH: Final = 2**17
"""Bytes to read and deflate for each thread. Of less, threads save no time: they wait in turns."""

ATTEMPTS: Final = 5
"""How often a file is read that changes while it is read."""

Key = tuple[int, int, int, int]
"""Size in bytes, mtime in ns, ctime in ns, inode."""


class Found(NamedTuple):
    """One file of a package, as listed."""

    name: str
    """Archive-relative POSIX path: `helpers/data/table.csv`."""
    path: str
    """Absolute, on this disk."""
    key: Key


class File:
    """One file of a package, as read.

    Attributes:
        key: its stat when it was read.
        racy: it may have changed since without a change of its stat.
        digest: SHA-256 of its content.
        size: of its content, in bytes.
        crc: CRC-32 of its content.
        packed: its content, deflated: also where that is longer, as the loader knows no other way.
    """

    __slots__ = (
        "_first", "_imports", "_mentions", "_name", "crc", "digest", "key", "packed", "racy",
        "size",
    )  # fmt: skip

    def __init__(self, name: str, key: Key, racy: bool, content: bytes) -> None:
        self._name = name
        self._imports: tuple[str, ...] | None = None
        self._first: set[str] = set()
        self.key = key
        self.racy = racy
        self.digest = sha256(content).digest()
        self.size = len(content)
        self.crc = zlib.crc32(content)
        # Raw deflate, as zip members are.
        deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self.packed = deflate.compress(content) + deflate.flush()
        self._mentions = _mentions(content) if name.endswith(".py") else ()

    @property
    def mentions(self) -> tuple[str, ...]:
        """The top-level names that it imports, and perhaps some more (`_mentions`)."""
        if self._mentions is None:
            self._mentions = tuple(sorted({name.partition(".")[0] for name in self.imports}))
        return self._mentions

    @property
    def imports(self) -> tuple[str, ...]:
        """The dotted names that it imports; parsed when they are first asked for."""
        if self._imports is None:
            self._imports = _imports(self._name, self.content())
        return self._imports

    def seems_to_import(self, top: str) -> bool:
        """Tell whether it imports a top-level name, or would if nothing behind that were wrong.

        For where it does not matter what a file has that Python refuses: it is parsed as far as the
        name, if that is enough.
        """
        if self._imports is None and top not in self._first:
            self._first.update(self._tops_up_to(top))
        return top in self._first or any(name.partition(".")[0] == top for name in self.imports)

    def _tops_up_to(self, top: str) -> set[str]:
        """Return the top-level names that are imported up to where one may be; perhaps none."""
        from modulepickle._mentions import beginning

        found = _imports(self._name, beginning(self.content(), top), is_whole=False)
        return {name.partition(".")[0] for name in found}

    def content(self) -> bytes:
        """Return the bytes of the file as they travel."""
        return zlib.decompress(self.packed, -zlib.MAX_WBITS)


class Vanished(Exception):
    """A file was gone when its turn came: list the package again."""


def is_racy(key: Key, read_ns: int) -> bool:
    """Tell whether a file, read from a time on, may have changed since and bear the same stat."""
    latest = max(key[1], key[2])
    tick = TICK_NS if latest % 1_000_000_000 else COARSE_TICK_NS
    return latest > read_ns - tick


# --- reading --------------------------------------------------------------------------------------

_files: dict[str, File] = {}
"""Path -> what is known about the file, for the whole process."""


def read(listed: Iterable[Found], problems: list[Problem]) -> dict[str, File]:
    """Return what is known about listed files, by name, after reading those that may have changed.

    Those that cannot be read, or do not stop changing, are added to `problems`.

    Raises:
        Vanished: one is gone.
    """
    files: dict[str, Any] = {}
    stale: list[Found] = []
    for found in listed:
        files[found.name] = file = _files.get(found.path)
        if file is None or file.racy or file.key != found.key:
            stale.append(found)
    for found, made in zip(stale, _tried_all(stale)):
        if isinstance(made, PackagingError):
            problems += made.problems
            del files[found.name]
        else:
            files[found.name] = _files[found.path] = made
    return files


def forget(paths: Iterable[str]) -> None:
    """Drop what is known about files that are no longer there."""
    for path in paths:
        _files.pop(path, None)


def last_read(path: str) -> File | None:
    """Return what was last read from a file on this disk, if it was read."""
    return _files.get(path)


def _tried_all(listed: list[Found]) -> list[File | PackagingError]:
    """Return what `_tried` does for each file; of many bytes, several at a time."""
    size = sum(found.key[0] for found in listed)
    most = min(len(listed) - 1, size // A_THREADS_WORTH)
    if most <= 0:
        return [_tried(found) for found in listed]
    from modulepickle._threads import each, helpers  # not at the top: few files are read, or none

    return each(_tried, listed, helpers(most))


def _tried(found: Found) -> File | PackagingError:
    """Return what a file has, or why that is not known."""
    try:
        return _read(found, _files.get(found.path))
    except PackagingError as error:
        return error


def _read(found: Found, known: File | None) -> File:
    """Read a file. If its content is that of `known`, that is what is returned."""
    try:
        for _ in range(ATTEMPTS):
            began = time.time_ns()
            with open(found.path, "rb") as stream:
                before = _key(os.fstat(stream.fileno()))
                content = stream.read()
                after = _key(os.fstat(stream.fileno()))
            if before == after and len(content) == after[0]:
                racy = is_racy(after, began)
                if known is not None and known.digest == sha256(content).digest():
                    known.key, known.racy = after, racy
                    return known
                return File(found.name, after, racy, content)
    except FileNotFoundError as error:
        raise Vanished(found.path) from error
    except OSError as error:
        raise PackagingError([_unreadable(found.path, error)]) from error
    problem = Problem(Reason.CHANGING, found.path, remedy="try again when nothing writes to it")
    raise PackagingError([problem])


def _mentions(content: bytes) -> tuple[str, ...] | None:
    from modulepickle._mentions import mentions  # not at the top: few processes pickle, or none

    return mentions(content)


def _imports(name: str, content: bytes, is_whole: bool = True) -> tuple[str, ...]:
    """Return what a member of an archive imports; nothing if it is not Python source."""
    stem, _, suffix = name.rpartition(".")
    if suffix != "py":
        return ()
    from modulepickle._imports import imports  # not at the top: few files are parsed, or none

    module = stem.replace("/", ".")
    is_package = module.endswith(".__init__")
    own = module[: -len(".__init__")] if is_package else module
    return imports(content, own, is_package, is_whole)


def _key(found: os.stat_result) -> Key:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _unreadable(path: str, error: OSError) -> Problem:
    remedy = f'make it readable, or leave it out: Policy(ignore=("{os.path.basename(path)}",))'
    return Problem(Reason.UNREADABLE, path, error.strerror or str(error), remedy)


# --- listing --------------------------------------------------------------------------------------


def listing(
    unit: Unit,
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
    if not unit.is_package:
        return _single(unit, problems)
    walk = Walk(unit, policy, problems)
    walk.walked = [] if walked is None else walked
    found: dict[str, Found] = {}
    for folder in unit.paths:  # where a package has several, the first that has a file wins
        for file in walk.files(folder):
            found.setdefault(file.name, file)
    files = tuple(found[name] for name in sorted(found))
    problems += _clashes(files, walk.stem)
    return files


def _single(unit: Unit, problems: list[Problem]) -> tuple[Found, ...]:
    """Return the one file of a single-file module, named by the module and not by the disk."""
    (path,) = unit.paths
    stem = unit.name.rpartition(".")[2]
    base = os.path.basename(path)
    suffix = base[len(stem) :] if base.startswith(f"{stem}.") else os.path.splitext(base)[1]
    try:
        return (Found(unit.name.replace(".", "/") + suffix, path, _key(os.stat(path))),)
    except OSError as error:
        problems.append(_unreadable(path, error))
        return ()


class Walk:
    """One walk over the folders of a package; collects all problems on its way."""

    def __init__(self, unit: Unit, policy: Policy, problems: list[Problem]) -> None:
        self.problems = problems
        self.stem = unit.name.replace(".", "/")
        self.walked: list[tuple[str, Key | None]] = []
        self._policy = policy
        self._homes = tuple(os.path.realpath(path) for path in unit.paths)

    def files(self, folder: str) -> Iterator[Found]:
        yield from self._folder(folder, "", (os.path.realpath(folder),))

    def _folder(self, folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[Found]:
        """Yield the files below a folder. `above`: real paths of the folders that it stands in."""
        try:
            self.walked.append((folder, _key(os.stat(folder))))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if prefix and isinstance(error, FileNotFoundError):
                return  # deleted meanwhile
            self.problems.append(_unreadable(folder, error))
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
                    self.problems.append(_unreadable(entry.path, error))

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
            yield Found(f"{self.stem}/{relative}", entry.path, _key(info))
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
