"""Small pickles that stand for a lot of work: what `inspect` must get done with.

Each is written by hand, opcode by opcode, since no pickler would.
"""

from __future__ import annotations

import functools
import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Final

PROTO: Final = b"\x80\x04"


def text(value: str) -> bytes:
    """SHORT_BINUNICODE or BINUNICODE."""
    data = value.encode("utf-8", "surrogatepass")
    if len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def data_of(value: bytes) -> bytes:
    """BINBYTES."""
    return b"B" + struct.pack("<I", len(value)) + value


def put(index: int) -> bytes:
    """LONG_BINPUT, and POP."""
    return b"r" + struct.pack("<I", index) + b"0"


def get(index: int) -> bytes:
    """LONG_BINGET."""
    return b"j" + struct.pack("<I", index)


def loader(packed: bytes, name: str = "_modulepickle_12345678") -> bytes:
    """What looks like a loader; `packed`: opcodes that push its text."""
    names = b"}(" + text("__name__") + text(name) + text("packed") + packed + b"u"
    return b"cbuiltins\neval\n" + text("x") + names + b"\x86R"


def tool(name: str) -> bytes:
    """A function that a loader (at 0 in the memo) looks up."""
    return get(0) + text(name) + b"\x85R"


def snapshot(name: str, number: int, archive: bytes) -> bytes:
    """A call of the loader at 0; `archive`: opcodes that push it."""
    digest = b"C\x10" + struct.pack("<QQ", number, 0)
    return get(0) + b"(" + text(name) + digest + digest + archive + b"tR"


