"""Data by value that looks like a secret: a password among the globals of a function.

Whoever pickles a function of a script sends what the function names. A pickle is kept, cached and
logged in places that a password should not reach, so `dumps` says that one travels (R15). Only text
counts, and only by its name, except for text that begins as private keys do.

Outside API: `note_secrets`, `SECRET`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, Final

from modulepickle._base.errors import Problem, Reason
from modulepickle._reduce.state import Dump

__all__ = ["SECRET", "note_secrets"]

# As text: `re` compiles it when it is first used.
SECRET: Final = (
    r"(?i)passw|passphrase|secret|credential|api_?key|private_?key|access_?key|auth_?key|(?:^|_)tokens?(?:$|_)"
    r"|(?:^|_)pwd(?:$|_)"
)

RANDOM: Final = 16
"""Characters, without blanks, that make a `token` a secret; shorter ones are those of parsers."""

KEY: Final = "-----BEGIN "


def note_secrets(dump: Dump, owner: Any, kind: str, values: Mapping[str, Any]) -> None:
    """Note what looks like a secret, and goes by value.

    Args:
        owner: a function or class. kind: of its values, as "global".
    """
    for name, value in values.items():
        if type(value) in (str, bytes) and _is_secret(str(name), value):
            remedy = "read it where it is used, from the environment or a file there"
            detail = "it looks like a secret, and its value travels"
            title = f"class `{owner.__qualname__}`" if kind == "attribute" else ""
            subject = f"{kind} `{name}` of {title or f'`{owner.__qualname__}`'}"
            dump.note(Problem(Reason.SECRET, subject, detail, remedy))


def _is_secret(name: str, value: Any) -> bool:
    text = value if type(value) is str else value.decode("latin-1")
    if text.startswith(KEY) and "PRIVATE KEY-----" in text:
        return True
    kind = _kind(name)
    if not kind or not text:
        return False
    is_random = len(text) >= RANDOM and not any(map(str.isspace, text)) and text[0] != "<"
    return is_random if "token" in kind else True


@functools.lru_cache(maxsize=4096)
def _kind(name: str) -> str:
    """Return the part of a name that means a secret, or ""."""
    found = re.search(SECRET, name)
    return "" if found is None else found[0].lower()
