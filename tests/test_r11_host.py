"""R11: what the rest of the receiver's process sees, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages import text_of
from receivers import interpreters, project, receive, send


def both(tmp_path: Path, text: str, code: str) -> list[bytes]:
    """The pickles of one project as VERSION 1 and VERSION 2."""
    return [
        send(project(tmp_path, text.replace("VERSION", str(version))), code) for version in (1, 2)
    ]


UTILS = """
    === utils.py
    def name():
        return NAME
    === app_NAME.py
    def f():
        import utils
        from utils import name
        return utils.name(), name()
"""


@pytest.mark.parametrize("python", interpreters())
def test_r11_three_projects_with_a_utils(tmp_path, python):
    datas = []
    for name in ("a", "b"):
        text = UTILS.replace("return NAME", f"return '{name}'").replace("NAME", name)
        datas.append(send(project(tmp_path / name, text), f"from app_{name} import f as obj"))
    host = project(tmp_path / "host", "=== utils.py\ndef name(): return 'host'")
    code = f"""
        sys.path.insert(0, {str(host)!r})
        import utils
        before, path = dict(vars(utils)), list(sys.path)
        result = [load(0)(), load(1)(), load(0)()]
        assert sys.modules["utils"] is utils and vars(utils) == before
        import utils as again
        from utils import name
        assert again is utils
        result += name(), [p for p in sys.path if p not in path and "utils" in str(p)]
    """
    got = receive(datas, code, python=python, lazy=True).result
    assert got == [("a", "a"), ("b", "b"), ("a", "a"), "host", []]


def test_r11_a_module_of_the_host_with_the_name_of_a_standard_one(tmp_path):
    data = send(
        project(tmp_path / "tree", """
            === pkg.py
            def f():
                import code
                return code.who()
        """),
        "from pkg import f as obj",
    )  # fmt: skip
    host = project(tmp_path / "host", "=== code.py\ndef who(): return 'host'")
    script = f"""
        sys.path.insert(0, {str(host)!r})
        import code
        before = dict(vars(code))
        result = load(0)(), vars(code) == before
    """
    assert receive(data, script, lazy=True).result == ("host", True)


def test_r11_native_modules_stay_when_versions_come_and_go(tmp_path):
    text = """
        === pkg/__init__.py
        from pkg import part
        def f():
            from . import late
            return VERSION, part.VALUE, late.VALUE
        === pkg/part.py
        VALUE = VERSION
        === pkg/late.py
        VALUE = VERSION
    """
    datas = both(tmp_path / "sender", text, "from pkg import f as obj")
    host = project(tmp_path / "host", "=== pkg/__init__.py\nHOST = 1\n=== pkg/part.py\nx = 'host'")
    code = f"""
        import gc
        sys.path.insert(0, {str(host)!r})
        import pkg.part
        native = {{name: module for name, module in sys.modules.items()}}
        finders, path = list(sys.meta_path), list(sys.path)
        def same():
            return all(sys.modules.get(n) is m for n, m in native.items())
        for i in (0, 1, 0, 1):
            f = load(i)
            assert f() == (i + 1,) * 3 and same(), f()
            del f
            gc.collect()
        assert same() and pkg.part.x == "host" and not hasattr(pkg, "late")
        # What looks after the picklers of others finds nothing by itself.
        assert finders == sys.meta_path[1:] and path == sys.path
        assert type(sys.meta_path[0]).__name__ == "Watch"
        try:
            import pkg.late
        except ModuleNotFoundError:
            result = sorted(n for n in sys.modules if n.startswith("pkg"))
    """
    assert receive(datas, code, lazy=True).result == ["pkg", "pkg.part"]


@pytest.mark.parametrize("python", interpreters())
def test_r11_the_active_snapshot_is_what_the_host_sees(tmp_path, python):
    text = """
        === pkg/__init__.py
        VALUE = VERSION
        def f(): pass
        === pkg/early.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "import pkg.early; obj = pkg.f")
    code = """
        import importlib.util, os
        path = list(sys.path)
        seen = []
        for i in (0, 1, 0):
            f = load(i)
            folder = os.path.dirname(os.path.dirname(sys.modules["pkg"].__file__))
            assert sys.path == [folder] + path and os.listdir(folder) == ["pkg"], sys.path
            assert sys.modules["pkg"].f is f
            import pkg.early, pkg
            assert sys.modules["pkg.early"] is pkg.early
            assert importlib.util.find_spec("pkg.early") is pkg.early.__spec__
            assert importlib.import_module("pkg") is pkg
            seen.append((pkg.VALUE, pkg.early.VALUE))
        result = seen
    """
    got = receive(datas, code, python=python, lazy=True, absent=["pkg"]).result
    assert got == [(1, 1), (2, 2), (1, 1)]


