"""Snapshots: one local package each, frozen at one content.

A `Snapshot` is what `_files` read, put together: a deterministic zip (the archive) and a hash of
the contents. A `Shipment` is what one `dumps` sends of them: the snapshots that are needed, each
with its requirements and its digest.

Identity is never taken from compressed bytes, since zlib builds differ: the digest is over file
names and contents, each with its length before it. It covers everything that the package reaches by
imports, so one digest means one behaviour, and cycles between packages need no special case.

Outside API: `Shipment`, `Snapshot`, `Shipped`, `owns`.
"""

from __future__ import annotations

import hashlib
import logging
import struct
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from typing import Final

from modulepickle._distributions import distribution
from modulepickle._errors import PackagingError, Problem, Reason
from modulepickle._files import File, Found, Key, listing, read
from modulepickle._policy import Policy
from modulepickle._scan import STANDARD_NAMES, Finder, Unit, finder

__all__ = ["Shipment", "Shipped", "Snapshot", "owns"]

log = logging.getLogger("modulepickle")

LARGE: Final = 5 * 2**20
"""Bytes of content above which a snapshot is worth a warning: it travels with every pickle."""

MAX_FILES: Final = 65_535
"""Of a zip file without its 64-bit extension."""


def fold(*parts: bytes) -> bytes:
    """Return the SHA-256 over byte strings, each with its length before it."""
    total = hashlib.sha256()
    for part in parts:
        total.update(b"%d:%s" % (len(part), part))
    return total.digest()


class Snapshot:
    """One local package at one content. Immutable, but for caches.

    Attributes:
        unit: the local package. name: its name: `helpers`, `google.mycompany`.
        files: archive-relative POSIX path -> file, sorted.
        content: hash of the names and contents.
        archive: the zip; the same bytes whenever the same zlib build makes it.
        seal: SHA-256 of the archive, which tells the receiver that it came through whole.
        imports: the dotted names that its files import.
    """

    def __init__(self, unit: Unit, files: dict[str, File]) -> None:
        self.unit = unit
        self.name = name = unit.name
        self.files = files
        self.content = fold(
            name.encode(), *(part for f in files for part in (f.encode(), files[f].digest))
        )
        self.archive = make_zip(files)
        self.seal = hashlib.sha256(self.archive).digest()
        self.imports = tuple(dict.fromkeys(n for f in files.values() for n in f.imports))
        self._modules = tuple(_modules(files))
        self._needs: tuple[Finder, tuple[Unit, ...], dict[str, str]] | None = None

    @property
    def size(self) -> int:
        """Bytes of its files' contents."""
        return sum(file.size for file in self.files.values())

    def needs(self, finder: Finder) -> tuple[tuple[Unit, ...], dict[str, str]]:
        """Return its requirements: local packages, and third-party modules by top-level name.

        The latter are "distribution version", as installed here (R15).
        """
        if self._needs is None or self._needs[0] is not finder:
            units: dict[Unit, None] = {}
            others: dict[str, str] = {}
            for name in self.imports:
                unit = finder.unit(name)
                if unit is not None:
                    units[unit] = None
                elif (top := name.partition(".")[0]) not in STANDARD_NAMES and top not in others:
                    others[top] = " ".join(distribution(top) or ())
            units = {unit: None for unit in units if unit.name != self.name}
            others = {top: others[top] for top in sorted(others) if others[top]}
            self._needs = finder, tuple(sorted(units)), others
        return self._needs[1:]

    def specs(self) -> dict[str, ModuleSpec]:
        """Return the specs of those of its modules that this process has imported by itself."""
        loaded = ((name, sys.modules.get(name)) for name in self._modules)
        specs = ((name, getattr(module, "__spec__", None)) for name, module in loaded)
        return {name: spec for name, spec in specs if spec is not None}


def _modules(files: Iterable[str]) -> Iterable[str]:
    for path in files:
        stem, _, suffix = path.rpartition(".")
        if suffix == "py":
            yield stem.replace("/", ".").removesuffix(".__init__")


# --- archives -------------------------------------------------------------------------------------

# Of each member: flags (bit 11: the name is UTF-8), then time and date (1980-01-01, zip's first).
_FLAGS: Final = 0x0800
_TIME_DATE: Final = (0, 0x21)
_VERSION: Final = 20  # 2.0 is the first that has deflate
_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16


def make_zip(files: dict[str, File]) -> bytes:
    """Return a zip of files that are packed already: fixed date, fixed mode, in the given order."""
    if len(files) > MAX_FILES:
        problem = Problem(Reason.TOO_LARGE, f"{len(files)} files", f"a zip has {MAX_FILES} at most")
        raise PackagingError([problem])
    members: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for path, file in files.items():
        name = path.encode()
        sizes = (file.crc, len(file.packed), file.size, len(name))
        common = (_VERSION, _FLAGS, file.method, *_TIME_DATE, *sizes)
        local = struct.pack("<4s5H3I2H", b"PK\3\4", *common, 0)
        members += local, name, file.packed
        tail = (0, 0, 0, 0, _MODE, offset)
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", _UNIX | _VERSION, *common, *tail), name
        offset += len(local) + len(name) + len(file.packed)
    index = b"".join(directory)
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, len(files), len(files), len(index), offset, 0
    )
    return b"".join([*members, index, end])


# --- the process' cache ---------------------------------------------------------------------------

_Listing = tuple[tuple[str, Key], ...]
_snapshots: dict[tuple[Unit, tuple[str, ...]], tuple[_Listing, Snapshot]] = {}


