"""A pickler that remembers what it met, and how it got there.

It reduces as `Pickler` does, and writes the same bytes, so that `explain`, which is made of it,
cannot disagree with `dumps`. But what cannot travel does not end it: that is noted as a problem,
and something else is written in its place. So all problems are found, and not the first alone:
that is how a `dumps` that failed comes to its error (R15).

Outside API: `Recorder`, `Node`.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import IO, Any, Final, NamedTuple

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._loader.emit import Rebuilt, Reduced, StandIn
from modulepickle._local.policy import Policy, effective
from modulepickle._pickler.path import REMEDY, is_a, parts_of
from modulepickle._reduce.dispatch import Dispatcher
from modulepickle._reduce.names import reduction_of
from modulepickle._reduce.state import MAIN, InStore, Scope
from modulepickle._snapshot.shipment import SnapshotRef

__all__ = ["Node", "Recorder"]

NOTHING: Final = (str, ())
"""What is written in place of something that cannot travel."""

SIZES: Final[dict[type, int]] = {type(None): 1, bool: 1, int: 4, float: 9}
"""About how many bytes an atom takes in a pickle."""

SIZED: Final = (str, bytes, bytearray)
CONTAINERS: Final = (dict, list, tuple, set, frozenset)
PLAIN_KEYS: Final = (str, int, float, bool, bytes, type(None))
"""Types of keys whose `repr` is nobody's code."""

DEEP: Final = 20
"""Containers in containers that the way to an object tells."""

LONG: Final = 10_000
"""Length of text or bytes from which on it is a node of its own."""


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


class Trouble(NamedTuple):
    """A problem, and where it was met."""

    node: Node
    problem: Problem


