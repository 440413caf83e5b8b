"""Other people's picklers, made to ship local packages as `modulepickle.Pickler` does.

Frameworks pickle with a class of their own. Nothing is patched at import; what is neither local nor
a function by value is left to the framework.

Who reduces what, by the numbers of the design's rules:

- Functions by value (`__main__`, lambdas, closures) go our way, also where the framework has one:
  an import of a local package inside them would fail on a worker otherwise (R8), and ours reads on
  other versions of Python.
- Classes by value stay cloudpickle's: it knows its own when a result comes back as one. After an
  edit of a package that one needs, we give it another of cloudpickle's ids (R8).
- What is registered with cloudpickle by `register_pickle_by_value` is left to it altogether.
- What multiprocessing's child processes can find in `__main__`, they find there: the file of the
  script is run again in each.

Outside API: what is in `__all__`. Dask, which takes more than a patch, is in `_engines.dask`.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from types import ModuleType
from typing import Any, Final, TypeVar, cast
from weakref import WeakKeyDictionary

from modulepickle._engines.patch import PROTOCOL, Extension, Foreign, Leaves, Patch, is_pure
from modulepickle._loader.received import received
from modulepickle._pickler.stored import Store
from modulepickle._reduce.keys import key_of
from modulepickle._reduce.names import find

__all__ = [
    "Extension",
    "extend",
    "extend_cloudpickle",
    "extend_dill",
    "extend_multiprocessing",
    "extend_pyspark",
    "extend_ray",
]

P = TypeVar("P", bound=type)

MAIN: Final = frozenset({"__main__", "__mp_main__"})


# --- what is left to the framework ----------------------------------------------------------------


def _nothing(*_: Any) -> bool:
    return False


def _for_cloudpickle(cloudpickle: Any) -> Leaves:
    """Leave what is registered with a cloudpickle, and classes by value."""

    def leaves(shipping: Foreign, obj: Any) -> bool:
        module = obj.__name__ if isinstance(obj, ModuleType) else obj.__module__
        if isinstance(module, str) and (module not in MAIN or isinstance(obj, ModuleType)):
            names = cloudpickle.list_registry_pickle_by_value()
            if names and any(f"{module}.".startswith(f"{name}.") for name in names):
                return True
        if not isinstance(obj, type) or not _is_by_value(obj, module):
            return False
        _renew(cloudpickle, shipping, obj)
        return True

    return leaves


def _is_by_value(cls: type, module: Any) -> bool:
    if not isinstance(module, str) or module in MAIN:
        return True
    path = cls.__qualname__
    return find(module, path) is not cls and received(cls, module, path) is None


def _renew(cloudpickle: Any, shipping: Foreign, cls: type) -> None:
    """Give a class another id of cloudpickle's if a local package that it needs was edited.

    By the id, a worker that has the class already takes that one, whose bases are of the package
    as it was. The old id stays known here, for results that come home by it.
    """
    try:
        key = key_of(cast(Any, shipping), cls)
        last = _last_keys.setdefault(cls, key)
        ids, classes = (getattr(cloudpickle, name) for name in TRACKERS)
    except Exception:  # it cannot be pickled our way; cloudpickle may know how
        return
    if key != last:
        _last_keys[cls] = key
        ids[cls] = key.hex()
        classes[key.hex()] = cls


TRACKERS: Final = "_DYNAMIC_CLASS_TRACKER_BY_CLASS", "_DYNAMIC_CLASS_TRACKER_BY_ID"
"""Where a cloudpickle has the ids of classes by value, and those classes by id."""

_last_keys: Final[WeakKeyDictionary[type, bytes]] = WeakKeyDictionary()
"""Class by value -> its key when cloudpickle pickled it last."""


def _for_multiprocessing(_: Foreign, obj: Any) -> bool:
    """Leave what a child process finds in `__main__`, which it makes from the script's file."""
    if isinstance(obj, ModuleType) or obj.__module__ not in MAIN:
        return False
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None and getattr(main, "__file__", None) is None:
        return False  # a notebook, a session, `python -c`: there is no file
    return find(obj.__module__, obj.__qualname__) is obj


