"""What one inspection may cost, whatever the data: a few times the work of reading them once.

A pickle of some hundred bytes can stand for more than any machine holds: it may name one thing a
thousand times, and each of these another one a thousand times. Whatever can multiply like this is
paid for here. What can no longer be paid is left out, and the report says so, once for each kind.

Outside API: `Budget`.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Budget"]

MEBIBYTE: Final = 2**20

KINDS: Final = {
    # kind -> (what an inspection has of it, and for each byte of the data, what is left out)
    "pickles": (2_000, 0.0, "pickles, one behind or inside the other; the others were not read"),
    "unpacked": (64 * MEBIBYTE, 16.0, "unpacked bytes; what is packed beyond was not looked at"),
    "entries": (50_000, 0.05, "entries; the others are not listed"),
    "text": (4 * MEBIBYTE, 2.0, "characters; what is longer is not listed"),
    "links": (200_000, 0.1, "links between packages; not all digests were checked"),
    "imports": (
        2_000_000,
        4.0,
        "characters of code by value; what the others import is not known",
    ),
    "source": (
        100_000,
        0.1,
        "characters of source; the others were not compared to their bytecode",
    ),
}


class Budget:
    """What is left for one inspection.

    Attributes:
        problems: the list that gets a sentence when something is used up. size: of the data, in
        bytes.
    """

    def __init__(self, size: int, problems: list[str]) -> None:
        self.problems = problems
        self._most = {kind: least + int(rate * size) for kind, (least, rate, _) in KINDS.items()}
        self._left = dict(self._most)

    def take(self, kind: str, amount: int = 1) -> bool:
        """Take some of a kind; return whether that much was left."""
        left = self._left[kind]
        if amount <= left:
            self._left[kind] = left - amount
            return True
        if left >= 0:
            self._left[kind] = -1  # nothing more of the kind: the rest would have gaps
            self.problems.append(f"it has more than {self._most[kind]:,} {KINDS[kind][2]}")
        return False

    def left(self, kind: str) -> int:
        """Return how much of a kind is left."""
        return max(0, self._left[kind])
