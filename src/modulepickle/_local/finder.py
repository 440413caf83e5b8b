"""Dotted name -> the local package that it belongs to.

A module name that the user's code mentions is shipped if the file behind it is in the working tree.
So a `Finder` looks where the name came from, or *would* come from: in `sys.modules` first, else
with `find_spec`. It never imports anything, and never raises because of what it finds: what cannot
be found is not local, and a DEBUG line says so.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from modulepickle._base.errors import Problem
from modulepickle._base.held import held
from modulepickle._base.reading import failures
from modulepickle._local.folders import (
    IMPORTABLE,
    extended,
    has_data_alone,
    is_whole,
    listed,
    places_of,
    with_own,
)
from modulepickle._local.origin import (
    Origin,
    from_module,
    from_path,
    from_spec,
    is_alias,
    received_folder,
    reference,
    spec_name,
)
from modulepickle._local.own import Metadata
from modulepickle._local.policy import NEVER, Policy, get_policy
from modulepickle._local.tree import (
    WorkingTree,
    current_folder,
    in_standard_library,
    is_racy,
    modified,
    path_times,
    working_tree,
)
from modulepickle._local.zipped import archive_of

__all__ = [
    "IMPORTABLE",
    "Finder",
    "LocalPackage",
    "TopLevelName",
    "find_local_package",
    "finder",
    "received_folder",
]


class LocalPackage(NamedTuple):
    """One local package: what one snapshot is made of."""

    name: str
    """Dotted: `helpers`; `google.mycompany` for the local portion of a namespace package."""
    paths: tuple[str, ...]
    """Absolute: the folders of a package, first wins, or the one file of a single-file module."""
    is_package: bool
    metadata: str = ""
    """Where the metadata of the distribution of the user's own is that provides it (`own`)."""
    archive: str = ""
    """The zip file that the paths lead into; "" if they are paths on the disk."""


class TopLevelName:
    """The answer for one top-level name, good as long as `sys.modules` holds the same module.

    Attributes:
        module: returns that module.
        package: the local package of that name.
        portions: of a namespace, that only its parts are local or not: its folders.
        parts: dotted name -> local package, as far as they were asked for.
        is_installed: there is something, neither local nor of the standard library.
        alias_of: the local package of the module that stands under the name too, if it has another.
        places: the file that it is or would be imported from, or the folders of a namespace.
        doubt: what is to be said of it if it goes by name (`doubts`); `...` until that is asked.
        lost: its files and folders that were not there, and would be local: the answer is good as
        long as they stay away.
    """

    __slots__ = (
        "alias_of",
        "doubt",
        "is_installed",
        "lost",
        "module",
        "package",
        "parts",
        "places",
        "portions",
    )

    def __init__(
        self,
        module: Callable[[], object],
        package: LocalPackage | None,
        portions: tuple[str, ...] = (),
        is_installed: bool = False,
        places: tuple[str, ...] = (),
    ) -> None:
        self.module: Callable[[], object] = module
        self.package: LocalPackage | None = package
        self.portions: tuple[str, ...] = portions
        self.places: tuple[str, ...] = places
        self.parts: dict[str, LocalPackage | None] = {}
        self.doubt: object = ...
        self.alias_of: LocalPackage | None = None
        self.is_installed: bool = is_installed
        self.lost: tuple[str, ...] = ()


def _standard_files() -> list[str]:
    """Return the names that the folders of the standard library have, before Python told them.

    Python 3.10 added `sys.stdlib_module_names`: delete this when 3.9 is dropped.
    """
    library = os.path.dirname(os.__file__)
    places = [library, os.path.join(library, "lib-dynload"), os.path.join(sys.prefix, "DLLs")]
    files = [file for place in places if os.path.isdir(place) for file in os.scandir(place)]
    found = [file.name for file in files if file.is_dir() or file.name.endswith(IMPORTABLE)]
    names = {name.partition(".")[0] for name in found} - {"test", "__pycache__"}
    return [name for name in names if name.isidentifier()]


STANDARD_NAMES: Final = (
    frozenset(getattr(sys, "stdlib_module_names", None) or _standard_files())
    | frozenset(sys.builtin_module_names)
    # Gone in 3.12, but setuptools puts a finder in its place that imports setuptools to look.
    | {"distutils"}
)


