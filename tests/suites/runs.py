"""Runs a project's own tests, natively and against a shipped copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest
from benchmarks._trees import sdist, wheel
from projects import RECEIVER, Project

from receivers import send
from venvs import CannotError, environment_of

HERE: Final = Path(__file__).parent
LIMIT: Final = 300
"Seconds a run of one project's tests."


def cannot(why: str) -> NoReturn:
    """Skip a test, visibly, or fail it if `MODULEPICKLE_REQUIRE_SUITES` is set."""
    if os.environ.get("MODULEPICKLE_REQUIRE_SUITES"):
        pytest.fail(f"MODULEPICKLE_REQUIRE_SUITES is set: {why}")
    pytest.skip(why)


def environment(name: str, pins: Iterable[str]) -> str:
    """Return the Python of an environment with these distributions alone."""
    version = "{}.{}".format(*sys.version_info)
    try:
        return environment_of(sys.executable, version, *pins, alone=name)
    except CannotError as error:
        cannot(f"the environment cannot be made: {error}")


def working_tree(pins: Iterable[str], tree: Path) -> Path:
    """Unzip wheels into a folder, with their metadata, which an installation would have as well."""
    for pin in pins:
        with zipfile.ZipFile(wheel(pin)) as archive:
            archive.extractall(tree, [n for n in archive.namelist() if ".data/" not in n])
    return tree


def tests_only(pin: str, names: Iterable[str], folder: Path) -> Path:
    """Unpack an sdist without the project's source; return the folder that it has become."""
    folder.mkdir()
    with tarfile.open(sdist(pin)) as archive:
        filters = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder, **filters)
    (root,) = folder.iterdir()
    for path in [root / part / name for part in ("", "src") for name in names]:
        if path.is_dir():
            shutil.rmtree(path)
        path.with_suffix(".py").unlink(missing_ok=True)
    for metadata in [*root.glob("*.egg-info"), *root.glob("src/*.egg-info")]:
        shutil.rmtree(metadata)
    return root


MARKS: Final = [
    pytest.mark.suites,
    pytest.mark.timeout(330),
    pytest.mark.skipif(
        sys.version_info[:2] != (3, 11) or sys.implementation.name != "cpython",
        reason="the tables of what differs are those of CPython 3.11",
    ),
]

NOT_RUN: Final = "(run)"
"The id of a run that as a whole went wrong, such as by an error when the pickle was loaded."


@dataclass
class Run:
    """A run of a project's tests that has been started."""

    process: subprocess.Popen[str]
    folder: Path

    @classmethod
    def start(cls, python: str, job: dict[str, Any], folder: Path, here: Path, **env: str) -> Run:
        """Start `runner.py` with a job, in the folder `here`; `folder` is new, for the rest."""
        (folder / "home").mkdir(parents=True)
        whole = {"pickle": None, "names": [], "out": str(folder / "outcomes"), **job}
        (folder / "job").write_text(json.dumps(whole), encoding="utf-8")
        environment = {
            "HOME": str(folder / "home"),
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "MODULEPICKLE_CACHE": str(folder / "cache"),
            **env,
        }
        with (folder / "log").open("w") as out:
            process = subprocess.Popen(
                [python, str(HERE / "runner.py"), str(folder / "job")],
                cwd=here,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return cls(process, folder)

    def outcomes(self) -> dict[str, str]:
        """Wait for its end; return each test's outcome."""
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            code = -1
        if code:
            return {NOT_RUN: "failed"}
        found: dict[str, str] = json.loads((self.folder / "outcomes").read_text(encoding="utf-8"))
        return found

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def printed(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="backslashreplace")


def start(python: str, project: Project, folder: Path, tree: Path, data: bytes = b"") -> Run:
    """Start a run of a project's tests: natively, or with the unpickled project."""
    folder.mkdir()
    here = tests_only(project.pin, project.names, folder / "sdist")
    job = {"names": project.names, "places": project.places, "options": project.options}
    env = {name: value.format(here=here) for name, value in project.env}
    if data:
        (folder / "pickle").write_bytes(data)
        job["pickle"] = str(folder / "pickle")
    else:
        env["PYTHONPATH"] = str(tree)
    return Run.start(python, job, folder / "run", here, **env)


def shipped(python: str, project: Project, tree: Path) -> bytes:
    """Return the pickle of a project's modules, made by a sender in its working tree."""
    code = f"import importlib; obj = list(map(importlib.import_module, {project.names!r}))"
    return send(tree, code, python=python, warns=True)  # of compiled modules, and of their size


@dataclass
class Compared:
    """The outcomes of a project's tests, by id, and what the shipped run printed."""

    natively: dict[str, str]
    remotely: dict[str, str]
    printed: str

    @property
    def passed(self) -> list[str]:
        """The ids that pass natively."""
        return [name for name, outcome in self.natively.items() if outcome == "passed"]

    @property
    def lost(self) -> list[str]:
        """Those of them that do not pass shipped."""
        return [name for name in self.passed if self.remotely.get(name) != "passed"]


def compared(project: Project, folder: Path) -> Compared:
    """Run a project's tests natively and shipped, at the same time."""
    python = environment("suites", RECEIVER)
    try:
        tree = working_tree([project.pin, *project.beside], folder / "tree")
        sdist(project.pin)
    except subprocess.CalledProcessError as error:
        cannot(f"the project cannot be fetched: {error}")
    with ExitStack() as stack:
        natively = start(python, project, folder / "natively", tree)
        stack.callback(natively.end)
        remotely = start(python, project, folder / "remotely", tree, shipped(python, project, tree))
        stack.callback(remotely.end)
        outcomes = natively.outcomes()
        assert NOT_RUN not in outcomes, natively.printed()[-3000:]
        return Compared(outcomes, remotely.outcomes(), remotely.printed())
