"""rq: two workers on a Redis that have neither the working tree nor the library.

A queue ships the arguments of its jobs. rq looks a function up by its name on the worker, unless it
comes as an object: a `functools.partial` or a bound method, which travel like arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from frameworks import CHECKS, drive, line, require
from services import Workers, redis_server

pytestmark = pytest.mark.engines

START = (
    CHECKS
    + """
import functools, os
import modulepickle, redis, rq
connection = redis.Redis(unix_socket_path=os.environ["REDIS"], socket_timeout=None)

def queue_named(name):
    return LINE

METHOD = "    def twice(self):\\n        return helpers.double(self)\\n"
queues = [queue_named("a"), queue_named("b")]
turn = 0

def run(f, *args, on=None):
    global turn
    turn += 1
    job = queues[turn % 2 if on is None else on].enqueue(f, *args, job_timeout=60)
    return job, job.latest_result(timeout=60)

def call(f, *args, **options):
    job, result = run(functools.partial(f), *args, **options)
    assert result.type is result.Type.SUCCESSFUL, result.exc_string
    return result.return_value
""".replace("LINE", line("rq").replace("...", "name, connection=connection"))
)


@pytest.fixture(params=["rq.SimpleWorker", "rq.Worker"])
def drive_rq(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Run a driver beside two workers: of the kind that runs jobs itself, or forks for each."""
    require("rq")
    with ExitStack() as stack:
        path = stack.enter_context(redis_server("rq"))
        workers = Workers(tmp_path, stack)
        for name in "ab":
            options = ["--url", f"unix://{path}", "--worker-class", request.param, "--quiet"]
            workers.start(name, "rq.cli", "worker", *options, name)
        head = "" if request.param == "rq.SimpleWorker" else "PID = (os.getppid,)\n"
        yield lambda code: drive(tmp_path, START + head + code, REDIS=path)


def test_arguments_results_and_edits(drive_rq: Callable[[str], str]) -> None:
    code = """
check(call, errors=False)
job, result = run(functools.partial(helpers.fail), helpers.Point(3))
assert result.type is result.Type.FAILED
assert "in fail" in result.exc_string and "helpers.Wrong: 3" in result.exc_string

class Local(helpers.Point):
    def twice(self):
        return helpers.double(self)

assert call(Local(2).twice) == "6 miles"
assert run("builtins.isinstance", Local(2), helpers.Point)[1].return_value is True
pathlib.Path("other.py").write_text("import helpers\\nclass Other(helpers.Point):\\n" + METHOD)
import other
assert run(other.Other(2).twice)[1].return_value == "6 miles"
print("objects passed")
"""
    out = drive_rq(code)
    assert "all checks passed" in out
    assert "objects passed" in out


def test_the_second_hop_to_a_job_that_depends_on_another(drive_rq: Callable[[str], str]) -> None:
    code = """
def more():
    return helpers.move(rq.get_current_job().dependency.return_value())

first = queues[0].enqueue(functools.partial(helpers.move), helpers.Point(1))
second = queues[1].enqueue(functools.partial(more), depends_on=first)
moved = second.latest_result(timeout=60).return_value
assert type(moved) is helpers.Point and moved.x == 3
print("second hop passed")
"""
    assert "second hop passed" in drive_rq(code)