class Recorder(Dispatcher, pickle.Pickler):
    """Pickles one object; see `record`.

    Attributes:
        root: its node. nodes: of all objects, by id, in the order of the pickle. reached: the same,
        the nearest to the root first.
    """

    def __init__(
        self,
        file: IO[bytes],
        protocol: int | None,
        policy: Policy | None,
        store: InStore | None = None,
    ) -> None:
        super().__init__(file, protocol)
        self.policy = effective(policy)
        if protocol is None:
            protocol = pickle.DEFAULT_PROTOCOL
        self.protocol = pickle.HIGHEST_PROTOCOL if protocol < 0 else protocol
        self.out_of_band, self.store = False, store
        self.nodes: dict[int, Node] = {}
        self.reached: list[Node] = []
        self._walked: dict[int, Any] = {}
        self._troubles: list[Trouble] = []
        self.root = self._last = Node(None)

    def record(self, obj: Any) -> None:
        """Pickle an object, and remember. Raises nothing that the object is the cause of."""
        self.start()
        self.root = self._last = Node(obj)
        self.nodes[id(obj)] = self.root
        self._walk(self.root, (), obj)
        try:
            self.dump(obj)
        except RecursionError as error:
            self._note_trouble(self.root, error)
        except Exception as error:  # what its __reduce__ returned is no reduction
            self._note_trouble(self._last, error)
        self._find_ways()

    @property
    def problems(self) -> list[Problem]:
        """What cannot travel, each once, with the chain of references and imports to it."""
        found = (
            each.problem._replace(chain=(*each.node.chain(), *_packages(each.problem)))
            for each in self._troubles
        )
        return [*dict.fromkeys(found)]

    # What the pickler calls

    def reducer_override(self, obj: Any) -> Any:
        """Return the reduction of an object, or that of nothing if it has none."""
        node = self._node(obj)
        if not self.parts.naming:
            self._last = node
        try:
            reduction = self._reduced(obj)
        except RecursionError:
            raise
        except Exception as error:  # of a __reduce__ or __getstate__ of the user's
            if not self.parts.naming:
                self._note_trouble(node, error)
            return NOTHING
        if isinstance(reduction, tuple):
            reduction, parts = _replayable(reduction)
            if not self.parts.naming:
                self._note(node, parts)
        return reduction

    def emit(self, shipped: SnapshotRef) -> Reduced:
        """Return the reduction of a snapshot; note what a store keeps from this pickle."""
        if self.store is None:
            return super().emit(shipped)
        todo = [shipped]
        for each in todo:  # grows as it is read
            requirements = [
                need for need in each.requirements.values() if isinstance(need, SnapshotRef)
            ]
            self._node(each).parts += [((), self._node(need)) for need in requirements]
            todo += [need for need in requirements if need not in todo]
        try:
            return super().emit(shipped)
        except Exception as error:  # whatever a store raises
            problem = f"{type(error).__name__}: {error}"
            remedy = "see to the store, or leave the packages in the pickle: store=None"
            found = Problem(Reason.UNSUPPORTED, "the store", problem, remedy)
            raise PackagingError([found]) from error

    def _reduced(self, obj: Any) -> Any:
        """Return the reduction of an object as the C pickler finds it."""
        reduction = super().reducer_override(obj)
        if reduction is not NotImplemented:
            return reduction
        if is_a(obj, FunctionType, type):
            pickle.dumps(obj, self.protocol)  # by name; it raises if that does not lead to it
            return NotImplemented
        pickler: Any = self  # all that reducers ask a `Pickler` for stands in `Dispatcher`
        return reduction_of(pickler, obj)

    # What is remembered

    def _note_trouble(self, node: Node, error: Exception) -> None:
        found = error if isinstance(error, PackagingError) else _as_problem(node.obj, error)
        self._troubles += (Trouble(node, problem) for problem in found.problems)

    def _note(self, node: Node, reduction: tuple[Any, ...]) -> None:
        """Note what an object is pickled with."""
        if is_a(node.obj, FunctionType, type) and is_a(reduction[0], Rebuilt):
            node.is_by_value = True
            node.held = [*_held(node.obj, reduction[2])]
        for label, part in parts_of(node.obj, reduction):
            named = is_a(part, FunctionType, type, ModuleType, StandIn, SnapshotRef)
            labels = () if not label or (named and label.startswith("argument")) else (label,)
            if type(part) in CONTAINERS or (type(part) in SIZED and len(part) > LONG):
                if self._is_new(part):
                    inner = self._node(part)
                    node.parts.append((labels, inner))
                    self._walk(inner, (), part, is_new=True)
            else:
                self._walk(node, labels, part)

    def _node(self, obj: Any) -> Node:
        node = self.nodes.get(id(obj))
        if node is None:
            node = self.nodes[id(obj)] = Node(obj)
        return node

    def _walk(self, node: Node, labels: tuple[str, ...], part: Any, is_new: bool = False) -> None:
        """Note what stands in a part of an object: in containers, which no hook is told of."""
        todo = [(labels, part)]
        while todo:
            labels, part = todo.pop()
            kind = type(part)
            if kind in SIZES:
                node.size += SIZES[kind]
            elif kind is pickle.PickleBuffer:
                node.size += part.raw().nbytes
            elif kind not in CONTAINERS and kind not in SIZED:
                node.parts += [(labels, self._node(part))] if part is not node.obj else []
            elif not is_new and not self._is_new(part):
                node.size += 2  # it stands in the pickle once
            elif kind in SIZED:
                node.size += len(part) + 5
            else:
                todo += _items(labels, part)
            is_new = False

    def _is_new(self, part: Any) -> bool:
        """Tell whether a part is met for the first time: the pickler's memo has it once."""
        if id(part) in self._walked:
            return False
        self._walked[id(part)] = part
        return True

    def _find_ways(self) -> None:
        """Find the shortest way to each node."""
        todo = deque([self.root])
        seen = {id(self.root)}
        while todo:
            node = todo.popleft()
            self.reached.append(node)
            for labels, part in node.parts:
                if id(part) not in seen:
                    seen.add(id(part))
                    part.above, part.labels = node, labels
                    todo.append(part)

    def shipped(self) -> list[Node]:
        """Return the nodes of the snapshots that travel."""
        return [
            node
            for node in self.nodes.values()
            if is_a(node.obj, SnapshotRef) and not is_a(node.obj, Scope)
        ]


def _items(labels: tuple[str, ...], container: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
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


def _held(obj: Any, state: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what a function or class by value holds, if it is data."""
    function = is_a(obj, FunctionType)
    kinds = ("global", "closure variable", "attribute") if function else ("", "attribute", "")
    for kind, values in zip(kinds, state if isinstance(state, tuple) else ()):
        for name, value in values.items() if isinstance(values, dict) else ():
            code = callable(value) or is_a(value, ModuleType, bool, type(None))
            if not code and not str(name).startswith("__"):
                yield kind, str(name)


def _replayable(reduction: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return a reduction, and one to look at: its iterators can be used once only."""
    parts = [*reduction]
    for index in (3, 4):
        if len(parts) > index and parts[index] is not None:
            parts[index] = [*parts[index]]
    again = [iter(each) if index in (3, 4) and each is not None else each
             for index, each in enumerate(parts)]  # fmt: skip
    return tuple(again), tuple(parts)


def _packages(problem: Problem) -> Iterator[str]:
    """Yield the packages whose imports lead to a problem."""
    return (f"package `{name}`" for name in problem.chain)


def _as_problem(obj: Any, error: BaseException) -> PackagingError:
    """Return an error as the problem of an object."""
    kind = f"{type(obj).__module__}.{type(obj).__qualname__}".replace("builtins.", "")
    text = str(error) or type(error).__name__
    if not isinstance(error, (pickle.PicklingError, TypeError, AttributeError)):
        text = f"{type(error).__name__}: {error}"
    subject = f"an object of type {kind}"
    return PackagingError([Problem(Reason.UNSUPPORTED, subject, text, REMEDY)])
