"""What all shipped texts share in a receiver's process, whatever release each of them is of.

It stands at the head of each text. The registry hangs at one place, `sys._modulepickle_registry`,
and what hangs at it keeps its name and meaning in all releases. A pickle calls it in place of
`eval`, so that a text is executed once in a process.
"""

import os
import sys
from _thread import RLock
from weakref import WeakValueDictionary


class Registry:
    """The one object of ours that a process can find.

    Attributes:
        active: top-level name -> `made` and `leave` of the active snapshot (see `loader`).
        texts: name of a text -> what its pickles call.
        sources: file name -> source of code that was received, to send it on (see `functions`).
        received, own: key -> class of a definition that was made here, or sent from here (see
            `classes`).
        brought: what pickles have set on such a class (see `classes`, which puts it here).
        calls, originals: name of a function of the standard library -> what it asks, and what it
            was (see `callers`).
        finder: what stands on `sys.meta_path` for all that is active (see `loader`).
        manifest: finds what is in a store (see `store`); None before that is there.
        lock: held while a text is executed.
    """

    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})  # where early loaders look
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.calls, self.originals = {}, {}
        self.finder = self.manifest = None

    def __call__(self, expression, names):
        """Stand in for `eval` where a pickle begins: what was evaluated before is here."""
        if self.manifest and "k" in names:  # the hash of a manifest
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)


registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
if "lock" not in vars(registry):  # of two threads, one sets it
    vars(registry).setdefault("lock", RLock())
    if hasattr(os, "register_at_fork"):  # a child of `fork` has no thread that would release it
        os.register_at_fork(after_in_child=lambda: vars(registry).update(lock=RLock()))


def execute_once(page, names):
    """Execute the rest of a text, unless another thread does: nobody sees half of one.

    It is waited for, but not for ever: a signal handler may have interrupted what that waits for.
    """
    is_held = registry.lock.acquire(timeout=10)
    try:
        if names["__name__"] not in registry.texts:
            exec(page(), names)
    finally:
        if is_held:
            registry.lock.release()
    return registry.texts[names["__name__"]]
