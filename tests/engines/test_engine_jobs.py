"""Calls that make many tasks, and tasks that wait: the tree as it was at the user's call."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import drive, require

pytestmark = pytest.mark.engines

START = """
import functools, importlib, multiprocessing, os, pathlib, sys, threading, time
import concurrent.futures
import helpers, modulepickle

def write(version):
    text = "def version(*_): return {0}\\nclass Base:\\n    def version(self): return {0}"
    pathlib.Path("edited.py").write_text(text.format(version))

looks = []
def watch():
    "Note each look at the working tree from now on."
    here = os.getcwd()
    for name in ("stat", "lstat", "scandir", "listdir"):
        def call(path, *args, real=getattr(os, name), **options):
            if str(path).startswith(here):
                looks.append(path)
            return real(path, *args, **options)
        setattr(os, name, call)

def counted(call):
    "How often a call looks, from its beginning until it has its results."
    looks.clear()
    call()
    return len(looks)

def check(map):
    "`map(function, items)` gives each item to a task."
    few, many = list(range(3)), list(range(60))
    for _ in range(2):
        assert map(edited.version, few) == [1] * 3
    watch()
    first, second = [counted(lambda: map(edited.version, items)) for items in (few, many)]
    # Not one more a task; a file that has just been written may be looked at twice.
    assert 0 < second < first + 20, (first, second)
    time.sleep(0.01)
    write(2)
    importlib.reload(edited)
    assert map(edited.version, many) == [2] * 60
    print("all checks passed")

def wait(path):
    while not os.path.exists(path):
        time.sleep(0.02)

def check_waiting(submit):
    "`submit(function, *args)` returns what returns the result, of a pool with one worker."
    gate = os.path.abspath("gate")
    held = submit(wait, gate)
    waiting = [submit(edited.version, n) for n in range(20)]
    lambdas = [submit(lambda n: edited.version(n), n) for n in range(20)]
    write(2)
    importlib.reload(edited)
    after = submit(edited.version)
    write(3)
    importlib.reload(edited)
    pathlib.Path(gate).write_text("")
    held()
    assert [each() for each in waiting + lambdas] == [1] * 40
    assert after() == 2 and submit(edited.version)() == 3
    print("all checks passed")

if __name__ == "__main__":  # and not in the children, which import this file
    write(1)
sys.path.insert(0, "")
import edited
if __name__ == "__main__":
"""

POOL = """
    modulepickle.extend_multiprocessing()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        check(lambda f, items: {})
"""
EXECUTOR = """
    modulepickle.extend_multiprocessing()
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        check(lambda f, items: list(pool.map(f, items)))
"""
PARALLEL = """
    from joblib import Parallel, delayed
    from joblib.externals.loky import set_loky_pickler
    set_loky_pickler("modulepickle")
    check(lambda f, items: Parallel(n_jobs=2, batch_size=1)(delayed(f)(x) for x in items))
"""
DASK = """
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            modulepickle.extend_dask(client)
            check(lambda f, items: client.gather(client.map(f, items, pure=False)))
"""
DILL = """
    import multiprocess
    modulepickle.extend_dill()
    with multiprocess.get_context("spawn").Pool(2) as pool:
        check(lambda f, items: pool.map(f, items, chunksize=1))
"""
CALLS = {
    "Pool.map": ("pickle", POOL.format("pool.map(f, items, chunksize=1)")),
    "Pool.imap": ("pickle", POOL.format("list(pool.imap(f, items))")),
    "Pool.starmap": ("pickle", POOL.format("pool.starmap(f, [(x,) for x in items], chunksize=1)")),
    "Executor.map": ("pickle", EXECUTOR),
    "Parallel": ("joblib", PARALLEL),
    "multiprocess": ("multiprocess", DILL),
    "Client.map": ("dask", DASK),
}


@pytest.mark.parametrize("call", CALLS)
def test_one_call_looks_at_the_tree_once(tmp_path: Path, call: str) -> None:
    module, code = CALLS[call]
    require(module)
    assert "all checks passed" in drive(tmp_path, START + code, script=True)


WAITING = {
    "Pool": """
    modulepickle.extend_multiprocessing()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        check_waiting(lambda f, *args: pool.apply_async(f, args).get)
""",
    "Executor": """
    modulepickle.extend_multiprocessing()
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        check_waiting(lambda f, *args: pool.submit(f, *args).result)
""",
    "multiprocess": """
    import multiprocess
    modulepickle.extend_dill()
    with multiprocess.get_context("spawn").Pool(1) as pool:
        check_waiting(lambda f, *args: pool.apply_async(f, args).get)