def test_r11_a_host_that_sets_its_finders_and_path_back(tmp_path):
    # As some test runners do. What was active is not found then, until its pickle comes again.
    datas = both(tmp_path, "=== pkg/__init__.py\nVALUE = VERSION\n", "import pkg; obj = pkg")
    code = """
        finders, path = list(sys.meta_path), list(sys.path)
        result = []
        for i in (0, 0, 1, 0):
            package = load(i)
            import pkg
            assert pkg is package
            result.append(pkg.VALUE)
            sys.meta_path[:], sys.path[:] = finders, path
    """
    assert receive(datas, code, lazy=True).result == [1, 1, 2, 1]


def test_r11_nothing_is_left_of_what_the_active_one_lacks(tmp_path):
    one = send(project(tmp_path / "1", "=== pkg/old.py\ndef f(): return 1"),
               "import pkg.old; obj = pkg.old.f")  # fmt: skip
    two = send(project(tmp_path / "2", "=== pkg/__init__.py\ndef f(): return 2"),
               "from pkg import f as obj")  # fmt: skip
    code = """
        f, g = objs
        assert "pkg.old" not in sys.modules and not hasattr(sys.modules["pkg"], "old")
        try:
            import pkg.old
        except ModuleNotFoundError:
            result = f(), g()
    """
    assert receive([one, two], code).result == (1, 2)


@pytest.mark.parametrize("python", interpreters())
def test_r11_the_hosts_import_gives_the_snapshots_modules(tmp_path, python):
    text = """
        === pkg/__init__.py
        def f():
            import pkg.sub.deferred, pkg.other as other
            return pkg.sub.deferred, other
        === pkg/other.py
        VALUE = VERSION
        === pkg/sub/__init__.py
        === pkg/sub/deferred.py
        VALUE = VERSION
        class Thing:
            pass
        === pkg/plain/in_namespace.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "from pkg import f as obj")
    code = """
        result = []
        for i in (0, 1):
            f = load(i)
            import pkg.sub.deferred
            from pkg.sub.deferred import Thing
            from pkg.plain import in_namespace
            mine, other = f()
            from pkg import other as native
            import pkg.other
            assert mine is pkg.sub.deferred is sys.modules["pkg.sub.deferred"]
            assert Thing is mine.Thing and native is other is pkg.other
            assert pickle.loads(pickle.dumps(Thing())).__class__ is Thing
            result.append((mine.VALUE, other.VALUE, in_namespace.VALUE))
    """
    got = receive(datas, code, python=python, lazy=True).result
    assert got == [(1, 1, 1), (2, 2, 2)]


STALE = """
    import logging
    records = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append((record.levelname, record.getMessage()))
    logging.getLogger("modulepickle").addHandler(handler)
    sys.path.insert(0, {host!r})
    f = load()
    import pkg
    assert pkg.f is f
    result = f(), pkg.__file__, records
