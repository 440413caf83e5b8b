"""Whose a module is, and whose code asks: what the rooms of the loader decide by.

A shipped text, the first of the loader's own: it also has the names that all of them share.
"""

import builtins
import importlib.machinery as machinery
import os
import sys
import types
import weakref
from importlib import _bootstrap, _bootstrap_external

from modulepickle._loader.registry import registry

# The private half of importlib that has no public twin. All are there from 3.9 to 3.15; a test asks
# every supported Python for them.
ImportLock = _bootstrap._ImportLockContext  # fork() takes it first: a child never finds it held
ModuleLock = _bootstrap._ModuleLockManager
DeadlockError = _bootstrap._DeadlockError
import_children = _bootstrap._handle_fromlist
set_code_path = _bootstrap._imp._fix_co_filename
NamespaceLoader = _bootstrap_external._NamespaceLoader  # public from 3.11 on

PathFinder = machinery.PathFinder
IMPORTLIB = {  # the files that its code names: no snapshot's
    function.__code__.co_filename for function in (import_children, PathFinder.find_spec)
}
STANDARD = os.path.dirname(os.__file__) + os.sep
STANDARD_PLACES = [
    path
    for path in sys.path
    if f"{path}{os.sep}".startswith(STANDARD) and "site-pack" not in f"{path}"
]
SNAPSHOTS = weakref.WeakValueDictionary()  # digest -> Snapshot
FOLDERS = weakref.WeakValueDictionary()  # folder of unpacked files -> Snapshot
TOPS = set()  # the first parts of the names of all snapshots that there were
SHIPPED_TO = set()  # the keys of `FOLDERS`: a look at all of `sys.path` takes less with them
NAMESPACES = {}  # name -> the namespace package that was imported for what is shipped below it
HOST_BUILTINS, SYS = vars(builtins), vars(sys)
WAITING = set()  # the weak references of `when_gone`
NOTHING = object()
HASHES = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
SMALL = 2**19  # bytes that are hashed while OpenSSL would still be loaded
native_import = builtins.__import__
get_frame = sys._getframe  # kept: a test may take it away, to see what its code does without


def when_gone(owner, act, *args):
    """Do something when an object is gone, unless that is at the end of the process.

    Return what does it at once. `weakref.finalize` is not used: at the end, what shipped code has
    told that one comes before or after its other exit functions by who used it first in a process.
    """

    def done(ref):
        if ref in WAITING:
            WAITING.discard(ref)
            act(*args)

    ref = weakref.ref(owner, done)
    WAITING.add(ref)
    return lambda: done(ref)


def sha256(data):
    """SHA-256 by the interpreter's own module for it, which has no public name.

    To load the OpenSSL of `hashlib` takes longer than to hash a small archive without it.
    """
    if len(data) < SMALL and "hashlib" not in sys.modules:
        try:
            return __import__(HASHES).sha256(data)
        except ImportError:  # a Python that was built without, or has it under another name
            pass
    import hashlib

    return hashlib.sha256(data)


def outer_path():
    """The entries of `sys.path`, but for the folders of snapshots, which the loader puts there."""
    path = vars(sys)["path"] or ()  # at the end of the process there is none
    return [place for place in path if isinstance(place, str) and place not in SHIPPED_TO]


def on_path(name):
    """The spec of what the host would import by a dotted name, without an import; or None."""
    path, spec = outer_path(), None
    for part in name.split("."):
        spec = PathFinder.find_spec(part, path or ())
        path = getattr(spec, "submodule_search_locations", None)
    return spec


def real_modules():
    """`sys.modules` as it is, for the loader itself (see `sys_modules`)."""
    return SYS["modules"]


def meta_path():
    """The finders of the process as they are, in a list of its own: at the end there are none."""
    return [*(vars(sys)["meta_path"] or ())]


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
    module = real_modules().get(name)
    if module is None or owner_of(module):
        return None
    for made, _ in [*registry.active.values()]:  # a copy: another thread may change it
        if made.get(name) is module:
            return None
    return module


def is_standard(name):
    """Whether a top-level name is the standard library's, on this Python."""
    if name in sys.builtin_module_names:
        return True
    if sys.version_info >= (3, 10):
        return name in sys.stdlib_module_names
    return bool(PathFinder.find_spec(name, STANDARD_PLACES))  # when 3.9 goes, so does this


def is_there(top):
    try:
        return native(top) is not None or registry.originals["find_spec"](top) is not None
    except (ImportError, ValueError):
        return False


def stands_back(home):
    """Whether it is the stand-in for this library, where that is installed."""
    return home.top == "modulepickle" and is_there("modulepickle")


