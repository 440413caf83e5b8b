"""Notebooks: functions and classes of cells, run by a real kernel, unpickled on a bare receiver."""

from __future__ import annotations

import importlib
import os

import pytest

from receivers import SITE, project, receive

# Visibly skipped where they are missing, but an error where they are asked for.
asked = "nbclient" in os.environ.get("MODULEPICKLE_REQUIRE_ENGINES", "").split()
found = importlib.import_module if asked else pytest.importorskip
nbclient, nbformat, _ = found("nbclient"), found("nbformat"), found("ipykernel")

pytestmark = [
    pytest.mark.engines,
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore"),  # the kernel's own, of asyncio and of zmq
]

FIRST = """
import pathlib, sys
sys.path.insert(0, SITE)
import helpers, modulepickle
class Point:
    def __init__(self, x): self.x = x
    def twice(self): return helpers.double(self.x)
"""
SECOND = """
def f(x):
    import helpers
    return Point(x).twice() + helpers.double(OFFSET)
pathlib.Path(OUT).write_bytes(modulepickle.dumps([f, Point]))
"""


def cells(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in sources])


def test_a_cell_is_run_again_with_an_edit(tmp_path):

    project(tmp_path, "=== helpers.py\ndef double(x):\n    return 2 * x")
    outs = [str(tmp_path / f"{n}.pickle") for n in range(3)]

    def second(offset, out):
        return SECOND.replace("OFFSET", str(offset)).replace("OUT", repr(outs[out]))

    edited = FIRST.replace("helpers.double(self.x)", "-self.x")
    notebook = cells(
        f"SITE = {str(SITE)!r}",
        FIRST,
        second(1, 0),
        second(1, 1),
        edited,
        second(5, 2),
    )
    client = nbclient.NotebookClient(
        notebook, timeout=100, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    datas = [(tmp_path / f"{n}.pickle").read_bytes() for n in range(3)]
    assert b"def f(x)" in datas[0]
    assert str(tmp_path).encode() not in datas[0]
    code = """
    import linecache, pickle
    (f, P), (g, Q), (h, R) = objs
    result = f(3), g(3), h(3), f(3), P is Q, P is R, P.__module__
    lines = linecache.getlines(f.__code__.co_filename)
    assert "import helpers" in lines[1], lines
    """
    got = receive(datas, code, absent=["helpers"]).result
    assert got == (8, 8, 7, 8, True, False, "__main__")


@pytest.mark.interpreters
def test_another_python_gets_the_cells_source(tmp_path):
    from receivers import find_interpreters

    project(tmp_path, "=== helpers.py\ndef double(x):\n    return 2 * x")
    out = str(tmp_path / "out.pickle")
    last = SECOND.replace("OFFSET", "1").replace("OUT", repr(out))
    notebook = cells(f"SITE = {str(SITE)!r}", FIRST, last)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=100, resources=resources).execute()
    python = find_interpreters().get("3.9")
    if python is None:
        pytest.skip("no Python 3.9 found")
    data = (tmp_path / "out.pickle").read_bytes()
    assert receive(data, "result = obj[0](3)", python=python).result == 8
