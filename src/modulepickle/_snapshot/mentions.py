r"""Source text -> the top-level names that it may import, without parsing it.

To parse a package takes ten times as long as to read and compress it, and mostly tells that the
package imports itself and what is installed. So its text is searched first. The search finds every
name that `imports` would find, and sometimes more: it takes a line of a docstring for a statement,
say. A file is parsed only where it matters whether a name is imported indeed (`requirements`).

Why nothing is missed, in a file that Python reads: an import statement begins a line, or stands
behind a `;` or a `:`, and blanks, form feeds and backslashes at the end of a line are all that can
stand between its words. Each such place is looked at by itself, so no text that only looks like an
import hides the one behind it. A *call* that imports has the function's name in the text, and where
what stands behind that is not plain, the answer is "parse it".

Statements are taken apart by hand: to compile a regular expression for them takes longer than to
search a small package. The two expressions that are left are compiled for the files that need them.

Where a name is found, parsing may stop: the text up to there is read as it is in the whole file.

Outside API: `mentions`, `beginning`, `RELATIVE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

__all__ = ["RELATIVE", "beginning", "mentions"]

RELATIVE: Final = "."
"""Stands for the package's own top-level name, which a relative import may lead to."""

BACKSLASH: Final = ord("\\")

CONTINUED: Final = b"\\\n"
"""What continues a line, unless it stands behind a `#`."""

MANY: Final = 500
"""Lines that continue each other, each of which is looked at with all behind it. More: parse it."""

MUCH: Final = 5_000_000
"""The same in bytes."""

MOST: Final = 0.7
"""Of a file: to parse so much of it first saves nothing, as it may have to be parsed whole."""

_STATEMENT: Final = rb"\n(?=[A-Za-z_@])(?!(?:elif|else|except|finally)\b)"
"""Before a line that begins a statement."""

WORD: Final = bytes(
    code for code in range(256) if code > 127 or chr(code).isalnum() or chr(code) == "_"
)
"""The bytes of names."""

BOM: Final = b"\xef\xbb\xbf"

# PEP 263. In an encoding like these, a byte below 128 is that character, whatever stands around it.
_COOKIE: Final = rb"coding[:=][ \t]*([-\w.]+)"
_LIKE_ASCII: Final = {b"utf-8", b"utf8", b"ascii", b"us-ascii", b"latin-1", b"iso-8859-1"}


CALLED: Final = (b"import_module", b"__import__")
"""The functions that import."""


@cache
def _behind_function() -> re.Pattern[bytes]:
    """Return what matches behind the function of a call that imports.

    In this order: nothing that can be a call; no argument; a literal; an f-string; a sum or a `%`
    that begins with a literal; a variable that ends the argument or begins an expression. The last
    group is empty: anything else.
    """
    return re.compile(
        rb"""
        \s* (?:
            [^\s()\\\#] | \Z
            | \(\s* (?:
                \)
                | [uU]?(["'])([\w.]+)\1\s*[,)]
                | [fF]["']
                | (?: "[^"\\\n]*" | '[^'\\\n]*' ) \s*[+%]
                | [A-Za-z_][\w.]*\s*[,)+%\[(]
            )
            | ()
        )
        """,
        re.VERBOSE,
    )


@cache
def _typing() -> re.Pattern[bytes]:
    """Return what matches a block that only type checkers see: the lines that are indented."""
    return re.compile(
        rb"\nif (?:\w+\.)*TYPE_CHECKING:[ \t]*(?:#[^\n]*)?(?=\n)"
        rb"(?:\n(?:[ \t][^\n\f]*)?(?=\n|\Z))*"
    )


def mentions(source: bytes) -> tuple[str, ...] | None:
    """Return the top-level names that a file may import, sorted; None if only a parser knows.

    With `RELATIVE` among them if it may import relative to its own package.
    """
    if b"import" not in source:
        return ()
    source = _plain(source)
    if not _is_like_ascii(source):
        return None
    names: set[bytes] = set()
    calls = False
    for start, end in _lines(source):
        line = source[start:end]
        if _is_long(line):
            return None
        names.update(_stated(line))
        calls = calls or b"import_" in line
    called = _called(source) if calls else names
    if called is None:
        return None
    try:
        # A name that is not ASCII would have to be normalized as Python does (NFKC).
        return tuple(sorted(name.decode("ascii") for name in names | called))
    except UnicodeDecodeError:
        return None


def beginning(source: bytes, name: str) -> bytes:
    """Return a file up to where it may import a top-level name; empty if that is most of it.

    It ends before a line that begins with a word, but not with one that goes on with a statement.
    So it can be parsed by itself, unless that line stands in a string or in brackets. Then parsing
    it fails. If it succeeds, it has the statements that the whole file begins with: both are read
    from the left to the right.
    """
    source = _plain(source)
    for start, end in _lines(source):
        if _is_long(source[start:end]):
            return b""
        if name.encode() in _stated(source[start:end]):
            rest = re.compile(_STATEMENT).search(source, end)
            here = len(source) if rest is None else rest.end()
            return source[:here] if here < len(source) * MOST else b""
    return b""


def _is_long(line: bytes) -> bool:
    """Tell whether it takes too long to look at each line of those that continue each other."""
    many = line.count(CONTINUED)
    return many > MANY or many * len(line) > MUCH


