"""Celery: workers on a Redis that have neither the working tree nor the library.

A queue ships the arguments of its tasks. The task itself is looked up by its name on the worker:
here it is one that calls what it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from frameworks import CHECKS, drive, example, line, require
from services import Workers, redis_server

pytestmark = pytest.mark.engines

SETTINGS = """
import os
from celery import Celery

app = Celery("tasks", broker=os.environ["REDIS"], backend=os.environ["REDIS"])
app.conf.update(task_serializer="pickle", result_serializer="pickle", accept_content=["pickle"])
app.conf.broker_connection_retry_on_startup = True
"""
LINE = f"import modulepickle\n{line('Celery')}\n"
TASKS = """
@app.task
def call(f, *args):
    return f(*args)

@app.task
def then(value, f):
    return f(value)

@app.task(bind=True)
def second_try(self, f, *args):
    if not self.request.retries:
        raise self.retry(countdown=0, queue="b")
    return f(*args)
"""


class Queues:
    """Workers, each with a queue of its name, and drivers beside them."""

    def __init__(self, tmp_path: Path, stack: ExitStack) -> None:
        path = stack.enter_context(redis_server("celery"))
        self.tmp_path, self.url = tmp_path, f"redis+socket://{path}"
        self.workers = Workers(tmp_path, stack, REDIS=self.url, C_FORCE_ROOT="1")

    def start(self, name: str, tasks: str, pool: str) -> None:
        (self.workers.folder / "tasks.py").write_text(SETTINGS + tasks)
        alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        options = ["--pool", pool, "--concurrency", "2", "--queues", name, *alone]
        self.workers.start(
            name, "celery", "--app", "tasks", "worker", *options, "-n", f"{name}@here"
        )

    def drive(self, code: str) -> str:
        return drive(self.tmp_path, CHECKS + SETTINGS + LINE + CALL + code, REDIS=self.url)


CALL = """
def task(queue, name, *args):
    return app.signature("tasks." + name, args, queue=queue)

def call(f, *args):
    return task("a", "call", f, *args).delay().get(timeout=60)
"""


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[Queues]:
    require("celery")
    with ExitStack() as stack:
        yield Queues(tmp_path, stack)


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_arguments_results_exceptions_and_edits(queues: Queues, pool: str) -> None:
    queues.start("a", example("celery") + TASKS if pool == "prefork" else TASKS, pool)
    assert "all checks passed" in queues.drive("check(call)")


HOPS = """
for name in "ab":
    seen = [task(name, "call", sees, each).delay().get(timeout=60) for each in ("helpers", "sizes")]
    assert not any(seen), seen
point = helpers.Point(1)
moved = (task("a", "call", helpers.move, point) | task("b", "then", helpers.move)).delay()
got = moved.get(timeout=60)
assert type(got) is helpers.Point and got.x == 3
assert task("a", "second_try", helpers.double, point).delay().get(timeout=60) == "2 km"
print("second hop passed")
"""


def test_the_second_hop_where_the_workers_have_the_library(queues: Queues) -> None:
    queues.workers.library = True
    for name in "ab":
        queues.start(name, LINE + example("celery") + TASKS, "prefork")
    assert "second hop passed" in queues.drive(HOPS)


CONSUMER = """
import os, kombu
with kombu.Connection(os.environ["REDIS"]) as connection:
    jobs = connection.SimpleQueue("jobs")
    jobs.consumer.accept = {"application/x-python-serialize"}
    replies = connection.SimpleQueue("replies", serializer="pickle")
    while True:
        message = jobs.get()
        f, args = message.payload
        try:
            reply = True, f(*args)
        except Exception as error:
            reply = False, error
        replies.put(reply, serializer="pickle")
        message.ack()
"""
PRODUCER = """
import os, kombu
connection = kombu.Connection(os.environ["REDIS"])
jobs = connection.SimpleQueue("jobs")
replies = connection.SimpleQueue("replies")
replies.consumer.accept = {"application/x-python-serialize"}

def call(f, *args):
    jobs.put((f, args), serializer="pickle")
    message = replies.get(timeout=60)
    message.ack()
    good, result = message.payload
    if not good:
        raise result
    return result

check(call)
"""


def test_kombu_alone(queues: Queues) -> None:
    (queues.workers.folder / "consumer.py").write_text(CONSUMER)
    queues.workers.start("consumer", "consumer")
    code = CHECKS + LINE + PRODUCER
    assert "all checks passed" in drive(queues.tmp_path, code, REDIS=queues.url)
