"""`python -m modulepickle`."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mishaps import on_small_disk
from receivers import SITE, SOURCE, VERSIONS, find_interpreters, project
from test_readme import modulepickle

TREE = """
    === train.py
    import helpers

    def fit(x, n=2):
        return helpers.double(x) * n

    def bad(x):
        return helpers.fail(x)

    number = 5
    === src/inner/__init__.py
    === some.pickle
    N.
    === quits.py
    raise SystemExit(3)
    === circle.py
    import round_
    x = 1
    === round_.py
    from circle import x
    === sends.py
    import modulepickle
    def f():
        return 1
    === helpers/deep.py
    def double(x):
        return 2 * x
    === helpers/__init__.py
    def double(x):
        return 2 * x

    def fail(x):
        raise ValueError(f"no {x}")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def test_run_prints_the_result_and_a_line_for_each_snapshot(tree: Path) -> None:
    done = modulepickle("run", "train:fit", "21", "3", cwd=tree, check=True)
    assert done.stdout == "126\n"
    *lines, last = done.stderr.splitlines()
    assert [line.split()[0] for line in lines] == ["helpers", "train"]
    for line, count in zip(lines, ["2 files", "1 file"]):
        assert re.fullmatch(rf"\w+  [0-9a-f]{{16}}  {count}  \d\d+ bytes", line)
    times = "pickled in T ms, loaded in T ms, called in T ms"
    assert re.fullmatch(times.replace("T", r"[\d.]+"), last)


def test_run_fails_with_the_remote_traceback_and_its_source_lines(tree: Path) -> None:
    done = modulepickle("run", "train:bad", '"x"', cwd=tree)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "    return helpers.fail(x)\n" in done.stderr
    assert '    raise ValueError(f"no {x}")\n' in done.stderr
    assert "ValueError: no x\n" in done.stderr
    assert str(tree) not in done.stderr


def test_run_on_another_interpreter(tree: Path) -> None:
    for version in {*find_interpreters()} & {*VERSIONS}:
        python = find_interpreters()[version]
        done = modulepickle("run", "train:fit", "1", "--python", python, cwd=tree, check=True)
        assert done.stdout.startswith("4\n")


