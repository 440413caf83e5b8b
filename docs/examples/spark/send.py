"""Spark: a UDF that uses a package which the executors do not have."""

from geometry import Point, label, move
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

import modulepickle

modulepickle.extend_pyspark()
session = SparkSession.builder.master("local[2]").getOrCreate()
session.sparkContext.setLogLevel("ERROR")
moved = udf(lambda x: label(move(Point(x))))
print([row[0] for row in session.range(3).select(moved("id")).collect()])
session.stop()
