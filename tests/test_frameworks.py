"""The helpers of the engine tests: what is missing is told, and nothing is left running."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from frameworks import drive, require

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


def test_a_missing_engine_is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODULEPICKLE_REQUIRE_ENGINES", "other")
    with pytest.raises(pytest.skip.Exception, match="no such_engine: pip install"):
        require("such_engine")


def test_a_missing_engine_that_is_required_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODULEPICKLE_REQUIRE_ENGINES", "other such_engine")
    with pytest.raises(pytest.fail.Exception, match="asks for such_engine"):
        require("such_engine")


@pytest.mark.parametrize("before", ["None", pytest.param("os.setpgrp", marks=LINUX)])
def test_a_driver_that_fails_says_why_and_leaves_nothing(tmp_path: Path, before: str) -> None:
    code = f"""
        import os, pathlib, subprocess, sys
        sleep = [sys.executable, "-c", "import time; time.sleep(100)"]
        child = subprocess.Popen(sleep, preexec_fn={before})
        pathlib.Path("../child").write_text(str(child.pid))
        raise SystemExit("so it is")
    """
    with pytest.raises(AssertionError, match="ended with 1:\nso it is"):
        drive(tmp_path, code)
    child = Path("/proc", (tmp_path / "child").read_text(), "cmdline")
    deadline = time.monotonic() + 60
    while sys.platform == "linux" and child.exists() and child.read_bytes():
        assert time.monotonic() < deadline, "its child still runs"
        os.sched_yield()
