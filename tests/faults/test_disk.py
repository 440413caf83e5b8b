"""R13: disks that are full, read-only or cleaned, and files of every number, depth and name."""

from __future__ import annotations

import ast
import os
import re
import shlex
from pathlib import Path

import pytest

from mishaps import CHILD, on_small_disk, with_options
from receivers import interpreters, project, receive, run, send

COUNT = 30
TEXT = """
    === pkg/__init__.py
    import os
    def read(name):
        with open(os.path.join(os.path.dirname(__file__), name)) as file:
            return file.read()
    def f():
        total = 0
        for i in range(COUNT):
            module = __import__(f"pkg.m{i}", fromlist=["VALUE"])
            total += module.VALUE
        return total
    === pkg/data.txt
    1,2
"""


def many(folder: Path) -> bytes:
    """The pickle of a package of 30 modules, of up to 9 kB."""
    tree = project(folder, TEXT.replace("COUNT", str(COUNT)))
    for i in range(COUNT):
        (tree / f"pkg/m{i}.py").write_text(f"VALUE = {i}\nTEXT = '{'x' * 300 * i}'\n")
    return send(tree, "from pkg import f as obj")


# -- Full disks -----------------------------------------------------------------------------------

# What is free on the disk, in pages or files, goes from none to more than all the package needs.
# Each time the cache begins empty; what is left in it must be whole.
FULL = f"""
{CHILD}
    import shutil
    disk = os.path.dirname(CACHE)
    def free():
        found = os.statvfs(disk)
        return found.f_bavail if FILLED == "space" else found.f_favail
    def fill(left):
        if FILLED == "space":
            with open(disk + "/ballast", "wb") as ballast:
                ballast.write(bytes((free() - left) * os.statvfs(disk).f_bsize))
        else:
            for i in range(free() - left):
                os.mkdir(f"{{disk}}/{{i}}")
    def empty():
        for name in os.listdir(disk):
            path = os.path.join(disk, name)
            os.unlink(path) if os.path.isfile(path) else shutil.rmtree(path)
    def loaded():
        return load()(), list(records)
    def unpacked():
        "All files but bytecode, in which the path differs where there is no real one."
        found = files(CACHE) if os.path.exists(CACHE) else {{}}
        return {{name: found[name] for name in found if name not in bytecode(found)}}
    empty()
    before = free()
    good = child(loaded), unpacked()
    needed = before - free()
    result = needed, good, []
    for left in [*range(0, 12), *range(12, needed + 12, 5)]:
        empty()
        fill(left)
        full = child(loaded)
        partly = unpacked()
        for name in os.listdir(disk):
            path = os.path.join(disk, name)
            if path != CACHE:
                os.unlink(path) if os.path.isfile(path) else os.rmdir(path)
        again = child(loaded)
        whole = unpacked()
        shorter = sorted(name for name in partly if good[1].get(name) != partly[name])
        result[2].append((left, full, shorter, again, whole == good[1]))
"""


@pytest.mark.faults
@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("filled", ["space", "inodes"])
def test_r13_a_disk_with_ever_less_free(tmp_path, filled, python):
    data = many(tmp_path / "tree")
    disk = tmp_path / "disk"
    python = on_small_disk(tmp_path, disk, "size=2m,nr_inodes=150", python=python)
    code = f"    FILLED = {filled!r}\n{FULL}"
    needed, good, tries = receive(data, code, lazy=True, python=python, cache=disk / "cache").result
    right = sum(range(COUNT))
    assert good[0] == ("value", (right, []))
    assert len(good[1]) == 2 + COUNT
    assert needed > COUNT
    warned = 0
    for left, full, shorter, again, whole in tries:
        assert full[:1] + full[1][:1] == ("value", right), (left, full)
        levels = [level for level, _ in full[1][1]]
        assert levels in ([], ["WARNING"]), (left, full)
        warned += len(levels)
        assert shorter == [], left
        assert again == ("value", (right, [])), (left, again)  # as soon as there is room
        assert whole, left
    assert tries[-1][1][1][1] == []  # enough was free at last
    assert warned > 5


# -- Nowhere to write ------------------------------------------------------------------------------

