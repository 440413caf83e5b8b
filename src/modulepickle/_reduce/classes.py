"""Classes by value: each is made empty, then filled with what its `__dict__` has.

The metaclass, `__init_subclass__` and `__set_name__` ran on the sender, and what they did is in the
class, so they do not run again. What the standard library wrote into a class is written anew by the
receiver's standard library (`_reduce.generated`).

A class has a key, by which a receiver recognises it (`_reduce.keys`). `_reduce.whole` decides when
it is filled, and in which order.

Outside API: `class_shell`, `class_space`, `class_holds`.
"""

from __future__ import annotations

import collections
import enum
import functools
import pickle
import sys
import typing
from collections.abc import Callable
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Call, Rebuilt, Reduced
from modulepickle._reduce.functions import Held, annotations_of
from modulepickle._reduce.generated import OF_PLAIN, SPECIAL
from modulepickle._reduce.keys import KNOWN
from modulepickle._reduce.named import words_of
from modulepickle._reduce.state import MAIN, in_stable_order
from modulepickle._reduce.structures import parts_of

__all__ = ["class_holds", "class_shell", "class_space"]

MAKE_CLASS: Final = Rebuilt("make_class", THE_CLASSES)
MAKE_ORDERED: Final = Rebuilt("make_ordered", THE_CLASSES)
MAKE_ENUM: Final = Rebuilt("make_enum", THE_CLASSES)

HEAP: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE: not a class of C

Namespace = dict[str, Any]

NEVER: Final = frozenset(
    {
        "_abc_impl", "__abstractmethods__", "__annotations__",
        "__annotate__", "__annotate_func__", "__annotations_cache__", "__protocol_attrs__",
        "__non_callable_proto_members__", "__callable_proto_members_only__",
        "__module__", "__qualname__", "__static_attributes__",
        "__classcell__", "__classdictcell__",
        "__slotnames__",  # `copyreg` puts it there when an instance is pickled first
    }
)  # fmt: skip
"""Entries of a class that are made with it, or are sent in another way."""

ANNOTATED: Final = frozenset(
    {"__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__"}
)

SETTABLE: Final = frozenset({"__doc__", "__type_params__"})
"""Entries that a class takes although its type has a descriptor of that name."""


def class_shell(
    cls: Any, key: bytes, made_with: Namespace, before: tuple[Any, ...] = ()
) -> Reduced:
    """Return the call that finds a class by its key, or makes it without anything in it.

    Args:
        before: what has to come first: what completes bases (see `structures`), other classes.

    Raises:
        pickle.PicklingError: its metaclass is known to make no such class.
    """
    if type(cls) is not type and any(map(_is_of_msgspec, type(cls).__mro__)):
        raise pickle.PicklingError(
            f"Cannot pickle {cls!r}: msgspec makes a Struct with all its fields at once. Define it "
            "in a module of your working tree, which travels as it is"
        )
    module = in_stable_order(vars(cls).get("__module__"))
    space = {"__module__": module, "__qualname__": cls.__qualname__}
    space.update(made_with)
    meta = _metaclass(cls)
    if not isinstance(cls, enum.EnumMeta):
        more = before
        make = MAKE_CLASS
        if any("mro" in vars(each) for each in type(cls).__mro__ if each is not type):
            make = MAKE_ORDERED
            more = tuple(None if each is cls else each for each in cls.__mro__), *before
        return KNOWN, (key, make, meta, cls.__name__, cls.__bases__, space, *more)
    if meta is enum.EnumMeta:
        meta = None  # its `__qualname__` is another since 3.11
    return KNOWN, (key, MAKE_ENUM, meta, cls.__name__, cls.__bases__, space, *before)


def _is_of_msgspec(meta: type) -> bool:
    return str(meta.__module__).partition(".")[0] == "msgspec"  # it need not be text


def _metaclass(cls: Any) -> Any:
    """Return the metaclass, or a call that takes it from a base if it has no name (`ctypes`)."""
    meta = type(cls)
    if meta is type:
        return meta
    if not meta.__flags__ & HEAP or meta.__module__ in ("_ctypes", "ctypes._endian"):
        for base in cls.__bases__:
            if type(base) is meta:
                return Call(type, base)
    return meta


def class_space(cls: Any) -> Namespace:
    """Return the entries that a class is made with, since they could not be set later."""
    mine = vars(cls)
    space: Namespace = {}
    doc = mine.get("__doc__")
    if type(doc).__module__ == "dataclasses":
        cls.__doc__  # noqa: B018  # 3.15 writes that of a dataclass when somebody asks for it
        doc = mine.get("__doc__")
    if type(doc) is str:
        space["__doc__"] = doc
    if "__firstlineno__" in mine:  # new in 3.13, as is the other one
        space["__firstlineno__"] = mine["__firstlineno__"]
    if "__static_attributes__" in mine:  # of a set, in 3.13.0
        space["__static_attributes__"] = tuple(sorted(mine["__static_attributes__"]))
    space.update(parts_of(cls))
    if "__slots__" in mine:
        space["__slots__"] = _slots(cls, mine["__slots__"])
    reserved = _reserved(type(cls))
    if not reserved.isdisjoint(mine):
        for name, value in mine.items():
            if name in reserved and not _is_of_class(cls, value, name):
                space[name] = value
    return space


