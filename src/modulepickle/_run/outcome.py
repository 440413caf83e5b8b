"""What comes of a call on a receiver, and how it is asked for.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from modulepickle._base.errors import PackagingError

__all__ = [
    "CALL",
    "TIME_UP",
    "Loading",
    "NoRoom",
    "NotRun",
    "Outcome",
    "Settings",
    "nothing_shown",
    "outcome_of",
    "pickled_call",
    "too_long",
    "written",
]


class NotRun(RuntimeError):
    """Nothing could be run; the message says why, and what to type."""


class NoRoom(NotRun):
    """What is to be run elsewhere cannot be written to the temporary folder."""


@contextmanager
def written() -> Iterator[None]:
    """Say where it was, and what to type, if temporary files cannot be written in the block.

    Raises:
        NoRoom: for an OSError.
    """
    try:
        yield
    except OSError as error:
        try:
            where = tempfile.gettempdir()
        except OSError:  # it has all that were tried in its message
            where = "any temporary folder"
        raise NoRoom(
            f"cannot write to {where}: {error.strerror or error}; make room there, or set TMPDIR to"
            " another folder"
        ) from None


TIME_UP: Final = 124
"""Our exit code if a call took too long, as that of the `timeout` command."""

PIPE_CLOSED: Final = 141
"""Our exit code if nobody reads on: as a shell says that SIGPIPE ended a process."""

CALL: Final = r"""
def called(data, tell):
    import json, os, pickle, sys, time, traceback, types
    def nobody_reads():
        closed = False
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            closed = True
        except (OSError, ValueError, AttributeError):
            return False
        try:  # what failed to be written may be forgotten already
            import select
            poll = select.poll()
            poll.register(1, select.POLLERR)
            closed = closed or any(event & select.POLLERR for _, event in poll.poll(0))
        except (ImportError, OSError, AttributeError):
            pass
        if closed:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return closed
    def without_imports(shown):
        ours = "<modulepickle>", "<frozen importlib"
        chain = [shown]
        for each in chain:  # grows as it is read
            rest = [frame for frame in each.stack if not frame.filename.startswith(ours)]
            each.stack[:] = rest or each.stack
            more = each.__cause__, each.__context__, *(getattr(each, "exceptions", None) or ())
            chain += [other for other in more if other is not None]
        return shown
    try:
        began = time.perf_counter()
        call, arguments, keywords = pickle.loads(data)
        loaded = time.perf_counter()
        tell(loaded=(loaded - began) * 1000)
        result = call(*arguments, **keywords)
        if isinstance(result, types.CoroutineType):  # of an `async def`
            import asyncio
            result = asyncio.run(result)
        report = {"called": (time.perf_counter() - loaded) * 1000, "result": repr(result)}
        try:
            report["value"] = json.loads(json.dumps(result, allow_nan=False))
        except Exception:
            pass
        tell(**report)
        return 141 if nobody_reads() else 0
    except SystemExit as error:
        code, text = error.code, ""
        if code is None or isinstance(code, int):
            code = int(code or 0) & 255
        else:
            code, text = 1, str(code) + "\n"
        tell(exit=code, error=text)
        nobody_reads()
        return code
    except BaseException as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            tell(pipe=True)
            return 141
        # Without this script's own frame, and those of imports, as Python's tracebacks are.
        shown = traceback.TracebackException(type(error), error, error.__traceback__.tb_next)
        lines = without_imports(shown).format()
        kind = type(error)
        name = kind.__qualname__
        if kind.__module__ != "builtins":
            name = kind.__module__ + "." + name
        tell(error="".join(lines), raised=name)
        nobody_reads()
        return 1
"""
"""What each receiver runs: it loads and calls, tells what came of it, and returns the exit code."""


@dataclass(frozen=True)
class Settings:
    """How a receiver is to run.

    Attributes:
        isolated: without site-packages. env: variables on top of those that it has anyway.
        timeout: seconds. prints: whether what the function writes goes to stdout, or to stderr.
    """

    isolated: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    prints: bool = True


Loading = Callable[[Callable[[], bool]], AbstractContextManager[Callable[[], None]]]
"""Shows, as a context manager, that a receiver is loading.

It is called with a function that tells whether the pickle has been loaded, and gives one that ends
what is shown, for those who write to the terminal.
"""


def nothing_shown(_: Callable[[], bool]) -> AbstractContextManager[Callable[[], None]]:
    """Show nothing while a receiver loads."""
    return nullcontext(lambda: None)


@dataclass(frozen=True)
class Outcome:
    """What came of a call on a receiver.

    Attributes:
        kind: "returned", "raised", "exited" (it called `sys.exit`), "died" (its process ended by
        itself), "timed out", or "pipe closed" (nobody read on what it wrote).
        code: the exit code to end with: 0 if it returned; that of its process; 128 and the signal.
        result: its `repr`, made there. value: as JSON has it, or None.
        milliseconds: for `pickle.loads`, the imports of the function's module included.
        call_milliseconds: for the call.
        error: what to show of the failure, with line ends.
        raised: the name of the exception's class.
        ended: how it ended, in words, if it did not return.
    """

    kind: str
    code: int
    result: str = ""
    value: Any = None
    milliseconds: float = 0.0
    call_milliseconds: float = 0.0
    error: str = ""
    raised: str = ""
    ended: str = ""


def outcome_of(report: dict[str, Any], code: int, ended: str) -> Outcome:
    """Return what a receiver's report says.

    Args:
        report: what it reported. code: the exit code of its process, as a shell has it.
        ended: the same in words.
    """
    loaded, error = report.get("loaded", 0.0), report.get("error", "")
    if report.get("pipe") or ("result" in report and code == PIPE_CLOSED):
        return Outcome("pipe closed", PIPE_CLOSED, milliseconds=loaded)
    if "result" in report and not code:
        result, value, took = report["result"], report.get("value"), report["called"]
        return Outcome("returned", 0, result, value, loaded, took)
    if "exit" in report and code == report["exit"]:
        said = f"it called sys.exit, with exit code {code}"
        return Outcome("exited", code, milliseconds=loaded, error=error, ended=said)
    if "raised" in report and code == 1:
        raised = report["raised"]
        said = f"it raised {raised}"
        return Outcome("raised", 1, milliseconds=loaded, error=error, raised=raised, ended=said)
    when = ", after it had returned" if "result" in report else ""
    return Outcome("died", code or 1, milliseconds=loaded, error=error, ended=ended + when)


def too_long(settings: Settings) -> str:
    """Return how a call ended that took too long."""
    plural = "" if settings.timeout == 1 else "s"
    return f"it did not return within {settings.timeout:g} second{plural}, and was ended"


PAIR: Final = ("`tuple` object", "item 0")
"""How the chain to anything in the function of a call begins."""


def pickled_call(
    dump: Callable[[Any], object],
    function: object,
    arguments: object = (),
    keywords: Mapping[str, object] | None = None,
) -> object:
    """Pickle a call; errors name the function, not the (function, arguments, keywords) tuple.

    Args:
        dump: what pickles an object.
    """
    try:
        return dump((function, arguments, {**(keywords or {})}))
    except PackagingError as error:
        problems = [
            each._replace(chain=each.chain[2:]) if each.chain[:2] == PAIR else each
            for each in error.problems
        ]
        raise PackagingError(problems) from error.__cause__
