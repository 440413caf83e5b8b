"""What is known about each file of a local package: read, hashed and packed once.

A `dumps` must carry what is on disk at that moment (R5), and cost next to nothing if that is what
was carried before. So `listing.listing` stats every file of a package, and `read` reads only those
whose stat changed. What it makes of a file (hash, deflated bytes, names in it) is kept for the
process.

Like git's index, this knows that file systems have coarse clocks: a file that was written just
before it was read may be written again within the same tick, so it is read again next time.

Outside API: `read`, `forget`, `last_read`, `is_racy`, `File`. Nothing here imports user code.
"""

from __future__ import annotations

import os
import stat
import time
import zlib
from collections.abc import Iterable, Set
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any, Final

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._base.held import held
from modulepickle._base.process import sha256
from modulepickle._base.reading import RECENT, without_waiting
from modulepickle._snapshot.cython import SOURCES, cython_imports, imported_by_compiled
from modulepickle._snapshot.listing import Found, Key, Vanished, is_racy, key_of, unreadable
from modulepickle._snapshot.metadata import targets

__all__ = [
    "ATTEMPTS",
    "ENTRY_POINTS",
    "File",
    "forget",
    "held_lines",
    "last_read",
    "module_of",
    "read",
]

LEVEL: Final = 6
"""Of deflate: within one per cent of level 9 in size, and three times as fast."""


A_THREADS_WORTH: Final = 2**17
"""Bytes to read and deflate for each thread. With fewer, threads save no time: they wait for each
other."""

ATTEMPTS: Final = 5
"""How often a file is read that changes while it is read."""


GROWTH: Final = 2**20
"""Bytes that a file may have grown by since it was listed. If it has grown by more, the package is
listed again before it is read, since the file may be larger than what may travel."""


def module_of(path: str) -> tuple[str, bool]:
    """Return the dotted name of the module that a file in an archive is, and if it is a package."""
    module = path.rpartition(".")[0].replace("/", ".")
    return module.removesuffix(".__init__"), module.endswith(".__init__")


RECENT_SIZE: Final = 2**18
"""Bytes of a file that is kept there."""

RECENT_MOST: Final = 2_000
"""Files that are kept there."""


