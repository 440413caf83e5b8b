"""The same work by modulepickle and by its peers: dump a function, load it elsewhere, and call it.

A function of a working tree is dumped; a new process loads it, calls it, and checks what it gives.
Each peer does it in the way that its documentation shows. Those which send names need the package
on the receiver, and then a load is the native import. What a peer needs itself is imported before
the clock starts: a worker has it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks._children import ChildFailed, installed, receive, send
from benchmarks._figures import Figure, Run, Samples, median, rounds
from benchmarks._trees import Package, packages, without_bytecode

__all__ = ["BASE", "OURS", "peers"]


@dataclass(frozen=True)
class Peer:
    """One way to do it.

    Attributes:
        label: the row. module: what it has to have on both sides; empty: nothing.
        dump, load: code that defines `dump()`, which returns bytes, and `load(data)`.
        has_tree: whether the receiver has the package.
    """

    label: str
    module: str
    dump: str
    load: str = "load = pickle.loads"
    has_tree: bool = False


BASE: Final = "plain pickle, package there"
OURS: Final = "modulepickle"

ZIP: Final = """
import hashlib, io, zipfile
def dump():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            archive.write(file, os.path.relpath(file, tree))
    data = buffer.getvalue()
    return pickle.dumps((hashlib.sha256(data).hexdigest(), data, pickle.dumps(function)))
"""
UNZIP: Final = """
def load(data):
    digest, archive, named = pickle.loads(data)
    path = f"{place}/{digest}.zip"
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.write(archive)
    if path not in sys.path:
        sys.path.insert(0, path)
    return pickle.loads(named)
"""

EXPORT: Final = """
import io, warnings
warnings.simplefilter("ignore")
import torch.package
def dump():
    buffer = io.BytesIO()
    with torch.package.PackageExporter(buffer) as exporter:
        exporter.intern([package, f"{package}.**"])
        exporter.extern("**")
        exporter.save_pickle("work", "function.pkl", function)
    return buffer.getvalue()
"""
IMPORT: Final = """
import io, warnings
warnings.simplefilter("ignore")
import torch.package
def load(data):
    importer = torch.package.PackageImporter(io.BytesIO(data))
    return importer.load_pickle("work", "function.pkl")
"""

BY_VALUE: Final = """
import cloudpickle
cloudpickle.register_pickle_by_value(importlib.import_module(package))
dump = lambda: cloudpickle.dumps(function)
"""

CANDIDATES: Final = (
    Peer(BASE, "", "dump = lambda: pickle.dumps(function)", has_tree=True),
    Peer(OURS, "", "import modulepickle\ndump = lambda: modulepickle.dumps(function)"),
    Peer("`zip -9` on `sys.path`, and plain pickle", "", ZIP, UNZIP),
    Peer("torch.package", "torch", EXPORT, IMPORT),
    Peer(
        "cloudpickle by value", "cloudpickle", BY_VALUE, "import cloudpickle\nload = pickle.loads",
    ),
    Peer(
        "cloudpickle by reference, package there", "cloudpickle",
        "import cloudpickle\ndump = lambda: cloudpickle.dumps(function)",
        "import cloudpickle\nload = pickle.loads", has_tree=True,
    ),
    Peer(
        "dill, package there", "dill",
        "import dill\ndump = lambda: dill.dumps(function)",
        "import dill\nload = dill.loads", has_tree=True,
    ),
)  # fmt: skip

# Package -> module, function, and a call. sqlglot imports its dialects only then.
WORK: Final = {
    "toolz": ("toolz.itertoolz", "groupby", "function(len, ['a', 'bb']) == {1: ['a'], 2: ['bb']}"),
    "sqlglot": (
        "sqlglot", "transpile",
        "function('SELECT x::INT FROM y', read='duckdb', write='mysql')"
        " == ['SELECT CAST(x AS SIGNED) FROM y']",
    ),
    "networkx": (
        "networkx.generators.classic", "path_graph", "function(4).number_of_edges() == 3",
    ),
}  # fmt: skip

COLUMNS: Final = (
    "bytes",
    "dump, first",
    "dump, next",
    "load and call, first on the host",
    "load and call, second process",
    "load again, same process",
)

SEND: Final = """
function = getattr(importlib.import_module(module), name)
{}
begin = clock()
data = dump()
first = clock() - begin
with open(out, "wb") as file:
    file.write(data)
again = once(dump)
number = max(1, min(200, int(0.05 / again)))
result = [len(data), first, seconds(dump, number)]
"""

STANDARD: Final = """
sys.path[:0] = path
before = set(sys.modules)
function = getattr(importlib.import_module(module), name)
assert {}
new = set(sys.modules) - before
result = sorted(each for each in new if each.partition(".")[0] in sys.stdlib_module_names)
"""

# The peers import much of the standard library: so it is there for all, and measured for none.
RECEIVE: Final = """
for each in standard:
    try:
        importlib.import_module(each)
    except ImportError:
        pass  # a part of a module that makes it itself
