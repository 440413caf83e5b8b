"""The opcodes that ship: what stands in a pickle for the loader, a snapshot, a thing in it.

A reducer cannot write opcodes; it returns a tuple of objects, and the pickler writes those. So the
loader and each snapshot have stand-ins here, which reduce to the calls that make them on the
receiver. The pickler's memo sees to it that each is written once (R2).
"""

from __future__ import annotations

import pickle
from typing import Any, Final

from modulepickle._shipped import LOADER, LOADER_NAME
from modulepickle._shipped_rebuild import REBUILD, REBUILD_NAME
from modulepickle._snapshot import Shipped

__all__ = [
    "THE_LOADER", "Call", "Rebuilt", "Reduced", "TheLoader", "TheRebuilder",
    "reduce_call", "reduce_loader", "reduce_rebuilder", "reduce_rebuilt", "reduce_shipped",
]  # fmt: skip

Reduced = tuple[Any, ...]
"""What a reducer returns: callable, arguments, and perhaps state (`object.__reduce__`)."""

# Looked up, or made: `exec` and `setdefault` in this order, so that of two threads that make it at
# once both get the one that won, and nobody ever sees it half made.
STAGE0: Final = (
    "((m:=__import__('sys').modules).get(n:='%s')or exec(__import__('zlib').decompress(z),"
    "(t:=type(m['sys'])(n)).__dict__)or m.setdefault(n,t)).get"
)


class TheLoader:
    """Stands for the loader's `get` function on the receiver."""

    def __call__(self, *args: object) -> None:
        """Be callable, as the first item of a reduction has to be."""
        raise TypeError("only a receiver can call the loader")


THE_LOADER: Final = TheLoader()


def reduce_loader(_: TheLoader) -> Reduced:
    """Return the call that finds or makes the loader."""
    return eval, (STAGE0 % LOADER_NAME, {"z": LOADER})


class TheRebuilder(TheLoader):
    """Stands for the look-up of what `_rebuild` has, on the receiver."""


THE_REBUILDER: Final = TheRebuilder()


def reduce_rebuilder(_: TheRebuilder) -> Reduced:
    """Return the call that finds or makes the module that `_rebuild` becomes."""
    return eval, (STAGE0 % REBUILD_NAME, {"z": REBUILD})


class Rebuilt(TheLoader):
    """Stands for a function of `_rebuild`, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


def reduce_rebuilt(rebuilt: Rebuilt) -> Reduced:
    """Return the call that looks up a function of `_rebuild`."""
    return THE_REBUILDER, (rebuilt.name,)


class Call(TheLoader):
    """Stands for what a call returns on the receiver, where a reduction needs one in another."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts


def reduce_call(call: Call) -> Reduced:
    """Return the call."""
    return call.parts[0], call.parts[1:]


def reduce_shipped(shipped: Shipped, out_of_band: bool) -> Reduced:
    """Return the call that finds or makes a snapshot; its requirements are its state (R6)."""
    archive = pickle.PickleBuffer(shipped.archive) if out_of_band else shipped.archive
    # State, and not an argument: the requirements of packages may form a circle.
    return THE_LOADER, (shipped.name, shipped.digest, shipped.seal, archive), shipped.needs
