"""The README as PyPI shows it, where there are no other files beside it, and titles have no names.

Links to other files lead to the repository, if `pyproject.toml` says where that is
(`repository = "https://..."` in the table of this hook); else they become text. Images go, and
titles get the anchors that code hosts give them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

BLOCK = re.compile(r"(^```.*?^```\n)", re.MULTILINE | re.DOTALL)


def for_pypi(text: str, repository: str = "") -> str:
    """Return a README that needs no other files.

    Args:
        repository: where the files of the main branch are, as `https://host/owner/name/blob/main`.
    """
    parts = BLOCK.split(text)
    parts[::2] = (_outside(part, repository) for part in parts[::2])  # the others are code
    return "".join(parts)


def _outside(text: str, repository: str) -> str:
    text = re.sub(r"^!\[[^]]*\]\((?!https?:)[^)]*\)\n\n?", "", text, flags=re.MULTILINE)
    plain = rf"[\1]({repository.rstrip('/')}/\2)" if repository else _plain
    text = re.sub(r"\[([^]]+)\]\((?!https?:|#)([^)]+)\)", plain, text)
    return re.sub(r"^(#+) (.+)$", _with_anchor, text, flags=re.MULTILINE)


def _plain(link: re.Match[str]) -> str:
    """Return the text of a link, and the file that it leads to, where the text does not say it.

    What leads into the middle of a page is only text: it stands in a sentence of its own.
    """
    words, path = link[1], link[2]
    if "#" in path:
        return words
    return f"`{path}`" if words == path else f"{words} (`{path}` in the sources)"


def _with_anchor(title: re.Match[str]) -> str:
    name = re.sub(r"[^\w\- ]", "", title[2].lower()).replace(" ", "-")
    return f'{title[1]} <a id="{name}"></a>{title[2]}'


class Readme(MetadataHookInterface):
    """Gives the distributions that README."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the field `readme`."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        where = self.config.get("repository", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_pypi(text, where)}
