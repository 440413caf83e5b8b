"""`.ci/run` leaves out no group of tests, and no sender that the project says it has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from receivers import VERSIONS

ROOT = Path(__file__).resolve().parents[1]
RUN = (ROOT / ".ci/run").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
# Frameworks of 1 GB, and receivers that are no CPython on a disk: run by hand, see tests/README.md.
BY_HAND = {"engines_more", "foreign"}


def groups() -> list[str]:
    """The groups of tests that a plain `pytest` leaves out."""
    (text,) = re.findall(r"^markers = \[\n(.*?)^\]", PROJECT, re.MULTILINE | re.DOTALL)
    return re.findall(r'^ *"(\w+): ', text, re.MULTILINE)


def test_the_plain_command_leaves_out_each_group():
    (left_out,) = re.findall(r'"not \((.*)\)"', PROJECT)
    assert set(left_out.split(" or ")) == set(groups())
    assert len(groups()) > 5


def test_each_group_runs():
    (last,) = re.findall(r'-m "(.*)"\n', RUN)
    assert set(last.split(" or ")) == set(groups()) - BY_HAND


def test_the_readme_of_the_tests_names_each_group():
    text = (ROOT / "tests/README.md").read_text(encoding="utf-8")
    assert [name for name in groups() if f"pytest -m {name}" not in text] == []


def test_the_oldest_and_the_newest_senders_run_the_fast_tests():
    (listed,) = re.findall(r"^for version in (.*); do\n  case \" \$required", RUN, re.MULTILINE)
    versions = listed.split()
    assert versions[0] == VERSIONS[0]
    assert {"3.13", "3.14"} <= set(versions)


def test_it_is_a_shell_script():
    done = subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"MODULEPICKLE_\w+", RUN))))
def test_each_variable_is_one_that_the_tests_know(variable):
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert any(f'"{variable}"' in text for text in texts)
