"""loky and joblib, by their own hook: `set_loky_pickler("modulepickle")`.

loky imports the pickler by its name in each worker, so modulepickle is installed there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks import CHECKS, HIDDEN, drive, require

pytestmark = pytest.mark.engines


def test_loky(tmp_path: Path) -> None:
    require("loky")
    code = f"""{HIDDEN}{CHECKS}
import loky, loky.backend.spawn
hide(loky.backend.spawn, [here])
os.environ["PYTHONPATH"] = library
loky.set_loky_pickler("modulepickle")
with loky.get_reusable_executor(max_workers=2) as workers:
    check(lambda f, *args: workers.submit(f, *args).result(), absent=("helpers", "sizes"))
    workers.shutdown(kill_workers=True)
"""
    assert "all checks passed" in drive(tmp_path, code)


JOBLIB = f"""{HIDDEN}{CHECKS}
import joblib, joblib.externals.loky.backend.spawn, modulepickle
from joblib.externals.loky import get_reusable_executor, set_loky_pickler
hide(joblib.externals.loky.backend.spawn, [here])
os.environ["PYTHONPATH"] = library
set_loky_pickler("modulepickle")

def call(f, *args):
    both = joblib.Parallel(n_jobs=2)(joblib.delayed(f)(*args) for _ in range(2))
    return both[0]
"""


def test_joblib(tmp_path: Path) -> None:
    require("joblib")
    code = f"""{JOBLIB}
check(call, absent=("helpers", "sizes"))
get_reusable_executor().shutdown(kill_workers=True)
"""
    assert "all checks passed" in drive(tmp_path, code)


def test_joblib_still_maps_large_arrays_into_memory(tmp_path: Path) -> None:
    require("joblib")
    require("numpy")
    code = f"""{JOBLIB}
import numpy

class Holder(helpers.Point):
    pass

def kind(array, point):
    import sizes
    return type(array).__name__, isinstance(array, numpy.memmap), point.x.sum(), sizes.UNIT

array = numpy.ones(1_000_000)
got = joblib.Parallel(n_jobs=2, max_nbytes=1000)(
    joblib.delayed(kind)(array, helpers.Point(array[:3])) for _ in range(2)
)
assert got == [("memmap", True, 3.0, "km")] * 2, got
print("all checks passed")
get_reusable_executor().shutdown(kill_workers=True)
"""
    assert "all checks passed" in drive(tmp_path, code)


def test_joblib_dump(tmp_path: Path) -> None:
    require("joblib")
    code = f"""{CHECKS}
import io, joblib, joblib.numpy_pickle, modulepickle, pickle
data = io.BytesIO()
joblib.dump(modulepickle.wrap([helpers.Point(4), helpers.double]), data)
(pathlib.Path.cwd() / "../dumped").write_bytes(data.getvalue())
"""
    drive(tmp_path, code)
    from receivers import receive

    code = "result = obj[1](obj[0])"
    data = (tmp_path / "dumped").read_bytes()
    assert receive(data, code, absent=["helpers", "sizes", "joblib"]).result == "8 km"
