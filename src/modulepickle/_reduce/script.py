"""The module `__main__`, for functions by value that import it or have it as a global.

The receiver has a `__main__` of its own, which is another program. So these functions see a
stand-in there: a module whose attributes are the globals that came with them. The globals that they
may use of it come along: those named by any attribute access or any string in their code.

Outside API: `named_of_script`, `reduce_script`, `script_of`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from modulepickle._base.codes import nested
from modulepickle._loader.emit import THE_CLASSES, Rebuilt, Reduced
from modulepickle._reduce.named import Named
from modulepickle._reduce.state import Dump

__all__ = ["NO_MODULES", "named_of_script", "reduce_script", "script_of"]

SCRIPT: Final = Rebuilt("script", THE_CLASSES)

MARK: Final = "_modulepickle_show"
"""Attribute of the class of stand-ins (see `_loader.class_script`)."""


NO_MODULES: Final = frozenset({FunctionType, type, str, int, dict, list, tuple, float, bool})


def script_of(globals_: dict[str, Any]) -> ModuleType | None:
    """Return the `__main__` that has these globals: this process', or a stand-in; else None."""
    main = sys.modules.get("__main__")
    if getattr(main, "__dict__", None) is globals_:
        return main
    builtins_ = globals_.get("__builtins__")
    found = builtins_.get("__main__") if type(builtins_) is dict else None
    return found if hasattr(type(found), MARK) else None


def _is_script(value: Any, globals_: dict[str, Any]) -> bool:
    """Tell whether a value is the `__main__` that has these globals, or its stand-in."""
    if type(value) in NO_MODULES or not issubclass(type(value), ModuleType):
        return False
    is_one = value is sys.modules.get("__main__") or hasattr(type(value), MARK)
    return is_one and value.__dict__ is globals_


def named_of_script(
    code: CodeType,
    words: Named,
    globals_: dict[str, Any],
    values: dict[str, Any],
    used: Iterable[str],
) -> dict[str, None]:
    """Return the globals that code names as attributes of `__main__`.

    Args:
        words: what the code names. values: of its closure, which may include that module.
        used: its other globals.
    """
    if "__main__" not in words.imports:
        found_values = (*values.values(), *map(globals_.get, used))
        if not any(_is_script(each, globals_) for each in found_values):
            return {}
    elif script_of(globals_) is None:
        return {}
    found: dict[str, None] = {}
    for each in nested(code):
        texts = [const for const in each.co_consts if type(const) is str]
        found.update((sys.intern(name), None) for name in (*each.co_names, *texts))
    return {name: None for name in found if name in globals_ and name[:2] != "__"}


def reduce_script(dump: Dump, module: ModuleType) -> Reduced | None:
    """Reduce `__main__`, or a stand-in, where functions travel by value; else None."""
    is_here = sys.modules.get("__main__") is module
    is_stand_in = type(module) is not ModuleType and hasattr(type(module), MARK)
    if not (is_stand_in or (is_here and dump.parts.used)):
        return None
    return SCRIPT, (dump.parts.names(module.__dict__, None),)
