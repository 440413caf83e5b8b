"""What the README and its neighbours show is all tested: no block, link or name without a test."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import modulepickle as library
from receivers import SOURCE
from test_readme import BLOCKS, README, blocks, environment, example, modulepickle
from tools import readme_figures

ROOT = SOURCE.parent
TESTS = ROOT / "tests"
TESTS_README = (TESTS / "README.md").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)

CLAIMS = [
    # language, what stands in the block and in no other of that language, the test that runs it
    ("python", "from units import UNIT", "test_readme.py::test_the_first_example"),
    ("python", 'open("f.pickle", "wb")', "test_readme.py::test_the_first_example"),
    ("console", "42 km", "test_readme.py::test_the_first_example"),
    ("sh", "modulepickle demo", "test_packaging.py::test_the_command_that_tries_it"),
    ("", 'old("tea")', "test_readme.py::test_the_demonstration_prints_what_the_readme_shows"),
    ("sh", "[--python ", "test_readme_blocks.py::test_the_command_that_runs_a_function"),
    ("sh", "--docker ", "test_docker.py::test_the_command_line_runs_in_a_container"),
    ("python", "import modulepickle.test", "test_docker.py::test_the_readmes_example"),
    ("", "passed: f in", "test_docker.py::test_the_readmes_example"),
    ("sh", "python -m pytest", "test_readme_blocks.py::test_ci_runs_the_command_for_developers"),
    ("python", "Policy(ignore=", "test_readme.py::test_the_policy_example"),
    ("toml", "[tool.modulepickle]", "test_readme.py::test_the_settings_example"),
    ("shellsession", "explain", "test_readme.py::test_the_examples_of_explain_and_inspect"),
    ("shellsession", "inspect", "test_readme.py::test_the_examples_of_explain_and_inspect"),
    ("", "the loader, once", "test_readme_blocks.py::test_the_picture_shows_what_a_pickle_holds"),
    ("python", "secrets.token_bytes", "test_signed.py::test_the_readme_s_example"),
    ("python", "stores.directory", "test_stores.py::test_the_example_of_many_tasks"),
    ("python", "modulepickle.hold()", "test_hold.py::test_the_readmes_example"),
    ("python", "methodcaller", "test_stores.py::test_the_example_of_a_store_of_ones_own"),
    *[
        ("python", word, f"engines/test_engine_readme.py::test_the_example_of_{test}")
        for word, test in [
            ("context.Pool", "a_pool"),
            ("set_loky_pickler", "joblib"),
            ("Client(", "dask"),
            ("ray.init", "ray"),
            ("SparkSession", "spark"),
        ]
    ],
    (
        "python",
        "AsItCame",
        "engines/test_engine_celery.py::test_arguments_results_exceptions_and_edits",
    ),
]
"""Each block outside the section of errors, of which `test_mistakes.py` makes every one."""


def test_each_block_is_run_by_a_test() -> None:
    errors = README.partition("\n## When something goes wrong\n")[2].partition("\n## ")[0]
    claims = [claim[:2] for claim in CLAIMS]
    for language, text in BLOCKS:
        if language == "text" and text in errors:
            continue
        found = [claim for claim in claims if claim[0] == language and claim[1] in text]
        assert len(found) == 1, f"CLAIMS has {found} for this block:\n```{language}\n{text}```"
        claims.remove(found[0])
    assert claims == [], "no block has these"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim[0]}-{claim[1]}")
def test_each_claim_names_a_test(claim: tuple[str, str, str]) -> None:
    file, _, test = claim[2].partition("::")
    assert re.search(rf"^def {test}\b", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_command_that_runs_a_function(tmp_path: Path) -> None:
    example(tmp_path)
    (command,) = [text for text in blocks("sh") if "[--python " in text]
    command = command.replace("MODULE:FUNCTION", "other:double").replace(
        "[JSON ARGUMENTS...]", "21"
    )
    command = re.sub(r"\[(--python) \w+\]", rf"\1 {sys.executable}", command)
    words = command.split()
    assert words[:4] == ["python", "-m", "modulepickle", "run"]
    done = modulepickle(*words[3:], cwd=tmp_path, check=True)
    assert done.stdout.splitlines()[0] == "'42 km'"


def test_ci_runs_the_command_for_developers() -> None:
    (command,) = [text for text in blocks("sh") if "python -m pytest" in text]
    install, test = command.strip().split(" && ")[2:]
    run = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert f"\n{install} && check {test} || exit\n" in run


def test_the_picture_shows_what_a_pickle_holds(tmp_path: Path) -> None:
    (picture,) = [text for text in blocks("") if "the loader, once" in text]
    data = example(tmp_path)
    report = library.inspect(data)
    assert len(report.data["loaders"]) >= 1
    names = [each["name"] for each in report.snapshots if each["name"]]
    assert sorted(names) == sorted(re.findall(r"snapshot (\w+):", picture)) == ["other", "units"]
    assert {len(line) for line in picture.splitlines()[1:]} == {len(picture.splitlines()[1])}


# -- Links ----------------------------------------------------------------------------------------


def links(text: str) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def anchors(text: str) -> set[str]:
    """What GitHub makes of the titles: lower case, no punctuation, hyphens for blanks."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in links(text):
        path, _, anchor = link.partition("#")
        if re.match(r"https?:", link):
            continue
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_there_are_pages_with_links() -> None:
    assert {ROOT / "README.md", TESTS / "README.md", ROOT / "benchmarks/README.md"} <= {*PAGES}
    assert len([*links(README)]) > 20


