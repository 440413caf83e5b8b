"""Which files a local package has, and how they are read."""

from __future__ import annotations

import os
import sys

import pytest

from modulepickle import PackagingError, Policy, Reason
from modulepickle._local.finder import LocalPackage
from modulepickle._snapshot import files as _files
from modulepickle._snapshot import listing as _walk
from modulepickle._snapshot.files import read
from modulepickle._snapshot.listing import Vanished, listing
from receivers import project, receive, run, send


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working tree: the current folder."""
    folder = tmp_path / "tree"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def package(tree, text=""):
    return unit(project(tree, f"=== pkg/__init__.py\n{text}") / "pkg")


def unit(*folders):
    return LocalPackage(folders[0].name, tuple(map(str, folders)), True)


def found(unit, policy=None):
    """Names of the files, and problems as (reason, path relative to the package)."""
    problems = []
    files = listing(unit, policy or Policy(), problems)
    return [file.name for file in files], [
        (problem.reason, os.path.relpath(problem.subject, unit.paths[0])) for problem in problems
    ]


def names(unit, *ignore):
    got, problems = found(unit, Policy(ignore=ignore))
    assert problems == []
    return [name.removeprefix("pkg/") for name in got]


# --- what is in a package -------------------------------------------------------------------------


def test_names_are_sorted_posix_paths_below_the_module_s_name(tree):
    text = "=== pkg/b/c.py\n=== pkg/b.py\n=== pkg/B/z.txt\n=== pkg/a-data/x.csv\n=== pkg/Ünï.txt"
    got, problems = found(package(tree, text))
    assert problems == []
    assert got == sorted(got)
    names = ["B/z.txt", "__init__.py", "a-data/x.csv", "b.py", "b/c.py", "Ünï.txt"]
    assert got == [f"pkg/{name}" for name in names]


def test_hidden_names_and_caches_stay_at_home(tree):
    text = """
