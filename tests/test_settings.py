"""`[tool.modulepickle]` in pyproject.toml: the default policy of a project."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pages import block
from receivers import command, interpreters, project, run

TREE = """
    === pyproject.toml
    [project]
    name = "mine"
    === helpers/__init__.py
    def double(x):
        return 2 * x
    === helpers/model.ckpt
    heavy
    === helpers/data/table.csv
    1,2
    === other.py
    def f():
        return 1
"""

# Python 3.9 and 3.10 have no tomllib: delete the mark when they are dropped.
needs_toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="no tomllib")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def says(tree: Path, table: str) -> None:
    text = f'[project]\nname = "mine"\n\n{table}\n'
    tree.joinpath("pyproject.toml").write_text(text, encoding="utf-8")


def policy_in(folder: Path, **options: Any) -> Any:
    code = """
        import modulepickle
        policy = modulepickle.get_policy()
        result = {n: getattr(policy, n)
                  for n in ("include", "exclude", "by_value", "ignore", "max_bytes")}
    """
    return run(folder, code, **options)


@needs_toml
def test_all_keys_are_read(tree: Path) -> None:
    says(
        tree,
        """
        [tool.modulepickle]
        include = ["vendored", "yaml"]
        exclude = ["experiments"]
        by-value = ["tasks.*"]
        ignore = ["*.ckpt", "data/*"]
        max-bytes = 100_000_000
        """,
    )
    assert policy_in(tree).result == {
        "include": ("vendored", "yaml"),
        "exclude": ("experiments",),
        "by_value": ("tasks.*",),
        "ignore": ("*.ckpt", "data/*"),
        "max_bytes": 100_000_000,
    }


@needs_toml
@pytest.mark.parametrize(
    "table",
    [
        '[tool]\nmodulepickle.exclude = ["a"]',
        '[tool]\nmodulepickle = {exclude = ["a"]}',
        '["tool"."modulepickle"]\nexclude = ["a"]',
        '[ tool . modulepickle ]\nexclude = ["a"]',
        "[tool.'modulepickle']\nexclude = ['a']",
    ],
)
def test_all_spellings_of_the_table_are_read(tree: Path, table: str) -> None:
    says(tree, table)
    assert policy_in(tree).result["exclude"] == ("a",)


FILES = """
    import modulepickle, helpers
    def files(**options):
        report = modulepickle.inspect(modulepickle.dumps(helpers.double, **options))
        return [file["path"] for each in report.snapshots for file in each["files"]]
