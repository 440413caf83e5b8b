"""What each `dumps` and `loads` does, counted: a regression is seen without a clock.

Opened files, looked-up paths, imports, compiled texts, deflated and hashed bytes, and calls of the
slow way of `reducer_override`. The times themselves are in `benchmarks`.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from receivers import interpreters, project, receive, run, send

MODULES = 20
PACKAGE = "\n".join(
    [
        "=== pkg/__init__.py\nfrom pkg import m0",
        "def f(): return m0.x\nclass C:\n    def __init__(self, x): self.x = x",
        *(f"=== pkg/m{n}.py\nimport os, json\nfrom pkg import m0\nx = {n}" for n in range(MODULES)),
        "=== pkg/sub/__init__.py\nfrom .. import m1\nfrom . import deep",
        "=== pkg/sub/deep/data.txt\n1, 2, 3",
    ]
)
FILES = MODULES + 3
FOLDERS = 3
IMPORTED = 2
"""Modules that are imported: of a process younger than their files, the bytecode is looked for."""

# Counts all of a process, from `watch()` on. What `os` and `zlib` do is counted by their functions,
# all else by the interpreter's own audit events.
COUNTING = """
    import collections, hashlib, os, pathlib, sys, time, zlib
    import modulepickle, pkg
    from modulepickle._snapshot import files as _files, listing as _walk
    from modulepickle._reduce import dispatch as _shipping
    home = os.path.realpath("pkg")
    library = os.path.dirname(modulepickle.__file__)
    counts = collections.Counter()
    watching = False
    def note(what, amount=1):
        if watching:
            counts[what] += amount
    def hook(event, args):
        if watching:
            if event == "open" and args[1] is not None:  # else it is `os.open` in an `open`
                inside = str(args[0]).startswith(home)
                note("opened" if inside else f"opened elsewhere: {args[0]}")
            elif event == "import" and "modulepickle" not in args[0]:
                note(event)  # of our own modules, the first dumps of something local imports some
            elif event == "compile" and not str(args[1]).startswith((library, "<string>")):
                note(event)
    sys.addaudithook(hook)
    def counted(name, module, function):
        def call(*args, **kwargs):
            path = os.path.abspath(args[0]) if args else "."
            note(f"{name} inside" if path.startswith(home) else f"{name} elsewhere")
            return function(*args, **kwargs)
        setattr(module, name, call)
    for name in ("stat", "lstat", "scandir", "listdir"):
        counted(name, os, getattr(os, name))
    class Deflate:
        def __init__(self, *args):
            self.packer = compressobj(*args)
        def compress(self, data):
            note("deflated", len(data))
            return self.packer.compress(data)
        def flush(self):
            return self.packer.flush()
    compressobj, zlib.compressobj = zlib.compressobj, Deflate
    slow = _shipping.Dispatcher.reducer_override
    def reducer_override(self, obj):
        note("slow way")
        return slow(self, obj)
    _shipping.Dispatcher.reducer_override = modulepickle.Pickler.reducer_override = reducer_override
    def dumps(obj):
        global watching
        counts.clear()
        watching = True
        data = modulepickle.dumps(obj)
        watching = False
        return data
    def settle():
        # Until no file or folder is one that just changed.
        os.utime(".", (1_700_000_000, 1_700_000_000))
        began = time.time_ns()
        while time.time_ns() < began + 2 * _walk.TICK_NS:
            modulepickle.dumps(pkg)
    def size():
        return sum(each.stat().st_size for each in pathlib.Path(home).rglob("*.[pt][yx]*")
                   if each.is_file() and "__pycache__" not in each.parts)
"""


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """What is counted in the first `dumps` of a process, in a warm one, and after an edit."""
    tree = project(tmp_path_factory.mktemp("counts"), PACKAGE)
    code = """
        dumps(pkg.f)
        result = {"cold": dict(counts), "size": size(), "entries": len(sys.path) + 3}
        for name, number in {"few": 10, "many": 10_000}.items():
            dumps([pkg.C(each) for each in range(number)])
            result[name] = {"slow way": counts["slow way"]}
        settle()
        dumps(pkg.f)
        result["warm"] = dict(counts)
        pathlib.Path("pkg/m7.py").write_text("import os, json, re\\nx = 7")
        dumps(pkg.f)
        result["edit"] = dict(counts)
        settle()
        pathlib.Path("pkg/sub/new.txt").write_text("new")
        dumps(pkg.f)
        result["new file"] = dict(counts)
    """
    return run(tree, textwrap.dedent(COUNTING) + textwrap.dedent(code)).result


def own(found):
    """Leave out what is not the package's, but the numbers of look-ups and of the slow way."""
    return {what: number for what, number in found.items() if "elsewhere" not in what}


