"""The bytes of a pickle -> its opcodes and their arguments, as the C unpickler takes them.

The standard library's `pickletools.genops` is stricter in places (it takes ASCII names only), so it
would call a pickle damaged that a receiver loads. It also reads numbers of any length.

Nothing is imported or called because of what is read. The data may be wrong in any way: then
`Malformed` is raised.

Outside API: `CODES`, `READERS`, `Malformed`, `Huge`.
"""

from __future__ import annotations

import codecs
import pickle
import struct
from collections.abc import Callable
from typing import Any, Final

__all__ = ["BINARY", "CODES", "READERS", "Huge", "Malformed", "Reader"]

MOST_DIGITS: Final = 4300
"""Digits of a decimal number: reading more takes long, and Python has refused to since 3.11."""


class Malformed(Exception):
    """Not a pickle from here on.

    Attributes:
        position: of the byte, from the start of the data. is_cut: whether the data end too early.
    """

    def __init__(self, position: int, what: str, is_cut: bool = False) -> None:
        super().__init__(f"at byte {position:,}: {what}")
        self.position, self.is_cut = position, is_cut


class Huge:
    """A number that is not read. `digits`: how many it has."""

    __slots__ = ("digits",)

    def __init__(self, digits: int) -> None:
        self.digits = digits


Reader = Callable[[bytes, int], tuple[Any, int]]
"""Returns the argument that begins at a position, and the position behind it."""


def _taken(data: bytes, start: int, length: int) -> tuple[bytes, int]:
    end = start + length
    if end > len(data):
        missing = f"{length:,} bytes should follow, and {max(0, len(data) - start):,} do"
        raise Malformed(start, missing, is_cut=True)
    return data[start:end], end


def _line(data: bytes, start: int) -> tuple[bytes, int]:
    end = data.find(b"\n", start)
    if end < 0:
        raise Malformed(start, "a line does not end", is_cut=True)
    return data[start:end], end + 1


def _number(layout: str) -> Reader:
    made = struct.Struct(layout)

    def read(data: bytes, start: int) -> tuple[Any, int]:
        found, end = _taken(data, start, made.size)
        return made.unpack(found)[0], end

    return read


def _sized(layout: str, make: Callable[[bytes], Any]) -> Reader:
    """Return what reads a length, and as many bytes."""
    length = _number(layout)

    def read(data: bytes, start: int) -> tuple[Any, int]:
        size, start = length(data, start)
        if size < 0:
            raise Malformed(start, f"a length of {size}")
        found, end = _taken(data, start, size)
        return make(found), end

    return read


def _lined(make: Callable[[bytes], Any], lines: int = 1) -> Reader:
    """Return what reads a line, or several, which then have spaces between them."""

    def read(data: bytes, start: int) -> tuple[Any, int]:
        found = []
        for _ in range(lines):
            line, start = _line(data, start)
            found.append(make(line))
        return found[0] if lines == 1 else tuple(found), start

    return read


def _byte(data: bytes, start: int) -> tuple[int, int]:
    if start >= len(data):
        raise Malformed(start, "the data end where a byte should follow", is_cut=True)
    return data[start], start + 1


def _bytes(data: bytes) -> bytes:
    return data


def _latin(data: bytes) -> str:
    return data.decode("latin-1")


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _name(data: bytes) -> str:
    return data.decode("utf-8")


def _quoted(data: bytes) -> str:
    data = data.strip()
    if len(data) < 2 or data[:1] != data[-1:] or data[:1] not in (b"'", b'"'):
        raise ValueError("text without quotes")
    found = codecs.escape_decode(data[1:-1])[0]  # type: ignore[attr-defined,unused-ignore]
    return bytes(found).decode("latin-1")


def _integer(data: bytes) -> Any:
    """Return the number that a line spells; 00 and 01 are false and true."""
    if data in (b"00", b"01"):
        return data == b"01"
    return _long(data)


def _long(data: bytes) -> Any:
    if len(data) > MOST_DIGITS:
        return Huge(len(data))
    return int(data.strip().removesuffix(b"L").decode("ascii"), 0)


def _index(data: bytes) -> int:
    return int(data[:MOST_DIGITS].decode("ascii"))


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


READERS: Final[dict[str, Reader]] = {
    "INT": _lined(_integer),
    "BININT": _number("<i"),
    "BININT1": _byte,
    "BININT2": _number("<H"),
    "LONG": _lined(_long),
    "LONG1": _sized("<B", _little),
    "LONG4": _sized("<i", _little),
    "STRING": _lined(_quoted),
    "BINSTRING": _sized("<i", _latin),
    "SHORT_BINSTRING": _sized("<B", _latin),
    "BINBYTES": _sized("<I", _bytes),
    "SHORT_BINBYTES": _sized("<B", _bytes),
    "BINBYTES8": _sized("<Q", _bytes),
    "BYTEARRAY8": _sized("<Q", bytearray),
    "UNICODE": _lined(lambda data: data.decode("raw-unicode-escape")),
    "SHORT_BINUNICODE": _sized("<B", _utf8),
    "BINUNICODE": _sized("<I", _utf8),
    "BINUNICODE8": _sized("<Q", _utf8),
    "FLOAT": _lined(lambda data: float(data[:MOST_DIGITS])),
    "BINFLOAT": _number(">d"),
    "GET": _lined(_index),
    "BINGET": _byte,
    "LONG_BINGET": _number("<I"),
    "PUT": _lined(_index),
    "BINPUT": _byte,
    "LONG_BINPUT": _number("<I"),
    "EXT1": _byte,
    "EXT2": _number("<H"),
    "EXT4": _number("<i"),
    "GLOBAL": _lined(_name, 2),
    "INST": _lined(_name, 2),
    "PROTO": _byte,
    "FRAME": _number("<Q"),
    "PERSID": _lined(lambda data: data.decode("ascii")),
}
"""What reads the argument of an opcode; the others have none."""

CODES: Final = {
    name: getattr(pickle, name)[0]
    for name in (
        *READERS, "NONE", "NEWTRUE", "NEWFALSE", "EMPTY_TUPLE", "EMPTY_LIST", "EMPTY_DICT",
        "EMPTY_SET", "LIST", "DICT", "FROZENSET", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "APPEND",
        "APPENDS", "ADDITEMS", "SETITEM", "SETITEMS", "POP", "DUP", "MARK", "POP_MARK", "MEMOIZE",
        "STACK_GLOBAL", "REDUCE", "BUILD", "OBJ", "NEWOBJ", "NEWOBJ_EX", "STOP", "BINPERSID",
        "NEXT_BUFFER", "READONLY_BUFFER",
    )
}  # fmt: skip
"""Name of an opcode -> its byte."""

BINARY: Final = bytes(
    CODES[name]
    for name in (
        "BININT", "BININT1", "BININT2", "BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "BINFLOAT",
        "EMPTY_LIST", "APPENDS", "EMPTY_TUPLE", "EMPTY_DICT", "SETITEMS", "POP_MARK", "OBJ",
        "BINGET", "LONG_BINGET", "BINPUT", "LONG_BINPUT", "BINPERSID",
    )
)  # fmt: skip
"""The opcodes that came with protocol 1."""
