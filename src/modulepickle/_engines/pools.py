"""multiprocessing: what child processes have of the script, and tasks that they cannot unpickle.

A spawned child runs the script's file again, as `__mp_main__`, but not what stands under `if
__name__ == "__main__":`. A function defined there has no name in the child. A pool's worker that
cannot unpickle a task dies, another one is started, and the task is never answered: the pool hangs.
So:

- where children are known to be spawned, such a function goes by value;
- a forked child has what the script had at that moment, so what was defined after it goes by value;
- so does a function that uses a package which was edited after the pool was made, since the child
  has imported the package as it was then;
- if a task calls something of ours, or something that a child may lack, the worker unpickles it
  when it is called, so that a failure comes back as an error of the call.

Outside API: `leaves_to_child`, `as_call`.
"""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from modulepickle._base.held import held
from modulepickle._engines.patch import Foreign
from modulepickle._loader.emit import Call
from modulepickle._reduce.named import named
from modulepickle._reduce.state import MAIN, find
from modulepickle._snapshot.jobs import edited_since_server, job_now
from modulepickle._snapshot.tasks import EDITED, FORKED, SPAWNED

__all__ = ["as_call", "leaves_to_child"]

RUN: Final = """
def run(data):
    import pickle
    import sys

    try:
        function, args, more = pickle.loads(data)
    except AttributeError as error:
        why = (
            "a child process of multiprocessing has run the script again, but not what "
            "stands under `if __name__ == '__main__'`: define it outside of that"
        )
        if sys.modules["__main__"].__name__ != "__mp_main__":
            why = (
                "a child process of multiprocessing has what the script had when the child was "
                "forked: define it before the pool is made"
            )
        raise AttributeError(f"{error}: {why}") from error
    return function(*args, **more)
"""
"""Calls a task on a worker, which lacks the library. The error says what the worker lacks."""

CALLED: Final = Call(eval, "exec(text) or run", {"text": RUN})


def leaves_to_child(_: Foreign, obj: Any) -> bool:
    """Tell whether an object goes by name, since a child process finds it in its own `__main__`."""
    if not _is_of_script(obj) or _is_late(obj) or (_are_spawned() and is_guarded(obj)):
        return False
    edited = EDITED.get() or _edited_since_server()
    return not edited or not uses(obj, edited)


# --- what was edited since the children were started ----------------------------------------------


def _edited_since_server() -> frozenset[str]:
    """Return what was edited before a child that is being started, if a fork server forks it."""
    starting = sys.modules["multiprocessing.context"].get_spawning_popen()
    if getattr(starting, "method", None) != "forkserver":
        return frozenset()
    return edited_since_server(job_now())


def uses(obj: Any, packages: frozenset[str]) -> bool:
    """Tell whether a function or class of the script needs one of some packages.

    The child has run the script with the package as it was. So by name it would run the old code,
    however the script came to the package.
    """
    names = vars(sys.modules["__main__"])
    todo = [obj]
    seen = {id(obj)}
    for each in todo:  # grows as it is read
        if _is_of(each, packages):
            return True
        for code in _codes(each):
            if any(_is_in(name, packages) for name in named(code).imports):
                return True
            found = [names[name] for name in named(code).used if name in names]
            todo += [new for new in found if id(new) not in seen]
            seen.update(map(id, found))
        if isinstance(each, type) and _is_of_script(each):
            todo += [base for base in each.__mro__[1:] if id(base) not in seen]
    return False


def _is_in(module: Any, packages: frozenset[str]) -> bool:
    return isinstance(module, str) and any(f"{module}.".startswith(f"{name}.") for name in packages)


def _is_of(obj: Any, packages: frozenset[str]) -> bool:
    """Tell whether something belongs to a package, or is an instance of a class that does."""
    if isinstance(obj, ModuleType):
        return _is_in(obj.__name__, packages)
    return _is_in(getattr(obj, "__module__", None), packages)


