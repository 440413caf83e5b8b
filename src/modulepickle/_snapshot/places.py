"""The files that a module opens by its own place, worked out from its source.

`Path(__file__).parent.parent / "VERSION"` names one file, and Python need not run to tell which: an
expression of `__file__`, constants, and the usual functions of `pathlib` and `os.path` has one
value. Names count that are bound once, in the module, in the function, or in another module of the
package, from which they are imported. What depends on anything else is not known.

Outside API: `looked_for`. Nothing here imports user code.
"""

from __future__ import annotations

import ast
import glob
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from importlib.util import resolve_name
from pathlib import PurePath
from typing import Any, Final

from modulepickle._snapshot.beside import seems_to_look
from modulepickle._snapshot.files import File, module_of
from modulepickle._snapshot.imports import UNREADABLE, parsed

__all__ = ["looked_for"]

Constants = Mapping[str, Mapping[str, Any]]
"""Dotted name of a module -> the names in it that stand for places."""

HERE: Final = "<here>"
"""Stands before a path that was made from `__file__`: so it is told from any other text."""

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class _Unknown(Exception):
    """The value of an expression is not known."""


class _Scope:
    """The names of a module or function.

    Attributes:
        values: name -> the expression that it is bound to; None if it is bound otherwise or twice.
    """

    def __init__(self, above: _Scope | None, body: list[ast.stmt], args: Any = None) -> None:
        self._above = above
        self.values: dict[str, Any] = {}
        for node in ast.walk(args) if args is not None else ():
            if isinstance(node, ast.arg):
                self.values[node.arg] = None
        simple: dict[int, Any] = {}
        for node in (each for statement in body for each in _inside(statement)):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                simple[id(node.targets[0])] = node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                simple[id(node.target)] = node.value
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self.values[node.id] = None if node.id in self.values else simple.get(id(node))
            elif isinstance(node, DEFINITIONS):
                self.values[node.name] = None

    def find(self, name: str) -> Any:
        """Return the expression that a name is bound to, and where."""
        if name in self.values:
            return self.values[name], self
        if self._above is None:
            raise _Unknown
        return self._above.find(name)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those in it, but not what is in functions and classes."""
    yield node
    if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        for child in ast.iter_child_nodes(node):
            yield from _inside(child)


class _Module:
    """What is known of one module while its expressions are worked out."""

    def __init__(self, tree: ast.Module, path: str, package: str, known: Constants) -> None:
        self._path = path
        self._known = known
        self.top = _Scope(None, tree.body)
        self._imports: dict[str, tuple[str, str]] = {}
        self._busy: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname or "." not in alias.name:
                        self._imports[alias.asname or alias.name] = alias.name, ""
            elif isinstance(node, ast.ImportFrom):
                try:
                    module = resolve_name("." * node.level + (node.module or ""), package)
                except ImportError:
                    continue
                for alias in node.names:
                    self._imports[alias.asname or alias.name] = module, alias.name

    def value(self, node: Any, scope: _Scope) -> Any:
        """Return the text or path that an expression stands for.

        Raises:
            _Unknown: if that is not known.
        """
        if id(node) in self._busy:
            raise _Unknown
        self._busy.add(id(node))
        try:
            return VALUES.get(type(node), _Module._unknown)(self, node, scope)
        finally:
            self._busy.discard(id(node))

    def _unknown(self, node: Any, scope: _Scope) -> Any:
        raise _Unknown

    def _constant(self, node: ast.Constant, scope: _Scope) -> Any:
        if isinstance(node.value, (str, int)):
            return node.value
        raise _Unknown

    def _name(self, node: ast.Name, scope: _Scope) -> Any:
        if node.id == "__file__":
            return HERE + self._path
        try:
            found, where = scope.find(node.id)
        except _Unknown:
            return self._of_module(*self._imports.get(node.id, ("", "")))
        return self.value(found, where)

    def _of_module(self, module: str, name: str) -> Any:
        try:
            return self._known[module][name]
        except KeyError:
            raise _Unknown from None

    def _attribute(self, node: ast.Attribute, scope: _Scope) -> Any:
        if node.attr in ("pardir", "sep", "curdir") and _last(node.value) in ("os", "path"):
            return {"pardir": "..", "sep": "/", "curdir": "."}[node.attr]
        if isinstance(node.value, ast.Name) and node.value.id in self._imports:
            module, name = self._imports[node.value.id]
            return self._of_module(f"{module}.{name}" if name else module, node.attr)
        value = self.value(node.value, scope)
        if isinstance(value, PurePath) and node.attr in ("parent", "name", "stem"):
            return getattr(value, node.attr)
        raise _Unknown

    def _subscript(self, node: ast.Subscript, scope: _Scope) -> Any:
        inner: Any = node.value
        index = getattr(node.slice, "value", None)
        if getattr(inner, "attr", None) == "parents" and type(index) is int:
            value = self.value(inner.value, scope)
            if isinstance(value, PurePath) and 0 <= index < len(value.parents):
                return value.parents[index]
        raise _Unknown

    def _operation(self, node: ast.BinOp, scope: _Scope) -> Any:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if isinstance(node.op, ast.Div) and PurePath in (type(left).__mro__ + type(right).__mro__):
            return _joined(left, right)
        if isinstance(node.op, ast.Add) and type(left) is type(right) is str:
            return left + right
        raise _Unknown

    def _formatted(self, node: ast.JoinedStr, scope: _Scope) -> Any:
        parts: list[str] = []
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                if each.format_spec is not None or each.conversion not in (-1, 115):
                    raise _Unknown
                parts.append(str(self.value(each.value, scope)))
            else:
                parts.append(str(self.value(each, scope)))
        return "".join(parts)

    def _call(self, node: ast.Call, scope: _Scope) -> Any:
        name = _last(node.func)
        if node.keywords and name != "resolve":
            raise _Unknown
        if isinstance(node.func, ast.Attribute) and name in METHODS:
            value = self.value(node.func.value, scope)
            if isinstance(value, PurePath):
                return METHODS[name](value, *self._arguments(node, scope))
            raise _Unknown
        if name in CALLS and (name != "join" or len(node.args) > 1):  # not that of a text
            return CALLS[name](*self._arguments(node, scope))
        raise _Unknown

    def _arguments(self, node: ast.Call, scope: _Scope) -> list[Any]:
        return [self.value(each, scope) for each in node.args]


VALUES: Final[dict[type, Callable[[_Module, Any, _Scope], Any]]] = {
    ast.Constant: _Module._constant,
    ast.Name: _Module._name,
    ast.Attribute: _Module._attribute,
    ast.Subscript: _Module._subscript,
    ast.BinOp: _Module._operation,
    ast.JoinedStr: _Module._formatted,
    ast.Call: _Module._call,
}


def _last(node: ast.AST) -> str:
    """Return `c` of the expressions `c` and `a.b.c`."""
    return getattr(node, "attr", getattr(node, "id", ""))


def _joined(*parts: Any) -> PurePath:
    return PurePath(*map(_text, parts))


def _text(value: Any) -> str:
    if isinstance(value, (str, PurePath)):
        return os.fspath(value)
    raise _Unknown


def _normal(value: Any, *_: Any) -> Any:
    """Return a path without `..`; it is absolute, since it begins where the file is."""
    text = _text(value)
    if not text.startswith(HERE):
        raise _Unknown
    made = HERE + os.path.normpath(text[len(HERE) :])
    return PurePath(made) if isinstance(value, PurePath) else made


METHODS: Final[dict[str, Callable[..., Any]]] = {
    "resolve": _normal,
    "absolute": lambda path: path,
    "expanduser": lambda path: path,
    "as_posix": lambda path: _text(path),
    "joinpath": _joined,
    "with_name": lambda path, name: path.with_name(_text(name)),
    "with_suffix": lambda path, suffix: path.with_suffix(_text(suffix)),
}
"""What methods of paths return."""

CALLS: Final[dict[str, Callable[..., Any]]] = {
    "Path": _joined,
    "PurePath": _joined,
    "str": lambda value: _text(value),
    "fspath": lambda value: _text(value),
    "dirname": lambda path: os.path.dirname(_text(path)),
    "basename": lambda path: os.path.basename(_text(path)),
    "abspath": lambda path: _normal(_text(path)),
    "realpath": lambda path: _normal(_text(path)),
    "normpath": lambda path: _normal(_text(path)),
    "join": lambda *parts: os.path.join(*map(_text, parts)),
}
"""What functions return, by their last names."""

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
    module = _Module(tree, path, package, known)
    found = {}
    for name, node in module.top.values.items():
        value = _known_value(module, node, module.top)
        if value is not None:
            found[name] = value
    return found


def _value(module: _Module, node: Any, scope: _Scope) -> Any:
    """Return the text or path that an expression stands for; None if that is not known."""
    try:
        value = module.value(node, scope)
    except (_Unknown, TypeError, ValueError, IndexError):
        return None
    return value if isinstance(value, (str, PurePath)) else None


def _known_value(module: _Module, node: Any, scope: _Scope) -> Any:
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
    module = _Module(tree, path, package, known)
    todo: list[tuple[ast.AST, _Scope]] = [(tree, module.top)]
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
            inner = _Scope(scope, body, node.args)
        todo += ((child, inner) for child in ast.iter_child_nodes(node))


def _listed(module: _Module, node: ast.AST, scope: _Scope) -> str:
    """Return the folder or pattern that a call looks for files with; "" if it finds none."""
    if not isinstance(node, ast.Call):
        return ""
    name = _last(node.func)
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