def archive(files: int, size: int) -> bytes:
    """A zip of files that hold zeros."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for index in range(files):
            made.writestr(zipfile.ZipInfo(f"p/f{index}.py"), bytes(size), zipfile.ZIP_DEFLATED)
    return file.getvalue()


@functools.cache
def small() -> bytes:
    """An archive of many files."""
    return archive(300, 20)


@functools.cache
def bomb() -> bytes:
    """An archive that unpacks to more than any report looks at."""
    return archive(40, 30_000_000)


def repeated(make: Callable[[int], bytes], times: int) -> bytes:
    """The opcodes of a function of 0, 1, 2, ..."""
    return b"".join(map(make, range(times)))


SMALL: Final = loader(data_of(b"x")) + put(0)
NESTED: Final = b"]" + b"2\x86" * 60
DICT: Final = b"}(" + repeated(lambda i: text(f"k{i}") + b"N", 40_000) + b"u"
LONG_SOURCE: Final = text("lambda x: " + "x + " * 50_000 + "1")


def loads_in_loads() -> bytes:
    """Pickles in pickles, two in each."""
    inner = pickle.dumps([1])
    while len(inner) < 300_000:
        inner = PROTO + (b"c_pickle\nloads\n" + data_of(inner) + b"\x85R0") * 2 + b"N."
    return inner


def chain() -> bytes:
    """Snapshots each of which requires the one before."""

    def link(index: int) -> bytes:
        needs = b"}" + text("q") + get(9 + index) + b"sb" if index else b""
        return snapshot(f"p{index}", index, get(1)) + needs + put(10 + index)

    return SMALL + data_of(archive(1, 1)) + put(1) + repeated(link, 8_000) + b"N."


def circle() -> bytes:
    """Snapshots each of which requires all."""
    made = repeated(lambda i: snapshot(f"p{i}", i, get(1)) + put(10 + i), 2_000)
    needs = b"}(" + repeated(lambda i: text(f"p{i}") + get(10 + i), 2_000) + b"u" + put(2)
    linked = repeated(lambda i: get(10 + i) + get(2) + b"b0", 2_000)
    return SMALL + data_of(archive(1, 1)) + put(1) + made + needs + linked + b"N."


def bombs() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield a name, and what makes the pickle of that name: some take a while."""
    called = b"ca\nb\n"
    yield "nested repr, as a function", lambda: PROTO + NESTED + b")R."
    yield (
        "nested repr, as a thing of a snapshot",
        lambda: PROTO + SMALL + snapshot("a", 1, data_of(b"")) + NESTED + b"\x85R.",
    )
    yield "nested repr, as a name", lambda: PROTO + NESTED + text("x") + b"\x93."
    yield "nested repr, as a text", lambda: PROTO + SMALL + get(0) + NESTED + b"\x85R."
    yield "one text, 2,000 loaders", lambda: (
        PROTO + data_of(zlib.compress(b"#" * (2**20 - 10))) + put(1)
        + repeated(lambda i: loader(get(1), f"_modulepickle_{i:08}") + b"0", 2_000) + b"N."
    )  # fmt: skip
    yield (
        "800 texts",
        lambda: (
            PROTO
            + repeated(lambda i: loader(data_of(zlib.compress(b"%d" % i * 180_000))) + b"0", 800)
            + b"N."
        ),
    )
    yield "loads in loads", loads_in_loads
    yield "one pickle, loaded 20,000 times", lambda: (
        PROTO + data_of(pickle.dumps([*range(1000)])) + put(1)
        + (b"c_pickle\nloads\n" + get(1) + b"\x85R0") * 20_000 + b"N."
    )  # fmt: skip
    yield "30,000 pickles inside", lambda: (
        PROTO
        + repeated(lambda i: b"c_pickle\nloads\n" + data_of(b"M%s." % i.to_bytes(2, "little"))
                   + b"\x85R0", 30_000) + b"N."
    )  # fmt: skip
    yield "500,000 pickles in a row", lambda: b"N." * 500_000
    yield "one archive, 15,000 snapshots", lambda: (
        PROTO + SMALL + data_of(small()) + put(2)
        + repeated(lambda i: snapshot(f"p{i}", i, get(2)) + b"0", 15_000) + b"N."
    )  # fmt: skip
    yield "archives of zeros", lambda: (
        PROTO + SMALL
        + repeated(
            lambda i: snapshot("p", i, data_of(bomb().replace(b"p/f", b"p/%d" % i))) + b"0", 2
        )
        + b"N."
    )  # fmt: skip
    yield "a chain of requirements", lambda: PROTO + chain()
    yield "a circle of requirements", lambda: PROTO + circle()
    yield "one dict, required by 8,000", lambda: (
        PROTO + SMALL + DICT + put(1) + data_of(small()) + put(2)
        + repeated(lambda i: snapshot("p", i, get(2)) + get(1) + b"b0", 8_000) + b"N."
    )  # fmt: skip
    yield "one dict, evaluated in 30,000 times", lambda: (
        PROTO + DICT + put(1) + b"cbuiltins\neval\n" + put(2)
        + (get(2) + text("x") + get(1) + b"\x86R0") * 30_000 + b"N."
    )  # fmt: skip
    yield "one dict, held by 10,000 classes", lambda: (
        PROTO + SMALL + DICT + put(6) + tool("set_class") + put(3)
        + (get(3) + b"cbuiltins\ntype\n)R" + data_of(b"k") + get(6) + b"}\x87\x86R0") * 10_000
        + b"N."
    )  # fmt: skip
    yield "one source, 20,000 functions", lambda: (
        PROTO + SMALL + tool("code") + put(2) + LONG_SOURCE + put(5)
        + repeated(lambda i: get(2) + b"(" + data_of(b"mmmm") + text("3.11") + data_of(b"d")
                   + text(f"<f{i}>") + get(5) + b"tR0", 20_000) + b"N."
    )  # fmt: skip
    yield "deep tuples", lambda: PROTO + b")" + b"\x85" * 1_000_000 + b"."
    yield "deep lists", lambda: PROTO + b"]" * 500_000 + b"a" * 499_999 + b"."
    yield "4 MB of lists", lambda: PROTO + b"]" * 4_000_000
    yield "4 MB of marks", lambda: PROTO + b"(" * 4_000_000
    yield (
        "a name of 20 MB",
        lambda: (
            PROTO
            + text("a" * 20_000_000)
            + put(1)
            + (get(1) + get(1) + b"\x93)R0") * 20_000
            + b"N."
        ),
    )
    yield "40,000 names of 1,800", lambda: (
        PROTO + repeated(lambda i: text("a" * 900 + str(i)) + put(i), 200)
        + b"".join(get(i) + get(j) + b"\x93)R0" for i in range(200) for j in range(200)) + b"N."
    )  # fmt: skip
    yield "40,000 long names of one snapshot", lambda: (
        PROTO + SMALL + snapshot("p", 1, data_of(small())) + put(2) + text("n" * 900) + put(3)
        + repeated(lambda i: get(2) + get(3) + text(str(i)) + b"\x86R0", 40_000) + b"N."
    )  # fmt: skip
    yield "one text, spelled 20,000 times", lambda: (
        b"\x80\x02" + text("a" * 500_000) + put(1) + b"c_codecs\nencode\n" + put(2)
        + (get(2) + get(1) + text("latin1") + b"\x86R0") * 20_000 + b"N."
    )  # fmt: skip
    yield "one tuple, argument of 50,000", lambda: (
        PROTO + b"(" + b"N" * 300_000 + b"t" + put(1) + b"c_codecs\nencode\n" + put(2)
        + (get(2) + get(1) + b"R0") * 50_000 + b"N."
    )  # fmt: skip
    for name, opcode in {"long": b"L", "int": b"I", "float": b"F", "index": b"Np"}.items():
        yield f"a million digits, {name}", lambda opcode=opcode: opcode + b"9" * 1_000_000 + b"\n."
    yield "a manifest that is deep", lambda: (
        b"(s:=__import__('pickle').loads(" + b"(" * 500_000
        + b"),__import__('sys')._modulepickle_registry.manifest(0,{'k':k},s))[1]"
    )  # fmt: skip
    yield "300,000 names", lambda: PROTO + text("a") + b"22\x93" * 300_000 + b"."
    yield "300,000 calls", lambda: PROTO + called + b"2)R" * 300_000 + b"."
    yield "300,000 items of a call", lambda: PROTO + called + b")R" + b"Na" * 300_000 + b"."
    yield "300,000 states of a call", lambda: PROTO + called + b")R" + b"Nb" * 300_000 + b"."
    yield "a million memo entries", lambda: PROTO + b"N" + b"\x94" * 1_000_000 + b"."
    yield "300,000 persistent ids", lambda: PROTO + b"(K\x01Q" * 300_000
