"""What a source imports, and which local package a name belongs to (design section 4)."""

from __future__ import annotations

import ast
import importlib
import logging
import shutil
import sys
import types
import warnings
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modulepickle._local import distributions as _distributions
from modulepickle._local import finder as _scan
from modulepickle._local import tree as _tree
from modulepickle._local.distributions import distribution
from modulepickle._local.finder import LocalPackage, find_local_package, finder
from modulepickle._local.policy import Policy
from modulepickle._snapshot.imports import imports
from receivers import project


def found(text: str, module: str = "pkg.mod", is_package: bool = False) -> tuple[str, ...]:
    return imports(text.encode(), module, is_package)


# -- Imports ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a", ["a"]),
        ("import a.b as c, d", ["a.b", "d"]),
        ("from a import b as c, d", ["a", "a.b", "a.d"]),
        ("from a.b import *", ["a.b"]),
        ("from . import a", ["pkg", "pkg.a"]),
        ("from .a import b", ["pkg.a", "pkg.a.b"]),
        ("from .. import a", []),
        ("import b\nimport a\nimport b", ["b", "a"]),
        ("import_module('a.b')", ["a.b"]),
        ("importlib.import_module('a')", ["a"]),
        ("import_module(name='a')", ["a"]),
        ("import_module('.a', 'x.y')", ["x.y.a"]),
        ("import_module('..a', package='x.y')", ["x.a"]),
        ("import_module('.a', __package__)", ["pkg.a"]),
        ("import_module('.a', __name__)", ["pkg.mod.a"]),
        ("import_module('.a', somewhere)", []),
        ("import_module('.a')", []),
        ("import_module(name)", []),
        ("import_module()", []),
        ("import_module('a..b')", []),
        ("import_module('')", []),
        ("__import__('a.b')", ["a.b"]),
        ("__import__('a', globals(), None, ['x'], 1)", ["pkg.a"]),
        ("__import__('a', level=0)", ["a"]),
        ("other('a')  # import", []),
        ("'import a'", []),
    ],
)
def test_each_form_of_import(text, names):
    assert list(found(text)) == names


def test_relative_imports_of_a_package_start_in_it():
    assert found("from . import a", "pkg", True) == ("pkg", "pkg.a")
    assert found("from .. import a", "pkg.sub", True) == ("pkg", "pkg.a")
    assert found("from . import a", "script") == ()


def test_imports_count_wherever_they_stand():
    text = """
import a0
def f():
    import a1
    class C:
        async def g(self):
            with x:
                import a2
            async for y in z:
                import a3
try:
    import a4
except E:
    import a5
else:
    import a6
finally:
    import a7
while 1:
    import a8
else:
    import a9
if x: import a10
elif y: import a11
else: import a12
f = lambda: __import__("a13")
g = f"{import_module('a14')}"
def h(i=import_module("a15")): pass
@j(__import__("a16"))
def k(): pass
"""
    assert found(text) == tuple(f"a{number}" for number in range(17))
    without_calls = text.partition("f = ")[0]
    assert found(without_calls) == tuple(f"a{number}" for number in range(13))


# 3.9 has no `match`: delete the mark when 3.9 is no longer supported.
@pytest.mark.skipif(sys.version_info < (3, 10), reason="no match statement")
def test_imports_count_in_a_match():
    assert found("match x:\n case 1:\n  import a\n case _:\n  import b") == ("a", "b")


@pytest.mark.parametrize("call", ["", "import_module('z')\n"])
@pytest.mark.parametrize("name", ["TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"])
def test_what_only_type_checkers_see_does_not_count(name, call):
    last = ("z",) if call else ()
    then_else = "import a\nelse:\n import b\n"
    assert found(f"if {name}:\n {then_else}{call}") == ("b", *last)
    assert found(f"if not {name}:\n {then_else}{call}") == ("a", *last)
    assert found(f"if x:\n pass\nelif {name}:\n {then_else}{call}") == ("b", *last)
    assert found(f"if {name} or x:\n {then_else}{call}") == ("a", "b", *last)


@pytest.mark.parametrize(
    "source",
    [
        "# coding: latin-1\nname = 'é'\nimport a".encode("latin-1"),
        "\ufeff# über\nimport a".encode(),
        "# -*- coding: utf-8 -*-\nimport a; x = '日本'".encode(),
        "# coding: shift_jis\nx = '表'; y = '\\表'\nimport a".encode("shift_jis"),
        b"import a\r\nx = 1\r\n",
        b"x = 1\rimport a\r",
    ],
)
def test_encodings_are_honoured(source):
    assert imports(source, "m", False) == ("a",)


