r"""Source text -> the top-level names that it may import, without parsing it.

Parsing a package takes ten times as long as reading and compressing it, and mostly shows that the
package imports itself and what is installed. So its text is searched first. The search finds every
name that `imports` would find, and sometimes more: it may take a line of a docstring for a
statement. A file is parsed only where it matters whether a name is really imported
(`requirements`).

Nothing is missed in a file that Python can parse. An import statement begins a line, or follows a
`;` or a `:`, and only blanks, form feeds and backslashes at the end of a line can stand between its
words. Each such place is looked at by itself, so text that only looks like an import cannot hide a
real one behind it. A *call* that imports has the function's name in the text; if what follows the
name is not simple, the answer is "parse it".

Statements are split by hand: compiling a regular expression for them takes longer than searching a
small package. The two remaining expressions are compiled for the files that need them.

Parsing may stop where a name is found: the text up to there means the same as in the whole file.

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
"""What continues a line, except after a `#`."""

MANY: Final = 500
"""Lines that continue each other, each of which is searched to the end. With more, it is parsed."""

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

# PEP 263. In encodings like these, a byte below 128 is that ASCII character in any context.
_COOKIE: Final = rb"coding[:=][ \t]*([-\w.]+)"
_LIKE_ASCII: Final = {b"utf-8", b"utf8", b"ascii", b"us-ascii", b"latin-1", b"iso-8859-1"}


CALLED: Final = (b"import_module", b"__import__")
"""The functions that import."""


@cache
def _behind_function() -> re.Pattern[bytes]:
    """Return the pattern for what follows the function of a call that imports.

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
    """Return the pattern for a block that only type checkers see: its indented lines."""
    return re.compile(
        rb"\nif (?:\w+\.)*TYPE_CHECKING:[ \t]*(?:#[^\n]*)?(?=\n)"
        rb"(?:\n(?:[ \t][^\n\f]*)?(?=\n|\Z))*"
    )


def mentions(source: bytes) -> tuple[str, ...] | None:
    """Return the top-level names that a file may import, sorted; None if it has to be parsed.

    They include `RELATIVE` if it may import relative to its own package.
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

    It ends before a line that begins with a word, unless that word continues a statement. So it can
    be parsed by itself, unless that line stands in a string or in brackets: then parsing fails. If
    parsing succeeds, it yields the statements that the whole file begins with, since Python reads
    from left to right.
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
    """Tell whether searching each of the lines that continue each other would take too long."""
    many = line.count(CONTINUED)
    return many > MANY or many * len(line) > MUCH


def _plain(source: bytes) -> bytes:
    """Return source with one kind of line ends, without BOM and what only type checkers see."""
    if source.startswith(BOM):
        source = source[len(BOM) :]  # otherwise it would be part of the first name
    if b"\r" in source:
        source = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _without_typing(source)


def _is_like_ascii(source: bytes) -> bool:
    """Tell whether a file declares no encoding in its first two lines, or one like ASCII."""
    end = source.find(b"\n", source.find(b"\n") + 1)
    head = source[:end] if end >= 0 else source
    cookie = re.search(_COOKIE, head) if b"coding" in head else None
    return cookie is None or cookie[1].lower().replace(b"_", b"-") in _LIKE_ASCII


def _without_typing(source: bytes) -> bytes:
    """Drop the top-level blocks that only type checkers see; keep what may be something else.

    If the line stands in a string, no code follows before three quotes; if the line before it is
    continued, it may be the guard of a `case`; if the last line is continued, the block goes on.
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
        # A comment is not continued, so each line may begin a statement.
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
    """Yield the top-level names behind an `import`, as long as they form a list."""
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
    """Return the top-level names in calls, and `RELATIVE`; None if a call is not simple."""
    names: set[bytes] = set()
    for function in CALLED:
        end = 0
        while (found := source.find(function, end)) >= 0:
            end = found + len(function)
            if _is_name(source[found - 1 : found]) or _is_name(source[end : end + 1]):
                continue  # a part of a longer name
            names.add(RELATIVE.encode())  # a package, or a level, may be given
            if source[end : end + 200].split(None, 1)[:1] == [b"as"]:
                return None  # it is given another name
            if _is_plain(source[end : end + 200].lstrip()):
                continue
            match = _behind_function().match(source, end)
            if match is None or match[3] is not None or (match[2] or b"").startswith(b"."):
                return None
            if match[2]:
                names.add(match[2].partition(b".")[0])
    return names


def _is_plain(behind: bytes) -> bool:
    """Tell whether a function's name is not called, or only with a variable, as is usual."""
    argument, bracket, _ = behind.partition(b")")
    if behind[:1] == b"(":
        return bool(bracket) and _is_name(argument[1:])
    return behind[:1] not in (b"", b")", b"\\", b"#")
