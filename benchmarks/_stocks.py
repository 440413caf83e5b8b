"""Two curves of `growth`: hosts that keep many versions on disk, and large archives.

Outside API: `archives`, `hosts`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks._children import receive, send
from benchmarks._crowds import SEND
from benchmarks._figures import Figure, Run, median, rounds
from benchmarks._grown import grown_files

__all__ = ["archives", "hosts"]

Sizes = dict[str, tuple[int, ...]]

# -- Hosts that have seen many versions ------------------------------------------------------------

HELD: Final[Sizes] = {"full": (0, 100, 1000), "quick": (0, 100), "tiny": (0, 2)}
"""Versions that the host has on disk."""

FILL: Final = """
for number in range(many):
    pickle.loads(read(f"{out}/modulepickle-{number}"))
result = None
"""

LOAD: Final = """
data = read(f"{out}/modulepickle-{number}")
kept = []
result = once(lambda: kept.append(pickle.loads(data)))
assert callable(kept[0])
"""


def hosts(run: Run) -> Iterator[Figure]:
    """Yield what a process takes to load a version that is new to a host with many others."""
    run.say("growth: hosts")
    home = run.work / "growth" / "hosts"
    grown_files(home / "tree", 10)
    held = HELD[run.size]
    turns = min(5, run.rounds)
    most = max(held) + turns
    send(run, home / "tree", SEND, out=home, most=most, cloudpickle=False)
    for many in held:
        receive(run, FILL, cache=home / f"cache{many}", out=home, many=many)
    numbers = count(max(held))

    def turn() -> dict[str, float]:
        number = next(numbers)  # new to each of the hosts
        load = partial(receive, run, LOAD, out=home, number=number)
        return {str(many): load(cache=home / f"cache{many}") for many in held}

    samples = rounds(turns, [turn])
    for many in held:
        taken = tuple(samples[str(many)])
        yield Figure(
            "growth: versions that a host has on disk", "a load of one more", f"{many:,}",
            median(taken), "s", "0" if many else None, "at most 1.5 x" if many else "",
            samples=taken,
        )  # fmt: skip


# -- Large archives --------------------------------------------------------------------------------

MEGABYTES: Final[Sizes] = {"full": (1, 10, 100, 500), "quick": (1, 10), "tiny": (1,)}

# The most memory that the process had since its start, in bytes; 0 where there is no /proc. What
# `resource` has counts what was there before the process executed its program, too.
PEAK: Final = """
def peak():
    if not os.path.exists("/proc/self/status"):
        return 0
    (line,) = [each for each in read("/proc/self/status").splitlines() if b"VmHWM" in each]
    return int(line.split()[1]) * 1024
"""

DUMP_LARGE: Final = (
    PEAK
    + """
import modulepickle, large
policy = modulepickle.Policy(max_bytes=2**31)
before = peak()
kept = []
taken = once(lambda: kept.append(modulepickle.dumps(large.size, policy=policy)))
more = peak() - before
with open(out, "wb") as file:
    file.write(kept[0])
result = taken, more
"""
)
LOAD_LARGE: Final = (
    PEAK
    + """
before = peak()
kept = []
def load():
    with open(payload, "rb") as file:
        kept.append(pickle.load(file))
taken = once(load)
assert kept[0]() == size
result = taken, peak() - before
"""
)


def archives(run: Run) -> Iterator[Figure]:
    """Yield time and memory of a package with a large file of data that cannot be compressed."""
    for megabytes in MEGABYTES[run.size]:
        run.say(f"growth: an archive of {megabytes} MB")
        home = run.work / "growth" / f"large{megabytes}"
        tree = home / "tree"
        _write(tree, megabytes * 1_000_000)
        turn = partial(_turn, run, home, tree, megabytes * 1_000_000, count())
        samples = rounds(min(3, run.rounds), [turn])
        for what, taken in samples.items():
            memory = what.startswith("memory")
            yield Figure(
                "growth: megabytes of an archive", f"{megabytes:,}", what, median(taken),
                "bytes" if memory else "s", "the archive" if memory else None,
                "at most 2.5 x" if memory else "", samples=tuple(taken),
            )  # fmt: skip
        yield Figure(
            "growth: megabytes of an archive", f"{megabytes:,}", "the archive",
            megabytes * 1e6, "bytes",
        )  # fmt: skip


def _write(tree: Path, size: int) -> None:
    (tree / "large").mkdir(parents=True)
    (tree / "large" / "data.bin").write_bytes(os.urandom(size))
    (tree / "large" / "__init__.py").write_text(
        "import os\ndef size(): return os.path.getsize(f'{os.path.dirname(__file__)}/data.bin')\n"
    )


def _turn(run: Run, home: Path, tree: Path, size: int, numbers: Iterator[int]) -> dict[str, float]:
    payload, cache = home / "payload", home / f"cache{next(numbers)}"
    dumped: Any = send(run, tree, DUMP_LARGE, out=payload)
    (tree / "main.py").unlink()
    first: Any = receive(run, LOAD_LARGE, cache=cache, payload=payload, size=size)
    second: Any = receive(run, LOAD_LARGE, cache=cache, payload=payload, size=size)
    return {
        "dumps, first": dumped[0],
        "loads, first on the host": first[0],
        "loads, second process": second[0],
        "memory of dumps": dumped[1],
        "memory of loads, first on the host": first[1],
        "memory of loads, second process": second[1],
    }
