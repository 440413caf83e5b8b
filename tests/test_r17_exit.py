"""R17: when the process ends, shipped modules end as the host's own do."""

from __future__ import annotations

import pytest

from receivers import interpreters, project, receive, send

TREE = """
    === pkg/__init__.py
    import atexit, contextlib, functools, os, sys, tempfile, weakref
    from pkg import part
    class Thing:
        def __init__(self, name):
            self.name = name
        def __del__(self):
            print(self.name, os.path.join("a", "b"), part.VALUE, isinstance(self, Thing))
    def steps(name):
        try:
            yield 1
        finally:
            print(name, os.sep, part.VALUE)
    @contextlib.contextmanager
    def folder():
        with tempfile.TemporaryDirectory() as made:
            try:
                yield made
            finally:
                print("left", os.path.isdir(made))
    @functools.lru_cache
    def cached():
        return Thing("in a cache")
    class Holder:
        held = Thing("in a class")
    HELD, OPEN, CONTEXT = Thing("in a module"), steps("open steps"), folder()
    def done():
        from pkg import late
        print("at exit", late.VALUE, sys.modules["pkg.late"] is late)
    def f():
        next(OPEN), CONTEXT.__enter__(), cached()
        atexit.register(done)
        weakref.finalize(Holder, print, "finalized")
        mine = steps("steps of a result")
        next(mine)
        return mine, Thing("a result")
    === pkg/part.py
    VALUE = "a part"
    === pkg/late.py
    VALUE = "late"
"""


@pytest.mark.parametrize("python", interpreters())
def test_r17_what_is_left_at_the_end_is_ended_as_natively(tmp_path, python):
    tree = project(tmp_path, TREE)
    data = send(tree, "from pkg import f as obj")
    use = "kept = {}()\n        before_last = kept[1]"
    shipped = receive(data, f"        {use.format('load()')}", lazy=True, python=python, fresh=True)
    code = f"""
        sys.path.insert(0, {str(tree)!r})
        import pkg
        {use.format("pkg.f")}
    """
    native = receive([], code, python=python, fresh=True)
    assert (shipped.stderr, native.stderr) == ("", "")
    lines = native.stdout.splitlines()
    assert len(lines) > 7, lines
    assert sorted(shipped.stdout.splitlines()) == sorted(lines)


def test_r17_the_same_beside_another_version(tmp_path):
    datas = [
        send(project(tmp_path, TREE.replace("a part", each)), "from pkg import f as obj")
        for each in ("one", "two")
    ]
    got = receive(datas, "kept = load(0)(), load(1)()", lazy=True, fresh=True)
    assert got.stderr == ""
    for each in ("one", "two"):
        assert f"in a module a/b {each} True" in got.stdout
        assert f"a result a/b {each} True" in got.stdout


def test_r17_what_comes_at_exit_is_still_loaded(tmp_path):
    data = send(project(tmp_path, TREE), "import pkg; obj = pkg")
    code = """
        import atexit
        @atexit.register  # before the loader is there: it is called behind what that registers
        def last():
            import pkg.late
            again = pickle.loads(datas[0])
            print("last", pkg.late.VALUE, again.part.VALUE, again is pkg)
        load()
    """
    got = receive(data, code, lazy=True, fresh=True)
    assert "last late a part True" in got.stdout


ORDER = """
    === pkg.py
    import atexit, weakref
    class Thing: pass
    THING = Thing()
    def f():
        atexit.register(print, "registered first")
        weakref.finalize(THING, print, "finalized")
        atexit.register(print, "registered last")
"""


@pytest.mark.parametrize("python", interpreters())
def test_r17_exit_functions_run_in_their_order(tmp_path, python):
    tree = project(tmp_path, ORDER)
    data = send(tree, "from pkg import f as obj")
    shipped = receive(data, "load()()", lazy=True, python=python, fresh=True)
    native = receive(
        b"",
        f"import sys\nsys.path.insert(0, {str(tree)!r})\nfrom pkg import f\nf()",
        lazy=True,
        python=python,
        fresh=True,
    )
    assert native.stdout.split("\n")[:3] == ["registered last", "finalized", "registered first"]
    assert (shipped.stdout, shipped.stderr) == (native.stdout, "")
