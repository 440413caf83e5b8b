"""Runs a project's tests in a process of their own, and writes each test's outcome as JSON.

    python runner.py JOB.json

Runs without the library, on the Python of the receivers' environment, in the folder with the
project's tests. The job says:

    pickle: a pickle of the project's modules, to be unpickled first; null runs it natively
    names: the project's top-level modules
    places: what pytest is given; "NAME:PATH" is a path inside the folder that has the module NAME
    options: more arguments for pytest
    out: the file to write: {id: "passed" | "failed" | "skipped"}
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pickle
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it imports pluggy, which may be the project
    import pytest

NEEDED_BY_PYTEST = {"pluggy"}
"""What no environment with pytest can be without, so that the receiver has a copy of its own."""


class Outcomes:
    """A plug-in that keeps the worst outcome of each test's phases."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = shortened(report.nodeid)
        if self.found.get(name) != "failed" and (report.when == "call" or not report.passed):
            self.found[name] = report.outcome

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.found[shortened(report.nodeid) + "::(collection)"] = "failed"


def shortened(nodeid: str) -> str:
    """Return an id that is the same wherever the tests stand: from the folder `tests/` on."""
    path, colons, rest = nodeid.partition("::")
    path = re.sub(r"^.*?/(?=tests?/)", "", path)
    # Some have the folder that they run in among their parameters.
    return path + colons + rest.replace(os.getcwd(), "<cwd>")


def unpickled(path: str, names: list[str]) -> None:
    """Unpickle the modules, where nothing else can be imported under their names."""
    for name in names:
        if name not in NEEDED_BY_PYTEST and importlib.util.find_spec(name):
            sys.exit(f"this receiver has a {name} of its own")
    modules = pickle.loads(Path(path).read_bytes())
    cache = os.path.realpath(os.environ["MODULEPICKLE_CACHE"])
    for name, module in zip(names, modules):
        if sys.modules.get(name) is not module:
            sys.exit(f"the shipped {name} is not in sys.modules")
        if not os.path.realpath(module.__file__).startswith(cache + os.sep):
            sys.exit(f"{name} is not the shipped one: {module.__file__}")


def place(text: str) -> str:
    name, colon, path = text.partition(":")
    if not colon:
        return text
    file = importlib.import_module(name).__file__
    assert file
    return str(Path(file).parents[1 if file.endswith("__init__.py") else 0] / path)


def main(job: dict[str, Any]) -> None:
    # The script's own folder is not on the path of `python -m pytest`.
    sys.path.remove(str(Path(__file__).resolve().parent))
    if job["pickle"]:
        unpickled(job["pickle"], job["names"])
    import pytest

    outcomes = Outcomes()
    places = [place(text) for text in job["places"]]
    quiet = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    pytest.main([*quiet, *job["options"], *places], [outcomes])
    Path(job["out"]).write_text(json.dumps(outcomes.found), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
