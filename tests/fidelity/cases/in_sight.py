"""R17: what code sees when it looks at itself, at the import system and at the interpreter."""

from fidelity.case import case

for _name, _body in {
    "vars_of_a_class": "sorted(k for k in vars(Config) if not k.startswith('__'))",
    "dir_of_a_class": "sorted(k for k in dir(Config) if not k.startswith('__'))",
    "vars_of_a_class_as_json": "json.dumps(found)",
    "vars_of_a_class_pickled": "pickle.dumps(found)",
}.items():
    case(
        f"r17_{_name}",
        "conf.f",
        f"""
        === conf.py
        import inspect, json, pickle
        class Config:
            rate = 0.1
            epochs@V@ = @V@
        def f():
            found = {{k: v for k, v in vars(Config).items() if k[:2] != '__'}}
            return {_body}
        """,
    )

_OLD = "import warnings\nwarnings.warn('old @V@', DeprecationWarning, stacklevel=2)"
case(
    "r17_warnings_at_import_name_the_importer",
    "pkg.f",
    f"""
=== pkg/__init__.py
import importlib, os, warnings
def f():
    with warnings.catch_warnings(record=True) as got:
        warnings.simplefilter("always")
        from pkg import old
        importlib.import_module("pkg.old2")
    return [(str(each.message), os.path.basename(each.filename), each.lineno) for each in got]
=== pkg/old.py
{_OLD}
=== pkg/old2.py
{_OLD}
""",
)
case(
    "r17_warnings_at_import_are_filtered_by_module",
    "pkg.f",
    f"""
=== pkg/__init__.py
import warnings
def f():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module=r"pkg\\b")
        from pkg import old
    return "ignored @V@"
=== pkg/old.py
{_OLD}
""",
)

for _name, _body in {
    "an_attribute": "        from acme import two\n        return two.debug()",
    "spec": "        return acme.__spec__.name, V",
    "resources": "        import importlib.resources as ir\n"
    "        names = sorted(p.name for p in ir.files(acme).iterdir() if p.name[:2] != '__')\n"
    "        return names, V",
    "names": "        import acme.two\n"
    "        return 'two' in dir(acme), 'two' in vars(acme), acme.two.V",
    "one_object": "        import sys\n        return acme is sys.modules['acme'], V",
    "iter_modules": "        import pkgutil\n"
    "        names = sorted(m.name for m in pkgutil.iter_modules(acme.__path__, 'acme.'))\n"
    "        return names, V",
}.items():
    case(
        f"r17_namespace_package_{_name}",
        "acme.one.f",
        f"""
    === acme/one/__init__.py
    import acme
    V = acme.DEBUG = @V@
    def f():
{_body}
    === acme/two/__init__.py
    V = @V@
    def debug():
        import acme
        return acme.DEBUG
    """,
        script="import acme.one, acme.two",
        since=(3, 10) if _name == "resources" else (3, 9),  # 3.9 has no resources of namespaces
    )

for _name, _of in {"class": "D", "function": "fn"}.items():
    case(
        f"r17_type_hints_of_a_{_name}_of_the_script",
        "f",
        """
        === units.py
        class Unit: V = @V@
        """,
        script=f"""
        from __future__ import annotations
        import dataclasses, typing
        from units import Unit
        class Other: pass
        @dataclasses.dataclass
        class D:
            x: int
            u: Unit
            o: typing.Optional[Other] = None
        def fn(a: Unit, b: typing.List[Other]) -> D: ...
        def f():
            hints = typing.get_type_hints({_of}).items()
            return sorted((k, str(v).replace("__main__.", "")) for k, v in hints), Unit.V
        """,
    )

