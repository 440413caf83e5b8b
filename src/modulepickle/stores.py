"""Stores: where archives can live outside the pickle, when the same code goes to many tasks.

    modulepickle.set_store(modulepickle.stores.directory("/shared/modulepickle"))

A pickle then has 16 bytes and a path in place of a package. Each host fetches a package once; it
needs neither this library nor the source, but must reach the store. A store is any function that
keeps bytes under a digest, and returns a callable that gets them back:

    def store(digest: bytes, archive: bytes) -> Callable[[], bytes]: ...

What comes back is compared with the digest. Nothing is ever deleted from a store. If a store has a
method `fetch(digest)`, which returns the callable and keeps nothing, `explain` uses that.

Outside API: `directory`, `fsspec`; and `RayStore`, for `extend_ray(store=True)`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from pathlib import Path
from typing import Any, Final

from modulepickle._pickler.stored import Text

__all__ = ["RayStore", "directory", "fsspec"]


class directory:
    """A store in a folder that senders and receivers share, such as one of a network file system.

    Receivers only read there. A file that was damaged is written again by the next process that
    pickles.

    Args:
        path: The folder, which receivers must find under the same absolute path. It is made if it
            does not exist; the folder above it must exist.

    Raises:
        OSError: If the folder cannot be made or written to.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path).absolute()
        try:
            self.path.mkdir(exist_ok=True)
        except FileNotFoundError as error:
            text = (
                f"there is no folder {self.path.parent} to make a store in: create it, or name one"
            )
            text += " that receivers have as well"
            raise FileNotFoundError(error.errno, text, str(self.path)) from None
        self._seen: dict[bytes, tuple[int, ...]] = {}

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"modulepickle.stores.directory({str(self.path)!r})"

    def __call__(self, digest: bytes, archive: bytes) -> Text:
        """Keep an archive under its digest; return the callable that reads it.

        Raises:
            OSError: If it cannot be kept there. The message has the path and the store.
        """
        path = self.path / digest.hex()
        try:
            # What somebody else put there, or did to it, is looked at.
            state = _state(path)
            if state is None or (state != self._seen.get(digest) and not _holds(path, archive)):
                self._write(path, archive)
                state = _state(path)
        except OSError as error:
            text = f"{error.strerror or error}; {self!r} could not keep a package"
            raise type(error)(error.errno, text, str(path)) from error
        if state is not None:  # else somebody took it away again: the next call will see that
            self._seen[digest] = state
        return self.fetch(digest)

    def fetch(self, digest: bytes) -> Text:
        """Return the callable that reads an archive, whether it is there or not."""
        return Text(f"__import__('pathlib').Path({f'{self.path}/'!r}+k.hex()).read_bytes()", digest)

    def _write(self, path: Path, archive: bytes) -> None:
        """Write a file so that no part of it is ever seen, and none is left behind on failure."""
        self.path.mkdir(parents=True, exist_ok=True)  # somebody may have taken that away as well
        part = self.path / f".{secrets.token_hex(8)}"
        try:
            with part.open("xb") as file:
                file.write(archive)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


