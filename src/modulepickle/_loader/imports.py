"""What the import statements of a snapshot's code find (R8).

A shipped text of the loader, and a part of its `Snapshot`.
"""

import builtins
import types
from importlib import util

from modulepickle._loader.finders import module_of, namespace_spec
from modulepickle._loader.registry import registry
from modulepickle._loader.said import Said, cannot_import
from modulepickle._loader.sys_modules import SysModules
from modulepickle._loader.whose import (
    HOST_BUILTINS,
    NAMESPACES,
    NOTHING,
    SNAPSHOTS,
    cached,
    get_frame,
    given_by,
    host_module,
    import_children,
    native_import,
    owner_of,
    place_of,
    real_modules,
    refresh,
    stands_back,
)


class Imports(Said):
    """`__import__` for a snapshot's code, and what else asks for modules in its name."""

    @cached
    def paths(self):
        """Each name that is not simply the host's -> its snapshot, or None for what is above one.

        The snapshots are all that this one can reach by imports, itself included.
        """
        paths = {}
        todo = [self]
        for each in todo:
            if hasattr(each, "parts") and not paths.get(each.top) and not stands_back(each):
                name = each.top
                while name:
                    paths.setdefault(name)
                    name = name.rpartition(".")[0]
                if each.top:
                    paths[each.top] = each
                todo += each.requirements.values()
        return paths

    @cached
    def views(self):
        """The namespace packages that it sees: the same as what required it sees, if anything."""
        return {}

    @cached
    def modules(self):
        return SysModules(self)

    def namespace(self, name):
        """The namespace package above what is shipped: the host's object, or where another version
        is seen there, one that this snapshot has for itself."""
        if name not in self.views:
            below = [
                home for home in self.paths.values() if home and home.top.startswith(f"{name}.")
            ]
            ours = real_modules().get(name) in (None, NAMESPACES.get(name))
            if ours and all(home.is_active() and home.is_on_disk() for home in below):
                NAMESPACES[name] = view = host_module(name)
                view.__class__ = View
            else:
                view = module_of(namespace_spec(name, below))
                view.__class__ = View
            homes = vars(view.__spec__).setdefault("homes", [])
            homes.append(self)  # as long as the object is there, so is what is seen through it
            self.views[name] = view
            for home in below:
                home.views = self.views
        return self.views[name]

    def obtain(self, name):
        """The module of a dotted name as code of this snapshot sees it."""
        home = place_of(self, name)
        if home:
            if "." in home.top:
                self.namespace(home.top.rpartition(".")[0])  # it is there before what is below it
            module = home.fetch(name)
            if "." in home.top:
                self.join(home.top, home.fetch(home.top))
            return module
        if name in self.paths:
            return self.namespace(name)
        if name in self.modules.written:
            return self.modules[name]
        home = given_by(self, name)
        if home:
            return home.obtain(name)
        module = host_module(name)
        if name.rpartition(".")[0] in self.paths:
            self.join(name, module)
        return module

    def join(self, name, module):
        """Make a module an attribute of the namespace package that this snapshot sees above it."""
        parent, _, child = name.rpartition(".")
        space = self.namespace(parent)
        if vars(space).get(child) is not module:
            setattr(space, child, module)

    def import_module(self, name, package=None):
        if name.startswith(".") and package:
            name = util.resolve_name(name, package)
        try:
            if self.has(name) or given_by(self, name):
                return self.obtain(name)
            return registry.originals["import_module"](name, package)
        except ModuleNotFoundError as error:
            self.explain(error, [name], self.top)
            raise

    def find_spec(self, name, package=None):
        full = util.resolve_name(name, package)
        self.has(full)  # then its paths have it
        home = place_of(self, full) or given_by(self, full)
        if not home:
            return registry.originals["find_spec"](full)
        module = home.known(full)
        if module is not NOTHING:
            return getattr(module, "__spec__", None)
        parent = full.rpartition(".")[0]
        return home.find(full, home.fetch(parent).__path__ if full != home.top else None)

    def import_(self, name, globals=None, locals=None, fromlist=(), level=0):
        """`__import__` for code of this snapshot."""
        try:
            if str(name)[:1] == DOT:
                name = name[1:].replace(DOT, ".")
                if not fromlist:
                    self.import_siblings(name)
            return self.imported(name, globals, locals, fromlist, level)
        except BaseException as error:
            if isinstance(error, ModuleNotFoundError):
                full = absolute(name, globals, level) if level else name
                wanted = [full, *(f"{full}.{each}" for each in fromlist or ())]
                self.explain(error, wanted, (globals or {}).get("__name__", self.top))
            # A bare `raise` does not add this frame again, from 3.11 on.
            error.__traceback__ = without_loader(error)
            raise

    def lazy_import(self, name, globals=None, locals=None, fromlist=(), level=0):
        """`__lazy_import__` for code of this snapshot: what comes of it imports by `import_`."""
        full = absolute(name, globals, level) if level else name
        if full and self.has(full):
            name, level = DOT + full.replace(".", DOT), 0
            if not fromlist:
                self.lazy.add(full)
        args = name, globals, locals, fromlist, level
        # The interpreter makes such objects at module level only.
        return eval("make(*args)", {"make": HOST_BUILTINS["__lazy_import__"], "args": args})

    def import_siblings(self, name):
        """Of `lazy import a.b` and `lazy import a.c`, only the last is behind the name `a`."""
        for each in [*self.lazy]:
            if each.partition(".")[0] == name.partition(".")[0]:
                try:
                    self.obtain(each)
                except ImportError:
                    pass

    def imported(self, name, globals, locals, fromlist, level):
        full = absolute(name, globals, level) if level else name
        frame = importing_frame()
        find = process_import(frame, globals)
        if not self.has(full):
            # A statement was seen when it was pickled, and means what it meant there.
            home = frame.f_globals is not globals and given_by(self, full)
            if home:
                return home.imported(name, globals, locals, fromlist, level)
            module = find(name, globals, locals, fromlist, level)
            if full.partition(".")[0] in IMPORTERS:  # noqa: F821  # it stands in `callers`
                serve(full)  # noqa: F821  # it stands in `callers`
            self.check_children(module, full, fromlist)
            return module
        if find is not native_import and self.is_active():
            find(name, globals, locals, fromlist, level)  # somebody wants to see it
        module = self.obtain(full)
        if not fromlist:
            if is_by_c(frame, globals, locals, fromlist):
                refuse_another(full, name, module)
            if "." in full and not self.is_active() and is_import_as(frame):
                return self.late_top(full)
            above = full[: len(full) - len(name)]
            return self.obtain(above + name.partition(".")[0]) if name else module
        if hasattr(module, "__path__"):
            import_children(module, fromlist, self.obtain)
            self.check_children(module, full, fromlist)
            return self.with_late(module, full, fromlist, frame)
        return module

    def has(self, name):
        """Whether a name is not simply the host's."""
        if not isinstance(name, str):
            return False
        top = name.partition(".")[0]
        return top in self.paths or name in self.modules.written or self.finds(top)

    def with_late(self, package, full, names, frame):
        """The package, or if children are being imported, what has them as attributes already.

        The interpreter would look for them in `sys.modules`, which may show another version. So
        a statement that asks for one that this version lacks is an error here.
        """
        late = {}
        home = owner_of(package)
        for name in names if isinstance(home, Imports) else ():
            if name in vars(package):
                continue
            child = home.made.get(f"{full}.{name}")
            if child and not hasattr(package, name):
                late[name] = child
            why = home.why_not(f"{full}.{name}")
            is_shown = f"{full}.{name}" in real_modules() and is_import_as(frame)
            if (why or is_shown) and not child and not hasattr(package, name):
                raise cannot_import(package, full, name, why)
        if not late:
            return package
        view = View(full)
        vars(view).update({**vars(package), **late})
        return view

    def late_top(self, name):
        """What `import a.b as c` takes `b` from: where a part is being imported, a view with it."""
        above = name.partition(".")[0]
        found = [self.obtain(above)]
        parts, is_late = name.split(".")[1:], False
        for part in parts:
            above = f"{above}.{part}"
            if hasattr(found[-1], part):
                found.append(getattr(found[-1], part))
            else:
                found.append(self.obtain(above))
                is_late = True
        if not is_late:
            return found[0]
        last = found[-1]
        for part in reversed(parts):
            view = View(part)
            vars(view)[part] = last
            last = view
        return last


