"""`run`: what a function is called with, on what, for how long, and what is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from modulepickle._cli.mistake import Mistake
from modulepickle._cli.values import called_with
from receivers import command as modulepickle
from receivers import project
from terminals import COMMAND, environment

# --- arguments ------------------------------------------------------------------------------------

VALUES = {
    "21": 21, "-5": -5, "2.5": 2.5, "1e3": 1000.0, "true": True, "null": None, "[1, 2]": [1, 2],
    '{"a": 1}': {"a": 1}, '"tea"': "tea", '"3"': "3", '"a=b"': "a=b", "tea": "tea", "": "",
    "two words": "two words", "007": "007", "1_000": "1_000", "3.9.1": "3.9.1", "NaN": "NaN",
    "Infinity": "Infinity", "a b=c": "a b=c", "1a=c": "1a=c", "=x": "=x", "é": "é",
    "\ud800": "\ud800",
}  # fmt: skip


@pytest.mark.parametrize("text", VALUES)
def test_what_is_no_json_is_a_string(text: str) -> None:
    call = called_with([text])
    assert call.arguments == [VALUES[text]]
    assert type(call.arguments[0]) is type(VALUES[text])
    assert (call.keywords, call.notes) == ({}, [])


def test_keywords_have_names() -> None:
    call = called_with(["1", "n=3", "kind=tea", "x=a=b", "y=", 'z="4"', "größe=[]"])
    assert call.arguments == [1]
    want = {"n": 3, "kind": "tea", "x": "a=b", "y": "", "z": "4", "größe": []}
    assert call.keywords == want


def test_what_may_be_meant_in_another_way_is_said() -> None:
    assert called_with(["True"]).notes == [
        "True is passed as a string; if you mean Python's, type  true"
    ]
    assert called_with(["n=None"]).keywords == {"n": "None"}
    assert called_with(["[1, 2"]).notes == ["[1, 2 is not valid JSON, so it is passed as a string"]
    assert called_with(["[" * 100_000]).arguments == ["[" * 100_000]
    assert called_with(["9" * 5000]).arguments[0] in ("9" * 5000, int("9" * 4000))


def test_a_call_that_means_nothing_is_a_mistake() -> None:
    with pytest.raises(Mistake, match="given twice"):
        called_with(["a=1", "a=2"])
    with pytest.raises(Mistake, match="comes after a="):
        called_with(["a=1", "2"])


TREE = """
    === shop.py
    import functools, os, sys
    def show(*args, **kwargs):
        return args, kwargs
    def strict(x, /, *, n=1):
        return x * n
    @functools.wraps(strict)
    def wrapped(*args):
        return strict(3)
    def env(name):
        return os.environ.get(name)
    def isolated():
        return sys.flags.no_site, [path for path in sys.path if "site-packages" in path]
    def needs():
        import pytest
        return pytest.__name__
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def result(tree: Path, *words: str) -> str:
    done = modulepickle("run", "-q", *words, cwd=tree)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.rstrip("\n")


def test_a_call_as_it_is_typed(tree: Path) -> None:
    assert result(tree, "shop:show", "tea", "2", "n=3", "k=tea") == (
        "(('tea', 2), {'n': 3, 'k': 'tea'})"
    )
    assert result(tree, "shop:strict", "tea", "n=2") == "'teatea'"
    assert result(tree, "shop:wrapped") == "3"  # a wrapper may take what the wrapped one does not


def test_options_stand_anywhere(tree: Path) -> None:
    want = "((-5, 'x', '--json'), {'a': 1})"
    words = ["shop:show", "-5", "--isolated", "x", "--", "--json", "a=1"]
    assert result(tree, *words) == want
    assert result(tree, "--isolated", "--env", "A=1", "shop:show", "1") == "((1,), {})"
    done = modulepickle("run", "shop:show", "--", "-q", "--json", cwd=tree, check=True)
    assert done.stdout == "(('-q', '--json'), {})\n"


def test_a_call_that_does_not_fit_is_told_here(tree: Path) -> None:
    for words, says in [
        (["shop:strict"], "missing a required argument: 'x'; shop:strict takes (x, /, *, n=1)"),
        (["shop:strict", "1", "m=2"], "got an unexpected keyword argument 'm'; shop:strict takes"),
        (["shop:strict", "1", "2"], "too many positional arguments; shop:strict takes"),
    ]:
        done = modulepickle("run", *words, cwd=tree)
        assert done.returncode == 2
        assert says in done.stderr


