"""R1 to R6: what is in a pickle, and when it is the same."""

from __future__ import annotations

import collections
import datetime
import decimal
import difflib
import enum
import fractions
import functools
import io
import operator
import os
import pathlib
import pickle
import pickletools
import re
import shutil
import signal
import textwrap
import types
import uuid

import hypothesis
import pytest
from hypothesis import strategies as st

import modulepickle
from receivers import interpreters, project, receive, run, send

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

PROJECT = """
    === shapes/__init__.py
    from shapes.base import Shape
    import units
    class Square(Shape):
        def __init__(self, side):
            self.side = side
        def area(self):
            return units.scale(self.side ** 2)
    === shapes/base.py
    class Shape:
        def double(self):
            return 2 * self.area()
    === units.py
    def scale(x):
        import factors
        return x * factors.FACTOR
    === factors/__init__.py
    import shapes
    FACTOR = 10
"""


def listing(data: bytes) -> list[str]:
    out = io.StringIO()
    pickletools.dis(data, out)
    return out.getvalue().splitlines()


def assert_same(one: bytes, other: bytes, names: str = "") -> None:
    """Two pickles are the same bytes; else show where their opcodes differ."""
    if one != other:
        diff = difflib.unified_diff(listing(one), listing(other), lineterm="", n=2)
        pytest.fail("\n".join([f"the pickles differ {names}", *diff]), pytrace=False)


def chunks(data: bytes, least: int = 300) -> list[bytes]:
    """The long strings of a pickle, as bytes whatever the protocol: the loader and the archives."""
    found = []
    for _, value, _ in pickletools.genops(data):
        if isinstance(value, str) and len(value) >= least:
            value = value.encode("latin-1")
        if isinstance(value, (bytes, bytearray)) and len(value) >= least:
            found.append(bytes(value))
    return found


def archives(data: bytes) -> list[bytes]:
    return [chunk for chunk in chunks(data, 30) if chunk.startswith(b"PK\3\4")]


# --- R1, R2 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("python", interpreters())
def test_r01_every_protocol_loads_on_every_python(tmp_path, python):
    code = """
        import modulepickle, shapes, units
        obj = [shapes.Square(3), shapes.Square(3).double, units.scale, shapes.Square, shapes, units]
    """
    dumps = "[modulepickle.dumps(obj, n) for n in range(6)]"
    datas = run(project(tmp_path, PROJECT), f"{textwrap.dedent(code)}\nresult = {dumps}").result
    code = """
        result = []
        for square, double, scale, cls, module, units in objs:
            assert type(square) is cls is module.Square and units.scale is scale
            result.append((square.area(), double(), scale(2), cls.__module__))
    """
    got = receive(datas, code, python=python, absent=["shapes", "units", "factors"]).result
    assert got == [(90, 180, 20, "shapes")] * 6


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_r02_each_archive_and_the_loader_travel_once(tmp_path, protocol):
    code = """
        import shapes, shapes.base, units, factors
        many = [shapes.Square(n) for n in range(50)]
        obj = [many, shapes, shapes.base, units.scale, factors, many[0].area, shapes.Square, many]
    """
    data = send(project(tmp_path, PROJECT), code, dumps=f"modulepickle.dumps(obj, {protocol})")
    assert len(archives(data)) == len(set(archives(data))) == 3
    loaders = [chunk for chunk in chunks(data) if not chunk.startswith(b"PK\3\4")]
    assert len(loaders) == 1


# --- R3 -------------------------------------------------------------------------------------------


