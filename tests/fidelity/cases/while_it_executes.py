"""R11: while a module executes, `sys.modules[__name__]` is that module, whatever the host has."""

from fidelity.case import case

case(
    "r11_dataclass_with_string_annotations",
    "pkg.data.f",
    """
    === pkg/__init__.py
    === pkg/data.py
    from __future__ import annotations
    import dataclasses
    from typing import ClassVar
    @dataclasses.dataclass
    class D:
        x: int
        kind: ClassVar[str] = "k"
        y: int = @V@
    def f():
        return [(each.name, each.type) for each in dataclasses.fields(D)], D(1)
    """,
)

case(
    "r11_setattr_on_itself",
    "pkg.consts.f",
    """
    === pkg/__init__.py
    === pkg/consts.py
    import sys
    this = sys.modules[__name__]
    for n, name in enumerate(["RED", "GREEN"], @V@):
        setattr(this, name, n)
    def f():
        return RED, GREEN
    """,
)

case(
    "r11_its_class_is_assigned",
    "pkg.use.f",
    """
    === pkg/__init__.py
    === pkg/magic.py
    import sys, types
    class M(types.ModuleType):
        now = property(lambda self: @V@)
    sys.modules[__name__].__class__ = M
    === pkg/use.py
    from pkg import magic
    def f():
        import pkg.magic as again
        return magic.now, again.now, type(magic).__name__
    """,
)

case(
    "r11_it_replaces_itself",
    "pkg.use.f",
    """
    === pkg/__init__.py
    === pkg/obj.py
    import sys
    class M:
        now = @V@
    sys.modules[__name__] = M()
    === pkg/use.py
    from pkg import obj
    def f():
        import pkg.obj as again
        from pkg.obj import now
        return obj.now, again is obj, now
    """,
)
