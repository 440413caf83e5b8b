"""The loader's cache folder: what is in it, and how to empty it.

The loader unpacks and compiles into one folder a user and host (`loader`, R13). In it there are

    <32 hex>        a folder: one unpacked package; the name is the hash of its archive
    code-<16 hex>   bytecode of one file; in early releases, <64 hex>
    loader-<16 hex> bytecode of the loader
    <32 hex>.zip    an archive that came from a store
    told-<32 hex>   a note that something has been said on this host (see `hides`)
    part-<16 hex>   what a process is writing or deleting, or was when it was killed
    swept           an empty folder; its time is that of the last sweep by age

and, of older releases, `<PID>.<number>` and `*.<PID>` for the last. The time of a folder is that of
its last use, that of bytecode when it was made. A process that uses a folder holds a shared lock on
it; whoever deletes one gets the exclusive lock, renames it, so that nobody finds half of it, and
then deletes. Nobody waits for a lock: the process that holds it may have been stopped. Anything
else in there is not the loader's: neither listed nor deleted.

Outside API: `Entry`, `clear`, `described`, `entries`, `location`, `total`.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from modulepickle._loader.cache_folder import cache_place, user_number

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Entry", "clear", "described", "entries", "location", "total"]

KINDS: Final = {
    "package": re.compile(r"[0-9a-f]{32}"),
    "bytecode file": re.compile(r"(code|loader)-[0-9a-f]{16}|[0-9a-f]{64}"),
    "archive": re.compile(r"[0-9a-f]{32}\.zip"),
    "note": re.compile(r"told-[0-9a-f]{32}"),
    "leftover": re.compile(
        r"part-[0-9a-f]{16}|[0-9a-f]{32}\.(?P<process>[0-9]+)|(?P<by>[0-9]+)(?:\.[0-9]+){1,2}"
    ),
}
"""What the loader makes -> the names that it gives it."""


class Entry(NamedTuple):
    """One file or folder of the cache."""

    file: str
    """Its name in the cache folder. That of a package is the hash of its archive, in hex."""
    kind: str
    """A key of `KINDS`."""
    name: str
    """The dotted name of the package; empty for anything else."""
    files: int
    size: int
    """Bytes of the files' contents."""
    used: float
    """When a process began to use a package last, or made another file: seconds since the epoch."""
    in_use: bool
    """Whether a process uses it now."""
    problem: str = ""
    """Why not all of it could be looked at, or why it could not be deleted."""


def location() -> str:
    """Return the path of the cache folder, as the loader finds it; it need not be there.

    Raises:
        PermissionError: if it is not where `MODULEPICKLE_CACHE` says, as nothing can be made there:
            who names a folder is to see, and to empty, no other one.
    """
    place: Any = cache_place  # a shipped text, without annotations
    path, named = str(place()), os.getenv("MODULEPICKLE_CACHE", "")
    if named and os.path.dirname(path) != os.path.abspath(named):
        raise PermissionError(
            f"MODULEPICKLE_CACHE names {named}, where this user cannot make a folder, so the loader"
            f" uses {path} instead. Name a folder in which you can write; or unset the variable, to"
            " list or empty that one"
        )
    return path


def entries() -> list[Entry]:
    """Return what is in the cache: packages by name, then the rest.

    Raises:
        FileNotFoundError: if there is no cache folder yet.
        PermissionError: if it is not this user's own, or others can write in it; as `location`.
    """
    path = location()
    _check(path, os.lstat(path))
    found = filter(None, [_entry(path, file) for file in os.listdir(path)])
    kinds = [*KINDS]
    return sorted(found, key=lambda each: (kinds.index(each.kind), each.name, each.file))


def clear() -> tuple[list[Entry], list[Entry]]:
    """Delete what no process uses; return what went and what stayed.

    Raises:
        OSError: as `entries`; or there are no file locks here, so nobody knows what is in use.
    """
    gone: list[Entry] = []
    stayed: list[Entry] = []
    with _opened() as top:
        for entry in reversed(entries()):  # leftovers first: one may have the name of the next
            try:
                (gone if _delete(top, entry) else stayed).append(entry)
            except OSError as error:  # the others are to go all the same
                stayed.append(entry._replace(problem=error.strerror or str(error)))
        with suppress(OSError):
            os.rmdir("swept", dir_fd=top)
    return gone, stayed


def described(entry: Entry) -> str:
    """Return a line on an entry."""
    files = "1 file" if entry.files == 1 else f"{entry.files} files"
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
    line = f"{entry.file}  {entry.name or entry.kind}  {files}  {entry.size:,} bytes  {used}"
    line += "  in use" * entry.in_use
    return f"{line}  ({entry.problem})" if entry.problem else line


def total(found: list[Entry]) -> str:
    """Return what entries are together: `2 packages, 1 bytecode file: 1,234 bytes`."""
    counts = {kind: sum(each.kind == kind for each in found) for kind in KINDS}
    parts = [f"{number} {kind}{'s' * (number > 1)}" for kind, number in counts.items() if number]
    return f"{', '.join(parts) or 'nothing'}: {sum(each.size for each in found):,} bytes"


# --- the folder -----------------------------------------------------------------------------------


