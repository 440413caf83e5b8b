"""What a command writes where: results, reports, colours, progress, JSON; and when nobody reads."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modulepickle._cli import schema as commands_schema
from modulepickle._cli.progress import line
from modulepickle._report import schema as reports_schema
from receivers import command as modulepickle
from receivers import project, send
from terminals import COMMAND, environment, in_terminal

TREE = """
    === shop/__init__.py
    from shop.prices import PRICES
    def quote(item, n=1):
        return f"{item}: {n * PRICES[item]}"
    def says(x):
        print("on stdout")
        return {"x": [x, None]}
    def fails():
        raise KeyError("tea")
    def much():
        for i in range(100_000):
            print("x" * 50)
    def broken():
        raise BrokenPipeError("of its own")
    === shop/prices.py
    PRICES = {"tea": 3}
    === bad.py
    import threading
    lock = threading.Lock()
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that no test writes into."""
    found = project(tmp_path_factory.mktemp("streams") / "tree", TREE)
    found.joinpath("f.pickle").write_bytes(send(found, "import shop\nobj = shop.quote"))
    return found


def terminal(tree: Path, *words: str, **env: str) -> str:
    columns = int(env.pop("columns", "80"))
    _, output = in_terminal([*COMMAND, *words], tree, environment(tree, env), columns)
    return output.decode().replace("\r\n", "\n")


def red(text: str) -> str:
    return f"\x1b[1;31m{text}\x1b[0m"


# --- colours --------------------------------------------------------------------------------------


def test_a_terminal_gets_colours(tree: Path) -> None:
    said = terminal(tree, "explain", "shop:quote")
    assert "\x1b[1mpackages that travel\x1b[0m\n" in said
    assert re.search(r"  \x1b\[1;32mshop\x1b\[0m  2 files, \x1b\[36m[\d,]+ bytes\x1b\[0m", said)
    assert red("modulepickle:") + " 'shop' has no 'qoute'" in terminal(tree, "run", "shop:qoute")
    assert "\x1b[1;32mshop\x1b[0m  " in terminal(tree, "run", "shop:quote", "tea")
    assert red("cannot travel") in terminal(tree, "explain", "bad:lock")


WITHOUT = [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}]


@pytest.mark.parametrize("env", WITHOUT)
def test_colours_can_be_switched_off(tree: Path, env: dict[str, str]) -> None:
    assert "\x1b" not in terminal(tree, "explain", "bad:lock", **env)


def test_a_pipe_gets_no_colours_unless_they_are_asked_for(tree: Path) -> None:
    words = [*COMMAND, "explain", "shop:quote"]

    def said(**env: str) -> str:
        done = subprocess.run(words, cwd=tree, env=environment(tree, env), stdout=subprocess.PIPE)
        return done.stdout.decode()

    assert "\x1b" not in said()
    assert "\x1b" not in said(NO_COLOR="", FORCE_COLOR="")
    assert "\x1b[1;32mshop\x1b[0m" in said(FORCE_COLOR="1")


def test_each_stream_is_looked_at_by_itself(tree: Path) -> None:
    read, write = os.pipe()
    command = [*COMMAND, "run", "shop:quote", "tea"]
    code, output = in_terminal(command, tree, environment(tree, {}), stdout=write)
    os.close(write)
    with open(read, "rb") as file:
        assert (code, file.read()) == (0, b"'tea: 3'\n")
    assert b"\x1b[1;32mshop\x1b[0m" in output


def test_help_fits_the_terminal(tree: Path) -> None:
    said = terminal(tree, "run", "--help", NO_COLOR="1", columns="60")
    # Up to Python 3.9, the title has another name.
    options = said.partition("--python PATH")[2].partition("\n\n")[0]
    widths = [len(line) for line in options.splitlines()]
    assert 45 < max(widths) <= 60


# --- progress -------------------------------------------------------------------------------------

AT_ONCE = """
import sys
from modulepickle._cli import progress
progress.DELAY, progress.EVERY = 0.0, 0.001
from modulepickle.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def progressed(tree: Path, *words: str, **env: str) -> str:
    """What a terminal gets of a command for which nothing is too short to be shown."""
    columns = int(env.pop("columns", "80"))
    command = [sys.executable, "-c", AT_ONCE, *words]
    _, output = in_terminal(command, tree, environment(tree, {"NO_COLOR": "1", **env}), columns)
    return output.decode().replace("\r\n", "\n")


