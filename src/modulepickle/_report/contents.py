"""The pickles of some data -> what is in them, as `inspect` reports it.

Outside API: `Contents`, `LIMIT`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from modulepickle._base.process import DIGEST_SIZE, fold
from modulepickle._loader.emit import STAGE0, TEXTS
from modulepickle._pickler.stored import store_of
from modulepickle._report.anatomy import Code, Definition, Loader, Snapshot
from modulepickle._report.opcodes import Buffer, Call, Global
from modulepickle._report.reading import Reading, Stream
from modulepickle._snapshot.archive import Member, content_hash, members, unpack

__all__ = ["LIMIT", "Contents"]

MAGICS: Final = (
    (3420, "3.9"), (3430, "3.10"), (3450, "3.11"), (3500, "3.12"), (3550, "3.13"), (3600, "3.14"),
    (3650, "3.15"), (3700, ""),
)  # fmt: skip
"""First magic number of each CPython (`pycore_magic_number.h`), which leaves 50 to each."""

RUNS_ANYTHING: Final = frozenset(
    {
        "builtins.eval", "builtins.exec", "builtins.compile", "builtins.open", "os.system",
        "posix.system", "nt.system", "os.popen", "os.remove", "pty.spawn", "runpy.run_path",
        "shutil.rmtree", "subprocess.Popen", "subprocess.run", "subprocess.call",
        "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput",
    }
)  # fmt: skip

LIMIT: Final = 512 * 2**20
"""Bytes of content that are unpacked of one archive to check its digest."""


class Contents:
    """What is in the pickles of some data.

    Attributes:
        sources: what can be read one by one: "digest/path" of a file, name of a loader, file of
        code by value.
    """

    def __init__(self, stream: Stream, buffers: list[bytes]) -> None:
        self._stream, self._buffers = stream, buffers
        self._readings = stream.readings
        self._problems, self._warnings = stream.problems, stream.warnings
        self._contents: dict[int, bytes | None] = {}
        self.sources: dict[str, bytes | Member] = {}

    def data(self) -> dict[str, Any]:
        """Return the data of the report."""
        snapshots = [*self._unique(each.anatomy.snapshots for each in self._readings)]
        loaders = [*self._unique(each.anatomy.loaders for each in self._readings)]
        codes = [code for each in self._readings for code in each.anatomy.codes]
        definitions = [made for each in self._readings for made in each.anatomy.definitions]
        imports = [*self._imports()]
        data: dict[str, Any] = {
            "format": 1,
            "kind": "inspect",
            "bytes": self._stream.size,
            "pickles": [_pickle(each) for each in self._readings],
            "signature": self._stream.signature,
            "loaders": [self._loader(each) for each in loaders],
            "snapshots": [self._snapshot(each) for each in snapshots],
            "shipped": [*dict.fromkeys(n for each in self._readings for n in each.anatomy.shipped)],
            "by_value": [*self._by_value(definitions, codes)],
            "python": sorted({code.python for code in codes if code.python and not code.source}),
            "requires": self._requires(),
            "imports": imports,
            "buffers": sum(each.machine.buffers for each in self._readings[-1:]),
        }
        self._warn_of(loaders, codes, imports)
        data["sizes"] = self._sizes(loaders, snapshots, codes)
        data["warnings"], data["problems"] = self._warnings, self._problems
        return data

    @staticmethod
    def _unique(groups: Iterable[Iterable[Any]]) -> Iterator[Any]:
        """Yield parts of all pickles, those of one name and content once."""
        seen: set[Any] = set()
        for each in (each for group in groups for each in group):
            key = (
                type(each),
                *(getattr(each, n, None) for n in ("name", "text", "digest", "seal")),
            )
            if key not in seen:
                seen.add(key)
                yield each

    def _loader(self, loader: Loader) -> dict[str, Any]:
        ours = TEXTS.get(loader.name)
        if not loader.is_named_by_its_text:
            release = "changed"
        else:
            release = "this" if ours and ours.packed == loader.packed else "other"
        text = (loader.text or "").encode()
        self.sources.setdefault(loader.name, text)
        return {
            "name": loader.name,
            "makes": ours.title if ours else "unknown",
            "bytes": len(loader.packed),
            "text_bytes": len(text),
            "release": release,
        }

    def _archive(self, made: Snapshot) -> tuple[str, bytes | None]:
        """Return where the archive of a snapshot is, and the archive if it is at hand."""
        if type(made.archive) is bytes:
            return "here", made.archive
        if isinstance(made.archive, Buffer):
            index = made.archive.index
            return "out of band", self._buffers[index] if index < len(self._buffers) else None
        return "elsewhere", None

    def _snapshot(self, made: Snapshot) -> dict[str, Any]:
        where, archive = self._archive(made)
        files = [*self._files(made, archive)] if archive is not None else []
        for each in files:
            self.sources[f"{made.digest.hex()}/{each.path}"] = each
        archive_hash = None if archive is None else hashlib.sha256(archive).digest()[:DIGEST_SIZE]
        packages = [n for n, need in made.requirements.items() if isinstance(need, Call)]
        others = {n: need for n, need in made.requirements.items() if type(need) is str}
        sealed = None if archive_hash is None else archive_hash == made.archive_hash
        if sealed is False:
            self._problems.append(
                f"{made.name}: the archive is damaged or was changed, the receiver will refuse it; "
                "pickle it again"
            )
        return {
            "name": made.name or self._asked_of(made),
            "digest": made.digest.hex(),
            "seal": made.archive_hash.hex(),
            "archive": where,
            "store": _place(made.fetch) if where == "elsewhere" else "",
            "archive_bytes": None if archive is None else len(archive),
            "sealed": sealed,
            "digest_matches": self._matches(made),
            "files": [
                {"path": each.path, "bytes": each.size, "packed_bytes": len(each.packed)}
                for each in files
            ],
            "bytes": sum(each.size for each in files),
            "packages": sorted(packages),
            "distributions": others,
        }

    def _asked_of(self, made: Snapshot) -> str:
        """Return the top-level name of what a pickle takes from a snapshot without a name."""
        shipped = [each for reading in self._readings for each in reading.anatomy.shipped.items()]
        names = (name.partition(".")[0] for name, call in shipped if call is made.call)
        return next(names, "")

    def _files(self, made: Snapshot, archive: bytes) -> Iterator[Member]:
        try:
            yield from members(archive)
        except ValueError as error:
            self._problems.append(f"{made.name}: {error}; pickle it again")

    def _matches(self, made: Snapshot) -> bool | None:
        """Tell whether a digest is that of the contents; None if not all of them are here."""
        reach: dict[str, Snapshot | None] = {made.name: made}
        todo: list[Snapshot] = [made]
        for each in todo:  # grows as it is read
            for name, need in each.requirements.items():
                if name not in reach and isinstance(need, Call):
                    found = reach[name] = self._made_by(need)
                    todo += [] if found is None else [found]
        contents = [self._content(reach.pop(made.name))]
        contents += [self._content(reach[name]) for name in sorted(reach)]
        known = [each for each in contents if each is not None]
        if len(known) < len(contents):
            return None
        same = fold(*known)[:DIGEST_SIZE] == made.digest
        if not same:
            self._warnings.append(f"{made.name}: the digest is not that of its files")
        return same

    def _made_by(self, call: Call) -> Snapshot | None:
        found = (each.anatomy.snapshot_of(call) for each in self._readings)
        return next((each for each in found if each is not None), None)

    def _content(self, made: Snapshot | None) -> bytes | None:
        """Return what `Snapshot.content` is for the files of a snapshot in the pickle."""
        archive = None if made is None else self._archive(made)[1]
        if made is None or archive is None:
            return None
        if id(made) not in self._contents:
            self._contents[id(made)] = self._hashed(made.name, archive)
        return self._contents[id(made)]

    def _hashed(self, name: str, archive: bytes) -> bytes | None:
        parts: list[tuple[str, bytes, bool]] = []
        left = LIMIT
        try:
            for each in members(archive):
                content = unpack(each, left)
                left -= len(content)
                parts.append((each.path, hashlib.sha256(content).digest(), each.is_executable))
        except ValueError as error:
            self._warnings.append(f"{name}: {error}; so its digest was not checked")
            return None
        return content_hash(name, parts)

    def _by_value(
        self, definitions: list[Definition], codes: list[Code]
    ) -> Iterator[dict[str, Any]]:
        used = {id(made.code.call) for made in definitions if made.code is not None}
        rest = [Definition("code", "", code, (), code.call.position) for code in codes]
        for made in [*definitions, *rest]:
            code = made.code
            if made.kind == "code" and code is not None and id(code.call) in used:
                continue
            if code is not None and code.source:
                self.sources.setdefault(code.file, code.source.encode())
            yield {
                "kind": made.kind,
                "name": made.name,
                "python": code.python if code else "",
                "bytes": code.size if code else 0,
                "file": code.file if code else "",
                "line": code.line if code else None,
                "source": code.source if code else None,
                "module": code.module if code else None,
                "names": [*made.names],
            }

    def _requires(self) -> dict[str, str]:
        scopes = (scope for each in self._readings for scope in each.anatomy.scopes)
        requirements = (
            (name, need) for scope in scopes for name, need in scope.requirements.items()
        )
        return {name: need for name, need in requirements if type(need) is str}

    def _imports(self) -> Iterator[dict[str, Any]]:
        seen = set()
        for reading in self._readings:
            for each in reading.anatomy.foreign():
                if repr(each) not in seen:
                    seen.add(repr(each))
                    yield {"name": repr(each), "position": each.position}

    def _sizes(
        self, loaders: list[Loader], snapshots: list[Snapshot], codes: list[Code]
    ) -> dict[str, int]:
        here = (made.archive for made in snapshots if type(made.archive) is bytes)
        sizes = {
            "loaders": sum(len(each.packed) for each in loaders),
            "archives": sum(map(len, here)),
            "code": sum(code.size + len((code.source or "").encode()) for code in codes),
            "signature": int(self._stream.signature["bytes"]),
        }
        return {**sizes, "rest": max(0, self._stream.size - sum(sizes.values()))}

    def _warn_of(
        self, loaders: list[Loader], codes: list[Code], imports: list[dict[str, Any]]
    ) -> None:
        names = [each["name"] for each in imports]
        for name in names:
            if name in RUNS_ANYTHING:
                self._warnings.append(f"it uses {name}, and not for the loader")
        for text in (text for reading in self._readings for text in reading.anatomy.evaluated):
            self._warnings.append(f"it evaluates the text {text[:200]!r}")
        for each in loaders:
            if not each.is_named_by_its_text:
                self._warnings.append(f"{each.name} is not named by its text: somebody changed it")
            elif each.starter != STAGE0:
                self._warnings.append(f"{each.name} is not started as by this release")
        for code in codes:
            made_for = _python_of(code.magic)
            if made_for and code.python and made_for != code.python:
                self._warnings.append(
                    f"{code.file} says Python {code.python}, but has the bytecode of {made_for}"
                )
        missing = {each.what for reading in self._readings for each in reading.machine.missing}
        if "persistent id" in missing:
            self._warnings.append("it has persistent ids: its reader must be that of its writer")


def _place(fetch: Any) -> str:
    """Return what gets an archive: a store of ours, the text, or the name of a callable."""
    if type(fetch) is str:
        return store_of(fetch) or fetch[:200]
    if isinstance(fetch, Call):
        return f"{fetch.function!r}(...)" if isinstance(fetch.function, Global) else "a callable"
    return repr(fetch) if isinstance(fetch, Global) else ""


def _pickle(reading: Reading) -> dict[str, Any]:
    return {
        "position": reading.start,
        "bytes": reading.end - reading.start,
        "protocol": reading.machine.protocol,
        "opcodes": reading.machine.opcodes,
        "inside": reading.inside,
        "whole": reading.whole,
    }


def _python_of(magic: bytes) -> str:
    """Return the version of CPython that has a magic number; "" if it is of none of those known."""
    number = int.from_bytes(magic[:2], "little")
    found = ""
    for first, version in MAGICS:
        if number >= first:
            found = version
    return found
