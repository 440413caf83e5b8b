"""Senders and receivers: the other processes that the tests talk to.

Nothing here imports modulepickle. A *sender* is a Python with the library, started in a folder
that plays the working tree. A *receiver* is bare (`-I -S`, an empty folder, a clean environment)
and has the pickle and nothing else, unless a test asks for more.

    tree = project(tmp_path, '''
        === helpers/__init__.py
        def double(x):
            return 2 * x
    ''')
    data = send(tree, "from helpers import double as obj")
    assert receive(data, "result = obj(21)", absent=["helpers"]).result == 42

Both are forked by an interpreter that waits for that (see `zygotes`), unless a test wants a `fresh`
one: for what it has imported, for the hash seed, for the end of an interpreter, for the time when
it began. A process with the library takes its parent's beginning for its own.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from zygotes import WARM_BARE, WARM_LIBRARY, Zygote

SOURCE: Final = Path(__file__).resolve().parents[1] / "src"
VERSIONS: Final = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
PYPY: Final = "pypy3.11"
FETCHED: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
"""Where the scripts in tests/tools put what they fetch: in `modulepickle-tests`."""
# Seconds a process; less than pytest's own, so that its output is shown.
TIMEOUT: Final = float(os.environ.get("MODULEPICKLE_TEST_TIMEOUT", 100))


def _site() -> Path:
    """A folder to import the library from: a `site-packages`, as most users have it.

    What runs there is looked at in other ways than a checkout. MODULEPICKLE_TEST_CHECKOUT asks for
    the checkout, as those have it who installed with `-e`.
    """
    if "MODULEPICKLE_TEST_CHECKOUT" in os.environ:
        return SOURCE
    home = Path(tempfile.mkdtemp(prefix="modulepickle-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "site-packages").mkdir()
    library = Path("modulepickle")
    (home / "site-packages" / library).symlink_to(SOURCE / library, target_is_directory=True)
    return home / "site-packages"


SITE: Final = _site()
"""What the processes with the library have on their path."""


# -- Working trees ------------------------------------------------------------------------------


def project(folder: Path | str, text: str) -> Path:
    """Write the files that `text` describes into `folder`, over what is there; return the folder.

    A line `=== PATH` (POSIX, relative) begins a file; blank lines at its end are dropped.
    """
    name, *rest = re.split(r"^=== *(\S+) *\n", textwrap.dedent(text) + "\n", flags=re.MULTILINE)
    if name.strip() or not rest:
        raise ValueError(f"the description must begin with '=== PATH', not with {name[:40]!r}")
    folder = Path(folder)
    for path, content in zip(rest[::2], rest[1::2]):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content.rstrip("\n") + "\n" if content.strip() else "", encoding="utf-8")
    return folder


# -- Interpreters -------------------------------------------------------------------------------

_PROBE: Final = """
import sys
name = sys.implementation.name.replace("cpython", "")
print(name + "%d.%d" % sys.version_info[:2] + getattr(sys, "abiflags", "").replace("d", ""))
print(sys.executable)
"""


def _candidates() -> Iterator[str]:
    yield sys.executable
    yield from filter(None, os.environ.get("MODULEPICKLE_TEST_PYTHONS", "").split(os.pathsep))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for path in sorted(pyenv.glob("versions/3.*/bin/python"), reverse=True):
        yield str(path)
    for version in VERSIONS:
        found = shutil.which(f"python{version}")
        if found:
            yield found
    yield from filter(None, [shutil.which(PYPY)])
    yield from map(str, FETCHED.glob(f"modulepickle-tests/pythons/{PYPY}-*/usr/bin/{PYPY}"))


@functools.cache
def find_interpreters() -> dict[str, str]:
    """Return the Pythons of this machine: "3.9" -> full path. The running one comes first.

    Looked for in `MODULEPICKLE_TEST_PYTHONS` (paths, separated as in PATH), pyenv and PATH; a PyPy
    also where `tests/tools/fetch_python.py` puts it. The key of a free-threaded build is "3.13t",
    and that of a PyPy is "pypy3.11".
    """
    found: dict[str, str] = {}
    for candidate in _candidates():
        try:
            probe = subprocess.run(
                [candidate, "-I", "-S", "-c", _PROBE], capture_output=True, text=True, timeout=30
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if probe.returncode == 0:
            version, executable = probe.stdout.split("\n")[:2]
            found.setdefault(version, executable)
    return found


def interpreters(versions: Iterable[str] = VERSIONS) -> list[Any]:
    """Parameters for `@pytest.mark.parametrize("python", interpreters())`, one for each version.

    The version that runs the tests belongs to the fast tests; the others are marked
    `interpreters`, and one that is not there is skipped by name.
    """
    running = "{}.{}".format(*sys.version_info)
    params = []
    for version in versions:
        marks = [] if version == running else [pytest.mark.interpreters]
        if version not in find_interpreters():
            marks.append(pytest.mark.skip(reason=f"no Python {version} found"))
        params.append(pytest.param(find_interpreters().get(version), id=version, marks=marks))
    return params


def missing_interpreters() -> list[str]:
    """Return the versions that `MODULEPICKLE_REQUIRE_PYTHONS` asks for and that are not there."""
    required = os.environ.get("MODULEPICKLE_REQUIRE_PYTHONS", "").split()
    return [version for version in required if version not in find_interpreters()]


# -- Processes ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a sender or receiver gave back."""

    returncode: int
    stdout: str
    stderr: str
    result_pickle: bytes = field(repr=False)
    "The variable `result` of its code as plain `pickle.dumps` gave it there; b'' if it set none."

    @property
    def result(self) -> Any:
        """The variable `result`, unpickled here."""
        return pickle.loads(self.result_pickle)


