"""What the tests of faults share: receivers that fork, small disks, other users, odd archives.

A fault is tried many times, and each time on a receiver that has loaded nothing yet. To start a
Python for each would take most of the time, so a bare receiver forks instead: `CHILD` is the text
that its code begins with.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import pickle
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from modulepickle._loader.emit import THE_LOADER, Call, ShippedText, reduce_call, reduce_text
from modulepickle._snapshot.ref import SnapshotRef

# `child(function)` runs it in a forked child and returns ("value", what it returned), ("error", the
# type's name, the message) or ("signal", its number); SIGALRM is a hang. `start` and `end` are its
# halves. `files(folder)` maps each file below one, by its relative path, to its content;
# `bytecode` and `inside` choose among them. `records` is what the loader logged in this process.
CHILD: Final = """
    import hashlib, logging, marshal, os, pickle, re, signal, struct, sys, zlib
    # For other users as well, who may not read the folders of this Python.
    import encodings.ascii, fcntl, importlib.util, linecache, shutil
    SECONDS = 60  # that a child has: more than any needs on a loaded machine
    def start(function):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writer)
            return pid, reader
        signal.alarm(SECONDS)
        try:
            try:
                outcome = "value", function()
            except BaseException as error:
                outcome = "error", type(error).__name__, str(error)
            with open(writer, "wb") as file:
                pickle.dump(outcome, file)
        finally:
            os._exit(0)
    def end(pid, reader):
        with open(reader, "rb") as file:
            sent = file.read()
        status = os.waitpid(pid, 0)[1]
        return ("signal", os.WTERMSIG(status)) if os.WIFSIGNALED(status) else pickle.loads(sent)
    def child(function):
        return end(*start(function))
    def files(folder):
        found = {}
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = file.read()
        return found
    def bytecode(found):
        "Those of names of files that are cached bytecode."
        pattern = "(^|/)(code|loader)-[0-9a-f]{16}$"
        return sorted(name for name in found if re.search(pattern, name))
    def inside(found):
        "Those of names of files that lie in the folder of a package."
        return sorted(name for name in found if re.search("(^|/)[0-9a-f]{32}/", name))
    CACHE = os.environ.get("MODULEPICKLE_CACHE")
    records = []  # what the loader logs: (level, message)
    handler = logging.Handler()
    handler.emit = lambda record: records.append((record.levelname, record.getMessage()))
    logging.getLogger("modulepickle").addHandler(handler)
"""


# -- Receivers that are started differently -----------------------------------------------------


def wrapper(folder: Path, line: str) -> str:
    """Return the path of a script to give as `python=`: `"$@"` are the arguments of the receiver.

    The first two of them are `-I -S`.
    """
    script = folder / "python.sh"
    script.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def with_options(folder: Path, options: str, python: str = sys.executable) -> str:
    """Return a Python with further options: `-O`, `-X dev`."""
    return wrapper(folder, f'exec {shlex.quote(python)} {options} "$@"')


@functools.cache
def _unshare() -> tuple[str, ...] | None:
    """Return the command that gives a process mounts of its own, or None."""
    for options in ("-m", "-rm"):
        command = ("unshare", options)
        probe = [*command, "mount", "-t", "tmpfs", "none", "/mnt"]
        if shutil.which("unshare") and not subprocess.run(probe, capture_output=True).returncode:
            return command
    return None


def on_small_disk(
    folder: Path, mount: Path, options: str, then: str = "", python: str = sys.executable
) -> str:
    """Return a Python that sees a file system of its own, in memory, at the folder `mount`.

    `options` limit it: `size=64k`, `nr_inodes=20`. `then` are further shell commands.
    """
    command = _unshare()
    if command is None:
        pytest.skip("this user may not mount a file system (`unshare -m`, `unshare -rm`)")
    mount.mkdir(parents=True, exist_ok=True)
    where = shlex.quote(str(mount))
    inside = f'mount -t tmpfs -o {options},mode=700 none {where} && {then or ":"} && exec "$@"'
    line = f"exec {shlex.join(command)} sh -c {shlex.quote(inside)} sh {shlex.quote(python)}"
    return wrapper(folder, f'{line} "$@"')


def as_root() -> None:
    """Skip a test that plays several users where this one may not."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("only root can play another user")


# -- Archives that no sender makes --------------------------------------------------------------


def handmade(top: str, archive: bytes, *path: str) -> bytes:
    """Return a pickle of something in a package, as a sender emits it, of any archive.

    `path` is what is called for: a module's name, and attributes below it. The archive is sealed as
    it is: what is refused, is refused for what it holds.
    """
    digest, seal = (hashlib.sha256(salt + archive).digest()[:16] for salt in (b"digest", b""))
    stream = io.BytesIO()
    _Pickler(stream, 4).dump(_Called(SnapshotRef(top, digest, seal, archive), path or (top,)))
    return stream.getvalue()


class _Called:
    """Pickled as the call of what a snapshot is on the receiver."""

    def __init__(self, shipped: SnapshotRef, path: tuple[str, ...]) -> None:
        self.parts = shipped, path

    def __reduce__(self) -> tuple[Any, ...]:
        return self.parts


class _Pickler(pickle.Pickler):
    """Emits the call of the loader that a sender does, whatever the archive is."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, SnapshotRef):
            return (
                THE_LOADER,
                (obj.name, obj.digest, obj.archive_hash, obj.archive),
                obj.requirements,
            )
        if isinstance(obj, Call):
            return reduce_call(obj)
        return reduce_text(obj) if isinstance(obj, ShippedText) else NotImplemented


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of members, whatever their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
