"""Interpreters that have started and do nothing but fork: a new process for 1 ms instead of 15.

Most tests need a process in which nothing has happened yet, and few one that has just started. A
`Zygote` is an interpreter that waits for orders. For each, it forks a child, which runs a script as
`python SCRIPT` does: with a folder, an environment, arguments, a `__main__` and a `sys.path[0]` of
its own, its output in files, and the exit status of an interpreter. What differs: some modules are
imported already (see `WARM_BARE`), all children of a zygote have one hash seed, and modules are not
torn down at the end. A test that needs a really fresh process asks for it (`fresh=True` in
`receivers`).

A zygote ends with the process that started it, since its orders end then.
"""

from __future__ import annotations

import atexit
import os
import select
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

# What a bare zygote has imported: what a receiver imports to unpickle, and what the loader needs.
WARM_BARE: Final = """
import pickle, hashlib, importlib.util, marshal, os, struct, weakref, zlib
"""
# What one with the library has imported: and what that needs. The library itself is imported anew
# by each child: it looks at the process and its folder then.
WARM_LIBRARY: Final = """
import pickle, gc, sys
before = {*vars(sys)}
import modulepickle
for name in [name for name in sys.modules if name.partition(".")[0] == "modulepickle"]:
    del sys.modules[name]
for name in {*vars(sys)} - before:
    delattr(sys, name)
del modulepickle
gc.collect()
"""

# Its globals are not those of `__main__`, which children get as it was.
_ZYGOTE: Final = """
def serve(main, first):
    import builtins, os, sys
    out = os.dup(1)
    os.dup2(2, 1)
    while True:
        order = sys.stdin.buffer.readline()
        if not order:
            os._exit(0)
        script, module, arguments, folder, environ, outputs = eval(order)
        child = os.fork()
        if not child:
            break
        os.write(out, b"%d\\n" % child)
        os.write(out, b"%d\\n" % os.waitpid(child, 0)[1])
    os.close(out)
    for number, path in enumerate(outputs, 1):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    sys.argv[:] = [script, *arguments]
    if not sys.flags.isolated:
        sys.path[0] = os.path.dirname(script)
    if module:  # as `-m` does it
        sys.path[0] = folder
        import runpy
    names = vars(main)
    names.clear()
    names.update(first, __file__=script, __loader__=type(first["__loader__"])("__main__", script))
    status = 0
    try:
        if module:
            runpy._run_module_as_main(module)
        else:
            with open(script, "rb") as file:
                code = compile(file.read(), script, "exec", dont_inherit=True)
            exec(code, names)
    except SystemExit as error:
        status = error.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException as error:
        trace = error.__traceback__.tb_next
        error.__traceback__ = trace
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
        sys.excepthook(type(error), error, trace)
        status = 1
    return end(status)

def end(status):
    # As an interpreter ends, but for the teardown of modules, which takes longer than most tests.
    import atexit, os, sys
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    try:
        atexit._run_exitfuncs()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    for stream in (sys.stdout, sys.stderr):
        if stream and not stream.closed:
            stream.flush()
    os._exit(status & 255)
"""
_SCRIPT: Final = """\
import sys
main = sys.modules["__main__"]
space = {{"__name__": "zygote"}}
first = {{k: v for k, v in vars(main).items() if k not in ("main", "space", "sys")}}
exec(compile({warm!r}, "<warm>", "exec"), {{}})
exec(compile({zygote!r}, "<zygote>", "exec"), space)
space["serve"](main, first)
"""


class Zygote:
    """An interpreter that runs scripts in forked children of itself, one at a time.

    Args:
        command: an interpreter and its options.
        environ: the environment that it starts with.
        warm: code that imports what all children shall have.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], warm: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        script = Path(self._folder.name, "zygote.py")
        script.write_text(_SCRIPT.format(warm=warm, zygote=_ZYGOTE), encoding="utf-8")
        self._process = subprocess.Popen(
            [*command, str(script)],
            cwd=self._folder.name,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        atexit.register(self.close)

    def run(
        self,
        script: Sequence[str],
        arguments: Sequence[str],
        folder: str,
        environ: Mapping[str, str],
        outputs: tuple[str, str],
        timeout: float,
    ) -> int:
        """Run a script in a new child; return its exit status, as `subprocess` gives it.

        Args:
            script: its path; or `-m` and the name of a module.
            outputs: paths of the files, which must be there, for its stdout and stderr.
            timeout: in seconds; then the child is killed.

        Raises:
            subprocess.TimeoutExpired: it took longer.
        """
        path, module = ("-m", script[1]) if script[0] == "-m" else (script[0], "")
        order = (path, module, [*arguments], folder, dict(environ), outputs)
        orders = self._process.stdin
        assert orders is not None
        orders.write(ascii(order).encode() + b"\n")
        child = int(self._answer(timeout) or 0)
        status = self._answer(timeout)
        if not status:
            os.kill(child, 9)  # it is not reaped: the number is still its own
            self._answer(timeout)
            raise subprocess.TimeoutExpired([*script, *arguments], timeout)
        code = int(status)
        return -os.WTERMSIG(code) if os.WIFSIGNALED(code) else os.WEXITSTATUS(code)

    def _answer(self, timeout: float) -> bytes:
        """Return the next line that it writes; nothing if none comes in time."""
        answers: IO[bytes] | None = self._process.stdout
        assert answers is not None
        if not select.select([answers], [], [], timeout)[0]:
            return b""
        line = answers.readline()
        if not line:
            raise AssertionError(f"the zygote ended with {self._process.wait()}")
        return line

    def close(self) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()
        self._folder.cleanup()
