"""The user's own distribution: its version and entry points go with its packages (R17)."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
import zipfile

import pytest

import modulepickle
from modulepickle import Policy
from modulepickle._local.finder import find_local_package
from modulepickle._snapshot.metadata import targets
from modulepickle._snapshot.snapshot import snapshot
from receivers import SOURCE, interpreters, project, receive, run, send
from test_watch import settle

METADATA = """
    Metadata-Version: 2.1
    Name: My.Dist
    Version: 1.2.3
    Summary: A thing
    Requires-Dist: six>=1.10
    Requires-Dist: tomli; extra == "more"
    Provides-Extra: more

    # My dist

    A long story.
"""
POINTS = """
    [console_scripts]
    mycommand = elsewhere.cli:main

    [my.plugins]
    one = plug:one
    # two = nothing:two
"""
CODE = """
    from importlib import metadata
    __version__ = metadata.version("my-dist")
    def points():
        found = metadata.entry_points()
        group = "my.plugins"
        # Python 3.9 lists them once for each package that carries them, which is under Limits.
        select = getattr(found, "select", lambda group: dict.fromkeys(found[group]))
        found = select(group=group)
        return [(each.name, each.value, each.load()()) for each in found]
    def f():
        about = metadata.metadata("my-dist")
        headers = [(name, about[name]) for name in about if name != "Description"]
        return __version__, headers, metadata.requires("my-dist"), points()
"""
FILES = f"""
    === pkg/__init__.py{CODE}
    === plug.py
    def one():
        return 1
"""
ASK = "import pkg\nobj = pkg.f"


def indented(path, text):
    lines = "".join(f"    {line.strip()}\n" for line in text.strip().splitlines())
    return f"    === {path}\n{lines}"


def info(kind, path="", metadata=METADATA, points=POINTS, more=""):
    """A project's description of a folder of metadata, as `dist-info` or `egg-info`."""
    name, file = {
        "dist-info": ("My_Dist-1.2.3.dist-info", "METADATA"),
        "egg-info": ("My_Dist.egg-info", "PKG-INFO"),
    }[kind]
    found = indented(f"{path}{name}/{file}", metadata)
    found += indented(f"{path}{name}/entry_points.txt", points) if points else ""
    return found + "".join(indented(f"{path}{name}/{each}", more[each]) for each in more or ())


def native(tree, code=ASK):
    return run(tree, f"{code}\nresult = obj()").result


def shipped(data, python=sys.executable):
    return receive(data, "result = obj()", absent=["pkg", "plug"], python=python).result


def members(data, name="pkg"):
    """Path -> content of what is not in the folder of a package, of its archive in a pickle."""
    import pickletools

    for _, value, _ in pickletools.genops(data):
        if isinstance(value, bytes) and value.startswith(b"PK\3\4"):
            archive = zipfile.ZipFile(io.BytesIO(value))
            names = archive.namelist()
            if any(each.startswith((f"{name}/", f"{name}.")) for each in names):
                return {
                    each: archive.read(each).decode()
                    for each in names
                    if not each.startswith((f"{name}/", f"{name}."))
                }
    raise AssertionError(f"no {name} in the pickle")


# --- hand-made ------------------------------------------------------------------------------------


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("kind", ["dist-info", "egg-info"])
def test_r17_the_answers_are_those_of_the_sender(tmp_path, kind, python):
    tree = project(tmp_path, FILES + info(kind))
    want = native(tree)
    assert want[0] == "1.2.3"
    assert len(want[2]) == 2
    assert want[3] == [("one", "plug:one", 1)]
    assert shipped(send(tree, ASK), python) == want


def test_r17_the_metadata_is_headers_and_entry_points_alone(tmp_path):
    more = {"top_level.txt": "pkg", "SOURCES.txt": "pkg/__init__.py", "not-zip-safe": ""}
    tree = project(tmp_path, FILES + info("egg-info", more=more))
    found = members(send(tree, ASK))
    home = "My_Dist-1.2.3.dist-info"
    assert sorted(found) == [f"{home}/METADATA", f"{home}/entry_points.txt"]
    assert "long story" not in found[f"{home}/METADATA"]
    assert found[f"{home}/METADATA"].splitlines()[1:3] == ["Name: My.Dist", "Version: 1.2.3"]


