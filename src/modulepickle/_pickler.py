"""The pickler, and the functions shaped like those of `pickle`.

`Pickler` derives from the C pickler, and sees each object that is not an exact builtin container or
number: `reducer_override` is the hottest function of the library. For an ordinary instance it costs
one look-up by type. Everything else is on the slow path, in `_reduce`.

Outside API: what is in `__all__`. `load` and `loads` are here so that a module can stand in for
`pickle`; no receiver needs them.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import IO, Any

import modulepickle._own  # noqa: F401  # the loader looks for it in `sys.modules`
from modulepickle._byvalue import Parts
from modulepickle._path import with_path
from modulepickle._policy import Policy, get_policy
from modulepickle._reduce import Reducer, reducer_of, reduction_of
from modulepickle._snapshot import Shipment, Shipped

__all__ = ["Pickler", "Unpickler", "dump", "dumps", "load", "loads"]

Unpickler = pickle.Unpickler
load = pickle.load
loads = pickle.loads


class Pickler(pickle.Pickler):
    """A `pickle.Pickler` that also ships the local packages its objects need.

    It takes what `pickle.Pickler` takes, and the policy that says what is local (by default the
    process' own, see `set_policy`). Subclasses may add `persistent_id`, `dispatch_table` and a
    `reducer_override` of their own, which returns `super().reducer_override(obj)` for what is not
    its business.

    Attributes:
        policy: what is local. protocol: 0 to 5. out_of_band: archives go to `buffer_callback` (R6).
    """

    def __init__(
        self,
        file: IO[bytes],
        protocol: int | None = None,
        fix_imports: bool = True,
        buffer_callback: Callable[[pickle.PickleBuffer], Any] | None = None,
        *,
        policy: Policy | None = None,
    ) -> None:
        super().__init__(
            file, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback
        )
        self.policy = get_policy() if policy is None else policy
        if protocol is None:
            protocol = pickle.DEFAULT_PROTOCOL
        self.protocol = pickle.HIGHEST_PROTOCOL if protocol < 0 else protocol
        self.out_of_band = buffer_callback is not None
        self._reset()

    def _reset(self) -> None:
        self._reducers: dict[type, Reducer | None] = {}
        self._foreign: set[str] = set()
        self._shipment: Shipment | None = None
        self.resent: dict[bytes, Shipped] = {}
        self.parts = Parts()

    def dump(self, obj: Any) -> None:
        """Write the pickle of an object, with the local packages as they are on disk now (R5).

        Raises:
            PackagingError: a local package cannot travel; it says which, why, and what to do.
            PicklingError: as plain pickle does.
        """
        self._reset()
        try:
            super().dump(obj)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            better = with_path(obj, error, self._failure, self._reduction)
            if better is error:
                raise
            raise better from error
        finally:
            self.parts = Parts()  # it keeps objects alive

    def reducer_override(self, obj: Any) -> Any:
        """Return the reduction of an object that ships something, else `NotImplemented`."""
        kind = type(obj)
        try:
            reducer = self._reducers[kind]
        except KeyError:
            reducer = self._reducers[kind] = reducer_of(self, kind)
        return NotImplemented if reducer is None else reducer(self, obj)

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

    def _failure(self, obj: Any) -> Exception | None:
        """Return the error of pickling an object alone, if there is one."""
        try:
            Pickler(_Nowhere(), self.protocol, policy=self.policy)._dump(obj)
        except Exception as error:
            return error
        return None

    def _dump(self, obj: Any) -> None:
        super().dump(obj)

    def _reduction(self, obj: Any) -> Any:
        reduction = self.reducer_override(obj)
        return reduction_of(self, obj) if reduction is NotImplemented else reduction

    def is_foreign(self, module: str) -> bool:
        """Tell whether a module was found to be nobody's working tree, in this `dump`."""
        return module in self._foreign

    def note_foreign(self, module: str) -> None:
        """Remember that a module is not local."""
        self._foreign.add(module)


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing."""

    def write(self, data: Any) -> int:
        return len(data)


def dump(
    obj: Any,
    file: IO[bytes],
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Callable[[pickle.PickleBuffer], Any] | None = None,
    policy: Policy | None = None,
) -> None:
    """Write the pickle of an object, and of the local packages it needs, to a binary file.

    As `pickle.dump`, plus `policy`. Raises: see `Pickler.dump`.
    """
    Pickler(
        file, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback, policy=policy
    ).dump(obj)


def dumps(
    obj: Any,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Callable[[pickle.PickleBuffer], Any] | None = None,
    policy: Policy | None = None,
) -> bytes:
    """Return the pickle of an object, and of the local packages it needs.

    As `pickle.dumps`, plus `policy`. Plain `pickle.loads` reads it anywhere. Raises: see
    `Pickler.dump`.
    """
    file = io.BytesIO()
    dump(
        obj, file, protocol,
        fix_imports=fix_imports, buffer_callback=buffer_callback, policy=policy,
    )
    return file.getvalue()
