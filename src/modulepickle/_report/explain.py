"""`explain`: what a pickle of an object would carry, why, and what stands in the way.

The pickler is the real one (`failures`), and `inspect` reads what it wrote, so the report shows
what `dumps` does. Here the two are put together.

Outside API: `explain`, `Explanation`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, Final

from modulepickle._base.errors import StaleSourceWarning
from modulepickle._base.loud import sentence
from modulepickle._loader.emit import LIBRARY, Reduced, with_stand_in
from modulepickle._local.distributions import requirement
from modulepickle._local.finder import finder
from modulepickle._local.policy import Policy, origin
from modulepickle._local.settings import notices, settings_file
from modulepickle._pickler.failures import Recorder
from modulepickle._pickler.nodes import Node, is_a
from modulepickle._pickler.stored import DEFAULT, Fetch, Store, StoreWriter, store_writer
from modulepickle._reduce.named import named
from modulepickle._reduce.state import Scope, by_value
from modulepickle._report.advice import effects, warnings_of
from modulepickle._report.archives import members_of
from modulepickle._report.gaps import Imported, imported, is_standard
from modulepickle._report.inspect import inspect
from modulepickle._report.lines import explained
from modulepickle._report.report import Branch, Report
from modulepickle._report.schema import (
    ExplainData,
    Kept,
    LeftOut,
    SnapshotHere,
    SnapshotThere,
    StoreData,
)
from modulepickle._report.told import (
    named_by_value,
    of_the_user,
    problem_data,
    told_by_name,
    told_by_value,
)
from modulepickle._snapshot.archive import Member
from modulepickle._snapshot.left_out import left_out
from modulepickle._snapshot.ref import SnapshotRef
from modulepickle._snapshot.requirements import distributions

__all__ = ["Explanation", "explain"]

LARGEST: Final = 5
"""How many files of a snapshot are listed."""


def explain(
    obj: Any,
    *,
    protocol: int | None = None,
    policy: Policy | None = None,
    store: Store | None = DEFAULT,
) -> Explanation:
    """Return what a pickle of an object would carry, and why.

    The object is pickled as by `dumps`, which calls its `__reduce__` and `__getstate__`. What
    cannot travel is part of the report, and not an error. Nothing is put into a store that has a
    method `fetch`, as those of `modulepickle.stores` have, except by what `wrap` and `preload`
    pickle. This is the schema of `report.data` and `report.to_json()`, with sizes in bytes:

        format      2; a change that breaks readers raises it.
        kind        "explain"
        object      what to call the object. bytes: of the pickle. protocol: 0 to 5.
        snapshots   [{name, digest, archive, where, why, files, bytes, packed_bytes, largest:
                    [{path, bytes}], left_out: [{path, rule}], packages, distributions, not_found,
                    own_distributions, is_included, computed}]: archive is the hash of the archive,
                    its name in the cache folder and in stores; where: "here" (in the pickle), or
                    "store"; why: the chain of references and imports, outermost first; files: how
                    many; packages: the snapshots that it requires; distributions: {module: "name
                    version"}, which the receiver must have; not_found: {module: "path:line"} of
                    imports of what is not here either; own_distributions: ["name version"] of the
                    user's own, whose metadata is in it; is_included: nothing imports it, but the
                    policy names it; computed: ["path:line"] of imports by names that only a run
                    can tell.
        store       null, or {store, bytes, kept: [{key, what, package, bytes}]}: what it keeps for
                    this pickle; what is "archive" or "manifest", which says where archives are.
        policy      {origin, rules: [{field, pattern, matches, hint}]}: where it is from, and how
                    much each pattern matches of this object's.
        by_value    [{kind, name, python, source, names}]: what is pickled as code: "function" or
                    "class"; source: whether its text goes along, so that another Python version
                    can run it; names: of the globals or attributes that go along.
        by_name     [{distribution, names}]: what the receiver must have, for the objects
                    themselves; distribution is "name version", or "" if none is known.
        problems    [{reason, subject, detail, remedy, chain}]: what cannot travel.
        dumps_warns sentences: what `dumps` warns of, or raises with a strict policy.
        warnings    sentences: of all that is worth a look, also what `dumps` warns of.

    Args:
        obj: What you would give to `dumps`.
        protocol: As for `dumps`.
        policy: As for `dumps`.
        store: As for `dumps`.

    Raises:
        PackagingError: If the settings in `pyproject.toml` are wrong.
        TypeError: If `policy` or `store` is of a wrong type.
    """
    file = io.BytesIO()
    kept = store_writer(store)
    recorder = Recorder(file, protocol, policy, None if kept is None else Trial(kept.store))
    stale = _record(recorder, obj)
    given = origin() if policy is None else "policy="
    of_file = [*map(sentence, notices())] if given and given == settings_file() else []
    return Explanation(_Story(recorder, file.getvalue()).data(stale, of_file, given))


def _record(recorder: Recorder, obj: Any) -> list[str]:
    """Pickle an object; return the texts of its stale-source warnings. Others are given as ever."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", StaleSourceWarning)
        recorder.record(obj)
    stale = []
    for each in caught:
        if issubclass(each.category, StaleSourceWarning):
            stale.append(str(each.message))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return stale


