"""The errors of `docs/errors.md`: each is made here, and says what the page shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import modulepickle
from modulepickle._base.errors import pointer
from modulepickle._cli import cures
from pages import anchors, text_of
from receivers import SOURCE, find_interpreters, project, receive, run, send

PAGE = text_of("errors.md")
ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>\n\n(?=## )', re.M)
ENTRIES = dict(re.findall(r"^## (.+)\n\n((?:(?!## ).*\n)+)", ANCHOR.sub("", PAGE), flags=re.M))
"""Title -> what stands below it."""
TEXT = re.compile(r"^```text\n(.*?)^```$", re.M | re.S)

TREE = """
    === pyproject.toml
    === helpers/__init__.py
    import colour

    class Point:
        pass

    def double(x):
        return 2 * x
    === units.py
    === train.py
    import helpers

    def fit(x):
        return helpers.double(x)
    === site/site-packages/colour.py
    === site/site-packages/modulepickle-0.1.0.dist-info/METADATA
    Metadata-Version: 2.1
    Name: modulepickle
    Version: 0.1.0
    === site/site-packages/modulepickle-0.1.0.dist-info/top_level.txt
    modulepickle
    === site/site-packages/colour_science-0.4.6.dist-info/METADATA
    Metadata-Version: 2.1
    Name: colour-science
    Version: 0.4.6
    === site/site-packages/colour_science-0.4.6.dist-info/top_level.txt
    colour
    === ../elsewhere/vendored.py
    def f():
        return 1
"""

START = """
import sys
sys.path += [{site!r}, {elsewhere!r}]
import modulepickle
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "project", TREE)


def start(tree: Path) -> str:
    site, elsewhere = tree / "site/site-packages", tree.parent / "elsewhere"
    return START.format(site=str(site), elsewhere=str(elsewhere))


def fails(tree: Path, code: str) -> str:
    return run(tree, start(tree) + code, expect_failure=True).stderr


def not_local(tree: Path) -> str:
    data = send(tree, start(tree) + "import vendored\nobj = vendored.f", warns=True)
    return receive(data, "", expect_failure=True).stderr


def third_party(tree: Path) -> str:
    data = send(tree, start(tree) + "import train\nobj = train.fit")
    return receive(data, "", expect_failure=True).stderr


def too_large(tree: Path) -> str:
    tree.joinpath("helpers/model.ckpt").write_bytes(b"\0" * 70_000_000)
    return fails(tree, "import train\nmodulepickle.dumps(train.fit)")


def lock(tree: Path) -> str:
    code = """
import threading
class Model:
    def __init__(self):
        self.lock = threading.Lock()
model = Model()
def fit():
    return model
modulepickle.dumps(fit)
"""
    return fails(tree, code)


def link(tree: Path) -> str:
    tree.joinpath("helpers/data").symlink_to("/usr")
    return fails(tree, "import train\nmodulepickle.dumps(train.fit)").replace("/usr", "/mnt/data")


def settings(tree: Path) -> str:
    tree.joinpath("pyproject.toml").write_text('[tool.modulepickle]\nexlude = ["experiments"]\n')
    return fails(tree, "import train\nmodulepickle.dumps(train.fit)")


def stale(tree: Path) -> str:
    code = """
import pathlib
import helpers
path = pathlib.Path("helpers/__init__.py")
path.write_text(path.read_text().replace("2 * x", "3 * x"))
modulepickle.dumps(helpers.double)
"""
    return run(tree, start(tree) + code).stderr


def replaced(tree: Path) -> str:
    code = """
import functools, helpers
@functools.wraps(helpers.double)
def mine(x):
    return x
helpers.double = mine
modulepickle.dumps(helpers.double)
"""
    return run(tree, start(tree) + code).stderr


def version(tree: Path) -> str:
    pythons = find_interpreters()
    if "3.11" not in pythons or "3.12" not in pythons:
        pytest.skip("no Python 3.11 and 3.12 found")
    data = send(tree, start(tree) + "obj = eval('lambda x: x')", python=pythons["3.11"])
    said = receive(data, "", python=pythons["3.12"], expect_failure=True).stderr
    return re.sub(r"3\.12\.\d+", "3.12.1", said)


