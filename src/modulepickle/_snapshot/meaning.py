"""What the statements of a module mean: which of them differ in two versions of its file.

Of the version that a process imported, only compiled code may be left (a `.pyc`); of the other one
there is the source. So each statement of the source is compiled by itself, and its instructions are
looked for in the other version's code. Line numbers, comments and docstrings make no difference,
and neither does the order of statements.

All this is done only for modules that were edited and not reloaded, and for those that lead there.

Outside API: `WHOLE`, `Code`, `Source`, `Use`, `compiled`, `meaning_of`,
`uses`.
"""

from __future__ import annotations

import ast
import dis
import re
import warnings
from collections.abc import Iterable, Iterator, KeysView
from importlib.util import resolve_name
from types import CodeType
from typing import Any, Final

from modulepickle._base.codes import nested

__all__ = ["WHOLE", "Code", "Source", "Use", "compiled", "meaning_of", "uses"]

Use = tuple[str, str]
"""A name that code uses, and the attribute of it that it asks for, or ""."""

WHOLE: Final = "*"
"""Stands for all names of a module."""

Token = tuple[Any, ...]
"""One instruction, without what depends on where it stands."""

END: Final[Token] = ()
"""Stands where control may go elsewhere: compilers put the blocks in between in another order."""

PASSED_OVER: Final = frozenset(
    {"CACHE", "EXTENDED_ARG", "NOP", "NOT_TAKEN", "RESUME", "COPY_FREE_VARS", "MAKE_CELL"}
    | {"SETUP_ANNOTATIONS", "PRECALL", "PUSH_NULL"}
)

EQUAL: Final = {
    "LOAD_METHOD": "LOAD_ATTR",  # what compilers take where they see that a module is asked
    "CALL_METHOD": "CALL_FUNCTION",
    "LOAD_GLOBAL": "LOAD_NAME",  # and where they see a `global` statement in some function
    "STORE_GLOBAL": "STORE_NAME",
    "DELETE_GLOBAL": "DELETE_NAME",
}
"""Instructions that depend on what else is in a file."""

ENDS: Final = ("JUMP", "RETURN", "RAISE", "RERAISE", "FOR_ITER", "SETUP_", "POP_BLOCK", "POP_EXC")
"""How the names of instructions begin, or go on, at which control may go elsewhere."""

HIDDEN: Final = frozenset({"__doc__", "__firstlineno__", "__static_attributes__"})
"""Names that a class statement binds to what is no part of its meaning, or follows from the rest.
"""

STORE: Final = "STORE_NAME"
LOADS: Final = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
ATTRIBUTES: Final = ("LOAD_ATTR", "LOAD_METHOD")

_DOCUMENTED: Final = 0x4000000
"""Of the flags of code from Python 3.13 on: its first constant is a docstring."""


def instructions(code: CodeType) -> tuple[Token, ...]:
    """Return what two compilations of the same statements share, wherever these stand."""
    found: list[Token] = []
    for each in dis.get_instructions(code):
        name, value = EQUAL.get(each.opname, each.opname), each.argval
        if name in PASSED_OVER:
            continue
        if name == STORE and value in HIDDEN and found:
            found.pop()
            continue
        if each.opcode in _CONSTANTS and each.arg is not None:
            found.append(("LOAD_CONST", _constant(code.co_consts[each.arg])))
            if name == "RETURN_CONST":  # only in 3.12 and 3.13
                found.append(END)
        elif name == "LOAD_SMALL_INT":
            found.append(("LOAD_CONST", _constant(value)))
        elif "_FAST" in name and "_AND_" not in name:
            parts = value if type(value) is tuple else (value,)
            found += zip(re.findall("LOAD_FAST|STORE_FAST|DELETE_FAST", name), parts)
        elif each.opcode in _JUMPS or any(end in name for end in ENDS):
            found.append(END)
        else:
            found.append((name, value if type(value) in (str, int, bool) else repr(value)))
    return tuple(found)


_JUMPS: Final = frozenset((*dis.hasjrel, *dis.hasjabs))
_CONSTANTS: Final = frozenset(dis.hasconst)


def meaning_of(code: CodeType) -> tuple[Any, ...]:
    """Return what is equal for two functions, or classes, that mean the same."""
    names = code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    return code.co_name, names, counts, code.co_flags & ~_DOCUMENTED, instructions(code)


def _constant(value: object) -> object:
    """Return what is equal for constants that are, and only for those: 1, 1.0 and True differ."""
    if isinstance(value, CodeType):
        return meaning_of(value)
    if isinstance(value, tuple):
        return tuple, tuple(map(_constant, value))
    if isinstance(value, frozenset):  # its order depends on how it was made
        return frozenset, frozenset(map(_constant, value))
    return type(value), repr(value)


class Code:
    """The compiled code of one version of a module.

    Attributes:
        stored: the names that it binds.
    """

    def __init__(self, code: CodeType) -> None:
        self._numbers: dict[Token, str] = {END: "\0"}
        tokens = instructions(code)
        self._text = self._written(tokens, add=True)
        self.stored = dict.fromkeys(each[1] for each in tokens if each and each[0] == STORE)

    def _written(self, tokens: Iterable[Token], add: bool) -> str:
        """Return a character for each instruction; "" if there is one that it does not have."""
        numbers, written = self._numbers, []
        for each in tokens:
            number = numbers.get(each)
            if number is None:
                if not add:
                    return ""
                number = numbers[each] = chr(len(numbers))
            written.append(number)
        return "".join(written)

    def has(self, tokens: tuple[Token, ...]) -> bool:
        """Tell whether it has a statement's instructions, block for block."""
        text = self._written(tokens, add=False)
        return not tokens or (text != "" and all(part in self._text for part in text.split("\0")))


