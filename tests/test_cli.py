"""`python -m modulepickle`."""

from __future__ import annotations

from pathlib import Path

import pytest

from receivers import VERSIONS, find_interpreters, project
from test_readme import modulepickle

TREE = """
    === train.py
    import helpers

    def fit(x, n=2):
        return helpers.double(x) * n

    def bad(x):
        return helpers.fail(x)

    number = 5
    === helpers/__init__.py
    def double(x):
        return 2 * x

    def fail(x):
        raise ValueError(f"no {x}")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def test_run_prints_the_result_and_a_line_for_each_snapshot(tree: Path) -> None:
    lines = modulepickle("run", "train:fit", "21", "3", cwd=tree, check=True).stdout.splitlines()
    assert lines[0] == "126"
    assert [line.split()[0] for line in lines[1:]] == ["helpers", "train"]
    for line in lines[1:]:
        _, digest, files, word, *_ = line.split()
        assert len(digest) == 16
        assert (files, word) == ("1", "files")
        assert " bytes  pickled in " in line
        assert line.endswith(" ms")


def test_run_fails_with_the_remote_traceback_and_its_source_lines(tree: Path) -> None:
    done = modulepickle("run", "train:bad", '"x"', cwd=tree)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "    return helpers.fail(x)\n" in done.stderr
    assert '    raise ValueError(f"no {x}")\n' in done.stderr
    assert "ValueError: no x\n" in done.stderr
    assert str(tree) not in done.stderr


def test_run_on_another_interpreter(tree: Path) -> None:
    for version in {*find_interpreters()} & {*VERSIONS}:
        python = find_interpreters()[version]
        done = modulepickle("run", "train:fit", "1", "--python", python, cwd=tree, check=True)
        assert done.stdout.startswith("4\n")


def test_run_says_that_nothing_was_shipped(tree: Path) -> None:
    done = modulepickle("run", "json:dumps", "[1]", cwd=tree, check=True)
    assert done.stdout.startswith("'[1]'\nnothing was shipped")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train"], "write for example  train:fit"),
        (["nope:f"], "there is no module 'nope' here"),
        (["train:nope"], "'train' has no 'nope'"),
        (["train:number"], "train:number is a int, which cannot be called"),
        (["train:fit", "x"], "the argument x is not JSON; a string is written '\"x\"'"),
        (["train:fit", "1", "--python", "/no/python"], "give --python PATH"),
    ],
)
def test_mistakes_say_what_to_type(tree: Path, arguments: list[str], says: str) -> None:
    done = modulepickle("run", *arguments, cwd=tree)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_command_it_lists_them(tmp_path: Path) -> None:
    done = modulepickle(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    for command in ("demo", "run", "explain", "inspect", "cache"):
        assert f"\n    {command} " in done.stderr
