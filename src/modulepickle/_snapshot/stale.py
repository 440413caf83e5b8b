"""Finding functions and classes that are no longer what their file says (R5).

The file is what travels. If it was edited after the import, the object in memory is older than what
will run on the receiver, and nobody would notice: hence a warning. It must never be a false alarm.
So compiled code is compared, and not text, without line numbers, and only if Python's own loader
compiled the file: pytest rewrites assertions, and other loaders do other things. The code is
compared with the content that travels, and not with what the disk has a moment later.

Nothing is compiled as long as the file is older than this process, which is the usual case.

Outside API: `BEGAN_NS`, `Check`, `checks_of`, `compiles`, `is_stale`.
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from importlib.machinery import SourceFileLoader
from types import CodeType, FunctionType
from typing import Any, Final

from modulepickle._base.errors import StaleSourceWarning, pointer
from modulepickle._base.held import held
from modulepickle._base.loud import stack_level
from modulepickle._base.process import began_ns
from modulepickle._snapshot.files import File, last_read

__all__ = ["BEGAN_NS", "QUIET", "Check", "checks_of", "compiles", "is_stale"]

Print = tuple[Any, ...]
"""What two compilations of one function share, wherever it stands in its file."""

_prints: dict[str, tuple[bytes, dict[str, set[Print]]]] = {}
"""Path -> the digest of its content, and the prints of its code objects by their names."""


Check = Callable[[Any, str], None]
"""Warns if an object that is shipped by its name differs from what its file now says.

It gets a function or class, or what a decorator made of one; and where that stands in its module,
dotted.
"""


def checks_of(module: str) -> Check | None:
    """Return what checks the objects of a module, or None if nothing can differ.

    Args:
        module: a local module, of which the snapshot has just been made.
    """
    spec: Any = getattr(sys.modules.get(module), "__spec__", None)
    if type(getattr(spec, "loader", None)) is not SourceFileLoader or not spec.origin:
        return None
    # The second for a `.` or `..` on `sys.path`. None: a link, perhaps; then nothing is known.
    file = last_read(spec.origin) or last_read(os.path.abspath(spec.origin))
    if file is None or max(file.key[1:3]) < BEGAN_NS:
        return None
    return functools.partial(_check, module, spec.origin, file)


def is_stale(obj: Any, module: str) -> bool:
    """Tell whether an object differs from what its file said when a snapshot was last made of it.

    Args:
        obj: as for `Check`. module: the dotted name of its module.
    """
    check: Any = checks_of(module)
    if check is None:
        return False
    _, origin, file = check.args
    return _difference(origin, file, obj) is not None


def _check(module: str, origin: str, file: File, obj: Any, path: str) -> None:
    difference = _difference(origin, file, obj)
    if difference is not None:
        _warn(f"{module}.{path}", difference)


def _difference(origin: str, file: File, obj: Any) -> str | None:
    """Return what an object differs from, in words, or None if it is the same."""
    try:
        known = _prints_in(origin, file)
    except UNREADABLE:  # it is an error if it is known (`faults`)
        return None
    for code in _codes(obj):
        if code.co_filename != origin or _is_known(code, file):
            continue
        if _print(code) not in known.get(code.co_name, ()):
            return origin
        forget = functools.partial(_same.pop, id(code))  # called with the dead reference
        _same[id(code)] = weakref.ref(code, forget), file.digest
    return None


_same: dict[int, tuple[weakref.ref[CodeType], bytes]] = {}
"""Id of a code object -> the object, and the digest of the content that it was found in."""


def _is_known(code: CodeType, file: File) -> bool:
    known = _same.get(id(code))
    return known is not None and known[1] == file.digest and known[0]() is code


QUIET: Final[ContextVar[bool]] = ContextVar("modulepickle_quiet", default=False)
"""Whether warnings are suppressed, since the object is pickled a second time to be sent."""


UNREADABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)


def compiles(path: str, file: File) -> str:
    """Return why a file does not compile, with the line, or "" if it does, or it is not known."""
    known = _prints.get(path)
    try:
        if known is None or known[0] != file.digest:
            _compiled(path, file)
    except (SyntaxError, ValueError) as error:
        line, why = getattr(error, "lineno", None), getattr(error, "msg", None) or error
        return f"does not compile: {why}" + (f", in line {line}" if line else "")
    except (RecursionError, MemoryError):
        pass
    return ""


def _warn(name: str, file: str) -> None:
    if QUIET.get():
        return
    text = (
        f"{name} is not what its file says now: {file}. The file was edited after its import, and"
        " the file is what travels; reload the module, or start again, to run the same code here."
    )
    still = held()
    if still is not None and still.is_asked_for:
        text = (
            f"{name} is not what its file said when hold() began: {file}. What it said then is what"
            " travels, until the block ends."
        )
    text = f"{text} {pointer('stale-source')}"
    warnings.warn(text, StaleSourceWarning, stacklevel=stack_level())


BEGAN_NS: Final = began_ns()
"""Taken once: a warm `dumps` opens no file. A forked process began when its parent did."""


def _prints_in(path: str, file: File) -> dict[str, set[Print]]:
    """Return the prints of all code objects of a file, compiled once a content."""
    known = _prints.get(path)
    if known is None or known[0] != file.digest:
        prints: dict[str, set[Print]] = {}
        for code in _nested(_compiled(path, file)):
            prints.setdefault(code.co_name, set()).add(_print(code))
        known = _prints[path] = file.digest, prints
    return known[1]


def _compiled(path: str, file: File) -> CodeType:
    with warnings.catch_warnings():  # the import has shown these warnings
        warnings.simplefilter("ignore")
        return compile(file.content(), path, "exec", dont_inherit=True)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _nested(const)


def _print(code: CodeType) -> Print:
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    return code.co_name, code.co_code, _const(code.co_consts), names, counts


def _const(const: object) -> object:
    """Return what is equal for constants that are, and only for those: 1, 1.0 and True differ."""
    if isinstance(const, CodeType):
        return _print(const)
    if isinstance(const, tuple):
        return tuple, tuple(map(_const, const))
    if isinstance(const, frozenset):  # its order depends on how it was made: `marshal` or compiler
        return frozenset, frozenset(map(_const, const))
    return type(const), repr(const)


def _codes(obj: Any) -> Iterator[CodeType]:
    """Yield the code of a function, under all its wrappers, or of the functions in a class."""
    if isinstance(obj, type):
        for value in list(vars(obj).values()):
            if not isinstance(value, type) or _is_nested(value, obj):
                yield from _codes(value)
    elif isinstance(obj, _WRAPPERS):
        wrapped = getattr(obj, "__wrapped__", None)
        if wrapped is not None:
            yield from _codes(wrapped)
        elif isinstance(obj, FunctionType):
            yield obj.__code__
    else:
        for attribute in _HOLDERS.get(type(obj), ()):
            yield from _codes(getattr(obj, attribute))


def _is_nested(cls: type, outer: type) -> bool:
    path = f"{outer.__qualname__}.{cls.__name__}"
    return cls.__module__ == outer.__module__ and cls.__qualname__ == path


_WRAPPERS: Final = (FunctionType, type(functools.lru_cache(lambda: None)))
_HOLDERS: Final[dict[type, tuple[str, ...]]] = {
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget", "fset", "fdel"),
    functools.cached_property: ("func",),
    functools.partialmethod: ("func",),
    functools.singledispatchmethod: ("func",),
}
