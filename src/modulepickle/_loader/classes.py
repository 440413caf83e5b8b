"""The receiver's third text: what makes classes of their parts.

Who runs it: stage 0 of a pickle, as with `functions`, whose docstring holds for this too. It
travels when a class goes by value.
"""

import types

from modulepickle._loader.registry import registry

entry = registry.texts.setdefault(__name__, globals().get)


def set_dispatch(made, registered):
    for kind in registered:
        made.register(*kind)


def known(key, make, *args):
    """What is known under a key, or is made."""
    if key in registry.own:
        return registry.own[key]
    if key in registry.received:
        return registry.received[key]
    return registry.received.setdefault(key, make(*args))


def make_class(meta, name, bases, space):
    # Not the metaclass's own `__new__`: it has run, and what it did is in the state.
    plain = next(
        (
            each
            for each in meta.__mro__
            if each.__module__ in ("abc", "_ctypes")
            or isinstance(vars(each).get("__new__"), type(len))
        ),
        type,  # PyPy's own is no builtin function
    )
    if any(
        isinstance(vars(each).get("__init_subclass__"), classmethod) and each.__module__ != "typing"
        for base in bases
        for each in base.__mro__
    ):
        # It has run, too. While the class is made, another one stands before it.
        shield = {"__init_subclass__": lambda *_: None}
        if not getattr(bases[0], "__dictoffset__", 1):
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
    plain = next(
        each for base in bases for each in base.__mro__ if not each.__flags__ & 512
    ).__new__
    made = base.__new__(meta or base, name, bases, filled)
    type.__delattr__(made, "__init__")
    for each in "__new_member__", "_new_member_":
        if each in vars(made):
            type.__setattr__(made, each, plain)
    return made


def set_class(made, state):
    key, attributes, more = state[:3]
    if key in registry.own:
        return
    for each in type(made).__mro__:
        put = vars(each).get("__setattr__")
        if put and not getattr(put, "__globals__", 0):  # of C: no metaclass has a say
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
