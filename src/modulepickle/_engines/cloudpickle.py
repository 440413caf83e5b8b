"""cloudpickle, and the two frameworks that have a copy of it: Ray and PySpark.

Who reduces what (R8 is a rule of docs/contributing.md):

- We reduce functions by value (`__main__`, lambdas, closures): otherwise an import of a local
  package inside them would fail on a worker (R8), and other versions of Python could not read them.
- cloudpickle reduces classes by value, since it recognises its own when a result comes back. After
  an edit of a package that such a class needs, we give the class another of cloudpickle's ids (R8).
- Modules that are registered with cloudpickle by `register_pickle_by_value` are left to it.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from modulepickle._engines.patch import Extension, Foreign, Leaves, framework
from modulepickle._loader.received import snapshot_of
from modulepickle._pickler.stored import Store
from modulepickle._reduce.keys import key_of
from modulepickle._reduce.state import MAIN, find

__all__ = ["extend_cloudpickle", "extend_pyspark", "extend_ray", "for_cloudpickle"]


def for_cloudpickle(cloudpickle: Any) -> Leaves:
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
    return find(module, path) is not cls and snapshot_of(cls, module, path) is None


def _renew(cloudpickle: Any, shipping: Foreign, cls: type) -> None:
    """Give a class another id of cloudpickle's if a local package that it needs was edited.

    A worker that knows the id would take the class that it has, whose bases are of the package as
    it was. The old id stays known here, for results that come home with it.
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


def _extended(
    module: str, function: str, install: str, store: Store | None = None, methods: str = ""
) -> Extension:
    found = framework(module, function, install)
    return Extension({found.Pickler: for_cloudpickle(found)}, store, pools=methods)


def extend_cloudpickle() -> Extension:
    """Make cloudpickle ship local packages.

    This wraps `dump` and `reducer_override` of its `Pickler`. Functions by value are pickled as
    `dumps` does it, so that an import inside them finds what was shipped. Classes by value, and
    modules registered with `cloudpickle.register_pickle_by_value`, are left to cloudpickle. Where
    executorlib is installed, its tasks carry the working tree as it was when they were submitted.

    Returns:
        An object whose `undo()` removes the patch. It is a context manager as well.

    Raises:
        ImportError: If cloudpickle is not installed.
    """
    methods = "executorlib" if find_spec("executorlib") else ""
    return _extended("cloudpickle.cloudpickle", "extend_cloudpickle", "cloudpickle", None, methods)


def extend_ray(*, store: bool = False) -> Extension:
    """Make Ray ship local packages from this driver.

    This does for Ray's copy of cloudpickle what `extend_cloudpickle` does. Tasks, actors,
    arguments, `ray.put`, results and exceptions travel. A result that one worker sends to another
    goes by name, and the other may never have seen the package. For that, give `ray.init` a hook,
    which Ray runs once in each worker:
    `runtime_env={"worker_process_setup_hook": modulepickle.preload(helpers)}`.

    Args:
        store: Keep each archive once in the cluster, and not in each pickle. Only Ray's pickler
            uses this store, and what it pickles can be read only in the cluster. `undo()` leaves
            the archives there, for tasks that still run.

    Returns:
        An object whose `undo()` removes the patch. It is a context manager as well.

    Raises:
        ImportError: If Ray is not installed.
        TypeError: If `store` is not a `bool`.
    """
    if not isinstance(store, bool):
        raise TypeError(
            f"extend_ray(store=...) takes True or False, not {store!r}; to use a store of your own,"
            " call modulepickle.set_store(store)"
        )
    kept: Store | None = None
    if store:
        from modulepickle.stores import RayStore  # not at the top: for few

        kept = RayStore()
    return _extended("ray.cloudpickle.cloudpickle", "extend_ray", "ray", kept, methods="ray")


def extend_pyspark() -> Extension:
    """Make PySpark ship local packages from this driver.

    This does for PySpark's copy of cloudpickle what `extend_cloudpickle` does. Functions travel,
    with what they hold. Data, such as broadcasts, is pickled by name with plain `pickle`: `wrap`
    it, unless its class has come with a function before.

    Returns:
        An object whose `undo()` removes the patch. It is a context manager as well.

    Raises:
        ImportError: If PySpark is not installed.
    """
    return _extended("pyspark.cloudpickle.cloudpickle", "extend_pyspark", "pyspark")
