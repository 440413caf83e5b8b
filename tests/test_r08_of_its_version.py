"""R8: what another version has and this one lacks; and packages that are namespaces as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from receivers import interpreters, project, receive, send


def both(tmp_path: Path, text: str, code: str) -> list[bytes]:
    """The pickles of a tree in version 1 and in version 2."""
    return [
        send(project(tmp_path / "tree", text.format(version=version)), code) for version in (1, 2)
    ]


LACKING = """
    === pkg/__init__.py
    === pkg/mod.py
    try:
        from . import speedups
    except ImportError:
        speedups = None
    def probe():
        try:
            from pkg import extra
        except ImportError as error:
            extra, said = None, str(error)
        else:
            said = ""
        return speedups is not None, extra is not None, said.replace(__file__[:-6], "")
    def by_call():
        return __import__("pkg", fromlist=["extra"]).__name__
"""
HAVING = """
    === pkg/speedups.py
    === pkg/extra.py
"""


def pickles(tmp_path: Path) -> list[bytes]:
    """The pickles of a version that lacks modules, and of one that has them."""
    code = "import pkg.mod\nobj = pkg.mod.probe"
    tree = project(tmp_path / "tree", LACKING)
    first = send(tree, code)
    return [first, send(project(tree, HAVING), code)]


@pytest.fixture
def two(tmp_path: Path) -> list[bytes]:
    return pickles(tmp_path)


SAID = "cannot import name 'extra' from 'pkg' (__init__.py)"


@pytest.mark.parametrize("python", interpreters())
def test_r08_a_module_that_this_version_lacks_is_not_that_of_another(two, python):
    code = """
        results = []
        for order in (0, 1), (1, 0):
            loaded = {index: load(index) for index in order}
            results += [loaded[index]() for index in (0, 1, 0)]
        result = results
    """
    lacks, has = (False, False, SAID), (True, True, "")
    found = receive(two, code, lazy=True, python=python).result
    assert found == [lacks, has, lacks] * 2


def test_r08_a_module_that_this_version_lacks_is_not_the_hosts(two, tmp_path):
    host = project(tmp_path / "host", LACKING + HAVING)
    code = f"""
        import sys
        sys.path.insert(0, {str(host)!r})
        import pkg.mod
        result = pkg.mod.probe(), load(0)(), pkg.mod.probe()
    """
    own = (True, True, "")
    assert receive(two, code, lazy=True).result == (own, (False, False, SAID), own)


def test_r08_a_call_that_asks_for_a_name_that_is_not_there_is_no_error(tmp_path):
    code = "import pkg.mod\nobj = pkg.mod.by_call"
    tree = project(tmp_path / "tree", LACKING)
    first = send(tree, code)
    second = send(project(tree, HAVING), code)
    loads = "one, two = load(0), load(1)\ntwo()\nresult = one()"
    assert receive([first, second], loads, lazy=True).result == "pkg"


SPACE = """
    === space/mod.py
    VERSION = {version}
    import space.early
    def probe():
        import importlib, pkgutil
        import space
        from space import late
        from .deep import low
        import space.deep.lower as lower
        found = [VERSION, space.early.V, late.V, low.V, lower.V]
        found.append(importlib.import_module("space.by_name").V)
        with open(next(iter(space.__path__)) + "/data.txt") as file:
            found.append(int(file.read()))
        listed = [each.name for each in pkgutil.iter_modules(space.__path__)]
        return found, listed, len(space.__path__), len(space.deep.__path__)
    === space/early.py
    V = {version}
    === space/late.py
    V = {version}
    === space/by_name.py
    V = {version}
    === space/deep/low.py
    V = {version}
    === space/deep/lower.py
    V = {version}
    === space/data.txt
    {version}