""",
    "loky": """
    import loky
    loky.set_loky_pickler("modulepickle")
    with loky.ProcessPoolExecutor(1) as pool:
        check_waiting(lambda f, *args: pool.submit(f, *args).result)
""",
    "executorlib": """
    from executorlib import SingleNodeExecutor
    modulepickle.extend_cloudpickle()
    with SingleNodeExecutor(max_workers=1, block_allocation=True) as pool:
        check_waiting(lambda f, *args: pool.submit(f, *args).result)
""",
    "Dask": """
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            modulepickle.extend_dask(client)
            check_waiting(lambda f, *args: client.submit(f, *args, pure=False).result)
""",
}


@pytest.mark.parametrize("engine", WAITING)
def test_r05_what_was_submitted_before_an_edit_runs_what_was_submitted(
    tmp_path: Path, engine: str
) -> None:
    require({"Dask": "dask"}.get(engine, engine if engine == "multiprocess" else "pickle"))
    assert "all checks passed" in drive(tmp_path, START + WAITING[engine], script=True)


def test_undo_lets_tasks_be_as_they_were(tmp_path: Path) -> None:
    code = """
import multiprocessing.pool, concurrent.futures.process as process
import modulepickle
from multiprocessing.reduction import ForkingPickler
classes = multiprocessing.pool.Pool, process.ProcessPoolExecutor, ForkingPickler
before = [dict(vars(each)) for each in classes]
one, two = modulepickle.extend_multiprocessing(), modulepickle.extend_multiprocessing()
assert all(dict(vars(each)) != was for each, was in zip(classes, before))
one.undo(); one.undo()
assert all(dict(vars(each)) != was for each, was in zip(classes, before))
two.undo()
assert all(dict(vars(each)) == was for each, was in zip(classes, before))
with modulepickle.extend_multiprocessing():
    with multiprocessing.pool.ThreadPool(1) as pool:
        f = lambda x: x
        assert pool.apply(lambda: f) is f and pool.map(f, [f]) == [f]
print("all checks passed")
"""
    assert "all checks passed" in drive(tmp_path, code)


STOCK = {
    "mpi4py": "from mpi4py.MPI import pickle\n"
    "from mpi4py.futures import MPIPoolExecutor as changed",
    "ipyparallel": "import ipyparallel.serialize.serialize as home\n"
    "from ipyparallel import DirectView as changed\nfrom types import SimpleNamespace\n"
    "pickle = SimpleNamespace(dumps=lambda f: home.serialize_object(f)[0])",
}


@pytest.mark.parametrize("engine", STOCK)
def test_undo_gives_back_the_functions_of_pickle(tmp_path: Path, engine: str) -> None:
    require(engine)
    code = f"""
import helpers, modulepickle
{STOCK[engine]}
before, plain = dict(vars(changed)), pickle.dumps(helpers.double)
one, two = modulepickle.extend_{engine}(), modulepickle.extend_{engine}()
assert repr(one) == "<modulepickle extends {engine}; undo() ends it>"
one.undo()
one.undo()
assert repr(one) == "<modulepickle: undone>"
assert dict(vars(changed)) != before and len(pickle.dumps(helpers.double)) > len(plain) + 1000
two.undo()
assert dict(vars(changed)) == before and pickle.dumps(helpers.double) == plain
with modulepickle.extend_{engine}():
    assert len(pickle.dumps(helpers.double)) > len(plain) + 1000
assert pickle.dumps(helpers.double) == plain
print("all checks passed")
"""
    assert "all checks passed" in drive(tmp_path, code)


SCRIPT = """
class Own:
    def __init__(self):
        self.x = edited.version()

def direct():
    return edited.version()

def indirect():
    return direct()

def imports():
    import edited
    return edited.version()

def makes():
    return Own().x

def imported():
    return version()

def state():
    return STATE

def put(value):
    global STATE
    STATE = value

class Derived(edited.Base):
    pass

class Bad(Exception):
    pass

def derive():
    return Derived()

def fail():
    raise Bad(edited.version())

STATE = "nothing"
from edited import version

def check_classes(call, version):
    made = call(derive)
    assert type(made) is Derived and made.version() == version
    try:
        call(fail)
    except Bad as error:
        assert error.args == (version,)
    else:
        raise AssertionError("no error came back")

