"""Code objects as source text, for Pythons that cannot read the sender's bytecode.

Source text is sent only where it is proved to be that of the code: the whole file is compiled
again, and must contain exactly this code object. (The `def` alone is not enough: a name that is
imported at file level compiles to other opcodes than one that is not. A notebook compiles each
statement of a cell by itself, so that is tried next.)

The text is that of the `def` or `lambda` itself, from its first word on: decorators and the
statement around it stay here, since they may hold a password. What the receiver must know of the
surroundings goes along: the names of enclosing functions and classes, and of free variables.

Outside API: what is in `__all__`. Import it only to pickle by value: the import takes long.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import os
import re
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, Final, NamedTuple, Union

from modulepickle._base.codes import nested
from modulepickle._loader.registry import registry
from modulepickle._reduce.lambdas import as_data, compiled_apart, lambdas_in
from modulepickle._snapshot.files import held_lines

__all__ = ["MARKED", "TO_MATCH", "Place", "SourceFile", "label", "locate", "source_file"]

Definition = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda]
DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

# The other features of `__future__` have had no effect since Python 3.0 (or 3.7).
FUTURE: Final = __future__.annotations.compiler_flag | __future__.barry_as_FLUFL.compiler_flag
TO_MATCH: Final = FUTURE | __future__.generator_stop.compiler_flag


class Place(NamedTuple):
    """Where a code object stands in its source. Lines count from 1; columns from 0, in bytes."""

    text: str
    line: int
    column: int
    end: tuple[int, int]
    flags: int
    free: tuple[str, ...]
    around: tuple[str, ...]
    """`class C` or `def f` for each definition around it, outermost first."""


class SourceFile:
    """A source file, compiled: where each definition in it stands.

    Attributes:
        text: of the file. codes: name and first line -> code objects. nodes: the same -> functions.
        classes: qualified name -> classes; each with what is around it, as a `Place` has it.
        alone: whether it is a text that came in a pickle, and not the whole file.
    """

    def __init__(self, text: str, name: str, flags: int, alone: bool = False) -> None:
        self.text, self.alone = text, alone
        self.codes: dict[tuple[str, int], list[CodeType]] = {}
        self.nodes: dict[tuple[str, int], list[tuple[Definition, tuple[str, ...]]]] = {}
        self.classes: dict[str, list[tuple[ast.ClassDef, tuple[str, ...]]]] = {}
        with warnings.catch_warnings():  # they were shown when it was run first
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            self._name, self._flags, self._body = name, flags, tree.body
            self._add(compile(text, name, "exec", flags, True))
        self._index(tree, ())
        self._one_by_one = False
        self._apart: list[dict[int, set[bytes]]] = []

    def _add(self, top: CodeType) -> None:
        for code in nested(top):
            self.codes.setdefault((code.co_name, code.co_firstlineno), []).append(code)

    def _index(self, node: ast.AST, around: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inner = around
            if isinstance(child, DEFINITIONS):
                self.nodes.setdefault(_key(child), []).append((child, around))
                inner = (*around, f"def {getattr(child, 'name', '_')}")
            elif isinstance(child, ast.ClassDef):
                self.classes.setdefault(_title(child, around), []).append((child, around))
                inner = (*around, f"class {child.name}")
            self._index(child, inner)

    def holds(self, code: CodeType) -> bool:
        """Tell whether compiling the file, or its statements one by one, gives exactly this."""
        key = code.co_name, code.co_firstlineno
        if code in self.codes.get(key, ()):
            return True
        if not self._one_by_one and key in self.codes:
            self._one_by_one = True
            for top in self._compiled_one_by_one(ast.Module(self._body, [])):
                self._add(top)
        if self.alone and key in self.codes:  # its columns are others there
            same = as_data(code, True)
            return any(as_data(each, True) == same for each in self.codes[key])
        return code in self.codes.get(key, ())

    def _compiled(self, tree: ast.Module) -> Iterator[CodeType]:
        yield compile(tree, self._name, "exec", self._flags, True)

    def _compiled_one_by_one(self, tree: ast.Module) -> Iterator[CodeType]:
        for statement in tree.body:
            try:
                yield from self._compiled(ast.Module([statement], []))
            except SyntaxError:  # a `from __future__` that does not stand first any more
                continue

    def written_as(self, code: CodeType) -> list[tuple[Definition, tuple[str, ...]]]:
        """Return those of the lambdas in a line that compile to this: they all do the same."""
        nodes, same = self.nodes[code.co_name, code.co_firstlineno], as_data(code, self.alone)
        for index, tops in enumerate((self._compiled, self._compiled_one_by_one)):
            if len(self._apart) == index:
                self._apart.append(self._compiled_apart(tops))
            found = [each for each in nodes if same in self._apart[index].get(id(each[0]), ())]
            if found:
                return found
        return []

    def _compiled_apart(
        self, tops: Callable[[ast.Module], Iterator[CodeType]]
    ) -> dict[int, set[bytes]]:
        """Return what each lambda compiles to, by the id of its node."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = compiled_apart(self.text, tops, self.alone)
        nodes = lambdas_in(ast.Module(self._body, []))
        return {id(node): each for (node, _), each in zip(nodes, made)}


def _title(node: ast.ClassDef, around: tuple[str, ...]) -> str:
    """Return the qualified name of a class."""
    heads = (each.partition(" ") for each in around)
    return "".join(
        f"{name}{'' if kind == 'class' else '.<locals>'}." for kind, _, name in heads
    ) + (node.name)


