"""A function in a container: what is asked of `docker`, and what is said when that cannot do it.

The `docker` here is a script that keeps a list of what it was asked, and whose containers are bare
interpreters of this machine; `test_docker_engine.py` has real ones.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pages import block, blocks
from receivers import SITE, SOURCE, TIMEOUT, project, receive, run
from receivers import command as modulepickle
from test_cli_streams import progressed

TREE = """
    === pack/__init__.py
    from pathlib import Path
    def text():
        from pack.inner import NAME
        print("in", NAME)
        return Path(__file__).with_name("data.txt").read_text().strip()
    def fail(x):
        raise ValueError(f"no {x}")
    === pack/inner.py
    NAME = __name__
    === pack/data.txt
    some data
"""

FAKE = """#!{python} -IS
import json, os, signal, subprocess, sys, time
folder, arguments = {folder!r}, sys.argv[1:]
def say(*what):
    with open(folder + "/log", "a") as log:
        log.write(json.dumps(what) + "\\n")
say(*arguments)
command = arguments[0]
with open(folder + "/answers.json") as file:
    answer = json.load(file).get(command, {{}})
if "wait" in answer:
    # Or until the test is over, and its folder away.
    while os.path.exists(folder) and not os.path.exists(folder + "/go"):
        time.sleep(0.02)
sys.stdout.write(answer.get("says", ""))
sys.stderr.write(answer.get("errors", ""))
sys.stderr.flush()
if "code" in answer:
    sys.exit(answer["code"])
container = folder + "/containers/" + arguments[-1]
if command == "create":
    name = arguments[arguments.index("--name") + 1]
    with open(folder + "/containers/" + name, "w") as file:
        json.dump(arguments[arguments.index("-u"):], file)
    say("created", name)
if command == "start":
    with open(container) as file:
        call = json.load(file)
    with open(container + ".pid", "w") as file:
        file.write(str(os.getpid()))
    call[2] = answer.get("first", "") + call[2]
    os.chdir(folder + "/empty")
    os.environ.clear()
    os.environ["MODULEPICKLE_CACHE"] = folder + "/cache"
    os.execv({python!r}, [{python!r}, "-I", "-S", *call])
if command == "rm":
    try:
        os.kill(int(open(container + ".pid").read()), signal.SIGKILL)
    except (OSError, ValueError):
        pass
    os.remove(container)
"""


class Fake:
    """The folder of a `docker` that is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "containers", "empty"):
            (folder / name).mkdir(parents=True)
        script = folder / "bin/docker"
        script.write_text(FAKE.format(python=sys.executable, folder=str(folder)))
        script.chmod(0o755)
        self.answers()
        self.env = {"PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}"}

    def answers(self, **answers: dict[str, object]) -> None:
        """Let commands wait, say something, end with an exit code; all others just work."""
        (self.folder / "answers.json").write_text(json.dumps(answers))

    @property
    def log(self) -> list[list[str]]:
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    @property
    def name(self) -> str:
        """The container's name."""
        (name,) = [entry[1] for entry in self.log if entry[0] == "created"]
        return name

    def containers(self) -> list[str]:
        return [
            path.name for path in self.folder.joinpath("containers").glob("*") if not path.suffix
        ]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path / "fake")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def script(code: str, call: str = "f", arguments: str = "image='some/image'") -> str:
    first = "import modulepickle.test, pack\n"
    last = f"result = modulepickle.test.test({call}, {arguments})\n"
    return first + textwrap.dedent(code) + "\n" + last


def test_a_function_by_name(tree: Path, fake: Fake) -> None:
    got = run(tree, script("", "pack.text"), env=fake.env)
    assert got.result is True
    first, last = got.stdout.splitlines()
    assert first == "in pack.inner"
    assert last.startswith("passed: text in some/image returned 'some data', loaded in ")


def test_a_function_of_the_script(tree: Path, fake: Fake) -> None:
    code = """
        import sys
        n = 20
        def f():
            print("one", file=sys.stderr)
            print("two")
            return n + len(pack.text())
    """
    got = run(tree, script(code), env=fake.env)
    assert got.result is True
    assert got.stdout.splitlines()[:-1] == ["one", "two", "in pack.inner"]
    assert "passed: f in some/image returned 29," in got.stdout
    assert got.stderr == ""


