"""Golden pickles: what earlier states of the library wrote is read, alone and beside today's.

Each folder here is named after its loader, and was made by `make_pickles.py` from one checkout: two
versions, `old` and `new`, of one working tree. Receivers get them as they are.
"""

from __future__ import annotations

import itertools
import subprocess
import textwrap
from pathlib import Path
from typing import Any, Final

import pytest
from make_pickles import HERE, PYTHON, write_tree

from receivers import SOURCE, find_interpreters, interpreters, receive, run

LOADERS: Final = sorted(path.name for path in HERE.iterdir() if (path / "old").is_dir())
VERSIONS: Final = ("old", "new")
PYTHONS: Final = interpreters(("3.9", "3.11", "3.13"))

# What each pickle gives, in a process of its own: an expression of `obj`, and its value, in which
# VERSION stands for that of the tree.
EXPECTED: Final = {
    "function": ("obj(Item('milk', 2), 3)", "6 VERSION euros, VERSION, 1"),
    "instance": ("[obj.name, obj.raised().name, obj.raised().price]", ["tea", "tea, VERSION", 4]),
    "order": ("[obj.total(), obj.colour.name, obj.colour is Colour.GREEN]", [4, "GREEN", True]),
    "class": ("[obj('a', 1) == Item('a', 1), obj is Item]", [True, True]),
    "module": ("[obj.VERSION, obj.data(), obj.__name__]", ["VERSION", "tea, VERSION\n", "shop"]),
    "namespace": ("obj(2)", "VERSION 4"),
    "namespace-module": ("[obj.__name__, obj.tools.twice(3)]", ["acme", "VERSION 6"]),
    "by-value-lambda": ("obj(Item('milk', 2))", "4 VERSION euros, VERSION, 1"),
    "by-value-closure": (
        "[obj(Item('milk', 2)), obj(Item('milk', 2))]",
        ["10 VERSION euros, VERSION, 1", "20 VERSION euros, VERSION, 2"],
    ),
    "by-value-class": (
        "[obj(Item('a', 4)).total(), obj.kind]",
        ["4 VERSION euros, VERSION, 1", "basket"],
    ),
    "by-value-instance": (
        "[obj.total(), *sorted(obj)]",
        ["4 VERSION euros, VERSION, 1", "milk", "tea"],
    ),
    "by-value-dataclass": ("[obj.volume(), obj.items == [Item('tea', 3)]]", [8, True]),
    "by-value-enum": ("[obj.name, obj.larger().name, len(type(obj))]", ["SMALL", "LARGE", 2]),
    "preload": ("[obj(), Item('a', 1).raised().name]", [None, "a, VERSION"]),
    "wrap": ("obj(Item('milk', 2))", "2 VERSION euros, VERSION, 1"),
    **{
        f"protocol-{protocol}": ("obj[0](obj[1])", "3 VERSION euros, VERSION, 1")
        for protocol in range(6)
    },
    "out-of-band": ("obj(Item('milk', 2))", "2 VERSION euros, VERSION, 1"),
    "store-text": ("obj(Item('milk', 2))", "2 VERSION euros, VERSION, 1"),
    "store-callable": ("obj(Item('milk', 2))", "2 VERSION euros, VERSION, 1"),
    "signed": ("obj(Item('milk', 2))", "2 VERSION euros, VERSION, 1"),
}  # fmt: skip
OF_THE_LIBRARY: Final = {"packaging-error", "warning", "policy"}
BUFFERS: Final = {"out-of-band": 2}

LOAD: Final = """
import os, pickle, sys
from pathlib import Path

class Names(dict):
    # `Item` and `Colour` are imported when an expression asks for them.
    def __missing__(self, name):
        if name not in ("Item", "Colour"):
            raise KeyError(name)
        import shop
        return getattr(shop, name)

def load(loader, version, name):
    folder = Path(ROOT, loader, version)
    os.chdir(folder)  # its store has a relative path
    buffers = [file.read_bytes() for file in sorted(folder.glob(f"{name}.*.buffer"))]
    return pickle.loads((folder / f"{name}.pickle").read_bytes(), buffers=buffers)

def evaluate(obj, text):
    return eval(text, {}, Names(obj=obj))
"""


def code(text: str, **names: Any) -> str:
    """Return the code of a receiver that has `load`, `evaluate` and some constants."""
    given = "\n".join(f"{name} = {value!r}" for name, value in {"ROOT": str(HERE), **names}.items())
    return f"{given}\n{LOAD}\n{textwrap.dedent(text)}"


def expected(name: str, version: str) -> Any:
    """Return what a golden pickle gives."""
    value = EXPECTED[name][1]
    if isinstance(value, str):
        return value.replace("VERSION", version)
    return [each.replace("VERSION", version) if isinstance(each, str) else each for each in value]


def test_there_are_golden_pickles():
    assert len(LOADERS) >= 1
    for loader, version in itertools.product(LOADERS, VERSIONS):
        files = {path.name for path in (HERE / loader / version).iterdir() if path.is_file()}
        buffers = {f"{name}.{n}.buffer" for name, many in BUFFERS.items() for n in range(many)}
        assert files == {f"{name}.pickle" for name in {*EXPECTED, *OF_THE_LIBRARY}} | buffers


