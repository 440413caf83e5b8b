"""Finding functions and classes that are no longer what their file says (R5).

The file is what travels. If it was edited after the import, the object in memory is older than what
will run on the receiver, and nobody would notice: hence a warning. It must never be a false alarm.
So compiled code is compared, and not text, without line numbers, and only if Python's own loader
compiled the file: pytest rewrites assertions, and other loaders do other things. The code is
compared with the content that travels, and not with what the disk has a moment later.

The functions in memory are compared with the file. What else makes an object (fields, decorators,
constants), and what its code uses, is compared with what was imported, as far as that is known
(`imported`).

Nothing is compiled as long as the files are older than this process, which is the usual case.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import functools
import sys
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, FunctionType
from typing import Any, Final

from modulepickle._base.codes import nested
from modulepickle._base.errors import StaleSourceWarning, pointer
from modulepickle._base.held import held
from modulepickle._base.loud import stack_level
from modulepickle._base.process import began_ns
from modulepickle._snapshot.files import File
from modulepickle._snapshot.imported import (
    EDITED,
    UNREADABLE,
    difference,
    difference_for,
    file_of,
    note,
)

__all__ = [
    "BEGAN_NS", "EDITED", "QUIET", "Check", "check_by_value", "checks_of", "compiles", "is_stale",
    "note_imported",
]  # fmt: skip

Print = tuple[Any, ...]
"""What two compilations of one function share, wherever it stands in its file."""

_prints: dict[str, tuple[bytes, dict[str, set[Print]], CodeType]] = {}
"""Path -> the digest of its content, the prints of its code objects by their names, its code."""


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
    origin, file = _young(module)
    if origin and (file is not None or EDITED):
        return functools.partial(_check, module, origin, file)
    return None


def note_imported(specs: Mapping[str, ModuleSpec]) -> None:
    """Note what this process imported of a package, of which a snapshot has just been made."""
    note(specs, BEGAN_NS)


def _young(module: str) -> tuple[str, File | None]:
    """Return the path of the file that a module was compiled from, and what was read from it.

    "" if another loader made it. None if it has not changed since this process began.
    """
    spec: Any = getattr(sys.modules.get(module), "__spec__", None)
    if type(getattr(spec, "loader", None)) is not SourceFileLoader or not spec.origin:
        return "", None
    file = file_of(spec.origin)
    is_young = file is not None and max(file.key[1:3]) >= BEGAN_NS
    return spec.origin, file if is_young else None


def is_stale(cls: type, module: str) -> bool:
    """Tell whether a class differs from what its file said when a snapshot was last made of it.

    What its methods use does not count.

    Args:
        module: the dotted name of its module.
    """
    origin, file = _young(module)
    if file is not None and _differs(origin, file, cls):
        return True
    top = cls.__qualname__.partition(".")[0]
    return difference(module, top, is_made=True) is not None


def _check(module: str, origin: str, file: File | None, obj: Any, path: str) -> None:
    name = f"{module}.{path}"
    if file is not None and _differs(origin, file, obj):
        _warn(f"{name} is not", origin)
        return
    top = path.partition(".")[0]
    edit = difference(module, top)
    if edit is None:
        return
    if edit[:2] == (module, top):
        _warn(f"{name} is not", edit.file)
    else:
        _warn(f"{name} uses {edit.module}.{edit.name}, which is not", edit.file)


def check_by_value(function: FunctionType, imports: Iterable[str]) -> None:
    """Warn if modules that a function by value uses differ from what their files now say.

    Args:
        imports: the dotted names that its code imports.
    """
    edit = difference_for(function, imports)
    if edit is not None:
        name = function.__qualname__
        _warn(f"{name} uses {edit.module}.{edit.name}, which is not", edit.file)


def _differs(origin: str, file: File, obj: Any) -> bool:
    """Tell whether the functions in an object are others than those in its file."""
    try:
        known, whole = _prints_in(origin, file)
    except UNREADABLE:  # it is an error if it is known (`faults`)
        return False
    for code in _codes(obj):
        if code.co_filename != origin or _is_known(code, file):
            continue
        if _print(code) not in known.get(code.co_name, ()) and not _is_in(code, whole):
            return True
        forget = functools.partial(_same.pop, id(code))  # called with the dead reference
        _same[id(code)] = weakref.ref(code, forget), file.digest
    return False


def _is_in(code: CodeType, whole: CodeType) -> bool:
    """Tell whether code differs from some code of its file in docstrings alone."""
    from modulepickle._snapshot.meaning import meaning_of  # few processes edit anything

    same = (each for each in nested(whole) if each.co_name == code.co_name)
    return any(meaning_of(each) == meaning_of(code) for each in same)


_same: dict[int, tuple[weakref.ref[CodeType], bytes]] = {}
"""Id of a code object -> the object, and the digest of the content that it was found in."""


def _is_known(code: CodeType, file: File) -> bool:
    known = _same.get(id(code))
    return known is not None and known[1] == file.digest and known[0]() is code


QUIET: Final[ContextVar[bool]] = ContextVar("modulepickle_quiet", default=False)
"""Whether warnings are suppressed, since the object is pickled a second time to be sent."""


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


def _warn(what: str, file: str) -> None:
    if QUIET.get():
        return
    text = (
        f"{what} what its file says now: {file}. The file was edited after its import, and"
        " the file is what travels; reload the module, or start again, to run the same code here."
    )
    still = held()
    if still is not None and still.is_asked_for:
        text = (
            f"{what} what its file said when hold() began: {file}. What it said then is what"
            " travels, until the block ends."
        )
    text = f"{text} {pointer('stale-source')}"
    warnings.warn(text, StaleSourceWarning, stacklevel=stack_level())


BEGAN_NS: Final = began_ns()
"""Taken once: a warm `dumps` opens no file. A forked process began when its parent did."""


def _prints_in(path: str, file: File) -> tuple[dict[str, set[Print]], CodeType]:
    """Return the prints of all code objects of a file, and its code, compiled once a content."""
    known = _prints.get(path)
    if known is None or known[0] != file.digest:
        prints: dict[str, set[Print]] = {}
        whole = _compiled(path, file)
        for code in nested(whole):
            prints.setdefault(code.co_name, set()).add(_print(code))
        known = _prints[path] = file.digest, prints, whole
    return known[1:]


def _compiled(path: str, file: File) -> CodeType:
    with warnings.catch_warnings():  # the import has shown these warnings
        warnings.simplefilter("ignore")
        return compile(file.content(), path, "exec", dont_inherit=True)


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