class Explanation(Report):
    """What would travel. See `Report`, and `explain` for the schema of `data`."""

    data: ExplainData

    def branches(self) -> Iterator[Branch]:
        """Yield the lines of the outermost level."""
        return explained(self.data)


class _Story:
    """One explanation, made of what a recorder met."""

    def __init__(self, recorder: Recorder, pickled: bytes) -> None:
        self._recorder, self._pickled = recorder, pickled
        self._trial = recorder.store if isinstance(recorder.store, Trial) else None
        self._files: dict[bytes, list[Member]] = {}
        self._imported: dict[bytes, Imported] = {}
        here = finder(recorder.policy)
        for node in recorder.shipped():
            shipped: SnapshotRef = node.obj
            files = self._files[shipped.digest] = [*members_of(shipped.archive)]
            whose = None if shipped.digest in recorder.resent else here
            found = imported(shipped, files, recorder.policy, whose)
            self._imported[shipped.digest] = found
        for node in recorder.shipped():
            self._tell_import(node)

    def data(self, stale: list[str], of_file: list[str], policy_is_from: str) -> ExplainData:
        """Return the data of the report.

        Args:
            stale, of_file: what `dumps` warns of, about edited files and about the settings file.
        """
        recorder = self._recorder
        inside = inspect(self._pickled).data
        problems = [problem_data(each) for each in recorder.problems]
        shipped = sorted(recorder.shipped(), key=lambda node: (len(node.chain()), node.obj.name))
        by_name = [*told_by_name(inside["imports"], {**inside["requires"], **self._of_functions()})]
        by_value = [*named_by_value(inside["by_value"], [*recorder.nodes.values()])]
        snapshots = [*map(self._snapshot, shipped), *self._nested(inside["snapshots"])]
        found = self._imported
        return {
            "format": 2,
            "kind": "explain",
            "object": recorder.root.chain()[0],
            "bytes": len(self._pickled),
            "protocol": recorder.protocol,
            "snapshots": snapshots,
            "store": self._store(),
            "policy": effects(recorder, policy_is_from, snapshots, [*found.values()], by_name),
            "by_value": [told_by_value(each) for each in by_value if each["kind"] != "code"],
            "by_name": by_name,
            "problems": problems,
            "dumps_warns": [*of_file, *(sentence(each) for each in recorder.notices)],
            "warnings": [
                *stale,
                *of_file,
                *warnings_of(recorder, self._files, found, by_name, by_value),
            ],
        }

    def _tell_import(self, node: Node) -> None:
        """Label a package with the place where another package imports it."""
        above = node.above
        if above is None or not is_a(above.obj, SnapshotRef):
            return
        node.labels = ()
        if not is_a(above.obj, Scope):
            place = self._import_of(node.obj.name, above.obj)
            way = f"import at {place}" if place else "import"
            is_named = not place and self._is_named(node.obj.name)
            node.labels = ("`include` of the policy" if is_named else way,)

    def _is_named(self, name: str) -> bool:
        return name in self._recorder.policy.include

    def _is_included(self, node: Node) -> bool:
        """Tell whether a package travels only because the policy names it."""
        above = node.above
        if above is None or not is_a(above.obj, SnapshotRef) or is_a(above.obj, Scope):
            return False
        name: str = node.obj.name
        return self._is_named(name) and not self._import_of(name, above.obj)

    def _import_of(self, name: str, by: SnapshotRef) -> str | None:
        """Return `path:line` of the first import of a package in the files of another one."""
        for found, place in self._imported[by.digest].places.items():
            if f"{found}.".startswith(f"{name}."):
                return place
        return None

    def _of_functions(self) -> dict[str, str]:
        """Return top-level name -> "distribution version", of imports in functions by value."""
        found: dict[str, str] = {}
        for node in self._recorder.nodes.values():
            if not (node.is_by_value and is_a(node.obj, FunctionType)):
                continue
            home = node.obj.__globals__.get("__name__")
            if isinstance(home, str) and not by_value(self._recorder, home):
                continue  # it stands in a module that travels, or is installed
            for name in named(node.obj.__code__).imports:
                top = name.partition(".")[0]
                is_there = is_standard(top) or top == LIBRARY  # whose stand-in travels
                if top and not is_there and not self._travels(name):
                    found.setdefault(*requirement(name))
        # No distribution provides a namespace package as a whole, only its parts.
        wholes = {part.rpartition(".")[0] for part in found}
        wholes |= {part.partition(".")[0] for part in found if "." in part}
        return {name: found[name] for name in found if found[name] or name not in wholes}

    def _travels(self, name: str) -> bool:
        return self._recorder.shipment.package(name) is not None

    def _store(self) -> StoreData | None:
        """Return what the store keeps of this pickle."""
        trial = self._trial
        if trial is None:
            return None
        names = {node.obj.archive_hash: node.obj.name for node in self._recorder.shipped()}
        kept: list[Kept] = [
            {
                "key": key.hex(),
                "what": "archive" if key in names else "manifest",
                "package": names.get(key) or trial.manifests.get(key, ""),
                "bytes": trial.kept[key],
            }
            for key in trial.kept
        ]
        return {"store": repr(trial.store), "bytes": sum(trial.kept.values()), "kept": kept}

    def _snapshot(self, node: Node) -> SnapshotThere:
        shipped: SnapshotRef = node.obj
        files = self._files[shipped.digest]
        largest = sorted(files, key=lambda file: (-file.size, file.path))[:LARGEST]
        requirements = with_stand_in(shipped.requirements).items()
        return {
            "name": shipped.name,
            "digest": shipped.digest.hex(),
            "archive": shipped.archive_hash.hex(),
            "where": "here" if self._trial is None else "store",
            "why": [*node.chain()],
            "files": len(files),
            "bytes": sum(file.size for file in files),
            "packed_bytes": len(shipped.archive),
            "largest": [{"path": file.path, "bytes": file.size} for file in largest],
            "left_out": self._left_out(shipped),
            "own_distributions": of_the_user(files),
            "is_included": self._is_included(node),
            "computed": self._imported[shipped.digest].computed,
            "packages": sorted(
                name for name, need in requirements if isinstance(need, SnapshotRef)
            ),
            "distributions": distributions(requirements),
            "not_found": self._imported[shipped.digest].not_found,
        }

    def _nested(self, snapshots: list[SnapshotHere]) -> Iterator[SnapshotThere]:
        """Yield the snapshots in pickles inside the pickle, which `wrap` makes."""
        told = {node.obj.digest.hex() for node in self._recorder.shipped()}
        kept = {key.hex() for key in (self._trial.kept if self._trial is not None else ())}
        start = self._recorder.root.chain()
        for each in snapshots:
            if each["digest"] not in told and each["archive"] not in kept:
                files = sorted(each["files"], key=lambda file: (-file["bytes"], file["path"]))
                yield {
                    "name": each["name"],
                    "digest": each["digest"],
                    "archive": each["archive"],
                    "where": each["where"],
                    "why": [*start, "a pickle inside it", f"package `{each['name']}`"],
                    "files": len(files),
                    "bytes": each["bytes"],
                    "packed_bytes": each["archive_bytes"],
                    "largest": [{"path": f["path"], "bytes": f["bytes"]} for f in files[:LARGEST]],
                    "left_out": [],
                    "own_distributions": [],
                    "is_included": False,
                    "computed": [],
                    "packages": each["packages"],
                    "distributions": each["distributions"],
                    "not_found": {},
                }

    def _left_out(self, shipped: SnapshotRef) -> list[LeftOut]:
        """Return what is left out; nothing for a package that was itself received."""
        recorder = self._recorder
        if shipped.digest in recorder.resent:
            return []
        package = recorder.shipment.package(shipped.name)
        found = {} if package is None else left_out(package, recorder.policy)
        stem = shipped.name.replace(".", "/")
        return [{"path": f"{stem}/{path}", "rule": found[path]} for path in found]


class Trial(StoreWriter):
    """What a store would keep of one pickle, for `explain`.

    Nothing is put into a store whose `fetch(digest)` can say where it would be.

    Attributes:
        kept: digest -> length in bytes. manifests: digest -> name of the package.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.kept: dict[bytes, int] = {}
        self.manifests: dict[bytes, str] = {}

    def reduce(self, shipped: SnapshotRef) -> Reduced:
        """Return the call that finds a snapshot in the store."""
        reduced = super().reduce(shipped)
        self.manifests[reduced[1][1]["k"]] = shipped.name
        return reduced

    def _put(self, digest: bytes, data: bytes) -> Fetch:
        self.kept[digest] = len(data)
        fetch: Callable[[bytes], Fetch] | None = getattr(self.store, "fetch", None)
        return super()._put(digest, data) if fetch is None else fetch(digest)
