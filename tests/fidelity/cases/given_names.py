"""R8: names that code gives to other code, which imports by them: whose they are."""

import textwrap

from fidelity.case import case

_APP = textwrap.dedent("""
    === app/__init__.py
    import helper
    class Other: V = "other@V@"
    class Model(helper.Base):
        x: "Other"
    def f():
        return [load("app.plug") for load in helper.LOADERS], Model.hints(), Model.at_once
    === app/plug.py
    V = "plug@V@"
""")
_HELPER = """
import importlib, importlib.util, pkgutil, runpy, sys, typing
from unittest import mock
def patched(name):
    with mock.patch(name + ".V", "patched"):
        return importlib.import_module(name).V
def in_sight(name):
    importlib.import_module(name)
    return sys.modules[name].V, sys.modules["app"].Other.V
LOADERS = [
    lambda name: importlib.import_module(name).V,
    lambda name: importlib.import_module(".plug", "app").V,
    lambda name: __import__(name, fromlist=["V"]).V,
    lambda name: importlib.__import__(name).plug.V,
    lambda name: importlib.util.find_spec(name).loader.get_source(name)[:9],
    lambda name: pkgutil.resolve_name(f"{name}:V"),
    lambda name: runpy.run_module(name)["V"],
    patched, in_sight,
]
class Base:
    def __init_subclass__(cls):
        cls.at_once = sys.modules[cls.__module__].Other.V
    @classmethod
    def hints(cls):
        return typing.get_type_hints(cls)["x"].V, sys.modules[cls.__module__].Other.V
"""
case("r08_a_package_that_both_versions_use", "app.f", _APP, extra={"helper.py": _HELPER})
case("r08_a_package_of_each_version", "app.f", f"{_APP}=== helper.py\nV = @V@{_HELPER}")
case(
    "r08_names_below_one_namespace",
    "corp.app.f",
    """
    === corp/app/__init__.py
    from corp.helper import load
    def f():
        return load("corp.app.plug").V, load(".plug", "corp.app").V
    === corp/app/plug.py
    V = "plug@V@"
    === corp/helper/__init__.py
    import importlib
    def load(*names):
        return importlib.import_module(*names)
    """,
)
case(
    "r08_names_used_in_a_thread",
    "app.f",
    """
    === app/__init__.py
    import helper
    def f():
        return helper.load("app.plug")
    === app/plug.py
    V = "plug@V@"
    === helper.py
    import importlib, threading
    def load(name):
        found = []
        use = lambda: found.append(importlib.import_module(name).V)
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        return found
    """,
)
case(
    "r08_installed_code_imports_a_name_that_it_is_given",
    "app.f",
    """
    === tree/pyproject.toml
    === tree/app/__init__.py
    import sys
    if "@ROOT@/site-packages" not in sys.path:
        sys.path.append("@ROOT@/site-packages")
    import installed_for_names as lib
    __getattr__ = lib.attach(__name__, {"V": "plug"})
    def f():
        import app
        from app import V
        return app.V, V, [load("app.plug") for load in lib.LOADERS]
    === tree/app/plug.py
    V = "plug@V@"
    """,
    extra={
        "site-packages/installed_for_names.py": """
import importlib, importlib.util, json, pkgutil
LOADERS = [
    lambda name: importlib.import_module(name).V,
    lambda name: importlib.util.find_spec(name).loader.get_source(name)[:9],
    lambda name: importlib.import_module("json") is json,
]
def attach(package, places):
    def __getattr__(name):
        if name in places:
            return getattr(importlib.import_module(f"{package}.{places[name]}"), name)
        raise AttributeError(name)
    return __getattr__
"""
    },
    paths=("tree",),
)
