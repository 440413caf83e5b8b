"""Telling that a function or class is no longer what its file says (R5).

The file is what travels. If it was edited after the import, the object in memory is older than what
will run on the receiver, and nobody sees it: hence a warning. It must never be a false alarm. So
compiled code is compared and not text, line numbers aside, and only where Python's own loader
compiled the file: pytest rewrites assertions, and other loaders do other things.

Nothing is compiled as long as the file is older than this process, which is the usual case.

Outside API: `check_fresh`.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from importlib.machinery import SourceFileLoader
from types import CodeType, FunctionType
from typing import Any, Final

from modulepickle._errors import StaleSourceWarning

__all__ = ["check_fresh"]

HOME: Final = os.path.dirname(os.path.abspath(__file__))
IMPORTED_NS: Final = time.time_ns()

Print = tuple[Any, ...]
"""What two compilations of one function share, wherever it stands in its file."""

_prints: dict[str, tuple[tuple[int, int, int], dict[str, set[Print]]]] = {}
"""Path -> its stat, and the prints of its code objects by their names."""


def check_fresh(obj: FunctionType | type) -> None:
    """Warn if a function or class of a local module differs from what its file now says."""
    spec = getattr(sys.modules.get(obj.__module__), "__spec__", None)
    if spec is None or type(spec.loader) is not SourceFileLoader or not spec.origin:
        return
    try:
        found = os.stat(spec.origin)
        if max(found.st_mtime_ns, found.st_ctime_ns) < _began_ns():
            return
        known = _prints_in(spec.origin, (found.st_size, found.st_mtime_ns, found.st_ctime_ns))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # a file that does not compile is somebody else's error to report
    for code in _codes(obj):
        if code.co_filename == spec.origin and _print(code) not in known.get(code.co_name, ()):
            warnings.warn(
                f"{obj.__module__}.{obj.__qualname__} is not what {spec.origin} says: the file was"
                " edited after it was imported. The file is what travels; reload the module, or"
                " start again, to run the same here.",
                StaleSourceWarning,
                stacklevel=_stack_level(),
            )
            return


def _began_ns() -> int:
    """Return a time in ns before which this process had imported nothing.

    A forked process began when its parent did; it has inherited our own import.
    """
    try:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        ticks = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # proc(5): since boot, field 22
        boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return min(IMPORTED_NS, int((boot + ticks) * 1e9))
    except (OSError, AttributeError, ValueError):  # not on Linux
        return IMPORTED_NS


def _prints_in(path: str, key: tuple[int, int, int]) -> dict[str, set[Print]]:
    """Return the prints of all code objects of a file, compiled once a content."""
    known = _prints.get(path)
    if known is None or known[0] != key:
        with open(path, "rb") as file:
            source = file.read()
        with warnings.catch_warnings():  # the import has shown what there is to warn of
            warnings.simplefilter("ignore")
            top = compile(source, path, "exec", dont_inherit=True)
        prints: dict[str, set[Print]] = {}
        for code in _nested(top):
            prints.setdefault(code.co_name, set()).add(_print(code))
        known = _prints[path] = key, prints
    return known[1]


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _nested(const)


def _print(code: CodeType) -> Print:
    consts = tuple(
        _print(const) if isinstance(const, CodeType) else (type(const), repr(const))
        for const in code.co_consts
    )
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    return code.co_name, code.co_code, consts, names, counts


def _codes(obj: Any) -> Iterator[CodeType]:
    """Yield the code of a function, under all its wrappers, or of the functions in a class."""
    if isinstance(obj, type):
        for value in list(vars(obj).values()):
            if not isinstance(value, type):
                yield from _codes(value)
        return
    for attribute in ("__func__", "fget", "fset", "fdel", "func"):
        inner = getattr(obj, attribute, None)
        if inner is not None and isinstance(obj, _HOLDERS):
            yield from _codes(inner)
    if isinstance(obj, FunctionType):
        wrapped = obj.__dict__.get("__wrapped__")
        yield from [obj.__code__] if wrapped is None else _codes(wrapped)


_HOLDERS: Final = (staticmethod, classmethod, property)


def _stack_level() -> int:
    """Return the `stacklevel` of the first caller outside this package, counted from our caller."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_code.co_filename):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(path: str) -> bool:
    return os.path.dirname(os.path.abspath(path)) == HOME
