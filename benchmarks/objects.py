"""A pickle of 100,000 instances: what `reducer_override` costs, which sees each of them.

For plain `pickle`, the class of `__main__` is the same class in a module that can be imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from benchmarks._children import ChildFailed, receive, send
from benchmarks._figures import Figure, Run, median

__all__ = ["objects"]

COUNT: Final = 100_000
PEERS: Final = ("modulepickle", "cloudpickle", "dill")

MODULE: Final = '''
"""A small class of the working tree."""
from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: float
    name: str
'''

# Column -> what makes object number `i`, where it is for plain pickle another than for us, and the
# target. All have a state of three small values, if there is a state to choose.
KINDS: Final[dict[str, tuple[str, str, str]]] = {
    "argparse.Namespace": ("argparse.Namespace(x=i, y=i / 2, name=str(i))", "", "1.10 x"),
    "datetime.datetime": ("datetime.datetime.fromtimestamp(i)", "", "1.10 x"),
    "fractions.Fraction": ("fractions.Fraction(i, 7)", "", "1.10 x"),
    "local dataclass": ("shapes.Point(i, i / 2, str(i))", "", "1.15 x"),
    "dataclass of `__main__`": (
        "Point(i, i / 2, str(i))", "shapes.Point(i, i / 2, str(i))", "1.30 x",
    ),
}  # fmt: skip

CODE: Final = f"""
import argparse, datetime, fractions
import shapes
{MODULE}
def made(expression):
    return eval(f"[{{expression}} for i in range(count)]")
objects = made(ours)
makers, failed = {{"pickle": (pickle.dumps, made(theirs) if theirs else objects)}}, {{}}
for peer in peers:
    try:
        makers[peer] = importlib.import_module(peer).dumps, objects
    except ImportError:
        failed[peer] = "not installed"
times = {{}}
for peer, (dumps, values) in makers.items():
    begin = clock()
    data = dumps(values, 5)
    times[peer] = [clock() - begin]
    if peer == "modulepickle":
        with open(out, "wb") as file:
            file.write(data)
for turn in range(turns):
    for peer, (dumps, values) in makers.items():
        if times[peer][0] < 0.8:  # a slower one has had its turn
            times[peer] += [seconds(lambda: dumps(values, 5))]
result = times, failed
"""

CHECK: Final = "result = len(pickle.loads(read(path)))"


def objects(run: Run) -> list[Figure]:
    """Measure the kinds of objects one by one."""
    return [figure for kind in KINDS for figure in _figures(run, kind)]


def _figures(run: Run, kind: str) -> Iterator[Figure]:
    run.say(f"objects: {kind}")
    ours, theirs, target = KINDS[kind]
    times, failed = _measured(run, ours, theirs)
    subject = f"{kind} (at most {target})"
    for peer in ("pickle", *PEERS):
        base = None if peer == "pickle" else "pickle"
        taken = tuple(times[peer][1:] or times[peer]) if peer in times else ()
        value = median(taken) if peer not in failed else None
        yield Figure(
            "objects", subject, peer, value, "s", base, note=failed.get(peer, ""), samples=taken
        )


def _measured(run: Run, ours: str, theirs: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return seconds by peer, and what is wrong by peer. A bare receiver says if ours arrives."""
    tree = run.work / "objects"
    tree.mkdir(exist_ok=True)
    (tree / "shapes.py").write_text(MODULE, encoding="utf-8")
    out = tree / "out.pickle"
    peers = list(PEERS)
    given = {"count": COUNT, "out": out, "turns": 3 * run.rounds, "ours": ours, "theirs": theirs}
    try:
        times, failed = send(run, tree, CODE, peers=peers, **given)
        receive(run, CHECK, path=out)
    except ChildFailed as error:
        times, failed = send(run, tree, CODE, peers=peers[1:], **given)
        failed["modulepickle"] = f"not yet: {error.short}"
    return times, failed
