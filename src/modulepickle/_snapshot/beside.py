"""What travels with a package although it is not in its folder.

- The files directly in the namespace packages around it (PEP 420), which belong to no package.
- The helper module that mypyc makes for the compiled modules of a package: they import it by a name
  that only they have.
- The data that a single-file module opens by its own place, `Path(__file__).parent / "table.csv"`.
  Which files those are, its source tells: they are named there. Some cannot travel (hidden ones, or
  those in the folder above), and `data_at_home` says so.

- Data above a package, `Path(__file__).parents[2] / "table.csv"`, never travels: `data_above` finds
  what a module seems to open there, and `places` what it opens by an expression that tells.

Outside API: what is in `__all__`. Nothing here imports user code.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any, Final, NamedTuple

from modulepickle._base.process import log
from modulepickle._base.reading import note, opened
from modulepickle._local.finder import IMPORTABLE, LocalPackage
from modulepickle._local.policy import Policy

__all__ = ["Beside", "beside", "data_above", "data_at_home", "seems_to_look"]

Watch = Callable[[str], "os.stat_result | None"]

MOST: Final = 2**23
"""Bytes of a module, source or compiled, that is searched for names."""

MOST_FILES: Final = 1000
"""Files in a folder of data beside a single-file module. A larger folder holds more than its
data."""


class Beside(NamedTuple):
    """A file beside a package."""

    name: str
    """Archive-relative POSIX path."""
    path: str
    """Absolute, on this disk."""


def beside(
    package: LocalPackage, policy: Policy, files: Iterable[Beside], watch: Watch
) -> Iterator[Beside]:
    """Yield what travels beside a package.

    Args:
        package: that package. policy: what it ignores stays at home.
        files: those in the package.
        watch: is called with each path that the answer depends on, before it is looked at.
    """
    if "." in package.name:
        yield from _in_namespaces(package, policy, watch)
    yield from _helpers(package, [*files], watch)
    if not package.is_package and package.paths[0].endswith(".py"):
        yield from _data(package, policy, watch)


# --- namespace packages ---------------------------------------------------------------------------


def _in_namespaces(package: LocalPackage, policy: Policy, watch: Watch) -> Iterator[Beside]:
    parts = package.name.split(".")
    for path in package.paths:
        folder = path
        for number in range(len(parts) - 1, 0, -1):
            folder = os.path.dirname(folder)
            if os.path.basename(folder) != parts[number - 1]:
                break  # a finder of its own put it there
            prefix = "/".join(parts[:number])
            for entry in _entries(folder, watch):
                if _is_data(entry.name) and not policy.ignores(entry.name) and entry.is_file():
                    yield Beside(f"{prefix}/{entry.name}", entry.path)


def _entries(folder: str, watch: Watch) -> list[os.DirEntry[str]]:
    if watch(folder) is None:
        return []
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        note(error)
        log.debug("cannot read %s: %r", folder, error)
        return []


def _is_data(name: str) -> bool:
    """Tell whether a name is of a file that is no module, and may travel."""
    return not name.startswith(".") and not name.endswith((*IMPORTABLE, ".pyo", ".pyw"))


# --- compiled modules -----------------------------------------------------------------------------


def _helpers(package: LocalPackage, files: list[Beside], watch: Watch) -> Iterator[Beside]:
    """Yield mypyc's helper modules, and the Cython source of a single module."""
    compiled = [file for file in files if file.name.endswith(tuple(EXTENSION_SUFFIXES))]
    if not compiled:
        return
    root = package.paths[0]
    for _ in package.name.split("."):
        root = os.path.dirname(root)
    if not package.is_package:
        source = f"{os.path.dirname(package.paths[0])}/{package.name.rpartition('.')[2]}.pyx"
        if os.path.isfile(source):
            yield Beside(f"{package.name.replace('.', '/')}.pyx", source)
    helpers = [each for each in _entries(root, watch) if "__mypyc." in each.name]
    texts = [_content(file.path) for file in compiled] if helpers else []
    for entry in helpers:
        stem = entry.name.partition(".")[0]
        is_own = any(file.path == entry.path for file in files)
        if entry.is_file() and not is_own and any(stem.encode() in text for text in texts):
            yield Beside(entry.name, entry.path)


