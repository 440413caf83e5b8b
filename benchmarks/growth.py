"""What grows with what: files, packages, references, versions, receivers, hosts, archives.

All packages are generated, but for the one that many receivers load at once. Beside: the native
import of the same tree, plain pickle by name on a host that has it, and cloudpickle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks._children import installed, receive, send
from benchmarks._crowds import crowds, versions
from benchmarks._figures import Figure, Run, Samples, median, rounds
from benchmarks._grown import MODULE, grown_files, grown_packages
from benchmarks._stocks import archives, hosts
from benchmarks._trees import without_bytecode

__all__ = ["growth"]

Sizes = dict[str, tuple[int, ...]]

FILES: Final[Sizes] = {"full": (10, 100, 1000, 10_000), "quick": (10, 100, 1000), "tiny": (10,)}
PACKAGES: Final[Sizes] = {"full": (1, 10, 50, 200, 500), "quick": (1, 10, 50), "tiny": (2,)}
REFERENCES: Final[Sizes] = {
    "full": (1, 10, 100, 1000, 10_000, 100_000), "quick": (1, 100, 10000), "tiny": (1, 10),
}  # fmt: skip
A_MODULE: Final = 1000
"""Functions: what `compile` takes for a module grows faster than they do."""

BARE: Final = "native import, no bytecode"
NATIVE: Final = "native import, bytecode there"
ROWS: Final[dict[str, str | None]] = {
    "files, bytes": None,
    "pickle, bytes": None,
    "stat each file": None,
    "dumps, first": None,
    "dumps, next": "stat each file",
    BARE: None,
    "loads, first on the host": BARE,
    NATIVE: None,
    "loads, second process": NATIVE,
    "loads, same process": None,
}
"""Row -> the row that it is compared with."""

SEND: Final = """
import modulepickle
from grown.work import run
ours = lambda: modulepickle.dumps(run)
first = once(ours)
data = ours()
for name, it in (("ours", data), ("by-name", pickle.dumps(run))):
    with open(f"{out}/{name}", "wb") as file:
        file.write(it)
again = seconds(ours, 3)
stat = seconds(lambda: [os.stat(path) for path in files], 3)
result = [len(data), stat, first, again]
"""

RECEIVE: Final = """
sys.path[:0] = path
data = read(payload)
kept = []
taken = once(lambda: kept.append(pickle.loads(data)))
assert kept[0]() == right
number = max(1, min(200, int(0.1 / once(lambda: pickle.loads(data)))))
result = [taken, seconds(lambda: pickle.loads(data), number)]
"""


def growth(run: Run) -> list[Figure]:
    """Measure the curves one by one."""
    found = _curve(run, "files of a package", FILES, grown_files)
    found += _curve(run, "local packages", PACKAGES, grown_packages)
    found += [figure for n in REFERENCES[run.size] for figure in _references(run, n)]
    return [*found, *versions(run), *crowds(run), *hosts(run), *archives(run)]


# -- Files and packages --------------------------------------------------------------------------


def _curve(run: Run, part: str, sizes: Sizes, make: Callable[[Path, int], int]) -> list[Figure]:
    found = []
    for number in sizes[run.size]:
        run.say(f"growth: {part}, {number}")
        point = _Point(run, run.work / "growth" / part.replace(" ", "-") / str(number))
        right = make(point.tree, number)
        found += list(point.figures(f"growth: {part}", f"{number:,}", right))
    return found


class _Point:
    """One generated tree: the sender's, which is also on the path of the native imports."""

    def __init__(self, run: Run, home: Path) -> None:
        self.run, self.home, self.tree = run, home, home / "tree"
        self.tree.mkdir(parents=True)
        self.caches = (home / f"cache{number}" for number in count())
        self.right = 0

    def figures(self, group: str, subject: str, right: int) -> Iterator[Figure]:
        """Yield a column. At most three rounds: the largest trees take seconds to compile."""
        self.right = right
        files = sorted(self.tree.rglob("*.py"))
        paths = [str(file) for file in files]
        samples = rounds(min(3, self.run.rounds), [partial(self._send, paths), self._receivers])
        total = [float(sum(file.stat().st_size for file in files))]
        for what, base in ROWS.items():
            taken = tuple(samples.get(what, total))
            unit = "bytes" if "bytes" in what.split() else "s"
            yield Figure(group, subject, what, median(taken), unit, base, samples=taken)

    def _send(self, files: list[str]) -> dict[str, float]:
        size, stat, first, again = send(self.run, self.tree, SEND, out=self.home, files=files)
        (self.tree / "main.py").unlink()
        return {
            "pickle, bytes": size,
            "stat each file": stat,
            "dumps, first": first,
            "dumps, next": again,
        }

    def _receivers(self) -> dict[str, float]:
        without_bytecode(self.tree, self.run.work / "aside")
        cache = next(self.caches)
        bare, _ = self._loads("by-name", [str(self.tree)])
        first, _ = self._loads("ours", [], cache)
        native, _ = self._loads("by-name", [str(self.tree)])
        second, again = self._loads("ours", [], cache)
        return {
            BARE: bare,
            "loads, first on the host": first,
            NATIVE: native,
            "loads, second process": second,
            "loads, same process": again,
        }

    def _loads(self, payload: str, path: Sequence[str], cache: Path | None = None) -> Any:
        return receive(
            self.run, RECEIVE, cache=cache, payload=self.home / payload, path=path,
            right=self.right,
        )  # fmt: skip


