"""Picklers of others on a receiver, of code that its name does not find there (R16)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from frameworks import require
from receivers import project, receive, run, send

pytestmark = pytest.mark.engines

TREE = """
    === shapes/__init__.py
    import dataclasses, enum
    class Point:
        def version(self):
            return VERSION
    class Empty:
        pass
    class Colour(enum.Enum):
        RED = VERSION
    @dataclasses.dataclass
    class Pair:
        left: int = VERSION
    class Wrong(Exception):
        pass
    def make():
        return Point()
"""
OBJECTS = "[Point(), Empty(), Colour.RED, Pair(), Wrong(1), make, Point, Point().version]"

# Each as its users import it.
PICKLERS = {
    "cloudpickle": "from cloudpickle import dumps",
    "dill": "from dill import dumps",
    "pyspark": "from pyspark.cloudpickle import dumps",
    "ray": "from ray.cloudpickle import dumps",
}
HIDES = {
    "native": "import shapes; objs = load(0)",
    "superseded": "objs = load(0); load(1); import shapes",
}


INSTALLED = f"sys.path += {[path for path in sys.path if 'site-packages' in path]!r}"


def pickled_there(tmp_path: Path, pickler: str, hides: str, late: bool, before: str) -> list[bytes]:
    """What a pickler writes on a receiver of each object, or what it says of it."""
    require(pickler)
    datas = []
    for version in ("1", "2"):
        tree = project(tmp_path / version, TREE.replace("VERSION", version))
        datas.append(send(tree, f"from shapes import *\nobj = {OBJECTS}"))
    there = project(tmp_path / "there", TREE.replace("VERSION", "0"))
    lines = [PICKLERS[pickler], HIDES[hides]]
    code = f"""
        {before}
        {INSTALLED}
        sys.path += [{str(there)!r}] if {hides == "native"} else []
        exec({"; ".join(lines[::-1] if late else lines)!r})
        found = []
        for obj in objs:
            try:
                found.append(dumps(obj))
            except pickle.PicklingError as error:
                found.append(str(error))
        assert len(dumps(shapes.Pair())) < 2_000  # what its name finds goes by name
        result = found, shapes.Pair().left
    """
    found, left = receive(datas, code, lazy=True, bare=False).result
    assert left == {"native": 0, "superseded": 2}[hides]
    return found


CASES = [
    pytest.mark.parametrize("late", [False, True], ids=["before", "after"]),
    pytest.mark.parametrize("hides", HIDES),
    pytest.mark.parametrize("pickler", PICKLERS),
]


def each_case(test):
    for case in CASES:
        test = case(test)
    return test


@each_case
def test_r16_with_the_library_the_package_travels_again(
    tmp_path: Path, pickler: str, hides: str, late: bool
) -> None:
    found = pickled_there(tmp_path, pickler, hides, late, "")
    code = f"""
        {INSTALLED}
        point, empty, red, pair, wrong, make, cls, method = map(load, range(8))
        assert type(point) is type(make()) is cls and type(empty).__name__ == "Empty"
        assert red is type(red).RED and wrong.args == (1,)
        result = point.version(), red.value, pair.left, method()
    """
    assert receive(found, code, absent=["shapes"], lazy=True).result == (1, 1, 1, 1)
    home = f"""
        import modulepickle, pickle, shapes
        modulepickle.dumps(shapes)
        point, empty, red, pair, wrong, make, cls, method = map(pickle.loads, {found!r})
        result = [type(point) is cls is shapes.Point, type(empty) is shapes.Empty,
                  red is shapes.Colour.RED, pair == shapes.Pair(), type(wrong) is shapes.Wrong,
                  make is shapes.make, type(method.__self__) is cls]
    """
    assert run(tmp_path / "1", home).result == [True] * 7


@each_case
def test_r16_without_it_there_is_an_error_that_says_what_to_do(
    tmp_path: Path, pickler: str, hides: str, late: bool
) -> None:
    found = pickled_there(tmp_path, pickler, hides, late, "sys.modules['modulepickle'] = None")
    for said in map(str, found):
        assert "came in a pickle. It cannot go on by name, since shapes is another one" in said
        assert "Install modulepickle" in said
