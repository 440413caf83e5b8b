"""R8, R15: modules that Cython compiled, whose imports are C code and pass by `__import__`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from fidelity.case import Case
from fidelity.modes import Harness

pytest.importorskip("Cython")

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]

FAST = """
import helper
from . import consts
from pkg.consts import K

def f():
    from pkg import consts as late
    import helper as late_helper
    return K, consts.K, late.K, late_helper.H, helper.H
"""
FILES = """
    === pkg/__init__.py
    === pkg/consts.py
    K = "k@V@"
    === helper.py
    H = "h@V@"
    === pkg/fast.pyx
    """ + "\n    ".join(FAST.splitlines())


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The extension module, for this Python: its path in the tree -> its content."""
    include = sysconfig.get_path("include")
    if not shutil.which("gcc") or not Path(include, "Python.h").exists():
        pytest.skip("no C compiler, or no Python.h")
    folder = tmp_path_factory.mktemp("cython")
    (folder / "pkg").mkdir()
    (folder / "pkg/__init__.py").touch()
    (folder / "pkg/fast.pyx").write_text(FAST)
    command = [sys.executable, "-m", "cython", "-3", "pkg/fast.pyx", "-o", "fast.c"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    name = f"fast{sysconfig.get_config_var('EXT_SUFFIX')}"
    command = ["gcc", "-shared", "-fPIC", "-O0", f"-I{include}", "-o", name, "fast.c"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {f"pkg/{name}": (folder / name).read_bytes()}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory):
    version = "{}.{}".format(*sys.version_info)
    with Harness(version, tmp_path_factory.mktemp("fidelity")) as harness:
        yield harness


SCRIPT = "import pkg.fast\nobj = pkg.fast.f"
WARNED = r"pkg\.fast: compiled code, which imports .* by itself"
LIMIT = "C code, that of Cython modules included, gets what `sys.modules` shows"


def test_r08_what_only_the_c_code_imports_travels(harness, compiled):
    case = Case("r08_cython", FILES, SCRIPT, extra=compiled, warned=WARNED)
    assert harness.run(case, ("alone",)) == {"alone": []}


def test_r15_two_versions_of_what_c_code_imports(harness, compiled):
    """They mix, as Limits says, where C imports late; `dumps` warns of it."""
    case = Case("r08_cython", FILES, SCRIPT, extra=compiled, warned=WARNED)
    found = harness.run(case, ("after", "before", "older"))
    assert all(found.values()), "what holds now is to be taken out of Limits"
    assert not [line for lines in found.values() for line in lines if "should warn" in line]
    assert LIMIT in (ROOT / "docs/limits.md").read_text(encoding="utf-8")
    # What a module imports at its beginning is its own version's.
    late = [line for lines in found.values() for line in lines]
    assert all(re.search(r"got \('k(\d)', 'k\1', .* 'h\1'\)", line) for line in late)
