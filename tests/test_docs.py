"""The pages in `docs`: no block, link, name or row without a test."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import modulepickle as library
import pages
from frameworks import TREE
from pages import DOCS, PAGES, ROOT, Block, anchors, blocks, follow, links, text_of
from receivers import SITE, SOURCE, command, project, send
from tools import api_page

TESTS = ROOT / "tests"
NAMES = [page.relative_to(DOCS).as_posix() for page in PAGES if page.name != "README.md"]

FOLLOWED = {"usual-project.md": 6, "policy.md": 3, "how-it-works.md": 3, "command-line.md": 9}
"""Page -> how many commands it has: it is done from top to bottom, and its output compared."""

CLAIMS = {
    ("README.md", "sh", "modulepickle demo"): "test_packaging.py::test_the_command_that_tries_it",
    ("README.md", "", 'old("tea")'): (
        "test_readme.py::test_the_demonstration_prints_what_is_shown"
    ),
    ("README.md", "toml", "ignore = "): "test_settings.py::test_the_settings_of_the_readme",
    ("README.md", "sh", "python -m pytest"): (
        "test_readme.py::test_ci_runs_the_command_for_developers"
    ),
    ("usual-project.md", "python", "modulepickle.test.test"): (
        "test_docker.py::test_the_example_of_the_docs"
    ),
    ("usual-project.md", "", "passed: f in"): "test_docker.py::test_the_example_of_the_docs",
    ("usual-project.md", "sh", "pip install -e ."): (
        "test_packaging.py::test_the_usual_project_in_an_environment_of_its_own"
    ),
    ("contributing.md", "sh", "mkdocs serve"): "test_docs.py::test_the_site_is_built",
    ("how-it-works.md", "", "the loader, once"): (
        "test_docs.py::test_the_picture_shows_what_a_pickle_holds"
    ),
    ("signatures.md", "python", "token_bytes"): "test_signed.py::test_the_example_of_the_docs",
    ("many-tasks.md", "python", "stores.directory"): (
        "test_stores.py::test_the_example_of_many_tasks"
    ),
    (
        "many-tasks.md",
        "python",
        "modulepickle.hold()",
    ): "test_hold.py::test_the_example_of_the_docs",
    ("many-tasks.md", "python", "methodcaller"): (
        "test_stores.py::test_the_example_of_a_store_of_ones_own"
    ),
    ("security.md", "console", "inspect job.pickle"): (
        "test_docs.py::test_what_to_check_before_loading"
    ),
    **{
        (f"engines/{page}.md", "python", word): f"engines/test_engine_{test}"
        for page, word, test in [
            ("pools", "context.Pool", "docs.py::test_the_example_of_a_pool"),
            ("pools", "set_loky_pickler", "docs.py::test_the_example_of_joblib"),
            ("dask", "Client(", "docs.py::test_the_example_of_dask"),
            ("ray", "ray.init", "docs.py::test_the_example_of_ray"),
            ("spark", "SparkSession", "docs.py::test_the_example_of_spark"),
            ("queues", "AsItCame", "celery.py::test_arguments_results_exceptions_and_edits"),
            ("queues", "kombu", "celery.py::test_arguments_results_exceptions_and_edits"),
            ("mpi", "extend_mpi4py", "mpi4py.py::test_futures"),
            (
                "index",
                "extend_ipyparallel",
                "ipyparallel.py::test_functions_results_errors_and_edits",
            ),
        ]
    },
}
"""Page, language and what stands in the block and in no other of these -> the test that runs it."""


def is_claimed(page: str, block: Block) -> bool:
    done = block.language == "console" or (block.file and block.file != "try.py")
    if page in {"README.md", *FOLLOWED} and done:
        return True
    if page == "errors.md" and block.language == "text":
        return True  # test_mistakes.py makes each
    if page in ("engines/index.md", "many-tasks.md") and block.file:
        return True  # compared below, and used by the tests of the others
    found = [key for key in CLAIMS if key[:2] == (page, block.language) and key[2] in block.text]
    return len(found) == 1


@pytest.mark.parametrize("page", ["README.md", *NAMES])
def test_each_block_is_run_by_a_test(page: str) -> None:
    found = [*pages.blocks_in(text_of(page))]
    assert [block for block in found if not is_claimed(page, block)] == []
    mine = [key for key in CLAIMS if key[0] == page]
    assert [key for key in mine if not any(key[2] in block.text for block in found)] == []


@pytest.mark.parametrize("claim", [*CLAIMS.values()])
def test_each_claim_names_a_test(claim: str) -> None:
    file, _, test = claim.partition("::")
    assert re.search(rf"^def {test}\b", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", FOLLOWED)
def test_what_a_page_says_is_what_happens(page: str, tmp_path: Path) -> None:
    if "[tool.modulepickle]" in text_of(page):
        pytest.importorskip("tomllib")  # new in 3.11
    path = os.pathsep.join([str(SITE), str(tmp_path / "project/src")])
    assert follow(page, tmp_path / "project", PYTHONPATH=path) == FOLLOWED[page]


@pytest.mark.parametrize("page", ["README.md", *NAMES])
def test_each_python_block_compiles_and_its_names_exist(page: str) -> None:
    for text in blocks(page, "python"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "modulepickle":
                assert hasattr(library, node.attr), node.attr


def test_the_package_of_the_examples_is_that_of_the_tests() -> None:
    files = {each.file: each.text for each in pages.blocks_in(text_of("engines/index.md"))}
    tree = re.sub(r"\n\s*\n", "\n", TREE)
    for part in files["helpers/__init__.py"].split("\n\n\n"):
        part = re.sub(r"\n\s*\n", "\n", part).strip()
        assert re.sub(r"^", "    ", part, flags=re.MULTILINE) in tree
    assert files["helpers/units.py"] == 'UNIT = "km"\n'


def test_the_picture_shows_what_a_pickle_holds() -> None:
    (picture,) = blocks("how-it-works.md", "")
    assert sorted(re.findall(r"snapshot (\w+):", picture)) == ["other", "units"]
    assert {len(line) for line in picture.splitlines()[1:]} == {len(picture.splitlines()[1])}


def test_what_to_check_before_loading(tmp_path: Path) -> None:
    tree = project(tmp_path / "tree", "=== helpers/__init__.py\n=== helpers/table.py\nX = 1")
    data = send(tree, "import helpers.table\nobj = helpers.table")
    tree.joinpath("job.pickle").write_bytes(data)
    (text,) = blocks("security.md", "console")
    shown = [line.partition("#")[0].split() for line in text.splitlines()]
    assert len(shown) == 3
    for words in shown:
        assert words[:4] == ["$", "python", "-m", "modulepickle"]
        command(*words[4:], cwd=tree, check=True)


# -- Links ----------------------------------------------------------------------------------------

LINKED = [*PAGES, ROOT / "CHANGELOG.md", TESTS / "README.md", ROOT / "benchmarks/README.md"]


@pytest.mark.parametrize("page", LINKED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if re.match(r"https?:", link):
            continue
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_each_page_is_on_the_site_and_is_linked() -> None:
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert sorted(re.findall(r"- (\S+\.md)$", listed, re.MULTILINE)) == sorted(
        ["index.md", *NAMES, "examples/README.md"]
    )


def test_no_paragraph_stands_on_two_pages() -> None:
    seen: dict[str, str] = {}
    for page in PAGES:
        text = pages.FENCE.sub("", page.read_text(encoding="utf-8"))
        for paragraph in re.split(r"\n\n|\n(?=[-|#])", text):
            words = " ".join(paragraph.split())
            if len(words) > 120:
                assert words not in seen, (page.name, seen[words], words)
                seen[words] = page.name
    assert len(seen) > 100


@pytest.mark.slow
def test_the_site_is_built(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason='pip install -e ".[docs]"')
    pytest.importorskip("mkdocstrings", reason='pip install -e ".[docs]"')
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", site],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    built = {page.relative_to(site).as_posix() for page in site.rglob("index.html")}
    assert {"index.html", "errors/index.html", "engines/dask/index.html"} <= built
    assert "hold" in (site / "api/index.html").read_text(encoding="utf-8")


# -- Names ----------------------------------------------------------------------------------------


def test_the_table_of_the_api_is_what_the_docstrings_say() -> None:
    assert text_of("api.md") == api_page.page(), "to make it anew: python tests/tools/api_page.py"


@pytest.mark.parametrize("name", library.__all__)
def test_each_public_name_has_a_docstring(name: str) -> None:
    obj = getattr(library, name)
    if isinstance(obj, int) or name in ("PickleError", "PicklingError", "UnpicklingError", "Store"):
        return  # a number; of `pickle`; a type with a text behind it
    first, *rest = (inspect.getdoc(obj) or "").splitlines()
    assert first.endswith(".") or name == "PickleBuffer"
    assert not rest or not rest[0], "a blank line stands behind the first"


def test_help_reads_well() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "help('modulepickle')"],
        env={**os.environ, "PAGER": "cat", "TERM": "dumb", "PYTHONPATH": str(SITE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Unpickling runs code: load only what you trust." in done.stdout
    for name in ("explain", "inspect", "dumps", "Policy", "extend_dask", "Report"):
        assert re.search(rf"^    (class )?{name}\(", done.stdout, re.MULTILINE), name


def test_each_setting_of_a_policy_is_in_its_table() -> None:
    text = text_of("policy.md")
    for name in inspect.signature(library.Policy).parameters:
        assert f"| `{name}=" in text
        assert f"| `{name.replace('_', '-')}` |" in text


# -- Contributing ---------------------------------------------------------------------------------


def test_the_table_of_rules_names_files_with_tests_of_each() -> None:
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for number in re.findall(r"^def test_r(\d\d)_", path.read_text(encoding="utf-8"), re.M):
            found.setdefault(f"R{int(number)}", set()).add(path.relative_to(TESTS).as_posix())
    rows = re.findall(r"^\| (R\d+) \| .+? \| (.+) \|$", text_of("contributing.md"), re.MULTILINE)
    assert [rule for rule, _ in rows] == [f"R{number}" for number in range(1, 20)]
    for rule, cell in rows:
        named = {*re.findall(r"\(\.\./tests/(\S+?)\)", cell)}
        assert named <= found[rule], rule
        assert named


def test_no_test_has_the_name_of_another_rule() -> None:
    odd = re.compile(r"^def (test_r(?!\d\d_)\d\w*|test_r(?:00|[2-9]\d)_\w+)", re.MULTILINE)
    files = {path: odd.findall(path.read_text(encoding="utf-8")) for path in TESTS.rglob("*.py")}
    assert {path.name: names for path, names in files.items() if names} == {}


def test_the_table_of_the_house_has_each_folder() -> None:
    folders = {path.parent.name for path in SOURCE.glob("modulepickle/*/__init__.py")}
    text = text_of("contributing.md")
    assert {*re.findall(r"^\| `(_\w+)` \|", text, re.MULTILINE)} == folders


def test_the_groups_are_those_that_there_are() -> None:
    text = (TESTS / "README.md").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = project.partition("\nmarkers = [\n")[2].partition("\n]")[0]
    markers = {*re.findall(r'^  "(\w+):', listed, re.MULTILINE)}
    assert {*re.findall(r"pytest -m (\w+)", text)} == markers
    extras = {*re.findall(r"^([\w-]+) = \[", project.partition("optional-dep")[2], re.MULTILINE)}
    for extra in re.findall(r"\.\[([\w,-]+)\]", text + text_of("contributing.md")):
        assert {*extra.split(",")} <= extras
    for path in re.findall(r"(?<=python )tests/\S+\.py|(?<=pytest )tests/\S+", text):
        assert (ROOT / path).exists(), path
