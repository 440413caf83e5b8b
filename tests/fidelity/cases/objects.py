"""R7, R9, R16: what kinds of objects are sent, and what comes of their classes."""

from fidelity.case import SUPERSEDED, case

_PKG = """
    === pkg/__init__.py
    import functools
    class C:
        def __init__(self, x=0): self.x = x
        def method(self):
            from pkg import sub
            return self.x, sub.V, type(self).__module__
        def __call__(self):
            return self.method()
        @staticmethod
        def static():
            return __name__, V
        @classmethod
        def of_class(cls):
            return cls.__qualname__, cls(3).method()
        class Inner:
            def go(self):
                return __class__.__qualname__, V
    V = "pkg@V@"
    def deco(g):
        @functools.wraps(g)
        def wrapper(*args):
            return "wrapped", g(*args)
        return wrapper
    @deco
    def decorated():
        return V
    @functools.lru_cache(None)
    def cached():
        from pkg.sub import V
        return V
    def closure(n):
        def inner():
            from pkg import sub
            return n, V, sub.V
        return inner
    === pkg/sub.py
    V = "sub@V@"
    """
for _name, _call in {
    "an_instance": "pkg.C(@V@)",
    "a_bound_method": "pkg.C(@V@).method",
    "a_static_method": "pkg.C.static",
    "a_class_method": "pkg.C.of_class",
    "a_method_of_an_inner_class": "pkg.C.Inner().go",
    "a_partial": "functools.partial(pkg.C.method, pkg.C(1))",
    "a_decorated_function": "pkg.decorated",
    "a_cached_function": "pkg.cached",
    "a_closure_of_a_module": "pkg.closure(5)",
    "a_lambda_of_the_script": "lambda: (pkg.V, pkg.cached())",
    "a_method_of_a_class_of_the_script": "Sub(2).go",
}.items():
    case(
        f"r07_{_name}",
        "obj",
        _PKG,
        script=f"""
        import functools
        import pkg
        class Sub(pkg.C):
            def go(self):
                from pkg import sub
                return super().method(), sub.V, type(self).__mro__[1].__name__
        obj = {_call}
        """,
    )

case(
    "r09_the_same_pickle_has_one_state",
    "pkg.f",
    """
    === pkg/__init__.py
    COUNT = []
    from pkg import sub
    def f():
        COUNT.append(@V@)
        sub.STATE["n"] = sub.STATE.get("n", 0) + 1
        return COUNT, sub.STATE
    === pkg/sub.py
    STATE = {}
    """,
)
case(
    "r16_a_result_is_pickled_by_name",
    "pkg.f",
    """
    === pkg/__init__.py
    import pickle
    from pkg.models import Point, Color, Error, helper
    def f():
        found = [Point(1, @V@), Color.RED, Error("x"), helper, Point.method]
        data = pickle.dumps(found, 4)
        again = pickle.loads(data)
        return data, [type(a) is type(b) for a, b in zip(found, again)], again[0].x
    === pkg/models.py
    import dataclasses, enum
    @dataclasses.dataclass
    class Point:
        x: int
        y: int
        def method(self): pass
    class Color(enum.Enum):
        RED = @V@
    class Error(Exception): pass
    def helper(): pass
    """,
    limits=SUPERSEDED,
)
case(
    "r16_a_result_is_copied",
    "pkg.f",
    """
    === pkg/__init__.py
    import copy, dataclasses
    @dataclasses.dataclass
    class Point:
        x: list
        v: int = @V@
    def f():
        one = Point([1])
        deep, flat = copy.deepcopy(one), copy.copy(one)
        return deep, type(deep) is Point, flat.x is one.x, dataclasses.replace(one, v=5)
    """,
)
case(
    "r16_a_forked_process",
    "pkg.f",
    """
    === pkg/__init__.py
    import multiprocessing, warnings
    def child(pipe):
        from pkg import sub
        pipe.send((sub.V, V, __name__))
        pipe.close()
    V = "pkg@V@"
    def f():
        context = multiprocessing.get_context("fork")
        mine, theirs = context.Pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            process = context.Process(target=child, args=(theirs,))
            process.start()
        found = mine.recv()
        process.join()
        return found, process.exitcode
    === pkg/sub.py
    V = "sub@V@"
    """,
)