=== pkg/.env
=== pkg/.git/config
=== pkg/sub/.hidden.py
=== pkg/sub/__init__.py
=== pkg/sub/__pycache__/x.cpython-311.pyc
=== pkg/sub/x.py
"""
    assert names(package(tree, text)) == ["__init__.py", "sub/__init__.py", "sub/x.py"]


def test_bytecode_travels_only_without_its_source(tree):
    text = "=== pkg/a.py\n=== pkg/a.pyc\n=== pkg/a.pyo\n=== pkg/only.pyc"
    assert names(package(tree, text)) == ["__init__.py", "a.py", "only.pyc"]


def test_data_files_and_extension_modules_travel(tree):
    files = ["_fast.cpython-311-x86_64-linux-gnu.so", "py.typed", "d/t.csv", "README"]
    text = "\n".join(f"=== pkg/{file}" for file in files)
    assert len(names(package(tree, text))) == 5


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("*.ckpt", ["__init__.py", "data/b.txt", "data/deep/c.txt"]),
        ("data", ["__init__.py", "a.ckpt"]),
        ("data/", ["__init__.py", "a.ckpt"]),
        ("data/*", ["__init__.py", "a.ckpt"]),
        ("data/deep", ["__init__.py", "a.ckpt", "data/b.ckpt", "data/b.txt"]),
        ("a.ckpt", ["__init__.py", "data/b.ckpt", "data/b.txt", "data/deep/c.txt"]),
        ("*", []),
    ],
)
def test_ignored_patterns(tree, ignore, left):
    text = "=== pkg/a.ckpt\n=== pkg/data/b.ckpt\n=== pkg/data/b.txt\n=== pkg/data/deep/c.txt"
    assert names(package(tree, text), ignore) == left


def test_an_ignored_folder_is_not_looked_into(tree):
    made = package(tree)
    (tree / "pkg/data").mkdir()
    (tree / "pkg/data/away").symlink_to("/usr")
    assert names(made, "data") == ["__init__.py"]


def test_of_several_folders_the_first_wins(tree):
    project(tree, "=== one/pkg/a.py\none\n=== two/pkg/a.py\ntwo\n=== two/pkg/b.py\n")
    made = unit(tree / "one/pkg", tree / "two/pkg")
    files = listing(made, Policy(), [])
    assert [file.name for file in files] == ["pkg/a.py", "pkg/b.py"]
    assert files[0].path == str(tree / "one/pkg/a.py")


@pytest.mark.parametrize(
    ("name", "file", "member"),
    [
        ("alone", "alone.py", "alone.py"),
        ("space.alone", "alone.py", "space/alone.py"),
        ("fast", "fast.cpython-311-x86_64-linux-gnu.so", "fast.cpython-311-x86_64-linux-gnu.so"),
        ("fast", "fast.abi3.so", "fast.abi3.so"),
        ("mapped", "other.py", "mapped.py"),
        ("mapped", "odd.name.py", "mapped.py"),
        ("only", "only.pyc", "only.pyc"),
    ],
)
def test_a_single_file_is_named_by_its_module(tree, name, file, member):
    project(tree, f"=== {file}\n")
    assert found(LocalPackage(name, (str(tree / file),), False)) == ([member], [])


def test_modules_are_laid_out_by_name_and_not_by_folder(tmp_path):
    # As an editable install with `package_dir = {"pkg": "source/code"}` has it.
    tree = project(
        tmp_path,
        """
        === source/code/__init__.py
        from pkg.inner import f
        === source/code/inner.py
        def f(): return __name__
        """,
    )
    code = """
        import importlib.machinery, importlib.util, sys
        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name == "pkg":
                    return importlib.util.spec_from_file_location(name, "source/code/__init__.py")
        sys.meta_path.append(Finder)
        from pkg import f as obj
    """
    assert receive(send(tree, code), "result = obj()", absent=["pkg"]).result == "pkg.inner"


@pytest.mark.parametrize("layout", ["src/", "", "lib/python/"])
def test_src_layout(tmp_path, layout):
    tree = project(tmp_path, f"=== {layout}pkg/__init__.py\ndef f(): return __file__\n")
    code = f"import sys; sys.path.insert(0, {str(tree / layout)!r})\nfrom pkg import f as obj"
    path = receive(send(tree, code), "result = obj()", absent=["pkg"]).result
    assert path.endswith("/pkg/__init__.py")
    assert "src" not in path.split("/")
    assert "lib" not in path.split("/")


def test_the_local_portion_of_a_namespace(tmp_path):
    tree = project(
        tmp_path,
        """
        === tree/corp/mine/__init__.py
        from corp.theirs import x
        def f(): return x
        === site-packages/corp/theirs.py
        x = "theirs"
        """,
    )
    site = f"import sys; sys.path.append({str(tmp_path / 'site-packages')!r})"
    data = send(tree / "tree", f"{site}\nfrom corp.mine import f as obj")
    assert b"corp/mine/__init__.py" in data
    assert b"theirs.py" not in data
    got = receive(data, f"{site}\nresult = load()()", absent=["corp.mine"], lazy=True)
    assert got.result == "theirs"


# --- links ----------------------------------------------------------------------------------------


def test_links_inside_the_tree_are_followed(tree):
    made = package(tree, "=== pkg/a.py\nx = 1\n=== shared/data/t.csv\n1,2\n")
    (tree / "pkg/b.py").symlink_to("a.py")
    (tree / "pkg/data").symlink_to(tree / "shared/data")
    assert names(made) == ["__init__.py", "a.py", "b.py", "data/t.csv"]
    files = read(listing(made, Policy(), []), [])
    assert files["pkg/b.py"].content() == files["pkg/a.py"].content() == b"x = 1\n"


def test_a_package_that_is_itself_a_link(tree, tmp_path):
    package(tree, "=== pkg/a.py\n")
    (tree / "alias").symlink_to("pkg")
    assert found(unit(tree / "alias"))[0] == ["alias/__init__.py", "alias/a.py"]


@pytest.mark.parametrize(
    ("link", "target", "reason"),
    [
        ("away", "/usr/lib", Reason.LINK_LEAVES_TREE),
        ("away.py", "/etc/hostname", Reason.LINK_LEAVES_TREE),
        ("round", ".", Reason.LINK_CYCLE),
        ("round", "..", Reason.LINK_CYCLE),
        ("self", "self", Reason.UNREADABLE),
        ("broken", "nothing-here", Reason.UNREADABLE),
        ("broken", "/nothing-here", Reason.LINK_LEAVES_TREE),
    ],
)
def test_links_that_cannot_travel_are_problems(tree, link, target, reason):
    made = package(tree)
    (tree / "pkg" / link).symlink_to(target)
    assert found(made) == (["pkg/__init__.py"], [(reason, link)])


def test_two_links_that_lead_to_each_other(tree):
    made = package(tree, "=== pkg/a/x.py\n=== pkg/b/y.py\n")
    (tree / "pkg/a/b").symlink_to("../b")
    (tree / "pkg/b/a").symlink_to("../a")
    _, problems = found(made)
    assert {reason for reason, _ in problems} == {Reason.LINK_CYCLE}


def test_what_an_editor_leaves_does_not_matter(tree):
    made = package(tree)
    (tree / "pkg/.#lock.py").symlink_to("user@host.1234")
    assert names(made) == ["__init__.py"]


# --- what cannot travel ---------------------------------------------------------------------------


def test_names_that_differ_in_case_only(tree):
    made = package(tree, "=== pkg/Table.csv\n1\n=== pkg/table.csv\n2\n")
    problems = []
    listing(made, Policy(), problems)
    assert [problem.reason for problem in problems] == [Reason.NAMES_CLASH]
    assert {problems[0].subject, problems[0].detail} == {"pkg/table.csv", "and pkg/Table.csv"}
    assert names(made, "table.csv") == ["Table.csv", "__init__.py"]


def test_names_that_are_no_names_elsewhere(tree):
    made = package(tree)
    (tree / "pkg" / "back\\slash.txt").write_text("")
    (tree / "pkg" / os.fsdecode(b"latin-\xff.txt")).write_text("")
    reasons = [reason for reason, _ in found(made)[1]]
    assert reasons == [Reason.BAD_NAME] * 2


def test_special_files(tree):
    made = package(tree)
    os.mkfifo(tree / "pkg/pipe")
    assert found(made)[1] == [(Reason.SPECIAL_FILE, "pipe")]
    assert names(made, "pipe") == ["__init__.py"]


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() == 0, reason="root may read everything"
)
def test_files_and_folders_that_may_not_be_read(tree):
    made = package(tree, "=== pkg/a.py\n=== pkg/closed/b.py\n")
    (tree / "pkg/a.py").chmod(0)
    (tree / "pkg/closed").chmod(0)
    problems = []
    read(listing(made, Policy(), problems), problems)
    (tree / "pkg/closed").chmod(0o700)
    assert [problem.reason for problem in problems] == [Reason.UNREADABLE] * 2


def refuse(monkeypatch, error):
    """Let `open` fail for files whose name begins with `bad`."""

    def refusing(path, *args, **options):
        if os.path.basename(path).startswith("bad"):
            raise error
        return open(path, *args, **options)

    monkeypatch.setattr(_files, "open", refusing, raising=False)


def test_all_files_that_cannot_be_read_are_named(tree, monkeypatch):
    made = package(tree, "=== pkg/bad1.py\n=== pkg/bad2.bin\n=== pkg/good.py\n")
    refuse(monkeypatch, PermissionError(13, "Permission denied"))
    problems = []
    files = read(listing(made, Policy(), problems), problems)
    assert list(files) == ["pkg/__init__.py", "pkg/good.py"]
    assert [os.path.basename(problem.subject) for problem in problems] == ["bad1.py", "bad2.bin"]
    assert {problem.detail for problem in problems} == {"Permission denied"}


def test_a_file_that_is_gone_when_it_is_read(tree):
    made = package(tree, "=== pkg/a.py\n")
    files = listing(made, Policy(), [])
    (tree / "pkg/a.py").unlink()
    with pytest.raises(Vanished, match=r"a\.py"):
        read(files, [])


def test_a_folder_that_is_gone(tree):
    problems = []
    assert listing(unit(tree / "pkg"), Policy(), problems) == ()
    assert [problem.reason for problem in problems] == [Reason.UNREADABLE]


def test_a_file_that_does_not_stop_changing(tree, monkeypatch):
    made = package(tree, "=== pkg/log.txt\n")
    path = str(tree / "pkg/log.txt")

    def appending(name, *args, **options):
        with open(path, "a") as log:
            log.write("more\n")
        return open(name, *args, **options)

    files = listing(made, Policy(), [])
    sizes = iter(range(100))
    monkeypatch.setattr(_files, "key_of", lambda info: (next(sizes), 0, 0, 0, 0o100644))
    monkeypatch.setattr(_files, "open", appending, raising=False)
    problems = []
    read(files[1:], problems)
    assert [problem.reason for problem in problems] == [Reason.CHANGING]


# --- reading --------------------------------------------------------------------------------------


def test_imports_of_odd_files_do_not_stop_anything(tmp_path):
    tree = project(tmp_path, "=== pkg/__init__.py\ndef f(): return 1\n=== other.py\nx = 1\n")
    (tree / "pkg/syntax.py").write_text("def (:\n")
    (tree / "pkg/nul.py").write_bytes(b"import os\0\n")
    (tree / "pkg/bytes.py").write_bytes(b"import os # \xff\xfe\n")
    (tree / "pkg/codec.py").write_bytes(b"# coding: no-such-codec\nimport os\n")
    latin = "# coding: latin-1\nimport other; é = 'é'\n"
    (tree / "pkg/latin.py").write_bytes(latin.encode("latin-1"))
    data = send(tree, "from pkg import f as obj")
    assert b"other.py" in data
    code = """
        import pkg.latin
        result = obj(), pkg.latin.é, pkg.latin.other.x
    """
    assert receive(data, code, absent=["pkg", "other"]).result == (1, "é", 1)


def test_contents_come_back(tree):
    made = package(tree, "=== pkg/text.txt\n" + "text " * 1000)
    (tree / "pkg/random.bin").write_bytes(os.urandom(1000))
    (tree / "pkg/empty.bin").write_bytes(b"")
    for found_file in listing(made, Policy(), []):
        (file,) = read([found_file], []).values()
        with open(found_file.path, "rb") as stream:
            assert file.content() == stream.read()
        assert len(file.packed) <= file.size + 5  # of a deflated block that is as it was


def test_a_known_file_is_not_read_again_and_a_changed_one_is(tree):
    made = package(tree, "=== pkg/a.py\nx = 1\n")
    files = listing(made, Policy(), [])
    old = [file._replace(key=(file.key[0], 1, 1, file.key[3])) for file in files]
    for file in old:  # as if they had been read long ago
        _files._files[file.path] = _files.File(file.name, file.key, False, b"what was read")
    assert {file.content() for file in read(old, []).values()} == {b"what was read"}
    assert read(files, [])["pkg/a.py"].content() == b"x = 1\n"


@pytest.mark.parametrize(
    ("mtime", "ctime", "read_at", "racy"),
    [
        (10**18 + 1, 10**18 + 1, 10**18 + 2, True),
        (10**18 + 1, 10**18 + 1, 10**18 + 10**9, False),
        (10**18 + 1, 10**18 + 10**9 - 1, 10**18 + 10**9, True),
        (10**18, 10**18, 10**18 + 10**9, True),  # whole seconds: a coarse clock
        (10**18, 10**18, 10**18 + 3 * 10**9, False),
        (10**18 + 10**17, 10**18, 10**18, True),  # from the future
    ],
)
def test_a_file_that_may_change_within_the_tick_is_racy(mtime, ctime, read_at, racy):
    assert _walk.is_racy((5, mtime, ctime, 7, 0), read_at) is racy


def test_what_is_gone_is_forgotten(tmp_path):
    tree = project(tmp_path, "=== pkg/__init__.py\n")
    code = """
        import modulepickle, os, pathlib, pkg
        from modulepickle._snapshot import files as _files
        for n in range(50):
            pathlib.Path(f"pkg/{n}.txt").write_text("x")
            modulepickle.dumps(pkg)
            os.remove(f"pkg/{n}.txt")
        modulepickle.dumps(pkg)
        result = [os.path.basename(path) for path in _files._files]
    """
    assert run(tree, code).result == ["__init__.py"]


def test_the_errors_of_a_package_are_one_packaging_error(tmp_path):
    tree = project(tmp_path, "=== pkg/__init__.py\n")
    (tree / "pkg/away").symlink_to("/usr")
    code = """
        import modulepickle, pkg
        try:
            modulepickle.dumps(pkg)
        except modulepickle.PackagingError as error:
            result = error, type(error) is modulepickle.PackagingError
    """
    error, exact = run(tree, code).result
    assert isinstance(error, PackagingError)
    assert exact
    assert sys.platform == "win32" or "leads to /usr" in str(error)
