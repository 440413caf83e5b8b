"""R8, R17: packages that mypyc compiled, whose C code lies in one helper module at the top."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fidelity.case import Case
from fidelity.modes import Harness

pytest.importorskip("mypyc")

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]

PACKAGE = """
    === pkg/__init__.py
    from pkg.first import Shape, area
    from pkg.second import Square
    def f() -> object:
        from pkg import plain, second
        made = Square(3)
        found = area(made), made.name(), type(made).__mro__[1] is Shape, second.late(), plain.P
        return found, second.Square is Square, sorted(n for n in vars(Shape) if n[0] != "_")
    === pkg/first.py
    from pkg import plain
    class Shape:
        def side(self) -> int:
            return 1
        def name(self) -> str:
            return "shape@V@" + str(plain.P)
    def area(shape: Shape) -> int:
        return shape.side() * shape.side() + @V@
    === pkg/second.py
    from pkg.first import Shape
    class Square(Shape):
        def __init__(self, size: int) -> None:
            self.size = size
        def side(self) -> int:
            return self.size
    def late() -> object:
        from pkg.third import L
        return L
    === pkg/third.py
    L = "late@V@"
    === pkg/plain.py
    P = "plain@V@"
"""
LATE = r"got \(\((?:10, 'shape1plain1'|11, 'shape2plain2'), True, 'late\d', |KeyError: 'pkg.third'"
LIMIT = "C code, that of Cython modules included, gets what `sys.modules` shows"
WARNED = r"pkg[\w.]*: compiled code, which imports .* by itself"
COMPILED = ("pkg/__init__.py", "pkg/first.py", "pkg/second.py", "pkg/third.py")


@dataclass(frozen=True)
class Compiled(Case):
    """A case whose versions have files of their own: `built`, by the number of the version."""

    built: Mapping[int, Mapping[str, bytes]] = field(default_factory=dict)

    def write(self, folder: Path, version: int) -> Path:
        for name, content in self.built[version].items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return super().write(folder, version)


def compiled(folder: Path, version: int) -> dict[str, bytes]:
    """The extension modules of a version, for this Python: path in the tree -> content."""
    Case("r00_source", PACKAGE, "").write(folder, version)
    code = "from mypyc.build import mypycify; from setuptools import setup; import sys;"
    code += (
        f"setup(name='x', packages=['pkg'], ext_modules=mypycify({list(COMPILED)}, opt_level='0'))"
    )
    command = [sys.executable, "-c", code, "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in [*folder.glob("*.so"), *folder.glob("pkg/*.so")]
    }


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    if not shutil.which("gcc") or not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("no C compiler, or no Python.h")
    top = tmp_path_factory.mktemp("mypyc")
    built = {version: compiled(top / str(version), version) for version in (0, 1, 2)}
    assert all(any("__mypyc" in name for name in files) for files in built.values())
    assert len({tuple(files) for files in built.values()}) == 1, "the same names in each version"
    return Compiled("r08_mypyc", PACKAGE, "import pkg\nobj = pkg.f", built=built, warned=WARNED)


def test_r08_versions_that_mypyc_compiled(tmp_path: Path, case: Compiled) -> None:
    """What C imports late is mixed, as Limits says; all else is right, and the host as it was."""
    with Harness("{}.{}".format(*sys.version_info), tmp_path) as harness:
        found = harness.run(case)
    assert found["alone"] == []
    lines = [line for mode in ("after", "before", "older") for line in found[mode]]
    assert [line for line in lines if not re.search(LATE, line)] == []
    assert LIMIT in (ROOT / "docs/limits.md").read_text(encoding="utf-8")