FROM_STDLIB = st.sampled_from(
    [
        collections.OrderedDict,
        collections.OrderedDict.fromkeys,
        datetime.datetime.now,
        decimal.Decimal.quantize,
        functools.reduce,
        functools.partial(int, base=2),
        functools.partial(functools.reduce, operator.add),
        signal.SIGINT,
        re.IGNORECASE,
        re.compile("a+b", re.DOTALL),
        os.path.join,
        os.stat_result(range(10)),
        pathlib.PurePosixPath("a/b"),
        uuid.UUID(int=5),
        collections.Counter("hello"),
        collections.ChainMap({1: 2}),
        collections.UserDict(a=1),
        types.SimpleNamespace(a=1, b=[2]),
        types.MethodType,
        types.GenericAlias(list, int),
        operator.itemgetter(1, 2),
        operator.attrgetter("a.b"),
        len,
        int,
        type,
        type(None),
        type(...),
        object(),
        ValueError("x", 3),
        KeyError,
        Ellipsis,
        NotImplemented,
        [].append,
        "text".join,
        range(3, 9, 2),
        slice(1, None),
        decimal.getcontext,
        decimal.Context(prec=5),
        fractions.Fraction.limit_denominator,
        datetime.timezone.utc,
        pickle.Unpickler,
        enum.Flag,
        memoryview,
        io.BytesIO,
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary()
    | st.binary().map(bytearray)
    | st.datetimes()
    | st.dates()
    | st.timedeltas()
    | st.decimals()
    | st.fractions()
    | st.uuids()
    | FROM_STDLIB
)
KEYS = st.integers() | st.text() | st.dates() | st.tuples(st.booleans(), st.binary())
PLAIN = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.lists(inner).map(collections.deque)
        | st.dictionaries(KEYS, inner)
        | st.dictionaries(KEYS, inner).map(collections.OrderedDict)
        | st.dictionaries(KEYS, inner).map(lambda d: collections.defaultdict(list, d))
        | st.dictionaries(st.text(), inner).map(lambda d: types.SimpleNamespace(**d))
        | st.frozensets(KEYS)
        | st.sets(KEYS)
        | inner.map(lambda value: [value, value])
        | inner.map(lambda value: functools.partial(print, value))
    ),
    max_leaves=15,
)


def same_as_pickle(obj: object, protocol: int) -> None:
    """Both give the same bytes; what plain pickle refuses is refused, or travels by value."""
    try:
        expected = pickle.dumps(obj, protocol)
    except Exception as error:
        try:
            data = modulepickle.dumps(obj, protocol)
        except (type(error), pickle.PicklingError):
            return
        assert type(pickle.loads(data)) is type(obj)  # `types.MethodType` has no name, and goes
    else:
        assert_same(expected, modulepickle.dumps(obj, protocol))


