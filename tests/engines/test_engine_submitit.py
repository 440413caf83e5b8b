"""submitit with its local executor: a process for each job, given a file by cloudpickle."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import AWAY, CHECKS, drive, line, require

pytestmark = pytest.mark.engines

START = f"""{AWAY}{CHECKS}
import modulepickle, submitit
{line("submitit")}
executor = submitit.LocalExecutor("../jobs")

def call(f, *args):
    return executor.submit(f, *args).result()
"""


def test_jobs(tmp_path: Path) -> None:
    require("submitit")
    code = f"{START}check(call, errors=False, warm=False)"
    assert "all checks passed" in drive(tmp_path, code, script=True)


def test_an_array_an_error_and_a_checkpoint(tmp_path: Path) -> None:
    require("submitit")
    code = f"""{START}
with executor.batch():
    jobs = [executor.submit(helpers.double, helpers.Point(x)) for x in range(3)]
assert [job.result() for job in jobs] == ["0 km", "2 km", "4 km"]
# An error comes home as text, which is submitit's way.
try:
    call(helpers.fail, helpers.Point(3))
except submitit.core.utils.FailedJobError as error:
    assert "helpers.Wrong: 3" in str(error), error
else:
    raise AssertionError("no error came back")
print("all passed")
"""
    assert "all passed" in drive(tmp_path, code, script=True)
