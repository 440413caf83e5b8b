"""The pickles of some data -> what is in them, as `inspect` reports it.

Outside API: `Contents`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from modulepickle._base.process import DIGEST_SIZE, fold
from modulepickle._loader.emit import LIBRARY, stand_in_digest
from modulepickle._local.finder import STANDARD_NAMES
from modulepickle._local.patterns import prefixes
from modulepickle._pickler.stored import store_of
from modulepickle._report.anatomy import Code, Definition, Loader, Snapshot
from modulepickle._report.archives import Archive, Archives
from modulepickle._report.calls import warnings_of
from modulepickle._report.nodes import LONG, Buffer, Call, Global, called_name
from modulepickle._report.reading import Reading, Stream
from modulepickle._report.releases import makes
from modulepickle._report.schema import (
    CodeByValue,
    Import,
    InspectData,
    LoaderData,
    PickleData,
    SnapshotHere,
)
from modulepickle._snapshot.archive import Member
from modulepickle._snapshot.requirements import distributions

__all__ = ["Contents"]

MAGICS: Final = (
    (3420, "3.9"), (3430, "3.10"), (3450, "3.11"), (3500, "3.12"), (3550, "3.13"), (3600, "3.14"),
    (3650, "3.15"), (3700, ""),
)  # fmt: skip
"""First magic number of each CPython (`pycore_magic_number.h`), which reserves 50 for each."""

SHOWN: Final = 200
"""Characters of a text that are shown in a warning."""


class Contents:
    """What is in the pickles of some data.

    Attributes:
        sources: what can be read one by one: "digest/path" of a file, name of a loader, file of
        code by value.
    """

    def __init__(self, stream: Stream, buffers: list[bytes]) -> None:
        self._stream, self._buffers, self._budget = stream, buffers, stream.budget
        self._readings = stream.readings
        self._problems, self._warnings = stream.problems, stream.warnings
        self._archives = Archives(stream.budget)
        self.sources: dict[str, bytes | Member] = {}
        self._texts: dict[bytes, bytes] = {}  # of loaders: packed -> unpacked
        self._imports_inside: dict[tuple[bytes, str | None], list[str]] = {}
        self._names: set[str] | None = None
        self._above: set[str] = set()

    def data(self) -> InspectData:
        """Return the data of the report."""
        snapshots = [*self._unique(each.anatomy.snapshots for each in self._readings)]
        loaders = [*self._unique(each.anatomy.loaders for each in self._readings)]
        codes = [code for each in self._readings for code in each.anatomy.codes]
        definitions = [made for each in self._readings for made in each.anatomy.definitions]
        self._warn_of(loaders, codes)
        data: InspectData = {
            "format": 2,
            "kind": "inspect",
            "bytes": self._stream.size,
            "pickles": [_pickle(each) for each in self._readings],
            "signature": self._stream.signature,
            "loaders": [self._loader(each) for each in loaders],
            "snapshots": [self._snapshot(each) for each in snapshots],
            "shipped": [*self._shipped()],
            "by_value": [*self._by_value(definitions, codes)],
            "python": sorted({code.python for code in codes if code.python and not code.source}),
            "requires": self._requires(),
            "imports": [*self._imports()],
            "buffers": sum(each.machine.buffers for each in self._readings[-1:]),
            "sizes": self._sizes(loaders, snapshots, codes),
            "warnings": self._warnings,
            "problems": self._problems,
        }
        return data

    def _unique(self, groups: Iterable[Iterable[Any]]) -> Iterator[Any]:
        """Yield parts of all pickles; those of equal name and content once."""
        seen: set[Any] = set()
        names = "name", "text", "release", "digest", "archive_hash"
        for each in (each for group in groups for each in group):
            archive = getattr(each, "archive", None)
            key = (
                *(getattr(each, n, None) for n in names),
                archive if type(archive) is bytes else id(archive),
            )
            if key not in seen and self._budget.take("entries"):
                seen.add(key)
                yield each

    def _loader(self, loader: Loader) -> LoaderData:
        if loader.packed not in self._texts:
            self._texts[loader.packed] = (loader.text or "").encode()
        text = self._texts[loader.packed]
        self.sources.setdefault(loader.name, text)
        return {
            "name": loader.name,
            "makes": makes(loader.name),
            "bytes": len(loader.packed),
            "text_bytes": len(text),
            "release": loader.release,
        }

    # --- snapshots

    def _archive(self, made: Snapshot) -> tuple[str, Archive | None]:
        """Return where the archive of a snapshot is, and what is in it if it is at hand."""
        if type(made.archive) is bytes:
            return "here", self._archives.read(made.archive)
        if isinstance(made.archive, Buffer):
            index = made.archive.index
            at_hand = index < len(self._buffers)
            return "out of band", self._archives.read(self._buffers[index]) if at_hand else None
        return "store", None

    def _snapshot(self, made: Snapshot) -> SnapshotHere:
        where, archive = self._archive(made)
        files = self._files(made, archive) if archive is not None else []
        if archive is not None:
            home = archive.archive_hash.hex()  # and not what the pickle claims
            self.sources.update({f"{home}/{each.path}": each for each in files})
        packages = [n for n, need in made.requirements.items() if isinstance(need, Call)]
        others = distributions(made.requirements.items())
        matches = None if archive is None else archive.archive_hash == made.archive_hash
        if matches is False:
            self._problems.append(
                f"{made.name}: the archive is damaged or was changed, the receiver will refuse it; "
                "pickle it again"
            )
        return {
            "name": made.name or self._asked_of(made),
            "digest": made.digest.hex()[:SHOWN],
            "archive": made.archive_hash.hex()[:SHOWN],
            "where": where,
            "store": _place(made.fetch) if where == "store" else "",
            "archive_bytes": None if archive is None else len(archive.data),
            "archive_matches": matches,
            "digest_matches": self._matches(made),
            "files": [
                {"path": each.path, "bytes": each.size, "packed_bytes": len(each.packed)}
                for each in files
            ],
            "bytes": sum(each.size for each in files),
            "packages": sorted(packages),
            "distributions": others,
        }

    def _files(self, made: Snapshot, archive: Archive) -> list[Member]:
        if archive.problem:
            self._problems.append(f"{made.name}: {archive.problem}; pickle it again")
        # A file that many snapshots share is listed for each, so it is counted for each.
        length = sum(len(each.path) for each in archive.members)
        size = len(archive.members)
        fits = self._budget.take("entries", size) and self._budget.take("text", length)
        return archive.members if fits else []

    def _asked_of(self, made: Snapshot) -> str:
        """Return the top-level name of what a pickle takes from a snapshot without a name."""
        if self._budget.take("links", sum(len(each.anatomy.shipped) for each in self._readings)):
            for reading in self._readings:
                for name, call in reading.anatomy.shipped.items():
                    if call is made.call:
                        return name.partition(".")[0]
        return ""

    def _matches(self, made: Snapshot) -> bool | None:
        """Tell whether a digest is that of the contents; None if not all of them are here."""
        if self._is_stand_in(made):
            return True
        reach = self._reach(made)
        if reach is None:
            return None
        first = reach.pop(made.name)
        found = [first, *(reach[name] for name in sorted(reach))]
        known: list[bytes] = []
        for each in found:
            content = None if each is None else self._content(each)
            if content is None:
                return None
            known.append(content)
        same = fold(*known)[:DIGEST_SIZE] == made.digest
        if not same:
            self._warnings.append(f"{made.name}: the digest is not that of its files")
        return same

    def _reach(self, made: Snapshot) -> dict[str, Snapshot | None] | None:
        """Return all that a snapshot requires, by name; None if it is too much."""
        reach: dict[str, Snapshot | None] = {made.name: made}
        todo: list[Snapshot] = [made]
        for each in todo:  # grows as it is read
            if not self._budget.take("links", 1 + len(each.requirements)):
                return None
            for name, need in each.requirements.items():
                if name not in reach and isinstance(need, Call):
                    found = self._made_by(need)
                    if found is not None and self._is_stand_in(found):
                        continue
                    reach[name] = found
                    todo += [] if found is None else [found]
        return reach

    def _is_stand_in(self, made: Snapshot) -> bool:
        """Tell whether it is the stand-in for this library, which no other digest covers."""
        if made.name != LIBRARY:
            return False
        archive = self._archive(made)[1]
        try:
            hashes = None if archive is None else archive.hashes()
        except ValueError:  # `_content` says so
            return False
        if hashes is None or [each[0] for each in hashes] != [f"{LIBRARY}.py"]:
            return False
        return stand_in_digest(hashes[0][1]) == made.digest

    def _made_by(self, call: Call) -> Snapshot | None:
        return self._stream.snapshots.get(id(call))

    def _content(self, made: Snapshot) -> bytes | None:
        """Return what `Snapshot.content` is for the files of a snapshot in the pickle."""
        archive = self._archive(made)[1]
        try:
            return None if archive is None else archive.content(made.name)
        except ValueError as error:
            warning = f"{made.name}: {error}; so its digest was not checked"
            if warning not in self._warnings[-1:]:
                self._warnings.append(warning)
        return None

    # --- the rest

    def _shipped(self) -> Iterator[str]:
        names = dict.fromkeys(n for each in self._readings for n in each.anatomy.shipped)
        for name in names:
            if self._budget.take("entries") and self._budget.take("text", len(name)):
                yield name

    def _by_value(self, definitions: list[Definition], codes: list[Code]) -> Iterator[CodeByValue]:
        used = {id(made.code.call) for made in definitions if made.code is not None}
        rest = [Definition("code", "", code, (), code.call.position) for code in codes]
        for made in [*definitions, *rest]:
            code = made.code
            if made.kind == "code" and code is not None and id(code.call) in used:
                continue
            source = code.source if code else None
            size = len(source or "") + sum(map(len, made.names)) + len(made.name)
            if not (self._budget.take("entries") and self._budget.take("text", size)):
                return
            if code is not None and source:
                self.sources.setdefault(code.file, source.encode("utf-8", "surrogatepass"))
            yield {
                "kind": made.kind,
                "name": made.name,
                "python": code.python if code else "",
                "bytes": len(code.data) if code else 0,
                "file": code.file if code else "",
                "line": code.line if code else None,
                "source": source,
                "module": code.module if code else None,
                "names": [*made.names],
                "imports": [*self._imported_by(made)],
            }

    def _imported_by(self, made: Definition) -> Iterator[str]:
        """Yield what the receiver must have for the imports in code by value."""
        code = made.code
        if code is None or code.module or made.is_of_module:  # of a package: it is known there
            return
        from modulepickle._report.imported_inside import imported_by  # it imports a lot

        key = code.data, code.source
        if key not in self._imports_inside:
            self._imports_inside[key] = imported_by(code, self._budget)
        for name in (each[:LONG] for each in self._imports_inside[key]):
            top = name.partition(".")[0]
            if top in STANDARD_NAMES or top == "__main__" or self._travels(name):
                continue
            if not self._budget.take("entries"):
                return
            yield name

    def _travels(self, name: str) -> bool:
        """Tell whether a module travels, or is above one that does."""
        if self._names is None:
            groups = (each.anatomy for each in self._readings)
            made = [one for each in groups for one in (*each.snapshots, *each.scopes)]
            needs = (need for one in made for need in one.requirements.items())
            found = {name for name, need in needs if type(need) is Call}
            self._names = {*(one.name or self._asked_of(one) for one in made), *found} - {""}
            self._above = {each for one in self._names for each in prefixes(one, ".")}
        return name in self._above or not self._names.isdisjoint(prefixes(name, "."))

    def _requires(self) -> dict[str, str]:
        scopes = (scope for each in self._readings for scope in each.anatomy.scopes)
        requirements = (
            (name, need) for scope in scopes for name, need in scope.requirements.items()
        )
        return distributions(requirements)

    def _imports(self) -> Iterator[Import]:
        seen = set()
        for reading in self._readings:
            for each in reading.calls.names:
                if repr(each) not in seen:
                    seen.add(repr(each))
                    yield {"name": repr(each), "position": each.position}
            for name, position in reading.calls.modules:
                if name not in seen:
                    seen.add(name)
                    yield {"name": name, "position": position}

    def _sizes(
        self, loaders: list[Loader], snapshots: list[Snapshot], codes: list[Code]
    ) -> dict[str, int]:
        here = {id(made.archive): made.archive for made in snapshots if type(made.archive) is bytes}
        sizes = {
            "loaders": sum(len(each.packed) for each in loaders),
            "archives": sum(map(len, here.values())),
            "code": sum(len(code.data) + len(code.source or "") for code in codes),
            "signature": self._stream.signature["bytes"],
        }
        return {**sizes, "rest": max(0, self._stream.size - sum(sizes.values()))}

    def _warn_of(self, loaders: list[Loader], codes: list[Code]) -> None:
        for each in loaders:
            if each.release == "changed":
                self._warnings.insert(
                    0,
                    f"{each.name} is not the text of a release that is known here, or is not "
                    f"started as there: read it with --show {each.name}, or do not load this",
                )
        self._warnings += warnings_of([each.calls for each in self._readings])
        for text in self._evaluated():
            self._warnings.append(f"it evaluates the text {text[:SHOWN]!r}")
        if codes:
            from modulepickle._report.bytecode import mismatches  # it imports a lot

            self._warnings += mismatches(codes, self._budget)
        for code in codes:
            made_for = _python_of(code.magic)
            if made_for and code.python and made_for != code.python:
                self._warnings.append(
                    f"{code.file} says Python {code.python}, but has the bytecode of {made_for}"
                )
        missing = {each.what for reading in self._readings for each in reading.machine.missing}
        if "persistent id" in missing:
            self._warnings.append("it has persistent ids: its reader must be that of its writer")

    def _evaluated(self) -> Iterator[str]:
        texts = (text for reading in self._readings for text in reading.anatomy.evaluated)
        for text in dict.fromkeys(texts):
            if not self._budget.take("entries") or not self._budget.take("text", SHOWN):
                return
            yield text


def _place(fetch: Any) -> str:
    """Return what fetches an archive: a store of ours, the text, or the name of a callable."""
    if type(fetch) is str:
        return store_of(fetch[:LONG]) or fetch[:SHOWN]
    if isinstance(fetch, Call):
        return (
            f"{called_name(fetch.function)}(...)" if called_name(fetch.function) else "a callable"
        )
    return repr(fetch) if isinstance(fetch, Global) else ""


def _pickle(reading: Reading) -> PickleData:
    return {
        "position": reading.start,
        "bytes": reading.end - reading.start,
        "protocol": reading.machine.protocol,
        "opcodes": reading.machine.opcodes,
        "inside": reading.inside,
        "whole": reading.whole,
    }


def _python_of(magic: bytes) -> str:
    """Return the version of CPython that has a magic number; "" if it is unknown."""
    number = int.from_bytes(magic[:2], "little")
    found = ""
    for first, version in MAGICS:
        if number >= first:
            found = version
    return found
