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

import pickle
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from modulepickle._engines.patch import Extension, Leaves

__all__ = [
    "Extension",
    "extend",
    "extend_dill",
    "extend_multiprocessing",
]

P = TypeVar("P", bound=type)

# What patches is imported in the functions: `import modulepickle` is to be cheap.


# --- what is extended -----------------------------------------------------------------------------


def extend(base: P) -> P:
    """Return a subclass of a pickler class that also ships local packages.

    It keeps the constructor and the hooks of the class, which see all that is not shipped. The
    policy and the store are those of the process. A pickler class of cloudpickle keeps what
    `extend_cloudpickle` leaves to it.

    Args:
        base: A subclass of `pickle.Pickler` or of `pickle._Pickler`, the one in Python.

    Raises:
        TypeError: If `base` is not a pickler class.
    """
    from modulepickle._engines.patch import PROTOCOL, Patch, is_pure

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
    from modulepickle._engines.cloudpickle import for_cloudpickle
    from modulepickle._engines.patch import leaves_nothing

    for each in base.__mro__:
        if each.__module__.endswith("cloudpickle.cloudpickle"):
            return for_cloudpickle(sys.modules[each.__module__])
    return leaves_nothing


def extend_dill() -> Extension:
    """Make dill ship local packages.

    This wraps `dump` and `reducer_override` of its `Pickler`. Functions and classes of `__main__`
    are pickled as `dumps` does it: they have globals of their own, and do not share the receiver's
    `__main__` as dill's do. Where the package `multiprocess` is installed, the tasks of its pools
    carry the working tree as it was when they were submitted.

    Returns:
        An object whose `undo()` removes the patch. It is a context manager as well.

    Raises:
        ImportError: If dill is not installed.
    """
    from modulepickle._engines.patch import Extension, framework, leaves_nothing

    found = framework("dill", "extend_dill", "dill")
    pools = "multiprocess" if find_spec("multiprocess") else ""  # what pathos and others use
    return Extension({found.Pickler: leaves_nothing}, pools=pools)


def extend_multiprocessing() -> Extension:
    """Make multiprocessing ship local packages.

    This wraps `dump` and `reducer_override` of its `ForkingPickler`, with which pools, queues,
    pipes, managers and `concurrent.futures.ProcessPoolExecutor` pickle. What a child process finds
    in its own `__main__` stays a name. What is defined below `if __name__ == "__main__":` does not
    exist in a spawned child: it goes by value in tasks of pools, to a process that is being
    started, and wherever `set_start_method` says that processes are spawned. Tasks of `Pool` and
    `ProcessPoolExecutor` are pickled later than they are submitted: they carry the working tree as
    it was at the submit, and all tasks of one `map` carry the same.

    Returns:
        An object whose `undo()` removes the patch. It is a context manager as well.
    """
    from modulepickle._engines.patch import Extension, framework
    from modulepickle._engines.pools import as_call, leaves_to_child

    found = framework("multiprocessing.reduction", "extend_multiprocessing", "multiprocessing")
    return Extension(
        {found.ForkingPickler: leaves_to_child}, prepare=as_call, pools="multiprocessing"
    )
