"""What one dump knows: its policy, what it has shipped, and what it has pickled by value so far.

Reducers and their helpers get a `Dump`. Which reducer an object has is decided above, in
`dispatch`.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import _thread
import builtins
import copyreg
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol

from modulepickle._base.errors import Problem
from modulepickle._base.loud import announce
from modulepickle._base.process import DIGEST_SIZE, fold, sha256
from modulepickle._loader.emit import LIBRARY, SYS, Call, Reduced, reduce_shipped
from modulepickle._local.policy import Policy, is_registered
from modulepickle._snapshot.ref import SnapshotRef

if TYPE_CHECKING:
    from modulepickle._snapshot.shipment import Shipment
    from modulepickle._snapshot.stale import Check

__all__ = [
    "BUILTINS",
    "MAIN",
    "ByValue",
    "Dump",
    "InStore",
    "KnownModule",
    "Live",
    "NotANumber",
    "Positioned",
    "Reducer",
    "Scope",
    "SortedSet",
    "by_value",
    "find",
    "in_stable_order",
]  # fmt: skip

MAIN: Final = frozenset({"__main__", "__mp_main__"})


class Live:
    """Stands for the globals of a module that travels as a name."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module


class Positioned:
    """Stands for code that is sent as its place in the source of a module that travels."""

    code: CodeType
    module: ModuleType

    def __init__(self, code: CodeType, module: ModuleType) -> None:
        self.code, self.module = code, module


class Scope(SnapshotRef):
    """What the functions of one `__main__` import: a snapshot without a name or files."""

    def __init__(self, requirements: dict[str, SnapshotRef | str]) -> None:
        digest = fold(b"scope", *(_identity(name, requirements[name]) for name in requirements))[
            :DIGEST_SIZE
        ]
        super().__init__("", digest, sha256().digest()[:DIGEST_SIZE], b"")
        self.requirements = requirements


def _identity(name: str, need: SnapshotRef | str) -> bytes:
    return fold(name.encode(), need.encode() if isinstance(need, str) else need.digest)


class SortedSet:
    """Stands for a frozenset, in an order that does not depend on hashes (R4)."""

    def __init__(self, items: frozenset[Any]) -> None:
        self.items = items


class NotANumber:
    """Stands for a NaN, which is told by identity: a pickler makes each mention of it another."""

    def __init__(self, value: float) -> None:
        self.value = value


_present = _thread._local()
"""In each thread: a weak reference to the parts of the present dump."""


MODULES: Final = Call(getattr, SYS, "modules")


def in_stable_order(value: Any) -> Any:
    """Return a value, or a stand-in if its plain pickle would have a random order, or for a NaN.

    A string that may equal a name is interned, as it is in a module: otherwise code that was
    received would have two objects, as attribute names are interned, and the pickler would write
    both. `sys.modules` is each process's own; no pickler asks how a dict is reduced.
    """
    kind = type(value)
    if kind is str:
        return sys.intern(value) if value.isidentifier() else value
    if value is sys.modules:
        return MODULES
    if (kind is not float or value == value) and (kind is not frozenset or len(value) < 2):
        return value
    made = SortedSet(value) if kind is frozenset else NotANumber(value)
    parts: ByValue | None = getattr(_present, "parts", lambda: None)()
    return made if parts is None else parts.stand_ins.setdefault(id(value), (value, made))[1]


