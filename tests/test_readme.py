"""The README: it is short, each block is run, and what it repeats of the pages is there."""

from __future__ import annotations

import re
import runpy
import sys
import types
from pathlib import Path

import pytest

import pages
from pages import ROOT, blocks, commands, follow, section, text_of
from receivers import SOURCE, interpreters, receive, run
from receivers import command as modulepickle

README = text_of("README.md")


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 220


def test_the_first_example_is_on_the_first_screen() -> None:
    lines = README.splitlines()
    assert lines.index("42 km") < 60
    order = ["## Install", "`units.py`:", "$ python send.py", "42 km"]
    places = [next(n for n, line in enumerate(lines) if word in line) for word in order]
    assert places == sorted(places)


def test_what_it_says_is_what_happens(tmp_path: Path) -> None:
    assert follow("README.md", tmp_path / "project") == 4


@pytest.mark.parametrize("python", interpreters())
def test_the_first_example(tmp_path: Path, python: str) -> None:
    found = {each.file: each.text for each in pages.blocks_in(README) if each.file}
    for name in ("units.py", "other.py"):
        tmp_path.joinpath(name).write_text(found[name], encoding="utf-8")
    run(tmp_path, found["send.py"], script="send.py")
    data = tmp_path.joinpath("f.pickle").read_bytes()
    got = receive(data, "print(obj())", python=python, absent=["other", "units"]).stdout
    shown = [said for text in blocks("README.md", "console") for _, said in commands(text)]
    assert got in shown


def test_the_bytes_of_the_example_are_about_what_is_shown(tmp_path: Path) -> None:
    found = {each.file: each.text for each in pages.blocks_in(README) if each.file}
    for name in ("units.py", "other.py"):
        tmp_path.joinpath(name).write_text(found[name], encoding="utf-8")
    first = re.compile(r"^function `other\.double`: ([\d,]+) bytes", re.MULTILINE)
    done = modulepickle("explain", "other:double", cwd=tmp_path, check=True)
    texts = README, done.stdout
    shown, now = (int(first.findall(text)[0].replace(",", "")) for text in texts)
    assert abs(now - shown) < shown / 100  # each zlib packs a little otherwise


def test_the_demonstration_prints_what_is_shown(tmp_path: Path) -> None:
    done = modulepickle("demo", cwd=tmp_path, check=True)
    assert done.stdout.endswith(blocks("README.md", "")[0])
    assert [*tmp_path.iterdir()] == []


def test_ci_runs_the_command_for_developers() -> None:
    command = pages.block("README.md", "sh", "python -m pytest")
    install, test = command.strip().split(" && ")[2:]
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert f"\n{install} && check {test} || exit\n" in script


def test_the_lines_for_frameworks_are_those_of_their_pages() -> None:
    texts = [page.read_text(encoding="utf-8") for page in pages.DOCS.glob("engines/*.md")]
    there = " ".join("".join(texts).split()).replace("( ", "(").replace(" )", ")")
    rows = re.findall(r"^\| .+? \| `(.+?)`", section("README.md", "With a framework"), re.MULTILINE)
    assert len(rows) == 10
    assert [row for row in rows if row not in there] == []


def test_the_errors_are_those_of_their_page() -> None:
    there = text_of("errors.md")
    rows = re.findall(
        r"^\| `(.+?)`.*?\| .*\(docs/errors\.md#(.+?)\)",
        section("README.md", "When something goes wrong"),
        re.MULTILINE,
    )
    assert len(rows) == 5
    for message, anchor in rows:
        assert message in there
        assert anchor in pages.anchors(there)


def test_its_links_lead_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in pages.links(README)}
    subjects = {page.relative_to(ROOT).as_posix() for page in pages.DOCS.glob("*.md")}
    assert subjects <= linked


def test_the_package_says_what_the_readme_says() -> None:
    init = (SOURCE / "modulepickle/__init__.py").read_text(encoding="utf-8")
    assert "load only what you trust" in init
    assert "load only what you trust" in README


def test_on_pypi_its_links_lead_to_the_repository_if_that_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interface = types.SimpleNamespace(MetadataHookInterface=object)  # hatchling's may not be here
    monkeypatch.setitem(sys.modules, "hatchling.metadata.plugin.interface", interface)
    on_pypi = runpy.run_path(str(ROOT / ".ci/readme_on_pypi.py"))["for_pypi"]
    where = "https://example.org/modulepickle/blob/main"
    there = pages.links(on_pypi(README, where))
    assert there == [f"{where}/{link}" for link in pages.links(README)]
    assert pages.links(on_pypi(README)) == []
