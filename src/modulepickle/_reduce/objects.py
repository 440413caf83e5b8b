"""Other objects that plain pickle refuses, and which are plain enough to travel.

A table of reducers by type, and one for types that have only a name in the interpreter. Reductions
are made of calls of the standard library where that is possible.

Outside API: `OTHERS`, `reduce_builtin_type`, `reduce_by_name`.
"""

from __future__ import annotations

import collections
import functools
import io
import operator
import sys
import types
import typing
import weakref
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Call, Rebuilt, Reduced
from modulepickle._reduce.classes import reduce_field
from modulepickle._reduce.functions import (
    reduce_cell,
    reduce_code,
    reduce_live,
    reduce_positioned,
    reduce_sorted,
)
from modulepickle._reduce.keys import tracked
from modulepickle._reduce.state import Dump, Live, Positioned, Reducer, SortedSet

__all__ = [
    "NAMED", "OTHERS", "is_dispatcher", "reduce_builtin_type", "reduce_by_name",
    "reduce_dispatcher", "reduce_dynamic_module", "reducer_of_subclass",
]  # fmt: skip

SET_DISPATCH: Final = Rebuilt("set_dispatch", THE_CLASSES)


# --- names that only the interpreter knows --------------------------------------------------------


_NAMES: Final = {id(value): name for name, value in vars(types).items() if isinstance(value, type)}
_VIEWS: Final[list[Any]] = [
    getattr(kind(), name)()
    for kind in (dict, collections.OrderedDict)
    for name in ("keys", "values", "items")
]


def reduce_builtin_type(cls: type) -> Any:
    """Reduce a type without a name of its own, such as that of functions, to where it is found."""
    if id(cls) in _NAMES:
        return getattr, (types, _NAMES[id(cls)])
    for view in _VIEWS:
        if type(view) is cls:
            return type, (view,)
    return NotImplemented


def _descriptor(_: Dump, obj: Any) -> Any:
    if obj.__name__ not in vars(obj.__objclass__):
        return NotImplemented
    return operator.getitem, (Call(vars, obj.__objclass__), obj.__name__)


def _unless_plain(reducer: Reducer) -> Reducer:
    """Return a reducer for what plain pickle takes, but loses: only beside what it refuses (R3)."""
    return lambda dump, obj: reducer(dump, obj) if dump.parts.used else NotImplemented


def _dataclass_mark(_: Dump, obj: Any) -> Any:
    for name, value in vars(sys.modules["dataclasses"]).items():
        if value is obj:
            return name  # plain pickle makes a global of it
    return NotImplemented


# --- what holds functions -------------------------------------------------------------------------


def _property(_: Dump, obj: property) -> Reduced:
    return type(obj), (obj.fget, obj.fset, obj.fdel, obj.__doc__)


def _wrapper(_: Dump, obj: Any) -> Reduced:
    return type(obj), (obj.__func__,)


def reducer_of_subclass(kind: type) -> Reducer | None:
    """Return the reducer for a kind of property, static or class method, such as those of `abc`."""
    for base in (property, staticmethod, classmethod):
        if issubclass(kind, base) and kind.__reduce_ex__ is object.__reduce_ex__:
            return OTHERS[base] if kind.__reduce__ is object.__reduce__ else None
    return None


def _cached_property(dump: Dump, obj: Any) -> Any:
    if "lock" not in vars(obj) and not dump.parts.used:
        return NotImplemented  # there is no lock since 3.12, which plain pickle takes
    state = {name: value for name, value in vars(obj).items() if name not in ("func", "lock")}
    return type(obj), (obj.func,), state


def _method(_: Dump, obj: MethodType) -> Any:
    """Reduce a bound method, by value if its name does not lead to it."""
    function = obj.__func__
    name = getattr(function, "__name__", "")
    owner = obj.__self__ if isinstance(obj.__self__, type) else type(obj.__self__)
    for base in owner.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            return NotImplemented if getattr(found, "__func__", found) is function else _bound(obj)
    if type(function) is FunctionType and type(obj.__self__) is not ModuleType:
        return _bound(obj) if "__getattr__" not in dir(owner) else NotImplemented
    return NotImplemented


def _bound(obj: MethodType) -> Reduced:
    return MethodType, (obj.__func__, obj.__self__)


def lru_cache(_: Dump, obj: Any) -> Reduced:
    """Reduce a function with a cache, but without what is in the cache."""
    settings = obj.cache_parameters()
    made = Call(functools.lru_cache, settings["maxsize"], settings["typed"])
    kept = {"__name__", "__qualname__", "__module__", "__doc__", "__wrapped__", "cache_parameters"}
    state = {name: value for name, value in vars(obj).items() if name not in kept}
    return (made, (obj.__wrapped__,), state) if state else (made, (obj.__wrapped__,))


_dispatcher: Any = functools.singledispatch(len)
DISPATCHER: Final = _dispatcher.__code__


def is_dispatcher(obj: FunctionType) -> bool:
    """Tell whether a function was made by `functools.singledispatch`."""
    return obj.__code__ is DISPATCHER


def reduce_dispatcher(obj: Any) -> Reduced:
    """Reduce a single-dispatch function: its cache is of weak references, and made again."""
    registered = [(kind, each) for kind, each in obj.registry.items() if kind is not object]
    made = functools.singledispatch, (obj.registry[object],)
    return *made, registered, None, None, SET_DISPATCH


