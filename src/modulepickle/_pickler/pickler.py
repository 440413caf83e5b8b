"""The pickler, and the functions shaped like those of `pickle`.

`Pickler` derives from the C pickler. How it reduces objects, and what it remembers in one `dump`,
is in `_reduce.dispatch`, which picklers of others use, too (`extend`).

Outside API: what is in `__all__`. `load` and `loads` are here so that a module can stand in for
`pickle`, and since they check signatures (`_pickler.signed`); no receiver needs them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from typing import IO, Any, Final

from modulepickle._base.errors import PackagingError
from modulepickle._local.policy import Policy, effective
from modulepickle._pickler.signed import NO_KEY, Key, Signer, checked, refuse_buffers
from modulepickle._pickler.stored import DEFAULT, Chunks, Store, StoreWriter, store_writer
from modulepickle._reduce.dispatch import HOOK, Dispatcher, resumed
from modulepickle._reduce.state import ByValue

__all__ = ["Pickler", "Unpickler", "dump", "dumps", "load", "loads"]

Unpickler = pickle.Unpickler

NO_BUFFERS: Final = ()
"""The default of `buffers=` in `pickle`, for those who pass it on."""


class Pickler(Dispatcher, pickle.Pickler):
    """A `pickle.Pickler` that also ships the local packages its objects need.

    It takes what `pickle.Pickler` takes, the policy that says what is local, and the store that
    keeps archives (by default the process' own, see `set_policy` and `set_store`; `store=None`:
    archives travel in the pickle). Subclasses may add `persistent_id`, `dispatch_table` and a
    `reducer_override` of their own, which returns `super().reducer_override(obj)` for what is not
    its business.

    Attributes:
        policy: what is local. protocol: 0 to 5. out_of_band: archives go to `buffer_callback` (R6).
    """

    def __init__(
        self,
        file: IO[bytes],
        protocol: int | None = None,
        fix_imports: bool = True,
        buffer_callback: Callable[[pickle.PickleBuffer], Any] | None = None,
        *,
        policy: Policy | None = None,
        store: Store | None = DEFAULT,
    ) -> None:
        super().__init__(file, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback)
        self.policy: Policy = effective(policy)
        self.store: StoreWriter | None = store_writer(store)
        if protocol is None:
            protocol = pickle.DEFAULT_PROTOCOL
        self.protocol: int = pickle.HIGHEST_PROTOCOL if protocol < 0 else protocol
        self.out_of_band: bool = buffer_callback is not None

    def dump(self, obj: Any) -> None:
        """Write the pickle of an object, with the local packages as they are on disk now (R5).

        Raises:
            PackagingError: a local package cannot travel; it says which, why, and what to do.
            PicklingError: as plain pickle does.
            RecursionError: as plain pickle does, with the way to where it is too deep.
        """
        self.start()
        try:
            self._dump(obj)
            self.finish()
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            from modulepickle._pickler.failures import problems_of  # only for those who fail

            better = problems_of(self, obj, error)
            if better is error:
                raise
            # Of an error of ours, it says the same and more: that is not to be printed twice.
            raise better from None if isinstance(error, PackagingError) else error
        except RecursionError as error:
            from modulepickle._pickler.deep import too_deep  # as above

            raise too_deep(self, obj, error) from None
        finally:
            self.parts: ByValue = ByValue()  # it keeps objects alive
            self.known_modules.clear()

    def _dump(self, obj: Any) -> None:
        first, names = Dispatcher.reducer_override, vars(self)
        if type(self).reducer_override is not first or HOOK in names:
            super().dump(obj)
            return
        with resumed(names, self, self.reducers, first):
            super().dump(obj)


def dump(
    obj: Any,
    file: IO[bytes],
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Callable[[pickle.PickleBuffer], Any] | None = None,
    policy: Policy | None = None,
    store: Store | None = DEFAULT,
    key: Key = NO_KEY,
) -> None:
    """Write the pickle of an object, and of the local packages it needs, to a binary file.

    As `pickle.dump`, plus `policy`, `store` and `key`. With a key, a signature stands behind the
    pickle, for `load` to check: one signed pickle a file, and nothing after it.

    Args:
        policy: what is local; None: what `set_policy` and `pyproject.toml` say.
        store: where archives are kept (`modulepickle.stores`); None: in the pickle; by default what
            `set_store` says.
        key: 16 bytes or more, random. Of several keys the first one signs.

    Raises:
        TypeError, ValueError: the key is none; or there is a `buffer_callback`, too, whose buffers
            no signature would cover. Else see `Pickler.dump`.
    """
    if key is not NO_KEY:
        if buffer_callback is not None:
            refuse_buffers("buffer_callback")
        signer: Any = Signer(file, key)  # all of a file that a pickler asks for
        dump(obj, signer, protocol, fix_imports=fix_imports, policy=policy, store=store)
        signer.finish()
        return
    Pickler(
        file,
        protocol,
        fix_imports=fix_imports,
        buffer_callback=buffer_callback,
        policy=policy,
        store=store,
    ).dump(obj)


def dumps(
    obj: Any,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Callable[[pickle.PickleBuffer], Any] | None = None,
    policy: Policy | None = None,
    store: Store | None = DEFAULT,
    key: Key = NO_KEY,
) -> bytes:
    """Return the pickle of an object, and of the local packages it needs.

    As `pickle.dumps`, plus `policy`, `store` and `key`. Plain `pickle.loads` reads it anywhere.
    Arguments and errors: see `dump`.
    """
    file: Any = Chunks()
    dump(
        obj,
        file,
        protocol,
        fix_imports=fix_imports,
        buffer_callback=buffer_callback,
        policy=policy,
        store=store,
        key=key,
    )
    return b"".join(file.parts)


def load(
    file: IO[bytes],
    *,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = NO_BUFFERS,
    key: Key = NO_KEY,
) -> Any:
    """Read a pickle from a binary file and return its object.

    As `pickle.load`, plus `key`. Without a key it reads up to the end of the pickle. With one, it
    reads all that is left of the file, which must be one signed pickle. Arguments and errors: see
    `loads`.
    """
    if key is not NO_KEY:
        return loads(
            file.read(),
            fix_imports=fix_imports,
            encoding=encoding,
            errors=errors,
            buffers=buffers,
            key=key,
        )
    return pickle.load(
        file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers
    )


def loads(
    data: Any,
    /,
    *,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = NO_BUFFERS,
    key: Key = NO_KEY,
) -> Any:
    """Return the object of a pickle.

    As `pickle.loads`, plus `key`: with it, nothing is unpickled unless the pickle was signed with
    one of the keys, and is all there and as it was.

    Args:
        key: the sender's key, or several: a new one and the old one, while you change it.

    Raises:
        UnpicklingError: it is not signed, was cut or altered, or signed with another key.
        TypeError, ValueError: a key is none; or there are `buffers`, too, which no signature
            covers. Else as plain pickle does.
    """
    if key is not NO_KEY:
        if buffers is not None and buffers is not NO_BUFFERS:
            refuse_buffers("buffers")
        data = checked(data, key)
    return pickle.loads(
        data, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers
    )
