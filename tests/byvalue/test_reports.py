"""R19: what people report of code by value, case by case, on the oldest and the newest Python too.

`reports.txt` has them, each a script of a few lines after a public report of somebody's trouble:
`=== TITLE [OLDEST PYTHON]`, the script, `--- NAMES` that are pickled, expressions that are asked.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from byvalue.kinds import Kind, asked, native, sender
from byvalue.test_kinds import RECEIVERS
from receivers import find_interpreters, receive, run, send

pytestmark = pytest.mark.slow


def reports():
    text = (Path(__file__).parent / "reports.txt").read_text(encoding="utf-8")
    found = {}
    for each in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        head, rest = each.split("\n", 1)
        title, oldest = re.fullmatch(r"(.*?)(?: \[3\.(\d+)\])?", head).groups()
        script, end = rest.split("\n--- ")
        names, *expressions = end.strip().split("\n")
        found[title] = Kind(script, names, tuple(expressions), (3, int(oldest or 9)))
    return found


REPORTS = reports()


def test_there_are_reports():
    assert len(REPORTS) > 60


@pytest.mark.parametrize("name", REPORTS)
def test_r19_a_reported_script_arrives(name, tmp_path_factory):
    kind = REPORTS[name]
    if sys.version_info < kind.oldest:
        pytest.skip("not in this Python")
    folder = tmp_path_factory.mktemp("module")
    (folder / "case.py").write_text(kind.script, encoding="utf-8")
    right = run(folder, native(kind)).result
    right = {each: value.replace("case.", "__main__.") for each, value in right.items()}
    data = send(tmp_path_factory.mktemp("script"), f"{kind.script}\n{sender(kind)}")
    for version in RECEIVERS:
        if tuple(map(int, version.split("."))) >= kind.oldest:
            python = find_interpreters()[version]
            assert (version, receive(data, asked(kind), python=python).result) == (version, right)
