"""The pickler, and the functions shaped like those of `pickle`.

`Pickler` derives from the C pickler. How it reduces objects, and what it remembers in one `dump`,
is in `_reduce.dispatch`, which picklers of others use as well (`extend`).

Outside API: what is in `__all__`. `load` and `loads` are here so that a module can stand in for
`pickle`, and since they check signatures (`_pickler.signed`); no receiver needs them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from typing import IO, Any, Final

from modulepickle._base.errors import PackagingError
from modulepickle._base.reading import RECENT
from modulepickle._local.policy import Policy, effective
from modulepickle._pickler.loky import carry_jobs, is_of_loky
from modulepickle._pickler.signed import NO_KEY, Key, Signer, checked, refuse_buffers
from modulepickle._pickler.stored import DEFAULT, Chunks, Store, StoreWriter, store_writer
from modulepickle._reduce.dispatch import HOOK, Dispatcher, resumed
from modulepickle._snapshot.tasks import opened

__all__ = ["Pickler", "Unpickler", "dump", "dumps", "load", "loads"]

Unpickler = pickle.Unpickler

NO_BUFFERS: Final = ()
"""The default of `buffers=` in `pickle`, for those who pass it on."""


class Pickler(Dispatcher, pickle.Pickler):
    """A `pickle.Pickler` that also ships the local packages that its objects need.

    It takes the arguments of `pickle.Pickler`, and `policy` and `store`. Subclasses may define
    `persistent_id`, `dispatch_table` and a `reducer_override`, which returns
    `super().reducer_override(obj)` for all objects that it does not handle.

    Args:
        file: Where to write, as for `pickle.Pickler`.
        protocol: As for `pickle.Pickler`.
        fix_imports: As for `pickle.Pickler`.
        buffer_callback: As for `pickle.Pickler`. Archives are out-of-band buffers too (R6).
        policy: What is local. By default that of `set_policy` or `pyproject.toml`.
        store: Where archives are kept. By default that of `set_store`; with None, archives travel
            in the pickle.

    Attributes:
        policy: What is local.
        protocol: The protocol, 0 to 5.
        out_of_band: Whether archives go to `buffer_callback`.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Note what loky makes, when it is told to pickle with this."""
        super().__init_subclass__(**options)
        if is_of_loky(cls):
            carry_jobs(cls)

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
            PackagingError: If a package or an object cannot travel. The message says which, why,
                and what to do.
            PicklingError: As in `pickle`.
            RecursionError: As in `pickle`; the message says where the object is nested too deeply.
        """
        if type(self) is Pickler:
            self._dump_now(obj)
        else:
            obj, job = opened(obj)
            with job:
                self._dump_now(obj)

    def _dump_now(self, obj: Any) -> None:
        self.start()
        try:
            self._dump(obj)
            self.finish()
        except RecursionError as error:
            from modulepickle._pickler.deep import too_deep  # only for those who fail

            raise too_deep(self, obj, error) from None
        except (pickle.PicklingError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            from modulepickle._pickler.failures import problems_of  # as above

            better = problems_of(self, obj, error)
            if better is error:
                raise
            # Of an error of ours, it says the same and more: that is not to be printed twice.
            raise better from None if isinstance(error, PackagingError) else error
        finally:
            del self.parts  # it keeps objects alive
            self.known_modules.clear()
            RECENT.clear()

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
    """Write an object, and the local packages that it needs, to a binary file.

    It works like `pickle.dump`, with three more arguments. With a key, the pickle is signed, for
    `load` to check. A signed pickle must be the last thing in its file.

    Args:
        obj: The object to pickle.
        file: A binary file, open for writing.
        protocol: As for `pickle.dump`.
        fix_imports: As for `pickle.dump`.
        buffer_callback: As for `pickle.dump`.
        policy: What is local. By default that of `set_policy` or `pyproject.toml`.
        store: Where archives are kept, see `modulepickle.stores`. By default that of `set_store`;
            with None, archives travel in the pickle.
        key: At least 16 random bytes, or a list of keys, of which the first one signs.

    Raises:
        PackagingError: If a package or an object cannot travel. The message says which, why, and
            what to do.
        PicklingError: As in `pickle`.
        TypeError: If `key`, `policy` or `store` is of a wrong type.
        ValueError: If a key is too short, or `buffer_callback` is given with a key: a signature
            does not cover buffers.
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
    """Return the pickle of an object and of the local packages that it needs.

    It works like `pickle.dumps`, and plain `pickle.loads` reads the result anywhere. The arguments
    and errors are those of `dump`.
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
    """Read a pickle from a binary file, and return the object.

    It works like `pickle.load`, with one more argument. Without a key it reads up to the end of the
    pickle. With a key it reads the rest of the file, which must be one signed pickle. The arguments
    and errors are those of `loads`.
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

    It works like `pickle.loads`, with one more argument. With a key, nothing is unpickled unless
    the pickle was signed with it, and is complete and unchanged.

    Args:
        data: The pickle, a bytes-like object.
        fix_imports: As for `pickle.loads`.
        encoding: As for `pickle.loads`.
        errors: As for `pickle.loads`.
        buffers: As for `pickle.loads`.
        key: The sender's key, or a list of keys, of which any may have signed.

    Raises:
        UnpicklingError: If the pickle is not signed, was cut or changed, or was signed with another
            key; and as in `pickle`.
        TypeError: If a key is not bytes.
        ValueError: If a key is too short, or `buffers` are given with a key: a signature does not
            cover them.
    """
    if key is not NO_KEY:
        if buffers is not None and buffers is not NO_BUFFERS:
            refuse_buffers("buffers")
        data = checked(data, key)
    return pickle.loads(
        data, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers
    )
