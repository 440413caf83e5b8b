"""Dask with a client of one Python, and a scheduler and workers of another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path

import pytest

from frameworks import CHECKS, DaskCluster, drive, miss, require
from receivers import find_interpreters
from venvs import CannotError, environment_of

pytestmark = [
    pytest.mark.engines,
    pytest.mark.interpreters,
    pytest.mark.timeout(300),  # the environment is made once a machine, which takes half a minute
]

OTHER = "3.12" if sys.version_info[:2] != (3, 12) else "3.11"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    require("dask")
    if OTHER not in find_interpreters():
        pytest.skip(f"no Python {OTHER} found")
    pins = [f"{name}=={metadata.version(name)}" for name in ("distributed", "cloudpickle")]
    try:
        python = environment_of(find_interpreters()[OTHER], OTHER, *pins)
    except CannotError as error:
        miss("dask", str(error))
    with ExitStack() as stack:
        made = DaskCluster(tmp_path, stack, python)
        made.worker("a")
        made.worker("b")
        made.worker("victim")
        try:
            yield made
        finally:
            for log in tmp_path.glob("*.log"):
                print(log.name, log.read_text(errors="backslashreplace")[-3000:], sep="\n")


START = f"""{CHECKS}
import os, sys, time, warnings
import distributed, modulepickle
warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
client = distributed.Client(os.environ["ADDRESS"])
client.wait_for_workers(3, timeout=60)
VERSION = "__import__('sys').version_info[:2]"
theirs = {{*client.run(eval, VERSION).values(), client.run_on_scheduler(eval, VERSION)}}
assert len(theirs) == 1 and sys.version_info[:2] not in theirs, theirs

turn = 0
def call(f, *args):
    global turn
    turn += 1
    return client.submit(f, *args, workers="ab"[turn % 2], pure=False).result(timeout=60)
"""

# A lambda of another Python's bytecode ends the process that runs it, as a rule.
COMPARED = """
def is_there(name):
    return any(worker["name"] == name for worker in client.scheduler_info()["workers"].values())

future = client.submit(lambda x: x + len("abc"), 4, workers="victim", pure=False)
deadline = time.monotonic() + 60
while future.status == "pending" and is_there("victim") and time.monotonic() < deadline:
    time.sleep(0.1)
assert future.status != "finished" or future.result(timeout=60) != 7
print("cloudpickle:", future.status, "there" if is_there("victim") else "killed")
future.cancel()
"""


def test_functions_lambdas_the_script_and_edits(tmp_path: Path, cluster: DaskCluster) -> None:
    code = f"""{START}
for name in ("helpers", "sizes", "modulepickle"):
    for where in (client.run, client.run_on_scheduler):
        try:
            where(eval, f"__import__({{name!r}})")
        except ImportError:
            continue
        raise AssertionError(name)
{COMPARED}
modulepickle.extend_dask(client)
assert call(lambda x: x + len("abc"), 4) == 7

def scripts(point):
    return [helpers.double(each) for each in (point, helpers.move(point))]

assert call(scripts, helpers.Point(1)) == ["2 km", "4 km"]
check(call, absent=())
assert call(scripts, helpers.Point(1)) == ["3 miles", "6 miles"]
assert client.gather(client.map(lambda x: scripts(helpers.Point(x))[0], [1, 2])) == [
    "3 miles", "6 miles"
]
"""
    out = drive(tmp_path, code, script=True, ADDRESS=cluster.address)
    assert "cloudpickle: " in out
    assert "all checks passed" in out