THREE = """
    === one/__init__.py
    import two, three.sub
    def f():
        from one import late
        return late.VALUE, two.VALUE, three.sub.VALUE
    === one/late.py
    VALUE = 1
    === two.py
    VALUE = 2
    === three/__init__.py
    === three/sub.py
    VALUE = 3
"""
# There is nowhere to write a result, either: it is printed.
NOWHERE = f"""
{CHILD}
    for name in UNSET:
        os.environ.pop(name, None)
    f = load()
    print([f(), records, sys.modules["one"].__file__])
"""
# What is made read-only, seen from a mount of its own, and how the loader finds no folder then.
READ_ONLY = "mount -o remount,bind,ro {disk} && mount -o remount,bind,ro /"


@pytest.mark.parametrize("home", [True, False], ids=["", "no home"])
def test_r13_nowhere_to_write(tmp_path, home):
    # Of files that were unpacked on this machine before, it could use those.
    tree = project(tmp_path / "tree", f"{THREE}    === one/new.txt\n    {tmp_path}\n")
    data = send(tree, "from one import f as obj")
    disk = tmp_path / "disk"
    then = READ_ONLY.format(disk=shlex.quote(str(disk)))
    python = on_small_disk(tmp_path, disk, "size=64k", then)
    unset = ["MODULEPICKLE_CACHE", *([] if home else ["HOME"])]
    env = {"TMPDIR": str(disk), "HOME": str(disk)}
    got = receive(data, f"    UNSET = {unset}\n{NOWHERE}", lazy=True, python=python, env=env)
    value, records, file = ast.literal_eval(got.stdout)
    assert value == (1, 2, 3)
    assert not os.path.exists(file)
    # One warning for all, and nothing else.
    assert [level for level, _ in records] == ["WARNING"]
    assert "no files are unpacked, and everything runs from memory" in records[0][1]
    assert got.stderr == ""


def test_r13_no_home_and_no_name(tmp_path):
    # A user that no list of users knows, as in many containers.
    data = send(project(tmp_path / "tree", THREE), "from one import f as obj")
    code = f"    UNSET = ['MODULEPICKLE_CACHE', 'HOME', 'USER', 'LOGNAME']\n{NOWHERE}"
    got = receive(data, code, lazy=True, env={"TMPDIR": str(tmp_path)})
    value, records, file = ast.literal_eval(got.stdout)
    assert (value, records) == ((1, 2, 3), [])
    assert file.startswith(f"{tmp_path}/")


# -- Files that are cleaned away -------------------------------------------------------------------

CLEANED = f"""
{CHILD}
    import shutil
    f = load()
    package = sys.modules["pkg"]
    first = package.read("data.txt")
    names = sorted(files(CACHE))
    for name in names[START::2]:
        os.unlink(os.path.join(CACHE, name))
    for where, _, _ in os.walk(CACHE, topdown=False):
        if not os.listdir(where):
            os.rmdir(where)
    try:
        second = package.read("data.txt")
    except FileNotFoundError:  # what is read by its name, must be there
        second = "gone"
    result = [f(), first, second, any(name.endswith("data.txt") for name in names[START::2])]
"""
FRESH = """
    f = load()
    result = f(), sys.modules["pkg"].read("data.txt")
"""


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("start", [0, 1])
def test_r13_cleaned_while_the_process_runs(tmp_path, start, python):
    data = many(tmp_path / "tree")
    cache = tmp_path / "cache"
    code = CLEANED.replace("START", str(start))
    got = receive(data, code, lazy=True, cache=cache, python=python).result
    right = sum(range(COUNT))
    assert got[:2] == [right, "1,2\n"]
    assert got[2:] in (["gone", True], ["1,2\n", False])
    fresh = receive(data, FRESH, lazy=True, cache=cache, python=python).result
    assert fresh == (right, "1,2\n")


# -- Modes -----------------------------------------------------------------------------------------

MODES = """
    import os
    os.umask(0)
    result = load()()
"""


def test_r13_no_umask(tmp_path):
    data = send(project(tmp_path / "tree", THREE), "from one import f as obj")
    (tmp_path / "top").mkdir(0o700)
    cache = tmp_path / "top" / "deep" / "er" / "cache"
    assert receive(data, MODES, lazy=True, cache=cache).result == (1, 2, 3)
    (closed,) = cache.iterdir()  # in which all is, and which nobody else can enter
    assert closed.stat().st_mode & 0o777 == 0o700
    assert (
        len([path for path in closed.rglob("*") if path.is_file()]) == 5 + 5 + 1
    )  # and bytecode, also of the loader


# -- Many files, deep folders, odd names -----------------------------------------------------------


