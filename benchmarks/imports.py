"""`import modulepickle`, beside what it needs anyway: `import pickle, zipfile`.

By `python -X importtime`, whose sum is over the modules that were not there yet.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from typing import Final

from benchmarks._figures import Figure, Run, median, rounds

__all__ = ["imports"]

BASE: Final = "import pickle, zipfile"
OURS: Final = "import modulepickle"


def imports(run: Run) -> list[Figure]:
    """Measure both in new processes, in turns."""
    run.say("import")
    statements = {BASE: ("pickle", "zipfile"), OURS: ("modulepickle",)}
    candidates = [
        partial(_seconds, run, statement, names) for statement, names in statements.items()
    ]
    for call in candidates:
        call()  # writes the bytecode
    samples = rounds(run.rounds * 3, candidates)
    return [
        Figure(
            "import", "-X importtime", what, median(samples[what]), "s",
            None if what == BASE else BASE, "" if what == BASE else "at most 1.5 x",
            samples=tuple(samples[what]),
        )
        for what in statements
    ]  # fmt: skip


def _seconds(run: Run, statement: str, names: tuple[str, ...]) -> dict[str, float]:
    """Return the cumulative time of some top-level imports, as a new process reports it."""
    code = f"import sys; sys.path.insert(0, {str(run.source)!r}); {statement}"
    # -S: what a virtual environment imports at its start is not of our making.
    options = ["-I", "-S", "-X", "importtime", "-X", f"pycache_prefix={run.work / 'pycache'}"]
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=run.work, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        env={"PATH": os.defpath},
    )  # fmt: skip
    total = 0
    for line in done.stderr.splitlines():  # import time: self [us] | cumulative | imported package
        before, _, name = line.rpartition("|")
        if name.strip() in names and not name.startswith("  "):  # top-level ones are not indented
            total += int(before.rpartition("|")[2])
    return {statement: total / 1e6}
