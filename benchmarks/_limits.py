"""Growth: how much more something takes where there is more of it, and how much more it may.

Outside API: `limits`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks._figures import Figure, cell, tables

__all__ = ["limits"]


@dataclass(frozen=True)
class Limit:
    """A curve that must not rise faster than so.

    Attributes:
        table: the group's part, or its beginning. row: the curve. power: how it may grow with the
            number, between the two largest sizes: 0 is flat, 1 is in proportion, 2 is quadratic.
    """

    table: str
    row: str
    power: float


# Above 1: what is in proportion is dearer where it no longer fits into the processor's caches.
LINEAR: Final = 1.25
FLAT: Final = 0.15

LIMITS: Final = (
    Limit("files", "dumps, first", LINEAR),
    Limit("files", "dumps, next", LINEAR),
    Limit("files", "loads, first on the host", LINEAR),
    Limit("files", "loads, second process", LINEAR),
    Limit("files", "loads, same process", LINEAR),
    Limit("local packages", "dumps, first", LINEAR),
    Limit("local packages", "dumps, next", LINEAR),
    Limit("local packages", "loads, first on the host", LINEAR),
    Limit("local packages", "loads, second process", LINEAR),
    Limit("local packages", "loads, same process", LINEAR),
    Limit("references", "dumps, next: modulepickle", LINEAR),
    Limit("references", "loads, same process: modulepickle", LINEAR),
    Limit("versions in one receiver", "a load: modulepickle", FLAT),
    Limit("versions in one receiver", "memory: modulepickle", FLAT),
    Limit("receivers", "loads, first on the host", LINEAR),
    Limit("receivers", "loads, known on the host", LINEAR),
    Limit("versions that a host has", "a load of one more", FLAT),
    Limit("megabytes", "dumps, first", LINEAR),
    Limit("megabytes", "loads, first on the host", LINEAR),
)


def limits(figures: Sequence[Figure]) -> str:
    """Return the table in Markdown: each curve at its two largest sizes, its power, the limit."""
    lines = [
        "| what grows | curve | largest sizes | takes | grows as n to the power of | limit |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for limit in LIMITS:
        points = _points(figures, limit)
        if len(points) < 2:
            lines.append(f"| {limit.table} | {limit.row} | not measured | | | {limit.power} |")
            continue
        (few, less), (many, more) = points[-2:]
        power = math.log(more[0] / less[0]) / math.log(many / few)
        missed = " (missed)" if power > limit.power else ""
        lines.append(
            f"| {limit.table} | {limit.row} | {few:,}, {many:,} | {cell(*less)}, {cell(*more)} "
            f"| {power:.2f}{missed} | {limit.power} |"
        )
    return "\n".join(lines)


def _points(figures: Sequence[Figure], limit: Limit) -> list[tuple[int, tuple[float, str]]]:
    """Return the sizes of a curve, above 0, with value and unit, from the smallest on."""
    found: dict[int, tuple[float, str]] = {}
    for name, them in tables(figures).items():
        if name.startswith(f"growth: {limit.table}"):
            for each in them:
                # In most tables the number is the column, in one it is the row.
                number, row = sorted((each.subject, each.what), key=lambda text: not _is_size(text))
                if row.startswith(limit.row) and _is_size(number) and each.value:
                    found[int(number.replace(",", ""))] = each.value, each.unit
    return sorted((size, found[size]) for size in found if size)


def _is_size(text: str) -> bool:
    return text.replace(",", "").isdigit()
