"""executorlib: workers of one machine, which stay for many calls, pickled to by cloudpickle."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import AWAY, CHECKS, drive, line, require

pytestmark = pytest.mark.engines

START = f"""{AWAY}{CHECKS}
import executorlib, modulepickle
from executorlib.standalone.interactive.communication import SocketInterface
# By itself it listens on all interfaces.
SocketInterface.bind_to_random_port = lambda self: self._socket.bind_to_random_port(
    "tcp://127.0.0.1"
)
{line("executorlib")}

def executor(**options):
    return executorlib.SingleNodeExecutor(max_workers=2, hostname_localhost=True, **options)
"""


def test_warm_workers(tmp_path: Path) -> None:
    require("executorlib")
    code = f"""{START}
with executor(block_allocation=True) as workers:
    check(lambda f, *args: workers.submit(f, *args).result())
"""
    assert "all checks passed" in drive(tmp_path, code, script=True)


def test_a_future_as_argument_and_a_class_of_the_script(tmp_path: Path) -> None:
    require("executorlib")
    code = f"""{START}
class Local(helpers.Point):
    def far(self):
        import sizes
        return self.x, sizes.UNIT

with executor(block_allocation=True) as workers:
    moved = workers.submit(helpers.move, helpers.Point(1))
    again = workers.submit(helpers.move, moved)
    assert type(again.result()) is helpers.Point and again.result().x == 3
    made = workers.submit(lambda point: Local(point.x), moved).result()
    assert type(made) is Local and made.far() == (2, "km")
    print("all passed")
"""
    assert "all passed" in drive(tmp_path, code, script=True)


def test_a_worker_for_each_call(tmp_path: Path) -> None:
    require("executorlib")
    code = f"""{START}
with executor() as workers:
    assert workers.submit(helpers.double, helpers.Point(3)).result() == "6 km"
    moved = workers.submit(helpers.move, helpers.Point(3)).result()
    assert type(moved) is helpers.Point and moved.x == 4
    print("all passed")
"""
    assert "all passed" in drive(tmp_path, code, script=True)
