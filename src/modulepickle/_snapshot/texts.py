"""Names of modules in strings: `CONF = {"plugin": "shop.pay:Card"}`, imported by that name later.

Which module such code imports is known only at run time. But its name is usually written down
nearby: in a string of its package, or in a file of settings there. A local module whose full name
stands there travels as if it were imported. A module that a string only seems to name (`config.py`
is there, and `"config.yaml"` is meant) does no harm, so it is not an error if it cannot travel.

Only packages that seem to import by computed names, or to give names to code that does, are
searched (`File.asks_by_name`). `Policy.include` ships what is named nowhere.

Outside API: `NamedPackage`, `named_by`, `named_in`. Nothing here imports user code.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Set
from typing import Final, NamedTuple

from modulepickle._base.reading import opened
from modulepickle._local.finder import IMPORTABLE, Finder, LocalPackage
from modulepickle._snapshot.files import File

__all__ = ["NamedPackage", "named_by", "named_in"]

SELDOM: Final = frozenset({"conftest", "docs", "manage", "noxfile", "setup", "test", "tests"})
"""Names of modules of nearly every project, which strings often have for other reasons."""


MOST: Final = 2**20
"""Bytes of a module, or characters of a text, that are searched for a name."""


class NamedPackage(NamedTuple):
    """A local package that a string of another one names.

    Attributes:
        package: that package. place: the file with the text, as the archive has it.
        is_sure: whether the string is a dotted name of something in it, and not a single word.
    """

    package: LocalPackage
    place: str
    is_sure: bool


FEW: Final = 10
"""Names that are looked for by themselves first, which takes less time than to look for quotes."""

MANY: Final = 100
"""Names that one pattern may look for: the time for each place where one may be grows with them."""

# Patterns as text: `re` compiles one when it is first used, and few processes use them all. The
# name with a `%s` is a top-level one.
_QUOTED: Final = rb"""["'](%s(?:\.[A-Za-z_]\w*)*)(\.?)(?=["'{%%:])"""
_STATED: Final = rb"""(?:["';\n]|\\n)[ \t]*(?:import|from)[ \t]+(%s(?:\.[A-Za-z_]\w*)*)()"""
"""An import in a string that is executed; those of the file itself are known."""

_SETTING: Final = (
    rb"""(?<![\w.])(%s(?:\.[A-Za-z_]\w*)+)()"""  # a dotted name, wherever it stands
    rb"""|[:=\-\[,][ \t]*(%s)()(?=[ \t]*[\],\r\n])"""  # a word that is a value
)
_ANY: Final = rb"[A-Za-z_]\w*"


def words(file: File, tops: Set[str]) -> tuple[tuple[str, bool], ...]:
    """Return the dotted names in a file, each once, and whether more of the name follows it.

    What follows, only a run can tell: `f"plugins.{name}"`.

    Args:
        tops: their top-level names.
    """
    if file.words is None or file.words[0] != tops:
        content, found = file.content(), dict[tuple[bytes, bytes], None]()
        top = b"(?:%s)" % b"|".join(each.encode() for each in sorted(tops))
        top = _ANY if len(tops) > MANY else top
        if len(tops) > FEW or any(each.encode() in content for each in tops):
            found.update(dict.fromkeys(re.findall(_QUOTED % top, content)))
            if b"exec(" in content:
                found.update(dict.fromkeys(re.findall(_STATED % top, content)))
            if not file.name.endswith(".py"):
                settings = re.findall(_SETTING % (top, top), content)
                found.update((each[:2] if each[0] else each[2:], None) for each in settings)
        names = ((name.decode(), bool(dot)) for name, dot in found)
        file.words = tops, tuple(each for each in names if each[0].partition(".")[0] in tops)
    return file.words[1]


def named_by(own: str, files: Iterable[File], finder: Finder) -> tuple[NamedPackage, ...]:
    """Return the local packages that are named in the strings of a package, sorted.

    Args:
        own: the name of that package. files: its files.
    """
    asking = [file for file in files if file.may_name]
    if not any(file.asks_by_name for file in asking):
        return ()
    tops = frozenset(filter(_is_name, finder.top_level_names() - {own}))
    if not tops:
        return ()
    found: dict[LocalPackage, NamedPackage] = {}
    for file in asking:
        for name, is_open in words(file, tops):
            package = _meant(name, is_open, finder)
            if package is not None and package.name != own:
                made = NamedPackage(package, file.name, is_open or "." in name)
                if package not in found or made.is_sure > found[package].is_sure:
                    found[package] = made
    return tuple(found[package] for package in sorted(found))


def _is_name(word: str) -> bool:
    """Tell whether a text can have a word as a name: Python's names may have other letters too."""
    return word.isascii() and word.isidentifier()


_NAME: Final = r"(?as)([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(\.?)(?:[{%:].*)?"


def named_in(text: str, finder: Finder) -> Iterator[LocalPackage]:
    """Yield the local packages of modules that a string names, quotes as JSON does, or imports."""
    match = re.fullmatch(_NAME, text)
    found = [(match[1], bool(match[2]))] if match is not None else []
    content = text[:MOST].encode(errors="replace")
    if '"' in text or "'" in text:
        quoted = re.findall(_QUOTED % _ANY, content)
        found += [(name.decode(), bool(dot)) for name, dot in quoted]
    if "import" in text:
        stated = re.findall(_STATED % _ANY, b"\n" + content)
        found += [(name.decode(), False) for name, _ in stated]
    for name, is_open in found:
        if name.partition(".")[0] in finder.top_level_names():
            package = _meant(name, is_open, finder)
            if package is not None:
                yield package


def _meant(name: str, is_open: bool, finder: Finder) -> LocalPackage | None:
    """Return the local package that a name leads into, if there is such a module in it."""
    top, _, rest = name.partition(".")
    if not rest and not is_open and (top in SELDOM or finder.top(top).portions):
        return None
    package = finder.package(name)
    if package is None or (not rest and not is_open and _is_script(package)):
        return None
    inside = name[len(package.name) + 1 :].partition(".")[0]
    return package if not inside or _has(package, inside) else None


def _is_script(package: LocalPackage) -> bool:
    """Tell whether it is the file of `__main__`, which a word such as `main` seldom means."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return isinstance(script, str) and os.path.abspath(script) in package.paths


def _has(package: LocalPackage, name: str) -> bool:
    """Tell whether a package has a module or folder of a name, or seems to define it."""
    files = [path for path in package.paths if not package.is_package]
    for folder in package.paths if package.is_package else ():
        place = os.path.join(folder, name)
        if os.path.isdir(place) or any(os.path.exists(place + each) for each in IMPORTABLE):
            return True
        files.append(os.path.join(folder, "__init__.py"))
    return any(_says(file, name) for file in files)


def _says(path: str, name: str) -> bool:
    try:
        with opened(path) as file:
            return re.search(rb"\b%s\b" % name.encode(), file.read(MOST)) is not None
    except OSError:
        return False