"""


@needs_toml
def test_the_settings_of_the_readme(tree: Path) -> None:
    says(tree, block("README.md", "toml", "ignore = "))
    assert policy_in(tree).result["ignore"] == ("*.ckpt", "data/*")


@needs_toml
def test_the_command_has_the_settings_of_the_current_folder(tree: Path) -> None:
    """Its script, `modulepickle/__main__.py`, has a project of its own in a checkout."""
    says(tree, '[tool.modulepickle]\nignore = ["*.ckpt"]')
    said = command("explain", "helpers:double", cwd=tree, check=True).stdout
    assert 'helpers/model.ckpt: ignore "*.ckpt"' in said


@needs_toml
def test_precedence_is_policy_then_set_policy_then_the_file(tree: Path) -> None:
    says(tree, '[tool.modulepickle]\nignore = ["*.ckpt"]')
    code = (
        FILES
        + """
    Policy = modulepickle.Policy
    result = [files()]
    before = modulepickle.set_policy(Policy(ignore=("data",)))
    result += [files(), files(policy=Policy())]
    modulepickle.set_policy(Policy())
    result += [files()]
    modulepickle.set_policy(before)
    result += [files()]
    """
    )
    everything = ["helpers/__init__.py", "helpers/data/table.csv", "helpers/model.ckpt"]
    assert run(tree, code).result == [
        ["helpers/__init__.py", "helpers/data/table.csv"],
        ["helpers/__init__.py", "helpers/model.ckpt"],
        everything,
        everything,
        ["helpers/__init__.py", "helpers/data/table.csv"],
    ]


@needs_toml
def test_an_edit_of_the_file_counts_at_the_next_dumps(tree: Path) -> None:
    code = (
        FILES
        + """
    def says(text):
        with open("pyproject.toml", "w") as file:
            file.write(text)
    result = [len(files())]
    before = modulepickle.get_policy()
    for text in ('[tool.modulepickle]\\nignore = ["*.ckpt"]',
                 '[tool.modulepickle]\\nignore = ["*.ckpt", "data"]', ""):
        says(text)
        result += [len(files())]
    result += [modulepickle.get_policy() is before]
    """
    )
    assert run(tree, code).result == [3, 2, 1, 3, True]


@needs_toml
def test_a_warm_dumps_costs_one_stat_more(tree: Path) -> None:
    says(tree, '[tool.modulepickle]\nignore = ["*.ckpt"]')
    code = """
        import os, modulepickle, helpers
        modulepickle.dumps(helpers.double)
        asked = []
        real, opened = os.stat, open
        os.stat = lambda path, *a, **k: (asked.append(str(path)), real(path, *a, **k))[1]
        import builtins
        builtins.open = lambda path, *a, **k: (asked.append(str(path)), opened(path, *a, **k))[1]
        policy = modulepickle.get_policy()
        result = [asked[:], policy is modulepickle.get_policy()]
        builtins.open, os.stat = opened, real
    """
    asked, same = run(tree, code).result
    assert asked == [str(tree / "pyproject.toml")]
    assert same


@needs_toml
def test_the_scripts_project_comes_before_the_current_folders(tree: Path, tmp_path: Path) -> None:
    says(tree, '[tool.modulepickle]\nexclude = ["of_script"]')
    other = project(tmp_path / "other", '=== pyproject.toml\n[tool.modulepickle]\nexclude=["cwd"]')
    code = (
        "import os\nos.chdir({!r})\nimport modulepickle\nresult = modulepickle.get_policy().exclude"
    )
    assert run(tree, code.format(str(other))).result == ("of_script",)
    tree.joinpath("pyproject.toml").unlink()
    assert run(tree, code.format(str(other))).result == ("cwd",)


@needs_toml
def test_an_installed_script_has_no_project(tmp_path: Path) -> None:
    text = """
        === pyproject.toml
        [tool.modulepickle]
        exclude = ["of_tool"]
        === env/pyvenv.cfg
        === env/lib/site-packages/tool/main.py
        === env/bin/empty
        === sub/pyproject.toml
        [tool.modulepickle]
        exclude = ["cwd"]
    """
    tree = project(tmp_path / "tree", text)
    code = """
        import os
        os.chdir({!r})
        import modulepickle
        result = modulepickle.get_policy().exclude
    """.format(str(tree / "sub"))
    for folder in ("env/lib/site-packages/tool", "env/bin"):
        assert run(tree / folder, code).result == ("cwd",)
    assert run(tree, code).result == ("of_tool",)


MISTAKES = [
    ('exlude = ["a"]', "has no key 'exlude': did you mean 'exclude'?"),
    ('by_value = ["a"]', "has no key 'by_value': did you mean 'by-value'?"),
    ("max_size = 5", "has no key 'max_size': "),
    ("colour = 5", "it takes include, exclude, by-value, ignore, max-bytes"),
    ('ignore = "*.ckpt"', 'ignore = "*.ckpt": it takes a list, ignore = ["*.ckpt"]'),
    ("ignore = [1]", "ignore = [1]: it takes a list of names"),
    ('max-bytes = "1 MB"', "max-bytes = '1 MB': it takes a number of bytes"),
    ("max-bytes = 0", "max-bytes = 0: it takes a number of bytes"),
    ("max-bytes = true", "max-bytes = True: it takes a number of bytes"),
    ("include = [", "is not valid TOML"),
]


@needs_toml
@pytest.mark.parametrize(("line", "message"), MISTAKES)
def test_a_mistake_is_an_error_that_names_the_file(tree: Path, line: str, message: str) -> None:
    says(tree, f"[tool.modulepickle]\n{line}")
    done = run(tree, FILES + "\n    files()", expect_failure=True)
    assert "PackagingError: The settings in pyproject.toml are wrong:\n" in done.stderr
    assert f"  * {tree / 'pyproject.toml'}: " in done.stderr
    assert message in done.stderr
    assert "what to do: correct the file" in done.stderr


@needs_toml
def test_all_mistakes_are_said_at_once(tree: Path) -> None:
    says(tree, "[tool.modulepickle]\nexlude = []\nmax-bytes = 0")
    done = run(tree, "import modulepickle\nmodulepickle.get_policy()", expect_failure=True)
    assert "'exlude'" in done.stderr
    assert "max-bytes = 0" in done.stderr


@needs_toml
def test_a_mistake_in_the_file_does_not_hinder_a_policy_of_ones_own(tree: Path) -> None:
    says(tree, "[tool.modulepickle]\nexlude = []")
    code = (
        FILES
        + """
    result = [len(files(policy=modulepickle.Policy(ignore=("data",))))]
    modulepickle.set_policy(modulepickle.Policy())
    result += [len(files())]
    """
    )
    assert run(tree, code).result == [2, 3]


@pytest.mark.parametrize("table", ["", "# modulepickle", "[tool.other]\nx = 'modulepickle'"])
def test_nothing_is_parsed_without_such_a_table(tree: Path, table: str) -> None:
    says(tree, table + "\nnot [valid TOML")
    code = """
        import sys, modulepickle
        result = modulepickle.get_policy() == modulepickle.Policy(), "tomllib" in sys.modules
    """
    assert run(tree, code).result == (True, False)


NEAR = ("modulepickel", "module-pickle", "ModulePickle", "modulpickle.deep")


@pytest.mark.parametrize("name", NEAR)
def test_a_table_of_nearly_the_name_is_a_warning(tree: Path, name: str) -> None:
    says(tree, f'[tool.{name}]\nignore = ["*.ckpt"]')
    code = "import other, modulepickle\nresult = len(modulepickle.dumps(other.f))"
    said = f"[tool.{name.partition('.')[0]}] of {tree / 'pyproject.toml'}: it has no effect"
    assert run(tree, code).stderr.count(f"ShippingWarning: {said}") == 1
    done = command("explain", "--check", "other:f", cwd=tree)
    assert (done.returncode, done.stdout.count(said)) == (1, 1)
    says(tree, f"[tool.{name}]\nstrict = true")
    code = f"""
        import modulepickle, other
        try:
            modulepickle.dumps(other.f)
        except modulepickle.PackagingError as error:
            result = {said!r} in str(error)
    """
    assert run(tree, code).result


@pytest.mark.parametrize("name", ["pickle", "module-builder", "modules", "cloudpickle", "other"])
def test_other_tables_are_other_tools(tree: Path, name: str) -> None:
    says(tree, f"[tool.{name}]\nstrict = true")
    code = "import other, modulepickle\nresult = len(modulepickle.dumps(other.f))"
    assert run(tree, code).stderr == ""


def test_no_project_and_no_file_mean_the_defaults(tmp_path: Path) -> None:
    code = "import modulepickle\nresult = modulepickle.get_policy() == modulepickle.Policy()"
    assert run(tmp_path, code).result
    tmp_path.joinpath(".git").mkdir()
    tmp_path.joinpath("pyproject.toml").mkdir()
    assert run(tmp_path, code).result


@pytest.mark.parametrize("python", interpreters(("3.9", "3.10")))
def test_a_python_without_toml_says_so_once(tree: Path, python: str) -> None:
    says(tree, '[tool.modulepickle]\nexclude = ["helpers"]')
    code = """
        import sys
        sys.modules["tomli"] = None  # whether it is installed or not
        import modulepickle
        result = [modulepickle.get_policy().exclude for _ in range(2)]
    """
    done = run(tree, code, python=python)
    assert done.result == [(), ()]
    assert done.stderr.count("pip install tomli") == 1
    assert str(tree / "pyproject.toml") in done.stderr
    says(tree, "# no table")
    assert run(tree, code, python=python).stderr == ""


@pytest.mark.parametrize("python", interpreters(("3.9", "3.10")))
def test_tomli_is_used_where_it_is_installed(tree: Path, python: str) -> None:
    says(tree, '[tool.modulepickle]\nexclude = ["helpers"]')
    project(
        tree,
        """
        === tomli.py
        def loads(text):
            assert '[tool.modulepickle]' in text
            return {"tool": {"modulepickle": {"exclude": ["helpers"]}}}
        """,
    )
    assert policy_in(tree, python=python).result["exclude"] == ("helpers",)
