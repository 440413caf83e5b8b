"""What is ready: values made of plain data, and of functions and classes not yet filled.

Outside API: `ATOMS`, `Look`, `by_value_class`, `is_definition`.
"""

from __future__ import annotations

import functools
import sys
import types
import typing
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator
from enum import EnumMeta
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import Call
from modulepickle._reduce.generated import generated_owner
from modulepickle._reduce.local import VALUE, way_of
from modulepickle._reduce.state import MAIN, Dump, NotANumber, SortedSet, by_value
from modulepickle._reduce.wrappers import is_special, wrapper_state

__all__ = ["ATOMS", "Look", "by_value_class", "is_definition", "is_module_ready", "is_shell"]

ATOMS: Final = frozenset(
    {
        type(None), bool, int, float, complex, str, bytes, bytearray, range,
        type(...), type(NotImplemented),
    }
)  # fmt: skip

FIELD: Final = ("default", "default_factory", "type")
"""The attributes of a dataclass field, besides its metadata, that may hold any object."""

LIMIT: Final = 100
"""How many values of a container are looked at; one that holds more comes later."""

WRAPPERS: Final = {
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget", "fset", "fdel"),
}
"""Kinds of methods -> the attributes with their functions. They can be made of shells."""

INSIDE: Final = (
    "__func__", "fget", "fset", "fdel", "func", "__wrapped__", "dispatcher", "_type_", "_restype_",
)  # fmt: skip
"""Attributes with functions of other wrappers, and with types of the types of `ctypes`."""

HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE: not a class of C

WRAPPING: Final = (
    staticmethod, classmethod, property, functools.partial, functools.partialmethod,
    functools.cached_property, functools.singledispatchmethod, functools._lru_cache_wrapper,
)  # fmt: skip

ALIASES: Final = tuple(
    each
    for each in (
        getattr(types, "GenericAlias", None),
        getattr(types, "UnionType", None),  # new in 3.10
        getattr(typing, "_GenericAlias", None),
        getattr(typing, "Union", None),
    )
    if isinstance(each, type)
)


def is_definition(obj: Any) -> bool:
    """Tell whether a function or class by value is made as a shell, and filled."""
    kind = type(obj)
    return (kind is FunctionType or issubclass(kind, type)) and not is_special(obj)


def by_value_class(dump: Dump, *classes: Any) -> Iterator[Any]:
    """Yield those of some classes that go by value."""
    for each in classes:
        if each is object or each is type:
            continue
        if _goes_by_value(dump, each) and is_definition(each):
            yield each


def is_shell(dump: Dump, function: FunctionType) -> bool:
    """Tell quickly whether a function goes by value and is made as a shell."""
    # Only where that is known of its module.
    module = function.__module__
    is_known = module in MAIN or dump.parts.by_value.get(module) is True
    return is_known and not is_special(function)


def _goes_by_value(dump: Dump, obj: Any) -> bool:
    try:
        return way_of(dump, obj) is VALUE
    except Exception:  # it is raised again where the object is written
        return False


def is_module_ready(dump: Dump, module: Any) -> bool:
    """Tell whether a module goes by name, or is the script's own."""
    name = object.__getattribute__(module, "__dict__").get("__name__")
    if sys.modules.get(name) is not module:
        return False
    return not by_value(dump, name) or name == "__main__"


