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

import atexit
import sys

from modulepickle._loader.archive_reader import read_archive
from modulepickle._loader.files import Files
from modulepickle._loader.finders import FINDER, finder_in, forget, put_first
from modulepickle._loader.hides import tell_of
from modulepickle._loader.imports import Imports
from modulepickle._loader.modules import Modules
from modulepickle._loader.reach import Reach
from modulepickle._loader.registry import registry
from modulepickle._loader.sys_modules import WRITTEN
from modulepickle._loader.unpacking import lock
from modulepickle._loader.whose import (
    FOLDERS,
    NAMESPACES,
    NOTHING,
    SNAPSHOTS,
    TOPS,
    WAITING,
    ImportLock,
    is_standard,
    native,
    on_path,
    owner_of,
    real_modules,
    refresh,
    sha256,
)

# Packages of which one version is leaving for another: an exception may end that at any line.
UNSETTLED = set()


class Snapshot(Files, Modules, Imports, Reach):
    """One package at one content, and the modules made from it in this process (R9).

    Attributes:
        parts: name, digest, archive hash, archive: what it was made from, to send it on.
        requirements: top-level name -> each snapshot that it imports, or "distribution version" as
            the sender had it.
        lazy: what lazy import statements without `from` name, in 3.15 and later.
        files: archive-relative POSIX path -> CRC-32, size, deflated bytes, mode.
        made: name -> module, of all that is imported or being imported.
        executing: name -> the thread that executes the module.
    """

    def __init__(self, top, digest, archive_hash, archive):
        self.parts = self.top, digest, self.hash, archive = (
            top,
            digest,
            archive_hash,
            bytes(archive),
        )
        self.made, self.requirements, self.lazy, self.executing = {}, {}, set(), {}
        TOPS.add(top.partition(".")[0])
        try:
            if sha256(archive).digest()[:16] != archive_hash:
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
        put_first(sys.path_hooks, finder_in)
        if is_shown or self.shows_metadata():
            put_first(sys.meta_path, FINDER)
        if not is_shown:
            return
        folder = self.folder  # unpacked before the lock is taken: with it, nobody else can import
        if self.is_on_disk():
            lock(folder, self)  # a daemon closes all descriptors when it begins
        hidden = None
        with ImportLock():
            if self.is_active() or not self.may_be_shown():
                return
            if self.top not in registry.active:
                hidden = on_path(self.top)
            self.enter(folder)
            for name in [*self.made]:  # it grows in other threads
                self.show(name)
        if self.top in self.made:
            self.bind(self.top, self.made[self.top])
        if hidden:
            spaces = hidden.submodule_search_locations
            for place in [hidden.origin] if hidden.origin else [*(spaces or ())]:
                tell_of(self, place)

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
        library = real_modules().get("modulepickle._own")
        return library is not None and library.owns(self)

    def below(self):
        """The names in `sys.modules` that are this package's, or below it."""
        return [name for name in [*real_modules()] if f"{name}.".startswith(f"{self.top}.")]

    def enter(self, folder):
        """Make this snapshot the active one, in the place that another version has on `sys.path`.

        A signal handler may unpickle another at any line of this: then that one leaves as well.
        """
        while not self.is_active():
            is_interrupted = self.top in UNSETTLED
            UNSETTLED.add(self.top)
            _, leave = registry.active.get(self.top, (None, None))
            if leave:
                before = getattr(leave.__self__, "folder", None)  # early loaders name it otherwise
                if folder not in sys.path:  # in one call, too
                    sys.path[:] = map({before: folder}.get, sys.path, sys.path)
                leave()
            for path in [*sys.path] * is_interrupted:  # what it left there
                if getattr(FOLDERS.get(path), "top", None) == self.top and path != folder:
                    sys.path.remove(path)
            put_first(sys.path, folder)
            registry.active.setdefault(self.top, (self.made, self.leave))
            if self.is_active() and not is_interrupted:
                UNSETTLED.discard(self.top)
        for each in self.besides.values():
            each.appear()

    def leave(self):
        """Take this snapshot out of the sight of the rest of the process."""
        UNSETTLED.add(self.top)
        made, leave = registry.active.pop(self.top, (self.made, None))
        if made is not self.made:  # a signal handler was faster
            leave()
        self.keep_classes()
        for each in self.besides.values():
            if each.is_active():
                each.leave()
        if self.folder in sys.path:
            sys.path.remove(self.folder)
        for name in self.below():
            module = real_modules()[name]
            if owner_of(module) in (None, self):
                self.made[name] = module
                del real_modules()[name]
        parent = self.top.rpartition(".")[0]
        while parent and real_modules().get(parent) is NAMESPACES.get(parent, NOTHING):
            del real_modules()[parent], NAMESPACES[parent]  # it has this version as its attribute
            parent = parent.rpartition(".")[0]
        forget(self.folder)
        guard_picklers()  # noqa: F821  # it stands in `foreign`

    def show(self, name):
        """Let `sys.modules` say of a name what the active snapshot says."""
        with ImportLock():
            made, now = self, self.active_modules()
            while made is not now and not native(name):  # a signal handler may change it
                made = now
                if name in (made or ()):
                    real_modules()[name] = made[name]
                else:
                    real_modules().pop(name, None)
                now = self.active_modules()


def find(name, digest, *rest):
    """The snapshot of that digest: what a pickle calls first (R9)."""
    found = SNAPSHOTS.get(digest)
    if not found:
        with ImportLock():
            found = SNAPSHOTS.get(digest)
            found = found or SNAPSHOTS.setdefault(digest, Snapshot(name, digest, *rest))
    return found


def let_go():
    """At the end of the process, let all modules end as the host's own do: with `sys.modules`.

    What is held longer ends when the interpreter has taken the names of every module away: then a
    `__del__` or the end of a generator finds nothing.
    """
    for kept in (WAITING, registry.active, NAMESPACES, WRITTEN):
        kept.clear()


atexit.register(let_go)
