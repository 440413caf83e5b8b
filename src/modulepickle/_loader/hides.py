"""Says that the host's own imports now find a package that came in a pickle, and not another one.

A shipped text, before `loader`. It is said when the host has a package of that name on its path
and has not imported it yet. Where both are the same there is nothing to say; else it is said once a
host: the workers of an engine are many.
"""

import os

from modulepickle._loader.archive_reader import inflate
from modulepickle._loader.cache_files import write_new
from modulepickle._loader.cache_folder import cache_folder, read_file
from modulepickle._loader.unpacking import warn_once
from modulepickle._loader.whose import sha256


def tell_of(home, origin):
    """Say that `import` finds a snapshot, and not the file `origin`, or what is in that folder."""
    if has_same(home, origin) or not is_first(home.top, origin):
        return
    warn_once(
        home.top,
        "modulepickle: `import %s` in this process finds the package that came in a pickle (%s), "
        "and not the other one that is here: %s. If that one is meant, the sender calls "
        "modulepickle.set_policy(modulepickle.Policy(exclude=('%s',)))",
        home.top,
        f"{home.folder}/{home.top}",
        origin,
        home.top,
    )


def has_same(home, origin):
    """Whether the host's files are those of a snapshot; it may have more."""
    above, stem = origin, home.top.replace(".", "/")
    for _ in range(stem.count("/") + (f"{stem}/__init__.py" in home.files) + 1):
        above = os.path.dirname(above)
    for path, member in home.files.items():
        if path.endswith("/") or path.partition("/")[0].endswith(".dist-info"):
            continue
        try:
            file = f"{above}/{path}"
            if os.path.isdir(origin) and not os.path.exists(file):
                continue  # a namespace: it hides what has its name
            if os.path.getsize(file) != member[1] or read_file(file) != inflate(path, member):
                return False
        except (OSError, ImportError):
            return False
    return True


def is_first(top, origin):
    """Whether nobody on this host has said it yet; a file in the cache folder tells."""
    name = sha256(f"{top}\0{origin}".encode("utf-8", "replace")).hexdigest()[:32]
    try:
        write_new(f"{cache_folder()}/told-{name}", b"")
    except FileExistsError:
        return False
    except OSError:  # no disk: each process says it
        pass
    return True
