"""cloudpickle's own tests, with modulepickle in the place of cloudpickle."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from differences import CLOUDPICKLE
from projects import PYTEST
from runs import HERE, MARKS, NOT_RUN, Run, cannot, environment

from receivers import SITE

VERSION = "3.1.2"
FETCH = HERE.parent / "tools" / "fetch_source.py"
NEEDED = (*PYTEST, "numpy==2.4.6", "psutil==7.2.2", "pytest-timeout==2.4.0", "tornado==6.6.1")
FILES = ("cloudpickle_test.py", "cloudpickle_file_test.py")

pytestmark = MARKS


@pytest.fixture
def source() -> Path:
    """cloudpickle's source: its sdist on PyPI has no tests."""
    done = subprocess.run(
        [sys.executable, str(FETCH), "cloudpickle", VERSION], capture_output=True, text=True
    )
    if done.returncode:
        cannot(done.stderr)
    return Path(done.stdout.strip())


def suite(source: Path, folder: Path) -> tuple[Path, Path]:
    """Make a folder with the tests and the shim, and one of what the tests want installed."""
    here, installed = folder / "here", folder / "site-packages"
    shutil.copytree(HERE / "shim", here)
    shutil.copytree(source / "tests", here / "tests")
    package = "_cloudpickle_testpkg"
    shutil.copytree(source / "tests/cloudpickle_testpkg" / package, installed / package)
    return here, installed


def test_r19_the_tests_of_cloudpickle(source, tmp_path):
    here, installed = suite(source, tmp_path)
    paths = [str(SITE), str(installed)]
    run = Run.start(
        environment("cloudpickle", NEEDED),
        {"places": [f"tests/{name}" for name in FILES], "options": ["--timeout=120"]},
        tmp_path / "run",
        here,
        PYTHONPATH=os.pathsep.join([str(here), *paths]),
        MODULEPICKLE_SHIM=os.pathsep.join(paths),
    )
    try:
        outcomes = run.outcomes()
    finally:
        run.end()
    printed = run.printed()
    assert NOT_RUN not in outcomes, printed[-3000:]
    assert len(outcomes) > 250
    # A test's id less its class: most of them are run with two protocols.
    failed = {name.rpartition("::")[2] for name, end in outcomes.items() if end == "failed"}
    assert not failed - {*CLOUDPICKLE}, printed[-12000:]
    stale = sorted({*CLOUDPICKLE} - failed)
    assert not stale, f"listed as failing, and passes: {stale}"
