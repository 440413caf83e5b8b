"""The receiver's half: the text that travels in every pickle that ships a package.

Who runs it: stage 0 of a pickle (see ``_emit.py``), once in a process, as
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
   everybody else: ``open``, tracebacks, extension modules, other processes. Each is compared with
   the archive when a process first needs the folder, which is locked as long as it is needed.
   Source that another version on this host has, too, is a link to its file.
6. (R14) A module is bound on its parent *before* it executes, since ``IMPORT_FROM`` falls back to
   ``sys.modules``; whoever finds it bound waits for the import lock of its name.

Releases of this file that meet in one process share ``ACTIVE``, and know each other's modules by
``__spec__.snapshot``. The library looks for that, too, and at a snapshot's ``parts`` and ``needs``.
"""

import builtins
import hashlib
import importlib._bootstrap as bootstrap
import importlib.util as util
import marshal
import os
import struct
import sys
import weakref
import zlib

from modulepickle._loader.registry import registry

external = bootstrap._bootstrap_external
host_import = bootstrap._gcd_import

# Guards the registry and the face. It is the interpreter's own import lock, since fork() takes it
# first: a child never finds it held. Never held while shipped code runs, or files are unpacked. To
# import something with it would wait for a thread that is importing the same, and waits for it.
LOCK = bootstrap._ImportLockContext
SNAPSHOTS = weakref.WeakValueDictionary()  # digest -> Snapshot

# Name -> `made` and `leave` of the active snapshot. It hangs where all releases find it.
ACTIVE = registry.active


def warn(*what):
    import logging  # not above: few processes warn, and it imports a lot

    logging.getLogger("modulepickle").warning(*what)


def spec_of(name):
    """The spec of what ``sys.modules`` has under a name, or something else without attributes."""
    return getattr(sys.modules.get(name), "__spec__", 0)


def native(name):
    """The module of that name that the host imported by itself, or None."""
    module = sys.modules.get(name)
    for made, _ in [*ACTIVE.values()]:  # all at once: another thread may change it
        if made.get(name) is module:
            return None
    if not hasattr(spec_of(name), "snapshot"):
        return module


def cache():
    """The folder for unpacked files: a real one that only this user can write in, or an error."""
    uid = getattr(os, "getuid", int)()
    path = os.getenv("MODULEPICKLE_CACHE") or os.getenv("TMPDIR", "/tmp")
    path = f"{path}/modulepickle-{uid}"  # a folder of its own, since it is swept
    os.makedirs(path, 0o700, True)
    found = os.lstat(path)  # its mode comes first, its owner fifth
    # A link, or open to group or others; Windows' permission bits say nothing.
    if found[4] - uid or found[0] & 40978 * (os.sep == "/"):
        raise OSError(f"{path} is not ours")
    return path


def write(path, data):
    """Write a file so that nobody sees it in part, and nothing is left behind if that fails."""
    os.makedirs(os.path.dirname(path), 0o700, True)
    part = f"{cache()}/{os.getpid()}.{id(data)}"  # there it is swept, if this process is killed
    external.SourceFileLoader.set_data(0, part, data)  # is silent if it fails
    if os.stat(part)[6] < len(data):  # the disk is full: let the last line fail
        os.remove(part)
    os.replace(part, path)


class once:
    """A property computed when it is first asked for. That of functools has a lock before 3.12, for
    all instances together, which a fork in another thread would leave locked in the child."""

    def __init__(self, make):
        self.make = make

    def __get__(self, owner, kind):
        value = vars(owner)[self.make.__name__] = self.make(owner)
        return value


class View(type(sys)):
    """``importlib``, or the host's namespace package, as the code of one snapshot sees it."""

    def __getattr__(self, name):
        full = f"{self.__name__}.{name}"
        try:
            if full in self.home.paths:
                return self.home.obtain(full)
            return getattr(host_import(self.__name__), name)
        except ImportError:
            raise AttributeError(name)


