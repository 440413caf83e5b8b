"""What was sent is what runs, and what it makes comes home (R8, R11, R16): one table, all engines.

The one worker of each engine has no copy of the package, has imported the same, or an older one.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from frameworks import drive, miss, require

pytestmark = pytest.mark.engines

PACKAGE = """
import dataclasses

VERSION = 1

class Point:
    def __init__(self, x):
        self.x = x

    def version(self):
        from edited.inner import where
        return where(), self.x

@dataclasses.dataclass
class Pair:
    left: object

class Wrong(Exception):
    pass

def version():
    return VERSION

def move(point):
    return Pair(Point(point.x + VERSION))

def give(cls):
    return [cls, version, {"key": cls(1)}]

def fail():
    raise Wrong(VERSION)
"""
INNER = "def where():\n    import edited\n    return edited.VERSION\n"

CHECK = f"""
import importlib, os, pathlib, sys
PACKAGE, INNER = {PACKAGE!r}, {INNER!r}

def write(folder, version):
    home = pathlib.Path(folder, "edited")
    home.mkdir(parents=True, exist_ok=True)
    (home / "__init__.py").write_text(PACKAGE.replace("VERSION = 1", f"VERSION = {{version}}"))
    (home / "inner.py").write_text(INNER)

def check(call, state, wrapped=(), copies=False, restarts=False, first=None):
    import edited
    copy = {{"none": None, "same": os.getcwd(), "older": os.path.abspath("../older")}}[state]
    write("../older", 0)
    # By text: the worker is to find its copy itself, and not what is sent for it.
    prepare = f"import sys; sys.path.insert(0, {{copy!r}}); import edited.inner" if copy else ""
    (first or call)(exec, prepare)
    there = "(lambda found: found and found.VERSION)(__import__('sys').modules.get('edited'))"
    assert (first or call)(eval, there) == {{"none": None, "same": 1, "older": 0}}[state]
    for version in (1, 2, 3):
        if version > 1:
            write(".", version)
            importlib.reload(edited)
            if restarts and state == "older":  # "same" would be the edited copy now
                call(exec, prepare)
        point = edited.Point(10)
        assert call(edited.version) == version
        assert call(lambda: (edited.version(), point.version())) == (version, (version, 10))
        assert call(point.version) == (version, 10)
        moved = call(edited.move, point)
        assert type(moved) is edited.Pair and type(moved.left) is edited.Point
        assert moved.left.version() == (version, 10 + version)
        cls, function, made = call(edited.give, edited.Point)
        assert cls is edited.Point and type(made["key"]) is cls
        assert function is edited.version or copies and function() == version
        try:
            call(edited.fail)
        except Exception as error:
            causes = error, getattr(error, "cause", None), error.__cause__
            same = [each for each in causes if type(each) is edited.Wrong]
            assert same[:1] or any(each in f"{{error!r}}{{error}}" for each in wrapped), repr(error)
            assert all(each.args == (version,) for each in same)
        else:
            raise AssertionError("no error came back")
    # What the worker had by itself is what it was.
    if not restarts:
        assert call(eval, there) == {{"none": 3, "same": 1, "older": 0}}[state]
    print("all checks passed")

if __name__ == "__main__":
    write(".", 1)
"""

POOL = """
import multiprocessing, modulepickle
modulepickle.extend_multiprocessing()
with multiprocessing.get_context("{}").Pool(1) as pool:
    check(lambda f, *args: pool.apply(f, args), STATE)
"""
EXECUTOR = """
import concurrent.futures, multiprocessing, modulepickle
modulepickle.extend_multiprocessing()
context = multiprocessing.get_context("{}")
with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
    check(lambda f, *args: pool.submit(f, *args).result(), STATE)
"""
LOKY = """
import modulepickle
from loky import get_reusable_executor, set_loky_pickler
set_loky_pickler("modulepickle")
executor = get_reusable_executor(max_workers=1, timeout=100)
check(lambda f, *args: executor.submit(f, *args).result(), STATE)
"""
# Two workers, since `Parallel` with one is no worker at all; each call is made by both.
JOBLIB = """
import time, uuid, modulepickle
from joblib import Parallel, delayed
from joblib.externals.loky import set_loky_pickler
set_loky_pickler("modulepickle")

def meet(f, args, folder, number):
    (folder / str(number)).touch()
    while not (folder / str(1 - number)).exists():
        time.sleep(0.01)
    return f(*args)

def call(f, *args):
    folder = pathlib.Path("..", uuid.uuid4().hex).resolve()
    folder.mkdir()
    tasks = (delayed(meet)(f, args, folder, number) for number in (0, 1))
    return Parallel(n_jobs=2, batch_size=1)(tasks)[0]

