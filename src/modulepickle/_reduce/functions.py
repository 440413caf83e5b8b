"""Functions by value: code, and what it names.

A function of `__main__` gets globals of its own on the receiver: one dict for all functions of one
`__main__` in one pickle, with the names that their code can use, and an `__import__` that finds the
local packages which they import. A closure or lambda of a module that travels as a name, shipped or
installed, keeps that module's live globals.

Reductions are in two steps, since all of this refers to itself: made empty (the pickler memoises
it), then filled by a state setter. See `_loader/functions.py` for the other end.

`_reduce.whole` decides when each is filled.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import functools
import gc
import importlib.util
import operator
import sys
import types
import weakref
from itertools import chain
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import LIBRARY, Call, Rebuilt, Reduced, is_of_texts
from modulepickle._loader.received import is_receiver, requirements_of, resend
from modulepickle._local.distributions import requirement
from modulepickle._local.finder import STANDARD_NAMES
from modulepickle._reduce.code import freeze
from modulepickle._reduce.local import is_standard
from modulepickle._reduce.named import Named, named, words_of
from modulepickle._reduce.script import NO_MODULES, named_of_script, script_of
from modulepickle._reduce.state import (
    MAIN,
    Dump,
    Live,
    NotANumber,
    Positioned,
    SortedSet,
    by_value,
    in_stable_order,
)
from modulepickle._reduce.texts import IMPORTING, named_in_texts
from modulepickle._snapshot.ref import SnapshotRef

__all__ = [
    "SET_FUNCTION", "Held", "annotations_of", "function_holds", "function_shell", "home_of",
    "reduce_annotate", "reduce_cell", "reduce_code", "reduce_live", "reduce_not_a_number",
    "reduce_positioned",
    "reduce_sorted",
]  # fmt: skip

MAGIC: Final = importlib.util.MAGIC_NUMBER
VERSION: Final = "{}.{}".format(*sys.version_info)
LAZY: Final = getattr(types, "LazyImportType", None)
"""What a lazy import statement binds, from Python 3.15 on (PEP 810)."""

Held = tuple[tuple[dict[str, Any], ...], tuple[Any, ...]]
"""What a function or class holds: its values in groups by kind, and what follows them."""

OPTIMIZED: Final = 1  # CO_OPTIMIZED: the code of a function, not of a module or class

OF_A_CLASS: Final = frozenset({"__annotate_func__", "__annotations_cache__"})
"""What `functools.wraps` copies from a class since 3.14. No function uses it: functions have
annotations of their own."""

CODE: Final = Rebuilt("code")
FUNCTION: Final = Rebuilt("function")
SET_FUNCTION: Final = Rebuilt("set_function")
SET_CELL: Final = Rebuilt("set_cell")
ANNOTATE: Final = Rebuilt("annotate")
CELL: Final = Call(getattr, types, "CellType")


# --- functions ------------------------------------------------------------------------------------


def function_shell(dump: Dump, function: FunctionType) -> Reduced:
    """Return the call that makes a function, with nothing in it that could refer to it."""
    parts, code = dump.parts, function.__code__
    module = home_of(dump, function)
    names = parts.names(function.__globals__, module)
    cells = {}
    if function.__closure__:
        for name, cell in zip(code.co_freevars, function.__closure__):
            cells[sys.intern(name)] = cell
            parts.cells.add(parts.keep(cell))
    if module is None:
        words = named(code)
        scope = parts.scope(function.__globals__, _requirements(dump, function, words))
        if "__main__" in words.imports:
            script = script_of(function.__globals__)
            if script is not None:
                return FUNCTION, (code, names, cells, scope, script)
        return FUNCTION, (code, names, cells) if scope is None else (code, names, cells, scope)
    shipped = dump.is_shipped(module)
    return FUNCTION, (parts.positioned(code, module) if shipped else code, names, cells)


def function_holds(dump: Dump, function: FunctionType) -> Held:
    """Return what a function refers to: globals, contents of cells, attributes; and submodules."""
    code = function.__code__
    words = named(code)
    values: dict[str, Any] = {}
    if function.__closure__:
        for name, cell in zip(code.co_freevars, function.__closure__):
            try:
                values[sys.intern(name)] = in_stable_order(cell.cell_contents)
            except ValueError:  # it is empty
                pass
    attributes = _attributes(function, words)
    own = function.__dict__ and {
        sys.intern(name) if type(name) is str else name: in_stable_order(value)
        for name, value in function.__dict__.items()
        if name not in OF_A_CLASS
    }
    used: dict[str, Any] = {}
    inside: dict[str, Any] = {}
    if home_of(dump, function) is None:
        used = _used(dump, function, words, attributes.get("__annotations__"), values)
        inside = _imported_inside(dump, words) if words.imports else inside
    reached = _submodules(words, used, values, inside) if used or values or inside else ()
    return (used, values, attributes, own), reached


def home_of(dump: Dump, function: FunctionType) -> ModuleType | None:
    """Return the module that travels as a name and has a function's globals, or None."""
    globals_, homes = function.__globals__, dump.parts.homes
    key = id(globals_)
    if key not in homes:
        homes[dump.parts.keep(globals_)] = _home(dump, globals_)
    return homes[key]


