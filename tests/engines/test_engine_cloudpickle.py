"""cloudpickle and dill, extended; their receivers are bare Pythons, without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import TREE, require
from receivers import interpreters, project, receive, run

pytestmark = pytest.mark.engines
ABSENT = ["helpers", "sizes", "cloudpickle", "dill"]
BOTH = ["cloudpickle", "dill"]

SCRIPT = """
import {name}, helpers, modulepickle, pathlib, pickle, sys
extension = modulepickle.extend_{name}()
n = 10

def here(point):
    import sizes
    return point.x + n, sizes.UNIT

def again(number):
    return number and again(number - 1)

class Local(helpers.Point):
    def more(self):
        return Local(self.x + n).x, type(super()).__name__

dumps = {name}.dumps
"""


def made(tmp_path: Path, name: str, code: str) -> object:
    require(name)
    tree = tmp_path / "tree"
    if not tree.exists():
        project(tree, TREE)
    return run(tree, SCRIPT.format(name=name) + code).result


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("name", BOTH)
def test_what_is_local_and_functions_by_value_reach_any_python(tmp_path, name, python):
    obj = "[helpers.double, helpers.Point(3), here, lambda p: helpers.move(p).x, again, helpers]"
    data = made(tmp_path, name, f"result = dumps({obj})")
    code = """
        double, point, here, function, again, helpers = obj
        result = double(point), here(point), function(point), again(3), helpers.Point(1).x
    """
    got = receive(data, code, python=python, absent=ABSENT).result
    assert got == ("6 km", (13, "km"), 4, 0, 1)


@pytest.mark.parametrize("name", BOTH)
def test_errors_travel(tmp_path: Path, name: str) -> None:
    data = made(tmp_path, name, "result = dumps(helpers.Wrong('so'))")
    code = "import helpers; result = type(obj) is helpers.Wrong, obj.args"
    assert receive(data, code, absent=ABSENT).result == (True, ("so",))


@pytest.mark.parametrize("name", BOTH)
def test_r05_an_edit_is_in_the_next_pickle(tmp_path: Path, name: str) -> None:
    code = """
result = [dumps(helpers.double)]
pathlib.Path("sizes.py").write_text("UNIT = 'miles'")
result.append(dumps(helpers.double))
"""
    datas = made(tmp_path, name, code)
    code = """
        import types
        old, new = objs
        point = types.SimpleNamespace(x=2)
        result = old(point), new(point), old(point)
    """
    assert receive(datas, code, absent=ABSENT).result == ("4 km", "4 miles", "4 km")


@pytest.mark.parametrize("name", BOTH)
def test_classes_by_value(tmp_path: Path, name: str) -> None:
    # Unpickled by a second process that has the framework, as a worker has, but no working tree.
    data = made(tmp_path, name, "result = dumps(Local(2))")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "data").write_bytes(data)
    code = "import pickle\nresult = pickle.load(open('data', 'rb')).more()"
    assert run(elsewhere, code).result == (12, "super")


def test_a_class_by_value_comes_home_from_a_worker_as_itself(tmp_path: Path) -> None:
    data = made(tmp_path, "cloudpickle", SENDS_ITS_CLASS)
    assert data == [True, 13]


SENDS_ITS_CLASS = """
import subprocess
worker = "import cloudpickle, sys; obj = cloudpickle.load(sys.stdin.buffer); obj.x += 1;"
worker += "cloudpickle.dump(obj, sys.stdout.buffer)"
done = subprocess.run([sys.executable, "-c", worker], input=dumps(Local(2)), cwd="/", env={},
                      stdout=subprocess.PIPE, check=True)
home = pickle.loads(done.stdout)
result = [type(home) is Local, home.more()[0]]
"""


def test_r08_a_class_by_value_keeps_the_packages_that_it_came_with(tmp_path: Path) -> None:
    data = made(tmp_path, "cloudpickle", SENDS_ITS_CLASS_AGAIN)
    assert data == (["6 km", "6 km", "6 miles", "6 km"], [True] * 4)


SENDS_ITS_CLASS_AGAIN = """
import subprocess
base = '''
class Far:
    def far(self):
        import helpers
        return helpers.double(self)
'''
pathlib.Path("far.py").write_text(base)
import far

class Mine(far.Far, helpers.Point):
    made = 0

def send(unit):
    pathlib.Path("sizes.py").write_text(f"UNIT = {unit!r}")
    Mine.made += 1
    return dumps(Mine(3))

