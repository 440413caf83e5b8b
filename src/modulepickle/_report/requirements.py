"""What the receivers of an object must have installed, as lines that pip takes.

Outside API: `not_here`, `requirements`, `requirements_in`, `with_theirs`, `wanting`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.machinery import PathFinder
from importlib.util import find_spec
from typing import Any, Final

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._loader.emit import LIBRARY
from modulepickle._local.distributions import distribution
from modulepickle._local.patterns import prefixes
from modulepickle._local.policy import Policy
from modulepickle._report.explain import explain
from modulepickle._report.gaps import is_standard, is_there
from modulepickle._report.markers import normal, parsed
from modulepickle._report.schema import InspectData, ProblemData

__all__ = ["not_here", "requirements", "requirements_in", "wanting", "with_theirs"]

VERSION: Final = (
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?\d*)?"
    r"(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?"
)
"""A version in small letters (PEP 440, appendix B)."""


def requirements(obj: Any, *, all: bool = False, policy: Policy | None = None) -> list[str]:
    """Return the distributions that the receivers of an object must have.

    The object is pickled, as by `explain`. What goes by name counts: for the object itself, for
    functions by value, and for each package that travels.

    Args:
        obj: What you would give to `dumps`: the object itself, and not its name.
        all: Include what those distributions require in turn, according to their metadata here,
            and for this interpreter.
        policy: As for `dumps`.

    Returns:
        Sorted lines `name==version` (PEP 508), with the versions that are installed here. If that
        is no version of PEP 440, which pip would refuse, the line is the name.

    Raises:
        PackagingError: If the object cannot be pickled.
        TypeError: If `policy` is not a `Policy`, or `obj` is a text that names an object as on the
            command line, `"train:fit"`.
    """
    if isinstance(obj, str) and _names_an_object(obj):
        raise TypeError(
            f"requirements() takes the object itself, and {obj!r} is a text, which needs nothing:"
            f" import it, or type  modulepickle requirements {obj}"
        )
    report = explain(obj, policy=policy)
    data = report.data
    if data["problems"]:
        raise PackagingError(map(_problem, data["problems"]))
    said = [text for each in data["snapshots"] for text in each["distributions"].values()]
    found = lines([*said, *(each["distribution"] for each in data["by_name"])])
    return with_theirs(found) if all else found


def _names_an_object(text: str) -> bool:
    """Tell whether a text is MODULE:OBJECT, of a module that is here."""
    if not re.fullmatch(r"[^\W\d]\w*(\.\w+)*:[^\W\d]\w*(\.\w+)*", text):
        return False
    return is_there(re.split(r"\W", text)[0])


def _problem(told: ProblemData) -> Problem:
    chain = tuple(told["chain"])
    return Problem(Reason(told["reason"]), told["subject"], told["detail"], told["remedy"], chain)


def requirements_in(data: InspectData) -> list[str]:
    """Return the same for a pickle, from what `inspect` found in it.

    For what a pickle imports by name, and for some imports in functions by value, it has no
    version, so that of this environment is used.
    """
    said = [text for each in data["snapshots"] for text in each["distributions"].values()]
    said += data["requires"].values()
    known = {normal(text.rpartition(" ")[0]) for text in said}
    for name in _without_version(data):
        here = distribution(name)
        if here is not None and normal(here[0]) not in known:
            said.append(" ".join(here))
    return lines(said)


def _without_version(data: InspectData) -> list[str]:
    """Return the dotted names that a pickle imports, and of which it has no version."""
    inside = (name for each in data["by_value"] for name in each["imports"])
    names = dict.fromkeys([*(each["name"] for each in data["imports"]), *inside])
    return [name for name in names if data["requires"].keys().isdisjoint(prefixes(name, "."))]


def lines(said: Iterable[str]) -> list[str]:
    """Return `name==version` for each "name version", sorted, and nothing for "" (unknown)."""
    return sorted({line for line in (_line(*each.rpartition(" ")[::2]) for each in said) if line})


def _line(name: str, version: str) -> str:
    """Return a line that pip takes: of a version that is none (PEP 440), the name alone.

    The texts come from metadata, which people write by hand too, and from pickles.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")  # as installers spell it
    return f"{name}=={version}" if name and re.fullmatch(VERSION, version.lower()) else name


def with_theirs(found: Iterable[str]) -> list[str]:
    """Return requirements with all that they need in turn, as far as that is installed here."""
    wanted: list[tuple[str, tuple[str, ...]]] = [(each.partition("==")[0], ()) for each in found]
    made = {normal(each.partition("==")[0]): each for each in found}
    seen = {(normal(name), extras) for name, extras in wanted}
    for name, extras in wanted:  # grows as it is read
        try:
            about = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        made.setdefault(normal(name), _line(str(about.metadata["Name"]), str(about.version)))
        for need in _needs(about, extras):
            if (normal(need[0]), need[1]) not in seen:
                seen.add((normal(need[0]), need[1]))
                wanted.append(need)
    return sorted(made.values())


def _needs(
    about: metadata.Distribution, extras: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield name and extras of what a distribution needs here, with some extras of its own."""
    for text in about.requires or ():
        need = parsed(text)
        if need is not None and any(need.holds(extra) for extra in ("", *extras)):
            yield need.name, need.extras


def wanting(data: InspectData) -> list[str]:
    """Return a sentence for each requirement of a pickle that this environment does not have."""
    found = []
    for line in requirements_in(data):
        name, _, version = line.partition("==")
        try:
            here = metadata.version(name)
        except metadata.PackageNotFoundError:
            if normal(name) == LIBRARY:  # it runs this, by whatever way it came to be here
                here = " ".join(distribution(LIBRARY) or ()).rpartition(" ")[2]
            else:
                made = f"; the pickle was made with {version}" if version else ""
                found.append(f"{name} is missing{made}")
                continue
        if version and here != version:
            found.append(f"{name} is {here} here; the pickle was made with {version}")
    found += [f"the module {name} is missing; {who}" for name, who in not_here(data).items()]
    version = "{}.{}".format(*sys.version_info)
    found += [
        f"this is Python {version}; the pickle has code without source, of Python {each}"
        for each in data["python"]
        if each.split(".")[:2] != version.split(".")
    ]
    return found


def not_here(data: InspectData) -> dict[str, str]:
    """Return the modules that a pickle imports and that are not here, and what imports each.

    So it is not known here which distributions they belong to.
    """
    by_name = {each["name"] for each in data["imports"]}
    lacking: dict[str, str] = {}
    for each in _without_version(data):
        if not (is_standard(each.partition(".")[0]) or distribution(each)):
            who = "a function in the pickle imports it"
            who = "the pickle imports it by name" if each in by_name else who
            lacking.setdefault(_missing(each), who)
    return {name: who for name, who in lacking.items() if name}


def _missing(name: str) -> str:
    """Return as much of a dotted name as is not here, or "". Nothing is imported.

    Below a regular package, a name may be anything that its code makes.
    """
    path: list[str] | None = None  # of the namespace package around it
    for part in prefixes(name, "."):
        # By its last name: the spec of a namespace package looks for its parent in `sys.modules`.
        last = part.rpartition(".")[2]
        try:
            spec = find_spec(part) if path is None else PathFinder.find_spec(last, path)
        except (ImportError, ValueError, AttributeError):
            return part
        if spec is None:
            return part
        if spec.origin is not None or spec.submodule_search_locations is None:
            return ""
        path = [os.path.join(each, last) for each in path] if path else None
        path = path or [*spec.submodule_search_locations]
    return ""
