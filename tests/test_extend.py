"""`extend`, `extend_multiprocessing`, `preload` and `wrap`, with the standard library alone.

Other people's frameworks are in `tests/engines`.
"""

from __future__ import annotations

import io
import pickle
import sys
import threading
import types
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest

import modulepickle
from receivers import interpreters, project, receive, run

TREE = """
    === helpers/__init__.py
    class Point:
        def __init__(self, x):
            self.x = x

    class Wrong(Exception):
        pass

    def double(x):
        from helpers.units import UNIT
        return f"{2 * x} {UNIT}"
    === helpers/units.py
    from sizes import UNIT
    === sizes.py
    UNIT = "km"
"""
ABSENT = ["helpers", "sizes"]
DUMPS = """
import io, pickle, modulepickle
from modulepickle import extend
def dumps(obj, base, *args):
    file = io.BytesIO()
    extend(base)(file, *args).dump(obj)
    return file.getvalue()
"""
BASES = ["pickle.Pickler", "pickle._Pickler"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def sent(tree: Path, obj: str, base: str, *args: int) -> Any:
    code = f"import helpers\n{DUMPS}\nresult = dumps({', '.join([obj, base, *map(str, args)])})"
    return run(tree, code).result


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("base", BASES)
def test_an_extended_pickler_ships_functions(tree: Path, base: str, python: str) -> None:
    data = sent(tree, "helpers.double", base)
    assert receive(data, "result = obj(4)", absent=ABSENT, python=python).result == "8 km"


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("base", BASES)
def test_an_extended_pickler_ships_instances_in_any_protocol(tree, base, protocol):
    data = sent(tree, "[helpers.Point(3), helpers.Wrong('so'), helpers]", base, protocol)
    code = "result = obj[0].x, type(obj[1]).__module__, obj[2].double(1)"
    assert receive(data, code, absent=ABSENT).result == (3, "helpers", "2 km")


SCRIPT = (
    DUMPS
    + """
N = 5
def f(x):
    import helpers
    class Local(helpers.Point):
        def more(self):
            super().__init__(x + N)
            return self.x
    return Local
"""
)


@pytest.mark.parametrize("base", BASES)
def test_an_extended_pickler_ships_functions_and_classes_by_value(tree: Path, base: str) -> None:
    made = "[lambda x: __import__('helpers').double(x), f, f(1)]"
    data = run(tree, f"{SCRIPT}\nresult = dumps({made}, {base})").result
    code = "result = obj[0](2), obj[1](2)(0).more(), obj[2](0).more()"
    assert receive(data, code, absent=ABSENT).result == ("4 km", 7, 6)


PLAIN = [
    1,
    -2.5,
    None,
    ...,
    "x",
    b"x",
    {1},
    frozenset({2}),
    (3, [4]),
    {"a": {}},
    len,
    io.BytesIO,
    int,
]


@pytest.mark.parametrize("base", [pickle.Pickler, pickle._Pickler])
def test_r03_what_ships_nothing_is_pickled_as_ever(base: Any) -> None:
    def dumps(kind: Any) -> bytes:
        file = io.BytesIO()
        kind(file).dump(PLAIN)
        return file.getvalue()

    assert dumps(modulepickle.extend(base)) == dumps(base)


def test_r05_each_dump_of_one_pickler_looks_at_the_files_anew(tree: Path) -> None:
    code = """
        import io, pickle, modulepickle, helpers.units, pathlib
        file = io.BytesIO()
        pickler = modulepickle.extend(pickle.Pickler)(file)
        result = []
        for unit in ("km", "mi"):
            pathlib.Path("sizes.py").write_text(f"UNIT = {unit!r}")
            pickler.clear_memo()
            pickler.dump(helpers.double)
            result.append(file.getvalue())
            file.seek(0)
            file.truncate()
    """
    old, new = run(tree, code).result
    code = "result = load(0)(1), load(1)(1), load(0)(1)"
    assert receive([old, new], code, lazy=True).result == ("2 km", "2 mi", "2 km")


@pytest.mark.parametrize("base", [pickle.Pickler, pickle._Pickler])
def test_an_extended_pickler_keeps_its_own_hooks(base: Any) -> None:
    class Own(base):
        def persistent_id(self, obj: Any) -> Any:
            return "file" if isinstance(obj, io.BytesIO) else None

        def reducer_override(self, obj: Any) -> Any:
            return (complex, (1, 2)) if isinstance(obj, range) else NotImplemented

    file = io.BytesIO()
    modulepickle.extend(Own)(file, protocol=4).dump([range(2), io.BytesIO()])
    # Of a subclass: the attribute of an object is read-only in 3.13.0.
    kind = type("Own", (pickle.Unpickler,), {"persistent_load": lambda self, name: name})
    assert kind(io.BytesIO(file.getvalue())).load() == [1 + 2j, "file"]


class Nameless(type):
    @property
    def __module__(cls) -> str:  # type: ignore[override]
        raise ZeroDivisionError


def test_an_extended_pickler_goes_on_after_an_error_that_it_catches() -> None:
    class Lenient(pickle._Pickler):
        def save(self, obj: Any, *args: Any, **kwargs: Any) -> None:
            try:
                super().save(obj, *args, **kwargs)
            except ZeroDivisionError:
                super().save(None)

    file = io.BytesIO()
    modulepickle.extend(Lenient)(file).dump([Nameless("Nameless", (), {}), Ordinary, len])
    assert pickle.loads(file.getvalue()) == [None, Ordinary, len]


@pytest.mark.parametrize("base", [pickle.Pickler, pickle._Pickler])
def test_an_object_may_ask_the_extended_pickler_that_reduces_it(base: Any) -> None:
    class Asking(str):
        def __reduce__(self) -> Any:
            return str, (repr(pickler.reducer_override(Ordinary())),)

    file = io.BytesIO()
    pickler = modulepickle.extend(base)(file)
    pickler.dump([Asking(), len])
    assert pickle.loads(file.getvalue()) == ["NotImplemented", len]


@pytest.mark.parametrize("wrong", [pickle, pickle.Unpickler, 3])
def test_only_picklers_are_extended(wrong: Any) -> None:
    with pytest.raises(TypeError, match="class of picklers"):
        modulepickle.extend(wrong)


# --- patches in place -----------------------------------------------------------------------------


class Ordinary:
    pass


def dumps_by_multiprocessing(obj: Any) -> bytes:
    return bytes(ForkingPickler.dumps(obj))


def refuses_lambdas() -> bool:
    try:
        dumps_by_multiprocessing(lambda: 1)
    except (pickle.PicklingError, AttributeError):
        return True
    return False


def test_an_extension_says_what_it_extends() -> None:
    with modulepickle.extend_multiprocessing() as extension:
        assert repr(extension).startswith("<modulepickle extends multiprocessing.reduction.Forking")
    assert repr(extension) == "<modulepickle: undone>"


def test_undo_leaves_the_class_as_it_was() -> None:
    before = dict(vars(ForkingPickler)), dumps_by_multiprocessing(PLAIN)
    extension = modulepickle.extend_multiprocessing()
    assert not refuses_lambdas()
    assert dumps_by_multiprocessing(PLAIN) == before[1]
    extension.undo()
    extension.undo()  # once more does nothing
    assert (dict(vars(ForkingPickler)), dumps_by_multiprocessing(PLAIN)) == before
    assert refuses_lambdas()


def test_extensions_nest() -> None:
    with modulepickle.extend_multiprocessing() as outer:
        patched = dict(vars(ForkingPickler))
        with modulepickle.extend_multiprocessing():
            assert dict(vars(ForkingPickler)) == patched
            outer.undo()
            assert not refuses_lambdas()
        assert refuses_lambdas()


@pytest.mark.parametrize(("base", "each"), [(pickle.Pickler, 0), (pickle._Pickler, 2)])
def test_how_many_functions_an_ordinary_instance_more_calls(base: Any, each: int) -> None:
    extended = modulepickle.extend(type("Own", (base,), {}))

    def calls(number: int) -> int:
        objects, seen = [Ordinary() for _ in range(number)], []

        def see(frame: Any, event: str, arg: Any) -> None:
            if event == "call" and frame.f_globals.get("__package__") == "modulepickle":
                seen.append(frame)  # kept: no other frame gets its id

        sys.setprofile(see)
        extended(io.BytesIO(), protocol=4).dump(objects)
        sys.setprofile(None)
        return len({id(frame) for frame in seen})

    calls(10)
    # In pure Python, the tuple that it is made from is asked about as well.
    assert calls(1000) < calls(10) + 990 * each + 100


@pytest.mark.parametrize("base", [pickle.Pickler, pickle._Pickler])
def test_a_dispatch_table_is_looked_up_in_and_not_copied(base: Any) -> None:
    class Watched(dict[type, Any]):
        def __iter__(self) -> Any:
            raise AssertionError("somebody goes through it in each dump")

        keys = items = values = __iter__

    class Own(base):
        dispatch_table = Watched({Ordinary: lambda obj: (complex, (1, 2)), types.CellType: None})

    file = io.BytesIO()
    value = 3
    modulepickle.extend(Own)(file, protocol=4).dump([Ordinary(), 1, lambda: value])
    found = pickle.loads(file.getvalue())
    assert (found[0], found[2]()) == (1 + 2j, 3)


def test_an_extended_pickler_that_dumps_twice_leaves_nothing_on_itself() -> None:
    extended = modulepickle.extend(pickle.Pickler)
    file = io.BytesIO()
    pickler = extended(file)
    pickler.dump([Ordinary(), lambda: 1])
    with pytest.raises(TypeError):
        pickler.dump([Ordinary(), threading.Lock()])
    assert "reducer_override" not in vars(pickler)
    pickler.dump(Ordinary())


def test_undo_is_safe_under_somebody_elses_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dumps_by_multiprocessing(PLAIN)
    extension = modulepickle.extend_multiprocessing()
    ours = ForkingPickler.reducer_override
    monkeypatch.setattr(ForkingPickler, "reducer_override", lambda self, obj: ours(self, obj))
    extension.undo()
    assert refuses_lambdas()
    assert dumps_by_multiprocessing(PLAIN) == before
    monkeypatch.undo()
    assert refuses_lambdas()
    with modulepickle.extend_multiprocessing():
        assert not refuses_lambdas()
    assert refuses_lambdas()


@pytest.mark.parametrize("name", ["cloudpickle", "dill", "pyspark", "ray"])
def test_a_missing_framework_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(ImportError, match=f"extend_{name}.*pip install {name}"):
        getattr(modulepickle, f"extend_{name}")()


# --- preload and wrap -----------------------------------------------------------------------------


@pytest.mark.parametrize("python", interpreters())
def test_preload_makes_names_of_later_pickles_work(tree: Path, python: str) -> None:
    code = """
        import pickle, modulepickle, helpers
        hook = modulepickle.preload(helpers, "sizes")
        assert hook() is None and "helpers" in repr(hook)
        result = pickle.dumps(hook), pickle.dumps([helpers.Point(7), helpers.double])
    """
    datas = run(tree, code).result
    code = """
        import sys, types
        hook = load(0)
        assert isinstance(hook, types.FunctionType) and "helpers" not in sys.modules
        assert hook() is None and "helpers" not in sys.modules
        point, double = load(1)
        result = point.x, double(2)
    """
    got = receive(datas, code, python=python, absent=ABSENT, lazy=True).result
    assert got == (7, "4 km")


def test_r05_preload_sends_what_is_on_disk_when_it_is_pickled(tree: Path) -> None:
    code = """
        import pathlib, pickle, modulepickle
        hook = modulepickle.preload("sizes")
        pathlib.Path("sizes.py").write_text("UNIT = 'mi'")
        result = pickle.dumps(hook)
    """
    data = run(tree, code).result
    code = "obj(); import sizes; result = sizes.UNIT"
    assert receive(data, code).result == "mi"


def test_the_preload_called_last_is_what_the_process_sees(tree: Path) -> None:
    code = """
        import pathlib, pickle, modulepickle
        hook = modulepickle.preload("sizes")
        old = pickle.dumps(hook)
        pathlib.Path("sizes.py").write_text("UNIT = 'mi'")
        result = old, pickle.dumps(hook)
    """
    code_there = """
        result = []
        for hook in (objs[1], objs[0], objs[1]):
            hook()
            import sizes
            result.append(sizes.UNIT)
    """
    assert receive(run(tree, code).result, code_there).result == ["mi", "km", "mi"]


def test_r16_a_receiver_can_preload_what_it_received(tree: Path) -> None:
    code = "import helpers, modulepickle\nresult = modulepickle.dumps(helpers)"
    data = run(tree, code).result
    code = """
        import modulepickle, pickle
        result = pickle.dumps(modulepickle.preload(obj)), pickle.dumps(obj.Point(1))
    """
    datas = receive(data, code, bare=False, absent=ABSENT).result_pickle
    code = "load(0)[0]()\nresult = load(0)"
    datas = pickle.loads(datas)
    code = "load(0)()\nresult = load(1).x"
    assert receive(datas, code, absent=ABSENT, lazy=True).result == 1


def test_r15_what_is_not_local_is_not_preloaded() -> None:
    with pytest.raises(ValueError, match=r"preload\('pytest'\): it is not local"):
        modulepickle.preload(pytest)
    with pytest.raises(TypeError, match="at least one module"):
        modulepickle.preload()


@pytest.mark.parametrize("protocol", range(6))
def test_wrap_ships_by_a_stock_pickler(tree: Path, protocol: int) -> None:
    code = f"""
        import pickle, modulepickle, helpers
        made = modulepickle.wrap(helpers.double), modulepickle.wrap({{"a": helpers.Point(2)}})
        assert made[0](1) == "2 km" and made[0].__name__ == "double" and not callable(made[1])
        assert pickle.loads(pickle.dumps(made[0])) is helpers.double
        assert "wrap(" in repr(made)
        result = pickle.dumps([*made, modulepickle.wrap(lambda x: helpers.double(x))], {protocol})
    """
    data = run(tree, code).result
    code = "result = obj[0](1), obj[1]['a'].x, obj[2](2)"
    assert receive(data, code, absent=ABSENT).result == ("2 km", 2, "4 km")
