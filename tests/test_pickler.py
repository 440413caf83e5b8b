"""The pickler: subclasses, and all kinds of objects that live in a local module."""

from __future__ import annotations

import inspect
import io
import pickle
import sys
import textwrap

import pytest

import modulepickle
from receivers import project, receive, run, send

# --- shaped like pickle ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dump", "dumps", "load", "loads", "Pickler"])
def test_the_signatures_are_those_of_pickle(name):
    ours = inspect.signature(getattr(modulepickle, name)).parameters
    theirs = inspect.signature(getattr(pickle, name)).parameters
    shared = {key: (p.kind, p.default) for key, p in ours.items() if key in theirs}
    assert shared == {key: (p.kind, p.default) for key, p in theirs.items()}
    assert list(ours)[: len(theirs)] == list(theirs)
    extra = [ours[key] for key in ours if key not in theirs]
    assert {p.kind for p in extra} == {inspect.Parameter.KEYWORD_ONLY}
    assert {repr(p.default) for p in extra} <= {"None", "<no key>", "<the default store>"}


def test_the_rest_is_pickle_s_own():
    for name in ("Unpickler", "HIGHEST_PROTOCOL", "DEFAULT_PROTOCOL"):
        assert getattr(modulepickle, name) is getattr(pickle, name)
    for name in ("PickleError", "PicklingError", "UnpicklingError", "PickleBuffer"):
        assert getattr(modulepickle, name) is getattr(pickle, name)
    assert modulepickle.Pickler.__base__ is pickle.Pickler
    for name in ("persistent_id", "dispatch_table"):
        assert name not in vars(modulepickle.Pickler)


@pytest.mark.parametrize("protocol", [6, 99])
def test_a_protocol_that_there_is_not(protocol):
    with pytest.raises(ValueError, match="pickle protocol must be <= 5"):
        modulepickle.dumps(1, protocol)


@pytest.mark.parametrize("protocol", [None, -1, 0, 5])
def test_the_protocol_of_a_pickler(protocol, tmp_path):
    with open(tmp_path / "x", "wb") as file:
        pickler = modulepickle.Pickler(file, protocol)
    expected = {None: pickle.DEFAULT_PROTOCOL, -1: pickle.HIGHEST_PROTOCOL}.get(protocol, protocol)
    assert pickler.protocol == expected


@pytest.mark.parametrize(
    ("obj", "kind"), [("__import__('threading').Lock()", "lock"), ("(x for x in [])", "generator")]
)
def test_what_cannot_be_pickled_is_named(obj, kind, tmp_path):
    code = f"""
        import modulepickle, pickle
        try:
            modulepickle.dumps({{"key": [{obj}]}})
        except (TypeError, pickle.PicklingError) as error:
            result = str(error)
    """
    assert kind in run(tmp_path, code).result


# --- objects in local modules ---------------------------------------------------------------------

