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
