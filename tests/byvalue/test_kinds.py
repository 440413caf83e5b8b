"""R19: what a script defines arrives as plain pickle sends what a module defines."""

from __future__ import annotations

import sys
import textwrap

import pytest

from byvalue.kinds import KINDS, asked, native, sender
from receivers import VERSIONS, find_interpreters, receive, run, send

RUNNING = "{}.{}".format(*sys.version_info)
FOUND = [each for each in VERSIONS if each in find_interpreters()]
RECEIVERS = [*dict.fromkeys([RUNNING, FOUND[0], FOUND[-1]])]
"""The same Python, the oldest, and the newest."""


def test_there_are_kinds():
    assert len(KINDS) > 10


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the right values of a kind, and its pickle: made once."""
    known = {}

    def make(name):
        if name not in known:
            kind = KINDS[name]
            folder = tmp_path_factory.mktemp("kind")
            script = textwrap.dedent(kind.script)
            (folder / "case.py").write_text(script, encoding="utf-8")
            right = run(folder, native(kind)).result
            elsewhere = tmp_path_factory.mktemp("script")
            known[name] = right, send(elsewhere, f"{script}\n{sender(kind)}")
        return known[name]

    return make


@pytest.mark.parametrize("version", RECEIVERS)
@pytest.mark.parametrize("name", KINDS)
def test_r19_a_script_arrives_as_a_module_by_name(name, version, made):
    number = tuple(map(int, version.split(".")))
    if number < KINDS[name].oldest or sys.version_info < KINDS[name].oldest:
        pytest.skip("not in this Python")
    right, data = made(name)
    got = receive(data, asked(KINDS[name]), python=find_interpreters()[version]).result
    assert got == {each: value.replace("case.", "__main__.") for each, value in right.items()}
