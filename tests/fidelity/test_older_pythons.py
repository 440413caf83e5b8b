"""What cases leave out on older Pythons (`since`), and the words of Limits that say why."""

from __future__ import annotations

from pathlib import Path

import pytest

import fidelity.cases  # noqa: F401
from fidelity.case import CASES
from fidelity.modes import Harness
from receivers import SOURCE, find_interpreters

pytestmark = [
    pytest.mark.fidelity,
    pytest.mark.skipif("3.9" not in find_interpreters(), reason="no Python 3.9 here"),
]

ONE_FRAME = "Before Python 3.11, the traceback of an error that an import statement"
EACH_PACKAGE = "On Python 3.9, `importlib.metadata.entry_points()` lists an entry point"


@pytest.mark.parametrize(
    ("name", "limit", "got"),
    [
        ("r14_the_traceback_as_printed", ONE_FRAME, "in import_"),
        ("r14_a_missing_module_is_told_from_a_broken_one", ONE_FRAME, "'broken', 'broken'"),
        ("r17_own_entry_points_by_an_egg_info", EACH_PACKAGE, "[1, 1]"),
    ],
)
def test_r17_what_older_pythons_differ_in(tmp_path: Path, name: str, limit: str, got: str) -> None:
    with Harness("3.9", tmp_path) as harness:
        found = harness.run(CASES[name], ("alone",))
    assert any(got in line for line in found["alone"]), found
    page = (SOURCE.parent / "docs" / "limits.md").read_text(encoding="utf-8")
    assert limit in " ".join(page.split())
