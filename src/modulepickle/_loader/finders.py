"""What finds modules and metadata of snapshots for code that does not ask the loader itself.

A shipped text of the loader. The host's own imports find what is active (R11), by what stands on
`sys.meta_path`; what looks through folders finds what is in a snapshot's.
"""

import importlib.machinery as machinery
import os
import sys
from importlib import util
from itertools import filterfalse

from modulepickle._loader.archive_paths import ArchivePath, resource_reader
from modulepickle._loader.module_loaders import KINDS, FileLoader
from modulepickle._loader.registry import registry
from modulepickle._loader.whose import (
    NamespaceLoader,
    active_home,
    active_homes,
    asker,
    caller_of,
    get_frame,
    has_view,
    home_of,
    is_standard,
    owner_of,
    real_modules,
)


class Finder:
    """Finds for the host's own imports what is active, and the metadata of who asks."""

    def find_spec(self, name, path=None, target=None):
        home = owner_of(target)
        if not has_view(home):
            home = active_home(name)
        elif not f"{name}.".startswith(f"{home.top}."):
            home = None
        spec = home and home.spec(name, path)
        if spec and spec.loader and not target:  # but a reload executes it again
            loader = spec.loader

            def done(module):
                del loader.create_module, loader.exec_module

            loader.create_module = lambda spec: home.fetch(name)
            loader.exec_module = done
        return spec

    def find_distributions(self, context):
        home = caller_of(get_frame(1))
        reached = home.paths if home else {}
        seen = dict.fromkeys(filter(None, reached.values()))
        others = [each for each in active_homes() if each.top in reached and each not in seen]
        if others and "path" not in vars(context):  # code sees no other version of its packages
            hidden = {each.folder for each in others}
            vars(context)["path"] = [place for place in sys.path if place not in hidden]
        for each in dict.fromkeys([*seen, *active_homes()]):
            # What is on disk and active, is found on `sys.path`.
            if each not in others and not (each.is_active() and each.is_on_disk()):
                yield from each.distributions(context)


FINDER = registry.finder = registry.finder or Finder()


def finder_in(path):
    """A path hook: what is found in a snapshot's folder by other ways than ours is its own too."""
    home = home_of(path)
    if home and not home.is_on_disk():
        return MemoryFinder(home, path)
    if not home or not os.path.isdir(path):
        raise ImportError(path)
    (_, extensions), (_, sources), bytecode = KINDS
    native_extensions = machinery.ExtensionFileLoader, extensions
    return FolderFinder(path, native_extensions, (FileLoader, sources), bytecode)


def is_hidden(home, name, frame):
    """Whether a search of `sys.path` must not see a folder of a snapshot that its code put there.

    It is there for those that see this snapshot, and for the process where that sees it; but what
    is imported by a name of the standard library, is that of the standard library.
    """
    is_search = frame.f_code.co_name == "_get_spec" and frame.f_locals.get("path") is sys.path
    if not is_search:
        return False
    if name == "modulepickle":  # `paths` asks for it, so that it cannot be asked here
        return True
    if is_standard(name):
        return True
    asked_by = asker(frame, True)
    return home not in asked_by.paths.values() if asked_by else not home.is_active()


class FolderFinder(machinery.FileFinder):
    """What finds modules in a folder of a snapshot, and below it."""

    def find_spec(self, name, target=None):
        home = home_of(self.path)
        return (
            None
            if home and is_hidden(home, name, get_frame(1))
            else super().find_spec(name, target)
        )


FolderFinder.__module__, FolderFinder.__qualname__ = machinery.FileFinder.__module__, "FileFinder"
FolderFinder.__name__ = "FileFinder"  # as it is natively


class MemoryFinder:
    """What `importlib.machinery.FileFinder` is for a folder, where there is only the archive."""

    def __init__(self, home, path):
        self.home, self.stem = home, path.replace(os.sep, "/")[len(home.folder) + 1 :]

    def find_spec(self, name, target=None):
        if is_hidden(self.home, name, get_frame(1)):
            return None
        stem = f"{self.stem}/{name.rpartition('.')[2]}".strip("/")
        spec = self.home.spec(name, None, stem)
        if spec and isinstance(spec.loader, SpaceLoader):  # a portion of it, for `PathFinder`
            spec.loader, spec.submodule_search_locations = None, [*spec.submodule_search_locations]
        return spec

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


class SpaceLoader(NamespaceLoader):
    """The loader of a namespace package that has folders of snapshots, whatever `sys.path` is."""

    homes, stem = (), ""

    def get_resource_reader(self, name):
        if all(home.is_on_disk() for home in self.homes):
            return super().get_resource_reader(name)
        return resource_reader(ArchivePath(self.homes, self.stem))


SpaceLoader.__module__ = NamespaceLoader.__module__  # as `repr` of a namespace package shows it
SpaceLoader.__name__ = SpaceLoader.__qualname__ = NamespaceLoader.__name__


def namespace_spec(name, homes, stem=None, portions=None):
    """The spec of the namespace package that these snapshots have.

    Args:
        stem: where it is in them. portions: finds its folders, if the host may have some; it is
        asked again when `sys.path` has changed, as long as the snapshot is the active one.
    """
    stem = stem or name.replace(".", "/")

    def find_again(*_):
        spec = None
        if portions and homes[0].is_active():
            spec = machinery.ModuleSpec(name, None)
            spec.submodule_search_locations = portions(name)
        return spec

    folders = portions(name) if portions else [f"{home.folder}/{stem}" for home in homes]
    # By its last name: the path of one with a dot looks for the parent in the process' modules,
    # where that of another version may stand, or none.
    loader = SpaceLoader(name.rpartition(".")[2], folders, find_again)
    spec = machinery.ModuleSpec(name, loader)
    spec.submodule_search_locations = spec.loader._path
    spec.loader.homes, spec.loader.stem = homes, stem
    return spec


def module_of(spec):
    """The module of a spec, with the attributes that importlib gives it."""
    module = util.module_from_spec(spec)
    if isinstance(spec.loader, SpaceLoader):
        module.__file__ = None
    return module


def put_first(places, new):
    """Put something at the head of a list of the process, unless it is there.

    Nothing is taken out, since another thread may be looking through the list. It is looked for and
    put there in one call, so that a signal handler that does the same comes before or after.
    """
    if places is not None:  # as it is at the end of the process
        places[:0] = filterfalse(places.__contains__, [new])


def forget(folder):
    """Take a folder out of the caches of the process; nothing may be imported for it."""
    for path in [*sys.path_importer_cache]:
        if f"{path}{os.sep}".startswith(f"{folder}{os.sep}"):
            sys.path_importer_cache.pop(path, None)
    lines = getattr(real_modules().get("linecache"), "cache", {})
    for path in [*lines]:
        if path.startswith(folder):
            lines.pop(path, None)
