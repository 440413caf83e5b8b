"""Receivers that are no CPython on this machine's disk: PyPy, and Pyodide (WebAssembly, 32 bits).

    python tests/tools/fetch_python.py pypy3.11 && python tests/tools/fetch_pyodide.py
    python -m pytest -m foreign

They run what the tests by value run, and of the other rules what another interpreter may break.
"""

from __future__ import annotations

import functools
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import test_byvalue_classes
import test_byvalue_functions
import test_byvalue_others
import test_odd_layouts
import test_r08_of_its_version
from receivers import FETCHED, PYPY, find_interpreters, project, receive, send

pytestmark = pytest.mark.foreign

PYODIDE = "pyodide"
HINTS = {
    PYPY: f"no {PYPY}: python tests/tools/fetch_python.py {PYPY}",
    PYODIDE: "no Pyodide: python tests/tools/fetch_pyodide.py",
}


@functools.cache
def find(name: str) -> str | None:
    """Return the path of the executable, if there is one."""
    if name == PYPY:
        return find_interpreters().get(PYPY)
    # It wraps a script of a checkout, which may be gone.
    found = FETCHED / "modulepickle-tests/pyodide/pyodide"
    return str(found) if found.exists() and shutil.which("node") else None


@pytest.fixture(params=HINTS)
def python(request: pytest.FixtureRequest) -> str:
    if request.param == PYPY and request.function.__name__ in PYPY_FAILS:
        reason = PYPY_FAILS[request.function.__name__]
        request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    return executable(request.param)


PYPY_FAILS: dict[str, str] = {}


def executable(name: str) -> str:
    found = find(name)
    if found is None:
        pytest.skip(HINTS[name])
    return found


# -- By value -----------------------------------------------------------------------------------

NO_SOURCE = "its code was made by exec, without source: bytecode is of one interpreter"
LIMITS = {
    (PYPY, "a dynamic module"): NO_SOURCE,
    (PYODIDE, "a dynamic module"): NO_SOURCE,
    (PYPY, "built-in bases"): "the metaclass of PyPy's ctypes.Structure must run itself",
    (PYPY, "enums"): "PyPy's `object.__new__` makes no member of a mixed-in type",
    (PYPY, "dict views"): "the types of PyPy's views have other names",
    (PYODIDE, "generators"): "asyncio.run needs stack switching, which node has from release 24 on",
}
MODULES = (test_byvalue_functions, test_byvalue_classes, test_byvalue_others)


def cases() -> list[Any]:
    params = []
    for name in HINTS:
        for module in MODULES:
            for case in module.CASES:
                reason = LIMITS.get((name, case))
                strict = case != "generators"  # that one depends on node's release
                marks = [pytest.mark.xfail(reason=reason, strict=strict)] if reason else []
                params.append(pytest.param(name, module, case, id=f"{name}-{case}", marks=marks))
    return params


