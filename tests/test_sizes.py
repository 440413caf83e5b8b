"""How much travels besides the packages themselves; and what travels is what the source says."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
import zlib

import pytest

from modulepickle._loader.packed import LOADER
from modulepickle._loader.packed_classes import CLASSES
from modulepickle._loader.packed_functions import REBUILD
from modulepickle._loader.packed_store import FETCH
from receivers import SOURCE, project, send

ON_TOP = 3_072
"""Bytes of a pickle by name, its archives aside."""

TREE = """
    === helpers/__init__.py
    === helpers/tools.py
    def double(x):
        return 2 * x

    class Thing:
        pass
"""


def archives(data: bytes) -> list[bytes]:
    """The zip files in a pickle, from their first local header to the end of their directory."""
    found = []
    start = data.find(b"PK\3\4")
    while start != -1:
        end = data.index(b"PK\5\6", start) + 22
        found.append(data[start:end])
        start = data.find(b"PK\3\4", end)
    return found


@pytest.mark.parametrize("name", ["double", "Thing", "Thing()"])
def test_a_pickle_by_name_is_little_more_than_its_archive(tmp_path, name):
    data = send(project(tmp_path, TREE), f"import helpers.tools\nobj = helpers.tools.{name}")
    (archive,) = archives(data)
    assert zipfile.ZipFile(io.BytesIO(archive)).testzip() is None
    assert len(data) - len(archive) <= ON_TOP


PACKED = {"loader": LOADER, "rebuild": REBUILD, "classes": CLASSES, "fetch": FETCH}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_no_flipped_bit_of_a_packed_text_makes_another_text(packed):
    # Its checksum is a weak one: of two texts that the packer finds, one may have such a bit.
    text = zlib.decompress(packed)
    for bit in range(8 * len(packed)):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            assert zlib.decompress(flipped) == text
        except zlib.error:
            pass


def test_the_packed_texts_are_of_the_present_source():
    # Only the check is run here: packing needs tools that not every machine has.
    code = "import sys, types; sys.modules['python_minifier'] = types.ModuleType('python_minifier')"
    script = str(SOURCE.parent / ".ci" / "pack_loader.py")
    code += (
        f"\nsys.argv = ['', '--check']\nimport runpy\nrunpy.run_path({script!r}, None, '__main__')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