def test_an_exception_fails_and_shows_source_lines(tree: Path, fake: Fake) -> None:
    got = run(tree, script("def f():\n    print('first')\n    pack.fail('x')"), env=fake.env)
    assert got.result is False
    assert got.stdout.startswith("first\nTraceback (most recent call last):\n")
    assert '    raise ValueError(f"no {x}")\n' in got.stdout
    assert got.stdout.endswith("ValueError: no x\nfailed: f in some/image, see above\n")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os; os._exit(7)", "the interpreter ended with exit code 7\nfailed: f"),
        ("import os; os.kill(os.getpid(), 9)", "the interpreter was killed by signal 9 (SIGKILL)"),
        ("import sys; sys.exit(0)", "it called sys.exit, with exit code 0\nfailed: f"),
    ],
)
def test_the_end_of_its_interpreter_fails(tree: Path, fake: Fake, code: str, says: str) -> None:
    got = run(tree, script(f"def f():\n    {code}"), env=fake.env)
    assert got.result is False
    assert says in got.stdout


def test_what_cannot_be_unpickled_fails(tree: Path, fake: Fake) -> None:
    code = """
        class Wrong:
            def __call__(self): pass
            def __reduce__(self): return exec, ("import not_there",)
    """
    got = run(tree, script(code, "Wrong()"), env=fake.env)
    assert got.result is False
    assert "No module named 'not_there'\nfailed: <__main__.Wrong object at" in got.stdout


def test_the_container_sees_nothing_of_this_machine_and_is_removed(tree: Path, fake: Fake) -> None:
    run(tree, script("", "pack.text", ""), env=fake.env)
    look, create, _, start, remove = fake.log
    image = "python:{}.{}".format(*sys.version_info) + "-slim"
    assert look[:2] == ["image", "inspect"]
    assert look[-1] == image
    options = create[1 : create.index(image)]
    name = fake.name
    assert options == [
        *("--rm", "--interactive", "--network", "none", "--name", name, "--entrypoint", "python3"),
    ]
    assert start == ["start", "--attach", "--interactive", name]
    assert remove == ["rm", "--force", "--volumes", name]
    assert fake.containers() == []


def test_no_two_containers_have_one_name(tree: Path, fake: Fake) -> None:
    code = script("", "pack.text", "'a/b'") + "modulepickle.test.test(pack.text, 'a/b')"
    run(tree, code, env=fake.env)
    assert len({entry[1] for entry in fake.log if entry[0] == "created"}) == 2


PICKLERS = {
    "a class": "modulepickle.Pickler",
    "a class made by extend": "modulepickle.extend(pickle.Pickler)",
    "a function that makes one": "functools.partial(modulepickle.Pickler, protocol=2)",
    "a module": "modulepickle",
    "multiprocessing's, whose dumps gives a view": "ForkingPickler",
}


@pytest.mark.parametrize("pickler", PICKLERS.values(), ids=PICKLERS)
def test_another_pickler(tree: Path, fake: Fake, pickler: str) -> None:
    code = """
        import functools, pickle
        from multiprocessing.reduction import ForkingPickler
        modulepickle.extend_multiprocessing()
    """
    got = run(tree, script(code, "pack.text", f"'an/image', {pickler}"), env=fake.env)
    assert got.result is True


def test_a_pickler_that_ships_nothing_is_found_out(tree: Path, fake: Fake) -> None:
    got = run(tree, script("import pickle", "pack.text", "pickler=pickle"), env=fake.env)
    assert got.result is False
    assert "ModuleNotFoundError: No module named 'pack'" in got.stdout