@hypothesis.given(PLAIN, st.sampled_from(PROTOCOLS))
def test_r03_any_plain_object_gives_the_bytes_of_pickle(obj, protocol):
    same_as_pickle(obj, protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_r03_objects_that_refer_to_themselves(protocol):
    items: list[object] = []
    items += [items, {"me": items}, (items,)]
    space = types.SimpleNamespace(items=items)
    space.me = space
    chain = collections.deque([space])
    chain.append(chain)
    partial = functools.partial(print)
    partial.__setstate__((print, (partial,), {}, {"me": partial}))
    for obj in (items, space, chain, partial):
        same_as_pickle(obj, protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_r03_out_of_band_and_old_names(protocol):
    assert modulepickle.dumps(map, protocol, fix_imports=False) == pickle.dumps(
        map, protocol, fix_imports=False
    )
    if protocol == 5:
        ours: list[pickle.PickleBuffer] = []
        theirs: list[pickle.PickleBuffer] = []
        obj = [pickle.PickleBuffer(b"abc"), pickle.PickleBuffer(bytearray(5))]
        one = modulepickle.dumps(obj, 5, buffer_callback=ours.append)
        assert_same(pickle.dumps(obj, 5, buffer_callback=theirs.append), one)
        assert len(ours) == len(theirs) == 2


# --- R4 -------------------------------------------------------------------------------------------

SHAPES = """
    import shapes, units
    obj = {"square": shapes.Square(4), "more": [units, shapes.base], "names": ("a", "b")}
"""


@pytest.mark.parametrize("obj", ["twin.twin", "twin.Twin()", "twin", "other.f", "[twin.odd, twin]"])
def test_r04_the_same_bytes_however_a_module_was_imported_and_found(tmp_path, obj):
    text = """
        === twin.py
        class Twin:
            class twin:
                pass
        def twin(x): return x
        class Odd:
            def __reduce__(self): return "odd"
        odd = Odd()
        === other.py
        import twin
        def f(x): return twin.twin(x)
    """
    first = "import os, modulepickle\nos.utime('.', (1, 1))\n"
    ways = [
        "import twin, other",
        "import other, twin\nmodulepickle.dumps(other.f)",
        "import importlib\ntwin, other = (importlib.import_module(''.join(name))"
        " for name in (['tw', 'in'], ['ot', 'her']))",
        "import importlib.util, sys\ndef made(name):\n"
        "    spec = importlib.util.find_spec(name)\n"
        "    module = sys.modules[name] = importlib.util.module_from_spec(spec)\n"
        "    spec.loader.exec_module(module)\n"
        "    return module\n"
        "twin, other = made(''.join('twin')), made(''.join('other'))",
    ]
    tree = project(tmp_path, text)
    datas = [send(tree, f"{first}{way}\nobj = {obj}") for way in ways]
    assert [len(data) for data in datas] == [len(datas[0])] * len(ways)
    assert len({*datas}) == 1


def test_r04_what_several_packages_require_is_written_once(tmp_path):
    text = """
        === one.py
        import pytest, two
        def f(): return two
        === two.py
        import pytest
    """
    data = send(project(tmp_path, text), "from one import f as obj")
    assert data.count(b"pytest " + pytest.__version__.encode()) == 1


def test_r04_the_same_bytes_whatever_the_hash_seed(tmp_path):
    tree = project(tmp_path, PROJECT)
    first, *others = [send(tree, SHAPES, hash_seed=seed) for seed in (0, 1, 2, 3, 77)]
    for other in others:
        assert_same(first, other)


def test_r04_the_same_bytes_in_another_checkout_on_another_day(tmp_path):
    one = project(tmp_path / "one", PROJECT)
    first = send(one, SHAPES)
    other = shutil.copytree(one, tmp_path / "another" / "checkout")
    for index, path in enumerate(sorted(other.rglob("*.py"), reverse=True)):
        os.utime(path, (10**9 + index, 10**9 - index))
        path.chmod(0o600)
    assert_same(first, send(other, SHAPES, script="another_name.py"))


def test_r04_the_same_bytes_whatever_was_imported_or_pickled_before(tmp_path):
    tree = project(tmp_path, PROJECT)
    busy = (
        "import factors, shapes, modulepickle; modulepickle.dumps([factors, shapes]); import units"
    )
    assert_same(send(tree, SHAPES), send(tree, f"{busy}\n{textwrap.dedent(SHAPES)}"))


# --- R5 -------------------------------------------------------------------------------------------

EDITS = """
    import warnings
    warnings.simplefilter("ignore", __import__("modulepickle").StaleSourceWarning)
    import modulepickle, os, pathlib, pkg
    datas = [modulepickle.dumps(pkg)]
    def edit(name, text):
        pathlib.Path("pkg", name).write_text(text)
        datas.append(modulepickle.dumps(pkg))
"""
EDITED = """
    === pkg/__init__.py
    def value():
        from pkg.inner import value
        return value
    === pkg/inner.py
    value = 0
"""


def after_edits(tmp_path, code):
    """Return the answers of all versions that `code` makes, each from a receiver of its own."""
    tree = project(tmp_path, EDITED)
    made = f"{textwrap.dedent(EDITS)}\n{textwrap.dedent(code)}\nresult = datas"
    datas = run(tree, made).result
    ask = """
        result = []
        for each in objs:
            try:
                result.append(each.value())
            except ModuleNotFoundError as error:
                result.append(error.name)
    """
    return receive(datas, ask, absent=["pkg"]).result


def test_r05_an_edit_of_the_same_size_in_the_same_tick_travels(tmp_path):
    code = """
        for n in range(1, 10):
            edit("inner.py", f"value = {n}\\n")
    """
    assert after_edits(tmp_path, code) == list(range(10))


def test_r05_an_edit_that_puts_the_time_back_travels(tmp_path):
    code = """
        for n in range(1, 4):
            pathlib.Path("pkg/inner.py").write_text(f"value = {n}\\n")
            os.utime("pkg/inner.py", (10**9, 10**9))
            datas.append(modulepickle.dumps(pkg))
    """
    assert after_edits(tmp_path, code) == list(range(4))


def test_r05_new_deleted_and_renamed_files(tmp_path):
    code = """
        edit("__init__.py", "def value():\\n    from pkg.added import value\\n    return value\\n")
        edit("added.py", "value = 'added'\\n")
        os.rename("pkg/added.py", "pkg/other.py"); datas.append(modulepickle.dumps(pkg))
        os.rename("pkg/inner.py", "pkg/added.py"); datas.append(modulepickle.dumps(pkg))
        os.remove("pkg/added.py"); datas.append(modulepickle.dumps(pkg))
    """
    got = after_edits(tmp_path, code)
    assert got == [0, "pkg.added", "added", "pkg.added", 0, "pkg.added"]


def test_r05_a_requirement_that_an_edit_adds_travels(tmp_path):
    code = """
        pathlib.Path("later.py").write_text("value = 'later'\\n")
        edit("inner.py", "from later import value\\n")
    """
    assert after_edits(tmp_path, code) == [0, "later"]


def test_r05_a_pickler_that_is_used_again_looks_again(tmp_path):
    code = """
        import io
        file = io.BytesIO()
        pickler = modulepickle.Pickler(file)
        for n in (1, 2):
            pathlib.Path("pkg/inner.py").write_text(f"value = {n}\\n")
            file.seek(0), file.truncate()
            pickler.clear_memo()
            pickler.dump(pkg)
            datas.append(file.getvalue())
    """
    assert after_edits(tmp_path, code) == [0, 1, 2]


STALE = """
    === mod.py
    import functools, dataclasses
    from deco import keep, logged
    def plain():
        return 1
    @keep
    @functools.lru_cache(maxsize=None)
    def cached():
        return 2
    @logged
    def wrapped(x, *, y=(1, 2.0, -0.0, {1: 2})):
        "Doc."
        return [x for x in (1, 2) if x in {"a", "b", "c", "d", "e", "f", "g", "h"}]
    @dataclasses.dataclass(order=True)
    class Data:
        a: int = 1
        def method(self):
            def inner():
                return lambda: self.a
            return inner
        @staticmethod
        def static():
            return 1
        @classmethod
        def klass(cls):
            return __class__
        @property
        def prop(self):
            return 1
        @functools.cached_property
        def late(self):
            return 1
        class Inner:
            def method(self):
                return 1
    === deco.py
    import functools
    def keep(f):
        return f
    def logged(f):
        @functools.wraps(f)
        def wrapper(*args, **kwargs):
            return f(*args, **kwargs)
        return wrapper
"""
WARNED = """
    import modulepickle, pathlib, warnings, mod
    file = pathlib.Path("mod.py")
    def warned(*objs):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for obj in objs:
                modulepickle.dumps(obj)
        assert all(w.category is modulepickle.StaleSourceWarning for w in caught), caught
        assert all(w.filename == __file__ for w in caught), [w.filename for w in caught]
        return [str(w.message) for w in caught]
    everything = mod.plain, mod.cached, mod.wrapped, mod.Data, mod.Data(2), mod.Data.klass
    def edit(old, new):
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
"""


def warned(tmp_path, code, **options):
    code = f"{textwrap.dedent(WARNED)}\n{textwrap.dedent(code)}"
    return run(project(tmp_path, STALE), code, **options).result


@pytest.mark.parametrize(
    ("old", "new", "obj"),
    [
        ("return 1", "return 7", "plain"),
        ("def plain", "def simple", "plain"),
        ("return 2", "return 3", "cached"),
        ("(1, 2)", "(1, 3)", "wrapped"),
        ("lambda: self.a", "lambda: self.b", "Data"),
        ("return __class__", "return cls", "Data"),
        ("    def late(self):\n        return 1", "    def late(self):\n        return 2", "Data"),
        ("        def method(self):\n            return 1", "        method = 5", "Data"),
    ],
)
def test_r05_a_stale_object_is_warned_of_with_its_file(tmp_path, old, new, obj):
    code = f"edit({old!r}, {new!r})\nresult = warned(mod.{obj})"
    (message,) = warned(tmp_path, code)
    assert f"mod.{obj}" in message
    assert str(tmp_path / "mod.py") in message


def test_r05_of_many_objects_of_one_file_each_stale_one_is_warned_of(tmp_path):
    code = """
        edit("return __class__", "return cls")
        edit("return 2", "return 3")
        result = warned([mod.plain, mod.cached, mod.wrapped, mod.Data, mod.plain])
    """
    messages = warned(tmp_path, code)
    assert [message.split()[0] for message in messages] == ["mod.cached", "mod.Data"]


def test_r05_a_stale_object_from_an_odd_entry_of_sys_path(tmp_path):
    code = """
        import importlib, sys
        sys.path.insert(0, "../" + pathlib.Path().resolve().name)
        del sys.modules["mod"]
        importlib.invalidate_caches()
        import mod
        assert ".." in mod.__spec__.origin
        edit("return 1", "return 7")
        result = warned(mod.plain)
    """
    assert len(warned(tmp_path, code)) == 1


MADE = """
    === kinds.py
    import dataclasses, enum, typing, units
    from units import YARD
    X = 1
    @dataclasses.dataclass
    class Data:
        a: int = 1
    class Plain:
        K = 1
        def method(self):
            "Doc."
            return self.K
    class Derived(Plain):
        pass
    class Color(enum.Enum):
        RED = 1
    class Pair(typing.NamedTuple):
        a: int
    def function():
        return X, units.MILE, Data
    def other():
        from units import FOOT
        return FOOT, YARD
    === units.py
    MILE = 1
    YARD = 2
    FOOT = 3
    INCH = 4
"""
EDITED_MADE = """
    import modulepickle, pathlib, sys, warnings, kinds
    def warned(*names):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for name in names:
                modulepickle.dumps(getattr(kinds, name))
        return [str(each.message).partition(" what ")[0] for each in caught]
    def edit(old, new, name="kinds"):
        file = pathlib.Path(f"{name}.py")
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
    everything = "Data", "Plain", "Derived", "Color", "Pair", "function", "other"
"""


def of_made(tmp_path, code, **options):
    code = f"{textwrap.dedent(EDITED_MADE)}\n{textwrap.dedent(code)}"
    return run(project(tmp_path, MADE), code, **options).result


@pytest.mark.parametrize("way", ["dumped before", "bytecode"])
@pytest.mark.parametrize(
    ("old", "new", "module", "expected"),
    [
        ("a: int = 1", "a: int = 1; b: int = 2", "kinds", ["Data", "function uses kinds.Data"]),
        ("dataclass\n", "dataclass(order=True)\n", "kinds", ["Data", "function uses kinds.Data"]),
        ("K = 1", "K = 100", "kinds", ["Plain", "Derived uses kinds.Plain"]),
        ("RED = 1", "RED = 1; BLUE = 2", "kinds", ["Color"]),
        ("a: int\n", "a: int; b: int = 2\n", "kinds", ["Pair"]),
        ("X = 1", "X = 2", "kinds", ["function uses kinds.X"]),
        ("X = 1", "", "kinds", ["function uses kinds.X"]),
        ("return FOOT", "return 7", "kinds", ["other"]),
        ("MILE = 1", "MILE = 7", "units", ["function uses units.MILE"]),
        ("YARD = 2", "YARD = 7", "units", ["other uses units.YARD"]),
        ("FOOT = 3", "FOOT = 7", "units", ["other uses units.FOOT"]),
        ("INCH = 4", "INCH = 7", "units", []),
        ("MILE = 1", "# MILE\n\nMORE = 5\nMILE = 1", "units", []),
        ('"Doc."', '"Other."', "kinds", []),
        ('"Doc."', "", "kinds", []),
        ("X = 1", "X = 1\ndef more(): pass\nif __name__ == '__main__': more()", "kinds", []),
    ],
)  # fmt: skip
def test_r05_what_an_object_is_made_of_and_uses_counts(tmp_path, way, old, new, module, expected):
    if way == "bytecode":
        project(tmp_path, MADE)
        before, env = "", {"PYTHONDONTWRITEBYTECODE": ""}
    else:
        before, env = "assert warned(*everything) == []", {}
    code = f"{before}\nedit({old!r}, {new!r}, {module!r})\nresult = warned(*everything)"
    found = of_made(tmp_path, code, env=env)
    words = [f"kinds.{each} is not" if " " not in each else f"kinds.{each}" for each in expected]
    assert [each.replace(", which is not", "") for each in found] == words


def test_r05_what_a_function_by_value_uses_of_a_module_counts(tmp_path):
    code = """
        import importlib, units
        def has(): return units.MILE
        def has_another(): return units.INCH, kinds.Color
        def imports():
            from units import MILE
            return lambda: kinds.function
        def warned(*functions):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                for each in functions:
                    modulepickle.dumps(each)
            return [str(each.message).partition(", which ")[0] for each in caught]
        functions = has, has_another, imports, lambda: has()
        assert warned(*functions) == []
        edit("MILE = 1", "MILE = 7", "units")
        result = warned(*functions)
        importlib.reload(units)
        assert warned(*functions) == []
    """
    uses = "has", "imports", "has"
    assert of_made(tmp_path, code) == [f"{each} uses units.MILE" for each in uses]


def test_r05_no_false_alarm_after_an_edit_that_was_reloaded_or_undone(tmp_path):
    code = """
        import importlib, units
        result = warned(*everything)
        edit("K = 1", "K = 100"), edit("MILE = 1", "MILE = 7", "units")
        assert len(warned(*everything)) == 3
        edit("K = 100", "K = 1"), edit("MILE = 7", "MILE = 1", "units")
        result += warned(*everything)
        edit("K = 1", "K = 100"), edit("MILE = 1", "MILE = 7", "units")
        importlib.reload(units), importlib.reload(kinds)
        result += warned(*everything)
        with modulepickle.hold():
            edit("K = 100", "K = 2"), edit("MILE = 7", "MILE = 9", "units")
            result += warned(*everything)
            importlib.reload(units), importlib.reload(kinds)
        result += warned(*everything)
    """
    assert of_made(tmp_path, code) == []


def test_r05_a_file_that_is_nested_too_deeply_to_be_compared_is_sent(tmp_path):
    code = """
        assert warned(*everything) == []
        steps = "".join(f"elif X == {n}: pass\\n" for n in range(700))
        edit("X = 1", f"X = 1\\nif X: pass\\n{steps}")
        result = warned(*everything)
    """
    assert of_made(tmp_path, code) == []


def test_r05_statements_of_any_kind_are_found_again(tmp_path):
    # Of each module of the standard library: what stands further down is none the less the same.
    code = """
        import random, sysconfig
        from modulepickle._snapshot.meaning import Code, Source, compiled
        result = []
        paths = sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py"))
        for path in random.Random(5).sample([each for each in paths if each.is_file()], 25):
            text = path.read_bytes()
            source, moved = Source(text, ""), Code(compiled(b"\\n" + text, ""))
            result += [(path.name, name) for name in source.names()
                       for each in source.statements(name) if not moved.has(each.tokens)]
    """
    assert of_made(tmp_path, code) == []


def test_r05_no_false_alarm_for_untouched_files(tmp_path):
    assert warned(tmp_path, "result = warned(*everything)") == []


def test_r05_no_false_alarm_after_a_touch_and_moved_lines(tmp_path):
    code = """
        edit("import functools", "# a comment\\n\\n\\nimport functools")
        result = warned(*everything)
    """
    assert warned(tmp_path, code) == []


def test_r05_no_false_alarm_from_bytecode_of_another_hash_seed(tmp_path):
    # The order of a frozenset in a .pyc is that of the process that wrote it.
    tree = project(tmp_path, STALE)
    for seed in range(1, 5):
        for cached in (tree / "__pycache__").glob("*"):
            cached.unlink()
        run(tree, "import mod", hash_seed=seed, env={"PYTHONDONTWRITEBYTECODE": ""})
        assert list((tree / "__pycache__").glob("mod*"))
        # A second link changes nothing but the file's ctime, so the check takes place.
        os.link(tree / "mod.py", tree / f"link{seed}.txt")
        code = "import os\nos.link('mod.py', 'again.txt'); os.remove('again.txt')\n"
        code += "result = warned(*everything)"
        made = run(tree, f"{textwrap.dedent(WARNED)}\n{code}", hash_seed=0)
        assert made.result == []


def test_r05_no_false_alarm_after_a_reload_in_the_same_tick(tmp_path):
    code = """
        import importlib
        result = []
        for n in range(5):
            edit(f"return {n + 1}", f"return {n + 2}")
            importlib.reload(mod)
            result += warned(mod.plain, mod.Data, mod.wrapped, mod.cached)
    """
    tree_code = "import mod\n" + textwrap.dedent(code)
    assert warned(tmp_path, tree_code) == []


def test_r05_no_false_alarm_while_the_process_is_traced(tmp_path):
    code = """
        import sys, threading
        def trace(frame, event, arg):
            frame.f_trace_opcodes = True
            return trace
        sys.settrace(trace)
        for _ in range(100):
            mod.plain(), mod.wrapped(1), mod.Data(1).method()()()
        edit("import functools", "#\\nimport functools")
        result = warned(*everything)
    """
    assert warned(tmp_path, code) == []


def test_r05_no_false_alarm_with_pytest_s_assertion_rewriting(tmp_path):
    tree = project(
        tmp_path,
        """
        === test_it.py
        import pathlib, warnings, modulepickle
        def helper(x):
            assert x == 1, "not one"
            return x
        class Thing:
            def method(self):
                assert helper(1) == 1
        def test_it():
            path = pathlib.Path(__file__)
            path.write_text("# moved\\n" + path.read_text())
            warnings.simplefilter("error")
            modulepickle.dumps([helper, Thing(), Thing])
        """,
    )
    done = run(
        tree, "import pytest\nresult = int(pytest.main(['-q', '-p', 'no:cacheprovider', '.']))"
    )
    assert done.result == 0, done.stdout


def test_r05_a_file_that_no_longer_compiles_is_an_error(tmp_path):
    code = """
        edit("return 1", "return (")
        try:
            modulepickle.dumps(mod.plain)
        except modulepickle.PackagingError as error:
            (problem,) = error.problems
            result = problem.reason.name, problem.detail
    """
    reason, detail = warned(tmp_path, code)
    assert reason == "GONE"
    assert "does not compile" in detail
    assert str(tmp_path / "mod.py") in detail


def test_r05_what_a_reload_left_goes_as_it_is_here_without_a_warning(tmp_path):
    code = """
        import importlib, pickle
        old = mod.plain
        edit("return 1", "return 9")
        importlib.reload(mod)
        warnings.simplefilter("error")
        result = old(), pickle.loads(modulepickle.dumps(old))(), mod.plain()
    """
    assert warned(tmp_path, code) == (1, 1, 9)


def test_r05_the_warning_can_be_an_error(tmp_path):
    code = """
        edit("return 1", "return 9")
        warnings.simplefilter("error")
        try:
            modulepickle.dumps(mod.plain)
        except modulepickle.StaleSourceWarning as error:
            result = "raised"
    """
    assert warned(tmp_path, code) == "raised"


# --- R6 -------------------------------------------------------------------------------------------


def out_of_band(tmp_path):
    code = """
        import modulepickle, shapes
        buffers = []
        data = modulepickle.dumps(shapes.Square(5), 5, buffer_callback=buffers.append)
        result = data, [bytes(buffer) for buffer in buffers]
    """
    return run(project(tmp_path, PROJECT), code).result


def test_r06_archives_travel_out_of_band(tmp_path):
    data, buffers = out_of_band(tmp_path)
    assert [buffer[:4] for buffer in buffers] == [b"PK\3\4"] * 3
    assert archives(data) == []


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "pickle.PickleBuffer"])
def test_r06_buffers_of_any_kind_load(tmp_path, kind):
    data, buffers = out_of_band(tmp_path)
    code = f"""
        obj = pickle.loads(datas[0], buffers=[{kind}(buffer) for buffer in datas[1:]])
        result = obj.area()
    """
    assert receive([data, *buffers], code, lazy=True, absent=["shapes"]).result == 250


def test_r06_a_callback_that_keeps_them_in_band(tmp_path):
    code = """
        import modulepickle, shapes
        result = modulepickle.dumps(shapes.Square(5), 5, buffer_callback=lambda buffer: True)
    """
    data = run(project(tmp_path, PROJECT), code).result
    assert len(archives(data)) == 3
    assert receive(data, "result = obj.area()", absent=["shapes"]).result == 250
