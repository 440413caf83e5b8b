"""The receiver's half: what makes modules of a snapshot, and lets each see its own version.

Who runs it: stage 0 of a pickle (see `emit`), once in a process. Nobody imports it: `build` takes
it as text, behind `registry`, `archive_reader`, `cache_folder` and `unpacking`. It may import the
standard library only, and must run on Python 3.9 to 3.15, PyPy and WebAssembly.

Invariants, by the rules of the design. Keep them when you edit:

1. (R8, R9) A snapshot knows its modules (`made`), and their functions know it through their
   builtins. What shipped code itself puts into `sys.modules` below its name joins them (`known`).
2. (R8) An import statement of shipped code runs `Snapshot.import_`, since a function takes its
   builtins from its globals when it is made. It never takes another version's module.
3. (R11) `sys.modules` is a face: it shows the active snapshot where the host has no module of that
   name by itself, and a module while it executes. What the host imported is neither replaced nor
   removed; a name of the standard library is never shown.
4. (R12) Only `registry.active`, modules and functions hold a snapshot strongly.
5. (R13) Source is executed from the archive in memory, never from disk. Files are for all others.
6. (R14) A module is in `made` while it executes; who meets it there waits for its module lock. If
   it fails, it is as if it had not been met. Shipped code runs under its own module's lock only.

The library looks at a snapshot's `parts` and `requirements` (see `received`).
"""

import builtins
import hashlib
import importlib.machinery as machinery
import importlib.util as util
import marshal
import os
import sys
import types
import warnings
import weakref
import zlib
from importlib import _bootstrap
from itertools import filterfalse

from modulepickle._loader.archive_reader import inflate, read_archive
from modulepickle._loader.cache_folder import cache_folder, read_file, write_file
from modulepickle._loader.hides import tell_of
from modulepickle._loader.registry import registry
from modulepickle._loader.unpacking import check, lock, log, unpack, warn_once

# The private half of importlib that has no public twin. All are there from 3.9 to 3.15; a test asks
# every supported Python for them.
ImportLock = _bootstrap._ImportLockContext  # fork() takes it first: a child never finds it held
ModuleLock = _bootstrap._ModuleLockManager
DeadlockError = _bootstrap._DeadlockError
import_children = _bootstrap._handle_fromlist
set_code_path = _bootstrap._imp._fix_co_filename

PathFinder = machinery.PathFinder
STANDARD = os.path.dirname(os.__file__) + os.sep
SNAPSHOTS = weakref.WeakValueDictionary()  # digest -> Snapshot
FOLDERS = weakref.WeakValueDictionary()  # folder of unpacked files -> Snapshot
NAMESPACES = {}  # name -> the namespace package that was imported for what is shipped below it
NOTHING = object()
native_import = builtins.__import__


def host_module(name):
    """The module of a name as the host imports it, whoever calls."""
    return registry.originals["import_module"](name)


def spec_of(module):
    """The spec of a module, by its type and dict alone: a lazy one would import something."""
    if issubclass(type(module), types.ModuleType):
        return object.__getattribute__(module, "__dict__").get("__spec__")
    return None


def owner_of(module):
    """The snapshot that a module is of, or None."""
    return getattr(spec_of(module), "snapshot", None)


def is_initializing(module):
    return getattr(spec_of(module), "_initializing", False)


def native(name):
    """The module of that name that the host imported by itself, or None."""
    module = sys.modules.get(name)
    for made, _ in [*registry.active.values()]:  # a copy: another thread may change it
        if made.get(name) is module:
            return None
    return None if owner_of(module) else module


def is_standard(name):
    """Whether a top-level name is the standard library's, on this Python."""
    if name in sys.builtin_module_names:
        return True
    if sys.version_info >= (3, 10):
        return name in sys.stdlib_module_names
    spec = PathFinder.find_spec(name)  # when 3.9 goes, so does this
    origin = str(spec and spec.origin)
    return origin.startswith(STANDARD) and "site-packages" not in origin


