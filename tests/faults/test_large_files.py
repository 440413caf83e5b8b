"""R13: large files: some megabytes of one are in memory, and more than two gigabytes arrive."""

from __future__ import annotations

import os
import random
import shutil
import zlib
from pathlib import Path

import pytest

from modulepickle._loader import archive_reader, unpacking
from receivers import project, receive, run

CONTENTS = {
    "nothing": b"",
    "a byte": b"x",
    "zeros": bytes(50_000),
    "noise": random.Random(1).randbytes(5_000),
    "text": b"some text, and more\n" * 1_000,
}


def member(content: bytes) -> tuple[int, int, bytes, int]:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(content) + deflate.flush()
    return zlib.crc32(content), len(content), packed, 0o100644


# A small limit stands for the real one: pieces of 64 bytes go in one by one, too.
@pytest.mark.parametrize("piece", [64, 100, 258, 6_400, 2**22])
@pytest.mark.parametrize("name", CONTENTS)
def test_r13_pieces_are_the_whole(monkeypatch, tmp_path, name, piece):
    monkeypatch.setattr(archive_reader, "PIECE", piece)
    monkeypatch.setattr(unpacking, "PIECE", piece)
    content = CONTENTS[name]
    packed = member(content)
    pieces = [*archive_reader.pieces_of(name, packed)]
    assert b"".join(pieces) == archive_reader.inflate(name, packed) == content
    assert all(len(each) <= piece for each in pieces)
    (tmp_path / "file").write_bytes(content)
    assert unpacking.is_intact(str(tmp_path / "file"), *packed[:2])


@pytest.mark.parametrize("piece", [64, 2**22])
@pytest.mark.parametrize("name", ["zeros", "noise", "text"])
@pytest.mark.parametrize("wrong", ["longer", "shorter", "another sum", "cut"])
def test_r13_no_more_than_is_declared_leaves_the_reader(monkeypatch, name, piece, wrong):
    monkeypatch.setattr(archive_reader, "PIECE", piece)
    crc, size, packed, mode = member(CONTENTS[name])
    changed = {
        "longer": (crc, size - 10, packed, mode),
        "shorter": (crc, size + 10, packed, mode),
        "another sum": (crc ^ 1, size, packed, mode),
        "cut": (crc, size, packed[: len(packed) // 2], mode),
    }[wrong]
    got: list[bytes] = []
    with pytest.raises(ImportError, match="is damaged"):
        got.extend(archive_reader.pieces_of(name, changed))
    assert sum(map(len, got)) <= changed[1]


BIG = 2**31 + 52
"""Bytes: more than a signed number of 32 bits, which a single `write` takes, or one of a zip."""

SENDER = """
    import modulepickle, pkg
    policy = modulepickle.Policy(max_bytes=2**32)
    with open("data.pickle", "wb") as file:
        file.write(modulepickle.dumps(pkg.ends, policy=policy))
"""
RECEIVER = """
    size, first, last = load()()
    # Not `ru_maxrss`: that counts the process that this one was forked from, too.
    (line,) = [each for each in open("/proc/self/status") if each.startswith("VmHWM")]
    result = size, first, last, int(line.split()[1])
"""


def has_room(folder: Path) -> bool:
    """Whether this machine can do it: the sender reads a file whole."""
    with open("/proc/meminfo") as file:
        found = dict(line.split(":") for line in file)
    available = int(found["MemAvailable"].split()[0]) * 1024
    return available > 3 * BIG and shutil.disk_usage(folder).free > 3 * BIG


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.timeout(900)
def test_r13_a_file_of_more_than_two_gigabytes(tmp_path):
    if not os.path.exists("/proc/meminfo") or not has_room(tmp_path):
        pytest.skip("this machine has no room for it")
    tree = project(
        tmp_path / "tree",
        """
        === pkg/__init__.py
        import os
        def ends():
            with open(os.path.join(os.path.dirname(__file__), "data.bin"), "rb") as file:
                first = file.read(5)
                file.seek(-5, 2)
                return file.tell() + 5, first, file.read()
        """,
    )
    with open(tree / "pkg/data.bin", "wb") as file:
        file.write(b"first")
        file.seek(BIG - 5)
        file.write(b"final")
    run(tree, SENDER)
    data = (tree / "data.pickle").read_bytes()
    cache = tmp_path / "cache"
    for _ in range(2):  # unpacked, and found
        size, first, last, peak = receive(data, RECEIVER, lazy=True, cache=cache, fresh=True).result
        assert (size, first, last) == (BIG, b"first", b"final")
        assert peak < 200_000, "kilobytes"
    shutil.rmtree(cache)
