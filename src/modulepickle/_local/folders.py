"""Folders that modules stand in, as far as their names tell; nothing is imported.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Final

from modulepickle._base.process import log
from modulepickle._base.reading import note, opened
from modulepickle._local.origin import Origin

__all__ = [
    "IMPORTABLE", "extended", "has_data_alone", "is_whole", "listed", "places_of", "with_own",
]  # fmt: skip

IMPORTABLE: Final = (".py", ".pyc", *EXTENSION_SUFFIXES)

EXTENDING: Final = (b"extend_path", b"declare_namespace")
"""One of these stands in the `__init__` of a package that has all folders of its name."""

MOST: Final = 2**16
"""Bytes of such a file that are read."""


def places_of(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Return the portions of a namespace: absolute, each once, and places only.

    A folder may stand on `sys.path` twice, as itself and as the current one; and setuptools adds a
    placeholder for editable installs, which is not the name of anything.
    """
    places = (os.path.abspath(f) for f in folders if os.sep in f or os.path.exists(f))
    return tuple(dict.fromkeys(places))


def is_whole(folder: str) -> bool:
    """Tell whether a namespace has more than its parts: a module, or a file beside packages."""
    try:
        with os.scandir(folder) as found:
            items = [item for item in found if not item.name.startswith(".")]
        files = [item.name for item in items if item.is_file()]
        if any(name.endswith(IMPORTABLE) for name in files):
            return True
        return bool(files) and any(_has_modules(item.path) for item in items if item.is_dir())
    except OSError as error:
        note(error)
        return False


def _has_modules(folder: str) -> bool:
    with os.scandir(folder) as found:
        return any(item.name.endswith(IMPORTABLE) and item.is_file() for item in found)


def has_data_alone(folder: str) -> bool:
    """Tell whether a folder has files, and nothing in it is a module, or a folder of modules."""
    try:
        with os.scandir(folder) as found:
            items = [item for item in found if not item.name.startswith((".", "__pycache__"))]
        files = [item.name for item in items if item.is_file()]
        return bool(files) and not (
            any(name.endswith(IMPORTABLE) for name in files)
            or any(_has_modules(item.path) for item in items if item.is_dir())
        )
    except OSError as error:
        note(error)
        return False


def listed(folder: str) -> list[str]:
    """Return the names in a folder; none if it cannot be read."""
    try:
        return os.listdir(folder or os.curdir)
    except OSError as error:  # a zip file, or nothing
        note(error)
        return []


def with_own(found: Origin) -> Iterator[str]:
    """Yield the folders of a package, and first the one of its `__init__`.

    A package may have said that its modules are elsewhere: `__path__ = [...]`.
    """
    folder, name = os.path.split(found.file or "")
    folders = found.folders or ()
    if name.startswith("__init__.") and os.path.abspath(folder) not in map(
        os.path.abspath, folders
    ):
        yield folder
    yield from folders


def extended(name: str, found: Origin) -> Origin:
    """Return where a package is that nobody has imported, with all folders that it will have.

    Its `__init__` may say `__path__ = pkgutil.extend_path(__path__, __name__)`, or the like.
    """
    path: list[object] = [*sys.path]
    entries = [each for each in path if isinstance(each, str)]
    if not found.folders or sum(os.path.isdir(os.path.join(each, name)) for each in entries) < 2:
        return found
    try:
        with opened(found.file or "") as file:
            text = file.read(MOST)
    except OSError as error:
        note(error)
        log.debug("cannot read %s: %r", found.file, error)
        return found
    if not any(each in text for each in EXTENDING):
        return found
    import pkgutil  # not at the top: few processes have such a package

    return Origin(found.file, tuple(pkgutil.extend_path([*found.folders], name)))