"""


@pytest.mark.parametrize("python", interpreters())
def test_r08_two_versions_of_a_package_that_is_a_namespace(tmp_path, python):
    datas = both(tmp_path, SPACE, "import space.mod\nobj = space.mod.probe")
    code = """
        results = []
        for order in (0, 1), (1, 0):
            loaded = [load(index) for index in order]
            results += [(index, each()) for index, each in zip(order, loaded)]
        result = results
    """
    listed = ["by_name", "early", "late", "mod"]
    right = {index: ([index + 1] * 7, listed, 1, 1) for index in (0, 1)}
    found = receive(datas, code, lazy=True, python=python).result
    assert found == [(index, right[index]) for index in (0, 1, 1, 0)]


def test_r08_a_namespace_beside_what_the_host_has_of_it(tmp_path):
    data = send(
        project(tmp_path / "tree", SPACE.format(version=1)),
        "import space.mod\nobj = space.mod.probe",
    )
    host = project(
        tmp_path / "host", "=== space/of_host.py\nV = 3\n=== space/deep/more.py\nV = 4\n"
    )
    code = f"""
        import sys
        before = obj()
        sys.path.append({str(host)!r})
        import space.of_host, space.deep.more
        result = before[0], obj()[0], space.of_host.V, space.deep.more.V
    """
    assert receive(data, code).result == ([1] * 7, [1] * 7, 3, 4)


STANDARD = """
    === app.py
    def plain():
        import colorsys
        return colorsys.V
    def named():
        from wsgiref import V
        from wsgiref.part import V as inner
        return V, inner
    def by_name():
        import importlib
        return importlib.import_module("this").V
    def usual():
        import this_is_no_module_of_ours, json
    def text():
        import json, tabnanny
        return json.dumps([1]), hasattr(tabnanny, "check")
    === colorsys.py
    V = {version}
    === wsgiref/__init__.py
    V = {version}
    === wsgiref/part.py
    V = {version}
    === this.py
    V = {version}
"""


@pytest.mark.parametrize("python", interpreters())
def test_r08_a_deferred_import_of_a_local_module_with_a_standard_name(tmp_path, python):
    names = "app.plain, app.named, app.by_name, app.text"
    datas = both(tmp_path, STANDARD, f"import app\nobj = {names}")
    code = """
        first, second = load(0), load(1)
        result = [[each() for each in functions] for functions in (first, second, first)]
        import colorsys
        result.append(colorsys.__file__.endswith("colorsys.py") and hasattr(colorsys, "hsv_to_rgb"))
    """
    one, two = ([n, (n, n), n, ("[1]", True)] for n in (1, 2))
    found = receive(datas, code, lazy=True, python=python).result
    assert found == [one, two, one, True]


def test_r08_a_function_of_the_script_that_imports_such_a_module(tmp_path):
    tree = project(tmp_path / "tree", STANDARD.format(version=3))
    data = send(
        tree, "def obj():\n    import colorsys\n    from this import V\n    return colorsys.V, V"
    )
    assert receive(data, "result = obj()").result == (3, 3)


BY_PATH = """
    === pkg/__init__.py
    === pkg/base.py
    class Base: pass
    === pkg/plugins/one.py
    from pkg.base import Base
    class One(Base): pass
    === pkg/mod.py
    import importlib.util, os, sys, types, warnings
    from importlib.machinery import SourceFileLoader
    from pkg.base import Base
    VERSION = {version}
    def loads():
        path = os.path.join(os.path.dirname(__file__), "plugins", "one.py")
        def run(loader):
            module = types.ModuleType(loader.name)
            loader.exec_module(module)
            return module
        class Own(SourceFileLoader):
            pass
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if sys.version_info < (3, 15):
                yield SourceFileLoader("one", path).load_module()
        yield run(SourceFileLoader("two", path))
        yield run(Own("three", path))
        spec = importlib.util.spec_from_loader("four", SourceFileLoader("four", path))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
        spec = importlib.util.spec_from_file_location("five", path)
        yield run(spec.loader)
    def probe():
        return VERSION, [issubclass(each.One, Base) for each in loads()]
"""


@pytest.mark.parametrize("python", interpreters())
def test_r08_a_file_of_the_package_by_any_loader(tmp_path, python):
    datas = both(tmp_path, BY_PATH, "import pkg.mod\nobj = pkg.mod.probe")
    code = """
        first, second = load(0), load(1)
        result = [first(), second(), first()]
    """
    found = receive(datas, code, lazy=True, python=python).result
    assert [version for version, _ in found] == [1, 2, 1]
    assert all(all(right) and len(right) >= 4 for _, right in found)


NESTED = """
    === org/lib/mod.py
    VERSION = {version}
    def probe():
        from org.lib import late
        from org.other import late as other
        from org.lib.deep import low
        return VERSION, late.V, other.V, low.V
    === org/lib/late.py
    V = {version}
    === org/lib/deep/low.py
    V = {version}
    === org/other/late.py
    V = {version}
"""


@pytest.mark.parametrize("python", interpreters())
def test_r08_namespaces_in_a_namespace(tmp_path, python):
    datas = both(tmp_path, NESTED, "import org.lib.mod\nobj = org.lib.mod.probe")
    host = project(tmp_path / "host", "=== org/lib/of_host.py\nV = 3\n")
    code = f"""
        first, second = load(0), load(1)
        sys.path.append({str(host)!r})
        result = [first(), second(), first()]
        import org.lib.of_host
        result.append(org.lib.of_host.V)
    """
    found = receive(datas, code, lazy=True, python=python).result
    assert found == [(1,) * 4, (2,) * 4, (1,) * 4, 3]
