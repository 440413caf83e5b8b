"""What holds functions: methods of all kinds, functions with a cache, single dispatch.

Also the *special* functions and classes by value, which are made by a call and not of their parts:
those of `functools.singledispatch`, `dataclasses`, `ctypes` and the interpreter.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import collections
import copyreg
import functools
import operator
import sys
import types
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Call, Rebuilt, Reduced, is_of_texts
from modulepickle._reduce.functions import annotations_of, reduce_annotate
from modulepickle._reduce.generated import generated_owner, stands_in
from modulepickle._reduce.state import Dump, Reducer

__all__ = [
    "HEAP", "VIEWS", "WRAPPER", "is_of_wrapt", "is_special", "lru_cache", "reduce_cached_property",
    "reduce_descriptor",
    "reduce_dispatching_method", "reduce_method", "reduce_of_base", "reduce_of_wrapt",
    "reduce_partial_method", "reduce_property",
    "reduce_special", "reduce_wrapper", "reducer_of_subclass", "wrapper_state",
]  # fmt: skip

SET_DISPATCH: Final = Rebuilt("set_dispatch", THE_CLASSES)
WRAPPER: Final = Rebuilt("wrapper", THE_CLASSES)
REWRITTEN: Final = Rebuilt("rewritten", THE_CLASSES)
SET_WRAPPER: Final = Rebuilt("set_wrapper", THE_CLASSES)

HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE
IMMUTABLE: Final = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE, new in 3.10

_NAMES: Final = {id(value): name for name, value in vars(types).items() if isinstance(value, type)}
VIEWS: Final[list[Any]] = [
    getattr(kind(), name)()
    for kind in (dict, collections.OrderedDict)
    for name in ("keys", "values", "items")
]
_VIEWS: Final = frozenset(id(type(view)) for view in VIEWS)


# --- special functions and classes ----------------------------------------------------------------

ANNOTATE: Final = "__annotate__"
"""The name of code that evaluates annotations."""


def is_special(obj: Any) -> bool:
    """Tell whether a function or class by value is made by a call of its own."""
    if isinstance(obj, FunctionType):
        code = obj.__code__
        if code is DISPATCHER or (code.co_name == ANNOTATE and _is_annotate(obj)):
            return True
        if _is_new_of_tuple(obj):
            return True
        may_be_generated = code.co_filename == "<string>" or obj.__dict__  # with `__wrapped__`
        return bool(may_be_generated) and generated_owner(obj) is not None
    return (
        obj.__flags__ & (HEAP | IMMUTABLE) != HEAP
        or id(obj) in _NAMES
        or id(obj) in _VIEWS
        or (type(obj) is not type and obj.__module__ is not None and _of_ctypes(obj) is not None)
    )


def _is_annotate(function: FunctionType) -> bool:
    """Tell whether a function evaluates annotations: `functools.wraps` takes it to any object."""
    if function.__code__.co_name != ANNOTATE:
        return False
    return sys.version_info >= (3, 14) or is_of_texts(function)


def _is_new_of_tuple(function: FunctionType) -> bool:
    """Tell whether a function is the `__new__` that `collections` compiled for a named tuple."""
    return function.__name__ == "__new__" and "_tuple_new" in function.__globals__


def _new_of_tuple(function: FunctionType) -> Reduced:
    """Reduce it to that of another named tuple with such fields: it says nothing of its class."""
    fields = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    make: Any = functools.partial(
        collections.namedtuple, rename=True, defaults=(None,) * len(defaults)
    )
    state = {
        "__defaults__": function.__defaults__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__,
        "__annotations__": annotations_of(function),
    }
    return getattr, (Call(make, "made", fields), "__new__"), (None, state)


def reduce_special(dump: Dump, obj: Any) -> Any:
    """Reduce such a function or class; plain pickle refuses one made in C that has no name."""
    dump.parts.used = True
    if isinstance(obj, FunctionType):
        if obj.__code__ is DISPATCHER:
            return _dispatcher_call(obj)
        if _is_annotate(obj):
            return reduce_annotate(dump, obj)
        if _is_new_of_tuple(obj):
            return _new_of_tuple(obj)
        cls = generated_owner(obj)
        if not stands_in(cls, obj):
            return REWRITTEN, (cls, obj.__name__)
        return operator.getitem, (Call(vars, cls), obj.__name__)
    if id(obj) in _NAMES:
        return getattr, (types, _NAMES[id(obj)])
    for view in VIEWS:
        if type(view) is obj:
            return type, (view,)
    return _of_ctypes(obj) or NotImplemented


ORDERS: Final = ("__ctype_le__", "__ctype_be__")[:: 1 if sys.byteorder == "little" else -1]
"""Attributes of a type of `ctypes` with itself in each order of bytes, this machine's first."""