class Source(external.SourceFileLoader):
    """Executes source from the archive; its bytecode is cached by the content of the file."""

    def get_data(self, path):
        return self.home.unzip(self.member) if path == self.path else super().get_data(path)

    def get_code(self, name):
        # The file as it is packed: nothing is inflated. Format 2 of marshal has one form only.
        tag = sys.version, sys.flags.optimize, self.home.files[self.member]
        tag = "/" + hashlib.sha256(marshal.dumps(tag, 2)).hexdigest()
        try:
            # Inflating checks a sum, too: what is damaged, or another file's, is not executed.
            code = marshal.loads(zlib.decompress(super().get_data(cache() + tag)))[tag]
            bootstrap._imp._fix_co_filename(code, self.path)
        except Exception:
            code = self.source_to_code(self.get_data(self.path), self.path)
            try:
                write(cache() + tag, zlib.compress(marshal.dumps({tag: code}), 0))
            except Exception:  # no disk, or a full one
                pass
        return code


# What a module may be made from -> its loader, in the order in which importlib looks.
KINDS = {
    stem + suffix: Source if suffix == ".py" else kind
    for stem in ("/__init__", "")
    for kind, suffixes in external._get_supported_file_loaders()
    for suffix in suffixes
}


class Snapshot:
    """One package at one content, and the modules made from it in this process (R9).

    ``parts`` is what it was made from, to send it on; ``needs``, by top-level name, each snapshot
    that it imports, or what the sender had of a third-party module. ``files`` has, for each
    archive-relative POSIX path, the checksum, the size, and the deflated bytes. ``made`` holds the
    modules that are imported or being imported; the keys of ``ready`` are the names of those that
    are executed.
    """

    def __init__(self, top, digest, seal, archive):
        self.parts = self.top, digest, self.seal, archive = top, digest, seal, bytes(archive)
        self.made, self.ready, self.files = {}, {}, {}
        good = hashlib.sha256(archive).digest()[:16] == seal
        end = 0
        while good and 3 in archive[end + 2 : end + 3]:  # a local header, PK\3\4
            crc, packed, size, width = struct.unpack_from("<14xIIIH", archive, end)
            start = end + 30 + width
            file = archive[end + 30 : start].decode()
            end = start + packed
            self.files[file] = crc, size, archive[start:end]
            # A name that would leave the folder is refused. Nothing is ever made but plain files.
            good = "/../" not in f"/{file}/"
        if not good:
            raise ImportError(f"{top} is damaged: pickle it again")
        self.builtins = {**vars(builtins), "__import__": self.import_}

    def __setstate__(self, required):
        """Link what it requires. The snapshot unpickled last is the active one (R11)."""
        self.needs = required
        # It is unpacked before the lock is taken: with it, nobody else can import.
        self.made or native(self.top) or self.own() or self.folder
        with LOCK():
            made, leave = ACTIVE.get(self.top, (0, self.rival))
            if made is self.made or native(self.top) or self.own():
                return
            rival = leave()
            ACTIVE[self.top] = self.made, self.leave
            sys.path.insert(0, self.folder)
            sys.meta_path.insert(0, self)
            for name in [*self.made]:  # it grows in other threads
                self.show(name)
        if rival:
            warn("%s hides %s", self.folder, rival)

    def __call__(self, name, *path):
        """The module of that name, or what stands in it under a path of attributes."""
        found = self.fetch(name)
        for part in path:
            found = getattr(found, part)
        return found

    # The archive and its folder

    def unzip(self, name):
        crc, size, data = self.files[name]
        data = zlib.decompressobj(-15).decompress(data, size + 1)
        if zlib.crc32(data) - crc:
            raise ImportError(f"{name} is damaged: pickle it again")
        return data

    @once
    def folder(self):
        """The folder of the unpacked files, which holds that one package; or no folder at all."""
        name = "/" + self.seal.hex()
        former = ""
        try:
            folder = cache() + name
            # There are no such locks on Windows, nor on each file system: then nothing is swept.
            try:
                os.makedirs(folder, 0o700)
                for old in os.scandir(cache()):
                    # A folder has the time when a process began to use it last; bytecode, when it
                    # was made.
                    if os.stat(folder)[8] - old.stat()[8] > 7e5:  # eight days, in s
                        lock = os.open(old, 0)
                        try:
                            __import__("fcntl").flock(lock, 6)
                            __import__("shutil").rmtree(old) if old.is_dir() else os.remove(old)
                        except Exception:  # it is in use
                            pass
                        os.close(lock)
                    elif os.path.exists(f"{old.path}/{min(self.files)}"):
                        former = old.path
            except Exception:  # it is not new
                pass
            try:
                lock = os.open(folder, 0)  # as long as it is locked, nobody sweeps it away
                weakref.finalize(self, os.close, lock)
                __import__("fcntl").flock(lock, 1)
                os.utime(folder)
            except Exception:
                pass
            for file, (crc, _, _) in self.files.items():
                path = f"{folder}/{file}"
                try:
                    # Most files of another version are the same. But an extension module must not
                    # be: the system loads a file once. Nor should data, which somebody may change.
                    # The first file of each folder is written, since its folder is not there yet.
                    if former and file[-3:] == ".py":
                        os.link(f"{former}/{file}", path)
                    if zlib.crc32(external.FileLoader.get_data(0, path)) == crc:
                        continue
                except Exception:  # not there, or this system has no links
                    pass
                write(path, self.unzip(file))
            return folder
        except Exception as error:
            warn("%s: %s has no real __file__", error, self.top)
            return os.devnull + name  # nobody can make that one

    # The face

    def rival(self):
        """The file that the host would import under the name."""
        try:
            return getattr(util.find_spec(self.top), "origin", 0)
        except Exception:
            pass

    def leave(self):
        """Take this snapshot out of the sight of the rest of the process."""
        del ACTIVE[self.top]
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if self.folder in sys.path:
            sys.path.remove(self.folder)
        for name in [*self.ready]:  # what still executes is shown, or not, when it is done
            if sys.modules.get(name) is self.made[name]:
                del sys.modules[name]
        sys.path_importer_cache.pop(self.folder, 0)
        # Not imported here: with the lock, nothing is.
        lines = getattr(sys.modules.get("linecache"), "cache", {})
        for path in [*lines]:
            if path.startswith(self.folder):
                del lines[path]

    def show(self, name):
        """Let ``sys.modules`` say what the active snapshot says, but for a module that executes."""
        with LOCK():
            if native(name) or getattr(spec_of(name), "_initializing", 0):
                return
            sys.modules[name] = module = ACTIVE.get(self.top, [{}])[0].get(name)
            if not module:
                del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if module and parent and name == self.top:  # not under the lock: it takes others
            setattr(host_import(parent), child, module)

    def find_spec(self, name, *rest):
        """The finder of the host's own imports of what is active."""
        spec = self.spec(name) if name.startswith(self.top) else None
        if spec:
            spec.loader.create_module = lambda spec: self.fetch(name)
            spec.loader.exec_module = id  # it has been executed
        return spec

    # The host's own copy (R10)

    def own(self):
        """Whether this process imported the same by itself. The library can tell, if it is here."""
        return getattr(sys.modules.get("modulepickle._own"), "owns", {}.get)(self)

    # What the import statements of its code see (R8)

    @once
    def paths(self):
        """Each name that is not simply the host's -> its snapshot, or None for what is above one.

        The snapshots are all that this one can reach by imports, itself included.
        """
        paths = {"importlib": None}
        todo = [self]
        for each in todo:
            if hasattr(each, "parts") and not paths.get(each.top):
                name = each.top
                while name:
                    paths.setdefault(name)
                    name = name.rpartition(".")[0]
                paths[each.top] = each
                todo += each.needs.values()
        return paths

    def obtain(self, name):
        """The module of a dotted name as code of this snapshot sees it."""
        above = name
        while above:
            if self.paths.get(above):
                return self.paths[above].fetch(name)
            above = above.rpartition(".")[0]
        if name in self.paths:
            view = View(name)
            view.home = self
            view.import_module = self.import_module
            return view
        return host_import(name)

    def import_module(self, name, package=None):
        return self.import_(util.resolve_name(name, package), fromlist=["__name__"])

    def import_(self, name, globals=None, locals=None, fromlist=(), level=0):
        """``__import__`` for code of this snapshot."""
        package = level and bootstrap._calc___package__(globals)
        full = util.resolve_name(level * "." + name, package)
        top = full.partition(".")[0]
        if top not in self.paths:
            try:
                return builtins.__import__(name, globals, locals, fromlist, level)
            except ModuleNotFoundError as error:
                if full.startswith(str(error.name)):
                    who = (globals or {}).get("__name__", self.top)
                    error.msg += f", imported by {who}; sent with {self.needs.get(top)}"
                raise
        module = self.obtain(full)
        if not fromlist:
            return module if level else self.obtain(top)
        if hasattr(module, "__path__"):
            owner = getattr(module.__spec__, "snapshot", self)
            bootstrap._handle_fromlist(module, fromlist, self.obtain)
            for child in fromlist:
                if f"{full}.{child}" in owner.made:
                    owner.fetch(f"{full}.{child}")  # bound, but perhaps not yet executed
        return module

    def spec(self, name):
        """The spec of a module in this snapshot, or None."""
        stem = name.replace(".", "/")
        path = f"{self.folder}/{stem}"
        suffix = next((each for each in KINDS if stem + each in self.files), "")
        if not suffix and not any(file.startswith(f"{stem}/") for file in self.files):
            return None
        path += suffix or "/__init__"
        loader = KINDS.get(suffix, Source)(name, path)
        spec = util.spec_from_file_location(name, path, loader=loader)
        if not suffix:  # a namespace package: it has no file, and executes nothing
            spec.has_location = False
            loader.exec_module = id
        loader.member = stem + suffix
        spec.snapshot = loader.home = self
        return spec

    def fetch(self, name):
        """The module of a dotted name in this snapshot, imported if need be."""
        if name in self.ready:
            return self.made[name]
        if not self.made:
            try:
                native(self.top) and host_import("modulepickle._own")
            except ImportError:
                pass
            if self.own():
                return host_import(name)
        parent, _, child = name.rpartition(".")
        package = self.fetch(parent) if name != self.top else View("")
        try:
            with bootstrap._ModuleLockManager(name):
                self.execute(name, package, child)
        except bootstrap._DeadlockError:  # threads in a circle: in one version, or in two
            self.execute(name, package, child)
        return self.made[name]

    def execute(self, name, package, child):
        if name in self.made:
            return
        spec = self.spec(name)
        if not spec:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        self.made[name] = module = bootstrap.module_from_spec(spec)
        setattr(package, child, module)
        module.__builtins__ = self.builtins
        spec._initializing = True  # first: from now on, `show` leaves it in its place
        host = native(name)
        sys.modules[name] = host or module
        try:
            spec.loader.exec_module(module)
            left = sys.modules[name]
            # Has it put another object in its place? Not if that is of another version.
            if left is not (host or module) and getattr(spec_of(name), "snapshot", self) is self:
                self.made[name] = left
                setattr(package, child, left)
            for value in [*vars(module).values()]:
                # A class without a function would not hold its snapshot (R12). Looked at by its
                # type alone, since a lazy object would be set up by a look at its `__class__`.
                if issubclass(type(value), type) and value.__module__ == name:
                    try:
                        # Of this prefix typing.Protocol knows that it is not a member.
                        type.__setattr__(value, "_abc_snapshot", self)
                    except TypeError:  # a class of C, or with a metaclass of C
                        pass
            self.ready[name] = 0
        except BaseException:
            for made in [*self.made]:
                if f"{made}.".startswith(f"{name}."):
                    del self.made[made]
                    self.ready.pop(made, 0)
                    self.show(made)
            delattr(package, child)
            raise
        finally:
            spec._initializing = False
            sys.modules[name] = host or module
            self.show(name)


def find(name, digest, *rest):
    """The snapshot of that digest: what a pickle calls first (R9)."""
    with LOCK():
        return SNAPSHOTS.get(digest) or SNAPSHOTS.setdefault(digest, Snapshot(name, digest, *rest))


# Of two threads that come here at once, both get the one that won.
entry = registry.texts.setdefault(__name__, find)