# --- what is named --------------------------------------------------------------------------------

FILES = """
    === pyproject.toml
    === src/app/__init__.py
    async def answer(): return 42
    === src/app/train.py
    from app import data
    def fit(): return data.SIZE, __name__
    === src/app/data.py
    SIZE = 3
    === scripts/go.py
    import near
    def go(): return near.X, __name__
    === scripts/near.py
    X = 5
    === not-a-name.py
    def f(): pass
    === time.py
    def f(): pass
    === raises.py
    1 / 0
    === text.txt
"""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("src/app/train.py:fit", "(3, 'app.train')"),
        ("./src/app/../app/train.py:fit", "(3, 'app.train')"),
        ("scripts/go.py:go", "(5, 'go')"),
        ("app.train:fit", "(3, 'app.train')"),  # no module of the current folder, but of src
        ("src/app:answer", "42"),
    ],
)
def test_a_file_is_imported_as_its_package_has_it(tmp_path: Path, name: str, shown: str) -> None:
    assert result(project(tmp_path, FILES), name) == shown
    if "/" in name:
        assert result(tmp_path, f"{tmp_path}/{name}") == shown


def test_a_file_from_another_folder_of_the_project(tmp_path: Path) -> None:
    project(tmp_path, FILES)
    assert result(tmp_path / "scripts", "../src/app/train.py:fit") == "(3, 'app.train')"


def test_files_that_cannot_be_imported(tmp_path: Path) -> None:
    tree = project(tmp_path / "tree", FILES)
    project(tmp_path / "far", "=== away.py\ndef f(): return 1")
    for name, says in [
        ("not-a-name.py:f", "'not-a-name' is not a valid module name; rename the file"),
        ("time.py:f", "would be imported as time, and that is another module here: a built-in one"),
        ("raises.py:f", "raises cannot be imported, see above"),
        ("text.txt:f", "there is no module 'text'"),
        ("./text.txt:f", "./text.txt is not a Python file: its name does not end with .py"),
        ("../far/away.py:f", f"so it would not travel; type  cd {tmp_path}/far  first"),
        ("scripts/no.py:f", "there is no file scripts/no.py; did you mean 'go.py'?"),
        ("src/app/train.py:fti", "'src/app/train.py' has no 'fti'; did you mean 'fit'?"),
    ]:
        done = modulepickle("run", name, cwd=tree)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr, done.stderr


# --- the receiver ---------------------------------------------------------------------------------


def test_isolated_has_no_site_packages(tree: Path) -> None:
    assert result(tree, "shop:isolated", "--isolated") == "(1, [])"
    assert result(tree, "shop:isolated").startswith("(0, [")
    assert result(tree, "shop:needs") == "'pytest'"
    done = modulepickle("run", "shop:needs", "--isolated", cwd=tree)
    assert done.returncode == 1
    assert "missing here: pytest==" in done.stderr


def test_variables_are_set_there(tree: Path) -> None:
    assert result(tree, "shop:env", "LEVEL", "--env", "LEVEL=a=b") == "'a=b'"
    assert result(tree, "shop:env", "LEVEL", "--env", "A=1", "--env", "LEVEL=") == "''"
    env = {"LEVEL": "from here"}
    for words, shown in [(["--env", "LEVEL"], "'from here'"), ([], "None")]:
        done = modulepickle("run", "shop:env", "LEVEL", *words, cwd=tree, env=env, check=True)
        assert done.stdout == f"{shown}\n"


def test_a_variable_that_has_no_effect_is_told(tree: Path) -> None:
    words = ("run", "shop:env", "x", "--env", "PYTHONPATH=/x", "-q")
    done = modulepickle(*words, cwd=tree, check=True)
    assert "--env PYTHONPATH has no effect: the interpreter is started with -I" in done.stderr


# --- how it ends ----------------------------------------------------------------------------------