sys.path[:0] = path
{}
data = read(payload)
begin = clock()
function = load(data)
right = {}
taken = clock() - begin
assert right
again = once(lambda: load(data))
number = max(1, min(1000, int(0.1 / again)))
result = [taken, seconds(lambda: load(data), number)]
"""


def peers(run: Run) -> list[Figure]:
    """Measure the packages one by one."""
    return [figure for package in packages(run.size) for figure in _Work(run, package).figures()]


class _Work:
    """One package: a tree for the sender, and one for receivers that have to have it.

    Attributes:
        failed: label -> what failed, first.
    """

    def __init__(self, run: Run, package: Package) -> None:
        self.run, self.package = run, package
        self.home = run.work / "peers" / package.name
        self.tree = package.unzip(self.home / "tree")
        self.bare = package.unzip(self.home / "bare")
        self.files = package.files(self.tree)
        self.module, self.function, self.call = WORK[package.name]
        self.places = count()
        self.standard = receive(
            run, STANDARD.format(self.call), path=[str(self.bare)], module=self.module,
            name=self.function,
        )  # fmt: skip
        self.failed: dict[str, str] = {}

    def figures(self) -> Iterator[Figure]:
        """Yield the table: a row for each peer. A peer that fails is out after its first turn."""
        able = []
        for number, peer in enumerate(CANDIDATES):
            self.run.say(f"peers: {self.package.name}, {peer.label}")
            turn = partial(self._turn, peer, self.home / str(number))
            try:
                turn()
                able.append(turn)
            except ChildFailed as error:
                self.run.say(str(error))
        samples = rounds(self.run.rounds, able)
        for peer in CANDIDATES:
            yield from self._row(peer, samples)

    def _row(self, peer: Peer, samples: Samples) -> Iterator[Figure]:
        group = f"peers: {self.package.name}, {len(self.files)} files"
        for column in COLUMNS:
            taken = tuple(samples.get(f"{peer.label}: {column}", ()))
            note = self.failed.get(peer.label, "") if column == COLUMNS[0] else ""
            is_compared = column.startswith("load and") and peer.label != BASE
            yield Figure(
                group, column, peer.label, median(taken) if taken else None,
                "bytes" if column == "bytes" else "s", BASE if is_compared else None, "",
                note, taken,
            )  # fmt: skip

    def _turn(self, peer: Peer, payload: Path) -> dict[str, float]:
        """Measure one peer: a sender, a host that is new, and its second process."""
        step = "dump"
        try:
            if peer.module and not installed(peer.module):
                raise ChildFailed("not installed")
            sent = self._send(peer, payload)
            step = "load and call"
            place = self._place(peer)
            first = self._receive(peer, payload, place)
            second = self._receive(peer, payload, place)
        except ChildFailed as error:
            said = str(error).splitlines()[-1]
            failed = f"{step}: {said[:110]}" if said != "not installed" else said
            self.failed[peer.label] = failed.replace("|", "/")
            raise
        taken = [*sent, first[0], second[0], second[1]]
        return {f"{peer.label}: {column}": it for column, it in zip(COLUMNS, taken)}

    def _send(self, peer: Peer, payload: Path) -> list[float]:
        package = self.package
        found: list[float] = send(
            self.run, self.tree, SEND.format(peer.dump), package=package.name,
            module=self.module, name=self.function, out=payload, tree=self.tree,
            files=[str(file) for file in self.files],
        )  # fmt: skip
        return found

    def _place(self, peer: Peer) -> Path:
        """Return the folder of a new host, on which nothing has been unpacked or compiled."""
        place = self.home / f"place{next(self.places)}"
        place.mkdir()
        if peer.has_tree:
            without_bytecode(self.bare, self.run.work / "aside")
        return place

    def _receive(self, peer: Peer, payload: Path, place: Path) -> Any:
        path = [str(self.bare)] if peer.has_tree else []
        path += [str(self._beside(peer))] if peer.module else []
        return receive(
            self.run, RECEIVE.format(peer.load, self.call), cache=place, payload=payload,
            path=path, place=place, standard=self.standard,
        )  # fmt: skip

    def _beside(self, peer: Peer) -> Path:
        """Return a folder with the peer and what it needs, and not the package itself.

        Where a peer is installed, the package may be installed, too: networkx comes with torch.
        """
        folder = self.home / f"with-{peer.module}"
        if not folder.exists():
            folder.mkdir()
            spec = importlib.util.find_spec(peer.module)
            if spec is None or spec.origin is None:
                raise ChildFailed("not installed")
            for entry in Path(spec.origin).parents[1].iterdir():
                if not entry.name.startswith(self.package.name):
                    (folder / entry.name).symlink_to(entry)
        return folder
