"""PySpark: a local cluster of two workers that have neither the working tree nor the library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from frameworks import CHECKS, drive, miss, require

pytestmark = pytest.mark.engines

START = (
    CHECKS
    + """
import os, sys
import modulepickle, pyspark
here, stub = os.getcwd(), os.environ["STUB"]
os.environ["PYTHONPATH"] = stub
os.environ["PYSPARK_PYTHON"] = sys.executable
os.chdir(stub)
conf = pyspark.SparkConf().setMaster("local-cluster[2,1,1024]").setAppName("modulepickle")
for name, value in {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.executor.memory": "1024m",
}.items():
    conf.set(name, value)
context = pyspark.SparkContext(conf=conf)
context.setLogLevel("ERROR")
os.chdir(here)
modulepickle.extend_pyspark()

def call(f, *args):
    return context.parallelize([0], 1).map(lambda _: f(*args)).collect()[0]
"""
)


def test_functions_broadcasts_shuffles_and_edits(tmp_path: Path) -> None:
    require("pyspark")
    if shutil.which("java") is None:
        miss("pyspark", "no java on PATH, which pyspark runs")
    code = f"""{START}
check(call, errors=False)
broadcast = context.broadcast(modulepickle.wrap(helpers.Point(4)))
got = context.parallelize(range(4), 2).map(lambda x: helpers.move(broadcast.value).x + x).collect()
assert got == [5, 6, 7, 8], got
points = context.parallelize(range(4), 2).map(helpers.Point).map(lambda p: (p.x % 2, p))
added = points.groupByKey(2).mapValues(lambda some: sum(p.x for p in some)).collect()
assert sorted(added) == [(0, 2), (1, 4)], added
print("spark passed")
context.stop()
"""
    assert "spark passed" in drive(tmp_path, code)