@pytest.mark.parametrize(
    "source",
    [
        b"import a\nthis is no Python",
        b"import a\n\x00",
        b"# coding: no-such-thing\nimport a",
        "import a\nx = 'é'".encode("latin-1"),
        b"import a\nx = " + b"(" * 5000 + b")" * 5000,
        b"import a\nx = " + b"-" * 200_000 + b"1",
        b"import a\nprint 'two'",
    ],
    ids=["syntax", "null", "cookie", "encoding", "brackets", "recursion", "python2"],
)
def test_what_cannot_be_parsed_has_no_imports(source, caplog):
    with caplog.at_level(logging.DEBUG, "modulepickle"):
        assert imports(source, "pkg.odd", False) == ()
    assert "pkg.odd" in caplog.text


def test_a_long_chain_of_elif_is_read():
    chain = "if x:\n import a\n" + "".join(f"elif x == {n}:\n import b{n}\n" for n in range(300))
    assert len(found(chain)) == 301


@pytest.mark.parametrize("call", ["", "; __import__('z')"])
def test_no_warning_leaks_and_none_becomes_an_error(call):
    text = (
        r"""import a; x = "\d \' {\"" + '\
' + b"\q\\" + f"\N{EM DASH}\{x!r}\d"; import b"""
        + call
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        names = found(text)
    assert names[:2] == ("a", "b")
    assert caught == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found(text) == names


LITERALS = st.lists(
    st.sampled_from(["\\", "\\\\", "'", '"', "\n", "N{DASH}", "{", "x", "é", "import", " "])
).map("".join)


@given(st.lists(LITERALS))
def test_any_literals_leave_the_imports_as_they_are(literals):
    lines = [f"import m{n}; x = {text!r}" for n, text in enumerate(literals)]
    lines += [f"import n{n}; x = {text.encode()!a}" for n, text in enumerate(literals)]
    expected = [
        node.names[0].name
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.Import)
    ]
    assert list(found("\n".join(lines))) == expected


names = st.lists(st.sampled_from(["a", "b2", "_c", "é"]), min_size=1, max_size=3).map(".".join)
words = st.sampled_from(["x", "y", "z"])
statements = st.one_of(
    names.map(lambda a: (f"import {a}", [a])),
    st.tuples(names, words).map(lambda p: (f"import {p[0]} as {p[1]}", [p[0]])),
    st.tuples(names, words).map(lambda p: (f"from {p[0]} import {p[1]}", [p[0], ".".join(p)])),
    st.tuples(names, words).map(
        lambda p: (f"from .{p[0]} import {p[1]} as q", [f"pkg.{p[0]}", f"pkg.{p[0]}.{p[1]}"])
    ),
    words.map(lambda a: (f"from .. import {a}", ["top", f"top.{a}"])),
    names.map(lambda a: (f"m = importlib.import_module({a!r})", [a])),
    names.map(lambda a: (f"m = __import__({a!r}).x", [a])),
)
BLOCKS = ["", "def f(): ", "if x: ", "while x: ", "for i in x: ", "with x: ", "class C: "]


@given(st.lists(st.tuples(st.sampled_from(BLOCKS), statements)))
def test_any_statement_is_found(parts):
    text = "\n".join(block + statement for block, (statement, _) in parts)
    expected = dict.fromkeys(name for _, (_, names) in parts for name in names)
    expected = dict.fromkeys("top." + name if name.startswith("pkg") else name for name in expected)
    assert found(text, "top.pkg.mod") == tuple(expected)


# -- Local packages -----------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working tree with one of each kind, and a folder that is not in it; both on `sys.path`."""
    work = project(
        tmp_path / "work",
        """
        === helpers.py
        === package/__init__.py
        === package/sub/deep.py
        === whole/mod.py
        === whole/data.txt
        === shared_ns/mine/__init__.py
        === shared_ns/single.py
        === shared_ns/inner/leaf/mod.py
        === data/only.txt
    """,
    )
    away = project(
        tmp_path / "away",
        """
        === installed/__init__.py
        === shared_ns/theirs/__init__.py
        === shared_ns/inner/theirs.py
    """,
    )
    monkeypatch.chdir(work)
    # Not the checkout, where other processes may be writing bytecode at the same time.
    rest = [entry for entry in sys.path if entry.startswith((sys.prefix, sys.base_prefix))]
    monkeypatch.setattr(sys, "path", [str(work), str(away), *rest])
    before = set(sys.modules)
    yield work
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_single_file(tree):
    assert find_local_package("helpers") == LocalPackage(
        "helpers", (str(tree / "helpers.py"),), False
    )


