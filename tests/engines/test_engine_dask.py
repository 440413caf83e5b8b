"""Dask: a scheduler and two workers that have neither the working tree nor the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from frameworks import CHECKS, DaskCluster, drive, require

pytestmark = pytest.mark.engines


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    require("dask")
    with ExitStack() as stack:
        made = DaskCluster(tmp_path, stack)
        made.worker("a")
        made.worker("b")
        try:
            yield made
        finally:
            for log in tmp_path.glob("*.log"):
                print(log.name, log.read_text(errors="backslashreplace")[-3000:], sep="\n")


START = (
    CHECKS
    + """
import os, sys, time
import distributed, modulepickle
client = distributed.Client(os.environ["ADDRESS"])
client.wait_for_workers(2, timeout=60)
for where in (client.run, client.run_on_scheduler):
    for name in ("helpers", "sizes", "modulepickle"):
        seen = where(sees, name)
        assert not any(seen.values() if isinstance(seen, dict) else [seen]), (name, seen)

turn = 0
def call(f, *args):
    global turn
    turn += 1
    return client.submit(f, *args, workers="ab"[turn % 2], pure=False).result(timeout=60)
"""
)
# A result of one worker is the argument of a task on the other.
SECOND_HOP = """
one = client.submit(helpers.move, helpers.Point(1), workers="a", pure=False)
two = client.submit(helpers.move, one, workers="b", pure=False)
got = two.result(timeout=60)
assert type(got) is helpers.Point and got.x == 3
print("second hop passed")
"""


def test_the_cluster_sees_the_working_tree_and_its_edits(
    tmp_path: Path, cluster: DaskCluster
) -> None:
    code = f"{START}\nextension = modulepickle.extend_dask(client)\ncheck(call, absent=())"
    out = drive(tmp_path, code + SECOND_HOP, ADDRESS=cluster.address)
    assert "all checks passed" in out
    assert "second hop passed" in out


def test_graphs_collections_and_late_workers(tmp_path: Path, cluster: DaskCluster) -> None:
    code = f"""{START}
import dask
modulepickle.extend_dask(client)
points = [helpers.Point(x) for x in range(4)]
assert client.gather(client.map(helpers.double, points)) == ["0 km", "2 km", "4 km", "6 km"]
made = dask.delayed(helpers.move)(dask.delayed(helpers.move)(helpers.Point(1)))
assert dask.compute(made)[0].x == 3
scattered = client.scatter(helpers.Point(5), broadcast=True)
assert client.submit(helpers.double, scattered).result(timeout=60) == "10 km"
pathlib.Path("sizes.py").write_text("UNIT = 'miles'")
assert dask.compute(dask.delayed(helpers.double)(helpers.Point(1)))[0] == "2 miles"
open("../edited", "w").close()
client.wait_for_workers(3, timeout=60)
late = client.submit(helpers.double, helpers.Point(2), workers="late", pure=False)
assert late.result(timeout=60) == "4 miles"
print("all checks passed")
"""
    import threading

    def start_late() -> None:
        while not (tmp_path / "edited").exists() and not done.wait(0.1):
            pass
        if not done.is_set():
            cluster.worker("late")

    done = threading.Event()
    thread = threading.Thread(target=start_late)
    thread.start()
    try:
        assert "all checks passed" in drive(tmp_path, code, ADDRESS=cluster.address)
    finally:
        done.set()
        thread.join()


def test_what_a_worker_had_in_use_is_imported_again_at_once(
    tmp_path: Path, cluster: DaskCluster
) -> None:
    code = f"""{START}
modulepickle.extend_dask(client)
MODULES = "sorted(__import__('sys').modules.keys() & dict(helpers=0, sizes=0, other=0))"
pathlib.Path("other.py").write_text("")
import other  # it travels, and nobody imports it there
def everywhere(names):
    deadline = time.monotonic() + 60
    seen = []
    while seen != [names] * 2 and time.monotonic() < deadline:
        seen = [*client.run(eval, MODULES).values()]
    assert seen == [names] * 2, seen
everywhere([])
assert [call(helpers.double, helpers.Point(1)) for _ in "ab"] == ["2 km"] * 2
everywhere(["helpers", "sizes"])
sizes = pathlib.Path("sizes.py")
sizes.write_text("raise RuntimeError('half an edit')")
everywhere(["helpers"])
try:
    call(helpers.double, helpers.Point(1))
except RuntimeError as error:
    assert error.args == ("half an edit",)
else:
    raise AssertionError("no error came back")
