"""The values of expressions that name places, worked out from a module's source.

An expression of `__file__`, constants, and the usual functions of `pathlib` and `os.path` has one
value. Names count that are bound once, in the module, in the function, or in another module of the
package, from which they are imported. What depends on anything else is not known.

Outside API: what is in `__all__`. Nothing here imports user code.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator, Mapping
from importlib.util import resolve_name
from pathlib import PurePath
from typing import Any, Final

__all__ = ["FUNCTIONS", "HERE", "Constants", "Scope", "Unknown", "Values", "last_name"]

Constants = Mapping[str, Mapping[str, Any]]
"""Dotted name of a module -> the names in it that stand for places."""

HERE: Final = "<here>"
"""Stands before a path that was made from `__file__`: so it is told from any other text."""

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Unknown(Exception):
    """The value of an expression is not known."""


class Scope:
    """The names of a module or function.

    Attributes:
        values: name -> the expression that it is bound to; None if it is bound otherwise or twice.
    """

    def __init__(self, above: Scope | None, body: list[ast.stmt], args: Any = None) -> None:
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
            raise Unknown
        return self._above.find(name)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those in it, but not what is in functions and classes."""
    yield node
    if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        for child in ast.iter_child_nodes(node):
            yield from _inside(child)


class Values:
    """The values of the expressions of one module, as far as they are known."""

    def __init__(self, tree: ast.Module, path: str, package: str, known: Constants) -> None:
        self._path = path
        self._known = known
        self.top = Scope(None, tree.body)
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

    def value(self, node: Any, scope: Scope) -> Any:
        """Return the text or path that an expression stands for.

        Raises:
            Unknown: if that is not known.
        """
        if id(node) in self._busy:
            raise Unknown
        self._busy.add(id(node))
        try:
            return VALUES.get(type(node), Values._unknown)(self, node, scope)
        finally:
            self._busy.discard(id(node))

    def _unknown(self, node: Any, scope: Scope) -> Any:
        raise Unknown

    def _constant(self, node: ast.Constant, scope: Scope) -> Any:
        if isinstance(node.value, (str, int)):
            return node.value
        raise Unknown

    def _name(self, node: ast.Name, scope: Scope) -> Any:
        if node.id == "__file__":
            return HERE + self._path
        try:
            found, where = scope.find(node.id)
        except Unknown:
            return self._of_module(*self._imports.get(node.id, ("", "")))
        return self.value(found, where)

    def _of_module(self, module: str, name: str) -> Any:
        try:
            return self._known[module][name]
        except KeyError:
            raise Unknown from None

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Any:
        if node.attr in ("pardir", "sep", "curdir") and last_name(node.value) in ("os", "path"):
            return {"pardir": "..", "sep": "/", "curdir": "."}[node.attr]
        if isinstance(node.value, ast.Name) and node.value.id in self._imports:
            module, name = self._imports[node.value.id]
            return self._of_module(f"{module}.{name}" if name else module, node.attr)
        value = self.value(node.value, scope)
        if isinstance(value, PurePath) and node.attr in ("parent", "name", "stem"):
            return getattr(value, node.attr)
        raise Unknown

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        inner: Any = node.value
        index = getattr(node.slice, "value", None)
        if getattr(inner, "attr", None) == "parents" and type(index) is int:
            value = self.value(inner.value, scope)
            if isinstance(value, PurePath) and 0 <= index < len(value.parents):
                return value.parents[index]
        raise Unknown

    def _operation(self, node: ast.BinOp, scope: Scope) -> Any:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if isinstance(node.op, ast.Div) and PurePath in (type(left).__mro__ + type(right).__mro__):
            return _joined(left, right)
        if isinstance(node.op, ast.Add) and type(left) is type(right) is str:
            return left + right
        raise Unknown

    def _formatted(self, node: ast.JoinedStr, scope: Scope) -> Any:
        parts: list[str] = []
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                if each.format_spec is not None or each.conversion not in (-1, 115):
                    raise Unknown
                parts.append(str(self.value(each.value, scope)))
            else:
                parts.append(str(self.value(each, scope)))
        return "".join(parts)

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        name = last_name(node.func)
        if node.keywords and name != "resolve":
            raise Unknown
        if isinstance(node.func, ast.Attribute) and name in METHODS:
            value = self.value(node.func.value, scope)
            if isinstance(value, PurePath):
                return METHODS[name](value, *self._arguments(node, scope))
            raise Unknown
        if name in CALLS and (name != "join" or len(node.args) > 1):  # not that of a text
            return CALLS[name](*self._arguments(node, scope))
        raise Unknown

    def _arguments(self, node: ast.Call, scope: Scope) -> list[Any]:
        return [self.value(each, scope) for each in node.args]


VALUES: Final[dict[type, Callable[[Values, Any, Scope], Any]]] = {
    ast.Constant: Values._constant,
    ast.Name: Values._name,
    ast.Attribute: Values._attribute,
    ast.Subscript: Values._subscript,
    ast.BinOp: Values._operation,
    ast.JoinedStr: Values._formatted,
    ast.Call: Values._call,
}


def last_name(node: ast.AST) -> str:
    """Return `c` of the expressions `c` and `a.b.c`."""
    return getattr(node, "attr", getattr(node, "id", ""))


def _joined(*parts: Any) -> PurePath:
    return PurePath(*map(_text, parts))


def _text(value: Any) -> str:
    if isinstance(value, (str, PurePath)):
        return os.fspath(value)
    raise Unknown


def _normal(value: Any, *_: Any) -> Any:
    """Return a path without `..`; it is absolute, since it begins where the file is."""
    text = _text(value)
    if not text.startswith(HERE):
        raise Unknown
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
