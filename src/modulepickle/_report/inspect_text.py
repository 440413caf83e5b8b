"""How an inspection is shown: its data -> a tree of lines.

Outside API: `branches`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modulepickle._report.report import Branch, amount, count

__all__ = ["branches", "snapshot_line"]

Entry = dict[str, Any]


def branches(data: Entry) -> Iterator[Branch]:
    """Yield the lines of the outermost level."""
    yield Branch(_title(data))
    if data["problems"]:
        yield Branch.of("problems", data["problems"])
    if data["warnings"]:
        yield Branch.of("warnings", data["warnings"])
    if data["loaders"]:
        yield Branch.of("loaders", map(_loader, data["loaders"]))
    if data["snapshots"]:
        yield Branch.of("snapshots", map(_snapshot, data["snapshots"]))
    if data["shipped"]:
        yield Branch.of("taken from the snapshots", data["shipped"])
    if data["by_value"]:
        yield Branch.of("by value", map(_by_value, data["by_value"]))
    if data["requires"]:
        yield Branch.of("functions of the script were sent with", data["requires"].values())
    if data["imports"]:
        yield Branch.of("would import", (each["name"] for each in data["imports"]))
    if data["pickles"]:
        yield Branch.of("bytes", (f"{n:>12,}  {name}" for name, n in data["sizes"].items() if n))


def _title(data: Entry) -> str:
    pickles = data["pickles"]
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
    if not (data["loaders"] or data["snapshots"]):
        text += "; nothing of modulepickle is in it"
    return text


def _protocols(pickles: list[Entry]) -> str:
    return ", ".join(str(each) for each in sorted({each["protocol"] for each in pickles}))


def _loader(each: Entry) -> str:
    release = {
        "this": "of this release",
        "other": "of another release",
        "changed": "CHANGED: not what its name says",
    }
    size = f"{amount(each['text_bytes'])} of text, {each['bytes']:,} packed"
    return f"{each['name']}  makes {each['makes']}, {release[each['release']]}, {size}"


def snapshot_line(each: Entry) -> str:
    """Return one line about a snapshot."""
    text = f"{each['name']}  {each['digest'][:16]}".rstrip()
    if each["archive_bytes"] is None:
        place = {"elsewhere": "in a store"}.get(each["archive"], each["archive"])
        return f"{text}  archive {place}"
    size = f"{count(len(each['files']), 'file')}, {amount(each['bytes'])}"
    where = "" if each["archive"] == "here" else f" {each['archive']}"
    return f"{text}  {size}, {each['archive_bytes']:,} packed{where}"


def _snapshot(each: Entry) -> Branch:
    verdicts = {
        (True, True): "it and the digest match the files",
        (True, None): "it matches the files, the digest was not checked",
        (True, False): "it matches the files; the DIGEST DOES NOT match them",
        (None, None): "the files are not here, so nothing was checked",
    }
    state = (each["sealed"], each["digest_matches"])
    verdict = verdicts.get(state, "the HASH DOES NOT match: damaged or changed")
    what = "archive" if each["digest"] else "key in the store"
    below = [f"{what}: {each['seal']}; {verdict}"]
    if each["store"]:
        below.append(f"the receiver fetches it by  {each['store']}")
    if each["packages"]:
        below.append(f"requires {', '.join(each['packages'])}")
    if each["distributions"]:
        below.append(f"was sent with {', '.join(each['distributions'].values())}")
    return Branch.of(snapshot_line(each), below)


def _by_value(each: Entry) -> Branch:
    text = f"{each['kind']} {each['name'] or '(no name)'}"
    if each["kind"] == "code":
        text = f"code of {each['file'] or 'unknown origin'}"
    if each["module"]:
        text += f"  at line {each['line']} of {each['module']}"
    elif each["python"]:
        source = "with source" if each["source"] else "WITHOUT source"
        text += f"  {each['file']} line {each['line']}" if each["line"] else f"  {each['file']}"
        text += f", bytecode of Python {each['python']} ({amount(each['bytes'])}), {source}"
    names = [f"with {', '.join(each['names'])}"] if each["names"] else []
    return Branch.of(text, names)
