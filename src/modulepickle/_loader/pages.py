"""Executes the second page of the loader's text, from bytecode that this host has kept (R13).

A shipped text, the end of the first page. To compile the second takes longer than to import many a
package, so a host does it once: the code lies in the cache folder, beside the text that it was
compiled from, and is taken only if that and the Python are the same to the last byte.
"""

import marshal
import sys
import zlib

from modulepickle._loader.cache_folder import cache_folder, read_file
from modulepickle._loader.registry import execute_once

compiled = []  # what was not kept: why, and what to keep now


def kept_code(file, key):
    """The code that the cache folder has in a file.

    Raises:
        Exception: it is not there, is damaged, or is that of another key.
    """
    data = memoryview(read_file(f"{cache_folder()}/{file}"))
    if zlib.crc32(data[4:]).to_bytes(4, "little") != data[:4]:  # marshal would not notice
        raise ValueError("it is damaged")
    found, code = marshal.loads(data[4:])
    if found != key:
        raise ValueError("it is that of another text")
    return code


def compiled_page():
    """The code of the second page."""
    key = sys.version, sys.flags.optimize, packed  # noqa: F821  # stage 0's
    file = f"loader-{__name__[-8:]}{zlib.crc32(key[2], zlib.crc32(repr(key[:2]).encode())):08x}"
    try:
        return kept_code(file, key)
    except Exception as error:
        reason = str(error)  # and not the error, which has the frames of all callers
    first, second = zlib.decompress(key[2]).decode().split("\f")
    # With the lines of both: tracebacks show those of the whole text.
    text = "\n" * first.count("\n") + second
    code = compile(text, compiled_page.__code__.co_filename, "exec")
    compiled.append((reason, file, key, code))
    return code


def keep_compiled(reason, *what):
    log("debug", "the loader was compiled: %s", reason)  # noqa: F821  # of the second page
    keep_code("the loader", *what)  # noqa: F821  # of the second page


entry = execute_once(compiled_page, globals())
while compiled:
    keep_compiled(*compiled.pop())