def test_run_says_that_nothing_was_shipped(tree: Path) -> None:
    done = modulepickle("run", "json:dumps", "[1]", cwd=tree, check=True)
    assert done.stdout == "'[1]'\n"
    assert done.stderr.startswith("nothing was shipped: json:dumps is installed")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train"], "write for example  train:fit"),
        (["train.fit"], "write for example  train:fit"),
        (["helpers.deep.double"], "write for example  helpers.deep:double"),
        (["train:"], "'train:' is not MODULE:FUNCTION; write for example  train:fit"),
        (["./helpers/dep.py:double"], "there is no file ./helpers/dep.py; did you mean 'deep.py'?"),
        (["helper/deep.py:double"], "there is no folder helper"),
        (["helpers/deep.py"], "is a file; name what is in it:  helpers/deep.py:double"),
        (["train.py:"], "train.py is a file; name what is in it:  train.py:fit"),
        (["train.py:fti"], "'train.py' has no 'fti'; did you mean 'fit'?"),
        (["../far.py:f"], "there is no file ../far.py"),
        (["nope:f"], "there is no module 'nope' here"),
        (["nope:f"], "; run this in the folder that it is imported from"),
        (["trian:fit"], "; did you mean 'train'?"),
        (["inner:f"], "'inner' has no 'f'"),
        (["helpers"], "'helpers' is not MODULE:FUNCTION; write for example  train:fit"),
        (["./helpers"], "./helpers is a folder; name what is in it:  ./helpers:double"),
        (["some.pickle"], "is a file, and not MODULE:FUNCTION; to see what a pickle holds, type"),
        (["helpers.dep:double"], "no module 'helpers.dep' here"),
        (["helpers.dep:double"], "; did you mean 'deep'?"),
        (["train:nope"], "'train' has no 'nope'"),
        (["train:fti"], "'train' has no 'fti'; did you mean 'fit'?"),
        (["helpers:deep.double"], "'helpers' has no 'deep'; it is a module: write  helpers.deep:"),
        (["train:fit.x"], "'train:fit' has no 'x'"),
        (["quits:f"], "quits ends the process when it is imported (exit code 3): put what it does"),
        (["train:number"], "train:number is an int, which cannot be called"),
        (["train:fit", "n=1"], "missing a required argument: 'x'; train:fit takes (x, n=2)"),
        (["train:fit", "1", "m=1"], "got an unexpected keyword argument 'm'; train:fit takes (x,"),
        (["train:fit", "x=1", "x=2"], "the argument x=... is given twice; type it once"),
        (["train:fit", "n=1", "2"], "the argument 2 comes after n=...; positional arguments come"),
        (["train:fit", "1", "--env", "=x"], "--env takes NAME=VALUE, not =x"),
        (
            ["train:fit", "1", "--env", "NO_SUCH"],
            "no such variable here; type  --env NO_SUCH=VALUE",
        ),
        (["train:fit", "1", "--timeout", "0"], "a number of seconds above 0, not 0"),
        (["train:fit", "1", "--timeout", "nan"], "a number of seconds above 0, not nan"),
        (["train:fit", "1", "--timeout", "soon"], "invalid float value: 'soon'"),
        (["train:fit", "1", "--jsno"], "unrecognized arguments: --jsno; did you mean '--json'?"),
        (["train:fit", "1", "--python", "/no/python"], "give --python PATH"),
        (["train:fit", "1", "--python", "3.9"], "for example --python python3.9"),
    ],
)
def test_mistakes_say_what_to_type(tree: Path, arguments: list[str], says: str) -> None:
    done = modulepickle("run", *arguments, cwd=tree)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_command_it_lists_them(tmp_path: Path) -> None:
    done = modulepickle(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    for command in ("demo", "run", "explain", "inspect", "cache"):
        assert f"\n    {command} " in done.stderr


def test_a_module_that_cannot_be_imported_is_told_by_its_own_lines(tree: Path) -> None:
    for command in ("run", "explain"):
        done = modulepickle(command, "circle:f", cwd=tree)
        assert done.returncode == 2
        first, second, *rest = done.stderr.splitlines()
        assert first == "Traceback (most recent call last):"
        assert second == f'  File "{tree}/circle.py", line 1, in <module>'
        assert rest[-2].startswith("ImportError: cannot import name 'x'")
        assert rest[-1] == "modulepickle: circle cannot be imported, see above"


def test_an_interpreter_that_is_none_or_too_old_is_told(tree: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text(f"""#!{sys.executable}
import sys
sys.version_info, sys.version, sys.argv = (3, 8, 18), "3.8.18 (of a kind)", ["-c", *sys.argv[4:]]
exec(open({str(tmp_path / "code")!r}).read())
""")
    none = tmp_path / "none"
    none.write_text("#!/bin/sh\nexit 3\n")
    from modulepickle._run.receivers import RECEIVER

    tmp_path.joinpath("code").write_text(RECEIVER)
    for path, says in [(old, "is Python 3.8.18"), (none, "does not start as a Python")]:
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        done = modulepickle("run", "train:fit", "1", "--python", str(path), cwd=tree)
        assert done.returncode == 2
        said = f"modulepickle: {path} {says}, and a pickle needs 3.9 or newer; give --python PATH"
        assert done.stderr == f"{said}\n"
    # What prints its arguments prints little.
    done = modulepickle("run", "train:fit", "1", "--python", shutil.which("echo") or "", cwd=tree)
    assert len(done.stdout.splitlines()) < 4


@pytest.mark.parametrize("words", [["run", "train:fit", "1"], ["demo"]])
@pytest.mark.parametrize("filled", [44, 60])
def test_where_there_is_no_room_for_temporary_files_is_told(
    tree: Path, tmp_path: Path, words: list[str], filled: int
) -> None:
    disk = tmp_path / "disk"
    fill = f"head -c {filled}k /dev/zero > {disk}/x"
    python = on_small_disk(tmp_path, disk, "size=64k", fill)
    done = subprocess.run(
        [python, "-m", "modulepickle", *words],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "TMPDIR": str(disk)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    said = f"modulepickle: cannot write to {disk}: No space left on device; make room there"
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith(said)


def test_a_module_that_imports_this_library_runs(tree: Path) -> None:
    done = modulepickle("run", "sends:f", cwd=tree)
    assert (done.returncode, done.stdout.partition("\n")[0]) == (0, "1")


def test_what_cannot_travel_is_told_of_the_function(tree: Path) -> None:
    tree.joinpath("helpers/link").symlink_to("/usr")
    done = modulepickle("run", "train:fit", "1", cwd=tree)
    assert done.returncode == 2
    assert "reached by: function `train.fit` -> package `train`\n" in done.stderr
    assert "tuple" not in done.stderr


def test_run_says_where_to_look_if_nothing_was_shipped(tree: Path, tmp_path: Path) -> None:
    far = project(tmp_path / "far", "=== vendored.py\ndef f():\n    return 1")
    code = f"import sys\nsys.path.append({str(far)!r})\nfrom vendored import f"
    tree.joinpath("finds.py").write_text(code)
    done = modulepickle("run", "finds:f", cwd=tree)
    assert done.returncode == 1
    assert (
        "nothing was shipped; to see why, type  python -m modulepickle explain finds:f"
        in done.stderr
    )


def test_the_version(tree: Path) -> None:
    import modulepickle as library

    done = modulepickle("--version", cwd=tree, check=True)
    assert done.stdout == f"{library.__version__}\n"


@pytest.mark.parametrize("command", ["demo", "run", "explain", "inspect", "cache"])
def test_each_command_says_what_it_does(tree: Path, command: str) -> None:
    said = modulepickle(command, "--help", cwd=tree, check=True).stdout
    about = said.partition("\n\n")[2].partition("\n\n")[0]
    assert about[0].isupper()
    assert about.endswith(".")


# -- What a user of a shell expects ---------------------------------------------------------------

DIES = """
    === dies.py
    import ctypes, os, sys
    def leaves(): os._exit(7)
    def leaves_with_one(): os._exit(1)
    def leaves_with_none(): os._exit(0)
    def kills_itself(): os.kill(os.getpid(), 9)
    def calls_exit(): sys.exit(3)
    def calls_exit_with_text(): sys.exit("no more tea")
    def calls_exit_with_none(): sys.exit()
    def crashes(): ctypes.string_at(0)
    def prints():
        print("progress")
        return 21
"""


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("leaves", 7, "the interpreter ended with exit code 7"),
        ("leaves_with_one", 1, "the interpreter ended with exit code 1"),
        ("leaves_with_none", 1, "the interpreter ended with exit code 0"),
        ("crashes", 139, "the interpreter was killed by signal 11 (SIGSEGV)"),
        ("kills_itself", 137, "the interpreter was killed by signal 9 (SIGKILL)"),
        ("calls_exit", 3, "it called sys.exit, with exit code 3"),
        ("calls_exit_with_text", 1, "it called sys.exit, with exit code 1"),
    ],
)
def test_run_ends_as_the_process_ended(tmp_path: Path, name: str, code: int, says: str) -> None:
    done = modulepickle("run", f"dies:{name}", cwd=project(tmp_path, DIES))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.endswith(f"modulepickle: dies:{name} failed there: {says}\n")


def test_a_crash_shows_where_it_was(tmp_path: Path) -> None:
    done = modulepickle("run", "dies:crashes", cwd=project(tmp_path, DIES))
    assert "Fatal Python error: Segmentation fault" in done.stderr
    assert " in crashes\n" in done.stderr
    done = modulepickle("run", "dies:calls_exit_with_text", cwd=tmp_path)
    assert done.stderr.startswith("no more tea\n")


def test_an_exit_that_means_success_is_one(tmp_path: Path) -> None:
    done = modulepickle("run", "dies:calls_exit_with_none", cwd=project(tmp_path, DIES))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("it called sys.exit, with exit code 0\n")


def test_the_result_can_be_piped(tmp_path: Path) -> None:
    done = modulepickle("run", "--quiet", "dies:prints", cwd=project(tmp_path, DIES), check=True)
    assert done.stdout == "progress\n21\n"


def test_no_argument_is_needed(tmp_path: Path) -> None:
    done = modulepickle("run", cwd=tmp_path)
    assert "the following arguments are required: MODULE:FUNCTION\n" in done.stderr
    assert done.stderr.endswith("type  python -m modulepickle run --help\n")


def test_a_wrong_option_shows_the_usage_of_its_command(tmp_path: Path) -> None:
    done = modulepickle("cache", "list", "b", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m modulepickle cache ")
    assert "unrecognized arguments: b\n" in done.stderr


@pytest.mark.parametrize("command", [["explain", "train:fit"], ["cache"], ["demo"]])
def test_a_reader_that_goes_away_is_no_error(tree: Path, command: list[str]) -> None:
    shell = [sys.executable, "-m", "modulepickle", *command]
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "PYTHONPATH": str(SITE), "PYTHONUNBUFFERED": ""}
    done = subprocess.run(shell, cwd=tree, env=env, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert done.stderr == ""


def test_the_command_is_installed() -> None:
    text = (SOURCE.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.scripts]\nmodulepickle = "modulepickle.__main__:main"\n' in text


def test_a_traceback_has_no_frames_of_the_loader(tmp_path: Path) -> None:
    files = """
    === shop/__init__.py
    === shop/prices.py
    import shop.taxes
    def quote():
        return 1
    === shop/taxes.py
    def late():
        import shop.missing
    try:
        1 / 0
    except ZeroDivisionError:
        late()
    """
    tree = project(tmp_path, files)
    tree.joinpath("send.py").write_text("def quote():\n    from shop import prices\n")
    done = modulepickle("run", "send:quote", cwd=tree)
    assert done.returncode == 1
    places = re.findall(r'File "\S*?(\w+\.py|<.*?)", line', done.stderr)
    assert places == ["taxes.py", "send.py", "prices.py", "taxes.py", "taxes.py"]
    assert "ModuleNotFoundError: No module named 'shop.missing'" in done.stderr


def test_a_receiver_unpacks_where_the_cache_command_looks(tmp_path: Path) -> None:
    tree = project(tmp_path / "tree", "=== shop.py\ndef file():\n    return __file__\n")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    env = {**os.environ, "PYTHONPATH": str(SITE), "HOME": str(home)}
    for name in ("MODULEPICKLE_CACHE", "XDG_CACHE_HOME"):
        env.pop(name, None)
    said = [
        subprocess.run(
            [sys.executable, "-m", "modulepickle", *words],
            cwd=tree,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        for words in (["run", "-q", "shop:file"], ["cache", "--json"])
    ]
    assert json.loads(said[1])["folder"] in said[0]
