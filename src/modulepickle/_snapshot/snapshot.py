"""Snapshots: one local package each, frozen at one content.

A `Snapshot` is what `files` read, put together: a deterministic zip (the archive) and a hash of
the contents. A `Shipment` is what one `dumps` sends of them: the snapshots that are needed, each
with its requirements and its digest.

Identity is never taken from compressed bytes, since zlib builds differ: the digest is over file
names and contents, each with its length before it. It covers everything that the package reaches by
imports, so one digest means one behaviour, and cycles between packages need no special case.

Outside API: `Shipment`, `Snapshot`, `Shipped`, `is_own`, `leave_out`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from typing import Final

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._base.hash import sha256
from modulepickle._base.log import log
from modulepickle._local.finder import Finder, Top, Unit, finder, received_folder
from modulepickle._local.policy import Policy
from modulepickle._snapshot.archive import make_zip
from modulepickle._snapshot.files import ATTEMPTS, File, forget, read
from modulepickle._snapshot.listing import Found, Vanished
from modulepickle._snapshot.needs import Needs, mentioned, needs_of
from modulepickle._snapshot.watch import listing

__all__ = ["Shipment", "Shipped", "Snapshot", "is_own", "leave_out"]

LARGE: Final = 5 * 2**20
"""Bytes of content above which a snapshot is worth a warning: it travels with every pickle."""

DIGEST_SIZE: Final = 16
"""Bytes of SHA-256 that are kept: 128 bits tell all contents apart, and travel with each pickle."""


def fold(*parts: bytes) -> bytes:
    """Return the SHA-256 over byte strings, each with its length before it."""
    total = sha256()
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
        seal: half of the SHA-256 of the archive: the receiver sees that it came through whole.
        size: of its files' contents, in bytes.
        is_sure: no file may have changed since it was read without a change of its stat.
    """

    def __init__(self, unit: Unit, files: dict[str, File]) -> None:
        self.unit = unit
        self.name = name = unit.name
        self.files = files
        self.content = fold(
            name.encode(), *(part for f in files for part in (f.encode(), files[f].digest))
        )
        self.archive = make_zip(files)
        self.seal = sha256(self.archive).digest()[:DIGEST_SIZE]
        self.size = sum(file.size for file in files.values())
        self.is_sure = False
        self._modules = tuple(_modules(files))
        self._mentioned = mentioned(name, files.values())
        self._needs: tuple[Finder, list[Top], Needs] | None = None

    def needs(self, finder: Finder) -> Needs:
        """Return what it requires."""
        # A finder is good for a moment of the disk, but modules come and go in `sys.modules`.
        tops = [finder.top(name) for name in self._mentioned]
        known = self._needs
        if known is None or known[0] is not finder or known[1] != tops:
            known = self._needs = finder, tops, needs_of(self.name, self._mentioned, finder)
        return known[2]

    def specs(self) -> dict[str, ModuleSpec]:
        """Return the specs of those of its modules that this process has imported by itself."""
        specs = {}
        get = sys.modules.get
        for name in self._modules:  # a plain loop: each `dumps` runs it
            spec = getattr(get(name), "__spec__", None)
            if spec is not None and not hasattr(spec, "snapshot"):
                specs[name] = spec
        return specs


def _modules(files: Iterable[str]) -> Iterable[str]:
    for path in files:
        stem, _, suffix = path.rpartition(".")
        if suffix == "py":
            yield stem.replace("/", ".").removesuffix(".__init__")


# --- the process' cache ---------------------------------------------------------------------------

_snapshots: dict[tuple[Unit, tuple[str, ...]], tuple[tuple[Found, ...], Snapshot]] = {}
"""Unit and `Policy.ignore` -> the files as they were listed, and what was made of them."""


def snapshot(unit: Unit, policy: Policy) -> Snapshot:
    """Return the snapshot of a local package as it is on disk now (R5).

    Raises:
        PackagingError: with all that cannot travel.
    """
    for _ in range(ATTEMPTS):
        try:
            return _snapshot(unit, policy)
        except Vanished as error:
            vanished = str(error)
    problem = Problem(Reason.CHANGING, vanished, "files come and go", "try again when they stay")
    raise PackagingError([problem])


class Incomplete(PackagingError):
    """A package cannot travel. `files`: those that can be read."""

    def __init__(self, problems: Iterable[Problem], files: Iterable[File]) -> None:
        super().__init__(problems)
        self.files = tuple(files)


def _snapshot(unit: Unit, policy: Policy) -> Snapshot:
    began = time.perf_counter()
    problems: list[Problem] = []
    found = listing(unit, policy, problems)
    before, known = _snapshots.get((unit, policy.ignore), ((), None))
    if known is not None and found == before and known.is_sure and known.size <= policy.max_bytes:
        return known
    problems += _too_large(unit, found, policy)
    if problems:  # what it imports may have some, too
        source = read((file for file in found if file.name.endswith(".py")), problems)
        raise Incomplete(problems, source.values())
    files = read(found, problems)
    if problems:
        raise Incomplete(problems, files.values())
    if known is not None and _same(known.files, files):
        made = known
        made.files = files
    else:
        made = Snapshot(unit, files)
        _log(made, (time.perf_counter() - began) * 1000)
    made.is_sure = not any(file.racy for file in files.values())
    forget({file.path for file in before} - {file.path for file in found})
    if any(file.key != files[file.name].key for file in found):
        # Of the files as they were read: a later change differs from that.
        found = tuple(file._replace(key=files[file.name].key) for file in found)
    _snapshots[unit, policy.ignore] = found, made
    return made


def _same(before: dict[str, File], after: dict[str, File]) -> bool:
    """Tell whether two readings have the same names and contents."""
    return before.keys() == after.keys() and all(
        before[name].digest == after[name].digest for name in before
    )