@functools.cache
def sent(folder: Path, module: ModuleType, case: str) -> bytes:
    library = getattr(module, "LIBRARY", test_byvalue_functions.LIBRARY)
    return send(project(folder / module.__name__, library), module.CASES[case][0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("senders")


def test_each_limit_is_one_of_a_case() -> None:
    names = {case for module in MODULES for case in module.CASES}
    assert {case for _, case in LIMITS} <= names


@pytest.mark.parametrize(("name", "module", "case"), cases())
def test_by_value(name: str, module: ModuleType, case: str, folder: Path) -> None:
    python = executable(name)
    _, code, expected = module.CASES[case]
    assert receive(sent(folder, module, case), code, python=python).result == expected


def test_code_that_came_as_source(python: str, tmp_path: Path) -> None:
    data = send(tmp_path, "def obj():\n    return [i for i in range(3)], 1 / 0")
    code = """
        import importlib.util, traceback
        try:
            obj()
        except ZeroDivisionError:
            result = traceback.format_exc(), importlib.util.MAGIC_NUMBER
    """
    text, magic = receive(data, code, python=python).result
    assert "in obj\n    return [i for i in range(3)], 1 / 0\n" in text
    assert magic not in data


# -- By name ------------------------------------------------------------------------------------

TREE = """
    === pack/__init__.py
    from __future__ import annotations
    from dataclasses import dataclass, field
    from pack import first
    @dataclass
    class Point:
        x: int
        more: list[int] = field(default_factory=list)
    def late():
        from pack.deep.inner import NAME
        from . import version
        import other, importlib
        by_name = importlib.import_module("pack.version")
        return NAME, version.VERSION, other.VERSION, by_name is version, __name__
    def text():
        from pathlib import Path
        from importlib import resources
        there = resources.files(__name__).joinpath("data.txt").read_text()
        return Path(__file__).with_name("data.txt").read_text(), there
    def fail():
        from pack.deep import inner
        inner.fail()
    def needs():
        import yamlish
    === pack/first.py
    from pack import second
    def one(): return second.two()
    === pack/second.py
    import pack.first
    def two(): return pack.first.__name__
    === pack/deep/__init__.py
    === pack/deep/inner.py
    NAME = __name__
    def fail():
        raise ValueError("from inner")
    === pack/version.py
    VERSION = "one"
    === pack/data.txt
    dàta
    === other.py
    VERSION = "one"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def edited(tree: Path) -> Path:
    for name in ("pack/version.py", "other.py"):
        (tree / name).write_text('VERSION = "two"\n')
    return tree


def test_they_are_foreign() -> None:
    code = "import sys; result = sys.implementation.name, sys.maxsize, sys.platform"
    results = {name: receive([], code, python=executable(name)).result for name in HINTS}
    assert results[PYPY][0] == "pypy"
    assert results[PYODIDE][1:] == (2**31 - 1, "emscripten")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_by_name(tree: Path, python: str, protocol: int) -> None:
    code = "from pack import first, late, Point; obj = late, first.one, Point(3, [4])"
    data = send(tree, code, dumps=f"modulepickle.dumps(obj, {protocol})")
    use = """
        import pickle, sys
        point = obj[2]
        again = pickle.loads(pickle.dumps(point))
        result = (obj[0](), obj[1](), (point.x, point.more), type(again) is type(point),
                  point == again, sys.modules["pack"].Point is type(point))
    """
    late = ("pack.deep.inner", "one", "one", True, "pack")
    got = receive(data, use, python=python, absent=["pack", "other"])
    assert got.result == (late, "pack.first", (3, [4]), True, True, True)


def test_r16_results_come_home(tree: Path, python: str) -> None:
    data = send(tree, "import pack; obj = pack.Point")
    back = receive(data, "result = obj(5, [6])", python=python).result_pickle
    code = f"import pack, pickle; obj = pickle.loads({back!r}) == pack.Point(5, [6])"
    assert pickle.loads(send(tree, code, dumps="__import__('pickle').dumps(obj)")) is True


def test_r13_files(tree: Path, python: str) -> None:
    data = send(tree, "from pack import text as obj")
    code = "import inspect; result = obj(), inspect.getsource(obj).splitlines()[0]"
    assert receive(data, code, python=python).result == (("dàta\n", "dàta\n"), "def text():")


def test_r13_without_a_disk(tree: Path, python: str) -> None:
    data = send(tree, "from pack import late as obj")
    code = "import os; result = obj(), os.path.exists(obj.__code__.co_filename)"
    got = receive(data, code, python=python, cache="/dev/null/not-there")
    assert got.result == (("pack.deep.inner", "one", "one", True, "pack"), False)
    assert got.stderr.count("everything runs from memory") == 1


def test_r13_a_traceback_has_source_lines(tree: Path, python: str) -> None:
    data = send(tree, "from pack import fail as obj")
    got = receive(data, "obj()", python=python, expect_failure=True)
    for line in ("    inner.fail()\n", '    raise ValueError("from inner")\n'):
        assert line in got.stderr


def test_r08_two_versions_in_one_process(tree: Path, python: str) -> None:
    one = send(tree, "from pack import late as obj")
    two = send(edited(tree), "from pack import late as obj")
    code = "result = [each()[1:3] for each in (*objs, *objs)]"
    both = [("one", "one"), ("two", "two")] * 2
    assert receive([one, two], code, python=python).result == both


def test_r08_by_value_in_two_versions(tree: Path, python: str) -> None:
    sender = """
        def obj():
            import other, pack
            from pack.version import VERSION
            return other.VERSION, VERSION, pack.late()[1]
    """
    one, two = send(tree, sender), send(edited(tree), sender)
    code = "result = [each() for each in (*objs, *objs)]"
    both = [("one",) * 3, ("two",) * 3] * 2
    assert receive([one, two], code, python=python).result == both


@pytest.mark.parametrize(
    "test",
    [
        test_r08_of_its_version.test_r08_two_versions_of_a_package_that_is_a_namespace,
        test_r08_of_its_version.test_r08_a_deferred_import_of_a_local_module_with_a_standard_name,
        test_r08_of_its_version.test_r08_a_file_of_the_package_by_any_loader,
        test_odd_layouts.test_r08_loaders_that_have_no_exec_module,
    ],
)
def test_as_on_another_python(
    test: Callable[[Path, str], None], tmp_path: Path, python: str
) -> None:
    test(tmp_path, python)


def test_r08_a_module_that_this_version_lacks(tmp_path: Path, python: str) -> None:
    pickles = test_r08_of_its_version.pickles(tmp_path)
    test_r08_of_its_version.test_r08_a_module_that_this_version_lacks_is_not_that_of_another(
        pickles, python
    )


def test_r08_four_threads(tree: Path) -> None:
    one = send(tree, "from pack import late as obj")
    two = send(edited(tree), "from pack import late as obj")
    code = """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(objs[i % 2]) for i in range(16)]
            result = [call.result()[1:3] for call in calls]
    """
    both = [("one", "one"), ("two", "two")] * 8
    assert receive([one, two], code, python=executable(PYPY)).result == both


def test_r09_one_digest_one_class(tree: Path, python: str) -> None:
    data = send(tree, "from pack import Point as obj")
    assert receive([data, data], "result = objs[0] is objs[1]", python=python).result is True


def test_r11_the_hosts_own_imports(tree: Path, python: str) -> None:
    data = send(tree, "from pack import late as obj")
    code = """
        import builtins, json, pack.version, xml.dom.minidom
        from email import message
        names = {"__builtins__": builtins}
        exec("import pack.deep.inner as inner", names)
        result = (pack.version.VERSION, names["inner"].NAME, xml.dom.minidom.__name__,
                  message.__name__, pack.late is obj)
    """
    found = ("one", "pack.deep.inner", "xml.dom.minidom", "email.message", True)
    assert receive(data, code, python=python).result == found


def test_r12_what_nobody_has_goes(tree: Path, python: str) -> None:
    one = send(tree, "from pack import late as obj")
    two = send(edited(tree), "from pack import late as obj")
    code = """
        import gc, weakref
        first = load(0)
        first()
        seen = weakref.ref(first)
        second = load(1)
        second()
        kept = seen() is not None
        del first
        for _ in range(5):
            gc.collect()
        result = kept, seen() is None, second()[1]
    """
    assert receive([one, two], code, python=python, lazy=True).result == (True, True, "two")


def test_r15_a_missing_third_party_module(tree: Path, tmp_path: Path, python: str) -> None:
    site = project(
        tmp_path / "lib/site-packages",
        """
        === yamlish.py
        === PyYamlish-6.1.dist-info/METADATA
        Metadata-Version: 2.1
        Name: PyYamlish
        Version: 6.1
        === PyYamlish-6.1.dist-info/RECORD
        yamlish.py,,
        """,
    )
    data = send(tree, f"import sys; sys.path.append({str(site)!r})\nfrom pack import needs as obj")
    got = receive(data, "obj()", python=python, expect_failure=True)
    text = "No module named 'yamlish' (pack imports it; the sender had PyYamlish 6.1"
    assert text in got.stderr