def home_of_globals(names):
    """The snapshot whose code has these globals, or None."""
    found = names.get("__builtins__")
    home = getattr(found.get("__import__"), "__self__", None) if type(found) is dict else None
    return home if hasattr(home, "requirements") else None


def caller_of(frame):
    """The snapshot whose code called the standard library, or None."""
    while frame:
        home = home_of_globals(frame.f_globals)
        if home:
            return home
        file = frame.f_code.co_filename
        if not file.startswith((STANDARD, "<frozen ", "<modulepickle>")) or "site-packages" in file:
            return None
        frame = frame.f_back
    return None


class cached:
    """A property computed once. That of functools has a lock before 3.12, for all instances
    together, which a fork in another thread would leave locked in the child."""

    def __init__(self, make):
        self.make = make

    def __get__(self, owner, kind):
        value = vars(owner)[self.make.__name__] = self.make(owner)
        return value


# --- loaders --------------------------------------------------------------------------------------


class FileLoader(machinery.SourceFileLoader):
    """Executes a source file in a snapshot's folder that its archive does not have."""

    home = None

    def exec_module(self, module):
        home = self.home or home_of(self.path)
        if home:
            vars(module)["__builtins__"] = home.builtins
        super().exec_module(module)


class SourceLoader(FileLoader):
    """Executes source from the archive; its bytecode is cached by the content of the file."""

    def get_data(self, path):
        return self.home.read(path, super().get_data)

    def get_resource_reader(self, name):
        if self.home.is_on_disk():
            return super().get_resource_reader(name)
        return self.home.resource_reader(self.path)

    @cached
    def archive(self):
        # `importlib.resources` looks here before 3.10: when 3.9 goes, so does this.
        if sys.version_info >= (3, 10) or self.home.is_on_disk():
            raise AttributeError("archive")
        return self.home.zip

    def get_code(self, name):
        # The file as it is packed: nothing is inflated. Format 2 of marshal has one form only.
        key = sys.version, sys.flags.optimize, self.home.files[self.member][:3]
        file = hashlib.sha256(marshal.dumps(key, 2)).hexdigest()
        try:
            # Inflating checks a sum, too: what is damaged, or another file's, is not executed.
            code = marshal.loads(zlib.decompress(read_file(f"{cache_folder()}/{file}")))[key]
            set_code_path(code, self.path)
            return code
        except Exception as error:
            log("debug", "%s is compiled: %s", name, error)
        code = self.source_to_code(self.get_data(self.path), self.path)
        try:
            packed = zlib.compress(marshal.dumps({key: code}), 0)
            write_file(f"{cache_folder()}/{file}", [packed])
        except Exception as error:  # no disk; or the interpreter ends, and `open` is gone
            log("debug", "bytecode of %s is not kept: %s", name, error)
        return code


class ExtensionLoader(machinery.ExtensionFileLoader):
    def create_module(self, spec):
        if self.member in self.home.files:  # the system executes what is on disk now
            check(self.member, self.home.files[self.member], self.home.folder)
        return super().create_module(spec)


