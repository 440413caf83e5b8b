"""Where a function or class stands: by reference, inside a snapshot, or nowhere but here.

What lies in a local package is *shipped*: it goes by its name inside a snapshot. What is installed
goes by reference. What has no name that a receiver could look up goes by value.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import functools
import os
import sys
import typing
from importlib.machinery import ModuleSpec
from types import BuiltinFunctionType, FunctionType, GenericAlias, ModuleType
from typing import Any, Final

from modulepickle._base.errors import Problem, Reason
from modulepickle._loader.received import resend, snapshot_of
from modulepickle._local.finder import STANDARD_NAMES
from modulepickle._local.tree import in_standard_library
from modulepickle._reduce.state import MAIN, Dump, KnownModule, by_value, find
from modulepickle._reduce.whose import NOBODY, import_of, module_of, search
from modulepickle._snapshot.ref import SnapshotRef

__all__ = [
    "PLAIN_KINDS",
    "VALUE",
    "generic_parameters",
    "is_standard",
    "names_of",
    "shipped",
    "way_of",
]

VALUE: Final = object()
"""What `way_of` returns for a function or class that goes by value."""


def shipped(dump: Dump, obj: Any, module: object, path: str) -> SnapshotRef | None:
    """Return the snapshot in which an object travels by its name; None if it is not local."""
    if not isinstance(module, str):
        return None
    if dump.is_foreign(module) and find(module, path) is obj:
        return None
    snapshot = snapshot_of(obj, module, path)
    if snapshot is not None:
        return resend(snapshot, dump.resent)
    if is_standard(module):
        dump.note_foreign(module)
        return None
    package = dump.shipment.package(module)
    if package is None:
        dump.note_foreign(module)
        dump.shipment.note_by_name(module, f"`{module}.{path}`" if path else "")
        return None
    from modulepickle._snapshot.stale import checks_of  # here, as `Dump.shipment` does it

    made = dump.shipment.ship(package)
    dump.shipment.check(module, package)
    check = checks_of(module) if path else None
    # What a reload has left of before goes by value, as it is here.
    if check is not None and find(module, path) is obj:
        check(obj, path)
    return made


def is_standard(module: str) -> bool:
    """Tell by its `__file__` whether a module was imported from the standard library.

    The working tree need not be searched for it: no policy makes it local.
    """
    top = module.partition(".")[0]
    found = sys.modules.get(top) if top in STANDARD_NAMES else None
    if not isinstance(found, ModuleType):
        return False
    names = object.__getattribute__(found, "__dict__")  # a lazy module would import itself
    spec = names.get("__spec__")
    if type(spec) is not ModuleSpec:
        return False
    origin, file = spec.origin, names.get("__file__")
    if origin == "built-in":
        return file is None
    # A frozen module has "frozen" in place of a file, and its origin beside it.
    place = file if origin == "frozen" else origin
    return isinstance(place, str) and _in_library(place)


@functools.cache
def _in_library(file: str) -> bool:
    return in_standard_library(os.path.normcase(file))


def way_of(dump: Dump, obj: Any) -> Any:
    """Return the reduction of a function or class to its name, or `VALUE` if it has none."""
    module, path = obj.__module__, obj.__qualname__
    if type(obj) not in PLAIN_KINDS and _has_values(dump, generic_parameters(obj)[1]):
        return VALUE
    # A metaclass may give any `__module__`, even one that is not text.
    if type(module) is str and (module in MAIN or dump.parts.by_value.get(module)):
        return VALUE
    home = dump.known_modules.get(module) if type(module) is str and type(path) is str else None
    if home is None:
        return _looked_up(dump, obj, module, path)
    if home.names.get(path) is not obj:
        return _looked_up(dump, obj, module, path)
    snapshot, check = home.snapshot, home.check
    if snapshot is None:
        return NotImplemented
    if check is not None:
        check(obj, path)
    # No call for a function of the module's own: 10,000 of them come here.
    if type(obj) is not FunctionType or obj.__globals__ is not home.names:
        _note_replaced(dump, obj, module, path)
    return snapshot, (sys.intern(module), sys.intern(path))


PLAIN_KINDS: Final = {FunctionType, type}


def generic_parameters(cls: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return origin and arguments of a class such as `RootModel[int]` of pydantic; else None, ().

    Its module, which is that of `RootModel`, has it under that name, but only where it was made.
    """
    parameters = vars(cls).get("__pydantic_generic_metadata__")
    if not isinstance(parameters, dict) or parameters.get("origin") is None:
        return None, ()
    return parameters["origin"], parameters["args"]


