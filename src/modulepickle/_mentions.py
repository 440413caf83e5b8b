r"""Source text -> the top-level names that it may import, without parsing it.

To parse a package takes ten times as long as to read and compress it, and mostly tells that the
package imports itself and what is installed. So its text is searched first. The search finds every
name that `imports` would find, and sometimes more: it takes a line of a docstring for a statement,
say. A file is parsed only where it matters whether a name is imported indeed (`_needs`).

Why nothing is missed, in a file that Python reads: an import statement begins a line, or stands
behind a `;` or a `:`, and blanks, form feeds and backslashes at the end of a line are all that can
stand between its words. Each such place is looked at by itself, so no text that only looks like an
import hides the one behind it. A *call* that imports has the function's name in the text, and where
what stands behind that is not plain, the answer is "parse it".

Outside API: `mentions`, `RELATIVE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["RELATIVE", "mentions"]

RELATIVE: Final = "."
"""Stands for the package's own top-level name, which a relative import may lead to."""

BACKSLASH: Final = ord("\\")

_PARTS: Final = {
    "GAP": r"(?:[ \t\f]|\\\n)",
    "WORD": r"[A-Za-z0-9_\x80-\xff]+",
    "END": r"(?![A-Za-z0-9_\x80-\xff])",
}


def _compiled(pattern: str) -> re.Pattern[bytes]:
    for name, part in _PARTS.items():
        pattern = pattern.replace(name, part)
    return re.compile(pattern.encode(), re.VERBOSE)


# `lazy` is PEP 810's, of Python 3.15.
_STATEMENT: Final = _compiled(
    r"""
    (?: [\n;:] | \A(?:\xef\xbb\xbf)? )
    (?= GAP* (?:lazy GAP+)? (?:
        (import) END
        | from (?: GAP*(\.) | GAP+(WORD)(?:GAP*\.GAP*WORD)*GAP*import END )
    ) )
    """
)

# One of the names behind `import`, and the comma behind it.
_NAME: Final = _compiled(
    r"GAP*(WORD)(?:GAP*\.GAP*WORD)*(?:GAP+as GAP+WORD)? GAP* (?: (,) | (?=[\n;\#]|\Z) )"
)

# The function of a call, and behind it, in this order: nothing that can be a call; no argument; a
# literal; an f-string; a sum or a `%` that begins with a literal; a variable that ends the argument
# or begins an expression. The last group is empty: anything else.
_CALL: Final = _compiled(
    r"""
    (?<![A-Za-z0-9_]) (?:import_module|__import__) (?![A-Za-z0-9_])
    (?= \s* (?:
        [^\s()\\\#] | \Z
        | \(\s* (?:
            \)
            | [uU]?(["'])([\w.]+)\1\s*[,)]
            | [fF]["']
            | (?: "[^"\\\n]*" | '[^'\\\n]*' ) \s*[+%]
            | [A-Za-z_][\w.]*\s*[,)+%\[(]
        )
        | ()
    ) )
    """
)

# A block that only type checkers see, at the top level of a file: the lines that are indented.
_TYPING: Final = re.compile(
    rb"\nif (?:\w+\.)*TYPE_CHECKING:[ \t]*(?:#[^\n]*)?(?=\n)(?:\n(?:[ \t][^\n\f]*)?(?=\n|\Z))*"
)

# PEP 263. In an encoding like these, a byte below 128 is that character, whatever stands around it.
_COOKIE: Final = re.compile(rb"coding[:=][ \t]*([-\w.]+)")
_LIKE_ASCII: Final = {b"utf-8", b"utf8", b"ascii", b"us-ascii", b"latin-1", b"iso-8859-1"}


def mentions(source: bytes) -> tuple[str, ...] | None:
    """Return the top-level names that a file may import, sorted; None: parse it to know.

    With `RELATIVE` among them if it may import relative to its own package.
    """
    if b"import" not in source:
        return ()
    if b"\r" in source:
        source = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    cookie = _COOKIE.search(b"\n".join(source.split(b"\n", 2)[:2]))
    if cookie is not None and cookie[1].lower().replace(b"_", b"-") not in _LIKE_ASCII:
        return None
    if b"TYPE_CHECKING:" in source:
        source = _TYPING.sub(_without, source)
    called = _called(source) if b"import_" in source else set()
    if called is None:
        return None
    try:
        # A name that is not ASCII would have to be normalized as Python does (NFKC).
        return tuple(sorted(name.decode("ascii") for name in called.union(_stated(source))))
    except UnicodeDecodeError:
        return None


def _without(block: re.Match[bytes]) -> bytes:
    """Drop what only type checkers see; keep what may be another thing.

    Where the line stands in a string, no code follows before three quotes do; where the line before
    it is continued, it may be the guard of a `case`.
    """
    text, start = block[0], block.start()
    is_continued = start > 0 and block.string[start - 1] == BACKSLASH
    return text if is_continued or b'"""' in text or b"'''" in text else b""


def _stated(source: bytes) -> Iterator[bytes]:
    """Yield the top-level names of statements, and `RELATIVE`."""
    for start, end in _lines(source):
        for match in _STATEMENT.finditer(source, start, end):
            yield from _names(source, match.end(1)) if match[1] else [match[2] or match[3]]


def _lines(source: bytes) -> Iterator[tuple[int, int]]:
    """Yield where lines with `import` in them begin and end, with those that they continue."""
    end = 0
    while (found := source.find(b"import", end)) >= 0:
        start = source.rfind(b"\n", 0, found)
        while start > 0 and source[start - 1] == BACKSLASH:
            start = source.rfind(b"\n", 0, start)
        end = source.find(b"\n", found)
        while end > 0 and source[end - 1] == BACKSLASH:
            end = source.find(b"\n", end + 1)
        end = len(source) if end < 0 else end
        yield max(start, 0), end


def _names(source: bytes, behind: int) -> Iterator[bytes]:
    """Yield the top-level names behind an `import`."""
    while (match := _NAME.match(source, behind)) is not None:
        yield match[1]
        if not match[2]:
            return
        behind = match.end()


def _called(source: bytes) -> set[bytes] | None:
    """Return the top-level names in calls, and `RELATIVE`; None if there is a call that is odd."""
    names: set[bytes] = set()
    for match in _CALL.finditer(source):
        names.add(RELATIVE.encode())  # a package, or a level, may be given
        if match[3] is not None or (match[2] or b"").startswith(b"."):
            return None
        if match[2]:
            names.add(match[2].partition(b".")[0])
    return names
