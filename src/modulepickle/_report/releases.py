"""The texts that releases of this library send along, so that any other text is recognised.

Outside API: `FINDERS`, `makes`, `release_of`.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from modulepickle._loader.emit import FIND, STAGE0, TEXTS

__all__ = ["FINDERS", "makes", "release_of"]


class Release(NamedTuple):
    """One text of a release.

    Attributes:
        makes: what it is for. digest: SHA-256 of the text, in hex. starter: the expression that
        executes it. names: those that it is given.
    """

    makes: str
    digest: str
    starter: str
    names: tuple[str, str]


_FIRST: Final = "exec(__import__('zlib').decompress(z))or N"
_OTHERS: Final = (
    "((m:=(s:=__import__('sys')).modules).get(n)or exec(__import__('zlib').decompress(z),"
    "(t:=type(s)(n)).__dict__)or(m.setdefault(n,t),"
    "setattr(s,n,compile('__import__(n).get','','eval')))[0]).get"
)

OLDER: Final = {
    # 0.1.0
    "_modulepickle_c8df52": Release(
        "snapshots",
        "c8df527ef1e9750a6d3b93806b11c716072253cb3b68051809139661adc546b8",
        _FIRST,
        ("N", "z"),
    ),
    "_modulepickle_8f14f5": Release(
        "functions",
        "8f14f5d7909e99c66ef3614441801518393b7f90b432ace3e9375d8292058d36",
        _OTHERS,
        ("n", "z"),
    ),
    "_modulepickle_4006f9": Release(
        "classes",
        "4006f96ee47a7de593225b767e33a7bbb54615d40e5010a72978ae9f129de76c",
        _OTHERS,
        ("n", "z"),
    ),
    "_modulepickle_c35c6d": Release(
        "archives of a store",
        "c35c6de4f599616901023c448547dc1bb3742933cd8d19835bebf767d1ab0cf6",
        _OTHERS,
        ("n", "z"),
    ),
}
"""Name of a text of an older release -> the text. When a release is made, its texts go here."""

FINDERS: Final = frozenset({FIND, "getattr(__import__('sys'),'_mpc35c6d',eval)"})
"""The functions that look for packages in a store, of each release."""


def release_of(name: str, text: str | None, starter: str, names: tuple[str, ...]) -> str:
    """Return "this", "other" for an older release, or "changed" for an unknown text.

    Args:
        name: of the text. text: None if it could not be unpacked. starter: the expression that
        executes it. names: those that it is given, in order.
    """
    own = TEXTS.get(name)
    if own is not None:
        same = (text, starter, names) == (own.text, STAGE0, ("__name__", "packed"))
        return "this" if same else "changed"
    older = OLDER.get(name)
    if older is None or text is None:
        return "changed"
    found = (hashlib.sha256(text.encode()).hexdigest(), starter, names)
    return "other" if found == older[1:] else "changed"


def makes(name: str) -> str:
    """Return what the text of a name is for."""
    if name in TEXTS:
        return TEXTS[name].title
    return OLDER[name].makes if name in OLDER else "unknown"