def test_a_terminal_sees_what_takes_long(tree: Path) -> None:
    said = progressed(tree, "run", "shop:quote", "tea")
    assert "\r\x1b[Kpacking what shop:quote needs ... 0 s" in said
    assert re.search(r"\r\x1b\[Kunpacking [\d,]+ bytes there \.\.\. 0 s", said)
    # The line is gone before the next thing is written.
    assert "\r\x1b[K'tea: 3'\n" in said
    for shown in re.findall(r"[^\r\n]*\.\.\. \d+ s[^\r]*", said):
        assert "\n" not in shown


def test_the_line_fits_the_terminal(tree: Path) -> None:
    said = progressed(tree, "run", "shop:quote", "tea", columns="20")
    shown = re.findall(r"\x1b\[K([^\r\n]*\.\.\.)", said)
    assert shown
    assert max(map(len, shown)) < 20
    assert (
        line("packing what shop:quote needs", 61.2, 80) == "packing what shop:quote needs ... 61 s"
    )
    assert line("packing what shop:quote needs", 61.2, 20) == "packing what sho..."


@pytest.mark.parametrize(
    ("words", "env"),
    [(["--quiet"], {}), ([], {"TERM": "dumb"}), (["--quiet", "--json"], {})],
)
def test_progress_is_not_shown_to_who_wants_none(
    tree: Path, words: list[str], env: dict[str, str]
) -> None:
    assert "..." not in progressed(tree, "run", "shop:quote", "tea", *words, **env)


def test_a_pipe_gets_no_progress(tree: Path) -> None:
    command = [sys.executable, "-c", AT_ONCE, "run", "shop:quote", "tea"]
    done = subprocess.run(command, cwd=tree, env=environment(tree, {}), capture_output=True)
    assert done.stdout == b"'tea: 3'\n"
    assert b"..." not in done.stderr


# --- results, and reports -------------------------------------------------------------------------


def test_results_go_to_stdout_and_reports_to_stderr(tree: Path) -> None:
    done = modulepickle("run", "shop:says", "1", cwd=tree, check=True)
    assert done.stdout == "on stdout\n{'x': [1, None]}\n"
    assert done.stderr.startswith("shop  ")
    done = modulepickle("run", "shop:says", "1", "-q", cwd=tree, check=True)
    assert (done.stdout, done.stderr) == ("on stdout\n{'x': [1, None]}\n", "")


def test_quiet_leaves_errors_and_warnings(tmp_path: Path) -> None:
    tree = project(tmp_path, TREE)
    done = modulepickle("run", "shop:fails", "-q", cwd=tree)
    assert done.stderr.endswith(
        "KeyError: 'tea'\nmodulepickle: shop:fails failed there, see above\n"
    )
    text = '=== pyproject.toml\n[tool.modulepickle]\ninclude = ["no_such"]\n'
    done = modulepickle("run", "shop:quote", "tea", "-q", cwd=project(tree, text))
    if sys.version_info >= (3, 11):  # which reads pyproject.toml by itself
        assert done.stderr.startswith("modulepickle: warning: ")
        assert "no_such" in done.stderr
        assert ".py:" not in done.stderr


@pytest.mark.slow
def test_what_the_library_logs_is_a_warning_of_the_command(tmp_path: Path) -> None:
    tree = project(tmp_path, TREE)
    tree.joinpath("shop/large.bin").write_bytes(bytes(11_000_000))
    done = modulepickle("run", "shop:quote", "tea", "-q", cwd=tree, check=True)
    (said,) = done.stderr.splitlines()
    assert said.startswith("modulepickle: warning: shop has 11,000,")
    done = modulepickle("explain", "shop:quote", cwd=tree, check=True)
    assert done.stderr == ""
    assert "package `shop` has 11,000," in done.stdout
    tree.joinpath("logs.py").write_text(
        "import logging, shop\nlogging.basicConfig()\nf = shop.quote"
    )
    done = modulepickle("run", "logs:f", "tea", "-q", cwd=tree, check=True)
    assert done.stderr.startswith("WARNING:modulepickle:shop has 11,000,")


def keys(schema: Any) -> set[str]:
    return {*schema.__annotations__}