def test_the_first_dumps_reads_each_file_once_and_parses_none(counts):
    cold = own(counts["cold"])
    assert cold["opened"] == FILES
    assert cold["deflated"] == counts["size"]
    assert cold["scandir inside"] == FOLDERS
    # The folders before they are read, and where the package stands; files by `os.scandir`.
    assert cold["stat inside"] <= 2 * FOLDERS + IMPORTED
    assert cold.get("import", 0) <= 5
    assert cold.get("compile", 0) <= 3
    assert cold["slow way"] <= 5  # the first objects of their types in this process


def test_a_warm_dumps_stats_each_file_and_folder_once_and_does_nothing_else(counts):
    assert own(counts["warm"]) == {"stat inside": FILES + FOLDERS}
    others = {what: number for what, number in counts["warm"].items() if "elsewhere" in what}
    assert set(others) == {"stat elsewhere"}
    assert others["stat elsewhere"] <= counts["entries"]


def test_after_an_edit_one_file_is_read_and_packed(counts):
    text = len("import os, json, re\nx = 7")
    expected = {"opened": 1, "deflated": text, "stat inside": FILES + FOLDERS}
    assert own(counts["edit"]) == expected
    assert not [what for what in counts["edit"] if what.startswith("opened elsewhere")]


def test_a_new_file_is_found_by_one_walk(counts):
    found = own(counts["new file"])
    assert (found["opened"], found["deflated"], found["scandir inside"]) == (1, len("new"), FOLDERS)
    assert found["stat inside"] == FILES + FOLDERS + FOLDERS
    assert "compile" not in found
    assert "import" not in found


def test_of_many_instances_only_the_first_of_its_type_takes_the_slow_way(counts):
    assert counts["many"] == counts["few"]
    assert counts["many"]["slow way"] <= 10


names_known = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="3.9 does not tell the names of the standard library"
)

MANY = """
    === many/__init__.py
    from many.functions import *
    class Usual:
        def __init__(self, n):
            self.n = n
    class Ordinary:  # one without a state may be a sentinel
        pass
    class Odd:
        def __reduce__(self):
            return Odd, ()
    === many/functions.py
"""


@pytest.mark.parametrize(
    ("made", "calls"),
    [
        ("many.Usual(n)", 1),
        ("many.Ordinary()", 2),
        ("many.Odd()", 3),
        ('getattr(many, f"f{n}")', 3),
    ],
)
def test_one_object_more_of_a_known_type_takes_few_calls(tmp_path, made, calls):
    functions = "\n".join(f"def f{n}(): return {n}" for n in range(1000))
    code = f"""
        import sys, time
        import modulepickle, many
        from modulepickle._snapshot import stale as _stale
        _stale.BEGAN_NS = time.time_ns()  # else the file, which is new, is compared
        def calls(number):
            objects, seen = [{made} for n in range(number)], []
            def see(frame, event, arg):
                if event == "call" and frame.f_globals["__name__"].startswith("modulepickle."):
                    seen.append(frame.f_code.co_name)
            sys.setprofile(see)
            modulepickle.dumps(objects)
            sys.setprofile(None)
            return len(seen)
        calls(10)  # cold
        result = calls(1000) - calls(10)
    """
    tree = project(tmp_path, f"{textwrap.dedent(MANY)}{functions}")
    # What does not depend on the number is not always the same: a folder was just changed, or not.
    assert round(run(tree, code).result / 990) == calls


@names_known
@pytest.mark.parametrize(
    ("function", "most"),
    [
        ("lambda x: x + 1", 120),
        ("(lambda n: lambda x: math.sqrt(x) + n)(2)", 205),
        ("lambda: socket", 160),  # a module with hundreds of names
    ],
)
def test_a_warm_dumps_of_code_takes_few_calls(tmp_path, function, most):
    code = f"""
        import math, socket, sys
        import modulepickle
        function, seen = {function}, []
        def see(frame, event, arg):
            if event == "call" and frame.f_globals["__name__"].startswith("modulepickle."):
                seen.append(frame.f_code.co_name)
        modulepickle.dumps(function)
        sys.setprofile(see)
        modulepickle.dumps(function)
        sys.setprofile(None)
        result = len(seen)
    """
    assert run(tmp_path, code).result <= most


