"""Get Pyodide, a CPython made of WebAssembly, and make it startable as any Python is.

    python tests/tools/fetch_pyodide.py

Prints the path of the executable, which runs `pyodide_python.mjs` by node; what could not be had
and why goes to stderr, and is no failure. Needs node (20 or newer) and npm. The folder is
`modulepickle-tests/pyodide` in `${XDG_CACHE_HOME:-~/.cache}`; what is there is not fetched again.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PYODIDE: Final = CACHE / "modulepickle-tests" / "pyodide"
EXECUTABLE: Final = PYODIDE / "pyodide"
SCRIPT: Final = Path(__file__).with_name("pyodide_python.mjs")


def fetch() -> str:
    """Fetch it if it is not there yet; return why that cannot be, or nothing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "there is no node or no npm on this machine"
    package = PYODIDE / "node_modules/pyodide"
    if not package.exists():
        PYODIDE.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PYODIDE.parent) as folder:
            settings = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder)
            done = subprocess.run(
                [npm, "install", *settings, "pyodide"], capture_output=True, text=True
            )
            if done.returncode:
                return f"npm failed: {done.stderr.strip()[-600:]}"
            shutil.rmtree(PYODIDE, ignore_errors=True)
            shutil.move(folder, PYODIDE)
            Path(folder).mkdir()  # for the end of the block
    # Each time, since this checkout may be another one.
    command = shlex.join([node, str(SCRIPT), str(package)])
    EXECUTABLE.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    EXECUTABLE.chmod(0o755)
    return ""


if __name__ == "__main__":
    reason = fetch()
    print(f"no Pyodide: {reason}" if reason else EXECUTABLE, file=(sys.stderr if reason else None))