"""


@pytest.mark.parametrize(
    "stale", ["pkg/__init__.py", "pkg.py", "pkg/none.py"], ids=["package", "file", "namespace"]
)
def test_r11_a_stale_copy_gives_way_with_a_warning(tmp_path, stale):
    tree = project(tmp_path / "sender", "=== pkg/__init__.py\ndef f(): return 'new'")
    data = send(tree, "from pkg import f as obj")
    host = project(tmp_path / "host", f"=== {stale}\ndef f(): return 'stale'")
    value, file, records = receive(data, STALE.format(host=str(host)), lazy=True).result
    assert value == "new"
    if stale == "pkg/none.py":  # a folder that happens to have the name is nobody's module
        return
    (level, message), *more = records
    assert (level, more) == ("WARNING", [])
    assert str(host / stale) in message
    assert file.rpartition("/pkg/")[0] in message


def test_r11_no_warning_without_a_copy(tmp_path):
    tree = project(tmp_path / "sender", "=== pkg/__init__.py\ndef f(): return 'new'")
    data = send(tree, "from pkg import f as obj")
    code = STALE.format(host=str(tmp_path)) + "\n    assert not load() is None"
    assert receive(data, code, lazy=True).result[2] == []


@pytest.mark.parametrize("python", interpreters())
def test_r11_plain_pickles_of_results(tmp_path, python):
    text = """
        === pkg/__init__.py
        import collections, enum, typing
        class Thing:
            def __init__(self, x):
                self.x = x
            class Inner:
                pass
        class Color(enum.Enum):
            RED = VERSION
        class Error(Exception):
            pass
        Pair = collections.namedtuple("Pair", "a b")
        def work():
            return [Thing(VERSION), Thing.Inner(), Color.RED, Error("x"), Pair(1, 2), work]
    """
    datas = both(tmp_path, text, "from pkg import work as obj")
    code = """
        result = []
        for i in (0, 1, 0):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                made = load(i)()
                again = pickle.loads(pickle.dumps(made, protocol))
                assert [type(a) is type(b) for a, b in zip(made, again)] == [True] * 6
            result.append((again[0].x, again[2].value))
    """
    assert receive(datas, code, python=python, lazy=True).result == [(1, 1), (2, 2), (1, 1)]


HINTS = """
    === pkg/__init__.py
    from __future__ import annotations
    import dataclasses, typing
    from typing import ClassVar, Optional
    if typing.TYPE_CHECKING:
        from pkg.types import Missing
    @dataclasses.dataclass
    class Node:
        shared: ClassVar[int] = VERSION
        only: typing.ClassVar[str] = "x"
        value: int = VERSION
        next: Optional[Node] = None
    class Plain:
        node: Node
        def f(self, other: Plain) -> Node: ...
    def hints():
        return typing.get_type_hints(Node), typing.get_type_hints(Plain.f)
    def late():
        from pkg.late import Late
        return Late
    === pkg/late.py
    from __future__ import annotations
    import dataclasses
    from typing import ClassVar as CV
    import typing as t
    @dataclasses.dataclass
    class Late:
        shared: CV[int] = VERSION
        also: t.ClassVar[int] = VERSION
        made: dataclasses.InitVar[int] = 0
        value: int = VERSION
        def __post_init__(self, made):
            self.value += made
"""


@pytest.mark.parametrize("python", interpreters())
def test_r11_dataclasses_and_type_hints(tmp_path, python):
    datas = both(tmp_path, HINTS, "import pkg; obj = pkg.Node, pkg.Plain, pkg.hints, pkg.late")
    code = """
        import dataclasses, typing
        fields = lambda c: [f.name for f in dataclasses.fields(c)]
        result = []
        for node, plain, hints, late in objs:
            result.append((fields(node), fields(late()), late()(made=5).value, late().shared))
            assert hints()[0]["next"] == typing.Optional[node], hints()
            assert hints()[1] == {"other": plain, "return": node}
        # From outside, those of the active one.
        assert typing.get_type_hints(node)["next"] == typing.Optional[node]
        assert typing.get_type_hints(plain) == {"node": node}
        assert dataclasses.replace(node(), value=3).value == 3
    """
    got = receive(datas[1:], code, python=python).result
    assert got == [(["value", "next"], ["value"], 7, 2)]
    # Superseded before its module executes: a dataclass looks its module up in sys.modules.
    code = """
        import dataclasses
        fields = lambda c: [f.name for f in dataclasses.fields(c)]
        result = [(fields(late()), late().shared) for _, _, _, late in objs]
    """
    assert receive(datas, code, python=python).result == [(["value"], 1), (["value"], 2)]


def test_r11_inspect_finds_the_source(tmp_path):
    text = """
        === pkg/__init__.py
        class Thing:
            def method(self):
                return VERSION
        def f():
            return VERSION  # a comment
    """
    datas = both(tmp_path, text, "import pkg; obj = pkg.f, pkg.Thing, pkg.Thing.method, pkg")
    code = """
        import inspect
        result = []
        for f, thing, method, module in objs:
            assert inspect.getsource(f) == "def f():\\n    return %d  # a comment\\n" % f()
            assert ("return %d" % f()) in inspect.getsource(method)
            assert inspect.getsource(module).startswith("class Thing")
            assert inspect.getsourcefile(f) == module.__file__
        assert inspect.getmodule(thing) is module and inspect.getmodule(f) is module
        assert inspect.getsource(thing).startswith("class Thing")
        assert inspect.getsourcelines(f)[1] == 4
        assert inspect.unwrap(f) is f and str(inspect.signature(method)) == "(self)"
    """
    receive(datas, code)


@pytest.mark.parametrize("python", interpreters())
def test_r11_resources_and_pkgutil(tmp_path, python):
    text = """
        === pkg/__init__.py
        import importlib, pkgutil
        def inside():
            import importlib.resources as r
            from importlib.resources import files
            from importlib import resources
            assert resources is r and files is r.files
            return files("pkg").joinpath("data/x.txt").read_text(), r.files(__name__).name
        def names():
            return [m.name for m in pkgutil.walk_packages(__path__, __name__ + ".")]
        === pkg/data/x.txt
        text VERSION
        === pkg/a.py
        === pkg/sub/__init__.py
        === pkg/sub/b.py
    """
    datas = both(tmp_path, text, "import pkg; obj = pkg.inside, pkg.names")
    code = """
        import importlib, pkgutil
        result = []
        for i in (0, 1, 0):
            inside, names = load(i)
            import importlib.resources, pkg
            assert names() == ["pkg.a", "pkg.sub", "pkg.sub.b"], names()
            assert [m.name for m in pkgutil.iter_modules(pkg.__path__)] == ["a", "sub"]
            assert pkgutil.get_data("pkg", "data/x.txt") == b"text %d\\n" % (i % 2 + 1)
            found = names.__globals__["__file__"]
            assert pkgutil.get_data("pkg", "__init__.py") == open(found, "rb").read()
            if hasattr(importlib.resources, "files"):
                result.append(importlib.resources.files("pkg").joinpath("data/x.txt").read_text())
                assert inside()[0] == result[-1], inside()
    """
    got = receive(datas, code, python=python, lazy=True).result
    assert got == ["text 1\n", "text 2\n", "text 1\n"]


def test_r11_spawned_children_import_from_the_folder(tmp_path):
    text = """
        === pkg/__init__.py
        def square(x):
            from pkg.late import VALUE
            return x * x * VALUE
        def run():
            import multiprocessing
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                return pool.map(square, [1, 2])
        === pkg/late.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "from pkg import run as obj")
    # Spawn runs the main script anew in the child: it must not load the pickles there.
    code = """
        if __name__ == "__main__":
            result = [load(i)() for i in (0, 1)]
    """
    assert receive(datas, code, lazy=True).result == [[1, 4], [2, 8]]


