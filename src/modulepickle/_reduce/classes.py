"""Classes by value: a class made empty, then filled with what its `__dict__` has.

The metaclass, `__init_subclass__` and `__set_name__` have run here, and what they did is in the
class; so they do not run again. What the standard library wrote into a class (the methods of a
dataclass, of a named tuple, of an Enum, ABC or Protocol) is written again by the receiver's own
standard library, since it is another for each Python.

A class has a key, by which a receiver knows it again (`_reduce.keys`).

Outside API: `reduce_class`, `reduce_field`.
"""

from __future__ import annotations

import abc
import collections
import enum
import sys
import typing
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Call, Rebuilt, Reduced
from modulepickle._reduce.functions import annotations_of
from modulepickle._reduce.keys import tracked
from modulepickle._reduce.secrets import note_secrets
from modulepickle._reduce.state import Dump, in_stable_order

__all__ = ["reduce_class", "reduce_field"]

MAKE_CLASS: Final = Rebuilt("make_class", THE_CLASSES)
MAKE_ENUM: Final = Rebuilt("make_enum", THE_CLASSES)
SET_CLASS: Final = Rebuilt("set_class", THE_CLASSES)
FIELD: Final = Rebuilt("field", THE_CLASSES)

Namespace = dict[str, Any]


# --- classes --------------------------------------------------------------------------------------

NEVER: Final = frozenset(
    {
        "__dict__", "__weakref__", "_abc_impl", "__abstractmethods__", "__annotations__",
        "__annotate__", "__annotate_func__", "__annotations_cache__", "__protocol_attrs__",
        "__non_callable_proto_members__", "__callable_proto_members_only__",
        "__module__", "__qualname__", "__slots__", "__doc__", "__static_attributes__",
        "__classcell__", "__classdictcell__",
        "__slotnames__",  # `copyreg` puts it there when an instance is pickled first
    }
)  # fmt: skip
"""Entries of a class that are made with it, or are sent in another way."""


def reduce_class(dump: Dump, cls: Any) -> Reduced:
    """Reduce a class: what makes it, and what fills it."""
    space = _beginning(cls)
    meta, name, bases = _metaclass(cls), cls.__name__, cls.__bases__
    if isinstance(cls, enum.EnumMeta):
        names, members = _members(cls)
        if meta is enum.EnumMeta:
            meta = None  # its `__qualname__` is another since 3.11
        made = tracked(dump, cls, MAKE_ENUM, meta, name, bases, space, names, members)
    else:
        made = tracked(dump, cls, MAKE_CLASS, meta, name, bases, space)
    more: dict[str, Any] = {}
    attributes = _attributes(cls, space, more)
    note_secrets(dump, f"class `{cls.__qualname__}`", "attribute", attributes)
    state = made[1][0], attributes, more
    return *made, state, None, None, SET_CLASS


def _metaclass(cls: Any) -> Any:
    """Return the metaclass; if it has no name, as those of `ctypes`, what finds it on a base."""
    meta = type(cls)
    if not meta.__flags__ & HEAP or meta.__module__ == "_ctypes":
        for base in cls.__bases__:
            if type(base) is meta and meta is not type:
                return Call(type, base)
    return meta


def _beginning(cls: Any) -> Namespace:
    """Return what has to be there when the class is made."""
    mine = vars(cls)
    space = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    for name in ("__doc__", "__slots__", "__orig_bases__"):
        if mine.get(name) is not None:
            space[name] = mine[name]
    if isinstance(space.get("__slots__"), (collections.abc.Iterator, collections.abc.KeysView)):
        space["__slots__"] = _slots(cls)
    return space


def _slots(cls: type) -> list[str]:
    return [name for name, each in vars(cls).items() if isinstance(each, MemberDescriptorType)]


def _attributes(cls: Any, space: Namespace, more: dict[str, Any]) -> Namespace:
    """Return the entries of a class as they are sent; what is made again goes to `more`."""
    left_out = set(NEVER)
    for special in (_enum, _dataclass, _named_tuple, _abstract, _protocol):
        left_out |= special(cls, more)
    found: Namespace = {}
    for name, value in vars(cls).items():
        if name in left_out or name in space or _is_of_class(cls, value, name):
            continue
        found[sys.intern(name)] = in_stable_order(value)
    if "__annotations__" in vars(cls) or any(n.startswith("__annot") for n in vars(cls)):
        annotations = annotations_of(cls)
        if annotations:
            found["__annotations__"] = annotations
    if "__static_attributes__" in vars(cls):  # of a set, in 3.13.0
        found["__static_attributes__"] = tuple(sorted(cls.__static_attributes__))
    if "__firstlineno__" in found:  # goes when `__module__` or so is set, so: last
        found["__firstlineno__"] = found.pop("__firstlineno__")
    return found


def _is_of_class(cls: Any, value: Any, name: str) -> bool:
    """Tell whether a descriptor was made with the class: for a slot, `__dict__`, a C structure."""
    if isinstance(value, (MemberDescriptorType, GetSetDescriptorType)):
        return value.__objclass__ is cls
    return type(value).__name__ == "CField" and any(
        name == field[0] for field in vars(cls).get("_fields_", ())
    )


# --- what the standard library makes again --------------------------------------------------------


def _is_from(value: Any, module: Any) -> bool:
    """Tell whether a function, perhaps wrapped, was written in a module of the standard library."""
    value = getattr(value, "__func__", value)
    return isinstance(value, FunctionType) and value.__globals__ is vars(module)


