"""From saving an edit to having the result of the new code, on clusters that are warm.

The working tree is sqlglot, and the edit is in one of its files, not that of the function which is
called. Beside: what the peers do about it, each on a cluster of its own; and what no way is spared,
the import of the package where its bytecode is there, and the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks._children import ChildFailed, installed, receive
from benchmarks._clusters import Driver, dask_cluster
from benchmarks._figures import Figure, Run, Samples, median, rounds
from benchmarks._trees import PACKAGES, Package

__all__ = ["loop"]

TARGET: Final = "at most 60 ms"
UNWRITTEN: Final = "import, no bytecode there"
IMPORT: Final = "import, bytecode there"
CALL: Final = "the call"
BASE: Final = "import, bytecode there, and the call"
OURS: Final = "modulepickle"
ON_TOP: Final = "modulepickle, on top of import and call"

TASK: Final = '''
"""What the cluster is asked to do; it says of which edit the code is."""
import sqlglot
from sqlglot import schema

QUERY = """
SELECT a.x, SUM(b.y) AS total FROM a JOIN b ON a.id = b.id
WHERE a.d > '2020-01-01' AND b.kind IN ('p', 'q')
GROUP BY a.x HAVING SUM(b.y) > 10 ORDER BY total DESC LIMIT 5
"""

def run():
    for _ in range(50):
        sqlglot.transpile(QUERY, pretty=True)
    return schema.EDIT
'''

NATIVE: Final = """
sys.path.insert(0, tree)
sys.dont_write_bytecode = unwritten
begin = clock()
import sqlglot.task
middle = clock()
assert sqlglot.task.run() == 0
result = [middle - begin, clock() - middle]
"""

# The tree comes last, when the cluster is there: workers of Ray get the driver's `sys.path`.
DRIVER: Final = """
import importlib
import {engine}
{start}
sys.path[:0] = [tree, source]
os.chdir(tree)
import sqlglot.schema, sqlglot.task
def by_value():
    from sqlglot.task import run
    return run()
{change}
"""

START: Final = {
    "ray": """
import logging
ray.init(
    num_cpus=1, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1",
    _temp_dir=temporary, object_store_memory=100_000_000, logging_level=logging.ERROR,
)
""",
    "distributed": """
client = distributed.Client(address)
client.wait_for_workers(1, timeout=60)
""",
}

CHANGES: Final[dict[tuple[str, str], str]] = {
    ("Ray", OURS): """
import modulepickle
modulepickle.extend_ray()
def change():
    return ray.get(ray.remote(sqlglot.task.run).remote())
""",
    ("Ray", "`runtime_env={'working_dir': ...}`"): """
import shutil
def change():
    # A task takes no folder, but an address: here a file that each host has.
    name = f"{tree}-{number}"
    path = shutil.make_archive(name, "zip", os.path.dirname(tree), "tree")
    environment = {"working_dir": f"file://{path}"}
    return ray.get(ray.remote(by_value).options(runtime_env=environment).remote())
""",
    ("Dask", OURS): """
import modulepickle
modulepickle.extend_dask(client)
def change():
    return client.submit(sqlglot.task.run, pure=False).result()
""",
    ("Dask", "`client.upload_file` of a zip, and `sys.modules` purged"): """
import shutil
def forget():  # by itself, `upload_file` reloads the package, but none of its modules
    import sys
    for name in [*sys.modules]:
        if name.partition(".")[0] == "sqlglot":
            del sys.modules[name]
def change():
    path = shutil.make_archive("../sqlglot", "zip", tree, "sqlglot")
    client.run_on_scheduler(forget)
    client.run(forget)
    client.upload_file(path)
    return client.submit(sqlglot.task.run, pure=False).result()
""",
    ("Dask", "`UploadDirectory(restart_workers=True)`"): """
from distributed.diagnostics.plugin import UploadDirectory
def change():
    client.register_plugin(UploadDirectory(tree, restart_workers=True, update_path=True))
    return client.submit(by_value, pure=False).result()
""",
    ("Dask", "`cloudpickle.register_pickle_by_value`"): """
import cloudpickle
cloudpickle.register_pickle_by_value(sqlglot)
def change():
    importlib.reload(sqlglot.schema)
    return client.submit(lambda: sqlglot.task.run(), pure=False).result()
