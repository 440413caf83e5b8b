"""Submodules that code uses as attributes, and does not import: `import pkg`, then `pkg.sub.x`.

That works here since something else has imported `pkg.sub`. It would fail on a receiver, where
nothing has. So such submodules are imported there, before anything of the package is used.

Nothing is parsed for that: it takes ten times as long as to read and compress a package. The text
of a file is searched for chains of names, and where some are found, once more without its strings
and comments. What is found beyond that, as a local variable of the same name, does no harm: the
module has been imported here, too.

Outside API: `reached_by_attribute`, `uses`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from types import ModuleType
from typing import Any, Final

from modulepickle._snapshot.files import File, module_of

__all__ = ["reached_by_attribute", "uses"]


def reached_by_attribute(files: Iterable[File], loaded: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some modules that files reach as attributes, and that nobody imports for it.

    Args:
        files: of the packages that travel. loaded: dotted names of submodules that are imported
        here.
    """
    if not loaded:
        return ()
    sources = {module_of(file.name)[0]: file for file in files if file.name.endswith(".py")}
    names = _names_of(loaded)
    bound = {module: names.bound(module) for module in sources}
    for module, file in sources.items():
        # Looked for once, as long as nothing else is imported.
        if file.near is None or file.near[0] is not names or file.near[1] != bound[module]:
            near = frozenset(names.reached(file.content(), bound[module]))
            file.near = names, bound[module], near
    wanted = {name for file in sources.values() if file.near for name in file.near[2]}
    for top in names.tops:
        wanted -= _imported_with(top, sources, wanted)
    found: set[str] = set()
    for module, file in sources.items() if wanted else ():
        if file.near is not None and not wanted.isdisjoint(file.near[2]):
            code = _code(file.content())
            reached = wanted.intersection(names.reached(code, bound[module]))
            found |= {name for name in reached if not _is_imported(name, code)}
    return tuple(name for name in loaded if name in found)


class _Names:
    """The names of submodules that are imported here, and how code comes to them.

    Attributes:
        loaded: the dotted names. tops: their first parts, each by itself. children: the name of a
            package -> the last parts of the names below it.
    """

    def __init__(self, loaded: tuple[str, ...]) -> None:
        self.loaded = frozenset(loaded)
        self.tops = {name.partition(".")[0]: name.partition(".")[0] for name in loaded}
        self.children: dict[str, set[str]] = {}
        for name in loaded:
            while "." in name:
                name, _, child = name.rpartition(".")
                self.children.setdefault(name, set()).add(child)
        self._patterns: dict[tuple[str, str], re.Pattern[bytes]] = {}

    def bound(self, module: str) -> dict[str, str]:
        """Return what a module, if it is imported here, calls packages: a name -> the package.

        A function may import one by another name as well, which is not known here.
        """
        found = dict(self.tops)
        names = getattr(sys.modules.get(module), "__dict__", {})
        for name, value in [*names.items()]:  # another thread may import something
            if type(value) is ModuleType and vars(value).get("__name__") in self.children:
                found[name] = value.__name__
        return found

    def reached(self, text: bytes, bound: Mapping[str, str]) -> Iterator[str]:
        """Yield the loaded modules that a text reaches from the names that it has for packages."""
        if len(bound) > MANY:  # one look at the text, and not one for each
            words = {word.decode(errors="replace") for word in re.findall(_WITH_A_DOT, text)}
            bound = {name: bound[name] for name in words.intersection(bound)}
        for name, package in bound.items():
            for chain in self._chains(text, name, package):
                above = package
                for part in chain:
                    if part not in self.children.get(above, ()):
                        break
                    above = f"{above}.{part}"
                    if above in self.loaded:
                        yield above

    def _chains(self, text: bytes, name: str, package: str) -> Iterator[list[str]]:
        """Yield the parts behind a name in a text, where the first is a child of the package.

        Not those behind a quote, or in statements that import.
        """
        if name.encode() + b"." not in text:
            return
        pattern = self._patterns.get((name, package))
        if pattern is None:
            # It begins with the plain word, behind which the byte before is looked at, and goes on
            # with the few that matter: so it is quick.
            word = re.escape(name).encode()
            parts = "|".join(sorted(map(re.escape, self.children[package]))).encode()
            chain = rb"%s(?<![\w\x80-\xff.\"']%s)\.((?:%s)(?:\.[\w\x80-\xff]+)*)(?![\w\x80-\xff])"
            pattern = self._patterns[name, package] = re.compile(chain % (word, word, parts))
        found: set[bytes] = set()
        for match in pattern.finditer(text):
            if match[1] not in found and not _imports(_before(text, match.start())):
                found.add(match[1])
                yield match[1].decode(errors="replace").split(".")


MANY: Final = 50
"""Names that are looked for in a text one by one, which is faster for few."""

_WITH_A_DOT: Final = rb"[\w\x80-\xff]+(?=\.)"


_latest: dict[tuple[str, ...], _Names] = {}
"""The last one: what is imported changes seldom."""


def _names_of(loaded: tuple[str, ...]) -> _Names:
    names = _latest.get(loaded)
    if names is None:
        _latest.clear()
        names = _latest[loaded] = _Names(loaded)
    return names


LONG: Final = 1000
"""Bytes of a line that are looked at: else a line without an end would take a time without one."""


def _before(text: bytes, place: int) -> bytes:
    """Return what stands before a place in its line."""
    return text[max(text.rfind(b"\n", max(place - LONG, 0), place) + 1, place - LONG, 0) : place]


