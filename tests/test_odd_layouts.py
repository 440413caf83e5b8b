"""Odd layouts of working trees: what a receiver needs travels, as far as the sender can find it."""

from __future__ import annotations

import textwrap
import zipfile
from pathlib import Path

import pytest

from receivers import interpreters, project, receive, run, send

ACME = """
    === pyproject.toml
    === a/acme/one/__init__.py
    X = 1
    === a/acme/one/deep.py
    Y = 2
    === b/acme/two.py
    {body}
    === b/acme/three.py
    Z = 3
"""
PATHS = "import sys; sys.path[:0] = ['a', 'b']\n"

USES = {
    "an attribute": "import acme\ndef f(): return acme.one.X",
    "by another name": "import acme as firm\ndef f(): return firm.one.X",
    "a from import": "from acme import one\ndef f(): return one.X",
    "a deep attribute": "import acme\ndef f(): return acme.one.deep.Y - 1",
    "its path": "import acme, pkgutil\ndef f():\n"
    "    found = {each.name for each in pkgutil.iter_modules(acme.__path__)}\n"
    "    return len(found & {'one', 'three'}) - 1",
    "as an argument": "import acme\ndef g(space): return space.one.X\ndef f(): return g(acme)",
}


@pytest.mark.parametrize("use", USES)
def test_r08_what_is_used_of_a_namespace_package_travels(tmp_path: Path, use: str) -> None:
    body = textwrap.indent(USES[use], "    ").strip()
    project(
        tmp_path, textwrap.dedent(ACME).format(body=textwrap.dedent(body.replace("\n    ", "\n")))
    )
    code = f"{PATHS}import acme.one.deep, acme.three, acme.two\nobj = acme.two.f"
    assert receive(send(tmp_path, code), "result = obj()", absent=["acme"]).result == 1


def test_r13_a_folder_of_data_that_is_imported_travels(tmp_path: Path) -> None:
    text = """
    === pyproject.toml
    === acme/one.py
    import acme.data, assets
    def f():
        import pathlib
        found = [*acme.data.__path__, *assets.__path__]
        return [(pathlib.Path(each) / "x.txt").read_text() for each in found]
    === acme/data/x.txt
    x
    === assets/x.txt
    y
    """
    project(tmp_path, text)
    data = send(tmp_path, "import acme.one\nobj = acme.one.f")
    assert receive(data, "result = obj()", absent=["acme", "assets"]).result == ["x\n", "y\n"]


def test_a_folder_of_data_that_is_not_imported_stays_at_home(tmp_path: Path) -> None:
    text = "=== pyproject.toml\n=== app.py\ndef data(): pass\n=== data/x.txt\n1"
    code = """
    import app, modulepickle
    data = modulepickle.inspect(modulepickle.dumps(app.data)).data
    result = [each["name"] for each in data["snapshots"]]
    """
    assert run(project(tmp_path, text), code).result == ["app"]


EXTENDED = """
    === pyproject.toml
    === a/ns/__init__.py
    {line}
    === a/ns/one.py
    X = 1
    === b/ns/__init__.py
    {line}
    === b/ns/two.py
    X = 2
    === late.py
    def f():
        from ns import one, two
        return one.X, two.X
"""
LINE = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"


@pytest.mark.parametrize("before", ["", "import ns\n", "import ns.two\n"])
def test_r08_extend_path_imported_or_not(tmp_path: Path, before: str) -> None:
    project(tmp_path, EXTENDED.format(line=LINE))
    data = send(tmp_path, f"{PATHS}{before}import late\nobj = late.f")
    assert receive(data, "result = obj()", absent=["ns", "late"]).result == (1, 2)


def test_of_two_plain_packages_of_one_name_the_first_one_travels(tmp_path: Path) -> None:
    project(tmp_path, EXTENDED.format(line="HERE = 1"))
    code = f"{PATHS}import ns.one\nobj = ns"
    code += "\nimport modulepickle\nobj = sorted(f['path'] for f in modulepickle.inspect("
    code += "modulepickle.dumps(ns)).data['snapshots'][0]['files'])"
    got = receive(send(tmp_path, code), "result = obj").result
    assert got == ["ns/__init__.py", "ns/one.py"]


@pytest.mark.parametrize(
    "path", ["[HERE + '/../impl']", "[HERE + '/../impl', *__path__]", "[HERE]"]
)
def test_r08_a_path_that_leads_elsewhere(tmp_path: Path, path: str) -> None:
    text = f"""
    === pyproject.toml
    === pkg/__init__.py
    HERE = __import__("os").path.dirname(__file__)
    __path__ = {path}
    def f():
        from pkg import a
        return a.X
    === {"pkg" if path == "[HERE]" else "impl"}/a.py
    X = 42
    """
    data = send(project(tmp_path, text), "import pkg\nobj = pkg.f")
    assert receive(data, "result = obj()", absent=["pkg"]).result == 42


