"""Snapshots: one local package each, frozen at one content.

A `Snapshot` is made of what `files` read: a deterministic zip (the archive) and a hash of the
contents. A `Shipment` is what one `dumps` sends: the snapshots that are needed, each with its
requirements and its digest.

Identity is never taken from compressed bytes, since zlib builds differ: the digest is over file
names and contents, each with its length before it. It covers everything that the package reaches by
imports, so one digest means one behaviour, and cycles between packages need no special case.

Outside API: `Shipment`, `Snapshot`, `SnapshotRef`, `is_own`, `leave_out`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from typing import Any, Final

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._base.held import held
from modulepickle._base.process import DIGEST_SIZE, log, sha256
from modulepickle._local.finder import IMPORTABLE, Finder, LocalPackage, TopLevelName
from modulepickle._local.policy import Policy
from modulepickle._snapshot.accidents import reached_by_attribute
from modulepickle._snapshot.archive import content_hash, make_zip
from modulepickle._snapshot.cython import SOURCES
from modulepickle._snapshot.differences import may_differ
from modulepickle._snapshot.faults import (
    gone,
    imports_of_gone,
    imports_of_left_out,
    no_longer_compiles,
)
from modulepickle._snapshot.files import ATTEMPTS, ENTRY_POINTS, File, forget, read
from modulepickle._snapshot.left_out import modules_left_out
from modulepickle._snapshot.listing import Found, Vanished
from modulepickle._snapshot.requirements import Requirements, mentioned, requirements_of
from modulepickle._snapshot.stale import note_imported
from modulepickle._snapshot.texts import named_by
from modulepickle._snapshot.watch import AtHome, listing

__all__ = ["LARGE", "Incomplete", "Snapshot", "leave_out", "snapshot"]

LARGE: Final = 5 * 2**20
"""Bytes of content above which a snapshot is worth a warning: it travels with every pickle."""


SOURCE: Final = 2**23
"""Bytes of Python source that are read of a package that cannot travel, for what it imports."""


class Snapshot:
    """One local package at one content. It is immutable, apart from caches.

    Attributes:
        package: the local package. name: its name: `helpers`, `google.mycompany`.
        files: archive-relative POSIX path -> file, sorted. executable: the paths of those that may
        be executed.
        content: hash of the names and contents.
        archive: the zip; the same bytes whenever the same zlib build makes it.
        archive_hash: half of its SHA-256, by which the receiver checks that it is whole.
        size: of its files' contents, in bytes.
        names: the dotted names of its modules, those without source included.
        is_sure: whether no file can have changed since it was read without a change of its stat.
        refs: what was last made of it for pickles (`shipment`), with what that depends on.
    """

    def __init__(
        self, package: LocalPackage, files: dict[str, File], executable: frozenset[str]
    ) -> None:
        self.package = package
        self.name = name = package.name
        self.files = files
        self.executable = executable
        self.content = content_hash(
            name, ((path, files[path].digest, path in executable) for path in files)
        )
        self.archive = make_zip(files, executable)
        self.archive_hash = sha256(self.archive).digest()[:DIGEST_SIZE]
        self.size = sum(file.size for file in files.values())
        self.is_sure = False
        self._modules = tuple(_modules(files))
        self.names = frozenset(_names(files))
        self.refs: tuple[Policy, Any, dict[str, Any]] | None = None
        self._faults: tuple[dict[str, str], dict[str, Problem], dict[str, Problem]] | None = None
        self._seen: tuple[dict[str, str], tuple[Problem, ...]] = {}, ()
        self._accidents: tuple[object, tuple[str, ...]] = None, ()
        self._looked: tuple[object, tuple[Problem, ...]] = None, ()
        self._noted: list[int] | None = None
        self._doubts: tuple[Problem, ...] | None = None
        self._mentioned = mentioned(name, _telling(files))
        self._requirements: tuple[Finder, list[TopLevelName], Requirements] | None = None

    def requirements(self, finder: Finder) -> Requirements:
        """Return what it requires."""
        # A finder holds for one moment of the disk, but modules come and go in `sys.modules`.
        tops = [finder.top(name) for name in self._mentioned]
        known = self._requirements
        if known is None or known[0] is not finder or known[1] != tops:
            found = requirements_of(self.name, self._mentioned, finder)
            named = named_by(self.name, self.files.values(), finder)
            known = self._requirements = finder, tops, found.with_named(named)
        return known[2]

    def refs_of(self, policy: Policy, key: Any) -> dict[str, Any] | None:
        """Return what was made of it for pickles, if that depends on the same."""
        known = self.refs
        return known[2] if known is not None and known[0] == policy and known[1] == key else None

    def left_out(self, policy: Policy) -> dict[str, str]:
        """Return the modules that the policy, which it was made with, leaves out, and by what."""
        return self._known_faults(policy)[0]

    def broken(self, policy: Policy) -> dict[str, Problem]:
        """Return the modules that are imported here, and no longer compile."""
        return self._known_faults(policy)[1]

    def imports_of(self, left: dict[str, str]) -> tuple[Problem, ...]:
        """Return what it imports of modules that are left out, of this package and others."""
        if self._seen[0] != left:
            self._seen = left, (*imports_of_left_out(self.name, self.files.values(), left),)
        return self._seen[1]

    def accidents(self, made: list[Snapshot], loaded: tuple[str, ...]) -> tuple[str, ...]:
        """Return the modules that it, or what it reaches, uses as attributes and never imports.

        Args:
            made: itself, and the snapshots that it reaches. loaded: their submodules that are
            imported here.
        """
        key = made, loaded
        if self._accidents[0] != key:
            files = (file for each in made for file in each.files.values())
            self._accidents = key, reached_by_attribute(files, loaded)
        return self._accidents[1]

    def looked_at(
        self,
        key: tuple[Policy, list[Snapshot], list[Requirements]],
        look: Callable[[list[Snapshot]], Iterable[Problem]],
    ) -> tuple[Problem, ...]:
        """Return what `look` finds in it and in what it reaches, looked for once a key."""
        if self._looked[0] != key:
            self._looked = key, tuple(look(key[1]))
        return self._looked[1]

    def lost(self, policy: Policy) -> dict[str, Problem]:
        """Return the modules that are imported here, and whose files are gone."""
        return self._known_faults(policy)[2]

    def imports_of_lost(self, lost: dict[str, Problem]) -> Iterable[Problem]:
        """Return what it imports of modules whose files are gone, of this package and others."""
        return imports_of_gone(self.name, self.files.values(), lost)

    def _known_faults(
        self, policy: Policy
    ) -> tuple[dict[str, str], dict[str, Problem], dict[str, Problem]]:
        if self._faults is None:
            left = modules_left_out(self.package, policy)
            left = {name: left[name] for name in left if name not in self.names}
            lost = {name: each for name, each in gone(self.package, self.names) if name not in left}
            self._faults = left, dict(no_longer_compiles(self.files.values())), lost
        return self._faults

    def doubts(self, policy: Policy) -> tuple[Problem, ...]:
        """Return which files may be missing or different on the receiver; it is found out once."""
        if self._doubts is None:
            self._doubts = (*may_differ(self.package, self.files, policy),)
        return self._doubts

    def note(self, specs: dict[str, ModuleSpec]) -> None:
        """Note what of it is imported here, by their specs, if others are than at the last time."""
        ids = [*map(id, specs.values())]  # what is noted is kept alive
        if ids != self._noted:
            self._noted = ids
            note_imported(specs)

    def specs(self) -> dict[str, ModuleSpec]:
        """Return the specs of those of its modules that this process has imported by itself."""
        specs = {}
        get = sys.modules.get
        for name in self._modules:  # a plain loop: each `dumps` runs it
            module = get(name)
            if module is None:
                continue
            try:
                spec = getattr(module, "__spec__", None)
            except Exception:  # an unusual module may raise anything
                continue
            if spec is not None and not hasattr(spec, "snapshot"):
                specs[name] = spec
        return specs


def _telling(files: dict[str, File]) -> Iterable[File]:
    """Yield the files that tell what a package imports.

    Compiled files do not count if their source is there; entry points count only if the package
    looks for some.
    """
    stems = {path.partition(".")[0] for path in files if path.endswith((".py", *SOURCES))}
    asks = any(file.asks_entry_points for file in files.values())
    for path, file in files.items():
        if path.endswith(tuple(EXTENSION_SUFFIXES)):
            tells = path.partition(".")[0] not in stems
        else:
            tells = asks or not path.endswith(ENTRY_POINTS)
        if tells:
            yield file


def _modules(files: Iterable[str]) -> Iterable[str]:
    for path in files:
        stem, _, suffix = path.rpartition(".")
        if suffix == "py":
            yield stem.replace("/", ".").removesuffix(".__init__")


def _names(files: Iterable[str]) -> Iterable[str]:
    """Yield the dotted names of the modules that files are."""
    for path in files:
        if path.endswith(IMPORTABLE):
            folder, _, name = path.rpartition("/")
            stem = name.partition(".")[0]
            parts = folder if stem == "__init__" else f"{folder}/{stem}".lstrip("/")
            yield parts.replace("/", ".")


# --- the process' cache ---------------------------------------------------------------------------

_snapshots: dict[tuple[LocalPackage, AtHome], tuple[tuple[Found, ...], Snapshot]] = {}
"""Package and `Policy.at_home` -> the files as they were listed, and what was made of them."""


def snapshot(package: LocalPackage, policy: Policy) -> Snapshot:
    """Return the snapshot of a local package as it is on disk now (R5).

    Raises:
        PackagingError: with all that cannot travel.
    """
    for _ in range(ATTEMPTS):
        try:
            return _snapshot(package, policy)
        except Vanished as error:
            vanished = str(error)
    problem = Problem(Reason.CHANGING, vanished, "files come and go", "try again when they stay")
    raise PackagingError([problem])


class Incomplete(PackagingError):
    """A package cannot travel. `files`: those that can be read."""

    def __init__(self, problems: Iterable[Problem], files: Iterable[File]) -> None:
        super().__init__(problems)
        self.files = tuple(files)


def _snapshot(package: LocalPackage, policy: Policy) -> Snapshot:
    began = time.perf_counter()
    problems: list[Problem] = []
    found = listing(package, policy, problems)
    before, known = _snapshots.get((package, policy.at_home), ((), None))
    if known is not None and found == before and known.is_sure and known.size <= policy.max_bytes:
        _hold(found, known.files)
        return known
    problems += _too_large(package, found, policy)
    if problems:  # what it imports may have problems as well
        source = read(_source(found), problems)
        raise Incomplete(problems, source.values())
    files = read(found, problems)
    if not problems and any(file.key != files[file.name].key for file in found):
        # Of the files as they were read: a later change differs from that.
        found = tuple(file._replace(key=files[file.name].key) for file in found)
        problems += _too_large(package, found, policy)
    if problems:
        raise Incomplete(problems, files.values())
    executable = frozenset(file.name for file in found if file.is_executable)
    if known is not None and known.executable == executable and _same(known.files, files):
        made = known
        made.files = files
    else:
        made = Snapshot(package, files, executable)
        _log(made, (time.perf_counter() - began) * 1000)
    made.is_sure = not any(file.racy for file in files.values())
    forget({file.path for file in before} - {file.path for file in found})
    _snapshots[package, policy.at_home] = found, made
    _hold(found, files)
    return made


def _hold(found: Iterable[Found], files: dict[str, File]) -> None:
    """Note what was read, for all that is pickled in this `hold()`."""
    still = held()
    if still is not None:
        still.files.update((file.path, files[file.name]) for file in found)


def _source(found: Iterable[Found]) -> Iterable[Found]:
    """Yield the files of Python source that are read of what is too large, the smallest first."""
    most = SOURCE
    for file in sorted(found, key=lambda file: file.key[0]):
        if file.name.endswith(".py") and file.key[0] <= most:
            most -= file.key[0]
            yield file


def _same(before: dict[str, File], after: dict[str, File]) -> bool:
    """Tell whether two readings have the same names and contents."""
    return before.keys() == after.keys() and all(
        before[name].digest == after[name].digest for name in before
    )


def _too_large(
    package: LocalPackage, found: tuple[Found, ...], policy: Policy
) -> Iterable[Problem]:
    total = sum(file.size for file in found)
    if total <= policy.max_bytes:
        return
    largest = sorted(found, key=lambda file: -file.size)[:5]
    lines = [f"{total:,} bytes in {len(found)} files, at most {policy.max_bytes:,} travel"]
    lines += [f"{file.size:>15,}  {file.name}" for file in largest]
    data = [file.name for file in largest if not file.name.endswith(".py")]
    remedy = f"allow it: Policy(max_bytes={total})"
    if data and package.is_package:
        remedy = f"{leave_out(package.name, data[0])}; or {remedy}"
    yield Problem(Reason.TOO_LARGE, package.name, "\n".join(lines), remedy)


def leave_out(name: str, path: str) -> str:
    """Return what to type to leave a file, given by its archive-relative path, out of a package."""
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
