"""R14: imports that fail, what is there afterwards, and what they say."""

from fidelity.case import HOST_FIRST, case

case(
    "r14_the_fallback_of_an_optional_import_comes_back",
    "pkg.f",
    """
    === pkg/__init__.py
    def scan(text):
        return "slow @V@", text
    try:
        from pkg.scan import scan
    except ImportError:
        pass
    fast = False
    try:
        from .fast import speed
        fast = True
    except ImportError:
        speed = "slow"
    def f():
        return scan("x"), fast, speed
    === pkg/scan.py
    from no_such_accelerator import scan
    === pkg/fast.py
    import no_such_accelerator as speed
    """,
)

case(
    "r14_a_class_without_a_module",
    "pkg.f",
    """
    === pkg.py
    def make():
        names = {}
        exec("S = type('S', (), {'x': @V@})", names)
        return names["S"]
    S = make()
    def f():
        return S.x
    """,
)

case(
    "r14_a_retry_does_not_execute_submodules_again",
    "app.f",
    """
    === app.py
    import os
    import registry
    def f():
        out = []
        for _ in range(2):
            try:
                import pkg
                out.append(pkg.V)
            except RuntimeError as error:
                out.append(str(error))
            os.environ["READY@V@"] = "1"
        return out, registry.NAMES
    === registry.py
    NAMES = []
    === pkg/__init__.py
    import os
    from pkg import tables
    if not os.environ.get('READY@V@'):
        raise RuntimeError('not ready')
    V = @V@
    === pkg/tables.py
    import registry
    if 'users' in registry.NAMES:
        raise ValueError('users is already defined')
    registry.NAMES.append('users')
    """,
    limits={"older": HOST_FIRST},
)

_FAILS = {
    "a_missing_module": "import missing_@V@",
    "a_missing_submodule": "import pkg.missing_@V@",
    "a_missing_name": "from pkg import missing_@V@",
    "a_missing_name_of_a_module": "from pkg.plain import missing_@V@",
    "a_module_as_a_package": "import pkg.plain.missing_@V@",
    "a_module_as_a_package_with_from": "from pkg.plain.missing_@V@ import x",
    "a_missing_package_of_a_package": "from pkg.missing_@V@.deep import x",
    "beyond_the_top": "from ...beyond import missing_@V@",
    "a_broken_module": "import pkg.broken",
    "a_module_that_misses_one": "import pkg.uses",
    "a_module_with_a_syntax_error": "import pkg.syntax, pkg.x_@V@",
    "an_error_of_its_own": "import pkg.custom",
    "a_circle_of_names": "import pkg.round_a",
    "a_circle_of_attributes": "import pkg.attr_a",
    "an_attribute_of_a_package": "import pkg; pkg.missing_@V@",
    "an_unimported_submodule": "import pkg; pkg.plain_@V@.x",
    "a_module_that_exits": "import pkg.exits",
    "a_module_that_takes_itself_out": "import pkg.gone",
    "none_in_sys_modules": "import sys; sys.modules['pkg.no_@V@'] = None; import pkg.no_@V@",
    "import_module_of_nothing": "import importlib; importlib.import_module('pkg.missing_@V@')",
    "a_relative_import_module": "import importlib; importlib.import_module('.missing_@V@', 'pkg')",
    "an_empty_name": "import importlib; importlib.import_module(''), @V@",
}
for _name, _line in _FAILS.items():
    case(
        f"r14_error_of_{_name}",
        "pkg.f",
        f"""
    === pkg/__init__.py
    def f():
        {_line}
    === pkg/plain.py
    === pkg/plain_@V@.py
    === pkg/broken.py
    ROWS = {{}}
    ROWS["missing_@V@"]
    === pkg/uses.py
    from missing_@V@.deep import x
    === pkg/syntax.py
    x = @V@
    def broken(:
        pass
    === pkg/custom.py
    class MyError(ImportError):
        pass
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise MyError("own @V@", name="some", path="/where") from error
    === pkg/round_a.py
    from pkg.round_b import y
    x_@V@ = 1
    === pkg/round_b.py
    from pkg.round_a import x_@V@
    y = 1
    === pkg/attr_a.py
    import pkg.attr_b
    x = 1
    === pkg/attr_b.py
    import pkg.attr_a as a
    y_@V@ = a.x_@V@
    === pkg/exits.py
    raise SystemExit(@V@)
    === pkg/gone.py
    import sys
    del sys.modules[__name__]
    V = @V@
    """,
        raises=True,
        same=_name == "a_module_that_takes_itself_out",
    )