class Finder:
    """Find the local package that a module belongs to; remembers all answers, negative ones too.

    Get one with `finder(policy)` for each `dumps`. It is right for the moment it was got.
    """

    def __init__(self, policy: Policy, tree: WorkingTree, times: dict[str, int]) -> None:
        """Make a finder.

        Args:
            policy: what overrides the tree.
            tree: the working tree.
            times: `path_times()`.
        """
        self._policy = policy
        self._tree = tree
        self._tops: dict[str, TopLevelName] = {}
        self._metadata = Metadata(times)
        self._times = times
        self._portions: dict[str, int] = {}
        self.notices: tuple[Problem, ...] | None = None  # what is to be said of the policy
        self._names: frozenset[str] | None = None
        self._latest = -1
        self._failures = failures()
        self._lost: list[str] = []
        for folder in times:
            self._note(folder, times[folder])

    def is_current(self, times: dict[str, int]) -> bool:
        """Tell whether every folder that was looked into is as it was, and was not just changed.

        Nor may something have been unreadable for a moment, or away, and be there again.

        Args:
            times: what `path_times` returns now.
        """
        if times != self._times or is_racy(self._latest) or self._failures != failures():
            return False
        # Copies: another thread may be looking something up.
        if any(map(_is_there, [*self._lost])):
            return False
        watched = [*self._portions.items()]
        return all(modified(folder) == then for folder, then in watched)

    def _watch(self, folder: str) -> None:
        """Note the mtime of a portion of a namespace, before it is looked into."""
        if folder not in self._times and folder not in self._portions:
            self._portions[folder] = modified(folder)
            self._note(folder, self._portions[folder])

    def _note(self, folder: str, mtime: int) -> None:
        self._latest = max(self._latest, mtime)
        if is_racy(mtime):
            _forget_listing(folder)

    @property
    def policy(self) -> Policy:
        """What overrides the tree."""
        return self._policy

    @property
    def tree(self) -> WorkingTree:
        """The working tree."""
        return self._tree

    def package(self, dotted: str) -> LocalPackage | None:
        """Return the local package that holds the dotted module name; None if it is not local."""
        name = dotted.partition(".")[0]
        top = self.top(name)
        if not top.portions:
            return top.package
        if dotted not in top.parts:
            known = len(self._lost)
            top.parts[dotted] = self._descend(name, top.portions, dotted)
            top.lost += (*self._lost[known:],)
        return top.parts[dotted]

    def top_level_names(self) -> frozenset[str]:
        """Return the names that modules of the tree have, by its folders on `sys.path`; or might.

        Nothing is imported, nor looked into: each of them is to be asked for (`package`).
        """
        if self._names is None:
            names: set[str] = set()
            for entry in self._times:
                if self._tree.holds(os.path.normcase(os.path.realpath(entry))):
                    names.update(each.partition(".")[0] for each in listed(entry))
            self._names = frozenset(names)
        return self._names

    def top(self, name: str) -> TopLevelName:
        """Return what is known of a top-level name; the same object as long as that holds."""
        top = self._tops.get(name)
        if (
            top is None
            or top.module() is not sys.modules.get(name)
            or (top.lost and any(map(_is_there, top.lost)))
        ):
            known = len(self._lost)
            top = self._tops[name] = self._look(name)
            top.lost = (*self._lost[known:],)
        return top

    def _look(self, name: str) -> TopLevelName:
        module = sys.modules.get(name)
        if name in NEVER or (name in STANDARD_NAMES and _is_standard(module)):
            # This library stays a name, like what is installed: who imports it needs it there.
            return TopLevelName(reference(module), None, (), name == "modulepickle")
        if is_alias(name, module):
            # Whoever made it one does that on the receiver as well: nothing is sent twice.
            made = TopLevelName(reference(module), None)
            made.alias_of = self.package(spec_name(module))
            return made
        found = from_module(module) or extended(name, from_spec(name, module))
        if found.file is None and found.folders:
            portions = places_of(found.folders)
            whole = self._whole(name, portions)
            portions = () if whole else portions
            return TopLevelName(reference(module), whole, portions, not whole, found.folders)
        package = self._regular(name, found)
        is_installed = package is None and _is_installed(name, found, module)
        places = () if found.file is None else (found.file,)
        return TopLevelName(reference(module), package, (), is_installed, places)

    def _regular(self, name: str, found: Origin) -> LocalPackage | None:
        """Return the local package with an `__init__`, or of a single file."""
        if not self._is_local(name, found.file):
            return None
        if not found.folders:  # some single files have an empty path, for modules that they make
            return self._made(name, (os.path.abspath(str(found.file)),), False, found)
        folders = tuple(
            os.path.abspath(each)
            for each in dict.fromkeys(with_own(found))
            if self._is_local(name, each)
        )
        return self._made(name, folders, True, found) if folders else None

    def _made(
        self, name: str, paths: tuple[str, ...], is_package: bool, found: Origin | None = None
    ) -> LocalPackage:
        archive = "" if found is None or not found.archive else os.path.abspath(found.archive)
        return LocalPackage(name, paths, is_package, self._metadata.of(name, paths[0]), archive)

    def _whole(self, name: str, portions: tuple[str, ...]) -> LocalPackage | None:
        """Return a namespace as one package, with all its files, if all its portions are local."""
        for folder in portions:
            self._watch(folder)
        if len(portions) != 1 or not self._is_local(name, portions[0]):
            return None
        return self._made(name, portions, True) if is_whole(portions[0]) else None

    def _descend(self, name: str, portions: tuple[str, ...], dotted: str) -> LocalPackage | None:
        """Return the local package inside the namespace `name` that holds `dotted`."""
        if dotted == name:  # the namespace itself has no content, unless it is data alone
            local = tuple(folder for folder in portions if self._is_local(name, folder))
            is_data = bool(local) and all(map(has_data_alone, local))
            return self._made(name, local, True) if is_data else None
        if not self._policy.includes(dotted):
            portions = tuple(folder for folder in portions if self._is_local(name, folder))
        child = ".".join(dotted.split(".")[: name.count(".") + 2])
        found = from_path(child, portions)
        if found.file is not None or not found.folders:
            return self._regular(child, found)
        inner = places_of(found.folders)
        return self._whole(child, inner) or self._descend(child, inner, dotted)

    def parts_of(self, namespace: str) -> list[LocalPackage]:
        """Return the local packages that stand directly in a namespace package, by name."""
        top, *inner = namespace.split(".")
        names: dict[str, None] = {}
        for portion in self.top(top).portions:
            folder = os.path.join(portion, *inner)
            if os.path.isdir(folder) and self._is_local(namespace, folder):
                self._watch(folder)
                names.update((each.partition(".")[0], None) for each in listed(folder))
        found = [self.package(f"{namespace}.{name}") for name in names if name.isidentifier()]
        return sorted({each for each in found if each is not None})

    def _is_local(self, name: str, file: str | None) -> bool:
        return self._policy.verdict(name, file, self._tree, self._lost)


