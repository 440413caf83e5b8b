"""Patches: `dump` and `reducer_override` of a pickler class, wrapped in place and put back.

Python looks `reducer_override` up whenever it pickles, so one patch fits the picklers of all
frameworks, in C and in Python: that method is wrapped, and asks us. `dump` is wrapped as well, so
that each pickle looks at the working tree anew (R5). Nothing else of the class is touched.

Outside API: `Extension`, and `Patch` for a class that nobody else has.
"""

from __future__ import annotations

import copyreg
import importlib
import pickle
import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import CellType, CodeType, FunctionType, ModuleType, TracebackType
from typing import Any, Final

from modulepickle._engines.jobs import enter_pools, leave_pools
from modulepickle._loader.emit import STAGE0, THE_LOADER, THE_PEERS, ShippedText, reduce_text
from modulepickle._local.policy import get_policy
from modulepickle._pickler.stored import Store, store_writer
from modulepickle._reduce.dispatch import HOOK, Dispatcher, resumed
from modulepickle._reduce.kinds import REDUCERS
from modulepickle._reduce.of_modules import may_be_of_module, reducer_of_module
from modulepickle._reduce.state import Live, NotANumber, Positioned, SortedSet
from modulepickle._snapshot.tasks import opened

__all__ = [
    "PROTOCOL",
    "SENDING",
    "Extension",
    "Foreign",
    "Leaves",
    "Patch",
    "is_pure",
    "reduce_loader",
]

Leaves = Callable[["Foreign", Any], bool]
"""Tells whether a function, class or module is left to the pickler that was extended."""

Prepare = Callable[[Any, Any], Any]
"""Gets a pickler and what it is to pickle, and returns what it pickles instead."""

STATE: Final = "_modulepickle_shipping"
"""Attribute of a pickler object: what its present `dump` has shipped."""

PROTOCOL: Final = "_modulepickle_protocol"
"""Attribute of a pickler object that `extend` made the class of: its protocol."""

OURS: Final = frozenset(
    {FunctionType, ModuleType, CodeType, CellType, Live, NotANumber, Positioned, SortedSet}
)
"""Types that we reduce although the pickler could, since our functions hold them."""

IF_OF_MODULE: Final = reducer_of_module(None)
"""Reduces what is an attribute of a module and goes as that (`_reduce.of_modules`)."""


