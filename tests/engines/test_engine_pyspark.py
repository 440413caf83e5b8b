"""PySpark: workers that have neither the working tree nor the library.

The classic driver runs a local cluster of two workers, which is three Javas, or workers of its own;
a client of Spark Connect knows nothing but the address of a server.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import CHECKS, drive
from spark import SETTINGS, connect_server, require_spark, variables

pytestmark = pytest.mark.engines

START = f"""{CHECKS}
import os, sys
import modulepickle, pyspark
here, stub = os.getcwd(), os.environ["STUB"]
os.environ["PYTHONPATH"] = stub
os.chdir(stub)
conf = pyspark.SparkConf().setMaster(os.environ["MASTER"]).setAppName("modulepickle")
conf.setAll({[*SETTINGS.items()]!r})
context = pyspark.SparkContext(conf=conf)
context.setLogLevel("ERROR")
os.chdir(here)
extension = modulepickle.extend_pyspark()

def call(f, *args):
    return context.parallelize([0], 1).map(lambda _: f(*args)).collect()[0]
"""

# What comes of four rows, as a list; for both kinds of sessions.
SESSION = """
from pyspark.sql.functions import udf

def rows(function):
    frame = session.range(0, 4, 1, 2)  # two rows for each of two tasks
    return sorted(row[0] for row in frame.select(function("id")).collect())

def unseen(_):
    def sees(name):  # written backwards: what a text names travels
        try:
            __import__(name[::-1])
        except ImportError:
            return False
        return True
    return str([sees(name) for name in ("srepleh", "sezis", "elkcipeludom")])

def fails(run):
    try:
        run()
    except Exception as error:
        return error
    raise AssertionError("no error came back")
"""

FUNCTIONS = """
assert set(rows(udf(unseen))) == {"[False, False, False]"}
double = udf(lambda x: helpers.double(helpers.Point(x)))
assert rows(double) == ["0 km", "2 km", "4 km", "6 km"]
by_name = udf(helpers.double)  # it takes a Point; what comes is a number, which has no `x`
assert "has no attribute 'x'" in str(fails(lambda: rows(by_name)))

class Shifted(helpers.Point):  # of the script: it travels by value
    def tell(self):
        import sizes
        return f"{self.x + n} {sizes.UNIT}"

assert rows(udf(lambda x: Shifted(x).tell())) == ["10 km", "11 km", "12 km", "13 km"]

@udf("string")
def inside(x):
    from helpers import Point, double
    class Far(Point):
        def tell(self):
            return double(self)
    return Far(x).tell()

assert rows(inside) == ["0 km", "2 km", "4 km", "6 km"]
session.udf.register("twice", lambda x: helpers.double(helpers.Point(x)))
assert session.sql("select twice(21)").collect()[0][0] == "42 km"
# The driver gets an error of Spark's, whose text is the traceback of the worker.
error = fails(lambda: rows(udf(lambda x: helpers.fail(helpers.Point(x)))))
assert type(error).__name__ == "PythonException", type(error)
assert not isinstance(error, helpers.Wrong)
assert "raise Wrong(point.x)" in str(error) and "helpers.Wrong: " in str(error), error
"""

EDITED = """
pathlib.Path("sizes.py").write_text("UNIT = 'miles'\\n")
fresh = udf(lambda x: helpers.double(helpers.Point(x)))
assert rows(fresh) == ["0 miles", "2 miles", "4 miles", "6 miles"]
"""


CLUSTER = {"MASTER": "local-cluster[2,1,1024]"}
LOCAL = {"MASTER": "local[2]"}


def test_functions_broadcasts_shuffles_and_edits(tmp_path: Path) -> None:
    require_spark()
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
    assert "spark passed" in drive(tmp_path, code, **variables(tmp_path), **CLUSTER)


def test_the_exception_of_a_task_is_one_of_sparks_with_its_text(tmp_path: Path) -> None:
    require_spark()
    code = f"""{START}{SESSION}
assert not any(call(sees, name) for name in ("helpers", "sizes", "modulepickle"))
error = fails(lambda: call(helpers.fail, helpers.Point(3)))
assert not isinstance(error, helpers.Wrong)
assert type(error).__module__.partition(".")[0] in ("pyspark", "py4j"), type(error)
assert "raise Wrong(point.x)" in str(error) and "helpers.Wrong: 3" in str(error), error

def caught(point):
    try:
        return helpers.fail(point)
    except helpers.Wrong as error:
        return error

error = call(caught, helpers.Point(3))  # as a result, it is itself
assert type(error) is helpers.Wrong and error.args == (3,)
print("errors passed")
context.stop()
"""
    assert "errors passed" in drive(tmp_path, code, **variables(tmp_path), **LOCAL)


def test_udfs(tmp_path: Path) -> None:
    require_spark()
    code = f"""
import helpers
from pyspark.serializers import CloudPickleSerializer
identity = lambda x: x
def pickled():
    return CloudPickleSerializer().dumps((identity, helpers.double))
before = pickled()
{START}{SESSION}
from pyspark.sql import SparkSession
session = SparkSession(context)
{FUNCTIONS}{EDITED}
# It was pickled when it was used first.
assert rows(double) == ["0 km", "2 km", "4 km", "6 km"]
assert b"modulepickle" in pickled()
extension.undo()
assert pickled() == before
print("udfs passed")
context.stop()
"""
    assert "udfs passed" in drive(tmp_path, code, **variables(tmp_path), **LOCAL)


def test_spark_connect(tmp_path: Path) -> None:
    require_spark(connect=True)
    code = f"""{CHECKS}
import os, modulepickle
modulepickle.extend_pyspark()
from pyspark.sql import SparkSession
session = SparkSession.builder.remote(os.environ["ADDRESS"]).getOrCreate()
assert "connect" in type(session).__module__
{SESSION}{FUNCTIONS}{EDITED}
assert rows(double) == rows(fresh)  # it is pickled at each use
print("connect passed")
session.stop()
"""
    with connect_server(tmp_path) as address:
        assert "connect passed" in drive(tmp_path, code, ADDRESS=address)
