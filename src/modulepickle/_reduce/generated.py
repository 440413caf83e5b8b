"""What the standard library wrote into a class, and writes anew on the receiver.

The methods of a dataclass, a named tuple or a protocol differ between Pythons. What is sent in
place of them goes to `more`: name of a `set_` function of `_loader.class_kinds`, or of those beside
it -> its arguments.

A function counts as theirs by its origin: its module or, since `dataclasses` compiles text without
a file, the qualified name of its code.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import abc
import collections
import gc
import sys
import typing
import weakref
from collections.abc import Callable, Iterator
from types import FunctionType, MappingProxyType
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Rebuilt, Reduced, is_of_texts
from modulepickle._reduce.enums import enum_parts
from modulepickle._reduce.functions import annotations_of
from modulepickle._reduce.state import Dump
from modulepickle._reduce.structures import structure

__all__ = [
    "LATE", "OF_PLAIN", "SPECIAL", "generated_owner", "outline", "reduce_field", "stands_in",
]  # fmt: skip

FIELD: Final = Rebuilt("field", THE_CLASSES)

LATE: Final = frozenset(
    {"registered", "members", "member_attributes", "protocol", "dataclass_again"}
)
"""What is done late, since it may run methods of the class or needs other classes complete."""


def _is_from(value: Any, module: Any) -> bool:
    """Tell whether a function, perhaps wrapped, was written in a module of the standard library."""
    value = getattr(value, "__func__", value)
    return isinstance(value, FunctionType) and value.__globals__ is vars(module)


# --- dataclasses ----------------------------------------------------------------------------------

_written: weakref.WeakKeyDictionary[FunctionType, bool] = weakref.WeakKeyDictionary()
"""Function -> whether `dataclasses` wrote it, which its code does not tell on older Pythons."""


FROM_LIBRARY: Final = frozenset({"__repr__", "__getstate__", "__setstate__", "__replace__"})
"""What a dataclass has of the module itself; all else is compiled for it. An `asdict` that a user
wrote into a class is the user's."""


def _inner(function: Any) -> Any:
    """Return what `dataclasses` compiled, without its guard against a `__repr__` in a circle.

    What anybody else has wrapped around a method is theirs.
    """
    code = getattr(function, "__code__", None)
    if code is None or code.co_name != "wrapper":
        return function
    if function.__globals__.get("__name__") not in ("dataclasses", "reprlib"):  # that, since 3.14
        return function
    inner = getattr(function, "__wrapped__", function)
    return inner if getattr(inner, "__name__", "") == "__repr__" else function


def _is_generated(cls: Any, name: str, value: Any) -> bool:
    """Tell whether a method was written by `dataclasses` for this class."""
    title = getattr(value, "__qualname__", "")
    inner = _inner(value)
    if not isinstance(inner, FunctionType):
        return False
    code = inner.__code__
    if code.co_filename != "<string>":
        if name not in FROM_LIBRARY or inner is not value:
            return False
        return is_of_texts(value) or _is_from(value, sys.modules.get("dataclasses", sys))
    # The latter is 3.9's.
    if title not in (f"{cls.__qualname__}.{name}", f"__create_fn__.<locals>.{name}"):
        return False
    if sys.version_info >= (3, 11):
        return code.co_qualname.startswith("__create_fn__.")
    if inner not in _written:
        ways = [_inner(_would_write(cls, way).get(name)) for way in WAYS]
        codes = [made.__code__.co_code for made in ways if isinstance(made, FunctionType)]
        _written[inner] = code.co_code in codes
    return _written[inner]


WAYS: Final = ("", "factories", "slots") if sys.version_info >= (3, 10) else ("", "factories")
"""How `dataclasses` may have written a method: with slots, or as receivers have it written for a
class with slots."""


def _would_write(cls: Any, way: str = "") -> dict[str, Any]:
    """Return the entries of a class for which `dataclasses` has written the same methods again."""
    import copy  # not at the top: only users of `dataclasses` have it imported
    from dataclasses import MISSING, InitVar, dataclass

    settings = cls.__dataclass_params__
    kinds: dict[str, Any] = {}
    space: dict[str, Any] = {"__annotations__": kinds}
    if hasattr(cls, "__post_init__"):
        space["__post_init__"] = None
    for each in cls.__dataclass_fields__.values():
        if each._field_type.name != "_FIELD_CLASSVAR":
            is_only_for_init = each._field_type.name == "_FIELD_INITVAR"
            kinds[each.name] = InitVar if is_only_for_init else each.type
            space[each.name] = each = copy.copy(each)
            if way == "factories" and not each.init and each.default is not MISSING:
                each.default, each.default_factory = MISSING, list
    flags = {flag: getattr(settings, flag) for flag in [*settings.__slots__][:6]}
    if way == "slots":
        flags["slots"] = True
    made: Any = dataclass(**flags)(type("other", (), space))
    return {**vars(made), "": made}


