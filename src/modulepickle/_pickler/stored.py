"""Pickles whose archives are in a store: what they hold instead, and what is put there.

A pickle made with a store holds, for each package that it names, 16 bytes and a callable. What
that returns is a *manifest*: the text of an expression, with a small pickle in it that has the
loader, and the names and hashes of the package and of all that it requires, each with a callable of
its own for its archive. So a process that meets the package for the first time fetches the
manifest; only a host that meets it for the first time fetches the archive; and after an edit, the
archives of all others stay what they are.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import codecs
import os
import pickle
import re
from collections.abc import Callable
from typing import Any, Final

from modulepickle._base.process import sha256
from modulepickle._loader.emit import (
    FETCHED,
    FETCHED_BY_TEXT,
    REGISTRY,
    THE_FETCHER,
    THE_STORE,
    Call,
    Rebuilt,
    Reduced,
    reduce_shipped,
    with_stand_in,
)
from modulepickle._local.policy import Policy, get_policy
from modulepickle._reduce.dispatch import Dispatcher
from modulepickle._snapshot.ref import SnapshotRef

__all__ = [
    "DEFAULT",
    "Chunks",
    "Fetch",
    "Store",
    "StoreWriter",
    "Text",
    "get_store",
    "pickle_in",
    "set_store",
    "store_of",
    "store_writer",
]

Fetch = Callable[[], bytes]
"""Returns what is in a store. It is pickled by name: a receiver must be able to import it."""

Store = Callable[[bytes, bytes], Fetch]
"""`store(digest, archive)` keeps bytes, if it does not have them yet, and says how to get them.

`digest` is the first half of their SHA-256 (16 bytes). It is called in each `dumps`, so that what a
store has lost is there again: it should be quick for what it has.
"""

KEPT: Final = 100
"""Manifests that are not made again."""


class Text:
    """A `Fetch` that travels as the text of an expression, so that a receiver needs nothing.

    Args:
        expression: Python, in which `k` is the digest.
        digest: of what it fetches.
    """

    def __init__(self, expression: str, digest: bytes) -> None:
        self.expression: str = expression
        self.digest: bytes = digest

    def __call__(self) -> bytes:
        """Do what a receiver does."""
        data: bytes = eval(self.expression, {"k": self.digest})
        return data

    def __reduce__(self) -> tuple[Any, ...]:
        """Reduce to a function made of the text, for whoever pickles it elsewhere."""
        return eval, (f"lambda k={self.digest!r}:{self.expression}",)


class StoreWriter:
    """What a store keeps for receivers."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._manifests: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}

    def reduce(self, shipped: SnapshotRef) -> Reduced:
        """Put a snapshot and its requirements into the store; return the call that finds it."""
        fetches = {
            each.archive_hash: self._put(each.archive_hash, each.archive)
            for each in _reached(shipped)
        }
        made = shipped.digest, self._pickled(fetches)
        if made not in self._manifests:
            _by_name([*fetches.values()])
            if len(self._manifests) >= KEPT:
                self._manifests.clear()
            manifest = _manifest(shipped, fetches)
            self._manifests[made] = sha256(manifest).digest()[:16], manifest
        key, manifest = self._manifests[made]
        fetch = self._put(key, manifest)
        if isinstance(fetch, Text):
            return THE_FETCHER, (FETCHED_BY_TEXT, {"k": key, "f": fetch.expression})
        return THE_FETCHER, (FETCHED, {"k": key, "f": fetch})

    def _pickled(self, fetches: dict[bytes, Fetch]) -> bytes:
        try:
            return pickle.dumps([*fetches.values()])
        except Exception as error:  # whatever the pickling of somebody's callable raises
            raise TypeError(
                f"a store must return a callable that plain pickle can pickle, since receivers "
                f"import it: a functools.partial of an installed function, for example, and no "
                f"lambda; of what {self.store!r} returned, pickle says: {error}"
            ) from error

    def _put(self, digest: bytes, data: bytes) -> Fetch:
        fetch = self.store(digest, data)
        if not callable(fetch):
            raise TypeError(
                f"a store must return a callable that returns the bytes; {self.store!r} returned "
                f"a {type(fetch).__name__}"
            )
        return fetch


class _ByName(Dispatcher, pickle.Pickler):
    """Pickles what fetches archives, and refuses what has to be fetched itself."""

    def __init__(self) -> None:
        super().__init__(Chunks(), pickle.DEFAULT_PROTOCOL)
        self.policy, self.protocol = get_policy(), pickle.DEFAULT_PROTOCOL
        self.out_of_band, self.store = False, None

    def emit(self, shipped: SnapshotRef) -> Reduced:
        """Refuse: the receiver would look for it in the store, by means of itself."""
        raise TypeError(
            f"a store must return a callable that receivers can import by themselves, and this one "
            f"is in the local package {shipped.name!r}: use one of the standard library, or of "
            f"what is installed there, such as "
            f"functools.partial(operator.methodcaller('read_bytes'), path)"
        )


def _by_name(fetches: list[Fetch]) -> None:
    """Raise if a receiver could not import what fetches archives."""
    if not all(type(each) is Text for each in fetches):
        pickler = _ByName()
        pickler.start()
        pickler.dump(fetches)


def _reached(shipped: SnapshotRef) -> list[SnapshotRef]:
    """Return a snapshot and all that it requires, each once."""
    found = [shipped]
    for each in found:
        found += [
            need
            for need in with_stand_in(each.requirements).values()
            if isinstance(need, SnapshotRef) and need not in found
        ]
    return found


