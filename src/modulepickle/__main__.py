"""The command line: `modulepickle COMMAND`, or `python -m modulepickle COMMAND`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import modulepickle
from modulepickle._cli.main import main as run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code.

    Args:
        arguments: what was typed behind the name of the program; by default `sys.argv[1:]`.
    """
    return run(sys.argv[1:] if arguments is None else [*arguments], modulepickle.__version__)


if __name__ == "__main__":
    sys.exit(main())
