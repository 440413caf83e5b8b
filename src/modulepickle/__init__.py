"""Pickles that carry the code they need.

`modulepickle.dumps(f)` pickles a function, class or object together with the packages of your
working tree that it needs. Plain `pickle.loads` reads the result on any Python, which needs neither
the packages nor this library:

    data = modulepickle.dumps(helpers.f)    # here
    f = pickle.loads(data)                  # anywhere

The packages of the working tree travel; a `Policy` changes that. Installed packages travel as
names, as in `pickle`. Unpickling runs code: load only what you trust.

    explain(f)                  what would travel, and why
    inspect(data)               what a pickle holds; nothing of it is executed
    requirements(f)             what its receivers must have installed
    test.test(f)                call it in a Docker container that has none of the source
    set_policy(Policy(...))     what travels; also [tool.modulepickle] in pyproject.toml
    stores.directory(path)      keep packages outside the pickles, for many tasks
    hold()                      freeze the working tree while a job is submitted
    extend_dask(client), ...    make a framework ship; `preload` and `wrap` are for others
    python -m modulepickle      all this on the command line, and a demonstration
"""

from __future__ import annotations

from pickle import (
    DEFAULT_PROTOCOL,
    HIGHEST_PROTOCOL,
    PickleBuffer,
    PickleError,
    PicklingError,
    UnpicklingError,
)
from typing import TYPE_CHECKING, Any

import modulepickle._own  # noqa: F401  # loaders look for it in `sys.modules`
from modulepickle._base.errors import (
    PackagingError,
    Problem,
    Reason,
    ShippingWarning,
    StaleSourceWarning,
)
from modulepickle._local.policy import (
    Policy,
    get_policy,
    list_registry_pickle_by_value,
    register_pickle_by_value,
    set_policy,
    unregister_pickle_by_value,
)
from modulepickle._pickler.pickler import Pickler, Unpickler, dump, dumps, load, loads
from modulepickle._pickler.stored import Store, get_store, set_store
from modulepickle._snapshot.hold import hold
from modulepickle.extend import extend, extend_dill, extend_multiprocessing

if TYPE_CHECKING:
    from modulepickle import stores as stores
    from modulepickle import test as test
    from modulepickle._engines.cloudpickle import extend_cloudpickle, extend_pyspark, extend_ray
    from modulepickle._engines.dask import extend_dask
    from modulepickle._engines.preload import preload, wrap
    from modulepickle._engines.stock import extend_ipyparallel, extend_mpi4py
    from modulepickle._report.explain import explain
    from modulepickle._report.inspect import inspect
    from modulepickle._report.report import Report
    from modulepickle._report.requirements import requirements

__all__ = [
    "DEFAULT_PROTOCOL",
    "HIGHEST_PROTOCOL",
    "PackagingError",
    "PickleBuffer",
    "PickleError",
    "Pickler",
    "PicklingError",
    "Policy",
    "Problem",
    "Reason",
    "Report",
    "ShippingWarning",
    "StaleSourceWarning",
    "Store",
    "Unpickler",
    "UnpicklingError",
    "dump",
    "dumps",
    "explain",
    "extend",
    "extend_cloudpickle",
    "extend_dask",
    "extend_dill",
    "extend_ipyparallel",
    "extend_mpi4py",
    "extend_multiprocessing",
    "extend_pyspark",
    "extend_ray",
    "get_policy",
    "get_store",
    "hold",
    "inspect",
    "list_registry_pickle_by_value",
    "load",
    "loads",
    "preload",
    "register_pickle_by_value",
    "requirements",
    "set_policy",
    "set_store",
    "unregister_pickle_by_value",
    "wrap",
]

__version__ = "0.1.0"

_LATER = {
    "Report": "_report.report",
    "explain": "_report.explain",
    "extend_cloudpickle": "_engines.cloudpickle",
    "extend_dask": "_engines.dask",
    "extend_ipyparallel": "_engines.stock",
    "extend_mpi4py": "_engines.stock",
    "extend_pyspark": "_engines.cloudpickle",
    "extend_ray": "_engines.cloudpickle",
    "inspect": "_report.inspect",
    "preload": "_engines.preload",
    "requirements": "_report.requirements",
    "wrap": "_engines.preload",
}
"""Name -> the module that has it. Few processes use these, so they are imported when needed."""


if not TYPE_CHECKING:  # for type checkers, a name that is not here is a mistake

    def __getattr__(name: str) -> Any:
        """Return a name that is imported when it is asked for."""
        from importlib import import_module

        if name in ("stores", "test"):
            return import_module(f"{__name__}.{name}")
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """Return all names, including those that are not imported yet."""
    return sorted({*globals(), *__all__})