def _manifest(shipped: SnapshotRef, fetches: dict[bytes, Fetch]) -> bytes:
    file = Chunks()
    pickler = _Manifest(file, fetches)
    pickler.start()
    pickler.dump(shipped)
    data = b"".join(file.parts)
    return f"{BEGIN}{data!r}{END}".encode()


BEGIN: Final = "(s:=__import__('pickle').loads("
END: Final = f"),__import__('sys').{REGISTRY}.manifest(0,{{'k':k}},s))[1]"
"""What stands around the pickle in a manifest: to load it makes the hook, which remembers it."""


ENDS: Final = END, "),__import__('sys')._mpc35c6d(0,{'k':k},s))[1]"
"""That of this release, and of 0.1.0."""

# Patterns as text: `re` compiles one when it is first used.
LITERAL: Final = r"""b'((?:[^'\\\n]|\\.)*)'|b"((?:[^"\\\n]|\\.)*)\""""


def pickle_in(data: bytes) -> bytes:
    """Return the pickle in a manifest of some release; what is not a manifest, unchanged.

    A manifest is evaluated as a whole, so data with anything else in it is not a manifest.
    """
    begin = BEGIN.encode()
    for end in map(str.encode, ENDS):
        if data.startswith(begin) and data.endswith(end):
            literal = data[len(begin) : -len(end)].decode("latin-1")
            found = re.fullmatch(LITERAL, literal)
            if found is not None:
                text = found[1] if found[1] is not None else found[2]
                return bytes(codecs.escape_decode(text.encode("latin-1"))[0])  # type: ignore[attr-defined,unused-ignore]
    return data


class _Manifest(Dispatcher, pickle.Pickler):
    """Pickles a snapshot without its archives."""

    def __init__(self, file: Any, fetches: dict[bytes, Fetch]) -> None:
        super().__init__(file, pickle.DEFAULT_PROTOCOL)
        self.policy = Policy(exclude=("*",))
        self.protocol, self.out_of_band, self.store = pickle.DEFAULT_PROTOCOL, False, None
        self._fetches = fetches

    def emit(self, shipped: SnapshotRef) -> Reduced:
        """Return the reduction of a snapshot, with a call for its archive."""
        fetch: Any = self._fetches[shipped.archive_hash]
        if isinstance(fetch, Text):
            fetch = fetch.expression
        archive = Call(ARCHIVE, shipped.archive_hash, shipped.name, _host(), fetch)
        return reduce_shipped(shipped, archive)


ARCHIVE: Final = Rebuilt("archive", THE_STORE)


def _host() -> str:
    """Return the name of this machine, for the receiver's error message."""
    return os.uname().nodename if hasattr(os, "uname") else os.getenv("COMPUTERNAME", "")


class _Default:
    """The default of `store=`. Not None, which means: in the pickle, whatever `set_store` says."""

    def __repr__(self) -> str:
        return "<the default store>"


DEFAULT: Final[Any] = _Default()

_default: StoreWriter | None = None


def get_store() -> Store | None:
    """Return the default store of this process, or None if archives travel in the pickles."""
    return None if _default is None else _default.store


def set_store(store: Store | None) -> Store | None:
    """Set the default store of this process, and return the previous one.

    Args:
        store: The store; with None, archives travel in the pickles.

    Raises:
        TypeError: If `store` is not a store.
    """
    global _default
    before, _default = get_store(), store_writer(store)
    return before


def store_writer(store: Store | None = DEFAULT) -> StoreWriter | None:
    """Return the writer of a store, by default of that of `set_store`; None for no store.

    Raises:
        TypeError: if it is not one.
    """
    if store is DEFAULT:
        return _default
    if store is None:
        return None
    if not callable(store):
        raise TypeError(
            f"a store is a function of (digest, archive), as modulepickle.stores.directory(path) "
            f"returns one; not a {type(store).__name__}"
        )
    kinds = store.__mro__ if isinstance(store, type) else ()
    if any(kind.__module__ == "modulepickle.stores" for kind in kinds):
        raise TypeError(
            f"a store is what {store.__name__} returns: call it, with the place of the store, as"
            " in modulepickle.stores.directory(path)"
        )
    if _default is not None and _default.store is store:
        return _default
    found = _made.get(id(store))
    if found is None or found.store is not store:
        if len(_made) >= KEPT:
            _made.clear()
        found = _made[id(store)] = StoreWriter(store)
    return found


_made: dict[int, StoreWriter] = {}
"""By the id of a store, which what stands here keeps alive."""


class Chunks:
    """All of a file that a pickler asks for. It copies each part once, where a file does twice."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: Any) -> int:
        """Keep some data; a copy, if it is not `bytes`: somebody else may write to it."""
        self.parts.append(data if type(data) is bytes else bytes(data))
        return len(data)


# --- what is in a store ---------------------------------------------------------------------------


# Neither quotes nor backslashes in the path: so it is what it looks like.
DIRECTORY: Final = (
    r"""__import__\('pathlib'\)\.Path\((['"])([^'"\\]+)/\1\+k\.hex\(\)\)\.read_bytes\(\)"""
)
RAY: Final = (
    r"__import__\('ray\.experimental\.internal_kv'\)\.experimental\.internal_kv"
    r"\._internal_kv_get\(k,namespace=b'modulepickle'\)"
)


def store_of(text: Any) -> str:
    """Return the call that makes the store that a text reads in; "" if it is not known to."""
    if type(text) is not str:
        return ""
    found = re.fullmatch(DIRECTORY, text)
    if found is not None:
        return f"modulepickle.stores.directory({found[2]!r})"
    return "modulepickle.stores.RayStore()" if re.fullmatch(RAY, text) else ""
