"""R8, R17: what finds modules and their things by text, and modules that are not what they seem."""

from fidelity.case import case

case(
    "r08_lazy_attributes_as_lazy_loader_attaches_them",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib, os, sys
    def attach(package_name, submodules, submod_attrs):
        attr_to_modules = {a: m for m, attrs in submod_attrs.items() for a in attrs}
        __all__ = sorted(set(submodules) | attr_to_modules.keys())
        def __getattr__(name):
            if name in submodules:
                return importlib.import_module(f"{package_name}.{name}")
            elif name in attr_to_modules:
                path = f"{package_name}.{attr_to_modules[name]}"
                submod = importlib.import_module(path)
                attr = getattr(submod, name)
                if name == attr_to_modules[name]:
                    sys.modules[package_name].__dict__[name] = attr
                return attr
            raise AttributeError(f"No {package_name} attribute {name}")
        def __dir__():
            return __all__.copy()
        return __getattr__, __dir__, __all__.copy()
    __getattr__, __dir__, __all__ = attach(__name__, {"sub"}, {"rank": ["rank", "order"]})
    def f():
        import pkg
        from pkg import sub
        return sub.V, pkg.rank(), pkg.order, pkg.rank.__name__, dir(pkg), type(pkg.rank).__name__
    === pkg/sub.py
    V = @V@
    === pkg/rank.py
    order = "o@V@"
    def rank(): return "r@V@"
    """,
)
case(
    "r08_lazy_modules_of_two_packages",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.util, sys
    def lazy(name):
        try:
            return sys.modules[name]
        except KeyError:
            pass
        spec = importlib.util.find_spec(name)
        module = importlib.util.module_from_spec(spec)
        loader = importlib.util.LazyLoader(spec.loader)
        sys.modules[name] = module
        loader.exec_module(module)
        return module
    other = lazy("other_top")
    sub = lazy("pkg.sub")
    def f():
        import other_top
        return other.V, sub.V, other_top is other, other_top.get()
    === pkg/sub.py
    V = @V@
    === other_top.py
    V = "t@V@"
    def get():
        import pkg
        return pkg.sub.V
    """,
    script="import pkg, other_top",
    policy="include=('other_top',)",
)
case(
    "r11_a_module_that_is_called",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        import pkg.tool as tool
        from pkg import tool as again
        return (tool(2), again is tool, tool.__class__.__name__, tool.__name__,
            tool.__file__ == again.__file__)
    === pkg/tool.py
    import sys, types
    class Callable(types.ModuleType):
        def __call__(self, x):
            return x * @V@
        @property
        def prop(self):
            return "p"
    sys.modules[__name__].__class__ = Callable
    """,
)
case(
    "r11_an_object_with_slots_in_its_place",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        from pkg import settings
        import pkg.settings as again
        from pkg.settings import debug
        return settings.debug, type(again).__name__, debug, settings.V, settings is again
    === pkg/settings.py
    import sys
    class Settings:
        __slots__ = ("debug",)
        V = @V@
        def __init__(self): self.debug = "d@V@"
    sys.modules[__name__] = Settings()
    """,
)
case(
    "r11_a_module_that_stands_for_another",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib, sys, types
    class LazyLoader(types.ModuleType):
        def __init__(self, local_name, parent_globals, name):
            self._local_name, self._parent = local_name, parent_globals
            super().__init__(name)
        def _load(self):
            module = importlib.import_module(self.__name__)
            self._parent[self._local_name] = module
            self.__dict__.update(module.__dict__)
            return module
        def __getattr__(self, item): return getattr(self._load(), item)
        def __dir__(self): return dir(self._load())
    heavy = LazyLoader("heavy", globals(), "pkg.heavy_impl")
    import pkg as me
    def f():
        first = type(me.heavy).__name__ if not hasattr(me, "_done") else "LazyLoader"
        me._done = 1
        return first, heavy.V, type(me.heavy).__name__, "V" in dir(heavy)
    === pkg/heavy_impl.py
    V = @V@
    """,
)
case(
    "r11_a_module_with_properties",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys, types, warnings
    class _Module(types.ModuleType):
        @property
        def OLD(self):
            warnings.warn("OLD is old @V@", DeprecationWarning, stacklevel=2)
            return self.NEW
        def __setattr__(self, k, v):
            if k == "NEW" and hasattr(self, "NEW"): raise AttributeError("read only")
            super().__setattr__(k, v)
    NEW = "new@V@"
    sys.modules[__name__].__class__ = _Module
    def f():
        import pkg
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always")
            v = pkg.OLD
        try: pkg.NEW = 1
        except AttributeError as e: said = str(e)
        from pkg import sub
        return v, [str(x.message) for x in w], said, sub.V, type(pkg).__name__
    === pkg/sub.py
    V = @V@
    """,
)
case(
    "r08_logging_configured_by_names",
    "pkg.f",
    """
    === pkg/__init__.py
    import logging, logging.config, io
    def f():
        logging.config.dictConfig({
            "version": 1, "disable_existing_loggers": False,
            "formatters": {"f": {"()": "pkg.log.Fmt"}, "g": {"class": "pkg.log.Fmt",
                "format": "%(message)s"}},
            "filters": {"x": {"()": "pkg.log.Filter", "word": "w@V@"}},
            "handlers": {"h": {"class": "pkg.log.ListHandler", "formatter": "f",
                "filters": ["x"], "items": "ext://pkg.log.ITEMS"}},
            "loggers": {"pkg.app": {"handlers": ["h"], "level": "INFO", "propagate": False}},
        })
        from pkg import log
        log.ITEMS.clear()
        logging.getLogger("pkg.app").info("hello w@V@")
        logging.getLogger("pkg.app").info("hello")
        return list(log.ITEMS)
    === pkg/log.py
    import logging
    ITEMS = []
    class Fmt(logging.Formatter):
        def format(self, record):
            return "fmt@V@ " + super().format(record) + f" {record.filename}:{record.lineno}"
    class Filter(logging.Filter):
        def __init__(self, word): self.word = word
        def filter(self, record): return self.word in record.getMessage()
    class ListHandler(logging.Handler):
        def __init__(self, items): super().__init__(); self.items = items
        def emit(self, record): self.items.append(self.format(record))
    """,
)
case(
    "r08_mock_in_its_forms",
    "pkg.f",
    """
    === pkg/__init__.py
    from unittest import mock
    from pkg import service, util
    def f():
        out = []
        with mock.patch("pkg.service.fetch", return_value="m@V@"):
            out.append(service.use())
        with mock.patch("pkg.util.CONST", 7): out.append(util.CONST)
        with mock.patch.object(service, "fetch", lambda: "o@V@"): out.append(service.use())
        with mock.patch.dict("pkg.util.TABLE", {"k": "p"}): out.append(dict(util.TABLE))
        with mock.patch.multiple("pkg.service", fetch=mock.DEFAULT, other=5) as m:
            m["fetch"].return_value = "mm"; out.append((service.use(), service.other))
        with mock.patch("pkg.service.Client",
            autospec=True) as C: out.append(C().get.return_value is not None)
        try:
            with mock.patch("pkg.nope.x"): pass
        except Exception as e: out.append((type(e).__name__, str(e)))
        out.append(service.use())
        return out
    === pkg/service.py
    other = 1
    def fetch(): return "real@V@"
    def use(): return fetch()
    class Client:
        def get(self): return 1
    === pkg/util.py
    CONST = @V@
    TABLE = {"a": 1}
    """,
)
case(
    "r08_doctest_of_a_module_and_of_a_file",
    "pkg.f",
    """
    === pkg/__init__.py
    import doctest, io, contextlib
    def f():
        from pkg import mod
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            r = doctest.testmod(mod)
            r2 = doctest.testfile("doc.txt", package="pkg")
        return tuple(r), tuple(r2), "Expected" in out.getvalue(), [t.name
            for t in doctest.DocTestFinder().find(mod)]
    === pkg/mod.py
    '''Doc.

    >>> add(1, 1)
    3
    '''
    def add(a, b):
        '''
        >>> add(1, 2)
        3
        >>> from pkg import base
        >>> base.B
        @V@
        '''
        return a + b
    === pkg/base.py
    B = @V@
    === pkg/doc.txt
    >>> from pkg.mod import add
    >>> add(2, 2)
    4
    >>> from pkg import base; base.B
    1
    """,
)
case(
    "r08_timeit_and_doctest_of_text",
    "pkg.f",
    """
    === pkg/__init__.py
    import timeit, doctest, io, contextlib
    SEEN = []
    def f():
        del SEEN[:]
        timeit.timeit("g()", setup="from pkg.sub import g; import pkg; pkg.SEEN.append(g())",
            number=1)
        timeit.repeat("x.append(h())", setup="from pkg.sub import h", number=1, repeat=1,
            globals={"x": SEEN})
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            doctest.run_docstring_examples(">>> from pkg.sub import g\\n>>> g()\\n0", {}, name="n")
        return SEEN, [l for l in out.getvalue().splitlines() if l.strip().isdigit()]
    === pkg/sub.py
    def g(): return @V@
    def h(): return "h@V@"
    """,
)
case(
    "r08_text_for_debuggers_and_profilers",
    "pkg.f",
    """
    === pkg/__init__.py
    import bdb, code, contextlib, cProfile, io, pdb, trace, warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # once a process, where it is deprecated
        import profile
    TEXT = "from pkg.sub import V; import pkg; pkg.SEEN.append(V)"
    SEEN = []
    def f():
        del SEEN[:]
        for make in (cProfile.Profile, profile.Profile, bdb.Bdb):
            profiler = make()
            getattr(profiler, "runctx", profiler.run)(TEXT, {}, {})
        cProfile.Profile().runctx(TEXT, {"V": 1}, {})
        with contextlib.redirect_stdout(io.StringIO()):
            cProfile.runctx(TEXT, {}, {})
        trace.Trace(count=False, trace=False).runctx(TEXT, {}, {})
        console = code.InteractiveInterpreter({"mine": 1})
        console.runsource(TEXT)
        console.runcode(compile("import pkg.late; pkg.SEEN.append(pkg.late.V)", "text", "exec"))
        found = io.StringIO()
        pdb.Pdb(stdin=io.StringIO("continue\\n"), stdout=found, nosigint=True).run(TEXT, {}, {})
        return SEEN, sorted(console.locals)
    === pkg/sub.py
    V = "sub@V@"
    === pkg/late.py
    V = "late@V@"
    """,
)
case(
    "r08_a_parser_by_name_and_pickles_read_in_python",
    "pkg.f",
    """
    === pkg/__init__.py
    import io, pickle, xml.sax
    DATA = b"cpkg.sub\\nThing\\n."
    class Reader(pickle._Unpickler):
        def find_class(self, module, name):
            return super().find_class(module, name)
    def f():
        found = pickle._loads(DATA), Reader(io.BytesIO(DATA)).load()
        return xml.sax.make_parser(["pkg.parser"]).V, [each.V for each in found]
    === pkg/parser.py
    from xml.sax.expatreader import ExpatParser
    class Parser(ExpatParser):
        V = "@V@"
    create_parser = Parser
    === pkg/sub.py
    class Thing:
        V = "thing@V@"
    """,
)
case(
    "r08_what_is_typed_into_a_debugger",
    "pkg.f",
    """
    === pkg/__init__.py
    import io, pdb
    TYPED = "n\\nv = 5\\n(lambda: v)() + 1\\n[v for _ in range(2)]\\nc\\n"
    def f():
        found = io.StringIO()
        debugger = pdb.Pdb(stdin=io.StringIO(TYPED), stdout=found, nosigint=True)
        debugger.prompt = ""
        def g():
            v = @V@
            return v
        debugger.runcall(g)
        lines = found.getvalue().splitlines()
        return [line for line in lines if "***" in line or line.strip().isdigit()], "@V@"
    """,
)
case(
    "r08_text_executed_in_main",
    "pkg.f",
    """
    === pkg/__init__.py
    import bdb, sys
    SEEN = []
    def f():
        del SEEN[:]
        bdb.Bdb().run("import pkg.sub; pkg.SEEN.append(pkg.sub.V); del pkg")
        return SEEN
    === pkg/sub.py
    V = "sub@V@"
    """,
    limits=dict.fromkeys(
        ("before", "after", "older"), "Text that shipped code has executed in the receiver's own"
    ),
)
case(
    "r08_a_test_program",
    "pkg.f",
    """
    === pkg/__init__.py
    import io, unittest
    def f():
        from pkg import tests
        del tests.SEEN[:]
        runner = unittest.TextTestRunner(stream=io.StringIO())
        done = unittest.main("pkg.tests", argv=["x"], exit=False, testRunner=runner)
        more = unittest.main(None, argv=["x", "pkg.tests.Some.test_it"], exit=False,
            testRunner=runner)
        return done.result.testsRun, more.result.testsRun, tests.SEEN
    === pkg/tests.py
    import unittest
    SEEN = []
    class Some(unittest.TestCase):
        def test_it(self):
            SEEN.append("@V@")
    """,
)
case(
    "r08_an_entry_point_made_of_text",
    "pkg.f",
    """
    === pkg/__init__.py
    from importlib.metadata import EntryPoint
    def f():
        eps = [EntryPoint("a", "pkg.sub:Thing.make", "g"), EntryPoint("b", "pkg.sub", "g"),
            EntryPoint("c", "pkg.sub:V", "g")]
        return [e.load()() if callable(e.load()) else getattr(e.load(), "__name__", e.load())
            for e in eps]
    === pkg/sub.py
    V = @V@
    class Thing:
        @classmethod
        def make(cls): return cls.__module__, V
    """,
)
case(
    "r08_apps_as_django_finds_them",
    "proj.run",
    """
    === proj/__init__.py
    import importlib
    INSTALLED_APPS = ["proj.apps.blog", "proj.apps.shop.apps.ShopConfig"]
    def import_string(dotted):
        module, name = dotted.rsplit(".", 1)
        return getattr(importlib.import_module(module), name)
    def run():
        out = []
        for entry in INSTALLED_APPS:
            try:
                mod = importlib.import_module(entry)
                out.append(importlib.import_module(f"{entry}.models").MODEL)
            except ImportError:
                out.append(import_string(entry).name)
        from importlib.util import find_spec
        out.append([find_spec(f"proj.apps.{n}.models") is not None for n in ("blog", "shop")])
        try: import_string("proj.apps.nope.X")
        except ModuleNotFoundError as e: out.append((str(e), e.name))
        return out
    === proj/apps/__init__.py
    === proj/apps/blog/__init__.py
    === proj/apps/blog/models.py
    MODEL = "m@V@"
    === proj/apps/shop/__init__.py
    === proj/apps/shop/apps.py
    class ShopConfig: name = "shop@V@"
    """,
)
case(
    "r14_imports_that_fail_in_their_forms",
    "pkg.f",
    """
    === pkg/__init__.py
    try:
        import simplejson_not_here as json
    except ImportError:
        import json
    try:
        from pkg._speedups import fast
    except ImportError as e:
        fast = None; said = str(e), e.name, e.path is None
    try:
        from pkg.sub import missing_name
    except ImportError as e:
        said2 = str(e).partition("(")[0], e.name
    try:
        from . import nothing_here
    except ImportError as e:
        said3 = str(e).partition("(")[0], e.name
    try:
        import pkg.sub.deeper
    except ModuleNotFoundError as e:
        said4 = str(e), e.name
    try:
        from .... import beyond
    except ImportError as e:
        said5 = type(e).__name__, str(e)
    try:
        from pkg.broken import x
    except ZeroDivisionError as e:
        said6 = str(e)
    import importlib.util
    HAS = [importlib.util.find_spec(name) is not None for name in ("numpy_not_here", "pkg.sub")]
    def f():
        return json.dumps({"v": @V@}), fast, said, said2, said3, said4, said5, said6, HAS
    === pkg/sub.py
    === pkg/broken.py
    x = 1 / 0
    """,
)
case(
    "r14_all_with_names_that_are_not_there",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        try:
            exec("from pkg.a import *", {})
        except AttributeError as e:
            one = str(e)
        try:
            exec("from pkg.sub import *", {})
        except AttributeError as e:
            two = str(e)
        try:
            exec("from pkg.bad import *", {})
        except TypeError as e:
            three = str(e)
        return one, two, three, @V@
    === pkg/a.py
    __all__ = ["nope"]
    === pkg/sub/__init__.py
    __all__ = ["nope"]
    === pkg/bad.py
    __all__ = [1]
    """,
)
case(
    "r14_a_circle_that_fails",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        try:
            from pkg import a
        except ImportError as e:
            first = str(e).split(" (")[0], e.name
        try:
            import pkg.d
        except AttributeError as e:
            second = str(e)
        return first, second, @V@
    === pkg/a.py
    from pkg.b import y
    x = 1
    === pkg/b.py
    from pkg.a import x
    y = 2
    === pkg/d.py
    import pkg.e
    def g(): pass
    === pkg/e.py
    import pkg.d as d
    d.g
    """,
)
case(
    "r08_a_function_named_as_its_module",
    "pkg.f",
    """
    === pkg/__init__.py
    from .thing import thing
    from .other import other as other_function
    import pkg.thing as t
    def f():
        import sys
        from pkg import thing as a
        from pkg.thing import helper
        import pkg.other as o
        return (a(), t(), helper(), type(sys.modules["pkg.thing"]).__name__, o.other(),
            other_function())
    === pkg/thing.py
    def thing(): return "t@V@"
    def helper(): return "h@V@"
    === pkg/other.py
    def other(): return "o@V@"
    """,
)
case(
    "r08_names_that_no_statement_can_import",
    "pkg.f",
    """
    === pkg/__init__.py
    from . import größe
    from .größe import höhe
    def f():
        import importlib
        from pkg import größe as g
        from pkg.日本 import 値
        k = importlib.import_module("pkg.class")
        k2 = importlib.import_module("pkg.my-module")
        return g.höhe, 値, k.V, k2.V, g.__name__
    === pkg/größe.py
    höhe = "h@V@"
    === pkg/日本.py
    値 = "v@V@"
    === pkg/class.py
    V = "k@V@"
    === pkg/my-module.py
    V = "m@V@"
    """,
)
case(
    "r17_type_hints_of_what_only_checkers_import",
    "pkg.f",
    """
    === pkg/__init__.py
    from __future__ import annotations
    import typing
    from typing import TYPE_CHECKING
    if TYPE_CHECKING:
        from pkg.models import User
        import nowhere_to_be_found
    def g(u: User, n: nowhere_to_be_found.X) -> User: ...
    def h(u: "User") -> "list[User]": ...
    def f():
        try:
            typing.get_type_hints(g)
        except NameError as e:
            said = str(e)
        import pkg.models
        hints = typing.get_type_hints(h, localns={"User": pkg.models.User})
        return said, hints["u"].__module__, hints["u"].V
    === pkg/models.py
    class User: V = @V@
    """,
)
case(
    "r17_inspect_in_its_forms",
    "pkg.f",
    """
    === pkg/__init__.py
    import inspect, os, sys
    from pkg import mod
    def caller_name():
        frame = inspect.currentframe().f_back
        return inspect.getmodule(frame).__name__, frame.f_globals["__name__"], frame.f_code.co_name
    def f():
        out = [caller_name()]
        out.append([s.function for s in inspect.stack()[:2]][:1])
        out.append(inspect.getmodule(mod.C).__name__)
        out.append(inspect.getmodule(mod.g) is mod)
        out.append(os.path.basename(inspect.getsourcefile(mod.C)))
        out.append(os.path.basename(inspect.getfile(mod)))
        out.append(inspect.getsource(mod.C))
        out.append(inspect.getsource(mod.g))
        out.append(inspect.getsourcelines(mod.C.m))
        out.append(inspect.getdoc(mod.C.m))
        out.append(inspect.getcomments(mod.g))
        out.append(inspect.getmodulename(mod.__file__))
        out.append(inspect.getsource(mod))
        out.append([n for n, o in inspect.getmembers(mod, inspect.isfunction)])
        out.append([n for n, o in inspect.getmembers(mod,
            lambda o: inspect.isclass(o) and o.__module__ == mod.__name__)])
        out.append(str(inspect.signature(mod.g)))
        out.append(mod.who())
        return out
    === pkg/mod.py
    import sys
    class Base:
        def m(self):
            "Doc of m."
    class C(Base):
        def m(self):
            return "C@V@"
    # comment of g
    def g(a: int, *, b="x@V@") -> "C":
        # inside
        return lambda: a
    def who():
        return (sys._getframe(1).f_globals["__name__"],
            sys._getframe(0).f_code.co_filename == __file__)
    """,
)
case(
    "r08_reload_of_all_that_is_loaded",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib, sys
    from pkg import state
    def f():
        n = state.N
        state.EXTRA = 1
        again = importlib.reload(state)
        deep = [m for m in sorted(sys.modules) if m.startswith("pkg.")]
        for m in deep: importlib.reload(sys.modules[m])
        try: importlib.reload(object())
        except TypeError as e: said = str(e)
        return again is state, state.EXTRA, state.N - n, deep, said, state.V
    === pkg/state.py
    try: N += 1
    except NameError: N = 0
    V = @V@
    """,
)
case(
    "r17_builtins_in_globals_and_eval",
    "pkg.f",
    """
    === pkg/__init__.py
    import builtins
    def f():
        g = {}
        exec("x = len('abc')", g)
        b = globals()["__builtins__"]
        kind = type(b).__name__
        e = eval("__import__('pkg.sub').sub.V", {})
        try: eval("len('a')", {"__builtins__": {}})
        except NameError as x: said = str(x)
        return (sorted(g), kind, e, said, builtins.__import__.__name__, __import__.__name__,
            __builtins__["len"] is len)
    === pkg/sub.py
    V = @V@
    """,
)
case(
    "r17_annotations_by_annotationlib",
    "pkg.f",
    """
    === pkg/__init__.py
    import annotationlib, dataclasses, typing
    from pkg import m
    def f():
        return (annotationlib.get_annotations(m.g, format=annotationlib.Format.STRING),
            {k: v.__name__ for k, v in annotationlib.get_annotations(m.C).items()},
            {k: type(v).__name__ for k, v in annotationlib.get_annotations(m.g,
                format=annotationlib.Format.FORWARDREF).items()},
            typing.get_type_hints(m.C)["x"].V, [x.name for x in dataclasses.fields(m.C)],
            m.__annotate__(1) if m.__annotate__ else None, m.__annotations__)
    === pkg/m.py
    import dataclasses
    @dataclasses.dataclass
    class C:
        x: Later
        y: int = 1
    def g(a: Nope, b: Later) -> Later: ...
    class Later: V = @V@
    z: int = 3
    """,
    since=(3, 14),
)
