"""`explain`: what is imported and does not travel, and what the patterns of a policy do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from receivers import interpreters, project, receive, run, send
from test_explain import explained

TREE = """
    === pyproject.toml
    === app/__init__.py
    import helpers

    def f():
        return helpers.double(2)
    === app/parts/__init__.py
    === app/parts/one.py
    === app/data/table.csv
    1
    === helpers.py
    def double(x):
        return 2 * x
    === sends.py
    import modulepickle

    def f():
        return 1
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def told(tree: Path, code: str, policy: str = "") -> list[str]:
    options = f", policy=modulepickle.Policy({policy})" if policy else ""
    found: list[str] = explained(tree, code, options)["warnings"]
    return found


# -- What does not travel -----------------------------------------------------------------------


def test_a_package_that_an_import_needs_and_the_policy_keeps_at_home(tree: Path) -> None:
    assert told(tree, "import app\nobj = app.f", "exclude=('helpers',)") == [
        "`helpers` is kept at home by the policy (exclude), so the receiver must have it"
        " (imported at app/__init__.py:1)"
    ]


@pytest.mark.parametrize(
    "code", ["import sends\nobj = sends.f", "def obj():\n    import modulepickle"]
)
def test_of_this_library_a_stand_in_travels_so_nobody_needs_it(tree: Path, code: str) -> None:
    found = explained(tree, code)
    assert found["warnings"] == found["by_name"] == []
    assert not any(each["distributions"] for each in found["snapshots"])
    assert found["snapshots"][-1]["name"] == "modulepickle"
    assert "\n    a stand-in, for receivers without the library: " in found["text"]


def test_what_is_not_found_here_is_told_with_its_place(tree: Path) -> None:
    tree.joinpath("app/parts/one.py").write_text("x = 1\ndef f():\n    import nunpy.linalg\n")
    found = explained(tree, "import app\nobj = app.f")
    assert found["snapshots"][0]["not_found"] == {"nunpy": "app/parts/one.py:3"}
    assert "\n    imports that are not found here either\n      nunpy, at app" in found["text"]
    assert found["warnings"] == []  # many an import is optional


def test_the_same_in_a_function_of_the_script(tree: Path) -> None:
    found = explained(tree, "def obj():\n    import nunpy, pytest, json, helpers.x")
    assert found["warnings"] == [
        "`nunpy` is not found here, and the receiver must have it: is it misspelt?"
    ]
    version = pytest.__version__
    assert found["by_name"] == [
        {"distribution": "", "names": ["nunpy"]},
        {"distribution": f"pytest {version}", "names": ["pytest"]},
    ]


def test_a_file_that_cannot_be_parsed_is_told(tree: Path) -> None:
    tree.joinpath("app/parts/one.py").write_text("import helpers\ndef f(:\n")
    (warning,) = told(tree, "import app\nobj = app.f")
    assert warning.startswith("package `app` has 1 file that cannot be parsed, so what is")
    assert "app/parts/one.py:2 (" in warning


def test_a_module_that_nobody_installed_is_told_where_it_is_imported(tree: Path) -> None:
    far = project(tree.parent / "far", "=== vendored.py\n")
    tree.joinpath("app/parts/one.py").write_text("import vendored\n")
    code = f"import sys\nsys.path.append({str(far)!r})\nimport app\nobj = app.f"
    (warning,) = told(tree, code)
    assert f"travels as a name (imported at app/parts/one.py:1): {far}/vendored.py; " in warning
    assert 'or include = ["vendored"] under [tool.modulepickle] in pyproject.toml' in warning
    assert warning.endswith("(modulepickle docs: errors.md#by-name)")


def test_a_function_without_a_module_has_its_name(tree: Path) -> None:
    code = 'import helpers\nspace = {"helpers": helpers}\n'
    code += 'exec("def f(): return helpers.double(1)", space)\nobj = space["f"]'
    found = explained(tree, code)
    assert found["object"] == "`f`"
    assert [each["name"] for each in found["by_value"]] == ["f"]


@pytest.mark.parametrize("python", interpreters())
def test_the_standard_library_needs_no_word(tree: Path, python: str) -> None:
    tree.joinpath("app/parts/one.py").write_text("import statistics, email.mime\n")
    code = "import app, collections\ndef obj():\n    import json, graphlib, colorsys\n"
    code += "    return app, collections.Counter"
    found = explained(tree, code, python=python)
    assert found["by_name"] == found["warnings"] == []
    assert found["snapshots"][0]["not_found"] == {}