class ByValue:
    """What one `dump` has pickled by value so far. It keeps alive the objects whose ids it holds.

    Attributes:
        naming: whether the bytes are only hashed, to name a class (`_reduce.keys`).
        reached: local package -> digest, of those met while naming.
        used: whether something went by value already.
        in_order: whether code asks for subclasses, so that classes are made in their order.
        cells: ids of the cells that functions of the pickle fill.
        stand_ins: id of a value -> the value, and what stands for it (`in_stable_order`).
        planned: id of a function or class -> its definition, which keeps it alive. open: the plan
        whose classes are not whole yet (see `_reduce.whole`).
        homes: id of a globals dict -> the module that owns it and travels as a name.
        making: ids of objects whose parts are being written.
        begun: containers that are made empty (see `_reduce.circles`).
        places: id of an object -> a module that has it, and its name there (`_reduce.of_modules`).
    """

    __slots__ = (
        "__weakref__",
        "_codes",
        "_kept",
        "_names",
        "_scopes",
        "begun",
        "by_value",
        "cells",
        "homes",
        "in_order",
        "making",
        "naming",
        "open",
        "places",
        "planned",
        "reached",
        "stand_ins",
        "used",
    )  # fmt: skip

    def __init__(self, naming: bool = False) -> None:
        self.naming: bool = naming
        self.reached: dict[str, bytes] = {}
        self.used: bool = naming
        self.in_order: bool = False
        self.stand_ins: dict[int, tuple[Any, Any]] = {}
        self.cells: set[int] = set()
        self.planned: dict[int, Any] = {}
        self.homes: dict[int, ModuleType | None] = {}
        self.open: Any = None
        self.making: set[int] = set()
        self.begun: list[Any] = []
        self.places: dict[int, tuple[ModuleType, str]] | None = None
        self.by_value: dict[str, bool] = {}
        self._kept: list[object] = []
        self._names: dict[int, Any] = {}
        self._scopes: dict[int, Scope] = {}
        self._codes: dict[int, Positioned] = {}

    def keep(self, obj: object) -> int:
        """Return the id of an object, and keep the object alive until the end of the dump."""
        self._kept.append(obj)
        return id(obj)

    def names(self, globals_: dict[str, Any], module: ModuleType | None) -> Any:
        """Return what stands for a globals dict: always the same object."""
        made: Any = self._names.get(id(globals_))
        if made is None:
            made = Live(module) if module is not None else _begun(globals_)
            self._names[self.keep(globals_)] = made
        return made

    def adopt(self, module: ModuleType) -> None:
        """Let functions share the dict of a dynamic module, if none was pickled before it."""
        self.names(vars(module), module)

    def scope(
        self, globals_: dict[str, Any], requirements: dict[str, SnapshotRef | str]
    ) -> Scope | None:
        """Return what functions with these globals import so far."""
        scope = self._scopes.get(id(globals_))
        if not requirements:
            return scope
        have = scope.requirements if scope is not None else {}
        if (
            any(
                isinstance(need, SnapshotRef) or name == LIBRARY
                for name, need in requirements.items()
            )
            and requirements.keys() - have.keys()
        ):
            scope = self._scopes[self.keep(globals_)] = Scope({**have, **requirements})
        return scope

    def positioned(self, code: CodeType, module: ModuleType) -> Positioned:
        if id(code) not in self._codes:
            self._codes[self.keep(code)] = Positioned(code, module)
        return self._codes[id(code)]