SOCKET = "unix:///var/run/docker.sock"
ERRORS = {
    "no engine": (
        {
            "image": {
                "code": 1,
                "errors": f"Cannot connect to the Docker daemon at {SOCKET}.",
            }
        },
        ["no Docker Engine answers; start it:  sudo systemctl start docker", SOCKET],
    ),
    "no engine, as of release 29": (
        {"image": {"code": 1, "errors": f"failed to connect to the docker API at {SOCKET}; check"}},
        ["no Docker Engine answers; start it:  sudo systemctl start docker", SOCKET],
    ),
    "no permission": (
        {
            "image": {
                "code": 1,
                "errors": "WARNING: no config file\nGot permission denied while trying to connect "
                f"to the Docker daemon socket at {SOCKET}: error: connect: permission denied",
            }
        },
        ["you may not use the Docker Engine; type  sudo usermod -aG docker $USER", SOCKET],
    ),
    "no image": (
        {
            "image": {"code": 1, "errors": "Error: No such image: some/image"},
            "pull": {
                "code": 1,
                "errors": "Error response from daemon: pull access denied for some/image",
            },
        },
        ["there is no image some/image here", "pull access denied", "`docker image ls`"],
    ),
    "no Python": (
        {
            "start": {
                "code": 127,
                "errors": "Error response from daemon: failed to create task for container: OCI "
                'runtime create failed: exec: "python3": executable file not found in $PATH\n'
                "Error: failed to start containers: some-name",
            }
        },
        ["some/image has no `python3` on its PATH; name an image with Python, as  python:3."],
    ),
    "an old Python": (
        {
            "start": {
                "first": "import sys; sys.version_info, sys.version = (3, 8, 20), '3.8.20 x'\n"
            }
        },
        ["some/image has Python 3.8.20, and a pickle needs 3.9 or newer; name another image"],
    ),
    "no container": (
        {
            "create": {
                "code": 1,
                "errors": "Error response from daemon: no space\n\nRun --help",
            }
        },
        [
            "some/image does not run here: Error response from daemon: no space\n",
            "docker run ",
        ],
    ),
    "a container that says nothing": (
        {"start": {"code": 1}},
        ["some/image does not run here: nothing\n", "--entrypoint python3 some/image --version"],
    ),
}


@pytest.mark.parametrize(("answers", "says"), ERRORS.values(), ids=ERRORS)
def test_an_error_says_what_to_type(
    tree: Path, fake: Fake, answers: dict[str, dict[str, object]], says: list[str]
) -> None:
    fake.answers(**answers)
    got = run(tree, script("", "pack.text"), env=fake.env, expect_failure=True)
    last = got.stderr[got.stderr.rindex("\nmodulepickle.test.DockerError: ") :]
    for text in says:
        assert text in last
    assert fake.containers() == []
    assert "passed" not in got.stdout


def test_without_the_command_the_error_says_what_to_type(tree: Path, tmp_path: Path) -> None:
    code = script("", "pack.text")
    got = run(tree, code, env={"PATH": str(tmp_path)}, expect_failure=True)
    assert "DockerError: there is no `docker` command here: install Docker" in got.stderr


def test_an_error_carries_what_the_command_said(tree: Path, fake: Fake) -> None:
    fake.answers(image={"code": 1, "errors": "one\nfailed to connect to it\n"})
    code = """
        import pickle
        try:
            modulepickle.test.test(pack.text)
        except modulepickle.test.DockerError as error:
            again = pickle.loads(pickle.dumps(error))
            result = error.said, again.said, str(again) == str(error)
    """
    said = "one\nfailed to connect to it\n"
    code = script(code).rpartition("result =")[0]
    assert run(tree, code, env=fake.env).result == (said, said, True)


def test_an_image_that_is_not_there_is_fetched(tree: Path, fake: Fake) -> None:
    fake.answers(
        image={"code": 1, "errors": "No such image"}, pull={"says": "a layer\n", "code": 0}
    )
    got = run(tree, script("", "pack.text"), env=fake.env)
    assert got.result is True
    assert got.stdout.startswith("fetching the image some/image\na layer\nin pack.inner\npassed")


