"""mpi4py and mpi4py.futures: three ranks, of which two have neither the working tree nor the
library.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from frameworks import CHECKS, drive, line, miss, require
from receivers import SITE

pytestmark = pytest.mark.engines

Drive = Callable[..., str]
LINE = f"from mpi4py import MPI\n{line('mpi4py')}\n"

WORKER = """
from mpi4py import MPI
comm = MPI.COMM_WORLD
while True:
    f, args = comm.recv(source=0)
    if f is None:
        break
    try:
        reply = True, f(*args)
    except Exception as error:
        reply = False, error
    comm.send(reply, dest=0)
"""
CALL = """
comm = MPI.COMM_WORLD
turn = 0

def send(rank, f, *args):
    comm.send((f, args), dest=rank)

def receive(rank):
    good, result = comm.recv(source=rank)
    if not good:
        raise result
    return result

def call(f, *args):
    global turn
    turn += 1
    send(1 + turn % 2, f, *args)
    return receive(1 + turn % 2)

def stop():
    for rank in (1, 2):
        send(rank, None)
"""


@pytest.fixture
def drive_mpi(tmp_path: Path) -> Drive:
    """Run a driver as rank 0, and ranks 1 and 2 in another folder, by `python -m MODULE FILE`."""
    require("mpi4py")
    # The one of MPICH that forks: it listens on nothing, and all are of one group of processes.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    program = shutil.which("mpiexec.gforker", path=path) or shutil.which("mpiexec", path=path)
    if program is None:
        miss("mpi4py", "no mpiexec on PATH or beside this Python: pip install mpich")
    away = tmp_path / "workers"
    away.mkdir()

    def run(module: str, code: str, library: bool = False) -> str:
        (away / "driver.py").write_text(LINE + WORKER if library else WORKER)
        python = [sys.executable, "-m", module, "driver.py"]
        path = SITE if library else tmp_path / "stub"
        there = ["env", "-C", str(away), f"PYTHONPATH={path}"]
        command = [str(program), "-n", "1", *python, ":", "-n", "2", *there, *python]
        shared = {"UCX_TLS": "self,sm"}  # memory, and no network
        return drive(tmp_path, CHECKS + LINE + code, command=command, **shared)

    return run


def test_messages_and_edits(drive_mpi: Drive) -> None:
    assert "all checks passed" in drive_mpi("mpi4py", CALL + "check(call)\nstop()")


def test_collectives(drive_mpi: Drive) -> None:
    code = """
def together():
    comm = MPI.COMM_WORLD
    f = comm.bcast(None)
    mine = comm.scatter(None)
    comm.gather(f(mine))
    comm.gather(comm.scatter(None).x)

for rank in (1, 2):
    send(rank, together)
here = comm.bcast(lambda point: helpers.move(point))
mine = comm.scatter([helpers.Point(x) for x in range(3)])
gathered = comm.gather(here(mine))
assert [type(each) is helpers.Point and each.x for each in gathered] == [1, 2, 3]
comm.scatter([helpers.Point(x) for x in range(3)])
assert comm.gather(0) == [0, 1, 2]
assert [receive(1), receive(2)] == [None, None]
stop()
print("collectives passed")
"""
    assert "collectives passed" in drive_mpi("mpi4py", CALL + code)


HOP = """
def to_the_next(move, point):
    MPI.COMM_WORLD.send(move(point), dest=2)

def from_the_last():
    return MPI.COMM_WORLD.recv(source=1)

assert not any(call(sees, name) for name in ("helpers", "sizes") for _ in range(2))
PREPARE
send(1, to_the_next, helpers.move, helpers.Point(1))
send(2, from_the_last)
assert receive(1) is None
moved = receive(2)
assert type(moved) is helpers.Point and moved.x == 2
stop()
print("second hop passed")
"""


def test_the_second_hop_after_preload(drive_mpi: Drive) -> None:
    code = HOP.replace("PREPARE", "send(2, modulepickle.preload(helpers)); receive(2)")
    assert "second hop passed" in drive_mpi("mpi4py", CALL + code)


def test_the_second_hop_where_the_workers_have_the_library(drive_mpi: Drive) -> None:
    code = HOP.replace("PREPARE", "")
    assert "second hop passed" in drive_mpi("mpi4py", CALL + code, library=True)


FUTURES = """
from mpi4py.futures import MPIPoolExecutor

def call(f, *args):
    return workers.submit(f, *args).result(timeout=60)
"""


def test_futures(drive_mpi: Drive) -> None:
    code = """
with MPIPoolExecutor(main=False) as workers:
    check(call)
    points = map(helpers.Point, range(8))
    assert [*workers.map(helpers.double, points)] == [f"{3 * x} miles" for x in range(8)]
print("map passed")
"""
    assert "map passed" in drive_mpi("mpi4py.futures", FUTURES + code)


def test_futures_with_archives_out_of_band(drive_mpi: Drive) -> None:
    code = """
import os
from mpi4py.util import pkl5
pathlib.Path("helpers/data").write_bytes(os.urandom(2 * pkl5.pickle.THRESHOLD))
data, buffers = pkl5.pickle.dumps_oob(helpers.double)
assert len(data) < pkl5.pickle.THRESHOLD < sum(map(len, buffers))
with MPIPoolExecutor(main=False, use_pkl5=True) as workers:
    check(call)
"""
    assert "all checks passed" in drive_mpi("mpi4py.futures", FUTURES + code)
