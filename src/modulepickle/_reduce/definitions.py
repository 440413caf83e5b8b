"""Functions and classes by value, and what each of them gets later (see `_reduce.whole`).

Outside API: `SET_CLASS`, `Definition`, `Groups`, `Item`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Rebuilt, Reduced
from modulepickle._reduce.circles import Fill
from modulepickle._reduce.classes import class_shell
from modulepickle._reduce.functions import SET_FUNCTION, function_shell
from modulepickle._reduce.state import Dump
from modulepickle._reduce.structures import Fields, bases_of

__all__ = ["SET_CLASS", "Definition", "Groups", "Item"]

SET_CLASS: Final = Rebuilt("set_class", THE_CLASSES)

Groups = tuple[dict[str, Any], ...]


class Definition:
    """A function or class by value, and what it holds.

    Attributes:
        obj: the function or class. key: of a class. space: what a class is made with.
        now: what is ready. behind: what follows that in the state: the modules that a function
        reaches, or the names that a class gets later, with None for now.
        held: all that it holds, in groups by kind.
        links: the functions and classes that it leads to. later: what it gets after `now`.
        is_complete: whether it is a function that is filled as soon as it is made.
        is_made: whether it has been written (see `_earlier`).
        fields: stands for what sets those of a structure of `ctypes` (see `structures`).
    """

    __slots__ = (
        "behind", "fields", "held", "is_class", "is_complete", "is_made", "key", "later", "links",
        "now", "obj", "space",
    )  # fmt: skip

    def __init__(self, obj: Any) -> None:
        self.obj = obj
        self.is_class = type(obj) is not FunctionType
        self.is_complete = self.is_made = False
        self.key = b""
        self.space: dict[str, Any] = {}
        self.held: Groups = ()
        self.now: Groups = ()
        self.behind: tuple[Any, ...] = ()
        self.links: list[Definition] = []
        self.later: list[Item] = []
        self.fields: Fields | None = None

    def state(self, groups: Groups, behind: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        """Return the state that sets some of what it holds."""
        if self.is_class:
            return (self.key, *groups, *behind)
        return (*groups, *behind) if behind or groups[3] else groups[:3]

    def shell(self, dump: Dump) -> Reduced:
        """Return the call that makes it and, if it is complete, the state that fills it."""
        if self.is_class:
            known = [dump.parts.planned.get(id(base)) for base in bases_of(self.obj)]
            before = [each.fields for each in known if each is not None and each.fields]
            earlier = self._earlier(dump) if dump.parts.in_order else ()
            return class_shell(self.obj, self.key, self.space, (*before, *earlier))
        make, args = function_shell(dump, self.obj)
        if not self.is_complete:
            return make, args
        return make, args, self.state(self.now, self.behind), None, None, SET_FUNCTION

    def _earlier(self, dump: Dump) -> Iterator[Any]:
        """Yield what was derived from its bases before it, and is still to be made."""
        self.is_made = True
        for base in self.obj.__bases__:
            for each in type.__subclasses__(base):
                if each is self.obj:
                    break
                known = dump.parts.planned.get(id(each))
                if known is not None and not known.is_made:
                    yield each


class Item:
    """One value that its owner gets later.

    Attributes:
        owner: the definition that gets it. group, name, value: where it is set, and what.
        needs: classes that have to be whole, with all that they and their methods wait for.
        is_name: whether it may be set before it is filled.
        is_method: whether it is a descriptor of a class; these come before all others.
        is_opaque: whether it may need anything; these come last.
        is_written: whether the owner has it: a plan in between may have needed it first.
        fill: what fills the value, if the owner gets it empty (see `circles`).
    """

    __slots__ = (
        "fill", "group", "is_method", "is_name", "is_opaque", "is_written", "name", "needs",
        "owner", "value",
    )  # fmt: skip

    def __init__(
        self,
        owner: Definition,
        group: int,
        name: str,
        value: Any,
        needs: list[Any],
        is_opaque: bool,
    ) -> None:
        self.owner, self.group, self.name, self.value = owner, group, name, value
        self.needs, self.is_opaque = needs, is_opaque
        self.is_written = False
        self.fill: Fill | None = None
        # Nothing looks at a global, a closure's value or an attribute when it is set.
        self.is_name = not (name[:1] == "_" == name[-1:]) and group < 2 - owner.is_class
        self.is_method = owner.is_class and not group and hasattr(type(value), "__get__")