def _home(dump: Dump, globals_: dict[str, Any]) -> ModuleType | None:
    """Return the module that travels as a name and has these globals, or None."""
    name = globals_.get("__name__")
    if not isinstance(name, str) or by_value(dump, name):
        return None
    module = sys.modules.get(name)
    if getattr(module, "__dict__", None) is globals_:
        return module
    if is_receiver():  # a superseded snapshot is in no list
        for each in gc.get_referrers(globals_):
            if issubclass(type(each), ModuleType) and hasattr(each.__spec__, "snapshot"):
                return each  # type: ignore[no-any-return]
    return None


def _attributes(function: FunctionType, words: Named) -> dict[str, Any]:
    """Return the attributes that a new function of the same code would lack."""
    title = function.__code__.co_name
    found: dict[str, Any] = {}
    if function.__name__ != title:
        found["__name__"] = function.__name__
    if function.__qualname__ != title:  # before 3.11, code has no qualified name
        found["__qualname__"] = function.__qualname__
    if function.__module__ != function.__globals__.get("__name__"):
        found["__module__"] = function.__module__
    if function.__doc__ != words.doc:
        found["__doc__"] = function.__doc__
    if function.__defaults__:
        found["__defaults__"] = tuple(map(in_stable_order, function.__defaults__))
    if function.__kwdefaults__:
        values = function.__kwdefaults__.items()
        found["__kwdefaults__"] = {
            sys.intern(name): in_stable_order(value) for name, value in values
        }
    if sys.version_info >= (3, 12) and function.__type_params__:
        found["__type_params__"] = function.__type_params__
    annotations = annotations_of(function)
    if annotations:
        found["__annotations__"] = annotations
    return found


def annotations_of(obj: Any) -> dict[str, Any]:
    """Return annotations; one that names something not defined yet as text (PEP 649)."""
    try:
        found = obj.__annotations__
    except NameError:
        # New in 3.14, where annotations are evaluated late.
        annotationlib = importlib.import_module("annotationlib")
        found = _told(annotationlib.get_annotations(obj, format=annotationlib.Format.FORWARDREF))
    return {sys.intern(name): value for name, value in found.items()} if found else {}


def _told(annotations: dict[str, Any]) -> dict[str, Any]:
    """Return annotations with the text of what is not there yet."""
    return {name: getattr(value, "__forward_arg__", value) for name, value in annotations.items()}


def reduce_annotate(_: Dump, function: FunctionType) -> Reduced:
    """Reduce what evaluates annotations (PEP 649), which has no source: to what it returns."""
    if is_of_texts(function):
        return ANNOTATE, (function(1), function(4))
    annotationlib = importlib.import_module("annotationlib")
    call, form = annotationlib.call_annotate_function, annotationlib.Format
    try:
        values = function(form.VALUE)
    except NameError:
        values = _told(call(function, form.FORWARDREF))
    return ANNOTATE, (values, call(function, form.STRING))


def reduce_not_a_number(_: Dump, obj: NotANumber) -> Reduced:
    """Reduce a NaN to an item of a tuple, so that it has a place in the pickler's memo."""
    return operator.getitem, ((obj.value,), 0)


def reduce_sorted(_: Dump, obj: SortedSet) -> Reduced:
    """Reduce a frozenset to a sorted list."""
    return frozenset, (sorted(obj.items, key=lambda each: (type(each).__name__, repr(each))),)


# --- what code names ------------------------------------------------------------------------------


