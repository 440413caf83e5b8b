"""R8: finders, paths and files of a package's own, and modules that it makes by itself."""

from fidelity.case import NO_FILES, case

_FINDER = """
    === pkg/__init__.py
    import importlib.abc, importlib.machinery, sys
    class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, name, path=None, target=None):
            if name.startswith("pkg.made."):
                return importlib.machinery.ModuleSpec(name, self)
        def create_module(self, spec):
            return None
        def exec_module(self, module):
            module.value = module.__name__, @V@
    === pkg/made/__init__.py
    """
case(
    "r08_a_finder_of_its_own_at_the_end",
    "pkg.use.f",
    _FINDER
    + """
    === pkg/use.py
    import sys
    from pkg import Finder
    sys.meta_path.append(Finder())
    def f():
        from pkg.made.one import value
        import pkg.made.two
        return value, pkg.made.two.value
    """,
)
case(
    "r08_a_finder_of_its_own_at_the_front",
    "pkg.use.f",
    _FINDER
    + """
    === pkg/use.py
    import sys
    from pkg import Finder
    sys.meta_path.insert(0, Finder())
    import pkg.made.early
    def f():
        from pkg.made.one import value
        return value, pkg.made.early.value
    """,
)
case(
    "r08_a_finder_for_the_time_of_a_call",
    "pkg.use.f",
    _FINDER
    + """
    === pkg/made/real.py
    value = "file", @V@
    === pkg/use.py
    import sys
    import pkg
    def f():
        from pkg.made import real
        finder = pkg.Finder()
        sys.meta_path.insert(0, finder)
        try:
            from pkg.made import late
        finally:
            sys.meta_path.remove(finder)
        return real.value, late.value
    """,
)

case(
    "r08_a_vendor_importer",
    "pkg.f",
    """
    === pkg/__init__.py
    import pkg.extern
    def f():
        from pkg.extern import small
        from pkg.extern.big import part
        import pkg.extern.big as big
        return small.V, part.V, big.__name__, part.__name__
    === pkg/extern/__init__.py
    import importlib.util, sys
    class VendorImporter:
        def __init__(self, root, vendor):
            self.root, self.vendor = root, vendor
        def find_spec(self, name, path=None, target=None):
            if name.startswith(self.root + "."):
                return importlib.util.spec_from_loader(name, self)
        def create_module(self, spec):
            name = self.vendor + spec.name[len(self.root):]
            __import__(name)
            module = sys.modules[spec.name] = sys.modules[name]
            return module
        def exec_module(self, module):
            pass
    sys.meta_path.append(VendorImporter(__name__, "pkg._vendor"))
    === pkg/_vendor/__init__.py
    === pkg/_vendor/small.py
    V = "small", @V@
    === pkg/_vendor/big/__init__.py
    === pkg/_vendor/big/part.py
    V = "part", @V@
    """,
)

case(
    "r08_path_appended",
    "pkg.f",
    """
    === pkg/__init__.py
    import os
    __path__.append(os.path.join(os.path.dirname(__file__), "contrib"))
    def f():
        from pkg import extra
        import pkg.extra as again
        return extra.V, extra is again, extra.__name__
    === pkg/contrib/extra.py
    V = @V@
    """,
)
case(
    "r08_path_inserted_hides_a_module",
    "pkg.f",
    """
    === pkg/__init__.py
    import os
    __path__.insert(0, os.path.join(os.path.dirname(__file__), "fast"))
    def f():
        from pkg import impl
        return impl.V
    === pkg/impl.py
    V = "slow"
    === pkg/fast/impl.py
    V = "fast @V@"
    """,
)
case(
    "r08_path_of_a_subpackage_appended_to_a_package",
    "pkg.f",
    """
    === pkg/__init__.py
    from pkg import sub
    __path__.extend(sub.__path__)
    def f():
        import pkg.deep, pkg.sub.deep
        return pkg.deep.V, pkg.deep is pkg.sub.deep
    === pkg/sub/__init__.py
    === pkg/sub/deep.py
    V = @V@
    """,
)

