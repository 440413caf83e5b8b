"""SHA-256, without OpenSSL where there is little to hash.

`hashlib` loads OpenSSL, which takes as long as to hash a megabyte with the interpreter's own C. So
a process that has not imported it does that first, up to an amount that only a larger package has.

Outside API: `sha256`.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["sha256"]

LITTLE: Final = 2**18
"""Bytes: a quarter of what could be hashed in the time in which OpenSSL is loaded."""

_hashed = 0
"""Bytes that were hashed without OpenSSL."""


def sha256(data: bytes = b"") -> _Hash:
    """Return what `hashlib.sha256` does."""
    global _hashed
    if "hashlib" not in sys.modules and _hashed + len(data) <= LITTLE:
        own = _own()
        if own is not None:
            _hashed += len(data)
            made: _Hash = own(data)
            return made
    import hashlib

    return hashlib.sha256(data)


@cache
def _own() -> Any:
    """Return the interpreter's own function; None if it was built without."""
    name = "_sha2" if sys.version_info >= (3, 12) else "_sha256"  # when 3.11 goes: `_sha2`
    try:
        return importlib.import_module(name).sha256
    except (ImportError, AttributeError):
        return None
