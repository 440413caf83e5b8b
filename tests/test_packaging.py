"""The distributions built from this tree: what is in them, that they install, and their types.

They are built from a copy, as a user's installer does it, and tried in environments of their own.
"""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email.message import Message
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

import pages
from pages import anchors, block, blocks, text_of
from pages import links as links_of
from receivers import SOURCE, VERSIONS, find_interpreters, project, receive

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = SOURCE.parent

USER = """
    === user.py
    from __future__ import annotations

    import io
    import pickle
    from typing import Any

    import modulepickle
    import modulepickle.test

    def double(x: int) -> int:
        return 2 * x

    policy = modulepickle.Policy(ignore=("*.ckpt",), max_bytes=1_000_000)
    data: bytes = modulepickle.dumps(double, policy=policy, key=b"k" * 16)
    modulepickle.dump(double, io.BytesIO(), protocol=5, store=None)
    pickler: pickle.Pickler = modulepickle.Pickler(io.BytesIO(), policy=modulepickle.get_policy())
    before: modulepickle.Policy = modulepickle.set_policy(modulepickle.Policy())
    shared: modulepickle.Store = modulepickle.stores.directory("shared")
    report: modulepickle.Report = modulepickle.explain(double)
    text: str = report.to_json() + modulepickle.inspect(data).to_json()
    passed: bool = modulepickle.test.test(lambda: double(2), image="python:3.13-slim")
    with modulepickle.extend_multiprocessing() as extension:
        extension.undo()

    def first(error: modulepickle.PackagingError) -> tuple[modulepickle.Reason, str]:
        problem = error.problems[0]
        return problem.reason, problem.remedy

    class Own(modulepickle.Pickler):
        def reducer_override(self, obj: Any) -> Any:
            return super().reducer_override(obj)

    Extended: type[pickle.Pickler] = modulepickle.extend(pickle.Pickler)
    === wrong.py
    import modulepickle

    modulepickle.Policy(ignore=3)
    modulepickle.dumps(1, protocol="4")
    modulepickle.dumps()
    modulepickle.no_such_name
    number: int = modulepickle.dumps(1)
"""
"""A user's file, and one with mistakes that only who sees our types can find."""

MISTAKES = (3, 4, 5, 6, 7)
"""Lines of `wrong.py`."""


def run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def tracked() -> list[str]:
    """Return the files of this project; where there is no git, all that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]
    files = (path for path in ROOT.rglob("*") if path.is_file())
    inside = (path.relative_to(ROOT) for path in files)
    unwanted = re.compile(r"(^|/)(\.git|\.venv|__pycache__|build|dist|\.\w+_cache|PKG-INFO)(/|$)")
    return [path.as_posix() for path in inside if not unwanted.search(path.as_posix())]


@dataclass
class Built:
    wheel: Path
    sdist: Path
    files: list[str]
    "Of the tree that they were built from."

    def wheel_names(self) -> list[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return archive.namelist()

    def sdist_sizes(self) -> dict[str, int]:
        """Path inside the sdist's one folder -> size in bytes."""
        with tarfile.open(self.sdist) as archive:
            members = [member for member in archive.getmembers() if member.isfile()]
        assert {PurePosixPath(member.name).parts[0] for member in members} == {
            self.sdist.name[: -len(".tar.gz")]
        }
        return {member.name.partition("/")[2]: member.size for member in members}

    def metadata(self) -> Message:
        with zipfile.ZipFile(self.wheel) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
            return email.message_from_string(archive.read(name).decode())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    pytest.importorskip("build", reason="pip install build")
    folder = tmp_path_factory.mktemp("built")
    files = tracked()
    for path in files:
        target = folder / "tree" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target)
    (folder / "tree/notes.bin").write_bytes(bytes(1000))  # somebody's, beside it
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", folder / "tree")
    (wheel,), (sdist,) = folder.glob("dist/*.whl"), folder.glob("dist/*.tar.gz")
    return Built(wheel, sdist, files)


