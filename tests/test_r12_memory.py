"""R12: what nothing uses any more is freed, and what is used stays."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from receivers import interpreters, project, receive, run, send

COUNT: int = 60

# One sender makes all versions: each edits the package, imports it anew, and pickles.
MANY = """
    import importlib, modulepickle, pathlib, sys
    result = []
    for version in range(COUNT):
        pathlib.Path("pkg/version.py").write_text(f"VERSION = {version}\\n")
        for name in [n for n in sys.modules if n.split(".")[0] in ("pkg", "other")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        import pkg
        result.append(modulepickle.dumps(pkg.OBJ))
"""
PACKAGE = """
    === pkg/__init__.py
    import dataclasses, enum, other
    from . import a
    from .version import VERSION
    @dataclasses.dataclass
    class Data:
        x: int = 1
    class Color(enum.Enum):
        RED = 1
    class Bare:
        pass
    def f():
        import pkg.late
        from pkg import b
        from other.late import there
        return there(), VERSION
    def fail():
        raise ValueError(VERSION)
    OBJ = f, fail, Data(), Color.RED, Bare()
    === pkg/version.py
    === pkg/a.py
    from pkg import b
    === pkg/b.py
    import pkg.a
    === pkg/late.py
    from pkg import Data
    class Late(Data):
        pass
    === other/__init__.py
    === other/late.py
    import pkg
    def there():
        return pkg.VERSION
"""
CENSUS = """
    import gc, os, types
    root = os.environ["MODULEPICKLE_CACHE"]
    def census():
        gc.collect()
        objects = gc.get_objects()
        linecache = sys.modules.get("linecache")
        return {
            "modules": sum(
                str(vars(o).get("__file__", "")).startswith(root)
                for o in objects if issubclass(type(o), types.ModuleType)
            ),
            "classes": sum(
                1 for o in objects
                if issubclass(type(o), type) and o.__module__.split(".")[0] in ("pkg", "other")
            ),
            "archives": sum(
                1 for o in objects if type(o).__name__ in ("Snapshot", "Source")
                or type(o) is dict and "__import__" in o and "__build_class__" in o
            ),
            "sys.path": len(sys.path),
            "sys.meta_path": len(sys.meta_path),
            "sys.modules": sum(n.split(".")[0] in ("pkg", "other") for n in sys.modules),
            "importers": sum(p.startswith(root) for p in sys.path_importer_cache),
            "lines": sum(p.startswith(root) for p in getattr(linecache, "cache", {})),
        }
    def rss():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4
"""
USES = {
    "called": "assert obj[0]() == (i, i)",
    "only loaded": "",
    "pickled back": "pickle.loads(pickle.dumps(obj))",
    "imported by the host": "import pkg.late, other.late; assert other.late.there() == i",
    "raises": """
        import traceback
        try:
            obj[1]()
        except ValueError:
            assert "raise ValueError(VERSION)" in traceback.format_exc()
    """,
    "inspected": "import inspect; inspect.getsource(obj[0]), inspect.getmodule(obj[0])",
}


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> list[bytes]:
    """The package in 60 versions, each with another digest."""
    return versions(tmp_path_factory.mktemp("tree"), COUNT)


@pytest.fixture(scope="module")
def more(tmp_path_factory) -> list[bytes]:
    """The package in 300 versions."""
    return versions(tmp_path_factory.mktemp("tree"), 5 * COUNT)


def versions(folder: Path, count: int) -> list[bytes]:
    return list(run(project(folder, PACKAGE), MANY.replace("COUNT", str(count))).result)


def flat(many: list[bytes], use: str, python: str) -> None:
    # The classes' registries of weak references and method caches settle within some versions.
    body = "\n".join(" " * 8 + line.strip("\n") for line in _lines(use))
    code = f"""
{CENSUS}
    sizes = []
    for i in range({len(many)}):
        obj = load(i)
{body}
        del obj
        if i in (20, {len(many) - 1}):
            for name in ("pkg", "other"):
                globals().pop(name, None)
            sizes.append(census())
            print(i, rss(), "KiB", sizes[-1])
    result = sizes
    """
    got = receive(many, code, python=python, lazy=True)
    print(got.stdout)
    first, last = got.result
    assert first == last
    assert first["modules"] <= 8  # one version: the active one


def _lines(use: str) -> list[str]:
    lines = use.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    return [line[indent:] for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("python", interpreters())
def test_r12_300_versions_stay_flat(more, python):
    assert len(set(more)) == 5 * COUNT
    flat(more, USES["called"], python)


@pytest.mark.parametrize("use", USES)
def test_r12_stays_flat_however_it_is_used(many, use):
    assert len(set(many)) == COUNT
    flat(many, USES[use], sys.executable)


def test_r12_stays_flat_beside_a_native_module(many, tmp_path):
    host = project(tmp_path, "=== pkg/__init__.py\n=== other/__init__.py")
    code = f"""
{CENSUS}
    sys.path.insert(0, {str(host)!r})
    import pkg, other
    sizes = []
    for i in range(60):
        obj = load(i)
        assert obj[0]() == (i, i)
        del obj
        if i in (20, 59):
            sizes.append(census())
    result = sizes
    """
    first, last = receive(many, code, lazy=True).result
    assert first == last
    assert first["modules"] == 0


def test_r12_stays_flat_when_the_import_fails(tmp_path):
    text = """
        === pkg/__init__.py
        def f():
            from pkg import broken
        === pkg/version.py
        === pkg/broken.py
        from pkg.version import VERSION
        from pkg import good
        raise ValueError(VERSION)
        === pkg/good.py
        OBJ = 1
    """
    send_all = MANY.replace("pkg.OBJ", "pkg.f").replace("COUNT", "60")
    datas = run(project(tmp_path, text), send_all).result
    code = f"""
{CENSUS}
    sizes = []
    for i in range(60):
        obj = load(i)
        try:
            obj()
        except ValueError as error:
            assert error.args == (i,)
        del obj
        if i in (20, 59):
            sizes.append(census())
    result = sizes
    """
    first, last = receive(datas, code, lazy=True).result
    assert first == last


@pytest.mark.parametrize("kept", ["[0]", "[2]", "[3]", "[4]"], ids=["f", "data", "enum", "bare"])
def test_r12_what_is_alive_keeps_its_snapshot(many, kept):
    code = f"""
{CENSUS}
    import weakref
    obj = load(0)
    module = weakref.ref(sys.modules["pkg"])
    kept = obj{kept}
    del obj
    for i in range(1, 5):
        load(i)
    gc.collect()
    assert module() is not None
    assert module().f() == (0, 0)
    del kept
    gc.collect()
    assert module() is None, gc.get_referrers(module())
    """
    receive(many[:5], code, lazy=True)


BARE = {
    "replaced": """
        === pkg/__init__.py
        import sys
        class Bare: VERSION = %d
        class Other(type(sys)): pass
        def f(): return %d
        new = Other(__name__)
        new.f, new.Bare, new.obj = f, Bare, [f, Bare]
        new.__spec__ = __spec__
        sys.modules[__name__] = new
    """,
    "late": """
        === pkg/__init__.py
        def f(): return %d
        def late():
            from pkg.late import Late
            return Late
        obj = [f, late]
        === pkg/late.py
        class Late: VERSION = %d
    """,
    "derived": """
        === pkg/__init__.py
        from pkg.base import Base
        class Bare(Base): VERSION = %d
        def f(): return %d
        obj = [f, Bare]
        === pkg/base.py
        class Base: pass
    """,
    "while it executes": """
        === pkg/__init__.py
        import builtins
        vars(builtins).get("between", int)()
        class Bare: VERSION = %d
        def f(): return %d
        obj = [f, Bare]
    """,
}


@pytest.mark.parametrize("kind", BARE)
def test_r12_a_class_without_functions_keeps_its_snapshot(tmp_path, kind):
    datas = [
        send(project(tmp_path, BARE[kind] % (n, n)), "import pkg\nobj = pkg.obj") for n in (1, 2)
    ]
    code = f"""
    import builtins, gc, weakref
    if {kind!r} == "while it executes":
        builtins.between = lambda: (vars(builtins).pop("between"), load(1))
    obj = load(0)
    snapshot = weakref.ref(obj[0].__globals__["__builtins__"]["__import__"].__self__)
    load(1)
    kept = obj[1]() if {kind!r} == "late" else obj[1]
    del obj
    gc.collect()
    assert snapshot() is not None
    result = kept.VERSION
    del kept
    gc.collect()
    assert snapshot() is None, gc.get_referrers(snapshot())
    """
    assert receive(datas, code, lazy=True).result == 1


def test_r12_a_running_thread_keeps_its_snapshot(tmp_path):
    text = """
        === pkg.py
        def f(go, out):
            go.wait(20)
            import late
            out.append((VERSION, late.VALUE))
        === late.py
        VALUE = VERSION
    """
    datas = [
        send(project(tmp_path, text.replace("VERSION", str(n))), "from pkg import f as obj")
        for n in (1, 2)
    ]
    code = """
        import gc, threading
        go, result = threading.Event(), []
        thread = threading.Thread(target=load(0), args=(go, result))
        thread.start()
        load(1)
        gc.collect()
        go.set()
        thread.join(20)
    """
    assert receive(datas, code, lazy=True).result == [(1, 1)]


def test_r12_the_folder_stays_while_it_is_used(tmp_path: Path):
    text = """
        === pkg/__init__.py
        from pathlib import Path
        def f():
            return Path(__file__).with_name("data.txt").read_text()
        === pkg/data.txt
        VERSION
    """
    datas = [
        send(project(tmp_path, text.replace("VERSION", str(n))), "from pkg import f as obj")
        for n in (1, 2)
    ]
    code = """
        import gc, os, subprocess
        f = load(0)
        for path, _, _ in os.walk(os.environ["MODULEPICKLE_CACHE"]):
            os.utime(path, (1, 1))  # as if nobody had touched it for years
        other = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb'))())"
        for i in (1, 0):
            command = [sys.executable, "-I", "-S", "-c", other, paths[i]]
            assert subprocess.check_output(command).decode().split() == [str(i + 1)]
        load(1)
        gc.collect()
        result = f(), load(1)(), load(0)()
    """
    assert receive(datas, code, lazy=True).result == ("1\n", "2\n", "1\n")


def test_r12_versions_that_put_a_folder_on_the_path(tmp_path):
    """What is found there goes with its version, and is seen by the process as long as that is."""
    text = """
        === pkg/__init__.py
        import os, sys
        def f():
            folder = os.path.join(os.path.dirname(__file__), "inner")
            sys.path.insert(0, folder)
            try:
                import found_inside
            finally:
                sys.path.remove(folder)
            return found_inside.V
        === pkg/inner/found_inside.py
        V = @V@
    """
    trees = [project(tmp_path / v, text.replace("@V@", v)) for v in "1234"]
    code = """
        import gc
        result = []
        for number in range(4):
            result.append((load(number).f(), sys.modules["found_inside"].V))
        gc.collect()
        result.append(sum(type(o).__name__ in ("Snapshot", "Beside") for o in gc.get_objects()))
    """
    datas = [send(tree, "import pkg as obj") for tree in trees]
    result = receive(datas, code, absent=["pkg"], lazy=True).result
    assert result == [(1, 1), (2, 2), (3, 3), (4, 4), 2]


def test_r12_the_first_load_keeps_nothing_of_its_callers(tmp_path):
    data = send(project(tmp_path, "=== pkg.py\ndef f(): return 1"), "from pkg import f as obj")
    code = """
        import gc, weakref
        class Large:
            pass
        def job():
            large = Large()
            return load()() and weakref.ref(large)
        ref = job()
        gc.collect()
        result = ref() is None
    """
    # The cache folder is new, so that all is unpacked and compiled.
    assert receive(data, code, lazy=True, fresh=True).result is True


@pytest.mark.skipif(sys.version_info < (3, 10), reason="on 3.9, what a function has is kept")
def test_r12_a_dumps_keeps_no_frozenset_that_a_function_has(tmp_path):
    code = """
        import gc, weakref
        import modulepickle
        class Thing: pass
        BOTH = frozenset([Thing(), Thing()])
        kept = weakref.ref(BOTH)
        def f(): return len(BOTH)
        modulepickle.dumps(f)
        del BOTH
        gc.collect()
        result = kept() is None
    """
    assert run(tmp_path, code).result
