"""Files: written here, read by a process that has neither the working tree nor the library.

What the reader writes into them comes home, by name.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import CHECKS, TREE, drive, line, read, require
from receivers import find_interpreters, project, receive, run

pytestmark = pytest.mark.engines

WRITER = f"""{CHECKS}
import modulepickle
n = 10

def here(point):
    import sizes
    return point.x + n, sizes.UNIT

class Local(helpers.Point):
    def far(self):
        return helpers.double(self)

def things():
    far = lambda point: helpers.double(point) + "!"
    return [helpers.double, helpers.Point(3), helpers.Wrong(3), here, far, Local(4)]

def edit():
    pathlib.Path("sizes.py").write_text("UNIT = 'miles'")
"""
READER = """
def check(things, unit):
    double, point, wrong, here, far, local = things
    assert double(point) == far(point)[:-1] == f"6 {unit}"
    assert here(point) == (13, unit) and local.far() == f"8 {unit}"
    assert type(wrong).__module__ == type(point).__module__ == "helpers" and wrong.args == (3,)
    return type(point)(33)
"""

STORES = {
    "shelve": ("shelve", "shelf = shelve.open('../shelf')", "shelf[key]", "shelf.close()"),
    "diskcache": (
        "diskcache",
        "cache = diskcache.Cache('../cache')",
        "cache[key]",
        "cache.close()",
    ),
    "joblib.dump": ("joblib", "path = '../' + key", "joblib.load(path)", ""),
    "joblib.dump, with arrays": ("joblib", "path = '../' + key", "joblib.load(path)", ""),
}
"""The row of the docs -> module, how it is opened, read and closed."""

STOCK = {
    "joblib.dump": "joblib.dump(obj, path)",
    "joblib.dump, with arrays": "joblib.dump(obj, path)",
}
"""Row -> how a reader writes, if not by an assignment to what it reads."""


def store(row: str, write: str) -> str:
    """Return the code of `put(key, obj)` and `get(key)`."""
    module, begin, value, end = STORES[row]
    return f"""
import {module}

def put(key, obj):
    {begin}
    {write}
    {end}

def get(key):
    {begin}
    obj = {value}
    {end}
    return obj
"""


@pytest.mark.parametrize("row", STORES)
def test_what_is_written_is_read_elsewhere_and_comes_home(tmp_path: Path, row: str) -> None:
    module = STORES[row][0]
    require(module)
    mine = WRITER + store(row, line(row).replace("\n", "\n    "))
    drive(tmp_path, f"{mine}\nput('old', things())\nedit()\nput('new', things())", script=True)
    stock = store(row, STOCK.get(row, STORES[row][2] + " = obj"))
    checks = (
        "check(get('old'), 'km')\nput('back', check(get('new'), 'miles'))\ncheck(get('old'), 'km')"
    )
    read(tmp_path, READER + stock + checks)
    code = "back = get('back')\nassert type(back) is helpers.Point and back.x == 33\nprint('home')"
    assert "home" in drive(tmp_path, mine + code, script=True)


def test_joblib_maps_the_arrays_of_local_objects_into_memory(tmp_path: Path) -> None:
    require("joblib")
    require("numpy")
    row = "joblib.dump, with arrays"
    code = f"""{WRITER}{store(row, line(row).replace(chr(10), chr(10) + "    "))}
import numpy
ones = numpy.ones(100_000)
put("plain", [helpers.Point(ones), ones])
obj, path = [helpers.Point(ones), ones], "../small"
joblib.dump(obj, path, compress=3)
assert pathlib.Path(path).stat().st_size < 100_000  # the array alone has 800,000 bytes
"""
    drive(tmp_path, code)
    code = """
import joblib, numpy
point, ones = joblib.load("../plain", mmap_mode="r")
assert type(point.x) is type(ones) is numpy.memmap
assert type(point).__module__ == "helpers" and ones.sum() == 100_000
assert joblib.load("../small")[0].x.sum() == 100_000
print("mapped")
"""
    assert "mapped" in read(tmp_path, code)


def test_a_shelf_of_the_newest_python_by_its_own_hook(tmp_path: Path) -> None:
    python = find_interpreters().get("3.15")
    if python is None:
        pytest.skip("no Python 3.15 found")
    hook = line("shelve, from Python 3.15").replace("path", "'../shelf'")
    code = f"""
import helpers, modulepickle, shelve
with {hook} as shelf:
    shelf["things"] = [helpers.double, helpers.Point(3), lambda x: helpers.double(x) + "!"]
with {hook} as shelf:
    assert shelf["things"][0] is helpers.double
"""
    run(project(tmp_path / "tree", TREE), code, python=python)
    code = f"""
import shelve
with shelve.open({str(tmp_path / "shelf")!r}) as shelf:
    double, point, lambda_ = shelf["things"]
result = double(point), lambda_(point)
"""
    got = receive([], code, python=python, absent=["helpers", "sizes"]).result
    assert got == ("6 km", "6 km!")


FRAMES = """
import pandas

class Frame(pandas.DataFrame):
    @property
    def _constructor(self):
        return Frame

    def doubled(self):
        from helpers import double
        return self["point"].map(double)
"""


def test_frames_of_local_objects(tmp_path: Path) -> None:
    require("pandas")
    code = f"""{WRITER}
import pickle, pandas
pathlib.Path("frames.py").write_text({FRAMES!r})
import frames
plain = pandas.DataFrame({{"n": range(3), "s": ["a", "b", "c"]}})
assert modulepickle.dumps(plain) == pickle.dumps(plain)

def write(name):
    df = frames.Frame({{"n": range(3), "point": [helpers.Point(x) for x in range(3)]}})
    df = [df, helpers.double, here]
    with open(name, "wb") as file:
        {line("pandas")}

write("../old")
edit()
write("../new")
"""
    drive(tmp_path, code, script=True)
    code = """
import pandas
assert not sees("frames")

def check(name, unit):
    df, double, here = pandas.read_pickle(name)
    doubled = [f"{2 * x} {unit}" for x in range(3)]
    assert df.apply(lambda row: double(row.point), axis=1).tolist() == doubled
    assert df["point"].apply(here).tolist() == [(x + 10, unit) for x in range(3)]
    grouped = df.groupby(df.n % 2)["point"].apply(lambda points: [double(p) for p in points])
    assert grouped.tolist() == [doubled[::2], doubled[1::2]]
    assert type(df[df.n > 0]).__module__ == "frames"
    assert df[df.n > 0].doubled().tolist() == doubled[1:]
    return df

check("../old", "km")
check("../new", "miles")[["n", "point"]].to_pickle("../back")
check("../old", "km")
"""
    read(tmp_path, code)
    code = f"""{WRITER}
import frames, pandas
back = pandas.read_pickle("../back")
assert type(back) is frames.Frame and type(back["point"][0]) is helpers.Point
print("home")
"""
    assert "home" in drive(tmp_path, code)