def snapshot(unit: Unit, policy: Policy) -> Snapshot:
    """Return the snapshot of a local package as it is on disk now (R5).

    Raises:
        PackagingError: with all that cannot travel.
    """
    began = time.perf_counter()
    found = listing(unit, policy)
    stats = tuple((file.name, file.key) for file in found)
    known = _snapshots.get((unit, policy.ignore))
    if known is not None and known[0] == stats and not _any_racy(known[1]):
        _check_size(unit, found, policy)
        return known[1]
    _check_size(unit, found, policy)
    files = {file.name: read(file) for file in found}
    if known is not None and _same(known[1].files, files):
        made = known[1]
        made.files = files
    else:
        made = Snapshot(unit, files)
        _log(made, (time.perf_counter() - began) * 1000)
    stats = tuple((name, file.key) for name, file in files.items())
    _snapshots[unit, policy.ignore] = stats, made
    return made


def _any_racy(made: Snapshot) -> bool:
    return any(file.racy for file in made.files.values())


def _same(before: dict[str, File], after: dict[str, File]) -> bool:
    """Tell whether two readings have the same names and contents."""
    return before.keys() == after.keys() and all(
        before[name].digest == after[name].digest for name in before
    )


def _check_size(unit: Unit, found: tuple[Found, ...], policy: Policy) -> None:
    total = sum(file.key[0] for file in found)
    if total <= policy.max_bytes:
        return
    largest = sorted(found, key=lambda file: -file.key[0])[:5]
    lines = [f"{total:,} bytes in {len(found)} files, at most {policy.max_bytes:,} travel"]
    lines += [f"{file.key[0]:>15,}  {file.name}" for file in largest]
    inside = largest[0].name.partition(unit.name.replace(".", "/") + "/")[2] or largest[0].name
    remedy = f'leave files out: Policy(ignore=("{inside}",)), or allow it: Policy(max_bytes={total})'
    raise PackagingError([Problem(Reason.TOO_LARGE, unit.name, "\n".join(lines), remedy)])


def _log(made: Snapshot, milliseconds: float) -> None:
    log.info(
        "snapshot of %s: %d files, %d bytes, packed to %d, in %.1f ms",
        made.name, len(made.files), made.size, len(made.archive), milliseconds,
    )
    if made.size > LARGE:
        log.warning(
            "%s has %d bytes, which travel with every pickle of it; Policy(ignore=...) leaves"
            " files out",
            made.name, made.size,
        )


# --- shipments ------------------------------------------------------------------------------------

OWN: dict[bytes, dict[str, ModuleSpec]] = {}
"""Digest -> the modules, by their specs, that this process had when it pickled that snapshot."""


def owns(digest: bytes) -> bool:
    """Tell whether this process pickled a snapshot and still has the modules of then (R10).

    A reload gives a module a new spec. The loader asks this, in a process that has both.
    """
    specs = OWN.get(digest)
    return specs is not None and all(
        getattr(sys.modules.get(name), "__spec__", None) is spec for name, spec in specs.items()
    )


class Shipped:
    """One snapshot as one pickle carries it.

    Attributes:
        name, digest, seal, archive: what the loader's `snapshot` takes, in that order.
        needs: top-level name -> the snapshot it requires, or "distribution version".
    """

    def __init__(self, name: str, digest: bytes, seal: bytes, archive: bytes) -> None:
        self.name, self.digest, self.seal, self.archive = name, digest, seal, archive
        self.needs: dict[str, Shipped | str] = {}

    def __call__(self, *args: object) -> None:
        """Stand for the receiver's snapshot, which is called in the pickle: never here."""
        raise TypeError("only a receiver can call a snapshot")


class Shipment:
    """What one `dumps` ships: every local package at one moment."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._finder = finder(policy)
        self._snapshots: dict[str, Snapshot] = {}
        self._shipped: dict[str, Shipped] = {}

    def unit(self, module: str) -> Unit | None:
        """Return the local package that a dotted module name belongs to, or None."""
        return self._finder.unit(module)

    def ship(self, unit: Unit) -> Shipped:
        """Return the snapshot of a unit with its requirements; the same object each time.

        Raises:
            PackagingError: with all that cannot travel, in the package and all that it reaches.
        """
        if unit.name not in self._shipped:
            reach = self._reach(unit)
            for name in reach:
                self._shipped.setdefault(name, self._sealed(name))
            for name in reach:
                units, others = self._snapshots[name].needs(self._finder)
                needs = {need.name: self._shipped[need.name] for need in units}
                self._shipped[name].needs = {**needs, **others}
        return self._shipped[unit.name]

    def _sealed(self, name: str) -> Shipped:
        made = self._snapshots[name]
        others = sorted(self._reach(made.unit).keys() - {name})
        digest = fold(made.content, *(self._snapshots[other].content for other in others))
        OWN[digest] = made.specs()
        return Shipped(name, digest, made.seal, made.archive)

    def _reach(self, unit: Unit) -> dict[str, tuple[str, ...]]:
        """Return each local package that one reaches by imports, itself first -> the way there."""
        reach: dict[str, tuple[str, ...]] = {unit.name: ()}
        problems: list[Problem] = []
        todo = [unit]
        for unit in todo:  # grows as it is read
            way = (*reach[unit.name], unit.name)
            try:
                needs = self._snapshot(unit).needs(self._finder)[0]
            except PackagingError as error:
                problems += (replace(problem, chain=way[:-1]) for problem in error.problems)
                continue
            for need in needs:
                if need.name not in reach:
                    reach[need.name] = way
                    todo.append(need)
        if problems:
            raise PackagingError(problems)
        return reach

    def _snapshot(self, unit: Unit) -> Snapshot:
        if unit.name not in self._snapshots:
            self._snapshots[unit.name] = snapshot(unit, self._policy)
        return self._snapshots[unit.name]
