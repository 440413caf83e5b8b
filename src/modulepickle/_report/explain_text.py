"""How an explanation is shown: its data -> a tree of lines.

Outside API: `branches`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modulepickle._base.errors import ARROW
from modulepickle._report.report import Branch, amount, count

__all__ = ["branches"]

Entry = dict[str, Any]

SHOWN = 10
"""Lines of a list that are shown; JSON has all."""


def branches(data: Entry) -> Iterator[Branch]:
    """Yield the lines of the outermost level."""
    size = f"{amount(data['bytes'])}, protocol {data['protocol']}"
    if data["problems"]:
        yield Branch(f"{data['object']}: cannot be pickled")
        yield Branch.of("cannot travel", map(_problem, data["problems"]))
    else:
        yield Branch(f"{data['object']}: {size}{_beside(data['store'])}")
    if data["warnings"]:
        yield Branch.of("warnings", data["warnings"])
    if data["snapshots"]:
        stored = data["store"] and data["store"]["kept"]
        where = f"packages, from {data['store']['store']}" if stored else "packages that travel"
        yield Branch.of(where, map(_snapshot, data["snapshots"]))
    elif not data["problems"]:
        yield Branch("no package travels: nothing in it comes from your working tree")
    if data["store"] and data["store"]["kept"]:
        yield Branch.of("what the store keeps", map(_kept, data["store"]["kept"]))
    if data["by_value"]:
        yield Branch.of("by value", _some([*map(_by_value, data["by_value"])]))
    if data["by_name"]:
        yield Branch.of("by name, so the receiver must have it", map(_by_name, data["by_name"]))
    if data["policy"]["rules"] and not data["problems"]:  # else it was not applied to all
        title = f"policy, from {data['policy']['origin']}"
        yield Branch.of(title, map(_rule, data["policy"]["rules"]))


def _beside(store: Entry | None) -> str:
    """Say how much is in a store."""
    return f", and {amount(store['bytes'])} in a store" if store and store["kept"] else ""


def _kept(each: Entry) -> str:
    often = {"archive": "once a host", "manifest": "once a process"}[each["what"]]
    what = f"{each['what']} of {each['package']}, fetched {often}"
    return f"{each['key']}  {each['bytes']:>12,}  {what}"


def _rule(each: Entry) -> str:
    matches = "matches nothing here"
    if each["matches"]:
        what = "file or folder" if each["field"] == "ignore" else "name"
        matches = f"matches {each['matches']:,} {what}" + "s" * (each["matches"] > 1)
    text = f'{each["field"]} "{each["pattern"]}": {matches}'
    return text + (f"; {each['hint']}" if each["hint"] else "")


def _problem(each: Entry) -> Branch:
    head, *more = each["detail"].splitlines() or [""]
    below = [*more]
    if each["chain"]:
        below.append(f"reached by: {ARROW.join(each['chain'])}")
    if each["remedy"]:
        below.append(f"what to do: {each['remedy']}")
    return Branch.of(f"{each['subject']}: {head or each['reason']}", below)


def _snapshot(each: Entry) -> Branch:
    text = f"{each['name']}  in a store"
    if each["packed_bytes"] is not None:
        text = f"{each['name']}  {each['digest'][:16]}  {count(each['files'], 'file')}, "
        text += f"{amount(each['bytes'])}, {each['packed_bytes']:,} packed"
    below: list[Branch | str] = [f"why: {ARROW.join(each['why'])}", f"archive: {each['seal']}"]
    if each["files"] > 1:
        files = (f"{file['bytes']:>12,}  {file['path']}" for file in each["largest"])
        below.append(Branch.of("largest files", files))
    if each["left_out"]:
        lines = [f"{file['path']}: {file['rule']}" for file in each["left_out"]]
        below.append(Branch.of("left out", _some(lines)))
    if each["distributions"]:
        names = ", ".join(each["distributions"].values())
        below.append(f"imports, so the receiver must have: {names}")
    if each["not_found"]:
        lines = [f"{name}, at {place}" for name, place in each["not_found"].items()]
        below.append(Branch.of("imports, and they are not found here, either", _some(lines)))
    return Branch.of(text, below)


def _by_value(each: Entry) -> str:
    text = f"{each['kind']} `{each['name'] or '(no name)'}`"
    if each["kind"] == "function" and not each["source"]:
        text += f", without source: for Python {each['python']} only"
    return text + (f", with {', '.join(each['names'])}" if each["names"] else "")


def _by_name(each: Entry) -> str:
    names = each["names"][:SHOWN] + ["..."] * (len(each["names"]) > SHOWN)
    return f"{each['distribution'] or 'of no known distribution'}: {', '.join(names)}"


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return lines if more <= 0 else [*lines[:SHOWN], f"and {more} more"]
