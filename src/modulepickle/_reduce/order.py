"""What is set later, in the order of dependencies (see `_reduce.whole`).

Outside API: `LateStep`, `Order`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Union

from modulepickle._loader.emit import StandIn
from modulepickle._reduce.circles import Fill, can_begin, is_free
from modulepickle._reduce.definitions import Definition, Item
from modulepickle._reduce.state import Dump

__all__ = ["LateStep", "Order"]

Node = Union[Item, Definition]


class LateStep(StandIn):
    """Stands for a call that sets what an owner waited for."""

    def __init__(self, items: list[Item]) -> None:
        self.items = items


class Order:
    """The order in which some definitions get what they wait for."""

    def __init__(self, dump: Dump, definitions: list[Definition]) -> None:
        self._dump = dump
        self._definitions = definitions
        self._planned: dict[int, Definition] = dump.parts.planned
        self._values: dict[int, set[int]] = {}

    def steps(self) -> Iterator[StandIn]:
        """Yield what is set later, dependencies first, in one step for each run of one owner."""
        items = [item for each in self._definitions for item in each.later]
        items.sort(key=_rank)
        fills: dict[int, Fill] = {}
        for item in items:
            if self._is_in_circle(item):
                item.fill = fills.setdefault(id(item.value), Fill(item.value))
                if is_free(item.value):
                    yield LateStep([item])
        last: list[Item] = []
        for item in self._by_needs(items):
            owner = item.owner
            needs_itself = any(need is owner.obj for need in item.needs)
            if last and (item.fill or needs_itself or owner is not last[0].owner):
                yield LateStep(last)
                last = []
            if item.fill is None:
                last.append(item)
            else:
                if not is_free(item.value):
                    yield LateStep([item])
                if fills.pop(id(item.value), None):
                    yield item.fill
        if last:
            yield LateStep(last)

    def _is_in_circle(self, item: Item) -> bool:
        """Tell whether code that runs while a container is loaded may read its owner."""
        if not item.needs or not item.is_name or not can_begin(self._dump, item.value):
            return False
        return any(id(item.value) in self._values_of(need) for need in item.needs)

    def _values_of(self, need: Any) -> set[int]:
        """Return the ids of all values that a class, or anything that it leads to, waits for."""
        known = self._values.get(id(need))
        if known is None:
            root = self._planned.get(id(need))
            queue = [] if root is None else [root]
            seen = {*map(id, queue)}
            known = self._values[id(need)] = set()
            for each in queue:  # grows as it is read
                known.update(id(other.value) for other in each.later)
                new = [link for link in each.links if id(link) not in seen]
                seen.update(map(id, new))
                queue += new
        return known

    def _by_needs(self, items: list[Item]) -> Iterator[Item]:
        """Yield items, each after what its needs wait for; those of a circle, in their given order.

        Several owners may wait for one value: they get it one after another, once it is made.
        """
        seen: set[int] = set()
        waiting: dict[int, list[Item]] = {}  # by the id of a value that is not written yet
        for item in items:
            stack: list[tuple[Node, Iterator[Node]]] = []
            if id(item) not in seen:
                stack.append((item, self._before(item)))
            while stack:
                each, before = stack[-1]
                if id(each) not in seen:
                    seen.add(id(each))
                    if isinstance(each, Item):
                        waiting[id(each.value)] = []
                for other in before:
                    if id(other) in seen or (isinstance(other, Item) and other.is_written):
                        continue
                    if isinstance(other, Item) and id(other.value) in waiting:
                        waiting[id(other.value)].append(other)
                        continue
                    stack.append((other, self._before(other)))
                    break
                else:
                    stack.pop()
                    if isinstance(each, Item):
                        yield each
                        for other in waiting.pop(id(each.value)):
                            if id(other) not in seen:
                                seen.add(id(other))
                                yield other

    def _before(self, each: Node) -> Iterator[Node]:
        """Yield what comes before an item: its needs, and what those lead to.

        An enum is of no use without its members, nor a dataclass without its fields, whatever
        their methods lead to.
        """
        if isinstance(each, Definition):
            members = [item for item in each.later if item.name == "members" and item.group]
            return iter((*members, *each.links, *each.later))
        found = [self._planned.get(id(need)) for need in each.needs]
        needs = [need for need in found if need is not None]
        nodes: list[Node] = []
        for need in needs:
            nodes += [*_fields(need), need]
        return iter(nodes)


def _fields(need: Definition) -> list[Item]:
    """Return what makes the fields of a dataclass, and its methods of them."""
    return [item for item in need.later if need.is_class and item.name in OF_FIELDS]


OF_FIELDS: Final = frozenset({"__dataclass_fields__", "dataclass", "dataclass_again"})


def _rank(item: Item) -> tuple[bool, ...]:
    """Return what items are sorted by, where nothing needs anything else.

    `typing` asks a generic class for its parameters where an alias of it is made, and whoever has
    a member of an enum, asks the enum for it.
    """
    is_first = item.owner.is_class and item.name in FIRST
    return not is_first, not item.is_method, item.is_opaque


FIRST: Final = frozenset({"__parameters__", "members"})
