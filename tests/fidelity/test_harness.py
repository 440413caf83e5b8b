"""The harness itself: it finds what differs, says where, and survives what its children do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fidelity.case import CASES, MODES, Case
from fidelity.forkserver import normal
from fidelity.modes import Harness, differences

pytestmark = pytest.mark.fidelity  # it belongs to the group that is run with it
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork here")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    import sys

    version = "{}.{}".format(*sys.version_info)
    with Harness(version, tmp_path_factory.mktemp("fidelity"), seconds=3) as harness:
        yield harness


def made(body: str, **options: Any) -> Case:
    """A case of one package, `pkg`, with `body` in its function; `V` is the version."""
    lines = "\n".join("    " + line for line in body.splitlines())
    files = f"=== pkg.py\nimport os, sys, time\nV = @V@\ndef f():\n{lines}\n"
    return Case("r00_made", files, "import pkg\nobj = pkg.f", **options)


HERE = "'cache' in __file__ or not os.path.exists(__file__)"


@needs_fork
def test_r17_what_is_the_same_is_no_difference(harness: Harness) -> None:
    assert harness.run(made("return V, __file__, [sys.flags.isolated, sys.flags.no_site]")) == {
        mode: [] for mode in MODES
    }


@needs_fork
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f"return V, {HERE}", "got (1, True), want (1, False)"),
        (f"if {HERE}: raise KeyError('x')\nreturn V", "got builtins.KeyError: 'x' (at <root>/pkg."),
        (f"if {HERE}:\n    import warnings; warnings.warn('w')\nreturn V", "('UserWarning', 'w', "),
        (f"if {HERE}: os.abort()\nreturn V", "it gave no answer, status 6"),
        (f"if {HERE}: print('words', flush=True); os._exit(3)\nreturn V", "words"),
    ],
)
def test_r17_differences_are_found_in_every_mode(harness: Harness, body: str, said: str) -> None:
    for mode, lines in harness.run(made(body)).items():
        assert any(said in line for line in lines), (mode, lines)


@needs_fork
def test_r17_errors_are_compared_in_all_they_have(harness: Harness) -> None:
    body = f"raise ImportError('m', name='home' if {HERE} else V, path=f'/x/pkg/{{V}}')"
    found = harness.run(made(body, raises=True), ("alone",))["alone"]
    assert found[0] == """the shipped, call 1: name: got "'home'", want '1'"""
    body = f"try: {{}}[V]\nexcept KeyError as e: raise TypeError(V) from (None if {HERE} else e)"
    found = harness.run(made(body, raises=True), ("alone",))["alone"]
    assert found[0] == "the shipped, call 1: __cause__: got 'NoneType', want 'KeyError'"


@needs_fork
def test_r17_a_child_that_hangs_is_ended_and_the_next_one_answers(harness: Harness) -> None:
    found = harness.run(made(f"if {HERE}: time.sleep(60)\nreturn V"), ("alone",))
    assert "no answer" in found["alone"][0]
    assert harness.run(made("return V"), ("alone",)) == {"alone": []}


@needs_fork
def test_r11_what_is_done_to_the_hosts_modules_is_found(harness: Harness) -> None:
    case = made("vars(sys)['modules']['pkg'].V = 9 * V\nreturn V")
    found = harness.run(case, ("older",))["older"]
    assert "pkg.V is another object" in found


@needs_fork
def test_r13_there_is_no_disk_without_a_disk(harness: Harness) -> None:
    case = made("import tempfile\nreturn V, os.path.exists(__file__)")
    found = harness.run(case, ("alone", "no_disk"))
    assert found["alone"] == []
    assert "got (1, False), want (1, True)" in found["no_disk"][0]


@needs_fork
@pytest.mark.parametrize(
    ("case", "said"),
    [
        (made("return nothing, V"), "natively: {'step': 'call'"),
        (made("return 1"), "the versions' native answers"),
        (made("return V", raises=True), "natively: {'step': 'call'"),
        (Case("r00_made", "=== pkg.py\nV = @V@", "import pkk"), "No module named 'pkk'"),
    ],
)
def test_r17_a_case_that_means_nothing_is_refused(harness: Harness, case: Case, said: str) -> None:
    with pytest.raises(AssertionError, match="r00_made") as caught:
        harness.run(case)
    assert said in str(caught.value)


@needs_fork
def test_r15_warnings_of_dumps_are_told_unless_they_are_expected(harness: Harness) -> None:
    policy = "include=('nothing_of_that_name',)"
    found = harness.run(made("return V", policy=policy, warned="no such warning"), ("alone",))
    assert "should warn of 'no such warning'" in found["alone"][0]


def test_r17_a_message_may_say_more_only_behind_an_import_error() -> None:
    def records(error: dict[str, Any]) -> list[dict[str, Any]]:
        load = {"step": "load", "key": 1, "warnings": []}
        call = {"step": "call", "key": 1, "warnings": [], "error": {"frames": [], **error}}
        return [load, call]

    missing = {"type": "ModuleNotFoundError", "message": "No module named 'x'", "name": "'x'"}
    more = {**missing, "message": missing["message"] + ", imported by pkg"}
    assert differences(records(more), {1: records(missing)}) == []
    assert differences(records({**missing, "message": "No x"}), {1: records(missing)})
    wrong = {"type": "ValueError", "message": "a"}
    assert differences(records({**wrong, "message": "ab"}), {1: records(wrong)})


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("/tmp/a/tree1/pkg/x.py", "<root>/pkg/x.py"),
        ("['/c/modulepickle-0/12ab/pkg', 1]", "['<root>/pkg', 1]"),
        ('File "/dev/null/12ab/mod.py", line 3', 'File "<root>/mod.py", line 3'),
        (os.__file__.replace("os.py", "pkg.py"), os.__file__.replace("os.py", "pkg.py")),
        ("a/pkg/b and /other/place.py", "a/pkg/b and /other/place.py"),
        ("<C object at 0x7f0011223344>", "<C object at 0x...>"),
    ],
)
def test_r17_places_do_not_count(text: str, want: str) -> None:
    assert normal(text, ["pkg", "mod"]) == want


def test_r17_projects_are_written_as_described(tmp_path: Path) -> None:
    files = """
    === pkg/__init__.py
    V = @V@
    === pkg/run exec
    #!/bin/sh
    === pkg/link -> run
    === pkg/empty/.keep
    === pkg/where.txt
    @ROOT@
    """
    folder = Case("r00_made", files, "obj = @V@").write(tmp_path / "tree", 2)
    assert (folder / "pkg/__init__.py").read_text() == "V = 2\n# version 2\n"
    assert os.access(folder / "pkg/run", os.X_OK)
    assert os.readlink(folder / "pkg/link") == "run"
    assert os.listdir(folder / "pkg/empty") == []
    assert (folder / "pkg/where.txt").read_text() == f"{folder}\n"
    assert (folder / "the_script.py").read_text() == "obj = 2"


def test_r17_there_are_enough_cases() -> None:
    import fidelity.cases  # noqa: F401

    assert len(CASES) >= 120
