"""The data of reports, key by key.

The docstrings of `explain` and `inspect` say what each key of theirs means. `format` is a number
that is raised by a change that breaks readers. Sizes are in bytes.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

from typing import TypedDict

__all__ = [
    "ByName",
    "ByValue",
    "CodeByValue",
    "DiffData",
    "ExplainData",
    "FileData",
    "FileDiff",
    "Import",
    "InspectData",
    "Kept",
    "LeftOut",
    "LoaderData",
    "NamedDiff",
    "PackageDiff",
    "PickleData",
    "PolicyData",
    "ProblemData",
    "Rule",
    "Signature",
    "SnapshotHere",
    "SnapshotThere",
    "StoreData",
]


class Signature(TypedDict):
    """The trailer of a signed pickle."""

    state: str
    bytes: int


class PickleData(TypedDict):
    """One pickle of some data."""

    position: int
    bytes: int
    protocol: int
    opcodes: int
    inside: bool
    whole: bool


class LoaderData(TypedDict):
    """A text that a pickle executes."""

    name: str
    makes: str
    bytes: int
    text_bytes: int
    release: str


class FileData(TypedDict):
    """A file of a snapshot."""

    path: str
    bytes: int
    packed_bytes: int


class SnapshotHere(TypedDict):
    """A snapshot in a pickle, as `inspect` reports it."""

    name: str
    digest: str
    archive: str
    where: str
    store: str
    archive_bytes: int | None
    archive_matches: bool | None
    digest_matches: bool | None
    files: list[FileData]
    bytes: int
    packages: list[str]
    distributions: dict[str, str]


class CodeByValue(TypedDict):
    """A function, class or code object by value, as `inspect` reports it."""

    kind: str
    name: str
    python: str
    bytes: int
    file: str
    line: int | None
    source: str | None
    module: str | None
    names: list[str]
    imports: list[str]


class Import(TypedDict):
    """A global that a pickle would import."""

    name: str
    position: int


class InspectData(TypedDict):
    """The data of what `inspect` returns."""

    format: int
    kind: str
    bytes: int
    pickles: list[PickleData]
    signature: Signature
    loaders: list[LoaderData]
    snapshots: list[SnapshotHere]
    shipped: list[str]
    by_value: list[CodeByValue]
    python: list[str]
    requires: dict[str, str]
    imports: list[Import]
    buffers: int
    sizes: dict[str, int]
    warnings: list[str]
    problems: list[str]


# --- explain --------------------------------------------------------------------------------------


class LargestFile(TypedDict):
    """One of the largest files of a snapshot."""

    path: str
    bytes: int


class LeftOut(TypedDict):
    """What stays at home, and why."""

    path: str
    rule: str


class SnapshotThere(TypedDict):
    """A snapshot that would travel, as `explain` reports it."""

    name: str
    digest: str
    archive: str
    where: str
    why: list[str]
    files: int
    bytes: int
    packed_bytes: int | None
    largest: list[LargestFile]
    left_out: list[LeftOut]
    own_distributions: list[str]
    is_included: bool
    computed: list[str]
    packages: list[str]
    distributions: dict[str, str]
    not_found: dict[str, str]


class Kept(TypedDict):
    """What a store keeps for a pickle."""

    key: str
    what: str
    package: str
    bytes: int


class StoreData(TypedDict):
    """A store, and what it keeps."""

    store: str
    bytes: int
    kept: list[Kept]


class Rule(TypedDict):
    """A pattern of a policy."""

    field: str
    pattern: str
    matches: int
    hint: str


class PolicyData(TypedDict):
    """A policy, and what it does."""

    origin: str
    rules: list[Rule]


class ByValue(TypedDict):
    """A function or class that would travel as code."""

    kind: str
    name: str
    python: str
    source: bool
    names: list[str]


class ByName(TypedDict):
    """What a receiver must have."""

    distribution: str
    names: list[str]


class ProblemData(TypedDict):
    """What cannot travel."""

    reason: str
    subject: str
    detail: str
    remedy: str
    chain: list[str]


class ExplainData(TypedDict):
    """The data of what `explain` returns."""

    format: int
    kind: str
    object: str
    bytes: int
    protocol: int
    snapshots: list[SnapshotThere]
    store: StoreData | None
    policy: PolicyData
    by_value: list[ByValue]
    by_name: list[ByName]
    problems: list[ProblemData]
    dumps_warns: list[str]
    warnings: list[str]


# --- what two pickles do not share ----------------------------------------------------------------


class FileDiff(TypedDict):
    """A file that two pickles do not share. `bytes`: before and after; null if it is not there."""

    path: str
    change: str
    bytes: tuple[int | None, int | None]


class PackageDiff(TypedDict):
    """A package that two pickles do not share.

    `change`: "added", "removed" or "changed". `archives`: the hashes before and after. `files`:
    those that differ, or null if some are not in the pickles, but in a store.
    """

    name: str
    change: str
    archives: tuple[str | None, str | None]
    files: list[FileDiff] | None


class NamedDiff(TypedDict):
    """Something with a name that two pickles do not share: before and after, null if not there."""

    name: str
    change: str
    values: tuple[str | None, str | None]


class DiffData(TypedDict):
    """What `inspect A B --diff --json` prints.

    `same`: nothing below differs. `identical`: the bytes are the same. `bytes`: of both.
    `requirements`: distributions, with their versions. `code`: functions and classes by value.
    `imports`: names that the receiver must have.
    """

    format: int
    kind: str
    files: tuple[str, str]
    same: bool
    identical: bool
    bytes: tuple[int, int]
    packages: list[PackageDiff]
    requirements: list[NamedDiff]
    code: list[NamedDiff]
    imports: list[NamedDiff]
