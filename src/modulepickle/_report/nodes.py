"""Nodes: they stand for the objects that an unpickler would make of a pickle.

A node may hold others in any depth and number, itself included, so no node has an `__eq__`, and
only a `Global` has a `__repr__` of its own.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["LONG", "Buffer", "Call", "Global", "Items", "Missing", "called_name"]

LONG: Final = 1_000
"""How many characters of a name are kept: a pickle may have a million, and name it often."""


class Global:
    """What `module.name` would be after an import."""

    __slots__ = ("module", "name", "position")

    def __init__(self, module: str, name: str, position: int) -> None:
        self.module, self.name, self.position = module, name, position

    def __repr__(self) -> str:
        """Return the dotted name, as much of it as is looked at."""
        return f"{self.module[:LONG]}.{self.name[:LONG]}"


class Call:
    """What a call would return, and what would be done to it afterwards.

    Attributes:
        opcode: REDUCE, NEWOBJ, NEWOBJ_EX, OBJ or INST. position: its own, in bytes. function: a
        node. args: a tuple of nodes, or whatever node stands in its place. states: those of BUILD.
        items: those appended or set.
    """

    __slots__ = ("args", "function", "items", "opcode", "position", "states")

    def __init__(self, opcode: str, function: Any, args: Any, position: int) -> None:
        self.opcode, self.function, self.args, self.position = opcode, function, args, position
        self.states: Any = ()
        self.items: Any = ()


class Items:
    """A list, dict, set or frozenset; `items` of a dict are pairs, since keys may be nodes."""

    __slots__ = ("_names", "items", "kind")

    def __init__(self, kind: str, items: Any = ()) -> None:
        self.kind, self.items = kind, items
        self._names: dict[str, Any] | None = None

    def replace(self, kind: str, items: Any) -> None:
        """Do what `pickle` does where items of another kind come: a list takes those of its places.

        Raises:
            ValueError: if it would be an error there, or that is not known.
        """
        if (self.kind, kind) != ("list", "dict"):
            raise ValueError(f"items of a {kind} for a {self.kind}")
        for place, item in items:
            if not isinstance(place, int) or not -len(self.items) <= place < len(self.items):
                raise ValueError("an item for no place of a list")
            self.items[place] = item

    def names(self) -> dict[str, Any]:
        """Return the final value of each key that is text. Ask only when all is read."""
        if self._names is None:
            pairs = self.items if self.kind == "dict" else ()
            self._names = {key: value for key, value in pairs if type(key) is str}
        return self._names

    def get(self, name: str) -> Any:
        """Return the final value of a key that is text, or None."""
        return self.names().get(name)


class Buffer:
    """An out-of-band buffer: it is not in the pickle. `index` counts from 0."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


class Missing:
    """What is somewhere else: a persistent id, an entry of another pickle's memo."""

    __slots__ = ("value", "what")

    def __init__(self, what: str, value: Any) -> None:
        self.what, self.value = what, value


def called_name(node: Any) -> str:
    """Return the dotted name of a global; "" for any other node, which may be of any size."""
    return repr(node) if isinstance(node, Global) else ""
