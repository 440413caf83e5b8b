"""The warnings of `explain`: what is worth a look before it is sent. Also what its policy does.

Outside API: `effects`, `warnings_of`.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Final

from modulepickle._base.errors import Reason, pointer
from modulepickle._base.loud import sentence
from modulepickle._local.policy import Policy, covers
from modulepickle._pickler.failures import Recorder
from modulepickle._pickler.nodes import Node, is_a
from modulepickle._reduce.secrets import SECRET
from modulepickle._report.gaps import Imported, is_there
from modulepickle._report.report import amount, count
from modulepickle._report.schema import ByName, CodeByValue, PolicyData, Rule, SnapshotThere
from modulepickle._snapshot.archive import Member
from modulepickle._snapshot.ref import SnapshotRef
from modulepickle._snapshot.snapshot import LARGE, leave_out

__all__ = ["effects", "warnings_of"]

BIG: Final = 2**20
"""Bytes of data in the objects themselves that are worth a warning."""

COMPUTED_SHOWN: Final = 5
"""Imports by computed names that are shown of a package."""

BROKEN_SHOWN: Final = 3
"""Files of a package that are named if they cannot be parsed."""

SECRET_FILE: Final = re.compile(
    r"\.(?:pem|key|p12|pfx|jks|keystore|kdbx)$|(?:^|/)(?:id_rsa|id_ed25519|credentials|secrets?)"
    r"(?:\.[a-z]+)?$",
    re.IGNORECASE,
)


def warnings_of(
    recorder: Recorder,
    files: dict[bytes, list[Member]],
    found: dict[bytes, Imported],
    by_name: list[ByName],
    by_value: list[CodeByValue],
) -> Iterator[str]:
    """Yield a sentence for each.

    Args:
        recorder: has what was met. files: of each snapshot, by its digest. found: what its files
        import that does not travel. by_name: as in the report. by_value: as `inspect` has it.
    """
    names = {node.obj.digest: node.obj.name for node in recorder.shipped()}
    for notice in recorder.notices:
        if notice.reason not in (Reason.BY_NAME, Reason.SECRET):  # below, and more of the kind
            yield sentence(notice)
    yield from _at_home(recorder, found.values(), by_name)
    for digest, package in found.items():
        yield from _broken(names[digest], package.broken)
        yield from _computed(names[digest], package.computed)
    for digest, name in names.items():
        yield from _of_files(name, files[digest], recorder.store is not None)
    yield from _secrets(recorder)
    for chain, size in _big(recorder.reached):
        yield (
            f"{' -> '.join(chain)} has about {amount(size)}, which travel with every pickle"
            " of it; load it where it is used, or send it once by other means"
        )
    for each in by_value:
        if each["python"] and not each["source"] and not each["module"]:
            yield (
                f"{each['name'] or each['file']} has no source that can be found, so it runs on"
                f" Python {each['python']} only; define it in a file"
            )


def _at_home(recorder: Recorder, found: Iterable[Imported], by_name: list[ByName]) -> Iterator[str]:
    """Yield what is imported or named, and neither travels nor is installed."""
    places: dict[str, str] = {}
    for package in found:
        places = {**package.at_home, **places}
    named = {n.partition(".")[0]: each["distribution"] for each in by_name for n in each["names"]}
    for name in sorted({*places, *named}):
        place = f" (imported at {places[name]})" if name in places else ""
        if recorder.policy.excludes(name):
            yield (
                f"`{name}` is kept at home by the policy (exclude), so the receiver must have it"
                f"{place}"
            )
        elif not named.get(name):
            yield from _of_nobody(name, place)


def _of_nobody(name: str, place: str) -> Iterator[str]:
    """Yield the warning about a module that belongs to no distribution."""
    if not is_there(name):
        yield f"`{name}` is not found here{place}, and the receiver must have it: is it misspelt?"
        return
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    file = getattr(sys.modules.get(name), "__file__", None) or getattr(spec, "origin", None)
    if file is not None:
        yield (
            f"`{name}` is neither in your working tree nor of an installed distribution, so"
            f" it travels as a name{place}: {file}; Policy(include=({name!r},)) ships it, or"
            f' include = ["{name}"] under [tool.modulepickle] in pyproject.toml'
            f" {pointer(Reason.BY_NAME.anchor)}"
        )


def _computed(name: str, places: list[str]) -> Iterator[str]:
    """Yield the warning that a package imports modules by computed names, with the cure."""
    if places:
        shown = ", ".join(places[:COMPUTED_SHOWN])
        more = len(places) - COMPUTED_SHOWN
        shown += f" and {more} more" if more > 0 else ""
        yield (
            f"package `{name}` imports by computed names at {shown}: such a module travels if a"
            ' text of the package names it whole, or the policy does: Policy(include=("name",)), or'
            ' include = ["name"] under [tool.modulepickle] in pyproject.toml'
        )


def _broken(name: str, broken: list[str]) -> Iterator[str]:
    """Yield that files of a package cannot be parsed."""
    if broken:
        more = len(broken) - BROKEN_SHOWN
        shown = ", ".join(broken[:BROKEN_SHOWN]) + (f" and {more} more" if more > 0 else "")
        yield (
            f"package `{name}` has {count(len(broken), 'file')} that cannot be parsed, so what is"
            f" imported there is not known, and does not travel: {shown}"
        )


def _of_files(name: str, files: list[Member], is_stored: bool) -> Iterator[str]:
    total = sum(file.size for file in files)
    if total > LARGE:
        largest = max(files, key=lambda file: file.size)
        often = "they travel with every pickle of it"
        often = "each host fetches them once" if is_stored else often
        yield (
            f"package `{name}` has {amount(total)}, {largest.path} {largest.size:,} of them;"
            f" {often}; {leave_out(name, largest.path)}"
        )
    for file in files:
        if SECRET_FILE.search(file.path):
            yield f"{file.path} looks like a secret, and travels; {leave_out(name, file.path)}"


def _secrets(recorder: Recorder) -> Iterator[str]:
    for node in recorder.nodes.values():
        for kind, name in node.held:
            if re.search(SECRET, name):
                yield (
                    f"{kind} `{name}` of {node.title()} looks like a secret, and its value"
                    " travels; read it where it is used, from the environment or a file there"
                    f" {pointer(Reason.SECRET.anchor)}"
                )


def _big(nodes: list[Node]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the chains to large data, as near as a chain leads, and their sizes."""
    totals = {id(node): node.size for node in nodes if not _is_of_package(node)}
    for node in reversed(nodes):
        if node.above is not None and id(node) in totals and id(node.above) in totals:
            totals[id(node.above)] += totals[id(node)]
    largest_part: dict[int, int] = {}
    for node in nodes:
        if node.above is not None:
            known = largest_part.get(id(node.above), 0)
            largest_part[id(node.above)] = max(known, totals.get(id(node), 0))
    for node in nodes:
        total = totals.get(id(node), 0)
        if total > BIG and largest_part.get(id(node), 0) <= BIG:
            yield node.chain(), total


