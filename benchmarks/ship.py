"""Functions of real packages: bytes, `dumps`, and `loads` on a cold, known and warm host.

Beside: plain `pickle` by name, on a host that has the package. To load that is the native import.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks._children import OLD, installed, receive, send
from benchmarks._figures import Figure, Run, Samples, median, rounds
from benchmarks._trees import Package, packages, without_bytecode

__all__ = ["ship"]

# Label -> the row that it is compared with, and the target.
BYTES: Final[dict[str, tuple[str | None, str]]] = {
    "files of the package": (None, ""),
    "pickle by name": (None, ""),
    "zip -9": (None, ""),
    "archive": ("zip -9", "at most 1.02 x"),
    "on top of the archive": (None, "at most 6,144 B"),
}
SECONDS: Final[dict[str, tuple[str | None, str]]] = {
    "dumps, pickle by name": (None, ""),
    "the archive copied": (None, ""),
    "stat each file": (None, ""),
    "stat each file, the archive copied": (None, ""),
    "dumps, warm": ("stat each file, the archive copied", "at most 2 x; 15 files: 120 us"),
    "dumps, inside hold()": ("the archive copied", "at most 1.2 x and 20 us"),
    "read and deflate each file": (None, ""),
    "dumps, cold": ("read and deflate each file", "at most 1.1 x; 15 files: 1.8 x"),
    "dumps, after an edit of one file": (None, "at most 5 ms"),
    "native import, no bytecode, written": (None, ""),
    "native import, no bytecode, none written": (None, ""),
    "loads, cold: first on the host": (
        "native import, no bytecode, written", "at most 1.12 x; 15 files: 1.25 x",
    ),
    "native import, bytecode there": (None, ""),
    "loads, second process on the host": (
        "native import, bytecode there", "at most 1.12 x; 15 files: 1.45 x",
    ),
    "loads, new process, after an edit": (
        "native import, bytecode there", "at most 1.2 x; 15 files: 1.6 x",
    ),
    "loads, same process, after an edit": ("native import, bytecode there", ""),
    "loads, warm: pickle by name": (None, ""),
    "loads, warm: cloudpickle by reference": ("loads, warm: pickle by name", ""),
    "loads, warm: the archive as plain bytes": (None, ""),
    "loads, warm": (None, ""),
    "loads, warm, beyond the copy of the archive": (None, "at most 8 us"),
}  # fmt: skip

# What is pickled, in three contents of one file: as it is, and after each of two edits.
PAYLOADS: Final = """
import modulepickle
function = getattr(importlib.import_module(module), name)
def keep(label, data):
    with open(f"{out}/{label}", "wb") as file:
        file.write(data)
keep("by-name", pickle.dumps(function))
if cloudpickle:
    import cloudpickle
    keep("cloudpickle", cloudpickle.dumps(function))
before = read(edited)
for label in "abc":
    keep(label, modulepickle.dumps(function))
    with open(edited, "ab") as file:
        file.write(b"# an edit\\n")
with open(edited, "wb") as file:
    file.write(before)
result = None
"""

DUMPS: Final = """
import zlib
import modulepickle
function = getattr(importlib.import_module(module), name)
ours = lambda: modulepickle.dumps(function)
result = {"dumps, cold": once(ours)}
def deflate(path):
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(read(path)) + packer.flush()
archive = bytes(archive)
calls = {
    "dumps, pickle by name": lambda: pickle.dumps(function),
    "the archive copied": lambda: pickle.dumps(archive),
    "stat each file": lambda: [os.stat(path) for path in files],
    "dumps, warm": ours,
}
times = {label: [] for label in calls} | {"dumps, inside hold()": []}
for _ in range(7):
    for label, call in calls.items():
        times[label].append(seconds(call, 50))
    with modulepickle.hold():
        ours()
        times["dumps, inside hold()"].append(seconds(ours, 50))
sums = zip(times["stat each file"], times["the archive copied"])
times["stat each file, the archive copied"] = [sum(pair) for pair in sums]
result.update((label, sorted(taken)[3]) for label, taken in times.items())
result["read and deflate each file"] = once(lambda: [deflate(path) for path in files])
before = read(edited)
try:
    with open(edited, "ab") as file:
        file.write(b"# edit %d\\n" % number)
    result["dumps, after an edit of one file"] = once(ours)
finally:
    with open(edited, "wb") as file:
        file.write(before)
    os.utime(edited, (old, old))
"""

LOADS: Final = """
sys.path[:0] = path
sys.dont_write_bytecode = unwritten
datas = [read(payload) for payload in payloads]
result = []
for data in datas:
    result.append(once(lambda: pickle.loads(data)))
assert module in sys.modules
"""

WARM: Final = """
datas = {label: read(payload) for label, payload in payloads.items()}
ours = "loads, warm"
function = pickle.loads(datas[ours])
datas["loads, warm: the archive as plain bytes"] = pickle.dumps(bytes(len(datas[ours])))
times = {label: [] for label in datas}
for _ in range(7):
    for label, data in datas.items():
        times[label].append(seconds(lambda: pickle.loads(data), 1000))
