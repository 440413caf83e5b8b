"""Write the README's table of figures anew, from the tables that the benchmarks wrote."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

README: Final = Path(__file__).resolve().parents[2] / "README.md"

FIGURES: Final = {
    "files of the package": "files of the package",
    "what travels of it, **x** `zip -9`": "archive, **x** zip -9",
    "on top of that, in each pickle": "on top of the archive",
    "`dumps`, nothing changed, **x** one `stat` a file": "dumps, warm, **x** stat each file",
    "`dumps`, after an edit of one file, **x** nothing changed": (
        "dumps, after an edit of one file, **x** dumps, warm"
    ),
    "`loads`, first on a host, **x** the native import": (
        "loads, cold: first on the host, **x** native import, no bytecode, written"
    ),
    "`loads`, second process on it, **x** the native import": (
        "loads, second process on the host, **x** native import, bytecode there"
    ),
    "`loads` after an edit, a new process, **x** the native import": (
        "loads, new process, after an edit, **x** native import, bytecode there"
    ),
    "`loads` after an edit, the same process, **x** the native import": (
        "loads, same process, after an edit, **x** native import, bytecode there"
    ),
}
"""Label of a row in the README -> that of the row in the benchmarks' group `ship`."""


def measured(label: str) -> list[str]:
    """Return the cells of a row that the benchmarks wrote, without that of the target."""
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in README.parent.glob("benchmarks/*.md")
    )
    rows = re.findall(rf"^\| {re.escape(label)} \| (.+) \|$", text, re.MULTILINE)
    assert len(rows) == 1, f"benchmarks/*.md have {len(rows)} rows {label!r}"
    return [cell.strip() for cell in rows[0].split(" | ")][:3]


def renewed() -> str:
    """Return the README with the figures of now."""
    text = README.read_text(encoding="utf-8")
    for label, row in FIGURES.items():
        line = f"| {label} | {' | '.join(measured(row))} |"
        lines = re.findall(rf"^\| {re.escape(label)} \| .+$", text, re.MULTILINE)
        assert len(lines) == 1, f"the README has {len(lines)} rows {label!r}"
        text = text.replace(lines[0], line)
    return text


if __name__ == "__main__":
    README.write_text(renewed(), encoding="utf-8")
