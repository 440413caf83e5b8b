"""R8: names below a package that its files do not have, and where a native import finds them."""

from importlib.util import find_spec
from pathlib import Path

from fidelity.case import HOST_FIRST, NO_FILES, case

case(
    "r08_a_module_with_an_empty_path_and_a_child_in_sys_modules",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        from pkg.compat.moves import thing
        import pkg.compat.moves as m
        return thing, m.thing
    === pkg/compat.py
    import sys, types
    __path__ = []
    moves = types.ModuleType(__name__ + ".moves")
    moves.thing = @V@
    sys.modules[__name__ + ".moves"] = moves
    from pkg import _after
    === pkg/_after.py
    """,
    script="import pkg, pkg.compat",
)

_six = (find_spec("pip") and find_spec("pip._vendor.six")) or find_spec("six")
if _six and _six.origin:  # the real one, of whoever has it here
    case(
        "r08_vendored_six",
        "pkg.f",
        """
    === pkg/__init__.py
    def f():
        from pkg.vendor import six
        from pkg.vendor.six.moves import range as r, urllib
        from pkg.vendor.six.moves.urllib.parse import quote
        return list(r(2)), quote("a b"), urllib.parse.quote("a b"), @V@
    === pkg/vendor/__init__.py
    """,
        extra={"pkg/vendor/six.py": Path(_six.origin).read_text(encoding="utf-8")},
    )

case(
    "r08_plugins_executed_by_their_spec_and_registered",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.util, pkgutil, sys
    REGISTRY = []
    def f():
        from pkg import plugins
        for finder, name, _ in pkgutil.iter_modules(plugins.__path__, plugins.__name__ + "."):
            spec = finder.find_spec(name)
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
        from pkg.plugins.a import Plugin
        return REGISTRY, Plugin is sys.modules["pkg.plugins.a"].Plugin
    === pkg/plugins/__init__.py
    === pkg/plugins/a.py
    from pkg import REGISTRY
    class Plugin: pass
    REGISTRY.append('a@V@')
    === pkg/plugins/b.py
    from pkg import REGISTRY
    REGISTRY.append('b@V@')
    """,
)

case(
    "r08_a_plugin_file_that_imports_the_package",
    "pkg.f",
    """
    === pkg/__init__.py
    V = @V@
    def f():
        import importlib.util, os, runpy
        path = os.path.join(os.path.dirname(__file__), "plugins", "plug.py")
        spec = importlib.util.spec_from_file_location("plug", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.early, module.late(), runpy.run_path(path)["early"]
    === pkg/plugins/plug.py
    from pkg import V as early
    def late():
        import pkg
        return pkg.V
    """,
    limits=NO_FILES,
)

for _name, _body in {
    "a_stub": """
        fake = types.ModuleType("pkg.gpu")
        fake.kernel = "fake @V@"
        with mock.patch.dict(sys.modules, {"pkg.gpu": fake}):
            from pkg.gpu import kernel
        return kernel
    """,
    "none": """
        with mock.patch.dict(sys.modules, {"pkg.gpu": None}):
            try:
                from pkg.gpu import kernel
            except ImportError as error:
                return "blocked @V@", type(error).__name__, str(error), error.name
        return kernel
    """,
    "pop_and_import_again": """
        for _ in range(2):
            sys.modules.pop("pkg.conf", None)
            import pkg.conf
        return COUNT
    """,
}.items():
    case(
        f"r08_sys_modules_{_name}",
        "pkg.f",
        f"""
    === pkg/__init__.py
    import sys, types
    from unittest import mock
    COUNT = []
    def f():{_body}
    === pkg/gpu.py
    kernel = 'real'
    === pkg/conf.py
    from pkg import COUNT
    COUNT.append(@V@)
    """,
    )

case(
    "r08_extend_path_imported_before",
    "early.f",
    """
    === .git/HEAD
    === a/ns/__init__.py
    __path__ = __import__('pkgutil').extend_path(__path__, __name__)
    === a/ns/one.py
    X = 1
    === b/ns/__init__.py
    __path__ = __import__('pkgutil').extend_path(__path__, __name__)
    === b/ns/two.py
    X = @V@
    === a/early.py
    from ns import one, two
    def f():
        return one.X, two.X
    """,
    paths=("a", "b"),
)

