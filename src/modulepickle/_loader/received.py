"""What this process received: finding the loader's snapshot of an object, to send it on (R16).

The library does not import the loader; it finds it as the receiver's process has it. The modules
that a snapshot made have it as `__spec__.snapshot`; of a snapshot, `parts` and `requirements` are
used. No release renames these, nor what hangs at the registry.

A name in `sys.modules` proves nothing here, since it shows one version of several (R11). So the
snapshot of an object is the one in whose own module the object stands under its name.

Outside API: `is_receiver`, `resend`, `snapshot_of`.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from modulepickle._base.process import began_ns
from modulepickle._loader.registry import registry
from modulepickle._local.finder import finder
from modulepickle._local.policy import Policy
from modulepickle._snapshot.ref import SnapshotRef, is_own

__all__ = ["is_receiver", "namespace", "owns", "resend", "snapshot_of"]


def is_receiver() -> bool:
    """Tell whether this process has received anything that was shipped."""
    return bool(registry.active) or any("_loader_" in name for name in registry.texts)


def snapshot_of(obj: Any, module: str, path: str) -> Any:
    """Return the loader's snapshot that made an object which is pickled by name; else None.

    Args:
        obj: a module, or anything that stands in one.
        module: dotted name of its module.
        path: dotted, inside the module; empty for the module itself.
    """
    if not is_receiver():
        return None
    if not path:
        return _snapshot_of(obj)
    if "<" in path:
        return None  # `<locals>`, `<lambda>`: it stands nowhere
    for home in _homes(obj, module):
        if _find(home, path) is obj:
            return _snapshot_of(home)
    return None


def _homes(obj: Any, module: str) -> Iterator[Any]:
    """Yield the modules of that name which may hold an object, the likely ones first."""
    yield sys.modules.get(module)
    if isinstance(obj, FunctionType) and obj.__globals__.get("__name__") == module:
        yield _Names(obj.__globals__)
    # It is of a superseded version, of which nobody has a list. This takes some milliseconds.
    for each in gc.get_objects():
        # Not `isinstance`: of a proxy it may ask the thing behind it, which may do anything.
        if issubclass(type(each), ModuleType) and each.__name__ == module:
            yield each


class _Names:
    """A module's dict as if it were the module: a function keeps that, and not the module."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.__dict__ = names


def _find(home: Any, path: str) -> Any:
    for part in path.split("."):
        home = getattr(home, part, None)
    return home


def _snapshot_of(module: Any) -> Any:
    return getattr(getattr(module, "__spec__", None), "snapshot", None)


def requirements_of(snapshot: Any) -> dict[str, Any]:
    """Return what a loader's snapshot requires; loaders of 0.1.0 have it by another name."""
    found: dict[str, Any] = getattr(snapshot, "requirements", None) or getattr(
        snapshot, "needs", {}
    )
    return found


def resend(snapshot: Any, known: dict[bytes, SnapshotRef]) -> SnapshotRef:
    """Return a received snapshot as it travels on: unchanged, with all that it requires."""
    digest = snapshot.parts[1]
    if digest not in known:
        known[digest] = made = SnapshotRef(*snapshot.parts)
        made.requirements = {
            sys.intern(name): need if isinstance(need, str) else resend(need, known)
            for name, need in requirements_of(snapshot).items()
        }
    return known[digest]


# --- the host's own copy (R10) --------------------------------------------------------------------


def owns(snapshot: Any) -> bool:
    """Tell whether the modules of a received snapshot are this process' own.

    They are if it pickled the snapshot itself and has not reloaded them since. That something else
    was reloaded, which they require, does not count: what comes home is to be of the classes that
    are here. Or they are if it imported them from files that are equal to the snapshot's, and
    unchanged since before it began; then the same must hold for what the snapshot requires.
    """
    if is_own(snapshot.parts[1]):
        return True
    if _imported(snapshot) is None:
        return False
    began = began_ns()
    return all(_same(need, began) for need in _reach(snapshot))


def namespace(name: str, scope: Any) -> Any:
    """Return the namespace package of a name as a received snapshot sees it, or this process' own.

    It is this process' own if what the snapshot has of local packages is.
    """
    module = sys.modules.get(name)
    if module is not None and all(owns(each) for each in _reach(scope) if each.parts[0]):
        return module
    return scope.import_module(name)


def _imported(snapshot: Any) -> ModuleType | None:
    """Return the module that the process imported by itself under a snapshot's name."""
    module = sys.modules.get(snapshot.parts[0])
    return None if hasattr(getattr(module, "__spec__", None), "snapshot") else module


def _reach(snapshot: Any) -> Iterator[Any]:
    found = [snapshot]
    for each in found:  # grows as it is read
        yield each
        requirements = requirements_of(each).values()
        found += [need for need in requirements if not isinstance(need, str) and need not in found]


def _same(snapshot: Any, began: int) -> bool:
    """Tell whether what was imported under a snapshot's name is it; True if nothing was."""
    module = _imported(snapshot)
    if module is None or is_own(snapshot.parts[1]):
        return True
    import zipfile  # not at the top: few processes come here, and it imports a lot

    name, _, archive_hash, archive = snapshot.parts
    try:
        place = _place(name, module)
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            contents = {member: files.read(member) for member in files.namelist()}
        for member in contents:
            path = place(member)
            # The loader's own folder, named by that hash, holds nothing else: a child process
            # that got its parent's `sys.path` has imported from there.
            unpacked = path.replace(os.sep, "/").endswith(f"/{archive_hash.hex()}/{member}")
            if not (unpacked or _is_metadata(member) or _equals(path, contents[member], began)):
                return False
        return _same_metadata(
            name, {each: contents[each] for each in contents if _is_metadata(each)}
        )
    except (OSError, AttributeError, TypeError, StopIteration):
        return False


def _place(name: str, module: Any) -> Callable[[str], str]:
    """Return what tells where a member of an archive is on this disk, by the imported module."""
    folders = getattr(module, "__path__", None)
    stem = name.replace(".", "/")
    home = os.path.splitext(module.__file__)[0] if not folders else next(iter(folders))
    root = home
    for _ in name.split("."):
        root = os.path.dirname(root)

    def place(member: str) -> str:
        if member.startswith(f"{stem}/"):
            return str(home) + member[len(stem) :]
        is_itself = not folders and member.partition(".")[0] == stem
        return str(module.__file__) if is_itself else os.path.join(root, member)

    return place


def _is_metadata(member: str) -> bool:
    return member.partition("/")[0].endswith(".dist-info")


def _same_metadata(name: str, received: dict[str, bytes]) -> bool:
    """Tell whether this process has the metadata of a distribution that came with a snapshot."""
    if not received:
        return True
    package = finder(Policy()).package(name)
    from modulepickle._snapshot.metadata import metadata_files

    found = metadata_files(package.metadata, _stat) if package and package.metadata else ()
    return {file.name: file.content for file in found} == received


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _equals(path: str, content: bytes, began: int) -> bool:
    if path.endswith("/"):
        return os.path.isdir(path)
    with open(path, "rb") as file:
        info = os.fstat(file.fileno())
        return max(info.st_mtime_ns, info.st_ctime_ns) < began and file.read() == content
