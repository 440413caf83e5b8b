"""Archives in a pickle, each read once, however many snapshots share it.

Outside API: `Archive`, `Archives`, `members_of`.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

from modulepickle._base.process import DIGEST_SIZE
from modulepickle._loader.archive_reader import read_archive
from modulepickle._report.budget import Budget
from modulepickle._snapshot.archive import Member, content_hash

__all__ = ["Archive", "Archives", "members_of"]

PIECE: Final = 2**18
"""Bytes of a file that are unpacked at once to be hashed."""


class Archive:
    """What is in one archive.

    Attributes:
        data: its bytes. archive_hash: by which a receiver checks that it is whole. members: the
        files; none if a receiver would refuse the archive. problem: why it would, or "".
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data = data
        self.archive_hash = hashlib.sha256(data).digest()[:DIGEST_SIZE]
        self.members: list[Member] = []
        self.problem = ""
        self._budget = budget
        self._hashes: list[tuple[str, bytes, bool]] | None = None
        try:
            self.members += members_of(data)
        except (ValueError, struct.error) as error:
            self.problem = f"{error}, and the receiver will refuse it"

    def content(self, name: str) -> bytes | None:
        """Return what `Snapshot.content` is for these files, or None if that is not known.

        Raises:
            ValueError: if a file is damaged.
        """
        hashes = self.hashes()
        if hashes is None or not self._budget.take("links", len(self.members)):
            return None
        return content_hash(name, hashes)

    def hashes(self) -> list[tuple[str, bytes, bool]] | None:
        """Return path, SHA-256 and whether it may be executed, of each file; or None.

        Raises:
            ValueError: if a file is damaged.
        """
        if self._hashes is None:
            self._hashes = []
            for each in self.members:
                if not self._budget.take("unpacked", each.size):
                    return None
                digest = b"" if each.path.endswith("/") else _hash_of(each)
                self._hashes.append((each.path, digest, each.is_executable))
        whole = len(self._hashes) == len(self.members) and not self.problem
        return self._hashes if whole else None


class Archives:
    """The archives of one inspection, by their bytes."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._known: dict[bytes, Archive] = {}

    def read(self, data: bytes) -> Archive:
        """Return what is in an archive."""
        if data not in self._known:
            self._known[data] = Archive(data, self._budget)
        return self._known[data]


def members_of(data: bytes) -> Iterator[Member]:
    """Yield the members of an archive, read by the loader's own text.

    Raises:
        ValueError, struct.error: the loader refuses it.
    """
    read: Any = read_archive  # a shipped text, without annotations
    for path, (crc, size, packed, mode) in read(data).items():
        yield Member(path, crc, size, packed, bool(mode & 0o100))


def _hash_of(member: Member) -> bytes:
    """Return the SHA-256 of a file, with one piece of it in memory at a time.

    Raises:
        ValueError: if it is damaged, or not as large as the archive says.
    """
    inflate, total = zlib.decompressobj(-zlib.MAX_WBITS), hashlib.sha256()
    size = crc = 0
    data = member.packed
    try:
        while size <= member.size:
            piece = inflate.decompress(data, PIECE)
            if not piece:
                break
            total.update(piece)
            size, crc, data = size + len(piece), zlib.crc32(piece, crc), inflate.unconsumed_tail
    except zlib.error as error:
        raise ValueError(f"{member.path!r} is damaged: {error}") from None
    if size != member.size:
        more = "more than" if size > member.size else f"{size:,} bytes and not"
        raise ValueError(f"{member.path!r} has {more} {member.size:,}")
    if crc != member.crc:
        raise ValueError(f"{member.path!r} is damaged: its content is not that of its checksum")
    return total.digest()
