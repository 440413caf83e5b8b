"""What receivers must have installed: `requirements`, its command, and `inspect --check`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import modulepickle
from modulepickle._report.markers import parsed
from modulepickle._report.requirements import lines
from receivers import SITE, interpreters, project, receive, run, send

# A folder of installed distributions: module, metadata and list of files of each.
INSTALLED = """
    === alpha/__init__.py
    class Thing: pass
    === Alpha_Dist-1.0+local.1.dist-info/METADATA
    Name: Alpha-Dist
    Version: 1.0+local.1
    Requires-Dist: gamma>=1
    Requires-Dist: delta[fast]; python_version >= "3.0"
    Requires-Dist: never; python_version < "3.0"
    Requires-Dist: absent
    Requires-Dist: extra-only; extra == "more"

    === Alpha_Dist-1.0+local.1.dist-info/RECORD
    alpha/__init__.py,,
    === beta.py
    x = 1
    === beta-2.dist-info/METADATA
    Name: beta
    Version: 2

    === beta-2.dist-info/RECORD
    beta.py,,
    === gamma.py
    === gamma-3.dist-info/METADATA
    Name: gamma
    Version: 3
    Requires-Dist: alpha_dist

    === gamma-3.dist-info/RECORD
    gamma.py,,
    === delta.py
    === delta-4.dist-info/METADATA
    Name: Delta
    Version: 4
    Requires-Dist: epsilon; extra == "fast"
    Requires-Dist: zeta; extra == "slow"

    === epsilon-5.dist-info/METADATA
    Name: epsilon
    Version: 5

    === zeta-6.dist-info/METADATA
    Name: zeta
    Version: 6

    === extra_only-7.dist-info/METADATA
    Name: extra-only
    Version: 7

    === never-8.dist-info/METADATA
    Name: never
    Version: 8

    === space/one/__init__.py
    === space/deep/two/__init__.py
    === space/deep/three.py
    === space_one-1.dist-info/METADATA
    Name: space-one
    Version: 1

    === space_one-1.dist-info/RECORD
    space/one/__init__.py,,
    === space_two-2.dist-info/METADATA
    Name: space-two
    Version: 2

    === space_two-2.dist-info/RECORD
    space/deep/two/__init__.py,,
    === space_three-3.dist-info/METADATA
    Name: space-three
    Version: 3

    === space_three-3.dist-info/RECORD
    space/deep/three.py,,
"""
TREE = """
    === app.py
    import beta, json
    def f():
        import alpha
        return alpha.Thing()
    === spaced.py
    from space.deep import two
    def f():
        import space.one, space.deep.three
    === by_name.py
    import gamma
"""


@pytest.fixture
def tree(tmp_path):
    project(tmp_path / "site-packages", INSTALLED)
    return project(tmp_path / "tree", TREE)


def env(tree):
    site = tree.parent / "site-packages"
    return {"PYTHONPATH": os.pathsep.join([str(SITE), str(site)])}


def result(tree, code):
    return run(tree, f"import modulepickle\n{code}", env=env(tree)).result


def command(tree, *arguments, data=b""):
    done = subprocess.run(
        [sys.executable, "-m", "modulepickle", *map(str, arguments)],
        cwd=tree,
        env={**os.environ, **env(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        input=data,
        capture_output=True,
        timeout=100,
    )
    return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode()


DIRECT = ["Alpha-Dist==1.0+local.1", "beta==2"]
ALL = [*DIRECT[:1], "Delta==4", "beta==2", "epsilon==5", "gamma==3"]


def test_the_direct_requirements_are_lines_that_pip_takes(tree):
    code = "import app\nresult = modulepickle.requirements(app.f)"
    assert result(tree, code) == DIRECT == sorted(DIRECT)


def test_all_has_what_those_need_in_turn(tree):
    code = "import app\nresult = modulepickle.requirements(app.f, all=True)"
    assert result(tree, code) == ALL


def test_what_the_object_itself_names_counts(tree):
    code = """
import alpha, by_name, gamma
def f():
    import beta
    return gamma