def _used(
    dump: Dump,
    function: FunctionType,
    words: Named,
    annotations: dict[str, Any] | None,
    values: dict[str, Any],
) -> dict[str, Any]:
    """Return the globals that a function uses, also by annotations that are text."""
    found = dict.fromkeys(words.used)
    globals_ = function.__globals__
    if words.texts:
        found.update((name, None) for name in words.texts if name[:2] != "__")
    if annotations:
        for each in annotations.values():
            if type(each) is not type:
                found.update((sys.intern(word), None) for word in words_of(each))
    if "__subclasses__" in words.words:
        dump.parts.in_order = True
        found = {**dict.fromkeys(_subclasses(globals_)), **found}
    if not (words.imports or found or values):
        return {}
    found.update(named_of_script(function.__code__, words, globals_, values, found))
    return {name: in_stable_order(_resolved(globals_[name])) for name in found if name in globals_}


def _subclasses(globals_: dict[str, Any]) -> list[str]:
    """Return the names of derived classes in a script, for code that asks for subclasses.

    Nothing else may name them. What is derived from classes of the standard library alone is not
    what such code is after.
    """
    mine = globals_.get("__name__")
    return [
        sys.intern(name)
        for name, value in [*globals_.items()]
        if isinstance(value, type)
        and vars(value).get("__module__") == mine
        and any(
            base.__module__ == mine or str(base.__module__).partition(".")[0] not in STANDARD_NAMES
            for base in value.__mro__[1:]
        )
    ]


def _resolved(value: object) -> object:
    """Return what code gets for a global: what it imports, if a lazy statement left that open."""
    if type(value) is not LAZY:
        return value
    try:
        return value.resolve()  # type: ignore[attr-defined]
    except ImportError:  # it is an error where it is used, and said to be no object for a pickle
        return value


def _submodules(code: Named, *values: dict[str, Any]) -> tuple[list[ModuleType], ...]:
    """Return the modules that code reaches as attributes of packages that it names.

    Here `xml.etree.ElementTree` has been imported by somebody; on the receiver it may not have
    been.
    """
    words = code.words
    found: dict[str, ModuleType] = {}
    for value in chain.from_iterable([each.values() for each in values]):
        if type(value) in NO_MODULES:
            continue
        # By its type: a proxy may run any code when it is asked for its class.
        if issubclass(type(value), ModuleType) and _is_package(value):
            prefix = value.__name__ + "."
            for name, module in [*sys.modules.items()]:
                if not str(name).startswith(prefix) or not issubclass(type(module), ModuleType):
                    continue
                if words.issuperset(name[len(prefix) :].split(".")):
                    found[name] = module
    return ([found[name] for name in sorted(found)],) if found else ()


def _is_package(module: ModuleType) -> bool:
    """Tell whether a module has a `__path__`, also one that it computes when it is asked."""
    if type(module) is ModuleType:  # quickly, since an attribute that is not there takes long
        names = module.__dict__
        if "__path__" not in names and "__getattr__" not in names:
            return False
    return hasattr(module, "__path__")


def _imported_inside(dump: Dump, words: Named) -> dict[str, Any]:
    """Return the packages, local and standard ones, that code imports, as imported here.

    An installed one may be optional, and is imported where the code says so.
    """
    found = {name: sys.modules.get(name) for name in words.imports}
    return {
        name: found[name]
        for name in found
        if hasattr(found[name], "__path__")
        and (name.partition(".")[0] in STANDARD_NAMES or dump.shipment.package(name) is not None)
    }


def _requirements(dump: Dump, function: FunctionType, words: Named) -> dict[str, SnapshotRef | str]:
    """Return what a function imports when it runs: local packages, and versions of others."""
    requirements: dict[str, SnapshotRef | str] = dump.included() if dump.policy.include else {}
    if type(function.__globals__.get("__builtins__")) is dict:
        requirements = {**requirements, **_received_needs(dump, function.__globals__)}
    if not IMPORTING.isdisjoint(words.words):
        found = {made.name: made for made in named_in_texts(dump, function)}
        requirements = {**requirements, **found}
    if not (words.imports or requirements):
        return requirements
    package = function.__globals__.get("__package__") or ""
    for name in words.imports:
        try:
            name = importlib.util.resolve_name(name, package)
        except (ImportError, ValueError):  # beyond the top level: it fails there as well
            continue
        top = name.partition(".")[0]
        if is_standard(name) or top in MAIN or (dump.is_foreign(name) and top != LIBRARY):
            continue
        if any(name == known or name.startswith(f"{known}.") for known in requirements):
            continue
        need = dump.shipped_module(name, f"function `{function.__qualname__}`")
        if need is not None:
            requirements[need.name] = need
        elif top not in STANDARD_NAMES:
            part, text = requirement(name)
            if text:
                requirements.setdefault(part, text)
    return {name: need for name, need in requirements.items() if need}


