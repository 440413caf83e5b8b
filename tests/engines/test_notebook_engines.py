"""Notebooks and engines: cells run again with an edit, and a local module that is edited meanwhile.

A kernel is a process without a file: what its cells define goes to every worker by value, and comes
home as what the notebook has now.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

from frameworks import require
from receivers import SITE, project

# Visibly skipped where they are missing, but an error where they are asked for.
asked = "nbclient" in os.environ.get("MODULEPICKLE_REQUIRE_ENGINES", "").split()
found = importlib.import_module if asked else pytest.importorskip
nbclient, nbformat, _ = found("nbclient"), found("nbformat"), found("ipykernel")

pytestmark = [
    pytest.mark.engines,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore"),  # the kernel's own, of asyncio and of zmq
]

LOCAL = """
class Point:
    def __init__(self, x):
        self.x = x
    def version(self):
        return 1, self.x
class Wrong(Exception):
    pass
def make(x):
    return Point(x)
def fail(x):
    raise Wrong(1, x)
"""

START = f"""
import importlib, os, pathlib, sys, time
sys.path.insert(0, {str(SITE)!r})
os.environ["PYTHONPATH"] = {str(SITE)!r}
import local, modulepickle
wraps = False

def write(version):
    time.sleep(0.02)
    text = {LOCAL!r}.replace("1, ", f"{{version}}, ")
    pathlib.Path("local.py").write_text(text)

def check(version, said):
    point = local.Point(7)
    assert call(point.version) == (version, 7)
    assert call(lambda x: (local.make(x).version(), tell(x)), 2) == (
        (version, 2), (said, (version, 2))
    )
    made = call(local.make, 3)
    assert type(made) is local.Point and made.version() == (version, 3)
    made = call(make, 4)
    assert type(made) is Own and made.more() == (said, (version, 4))
    for function, kind, args in (
        (local.fail, local.Wrong, (version, 5)), (fail, OwnWrong, (said, 5))
    ):
        try:
            call(function, 5)
        except Exception as error:
            causes = error, getattr(error, "cause", None), error.__cause__
            same = [each.args for each in causes if type(each) is kind]
            assert same[:1] == [args] or wraps and kind.__name__ in repr(error), repr(error)
        else:
            raise AssertionError("no error came back")
"""

CELL = """
class Own(local.Point):
    def more(self):
        return "first", self.version()
class OwnWrong(Exception):
    pass
def make(x):
    return Own(x)
def tell(x):
    return Own(x).more()
def fail(x):
    raise OwnWrong("first", x)
"""
EDITED = CELL.replace("first", "second")

ENGINES = {
    "dask": """
from distributed import Client, LocalCluster
cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
client = Client(cluster)
modulepickle.extend_dask(client)
call = lambda f, *args: client.submit(f, *args).result()
def stop():
    client.close()
    cluster.close()
""",
    "joblib": """
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor, set_loky_pickler
set_loky_pickler("modulepickle")
call = lambda f, *args: Parallel(n_jobs=2)(delayed(f)(*args) for _ in range(2))[0]
stop = lambda: get_reusable_executor().shutdown(kill_workers=True)
""",
    "ray": """
import ray
os.environ["RAY_AUTH_MODE"] = "disabled"
ray.init(num_cpus=1, include_dashboard=False, configure_logging=False, log_to_driver=False)
modulepickle.extend_ray()
call = lambda f, *args: ray.get(ray.remote(lambda: f(*args)).remote())
stop = ray.shutdown
""",
    "ipyparallel": """
import ipyparallel
modulepickle.extend_ipyparallel()
cluster = ipyparallel.Cluster(n=1, log_level=40)
view = cluster.start_and_connect_sync()[0]
call = view.apply_sync
wraps = True
stop = cluster.stop_cluster_sync
""",
    "pickle": """
import concurrent.futures, multiprocessing
modulepickle.extend_multiprocessing()
context = multiprocessing.get_context("spawn")
pool = concurrent.futures.ProcessPoolExecutor(1, mp_context=context)
call = lambda f, *args: pool.submit(f, *args).result()
stop = pool.shutdown
""",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_r08_r16_cells_and_modules_are_edited_between_two_calls(
    tmp_path: Path, engine: str
) -> None:
    require(engine)
    tree = project(tmp_path / "tree", f"=== local.py{LOCAL}\n=== pyproject.toml\n[project]\n")
    sources = (
        START, CELL, ENGINES[engine], "check(1, 'first')", EDITED, "check(1, 'second')",
        "write(2)", "importlib.reload(local)", EDITED, "check(2, 'second')",
        "%load_ext autoreload\n%autoreload 2", "write(3)", "check(3, 'second')", "stop()",
    )  # fmt: skip
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, sources)])
    resources = {"metadata": {"path": str(tree)}}
    nbclient.NotebookClient(notebook, timeout=100, resources=resources).execute()
