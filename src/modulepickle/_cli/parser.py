"""What can be typed: the commands with their options, their help, and what is said of mistakes.

Each command has a parser of its own, which takes options before, between and after its arguments.

Outside API: `Parsed`, `main_parser`, `parse`, `program`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from modulepickle._cli.mistake import close
from modulepickle._cli.texts import ABOUT, COMMANDS, EPILOG, Command, Option

__all__ = ["UsageError", "main_parser", "parse", "program"]


class UsageError(Exception):
    """What was typed does not fit a command; the message has its usage."""


def program() -> str:
    """Return what was typed to start this: `modulepickle`, or `python -m modulepickle`."""
    name = os.path.basename(sys.argv[0] if sys.argv else "")
    is_script = name.partition(".")[0] == "modulepickle"
    return "modulepickle" if is_script else "python -m modulepickle"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are raised, with the usage of the command."""

    def error(self, message: str) -> NoReturn:
        """Raise an error with argparse's message, and where to read on."""
        head = self.format_usage()
        hint = f"for examples and options, type  {self.prog} --help"
        raise UsageError(f"{head}{self.prog}: error: {message}\n{hint}")


def main_parser(version: str) -> argparse.ArgumentParser:
    """Return the parser that knows every command, for its help and for completion."""
    parser = _Parser(
        prog=program(),
        usage=f"{program()} COMMAND [OPTIONS] ...",
        description=ABOUT,
        epilog=EPILOG.format(program=program()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    text = "print the version, and exit"
    parser.add_argument("--version", action="version", version=version, help=text)
    text = "print a script that completes commands and options in this shell"
    parser.add_argument("--print-completion", metavar="SHELL", help=text)
    added = parser.add_subparsers(metavar="COMMAND", title="commands", prog=program())
    for command in COMMANDS.values():
        each = added.add_parser(command.name, **_about(command), help=_first(command.about))
        _fill(each, command)
    return parser


def _first(about: str) -> str:
    """Return the first sentence, as a line of a list has it."""
    line = about.partition("\n")[0].rstrip(".")
    return line[0].lower() + line[1:]


def _about(command: Command) -> dict[str, Any]:
    usage = f"{program()} {command.name} [OPTIONS]"
    return {
        "usage": f"{usage} {command.usage}".rstrip(),
        "description": command.about,
        "epilog": command.examples.format(program=program()),
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }


def _fill(parser: argparse.ArgumentParser, command: Command) -> None:
    for option in command.arguments:
        _complete(parser.add_argument(*option.names, **option.settings))
    exclusive: dict[str, Any] = {}
    for option in command.options:
        group: Any = parser
        if option.instead:
            if option.instead not in exclusive:
                exclusive[option.instead] = parser.add_mutually_exclusive_group()
            group = exclusive[option.instead]
        _complete(group.add_argument(*option.names, **option.settings))


FILES: Final = {"bash": "_shtab_compgen_files", "zsh": "_files", "tcsh": "f"}
"""How `shtab` has shells complete the names of files."""


def _complete(action: Any) -> None:
    """Let shells complete names of files where one is to be typed."""
    if action.metavar in ("FILE", "MODULE:FUNCTION", "MODULE:OBJECT", "MODULE:OBJECT|FILE"):
        action.complete = FILES


def parse(name: str, words: Sequence[str]) -> argparse.Namespace:
    """Return the options and arguments of a command.

    Raises:
        UsageError: if they do not fit.
        SystemExit: if help was asked for, and given.
    """
    command = COMMANDS[name]
    parser = _Parser(prog=f"{program()} {name}", **_about(command))
    _fill(parser, command)
    words, plain = _before_dashes(words)
    found, rest = parser.parse_known_intermixed_args(words)
    _extend(found, command, plain, parser)
    if rest:
        known = [each for option in command.options for each in option.names]
        word = rest[0].partition("=")[0]
        hint = close(word, known) if word.startswith("-") else ""
        parser.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
    return found


def _before_dashes(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split words at `--`: what follows is never an option, whatever it looks like."""
    if "--" not in words:
        return [*words], []
    at = words.index("--")
    return [*words[:at]], [*words[at + 1 :]]


def _extend(
    found: argparse.Namespace,
    command: Command,
    plain: list[str],
    parser: argparse.ArgumentParser,
) -> None:
    """Add what stood behind `--` to the last argument, if that takes several."""
    last: Option | None = command.arguments[-1] if command.arguments else None
    if plain and (last is None or last.settings.get("nargs") not in ("*", "+")):
        parser.error(f"unrecognized arguments: {' '.join(plain)}")
    if plain and last is not None:
        getattr(found, last.names[0]).extend(plain)
