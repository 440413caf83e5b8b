"""R19: classes and functions of a script that an installed library has made something of.

The libraries are stand-ins of a few lines, which do what those of their name do.
"""

from __future__ import annotations

import sys

import pytest

from receivers import project, receive, run, send

LIBRARIES = """
    === pydantic/__init__.py
    === pydantic/root_model.py
    import sys
    class Meta(type):
        def __repr__(cls): return cls.__name__
    class RootModel(metaclass=Meta):
        __pydantic_generic_metadata__ = {"origin": None, "args": (), "parameters": ()}
        def __init__(self, root): self.root = root
        def __class_getitem__(cls, arg):
            name = f"{cls.__name__}[{arg.__name__}]"
            space = vars(sys.modules[cls.__module__])
            if name not in space:
                found = {"origin": cls, "args": (arg,), "parameters": ()}
                more = {"__module__": cls.__module__, "__pydantic_generic_metadata__": found}
                space[name] = Meta(name, (cls,), {**more, "made_of": arg})
            return space[name]
    === pydantic/_internal/__init__.py
    === pydantic/_internal/_namespace_utils.py
    import typing
    class NamespacesTuple(typing.NamedTuple):
        globals: dict
        locals: dict
    === pydantic/_internal/_config.py
    class ConfigWrapper:
        def __init__(self, config): self.config_dict = config
        def __getattr__(self, name): return self.config_dict[name]
    === pydantic/validating.py
    import sys
    from pydantic._internal._config import ConfigWrapper
    from pydantic._internal._namespace_utils import NamespacesTuple
    class Wrapper:
        __slots__ = ("function", "namespaces", "config")
        def __init__(self, function):
            self.function, self.config = function, ConfigWrapper({"strict": True})
            self.namespaces = NamespacesTuple(vars(sys.modules[function.__module__]), {"x": 1})
        def __call__(self, *args): return self.function(*args), self.config.strict
    def validate_call(function):
        return Wrapper(function).__call__
    === msgspec/__init__.py
    from msgspec._core import Struct
    === msgspec/_core.py
    class StructMeta(type):
        def __new__(meta, name, bases, space):
            if "__slots__" in space:
                raise TypeError("Struct types cannot define __slots__")
            return super().__new__(meta, name, bases, {"__slots__": (), **space})
    class Base:
        __slots__ = ("x",)
    class Struct(Base, metaclass=StructMeta):
        def __init__(self, x):
            self.x = x
    === wrapt.py
    class _FunctionWrapperBase:
        def __init__(self, wrapped, *parts):
            instance, wrapper, enabled, binding, parent = (*parts, None, None, None)[:5]
            self._self_put(__wrapped__=wrapped, _self_instance=instance, _self_wrapper=wrapper,
                           _self_enabled=enabled, _self_binding=binding, _self_parent=parent)
        def _self_put(self, **parts):
            for name in parts: object.__setattr__(self, name, parts[name])
        def __getattr__(self, name): return getattr(self.__wrapped__, name)
        __module__ = property(lambda self: self.__wrapped__.__module__)
        __dict__ = property(lambda self: self.__wrapped__.__dict__)
        __class__ = property(lambda self: self.__wrapped__.__class__)
        __slots__ = ("__wrapped__", "_self_instance", "_self_wrapper", "_self_enabled",
                     "_self_binding", "_self_parent", "_self_adapter")
        def __reduce_ex__(self, protocol): raise NotImplementedError("define __reduce_ex__")
    class BoundFunctionWrapper(_FunctionWrapperBase):
        __slots__ = ()
        __module__ = _FunctionWrapperBase.__dict__["__module__"]
        def __call__(self, *args):
            return self._self_wrapper(self.__wrapped__, self._self_instance, args)
    class FunctionWrapper(_FunctionWrapperBase):
        __slots__ = ()
        __module__ = _FunctionWrapperBase.__dict__["__module__"]
        def __init__(self, wrapped, wrapper, enabled=None):
            super().__init__(wrapped, None, wrapper, enabled, "function")
        def __call__(self, *args): return self._self_wrapper(self.__wrapped__, None, args)
        def __get__(self, instance, owner):
            bound = self.__wrapped__.__get__(instance, owner)
            parts = self._self_wrapper, self._self_enabled, self._self_binding, self
            return BoundFunctionWrapper(bound, instance, *parts)
    class AdapterWrapper(FunctionWrapper):
        __slots__ = ()
        __module__ = _FunctionWrapperBase.__dict__["__module__"]
        def __init__(self, *parts, adapter):
            super().__init__(*parts)
            self._self_put(_self_adapter=adapter)
    === typing_extensions.py
    import typing
    def TypeVar(name, *, default, infer_variance=False):
        made = typing.TypeVar(name)
        made.__default__, made.has_default = default, lambda: True
        made.__infer_variance__ = infer_variance
        return made
"""


@pytest.fixture
def site(tmp_path):
    folder = project(tmp_path / "site-packages", LIBRARIES)
    return f"import sys; sys.path.append({str(folder)!r})\n"


