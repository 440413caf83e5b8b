"""SHA-256, without importing `hashlib` before there is something to hash: it loads OpenSSL.

Outside API: `sha256`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["sha256"]


def sha256(data: bytes = b"") -> _Hash:
    """Return what `hashlib.sha256` does."""
    import hashlib

    return hashlib.sha256(data)
