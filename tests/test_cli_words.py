"""What can be typed: commands, help, mistakes, completion, several files and their differences."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modulepickle._cli.texts import COMMANDS
from receivers import command as modulepickle
from receivers import project, send

# --- help, and mistakes ---------------------------------------------------------------------------


def test_the_help_lists_each_command(tmp_path: Path) -> None:
    done = modulepickle("--help", cwd=tmp_path, check=True)
    assert done.stderr == ""
    for command in COMMANDS.values():
        assert f"\n    {command.name} " in done.stdout
    assert "\nexamples:\n  python -m modulepickle demo\n" in done.stdout
    assert modulepickle("help", cwd=tmp_path).stdout == done.stdout
    said = modulepickle("cache", "--help", cwd=tmp_path).stdout
    assert modulepickle("help", "cache", cwd=tmp_path).stdout == said


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_with_what_it_does_and_ends_with_examples(tmp_path: Path, name: str) -> None:
    said = modulepickle(name, "--help", cwd=tmp_path, check=True).stdout
    usage, first, *_ = said.split("\n\n")
    assert usage.startswith(f"usage: python -m modulepickle {name} [OPTIONS]")
    assert first == COMMANDS[name].about.partition("\n")[0]
    assert first.endswith(".")
    examples = said.partition("\nexamples:\n")[2]
    assert examples.startswith(f"  python -m modulepickle {name}")
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize("name", COMMANDS)
def test_each_example_is_one(name: str) -> None:
    """Its options are those of the command."""
    known = {each for option in COMMANDS[name].options for each in option.names}
    text = COMMANDS[name].examples.partition("exit codes:")[0]
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert lines
    for line in lines:
        words = line.partition("|")[0].partition(" -- ")[0].split()
        assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["rnu", "train:fit"], "there is no command 'rnu'; did you mean 'run'?"),
        (["xyz"], "there is no command 'xyz'\n"),
        (["--json", "run", "a:b"], "unrecognized arguments: --json"),
        (["cache", "--quite"], "unrecognized arguments: --quite; did you mean '--quiet'?"),
        (["cache", "--js"], "unrecognized arguments: --js; did you mean '--json'?"),
        (["cache", "empty"], "invalid choice: 'empty'"),
        (["inspect"], "the following arguments are required: FILE"),
        (["explain"], "the following arguments are required: MODULE:OBJECT"),
        (["explain", "a:b", "c:d"], "unrecognized arguments: c:d"),
        (["explain", "a:b", "--", "c:d"], "unrecognized arguments: c:d"),
        (["inspect", "a", "--files", "--show", "x"], "not allowed with argument --files"),
        (["run", "a:b", "--timeout"], "argument --timeout: expected one argument"),
    ],
)
def test_what_does_not_fit_shows_the_usage(tmp_path: Path, words: list[str], says: str) -> None:
    done = modulepickle(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m modulepickle ")
    assert says in done.stderr
    assert done.stderr.endswith(" --help\n")
    assert "Traceback" not in done.stderr


def test_the_command_is_called_by_the_name_that_was_typed(tmp_path: Path) -> None:
    code = (
        "from modulepickle.__main__ import main; import sys; sys.argv[0] = {!r}; sys.exit(main())"
    )
    for path, name in [
        ("/some/bin/modulepickle", "modulepickle"),
        ("C:/bin/modulepickle.exe", "modulepickle"),
        ("/x/modulepickle/__main__.py", "python -m modulepickle"),
    ]:
        command = [sys.executable, "-c", code.format(path), "cache", "--help"]
        done = subprocess.run(
            command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith(f"usage: {name} cache ")
        assert f"\n  {name} cache clear\n" in done.stdout


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}

# --- completion -----------------------------------------------------------------------------------


def test_completion_without_what_makes_it_says_what_to_type(tmp_path: Path) -> None:
    project(tmp_path, '=== shtab.py\nraise ImportError("none")')
    env = {"PYTHONPATH": f"{ENVIRONMENT['PYTHONPATH']}{os.pathsep}{tmp_path}"}
    done = modulepickle("--print-completion", "bash", cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "type  pip install shtab" in done.stderr


def test_completion_for_a_shell(tmp_path: Path) -> None:
    shtab = pytest.importorskip("shtab")
    place = Path(shtab.__file__).parents[1]
    env = {"PYTHONPATH": f"{ENVIRONMENT['PYTHONPATH']}{os.pathsep}{place}"}
    done = modulepickle("--print-completion", "bash", cwd=tmp_path, env=env, check=True)
    path = tmp_path / "completion"
    path.write_text(done.stdout)
    bash = shutil.which("bash")
    if bash is not None:
        script = """
            source completion
            COMP_WORDS=(modulepickle %s)
            COMP_CWORD=%d
            COMPREPLY=()
            %s modulepickle
            printf '%%s\\n' "${COMPREPLY[@]}"
        """
        function = done.stdout.rpartition("complete -")[2].split()[-2]
        cases = [("ins", "inspect"), ("run --iso", "--isolated"), ("inspect compl", path.name)]
        for words, want in cases:
            at = len(words.split())
            code = script % (words, at, function)
            shown = subprocess.run(
                [bash, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
            )
            assert shown.stdout.split() == [want]
    done = modulepickle("--print-completion", "cmd", cwd=tmp_path, env=env)
    assert done.returncode == 2
    assert "there is no completion for cmd; there is for bash" in done.stderr


# --- several files --------------------------------------------------------------------------------

OLD = """
    === shop/__init__.py
    import pytest
    from shop.prices import PRICES
    def quote(item): return PRICES[item]
    === shop/prices.py
    PRICES = {"tea": 3}
    === shop/old.txt
    old
    === units.py
    UNIT = "km"
