"""What the command line shows of others' bytes is escaped, and an ASCII terminal gets it."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
from pathlib import Path

import pytest

from modulepickle._cli.colour import STYLES
from receivers import project, send
from terminals import COMMAND, environment, in_terminal

ODD = "\x1b]0;title\x07\x9b31m \u202e \ud800 \u00e9"

LONE = pickle.dumps([1])[:2] + b"\x8c\x03\xed\xa0\x80\x8c\x06\x1b[31mx\x93)R."
"""A pickle that names a lone surrogate, and an escape sequence."""


def command(
    *arguments: str, folder: Path, is_tty: bool = False, encoding: str = "ascii"
) -> tuple[int, bytes]:
    """Return exit code and all output, of a process whose streams are ASCII, or a terminal."""
    env = environment(folder, {"PYTHONIOENCODING": f"{encoding}:strict"})
    started = [*COMMAND, *arguments]
    if not is_tty:
        done = subprocess.run(
            started, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return done.returncode, done.stdout
    return in_terminal(started, folder, env)


OURS = re.compile(rf"\x1b\[(?:0|{'|'.join(STYLES.values())})m")


def is_harmless(output: bytes) -> bool:
    """Tell whether no byte of an output is one that a terminal obeys, our colours aside."""
    text = OURS.sub("", output.decode("utf-8").replace("\r\n", "\n"))
    return all(each.isprintable() or each == "\n" for each in text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tree = project(
        tmp_path,
        """
        === odd/__init__.py
        class Odd:
            def __repr__(self):
                return "\\x1b[31mred\\u00e9\\ud800"
        def give():
            return Odd()
        def fail():
            raise ValueError("\\x1b[31mred")
        """,
    )
    tree.joinpath(os.fsdecode(b"odd/\x1b[31m.txt")).write_text(ODD, "utf-8", "surrogatepass")
    tree.joinpath("lone.pickle").write_bytes(LONE)
    tree.joinpath("sent.pickle").write_bytes(send(tree, "import odd\nobj = odd"))
    return tree


COMMANDS = {
    "inspect": (["inspect", "lone.pickle"], 0),
    "inspect --json": (["inspect", "lone.pickle", "--json"], 0),
    "inspect --files": (["inspect", "sent.pickle", "--files"], 0),
    "explain": (["explain", "odd:give"], 0),
    "run": (["run", "odd:give"], 0),
    "run, and it fails": (["run", "odd:fail"], 1),
    "cache": (["cache"], 0),
    "a mistake": (["explain", "odd:\x1b[31m"], 2),
}


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
# What a function prints there by itself, its traceback included, is its own.
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run, and it fails"])
def test_a_terminal_obeys_nothing(folder: Path, name: str, encoding: str) -> None:
    arguments, code = COMMANDS[name]
    found, output = command(*arguments, folder=folder, is_tty=True, encoding=encoding)
    assert b"Traceback" not in output, output
    assert found == code
    assert output
    assert is_harmless(output)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_ascii_stream_gets_a_report(folder: Path, name: str) -> None:
    arguments, code = COMMANDS[name]
    found, output = command(*arguments, folder=folder)
    assert found == code, output
    assert output.isascii()


def test_a_file_is_shown_to_a_terminal_with_escapes(folder: Path) -> None:
    path = "odd/\x1b[31m.txt"
    _, output = command("inspect", "sent.pickle", "--show", path, folder=folder, is_tty=True)
    assert is_harmless(output)
    assert b"\\x1b]0;title\\x07" in output
    _, output = command("inspect", "sent.pickle", "--show", path, folder=folder)
    assert output == ODD.encode("utf-8", "surrogatepass")