def _plain(source: bytes) -> bytes:
    """Return source with one kind of line ends, no mark, and not what only type checkers see."""
    if source.startswith(BOM):
        source = source[len(BOM) :]  # else it would be a part of the first name
    if b"\r" in source:
        source = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _without_typing(source)


def _is_like_ascii(source: bytes) -> bool:
    """Tell whether a file says no encoding, in its first two lines, or one like ASCII."""
    end = source.find(b"\n", source.find(b"\n") + 1)
    head = source[:end] if end >= 0 else source
    cookie = re.search(_COOKIE, head) if b"coding" in head else None
    return cookie is None or cookie[1].lower().replace(b"_", b"-") in _LIKE_ASCII


def _without_typing(source: bytes) -> bytes:
    """Drop the blocks at the top level that only type checkers see; keep what may be another thing.

    Where the line stands in a string, no code follows before three quotes do; where the line before
    it is continued, it may be the guard of a `case`; where the last line is, it goes on behind it.
    """
    kept, begin, after = [], 0, 0
    while (found := source.find(b"TYPE_CHECKING:", after)) >= 0:
        start = source.rfind(b"\n", begin, found)
        block = _typing().match(source, start) if start >= 0 else None
        after = found + 1
        if block is None or source[start - 1 : start] == b"\\":
            continue
        after = block.end()
        if b'"""' not in block[0] and b"'''" not in block[0] and block[0][-1] != BACKSLASH:
            kept.append(source[begin:start])
            begin = after
    return b"".join([*kept, source[begin:]]) if kept else source


def _lines(source: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each line with `import` in it begins and ends, with those that continue it."""
    begin = 0
    while (found := source.find(b"import", begin)) >= 0:
        start = source.rfind(b"\n", begin, found) + 1 or begin
        while start > begin and source[start - 2] == BACKSLASH:
            start = source.rfind(b"\n", begin, start - 1) + 1 or begin
        end = source.find(b"\n", found)
        while end > 0 and source[end - 1] == BACKSLASH:
            end = source.find(b"\n", end + 1)
        end = len(source) if end < 0 else end
        yield start, end
        begin = end + 1


def _stated(line: bytes) -> Iterator[bytes]:
    """Yield the top-level names of the statements in a line, and `RELATIVE`."""
    if CONTINUED in line:
        # A comment is not continued: each line may be the first of a statement.
        lines = line.split(CONTINUED)
        line = b";".join(b" ".join(lines[first:]) for first in range(len(lines)))
    for text in line.replace(b":", b";").split(b";"):
        words = text.split() if b"import" in text else [b""]
        if words[0] == b"lazy":  # PEP 810's, of Python 3.15
            del words[0]
        if words[0] == b"import":
            yield from _listed(text)
        elif words[0] == b"from":
            yield from _base(words)
        elif words[0].startswith(b"from."):
            yield RELATIVE.encode()


def _listed(text: bytes) -> Iterator[bytes]:
    """Yield the top-level names behind an `import`, up to what is no list of names."""
    for part in text.partition(b"import")[2].partition(b"#")[0].split(b","):
        words = part.split()
        if b"." in part:
            first, _, rest = part.partition(b".")
            words = [first.strip(), *rest.rpartition(b".")[2].split()[1:]]
        if not words or not _is_name(words[0]) or words[1:2] not in ([], [b"as"]) or len(words) > 3:
            return
        yield words[0]


def _base(words: list[bytes]) -> Iterator[bytes]:
    """Yield the top-level name between a `from` and its `import`."""
    if words[1].startswith(b"."):
        yield RELATIVE.encode()
        return
    for index, word in enumerate(words[2:], 2):
        if word.startswith(b"import") and not _is_name(word[6:7]):
            parts = b" ".join(words[1:index]).split(b".")
            name = parts[0].strip()
            if _is_name(name) and all(len(part.split()) == 1 for part in parts):
                yield name
            return


def _is_name(word: bytes) -> bool:
    """Tell whether a word can be a name."""
    return bool(word) and not word.translate(None, WORD)


def _called(source: bytes) -> set[bytes] | None:
    """Return the top-level names in calls, and `RELATIVE`; None if there is a call that is odd."""
    names: set[bytes] = set()
    for function in CALLED:
        end = 0
        while (found := source.find(function, end)) >= 0:
            end = found + len(function)
            if _is_name(source[found - 1 : found]) or _is_name(source[end : end + 1]):
                continue  # a part of a longer name
            names.add(RELATIVE.encode())  # a package, or a level, may be given
            if source[end : end + 200].split(None, 1)[:1] == [b"as"]:
                return None  # it is called by another name
            if _is_plain(source[end : end + 200].lstrip()):
                continue
            match = _behind_function().match(source, end)
            if match is None or match[3] is not None or (match[2] or b"").startswith(b"."):
                return None
            if match[2]:
                names.add(match[2].partition(b".")[0])
    return names


def _is_plain(behind: bytes) -> bool:
    """Tell whether behind a function stands nothing of a call, or a variable alone, as usual."""
    argument, bracket, _ = behind.partition(b")")
    if behind[:1] == b"(":
        return bool(bracket) and _is_name(argument[1:])
    return behind[:1] not in (b"", b")", b"\\", b"#")
