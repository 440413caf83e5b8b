"""What belongs to each process: its environment and its standard streams.

They go by reference, whatever they are here: the environment of the sender may hold passwords, its
streams may be a notebook's or a test's, and code that reads a variable or prints a line means those
of the process that it runs in.

So does a library that `ctypes` has loaded, which is refused: it would hold an address of here.

Outside API: `is_loaded_library`, `may_be_of_process`, `refuse_library`,
`reducer_of_process`.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from typing import Any, Final

from modulepickle._loader.emit import SYS, Call, Reduced
from modulepickle._reduce.state import Dump, Reducer

__all__ = [
    "is_loaded_library", "may_be_of_process", "reducer_of_process", "refuse_library",
]  # fmt: skip

STREAMS: Final = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
ENVIRONMENTS: Final = ("environ", "environb")
BELOW: Final = ("buffer", "raw")
"""The layers below a text stream: each is an attribute of the one before."""

OS: Final = Call(__import__, "os")


def may_be_of_process(kind: type) -> bool:
    """Tell whether objects of a type may be among these. It is quick, as every type is asked."""
    return hasattr(kind, "write") or hasattr(kind, "readline") or kind is ENVIRON


ENVIRON: Final = type(os.environ)


def reducer_of_process(otherwise: Reducer | None) -> Reducer:
    """Return the reducer for a type that may be one of these.

    Args:
        otherwise: the reducer of the type's other objects, or None for plain pickle's.
    """

    def reduce(dump: Dump, obj: Any) -> Any:
        for found, reduction in _found():
            if found is obj:
                return reduction
        return NotImplemented if otherwise is None else otherwise(dump, obj)

    return reduce


def _found() -> Iterator[tuple[Any, Reduced]]:
    for name in ENVIRONMENTS:
        yield getattr(os, name, OS), (getattr, (OS, name))  # Windows has no `environb`
    for name in STREAMS:
        yield from _layers(getattr(sys, name, None), (getattr, (SYS, name)))


def _layers(stream: Any, reduction: Reduced) -> Iterator[tuple[Any, Reduced]]:
    """Yield a stream and the layers that it has below."""
    if stream is None:  # a process without a console; None is pickled as None
        return
    yield stream, reduction
    for name in BELOW:
        try:
            stream = getattr(stream, name)
        except Exception:  # a stand-in may raise anything; a detached stream raises ValueError
            return
        reduction = getattr, (Call(*_flat(reduction)), name)
        yield stream, reduction


def _flat(reduction: Reduced) -> tuple[Any, ...]:
    function, arguments = reduction
    return function, *arguments


def is_loaded_library(kind: type) -> bool:
    """Tell whether objects of a type are libraries that `ctypes` has loaded."""
    found = getattr(sys.modules.get("ctypes"), "CDLL", None)
    plain: Any = object
    is_one = found is not None and issubclass(kind, found)
    return is_one and kind.__reduce_ex__ is plain.__reduce_ex__


def refuse_library(_: Dump, obj: Any) -> Any:
    """Refuse such a library.

    Raises:
        pickle.PicklingError: always.
    """
    raise pickle.PicklingError(
        f"Cannot pickle the library {obj._name!r}: ctypes has loaded it into this process"
    )
