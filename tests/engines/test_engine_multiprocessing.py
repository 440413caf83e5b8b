"""multiprocessing and concurrent.futures, with `spawn` and `forkserver`."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import CHECKS, HIDDEN, drive

pytestmark = pytest.mark.engines

START = (
    HIDDEN
    + CHECKS
    + """
import concurrent.futures, multiprocessing, multiprocessing.spawn, sys
import modulepickle

def pool(method, **options):
    hide(multiprocessing.spawn, [here, library])
    return multiprocessing.get_context(method).Pool(2, **options)

def executor(method, **options):
    hide(multiprocessing.spawn, [here, library])
    context = multiprocessing.get_context(method)
    return concurrent.futures.ProcessPoolExecutor(2, mp_context=context, **options)
"""
)
METHODS = ["spawn", "forkserver"]


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_with_the_patch(tmp_path: Path, method: str) -> None:
    code = f"""{START}
modulepickle.extend_multiprocessing()
with pool({method!r}) as workers:
    check(lambda f, *args: workers.apply(f, args))
"""
    assert "all checks passed" in drive(tmp_path, code)


@pytest.mark.parametrize("method", METHODS)
def test_an_executor_with_the_patch(tmp_path: Path, method: str) -> None:
    code = f"""{START}
modulepickle.extend_multiprocessing()
with executor({method!r}) as workers:
    check(lambda f, *args: workers.submit(f, *args).result())
"""
    assert "all checks passed" in drive(tmp_path, code)


@pytest.mark.parametrize("method", METHODS)
def test_a_script_keeps_its_own_functions_and_classes(tmp_path: Path, method: str) -> None:
    code = f"""{START}
class Local:
    def __init__(self, x):
        self.x = x

def make(local):
    return Local(local.x + 1)

if __name__ == "__main__":
    modulepickle.extend_multiprocessing()
    with pool({method!r}) as workers:
        made = workers.apply(make, (Local(1),))
        assert type(made) is Local and made.x == 2
        assert workers.apply(lambda f: f().x, (lambda: Local(5),)) == 5
        print("all checks passed")
"""
    code = code.replace("import pathlib, helpers", "import pathlib").replace(
        "import modulepickle\n", 'if __name__ == "__main__":\n    import modulepickle\n', 1
    )
    assert "all checks passed" in drive(tmp_path, code, script=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_stock_pool_with_preload_and_wrap(tmp_path: Path, method: str) -> None:
    code = f"""{START}
wrap = modulepickle.wrap
with pool({method!r}) as workers:
    check(lambda f, *args: workers.apply(wrap(f), tuple(map(wrap, args))))
with executor({method!r}, initializer=modulepickle.preload(helpers)) as workers:
    points = [helpers.Point(x) for x in range(8)]
    assert [*workers.map(helpers.double, points)] == [f"{{3 * x}} miles" for x in range(8)]
    print("and by name")
"""
    assert "and by name" in drive(tmp_path, code)


def test_the_second_hop_by_a_manager(tmp_path: Path) -> None:
    code = f"""{START}
modulepickle.extend_multiprocessing()
hide(multiprocessing.spawn, [here, library])
context = multiprocessing.get_context("spawn")
hook = modulepickle.preload(helpers)
with context.Manager() as manager, pool("spawn", initializer=hook) as workers:
    shared = manager.dict()
    shared["point"] = helpers.Point(1)
    # From here to the manager, from there to a worker, and all the way back.
    move = lambda shared: shared.update(moved=helpers.move(shared["point"]))
    workers.apply(move, (shared,))
    assert type(shared["moved"]) is helpers.Point and shared["moved"].x == 2
    print("all checks passed")
"""
    assert "all checks passed" in drive(tmp_path, code)