def _framework(module: str, function: str, install: str) -> Any:
    """Import what is to be patched.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"modulepickle.{function}() extends {install}, which cannot be imported here "
            f"({error}): pip install {install}",
            name=module,
        ) from error


# --- what is extended -----------------------------------------------------------------------------


def extend(base: P) -> P:
    """Return a subclass of a pickler class that ships local packages, too.

    Args:
        base: a subclass of `pickle.Pickler`, or of the one in pure Python, `pickle._Pickler`. It
            keeps its constructor and its hooks: what is not shipped comes to them as before. What
            stays cloudpickle's, if `base` is of it, is told at `extend_cloudpickle`. The policy is
            that of the process (`set_policy`).

    Raises:
        TypeError: it is not a pickler class.
    """
    kind: Any = base
    if not (isinstance(kind, type) and (issubclass(kind, pickle.Pickler) or is_pure(kind))):
        raise TypeError(f"extend() takes a class of picklers, such as pickle.Pickler, not {base!r}")

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        self.__dict__[PROTOCOL] = kwargs.get("protocol", args[1] if len(args) > 1 else None)
        super(made, self).__init__(*args, **kwargs)

    space = {"__init__": __init__, "__module__": base.__module__, "__doc__": base.__doc__}
    made: Any = type(base)(base.__name__, (base,), space)
    Patch(made, _leaves_of(base)).enter(made)
    return cast(P, made)


def _leaves_of(base: type) -> Leaves:
    for each in base.__mro__:
        if each.__module__.endswith("cloudpickle.cloudpickle"):
            return _for_cloudpickle(sys.modules[each.__module__])
    return _nothing


def _extend_cloudpickle(
    module: str, function: str, install: str, store: Store | None = None
) -> Extension:
    found = _framework(module, function, install)
    return Extension({found.Pickler: _for_cloudpickle(found)}, store)


def extend_cloudpickle() -> Extension:
    """Let cloudpickle ship local packages: wrap `dump` and `reducer_override` of its `Pickler`.

    Functions by value go our way, so that an import inside them finds what was shipped. Classes by
    value, and all that is registered with `cloudpickle.register_pickle_by_value`, stay
    cloudpickle's.

    Returns:
        An object whose `undo()` takes that out again; it is a context manager, too.

    Raises:
        ImportError: cloudpickle is not installed.
    """
    return _extend_cloudpickle("cloudpickle.cloudpickle", "extend_cloudpickle", "cloudpickle")


def extend_ray(*, store: bool = False) -> Extension:
    """Let Ray ship local packages, from this driver: as `extend_cloudpickle`, of Ray's own copy.

    Tasks, actors, arguments, `ray.put`, results and exceptions travel. A result goes on by name to
    a worker that may never have seen the package; for that, give `ray.init` a hook:
    `runtime_env={"worker_process_setup_hook": modulepickle.preload(helpers)}`. Ray runs it once a
    worker, with the code that there was at `init`.

    Args:
        store: keep archives in the cluster, each once, and not in each pickle: see `RayStore`. Only
            Ray's pickler uses it; what it pickles cannot be read outside the cluster. `undo()`
            leaves there what is there, for tasks that still run.

    Raises:
        ImportError: Ray is not installed.
        TypeError: `store` is neither True nor False.
    """
    if not isinstance(store, bool):
        raise TypeError(
            f"extend_ray(store=...) takes True or False, not {store!r}; a store of your own is the"
            " default of all picklers by  modulepickle.set_store(store)"
        )
    kept: Store | None = None
    if store:
        from modulepickle.stores import RayStore  # not at the top: for few

        kept = RayStore()
    return _extend_cloudpickle("ray.cloudpickle.cloudpickle", "extend_ray", "ray", kept)


def extend_pyspark() -> Extension:
    """Let PySpark ship local packages, from this driver: as `extend_cloudpickle`, of its own copy.

    Functions travel, and what they hold. Data, broadcasts among it, are pickled by name with plain
    `pickle`: `wrap` them, or their class has to have come with a function before.

    Returns:
        An object whose `undo()` takes that out again; it is a context manager, too.

    Raises:
        ImportError: PySpark is not installed.
    """
    return _extend_cloudpickle("pyspark.cloudpickle.cloudpickle", "extend_pyspark", "pyspark")


def extend_dill() -> Extension:
    """Let dill ship local packages: wrap `dump` and `reducer_override` of its `Pickler`.

    Functions and classes of `__main__` go our way, too: they do not share the receiver's
    `__main__`, as dill's own do.

    Returns:
        An object whose `undo()` takes that out again; it is a context manager, too.

    Raises:
        ImportError: dill is not installed.
    """
    found = _framework("dill", "extend_dill", "dill")
    return Extension({found.Pickler: _nothing})


def extend_multiprocessing() -> Extension:
    """Let multiprocessing ship: wrap `dump` and `reducer_override` of its `ForkingPickler`.

    This is what pools, queues, pipes, managers and `concurrent.futures.ProcessPoolExecutor` pickle
    with. What a child process finds in its own `__main__` stays a name.

    Returns:
        An object whose `undo()` takes that out again; it is a context manager, too.
    """
    found = _framework("multiprocessing.reduction", "extend_multiprocessing", "multiprocessing")
    return Extension({found.ForkingPickler: _for_multiprocessing})
