"""The receiver's half: the text that travels in every pickle that ships a package.

Who runs it: stage 0 of a pickle (see ``_shipped.py``), once in a process, as the module
``_modulepickle_<hash>``. Nobody imports it: ``.ci/pack_loader.py`` reads it as text, strips it and
packs it. It may import the standard library, and must run on Python 3.9 to 3.15 with nothing else
installed. Every byte of it travels with every pickle: keep it short.

Invariants, by the rules of the design. Keep them when you edit:

1. (R8, R9) A snapshot knows its modules (``made``), and their functions know it through their
   builtins: no other table says which module belongs to which snapshot.
2. (R8) An import statement of shipped code runs ``Snapshot.import_``, since a function takes its
   builtins from its globals when it is made. It never asks ``sys.modules`` for a shipped name.
3. (R11) ``sys.modules`` is a face only, written by ``show``. A module there that no snapshot has
   made is native (see ``native``), and is neither replaced nor removed.
4. (R12) Only ``ACTIVE``, the modules themselves and their classes hold a snapshot strongly.
5. (R13) Source is executed from the archive in memory, never from disk. Files on disk are for
   everybody else: ``open``, tracebacks, extension modules, other processes.
6. (R14) A module is bound on its parent *before* it executes, since ``IMPORT_FROM`` falls back to
   ``sys.modules``; whoever finds it bound waits for the import lock of its name.

Releases of this file that meet in one process share ``ACTIVE`` and know each other's modules by
``__spec__.loader_state``: ``made`` and ``leave`` of a snapshot are the protocol between them.
"""

import builtins
import functools
import hashlib
import importlib._bootstrap as bootstrap
import importlib.machinery as machinery
import importlib.util as util
import logging
import marshal
import os
import struct
import sys
import time
import types
import weakref
import zlib

# Guards the registry and the face. It is the interpreter's own import lock, since fork() takes it
# first: a child never finds it held. Never held while shipped code runs.
LOCK = bootstrap._ImportLockContext
SNAPSHOTS = weakref.WeakValueDictionary()  # digest -> Snapshot
# Name -> the active snapshot. It is the namespace of a module, so that all releases find it.
ACTIVE = sys.modules.setdefault("_modulepickle", types.ModuleType("_modulepickle")).__dict__

warn = logging.getLogger("modulepickle").warning


def native(name):
    """The module of that name that the host imported by itself, or None."""
    module = sys.modules.get(name)
    return None if hasattr(getattr(module, "__spec__", None), "snapshot") else module


def cache():
    """The folder for unpacked files: a real one that only this user can write in, or an error."""
    uid = getattr(os, "getuid", int)()
    path = os.environ.get("TMPDIR", "/tmp") + f"/modulepickle-{uid}"
    path = os.environ.get("MODULEPICKLE_CACHE", path)
    os.makedirs(path, 448, True)
    found = os.lstat(path)
    # A link, or open to group or others; Windows' permission bits say nothing.
    if found.st_uid != uid or found.st_mode & (40978 if os.sep == "/" else 40960):
        raise OSError(f"{path} is not this user's alone")
    return path


# Reads a file and closes it.
read = functools.partial(machinery.SourceFileLoader.get_data, None)


def write(path, data):
    """Write a file so that nobody sees it in part, and nothing is left behind if that fails."""
    part = f"{path}.{os.getpid()}"
    machinery.SourceFileLoader.set_data(None, part, data)  # makes folders; is silent if it fails
    os.utime(part, (1e9, 1e9))
    os.replace(part, path)


class View(types.ModuleType):
    """``importlib``, or the host's namespace package, as the code of one snapshot sees it."""

    def __getattr__(self, name):
        full = f"{self.__name__}.{name}"
        try:
            if full in self.snapshot.paths:
                return self.snapshot.obtain(full)
            return getattr(bootstrap._gcd_import(self.__name__), name)
        except ImportError as error:
            raise AttributeError(name) from error


class Source(machinery.SourceFileLoader):
    """Executes source from the archive; its bytecode is cached by the content of the file."""

    def get_data(self, path):
        name = os.path.relpath(path, self.snapshot.folder).replace(os.sep, "/")
        return self.snapshot.unzip(name) if name in self.snapshot.files else super().get_data(path)

    def get_code(self, name):
        data = self.get_data(self.path)
        tag = b"%s%d" % (util.MAGIC_NUMBER, sys.flags.optimize)
        tag = "/" + hashlib.sha256(data + tag).hexdigest()
        try:
            code = marshal.loads(read(cache() + tag))
            bootstrap._imp._fix_co_filename(code, self.path)
        except Exception:
            code = self.source_to_code(data, self.path)
            try:
                write(cache() + tag, marshal.dumps(code))
            except OSError:
                pass
        return code


# What a module may be made from -> its loader, in the order in which importlib looks.
KINDS = {
    stem + suffix: {".py": Source, ".pyc": machinery.SourcelessFileLoader}.get(
        suffix, machinery.ExtensionFileLoader
    )
    for stem in ("/__init__", "")
    for suffix in (*machinery.EXTENSION_SUFFIXES, ".py", ".pyc")
}