LOCAL = """
    === local/__init__.py
    import abc, collections, dataclasses, enum, functools, typing
    from local.more import *

    def function(x=1):
        return x + 1
    @functools.lru_cache(maxsize=None)
    def cached(x):
        return x + 1
    @functools.singledispatch
    def single(x):
        return "object"
    @single.register(int)
    def _(x):
        return "int"
    UserId = typing.NewType("UserId", int)
    T = typing.TypeVar("T")
    class Sentinel:
        def __reduce__(self):
            return "MISSING"
        def __repr__(self):
            return "<missing>"
    MISSING = Sentinel()
    class Holder:
        class Sentinel:
            __slots__ = ()
            def __reduce__(self):
                return "Holder.NESTED"
    Holder.NESTED = Holder.Sentinel()
    class C:
        def __init__(self, n=1):
            self.n = n
        def __eq__(self, other):
            return type(other) is type(self) and other.n == self.n
        def __hash__(self):
            return hash(self.n)
        def method(self):
            return self.n
        @classmethod
        def klass(cls):
            return cls
        @staticmethod
        def static():
            return "static"
        class Nested:
            class Deeper:
                def method(self):
                    return "deeper"
    class Generic(typing.Generic[T]):
        pass
    class Color(enum.Enum):
        RED = 1
        BLUE = "b"
        def method(self):
            return self.name
    class Flag(enum.IntFlag):
        A = 1
        B = 2
    Point = collections.namedtuple("Point", "x y")
    class Typed(typing.NamedTuple):
        a: int
        b: str = "b"
    @dataclasses.dataclass(frozen=True)
    class Data:
        a: int
        b: "list[Data]" = dataclasses.field(default_factory=list)
    class Props:
        calls = []
        def __init__(self):
            self._x = 3
        @property
        def x(self):
            return self._x
        @property
        def fails(self):
            raise RuntimeError("a property was read")
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            raise RuntimeError(f"{name} was read")
    class Meta(type):
        def __call__(cls, *args):
            return super().__call__(*args)
        def __iter__(cls):
            return iter("abc")
    class Made(metaclass=Meta):
        x = 5
    class Abstract(abc.ABC):
        @abc.abstractmethod
        def f(self): ...
    class Concrete(Abstract):
        def f(self):
            return "concrete"
    class Slots:
        __slots__ = ("a", "b")
    class Trouble(Exception):
        def __init__(self, text, more=None):
            super().__init__(text)
            self.more = more
    class Items(list):
        pass
    class Keys(dict):
        def __missing__(self, key):
            return key
    class Number(int):
        pass
    class Reduced:
        def __init__(self, n):
            self.n = n
        def __reduce__(self):
            return rebuild, (self.n,)
    def rebuild(n):
        return Reduced(n + 1)
    class Getstate:
        def __getstate__(self):
            return {"kept": function}
        def __setstate__(self, state):
            self.state = state
    class NewArgs:
        def __new__(cls, *, n):
            self = super().__new__(cls)
            self.n = n
            return self
        def __getnewargs_ex__(self):
            return (), {"n": self.n}
    === local/more.py
    def elsewhere():
        return "elsewhere"
    === local/sub/__init__.py
    value = [1]
"""

# Expression in the sender -> expression of it (`x`) and of the module (`local`) on the receiver.
KINDS = {
    "local.function": "x(2) == 3 and x is local.function",
    "local.elsewhere": "x() == 'elsewhere' and x is local.elsewhere",
    "local.cached": "x(2) == 3 and x is local.cached",
    "local.single": "x(1) == 'int' and x is local.single",
    "local.UserId": "x is local.UserId and x(3) == 3",
    "local.T": "x is local.T",
    "local.MISSING": "x is local.MISSING",
    "[local.MISSING, local.MISSING]": "x[0] is x[1] is local.MISSING",
    "local.Holder.NESTED": "x is local.Holder.NESTED",
    "local.C": "x is local.C and x.__module__ == 'local'",
    "local.C(4)": "type(x) is local.C and x.n == 4",
    "{local.C(4): local.C(5)}": "x == {local.C(4): local.C(5)}",
    "{local.C(4)}": "x == {local.C(4)}",
    "local.C(4).method": "x() == 4 and type(x.__self__) is local.C",
    "local.C.method": "x is local.C.method",
    "local.C.klass": "x() is local.C",
    "local.C.static": "x() == 'static'",
    "local.C.Nested": "x is local.C.Nested",
    "local.C.Nested.Deeper": "x is local.C.Nested.Deeper",
    "local.C.Nested.Deeper()": "x.method() == 'deeper'",
    "local.C.Nested.Deeper().method": "x() == 'deeper'",
    "functools.partial(local.function, 4)": "x() == 5 and x.func is local.function",
    "functools.partial(local.C, n=4)": "x().n == 4",
    "functools.partial(local.C(3).method)": "x() == 3",
    "operator.methodcaller('method')": "x(local.C(7)) == 7",
    "local.Color": "x is local.Color",
    "local.Color.RED": "x is local.Color.RED",
    "local.Color.RED.method": "x() == 'RED'",
    "local.Flag.A | local.Flag.B": "x == local.Flag(3) and type(x) is local.Flag",
    "local.Point": "x is local.Point",
    "local.Point(1, 2)": "x == local.Point(1, 2) and type(x) is local.Point",
    "local.Typed(1)": "x == (1, 'b') and type(x) is local.Typed",
    "local.Data(1, [local.Data(2)])": "x == local.Data(1, [local.Data(2)])",
    "local.Props()": "x.x == 3",
    "local.Made": "x is local.Made and type(x) is local.Meta",
    "local.Made()": "x.x == 5",
    "local.Meta": "x is local.Meta",
    "local.Abstract": "x is local.Abstract",
    "local.Concrete()": "x.f() == 'concrete'",
    "local.Generic": "x is local.Generic",
    "local.Generic[int]": "x == local.Generic[int]",
    "local.Generic[local.T]": "x == local.Generic[local.T]",
    "list[local.C]": "x == list[local.C]",
    "dict[str, list[local.C]]": "x == dict[str, list[local.C]]",
    "typing.List[local.C]": "x.__args__ == (local.C,)",
    "typing.Optional[local.C]": "x == __import__('typing').Optional[local.C]",
    "typing.Callable[[local.C], int]": "x.__args__ == (local.C, int)",
    "local.Trouble('no', more=local.C(2))": "x.args == ('no',) and x.more == local.C(2)",
    "local.Items([1, local.C(2)])": "x == [1, local.C(2)] and type(x) is local.Items",
    "local.Keys(a=1)": "x['b'] == 'b' and x['a'] == 1",
    "local.Number(7)": "x == 7 and type(x) is local.Number",
    "local.Reduced(7)": "x.n == 8",
    "local.Getstate()": "x.state == {'kept': local.function}",
    "local.NewArgs(n=3)": "x.n == 3",
    "collections.defaultdict(local.C)": "x['a'].n == 1",
    "collections.deque([local.C(1)])": "x[0].n == 1",
    "types.SimpleNamespace(c=local.C(1))": "x.c.n == 1",
    "weakref.ref": "x is __import__('weakref').ref",
    "local": "x is local and x.__name__ == 'local'",
    "local.sub": "x is local.sub and x.value == [1]",
    "json": "x is __import__('json')",
    "xml.etree": "x is __import__('xml.etree', fromlist=['_'])",
    "xml.etree.ElementTree": "x.__name__ == 'xml.etree.ElementTree'",
    "os.path": "x is __import__('os').path",
    "sys": "x is __import__('sys')",
}
if sys.version_info < (3, 10):
    # The name of the first leads nowhere: pickle refuses it. The other is a function in a function.
    del KINDS["weakref.ref"], KINDS["local.UserId"]
