"""The examples in `docs/examples` run as they are, and print what stands beside them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from frameworks import require, started
from pages import DOCS
from receivers import SITE
from spark import require_spark, submit_arguments, variables

HOME = DOCS / "examples"
ALONE = ["bare", "pool", "signed", "store", "versions"]
WITH_A_FRAMEWORK = ["dask", "joblib", "notebook", "ray", "spark"]


def printed(tmp_path: Path, name: str, script: str = "send.py", **env: str) -> str:
    """Run an example in a copy of its folder; return what it prints."""
    folder = tmp_path / name
    if not folder.exists():
        shutil.copytree(HOME / name, folder)
    there = {"PYTHONPATH": str(SITE), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**os.environ, **there, **env}
    with (
        started(
            [sys.executable, script], folder, environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    ) as process:  # fmt: skip
        out, errors = process.communicate(timeout=110)
    assert process.returncode == 0, errors
    return out


def expected(name: str) -> str:
    return (HOME / name / "expected.txt").read_text(encoding="utf-8")


def change(tmp_path: Path, name: str, old: str, new: str) -> None:
    """Copy an example, with an edit of its script: where a service listens, say."""
    script = shutil.copytree(HOME / name, tmp_path / name) / "send.py"
    text = script.read_text(encoding="utf-8")
    assert old in text
    script.write_text(text.replace(old, new), encoding="utf-8")


def test_each_folder_is_listed_and_tested() -> None:
    folders = sorted(path.parent.name for path in HOME.glob("*/expected.txt"))
    assert folders == sorted(path.name for path in HOME.iterdir() if path.is_dir())
    assert folders == sorted(ALONE + WITH_A_FRAMEWORK)
    listed = re.findall(r"^\| \[(\w+)\]", (HOME / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == folders


@pytest.mark.parametrize("name", ALONE)
def test_an_example_prints_what_stands_beside_it(tmp_path: Path, name: str) -> None:
    assert printed(tmp_path, name) == expected(name)
    for path in (HOME / name).rglob("*.py"):
        there = tmp_path / name / path.relative_to(HOME / name)
        assert there.read_bytes() == path.read_bytes(), "it leaves its files as they were"


@pytest.mark.engines
@pytest.mark.parametrize("name", ["dask", "joblib"])
def test_an_example_with_a_framework(tmp_path: Path, name: str) -> None:
    require(name)
    assert printed(tmp_path, name) == expected(name)


@pytest.mark.engines
def test_the_example_of_ray(tmp_path: Path) -> None:
    require("ray")
    short = tempfile.mkdtemp(prefix="mp-", dir="/tmp")
    local = f"ray.init(_node_ip_address='127.0.0.1', _temp_dir={short!r},"
    change(tmp_path, "ray", "ray.init(", local)
    try:
        env = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
        assert printed(tmp_path, "ray", **env) == expected("ray")
    finally:
        shutil.rmtree(short, ignore_errors=True)


@pytest.mark.engines
def test_the_example_of_spark(tmp_path: Path) -> None:
    require_spark()
    options = " ".join([*submit_arguments(), "pyspark-shell"])
    env = {**variables(tmp_path), "PYSPARK_SUBMIT_ARGS": options}
    assert printed(tmp_path, "spark", **env) == expected("spark")


def test_the_cells_of_the_notebook_do_what_they_say(tmp_path: Path) -> None:
    """As one script; `engines/test_notebook.py` runs cells by a real kernel."""
    cells = json.loads((HOME / "notebook/cells.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    folder = shutil.copytree(HOME / "notebook", tmp_path / "notebook")
    folder.joinpath("cells.py").write_text("\n".join(code), encoding="utf-8")
    assert printed(tmp_path, "notebook", "cells.py") == expected("notebook")


@pytest.mark.engines
def test_the_example_of_a_notebook(tmp_path: Path) -> None:
    require("nbclient")
    folder = shutil.copytree(HOME / "notebook", tmp_path / "notebook")
    run = """
import nbclient, nbformat
notebook = nbformat.read("cells.ipynb", 4)
nbclient.NotebookClient(notebook, timeout=100).execute()
print("".join(out["text"] for cell in notebook.cells for out in cell.get("outputs", [])), end="")
"""
    folder.joinpath("run.py").write_text(run, encoding="utf-8")
    assert printed(tmp_path, "notebook", "run.py") == expected("notebook")
