"""R14: imports that fail, what is there afterwards, and what they say."""

from fidelity.case import case

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
)