class File:
    """One file of a package, as read.

    Attributes:
        name: archive-relative POSIX path.
        key: its stat when it was read.
        racy: it may have changed since without a change of its stat.
        digest: SHA-256 of its content.
        size: of its content, in bytes.
        crc: CRC-32 of its content.
        is_sound: whether an import has shown that it compiles. bytecode: when the bytecode beside
        it was written, in ns since the epoch, or 0; None if nobody has looked.
        packed: its content, deflated even if that is longer, as the loader knows no other method.
        asks_entry_points: its code seems to look for the entry points of distributions.
        asks_by_name: its code seems to import modules by computed names, or to give such names to
        code that does. has_place: its code asks for its own file.
        words: what in it may be such names (`texts`), once somebody has asked, behind the
        top-level names that were asked for.
        uses: the dotted names in its code (`accidents`), likewise. near: the modules that it seems
        to reach as attributes, behind what they were looked for with. statements: what it imports
        in lines that begin so.
    """

    __slots__ = (
        "_first", "_imports", "_mentions", "asks_by_name", "asks_entry_points", "bytecode", "crc",
        "digest", "has_place", "is_sound", "key", "name", "near", "packed", "racy", "size",
        "statements", "uses", "words",
    )  # fmt: skip

    def __init__(self, name: str, key: Key, racy: bool, content: bytes) -> None:
        self.name = name
        self._imports: tuple[str, ...] | None = None
        self._first: set[str] = set()
        self.uses: frozenset[str] | None = None
        self.near: tuple[object, dict[str, str], frozenset[str]] | None = None
        self.statements: tuple[str, ...] | None = None
        self.words: tuple[Set[str], tuple[tuple[str, bool], ...]] | None = None
        self.key = key
        self.racy = racy
        self.is_sound = False
        self.bytecode: int | None = None
        self.digest = sha256(content).digest()
        self.size = len(content)
        self.crc = zlib.crc32(content)
        # Raw deflate, as zip members are.
        deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self.packed = deflate.compress(content) + deflate.flush()
        self._mentions = _mentions(name, content)
        is_source = name.endswith(".py")
        if is_source and self.size < RECENT_SIZE and len(RECENT) < RECENT_MOST:
            RECENT[self.digest] = content
        self.asks_entry_points = is_source and _has_one(ASKING, content)
        self.has_place = is_source and b"__file__" in content
        self.asks_by_name = is_source and _has_one(BY_NAME, content)

    @property
    def mentions(self) -> tuple[str, ...]:
        """The top-level names that it imports, and perhaps some more (`_snapshot.mentions`)."""
        if self._mentions is None:
            self._mentions = tuple(sorted({name.partition(".")[0] for name in self.imports}))
        return self._mentions

    @property
    def may_name(self) -> bool:
        """Whether a name of a module may stand in it as a string."""
        name = self.name
        return name.endswith(".py") or (name.endswith(SETTINGS) and self.size <= SETTINGS_SIZE)

    @property
    def imports(self) -> tuple[str, ...]:
        """The dotted names that it imports; parsed when they are first asked for."""
        if self._imports is None:
            self._imports = _imports(self.name, self.content())
        return self._imports

    def seems_to_import(self, top: str) -> bool:
        """Tell whether it imports a top-level name, or would if all that follows were correct.

        It is parsed up to the name if that is enough: use it where errors further on do not matter.
        """
        # `imports` of a file that does not parse is empty, cached or not: the answer must not
        # differ (R4).
        if not self._imports and top not in self._first:
            self._first.update(self._tops_up_to(top))
        return top in self._first or any(name.partition(".")[0] == top for name in self.imports)

    def place_of(self, name: str) -> str:
        """Return `path:line` of the first import of a module, or of what stands in it."""
        from modulepickle._snapshot.imports import import_lines

        lines = import_lines(self.content(), *module_of(self.name))
        found = (lines[each] for each in lines if f"{each}.".startswith(f"{name}."))
        return f"{self.name}:{next(found, 1)}"

    def _tops_up_to(self, top: str) -> set[str]:
        """Return the top-level names that are imported up to where one may be; perhaps none."""
        from modulepickle._snapshot.mentions import beginning

        found = _imports(self.name, beginning(self.content(), top), is_whole=False)
        return {name.partition(".")[0] for name in found}

    def content(self) -> bytes:
        """Return the bytes of the file as they travel."""
        return RECENT.get(self.digest) or zlib.decompress(self.packed, -zlib.MAX_WBITS)


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
    holding = held()
    still = {} if holding is None else holding.files
    for found in listed:
        if found.is_folder or found.content is not None:
            files[found.name] = _given(found)
            continue
        if found.path in still:
            files[found.name] = still[found.path]
            continue
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


def _given(found: Found) -> File:
    """Return a file whose content is known from its listing, or an empty folder."""
    content = found.content or b""
    known = _files.get(found.path)
    if known is None or known.digest != sha256(content).digest():
        known = _files[found.path] = File(found.name, found.key, False, content)
    known.key = found.key
    return known


def forget(paths: Iterable[str]) -> None:
    """Drop what is known about files that are no longer there."""
    for path in paths:
        _files.pop(path, None)


def held_lines(path: str) -> list[str] | None:
    """Return the lines of a file of Python source that a `hold()` keeps; the same list each time.

    None outside of it, and of other files.
    """
    still = held()
    file = None if still is None else still.files.get(path)
    if still is None or file is None:
        return None
    if path not in still.lines:
        from importlib.util import decode_source  # not at the top: few processes come here

        try:
            still.lines[path] = decode_source(file.content()).splitlines(keepends=True)
        except (SyntaxError, UnicodeDecodeError):
            return None
    return still.lines[path]


