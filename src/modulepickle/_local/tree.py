"""The user's working tree: which folders are the user's own, as this process sees it.

A positive list of roots (design section 4), and not "everything outside site-packages", because
Spark, ROS and vendor trees sit on `PYTHONPATH` outside it and must not travel.

Outside API: `path_times` and `working_tree`, which are cheap enough for each `dumps` (a stat for
each entry of `sys.path`); `WorkingTree.holds`; `metadata_in`. `policy` puts the user's wishes on
top. Nothing here imports user code or reads a source file: it compares paths, stats a few, and
reads what installers wrote.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from modulepickle._base.process import log
from modulepickle._base.reading import failures, note, opened

__all__ = [
    "INSTALLATIONS", "STARTED_IN", "WorkingTree", "current_folder", "in_standard_library",
    "is_racy", "main_file", "metadata_in", "modified", "path_times", "project_root", "working_tree",
]  # fmt: skip

PROJECT_MARKS: Final = (".git", "pyproject.toml", "setup.py", "setup.cfg")
INSTALLATIONS: Final = frozenset({"site-packages", "dist-packages"})
"""Folders of these names hold what was installed, wherever they stand; the second is Debian's."""


RACY_NS: Final = 2_000_000_000
"""A folder that changed this short a time ago may change again with the same mtime: clocks of file
systems tick as seldom as every two seconds (FAT). Answers about it are not kept, as in git."""


class WorkingTree:
    """The user's working tree as this process sees it: a few folders.

    Attributes:
        roots: real paths of folders, in the spelling of `os.path.normcase`.
    """

    __slots__ = ("_environments", "roots")

    def __init__(self, roots: tuple[str, ...]) -> None:
        self.roots: tuple[str, ...] = roots
        self._environments: dict[str, bool] = {}

    def has(self, file: str, real: str) -> bool:
        """Tell whether a file is in the tree: by where it stands, else by where it leads.

        So a package that is a link in the project is the project's, and a link to the project that
        somebody put elsewhere leads into it. What leads into an installation is installed.

        Args:
            file: the path as it was imported, which may have links in it. real: the same without.
        """
        if self.holds(real):
            return True
        if not INSTALLATIONS.isdisjoint(real.split(os.sep)):
            return False
        return any(self.holds(place) for place in _standing(file) if place != real)

    def holds(self, real: str) -> bool:
        """Tell whether a real path lies under a root and not in an installation."""
        if not INSTALLATIONS.isdisjoint(real.split(os.sep)):
            return False
        return any(
            _under(real, root) and not self._in_environment(real, root) for root in self.roots
        )

    def _in_environment(self, real: str, root: str) -> bool:
        """Tell whether a virtual environment stands between a root and the path.

        The root itself may be one: some people make the environment in the project's own folder.
        """
        folder = os.path.dirname(real)
        while len(folder) > len(root):
            if self._is_environment(folder):
                return True
            folder = os.path.dirname(folder)
        return False

    def _is_environment(self, folder: str) -> bool:
        known = self._environments.get(folder)
        if known is None:
            known = os.path.exists(os.path.join(folder, "pyvenv.cfg"))
            self._environments[folder] = known
        return known


def _standing(file: str) -> Iterator[str]:
    """Yield where a path stands: its links followed up to each of its folders, the last one first.

    One of them is a link, and the folders above it are real, as the roots are.
    """
    place = os.path.normcase(os.path.abspath(file))
    folder, rest = os.path.split(place)
    while rest and os.path.dirname(folder) != folder:
        yield os.path.join(os.path.normcase(os.path.realpath(folder)), rest)
        folder, last = os.path.split(folder)
        rest = os.path.join(last, rest)


def working_tree(times: dict[str, int] | None = None) -> WorkingTree:
    """Return the current working tree; the same object as long as nothing moves.

    Args:
        times: what `path_times` returned a moment ago, if the caller has it at hand.
    """
    times = path_times() if times is None else times
    places = (current_folder(), main_file(), _editable_folders(times))
    tree = _trees.get(places)
    if tree is None:
        # One process has one tree, or a few if it changes folders; what it left behind is dropped.
        _trees.clear()
        tree = _trees[places] = WorkingTree(tuple(dict.fromkeys(_roots(*places))))
    return tree


_trees: dict[tuple[str | None, str | None, tuple[str, ...]], WorkingTree] = {}


