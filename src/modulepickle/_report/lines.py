"""How reports are shown: the data of one -> a tree of lines.

Outside API: `explained`, `inspected`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modulepickle._base.errors import ARROW, Reason, pointer
from modulepickle._loader.emit import LIBRARY
from modulepickle._report.report import Branch, amount, count
from modulepickle._report.schema import (
    ByName,
    ByValue,
    CodeByValue,
    ExplainData,
    InspectData,
    Kept,
    LoaderData,
    PickleData,
    ProblemData,
    Rule,
    SnapshotHere,
    SnapshotThere,
    StoreData,
)

__all__ = ["explained", "inspected"]

SHOWN: Final = 10
"""How many lines of a list are shown; JSON has all of them."""

STANDS_IN: Final = (
    "a stand-in, for receivers without the library: settings do nothing, to pickle is an error"
)

# --- explain --------------------------------------------------------------------------------------


def explained(data: ExplainData) -> Iterator[Branch]:
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
        store = data["store"]
        where = "packages that travel"
        if store is not None and store["kept"]:
            where = f"packages, from {store['store']}"
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


def _beside(store: StoreData | None) -> str:
    """Say how much is in a store."""
    return f", and {amount(store['bytes'])} in a store" if store and store["kept"] else ""


def _kept(each: Kept) -> str:
    often = {"archive": "once a host", "manifest": "once a process"}[each["what"]]
    what = f"{each['what']} of {each['package']}, fetched {often}"
    return f"{each['key']}  {each['bytes']:>12,}  {what}"


def _rule(each: Rule) -> str:
    matches = "matches nothing here"
    if each["matches"]:
        plural = "s" * (each["matches"] > 1)
        what = f"file{plural} or folder{plural}" if each["field"] == "ignore" else f"name{plural}"
        matches = f"matches {each['matches']:,} {what}"
    text = f'{each["field"]} "{each["pattern"]}": {matches}'
    return text + (f"; {each['hint']}" if each["hint"] else "")


def _problem(each: ProblemData) -> Branch:
    head, *more = each["detail"].splitlines() or [""]
    below = [*more]
    if each["chain"]:
        below.append(f"reached by: {ARROW.join(each['chain'])}")
    if each["remedy"]:
        below.append(f"what to do: {each['remedy']}")
    below.append(pointer(Reason(each["reason"]).anchor))
    return Branch.of(f"{each['subject']}: {head or each['reason']}", below)


def _snapshot(each: SnapshotThere) -> Branch:
    text = f"{each['name']}  in a store"
    if each["packed_bytes"] is not None:
        text = f"{each['name']}  {count(each['files'], 'file')}, "
        text += f"{amount(each['bytes'])}, {each['packed_bytes']:,} packed"
    below: list[Branch | str] = [f"why: {ARROW.join(each['why'])}", f"archive: {each['archive']}"]
    if each["name"] == LIBRARY:
        below.append(STANDS_IN)
    if each["own_distributions"]:
        names = ", ".join(each["own_distributions"])
        below.append(f"of your distribution {names}, which importlib.metadata finds there")
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
        below.append(Branch.of("imports that are not found here either", _some(lines)))
    return Branch.of(text, below)


def _by_value(each: ByValue) -> str:
    text = f"{each['kind']} `{each['name'] or '(no name)'}`"
    if each["kind"] == "function" and not each["source"]:
        text += f", without source: for Python {each['python']} only"
    return text + (f", with {', '.join(each['names'])}" if each["names"] else "")


def _by_name(each: ByName) -> str:
    names = each["names"][:SHOWN] + ["..."] * (len(each["names"]) > SHOWN)
    return f"{each['distribution'] or 'of no known distribution'}: {', '.join(names)}"


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return lines if more <= 0 else [*lines[:SHOWN], f"and {more} more"]


# --- inspect --------------------------------------------------------------------------------------


def inspected(data: InspectData) -> Iterator[Branch]:
    """Yield the lines of the outermost level."""
    yield Branch(_title(data))
    if data["warnings"]:
        yield Branch.of("warnings", data["warnings"])
    if data["problems"]:
        yield Branch.of("problems", data["problems"])
    if data["loaders"]:
        yield Branch.of("loaders", map(_loader, data["loaders"]))
    if data["snapshots"]:
        yield Branch.of("snapshots", map(_snapshot_inside, data["snapshots"]))
    if data["shipped"]:
        yield Branch.of("taken from the snapshots", data["shipped"])
    if data["by_value"]:
        yield Branch.of("by value", map(_by_value_inside, data["by_value"]))
    if data["requires"]:
        yield Branch.of("functions of the script were sent with", data["requires"].values())
    if data["imports"]:
        yield Branch.of("would import", (each["name"] for each in data["imports"]))
    if data["pickles"]:
        yield Branch.of("bytes", (f"{n:>12,}  {name}" for name, n in data["sizes"].items() if n))


def _title(data: InspectData) -> str:
    pickles = data["pickles"]
    if not pickles and data["snapshots"]:
        return f"no pickle, but a package as a store keeps it, {amount(data['bytes'])}"
    if not pickles:
        return "no pickle"
    outer = [each for each in pickles if not each["inside"]]
    whole = sum(each["whole"] for each in outer)
    text = f"{count(whole, 'pickle')}, {amount(data['bytes'])}, protocol {_protocols(outer)}"
    if not whole:
        text = f"no whole pickle, {amount(data['bytes'])}"
    elif whole < len(outer):
        text += ", and one that is not whole"
    if len(outer) < len(pickles):
        text += f", {len(pickles) - len(outer)} inside"
    if data["buffers"]:
        text += f", {count(data['buffers'], 'buffer')} out of band"
    signed = {"absent": "not signed", "present": "signed", "damaged": "signature damaged"}
    text += f", {signed[data['signature']['state']]}"
    if any(each["release"] == "changed" for each in data["loaders"]):
        text = f"WARNING, a loader of no known release: {text}"
    if not (data["loaders"] or data["snapshots"]):
        text += "; nothing of modulepickle is in it"
    return text


def _protocols(pickles: list[PickleData]) -> str:
    return ", ".join(str(each) for each in sorted({each["protocol"] for each in pickles}))


def _loader(each: LoaderData) -> str:
    release = {
        "this": "of this release",
        "other": "of an older release",
        "changed": "OF NO KNOWN RELEASE",
    }
    size = f"{amount(each['text_bytes'])} of text, {each['bytes']:,} packed"
    return f"{each['name']}  makes {each['makes']}, {release[each['release']]}, {size}"


def _snapshot_line(each: SnapshotHere) -> str:
    """Return one line about a snapshot."""
    text = each["name"]
    if each["archive_bytes"] is None:
        place = {"store": "in a store"}.get(each["where"], each["where"])
        return f"{text}  archive {place}"
    size = f"{count(len(each['files']), 'file')}, {amount(each['bytes'])}"
    where = "" if each["where"] == "here" else f" {each['where']}"
    return f"{text}  {size}, {each['archive_bytes']:,} packed{where}"


def _snapshot_inside(each: SnapshotHere) -> Branch:
    verdicts = {
        (True, True): "it and the digest match the files",
        (True, None): "it matches the files, the digest was not checked",
        (True, False): "it matches the files; the DIGEST DOES NOT match them",
        (None, None): "the files are not here, so nothing was checked",
    }
    state = (each["archive_matches"], each["digest_matches"])
    verdict = verdicts.get(state, "the HASH DOES NOT match: damaged or changed")
    what = "archive" if each["digest"] else "key in the store"
    below = [f"{what}: {each['archive']}; {verdict}"]
    if each["name"] == LIBRARY and each["digest_matches"]:
        below.append(STANDS_IN)
    if each["store"]:
        below.append(f"the receiver fetches it by  {each['store']}")
    if each["packages"]:
        below.append(f"requires {', '.join(each['packages'])}")
    if each["distributions"]:
        below.append(f"was sent with {', '.join(each['distributions'].values())}")
    return Branch.of(_snapshot_line(each), below)


def _by_value_inside(each: CodeByValue) -> Branch:
    text = f"{each['kind']} {each['name'] or '(no name)'}"
    if each["kind"] == "code":
        text = f"code of {each['file'] or 'unknown origin'}"
    if each["module"]:
        text += f"  at line {each['line']} of {each['module']}"
    elif each["python"]:
        source = "with source" if each["source"] else "WITHOUT source"
        text += f"  {each['file']} line {each['line']}" if each["line"] else f"  {each['file']}"
        text += f", bytecode of Python {each['python']} ({amount(each['bytes'])}), {source}"
    below = [f"with {', '.join(each['names'])}"] if each["names"] else []
    tops = dict.fromkeys(name.partition(".")[0] for name in each["imports"])
    below += [f"imports {', '.join(tops)}"] if tops else []
    return Branch.of(text, below)
