"""More engines, each with the line that makes it ship: real ones, in environments of their own.

`python tests/tools/more_engines.py` makes the environments and runs this.
"""

from __future__ import annotations

import os
import shutil
import sys
import venv
from pathlib import Path

import pytest

from frameworks import AWAY, SEES, drive, read, require

pytestmark = [pytest.mark.engines_more, pytest.mark.timeout(300)]

BIN = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

# What each has to do; `run(function, items)` gives each item to a task, on workers that do not have
# the working tree, nor this library.
CHECK = f"""{SEES}
import importlib, os, pathlib, sys
import helpers, modulepickle
tree = pathlib.Path(helpers.__file__).parents[1]
n = 10

def edit():
    (tree / "sizes.py").write_text("UNIT = 'miles'")
    path = tree / "helpers/__init__.py"
    path.write_text(path.read_text().replace("2 * point.x", "3 * point.x"))
    importlib.reload(helpers)

def check(run, hidden=True):
    if hidden:
        names = ["helpers", "sizes", "modulepickle"]
        assert run(lambda name: sees(name), names) == [False] * 3
    points = [helpers.Point(x) for x in (1, 2)]
    assert run(helpers.double, points) == ["2 km", "4 km"]
    assert run(lambda point: helpers.double(point) + str(n), points) == ["2 km10", "4 km10"]
    assert run(points[0].__class__, [5])[0].x == 5
    moved = run(helpers.move, points)
    assert [type(each) for each in moved] == [helpers.Point] * 2 and moved[0].x == 2
    edit()
    points = [helpers.Point(x) for x in (1, 2)]
    assert run(helpers.double, points) == ["3 miles", "6 miles"]
    assert [type(each) for each in run(helpers.move, points)] == [helpers.Point] * 2
    print("all checks passed")
"""


def passes(tmp_path: Path, code: str, **env: str) -> None:
    assert "all checks passed" in drive(tmp_path, code, script=True, PATH=BIN, **env)


def test_apache_beam_with_processes(tmp_path: Path) -> None:
    require("apache_beam")
    passes(
        tmp_path,
        f"""{CHECK}
import logging, pickle
import apache_beam as beam
from apache_beam.internal.cloudpickle import cloudpickle
from apache_beam.options.pipeline_options import PipelineOptions
cloudpickle.CloudPickler = modulepickle.extend(cloudpickle.Pickler)
logging.disable(logging.WARNING)

def run(function, items):
    options = ["--runner=DirectRunner", "--direct_running_mode=multi_processing",
               "--direct_num_workers=1", "--pickle_library=cloudpickle"]
    out = str(tree.parent / "out")
    with beam.Pipeline(options=PipelineOptions(options)) as pipeline:
        results = pipeline | beam.Create([*enumerate(items)]) | beam.Map(
            lambda item: pickle.dumps((item[0], function(item[1]))).hex())
        results | beam.io.WriteToText(out, shard_name_template="")
    lines = pathlib.Path(out).read_text().split()
    return [result for _, result in sorted((pickle.loads(bytes.fromhex(each)) for each in lines),
                                           key=lambda pair: pair[0])]

if __name__ == "__main__":
    {"; ".join(AWAY.strip().splitlines())}
    check(run)
""",
    )


def test_lithops_on_localhost(tmp_path: Path) -> None:
    require("lithops")
    passes(
        tmp_path,
        f"""{CHECK}
import lithops
modulepickle.extend_cloudpickle()
if __name__ == "__main__":
    {"; ".join(AWAY.strip().splitlines())}
    settings = {{"backend": "localhost", "storage": "localhost", "telemetry": False}}
    executor = lithops.FunctionExecutor(config={{"lithops": settings}}, log_level="CRITICAL")

    def run(function, items):
        return executor.get_result(executor.map(lambda item: function(item), items))

    check(run)
    try:
        run(helpers.fail, [helpers.Point(7)])
    except helpers.Wrong as error:
        assert "7" in str(error)
    else:
        raise AssertionError("no error came back")
""",
        HOME=str(tmp_path),
    )


def test_pathos_pools(tmp_path: Path) -> None:
    require("pathos")
    passes(
        tmp_path,
        f"""{CHECK}
from pathos.pools import ProcessPool
modulepickle.extend_dill()
if __name__ == "__main__":
    pool = ProcessPool(nodes=2)
    check(pool.map, hidden=False)  # the children are forked
    try:
        pool.map(helpers.fail, [helpers.Point(7)])
    except helpers.Wrong as error:
        assert error.args == (7,)
    else:
        raise AssertionError("no error came back")
    assert pool.pipe(helpers.double, helpers.Point(1)) == "3 miles"
    assert [*pool.imap(lambda x: x + n, [1])] == [11]
    pool.close()
    pool.join()
""",
    )


