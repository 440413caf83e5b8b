"""What each mode does, what must come of it, and the interpreters that do it."""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fidelity.case import MODES, Case
from receivers import SITE, find_interpreters

SECONDS: Final = 30.0
"""What a child may take; the longest case needs less than two on a quiet machine."""
CALLS: Final = 4
SERVER: Final = Path(__file__).with_name("forkserver.py")

Record = dict[str, Any]
Step = tuple[Any, ...]


def plan(mode: str, pickles: Mapping[int, str], old: Step) -> list[Step]:
    """The steps of a mode. Keys are the numbers of versions; `old` runs the host's own script."""
    load, other = ("load", 1, pickles[1]), ("load", 2, pickles.get(2, ""))
    mine, theirs, host = ("call", 1), ("call", 2), ("call", 0)
    return {
        "alone": [load, mine, mine, load, mine],
        "after": [other, theirs, load, mine, theirs, mine, load, mine],
        "before": [load, other, mine, theirs, mine, theirs, load, mine],
        "older": [
            *(old, ("remember",), load, ("compare",), mine, mine, load, mine, ("compare",)),
            *(host, host),
        ],
        "no_disk": [load, mine, mine, load, mine],
    }[mode]


class Server:
    """An interpreter that forks: bare, or with the library. Ended by its own id."""

    def __init__(self, python: str, *, library: bool) -> None:
        command = [python, "-I", "-S", str(SERVER), *([str(SITE)] if library else [])]
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            command, cwd=self._folder.name, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, request: Mapping[str, Any]) -> list[Record] | str:
        assert self._process.stdin
        assert self._process.stdout
        data = pickle.dumps(request, 4)
        self._process.stdin.write(struct.pack("<Q", len(data)) + data)
        self._process.stdin.flush()
        size = self._process.stdout.read(8)
        if len(size) < 8:
            raise RuntimeError(f"the server ended with {self._process.wait(10)}")
        answer = pickle.loads(self._process.stdout.read(struct.unpack("<Q", size)[0]))
        assert isinstance(answer, (list, str))
        return answer

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()


class Harness:
    """Runs cases on one Python version; a context manager that ends its two interpreters.

    Attributes:
        version: such as "3.11".
    """

    def __init__(self, version: str, folder: Path, *, seconds: float = SECONDS) -> None:
        python = find_interpreters()[version]
        self.version, self._folder, self._seconds = version, folder, seconds
        self._bare = Server(python, library=False)
        self._sender = Server(python, library=True)
        self._count = 0

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *error: object) -> None:
        self._bare.close()
        self._sender.close()

    def run(self, case: Case, modes: tuple[str, ...] = MODES) -> dict[str, list[str]]:
        """Run a case; return, for each mode, how it differs from the native answer.

        Raises:
            AssertionError: if the case itself is not as it says, natively.
        """
        self._count += 1
        top = self._folder / f"{self._count}"
        trees = {version: case.write(top / f"tree{version}", version) for version in (0, 1, 2)}
        native = {version: self._natively(case, trees[version]) for version in trees}
        _check(case, native)
        found: dict[str, list[str]] = {}
        pickles, refused = self._pickled(case, trees, top)
        for mode in modes:
            if refused:
                found[mode] = refused
                continue
            steps = plan(mode, pickles, _script(case, 0, trees[0]))
            found[mode] = differences(self._ask(self._bare, case, steps, mode == "no_disk"), native)
        return found

    def _natively(self, case: Case, tree: Path) -> list[Record]:
        steps: list[Step] = [_script(case, 1, tree), *[("call", 1)] * CALLS]
        answer = self._ask(self._bare, case, steps)
        return answer if isinstance(answer, list) else [{"step": "script", "error": answer}]

    def _pickled(
        self, case: Case, trees: Mapping[int, Path], top: Path
    ) -> tuple[dict[int, str], list[str]]:
        """The paths of the pickles of both versions; or why there is none."""
        policy = f", policy=modulepickle.Policy({case.policy})" if case.policy else ""
        pickles, refused = {}, []
        for version in (1, 2):
            path = str(top / f"{version}.pickle")
            steps: list[Step] = [_script(case, version, trees[version])]
            steps.append(("dump", version, f"modulepickle.dumps(obj{policy})", path))
            answer = self._ask(self._sender, case, steps, cwd=trees[version])
            refused += _dumped(case, answer)
            pickles[version] = path
        return pickles, refused

    def _ask(
        self,
        server: Server,
        case: Case,
        steps: list[Step],
        no_disk: bool = False,
        cwd: Path | None = None,
    ) -> list[Record] | str:
        with tempfile.TemporaryDirectory(prefix="child", dir=self._folder) as name:
            folder = Path(name)
            for each in "empty", "cache", "tmp":
                (folder / each).mkdir(0o700)
            where = folder / "file" / "below" if no_disk else folder
            (folder / "file").write_text("no folder can be made below a file")
            env = {"MODULEPICKLE_CACHE": where / "cache", "TMPDIR": where / "tmp", "HOME": where}
            answer = server.ask(
                {
                    "env": {key: str(value) for key, value in env.items()},
                    "cwd": str(cwd or folder / "empty"),
                    "log": str(folder / "log"),
                    "seconds": self._seconds,
                    "tops": case.tops(),
                    "steps": steps,
                }
            )
            printed = (folder / "log").read_text(errors="replace")[-1500:]
            return answer if isinstance(answer, list) else f"{answer}; it printed: {printed}"