def _check(path: str, found: os.stat_result) -> None:
    """Raise if a cache folder is not a real one that only this user can write in."""
    wrong = ""
    if not stat.S_ISDIR(found.st_mode):
        wrong = "is a link or a file"
    elif found.st_uid != user_number():
        wrong = f"belongs to another user, uid {found.st_uid}"
    elif os.sep == "/" and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        wrong = f"can be written by others (if that is a mistake, type  chmod 700 {path}  )"
    if wrong:
        raise PermissionError(f"{path} {wrong}: the loader does not use it, nor does this command")


@contextmanager
def _opened() -> Iterator[int]:
    """Open the cache folder for deleting: what is checked by its descriptor can't be swapped."""
    path = location()
    _check(path, os.lstat(path))
    if fcntl is None:
        raise OSError(f"there are no file locks here to tell what is in use; delete {path} by hand")
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _check(path, os.fstat(top))
        yield top
    finally:
        os.close(top)


# --- one entry ------------------------------------------------------------------------------------


def _entry(top: str, file: str) -> Entry | None:
    """Return what is known of a file or folder; None if it is not the loader's, or just went."""
    kind = next((kind for kind, names in KINDS.items() if names.fullmatch(file)), None)
    path = os.path.join(top, file)
    try:
        found = os.lstat(path)
    except OSError:  # it just went
        return None
    is_folder = stat.S_ISDIR(found.st_mode)
    if kind is None or not (is_folder or stat.S_ISREG(found.st_mode)):
        return None
    if kind != "leftover" and is_folder != (kind == "package"):
        return None
    problems: list[OSError] = []
    sizes = [*_sizes(path, problems)] if is_folder else [found.st_size]
    name = _name(path, problems) if kind == "package" else ""
    in_use = _in_use(path, kind, found, problems)
    if problems and isinstance(problems[-1], FileNotFoundError) and not os.path.lexists(path):
        return None
    problem = (problems[0].strerror or str(problems[0])) if problems else ""
    return Entry(file, kind, name, len(sizes), sum(sizes), found.st_mtime, in_use, problem)


def _sizes(path: str, problems: list[OSError]) -> Iterator[int]:
    """Yield the bytes of each file below a folder, as far as it can be looked at."""
    for folder, _, files in os.walk(path, onerror=problems.append):
        for file in files:
            try:
                yield os.lstat(os.path.join(folder, file)).st_size
            except OSError as error:
                problems.append(error)


def _name(path: str, problems: list[OSError]) -> str:
    """Return the dotted name of the one package in a folder: `google.mycompany` for a portion."""
    parts = []
    try:
        inside = _packages(path)
        while len(inside) == 1:
            parts.append(inside[0].partition(".")[0])
            path = os.path.join(path, inside[0])
            inside = os.listdir(path) if os.path.isdir(path) else []
            if not os.path.isdir(os.path.join(path, *inside[:1])):
                break
    except OSError as error:
        problems.append(error)
    return ".".join(parts)


def _packages(path: str) -> list[str]:
    """Return what is in the folder of an archive, but for the metadata of its distribution."""
    return [each for each in os.listdir(path) if not each.endswith(".dist-info")]


RECENT: Final = 3600.0
"""Seconds in which a process has written a part, or will never do so."""


def _in_use(path: str, kind: str, found: os.stat_result, problems: list[OSError]) -> bool:
    """Tell whether a process uses it. A file that is no part of one is read at once, and closed."""
    if kind == "leftover":
        match = KINDS[kind].fullmatch(os.path.basename(path))
        process = int(match["process"] or match["by"] or 0) if match else 0
        if process:
            return process != os.getpid() and _is_alive(process)
        if not stat.S_ISDIR(found.st_mode):
            return time.time() - found.st_mtime < RECENT
    elif kind != "package":
        return False
    if fcntl is None:
        return False
    try:
        folder = os.open(path, os.O_RDONLY)
    except OSError as error:
        problems.append(error)
        return False
    try:
        return not _lock(folder)
    finally:
        os.close(folder)  # and unlock


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # where `kill` kills
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _lock(folder: int) -> bool:
    """Take the lock of who deletes an open folder; return whether nobody uses the folder."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# --- deleting -------------------------------------------------------------------------------------


def _delete(top: int, entry: Entry) -> bool:
    """Delete an entry of an open cache folder, unless it is in use; return whether it went."""
    if entry.in_use:
        return False
    if not stat.S_ISDIR(os.lstat(entry.file, dir_fd=top).st_mode):
        os.unlink(entry.file, dir_fd=top)
        return True
    folder = os.open(entry.file, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        if not _lock(folder):
            return False
        # Under a name that no loader looks for, and locked, so that nobody else deletes it too.
        name = f"part-{secrets.token_hex(8)}"
        os.rename(entry.file, name, src_dir_fd=top, dst_dir_fd=top)
        _delete_folder(top, name)
    finally:
        os.close(folder)
    return True


def _delete_folder(top: int, name: str) -> None:
    """Delete a folder with all in it, by descriptors: `shutil.rmtree` can do so from 3.11 on."""
    for _, folders, files, inside in os.fwalk(name, topdown=False, dir_fd=top):
        for file in files:
            os.unlink(file, dir_fd=inside)
        for folder in folders:
            if stat.S_ISLNK(os.lstat(folder, dir_fd=inside).st_mode):
                os.unlink(folder, dir_fd=inside)
            else:
                os.rmdir(folder, dir_fd=inside)
    os.rmdir(name, dir_fd=top)
