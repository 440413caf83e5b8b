"""One function, sent with 10,000 tasks: bytes and seconds, and the same on real clusters.

The function is in sqlglot, as somebody's working tree, and does next to nothing. Beside: workers
that have the package, so that its name is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks._children import ChildFailed, installed, receive, send
from benchmarks._clusters import Driver, dask_cluster
from benchmarks._figures import Figure, Run, Samples, median, rounds
from benchmarks._trees import PACKAGES, Package

__all__ = ["fanout"]

TASKS: Final = {"full": 10_000, "quick": 1_000, "tiny": 20}

BASE: Final = "pickle by name"
STORE: Final = "modulepickle, store"
HELD: Final = "modulepickle, inside `hold()`"

# Row -> what makes the pickle of one task, and what it takes before.
DUMPS: Final = {
    BASE: ("pickle.dumps(function)", ""),
    "modulepickle, self-contained": ("modulepickle.dumps(function)", "modulepickle"),
    HELD: ("modulepickle.dumps(function)", "modulepickle"),
    STORE: ("modulepickle.dumps(function, store=store)", "modulepickle"),
    "cloudpickle by reference": ("cloudpickle.dumps(function)", "cloudpickle"),
    "cloudpickle by value": ("cloudpickle.dumps(function)", "cloudpickle"),
}

SEND: Final = """
import contextlib
from sqlglot.helper import ensure_list as function
{imports}
call = lambda: {dumps}
data = call()
with open(out, "wb") as file:
    file.write(data)
with {around}:
    result = [len(data) * tasks, seconds(call, tasks) * tasks]
"""
NOTHING: Final = "contextlib.nullcontext()"
AROUND: Final = {HELD: "modulepickle.hold()"}
"""Row -> what is entered for all tasks together."""
BY_VALUE: Final = "import sqlglot\ncloudpickle.register_pickle_by_value(sqlglot)"
IN_STORE: Final = "store = modulepickle.stores.directory(shared)"

LOADS: Final = """
sys.path[:0] = path
data = read(payload)
begin = clock()
for _ in range(tasks):
    function = pickle.loads(data)
result = clock() - begin
assert function(1) == [1]
"""

DRIVER: Final = """
import contextlib
import {engine}
{start}
sys.path[:0] = [tree, source]
os.chdir(tree)
{extend}
from sqlglot.helper import ensure_list as function
expected = [[each] for each in range(tasks)]
def change():
    with {around}:
        assert {tasks} == expected
    return number
"""
RAY: Final = """
import logging
if native:
    os.environ["PYTHONPATH"] = tree
ray.init(
    num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1",
    _temp_dir=temporary, object_store_memory=100_000_000, logging_level=logging.ERROR,
)
"""
DASK: Final = """
client = distributed.Client(address)
client.wait_for_workers(2, timeout=60)
def see(path):
    import sys
    sys.path.insert(0, path)
if native:
    client.run(see, tree)
    client.run_on_scheduler(see, tree)
