"""Why an object cannot be pickled: the way from it to the part that cannot (R15).

Only after a failure, the object is looked at again: of its parts, each is pickled alone, and the
first that fails is gone into. That costs nothing as long as all goes well.

Outside API: `with_path`; `is_a`, `is_refusal`, `parts_of`, `REMEDY`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any, Final, Optional

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._loader.emit import Call

__all__ = ["REMEDY", "is_a", "is_refusal", "parts_of", "with_path"]

DEPTH: Final = 60
"""Links of the longest path that is told."""

REMEDY: Final = "make it where it is used, or leave it out in __getstate__"

Fails = Callable[[Any], Optional[Exception]]
Reduce = Callable[[Any], Any]


def with_path(obj: Any, error: Exception, fails: Fails, reduce: Reduce) -> Exception:
    """Return an error that says how the pickler got to what cannot be pickled.

    Errors that a class raises by itself, for reasons of its own, are returned as they are.

    Args:
        obj: what was to be pickled. error: what came of it.
        fails: pickles one object alone, and returns its error.
        reduce: returns an object's reduction.
    """
    if isinstance(error, PackagingError) or not is_refusal(error):
        return error
    chain = [_name(obj)]
    seen = {id(obj)}
    kept = [obj]  # ids are unique only among what lives
    while len(chain) < DEPTH:
        for label, part in _parts(obj, reduce):
            if id(part) in seen:
                continue
            seen.add(id(part))
            kept.append(part)
            found = fails(part)
            if found is not None and is_refusal(found):
                obj, error = part, found
                chain += [label] if label else []
                break
        else:
            break
    kind = f"{type(obj).__module__}.{type(obj).__qualname__}".replace("builtins.", "")
    subject = kind if isinstance(obj, (int, str)) else f"an object of type {kind}"
    return PackagingError([Problem(Reason.UNSUPPORTED, subject, str(error), REMEDY, tuple(chain))])


def is_refusal(error: Exception) -> bool:
    """Tell whether an error is pickle's own, and not one that a class raises by itself."""
    if not isinstance(error, (pickle.PicklingError, TypeError, AttributeError)):
        return False
    return str(error).lower().startswith(("cannot pickle", "can't pickle", "can't get local"))


def _name(obj: Any) -> str:
    if isinstance(obj, (FunctionType, type)):
        return f"`{obj.__qualname__}`"
    if isinstance(obj, ModuleType):
        return f"module `{obj.__name__}`"
    return f"`{type(obj).__qualname__}` object"


def _parts(obj: Any, reduce: Reduce) -> Iterator[tuple[str, Any]]:
    """Yield what an object is pickled with, and what to call it; empty if it goes without."""
    if isinstance(obj, dict):
        for key, value in obj.items():
            yield "a key", key
            yield f"item {key!r:.60}", value
    elif isinstance(obj, (list, tuple)) and type(obj).__reduce_ex__ is object.__reduce_ex__:
        for index, value in enumerate(obj):
            yield f"item {index}", value
    elif isinstance(obj, (set, frozenset)):
        for value in obj:
            yield "an item", value
    else:
        try:
            reduction = reduce(obj)
        except Exception:  # it is this object itself that cannot
            return
        if isinstance(reduction, tuple):
            yield from parts_of(obj, reduction)


def is_a(obj: Any, *kinds: type) -> bool:
    """Tell whether an object is of a type; as `isinstance`, which may ask a proxy for `__class__`.

    What stands behind a proxy may do anything when it is asked, and raise anything.
    """
    return issubclass(type(obj), kinds)


def parts_of(obj: Any, reduction: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Yield what a reduction has, and what to call it; empty if it goes without."""
    state = reduction[2] if len(reduction) > 2 else None
    if is_a(obj, FunctionType) and isinstance(state, tuple):
        for kind, values in zip(("global", "closure variable", "attribute"), state):
            for name, value in values.items():
                yield f"{kind} `{name}`", value
        for modules in state[3:]:  # submodules of packages that it names
            for module in modules:
                yield "", module
    elif is_a(obj, type) and isinstance(state, tuple):
        for base in obj.__bases__:
            yield f"base `{base.__qualname__}`", base
        for values in state[1:]:
            for name, value in values.items():
                yield f"attribute `{name}`", value
    else:
        for values in state if isinstance(state, tuple) else (state,):
            if isinstance(values, dict):
                for name, value in values.items():
                    yield f"attribute `{name}`", value
            elif values is not None:
                yield "", values
    for part in reduction[:2]:
        if isinstance(part, Call):
            part = part.parts
        for index, value in enumerate(part if isinstance(part, tuple) else (part,)):
            yield f"argument {index}" if not is_a(obj, FunctionType, type) else "", value
    for index, value in enumerate(reduction[3] or () if len(reduction) > 3 else ()):
        yield f"item {index}", value
    for key, value in reduction[4] or () if len(reduction) > 4 else ():
        yield f"item {key!r:.60}", value