class _Table:
    """A pickler's dispatch table as we see it: without what is ours."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __contains__(self, kind: type) -> bool:
        return kind not in OURS and kind in self._table

    def __getitem__(self, kind: type) -> Any:
        if kind in OURS:
            raise KeyError(kind)
        return self._table[kind]

    def get(self, kind: type) -> Any:
        return None if kind in OURS else self._table.get(kind)


class Foreign(Dispatcher):
    """What one `dump` of somebody else's pickler ships.

    Attributes:
        dispatch_table: the pickler's own. own: types for which a pure-Python pickler has methods.
        theirs: types of what our functions hold, if the pickler also reduces them; then they go our
        way only if they are `held`, by id. plain: types, met so far, that are left to it -> None.
        is_alone: no other hook of the pickler's is to be asked. returns: module and name of the
        class of picklers that workers pickle results with, or None.
    """

    def __init__(
        self, pickler: Any, store: Store | None = None, returns: tuple[str, str] | None = None
    ) -> None:
        self.policy = get_policy()
        # The C pickler does not tell its protocol; `proto` is cloudpickle's and pure Python's.
        protocol = getattr(pickler, "proto", pickler.__dict__.get(PROTOCOL))
        self.protocol = protocol if isinstance(protocol, int) else pickle.DEFAULT_PROTOCOL
        if self.protocol < 0:
            self.protocol = pickle.HIGHEST_PROTOCOL
        self.out_of_band = False
        self.store = store_writer() if store is None else store_writer(store)
        table = getattr(pickler, "dispatch_table", copyreg.dispatch_table)
        self.dispatch_table = _Table(table)
        self.own = getattr(type(pickler), "dispatch", {}) if is_pure(type(pickler)) else {}
        self.theirs = {kind for kind in (CodeType, CellType) if kind in table or kind in self.own}
        self.held: set[int] = set()
        self.plain: dict[type, Any] = {}
        self.is_alone = False
        self.returns = returns
        self.start()
        self.reducers[ShippedText] = reduce_loader

    def reduce(self, obj: Any, leaves: Leaves) -> Any:
        """Return the reduction of what travels our way, else `NotImplemented`."""
        kind = type(obj)
        if issubclass(kind, (FunctionType, type, ModuleType)):
            found = NotImplemented if leaves(self, obj) else self.reducer_override(obj)
            if kind is FunctionType and found is not NotImplemented:
                self.held.add(id(obj.__code__))
            return found
        if kind in self.theirs and id(obj) not in self.held | self.parts.cells:
            return NotImplemented
        if kind in self.own and kind not in OURS:
            if may_be_of_module(kind):
                return IF_OF_MODULE(self, obj)
            self.plain[kind] = None
            return NotImplemented
        found = self.reducer_override(obj)
        if self.reducers[kind] is None:
            self.plain[kind] = None
        return found


_LOADER: Final = ShippedText(THE_LOADER.title, THE_LOADER.name, THE_LOADER.text)
"""The same text, which stands for itself."""


def reduce_loader(dump: Any, text: ShippedText) -> Any:
    """Let the loader come with what sends results home (see `_loader.peers`)."""
    if text is THE_LOADER and dump.returns is not None:
        return THE_PEERS, ("returning", *dump.returns, _LOADER, STAGE0)
    return reduce_text(text)


def _is_ours(kind: type) -> bool:
    """Tell whether we are asked about objects of a type before the pickler that was extended is."""
    return kind in REDUCERS or kind in OURS or issubclass(kind, (type, ModuleType))


def is_pure(kind: type) -> bool:
    return issubclass(kind, pickle._Pickler)


SENDING: Final[ContextVar[Any]] = ContextVar("modulepickle_sending", default=None)
"""What makes the `Foreign` of each dump from a pickler and the hook that was wrapped. None stands
for `Foreign` itself."""


_MISSING: Final = object()


def _asks_nobody(_: Any) -> Any:
    return NotImplemented


_lock: Final = threading.Lock()


class Patch:
    """The two methods of one class that are wrapped, and for how many users.

    Attributes:
        stores: what the users gave; the last one that is not None counts.
    """

    def __init__(
        self, cls: type, leaves: Leaves, returns: bool = False, prepare: Prepare | None = None
    ) -> None:
        self.leaves = leaves
        self.prepare = prepare
        self.returns = (cls.__module__, cls.__qualname__) if returns else None
        self.users = 0
        self.stores: list[Store | None] = []
        self.made: dict[str, Any] = {}
        self.before: dict[str, Any] = {}
        self._wrap(cls)

    def _wrap(self, cls: type) -> None:
        """Make what is put in the place of the two methods: plain functions, as methods are."""

        def dump(pickler: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
            obj, job = opened(obj)
            if not self.users:
                return self._rest(cls, pickler, "dump")(obj, *args, **kwargs)
            with job:
                if self.prepare is not None:
                    obj = self.prepare(pickler, obj)
                return self._dump(cls, pickler, obj, *args, **kwargs)

        def reducer_override(pickler: Any, obj: Any) -> Any:
            state = pickler.__dict__.get(STATE)
            is_plain = state is not None and type(obj) in state.plain
            if is_plain and state.is_alone:
                return NotImplemented
            before = self.before.get(HOOK)
            if is_plain and type(before) is FunctionType:  # as below, for each instance
                return before(pickler, obj)
            rest = self._rest(cls, pickler, HOOK) or _asks_nobody
            if is_plain or not self.users:
                return rest(obj)
            if state is None:  # somebody called the C pickler's own `dump`
                state = pickler.__dict__[STATE] = self._shipping(cls, pickler)
            if _is_ours(type(obj)):
                found = state.reduce(obj, self.leaves)
                return rest(obj) if found is NotImplemented else found
            found = rest(obj)
            return state.reduce(obj, self.leaves) if found is NotImplemented else found

        self.made = {"dump": dump, HOOK: reducer_override}

    def _dump(self, cls: type, pickler: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the `dump` that was wrapped, with the state that `reducer_override` needs."""
        names = pickler.__dict__
        outer = names.get(STATE)
        state = names[STATE] = self._shipping(cls, pickler)
        is_ours = HOOK not in names and type(pickler).reducer_override is self.made[HOOK]
        state.is_alone = is_ours and self._rest(cls, pickler, HOOK) is None
        rest = self._rest(cls, pickler, "dump")
        try:
            if not state.is_alone or is_pure(cls):
                done = rest(*args, **kwargs)
            else:  # as quick as our own pickler
                with resumed(names, state, state.plain, self._reduce):
                    done = rest(*args, **kwargs)
            state.finish()
            return done
        finally:
            names[STATE] = outer

    def _reduce(self, state: Any, obj: Any) -> Any:
        return state.reduce(obj, self.leaves)

    def _shipping(self, cls: type, pickler: Any) -> Foreign:
        sending = SENDING.get()
        if sending is not None:
            made: Foreign = sending(pickler, self._rest(cls, pickler, HOOK) or _asks_nobody)
            return made
        return Foreign(pickler, next(filter(None, reversed(self.stores)), None), self.returns)

    def _rest(self, cls: type, pickler: Any, name: str) -> Any:
        """Return the method that is wrapped, or that of a base, bound to a pickler."""
        method = self.before.get(name, _MISSING)
        if method is _MISSING:
            return getattr(super(cls, pickler), name, None)
        return method.__get__(pickler, type(pickler))

    def enter(self, cls: type, store: Store | None = None) -> None:
        """Wrap the methods, for the first user."""
        if self.users == 0:
            for name, method in self.made.items():
                if vars(cls).get(name) is not method:  # it is, if leave() had to let it stay
                    self.before[name] = vars(cls).get(name, _MISSING)
                    setattr(cls, name, method)
        self.users += 1
        self.stores.append(store)

    def leave(self, cls: type, store: Store | None = None) -> None:
        """Put back what was there, after the last user."""
        self.users -= 1
        self.stores.remove(store)
        if self.users:
            return
        for name, method in self.made.items():
            if vars(cls).get(name) is not method:
                continue  # somebody else wrapped ours: it stays, and passes everything on
            if self.before[name] is _MISSING:
                delattr(cls, name)
            else:
                setattr(cls, name, self.before[name])