def test_the_example_of_the_docs(tree: Path, fake: Fake) -> None:
    project(
        tree,
        """
        === other.py
        def double(x):
            return f"{2 * x} km"
        """,
    )
    code = block("usual-project.md", "python", "modulepickle.test")
    (shown,) = blocks("usual-project.md", "")
    got = run(tree, code, env=fake.env)
    milliseconds = re.compile(r"\d+\.\d ms\n")
    assert milliseconds.sub("", got.stdout) == milliseconds.sub("", shown)


# -- Ctrl-C -------------------------------------------------------------------------------------


STUCK = "import time\ndef f():\n    print('running')\n    while True: time.sleep(1)\n"


@contextmanager
def stuck(tree: Path, text: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that runs a script with a function which never returns, to be interrupted."""
    # Under `nohup`, or in the background of a script, processes are started without that handler.
    heed = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    (tree / "stuck.py").write_text(heed + text)
    process = subprocess.Popen(
        [sys.executable, "stuck.py"],
        cwd=tree,
        env={**os.environ, **env, "PYTHONPATH": str(SITE)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def interrupt(process: subprocess.Popen[str]) -> str:
    """Interrupt a process as Ctrl-C does; return its stdout."""
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=TIMEOUT)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    return out


def wait_for(fake: Fake, command: str, process: subprocess.Popen[str]) -> None:
    while command not in [entry[0] for entry in fake.log]:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.02)


def test_an_interrupted_run_removes_its_container(tree: Path, fake: Fake) -> None:
    with stuck(tree, script(STUCK), fake.env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        assert fake.containers() == [fake.name]
        assert "passed" not in interrupt(process)
    assert fake.log[-1] == ["rm", "--force", "--volumes", fake.name]
    assert fake.containers() == []
    pid = int((fake.folder / f"containers/{fake.name}.pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_interrupt_while_the_container_is_made_waits_for_it(tree: Path, fake: Fake) -> None:
    fake.answers(create={"wait": True})
    with stuck(tree, script(STUCK), fake.env) as process:
        wait_for(fake, "create", process)
        threading.Timer(0.3, (fake.folder / "go").touch).start()
        interrupt(process)
    commands = [entry[0] for entry in fake.log]
    assert commands == ["image", "create", "created", "rm"]
    assert fake.containers() == []


def test_an_interrupt_ends_the_fetching_of_an_image(tree: Path, fake: Fake) -> None:
    fake.answers(image={"code": 1}, pull={"wait": True})
    with stuck(tree, script(STUCK), fake.env) as process:
        wait_for(fake, "pull", process)
        interrupt(process)
    assert [entry[0] for entry in fake.log] == ["image", "pull"]


# -- The command line, pytest, and the rest -----------------------------------------------------


@pytest.fixture
def path(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Fake:
    monkeypatch.setenv("PATH", fake.env["PATH"])
    return fake


def test_the_command_line_runs_in_a_container(tree: Path, path: Fake) -> None:
    done = modulepickle("run", "pack:text", "--docker", "some/image", cwd=tree, check=True)
    assert done.stdout.splitlines() == ["in pack.inner", "'some data'"]
    shipped, _ = done.stderr.splitlines()
    name, digest, *rest = shipped.split()
    assert (name, len(digest)) == ("pack", 16)
    assert " ".join(rest).startswith("3 files ")
    assert "create" in [entry[0] for entry in path.log]


def test_a_terminal_sees_that_a_container_is_unpacking(tree: Path, path: Fake) -> None:
    said = progressed(tree, "run", "pack:text", "--docker", "some/image", PATH=path.env["PATH"])
    assert re.search(r"\r\x1b\[Kunpacking [\d,]+ bytes there \.\.\. 0 s", said)
    assert "\r\x1b[Kin pack.inner\n'some data'\n" in said, "the line is gone before"
    assert "..." not in progressed(tree, "run", "-q", "pack:text", "--docker", "some/image")


def test_the_command_line_fails_with_the_traceback(tree: Path, path: Fake) -> None:
    done = modulepickle("run", "pack:fail", '"x"', "--docker", "some/image", cwd=tree)
    assert done.returncode == 1
    assert done.stdout == ""
    assert '    raise ValueError(f"no {x}")\n' in done.stderr
    assert done.stderr.endswith("\nmodulepickle: pack:fail failed there, see above\n")


def test_the_command_line_says_what_to_type(tree: Path, path: Fake) -> None:
    path.answers(image={"code": 1, "errors": "Cannot connect to the Docker daemon at tcp://x:1."})
    done = modulepickle("run", "pack:text", "--docker", "some/image", cwd=tree)
    assert done.returncode == 2
    assert done.stderr.startswith("modulepickle: no Docker Engine answers; start it:")
    assert "Traceback" not in done.stderr


def test_the_command_line_hands_on_what_the_container_gets(tree: Path, path: Fake) -> None:
    words = ("run", "pack:text", "--docker", "some/image", "--json", "-q")
    more = ("--isolated", "--env", "A=b=c", "--env", "D=")
    done = modulepickle(*words, *more, cwd=tree, check=True)
    data = json.loads(done.stdout)
    assert (data["python"], data["image"], data["value"]) == (None, "some/image", "some data")
    assert done.stderr == "in pack.inner\n"
    (created,) = [entry for entry in path.log if entry[0] == "create"]
    variables = [created[at + 1] for at, word in enumerate(created) if word == "--env"]
    assert variables == ["A=b=c", "D="]
    at = created.index("some/image")
    assert created[at : at + 5] == ["some/image", "-I", "-S", "-u", "-c"]


def test_a_container_that_takes_too_long_is_removed(tree: Path, path: Fake) -> None:
    code = "import time\ndef f():\n    while True: time.sleep(1)\n"
    tree.joinpath("hangs.py").write_text(code)
    words = ("run", "hangs:f", "--docker", "some/image", "--timeout", "0.05", "-q")
    done = modulepickle(*words, cwd=tree)
    assert (done.returncode, done.stdout) == (124, "")
    said = "hangs:f failed there: it did not return within 0.05 seconds, and was ended"
    assert done.stderr == f"modulepickle: {said}\n"
    assert path.containers() == []


def test_how_a_container_ended_is_how_the_command_ends(tree: Path, path: Fake) -> None:
    tree.joinpath("ends.py").write_text("import os, sys\ndef f(n): os._exit(n)\ng = sys.exit\n")
    for words, code, said in [
        (["ends:f", "7"], 7, "the interpreter ended with exit code 7"),
        (["ends:f", "139"], 139, "the interpreter was killed by signal 11 (SIGSEGV)"),
        (["ends:g", "3"], 3, "it called sys.exit, with exit code 3"),
    ]:
        done = modulepickle("run", *words, "--docker", "some/image", "-q", cwd=tree)
        assert done.returncode == code
        assert done.stderr == f"modulepickle: {words[0]} failed there: {said}\n"


def test_the_command_line_takes_an_interpreter_or_an_image(tree: Path, path: Fake) -> None:
    both = ("--docker", "some/image", "--python", "python3")
    done = modulepickle("run", "pack:text", *both, cwd=tree)
    assert done.returncode == 2
    assert "not allowed with" in done.stderr
    assert path.log == []


def test_pytest_finds_no_tests_in_it(tmp_path: Path) -> None:
    files = """
        === test_theirs.py
        import modulepickle.test
        from modulepickle.test import test
        def test_one(): pass
        === pytest.ini
        [pytest]
        filterwarnings = error
    """
    tree = project(tmp_path / "tree", files)
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider"]
    module = str(SOURCE / "modulepickle/test.py")
    for path, found in (".", ["test_theirs.py::test_one"]), (module, []):
        done = subprocess.run(
            [*command, path],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(SITE), "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
        )
        assert [line for line in done.stdout.splitlines() if "::" in line] == found, done.stdout


def test_only_who_asks_for_it_imports_it() -> None:
    code = f"""
        import sys
        sys.path.insert(0, {str(SITE)!r})
        import modulepickle
        result = [*sys.modules]
    """
    loaded = receive([], code).result
    assert "modulepickle._pickler.pickler" in loaded
    assert {"modulepickle.test", "modulepickle._run.docker", "subprocess"}.isdisjoint(loaded)
