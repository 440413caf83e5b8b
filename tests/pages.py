"""The pages of the docs: their blocks of code, and a reader who does what a page says.

A page is read from top to bottom, in one new folder:

- a block behind a sentence that ends with a file's name in backquotes, and a colon, is that file;
- a block of the language `console` holds commands, and what they print. `...` in what is shown
  stands for anything. Sizes that differ between Pythons may be off by half; hashes of
  compressed bytes, and the protocol, are not compared.

What else a page shows is run by other tests: `test_docs.py` says by which.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from receivers import SITE, SOURCE

ROOT: Final = SOURCE.parent
DOCS: Final = ROOT / "docs"
PAGES: Final = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
"""The pages for users."""

FENCE: Final = re.compile(r"^```([\w+-]*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE: Final = re.compile(r"`([\w./-]+\.(?:csv|py|toml|txt))`[^`.:]*:$")


def text_of(page: str) -> str:
    """Return a page by its name: `README.md`, or its path below `docs/`."""
    path = ROOT / page if page == "README.md" else DOCS / page
    return path.read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """Return what stands below a title, up to the next one of its level or above it."""
    text = text_of(page)
    found = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert found, f"{page} has no title {title!r}"
    rest = re.split(rf"^#{{1,{len(found[1])}}} ", text[found.end() :], flags=re.MULTILINE)
    return rest[0]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. `file`: what the sentence before it calls it, or ""."""

    language: str
    text: str
    file: str


def blocks_in(text: str) -> Iterator[Block]:
    """Yield the blocks of a text."""
    end = 0
    for found in FENCE.finditer(text):
        before = text[end : found.start()].rstrip().rpartition("\n\n")[2]
        name = FILE.search(" ".join(before.split()))
        yield Block(found[1], found[2], name[1] if name else "")
        end = found.end()


def blocks(page: str, language: str) -> list[str]:
    """Return the texts of a page's blocks of a language."""
    return [block.text for block in blocks_in(text_of(page)) if block.language == language]


def block(page: str, language: str, word: str) -> str:
    """Return the one block of a page and language that has a word in it."""
    (found,) = [text for text in blocks(page, language) if word in text]
    return found


def without_code(text: str) -> str:
    """Return a text without its blocks and its code between backquotes."""
    return re.sub(r"`+[^`]*`+", "", FENCE.sub("", text))


def links(text: str) -> list[str]:
    """Return where the links of a text lead."""
    return re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page: those that are set, and those that code hosts give to titles.

    A title has its own in lower case, without punctuation, and with hyphens for blanks.
    """
    text = FENCE.sub("", text)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {*map(anchor, titles), *re.findall(r'^<a id="(.+)"></a>$', text, re.MULTILINE)}


def anchor(title: str) -> str:
    """Return the anchor of one title."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


# -- Doing what a page says -----------------------------------------------------------------------


def follow(page: str, folder: Path, **env: str) -> int:
    """Write the files of a page, and run its commands, from top to bottom; return their number."""
    environment = _environment(folder.parent / f"{folder.name}-bin", env)
    folder.mkdir(exist_ok=True)
    count = 0
    for each in blocks_in(text_of(page)):
        if each.file and each.language != "console":
            path = folder / each.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(each.text, encoding="utf-8")
        if each.language == "console":
            for command, shown in commands(each.text):
                check(command, shown, _output(command, folder, environment))
                count += 1
    return count


def commands(text: str) -> list[tuple[str, str]]:
    """Return the commands of a block, each with what it prints."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)


def _environment(programs: Path, more: dict[str, str]) -> dict[str, str]:
    """Return an environment in which `python` and `modulepickle` are those under test."""
    programs.mkdir()
    for name, rest in {"python": "", "modulepickle": "-m modulepickle "}.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {rest}"$@"\n')
        program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(SITE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
        **more,
    }


def _output(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.replace(str(folder), "/home/me/project")


SIZE: Final = re.compile(r"(?<![\w.])[\d,]*\d(?= bytes, protocol| packed| bytes of text)")
VARIES: Final = re.compile(
    r"(?<=archive: )[0-9a-f]{32}|(?<=  )[0-9a-f]{16}(?=  \d)|(?<=, protocol )\d|[\d.]+(?= ms)"
)
"""What a loader of another release, zlib and the clock have a say in."""


def check(command: str, shown: str, said: str) -> None:
    """Assert that a command has said what a page shows."""
    want, got = (VARIES.sub("N", SIZE.sub("N", text)) for text in (shown, said))
    same = doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS)
    assert same, f"$ {command}\n--- the page shows\n{shown}\n--- and it says\n{said}"
    if "..." not in shown:
        for old, new in zip(SIZE.findall(shown), SIZE.findall(said)):
            old, new = (int(number.replace(",", "")) for number in (old, new))
            assert abs(old - new) <= 20 + new / 2, f"$ {command}\nshows {old} bytes, has {new}"