ALIAS = """
    === pyproject.toml
    === pkg/__init__.py
    import sys
    from pkg import new
    sys.modules["old_name"] = new
    def f():
        import old_name
        return old_name.X, old_name is new
    === pkg/new.py
    X = 42
    class C: pass
    === use.py
    import old_name
    def f():
        import pkg
        return old_name is pkg.new
"""


def test_r08_an_alias_is_the_module_that_it_is_of(tmp_path: Path) -> None:
    project(tmp_path, ALIAS)
    data = send(tmp_path, "import pkg, old_name\nobj = pkg.f, old_name.C")
    code = "result = obj[0](), obj[1].__module__"
    absent = ["pkg", "old_name"]
    assert receive(data, code, absent=absent).result == ((42, True), "pkg.new")


def test_who_imports_an_alias_requires_the_package_of_the_module(tmp_path: Path) -> None:
    project(tmp_path, ALIAS)
    code = """
    import pkg, use, modulepickle
    data = modulepickle.inspect(modulepickle.dumps(use.f)).data
    result = sorted((each["name"], each["packages"]) for each in data["snapshots"])
    """
    assert run(tmp_path, code).result == [("pkg", []), ("use", ["pkg"])]


ODD = """
    === pyproject.toml
    === tasks/func.py
    from helper import H
    K = 1
    def func():
        return H + K
    class C:
        def g(self):
            return func()
    === helper.py
    H = 41
"""


@pytest.mark.parametrize("name", ["func", "odd_12ab_func", "__loader__.func", "func.py", "a.b.c"])
@pytest.mark.parametrize("obj", ["module.func", "module.C().g"])
def test_r08_a_file_that_was_registered_under_an_odd_name(
    tmp_path: Path, name: str, obj: str
) -> None:
    code = f"""
    import importlib.util, sys
    spec = importlib.util.spec_from_file_location({name!r}, "tasks/func.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[{name!r}] = module
    spec.loader.exec_module(module)
    obj = {obj}
    """
    data = send(project(tmp_path, ODD), code)
    assert receive(data, "result = obj()", absent=["helper"]).result == 42


ABOVE = """
    === pyproject.toml
    === src/pkg/__init__.py
    import os, pathlib
    PROJECT = pathlib.Path(__file__).resolve().parent.parent
    === src/pkg/sub/reads.py
    import os, pathlib
    HERE = os.path.dirname(__file__)
    UP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    {code}
    def f():
        return ROOT
    === src/data/table.csv
    1
    === settings.ini
    1
    === src/pkg/own.txt
    1
    === src/own.txt
    2
    === src/VERSION
    3
    === src/other/__init__.py
    === src/other/t.txt
    4
"""


@pytest.mark.parametrize(
    ("code", "file"),
    [
        ("ROOT = pathlib.Path(__file__).parents[2] / 'data/table.csv'", "src/data/table.csv"),
        ("ROOT = open(pathlib.Path(__file__).parents[3] / 'settings.ini').read()", "settings.ini"),
        ("ROOT = os.path.join(os.path.dirname(__file__), '../../../settings.ini')", "settings.ini"),
        ("ROOT = os.path.join(os.path.dirname(__file__), '..', 'own.txt')", ""),
        ("ROOT = pathlib.Path('settings.ini')", ""),
        (
            "ROOT = (pathlib.Path(__file__).parent.parent.parent / 'VERSION').read_text()",
            "src/VERSION",
        ),
        ("ROOT = os.path.join(UP, 'data', 'table.csv')", "src/data/table.csv"),
        ("ROOT = os.path.join(HERE, '..', '..', 'data', 'table.csv')", "src/data/table.csv"),
        ("ROOT = os.path.join(HERE, os.pardir, os.pardir, 'VERSION')", "src/VERSION"),
        ("ROOT = f'{UP}/data/table.csv'", "src/data/table.csv"),
        ("ROOT = UP + '/data/' + 'table.csv'", "src/data/table.csv"),
        (
            "DATA = pathlib.Path(UP, 'data'); ROOT = DATA.joinpath('table.csv')",
            "src/data/table.csv",
        ),
        ("ROOT = [*pathlib.Path(UP).glob('data/*.csv')]", "src/data/*.csv"),
        ("import glob; ROOT = glob.glob(UP + '/data/*.csv')", "src/data/*.csv"),
        ("ROOT = os.listdir(os.path.join(UP, 'data'))", "src/data"),
        ("ROOT = pathlib.Path(UP).joinpath('other', 't.txt')", "src/other/t.txt"),
        ("from pkg import PROJECT; ROOT = PROJECT / 'VERSION'", "src/VERSION"),
        ("from .. import PROJECT as P; ROOT = P.parent / 'settings.ini'", "settings.ini"),
        ("import pkg; ROOT = pkg.PROJECT / 'VERSION'", "src/VERSION"),
        ("ROOT = lambda: open(UP + '/VERSION')", "src/VERSION"),
        ("ROOT = lambda UP: open(UP + '/VERSION')", ""),
        ("UP = 'x'; ROOT = UP + '/VERSION'", ""),
        ("ROOT = UP + '/other/__init__.py'", ""),
        ("ROOT = UP + '/missing.txt'", ""),
        ("ROOT = UP + '/pkg/own.txt'", ""),
        ("ROOT = [*pathlib.Path(UP).rglob('*.py')]", ""),
        ("ROOT = [*pathlib.Path(UP, 'nothing').glob('*.csv')]", ""),
        ("ROOT = UP + '/' + os.environ.get('X', 'VERSION')", ""),
        ("ROOT = pathlib.Path(__file__).parent / 'settings.ini'", ""),
    ],
)
def test_r15_data_above_a_package_stays_at_home_and_that_is_said(
    tmp_path: Path, code: str, file: str
) -> None:
    project(tmp_path, ABOVE.format(code=code))
    sender = """
    import sys; sys.path.insert(0, "src")
    import modulepickle, pkg.sub.reads, warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        modulepickle.dumps(pkg.sub.reads.f)
    result = [str(each.message) for each in caught]
    """
    said = run(tmp_path, sender).result
    assert len(said) == bool(file), said
    for each in said:
        assert each.startswith(f"{tmp_path / file}: pkg/sub/reads.py looks for it outside of its")


