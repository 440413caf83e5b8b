"""Reads archives, and takes none that could be read in another way.

A shipped text: the loader reads with it what came in a pickle, and `inspect` shows with it what a
receiver would get. An archive is a zip in one canonical form (APPNOTE 4.3): local headers one
behind the other, the central directory in the same order, an end record without a comment. What
stands twice must be equal, and nothing may stand between or behind.
"""

import struct
import zlib

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
PIECE = 2**22  # bytes


def read_archive(data):
    """The members of an archive: path -> CRC-32, size in bytes, deflated bytes, mode.

    A folder without files is a member whose path ends in a slash.

    Raises:
        ValueError, struct.error: it is not of the one form.
    """
    members = {}
    offset = 0
    *_, count, _, index, _ = END.unpack(data[-END.size :])
    place = index
    for _ in range(count):
        central = CENTRAL.unpack_from(data, place)
        crc, packed, size, width = central[7:11]
        mode, start = central[15] >> 16, offset + LOCAL.size + central[10]
        name = data[offset + LOCAL.size : start]
        path = name.decode()
        place += CENTRAL.size
        good = (
            central[:1] + central[11:15] + central[16:] == (b"PK\1\2", 0, 0, 0, 0, offset)
            and LOCAL.unpack_from(data, offset) == (b"PK\3\4", *central[2:12])
            and data[place : place + width] == name
            and central[4] == (0 if path.endswith("/") else 8)
            and is_safe(path)
            and mode & 0o177000 in (0, 0o040000 if path.endswith("/") else 0o100000)
            and path not in members
        )
        if not good:
            raise ValueError(f"{path!r} is not as an archive has it")
        members[path] = crc, size, data[start : start + packed], mode
        offset, place = start + packed, place + width
    if offset != index or data[place:] != END.pack(
        b"PK\5\6", 0, 0, count, count, place - index, index, 0
    ):
        raise ValueError("there is more in it than its members")
    return members


def is_safe(path):
    """Whether a path stays in its folder, here and on Windows."""
    parts = path.replace("\\", "/").split("/")
    return ".." not in parts and parts[0][1:2] != ":" and parts[0] != "" and "\0" not in path


def inflate(path, member):
    """The content of a member; never more than it says."""
    return b"".join(pieces_of(path, member))


def pieces_of(path, member):
    """The content of a member, some megabytes at a time; never more than it says.

    Raises:
        ImportError: at the end, it is not what it says.
    """
    crc, size, packed, _ = member
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left, total, at, more, data = size, 0, 0, b"", b""
    while left >= 0 and not inflater.eof and (more or data or at < len(packed)):
        # Some bytes at a time here, too: what was not consumed is copied. And with none left, there
        # may be more to come of those before.
        more = inflater.unconsumed_tail
        if not more and len(data) < PIECE:
            more = packed[at : at + PIECE // 64]
            at += len(more)
        data = inflater.decompress(more, PIECE)
        left -= len(data)
        total = zlib.crc32(data, total)
        if left >= 0:
            yield data
    if left or total != crc:
        raise ImportError(f"{path} is damaged: pickle it again")