def last_read(path: str) -> File | None:
    """Return what was last read from a file on this disk and travels, if it was read."""
    still = held()
    return _files.get(path) if still is None else still.files.get(path) or _files.get(path)


def _tried_all(listed: list[Found]) -> list[File | PackagingError]:
    """Return what `_tried` does for each file; of many bytes, several at a time."""
    size = sum(found.key[0] for found in listed)
    most = min(len(listed) - 1, size // A_THREADS_WORTH)
    if most <= 0:
        return [_tried(found) for found in listed]
    from modulepickle._snapshot.threads import (  # not at the top: few files are read, or none
        each,
        helpers,
    )

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
            with open(found.path, "rb", opener=without_waiting) as stream:
                before = key_of(os.fstat(stream.fileno()))
                if not stat.S_ISREG(before[4]) or before[0] > found.key[0] + GROWTH:
                    raise Vanished(found.path)  # another file than the one listed
                content = stream.read(before[0] + 1)
                after = key_of(os.fstat(stream.fileno()))
            if before == after and len(content) == after[0]:
                racy = is_racy(after, began)
                if known is not None and known.digest == sha256(content).digest():
                    known.key, known.racy = after, racy
                    return known
                return File(found.name, after, racy, content)
    except FileNotFoundError as error:
        raise Vanished(found.path) from error
    except OSError as error:
        raise PackagingError([unreadable(found.path, error)]) from error
    problem = Problem(Reason.CHANGING, found.path, remedy="try again when nothing writes to it")
    raise PackagingError([problem])


def _mentions(name: str, content: bytes) -> tuple[str, ...] | None:
    """Return the top-level names that a file may import; None if it has to be parsed."""
    if name.endswith(".py"):
        from modulepickle._snapshot.mentions import (
            mentions,  # not at the top: few processes pickle, or none
        )

        return mentions(content)
    return None if name.endswith(TELLING) else ()


def _has_one(words: tuple[bytes, ...], content: bytes) -> bool:
    """Tell whether a file has one of some words: a plain loop, since each new file is asked."""
    for word in words:  # noqa: SIM110  # a generator takes as long as all the searches
        if word in content:
            return True
    return False


ASKING: Final = (b"entry_points", b"entrypoints", b"stevedore")
"""Words of which code that imports entry points has at least one."""

BY_NAME: Final = (
    b"import_module", b"__import__", b"import_string", b"resolve_name", b"find_spec", b"run_module",
    b"locate(", b"dictConfig", b"loadTestsFrom", b"get_data", b"resources", b"PackageLoader",
    b"mock", b"exec(", b"_target_", b"INSTALLED_APPS", b"DJANGO_SETTINGS_MODULE",
)  # fmt: skip
"""Words of which code that imports by names, or sets up code that does, has at least one."""

SETTINGS: Final = (".cfg", ".ini", ".json", ".toml", ".yaml", ".yml")
"""The endings of files of settings."""

SETTINGS_SIZE: Final = 2**16
"""Bytes of such a file that is searched. A larger one holds data."""

ENTRY_POINTS: Final = ".dist-info/entry_points.txt"

TELLING: Final = (ENTRY_POINTS, *SOURCES, *EXTENSION_SUFFIXES)
"""The endings of files, other than Python source, that import something."""


def _imports(name: str, content: bytes, is_whole: bool = True) -> tuple[str, ...]:
    """Return what a member of an archive imports; nothing if it is not Python source."""
    if name.endswith(ENTRY_POINTS):
        return targets(content)
    # Not at the top: few files are parsed, or none.
    from modulepickle._snapshot.imports import imports

    if name.endswith(SOURCES):
        return cython_imports(content, *module_of(f"{name.rpartition('.')[0]}.py"))
    if name.endswith(tuple(EXTENSION_SUFFIXES)):
        return imported_by_compiled(name.partition(".")[0].replace("/", "."))
    if not name.endswith(".py"):
        return ()
    return imports(content, *module_of(name), is_whole)
