"""Virtual environments of other Pythons, with what a test needs there.

They are in `modulepickle-tests/venvs` in `${XDG_CACHE_HOME:-~/.cache}`, made once each.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
VENVS: Final = CACHE / "modulepickle-tests" / "venvs"


class CannotError(Exception):
    """Says why an environment can't be had here."""


def environment_of(python: str, version: str, *pins: str, alone: str = "") -> str:
    """Return the Python of an environment with some distributions, `name==version` each.

    Args:
        python: the interpreter to make it with. version: its version, such as "3.12".
        alone: the environment's name; it then has these distributions, and not what they require.
    """
    names = [pin.replace("==", "-") for pin in pins]
    if alone:
        names = [alone, hashlib.sha256(" ".join(pins).encode()).hexdigest()[:16]]
    final = VENVS / "-".join([version, *names])
    if not _works(final, python):
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent) as folder:
            fresh = Path(folder, "it")
            _run(python, "-m", "venv", str(fresh))
            pip = [str(fresh / "bin/python"), "-m", "pip", "-q", "--disable-pip-version-check"]
            _run(*pip, "install", *(["--no-deps"] if alone else []), *pins)
            shutil.rmtree(final, ignore_errors=True)
            try:
                os.rename(fresh, final)
            except OSError:  # another process was faster
                if not _works(final, python):
                    raise
    return str(final / "bin/python")


def _works(venv: Path, python: str) -> bool:
    """Tell whether an environment is there, and of an interpreter that still is."""
    found = venv / "bin/python"
    return found.exists() and os.path.realpath(found) == os.path.realpath(python)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise CannotError(f"{' '.join(command)}: {done.stderr.strip()[-600:]}")
