"""Dask on one machine: workers that have imported the working tree by themselves, and edits.

What was sent is what runs (R8, R11): not what a worker found when it started, and not what was
edited after the submit.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from frameworks import DaskCluster, drive, require
from receivers import SITE

pytestmark = pytest.mark.engines

LIBRARY = """
import dataclasses, enum, os, time

VERSION = 1

class Color(enum.Enum):
    RED = 1

class Point:
    def __init__(self, x):
        self.x = x

    def version(self):
        return VERSION, self.x

class Points(list):
    pass

@dataclasses.dataclass
class Pair:
    left: object
    right: object

class Wrong(Exception):
    pass

def version(*_):
    return VERSION

def late(seconds):
    time.sleep(seconds)
    from edited import version
    return VERSION, version()

def move(point):
    return Point(point.x + VERSION)

def kinds(*objects):
    return [type(each).version(each)[0] if isinstance(each, Point) else "?" for each in objects]

def fail():
    raise Wrong(VERSION)

def same(first, second):
    return first is second.left and second.right[0] is first and Color.RED is Color(1)
"""

START = f"""
import importlib, pathlib, sys, time, warnings
LIBRARY = {LIBRARY!r}
path = pathlib.Path("edited.py")
if not path.exists():
    path.write_text(LIBRARY)
IMPORTS
import dask
import modulepickle
from distributed import Client, LocalCluster

def edit(version, reload=True):
    path.write_text(LIBRARY.replace("VERSION = 1", f"VERSION = {{version}}"))
    if reload:
        importlib.reload(edited)

def run(client):
    import edited
    modulepickle.extend_dask(client)
    get = lambda *args, **options: client.submit(*args, **options).result(timeout=60)
BODY

if __name__ == "__main__":
CLUSTER
"""

BODY = """
    assert get(edited.version) == 1
    future = client.submit(edited.version)
    edit(2)
    # Another key, although the function has the same name, and the first result is still there.
    assert get(edited.version) == 2 and future.result(timeout=60) == 1
    assert get(lambda: edited.version()) == 2
    assert get(edited.Point(5).version) == (2, 5)
    assert get(edited.kinds, edited.Point(1), "else", pure=False) == [2, "?"]

    # What was submitted before the edit runs what it was submitted with, all of the graph.
    waits = client.map(edited.late, [0.5] * 4, pure=False)
    more = client.submit(edited.kinds, edited.Point(1), waits[-1], pure=False)
    edit(3)
    assert client.gather(waits) == [(2, 2)] * 4 and more.result(timeout=60) == [2, "?"]
    assert client.gather(client.map(edited.version, range(3))) == [3] * 3

    # Results and exceptions come home as this process' classes.
    moved = get(edited.move, edited.Point(1))
    assert type(moved) is edited.Point and moved.version() == (3, 4)
    try:
        get(edited.fail)
    except edited.Wrong as error:
        assert error.args == (3,)
    else:
        raise AssertionError("no error came back")

    # Graphs, collections, futures that are passed on, what is the same object.
    point = edited.Point(7)
    assert get(edited.same, point, edited.Pair(point, [point])) is True
    made = dask.delayed(edited.move)(dask.delayed(edited.move)(point))
    assert type(made.compute()) is edited.Point and dask.compute(made)[0].x == 13
    first = client.submit(edited.move, point)
    edit(4)
    # As in one process: what the code before the edit made is no instance of the new class.
    assert get(edited.kinds, first, pure=False) == ["?"]
    assert client.submit(edited.move, first).result(timeout=60).x == 14
    (many,) = client.scatter([edited.Points([edited.Point(1), edited.Color.RED])])
    back = many.result(timeout=60)
    assert type(back) is edited.Points and back[1] is edited.Color.RED
    assert {*client.run(edited.version).values()} == {4}
    assert client.run_on_scheduler(edited.version) == 4

    # An edit that was not reloaded: what is on disk is sent, and that is said.
    edit(5, reload=False)
    assert edited.version() == 4
    assert get(edited.version) == 5
    text = LIBRARY.replace("return VERSION, self.x", "return 'new', VERSION, self.x")
    path.write_text(text + "\\nclass New:\\n    pass\\n\\ndef new():\\n    return New()\\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", modulepickle.StaleSourceWarning)
        for function in (edited.move, lambda _: edited.new()):
            try:
                print(get(function, point))
            except modulepickle.UnpicklingError as error:
                assert "importlib.reload(edited)" in str(error), error
            else:
                raise AssertionError("no error came back")
        # The class may also have another attribute, field or member.
        for old, new, make in (
            ("(list):", "(list):\\n    K = 1", lambda: edited.Points()),
            ("right: object", "right: object = 1", lambda: edited.Pair(1, 2)),
            ("RED = 1", "RED = 1\\n    BLUE = 2", lambda: edited.Color.RED),
        ):
            path.write_text(LIBRARY)
            importlib.reload(edited)
            assert type(get(make)) is type(make())
            assert old in LIBRARY
            path.write_text(LIBRARY.replace(old, new))
            try:
                print(get(make))
            except modulepickle.UnpicklingError as error:
                assert "importlib.reload(edited)" in str(error), error
            else:
                raise AssertionError(f"no error came back: {old}")
        path.write_text(text + "\\nclass New:\\n    pass\\n\\ndef new():\\n    return New()\\n")
        importlib.reload(edited)
    assert get(edited.move, edited.Point(1)).version() == ("new", 1, 2)
    assert type(get(edited.new)) is edited.New

    # What cannot be imported there fails in its task, and the next one runs.
    half = "import os\\nif not os.path.exists('here'):\\n    raise RuntimeError('half')\\n"
    path.write_text(half + LIBRARY)
    pathlib.Path("here").write_text("")
    importlib.reload(edited)
    pathlib.Path("here").unlink()
    for function, arguments in ((edited.version, ()), (str, (edited.Point(1),))):
        try:
            print(get(function, *arguments))
        except RuntimeError as error:
            assert error.args == ("half",), error
        else:
            raise AssertionError("no error came back")
    edit(6)
    assert get(edited.version) == 6
    print("all checks passed")
