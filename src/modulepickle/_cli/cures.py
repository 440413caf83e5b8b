"""Which entry of `docs/errors.md` has the cure for what a receiver raised.

The sender's messages name their entries. Those of a receiver do not, since each of them would take
more room in every pickle; `run` looks them up here.

Outside API: `ENTRIES`, `cure`.
"""

from __future__ import annotations

import re
from typing import Final

from modulepickle._base.errors import pointer

__all__ = ["ENTRIES", "cure"]

ENTRIES: Final = {
    "left-out": r"ModuleNotFoundError: No module named .* \(the sender left it out by ",
    "missing-distribution": r"ModuleNotFoundError: No module named .*; missing here: ",
    "no-module": r"ModuleNotFoundError: No module named ",
    "damaged": r"ImportError: .* is damaged: pickle it again",
    "bytecode": r"_pickle\.UnpicklingError: .* of .* is bytecode of Python ",
    "newer-syntax": r"SyntaxError: .*, was written for Python ",
    "no-library": r"RuntimeError: modulepickle\.\w+\(\) was called where the library is not",
}
"""Anchor -> how the message begins, with its type. The first that fits counts."""


def cure(traceback: str) -> str:
    """Return the pointer to the entry on a traceback's exception, or "" if there is none."""
    raised = [line for line in traceback.splitlines() if line[:1].strip()][-1:]
    for entry, pattern in ENTRIES.items():
        if any(re.match(pattern, line) for line in raised):
            return pointer(entry)
    return ""
