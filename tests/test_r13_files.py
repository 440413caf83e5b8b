"""R13: shipped files are real files, unpacked once, private, and never trusted."""

from __future__ import annotations

import os
import py_compile
import re
import sysconfig
from pathlib import Path

import pytest

from extensions import PHASES, compile_extension
from receivers import interpreters, project, receive, send

DATA = """
    === pkg/__init__.py
    import os
    from pathlib import Path
    def here():
        return Path(__file__).parent
    def read(name):
        with open(here() / name, "rb") as file:
            return file.read()
    def fail():
        # a comment
        raise ValueError("VERSION")
    def value():
        from pkg import late
        return late.VALUE
    === pkg/late.py
    VALUE = VERSION
    def fail():
        raise KeyError("VERSION")  # late
    === pkg/data/table.csv
    a,b
    === pkg/data/naïve.txt
    ünï
"""
# How a receiver collects what the loader logs.
LOG = """
    import logging
    records = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append((record.levelname, record.getMessage()))
    logging.getLogger("modulepickle").addHandler(handler)
"""


def ship(folder: Path, text: str = DATA, code: str = "import pkg; obj = pkg", version: int = 1):
    return send(project(folder, text.replace("VERSION", str(version))), code)


def listing(folder: Path) -> dict[str, tuple[int, ...]]:
    """Each file and folder under one, and what any change to it would change."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (
            stat.st_ino,
            stat.st_size,
            stat.st_mtime_ns,
            stat.st_ctime_ns,
            stat.st_mode,
        )
    return found


def unpacked(cache: Path, name: str) -> Path:
    (found,) = (path for path in cache.rglob("*") if path.as_posix().endswith(f"/{name}"))
    return found


@pytest.mark.parametrize("python", interpreters())
def test_r13_data_files_are_opened(tmp_path, python):
    tree = project(tmp_path, DATA)
    (tree / "pkg/data/raw.bin").write_bytes(bytes(range(256)) * 300)
    (tree / "pkg/data/empty").write_bytes(b"")
    data = send(tree, "import pkg; obj = pkg")
    code = """
        import os
        assert os.path.isdir(obj.here()) and os.path.isfile(obj.__file__)
        assert obj.read("data/raw.bin") == bytes(range(256)) * 300
        result = [obj.read("data/" + n) for n in ("table.csv", "na\\xefve.txt", "empty")]
    """
    got = receive(data, code, python=python).result
    assert got == [b"a,b\n", "ünï\n".encode(), b""]


@pytest.mark.parametrize("python", interpreters())
def test_r13_tracebacks_have_lines(tmp_path, python):
    datas = [ship(tmp_path, version=n) for n in (1, 2)]
    code = """
        import traceback
        def failing(function):
            try:
                function()
            except Exception as error:
                frame = error.__traceback__.tb_next.tb_frame
                return traceback.format_exc(), frame.f_code.co_filename, frame.f_globals["__file__"]
        result = [failing(pkg.fail) for pkg in objs]  # the first one is superseded
        objs[1].value()
        result.append(failing(sys.modules["pkg.late"].fail))
    """
    got = receive(datas, code, python=python).result
    lines = ['raise ValueError("1")', 'raise ValueError("2")', 'raise KeyError("2")  # late']
    for line, (text, filename, file) in zip(lines, got):
        assert line in text
        assert filename == file
    assert re.search(r"File .*/pkg/__init__\.py., line 10, in fail", got[0][0])


def test_r13_getsource_whatever_the_encoding(tmp_path):
    tree = project(tmp_path, "=== pkg/__init__.py\n")
    text = "# -*- coding: latin-1 -*-\ndef f():\n    return 'é'\n"
    (tree / "pkg/latin.py").write_bytes(text.encode("latin-1"))
    (tree / "pkg/bom.py").write_bytes(b"\xef\xbb\xbf" + "def g(): return 'é'\r\n".encode())
    code = "import pkg.latin, pkg.bom; obj = pkg.latin.f, pkg.bom.g"
    got = receive(send(tree, code), "import inspect; result = [inspect.getsource(f) for f in obj]")
    assert got.result == ["def f():\n    return 'é'\n", "def g(): return 'é'\n"]
    assert receive(send(tree, code), "result = [f() for f in obj]").result == ["é", "é"]


@pytest.mark.parametrize("phase", PHASES)
def test_r13_extension_modules(tmp_path, phase):
    text = """
        === pkg/__init__.py
        VERSION = 0
        def f():
            from pkg import fast
            import pkg.fast
            assert pkg.fast is fast
            return fast.value(), fast.__name__, fast.__file__
    """
    datas = []
    for version in (1, 2):
        tree = project(tmp_path / str(version), text)
        target = tree / f"pkg/fast{sysconfig.get_config_var('EXT_SUFFIX')}"
        compile_extension(target, phase, version)
        datas.append(send(tree, "from pkg import f as obj"))
    code = """
        import os
        result = [f()[:2] for f in objs + objs]
        assert all(os.path.isfile(f()[2]) for f in objs)
    """
    got = receive(datas, code).result
    assert got == [(n, "pkg.fast") for n in (1, 2, 1, 2)]


def test_r13_modules_without_source(tmp_path):
    datas = []
    for version in (1, 2):
        tree = project(
            tmp_path / str(version),
            f"""
            === pkg/__init__.py
            def f():
                from pkg import secret
                return secret.g()
            === pkg/secret.py
            VALUE = {version}
            def g():
                from pkg.other import OTHER
                return VALUE, OTHER
            === pkg/other.py
            OTHER = {version}
            """,
        )
        py_compile.compile(str(tree / "pkg/secret.py"), cfile=str(tree / "pkg/secret.pyc"))
        (tree / "pkg/secret.py").unlink()
        datas.append(send(tree, "from pkg import f as obj"))
    assert receive(datas, "result = [f() for f in objs]").result == [(1, 1), (2, 2)]


def test_r13_unpacked_once_per_host(tmp_path):
    data = ship(tmp_path / "tree")
    cache = tmp_path / "cache"
    code = "result = obj.value(), obj.read('data/table.csv')"
    first = receive(data, code, cache=cache).result
    before = listing(cache)
    (table,) = [name for name in before if name.endswith("table.csv")]
    assert receive(data, code, cache=cache).result == first == (1, b"a,b\n")
    after = listing(cache)
    used = table.rpartition("/pkg/")[0]  # its time says when it was used last
    assert before.pop(used)[2] < after.pop(used)[2]
    assert after == before


def test_r13_the_cache_holds_no_leftovers(tmp_path):
    cache = tmp_path / "cache"
    receive(ship(tmp_path / "tree"), "obj.value()", cache=cache)
    names = [path.name for path in cache.rglob("*") if path.is_file()]
    known = {"__init__.py", "late.py", "table.csv", "naïve.txt"}
    assert known <= set(names)
    assert len(names) == len(known) + 3  # and the bytecode of two, and of the loader
    assert not [name for name in names if name.rpartition(".")[2].isdigit()]


def test_r13_the_cache_is_private(tmp_path):
    cache = tmp_path / "deep" / "cache"
    receive(ship(tmp_path / "tree"), "obj.value()", cache=cache)
    (ours,) = cache.iterdir()  # what stands beside it is nobody's business: it is swept
    assert ours.name == f"modulepickle-{os.getuid()}"
    assert ours.stat().st_mode & 0o777 == 0o700


def test_r13_the_default_cache_is_private(tmp_path):
    data = ship(tmp_path / "tree")
    code = """
        import os
        del os.environ["MODULEPICKLE_CACHE"]
        folder = load().here()
        result = str(folder), [os.stat(p).st_mode & 0o77 for p in list(folder.parents)[:2]][1]
    """
    folder, mode = receive(data, code, lazy=True, env={"TMPDIR": str(tmp_path)}).result
    assert folder.startswith(f"{tmp_path}/")
    assert mode == 0


def _open_to_others(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def _open_to_the_group(path: Path) -> None:
    path.mkdir()
    path.chmod(0o770)


def _a_link(path: Path) -> None:
    path.with_name("elsewhere").mkdir(mode=0o700)
    path.symlink_to("elsewhere")


def _of_somebody_else(path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can make a folder of another user's")
    path.mkdir(mode=0o700)
    os.chown(path, 12345, 12345)


def _a_file(path: Path) -> None:
    path.write_text("")


def _under_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("")


UNFIT = [
    _open_to_others,
    _open_to_the_group,
    _a_link,
    _of_somebody_else,
    _a_file,
    _under_a_file,
]
FROM_MEMORY = f"""
{LOG}
    import traceback
    pkg = load()
    result = [pkg.value(), load() is pkg, pkg.__file__]
    for fail in (pkg.fail, sys.modules["pkg.late"].fail):
        try:
            fail()
        except Exception:
            result.append(traceback.format_exc())
    import inspect, pkg.late as late
    result.append(inspect.getsource(late.fail))
    result.append(records)