def test_torch_data_loader_with_spawned_workers(tmp_path: Path) -> None:
    require("torch")
    passes(
        tmp_path,
        f"""{CHECK}
import warnings
warnings.simplefilter("ignore")
import torch
from torch.utils.data import DataLoader, Dataset
modulepickle.extend_multiprocessing()

class Items(Dataset):
    def __init__(self, function, items):
        self.function, self.items = function, items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.function(self.items[index])

if __name__ == "__main__":
    def run(function, items):
        loader = DataLoader(Items(function, items), batch_size=1, num_workers=1,
                            multiprocessing_context="spawn", collate_fn=lambda batch: batch[0])
        return [*loader]

    check(run, hidden=False)  # the workers run this script's file, beside the tree
    loader = DataLoader(Items(helpers.fail, [helpers.Point(7)]), num_workers=1,
                        multiprocessing_context="spawn", collate_fn=lambda batch: batch[0])
    try:
        next(iter(loader))
    except helpers.Wrong as error:
        assert "Wrong: 7" in str(error)
    else:
        raise AssertionError("no error came back")
""",
    )


def test_airflow_operators_with_another_python(tmp_path: Path) -> None:
    require("airflow")
    # A Python that has cloudpickle, as Airflow asks for, and nothing else.
    venv.create(tmp_path / "there")
    import cloudpickle

    (packages,) = (tmp_path / "there").glob("lib/python*/site-packages")
    shutil.copytree(Path(cloudpickle.__file__).parent, packages / "cloudpickle")
    passes(
        tmp_path,
        f"""{CHECK}
import logging
from airflow.sdk import DAG
from airflow.providers.standard.operators.python import ExternalPythonOperator
modulepickle.extend_cloudpickle()
library = os.environ["PYTHONPATH"]

def call(function, items):  # its text is what Airflow sends
    import os
    assert os.environ["STUB"] == os.environ["PYTHONPATH"]
    return [function(item) for item in items]

if __name__ == "__main__":
    {"; ".join(AWAY.strip().splitlines())}

    def run(function, items):
        operator = ExternalPythonOperator(
            dag=DAG("dag"),
            task_id="task", python=os.environ["THERE"], python_callable=call,
            op_args=[function, items], serializer="cloudpickle", expect_airflow=False,
            env_vars={{"PYTHONPATH": stub, "STUB": stub}}, inherit_env=True)
        return operator.execute(context={{"ti": None}})

    check(run)
""",
        AIRFLOW_HOME=str(tmp_path / "airflow"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        THERE=str(tmp_path / "there/bin/python"),
    )


def test_flyte_values_that_are_pickled(tmp_path: Path) -> None:
    require("flytekit")
    out = drive(
        tmp_path,
        f"""{CHECK}
import asyncio
from flytekit import task, workflow
from flytekit.core.context_manager import FlyteContextManager
from flytekit.types.pickle.pickle import FlytePickle
modulepickle.extend_cloudpickle()

@task
def make(x: int) -> helpers.Point:
    return helpers.Point(x)

@task
def use(point: helpers.Point) -> str:
    return helpers.double(point)

@workflow
def flow(x: int) -> str:
    return use(point=make(x=x))

assert flow(x=3) == "6 km"
edit()
assert flow(x=3) == "9 km"  # within this process, where sizes was not reloaded
kept = [lambda: helpers.double(helpers.Point(1)), helpers.Point(5)]
print("kept", asyncio.run(FlytePickle.to_pickle(FlyteContextManager.current_context(), kept)))
print("all checks passed")
""",
        script=True,
        PATH=BIN,
        HOME=str(tmp_path),
    )
    assert "all checks passed" in out
    place = out.split("kept ")[1].split()[0]
    assert "read 3 miles 5" in read(
        tmp_path,
        f"""
import cloudpickle
function, point = cloudpickle.load(open({place!r}, "rb"))
print("read", function(), point.x)
""",
    )


def test_metaflow_artifacts(tmp_path: Path) -> None:
    require("metaflow")
    code = f"""{CHECK}
from metaflow import FlowSpec, step

class Flow(FlowSpec):
    @step
    def start(self):
        self.plain = helpers.Point(1)
        point = helpers.Point(1)
        self.kept = modulepickle.wrap([helpers.Point(3), lambda: helpers.double(point)])
        self.next(self.end)

    @step
    def end(self):
        assert type(self.plain) is helpers.Point  # by name: each step runs in the tree
        print("all checks passed")

if __name__ == "__main__":
    Flow()
"""
    env = {"HOME": str(tmp_path), "USERNAME": "user", "PATH": BIN, "PYTHONIOENCODING": "utf-8"}
    env |= {"METAFLOW_DATASTORE_SYSROOT_LOCAL": str(tmp_path / "flows")}
    command = [sys.executable, "driver.py", "run"]
    assert "all checks passed" in drive(tmp_path, code, command=command, **env)
    assert "read 3 2 km" in read(
        tmp_path,
        """
from metaflow import Flow, namespace
namespace(None)
point, function = Flow("Flow").latest_run["start"].task["kept"].data
print("read", point.x, function())
""",
        **env,
    )
