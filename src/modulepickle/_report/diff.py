"""How two pickles differ: in packages, their files, requirements, and code by value.

Outside API: `compared`, `differing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from modulepickle._report.inspect import LIMIT, Inspection
from modulepickle._report.report import amount, printable
from modulepickle._report.schema import (
    CodeByValue,
    DiffData,
    FileDiff,
    NamedDiff,
    PackageDiff,
    SnapshotHere,
)
from modulepickle._snapshot.archive import Member, unpack

__all__ = ["compared", "differing"]

Value = TypeVar("Value")

SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
STYLES: Final = {"added": "name", "removed": "error", "changed": "warning"}


def compared(old_name: str, old: Inspection, new_name: str, new: Inspection) -> DiffData:
    """Return how the second pickle differs from the first."""
    packages = [*_packages(old, new)]
    requirements = [*_named(_distributions(old), _distributions(new))]
    code = [*_named(_code(old), _code(new))]
    imports = [*_named(_imports(old), _imports(new))]
    return {
        "format": 1,
        "kind": "diff",
        "files": (old_name, new_name),
        "same": not (packages or requirements or code or imports),
        "identical": old.pickled == new.pickled,
        "bytes": (old.data["bytes"], new.data["bytes"]),
        "packages": packages,
        "requirements": requirements,
        "code": code,
        "imports": imports,
    }


def _pairs(
    old: Mapping[str, Value], new: Mapping[str, Value]
) -> Iterator[tuple[str, str, Value | None, Value | None]]:
    """Yield name, change and both values of everything that differs, by name."""
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before != after:
            change = "added" if before is None else "removed" if after is None else "changed"
            yield name, change, before, after


def _named(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[NamedDiff]:
    for name, change, before, after in _pairs(old, new):
        yield {"name": name, "change": change, "values": (before, after)}


# --- packages -------------------------------------------------------------------------------------


def _packages(old: Inspection, new: Inspection) -> Iterator[PackageDiff]:
    before, after = _by_name(old), _by_name(new)
    for name in sorted({*before, *after}):
        first, second = before.get(name, {}), after.get(name, {})
        gone = [first[each] for each in first if each not in second]
        come = [second[each] for each in second if each not in first]
        for index in range(max(len(gone), len(come))):
            one = gone[index] if index < len(gone) else None
            other = come[index] if index < len(come) else None
            found = _package(name, old, one, new, other)
            if found["change"] != "changed" or found["files"] != []:
                yield found


def _by_name(report: Inspection) -> dict[str, dict[str, SnapshotHere]]:
    """Return name -> archive hash -> snapshot: a pickle may have several versions of one package.

    The hash of an archive stands for its contents only if the archive is whole.
    """
    found: dict[str, dict[str, SnapshotHere]] = {}
    for each in report.data["snapshots"]:
        key = each["archive"] if each["archive_matches"] is not False else f"{id(each)}"
        found.setdefault(each["name"], {})[key] = each
    return found


def _package(
    name: str,
    old: Inspection,
    one: SnapshotHere | None,
    new: Inspection,
    other: SnapshotHere | None,
) -> PackageDiff:
    change = "added" if one is None else "removed" if other is None else "changed"
    are_here = all(each is None or each["archive_bytes"] is not None for each in (one, other))
    before, after = _files(old, one), _files(new, other)
    files: list[FileDiff] = []
    for path in sorted({*before, *after}) if are_here else ():
        first, second = before.get(path), after.get(path)
        if first is None or second is None or not _is_same(first, second):
            what = "added" if first is None else "removed" if second is None else "changed"
            sizes = tuple(None if each is None else each.size for each in (first, second))
            files.append({"path": path, "change": what, "bytes": (sizes[0], sizes[1])})
    return {
        "name": name,
        "change": change,
        "archives": (one and one["archive"], other and other["archive"]),
        "files": files if are_here else None,
    }


def _files(report: Inspection, made: SnapshotHere | None) -> dict[str, Member]:
    if made is None:
        return {}
    found = {each["path"]: report.source(made["archive"], each["path"]) for each in made["files"]}
    return {path: found[path] for path in found if isinstance(found[path], Member)}  # type: ignore[misc]


def _is_same(one: Member, other: Member) -> bool:
    """Tell whether two files have the same content, though zlib builds may pack it differently."""
    if (one.size, one.crc, one.is_executable) != (other.size, other.crc, other.is_executable):
        return False
    if one.packed == other.packed:
        return True
    try:
        return unpack(one, LIMIT) == unpack(other, LIMIT)
    except ValueError:  # one is damaged, or beyond reason
        return False


# --- the rest -------------------------------------------------------------------------------------


def _distributions(report: Inspection) -> dict[str, str]:
    """Return distribution -> version, or versions."""
    said = [text for each in report.data["snapshots"] for text in each["distributions"].values()]
    found: dict[str, str] = {}
    for text in sorted({*said, *report.data["requires"].values()}):
        name, _, version = text.rpartition(" ")
        if name:
            found[name] = f"{found[name]}, {version}" if name in found else version
    return found


def _code(report: Inspection) -> dict[str, str]:
    """Return each thing by value -> its source, or what else distinguishes it."""
    found: dict[str, str] = {}
    for each in report.data["by_value"]:
        name = f"{each['kind']} {each['name'] or each['file'].partition(' ')[0] or '(no name)'}"
        found[name] = found.get(name, "") + _text(each)
    return found


def _text(each: CodeByValue) -> str:
    names = ", ".join(each["names"])
    if each["source"]:
        return f"{each['source']}\n{names}"
    return f"{each['bytes']} bytes of Python {each['python']} {each['module']} {names}"


def _imports(report: Inspection) -> dict[str, str]:
    return {each["name"]: "" for each in report.data["imports"]}


# --- as text --------------------------------------------------------------------------------------


def differing(data: DiffData, paint: Callable[[str, str], str]) -> Iterator[str]:
    """Yield lines: `+` is in the second pickle alone, `-` in the first, `~` in both.

    Args:
        paint: returns text in a style.
    """
    old, new = map(printable, data["files"])
    if data["same"]:
        yield f"{old} and {new} carry the same packages, requirements and code"
        if not data["identical"]:
            yield f"the bytes differ: {_sizes(*data['bytes'])}"
        return
    yield f"{old} and {new} differ"
    if data["packages"]:
        yield paint("heading", "packages")
    for package in data["packages"]:
        yield f"  {_line(package['change'], package['name'], paint)}"
        if package["files"] is None:
            yield "    its files are not in both pickles, so they were not compared"
        for file in package["files"] or ():
            sizes = paint("size", _sizes(*file["bytes"]))
            yield f"    {_line(file['change'], file['path'], paint)}  {sizes}"
    yield from _lines("requirements", data["requirements"], paint, True)
    yield from _lines("code by value", data["code"], paint)
    yield from _lines("would import", data["imports"], paint)


def _lines(
    title: str, found: Iterable[NamedDiff], paint: Callable[[str, str], str], values: bool = False
) -> Iterator[str]:
    for index, each in enumerate(found):
        if not index:
            yield paint("heading", title)
        shown = " -> ".join(value for value in each["values"] if value)
        line = _line(each["change"], each["name"], paint)
        yield f"  {line}  {printable(shown)}" if values else f"  {line}"


def _line(change: str, name: str, paint: Callable[[str, str], str]) -> str:
    return f"{paint(STYLES[change], SIGNS[change])} {printable(name)}"


def _sizes(before: int | None, after: int | None) -> str:
    if before is None or after is None:
        return amount(before or after or 0)
    return amount(after) if before == after else f"{before:,} -> {amount(after)}"