def _key(node: Definition) -> tuple[str, int]:
    """Return name and first line, as the code object of a definition has them."""
    if isinstance(node, ast.Lambda):
        return "<lambda>", node.lineno
    return node.name, min([node.lineno, *(each.lineno for each in node.decorator_list)])


_files: dict[tuple[str, int], tuple[Any, SourceFile | None]] = {}


def source_file(name: str, flags: int, held: list[str] | None = None) -> SourceFile | None:
    """Return the file that code says it is of, if it can be read and compiled."""
    lines: Any = linecache.getlines(name) if held is None else held
    received = registry.sources.get(name)
    if received is not None:  # the `def` begins a line here, whatever preceded it on the sender
        lines = received
    known = _files.get((name, flags))
    # linecache keeps the list as long as nothing happens to the file.
    if known is not None and known[0] is lines:
        return known[1]
    file = None
    if lines:
        text = "".join(lines) if received is None else "\n" * (received[1] - 1) + received[0]
        try:
            file = SourceFile(text, name, flags, received is not None)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    if len(_files) >= 64:  # cells of a long session
        _files.clear()
    _files[name, flags] = lines, file
    return file


def locate(code: CodeType, fresh: bool) -> Place | None:
    """Return where a function's code stands in its source, or None if that is uncertain.

    Args:
        code: of a `def` or `lambda`.
        fresh: use what is on disk now, and not what was read before.
    """
    received = _received(code)
    if received is not None:
        return received
    lines = held_lines(code.co_filename) if fresh else None
    if fresh and lines is None:
        linecache.checkcache(code.co_filename)
    file = source_file(code.co_filename, code.co_flags & TO_MATCH, lines)
    if file is None or not file.holds(code):
        return None
    found = file.nodes.get((code.co_name, code.co_firstlineno), [])
    if len(found) > 1:
        found = file.written_as(code)
    if not found:
        return None
    node, around = next((each for each in found if _covers(each[0], code)), found[0])
    column = node.col_offset
    source = registry.sources.get(code.co_filename)
    if source is not None:  # its place is in the text that came, not in a whole file
        column += source[2] if node.lineno == source[1] else 0
        around = (*source[5:], *around)
    text = ast.get_source_segment(file.text, node)
    if text is None or not _reads(text, node):
        return None
    end = node.end_lineno or 0, node.end_col_offset or 0
    flags = code.co_flags & FUTURE
    return Place(text, node.lineno, column, end, flags, code.co_freevars, around)


def _parsed(text: str) -> Any:
    """Return the node of a definition's own text."""
    statement = ast.parse(f"({text})" if text.startswith("lambda") else text).body[0]
    return getattr(statement, "value", statement)


def _reads(text: str, node: Definition) -> bool:
    """Tell whether a text parses as a definition: up to 3.11, positions in f-strings are wrong."""
    try:
        alone = _parsed(text)
    except SyntaxError:
        return False
    body: list[Any] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
    same: list[Any] = [alone.body] if isinstance(alone, ast.Lambda) else [*alone.body]
    return type(alone) is type(node) and [*map(ast.dump, (alone.args, *same))] == [
        *map(ast.dump, (node.args, *body))
    ]


def _covers(node: Definition, code: CodeType) -> bool:
    """Tell whether all columns in code lie within a definition; 3.9 and 3.10 record none."""
    if sys.version_info < (3, 11):
        return True
    first = node.lineno, node.col_offset
    last = node.end_lineno, node.end_col_offset
    return all(
        None in place or (first <= (place[0], place[2]) and (place[1], place[3]) <= last)
        for place in code.co_positions()
        if place[2:] != (0, 0)
    )


MARKED: Final = re.compile(" [0-9a-f]{8}$")
"""What `label` appends to a name. For code that was received, it is made anew (R4)."""


def label(code: CodeType, place: Place | None) -> str:
    """Return the file name that code gets on the receiver: without folder, one for each text."""
    name = MARKED.sub("", os.path.basename(code.co_filename).strip("<>"))
    if place is None:
        return f"<{name}>"
    mark = zlib.crc32(repr((place.text, place.line, place.around)).encode())
    return code.co_filename if _received(code) else f"<{name} {mark:08x}>"


def _received(code: CodeType) -> Place | None:
    """Return the place of code that came in a pickle: its text is not a file here."""
    source = registry.sources.get(code.co_filename)
    if source is None:
        return None
    text, line, column, flags, free, *around = source
    node = _parsed(text)  # other code objects in it have no text of their own
    if getattr(node, "name", "<lambda>") != code.co_name or free != code.co_freevars:
        return None
    if len([*nested(code)]) != _size(node, free):  # it stands in it, under the same name
        return None
    return Place(text, line, column, (0, 0), flags, free, tuple(around))


def _size(node: Any, free: tuple[str, ...]) -> int:
    """Return how many code objects a definition that stands alone has, with all that are in it."""
    name = getattr(node, "name", "<lambda>")
    node.args.defaults, node.args.kw_defaults = [], [None] * len(node.args.kwonlyargs)
    node.type_params = []
    tree = ast.parse(f"def _({','.join(free)}): 0")
    around: Any = tree.body[0]
    around.body.append(ast.Expr(node) if isinstance(node, ast.Lambda) else node)
    made = nested(compile(ast.fix_missing_locations(tree), "", "exec", 0, True))
    return len([*nested(next(each for each in made if each.co_name == name))])