"""


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("unfit", UNFIT, ids=lambda make: make.__name__.strip("_"))
def test_r13_an_unfit_cache_is_not_used(tmp_path, unfit, python):
    data = ship(tmp_path / "tree")
    cache = tmp_path / "inside" / "cache"
    cache.mkdir(parents=True)
    unfit(cache / f"modulepickle-{os.getuid()}")
    before = listing(tmp_path / "inside")
    got = receive(data, FROM_MEMORY, lazy=True, cache=cache, python=python).result
    late, same, file, text, late_text, source, records = got
    assert (late, same) == (1, True)
    assert not os.path.exists(file)
    assert 'raise ValueError("1")' in text
    assert 'raise KeyError("1")' in late_text
    assert source == 'def fail():\n    raise KeyError("1")  # late\n'
    assert [level for level, _ in records] == ["WARNING"]
    assert "everything runs from memory" in records[0][1]
    assert f"{cache}/modulepickle-" in records[0][1]
    assert listing(tmp_path / "inside") == before  # and nothing was written


def test_r14_a_warning_that_an_interrupt_ended_is_said_again(tmp_path):
    data = ship(tmp_path / "tree")
    (tmp_path / "file").write_text("")
    code = """
        import logging, pickle
        said = []
        class Once(logging.Handler):
            def emit(self, record):
                said.append(record.getMessage())
                if len(said) == 1:
                    raise KeyboardInterrupt
        logging.getLogger("modulepickle").addHandler(Once())
        result = []
        for _ in range(3):
            try:
                result.append(pickle.loads(datas[0]).value())
            except KeyboardInterrupt:
                result.append("interrupted")
        result.append(said)
    """
    got = receive(data, code, lazy=True, cache=tmp_path / "file")
    first, *values, said = got.result
    assert (first, values) == ("interrupted", [1, 1])
    assert "everything runs from memory" in said[0]
    assert said[1:] == said[:1]


def test_r13_two_versions_from_memory(tmp_path):
    datas = [ship(tmp_path / "tree", version=n) for n in (1, 2)]
    (tmp_path / "file").write_text("")
    code = """
        result = [pkg.value() for pkg in objs]
        import pkg.late
        result.append(pkg.late.VALUE)
    """
    got = receive(datas, code, cache=tmp_path / "file" / "cache").result
    assert got == [1, 2, 2]


# No file may grow: as on a full disk, a folder can be made, and nothing be written in it.
FULL_DISK = f"""
    import resource
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
{FROM_MEMORY}
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
"""


def test_r13_a_full_disk(tmp_path):
    data = ship(tmp_path / "tree")
    cache = tmp_path / "cache"
    got = receive(data, FULL_DISK, lazy=True, cache=cache).result
    assert got[:2] == [1, True]
    assert 'raise ValueError("1")' in got[3]
    assert [level for level, _ in got[-1]] == ["WARNING"]
    assert receive(data, "result = obj.value()", cache=cache).result == 1
    sizes = [path.stat().st_size for path in cache.rglob("*.py")]
    assert len(sizes) == 2
    assert all(sizes)


@pytest.mark.parametrize("python", interpreters())
def test_r13_a_disk_that_fills_up_while_a_file_is_written(tmp_path, python):
    # The importer's own `set_data` notices a short write on recent Pythons only.
    text = f"=== pkg.py\nTEXT = '{'x' * 5000}'"
    data = send(project(tmp_path / "tree", text), "import pkg; obj = pkg")
    code = """
        import resource
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        result = len(load(0).TEXT)
    """
    cache = tmp_path / "cache"
    got = receive(data, code, lazy=True, cache=cache, python=python)
    assert got.result == 5000
    assert [path for path in cache.rglob("*") if path.is_file()] == []


CHANGED = "raise RuntimeError('this file was changed')\n"


@pytest.mark.parametrize("how", ["longer", "same size", "same size and time", "empty"])
def test_r13_a_changed_file_is_never_imported(tmp_path, how):
    data = ship(tmp_path / "tree")
    cache = tmp_path / "cache"
    receive(data, "pass", cache=cache)
    for name in ("pkg/__init__.py", "pkg/late.py"):
        path = unpacked(cache, name)
        stat = path.stat()
        text = {"longer": CHANGED + path.read_text(), "empty": ""}.get(how)
        path.write_text(CHANGED[: stat.st_size].ljust(stat.st_size, "#") if text is None else text)
        if how.endswith("time"):
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert receive(data, "result = obj.value()", cache=cache).result == 1
    if not how.endswith("time"):
        assert CHANGED not in unpacked(cache, "pkg/late.py").read_text()
        assert unpacked(cache, "pkg/late.py").read_text().startswith("VALUE = 1")


def test_r13_a_file_changed_meanwhile_is_never_imported(tmp_path):
    code = f"""
        import os
        path = os.path.join(obj.here(), "late.py")
        with open(path, "w") as file:
            file.write({CHANGED!r})
        result = [obj.value()]
        import pkg.late
        result.append(pkg.late.VALUE)
    """
    assert receive(ship(tmp_path), code).result == [1, 1]


def test_r13_damaged_bytecode_is_never_imported(tmp_path):
    data = ship(tmp_path / "tree")
    cache = tmp_path / "cache"
    receive(data, "obj.value()", cache=cache)
    kept = [path for path in cache.glob("*/*") if path.is_file()]
    assert len(kept) == 3  # of the loader, too
    for damage in (b"", b"garbage", "half", "another's"):
        whole = {path: path.read_bytes() for path in kept}
        others = [*whole.values()][1:] + [*whole.values()][:1]
        for path, other in zip(kept, others):
            half = whole[path][:-9] + b"x" + whole[path][-8:]
            path.write_bytes({"half": half, "another's": other}.get(damage, damage))
        assert receive(data, "result = obj.value()", cache=cache).result == 1
        assert {path: path.read_bytes() for path in kept} == whole, "it is made anew"


def test_r13_the_loader_is_compiled_once_a_host(tmp_path):
    """What is kept of it is the code of this very text, and tracebacks show its lines."""
    data = ship(tmp_path / "tree")
    code = """
        import builtins, traceback
        compiled, native = [], compile
        def counted(text, name, *args, **kwargs):
            if str(name).startswith("<modulepickle>"):
                compiled.append(len(text))
            return native(text, name, *args, **kwargs)
        builtins.compile = counted
        obj = load()
        builtins.compile = native
        finder = sys._modulepickle_registry.finder
        names = [getattr(type(finder), each) for each in vars(type(finder))]
        function = next(each for each in names if hasattr(each, "__code__"))
        code = function.__code__
        source = function.__globals__["__loader__"].get_source(None).splitlines()
        result = len(compiled), source[code.co_firstlineno - 1].split("(")[0], function.__name__
    """
    cache = tmp_path / "cache"
    first, *line, name = receive(data, code, lazy=True, cache=cache).result
    second, *again, _ = receive(data, code, lazy=True, cache=cache).result
    assert (first, second) == (2, 1)  # its first page is compiled each time
    assert line == again == [f"    def {name}"]


@pytest.mark.parametrize("python", interpreters())
def test_r13_half_of_the_files_deleted(tmp_path, python):
    datas = [ship(tmp_path / "tree", version=n) for n in (1, 2)]
    cache = tmp_path / "cache"
    receive(datas, "pass", cache=cache, python=python)
    for path in sorted(path for path in cache.rglob("*") if path.is_file())[::2]:
        path.unlink()
    code = "result = [(p.value(), p.read('data/table.csv'), p.read('late.py')[:9]) for p in objs]"
    got = receive(datas, code, cache=cache, python=python).result
    assert got == [(n, b"a,b\n", b"VALUE = %d" % n) for n in (1, 2)]


@pytest.mark.parametrize("what", ["half", "the package", "all"])
def test_r13_files_deleted_while_the_process_runs(tmp_path, what):
    datas = [ship(tmp_path / "tree", version=n) for n in (1, 2)]
    code = f"""
        import os, shutil, traceback
        cache = os.environ["MODULEPICKLE_CACHE"]
        files = sorted(os.path.join(f, n) for f, _, ns in os.walk(cache) for n in ns)
        if {what!r} == "half":
            for path in files[::2]:
                os.unlink(path)
        elif {what!r} == "all":
            shutil.rmtree(cache)
        else:
            for pkg in objs:
                shutil.rmtree(pkg.here())
        result = [pkg.value() for pkg in objs]
        import pkg.late
        result.append(pkg.late.VALUE)
        result += [load(i).value() for i in (0, 1)]
    """
    assert receive(datas, code).result == [1, 2, 2, 1, 2]


MANY = "\n".join(f"    === pkg/m{i}.py\n    VALUE = {i}\n    def f(): return {i}" for i in range(9))
TREE = f"""
    === pkg/__init__.py
    from pkg import {", ".join(f"m{i}" for i in range(9))}
    def f():
        return m3.VALUE, m3.f.__code__.co_filename == m3.__file__, m4.f.__code__.co_filename
{MANY}
"""
COMPILED = """
    compiled = []
    def hook(event, args):
        if event == "compile" and str(args[1]).endswith(".py"):
            compiled.append(args[1].rpartition("/")[2])
    sys.addaudithook(hook)
    sys.dont_write_bytecode = {dont}
    f = load()
    result = sorted(compiled), f(), sys.modules["pkg.m4"].__file__
