"""R8: folders that a package puts on `sys.path`, and finders of its own for other names."""

from fidelity.case import case

case(
    "r08_its_folder_at_the_front_of_sys_path",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, sys
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import sibling_of_pkg
    from inner_of_pkg import deep
    def f():
        return sibling_of_pkg.V, deep.V, sibling_of_pkg.__name__
    === pkg/sibling_of_pkg.py
    V = "s@V@"
    === pkg/inner_of_pkg/__init__.py
    === pkg/inner_of_pkg/deep.py
    import sibling_of_pkg
    V = "d@V@", sibling_of_pkg.V
    """,
)
case(
    "r08_a_folder_of_others_at_the_end_of_sys_path",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, sys
    HERE = os.path.dirname(__file__)
    VENDOR = os.path.join(HERE, "_vendor")
    if VENDOR not in sys.path:
        sys.path.append(VENDOR)
    import vendored_thing
    def f():
        import vendored_thing as again
        return vendored_thing.V, again is vendored_thing, sys.modules["vendored_thing"] is again
    === pkg/_vendor/vendored_thing/__init__.py
    from vendored_thing.sub import W
    V = "v@V@", W
    === pkg/_vendor/vendored_thing/sub.py
    W = "w@V@"
    """,
)
case(
    "r08_a_folder_on_sys_path_for_the_time_of_a_call",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, sys
    def f():
        here = os.path.join(os.path.dirname(__file__), "plugins")
        sys.path.insert(0, here)
        try:
            import plug_of_pkg
            return plug_of_pkg.V, plug_of_pkg.g()
        finally:
            sys.path.remove(here)
    === pkg/plugins/plug_of_pkg.py
    V = "p@V@"
    def g():
        from pkg import base
        return base.B
    === pkg/base.py
    B = "b@V@"
    """,
)
case(
    "r08_a_folder_by_addsitedir",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, site
    site.addsitedir(os.path.join(os.path.dirname(__file__), "libs"))
    import lib_by_site
    def f():
        import lib_by_site
        return lib_by_site.V
    === pkg/libs/lib_by_site.py
    V = @V@
    === pkg/libs/x.pth
    # nothing
    """,
)
case(
    "r08_a_folder_executed_by_run_path",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, runpy
    def f():
        found = runpy.run_path(os.path.join(os.path.dirname(__file__), "app"))
        return found["V"], found["__name__"], found["W"]
    === pkg/app/__main__.py
    import beside_main
    from pkg import base
    V = beside_main.V
    W = base.V
    === pkg/app/beside_main.py
    V = "b@V@"
    === pkg/base.py
    V = @V@
    """,
)
case(
    "r08_plugins_by_the_names_in_a_folder",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib, os, pkgutil, sys
    class Base:
        found = []
        def __init_subclass__(cls): Base.found.append(cls)
    def f():
        folder = os.path.join(os.path.dirname(__file__), "ext")
        if folder not in sys.path: sys.path.append(folder)
        Base.found.clear() if False else None
        names = sorted(m.name for m in pkgutil.iter_modules([folder]))
        mods = [importlib.import_module(n) for n in names]
        return names, sorted({(c.__module__, c.__name__, c.V) for c in Base.found}), [m.V
            for m in mods], [sys.modules[n] is m for n, m in zip(names, mods)]
    === pkg/ext/ext_a_plug.py
    from pkg import Base
    V = @V@
    class A(Base): V = V
    === pkg/ext/ext_b_plug/__init__.py
    from ext_a_plug import A
    from .deep import V
    class B(A): V = V
    === pkg/ext/ext_b_plug/deep.py
    V = "deep@V@"
    """,
)
case(
    "r08_a_module_of_such_a_folder_is_imported_again",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, sys, importlib.util
    N = []
    def f():
        here = os.path.join(os.path.dirname(__file__), "p")
        sys.path.insert(0, here)
        try:
            import pm_of_pkg
            first = pm_of_pkg
            del sys.modules["pm_of_pkg"]
            import pm_of_pkg as second
            third = importlib.reload(second)
            return (first is second, second is third, len(N), pm_of_pkg.V,
                importlib.util.find_spec("pm_of_pkg").name,
                importlib.util.find_spec("pm_nope_of_pkg"))
        finally:
            sys.path.remove(here); N.clear(); sys.modules.pop("pm_of_pkg", None)
    === pkg/p/pm_of_pkg.py
    import pkg
    pkg.N.append(1)
    V = @V@
    """,
)
case(
    "r14_modules_of_such_a_folder_that_fail",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, sys
    def f():
        here = os.path.join(os.path.dirname(__file__), "p")
        sys.path.insert(0, here)
        out = []
        try:
            for name in "broken_of_pkg", "needs_of_pkg", "absent_of_pkg":
                try: __import__(name)
                except Exception as e: out.append((type(e).__name__, str(e), getattr(e, "name",
                    0), name in sys.modules))
        finally: sys.path.remove(here)
        return out, @V@
    === pkg/p/broken_of_pkg.py
    1 / 0
    === pkg/p/needs_of_pkg.py
    import nothing_such
    """,
)
case(
    "r11_standard_names_in_such_a_folder",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, sys
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import logging, types, json
    import helper_of_pkg
    def f():
        import types as t2, collections
        return hasattr(types, "MARK"), t2 is types, helper_of_pkg.V, hasattr(collections,
            "MARK"), json.dumps([1])
    === pkg/types.py
    MARK = 1
    === pkg/collections.py
    MARK = 1
    === pkg/logging.py
    MARK = 1
    === pkg/helper_of_pkg.py
    V = @V@
    """,
    script="import logging, types, json, collections\nimport pkg",
)
case(
    "r08_a_finder_that_gives_the_package_another_name",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.abc, importlib.util, sys, importlib
    class Redirect(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, name, path, target=None):
            if name.startswith("oldname_of_pkg"):
                return importlib.util.spec_from_loader(name, self)
        def create_module(self, spec):
            return importlib.import_module(spec.name.replace("oldname_of_pkg", "pkg"))
        def exec_module(self, module): pass
    sys.meta_path.insert(0, Redirect())
    def f():
        import oldname_of_pkg.sub
        from oldname_of_pkg.sub import V
        return V, oldname_of_pkg.sub.V, sys.modules["oldname_of_pkg.sub"] is sys.modules["pkg.sub"]
    === pkg/sub.py
    V = @V@
    """,
)
case(
    "r08_a_finder_of_packages_that_are_no_files",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.machinery, importlib.abc, importlib.util, sys, types
    class Virtual(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        TREE = {"virt_of_pkg": "V = 'top@V@'", "virt_of_pkg.a": "from . import b\\nV = b.V",
            "virt_of_pkg.b": "import pkg\\nV = pkg.BASE"}
        def find_spec(self, name, path=None, target=None):
            if name in self.TREE:
                return importlib.util.spec_from_loader(name, self,
                    is_package=name == "virt_of_pkg")
        def create_module(self, spec): return None
        def exec_module(self, module): exec(self.TREE[module.__name__], module.__dict__)
        def get_source(self, name): return self.TREE[name]
    BASE = "base@V@"
    sys.meta_path.append(Virtual())
    def f():
        import virt_of_pkg
        from virt_of_pkg import a
        import inspect
        return (virt_of_pkg.V, a.V, virt_of_pkg.a is a, sys.modules["virt_of_pkg.a"] is a,
            a.__package__, sorted(n for n in sys.modules if n.startswith("virt_of")))
    """,
)
case(
    "r08_a_finder_that_refuses_names",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys
    class Block:
        def find_spec(self, name, path=None, target=None):
            if name in ("pkg.blocked", "json.tool"): raise ImportError("blocked " + name,
                name=name)
    def f():
        b = Block()
        sys.meta_path.insert(0, b)
        out = []
        try:
            for n in "pkg.blocked", "json.tool", "pkg.fine":
                sys.modules.pop(n, None)
                try: out.append(__import__(n, fromlist=["x"]).__name__)
                except ImportError as e: out.append((str(e), e.name))
        finally: sys.meta_path.remove(b)
        sys.modules.pop("pkg.blocked", None)
        import pkg.blocked
        return out, pkg.blocked.V
    === pkg/blocked.py
    V = @V@
    === pkg/fine.py
    """,
)
case(
    "r08_a_finder_that_changes_what_files_say",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.abc, importlib.machinery, sys
    class Changed(importlib.abc.Loader):
        def __init__(self, loader):
            self.loader = loader
        def create_module(self, spec):
            return None
        def exec_module(self, module):
            source = self.loader.get_source(module.__name__).replace("MAGIC", "'changed @V@'")
            exec(compile(source, module.__file__, "exec"), module.__dict__)
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if not name.startswith("pkg.changed"):
                return None
            spec = importlib.machinery.PathFinder.find_spec(name, path, target)
            spec.loader = Changed(spec.loader)
            return spec
    sys.meta_path.insert(0, Finder())
    def f():
        from pkg import changed
        from pkg.changed.sub import V
        return changed.V, V, changed.late()
    === pkg/changed/__init__.py
    V = MAGIC
    def late():
        from pkg.changed import sub
        return sub.W
    === pkg/changed/sub.py
    from pkg import base
    V = base.V, MAGIC
    W = @V@
    === pkg/base.py
    V = @V@
    """,
)
case(
    "r08_another_path_in_place_of_its_own",
    "pkg.f",
    """
    === pkg/__init__.py
    import os
    __path__ = [os.path.join(p, "impl") for p in __path__]
    from . import mod
    def f():
        from pkg import late
        import pkg.late as again
        try:
            from pkg import outside
        except ImportError as e: said = e.name, str(e).split("(")[0]
        return mod.V, late.V, again is late, said
    === pkg/outside.py
    === pkg/impl/mod.py
    V = @V@
    === pkg/impl/late.py
    V = "l@V@"
    """,
)
case(
    "r08_a_file_from_elsewhere_that_it_executes",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.util, os, sys, tempfile, runpy
    def f():
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "user_conf.py")
            with open(path, "w") as file:
                file.write("from pkg import base\\nfrom pkg.base import V\\n")
                file.write("def late():\\n    import pkg.base as b\\n    return b.V\\n")
            spec = importlib.util.spec_from_file_location("user_conf", path)
            m = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(m)
            r = runpy.run_path(path)
            names = {}
            with open(path) as fh: exec(compile(fh.read(), path, "exec"), names)
            return m.V, m.late(), r["V"], r["late"](), names["V"], names["late"]()
    === pkg/base.py
    V = @V@
    """,
)