IMPORTS = """
    import collections, functools, json, operator, os, sys, types, typing, weakref
    import local, local.sub, modulepickle, xml.etree.ElementTree, xml.etree
"""


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_every_kind_of_object(tmp_path, protocol):
    # One sender and one receiver for all: an error names the kind.
    code = f"""
        result = []
        for kind in {list(KINDS)!r}:
            try:
                result.append(modulepickle.dumps([local, eval(kind)], {protocol}))
            except Exception as error:
                raise AssertionError(kind) from error
    """
    code = f"{textwrap.dedent(IMPORTS)}\n{textwrap.dedent(code)}"
    datas = run(project(tmp_path, LOCAL), code).result
    ask = f"""
        result = []
        for index, (kind, check) in enumerate({KINDS!r}.items()):
            try:
                local, x = load(index)
                if not eval(check, {{"local": local, "x": x}}):
                    result.append((kind, repr(x)))
            except Exception as error:
                result.append((kind, repr(error)))
    """
    assert receive(datas, ask, lazy=True, absent=["local"]).result == []


def test_instances_cost_no_property(tmp_path):
    code = "import local; obj = [local.Props() for _ in range(3)]"
    data = send(project(tmp_path, LOCAL), code)
    assert receive(data, "result = [x.x for x in obj]", absent=["local"]).result == [3, 3, 3]


def test_one_object_stays_one(tmp_path):
    code = "import local; c = local.C(); obj = [c, c.method, {'c': c}, local.C, local.C]"
    data = send(project(tmp_path, LOCAL), code)
    ask = "result = obj[0] is obj[1].__self__ is obj[2]['c'], obj[3] is obj[4] is type(obj[0])"
    assert receive(data, ask, absent=["local"]).result == (True, True)


# --- reducer_override, which sees each instance ---------------------------------------------------


class Ordinary:
    pass


class Refusing:
    def __init__(self, error):
        self.error = error

    def __reduce__(self):
        raise self.error


