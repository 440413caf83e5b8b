"""What a process holds still, while it is in a `hold()`: answers about the disk that are kept.

One object for the process, or none; and one for what a thread pickles for an earlier call of the
user's (`scoped`), which comes first. Whoever would look at the disk in a `dumps` asks for it first.
It is found and given up by a single assignment, so no reader needs a lock.

Outside API: `Held`, `begin`, `end`, `held`, `scoped`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

__all__ = ["Held", "begin", "end", "held", "scoped"]


class Held:
    """What is held.

    Attributes:
        settings: what `pyproject.toml` says, in a tuple of one; empty until somebody asks.
        finders: policy -> its finder. parts: policy -> what its shipments share.
        files: path on disk -> what was read from it. lines: path -> its lines of source.
        scripts: path of a script -> the names that its file gives to things.
        lock: taken to add to `parts`; reading needs none.
        is_asked_for: the user wrote `hold()`, else it is for one call.
    """

    __slots__ = (
        "files",
        "finders",
        "is_asked_for",
        "lines",
        "lock",
        "parts",
        "scripts",
        "settings",
    )

    def __init__(self, is_asked_for: bool = True) -> None:
        self.is_asked_for = is_asked_for
        self.settings: tuple[Any, ...] = ()
        self.finders: dict[Any, Any] = {}
        self.parts: dict[Any, Any] = {}
        self.files: dict[str, Any] = {}
        self.lines: dict[str, list[str]] = {}
        self.scripts: dict[str, Any] = {}
        self.lock = threading.RLock()


_held: Held | None = None
_depth = 0
_lock = threading.Lock()
_scoped: Final[ContextVar[Held | None]] = ContextVar("modulepickle_held", default=None)


def held() -> Held | None:
    """Return what is held now; None outside of every `hold()`."""
    return _scoped.get() or _held


@contextmanager
def scoped(state: Held) -> Iterator[None]:
    """Hold something for what this thread or task does in the block."""
    token = _scoped.set(state)
    try:
        yield
    finally:
        _scoped.reset(token)


def begin() -> bool:
    """Enter a block; tell whether it is the outermost one of the process."""
    global _held, _depth
    with _lock:
        _depth += 1
        if _held is None:
            _held = Held()
        return _depth == 1


def end() -> None:
    """Leave a block; after the outermost one, nothing is held."""
    global _held, _depth
    with _lock:
        _depth -= 1
        if not _depth:
            _held = None


def _after_fork() -> None:
    """Let a child go on in the block that it was forked in: another thread may have had a lock."""
    global _lock
    _lock = threading.Lock()
    if _held is not None:
        _held.lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
