"""The own tests of real projects pass against a shipped copy as they pass natively."""

from __future__ import annotations

import pytest
from differences import DIFFERENCES
from projects import PROJECTS
from runs import MARKS, compared

pytestmark = MARKS


def matches(pattern: str, name: str) -> bool:
    """Tell whether an entry of the table means a test: by its id, or as `BEGINNING*`."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


@pytest.mark.parametrize("name", PROJECTS)
def test_r17_the_tests_of_a_project(name, tmp_path):
    listed = DIFFERENCES.get(name, {})
    found = compared(PROJECTS[name], tmp_path)
    assert len(found.passed) >= 50
    unlisted = [each for each in found.lost if not any(matches(p, each) for p in listed)]
    assert not unlisted, (
        f"{len(unlisted)} tests pass natively and not shipped:\n  "
        + "\n  ".join(unlisted)
        + f"\n{found.printed[-6000:]}"
    )
    kept = [each for each in found.passed if each not in set(found.lost)]
    stale = [p for p in listed if any(matches(p, each) for each in kept)]
    assert not stale, f"what passes shipped is listed as a difference: {stale}"
    unknown = [p for p in listed if not any(matches(p, each) for each in found.passed)]
    assert not unknown, f"the table names tests that there are not, or that fail: {unknown}"


def test_the_table_names_projects_that_are_run():
    assert len(PROJECTS) >= 12
    assert {*DIFFERENCES} <= {*PROJECTS}
    assert all(reason for listed in DIFFERENCES.values() for reason in listed.values())