LIMIT = "a process that shipped code starts by `spawn` or `forkserver`"


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_r13_without_a_disk_only_forked_children_have_the_package(tmp_path, method):
    text = """
        === pkg/__init__.py
        def square(x):
            return x * x
        def run(method):
            import concurrent.futures, multiprocessing
            context = multiprocessing.get_context(method)
            with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
                try:
                    return pool.submit(square, VERSION + 1).result()
                except concurrent.futures.process.BrokenProcessPool:
                    return "broken"
    """
    data = both(tmp_path, text, "from pkg import run as obj")[0]
    nowhere = tmp_path / "file" / "below"
    nowhere.parent.write_text("")
    env = dict.fromkeys(("TMPDIR", "HOME"), str(nowhere))
    code = f"if __name__ == '__main__':\n    result = load(0)({method!r})"
    got = receive(data, code, lazy=True, cache=nowhere, env=env)
    assert got.result == (4 if method == "fork" else "broken")
    assert ("No module named 'pkg'" in got.stderr) is (method != "fork")
    assert LIMIT in text_of("limits.md"), "what holds now is to be taken out of Limits"


SPAWN = """
    === pkg/__init__.py
    import pickle
    def f():
        return VERSION
    def call(data):
        return pickle.loads(data)()
    def load(data):
        return pickle.loads(data)
"""


def test_r11_a_spawned_child_may_load_pickles(tmp_path):
    datas = both(tmp_path, SPAWN, "from pkg import call, f; obj = f")
    code = """
        if __name__ == "__main__":
            import multiprocessing
            f = load(0)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                call = sys.modules["pkg"].call
                result = pool.apply(f), pool.map(call, datas), pool.apply(f)
    """
    assert receive(datas, code, lazy=True).result == (1, [1, 2], 1)


def test_r10_a_spawned_child_has_imported_that_content_itself(tmp_path):
    # It imported `pkg` from the very folder that the pickle's archive is unpacked into.
    data = both(tmp_path, SPAWN, "from pkg import f as obj")[0]
    code = """
        if __name__ == "__main__":
            import multiprocessing
            f = load(0)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                result = pool.apply(sys.modules["pkg"].load, (datas[0],)) is f
    """
    # The library proves it, so the child must have it.
    assert receive(data, code, lazy=True, bare=False).result is True