def two_versions(tree: Path) -> str:
    code = start(tree) + "import helpers\nobj = helpers.Point()"
    tree.joinpath("helpers/__init__.py").write_text("class Point:\n    size = 1\n")
    old = send(tree, code)
    tree.joinpath("helpers/__init__.py").write_text("class Point:\n    size = 2\n")
    new = send(tree, code)
    code = "import pickle\npickle.dumps(objs[0])"
    return receive([old, new], code, expect_failure=True).stderr


def not_signed(tree: Path) -> str:
    code = "import train\ndata = modulepickle.dumps(train.fit)\n"
    return fails(tree, code + "modulepickle.loads(data, key=b'k' * 32)")


def dumps(tree: Path, prepare: str = "", **options: str) -> str:
    """What `dumps` says of `train.fit` after something has been done to the tree."""
    given = "".join(f", {name}={value}" for name, value in options.items())
    return fails(tree, f"import os, train\n{prepare}\nmodulepickle.dumps(train.fit{given})")


def warns(tree: Path, code: str) -> str:
    return run(tree, start(tree) + code).stderr


def gone(tree: Path) -> str:
    return dumps(tree, "open('train.py', 'a').write('def f(:')").replace("in line 6", "in line 5")


def changing(tree: Path) -> str:
    tree.joinpath("helpers/log.txt").write_bytes(b"x" * 4321)
    code = """
import itertools
from modulepickle._snapshot import files
times, real = itertools.count(), files.key_of
def changes(found):
    size, time, *rest = real(found)
    return size, next(times) if size == 4321 else time, *rest
files.key_of = changes
"""
    return dumps(tree, code)


def bad_name(tree: Path) -> str:
    return dumps(tree, r"open('helpers/old\\data.csv', 'w').close()")


def unreadable(tree: Path) -> str:
    tree.joinpath("helpers/secret.txt").write_text("")
    code = """
from modulepickle._snapshot import files
def refuse(path, *args, **options):
    if path.endswith("secret.txt"):
        raise PermissionError(13, "Permission denied", path)
    return open(path, *args, **options)
files.open = refuse  # of root, no file refuses
"""
    return dumps(tree, code)


def cycle(tree: Path) -> str:
    return dumps(tree, "os.symlink('..', 'helpers/up')")


def special(tree: Path) -> str:
    return dumps(tree, "os.mkfifo('helpers/pipe')")


def clash(tree: Path) -> str:
    for name in ("Data.txt", "data.txt"):
        tree.joinpath("helpers", name).write_text("")
    if len([*tree.glob("helpers/[dD]ata.txt")]) < 2:
        pytest.skip("this disk ignores case")
    return dumps(tree)


def no_effect(tree: Path) -> str:
    code = "import train\nmodulepickle.dumps(train.fit, policy=modulepickle.Policy({}))"
    return warns(tree, code.format("exclude=('helper',)"))


def left_out(tree: Path) -> str:
    code = "import train\nmodulepickle.dumps(train.fit, policy=modulepickle.Policy({}))"
    return warns(tree, code.format("ignore=('__init__.py',)"))


def secret(tree: Path) -> str:
    value = "ghp_" + "a1" * 18
    return warns(
        tree, f"API_TOKEN = {value!r}\ndef call():\n    return API_TOKEN\nmodulepickle.dumps(call)"
    )


def by_name(tree: Path) -> str:
    said = warns(tree, "import vendored\nmodulepickle.dumps(vendored.f)")
    return said.replace(str(tree.parent / "elsewhere"), "/home/me/elsewhere")


def stand_in(tree: Path) -> str:
    tree.joinpath("user.py").write_text(
        "import modulepickle\ndef f():\n    modulepickle.dumps(1)\n"
    )
    data = send(tree, start(tree) + "import user\nobj = user.f")
    return receive(data, "obj()", expect_failure=True).stderr


def no_files(tree: Path) -> str:
    shared = tree.parent / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    data = send(tree, "import units\nobj = units")
    said = receive(data, "", cache=shared).stderr
    return re.sub(r"modulepickle-\d+", "modulepickle-0", said).replace(
        str(shared), "/home/me/shared"
    )


def hidden(tree: Path) -> str:
    there = project(tree.parent / "there", "=== units.py\nUNIT = 'mile'\n")
    data = send(tree, "import units\nobj = units")
    code = f"sys.path.insert(0, {str(there)!r})\nload()\nimport units"
    return receive(data, code, lazy=True, cache=tree.parent / "cache").stderr


