"""The texts by which receivers fetch from the stores of this library -> those stores.

A text of any other form may do anything; one of these only reads, and what it reads must have the
hash that the pickle says.

Outside API: `store_of`.
"""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["store_of"]

# Neither quotes nor backslashes in the path: so it is what it looks like.
DIRECTORY: Final = re.compile(
    r"""__import__\('pathlib'\)\.Path\((['"])([^'"\\]+)/\1\+k\.hex\(\)\)\.read_bytes\(\)"""
)
RAY: Final = re.compile(
    r"__import__\('ray\.experimental\.internal_kv'\)\.experimental\.internal_kv"
    r"\._internal_kv_get\(k,namespace=b'modulepickle'\)"
)


def store_of(text: Any) -> str:
    """Return the call that makes the store that a text reads in; "" if it is not known to."""
    if type(text) is not str:
        return ""
    found = DIRECTORY.fullmatch(text)
    if found is not None:
        return f"modulepickle.stores.directory({found[2]!r})"
    return "modulepickle.stores.RayStore()" if RAY.fullmatch(text) else ""