def check_script(make_pool, call):
    with make_pool(initializer=put, initargs=("put",)) as pool:
        uses = direct, indirect, imports, makes, imported
        assert [call(pool, each) for each in uses] == [1] * 5
        # What goes by name is the child's own, and sees what was put there.
        assert call(pool, state) == "put"
        check_classes(lambda f: call(pool, f), 1)
        time.sleep(0.01)
        write(2)
        importlib.reload(edited)
        globals()["version"] = edited.version
        class Again(edited.Base):
            pass
        Again.__qualname__ = Again.__name__ = "Derived"
        globals()["Derived"] = Again
        check_classes(lambda f: call(pool, f), 2)
        assert [call(pool, each) for each in uses] == [2] * 5
        assert call(pool, state) == "put"
        with make_pool(initializer=put, initargs=("more",)) as other:
            assert [call(other, each) for each in uses] == [2] * 5
            assert call(other, state) == "more"
    print("all checks passed")
"""

SCRIPTS = {
    f"{name}, {method}": f"""
    modulepickle.extend_multiprocessing()
    context = multiprocessing.get_context("{method}")
    class Guarded(edited.Base):
        pass
    def guard():
        return Guarded()
    make_pool, call = {code}
    with make_pool() as pool:  # of which a child that was spawned finds nothing in its `__main__`
        made = call(pool, guard)
        assert type(made) is Guarded and made.version() == 1
    check_script(make_pool, call)
"""
    for method in ("spawn", "forkserver", "fork")
    for name, code in {
        "Pool": "functools.partial(context.Pool, 1), lambda pool, f: pool.apply(f)",
        "Executor": "functools.partial(concurrent.futures.ProcessPoolExecutor, 1,"
        " mp_context=context), lambda pool, f: pool.submit(f).result()",
    }.items()
}


@pytest.mark.parametrize("pool", SCRIPTS)
def test_r05_functions_of_the_script_see_what_was_edited_since_the_pool_was_made(
    tmp_path: Path, pool: str
) -> None:
    start = START[: START.rindex('if __name__ == "__main__":')]
    code = f'{start}{SCRIPT}\nif __name__ == "__main__":{SCRIPTS[pool]}'
    assert "all checks passed" in drive(tmp_path, code, script=True)


LATE = """
    modulepickle.extend_multiprocessing()
    context = multiprocessing.get_context("fork")
    def early():
        return "early", STATE
    STATE = "of the fork"
    make_pool, call = {}
    with make_pool() as pool:
        assert call(pool, early) == ("early", "of the fork")
        STATE = "later"
        class Late(edited.Base):
            pass
        def late(what=None):
            return what or Late(), edited.version()
        for _ in range(3):  # of two children, each has its turn
            made, version = call(pool, late)
            assert type(made) is Late and made.version() == version == 1
            assert call(pool, functools.partial(late, Late()))[0].version() == 1
            assert call(pool, early) == ("early", "of the fork")  # that goes by its name still
        def early():
            return "again"
        assert call(pool, early) == "again"
    print("all checks passed")
"""

FORKS = {
    "Pool": "functools.partial(context.Pool, 2), lambda pool, f: pool.apply(f)",
    "Executor": "functools.partial(concurrent.futures.ProcessPoolExecutor, 2, mp_context=context),"
    " lambda pool, f: pool.submit(f).result()",
}


@pytest.mark.parametrize("pool", ["Pool", "Executor"])
def test_forked_children_run_what_the_script_defined_since(tmp_path: Path, pool: str) -> None:
    start = START[: START.rindex('if __name__ == "__main__":')]
    code = f'{start}\nif __name__ == "__main__":{LATE.format(FORKS[pool])}'
    assert "all checks passed" in drive(tmp_path, code, script=True)


def test_a_forked_child_says_what_it_lacks_and_why(tmp_path: Path) -> None:
    code = """
import multiprocessing, modulepickle
class Early:
    pass
if __name__ == "__main__":
    modulepickle.extend_multiprocessing()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        def late():
            pass
        late.__qualname__ = "Early.late"
        Early.late = staticmethod(late)
        try:
            pool.apply(late)
        except AttributeError as error:
            assert "was forked: define it before the pool is made" in str(error), error
            print("all checks passed")
"""
    assert "all checks passed" in drive(tmp_path, code, script=True)


def test_r05_processes_of_a_fork_server_run_what_was_edited_since_its_start(tmp_path: Path) -> None:
    start = START[: START.rindex('if __name__ == "__main__":')]
    code = f"""
{start}
def tell():
    pathlib.Path("told").write_text(str(edited.version()))
if __name__ == "__main__":
    modulepickle.extend_multiprocessing()
    context = multiprocessing.get_context("forkserver")
    def told():
        process = context.Process(target=tell)
        process.start()
        process.join()
        return pathlib.Path("told").read_text()
    assert told() == "1"
    time.sleep(0.01)
    write(2)
    importlib.reload(edited)
    assert told() == "2"
    print("all checks passed")
"""
    assert "all checks passed" in drive(tmp_path, code, script=True)