result = modulepickle.requirements([alpha.Thing(), f])
"""
    assert result(tree, code) == [*DIRECT, "gamma==3"]


def test_each_part_of_a_namespace_has_its_own_distribution(tree):
    code = """
import spaced
def g():
    from space.deep import three
    import space.one
result = modulepickle.requirements(spaced.f), modulepickle.requirements(g)
"""
    own, script = result(tree, code)
    assert own == ["space-one==1", "space-three==3", "space-two==2"]
    assert script == ["space-one==1", "space-three==3"]


def test_parts_of_a_namespace_are_named_in_the_pickle(tree):
    report = modulepickle.inspect(send(tree, "import spaced as obj", env=env(tree)))
    (snapshot,) = report.snapshots
    assert snapshot["distributions"] == {
        "space.deep.three": "space-three 3",
        "space.deep.two": "space-two 2",
        "space.one": "space-one 1",
    }


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("here", [False, True])
@pytest.mark.parametrize(
    "statement",
    ["import space.one", "from space import one", "import space.one.deep", "load('space.one')"],
)
def test_r15_what_the_sender_had_of_a_part_of_a_namespace(tree, statement, here, beside):
    """Also where the receiver has another part of it, and where the tree has one itself."""
    project(tree, "=== space/ours.py\nx = 1\n")
    (tree / "spaced.py").write_text(
        f"from importlib import import_module as load\n{'import space.ours' if beside else ''}\n"
        f"def f():\n    {statement}\ndef g():\n    import space.one\n"
    )
    data = send(tree, "import spaced\nobj = spaced.f", env=env(tree))
    there = project(tree / "there", f"=== {'space/theirs' if here else 'nothing'}.py\n")
    ask = f"""
        import sys
        sys.path.append({str(there)!r})
        try:
            load()()
        except ImportError as error:
            result = str(error)
    """
    got = receive(data, ask, absent=["spaced"], lazy=True).result
    assert got.startswith(("No module named 'space", "cannot import name 'one' from 'space' ("))
    assert got.endswith(" imports it; the sender had space-one 1; missing here: space-one==1)")


def test_nothing_is_required_of_what_needs_nothing(tree):
    (tree / "plain.py").write_text("import os\ndef f(): return os\n")
    assert result(tree, "import plain\nresult = modulepickle.requirements(plain.f)") == []
    assert modulepickle.requirements({"a": 1}) == []


def test_this_library_is_required_where_it_goes_by_name_only(tree):
    code = """
def f():
    import modulepickle
result = modulepickle.requirements(f), modulepickle.requirements(modulepickle.Policy())
"""
    assert result(tree, code) == ([], [f"modulepickle=={modulepickle.__version__}"])


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("a 1!2.0rc1.post2.dev3+local.1", "a==1!2.0rc1.post2.dev3+local.1"),
        ("a v1.0-1", "a==v1.0-1"),
        ("a 2004d-old", "a"),
        ("a None", "a"),
        ("a ", "a"),
        ("My Tools 1.0", "My-Tools==1.0"),
        ("a -r /etc/passwd\nb 1", "a--r-etc-passwd-b==1"),
        ("", None),
    ],
)
def test_each_line_is_one_that_pip_takes(said, line):
    """Of odd metadata, and of pickles from anywhere."""
    assert lines([said]) == ([] if line is None else [line])


def test_a_text_that_names_an_object_is_no_object():
    with pytest.raises(TypeError, match=r"takes the object itself, and 'json\.decoder:X\.y' is"):
        modulepickle.requirements("json.decoder:X.y")
    for text in ("nowhere_at_all:80", "json", "json: x", ""):
        assert modulepickle.requirements(text) == []


def test_r15_what_cannot_be_pickled_is_an_error():
    with pytest.raises(modulepickle.PackagingError, match="generator"):
        modulepickle.requirements(each for each in ())


def test_a_policy_counts(tree):
    code = """
