"""`python -m modulepickle cache`: it lists what receivers left, and deletes what none uses."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import receivers
from receivers import SITE, project, receive, send

TREE = """
    === helpers/__init__.py
    def double(x):
        return 2 * x
    === helpers/units.py
    UNIT = "km"
    === single.py
    def triple(x):
        return 3 * x
    === google/mycompany/__init__.py
    def once(x):
        return x
"""
CODE = """
    import google.mycompany, helpers.units, single
    obj = helpers.double, single.triple, google.mycompany.once, helpers.units
"""
HEX = "0123456789abcdef"
OURS = f"modulepickle-{os.getuid()}"
"""The name of the loader's folder, in the one that `MODULEPICKLE_CACHE` names."""


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    # Another portion, that is not ours: the local one travels as `google.mycompany`.
    installed = project(tmp_path / "site-packages", "=== google/other.py\n")
    path = f"import sys; sys.path.append({str(installed)!r})\n"
    return send(project(tmp_path / "tree", TREE), path + CODE.replace("\n    ", "\n"))


@pytest.fixture
def filled(cache_dir: Path, data: bytes) -> Path:
    """The cache folder that a receiver left."""
    got = receive(data, "result = obj[0](2), obj[1](2), obj[2](2)", cache=cache_dir)
    assert got.result == (4, 6, 2)
    return cache_dir / OURS


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return receivers.command("cache", *arguments, env=variables)


def listed(*arguments: str) -> list[dict[str, Any]]:
    done = command("--json", *arguments)
    assert done.returncode == 0, done.stderr
    entries: list[dict[str, Any]] = json.loads(done.stdout)["entries"]
    return entries


def packages() -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in listed() if entry["kind"] == "package"}


# --- listing --------------------------------------------------------------------------------------


def test_it_lists_packages_by_name(filled: Path) -> None:
    done = command()
    assert (done.returncode, done.stderr) == (0, "")
    *lines, last = done.stdout.splitlines()
    assert [line.split("  ")[1:4] for line in lines] == [
        ["google.mycompany", "1 file", "26 bytes"],
        ["helpers", "2 files", "44 bytes"],
        ["single", "1 file", "32 bytes"],
    ]
    for line in lines:
        assert filled.joinpath(line.split()[0]).is_dir()
    size = sum(path.stat().st_size for path in filled.rglob("*") if path.is_file())
    assert last == f"{filled} holds 3 packages, 5 bytecode files: {size:,} bytes"


def test_the_last_use_is_the_time_of_the_folder(filled: Path) -> None:
    helpers = filled / packages()["helpers"]["file"]
    os.utime(helpers, (1_000_000_000, 1_000_000_000))
    assert packages()["helpers"]["used"] == 1_000_000_000
    line = next(line for line in command(TZ="UTC").stdout.splitlines() if "helpers" in line)
    assert line.endswith("2001-09-09 01:46")


@pytest.mark.parametrize("arguments", [(), ("list",), ("clear",)])
def test_no_folder_at_all(cache_dir: Path, arguments: tuple[str, ...]) -> None:
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{cache_dir / OURS} holds nothing: 0 bytes\n")
    assert listed(*arguments) == []
    assert not cache_dir.exists()


@pytest.mark.parametrize("variable", ["MODULEPICKLE_CACHE", "TMPDIR"])
def test_it_looks_where_the_loader_does(tmp_path: Path, data: bytes, variable: str) -> None:
    variables = {"MODULEPICKLE_CACHE": "", "TMPDIR": "", variable: str(tmp_path / "of receivers")}
    tmp_path.joinpath("of receivers").mkdir(mode=0o700)
    receive(data, "obj[0]", env=variables)
    assert " holds 3 packages, " in command(**variables).stdout


def test_what_is_not_the_loader_s_is_neither_listed_nor_deleted(filled: Path) -> None:
    others = ["notes.txt", HEX * 2 + ".txt", HEX * 2 + ".zip.bak", HEX, HEX * 3, "A" * 32]
    for name in others:
        filled.joinpath(name).write_text("mine")
    filled.joinpath("b" * 32).write_text("a file under the name of a folder")
    filled.joinpath("c" * 64).mkdir()
    filled.joinpath("d" * 32).symlink_to(filled.parent)
    filled.joinpath("e" * 32 + ".1").symlink_to(filled.parent)
    others += ["b" * 32, "c" * 64, "d" * 32, "e" * 32 + ".1"]
    assert len(listed()) == 8
    assert command("clear").returncode == 0
    assert sorted(os.listdir(filled)) == sorted(others)
    assert filled.parent.exists()


# --- clearing -------------------------------------------------------------------------------------