def _frames(objects):
    """Return how many frames of the library one dump makes."""
    frames = {}

    def see(frame, event, arg):
        if event == "call" and frame.f_globals.get("__package__") == "modulepickle":
            frames[id(frame)] = frame  # kept: no other frame gets its id

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        modulepickle.dumps(objects)
    finally:
        sys.setprofile(before)
    return len(frames)


def test_ordinary_instances_call_no_function():
    few, many = [Ordinary() for _ in range(10)], [Ordinary() for _ in range(1000)]
    modulepickle.dumps(few)
    assert _frames(many) < _frames(few) + 100


@pytest.mark.parametrize("error", [KeyError("mine"), TypeError("mine"), ValueError("mine")])
def test_the_error_of_an_object_comes_as_it_is_and_the_pickler_goes_on(error):
    file = io.BytesIO()
    pickler = modulepickle.Pickler(file)
    with pytest.raises(type(error), match="mine") as found:
        pickler.dump([Refusing(error)])
    assert type(found.value.__context__) in (type(None), type(error))
    assert "reducer_override" not in vars(pickler)
    pickler.clear_memo()
    file.seek(0)
    file.truncate()
    pickler.dump([1, len])
    assert pickle.loads(file.getvalue()) == [1, len]


def test_a_pickler_s_own_hook_may_be_asked_during_a_dump():
    class Asking(modulepickle.Pickler):
        def persistent_id(self, obj):
            if isinstance(obj, Ordinary):
                seen.append(self.reducer_override(obj))

    seen = []
    Asking(io.BytesIO()).dump([Ordinary(), Ordinary()])
    assert seen == [NotImplemented, NotImplemented]


class Nameless(type):
    @property
    def __module__(cls):
        raise ZeroDivisionError


def test_a_pickler_s_own_hook_may_fail_during_a_dump():
    class Asking(modulepickle.Pickler):
        def persistent_id(self, obj):
            try:
                self.reducer_override(obj)
            except ZeroDivisionError:
                return "nameless"

    file = io.BytesIO()
    Asking(file).dump([Ordinary(), Nameless("Nameless", (), {}), len])
    unpickler = type("Own", (pickle.Unpickler,), {"persistent_load": lambda self, name: name})
    ordinary, *rest = unpickler(io.BytesIO(file.getvalue())).load()
    assert (type(ordinary), rest) == (Ordinary, ["nameless", len])


def test_an_object_may_ask_the_pickler_that_reduces_it():
    class Asking(str):
        def __reduce__(self):
            return str, (repr(pickler.reducer_override(Ordinary())),)

    file = io.BytesIO()
    pickler = modulepickle.Pickler(file)
    pickler.dump([Asking(), len])
    assert pickle.loads(file.getvalue()) == ["NotImplemented", len]


def test_the_hook_of_one_pickler_object():
    file = io.BytesIO()
    pickler = modulepickle.Pickler(file)
    hook = pickler.reducer_override = lambda obj: (
        (complex, (1, 2)) if isinstance(obj, Ordinary) else NotImplemented
    )
    for _ in range(2):
        pickler.clear_memo()
        file.seek(0)
        pickler.dump([Ordinary()])
        assert pickle.loads(file.getvalue()) == [1 + 2j]
        assert pickler.reducer_override is hook


# --- many references to one module ----------------------------------------------------------------


def test_beside_the_function_that_is_there_now_travels_the_one_that_was(tmp_path):
    tree = project(tmp_path, "=== local.py\ndef first(): return 1\ndef second(): return 2")
    code = """
        import importlib, local
        before = local.second
        with open("local.py", "a") as file:
            file.write("def second(): return 3")
        importlib.invalidate_caches()
        importlib.reload(local)
        obj = local.first, local.second, before, local.first
    """
    assert receive(send(tree, code), "result = [each() for each in obj]").result == [1, 3, 2, 1]


@pytest.mark.parametrize("made", ["colorsys.rgb", "colorsys", "colorsys.Colour()", "use"])
def test_a_local_module_with_a_name_of_the_standard_library_travels(tmp_path, made):
    text = """
        === colorsys.py
        def rgb():
            return "mine"
        class Colour:
            __slots__ = ()
            rgb = staticmethod(rgb)
            def __reduce__(self):
                return Colour, ()
    """
    code = f"""
        import colorsys
        use = lambda: colorsys.rgb()
        obj = {made}
    """
    result = receive(
        send(project(tmp_path, text), code), 'result = getattr(obj, "rgb", obj)()', absent=[]
    )
    assert result.result == "mine"


