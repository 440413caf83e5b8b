"""Functions in real containers: of this Python's version, of another one, and of none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import docker_engine
from docker_engine import Engine
from receivers import SITE, TIMEOUT, VERSIONS, find_interpreters, project, run
from test_docker import STUCK, TREE, interrupt, script, stuck

pytestmark = pytest.mark.docker

HERE = "{}.{}".format(*sys.version_info)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with docker_engine.engine() as made:
        yield made


@pytest.fixture(scope="module")
def image(engine: Engine) -> str:
    """An image with the Python that runs the tests."""
    return engine.make(f"python:{HERE}-bare", sys.executable)


@pytest.fixture(scope="module")
def other(engine: Engine) -> str:
    """An image with a Python of another version: the newest that pyenv or PATH has."""
    found = [version for version in VERSIONS if version in find_interpreters()]
    versions = [version for version in found if version != HERE]
    if not versions:
        docker_engine.frameworks.miss("docker", "no Python of another version")
    return engine.make(f"python:{versions[-1]}-bare", find_interpreters()[versions[-1]])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


BY_VALUE = """
import sys
n = 20
class Box:
    def __init__(self, x): self.x = x
    def get(self): return super().__repr__()[:1], [self.x + i for i in range(2)]
def f():
    from pack.inner import NAME
    print("version {}.{}".format(*sys.version_info))
    return n + len(pack.text()), NAME, Box(n).get(), (lambda x: x * n)(2)
"""


def test_by_name(tree: Path, engine: Engine, image: str) -> None:
    got = run(tree, script("", "pack.text", f"'{image}'"), env=engine.env)
    assert got.result is True
    assert got.stdout.startswith("in pack.inner\npassed: text in ")
    assert "returned 'some data', loaded in " in got.stdout
    assert engine.containers() == []


def test_by_value(tree: Path, engine: Engine, image: str) -> None:
    got = run(tree, script(BY_VALUE, arguments=f"'{image}'"), env=engine.env)
    assert got.result is True
    assert got.stdout.startswith(f"version {HERE}\nin pack.inner\npassed: f in ")
    assert " returned (29, 'pack.inner', ('<', [20, 21]), 40), " in got.stdout


def test_by_name_in_another_version(tree: Path, engine: Engine, other: str) -> None:
    got = run(tree, script("", "pack.text", f"'{other}'"), env=engine.env)
    assert got.result is True
    assert "returned 'some data', loaded in " in got.stdout


def test_by_value_in_another_version(tree: Path, engine: Engine, other: str) -> None:
    got = run(tree, script(BY_VALUE, arguments=f"'{other}'"), env=engine.env)
    assert got.result is True
    version = other.partition(":")[2].partition("-")[0]
    assert version != HERE
    assert got.stdout.startswith(f"version {version}\n")
    assert " returned (29, 'pack.inner', ('<', [20, 21]), 40), " in got.stdout


@pytest.mark.parametrize("which", ["image", "other"])
def test_an_exception(
    tree: Path, engine: Engine, which: str, request: pytest.FixtureRequest
) -> None:
    image = request.getfixturevalue(which)
    got = run(tree, script("def f(): pack.fail('x')", arguments=f"'{image}'"), env=engine.env)
    assert got.result is False
    assert "    def f(): pack.fail('x')\n" in got.stdout
    assert '    raise ValueError(f"no {x}")\n' in got.stdout
    assert got.stdout.endswith(f"ValueError: no x\nfailed: f in {image}, see above\n")
    assert engine.containers() == []


ALONE = """
def f():
    import importlib.util, os, socket
    found = [path for path, _, _ in os.walk("/") if path.endswith(("/pack", "/modulepickle"))]
    try:
        socket.create_connection(("192.0.2.1", 80), 5)
    except OSError as error:
        return found, importlib.util.find_spec("modulepickle"), error.strerror
"""


def test_the_container_has_nothing_of_ours_and_no_network(
    tree: Path, engine: Engine, image: str
) -> None:
    got = run(tree, script(ALONE, arguments=f"'{image}'"), env=engine.env)
    assert " returned ([], None, 'Network is unreachable'), " in got.stdout


def test_the_end_of_its_interpreter(tree: Path, engine: Engine, image: str) -> None:
    code = "def f():\n    import os\n    os.kill(os.getpid(), 9)\n    os._exit(7)\n"
    got = run(tree, script(code, arguments=f"'{image}'"), env=engine.env)
    assert got.result is False
    # The first process of a container cannot kill itself.
    assert got.stdout.startswith("the interpreter ended with exit code 7\nfailed: f in ")


def test_much_goes_in_and_comes_out(tree: Path, engine: Engine, image: str) -> None:
    code = """
        text = "é" * 3_000_000
        def f(): print(text)
    """
    got = run(tree, script(code, arguments=f"'{image}'"), env=engine.env)
    assert got.result is True
    assert got.stdout.startswith("é" * 3_000_000 + "\npassed: f in ")


def test_an_image_without_python(tree: Path, engine: Engine) -> None:
    name = engine.make("empty:1", None)
    got = run(tree, script("", "pack.text", f"'{name}'"), env=engine.env, expect_failure=True)
    assert "DockerError: empty:1 has no `python3` on its PATH; name an image" in got.stderr
    assert engine.containers() == []


def test_an_image_that_cannot_be_had(tree: Path, engine: Engine) -> None:
    name = "127.0.0.1:1/no/image:1"  # a registry where nobody listens
    got = run(tree, script("", "pack.text", f"'{name}'"), env=engine.env, expect_failure=True)
    assert f"DockerError: there is no image {name} here, and it cannot be fetched" in got.stderr
    assert "`docker image ls` lists those that are there" in got.stderr


def test_no_engine(tree: Path, tmp_path: Path) -> None:
    env = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    got = run(tree, script("", "pack.text"), env=env, expect_failure=True)
    assert "DockerError: no Docker Engine answers; start it:" in got.stderr


def test_an_interrupted_run_removes_its_container(tree: Path, engine: Engine, image: str) -> None:
    with stuck(tree, script(STUCK, arguments=f"'{image}'"), engine.env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        assert len(engine.containers()) == 1
        interrupt(process)
    assert engine.containers() == []


def test_the_command_line(tree: Path, engine: Engine, image: str, other: str) -> None:
    for name in image, other:
        done = subprocess.run(
            [sys.executable, "-m", "modulepickle", "run", "pack:text", "--docker", name],
            cwd=tree,
            env={**os.environ, **engine.env, "PYTHONPATH": str(SITE)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ["in pack.inner", "'some data'"]
        assert done.stderr.startswith("pack  ")
    assert engine.containers() == []