def current_folder() -> str | None:
    """Return the current folder, or None if somebody deleted it."""
    try:
        return os.getcwd()
    except OSError:
        return None


def main_file() -> str | None:
    """Return the file of the `__main__` script, if it has one (a prompt and `-c` have none)."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return file if isinstance(file, str) else None


STARTED_IN: Final = current_folder()
"""Where the process was when this library was imported: notebooks and jobs leave that folder."""


def _roots(cwd: str | None, script: str | None, editable: Iterable[str]) -> Iterator[str]:
    folders = [folder for folder in (cwd, STARTED_IN) if folder is not None]
    if script is not None:
        folders.append(os.path.dirname(os.path.realpath(script)))
    folders += [project for project in map(project_root, folders) if project is not None]
    for folder in [*folders, *editable]:
        real = os.path.normcase(os.path.realpath(folder))
        # A service started in `/` (or `C:\`) has no working tree there: everything lies under it.
        if os.path.dirname(real) != real:
            yield real


def project_root(folder: str) -> str | None:
    """Return the nearest ancestor, or the folder itself, that holds a mark of a project."""
    folder = os.path.realpath(folder)
    while True:
        if any(os.path.exists(os.path.join(folder, mark)) for mark in PROJECT_MARKS):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _under(path: str, root: str) -> bool:
    return path == root or path.startswith(root + os.sep)


@cache
def _standard_library() -> tuple[str, ...]:
    # As `sysconfig` has it, which takes long to import. In a virtual environment that is where the
    # library really is; the second differs from the first where builds for machines share files.
    version = "python{}.{}".format(*sys.version_info)
    folders = (
        os.path.dirname(os.__file__),
        os.path.join(sys.base_exec_prefix, sys.platlibdir, version),
    )
    return tuple(dict.fromkeys(os.path.normcase(os.path.realpath(folder)) for folder in folders))


def in_standard_library(real: str) -> bool:
    """Tell whether a real path is the standard library's; `site-packages` in its folder is not."""
    if not any(_under(real, folder) for folder in _standard_library()):
        return False
    return INSTALLATIONS.isdisjoint(real.split(os.sep))


# --- the folders of `sys.path` --------------------------------------------------------------------


class _Entry:
    """What installers wrote into a folder.

    Attributes:
        modified: the folder's mtime in ns when it was read.
        is_sure: it had not just changed then.
        metadata: the names of `*.dist-info` and `*.egg-info`, which tell of a distribution; sorted.
        editable: of each editable install the source folder, and the name of the entry that says
        so. added: the folders that a `.pth` file names.
    """

    # By hand, and not a named tuple, as `import modulepickle` would take longer.
    __slots__ = ("added", "editable", "is_sure", "metadata", "modified")

    def __init__(
        self,
        modified: int,
        is_sure: bool,
        metadata: tuple[str, ...] = (),
        editable: tuple[tuple[str, str], ...] = (),
        added: tuple[str, ...] = (),
    ) -> None:
        self.modified, self.is_sure = modified, is_sure
        self.metadata, self.editable, self.added = metadata, editable, added


_entries: dict[str, _Entry] = {}
"""Folder of `sys.path` -> what was read in it."""


def path_times() -> dict[str, int]:
    """Return the entries of `sys.path`, in order -> the mtime in ns; -1 where no such folder is."""
    path: list[object] = [*sys.path]  # import ignores what is no string
    return {entry: modified(entry) for entry in path if isinstance(entry, str)}


def modified(folder: str) -> int:
    """Return the mtime of a folder in ns, or -1 if there is no such folder."""
    try:
        return os.stat(folder or os.curdir).st_mtime_ns
    except (OSError, ValueError) as error:  # the latter of a null character
        note(error)
        return -1


def is_racy(mtime: int) -> bool:
    """Tell whether a folder changed so short a time ago that it may change with the same mtime."""
    return mtime > time.time_ns() - RACY_NS


def metadata_in(folder: str, mtime: int | None = None) -> tuple[str, ...]:
    """Return the names of `*.dist-info` and `*.egg-info` in a folder of `sys.path`, sorted.

    Args:
        mtime: of the folder, in ns, if the caller has it at hand.
    """
    return _entry(folder, modified(folder) if mtime is None else mtime).metadata


