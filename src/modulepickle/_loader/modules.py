"""The modules of a snapshot: where each is found, how it is executed and bound (R8, R9, R14).

A shipped text of the loader, and a part of its `Snapshot`.
"""

import os
import types
import warnings
from _thread import get_ident

from modulepickle._loader.finders import FINDER, module_of, namespace_spec
from modulepickle._loader.module_loaders import LOADERS, ExtensionLoader
from modulepickle._loader.registry import registry
from modulepickle._loader.whose import (
    NOTHING,
    DeadlockError,
    ImportLock,
    ModuleLock,
    PathFinder,
    home_of,
    home_of_globals,
    host_module,
    is_initializing,
    meta_path,
    native,
    on_path,
    owner_of,
    real_modules,
    refresh,
)


class Modules:
    """What a snapshot has made of its files in this process."""

    def spec(self, name, path=None, stem=None):
        """The spec of a module in the archive, or None. `stem` is where, if not by its name."""
        is_elsewhere = stem is not None
        stem = stem if is_elsewhere else name.replace(".", "/")
        suffix = next((each for each in LOADERS if stem + each in self.files), "")
        if not suffix and not any(file.startswith(f"{stem}/") for file in self.files):
            return None
        place = f"{self.folder}/{stem}{suffix}"
        if suffix:
            loader = LOADERS[suffix](name, place)
            loader.home, loader.member = self, stem + suffix
            make = registry.originals["spec_from_file_location"]  # it asks nobody who calls
            spec = make(name, place, loader=loader)
        else:  # a namespace package: it has no file, and executes nothing
            is_seen = self.is_active() and self.is_on_disk() and not is_elsewhere
            spec = namespace_spec(name, [self], stem, self.portions if is_seen else None)
        spec.snapshot = self
        return spec

    def portions(self, name):
        """Where a namespace package of this snapshot is: what the host has of it comes last."""
        if name == self.top:
            spec = on_path(name)
        else:
            # By its last name: that of a path with a dot looks for a parent in the process.
            parent, _, last = name.rpartition(".")
            path = [place for place in self.fetch(parent).__path__ if not home_of(place)]
            spec = PathFinder.find_spec(last, path)
        of_host = getattr(spec, "submodule_search_locations", None) or ()
        return [f"{self.folder}/{name.replace('.', '/')}", *of_host]

    def find(self, name, path):
        """The spec of a module: in the archive, or where a native import would look; or None."""
        spec, asked = None, []
        finders = meta_path()
        is_put = self.sees_places() and PathFinder in finders  # what shipped code put there
        for finder in finders[: finders.index(PathFinder)] if is_put else ():
            if not spec and self.may_ask(finder, True):
                asked.append(finder)
                spec = finder.find_spec(name, path, None)
        spec = spec or self.in_files(name, path)
        for finder in finders:
            if not spec and finder not in (FINDER, *asked) and self.may_ask(finder):
                spec = finder.find_spec(name, path, None)
        return spec

    def in_files(self, name, path):
        """The spec of a module in the archive, or in what stands before its folder in a path."""
        if name == self.top:
            return self.spec(name)
        own, before = f"{self.folder}/{name.rpartition('.')[0].replace('.', '/')}", []
        for each in path:
            if each == own:
                return (before and PathFinder.find_spec(name, before)) or self.spec(name, path)
            before.append(each)
        spec = before and PathFinder.find_spec(name, before)
        return spec or (self.spec(name, path) if any(map(self.is_absent, before)) else None)

    def is_absent(self, folder):
        """Whether a path leads to where there is nothing on this host.

        What the sender has there travels by the names of its modules.
        """
        inside = os.path.normpath(folder).replace(os.sep, "/")[len(self.folder) + 1 :]
        if home_of(os.path.normpath(folder)) is self:
            return not any(path.startswith(f"{inside}/") for path in self.files)
        return not os.path.isdir(folder)

    def may_ask(self, finder, is_shipped=False):
        """Whether a finder is the host's, or was made by code that this snapshot sees."""
        names = getattr(getattr(finder, "find_spec", None), "__globals__", {})
        home = home_of_globals(names)
        if not hasattr(finder, "find_spec") or hasattr(finder, "parts"):
            return False
        top = str(names.get("__name__")).partition(".")[0]
        if home or is_shipped or top in self.paths:
            return home is not None and home in self.paths.values()
        return True

    def known(self, name):
        """What this snapshot has under a name, or `NOTHING`.

        What the host put into `sys.modules` in its place, or took away there, counts as it does for
        a native import, as long as that is where this snapshot is seen.
        """
        made = self.made.get(name, NOTHING)
        if real_modules().get(name, NOTHING) is made or not self.is_changed(name):
            return made
        with ImportLock():  # unless another thread is just putting it there
            if self.is_changed(name):
                self.made[name] = real_modules().get(name, NOTHING)
                if self.made[name] is NOTHING:
                    del self.made[name]
        return self.made.get(name, NOTHING)

    def is_changed(self, name):
        shown = real_modules().get(name, NOTHING)
        is_other = self.is_active() and shown is not self.made.get(name, NOTHING)
        return is_other and owner_of(shown) in (None, self)

    def fetch(self, name):
        """The module of a dotted name in this snapshot, imported if need be."""
        module = self.known(name)
        # Who executes it himself need not wait for it.
        if module is NOTHING or (
            is_initializing(module) and self.executing.get(name) != get_ident()
        ):
            if module is NOTHING and self.is_native():
                return host_module(name)
            try:
                with ModuleLock(name):
                    module = self.load(name)
            except DeadlockError:  # threads in a circle: in one version, or in two
                module = self.load(name)
        if module is None:
            raise ModuleNotFoundError(f"import of {name} halted; None in sys.modules", name=name)
        return module

    def is_native(self):
        """Whether the host's own modules are this content (R10)."""
        if not self.made and native(self.top):
            try:
                host_module("modulepickle._own")
            except ImportError:  # a receiver without the library
                pass
        return not self.made and self.is_own()

    def load(self, name):
        module = self.known(name)
        if module is not NOTHING:  # it is being executed, or another thread was faster
            return module
        package, path = None, None
        if name == self.top:
            name = self.top
        else:
            parent, _, child = name.rpartition(".")
            name = f"{parent}.{child}"  # a text of its own: see `refuse_another`
            if self.known(parent) is not None:  # that has no path
                package = self.fetch(parent)
            module = self.known(name)
            if module is not NOTHING:  # importing its parent did it
                return module
            try:
                path = package.__path__
            except AttributeError:
                message = f"No module named {name!r}; {parent!r} is not a package"
                raise ModuleNotFoundError(message, name=name) from None
        module = self.known(name)
        if module is NOTHING:
            spec = self.find(name, path)
            if not spec:
                message = f"No module named {name!r}{self.why_not(name)}"
                raise ModuleNotFoundError(message, name=name)
            module = self.execute(spec, package)
        return module

    def put(self, name, module):
        """Have a module under a name, or with `NOTHING` none; and show it, if this is active."""
        with ImportLock():
            is_shown = self.is_active()
            for modules in (real_modules(), self.made) if is_shown else (self.made,):
                if module is NOTHING:
                    modules.pop(name, None)
                else:
                    modules[name] = module
            if is_shown and not self.is_active():  # a signal handler unpickled another version
                real_modules().pop(name, None)
                self.show(name)

    def execute(self, spec, package):
        """Make a module and execute it: from its beginning on, its code finds it (R11)."""
        name, lent, is_whole = spec.name, None, False
        try:
            if isinstance(spec.loader, ExtensionLoader):
                lent = self.lend(name)
            module = module_of(spec)
            vars(module)["__builtins__"] = self.builtins
            spec._initializing, self.executing[name] = True, get_ident()
            self.put(name, module)
            if hasattr(spec.loader, "exec_module"):
                spec.loader.exec_module(module)
            elif hasattr(spec.loader, "get_code"):  # of a zip file before 3.10
                exec(spec.loader.get_code(name), vars(module))
            elif spec.loader:  # of the time before PEP 451
                spec.loader.load_module(name)
            executed, module = module, self.known(name)
            if module is NOTHING:
                raise KeyError(name)  # as importlib has it
            # What is active is held by that, and its classes are seen to when it leaves; unless the
            # module has put another object in its place, since it is not found then.
            if module is not executed or not self.is_active():
                keep_alive(self, vars(executed))
            if not self.is_active() and self.top != "modulepickle":
                guard_picklers()  # noqa: F821  # it stands in `foreign`
            # Before it counts as executed: who does not find it there looks into `sys.modules`. And
            # last: what is bound is what the package has, also if a signal comes right behind it.
            is_whole = True
            self.bind(name, module, package)
        except BaseException:
            bound = getattr(package, "__dict__", {}).get(name.rpartition(".")[2])
            if not is_whole or bound is not module:
                self.put(name, NOTHING)
            raise
        finally:
            spec._initializing = False
            self.executing.pop(name, None)
            self.take_back(lent)
            refresh(self)
        return module

    def keep_classes(self):
        """Let the classes of all modules keep this snapshot in memory (R12)."""
        for module in [*self.made.values()]:
            if issubclass(type(module), types.ModuleType):
                keep_alive(self, object.__getattribute__(module, "__dict__"))

    def lend(self, name):
        """Let the dict that is `sys.modules` have what this snapshot sees, for a module in C.

        Return what was there. The helpers of `mypyc` are there too: C code alone imports them.
        """
        for path in self.files if "__mypyc" not in name else ():
            helper = path.partition(".")[0]
            if helper.endswith("__mypyc") and helper not in self.made:
                self.execute(self.spec(helper), None)
        modules = real_modules()
        before = {name: modules.get(name, NOTHING)}
        for home in filter(None, self.paths.values()):
            if not home.is_own():
                for each in [*home.below(), *home.made]:
                    before[each] = modules.get(each, NOTHING)
                modules.update(home.made)
                for each in home.below():
                    if each not in home.made:  # the host's own: this version's is found anew
                        modules.pop(each, None)
        return before

    def take_back(self, before):
        """Let it be as it was, but for what is active; what the code in C put there is kept."""
        modules = real_modules()
        for name in () if before is None else dict.fromkeys([*before, *self.below()]):
            was, now = before.get(name, NOTHING), modules.get(name, NOTHING)
            if now not in (was, NOTHING) and owner_of(now) in (None, self):
                self.made.setdefault(name, now)
            home = self.modules.place(name) or self
            if not home.is_active():
                if was is NOTHING:
                    modules.pop(name, None)
                else:
                    modules[name] = was

    def bind(self, name, module, package=None):
        """Make a module an attribute of its package, as importlib does."""
        parent, _, child = name.rpartition(".")
        if not package and parent and self.is_active():
            self.join(name, module)
            package = host_module(parent)
        try:
            if package:
                setattr(package, child, module)
        except AttributeError:
            message = f"Cannot set an attribute on {parent!r} for child module {child!r}"
            warnings.warn(message, ImportWarning, stacklevel=2)