@pytest.mark.faults
def test_r13_two_thousand_files(tmp_path):
    tree = project(tmp_path / "tree", "=== pkg/__init__.py\ndef f(): return __file__\n")
    for i in range(2_000):
        name, text = (f"m{i}.py", f"VALUE = {i}\n") if i % 2 else (f"d{i % 40}/{i}.txt", f"{i}")
        (tree / "pkg" / name).parent.mkdir(exist_ok=True)
        (tree / "pkg" / name).write_text(text)
    data = send(tree, "from pkg import f as obj")
    code = f"""
{CHILD}
    def loaded():
        folder = os.path.dirname(load()())
        import pkg.m1, pkg.m1999
        found = files(folder)
        right = [name for i in range(2_000) for name, text in [
            (f"m{{i}}.py", f"VALUE = {{i}}\\n") if i % 2 else (f"d{{i % 40}}/{{i}}.txt", f"{{i}}")]
            if found.get(name) == text.encode()]
        return len(found), len(right), pkg.m1.VALUE, pkg.m1999.VALUE
    result = child(loaded), child(loaded)
    """
    got = receive(data, code, lazy=True).result
    assert got == (("value", (2_001, 2_000, 1, 1999)),) * 2


def test_r13_deep_folders(tmp_path):
    names = [f"level{i}" for i in range(40)]
    lines = [f"=== {'/'.join(['pkg', *names[:i]])}/__init__.py\n" for i in range(41)]
    tree = project(tmp_path / "tree", "".join(lines))
    deepest = tree.joinpath("pkg", *names)
    (deepest / "end.py").write_text("from ...level38 import level39\nVALUE = level39.__name__\n")
    (tree / "pkg/__init__.py").write_text(
        f"def f():\n    from pkg.{'.'.join(names)}.end import VALUE, __file__\n"
        "    return VALUE, __file__\n"
    )
    data_folder = tree.joinpath("pkg", "data", *names)  # with no file on the way there
    data_folder.mkdir(parents=True)
    (data_folder / "t.txt").write_text("deep")
    data = send(tree, "from pkg import f as obj")
    code = f"""
        import os
        top = os.path.dirname(sys.modules["pkg"].__file__)
        with open(os.path.join(top, "data", *{names}, "t.txt")) as file:
            assert file.read() == "deep"
        result = obj()
    """
    name, file = receive(data, code).result
    assert name == f"pkg.{'.'.join(names)}"
    assert file.endswith(f"/pkg/{'/'.join(names)}/end.py")


def test_r13_a_path_too_long_for_the_receivers_disk(tmp_path):
    # It could be written where the sender stands, and cannot where the receiver's cache is.
    tree = project(
        tmp_path / "t", "=== pkg/__init__.py\ndef f():\n    from pkg import m\n    return m.V"
    )
    (tree / "pkg/m.py").write_text("V = 1\n")
    deep = str(tree / "pkg") + f"/{'d' * 150}" * 5  # more than 900 characters are refused here
    os.makedirs(deep)
    Path(deep, "data.txt").write_text("deep")
    data = send(tree, "from pkg import f as obj")
    cache = tmp_path
    while len(str(cache)) < 3_400:  # with what is in the package, more than the 4,096 of Linux
        cache /= "c" * 200
    code = f"""
{CHILD}
    result = load()(), records
    """
    value, records = receive(data, code, lazy=True, cache=cache).result
    assert value == 1
    assert [level for level, _ in records] == ["WARNING"]


ODD = [
    "with space.txt",
    " leading and trailing ",
    "naïve-日本語-🐍.txt",
    "e\u0301 and \u00e9",  # the first is two code points
    "x" * 200,
    "é" * 120,  # 240 bytes; a disk takes 255
    "y" * 255,
    "semi;colon&amp'\"$(x)`",
    "new\nline",
    "percent%s%d{}",
    "a.py.123",
]
"""Names of data files."""
READ_ODD = f"""
{CHILD}
    f, names = load(), NAMES
    result = [f(name) for name in names], records, sorted(os.listdir(f("")))
"""


@pytest.mark.parametrize("python", interpreters())
def test_r13_odd_names(tmp_path, python):
    long = "m" * 200
    text = f"""
    === pkg/__init__.py
    import os
    def f(name):
        where = os.path.dirname(__file__)
        if not name:
            return where
        with open(os.path.join(where, name), encoding="utf-8") as file:
            return file.read()
    from pkg import ünï_mödül, {long}
    assert ünï_mödül.VALUE == {long}.VALUE == 1
    === pkg/ünï_mödül.py
    VALUE = 1
    === pkg/{long}.py
    VALUE = 1
    """
    tree = project(tmp_path / "tree", text)
    for name in ODD:
        (tree / "pkg" / name).write_bytes(name.encode())
    data = send(tree, "from pkg import f as obj")
    code = f"    NAMES = {ODD!r}\n{READ_ODD}"
    cache = tmp_path / "cache with späce"
    read, records, listed = receive(data, code, lazy=True, python=python, cache=cache).result
    assert read == ODD
    assert records == []
    assert listed == sorted(["__init__.py", "ünï_mödül.py", f"{long}.py", *ODD])