Imports.import_.__name__ = Imports.import_.__qualname__ = "__import__"  # what code sees of it


# In place of the dots of a name that is imported lazily, and before it. By the name itself the
# interpreter would take what another version has in `sys.modules`, and note what is lazy below it
# for all packages of that name alike, the host's included.
DOT = "\u2024"  # ONE DOT LEADER; by its name, the compiler would need `unicodedata`


class View(types.ModuleType):
    """A namespace package as the code of one snapshot sees it: with what is shipped below it.

    Also a package with those of its children that are still being imported.
    """

    def __getattr__(self, name):
        full = f"{self.__name__}.{name}"
        homes = getattr(self.__spec__, "homes", ())
        try:
            for home in homes:
                if full in home.paths:
                    return home.obtain(full)
            if homes and host_module(self.__name__) is not self:
                return getattr(host_module(self.__name__), name)
        except ImportError:
            pass
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def absolute(name, globals, level):
    """The absolute name of a relative import."""
    globals = globals or {}
    package, spec = globals.get("__package__"), globals.get("__spec__")
    if package is None:
        package = spec.parent if spec else globals.get("__name__", "")
        if not spec and "__path__" not in globals:
            package = package.rpartition(".")[0]
    parts = package.rsplit(".", level - 1)
    if not package or len(parts) < level:
        return ""  # importlib has the words for it
    return f"{parts[0]}.{name}" if name else parts[0]


