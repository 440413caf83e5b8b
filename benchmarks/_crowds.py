"""Two curves of `growth`: versions that one receiver has seen, and receivers that start at once.

Outside API: `versions`, `crowds`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks._children import MARK, ChildFailed, installed, receive, send, text
from benchmarks._figures import Figure, Run, median, rounds
from benchmarks._grown import grown_files
from benchmarks._trees import PACKAGES, without_bytecode

__all__ = ["crowds", "versions"]

Sizes = dict[str, tuple[int, ...]]

VERSIONS: Final[Sizes] = {"full": (1, 50, 500, 2000, 5000), "quick": (1, 10, 100), "tiny": (1, 3)}
RECEIVERS: Final[Sizes] = {"full": (1, 4, 16, 64), "quick": (1, 4, 16), "tiny": (1, 2)}

# -- Versions ------------------------------------------------------------------------------------

# An edit of one file after the other; a pickle of each version, by name of the peer.
SEND: Final = """
import grown.work, grown.part0.module0 as edited
peers = {"modulepickle": lambda: importlib.import_module("modulepickle").dumps(grown.work.run)}
if cloudpickle:
    import cloudpickle
    cloudpickle.register_pickle_by_value(grown)
    peers["cloudpickle by value"] = lambda: cloudpickle.dumps(grown.work.run)
with open(edited.__file__) as file:
    before = file.read()
for number in range(most):
    with open(edited.__file__, "w") as file:
        file.write(f"{before}LIMIT0 = {number}\\n")
    edited.LIMIT0 = grown.work.LIMIT0 = number
    for peer, dumps in peers.items():
        with open(f"{out}/{peer}-{number}", "wb") as file:
            file.write(dumps())
result = list(peers)
"""

# Memory: what the process has in RAM, in bytes.
RECEIVE: Final = """
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
result, taken = [], []
for number in range(max(points)):
    data = read(f"{out}/{peer}-{number}")
    begin = clock()
    function = pickle.loads(data)
    taken.append(clock() - begin)
    assert function() == right + number
    if number + 1 in points:
        gc.collect()
        result.append([sorted(taken)[len(taken) // 2], memory()])
        taken = []
"""


def versions(run: Run) -> Iterator[Figure]:
    """Yield what a load takes, and the memory, after so many versions in one receiver."""
    run.say("growth: versions")
    home = run.work / "growth" / "versions"
    points = VERSIONS[run.size]
    right = grown_files(home / "tree", 10)
    has_cloudpickle = installed("cloudpickle")
    if not os.path.exists("/proc/self/statm"):
        run.say("growth: no /proc: no figures of versions")
        return
    peers = send(
        run, home / "tree", SEND, out=home, most=max(points), cloudpickle=has_cloudpickle
    )  # fmt: skip
    for peer in peers:
        # cloudpickle's own pickles need it.
        found = _seen(run, home, peer, points, right)
        settled = found[min(1, len(found) - 1)][1]
        base = f"memory after {points[min(1, len(points) - 1)]:,}: {peer}"
        group = "growth: versions in one receiver"
        for point, (seconds, memory) in zip(points, found):
            yield Figure(group, f"{point:,}", f"a load: {peer}", seconds, "s")
            yield Figure(group, f"{point:,}", base, settled, "bytes")
            yield Figure(group, f"{point:,}", f"memory: {peer}", memory, "bytes", base)


def _seen(run: Run, home: Path, peer: str, points: Sequence[int], right: int) -> Any:
    code, given = RECEIVE, {"peer": peer, "points": points, "right": right}
    if peer != "modulepickle":
        import cloudpickle

        given["path"] = str(Path(cloudpickle.__file__).parents[1])
        code = "sys.path.append(path)\nimport cloudpickle\n" + code
    return receive(run, code, cache=home / "cache", out=home, **given)


# -- Receivers at once ---------------------------------------------------------------------------

WAIT: Final = f"""
sys.path[:0] = path
data = read(payload)
print("ready", flush=True)
sys.stdin.readline()
function = pickle.loads(data)
assert callable(function)
print({MARK!r} + json.dumps(1), flush=True)
"""

PICKLE: Final = """
import modulepickle
function = getattr(importlib.import_module(module), name)
for label, data in (("ours", modulepickle.dumps(function)), ("by-name", pickle.dumps(function))):
    with open(f"{out}/{label}", "wb") as file:
        file.write(data)
result = None
"""

CASES: Final = (
    "native import, no bytecode",
    "loads, first on the host",
    "native import, bytecode there",
    "loads, known on the host",
)


def crowds(run: Run) -> Iterator[Figure]:
    """Yield the time until the last of many receivers, started before, has loaded one pickle."""
    package = PACKAGES[1 if run.size == "full" else 0]
    home = run.work / "growth" / "crowds"
    tree = package.unzip(home / "tree")
    send(run, tree, PICKLE, out=home, module=package.module, name=package.function)
    caches = (home / f"cache{number}" for number in count())
    group = f"growth: receivers at once, of {package.name}"
    for number in RECEIVERS[run.size]:
        run.say(f"growth: {number} receivers")
        turn = partial(_turn, run, home, number, caches)
        samples = rounds(min(3, run.rounds), [turn])
        for case in CASES:
            taken = tuple(samples[case])
            base = case.replace("loads, first on the host", CASES[0])
            base = base.replace("loads, known on the host", CASES[2])
            yield Figure(
                group, f"{number}", case, median(taken), "s", None if base == case else base,
                samples=taken,
            )  # fmt: skip


def _turn(run: Run, home: Path, number: int, caches: Iterator[Path]) -> Mapping[str, float]:
    cache, tree = next(caches), home / "tree"
    without_bytecode(tree, run.work / "aside")
    ours = partial(_all, run, number, home / "ours", "", cache)
    native = partial(_all, run, number, home / "by-name", str(tree), cache)
    found = dict(zip(CASES, (native(), ours(), native(), ours())))
    return found


def _all(run: Run, number: int, payload: Path, path: str, cache: Path) -> float:
    """Start receivers, wait until all are ready, let them go; return the seconds of the last."""
    env = {"HOME": str(run.work), "PATH": os.defpath, "MODULEPICKLE_CACHE": str(cache)}
    code = text(WAIT, {"payload": payload, "path": [path] if path else []})
    command = [sys.executable, "-I", "-S", "-c", code]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(_receiver(command, env)) for _ in range(number)
        ]  # fmt: skip
        for process in processes:
            _expect(process, "ready")
        begin = time.perf_counter()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            _expect(process, MARK + json.dumps(1))
        return time.perf_counter() - begin


def _receiver(command: list[str], env: Mapping[str, str]) -> Any:
    return _Ended(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip


class _Ended(subprocess.Popen):  # type: ignore[type-arg]
    """A process that does not outlive its block."""

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:
            self.kill()
        super().__exit__(*error)


def _expect(process: Any, line: str) -> None:
    said = process.stdout.readline().strip()
    if said != line:
        raise ChildFailed(f"one of many receivers said {said!r}, not {line!r}")
