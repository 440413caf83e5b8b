"""parsl: a high-throughput executor, whose workers are processes that stay; pickled to by dill."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from frameworks import AWAY, CHECKS, drive, line, require

pytestmark = [pytest.mark.engines_more, pytest.mark.timeout(240)]

START = f"""{AWAY}{CHECKS}
import modulepickle, parsl
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider
{line("parsl")}

def executor(label):
    return HighThroughputExecutor(
        label=label, address="127.0.0.1", loopback_address="127.0.0.1", max_workers_per_node=2,
        encrypted=False, provider=LocalProvider(init_blocks=1, max_blocks=1),
    )
config = Config([executor("one"), executor("two")], usage_tracking=0, run_dir="../runs")

def call(f, *args, where="one"):
    return parsl.python_app(f, executors=[where])(*args).result()
"""


@pytest.fixture
def drive_parsl(tmp_path: Path):
    require("parsl")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return lambda code: drive(tmp_path, START + code, script=True, PATH=path)


def test_warm_workers(drive_parsl) -> None:
    code = """
with parsl.load(config):
    check(call)
"""
    assert "all checks passed" in drive_parsl(code)


def test_a_future_as_argument_and_a_class_of_the_script(drive_parsl) -> None:
    code = """
class Local(helpers.Point):
    def far(self):
        import sizes
        return self.x, sizes.UNIT

with parsl.load(config):
    moved = parsl.python_app(helpers.move, executors=["one"])(helpers.Point(1))
    again = parsl.python_app(helpers.move, executors=["two"])(moved)
    assert type(again.result()) is helpers.Point and again.result().x == 3
    assert call(Local(2).far) == call(lambda local: local.far(), Local(2)) == (2, "km")
    double = parsl.python_app(helpers.double, executors=["one"])
    assert double(helpers.Point(1)).result() == "2 km"
    (pathlib.Path(helpers.__file__).parents[1] / "sizes.py").write_text("UNIT = 'miles'")
    assert double(helpers.Point(1)).result() == "2 miles"
    print("all passed")
"""
    assert "all passed" in drive_parsl(code)
