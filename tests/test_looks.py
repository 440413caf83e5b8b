"""R5: what fails while the working tree is looked at is not kept: the next look is a new one."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from receivers import project, run

TREE = """
    === proj/pyproject.toml
    [project]
    name = "shop"
    === proj/src/shop-1.0.dist-info/METADATA
    Metadata-Version: 2.1
    Name: shop
    Version: 1.0
    === proj/src/core/__init__.py
    from core import part
    import single, ns.inner
    def f():
        return part.X
    === proj/src/core/part.py
    X = 1
    === proj/src/core/data/table.csv
    a,b
    === proj/src/single.py
    import pathlib
    def f():
        return pathlib.Path(__file__).with_name("table.csv").read_text()
    === proj/src/table.csv
    a,b
    === proj/src/ns/inner/__init__.py
"""

# Folders that have not just changed: otherwise they are looked at each time.
HEAD = """
import os, pathlib, sys, warnings
sys.path.insert(0, os.path.abspath("src"))
warnings.simplefilter("ignore")
def settle():
    for folder, _, names in os.walk(os.getcwd()):
        for name in (*names, "."):
            os.utime(os.path.join(folder, name), (10**9, 10**9))
settle()
import modulepickle, core, single, ns.inner
from modulepickle import Policy
from modulepickle._snapshot.jobs import job_now

def by_dumps(obj):
    return modulepickle.dumps(obj)

def strictly(obj):
    return modulepickle.dumps(obj, policy=Policy(include=("core", "single"), strict=True))

def by_a_pool(obj):
    with job_now().here():
        return modulepickle.dumps(obj)
"""


def result_of(folder: Path, code: str) -> Any:
    return run(project(folder, TREE) / "proj", HEAD + textwrap.dedent(code)).result


@pytest.mark.parametrize("before", ["", "look(obj)"])
@pytest.mark.parametrize("way", ["by_dumps", "strictly", "by_a_pool"])
@pytest.mark.parametrize(
    ("obj", "path"),
    [
        ("core.f", "src/core/__init__.py"),
        ("core.f", "src/core"),
        ("core.f", "src"),
        ("single.f", "src/single.py"),
    ],
)
def test_a_file_that_was_away_travels_when_it_is_back(
    tmp_path: Path, obj: str, path: str, way: str, before: str
) -> None:
    code = f"""
    obj, look, path = {obj}, {way}, "{path}"
    {before}
    os.rename(path, "away")
    settle()
    try:
        result = [len(look(obj))]
    except modulepickle.PackagingError:
        result = ["an error"]
    os.rename("away", path)
    settle()
    result += [len(look(obj)) > 20_000]
    """
    assert result_of(tmp_path, code) == ["an error", True]


def test_hold_takes_a_file_that_is_back(tmp_path: Path) -> None:
    code = """
    result = []
    os.rename("src/single.py", "away")
    with modulepickle.hold():
        for _ in range(2):
            try:
                result += [len(modulepickle.dumps(single.f)) > 5_000]
            except modulepickle.PackagingError as error:
                result += [error.problems[0].reason.name]
                os.rename("away", "src/single.py")
    """
    assert result_of(tmp_path, code) == ["GONE", True]


def test_a_job_is_of_what_can_travel_and_of_what_cannot(tmp_path: Path) -> None:
    code = """
    first = job_now()
    os.rename("src/single.py", "away")
    away = job_now()
    result = [first is away, away is job_now(), "single" in away.edited(first)]
    os.rename("away", "src/single.py")
    back = job_now()
    result += [back is away, back is job_now(), "single" in back.edited(away)]
    """
    assert result_of(tmp_path, code) == [False, True, False, False, True, True]


# In each of many children, another one of the first look's calls of the system fails.
SWEEP = """
    import builtins, io, pickle
    import modulepickle._snapshot.mentions, modulepickle._snapshot.stale

    at = calls = 0
    def failing(real):
        def call(path, *args, **options):
            global calls
            if isinstance(path, str) and path.startswith(os.getcwd()):
                calls += 1
                if calls == at:
                    raise ERROR
            return real(path, *args, **options)
        return call
    places = {"stat": [os], "scandir": [os], "listdir": [os], "open": [os, io, builtins]}
    for place, name in [(place, name) for name in places for place in places[name]]:
        setattr(place, name, failing(getattr(place, name)))

    def looks():
        global at, calls
        calls = 0
        try:
            LOOK(core.f)
        except (modulepickle.PackagingError, KeyboardInterrupt):
            pass
        is_over, at = calls < at, 0
        return is_over, LOOK(core.f) == modulepickle.dumps(core.f), modulepickle.dumps(core.f)

    def forked():
        reader, writer = os.pipe()
        if not os.fork():
            try:
                with os.fdopen(writer, "wb") as file:
                    pickle.dump(looks(), file)
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as file:
            data = file.read()
        os.wait()
        return pickle.loads(data)

    expected = forked()[2]
    result, is_over, number = [], False, 0
    while not is_over:
        at = number = number + 1
        is_over, is_same, data = forked()
        if not is_same or data != expected:
            result.append((number, len(data), len(expected)))
    result.append(number > 60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("look", ["by_dumps", "by_a_pool"])
@pytest.mark.parametrize("error", ["OSError(5, 'once')", "KeyboardInterrupt()"])
def test_after_one_call_of_the_system_that_fails_the_next_look_is_right(
    tmp_path: Path, error: str, look: str
) -> None:
    code = textwrap.dedent(SWEEP).replace("ERROR", error).replace("LOOK", look)
    assert result_of(tmp_path, code) == [True]