def deep(tree: Path) -> str:
    code = """
class Node: pass
node = None
for _ in range(50_000):
    above = Node()
    above.next, node = node, above
try:
    modulepickle.dumps(node)
except RecursionError as error:
    result = str(error)
"""
    return str(run(tree, start(tree) + code).result)


def damaged(tree: Path) -> str:
    data = send(tree, start(tree) + "import train\nobj = train.fit")
    place = data.index(b"PK\3\4") + 40
    data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    return receive(data, "", expect_failure=True).stderr


def lost(tree: Path) -> str:
    tree.joinpath("store").mkdir()
    code = start(tree) + "import units\nobj = units"
    data = send(
        tree, code, dumps="modulepickle.dumps(obj, store=modulepickle.stores.directory('store'))"
    )
    for path in tree.glob("store/*"):
        path.unlink()
    return receive(data, "", expect_failure=True).stderr


def syntax(tree: Path) -> str:
    pythons = find_interpreters()
    if "3.9" not in pythons or "3.11" not in pythons:
        pytest.skip("no Python 3.9 and 3.11 found")
    code = "def f(x):\n    match x:\n        case 1:\n            return 2\nobj = f"
    data = send(tree, code, python=pythons["3.11"])
    return receive(data, "obj(1)", python=pythons["3.9"], expect_failure=True).stderr


MISTAKES: dict[str, Callable[[Path], str]] = {
    "A file is gone, or no longer compiles, since it was imported": gone,
    "A file kept changing while it was read": changing,
    "A file name cannot be written on every system": bad_name,
    "A file or folder cannot be read": unreadable,
    "A name of a package was given something else by the script": replaced,
    "A symbolic link leads back into itself": cycle,
    "A symbolic link leads out of the package": link,
    "Can't pickle, it's not the same object": two_versions,
    "Code is bytecode of another Python": version,
    "Import finds the package that came in a pickle": hidden,
    "It goes by name, and no installed distribution has it": by_name,
    "modulepickle.dumps was called where the library is not installed": stand_in,
    "Nested too deeply": deep,
    "No files are unpacked": no_files,
    "No module named, by name": not_local,
    "No module named, missing distribution": third_party,
    "Not a regular file": special,
    "Package is damaged": damaged,
    "StaleSourceWarning": stale,
    "The object cannot be pickled": lock,
    "The package is larger than Policy.max_bytes": too_large,
    "The policy has an entry without effect": no_effect,
    "The policy leaves out a file that is needed": left_out,
    "The settings in pyproject.toml are wrong": settings,
    "The store has lost a package": lost,
    "This pickle is not signed": not_signed,
    "Two names are one name on a disk that ignores case": clash,
    "Was written for another Python": syntax,
    "What looks like a secret travels by value": secret,
}
"""Title of an entry -> what makes the mistake, and returns what is said."""

WITHOUT = {
    "Compiled code imports modules by itself": "fidelity/test_cython.py",
    "Came in a pickle, and cannot go on by name": "engines/test_engine_foreign.py",
}
"""Entries that show no message, since it takes more to get it -> who gets it."""


def test_each_entry_is_made_here_and_they_stand_from_a_to_z() -> None:
    assert sorted(MISTAKES.keys() | WITHOUT.keys()) == sorted(ENTRIES)
    assert all((Path(__file__).parent / file).exists() for file in WITHOUT.values())
    assert [*ENTRIES] == sorted(ENTRIES, key=str.lower)


def test_each_reason_has_an_entry_of_its_words() -> None:
    for reason in modulepickle.Reason:
        words = reason.value.partition(" (")[0]
        assert words in ENTRIES, words
    assert "the-package-is-larger-than-policymax_bytes" in anchors(PAGE)


def test_messages_name_the_anchors_of_the_page() -> None:
    named = [reason.anchor for reason in modulepickle.Reason] + [*cures.ENTRIES]
    for path in SOURCE.rglob("*.py"):
        named += re.findall(r"pointer\([\"']([\w-]+)[\"']\)", path.read_text(encoding="utf-8"))
    found = ANCHOR.findall(PAGE)
    assert sorted(found) == sorted({*named})
    assert not {*found} & anchors(ANCHOR.sub("", PAGE)), "no title has an anchor of the same name"


