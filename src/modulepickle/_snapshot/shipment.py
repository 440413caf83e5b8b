"""Shipments: what one `dumps` sends of the working tree, each package with its requirements.

The digest of a package is taken over its own content and that of every local package that it can
reach by imports: one digest means one behaviour, and cycles between packages need no special case.

Outside API: `Shipment`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._base.held import held
from modulepickle._base.process import DIGEST_SIZE, fold
from modulepickle._local.doubts import by_name, without_effect
from modulepickle._local.finder import Finder, LocalPackage, finder
from modulepickle._local.patterns import prefixes
from modulepickle._local.policy import Policy
from modulepickle._snapshot.faults import (
    left_out_problem,
    raise_if_missing,
)
from modulepickle._snapshot.ref import OWN, OWN_KEPT, SnapshotRef
from modulepickle._snapshot.requirements import (
    LEFT_OUT,
    Requirements,
    included,
    mentioned,
    requirements_of,
)
from modulepickle._snapshot.snapshot import LARGE, Incomplete, Snapshot, snapshot
from modulepickle._snapshot.texts import NamedPackage, named_in

__all__ = ["Shipment"]


class _Parts:
    """What is known of the packages at one moment, by name; shared by all dumps of a `hold()`.

    Attributes:
        snapshots, requirements: of each that was looked at. shipped: those that are complete.
        notices: the warnings about a package and all that it reaches.
        loaded: the submodules that are imported here, of each that is complete.
    """

    __slots__ = ("loaded", "notices", "requirements", "shipped", "snapshots")

    def __init__(self) -> None:
        self.snapshots: dict[str, Snapshot] = {}
        self.requirements: dict[str, Requirements] = {}
        self.shipped: dict[str, SnapshotRef] = {}
        self.notices: dict[str, tuple[Problem, ...]] = {}
        self.loaded: dict[str, tuple[str, ...]] = {}


class Shipment:
    """What one `dumps` ships: every local package at one moment.

    Attributes:
        notices: the warnings about what was shipped so far.
    """

    def __init__(self, policy: Policy) -> None:
        still = held()
        self._policy = policy
        self._finder = finder(policy)
        self._lock = None if still is None else still.lock
        parts: _Parts = (
            _Parts()
            if still is None
            else still.parts.get(policy) or still.parts.setdefault(policy, _Parts())
        )
        self._parts = parts
        self._snapshots, self._requirements = parts.snapshots, parts.requirements
        self._shipped = parts.shipped
        self._noted: set[str] = set()
        self._ways: dict[str, list[str]] = {}
        self._tried: dict[str, str | None] = {}
        if self._finder.notices is None:
            self._finder.notices = tuple(without_effect(self._finder))
        self.notices: dict[Problem, None] = dict.fromkeys(self._finder.notices)

    @property
    def finder(self) -> Finder:
        """What finds the packages; the same as long as nothing moves."""
        return self._finder

    def package(self, module: str) -> LocalPackage | None:
        """Return the local package that a dotted module name belongs to, or None."""
        return self._finder.package(module)

    def holds(self, module: str, file: str) -> bool:
        """Tell whether the file of a module is in the working tree, or the policy includes it."""
        return self._policy.verdict(module, file, self._finder.tree)

    def named(self, text: str) -> Iterator[LocalPackage]:
        """Yield the local packages of modules that a string names."""
        return named_in(text, self._finder)

    def ship(self, package: LocalPackage) -> SnapshotRef:
        """Return the snapshot of a package with its requirements; the same object each time.

        Raises:
            PackagingError: with all that cannot travel, in the package and all that it reaches.
        """
        name = package.name
        if name not in self._shipped:
            if self._lock is None:
                self._build(package)
            else:
                with self._lock:
                    self._build(package)
        if name not in self._noted:
            self._noted.add(name)
            self.notices.update(dict.fromkeys(self._notices_of(name)))
        return self._shipped[name]

    def _build(self, package: LocalPackage) -> None:
        """Make the snapshots of a package, and of all that it reaches."""
        reach = self._ways[package.name] = [*self._reach(package)]
        first = self._snapshots[package.name]
        key = [self._snapshots[name] for name in reach], [self._requirements[n] for n in reach]
        refs = first.refs_of(self._policy, key)
        # A pickle has each snapshot once if it is one object, however it is reached (R2).
        if refs is None or any(
            self._shipped.get(name, refs[name]) is not refs[name] for name in reach
        ):
            refs = self._refs(reach)
            first.refs = self._policy, key, refs
        for name in reach:
            if name not in self._shipped:
                self._note_own(name, refs[name].digest)
        self._shipped.update(refs)  # last: another thread takes what it finds here

    def _refs(self, reach: list[str]) -> dict[str, SnapshotRef]:
        """Return the snapshot of each package, with its requirements."""
        new = [name for name in reach if name not in self._shipped]
        made = {name: self._sealed(name) for name in new}
        known = {**self._shipped, **made}
        for name in new:
            found, others = self._requirements[name], self._requirements[name].others
            requirements = {sys.intern(need.name): known[need.name] for need in found.packages}
            texts = {sys.intern(top): sys.intern(others[top]) for top in others}
            left = self._snapshots[name].left_out(self._policy)
            why = {sys.intern(each): sys.intern(LEFT_OUT + left[each]) for each in sorted(left)}
            made[name].requirements = {**requirements, **texts, **why}
        return {name: known[name] for name in reach}

    def included(self) -> Iterator[SnapshotRef]:
        """Yield the snapshots of the packages that the policy names."""
        for package in included(self._finder):
            yield self.ship(package)

    def accidents(self, name: str) -> dict[str, SnapshotRef]:
        """Return the modules that a package uses without importing them, and their snapshots."""
        loaded = self._parts.loaded
        if not any(loaded.values()):
            return {}
        names = self._ways.get(name) or [name, *sorted(self._reached(name) - {name})]
        homes = {each: home for home in names for each in loaded[home]}
        made = [self._snapshots[each] for each in names]
        found = made[0].accidents(made, tuple(homes))
        return {each: self._shipped[homes[each]] for each in found}

    def check(self, module: str, package: LocalPackage) -> None:
        """Raise if a receiver could not import a module of a package that was shipped.

        Args:
            module: dotted name, imported here.

        Raises:
            PackagingError: if its file stays at home, is gone, or does not compile.
        """
        made = self._snapshots[package.name]
        broken = made.broken(self._policy)
        if broken or module not in made.names:
            raise_if_missing(module, made.names, broken, package, self._policy)

    def note_import(self, module: str, package: LocalPackage, who: str) -> None:
        """Note that code by value imports a module of a package that was shipped."""
        left = self._snapshots[package.name].left_out(self._policy)
        for name in prefixes(module, ".") if left else ():
            if name in left:
                self.notices[left_out_problem(name, left[name], (who,))] = None

    def note_by_name(self, module: str, who: str) -> None:
        """Note that something of a module that is not local goes by name.

        Raises:
            PackagingError: if its file is gone.
        """
        found = by_name(module, self._finder)
        if found is not None:
            if found.reason is Reason.GONE:  # the chain of an error has packages only
                raise PackagingError([found])
            self.notices[found._replace(chain=(who,) if who else ())] = None

    def _notices_of(self, name: str) -> tuple[Problem, ...]:
        """Return what will not work on the receiver, in a package and in all that it reaches."""
        known = self._parts.notices.get(name)
        if known is None:
            names = self._ways.get(name) or [name, *sorted(self._reached(name) - {name})]
            made = [self._snapshots[each] for each in names]
            key = self._policy, made, [self._requirements[each] for each in names]
            known = made[0].looked_at(key, self._look)
            self._parts.notices[name] = known
        return known

    def _look(self, made: list[Snapshot]) -> Iterator[Problem]:
        left: dict[str, str] = {}
        lost: dict[str, Problem] = {}
        for each in made:
            left.update(each.left_out(self._policy))
            lost.update(each.lost(self._policy))
            yield from self._requirements[each.name].notices
            yield from each.broken(self._policy).values()
            yield from each.doubts(self._policy)
        for each in made if left else ():
            yield from each.imports_of(left)
        for each in made if lost else ():
            yield from each.imports_of_lost(lost)
        if self._policy.ignore:
            from modulepickle._snapshot.misspelt import ignores_nothing  # few policies need it

            paths = [(each.package, each.files) for each in made]
            yield from ignores_nothing(paths, self._policy)

    def shipped(self) -> list[SnapshotRef]:
        """Return what was shipped so far, by name."""
        return [self._shipped[name] for name in sorted(self._shipped)]

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return the snapshots that were shipped so far, by name."""
        return tuple(self._snapshots[name] for name in sorted(self._shipped))

    def _sealed(self, name: str) -> SnapshotRef:
        made = self._snapshots[name]
        others = sorted(self._reached(name) - {name})
        contents = (self._snapshots[other].content for other in others)
        digest = fold(made.content, *contents)[:DIGEST_SIZE]
        return SnapshotRef(name, digest, made.archive_hash, made.archive)

    def _note_own(self, name: str, digest: bytes) -> None:
        """Note which modules this process has of a package that it pickles (R10)."""
        OWN.pop(digest, None)  # the latest stands last
        specs = self._snapshots[name].specs()
        OWN[digest] = name, specs
        self._snapshots[name].note(specs)
        self._parts.loaded[name] = tuple(each for each in specs if each != name)
        if len(OWN) > OWN_KEPT:
            OWN.pop(next(iter(OWN)), None)

    def _reach(self, package: LocalPackage) -> dict[str, tuple[str, ...]]:
        """Return each local package that one reaches by imports, itself first -> the way there."""
        reach: dict[str, tuple[str, ...]] = {package.name: ()}
        problems: list[Problem] = []
        todo = [package]
        for package in todo:  # grows as it is read
            way = (*reach[package.name], package.name)
            try:
                found = self._snapshot(package).requirements(self._finder)
                found = self._that_travel(found, way) if found.named else found
                self._requirements[package.name] = found
                requirements = found.packages
            except PackagingError as error:
                problems += (problem._replace(chain=way[:-1]) for problem in error.problems)
                files = error.files if isinstance(error, Incomplete) else ()
                mentions = mentioned(package.name, files)
                requirements = requirements_of(package.name, mentions, self._finder).packages
            for need in requirements:
                if need.name not in reach:
                    reach[need.name] = way
                    todo.append(need)
        if problems:
            raise PackagingError(problems)
        return reach

    def _that_travel(self, found: Requirements, way: tuple[str, ...]) -> Requirements:
        """Return requirements without the packages that strings name and that cannot travel."""
        lost = {}
        for each in found.named:
            problem = self._named(each)
            if problem is not None:
                detail = f"{each.place} names it in a text, and it stays at home: {problem}"
                remedy = f'mend that; or exclude = ["{each.package.name}"], if receivers need none'
                told = Problem(Reason.LEFT_OUT, f"`{each.package.name}`", detail, remedy, way)
                lost[each.package] = told if each.is_sure else None
        return found.without(lost) if lost else found

    def _named(self, named: NamedPackage) -> str | None:
        """Return why a package that a string names does not travel; None if it does."""
        name = named.package.name
        if name not in self._tried:
            self._tried[name] = None  # a circle comes back to it
            try:
                self._reach(named.package)
                size = self._snapshots[name].size
                if size > LARGE and not named.is_sure:
                    self._tried[name] = f"it has {size:,} bytes"
            except PackagingError as error:
                first = error.problems[0]
                self._tried[name] = f"{first.reason.value} ({first.subject})"
        return self._tried[name]

    def _reached(self, name: str) -> set[str]:
        """Return the names of the local packages that one reaches, which `_reach` has read."""
        names = [name]
        reached = {name}
        for each in names:  # grows as it is read
            new = {need.name for need in self._requirements[each].packages} - reached
            reached |= new
            names += new
        return reached

    def _snapshot(self, package: LocalPackage) -> Snapshot:
        if package.name not in self._snapshots:
            self._snapshots[package.name] = snapshot(package, self._policy)
        return self._snapshots[package.name]