check(call, STATE, restarts=True)  # the workers, after an error
"""
DASK = """
import modulepickle
from distributed import Client, LocalCluster
with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
    with Client(cluster) as client, Client(cluster) as plain:
        # The other one installs what is imported here before it sends anything.
        first = lambda f, *args: plain.submit(f, *args, pure=False).result()
        modulepickle.extend_dask(client)
        check(lambda f, *args: client.submit(f, *args, pure=False).result(), STATE, first=first)
"""
RAY = """
import ray, modulepickle
modulepickle.extend_ray()
ray.init(num_cpus=1, include_dashboard=False, configure_logging=False, log_to_driver=False)

@ray.remote(num_cpus=1)
class Worker:
    def call(self, f, *args):
        return f(*args)

worker = Worker.remote()
check(lambda f, *args: ray.get(worker.call.remote(f, *args)), STATE)
ray.shutdown()
"""
SPARK = """
import modulepickle
from pyspark import SparkConf, SparkContext
modulepickle.extend_pyspark()
conf = SparkConf().setMaster("local[1]").set("spark.driver.host", "127.0.0.1")
conf = conf.set("spark.driver.bindAddress", "127.0.0.1").set("spark.ui.enabled", "false")
context = SparkContext(conf=conf)
context.setLogLevel("OFF")
call = lambda f, *args: context.range(1).map(lambda _: f(*args)).collect()[0]
check(call, STATE, ["Wrong"], restarts=True)  # a worker, after an error
context.stop()
"""
MPI = """
from mpi4py import MPI
import modulepickle
modulepickle.extend_mpi4py()
from mpi4py.futures import MPIPoolExecutor
with MPIPoolExecutor(1, main=False) as pool:
    check(lambda f, *args: pool.submit(f, *args).result(), STATE)
"""
IPYPARALLEL = """
import ipyparallel, modulepickle
modulepickle.extend_ipyparallel()
with ipyparallel.Cluster(n=1, log_level=40) as clients:
    view = clients[0]
    check(lambda f, *args: view.apply_sync(f, *args), STATE, ["Wrong"], copies=True)
"""
EXECUTORLIB = """
import modulepickle
from executorlib import SingleNodeExecutor
modulepickle.extend_cloudpickle()
with SingleNodeExecutor(max_workers=1, block_allocation=True) as pool:
    check(lambda f, *args: pool.submit(f, *args).result(), STATE)
"""
DILL = """
import multiprocess, modulepickle
modulepickle.extend_dill()
with multiprocess.get_context("spawn").Pool(1) as pool:
    check(lambda f, *args: pool.apply(f, args), STATE)
"""

METHODS = ("spawn", "forkserver", "fork")
ENGINES = {
    **{f"Pool, {method}": ("pickle", POOL.format(method)) for method in METHODS},
    **{f"executor, {method}": ("pickle", EXECUTOR.format(method)) for method in METHODS},
    "loky": ("loky", LOKY),
    "joblib": ("joblib", JOBLIB),
    "dask": ("dask", DASK),
    "multiprocess": ("multiprocess", DILL),
    "executorlib": ("executorlib", EXECUTORLIB),
    "ipyparallel": ("ipyparallel", IPYPARALLEL),
    "mpi4py": ("mpi4py", MPI),
    "ray": ("ray", RAY),
    "spark": ("pyspark", SPARK),
}


CASES = [
    (engine, state)
    for engine in ENGINES
    for state in ("none", "same", "older")
    if state == "same" or "fork" not in engine.split()  # a forked child has what its parent has
]


@pytest.mark.parametrize(("engine", "state"), CASES)
def test_r08_r11_r16_what_was_sent_runs_and_comes_home(
    tmp_path: Path, engine: str, state: str
) -> None:
    module, code = ENGINES[engine]
    require(module)
    main = 'if __name__ == "__main__":'
    body = "\n".join(f"    {line}" for line in code.replace("STATE", repr(state)).split("\n"))
    command: list[str] = []
    if engine == "mpi4py":
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        program = shutil.which("mpiexec.gforker", path=path) or shutil.which("mpiexec", path=path)
        if program is None:
            miss("mpi4py", "no mpiexec on PATH or beside this Python: pip install mpich")
        command = [program, "-n", "2", sys.executable, "-m", "mpi4py.futures", "driver.py"]
    out = drive(
        tmp_path, f"{CHECK}\n{main}{body}", script=True, command=command, RAY_AUTH_MODE="disabled"
    )
    assert "all checks passed" in out
    assert "modulepickle:" not in out  # the tree of a worker on the same machine is no news
