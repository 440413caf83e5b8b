"""R8: every form of an import statement, and of the functions that do the same."""

from fidelity.case import case

case(
    "r08_relative_imports_of_all_levels",
    "pkg.a.b.c.f",
    """
    === pkg/__init__.py
    V = "pkg@V@"
    === pkg/x.py
    V = "x@V@"
    === pkg/a/__init__.py
    V = "a@V@"
    === pkg/a/b/__init__.py
    V = "b@V@"
    === pkg/a/b/d.py
    V = "d@V@"
    === pkg/a/b/c.py
    from . import d, V as b
    from .. import V as a
    from ... import x, V as top
    from ...x import V as deep
    def f():
        from .d import V as late
        from ...a import b as package
        return d.V, b, a, x.V, top, deep, late, package.V
    """,
)
case(
    "r08_star_import_with_submodules_in_all",
    "use.f",
    """
    === use.py
    from pkg import *
    def f():
        return one.V, two.V, three, "four" in globals(), "_five" in globals()
    === pkg/__init__.py
    __all__ = ["one", "two", "three", "_five"]
    three, four, _five = 3, 4, 5
    === pkg/one.py
    V = "one@V@"
    === pkg/two/__init__.py
    V = "two@V@"
    """,
)
case(
    "r08_star_import_without_all",
    "use.f",
    """
    === use.py
    from pkg import *
    def f():
        return sorted(n for n in globals() if n[:2] != "__")
    === pkg/__init__.py
    import pkg.sub
    from pkg.other import *
    visible@V@ = _hidden = 1
    === pkg/sub.py
    === pkg/other.py
    def public(): pass
    def _private(): pass
    """,
)
case(
    "r08_the_import_function_with_levels",
    "pkg.sub.f",
    """
    === pkg/__init__.py
    V = "pkg@V@"
    === pkg/one.py
    V = "one@V@"
    === pkg/sub/__init__.py
    def f():
        a = __import__("pkg.one")
        b = __import__("pkg.one", fromlist=["V"])
        c = __import__("one", globals(), locals(), ["V"], 2)
        d = __import__("", globals(), None, ["two"], 1)
        e = __import__("", {"__package__": "pkg"}, None, ["one"], 1)
        return a.__name__, b.V, c.V, d.two.V, d.__name__, e.one.V, a is e
    === pkg/sub/two.py
    V = "two@V@"
    """,
)
case(
    "r08_import_module_in_its_forms",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib
    import importlib as il
    from importlib import import_module, import_module as load
    def f():
        name = "pkg." + "on" + "e"
        ways = [importlib.import_module, il.import_module, import_module, load, __import__]
        full = [way(name).__name__ for way in ways]
        return full, load(".one", __name__).V, load(".one", package="pkg").V, load(".", "pkg").V
    V = "pkg@V@"
    === pkg/one.py
    V = "one@V@"
    """,
)
case(
    "r08_circular_modules",
    "pkg.a.f",
    """
    === pkg/__init__.py
    === pkg/a.py
    from pkg import b
    V = "a@V@"
    def f():
        return b.g(), b.early
    === pkg/b.py
    import pkg.a
    import pkg.a as a
    from pkg import a as again
    early = hasattr(a, "V"), a is again
    def g():
        return pkg.a.V, a.V
    """,
)
case(
    "r08_circular_packages",
    "one.f",
    """
    === one/__init__.py
    import two.sub
    V = "one@V@"
    def f():
        return two.sub.g()
    === two/__init__.py
    import one
    === two/sub.py
    import one
    def g():
        from one import V, late
        return one.V, V, late.V
    === one/late.py
    from two import sub
    V = sub.__name__, @V@
    """,
)
case(
    "r08_imports_in_odd_places",
    "pkg.f",
    """
    === pkg/__init__.py
    import asyncio
    class C:
        from pkg.sub import V
        def method(self, found=__import__("pkg.sub").sub.V):
            import pkg.sub
            return found, pkg.sub.V
    def gen():
        import pkg.sub as sub
        yield sub.V
        from pkg.late import V
        yield V
    async def coroutine():
        from pkg import late
        return late.V
    def f():
        inner = lambda: __import__("pkg.late").late.V
        return C.V, C().method(), list(gen()), asyncio.run(coroutine()), inner()
    === pkg/sub.py
    V = "sub@V@"
    === pkg/late.py
    V = "late@V@"
    """,
)
case(
    "r08_lazy_attributes_of_a_module",
    "use.f",
    """
    === use.py
    def f():
        import pkg
        before = "heavy" in vars(pkg)
        value = pkg.heavy.V
        from pkg import alias
        try:
            pkg.nope
        except AttributeError as error:
            message = str(error)
        return before, value, alias, dir(pkg), message
    === pkg/__init__.py
    import importlib
    def __getattr__(name):
        if name == "heavy":
            return importlib.import_module("pkg.heavy")
        if name == "alias":
            from .heavy import V
            return "alias", V
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    def __dir__():
        return ["alias", "heavy"]
    === pkg/heavy.py
    V = @V@
    """,
    script="import use, pkg",
)
case(
    "r08_a_name_of_the_package_hides_its_submodule",
    "use.f",
    """
    === use.py
    import pkg
    def f():
        from pkg import tool
        import pkg.tool as same
        import sys
        return tool(), same(), type(sys.modules["pkg.tool"]).__name__
    === pkg/__init__.py
    from pkg.tool import tool
    === pkg/tool.py
    def tool():
        return @V@
    """,
)
case(
    "r08_import_as_of_a_module_in_a_circle",
    "pkg.a.f",
    """
    === pkg/__init__.py
    === pkg/a/__init__.py
    import pkg.a.b as b
    V = "a@V@"
    def f():
        return b.f()
    === pkg/a/b.py
    import pkg.a as top
    from pkg.a import b as me
    def f():
        return top.V, me.__name__
    """,
)
case(
    "r08_an_alias_below_the_package",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys
    import pkg.new
    sys.modules["pkg.old"] = pkg.new
    sys.modules["pkg.older.deep"] = pkg.new
    def f():
        import pkg.old
        from pkg.old import V
        from pkg.older.deep import V as deep
        return V, deep, pkg.old is pkg.new, sys.modules["pkg.old"] is pkg.new
    old = pkg.new
    === pkg/new.py
    V = @V@
    === pkg/older/__init__.py
    """,
)
case(
    "r08_an_alias_at_the_top",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys
    import pkg.new
    sys.modules.setdefault("alias_of_version_@V@", pkg.new)
    def f():
        import alias_of_version_@V@ as alias
        return alias.V, alias is pkg.new
    === pkg/new.py
    V = @V@
    """,
)
case(
    "r08_a_stub_that_is_not_bound_on_its_parent",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys, types
    def f():
        stub = types.ModuleType("pkg.stub")
        stub.V = @V@
        sys.modules["pkg.stub"] = stub
        import pkg.stub as one
        from pkg import stub as two
        from pkg.stub import V
        return one.V, two.V, V, "stub" in globals()
    """,
)
case(
    "r08_all_of_the_package_is_taken_out_and_imported_again",
    "use.f",
    """
    === use.py
    import sys
    import pkg
    from counter import COUNT
    def f():
        for name in [n for n in sys.modules if n == "pkg" or n.startswith("pkg.")]:
            del sys.modules[name]
        import pkg.sub
        return COUNT, pkg.sub.V
    === counter.py
    COUNT = []
    === pkg/__init__.py
    from counter import COUNT
    COUNT.append("pkg@V@")
    === pkg/sub.py
    from counter import COUNT
    COUNT.append("sub@V@")
    V = @V@
    """,
)
case(
    "r08_del_and_import_again_gives_a_new_module",
    "use.f",
    """
    === use.py
    import sys
    def f():
        import pkg.state as old
        old.x = "changed"
        del sys.modules["pkg.state"]
        from pkg.state import x
        import pkg.state as new
        return x, new.x, new is old, sys.modules["pkg.state"] is new
    === pkg/__init__.py
    === pkg/state.py
    x = @V@
    """,
    script="import use, pkg",
)
case(
    "r08_reload",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib
    def f():
        from pkg import state
        state.kept = getattr(state, "kept", 0) + 1
        again = importlib.reload(state)
        return again is state, state.COUNT, state.kept, state.V
    === pkg/state.py
    COUNT = globals().get("COUNT", 0) + 1
    V = @V@
    """,
)
case(
    "r08_reload_of_a_package",
    "use.f",
    """
    === use.py
    import importlib
    def f():
        import pkg
        before = pkg.sub
        importlib.reload(pkg)
        return pkg.COUNT, pkg.sub is before, pkg.sub.V
    === pkg/__init__.py
    COUNT = globals().get("COUNT", 0) + 1
    from . import sub
    === pkg/sub.py
    V = @V@
    """,
    script="import use, pkg",
)
case(
    "r08_reload_of_a_package_and_of_what_is_in_it",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib
    V = "pkg@V@"
    COUNT = globals().get("COUNT", 0) + 1
    def f():
        import pkg
        from pkg import sub
        again = importlib.reload(pkg)
        return again is pkg, pkg.V, COUNT, importlib.reload(sub).V, pkg.__spec__.name
    === pkg/sub.py
    V = "sub@V@"
    """,
)
case(
    "r08_four_threads_and_one_deferred_import",
    "pkg.f",
    """
    === pkg/__init__.py
    import threading
    DONE = []
    def f():
        found, barrier = [], threading.Barrier(4)
        def work():
            barrier.wait()
            from pkg import slow
            found.append(slow.LAST)
        threads = [threading.Thread(target=work) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        return found, DONE
    === pkg/slow.py
    import time
    from pkg import DONE
    DONE.append(@V@)
    time.sleep(0.02)
    LAST = @V@
    """,
)
case(
    "r08_a_single_file_with_an_empty_path",
    "use.f",
    """
    === use.py
    from like_six import V
    def f():
        from like_six.moves import thing
        import like_six
        return V, thing, like_six.__path__, like_six.__package__
    === like_six.py
    import sys, types
    __path__ = []
    __package__ = __name__
    V = @V@
    class _Finder:
        def find_spec(self, name, path=None, target=None):
            if name == __name__ + ".moves":
                from importlib.util import spec_from_loader
                return spec_from_loader(name, self)
        def create_module(self, spec):
            module = types.ModuleType(spec.name)
            module.thing = "thing", V
            return module
        def exec_module(self, module):
            pass
    sys.meta_path[:] = [each for each in sys.meta_path if type(each).__name__ != "_Finder_@V@"]
    sys.meta_path.append(_Finder())
    """,
)
