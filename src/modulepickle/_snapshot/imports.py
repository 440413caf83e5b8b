"""Source text -> the names that it imports.

The sender has to know what a package requires before it pickles it, and may not run a line of it to
find out: importing has effects, and an import inside a function has not happened yet. So this
parses, and never raises because of what it finds: what cannot be parsed has no imports, and a DEBUG
line says so.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from modulepickle._base.process import log

__all__ = [
    "UNREADABLE",
    "computed",
    "fault",
    "import_lines",
    "imports",
    "is_tried",
    "parsed",
    "without_escapes",
]  # fmt: skip


def imports(source: bytes, module: str, is_package: bool, is_whole: bool = True) -> tuple[str, ...]:
    """Return the absolute dotted names that the source imports, each once, by first appearance.

    Statements count wherever they stand, inside functions too; `import_module("literal")` and
    `__import__("literal")` as well. `from a import b` gives `a` and `a.b`, since `b` may be a
    module. What stands under `if TYPE_CHECKING:` never runs, and does not count.

    Args:
        source: the file's bytes; their encoding is found as PEP 263 says.
        module: the dotted name of the module, which relative imports are resolved against.
        is_package: the file is the `__init__` of a package.
        is_whole: whether it is the whole file, so that a failure to parse it is worth a log line.
    """
    return tuple(import_lines(source, module, is_package, is_whole))


def import_lines(
    source: bytes, module: str, is_package: bool, is_whole: bool = True
) -> dict[str, int]:
    """Return the same names, each with the line of its first appearance, from 1."""
    if b"import" not in source:
        return {}
    try:
        tree = parsed(source)
    except UNREADABLE as error:
        if is_whole:
            log.debug("cannot parse %s, so its imports are unknown: %r", module, error)
        return {}
    package = module if is_package else module.rpartition(".")[0]
    calls = b"import_module" in source or b"__import__" in source
    lines: dict[str, int] = {}
    aliases = _aliases(tree) if calls else frozenset()
    for node in _walk(tree, _all_children if calls else _statements):
        for name in _imported(node, module, package, aliases):
            lines.setdefault(name, getattr(node, "lineno", 1))
    return lines


def _aliases(tree: ast.AST) -> frozenset[str]:
    """Return the names that a file gives to `import_module` in `from importlib import ... as`."""
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    names = (alias for node in statements for alias in node.names)
    return frozenset(each.asname for each in names if each.name == "import_module" and each.asname)


def is_tried(source: bytes, line: int) -> bool:
    """Tell whether a statement in a line stands in a `try` that goes on without what it imports."""
    try:
        tree = parsed(source)
    except UNREADABLE:
        return False
    tries = (node for node in ast.walk(tree) if isinstance(node, ast.Try))
    return any(
        node.body[0].lineno <= line < node.handlers[0].lineno
        for node in tries
        if node.handlers and any(map(_catches_missing, node.handlers))
    )


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    kinds = getattr(handler.type, "elts", [handler.type])
    return any(each is None or _last_name(each) in MISSING for each in kinds)


MISSING: Final = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def computed(source: bytes) -> list[int]:
    """Return the lines of the calls that import a module by a computed name."""
    if b"import_module" not in source and b"__import__" not in source:
        return []
    try:
        tree = parsed(source)
    except UNREADABLE:
        return []
    functions = {"import_module", "__import__", *_aliases(tree)}
    calls = (node for node in _walk(tree, _all_children) if isinstance(node, ast.Call))
    return [
        node.lineno
        for node in calls
        if _last_name(node.func) in functions
        and (node.args or node.keywords)
        and not isinstance(_literal(_argument(node, 0, "name")), str)
    ]


# The parsers of 3.9 to 3.11 raise MemoryError for a hundred nested brackets.
UNREADABLE: Final = (SyntaxError, ValueError, LookupError, RecursionError, MemoryError)


MOST_DOTS: Final = 20_000
"""Dots in one line: the time to parse a dotted name grows with the square of its length."""


LONGEST_CHAIN: Final = 2 * MOST_DOTS
"""Bytes of one `a.b.c()[0] + d`: 3.9 and 3.10 crash on what 3.11 refuses with a RecursionError."""

_CHAIN: Final = (
    rb"""(?:[ \t]*(?:[.][ \t]*\w+|\([^()\n]*\)|\[[^][\n]*\]|[-+*/%@&|^<>]{1,2}[ \t]*[\w.'"]+))+"""
)


def _is_too_deep(source: bytes) -> bool:
    """Tell whether Python may crash on source. Delete this when 3.10 is dropped."""
    if sys.version_info >= (3, 11) or len(source) < LONGEST_CHAIN:
        return False
    return any(each.end() - each.start() > LONGEST_CHAIN for each in re.finditer(_CHAIN, source))


def parsed(source: bytes) -> ast.Module:
    """Return the tree of source.

    Raises:
        ValueError: if it would take long, or crash. Else see `UNREADABLE`.
    """
    if source.count(b".") > MOST_DOTS:
        lines = source.replace(b"\\\r\n", b"").replace(b"\\\n", b"").splitlines()
        if any(line.count(b".") > MOST_DOTS and b"import" in line for line in lines):
            raise ValueError(f"a line that imports has more than {MOST_DOTS:,} dots")
    if _is_too_deep(source):
        raise ValueError(f"an expression is longer than {LONGEST_CHAIN:,} bytes")
    return ast.parse(without_escapes(source))


def fault(source: bytes) -> str:
    """Return why source cannot be parsed, as `3 (invalid syntax)` with the line; "" if it can."""
    try:
        parsed(source)
    except UNREADABLE as error:
        return f"{getattr(error, 'lineno', None) or 1} ({getattr(error, 'msg', None) or error})"
    return ""


# No character has a name of 200 letters. Without a limit, each match would search to the end.
_ESCAPE: Final = re.compile(rb"\\(N\{[^}\r\n]{0,200}\}|.)", re.DOTALL)


def without_escapes(source: bytes) -> bytes:
    r"""Replace the backslash escapes in string literals, for the parser warns about invalid ones.

    A `"\d"` is a SyntaxWarning each time it is parsed, and an error under `-W error`. Hiding it
    with `warnings.catch_warnings` would swap the filters of the whole process, under the feet of
    its other threads. No import depends on an escape, so they go; those that end a line or keep a
    quote stay.
    """
    return _ESCAPE.sub(_plain, source) if b"\\" in source else source


def _plain(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if escaped in (b"\n", b"\r", b"\\", b"'", b'"'):
        return match[0]
    # `\N{DASH}` goes as a whole: in an f-string, the rest of it would be an expression.
    return b"_" + (b"_" * len(escaped) if escaped.startswith(b"N{") else escaped)


def _walk(tree: ast.AST, children: Callable[[ast.AST], Iterable[ast.AST]]) -> Iterator[ast.AST]:
    """Yield nodes in the order of the text. Not recursive, since a chain of `elif` nests deeply."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed([*children(node)]))


def _all_children(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.If) and _checks_types(node.test) is not None:
        return _statements(node)
    return ast.iter_child_nodes(node)


def _statements(node: ast.AST) -> list[ast.AST]:
    """Return the statements directly in a node; expressions hold none."""
    found: list[ast.AST] = []
    skipped = _dead_branch(node)
    for block in ("body", "cases", "handlers", "orelse", "finalbody"):
        inner = getattr(node, block, None)
        if block != skipped and isinstance(inner, list):  # the body of a lambda is an expression
            found += inner
    return found


def _dead_branch(node: ast.AST) -> str | None:
    """Return which block of an `if TYPE_CHECKING:` or `if not TYPE_CHECKING:` never runs."""
    if not isinstance(node, ast.If):
        return None
    return {True: "body", False: "orelse", None: None}[_checks_types(node.test)]


def _checks_types(test: ast.expr) -> bool | None:
    """Return True for `TYPE_CHECKING`, `typing.TYPE_CHECKING`; False for `not` of it; else None."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _checks_types(test.operand)
        return None if inner is None else not inner
    return True if _last_name(test) == "TYPE_CHECKING" else None


def _imported(node: ast.AST, module: str, package: str, aliases: frozenset[str]) -> Iterator[str]:
    """Yield the absolute names that one node imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node.level, node.module or "", package)
        if base:
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
    elif isinstance(node, ast.Call):
        name = _called(node, module, package, aliases)
        if name and all(name.split(".")):
            yield name


def _absolute(level: int, name: str, package: str) -> str | None:
    """Resolve a relative name as `importlib` does; None if it climbs out of the top level."""
    if level == 0:
        return name
    parts = package.split(".") if package else []
    if level > len(parts):
        return None
    return ".".join(parts[: len(parts) - level + 1] + ([name] if name else []))


def _called(call: ast.Call, module: str, package: str, aliases: frozenset[str]) -> str | None:
    """Return the absolute name that `import_module("...")` or `__import__("...")` imports."""
    function = _last_name(call.func)
    name = _literal(_argument(call, 0, "name"))
    if not isinstance(name, str):
        return None
    if function == "import_module" or function in aliases:
        bare = name.lstrip(".")
        anchor = _anchor(_argument(call, 1, "package"), module, package)
        return _absolute(len(name) - len(bare), bare, anchor)
    if function == "__import__":
        level = _literal(_argument(call, 4, "level"))
        return _absolute(level if isinstance(level, int) and level > 0 else 0, name, package)
    return None


def _last_name(node: ast.expr) -> str | None:
    """Return `c` of the expressions `c` and `a.b.c`."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _argument(call: ast.Call, position: int, keyword: str) -> ast.expr | None:
    if position < len(call.args):
        return call.args[position]
    return next((given.value for given in call.keywords if given.arg == keyword), None)


def _literal(node: ast.expr | None) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


def _anchor(node: ast.expr | None, module: str, package: str) -> str:
    """Return what `import_module(".x", package=...)` is relative to; "" if it is computed."""
    if isinstance(node, ast.Name):
        return {"__package__": package, "__name__": module}.get(node.id, "")
    literal = _literal(node)
    return literal if isinstance(literal, str) else ""
