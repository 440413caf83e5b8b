"""Archives: a zip of files that are packed already.

The standard library's `zipfile` would compress each file again, and so each file of a package after
an edit to one. This writes the same format (PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16).

Outside API: `make_zip`. Archives are read by `_snapshot.members`.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._snapshot.files import File

__all__ = ["make_zip"]

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