def _has_values(dump: Dump, args: Any) -> bool:
    """Tell whether classes by value are among the arguments of a type."""
    return any(
        way_of(dump, each) is VALUE
        if isinstance(each, type) and not isinstance(each, GenericAlias)
        else _has_values(dump, typing.get_args(each))
        for each in args
    )


def _looked_up(dump: Dump, obj: Any, module: Any, path: str) -> Any:
    if id(obj) in INTERPRETERS_OWN:
        return NotImplemented
    is_plain = True
    if module is None:
        module, is_plain = module_of(obj, path)
    if not isinstance(module, str):  # a class of proxies has a property of that name
        found, is_plain = search(obj, path)[0], False
        if found == NOBODY:
            return NotImplemented
        module = found
    if not by_value(dump, module):
        if find(module, path) is not obj and _is_made_by_c(obj):
            # C code may give its name without the package, or no module at all.
            found, _ = search(obj, path)
            is_plain = found == NOBODY
            module = module if is_plain else found
        snapshot = shipped(dump, obj, module, path)
        is_there = find(module, path) is obj
        if is_there:
            _note_known(dump, module, snapshot)
        if snapshot is None:
            if is_there:
                return NotImplemented if is_plain else import_of(module, path)
        elif is_there or snapshot_of(obj, module, path) is not None:
            _note_replaced(dump, obj, module, path)
            return snapshot, names_of(module, path)
    return VALUE


def _note_replaced(dump: Dump, obj: Any, module: str, path: str) -> None:
    """Note that a function, or a method of a class, is the script's own under another's name.

    It goes by that name, so the receiver gets what the module's file makes. Decorators of other
    modules, whose wrappers have the name of what they wrap, make the same there.
    """
    scripts = [vars(sys.modules[name]) for name in MAIN if name in sys.modules]
    names = vars(obj) if isinstance(obj, type) else {"": obj}
    for name, value in [*names.items()]:
        # By their types: any other object may run code when it is asked for something.
        if type(value) is staticmethod or type(value) is classmethod:
            value = value.__func__
        elif type(value) is property:
            value = value.fget
        if type(value) is not FunctionType:
            continue
        globals_ = value.__globals__
        if not any(each is globals_ for each in scripts) or find(module, "__dict__") is globals_:
            continue  # the last: the script has both names
        what, remedy = (
            "what it names now",
            'change the file; or set its `__module__` to "__main__", so that it goes by value',
        )
        if name:
            what = f"`{name}` of it"
            remedy = "change the file, or derive a class in the script, and send that"
        detail = f"{what} was made by the script, and a receiver gets that of its file"
        dump.note(Problem(Reason.REPLACED, f"`{module}.{path}`", detail, remedy))
        return


def _is_made_by_c(obj: Any) -> bool:
    """Tell whether a class, or one above it, makes its instances in C."""
    new: Any = getattr(obj, "__new__", None) if type(obj) is type else None
    return isinstance(new, BuiltinFunctionType) and new is not object.__new__


def names_of(module: str, path: str) -> tuple[str, ...]:
    """Return a name in the form that snapshots are called with.

    The pickler writes a string once if it is the same object each time. Whether two are the same
    object must depend on their content alone, and not on their origin (R4).
    """
    return tuple(sys.intern(str(each)) for each in (module, *path.split(".")))


def _note_known(dump: Dump, module: str, snapshot: SnapshotRef | None) -> None:
    """Remember where an object of a module stands, and how it travels."""
    home = sys.modules.get(module)
    if type(home) is ModuleType:  # any other may compute its attributes when it is asked
        check = None
        if snapshot is not None:
            from modulepickle._snapshot.stale import checks_of  # as above

            check = checks_of(module)
        dump.known_modules[module] = KnownModule(vars(home), snapshot, check)


INTERPRETERS_OWN: Final = frozenset(map(id, (type(None), type(NotImplemented), type(...))))
"""Ids of types without a name, which plain pickle has its own way for. By id, since `==` of a class
is a method of its metaclass."""
