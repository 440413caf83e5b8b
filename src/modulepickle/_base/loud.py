"""Saying what will probably not work, at `dumps`, where it can be mended (R15).

What is to be said is a `Problem`, as an error's is. It is said once a process and subject, by
`warnings` and in the log, with the line of the user's code that pickles; a strict policy makes an
error of it, each time.

Outside API: `announce`, `sentence`, `stack_level`.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable
from types import FrameType
from typing import Final

from modulepickle._base.errors import (
    ARROW,
    PackagingError,
    Problem,
    Reason,
    ShippingWarning,
    pointer,
)
from modulepickle._base.process import log

__all__ = ["announce", "sentence", "stack_level"]

HOME: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

_told: set[tuple[Reason, str]] = set()
"""Reason and subject of what was said in this process."""


def announce(notices: Iterable[Problem], strict: bool = False) -> None:
    """Say each notice, unless it was said before.

    Args:
        strict: raise instead.

    Raises:
        PackagingError: if `strict`, with all of them.
    """
    if strict:
        found = (*notices,)
        if found:
            raise PackagingError(found)
        return
    for each in notices:
        key = each.reason, each.subject
        if key not in _told:
            text = sentence(each)
            # First: where warnings are errors, it is said again the next time.
            warnings.warn(text, ShippingWarning, stacklevel=stack_level())
            _told.add(key)
            log.warning("%s", text, quiet=True)


def sentence(notice: Problem) -> str:
    """Return a notice as one line: what, why, who leads there, what to type, where to read on."""
    who = f" (reached by: {ARROW.join(notice.chain)})" if notice.chain else ""
    more = pointer(notice.reason.anchor)
    return f"{notice.subject}: {notice.detail}{who}; {notice.remedy} {more}"


def stack_level() -> int:
    """Return the `stacklevel` of the caller who pickles or sends, counted from our caller."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_passed_over(frame):
        level, frame = level + 1, frame.f_back
    return level


SENDERS: Final = frozenset(
    {"cloudpickle", "concurrent", "dask", "dill", "distributed", "joblib", "loky"}
    | {"multiprocessing", "pyspark", "ray"}
)
"""Top-level names of those who pickle for their callers."""


def _is_passed_over(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    if isinstance(name, str) and name.partition(".")[0] in SENDERS:
        return True
    return os.path.abspath(frame.f_code.co_filename).startswith(HOME)
