"""`explain` with a store: what travels in the pickle, what the store keeps; and nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from receivers import project, run
from test_readme import modulepickle as command

TREE = """
    === pyproject.toml
    === app/__init__.py
    import helpers
    === app/deep.py
    def f():
        return 1
    === helpers.py
    import units
    === units.py
    KM = "km"
"""

EXPLAINED = """
import pathlib
import modulepickle
folder = {folder!r}
store = modulepickle.stores.directory(folder)
{code}
report = modulepickle.explain(obj{options})
empty = [*pathlib.Path(folder).iterdir()] == []
data = modulepickle.dumps(obj{options})
found = {{path.name: path.stat().st_size for path in pathlib.Path(folder).iterdir()}}
result = {{**report.data, "text": str(report), "html": report._repr_html_(), "empty": empty,
          "size": len(data), "found": found}}
"""

FUNCTION = "import app.deep\nobj = app.deep.f"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    path.mkdir()
    return path


def explained(
    tree: Path, folder: Path, code: str, options: str = ", store=store"
) -> dict[str, Any]:
    """The report of an object, whether the store was empty after it, and what `dumps` does then."""
    text = EXPLAINED.format(folder=str(folder), code=code, options=options)
    found: dict[str, Any] = run(tree, text).result
    return found


OBJECTS = {
    "function": FUNCTION,
    "script": "import app.deep\ndef obj(): return app.deep.f()",
    "import": "def obj():\n    import app",
    "two": "import app, units\nobj = [app, units]",
}


@pytest.mark.parametrize("name", OBJECTS)
def test_it_tells_what_dumps_does_and_keeps_nothing(tree: Path, folder: Path, name: str) -> None:
    found = explained(tree, folder, OBJECTS[name])
    assert found["empty"]
    assert found["bytes"] == found["size"]
    assert {each["key"]: each["bytes"] for each in found["store"]["kept"]} == found["found"]
    assert found["store"]["bytes"] == sum(found["found"].values())
    assert [each["where"] for each in found["snapshots"]] == ["store"] * 3
    assert {each["name"] for each in found["snapshots"]} == {"app", "helpers", "units"}
    assert found["problems"] == found["warnings"] == []


def test_packages_and_the_ways_to_them_are_those_without_a_store(tree: Path, folder: Path) -> None:
    stored, plain = explained(tree, folder, FUNCTION), explained(tree, folder, FUNCTION, "")
    assert plain["store"] is None
    for with_store, without in zip(stored["snapshots"], plain["snapshots"]):
        assert {**with_store, "where": "here"} == without
    assert stored["bytes"] < 400 < plain["bytes"]


def test_what_the_store_keeps_is_told_by_package(tree: Path, folder: Path) -> None:
    kept = explained(tree, folder, FUNCTION)["store"]["kept"]
    whats = [(each["what"], each["package"]) for each in kept]
    assert whats == [
        ("archive", "app"), ("archive", "helpers"), ("archive", "units"), ("manifest", "app"),
    ]  # fmt: skip


def test_text_and_html_say_where_it_is(tree: Path, folder: Path) -> None:
    found = explained(tree, folder, FUNCTION)
    first, second, *rest = found["text"].splitlines()
    assert first.endswith(f", and {found['store']['bytes']:,} bytes in a store")
    assert second == f"packages, from modulepickle.stores.directory('{folder}')"
    assert "what the store keeps" in rest
    assert "what the store keeps" in found["html"]
    for each in found["snapshots"]:
        assert f"    archive: {each['archive']}" in rest
    assert [line for line in rest if "archive of units, fetched once a host" in line]
    assert [line for line in rest if "manifest of app, fetched once a process" in line]


def test_the_store_of_the_process_counts(tree: Path, folder: Path) -> None:
    code = f"{FUNCTION}\nmodulepickle.set_store(store)"
    assert explained(tree, folder, code, "")["store"]["store"].startswith("modulepickle.stores.")
    folder.joinpath("x").touch()
    assert explained(tree, folder, code, ", store=None")["store"] is None


def test_what_goes_as_a_name_needs_no_store(tree: Path, folder: Path) -> None:
    found = explained(tree, folder, "import json\nobj = json.dumps")
    assert found["store"]["kept"] == []
    assert "store" not in found["text"]


def test_a_large_package_is_fetched_once_a_host(tree: Path, folder: Path) -> None:
    tree.joinpath("app/big.bin").write_bytes(b"\0" * 6_000_000)
    (warning,) = explained(tree, folder, FUNCTION)["warnings"]
    assert "; each host fetches them once; leave files out: " in warning


OWN = """
import functools, modulepickle
calls = []
def store(digest, archive):
    calls.append(digest)
    {body}
{code}
report = modulepickle.explain(obj, store=store)
result = report.data, len(calls)
"""


def test_a_store_of_ones_own_is_called(tree: Path) -> None:
    data, calls = run(
        tree, OWN.format(body="return functools.partial(bytes, 5)", code=FUNCTION)
    ).result
    assert calls == len(data["store"]["kept"]) == 4
    assert data["problems"] == []


def test_a_store_that_fails_is_a_problem(tree: Path) -> None:
    data, _ = run(tree, OWN.format(body="raise OSError('no route')", code=FUNCTION)).result
    (problem,) = data["problems"]
    assert (problem["subject"], problem["detail"]) == ("the store", "OSError: no route")
    assert "store=None" in problem["remedy"]


def test_what_wrap_pickles_is_in_the_store_of_the_process(tree: Path, folder: Path) -> None:
    code = "import app\nmodulepickle.set_store(store)\nobj = modulepickle.wrap(app)"
    text = EXPLAINED.format(folder=str(folder), code=code, options="")
    (snapshot,) = run(tree, text).result["snapshots"]
    assert (snapshot["name"], snapshot["where"]) == ("app", "store")


def test_what_is_no_store_is_refused(tree: Path) -> None:
    code = "import modulepickle\ntry:\n    modulepickle.explain(1, store='x')\n"
    code += "except TypeError as error:\n    result = str(error)"
    assert "a store is a function of (digest, archive)" in run(tree, code).result


# -- The command line ---------------------------------------------------------------------------


def test_the_command(tree: Path, folder: Path) -> None:
    arguments = ("explain", "app.deep:f", "--store", str(folder))
    done = command(*arguments, cwd=tree, check=True)
    assert f"\npackages, from modulepickle.stores.directory('{folder}')\n" in done.stdout
    data = json.loads(command(*arguments, "--json", cwd=tree, check=True).stdout)
    assert len(data["store"]["kept"]) == 4
    assert [*folder.iterdir()] == []


def test_the_command_makes_no_folder(tree: Path, folder: Path) -> None:
    done = command("explain", "app.deep:f", "--store", str(folder / "new"), cwd=tree)
    assert done.returncode == 2
    assert f"there is no folder {folder / 'new'}" in done.stderr
    assert [*folder.iterdir()] == []
