"""Executes the second page of a text that is not kept as bytecode; see `pages` for the one that is.

A shipped text, the end of the first page.
"""

import zlib

from modulepickle._loader.registry import execute_once


def second_page():
    """The code of the second page, with the lines of both: tracebacks show those of all text."""
    first, second = zlib.decompress(packed).decode().split("\f")  # noqa: F821  # stage 0 has it
    return compile("\n" * first.count("\n") + second, second_page.__code__.co_filename, "exec")


entry = execute_once(second_page, globals())
