"""A hook of mkdocs: what a page says of files that are not of the site.

Pages link to the sources, as readers on a code host expect it. On the site, such links become text
that names the file; and the README is the first page.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the README as the first page."""
    from mkdocs.structure.files import File

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=from_the_root(text)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Return a page whose links stay on the site."""
    return for_the_site(markdown, page.file.src_uri)


def from_the_root(text: str) -> str:
    """Return the README as a page among those of `docs`."""

    def moved(link: re.Match[str]) -> str:
        path = link[2][5:] if link[2].startswith("docs/") else f"../{link[2]}"
        return f"[{link[1]}]({path}{link[3] or ''})"

    return _outside_code(text, moved)


def for_the_site(text: str, page: str) -> str:
    """Return a page without links to what is not below `docs`; `page` is its path there."""

    def kept(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link[2]))
        if path == "README.md":
            target = posixpath.relpath("index.md", posixpath.dirname(page) or ".")
            return f"[{link[1]}]({target}{link[3] or ''})"
        if path.startswith("docs/"):
            return link[0]
        return f"`{path}`" if link[1].strip("`") == path else f"{link[1]} (`{path}` in the sources)"

    return _outside_code(text, kept)


def _outside_code(text: str, change: Any) -> str:
    parts = FENCE.split(text)
    parts[::2] = (LINK.sub(change, part) for part in parts[::2])
    return "".join(parts)