@names_known
def test_what_names_the_standard_library_alone_looks_at_no_folder(tmp_path):
    code = """
        import argparse, datetime, math, os, pickle
        from modulepickle._reduce import dispatch as _shipping
        from modulepickle import dumps
        _shipping.Shipment = None
        objects = [len, os.path.join, argparse.Namespace(x=1), datetime.date(1, 1, 1), os.stat(".")]
        assert dumps(objects) == pickle.dumps(objects)
        dumps(lambda x: x + 1)
        dumps((lambda n: lambda x: math.sqrt(x) + n)(2))
    """
    run(tmp_path, code)


# --- loads ----------------------------------------------------------------------------------------


def test_a_warm_loads_opens_imports_and_compiles_nothing(tmp_path):
    tree = project(tmp_path, PACKAGE)
    data = send(tree, "from pkg import f as obj")
    code = """
        import collections, pickle, sys
        seen, watching = collections.Counter(), False
        def hook(event, args):
            if watching:
                seen[event] += 1
        again = pickle.loads(datas[0])
        sys.addaudithook(hook)
        watching = True
        same = pickle.loads(datas[0]) is again
        watching = False
        result = same, dict(seen)
    """
    same, seen = receive(data, code).result
    assert same
    # Each global of the pickle is looked up, and stage 0 is run, which was compiled before.
    assert seen.keys() <= {"pickle.find_class", "exec"}
    assert seen["pickle.find_class"] <= 3
    assert seen.get("exec", 0) <= 1


@pytest.mark.parametrize("python", interpreters())
def test_the_loads_of_a_small_package_loads_no_openssl(tmp_path, python):
    data = send(project(tmp_path, PACKAGE), "from pkg import C as obj")
    (tmp_path / "data").write_bytes(data)
    code = """if True:
        import sys, pickle
        with open(sys.argv[1], "rb") as file:
            pickle.load(file)
        sys.exit("hashlib" in sys.modules)
    """
    done = subprocess.run([python, "-I", "-S", "-c", code, tmp_path / "data"], check=False)
    assert done.returncode == 0


def test_many_packages_make_a_receiver_look_for_nothing_twice(tmp_path):
    names = [f"package{number}" for number in range(12)]
    files = [f"=== {name}.py\nX = {number}" for number, name in enumerate(names)]
    tree = project(
        tmp_path, "\n".join([*files, f"=== all.py\nimport {', '.join(names)}\ndef f(): pass"])
    )
    data = send(tree, "from all import f as obj")
    code = """
        import collections, pickle, sys
        counts = collections.Counter()
        sys.modules.pop("hashlib", None)  # as where nobody needs it
        sys.addaudithook(lambda event, args: event == "import" and counts.update([args[0]]))
        obj = pickle.loads(datas[0])
        result = counts.most_common(1), obj.__module__
    """
    (most,), module = receive(data, textwrap.dedent(code), lazy=True).result
    # A compiled module is looked for, and then loaded, by its name.
    assert most[1] <= 2, most
    assert module == "all"


CALLS = """
    calls = 0
    def count(frame, event, arg):
        global calls
        calls += event != "return"
    sys.setprofile(count)
    WORK
    sys.setprofile(None)
"""


@pytest.fixture(scope="module")
def of_packages(tmp_path_factory):
    """For few local packages and for many: calls of a `dumps`, and of a `loads`."""
    found = []
    for many in (75, 300):
        folder = tmp_path_factory.mktemp(f"packages{many}")
        names = [f"package{number}" for number in range(many)]
        files = [f"=== {each}/__init__.py\nX = 1\n=== {each}/m.py\nY = 2" for each in names]
        imports = "\n".join(f"import {name}.m" for name in names)
        total = " + ".join(f"{name}.m.Y" for name in names)
        tree = project(
            folder, "\n".join([*files, f"=== all.py\n{imports}\ndef f():\n    return {total}"])
        )
        work = textwrap.dedent(CALLS)
        code = f"import sys, modulepickle\nfrom all import f\n{work}result = calls, data"
        dumped, data = run(tree, code.replace("WORK", "data = modulepickle.dumps(f)")).result
        code = f"import pickle, sys\n{work}result = calls, obj()"
        code = code.replace("WORK", "obj = pickle.loads(datas[0])")
        loaded, right = receive([data], code, lazy=True).result
        assert right == 2 * many
        found.append((dumped, loaded))
    return found


@pytest.mark.parametrize("which", [0, 1], ids=["dumps", "loads"])
def test_four_times_the_packages_take_about_four_times_the_calls(of_packages, which):
    few, many = (calls[which] for calls in of_packages)
    assert many < 5.5 * few
