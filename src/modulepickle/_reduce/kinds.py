"""Which reducer the objects of a type have: decided once a type and dump.

What is in the table is ours or Python's own; other types are looked at. With the reducers comes the
half of the library that a process needs which pickles something, and few others do. So this is
imported with the first object that a pickler sees (`_reduce.dispatch`).

Outside API: `REDUCERS`, `reducer_of`.
"""

from __future__ import annotations

import functools
import sys
from enum import EnumMeta
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    ModuleType,
)
from typing import Final

from modulepickle._loader.emit import Call, Rebuilt, ShippedText, TheFetcher, reduce_fetcher
from modulepickle._local.finder import STANDARD_NAMES
from modulepickle._reduce.circles import Begun, Fill, reduce_begun, reduce_fill
from modulepickle._reduce.enums import reducer_of_member
from modulepickle._reduce.local import is_standard
from modulepickle._reduce.names import reduce_builtin, reduce_module, reduce_named, reduce_odd
from modulepickle._reduce.objects import NAMED, OF_COPYREG, OF_DATACLASSES, OTHERS
from modulepickle._reduce.of_modules import may_be_of_module, reducer_of_module
from modulepickle._reduce.of_process import (
    is_loaded_library,
    may_be_of_process,
    reducer_of_process,
    refuse_library,
)
from modulepickle._reduce.of_pydantic import OF_PYDANTIC
from modulepickle._reduce.stand_ins import emit_ready, emit_scope, emit_shipped
from modulepickle._reduce.state import Dump, Reducer, Scope
from modulepickle._reduce.structures import Fields, reduce_fields
from modulepickle._reduce.whole import (
    Late,
    LateStep,
    Step,
    Whole,
    reduce_late,
    reduce_late_step,
    reduce_step,
    reduce_whole,
)
from modulepickle._reduce.wrappers import is_of_wrapt, reduce_of_wrapt, reducer_of_subclass
from modulepickle._snapshot.ref import SnapshotRef

__all__ = ["REDUCERS", "reducer_of"]

REDUCERS: Final[dict[type, Reducer | None]] = {
    FunctionType: reduce_named,
    type: reduce_named,
    ModuleType: reduce_module,
    **{kind: OTHERS[kind] for kind in (CodeType, CellType, property, staticmethod, classmethod)},
    BuiltinFunctionType: reducer_of_module(reduce_builtin),
    SnapshotRef: emit_shipped,
    Scope: emit_scope,
    TheFetcher: lambda dump, obj: reduce_fetcher(obj),
    **dict.fromkeys((ShippedText, Rebuilt, Call), emit_ready),
    Whole: reduce_whole,
    Step: reduce_step,
    LateStep: reduce_late_step,
    Fields: reduce_fields,
    Late: reduce_late,
    Begun: reduce_begun,
    Fill: reduce_fill,
}


def reducer_of(dump: Dump, kind: type) -> Reducer | None:
    """Return the reducer for objects of a type, or None for plain pickle's."""
    if kind in REDUCERS:
        return REDUCERS[kind]
    reducer = _reducer_of(dump, kind)
    if may_be_of_module(kind):
        reducer = reducer_of_module(reducer)
    return reducer_of_process(reducer) if may_be_of_process(kind) else reducer


def _reducer_of(dump: Dump, kind: type) -> Reducer | None:
    table = dump.table
    if kind in table:  # perhaps None, which leaves it to the pickler
        return OF_COPYREG.get(table[kind], reduce_odd) if table[kind] else None
    if issubclass(kind, type):
        return reduce_named
    if kind in OTHERS:
        return OTHERS[kind]
    if issubclass(kind, ModuleType):
        return reduce_module
    if issubclass(kind, (property, staticmethod, classmethod, functools.cached_property)):
        return reducer_of_subclass(kind)
    name = f"{kind.__module__}.{kind.__name__}"
    if name in OF_DATACLASSES:
        return OF_DATACLASSES[name]
    if name in OF_PYDANTIC:
        return OF_PYDANTIC[name]
    if name in NAMED:
        return reduce_odd
    if "wrapt" in sys.modules and is_of_wrapt(kind):
        return reduce_of_wrapt
    if isinstance(kind, EnumMeta):
        return reducer_of_member(kind, reduce_odd)
    if is_loaded_library(kind):
        return refuse_library
    plain = kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ is object.__reduce__
    return reduce_odd if not plain and _may_name_local(dump, kind) else None


def _may_name_local(dump: Dump, kind: type) -> bool:
    """Tell whether instances may have a `__module__` of their own, or that of the type is local."""
    if kind.__dictoffset__ != 0:
        return True
    for base in kind.__mro__:
        module = base.__dict__.get("__module__")
        if module is not None:
            return not isinstance(module, str) or not _is_foreign(dump, module)
    return not _is_foreign(dump, kind.__module__)  # made in C: its dict has no `__module__`


def _is_foreign(dump: Dump, module: str) -> bool:
    """Tell whether a module is known not to be local, or is of the standard library, unshadowed."""
    if dump.is_foreign(module) or is_standard(module):
        return True
    standard = module.partition(".")[0] in STANDARD_NAMES
    return standard and dump.shipment.package(module) is None
