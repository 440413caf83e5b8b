"""What a pickle has, object by object, and the way to each: references and imports (R15).

Outside API: `Node`, `held_by`, `is_a`, `items_of`, `parts_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import Call, Rebuilt
from modulepickle._reduce.state import MAIN, Scope
from modulepickle._snapshot.ref import SnapshotRef

__all__ = ["Node", "held_by", "is_a", "items_of", "parts_of"]

PLAIN_KEYS: Final = (str, int, float, bool, bytes, type(None))
"""Types of keys whose `repr` is nobody's code."""

DEEP: Final = 20
"""Containers in containers that the way to an object tells."""


def is_a(obj: Any, *kinds: type) -> bool:
    """Tell whether an object is of a type; as `isinstance`, which may ask a proxy for `__class__`.

    What stands behind a proxy may do anything when it is asked, and raise anything.
    """
    return issubclass(type(obj), kinds)


class Node:
    """One object that a pickle has, with the way to it.

    Attributes:
        obj: it is kept alive, so that its id stays its own. parts: what it is pickled with: labels
        of the way, and nodes. size: about how many bytes it takes, without its parts. above: the
        node that it was reached from first, and `labels` the way from there. is_by_value: it is a
        function or class that travels as code. held: kind and name of the data that such a one
        takes along.
    """

    __slots__ = ("above", "held", "is_by_value", "labels", "obj", "parts", "size")

    def __init__(self, obj: Any) -> None:
        self.obj = obj
        self.parts: list[tuple[tuple[str, ...], Node]] = []
        self.size = 0
        self.above: Node | None = None
        self.labels: tuple[str, ...] = ()
        self.is_by_value = False
        self.held: list[tuple[str, str]] = []

    def title(self) -> str:
        """Return what to call it in a chain; empty for what is only an aid of the pickler's."""
        obj = self.obj
        if is_a(obj, FunctionType, type):
            kind = "class " if is_a(obj, type) else "function "
            if obj.__module__ and obj.__module__ not in MAIN:
                return f"{kind}`{obj.__module__}.{obj.__qualname__}`"
            return f"{kind if is_a(obj, type) else ''}`{obj.__qualname__}`"
        if is_a(obj, ModuleType):
            return f"module `{obj.__name__}`"
        if is_a(obj, Scope):
            return "an import in it"
        return f"package `{obj.name}`" if is_a(obj, SnapshotRef) else ""

    def chain(self) -> tuple[str, ...]:
        """Return the way to it, outermost first."""
        way: list[str] = []
        node: Node | None = self
        while node is not None:
            title = node.title()
            way += [title] if title else []
            way += reversed(node.labels)
            node = node.above
        root = self.root()
        way += [] if root.title() else [f"`{type(root.obj).__qualname__}` object"]
        return tuple(reversed(way))

    def root(self) -> Node:
        """Return the outermost node."""
        node = self
        while node.above is not None:
            node = node.above
        return node


# --- what an object is pickled with ---------------------------------------------------------------


def parts_of(obj: Any, reduction: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a reduction, each with what to call it, or "" if it needs no name."""
    state = reduction[2] if len(reduction) > 2 else None
    by_value = is_a(reduction[0], Rebuilt)
    if by_value and is_a(obj, FunctionType) and isinstance(state, tuple):
        for kind, values in zip(("global", "closure variable", "attribute"), state):
            for name, value in values.items():
                yield f"{kind} `{name}`", value
        for modules in state[3:]:  # submodules of packages that it names
            for module in modules:
                yield "", module
    elif by_value and is_a(obj, type) and isinstance(state, tuple):
        for base in obj.__bases__:
            yield f"base `{base.__qualname__}`", base
        for values in state[1:]:
            for name, value in values.items():
                yield f"attribute `{name}`", value
    else:
        for values in state if isinstance(state, tuple) else (state,):
            if isinstance(values, dict):
                for name, value in values.items():
                    yield f"attribute `{name}`", value
            elif values is not None:
                yield "", values
    for part in reduction[:2]:
        if isinstance(part, Call):
            part = part.parts
        for index, value in enumerate(part if isinstance(part, tuple) else (part,)):
            yield f"argument {index}" if not is_a(obj, FunctionType, type) else "", value
    for index, value in enumerate(reduction[3] or () if len(reduction) > 3 else ()):
        yield f"item {index}", value
    for key, value in reduction[4] or () if len(reduction) > 4 else ():
        yield f"item {key!r:.60}", value


def items_of(labels: tuple[str, ...], container: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield what stands in a container, and the way to it."""
    if type(container) is dict:
        for key, value in container.items():
            yield _longer(labels, "a key"), key
            name = repr(key)[:60] if type(key) in PLAIN_KEYS else f"of a {type(key).__name__}"
            yield _longer(labels, f"item {name}"), value
    else:
        for index, value in enumerate(container):
            yield _longer(labels, f"item {index}"), value


def _longer(labels: tuple[str, ...], label: str) -> tuple[str, ...]:
    if len(labels) < DEEP:
        return (*labels, label)
    return labels if labels[-1] == "..." else (*labels, "...")


def held_by(obj: Any, state: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what a function or class by value holds, if it is data."""
    function = is_a(obj, FunctionType)
    kinds = ("global", "closure variable", "attribute") if function else ("", "attribute", "")
    for kind, values in zip(kinds, state if isinstance(state, tuple) else ()):
        for name, value in values.items() if isinstance(values, dict) else ():
            code = callable(value) or is_a(value, ModuleType, bool, type(None))
            if not code and not str(name).startswith("__"):
                yield kind, str(name)