_owners: weakref.WeakKeyDictionary[FunctionType, weakref.ref[Any]] = weakref.WeakKeyDictionary()
"""Method that stands in its dataclass no more -> the class."""


def generated_owner(function: FunctionType) -> Any:
    """Return the dataclass that a method was written for, or None: it has no source.

    The method need not stand in the class any more: somebody may have wrapped it.
    """
    inner = _inner(function)
    if not isinstance(inner, FunctionType) or inner.__code__.co_filename != "<string>":
        return None
    name = function.__name__
    if sys.version_info >= (3, 11):  # going through all objects takes long
        if not inner.__code__.co_qualname.startswith("__create_fn__."):
            return None
    elif name[:2] != "__":
        return None
    for space in gc.get_referrers(function):
        if type(space) is dict and space.get(name) is function and "__dataclass_params__" in space:
            for cls in gc.get_referrers(space):
                if isinstance(cls, type) and _is_generated(cls, name, function):
                    return cls
    known = _owners.get(function)
    owner = None if known is None else known()
    if owner is None:
        owner = next((cls for cls in _dataclasses() if _wrote(cls, name, function)), None)
        if owner is not None:
            _owners[function] = weakref.ref(owner)
    return owner


def stands_in(cls: Any, function: FunctionType) -> bool:
    """Tell whether a method still stands in the dataclass that it was written for."""
    return vars(cls).get(function.__name__) is function


def _dataclasses() -> Iterator[Any]:
    """Yield all dataclasses of this process."""
    todo: list[Any] = [object]
    seen = set()
    for each in todo:  # grows as it is read
        for cls in type.__subclasses__(each):
            if cls not in seen:
                seen.add(cls)
                todo.append(cls)
                if "__dataclass_fields__" in vars(cls) and "__dataclass_params__" in vars(cls):
                    yield cls


def _wrote(cls: Any, name: str, function: FunctionType) -> bool:
    """Tell whether `dataclasses` wrote a method for a class: it would write the same again."""
    titles = f"{cls.__qualname__}.{name}", f"__create_fn__.<locals>.{name}"  # 3.9's
    if function.__module__ != cls.__module__ or function.__qualname__ not in titles:
        return False
    try:
        spaces = [_would_write(cls, way) for way in WAYS]
    except Exception:  # its fields were changed since
        return False
    return any(_is_same_method(cls, _inner(function), name, space) for space in spaces)


def _is_same_method(cls: Any, mine: FunctionType, name: str, space: dict[str, Any]) -> bool:
    made = _inner(space.get(name))
    if not isinstance(made, FunctionType):
        return False
    mine_held = [each.cell_contents for each in mine.__closure__ or ()]
    made_held = [each.cell_contents for each in made.__closure__ or ()]
    mine_held += mine.__defaults__ or ()
    made_held += made.__defaults__ or ()
    mine_held += (mine.__kwdefaults__ or {}).values()
    made_held += (made.__kwdefaults__ or {}).values()
    return (
        all(getattr(mine.__code__, part) == getattr(made.__code__, part) for part in PARTS)
        and len(mine_held) == len(made_held)
        and all(a is b or (a is cls and b is space[""]) for a, b in zip(mine_held, made_held))
    )


PARTS: Final = ("co_code", "co_consts", "co_names", "co_varnames", "co_freevars")
"""What shows that two methods do the same."""


def _dataclass(cls: Any, more: dict[str, Any]) -> set[str]:
    settings = vars(cls).get("__dataclass_params__")
    if settings is None or "__dataclass_fields__" not in vars(cls):
        return set()
    names = [name for name, value in vars(cls).items() if _is_generated(cls, name, value)]
    if sys.version_info < (3, 10):  # later ones write that as well
        names.append("__match_args__")
    flags = {name: getattr(settings, name) for name in settings.__slots__}
    if "slots" not in flags and "__init__" in names and _sets_defaults(cls):  # before 3.12
        flags["slots"] = True
    more["dataclass"] = names, flags
    return {*names, "__dataclass_params__"}


