"""R10: a process that pickled something, or imported the same content, gets its own objects."""

from __future__ import annotations

import os
import pickle
import shutil
import textwrap

import pytest

from receivers import project, receive, run, send

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork here")
needs_proc = pytest.mark.skipif(
    not os.path.exists("/proc/self/stat"), reason="nothing is proved without /proc"
)

PROJECT = """
    === mine/__init__.py
    from mine.shapes import Shape
    counter = [0]
    def bump():
        counter[0] += 1
        return counter[0]
    def later():
        import lazy
        return lazy
    === mine/shapes.py
    class Shape:
        class Part:
            pass
        def __init__(self, n=0):
            self.n = n
        def method(self):
            return self
        @classmethod
        def make(cls):
            return cls()
        @staticmethod
        def static():
            return 1
    === lazy.py
    import sys
    class Lazy:
        pass
"""
THERE_AND_BACK = """
    import modulepickle, pickle, sys
    def back(obj):
        return pickle.loads(modulepickle.dumps(obj))
    import mine
    from mine import Shape
"""


def let_age(tree):
    """Wait until files are older than a new process by some ticks of the clocks of both."""
    newest = max(path.stat().st_ctime_ns for path in tree.rglob("*"))
    probe = tree / "probe.txt"
    while not probe.exists() or probe.stat().st_ctime_ns < newest + 100_000_000:
        probe.write_text("x")


def own(tmp_path, code, **options):
    tree = project(tmp_path, PROJECT)
    let_age(tree)
    code = f"{textwrap.dedent(THERE_AND_BACK)}\n{textwrap.dedent(code)}"
    # A forked process began when its parent did, which is before there was a tree.
    return run(tree, code, fresh=True, **options).result


def test_r10_the_sender_gets_its_own_objects(tmp_path):
    code = """
        shape = Shape(3)
        same = [mine, mine.shapes, mine.bump, Shape, Shape.Part, Shape.method, Shape.static]
        result = [back(obj) is obj for obj in same]
        got, method, made, both = back([shape, shape.method, Shape.make, [shape, shape]])
        result += [type(got) is Shape, method.__self__ is got, made.__self__ is Shape]
        result += [both[0] is both[1] is got, mine.bump() == 1, back(mine.bump)() == 2]
    """
    assert own(tmp_path, code) == [True] * 13


def test_r10_a_class_of_the_script_is_its_own_and_a_function_a_copy(tmp_path):
    code = """
        import pickle, modulepickle
        class A:
            pass
        def f():
            return A, f
        again = pickle.loads(modulepickle.dumps([A, f]))
        obj = again[0] is A, again[1] is f, again[1]()[0] is A, again[1]()[1] is again[1]
    """
    assert pickle.loads(send(tmp_path, code)) == (True, False, True, True)


def test_r10_a_requirement_that_was_never_imported_is_imported_once(tmp_path):
    code = """
        later = back(mine.later)
        before = "lazy" in sys.modules
        got = later()
        import lazy
        result = before, got is lazy is mine.later() is back(lazy)
    """
    assert own(tmp_path, code) == (False, True)


def test_r10_nothing_is_left_in_sys_modules_and_sys_path(tmp_path):
    code = """
        before = sys.path[:], sys.meta_path[:], sys.modules["mine"], sys.modules["mine.shapes"]
        back([mine, Shape(), mine.later])
        after = sys.path, sys.meta_path, sys.modules["mine"], sys.modules["mine.shapes"]
        result = [old == new for old, new in zip(before, after)], "lazy" in sys.modules
    """
    assert own(tmp_path, code) == ([True] * 4, False)


def test_r10_after_a_reload_without_an_edit(tmp_path):
    code = """
        import importlib
        early = modulepickle.dumps([Shape(), Shape, mine.bump])
        importlib.reload(mine.shapes), importlib.reload(mine)
        result = [back(mine.bump) is mine.bump, back(mine.Shape) is mine.Shape]
        result.append(type(back(mine.Shape())) is mine.Shape)
    """
    assert own(tmp_path, code) == [True] * 3


