"""What one `dump` ships: the state behind `reducer_override`, for our pickler and those of others.

A pickler sees each object that is not an exact builtin container or number: `reducer_override` is
the hottest function of the library. For an ordinary instance it costs one look-up by type.
Everything else is on the slow path, in `_reduce.names`.

Outside API: `HOOK`, `Shipping`, `Written`, `resumed`. `Pickler` derives from `Shipping`; a pickler
of somebody else has one of its own for each `dump` (`extend`).
"""

from __future__ import annotations

import copyreg
import pickle
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final, Protocol

from modulepickle._loader.emit import Reduced, reduce_shipped
from modulepickle._local.policy import Policy
from modulepickle._reduce.functions import Parts
from modulepickle._reduce.names import BUILTINS, REDUCERS, Home, Reducer, reducer_of
from modulepickle._snapshot.snapshot import Shipment, Shipped

__all__ = ["HOOK", "Shipping", "Written", "resumed"]

HOOK: Final = "reducer_override"
"""What a pickler asks for the reduction of an object."""


class Written:
    """All of a file that a pickler asks for. It copies each part once, where a file does twice."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        """Keep some data; a copy, if it is not `bytes`: somebody else may write to it."""
        self.parts.append(data if type(data) is bytes else bytes(data))
        return len(data)


class InStore(Protocol):
    """What `_pickler.stored` has for a store."""

    def reduce(self, shipped: Shipped) -> Reduced:
        """Return the call that finds a snapshot there."""


class Shipping:
    """Reduces objects for a pickler, and remembers what the present `dump` has shipped.

    Attributes:
        policy: what is local. protocol: 0 to 5. out_of_band: archives go to `buffer_callback` (R6).
        store: where archives are kept instead, or None.
        reducers: the types met so far -> what reduces them; None: plain pickle.
        table: the pickler's own ways to reduce some types, or those of all picklers.
        homes: dotted name -> module, of those that something went by name from.
    """

    policy: Policy
    protocol: int
    out_of_band: bool
    store: InStore | None
    parts: Parts

    def start(self) -> None:
        """Forget the `dump` before: a new one looks at the working tree anew (R5)."""
        self.reducers: dict[type, Reducer | None] = REDUCERS.copy()
        self.table: Any = getattr(self, "dispatch_table", copyreg.dispatch_table)
        self.homes: dict[str, Home] = {"builtins": BUILTINS}
        self._foreign: set[str] = set()
        self._shipment: Shipment | None = None
        self.resent: dict[bytes, Shipped] = {}
        self.parts = Parts()

    def reducer_override(self, obj: Any) -> Any:
        """Return the reduction of an object that ships something, else `NotImplemented`."""
        kind = type(obj)
        pickler: Any = self  # all that reducers ask a `Pickler` for stands in this class
        try:
            reducer = self.reducers[kind]
        except KeyError:
            reducer = self.reducers[kind] = reducer_of(pickler, kind)
        return NotImplemented if reducer is None else reducer(pickler, obj)

    @property
    def shipment(self) -> Shipment:
        """What this `dump` ships; the working tree is looked at when it is first asked for."""
        if self._shipment is None:
            self._shipment = Shipment(self.policy)
        return self._shipment

    def shipped_module(self, name: str) -> Shipped | None:
        """Return the snapshot that holds a module; None if it is not local."""
        unit = self.shipment.unit(name)
        if unit is None:
            self.note_foreign(name)
            return None
        return self.shipment.ship(unit)

    def emit(self, shipped: Shipped) -> Reduced:
        """Return the reduction of a snapshot: its archive, or where that is."""
        if self.store is not None:
            return self.store.reduce(shipped)
        archive = pickle.PickleBuffer(shipped.archive) if self.out_of_band else shipped.archive
        return reduce_shipped(shipped, archive)

    def is_shipped(self, module: ModuleType) -> bool:
        """Tell whether a module travels in a snapshot."""
        if hasattr(getattr(module, "__spec__", None), "snapshot"):
            return True
        return self.shipped_module(module.__name__) is not None

    @contextmanager
    def while_naming(self) -> Iterator[None]:
        """Reduce for another pickler, whose bytes are only hashed."""
        parts, protocol = self.parts, self.protocol
        self.parts, self.protocol = Parts(naming=True), 5
        try:
            yield
        finally:
            self.parts, self.protocol = parts, protocol

    def is_foreign(self, module: str) -> bool:
        """Tell whether a module was found to be nobody's working tree, in this `dump`."""
        return module in self._foreign

    def note_foreign(self, module: str) -> None:
        """Remember that a module is not local."""
        self._foreign.add(module)


@contextmanager
def resumed(
    names: dict[str, Any], shipping: Any, reducers: dict[type, Reducer | None], first: Reducer
) -> Iterator[None]:
    """Let one dump of a C pickler call the `send` of a generator as its `reducer_override`.

    Of 100,000 instances it sees each. To resume a generator takes two thirds of the time of a call,
    since there is no frame to make.

    The C pickler gets its hook once, when its dump begins. So nobody else sees this one after the
    first object: a generator cannot be resumed while it runs, nor after an error.

    Args:
        names: the attributes of the pickler.
        shipping: what the reducers get.
        reducers: what reduces the types met so far; None: plain pickle.
        first: what reduces an object of any other type.
    """
    found = _found(names, shipping, reducers, first, type, NotImplemented)
    next(found)
    hook = names[HOOK] = found.send
    try:
        yield
    finally:
        if names.get(HOOK) is hook:
            del names[HOOK]


def _found(
    names: dict[str, Any],
    shipping: Any,
    reducers: dict[type, Reducer | None],
    first: Reducer,
    type: Callable[[Any], type],
    left: Any,
) -> Generator[Any, Any, None]:
    """Yield reductions, and get objects. What is global elsewhere is local here, which is faster.

    Args:
        left: what leaves an object to plain pickle.
    """
    obj = yield
    names.pop(HOOK, None)
    while True:
        try:
            while True:
                reducer = reducers[type(obj)]
                if reducer is not None:
                    break
                obj = yield left
        except KeyError:
            reducer = first
        obj = yield reducer(shipping, obj)  # not above: its errors are none of a missing key
