"""The client's own process in a Dask cluster: the references in results mean its modules.

Outside API: `HOME`, `be_home`, `enter_home`, `leave_home`.
"""

from __future__ import annotations

import importlib
import pickle
from types import ModuleType
from typing import Any, Final

from modulepickle._engines.references import Sending, dumps, peer, sending
from modulepickle._local.policy import get_policy
from modulepickle._snapshot.jobs import Packages
from modulepickle._snapshot.ref import OWN
from modulepickle._snapshot.shipment import Shipment
from modulepickle._snapshot.stale import QUIET, is_stale

__all__ = ["HOME", "be_home", "enter_home", "leave_home"]


class _Home:
    """The clients' own process.

    Attributes:
        sent: digest -> package, of all that clients of this process sent. latest: the reverse.
        users: how many extended clients there are.
    """

    def __init__(self) -> None:
        self.sent: dict[bytes, str] = {}
        self.latest: dict[str, bytes] = {}
        self.users = 0
        self.tokens: dict[str, Any] = {}

    def has(self, digest: bytes) -> bool:
        """Tell whether this process' own modules are the code of a digest."""
        return digest in self.sent or digest in OWN

    def find(self, digest: bytes, module: str, path: str) -> Any:
        """Return what came home as a reference.

        Raises:
            UnpicklingError: if this process has no such thing, or an older one.
        """
        found: Any = importlib.import_module(module)
        name = f"{module}.{path}"
        try:
            for part in path.split(".") if path else ():
                found = getattr(found, part)
        except AttributeError:
            raise pickle.UnpicklingError(_OLD.format(name, "has none", module)) from None
        is_latest = digest in self.latest.values()
        if is_latest and isinstance(found, type) and is_stale(found, module):
            raise pickle.UnpicklingError(_OLD.format(name, "has an older one", module))
        return found


class _Everything:
    """The digests of a cluster that has whatever is looked for."""

    def __contains__(self, digest: object) -> bool:
        return True


_OLD: Final = (
    "{0} came back from the cluster, of the version that was sent, and this process {1}: it"
    " imported {2} before the edit. Run importlib.reload({2}), and get the result again"
)

HOME: Final = _Home()


class _Tokens:
    """Stands for `pickle`, or cloudpickle, where Dask makes the keys of pure tasks.

    After an edit, a key has to differ: otherwise a result that is still there would be taken for
    one of the new code. So references are hashed, with their digests.
    """

    def __init__(self, plain: ModuleType, always: bool) -> None:
        self._plain, self._always = plain, always
        self._packages = Packages()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def dumps(self, obj: Any, protocol: int, buffer_callback: Any = None) -> bytes:
        """Return a pickle that is only hashed."""
        if not self._always:
            data: bytes = pickle.dumps(obj, protocol, buffer_callback=buffer_callback)
            # A pickle by name is enough if no name is local.
            if not any(name in data for name in self._packages.tops()):
                return data
        token = QUIET.set(True)
        try:
            with sending(Sending(Shipment(get_policy()), _Everything()), graph=True):
                found: bytes = dumps(obj, buffer_callback, {"protocol": protocol})
        finally:
            QUIET.reset(token)
        return found


def be_home() -> None:
    """Let references that come to this process mean its own modules."""
    if HOME not in peer().homes:
        peer().homes.append(HOME)


def enter_home() -> None:
    """Let this process be a client's, for the first user."""
    HOME.users += 1
    if HOME.users > 1:
        return
    found = peer()
    be_home()
    found.sender = dumps
    found.stand_between(importlib.import_module("distributed.protocol.pickle"))
    tokenize: Any = importlib.import_module("dask.tokenize")
    HOME.tokens = {"pickle": tokenize.pickle, "cloudpickle": tokenize.cloudpickle}
    tokenize.pickle = _Tokens(tokenize.pickle, always=False)
    tokenize.cloudpickle = _Tokens(tokenize.cloudpickle, always=True)


def leave_home() -> None:
    """Undo that, after the last user; what comes home later is still understood."""
    HOME.users -= 1
    if HOME.users:
        return
    peer().sender = None
    theirs: Any = importlib.import_module("distributed.protocol.pickle")
    if not peer().is_patched:
        theirs.pickle = pickle
    vars(importlib.import_module("dask.tokenize")).update(HOME.tokens)