def _too_large(unit: Unit, found: tuple[Found, ...], policy: Policy) -> Iterable[Problem]:
    total = sum(file.key[0] for file in found)
    if total <= policy.max_bytes:
        return
    largest = sorted(found, key=lambda file: -file.key[0])[:5]
    lines = [f"{total:,} bytes in {len(found)} files, at most {policy.max_bytes:,} travel"]
    lines += [f"{file.key[0]:>15,}  {file.name}" for file in largest]
    data = [file.name for file in largest if not file.name.endswith(".py")]
    remedy = f"allow it: Policy(max_bytes={total})"
    if data and unit.is_package:
        remedy = f"{leave_out(unit.name, data[0])}; or {remedy}"
    yield Problem(Reason.TOO_LARGE, unit.name, "\n".join(lines), remedy)


def leave_out(name: str, path: str) -> str:
    """Return what to type to leave a file, by its archive-relative path, out of a package."""
    inside = path.partition(name.replace(".", "/") + "/")[2] or path
    return (
        f'leave files out: Policy(ignore=("{inside}",)), or ignore = ["{inside}"] under'
        " [tool.modulepickle] in pyproject.toml"
    )


def _log(made: Snapshot, milliseconds: float) -> None:
    log.info(
        "snapshot of %s: %d files, %d bytes, packed to %d, in %.1f ms",
        made.name,
        len(made.files),
        made.size,
        len(made.archive),
        milliseconds,
    )
    if made.size > LARGE:
        largest = max(made.files, key=lambda path: made.files[path].size)
        log.warning(
            "%s has %s bytes, which travel with every pickle of it, %s %s of them; %s",
            made.name,
            f"{made.size:,}",
            largest,
            f"{made.files[largest].size:,}",
            leave_out(made.name, largest),
        )


# --- shipments ------------------------------------------------------------------------------------

OWN: dict[bytes, tuple[str, dict[str, ModuleSpec]]] = {}
"""Digest -> name of the package, and the modules, by their specs, that this process had of it when
it pickled that snapshot."""

OWN_KEPT: Final = 500
"""Snapshots that `OWN` remembers: in a session, a day's edits."""


def is_own(digest: bytes) -> bool:
    """Tell whether this process pickled a snapshot and still has the modules of then (R10).

    A reload gives a module a new spec. The loader asks this, in a process that has both.
    """
    own = OWN.get(digest)
    # Where a received package has taken the name, an import would get that one.
    if own is None or received_folder(own[0].partition(".")[0]) is not None:
        return False
    return all(
        getattr(sys.modules.get(name), "__spec__", None) is spec for name, spec in own[1].items()
    )


class Shipped:
    """One snapshot as one pickle carries it.

    Attributes:
        name, digest, seal, archive: what the loader's `snapshot` takes, in that order.
        needs: top-level name -> the snapshot it requires, or "distribution version".
    """

    name: str
    digest: bytes
    seal: bytes
    archive: bytes

    def __init__(self, name: str, digest: bytes, seal: bytes, archive: bytes) -> None:
        # A pickle has equal texts once if they are one object: that must not be an accident (R4).
        self.name = sys.intern(name)
        self.digest, self.seal, self.archive = digest, seal, archive
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
        self._needs: dict[str, Needs] = {}
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
            new = [name for name in reach if name not in self._shipped]
            self._shipped.update((name, self._sealed(name)) for name in new)
            for name in new:
                units, others = self._needs[name]
                needs = {sys.intern(need.name): self._shipped[need.name] for need in units}
                texts = {sys.intern(top): sys.intern(others[top]) for top in others}
                self._shipped[name].needs = {**needs, **texts}
        return self._shipped[unit.name]

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return the snapshots that were shipped so far, by name."""
        return tuple(self._snapshots[name] for name in sorted(self._shipped))

    def _sealed(self, name: str) -> Shipped:
        made = self._snapshots[name]
        others = sorted(self._reached(name) - {name})
        contents = (self._snapshots[other].content for other in others)
        digest = fold(made.content, *contents)[:DIGEST_SIZE]
        OWN.pop(digest, None)  # the latest stands last
        OWN[digest] = made.name, made.specs()
        if len(OWN) > OWN_KEPT:
            OWN.pop(next(iter(OWN)), None)
        return Shipped(name, digest, made.seal, made.archive)

    def _reach(self, unit: Unit) -> dict[str, tuple[str, ...]]:
        """Return each local package that one reaches by imports, itself first -> the way there."""
        reach: dict[str, tuple[str, ...]] = {unit.name: ()}
        problems: list[Problem] = []
        todo = [unit]
        for unit in todo:  # grows as it is read
            way = (*reach[unit.name], unit.name)
            try:
                self._needs[unit.name] = self._snapshot(unit).needs(self._finder)
                needs = self._needs[unit.name].units
            except PackagingError as error:
                problems += (problem._replace(chain=way[:-1]) for problem in error.problems)
                files = error.files if isinstance(error, Incomplete) else ()
                mentions = mentioned(unit.name, files)
                needs = needs_of(unit.name, mentions, self._finder).units
            for need in needs:
                if need.name not in reach:
                    reach[need.name] = way
                    todo.append(need)
        if problems:
            raise PackagingError(problems)
        return reach

    def _reached(self, name: str) -> set[str]:
        """Return the names of the local packages that one reaches, which `_reach` has read."""
        names = [name]
        reached = {name}
        for each in names:  # grows as it is read
            new = {need.name for need in self._needs[each].units} - reached
            reached |= new
            names += new
        return reached

    def _snapshot(self, unit: Unit) -> Snapshot:
        if unit.name not in self._snapshots:
            self._snapshots[unit.name] = snapshot(unit, self._policy)
        return self._snapshots[unit.name]