def test_json_is_what_its_schema_says(tree: Path) -> None:
    def data(*words: str) -> Any:
        done = modulepickle(*words, "--json", cwd=tree)
        assert done.stderr == "" or words[0] == "run"
        return json.loads(done.stdout)

    found = data("run", "shop:says", "1")
    assert {*found} == keys(commands_schema.RunData)
    assert {*found["snapshots"][0]} == keys(commands_schema.SnapshotRun)
    assert (found["outcome"], found["value"]) == ("returned", {"x": [1, None]})
    assert found["result"] == "{'x': [1, None]}"
    found = data("run", "shop:fails")
    assert {*found} == keys(commands_schema.RunData)
    assert (found["outcome"], found["raised"], found["exit_code"]) == ("raised", "KeyError", 1)
    assert found["traceback"].endswith("KeyError: 'tea'\n")
    assert {*data("explain", "shop:quote")} == keys(reports_schema.ExplainData)
    assert {*data("inspect", "f.pickle")} == keys(reports_schema.InspectData)
    assert [each["file"] for each in data("inspect", "f.pickle", "f.pickle")] == ["f.pickle"] * 2
    assert {*data("inspect", "f.pickle", "--check")} == keys(commands_schema.CheckData)
    assert {*data("inspect", "f.pickle", "f.pickle", "--diff")} == keys(reports_schema.DiffData)
    assert {*data("requirements", "shop:quote")} == keys(commands_schema.RequirementsData)
    assert {*data("cache")} == keys(commands_schema.CacheData)
    assert {*data("cache")["entries"][0]} == keys(commands_schema.CacheEntry)
    assert {*data("demo")} == keys(commands_schema.DemoData)


def test_with_json_what_the_function_prints_is_a_report(tree: Path) -> None:
    done = modulepickle("run", "shop:says", "1", "--json", cwd=tree, check=True)
    json.loads(done.stdout)
    assert done.stderr.startswith("on stdout\n")


@pytest.mark.slow
def test_one_hash_has_one_name_everywhere(tree: Path, tmp_path: Path) -> None:
    env = {"MODULEPICKLE_CACHE": str(tmp_path)}

    def said(*words: str) -> Any:
        return modulepickle(*words, cwd=tree, env=env, check=True)

    ran = json.loads(said("run", "shop:quote", "tea", "--json").stdout)
    (archive,) = [each["archive"] for each in ran["snapshots"]]
    for words in (["explain", "shop:quote"], ["inspect", "f.pickle"]):
        data = json.loads(said(*words, "--json").stdout)
        assert [each["archive"] for each in data["snapshots"]] == [archive]
        assert f"archive: {archive}" in said(*words).stdout
    assert archive[:16] in said("run", "shop:quote", "tea").stderr
    assert said("inspect", "f.pickle", "--files").stdout.startswith(f"{archive[:8]}  ")
    assert said("inspect", "f.pickle", "--show", f"{archive[:8]}/shop/prices.py").stdout
    entries = json.loads(said("cache", "--json").stdout)["entries"]
    assert [each["archive"] for each in entries if each["kind"] == "package"] == [archive]


# --- when nobody reads ----------------------------------------------------------------------------

COMMANDS = [
    ["explain", "shop:quote"], ["inspect", "f.pickle", "--show", "shop/prices.py"],
    ["run", "shop:says", "1", "-q"], ["run", "shop:much", "-q"], ["run", "--help"],
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_pipe_that_nobody_reads_is_left_quietly(tree: Path, words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=tree,
        env=environment(tree, {"PYTHONUNBUFFERED": ""}),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_broken_pipe_of_the_function_s_own_is_its_error(tree: Path) -> None:
    done = modulepickle("run", "shop:broken", cwd=tree)
    assert done.returncode == 1
    assert "BrokenPipeError: of its own\n" in done.stderr


def test_reports_that_nobody_reads_are_none_s_error(tree: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [*COMMAND, "run", "shop:quote", "tea"]
    env = environment(tree, {})
    done = subprocess.run(command, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=write)
    os.close(write)
    assert (done.returncode, done.stdout) == (0, b"'tea: 3'\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
def test_a_full_disk_is_an_error(tree: Path) -> None:
    command = [*COMMAND, "run", "shop:quote", "tea", "-q"]
    env = environment(tree, {})
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, cwd=tree, env=env, stdout=full, stderr=subprocess.PIPE)
    said = b"modulepickle: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


CLOSED = {
    "run shop:quote tea >&-": False,
    "run shop:quote tea 2>&-": True,
    "explain shop:quote >&- 2>&-": False,
    "--help >&-": False,
    "cache <&-": True,
}


@pytest.mark.slow
@pytest.mark.parametrize("words", CLOSED)
def test_streams_may_be_closed(tree: Path, words: str) -> None:
    command = ["sh", "-c", f'exec "$0" -m modulepickle {words}', sys.executable]
    env = environment(tree, {})
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) == CLOSED[words]
