"""The examples of the pages on frameworks, as they stand there."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from frameworks import DaskCluster, drive, example, examples, line, require
from spark import connect_server, require_spark, submit_arguments, variables

pytestmark = pytest.mark.engines

DOUBLED = str([f"{2 * x} km" for x in range(3)])
MOVED = str([f"{2 * (x + 1)} km" for x in range(3)])


def test_each_example_is_tested() -> None:
    words = ("multiprocessing", "joblib", "distributed", "ray", "pyspark.sql", "celery")
    lines = ("Celery", "mpi4py", "ipyparallel")
    tested = [*map(example, words), *map(line, lines)]
    package = ("class Point", "UNIT =")
    rest = [text for text in examples() if not text.startswith(package)]
    assert sorted(tested) == sorted(rest)


def test_the_example_of_a_pool(tmp_path: Path) -> None:
    assert DOUBLED in drive(tmp_path, example("multiprocessing"), script=True)


def test_the_example_of_joblib(tmp_path: Path) -> None:
    require("joblib")
    assert DOUBLED in drive(tmp_path, example("joblib"), script=True)


def test_the_example_of_dask(tmp_path: Path) -> None:
    require("dask")
    with ExitStack() as stack:
        cluster = DaskCluster(tmp_path, stack)
        cluster.worker("a")
        cluster.worker("b")
        code = example("distributed").replace("tcp://127.0.0.1:8786", cluster.address)
        assert MOVED in drive(tmp_path, code, script=True)


def test_the_example_of_ray(tmp_path: Path) -> None:
    require("ray")
    short = tempfile.mkdtemp(prefix="mp-", dir="/tmp")
    # The example says nothing about where Ray listens and keeps its files.
    options = (
        f"num_cpus=2, include_dashboard=False, _node_ip_address='127.0.0.1', _temp_dir={short!r}, "
    )
    code = example("ray").replace("ray.init(", f"ray.init({options}")
    settings = {
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "HOME": os.environ["HOME"],
    }
    try:
        assert MOVED in drive(tmp_path, code, script=True, **settings)
    finally:
        shutil.rmtree(short, ignore_errors=True)


def test_the_example_of_spark(tmp_path: Path) -> None:
    require_spark()
    options = ["--master", "local[2]", *submit_arguments(), "pyspark-shell"]
    settings = {**variables(tmp_path), "PYSPARK_SUBMIT_ARGS": " ".join(options)}
    assert DOUBLED in drive(tmp_path, example("pyspark.sql"), script=True, **settings)


def test_the_example_of_spark_with_a_remote_session(tmp_path: Path) -> None:
    require_spark(connect=True)
    with connect_server(tmp_path) as address:
        code = example("pyspark.sql").replace("builder.", f"builder.remote({address!r}).")
        assert DOUBLED in drive(tmp_path, code, script=True)
