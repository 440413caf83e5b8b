"""R8, R11: what code does with `sys.modules` after it was imported, however it gets at it."""

from fidelity.case import case


def _at_run_time(name: str, body: str, **options: str) -> None:
    """A case of a package with a function whose body is given, and a few modules beside it."""
    case(
        f"r08_sys_modules_{name}",
        "pkg.f",
        f"""
    === pkg/__init__.py
    import importlib, sys, types
    from sys import modules
    COUNT = []
    def f():
{body}
    === pkg/sub.py
    from pkg import COUNT
    COUNT.append(@V@)
    V = @V@
    === pkg/deep/__init__.py
    V = "deep", @V@
    === pkg/deep/leaf.py
    V = "leaf", @V@
    """,
        **options,
    )


_at_run_time(
    "kept_by_name",
    """
        import pkg.sub
        found = modules["pkg.sub"] is pkg.sub, modules is sys.modules, "pkg.sub" in modules
        modules.pop("pkg.sub")
        gone = "pkg.sub" in sys.modules
        from pkg.sub import V
        return found, gone, V, COUNT
    """,
)
_at_run_time(
    "as_a_mapping",
    """
        import pkg.sub, pkg.deep.leaf
        mine = sorted(name for name in sys.modules if name.split(".")[0] == "pkg")
        views = [dict(sys.modules), {**sys.modules}, sys.modules.copy(), sys.modules | {}]
        same = [each["pkg.sub"] is pkg.sub and each["sys"] is sys for each in views]
        items = {n: m.V for n, m in sys.modules.items() if n in ("pkg.sub", "pkg.deep.leaf")}
        counts = len(sys.modules) == len(list(sys.modules)) == len(sys.modules.values())
        kinds = isinstance(sys.modules, dict), sys.modules.get("pkg.nope", "none")
        try:
            sys.modules["pkg.nope"]
        except KeyError as error:
            return mine, same, items, counts, kinds, str(error)
    """,
)
_at_run_time(
    "setdefault_update_and_the_like",
    """
        stub = types.ModuleType("pkg.stub")
        stub.V = @V@
        first = sys.modules.setdefault("pkg.stub", stub) is sys.modules.setdefault("pkg.stub", 1)
        sys.modules.update({"pkg.other_stub": stub})
        from pkg.stub import V
        import pkg.other_stub
        again = sys.modules.pop("pkg.stub").V, sys.modules.pop("pkg.stub", "none")
        del sys.modules["pkg.other_stub"]
        try:
            import pkg.stub
        except ImportError as error:
            return first, V, again, str(error)
    """,
)
_at_run_time(
    "an_object_that_is_no_module",
    """
        sys.modules["pkg.virtual"] = types.SimpleNamespace(V=@V@)
        from pkg.virtual import V
        import pkg.virtual
        return V, type(sys.modules["pkg.virtual"]).__name__, hasattr(pkg, "virtual")
    """,
)
_at_run_time(
    "in_a_thread",
    """
        import threading
        found = []
        def look():
            from pkg.deep import leaf
            found.append((sys.modules["pkg.deep.leaf"] is leaf, sys.modules["pkg"].f is f, leaf.V))
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return found
    """,
)
_at_run_time(
    "an_alias_of_a_package_at_the_top",
    """
        import pkg.deep
        sys.modules["pkg_alias_of_deep"] = pkg.deep
        import pkg_alias_of_deep
        from pkg_alias_of_deep import V
        return V, pkg_alias_of_deep is pkg.deep, sys.modules["pkg_alias_of_deep"] is pkg.deep
    """,
)
_at_run_time(
    "a_stub_at_the_top_for_a_time",
    """
        from unittest import mock
        stub = types.ModuleType("json")
        stub.V = @V@
        with mock.patch.dict(sys.modules, {"json": stub, "no_such_thing": stub}):
            import json, no_such_thing
            inside = json.V, no_such_thing.V
        import json
        return inside, hasattr(json, "dumps"), "no_such_thing" in sys.modules
    """,
)
_at_run_time(
    "all_put_back_by_mock",
    """
        from unittest import mock
        import pkg.sub
        before = pkg.sub
        with mock.patch.dict(sys.modules):
            del sys.modules["pkg.sub"]
            from pkg.sub import V
            inside = sys.modules["pkg.sub"] is before
        return V, inside, sys.modules["pkg.sub"] is before, "os" in sys.modules, len(COUNT) > 1
    """,
)
_at_run_time(
    "none_for_a_whole_package",
    """
        sys.modules["pkg.deep"] = None
        try:
            import pkg.deep.leaf
        except ImportError as error:
            message = str(error)
        finally:
            del sys.modules["pkg.deep"]
        import pkg.deep.leaf
        return message, pkg.deep.leaf.V
    """,
)
_at_run_time(
    "a_class_of_its_own_later",
    """
        import pkg.sub
        class Loud(types.ModuleType):
            def __getattr__(self, name):
                return name, @V@
        sys.modules["pkg.sub"].__class__ = Loud
        from pkg.sub import anything
        return anything, pkg.sub.V
    """,
)
_at_run_time(
    "import_module_after_a_pop",
    """
        module = importlib.import_module("pkg.sub")
        sys.modules.pop("pkg.sub")
        again = importlib.import_module("pkg.sub")
        return module is again, again.V, importlib.reload(again) is again, len(COUNT) % 2 == 1
    """,
)