def home_of(path):
    """The snapshot in whose folder a file or folder lies, or None."""
    before = None
    while path != before and isinstance(path, (str, os.PathLike)):  # `sys.path` may hold anything
        home = FOLDERS.get(path)
        if home:
            return home
        path, before = os.path.dirname(path), path
    return None


def home_of_globals(names):
    """The snapshot whose code has these globals, or None."""
    found = names.get("__builtins__")
    if type(found) is not dict or found is HOST_BUILTINS:
        return None
    home = getattr(found.get("__import__"), "__self__", None)
    return home if hasattr(home, "requirements") else None


def caller_of(frame):
    """The snapshot whose code called the standard library, or None."""
    while frame:
        file = frame.f_code.co_filename
        home = None if file in IMPORTLIB else home_of_globals(frame.f_globals)
        if home:
            return home
        if not file.startswith((STANDARD, "<frozen ", "<modulepickle>")) or "site-packages" in file:
            return None
        frame = frame.f_back
    return None


def place_of(home, name):
    """The snapshot that has the module of a name, of those that one can reach, or None."""
    while name:
        if home.paths.get(name):
            return home.paths[name]
        name = name.rpartition(".")[0]
    return None


def given_by(home, name):
    """The snapshot that has the module of a name which this one was given as data, or None.

    A package that others share, as one with a registry of plug-ins, imports what they name: that is
    found as the nearest caller that knows the name sees it. In a thread of its own it is what all
    that require the package see.
    """
    top = str(name).partition(".")[0]  # `__import__(3)` has an error of its own
    if top not in TOPS or top in home.requirements or is_standard(top):
        return None
    frame = get_frame(1)
    while frame:
        caller = home_of_globals(frame.f_globals)
        found = has_view(caller) and place_of(caller, name)
        if found:
            return found
        frame = frame.f_back
    users = [each for each in [*SNAPSHOTS.values()] if home in each.paths.values()]
    places = {place_of(each, name) for each in users} - {None}
    return places.pop() if len(places) == 1 else None


def has_view(home):
    """Whether a snapshot sees a `sys.modules` of its own: those of the first releases do not."""
    return hasattr(home, "modules")


def asker(frame, is_import=False):
    """The snapshot whose `sys.modules` a frame sees: of its code, or of installed code it calls.

    The import system of Python sees what is there, since it imports for the host; so does the
    loader, when it asks what the host could import, and the library. `is_import` asks who imports.
    """
    if frame.f_code.co_filename.startswith("<modulepickle>"):
        return None
    passed = set()
    while frame:
        if frame.f_code.co_filename in IMPORTLIB:
            if not is_import and frame.f_code.co_name.startswith("_find_and_load"):
                return None
            frame = frame.f_back
            continue
        home = home_of_globals(frame.f_globals)
        if home:
            is_seen = has_view(home) and not passed & home.paths.keys()
            return home if is_seen else None
        file = frame.f_code.co_filename
        if "site-packages" in file or "dist-packages" in file:
            top = str(frame.f_globals.get("__name__")).partition(".")[0]
            if top == "modulepickle":
                return None
            passed.add(top)
        elif not file.startswith((STANDARD, "<frozen ", "<modulepickle>")):
            return None
        if frame.f_code.co_name == "is_there":
            return None
        frame = frame.f_back
    return None


def active_home(name):
    """The active snapshot that a module of this name would be of, or None."""
    while name:
        _, leave = registry.active.get(name, (None, None))
        home = getattr(leave, "__self__", None)
        if hasattr(home, "requirements"):
            return home
        name = name.rpartition(".")[0]
    return None


def active_homes():
    homes = [getattr(leave, "__self__", None) for _, leave in [*registry.active.values()]]
    return [home for home in homes if hasattr(home, "requirements")]  # of this kind of loader


def refresh(snapshot):
    """Let shipped code see the builtins as they are now, but for its own `__import__`."""
    now = {**HOST_BUILTINS, "__import__": snapshot.import_}
    if "__lazy_import__" in now:  # from 3.15 on
        now["__lazy_import__"] = snapshot.lazy_import
    snapshot.builtins.update(now)
    if len(snapshot.builtins) > len(now):
        for name in snapshot.builtins.keys() - now.keys():
            del snapshot.builtins[name]


class cached:
    """A property computed once. That of functools has a lock before 3.12, for all instances
    together, which a fork in another thread would leave locked in the child."""

    def __init__(self, make):
        self.make = make

    def __get__(self, owner, kind):
        value = self.make(owner)
        return vars(owner).setdefault(self.make.__name__, value)  # another thread may be faster
