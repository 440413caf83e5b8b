"""Environment markers: whether a requirement of a distribution holds for this interpreter.

`tomli>=2; python_version < "3.11" and extra == "toml"`, as PEP 508 and the specification of
dependency specifiers (PyPA) have it. The standard library reads none of that.

Outside API: `Requirement`, `normal`, `parsed`.
"""

from __future__ import annotations

import operator
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

__all__ = ["Requirement", "normal", "parsed"]


class Requirement(NamedTuple):
    """What a distribution needs.

    Attributes:
        name: as it is written. extras: those that it wants of that one.
        marker: when it is needed; "" for always.
    """

    name: str
    extras: tuple[str, ...]
    marker: str

    def holds(self, extra: str = "") -> bool:
        """Tell whether this interpreter needs it, with one extra of what requires it, or none.

        A marker that cannot be read holds.
        """
        if not self.marker:
            return True
        tokens = [*_tokens(self.marker)]
        try:
            return _either(tokens, {**_environment(), "extra": extra})
        except (IndexError, KeyError, ValueError):
            return True


_REQUIREMENT: Final = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?")


def parsed(text: str) -> Requirement | None:
    """Return a requirement that is written as in metadata; None if it begins with no name."""
    match = _REQUIREMENT.match(text)
    if match is None:
        return None
    extras = tuple(normal(each.strip()) for each in (match[2] or "").split(",") if each.strip())
    # A URL may hold a semicolon; behind one, the marker stands after a space.
    rest = text[match.end() :]
    marker = rest.partition(" ;" if "@" in rest.partition(";")[0] else ";")[2]
    return Requirement(match[1], extras, marker.strip())


def normal(name: str) -> str:
    """Return the name of a distribution as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


_TOKEN: Final = re.compile(r"""\s*(?:("[^"]*"|'[^']*')|([()])|(===|[<>=!~]=|[<>])|([\w.]+))""")


def _tokens(marker: str) -> Iterator[str]:
    end = 0
    while marker[end:].strip():
        match = _TOKEN.match(marker, end)
        if match is None:
            raise ValueError(marker)
        end = match.end()
        yield match[0].strip()


def _either(tokens: list[str], values: dict[str, str]) -> bool:
    """Read alternatives from the front of the tokens."""
    found = _both(tokens, values)
    while tokens[:1] == ["or"]:
        tokens.pop(0)
        found |= _both(tokens, values)
    return found


def _both(tokens: list[str], values: dict[str, str]) -> bool:
    found = _one(tokens, values)
    while tokens[:1] == ["and"]:
        tokens.pop(0)
        found &= _one(tokens, values)
    return found


def _one(tokens: list[str], values: dict[str, str]) -> bool:
    if tokens[0] == "(":
        tokens.pop(0)
        found = _either(tokens, values)
        tokens.remove(")")
        return found
    left, sign = tokens.pop(0), tokens.pop(0)
    if sign == "not":
        sign += f" {tokens.pop(0)}"
    right = tokens.pop(0)
    one, other = (_value(each, values) for each in (left, right))
    if "extra" in (left, right):
        one, other = normal(one), normal(other)
    return _compared(one, sign, other)


def _value(token: str, values: dict[str, str]) -> str:
    return token[1:-1] if token[0] in "\"'" else values[token.replace(".", "_")]


_SIGNS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
    ">=": operator.ge, ">": operator.gt, "===": operator.eq,
    "in": lambda one, other: one in other, "not in": lambda one, other: one not in other,
}  # fmt: skip


def _compared(one: str, sign: str, other: str) -> bool:
    """Compare as versions if both are versions, otherwise as text."""
    if sign in ("==", "!=") and other.endswith(".*"):
        return (f"{one}.".startswith(other[:-1])) is (sign == "==")
    versions = [_version(each) for each in (one, other)]
    if sign == "~=":
        above = other.rpartition(".")[0]
        return _compared(one, ">=", other) and f"{one}.".startswith(f"{above}.")
    if None in versions or sign in ("in", "not in", "==="):
        return _SIGNS[sign](one, other)
    return _SIGNS[sign](*versions)


def _version(text: str) -> tuple[tuple[int, ...], int, str] | None:
    """Return the key that orders versions, or None for what is not a version. 3.13.0rc1 < 3.13."""
    match = re.fullmatch(r"v?(\d+(?:\.\d+)*)(\+?)[.-]?([A-Za-z0-9.+]*)", text)
    if match is None:
        return None
    numbers = [*map(int, match[1].split("."))]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    is_final = bool(match[2]) or not match[3] or match[3].startswith("post")
    return tuple(numbers), int(is_final), match[3]


def _environment() -> dict[str, str]:
    """Return the variables of markers, as this interpreter has them."""
    info = sys.implementation.version
    version = f"{info.major}.{info.minor}.{info.micro}"
    if info.releaselevel != "final":
        version += info.releaselevel[0] + str(info.serial)
    return {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_version": "{}.{}".format(*sys.version_info),
        "python_full_version": platform.python_version(),
        "implementation_name": sys.implementation.name,
        "implementation_version": version,
        "python_implementation": platform.python_implementation(),
        # PEP 345 spells some of them with dots; here they have underscores.
        "platform_python_version": platform.python_version(),
    }