datas = [send(unit) for unit in ("km", "km", "miles", "km")]
worker = '''
import cloudpickle, pickle, sys
objs, back = [], []
for data in pickle.load(sys.stdin.buffer):
    objs.append(pickle.loads(data))
    back.append((objs[-1].far(), cloudpickle.dumps(type(objs[-1]))))
again = [obj.far() for obj in objs]
assert again == [far for far, _ in back], again
pickle.dump(back, sys.stdout.buffer)
'''
done = subprocess.run([sys.executable, "-c", worker], input=pickle.dumps(datas), cwd="/", env={},
                      stdout=subprocess.PIPE, check=True)
back = pickle.loads(done.stdout)
result = [far for far, _ in back], [pickle.loads(each) is Mine for _, each in back]
"""


def test_what_is_registered_with_cloudpickle_stays_its_own(tmp_path: Path) -> None:
    code = """
cloudpickle.register_pickle_by_value(helpers)
objs = [helpers.double, helpers.Point(1), helpers.Wrong]
ours = [dumps(obj) for obj in objs]
extension.undo()
result = ours == [dumps(obj) for obj in objs]
"""
    assert made(tmp_path, "cloudpickle", code) is True


def test_the_script_if_registered_keeps_its_imports(tmp_path: Path) -> None:
    # Of the script, cloudpickle pickles everything by value anyway.
    code = """
cloudpickle.register_pickle_by_value(sys.modules["__main__"])
result = dumps([here, helpers.Point(3)])
"""
    data = made(tmp_path, "cloudpickle", code)
    assert receive(data, "result = obj[0](obj[1])", absent=ABSENT).result == (13, "km")


@pytest.mark.parametrize("name", BOTH)
def test_undo_makes_the_same_bytes_as_before(tmp_path: Path, name: str) -> None:
    code = """
extension.undo()
objs = [helpers.double, helpers.Point(3), here, Local(2), [1, {2}, len], sys, sizes_of]
before = [dumps(obj) for obj in objs]
attributes = dict(vars(PICKLER))
with modulepickle.extend_NAME() as extension:
    assert [dumps(obj) for obj in objs] != before
    assert dumps(objs[4]) == before[4]
    with modulepickle.extend_NAME():
        pass
    assert dict(vars(PICKLER)) != attributes
result = dict(vars(PICKLER)) == attributes and [dumps(obj) for obj in objs] == before
"""
    head = f"\nimport functools\nsizes_of = functools.partial(here)\nPICKLER = {name}.Pickler\n"
    assert made(tmp_path, name, head + code.replace("NAME", name)) is True


@pytest.mark.parametrize("name", BOTH)
def test_extend_of_their_class(tmp_path: Path, name: str) -> None:
    code = f"""
extension.undo()
import io
file = io.BytesIO()
modulepickle.extend({name}.Pickler)(file, protocol=5).dump([here, helpers.Point(1)])
result = file.getvalue()
"""
    code_there = "result = obj[0](obj[1])"
    assert receive(made(tmp_path, name, code), code_there, absent=ABSENT).result == (11, "km")


def test_buffers_stay_out_of_band(tmp_path: Path) -> None:
    require("numpy")
    code = """
import numpy
buffers = []
array = numpy.ones(10_000)
data = dumps([array, helpers.Point(array)], protocol=5, buffer_callback=buffers.append)
got = pickle.loads(data, buffers=buffers)
result = len(buffers), got[1].x is got[0], type(got[1]) is helpers.Point, len(data) < 40_000
"""
    assert made(tmp_path, "cloudpickle", code) == (1, True, True, True)


@pytest.mark.parametrize("name", ["ray", "pyspark"])
def test_the_copies_in_ray_and_pyspark_are_put_back(tmp_path: Path, name: str) -> None:
    require(name)
    code = f"""
import helpers, modulepickle, {name}.cloudpickle as copy
objs = [helpers.double, helpers.Point(1), lambda: helpers.Point, [1, {{2}}, len]]
before = [copy.dumps(obj) for obj in objs]
with modulepickle.extend_{name}():
    changed = [copy.dumps(obj) != old for obj, old in zip(objs, before)]
result = changed, [copy.dumps(obj) for obj in objs] == before
"""
    got = run(project(tmp_path / "tree", TREE), code).result
    assert got == ([True, True, True, False], True)


@pytest.mark.parametrize("name", BOTH)
def test_r19_methods_that_a_module_has_are_the_receivers(tmp_path: Path, name: str) -> None:
    code = """
import random
from random import randint

def seeded():
    random.seed(0)
    return randint(0, 1000)

result = dumps(seeded)
"""
    data = made(tmp_path, name, code)
    assert receive(data, "result = obj()", absent=ABSENT).result == 864