def _is_of_package(node: Node) -> bool:
    """Tell whether a node is a package, or its archive: `_of_files` has warned of those."""
    return any(each is not None and is_a(each.obj, SnapshotRef) for each in (node, node.above))


# --- what a policy does ---------------------------------------------------------------------------


def effects(
    recorder: Recorder,
    origin: str,
    snapshots: list[SnapshotThere],
    found: list[Imported],
    by_name: list[ByName],
) -> PolicyData:
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
            if field == "exclude":
                matches += sum(1 for _ in _left_out_by(pattern, snapshots))
            hint = "" if matches or field != "exclude" else _hint_to_exclude(pattern, snapshots)
            rules.append(_rule(field, pattern, matches, hint))
    for pattern in policy.ignore:
        matches = sum(1 for _ in _ignored(pattern, snapshots))
        hint = "" if matches else _hint(pattern, snapshots)
        rules.append(_rule("ignore", pattern, matches, hint))
    return {"origin": origin, "rules": rules}


def _rule(field: str, pattern: str, matches: int, hint: str) -> Rule:
    return {"field": field, "pattern": pattern, "matches": matches, "hint": hint}


def _left_out_by(pattern: str, snapshots: list[SnapshotThere]) -> Iterator[str]:
    """Yield the paths that one pattern for names of modules leaves out."""
    for each in snapshots:
        yield from (
            left["path"] for left in each["left_out"] if left["rule"] == f'exclude "{pattern}"'
        )


def _ignored(pattern: str, snapshots: list[SnapshotThere]) -> Iterator[str]:
    """Yield the paths, of files or whole folders, that one pattern leaves out."""
    policy = Policy(ignore=(pattern,))
    for each in snapshots:
        for left in each["left_out"]:
            if policy.ignores(left["path"][len(each["name"]) + 1 :]):
                yield left["path"]


def _hint(pattern: str, snapshots: list[SnapshotThere]) -> str:
    """Say what may be meant by a pattern that leaves nothing out."""
    for each in snapshots:
        stem = each["name"].replace(".", "/") + "/"
        if pattern.startswith(stem) and pattern != stem:
            return f'paths begin inside the package: write "{pattern[len(stem) :]}"'
    return ""


def _hint_to_exclude(pattern: str, snapshots: list[SnapshotThere]) -> str:
    """Say what may be meant by the name of a part of a package."""
    for each in snapshots:
        if pattern.startswith(each["name"] + "."):
            inside = pattern[len(each["name"]) + 1 :].replace(".", "/")
            patterns = f'ignore "{inside}/*" or "{inside}.py"'
            return f"a package travels whole: {patterns} leaves a part out"
    return ""