def _codes(obj: Any) -> Iterator[CodeType]:
    """Yield the code of a function or class of the script."""
    if isinstance(obj, FunctionType) and obj.__module__ in MAIN:
        yield obj.__code__
    elif isinstance(obj, type) and obj.__module__ in MAIN:
        for each in vars(obj).values():
            inner = getattr(each, "__func__", None) or getattr(each, "fget", None) or each
            if isinstance(inner, FunctionType):
                yield inner.__code__


def _is_of_script(obj: Any) -> bool:
    if isinstance(obj, ModuleType) or obj.__module__ not in MAIN:
        return False
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None and getattr(main, "__file__", None) is None:
        return False  # a notebook, a session, `python -c`: there is no file
    return find(obj.__module__, obj.__qualname__) is obj


def _is_late(obj: Any) -> bool:
    """Tell whether the script did not have something yet when the first child was forked."""
    had = FORKED.get()
    if had is None:
        return False
    top = obj.__qualname__.partition(".")[0]
    return top not in had or had[top]() is not vars(sys.modules["__main__"])[top]


def _are_spawned() -> bool:
    """Tell whether the child that reads this is known not to have been forked."""
    if SPAWNED.get():
        return True
    context = sys.modules["multiprocessing.context"]
    if context.get_spawning_popen() is not None:
        return True
    return sys.modules["multiprocessing"].get_start_method(allow_none=True) not in (None, "fork")


# --- what the file of the script defines ----------------------------------------------------------


def is_guarded(obj: Any) -> bool:
    """Tell whether a child that runs the script's file again lacks the object's name."""
    main = sys.modules["__main__"]
    path = getattr(main, "__file__", None)
    try:
        names = _names_of(path)  # type: ignore[arg-type]
    except (OSError, SyntaxError, ValueError, TypeError):
        return False
    return names is not None and obj.__qualname__.partition(".")[0] not in names


def _has_guarded() -> bool:
    """Tell whether the script has functions or classes that a child will lack."""
    main = sys.modules["__main__"]
    return any(
        isinstance(each, (FunctionType, type)) and _is_of_script(each) and is_guarded(each)
        for each in [*vars(main).values()]
    )


def _names_of(path: str) -> frozenset[str] | None:
    """Return what `scripts.defined` does; one look for all tasks of a call."""
    from modulepickle._engines.scripts import defined  # not at the top: it needs `ast`

    still = held()
    if still is None:
        return defined(path, os.stat(path).st_mtime_ns)
    if path not in still.scripts:
        still.scripts[path] = defined(path, os.stat(path).st_mtime_ns)
    found: frozenset[str] | None = still.scripts[path]
    return found


# --- tasks ----------------------------------------------------------------------------------------


def as_call(pickler: Any, obj: Any) -> Any:
    """Return a task of a pool in a form that a worker unpickles when it calls it; or the object.

    Args:
        pickler: what is about to pickle the object.
    """
    if type(obj) is not tuple or [*map(type, obj)][3:] != [tuple, dict]:
        return obj
    job, index, function, args, more = obj
    if type(job) is not int or not callable(function) or not _may_fail(function, args):
        return obj
    file = io.BytesIO()
    type(pickler)(file).dump((function, args, more))
    return job, index, CALLED, (file.getvalue(),), {}


def _may_fail(function: Any, args: tuple[Any, ...]) -> bool:
    """Tell whether a task calls more than a plain name, or may need what a child lacks."""
    if _has_guarded():
        return True
    called = [function]
    while type(called[-1]) is functools.partial:
        called.append(called[-1].func)
    if getattr(function, "__module__", None) == "multiprocessing.pool":  # `mapstar` and such
        called += [each for one in args if type(one) is tuple for each in one[:1]]
        called += [each for each in args if callable(each)]
    return any(_is_odd(each) for each in called)


def _is_odd(obj: Any) -> bool:
    if not isinstance(obj, (FunctionType, type)):
        return hasattr(obj, "__func__")  # a bound method, perhaps of something local
    if _is_of_script(obj):  # of what a forked child has, only the names at the top are known
        return FORKED.get() is not None and "." in obj.__qualname__
    return obj.__module__ in MAIN or find(obj.__module__, obj.__qualname__) is not obj