"""


@pytest.mark.parametrize("dont", [False, True], ids=["", "PYTHONDONTWRITEBYTECODE"])
@pytest.mark.parametrize("python", interpreters())
def test_r13_one_edit_compiles_one_file(tmp_path, python, dont):
    tree = project(tmp_path / "tree", TREE)
    one = send(tree, "from pkg import f as obj")
    (tree / "pkg/m3.py").write_text("VALUE = 'edited'\ndef f(): pass\n")
    two = send(tree, "from pkg import f as obj")
    code, cache = COMPILED.format(dont=dont), tmp_path / "cache"

    def load(data):
        return receive(data, code, cache=cache, lazy=True, python=python).result

    assert load(one)[0] == ["__init__.py", *(f"m{i}.py" for i in range(9))]
    assert load(one)[0] == []
    names, (value, own, filename), file = load(two)
    assert (names, value, own) == (["m3.py"], "edited", True)
    assert filename == file  # bytecode that another version left says this one's files
    assert not list(cache.rglob("__pycache__"))


def test_r13_a_damaged_archive_names_the_package(tmp_path):
    tree = project(tmp_path, "=== mypackage.py\ndef f(): return 1")
    data = bytearray(send(tree, "from mypackage import f as obj"))
    start = data.index(b"PK\3\4") + 45
    for at in (start, start + 3, data.index(b"PK\1\2") - 2):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        got = receive(bytes(damaged), "", expect_failure=True)
        error = got.stderr.strip().split("\n")[-1]
        assert re.match(r"(ImportError|.*UnpicklingError): .*mypackage", error), error


def test_r13_damage_leaves_nothing_behind(tmp_path):
    data = send(project(tmp_path, "=== mypackage.py\ndef f(): return 1"),
                "from mypackage import f as obj")  # fmt: skip
    damaged = bytearray(data)
    damaged[data.index(b"PK\3\4") + 45] ^= 0x10
    code = """
        try:
            load(0)
        except ImportError:
            result = load(1)()
    """
    assert receive([bytes(damaged), data], code, lazy=True).result == 1


def test_r13_debuggers_break_in_files(tmp_path):
    # A debugger compares the file it was given with a frame's, and reads lines by linecache.
    code = """
        import bdb, linecache
        class Debugger(bdb.Bdb):
            lines = []
            def user_line(self, frame):
                if self.break_here(frame):
                    self.lines.append(linecache.getline(frame.f_code.co_filename, frame.f_lineno))
        debugger = Debugger()
        assert debugger.set_break(obj.__file__, 10) is None
        try:
            debugger.runcall(obj.fail)
        except ValueError:
            result = debugger.lines
    """
    assert receive(ship(tmp_path), code).result == ['    raise ValueError("1")\n']


def test_r13_folders_on_the_path_hold_one_name(tmp_path):
    text = """
        === one/__init__.py
        import two, three
        def f(): return two.VALUE, three.VALUE
        === two.py
        VALUE = 2
        === three/__init__.py
        VALUE = 3
    """
    data = send(project(tmp_path, text), "from one import f as obj")
    code = """
        import os
        found = sorted(
            os.listdir(p) for p in sys.path if p.startswith(os.environ["MODULEPICKLE_CACHE"])
        )
        result = found, obj()
    """
    assert receive(data, code).result == ([["one"], ["three"], ["two.py"]], (2, 3))
