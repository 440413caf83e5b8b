"""Parts of the report of `explain`, made from what `inspect` or the pickler found.

Outside API: `named_by_value`, `of_the_user`, `problem_data`, `told_by_name`, `told_by_value`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Final

from modulepickle._base.errors import Problem
from modulepickle._local.distributions import distribution
from modulepickle._pickler.nodes import Node, is_a
from modulepickle._report.gaps import is_standard
from modulepickle._report.schema import ByName, ByValue, CodeByValue, Import, ProblemData
from modulepickle._snapshot.archive import Member, unpack

__all__ = ["named_by_value", "of_the_user", "problem_data", "told_by_name", "told_by_value"]

NAME: Final = re.compile(r"^Name:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
METADATA: Final = re.compile(r"([^/]+)-([^/-]+)\.dist-info/METADATA")


def named_by_value(found: list[CodeByValue], nodes: list[Node]) -> Iterator[CodeByValue]:
    """Yield what is by value, with the names of functions that have theirs in bytecode only."""
    functions = [node.obj for node in nodes if node.is_by_value and is_a(node.obj, FunctionType)]
    nameless = [each for each in found if each["kind"] == "function" and not each["name"]]
    files = {each["file"] for each in nameless}
    named = [each for each in functions if each.__code__.co_filename in files]
    for each in found:
        if each in nameless and len(named) == len(nameless):
            each = {**each, "name": named[nameless.index(each)].__qualname__}
        yield each


def told_by_value(each: CodeByValue) -> ByValue:
    """Return what a report says of something by value."""
    return {
        "kind": each["kind"],
        "name": each["name"],
        "python": each["python"],
        "source": bool(each["source"]) or each["module"] is not None,
        "names": each["names"],
    }


def told_by_name(imports: list[Import], requires: dict[str, str]) -> Iterator[ByName]:
    """Yield what the receiver must have, by distribution; the standard library it has."""
    found: dict[str, list[str]] = {}
    for name in [each["name"] for each in imports]:
        top = name.partition(".")[0]
        if top not in ("builtins", "copyreg", "__main__") and not is_standard(top):
            found.setdefault(" ".join(distribution(name) or ()), []).append(name)
    for name, text in requires.items():
        found.setdefault(text, []).append(name)
    for text in sorted(found):
        yield {"distribution": text, "names": sorted({*found[text]})}


def problem_data(problem: Problem) -> ProblemData:
    """Return what cannot travel, as data."""
    return {
        "reason": problem.reason.value,
        "subject": problem.subject,
        "detail": problem.detail,
        "remedy": problem.remedy,
        "chain": [*problem.chain],
    }


def of_the_user(files: Iterable[Member]) -> list[str]:
    """Return "name version" of the user's own distributions whose metadata is among some files."""
    found = []
    for file in files:
        home = METADATA.fullmatch(file.path)
        if home is not None:
            text = unpack(file, file.size).decode("utf-8", "replace")
            name = NAME.search(text)
            found.append(f"{name[1] if name else home[1]} {home[2]}")
    return sorted(found)
