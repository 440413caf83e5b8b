"""What of a distribution's metadata travels with a package: name, version and entry points.

It is a folder `NAME-VERSION.dist-info` beside the package, with `METADATA` (only its headers: the
long description stays at home) and `entry_points.txt`. The `egg-info` of setuptools becomes the
same, so that `importlib.metadata` gives the same answers (core metadata specifications, PyPA).

Outside API: `metadata_files`, `targets`. Nothing here imports user code.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from modulepickle._base.process import log
from modulepickle._base.reading import note, opened

__all__ = ["MetadataFile", "metadata_files", "targets"]

MOST: Final = 2**22
"""Bytes of one file of metadata that are read: a hundred times the longest descriptions."""


class MetadataFile(NamedTuple):
    """One file of metadata as it travels."""

    name: str
    """Archive-relative POSIX path."""
    path: str
    """What it was made from, absolute, on this disk."""
    content: bytes


def metadata_files(
    folder: str, watch: Callable[[str], os.stat_result | None]
) -> Iterator[MetadataFile]:
    """Yield the files that travel of a folder of metadata; none if it has no name to be found by.

    Args:
        folder: a `dist-info` or `egg-info`; of old setuptools, a file.
        watch: is called with each path that the answer depends on, before it is read.
    """
    info = watch(folder)
    if info is None:
        return
    is_folder = stat.S_ISDIR(info.st_mode)
    names = ("METADATA", "PKG-INFO") if is_folder else ("",)
    for path in (os.path.join(folder, name) if name else folder for name in names):
        text = _read(path, watch)
        if text:
            break
    else:
        log.debug("no metadata can be read in %s", folder)
        return
    headers = _headers(text)
    if is_folder and b"requires-dist:" not in headers.lower():
        headers += _requires(folder, watch)
    home = _home(folder, headers)
    yield MetadataFile(f"{home}/METADATA", path, headers)
    points = os.path.join(folder, "entry_points.txt")
    text = _read(points, watch) if is_folder else b""
    if text:
        yield MetadataFile(f"{home}/entry_points.txt", points, text)


def _read(path: str, watch: Callable[[str], os.stat_result | None]) -> bytes:
    """Return the content of a regular file of reasonable size; of anything else, nothing."""
    info = watch(path)
    if info is None:
        return b""
    if not stat.S_ISREG(info.st_mode) or info.st_size > MOST:
        log.debug("%s is not a file of metadata, and does not travel", path)
        return b""
    try:
        with opened(path) as file:
            return file.read(MOST)
    except OSError as error:
        note(error)
        log.debug("cannot read %s: %r", path, error)
        return b""


# As text, as `_TARGET`: `re` compiles them when they are first used.
_DESCRIPTION: Final = rb"(?im)^description:.*\n(?:[ \t].*\n)*"


def _headers(text: bytes) -> bytes:
    """Return the headers of metadata without the description, which is a header in old formats."""
    text = text.replace(b"\r\n", b"\n")
    return re.sub(_DESCRIPTION, b"", text.lstrip(b"\n").partition(b"\n\n")[0].rstrip(b"\n") + b"\n")


def _requires(folder: str, watch: Callable[[str], os.stat_result | None]) -> bytes:
    """Return the content of an old setuptools' `requires.txt`, as headers."""
    if not _read(os.path.join(folder, "requires.txt"), watch):
        return b""
    from importlib import metadata  # not at the top: few have such a file, and it imports a lot
    from pathlib import Path

    try:
        requires = metadata.PathDistribution(Path(folder)).requires or []
    except Exception as error:  # the file may hold anything
        note(error)
        log.debug("cannot read %s: %r", folder, error)
        return b""
    return "".join(f"Requires-Dist: {each}\n" for each in requires).encode()


def _home(folder: str, headers: bytes) -> str:
    """Return the name of the folder that travels, by which `importlib.metadata` finds it."""
    stem, _, suffix = os.path.basename(folder).rpartition(".")
    if suffix == "dist-info":
        return f"{_plain(stem)}.dist-info"
    fields = dict(re.findall(rb"^(name|version):[ \t]*(.*?)[ \t]*$", headers, re.I | re.M))
    fields = {key.lower(): value.decode(errors="replace") for key, value in fields.items()}
    name = re.sub("[-_.]+", "_", _plain(fields.get(b"name", "") or stem.partition("-")[0]))
    version = _plain(fields.get(b"version", "")).replace("-", "_")
    return f"{name}-{version}.dist-info" if version else f"{name}.dist-info"


def _plain(name: str) -> str:
    """Return a name with an underscore for each character that some systems forbid in names."""
    return re.sub("[^A-Za-z0-9_.+!-]", "_", name).lstrip(".") or "_"


SCRIPTS: Final = frozenset({"console_scripts", "gui_scripts"})
"""Groups whose entry points become commands at installation, and are not imported."""

_TARGET: Final = r"[^=]+=\s*([A-Za-z_][\w.]*)"


def targets(entry_points: bytes) -> tuple[str, ...]:
    """Return the modules that entry points name, each once; those of commands aside.

    Code that asks for the entry points of a group imports what they name.
    """
    found: dict[str, None] = {}
    group = ""
    for line in entry_points.decode(errors="replace").splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        match = None if group in SCRIPTS or line.startswith(("#", ";")) else re.match(_TARGET, line)
        if match is not None and all(match[1].split(".")):
            found[match[1]] = None
    return tuple(found)
