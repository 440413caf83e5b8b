"""Compiled modules -> the names that they import.

A compiled module cannot be read. One made by Cython usually has its source, `.pyx`, beside it. No
parser of the standard library reads that, so import statements are searched line by line; a name
found in a comment or a string does no harm. Without source, if this process has imported the
module, its namespace tells.

Outside API: `cython_imports`, `imported_by_compiled`, `SOURCES`.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

__all__ = ["SOURCES", "cython_imports", "imported_by_compiled"]

SOURCES: Final = (".pyx", ".pxd", ".pxi")

# As text: `re` compiles it when it is first used.
_STATEMENT: Final = (
    rb"(?m)^[ \t]*(?:from[ \t]+(\.*[ \t]*[\w.]*)[ \t]+c?import[ \t]+(\([^)]*\)|[^\n#;]+)"
    rb"|c?import[ \t]+([\w. \t,]+))"
)


def cython_imports(source: bytes, module: str, is_package: bool) -> tuple[str, ...]:
    """Return the absolute dotted names that Cython source imports, each once, as `imports` does.

    Args:
        source: the file's bytes.
        module: the dotted name of the module. is_package: it is the `__init__` of a package.
    """
    package = module if is_package else module.rpartition(".")[0]
    found: dict[str, None] = {}
    for match in re.finditer(_STATEMENT, source.replace(b"\\\n", b" ").replace(b"\r", b"")):
        found.update(dict.fromkeys(_imported(match, package)))
    return tuple(found)


def _imported(match: re.Match[bytes], package: str) -> Iterator[str]:
    base, names, modules = (
        None if group is None else group.decode(errors="replace") for group in match.groups()
    )
    if modules is not None:
        yield from filter(None, map(_first, modules.split(",")))
        return
    name = "".join((base or "").split())
    try:
        name = importlib.util.resolve_name(name, package or None)
    except (ImportError, ValueError):  # beyond the top: it fails when it is executed as well
        return
    yield name
    for each in re.sub("#.*", "", names or "").strip("()").split(","):
        child = _first(each)
        if child and child != "*":
            yield f"{name}.{child}"


def _first(text: str) -> str:
    """Return `a.b` of `a.b as c`."""
    words = text.split()
    return words[0] if words else ""


def imported_by_compiled(module: str) -> tuple[str, ...]:
    """Return the modules whose objects an imported module holds, each once. Nothing is imported.

    Modules, functions and classes are looked at without their `__getattr__`: a lazy module would
    import itself.
    """
    found: dict[str, None] = {}
    home = sys.modules.get(module)
    for value in [*vars(home).values()] if type(home) is ModuleType else ():
        name = _home_of(value)
        if isinstance(name, str) and name not in (module, "builtins", "__main__"):
            found[name] = None
    return tuple(found)


def _home_of(value: Any) -> object:
    if issubclass(type(value), ModuleType):
        return object.__getattribute__(value, "__dict__").get("__name__")
    if type(value) is FunctionType:
        return value.__module__
    return type.__getattribute__(value, "__module__") if issubclass(type(value), type) else None