# What a module may be made from -> its loader, in the order in which importlib looks.
KINDS = (
    (ExtensionLoader, machinery.EXTENSION_SUFFIXES),
    (SourceLoader, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)
LOADERS = {
    stem + suffix: loader
    for stem in ("/__init__", "")
    for loader, suffixes in KINDS
    for suffix in suffixes
}


class Finder:
    """Finds for the host's own imports what is active, and the metadata of who asks."""

    def find_spec(self, name, path=None, target=None):
        homes = active_homes()
        home = next((home for home in homes if f"{name}.".startswith(f"{home.top}.")), None)
        spec = home and home.spec(name, path)
        if not home and any(
            each.top.startswith(f"{name}.") and not each.is_on_disk() for each in homes
        ):
            # Above it, and nowhere else: on disk, this would be a namespace package.
            return PathFinder.find_spec(name, path) or namespace_spec(name, [])
        if spec and spec.loader and not target:  # but a reload executes it again
            loader = spec.loader

            def done(module):
                del loader.create_module, loader.exec_module

            loader.create_module = lambda spec: home.fetch(name)
            loader.exec_module = done
        return spec

    def find_distributions(self, context):
        home = caller_of(sys._getframe(1))
        for each in dict.fromkeys([*(home.paths.values() if home else ()), *active_homes()]):
            # What is on disk and active, is found on `sys.path`.
            if each and not (each.is_active() and each.is_on_disk()):
                yield from each.distributions(context)


FINDER = registry.finder = registry.finder or Finder()


def active_homes():
    homes = [getattr(leave, "__self__", None) for _, leave in [*registry.active.values()]]
    return [home for home in homes if hasattr(home, "requirements")]  # of this kind of loader


def home_of(path):
    """The snapshot in whose folder a file or folder lies, or None."""
    for folder, home in [*FOLDERS.items()]:
        if f"{path}{os.sep}".startswith(f"{folder}{os.sep}"):
            return home
    return None


def finder_in(path):
    """A path hook: what is found in a snapshot's folder by other ways than ours is its own too."""
    home = home_of(path)
    if home and not home.is_on_disk():
        return MemoryFinder(home, path)
    if not home or not os.path.isdir(path):
        raise ImportError(path)
    (_, extensions), (_, sources), bytecode = KINDS
    native_extensions = machinery.ExtensionFileLoader, extensions
    return machinery.FileFinder(path, native_extensions, (FileLoader, sources), bytecode)


class MemoryFinder:
    """What `importlib.machinery.FileFinder` is for a folder, where there is only the archive."""

    def __init__(self, home, path):
        self.home, self.stem = home, path.replace(os.sep, "/")[len(home.folder) + 1 :]

    def find_spec(self, name, target=None):
        stem = f"{self.stem}/{name.rpartition('.')[2]}".strip("/")
        return self.home.spec(stem.replace("/", "."))

    def iter_modules(self, prefix=""):
        found = {}
        above = f"{self.stem}/" if self.stem else ""
        for path in self.home.files:
            name, _, rest = path[len(above) :].partition("/")
            is_package = rest.startswith("__init__.")
            if path.startswith(above) and (is_package or not rest):
                name = name.partition(".")[0]
                found[name] = is_package or found.get(name, False)
        for name in sorted(found.keys() - {"__init__"}):
            if self.find_spec(name):
                yield prefix + name, found[name]


def namespace_spec(name, locations):
    spec = machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = locations
    return spec


def put_first(places, new):
    """Put something at the head of a list of the process, unless it is there.

    Nothing is taken out, since another thread may be looking through the list. It is looked for and
    put there in one call, so that a signal handler that does the same comes before or after.
    """
    places[:0] = filterfalse(places.__contains__, [new])


def forget(folder):
    """Take a folder out of the caches of the process; nothing may be imported for it."""
    for path in [*sys.path_importer_cache]:
        if f"{path}{os.sep}".startswith(f"{folder}{os.sep}"):
            sys.path_importer_cache.pop(path, None)
    lines = getattr(sys.modules.get("linecache"), "cache", {})
    for path in [*lines]:
        if path.startswith(folder):
            lines.pop(path, None)


# --- snapshots ------------------------------------------------------------------------------------


class Snapshot:
    """One package at one content, and the modules made from it in this process (R9).

    Attributes:
        parts: name, digest, archive hash, archive: what it was made from, to send it on.
        requirements: top-level name -> each snapshot that it imports, or "distribution version" as
            the sender had it.
        files: archive-relative POSIX path -> CRC-32, size, deflated bytes, mode.
        made: name -> module, of all that is imported or being imported.
    """

    def __init__(self, top, digest, archive_hash, archive):
        self.parts = self.top, digest, self.hash, archive = (
            top,
            digest,
            archive_hash,
            bytes(archive),
        )
        self.made, self.requirements = {}, {}
        try:
            if hashlib.sha256(archive).digest()[:16] != archive_hash:
                raise ValueError("it is not what was sent")
            self.files = read_archive(archive) if archive else {}
        except Exception as error:
            raise ImportError(f"{top} is damaged: pickle it again ({error})")
        self.builtins = {"__import__": self.import_}
        refresh(self)

    def __setstate__(self, requirements):
        """Link what it requires. The snapshot unpickled last is the active one (R11)."""
        self.requirements = requirements
        if self.is_active():
            return
        is_shown = self.may_be_shown()
        if is_shown or self.shows_metadata():
            put_first(sys.meta_path, FINDER)
            put_first(sys.path_hooks, finder_in)
        if not is_shown:
            return
        folder = self.folder  # unpacked before the lock is taken: with it, nobody else can import
        if self.is_on_disk():
            lock(folder, self)  # a daemon closes all descriptors when it begins
        hidden = None
        with ImportLock():
            if self.is_active() or not self.may_be_shown():
                return
            if self.top not in registry.active and "." not in self.top:
                hidden = PathFinder.find_spec(self.top)
            self.enter(folder)
            for name in [*self.made]:  # it grows in other threads
                self.show(name)
        if self.top in self.made:
            self.bind(self.top, self.made[self.top])
        if hidden and hidden.origin:
            tell_of(self, hidden.origin)

    def __call__(self, name, *path):
        """The module of that name, or what stands in it under a path of attributes."""
        found = self.fetch(name)
        for part in path:
            found = getattr(found, part)
        return found

    def __reduce__(self):
        """Refuse: a foreign pickler would take the loader along."""
        import pickle

        raise pickle.PicklingError(
            f"{self.top} came in a pickle, and what is in it cannot be found by name here, since "
            f"another {self.top} is imported: pickle it with modulepickle.dumps, which sends its "
            "package on"
        )

    # What the rest of the process sees

    def may_be_shown(self):
        """Whether the face is for it: not beside the host's own, nor over the standard library."""
        return not (
            self.top in ("", "modulepickle")
            or native(self.top)
            or is_standard(self.top)
            or self.is_own()
        )

    def active_modules(self):
        """The modules of the active snapshot of this name, or None."""
        return registry.active.get(self.top, [None])[0]

    def is_active(self):
        return self.active_modules() is self.made

    def is_own(self):
        """Whether this process imported the same by itself. The library can tell, if it is here."""
        library = sys.modules.get("modulepickle._own")
        return library is not None and library.owns(self)

    def below(self):
        """The names in `sys.modules` that are this package's, or below it."""
        return [name for name in [*sys.modules] if f"{name}.".startswith(f"{self.top}.")]

    def enter(self, folder):
        """Make this snapshot the active one, in the place that another version has on `sys.path`.

        A signal handler may unpickle another at any line of this: then that one leaves, too.
        """
        while not self.is_active():
            _, leave = registry.active.get(self.top, (None, None))
            if leave:
                before = getattr(leave.__self__, "folder", None)  # early loaders name it otherwise
                if before in sys.path and folder not in sys.path:
                    sys.path[sys.path.index(before)] = folder
                leave()
            for path in [*sys.path]:  # what an interrupted load left there
                if getattr(FOLDERS.get(path), "top", None) == self.top and path != folder:
                    sys.path.remove(path)
            put_first(sys.path, folder)
            registry.active.setdefault(self.top, (self.made, self.leave))

    def leave(self):
        """Take this snapshot out of the sight of the rest of the process."""
        made, leave = registry.active.pop(self.top, (self.made, None))
        if made is not self.made:  # a signal handler was faster
            leave()
        if self.folder in sys.path:
            sys.path.remove(self.folder)
        for name in self.below():
            module = sys.modules[name]
            if owner_of(module) in (None, self) and not is_initializing(module):
                self.made[name] = module
                del sys.modules[name]
        parent = self.top.rpartition(".")[0]
        while parent and sys.modules.get(parent) is NAMESPACES.get(parent, NOTHING):
            del sys.modules[parent], NAMESPACES[parent]  # it has this version as its attribute
            parent = parent.rpartition(".")[0]
        forget(self.folder)
        guard_picklers()  # noqa: F821  # it stands in `foreign`

    def show(self, name):
        """Let `sys.modules` say of a name what the active snapshot says."""
        with ImportLock():
            made, now = self, self.active_modules()
            while made is not now and not native(name):  # a signal handler may change it
                if is_initializing(sys.modules.get(name)):
                    return
                made = now
                if name in (made or ()):
                    sys.modules[name] = made[name]
                else:
                    sys.modules.pop(name, None)
                now = self.active_modules()

    # Files

    @cached
    def folder(self):
        """The folder of the unpacked files, which holds this one package; or no folder at all."""
        name = self.hash.hex()
        try:
            folder = unpack(name, self.files, self)
        except (OSError, ValueError) as error:
            warn_once(
                "disk",
                "modulepickle: no files are unpacked, and everything runs from memory: %s",
                error,
            )
            folder = f"{os.devnull}/{name}"  # nobody can make that one
        FOLDERS[folder] = self
        weakref.finalize(self, forget, folder).atexit = False
        return folder

    def is_on_disk(self):
        return not self.folder.startswith(os.devnull)

    def read(self, path, otherwise):
        """The bytes of a file below the folder: of the archive, if it has that."""
        member = str(path).replace(os.sep, "/")[len(self.folder) + 1 :]
        if str(path).startswith(self.folder) and member in self.files:
            return inflate(member, self.files[member])
        return otherwise(path)

    @cached
    def zip(self):
        """The archive as an open zip file, for what can read those (no disk: `folder`)."""
        import io
        import zipfile

        class Archive(zipfile.ZipFile):
            def __fspath__(this):
                return self.folder

        return Archive(io.BytesIO(self.parts[3]))

    def inside(self, path):
        """A folder of the archive as a path that `importlib` can read."""
        import pathlib
        import zipfile

        if self.is_on_disk():
            return pathlib.Path(path)
        member = str(path).replace(os.sep, "/")[len(self.folder) + 1 :]
        return zipfile.Path(self.zip, f"{member}/" if member else "")

    def resource_reader(self, path):
        try:
            from importlib.resources.abc import TraversableResources
        except ImportError:  # before 3.11
            from importlib.abc import TraversableResources

        class Reader(TraversableResources):
            def files(this):
                return self.inside(os.path.dirname(path))

        return Reader()

    def shows_metadata(self):
        return any(".dist-info/" in path for path in self.files) and not self.is_own()

    def distributions(self, context):
        """The metadata of its own distribution, if it came along."""
        from importlib import metadata

        names = {path.partition("/")[0] for path in self.files if ".dist-info/" in path}
        wanted = (context.name or "").lower().replace("-", "_").replace(".", "_")
        for name in sorted(names):
            title = name.partition("-")[0].lower().replace("-", "_").replace(".", "_")
            if context.name is None or title == wanted:
                yield metadata.PathDistribution(self.inside(f"{self.folder}/{name}"))

    # Modules

    def spec(self, name, path=None):
        """The spec of a module in the archive, or None."""
        stem = name.replace(".", "/")
        suffix = next((each for each in LOADERS if stem + each in self.files), "")
        if not suffix and not any(file.startswith(f"{stem}/") for file in self.files):
            return None
        place = f"{self.folder}/{stem}{suffix}"
        if suffix:
            loader = LOADERS[suffix](name, place)
            loader.home, loader.member = self, stem + suffix
            spec = util.spec_from_file_location(name, place, loader=loader)
        else:  # a namespace package: it has no file, and executes nothing
            spec = PathFinder.find_spec(name, path) if self.is_active() else None
            if place not in (getattr(spec, "submodule_search_locations", None) or ()):
                spec = namespace_spec(name, [place])
        spec.snapshot = self
        return spec

    def find(self, name, path):
        """The spec of a module: in the archive, or where a native import would look; or None."""
        if name == self.top:
            return self.spec(name)
        own, before = f"{self.folder}/{name.rpartition('.')[0].replace('.', '/')}", []
        for each in path:
            if each == own:
                break
            before.append(each)
        spec = (before and PathFinder.find_spec(name, before)) or self.spec(name, path)
        for finder in [*sys.meta_path]:
            if not spec and finder is not FINDER and self.may_ask(finder):
                spec = finder.find_spec(name, path, None)
        return spec

    def may_ask(self, finder):
        """Whether a finder is the host's, or was made by code that this snapshot sees."""
        ask = getattr(finder, "find_spec", None)
        home = home_of_globals(getattr(ask, "__globals__", {}))
        return ask and not hasattr(finder, "parts") and home in (None, *self.paths.values())

    def known(self, name):
        """What this snapshot has under a name, or `NOTHING`.

        What somebody put into `sys.modules` in its place, or took away there, counts as it does for
        a native import, as long as that is where this snapshot is seen.
        """
        if self.is_active():
            shown = sys.modules.get(name, NOTHING)
            if shown is not self.made.get(name, NOTHING) and owner_of(shown) in (None, self):
                if shown is NOTHING:
                    self.made.pop(name, None)
                else:
                    self.made[name] = shown
        return self.made.get(name, NOTHING)

    def fetch(self, name):
        """The module of a dotted name in this snapshot, imported if need be."""
        module = self.known(name)
        if module is NOTHING or is_initializing(module):
            if self.is_native():
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
        package, path = None, None
        if name != self.top:
            parent = name.rpartition(".")[0]
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

    def execute(self, spec, package):
        """Make a module and execute it; while it executes, `sys.modules` has it (R11)."""
        name, before = spec.name, {}
        module = util.module_from_spec(spec)
        vars(module)["__builtins__"] = self.builtins
        is_seen = self.is_active() or not is_standard(self.top)
        if not self.is_active():
            before = {name: sys.modules.get(name, NOTHING) for name in [*self.below(), name]}
        try:
            spec._initializing = True
            self.made[name] = module
            if is_seen:
                sys.modules[name] = module
            if spec.loader:
                spec.loader.exec_module(module)
            keep_alive(self, vars(module))
            left = sys.modules.get(name) if is_seen else module
            # Has it put another object in its place? Not if that is of another version.
            if left is not module and owner_of(left) in (None, self):
                self.made[name] = module = left
            # Before it counts as executed: who does not find it there looks into `sys.modules`.
            self.bind(name, module, package)
            if not self.is_active() and self.top != "modulepickle":
                guard_picklers()  # noqa: F821  # it stands in `foreign`
        except BaseException:
            self.made.pop(name, None)
            raise
        finally:
            spec._initializing = False
            self.restore(name, before)
            refresh(self)
        return module

    def restore(self, name, before):
        """Let `sys.modules` be as it was, but for what shipped code itself put there."""
        with ImportLock():
            if self.is_active():
                self.known(name) if name in self.made else sys.modules.pop(name, None)
                self.show(name)
                return
            for each in {*before, *self.below()}:
                was, now = before.get(each, NOTHING), sys.modules.get(each, NOTHING)
                if now is was or (each != name and owner_of(now) is not None):
                    continue
                if each != name and now is not NOTHING:
                    self.made[each] = now
                if was is NOTHING or owner_of(was):
                    sys.modules.pop(each, None)
                    self.show(each)
                else:
                    sys.modules[each] = was

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

    # What the import statements of its code see (R8)

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
        return {}

    def namespace(self, name):
        """The namespace package above what is shipped: the host's object, or where another version
        is seen there, one that this snapshot has for itself."""
        if name not in self.views:
            below = [
                home for home in self.paths.values() if home and home.top.startswith(f"{name}.")
            ]
            ours = sys.modules.get(name) in (None, NAMESPACES.get(name))
            if ours and all(home.is_active() for home in below):
                NAMESPACES[name] = view = host_module(name)
                view.__class__ = View
            else:
                stem = name.replace(".", "/")
                view = View(name)
                view.__path__ = [f"{home.folder}/{stem}" for home in below]
                view.__spec__ = namespace_spec(name, view.__path__)
            homes = vars(view.__spec__).setdefault("homes", [])
            homes.append(self)  # as long as the object is there, so is what is seen through it
            self.views[name] = view
        return self.views[name]

    def obtain(self, name):
        """The module of a dotted name as code of this snapshot sees it."""
        above = name
        while above:
            if self.paths.get(above):
                home = self.paths[above]
                module = home.fetch(name)
                if "." in above:
                    self.join(above, home.fetch(above))
                return module
            above = above.rpartition(".")[0]
        if name in self.paths:
            return self.namespace(name)
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
        if name.partition(".")[0] in self.paths:
            return self.obtain(name)
        try:
            return registry.originals["import_module"](name, package)
        except ModuleNotFoundError as error:
            self.explain(error, name, self.top)
            raise

    def find_spec(self, name, package=None):
        full = util.resolve_name(name, package)
        above = full
        while above and not self.paths.get(above):
            above = above.rpartition(".")[0]
        if not above:
            return registry.originals["find_spec"](full)
        home = self.paths[above]
        module = home.known(full)
        if module is not NOTHING:
            return getattr(module, "__spec__", None)
        parent = full.rpartition(".")[0]
        return home.find(full, home.fetch(parent).__path__ if full != home.top else None)

    def import_(self, name, globals=None, locals=None, fromlist=(), level=0):
        """`__import__` for code of this snapshot."""
        full = absolute(name, globals, level) if level else name
        if not isinstance(full, str) or full.partition(".")[0] not in self.paths:
            try:
                find = process_import(globals)
                module = find(name, globals, locals, fromlist, level)
                if full == "runpy" and "run_path" not in registry.originals:
                    divert_runpy(module)  # noqa: F821  # it stands in `callers`
                return module
            except ModuleNotFoundError as error:
                self.explain(error, full, (globals or {}).get("__name__", self.top))
                raise
        find = process_import(globals)
        if find is not native_import and self.is_active():
            find(name, globals, locals, fromlist, level)  # somebody wants to see it
        module = self.obtain(full)
        if not fromlist:
            end = len(full) - len(name)
            return self.obtain(full[:end] + name.partition(".")[0]) if name else module
        if hasattr(module, "__path__"):
            import_children(module, fromlist, self.obtain)
            return self.with_late(module, full, fromlist)
        return module

    def with_late(self, package, full, names):
        """The package, or if children are being imported, what has them as attributes already.

        The interpreter would look for them in `sys.modules`, which may show another version.
        """
        late = {}
        home = owner_of(package)
        for name in names if isinstance(home, Snapshot) else ():
            child = home.made.get(f"{full}.{name}")
            if child and not hasattr(package, name):
                late[name] = child
            why = home.why_not(f"{full}.{name}")
            if why and not hasattr(package, name):
                file = getattr(package, "__file__", None)
                message = (
                    f"cannot import name {name!r} from {full!r} ({file or 'unknown location'})"
                )
                raise ImportError(message + why, name=full, path=file)
        if not late:
            return package
        view = View(full)
        vars(view).update({**vars(package), **late})
        return view

    def why_not(self, name):
        """What to add to an error: by what the sender left out a module of this package."""
        said = str(self.requirements.get(name, ""))
        return f" (the sender {said})" if said.startswith("left it out ") else ""

    def explain(self, error, name, who):
        """Add to an error what there is to say of an import that worked on the sender (R15)."""
        said = self.requirements.get(name.partition(".")[0])
        if not said or not error.name or not f"{name}.".startswith(f"{error.name}."):
            return
        wanted = {}
        for home in [self, *filter(None, self.paths.values())]:
            for top, requirement in home.requirements.items():
                if isinstance(requirement, str) and not home.why_not(top) and not is_there(top):
                    wanted[requirement.replace(" ", "==")] = None
        all_missing = " ".join(sorted(wanted))
        error.msg += f" ({who} imports it; the sender had {said}; missing here: {all_missing})"
        error.args = (error.msg,)  # PyPy shows these


class Bases(tuple):
    """The bases of a class, which keep its snapshot in memory (R12), as functions do by themselves.

    It is the one place for that which the collector sees, and neither `vars` nor `dir` of a class.
    """

    def __reduce_ex__(self, protocol):
        return tuple, ([*self],)


def keep_alive(snapshot, names):
    """Let classes that have no function of their module keep the snapshot in memory."""
    known = {}  # id of a class -> whether it has a function of the snapshot
    for value in [*names.values()]:
        # By its type alone, since a lazy object would be set up by a look at its `__class__`.
        if not issubclass(type(value), type):
            continue
        own = type.__getattribute__(value, "__dict__")
        if own.get("__module__") != names["__name__"]:
            continue
        classes = type.__getattribute__(value, "__mro__")
        if not any(known.get(id(each)) or leads_to(snapshot, each, known) for each in classes):
            bases = Bases(type.__getattribute__(value, "__bases__"))
            bases.snapshot = snapshot
            try:
                type.__dict__["__bases__"].__set__(value, bases)
            except TypeError:  # a class of C
                pass


def leads_to(snapshot, owner, known):
    """Whether a class has a function of the snapshot."""
    if id(owner) not in known:
        values = [*type.__getattribute__(owner, "__dict__").values()]
        functions = (each for each in values if type(each) is types.FunctionType)
        known[id(owner)] = any(home_of_globals(each.__globals__) is snapshot for each in functions)
    return known[id(owner)]


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


def is_there(top):
    try:
        return native(top) is not None or registry.originals["find_spec"](top) is not None
    except (ImportError, ValueError):
        return False


def stands_back(home):
    """Whether it is the stand-in for this library, where that is installed."""
    return home.top == "modulepickle" and is_there("modulepickle")


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


# --- what is the whole process' -------------------------------------------------------------------


def refresh(snapshot):
    """Let shipped code see the builtins as they are now, but for its own `__import__`."""
    now = {**vars(builtins), "__import__": snapshot.import_}
    for name in snapshot.builtins.keys() - now.keys():
        del snapshot.builtins[name]
    snapshot.builtins.update(now)


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


def process_import(globals):
    """What the process imports by: perhaps what somebody put around `builtins.__import__`.

    What was put there may have kept our own, and call that: then it is not asked again. An import
    statement passes its frame's globals.
    """
    now = builtins.__import__
    asked = sys._getframe(2).f_globals is not globals
    return native_import if asked or now is import_by_globals else now


def import_by_globals(name, globals=None, locals=None, fromlist=(), level=0):
    """`builtins.__import__` for PyPy, whose functions ignore `__builtins__` of their globals."""
    found = (globals or {}).get("__builtins__")
    find = found["__import__"] if type(found) is dict else native_import
    return find(name, globals, locals, fromlist, level)


def find(name, digest, *rest):
    """The snapshot of that digest: what a pickle calls first (R9)."""
    with ImportLock():
        return SNAPSHOTS.get(digest) or SNAPSHOTS.setdefault(digest, Snapshot(name, digest, *rest))