class Builtins(type(builtins)):
    """`builtins`, which tells all snapshots of a name that somebody sets or deletes in it."""

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        for snapshot in [*SNAPSHOTS.values()]:
            refresh(snapshot)

    def __delattr__(self, name):
        super().__delattr__(name)
        for snapshot in [*SNAPSHOTS.values()]:
            refresh(snapshot)

    def __reduce__(self):
        return __import__, ("builtins",)  # pickled by name, as what it is


def is_by_c(frame, globals, locals, fromlist):
    """Whether C code imports by `PyImport_Import`, as pickle does: this is how that calls."""
    if type(fromlist) is not list or globals is None or globals is not locals:
        return False
    return "__import__" not in frame.f_code.co_names


def refuse_another(full, name, module):
    """Raise if C code would not take the module that its caller sees.

    What is imported here is not what it takes: it looks into `sys.modules` then. `pickle.dumps`
    finds out by itself that this is another one; it gives the very name that the module has.
    """
    shown = real_modules().get(full, NOTHING)
    if shown is not module and (shown is NOTHING or name is not getattr(module, "__name__", None)):
        raise ImportError(
            f"`sys.modules` shows another {full!r} than this code sees, and pickle would take "
            "that: use `pickle._loads` or `pickle._Unpickler`, which are written in Python",
            name=full,
        )


def is_import_as(frame):
    """Whether a frame takes a part of what it imports: `import a.b as c`, and not `import a.b`."""
    from opcode import opmap

    code, place = frame.f_code.co_code, frame.f_lasti + 2
    while code[place] in (0, opmap["EXTENDED_ARG"]):  # 0: a cache of the instruction before
        place += 2
    return code[place] == opmap["IMPORT_FROM"]


def without_loader(error):
    """The traceback of an error without the frames of imports, as importlib takes its own out."""
    kept, entry = [], error.__traceback__
    while entry:
        file = entry.tb_frame.f_code.co_filename
        is_ours = file.startswith(("<modulepickle>", "<frozen importlib._bootstrap"))
        if not is_ours:
            kept.append(entry)
        entry = entry.tb_next
    if is_ours and not isinstance(error, (ImportError, SyntaxError)):
        return error.__traceback__  # the error is the import's own
    first, *rest = *kept, None
    error.__traceback__.tb_next = first  # for 3.9 and 3.10, which keep the first
    for entry, after in zip(kept, rest):
        entry.tb_next = after
    return first


def importing_frame():
    """The frame that `Imports.import_` is called from."""
    frame = get_frame(3)
    return frame.f_back if frame.f_code is import_by_globals.__code__ else frame


def process_import(frame, globals):
    """What the process imports by: perhaps what somebody put around `builtins.__import__`.

    What was put there may have kept our own, and call that: then it is not asked again. An import
    statement passes its frame's globals.
    """
    now = builtins.__import__
    if now is native_import or now is import_by_globals:
        return native_import
    return now if frame.f_globals is globals else native_import


def import_by_globals(name, globals=None, locals=None, fromlist=(), level=0):
    """`builtins.__import__` for PyPy, whose functions ignore `__builtins__` of their globals."""
    found = (globals or {}).get("__builtins__")
    find = found["__import__"] if type(found) is dict else native_import
    return find(name, globals, locals, fromlist, level)
