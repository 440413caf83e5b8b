"""What travels beside a package: files of namespaces, data of single files, compiled modules."""

from __future__ import annotations

import importlib.machinery
import os
import warnings

import pytest

import modulepickle
from modulepickle import Policy, ShippingWarning
from modulepickle._local.finder import LocalPackage
from modulepickle._snapshot.beside import data_at_home
from modulepickle._snapshot.cython import cython_imports
from modulepickle._snapshot.snapshot import snapshot
from receivers import project, receive, run, send
from test_watch import settle

SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working tree: the current folder."""
    folder = tmp_path / "tree"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def made(path, name="", policy=None, is_package=None):
    is_package = path.is_dir() if is_package is None else is_package
    package = LocalPackage(name or path.name.partition(".")[0], (str(path),), is_package)
    return snapshot(package, policy or Policy())


def native_and_shipped(tree, code):
    native = run(tree, f"{code}\nresult = obj()", fresh=True).result
    absent = [path.name.partition(".")[0] for path in tree.iterdir() if path.suffix == ".py"]
    absent = [name for name in absent if name != "sender"]
    return native, receive(send(tree, code), "result = obj()", absent=absent).result


# --- namespace packages ---------------------------------------------------------------------------


def test_r13_a_file_in_a_namespace_folder_goes_with_each_part_of_it(tree):
    text = """
        === space/inner/pkg/__init__.py
        import pathlib
        HERE = pathlib.Path(__file__).parent
        def f():
            return [(HERE.parents[n] / "config.yaml").read_text() for n in (0, 1)]
        === space/inner/config.yaml
        inner
        === space/config.yaml
        outer
        === space/.secret
        === space/module.py
    """
    project(tree, text)
    shot = made(tree / "space/inner/pkg", "space.inner.pkg")
    assert [*shot.files] == [
        "space/config.yaml", "space/inner/config.yaml", "space/inner/pkg/__init__.py",
    ]  # fmt: skip
    assert (
        "space/config.yaml"
        not in made(tree / "space/inner/pkg", "space.inner.pkg", Policy(ignore=("*.yaml",))).files
    )
    native, shipped = native_and_shipped(tree, "import space.inner.pkg\nobj = space.inner.pkg.f")
    assert native == shipped == ["inner\n", "outer\n"]


def test_r05_a_file_in_a_namespace_folder_is_seen_at_once(tree):
    project(tree, "=== space/pkg/__init__.py\n=== space/a.txt\none\n")
    settle(tree)
    first = made(tree / "space/pkg", "space.pkg")
    assert made(tree / "space/pkg", "space.pkg").content == first.content
    (tree / "space/a.txt").write_text("two\n")
    second = made(tree / "space/pkg", "space.pkg")
    (tree / "space/b.txt").write_text("new\n")
    third = made(tree / "space/pkg", "space.pkg")
    assert len({first.content, second.content, third.content}) == 3


# --- data beside a single file --------------------------------------------------------------------

OPENINGS = {
    "parent": "(pathlib.Path(__file__).parent / 'table.csv').read_text()",
    "with_name": "pathlib.Path(__file__).with_name('table.csv').read_text()",
    "with_suffix": "pathlib.Path(__file__).with_suffix('.csv').read_text()",
    "join": "open(os.path.join(os.path.dirname(__file__), 'data', 'deep', 'a.txt')).read()",
    "slash": "(pathlib.Path(__file__).parent / 'data/b.txt').read_text()",
    "folder": "sorted(p.name for p in (pathlib.Path(__file__).parent / 'data').iterdir())",
    "f-string": "open(f'{os.path.dirname(__file__)}/table.csv').read()",
    "plus": "open(os.path.dirname(__file__) + '/table.csv').read()",
    "glob": "sorted(p.name for p in pathlib.Path(__file__).parent.glob('*.csv'))",
    "get_data": "pkgutil.get_data(__name__, 'table.csv')",
    "constant": "open(os.path.join(os.path.dirname(__file__), NAME)).read()",
    "no suffix": "(pathlib.Path(__file__).parent / 'LICENSE').read_text()",
}


@pytest.mark.parametrize("how", OPENINGS)
def test_r13_data_that_a_single_file_opens_by_its_place(tree, how):
    code = f"""
        === mod.py
        import os, pathlib, pkgutil
        NAME = "table.csv"
        def f():
            return {OPENINGS[how]}
        === mod.csv
        mine
        === table.csv
        1,2
        === LICENSE
        free
        === data/b.txt
        b
        === data/deep/a.txt
        a
        === other.txt
        === other.py
    """
    project(tree, code)
    native, shipped = native_and_shipped(tree, "import mod\nobj = mod.f")
    assert native == shipped
    assert "other.txt" not in made(tree / "mod.py").files


def test_r13_what_is_not_named_or_not_asked_for_stays(tree):
    text = """
        === plain.py
        NAME = "table.csv"
        === other.py
        import os
        def f(row, here=__file__):
            return row["data"], "../up.txt", "/etc/hostname", ".", "..", "", "a\\0b", "package"
        === table.csv
        === data/x.txt
        === package/__init__.py
        === up.txt
    """
    project(tree, text)
    assert [*made(tree / "plain.py").files] == ["plain.py"]
    assert [*made(tree / "other.py").files] == ["other.py"]


def test_r13_of_a_folder_with_code_only_what_is_named_travels(tree):
    text = """
        === mod.py
        import pathlib
        def f():
            return (pathlib.Path(__file__).parent / "project" / "a.txt").read_text()
        === project/a.txt
        === project/b.txt
        === project/code.py
        === project/sub/c.txt
    """
    project(tree, text)
    assert [*made(tree / "mod.py").files] == ["mod.py", "project/a.txt"]
    ignoring = made(tree / "mod.py", policy=Policy(ignore=("project/*",)))
    assert [*ignoring.files] == ["mod.py"]


def test_r05_data_beside_a_single_file_is_seen_at_once(tree):
    text = "=== mod.py\nTEXT = open(__file__[:-6] + 'table.csv').read()\n=== table.csv\n1\n"
    project(tree, text)
    settle(tree)
    contents = [made(tree / "mod.py").content]
    assert made(tree / "mod.py").content == contents[0]
    (tree / "table.csv").write_text("2\n")
    contents.append(made(tree / "mod.py").content)
    (tree / "table.csv").unlink()
    contents.append(made(tree / "mod.py").content)
    (tree / "mod.py").write_text("TEXT = open(__file__[:-6] + 'more.csv').read()\n")
    (tree / "more.csv").write_text("2\n")
    contents.append(made(tree / "mod.py").content)
    assert len({*contents}) == 4
    assert [*made(tree / "mod.py").files] == ["mod.py", "more.csv"]


def test_r15_data_that_cannot_travel_is_told(tree):
    text = """
        === app/mod.py
        import pathlib
        HERE = pathlib.Path(__file__).parent
        def f():
            return (HERE / ".env").read_text(), (HERE.parent / "config.yaml").read_text()
        === app/.env
        === config.yaml
    """
    project(tree, text)
    package = LocalPackage("mod", (str(tree / "app/mod.py"),), False)
    found = [os.path.relpath(each, tree) for each in data_at_home(package, Policy())]
    assert sorted(found) == ["app/.env", "config.yaml"]
    code = "import sys\nsys.path.insert(0, 'app')\nimport mod, modulepickle, warnings"
    code += """
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    modulepickle.dumps(mod.f)
    modulepickle.dumps(mod.f)
