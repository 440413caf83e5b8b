"""Real frameworks: their drivers, and workers that cannot see the working tree.

A *driver* is a process with the library in a folder that plays the working tree; it starts the
engine. Its workers are told the driver's `sys.path` by some engines, which expect them to be on the
same machine. `HIDDEN` takes the working tree out of what they are told, and the library as well.
`CHECKS` is what each engine has to pass; it proves first that the workers see neither.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from pages import DOCS, blocks, blocks_in, section, text_of
from receivers import SITE, TIMEOUT, project

TREE: Final = """
    === helpers/__init__.py
    class Point:
        def __init__(self, x):
            self.x = x

    class Wrong(Exception):
        pass

    def double(point):
        from helpers.units import UNIT
        return f"{2 * point.x} {UNIT}"

    def move(point):
        return Point(point.x + 1)

    def fail(point):
        raise Wrong(point.x)
    === helpers/units.py
    from sizes import UNIT
    === sizes.py
    UNIT = "km"
"""

SEES: Final = """
def sees(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True
"""

CHECKS: Final = (
    SEES
    + """
import pathlib, helpers

def check(call, absent=("helpers", "sizes", "modulepickle"), errors=True, warm=True):
    turns = range(8 if warm else 1)  # else each call starts a worker, which costs a second
    seen = [(name, call(sees, name)) for name in absent for _ in turns]
    assert not any(there for _, there in seen), seen
    point = helpers.Point(3)
    assert call(helpers.double, point) == "6 km"
    moved = call(helpers.move, point)
    assert type(moved) is helpers.Point and moved.x == 4
    if errors:
        fails(call, point)
    by_values(call, point)
    workers = {call(*PID) for _ in turns}
    tree = pathlib.Path(helpers.__file__).parents[1]
    (tree / "sizes.py").write_text("UNIT = 'miles'\\n")
    assert {call(helpers.double, point) for _ in turns} == {"6 miles"}
    edited = tree / "helpers/__init__.py"
    edited.write_text(edited.read_text().replace("2 * point.x", "3 * point.x"))
    import importlib
    importlib.reload(helpers)
    point = helpers.Point(3)
    assert {call(helpers.double, point) for _ in turns} == {"9 miles"}
    assert type(call(helpers.move, point)) is helpers.Point
    # A busy worker may take many calls in a row while another one, just as warm, gets none.
    if warm:
        assert any(call(*PID) in workers for _ in range(1000)), "the workers are other ones"
    print("all checks passed")

def fails(call, point):
    try:
        call(helpers.fail, point)
    except helpers.Wrong as error:
        assert getattr(error, "cause", error).args == (3,)  # Ray wraps it
    else:
        raise AssertionError("no error came back")

n = 10

def by_values(call, point):
    def here(point):
        import sizes
        return point.x + n, sizes.UNIT
    assert call(here, point) == (13, "km")
    assert call(lambda point: helpers.double(point) + "!", point) == "6 km!"

PID = (__import__("os").getpid,)
"""
)

AWAY: Final = """
import os
stub = os.environ["PYTHONPATH"] = os.environ["STUB"]
os.chdir(stub)
"""
"""Takes a driver that is a script out of its working tree, for workers that start where it is."""

HIDDEN: Final = """
import os, sys
here, stub, library = os.getcwd(), os.environ["STUB"], os.environ["PYTHONPATH"]
os.environ["PYTHONPATH"] = stub

def hide(spawn, hidden):
    real = spawn.get_preparation_data
    def get_preparation_data(*args, **kwargs):
        data = real(*args, **kwargs)
        data["dir"] = data["orig_dir"] = stub
        data["sys_path"] = [each for each in data["sys_path"] if each not in ("", *hidden)]
        if library in hidden:
            data["sys_path"].insert(0, stub)
        return data
    spawn.get_preparation_data = get_preparation_data
"""


def require(engine: str) -> None:
    """Skip a test without its engine, visibly; fail it if `MODULEPICKLE_REQUIRE_ENGINES` has it."""
    if importlib.util.find_spec(MODULES.get(engine, engine)) is None:
        how = 'pip install "modulepickle[engines]"'
        miss(engine, f"no {engine}: {'tests/tools/more_engines.py' if engine in MORE else how}")


def miss(engine: str, why: str) -> None:
    """Skip a test, or fail it, since its engine cannot be run."""
    if engine in os.environ.get("MODULEPICKLE_REQUIRE_ENGINES", "").split():
        pytest.fail(f"MODULEPICKLE_REQUIRE_ENGINES asks for {engine}: {why}")
    pytest.skip(why)


MODULES: Final = {"dask": "distributed"}
"""Engine -> the module that it is imported as, if that has another name."""

MORE: Final = frozenset(
    {
        "airflow", "apache_beam", "datasets", "flytekit", "lithops", "metaflow", "mlflow", "parsl",
        "pathos", "prefect", "torch",
    }
)  # fmt: skip
"""Those that CI does not install."""


PAGES: Final = [page.relative_to(DOCS).as_posix() for page in sorted(DOCS.glob("engines/*.md"))]


def examples() -> list[str]:
    """Return the examples of the pages on frameworks, as they stand there."""
    return [text for page in PAGES for text in blocks(page, "python")]


def example(module: str) -> str:
    """Return the one example that imports a module."""
    (found,) = [text for text in examples() if re.search(rf"(import|from) {module}\b", text)]
    return found


def line(framework: str) -> str:
    """Return the code that the docs have for a framework, as it stands there.

    That is the code in the row of a table that begins with the name, or else the first block below
    a title which is the name.
    """
    for page in PAGES:
        for name, cell in re.findall(r"^\| (.+?) \| (.+?) \|", text_of(page), re.MULTILINE):
            if name == framework and (code := re.findall("`([^`]+)`", cell)):
                return "\n".join(code)
    for page in PAGES:
        if re.search(rf"^#+ {re.escape(framework)}$", text_of(page), re.MULTILINE):
            return next(blocks_in(section(page, framework))).text
    raise AssertionError(f"the docs have no code for {framework}")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a driver.

    `STUB` is a folder whose `modulepickle` cannot be imported: put in front of the path of a
    worker, it hides the library where that is installed.
    """
    stub = folder / "stub"
    stub.mkdir(exist_ok=True)
    (stub / "modulepickle.py").write_text("raise ImportError('no modulepickle on this worker')\n")
    return {
        **os.environ,
        "PYTHONPATH": str(SITE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "STUB": str(stub),
        **more,
    }


@contextmanager
def started(
    command: Sequence[str], folder: Path, env: Mapping[str, str], **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """Start a process in a session of its own; at the end, end what is in that, by its ids."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        **options,
    )
    try:
        yield process
    finally:
        _end(os.killpg, process.pid)
        for other in _session(process.pid):
            _end(os.kill, other)
        process.wait(10)


def _end(kill: Callable[[int, int], None], which: int) -> None:
    try:
        kill(which, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _session(leader: int) -> list[int]:
    """Return what is left of a session, on Linux: parsl's workers are not in the leader's group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == leader:  # after its state, parent and group
            found.append(int(stat.parent.name))
    return found


def drive(
    tmp_path: Path,
    code: str,
    *,
    script: bool = False,
    command: Sequence[str] = (),
    warns: bool = False,
    **env: str,
) -> str:
    """Run a driver in a working tree; return what it printed.

    It is run as `python -c`; as a script; or by a command of its own, which names `driver.py`.
    Unless it `warns`, it gives no reason for a `ShippingWarning` (R15).
    """
    tree = project(tmp_path / "tree", TREE)
    code = textwrap.dedent(code)
    (tree / "driver.py").write_text(code, encoding="utf-8")
    if not command:
        command = [sys.executable, *(["driver.py"] if script else ["-c", code])]
    text = _output(command, tree, environment(tmp_path, **env), tmp_path / "output")
    assert warns or "ShippingWarning" not in text, f"a false alarm:\n{text}"
    return text


def read(tmp_path: Path, code: str, *, library: bool = False, **env: str) -> str:
    """Run a reader, which does not see the working tree; return what it printed.

    Nor does it see the library, unless its framework imports that by name.
    """
    folder = tmp_path / "reader"
    folder.mkdir(exist_ok=True)
    settings = environment(tmp_path, **env)
    hidden = ["helpers", "sizes"]
    if not library:
        settings["PYTHONPATH"] = settings["STUB"]
        hidden.append("modulepickle")
    bare = f"{SEES}\nassert not any(map(sees, {hidden}))\n"
    command = [sys.executable, "-c", bare + textwrap.dedent(code)]
    return _output(command, folder, settings, tmp_path / "read")


def _output(command: Sequence[str], folder: Path, env: Mapping[str, str], out: Path) -> str:
    """Return what a process printed; its file is `out`: an orphan may hold a pipe open."""
    with out.open("w") as file:
        settings: dict[str, Any] = {"stdout": file, "stderr": subprocess.STDOUT}
        with started(command, folder, env, **settings) as process:
            try:
                ended = str(process.wait(TIMEOUT))
            except subprocess.TimeoutExpired:
                ended = f"nothing, in {TIMEOUT} s"
    text = out.read_text(encoding="utf-8", errors="backslashreplace")
    assert ended == "0", f"the process ended with {ended}:\n{text}"
    return text


class DaskCluster:
    """A scheduler and workers, as processes of their own, on the loopback interface."""

    def __init__(self, folder: Path, stack: ExitStack, python: str = sys.executable) -> None:
        self.folder, self.stack, self.python = folder, stack, python
        self.options: list[str] = []  # more of them, for workers
        empty = folder / "empty"
        empty.mkdir()
        self.env = environment(folder)
        self.env["PYTHONPATH"] = self.env["STUB"]
        file = folder / "scheduler.json"
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        while not file.exists():
            time.sleep(0.05)
        while True:
            try:
                self.address = json.loads(file.read_text())["address"]
                break
            except ValueError:  # it is half written
                time.sleep(0.05)

    def start(self, kind: str, *options: str) -> None:
        settings = ["--no-dashboard"] + ["--dashboard-address", ":0"] * (kind == "worker")
        command = [self.python, "-m", "distributed.cli.dask_" + kind, *options, *settings]
        log = (self.folder / f"{kind}.log").open("a")
        self.stack.enter_context(log)
        self.stack.enter_context(
            started(command, self.folder / "empty", self.env, stdout=log, stderr=log)
        )

    def worker(self, name: str) -> None:
        options = ["--host", "127.0.0.1", "--name", name, "--nthreads", "1", "--no-nanny"]
        local = ["--local-directory", str(self.folder / "local"), "--death-timeout", "60"]
        self.start("worker", self.address, *options, *local, *self.options)