class Look:
    """Looks at values, one after another.

    Attributes:
        seen: the functions and classes by value that they lead to.
        needs: the classes whose methods may run when the last one is loaded.
        is_opaque: what the last one holds was not looked at: it may need anything.
    """

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self.seen: list[Any] = []
        self.begin()

    def begin(self) -> None:
        """Look at another value; what was seen of those before stays."""
        self._left = LIMIT
        self.needs: list[Any] = []
        self.is_opaque = False

    def is_ready(self, value: Any) -> bool:
        """Tell whether a value is ready."""
        kind = type(value)
        if kind in ATOMS:
            return True
        self._left -= 1
        if self._left < 0:
            return False
        if kind in KINDS:
            return KINDS[kind](self, value)
        if issubclass(kind, type):
            return self._is_named_ready(value)
        if issubclass(kind, ModuleType):
            return self._is_module_ready(value)
        if kind.__module__ == "dataclasses":
            return self._is_field_ready(value, kind)
        if issubclass(kind, ALIASES):
            return self._is_alias_ready(value)
        self._look_into(value, kind)
        return False

    def _all(self, values: Iterable[Any]) -> bool:
        # Each is looked at, also after one that is not ready.
        return False not in [self.is_ready(each) for each in values if type(each) not in ATOMS]

    def _is_named_ready(self, value: Any) -> bool:
        """Tell it of a function or class, which goes by name, or by value as a shell."""
        if type(value) is FunctionType and is_shell(self._dump, value):
            self.seen.append(value)
            return True
        if not _goes_by_value(self._dump, value):
            return True
        if not is_definition(value):
            owner = generated_owner(value) if type(value) is FunctionType else None
            if owner is not None:  # it is there, or is right, once its class has all fields
                self.seen += by_value_class(self._dump, owner)
                self.needs.append(owner)
            self._look_inside(value)
            return isinstance(value, type) and not value.__flags__ & HEAP
        self.seen.append(value)
        return True

    def _is_module_ready(self, value: Any) -> bool:
        return is_module_ready(self._dump, value)

    def _is_builtin_ready(self, value: Any) -> bool:
        return value.__self__ is None or type(value.__self__) is ModuleType

    def _is_dict_ready(self, value: Any) -> bool:
        if len(value) > self._left:
            return self._has_kinds([*value, *value.values()])
        keys = [key for key in value if type(key) not in ATOMS and not self._is_plain(key)]
        self._hashed(keys)
        return self._all([*keys, *value.values()]) and not keys

    def _is_set_ready(self, value: Any) -> bool:
        others = [each for each in value if type(each) not in ATOMS and not self._is_plain(each)]
        self._hashed(others)
        return self._all(others) and not others

    def _hashed(self, keys: list[Any]) -> None:
        for key in keys:
            if isinstance(key, type):
                self.needs.append(type(key))

    def _is_plain(self, key: Any) -> bool:
        return type(key) is tuple and all(type(each) in ATOMS for each in key)

    def _is_list_ready(self, value: Any) -> bool:
        if len(value) > self._left:
            return self._has_kinds(value)
        return self._all(value)

    def _has_kinds(self, values: Iterable[Any]) -> bool:
        """Look only for what instances need in general; what holds so many comes later."""
        kinds = dict.fromkeys(map(type, values))
        self.needs += kinds
        self.seen += by_value_class(self._dump, *kinds)
        return False

    def _is_wrapper_ready(self, value: Any) -> bool:
        is_ready = True
        for name in WRAPPERS[type(value)]:
            inner = getattr(value, name)
            if inner is not None and not self.is_ready(inner):
                is_ready = False
        return is_ready and not wrapper_state(value)

    def _is_field_ready(self, value: Any, kind: type) -> bool:
        """Tell it of a field of a dataclass, or one of the marks in it."""
        if kind.__name__ != "Field":
            return kind.__name__.startswith("_")
        missing = sys.modules["dataclasses"].MISSING  # a `sentinel`, since 3.15
        values = [getattr(value, name, missing) for name in FIELD]
        values = [each for each in values if each is not missing]
        return self._all([*values, {**value.metadata}])

    def _is_alias_ready(self, value: Any) -> bool:
        seen = len(self.seen)
        origin = getattr(value, "__origin__", None)
        self.needs.append(origin)
        is_ready = self.is_ready(origin)
        parts = *(getattr(value, "__args__", None) or ()), *getattr(value, "__metadata__", ())
        return self._all(parts) and is_ready and len(self.seen) == seen

    def _is_call_ready(self, _: Any) -> bool:
        return True  # it is that of `sys.modules`

    def _is_method_ready(self, value: Any) -> bool:
        self._all([value.__func__, value.__self__])
        return False

    def _look_into(self, value: Any, kind: type) -> None:
        """Look for what an instance needs: its class, and what a wrapper holds."""
        if issubclass(kind, WRAPPING):
            self._look_inside(value)
        # A type with its own reduction may not need its class at all.
        plain: Any = object
        self.needs.append(kind)
        if kind in self._dump.table:
            return
        if kind.__reduce_ex__ is plain.__reduce_ex__ or isinstance(kind, EnumMeta):
            self.seen += by_value_class(self._dump, kind)
        if kind in CONTAINERS or by_value(self._dump, kind.__module__):
            self._all(_inside(value, kind))
        else:
            self.is_opaque = True

    def _look_inside(self, value: Any) -> None:
        for name in INSIDE:
            inner = getattr(value, name, None)
            if issubclass(type(inner), (FunctionType, type, *WRAPPING)):
                self.is_ready(inner)
                self.needs.append(inner)


CONTAINERS: Final = frozenset({OrderedDict, defaultdict, deque})


def _inside(value: Any, kind: Any) -> list[Any]:
    """Return what travels in a container of `collections`, or in an instance of a user's class."""
    plain: Any = object
    if kind is deque:
        return [*value]
    if kind in CONTAINERS:
        return [*value, *value.values()]
    if kind.__reduce_ex__ is not plain.__reduce_ex__ or kind.__reduce__ is not plain.__reduce__:
        return []
    if getattr(kind, "__getstate__", None) is not getattr(plain, "__getstate__", None):
        return []
    found: list[Any] = []
    if issubclass(kind, dict):
        found += [*dict.keys(value), *dict.values(value)]
    elif issubclass(kind, list):
        found += list.__iter__(value)
    try:
        state = plain.__getattribute__(value, "__dict__")
    except AttributeError:
        return found
    return [*found, *state.values()] if type(state) is dict else found


KINDS: Final = {
    FunctionType: Look._is_named_ready,
    type: Look._is_named_ready,
    BuiltinFunctionType: Look._is_builtin_ready,
    ModuleType: Look._is_module_ready,
    dict: Look._is_dict_ready,
    set: Look._is_set_ready,
    frozenset: Look._is_set_ready,
    SortedSet: lambda look, value: Look._is_set_ready(look, value.items),
    NotANumber: lambda look, value: True,
    list: Look._is_list_ready,
    tuple: Look._is_list_ready,
    staticmethod: Look._is_wrapper_ready,
    classmethod: Look._is_wrapper_ready,
    property: Look._is_wrapper_ready,
    MethodType: Look._is_method_ready,
    Call: Look._is_call_ready,
}
