"""The files that a module opens by its own place, worked out from its source.

`Path(__file__).parent.parent / "VERSION"` names one file, and Python need not run to tell which
(see `path_values`).

Outside API: `looked_for`. Nothing here imports user code.
"""

from __future__ import annotations

import ast
import glob
import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

from modulepickle._snapshot.beside import seems_to_look
from modulepickle._snapshot.files import File, module_of
from modulepickle._snapshot.imports import UNREADABLE, parsed
from modulepickle._snapshot.path_values import (
    FUNCTIONS,
    HERE,
    Constants,
    Scope,
    Unknown,
    Values,
    last_name,
)

__all__ = ["looked_for"]

LISTS: Final = frozenset({"iterdir", "listdir", "scandir", "walk", "rglob"})
"""Methods and functions that look at all that is in a folder."""


def looked_for(
    files: Mapping[str, File], root: str, explained: dict[str, set[str]]
) -> Iterator[tuple[str, str]]:
    """Yield what the modules of a package look for by their place: a module's file, and a path.

    Args:
        files: of the package, by archive-relative path. root: the folder that these begin in.
        explained: is filled: a module's file -> the texts in it that were parts of such paths, or
        of paths that have nothing to do with its place.
    """
    sources = {name: file for name, file in files.items() if name.endswith(".py")}
    known: dict[str, dict[str, Any]] = {}
    trees: dict[str, Any] = {}
    # First the modules that know their own place, then those that have it from them.
    for is_first in (True, False):
        words = _words(known)
        for name, file in sources.items():
            content = file.content()
            tells = seems_to_look(content) if is_first else _has_one(words, content)
            if tells and name not in trees:
                try:
                    tree = parsed(content)
                    found = constants(tree, *_place(name, root), known)
                except UNREADABLE:
                    continue
                trees[name] = tree
                if found:
                    known[module_of(name)[0]] = found
    for name, tree in trees.items():
        texts = explained[name] = set()
        try:
            for path in places(tree, *_place(name, root), known, texts):
                yield name, path
        except RecursionError:  # an expression is nested too deeply for this
            continue


def _words(known: Constants) -> list[tuple[bytes, bytes]]:
    """Return the names that stand for places, and a word of the statements that import each."""
    return [
        (name.encode(), module.rpartition(".")[2].encode())
        for module, names in known.items()
        for name in names
    ]


def _has_one(words: list[tuple[bytes, bytes]], content: bytes) -> bool:
    is_relative = b"from ." in content
    return any(name in content and (is_relative or home in content) for name, home in words)


def _place(name: str, root: str) -> tuple[str, str]:
    """Return the path of a module, and the package that its relative imports begin in."""
    module, is_package = module_of(name)
    path = os.path.join(root, *name.split("/"))
    return path, module if is_package else module.rpartition(".")[0]


def constants(tree: ast.Module, path: str, package: str, known: Constants) -> dict[str, Any]:
    """Return the names of a module that stand for places.

    Args:
        tree: of its source. path: of its file, absolute. package: what relative imports are
        resolved against. known: the names of other modules.
    """
    module = Values(tree, path, package, known)
    found = {}
    for name, node in module.top.values.items():
        value = _known_value(module, node, module.top)
        if value is not None:
            found[name] = value
    return found


def _value(module: Values, node: Any, scope: Scope) -> Any:
    """Return the text or path that an expression stands for; None if that is not known."""
    try:
        value = module.value(node, scope)
    except (Unknown, TypeError, ValueError, IndexError):
        return None
    return value if isinstance(value, (str, PurePath)) else None


def _known_value(module: Values, node: Any, scope: Scope) -> Any:
    """Return the value of an expression of `__file__`; None if it is none, or not known."""
    value = _value(module, node, scope)
    return value if str(value).startswith(HERE) else None


def _behind_here(value: Any) -> str:
    """Return a path that was made from `__file__`; "" if it was not."""
    text = str(value)
    return text[len(HERE) :] if text.startswith(HERE) else ""


PARTED: Final = (ast.Attribute, ast.Subscript, ast.BinOp, ast.JoinedStr, ast.Call)
"""The expressions that have parts."""


def _texts(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def places(
    tree: ast.Module, path: str, package: str, known: Constants, explained: set[str]
) -> Iterator[str]:
    """Yield the absolute paths of files that a module opens by its own place, if they exist.

    Of those that it looks for in a folder, by a pattern or one by one, the folder or the pattern.

    Args:
        tree, path, package, known: as for `constants`. explained: texts are added.
    """
    module = Values(tree, path, package, known)
    todo: list[tuple[ast.AST, Scope]] = [(tree, module.top)]
    while todo:
        node, scope = todo.pop()
        listed = _listed(module, node, scope)
        if listed:
            yield listed
        value = _value(module, node, scope) if type(node) in PARTED else None
        if value is not None:
            explained.update(_texts(node))
            found = os.path.normpath(_behind_here(value))
            if found != "." and os.path.isfile(found):
                yield found
            continue
        inner = scope
        if isinstance(node, FUNCTIONS):
            body = node.body if isinstance(node.body, list) else []
            inner = Scope(scope, body, node.args)
        todo += ((child, inner) for child in ast.iter_child_nodes(node))


def _listed(module: Values, node: ast.AST, scope: Scope) -> str:
    """Return the folder or pattern that a call looks for files with; "" if it finds none."""
    if not isinstance(node, ast.Call):
        return ""
    name = last_name(node.func)
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    folder = _known_value(module, owner, scope)
    first = _known_value(module, node.args[0], scope) if node.args else None
    if folder is not None and name == "glob" and node.args:
        pattern = getattr(node.args[0], "value", None)
        text = f"{folder}/{pattern}" if isinstance(pattern, str) else ""
    elif first is not None and name in ("glob", "iglob"):
        text = str(first)
    elif name in LISTS:
        text = str(folder if folder is not None else first or "")
    else:
        return ""
    found = posixpath.normpath(_behind_here(text).replace(os.sep, "/"))
    wanted = f"{found}/*" if name in LISTS else found
    return found if found != "." and next(glob.iglob(wanted), "") else ""
