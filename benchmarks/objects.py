"""A pickle of 100,000 objects: what `reducer_override` costs, which sees each instance.

And arrays of NumPy, out of band: what travels beside a pickle must not be copied into it.

For plain `pickle`, the class of `__main__` is the same class in a module that can be imported.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks._children import ChildFailed, installed, receive, send
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

COUNTS: Final = {"full": COUNT, "quick": COUNT, "tiny": 1000}

# Column -> what makes object number `i`, where it is for plain pickle another than for us, and the
# target. All have a state of three small values, if there is a state to choose.
KINDS: Final[dict[str, tuple[str, str, str]]] = {
    "argparse.Namespace": ("argparse.Namespace(x=i, y=i / 2, name=str(i))", "", "1.10 x"),
    "datetime.datetime": ("datetime.datetime.fromtimestamp(i)", "", "1.10 x"),
    "fractions.Fraction": ("fractions.Fraction(i, 7)", "", "1.10 x"),
    "nested containers": ("{'a': [i, (i / 2, str(i))], 'b': {'c': {i}}}", "", "1.10 x"),
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
    found = [figure for kind in KINDS for figure in _figures(run, kind)]
    return [*found, *(figure for kind in ARRAYS for figure in _arrays(run, kind))]


def _figures(run: Run, kind: str) -> Iterator[Figure]:
    run.say(f"objects: {kind}")
    ours, theirs, target = KINDS[kind]
    times, failed = _measured(run, ours, theirs)
    yield from _column("objects", f"{kind} (at most {target})", times, failed)


def _column(
    group: str, subject: str, times: dict[str, Any], failed: dict[str, str]
) -> Iterator[Figure]:
    for peer in ("pickle", *PEERS):
        base = None if peer == "pickle" else "pickle"
        taken = tuple(times[peer][1:] or times[peer]) if peer in times else ()
        value = median(taken) if peer not in failed else None
        yield Figure(
            group, subject, peer, value, "s", base, note=failed.get(peer, ""), samples=taken
        )


def _measured(run: Run, ours: str, theirs: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return seconds by peer, and what is wrong by peer. A bare receiver says if ours arrives."""
    tree = _tree(run)
    out = tree / "out.pickle"
    peers = list(PEERS)
    given = {
        "count": COUNTS[run.size],
        "out": out,
        "turns": 3 * run.rounds,
        "ours": ours,
        "theirs": theirs,
    }
    try:
        times, failed = send(run, tree, CODE, peers=peers, **given)
        receive(run, CHECK, path=out)
    except ChildFailed as error:
        times, failed = send(run, tree, CODE, peers=peers[1:], **given)
        failed["modulepickle"] = f"not yet: {error.short}"
    return times, failed


def _tree(run: Run) -> Path:
    tree = run.work / "objects"
    tree.mkdir(exist_ok=True)
    (tree / "shapes.py").write_text(MODULE, encoding="utf-8")
    return tree


# -- Arrays out of band --------------------------------------------------------------------------

MANY: Final = 1000
ITEMS: Final = 10_000
"""Of 8 bytes, in an array."""

# Column -> what makes object number `i`.
ARRAYS: Final = {
    f"{MANY:,} arrays of 80 kB": "numpy.arange(size) + i",
    f"{MANY:,} local dataclasses with one each": "shapes.Point(i, numpy.arange(size) + i, str(i))",
}

ARRAY_CODE: Final = """
import numpy, shapes
objects = eval(f"[{made} for i in range(many)]")
buffers = []
times, failed = {}, {}
for peer in peers:
    try:
        dumps = importlib.import_module(peer).dumps
        kept = dumps(objects, protocol=5, buffer_callback=buffers.append)
    except Exception as error:
        failed[peer] = "not installed" if isinstance(error, ImportError) else f"{error!r:.110}"
        continue
    if peer == "modulepickle":
        with open(out, "wb") as file:
            pickle.dump((kept, [bytes(each) for each in buffers]), file)
    buffers.clear()
    if len(kept) < size * 8:
        times[peer] = [0.0]
    else:
        failed[peer] = "copies the arrays into the pickle"
for _ in range(turns):
    for peer in times:
        dumps = importlib.import_module(peer).dumps
        taken = seconds(lambda: dumps(objects, protocol=5, buffer_callback=buffers.append), 10)
        times[peer].append(taken)
        buffers.clear()
result = times, failed
"""

ARRAY_CHECK: Final = """
sys.path += path
data, buffers = pickle.loads(read(out))
found = pickle.loads(data, buffers=buffers)
last = getattr(found[-1], "y", found[-1])
assert len(found) == many and last[1] == many, "an array is not what it was"
result = None
"""


def _arrays(run: Run, kind: str) -> Iterator[Figure]:
    """Yield a column. A bare receiver, which has NumPy alone, loads ours with its buffers."""
    run.say(f"objects: {kind}")
    if not installed("numpy"):
        yield Figure("objects: out of band", kind, "pickle", None, "s", note="no numpy")
        return
    tree, out = _tree(run), run.work / "arrays.pickle"
    many = 10 if run.size == "tiny" else MANY
    given = {"many": many, "size": ITEMS, "out": out, "made": ARRAYS[kind]}
    peers = ["pickle", *PEERS]
    times, failed = send(run, tree, ARRAY_CODE, peers=peers, turns=3 * run.rounds, **given)
    spec = importlib.util.find_spec("numpy")
    assert spec is not None
    assert spec.origin is not None
    path = [str(Path(spec.origin).parents[1])]
    receive(run, ARRAY_CHECK, path=path, many=many, out=out)
    yield from _column("objects: out of band", kind, times, failed)