def test_the_sdist_is_the_project_and_nothing_large(built: Built) -> None:
    sizes = built.sdist_sizes()
    assert {*sizes} == {*built.files, "PKG-INFO"}
    for path in ("README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", ".ci/run"):
        assert path in sizes
    assert any(path.startswith("tests/engines/") for path in sizes)
    assert any(path.startswith("benchmarks/") for path in sizes)
    assert max(sizes.values()) < 400_000, max(sizes, key=sizes.__getitem__)


def test_the_wheel_is_the_package(built: Built) -> None:
    names = [name for name in built.wheel_names() if ".dist-info/" not in name]
    assert sorted(names) == sorted(
        path[len("src/") :] for path in built.files if path.startswith("src/")
    )
    assert "modulepickle/py.typed" in names
    assert built.wheel.name.endswith("-py3-none-any.whl")


def test_the_metadata(built: Built) -> None:
    metadata = built.metadata()
    assert metadata["Name"] == "modulepickle"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == f">={VERSIONS[0]}"
    assert metadata["Description-Content-Type"] == "text/markdown"
    # Without an extra, nothing is needed.
    needs = metadata.get_all("Requires-Dist", [])
    assert needs
    assert [need for need in needs if "extra ==" not in need] == []
    said = re.findall(r":: (3\.\d+)$", "\n".join(metadata.get_all("Classifier", [])), re.MULTILINE)
    assert said == [*VERSIONS]


def test_the_description_needs_no_other_file(built: Built) -> None:
    text = str(built.metadata().get_payload())
    readme, links = text_of("README.md"), links_of(text)
    assert len(links_of(readme)) > 20
    assert [link for link in links if not link.startswith(("#", "https://"))] == []
    named = {*re.findall(r'^#+ <a id="([\w-]+)"></a>', text, re.MULTILINE)}
    assert {link[1:] for link in links if link.startswith("#")} <= named == anchors(readme)
    assert [*pages.blocks_in(text)] == [*pages.blocks_in(readme)]


def test_the_version_stands_in_one_place(built: Built) -> None:
    version = built.metadata()["Version"]
    texts = {path: ROOT / path for path in built.files if path.startswith(("src/", "pyproject"))}
    found = {
        path: text.count(f'"{version}"')
        for path, text in ((path, file.read_bytes().decode()) for path, file in texts.items())
        if f'"{version}"' in text
    }
    assert found == {"src/modulepickle/__init__.py": 1}
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert built.sdist.name == f"modulepickle-{version}.tar.gz"


@pytest.fixture(scope="module", params=["3.9", "3.13"])
def python(request: pytest.FixtureRequest) -> str:
    """An interpreter of the oldest Python, and of one that many have."""
    found = find_interpreters().get(request.param)
    if found is None:
        pytest.skip(f"no Python {request.param} found")
    return found


def fresh(folder: Path, python: str, distribution: Path) -> Path:
    """Return the Python of a new environment in which a distribution is installed."""
    run(python, "-m", "venv", folder)
    pip = [folder / "bin/python", "-m", "pip", "-q", "--disable-pip-version-check"]
    run(*pip, "install", distribution)
    return folder / "bin/python"


def test_the_usual_project_in_an_environment_of_its_own(tmp_path: Path, built: Built) -> None:
    """With an editable install, as its page says it."""
    installed = fresh(tmp_path / "venv", sys.executable, built.wheel)
    tree = tmp_path / "shop"
    for each in pages.blocks_in(text_of("usual-project.md")):
        if each.file:
            path = tree / each.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(each.text, encoding="utf-8")
    tmp_path.joinpath("elsewhere").mkdir()
    command = block("usual-project.md", "sh", "pip install").split()
    run(installed, "-m", *command, "-q", "--disable-pip-version-check", cwd=tree)
    ((line, shown),) = pages.commands(block("usual-project.md", "console", "explain shop"))
    said = run(installed, "-m", *line.split(), cwd=tree)
    pages.check(line, shown, said)
    for each in "shop  5 files", "shop_plugins  2 files":  # with METADATA
        assert f"\n  {each}, " in said
    code = (
        "import modulepickle, pathlib, shop.checkout\n"
        "pathlib.Path('job').write_bytes(modulepickle.dumps(shop.checkout.total))"
    )
    run(installed, "-c", code, cwd=tmp_path / "elsewhere")
    data = tmp_path.joinpath("elsewhere/job").read_bytes()
    more = "import importlib.metadata as m\nresult = obj(['tea', 'milk']), m.version('shop')"
    assert receive(data, more, absent=["shop"]).result == (3, "1.4")


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_installs_and_ships(tmp_path: Path, built: Built, python: str, kind: str) -> None:
    installed = fresh(tmp_path / "venv", python, getattr(built, kind))
    tree = project(
        tmp_path / "tree",
        """
        === shop/__init__.py
        def price(item):
            from shop.prices import PRICES

            return PRICES[item]
        === shop/prices.py
        PRICES = {"tea": 3}
        === send.py
        import modulepickle, shop

        with open("price.pickle", "wb") as file:
            modulepickle.dump(shop.price, file)
        """,
    )
    run(installed, "send.py", cwd=tree)
    data = (tree / "price.pickle").read_bytes()
    assert receive(data, "result = obj('tea')", python=python, absent=["shop"]).result == 3
    shown = run(installed, "-m", "modulepickle", "demo", cwd=tmp_path)
    assert shown.endswith("old(\"tea\") -> 'tea: 3 euros'\n")