def test_what_the_sender_left_out_has_the_entry_of_the_policy() -> None:
    said = "ModuleNotFoundError: No module named 'a.b' (the sender left it out by ignore \"b*\")"
    assert cures.cure(f"Traceback (most recent call last):\n  ...\n{said}\n") == pointer("left-out")
    assert cures.cure("KeyError: 'tea'\n") == cures.cure("") == ""


def test_a_misspelt_import_is_said_without_a_distribution_and_has_its_cure(tree: Path) -> None:
    tree.joinpath("units.py").write_text("def km(x):\n    import colours\n", encoding="utf-8")
    data = send(tree, start(tree) + "import units\nobj = units.km")
    said = receive(data, "obj(1)", expect_failure=True).stderr
    assert said.endswith("\nModuleNotFoundError: No module named 'colours'\n")
    assert cures.cure(said) == pointer("no-module")
    assert "misspelt" in ENTRIES["No module named, by name"]
    explained = run(
        tree, start(tree) + "import units\nresult = str(modulepickle.explain(units.km))"
    )
    (heading,) = re.findall(r'"(imports that .*)"', ENTRIES["No module named, by name"])
    assert f"{heading}\n      colours, at units.py:2\n" in f"{explained.result}\n"


@pytest.mark.parametrize("title", MISTAKES)
def test_the_page_shows_what_is_said(tree: Path, title: str) -> None:
    make = MISTAKES[title]
    if make is settings:
        pytest.importorskip("tomllib")  # new in 3.11
    said = make(tree).replace(str(tree), "/home/me/project")
    (shown,) = TEXT.findall(ENTRIES[title])
    shown = shown.rstrip("\n") if make in (deep, lost, syntax, hidden) else shown
    assert shown in said + "\n", f"the page shows\n{shown}\nand what is said is\n{said}"
    assert ENTRIES[title].rpartition("```")[2].strip(), "there is a cure"
    (anchor,) = re.findall(rf'<a id="([\w-]+)"></a>\n\n## {re.escape(title)}\n', PAGE) or [""]
    if anchor in cures.ENTRIES and make is not left_out:
        assert cures.cure(said) == pointer(anchor)
    elif anchor:
        assert pointer(anchor) in (said if make is deep else shown)


# -- Mistakes in calls ----------------------------------------------------------------------------

CALLS = [
    ("modulepickle.dumps(1, policy={})", "policy= takes a Policy, not dict; write"),
    ("modulepickle.explain(1, policy=5)", "policy= takes a Policy, not int; write"),
    (
        "modulepickle.set_policy(None)",
        "set_policy() takes a Policy, not NoneType;",
    ),
    ("modulepickle.Policy(ignore='*.ckpt')", "write Policy(ignore=('*.ckpt',))"),
    ("modulepickle.register_pickle_by_value('x')", "import it, and give that"),
    ("modulepickle.preload('json')", "the standard library is everywhere, and never shipped"),
    ("modulepickle.preload(print)", "names, not <built-in function print>; write preload('builti"),
    ("modulepickle.Policy(include=(re,))", "write Policy(include=('re',))"),
    ("modulepickle.inspect('f.pickle')", "a binary file, not str; write pathlib.Path(...)"),
    ("modulepickle.inspect(5.0)", "takes bytes, a pathlib.Path or a binary file, not float"),
    ("modulepickle.inspect(print)", "; to see what a pickle would hold, call explain()"),
    ("modulepickle.inspect(open(__file__))", "not a file that is open as text"),
    ("modulepickle.extend_dask('tcp://x')", "not str; write extend_dask(Client(...))"),
    (
        "modulepickle.extend_ray(store=modulepickle.stores.directory('.'))",
        "takes True or False, not modulepickle.stores.directory('/home/me/project'); to use a",
    ),
    ("modulepickle.test.test(3)", "test() takes a function without arguments, not int"),
    ("modulepickle.explane", "has no attribute 'explane'"),
]


def test_mistakes_in_calls_say_what_to_type(tree: Path) -> None:
    code = "import re\nresult = []\n" + "".join(
        f"try:\n    {call}\nexcept Exception as error:\n    result.append(str(error))\n"
        for call, _ in CALLS
    )
    said = run(tree, start(tree) + code).result
    assert len(said) == len(CALLS)
    for text, (call, message) in zip(said, CALLS):
        assert message in text.replace(str(tree), "/home/me/project"), call
