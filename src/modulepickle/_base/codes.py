"""Code objects.

Outside API: `nested`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType

__all__ = ["nested"]


def nested(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all code objects in it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from nested(const)
