"""What the patterns of a policy do to one object: so that one that matches nothing is seen.

Outside API: `effects`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from modulepickle._local.policy import Policy, covers
from modulepickle._pickler.failures import Recorder
from modulepickle._pickler.path import is_a
from modulepickle._report.gaps import Imported

__all__ = ["effects"]


def effects(
    recorder: Recorder,
    origin: str,
    snapshots: list[dict[str, Any]],
    found: list[Imported],
    by_name: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return where the policy is from, and how much each of its patterns matches.

    Args:
        recorder: has what was met. origin: what made the policy. snapshots, by_name: as in the
        report. found: what the snapshots import.
    """
    policy = recorder.policy
    here = {name for each in by_name for name in each["names"]}
    here.update(name for each in found for name in each.at_home)
    code = [node.obj for node in recorder.nodes.values() if node.is_by_value]
    things = {
        "include": [each["name"] for each in snapshots],
        "exclude": sorted(name for name in here if policy.excludes(name)),
        "by_value": [each.__module__ for each in code if is_a(each, FunctionType, type)],
    }
    rules = []
    for field, names in things.items():
        for pattern in getattr(policy, field):
            matches = sum(covers((pattern,), str(name)) for name in names)
            hint = "" if matches or field != "exclude" else _hint_to_exclude(pattern, snapshots)
            rules.append(_rule(field, pattern, matches, hint))
    for pattern in policy.ignore:
        matches = sum(1 for _ in _ignored(pattern, snapshots))
        hint = "" if matches else _hint(pattern, snapshots)
        rules.append(_rule("ignore", pattern, matches, hint))
    return {"origin": origin, "rules": rules}


def _rule(field: str, pattern: str, matches: int, hint: str) -> dict[str, Any]:
    return {"field": field, "pattern": pattern, "matches": matches, "hint": hint}


def _ignored(pattern: str, snapshots: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the paths, of files or whole folders, that one pattern leaves out."""
    policy = Policy(ignore=(pattern,))
    for each in snapshots:
        for left in each["left_out"]:
            if policy.ignores(left["path"][len(each["name"]) + 1 :]):
                yield left["path"]


def _hint(pattern: str, snapshots: list[dict[str, Any]]) -> str:
    """Say what may be meant by a pattern that leaves nothing out."""
    for each in snapshots:
        stem = each["name"].replace(".", "/") + "/"
        if pattern.startswith(stem) and pattern != stem:
            return f'paths begin inside the package: write "{pattern[len(stem) :]}"'
    return ""


def _hint_to_exclude(pattern: str, snapshots: list[dict[str, Any]]) -> str:
    """Say what may be meant by the name of a part of a package."""
    for each in snapshots:
        if pattern.startswith(each["name"] + "."):
            inside = pattern[len(each["name"]) + 1 :].replace(".", "/")
            patterns = f'ignore "{inside}/*" or "{inside}.py"'
            return f"a package travels whole: {patterns} leaves a part out"
    return ""
