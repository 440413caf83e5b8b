"""R17: each case, in each mode, on each Python, gives the native answer."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import fidelity.cases  # noqa: F401
from fidelity.case import CASES, MODES, Case
from fidelity.known_gaps import GAPS
from fidelity.modes import Harness, chosen_versions
from receivers import SOURCE

pytestmark = [
    pytest.mark.fidelity,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork here"),
]


@pytest.fixture(scope="module", params=chosen_versions())
def harness(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harness]:
    with Harness(request.param, tmp_path_factory.mktemp("fidelity")) as harness:
        yield harness


def expected(case: Case, version: str) -> dict[str, str]:
    """The modes in which the case is said to differ -> why."""
    keys = {mode: (mode, f"{mode} {version}", "*") for mode in MODES}
    found = {mode: next(filter(None, map(case.limits.get, keys[mode])), "") for mode in MODES}
    for mode in MODES:
        if {(case.name, mode), (case.name, mode, version)} & GAPS:
            found[mode] = "known_gaps.py"
    return {mode: why for mode, why in found.items() if why}


@pytest.mark.parametrize("name", CASES)
def test_r17_as_if_imported(harness: Harness, name: str) -> None:
    case = CASES[name]
    if tuple(map(int, harness.version.split("."))) < case.since:
        pytest.skip(f"needs Python {case.since[0]}.{case.since[1]}")
    said = expected(case, harness.version)
    wrong = []
    for mode, lines in harness.run(case).items():
        if lines and mode not in said:
            wrong += [f"{mode}: {line}" for line in lines]
        if not lines and mode in said:
            wrong.append(f"{mode}: it holds now; take it out of {said[mode]!r}")
    assert not wrong, "\n".join(["", *wrong])


def test_r17_what_cannot_hold_stands_under_limits() -> None:
    root = SOURCE.parent
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    text = " ".join(" ".join(page.read_text(encoding="utf-8").split()) for page in pages)
    limited = [case for case in CASES.values() if case.limits]
    assert len(limited) < 20
    for case in limited:
        for words in case.limits.values():
            assert " ".join(words.split()) in text, (case.name, words)


def test_r17_known_gaps_name_cases() -> None:
    assert {gap[0] for gap in GAPS} <= set(CASES)
    assert {gap[1] for gap in GAPS} <= set(MODES)
