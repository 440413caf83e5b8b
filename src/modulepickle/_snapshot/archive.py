"""Archives: a zip of files that are packed already.

The standard library's `zipfile` would compress each file again, and so each file of a package after
an edit to one. This writes the same format (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16).

Outside API: `make_zip`. Archives are read by `_snapshot.archive`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._snapshot.files import File

__all__ = ["Member", "make_zip", "members", "unpack"]

MAX_FILES: Final = 65_535
"""Of a zip file without its 64-bit extension."""

MAX_ARCHIVE: Final = 2**32 - 1
"""The same in bytes; nor does any `Policy.max_bytes` lift this one."""

REMEDY: Final = 'leave files out: Policy(ignore=("data/*",))'

# Of each member: flags (bit 11: the name is UTF-8), then time and date (1980-01-01, zip's first).
_FLAGS: Final = 0x0800
_TIME_DATE: Final = (0, 0x21)
_VERSION: Final = 20  # 2.0 is the first that has deflate
_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16


def make_zip(files: dict[str, File]) -> bytes:
    """Return a zip of files that are packed already: fixed date, fixed mode, in the given order."""
    if len(files) > MAX_FILES:
        most = f"a zip has {MAX_FILES:,} at most"
        problem = Problem(
            Reason.TOO_LARGE, f"{_package(files)}: {len(files):,} files", most, REMEDY
        )
        raise PackagingError([problem])
    size = sum(file.size for file in files.values())
    if size + sum(76 + 2 * len(path.encode()) for path in files) > MAX_ARCHIVE:
        most = f"a zip has {MAX_ARCHIVE:,} at most"
        problem = Problem(Reason.TOO_LARGE, f"{_package(files)}: {size:,} bytes", most, REMEDY)
        raise PackagingError([problem])
    members: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for path, file in files.items():
        name = path.encode()
        sizes = (file.crc, len(file.packed), file.size, len(name))
        common = (_VERSION, _FLAGS, zlib.DEFLATED, *_TIME_DATE, *sizes)
        local = struct.pack("<4s5H3I2H", b"PK\3\4", *common, 0)
        members += local, name, file.packed
        tail = (0, 0, 0, 0, _MODE, offset)
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", _UNIX | _VERSION, *common, *tail), name
        offset += len(local) + len(name) + len(file.packed)
    index = b"".join(directory)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(files), len(files), len(index), offset, 0)
    return b"".join([*members, index, end])


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
    """Deflated: the loader knows no other method."""


def members(archive: bytes) -> Iterator[Member]:
    """Yield the files of an archive.

    Raises:
        ValueError: it is damaged; the files before the damage were yielded.
    """
    end = 0
    while archive[end : end + 4] == b"PK\3\4":
        if end + 30 > len(archive):
            raise ValueError(f"the archive ends inside the header at byte {end:,}")
        crc, packed, size, width = struct.unpack_from("<14xIIIH", archive, end)
        start = end + 30 + width
        path = archive[end + 30 : start].decode()
        end = start + packed
        if end > len(archive):
            raise ValueError(f"the archive ends inside {path!r}")
        if "/../" in f"/{path}/":
            raise ValueError(f"{path!r} leads out of the folder, and the receiver will refuse it")
        yield Member(path, crc, size, archive[start:end])


def unpack(member: Member, limit: int) -> bytes:
    """Return the content of a file of an archive, if it is no larger than a limit in bytes.

    Raises:
        ValueError: it is larger, or damaged, or not as large as the archive says.
    """
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
