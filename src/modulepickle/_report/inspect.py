"""`inspect`: what a pickle holds, read without executing any of it.

Nothing is imported, called or unmarshalled because of what a pickle says, and archives are unpacked
in memory, up to a limit. `reading` reads the data, `contents` finds what is in it, and `lines`
formats it.

Outside API: `inspect`, `Inspection`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final, Union

from modulepickle._pickler.stored import pickle_in
from modulepickle._report.contents import Contents
from modulepickle._report.kept import package_in
from modulepickle._report.lines import inspected
from modulepickle._report.reading import Stream
from modulepickle._report.report import Branch, Report
from modulepickle._report.schema import InspectData
from modulepickle._snapshot.archive import Member, unpack

__all__ = ["Inspection", "inspect"]

LIMIT: Final = 512 * 2**20
"""Bytes of one file that `Inspection.read` unpacks at most."""

Data = Union[bytes, bytearray, memoryview, "os.PathLike[str]", IO[bytes]]


def inspect(data: Data, *, buffers: Iterable[Any] = ()) -> Inspection:
    """Return what a pickle holds. Nothing of it is executed or imported.

    It may be a pickle of any protocol and origin, or several one after the other. If it is cut or
    damaged, the report has what could be read, and a problem.

    `report.read(path)` returns one of its files. This is the schema of `report.data` and
    `report.to_json()`, with sizes and positions in bytes:

        format      2; a change that breaks readers raises it.
        kind        "inspect"
        bytes       of the data.
        pickles     [{position, bytes, protocol, opcodes, inside, whole}]; inside: it is in another
                    one; whole: it could be read to its end.
        signature   {state, bytes}: state is "absent", "present" or "damaged". To check it takes the
                    key: `modulepickle.loads(data, key=...)`.
        loaders     [{name, makes, bytes, text_bytes, release}]: release is "this" for the
                    texts of this release, "other" for those of an older one, and "changed"
                    if it is not word for word the text of a release that is known here, or
                    is not started as there.
        snapshots   [{name, digest, archive, where, store, archive_bytes, archive_matches,
                    digest_matches, files: [{path, bytes, packed_bytes}], bytes, packages,
                    distributions}]: archive is the hash of the archive, its name in the cache
                    folder and in stores; where is "here" (in the pickle), "out of band" or "store";
                    store: by what the receiver fetches it then; archive_matches, digest_matches:
                    true, false, or null if it cannot be told; packages: names of the snapshots that
                    it requires; distributions: {module: "name version"}. Of one that a store finds,
                    digest is "", name that of what is taken from it, and archive the store's key.
                    Of the zip of a package there is no more than this: pickles is empty, digest "".
        shipped     names of the things in the snapshots that the pickle asks for.
        by_value    [{kind, name, python, bytes, file, line, source, module, names, imports}]: kind
                    is "function", "class" or "code"; python: the version that the bytecode is for;
                    source: what another version compiles, or null; names: of the globals or
                    attributes that travel with it; imports: the modules that its code imports, and
                    that neither travel nor are of the standard library.
        python      versions that the by-value code without source needs.
        requires    {module: "name version"}: distributions for functions of the script.
        imports     [{name, position}]: globals that it would import, the loader's own aside.
        buffers     how many buffers are out of band.
        sizes       {loaders, archives, code, signature, rest}
        warnings, problems    lists of sentences.

    Args:
        data: The pickle, or what a store has, a manifest or the zip of a package, as bytes; or a
            `pathlib.Path` or a binary file to read it from.
        buffers: What `buffer_callback` was given, if archives travel out of band.

    Raises:
        TypeError: If `data` is nothing of the kind.
        OSError: If the file cannot be read.
    """
    place = ""
    if isinstance(data, os.PathLike):
        place = os.fsdecode(data)
        with open(data, "rb") as file:
            data = file.read()
    elif not isinstance(data, (bytes, bytearray, memoryview)):
        data = _read(data)
    pickled = bytes(data)
    kept = package_in(pickled, place)
    if kept is not None:
        return Inspection(*kept, pickled)
    contents = Contents(Stream(pickle_in(pickled)), [bytes(memoryview(each)) for each in buffers])
    return Inspection(contents.data(), contents.sources, pickled)


def _read(file: Any) -> bytes:
    data = file.read() if hasattr(file, "read") else None
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    kind = type(file).__name__ if data is None else "a file that is open as text"
    hint = "; to see what a pickle would hold, call explain()" if callable(file) else ""
    hint = "; write pathlib.Path(...)" if isinstance(file, str) else hint
    raise TypeError(f"inspect() takes bytes, a pathlib.Path or a binary file, not {kind}{hint}")


class Inspection(Report):
    """What a pickle holds. See `Report`, and `inspect` for the schema of `data`.

    Attributes:
        pickled: what was inspected.
    """

    data: InspectData

    def __init__(
        self, data: InspectData, sources: dict[str, bytes | Member], pickled: bytes
    ) -> None:
        super().__init__(data)
        self._sources = sources
        self.pickled: bytes = pickled

    def read(self, path: str, limit: int = LIMIT) -> bytes:
        """Return one file of the snapshots, or one text of the pickle.

        Args:
            path: archive-relative, `helpers/__init__.py`; if several snapshots have it, with the
                first digits of an archive hash before it: `9f3c/helpers/__init__.py`. Or the name
                of a loader, or the file of code by value: `<train.py 0d07d0e0>`.
            limit: of its size, in bytes.

        Raises:
            KeyError: if there is none, or more than one.
            ValueError: if it is damaged, or larger.
        """
        head, _, rest = path.partition("/")
        found = [key for key in self._sources if path in (key, key.partition("/")[2])]
        if not found and rest:
            keys = (key for key in self._sources if key.startswith(head))
            found = [key for key in keys if key.partition("/")[2] == rest]
        if len(found) != 1:
            several = ", ".join(f"{key.partition('/')[0][:8]}/{path}" for key in found)
            hint = f"is in several snapshots; write {several}" if found else self._meant(path)
            raise KeyError(f"{path} {hint}")
        source = self._sources[found[0]]
        return source if isinstance(source, bytes) else unpack(source, limit)

    def _meant(self, path: str) -> str:
        """Say that there is no such file, and which one may be meant."""
        names = {key.partition("/")[2] or key: None for key in self._sources}
        last = path.rpartition("/")[2].lower()
        close = [name for name in names if last and last in name.lower()][:3]
        return "is not in the pickle" + (f"; did you mean {' or '.join(close)}?" if close else "")

    def source(self, archive: str, path: str) -> bytes | Member | None:
        """Return one file as it is packed; None if it is not here.

        Args:
            archive: the hash of an archive, in hex.
        """
        return self._sources.get(f"{archive}/{path}")

    def branches(self) -> Iterator[Branch]:
        """Yield the lines of the outermost level."""
        return inspected(self.data)
