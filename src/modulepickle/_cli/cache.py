"""`cache`, and `demo`: what was unpacked on this host, and a first look.

Outside API: `cache`, `demo`.
"""

from __future__ import annotations

import argparse
from typing import Any

from modulepickle._cli.mistake import Mistake
from modulepickle._cli.output import Output
from modulepickle._cli.schema import CacheData, CacheEntry, DemoData
from modulepickle._loader import cache as folder
from modulepickle._loader.cache import Entry
from modulepickle._run import demo as demonstration

__all__ = ["cache", "demo"]


def cache(options: argparse.Namespace, out: Output) -> int:
    """Run the command."""
    gone: list[Entry] = []
    try:
        if options.what == "clear":
            gone, found = folder.clear()
        else:
            found = folder.entries()
    except FileNotFoundError:
        found = []
    except OSError as error:
        raise Mistake(str(error)) from None
    if out.json:
        data: CacheData = {
            "format": 1,
            "kind": "cache",
            "folder": folder.location(),
            "removed": [*map(_entry, gone)],
            "entries": [*map(_entry, found)],
        }
        out.data(data)
    else:
        _list(options.what == "clear", gone, found, out)
    return int(options.what == "clear" and bool(found))


def _list(is_cleared: bool, gone: list[Entry], found: list[Entry], out: Output) -> None:
    if is_cleared and gone:
        out.line(f"removed {folder.total(gone)}")
    for entry in found:
        if entry.kind == "package" or entry.problem:
            out.line(folder.described(entry))
    out.line(f"{folder.location()} holds {folder.total(found)}")


def _entry(entry: Entry) -> CacheEntry:
    archive = entry.file.partition(".")[0] if entry.kind in ("package", "archive") else None
    return {
        "kind": entry.kind,
        "name": entry.name,
        "archive": archive,
        "file": entry.file,
        "files": entry.files,
        "bytes": entry.size,
        "used": entry.used,
        "in_use": entry.in_use,
        "problem": entry.problem,
    }


def demo(options: argparse.Namespace, out: Output) -> int:
    """Run the command."""
    found: dict[str, Any] = {"pickles": [], "calls": []}
    for line in demonstration.demo(found):
        if not out.json:
            out.line(line)
    if out.json:
        calls, pickles = found["calls"], found["pickles"]
        data: DemoData = {"format": 1, "kind": "demo", "pickles": pickles, "calls": calls}
        out.data(data)
    return 0