# --- subclasses -----------------------------------------------------------------------------------

SUBCLASS = """
    import copyreg, io, modulepickle, pickle, local
    def pickled(cls, obj, protocol=None, change=None):
        file = io.BytesIO()
        pickler = cls(file, protocol)
        if change:
            change(pickler)
        pickler.dump(obj)
        return file.getvalue()
"""


def subclass(tmp_path, code):
    code = f"{textwrap.dedent(SUBCLASS)}\n{textwrap.dedent(code)}"
    return run(project(tmp_path, LOCAL), code).result


def test_a_subclass_with_persistent_ids(tmp_path):
    data = subclass(
        tmp_path,
        """
        class Mine(modulepickle.Pickler):
            def persistent_id(self, obj):
                return "the id" if isinstance(obj, local.Items) else None
        result = pickled(Mine, [local.Items(), local.C(3), local.function])
        """,
    )
    code = """
        import io
        class Mine(pickle.Unpickler):
            def persistent_load(self, pid):
                return pid
        items, c, function = Mine(io.BytesIO(datas[0])).load()
        result = items, c.n, function(1)
    """
    assert receive(data, code, lazy=True, absent=["local"]).result == ("the id", 3, 2)


@pytest.mark.parametrize("where", ["class", "instance", "instance, later"])
def test_a_subclass_with_a_dispatch_table(tmp_path, where):
    data = subclass(
        tmp_path,
        f"""
        table = copyreg.dispatch_table.copy()
        table[local.C] = lambda c: (local.rebuild, (c.n,))
        table[local.Meta] = lambda cls: (getattr, (local, cls.__name__))
        table[local.Slots] = lambda slots: "MISSING_SLOTS"
        local.MISSING_SLOTS = local.Slots()
        class Mine(modulepickle.Pickler):
            if {where!r} == "class":
                dispatch_table = table
            elif {where!r} == "instance":
                def __init__(self, *args, **options):
                    super().__init__(*args, **options)
                    self.dispatch_table = table
        change = None
        if {where!r} == "instance, later":
            change = lambda pickler: setattr(pickler, "dispatch_table", table)
        result = pickled(Mine, [local.C(3), local.Made, local.Made(), local.cached], change=change)
        """,
    )
    code = "result = type(obj[0]).__name__, obj[0].n, obj[1] is type(obj[2]), obj[3](1)"
    assert receive(data, code, absent=["local"]).result == ("Reduced", 4, True, 2)


def test_a_dispatch_table_whose_reducer_returns_a_name(tmp_path):
    tree = project(tmp_path, LOCAL)
    (tree / "local/named.py").write_text("class Named:\n    pass\nTHE_ONE = Named()\n")
    data = subclass(
        tmp_path,
        """
        import local.named
        class Mine(modulepickle.Pickler):
            dispatch_table = {local.named.Named: lambda named: "THE_ONE"}
        result = pickled(Mine, [local.named, local.named.THE_ONE])
        """,
    )
    assert receive(data, "result = obj[1] is obj[0].THE_ONE", absent=["local"]).result is True


def test_copyreg_s_table_with_a_name(tmp_path):
    tree = project(tmp_path, LOCAL)
    text = "import copyreg\nclass Named:\n    pass\nTHE_ONE = Named()\n"
    (tree / "local/named.py").write_text(f"{text}copyreg.pickle(Named, lambda named: 'THE_ONE')\n")
    data = send(tree, "import local.named; obj = [local.named, local.named.THE_ONE]")
    assert receive(data, "result = obj[1] is obj[0].THE_ONE", absent=["local"]).result is True


def test_a_subclass_with_a_reducer_override_of_its_own(tmp_path):
    data = subclass(
        tmp_path,
        """
        class Mine(modulepickle.Pickler):
            def reducer_override(self, obj):
                if isinstance(obj, local.C):
                    return local.rebuild, (obj.n,)
                return super().reducer_override(obj)
        result = pickled(Mine, [local.C(3), local.C, local.cached])
        """,
    )
    code = "result = type(obj[0]).__name__, obj[0].n, obj[1]().n, obj[2](1)"
    assert receive(data, code, absent=["local"]).result == ("Reduced", 4, 1, 2)