def _sets_defaults(cls: Any) -> bool:
    """Tell whether `__init__` sets fields that are no parameters, as it does with slots."""
    code = vars(cls)["__init__"].__code__
    missing = sys.modules["dataclasses"].MISSING
    return any(
        not each.init
        and each.default is not missing
        and each.name in code.co_names + code.co_consts
        for each in cls.__dataclass_fields__.values()
    )


def outline(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a dataclass with plain data in place of what is not ready.

    That is enough for all methods except `__init__`, which is written again once the fields are
    complete.
    """
    import copy

    missing = sys.modules["dataclasses"].MISSING
    made = {}
    for name, field in fields.items():
        made[name] = each = copy.copy(field)
        each.type, each.metadata = None, {}
        if each.default is not missing:
            each.default = None
        if each.default_factory is not missing:
            each.default_factory = list
    return made


def reduce_field(_: Dump, obj: Any) -> Reduced:
    """Reduce a field of a dataclass, whose slots differ between Pythons."""
    values = {name: getattr(obj, name) for name in obj.__slots__ if name != "_field_type"}
    if type(values["metadata"]).__name__ == "frozendict":  # 3.15's, which older ones do not have
        values["metadata"] = MappingProxyType(dict(values["metadata"]))
    return FIELD, (obj._field_type.name, values)


# --- named tuples, abstract classes, protocols ----------------------------------------------------


def _named_tuple(cls: Any, more: dict[str, Any]) -> set[str]:
    if tuple not in cls.__bases__ or "_fields" not in vars(cls) or "_make" not in vars(cls):
        return set()
    made = collections.namedtuple("made", cls._fields, rename=True)  # type: ignore[misc]
    other = vars(made)  # garbage collection would empty it if nothing held the class
    names = [name for name in other if name in vars(cls) and _is_same(cls, name, other[name])]
    if sys.version_info < (3, 10):  # later ones have that as well
        names.append("__match_args__")
    new = cls.__new__ if "__new__" in names else None
    defaults = getattr(new, "__defaults__", None) or ()
    more["namedtuple"] = names, cls._fields, len(defaults)
    annotations = annotations_of(new) if new is not None else {}
    if annotations:
        more["annotated"] = annotations
    if defaults:
        more["defaults"] = defaults
    taken = {*names}
    if _is_from(vars(cls).get("__class_getitem__"), typing):
        more["generic"] = True
        taken.add("__class_getitem__")
    return taken


def _is_same(cls: Any, name: str, other: Any) -> bool:
    """Tell whether an entry of a named tuple is `collections`' own, and not the user's."""
    value = vars(cls)[name]
    if name in cls._fields:
        return type(value) is type(other) and value.__doc__ == other.__doc__
    if name in ("_fields", "__match_args__"):
        return bool(value == other)
    if name == "__new__":
        return "_tuple_new" in getattr(getattr(value, "__func__", value), "__globals__", ())
    return _is_from(value, collections)


def _abstract(cls: Any, more: dict[str, Any]) -> set[str]:
    if not isinstance(cls, abc.ABCMeta) or "__abstractmethods__" not in vars(cls):
        return set()
    dump = getattr(abc, "_get_dump", None)  # in C; PyPy has it as well
    registry = [] if dump is None else [each() for each in dump(cls)[0]]
    registered = [each for each in registry if each is not None]
    registered.sort(key=lambda each: (each.__module__, each.__qualname__))
    more["abstract"] = sorted(cls.__abstractmethods__)
    if registered:
        more["registered"] = registered
    return set()


def _protocol(cls: Any, more: dict[str, Any]) -> set[str]:
    if type(cls).__module__ != "typing" or not vars(cls).get("_is_protocol", False):
        return set()
    more["protocol"] = bool(getattr(cls, "_is_runtime_protocol", False))
    # These two are what `typing` writes; a `cast` that stands in the class is the user's.
    return {
        name for name in ("__init__", "__subclasshook__") if _is_from(vars(cls).get(name), typing)
    }


SPECIAL: Final[tuple[Callable[[Any, dict[str, Any]], set[str]], ...]] = (
    enum_parts,
    _dataclass,
    _named_tuple,
    _abstract,
    _protocol,
    structure,
)
"""Each puts what is made anew into `more`, and returns the names of the class's entries."""

OF_PLAIN: Final = (_dataclass, _named_tuple)
"""Those of a class without a metaclass."""