def find_local_package(dotted: str, policy: Policy | None = None) -> LocalPackage | None:
    """Return the local package that holds the dotted module name; None if it is not local."""
    return finder(policy).package(dotted)


_Key = tuple[Any, ...]
_finders: dict[Policy, tuple[_Key, Finder]] = {}


def finder(policy: Policy | None = None) -> Finder:
    """Return a finder for now, or for when the working tree was last held still."""
    policy = get_policy() if policy is None else policy
    still = held()
    if still is None:
        return _finder_now(policy)
    found: Finder | None = still.finders.get(policy)
    return still.finders.setdefault(policy, _finder_now(policy)) if found is None else found


def _finder_now(policy: Policy) -> Finder:
    """Return the policy's last finder, if nothing moved since (a stat a folder), or a new one."""
    times = path_times()
    tree, cwd = working_tree(times), current_folder()
    key = (tree, cwd, tuple(times), tuple(map(id, sys.meta_path)))
    known = _finders.get(policy)
    if known is not None and known[0] == key and known[1].is_current(times):
        return known[1]
    made = Finder(policy, tree, times)
    if len(_finders) >= 8:  # policies made anew for each call; the usual process has one
        _finders.clear()
    _finders[policy] = (key, made)
    return made


def _is_there(file: str) -> bool:
    """Tell whether there is a file or folder, on the disk or in an archive."""
    return os.path.exists(file) or archive_of(os.path.abspath(file)) is not None


def _is_standard(module: object) -> bool:
    """Tell whether what was imported by a standard name is the standard library's own module."""
    file = module.__dict__.get("__file__") if type(module) is types.ModuleType else None
    return isinstance(file, str) and in_standard_library(os.path.normcase(file))


def _is_installed(name: str, found: Origin, module: object) -> bool:
    if name in STANDARD_NAMES or (module is None and found.file is None):
        return False
    # Python 3.9 does not tell all standard names: delete this line when it is dropped.
    return not in_standard_library(os.path.normcase(found.file or ""))


def _forget_listing(folder: str) -> None:
    """Make the import system list a folder again: it trusts mtimes."""
    known = sys.path_importer_cache.get(folder or os.getcwd())
    if known is not None and hasattr(known, "invalidate_caches"):
        known.invalidate_caches()