"""

LOCAL = """
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            run(client)
"""
CLUSTER = """
    import os, distributed
    with Client(os.environ["ADDRESS"]) as client:
        client.wait_for_workers(2, timeout=60)
        run(client)
"""
TOP = "import edited"


def driver(body: str, cluster: str, imports: str) -> str:
    code = START.replace("BODY", body).replace("CLUSTER", cluster)
    return code.replace("IMPORTS", imports)


@pytest.mark.parametrize("imports", [TOP, "edited = None"], ids=["at the top", "in the main part"])
def test_r08_r11_a_local_cluster_runs_what_was_sent(tmp_path: Path, imports: str) -> None:
    require("dask")
    if imports != TOP:
        imports = "if __name__ == '__main__':\n    import edited"
    out = drive(tmp_path, driver(BODY, LOCAL, imports), script=True)
    assert "all checks passed" in out


@pytest.mark.parametrize("library", [True, False], ids=["with the library", "without it"])
def test_r08_r11_workers_started_in_the_tree(tmp_path: Path, library: bool) -> None:
    require("dask")
    tree = tmp_path / "tree"
    tree.mkdir()
    # An older copy than that of the client is what the workers have imported, one of them.
    (tree / "edited.py").write_text(LIBRARY.replace("VERSION = 1", "VERSION = 0"))
    with ExitStack() as stack:
        made = DaskCluster(tmp_path, stack)
        made.env["PYTHONPATH"] = f"{SITE if library else made.env['STUB']}:{tree}"
        made.options = ["--preload", "edited"]
        made.worker("a")
        made.worker("b")
        code = WAIT + driver(OLDER + BODY, CLUSTER, TOP)
        out = drive(tmp_path, code, script=True, ADDRESS=made.address)
    assert "all checks passed" in out


WAIT = """
import os, pathlib
from distributed import Client
with Client(os.environ["ADDRESS"]) as waiting:
    waiting.wait_for_workers(2, timeout=60)