@pytest.mark.parametrize("which", ["pkg", "pkg.leaf"])
def test_r11_reload_does_no_harm(tmp_path, which):
    text = """
        === pkg/__init__.py
        VALUE = VERSION
        def f():
            from . import late
            return VALUE, late.VALUE
        === pkg/leaf.py
        VALUE = VERSION
        def f():
            import pkg.late
            return VALUE, pkg.late.VALUE
        === pkg/late.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "import pkg.leaf; obj = pkg.f, pkg.leaf.f")
    code = f"""
        import importlib
        load(0)
        module = sys.modules[{which!r}]
        again = importlib.reload(module)
        assert again is module is sys.modules[{which!r}]
        load(1)
        result = again.f(), [f() for i in (0, 1) for f in load(i)]
    """
    assert receive(datas, code, lazy=True).result == ((1, 1), [(1, 1), (1, 1), (2, 2), (2, 2)])


def test_r11_importlib_reload_in_shipped_code(tmp_path):
    text = """
        === pkg/__init__.py
        import importlib
        from pkg import leaf
        def f():
            return importlib.reload(leaf) is leaf, leaf.VALUE
        === pkg/leaf.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "from pkg import f as obj")
    code = "result = [load(i)() for i in (0, 1, 0)]"
    assert receive(datas, code, lazy=True).result == [(True, 1), (True, 2), (True, 1)]