def test_a_package_stands_for_all_in_it(tree):
    unit = LocalPackage("package", (str(tree / "package"),), True)
    assert find_local_package("package") == find_local_package("package.sub.deep") == unit
    assert find_local_package("package.no_such_thing") == unit


def test_nothing_is_imported(tree):
    before = set(sys.modules)
    assert find_local_package("package.sub.deep")
    assert find_local_package("shared_ns.mine")
    assert set(sys.modules) - before == set()


@pytest.mark.parametrize("name", ["helpers", "package", "shared_ns.mine", "whole"])
def test_the_answer_is_the_same_after_the_import(tree, name):
    before = find_local_package(name)
    importlib.import_module(name)
    assert find_local_package(name) == before is not None


@pytest.mark.parametrize(
    "name",
    ["installed", "json", "os.path", "sys", "pytest", "distutils", "no_such_thing", "__main__", ""],
)
def test_what_is_not_local(tree, name):
    assert find_local_package(name) is None


def test_a_file_named_like_the_standard_library_is_local_once_it_is_imported(tree, monkeypatch):
    file = project(tree, "=== antigravity.py\n") / "antigravity.py"
    monkeypatch.delitem(sys.modules, "antigravity", raising=False)
    importlib.import_module("antigravity")
    assert find_local_package("antigravity") == LocalPackage("antigravity", (str(file),), False)


def test_a_module_without_a_file_is_not_local(tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "helpers", types.ModuleType("helpers"))
    assert find_local_package("helpers") is None
    monkeypatch.setitem(sys.modules, "helpers", None)
    assert find_local_package("helpers") is None


def test_a_module_that_replaced_itself_is_found_on_disk(tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "helpers", object())
    assert find_local_package("helpers") == LocalPackage(
        "helpers", (str(tree / "helpers.py"),), False
    )


def test_a_lazy_module_is_left_alone(tree, monkeypatch):
    class Lazy(types.ModuleType):
        def __getattribute__(self, name):
            raise AssertionError(f"{name} was asked for")

    monkeypatch.setitem(sys.modules, "helpers", Lazy("helpers"))
    assert find_local_package("helpers") == LocalPackage(
        "helpers", (str(tree / "helpers.py"),), False
    )


def test_a_foreign_finder_may_raise_anything(tree, monkeypatch, caplog):
    class Broken:
        @staticmethod
        def find_spec(name, path=None, target=None):
            raise ZeroDivisionError

    monkeypatch.setattr(sys, "meta_path", [Broken, *sys.meta_path])
    with caplog.at_level(logging.DEBUG, "modulepickle"):
        assert find_local_package("helpers") is None
    assert "cannot find helpers" in caplog.text


def test_a_module_in_a_zip_is_local_where_that_is(tree, tmp_path, monkeypatch):
    for folder, name in (tree, "zipped"), (tmp_path, "away"):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}.py", "")
        monkeypatch.setattr(sys, "path", [str(folder / f"{name}.zip"), *sys.path])
    found = find_local_package("zipped")
    assert found is not None
    assert found.paths == (str(tree / "zipped.zip/zipped.py"),)
    assert find_local_package("away") is None
    assert find_local_package("away", Policy(include=["*"])) is not None


def test_src_layout(tree, monkeypatch):
    project(tree, "=== pyproject.toml\n=== src/mine/__init__.py\n=== notebooks/x.txt")
    monkeypatch.chdir(tree / "notebooks")
    monkeypatch.setattr(sys, "path", [str(tree / "src"), *sys.path])
    assert find_local_package("mine.sub") == LocalPackage(
        "mine", (str(tree / "src" / "mine"),), True
    )


def test_extension_modules_are_single_files(tree):
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    file = tree / f"fast{suffix}"
    file.write_bytes(b"")
    assert find_local_package("fast") == LocalPackage("fast", (str(file),), False)