# A fresh process for each, and none that is forked: to see that both are the same.
FRESH: Final = "MODULEPICKLE_TEST_FRESH" in os.environ or not hasattr(os, "fork")
CANNOT_FORK: Final = ("pyodide",)  # names of executables: WebAssembly has no processes
# Variables that an interpreter looks at when it starts; those of these names, or that begin so.
AT_START: Final = ("DYLD_", "GLIBC_", "HOME", "LANG", "LC_", "LD_", "MALLOC_", "PYTHON", "TZ")


@dataclass(frozen=True)
class _Process:
    """What a process is started with."""

    python: str
    options: tuple[str, ...]
    script: tuple[str, ...]  # a path; or `-m` and a module
    arguments: tuple[str, ...]
    folder: Path | str
    environ: Mapping[str, str]

    def start(self, outputs: tuple[str, str]) -> int:
        """Start an interpreter; return its exit status when it has ended."""
        command = [self.python, *self.options, *self.script, *self.arguments]
        with open(outputs[0], "wb") as stdout, open(outputs[1], "wb") as stderr:
            return subprocess.run(
                command,
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=TIMEOUT,
                check=False,
            ).returncode

    def fork(self, outputs: tuple[str, str]) -> int:
        """Have a zygote fork; return the exit status of the child when it has ended."""
        given = {name: value for name, value in self.environ.items() if name.startswith(AT_START)}
        if given.get("HOME") != os.environ.get("HOME"):  # a receiver's, which has an empty one
            given["HOME"] = os.devnull
        kind = (self.python, self.options, *sorted(given.items()))
        waiting = _zygotes.setdefault(kind, [])
        try:
            zygote = waiting.pop()
        except IndexError:  # none yet, or all have work
            given.setdefault("PATH", self.environ.get("PATH", os.defpath))
            warm = WARM_BARE if self.options else WARM_LIBRARY
            zygote = Zygote([self.python, *self.options], given, warm)
        order = (self.script, self.arguments, os.path.abspath(self.folder), self.environ)
        status = zygote.run(*order, outputs, TIMEOUT)
        waiting.append(zygote)
        return status


_zygotes: dict[tuple[Any, ...], list[Zygote]] = {}
"""What an interpreter is started with -> its zygotes that have nothing to do."""


