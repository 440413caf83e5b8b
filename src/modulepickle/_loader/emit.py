"""The opcodes that ship: what stands in a pickle for the loader, a snapshot, a thing in it.

A reducer cannot write opcodes; it returns a tuple of objects, and the pickler writes those. So the
loader and each snapshot have stand-ins here, which reduce to the calls that make them on the
receiver. The pickler's memo sees to it that each is written once (R2).
"""

from __future__ import annotations

import zlib
from functools import cache, cached_property
from types import FunctionType
from typing import Any, Final

from modulepickle._base.process import DIGEST_SIZE, fold, sha256
from modulepickle._loader import packed
from modulepickle._snapshot.ref import SnapshotRef

__all__ = [
    "FETCHED",
    "FETCHED_BY_TEXT",
    "FIND",
    "INSTALL",
    "LIBRARY",
    "REGISTRY",
    "STAGE0",
    "SYS",
    "TEXTS",
    "THE_CLASSES",
    "THE_FETCHER",
    "THE_FUNCTIONS",
    "THE_LOADER",
    "THE_PEERS",
    "THE_STORE",
    "Call",
    "Rebuilt",
    "Reduced",
    "ShippedText",
    "StandIn",
    "TheFetcher",
    "is_of_texts",
    "reduce_call",
    "reduce_fetcher",
    "reduce_rebuilt",
    "reduce_shipped",
    "reduce_text",
    "stand_in_digest",
    "with_stand_in",
]  # fmt: skip

Reduced = tuple[Any, ...]
"""What a reducer returns: callable, arguments, and perhaps state (`object.__reduce__`)."""

REGISTRY: Final = "_modulepickle_registry"
"""The attribute of `sys` that every shipped text knows (see `registry`)."""

# Of the first page: see `pages`. All is unpacked for it, since a text is known to be intact only at
# its end. The names that it uses are in the dict beside it, which is the text's globals then. That
# file name makes `warnings` skip the frames of the text, as it skips those of importlib.
STAGE0: Final = (
    "exec(compile(__import__('zlib').decompress(packed).split(b'\\f')[0],"
    "'<modulepickle>/importlib._bootstrap/'+__name__,'exec'))or entry"
)
"""What a receiver evaluates where a text has not been executed yet."""


class StandIn:
    """Stands for something on the receiver that can be called there."""

    def __call__(self, *args: object) -> None:
        """Be callable, as the first item of a reduction has to be."""
        raise TypeError("only a receiver can call this")


class ShippedText(StandIn):
    """Stands for the `entry` of a shipped text on the receiver.

    Attributes:
        title: what it is for. name: of the module that it becomes. text: as `build` made it.
    """

    def __init__(self, title: str, name: str, text: str) -> None:
        self.title, self.name, self.text = title, name, text

    @cached_property
    def packed(self) -> bytes:
        """The text as it travels: zlib data, made once a process.

        Level 9 would take four times as long, 3 ms of each first `dumps`, to save one per cent.
        """
        return zlib.compress(self.text.encode(), 6)

    @cached_property
    def reduced(self) -> Reduced:
        """The call that finds what the text left, or executes it."""
        return REGISTERED, (STAGE0, {"__name__": self.name, "packed": self.packed})


THE_LOADER: Final = ShippedText("snapshots", packed.LOADER_NAME, packed.LOADER)
THE_FUNCTIONS: Final = ShippedText("functions", packed.FUNCTIONS_NAME, packed.FUNCTIONS)
THE_CLASSES: Final = ShippedText("classes", packed.CLASSES_NAME, packed.CLASSES)
THE_STORE: Final = ShippedText("archives of a store", packed.STORE_NAME, packed.STORE)
THE_PEERS: Final = ShippedText(
    "references among the workers of an engine", packed.PEERS_NAME, packed.PEERS
)
TEXTS: Final = {
    each.name: each for each in (THE_LOADER, THE_FUNCTIONS, THE_CLASSES, THE_STORE, THE_PEERS)
}
"""All that travels as code, by the name that it gets on the receiver."""


