"""Which installed distribution a module came from: `yaml` -> `("PyYAML", "6.0.1")`.

A receiver that lacks a third-party module should be told what the sender had (R15). The answer is
for messages and reports only: it is never needed to pickle anything, so it never raises.

Installers leave a folder of metadata beside what they install. These are read here, and not by
`importlib.metadata`, whose import alone takes as long as to pack a package of middle size; it is
asked where `sys.path` has more than folders.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.metadata import Distribution

from modulepickle._base.process import log
from modulepickle._base.reading import note, remembered
from modulepickle._local.tree import metadata_in

__all__ = ["declares", "distribution", "installed_metadata", "likeness", "portion", "requirement"]


MOST: Final = 2**26
"""Characters of one file of metadata that are read. The longest lists of files have a tenth."""


@remembered
def distribution(module: str) -> tuple[str, str] | None:
    """Return name and version of the installed distribution that provides a module.

    None if nothing does. Where several provide the top-level name, it is one that is named like it,
    else the first on `sys.path`; of a namespace package, the one that has the part which is asked
    for. Remembered for the process.

    Args:
        module: dotted name.
    """
    top = module.partition(".")[0]
    try:
        if is_namespace(top):
            found = portion(module)
            if found is not None or module != top:
                return None if found is None else found[1]
        about = next(_in_folders(top), None)
        if about is None and top == "modulepickle":  # by whatever way this library came to be here
            return top, str(sys.modules[top].__version__)
        return _elsewhere(top) if about is None else about
    except Exception as error:  # metadata is whatever installers and people left on the disk
        note(error)
        log.debug("cannot tell which distribution provides %s: %r", module, error)
        return None


def is_namespace(top: str) -> bool:
    """Tell whether a top-level module has no file of its own (PEP 420); nothing is imported."""
    module = sys.modules.get(top)
    if type(module) is ModuleType:
        return hasattr(module, "__path__") and getattr(module, "__file__", None) is None
    try:
        spec = None if top in sys.modules else find_spec(top)
    except Exception as error:  # finders may be anybody's
        note(error)
        log.debug("cannot find %s: %r", top, error)
        return False
    return spec is not None and spec.origin is None and spec.submodule_search_locations is not None


@remembered
def portion(module: str) -> tuple[str, tuple[str, str]] | None:
    """Return the part of a namespace package that a module is in, and the distribution that has it.

    The part is as much of the dotted name as that distribution alone provides. None if none has it,
    or several have.
    """
    parts = module.split(".")
    having = _lists_of(parts[0])
    for number in range(1, len(parts) + 1):
        stem = "\n" + "/".join(parts[:number])
        having = [each for each in having if f"{stem}/" in each[1] or f"{stem}." in each[1]]
        if len(having) == 1:
            about = _about(having[0][0])
            return None if about is None else (".".join(parts[:number]), about)
    return None


@remembered
def requirement(module: str) -> tuple[str, str]:
    """Return what a module is looked up by, and "distribution version" or "".

    That is the top-level name, or the part of a namespace package.
    """
    top = module.partition(".")[0]
    found = portion(module) if is_namespace(top) else None
    if found is not None:
        return found[0], " ".join(found[1])
    return top, " ".join(distribution(module) or ())


@remembered
def _lists_of(top: str) -> list[tuple[str, str]]:
    """Return the folder of metadata, and the list of files, of all that has a part of a namespace.

    Without a list, as that of an editable install is, one knows not which part that is.
    """
    folders = [os.path.join(entry, name) for entry in _path() for name in metadata_in(entry)]
    lists = ((path, "\n" + _text(path, "RECORD")) for path in folders)
    return [(path, record) for path, record in lists if f"\n{top}/" in record]


def _in_folders(top: str) -> Iterator[tuple[str, str]]:
    """Yield what the distributions say that provide a module, those named like it first."""
    found = [os.path.join(entry, name) for entry in _path() for name in metadata_in(entry)]
    found.sort(key=lambda path: likeness(os.path.basename(path), top))  # else as they stand
    for path in found:
        about = _about(path) if _has(path, top) else None
        if about is not None:
            yield about


def _path() -> list[str]:
    path: list[object] = [*sys.path]  # import ignores what is no string
    return [entry for entry in path if isinstance(entry, str)]


def likeness(name: str, top: str) -> int:
    """Return how little a folder is named like a module: `PyYAML-6.0.dist-info` and `yaml`: 1."""
    stem = name.partition("-")[0].lower()
    return 0 if stem == top.lower() else 1 if top.lower() in stem else 2


def _has(path: str, top: str) -> bool:
    """Tell whether a distribution provides a module: by what it declares, else by its files."""
    declared = _text(path, "top_level.txt").split()
    if declared:
        return top in declared
    record = "\n" + _text(path, "RECORD")
    if top.isidentifier() and f"\n{top}/" in record:
        return True  # of thousands of lines, none is looked at
    if f"\n{top}." not in record and f'\n"{top}' not in record:
        return False
    return any(_top_of(line) == top for line in record.splitlines())


def declares(path: str, top: str) -> bool | None:
    """Tell whether metadata says that it provides a top-level module; None if it says nothing.

    That of an editable install may list no module, but what leads to the source.
    """
    declared = _text(path, "top_level.txt").split()
    if declared:
        return top in declared
    found = {_top_of(line) for line in _text(path, "RECORD").splitlines()}
    tops = {each for each in found if each and not each.startswith("__editable__")}
    return top in tops if tops else None


@remembered
def installed_metadata(top: str, place: str) -> str:
    """Return the folder of metadata of an installed distribution; "" if none is found.

    Args:
        top: a top-level module that it provides.
        place: the file or folder of that module, absolute.
    """
    for entry in map(os.path.abspath, _path()):
        if not place.startswith(entry + os.sep):
            continue
        names = sorted(metadata_in(entry), key=lambda name: likeness(name, top))
        found = (os.path.join(entry, name) for name in names)
        return next((path for path in found if _has(path, top)), "")
    return ""


def _about(path: str) -> tuple[str, str] | None:
    """Return name and version, if the metadata begins with them as it should."""
    text = _text(path, "METADATA") or _text(path, "PKG-INFO")
    head = text.partition("\n\n")[0]
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    return (fields["Name"], fields["Version"]) if fields.keys() >= {"Name", "Version"} else None


def _text(path: str, name: str) -> str:
    try:
        file_path = os.path.join(path, name)
        if not stat.S_ISREG(os.stat(file_path).st_mode):  # a pipe would be waited for
            return ""
        with open(file_path, encoding="utf-8") as file:
            return file.read(MOST)
    except (OSError, ValueError) as error:
        note(error)
        return ""


def _top_of(line: str) -> str | None:
    """Return the module that a line of RECORD (`path,hash,size`) belongs to."""
    first, slash, _ = line.partition(",")[0].strip('"').partition("/")
    if slash:
        # Not `name.dist-info`, `../bin` or `__pycache__`, nor a folder that holds no code.
        return first if first.isidentifier() and first != "__pycache__" else None
    name, dot, suffix = first.partition(".")
    return name if dot and suffix.endswith(("py", "so", "pyd")) and name.isidentifier() else None


# --- where `sys.path` has more than folders -------------------------------------------------------


def _elsewhere(top: str) -> tuple[str, str] | None:
    """Return the same of a distribution in a zip file or an egg, or that a finder knows of."""
    odd = any(entry.endswith(".egg") or os.path.isfile(entry) for entry in _path())
    finders = [each for each in [*sys.meta_path] if hasattr(each, "find_distributions")]
    if not odd and finders in ([], [PathFinder]):
        return None
    found = _providers().get(top)
    return None if found is None else (str(found.metadata["Name"]), str(found.version))


@remembered
def _providers() -> dict[str, Distribution]:
    """Return top-level module name -> distribution, for all that is installed.

    As `importlib.metadata.packages_distributions`, which 3.9 lacks and which keeps names only.
    """
    from importlib import metadata  # not at the top: see above

    providers: dict[str, Distribution] = {}
    for found in metadata.distributions():
        declared = (found.read_text("top_level.txt") or "").split()
        record = (found.read_text("RECORD") or "").splitlines()
        for top in declared or filter(None, map(_top_of, record)):
            if found.metadata["Name"]:
                providers.setdefault(top, found)
    return providers
