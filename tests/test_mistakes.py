"""The README's errors: each is made here, and says what the README says it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from receivers import find_interpreters, project, receive, run, send
from test_readme import README

SECTION = README.partition("\n## When something goes wrong\n")[2].partition("\n## ")[0]
SHOWN = re.findall(r"^```text\n(.*?)^```\n\n(.+?)(?=\n\n|\Z)", SECTION, flags=re.M | re.S)

TREE = """
    === pyproject.toml
    === helpers/__init__.py
    import colour

    class Point:
        pass

    def double(x):
        return 2 * x
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


MISTAKES: list[Callable[[Path], str]] = [
    not_local,
    third_party,
    too_large,
    lock,
    link,
    settings,
    stale,
    version,
    two_versions,
    not_signed,
]


def test_the_readme_shows_as_many_errors_as_are_made_here() -> None:
    assert len(SHOWN) == len(MISTAKES) == 10


@pytest.mark.parametrize("index", range(10), ids=[each.__name__ for each in MISTAKES])
def test_the_readme_shows_what_is_said(tree: Path, index: int) -> None:
    if MISTAKES[index] is settings:
        pytest.importorskip("tomllib")  # new in 3.11
    said = MISTAKES[index](tree).replace(str(tree), "/home/me/project")
    shown, cure = SHOWN[index]
    assert shown in said + "\n", f"the README shows\n{shown}\nand what is said is\n{said}"
    assert cure


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
    ("modulepickle.inspect(print)", "; what would be in a pickle, says explain()"),
    ("modulepickle.inspect(open(__file__))", "not a file that is open as text"),
    ("modulepickle.extend_dask('tcp://x')", "not str; write extend_dask(Client(...))"),
    (
        "modulepickle.extend_ray(store=modulepickle.stores.directory('.'))",
        "takes True or False, not modulepickle.stores.directory('/home/me/project'); a store of",
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
