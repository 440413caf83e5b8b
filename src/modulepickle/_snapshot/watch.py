"""The files of a local package, listed again: one stat each, and one for each folder.

As long as the stat of a folder is unchanged, no name in it was added, removed or replaced. So a
package whose folders are unchanged has the files that it had, and they need not be looked for. A
folder that was changed just before it was read may have changed again within the same tick of the
clock; such a listing is not kept. Nor is one with symbolic links, which depend on more, or one for
which something could not be read.

Outside API: `listing`.
"""

from __future__ import annotations

import os
import time
from operator import attrgetter
from typing import Any, Final

from modulepickle._base.errors import Problem
from modulepickle._base.reading import failures
from modulepickle._local.finder import LocalPackage
from modulepickle._local.policy import Policy
from modulepickle._snapshot.listing import Found, Key, is_racy
from modulepickle._snapshot.listing import listing as walk

__all__ = ["AtHome", "listing"]


AtHome = tuple[tuple[str, ...], tuple[str, ...]]
"""`Policy.at_home`: what a listing depends on, besides the disk."""


class _Known:
    """A listing that was made.

    Attributes:
        paths: of what determines which files there are (mostly folders), then of the files, each
        once. keys: their stats. folders: how many of the first kind.
        found: the files.
    """

    __slots__ = ("folders", "found", "keys", "paths")

    def __init__(
        self, paths: list[str], keys: list[Key], folders: int, found: tuple[Found, ...]
    ) -> None:
        self.paths, self.keys, self.folders, self.found = paths, keys, folders, found


_listings: dict[tuple[LocalPackage, AtHome], _Known] = {}

_KEY: Final[Any] = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_mode")


def listing(package: LocalPackage, policy: Policy, problems: list[Problem]) -> tuple[Found, ...]:
    """Return what `listing.listing` does; the same object if nothing has changed since."""
    known = _listings.get((package, policy.at_home))
    found = None if known is None else _again(package, policy, known)
    return _anew(package, policy, problems) if found is None else found


def _again(package: LocalPackage, policy: Policy, known: _Known) -> tuple[Found, ...] | None:
    """Return the files by their present stats; None if a folder has changed."""
    try:
        keys = [*map(_KEY, map(os.stat, known.paths))]  # the one loop that each `dumps` runs
    except OSError:
        return None
    if keys == known.keys:
        return known.found
    count = known.folders
    if keys[:count] != known.keys[:count]:
        return None
    now = dict(zip(known.paths, keys))
    found = tuple(
        # Files with given content were made from what determines which files there are.
        file if file.content is not None or file.key == now[file.path]
        else file._replace(key=now[file.path])
        for file in known.found
    )  # fmt: skip
    _listings[package, policy.at_home] = _Known(known.paths, keys, count, found)
    return found


def _anew(package: LocalPackage, policy: Policy, problems: list[Problem]) -> tuple[Found, ...]:
    """Return the files after a walk, which is remembered if it can be relied on."""
    began, before, failed = time.time_ns(), len(problems), failures()
    walked: list[tuple[str, Key | None]] = []
    found = walk(package, policy, problems, walked)
    folders = [(path, key) for path, key in walked if key is not None]
    sure = len(problems) == before and len(folders) == len(walked) and failures() == failed
    if sure and not any(is_racy(key, began) for _, key in folders):
        first = dict(folders)
        files = (file for file in found if file.content is None and file.path not in first)
        keys = {**first, **{file.path: file.key for file in files}}
        known = _Known([*keys], [*keys.values()], len(first), found)
        _listings[package, policy.at_home] = known
    else:
        _listings.pop((package, policy.at_home), None)
    return found
