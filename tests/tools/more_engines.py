"""Run the tests marked `engines_more`, in environments that this makes.

    python tests/tools/more_engines.py [--venvs FOLDER] [GROUP...] [-- PYTEST ARGUMENTS]

These engines are too large for CI, and do not go together: each group has an environment of its
own, made once, in `modulepickle-tests/more-engines` in `${XDG_CACHE_HOME:-~/.cache}`. The exit code
is 0 if all tests of all groups passed, and none of them was skipped for want of an engine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

TOOLS: Final = ("cloudpickle", "dill", "hypothesis", "pytest", "pytest-timeout", "pytest-xdist")

# Group -> the engines that must be there, and what is installed for them.
GROUPS: Final = {
    "torch": (
        ("parsl", "prefect", "torch"),
        ("fastapi==0.139.0", "parsl", "prefect", "torch"),  # prefect 3.8 does not start with 0.165
    ),
    "data": (
        ("apache_beam", "datasets", "lithops", "mlflow", "pathos"),
        ("apache-beam", "datasets", "lithops", "mlflow-skinny", "pathos"),
    ),
    "flows": (("flytekit", "metaflow"), ("flytekit", "metaflow")),
    "airflow": (
        ("airflow",),
        ("apache-airflow", "apache-airflow-providers-standard"),
    ),
}


def environment(folder: Path, packages: tuple[str, ...]) -> Path:
    """Return the Python of a group's environment, made if need be."""
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *TOOLS, *packages], check=True)
        (folder / "complete").touch()
    return python


def test(group: str, venvs: Path, arguments: list[str]) -> int:
    """Run the tests of a group; return pytest's exit code."""
    engines, packages = GROUPS[group]
    print(f"== {group}: {', '.join(engines)}", flush=True)
    python = environment(venvs / group, packages)
    files = sorted((ROOT / "tests" / "engines").glob("test_*.py"))
    found = [str(each) for each in files if "engines_more" in each.read_text(encoding="utf-8")]
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "engines_more"]
    # Of a group, the tests of the other groups are skipped.
    env = {"MODULEPICKLE_TEST_TIMEOUT": "280", **os.environ}  # s: prefect starts two servers
    env["MODULEPICKLE_REQUIRE_ENGINES"] = " ".join(engines)
    return subprocess.run([*command, *arguments, *found], cwd=ROOT, env=env).returncode


def main(arguments: list[str]) -> int:
    """Run groups; return the exit code."""
    venvs = CACHE / "modulepickle-tests" / "more-engines"
    if arguments[:1] == ["--venvs"]:
        venvs, arguments = Path(arguments[1]), arguments[2:]
    rest: list[str] = []
    if "--" in arguments:
        end = arguments.index("--")
        arguments, rest = arguments[:end], arguments[end + 1 :]
    codes = {group: test(group, venvs, rest) for group in arguments or GROUPS}
    print(
        *(f"{group}: {'failed' if code else 'passed'}" for group, code in codes.items()), sep="\n"
    )
    return max(codes.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
