"""Managers of multiprocessing: servers that see neither the working tree nor the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import CHECKS, HIDDEN, drive, line

pytestmark = pytest.mark.engines

START = f"""{HIDDEN}{CHECKS}
import multiprocessing, multiprocessing.spawn, subprocess, sys
from multiprocessing.managers import BaseManager
import modulepickle
hide(multiprocessing.spawn, [here, library])
{line("multiprocessing.managers")}
context = multiprocessing.get_context("spawn")

class Caller:
    def call(self, f, *args):
        return f(*args)
"""


def test_a_server_that_is_started(tmp_path: Path) -> None:
    code = f"""{START}
class Manager(BaseManager):
    pass

class Mover(helpers.Point):
    def moved(self, other):
        from sizes import UNIT
        return helpers.Point(self.x + helpers.move(other).x), UNIT
    def far(self):
        return helpers.double(self)

Manager.register("Caller", Caller)
Manager.register("Mover", Mover)
Manager.register("double", helpers.double)
with Manager(ctx=context) as manager:
    moved, unit = manager.Mover(3).moved(helpers.Point(5))
    assert type(moved) is helpers.Point and moved.x == 9 and unit == "km"
    assert manager.double(helpers.Point(3))._getvalue() == "6 km"
    # What is registered came with the server: it sees `helpers`, but not the library.
    check(manager.Caller().call, absent=["modulepickle"])
    assert manager.Mover(3).far() == "6 km"  # a server keeps what it was started with
"""
    assert "all checks passed" in drive(tmp_path, code)


REMOTE = """
import os, sys
from multiprocessing.managers import BaseManager, DictProxy, SyncManager

class Manager(BaseManager):
    pass

class Caller:
    def call(self, f, *args):
        return f(*args)

things, caller = {}, Caller()
Manager.register("things", lambda: things, DictProxy)
Manager.register("caller", lambda: caller)
server = Manager(("127.0.0.1", 0), authkey=b"key").get_server()
print(server.address[1], flush=True)
server.serve_forever()
"""


def test_a_server_that_was_there_and_a_second_client(tmp_path: Path) -> None:
    code = f"""{START}
class Manager(BaseManager):
    pass

Manager.register("things", proxytype=multiprocessing.managers.DictProxy)
Manager.register("caller")
settings = dict(cwd=stub, stdout=subprocess.PIPE, text=True)
with subprocess.Popen([sys.executable, "-c", {REMOTE!r}], **settings) as server:
    try:
        address = "127.0.0.1", int(server.stdout.readline())
        one, two = Manager(address, b"key"), Manager(address, b"key")
        one.connect()
        two.connect()
        check(one.caller().call)
        one.things()["point"] = helpers.Point(1)
        got = two.things()["point"]
        assert type(got) is helpers.Point and got.x == 1
    finally:
        server.kill()
"""
    assert "all checks passed" in drive(tmp_path, code)