def _entry(folder: str, mtime: int) -> _Entry:
    known = _entries.get(folder)
    if known is None or known.modified != mtime or not known.is_sure:
        known = _entries[folder] = _read(folder, mtime)
    return known


def _read(folder: str, mtime: int) -> _Entry:
    before = failures()
    try:
        names = sorted(os.listdir(folder or os.curdir)) if mtime >= 0 else []
    except OSError as error:  # a zip file
        note(error, was_there=True)
        names = []
    found = _Entry(
        mtime,
        not is_racy(mtime),
        tuple(name for name in names if name.endswith((".dist-info", ".egg-info"))),
    )
    if folder:  # the current one is a root already
        found.editable = tuple(_editable_in(folder, names))
        pth = (name for name in names if name.endswith(".pth"))
        found.added = tuple(each for name in pth for each in _added_by(folder, name))
    found.is_sure &= failures() == before
    return found


def _editable_folders(times: dict[str, int]) -> tuple[str, ...]:
    """Return the source folders of every editable install on `sys.path`, `.pth` files included."""
    found: list[str] = []
    for folder, mtime in times.items():
        entry = _entry(folder, mtime)
        if entry.editable:
            found += [source for source, _ in entry.editable]
        if entry.added:
            found += [each for each in entry.added if each in times]  # else nobody has read it
    return tuple(found)


def _added_by(entry: str, name: str) -> Iterator[str]:
    """Yield the folders that a `.pth` file puts on `sys.path`, as `site` spells them.

    `conda develop`, older installers and people write such files; see the documentation of `site`.
    """
    path = os.path.join(entry, name)
    try:
        with opened(path) as file:
            lines = file.read().decode(errors="replace").lstrip("\ufeff").splitlines()
    except OSError as error:
        note(error)
        log.debug("cannot read %s: %r", path, error)
        return
    for line in lines:
        if line.strip() and not line.startswith(("#", "import ", "import\t")):
            yield os.path.abspath(os.path.join(entry, line.rstrip()))


def editable_in(folder: str, mtime: int) -> Iterator[tuple[str, str]]:
    """Yield the source folder and the name of the metadata of each editable install in a folder.

    Args:
        mtime: as for `metadata_in`.
    """
    for source, name in _entry(folder, mtime).editable:
        if name.endswith(".dist-info"):
            yield source, name


def _editable_in(entry: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what a folder records as editable: PEP 610, and `*.egg-link` of old setuptools.

    Each with the name of the entry that says so.
    """
    for name in names:
        folder = None
        if name.endswith(".dist-info"):
            folder = _direct_url(os.path.join(entry, name, "direct_url.json"))
        elif name.endswith(".egg-link"):
            folder = _egg_link(os.path.join(entry, name))
        if folder:
            yield folder, name


def _direct_url(path: str) -> str | None:
    """Return the local folder that an editable `direct_url.json` points to (PEP 610)."""
    try:
        with opened(path) as file:
            text = file.read().decode()
        if '"editable"' not in text:
            return None
        import json  # not at the top, nor before: few processes have such a file

        data = json.loads(text)
        if not data.get("dir_info", {}).get("editable"):
            return None
        return _of_url(data["url"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        note(error)
        log.debug("cannot read %s: %r", path, error)
        return None


def _of_url(url: str) -> str | None:
    """Return the folder of a `file:` URL. `urllib.parse` does it as well, but imports a lot."""
    scheme, _, rest = url.partition(":")
    if scheme.lower() != "file":
        return None
    path = rest.partition("#")[0].partition("?")[0]
    if path.startswith("//"):  # the host, which is empty or this one
        path = "/" + path[2:].partition("/")[2]
    folder = _unquoted(path)
    return folder.lstrip("/") if os.name == "nt" else folder


def _unquoted(text: str) -> str:
    """Return a text with its `%20` and the like as characters."""
    data, *quoted = text.encode().split(b"%")
    for each in quoted:
        try:
            data += bytes.fromhex(each[:2].decode()) + each[2:]
        except ValueError:
            data += b"%" + each
    return os.fsdecode(data)


def _egg_link(path: str) -> str | None:
    try:
        with opened(path) as file:
            return file.readline().decode().strip() or None
    except (OSError, ValueError) as error:
        note(error)
        log.debug("cannot read %s: %r", path, error)
        return None
