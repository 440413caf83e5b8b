"""Enums by value: each is made without members, which are added last.

What `EnumMeta` puts into each class differs between Pythons, so the receiver's own does that. A
member is an instance of its class: its value, the part of it that is of a built-in type, and its
attributes are sent, and no hook of the class runs again.

Outside API: `enum_parts`, `reducer_of_member`.
"""

from __future__ import annotations

import copyreg
import enum
import functools
import operator
import sys
from collections.abc import Set
from types import FunctionType, MethodType
from typing import Any, Final

from modulepickle._loader.emit import Call
from modulepickle._reduce.local import VALUE, way_of
from modulepickle._reduce.state import Dump, Reducer, in_stable_order

__all__ = ["enum_parts", "reducer_of_member"]


@functools.cache
def plain_ones() -> tuple[type[enum.Enum], ...]:
    """Return an enum and a flag with nothing but a member A. Few processes pickle enums."""

    class Plain(enum.Enum):
        A = 1

    class PlainFlag(enum.Flag):
        A = 1

    return Plain, PlainFlag


@functools.cache
def enum_names() -> Set[str]:
    """Return what `EnumMeta` puts into each class."""
    return {name for each in plain_ones() for name in vars(each)} - {"A"}


@functools.cache
def member_names() -> Set[str]:
    """Return what it, and operators later on (`~Perm.R`), put into each member."""
    later = {"_hash_", "_name_", "_value_", "__objclass__", "_sort_order_", "_inverted_"}
    return later.union(*(vars(member) for each in plain_ones() for member in each))


def enum_parts(cls: Any, more: dict[str, Any]) -> set[str]:
    """Put the arguments of the receiver's `EnumMeta` into `more`; return the names that it sets."""
    if not isinstance(cls, enum.EnumMeta):
        return set()
    boundary = vars(cls).get("_boundary_")
    if boundary is not None and not any(
        getattr(base, "_boundary_", None) is boundary for base in cls.__bases__
    ):
        more["boundary"] = boundary.name
    members, circles = _members(cls)
    if circles:
        more["member_attributes"] = circles
    made = {name for name in enum_names() if not _is_users(cls, name, vars(cls).get(name))}
    made |= {name for name, value in vars(cls).items() if _is_put(cls, name, value)}
    made |= {*cls.__members__, "_boundary_", "_value_repr_"}
    if any(each.__flags__ & HEAP and not isinstance(each, enum.EnumMeta) for each in cls.__mro__):
        # Such a base may be empty when the enum is made; these names are not to be made again.
        own = [name for name in vars(cls) if name in OF_BASES and name not in made]
        members = *members, sorted(own)
    more["members"] = members
    return made


HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE

OF_BASES: Final = frozenset(
    {"__repr__", "__str__", "__format__", "__reduce_ex__", "_new_member_", "__new_member__"}
)
"""What `EnumMeta` takes from the bases unless a class has its own."""


def _is_users(cls: Any, name: str, value: Any) -> bool:
    function = getattr(value, "__func__", value)
    if not isinstance(function, FunctionType):
        # For operators, `EnumMeta` puts functions of `Flag`: a None is the user's.
        return name[:2] == "__" and isinstance(vars(enum.Flag).get(name), FunctionType)
    if _is_put(cls, name, value):
        return False
    inherited = [vars(base).get("__new__") for base in cls.__mro__[1:]]  # `EnumMeta` finds it there
    return all(getattr(each, "__func__", each) is not function for each in inherited)


def _is_put(cls: Any, name: str, value: Any) -> bool:
    """Tell whether `EnumMeta` put a function of `enum` into a class; others a statement wrote."""
    function = getattr(value, "__func__", value)
    if not isinstance(function, FunctionType) or function.__globals__ is not vars(enum):
        return False
    if isinstance(value, MethodType) or "<locals>" in function.__qualname__:
        return True
    # It takes the four from the base that is an enum, and operators from `Flag` as well.
    sources = [cls.__bases__[-1]] if name in FROM_BASE else [cls.__bases__[-1], enum.Flag]
    return any(getattr(each, name, None) is function for each in sources)


FROM_BASE: Final = {"__repr__", "__str__", "__format__", "__reduce_ex__"}