OLD = """
    Metadata-Version: 1.2
    Name: my-dist
    Version: 1.2.3
    Description: A long
            story.
            It ends.
    Platform: UNKNOWN
"""
REQUIRES = """
    six>=1.10
    other@ https://example.org/other.zip

    [:sys_platform == "win32"]
    colorama

    [more]
    tomli

    [more:python_version < "3"]
    futures
"""


def test_r17_requires_txt_of_old_setuptools(tmp_path):
    tree = project(tmp_path, FILES + info("egg-info"))
    (tree / "My_Dist.egg-info/PKG-INFO").write_text(
        textwrap.dedent(OLD).lstrip().replace("ends.", "ends.\n    \n  So.")
    )
    (tree / "My_Dist.egg-info/requires.txt").write_text(textwrap.dedent(REQUIRES).lstrip())
    want = native(tree)
    assert len(want[2]) == 5
    data = send(tree, ASK)
    assert "story" not in members(data)["my_dist-1.2.3.dist-info/METADATA"]
    got = shipped(data)
    assert (got[0], got[2], got[3]) == (want[0], want[2], want[3])


def test_r17_egg_info_that_is_one_file(tmp_path):
    one_more = "    def g():\n        return __version__\n    def f():"
    tree = project(tmp_path, FILES.replace("    def f():", one_more))
    (tree / "my_dist-1.2.3-py3.11.egg-info").write_text("Name: my-dist\nVersion: 1.2.3\n")
    code = "import pkg\nobj = pkg.g"
    assert shipped(send(tree, code)) == native(tree, code) == "1.2.3"


def test_r17_each_package_of_a_distribution_carries_it(tmp_path):
    text = (
        "=== {}.py\nfrom importlib import metadata\ndef f(): return metadata.version('my-dist')\n"
    )
    tree = project(tmp_path, text.format("one") + text.format("sub/two") + "=== sub/__init__.py\n")
    project(tmp_path, info("dist-info"))
    for code in ("import one\nobj = one.f", "import sub.two\nobj = sub.two.f"):
        assert shipped(send(tree, code)) == "1.2.3"


def test_r17_what_entry_points_name_is_required(tmp_path):
    tree = project(tmp_path, FILES + info("egg-info"))
    (tree / "elsewhere").mkdir()
    (tree / "elsewhere/cli.py").write_text("")
    report = modulepickle.inspect(send(tree, ASK))
    assert sorted(each["name"] for each in report.snapshots) == ["pkg", "plug"]  # no command


def test_r09_entry_points_are_no_requirement_of_code_that_asks_for_none(tmp_path):
    text = (
        "=== one.py\nfrom importlib import metadata\ndef f(): return metadata.version('my-dist')\n"
    )
    tree = project(tmp_path, FILES + info("egg-info"))
    project(tree, text)
    data = send(tree, "import one\nobj = one.f")
    assert [each["name"] for each in modulepickle.inspect(data).snapshots] == ["one"]
    assert shipped(data) == "1.2.3"


def test_r17_entry_points_as_they_are_written():
    text = b"""
# comment = no:no
[console_scripts]
run = no.cli:main
[a.group]
x=mod.sub:obj.attr [extra1, extra2]
y = mod
; z = no
= no
bad = 1no:x
also = .no:x
[ gui_scripts ]
g = no:x
[b]
x = mod.sub : obj
w = \xc3\xbc
"""
    assert targets(text) == ("mod.sub", "mod")


def test_r17_other_distributions_stay_at_home(tmp_path):
    """As of a folder of unpacked wheels: each package has its own metadata alone."""
    tree = project(tmp_path, "=== a/__init__.py\n=== b.py\n=== c.py\n")
    for name, files in (("Dist_A", "a/__init__.py"), ("dist_b", "b.py")):
        project(
            tree,
            f"""
            === {name}-2.dist-info/METADATA
            Name: {name}
            Version: 2

            === {name}-2.dist-info/RECORD
            {files},,
            {name}-2.dist-info/METADATA,,
        """,
        )
    data = send(tree, "import a, b, c\nobj = a, b, c")
    assert [*members(data, "a")] == ["Dist_A-2.dist-info/METADATA"]
    assert [*members(data, "b")] == ["dist_b-2.dist-info/METADATA"]
    assert [*members(data, "c")] == []


