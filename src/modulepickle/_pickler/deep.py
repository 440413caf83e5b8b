"""What is said of an object that is nested too deep to be pickled: the way into it.

Outside API: `TooDeep`, `too_deep`.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any, Final

from modulepickle._base.errors import ARROW, pointer
from modulepickle._pickler.failures import recorder_like
from modulepickle._reduce.dispatch import Dispatcher

__all__ = ["TooDeep", "too_deep"]

FIRST: Final = 6
"""Links of the way that are shown from its beginning."""

LAST: Final = 4
"""And from its end: what repeats itself is seen there."""


class TooDeep(pickle.PicklingError, RecursionError):
    """An object is nested too deeply. It is a RecursionError, as in plain pickle."""


FLAT: Final = "let __reduce__ or __getstate__ return it flat"
IN_A_THREAD: Final = f"run dumps in a thread with a larger threading.stack_size(), or {FLAT}"
LIMITED: Final = f"raise sys.setrecursionlimit(), or {FLAT}"
REMEDY: Final = (
    LIMITED
    if sys.version_info < (3, 12)
    else FLAT  # code of C has a limit of its own, which nothing sets
    if sys.version_info < (3, 14)
    else IN_A_THREAD
)

MORE: Final = pointer("too-deep")


def too_deep(pickler: Dispatcher, obj: Any, error: RecursionError) -> RecursionError:
    """Return an error that shows how the pickler got as deep as it did.

    Args:
        pickler: a `Pickler`, or one of a subclass. obj: what it was to pickle.
    """
    try:
        recorder = recorder_like(pickler)
        recorder.record(obj)
        chain = max((node.chain() for node in recorder.reached[-LAST:]), key=len)
    except Exception:  # hooks of a subclass that want more than a recorder has
        return TooDeep(f"{error}: deep recursion; what to do: {REMEDY} {MORE}")
    if len(chain) > FIRST + LAST:
        left = len(chain) - FIRST - LAST
        chain = (*chain[:FIRST], f"... {left:,} more ...", *chain[-LAST:])
    text = f"{error}: deep recursion, it is nested too deeply; reached by: {ARROW.join(chain)}"
    return TooDeep(f"{text}; what to do: {REMEDY} {MORE}")
