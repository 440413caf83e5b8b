"""What the standard library makes of a class is made anew by this Python's: the methods of
dataclasses and named tuples, protocols, aliases of types, wrappers around methods.

A shipped text, behind `classes`.
"""

import sys
import types


def set_abstract(made, names):
    made.__abstractmethods__ = frozenset(names)


def set_registered(made, classes):
    for each in classes:
        made.register(each)


def set_protocol(made, runtime):
    import typing

    # What `typing` did when the class was defined; nobody else's hook stands in between.
    typing.Protocol.__init_subclass__.__func__(made)
    type(made).__init__(made, made.__name__, made.__bases__, {})
    if runtime:
        typing.runtime_checkable(made)


def set_namedtuple(made, state):
    import collections

    names, fields, defaults = state
    title = made.__name__ if made.__name__.isidentifier() else "made"
    defaults = (None,) * defaults
    other = collections.namedtuple(title, fields, rename=True, defaults=defaults)
    for name in names:
        if name in vars(other):
            type.__setattr__(made, name, vars(other)[name])


def set_defaults(made, values):
    made.__new__.__defaults__ = values


def set_annotated(made, values):
    made.__new__.__annotations__ = values


def set_generic(made, _):
    import typing

    plain = typing.Generic.__class_getitem__
    plain = getattr(plain, "__func__", 0) or typing._generic_class_getitem  # that, since 3.12
    made.__class_getitem__ = classmethod(plain)


def set_dataclass(made, state):
    """Let this Python's dataclasses write the methods that the sender's wrote."""
    names, settings, *outline = state
    if outline and "__dataclass_params__" in vars(made):
        return  # it has been whole, and gets its fields later
    fields = outline[0] if outline else made.__dataclass_fields__
    other = written(made, fields, settings)
    for name in (*names, "__replace__", "__dataclass_params__"):
        each = other.get(name) or STATE.get(name)
        if each is None or (name not in names and name in vars(made)):
            continue
        if outline or name not in names or not hasattr(vars(made).get(name), "__code__"):
            type.__setattr__(made, name, each)
        elif name == "__init__":  # somebody may have it already
            refill(made.__init__, each)
    said = getattr(vars(made).get("__init__"), "__annotations__", {}) if "__init__" in names else {}
    for name in {*said} & {*fields}:
        said[name] = fields[name].type
    for name in settings:
        if hasattr(made.__dataclass_params__, name):
            setattr(made.__dataclass_params__, name, settings[name])


set_dataclass_again = set_dataclass  # with the fields that it was not to wait for


def refill(function, other):
    """Give a function what another one of the same code has."""
    for cell, new in zip(function.__closure__ or (), other.__closure__ or ()):
        cell.cell_contents = new.cell_contents
    for name in "__defaults__", "__kwdefaults__", "__annotations__":
        setattr(function, name, getattr(other, name))


def rewritten(made, name):
    """A method that dataclasses wrote for a class, which has another one in its place."""
    settings = made.__dataclass_params__
    flags = {each: getattr(settings, each) for each in settings.__slots__}
    flags.setdefault("slots", "__slots__" in vars(made))  # before 3.12
    return written(made, made.__dataclass_fields__, flags)[name]


def written(made, fields, settings):
    """What this Python's dataclasses write for a class with such fields: name -> entry."""
    import copy
    import dataclasses

    types_ = {}
    home = (
        made.__module__ if sys.modules.get(made.__module__) else "builtins"
    )  # text is looked up there
    other = {"__annotations__": types_, "__qualname__": made.__qualname__, "__module__": home}
    other["__doc__"] = "-"  # else it is written of defaults, which may be incomplete
    if hasattr(made, "__post_init__"):
        other["__post_init__"] = None
    for name, each in fields.items():
        kind = each._field_type.name
        if kind != "_FIELD_CLASSVAR":
            # Of a text, `dataclasses` would ask a module what it names.
            plain = object if isinstance(each.type, str) else each.type
            types_[name] = dataclasses.InitVar if kind == "_FIELD_INITVAR" else plain
            other[name] = each = copy.copy(each)
            # With slots the class has no value to which `__init__` could leave it.
            if settings.get("slots") and not each.init and each.default is not dataclasses.MISSING:
                each.default_factory = lambda value=each.default: value
                each.default = dataclasses.MISSING
    flags = {name: settings[name] for name in [*settings][:6]}
    other = dataclasses.dataclass(**flags)(type(made.__name__, (), other))
    for each in vars(other).values():
        for inner in each, getattr(each, "__wrapped__", each):
            if isinstance(inner, types.FunctionType):
                inner.__module__ = made.__module__
                for cell in inner.__closure__ or ():
                    if cell.cell_contents is other:
                        cell.cell_contents = made
    return vars(other)


def getstate(self):
    return [getattr(self, name) for name in field_names(self)]


def setstate(self, state):
    for name, value in zip(field_names(self), state):
        object.__setattr__(self, name, value)


def field_names(self):
    import dataclasses

    return [each.name for each in dataclasses.fields(self)]


# What `dataclasses` gives to a frozen class with slots: that is made without them here.
STATE = {"__getstate__": getstate, "__setstate__": setstate}


def field(kind, values):
    import dataclasses
    import pickle

    if values.get("kw_only") is True and "kw_only" not in dataclasses.Field.__slots__:
        raise pickle.UnpicklingError(
            f"the field {values['name']} of a dataclass is keyword-only, which this Python "
            f"({sys.version.split()[0]}) does not have: load it with Python 3.10 or newer"
        )
    made = object.__new__(dataclasses.Field)
    for name in made.__slots__:
        setattr(made, name, values.get(name))
    made._field_type = getattr(dataclasses, kind)
    if type(made.metadata) is not type(dataclasses.field().metadata):
        made.metadata = dataclasses.field(metadata=made.metadata).metadata
    return made


def wrapper(kind, base, parts):
    """A property, method or the like of a class of somebody's, without what its `__init__` does."""
    try:
        made = base.__new__(kind, *parts)  # since 3.15 some want an argument here
    except TypeError:
        made = base.__new__(kind)
    base.__init__(made, *parts)
    return made


def set_wrapper(made, state):
    for name in state:
        object.__setattr__(made, name, state[name])


def alias(name, module):
    """A type alias (PEP 695) whose value comes later, since it may name the alias."""
    held = []
    space = {"__name__": module, "value": lambda: held[0]}
    try:
        exec(f"type {name} = value()", space)
    except SyntaxError:
        import pickle

        raise pickle.UnpicklingError(
            f"{module}.{name} is a type alias, which this Python ({sys.version.split()[0]}) does "
            "not have: load it with Python 3.12 or newer"
        )
    ALIASES[id(space[name])] = held
    return space[name]


# Id of an alias -> the list that its value is put into; there are no weak references to one.
ALIASES = {}


def set_alias(made, value):
    ALIASES.pop(id(made)).append(value)