"""
NATIVE: Final = "by name, to workers that have the package"
OURS: Final = "modulepickle"
ENGINES: Final = {
    "Dask, `client.map`": (
        "distributed",
        DASK,
        "client.gather(client.map(function, range(tasks), pure=False))",
        {OURS: "import modulepickle\nmodulepickle.extend_dask(client)"},
    ),
    "Ray, `.remote()`": (
        "ray",
        RAY,
        "ray.get([*map(ray.remote(function).remote, range(tasks))])",
        {
            OURS: "import modulepickle\nmodulepickle.extend_ray()",
            HELD: "import modulepickle\nmodulepickle.extend_ray()",
            STORE: "import modulepickle\nmodulepickle.extend_ray(store=True)",
        },
    ),
}
"""Column -> module, start, what does all tasks, and row -> how it is extended."""


def fanout(run: Run) -> list[Figure]:
    """Measure all candidates in turns."""
    package = next(package for package in PACKAGES if package.name == "sqlglot")
    figures = [*_Bytes(run, package).figures()]
    with ExitStack() as stack:
        return [*figures, *_Clusters(run, package, stack).figures()]


class _Bytes:
    """Pickles of one task, made and read by one process each."""

    def __init__(self, run: Run, package: Package) -> None:
        self._run, self._tasks = run, TASKS[run.size]
        home = run.work / "fanout"
        self._tree = package.unzip(home / "tree")
        self._home = home
        self._caches = (home / f"cache{number}" for number in count())
        self._notes: dict[str, str] = {}

    def figures(self) -> Iterator[Figure]:
        """Yield bytes, seconds of all `dumps`, seconds of all `loads`, and bytes on top."""
        self._run.say("fanout: pickles")
        samples = rounds(self._run.rounds, [partial(self._turn, row) for row in DUMPS])
        for row in DUMPS:
            for what, unit in (("bytes", "bytes"), ("dumps", "s"), ("loads", "s")):
                yield self._figure(row, what, unit, samples)
        a_task = [len(self._payload(row).read_bytes()) for row in (STORE, BASE)]
        value, target = a_task[0] - a_task[1], "at most 200 B"
        row = f"{STORE}: bytes a task, on top of pickle"
        yield Figure("fanout", self._column("bytes"), row, value, "bytes", target=target)

    def _figure(self, row: str, what: str, unit: str, samples: Samples) -> Figure:
        base = None if row == BASE else BASE
        taken = samples.get(f"{row} {what}")
        column = self._column(what)
        if not taken:
            return Figure("fanout", column, row, None, unit, base, note=self._notes[row])
        return Figure("fanout", column, row, median(taken), unit, base, samples=tuple(taken))

    def _column(self, what: str) -> str:
        return f"{what}, {self._tasks:,} tasks"

    def _payload(self, row: str) -> Path:
        return self._home / f"payload{[*DUMPS].index(row)}"

    def _turn(self, row: str) -> dict[str, float]:
        dumps, module = DUMPS[row]
        if row in self._notes or not (module == "modulepickle" or not module or installed(module)):
            self._notes.setdefault(row, "not installed")
            return {}
        imports = [f"import {module}"] if module else []
        imports += [BY_VALUE] * row.endswith("by value") + [IN_STORE] * (row == STORE)
        code = SEND.format(imports="\n".join(imports), dumps=dumps, around=AROUND.get(row, NOTHING))
        out, shared = self._payload(row), self._home / "shared"
        try:
            size, taken = send(
                self._run, self._tree, code, tasks=self._tasks, out=out, shared=shared
            )
        except ChildFailed as error:
            self._notes[row] = error.short or str(error).splitlines()[-1].partition(":")[0]
            return {}
        path = [] if module == "modulepickle" else [str(self._tree)]
        if module == "cloudpickle":  # its pickles by value need it
            path += [str(Path(str(find_spec(module).origin)).parents[1])]
        loaded = receive(
            self._run, LOADS, cache=next(self._caches), tasks=self._tasks, payload=out, path=path
        )
        return {f"{row} bytes": size, f"{row} dumps": taken, f"{row} loads": loaded}


class _Clusters:
    """Each candidate's own cluster of two workers, which stays up."""

    def __init__(self, run: Run, package: Package, stack: ExitStack) -> None:
        self._run, self._package, self._stack = run, package, stack
        self._tasks, self._numbers = TASKS[run.size], count(1)
        self._drivers = count()

    def figures(self) -> Iterator[Figure]:
        """Yield a column for each engine."""
        for column, (module, *_, extends) in ENGINES.items():
            if not installed(module):
                yield Figure("fanout: clusters", column, NATIVE, None, "s", note="not installed")
                continue
            turns: list[Callable[[], Mapping[str, float]]] = []
            for row, extend in {NATIVE: "", **extends}.items():
                self._run.say(f"fanout: {column}, {row}")
                turn = partial(self._turn, row, self._driver(column, row, extend))
                turn()  # the first one starts the workers, and imports the package there
                turns.append(turn)
            samples = rounds(self._run.rounds, turns)
            for row, taken in samples.items():
                base, target = (None, "") if row == NATIVE else (NATIVE, "at most 1.15 x")
                yield Figure(
                    "fanout: clusters", f"{column}, {self._tasks:,} tasks", row, median(taken), "s",
                    base, target, samples=tuple(taken),
                )  # fmt: skip

    def _turn(self, row: str, driver: Driver) -> dict[str, float]:
        return {row: driver.edit(next(self._numbers))}

    def _driver(self, column: str, row: str, extend: str) -> Driver:
        module, start, tasks, _ = ENGINES[column]
        number = next(self._drivers)
        tree = self._package.unzip(self._run.work / f"clusters{number}" / "tree")
        given: dict[str, Any] = {"tree": tree, "edited": "/dev/null", "native": row == NATIVE}
        if module == "ray":
            given["temporary"] = self._run.work / f"f{number}"  # short, for the sockets in it
        else:
            given["address"] = dask_cluster(self._stack, tree.parent, workers=2)
        around = AROUND.get(row, NOTHING)
        code = DRIVER.format(engine=module, start=start, extend=extend, tasks=tasks, around=around)
        given |= {"source": self._run.source, "tasks": self._tasks}
        return Driver(self._stack, tree.parent, code, **given)
