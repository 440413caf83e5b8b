"""Ray: what it pickles once for all calls is pickled anew after an edit.

Ray pickles a remote function, and the class of an actor, when it is first called, and keeps that.
So the wrapped `_remote` looks at the working tree: if a local package has changed since the last
call, the kept pickle is dropped, and the next one gets another id in the cluster. Tasks that were
submitted before keep the old one.

Outside API: `remote_methods`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from weakref import ref

from modulepickle._snapshot.jobs import Job, job_now

__all__ = ["remote_methods"]


class _Kept(NamedTuple):
    """What was called: the object, weakly, the tree as it was then, and what drops it."""

    what: Any
    job: Job
    drop: Callable[[Any], None]


_kept: Final[dict[int, _Kept]] = {}
"""By the id of a remote function or actor class: that has the `__eq__` and `__hash__` of the user's
class."""


def _keep(obj: Any, job: Job, drop: Callable[[Any], None]) -> None:
    key = id(obj)
    _kept[key] = _Kept(ref(obj, lambda _: _kept.pop(key, None)), job, drop)


def remote_methods() -> list[tuple[type, str, Any]]:
    """Return what is wrapped: class, method, and what wraps it."""
    function = importlib.import_module("ray.remote_function").RemoteFunction
    actor = importlib.import_module("ray.actor").ActorClass
    return [
        (function, "_remote", functools.partial(_looking, _drop_function)),
        (actor, "_remote", functools.partial(_looking, _drop_class)),
    ]


def _looking(drop: Callable[[Any], None], before: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(before)
    def _remote(self: Any, *args: Any, **kwargs: Any) -> Any:
        job = job_now()
        known = _kept.get(id(self))
        if known is None or known.job is not job or known.what() is not self:
            _drop_edited(job)
            _keep(self, job, drop)
        return before(self, *args, **kwargs)

    return _remote


def _drop_edited(job: Job) -> None:
    """Drop everything that was kept of another tree: one remote function may hold another."""
    for what, last, drop in [*_kept.values()]:
        each = what()
        if each is not None and job.edited(last):
            drop(each)
            _keep(each, job, drop)


def _drop_function(function: Any) -> None:
    function._uuid = importlib.import_module("uuid").uuid4()
    function._last_export_cluster_and_job = None


def _drop_class(actor: Any) -> None:
    meta = actor.__ray_metadata__
    cls = meta.modified_class.__ray_actor_class__
    make = type(meta.actor_creation_function_descriptor).from_class
    meta.actor_creation_function_descriptor = make(cls)
    meta.last_export_cluster_and_job = None