case(
    "r14_what_is_left_of_a_failed_import",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys
    def f():
        try:
            import pkg.bad.deep
        except ValueError as error:
            text = str(error)
        names = sorted(n for n in sys.modules if n.startswith("pkg"))
        return text, names, "bad" in globals(), hasattr(sys.modules["pkg"], "bad")
    === pkg/bad/__init__.py
    from pkg import side
    === pkg/bad/deep.py
    import pkg.bad.fine
    raise ValueError("deep @V@")
    === pkg/bad/fine.py
    === pkg/side.py
    """,
)
case(
    "r14_a_failed_import_is_executed_again",
    "pkg.f",
    """
    === pkg/__init__.py
    COUNT = []
    def f():
        out = []
        for _ in range(3):
            try:
                from pkg import flaky
                out.append(flaky.V)
            except ValueError as error:
                out.append(str(error))
        return out, COUNT
    === pkg/flaky.py
    from pkg import COUNT
    COUNT.append(@V@)
    if len(COUNT) < 3:
        raise ValueError(f"try {len(COUNT)}")
    V = @V@
    """,
)
case(
    "r14_a_missing_module_is_told_from_a_broken_one",
    "pkg.f",
    """
    === pkg/__init__.py
    import sys
    def kind(name):
        try:
            __import__(name)
        except ImportError:
            # As Flask's command line does it.
            return "broken" if sys.exc_info()[2].tb_next else "missing"
        return "there"
    def f():
        return [kind(n) for n in ("pkg.none", "pkg.broken", "none_@V@", "pkg.fine")], @V@
    === pkg/broken.py
    import none_@V@
    === pkg/fine.py
    """,
    since=(3, 11),
)
case(
    "r14_the_traceback_as_printed",
    "pkg.f",
    """
    === pkg/__init__.py
    import traceback
    def f():
        try:
            import pkg.middle
        except KeyError as error:
            lines = traceback.format_exception(type(error), error, error.__traceback__)
        return "".join(line for line in "".join(lines).splitlines(True) if "^" not in line)
    === pkg/middle.py
    from pkg import bottom
    === pkg/bottom.py
    def deep():
        raise KeyError("bottom @V@")
    deep()
    """,
    since=(3, 11),
)
case(
    "r14_an_optional_dependency",
    "pkg.f",
    """
    === pkg/__init__.py
    try:
        import missing_accelerator_@V@ as fast
    except ImportError as error:
        fast, why = None, (error.name, type(error).__name__)
    try:
        from pkg._speedups import speed
    except ImportError as error:
        speed = "slow", error.name
    def f():
        return fast, why, speed, @V@
    """,
)
case(
    "r14_a_package_that_refuses_attributes",
    "use.f",
    """
    === use.py
    def f():
        import pkg.sub
        from pkg.sub import V
        return V, hasattr(pkg, "sub")
    === pkg/__init__.py
    import sys
    class Frozen(type(sys)):
        def __setattr__(self, name, value):
            raise AttributeError(f"{name} is refused")
    sys.modules[__name__].__class__ = Frozen
    === pkg/sub.py
    V = @V@
    """,
    script="import use, pkg",
)
case(
    "r14_a_metaclass_that_raises",
    "pkg.f",
    """
    === pkg.py
    class Meta(type):
        def __getattribute__(cls, name):
            raise RuntimeError(name)
        def __setattr__(cls, name, value):
            raise RuntimeError(name)
    class Closed(metaclass=Meta):
        x = @V@
    class Odd:
        @property
        def __class__(self):
            raise RuntimeError("class")
        def __getattr__(self, name):
            raise RuntimeError(name)
        def __eq__(self, other):
            raise RuntimeError("eq")
        __hash__ = None
    odd = Odd()
    def f():
        return type.__getattribute__(Closed, "x"), sorted(n for n in globals() if n[:2] != "__")
    """,
)
case(
    "r14_a_module_without_its_own_attributes",
    "use.f",
    """
    === use.py
    import pkg.bare
    def f():
        from pkg import bare
        import pkg.bare as again
        return bare.V, again is bare, sorted(vars(bare)), bare.late()
    === pkg/__init__.py
    === pkg/bare.py
    V = @V@
    def late():
        import pkg.bare
        from pkg.other import V
        return pkg.bare.V, V
    for _name in ["__spec__", "__loader__", "__file__", "__cached__", "__doc__", "__package__"]:
        globals().pop(_name, None)
    del _name
    === pkg/other.py
    V = "other@V@"
    """,
)
case(
    "r14_an_object_without_attributes_in_its_place",
    "use.f",
    """
    === use.py
    def f():
        import pkg.number, pkg.text
        from pkg import number, text
        return number, text, pkg.number
    === pkg/__init__.py
    === pkg/number.py
    import sys
    sys.modules[__name__] = 40 + @V@
    === pkg/text.py
    import sys
    sys.modules[__name__] = "text"
    """,
    script="import use, pkg",
)
case(
    "r14_an_interrupted_import_is_tried_again",
    "pkg.f",
    """
    === pkg/__init__.py
    COUNT = []
    def f():
        try:
            from pkg import slow
        except KeyboardInterrupt:
            from pkg import slow
        return slow.V, COUNT
    === pkg/slow.py
    from pkg import COUNT, part
    COUNT.append(@V@)
    if len(COUNT) == 1:
        raise KeyboardInterrupt
    V = part.V
    === pkg/part.py
    from pkg import COUNT
    COUNT.append("part")
    V = @V@
    """,
)
