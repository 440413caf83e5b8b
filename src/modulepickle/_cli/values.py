"""The arguments of a call, as they are typed: JSON, text, `name=value`.

Outside API: `Call`, `called_with`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from modulepickle._cli.mistake import Mistake

__all__ = ["Call", "called_with"]

KEYWORD: Final = re.compile(r"([^\W\d]\w*)=(.*)", re.DOTALL)

PYTHONS: Final = {"None": "null", "True": "true", "False": "false"}
"""What Python writes -> what JSON does."""


class Call(NamedTuple):
    """What a function is called with. `notes`: sentences on what else may have been meant."""

    arguments: list[Any]
    keywords: dict[str, Any]
    notes: list[str]


def called_with(texts: Iterable[str]) -> Call:
    """Return the arguments that are typed: `3`, `[1, 2]`, `tea`, `n=3`, `name=tea`.

    What is not JSON is a string. `'"a=b"'` is the string `a=b`, and `'"3"'` is the string `3`.

    Raises:
        Mistake: a keyword is given twice, or an argument stands behind one.
    """
    call = Call([], {}, [])
    for text in texts:
        keyword = KEYWORD.fullmatch(text)
        if keyword is None:
            if call.keywords:
                last = [*call.keywords][-1]
                raise Mistake(
                    f"the argument {text} comes after {last}=...; positional arguments come first"
                )
            call.arguments.append(_value(text, call.notes))
        elif keyword[1] in call.keywords:
            raise Mistake(f"the argument {keyword[1]}=... is given twice; type it once")
        else:
            call.keywords[keyword[1]] = _value(keyword[2], call.notes)
    return call


def _value(text: str, notes: list[str]) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        pass
    if text in PYTHONS:
        notes.append(f"{text} is passed as a string; if you mean Python's, type  {PYTHONS[text]}")
    elif text[:1] in ("[", "{", '"') and len(text) > 1:
        notes.append(f"{text} is not valid JSON, so it is passed as a string")
    return text


def _no_constant(name: str) -> None:
    """Refuse NaN and Infinity, which Python's reader takes: JSON has none, so they are strings."""
    raise ValueError(name)