class Bases(tuple):
    """The bases of a class, which keep its snapshot in memory (R12), as functions do by themselves.

    It is the one place for that which the collector sees, and neither `vars` nor `dir` of a class.
    """

    def __reduce_ex__(self, protocol):
        return tuple, ([*self],)


def keep_alive(snapshot, names):
    """Let classes that lead to no function of the snapshot keep it in memory.

    It is enough that the first of a family does: the others have it among their bases.
    """
    look, name = type.__getattribute__, names.get("__name__")
    known = {}  # id of a class -> whether it keeps the snapshot
    for value in [*names.values()]:
        # By its type alone, since a lazy object would be set up by a look at its `__class__`.
        if not issubclass(type(value), type) or look(value, "__dict__").get("__module__") != name:
            continue
        if known.get(id(look(value, "__base__"))):
            known[id(value)] = True
            continue
        for each in look(value, "__mro__"):
            if id(each) not in known:
                known[id(each)] = leads_to(snapshot, each, names)
            if known[id(each)]:
                break
        else:
            known[id(value)] = is_tied(snapshot, value)


def is_tied(snapshot, owner):
    """Let a class keep the snapshot by its bases; False if it has them for good, as those of C."""
    bases = Bases(type.__getattribute__(owner, "__bases__"))
    bases.snapshot = snapshot
    try:
        type.__dict__["__bases__"].__set__(owner, bases)
        return True
    except TypeError:
        return False


def leads_to(snapshot, owner, names):
    """Whether a class keeps the snapshot: by its bases, or by a function of any module of it."""
    if getattr(type.__getattribute__(owner, "__bases__"), "snapshot", None) is snapshot:
        return True
    for each in [*type.__getattribute__(owner, "__dict__").values()]:
        if type(each) is types.FunctionType:
            found = each.__globals__
            if found is names or (found and home_of_globals(found) is snapshot):  # PyPy: None
                return True
    return False