def _captured(process: _Process, job: Path, fresh: bool) -> tuple[int, str, str]:
    """Run a process; return its exit status and what it wrote, by way of the folder `job`."""
    outputs = job / "stdout", job / "stderr"
    for path in outputs:
        path.touch()
    is_forked = not (fresh or FRESH or Path(process.python).name in CANNOT_FORK)
    run = process.fork if is_forked else process.start
    status = run((str(outputs[0]), str(outputs[1])))
    stdout, stderr = (
        path.read_bytes().decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        for path in outputs
    )
    return status, stdout, stderr


def _run(process: _Process, job: Path, fresh: bool, fails: bool) -> Result:
    """Run a process, whose script writes into the file `result` of the folder `job`."""
    status, stdout, stderr = _captured(process, job, fresh)
    if (status != 0) != fails:
        raise AssertionError(
            f"{process.python} was expected to {'fail' if fails else 'succeed'} and ended with "
            f"{status}\n--- its stdout\n{stdout}\n--- its stderr\n{stderr}"
        )
    out = job / "result"
    return Result(status, stdout, stderr, out.read_bytes() if out.exists() else b"")


_SEND_RESULT: Final = """
import pickle as _pickle, sys as _sys
if "result" in globals():
    with open(_sys.argv[-1], "wb") as _out:
        _out.write(_pickle.dumps(result))
"""


def run(
    folder: Path | str,
    code: str,
    *,
    python: str = sys.executable,
    hash_seed: int | None = None,
    env: Mapping[str, str] | None = None,
    script: str = "sender.py",
    expect_failure: bool = False,
    fresh: bool = False,
) -> Result:
    """Run `code` as the script `script` of the working tree `folder`, with the library importable.

    If it sets `result`, that comes back by plain pickle. `env` is added to this process's own.
    The process is forked by an interpreter that has imported what the library needs, unless it
    is to be `fresh`, has a `hash_seed`, or is given a variable that is read at the start.
    """
    path = Path(folder) / script
    path.write_text(textwrap.dedent(code).strip("\n") + "\n" + _SEND_RESULT, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(SITE),
        "PYTHONDONTWRITEBYTECODE": "1",  # an edit within the clock's tick would find a stale .pyc
        **({} if hash_seed is None else {"PYTHONHASHSEED": str(hash_seed)}),
        **(env or {}),
    }
    fresh = fresh or hash_seed is not None or _is_read_at_start(env)
    with tempfile.TemporaryDirectory() as job:
        arguments = (str(Path(job, "result")),)
        process = _Process(python, (), (str(path),), arguments, folder, environment)
        return _run(process, Path(job), fresh, expect_failure)


def _is_read_at_start(env: Mapping[str, str] | None) -> bool:
    return any(name.startswith(AT_START) for name in env or ())