case(
    "r08_extend_path_imported_late",
    "late.f",
    """
    === .git/HEAD
    === a/ns/__init__.py
    __path__ = __import__('pkgutil').extend_path(__path__, __name__)
    === a/ns/one.py
    X = 1
    === b/ns/__init__.py
    __path__ = __import__('pkgutil').extend_path(__path__, __name__)
    === b/ns/two.py
    X = @V@
    === a/late.py
    def f():
        from ns import one, two
        return one.X, two.X
    """,
    paths=("a", "b"),
    limits={"older": HOST_FIRST},
)

_OTHER = """
    === other.py
    import logging
    X = @V@
    make = logging.NullHandler
    === assets/__init__.py
    === assets/a.txt
    hi @V@
    === tests_of/__init__.py
    === tests_of/test_it.py
    import unittest
    class Test(unittest.TestCase):
        def test(self):
            import other
            assert False, other.X
    """
_CONFIG = """
    === app.py
    import importlib, json
    CONF = '["other"]'
    def f():
        return [importlib.import_module(n).X for n in json.loads(CONF)]
    """
case("r08_a_name_in_a_config", "app.f", _CONFIG + _OTHER, script="import app, other")
case(
    "r08_a_name_in_a_config_with_include",
    "app.f",
    _CONFIG + _OTHER,
    script="import app, other",
    policy="include=('other',)",
)
case(
    "r08_a_name_in_a_config_with_the_module_beside_it",
    "functools.partial(call, other, app.f)",
    _CONFIG + _OTHER,
    script="""
    import functools, app, other
    def call(module, f):
        return f()
    """,
)
case(
    "r08_a_name_for_an_alias_of_import_module",
    "app.f",
    """
    === app.py
    from importlib import import_module as load
    def f():
        return load('other').X
    """
    + _OTHER,
    script="import app, other",
)
case(
    "r08_names_for_functions_of_the_standard_library",
    "app.f",
    """
    === app.py
    import io, logging.config, pkgutil, runpy, unittest
    from importlib import resources
    from unittest import mock
    CONF = {"version": 1, "handlers": {"h": {"()": "other.make"}}}
    def f():
        logging.config.dictConfig(CONF)
        with mock.patch("other.X", "patched"):
            patched = pkgutil.resolve_name("other:X")
        suite = unittest.defaultTestLoader.loadTestsFromName("tests_of.test_it.Test")
        done = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
        return (
            pkgutil.resolve_name("other:X"),
            patched,
            runpy.run_module("other")["X"],
            pkgutil.get_data("assets", "a.txt"),
            resources.read_text("assets", "a.txt"),
            [text for _, text in done.failures],
            done.errors,
        )
    """
    + _OTHER,
    script="import app, other, assets, tests_of.test_it",
    policy="include=('other', 'assets', 'tests_of')",
)

for _name in "func", "unusual_prefix_12ab_func", "__loader__.func", "func.py":
    case(
        f"r08_registered_under_the_odd_name_{_name.strip('_').replace('.', '_')}",
        "module.func",
        """
        === tasks/func.py
        from helper import H
        def func():
            return H
        === helper.py
        H = @V@
        """,
        script=f"""
        import importlib.util, pathlib, sys
        path = pathlib.Path(__file__).parent / "tasks" / "func.py"
        spec = importlib.util.spec_from_file_location({_name!r}, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[{_name!r}] = module
        spec.loader.exec_module(module)
        """,
    )

_ACCIDENT = """
    === pkg/__init__.py
    def f():
        import pkg
        return pkg.sub.X
    === pkg/sub.py
    X = @V@
    """
case("r08_a_submodule_that_the_script_imported", "pkg.f", _ACCIDENT, script="import pkg, pkg.sub")
case(
    "r08_a_submodule_that_the_script_imported_and_uses",
    "f",
    _ACCIDENT,
    script="""
    import pkg, pkg.sub
    def f():
        return pkg.sub.X
    """,
)

for _name, _policy in {"": "", "_that_the_policy_includes": "include=('pkg',)"}.items():
    case(
        f"r08_the_sender_is_an_archive{_name}",
        "pkg.f",
        """
        === pkg/__init__.py
        from .a import A
        def f():
            return A
        === pkg/a.py
        A = @V@
        """,
        policy=_policy,
        zipped=True,
    )
