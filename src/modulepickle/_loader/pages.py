"""Executes the second page of the loader's text, from bytecode that this host has kept (R13).

A shipped text, the end of the first page. To compile the second takes longer than to import many a
package, so a host does it once: the code lies in the cache folder, beside the page that it was
compiled from, and is taken only if that and the Python are the same to the last character.
"""

import marshal
import sys
import zlib

from modulepickle._loader.cache_folder import cache_folder, read_file, write_file

first_page, second_page = zlib.decompress(packed).decode().split("\f")  # noqa: F821  # stage 0's
problems = []


def compiled_page():
    """The code of the second page."""
    key = sys.version, sys.flags.optimize, second_page
    file = f"loader-{__name__[-8:]}{zlib.crc32(repr(key).encode()):08x}"
    try:
        # Inflating checks a sum as well: what is damaged, or another file's, is not executed.
        return marshal.loads(zlib.decompress(read_file(f"{cache_folder()}/{file}")))[key]
    except Exception as error:
        problems.append(error)
    # With the lines of both: tracebacks show those of the whole text.
    text = "\n" * first_page.count("\n") + second_page
    code = compile(text, compiled_page.__code__.co_filename, "exec")
    try:
        write_file(f"{cache_folder()}/{file}", [zlib.compress(marshal.dumps({key: code}), 0)])
    except Exception as error:  # no disk; or the interpreter ends, and `open` is gone
        problems.append(error)
    return code


exec(compiled_page(), globals())
for problem in problems:
    log("debug", "the loader was compiled: %s", problem)  # noqa: F821  # of the second page
