"""CPython's own pickle tests, against `Pickler`, `dump`, `dumps`, `load` and `loads`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from receivers import SITE, find_interpreters

RUNNER = Path(__file__).parent / "stdlib" / "run_pickletester.py"

REFUSALS = {
    "test_c_methods": "that `dict.__dict__['fromkeys']`, a descriptor, cannot be pickled",
    "test_py_methods": "that static and class methods, as objects, cannot be pickled",
    "test_local_lookup_error": "that local functions and classes cannot be pickled",
    "test_unpickleable_newobj_class": "the same of an instance of a local class",
    "test_unpickleable_newobj_ex_class": "the same of an instance of a local class",
}
"""What fails, since it asserts that something *cannot* be pickled: the test, and what it says."""

FAILS = {
    "3.11": {"test_c_methods", "test_py_methods", "test_local_lookup_error"},
    "3.13": {*REFUSALS},
}


@pytest.mark.slow
@pytest.mark.parametrize("version", FAILS)
def test_pickletester(version, tmp_path):
    python = find_interpreters().get(version)
    if python is None:
        pytest.skip(f"no Python {version} found")
    done = subprocess.run(
        [python, str(RUNNER)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SITE), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout.splitlines()[-1])
    assert got["run"] > 500
    assert {name.rpartition(".")[2] for name in got["failed"]} == FAILS[version], "\n".join(
        text for name, text in got["failed"].items() if name.rpartition(".")[2] not in REFUSALS
    )
