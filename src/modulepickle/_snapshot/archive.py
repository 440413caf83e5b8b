"""Archives: a zip of files that are packed already.

The standard library's `zipfile` would compress every file of a package again after an edit to one.
This writes the same format (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16).

A member's mode stands in the central directory: a file, one that may be executed, or an empty
folder, whose name ends in a slash. No other mode of the sender travels, and no time.

Outside API: `content_hash`, `make_zip`, `unpack`, `Member`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Container, Iterable
from typing import Final, NamedTuple

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._base.process import fold
from modulepickle._snapshot.files import File

__all__ = ["Member", "content_hash", "make_zip", "unpack"]

MAX_FILES: Final = 65_535
"""Of a zip file without its 64-bit extension."""

MAX_ARCHIVE: Final = 2**32 - 1
"""The same in bytes. No `Policy.max_bytes` lifts this limit."""

REMEDY: Final = 'leave files out: Policy(ignore=("data/*",))'

# Of each member: flags (bit 11: the name is UTF-8), then time and date (1980-01-01, zip's first).
_FLAGS: Final = 0x0800
_TIME_DATE: Final = (0, 0x21)
_VERSION: Final = 20  # 2.0 is the first that has deflate
_STORED: Final = 0
_UNIX: Final = 3 << 8

FILE: Final = 0o100644 << 16
EXECUTABLE: Final = 0o100755 << 16
FOLDER: Final = 0o040755 << 16 | 0x10
"""External attributes: the mode as Unix has it; of a folder, also its bit in MS-DOS."""


def make_zip(files: dict[str, File], executable: Container[str] = ()) -> bytes:
    """Return a zip of files that are packed already: fixed date, modes by kind, in the given order.

    Args:
        files: archive-relative POSIX path -> file; one that ends in a slash is an empty folder.
        executable: the paths of those that may be executed.

    Raises:
        PackagingError: if there are more files, or bytes, than a zip can have.
    """
    _check_size(files)
    members: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for path, file in files.items():
        name = path.encode()
        is_folder = path.endswith("/")
        method, packed = (_STORED, b"") if is_folder else (zlib.DEFLATED, file.packed)
        sizes = (file.crc, len(packed), file.size, len(name))
        common = (_VERSION, _FLAGS, method, *_TIME_DATE, *sizes)
        local = struct.pack("<4s5H3I2H", b"PK\3\4", *common, 0)
        members += local, name, packed
        attributes = FOLDER if is_folder else EXECUTABLE if path in executable else FILE
        tail = (0, 0, 0, 0, attributes, offset)
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", _UNIX | _VERSION, *common, *tail), name
        offset += len(local) + len(name) + len(packed)
    index = b"".join(directory)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(files), len(files), len(index), offset, 0)
    return b"".join([*members, index, end])


def _check_size(files: dict[str, File]) -> None:
    """Raise if a zip cannot hold that much."""
    size = sum(file.size for file in files.values())
    wrong = ""
    if len(files) > MAX_FILES:
        wrong, most = f"{len(files):,} files", f"a zip can hold at most {MAX_FILES:,}"
    elif size + sum(76 + 2 * len(path.encode()) for path in files) > MAX_ARCHIVE:
        wrong, most = f"{size:,} bytes", f"a zip can hold at most {MAX_ARCHIVE:,}"
    if wrong:
        problem = Problem(Reason.TOO_LARGE, f"{_package(files)}: {wrong}", most, REMEDY)
        raise PackagingError([problem])


def content_hash(name: str, members: Iterable[tuple[str, bytes, bool]]) -> bytes:
    """Return the hash of a package's content. It covers no compressed bytes: zlib builds differ.

    Args:
        name: of the package, dotted.
        members: archive-relative POSIX path, SHA-256 of the content, and whether it may be
            executed; in the order of the archive.
    """
    parts = [name.encode()]
    for path, digest, is_executable in members:
        parts.append(path.encode())
        # An empty folder has no content. Each part has its length before it, so that none of the
        # three can be taken for another.
        parts.append(b"" if path.endswith("/") else b"x" + digest if is_executable else digest)
    return fold(*parts)


def _package(files: dict[str, File]) -> str:
    return next(iter(files)).partition("/")[0]


# --- reading --------------------------------------------------------------------------------------


class Member(NamedTuple):
    """One file of an archive, as the loader finds it."""

    path: str
    """Archive-relative POSIX path."""
    crc: int
    """CRC-32 of the content, as the archive says."""
    size: int
    """Of the content in bytes, as the archive says."""
    packed: bytes
    """Deflated: the loader knows no other method. Of a folder, nothing."""
    is_executable: bool = False
    """Somebody may execute it."""


def unpack(member: Member, limit: int) -> bytes:
    """Return the content of a file of an archive, if it is no larger than a limit in bytes.

    Raises:
        ValueError: if it is larger, or damaged, or not as large as the archive says.
    """
    if member.path.endswith("/") and not member.packed and not member.size:
        return b""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflate.decompress(member.packed, limit + 1)
    except zlib.error as error:
        raise ValueError(f"{member.path!r} is damaged: {error}") from None
    if len(content) > limit:
        raise ValueError(f"{member.path!r} has more than {limit:,} bytes")
    if len(content) != member.size:
        raise ValueError(f"{member.path!r} has {len(content):,} bytes and not {member.size:,}")
    if zlib.crc32(content) != member.crc:
        raise ValueError(f"{member.path!r} is damaged: its content is not that of its checksum")
    return content
