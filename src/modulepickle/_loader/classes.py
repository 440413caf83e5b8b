"""The receiver's third text: what makes classes of their parts.

Who runs it: stage 0 of a pickle, as with `functions`, whose docstring holds for this too. It
travels when a class goes by value.
"""

import _thread
import sys
import types
import weakref

from modulepickle._loader.registry import registry


def set_dispatch(made, registered):
    if type(registered) is tuple:
        registered, more = registered
        vars(made).update(more)
    for kind in registered:
        made.register(*kind)


def known(key, make, *args):
    """What is known under a key, or is made."""
    found = registry.own.get(key, registry)
    if found is registry:
        found = registry.received.get(key, registry)
    if found is registry:
        with Held():  # two threads would make two
            found = registry.received.get(key, registry)
            if found is registry:
                found = registry.received[key] = make(*args)
    return found


class Held:
    """The registry's lock, which is waited for, but not for ever (see `execute_once`).

    It is let go by the end of a `with` statement, or with this object.
    """

    def __init__(self):
        self.thread, lock = _thread.get_ident(), registry.lock
        self.lock = lock if lock.acquire(timeout=10) else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lock, self.lock = self.lock, None
        if lock and self.thread == _thread.get_ident():
            lock.release()
        elif lock and lock is registry.lock:  # nobody else can release it
            vars(registry).update(lock=type(lock)())

    __del__ = __exit__


def make_class(meta, name, bases, space, *_):
    space = fitting(space)
    plain = plain_meta(meta)
    generic = any(vars(each).get("__module__") == "typing" for each in bases)
    # `__init_subclass__` has run as well. While the class is made, another one stands before it.
    if hooks(bases):
        shield = shield_of(bases)
        try:
            made = plain.__new__(meta, name, (shield, *bases), {**space})
            type.__setattr__(made, "__bases__", bases)
        except TypeError:  # on some other Python it has not what the bases have
            pass
        else:
            try:
                # Where it can be, it is taken away from the subclasses of what it is derived from.
                type.__setattr__(shield, "__bases__", (Shielding,))
            except TypeError:
                pass
            return made
    # `typing.Generic` looks whether it stands there by itself; the entry is set again later.
    made = plain.__new__(meta, name, bases, {"__orig_bases__": (), **space} if generic else space)
    plain.__init__(made, name, bases, space)
    return made


def plain_meta(meta):
    """What makes a class: not a `__new__` that somebody wrote.

    That has run, and what it did is in the state.
    """
    return next(
        (
            each
            for each in meta.__mro__
            if each.__module__ in ("abc", "_ctypes")
            or isinstance(vars(each).get("__new__"), type(len))
        ),
        type,  # PyPy's own is no builtin function
    )


def make_ordered(meta, name, bases, space, order, *_):
    """A class whose metaclass has a `mro` of its own, which has run as well; None: the class."""
    shield = [type("", (), {"__slots__": (), "__init_subclass__": ignore})]

    def mro(made):
        return [made, *shield, *filter(None, order)] if shield else [each or made for each in order]

    other = type.__new__(type(meta), "", (meta,), {"mro": mro, "__slots__": ()})
    made = plain_meta(meta).__new__(other, name, bases, fitting(space))
    shield.clear()
    type.__setattr__(made, "__bases__", bases)
    type.__setattr__(made, "__class__", meta)
    return made


def fitting(space):
    """What a class of this Python is made with; the compiler adds these since 3.13."""
    newer = ("__firstlineno__", "__static_attributes__") if sys.version_info < (3, 13) else ()
    return {name: space[name] for name in space if name not in newer}


@classmethod
def ignore(*_, **more):
    pass


def hooks(bases):
    """Whether bases have an `__init_subclass__` that somebody wrote."""
    return any(
        isinstance(vars(each).get("__init_subclass__"), classmethod)
        for base in bases
        for each in base.__mro__
    )


class Shielding:
    """What has been a shield is derived from this."""

    __slots__ = ()


def shield_of(bases):
    """Make what can stand before bases, so that their hooks do not see the class that is made.

    Bases can be set afterwards if they have the layout that the class was made with. So where no
    other base has more than a `__dict__`, the shield gets what the first one has, from the same
    class as that.
    """
    space = {"__init_subclass__": ignore, "__slots__": ()}
    first = bases[0]
    while not added(first) and first is not object:
        first = first.__base__
    if first is object or any(is_solid(each) for base in bases for each in base.__mro__):
        return type("", (Shielding,), space)
    space["__slots__"] = added(first)
    return make_class(type(first.__base__), "", (first.__base__,), space)


def added(made):
    """What a class gives to instances, apart from its slots, that its base does not have."""
    names = "__dict__", "__weakref__"
    return [each for each in names if type(vars(made).get(each)) is types.GetSetDescriptorType]


def is_solid(made):
    """Whether instances have a place for more than that: a slot, or what a class of C has."""
    if made is object:
        return False
    slots = (each for each in vars(made).values() if type(each) is types.MemberDescriptorType)
    size, below = (
        getattr(each, "__basicsize__", 0) for each in (made, made.__base__)
    )  # not on PyPy
    return size - below > 8 * len(added(made)) or any(each.__objclass__ is made for each in slots)


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