result = sorted(str(each.message) for each in caught)
"""
    said = run(tree, code).result
    assert len(said) == 2
    assert all("it does not travel" in each for each in said)


# --- compiled modules -----------------------------------------------------------------------------

PYX = b"""
# import comment_too
import helper, other.deep as o
cimport numpy as cnp
from libc.math cimport sin
from . import consts
from .sub.mod import (a,  # why
                      b as c)
from pkg.x \\
    import y
from .... import beyond
def f():
    from helper2 import *
    import late; return late
cdef importer(): pass
"""


def test_what_cython_source_imports():
    assert cython_imports(PYX, "pkg.fast", False) == (
        "helper", "other.deep", "numpy", "libc.math", "libc.math.sin", "pkg", "pkg.consts",
        "pkg.sub.mod", "pkg.sub.mod.a", "pkg.sub.mod.b", "pkg.x", "pkg.x.y", "helper2", "late",
    )  # fmt: skip


def test_r15_what_the_source_of_a_compiled_module_imports_is_required_and_told(tree):
    project(tree, "=== pkg/__init__.py\n=== helper.py\n=== pkg/consts.py\n")
    (tree / "pkg/fast.pyx").write_bytes(b"import helper\nfrom . import consts\n")
    (tree / f"pkg/fast{SUFFIX}").write_bytes(b"compiled")
    code = """
import modulepickle, pkg, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    data = modulepickle.dumps(pkg)
result = data, [(each.category.__name__, str(each.message)) for each in caught]
"""
    data, said = run(tree, code).result
    names = [each["name"] for each in modulepickle.inspect(data).snapshots]
    assert sorted(names) == ["helper", "pkg"]
    ((kind, text),) = said
    assert kind == ShippingWarning.__name__
    assert text.startswith("pkg.fast: compiled code, which imports pkg.consts by itself")


def test_no_alarm_for_a_compiled_module_that_imports_nothing_local(tree):
    project(tree, "=== pkg/__init__.py\nfrom pkg import fast_not_compiled\n")
    (tree / "pkg/fast_not_compiled.py").write_text("import pkg.other\n")
    (tree / f"pkg/quick{SUFFIX}").write_bytes(b"compiled")
    (tree / "pkg/quick.pyx").write_bytes(b"import os\ncimport cython\n")
    (tree / "pkg/other.py").write_text("")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made(tree / "pkg").doubts(Policy()) == ()


def test_r13_the_helper_module_of_mypyc_belongs_to_its_package(tree):
    project(tree, "=== pkg/__init__.py\n=== pkg/core.py\n")
    (tree / f"pkg/core{SUFFIX}").write_bytes(b"\0abc__mypyc\0")
    (tree / f"abc__mypyc{SUFFIX}").write_bytes(b"helper")
    (tree / f"def__mypyc{SUFFIX}").write_bytes(b"another's")
    assert f"abc__mypyc{SUFFIX}" in made(tree / "pkg").files
    assert f"def__mypyc{SUFFIX}" not in made(tree / "pkg").files
    (tree / f"single{SUFFIX}").write_bytes(b"\0def__mypyc\0")
    (tree / "single.pyx").write_bytes(b"import helper\n")
    shot = made(tree / f"single{SUFFIX}", "single")
    assert [*shot.files] == sorted([f"def__mypyc{SUFFIX}", f"single{SUFFIX}", "single.pyx"])


def test_r08_a_single_file_with_an_empty_path_is_local(tree):
    text = """
        === vendored.py
        import sys, types
        __path__ = []
        __spec__.submodule_search_locations = []
        moves = types.ModuleType(__name__ + ".moves")
        moves.thing = 7
        sys.modules[moves.__name__] = moves
        def f():
            from vendored.moves import thing
            return thing
    """
    project(tree, text)
    assert native_and_shipped(tree, "import vendored\nobj = vendored.f") == (7, 7)
