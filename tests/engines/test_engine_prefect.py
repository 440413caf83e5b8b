"""prefect: results by its pickle serializer, and tasks in its pool of processes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from frameworks import CHECKS, HIDDEN, drive, line, read, require

pytestmark = [pytest.mark.engines_more, pytest.mark.timeout(300)]

# prefect sends the flow as well, and with it the packages that it names: this is seen before.
BARE: Final = """
import importlib.util
for name in ("helpers", "sizes"):
    assert importlib.util.find_spec(name) is None, name
try:
    import modulepickle
except ImportError:
    print("a bare worker", flush=True)
else:
    raise AssertionError("this worker has modulepickle")
"""
POOL: Final = f"""{HIDDEN}{CHECKS}
import multiprocessing.spawn
import modulepickle, prefect
from prefect.task_runners import ProcessPoolTaskRunner
hide(multiprocessing.spawn, [here, library])
{line("prefect, `ProcessPoolTaskRunner`")}

@prefect.flow(task_runner=ProcessPoolTaskRunner(2, initializer=exec, initargs=({BARE!r},)))
def main():
    def call(f, *args):
        # prefect takes no function written in C.
        made = f if hasattr(f, "__code__") else lambda: f()
        return prefect.task(made).submit(*args).result()

    check(call, absent=())
    moved = prefect.task(helpers.move).submit(helpers.Point(1))
    again = prefect.task(helpers.move).submit(moved).result()
    assert type(again) is helpers.Point and again.x == 3

main()
"""


def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
        "DO_NOT_TRACK": "1",
        "HOME": str(tmp_path),
    }


def test_a_pool_of_processes(tmp_path: Path) -> None:
    require("prefect")
    out = drive(tmp_path, POOL, **settings(tmp_path))
    assert "all checks passed" in out
    assert "a bare worker" in out


RESULTS: Final = f"""{CHECKS}
import modulepickle, prefect
from prefect.serializers import PickleSerializer
n = 10

def kept(f, key):
    options = dict(persist_result=True, result_storage_key=key)
    return prefect.task(f, {line("prefect, results")}, **options)
"""
WRITES: Final = """
@prefect.flow
def main():
    def here(point):
        import sizes
        return point.x + n, sizes.UNIT

    def things():
        return [helpers.double, helpers.Point(3), helpers.Wrong(3), here]

    kept(things, "old")()
    pathlib.Path("sizes.py").write_text("UNIT = 'miles'")
    kept(things, "new")()

main()
"""
READS: Final = """
import os
from prefect.filesystems import LocalFileSystem
from prefect.results import ResultStore
storage = LocalFileSystem(basepath=os.environ["PREFECT_HOME"] + "/storage")
store = ResultStore(result_storage=storage)

def check(key, unit):
    double, point, wrong, here = store.read(key).result
    assert double(point) == f"6 {unit}" and here(point) == (13, unit)
    assert type(wrong).__module__ == type(point).__module__ == "helpers" and wrong.args == (3,)

check("old", "km")
check("new", "miles")
check("old", "km")
print("all read")
"""


def test_results_that_are_kept_are_read_elsewhere(tmp_path: Path) -> None:
    require("prefect")
    drive(tmp_path, RESULTS + WRITES, **settings(tmp_path))
    assert "all read" in read(tmp_path, READS, library=True, **settings(tmp_path))