def test_a_policy_overrides_in_both_directions(tree):
    away = tree.parent / "away" / "installed"
    assert find_local_package("helpers", Policy(exclude=["helpers"])) is None
    assert find_local_package("package.sub", Policy(exclude=["*"])) is None
    assert find_local_package("installed.x", Policy(include=["installed"])) == LocalPackage(
        "installed", (str(away),), True
    )


# -- Namespace packages (PEP 420) ---------------------------------------------------------------


def test_a_namespace_of_one_portion_with_modules_is_one_unit(tree):
    whole = LocalPackage("whole", (str(tree / "whole"),), True)
    assert find_local_package("whole") == find_local_package("whole.mod") == whole


def test_of_a_shared_namespace_the_local_portion_travels(tree):
    mine = tree / "shared_ns"
    assert find_local_package("shared_ns") is None
    assert find_local_package("shared_ns.theirs") is None
    assert find_local_package("shared_ns.inner.theirs") is None
    assert find_local_package("shared_ns.mine.x") == LocalPackage(
        "shared_ns.mine", (str(mine / "mine"),), True
    )
    assert find_local_package("shared_ns.single") == LocalPackage(
        "shared_ns.single", (str(mine / "single.py"),), False
    )
    leaf = LocalPackage("shared_ns.inner.leaf", (str(mine / "inner" / "leaf"),), True)
    assert find_local_package("shared_ns.inner") is None
    assert find_local_package("shared_ns.inner.leaf.mod") == leaf
    importlib.import_module("shared_ns.inner.leaf.mod")
    assert find_local_package("shared_ns.inner.leaf.mod") == leaf


def test_a_folder_without_modules_is_a_package_of_data_for_who_names_it(tree):
    found = find_local_package("data")
    assert found is not None
    assert found.is_package
    assert find_local_package("data.only") is None


def test_a_policy_reaches_into_a_namespace(tree):
    theirs = tree.parent / "away" / "shared_ns" / "theirs"
    policy = Policy(include=["shared_ns.theirs"], exclude=["shared_ns.mine"])
    assert find_local_package("shared_ns.theirs.x", policy) == LocalPackage(
        "shared_ns.theirs", (str(theirs),), True
    )
    assert find_local_package("shared_ns.mine", policy) is None


# -- What is remembered -------------------------------------------------------------------------


@pytest.fixture
def calm(monkeypatch):
    """Take folders as settled that were made a moment ago."""
    monkeypatch.setattr(_tree, "RACY_NS", -(10**18))


def test_answers_are_remembered(tree, calm, monkeypatch):
    asked = ["helpers", "no_such_thing", "shared_ns.mine", "shared_ns.theirs", "json"]
    first = finder()
    answers = [first.package(name) for name in asked]
    monkeypatch.setattr(_scan.Finder, "_look", None)
    monkeypatch.setattr(_scan.Finder, "_descend", None)
    assert finder() is first
    assert [finder().package(name) for name in asked] == answers


def test_an_answer_lasts_as_long_as_the_module_in_sys_modules(tree, monkeypatch):
    kept = finder()
    assert kept.package("helpers")
    monkeypatch.setitem(sys.modules, "helpers", types.ModuleType("helpers"))
    assert kept.package("helpers") is None
    monkeypatch.delitem(sys.modules, "helpers")
    assert kept.package("helpers")


def test_a_new_policy_cwd_or_path_asks_again(tree, calm, monkeypatch):
    first = finder()
    assert finder(Policy(exclude=["x"])) is not first
    assert finder(Policy()) is first
    monkeypatch.setattr(sys, "path", [str(tree / "package"), *sys.path])
    second = finder()
    assert second is not first
    monkeypatch.chdir(tree / "package")
    assert finder() is not second


def test_r05_a_file_made_just_now_is_found(tree):
    for number in range(20):
        assert find_local_package(f"new{number}") is None
        assert find_local_package(f"shared_ns.new{number}") is None
        (tree / f"new{number}.py").touch()
        (tree / "shared_ns" / f"new{number}.py").touch()
        assert find_local_package(f"new{number}") is not None
        assert find_local_package(f"shared_ns.new{number}") is not None


def test_r05_a_changed_portion_is_looked_into_again(tree, calm):
    assert find_local_package("shared_ns.late") is None
    first = finder()
    (tree / "shared_ns" / "late.py").touch()
    assert finder() is not first