def _begun(globals_: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for name in ("__name__", "__package__"):
        value = globals_.get(name)
        if value is not None:
            made[name] = in_stable_order(value)
    return made


def by_value(dump: Dump, module: Any) -> bool:
    """Tell whether definitions of a module of that name go by value."""
    known = dump.parts.by_value
    if module not in known:
        known[module] = isinstance(module, str) and (  # a class may have any `__module__`
            module in MAIN
            or is_registered(module)
            or dump.policy.ships_by_value(module)
            or _has_no_way_there(dump, module)
        )
    return known[module]


def _has_no_way_there(dump: Dump, module: str) -> bool:
    """Tell whether a local module stands in `sys.modules` below a name that was not imported.

    A file that is registered under a name such as `tasks.py` is found by no import.
    """
    parent, _, _ = module.rpartition(".")
    if not parent or parent in sys.modules:
        return False
    found = sys.modules.get(module)
    file = vars(found).get("__file__") if type(found) is ModuleType else None
    if not isinstance(file, str) or hasattr(vars(found).get("__spec__"), "snapshot"):
        return False
    return dump.shipment.package(module) is None and dump.shipment.holds(module, file)


def find(module: str, path: str) -> Any:
    """Return what an imported module has at a dotted path, or None. An empty path: the module."""
    found: Any = sys.modules.get(module)
    for part in path.split(".") if path else ():
        found = getattr(found, part, None)
    return found


class KnownModule:
    """A module of which one object went by name, so that all others in it may do so.

    For 10,000 functions of a module, what depends on the module alone is found out once.

    Attributes:
        names: the module's own dict, and not a copy, so that look-ups see the present state.
        snapshot: the one that holds the module, or None if it goes by reference.
        check: what is to be called with each object of it, or None.
    """

    __slots__ = ("check", "names", "snapshot")

    def __init__(
        self, names: dict[str, Any], snapshot: SnapshotRef | None, check: Check | None
    ) -> None:
        self.names, self.snapshot, self.check = names, snapshot, check


BUILTINS: Final = KnownModule(vars(builtins), None, None)
"""Modules that need no search of the working tree; ours that make things on receivers as well."""


if TYPE_CHECKING:

    class InStore(Protocol):
        """What a dump needs of a store's writer (`_pickler.stored`)."""

        def reduce(self, shipped: SnapshotRef) -> Reduced:
            """Return the call that finds a snapshot there."""


def _check_modules_of(parts: ByValue) -> None:
    """Warn of modules that functions by value use, and that were edited and not reloaded."""
    from modulepickle._snapshot.stale import EDITED, check_by_value  # as in `Dump.shipment`

    if not EDITED:
        return
    from modulepickle._reduce.named import named

    for each in parts.planned.values():
        if not each.is_class:
            check_by_value(each.obj, named(each.obj.__code__).imports)


class Dump:
    """Reduces objects for a pickler, and remembers what the present `dump` has shipped.

    Attributes:
        policy: what is local. protocol: 0 to 5. out_of_band: archives go to `buffer_callback` (R6).
        store: where archives are kept instead, or None.
        table: the pickler's own `dispatch_table`, or that of all picklers.
        known_modules: dotted name -> module, for those of which something went by name.
        begun: the snapshots of which something went by name.
    """

    policy: Policy
    protocol: int
    out_of_band: bool
    store: InStore | None
    parts: ByValue

    def start(self) -> None:
        """Forget the previous `dump`: each one looks at the working tree again (R5)."""
        self.table: Any = getattr(self, "dispatch_table", copyreg.dispatch_table)
        self.known_modules: dict[str, KnownModule] = {"builtins": BUILTINS}
        self._foreign: set[str] = set()
        self._shipment: Shipment | None = None
        self.resent: dict[bytes, SnapshotRef] = {}
        self.parts = ByValue()
        _present.parts = weakref.ref(self.parts)
        self._notices: dict[Problem, None] = {}
        self.begun: set[object] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Return the reduction of an object, or `NotImplemented`: plain pickle's."""
        raise NotImplementedError  # see `dispatch`

    @property
    def shipment(self) -> Shipment:
        """What this `dump` ships. The first use looks at the working tree."""
        if self._shipment is None:
            # Here, and what it needs with it: whoever pickles nothing local needs no more.
            from modulepickle._snapshot.shipment import Shipment

            self._shipment = Shipment(self.policy)
        return self._shipment

    @property
    def notices(self) -> list[Problem]:
        """What to warn of: it will probably not work, or has no effect."""
        shipment = self._shipment
        return [*self._notices, *(() if shipment is None else shipment.notices)]

    def finish(self) -> None:
        """Give the warnings about what was shipped (R15).

        Raises:
            PackagingError: if the policy is strict and there are any.
        """
        shipment = self._shipment
        if shipment is not None and self.parts.planned:
            _check_modules_of(self.parts)
        if self._notices or (shipment is not None and shipment.notices):
            announce(self.notices, self.policy.strict)

    def note(self, notice: Problem) -> None:
        """Remember a warning for the end."""
        self._notices[notice] = None

    def accidents(self, snapshot: SnapshotRef) -> dict[str, SnapshotRef]:
        """Return what must be imported before a snapshot is used; once a dump, then nothing."""
        if snapshot in self.begun or snapshot.digest in self.resent:
            return {}
        self.begun.add(snapshot)
        return self.shipment.accidents(snapshot.name)

    def included(self) -> dict[str, SnapshotRef | str]:
        """Return the packages that the policy names, by name: whatever travels requires them."""
        if not self.policy.include:
            return {}
        return {sys.intern(made.name): made for made in self.shipment.included()}

    def shipped_module(self, name: str, who: str = "") -> SnapshotRef | None:
        """Return the snapshot that holds a module; None if it is not local.

        Args:
            name: dotted. who: what imports it, for a message.
        """
        package = self.shipment.package(name)
        if package is None:
            self.note_foreign(name)
            self.shipment.note_by_name(name, who)
            return None
        made = self.shipment.ship(package)
        self.shipment.note_import(name, package, who)
        return made

    def emit(self, shipped: SnapshotRef) -> Reduced:
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
        """Reduce for another pickler, whose bytes are only hashed, while this lasts."""
        parts, protocol = self.parts, self.protocol
        self.parts, self.protocol = ByValue(naming=True), 5
        try:
            yield
        finally:
            self.parts, self.protocol = parts, protocol

    def is_foreign(self, module: str) -> bool:
        """Tell whether this `dump` has found that a module is not of the working tree."""
        return module in self._foreign

    def note_foreign(self, module: str) -> None:
        """Remember that a module is not local."""
        self._foreign.add(module)


Reducer = Callable[[Dump, Any], Any]
"""Returns the reduction of an object, or `NotImplemented`: then plain pickle's holds (R3)."""