def test_clear_empties(filled: Path, data: bytes) -> None:
    filled.joinpath(HEX * 2 + ".zip").write_bytes(b"an archive")
    size = sum(path.stat().st_size for path in filled.rglob("*") if path.is_file())
    done = command("clear")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"removed 3 packages, 5 bytecode files, 1 archive: {size:,} bytes",
        f"{filled} holds nothing: 0 bytes",
    ]
    assert [*filled.iterdir()] == []
    receive(data, "obj[0]", cache=filled.parent)
    assert len(packages()) == 3


def test_clear_in_json(filled: Path) -> None:
    assert listed("clear") == []
    assert [*filled.iterdir()] == []


def test_folders_in_folders_and_links_in_them_go(filled: Path) -> None:
    helpers = filled / packages()["helpers"]["file"] / "helpers"
    helpers.joinpath("a/b/c").mkdir(parents=True)
    helpers.joinpath("a/b/c/file").write_text("x")
    outside = project(filled.parent / "outside", "=== kept.txt\n")
    helpers.joinpath("a/link").symlink_to(outside)
    assert command("clear").returncode == 0
    assert [*filled.iterdir()] == []
    assert outside.joinpath("kept.txt").exists()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Use a folder as the loader does."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield
    finally:
        os.close(lock)


def test_what_a_process_uses_stays(filled: Path) -> None:
    helpers = packages()["helpers"]["file"]
    with held(filled / helpers):
        assert [name for name, entry in packages().items() if entry["in_use"]] == ["helpers"]
        done = command("clear")
        assert done.returncode == 1
        removed, stays, last = done.stdout.splitlines()
        assert removed.startswith("removed 2 packages, 5 bytecode files: ")
        assert stays.startswith(f"{helpers}  helpers  2 files  44 bytes")
        assert stays.endswith("  in use")
        assert last == f"{filled} holds 1 package: 44 bytes"
        assert filled.joinpath(helpers, "helpers/units.py").exists()
    assert command("clear").returncode == 0
    assert [*filled.iterdir()] == []


LIVE = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    double, *_ = pickle.load(file)
print("loaded", flush=True)
sys.stdin.readline()
import helpers.units
with open(helpers.units.__file__) as file:
    print(double(21), file.read().strip(), flush=True)
