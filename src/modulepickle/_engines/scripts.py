"""What a script binds when another process executes its file, but not as `__main__`.

Outside API: `defined`.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import Any

__all__ = ["defined"]


@functools.lru_cache(maxsize=8)
def defined(path: str, _: int) -> frozenset[str] | None:
    """Return the names that a file binds when run as `__mp_main__`, or None for any name."""
    with open(path, "rb") as file:
        tree = ast.parse(file.read())
    names = frozenset(_bound(tree.body))
    return None if "*" in names else names


def _bound(body: list[Any]) -> Iterator[str]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.If) and _is_guard(node.test):
            yield from _bound(node.orelse)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (each.asname or each.name.partition(".")[0] for each in node.names)
        else:
            inside = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
            cases = [*getattr(node, "handlers", []), *getattr(node, "cases", [])]
            for each in (*inside, *(case.body for case in cases)):
                yield from _bound(each) if isinstance(each, list) else ()
            yield from (
                each.id
                for each in ast.walk(node)
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            )


def _is_guard(test: ast.expr) -> bool:
    """Tell whether a condition is `__name__ == "__main__"`, either way round."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, *test.comparators]
    return any(isinstance(each, ast.Name) and each.id == "__name__" for each in sides) and any(
        isinstance(each, ast.Constant) and each.value == "__main__" for each in sides
    )