HANGS = """
    === child.py
    import os, sys, time
    if sys.argv[2] == "own":
        os.setsid()
    with open(sys.argv[1] + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(sys.argv[1] + ".part", sys.argv[1])
    time.sleep(1000)
    === hangs.py
    import os, subprocess, sys, time
    def wait(marks):
        for session in ("same", "own"):
            child = os.path.join(os.path.dirname(marks), "tree", "child.py")
            subprocess.Popen([sys.executable, child, f"{marks}/{session}", session])
        while not all(os.path.exists(f"{marks}/{each}") for each in ("same", "own")):
            time.sleep(0.02)
        with open(f"{marks}/self", "w") as file:
            file.write(str(os.getpid()))
        os.rename(f"{marks}/self", f"{marks}/ready")
        time.sleep(1000)
"""

# The time is up when the function says that it is ready, and not before.
TIME_UP = """
import os, subprocess, sys, time
from modulepickle._run import processes
from modulepickle.__main__ import main
def wait(process, timeout):
    assert timeout == 30.0
    while process.poll() is None and not os.path.exists(sys.argv[1] + "/ready"):
        time.sleep(0.02)
    raise subprocess.TimeoutExpired("it", timeout)
processes.wait = wait
processes.GRACE = 100.0
sys.exit(main(["run", "hangs:wait", sys.argv[1], "--timeout", "30", *sys.argv[2:]]))
"""


def living(pid: int) -> bool:
    """Tell whether a process runs; one that ended, and that nobody has waited for, does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state not in (b"Z", b"X")


def assert_all_ended(marks: Path) -> None:
    pids = [int(marks.joinpath(name).read_text()) for name in ("ready", "same", "own")]
    for _ in range(1000):  # a killed process is gone soon, and not at once
        if not any(map(living, pids)):
            return
        time.sleep(0.05)
    for pid in filter(living, pids):
        os.kill(pid, signal.SIGKILL)
    raise AssertionError(f"of {pids}, some were still there")


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="no /proc")


@needs_proc
@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_call_that_takes_too_long_ends_with_all_that_it_started(
    tmp_path: Path, words: list[str]
) -> None:
    tree, marks = project(tmp_path / "tree", HANGS), tmp_path / "marks"
    marks.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", TIME_UP, str(marks), *words],
        cwd=tree,
        env=environment(tree, {}),
        capture_output=True,
        text=True,
    )
    assert_all_ended(marks)
    assert done.returncode == 124
    said = "it did not return within 30 seconds, and was ended"
    assert done.stderr.endswith(f"modulepickle: hangs:wait failed there: {said}\n")
    assert " in wait\n" in done.stderr  # where it stood
    if words:
        data = json.loads(done.stdout)
        assert (data["outcome"], data["exit_code"]) == ("timed out", 124)
        assert (data["result"], data["ended"]) == (None, said)
    else:
        assert done.stdout == ""


@needs_proc
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_ends_the_command_ends_all_of_it(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    tree, marks = project(tmp_path / "tree", HANGS), tmp_path / "marks"
    marks.mkdir()
    folder = tmp_path / "tmp"
    folder.mkdir()
    process = subprocess.Popen(
        [*COMMAND, "run", "hangs:wait", str(marks)],
        cwd=tree,
        env=environment(tree, {"TMPDIR": str(folder)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets its background processes ignore it, and so all that those start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            while process.poll() is None and not marks.joinpath("ready").exists():
                time.sleep(0.02)
            process.send_signal(number)
            out, said = process.communicate(timeout=100)
        finally:
            process.kill()
            process.wait()
    assert_all_ended(marks)
    assert (process.returncode, out) == (code, "")
    if number is signal.SIGINT:
        assert said.endswith("modulepickle: interrupted\n")
        assert f"{SOURCE_MARK}/_cli/" not in said
    assert [*folder.iterdir()] == []


SOURCE_MARK = "src/modulepickle"


def test_json_says_how_a_process_died(tmp_path: Path) -> None:
    code = "=== dies.py\nimport os\ndef f(n): os.kill(os.getpid(), n)\ndef g(): os._exit(5)"
    tree = project(tmp_path, textwrap.dedent(code))
    for words, exit_code, ended in [
        (["dies:f", "9"], 137, "the interpreter was killed by signal 9 (SIGKILL)"),
        (["dies:g"], 5, "the interpreter ended with exit code 5"),
    ]:
        done = modulepickle("run", *words, "--json", "-q", cwd=tree)
        assert done.returncode == exit_code
        data = json.loads(done.stdout)
        assert (data["outcome"], data["exit_code"]) == ("died", exit_code)
        assert (data["ended"], data["result"], data["value"]) == (ended, None, None)
