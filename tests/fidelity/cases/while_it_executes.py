"""R11: while a module executes, `sys.modules[__name__]` is that module, whatever the host has."""

from fidelity.case import BY_NAME, case

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

case(
    "r11_initvar_and_keyword_only_in_string_annotations",
    "pkg.f",
    """
    === pkg/__init__.py
    from __future__ import annotations
    import dataclasses as dc
    @dc.dataclass
    class D:
        x: int
        _: dc.KW_ONLY
        start: dc.InitVar[int] = @V@
        def __post_init__(self, start):
            self.x += start
    def f():
        return D(1).x, [each.name for each in dc.fields(D)], D.__match_args__
    """,
    since=(3, 10),
)
case(
    "r11_type_hints_at_import",
    "pkg.models.f",
    """
    === pkg/__init__.py
    === pkg/models.py
    from __future__ import annotations
    import typing
    V = @V@
    class Node@V@:
        parent: typing.Optional[Node@V@]
        value: int
    HINTS = typing.get_type_hints(Node@V@)
    def fn(node: Node@V@, n: "typing.List[int]") -> Node@V@: ...
    OF = typing.get_type_hints(fn)
    def f():
        return sorted(map(str, HINTS.items())), sorted(map(str, OF.items()))
    """,
)
case(
    "r11_singledispatch_by_annotation_at_import",
    "pkg.f",
    """
    === pkg/__init__.py
    from __future__ import annotations
    from functools import singledispatch
    class Own: pass
    @singledispatch
    def show(x):
        return "other"
    @show.register
    def _(x: Own):
        return "own", @V@
    @show.register
    def _(x: int) -> str:
        return "int"
    def f():
        return show(Own()), show(1), show("")
    """,
)
case(
    "r11_global_enum",
    "pkg.f",
    """
    === pkg/__init__.py
    import enum
    @enum.global_enum
    class Color(enum.IntEnum):
        RED = @V@
        GREEN = 9
    def f():
        return RED, GREEN, repr(RED), str(RED), Color.__module__
    """,
    since=(3, 11),
)
case(
    "r11_enum_converted_from_globals",
    "pkg.f",
    """
    === pkg/__init__.py
    import enum
    SIZE_A, SIZE_B, OTHER = @V@, 20, 3
    enum.IntEnum._convert_("Size", __name__, lambda name: name.startswith("SIZE_"))
    def f():
        return sorted(Size.__members__.items()), Size.__module__, SIZE_A is Size.SIZE_A
    """,
)
case(
    "r11_named_tuples_and_other_makers",
    "pkg.f",
    """
    === pkg/__init__.py
    import collections, dataclasses, enum, typing
    Point = collections.namedtuple("Point", "x y")
    class Typed(typing.NamedTuple):
        x: int = @V@
    Dict = typing.TypedDict("Dict", {"a": int})
    Color = enum.Enum("Color", "RED GREEN")
    Made = dataclasses.make_dataclass("Made", ["x"])
    T = typing.TypeVar("T")
    def f():
        made = [Point, Typed, Dict, Color, T]
        return [each.__module__ for each in made], Point(1, @V@), Typed(), Color.RED, Made(1)
    """,
)
case(
    "r11_a_base_class_looks_at_the_module_of_its_subclass",
    "pkg.sub.f",
    """
    === pkg/__init__.py
    import sys
    class Base:
        def __init_subclass__(cls):
            module = sys.modules[cls.__module__]
            cls.found = module.PREFIX + cls.__name__, vars(module).get("__name__")
            setattr(module, "LAST", cls)
    === pkg/sub.py
    from pkg import Base
    PREFIX = "p@V@_"
    class One(Base): pass
    class Two(Base): pass
    def f():
        return One.found, Two.found, LAST.__name__
    """,
)
case(
    "r11_it_puts_another_module_in_its_place",
    "use.f",
    """
    === use.py
    from pkg import proxy
    def f():
        import pkg
        from pkg.proxy import V
        return proxy.V, V, type(proxy).__name__, pkg.proxy is proxy, proxy.__name__, proxy.late()
    === pkg/__init__.py
    === pkg/proxy.py
    import sys, types
    class Proxy(types.ModuleType):
        V = @V@
        @property
        def later(self):
            return 1
        def late(self):
            from pkg import helper
            return helper.V
    new = Proxy(__name__, "doc")
    new.__file__, new.__spec__, new.__loader__ = __file__, __spec__, __loader__
    sys.modules[__name__] = new
    === pkg/helper.py
    V = "helper@V@"
    """,
)
case(
    "r11_a_package_replaces_itself_and_has_submodules",
    "use.f",
    """
    === use.py
    import pkg
    def f():
        import pkg.sub
        from pkg import sub, V
        return pkg.V, V, sub.V, pkg.sub is sub, type(pkg).__name__
    === pkg/__init__.py
    import sys
    class Package(type(sys)):
        @property
        def V(self):
            return "pkg@V@"
    _new = Package(__name__)
    _new.__dict__.update({k: v for k, v in globals().items() if k.startswith("__")})
    sys.modules[__name__] = _new
    === pkg/sub.py
    V = "sub@V@"
    """,
)
case(
    "r11_a_lazy_package_of_the_scientific_kind",
    "use.f",
    """
    === use.py
    import pkg
    def f():
        return pkg.one.V, pkg.func(), dir(pkg), pkg.one.__name__
    === pkg/__init__.py
    import importlib, os
    def attach(package, submodules, attributes):
        names = {each: module for module, all in attributes.items() for each in all}
        def __getattr__(name):
            if name in submodules:
                return importlib.import_module(f"{package}.{name}")
            if name in names:
                module = importlib.import_module(f"{package}.{names[name]}")
                value = getattr(module, name)
                if name == names[name]:
                    import sys
                    sys.modules[package].__dict__[name] = value
                return value
            raise AttributeError(name)
        return __getattr__, lambda: sorted([*submodules, *names])
    __getattr__, __dir__ = attach(__name__, {"one"}, {"func": ["func"]})
    === pkg/one.py
    V = "one@V@"
    === pkg/func.py
    def func():
        return "func@V@"
    """,
)
case(
    "r11_names_that_it_deletes",
    "use.f",
    """
    === use.py
    import pkg
    def f():
        from pkg import sub
        return sorted(n for n in vars(pkg) if n[:2] != "__"), sub.V, pkg.V
    === pkg/__init__.py
    import os, sys
    from pkg import sub, gone
    V = @V@
    for _name in ("os", "gone"):
        del globals()[_name]
    del sys, _name, sub
    === pkg/sub.py
    V = "sub@V@"
    === pkg/gone.py
    """,
)
case(
    "r11_it_finds_itself_and_its_parents",
    "pkg.a.b.f",
    """
    === pkg/__init__.py
    import sys
    STATE = [hasattr(sys.modules["pkg"], "STATE")]
    === pkg/a/__init__.py
    import sys, pkg
    pkg.STATE.append((sys.modules["pkg"] is pkg, sys.modules[__name__].__dict__ is globals()))
    V = @V@
    === pkg/a/b.py
    import sys
    me, parent, top = (sys.modules[n] for n in (__name__, __package__, "pkg"))
    seen = vars(me) is globals(), parent.V, top.STATE, hasattr(parent, "b"), me.__spec__.name
    def f():
        return seen
    """,
)
case(
    "r11_a_submodule_changes_its_parent",
    "pkg.f",
    """
    === pkg/__init__.py
    from . import _install
    def f():
        return installed(), VALUE
    === pkg/_install.py
    import sys
    parent = sys.modules[__name__.rpartition(".")[0]]
    parent.VALUE = @V@
    parent.installed = lambda: ("installed", @V@)
    """,
)
case(
    "r11_pickle_and_copyreg_at_import",
    "pkg.f",
    """
    === pkg/__init__.py
    import copy, copyreg, pickle
    class Own@V@:
        def __init__(self, x): self.x = x
    def make(x):
        return Own@V@(x + 1)
    copyreg.pickle(Own@V@, lambda own: (make, (own.x,)))
    FIRST = pickle.loads(pickle.dumps(Own@V@(1)))
    BYTES = pickle.dumps([Own@V@, make], 4)
    def f():
        return FIRST.x, type(FIRST) is Own@V@, BYTES, copy.copy(FIRST).x
    """,
    limits={"older": BY_NAME[1]},
)
