"""`explain` names what travels without an import: the user's distribution, what `include` added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from receivers import command as modulepickle
from receivers import project, receive, run, send

TREE = """
    === app/__init__.py
    import importlib
    import lib
    def f(name):
        return importlib.import_module("plug" + name), __import__(name)
    === plugins.py
    X = 1
    === lib.py
    Y = 2
    === my_app.egg-info/PKG-INFO
    Metadata-Version: 2.1
    Name: My-App
    Version: 1.2
    === my_app.egg-info/top_level.txt
    app
"""
INCLUDE = "modulepickle.Policy(include=('plugins', 'lib'))"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def explained(tree: Path, policy: str = INCLUDE) -> dict[str, Any]:
    code = f"""
        import app, modulepickle
        report = modulepickle.explain(app.f, policy={policy})
        result = {{**{{each["name"]: each for each in report.snapshots}}, "text": str(report)}}
    """
    found: dict[str, Any] = run(tree, code).result
    return found


def test_the_distribution_of_the_user_is_named(tree: Path) -> None:
    found = explained(tree)
    assert found["app"]["own_distributions"] == ["My-App 1.2"]
    line = "    of your distribution My-App 1.2, which importlib.metadata finds there\n"
    assert line in found["text"].partition("  plugins  ")[0]
    # As it is said, so it is.
    data = send(tree, "import app\nobj = app.f")
    code = "from importlib.metadata import version\nresult = version('my-app')"
    assert receive(data, code).result == "1.2"


def test_what_include_added_is_told_from_what_is_imported(tree: Path) -> None:
    found = explained(tree)
    named = {name: each["is_included"] for name, each in found.items() if name != "text"}
    assert named == {"app": False, "lib": False, "plugins": True}
    way = ["function `app.f`", "package `app`", "`include` of the policy", "package `plugins`"]
    assert found["plugins"]["why"] == way
    assert found["lib"]["why"][-2] == "import at app/__init__.py:2"
    assert "plugins" not in explained(tree, "None")


def test_imports_by_computed_names_have_their_places(tree: Path) -> None:
    found = explained(tree)
    assert {*found["app"]["computed"]} == {"app/__init__.py:4"}
    assert found["lib"]["computed"] == []
    assert "package `app` imports by computed names at app/__init__.py:4" in found["text"]


def test_check_says_why_it_ends_with_one(tree: Path) -> None:
    done = modulepickle("explain", "app:f", "--check", cwd=tree)
    assert (done.returncode, done.stderr.count("those of the report are yours to judge")) == (0, 1)
    far = project(tree.parent / "far", "=== vendored.py\ndef f(): return 1")
    code = f"import sys\nsys.path.append({str(far)!r})\nfrom vendored import f"
    tree.joinpath("finds.py").write_text(code)
    assert modulepickle("explain", "finds:f", cwd=tree).returncode == 0
    done = modulepickle("explain", "finds:f", "--check", cwd=tree)
    assert done.returncode == 1
    assert done.stderr == "modulepickle: --check: dumps would give 1 warning, see above\n"
    done = modulepickle("explain", "finds:f", "--check", "--json", "-q", cwd=tree)
    assert (done.returncode, done.stderr) == (1, "")
    assert len(json.loads(done.stdout)["dumps_warns"]) == 1
