"""The dispatch behind `reducer_override`, for our pickler and those of others.

A pickler sees each object that is not an exact builtin container or number: `reducer_override` is
the hottest function of the library. For an ordinary instance it costs one look-up by type.
Everything else is on the slow path, in `_reduce.names`.

Outside API: `HOOK`, `Dispatcher`, `Chunks`, `resumed`. `Dump` derives from `Dispatcher`; a pickler
of somebody else has one of its own for each `dump` (`extend`).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Generator
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import (
    Call,
    Rebuilt,
    Reduced,
    ShippedText,
    TheFetcher,
    reduce_fetcher,
    reduce_shipped,
    with_stand_in,
)
from modulepickle._local.finder import STANDARD_NAMES
from modulepickle._reduce.circles import Begun, Fill, reduce_begun, reduce_fill
from modulepickle._reduce.local import is_standard
from modulepickle._reduce.names import reduce_builtin, reduce_module, reduce_named, reduce_odd
from modulepickle._reduce.objects import NAMED, OF_COPYREG, OF_DATACLASSES, OTHERS
from modulepickle._reduce.of_process import may_be_of_process, reducer_of_process
from modulepickle._reduce.of_pydantic import OF_PYDANTIC
from modulepickle._reduce.state import Dump, Reducer, Scope
from modulepickle._reduce.whole import (
    Late,
    LateStep,
    Step,
    Whole,
    reduce_late,
    reduce_late_step,
    reduce_step,
    reduce_whole,
)
from modulepickle._reduce.wrappers import is_of_wrapt, reduce_of_wrapt, reducer_of_subclass
from modulepickle._snapshot.ref import SnapshotRef

__all__ = ["HOOK", "REDUCERS", "Dispatcher", "reducer_of", "resumed"]

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
        found = _found(names, shipping, reducers, first, type, NotImplemented, _emit_ready)
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


def _emit_shipped(dump: Dump, obj: SnapshotRef) -> Reduced:
    if dump.parts.naming:
        if obj.name:  # a scope has none; what it needs is emitted on its own
            dump.parts.reached[obj.name] = obj.digest
        return Call(str), (obj.name, obj.digest)
    return dump.emit(obj)


def _emit_scope(dump: Dump, obj: Scope) -> Reduced:
    requirements = with_stand_in(obj.requirements)
    if dump.parts.naming:
        return *_emit_shipped(dump, obj)[:2], requirements, None, None, SET_SCOPE
    # It is not a package, so no store has it.
    return *reduce_shipped(obj, obj.archive)[:2], requirements, None, None, SET_SCOPE


def _emit_ready(dump: Dump, obj: Any) -> Reduced:
    """Return the reduction that a stand-in has; in a name, texts count by their names only."""
    if dump.parts.naming and type(obj) is not Call:
        return Call(str), (obj.name,)
    return obj.reduced  # type: ignore[no-any-return]


SET_SCOPE: Final = Rebuilt("set_scope")


REDUCERS: Final[dict[type, Reducer | None]] = {
    FunctionType: reduce_named,
    type: reduce_named,
    ModuleType: reduce_module,
    **{kind: OTHERS[kind] for kind in (CodeType, CellType, property, staticmethod, classmethod)},
    BuiltinFunctionType: reduce_builtin,
    SnapshotRef: _emit_shipped,
    Scope: _emit_scope,
    TheFetcher: lambda dump, obj: reduce_fetcher(obj),
    **dict.fromkeys((ShippedText, Rebuilt, Call), _emit_ready),
    Whole: reduce_whole,
    Step: reduce_step,
    LateStep: reduce_late_step,
    Late: reduce_late,
    Begun: reduce_begun,
    Fill: reduce_fill,
}


def reducer_of(dump: Dump, kind: type) -> Reducer | None:
    """Return the reducer for objects of a type, or None for plain pickle's."""
    if kind in REDUCERS:
        return REDUCERS[kind]
    reducer = _reducer_of(dump, kind)
    return reducer_of_process(reducer) if may_be_of_process(kind) else reducer


def _reducer_of(dump: Dump, kind: type) -> Reducer | None:
    table = dump.table
    if kind in table:  # perhaps None, which leaves it to the pickler
        return OF_COPYREG.get(table[kind], reduce_odd) if table[kind] else None
    if issubclass(kind, type):
        return reduce_named
    if kind in OTHERS:
        return OTHERS[kind]
    if issubclass(kind, ModuleType):
        return reduce_module
    if issubclass(kind, (property, staticmethod, classmethod, functools.cached_property)):
        return reducer_of_subclass(kind)
    name = f"{kind.__module__}.{kind.__name__}"
    if name in OF_DATACLASSES:
        return OF_DATACLASSES[name]
    if name in OF_PYDANTIC:
        return OF_PYDANTIC[name]
    if name in NAMED:
        return reduce_odd
    if "wrapt" in sys.modules and is_of_wrapt(kind):
        return reduce_of_wrapt
    plain = kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ is object.__reduce__
    return reduce_odd if not plain and _may_name_local(dump, kind) else None


def _may_name_local(dump: Dump, kind: type) -> bool:
    """Tell whether instances may have a `__module__` of their own, or that of the type is local."""
    if kind.__dictoffset__ != 0:
        return True
    for base in kind.__mro__:
        module = base.__dict__.get("__module__")
        if module is not None:
            return not isinstance(module, str) or not _is_foreign(dump, module)
    return not _is_foreign(dump, kind.__module__)  # made in C: its dict has no `__module__`


def _is_foreign(dump: Dump, module: str) -> bool:
    """Tell whether a module is known not to be local, or is of the standard library, unshadowed."""
    if dump.is_foreign(module) or is_standard(module):
        return True
    standard = module.partition(".")[0] in STANDARD_NAMES
    return standard and dump.shipment.package(module) is None


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