def test_r13_names_that_the_receivers_disk_cannot_have(tmp_path):
    # Its names are ASCII there, as with an old locale: from memory then, as on any unfit disk.
    tree = project(
        tmp_path / "tree", "=== pkg/__init__.py\ndef f():\n    from pkg import m\n    return m.V"
    )
    (tree / "pkg/m.py").write_text("V = 1\n")
    (tree / "pkg/日本語.txt").write_text("text")
    data = send(tree, "from pkg import f as obj")
    python = with_options(tmp_path, "-X utf8=0")
    code = f"""
{CHILD}
    assert sys.getfilesystemencoding() != "utf-8"
    result = load()(), records
    """
    env = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    value, records = receive(data, code, lazy=True, python=python, env=env).result
    assert value == 1
    assert [level for level, _ in records] == ["WARNING"]


# -- What the sender refuses, or follows -----------------------------------------------------------

DUMPS = """
    import modulepickle, pkg
    try:
        modulepickle.dumps(pkg)
    except modulepickle.PackagingError as error:
        result = str(error)
"""


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Table.csv", "table.csv"),
        ("sub/Straße.txt", "sub/STRASSE.txt"),
        ("data", "Data/x.txt"),
        ("sub/data/x.txt", "sub/Data"),
    ],
)
def test_r15_names_that_clash_on_a_disk_that_ignores_case(tmp_path, one, two):
    tree = project(tmp_path, f"=== pkg/__init__.py\n=== pkg/{one}\n1\n=== pkg/{two}\n2\n")
    error = run(tree, DUMPS).result
    assert "one name on a disk that ignores case" in error
    assert all(f"pkg/{name}" in error for name in (one, two))
    assert "rename one" in error
    ignored = next(name for name in (one, two) if f'ignore=("{name}",)' in error)
    policy = f"modulepickle.dumps(obj, policy=modulepickle.Policy(ignore=({ignored!r},)))"
    data = send(tree, "import pkg; obj = pkg", dumps=policy)  # what it says to type works
    kept = {one, two} - {ignored}
    code = """
        import os
        top = os.path.dirname(obj.__file__)
        result = {os.path.relpath(os.path.join(w, n), top) for w, _, ns in os.walk(top) for n in ns}
    """
    assert receive(data, code).result == {"__init__.py", *kept}


def test_r13_links_become_files(tmp_path):
    tree = project(
        tmp_path / "tree",
        "=== pkg/__init__.py\nfrom pkg import alias\n=== pkg/real.py\nV = 1\n=== shared/t.csv\n1,2",
    )
    (tree / "pkg/alias.py").symlink_to("real.py")
    (tree / "pkg/data").symlink_to("../shared")
    (tree / "pkg/twice").symlink_to("../shared")
    data = send(tree, "import pkg; obj = pkg")
    code = """
        import os
        top = os.path.dirname(obj.__file__)
        paths = [os.path.join(w, n) for w, ds, ns in os.walk(top) for n in ds + ns]
        links = [path for path in paths if os.path.islink(path)]
        result = sorted(os.path.relpath(path, top) for path in paths), links
        assert obj.alias.V == 1
    """
    names, links = receive(data, code).result
    assert names == [
        "__init__.py", "alias.py", "data", "data/t.csv", "real.py", "twice", "twice/t.csv",
    ]  # fmt: skip
    assert links == []


@pytest.mark.parametrize("link", ["/etc", "../../outside", ".", "..", "sub/../../pkg"])
def test_r15_links_that_leave_the_tree_or_lead_back(tmp_path, link):
    tree = project(tmp_path / "tree", "=== pkg/__init__.py\n=== pkg/sub/x.py\n=== pyproject.toml")
    (tmp_path / "outside").mkdir()
    (tree / "pkg/link").symlink_to(link)
    error = run(tree, DUMPS).result
    assert re.search("symbolic link leads (out of|back)", error)
    assert str(tree / "pkg/link") in error
    assert 'Policy(ignore=("link",))' in error
