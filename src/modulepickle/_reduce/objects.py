"""Other objects that plain pickle refuses, although they are simple enough to travel.

`OTHERS` is a table of reducers by type. Where possible, the reductions call the standard library.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import abc
import collections
import collections.abc as abc_of
import contextlib
import copyreg
import functools
import gc
import io
import operator
import pickle
import struct
import sys
import types
import typing
import weakref
from types import MethodType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Call, Rebuilt, Reduced
from modulepickle._reduce.functions import (
    reduce_cell,
    reduce_code,
    reduce_live,
    reduce_not_a_number,
    reduce_positioned,
    reduce_sorted,
)
from modulepickle._reduce.generated import reduce_field
from modulepickle._reduce.keys import KNOWN, key_of, tracked
from modulepickle._reduce.state import MAIN, Dump, Live, NotANumber, Positioned, Reducer, SortedSet
from modulepickle._reduce.wrappers import (
    VIEWS,
    WRAPPER,
    lru_cache,
    reduce_cached_property,
    reduce_descriptor,
    reduce_dispatching_method,
    reduce_method,
    reduce_of_base,
    reduce_partial_method,
    reduce_property,
    reduce_wrapper,
)

__all__ = [
    "NAMED",
    "OF_COPYREG",
    "OTHERS",
    "reduce_by_name",
    "reduce_dynamic_module",
    "reduce_sentinel",
]

UNION: Final = Rebuilt("union")
ALIAS: Final = Rebuilt("alias", THE_CLASSES)
SET_ALIAS: Final = Rebuilt("set_alias", THE_CLASSES)


def _unless_plain(reducer: Reducer) -> Reducer:
    """Return a reducer for what plain pickle takes, but loses: only beside what it refuses (R3)."""
    return lambda dump, obj: reducer(dump, obj) if dump.parts.used else NotImplemented


def _dataclass_mark(_: Dump, obj: Any) -> Any:
    for name, value in vars(sys.modules["dataclasses"]).items():
        if value is obj:
            return name  # plain pickle writes it as a global
    return NotImplemented


# --- typing ---------------------------------------------------------------------------------------


def _type_variable(dump: Dump, obj: Any) -> Reduced:
    settings: dict[str, Any] = {}
    for name in ("bound", "covariant", "contravariant", "infer_variance"):
        value = getattr(obj, f"__{name}__", None)
        if value:
            settings[name] = value
    if getattr(obj, "has_default", bool)():
        settings["default"] = obj.__default__
    make: Any = type(obj)
    for name, since in (("infer_variance", (3, 12)), ("default", (3, 13))):
        if name in settings and sys.version_info < since and make.__module__ == "typing":
            # Only this can have given it to a variable of an older `typing`.
            make = getattr(sys.modules["typing_extensions"], make.__name__)
    if settings:
        make = functools.partial(make, **settings)
    return tracked(dump, obj, make, obj.__name__, *getattr(obj, "__constraints__", ()))


def _type_alias(dump: Dump, obj: Any) -> Reduced:
    """Reduce an alias of PEP 695: its value is set later, since that may name the alias."""
    if not obj.__type_params__:
        return ALIAS, (obj.__name__, obj.__module__), obj.__value__, None, None, SET_ALIAS
    if id(obj) in dump.parts.making:
        raise pickle.PicklingError(
            f"cannot pickle the type alias {obj.__name__}, which has type parameters and names "
            "itself: write it as a class, or do not let it refer to itself"
        )
    dump.parts.making.add(dump.parts.keep(obj))
    kind: Any = type(obj)
    make = functools.partial(kind, type_params=obj.__type_params__)
    return make, (obj.__name__, obj.__value__)


def _new_type(_: Dump, obj: Any) -> Reduced:
    state = {"__module__": obj.__module__, "__qualname__": obj.__qualname__}
    return typing.NewType, (obj.__name__, obj.__supertype__), state


def _forward_reference(_: Dump, obj: Any) -> Reduced:
    # Since 3.14 the class lives in another module, which older Pythons do not have.
    make: Any = Call(getattr, typing, "ForwardRef")
    module = getattr(obj, "__forward_module__", None)
    if isinstance(module, str) and module not in MAIN:  # where its name is to be looked for
        settings: dict[str, Any] = {"module": module}
        if getattr(obj, "__forward_is_class__", False):
            settings["is_class"] = True
        if not getattr(obj, "__forward_is_argument__", True):
            settings["is_argument"] = False
        make = functools.partial(make, **settings)
    return make, (obj.__forward_arg__,)


def _of_abstract(_: Dump, obj: Any) -> Reduced:
    """Reduce what `functools.wraps` takes over from an abstract class, and nobody uses."""
    return getattr, (abc.ABC, "_abc_impl")


def _union(_: Dump, obj: Any) -> Reduced:
    return UNION, obj.__args__


def _parameters_of(_: Dump, obj: Any) -> Reduced:
    return getattr, (obj.__origin__, type(obj).__name__[len("ParamSpec") :].lower())


# --- views and files ------------------------------------------------------------------------------


def _memoryview(_: Dump, obj: memoryview) -> Reduced:
    """Reduce a view of memory to one of the same object; of a copy if it shows a part."""
    owner: Any = obj.obj
    is_known = type(owner) in (bytes, bytearray) or type(owner).__module__ in ("array", "numpy")
    if not is_known or memoryview(owner).nbytes != obj.nbytes or not obj.c_contiguous:
        owner = obj.tobytes() if obj.readonly else bytearray(obj.tobytes())
    whole = memoryview(owner)
    made = Call(memoryview, owner)
    if (whole.format, whole.shape) != (obj.format, obj.shape):
        if whole.format != "B" or whole.ndim != 1:
            made = Call(operator.methodcaller("cast", "B"), made)
        if obj.format != "B" or obj.ndim != 1:
            shape = [obj.shape] if obj.ndim != 1 else []
            made = Call(operator.methodcaller("cast", obj.format, *shape), made)
    if obj.readonly and not whole.readonly:
        made = Call(operator.methodcaller("toreadonly"), made)
    return made.reduced


def _shown(obj: Any) -> Any:
    """Return the mapping that a view or proxy shows, or None if the interpreter does not tell."""
    found = gc.get_referents(obj)
    return found[0] if len(found) == 1 and isinstance(found[0], abc_of.Mapping) else None


def _reduce_view(_: Dump, obj: Any) -> Reduced:
    """Reduce a view of a dict to a view of that dict.

    If nobody else has the dict, a new one does that holds no more than the view shows.
    """
    name = type(obj).__name__.rpartition("_")[2]
    kind: Any = dict if type(obj).__name__.startswith("dict") else collections.OrderedDict
    shown, references = _references(obj)
    if shown is not None and references > ALONE:
        return Call(getattr, kind, name), (shown,)
    if name == "values":
        return operator.methodcaller(name), (kind(enumerate(obj)),)
    return operator.methodcaller(name), (kind(obj) if name == "items" else kind.fromkeys(obj),)


def _references(view: Any) -> tuple[Any, int]:
    """Return what a view shows, and how many references to that there are: on PyPy, many."""
    shown = _shown(view)
    return shown, sys.getrefcount(shown) if hasattr(sys, "getrefcount") else sys.maxsize


ALONE: Final = _references({}.keys())[1]
"""The references to a dict that a view has alone."""


def _proxy(_: Dump, obj: Any) -> Reduced:
    shown = _shown(obj)
    if shown is None:
        return types.MappingProxyType, (dict(obj),)
    if "__module__" in shown and type(shown) is dict:
        for cls in gc.get_referrers(shown):
            if isinstance(cls, type) and _shown(vars(cls)) is shown:
                return vars, (cls,)
    return types.MappingProxyType, (shown,)


def _weak_set(_: Dump, obj: Any) -> Reduced:
    return weakref.WeakSet, ([*obj],)


def _weak_dict(_: Dump, obj: Any) -> Any:
    return type(obj), (), None, None, iter([*obj.items()])


def _sorting_key(_: Dump, obj: Any) -> Any:
    """Reduce what `functools.cmp_to_key` made; its function can be read by `gc` only."""
    held = [each for each in gc.get_referents(obj) if each is not type(obj)]
    if not held:  # Python 3.9: `gc` does not look there
        return NotImplemented
    key = functools.cmp_to_key, (held[0],)
    # Called with an item, it gives a key of the same type.
    return (Call(key[0], held[0]), (held[1],)) if len(held) > 1 else key


def _context_manager(_: Dump, obj: Any) -> Any:
    """Reduce what a function with `contextlib.contextmanager` returned: to the same call.

    A decorator `@timer("name")` holds one that is never entered. Another is left to plain pickle,
    which refuses the generator.
    """
    if "args" not in vars(obj):  # it was entered
        return NotImplemented
    return type(obj), (obj.func, obj.args, obj.kwds)


def _struct(_: Dump, obj: struct.Struct) -> Reduced:
    return struct.Struct, (obj.format,)


def _file(_: Dump, obj: io.TextIOWrapper) -> Any:
    """Reduce a text file that is open for reading to a copy in memory, at the same position."""
    if obj.closed:
        raise pickle.PicklingError(f"Cannot pickle closed files: {_title(obj)}")
    if not obj.readable() or not obj.seekable():
        raise pickle.PicklingError(
            f"Cannot pickle files that cannot be read from the start: {_title(obj)}"
        )
    here = obj.tell()
    try:
        after = obj.read()
        obj.seek(0)
        text = obj.read()
    finally:
        obj.seek(here)
    state = text, "", len(text) - len(after), {"name": obj.name}
    return io.StringIO, (), state


def _binary_file(_: Dump, obj: Any) -> Any:
    kind = "closed files" if obj.closed else "files that are not text"
    raise pickle.PicklingError(f"Cannot pickle {kind}: {_title(obj)}")


def _title(file: Any) -> str:
    name = getattr(file, "name", None)
    return f"{name!r}, a {type(file).__name__}, mode {getattr(file, 'mode', '?')!r}"


def reduce_dynamic_module(dump: Dump, module: ModuleType) -> Reduced:
    """Reduce a module that cannot be imported to a new one, with all that it holds."""
    dump.parts.adopt(module)
    left_out = {"__builtins__", "__spec__", "__loader__", "__file__", "__cached__", "__path__"}
    state = {name: value for name, value in vars(module).items() if name not in left_out}
    if type(module) is not ModuleType:  # it is unknown what its class must be called with
        return WRAPPER, (type(module), ModuleType, (module.__name__,)), state
    return ModuleType, (module.__name__,), state


def reduce_by_name(dump: Dump, obj: Any) -> Any:
    """Reduce an object that says it is to be found in `__main__` under a name: by value."""
    if hasattr(obj, "cache_parameters"):
        return lru_cache(dump, obj)
    reducer = NAMED.get(f"{type(obj).__module__}.{type(obj).__name__}")
    if reducer is None:
        return NotImplemented
    dump.parts.used = True
    return reducer(dump, obj)


def reduce_sentinel(dump: Dump, obj: Any) -> Any:
    """Reduce an object in the default way; on the receiver it stays one object."""
    kind = type(obj)
    if not kind.__flags__ & HEAP:
        return NotImplemented
    make, state = (copyreg.__newobj__, kind), {**getattr(obj, "__dict__", {})}  # type: ignore[attr-defined]
    slots = {
        name: getattr(obj, name)
        for name in copyreg._slotnames(kind)  # type: ignore[attr-defined]
        if hasattr(obj, name)
    }
    found = (state or None, slots) if slots else state
    if kind.__weakrefoffset__:
        return KNOWN, (key_of(dump, obj), *make), found
    return make[0], make[1:], found


HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE


NAMED: Final[dict[str, Reducer]] = {
    **{f"typing.{name}": _type_variable for name in ("TypeVar", "ParamSpec", "TypeVarTuple")},
    **{
        f"typing_extensions.{name}": _type_variable
        for name in ("TypeVar", "ParamSpec", "TypeVarTuple")
    },
    "typing.TypeAliasType": _type_alias,
    "typing.NewType": _new_type,
}

# By name, since importing `dataclasses` takes long, and an object of these types implies that it
# has been imported.
_MARKS: Final = ("_MISSING_TYPE", "_FIELD_BASE", "_HAS_DEFAULT_FACTORY_CLASS", "_KW_ONLY_TYPE")
OF_DATACLASSES: Final[dict[str, Reducer]] = {
    "dataclasses.Field": _unless_plain(reduce_field),
    **{f"dataclasses.{name}": _unless_plain(_dataclass_mark) for name in _MARKS},
}

OTHERS: Final[dict[type, Reducer]] = {
    types.CodeType: reduce_code,
    types.CellType: reduce_cell,
    Live: reduce_live,
    Positioned: reduce_positioned,
    SortedSet: reduce_sorted,
    NotANumber: reduce_not_a_number,
    types.GetSetDescriptorType: reduce_descriptor,
    types.ClassMethodDescriptorType: reduce_descriptor,
    types.MemberDescriptorType: _unless_plain(reduce_descriptor),
    property: reduce_property,
    staticmethod: reduce_wrapper,
    classmethod: reduce_wrapper,
    functools.cached_property: reduce_cached_property,
    functools.singledispatchmethod: reduce_dispatching_method,
    functools.partialmethod: _unless_plain(reduce_partial_method),
    MethodType: reduce_method,
    types.MethodWrapperType: lambda _, obj: reduce_of_base(obj),
    memoryview: _memoryview,
    struct.Struct: _struct,
    types.MappingProxyType: _proxy,
    weakref.WeakSet: _weak_set,
    weakref.WeakKeyDictionary: _weak_dict,
    weakref.WeakValueDictionary: _weak_dict,
    io.TextIOWrapper: _file,
    **dict.fromkeys(
        (io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO), _binary_file
    ),
    # Plain pickle refuses them until 3.13: they hold code.
    typing.ForwardRef: (
        _unless_plain(_forward_reference) if sys.version_info >= (3, 14) else _forward_reference
    ),
    **{type(view): _reduce_view for view in VIEWS},
}

OF_COPYREG: Final[dict[Any, Reducer]] = {}
"""What `copyreg` has a function for that makes what not every Python has."""

if hasattr(abc.ABC, "_abc_impl"):  # PyPy has none
    OTHERS[type(abc.ABC._abc_impl)] = _of_abstract

if type(functools.cmp_to_key(max)) is not type:  # as on PyPy, where it is in Python
    OTHERS[type(functools.cmp_to_key(max))] = _sorting_key

for _name in ("_GeneratorContextManager", "_AsyncGeneratorContextManager"):
    OTHERS[getattr(contextlib, _name)] = _context_manager

if sys.version_info >= (3, 10):
    if copyreg.dispatch_table.get(types.UnionType):  # until 3.13
        OF_COPYREG[copyreg.dispatch_table[types.UnionType]] = _unless_plain(_union)
    OTHERS[typing.ParamSpecArgs] = OTHERS[typing.ParamSpecKwargs] = _unless_plain(_parameters_of)