def command(
    *arguments: str,
    cwd: Path | str = ".",
    env: Mapping[str, str] | None = None,
    check: bool = False,
    fresh: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m modulepickle ARGUMENTS` in a folder, as `run` runs a script.

    Raises:
        subprocess.CalledProcessError: if `check`, and it failed.
    """
    environment = {**os.environ, "PYTHONPATH": str(SITE), **(env or {})}
    script = ("-m", "modulepickle")
    process = _Process(sys.executable, (), script, arguments, cwd, environment)
    with tempfile.TemporaryDirectory() as job:
        found = _captured(process, Path(job), fresh or _is_read_at_start(env))
    done = subprocess.CompletedProcess([*script, *arguments], *found)
    if check:
        done.check_returncode()
    return done


QUIET: Final = "import warnings; warnings.simplefilter('error', modulepickle.ShippingWarning)\n"


def send(
    folder: Path | str,
    code: str,
    *,
    dumps: str = "modulepickle.dumps(obj)",
    warns: bool = False,
    **options: Any,
) -> bytes:
    """Return the pickle of the variable `obj` that `code` sets, made by a sender in `folder`.

    `dumps` is the expression that makes it, for other arguments: `"modulepickle.dumps(obj, 2)"`,
    `"modulepickle.dumps(obj, policy=modulepickle.Policy(exclude=('*',)))"`. `options` are `run`'s.

    A `ShippingWarning` is an error here, since most of what tests send gives no reason for one
    (R15); `warns`: there is a reason.
    """
    code = f"{textwrap.dedent(code)}\nimport modulepickle\n{'' if warns else QUIET}result = {dumps}"
    data = run(folder, code, **options).result
    assert isinstance(data, bytes)
    return data


_RECEIVER: Final = """
import pickle, sys
absent, paths, lazy, code = {absent!r}, {paths!r}, {lazy!r}, {code!r}
for name in absent:
    try:
        __import__(name)
    except ImportError:
        continue
    sys.exit("this receiver is not bare: it can import %s" % name)
datas = []
for path in paths:
    with open(path, "rb") as file:
        datas.append(file.read())
def load(index=0):
    return pickle.loads(datas[index])
if not lazy:
    objs = [pickle.loads(data) for data in datas]
    obj = objs[0] if objs else None
exec(compile(code, "<receiver>", "exec"))
"""


def receive(
    data: bytes | Sequence[bytes],
    code: str,
    *,
    python: str = sys.executable,
    bare: bool = True,
    absent: Iterable[str] = (),
    lazy: bool = False,
    cache: Path | str | None = None,
    folder: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    expect_failure: bool = False,
    fresh: bool = False,
) -> Result:
    """Unpickle `data` on a receiver and run `code` there: it sees obj, objs, datas and load(i=0).

    - `bare`: `-I -S` and without modulepickle and cloudpickle; otherwise it has modulepickle;
    - `absent`: names of which it is made sure that the receiver can't import them by itself;
    - `lazy`: nothing is unpickled until `code` calls `load`, so that it can set the scene first;
    - `cache`: the loader's cache folder, by default a new one;
    - `folder`: the current folder, by default an empty one;
    - `env`: variables added to the clean environment;
    - `expect_failure`: it must end with an error, which stands in `stderr` of what is returned;
    - `fresh`: an interpreter of its own is started, and none that has imported `pickle` is forked.

    A new cache folder has the loader's bytecode in it, unless the receiver is fresh, or its code
    looks at the folder (by the name `CACHE`): then it is empty.
    """
    datas = [data] if isinstance(data, (bytes, bytearray)) else list(data)
    with tempfile.TemporaryDirectory() as job:
        paths = [str(Path(job, f"{index}.pickle")) for index in range(len(datas))]
        for path, content in zip(paths, datas):
            Path(path).write_bytes(content)
        names = [*(("modulepickle", "cloudpickle") if bare else ()), *absent]
        script, empty, out = Path(job, "receiver.py"), Path(job, "empty"), Path(job, "result")
        text = _RECEIVER.format(absent=names, paths=paths, lazy=lazy, code=textwrap.dedent(code))
        script.write_text(text + _SEND_RESULT, encoding="utf-8")
        empty.mkdir()
        environment = {
            "HOME": str(empty),
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "MODULEPICKLE_CACHE": str(cache or Path(job, "cache")),
            **({} if bare else {"PYTHONPATH": str(SITE), "PYTHONDONTWRITEBYTECODE": "1"}),
            **(env or {}),
        }
        options = ("-I", "-S") if bare else ()
        arguments = (str(out),)
        process = _Process(python, options, (str(script),), arguments, folder or empty, environment)
        fresh = fresh or FRESH or _is_read_at_start(env)
        is_empty = fresh or cache or "CACHE" in code
        with contextlib.nullcontext() if is_empty else _with_bytecode(python, Path(job)):
            return _run(process, Path(job), fresh, expect_failure)


_bytecode: dict[tuple[str, str], bytes] = {}
"""An interpreter, and a file's name -> a loader's bytecode, which is most of what a load takes."""


@contextlib.contextmanager
def _with_bytecode(python: str, job: Path) -> Iterator[None]:
    """Put the bytecode that earlier receivers have kept into a new cache folder, and keep more."""
    folder = job / "cache" / f"modulepickle-{os.geteuid()}"
    folder.mkdir(mode=0o700, parents=True)
    for (interpreter, name), content in _bytecode.items():
        if interpreter == python:
            (folder / name).write_bytes(content)
    yield
    for path in folder.glob("loader-*"):
        _bytecode.setdefault((python, path.name), path.read_bytes())