def _script(case: Case, key: int, tree: Path) -> Step:
    return ("script", key, str(tree), ["app.pyz"] if case.zipped else [*case.paths], case.main())


def _check(case: Case, native: Mapping[int, list[Record]]) -> None:
    """Fail if the native answers are not those of a case that means something."""
    for version, records in native.items():
        assert len(records) == CALLS + 1, f"{case.name}, version {version}, natively: {records[-1]}"
        assert "error" not in records[0], f"{case.name}, natively: {records[0]}"
    first = native[1][1]
    assert ("error" in first) == case.raises, f"{case.name}, natively: {first}"
    answers = {_answer(native[version][1]) for version in native}
    assert (len(answers) == 1) == case.same, f"{case.name}, the versions' native answers: {answers}"


def _answer(record: Record) -> str:
    return repr(record.get("value", record.get("error")))


def _shown(record: Record) -> str:
    """What came of a call, for a reader."""
    error = record.get("error")
    if not error:
        return str(record.get("value"))
    frames = " <- ".join(f"{path}:{line} {text!r}" for path, line, _, text in error["frames"][::-1])
    return f"{error['type']}: {error['message']} (at {frames})"


def _dumped(case: Case, answer: list[Record] | str) -> list[str]:
    """How `dumps` went wrong, or warned when it should not."""
    import re

    if isinstance(answer, str):
        return [f"dumps: {answer}"]
    if "error" in answer[-1]:
        return [f"dumps: {_shown(answer[-1])}"]
    warned = [f"{kind}: {message}" for kind, message, _ in answer[-1]["warnings"]]
    if case.warned:
        right = warned and all(re.search(case.warned, each) for each in warned)
        return [] if right else [f"dumps should warn of {case.warned!r}; it warned of {warned}"]
    return [f"dumps warned: {each}" for each in warned]


def differences(answer: list[Record] | str, native: Mapping[int, list[Record]]) -> list[str]:
    """What the records of a plan have that the native ones have not; a line each."""
    if isinstance(answer, str):
        return [answer]
    lines: list[str] = []
    calls: dict[int, int] = {}
    before: dict[int, list[Any]] = {}  # what was warned of since the last call: at the import
    for record in answer:
        key = record["key"]
        if record["step"] == "compare":
            lines += record["value"]
        elif record["step"] != "call":
            if "error" in record:
                lines.append(f"{record['step']}: {_shown(record)}")
            before[key] = before.get(key, []) + record["warnings"]
        else:
            calls[key] = calls.get(key, 0) + 1
            wanted = native[key][calls[key]]
            if calls[key] == 1:
                wanted = {**wanted, "warnings": native[key][0]["warnings"] + wanted["warnings"]}
            got = {**record, "warnings": before.pop(key, []) + record["warnings"]}
            who = {0: "the host's own", 1: "the shipped", 2: "the other version"}[key]
            lines += [f"{who}, call {calls[key]}: {each}" for each in _compare(got, wanted)]
    return lines


def _compare(got: Record, want: Record) -> list[str]:
    """How one call differs. Behind a native ImportError's message, ours may say more."""
    lines = []
    mine, theirs = got.get("error"), want.get("error")
    if mine and theirs:
        if "name" in theirs and mine["message"].startswith(theirs["message"]):
            mine = {**mine, "message": theirs["message"]}
        lines = [
            f"{each}: got {mine.get(each)!r}, want {theirs.get(each)!r}"
            for each in dict.fromkeys([*theirs, *mine])
            if mine.get(each) != theirs.get(each)
        ]
    elif _answer(got) != _answer(want):
        lines = [f"got {_shown(got)}, want {_shown(want)}"]
    if got["warnings"] != want["warnings"]:
        lines.append(f"warnings: got {got['warnings']}, want {want['warnings']}")
    return lines


def chosen_versions() -> list[str]:
    """The oldest, the running and the newest CPython that are here."""
    found = [version for version in find_interpreters() if version.replace(".", "").isdigit()]
    found.sort(key=lambda version: tuple(map(int, version.split("."))))
    running = "{}.{}".format(*sys.version_info)
    usable = [version for version in found if int(version.split(".")[1]) >= 9]
    return list(dict.fromkeys([running, usable[0], usable[-1]]))