def test_the_contents_are_the_titles() -> None:
    contents = README.partition("**Contents:**")[2].partition("\n\n")[0]
    assert re.findall(r"\[([^]]+)\]", contents) == re.findall(r"^## (.+)$", README, re.MULTILINE)


# -- Names ----------------------------------------------------------------------------------------


def test_the_table_of_the_api_is_complete() -> None:
    section = README.partition("\n## In Python\n")[2].partition("\n## ")[0]
    first = [row.split(" | ")[0] for row in re.findall(r"^\| (.+)$", section, re.MULTILINE)]
    rows = section[: section.rindex("\n|")] + section[section.rindex("\n|") :].split("\n\n")[0]
    named = {*re.findall(r"`(\w+)", rows)}
    assert first
    assert {*library.__all__} <= named, "not in the table of the section In Python"
    known = {*library.__all__, "modulepickle", "python", "stores", "test"}
    mentioned = {name for cell in first for name in re.findall(r"`(\w+)", cell)}
    assert mentioned <= known, "in the table, and no name of the library"


@pytest.mark.parametrize("name", library.__all__)
def test_each_public_name_has_a_docstring(name: str) -> None:
    obj = getattr(library, name)
    if isinstance(obj, int) or name in ("PickleError", "PicklingError", "UnpicklingError", "Store"):
        return  # a number; of `pickle`; a type with a text behind it
    first, *rest = (inspect.getdoc(obj) or "").splitlines()
    assert first.endswith(".") or name == "PickleBuffer"
    assert not rest or not rest[0], "a blank line stands behind the first"


# -- Figures --------------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_benchmarks() -> None:
    readme, new = readme_figures.README.read_text(encoding="utf-8"), readme_figures.renewed()
    assert readme == new, "to renew the table: python tests/tools/readme_figures.py"


# -- The tests explain themselves ---------------------------------------------------------------


def test_the_table_of_rules_names_files_with_tests_of_each() -> None:
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for number in re.findall(r"^def test_r(\d\d)_", path.read_text(encoding="utf-8"), re.M):
            found.setdefault(f"R{int(number)}", set()).add(path.relative_to(TESTS).as_posix())
    rows = re.findall(r"^\| (R\d+) \| .+? \| (.+) \|$", TESTS_README, re.MULTILINE)
    assert [rule for rule, _ in rows] == [f"R{number}" for number in range(1, len(rows) + 1)]
    for rule, cell in rows:
        named = {*re.findall(r"\((\S+?)\)", cell)}
        assert named <= found[rule], rule
        assert named


def test_no_test_has_the_name_of_another_rule() -> None:
    odd = re.compile(r"^def (test_r(?!\d\d_)\d\w*|test_r(?:00|[2-9]\d)_\w+)", re.MULTILINE)
    files = {path: odd.findall(path.read_text(encoding="utf-8")) for path in TESTS.rglob("*.py")}
    assert {path.name: names for path, names in files.items() if names} == {}


def test_the_groups_are_those_that_there_are() -> None:
    section = PROJECT.partition("\nmarkers = [\n")[2].partition("\n]")[0]
    markers = {*re.findall(r'^  "(\w+):', section, re.MULTILINE)}
    assert {*re.findall(r"pytest -m (\w+)", TESTS_README)} == markers
    extras = {*re.findall(r"^([\w-]+) = \[", PROJECT.partition("optional-dep")[2], re.MULTILINE)}
    for text in re.findall(r"\.\[([\w,-]+)\]", TESTS_README):
        assert {*text.split(",")} <= extras
    for path in re.findall(r"(?<=python )tests/\S+\.py|(?<=pytest )tests/\S+", TESTS_README):
        assert (ROOT / path).exists(), path


def test_help_reads_well() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "help('modulepickle')"],
        env={**environment(), "PAGER": "cat", "TERM": "dumb", "PYTHONPATH": os.fspath(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Unpickling runs code: load only what you trust." in done.stdout
    for name in ("explain", "inspect", "dumps", "Policy", "extend_dask", "Report"):
        assert re.search(rf"^    (class )?{name}\(", done.stdout, re.MULTILINE), name