def _is_generated(value: Any) -> bool:
    """Tell whether a method was written by `dataclasses`, which compiles text without a file."""
    value = getattr(value, "__wrapped__", value)
    return isinstance(value, FunctionType) and (
        value.__code__.co_filename == "<string>"
        or _is_from(value, sys.modules.get("dataclasses", sys))
    )


def _dataclass(cls: Any, more: dict[str, Any]) -> set[str]:
    settings = vars(cls).get("__dataclass_params__")
    if settings is None or "__dataclass_fields__" not in vars(cls):
        return set()
    names = [name for name, value in vars(cls).items() if _is_generated(value)]
    more["dataclass"] = names, {name: getattr(settings, name) for name in settings.__slots__}
    return {*names, "__dataclass_params__"}


def reduce_field(_: Dump, obj: Any) -> Reduced:
    """Reduce a field of a dataclass: each Python has other slots in it."""
    values = {name: getattr(obj, name) for name in obj.__slots__ if name != "_field_type"}
    return FIELD, (obj._field_type.name, values)


def _named_tuple(cls: Any, more: dict[str, Any]) -> set[str]:
    if tuple not in cls.__bases__ or "_fields" not in vars(cls) or "_make" not in vars(cls):
        return set()
    made = collections.namedtuple("made", cls._fields)  # type: ignore[misc]
    other = vars(made)  # a collection of garbage would empty it, if nothing held the class itself
    names = [name for name in other if name in vars(cls) and _is_same_kind(cls, name, other[name])]
    more["namedtuple"] = names, cls._fields, cls.__new__.__defaults__ or ()
    return {*names}


def _is_same_kind(cls: Any, name: str, other: Any) -> bool:
    """Tell whether an entry of a named tuple is `collections`' own, and not the user's."""
    value = vars(cls)[name]
    if name in cls._fields:
        return True
    if name == "__new__":
        return True
    return _is_from(value, collections)


def _abstract(cls: Any, more: dict[str, Any]) -> set[str]:
    if not isinstance(cls, abc.ABCMeta) or "__abstractmethods__" not in vars(cls):
        return set()
    dump = getattr(abc, "_get_dump", None)  # of C; PyPy has it, too
    registry = [] if dump is None else [each() for each in dump(cls)[0]]
    registered = [each for each in registry if each is not None]
    registered.sort(key=lambda each: (each.__module__, each.__qualname__))
    more["abstract"] = registered, sorted(cls.__abstractmethods__)
    return set()


def _protocol(cls: Any, more: dict[str, Any]) -> set[str]:
    if type(cls).__module__ != "typing" or not getattr(cls, "_is_protocol", False):
        return set()
    more["protocol"] = bool(getattr(cls, "_is_runtime_protocol", False))
    return {name for name, value in vars(cls).items() if _is_from(value, typing)}


# --- enums ----------------------------------------------------------------------------------------


class _Plain(enum.Enum):
    A = 1


class _PlainFlag(enum.Flag):
    A = 1


ENUM_NAMES: Final = {*vars(_Plain), *vars(_PlainFlag)} - {"A"}
"""What `EnumMeta` puts into each class."""

MEMBER_NAMES: Final = {*vars(_Plain.A), *vars(_PlainFlag.A), "_hash_"}


def _members(cls: Any) -> tuple[dict[str, int], list[tuple[Any, tuple[Any, ...]]]]:
    """Return the names of an enum's members, aliases too, and the members: value, arguments."""
    places: dict[int, int] = {}
    members: list[tuple[Any, tuple[Any, ...]]] = []
    names = {}
    for name, member in cls.__members__.items():
        if id(member) not in places:
            places[id(member)] = len(members)
            members.append((member._value_, _arguments(cls, member)))
        names[sys.intern(name)] = places[id(member)]
    return names, members


def _arguments(cls: Any, member: Any) -> tuple[Any, ...]:
    """Return what makes a member's part of a built-in type: `(3,)` of an `IntEnum`."""
    plain = next(base for base in cls.__mro__ if not base.__flags__ & HEAP)
    if plain is object:
        return ()
    if "__getnewargs__" in vars(plain):
        return tuple(plain.__getnewargs__(member))
    return tuple(plain.__reduce_ex__(member, 2)[1])


HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE: not a class of C


def _enum(cls: Any, more: dict[str, Any]) -> set[str]:
    if not isinstance(cls, enum.EnumMeta):
        return set()
    own: dict[str, dict[str, Any]] = {}
    everything: dict[str, Any] = dict(cls.__members__)
    for name, member in everything.items():
        attributes = {key: each for key, each in vars(member).items() if key not in MEMBER_NAMES}
        if attributes:
            own[name] = attributes
    if own:
        more["members"] = own
    made = {name for name in ENUM_NAMES if not _is_users(vars(cls).get(name))}
    made |= {name for name, value in vars(cls).items() if _is_from(value, enum)}
    return {*cls.__members__, *made, "_boundary_" if _inherits_boundary(cls) else ""}


def _is_users(value: Any) -> bool:
    value = getattr(value, "__func__", value)
    return isinstance(value, FunctionType) and not _is_from(value, enum)


def _inherits_boundary(cls: Any) -> bool:
    boundary = vars(cls).get("_boundary_")
    return any(getattr(base, "_boundary_", None) is boundary for base in cls.__bases__)