def _of_ctypes(cls: Any) -> Reduced | None:
    """Return the call that makes an array, pointer or function type, which `ctypes` remembers."""
    ctypes: Any = sys.modules.get("ctypes")  # one of these exists, so it has been imported
    if ctypes is None:
        return None
    mine = vars(cls)
    plain = getattr(cls, ORDERS[0], cls)  # each has a twin of the other order of bytes
    if plain is not cls and getattr(plain, ORDERS[1], None) is cls:
        return getattr, (plain, ORDERS[1])
    if issubclass(cls, ctypes.Array) and "_length_" in mine:
        if cls._type_ * cls._length_ is cls:
            return operator.mul, (cls._type_, cls._length_)
    elif issubclass(cls, ctypes._Pointer) and "_type_" in mine:
        if ctypes.POINTER(cls._type_) is cls:
            # By the public module: what it calls itself differs between versions.
            return Call(getattr, Call(__import__, "ctypes"), "POINTER"), (cls._type_,)
    elif issubclass(cls, ctypes._CFuncPtr) and "_argtypes_" in mine:
        for flags, more in ((1, {}), (9, {"use_errno": True}), (17, {"use_last_error": True})):
            if cls._flags_ == flags:
                args = cls._restype_, *cls._argtypes_
                if ctypes.CFUNCTYPE(*args, **more) is cls:
                    make: Any = functools.partial(ctypes.CFUNCTYPE, **more)
                    return make if more else ctypes.CFUNCTYPE, args
    return None


_dispatcher: Any = functools.singledispatch(len)
DISPATCHER: Final = _dispatcher.__code__
"""Of the functions that `functools.singledispatch` makes."""


def _dispatcher_call(obj: Any) -> Reduced:
    """Reduce a single-dispatch function without its cache, which holds weak references."""
    registered = [(kind, each) for kind, each in obj.registry.items() if kind is not object]
    plain = obj.registry[object]
    given = {*vars(_dispatcher), "__wrapped__"}
    more = {
        name: each
        for name, each in vars(obj).items()
        if name not in given and vars(plain).get(name, obj) is not each
    }
    state: Any = (registered, more) if more else registered
    return functools.singledispatch, (plain,), state, None, None, SET_DISPATCH


# --- descriptors ----------------------------------------------------------------------------------


def reduce_descriptor(_: Dump, obj: Any) -> Any:
    """Reduce a slot or the like to a look-up in its own class, and not in a base."""
    if obj.__name__ not in vars(obj.__objclass__):
        return NotImplemented
    return operator.getitem, (Call(vars, obj.__objclass__), obj.__name__)


def reduce_property(_: Dump, obj: property) -> Reduced:
    """Reduce a property."""
    return type(obj), (obj.fget, obj.fset, obj.fdel, obj.__doc__)


def reduce_wrapper(_: Dump, obj: Any) -> Reduced:
    """Reduce a static or class method, with attributes of its own."""
    state = wrapper_state(obj)
    return (type(obj), (obj.__func__,), state) if state else (type(obj), (obj.__func__,))


def wrapper_state(obj: Any) -> dict[str, Any]:
    """Return the attributes of a method that do not come from its function."""
    mine = getattr(obj, "__dict__", None)
    if not mine or isinstance(obj, property):
        return {}
    function = obj.__func__
    for name, each in mine.items():
        if getattr(function, name, obj) is not each:
            break
    else:
        return {}
    plain = vars((staticmethod if isinstance(obj, staticmethod) else classmethod)(obj.__func__))
    return {name: each for name, each in mine.items() if plain.get(name, obj) is not each}


_KINDS: Final[tuple[tuple[type, Callable[[Any], tuple[Any, ...]]], ...]] = (
    (property, lambda obj: (obj.fget, obj.fset, obj.fdel, obj.__doc__)),
    (staticmethod, lambda obj: (obj.__func__,)),
    (classmethod, lambda obj: (obj.__func__,)),
    (functools.cached_property, lambda obj: (obj.func,)),
)
"""Kinds of methods -> what each is made of, apart from what a subclass may add."""


def reducer_of_subclass(kind: type) -> Reducer | None:
    """Return the reducer for a subclass of these kinds; None if it has its own reduction."""
    plain: Any = object
    if kind.__reduce_ex__ is not plain.__reduce_ex__ or kind.__reduce__ is not plain.__reduce__:
        return None
    base, parts = next(each for each in _KINDS if issubclass(kind, each[0]))
    is_plain = kind.__init__ is base.__init__ and kind.__new__ is base.__new__  # type: ignore[misc]

    def reduce(_: Dump, obj: Any) -> Reduced:
        state = {**getattr(obj, "__dict__", {})} if base is not staticmethod else {}
        if base in (staticmethod, classmethod):
            state = wrapper_state(obj)
        for name in ("lock", "func") if base is functools.cached_property else ():
            state.pop(name, None)
        for name in copyreg._slotnames(kind):  # type: ignore[attr-defined]
            if hasattr(obj, name):
                state[name] = getattr(obj, name)
        if is_plain and not state:
            return kind, parts(obj)
        return WRAPPER, (kind, base, parts(obj)), state, None, None, SET_WRAPPER

    return reduce