"""


def test_what_a_live_receiver_uses_stays(filled: Path, data: bytes, tmp_path: Path) -> None:
    tmp_path.joinpath("data.pickle").write_bytes(data)
    variables = {"PATH": os.defpath, "MODULEPICKLE_CACHE": str(filled.parent)}
    live = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", LIVE, str(tmp_path / "data.pickle")],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with live:
        assert live.stdout is not None
        assert live.stdout.readline() == "loaded\n"
        assert {name for name, entry in packages().items() if entry["in_use"]} == set(packages())
        done = command("clear")
        assert done.returncode == 1
        assert done.stdout.splitlines()[0].startswith("removed 5 bytecode files: ")
        assert live.communicate("\n", timeout=100)[0] == '42 UNIT = "km"\n'
    assert command("clear").returncode == 0
    assert [*filled.iterdir()] == []


def test_parts_that_killed_processes_left_go(filled: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()  # its number is nobody's now
    dead, alive = process.pid, os.getpid()
    for number in (dead, alive):
        filled.joinpath(f"{HEX * 2}.{number}/helpers").mkdir(parents=True)
        filled.joinpath(f"{HEX * 2}.{number}/helpers/x.py").write_text("x")
        filled.joinpath(f"{number}.140").write_text("x")
        filled.joinpath(f"{number}.140.77").write_text("x")
    done = command("clear")
    assert done.returncode == 1
    assert " 3 leftovers: " in done.stdout
    left = set(os.listdir(filled))
    assert left == {f"{HEX * 2}.{alive}", f"{alive}.140", f"{alive}.140.77"}


def test_parts_that_are_being_written_stay(filled: Path) -> None:
    """A folder is locked as long as it is written; a file is written at once."""
    folder, left = filled / f"part-{HEX}", filled / f"part-{HEX[::-1]}"
    folder.joinpath("helpers").mkdir(parents=True)
    left.joinpath("helpers").mkdir(parents=True)
    new, old = filled / "part-0000000000000000", filled / "part-0000000000000001"
    new.write_text("x")
    old.write_text("x")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    with held(folder):
        done = command("clear")
    assert done.returncode == 1
    assert set(os.listdir(filled)) == {folder.name, new.name}


AS_NOBODY = """
import os, sys
import modulepickle.__main__ as command
# As long as they can be read:
import pickle, json, locale, shutil, argparse, secrets, subprocess, modulepickle._cli.cache
argparse.ArgumentParser().format_help()
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
sys.argv[1:1] = ["cache"]
sys.exit(command.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("unreadable", ["a folder", "what is in one"])
def test_one_entry_that_cannot_be_read_does_not_end_it(tmp_path: Path, unreadable: str) -> None:
    user = os.getuid() or 65534
    for folder in (tmp_path, *tmp_path.parents):  # pytest's are for root alone
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    top = tmp_path / f"modulepickle-{user}"
    odd, good = top / ("a" * 32), top / ("b" * 32)
    project(odd, "=== odd/inside.py\nx = 1")
    project(good, "=== good.py\nx = 1")
    if os.getuid() == 0:
        for path in (top, good, good / "good.py"):
            os.chown(path, user, -1)
    top.chmod(0o700)
    (odd if unreadable == "a folder" else odd / "odd").chmod(0)
    try:
        done = [
            subprocess.run(
                [sys.executable, "-c", AS_NOBODY, what],
                env={
                    **os.environ,
                    "PYTHONPATH": str(SITE),
                    "MODULEPICKLE_CACHE": str(tmp_path),
                },
                capture_output=True,
                encoding="utf-8",
                timeout=100,
            )
            for what in ("list", "clear")
        ]
    finally:
        for path in (odd, *top.glob("*/odd")):
            if path.exists():
                path.chmod(0o700)
    assert [each.stderr for each in done] == ["", ""]
    assert [each.returncode for each in done] == [0, 1]
    assert all("(Permission denied)" in each.stdout for each in done)
    assert "  good  1 file" in done[0].stdout
    assert done[1].stdout.startswith("removed 1 package: ")
    assert not good.exists()
    assert odd.exists() or any(top.glob("part-*"))


@pytest.mark.parametrize("words", [("list",), ("clear",), ("clear", "--json")])
def test_no_folder_but_the_one_that_is_named_is_touched(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    user = os.getuid() or 65534
    for folder in (tmp_path, *tmp_path.parents):  # pytest's are for root alone
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    closed, other = tmp_path / "closed", tmp_path / "other"
    closed.mkdir(mode=0o555)
    top = other / f"modulepickle-{user}"
    project(top / ("a" * 32), "=== good.py\nx = 1")
    if os.getuid() == 0:
        for path in (other, top, *top.rglob("*")):
            os.chown(path, user, -1)
    other.chmod(0o700)
    top.chmod(0o700)
    settings = {"MODULEPICKLE_CACHE": str(closed), "TMPDIR": str(other)}
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *words],
        env={**os.environ, "PYTHONPATH": str(SITE), **settings},
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"MODULEPICKLE_CACHE names {closed}, where" in done.stderr
    assert f"the loader uses {top} instead" in done.stderr
    assert [path.name for path in top.rglob("*.py")] == ["good.py"]


def test_a_folder_that_is_being_deleted_has_another_name_first(filled: Path) -> None:
    code = """
import os, sys
from modulepickle._loader import cache
seen = []
def deleted(top, name):
    seen.append((name, sorted(os.listdir(top))))
cache._delete_folder = deleted
cache.clear()
for name, there in seen:
    assert name.startswith("part-"), name
    assert name in there
print(len(seen))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SITE)},
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert (done.stdout, done.stderr) == ("3\n", "")
    assert [path.name for path in filled.iterdir() if len(path.name) == 32] == []


# --- folders that are refused ---------------------------------------------------------------------


def refused(path: Path, says: str) -> None:
    before = sorted(path.parent.rglob("*"))
    for what in ("list", "clear"):
        done = command(what, MODULEPICKLE_CACHE=str(path.parent))
        assert done.returncode == 2
        assert done.stdout == ""
        assert f"modulepickle: {path} " in done.stderr
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    assert sorted(path.parent.rglob("*")) == before


def test_a_link_is_refused(filled: Path, tmp_path: Path) -> None:
    link = tmp_path / OURS
    link.symlink_to(filled)
    refused(link, "is a link")


def test_a_file_is_refused(tmp_path: Path) -> None:
    tmp_path.joinpath(OURS).write_text("x")
    refused(tmp_path / OURS, "is a link or a file")


@pytest.mark.parametrize("mode", [0o770, 0o702])
def test_a_folder_that_others_can_write_in_is_refused(filled: Path, mode: int) -> None:
    filled.chmod(mode)
    refused(filled, f"chmod 700 {filled}")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(filled: Path) -> None:
    os.chown(filled, 12345, -1)
    refused(filled, "belongs to another user, uid 12345")


def test_a_word_that_there_is_not(cache_dir: Path) -> None:
    done = command("empty")
    assert done.returncode == 2
    assert "clear" in done.stderr
