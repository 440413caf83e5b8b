"""Signed pickles: a trailer after the STOP opcode, and the check before anything is unpickled.

The unpickler stops reading at STOP, so whatever stands behind it is nobody's business but ours: a
signed pickle still loads with plain `pickle.load(s)`, which checks nothing. The trailer has

    the magic       28 bytes    it ends with the version of this format
    a length         8 bytes    of the pickle before it, in bytes, little-endian
    the tag         32 bytes    HMAC-SHA256 over the magic, the pickle and the length

and is the end of the data. The magic stands *before* the pickle in what is signed: a tag that some
other protocol made with the same key can't be passed off as one of ours. The length is what error
messages are made from; the tag would do without it. There is no key id: a receiver tries its few
keys in turn, and the trailer tells nobody which one it was.

What a tag can't cover is refused: buffers that travel out of band are not in the pickle. What
a tag says is who made the pickle: somebody with the key. It says neither when nor for whom, and
hides nothing.

Outside API: `Key`, `NO_KEY`, `Signer`, `checked`, `refuse_buffers`.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, Final, Union

from modulepickle._base.errors import pointer

if TYPE_CHECKING:
    import hmac

__all__ = ["NO_KEY", "Key", "Signer", "checked", "refuse_buffers"]

Key = Union[bytes, Sequence[bytes]]
"""A secret, or several: the first one signs, and each of them is good for a check."""

STEM: Final = b"\xfemodulepickle hmac-sha256 "
"""No pickle opcode is 0xFE: who goes on to read after STOP gets an error and not an object."""

MAGIC: Final = STEM + b"1\n"
LENGTH: Final = 8
TAG: Final = 32
TRAILER: Final = len(MAGIC) + LENGTH + TAG

LEAST: Final = 16
"""Bytes of a key. Whoever has one signed pickle can try keys against it, at billions a second and
without asking anybody: only a random key of 128 bits or more is out of reach."""

MAKE: Final = "make one with secrets.token_bytes(32)"


class _NoKey:
    """The default of `key=`. Not None: a key that failed to arrive must not turn the check off."""

    def __repr__(self) -> str:
        return "<no key>"


NO_KEY: Final[Any] = _NoKey()


class Signer:
    """A binary file that passes on what is written to it, and signs it in the end."""

    def __init__(self, file: IO[bytes], key: Key) -> None:
        """Make one. Nothing is written before `write`.

        Raises:
            TypeError, ValueError: if the key is not bytes, or too short.
        """
        self._write = file.write
        self._mac = _start(_keys(key)[0])
        self._length = 0

    def write(self, data: Any) -> int:
        """Write bytes; return how many, as files do."""
        self._mac.update(data)
        self._length += memoryview(data).nbytes
        self._write(data)
        return len(data)

    def finish(self) -> None:
        """Write the trailer."""
        self._write(_trailer(self._mac, self._length))


def checked(data: Any, key: Key) -> memoryview:
    """Return the pickle inside a signed one, once its tag is seen to be of one of the keys.

    It is a view of a copy, unless the data are `bytes`: nobody can write to what was checked
    between the check and the unpickling.

    Raises:
        UnpicklingError: if it is not signed, was cut or altered, or signed with another key.
        TypeError, ValueError: if a key is not bytes, or too short.
    """
    import hmac

    keys = _keys(key)
    data = data if type(data) is bytes else bytes(memoryview(data))
    body = memoryview(data)[:-TRAILER]
    for each in keys:
        mac = _start(each)
        mac.update(body)
        if hmac.compare_digest(_trailer(mac, len(body)), data[-TRAILER:]):
            return body
    reason = f"{_reason(data, len(keys))}; nothing was unpickled"
    raise pickle.UnpicklingError(f"{reason} {pointer('not-signed')}")


def refuse_buffers(name: str) -> None:
    """Raise the error of an argument that stands for buffers out of band."""
    raise ValueError(
        f"{name}= cannot be used with key=: what travels out of band is not in the pickle, so the "
        f"signature would not cover it; leave {name}= out, or sign the buffers yourself"
    )


def _start(key: bytes) -> hmac.HMAC:
    import hmac  # here, and not above: few processes sign

    return hmac.new(key, MAGIC, "sha256")


def _trailer(mac: hmac.HMAC, length: int) -> bytes:
    """Return what stands after a pickle that is all in the MAC."""
    size = length.to_bytes(LENGTH, "little")
    mac.update(size)
    return MAGIC + size + mac.digest()


def _keys(key: Any) -> tuple[bytes, ...]:
    """Return the keys of a `key=`, which may be anything so far, each fit for use."""
    several = isinstance(key, Sequence) and not isinstance(key, (str, bytes, bytearray, memoryview))
    keys = tuple(_fit(each) for each in (key if several else [key]))
    if not keys:
        raise ValueError(f"key= is empty, so no key could sign or check; {MAKE}")
    return keys


def _fit(key: Any) -> bytes:
    """Return a key that is bytes, and long enough. Messages get logged: they quote none of it."""
    if isinstance(key, str):
        raise TypeError(
            "a key is bytes, not str: for a key that is written as hexadecimal digits type "
            f"bytes.fromhex(key); {MAKE}"
        )
    if not isinstance(key, (bytes, bytearray, memoryview)):
        hint = "to go without a signature, leave key= out" if key is None else MAKE
        raise TypeError(f"a key is bytes, not {type(key).__name__}; {hint}")
    if len(bytes(key)) < LEAST:
        raise ValueError(
            f"a key of {len(bytes(key))} bytes could be guessed: use {LEAST} or more, random, "
            f"and not a password; {MAKE}"
        )
    return bytes(key)


def _reason(data: bytes, keys: int) -> str:
    """Return why data are refused, as far as unsigned data can be trusted to tell."""
    at = data.rfind(STEM)
    if at < 0:
        return (
            "this pickle is not signed, or its end is missing: sign it with "
            "modulepickle.dumps(obj, key=...), or send it again"
        )
    size = len(data) - at
    if size >= len(MAGIC) and not data.startswith(MAGIC, at):
        return (
            "this pickle is signed in a format that this release does not know: install the "
            "sender's release of modulepickle"
        )
    if size < TRAILER:
        return f"this pickle was cut: {TRAILER - size} bytes are missing at its end; send it again"
    if size > TRAILER:
        return (
            f"{size - TRAILER} bytes follow the signature: a signed pickle is the end of its file "
            "or message"
        )
    said = int.from_bytes(data[at + len(MAGIC) : -TAG], "little")
    if said != at:
        return (
            f"the signature is for {said} bytes, and {at} bytes precede it: this pickle was cut or "
            "altered, or does not begin here (a file holds one signed pickle: put several objects "
            "into one list)"
        )
    which = "the key" if keys == 1 else f"any of the {keys} keys"
    return (
        f"the signature was not made with {which}: this pickle was altered, or signed with another "
        "key; compare the sender's key= with yours, and send it again"
    )
