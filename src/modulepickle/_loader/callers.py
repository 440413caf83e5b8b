"""The functions of the standard library that take names or paths, and act for who calls them.

A shipped text, behind `loader`. `importlib.import_module(name)` in shipped code must find what an
`import` there finds (R8), under whatever name the function was imported, and `importlib` must be
the one `importlib` (R17). So the functions stay the objects that they are (see `diverted`).
"""

import builtins
import importlib
import importlib.util as util
import sys

from modulepickle._loader.diverted import divert
from modulepickle._loader.loader import (
    FINDER,
    Builtins,
    FileLoader,
    caller_of,
    find,
    home_of,
    import_by_globals,
    put_first,
)
from modulepickle._loader.registry import registry
from modulepickle._loader.whose import (
    SNAPSHOTS,
    STANDARD,
    asker,
    get_frame,
    given_by,
    place_of,
    real_modules,
    refresh,
)


def import_module(name, package=None):
    return sys._modulepickle_registry.calls["import_module"](name, package)


def reload(module):
    return sys._modulepickle_registry.calls["reload"](module)


def import_function(name, globals=None, locals=None, fromlist=(), level=0):
    return sys._modulepickle_registry.calls["__import__"](name, globals, locals, fromlist, level)


def find_spec(name, package=None):
    return sys._modulepickle_registry.calls["find_spec"](name, package)


def spec_from_file_location(name, location=None, *, loader=None, submodule_search_locations=None):
    return sys._modulepickle_registry.calls["spec_from_file_location"](
        name, location, loader=loader, submodule_search_locations=submodule_search_locations
    )


def run_path(path_name, init_globals=None, run_name=None):
    return sys._modulepickle_registry.calls["run_path"](path_name, init_globals, run_name)


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    return sys._modulepickle_registry.calls["run_module"](
        mod_name, init_globals, run_name, alter_sys
    )


def exec_module(self, module):
    # In two steps: a frame of ours would stand in the tracebacks of the host's own imports.
    sys._modulepickle_registry.calls["exec_module"](self, module)
    return sys._modulepickle_registry.originals["exec_module"](self, module)


def install(self, names=None):
    return sys._modulepickle_registry.calls["install"](self, names)


def named_for(frame, name, package=None, *rest):
    """The snapshot that calls the installed code which calls us, if a name is that of its module.

    So lazy attributes (`lazy_loader`), `import_string` and their like find what an import in the
    calling code finds. All else that installed code imports is as usual.
    """
    home = asker(frame)
    full = package if name.startswith(".") else name
    return home if home and full and (place_of(home, full) or given_by(home, full)) else None


def for_caller(name, use, takes_name, concerns):
    """Answer by `use` for the snapshot that calls, or as usual if none does."""
    before = registry.calls.get(name)  # of another release of this text

    def call(*args, **options):
        frame, home = get_frame(2), None
        if concerns is None or concerns(**options):
            home = caller_of(frame) or (takes_name and named_for(frame, *args))
        original = registry.originals[name]
        return (
            use(home, original, *args, **options)
            if home
            else (before or original)(*args, **options)
        )

    registry.calls[name] = call


def run_for(home, original, name, init_globals, *rest):
    return original(name, {"__builtins__": home.builtins, **(init_globals or {})}, *rest)


def reload_for(home, original, module):
    """Beside the host's own, others would find the host's file for a shipped package."""
    put_first(sys.meta_path, FINDER)
    return original(module)


def has_no_loader(loader, **_):
    """Whether `spec_from_file_location` is to choose one: the import system gives its own."""
    return loader is util.spec_from_file_location.__kwdefaults__["loader"]


def spec_for_path(home, original, name, location, **options):
    """A file gets a loader that lets it see the snapshot whose it is, or the one that runs it."""
    is_installed = any(part in str(location) for part in (STANDARD, "site-packages"))
    if str(location).endswith(".py") and (home_of(location) or not is_installed):
        options["loader"] = loader = FileLoader(name, str(location))
        loader.home = home_of(location) or home
    return original(name, location, **options)


