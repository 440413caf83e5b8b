"""What is wrong with what was typed.

Outside API: `Mistake`, `close`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["Mistake", "close"]


class Mistake(Exception):
    """Something wrong with what was typed; the message says what to type instead."""


def close(word: str, names: Iterable[str]) -> str:
    """Return `; did you mean 'name'?` for the name that is most like a word; "" if none is."""
    found = difflib.get_close_matches(word, [*names], 1)
    return f"; did you mean {found[0]!r}?" if found else ""
