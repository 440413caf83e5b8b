"""`inspect` always answers: no pickle costs more than a few times the reading of its bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bombs import bombs
from receivers import SITE, TIMEOUT

resource = pytest.importorskip("resource")

BOMBS = dict(bombs())
QUICK = {
    "nested repr, as a function",
    "nested repr, as a thing of a snapshot",
    "nested repr, as a name",
    "nested repr, as a text",
    "one text, 2,000 loaders",
    "one pickle, loaded 20,000 times",
    "a circle of requirements",
    "a manifest that is deep",
}
"""The others take half of a second and more each: they are with the other faults."""
NAMES = [pytest.param(name, marks=[pytest.mark.faults] * (name not in QUICK)) for name in BOMBS]
MEMORY = 200 * 2**20
"""Bytes, on top of what Python takes, for each 1 MB of a pickle."""

SECONDS = 15
"""Of the processor, for each 1 MB: several times what it takes, since tests run side by side. It is
a fence, and what is behind it is without end."""

CODE = f"""
import json, resource, sys
import modulepickle
inspect, path = modulepickle.inspect, sys.argv[1]
data = open(path, "rb").read()
share = max(1, len(data) / 1e6)
inspect(b"N.").to_json()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
most = int(used + share * {MEMORY})
resource.setrlimit(resource.RLIMIT_AS, (most, most))
resource.setrlimit(resource.RLIMIT_CPU, (int(share * {SECONDS}), int(share * {SECONDS}) + 5))
report = inspect(data)
found = json.loads(report.to_json())
print(json.dumps([len(str(report)), found["problems"][:3], found["warnings"][:3]]))
"""


def inspected(path: Path) -> tuple[int, list[str], list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env={**os.environ, "PYTHONPATH": str(SITE)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    length, problems, warnings = json.loads(done.stdout)
    return length, problems, warnings


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is measured by /proc")
@pytest.mark.parametrize("name", NAMES)
def test_every_small_pickle_gets_its_answer(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb.pickle"
    path.write_bytes(BOMBS[name]())
    length, _, _ = inspected(path)
    assert length <= 8_000_000 + 8 * path.stat().st_size


CUT_SHORT = {
    "800 texts": "unpacked bytes; what is packed beyond was not looked at",
    "archives of zeros": "unpacked bytes; what is packed beyond was not looked at",
    "500,000 pickles in a row": "pickles, one behind or inside the other",
    "30,000 pickles inside": "pickles, one behind or inside the other",
    "one archive, 15,000 snapshots": "entries; the others are not listed",
    "one dict, required by 8,000": "entries; the others are not listed",
    "one source, 20,000 functions": "characters; what is longer is not listed",
}


TO_MAKE = {"800 texts", "archives of zeros"}
"""These take a second and more to make."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.faults] * (name in TO_MAKE)) for name in CUT_SHORT],
)
def test_a_report_that_is_cut_short_says_so(tmp_path: Path, name: str) -> None:
    from modulepickle import inspect

    report = inspect(BOMBS[name]())
    said = [each for each in report.problems if each.startswith("it has more than")]
    assert any(CUT_SHORT[name] in each for each in said)
    assert len(said) == len({*said}), "once a kind"
    assert CUT_SHORT[name] in str(report)
