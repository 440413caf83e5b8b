"""R16: a pickler that copies what it cannot name does not copy what was shipped."""

from __future__ import annotations

import pytest

from receivers import interpreters, project, receive, run, send

PACKAGE = """
    === shapes/__init__.py
    from shapes.inner import where
    class Point:
        def version(self):
            return where()
    class Empty:
        pass
    def make():
        return Point()
    class Inner:
        class Deep(Point):
            pass
    === shapes/inner.py
    def where():
        return VERSION
"""

OBJECTS = "[shapes.Point(), shapes.make, shapes.Point, shapes.Empty(), shapes.Point().version]"
KINDS = ["instance", "function", "class", "class without functions", "method", "nested class"]
OBJECTS = OBJECTS[:-1] + ", shapes.Inner.Deep]"

# Two kinds of pickler that go by name where the name finds the object, and copy else: by the hook,
# as cloudpickle does, and by the dispatch of a pickler in Python, as dill does.
FOREIGN = """
import io, pickle, sys, types

def is_named(obj):
    found = sys.modules.get(obj.__module__)
    for part in obj.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is obj

def make_function(code, name):
    return types.FunctionType(code, {"__name__": name})

def copy(obj):
    if isinstance(obj, types.ModuleType):
        return types.ModuleType, (obj.__name__,), {"copy": True}
    if isinstance(obj, type):
        names = {k: v for k, v in vars(obj).items() if k not in ("__dict__", "__weakref__")}
        return type, (obj.__name__, tuple(obj.__bases__), names)
    return make_function, (obj.__code__, obj.__module__)

class Hooked(pickle.Pickler):
    def reducer_override(self, obj):
        if isinstance(obj, (type, types.FunctionType)) and not is_named(obj):
            return copy(obj)
        if isinstance(obj, types.CodeType):
            return eval, ("None",)
        return NotImplemented

class Dispatched(pickle._Pickler):
    dispatch = dict(pickle._Pickler.dispatch)

    def save_copy(self, obj):
        if is_named(obj):
            self.save_global(obj)
        else:
            self.save_reduce(*copy(obj), obj=obj)

    def save_module(self, obj):
        by_name = obj is sys.modules.get(obj.__name__)
        self.save_reduce(*((__import__, (obj.__name__,)) if by_name else copy(obj)), obj=obj)

    dispatch[types.ModuleType] = save_module
    dispatch[type] = dispatch[types.FunctionType] = save_copy
    dispatch[types.CodeType] = lambda self, obj: self.save(None)

def dumps(kind, obj):
    file = io.BytesIO()
    kind(file, 4).dump(obj)
    return file.getvalue()
"""

# How else a name can come to find something else: the host's own package, or a later version.
HIDES = {
    "native": """
import os
os.mkdir("shapes")
with open("shapes/__init__.py", "w") as file:
    file.write("class Point: pass\\nclass Empty: pass\\nmake = None\\nclass Inner: Deep = None")
sys.path.insert(0, os.getcwd())
import shapes
objs = load(0)
""",
    "superseded": """
objs = load(0)
load(1)
""",
}

TRY = """
found = []
for obj in objs:
    for kind in Hooked, Dispatched:
        try:
            found.append(dumps(kind, obj))
        except pickle.PicklingError as error:
            found.append(str(error))
result = found
"""


@pytest.fixture(scope="module")
def datas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    made = []
    for version in ("1", "2"):
        tree = project(folder / version, PACKAGE.replace("VERSION", version))
        made.append(send(tree, f"import shapes\nobj = {OBJECTS}"))
    return folder / "1", made


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("hides", HIDES)
def test_r16_without_the_library_nothing_that_its_name_does_not_find_is_copied(datas, hides, late):
    code = FOREIGN + HIDES[hides] + TRY
    if late:  # as a module that is imported when the code has been received
        code = f"""
import sys
with open("cloudpickle.py", "w") as file:
    file.write({FOREIGN!r})
{HIDES[hides]}
sys.path.insert(0, "")
from cloudpickle import *
{TRY}"""
    found = receive(datas[1], code, lazy=True).result
    assert [type(each) for each in found] == [str] * 2 * len(KINDS)
    for each in found:
        assert each.startswith(("<class 'shapes.", "<function make at "))
        assert "cannot go on by name, since shapes is another one in this process" in each
        assert "Install modulepickle here" in each