def _content(path: str) -> bytes:
    try:
        with opened(path) as file:
            return file.read(MOST)
    except OSError as error:
        note(error)
        return b""


# --- data beside a single file --------------------------------------------------------------------

MARKS: Final = (b"__file__", b"get_data", b"getfile", b"getsourcefile", b"__spec__", b"__loader__")
"""One of these stands in the source of each module that knows its own place."""


class _Names(NamedTuple):
    """The strings in a module's source: all, and those that are parts of paths."""

    texts: tuple[str, ...]
    parts: frozenset[str]


@lru_cache(maxsize=256)
def _names(source: bytes) -> _Names:
    """Return the strings in source that may name files; none if it does not use its own place."""
    if not any(mark in source for mark in MARKS):
        return _Names((), frozenset())
    import ast  # here, as with what follows: few processes parse anything

    from modulepickle._snapshot.imports import UNREADABLE, parsed

    try:
        tree = parsed(source)
    except UNREADABLE:
        return _Names((), frozenset())
    texts: dict[str, None] = {}
    parts: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts[node.value] = None
        elif isinstance(node, ast.BinOp):
            parts.update(_texts((node.left, node.right)))
        elif isinstance(node, ast.JoinedStr):
            parts.update(_texts(node.values))
        elif isinstance(node, ast.Call):
            parts.update(_texts(node.args))
    names = tuple(each for each in sorted(texts) if 0 < len(each) < 256 and each.isprintable())
    return _Names(names, frozenset(parts))


def _texts(nodes: Iterable[Any]) -> Iterator[str]:
    """Yield the strings among nodes of a tree: only constants have one as their value."""
    for node in nodes:
        value = getattr(node, "value", None)
        if isinstance(value, str):
            yield value


def _data(package: LocalPackage, policy: Policy, watch: Watch) -> Iterator[Beside]:
    """Yield the data that a single-file module names."""
    path = package.paths[0]
    info = watch(path)
    if info is None or not stat.S_ISREG(info.st_mode) or info.st_size > MOST:
        return
    names = _names(_content(path))
    folder = os.path.dirname(path)
    if not names.texts or watch(folder) is None:
        return
    prefix = package.name.replace(".", "/").rpartition("/")[0]
    stem = package.name.rpartition(".")[2]
    for text in names.texts:
        for name in _meant(text, stem, folder):
            found = [name]
            if stat.S_ISDIR(_mode(os.path.join(folder, name))):
                found = (
                    [*_in_folder(folder, name, names, policy, watch)]
                    if _is_part(text, names)
                    else []
                )
            for each in found:
                if _travels(each, policy) and _is_file(os.path.join(folder, each)):
                    yield Beside(f"{prefix}/{each}" if prefix else each, os.path.join(folder, each))


def _is_part(text: str, names: _Names) -> bool:
    """Tell whether a string is used as a part of a path, and not only as a key."""
    return text in names.parts or "/" in text


def _meant(text: str, stem: str, folder: str) -> Iterator[str]:
    """Yield the existing POSIX paths in the folder that a string may stand for."""
    name = os.path.normpath(text.replace("\\", "/").lstrip("/") or ".").replace(os.sep, "/")
    if name.startswith("..") or name == "." or "\0" in name:
        return
    if "*" in name and name.strip("*?./"):
        for each in sorted(os.listdir(folder)):
            if fnmatchcase(each, name):
                yield each
    elif _mode(os.path.join(folder, name)):
        yield name
    if text.startswith(".") and _mode(os.path.join(folder, stem + text)):
        yield stem + text  # `with_suffix`


def _travels(name: str, policy: Policy) -> bool:
    parts = name.split("/")
    return (
        _is_data(parts[-1])
        and not any(each[:1] == "." for each in parts)
        and not policy.ignores(name)
    )


