"""The dispatch behind `reducer_override`, for our pickler and those of others.

A pickler sees each object that is not an exact builtin container or number: `reducer_override` is
the hottest function of the library. For an ordinary instance it costs one look-up by type.
Everything else is on the slow path, in `_reduce.names`; `_reduce.kinds` tells which is which.

Outside API: `HOOK`, `Dispatcher`, `resumed`. `Dump` derives from `Dispatcher`; a pickler
of somebody else has one of its own for each `dump` (`extend`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Final

from modulepickle._reduce.stand_ins import emit_ready
from modulepickle._reduce.state import Dump, Reducer

__all__ = ["HOOK", "Dispatcher", "resumed"]

HOOK: Final = "reducer_override"
"""What a pickler asks for the reduction of an object."""


class resumed:  # it is used as a function is
    """Let a C pickler call a generator's `send` as its `reducer_override`, for one dump.

    The hook sees each of 100,000 instances. Resuming a generator takes two thirds of the time of a
    call, since no frame has to be made.

    The C pickler reads its hook once, when its dump begins. After the first object nothing else may
    see this one: a generator cannot be resumed while it runs, nor after an error.

    Args:
        names: the attributes of the pickler.
        shipping: what the reducers are called with.
        reducers: type met so far -> its reducer, or None for plain pickle's.
        first: what reduces an object of any other type.
    """

    __slots__ = ("hook", "names")

    def __init__(
        self,
        names: dict[str, Any],
        shipping: Any,
        reducers: dict[type, Reducer | None],
        first: Callable[[Any, Any], Any],
    ) -> None:
        found = _found(names, shipping, reducers, first, type, NotImplemented, emit_ready)
        next(found)
        self.names, self.hook = names, found.send

    def __enter__(self) -> None:
        """Put the hook where the pickler finds it."""
        self.names[HOOK] = self.hook

    def __exit__(self, *_: object) -> None:
        """Remove it, if no object was met."""
        if self.names.get(HOOK) is self.hook:
            del self.names[HOOK]


def _found(
    names: dict[str, Any],
    shipping: Any,
    reducers: dict[type, Reducer | None],
    first: Callable[[Any, Any], Any],
    type: Callable[[Any], type],
    left: Any,
    ready: Reducer,
) -> Generator[Any, Any, None]:
    """Yield reductions, and receive objects. Globals are bound as locals here, which are faster.

    Args:
        left: the answer that leaves an object to plain pickle.
    """
    obj = yield
    names.pop(HOOK, None)
    while True:
        try:
            while True:
                reducer = reducers[type(obj)]
                if reducer is None:
                    obj = yield left
                elif reducer is ready:
                    obj = yield obj.reduced
                else:
                    break
        except KeyError:
            reducer = first
        # Outside the `try`: a KeyError that the reducer raises must not be caught.
        obj = yield reducer(shipping, obj)


REDUCERS: Final[dict[type, Reducer | None]] = {}
"""Type -> its reducer, where each dump begins: what `kinds` has, once that is imported."""


def reducer_of(dump: Dump, kind: type) -> Reducer | None:
    """Return the reducer for objects of a type, or None for plain pickle's."""
    from modulepickle._reduce import kinds  # not at the top: see there

    if not REDUCERS:
        REDUCERS.update(kinds.REDUCERS)
    return kinds.reducer_of(dump, kind)


class Dispatcher(Dump):
    """A dump that finds the reducer of each object by its type, once a type.

    Attributes:
        reducers: type met so far -> its reducer, or None for plain pickle's.
    """

    def start(self) -> None:
        """Forget the previous `dump`: each one looks at the working tree again (R5)."""
        super().start()
        self.reducers: dict[type, Reducer | None] = REDUCERS.copy()

    def reducer_override(self, obj: Any) -> Any:
        """Return the reduction of an object that ships something, else `NotImplemented`."""
        kind = type(obj)
        try:
            reducer = self.reducers[kind]
        except KeyError:
            reducer = self.reducers[kind] = reducer_of(self, kind)
        return NotImplemented if reducer is None else reducer(self, obj)
