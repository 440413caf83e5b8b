"""The receiver's other half: what makes functions and classes of their parts.

Who runs it: stage 0 of a pickle (see ``_emit.py``), once in a process, as a module of its own, when
something was pickled by value. As with ``_loader.py``, nobody imports it: it is packed as text by
``.ci/pack_loader.py``, may import the standard library, and must run on Python 3.9 to 3.15. Every
byte of it travels with each such pickle: keep it short.

What a pickle calls is looked up by name, ``get("function")``; the names stay when the text is
packed. Each thing is made empty, and filled by its ``set_``: it may refer to itself.
"""

import ast
import builtins
import importlib.util as util
import linecache
import marshal
import pickle
import sys
import types
import weakref

# Key -> the class of a definition: those that were made here, and those that this process sent. It
# hangs where all releases find it.
KNOWN, OWN, SOURCES = sys.__dict__.setdefault(
    "_modulepickle_known", (weakref.WeakValueDictionary(), weakref.WeakValueDictionary(), {})
)

get = globals().get  # the name that stage 0 looks for


def code(magic, version, data, path, source="", *place):
    """The code object: of its bytecode, or on another Python, of its source.

    ``source`` is text, or a module and where the place in it ends. ``place`` begins with its line
    and column.
    """
    if type(source) is tuple:
        module, *end = source
        path = module.__file__
        # Of an ast node, this takes the positions only.
        span = ast.Pass(
            lineno=place[0], col_offset=place[1], end_lineno=end[0], end_col_offset=end[1]
        )
        source = ast.get_source_segment("".join(linecache.getlines(path, vars(module))), span)
    elif source and path not in SOURCES:
        SOURCES[path] = source, *place
        lines = ("\n" * (place[0] - 1) + " " * place[1] + source).split("\n")
        linecache.cache[path] = len(source), None, [line + "\n" for line in lines], path
        if len(SOURCES) > 512:
            old = next(iter(SOURCES))
            del SOURCES[old]
            linecache.cache.pop(old, 0)
    if magic == util.MAGIC_NUMBER:
        made = marshal.loads(data)
        util._imp._fix_co_filename(made, path)
        return made
    if source:
        return compiled(path, source, *place)
    raise pickle.UnpicklingError(
        f"code of {path} is bytecode of Python {version}, without source; this is Python "
        + sys.version.split()[0]
    )


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
        outer = ast.parse(f"{outer}{parameters}:" + (parameters and hides or "0")).body[0]
        outer.body.append(node)
        node = outer
        hides = ""
    tree.body = [node]
    made = compile(tree, path, "exec", flags, True)
    for _ in (0, *around):
        made = next(each for each in made.co_consts if isinstance(each, types.CodeType))
    return made


def function(code, names, cells, scope=None):
    if scope:
        # The builtins that a snapshot gives to its modules, with an `__import__` of its own.
        names["__builtins__"] = next(
            each for each in vars(scope).values() if type(each) is dict and "__import__" in each
        )
    names.setdefault("__builtins__", builtins.__dict__)
    free = [cells.get(name) or types.CellType() for name in code.co_freevars]
    return types.FunctionType(code, names, None, None, (*free,))


def set_function(made, state):
    names, values, attributes = state[:3]
    made.__globals__.update(names)
    for name, cell in zip(made.__code__.co_freevars, made.__closure__ or ()):
        if name in values:
            cell.cell_contents = values[name]
    for name in attributes:
        setattr(made, name, attributes[name])


def set_cell(made, value):
    made.cell_contents = value


def set_scope(made, needs):
    """Let functions import what was shipped with them; this one is no face of anything."""
    made.needs = needs


def set_dispatch(made, registered):
    for kind in registered:
        made.register(*kind)


def known(key, make, *args):
    """What is known under a key, or is made."""
    if key in OWN:
        return OWN[key]
    return KNOWN[key] if key in KNOWN else KNOWN.setdefault(key, make(*args))


