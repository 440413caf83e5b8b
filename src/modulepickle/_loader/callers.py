"""The functions of the standard library that take names or paths, and act for who calls them.

A shipped text, behind `loader`. `importlib.import_module(name)` in shipped code must find what an
`import` there finds (R8), under whatever name the function was imported, and `importlib` must be
the one `importlib` (R17). So the functions stay the objects that they are, and get code that asks
`registry.calls` first. That code bears the file and line of the old one.
"""

import builtins
import importlib
import importlib.util as util
import sys
import types

from modulepickle._loader.loader import (
    Builtins,
    FileLoader,
    caller_of,
    find,
    home_of,
    import_by_globals,
)
from modulepickle._loader.registry import registry
from modulepickle._loader.whose import SNAPSHOTS, get_frame, real_modules, refresh


def import_module(name, package=None):
    return sys._modulepickle_registry.calls["import_module"](name, package)


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


def install(self, names=None):
    return sys._modulepickle_registry.calls["install"](self, names)


def for_caller(name, use):
    """Answer by `use` for the snapshot that calls, or as usual if none does."""
    before = registry.calls.get(name)  # of another release of this text

    def call(*args, **options):
        home = caller_of(get_frame(2))
        original = registry.originals[name]
        return (
            use(home, original, *args, **options)
            if home
            else (before or original)(*args, **options)
        )

    registry.calls[name] = call


def run_for(home, original, name, init_globals, *rest):
    return original(name, {"__builtins__": home.builtins, **(init_globals or {})}, *rest)


def spec_for_path(home, original, name, location, **options):
    """A file in a snapshot's folder gets a loader that lets it see that snapshot."""
    is_given = options["loader"] is not util.spec_from_file_location.__kwdefaults__["loader"]
    if not is_given and str(location).endswith(".py") and home_of(location):
        options["loader"] = FileLoader(name, str(location))
    return original(name, location, **options)


def divert(function, template, use):
    """Let a function of the standard library ask `registry.calls`."""
    old, name = function.__code__, function.__name__
    if name not in registry.originals:
        original = types.FunctionType(old, function.__globals__, name, function.__defaults__)
        original.__kwdefaults__ = function.__kwdefaults__
        registry.originals[name] = original
        if hasattr(old, "co_lines"):
            last = max(line for *_, line in old.co_lines() if line)
        else:  # when 3.9 goes, so does this
            last = old.co_firstlineno + sum(old.co_lnotab[1::2])
        function.__code__ = template.__code__.replace(
            co_filename=old.co_filename, co_firstlineno=last - 1
        )
    for_caller(name, use)


# Modules of the standard library that import by `__import__` what they are given by name, by their
# top-level name.
IMPORTERS = {
    "doctest": ("doctest",),
    "gettext": (),
    "logging": ("logging.config",),
    "pkgutil": ("pkgutil",),
    "pydoc": ("pydoc",),
    "runpy": ("runpy",),
    "unittest": ("unittest.loader", "unittest.mock"),
}


def import_for_caller(name, globals=None, locals=None, fromlist=(), level=0):
    """`__import__` of those modules: for the snapshot that calls them, or as usual."""
    home = caller_of(get_frame(1))
    return (home.import_ if home else builtins.__import__)(name, globals, locals, fromlist, level)


def install_for_all(home, original, *args):
    """`gettext` writes into the dict of `builtins` past `Builtins`."""
    original(*args)
    for snapshot in [*SNAPSHOTS.values()]:
        refresh(snapshot)


def serve(name):
    """Let a module act for who calls it, when shipped code imports it: few processes have it."""
    if name == "gettext" and "install" not in registry.originals:
        divert(real_modules()[name].NullTranslations.install, install, install_for_all)
    for each in IMPORTERS[name.partition(".")[0]]:
        module = real_modules().get(each)
        if not module or vars(module).get("__import__") is import_for_caller:
            continue
        vars(module)["__import__"] = import_for_caller
        if each == "logging.config":
            module.BaseConfigurator.importer = staticmethod(import_for_caller)
        if each == "runpy":
            divert(module.run_path, run_path, run_for)
            divert(module.run_module, run_module, run_for)


divert(importlib.import_module, import_module, lambda home, _, *args: home.import_module(*args))
divert(util.find_spec, find_spec, lambda home, _, *args: home.find_spec(*args))
divert(util.spec_from_file_location, spec_from_file_location, spec_for_path)
if sys.implementation.name == "pypy":
    builtins.__import__ = import_by_globals
builtins.__class__ = Builtins
# Of two threads that come here at once, both get the one that won.
entry = registry.texts.setdefault(__name__, find)