@pytest.mark.slow
def test_the_script_makes_them(tmp_path):
    version = "{}.{}".format(*PYTHON)
    if version not in find_interpreters():
        pytest.skip(f"no Python {version} found")
    script = tmp_path / "golden/make_pickles.py"  # it writes beside itself
    script.parent.mkdir()
    script.write_bytes((HERE / "make_pickles.py").read_bytes())
    command = [find_interpreters()[version], str(script), str(SOURCE.parent), "made"]
    subprocess.run(command, check=True, capture_output=True)
    for version in VERSIONS:
        names = {path.name for path in (script.parent / "made" / version).iterdir()}
        assert names == {path.name for path in (HERE / LOADERS[0] / version).iterdir()}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("loader", LOADERS)
def test_r01_each_golden_pickle_gives_what_it_gave(loader, version, python):
    # Each in a process of its own, forked before anything was loaded.
    text = """
        result = {}
        for name, text in TEXTS.items():
            read, write = os.pipe()
            child = os.fork()
            if not child:
                try:
                    value = evaluate(load(LOADER, VERSION, name), text)
                except BaseException as error:
                    value = repr(error)
                os.write(write, pickle.dumps(value))
                os._exit(0)
            os.close(write)
            with open(read, "rb") as file:
                result[name] = pickle.load(file)
            os.waitpid(child, 0)
    """
    texts = {name: text for name, (text, _) in EXPECTED.items()}
    text = code(text, TEXTS=texts, LOADER=loader, VERSION=version)
    got = receive([], text, absent=["shop", "units", "acme"], python=python)
    assert got.result == {name: expected(name, version) for name in EXPECTED}
    assert got.stderr == ""


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("loader", LOADERS)
def test_r09_all_golden_pickles_in_one_process(loader, python):
    text = """
        result = {}
        for name, text in TEXTS.items():
            for version in VERSIONS:
                obj = load(LOADER, version, name)
                import shop
                shop.calls.clear()
                good = evaluate(obj, text) == WANTED[name, version]
                active = sys.modules["shop"].VERSION
                result[name, version] = good and (active == version or name == "namespace")
    """
    names = [name for name in EXPECTED if name not in ("by-value-enum", "namespace-module")]
    wanted = {(name, each): expected(name, each) for name in names for each in VERSIONS}
    texts = {name: EXPECTED[name][0] for name in names}
    text = code(text, TEXTS=texts, LOADER=loader, VERSIONS=VERSIONS, WANTED=wanted)
    got = receive([], text, absent=["shop", "units", "acme"], python=python)
    assert [key for key, good in got.result.items() if not good] == []
    assert len(got.result) == len(wanted)


PAIRS: Final = [
    pytest.param(*one, *other, id="-".join([*one, *other]))
    for one, other in itertools.permutations(itertools.product(LOADERS, VERSIONS), 2)
]

TWO_LOADERS: Final = """
def home(order):  # as a worker does it: load, call, pickle the result, and then the next task
    return pickle.dumps(order)

f, order = load(*ONE, "function"), load(*ONE, "order")
sent = [home(order)]
g, other = load(*OTHER, "function"), load(*OTHER, "order")
sent += [home(other), home(load(*ONE, "order"))]
item, another = order.items[0], other.items[0]
enums = [(order, f.__globals__["Colour"]), (other, g.__globals__["Colour"])]
result = {
    "values": [f(item), g(another), f(item, 2), g(another, 2), f(item)],
    "methods": [item.raised().name, another.raised().name, item.raised().name],
    "enums": [each.colour is Colour.GREEN for each, Colour in enums],
    "active": [sys.modules["shop"].VERSION],
    "same class": [], "same state": [],
}
for each, loaded, call in [(ONE, order, f), (OTHER, other, g), (ONE, order, f), (OTHER, other, g)]:
    again, function = load(*each, "order"), load(*each, "function")
    result["same class"].append(type(again) is type(loaded) and again.colour is loaded.colour)
    result["same state"].append(function is call)
    result["active"].append(sys.modules["shop"].VERSION)
    sent.append(home(again))
result["sent"] = sent
"""


def come_home(folder: Path, sent: list[bytes]) -> list[bool]:
    """Tell of each pickle whether a sender with the `old` tree gets an `Order` of its own."""
    write_tree(folder, "old")
    text = f"""
        import pickle, shop
        orders = [pickle.loads(data) for data in {sent!r}]
        result = [
            type(order) is shop.Order and order.colour is shop.Colour.GREEN and order.total() == 4
            for order in orders
        ]
    """
    found: list[bool] = run(folder, text).result
    return found


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("loader", "version", "other", "version_of_other"), PAIRS)
def test_r09_r11_two_snapshots_by_two_loaders(
    tmp_path, loader, version, other, version_of_other, python
):
    text = code(TWO_LOADERS, ONE=(loader, version), OTHER=(other, version_of_other))
    got = receive([], text, absent=["shop", "units", "acme"], python=python)
    result = got.result
    sent = result.pop("sent")
    one, two = version, version_of_other
    calls = [1, 1, 2, 2, 3] if result["values"][1].endswith(" 1") else [1, 2, 3, 4, 5]
    prices = [3, 3, 6, 6, 3]
    whose = [one, two, one, two, one]
    assert result == {
        "values": [f"{p} {v} euros, {v}, {n}" for p, v, n in zip(prices, whose, calls)],
        "methods": [f"tea, {each}" for each in (one, two, one)],
        "enums": [True, True],
        "active": [one, one, two, one, two],
        "same class": [True] * 4,
        "same state": [True] * 4,
    }
    assert calls == [1, 1, 2, 2, 3] or one == two  # one state is that of one content at most
    assert come_home(tmp_path, sent) == [True] * 7