def test_few_finders_are_kept(tree):
    for number in range(30):
        finder(Policy(max_bytes=number + 1))
    assert len(_scan._finders) <= 8


# -- Distributions ------------------------------------------------------------------------------


def install(site: Path, name: str, **files: str) -> None:
    info = site / f"{name}-1.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    for file, text in files.items():
        (info / file.replace("_txt", ".txt")).write_text(text)


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for cached in (_distributions.distribution, _distributions._providers):
        cached.cache_clear()
    yield tmp_path
    for cached in (_distributions.distribution, _distributions._providers):
        cached.cache_clear()


def test_the_distribution_of_a_module(site):
    install(site, "quick", RECORD="quick/__init__.py,,\nquick-1.5.dist-info/RECORD,,\n")
    install(site, "PyYAMLish", top_level_txt="_yamlish\nyamlish\n")
    install(site, "single-file", RECORD="onefile.py,sha256=x,1\n../../bin/tool,,\n")
    install(site, "compiled", RECORD="fastone.cpython-311-x86_64-linux-gnu.so,,\n")
    assert distribution("quick") == ("quick", "1.5")
    assert distribution("yamlish") == ("PyYAMLish", "1.5")
    assert distribution("onefile") == ("single-file", "1.5")
    assert distribution("fastone") == ("compiled", "1.5")


def test_a_distribution_of_the_name_that_does_not_provide_it_is_passed_over(site):
    install(site, "taken", RECORD="other/__init__.py,,\n")
    install(site, "real", RECORD="taken/__init__.py,,\n")
    assert distribution("taken") == ("real", "1.5")


def test_no_distribution(site):
    install(site, "broken")
    (site / "broken-1.5.dist-info" / "METADATA").write_bytes(b"\xff\x00")
    for name in ("json", "no_such_thing", "", "broken", "../x"):
        assert distribution(name) is None


def test_the_usual_distribution_is_found_without_the_library_for_it(site, monkeypatch):
    monkeypatch.setitem(sys.modules, "importlib.metadata", None)  # no import gets it
    install(site, "Quick", RECORD="Quick-1.5.dist-info/RECORD,,\nquick/__init__.py,,\n")
    install(site, "fast", RECORD="fast.py,,\n")
    install(site, "listed", top_level_txt="listed\n", RECORD="other/x.py,,\n")
    assert distribution("quick") == ("Quick", "1.5")
    assert distribution("fast") == ("fast", "1.5")
    assert distribution("listed") == ("listed", "1.5")
    install(site, "renamed", top_level_txt="other\n", RECORD="renamed/x.py,,\n")
    assert distribution("renamed") is None  # it declares another
    assert distribution("other") == ("renamed", "1.5")


def test_of_several_the_one_that_is_named_like_the_module_counts(site):
    for name in ("a-part", "shared-core", "shared"):
        install(site, name, RECORD="shared/x.py,,\nother/y.py,,\n")
    assert distribution("shared") == ("shared", "1.5")
    assert distribution("other") == ("a-part", "1.5")


def test_what_an_old_setuptools_has_installed(site):
    info = site / "old.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: Old\nVersion: 3\n")
    (info / "top_level.txt").write_text("oldone\n")
    (site / "file.egg-info").write_text("Name: file\nVersion: 1\n")
    assert distribution("oldone") == ("Old", "3")
    assert distribution("file") is None


def test_a_distribution_in_a_zip_file_or_of_a_finder(site, monkeypatch):
    install(site / "zipped", "inside", RECORD="inside.py,,\n")
    archive = shutil.make_archive(str(site / "them"), "zip", site / "zipped")
    monkeypatch.setattr(sys, "path", [archive, *sys.path])
    assert distribution("inside") == ("inside", "1.5")
    install(site / "found", "foreign", top_level_txt="foreign")

    class Foreign:
        def find_spec(self, name, path=None, target=None):
            return None

        def find_distributions(self, context):
            return metadata.MetadataPathFinder.find_distributions(
                metadata.DistributionFinder.Context(path=[str(site / "found")])
            )

    monkeypatch.setattr(sys, "path", sys.path[1:])
    assert distribution("foreign") is None
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Foreign()])
    for cached in (_distributions.distribution, _distributions._providers):
        cached.cache_clear()
    assert distribution("foreign") == ("foreign", "1.5")


def test_a_real_distribution():
    assert distribution("pytest") == ("pytest", pytest.__version__)