def test_the_command_that_tries_it(tmp_path: Path, built: Built) -> None:
    """The README's first command, letter by letter, in a tree as it is cloned."""
    command = block("README.md", "sh", "modulepickle demo")
    tree = shutil.copytree(built.wheel.parent.parent / "tree", tmp_path / "clone")
    tmp_path.joinpath("bin").mkdir()
    tmp_path.joinpath("bin/python").symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    said = run("env", "-u", "PYTHONPATH", f"PATH={path}", "sh", "-c", command, cwd=tree)
    assert said.endswith(blocks("README.md", "")[0])


def test_the_extra_engines_resolves(built: Built) -> None:
    for engine in ("pyspark", "ray", "distributed"):
        if find_spec(engine) is None:
            pytest.skip(
                f"no {engine}, so this would download the extra: pip install -e '.[engines]'"
            )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    said = run(*pip, "install", "--dry-run", f"{built.wheel}[engines]")
    assert "distributed" in said


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory, built: Built) -> tuple[Path, Path]:
    """A user's folder, and the Python of an environment that has the wheel."""
    folder = tmp_path_factory.mktemp("user")
    return project(folder / "tree", USER), fresh(folder / "venv", sys.executable, built.wheel)


def check(command: list[Any], tree: Path) -> None:
    """See a type checker accept one file, and refuse each line of the other one."""
    run(*command, "user.py", cwd=tree)
    wrong = subprocess.run(
        [*map(str, command), "wrong.py"], cwd=tree, capture_output=True, text=True
    )
    lines = {int(line) for line in re.findall(r"wrong\.py:(\d+)[\d:\s-]* error", wrong.stdout)}
    assert lines == {*MISTAKES}, wrong.stdout


def test_mypy_sees_the_types_from_outside(user: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    tree, python = user
    options = ["--strict", "--python-executable", python, "--cache-dir", tmp_path]
    check([sys.executable, "-m", "mypy", *options], tree)


def pyright(python: Path) -> list[str]:
    """Return the command, once it runs: it fetches itself by npm when it is used first."""
    pytest.importorskip("pyright")
    if shutil.which("node") is None:
        pytest.skip("no node on PATH, which pyright runs on")
    command = [sys.executable, "-m", "pyright"]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"pyright does not start: {done.stderr.strip()[-300:]}")
    return [*command, "--pythonpath", str(python)]


def test_pyright_sees_the_types_from_outside(user: tuple[Path, Path]) -> None:
    tree, python = user
    (tree / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    check(pyright(python), tree)


def test_pyright_knows_the_type_of_each_public_name(
    user: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, python = user
    # For this it looks at the environment that is active, whatever `--pythonpath` says.
    monkeypatch.setenv("PATH", f"{python.parent}{os.pathsep}{os.environ['PATH']}")
    command = [*pyright(python), "--verifytypes", "modulepickle", "--ignoreexternal"]
    said = run(*command, cwd=tmp_path)
    assert "With unknown type: 0" in said
    assert int(re.findall(r'exported by "modulepickle": (\d+)', said)[0]) > 50