READ: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a file does, or None if there is no regular file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):  # a pipe, a device: to read it could take for ever
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _holds(path: Path, archive: bytes) -> bool:
    """Tell whether a file holds an archive and nothing else; it reads one byte more at most."""
    try:
        with open(os.open(path, READ), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size != len(archive):
                return False
            return file.read(len(archive) + 1) == archive
    except FileNotFoundError:  # it was there a moment ago
        return False


class fsspec:
    """A store at a URL that fsspec opens: object stores, HDFS, SFTP, ...

    A file that was damaged or deleted is written again by the next process that pickles. A process
    asks for the state of a file at most every ten seconds, since that may take long, and reads the
    file again only if its state has changed.

    Args:
        url: A folder, for example `s3://bucket/modulepickle`.
        options: What fsspec takes for the file system of that URL. The options travel in the
            pickles, so put no secrets there.

    Raises:
        ImportError: If fsspec is not installed. Receivers need it as well.
    """

    def __init__(self, url: str, **options: Any) -> None:
        try:
            import fsspec  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except ImportError:
            raise ImportError("stores.fsspec needs fsspec: pip install fsspec") from None
        self.url: str = url.rstrip("/")
        self.options: dict[str, Any] = options
        self._files, self._path = fsspec.core.url_to_fs(self.url, **options)
        self._seen: dict[bytes, tuple[float, str | None]] = {}

    def __repr__(self) -> str:
        """Return the call that makes it, without its options."""
        return f"modulepickle.stores.fsspec({self.url!r})"

    def __call__(self, digest: bytes, archive: bytes) -> Text:
        """Keep an archive under its digest; return the callable that reads it."""
        now = time.monotonic()
        asked, state = self._seen.get(digest, (-FRESH, None))
        if now - asked >= FRESH:
            path = f"{self._path}/{digest.hex()}"
            self._seen[digest] = now, self._kept(path, archive, state)
        return self.fetch(digest)

    def fetch(self, digest: bytes) -> Text:
        """Return the callable that reads an archive, whether it is there or not."""
        where = f"__import__('fsspec').core.url_to_fs({f'{self.url}/'!r}+k.hex(),**{self.options})"
        return Text(f"(lambda files,path:files.cat_file(path))(*{where})", digest)

    def _kept(self, path: str, archive: bytes, known: str | None) -> str | None:
        """Make sure that an archive is there; return its mark, which changes with it, or None."""
        self._files.invalidate_cache()
        state = self._state(path, archive)
        if (state is None or state != known) and not self._holds(path, archive):
            self._put(path, archive)
            self._files.invalidate_cache()
            state = self._state(path, archive)
        return state

    def _state(self, path: str, archive: bytes) -> str | None:
        """Return the file system's mark of a file; None if it has another size, or no mark."""
        try:
            same_size = self._files.size(path) == len(archive)
            return str(self._files.ukey(path)) if same_size else None
        except (FileNotFoundError, NotImplementedError):
            return None

    def _holds(self, path: str, archive: bytes) -> bool:
        try:
            if self._files.size(path) != len(archive):
                return False
            return bool(self._files.cat_file(path) == archive)
        except (FileNotFoundError, IsADirectoryError):
            return False

    def _put(self, path: str, archive: bytes) -> None:
        self._files.makedirs(self._path, exist_ok=True)
        part = f"{path}.{secrets.token_hex(8)}"  # nobody sees it in part
        try:
            self._files.pipe_file(part, archive)
            self._files.mv(part, path)
        except BaseException:
            with contextlib.suppress(Exception):  # it may not even be there
                self._files.rm_file(part)
            raise


FRESH: Final = 10.0
"""Seconds after which a remote file system is asked again."""


class RayStore:
    """A store in a running Ray cluster: its internal key-value store, in the head's memory.

    Ray keeps there what it exports by itself: functions, and the packages of a `runtime_env`. Ours
    are in the namespace `modulepickle`, as long as the cluster lives. Ray's object store would not
    do: what a driver puts there goes with the driver, and tasks may outlive it.
    """

    def __init__(self) -> None:
        self._cluster: Any = None
        self._seen: set[bytes] = set()

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return "modulepickle.stores.RayStore()"

    def __call__(self, digest: bytes, archive: bytes) -> Text:
        """Keep an archive under its digest; return the callable that reads it.

        Raises:
            RuntimeError: If there is no cluster.
        """
        from ray.experimental import internal_kv  # type: ignore[import-not-found,unused-ignore]

        if not internal_kv._internal_kv_initialized():
            raise RuntimeError(
                "extend_ray(store=True) keeps packages in the cluster, and there is none yet: call"
                " ray.init() before anything is pickled"
            )
        cluster = internal_kv.internal_kv_get_gcs_client()
        if cluster is None or cluster is not self._cluster:  # with Ray's client, it is always None
            self._cluster, self._seen = cluster, set()
        if digest not in self._seen:
            internal_kv._internal_kv_put(digest, archive, namespace=NAMESPACE)
            self._seen.add(digest)
        return self.fetch(digest)

    def fetch(self, digest: bytes) -> Text:
        """Return the callable that reads an archive, whether it is there or not."""
        return Text(FROM_RAY, digest)


NAMESPACE: Final = b"modulepickle"

FROM_RAY: Final = (
    "__import__('ray.experimental.internal_kv').experimental.internal_kv"
    f"._internal_kv_get(k,namespace={NAMESPACE!r})"
)
"""None, where Ray has lost it."""
