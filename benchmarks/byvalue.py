"""Functions and a class of `__main__`, without a name to travel under: bytes, `dumps`, `loads`.

A peer has to be on the receiver for its own pickles; for ours, nothing has.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks._children import ChildFailed, installed, receive, send
from benchmarks._figures import Figure, Run, Samples, median, rounds

__all__ = ["byvalue"]

PEERS: Final = ("cloudpickle", "dill", "modulepickle")

# Column -> statements that define `it`.
THINGS: Final = {
    "lambda": "it = lambda x: x + 1",
    "closure": "it = (lambda n: lambda x: math.sqrt(x) + n)(2)",
    "class": """
class it:
    LIMIT = 3
    def __init__(self, x):
        self.x = x
    def root(self):
        return math.sqrt(self.x) + self.LIMIT
    @property
    def twice(self):
        return 2 * self.x
""",
}

# Row -> unit, and the target.
ROWS: Final = {
    "bytes": ("bytes", "a lambda: at most 3,072 B"),
    "dumps, warm": ("s", "at most 1.5 x"),
    "loads, warm": ("s", "at most 1.5 x"),
}

DUMPS: Final = """
import math
dumps = importlib.import_module(peer).dumps
{}
data = dumps(it)
with open(out, "wb") as file:
    file.write(data)
result = sorted(seconds(lambda: dumps(it), 200) for _ in range(5))[2]
"""

LOADS: Final = """
sys.path += path
data = read(payload)
loads = importlib.import_module(loader).loads
assert callable(loads(data))
result = sorted(seconds(lambda: loads(data), 1000) for _ in range(5))[2]
"""


def byvalue(run: Run) -> list[Figure]:
    """Measure each of them with each peer."""
    return [figure for subject in THINGS for figure in _figures(run, subject)]


def _figures(run: Run, subject: str) -> Iterator[Figure]:
    run.say(f"byvalue: {subject}")
    failed = {peer: "not installed" for peer in PEERS[:-1] if not installed(peer)}
    values = _measured(run, subject, failed)
    for what, (unit, target) in ROWS.items():
        for peer in PEERS:
            is_ours = peer == "modulepickle"
            base = f"{what}: cloudpickle" if is_ours else None
            taken = values[what].get(peer, ())
            value = None if peer in failed else median(taken)
            yield Figure(
                "byvalue", subject, f"{what}: {peer}", value, unit, base,
                target if is_ours else "", failed.get(peer, ""), tuple(taken),
            )  # fmt: skip


def _measured(run: Run, subject: str, failed: dict[str, str]) -> dict[str, Samples]:
    """Return samples by row and peer; note in `failed` who cannot do it."""
    tree = run.work / "byvalue"
    tree.mkdir(exist_ok=True)
    code = DUMPS.replace("{}", THINGS[subject])
    able = []
    for peer in PEERS:
        try:
            if peer not in failed:
                _dumps(run, code, tree / peer)
                _loads(run, tree / peer)
                able.append(peer)
        except ChildFailed as error:
            failed[peer] = f"not yet: {error.short}"
    return {
        "bytes": {peer: [(tree / peer).stat().st_size] for peer in able},
        "dumps, warm": rounds(run.rounds, [partial(_dumps, run, code, tree / p) for p in able]),
        "loads, warm": rounds(run.rounds, [partial(_loads, run, tree / p) for p in able]),
    }


def _dumps(run: Run, code: str, payload: Path) -> dict[str, float]:
    """Return seconds for one more `dumps` by the peer that the payload is named after."""
    peer = payload.name
    return {peer: send(run, payload.parent, code, peer=peer, out=payload)}


def _loads(run: Run, payload: Path) -> dict[str, float]:
    """Return seconds for one more `loads` of a pickle; its peer is on the receiver's path."""
    peer = payload.name
    spec = None if peer == "modulepickle" else importlib.util.find_spec(peer)
    path = [str(Path(spec.origin).parents[1])] if spec and spec.origin else []
    # A pickle of dill's names what only its own unpickler finds.
    loader = "dill" if peer == "dill" else "pickle"
    return {peer: receive(run, LOADS, payload=payload, path=path, loader=loader)}
