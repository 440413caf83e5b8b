"""How files get into the cache folder: whole, or not at all (R13).

A shipped text, apart from `cache_folder`, since what a receiver compiles each time is to be short.
"""

import os

from modulepickle._loader.cache_folder import POSIX, cache_folder, make_folders


def write_new(path, pieces, mode=0o600):
    """Write a file that is not there yet, for this user alone whatever the umask is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, mode), "wb") as file:
        if POSIX:
            os.fchmod(file.fileno(), mode)
        file.writelines(pieces)


def write_file(path, pieces, mode=0o600):
    """Write a file so that no part of it is ever seen, and none is left behind on failure."""
    make_folders(os.path.dirname(path))
    part = f"{cache_folder()}/part-{os.urandom(8).hex()}"  # swept, if this process is killed
    try:
        write_new(part, pieces, mode)
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