case(
    "r08_a_module_written_at_run_time",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib, os
    def f():
        path = os.path.join(os.path.dirname(__file__), "_table.py")
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.write("ROWS = [@V@]\\n")
            importlib.invalidate_caches()
        from pkg import _table
        import pkg._table as again
        return _table.ROWS, again is _table, os.path.basename(_table.__file__)
    """,
    limits=NO_FILES,
)

case(
    "r08_a_plugin_under_a_name_below_the_package",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, sys, types
    def load(name):
        full = "pkg.plugins." + name
        path = os.path.join(os.path.dirname(__file__), "files", name + ".txt")
        module = sys.modules[full] = types.ModuleType(full)
        exec(__loader__.get_data(path), vars(module))
        return module
    def f():
        one = sys.modules.get("pkg.plugins.one") or load("one")
        from pkg.plugins.one import V
        import pkg.plugins.one
        return V, one.V, one.late()
    === pkg/plugins/__init__.py
    === pkg/files/one.txt
    V = @V@
    def late():
        from pkg.plugins import two
        return two.V
    === pkg/plugins/two.py
    V = "two", @V@
    """,
)
case(
    "r08_a_file_executed_by_exec",
    "pkg.f",
    """
    === pkg/__init__.py
    import os
    def f():
        names = {"__name__": "conf"}
        path = os.path.join(os.path.dirname(__file__), "conf.cfg")
        exec(compile(__loader__.get_data(path), path, "exec"), names)
        return names["V"], names["late"]()
    === pkg/conf.cfg
    import pkg.sub
    from pkg.sub import V
    def late():
        import pkg.sub as again
        return again.V
    === pkg/sub.py
    V = @V@
    """,
)
case(
    "r08_an_import_in_exec_and_eval",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        names = {}
        exec("import pkg.sub as sub", names)
        exec("from pkg.sub import V", names)
        return names["sub"].V, names["V"], eval("__import__('pkg.sub').sub.V")
    === pkg/sub.py
    V = @V@
    """,
)
case(
    "r08_runpy_of_a_module_and_of_the_package",
    "pkg.f",
    """
    === pkg/__init__.py
    import runpy, warnings
    def f():
        found = runpy.run_module("pkg.cli", run_name="__main__")
        main = runpy.run_module("pkg", run_name="__main__", alter_sys=True)
        return found["V"], found["name"], found["package"], found["__spec__"].name, main["seen"]
    === pkg/cli.py
    from . import sub
    V = sub.V
    name, package = __name__, __package__
    === pkg/__main__.py
    import os, sys
    from pkg.sub import V
    me = sys.modules["__main__"].__dict__ is globals(), __name__, __spec__.name
    seen = V, me, os.path.basename(__file__), os.path.basename(sys.argv[0])
    === pkg/sub.py
    V = @V@
    """,
)
case(
    "r08_lazy_loader",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.util, sys
    DONE = []
    def lazy(name):
        spec = importlib.util.find_spec(name)
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    def f():
        module = sys.modules.get("pkg.heavy") or lazy("pkg.heavy")
        before = list(DONE)
        return before, module.V, DONE
    === pkg/heavy.py
    from pkg import DONE
    DONE.append(@V@)
    V = @V@
    """,
)
case(
    "r08_find_spec",
    "pkg.f",
    """
    === pkg/__init__.py
    from importlib.util import find_spec
    def f():
        specs = [find_spec(n) for n in ("pkg.sub", "pkg.sub.deep")]
        specs += [find_spec(".sub", "pkg"), find_spec("pkg.nope"), find_spec("nope_@V@")]
        found = [s and (s.name, s.origin, s.parent, s.has_location) for s in specs]
        return found, @V@
    === pkg/sub/__init__.py
    === pkg/sub/deep.py
    """,
)
case(
    "r08_find_spec_does_not_execute",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.util, sys
    DONE = []
    def f():
        spec = importlib.util.find_spec("pkg.heavy")
        before = list(DONE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return before, module.V, DONE
    === pkg/heavy.py
    from pkg import DONE
    DONE.append(@V@)
    V = @V@
    """,
)
case(
    "r08_path_finder",
    "pkg.f",
    """
    === pkg/__init__.py
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec
    def f():
        spec = PathFinder.find_spec("pkg.sub", __path__)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return spec.name, module.V
    === pkg/sub.py
    V = @V@
    """,
)
case(
    "r08_iter_modules_and_walk_packages",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib, pkgutil
    def f():
        one = sorted((m.name, m.ispkg) for m in pkgutil.iter_modules(__path__))
        all = sorted((m.name, m.ispkg) for m in pkgutil.walk_packages(__path__, "pkg."))
        values = [importlib.import_module(name).V for name, _ in all]
        return one, all, values
    === pkg/a.py
    V = "a@V@"
    === pkg/b/__init__.py
    V = "b@V@"
    === pkg/b/c.py
    V = "c@V@"
    === pkg/data/x.txt
    """,
)
case(
    "r08_a_registry_of_plugins_by_iter_modules",
    "pkg.f",
    """
    === pkg/__init__.py
    REGISTRY = []
    def register(cls):
        REGISTRY.append((cls.__module__, cls.V))
        return cls
    def f():
        import importlib, pkgutil
        from pkg import plugins
        for info in pkgutil.iter_modules(plugins.__path__):
            importlib.import_module("." + info.name, plugins.__name__)
        return sorted(REGISTRY)
    === pkg/plugins/__init__.py
    === pkg/plugins/a.py
    from .. import register
    @register
    class A: V = "a@V@"
    === pkg/plugins/b.py
    from .. import register
    @register
    class B: V = "b@V@"
    """,
)
