"""Keys: how a receiver recognises a class or type variable that came by value.

A key is the hash of a definition (a pickle of the class that is only hashed), and a number if this
process has had another class of the same definition. So a class that was edited and defined again
is another class, and two senders that run one script agree.

A definition holds the digests of the local packages that the class needs, for example for a base.
While those stay the same, so does the key, whatever happens to the class's attributes. After an
edit of a package the class has another key and is another class on the receiver (R8), where the
former one keeps the package that it came with.

Outside API: `KNOWN`, `tracked`, `key_of`.
"""

from __future__ import annotations

import functools
import pickle
import weakref
from types import MethodType
from typing import Any, Final

from modulepickle._base.process import sha256
from modulepickle._loader.emit import THE_CLASSES, Rebuilt, Reduced
from modulepickle._loader.registry import registry
from modulepickle._reduce.state import Dump

__all__ = ["KNOWN", "key_of", "tracked"]

KNOWN: Final = Rebuilt("known", THE_CLASSES)


class _Keys:
    """The keys of one object of this process, one for each definition that it has had.

    Attributes:
        ref: the object, weakly. key: that of the last definition.
        reached: local package -> digest, as in that definition.
    """

    def __init__(self, ref: weakref.ref[Any]) -> None:
        self.ref = ref
        self.key = b""
        self.reached: dict[str, bytes] = {}
        self._by_definition: dict[bytes, bytes] = {}

    def still(self, dump: Dump) -> bool:
        """Tell whether the packages are unchanged. One that is gone is in no pickle."""
        for name, digest in self.reached.items():
            now = dump.shipped_module(name)
            if now is not None and now.digest != digest:
                return False
        return True

    def define(self, definition: bytes, reached: dict[str, bytes]) -> bytes:
        """Return the key of a definition."""
        if definition not in self._by_definition:
            count = _counts[definition] = _counts.get(definition, -1) + 1
            self._by_definition[definition] = definition + (b"%d" % count if count else b"")
        self.key, self.reached = self._by_definition[definition], reached
        return self.key


_keys: dict[int, _Keys] = {}
"""Id of an object -> its keys. By id, since a metaclass may define `__eq__`."""

_counts: dict[bytes, int] = {}
"""Hash of a definition -> how many objects of this process have it."""


def key_of(dump: Dump, obj: Any) -> bytes:
    """Return the key of an object: the same each time, unless a package was edited."""
    if dump.parts.naming:
        return b""
    known = _keys.get(id(obj))
    if known is None or known.ref() is not obj:
        key: bytes
        for key, each in [*registry.received.items()]:
            if each is obj:
                return key
        forget = functools.partial(_keys.pop, id(obj))  # called with the dead reference
        known = _keys[id(obj)] = _Keys(weakref.ref(obj, forget))
    elif known.key and known.still(dump):
        return known.key
    key = known.define(*_definition(dump, obj))
    registry.own[key] = obj
    return key


class _Hash:
    """A file that only hashes what is written to it."""

    def __init__(self) -> None:
        self.total = sha256()

    def write(self, data: Any) -> None:
        self.total.update(data)


class _Naming(pickle.Pickler):
    """The C pickler, with the hooks of another pickler."""

    def __init__(self, file: Any, model: Any) -> None:
        super().__init__(file, 5)
        # The hook of the class: that of the instance is running now (`_pickler.pickler`).
        hook = MethodType(type(model).reducer_override, model)
        self.reducer_override = hook  # type: ignore[method-assign]
        if hasattr(model, "dispatch_table"):
            self.dispatch_table = model.dispatch_table
        if any("persistent_id" in vars(each) for each in type(model).__mro__[:-2]):
            self.persistent_id = model.persistent_id  # type: ignore[method-assign]


def _definition(dump: Dump, obj: Any) -> tuple[bytes, dict[str, bytes]]:
    """Return the hash of a definition, of all that its pickle reaches, and the packages in it."""
    file = _Hash()
    with dump.while_naming():
        _Naming(file, dump).dump(obj)
        reached = dump.parts.reached
    return file.total.digest()[:16], reached


def tracked(dump: Dump, obj: Any, *make: Any) -> Reduced:
    """Return the call that finds an object by its key, or makes it."""
    return KNOWN, (key_of(dump, obj), *make)
