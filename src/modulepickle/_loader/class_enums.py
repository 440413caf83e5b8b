"""Makes enums, whose members come when all else of them is there.

A shipped text, behind `classes`.
"""

import types

from modulepickle._loader.classes import fitting, hooks, ignore


def make_enum(meta, name, bases, space, *_):
    """The enum without members; see `set_members`."""
    import enum

    meta = meta or enum.EnumMeta
    shielded = meta
    if hooks(bases):
        shield = type("", (), {"__slots__": (), "__init_subclass__": ignore})

        def mro(made):
            first, *others = meta.mro(made)
            return [first, shield, *others]

        # A base would be taken for a data type. So the shield is in the order of look-up alone.
        shielded = type.__new__(type(meta), "", (meta,), {"mro": mro, "__slots__": ()})
    filled = enum.EnumMeta.__prepare__(name, bases)
    for each in fitting(space).items():
        filled.__setitem__(*each)
    made = enum.EnumMeta.__new__(shielded, name, bases, filled)
    if shielded is not meta:
        type.__setattr__(made, "__class__", meta)
        type.__setattr__(made, "__bases__", bases)
    return made


def set_boundary(made, name):
    import enum

    if hasattr(enum, name):  # new in 3.11
        type.__setattr__(made, "_boundary_", getattr(enum, name))


OWN_NAMES = {"_name_", "_sort_order_"}


def set_members(made, state):
    """Give an enum its members: name -> index, and the parts of each."""
    import enum

    names, members, *own = state
    if made._member_map_:
        return  # it came before, and its members are what they are
    for each in own:
        look_at_bases(made, each)
    plain = next(
        each
        for each in made.__mro__
        if not isinstance(
            vars(each).get("__new__", ignore), (types.FunctionType, staticmethod, classmethod)
        )
        or each is object
    )
    found = [member(made, plain, *each) for each in members]
    if hasattr(made._member_type_, "__dataclass_fields__") and hasattr(made, "_value_repr_"):
        if not all(isinstance(each._value_, made._member_type_) for each in found):
            # Before Python 3.11 the value was what stands in the class statement.
            type.__setattr__(made, "_value_repr_", repr)
    if not hasattr(enum, "_proto_member"):  # before 3.11
        return set_old_members(made, names, found)
    kept = {}
    for name, each in ("__init__", lambda *_: None), ("_use_args_", False):
        kept[name] = vars(made).get(name, kept)
        type.__setattr__(made, name, each)
    new = vars(made)["_new_member_"]
    try:
        for name, index in names.items():
            type.__setattr__(made, "_new_member_", staticmethod(lambda *_, each=found[index]: each))
            type.__setattr__(made, name, None)
            own = {key: vars(found[index])[key] for key in OWN_NAMES & {*vars(found[index])}}
            enum._proto_member(found[index]._value_).__set_name__(made, name)
            for key in own:  # it is an alias
                object.__setattr__(found[index], key, own[key])
    finally:
        type.__setattr__(made, "_new_member_", new)
        for name, each in kept.items():
            if each is kept:
                type.__delattr__(made, name)
            else:
                type.__setattr__(made, name, each)
    if issubclass(made, enum.Flag):
        values = [each._value_ for each in made]
        if values != sorted(values):
            made._iter_member_ = made._iter_member_by_def_


def member(made, plain, value, state=(), args=(), items=None):
    """A member of an enum: its part of a built-in type, its value, its attributes."""
    each = plain.__new__(made, *args)
    if args and plain.__init__ is not object.__init__:
        plain.__init__(each, *args)
    if items:
        (plain.update if isinstance(items, dict) else plain.extend)(each, items)
    for name, other in {**dict(state), "_value_": value}.items():
        object.__setattr__(each, name, other)
    return each


# What `EnumMeta` decides by what the bases have.
OF_BASES = (
    *("_member_type_", "_value_repr_", "_use_args_", "_new_member_", "__new_member__"),
    *("__repr__", "__str__", "__format__", "__reduce_ex__"),
)


def look_at_bases(made, own):
    """Let `EnumMeta` look at bases again: they may have been empty when the enum was made."""
    fresh = make_enum(type(made), made.__name__, made.__bases__, {})
    for name in OF_BASES:
        if name in own:
            continue
        if name in vars(fresh):
            type.__setattr__(made, name, vars(fresh)[name])
        elif name in vars(made):
            type.__delattr__(made, name)
    of_c = next(each for each in made.__mro__ if not each.__flags__ & 1 << 9)
    try:
        type.__setattr__(fresh, "__bases__", (type("", (of_c,), {}),))  # nobody's subclass
    except TypeError:
        pass


def set_old_members(made, names, found):
    import types

    hidden = {
        name
        for each in made.__mro__
        for name, value in vars(each).items()
        if isinstance(value, types.DynamicClassAttribute)
    }
    for name, index in names.items():
        each = found[index]
        if not hasattr(each, "_name_"):
            object.__setattr__(each, "_name_", name)
            object.__setattr__(each, "__objclass__", made)
            made._member_names_.append(name)
            try:
                made._value2member_map_.setdefault(each._value_, each)
            except TypeError:  # it has no hash: `Enum` goes through all members
                pass
        if name not in hidden:
            type.__setattr__(made, name, each)
        made._member_map_[name] = each


def set_member_attributes(made, found):
    for name, attributes in found.items():
        for each in attributes:
            object.__setattr__(made._member_map_[name], each, attributes[each])