def _is_file(path: str) -> bool:
    """Tell whether there is a regular file, and not a link."""
    return stat.S_ISREG(_mode(path)) and not os.path.islink(path)


def _mode(path: str) -> int:
    """Return what a path is, by its stat; 0 if it is not there."""
    try:
        return os.stat(path).st_mode
    except (OSError, ValueError) as error:
        note(error)
        return 0


def _in_folder(
    folder: str, name: str, names: _Names, policy: Policy, watch: Watch
) -> Iterator[str]:
    """Yield the files of a named folder: all if it holds only data, otherwise those named."""
    inside: list[str] = []
    todo = [name]
    has_code = False
    for each in todo:  # grows as it is read
        for entry in _entries(os.path.join(folder, each), watch):
            path = f"{each}/{entry.name}"
            if entry.name.startswith(".") or entry.name == "__pycache__" or entry.is_symlink():
                continue
            has_code |= entry.name.endswith(IMPORTABLE)
            if entry.is_dir():
                todo.append(path)
            else:
                inside.append(path)
        if has_code or len(inside) > MOST_FILES or len(todo) > MOST_FILES:
            has_code = True
            break
    yield from (path for path in inside if not has_code or os.path.basename(path) in names.texts)


def data_at_home(package: LocalPackage, policy: Policy) -> tuple[str, ...]:
    """Return the files that a single-file module opens by its place, and that do not travel.

    Those that are hidden, those that are links, and those in the folder above.
    """
    path = package.paths[0]
    if package.is_package or not path.endswith(".py"):
        return ()
    names = _names(_content(path))
    folder = os.path.dirname(path)
    found = (_at_home(text, folder) for text in names.texts if text in names.parts)
    return tuple(each for each in found if each and not policy.ignores(os.path.basename(each)))


def _at_home(text: str, folder: str) -> str:
    """Return the file that a string names and that does not travel; "" if there is none."""
    name = os.path.normpath(text.lstrip("/") or ".")
    here = os.path.join(folder, name)
    if os.path.isfile(here):
        is_hidden = any(each[:1] == "." for each in name.split(os.sep))
        stays = is_hidden or os.path.islink(here)  # what leads to the folder above also does
        return os.path.normpath(here) if stays else ""
    above = os.path.join(os.path.dirname(folder), name)
    is_file_name = os.path.splitext(name)[1] != "" and not name.endswith(IMPORTABLE)
    return above if is_file_name and os.path.isfile(above) else ""


UPWARDS: Final = (
    b"parents[",
    b".parent.parent",
    b"dirname(os.path.dirname",
    b"dirname(dirname",
    b"..",
)
"""One of these stands in code that leads to a folder above that of its file."""


def seems_to_look(source: bytes) -> bool:
    """Tell whether source may open files in a folder above that of its own file."""
    if b"__file__" not in source:
        return False
    steps = (b".parent", b"dirname")
    return any(each in source for each in (b"parents", b"..", b"pardir")) or any(
        source.count(each) > 1 for each in steps
    )


def data_above(source: bytes, here: str, package: str, explained: set[str]) -> Iterator[str]:
    """Yield the files above a package that a module of it names, and seems to open by its place.

    Args:
        source: of the module. here: its folder. package: that of the package.
        explained: texts that are known to be parts of other paths.
    """
    root = os.path.dirname(package)
    if b"__file__" not in source or not any(each in source for each in UPWARDS):
        return
    names = _names(source)
    for text in names.texts:
        path = os.path.normpath(text.replace("\\", "/").lstrip("/") or ".")
        path = path.lstrip("." + os.sep) if path.startswith("..") else path
        stem, suffix = os.path.splitext(path)
        if suffix and stem and text in names.parts - explained and not path.endswith(IMPORTABLE):
            places = (
                os.path.join(each, path) for each in (here, package, root, os.path.dirname(root))
            )
            found = next(filter(os.path.isfile, places), "")
            if found and not found.startswith(package + os.sep):
                yield found