def setter_of(made, name="__setattr__"):
    """What sets an attribute of a class: in C, so that no metaclass has a say."""
    setters = (vars(each).get(name) for each in type(made).__mro__)
    return next(each for each in setters if each and not getattr(each, "__globals__", 0))


class Setting:
    """Sets the state of the classes of a pickle while that is loaded.

    A class that is not whole yet is set by one thread, from its first part to the end: others wait.

    Attributes:
        new: the classes that are set now. held: the lock.
    """

    def __init__(self):
        self.new, self.held = [], None

    def add(self, made, state):
        if len(state) == 4 and not BROUGHT.get(id(made), (0, 0, 0))[2]:
            self.held = self.held or Held()
            self.new.append(made)
        set_state(made, state)

    def finish(self):
        for made in self.new:
            BROUGHT[id(made)][2] = True
        if self.held:
            self.held.__exit__()
        LOADING.setting = list


# In each thread: a weak reference to what sets classes there, if a pickle is being loaded. It lives
# as long as the load, also if that fails, since it is an argument of `finish`.
LOADING = _thread._local()

# Id of a class -> a weak reference to it, the names that it got last, and whether it is whole.
BROUGHT = vars(registry).setdefault("brought", {})


def set_class(made, state):
    """Set some of what a class has.

    A first part has the names of what comes later at its end, or None if that is all.
    """
    if state[0] in registry.own:
        return None
    setting = getattr(LOADING, "setting", list)()
    if setting:
        setting.add(made, state)
    elif state[3:] in ((), (None,)):
        with Held():
            set_state(made, state)
    else:
        setting = Setting()
        LOADING.setting = weakref.ref(setting)
        setting.add(made, state)
        return setting


def finish(*parts):
    """What comes when the parts of classes have been set."""
    for each in parts:
        if type(each) is Setting:
            each.finish()


def set_state(made, state):
    _, attributes, more, *coming = state
    put = setter_of(made)
    if coming:
        names = {*attributes, *(coming[0] or ())}
        key = id(made)
        known = BROUGHT.setdefault(key, [None, names, coming == [None]])
        known[0] = known[0] or weakref.ref(made, lambda _: BROUGHT.pop(key, 0))
        for name in (known[1] - names) & {*vars(made)}:  # it was taken away since
            setter_of(made, "__delattr__")(made, name)
        known[1] = names
    for name in attributes:
        # What comes later has its place from now on; a class that was here keeps what it has.
        if not (coming and name in (coming[0] or ()) and name in vars(made)):
            if coming and name in vars(made):
                both = map(functions_in, (vars(made)[name], attributes[name]))
                for old, new in zip(*both):
                    lend(old, new)
            put(made, name, attributes[name])
    for name in more:
        globals()["set_" + name](made, more[name])


def functions_in(value):
    """A function, or those in a property or method."""
    if isinstance(value, property):
        return [value.fget, value.fset, value.fdel]
    return [getattr(value, "__func__", 0) if isinstance(value, METHODS) else value]


METHODS = (staticmethod, classmethod)


def lend(old, new):
    """Lend a function what the one in its place has and it is still to get.

    Another thread may be using the class.
    """
    kind = types.FunctionType
    if type(old) is not kind or type(new) is not kind or old.__code__ != new.__code__:
        return
    codes = [new.__code__]
    for code in codes:
        codes += [each for each in code.co_consts if type(each) is type(code)]
        for name in code.co_names:
            if name in old.__globals__:
                new.__globals__.setdefault(name, old.__globals__[name])
    for ours, theirs in zip(new.__closure__ or (), old.__closure__ or ()):
        if ours == types.CellType() != theirs:
            ours.cell_contents = theirs.cell_contents
    new.__defaults__ = new.__defaults__ or old.__defaults__
    new.__kwdefaults__ = new.__kwdefaults__ or old.__kwdefaults__


def set_fields(made, _, fields):
    """Give a structure of `ctypes` its fields, which can be done once."""
    with Held():
        if "_fields_" not in vars(made):
            setter_of(made)(made, "_fields_", fields)


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


def set_abstract(made, names):
    made.__abstractmethods__ = frozenset(names)


def set_member_attributes(made, found):
    for name, attributes in found.items():
        for each in attributes:
            object.__setattr__(made._member_map_[name], each, attributes[each])


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


class Script(types.ModuleType):
    """`__main__` as functions by value see it: their globals."""

    __dict__ = property(lambda self: self._modulepickle_names)

    def __getattr__(self, name):
        if name in vars(self):
            return vars(self)[name]
        if name[:2] == "__":  # where the program is, and such
            return getattr(sys.modules["__main__"], name)
        raise AttributeError(f"the script's own __main__ did not travel, nor did its {name!r}")

    def __setattr__(self, name, value):
        vars(self)[name] = value

    def __delattr__(self, name):
        del vars(self)[name]

    def _modulepickle_show(self, names):
        """Let functions with these globals import it."""
        plain = names["__builtins__"]["__import__"]

        def find(home, name, *args, **options):
            return self if name == "__main__" else plain(name, *args, **options)

        bound = types.MethodType(find, getattr(plain, "__self__", names))
        names["__builtins__"] = {**names["__builtins__"], "__import__": bound, "__main__": self}


def script(names):
    made = Script.__new__(Script)
    object.__setattr__(made, "_modulepickle_names", names)
    return made