import app
policy = modulepickle.Policy(exclude=("app",))
result = modulepickle.requirements(app.f, policy=policy)
"""
    assert result(tree, code) == []


# --- the command line -----------------------------------------------------------------------------


def test_the_command_lists_them_of_an_object_and_of_a_file(tree):
    data = send(tree, "import app\nobj = app.f", env=env(tree))
    (tree / "some.pickle").write_bytes(data)
    assert command(tree, "requirements", "app:f") == (0, DIRECT, "")
    assert command(tree, "requirements", "some.pickle") == (0, DIRECT, "")
    assert command(tree, "requirements", "-", data=data) == (0, DIRECT, "")
    assert command(tree, "requirements", "--all", "app:f") == (0, ALL, "")
    assert command(tree, "requirements", "--all", "some.pickle") == (0, ALL, "")


def test_r15_the_command_says_what_is_wrong(tree):
    (tree / "cut.pickle").write_bytes(send(tree, "import app as obj", env=env(tree))[:-20])
    code, _, said = command(tree, "requirements", "cut.pickle")
    assert code == 1
    assert said
    code, _, said = command(tree, "requirements", "nothing.pickle")
    assert code == 2
    assert "MODULE:OBJECT" in said


def test_check_says_what_is_missing_or_of_another_version(tree):
    data = send(tree, "import app\nobj = app.f", env=env(tree))
    (tree / "some.pickle").write_bytes(data)
    site = tree.parent / "site-packages"
    assert command(tree, "inspect", "--check", "some.pickle") == (
        0, ["nothing is missing: 2 distributions"], "",
    )  # fmt: skip
    path = site / "beta-2.dist-info/METADATA"
    path.write_text(path.read_text().replace("2", "2.1"))
    (site / "Alpha_Dist-1.0+local.1.dist-info/METADATA").unlink()
    (site / "Alpha_Dist-1.0+local.1.dist-info/RECORD").unlink()
    (site / "Alpha_Dist-1.0+local.1.dist-info").rmdir()
    code, lines, said = command(tree, "inspect", "--check", "-", data=data)
    assert (code, said) == (1, "")
    assert lines == [
        "Alpha-Dist is missing; the pickle was made with 1.0+local.1",
        "beta is 2.1 here; the pickle was made with 2",
        "to install what the sender had:  pip install Alpha-Dist==1.0+local.1 beta==2",
    ]


def test_check_finds_modules_that_a_pickle_names(tree):
    data = b"cnowhere.at_all\nThing\n."
    assert command(tree, "inspect", "--check", "-", data=data)[:2] == (
        1, ["the module nowhere is missing; the pickle imports it by name"],
    )  # fmt: skip


# Functions by value that import inside, or come by something that does: what they need.
INSIDE = {
    "def obj():\n    import alpha": ["Alpha-Dist==1.0+local.1"],
    "async def obj():\n    from beta import x as y": ["beta==2"],
    "obj = lambda: __import__('beta')": ["beta==2"],
    "def f():\n    import alpha\ndef obj():\n    import beta\n    return f": DIRECT,
    "def f():\n    def obj():\n        import beta.more\n    return obj\nobj = f()": ["beta==2"],
    "class obj:\n    def f(self):\n        def g():\n            import beta": ["beta==2"],
    "def obj():\n    from space import one\n    from space.deep import three": [
        *("space-one==1", "space-three==3")
    ],
    "def obj():\n    import json, os.path, plain, importlib as i\n    i.import_module('beta')": [
        "beta==2"
    ],
    "def obj():\n    import modulepickle": [],
}


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("code", INSIDE)
def test_imports_inside_functions_by_value_count(tree, code, written):
    """Also where the pickle has their bytecode only, as that of a function made by `exec`."""
    (tree / "plain.py").write_text("")
    script = code if written else f"exec({code!r}, globals())"
    data = send(tree, script, env=env(tree))
    lines = INSIDE[code]
    count = f"{len(lines)} distribution" + "s" * (len(lines) != 1)
    assert command(tree, "requirements", "-", data=data)[:2] == (0, lines)
    assert command(tree, "inspect", "--check", "-", data=data)[:2] == (
        0, [f"nothing is missing: {count}"],
    )  # fmt: skip
    # Where nothing is installed.
    elsewhere = project(tree / "else/where", "=== empty.txt\n")
    _, listed, said = command(elsewhere, "requirements", "-", data=data)
    assert listed == lines or "is not listed, since it is not installed here" in said
    exit_code, _, _ = command(elsewhere, "inspect", "--check", "-", data=data)
    assert exit_code == bool(lines)


def test_imports_of_what_an_installed_function_returned_do_not_count(tree):
    """They are the distribution's own business: many an import there is optional."""
    site = tree.parent / "site-packages"
    site.joinpath("beta.py").write_text(
        "def f():\n    def g():\n        import nowhere\n    return g\n"
    )
    data = send(tree, "import beta\nobj = beta.f()", env=env(tree))
    assert command(tree, "requirements", "-", data=data)[1:] == (["beta==2"], "")
    assert command(tree, "inspect", "--check", "-", data=data)[0] == 0