def test_r10_after_an_edit_and_a_reload(tmp_path):
    code = """
        import importlib, pathlib
        early = modulepickle.dumps(Shape)
        path = pathlib.Path("mine/shapes.py")
        path.write_text(path.read_text().replace("return 1", "return 2"))
        importlib.reload(mine.shapes), importlib.reload(mine)
        result = [back(mine.Shape) is mine.Shape, back(mine.bump) is mine.bump]
        old = pickle.loads(early)
        result += [old is not mine.Shape, old.static() == 1, mine.Shape.static() == 2]
        result += [sys.modules["mine"] is mine, back(mine.Shape) is mine.Shape]
    """
    assert own(tmp_path, code) == [True] * 7


def test_r10_after_an_edit_without_a_reload_the_sender_still_has_its_own(tmp_path):
    code = """
        import pathlib, warnings
        path = pathlib.Path("mine/shapes.py")
        path.write_text(path.read_text().replace("return 1", "return 2"))
        warnings.simplefilter("ignore")
        result = back(mine.Shape) is mine.Shape
    """
    assert own(tmp_path, code) is True


def test_r10_after_an_edit_back_to_what_was(tmp_path):
    code = """
        import importlib, pathlib
        path = pathlib.Path("mine/shapes.py")
        texts = path.read_text(), path.read_text().replace("return 1", "return 2")
        datas, olds, result = [], [], []
        for n in range(6):
            path.write_text(texts[n % 2])
            importlib.reload(mine.shapes), importlib.reload(mine)
            result.append(back(mine.Shape) is mine.Shape)
            datas.append(modulepickle.dumps(mine.Shape))
        assert len(set(datas)) == 2
    """
    assert own(tmp_path, code) == [True] * 6


@needs_fork
@pytest.mark.parametrize("when", ["before", "after"])
def test_r10_a_forked_child_gets_its_own(tmp_path, when):
    # The child reads through a pipe what the parent pickles before or after the fork.
    code = f"""
        import os
        data = modulepickle.dumps([Shape(), mine.bump, mine.later])
        reader, writer = os.pipe()
        answer_reader, answer_writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            data = os.read(reader, 10**6) if {when == "before"} else data
            shape, bump, later = pickle.loads(data)
            import lazy
            same = [type(shape) is Shape, bump is mine.bump, later() is lazy]
            os.write(answer_writer, repr(same).encode())
            os._exit(0)
        os.write(writer, modulepickle.dumps([Shape(), mine.bump, mine.later]))
        os.waitpid(pid, 0)
        result = eval(os.read(answer_reader, 1000))
    """
    assert own(tmp_path, code) == [True] * 3


@needs_fork
@pytest.mark.parametrize("when", ["before", "after"])
def test_r10_a_fork_that_never_pickled_gets_its_own(tmp_path, when):
    code = """
        import os
        reader, writer = os.pipe()
        answer_reader, answer_writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            shape, bump = pickle.loads(os.read(reader, 10**6))
            os.write(answer_writer, repr([type(shape) is Shape, bump is mine.bump]).encode())
            os._exit(0)
        os.write(writer, modulepickle.dumps([Shape(), mine.bump]))
        os.waitpid(pid, 0)
        result = eval(os.read(answer_reader, 1000))
    """
    assert own(tmp_path, code) == [True] * 2


@needs_fork
@pytest.mark.parametrize("when", ["before", "after"])
def test_r10_a_forking_pool_gets_its_own(tmp_path, when):
    code = f"""
        import multiprocessing
        def ask(data):
            shape, bump = pickle.loads(data)
            return type(shape) is Shape and bump is mine.bump and sys.modules["mine"] is mine
        make = lambda: multiprocessing.get_context("fork").Pool(1)
        pool = make() if {when == "before"} else None
        data = modulepickle.dumps([Shape(), mine.bump])
        pool = pool or make()
        result = pool.map(ask, [data, data, modulepickle.dumps([Shape(), mine.bump])])
        pool.close(), pool.join()
    """
    assert own(tmp_path, code) == [True] * 3