def _reserved(meta: type) -> frozenset[str]:
    """Return the names that cannot be set on a class, since its type has a descriptor for them."""
    if meta is type:
        return RESERVED
    return RESERVED.union(*(map(_settable, (each for each in meta.__mro__ if each is not type))))


def _settable(meta: type) -> list[str]:
    return [
        name
        for name, value in vars(meta).items()
        if hasattr(type(value), "__set__") and name not in NEVER and name not in SETTABLE
    ]


RESERVED: Final = frozenset(_settable(type))


def _slots(cls: Any, slots: Any) -> Any:
    """Return slots to make a class with: as declared, or the present ones if they differ."""
    mine = vars(cls)
    found = [name for name, each in mine.items() if isinstance(each, MemberDescriptorType)
             and _is_of_class(cls, each, name)]  # fmt: skip
    said = [slots] if isinstance(slots, str) else [*slots]
    private = f"_{cls.__name__.lstrip('_')}"
    mangled = [
        private + name if name.startswith("__") and not name.endswith("__") else name
        for name in said
    ]
    plain = {dict, list, tuple, str, set, frozenset}
    is_plain = type(slots) in plain and (
        type(slots) is not dict or all(isinstance(each, str) for each in slots.values())
    )
    named = [name for name in mangled if name not in ("__dict__", "__weakref__")]
    if is_plain and sorted(named) == sorted(found):
        return sorted(slots) if isinstance(slots, (set, frozenset)) else slots
    made = ("__dict__", "__weakref__")
    return found + [name for name in made if _is_of_class(cls, mine.get(name), name)]


def class_holds(cls: Any, space: Namespace, naming: bool) -> Held:
    """Return the entries of a class that are sent, and what the receiver makes anew."""
    more: dict[str, Any] = {}
    attributes = _attributes(cls, space, more)
    if not naming:  # a comment more does not make it another class
        place = _text_of()(cls)
        if place is not None:
            more["source"] = place
    return (attributes, more), ()


@functools.cache
def _text_of() -> Callable[[Any], Any]:
    from modulepickle._reduce.class_texts import text_of  # not at the top: see there

    return text_of


def _attributes(cls: Any, space: Namespace, more: dict[str, Any]) -> Namespace:
    """Return the entries of a class that are sent; put what the receiver makes anew into `more`."""
    left_out = NEVER
    for special in SPECIAL if type(cls) is not type else OF_PLAIN:
        made_anew = special(cls, more)
        if made_anew:
            left_out = left_out | made_anew
    found: Namespace = {}
    for name, value in vars(cls).items():
        if name in left_out:
            continue
        kind = type(value)
        if kind not in OF_NO_CLASS and _is_of_class(cls, value, name):
            continue
        if name in space and (name != "__slots__" or _is_said(space[name], value)):
            continue
        if name != "__doc__" or value is not None:
            found[sys.intern(name)] = value if kind is FunctionType else in_stable_order(value)
    if not ANNOTATED.isdisjoint(vars(cls)):
        annotations = _resolved(cls, annotations_of(cls))
        if annotations:
            found["__annotations__"] = annotations
    return found


def _resolved(cls: Any, annotations: Namespace) -> Namespace:
    """Return annotations, with text that names definitions of the script replaced by its meaning.

    `typing.get_type_hints` looks such names up in `__main__`, which on the receiver is another
    module.
    """
    module = sys.modules.get(cls.__module__) if cls.__module__ in MAIN else None
    known = vars(module) if module is not None else {}
    named = [
        name
        for name, each in annotations.items()
        if type(each) is not type and not known.keys().isdisjoint(words_of(each))
    ]
    if named:
        try:
            hints = typing.get_type_hints(cls, include_extras=True)
        except Exception:  # local names of a function, or names not defined yet: it stays text
            return annotations
        annotations = {**annotations, **{name: hints[name] for name in named if name in hints}}
    return annotations


def _is_said(slots: Any, value: Any) -> bool:
    """Tell whether slots are as declared, or were declared by an iterator that is used up."""
    return slots is value or isinstance(value, (collections.abc.Iterator, collections.abc.KeysView))


OF_NO_CLASS: Final = frozenset({FunctionType, str, int, property, classmethod, staticmethod})
"""Types of most values in classes, none of which is such a descriptor."""


def _is_of_class(cls: Any, value: Any, name: str) -> bool:
    """Tell whether a descriptor was made with the class: of a slot, `__dict__` or a C structure."""
    if isinstance(value, (MemberDescriptorType, GetSetDescriptorType)):
        # Since 3.15 all classes share those of `object`.
        return value.__objclass__ in (cls, object) and value.__name__ == name
    return type(value).__name__ == "CField" and (
        hasattr(cls, "_anonymous_")
        or any(name == field[0] for field in vars(cls).get("_fields_", ()))
    )