def test_r15_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    project(tmp_path, "=== pyproject.toml\n=== pkg/__init__.py\ndef f(): pass\n=== pkg/a.txt\n1")
    code = """
    import modulepickle, os, pkg
    import modulepickle._snapshot.snapshot as snapshot
    read = snapshot.read
    def once(*args):  # between the listing and the reading
        snapshot.read = read
        os.remove("pkg/a.txt")
        os.mkfifo("pkg/a.txt")
        return read(*args)
    snapshot.read = once
    try:
        modulepickle.dumps(pkg.f)
    except modulepickle.PackagingError as error:
        result = [each.reason.name for each in error.problems]
    """
    assert run(tmp_path, code).result == ["SPECIAL_FILE"]


@pytest.mark.parametrize(
    ("options", "there"),
    [
        ("ignore=('data/*',)", []),
        ("ignore=('data',)", []),
        ("ignore=('*.csv',)", []),
        ("ignore=('data/a.csv',)", ["pkg/data/b.csv", "pkg/data/deep/c.csv"]),
        ("ignore=('data/?.csv', 'data/deep/*')", []),
        ("", ["pkg/data/a.csv", "pkg/data/b.csv", "pkg/data/deep/c.csv"]),
    ],
)
def test_a_folder_whose_files_are_all_ignored_stays_at_home(
    tmp_path: Path, options: str, there: list[str]
) -> None:
    text = """
    === pyproject.toml
    === pkg/__init__.py
    === pkg/data/a.csv
    === pkg/data/b.csv
    === pkg/data/deep/c.csv
    """
    code = f"""
    import modulepickle, pkg, zipfile, io
    data = modulepickle.dumps(pkg, policy=modulepickle.Policy({options}))
    at = data.index(b"PK\\3\\4")
    files = modulepickle.inspect(data).data["snapshots"][0]["files"]
    result = [each["path"] for each in files if each["path"].startswith("pkg/data")]
    """
    assert run(project(tmp_path, text), code).result == there


LOADERS = """
    === pkg/__init__.py
    === pkg/plugin.py
    import importlib.machinery, io, os, sys, tempfile, types, zipfile
    from pkg.base import Base

    class Old:
        def load_module(self, name):
            module = sys.modules.setdefault(name, types.ModuleType(name))
            module.__loader__ = self
            exec("from pkg.base import Base\\nVALUE = 'old'", vars(module))
            return module

    class Finder:
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            if name == "by_old_loader":
                return importlib.machinery.ModuleSpec(name, Old())

    def probe():
        sys.meta_path.append(Finder)
        folder = os.path.join(os.path.dirname(__file__), "in.zip")
        sys.path.append(folder)
        import by_old_loader, zipped
        from zipped import VALUE
        found = by_old_loader.VALUE, by_old_loader.Base is Base, zipped.Base is Base, VALUE
        return *found, sys.modules["by_old_loader"] is by_old_loader
    === pkg/base.py
    class Base: pass
"""


@pytest.mark.parametrize("python", interpreters())
def test_r08_loaders_that_have_no_exec_module(tmp_path, python):
    tree = project(tmp_path, LOADERS)
    with zipfile.ZipFile(tree / "pkg/in.zip", "w") as file:
        file.writestr("zipped.py", "from pkg.base import Base\nVALUE = 'zipped'\n")
    data = send(tree, "from pkg.plugin import probe as obj")
    found = receive(data, "result = obj()", python=python).result
    assert found == ("old", True, True, "zipped", True)