""",
}
"""Engine and row -> what a driver does after an edit."""

ENGINES: Final = {"Ray": "ray", "Dask": "distributed"}


def loop(run: Run) -> list[Figure]:
    """Measure all candidates in turns."""
    package = next(package for package in PACKAGES if package.name == "sqlglot")
    with ExitStack() as stack:
        made = _Loop(run, package, stack)
        samples = rounds(run.rounds, [made.native, *made.candidates.values()])
        return made.figures(samples)


class _Loop:
    """The candidates: their trees, and the drivers that are warm.

    Attributes:
        candidates: engine and row -> its turn.
        failed: engine and row -> why there is none.
    """

    def __init__(self, run: Run, package: Package, stack: ExitStack) -> None:
        self._run, self._package, self._stack = run, package, stack
        self._numbers = count(1)
        self._native = self._tree("native")
        self._bare = self._tree("bare")
        self.failed: dict[tuple[str, str], str] = {}
        self.candidates: dict[tuple[str, str], Callable[[], Mapping[str, float]]] = {}
        self.native()  # writes the bytecode
        for (engine, row), change in CHANGES.items():
            if not installed(ENGINES[engine]):
                self.failed[engine, row] = "not installed"
                continue
            run.say(f"loop: {engine}, {row}")
            try:
                turn = partial(self._turn, engine, row, self._driver(engine, row, change))
                turn(), turn()  # the first edit that a warm worker sees is the second one
                self.candidates[engine, row] = turn
            except ChildFailed as error:
                run.say(str(error))
                self.failed[engine, row] = error.short

    def _tree(self, name: str) -> Path:
        tree = self._package.unzip(self._run.work / "loop" / name / "tree")
        (tree / "sqlglot/task.py").write_text(TASK, encoding="utf-8")
        with (tree / self._package.edited).open("a") as file:
            file.write("EDIT = 0\n")
        return tree

    def _driver(self, engine: str, row: str, change: str) -> Driver:
        tree = self._tree(f"{engine}{len(self.candidates) + len(self.failed)}")
        given: dict[str, Any] = {"tree": tree, "edited": tree / self._package.edited}
        if engine == "Ray":
            # Sockets in it: their paths must be short.
            given["temporary"] = self._run.work / f"r{len(self.candidates)}"
        else:
            given["address"] = dask_cluster(self._stack, tree.parent, nanny="restart" in row)
        module = ENGINES[engine]
        code = DRIVER.format(engine=module, start=START[module], change=change)
        return Driver(self._stack, tree.parent, code, source=self._run.source, **given)

    def _turn(self, engine: str, row: str, driver: Driver) -> dict[str, float]:
        return {f"{engine} {row}": driver.edit(next(self._numbers))}

    def native(self) -> dict[str, float]:
        """Measure what no candidate is spared."""
        cold, _ = receive(self._run, NATIVE, tree=self._bare, unwritten=True)
        taken, call = receive(self._run, NATIVE, tree=self._native, unwritten=False)
        return {UNWRITTEN: cold, IMPORT: taken, CALL: call, BASE: taken + call}

    def figures(self, samples: Samples) -> list[Figure]:
        """Return the table: a column for each engine."""
        found = []
        for engine in ENGINES:
            native = (UNWRITTEN, IMPORT, CALL, BASE)
            found += [_figure(engine, what, samples[what]) for what in native]
            for each, row in CHANGES:
                if each == engine and (each, row) in self.failed:
                    found.append(
                        Figure("loop", engine, row, None, "s", BASE, note=self.failed[each, row])
                    )
                elif each == engine:
                    found += _compared(engine, row, samples)
        return found


def _figure(
    engine: str, what: str, taken: Any, base: str | None = None, target: str = ""
) -> Figure:
    return Figure("loop", engine, what, median(taken), "s", base, target, samples=tuple(taken))


def _compared(engine: str, row: str, samples: Samples) -> list[Figure]:
    taken = samples[f"{engine} {row}"]
    found = [_figure(engine, row, taken, BASE)]
    if row == OURS:
        on_top = [ours - floor for ours, floor in zip(taken, samples[BASE])]
        found.append(_figure(engine, ON_TOP, on_top, target=TARGET))
    return found
