"""R8, R14, R17: modules, specs and imports, looked at and ended at odd moments."""

from fidelity.case import case

case(
    "r17_what_a_spec_and_a_loader_say",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.util, importlib.machinery, inspect
    from pkg import sub, spacey
    def f():
        s = sub.__spec__
        l = sub.__loader__
        one = s.name, s.parent, s.has_location, l.is_package("pkg.sub"), l.get_source("pkg.sub")
        two = isinstance(l, importlib.machinery.SourceFileLoader), l.name, l.path == s.origin
        paths = __spec__.submodule_search_locations == list(__path__), type(__path__).__name__
        space = type(spacey.__path__).__name__, spacey.__spec__.origin
        space += (getattr(spacey, "__file__", 0),)
        return one, two, paths, space, sorted(n for n in dir(sub) if n[:2] == "__"), __package__
    === pkg/sub.py
    V = @V@
    === pkg/spacey/x.txt
    """,
)
case(
    "r14_a_signal_ends_an_import",
    "pkg.f",
    """
    === pkg/__init__.py
    import signal
    class T(Exception): pass
    def f():
        def h(*a): raise T("late")
        old = signal.signal(signal.SIGALRM, h)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            try:
                import pkg.slow
                r = "done"
            except T as e: r = str(e)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0); signal.signal(signal.SIGALRM, old)
        import sys
        return r, "pkg.slow" in sys.modules, @V@
    === pkg/slow.py
    import time
    time.sleep(5)
    """,
)
case(
    "r08_a_namespace_of_three_levels",
    "corp.team.proj.mod.f",
    """
    === corp/team/proj/mod.py
    def f():
        import corp.team.proj.other as o, corp.team.shared as s, corp
        from corp.team import shared
        import importlib
        return o.V, s.W, shared is s, importlib.import_module("..shared",
            "corp.team.proj").W, hasattr(corp, "__file__") and corp.__file__
    === corp/team/proj/other.py
    V = @V@
    === corp/team/shared.py
    W = "w@V@"
    """,
)
case(
    "r14_a_pool_of_threads_that_imports",
    "pkg.f",
    """
    === pkg/__init__.py
    import concurrent.futures, importlib, threading
    def one(n):
        return importlib.import_module("pkg.m%d" % (n % 4)).V, __import__("pkg.shared",
            fromlist=["S"]).S
    def f():
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return sorted(set(pool.map(one, range(32))), key=str)
    === pkg/m0.py
    from pkg import m1
    V = 0, m1.V
    === pkg/m1.py
    import pkg.m2
    V = 1, @V@
    === pkg/m2.py
    V = 2
    === pkg/m3.py
    from .m0 import V as W
    V = 3, W
    === pkg/shared.py
    S = "s@V@"
    """,
)
case(
    "r08_modules_are_taken_out_and_put_back",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys
    def f():
        import pkg.a, pkg.b
        names = [n for n in sys.modules if n.startswith("pkg")]
        pre = dict(sys.modules)
        removed = [sys.modules.pop(n) for n in sorted(names) if n != "pkg"]
        import pkg.a as again
        ok = again is not removed[0]
        sys.modules.update({n: m for n, m in pre.items() if n.startswith("pkg.")})
        import pkg.a as third
        return sorted(names), ok, third is removed[0], again.V
    === pkg/a.py
    V = @V@
    === pkg/b.py
    """,
)