_patches: Final[dict[type, Patch]] = {}


class Extension:
    """What `extend_...` returns: `undo()` takes its patches out again, and so does leaving `with`.

    Extending twice is extending once, until the second of the two is undone. An `undo` that is
    called again does nothing.
    """

    def __init__(
        self,
        classes: dict[type, Leaves],
        store: Store | None = None,
        prepare: Prepare | None = None,
        pools: str = "",
    ) -> None:
        self._classes = [*classes]
        self._store = store
        self._pools = pools
        importlib.import_module("modulepickle._engines.home").be_home()
        with _lock:
            for cls, leaves in classes.items():
                if cls not in _patches:
                    _patches[cls] = Patch(cls, leaves, True, prepare)
                _patches[cls].enter(cls, store)
            if pools:
                enter_pools(pools)

    def __repr__(self) -> str:
        """Return what is extended now: this is printed at a prompt."""
        names = ", ".join(f"{cls.__module__}.{cls.__qualname__}" for cls in self._classes)
        return (
            f"<modulepickle extends {names}; undo() ends it>" if names else "<modulepickle: undone>"
        )

    def undo(self) -> None:
        """Let the framework pickle as it did before."""
        with _lock:
            if self._pools:
                leave_pools(self._pools)
                self._pools = ""
            while self._classes:
                cls = self._classes.pop()
                _patches[cls].leave(cls, self._store)

    def __enter__(self) -> Extension:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Undo it."""
        self.undo()


def leaves_nothing(*_: Any) -> bool:
    return False


def framework(module: str, function: str, install: str) -> Any:
    """Import what is to be patched.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"modulepickle.{function}() extends {install}, which cannot be imported here "
            f"({error}): pip install {install}",
            name=module,
        ) from error