"""
NEW = """
    === shop/__init__.py
    import units
    from shop.prices import PRICES
    def quote(item): return PRICES[item]
    === shop/prices.py
    PRICES = {"tea": 4_000}
    === shop/new.txt
    new
    === units.py
    UNIT = "km"
"""
CODE = """
import collections, functools, shop
def own(x): return {value}
obj = [shop.quote, own, {name}]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pickles, and beside their folder the projects that they are of."""
    place = tmp_path_factory.mktemp("words")
    folder = place / "pickles"
    folder.mkdir()
    for name, files, value, other in [
        ("old", OLD, "1", "collections.OrderedDict"),
        ("new", NEW, "2", "functools.partial"),
    ]:
        tree = project(place / name, files)
        folder.joinpath(name).write_bytes(send(tree, CODE.format(value=value, name=other)))
    return folder


def test_two_pickles_differ(folder: Path) -> None:
    done = modulepickle("inspect", "old", "new", "--diff", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        done.stdout
        == f"""\
old and new differ
packages
  ~ shop
    ~ shop/__init__.py  82 -> 81 bytes
    + shop/new.txt  4 bytes
    - shop/old.txt  4 bytes
    ~ shop/prices.py  20 -> 24 bytes
  + units
    + units.py  12 bytes
requirements
  - pytest  {pytest.__version__}
code by value
  ~ function own
would import
  - collections.OrderedDict
  + functools.partial
"""
    )


def test_the_difference_as_json(folder: Path) -> None:
    done = modulepickle("inspect", "old", "new", "--diff", "--json", cwd=folder)
    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert (data["same"], data["identical"], data["files"]) == (False, False, ["old", "new"])
    changes = [(each["name"], each["change"]) for each in data["packages"]]
    assert changes == [("shop", "changed"), ("units", "added")]
    assert data["packages"][0]["files"][1] == {
        "path": "shop/new.txt", "change": "added", "bytes": [None, 4],
    }  # fmt: skip
    assert data["packages"][1]["archives"][0] is None


def test_a_pickle_does_not_differ_from_itself_or_its_like(folder: Path) -> None:
    done = modulepickle("inspect", "old", "old", "--diff", cwd=folder)
    said = "old and old carry the same packages, requirements and code\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    code = "import units\nobj = [units, {}]"
    for name in ("1", "22"):
        data = send(folder.parent / "new", code.format(name))
        folder.joinpath(f"with {name}").write_bytes(data)
    done = modulepickle("inspect", "with 1", "with 22", "--diff", cwd=folder)
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first == "with 1 and with 22 carry the same packages, requirements and code"
    assert second.startswith("the bytes differ: ")


def test_packages_in_a_store_differ_by_their_archives(folder: Path) -> None:
    for name in ("old", "new"):
        dumps = f"modulepickle.dumps(obj, store=modulepickle.stores.directory({str(folder)!r}))"
        tree = folder.parent / name
        folder.joinpath(f"{name} stored").write_bytes(send(tree, "import shop as obj", dumps=dumps))
    done = modulepickle("inspect", "old stored", "new stored", "--diff", cwd=folder)
    assert done.returncode == 1
    assert "  ~ shop\n    its files are not in both pickles, so they were not compared\n" in (
        done.stdout
    )


def test_damage_is_a_difference_that_cannot_be_told(folder: Path) -> None:
    folder.joinpath("cut").write_bytes(folder.joinpath("old").read_bytes()[:-40])
    done = modulepickle("inspect", "old", "cut", "--diff", cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("modulepickle: cut: ")


def test_several_files_stand_under_their_names(folder: Path) -> None:
    done = modulepickle("inspect", "old", "new", cwd=folder, check=True)
    old, new = (modulepickle("inspect", name, cwd=folder).stdout for name in ("old", "new"))
    assert done.stdout == f"old:\n{old}\nnew:\n{new}"
    done = modulepickle("inspect", "old", "new", "--files", cwd=folder, check=True)
    assert [line for line in done.stdout.splitlines() if ":" in line] == ["old:", "new:"]
    done = modulepickle("inspect", "--check", "old", "new", cwd=folder, check=True)
    assert done.stdout.startswith("old:\nnothing is missing: 1 distribution\n\nnew:\n")
    folder.joinpath("text").write_text("hello")
    assert modulepickle("inspect", "old", "text", cwd=folder).returncode == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["old", "--diff"], "--diff compares two FILEs, and there is one"),
        (["old", "old", "old", "--diff"], "--diff compares two FILEs, and there are 3"),
        (["-", "-"], "standard input can be read once; name - once"),
        (["old", "new", "--show", "x"], "--show prints a file of one pickle; name one FILE"),
        (["old", "--show", "x", "--json"], "--show prints a file as it is; type it without --json"),
        (["old", "gone"], "cannot read gone: No such file or directory"),
    ],
)
def test_files_that_do_not_go_together(folder: Path, words: list[str], says: str) -> None:
    done = modulepickle("inspect", *words, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_help_of_a_command_that_is_misspelt(tmp_path: Path) -> None:
    done = modulepickle("help", "inspekt", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no command 'inspekt'; did you mean 'inspect'?" in done.stderr


def test_no_requirements_are_told_as_well(tmp_path: Path) -> None:
    tree = project(tmp_path, "=== shop.py\ndef f():\n    return 1\n")
    done = modulepickle("requirements", "shop:f", cwd=tree)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "modulepickle: shop:f needs nothing that has to be installed\n"
