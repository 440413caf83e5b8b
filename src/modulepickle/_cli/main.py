"""From what was typed to an exit code.

Outside API: `main`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final

from modulepickle._base.errors import PackagingError
from modulepickle._cli.mistake import Mistake, close
from modulepickle._cli.output import Output, OutputError, drop, prepare
from modulepickle._cli.parser import UsageError, main_parser, parse
from modulepickle._cli.texts import COMMANDS
from modulepickle._run.outcome import NotRun

__all__ = ["main"]

PIPE_CLOSED: Final = 141
"""128 and SIGPIPE: what a shell reports of a command whose reader is gone."""

INTERRUPTED: Final = 130
"""128 and SIGINT."""


def main(words: Sequence[str], version: str) -> int:
    """Run a command; return its exit code.

    Args:
        words: what was typed behind the name of the program.
    """
    prepare()
    out = Output()
    try:
        code = _command(words, version)
        out.flush()
    except BrokenPipeError:
        drop(sys.stdout)
        code = PIPE_CLOSED
    except OutputError as error:
        out.error(str(error))
        code = 1
    except KeyboardInterrupt:
        out.error("interrupted")
        code = INTERRUPTED
    return code


def _command(words: Sequence[str], version: str) -> int:
    out = Output()
    try:
        name, rest = _named(words, version)
        options = parse(name, rest)
        out = Output(options.quiet, options.json)
        return _function(name)(options, out)
    except SystemExit as error:  # of `--help`; an exit of user code is reported elsewhere
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except UsageError as error:
        sys.stderr.write(f"{error}\n") if sys.stderr is not None else None
    except (Mistake, NotRun, PackagingError) as error:
        out.error(str(error))
    return 2


def _function(name: str) -> Callable[[argparse.Namespace, Output], int]:
    """Return the function of a command. Nothing is imported for the others."""
    if name == "run":
        from modulepickle._cli.run import run as found
    elif name in ("explain", "requirements"):
        from modulepickle._cli import explain as module

        found = module.explain if name == "explain" else module.requirements
    elif name == "inspect":
        from modulepickle._cli.inspect import inspect as found
    else:
        from modulepickle._cli import cache as others

        found = others.cache if name == "cache" else others.demo
    return found


def _named(words: Sequence[str], version: str) -> tuple[str, Sequence[str]]:
    """Return the command that was typed, and what stands behind it.

    Raises:
        UsageError: if there is no such command.
        SystemExit: if what was asked for is done.
    """
    if words and words[0] in COMMANDS:
        return words[0], words[1:]
    if words[:1] == ["help"] and len(words) == 2 and words[1] in COMMANDS:
        return words[1], ["--help"]
    parser = main_parser(version)
    if not words:
        parser.print_help(sys.stderr)
        sys.exit(2)
    if words[0] == "help" and len(words) == 1:
        parser.print_help()
        sys.exit(0)
    asked = words[1] if words[0] == "help" else words[0]
    if not asked.startswith("-"):
        parser.error(f"there is no command {asked!r}{close(asked, COMMANDS)}")
    found = parser.parse_args([*words])
    if found.print_completion:
        _print_completion(found.print_completion, version)
        sys.exit(0)
    parser.error("type a COMMAND; its options stand behind it")


def _print_completion(shell: str, version: str) -> None:
    """Print a script for a shell, made by `shtab`.

    Raises:
        Mistake: `shtab` is not here, or does not know the shell.
    """
    try:
        import shtab  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise Mistake(
            "completion is made by shtab, which is not here; type  pip install shtab  (it is"
            " needed for this one command, and not for completing)"
        ) from None
    if shell not in shtab.SUPPORTED_SHELLS:
        known = ", ".join(shtab.SUPPORTED_SHELLS)
        raise Mistake(f"there is no completion for {shell}; there is for {known}")
    parser = main_parser(version)
    parser.prog = "modulepickle"
    Output().lines(shtab.complete(parser, shell) + "\n")
