"""A pickler that remembers what it met, and how it got there.

It reduces as `Pickler` does, and writes the same bytes, so that `explain`, which is made of it,
cannot disagree with `dumps`. But what cannot travel does not end it: that is noted as a problem,
and something else is written in its place. So all problems are found, and not the first alone:
that is how a `dumps` that failed comes to its error (R15). For a subclass of `Pickler` with hooks
of its own, the recorder is made of that class, and asks the same hooks.

Outside API: `Recorder`, `problems_of`, `recorder_like`.
"""

from __future__ import annotations

import io
import os
import pickle
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._loader.emit import Rebuilt, Reduced, StandIn
from modulepickle._local.policy import Policy, effective
from modulepickle._local.tree import in_standard_library
from modulepickle._pickler.nodes import Node, held_by, is_a, items_of, parts_of
from modulepickle._reduce.dispatch import HOOK, Dispatcher
from modulepickle._reduce.names import reduction_of
from modulepickle._reduce.state import Scope
from modulepickle._reduce.whole import told
from modulepickle._snapshot.ref import SnapshotRef

if TYPE_CHECKING:
    from modulepickle._reduce.state import InStore

__all__ = ["Recorder", "problems_of", "recorder_like"]

REMEDY: Final = "create it where it is used, or leave it out in __getstate__"

NOTHING: Final = (str, ())
"""What is written in place of something that cannot travel."""

SIZES: Final[dict[type, int]] = {type(None): 1, bool: 1, int: 4, float: 9}
"""About how many bytes an atom takes in a pickle."""

SIZED: Final = (str, bytes, bytearray)
CONTAINERS: Final = (dict, list, tuple, set, frozenset)

LONG: Final = 10_000
"""Length of text or bytes from which on it is a node of its own."""


class Trouble(NamedTuple):
    """A problem, and where it was met."""

    node: Node
    problem: Problem


class Recording(Dispatcher, pickle.Pickler):
    """What turns a pickler into one that remembers; see `record`.

    Attributes:
        root: its node. nodes: of all objects, by id, in the order of the pickle. reached: the same,
        the nearest to the root first. hook: what a pickler has in place of its class's own.
    """

    hook: Callable[[Any], Any] | None = None
    root: Node
    nodes: dict[int, Node]
    reached: list[Node]

    def __init_subclass__(cls) -> None:
        """Keep this from the class that a recorder is made of: no user has made a subclass."""

    def record(self, obj: Any) -> None:
        """Pickle an object, and remember. Raises nothing that the object is the cause of."""
        self.start()
        self.root = self._last = Node(obj)
        self.nodes, self.reached = {id(obj): self.root}, []
        self._walked: dict[int, Any] = {}
        self._troubles: list[Trouble] = []
        self._walk(self.root, (), obj)
        try:
            pickle.Pickler.dump(self, obj)
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
                self._note(node, told(self, obj, parts))
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
            remedy = "repair the store, or keep the packages in the pickle: store=None"
            found = Problem(Reason.UNSUPPORTED, "the store", problem, remedy)
            raise PackagingError([found]) from error

    def _reduced(self, obj: Any) -> Any:
        """Return the reduction of an object as the C pickler finds it."""
        reduction = (self.hook or super().reducer_override)(obj)
        if reduction is not NotImplemented:
            return reduction
        by_name = type(obj) in (FunctionType, type)
        if by_name or (is_a(obj, type) and type(obj) not in self.table):
            pickle.dumps(obj, self.protocol)  # it raises if the name does not lead to it
            return NotImplemented
        return reduction_of(self, obj)

    # What is remembered

    def _note_trouble(self, node: Node, error: Exception) -> None:
        found = error if isinstance(error, PackagingError) else _as_problem(node.obj, error)
        self._troubles += (Trouble(node, problem) for problem in found.problems)

    def _note(self, node: Node, reduction: tuple[Any, ...]) -> None:
        """Note what an object is pickled with."""
        by_value = is_a(node.obj, FunctionType, type) and is_a(reduction[0], Rebuilt)
        if by_value and len(reduction) > 2:  # else it is made anew there, of nothing that it holds
            node.is_by_value = True
            node.held = [*held_by(node.obj, reduction[2])]
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
        """Note what stands in a part of an object: in containers, which no hook sees."""
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
                todo += items_of(labels, part)
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