case(
    "r11_what_looks_for_a_class_by_its_module",
    "pkg.f",
    """
    === pkg/__init__.py
    from __future__ import annotations
    import dataclasses, functools, inspect, sys, typing
    class Own@V@: pass
    def make():
        @dataclasses.dataclass
        class Late:
            kind: typing.ClassVar[int] = 1
            x: int = @V@
        return Late
    @functools.singledispatch
    def show(value): return "any"
    def f():
        late = make()
        def of_own(value: Own@V@): return "own @V@"
        show.register(of_own)
        names = [each.name for each in dataclasses.fields(late)]
        named = typing.NamedTuple("Named", [("a", "Own@V@")])
        hints = typing.get_type_hints(named)["a"] is Own@V@
        found = inspect.getmodule(Own@V@) is sys.modules[__name__], inspect.getmodule(f).f is f
        return names, late().x, show(Own@V@()), hints, found
    """,
)
case(
    "r08_doctest_and_mock_by_name",
    "pkg.f",
    """
    === pkg/__init__.py
    import doctest
    from unittest import mock
    def f():
        from pkg import sub
        found = doctest.testmod(sub)
        with mock.patch("pkg.sub.V", "patched"), mock.patch.object(sub, "W", "too", create=True):
            import pkg.sub
            inside = pkg.sub.V, sub.W
        with mock.patch.dict("pkg.sub.NAMES", {"more": @V@}):
            names = dict(sub.NAMES)
        return found.attempted, found.failed, inside, sub.V, names, sub.NAMES
    === pkg/sub.py
    V = @V@
    NAMES = {"one": @V@}
    def g():
        '''
        >>> g()
        @V@
        >>> import pkg.sub
        >>> pkg.sub.V
        @V@
        '''
        return V
    """,
)
case(
    "r08_a_class_as_finder",
    "pkg.use.f",
    """
    === pkg/__init__.py
    === pkg/use.py
    import importlib.machinery, sys
    class Finder:
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            if name == "pkg.virtual":
                return importlib.machinery.ModuleSpec(name, cls)
        @staticmethod
        def create_module(spec):
            return None
        @staticmethod
        def exec_module(module):
            module.V = @V@
    sys.meta_path.insert(0, Finder)
    def f():
        from pkg.virtual import V
        import pkg.virtual as again
        first = V, again.V, sys.meta_path.count(Finder)
        del sys.modules["pkg.virtual"]
        import pkg.virtual
        return first, pkg.virtual is again, pkg.virtual.V
    """,
)
case(
    "r17_the_type_of_sys_is_that_of_modules",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys, types
    KIND = type(sys)
    class Own(type(sys)):
        modules = "mine @V@"
    def f():
        made, own = type(sys)("made"), Own("own")
        made.modules = @V@
        kinds = isinstance(made, KIND), isinstance(own, KIND), isinstance(1, KIND)
        same = type(made) == KIND, issubclass(Own, KIND), {types.ModuleType: 1}[type(sys)]
        return kinds, same, made.modules, own.modules, type(made).__name__, KIND.__name__
    """,
)