def _imports(before: bytes) -> bool:
    """Tell whether what stands before a name in its line makes that a part of an import."""
    return re.match(rb"\s*(?:import|from)\b", before.rpartition(b";")[2]) is not None


_TEXT: Final = (
    rb"""(?s)#[^\n]*"""
    rb"""|\"{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:\"{3}|\Z)"""
    rb"""|'{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'{3}|\Z)"""
    rb"""|"[^"\\\n]*(?:\\.[^"\\\n]*)*(?:"|(?=\n)|\Z)"""
    rb"""|'[^'\\\n]*(?:\\.[^'\\\n]*)*(?:'|(?=\n)|\Z)"""
)
"""A comment or string. One without an end goes up to where it cannot go on: in linear time."""


def _code(content: bytes) -> bytes:
    """Return source without comments and strings, but with what f-strings hold."""
    return re.sub(_TEXT, _without_text, content)


def _without_text(match: re.Match[bytes]) -> bytes:
    start = match.start()
    is_formatted = b"f" in match.string[max(start - 2, 0) : start].lower()
    return match[0] if is_formatted and match[0][:1] != b"#" else b'""'


def _is_imported(name: str, code: bytes) -> bool:
    """Tell whether code imports a module by its whole name."""
    places = re.finditer(rb"(?<=[\s,])%s\b" % re.escape(name).encode(), code)
    return any(_imports(_before(code, place.start())) for place in places)


def _imported_with(top: str, sources: Mapping[str, File], wanted: Set[str]) -> set[str]:
    """Return those of some modules that the import of a package always imports.

    By the statements of its modules that are indented by nothing.
    """
    wanted = {name for name in wanted if name.startswith(f"{top}.")}
    found: set[str] = set()
    todo = [top]
    for module in todo:  # grows as it is read
        file = sources.get(module)
        if wanted <= found:
            break
        if file is not None:
            if file.statements is None:
                file.statements = (*_statements(module, module_of(file.name)[1], file.content()),)
            for name in file.statements:
                while name not in found and name.startswith(f"{top}."):
                    found.add(name)
                    todo.append(name)
                    name = name.rpartition(".")[0]
    return found


_STATEMENT: Final = (
    rb"\n(?:from[ \t]+([.\w]+)[ \t]+)?import[ \t]+(?:\(([^)]{0,5000})\)|([^\n;\\(]*))"
)


def _statements(module: str, is_package: bool, content: bytes) -> Iterator[str]:
    """Yield the dotted names that a module imports in lines that begin with the statement."""
    package = module if is_package else module.rpartition(".")[0]
    content = b"\n" + content
    end, quotes = 0, [0, 0]
    for match in re.finditer(_STATEMENT, content):
        for index, quote in enumerate((b'"""', b"'''")):
            quotes[index] += content.count(quote, end, match.start())
        end = match.start()
        if any(count % 2 for count in quotes):  # it stands in a text
            continue
        base, listed, line = match.groups()
        names = (each.split() for each in (listed or line or b"").split(b","))
        last = [words[0].decode(errors="replace") for words in names if words]
        above = _absolute(base.decode(), package) if base else ""
        if above:
            yield above
        yield from (f"{above}.{name}".lstrip(".") for name in last)


def _absolute(name: str, package: str) -> str:
    rest = name.lstrip(".")
    dots = len(name) - len(rest)
    if not dots:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - dots + 1], *([rest] if rest else [])])


def _reads(name: bytes, content: bytes) -> bool:
    """Tell whether the text has a name outside of quotes, and of lines that begin as imports do."""
    pattern = rb"""^(?!\s*(?:import|from)\b).*(?<![\w."'])""" + re.escape(name) + rb"\b"
    return re.search(pattern, content, re.MULTILINE) is not None


def uses(file: File, name: str) -> Iterator[str]:
    """Yield the dotted names in a file that begin with some name, as long as they stand there.

    A name that `import a.b as c` binds is yielded as `a.b`.
    """
    content = file.content() if file.name.endswith(".py") else b""
    if file.uses is None and (b" as " in content or _reads(name.encode(), content)):
        file.uses = frozenset(_used(content))
    yield from sorted(each for each in file.uses or () if f"{each}.".startswith(f"{name}."))


def _used(content: bytes) -> set[str]:
    import ast

    from modulepickle._snapshot.imports import UNREADABLE, parsed

    try:
        tree = parsed(content)
    except UNREADABLE:
        return set()
    inner: set[int] = set()
    found: set[str] = set()
    names: dict[str, str] = {}
    for node in ast.walk(tree):  # outer nodes come first
        if isinstance(node, ast.Attribute):
            inner.add(id(node.value))
        if isinstance(node, ast.Import):
            names.update((each.asname, each.name) for each in node.names if each.asname)
        elif isinstance(node, (ast.Attribute, ast.Name)) and id(node) not in inner:
            found.add(".".join(reversed([*_parts(node)])))
    for each in [*found]:
        first, dot, rest = each.partition(".")
        found.add(names.get(first, first) + dot + rest)
    return found


def _parts(node: Any) -> Iterator[str]:
    """Yield the names of a chain, the last one first; one that begins elsewhere has no name.

    Of all nodes, only `ast.Attribute` has an `attr`, and only `ast.Name` an `id`.
    """
    while hasattr(node, "attr"):
        yield node.attr
        node = node.value
    yield getattr(node, "id", "")
