"""The receiver's fourth text: what finds packages whose archives are in a store.

Who runs it: stage 0 of a *manifest* (see `_pickler.stored`), which a pickle made with a store names
in place of its packages, once in a process. Nobody imports it: `build` takes it as text. It may
import the standard library only, and must run on Python 3.9 to 3.15.

What comes out of a store is compared with the hash that the pickle has of it. A manifest is the
text of an expression that unpickles a snapshot, and calls `find` to have it remembered; `k` is its
hash, as it is in the text of each fetch.
"""

import hashlib
import os
import weakref

from modulepickle._loader.cache_files import write_file
from modulepickle._loader.cache_folder import cache_folder, read_file
from modulepickle._loader.registry import registry

KNOWN = weakref.WeakValueDictionary()  # hash of a manifest -> the snapshot that it makes


def find(text, names, made=None):
    """The snapshot of a manifest, which is fetched if this process does not have it.

    The registry calls it in place of `eval` (see `emit`).
    """
    key = names["k"]
    found = made or KNOWN.get(key)
    if not found:
        return eval(checked(key, "a manifest", names["f"]), names)
    KNOWN[key] = found
    todo = [] if made else [found]
    for each in todo:  # what is unpickled last is active, with all that it requires
        needed = each.requirements.values()
        todo += [need for need in needed if need not in todo and hasattr(need, "parts")]
        each.__setstate__(each.requirements)
    return found


def checked(key, what, fetch):
    """What a store has under a hash, or an error that says what to do."""
    try:
        data = eval(fetch, {"k": key}) if isinstance(fetch, str) else fetch()
        if hashlib.sha256(data).digest()[:16] == key:
            return data
        reason = "is not what was put there"
    except Exception as error:
        reason = f"was not found ({type(error).__name__}: {error})"
    raise ImportError(f"{key.hex()}, {what}, {reason} in the sender's store: pickle it again there")


def archive(archive_hash, name, sender, fetch):
    """The archive of a package: of this host, if it was here before, or of the store."""
    try:
        path = f"{cache_folder()}/{archive_hash.hex()}.zip"
        data = read_file(path)
        if hashlib.sha256(data).digest()[:16] == archive_hash:
            os.utime(path)  # as with all in this folder, its time is that of its last use
            return data
    except OSError:
        pass
    data = checked(archive_hash, f"the archive of {name}, sent by {sender}", fetch)
    try:
        write_file(f"{cache_folder()}/{archive_hash.hex()}.zip", [data])
    except OSError:  # no folder, no disk: the next process fetches it again
        pass
    return data


registry.manifest = find
registry.texts.setdefault(__name__, globals().get)