def test_a_pickler_that_dumps_twice_remembers_the_first(tmp_path):
    # As in pickle: the second pickle refers to the first one's memo, and needs its unpickler.
    data = subclass(
        tmp_path,
        """
        file = io.BytesIO()
        pickler = modulepickle.Pickler(file)
        c = local.C(3)
        pickler.dump([c, local.function])
        first = file.tell()
        pickler.dump([c, local.function, local.C])
        assert file.tell() - first < 100, "the archive travelled twice"
        result = file.getvalue()
        """,
    )
    code = """
        import io
        unpickler = pickle.Unpickler(io.BytesIO(datas[0]))
        first, second = unpickler.load(), unpickler.load()
        result = first[0] is second[0], first[1] is second[1], second[2] is type(first[0])
    """
    assert receive(data, code, lazy=True, absent=["local"]).result == (True, True, True)


def test_a_pickler_that_dumps_twice_sees_the_edit_between(tmp_path):
    data = subclass(
        tmp_path,
        """
        import importlib, pathlib
        file = io.BytesIO()
        pickler = modulepickle.Pickler(file)
        pickler.dump([local.function])
        path = pathlib.Path("local/__init__.py")
        path.write_text(path.read_text().replace("return x + 1", "return x + 100"))
        importlib.reload(local)
        pickler.dump([local.function])
        result = file.getvalue()
        """,
    )
    code = """
        import io
        unpickler = pickle.Unpickler(io.BytesIO(datas[0]))
        result = unpickler.load()[0](0), unpickler.load()[0](0)
    """
    assert receive(data, code, lazy=True, absent=["local"]).result == (1, 100)


# --- policies -------------------------------------------------------------------------------------

BOTH = """
    === tree/one.py
    def f(): return "one"
    === tree/two.py
    def f(): return "two"
    === site-packages/three.py
    def f(): return "three"
"""


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", ["one", "two"]),
        ("exclude=['one']", ["two"]),
        ("exclude=['*']", []),
        ("include=['three']", ["one", "two", "three"]),
        ("include=['t*'], exclude=['two']", ["one", "three"]),
        ("include=['three'], exclude=['*']", []),
        ("include=['json', 'os']", ["one", "two"]),
    ],
)
def test_a_policy_includes_and_excludes(tmp_path, policy, expected):
    code = f"""
        import sys
        sys.path.append({str(tmp_path / "site-packages")!r})
        import one, two, three, modulepickle
        from modulepickle import Policy
        def shipped(**options):
            data = modulepickle.dumps([one.f, two.f, three.f], **options)
            return [name for name in ("one", "two", "three") if f"{{name}}.py".encode() in data]
        policy = Policy({policy})
        result = [shipped(policy=policy)]
        before = modulepickle.set_policy(policy)
        result += [shipped(), shipped(policy=Policy()), before == Policy()]
        result += [modulepickle.set_policy(before) == policy, shipped()]
    """
    both = ["one", "two"]
    got = run(project(tmp_path, BOTH) / "tree", code).result
    assert got == [expected, expected, both, True, True, both]


def test_shipping_nothing_gives_the_bytes_of_pickle(tmp_path):
    code = """
        import local, modulepickle, pickle
        obj = [local.C(1), local.function, local.cached, local.Made, local.Color.RED]
        nothing = modulepickle.Policy(exclude=("*",))
        result = [
            modulepickle.dumps(obj, n, policy=nothing) == pickle.dumps(obj, n) for n in range(6)
        ]
    """
    assert run(project(tmp_path, LOCAL), code).result == [True] * 6


def test_dump_takes_what_dumps_takes(tmp_path):
    code = """
        import io, local, modulepickle
        result = []
        for options in ({}, {"policy": modulepickle.Policy(exclude=["*"])}, {"protocol": 2}):
            file = io.BytesIO()
            modulepickle.dump(local.C(2), file, **options)
            result.append(file.getvalue() == modulepickle.dumps(local.C(2), **options))
    """
    assert run(project(tmp_path, LOCAL), code).result == [True] * 3
