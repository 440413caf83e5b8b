"""Spark: a local cluster, or a server that clients reach by Spark Connect.

Both start their Python workers through a script that hides the library; the working tree is in
nobody's path but the driver's.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from frameworks import environment, miss, require, started
from receivers import TIMEOUT

SETTINGS: Final = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.executor.memory": "1024m",
    "spark.sql.shuffle.partitions": "2",
    "spark.task.maxFailures": "1",
    # Functions get and give Python objects, pickled: neither pandas nor pyarrow is needed.
    "spark.sql.execution.pythonUDF.arrow.enabled": "false",
}
STARTED: Final = re.compile(r"Spark Connect server started at: 127\.0\.0\.1:(\d+)")


def require_spark(connect: bool = False) -> None:
    """Skip a test, or fail it, where there is no PySpark, no Java, or no client for Connect."""
    require("pyspark")
    if shutil.which("java") is None:
        miss("pyspark", "no java on PATH, which pyspark runs")
    missing = [name for name in ("grpc", "pandas", "pyarrow") if _is_missing(name)]
    if connect and missing:
        miss("pyspark", f'no {" ".join(missing)}: pip install "pyspark[connect]"')
    if connect and not any(_home().glob("jars/spark-connect*.jar")):
        miss("pyspark", "no server for Spark Connect in this PySpark: from 4.0 on there is")


def _is_missing(name: str) -> bool:
    return importlib.util.find_spec(name) is None


def _home() -> Path:
    """Return the folder of the package, which is a whole Spark."""
    import pyspark

    return Path(pyspark.__file__).parent


def variables(folder: Path) -> dict[str, str]:
    """Return the variables that hide library and tree from the Python workers of a local Spark.

    What a process inherits in `PYTHONPATH`, Spark puts after its own: the script comes before both.
    Without a cluster, workers start in the driver's folder, the working tree: the script goes away.
    """
    stub = environment(folder)["STUB"]
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\ncd {stub}\nPYTHONPATH={stub}:$PYTHONPATH exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    local = folder / "local"
    local.mkdir()
    return {
        "PYSPARK_PYTHON": str(python),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(local),
        # A Spark that is killed, as it is at the end of a test, leaves its temporary files.
        "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={local}",
        "SPARK_WORKER_DIR": str(folder / "workers"),
    }


def submit_arguments(**more: str) -> list[str]:
    """Return the settings as arguments of `spark-submit`."""
    return [
        part for name, value in (SETTINGS | more).items() for part in ("--conf", f"{name}={value}")
    ]


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """Start a server for Spark Connect on a port of the system's choice; yield its address."""
    home, empty, log = _home(), folder / "empty", folder / "server.log"
    empty.mkdir()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": "0",
        "spark.master": "local[2]",
    }
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    command = [str(home / "bin/spark-submit"), "--class", server, *submit_arguments(**settings)]
    env = {**os.environ, **variables(folder), "SPARK_HOME": str(home)}
    env.pop("PYTHONPATH", None)
    with (
        log.open("w") as file,
        started([*command, "spark-internal"], empty, env, stdout=file, stderr=file) as process,
    ):
        try:
            yield f"sc://127.0.0.1:{_port(log, process.poll)}"
        finally:
            print("server.log", log.read_text(errors="backslashreplace")[-3000:], sep="\n")


def _port(log: Path, ended: Callable[[], object]) -> str:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and ended() is None:
        text = log.read_text(errors="backslashreplace")
        if (found := STARTED.search(text)) is not None:
            return found[1]
        time.sleep(0.1)
    raise AssertionError("the server did not start; its log is shown")
