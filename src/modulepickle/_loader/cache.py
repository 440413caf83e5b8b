"""The loader's cache folder: what is in it, and how to empty it.

The loader unpacks and compiles into one folder a user and host (`loader`, R13). In it there are

    <32 hex>        a folder: one unpacked package; the name is the hash of its archive
    <64 hex>        bytecode of one file
    <32 hex>.zip    an archive that came from a store
    <PID>.<number>  what a process was writing when it was killed
    *.<PID>         what `clear` was deleting when it was killed

The time of a folder is that of its last use, that of bytecode when it was made. A process that uses
a folder holds a shared lock on it; whoever deletes one gets the exclusive lock, renames it, so that
nobody finds half of it, and then deletes. Anything else in there is not the loader's: neither
listed nor deleted.

Outside API: `Entry`, `clear`, `described`, `entries`, `location`, `total`.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Entry", "clear", "described", "entries", "location", "total"]

KINDS: Final = {
    "package": re.compile(r"[0-9a-f]{32}"),
    "bytecode file": re.compile(r"[0-9a-f]{64}"),
    "archive": re.compile(r"[0-9a-f]{32}\.zip"),
    "leftover": re.compile(r"[0-9a-f]{32}\.(?P<process>[0-9]+)|(?P<by>[0-9]+)(?:\.[0-9]+){1,2}"),
}
"""What the loader makes -> the names that it gives it."""


class Entry(NamedTuple):
    """One file or folder of the cache."""

    file: str
    """Its name in the cache folder. That of a package is the hash of its archive, in hex."""
    kind: str
    """A key of `KINDS`."""
    name: str
    """Of the package, dotted; empty for what is none."""
    files: int
    size: int
    """Bytes of the files' contents."""
    used: float
    """When a process began to use a package last, or made another file: seconds since the epoch."""
    in_use: bool
    """Whether a process uses it now."""


def location() -> str:
    """Return the path of the cache folder, as the loader finds it; it need not be there."""
    above = os.getenv("MODULEPICKLE_CACHE") or os.getenv("TMPDIR", "/tmp")
    return f"{above}/modulepickle-{_user()}"


def entries() -> list[Entry]:
    """Return what is in the cache: packages by name, then the rest.

    Raises:
        FileNotFoundError: there is no cache folder yet.
        PermissionError: it is not this user's own, or others can write in it.
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
            (gone if _delete(top, entry) else stayed).append(entry)
    return gone, stayed


def described(entry: Entry) -> str:
    """Return a line on an entry."""
    files = "1 file" if entry.files == 1 else f"{entry.files} files"
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
    line = f"{entry.file}  {entry.name or entry.kind}  {files}  {entry.size:,} bytes  {used}"
    return line + "  in use" * entry.in_use


def total(found: list[Entry]) -> str:
    """Return what entries are together: `2 packages, 1 bytecode file: 1,234 bytes`."""
    counts = {kind: sum(each.kind == kind for each in found) for kind in KINDS}
    parts = [f"{number} {kind}{'s' * (number > 1)}" for kind, number in counts.items() if number]
    return f"{', '.join(parts) or 'nothing'}: {sum(each.size for each in found):,} bytes"


# --- the folder -----------------------------------------------------------------------------------


def _user() -> int:
    return int(getattr(os, "getuid", int)())


def _check(path: str, found: os.stat_result) -> None:
    """Raise if a cache folder is not a real one that only this user can write in."""
    wrong = ""
    if not stat.S_ISDIR(found.st_mode):
        wrong = "is a link or a file"
    elif found.st_uid != _user():
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
        is_folder = stat.S_ISDIR(found.st_mode)
        if kind is None or not (is_folder or stat.S_ISREG(found.st_mode)):
            return None
        if kind != "leftover" and is_folder != (kind == "package"):
            return None
        sizes = _sizes(path) if is_folder else [found.st_size]
        name = _name(path) if kind == "package" else ""
        in_use = _in_use(path, kind)
    except FileNotFoundError:
        return None
    return Entry(file, kind, name, len(sizes), sum(sizes), found.st_mtime, in_use)


def _sizes(path: str) -> list[int]:
    """Return the bytes of each file below a folder."""
    walk = os.walk(path)
    return [os.lstat(os.path.join(folder, f)).st_size for folder, _, files in walk for f in files]


def _name(path: str) -> str:
    """Return the dotted name of the one package in a folder: `google.mycompany` for a portion."""
    parts = []
    inside = os.listdir(path)
    while len(inside) == 1:
        parts.append(inside[0].partition(".")[0])
        path = os.path.join(path, inside[0])
        inside = os.listdir(path) if os.path.isdir(path) else []
        if not os.path.isdir(os.path.join(path, *inside[:1])):
            break
    return ".".join(parts)


def _in_use(path: str, kind: str) -> bool:
    """Tell whether a process uses it. A file that is no part of one is read at once, and closed."""
    if kind == "leftover":
        match = KINDS[kind].fullmatch(os.path.basename(path))
        process = int(match["process"] or match["by"]) if match else 0
        return process != os.getpid() and _is_alive(process)
    if kind != "package" or fcntl is None:
        return False
    folder = os.open(path, os.O_RDONLY)
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
    name = entry.file
    if entry.kind == "package":
        name = f"{entry.file}.{os.getpid()}"
        if not _rename(top, entry.file, name):
            return False
    elif entry.in_use:
        return False
    if stat.S_ISDIR(os.lstat(name, dir_fd=top).st_mode):
        _delete_folder(top, name)
    else:
        os.unlink(name, dir_fd=top)
    return True


def _rename(top: int, file: str, name: str) -> bool:
    """Rename a folder that nobody uses."""
    folder = os.open(file, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        if not _lock(folder):
            return False
        os.rename(file, name, src_dir_fd=top, dst_dir_fd=top)
        return True
    finally:
        os.close(folder)


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
