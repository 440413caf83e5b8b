"""The receiver's second text: what makes functions of their parts.

Who runs it: stage 0 of a pickle (see `emit`), once in a process, when something was pickled by
value. Nobody imports it: `build` takes it as text. It may import the standard library only, and
must run on Python 3.9 to 3.15.

What a pickle calls is looked up by name, `entry("function")`. Each thing is made empty, and filled
by its `set_` function: it may refer to itself.
"""

import ast
import builtins
import functools
import importlib.util as util
import linecache
import marshal
import operator
import pickle
import sys
import types

from modulepickle._loader.registry import registry


def code(magic, version, data, path, source="", *place):
    """The code object: of its bytecode, or on another Python, of its source.

    ``source`` is text, or a module and where the place in it ends. ``place`` begins with its line
    and column; without source, it is the name.
    """
    if type(source) is tuple:
        module, *end = source
        path = module.__file__
        # Of an ast node, this takes the positions only.
        span = ast.Pass(
            lineno=place[0], col_offset=place[1], end_lineno=end[0], end_col_offset=end[1]
        )
        source = ast.get_source_segment("".join(linecache.getlines(path, vars(module))), span)
    elif source and path not in registry.sources:
        registry.sources[path] = source, *place
        lines = ("\n" * (place[0] - 1) + " " * place[1] + source).split("\n")
        linecache.cache[path] = len(source), None, [line + "\n" for line in lines], path
        if len(registry.sources) > 512:
            old = next(iter(registry.sources))
            del registry.sources[old]
            linecache.cache.pop(old, 0)
    if magic == util.MAGIC_NUMBER:
        made = marshal.loads(data)
        util._imp._fix_co_filename(made, path)
        return made
    here = sys.version.split()[0]
    if not source:
        raise pickle.UnpicklingError(
            f"{place[0]} of {path} is bytecode of Python {version}, without source; this is Python "
            f"{here}: load it with Python {version}, or define it on lines of its own, in a "
            "file that no tool rewrites"
        )
    try:
        return compiled(path, source, *place)
    except SyntaxError as error:
        title = source.partition("\n")[0]
        raise SyntaxError(
            f"{error.msg}: `{title}` of {path}, line {place[0]}, was written for Python "
            f"{version or 'of its sender'}; this is Python {here}",
            (path, error.lineno, error.offset, error.text),
        ) from None


def compiled(path, source, line, column, flags, free, *around):
    """The code object of a def or lambda that stands alone, among the names that it had."""
    tree = ast.parse(f"({source})" if source.startswith("lambda") else source)
    ast.increment_lineno(tree, line - 1)
    node = tree.body[0]
    hides = ""
    if isinstance(node, ast.Expr):
        taken = node.value.args
    else:
        taken = node.args
        node.decorator_list, node.returns, node.type_params = [], None, []
        if node.name not in free:
            hides = f"global {node.name}"
    # What runs when a function is defined has run.
    for each in ast.walk(taken):
        each.annotation = None
    taken.defaults, taken.kw_defaults = [], [None] * len(taken.kwonlyargs)
    if {*free} - {"__class__"} and not any(outer[0] == "d" for outer in around):
        around = "def _", *around
    for outer in reversed(around):
        parameters = f"({','.join(free)})" if outer[0] == "d" else ""
        outer = ast.parse(f"{outer}{parameters}:" + ((parameters and hides) or "0")).body[0]
        outer.body.append(node)
        node = outer
        hides = ""
    tree.body = [node]
    made = compile(tree, path, "exec", flags, True)
    for _ in (0, *around):
        made = next(each for each in made.co_consts if isinstance(each, types.CodeType))
    return made


def function(code, names, cells, scope=None, main=None):
    before = names.get("__builtins__")
    if scope:
        # The builtins that a snapshot gives to its modules, with an `__import__` of its own.
        names["__builtins__"] = scope.builtins
    names.setdefault("__builtins__", builtins.__dict__)
    main = main or (type(before) is dict and before.get("__main__"))
    if main:
        main._modulepickle_show(names)
    free = [cells.get(name) or types.CellType() for name in code.co_freevars]
    return types.FunctionType(code, names, None, None, (*free,) or None)


def set_function(made, state):
    names, values, attributes = state[:3]
    made.__globals__.update(names)
    for name, cell in zip(made.__code__.co_freevars, made.__closure__ or ()):
        if name in values:
            cell.cell_contents = values[name]
    for name in attributes:
        setattr(made, name, attributes[name])
    for each in state[3:4]:
        made.__dict__.update(each)


def annotate(values, texts):
    """What evaluates annotations, since 3.14: it knows what they are."""

    def __annotate__(form, /):
        if form == 2:  # with names that are not there
            raise NotImplementedError
        return {**(texts if form == 4 else values)}

    return __annotate__


def union(*kinds):
    """`int | str`, of which Python 3.9 has the old form only."""
    try:
        return functools.reduce(operator.or_, kinds)
    except TypeError:
        return __import__("typing").Union[kinds]


def whole(*_):
    """What comes when the things that it is given have been done: nothing is left to do."""


def set_cell(made, value):
    made.cell_contents = value


def set_scope(made, needs):
    """Let functions import what was shipped with them; this one is no face of anything."""
    made.requirements = needs


# Last: who finds it finds all of the text.
registry.texts.setdefault(__name__, globals().get)