def _members(cls: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the names of an enum's members, aliases too -> index, with the members' parts.

    And, for each member, what attributes lead to members, as `Side.LEFT.other = Side.RIGHT`.
    """
    places: dict[int, int] = {}
    members: list[tuple[Any, ...]] = []
    circles: dict[str, Any] = {}
    names = {}
    for name, member in cls.__members__.items():
        if id(member) not in places:
            places[id(member)] = len(members)
            members.append(_parts(member, circles.setdefault(sys.intern(name), {})))
        names[sys.intern(name)] = places[id(member)]
    return (names, members), {name: each for name, each in circles.items() if each}


def _leads_to(value: Any, cls: Any, depth: int = 4) -> bool:
    """Tell whether members of an enum are in a value."""
    if type(value) is cls:
        return True
    inner: Any = value if isinstance(value, (tuple, list, set, frozenset)) else ()
    if isinstance(value, dict):
        inner = [*value, *value.values()]
    elif not isinstance(value, type):
        inner = [*inner, *getattr(value, "__dict__", {}).values()]
    return depth > 0 and any(_leads_to(each, cls, depth - 1) for each in inner)


def _parts(member: Any, circles: dict[str, Any]) -> tuple[Any, ...]:
    """Return value, attributes, arguments, and items of a list or dict; without what is empty.

    Attributes that lead to members are put into `circles`: they are set when there are members.
    """
    cls = type(member)
    state = {
        sys.intern(name): in_stable_order(value)
        for name, value in vars(member).items()
        if name not in member_names()
    }
    for name in copyreg._slotnames(cls):  # type: ignore[attr-defined]
        if hasattr(member, name):
            state[name] = getattr(member, name)
    for name in [name for name, value in state.items() if _leads_to(value, cls)]:
        circles[name] = state.pop(name)
    args, items = _built_in_part(cls, member)
    parts: list[Any] = [in_stable_order(member._value_), state, args, items]
    while not parts[-1] and len(parts) > 1:
        parts.pop()
    return tuple(parts)


def _built_in_part(cls: Any, member: Any) -> tuple[tuple[Any, ...], Any]:
    """Return the arguments and items of a member's part of a built-in type: `(3,)` for an int."""
    plain: Any = next(base for base in cls.__mro__ if _is_built_in(base))
    if issubclass(plain, list):
        return (), [*member]
    if issubclass(plain, dict):
        return (), {**member}
    if "__getnewargs__" in vars(plain):
        return tuple(plain.__getnewargs__(member)), None
    for name, args in (("__reduce_ex__", (2,)), ("__reduce__", ())):
        if plain is not object and name in vars(plain):
            _, made, *others = getattr(plain, name)(member, *args)
            items = others[1] if len(others) > 1 else None
            return tuple(made), None if items is None else [*items]
    return (), None


def _is_built_in(cls: Any) -> bool:
    """Tell whether a class makes its instances by itself, in C."""
    new = vars(cls).get("__new__")
    return cls is object or not (new is None or isinstance(new, (FunctionType, staticmethod)))


# --- members --------------------------------------------------------------------------------------


def reducer_of_member(kind: Any, otherwise: Reducer) -> Reducer:
    """Return the reducer for members of an enum, which looks them up by name where it has to.

    An enum that goes by value is known there from the second pickle on, and then has the values
    that came with the first one. So a value that is told by identity, as `UNSET = object()`, would
    find no member. In an enum that goes by name no copy of such a value ever finds one; all other
    members there are as plain pickle has them (R3).

    Args:
        otherwise: the reducer of other enums' members, and of combinations of flags.
    """

    def reduce(dump: Dump, obj: Any) -> Any:
        found = otherwise(dump, obj)
        value = obj._value_
        is_by_value = type(found) is tuple and found[0] is kind and len(found) == 2
        if not is_by_value or len(found[1]) != 1 or found[1][0] is not value:
            return found  # somebody wrote a reduction of its own
        if kind._member_map_.get(obj._name_) is not obj:
            return found
        if way_of(dump, kind) is not VALUE and not _is_told_by_identity(dump, value):
            return found
        is_plain = type(kind).__getitem__ is enum.EnumMeta.__getitem__
        return operator.getitem, (
            kind if is_plain else Call(getattr, kind, MAP),
            in_stable_order(obj._name_),
        )

    return reduce


MAP: Final = "_member_map_"


def _is_told_by_identity(dump: Dump, value: Any, depth: int = 4) -> bool:
    """Tell whether a copy of a value, as pickles make it, is certainly not equal to the value."""
    kind: Any = type(value)
    plain: Any = object
    if kind in (tuple, list, set, frozenset, dict):
        inner = [*value, *value.values()] if kind is dict else value
        return depth > 0 and any(_is_told_by_identity(dump, each, depth - 1) for each in inner)
    if kind is float:
        return bool(value != value)
    if kind is FunctionType:
        return way_of(dump, value) is VALUE
    if kind is functools.partial or kind is object:
        return True
    return (
        kind.__eq__ is plain.__eq__
        and kind.__reduce_ex__ is plain.__reduce_ex__
        and kind.__reduce__ is plain.__reduce__
        and kind.__new__ is plain.__new__
        and kind not in dump.table
    )
