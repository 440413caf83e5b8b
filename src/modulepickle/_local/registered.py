"""The modules that this process was told to pickle by value, under the names of cloudpickle.

The setting of one process for all its picklers; `Policy(by_value=...)` is that of one pickler.

Outside API: `register_pickle_by_value` and its twins, and `is_registered`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

__all__ = [
    "is_registered",
    "list_registry_pickle_by_value",
    "register_pickle_by_value",
    "unregister_pickle_by_value",
]

_registered: Final[dict[str, None]] = {}


def register_pickle_by_value(module: ModuleType) -> None:
    """Pickle functions and classes of a module, and of its submodules, one by one and by value.

    As `cloudpickle.register_pickle_by_value`.

    Raises:
        ValueError: it is not a module, or was never imported.
    """
    if not isinstance(module, ModuleType):
        raise ValueError(
            f"Input should be a module object, got {module!r} instead: import it, and give that"
        )
    if module.__name__ not in sys.modules:
        raise ValueError(f"{module} was not imported correctly: import it, and register that")
    _registered[module.__name__] = None


def unregister_pickle_by_value(module: ModuleType) -> None:
    """Undo `register_pickle_by_value`.

    Raises:
        ValueError: it is not registered.
    """
    if not isinstance(module, ModuleType):
        raise ValueError(
            f"Input should be a module object, got {module!r} instead: import it, and give that"
        )
    if module.__name__ not in _registered:
        raise ValueError(f"{module} is not registered for pickle by value")
    del _registered[module.__name__]


def list_registry_pickle_by_value() -> set[str]:
    """Return the names of the modules that are registered."""
    return {*_registered}


def is_registered(name: str) -> bool:
    """Tell whether a module, or a package that it stands in, is registered."""
    while name:
        if name in _registered:
            return True
        name = name.rpartition(".")[0]
    return False
