"""The patterns of a policy: what they match, and those that can match nothing.

Three fields take `fnmatch` patterns on dotted module names, and `ignore` takes them on POSIX paths
inside a package. A pattern of the wrong kind looks right and does nothing; whoever wrote it
believes that a file stays at home. So it is refused when the policy is made.

Outside API: `covers`, `is_plain`, `malformed`, `patterns_of`, `prefixes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

__all__ = ["covers", "is_plain", "malformed", "patterns_of", "prefixes"]


def prefixes(path: str, separator: str) -> Iterator[str]:
    """Yield `a`, `a.b`, `a.b.c` for `a.b.c`."""
    end = path.find(separator)
    while end != -1:
        yield path[:end]
        end = path.find(separator, end + 1)
    yield path


def covers(patterns: Iterable[str], name: str) -> bool:
    """Tell whether a pattern matches the dotted name or one of the packages it stands in."""
    return any(
        fnmatchcase(prefix, pattern) for pattern in patterns for prefix in prefixes(name, ".")
    )


def is_plain(pattern: str) -> bool:
    """Tell whether a pattern is a name, and matches nothing else."""
    return not any(each in pattern for each in "*?[")


def patterns_of(field: str, value: Any) -> tuple[str, ...]:
    """Return the patterns of a field as a tuple.

    Args:
        field: of `Policy`.

    Raises:
        TypeError: if it is not a list or tuple of strings. A bare string is a likely mistake.
        ValueError: if a pattern can match nothing.
    """
    if isinstance(value, str):
        raise TypeError(
            f"Policy({field}={value!r}) is one string, which would be read letter by letter; "
            f"write Policy({field}=({value!r},))"
        )
    if not isinstance(value, (tuple, list, set, frozenset)):
        kind = type(value).__name__
        raise TypeError(
            f'Policy({field}=...) takes a tuple of strings, not {kind}; write ("name",)'
        )
    for pattern in value:
        if not isinstance(pattern, str) or not pattern:
            name = getattr(pattern, "__name__", None)  # of a module, as somebody may think
            hint = f"; write Policy({field}=({name!r},))" if isinstance(name, str) else ""
            wrong = f"Policy({field}=...) takes non-empty strings, not {pattern!r}"
            raise TypeError(wrong + hint)
        wrong = malformed(field, pattern)
        if wrong:
            raise ValueError(f"Policy({field}=({pattern!r},)) can match nothing: {wrong}")
    return tuple(sorted(value)) if isinstance(value, (set, frozenset)) else tuple(value)


def malformed(field: str, pattern: str) -> str:
    """Return why a pattern can match nothing, and what to write; "" if it can.

    Args:
        field: of `Policy`: "include", "exclude", "by_value" or "ignore".
    """
    return _not_a_path(pattern) if field == "ignore" else _not_a_module(pattern)


def _not_a_path(pattern: str) -> str:
    if "\\" in pattern and "[" not in pattern:
        return f"paths have slashes here; write {pattern.replace(chr(92), '/')!r}"
    parts = pattern.split("/")
    kept = [part for part in parts if part not in ("", ".", "..")]
    if parts[-1:] == [""] and len(parts) > 1:  # `data/` is a folder
        parts = parts[:-1]
    if parts == kept:
        return ""
    hint = f"; write {'/'.join(kept)!r}" if kept else "; to send nothing of it, use exclude"
    return f"paths begin inside the package{hint}"


def _not_a_module(pattern: str) -> str:
    if "/" in pattern or "\\" in pattern:
        parts = pattern.replace("\\", "/").removesuffix(".py").split("/")
        kept = [part for part in parts if part not in ("", ".", "..", "src")]
        hint = f"; write {'.'.join(kept)!r}" if kept else ""
        return f"modules are named with dots, and not by their paths{hint}"
    if pattern != pattern.strip():
        return f"it has blanks around it; write {pattern.strip()!r}"
    if "" in pattern.split("."):
        kept = [part for part in pattern.split(".") if part]
        hint = f"; write {'.'.join(kept)!r}" if kept else ""
        return f"a module's name has no empty part{hint}"
    return ""
