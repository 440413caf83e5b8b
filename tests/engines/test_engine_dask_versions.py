"""Dask with a client of one Python, and a scheduler and workers of another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
def other() -> str:
    """The Python of an environment of another version, with the same Dask."""
    require("dask")
    if OTHER not in find_interpreters():
        pytest.skip(f"no Python {OTHER} found")
    pins = [f"{name}=={metadata.version(name)}" for name in ("distributed", "cloudpickle")]
    try:
        return environment_of(find_interpreters()[OTHER], OTHER, *pins)
    except CannotError as error:
        miss("dask", str(error))


@contextmanager
def cluster(folder: Path, scheduler: str, workers: str) -> Iterator[DaskCluster]:
    with ExitStack() as stack:
        made = DaskCluster(folder, stack, scheduler)
        made.python = workers
        for name in ("a", "b", "victim"):
            made.worker(name)
        try:
            yield made
        finally:
            for log in folder.glob("*.log"):
                print(log.name, log.read_text(errors="backslashreplace")[-3000:], sep="\n")


START = f"""{CHECKS}
import os, sys, time, warnings
import distributed, modulepickle
warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
client = distributed.Client(os.environ["ADDRESS"])
client.wait_for_workers(3, timeout=60)
VERSION = "__import__('sys').version_info[:2]"
theirs = {{*client.run(eval, VERSION).values()}}
scheduler = client.run_on_scheduler(eval, VERSION)
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


def test_functions_lambdas_the_script_and_edits(tmp_path: Path, other: str) -> None:
    code = f"""{START}
assert scheduler in theirs
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
    with cluster(tmp_path, other, other) as made:
        out = drive(tmp_path, code, script=True, ADDRESS=made.address)
    assert "cloudpickle: " in out
    assert "all checks passed" in out


def test_functions_and_edits_where_only_the_workers_are_of_another(
    tmp_path: Path, other: str
) -> None:
    # Lambdas do not get there: the scheduler makes functions of them, which its cloudpickle sends.
    code = f"""{START}
assert scheduler == sys.version_info[:2]
modulepickle.extend_dask(client)
assert call(helpers.double, helpers.Point(3)) == "6 km"
assert type(call(helpers.move, helpers.Point(3))) is helpers.Point
fails(call, helpers.Point(3))
pathlib.Path("sizes.py").write_text("UNIT = 'miles'")
moved = client.submit(helpers.move, helpers.Point(1), workers="a", pure=False)
two = client.submit(helpers.double, moved, workers="b", pure=False)
assert two.result(timeout=60) == "4 miles"
print("all checks passed")
"""
    with cluster(tmp_path, sys.executable, other) as made:
        assert "all checks passed" in drive(tmp_path, code, script=True, ADDRESS=made.address)
