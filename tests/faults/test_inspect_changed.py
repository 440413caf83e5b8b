"""`inspect` always answers: real pickles, with a few opcodes or bytes changed.

`MODULEPICKLE_CHANGES=50000` sets how many; without it there are 3,000.
"""

from __future__ import annotations

import json
import os
import pickletools
import random
import re
from pathlib import Path

import pytest

from modulepickle import inspect
from receivers import project, send

pytestmark = pytest.mark.faults

CHANGES = int(os.environ.get("MODULEPICKLE_CHANGES") or 3_000)
SHORT = 60  # bytes: an opcode with more holds an archive or a text

TREE = """
    === pkg/__init__.py
    from pkg import part
    class Thing:
        def __init__(self, number):
            self.number = number
    def f():
        return part.VALUE
    === pkg/part.py
    VALUE = 1
"""
SENT = {
    "a function": "from pkg import f as obj",
    "instances": "import pkg; obj = {i: pkg.Thing({i, str(i)}) for i in range(5)}",
    "a lambda": "import pkg; obj = lambda: pkg.f()",
    "a class": "class A:\n    kind = {1}\n    def g(self):\n        return [7]\nobj = A(), A",
}


def opcodes_of(data: bytes) -> list[bytes]:
    starts = [place for _, _, place in pickletools.genops(data) if place is not None]
    return [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)])]


def changed_opcodes(whole: list[bytes], draw: random.Random) -> bytes:
    """A few short opcodes left out, copied elsewhere, or with another one in their place."""
    found = [*whole]
    short = [index for index, each in enumerate(whole) if len(each) < SHORT]
    for _ in range(draw.choice([1, 1, 2])):
        index = draw.choice(short)
        opcode, how = bytearray(found[index] or b"."), draw.randrange(4)
        if how == 0:
            opcode[0] = draw.randrange(256)
        elif how == 1:
            opcode.clear()
        elif how == 2:
            opcode[:0] = whole[draw.choice(short)]
        else:
            opcode[draw.randrange(len(opcode))] ^= 1 << draw.randrange(8)
        found[index] = bytes(opcode)
    return b"".join(found)


def changed_bytes(data: bytes, draw: random.Random) -> bytes:
    """Some bytes changed, left out, added, or copied elsewhere."""
    found = bytearray(data)
    for _ in range(draw.choice([1, 1, 2, 4])):  # at most 400 bytes of thousands go
        at, other = draw.randrange(len(found)), draw.randrange(len(found))
        length = draw.choice([1, 2, 8, 100])
        how = draw.randrange(4)
        if how == 0:
            found[at] ^= 1 << draw.randrange(8)
        elif how == 1:
            del found[at : at + length]
        elif how == 2:
            found[at:at] = draw.randbytes(length)
        else:
            found[at : at + length] = found[other : other + length]
    return bytes(found)


@pytest.mark.parametrize("what", SENT)
def test_every_changed_pickle_gets_its_answer(tmp_path: Path, what: str) -> None:
    data = send(project(tmp_path, TREE), SENT[what])
    whole, draw = opcodes_of(data), random.Random(what)
    assert len(whole) > 20
    failed = {}
    for number in range(CHANGES):
        if number % 2:
            changed = changed_bytes(data, draw)
        else:
            changed = changed_opcodes(whole, draw)
        try:
            report = inspect(changed)
            json.loads(report.to_json())
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", str(report))
        except Exception as error:  # whatever it is: it is a fault
            failed[number] = error
    assert failed == {}