class Snapshot:
    """One package at one content, and the modules made from it in this process (R9).

    ``made`` holds the modules that are imported or being imported, ``ready`` the names of those
    that have been executed; ``needs`` the snapshots that it imports.
    """

    def __init__(self, top, digest, seal, archive):
        if hashlib.sha256(archive).digest() != seal:
            raise ImportError(f"shipped {top} is damaged: pickle it again")
        self.parts = top, digest, seal, bytes(archive)  # to send it on
        self.top, self.digest, self.seal, self.archive = self.parts
        self.made, self.ready = {}, set()
        self.builtins = {**builtins.__dict__, "__import__": self.import_}

    def __setstate__(self, needs):
        """Link what it requires. The snapshot unpickled last is the active one (R11)."""
        self.needs = needs
        with LOCK():
            old = ACTIVE.get(self.top)
            if old is self or self.own() or native(self.top):
                return
            if old:
                old.leave()
            rival = None if old else self.rival()
            if rival:
                warn("shipped %s hides %s", self.folder, rival)
            ACTIVE[self.top] = self
            sys.path.insert(0, self.folder)
            sys.meta_path.insert(0, self)
            for name in self.made:
                self.show(name)

    def __call__(self, name, path=""):
        """The module of that name, or what stands in it under a dotted path."""
        return functools.reduce(getattr, filter(None, path.split(".")), self.load(name))

    # The archive and its folder

    @functools.cached_property
    def files(self):
        """Archive-relative POSIX path -> (method, size, packed data)."""
        data, files, at = self.archive, {}, 0
        while data[at : at + 4] == b"PK\3\4":
            method, packed, size, width = struct.unpack("<8xH8xIIH2x", data[at : at + 30])
            start = at + 30 + width
            name = data[at + 30 : start].decode()
            at = start + packed
            files[name] = method, size, data[start:at]
        return files

    def unzip(self, name):
        method, size, data = self.files[name]
        return zlib.decompress(data, -15) if method else data

    @functools.cached_property
    def folder(self):
        """The folder of the unpacked files, which holds that one package."""
        try:
            folder = f"{cache()}/{self.seal.hex()}"
            for name in self.files:
                path = f"{folder}/{name}"
                kept = os.path.exists(path) and (os.path.getsize(path), os.path.getmtime(path))
                if kept != (self.files[name][1], 1e9):
                    write(path, self.unzip(name))
            return folder
        except OSError as error:
            warn("%s: %s is imported from memory, and has no real files", error, self.top)
            return f"/<modulepickle>/{self.seal.hex()}"

    # The face

    def rival(self):
        """The file that the host would import under the name."""
        try:
            return getattr(util.find_spec(self.top), "origin", None)
        except (ImportError, ValueError):
            return None

    def leave(self):
        """Take this snapshot out of the sight of the rest of the process."""
        del ACTIVE[self.top]
        sys.meta_path.remove(self)
        if self.folder in sys.path:
            sys.path.remove(self.folder)
        for name in self.made:
            self.show(name)
        for table in sys.path_importer_cache, getattr(sys.modules.get("linecache"), "cache", {}):
            for path in list(table):
                if path.startswith(self.folder):
                    del table[path]

    def show(self, name):
        """Let ``sys.modules`` say what the active snapshot says, but for a module that executes."""
        with LOCK():
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if native(name) or getattr(spec, "_initializing", False):
                return
            sys.modules[name] = module = getattr(ACTIVE.get(self.top), "made", {}).get(name)
            if not module:
                del sys.modules[name]
            elif name == self.top and "." in name:
                parent, _, child = name.rpartition(".")
                setattr(bootstrap._gcd_import(parent), child, module)

    def find_spec(self, name, path=None, target=None):
        """The finder of the host's own imports of what is active."""
        spec = self.spec(name) if name.startswith(self.top) else None
        if spec:
            spec.loader.create_module = lambda spec: self.load(name)
            spec.loader.exec_module = id  # it has been executed
        return spec

    # The host's own copy (R10)

    def own(self):
        """Whether this process pickled the snapshot, and has the modules that it had then."""
        return getattr(sys.modules.get("modulepickle._snapshot"), "owns", {}.get)(self.digest)

    @functools.cached_property
    def native(self):
        return self.own() or self.same(native(self.top))

    def same(self, host):
        """Whether what the host imported is provably this.

        Its files must be equal, and unchanged since this process began (proc(5): field 22; flag 64
        says that it was forked, and so began before). Elsewhere than on Linux nothing is proved.
        """
        try:
            fields = read("/proc/self/stat").rpartition(b")")[2].split()
            began = int(fields[19]) / 100 - time.clock_gettime(7) + time.time()
            if int(fields[6]) & 64:
                return False
            path = getattr(host, "__path__", None)
            for name in self.files:
                file = path[0] + name[len(self.top) :] if path else host.__file__
                if os.stat(file).st_ctime > began or read(file) != self.unzip(name):
                    return False
            return all(
                s is self or not native(s.top) or s.native
                for s in filter(None, self.paths.values())
            )
        except (OSError, AttributeError):
            return False

    # What the import statements of its code see (R8)

    @functools.cached_property
    def paths(self):
        """Each name that is not simply the host's -> its snapshot, or None for what is above one.

        The snapshots are all that this one can reach by imports, itself included.
        """
        paths = {"importlib": None}
        todo = [self]
        for snapshot in todo:
            if hasattr(snapshot, "made") and not paths.get(snapshot.top):
                name = snapshot.top
                while name:
                    paths.setdefault(name)
                    name = name.rpartition(".")[0]
                paths[snapshot.top] = snapshot
                todo += snapshot.needs.values()
        return paths

    def obtain(self, name):
        """The module of a dotted name as code of this snapshot sees it."""
        above = name
        while above:
            if self.paths.get(above):
                return self.paths[above].load(name)
            above = above.rpartition(".")[0]
        if name in self.paths:
            view = View(name)
            view.snapshot = self
            view.import_module = self.import_module
            return view
        return bootstrap._gcd_import(name)

    def import_module(self, name, package=None):
        return self.obtain(util.resolve_name(name, package))

    def import_(self, name, globals=None, locals=None, fromlist=(), level=0):
        """``__import__`` for code of this snapshot."""
        package = level and bootstrap._calc___package__(globals)
        full = util.resolve_name("." * level + name, package)
        top = full.partition(".")[0]
        if top not in self.paths:
            try:
                return builtins.__import__(name, globals, locals, fromlist, level)
            except ModuleNotFoundError as error:
                if full.startswith(str(error.name)):
                    error.msg += f", imported by {globals['__name__']}; sent with {self.needs.get(top)}"
                raise
        module = self.obtain(full)
        if not fromlist:
            return module if level else self.obtain(top)
        if hasattr(module, "__path__"):
            for child in fromlist:
                child = f"{full}.{child}"
                for snapshot in filter(None, self.paths.values()):
                    if child in snapshot.made:
                        snapshot.load(child)  # bound already, but perhaps not yet executed
            bootstrap._handle_fromlist(module, fromlist, self.obtain)
        return module

    def spec(self, name):
        """The spec of a module in this snapshot, or None."""
        stem = name.replace(".", "/")
        path = f"{self.folder}/{stem}"
        suffix = next((suffix for suffix in KINDS if stem + suffix in self.files), None)
        if suffix:
            path += suffix
            spec = util.spec_from_file_location(name, path, loader=KINDS[suffix](name, path))
        elif any(file.startswith(f"{stem}/") for file in self.files):
            spec = machinery.ModuleSpec(name, Source(name, f"{path}/__init__"), is_package=True)
            spec.submodule_search_locations = [path]
            spec.loader.exec_module = id  # a namespace package executes nothing
        else:
            return None
        spec.snapshot = spec.loader.snapshot = self
        return spec

    def load(self, name):
        """The module of a dotted name in this snapshot, imported if need be."""
        if name in self.ready:
            return self.made[name]
        if self.native:
            return bootstrap._gcd_import(name)
        parent, _, child = name.rpartition(".")
        package = self.load(parent) if name != self.top else View("")
        try:
            with bootstrap._ModuleLockManager(name):
                self.execute(name, package, child)
        except bootstrap._DeadlockError:  # two threads in a circle: one sees the other's half
            self.execute(name, package, child)
        return self.made[name]

    def execute(self, name, package, child):
        if name in self.made:
            return
        spec = self.spec(name)
        if not spec:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        self.made[name] = module = util.module_from_spec(spec)
        setattr(package, child, module)
        module.__builtins__ = self.builtins
        host = native(name)
        if not host:
            sys.modules[name] = module
        spec._initializing = True
        try:
            spec.loader.exec_module(module)
            left = sys.modules[name]
            if left is not (host or module):
                left.__spec__ = spec  # it put another object in its place
                self.made[name] = left
                setattr(package, child, left)
            for value in list(module.__dict__.values()):
                # A class without a function would not hold its snapshot (R12); one of C has the
                # immutable flag. Of this prefix typing.Protocol knows that it is not a member.
                if isinstance(value, type) and value.__module__ == name and not value.__flags__ & 256:
                    type.__setattr__(value, "_abc_snapshot", self)
            self.ready.add(name)
        except BaseException:
            for made in list(self.made):
                if f"{made}.".startswith(f"{name}."):
                    del self.made[made]
                    self.ready.discard(made)
                    self.show(made)
            delattr(package, child)
            raise
        finally:
            spec._initializing = False
            if host:
                sys.modules[name] = host
            self.show(name)


def snapshot(name, digest, *rest):
    """The snapshot of that digest: what a pickle calls first (R9)."""
    with LOCK():
        found = SNAPSHOTS.get(digest)
        if not found:
            SNAPSHOTS[digest] = found = Snapshot(name, digest, *rest)
        return found
