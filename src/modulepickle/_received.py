"""What this process received: finding the loader's snapshot of an object, to send it on (R16).

The library does not import the loader; it finds it as the receiver's process has it. A loader's
snapshot is known by its attributes `made`, `parts` and `needs`, which no release renames.
"""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import Any

from modulepickle._snapshot import Shipped

__all__ = ["received", "resend"]


def received(obj: Any) -> Any:
    """Return the loader's snapshot that made a function, class or module; else None."""
    if isinstance(obj, FunctionType):
        return _of_globals(obj.__globals__)
    if isinstance(obj, type):
        return obj.__dict__.get("_abc_snapshot") or _of_class(obj)
    if isinstance(obj, ModuleType):
        return getattr(getattr(obj, "__spec__", None), "snapshot", None)
    return _of_module(getattr(obj, "__module__", None))


def _of_globals(names: dict[str, Any]) -> Any:
    builtins = names.get("__builtins__")
    if not isinstance(builtins, dict):
        return None
    found = getattr(builtins.get("__import__"), "__self__", None)
    return found if hasattr(found, "parts") else None


def _of_class(cls: type) -> Any:
    """Return the snapshot of a class: by a function in it, or by the module of its name."""
    for value in cls.__dict__.values():
        function = getattr(value, "__func__", value)
        if isinstance(function, FunctionType) and function.__module__ == cls.__module__:
            return _of_globals(function.__globals__)
    return _of_module(cls.__module__)


def _of_module(name: object) -> Any:
    module = sys.modules.get(name) if isinstance(name, str) else None
    return getattr(getattr(module, "__spec__", None), "snapshot", None)


def resend(snapshot: Any, known: dict[bytes, Shipped]) -> Shipped:
    """Return a received snapshot as it travels on: unchanged, with all that it requires."""
    digest = snapshot.parts[1]
    if digest not in known:
        known[digest] = made = Shipped(*snapshot.parts)
        made.needs = {
            name: need if isinstance(need, str) else resend(need, known)
            for name, need in snapshot.needs.items()
        }
    return known[digest]