pathlib.Path("edited.py").unlink()  # the workers have imported it
"""

OLDER = """
    have = "__import__('sys').modules['edited'].VERSION"
    assert {*client.run(eval, have).values()} == {0}
"""

ASYNCHRONOUS = """
    import asyncio
    async def main():
        async with LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, asynchronous=True
        ) as cluster:
            async with Client(cluster, asynchronous=True) as client:
                modulepickle.extend_dask(client)
                assert await client.submit(edited.version) == 1
                future = client.submit(edited.late, 0.5)
                edit(2)
                assert await client.submit(edited.version) == 2 and await future == (1, 1)
                moved = await client.submit(edited.move, edited.Point(1))
                assert type(moved) is edited.Point and moved.x == 3
                assert await client.gather(client.map(edited.version, range(3))) == [2] * 3
                assert {*(await client.run(edited.version)).values()} == {2}
                (many,) = await client.scatter([edited.Points([1])])
                assert type(await many) is edited.Points
                edit(3)
                assert {*(await client.run(edited.version)).values()} == {3}
                assert await client.compute(dask.delayed(edited.version)()) == 3
                n = 4
                assert await client.submit(lambda: edited.version() + n) == 7
    asyncio.run(main())
    print("all checks passed")
"""


def test_an_asynchronous_client(tmp_path: Path) -> None:
    require("dask")
    code = driver("    pass", ASYNCHRONOUS, TOP)
    assert "all checks passed" in drive(tmp_path, code, script=True)


INSIDE = """
    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            modulepickle.extend_dask(client)
            point = edited.Point(1)
            assert type(client.submit(lambda each: each, point).result(timeout=60)) is edited.Point
            edit(2)
            assert client.submit(edited.version).result(timeout=60) == 2
    print("all checks passed")
"""


def test_a_cluster_inside_the_process_runs_what_the_process_has(tmp_path: Path) -> None:
    require("dask")
    out = drive(tmp_path, driver("    pass", INSIDE, TOP), script=True)
    assert "all checks passed" in out


TASKS_OF_TASKS = """
    def outer(n):
        from distributed import worker_client
        import edited
        with worker_client() as inner:
            moved = inner.submit(edited.move, edited.Point(n))
            return inner.submit(edited.kinds, moved, pure=False).result(timeout=60)
    assert get(outer, 1) == [1]
    edit(2)
    assert get(outer, 1, pure=False) == [2]
    print("all checks passed")
"""


def test_tasks_that_submit_tasks(tmp_path: Path) -> None:
    require("dask")
    out = drive(tmp_path, driver(TASKS_OF_TASKS, LOCAL, TOP), script=True)
    assert "all checks passed" in out


COLLECTIONS = """
    import dask.bag
    bag = dask.bag.from_sequence([edited.Point(x) for x in range(4)], npartitions=2)
    kept = bag.map(edited.move).persist()
    assert [each.x for each in kept.compute()] == [1, 2, 3, 4]
    edit(2)
    assert [each.x for each in bag.map(edited.move).compute()] == [2, 3, 4, 5]
    assert kept.filter(lambda each: each.x > 2).map(lambda each: each.version()[0]).compute()
    assert bag.fold(lambda a, b: edited.Point(a.x + b.x)).compute().x == 6
    versions = "[*__import__('sys')._modulepickle_registry.peer.snapshots]"
    for version in range(3, 30):
        edit(version)
        assert get(edited.version) == version
    # A worker keeps some versions, and those with which somebody still holds a result.
    (kept_there,) = {len(each) for each in client.run(eval, versions).values()}
    assert 3 <= kept_there <= 10, kept_there
    print("all checks passed")
"""


def test_collections_and_how_long_a_version_is_kept(tmp_path: Path) -> None:
    require("dask")
    code = driver(COLLECTIONS, LOCAL, TOP)
    assert "all checks passed" in drive(tmp_path, code, script=True)
