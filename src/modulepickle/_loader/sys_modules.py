"""`sys.modules` as the code of a snapshot sees it (R8, R11).

A shipped text of the loader. There is one `sys`, and its attribute `modules` answers by who asks:
code of a snapshot, and installed code that it calls (`dataclasses`, `typing`, `mock`), gets a
mapping in which the names of local packages are the modules of that snapshot and of what it
requires; all others get the dict that is there. So a module finds itself while it executes, what
shipped code writes or deletes there is its version's alone, and no thread of the host sees it.
What is written in C looks into the dict by itself.
"""

import sys
import types

# Not by its public name: `collections.abc` puts this one in its place while it is imported, and a
# thread that meets it then gets neither.
from _collections_abc import MutableMapping

from modulepickle._loader.whose import (
    NOTHING,
    asker,
    get_frame,
    given_by,
    has_view,
    home_of_globals,
    place_of,
    real_modules,
)

WRITTEN = {}  # name -> what snapshots last put into `sys.modules` under a name of no local package


class SysModules(MutableMapping, dict):
    """The mapping: its own dict is empty.

    Attributes:
        home: whose code sees it.
        written: name -> what that code put there, under names of no local package.
        hidden: such names, between `clear` and the `update` by which `mock.patch.dict` ends.
    """

    def __init__(self, home):
        self.home, self.written, self.hidden = home, {}, set()

    def place(self, name):
        """The snapshot whose module of that name it is, or None: the process'."""
        if not isinstance(name, str):
            return None
        home = place_of(self.home, name)
        if name not in self.home.paths:
            home = home or given_by(self.home, name)
        return None if home is None or (not home.made and home.is_own()) else home

    def __getitem__(self, name):
        home = self.place(name)
        if home:
            module = home.known(name)
        elif self.home.paths.get(name, NOTHING) is None and name in self.home.views:
            module = self.home.views[name]
        else:
            module = self.elsewhere(name, real_modules())
        if module is NOTHING:
            raise KeyError(name)
        return module

    def elsewhere(self, name, modules):
        """The module of a name of no local package, unless another snapshot put one there."""
        module = modules.get(name, NOTHING)
        if name in self.hidden:
            return NOTHING
        if name in self.written and (module is NOTHING or module is WRITTEN.get(name)):
            return self.written[name]
        return module

    def __setitem__(self, name, module):
        home = self.place(name)
        modules = real_modules()
        if home:
            home.put(name, module)
        elif self.home.paths.get(name, NOTHING) is None:
            self.home.views[name] = module
        else:
            self.hidden.discard(name)
            if self.elsewhere(name, modules) is not module:
                self.written[name] = WRITTEN[name] = modules[name] = module

    def __delitem__(self, name):
        self[name]
        home = self.place(name)
        if home:
            home.put(name, NOTHING)
        elif self.home.paths.get(name, NOTHING) is None:
            self.home.views.pop(name, None)
        else:
            written = self.written.pop(name, NOTHING)
            modules = real_modules()
            if written is NOTHING or written is modules.get(name):
                modules.pop(name, None)

    def copy(self):
        modules = real_modules()
        names = dict.fromkeys([*modules, *self.written])
        for home in filter(None, self.home.paths.values()):
            names.update(dict.fromkeys([*home.made]))
        found = {name: self.get(name, NOTHING) for name in names}
        return {name: module for name, module in found.items() if module is not NOTHING}

    def clear(self):
        """Take all away: for this snapshot. The process keeps what it imported."""
        for home in filter(None, self.home.paths.values()):
            for name in [*home.made]:
                home.put(name, NOTHING)
        self.hidden.update([*real_modules()])

    def update(self, *args, **names):
        super().update(*args, **names)
        gone, self.hidden = self.hidden, set()
        for name in gone & self.written.keys():
            self.pop(name, None)

    def __iter__(self):
        return iter(self.copy())

    def __len__(self):
        return len(self.copy())

    def __reversed__(self):
        return reversed([*self.copy()])

    def __repr__(self):
        return repr(self.copy())

    def keys(self):
        return self.copy().keys()

    def values(self):
        return self.copy().values()

    def items(self):
        return self.copy().items()

    def __or__(self, other):
        return {**self.copy(), **other}

    def __ror__(self, other):
        return {**other, **self.copy()}

    def __ior__(self, other):
        self.update(other)
        return self


def asked_by(answer):
    """An attribute of `sys` of which `answer` tells what a frame gets, by what is really there."""
    name = answer.__name__

    def find(this):
        return answer(vars(this)[name], get_frame(1))

    def put(this, value):
        vars(this)[name] = value

    def delete(this):
        del vars(this)[name]

    return property(find, put, delete)


def is_seen(home, by):
    """Whether the code of one snapshot sees another one."""
    return home is by or (by is not None and home in by.paths.values())


class KindOfModule(type):
    """Lets `type(sys)`, by which many mean the type of modules, be taken for that."""

    def __new__(cls, name, bases, names):
        if bases[0] is types.ModuleType:
            return super().__new__(cls, name, bases, names)
        return type(name, (types.ModuleType, *bases[1:]), names)  # of `class C(type(sys))`

    def __call__(cls, *args, **names):
        return types.ModuleType(*args, **names)

    def __instancecheck__(cls, module):
        return isinstance(module, types.ModuleType)

    def __subclasscheck__(cls, kind):
        return issubclass(kind, types.ModuleType)

    def __eq__(cls, other):
        return other is cls or other is types.ModuleType

    def __hash__(cls):
        return hash(types.ModuleType)


class Sys(types.ModuleType, metaclass=KindOfModule):
    """The class of `sys`, for two of its attributes."""

    def __new__(cls, *args, **options):
        # `importlib` makes modules by `type(sys)(name)`: they are as ever.
        plain = Sys.__mro__[1]
        return plain(*args, **options) if cls is Sys else plain.__new__(cls, *args, **options)

    @asked_by
    def modules(modules, frame):
        home = asker(frame)
        return home.modules if home else modules

    @asked_by
    def meta_path(finders, frame):
        """For an import: a snapshot's finder finds names for those alone that see its snapshot."""
        if finders is None or frame.f_code.co_name != "_find_spec":  # at the end it is None
            return finders
        kept = []
        for finder in finders:
            home = home_of_globals(getattr(getattr(finder, "find_spec", 0), "__globals__", {}))
            if not has_view(home) or home.is_active() or is_seen(home, asker(frame, True)):
                kept.append(finder)
        return kept

    def __reduce__(self):
        return __import__, ("sys",)  # pickled by name, as what it is

    if sys.version_info >= (3, 14):
        # These read attributes of any module past its class, unless that has a way of its own.
        def __getattr__(self, name):
            raise AttributeError(f"module 'sys' has no attribute {name!r}", name=name, obj=self)


Sys.__name__ = Sys.__qualname__ = "module"
Sys.__module__ = "builtins"
if not hasattr(type(sys), "modules"):  # another release of this text was here
    sys.__class__ = Sys