@pytest.mark.parametrize("python", interpreters())
def test_r16_on_every_python(datas, python):
    found = receive(datas[1], FOREIGN + HIDES["native"] + TRY, lazy=True, python=python).result
    assert all("shapes is another one in this process" in each for each in found)


@pytest.mark.parametrize("hides", HIDES)
def test_r16_with_the_library_the_package_travels_again(datas, hides):
    tree, made = datas
    found = receive(made, FOREIGN + HIDES[hides] + TRY, lazy=True, bare=False).result
    assert [type(each) for each in found] == [bytes] * 2 * len(KINDS)
    # A third process has none of it.
    code = """
first, make, cls, empty, method, deep = objs[::2]
result = [first.version(), make().version(), cls().version(), type(empty).__name__, method()]
assert deep().version() == 1 and issubclass(deep, cls)
assert type(first) is cls is type(make()) is type(objs[1])
"""
    assert receive(found, code, absent=["shapes"]).result == [1, 1, 1, "Empty", 1]
    # At home it is what home has.
    code = f"""
import modulepickle, pickle, shapes
modulepickle.dumps(shapes)
first, make, cls, empty, method, deep = map(pickle.loads, {found[::2]!r})
result = [type(first) is shapes.Point is cls, make is shapes.make, type(empty) is shapes.Empty,
          type(method.__self__) is cls, deep is shapes.Inner.Deep]
"""
    assert run(tree, code).result == [True] * 5


def test_r16_what_its_name_finds_is_left_to_the_pickler(datas):
    code = f"""{FOREIGN}
import shapes
def own(): pass
made = [dumps(kind, obj) for kind in (Hooked, Dispatched) for obj in objs]
result = made, [b"modulepickle" in each for each in made]
"""
    made, holds = receive(datas[1][:1], f"objs = objs[0]\n{code}").result
    assert not any(holds)
    code = f"import pickle, shapes\nresult = [len(list(map(pickle.loads, {made!r})))]"
    assert run(datas[0], code).result == [2 * len(KINDS)]


def test_r16_a_module_is_not_copied_either(datas):
    tree, _ = datas
    made = [send(tree.parent / name, "import shapes as obj") for name in "12"]
    for hides in HIDES.values():
        code = FOREIGN + hides + "objs = [objs]\nHooked = Dispatched" + TRY
        found = receive(made, code, lazy=True).result
        assert all("<module 'shapes' from" in each for each in found)
        found = receive(made, code, lazy=True, bare=False).result
        assert receive(found, "result = obj.make().version()").result == 1


def test_r16_what_the_host_defines_is_copied_as_ever(datas):
    code = f"""{FOREIGN}
{HIDES["native"]}
def outer():
    class Own:
        x = 5
    return Own
made = [pickle.loads(dumps(kind, outer())) for kind in (Hooked, Dispatched)]
result = [each.x for each in made], [dumps(kind, len) == pickle.dumps(len, 4)
                                     for kind in (Hooked, Dispatched)][:1]
"""
    assert receive(datas[1], code, lazy=True).result == ([5, 5], [True])


def test_r16_nothing_is_guarded_where_every_name_finds_what_was_shipped(datas):
    code = f"""{FOREIGN}
before = dict(vars(Hooked)), dict(vars(Dispatched)), [*sys.meta_path]
objs = load(0)
objs[0].version()
result = before[0] == dict(vars(Hooked)), before[1] == dict(vars(Dispatched)), [
    type(each).__name__ for each in sys.meta_path[:-len(before[2])]]
"""
    assert receive(datas[1], code, lazy=True).result == (True, True, ["Finder"])


def test_r16_a_superseded_version_is_still_collected(datas):
    code = f"""{FOREIGN}
import gc, weakref
first = load(0)
home = weakref.ref(sys.modules["shapes"].__spec__.snapshot)
load(1)
dumps(Hooked, [])
del first
gc.collect()
result = home() is None
"""
    assert receive(datas[1], code, lazy=True).result is True


def test_r16_the_library_of_an_early_release_finds_what_a_snapshot_requires(datas):
    # A worker may have that; its name for it was another one.
    code = """
home = sys.modules["shapes"].__spec__.snapshot
result = home.needs is home.requirements
"""
    assert receive(datas[1][:1], code).result is True