def wait_for_an_older_tree(folder: Path) -> None:
    """Wait until files are older than a new process by some ticks of the clocks of both."""
    newest = max(path.stat().st_ctime_ns for path in folder.rglob("*"))
    probe = folder / "probe.txt"
    while not probe.exists() or probe.stat().st_ctime_ns < newest + 100_000_000:
        probe.write_text("x")


OWN: Final = """
import sys
sys.path.insert(0, TREE)
import acme.tools, shop
import modulepickle
result = {
    "function": load(LOADER, VERSION, "function") is shop.price,
    "class": load(LOADER, VERSION, "class") is shop.Item,
    "module": load(LOADER, VERSION, "module") is shop,
    "instance": type(load(LOADER, VERSION, "instance")) is shop.Item,
    "enum": load(LOADER, VERSION, "order").colour is shop.Colour.GREEN,
    "namespace": load(LOADER, VERSION, "namespace") is acme.tools.twice,
    "namespace-module": load(LOADER, VERSION, "namespace-module") is acme,
    "store-text": load(LOADER, VERSION, "store-text") is shop.price,
    "by value": load(LOADER, VERSION, "by-value-lambda").__globals__["shop"] is shop,
}
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="nothing is proved without /proc")
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("imported", VERSIONS)
@pytest.mark.parametrize("loader", LOADERS)
def test_r10_a_process_that_imported_the_same_has_its_own(tmp_path, loader, imported, python):
    write_tree(tmp_path, imported)
    wait_for_an_older_tree(tmp_path)
    text = code(OWN, LOADER=loader, VERSION="old", TREE=str(tmp_path))
    got = receive([], text, bare=False, python=python, fresh=True)  # it began after the tree
    assert got.result == dict.fromkeys(got.result, imported == "old")
    assert len(got.result) == 9


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("loader", LOADERS)
def test_what_names_the_library_finds_it(loader, python):
    text = """
        import modulepickle
        error = load(LOADER, "old", "packaging-error")
        (problem,) = error.problems
        policy = load(LOADER, "old", "policy")
        warning = load(LOADER, "old", "warning")
        result = [
            type(error) is modulepickle.PackagingError,
            type(problem) is modulepickle.Problem,
            problem.reason is modulepickle.Reason.TOO_LARGE,
            problem[1:] == ("shop", "70 bytes", "leave it out", ("f", "package shop")),
            str(error).startswith(problem.reason.value),
            policy == modulepickle.Policy(exclude=("secret",), max_bytes=99),
            type(warning) is modulepickle.StaleSourceWarning and warning.args == ("edited",),
        ]
    """
    assert receive([], code(text, LOADER=loader), bare=False, python=python).result == [True] * 7


@pytest.mark.parametrize("loader", LOADERS)
def test_a_golden_signature_holds(loader):
    text = """
        import modulepickle
        key = b"golden pickles, 32 bytes of key."
        data = Path(ROOT, LOADER, "old", "signed.pickle").read_bytes()
        changed = data.replace(b"price", b"print")
        assert changed != data
        result = [modulepickle.loads(data, key=key).__name__]
        for wrong, secret in [(changed, key), (data, key[::-1])]:
            try:
                modulepickle.loads(wrong, key=secret)
            except modulepickle.UnpicklingError:
                result.append("refused")
    """
    got = receive([], code(text, LOADER=loader), bare=False)
    assert got.result == ["price", "refused", "refused"]


def test_pickles_of_the_library_s_objects_name_its_public_face():
    text = """
        import pickletools
        from modulepickle import PackagingError, Policy, Problem, Reason, StaleSourceWarning
        objs = [PackagingError([Problem(Reason.TOO_LARGE, "x")]), StaleSourceWarning("x"), Policy()]
        result = set()
        for obj in [*objs, PackagingError, Policy, Problem, Reason, StaleSourceWarning]:
            data = pickle.dumps(obj, 2)
            result |= {arg for op, arg, _ in pickletools.genops(data) if op.name == "GLOBAL"}
    """
    ours = {f"modulepickle {name}" for name in ("Problem", "Reason", "PackagingError", "Policy")}
    found = receive([], code(text), bare=False).result
    assert {name for name in found if name.startswith("modulepickle")} == {
        *ours,
        "modulepickle StaleSourceWarning",
    }