def _received_needs(dump: Dump, globals_: dict[str, Any]) -> dict[str, SnapshotRef | str]:
    """Return what came along with a function that was itself received by value."""
    builtins_ = globals_.get("__builtins__")
    find = builtins_.get("__import__") if isinstance(builtins_, dict) else None
    home: Any = getattr(find, "__self__", None)
    if getattr(home, "parts", ("-",))[0] != "":
        return {}
    return {
        name: need if isinstance(need, str) else resend(need, dump.resent)
        for name, need in requirements_of(home).items()
    }


# --- code and cells -------------------------------------------------------------------------------


_emitted: dict[int, tuple[weakref.ref[CodeType], tuple[Any, ...]]] = {}
"""Id of a code object -> the object, and what it is made from. Equal ones may be of two files."""


def reduce_code(dump: Dump, code: CodeType) -> Reduced:
    """Reduce a code object to bytecode, and source for other Pythons."""
    if code.co_flags & ITERABLE:
        return _of_a_coroutine(_without_flag(dump, code))
    known = _emitted.get(id(code))
    if known is None or known[0]() is not code:
        forget = functools.partial(_emitted.pop, id(code))  # called with the dead reference
        known = _emitted[id(code)] = weakref.ref(code, forget), _made_from(code)
    return CODE, known[1]


def _made_from(code: CodeType) -> tuple[Any, ...]:
    from modulepickle._reduce.places import label, locate  # not at the top: see there

    place = locate(code, fresh=False) if code.co_flags & OPTIMIZED else None
    start = (MAGIC, VERSION, freeze(code), label(code, place))
    if place is None:
        return *start, "", f"`{getattr(code, 'co_qualname', code.co_name)}`"  # 3.11 has the former
    text, line, column, _end, flags, free, around = place
    return *start, text, line, column, flags, free, *around


def reduce_positioned(dump: Dump, obj: Positioned) -> Reduced:
    """Reduce code of a shipped module to its place there; code that was changed, to bytecode."""
    from modulepickle._reduce.places import locate

    if obj.code.co_flags & ITERABLE:
        return _of_a_coroutine(dump.parts.positioned(_without_flag(dump, obj.code), obj.module))
    place = locate(obj.code, fresh=True)
    if place is None:
        return reduce_code(dump, obj.code)
    _, line, column, end, flags, free, around = place
    return CODE, (b"", "", b"", "", (obj.module, *end), line, column, flags, free, *around)


ITERABLE: Final = 256  # CO_ITERABLE_COROUTINE: no compiler sets it, but `types.coroutine`


def _without_flag(dump: Dump, code: CodeType) -> CodeType:
    """Return the code that `types.coroutine` was given: that is what a source compiles to."""
    plain = code.replace(co_flags=code.co_flags & ~ITERABLE)
    dump.parts.keep(plain)
    return plain


def _of_a_coroutine(plain: CodeType | Positioned) -> Reduced:
    """Return the call that does to code what `types.coroutine` did to it here."""
    free = plain.code.co_freevars if isinstance(plain, Positioned) else plain.co_freevars
    cells = tuple(Call(CELL) for _ in free) or None
    made = Call(types.coroutine, Call(FunctionType, plain, {}, None, None, cells))
    return getattr, (made, "__code__")


def reduce_live(_: Dump, obj: Live) -> Reduced:
    """Reduce a module's globals to the module's own dict."""
    return vars, (obj.module,)


def reduce_cell(dump: Dump, cell: CellType) -> Reduced:
    """Reduce a cell: empty, if a function of this pickle fills it."""
    if id(cell) in dump.parts.cells:
        return CELL, ()
    try:
        return CELL, (), in_stable_order(cell.cell_contents), None, None, SET_CELL
    except ValueError:  # it is empty
        return CELL, ()
