"""Code objects as bytes, for a Python like this one.

Written with `marshal` in format 2, which has no references: they depend on what else the process
holds (R4). The source text, for all other Pythons, is found by `_reduce.places`.

Outside API: `freeze`, `nested`.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from types import CodeType
from typing import Any

__all__ = ["freeze", "nested"]


def freeze(code: CodeType) -> bytes:
    """Return a code object as `marshal` data that is the same in every process; no file names."""
    odd: list[Any] = []
    data = marshal.dumps(_without(code, odd), 2)
    for index, const in enumerate(odd):
        data = data.replace(marshal.dumps(_stand_in(index), 2), _frozen(const))
    return data


def _stand_in(index: int) -> bytes:
    return b"<modulepickle %08d>" % index


def _without(const: Any, odd: list[Any]) -> Any:
    """Return a constant with marks for what format 2 cannot hold, or not in one order."""
    if isinstance(const, CodeType):
        consts = tuple(_without(each, odd) for each in const.co_consts)
        return const.replace(co_consts=consts, co_filename="")
    if type(const) is tuple:
        return tuple(_without(each, odd) for each in const)
    if isinstance(const, (frozenset, slice)):
        odd.append(const)
        return _stand_in(len(odd) - 1)
    return const


def _frozen(const: Any) -> bytes:
    """Return the data of a constant: frozensets sorted, and slices, which 3.14 puts into code."""
    if isinstance(const, slice):
        return b":" + b"".join(map(_frozen, (const.start, const.stop, const.step)))
    if isinstance(const, frozenset):
        return b">" + len(const).to_bytes(4, "little") + b"".join(sorted(map(_frozen, const)))
    if type(const) is tuple:
        return b"(" + len(const).to_bytes(4, "little") + b"".join(map(_frozen, const))
    return marshal.dumps(const, 2)


def nested(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object, and all that stand in it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from nested(const)
