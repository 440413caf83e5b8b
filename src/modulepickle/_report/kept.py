"""The archive of a package, as a store keeps it: what `inspect` reports of a file that is one.

Outside API: `package_in`.
"""

from __future__ import annotations

import os
import struct
from typing import Final

from modulepickle._base.process import DIGEST_SIZE, sha256
from modulepickle._local.finder import IMPORTABLE
from modulepickle._report.archives import members_of
from modulepickle._report.budget import Budget
from modulepickle._report.schema import InspectData
from modulepickle._snapshot.archive import Member

__all__ = ["package_in"]

KEY: Final = 2 * DIGEST_SIZE
"""Characters of the name that a store of ours gives to an archive, its hash in hex."""


def package_in(data: bytes, file: str) -> tuple[InspectData, dict[str, bytes | Member]] | None:
    """Return the report on an archive, and its files as `Contents.sources` has them.

    None if it is none that the loader would take, or has no module in it.

    Args:
        file: the path that it was read from, or "".
    """
    if not data.startswith(b"PK\3\4"):
        return None
    try:
        members = [*members_of(data)]
    except (ValueError, struct.error):
        return None
    modules = [each.path for each in members if each.path.endswith(IMPORTABLE)]
    problems: list[str] = []
    budget = Budget(len(data), problems)
    length = sum(len(each.path) for each in members)
    if not modules:
        return None
    if not (budget.take("entries", len(members)) and budget.take("text", length)):
        members = []
    key = sha256(data).digest()[:DIGEST_SIZE].hex()
    given = os.path.basename(file)
    if len(given) == KEY and given != key and not given.strip("0123456789abcdef"):
        problems.append("it is damaged: its hash is not its name in the store; pickle it again")
    report: InspectData = {
        "format": 2,
        "kind": "inspect",
        "bytes": len(data),
        "pickles": [],
        "signature": {"state": "absent", "bytes": 0},
        "loaders": [],
        "snapshots": [
            {
                "name": modules[0].partition("/")[0].partition(".")[0],
                "digest": "",
                "archive": key,
                "where": "here",
                "store": "",
                "archive_bytes": len(data),
                "archive_matches": not problems,
                "digest_matches": None,
                "files": [
                    {"path": each.path, "bytes": each.size, "packed_bytes": len(each.packed)}
                    for each in members
                ],
                "bytes": sum(each.size for each in members),
                "packages": [],
                "distributions": {},
            }
        ],
        "shipped": [],
        "by_value": [],
        "python": [],
        "requires": {},
        "imports": [],
        "buffers": 0,
        "sizes": {"loaders": 0, "archives": len(data), "code": 0, "signature": 0, "rest": 0},
        "warnings": [],
        "problems": problems,
    }
    return report, {f"{key}/{each.path}": each for each in members}
