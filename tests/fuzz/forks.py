"""Processes that fork: thousands of examples, each in an interpreter that is as good as new.

A `Server` is an interpreter that has started and does nothing but fork. `ask` has a child run some
code and returns its variable `result`; whatever the child imports, patches or breaks is gone with
it. A bare server (`-I -S`) is a receiver as `receivers.receive` starts it, for 5 ms instead of 50.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import tempfile
from typing import Any, Final

from receivers import SITE

PATIENCE: Final = 60.0  # seconds for one example, whose work takes some milliseconds

_SERVER: Final = """
import os, pickle, signal, struct, sys
import hashlib, importlib.util, logging, marshal, shutil, traceback, typing, zlib  # once for all
if not {bare!r}:
    sys.path.insert(0, {source!r})
    import modulepickle, runpy
sys.path[:] = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]
sys.dont_write_bytecode = True
os.environ.pop("MODULEPICKLE_CACHE", None)
out = os.fdopen(os.dup(1), "wb", 0)
os.dup2(2, 1)
def serve(code, arguments):
    space = {{"__name__": "__main__", "__builtins__": __builtins__, **arguments}}
    try:
        exec(compile(code, "<example>", "exec"), space)
        return "result", pickle.dumps(space["result"])
    except BaseException:
        import traceback
        return "error", traceback.format_exc()
while True:
    head = sys.stdin.buffer.read(8)
    if len(head) < 8:
        break
    code, arguments = pickle.loads(sys.stdin.buffer.read(struct.unpack("<q", head)[0]))
    child = os.fork()
    if not child:
        signal.alarm({patience!r})
        data = pickle.dumps(serve(code, arguments))
        data = struct.pack("<q", len(data)) + data
        while data:
            data = data[out.write(data):]
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        data = pickle.dumps(("error", "the process ended with status %d" % status))
        out.write(struct.pack("<q", len(data)) + data)
"""


class Failed(AssertionError):
    """The code in a child raised something; the message is its traceback."""


class Server:
    """An interpreter that forks a child for each example."""

    def __init__(self, bare: bool = True, python: str = sys.executable, hash_seed: int = 0) -> None:
        self._folder = tempfile.TemporaryDirectory()
        script = os.path.join(self._folder.name, "server.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(_SERVER.format(bare=bare, source=str(SITE), patience=int(PATIENCE)))
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  # see `close`
        self._process = subprocess.Popen(
            [python, *(["-I", "-S"] if bare else ["-s"]), script],
            cwd=self._folder.name,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": str(hash_seed)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
        )

    def ask(self, code: str, **arguments: Any) -> Any:
        """Run code in a new child, with these global variables; return its variable `result`."""
        assert self._process.stdin is not None
        data = pickle.dumps((code, arguments))
        request = memoryview(struct.pack("<q", len(data)) + data)
        while request:
            request = request[self._process.stdin.write(request) :]
        kind, value = pickle.loads(self._read(*struct.unpack("<q", self._read(8))))
        if kind == "error":
            raise Failed(f"{value}\n{self._logged()}")
        return pickle.loads(value)

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        data = b""
        while len(data) < size:
            if not select.select([self._process.stdout], [], [], 2 * PATIENCE)[0]:
                raise AssertionError(f"no answer in {2 * PATIENCE} s: it hangs\n{self._logged()}")
            more = self._process.stdout.read(size - len(data))
            if not more:
                raise AssertionError(f"the server ended\n{self._logged()}")
            data += more
        return data

    def _logged(self) -> str:
        self._log.seek(0)
        return self._log.read()[-5000:]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
        self._folder.cleanup()
