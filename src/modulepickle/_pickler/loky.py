"""loky, and joblib's copy of it: tasks carry the working tree as it was when they were submitted.

`set_loky_pickler("modulepickle")` makes a class of `Pickler`, which tasks are pickled with by a
thread, one by one, when a worker is about to need them. So `submit` of the executors is wrapped as
soon as that class is made, and does no more than before where another pickler is set.

Outside API: `carry_jobs`, `is_of_loky`.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, Final

from modulepickle._snapshot.tasks import submitted

__all__ = ["carry_jobs", "is_of_loky"]

REDUCTION: Final = "loky.backend.reduction"
"""What makes the class: this module, below joblib or not."""


def is_of_loky(cls: type) -> bool:
    """Tell whether loky made a class of picklers."""
    return f".{cls.__module__}".endswith(f".{REDUCTION}")


def carry_jobs(cls: type) -> None:
    """Wrap `submit` of the executors of the loky that made a class of picklers, once."""
    package = cls.__module__[: -len(".backend.reduction")]
    home = sys.modules.get(f"{package}.process_executor")
    executor = getattr(home, "ProcessPoolExecutor", None)
    if executor is None or hasattr(executor.submit, "_modulepickle"):
        return
    before = executor.submit

    @functools.wraps(before)
    def submit(self: Any, fn: Any, *args: Any, **kwargs: Any) -> Any:
        kind = sys.modules[f"{package}.backend.reduction"].get_loky_pickler()
        if issubclass(kind, cls.__mro__[1]):  # ours, made at another time perhaps
            fn = submitted(fn)
        return before(self, fn, *args, **kwargs)

    submit._modulepickle = True  # type: ignore[attr-defined]
    executor.submit = submit
