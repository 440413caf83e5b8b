"""Structures and unions of `ctypes`: classes whose fields are set once, and at the right moment.

A class that is derived from a structure takes over the fields that the structure has by then, and
after that the structure takes no others. A field that is a structure, or an array of them, has the
size that those have by then. Pointers to a structure need none of that: it may be empty yet. In the
script, each came in such an order; here, fields are written before what needs them.

Outside API: `Fields`, `bases_of`, `parts_of`, `reduce_fields`, `structure`, `types_in`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Rebuilt, Reduced, StandIn
from modulepickle._reduce.state import Dump

__all__ = ["Fields", "bases_of", "parts_of", "reduce_fields", "structure", "types_in"]

SET_FIELDS: Final = Rebuilt("set_fields", THE_CLASSES)

LAYOUT: Final = frozenset({"_align_", "_anonymous_", "_layout_", "_pack_", "_swappedbytes_"})
"""What `ctypes` reads when the fields are set."""

PARTS: Final = frozenset({"_type_", "_length_", "_flags_", "_restype_", "_argtypes_"})
"""What it reads when another class is made: an array, a pointer, a number, a function."""

INSIDE: Final = ("_type_", "_restype_")
"""Attributes of types of `ctypes` with another type."""


def is_structure(cls: Any) -> bool:
    """Tell whether a class is a structure or a union."""
    if type(cls) is type or "ctypes" not in sys.modules:
        return False
    ctypes: Any = sys.modules["ctypes"]
    return issubclass(cls, (ctypes.Structure, ctypes.Union))


def parts_of(cls: Any) -> dict[str, Any]:
    """Return what `ctypes` looks at when it makes a class or sets its fields."""
    mine = vars(cls)
    if type(cls) is type or (LAYOUT | PARTS).isdisjoint(mine) or "ctypes" not in sys.modules:
        return {}
    if not any(each.__module__ == "_ctypes" for each in type(cls).__mro__):
        return {}
    names = LAYOUT if is_structure(cls) else PARTS
    return {name: mine[name] for name in mine if name in names}


def bases_of(cls: Any) -> list[Any]:
    """Return what has to be complete when a class is made: its bases, and what an array is of."""
    found = [*cls.__bases__]
    mine = vars(cls)
    if "_length_" in mine and "_type_" in mine and parts_of(cls):
        found += [kind for kind, is_whole in types_in([("", cls._type_)]) if is_whole]
    return found


def structure(cls: Any, more: dict[str, Any]) -> set[str]:
    """Put the fields of a structure into `more`, as `_reduce.generated` does it of others."""
    if "_fields_" not in vars(cls) or not is_structure(cls):
        return set()
    more["fields"] = cls._fields_
    return {"_fields_"}


def types_in(fields: Any) -> Iterator[tuple[Any, bool]]:
    """Yield the types in fields, those inside them too, and whether each has to be complete."""
    ctypes: Any = sys.modules["ctypes"]
    for field in fields:
        queue = [(field[1], True)]
        for kind, is_whole in queue:  # grows as it is read
            yield kind, is_whole
            is_array = issubclass(kind, ctypes.Array)
            found = [getattr(kind, name, None) for name in INSIDE]
            found += getattr(kind, "_argtypes_", ())
            queue += [(each, is_whole and is_array) for each in found if isinstance(each, type)]


class Fields(StandIn):
    """Stands for the call that sets the fields of a structure: written once, as all objects are."""

    def __init__(self, owner: Any, fields: Any) -> None:
        self.owner, self.fields = owner, fields


def reduce_fields(dump: Dump, fields: Fields) -> Reduced:
    """Return the call, with those that complete the structures inside as arguments."""
    planned = dump.parts.planned
    found = [planned.get(id(kind)) for kind, is_whole in types_in(fields.fields) if is_whole]
    before = dict.fromkeys(each.fields for each in found if each is not None and each.fields)
    return SET_FIELDS, (fields.owner, (*before,), fields.fields)