REPLACED = """
    === pkg/__init__.py
    def f():
        import pkg.magic
        from pkg import magic
        from pkg.magic import anything
        assert pkg.magic is magic
        return magic.anything, anything, type(magic).__name__
    === pkg/magic.py
    import sys
    {kind}
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return "any", VERSION
    {put}
"""
KINDS = {
    "an object": ("class Magic:", "sys.modules[__name__] = Magic()"),
    "a module": (
        "import types\nclass Magic(types.ModuleType):",
        "sys.modules[__name__] = Magic(__name__)",
    ),
    "a module with the spec": (
        "import types\nclass Magic(types.ModuleType):",
        "m = Magic(__name__); m.__dict__.update(globals()); sys.modules[__name__] = m",
    ),
    "another class": (
        "import types\nclass Magic(types.ModuleType):",
        "sys.modules[__name__].__class__ = Magic",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_r11_a_module_that_replaces_itself(tmp_path, kind):
    head, put = (text.replace("\n", "\n    ") for text in KINDS[kind])
    text = REPLACED.format(kind=head, put=put)
    datas = both(tmp_path, text, "from pkg import f as obj")
    code = """
        first, second = objs
        result = [first(), second(), first(), load(0)(), load(1)()]  # the first: superseded
        import pkg.magic
        assert pkg.magic.anything == ("any", 2), pkg.magic.anything
        load(0)
        from pkg import magic
        assert magic.anything == ("any", 1)
        assert sys.modules["pkg.magic"] is magic
    """
    got = receive(datas, code).result
    assert got == [(("any", n), ("any", n), "Magic") for n in (1, 2, 1, 1, 2)]


@pytest.mark.parametrize(
    "put",
    [
        "class Magic: __slots__, anything = (), ('any', VERSION)",
        "class Magic:\n"
        "    anything = 'any', VERSION\n"
        "    def __setattr__(self, name, value): raise TypeError('frozen')",
    ],
    ids=["slots", "frozen"],
)
def test_r11_a_module_replaced_by_what_takes_no_attribute(tmp_path, put):
    text = f"""
        === pkg/__init__.py
        def f():
            import pkg.magic
            from pkg import magic
            from pkg.magic import anything
            assert pkg.magic is magic
            return magic.anything, anything
        === pkg/magic.py
        import sys
        {put.replace(chr(10), chr(10) + " " * 8)}
        sys.modules[__name__] = Magic()
    """
    datas = both(tmp_path, text, "from pkg import f as obj")
    got = receive(datas, "result = [f() for f in [*objs, *objs]]").result
    assert got == [(("any", n), ("any", n)) for n in (1, 2, 1, 2)]


def test_r11_a_replaced_module_leaves_the_native_one(tmp_path):
    head, put = KINDS["an object"]
    datas = both(tmp_path / "s", REPLACED.format(kind=head, put=put), "from pkg import f as obj")
    host = project(tmp_path / "h", "=== pkg/__init__.py\n=== pkg/magic.py\nx = 'host'")
    code = f"""
        sys.path.insert(0, {str(host)!r})
        import pkg.magic
        native = pkg.magic
        result = [load(i)()[0] for i in (0, 1)]
        assert sys.modules["pkg.magic"] is native is pkg.magic
    """
    assert receive(datas, code, lazy=True).result == [("any", 1), ("any", 2)]


def test_r11_a_module_that_executes_finds_itself_in_sys_modules(tmp_path):
    text = """
        === pkg/__init__.py
        import sys
        assert sys.modules[__name__].__dict__ is globals()
        def f():
            from . import late
            return late.me
        === pkg/late.py
        import sys
        me = VERSION
        assert sys.modules[__name__].me == VERSION
        from pkg import nested
        assert sys.modules[__name__].me == VERSION
        === pkg/nested.py
        import sys
        import pkg.late
        assert sys.modules["pkg.late"].me == VERSION
    """
    datas = both(tmp_path, text, "from pkg import f as obj")
    assert receive(datas, "result = [f() for f in objs]").result == [1, 2]


# The second release has another line, and so another name.
OTHER_RELEASE = """
    from modulepickle._loader.emit import THE_LOADER
    THE_LOADER.text += "RELEASE = 2\\n"
    THE_LOADER.name = "_modulepickle_loader_other"
"""
RELEASES = """
    === pkg/__init__.py
    VALUE = VERSION
    class Thing:
        pass
    def f():
        from . import late
        import pkg.late as same
        assert late is same
        return VALUE, late.VALUE
    === pkg/late.py
    VALUE = VERSION
"""


def releases(tmp_path: Path) -> list[bytes]:
    """Version 1 by this release of the loader, version 2 by another one."""
    code = "import pkg; obj = pkg.f, pkg.Thing"
    one, _ = both(tmp_path, RELEASES, code)
    return [one, send(tmp_path, OTHER_RELEASE + "\n    " + code)]


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("order", [(0, 1, 0, 1), (1, 0, 1, 0)], ids=["old-new", "new-old"])
def test_r11_two_releases_of_the_loader(tmp_path, python, order):
    code = f"""
        import gc
        path, finders = list(sys.path), list(sys.meta_path)
        result = []
        for i in {order}:
            f, thing = load(i)
            import pkg.late
            assert pkg.f is f and sys.modules["pkg"] is pkg
            assert pickle.loads(pickle.dumps(thing())).__class__ is thing
            others = [each for each in sys.meta_path if type(each).__name__ != "Watch"]
            assert len(sys.path) == len(path) + 1 and len(others) == len(finders) + 1
            assert len(sys.meta_path) <= len(others) + 1  # both releases have one in common
            result.append(f())
            assert result[-1] == (i + 1, i + 1)
            assert pkg.late.VALUE == i + 1
            gc.collect()
        names = [*sys._modulepickle_registry.texts]
        assert len(names) == 2 and "_modulepickle_loader_other" in names, names
    """
    got = receive(releases(tmp_path), code, python=python, lazy=True).result
    assert got == [(i + 1, i + 1) for i in order]


def test_r11_two_releases_beside_a_native_module(tmp_path):
    datas = releases(tmp_path / "sender")
    host = project(tmp_path / "host", "=== pkg/__init__.py\nVALUE = 'host'")
    code = f"""
        sys.path.insert(0, {str(host)!r})
        import pkg
        result = [load(i)[0]() for i in (0, 1, 0, 1)]
        assert sys.modules["pkg"] is pkg and pkg.VALUE == "host"
    """
    assert receive(datas, code, lazy=True).result == [(1, 1), (2, 2), (1, 1), (2, 2)]


def test_r11_two_releases_of_one_digest(tmp_path):
    # The same content by two releases is two sets of modules: each must at least be whole.
    tree = project(tmp_path, RELEASES.replace("VERSION", "1"))
    code = "import pkg; obj = pkg.f, pkg.Thing"
    datas = [send(tree, code), send(tree, OTHER_RELEASE + "\n    " + code)]
    code = """
        result = []
        for i in (0, 1, 0):
            f, thing = load(i)
            import pkg
            assert pkg.f is f and pickle.loads(pickle.dumps(thing)) is thing
            result.append(f())
    """
    assert receive(datas, code, lazy=True).result == [(1, 1)] * 3