case(
    "r17_importlib_is_importlib",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib, importlib.util, sys
    import importlib as other
    from importlib import import_module as load, util
    def f():
        same = importlib is sys.modules["importlib"], other is importlib, util is importlib.util
        return same, type(importlib).__name__, load is sys.modules["importlib"].import_module, @V@
    """,
)
case(
    "r17_a_patched_import_module",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib
    from unittest import mock
    def g():
        return importlib.import_module("pkg.sub")
    def f():
        with mock.patch("importlib.import_module", return_value="patched @V@") as patched:
            seen = g(), patched.call_args[0]
        return seen, g().V
    === pkg/sub.py
    V = @V@
    """,
)
case(
    "r17_a_patched_open",
    "pkg.f",
    """
    === pkg/__init__.py
    from unittest import mock
    from pkg import reader
    def f():
        with mock.patch("builtins.open", mock.mock_open(read_data="patched @V@")):
            seen = reader.read()
        try:
            return seen, reader.read()
        except OSError as error:
            return seen, type(error).__name__
    === pkg/reader.py
    def read():
        with open("/no/such/file") as file:
            return file.read()
    """,
)
case(
    "r17_names_added_to_builtins",
    "pkg.f",
    """
    === pkg/__init__.py
    import builtins
    from pkg import early
    builtins.added_@V@ = "added"
    from pkg import late
    def f():
        builtins.later_@V@ = "later"
        try:
            return early.g(), late.FOUND, late.h()
        finally:
            del builtins.later_@V@
    === pkg/early.py
    def g():
        return added_@V@
    === pkg/late.py
    FOUND = added_@V@, @V@
    def h():
        return later_@V@
    """,
)
case(
    "r17_gettext_install",
    "pkg.f",
    """
    === pkg/__init__.py
    import gettext
    from pkg import texts
    def f():
        gettext.install("nothing_@V@")
        return texts.hello()
    === pkg/texts.py
    def hello():
        return _("hello @V@")
    """,
)
case(
    "r17_a_wrapper_around_the_import_function",
    "pkg.f",
    """
    === pkg/__init__.py
    import builtins
    def f():
        seen, real = [], builtins.__import__
        def wrapper(name, globals=None, locals=None, fromlist=(), level=0):
            module = real(name, globals, locals, fromlist, level)
            seen.append((name, fromlist, level))
            return module
        builtins.__import__ = wrapper
        try:
            import pkg.one
            from pkg import two
            from .three import V
        finally:
            builtins.__import__ = real
        return [each for each in seen if "pkg" in each[0] or each[2]], pkg.one.V, two.V, V
    === pkg/one.py
    V = "one@V@"
    === pkg/two.py
    from pkg import one
    V = "two@V@"
    === pkg/three.py
    V = "three@V@"
    """,
    limits=dict.fromkeys(("after", "before", "older"), "is called for imports of the version"),
)
case(
    "r17_vars_of_a_module",
    "pkg.f",
    """
    === pkg/__init__.py
    "The doc of a package."
    from pkg import sub
    x: int = @V@
    def f():
        import pkg
        return sorted(vars(pkg)), dir(pkg), sorted(vars(sub)), pkg.__doc__, pkg.__annotations__
    === pkg/sub.py
    y@V@ = 1
    """,
)
case(
    "r17_the_attributes_of_modules",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.machinery, importlib.util, os
    from pkg import sub, data
    def look(module):
        spec, loader = module.__spec__, module.__loader__
        cached = spec.cached and os.path.basename(spec.cached) == os.path.basename(
            importlib.util.cache_from_source(module.__file__))
        return [
            module.__name__, module.__package__, getattr(module, "__file__", None), repr(module),
            spec.name, spec.parent, spec.origin, spec.has_location, loader is spec.loader, cached,
            list(spec.submodule_search_locations or []), list(getattr(module, "__path__", [])),
            isinstance(loader, importlib.machinery.SourceFileLoader), type(spec).__name__,
            repr(type(loader)),
            spec.loader_state, getattr(loader, "name", None), getattr(loader, "path", None),
        ]
    def f():
        import pkg
        return look(pkg), look(sub), @V@
    === pkg/sub.py
    === pkg/data/__init__.py
    """,
)
case(
    "r17_the_methods_of_a_loader",
    "pkg.f",
    """
    === pkg/__init__.py
    import os
    def f():
        import pkg.sub
        loader = pkg.sub.__loader__
        code = loader.get_code("pkg.sub")
        names = {}
        exec(code, names)
        data = loader.get_data(os.path.join(os.path.dirname(__file__), "data.txt"))
        package = loader.is_package("pkg.sub"), __loader__.is_package("pkg")
        source, file = loader.get_source("pkg.sub"), loader.get_filename("pkg.sub")
        return source, names["V"], package, data, file
    === pkg/sub.py
    V = @V@  # and a comment
    === pkg/data.txt
    data @V@
    """,
)
case(
    "r17_the_namespace_of_the_builtins",
    "pkg.f",
    """
    === pkg/__init__.py
    import builtins
    def f():
        mine = __builtins__ if isinstance(__builtins__, dict) else vars(__builtins__)
        theirs = vars(builtins)
        differ = sorted(k for k in {**mine, **theirs} if mine.get(k) is not theirs.get(k))
        its_own = "__import__", "__lazy_import__"
        return [k for k in differ if k not in its_own], type(__builtins__).__name__, @V@
    """,
)
case(
    "r17_logging_names_the_caller",
    "pkg.f",
    """
    === pkg/__init__.py
    import logging
    from pkg import work
    log = logging.getLogger(__name__)
    def f():
        records = []
        handler = logging.Handler()
        handler.emit = records.append
        logger = logging.getLogger("pkg")
        logger.addHandler(handler)
        logger.propagate = False
        try:
            log.warning("one @V@")
            work.do()
            from pkg import at_import
            at_import.again()
        finally:
            logger.removeHandler(handler)
        return [(r.name, r.module, r.pathname, r.lineno, r.funcName, r.msg) for r in records]
    === pkg/work.py
    import logging
    def do():
        logging.getLogger("pkg.work").warning("two", stacklevel=2)
    === pkg/at_import.py
    import logging
    def again():
        logging.getLogger("pkg.at_import").error("three")
    """,
)
case(
    "r17_warnings_of_functions",
    "pkg.f",
    """
    === pkg/__init__.py
    import warnings
    from pkg.tools import old, older
    class OwnWarning(UserWarning): pass
    def f():
        old()
        older()
        warnings.warn("own @V@", OwnWarning)
        warnings.warn_explicit("explicit", UserWarning, __file__, 99)
    === pkg/tools.py
    import warnings
    def old():
        warnings.warn("old @V@", DeprecationWarning, stacklevel=2)
    def older():
        inner()
    def inner():
        warnings.warn("older", PendingDeprecationWarning, stacklevel=3)
    """,
    same=True,
)
case(
    "r17_warnings_at_import",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        from pkg import old
        return old.V
    === pkg/old.py
    import warnings
    warnings.warn("one @V@", DeprecationWarning)
    warnings.warn("two @V@", DeprecationWarning, stacklevel=2)
    from pkg import older
    V = @V@
    === pkg/older.py
    import warnings
    warnings.warn("three @V@", FutureWarning, stacklevel=2)
    warnings.warn("four @V@", FutureWarning, stacklevel=3)
    """,
)
case(
    "r17_a_syntax_warning_of_a_module",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        from pkg import odd
        return odd.V
    === pkg/odd.py
    V = @V@
    if V is 5:
        pass
    """,
)
case(
    "r17_who_imports_a_module",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        from pkg import asks
        from pkg.late import who
        return asks.WHO, who
    === pkg/asks.py
    import sys
    def importer():
        frame, found = sys._getframe(1), []
        while frame:
            if "importlib" not in frame.f_code.co_filename:
                found.append((frame.f_globals["__name__"], frame.f_lineno))
            frame = frame.f_back
        return found[:2], @V@
    WHO = importer()
    === pkg/late.py
    from pkg.asks import importer
    who = importer()
    """,
)
case(
    "r17_source_by_inspect",
    "pkg.f",
    """
    === pkg/__init__.py
    import inspect, linecache
    from pkg import sub
    class C:
        "A class of version @V@."
        def method(self): return 1
    def f():
        return (
            inspect.getsource(sub.g), inspect.getsource(C), inspect.getsource(sub),
            inspect.getsourcefile(sub.g), inspect.getfile(C), inspect.getdoc(C),
            inspect.getsourcelines(f)[1], inspect.getcomments(sub.g),
            linecache.getline(__file__, 3),
        )
    === pkg/sub.py
    # About g.
    def g():
        return @V@
    """,
)
case(
    "r17_inspect_finds_the_module",
    "pkg.f",
    """
    === pkg/__init__.py
    import inspect
    from pkg import sub
    def f():
        found = [inspect.getmodule(each) for each in (f, sub.g, sub, sub.C)]
        return [module.__name__ for module in found], inspect.getmodulename(sub.__file__), @V@
    === pkg/sub.py
    def g(): pass
    class C: pass
    """,
)
case(
    "r17_doctest_and_unittest",
    "pkg.f",
    """
    === pkg/__init__.py
    import doctest, io, unittest
    def f():
        import pkg.sub, pkg.tests.test_sub
        tried = doctest.testmod(pkg.sub)
        suite = unittest.defaultTestLoader.loadTestsFromModule(pkg.tests.test_sub)
        done = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
        return tuple(tried), done.testsRun, [text for _, text in done.failures], done.errors
    === pkg/sub.py
    '''
    >>> from pkg.sub import V
    >>> V
    @V@
    '''
    V = @V@
    === pkg/tests/__init__.py
    === pkg/tests/test_sub.py
    import unittest
    from pkg.sub import V
    class Test(unittest.TestCase):
        def test_right(self):
            from pkg import sub
            self.assertEqual((V, sub.V), (@V@, @V@))
        def test_wrong(self):
            assert V == "not @V@"
    """,
)
case(
    "r17_type_hints_of_a_shipped_class_and_function",
    "pkg.f",
    """
    === pkg/__init__.py
    from __future__ import annotations
    import typing
    class Own@V@: pass
    class C:
        x: Own@V@
        y: typing.List[C]
    def g(a: Own@V@) -> C: ...
    def f():
        return sorted(map(str, typing.get_type_hints(C).items())), str(typing.get_type_hints(g))
    """,
)
case(
    "r17_protocols_and_abstract_classes",
    "pkg.f",
    """
    === pkg/__init__.py
    import abc, typing
    @typing.runtime_checkable
    class Shown(typing.Protocol):
        name: str
        def show(self) -> str: ...
    class Base(abc.ABC):
        @abc.abstractmethod
        def must(self): ...
        @classmethod
        def __subclasshook__(cls, other):
            return True if "quack@V@" in vars(other) else NotImplemented
    class Has:
        name = "has"
        quack@V@ = 1
        def show(self): return self.name
    T = typing.TypeVar("T")
    class Box(typing.Generic[T]):
        item: T
    def f():
        members = getattr(Shown, "__protocol_attrs__", {"name", "show"})
        abstract = sorted(Base.__abstractmethods__), sorted(members)
        try:
            Base()
        except TypeError as error:
            text = str(error)
        return isinstance(Has(), Shown), issubclass(Has, Base), abstract, text, str(Box[int]), @V@
    """,
)
case(
    "r17_classes_have_what_they_say",
    "pkg.f",
    """
    === pkg/__init__.py
    import enum
    class Slots:
        __slots__ = ("a", "b")
    class Meta(type):
        def __dir__(cls): return ["listed"]
    class Made(metaclass=Meta):
        class Inner: pass
    class Color(enum.Enum):
        RED = @V@
    class Error(Exception): pass
    def f():
        plain = [Slots, Made, Made.Inner, Color, Error]
        try:
            Slots.__dict__["x"] = 1
        except TypeError as error:
            text = str(error)
        return [sorted(vars(each)) for each in plain], dir(Made), list(Color), Error.__mro__, text
    """,
)
case(
    "r17_the_namespace_package_of_two_portions",
    "acme.one.f",
    """
    === src/acme/one.py
    import sys
    def f():
        import acme, acme.two.deep
        from acme import two
        return (
            acme.__name__, repr(acme), getattr(acme, "__file__", None), acme.__spec__.origin,
            len(list(acme.__path__)), two.deep.V, acme.two is two,
            sorted(n for n in sys.modules if "acme" in n),
        )
    === lib/acme/two/deep.py
    V = @V@
    === .git/HEAD
    """,
    script="import acme.one, acme.two.deep",
    paths=("src", "lib"),
)
case(
    "r17_context_variables",
    "pkg.f",
    """
    === pkg/__init__.py
    import contextvars
    from pkg import sub
    VAR = contextvars.ContextVar("var", default="default @V@")
    def f():
        before = VAR.get(), sub.read()
        token = VAR.set("set")
        try:
            return before, sub.read(), contextvars.copy_context().run(sub.read), repr(VAR)[:22]
        finally:
            VAR.reset(token)
    === pkg/sub.py
    def read():
        from pkg import VAR
        return VAR.get()
    """,
)
case(
    "r17_a_job_of_a_thread_pool",
    "pkg.f",
    """
    === pkg/__init__.py
    from concurrent.futures import ThreadPoolExecutor
    from pkg import work
    def f():
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(work.one, range(6)))
    === pkg/work.py
    def one(n):
        from pkg import late
        return n, late.V
    === pkg/late.py
    V = @V@
    """,
)