def test_r17_an_installed_package_that_is_included_has_its_metadata(tmp_path):
    tree = project(tmp_path / "tree", "=== main.txt\n")
    project(
        tmp_path / "site-packages", FILES + info("dist-info", more={"top_level.txt": "pkg plug"})
    )
    data = send(
        tree,
        ASK,
        dumps="modulepickle.dumps(obj, policy=modulepickle.Policy(include=('pkg', 'plug')))",
        env={"PYTHONPATH": os.pathsep.join([str(tmp_path / "site-packages"), str(SOURCE)])},
    )
    assert shipped(data)[0] == "1.2.3"


def test_r17_two_versions_read_each_their_own(tmp_path):
    tree = project(tmp_path, FILES + info("egg-info"))
    one = send(tree, ASK)
    path = tree / "My_Dist.egg-info/PKG-INFO"
    path.write_text(path.read_text().replace("1.2.3", "1.3"))
    two = send(tree, ASK)
    code = "import sys\nresult = [obj()[0] for obj in objs]"
    assert receive([one, two], code, absent=["pkg"]).result == ["1.2.3", "1.3"]


LISTED = """
    === pkg.py
    from importlib import metadata
    def f():
        mine = [each for each in metadata.distributions() if each.metadata["Name"] == "My.Dist"]
        return sorted({each.version for each in mine})
"""


@pytest.mark.parametrize("python", interpreters())
def test_r17_each_of_two_versions_lists_its_own_distribution(tmp_path, python):
    tree = project(tmp_path, LISTED + info("egg-info"))
    one = send(tree, ASK)
    path = tree / "My_Dist.egg-info/PKG-INFO"
    path.write_text(path.read_text().replace("1.2.3", "1.3"))
    two = send(tree, ASK)
    for order in (one, two), (two, one):
        found = receive(order, "result = [obj() for obj in objs]", python=python).result
        assert sorted(found) == [["1.2.3"], ["1.3"]]


# --- freshness and sameness -----------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working tree with a package and its metadata, settled: current folder and `sys.path`."""
    tree = project(tmp_path / "tree", FILES + info("egg-info"))
    monkeypatch.chdir(tree)
    monkeypatch.syspath_prepend(str(tree))
    settle(tree)
    return tree


def made():
    package = find_local_package("pkg", Policy())
    assert package is not None
    return snapshot(package, Policy())


CHANGES = {
    "version": lambda folder: _edit(folder / "PKG-INFO", "1.2.3", "1.2.4"),
    "entry points": lambda folder: _edit(folder / "entry_points.txt", "one =", "uno ="),
    "no entry points": lambda folder: (folder / "entry_points.txt").unlink(),
    "requires": lambda folder: _edit(folder / "PKG-INFO", "six>=1.10", "six>=1.11"),
    "requires.txt": lambda folder: _old(folder),
    "another file": lambda folder: os.replace(_copy(folder), folder / "PKG-INFO"),
    "gone": lambda folder: _remove(folder),
}


def _edit(path, old, new):
    path.write_text(path.read_text().replace(old, new))


def _old(folder):
    text = (folder / "PKG-INFO").read_text()
    lines = [line for line in text.splitlines() if "Requires-Dist" not in line]
    (folder / "PKG-INFO").write_text("\n".join(lines))
    (folder / "requires.txt").write_text("six\n")


def _copy(folder):
    path = folder.parent / "other"
    path.write_text((folder / "PKG-INFO").read_text().replace("1.2.3", "2.0"))
    return path


def _remove(folder):
    for path in [*folder.iterdir()]:
        path.unlink()
    folder.rmdir()


@pytest.mark.parametrize("what", CHANGES)
def test_r05_each_change_of_the_metadata_is_seen(here, what):
    before = made()
    settle(here)
    assert made().archive == before.archive
    CHANGES[what](here / "My_Dist.egg-info")
    after = made()
    assert after.content != before.content
    assert made().archive == after.archive


def test_r05_requires_txt_alone_is_seen(here):
    _old(here / "My_Dist.egg-info")
    settle(here)
    before = made()
    settle(here)
    made()
    (here / "My_Dist.egg-info/requires.txt").write_text("six>2\n")
    assert made().content != before.content


def test_r05_metadata_that_appears_is_seen(here):
    _remove(here / "My_Dist.egg-info")
    settle(here)
    before = made()
    assert not any("info" in path for path in before.files)
    project(here, info("dist-info"))
    assert "My_Dist-1.2.3.dist-info/METADATA" in made().files


