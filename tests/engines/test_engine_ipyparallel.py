"""ipyparallel: a controller and two engines that have neither the working tree nor the library."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import randrange

import pytest

from frameworks import CHECKS, drive, line, require
from services import Workers, wait_for

pytestmark = pytest.mark.engines

START = f"""{CHECKS}
import os, ipyparallel
{line("ipyparallel")}
client = ipyparallel.Client(os.environ["CLIENT"], timeout=60)
client.wait_for_engines(2, timeout=60)
one, two = client[client.ids[0]], client[client.ids[1]]
both = client[:]
turn = 0

def call(f, *args):
    global turn
    turn += 1
    return client[client.ids[turn % 2]].apply(f, *args).get(timeout=60)
"""


@pytest.fixture
def drive_cluster(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    require("ipyparallel")
    with ExitStack() as stack:
        private = {"IPYTHONDIR": str(tmp_path / "ipython")}
        workers = Workers(tmp_path, stack, **private)
        profile = tmp_path / "profile"
        security = profile / "security"
        options = ["--profile-dir", str(profile), "--log-level", "WARN"]
        # Its ports are free ones when it looks for them, and taken when it uses them, unless it has
        # a loopback address of its own.
        address = f"127.{randrange(1, 255)}.{randrange(256)}.{randrange(1, 255)}"
        address = address if sys.platform == "linux" else "127.0.0.1"
        local = [f"--ip={address}", "--location=127.0.0.1"]
        local += ["--IPController.broadcast_scheduler_depth=0"]  # it would listen on 127.0.0.1
        controller = workers.start("controller", "ipyparallel.controller", *options, *local)
        files = [security / f"ipcontroller-{kind}.json" for kind in ("engine", "client")]
        wait_for(lambda: all(file.exists() for file in files), *controller)
        for name in "ab":
            workers.start(name, "ipyparallel.engine", *options, f"--file={files[0]}")
        yield lambda code: drive(tmp_path, START + code, CLIENT=str(files[1]), **private)


def test_functions_results_errors_and_edits(drive_cluster: Callable[[str], str]) -> None:
    code = """
import re
check(call, errors=False)
try:
    call(helpers.fail, helpers.Point(3))
except ipyparallel.RemoteError as error:
    assert (error.ename, error.evalue) == ("Wrong", "3"), error
    text = re.sub("\\x1b[^m]*m", "", error.traceback)
    assert "helpers/__init__.py" in text and "raise Wrong(point.x)" in text, text
else:
    raise AssertionError("no error came back")
print("errors passed")
"""
    out = drive_cluster(code)
    assert "all checks passed" in out
    assert "errors passed" in out


def test_views_hops_and_classes_of_the_script(drive_cluster: Callable[[str], str]) -> None:
    code = """
import functools
points = [helpers.Point(x) for x in range(4)]
doubled = ["0 km", "2 km", "4 km", "6 km"]
assert both.map_sync(helpers.double, points) == doubled
assert client.load_balanced_view().map_sync(lambda p: helpers.double(p), points) == doubled
assert call(functools.partial(helpers.double, helpers.Point(4))) == "8 km"

# By what an engine keeps; from one engine to the other, through here.
one.push({"point": helpers.Point(1)}, block=True)
one.execute("import helpers; moved = helpers.move(point)", block=True)
assert one.apply_sync(helpers.double, ipyparallel.Reference("moved")) == "4 km"
moved = one.pull("moved", block=True)
assert type(moved) is helpers.Point
two.push({"moved": moved}, block=True)
assert two.pull("moved", block=True).x == 2

class Local(helpers.Point):
    def more(self):
        return type(self)(self.x + n), type(super()).__name__

made, kind = call(lambda: (Local(1).more()[0].x, Local(1).more()[1]))
assert (made, kind) == (11, "super")
assert call(isinstance, Local(1), Local) is True
assert call(issubclass, Local, helpers.Point) is True
print("views passed")
"""
    assert "views passed" in drive_cluster(code)