HOST = """
    import sys
    sys.path.insert(0, ".")
    {before}
    import mine, pickle
    for data in datas:
        shape, cls, bump = pickle.loads(data)
        assert type(shape) is cls
    result = cls is mine.Shape, bump is mine.bump, cls.static(), mine.Shape.static()
    assert sys.modules["mine"] is mine
"""
OBJECTS = "import mine\nobj = [mine.Shape(), mine.Shape, mine.bump]"


def host(tree, data, before=""):
    """The answer of a Python in the tree, which imports `mine` natively, and not the library."""
    code = HOST.format(before=before)
    return receive(data, code, folder=tree, lazy=True, bare=False, fresh=True).result


@needs_proc
def test_r10_a_script_in_the_same_tree_gets_its_own(tmp_path):
    tree = project(tmp_path / "tree", PROJECT)
    data = send(tree, OBJECTS)
    let_age(tree)
    assert host(tree, data) == (True, True, 1, 1)


@needs_proc
def test_r10_a_script_in_an_equal_tree_gets_its_own(tmp_path):
    tree = project(tmp_path / "tree", PROJECT)
    other = shutil.copytree(tree, tmp_path / "other")
    let_age(other)
    assert host(other, send(tree, OBJECTS)) == (True, True, 1, 1)


def test_r10_a_script_with_other_content_keeps_it_and_gets_what_was_sent(tmp_path):
    tree = project(tmp_path / "tree", PROJECT)
    other = project(tmp_path / "other", PROJECT.replace("return 1", "return 5"))
    assert host(other, send(tree, OBJECTS)) == (False, False, 1, 5)


def test_r10_a_script_that_differs_in_a_requirement_only(tmp_path):
    tree = project(tmp_path / "tree", PROJECT)
    other = project(tmp_path / "other", PROJECT.replace("class Lazy", "class Lazier"))
    data = send(tree, "import mine\nobj = [mine.Shape(), mine.Shape, mine.bump, mine.later]")
    code = """
        import sys
        sys.path.insert(0, ".")
        import mine, lazy, pickle
        later = pickle.loads(datas[0])[3]
        theirs = vars(later()).keys() & {"Lazy", "Lazier"}
        result = later is mine.later, theirs, hasattr(lazy, "Lazier")
    """
    got = receive(data, code, folder=other, lazy=True, bare=False, fresh=True).result
    assert got == (False, {"Lazy"}, True)


@pytest.mark.parametrize("order", ["edited after the import", "edited and put back"])
def test_r10_a_file_that_changed_after_its_import_proves_nothing(tmp_path, order):
    tree = project(tmp_path / "tree", PROJECT.replace("return 1", "return 5"))
    new = project(tmp_path / "new", PROJECT)
    data = send(new, OBJECTS)
    before = f"""
    import mine, shutil
    shutil.copy({str(new / "mine/shapes.py")!r}, "mine/shapes.py")
    """
    # The host imported `return 5`; its file now says what was sent, `return 1`.
    assert host(tree, data, before) == (False, False, 1, 5)


def test_r08_two_modules_where_the_library_is_installed(tmp_path):
    tree = project(
        tmp_path / "tree",
        """
        === units.py
        UNIT = "km"
        === other.py
        import units
        def double(x): return f"{2 * x} {units.UNIT}"
        """,
    )
    data = send(tree, "import other\nobj = other.double")
    code = "import modulepickle\nresult = modulepickle.loads(datas[0])(21)"
    assert receive(data, code, lazy=True, bare=False).result == "42 km"