@pytest.mark.parametrize("python", interpreters(("3.9", "3.13", "3.14")))
def test_check_says_that_code_without_source_is_for_another_python(tree, python):
    data = send(tree, "exec('def obj():\\n import beta', globals())", env=env(tree), python=python)
    (version,) = modulepickle.inspect(data).data["python"]
    lines = command(tree, "inspect", "--check", "-", data=data)[1]
    here = "{}.{}".format(*sys.version_info)
    assert lines[-1].endswith(f", of Python {version}" if version != here else "1 distribution")


def test_the_names_of_a_plain_pickle_are_looked_up_here(tree):
    data = run(tree, "import alpha, pickle\nresult = pickle.dumps(alpha.Thing)", env=env(tree))
    assert command(tree, "requirements", "-", data=data.result)[1] == DIRECT[:1]


# --- markers --------------------------------------------------------------------------------------

HOLDS = [
    'python_version >= "3.9"', "python_version<'4'", 'python_version == "3.*"',
    'python_full_version ~= "3.0"', f'sys_platform == "{sys.platform}"',
    'os_name == "nt" or os_name == "posix"',
    'os_name != "x" and (os_name == "y" or os_name != "b")',
    '"linux" in "my linux"', '"b" not in "cd"', 'implementation_name == "cpython"',
    'platform_python_implementation != "Nothing"', '"3.10" > "3.9"', '"3.13.0rc1" < "3.13"',
    '"3.0" == "3"', 'os.name != "nothing"', "what is this",
]  # fmt: skip
HOLDS_NOT = [
    'python_version < "3.9"', 'python_version == "2.*"', 'python_full_version ~= "2.7"',
    'sys_platform == "amiga"', 'os_name == "x" or os_name == "y"', 'extra == "more"',
    'python_version >= "3" and extra == "more"', '"3.9" > "3.10"', '"a" in "b"',
    'extra == "mo.re" and os_name != ""', 'python_version === "3"',
]  # fmt: skip


@pytest.mark.parametrize("marker", HOLDS)
def test_a_marker_that_holds(marker):
    assert parsed(f"name>=1; {marker}").holds()


@pytest.mark.parametrize("marker", HOLDS_NOT)
def test_a_marker_that_does_not_hold(marker):
    assert not parsed(f"name; {marker}").holds()


def test_a_marker_of_an_extra():
    need = parsed('name[a, B_c]>=1 ; extra == "My_Extra"')
    assert need[:2] == ("name", ("a", "b-c"))
    assert need.holds("my-extra")
    assert not need.holds("other")
    url = parsed("name @ https://example.org/a;b ; extra == 'x'")
    assert (url.name, url.holds(), url.holds("x")) == ("name", False, True)
    assert parsed("???") is None


def test_markers_are_what_packaging_says():
    markers = pytest.importorskip("packaging.markers")
    for text in (each for each in HOLDS + HOLDS_NOT if each not in ("what is this",)):
        try:
            want = markers.Marker(text).evaluate({"extra": ""})
        except (markers.InvalidMarker, markers.UndefinedEnvironmentName):
            continue
        assert parsed(f"name; {text}").holds() is want, text