def sent(tmp_path, site, script, code):
    (tmp_path / "tree").mkdir()
    data = send(tmp_path / "tree", site + script)
    return receive(data, f"{site}obj = load()\n{code}", lazy=True).result


def test_generic_models_of_pydantic(tmp_path, site):
    script = """
from pydantic.root_model import RootModel
class Numbers(RootModel[int]):
    def double(self): return 2 * self.root
class Item:
    name = "item"
Items = RootModel[Item]
class Many(Items): pass
obj = Numbers, Items, Items(Item()), Many, RootModel[int](4), RootModel[str]
"""
    code = """
from pydantic.root_model import RootModel
Numbers, Items, items, Many, four, of_text = obj
result = (Numbers(3).double(), issubclass(Numbers, RootModel[int]), type(items) is Items,
    items.root.name, Items.made_of is type(items.root), Many.__mro__[1] is Items,
    type(four) is RootModel[int], of_text is RootModel[str])
"""
    assert sent(tmp_path, site, script, code) == (6, True, True, "item", True, True, True, True)


def test_validated_functions_of_pydantic_leave_the_other_globals_here(tmp_path, site):
    script = """
import threading
from pydantic.validating import validate_call
lock = threading.Lock()
FACTOR = 2
@validate_call
def double(x): return x * FACTOR
def obj(x): return double(x), [*double.__self__.namespaces]
"""
    assert sent(tmp_path, site, script, "result = obj(4)") == ((8, True), [{}, {"x": 1}])


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="typing has it itself")
def test_type_variables_of_typing_extensions(tmp_path, site):
    script = """
import typing
from typing_extensions import TypeVar
T = TypeVar("T", default=int)
class Box(typing.Generic[T]): pass
obj = Box, T
"""
    code = "Box, T = obj; result = Box.__parameters__[0] is T, T.__default__, T.__name__"
    assert sent(tmp_path, site, script, code) == (True, int, "T")


@pytest.mark.parametrize("obj", ["Point", "[Point(1)]", "make", "Near", "Own"])
def test_a_struct_of_msgspec_is_refused_when_it_is_pickled(tmp_path, site, obj):
    script = f"""
from msgspec import Struct
class Point(Struct):
    x: int
class Near(Point):
    pass
class OwnMeta(type(Struct)):
    pass
class Own(metaclass=OwnMeta):
    pass
def make(): return Point(1)
import modulepickle
modulepickle.dumps({obj})
"""
    said = run(tmp_path, site + script, expect_failure=True).stderr
    assert "PackagingError" in said
    assert "msgspec makes a Struct with all its fields at once" in said
    assert "Define it in a module of your working tree" in said


def test_a_struct_of_msgspec_in_a_module_travels(tmp_path, site):
    project(
        tmp_path / "tree", "=== structs.py\nfrom msgspec import Struct\nclass P(Struct): x: int\n"
    )
    data = send(tmp_path / "tree", site + "import structs\nobj = structs.P(3)")
    assert receive(data, f"{site}obj = load()\nresult = obj.x", lazy=True).result == 3


@pytest.mark.parametrize(
    "script",
    [
        """
class Meta(type):
    __module__ = property(lambda cls: "__main__")
class C(metaclass=Meta):
    x = 1
def obj(): return C.x
""",
        "class C: __module__ = 5\nobj = C()",
        "def obj(): pass\nobj.__module__ = 5",
        "class C:\n    def __reduce__(self): return 'obj'\nobj = C()\nobj.__module__ = 5",
    ],
)
def test_what_has_a_module_that_is_no_text_is_refused_as_plain_pickle_does(tmp_path, script):
    said = run(tmp_path, f"{script}\nimport modulepickle\nmodulepickle.dumps(obj)",
               expect_failure=True).stderr  # fmt: skip
    assert "PackagingError: The object cannot be pickled:" in said
    # As Python 3.14 says it, and as those before it do.
    assert "module name must be a string" in said or "Can't pickle <" in said
    assert "what to do: " in said


def test_functions_that_wrapt_has_wrapped(tmp_path, site):
    script = """
from wrapt import AdapterWrapper, FunctionWrapper
def wrapper(wrapped, instance, args): return "wrapped", wrapped(*args), instance is not None
def adapter(x, y): pass
@lambda function: FunctionWrapper(function, wrapper)
def plain(x): return x
adapted = AdapterWrapper(plain, wrapper, adapter=adapter)
class C:
    @lambda function: FunctionWrapper(function, wrapper)
    def method(self, x): return x
    @lambda function: FunctionWrapper(function, wrapper)
    @classmethod
    def make(cls, x): return cls.__name__, x
obj = plain, adapted, C, C().method, C.make
"""
    code = """
plain, adapted, C, method, make = obj
result = [plain(1), adapted(1)[1], adapted._self_adapter.__name__, plain.__name__]
result += [C().method(1), C.make(1), method(1), make(1), type(method).__name__]
"""
    one, made = ("wrapped", 1, True), ("wrapped", ("C", 1), False)
    assert sent(tmp_path, site, script, code) == [
        ("wrapped", 1, False), ("wrapped", 1, False), "adapter", "plain",
        one, made, one, made, "BoundFunctionWrapper",
    ]  # fmt: skip
