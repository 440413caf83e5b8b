"""What the commands print as JSON, key by key; that of `explain` and `inspect` is their reports'.

`format` is a number that is raised by a change that breaks readers. Sizes are in bytes.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = [
    "CacheData",
    "CacheEntry",
    "CheckData",
    "DemoData",
    "RequirementsData",
    "RunData",
    "SnapshotRun",
]


class SnapshotRun(TypedDict):
    """A package that `run` shipped. `archive`: the hash of its archive."""

    name: str
    archive: str
    files: int
    bytes: int
    packed_bytes: int


class RunData(TypedDict):
    """What `run --json` prints. What the function itself prints goes to stderr then.

    `python`: the interpreter, or null in a container, of `image`. `outcome`: "returned", "raised",
    "exited" (it called `sys.exit`), "died" (its process ended by itself or was killed), "timed
    out", or "pipe closed". `result`: its `repr`. `value`: the result as `json.dumps` has it, null
    if it cannot. `raised`: the class of the exception. `ended`: how it ended, in words, if it did
    not return. `milliseconds`: `{pickle, load, call}`.
    """

    format: int
    kind: str
    function: str
    python: str | None
    image: str | None
    outcome: str
    result: str | None
    value: Any
    raised: str | None
    traceback: str | None
    ended: str | None
    exit_code: int
    bytes: int
    snapshots: list[SnapshotRun]
    milliseconds: dict[str, float]


class CheckData(TypedDict):
    """What `inspect --check --json` prints of each file; of several files, a list.

    `requirements`: lines that pip takes. `missing`: a sentence for each that is not here.
    """

    format: int
    kind: str
    file: str
    requirements: list[str]
    missing: list[str]
    problems: list[str]


class RequirementsData(TypedDict):
    """What `requirements --json` prints. `requirements`: `{name, version}`; version may be "".

    `unknown`: modules that a pickle imports, and that are not installed here, so that it is not
    known which distribution has them.
    """

    format: int
    kind: str
    of: str
    all: bool
    requirements: list[dict[str, str]]
    unknown: list[str]
    problems: list[str]


class CacheEntry(TypedDict):
    """A file or folder of the cache. `archive`: the hash of the archive, if it has one.

    `used`: when a process began to use it last, in seconds since the epoch.
    """

    kind: str
    name: str
    archive: str | None
    file: str
    files: int
    bytes: int
    used: float
    in_use: bool
    problem: str


class CacheData(TypedDict):
    """What `cache --json` prints. `removed`: what `clear` deleted."""

    format: int
    kind: str
    folder: str
    removed: list[CacheEntry]
    entries: list[CacheEntry]


class DemoData(TypedDict):
    """What `demo --json` prints: `{version, source, bytes}` and `{call, result}`."""

    format: int
    kind: str
    pickles: list[dict[str, Any]]
    calls: list[dict[str, str]]