# -- A file that is needed ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "pattern", "module"),
    [
        ("import app\nobj = app.f", "*.py", "app"),
        ("import app.parts.one\nobj = app.parts.one", "parts", "app.parts.one"),
    ],
)
def test_r15_a_policy_that_leaves_out_what_is_needed_is_an_error(
    tree: Path, code: str, pattern: str, module: str
) -> None:
    code += f"""
import modulepickle
policy = modulepickle.Policy(ignore=({pattern!r},))
try:
    modulepickle.dumps(obj, policy=policy)
except modulepickle.PackagingError as error:
    (problem,) = error.problems
    result = problem.reason.name, problem.subject, problem.detail, problem.remedy
"""
    reason, subject, detail, remedy = run(tree, code).result
    assert (reason, subject) == ("LEFT_OUT", module)
    assert detail.endswith(f'.py is left out by ignore "{pattern}"')
    assert remedy


def test_patterns_are_not_counted_where_not_all_could_be_read(tree: Path) -> None:
    found = explained(
        tree, "import app\nobj = app.f", ", policy=modulepickle.Policy(ignore=('*.py',))"
    )
    assert found["problems"]
    assert "matches" not in found["text"]


def test_a_compiled_module_may_be_left_out_where_its_source_travels(tree: Path) -> None:
    code = """
import app.parts.one, pathlib, modulepickle
app.parts.one.__file__ = app.parts.one.__file__[:-3] + ".cpython-311-x86_64-linux-gnu.so"
policy = modulepickle.Policy(ignore=("*.so",))
result = len(modulepickle.dumps(app.parts.one, policy=policy)) > 1000
pathlib.Path("app/parts/one.py").unlink()
try:
    modulepickle.dumps(app.parts.one, policy=policy)
except modulepickle.PackagingError as error:
    result = result, [each.reason.name for each in error.problems]
"""
    assert run(tree, code).result == (True, ["LEFT_OUT"])


def test_other_files_may_be_left_out(tree: Path) -> None:
    code = (
        "import app, modulepickle\nmodulepickle.set_policy(modulepickle.Policy(ignore=('parts',)))"
    )
    data = send(tree, code + "\nobj = app.f")
    assert receive(data, "result = obj()", absent=["app"]).result == 4


# -- The policy ---------------------------------------------------------------------------------


def rules(tree: Path, options: str, code: str = "import app\nobj = app.f") -> dict[str, Any]:
    found: dict[str, Any] = explained(tree, code, options)
    return found


def test_what_each_pattern_does(tree: Path) -> None:
    patterns = "include=('app', 'x'), exclude=('helpers', 'y'), ignore=('data/*', '*.ckpt')"
    found = rules(tree, f", policy=modulepickle.Policy({patterns})")
    assert found["policy"]["origin"] == "policy="
    counts = [
        (each["field"], each["pattern"], each["matches"]) for each in found["policy"]["rules"]
    ]
    assert counts == [
        ("include", "app", 1),
        ("include", "x", 0),
        ("exclude", "helpers", 1),
        ("exclude", "y", 0),
        ("ignore", "data/*", 1),
        ("ignore", "*.ckpt", 0),
    ]
    assert '\n  ignore "data/*": matches 1 file or folder\n' in found["text"]
    assert found["text"].endswith('\n  ignore "*.ckpt": matches nothing here')


def test_a_pattern_that_means_something_else_is_told(tree: Path) -> None:
    said = rules(tree, ", policy=modulepickle.Policy(ignore=('app/data/*',))")["text"]
    assert 'matches nothing here; paths begin inside the package: write "data/*"' in said


def test_a_part_that_is_excluded_is_matched(tree: Path) -> None:
    said = rules(tree, ", policy=modulepickle.Policy(exclude=('app.parts',))")["text"]
    assert 'exclude "app.parts": matches 1 name' in said


def test_where_the_policy_is_from(tree: Path) -> None:
    tree.joinpath(".git").mkdir()
    tree.joinpath("pyproject.toml").rename(tree / "other.toml")
    assert rules(tree, "")["policy"] == {"origin": "", "rules": []}
    tree.joinpath("other.toml").rename(tree / "pyproject.toml")
    assert rules(tree, "")["policy"] == {"origin": str(tree / "pyproject.toml"), "rules": []}
    assert "policy" not in rules(tree, "")["text"]
    code = "import app, modulepickle\nmodulepickle.set_policy(modulepickle.Policy(ignore=('x',)))"
    found = rules(tree, "", f"{code}\nobj = app.f")
    assert "\npolicy, from set_policy()\n" in found["text"]


def test_by_value_counts_what_goes_so(tree: Path) -> None:
    (rule,) = rules(tree, ", policy=modulepickle.Policy(by_value=('app',))")["policy"]["rules"]
    assert (rule["field"], rule["matches"]) == ("by_value", 1)
