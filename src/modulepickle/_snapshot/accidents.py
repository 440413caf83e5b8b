"""Submodules that code reaches as attributes, and does not import: `import pkg`, then `pkg.sub.x`.

That works here since somebody else has imported `pkg.sub`, and would not on a receiver, where
nobody has. So such submodules are imported there, before anything of the package is used.

A file is parsed only if its text has such a chain of names at all.

Outside API: `reached_by_attribute`, `uses`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from modulepickle._snapshot.files import File

__all__ = ["reached_by_attribute", "uses"]


def reached_by_attribute(files: Iterable[File], loaded: Iterable[str]) -> tuple[str, ...]:
    """Return those of some modules that files reach as attributes without an import of their own.

    Args:
        files: of the packages that travel. loaded: dotted names, of submodules imported here.
    """
    names = {name: name.encode() for name in loaded}
    found: dict[str, None] = {}
    for file in files:
        if not names or not file.name.endswith(".py"):
            continue
        content = file.content()
        near = [name for name, text in names.items() if text in content and _reads(text, content)]
        if near:
            used = _chains(content)
            imported = {*file.imports}
            found.update((name, None) for name in near if name in used and name not in imported)
    return tuple(name for name in names if name in found)


def _reads(name: bytes, content: bytes) -> bool:
    """Tell whether the text has a name outside of quotes, and of lines that begin as imports do."""
    pattern = rb"""^(?!\s*(?:import|from)\b).*(?<![\w."'])""" + re.escape(name) + rb"\b"
    return re.search(pattern, content, re.MULTILINE) is not None


def _chains(content: bytes) -> set[str]:
    """Return the dotted names of all attributes of attributes of names in some source."""
    import ast  # here, as with what follows: few processes parse anything

    from modulepickle._snapshot.imports import UNREADABLE, parsed

    try:
        tree = parsed(content)
    except UNREADABLE:
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = [*_parts(node)]
            found.add(".".join(reversed(parts)))
    return found


def uses(file: File, name: str) -> Iterator[str]:
    """Yield the dotted names in a file that begin with some name, as long as they stand there.

    What stands there by another name, as `import a.b as c` has it, is among them by its own.
    """
    content = file.content() if file.name.endswith(".py") else b""
    if file.uses is None and (b" as " in content or _reads(name.encode(), content)):
        file.uses = frozenset(_used(content))
    yield from sorted(each for each in file.uses or () if f"{each}.".startswith(f"{name}."))


def _used(content: bytes) -> set[str]:
    import ast

    from modulepickle._snapshot.imports import UNREADABLE, parsed

    try:
        tree = parsed(content)
    except UNREADABLE:
        return set()
    inner: set[int] = set()
    found: set[str] = set()
    names: dict[str, str] = {}
    for node in ast.walk(tree):  # what is outside comes first
        if isinstance(node, ast.Attribute):
            inner.add(id(node.value))
        if isinstance(node, ast.Import):
            names.update((each.asname, each.name) for each in node.names if each.asname)
        elif isinstance(node, (ast.Attribute, ast.Name)) and id(node) not in inner:
            found.add(".".join(reversed([*_parts(node)])))
    for each in [*found]:
        first, dot, rest = each.partition(".")
        found.add(names.get(first, first) + dot + rest)
    return found


def _parts(node: Any) -> Iterator[str]:
    """Yield the names of a chain, the last one first; one that begins elsewhere has no name.

    Of all nodes, only `ast.Attribute` has an `attr`, and only `ast.Name` an `id`.
    """
    while hasattr(node, "attr"):
        yield node.attr
        node = node.value
    yield getattr(node, "id", "")