def home_builtins(before):
    """What lets the file of a snapshot see that, whoever makes a loader for it."""

    def call(loader, module):
        if before:
            before(loader, module)
        home = getattr(loader, "home", None) or home_of(getattr(loader, "path", None))
        if home:
            module.__dict__["__builtins__"] = home.builtins

    return call


def divert_for_caller(function, template, use, takes_name=False, concerns=None):
    divert(function, template)
    for_caller(function.__name__, use, takes_name, concerns)


# Modules of the standard library, by their top-level name, that import by `__import__` what they
# are given by name, or execute what they are given as text.
IMPORTERS = {
    "bdb": ("bdb",),
    "cProfile": ("cProfile", "profiling.tracing"),
    "code": ("code",),
    "doctest": ("doctest",),
    "gettext": (),
    "logging": ("logging.config",),
    "pdb": ("bdb", "pdb"),
    "pickle": ("pickle",),
    "pkgutil": ("pkgutil",),
    "profile": ("profile",),
    "profiling": ("profiling.tracing",),
    "pydoc": ("pydoc",),
    "runpy": ("runpy",),
    "timeit": ("timeit",),
    "trace": ("trace",),
    "unittest": ("unittest.loader", "unittest.main", "unittest.mock"),
    "xml": ("xml.dom.domreg", "xml.sax"),
}


def import_for_caller(name, globals=None, locals=None, fromlist=(), level=0):
    """`__import__` of those modules: for the snapshot that calls them, or as usual."""
    frame = get_frame(1)
    home = caller_of(frame) or named_for(frame, name)
    return (home.import_ if home else builtins.__import__)(name, globals, locals, fromlist, level)


def exec_for_caller(code, globals, locals=None, **closure):
    """`exec` of those modules, as of doctest and timeit: imports in the code are the caller's."""
    home = caller_of(get_frame(1))
    if home and globals is get_frame(1).f_globals:
        globals = {**globals, "__builtins__": home.builtins}
    elif home:
        globals.setdefault("__builtins__", home.builtins)
    exec(code, globals, locals, **closure)  # since 3.11, pdb gives one


def install_for_all(home, original, *args):
    """`gettext` writes into the dict of `builtins` past `Builtins`."""
    original(*args)
    for snapshot in [*SNAPSHOTS.values()]:
        refresh(snapshot)


def serve(name):
    """Let a module act for who calls it, when shipped code imports it: few processes have it."""
    if name == "gettext" and "install" not in registry.originals:
        function = real_modules()[name].NullTranslations.install
        divert_for_caller(function, install, install_for_all)
    for each in IMPORTERS[name.partition(".")[0]]:
        module = real_modules().get(each)
        file = str(getattr(module, "__file__", None))
        if not file.startswith(STANDARD) or "site-packages" in file:
            continue  # somebody else's, of the same name
        if vars(module).get("__import__") is import_for_caller:
            continue
        vars(module).update({"__import__": import_for_caller, "exec": exec_for_caller})
        if each == "logging.config":
            module.BaseConfigurator.importer = staticmethod(import_for_caller)
        if each == "runpy":
            divert_for_caller(module.run_path, run_path, run_for)
            divert_for_caller(module.run_module, run_module, run_for)


divert_for_caller(
    importlib.import_module, import_module, lambda home, _, *args: home.import_module(*args), True
)
divert_for_caller(util.find_spec, find_spec, lambda home, _, *args: home.find_spec(*args), True)
divert_for_caller(importlib.reload, reload, reload_for)
divert_for_caller(
    util.spec_from_file_location, spec_from_file_location, spec_for_path, concerns=has_no_loader
)
divert(FileLoader.exec_module, exec_module)
registry.calls["exec_module"] = home_builtins(registry.calls.get("exec_module"))
if sys.implementation.name == "pypy":
    builtins.__import__ = import_by_globals
else:
    divert_for_caller(
        importlib.__import__, import_function, lambda home, _, *args: home.import_(*args), True
    )
builtins.__class__ = Builtins
# Last: who finds it finds all of the text.
registry.texts.setdefault(__name__, find)