def _dispatching_method(dump: Dump, obj: Any) -> Reduced:
    _, (plain,), registered, *rest = reduce_dispatcher(obj.dispatcher)
    return type(obj), (plain,), registered, *rest


def _partial_method(_: Dump, obj: Any) -> Reduced:
    # Since 3.14 plain pickle calls it without arguments.
    make: Any = type(obj)
    return functools.partial(make, obj.func, *obj.args, **obj.keywords), ()


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
    if settings:
        make = functools.partial(make, **settings)
    return tracked(dump, obj, make, obj.__name__, *getattr(obj, "__constraints__", ()))


def _type_alias(_: Dump, obj: Any) -> Reduced:
    make: Any = type(obj)
    if obj.__type_params__:
        make = functools.partial(make, type_params=obj.__type_params__)
    return make, (obj.__name__, obj.__value__)


def _new_type(_: Dump, obj: Any) -> Reduced:
    state = {"__module__": obj.__module__, "__qualname__": obj.__qualname__}
    return typing.NewType, (obj.__name__, obj.__supertype__), state


def _forward_reference(_: Dump, obj: Any) -> Reduced:
    # Since 3.14 the class is in another module, where older Pythons do not look.
    return Call(getattr, typing, "ForwardRef"), (obj.__forward_arg__,)


def _parameters_of(_: Dump, obj: Any) -> Reduced:
    return getattr, (obj.__origin__, type(obj).__name__[len("ParamSpec") :].lower())


# --- views and files ------------------------------------------------------------------------------


def _memoryview(_: Dump, obj: memoryview) -> Reduced:
    flat = Call(memoryview, obj.tobytes())
    if obj.format == "B" and obj.ndim == 1:
        return memoryview, (obj.tobytes(),)
    shape = [obj.shape] if obj.ndim != 1 else []
    return operator.methodcaller("cast", obj.format, *shape), (flat,)


def _reduce_view(_: Dump, obj: Any) -> Reduced:
    """Reduce a view of a dict: of another dict, with no more in it than the view shows."""
    name = type(obj).__name__.rpartition("_")[2]
    kind: Any = dict if type(obj).__name__.startswith("dict") else collections.OrderedDict
    if name == "values":
        return operator.methodcaller(name), (kind(enumerate(obj)),)
    return operator.methodcaller(name), (kind(obj) if name == "items" else kind.fromkeys(obj),)


def _proxy(_: Dump, obj: Any) -> Reduced:
    return types.MappingProxyType, (dict(obj),)


def _weak_set(_: Dump, obj: Any) -> Reduced:
    return weakref.WeakSet, ([*obj],)


def _weak_dict(_: Dump, obj: Any) -> Any:
    return type(obj), (), None, None, iter([*obj.items()])


def _file(_: Dump, obj: io.TextIOWrapper) -> Any:
    """Reduce a text file that is open for reading to a copy in memory, at the same position."""
    if obj.closed or not obj.readable() or obj.writable() or not obj.seekable():
        return NotImplemented
    here = obj.tell()
    try:
        after = obj.read()
        obj.seek(0)
        text = obj.read()
    finally:
        obj.seek(here)
    state = text, "", len(text) - len(after), {"name": obj.name}
    return io.StringIO, (), state


def reduce_dynamic_module(dump: Dump, module: ModuleType) -> Reduced:
    """Reduce a module that nobody can import: to a new one, with all that it holds."""
    dump.parts.adopt(module)
    left_out = {"__builtins__", "__spec__", "__loader__", "__file__", "__cached__", "__path__"}
    state = {name: value for name, value in vars(module).items() if name not in left_out}
    return ModuleType, (module.__name__,), state


def reduce_by_name(dump: Dump, obj: Any) -> Any:
    """Reduce an object of `__main__` that says it is to be found there under a name."""
    if hasattr(obj, "cache_parameters"):
        return lru_cache(dump, obj)
    reducer = NAMED.get(f"{type(obj).__module__}.{type(obj).__name__}")
    return NotImplemented if reducer is None else reducer(dump, obj)


NAMED: Final[dict[str, Reducer]] = {
    **{f"typing.{name}": _type_variable for name in ("TypeVar", "ParamSpec", "TypeVarTuple")},
    **{
        f"typing_extensions.{name}": _type_variable
        for name in ("TypeVar", "ParamSpec", "TypeVarTuple")
    },
    "typing.TypeAliasType": _type_alias,
    "typing.NewType": _new_type,
}

# By name, since to import `dataclasses` takes long: who has one of these has imported it.
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
    types.GetSetDescriptorType: _descriptor,
    types.ClassMethodDescriptorType: _descriptor,
    property: _property,
    staticmethod: _wrapper,
    classmethod: _wrapper,
    functools.cached_property: _cached_property,
    functools.singledispatchmethod: _dispatching_method,
    functools.partialmethod: _unless_plain(_partial_method),
    MethodType: _method,
    memoryview: _memoryview,
    types.MappingProxyType: _proxy,
    weakref.WeakSet: _weak_set,
    weakref.WeakKeyDictionary: _weak_dict,
    weakref.WeakValueDictionary: _weak_dict,
    io.TextIOWrapper: _file,
    typing.ForwardRef: _unless_plain(_forward_reference),
    **{type(view): _reduce_view for view in _VIEWS},
}

if sys.version_info >= (3, 10):
    OTHERS[typing.ParamSpecArgs] = OTHERS[typing.ParamSpecKwargs] = _unless_plain(_parameters_of)