# -- References in one pickle --------------------------------------------------------------------

REFER: Final = """
functions = [
    getattr(importlib.import_module(f"grown.part{i // a_module}"), f"scaled{i}")
    for i in range(number)
]
data = {}
result = {}
for peer in peers:
    dumps = importlib.import_module(peer).dumps
    data[peer] = dumps(functions)
    result[f"bytes: {peer}"] = len(data[peer])
    result[f"dumps, next: {peer}"] = seconds(lambda: dumps(functions), turns)
    with open(f"{out}/{peer}", "wb") as file:
        file.write(data[peer])
"""

REFERRED: Final = """
sys.path[:0] = path
result = {}
for peer in peers:
    data = read(f"{out}/{peer}")
    found = pickle.loads(data)
    assert len(found) == number and found[-1]([1]) == [number - 1]
    result[f"loads, same process: {peer}"] = seconds(lambda: pickle.loads(data), turns)
"""


def _references(run: Run, number: int) -> Iterator[Figure]:
    """Yield a column: as many functions of one package, all in one pickle."""
    run.say(f"growth: references, {number}")
    home = run.work / "growth" / f"references{number}"
    tree = home / "tree"
    (tree / "grown").mkdir(parents=True)
    (tree / "grown" / "__init__.py").touch()
    for first in range(0, number, A_MODULE):
        them = range(first, min(first + A_MODULE, number))
        path = tree / "grown" / f"part{first // A_MODULE}.py"
        path.write_text("".join(MODULE.format(i=i) for i in them))
    peers = ["pickle", *(["cloudpickle"] if installed("cloudpickle") else []), "modulepickle"]
    turns = max(1, 2000 // number)
    given = {"out": home, "number": number, "turns": turns, "a_module": A_MODULE}

    def turn() -> dict[str, float]:
        found: dict[str, float] = send(run, tree, REFER, peers=peers, **given)
        by_name = [peer for peer in peers if peer != "modulepickle"]
        found.update(receive(run, REFERRED, peers=by_name, path=[str(tree)], **given))
        found.update(receive(run, REFERRED, peers=["modulepickle"], path=[], **given))
        return found

    samples: Samples = rounds(min(3, run.rounds), [turn])
    for what in ("bytes", "dumps, next", "loads, same process"):
        for peer in peers:
            taken = tuple(samples[f"{what}: {peer}"])
            yield Figure(
                "growth: references in one pickle", f"{number:,}", f"{what}: {peer}",
                median(taken), "bytes" if what == "bytes" else "s",
                None if peer == "pickle" else f"{what}: pickle", samples=taken,
            )  # fmt: skip