class _Statement:
    """One statement of a module.

    Attributes:
        tokens: its instructions. uses: the names in it; made_of: those that are used when it runs,
        and not later by functions that it defines. imports: modules, and names in them, that code
        in it imports.
    """

    def __init__(self, node: ast.stmt, flags: int, package: str) -> None:
        code = compiled(ast.Module([node, _THE_END], []), "", flags)
        self.tokens = _without_ending(instructions(code))
        self.made_of = frozenset(each for inner in _classes(code) for each in uses(inner))
        self.uses = frozenset(each for inner in nested(code) for each in uses(inner))
        self.imports: list[Use] = []
        for inner_node in ast.walk(node):
            if inner_node is not node:
                self.imports += _modules(inner_node, package)


_THE_END: Final = ast.fix_missing_locations(ast.Expr(ast.Name("__end__", ast.Load())))
"""Stands behind each statement: compilers end the last one of a module in another way."""

_ENDING: Final = instructions(compile("__end__", "<statement>", "exec"))


def _without_ending(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return instructions without those of `_THE_END`, which stand wherever a statement ends."""
    found: list[Token] = []
    index = 0
    while index < len(tokens):
        is_end = tokens[index] == _ENDING[0]
        found.append(END if is_end else tokens[index])
        index += len(_ENDING) if is_end else 1
    return tuple(found)


def _classes(code: CodeType) -> Iterator[CodeType]:
    """Yield code, and that of the class statements in it, but not that of functions."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType) and not const.co_flags & 2:  # CO_NEWLOCALS: a function
            yield from _classes(const)


def uses(code: CodeType) -> Iterator[Use]:
    """Yield the globals that code uses, but not what code in it does."""
    name = ""
    for each in dis.get_instructions(code):
        if name and each.opname in ATTRIBUTES:
            yield name, each.argval
            name = ""
            continue
        if name and each.opname not in PASSED_OVER:
            yield name, ""
            name = ""
        if each.opname in LOADS:
            name = each.argval


def _imported(node: ast.AST, package: str) -> Iterator[tuple[str, str, str]]:
    """Yield what an import statement binds, the module, and what of it; "": the module itself."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name, "") if alias.asname else (top, top, "")
    elif isinstance(node, ast.ImportFrom):
        try:
            module = resolve_name("." * node.level + (node.module or ""), package)
        except ImportError:
            return
        yield from ((alias.asname or alias.name, module, alias.name) for alias in node.names)


def _modules(node: ast.AST, package: str) -> Iterator[Use]:
    """Yield the modules that a statement in a function imports, and what of each."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, WHOLE) for alias in node.names)
    else:
        yield from ((module, what) for _, module, what in _imported(node, package))


def compiled(source: Any, path: str, flags: int = 0) -> Any:
    """Return what source or a tree is compiled to, without a warning.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: if it does not compile.
    """
    with warnings.catch_warnings():  # the import has shown these warnings
        warnings.simplefilter("ignore")
        return compile(source, path, "exec", flags, dont_inherit=True)


class Source:
    """The source of one version of a module.

    Attributes:
        imports: name -> the module that it stands for, and the name there; "": the module itself.
        stars: the modules of which all is imported.

    Args:
        content: of the file. package: what relative imports are resolved against.

    Raises:
        SyntaxError, ValueError: if it does not compile.
    """

    def __init__(self, content: bytes, package: str) -> None:
        tree = compiled(content, "", ast.PyCF_ONLY_AST)
        self._flags = compiled(content, "").co_flags & _FUTURE
        self._package = package
        self._bound: dict[str, list[ast.stmt]] = {}
        self._made: dict[ast.stmt, _Statement] = {}
        self.imports: dict[str, list[Use]] = {}
        self.stars: list[str] = []
        for node in tree.body:
            if _is_of_script(node) or _is_text(node):
                continue
            node = _Bare().visit(node)
            for name in _names(node):
                self._bound.setdefault(name, []).append(node)
            for inner in _outside_functions(node):
                for name, module, what in _imported(inner, package):
                    if what == WHOLE:
                        self.stars.append(module)
                    else:
                        self.imports.setdefault(name, []).append((module, what))

    def names(self) -> KeysView[str]:
        """Return the names that it binds."""
        return self._bound.keys()

    def statements(self, name: str) -> Iterator[_Statement]:
        """Yield the statements that bind a name, or do something to what has it."""
        for node in self._bound.get(name, ()):
            if node not in self._made:
                self._made[node] = _Statement(node, self._flags, self._package)
            yield self._made[node]


_FUTURE: Final = 0x1FE0000
"""Of the flags of code: those of `from __future__ import` (`__future__.py`)."""


def _is_of_script(node: ast.stmt) -> bool:
    """Tell whether a statement is `if __name__ == "__main__":`, which an import passes over."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
        and not node.orelse
    )


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Bare(ast.NodeTransformer):
    """Takes away the annotations of a module's variables: 3.14 keeps them all in one function."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        target = node.target
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([target], node.value), node)

    def _as_it_is(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _as_it_is


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those in it that are run in the module itself."""
    yield node
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _outside_functions(child)


def _names(node: ast.stmt) -> set[str]:
    """Return what a statement binds; of one that binds nothing, the names in it."""
    found: set[str] = set()
    used: set[str] = set()
    for each in _outside_functions(node):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(each.name)
        elif isinstance(each, ast.Name):
            (used if isinstance(each.ctx, ast.Load) else found).add(each.id)
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            found.update(each.asname or each.name.partition(".")[0] for each in each.names)
    return found or used