def reduce_cached_property(dump: Dump, obj: Any) -> Any:
    """Reduce a cached property, without its lock."""
    if "lock" not in vars(obj) and not dump.parts.used:
        return NotImplemented  # since 3.12 there is no lock, so plain pickle can do it
    state = {name: value for name, value in vars(obj).items() if name not in ("func", "lock")}
    return type(obj), (obj.func,), state


# --- bound methods --------------------------------------------------------------------------------


def reduce_method(_: Dump, obj: MethodType) -> Any:
    """Reduce a bound method, by value if its name does not lead to it."""
    function, self = obj.__func__, obj.__self__
    if type(self) is ModuleType:
        return NotImplemented
    name = getattr(function, "__name__", "")
    is_class = isinstance(self, type)
    if not is_class and name in getattr(self, "__dict__", ()):
        return _bound(obj)  # the instance has something else under that name
    owner: Any = self if is_class else type(self)
    for base in owner.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            is_there = getattr(found, "__func__", found) is function and not is_of_wrapt(
                type(found)
            )
            return NotImplemented if is_there else _bound(obj)
    if type(function) is not FunctionType:
        return NotImplemented
    return NotImplemented if _leads_to(self, name, obj) else _bound(obj)


def reduce_of_base(obj: Any) -> Any:
    """Reduce a method made in C, as `super().get`, if its name leads to one that overrides it.

    Plain pickle looks the name up in the object that the method is bound to.
    """
    self, name = obj.__self__, obj.__name__
    is_class = isinstance(self, type)
    owner: Any = self if is_class else type(self)
    if not owner.__flags__ & HEAP:
        return NotImplemented
    to = (None, owner) if is_class else (self, owner)
    mine = obj if is_class else getattr(self, "__dict__", {}).get(name, obj)
    is_first = type(mine) is type(obj) and mine == obj
    for base in owner.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            if type(found) in OF_C and found.__get__(*to) == obj:
                if is_first:
                    return NotImplemented
                return Call(getattr, found, "__get__"), to
            is_first = False
    return NotImplemented


OF_C: Final = (
    types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType,
)  # fmt: skip
"""Types of methods made in C, where they stand in their class."""


def _leads_to(self: Any, name: str, obj: MethodType) -> bool:
    """Tell whether plain pickle's `getattr` would find this method."""
    try:
        return bool(getattr(self, name) == obj)
    except Exception:  # it is the class's own code
        return False


def _bound(obj: MethodType) -> Reduced:
    return MethodType, (obj.__func__, obj.__self__)


# --- functions around functions -------------------------------------------------------------------


def lru_cache(_: Dump, obj: Any) -> Reduced:
    """Reduce a function with a cache, without the cache's contents."""
    settings = obj.cache_parameters()
    made = Call(functools.lru_cache, settings["maxsize"], settings["typed"])
    kept = {"__name__", "__qualname__", "__module__", "__doc__", "__wrapped__", "cache_parameters"}
    state = {name: value for name, value in vars(obj).items() if name not in kept}
    return (made, (obj.__wrapped__,), state) if state else (made, (obj.__wrapped__,))


def reduce_dispatching_method(dump: Dump, obj: Any) -> Reduced:
    """Reduce a `functools.singledispatchmethod`."""
    _, (plain,), registered, *rest = _dispatcher_call(obj.dispatcher)
    return type(obj), (plain,), registered, *rest


def is_of_wrapt(kind: type) -> bool:
    """Tell whether a type is wrapt's for functions that it has wrapped."""
    return any(base.__name__ == "_FunctionWrapperBase" for base in kind.__mro__)


def reduce_of_wrapt(_: Dump, obj: Any) -> Reduced:
    """Reduce a function that wrapt has wrapped, which refuses to be pickled: to its parts."""
    make: Any = type(obj)
    # By its class: an attribute that a proxy does not have is that of what it wraps.
    names = {base.__name__ for base in make.__mro__}
    if "BoundFunctionWrapper" in names:
        owner = (obj._self_owner,) if hasattr(make, "_self_owner") else ()
        bound = obj._self_enabled, obj._self_binding, obj._self_parent, *owner
        return make, (obj.__wrapped__, obj._self_instance, obj._self_wrapper, *bound)
    if not names.isdisjoint({"AdapterWrapper", "_AdapterFunctionWrapper"}):  # the latter, since 2.0
        make = functools.partial(make, adapter=obj._self_adapter)
    return make, (obj.__wrapped__, obj._self_wrapper, obj._self_enabled)


def reduce_partial_method(_: Dump, obj: Any) -> Reduced:
    """Reduce a `functools.partialmethod`: since 3.14, plain pickle makes it without arguments."""
    make: Any = type(obj)
    return functools.partial(make, obj.func, *obj.args, **obj.keywords), ()
