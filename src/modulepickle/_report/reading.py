"""Bytes -> the pickles in them: one after the other, inside each other, signed, cut or damaged.

Outside API: `Stream`, `Reading`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from modulepickle._pickler.signed import LENGTH, MAGIC, STEM, TRAILER
from modulepickle._report.anatomy import Anatomy, Snapshot
from modulepickle._report.budget import Budget
from modulepickle._report.calls import Calls
from modulepickle._report.machine import Machine
from modulepickle._report.opcodes import Malformed
from modulepickle._report.report import amount, count
from modulepickle._report.schema import Signature

__all__ = ["Reading", "Stream"]

NESTED: Final = 3
"""How deep pickles in pickles are read. `wrap` makes one inside another."""

OTHER_FORMATS: Final = {
    b"PK\3\4": "this is a zip file, as torch.save writes: its data.pkl is the pickle",
    b"\x1f\x8b": "this is compressed by gzip: decompress it first",
    b"BZh": "this is compressed by bzip2: decompress it first",
    b"\xfd7zXZ": "this is compressed by xz: decompress it first",
    b"(\xb5/\xfd": "this is compressed by zstd: decompress it first",
    b"x\x9c": "this looks compressed by zlib: decompress it first",
    b"\x93NUMPY": "this is a file of numpy.save",
    b"\x89HDF": "this is an HDF5 file",
    b"PAR1": "this is a Parquet file",
    b"\x7fELF": "this is a program",
}


class Reading(NamedTuple):
    """One pickle of the data.

    Attributes:
        start, end: positions in bytes, of its own data. inside: it is in another one. whole: it
        could be read to its end.
    """

    start: int
    end: int
    inside: bool
    whole: bool
    machine: Machine
    anatomy: Anatomy
    calls: Calls


class Stream:
    """All that was read of some data.

    Attributes:
        size: of the data, in bytes. budget: what is left for the inspection. readings: the pickles.
        snapshots: those of all pickles, by the id of the call that makes each. signature: its state
        and size. problems, warnings: sentences.
    """

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.readings: list[Reading] = []
        self.snapshots: dict[int, Snapshot] = {}
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.budget = Budget(len(data), self.problems)
        self.signature: Signature = {"state": "absent", "bytes": 0}
        self._inside: set[bytes] = set()
        if not data:
            self.problems.append("there are no bytes: an empty file, or nothing was sent")
        machine, end = Machine(), 0
        while end < len(data) and not self._is_signature(data, end):
            if not self.budget.take("pickles"):
                break
            start, end = end, self._read(data, end, machine)
            if end == start:
                break
            machine = machine.next()

    def _is_signature(self, data: bytes, end: int) -> bool:
        """Tell whether what follows the last pickle is a signature, and note its state."""
        if not data.startswith(STEM, end):
            return False
        rest = data[end:]
        length = int.from_bytes(rest[len(MAGIC) : len(MAGIC) + LENGTH], "little")
        whole = len(rest) == TRAILER and rest.startswith(MAGIC) and length == end
        self.signature = {"state": "present" if whole else "damaged", "bytes": len(rest)}
        if not whole:
            self.problems.append(
                f"the signature at byte {end:,} is cut or altered, or does not end the data: "
                "modulepickle.loads(data, key=...) will refuse it"
            )
        return True

    def _read(self, data: bytes, start: int, machine: Machine, depth: int = 0) -> int:
        """Read one pickle, and those inside it; return its end, or its start if it has none."""
        end = start
        try:
            end = machine.run(data, start)
        except Malformed as error:
            if start and not data.startswith(b"\x80", start):
                rest = amount(len(data) - start)
                self.warnings.append(f"{rest} after the end of the pickle are not a pickle")
                return start
            where = "in the pickle inside the pickle, " if depth else ""
            self.problems.append(f"{where}{error}; {_hint(data[start:], error)}")
        anatomy = Anatomy(machine, self.budget)
        self.snapshots.update((id(each.call), each) for each in anatomy.snapshots)
        stop = end if end > start else len(data)
        calls = Calls(machine, anatomy, self.budget)
        self.readings.append(Reading(start, stop, depth > 0, end > start, machine, anatomy, calls))
        for inner, position in anatomy.nested:
            if inner not in self._inside:
                self._inside.add(inner)
                self._read_inner(inner, position, depth)
        return end

    def _read_inner(self, data: bytes, position: int, depth: int) -> None:
        if depth >= NESTED:
            where = f"at byte {position:,}: a pickle inside {count(depth, 'other')}"
            self.warnings.append(f"{where} was not read")
        elif self.budget.take("pickles"):
            self._read(data, 0, Machine(), depth + 1)


def _hint(data: bytes, error: Malformed) -> str:
    """Say what data may be that are not a whole pickle."""
    if data.startswith(b"PK\3\4") and b"data.pkl" not in data:
        return (
            "this is a zip file, and none that holds a package; to list it,"
            " type  python -m zipfile -l FILE"
        )
    for begin, hint in OTHER_FORMATS.items():
        if data.startswith(begin):
            return hint
    if data.startswith(STEM):
        return "this is the signature of a pickle, without the pickle"
    if not data.startswith(b"\x80"):
        return "this is not a pickle, or not its beginning (0x80, since protocol 2)"
    if error.is_cut:
        return "the pickle was cut: send it again"
    return "the pickle is damaged from there on: send it again"
