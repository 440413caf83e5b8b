"""The benchmarks run: each group at its smallest, and what is made of the figures."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from benchmarks._figures import Figure, as_json, from_json, tables
from benchmarks._limits import limits
from benchmarks._summary import summary
from benchmarks._targets import targets

ROOT = Path(__file__).parents[1]


def run(tmp_path: Path, *groups: str, plots: Sequence[str] = ()) -> list[Figure]:
    """Run the command in a process of its own; return its figures. It draws if it can."""
    options = ["--json", str(tmp_path / "figures.json")]
    if find_spec("matplotlib"):
        options += ["--plots", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny", *options, *groups],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for plot in plots if find_spec("matplotlib") else ():
        xml.etree.ElementTree.parse(tmp_path / f"{plot}.svg")
    return from_json(json.loads((tmp_path / "figures.json").read_text())["figures"])


def values(figures: list[Figure], word: str) -> list[float | None]:
    """Return the values of all rows with a word in them. There has to be one."""
    found = [figure.value for figure in figures if word in figure.what]
    assert found
    return found


@pytest.mark.slow
def test_objects_functions_and_imports_are_measured(tmp_path):
    figures = run(tmp_path, "objects", "byvalue", "import", plots=["objects"])
    assert None not in values(figures, "modulepickle")


@pytest.mark.real
def test_growth_is_measured_in_each_table(tmp_path):
    figures = run(tmp_path, "growth", plots=["growth"])
    names = ("files", "local packages", "references", "versions", "receivers at once")
    for name in names:
        assert any(group.startswith(f"growth: {name}") for group in tables(figures)), name
    assert all(figure.value for figure in figures)


@pytest.mark.real
def test_real_packages_are_measured(tmp_path):
    figures = run(tmp_path, "ship", "peers", plots=["peers"])
    for word in ("modulepickle", "zip -9", "loads, cold"):
        assert None not in values(figures, word)


FIGURES = [
    Figure("ship", "sqlglot, 3 files", "stat each file", 1e-3, "s", samples=(1e-3,)),
    Figure("ship", "sqlglot, 3 files", "dumps, warm", 2e-3, "s", "stat each file", samples=(2e-3,)),
    Figure("peers: sqlglot, 3 files", "dump, next", "torch.package", None, "s"),
    Figure("peers: sqlglot, 3 files", "dump, next", "dill, package there", 5e-6, "s"),
]


def test_figures_outlive_json():
    assert from_json(json.loads(json.dumps(as_json(FIGURES)))) == FIGURES


def test_targets_show_ours_what_it_is_compared_with_and_the_peers():
    (row,) = [line for line in targets(FIGURES).splitlines() if line.startswith("| warm `dumps` |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2:4] == ["2.00 ms (**2.00 x**)", "stat each file: 1.00 ms"]
    assert cells[4:] == ["", "fails", "", "", "5.00 us"]


def test_targets_that_were_not_measured_say_so():
    assert "| not measured |" in targets(FIGURES)
    assert targets([]).count("not measured") == len(targets([]).splitlines()) - 2


def test_limits_name_the_curves_that_rise_too_fast():
    group = "growth: files of a package"
    figures = [
        Figure(group, subject, "dumps, first", value, "s")
        for subject, value in {"10": 1.0, "100": 2.0, "1,000": 200.0}.items()
    ]
    group = "growth: versions that a host has on disk"
    figures += [
        Figure(group, "a load of one more", many, 1e-3, "s") for many in ("0", "100", "1,000")
    ]
    table = limits(figures)
    assert "dumps, first | 100, 1,000 | 2.00 s, 200 s | 2.00 (missed) | 1.25 |" in table
    assert "a load of one more | 100, 1,000 | 1.00 ms, 1.00 ms | 0.00 | 0.15 |" in table
    assert "| files | dumps, next | not measured" in table


def test_the_page_has_the_tables_of_the_figures_and_says_of_which_run():
    data = json.loads((ROOT / "benchmarks" / "figures.json").read_text(encoding="utf-8"))
    figures = from_json(data["figures"])
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for table in (summary, targets, limits):
        assert table(figures) in page
    assert f"date: {data['date']}" in page
    assert data["size"] == "full"