PREFIX: Final = "_modulepickle_"


def is_of_texts(function: FunctionType) -> bool:
    """Tell whether a shipped text made a function, here or in the process before this one."""
    return str(function.__globals__.get("__name__")).startswith(PREFIX)


def reduce_text(text: ShippedText) -> Reduced:
    """Return the call that finds what a text left, or executes it."""
    return text.reduced


class TheFetcher(StandIn):
    """Stands for what finds a snapshot whose archive is in a store.

    It is called with a text, and with the names in that: `k` is the hash of the manifest, `f` what
    fetches it. See `store.find`; where that is not there yet, it is evaluated.
    """


THE_FETCHER: Final = TheFetcher()

FIND: Final = f"vars(__import__('sys')).get('{REGISTRY}',eval)"

# A manifest that does not have the hash is a KeyError.
CHECKED: Final = "eval({__import__('hashlib').sha256(d:=%s).digest()[:16]:d}[k])"
FETCHED: Final = CHECKED % "f()"
FETCHED_BY_TEXT: Final = CHECKED % "eval(f)"


def reduce_fetcher(_: TheFetcher) -> Reduced:
    """Return the call that finds it: with each task of thousands, so as few bytes as can be."""
    return eval, (FIND,)


class Rebuilt(StandIn):
    """Stands for a function of a shipped text, by its name."""

    def __init__(self, name: str, text: ShippedText = THE_FUNCTIONS) -> None:
        self.name, self.text = name, text
        self.reduced: Reduced = text, (name,)


def reduce_rebuilt(rebuilt: Rebuilt) -> Reduced:
    """Return the call that looks up a function of a shipped text."""
    return rebuilt.reduced


class Call(StandIn):
    """Stands for what a call returns on the receiver, where a reduction needs one in another."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self.reduced: Reduced = parts[0], parts[1:]


SYS: Final = Call(__import__, "sys")


def reduce_call(call: Call) -> Reduced:
    """Return the call."""
    return call.reduced


REGISTERED: Final = Call(getattr, SYS, REGISTRY, eval)

LIBRARY: Final = "modulepickle"


def with_stand_in(requirements: dict[str, SnapshotRef | str]) -> dict[str, SnapshotRef | str]:
    """Return requirements in which this library, which never travels, has its stand-in."""
    if not isinstance(requirements.get(LIBRARY), str):
        return requirements
    return {**requirements, LIBRARY: _stand_in()}


@cache
def _stand_in() -> SnapshotRef:
    from modulepickle._snapshot.archive import make_zip
    from modulepickle._snapshot.files import File

    file = File(f"{LIBRARY}.py", (0, 0, 0, 0, 0), False, packed.STANDIN.encode())
    archive = make_zip({file.name: file})
    digest = stand_in_digest(file.digest)
    return SnapshotRef(LIBRARY, digest, sha256(archive).digest()[:DIGEST_SIZE], archive)


def stand_in_digest(content: bytes) -> bytes:
    """Return the digest of the stand-in, from the SHA-256 of its one file.

    It is no local package, and the digests of packages that import it do not cover it: it differs
    from release to release, and they must not.
    """
    return fold(b"stand-in", content)[:DIGEST_SIZE]


def reduce_shipped(shipped: SnapshotRef, archive: object) -> Reduced:
    """Return the call that finds or makes a snapshot; its requirements are its state.

    `archive` is the bytes, a `PickleBuffer` of them (R6), or a `Call` that returns them.
    """
    # State, and not an argument: the requirements of packages may form a circle.
    requirements = with_stand_in(shipped.requirements)
    return (
        THE_LOADER,
        (shipped.name, shipped.digest, shipped.archive_hash, archive),
        requirements,
    )


INSTALL: Final = "lambda: loads(data) and None"
"""What `preload` is on the receiver: a real function, of no argument, that returns None."""
