"""R12: nothing grows with versions, nor is slow for what others left on the host."""

from __future__ import annotations

import pytest

from mishaps import CHILD, handmade, zipped
from receivers import interpreters, project, receive, send

pytestmark = pytest.mark.faults

SOURCE = """
import importlib, other
from pkg import late
class Thing:
    pass
def f():
    from pkg import deferred
    try:
        raise ValueError(VALUE)
    except ValueError as error:
        import traceback
        traceback.format_exc()
    return VALUE, deferred.VALUE
VALUE = NUMBER
"""
# What the cache folder of a busy host has: folders of packages, and bytecode.
CROWD = f"""
{CHILD}
    top = os.path.join(CACHE, "modulepickle-%d" % os.getuid())
    def crowd(number):
        os.makedirs(top, 0o700)
        for n in range(number // 2):
            os.mkdir(os.path.join(top, "%032x" % n))
            with open(os.path.join(top, "%064x" % n), "w"):
                pass
"""


# The versions are made here: to dump so many would take the time of the test.
def pickles(count: int) -> list[bytes]:
    late = b"VALUE = 1\n"
    return [
        handmade(
            "pkg",
            zipped(
                {
                    "pkg/__init__.py": SOURCE.replace("NUMBER", str(number)).encode(),
                    "pkg/deferred.py": late,
                    "pkg/late.py": late,
                }
            ),
            "pkg",
            "f",
        )
        for number in range(count)
    ]


COUNTED = f"""
{CROWD}
    import gc, traceback
    crowd(20_000)
    sys.modules["other"] = type(sys)("other")
    def sizes():
        gc.collect()
        found = vars(sys._modulepickle_registry).values()
        lists = sys.modules, sys.path, sys.meta_path, sys.path_hooks, sys.path_importer_cache
        lists += linecache.cache, os.listdir("/proc/self/fd"), gc.get_objects()
        return [len(each) for each in lists], [len(n) for n in found if hasattr(n, "__len__")]
    seen, wrong = [], []
    for number in range(len(datas)):
        if load(number)() != (number, 1):
            wrong.append(number)
        if number in (300, len(datas) - 1):
            seen.append(sizes())
    result = wrong, seen, len(os.listdir(top)), records
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("python", "count"),
    [
        pytest.param(*each.values, count, id=each.id, marks=each.marks)
        for each, count in zip(interpreters(("3.11", "3.14")), (5_000, 1_000))
    ],
)
def test_r12_5000_versions_are_flat_on_a_crowded_host(python, count):
    got = receive(pickles(count), COUNTED, lazy=True, python=python)
    wrong, (early, last), entries, records = got.result
    assert (wrong, records) == ([], [])
    assert entries > 20_000 + count
    *lists, objects = zip(early[0], last[0])
    assert all(late <= soon + 5 for soon, late in lists), (early, last)
    assert objects[1] < objects[0] + 500, "less than one in ten for each version"
    assert [b - a for a, b in zip(early[1], last[1])] == [0] * len(last[1])


# --- the sweep ------------------------------------------------------------------------------------

# What a load asks of the system, counted: no clock is in it. The crowd is young, so it stays.
LOOKS = f"""
{CROWD}
    crowd(NUMBER)
    def looks(i):
        counts, real = dict(), dict()
        def counted(name):
            def call(*args, **options):
                counts[name] = counts.get(name, 0) + 1
                return real[name](*args, **options)
            return call
        for name in ("stat", "lstat", "scandir", "listdir", "open", "mkdir"):
            real[name] = getattr(os, name)
            setattr(os, name, counted(name))
        load(i)()
        return counts
    child(lambda: load(0)())  # it sweeps, once a day
    result = child(lambda: looks(1)), child(lambda: looks(2))
"""
TREE = """
    === pkg/__init__.py
    def f():
        return NUMBER
"""


def test_r12_a_new_load_looks_at_nothing_that_others_left(tmp_path):
    datas = [
        send(project(tmp_path / str(n), TREE.replace("NUMBER", str(n))), "from pkg import f as obj")
        for n in range(3)
    ]
    alone, crowded = (
        receive(datas, LOOKS.replace("NUMBER", number), lazy=True, cache=tmp_path / number).result
        for number in ("0", "2_000")
    )
    assert alone == crowded
    assert alone[0] == alone[1]
    assert "scandir" not in alone[0][1]


SWEPT = f"""
{CROWD}
    import time
    crowd(2_400)
    then = time.time() - 9 * 86_400
    for name in os.listdir(top):
        os.utime(os.path.join(top, name), (then, then))
    result = []
    for i in range(3):
        child(lambda: load(i)())
        names = os.listdir(top)
        result.append(sum(len(name) in (32, 64) or name.startswith("code-") for name in names))
"""


def test_r12_a_large_sweep_is_shared_by_some_loads(tmp_path):
    datas = [
        send(project(tmp_path / str(n), TREE.replace("NUMBER", str(n))), "from pkg import f as obj")
        for n in range(3)
    ]
    first, second, third = receive(datas, SWEPT, lazy=True).result
    # Of each load, a folder and its bytecode come.
    assert (first, second, third) == (1_400 + 2, 400 + 4, 6)
