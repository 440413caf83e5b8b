"""The opcodes that ship: what stands in a pickle for the loader, a snapshot, a thing in it.

A reducer cannot write opcodes; it returns a tuple of objects, and the pickler writes those. So the
loader and each snapshot have stand-ins here, which reduce to the calls that make them on the
receiver. The pickler's memo sees to it that each is written once (R2).
"""

from __future__ import annotations

from typing import Any, Final

from modulepickle._loader.packed import LOADER, LOADER_NAME
from modulepickle._loader.packed_classes import CLASSES, CLASSES_NAME
from modulepickle._loader.packed_functions import REBUILD, REBUILD_NAME
from modulepickle._loader.packed_store import FETCH, FETCH_NAME
from modulepickle._snapshot.shipment import SnapshotRef

__all__ = [
    "FETCHED", "FETCHED_BY_TEXT", "FETCH_HOOK",
    "THE_CLASS_REBUILDER", "THE_FETCHED", "THE_FETCHER", "THE_LOADER",
    "Call", "Rebuilt", "Reduced", "TheFetcher", "TheLoader", "TheRebuilder",
    "reduce_call", "reduce_fetcher", "reduce_loader", "reduce_rebuilder", "reduce_rebuilt",
    "reduce_shipped",
]  # fmt: skip

Reduced = tuple[Any, ...]
"""What a reducer returns: callable, arguments, and perhaps state (`object.__reduce__`)."""

# What `eval` is given where the loader is not there yet; else the hook that the text left at `sys`
# stands in for `eval`. To compile an expression that looks for it would take most of a warm load.
STAGE0: Final = "exec(__import__('zlib').decompress(z))or N"


class TheLoader:
    """Stands for the loader's `get` function on the receiver."""

    def __call__(self, *args: object) -> None:
        """Be callable, as the first item of a reduction has to be."""
        raise TypeError("only a receiver can call the loader")


THE_LOADER: Final = TheLoader()


def reduce_loader(_: TheLoader) -> Reduced:
    """Return the call that finds or makes the loader."""
    hook = Call(getattr, SYS, LOADER_NAME, eval)
    return hook, (STAGE0, {"N": LOADER_NAME, "z": LOADER})


class TheRebuilder(TheLoader):
    """Stands for the look-up of what `functions` or `classes` has, on the receiver."""

    def __init__(self, name: str, text: bytes) -> None:
        self.name, self.text = name, text


THE_REBUILDER: Final = TheRebuilder(REBUILD_NAME, REBUILD)
THE_CLASS_REBUILDER: Final = TheRebuilder(CLASSES_NAME, CLASSES)
THE_FETCHED: Final = TheRebuilder(FETCH_NAME, FETCH)

# The same for `functions`, but the next time `eval` gets code from `sys`, and not this text: to
# compile it would take five times as long as all the rest of unpickling a lambda.
STAGE0_REBUILD: Final = (
    "((m:=(s:=__import__('sys')).modules).get(n)or exec(__import__('zlib').decompress(z),"
    "(t:=type(s)(n)).__dict__)or(m.setdefault(n,t),"
    "setattr(s,n,compile('__import__(n).get','','eval')))[0]).get"
)


def reduce_rebuilder(text: TheRebuilder) -> Reduced:
    """Return the call that finds or makes the module that a text becomes."""
    stage0 = Call(getattr, SYS, text.name, STAGE0_REBUILD)
    return eval, (stage0, {"n": text.name, "z": text.text})


class TheFetcher(TheLoader):
    """Stands for what finds a snapshot whose archive is in a store.

    It is called with a text, and with the names in that: `k` is the hash of the manifest, `f` what
    fetches it. See `_loader.store.find`; where that is not there yet, it is `eval`.
    """


THE_FETCHER: Final = TheFetcher()

FETCH_HOOK: Final = f"_mp{FETCH_NAME[-6:]}"
"""The attribute of `sys` as which `_loader.store` leaves its `find`."""

FIND: Final = f"getattr(__import__('sys'),'{FETCH_HOOK}',eval)"

# A manifest that does not have the hash is a KeyError.
CHECKED: Final = "eval({__import__('hashlib').sha256(d:=%s).digest()[:16]:d}[k])"
FETCHED: Final = CHECKED % "f()"
FETCHED_BY_TEXT: Final = CHECKED % "eval(f)"


def reduce_fetcher(_: TheFetcher) -> Reduced:
    """Return the call that finds it: with each task of thousands, so as few bytes as can be."""
    return eval, (FIND,)


class Rebuilt(TheLoader):
    """Stands for a function of `_loader.functions`, by its name."""

    def __init__(self, name: str, text: TheRebuilder = THE_REBUILDER) -> None:
        self.name, self.text = name, text


def reduce_rebuilt(rebuilt: Rebuilt) -> Reduced:
    """Return the call that looks up a function of `_loader.functions`."""
    return rebuilt.text, (rebuilt.name,)


class Call(TheLoader):
    """Stands for what a call returns on the receiver, where a reduction needs one in another."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts


SYS: Final = Call(__import__, "sys")


def reduce_call(call: Call) -> Reduced:
    """Return the call."""
    return call.parts[0], call.parts[1:]


def reduce_shipped(shipped: SnapshotRef, archive: object) -> Reduced:
    """Return the call that finds or makes a snapshot; its requirements are its state.

    `archive` is the bytes, a `PickleBuffer` of them (R6), or a `Call` that returns them.
    """
    # State, and not an argument: the requirements of packages may form a circle.
    return (
        THE_LOADER,
        (shipped.name, shipped.digest, shipped.archive_hash, archive),
        shipped.requirements,
    )


INSTALL: Final = "lambda: loads(data) and None"
"""What `preload` is on the receiver: a real function, of no argument, that returns None."""
