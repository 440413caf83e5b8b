"""Which distribution of the user's own provides a local package, and where its metadata is.

Code asks for its own version, `importlib.metadata.version("my-dist")`, and for its entry points. It
finds them at home because of a folder of metadata, which stands beside the source (`dist-info` or
`egg-info`), or where an installer put it when it made the project editable (PEP 610). That folder
is looked for here, and `_snapshot.metadata` says what of it travels.

A distribution is taken to provide what stands in its source folder, unless it declares otherwise.

Outside API: `Metadata`. Nothing here imports user code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from modulepickle._local.distributions import declares, installed_metadata, likeness
from modulepickle._local.tree import INSTALLATIONS, editable_in, metadata_in

__all__ = ["Metadata"]


class _Candidate:
    """The metadata of one distribution of the user's own.

    Attributes:
        source: real path of the folder that its source stands in.
        path: absolute path of the folder of metadata; old ones are a file.
        order: its place on `sys.path`: of two of one name, the first is the one that is found.
    """

    __slots__ = ("order", "path", "source")

    def __init__(self, source: str, path: str, order: int) -> None:
        self.source, self.path, self.order = source, path, order


class Metadata:
    """The metadata of all distributions of the user's own, as `sys.path` has them at one moment."""

    def __init__(self, times: dict[str, int]) -> None:
        """Make it for `path_times()`. Nothing is looked at before it is asked for."""
        self._times = times
        self._known: tuple[_Candidate, ...] | None = None

    def of(self, name: str, path: str) -> str:
        """Return the path of the metadata that goes with a local package; "" if there is none.

        Args:
            name: of the package, dotted.
            path: its folder or file, absolute.
        """
        if self._known is None:
            self._known = tuple(_candidates(self._times))
        top = name.partition(".")[0]
        if not INSTALLATIONS.isdisjoint(path.split(os.sep)):  # the policy includes it
            return installed_metadata(top, path)
        if not self._known:
            return ""
        real = os.path.realpath(path)
        within = [each for each in self._known if real.startswith(each.source + os.sep)]
        return _best(top, within)


def _candidates(times: dict[str, int]) -> Iterator[_Candidate]:
    for order, (entry, mtime) in enumerate(times.items()):
        folder = os.path.abspath(entry)
        if INSTALLATIONS.isdisjoint(folder.split(os.sep)):
            for name in metadata_in(entry, mtime):
                yield _Candidate(os.path.realpath(folder), os.path.join(folder, name), order)
        for source, name in editable_in(entry, mtime):
            yield _Candidate(os.path.realpath(source), os.path.join(folder, name), order)


def _best(top: str, within: list[_Candidate]) -> str:
    """Return the metadata that says it provides a name, else the one that does not say otherwise.

    Where a project has one distribution, all that stands in its folder sees that.
    """
    said = [(declares(each.path, top), each) for each in within]
    found = [each for provides, each in said if provides]
    found = found or [each for provides, each in said if provides is None]
    found = found or (within if len({_stem(each) for each in within}) == 1 else [])
    if not found:
        return ""
    best = min(found, key=lambda each: (-len(each.source), likeness(_stem(each), top), each.order))
    same = (each for each in found if _stem(each) == _stem(best))
    return min(same, key=lambda each: each.order).path


def _stem(found: _Candidate) -> str:
    """Return the name of a distribution as file names have it."""
    return os.path.basename(found.path).rpartition(".")[0].partition("-")[0]