def test_r04_the_bytes_are_the_same_in_each_checkout(tmp_path):
    text = FILES + info("egg-info")
    trees = [project(tmp_path / name, text) for name in ("a", "b/c")]
    one, other = (send(tree, ASK, hash_seed=seed) for seed, tree in enumerate(trees))
    assert one == other


def test_r10_a_process_with_the_same_metadata_keeps_its_own(tmp_path):
    tree = project(tmp_path, FILES + info("egg-info"))
    data = send(tree, ASK)
    (tree / "data.pickle").write_bytes(data)
    code = """
        import modulepickle, pickle, pkg, sys
        obj = pickle.load(open("data.pickle", "rb"))
        result = obj is pkg.f
    """
    settle(tree)
    assert run(tree, code, fresh=True).result is True


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", ["PKG-INFO", "entry_points.txt", "top_level.txt", "requires.txt"])
def test_r15_nobody_waits_for_a_pipe_among_the_metadata(here, name):
    path = here / "My_Dist.egg-info" / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    if name == "requires.txt":
        _edit(here / "My_Dist.egg-info/PKG-INFO", "Requires-Dist", "X-No")
    assert made().files.keys() >= {"pkg/__init__.py"}


def test_r15_metadata_beyond_reason_stays_at_home(here):
    with open(here / "My_Dist.egg-info/PKG-INFO", "ab") as file:
        file.truncate(2**33)
    assert [*made().files] == ["pkg/__init__.py"]


# --- real editable installs -----------------------------------------------------------------------

BACKENDS = {
    "setuptools": (
        "setuptools>=70",
        "setuptools.build_meta",
        '[tool.setuptools.packages.find]\nwhere = ["{where}."]\ninclude = ["pkg*", "plug*"]\n',
    ),
    "hatchling": (
        "hatchling",
        "hatchling.build",
        '[tool.hatch.build.targets.wheel]\npackages = ["{where}pkg", "{where}plug"]\n',
    ),
    "flit": ("flit_core>=3.9", "flit_core.buildapi", '[tool.flit.module]\nname = "pkg"\n'),
    "poetry": (
        "poetry-core>=2",
        "poetry.core.masonry.api",
        '[tool.poetry]\npackages = [{{include = "pkg"{come}}}, {{include = "plug"{come}}}]\n',
    ),
}
PYPROJECT = """\
[build-system]
requires = ["{requires}"]
build-backend = "{backend}"
[project]
name = "my-dist"
version = "1.2.3"
description = "A thing"
readme = "README.md"
dependencies = ["colorama; sys_platform == 'win32'"]
[project.optional-dependencies]
more = ["tomli"]
[project.entry-points."my.plugins"]
one = "plug:one"
{more}"""


@pytest.fixture(scope="module")
def venv(tmp_path_factory):
    """A new environment with pip; its Python."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=100)
    return str(folder / "bin/python")


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["flat", "src"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_r17_editable_installs(tmp_path, venv, backend, layout):
    requires, build, more = BACKENDS[backend]
    where, come = ("src/", ', from = "src"') if layout == "src" else ("", "")
    more = more.format(where=where, come=come)
    tree = project(tmp_path / "tree", "=== README.md\n# My dist\n")
    code = project(tree / where, FILES.replace("plug.py", "plug/__init__.py"))
    assert (code / "pkg").is_dir()
    text = PYPROJECT.format(requires=requires, backend=build, more=more)
    (tree / "pyproject.toml").write_text(text)
    pip = [venv, "-m", "pip", "--disable-pip-version-check", "-q"]
    if backend == "flit":  # it takes one module: the other one stands in it
        os.rename(code / "plug", code / "pkg/plug")
        _edit(tree / "pyproject.toml", '"plug:one"', '"pkg.plug:one"')
    subprocess.run([*pip, "install", "-e", str(tree)], check=True, timeout=100)
    try:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        want = native_of(venv, elsewhere)
        assert want[0] == "1.2.3"
        assert want[3][0][2] == 1
        code = f"{ASK}\nimport modulepickle\nresult = modulepickle.dumps(obj)"
        data = run(elsewhere, code, python=venv, fresh=True).result  # `.pth` is read at a start
        got = receive(data, "result = obj()", absent=["pkg", "plug"]).result
        assert json.dumps(got) == json.dumps(want)
    finally:
        subprocess.run([*pip, "uninstall", "-y", "my-dist"], check=True, timeout=100)


def native_of(python, folder):
    return run(folder, f"{ASK}\nresult = obj()", python=python, fresh=True).result