def make_class(meta, name, bases, space):
    # Not the metaclass's own `__new__`: it has run, and what it did is in the state.
    plain = next(
        each
        for each in meta.__mro__
        if each.__module__ in "abc _ctypes" or isinstance(vars(each).get("__new__"), type(len))
    )
    if any(
        isinstance(vars(each).get("__init_subclass__"), classmethod) and each.__module__ != "typing"
        for base in bases
        for each in base.__mro__
    ):
        # It has run, too. While the class is made, another one stands before it.
        shield = {"__init_subclass__": lambda *_: None}
        if not bases[0].__dictoffset__:
            shield["__slots__"] = ()
        try:
            made = plain.__new__(meta, name, (type("", (), shield), *bases), {**space})
            type.__setattr__(made, "__bases__", bases)
            return made
        except TypeError:
            pass
    made = plain.__new__(meta, name, bases, space)
    plain.__init__(made, name, bases, space)
    return made


def make_enum(meta, name, bases, space, names, members):
    """The enum of members that are there already: value and, of a mixed-in type, arguments."""
    import enum

    def new(cls, index):
        value, args = members[index]
        made = plain(cls, *args)
        made._value_ = value
        return made

    base = enum.EnumMeta
    filled = base.__prepare__(name, bases)
    for each in {"__new__": new, "__init__": lambda *_: None, **space, **names}.items():
        filled.__setitem__(*each)
    plain = next(each for base in bases for each in base.__mro__ if not each.__flags__ & 512).__new__
    made = base.__new__(meta or base, name, bases, filled)
    type.__delattr__(made, "__init__")
    for each in "__new_member__", "_new_member_":
        if each in vars(made):
            type.__setattr__(made, each, plain)
    return made


def set_class(made, state):
    key, attributes, more = state[:3]
    if key in OWN:
        return
    for each in type(made).__mro__:
        put = vars(each).get("__setattr__")
        if isinstance(put, type(type.__setattr__)):  # of C: no metaclass has a say
            break
    for name in attributes:
        put(made, name, attributes[name])
    for name in more:
        globals()["set_" + name](made, more[name])


def set_members(made, attributes):
    """The enum members' own attributes."""
    for name in attributes:
        made.__members__[name].__dict__.update(attributes[name])


def set_abstract(made, state):
    made.__abstractmethods__ = frozenset(state[1])
    for each in state[0]:
        made.register(each)


def set_protocol(made, runtime):
    import typing

    type(made).__init__(made, made.__name__, made.__bases__, {})
    if runtime:
        typing.runtime_checkable(made)


def set_namedtuple(made, state):
    import collections

    names, fields, defaults = state
    other = collections.namedtuple(made.__name__, fields, defaults=defaults)
    for name in names:
        if name in vars(other):
            type.__setattr__(made, name, vars(other)[name])


def set_dataclass(made, state):
    """Let this Python's dataclasses write the methods that the sender's wrote."""
    import copy
    import dataclasses

    names, settings = state
    types_ = {}
    other = {"__annotations__": types_, "__qualname__": made.__qualname__}
    if hasattr(made, "__post_init__"):
        other["__post_init__"] = None
    for name, each in made.__dataclass_fields__.items():
        kind = each._field_type.name
        if kind != "_FIELD_CLASSVAR":
            types_[name] = dataclasses.InitVar if kind == "_FIELD_INITVAR" else each.type
            other[name] = copy.copy(each)
    flags = {name: settings[name] for name in [*settings][:6]}
    other = dataclasses.dataclass(**flags)(type(made.__name__, (), other))
    for name in (*names, "__replace__", "__dataclass_params__"):
        each = vars(other).get(name)
        if each is None or (name not in names and name in vars(made)):
            continue
        for inner in each, getattr(each, "__wrapped__", each):
            if isinstance(inner, types.FunctionType):
                inner.__module__ = made.__module__
                for cell in inner.__closure__ or ():
                    if cell.cell_contents is other:
                        cell.cell_contents = made
        type.__setattr__(made, name, each)
    for name in settings:
        if hasattr(made.__dataclass_params__, name):
            setattr(made.__dataclass_params__, name, settings[name])


def field(kind, values):
    import dataclasses

    made = object.__new__(dataclasses.Field)
    for name in made.__slots__:
        setattr(made, name, values.get(name))
    made._field_type = getattr(dataclasses, kind)
    return made
