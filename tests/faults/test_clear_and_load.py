"""R13: the cache is emptied while it is used, and no process loses a file."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mishaps import CHILD
from receivers import SITE, project, receive, send

TREE = """
    === pkg/__init__.py
    import os
    def f():
        with open(os.path.join(os.path.dirname(__file__), "data.txt")) as file:
            return file.read().strip()
    === pkg/data.txt
    all of it
"""

CLEARING = """
import sys
from modulepickle._loader import cache
print("begun", flush=True)
while True:
    try:
        cache.clear()
    except FileNotFoundError:
        pass
"""

LOADS = f"""
{CHILD}
    def loaded():
        function = pickle.loads(datas[0])
        values = {{function() for _ in range(3)}}
        return values, [message for _, message in records]
    wrong = []
    for number in range(COUNT):
        outcome = child(loaded)
        if outcome != ("value", ({{"all of it"}}, [])):
            wrong.append(outcome)
    result = wrong
"""


@pytest.mark.parametrize("count", [20, pytest.param(1500, marks=pytest.mark.slow)])
def test_r13_clear_takes_no_file_from_anybody(tmp_path, count):
    data = send(project(tmp_path / "tree", TREE), "from pkg import f as obj")
    cache = tmp_path / "cache"
    clearing = subprocess.Popen(
        [sys.executable, "-c", CLEARING],
        env={**os.environ, "PYTHONPATH": str(SITE), "MODULEPICKLE_CACHE": str(cache)},
        stdout=subprocess.PIPE,
    )
    try:
        assert clearing.stdout is not None
        assert clearing.stdout.readline() == b"begun\n"
        code = LOADS.replace("COUNT", str(count))
        wrong = receive([data], code, lazy=True, cache=cache).result
        assert clearing.poll() is None, "it must have gone on all the time"
    finally:
        clearing.kill()
        clearing.wait()
        if clearing.stdout is not None:
            clearing.stdout.close()
    assert wrong == [], f"{len(wrong)} of {count}"
