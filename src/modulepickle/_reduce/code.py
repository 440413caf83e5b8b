"""Code objects as bytes, for a Python like this one.

They are written by `marshal` in format 2, which has no references: references would depend on what
else the process holds (R4). `_reduce.places` finds the source text, for all other Pythons.

Outside API: `freeze`.
"""

from __future__ import annotations

import marshal
from types import CodeType
from typing import Any

__all__ = ["freeze"]


def freeze(code: CodeType) -> bytes:
    """Return a code object as `marshal` data, without file names, the same in every process."""
    odd: list[Any] = []
    data = marshal.dumps(_without(code, odd), 2)
    for index, const in enumerate(odd):
        data = data.replace(marshal.dumps(_stand_in(index), 2), _frozen(const))
    return data


def _stand_in(index: int) -> bytes:
    return b"<modulepickle %08d>" % index


def _without(const: Any, odd: list[Any]) -> Any:
    """Return a constant, with marks in place of what format 2 cannot hold in a stable order."""
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
    """Return the data of a constant: a sorted frozenset, or a slice, which 3.14 puts into code."""
    if isinstance(const, slice):
        return b":" + b"".join(map(_frozen, (const.start, const.stop, const.step)))
    if isinstance(const, frozenset):
        return b">" + len(const).to_bytes(4, "little") + b"".join(sorted(map(_frozen, const)))
    if type(const) is tuple:
        return b"(" + len(const).to_bytes(4, "little") + b"".join(map(_frozen, const))
    return marshal.dumps(const, 2)