class Recorder(Recording):
    """The recorder of `explain`: it reduces as `Pickler` does."""

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


# --- after a failure ------------------------------------------------------------------------------


def problems_of(pickler: Dispatcher, obj: Any, error: Exception) -> Exception:
    """Return the error that has all that cannot travel, with the way to each; or the error itself.

    The latter if a class raised it for reasons of its own, or if it does not come a second time:
    to look for more, the object is pickled again, to no file.

    Args:
        pickler: a `Pickler`, or one of a subclass. obj: what it was to pickle. error: what came
        of it.
    """
    if not (isinstance(error, PackagingError) or _is_refusal(error)):
        return error
    try:
        recorder = recorder_like(pickler)
        recorder.record(obj)
    except Exception:  # a class that cannot be derived from, or whose hooks want more than it has
        return error
    return PackagingError(recorder.problems) if recorder.problems else error


def _is_refusal(error: Exception) -> bool:
    """Tell whether an error is of pickle or Python, and not one that a class has of its own.

    What pickle says of how it was used, as of a protocol that is too old, stays as it is.
    """
    if isinstance(error, (pickle.PicklingError, TypeError, AttributeError)):
        return str(error).lower().startswith(SAID)
    if not isinstance(error, REFUSALS) or str(error).startswith("extension code"):
        return False
    return _is_of_python(error)


SAID: Final = (
    *("cannot pickle", "can't pickle", "can't get local", "args[0] from __newobj__ args has"),
    # 3.14's, the latter of an object whose `__module__` is no text:
    *("first argument to __newobj__() must be", "module name must"),
)
"""How pickle's own errors about an object begin."""

REFUSALS: Final = (ValueError, RuntimeError, NotImplementedError)
"""What Python's own classes refuse to be pickled with, apart from pickle's errors: a pointer of
`ctypes`, a queue of `multiprocessing`, `random.SystemRandom`."""


def _is_of_python(error: Exception) -> bool:
    """Tell whether Python raised an error when it was asked to pickle: no other code ran there."""
    is_asked = False
    for frame, _ in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if code is reduction_of.__code__ or code.co_filename == PICKLER:
            is_asked = True
        elif code.co_name in HOOKS:  # of a subclass, wherever that stands
            is_asked = False
        elif not code.co_filename.startswith("<frozen "):
            is_asked = is_asked and in_standard_library(os.path.normcase(code.co_filename))
    return is_asked


HOOKS: Final = frozenset({"persistent_id", "reducer_override"})
"""What a subclass of a pickler may have of its own."""

PICKLER: Final = os.path.join(os.path.dirname(__file__), "pickler.py")


def recorder_like(pickler: Dispatcher) -> Recording:
    """Return a recorder with the hooks of a pickler, and with what it was given."""
    kind = type(pickler)
    meta: Any = type(kind)
    made_of = meta("Recorder", (Recording, kind), {"__module__": __name__})
    recorder: Recording = made_of.__new__(made_of)
    vars(recorder).update(vars(pickler))
    recorder.hook = vars(recorder).pop(HOOK, None)
    for name in _slots(kind):
        if hasattr(pickler, name):
            setattr(recorder, name, getattr(pickler, name))
    pickle.Pickler.__init__(recorder, _Nowhere(), pickler.protocol)
    for name in ("dispatch_table", "persistent_id"):  # the C pickler has room for its own
        if hasattr(pickler, name) and not hasattr(recorder, name):
            setattr(recorder, name, getattr(pickler, name))
    recorder.store, recorder.out_of_band = None, False
    return recorder


def _slots(kind: type) -> Iterator[str]:
    """Yield the attributes of a class, and of its bases, that do not stand in a dict."""
    for each in kind.__mro__:
        slots = vars(each).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name.startswith("__") and not name.endswith("__"):
                yield f"_{each.__name__.lstrip('_')}{name}"
            elif name not in ("__dict__", "__weakref__"):
                yield name


class _Nowhere(io.BytesIO):
    """A file that keeps nothing."""

    def write(self, data: Any) -> int:
        """Return the length of the data."""
        return len(data)


# --- helpers --------------------------------------------------------------------------------------


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