copies = zip(times[ours], times["loads, warm: the archive as plain bytes"])
times["loads, warm, beyond the copy of the archive"] = [whole - copy for whole, copy in copies]
result = {label: sorted(taken)[3] for label, taken in times.items()}
assert pickle.loads(datas[ours]) is function
"""


def ship(run: Run) -> list[Figure]:
    """Measure the packages one by one."""
    return [figure for package in packages(run.size) for figure in _Package(run, package).figures()]


class _Package:
    """One package: a tree for the sender, one for the native import, and the payloads."""

    def __init__(self, run: Run, package: Package) -> None:
        self.run, self.package = run, package
        home = run.work / package.name
        self.tree = package.unzip(home / "tree")
        self.native = package.unzip(home / "native")
        self.bare = package.unzip(home / "bare")
        self.out = home / "payloads"
        self.out.mkdir()
        self.edited = self.tree / package.edited
        self.caches = (home / f"cache{number}" for number in count())
        self.numbers = count()
        self.archive = 0  # bytes

    def figures(self) -> Iterator[Figure]:
        """Yield all figures of the package."""
        package, files = self.package, self.package.files(self.tree)
        subject = f"{package.name}, {len(files)} files"
        self.run.say(f"ship: {subject}")
        self._send(PAYLOADS, out=self.out, cloudpickle=installed("cloudpickle"))
        for what, value in self._sizes(files).items():
            base, target = BYTES[what]
            yield Figure("ship", subject, what, value, "bytes", base, target)
        samples = self._samples()
        for what, (base, target) in SECONDS.items():
            if what in samples:
                taken = samples[what]
                yield Figure(
                    "ship", subject, what, median(taken), "s", base, target, samples=tuple(taken)
                )
            else:
                yield Figure("ship", subject, what, None, "s", base, target, "not installed")

    def _send(self, code: str, **given: Any) -> Any:
        return send(
            self.run, self.tree, code, module=self.package.module, name=self.package.function,
            edited=self.edited, **given,
        )  # fmt: skip

    def _sizes(self, files: list[Path]) -> dict[str, int]:
        """Return bytes by label. The archive is the largest thing in the pickle, as it is."""
        data = (self.out / "a").read_bytes()
        parts = (arg for _, arg, _ in pickletools.genops(data) if isinstance(arg, bytes))
        size = self.archive = max(map(len, parts))
        smallest = self.out / "zip"
        with zipfile.ZipFile(smallest, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for file in files:
                archive.write(file, file.relative_to(self.tree))
        return {
            "files of the package": sum(file.stat().st_size for file in files),
            "pickle by name": (self.out / "by-name").stat().st_size,
            "zip -9": smallest.stat().st_size,
            "archive": size,
            "on top of the archive": len(data) - size,
        }

    def _samples(self) -> Samples:
        """Return seconds by label, of all rounds."""
        self._native_warm()  # writes the bytecode
        return rounds(
            self.run.rounds,
            [
                self._native_cold,
                partial(self._native_cold, unwritten=True),
                self._receivers,
                self._native_warm,
                self._dumps,
                self._warm,
            ],
        )

    def _native_cold(self, unwritten: bool = False) -> dict[str, float]:
        without_bytecode(self.bare, self.run.work / "aside")
        what = "none written" if unwritten else "written"
        taken = self._loads(["by-name"], [self.bare], unwritten=unwritten)
        return {f"native import, no bytecode, {what}": taken[0]}

    def _native_warm(self) -> dict[str, float]:
        return {"native import, bytecode there": self._loads(["by-name"], [self.native])[0]}

    def _receivers(self) -> dict[str, float]:
        """A host that is new, gets a second process, then an edited version in a third."""
        cache = next(self.caches)
        cold = self._loads(["a"], [], cache)
        second = self._loads(["a"], [], cache)
        fresh = self._loads(["b"], [], cache)
        same = self._loads(["b", "c"], [], cache)
        return {
            "loads, cold: first on the host": cold[0],
            "loads, second process on the host": second[0],
            "loads, new process, after an edit": fresh[0],
            "loads, same process, after an edit": same[1],
        }

    def _dumps(self) -> dict[str, float]:
        files = [str(file) for file in self.package.files(self.tree)]
        found: dict[str, float] = self._send(
            DUMPS, files=files, number=next(self.numbers), old=OLD, archive=self.archive
        )
        return found

    def _warm(self) -> dict[str, float]:
        payloads = {
            "loads, warm": self.out / "a",
            "loads, warm: pickle by name": self.out / "by-name",
            "loads, warm: cloudpickle by reference": self.out / "cloudpickle",
        }
        there = {label: str(path) for label, path in payloads.items() if path.exists()}
        found: dict[str, float] = receive(self.run, WARM, payloads=there)
        return found

    def _loads(
        self,
        payloads: list[str],
        path: list[Path],
        cache: Path | None = None,
        unwritten: bool = False,
    ) -> list[float]:
        """Return what each `loads` takes in one new process; `path` goes before `sys.path`."""
        paths = [str(self.out / payload) for payload in payloads]
        found: list[float] = receive(
            self.run, LOADS, cache=cache, payloads=paths, path=[str(entry) for entry in path],
            module=self.package.module, unwritten=unwritten,
        )  # fmt: skip
        return found
