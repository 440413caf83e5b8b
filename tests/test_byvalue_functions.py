"""Functions by value: everything that a function of `__main__` can be, on a bare receiver."""

from __future__ import annotations

import pickle

import pytest

import modulepickle
from receivers import interpreters, project, receive, run, send

LIBRARY = """
    === library/__init__.py
    state = {"calls": 0}

    def make(step):
        def count():
            state["calls"] += step
            return state["calls"]
        return count

    double = lambda x: 2 * x
    import types
    def old():
        @types.coroutine
        def inside(): yield 5
        return inside
    in_a_line = {"thunk": lambda i: lambda: i, "prefix": lambda prefix: lambda x: prefix + x}
    in_a_line["list"], in_a_line["pair"] = [lambda: (lambda: 1)], (lambda: 3, lambda: 4)
    def decorate(function):
        def wrapper(*args):
            return "wrapped", function(*args)
        wrapper.__wrapped__ = function
        return wrapper
    @decorate
    def decorated(x):
        return x
    === library/deep.py
    name = __name__
    === other.py
    value = 42
"""


@pytest.fixture
def tree(tmp_path):
    return project(tmp_path, LIBRARY)


CASES = {
    "lambda": ("obj = lambda x, y=2: x + y", "result = obj(1), obj(1, 1)", (3, 2)),
    "lambdas in one line": (
        """
        thunk, keep, pair = lambda: lambda: "inner", lambda x: lambda x: x, lambda a: lambda b: a
        three = lambda *, key: lambda y: lambda: (key, y)
        def both(a=lambda v: "a", *, b=lambda v: "b"): return a, b
        found = {}
        found[max([1, 2], key=lambda v: -v)] = lambda v: v * 10
        same = lambda f: f
        pairs = {same(lambda: 1): same(lambda: 2), same(lambda: 3): same(lambda: 4)}
        kinds = [lambda: 1, lambda: 1.0, lambda: True, lambda: 0.0, lambda: -0.0]
        made = [(lambda: i, lambda: -i) for i in range(2) if (lambda: i < 9)()]
        either = lambda z: (lambda: z) if z else (lambda: 9); unlike = (lambda: 1) is (lambda: 2)
        obj = thunk, keep, pair, three, both, found, pairs, kinds, made, either
        """,
        """
        thunk, keep, pair, three, both, found, pairs, kinds, made, either = obj
        result = [thunk()(), keep(1)(2), pair(1)(2), three(key=1)(2)(), [f(0) for f in both()]]
        result += [found[1](2), [(a(), b()) for a, b in pairs.items()], [repr(f()) for f in kinds]]
        result += [[(a(), b()) for a, b in made], [either(n)() for n in (0, 1)]]
        """,
        [
            "inner", 2, 1, (1, 2), ["a", "b"], 20, [(1, 2), (3, 4)],
            ["1", "1.0", "True", "0.0", "-0.0"], [(1, -1), (1, -1)], [9, 1],
        ],
    ),
    "defaults": (
        "def obj(a, /, b=[1], *c, d={'k': 1}, **e): return a, b, c, d, e",
        "result = obj(0), obj(1, 2, 3, d=4, e=5)",
        ((0, [1], (), {"k": 1}, {}), (1, 2, (3,), 4, {"e": 5})),
    ),
    "attributes": (
        """
        def outer():
            def obj(x: int, *, y: "list[int]" = ()) -> str:
                "Say it."
                return x
            return obj
        obj = outer()
        obj.note = {"k": 1}
        obj.__doc__ = "Said."
        obj.__name__ = "renamed"
        """,
        """
        result = (obj.__name__, obj.__qualname__, obj.__module__, obj.__doc__, obj.note,
                  obj.__annotations__, obj.__kwdefaults__, obj.__defaults__)
        """,
        (
            "renamed", "outer.<locals>.obj", "__main__", "Said.", {"k": 1},
            {"x": int, "y": "list[int]", "return": str}, {"y": ()}, None,
        ),
    ),
    "deferred annotations": (
        """
        from __future__ import annotations
        class Node: pass
        def obj(x: Node, y: list[Node] = None) -> Node: return x
        """,
        """
        import typing
        hints = typing.get_type_hints(obj)
        result = hints["x"].__name__, hints["return"] is hints["x"], obj.__annotations__["x"]
        """,
        ("Node", True, "Node"),
    ),
    "recursion": (
        "def obj(n): return 1 if n < 2 else n * obj(n - 1)", "result = obj(5)", 120,
    ),
    "mutual recursion": (
        """
        def even(n): return n == 0 or odd(n - 1)
        def odd(n): return n != 0 and even(n - 1)
        obj = even, odd
        """,
        "result = obj[0](10), obj[1](10), obj[0].__globals__ is obj[1].__globals__",
        (True, False, True),
    ),
    "a closure over itself": (
        """
        def outer():
            def inner(n): return n and inner(n - 1) + 2
            return inner
        obj = outer()
        """,
        "result = obj(4)",
        8,
    ),
    "shared cells": (
        """
        def outer():
            n = 0
            def up():
                nonlocal n
                n += 1
                return n
            def get(): return n
            return up, get
        obj = outer()
        """,
        "obj[0](); obj[0](); result = obj[1]()",
        2,
    ),
    "an empty cell": (
        """
        def outer():
            def inner(): return late
            if False: late = 1
            return inner
        obj = outer()
        """,
        """
        try:
            obj()
        except NameError as error:
            result = "late" in str(error)
        """,
        True,
    ),
    "generators": (
        """
        import asyncio
        def gen(n):
            for i in range(n): yield i
        async def co(x): return x + 1
        async def agen(n):
            for i in range(n): yield i
        async def use():
            return [x async for x in agen(3)], await co(1)
        obj = gen, use
        """,
        "import asyncio; result = list(obj[0](3)), asyncio.run(obj[1]())",
        ([0, 1, 2], ([0, 1, 2], 2)),
    ),
    "only used globals": (
        """
        used, unused = 1, open(__file__)
        def obj():
            def inner(): return [used for _ in range(2)]
            class C:
                x = used
                def unused(self): pass
            return inner(), C.x, C().unused()
        """,
        "result = obj(), 'unused' in obj.__globals__",
        (([1, 1], 1, None), False),
    ),
    "globals named by texts": (
        """
        import threading
        LIMIT, mode, cache, lock = 3, "fast", threading.Lock(), threading.Lock()
        def reads(): return globals()["LIMIT"], globals().get("mode", "slow"), "gone" in globals()
        def makes():
            if "cache" not in globals():
                globals()["cache"] = "made here"
            return globals()["cache"]
        def keeps(): return globals().setdefault("lock", "kept here")
        obj = reads, makes, keeps
        """,
        "result = [each() for each in obj]",
        [(3, "fast", False), "made here", "kept here"],
    ),
    "globals are written": (
        """
        n = 0
        def up():
            global n, made
            n += 1
            made = n
        def get(): return n, made
        obj = [up, get]
        """,
        "obj[0](); obj[0](); result = obj[1]()",
        (2, 2),
    ),
    "a generator that is a coroutine": (
        """
        import types
        def make(n):
            @types.coroutine
            def old():
                got = yield n
                return got
            return old
        old = make(3)
        async def run(): return await old()
        obj = run
        """,
        """
        coroutine = obj()
        result = [coroutine.send(None)]
        try:
            coroutine.send(4)
        except StopIteration as end:
            result.append(end.value)
        """,
        [3, 4],
    ),
    "decorated": (
        """
        import functools, contextlib
        def twice(function):
            @functools.wraps(function)
            def wrapper(*args): return function(*args), function(*args)
            return wrapper
        @twice
        def f(x): return x
        @contextlib.contextmanager
        def held(x):
            yield x + 1
        def use():
            with held(1) as value: return value
        obj = f, use
        """,
        "result = obj[0](1), obj[0].__wrapped__(2), obj[0].__name__, obj[1]()",
        ((1, 1), 2, "f", 2),
    ),
    "functools": (
        """
        import functools
        @functools.lru_cache(maxsize=7)
        def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
        @functools.singledispatch
        def kind(x): return "any"
        @kind.register(int)
        def _(x): return "int"
        @kind.register(list)
        def _(x): return "list of " + kind(x[0])
        def add(a, b): return a + b
        obj = fib, kind, functools.partial(add, 1), functools.partial(lambda x, y: x - y, y=1)
        """,
        """
        fib, kind, add, less = obj
        result = (fib(30), fib.cache_info().maxsize, kind([1]), kind("x"), add(2), less(5),
                  fib.__name__, kind.__name__)
        """,
        (832040, 7, "list of int", "any", 3, 4, "fib", "kind"),
    ),
    "submodules named as attributes": (
        """
        import xml.etree.ElementTree, concurrent.futures.thread
        def obj(): return xml.etree.ElementTree.fromstring("<a/>").tag
        """,
        "result = obj()",
        "a",
    ),
    "imports inside": (
        """
        def obj():
            import other, library.deep as deep
            from library import double
            return other.value, deep.name, double(4)
        """,
        "result = obj(), obj()",
        ((42, "library.deep", 8),) * 2,
    ),
    "importlib inside": (
        """
        import importlib
        def obj():
            return importlib.import_module("other").value, __import__("library").double(1)
        """,
        "result = obj()",
        (42, 2),
    ),
    "a module as a global": (
        """
        import library.deep, other
        def obj(): return other.value, library.deep.name, other.__name__
        """,
        "result = obj()",
        (42, "library.deep", "other"),
    ),
    "what each process has of its own, as a global": (
        """
        import sys
        import modulepickle
        M = sys.modules
        def make(modules, library):
            return lambda: (M is modules is sys.modules, library is modulepickle, library.__name__)
        obj = make(M, modulepickle)
        """,
        "result = obj()",
        (True, True, "modulepickle"),
    ),
    "a closure of a shipped module": (
        """
        import library
        one, two = library.make(1), library.make(2)
        obj = [one, two, library.make, library, library.double, library.decorated]
        """,
        """
        one, two, make, library, double, decorated = obj
        result = (one(), two(), make(10)(), library.state["calls"], double(3), decorated(1),
                  one.__globals__ is vars(library), one.__code__ is not two.__code__)
        """,
        (1, 3, 13, 13, 6, ("wrapped", 1), True, False),
    ),
    "lambdas of a shipped module, in one line": (
        "from library import in_a_line as obj",
        "result = obj['thunk'](1)(), obj['prefix']('a')('b'), obj['list'][0]()(), obj['pair'][1]()",
        (1, "ab", 1, 4),
    ),
    "a coroutine of a shipped module": (
        "import library; obj = library.old()",
        "result = next(obj()), obj.__code__.co_flags & 256",
        (5, 256),
    ),
    "a lambda of an installed module": (
        """
        import contextlib, string
        def decorate():
            @contextlib.contextmanager
            def held(): yield 5
            return held
        obj = decorate()
        """,
        """
        import contextlib
        with obj() as value:
            result = value, obj.__globals__ is vars(contextlib)
        """,
        (5, True),
    ),
    "bound methods": (
        """
        import types
        class C:
            def __init__(self, x): self.x = x
            def get(self): return self.x
            @classmethod
            def make(cls): return cls(7).x
            @staticmethod
            def plain(): return 8
        def loose(self): return self.x + 100
        obj = [C(1).get, C.make, C.plain, types.MethodType(loose, C(2))]
        """,
        "result = [each() for each in obj]",
        [1, 7, 8, 102],
    ),
    "code and cells": (
        """
        def outer(x):
            def inner(): return x
            return inner
        f = outer(5)
        obj = f.__code__, f.__closure__
        """,
        """
        import types
        result = types.FunctionType(obj[0], {}, None, None, obj[1])()
        """,
        5,
    ),
    "constants": (
        """
        def obj(x):
            return x in {1, 2, "a", (3, frozenset([4]))}, x[1:2], b"x", 1j, ..., None, 1.5, -1, ""
        """,
        "result = obj('abc')[1:]",
        ("b", b"x", 1j, ..., None, 1.5, -1, ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_function_of_main(name, tree):
    sender, code, expected = CASES[name]
    data = send(tree, sender)
    assert receive(data, code, absent=["library", "other"]).result == expected


@pytest.mark.parametrize("protocol", range(6))
def test_all_protocols(tree, protocol):
    sender, code, expected = CASES["a closure of a shipped module"]
    data = send(tree, sender, dumps=f"modulepickle.dumps(obj, {protocol})")
    assert receive(data, code).result == expected


def test_imports_hold_when_another_version_is_active(tree):
    sender = "def obj():\n    import other\n    return other.value"
    old = send(tree, sender)
    project(tree, "=== other.py\nvalue = 43")
    new = send(tree, sender)
    code = "result = [objs[0](), objs[1](), objs[0]()]"
    assert receive([old, new], code).result == [42, 43, 42]


def test_imports_are_bound_from_any_order_of_functions(tree):
    sender = """
    def first(): return second()
    def second():
        import other
        return other.value
    def third():
        from library import double
        return double(second())
    obj = first, third
    """
    assert receive(send(tree, sender), "result = [each() for each in obj]").result == [42, 84]


def test_a_traceback_shows_source(tree):
    sender = """
    def obj(x):
        y = x
        return 1 / y
    """
    code = """
        import traceback
        try:
            obj(0)
        except ZeroDivisionError:
            result = traceback.format_exc()
    """
    shown = receive(send(tree, sender), code).result
    assert "return 1 / y" in shown
    assert str(tree) not in shown
    assert "line 3, in obj" in shown
    code = "import inspect; result = inspect.getsource(obj)"
    assert receive(send(tree, sender), code).result.startswith("def obj(x):\n    y = x\n")


def test_the_module_of_a_script_in_a_package(tree):
    script = """
    === library/run.py
    def f():
        from . import deep
        from .deep import name
        return deep.name, name
    import modulepickle, sys
    with open("out", "wb") as file:
        file.write(modulepickle.dumps(f))
    """
    project(tree, script)
    run(tree, "import runpy; runpy.run_module('library.run', run_name='__main__')")
    data = (tree / "out").read_bytes()
    assert receive(data, "result = obj()").result == ("library.deep",) * 2


def test_in_the_sender_it_is_a_copy_with_its_own_modules(tree):
    code = """
    import library, modulepickle, pickle
    n = [0]
    def f():
        return n, library
    g = pickle.loads(modulepickle.dumps(f))
    made = library.make(1)
    again = pickle.loads(modulepickle.dumps(made))
    made()
    result = g is not f, g()[0] == n, g()[0] is not n, g()[1] is library, again()
    """
    assert run(tree, code).result == (True, True, True, True, 2)


def test_source_that_is_not_the_codes_does_not_travel(tree):
    sender = """
    def obj(password="default"): return 1
    open(__file__, "w").write("def obj(password='default'): return 2\\n" * 30)
    """
    data = send(tree, sender)
    assert b"return 2" not in data
    assert receive(data, "result = obj()").result == 1


def test_the_statement_around_a_lambda_stays_at_home(tree):
    sender = """
    def log_in(password, work): return work
    def passes(key): return lambda function: function
    one = log_in("secret 1", lambda x: x + 1)
    @passes(key="secret 2")
    def two(x, y="default 3"): return x
    obj = one, two
    """
    data = send(tree, sender)
    assert b"secret" not in data
    assert b"lambda x: x + 1" in data


def test_by_value_modules(tree):
    sender = """
    import library, modulepickle
    modulepickle.register_pickle_by_value(library)
    assert modulepickle.list_registry_pickle_by_value() == {"library"}
    obj = library.make, library.deep if hasattr(library, "deep") else None
    """
    data = send(tree, sender)
    assert b"PK\3\4" not in data
    assert receive(data, "result = obj[0](3)()", absent=["library"]).result == 3
    policy = "modulepickle.dumps(obj, policy=modulepickle.Policy(by_value=('library',)))"
    data = send(tree, "from library import make as obj", dumps=policy)
    assert b"PK\3\4" not in data
    assert receive(data, "result = obj(3)()").result == 3


def test_the_registry_of_by_value_modules():
    with pytest.raises(ValueError, match="module object"):
        modulepickle.register_pickle_by_value("json")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not registered"):
        modulepickle.unregister_pickle_by_value(pickle)
    modulepickle.register_pickle_by_value(pickle)
    assert modulepickle.list_registry_pickle_by_value() == {"pickle"}
    modulepickle.unregister_pickle_by_value(pickle)
    assert modulepickle.list_registry_pickle_by_value() == set()


def test_mp_main_is_main(tree):
    sender = """
    import sys
    def obj(): return obj.__module__
    sys.modules["__mp_main__"] = sys.modules["__main__"]
    obj.__module__ = "__mp_main__"
    """
    assert receive(send(tree, sender), "result = obj()").result == "__mp_main__"


@pytest.mark.parametrize("python", interpreters(["3.12", "3.13", "3.14"]))
def test_type_parameters(tree, python):
    sender = """
    def obj[T: int, *Ts, **P](x: T) -> T:
        return T.__name__, T.__bound__, obj.__type_params__[0] is T
    """
    got = receive(send(tree, sender, python=python), "result = obj(1)", python=python)
    assert got.result == ("T", int, True)


@pytest.mark.parametrize("python", interpreters(["3.12", "3.13", "3.14"]))
def test_type_parameters_of_a_class(tree, python):
    sender = """
    class obj[T]:
        def __init__(self, x: T): self.x = x
        def kind(self): return T.__name__, obj.__type_params__ == (T,), self.x
    """
    got = receive(send(tree, sender, python=python), "result = obj[int](1).kind()", python=python)
    assert got.result == ("T", True, 1)
