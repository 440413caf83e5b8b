"""The files in an archive, for those who look into a pickle that they did not make.

This goes from one member to the next as the loader does, and not by the directory at the end, so
that it shows what would run.

Outside API: `Member`, `members`, `unpack`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Member", "members", "unpack"]


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
