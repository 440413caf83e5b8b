"""What each lambda of a file compiles to, where several stand in one line.

A code object says its name and first line, which is the same for all of them. Their order does not
tell which is which: the compiler's is not that of the text (it begins with the value of an
assignment, and with keyword-only defaults), and one lambda may stand in another. So the file is
compiled once more with each lambda in lines of its own, which its code object then says.

Outside API: `as_data`, `compiled_apart`, `lambdas_in`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from types import CodeType
from typing import Any

from modulepickle._reduce.code import freeze

__all__ = ["as_data", "compiled_apart", "lambdas_in"]


def as_data(code: CodeType, alone: bool = False) -> bytes:
    """Return all that code does as data, without the place where it stands.

    Args:
        code: what to return. alone: leave out its qualified name as well, since its text stands
        without what was around it.
    """
    return freeze(_without_place(code, alone))


def _without_place(code: CodeType, alone: bool) -> CodeType:
    consts = tuple(
        _without_place(each, alone) if isinstance(each, CodeType) else each
        for each in code.co_consts
    )
    # That of 3.9, the last to have it, is `co_lnotab`.
    more: dict[str, Any] = {"co_linetable" if sys.version_info >= (3, 10) else "co_lnotab": b""}
    if alone and sys.version_info >= (3, 11):
        more["co_qualname"] = code.co_name
    elif alone:  # up to 3.10 those of the functions in it are constants
        consts = tuple(_last(each) if isinstance(each, str) else each for each in consts)
    return code.replace(co_consts=consts, co_firstlineno=1, **more)


def _last(text: str) -> str:
    return text.rpartition(".")[2] if "<locals>." in text else text


def lambdas_in(node: ast.AST, depth: int = 0) -> Iterator[tuple[ast.Lambda, int]]:
    """Yield all lambdas of a tree in the order of the text, and in how many others each stands."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda):
            yield child, depth
            yield from lambdas_in(child, depth + 1)
        else:
            yield from lambdas_in(child, depth)


def compiled_apart(
    text: str, tops: Callable[[ast.Module], Iterable[CodeType]], alone: bool
) -> list[set[bytes]]:
    """Return what each lambda of a file compiles to, in the order of the text, as data.

    First all are moved that stand in no other, then those in them, and so on: a lambda is moved as
    a whole, since code may depend on which of its parts share a line.

    Args:
        text: of the file. tops: compiles its tree, to one code object or to several. alone: as
        `as_data` takes it.
    """
    tree = ast.parse(text)
    found = [*lambdas_in(tree)]
    made: list[set[bytes]] = [set() for _ in found]
    for depth in range(1 + max((each for _, each in found), default=-1)):
        line = text.count("\n") + 2
        starts: dict[int, int] = {}
        moved = []
        for index, (node, deep) in enumerate(found):
            if deep == depth:
                starts[line] = index
                moved.append((node, node.lineno - line))
                _move(node, line - node.lineno)
                line = (node.end_lineno or line) + 1
        for top in tops(tree):
            for code in _beginning_at(starts, top):  # the body of a `finally` is compiled twice
                made[starts[code.co_firstlineno]].add(as_data(code, alone))
        for node, back in moved:
            _move(node, back)
    return made


def _move(node: ast.Lambda, lines: int) -> None:
    """Move a lambda, without its defaults, which are no part of its code."""
    ast.increment_lineno(node.body, lines)
    node.lineno += lines
    node.end_lineno = (node.end_lineno or 0) + lines


def _beginning_at(lines: Container[int], code: CodeType) -> Iterator[CodeType]:
    """Yield the lambdas that begin in some lines, but not those in them."""
    if code.co_name == "<lambda>" and code.co_firstlineno in lines:
        yield code
        return
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _beginning_at(lines, const)
