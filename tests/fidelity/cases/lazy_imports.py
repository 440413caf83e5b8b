"""R8: lazy import statements, of Python 3.15 and later: which version they lead to, and when."""

from typing import Any

from fidelity.case import case as _case


def case(name: str, call: str, files: str, **options: Any) -> None:
    _case(name, call, files, since=(3, 15), **options)


_SUBMODULES = """
    === pkg/sub.py
    V = "sub@V@"
    === pkg/other.py
    V = "other@V@"
    === pkg/deep/__init__.py
    === pkg/deep/leaf.py
    V = "leaf@V@"
    """
case(
    "r08_lazy_imports_in_their_forms",
    "pkg.f",
    f"""
    === pkg/__init__.py
    import sys
    lazy import pkg.sub
    lazy import pkg.other
    lazy import pkg.deep.leaf as leaf
    lazy from pkg import sub as the_sub, other
    lazy from pkg.sub import V
    lazy from .deep import leaf as same_leaf
    lazy from .deep.leaf import V as W
    lazy import json
    def f():
        early = sorted(name for name in sys.modules if name.startswith("pkg."))
        return (early, pkg.sub.V, pkg.other.V, leaf.V, the_sub is pkg.sub, other.V, V,
            same_leaf is leaf, W, json.dumps(1))
    {_SUBMODULES}""",
)
case(
    "r08_lazy_names_that_others_take",
    "pkg.f",
    f"""
    === pkg/__init__.py
    lazy from .sub import V
    lazy from . import other
    def f():
        import pkg
        from pkg import V as again
        from .user import use
        return pkg.V, again, pkg.other.V, use()
    === pkg/user.py
    lazy from pkg import V
    lazy from pkg.deep.leaf import V as W
    def use():
        return V, W
    {_SUBMODULES}""",
)
case(
    "r08_lazy_names_used_at_once",
    "pkg.f",
    """
    === pkg/__init__.py
    lazy from .tools import mark
    @mark
    def f():
        return __name__
    === pkg/tools.py
    lazy from .names import V
    def mark(function):
        def wrapper():
            return V, function()
        return wrapper
    === pkg/names.py
    V = "names@V@"
    """,
)
case(
    "r08_lazy_imports_in_a_circle",
    "pkg.f",
    """
    === pkg/__init__.py
    lazy from .one import One
    def f():
        return One.use()
    === pkg/one.py
    lazy from .two import Two
    class One:
        V = "one@V@"
        use = staticmethod(lambda: Two.use())
    === pkg/two.py
    lazy from .one import One
    class Two:
        use = staticmethod(lambda: One.V)
    """,
)
case(
    "r14_lazy_imports_that_fail",
    "pkg.f",
    """
    === pkg/__init__.py
    lazy from .sub import missing
    lazy from pkg import gone
    lazy import pkg.gone.too as too
    def f():
        said = []
        for use in lambda: missing, lambda: gone, lambda: too:
            try:
                use()
            except ImportError as error:
                said.append((type(error).__name__, type(error.__cause__).__name__))
        return said, "@V@"
    === pkg/sub.py
    """,
)
case(
    "r08_lazy_imports_of_a_package_without_the_word",
    "pkg.f",
    f"""
    === pkg/__init__.py
    __lazy_modules__ = ["pkg.sub"]
    import sys
    from pkg.sub import V
    def f():
        sys.set_lazy_imports("all")
        try:
            from pkg import user
        finally:
            sys.set_lazy_imports("normal")
        early = "pkg.other" in sys.modules
        return V, early, user.use()
    === pkg/user.py
    from . import other
    def use():
        return other.V
    {_SUBMODULES}""",
)
case(
    "r08_lazy_imports_of_the_script",
    "f",
    f"""
    === pkg/__init__.py
    V = "pkg@V@"
    {_SUBMODULES}""",
    script="""
    import pkg.deep.leaf, pkg.sub  # so that a host has its own
    lazy import pkg
    lazy from pkg.sub import V
    lazy import pkg.deep.leaf as leaf
    def f():
        return pkg.V, V, leaf.V
    """,
)