sizes.write_text("UNIT = 'miles'")
everywhere(["helpers"])
assert [call(helpers.double, helpers.Point(1)) for _ in "ab"] == ["2 miles"] * 2
sizes.write_text("UNIT = 'yards'")
everywhere(["helpers", "sizes"])
assert call(helpers.double, helpers.Point(1)) == "2 yards"
print("all checks passed")
"""
    assert "all checks passed" in drive(tmp_path, code, ADDRESS=cluster.address)


def test_an_edit_that_was_not_reloaded_is_told(tmp_path: Path, cluster: DaskCluster) -> None:
    code = f"""{START}
import importlib, pathlib, warnings, helpers
modulepickle.extend_dask(client)
def told():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(helpers.double, helpers.Point(1))
    return [(each.category.__name__, str(each.message), each.filename) for each in caught]
assert told() == []
path = pathlib.Path(helpers.__file__)
path.write_text(path.read_text() + "\\nMORE = 1\\n")
assert told() == []
text = path.read_text().replace("def double(", "def other(")
path.write_text(text + "\\ndef double(point):\\n    return 7\\n")
((category, text, where),) = told()
assert category == "StaleSourceWarning" and where.endswith("driver.py"), where
assert text.startswith("helpers.double is not what its file says now: "), text
importlib.reload(helpers)
assert told() == []
print("all checks passed")
"""
    out = drive(tmp_path, code, script=True, ADDRESS=cluster.address)
    assert "all checks passed" in out


def test_undo(tmp_path: Path, cluster: DaskCluster) -> None:
    code = f"""{START}
import cloudpickle
before = sorted(vars(client)), cloudpickle.dumps(helpers.double)
with modulepickle.extend_dask(client):
    assert call(helpers.double, helpers.Point(1)) == "2 km"
    with modulepickle.extend_dask(client):
        assert call(helpers.double, helpers.Point(1)) == "2 km"
    pathlib.Path("sizes.py").write_text("UNIT = 'miles'")
    assert call(helpers.double, helpers.Point(1)) == "2 miles"
assert (sorted(vars(client)), cloudpickle.dumps(helpers.double)) == before
assert call(len, "abc") == 3
print("all checks passed")
"""
    assert "all checks passed" in drive(tmp_path, code, ADDRESS=cluster.address)


def test_by_hand_with_preload(tmp_path: Path, cluster: DaskCluster) -> None:
    code = f"""{START}
install = modulepickle.preload(helpers)
client.run_on_scheduler(install)
client.register_worker_callbacks(install)
assert call(helpers.double, helpers.Point(1)) == "2 km"
{SECOND_HOP}"""
    assert "second hop passed" in drive(tmp_path, code, ADDRESS=cluster.address)


def test_each_version_is_installed_once_and_tasks_go_by_name(
    tmp_path: Path, cluster: DaskCluster
) -> None:
    code = f"""{START}
import pickle
from distributed.protocol import pickle as theirs
installed, install = [], client.run_on_scheduler

def counting(function, *args, **options):
    installed.append(len(pickle.dumps(function)))
    return install(function, *args, **options)

client.run_on_scheduler = counting
modulepickle.extend_dask(client)
numbers = client.map(lambda x: helpers.Point(x), range(100), pure=False)
assert client.gather(client.map(helpers.double, numbers))[99] == "198 km"
assert [call(helpers.double, helpers.Point(3)) for _ in range(20)] == ["6 km"] * 20
assert len(installed) == 1, installed
assert theirs.dumps(helpers.double) == pickle.dumps(helpers.double, 5)
assert len(theirs.dumps(helpers.double)) < 100 < installed[0]
print("installed once")
"""
    assert "installed once" in drive(tmp_path, code, ADDRESS=cluster.address)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_code_that_could_not_be_installed_is_installed_at_the_next_submit(
    tmp_path: Path, cluster: DaskCluster, error: type[BaseException]
) -> None:
    code = f"""
{START}
import helpers
real, errors = client.register_plugin, [{error.__name__}("once")]
def register_plugin(*args, **options):
    if errors:
        raise errors.pop()
    return real(*args, **options)
client.register_plugin = register_plugin
modulepickle.extend_dask(client)
try:
    call(helpers.move, helpers.Point(1))
except {error.__name__}:
    assert not errors
    assert [call(helpers.move, helpers.Point(1)).x for _ in range(4)] == [2] * 4
    print("all checks passed")
"""
    assert "all checks passed" in drive(tmp_path, code, ADDRESS=cluster.address)
