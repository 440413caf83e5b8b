"""Unpacks archives into the cache folder, once a host and content (R13).

A shipped text. Each archive has a folder there, named by its hash, which is made elsewhere and
renamed: nobody sees it in part. A process compares the files with the archive when it first uses a
folder, and holds a lock on it as long as it may need them. What nobody has used for long is deleted
when a new folder is made.
"""

import os
import sys
import time
import weakref
import zlib

from modulepickle._loader.archive_reader import inflate
from modulepickle._loader.cache_folder import (
    cache_folder,
    make_folders,
    read_file,
    write_file,
    write_new,
)

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ImportError:  # Windows, WebAssembly: nothing can be locked, so nothing is swept
    flock = None

MAX_AGE = 700_000  # seconds, eight days, after which an unused folder is deleted
WARNED = set()


def log(level, *what):
    """Log something; a process that has not imported `logging` gets its warnings only."""
    if level == "warning" or "logging" in sys.modules:
        import logging

        getattr(logging.getLogger("modulepickle"), level)(*what)


def warn_once(subject, *what):
    if subject not in WARNED:
        WARNED.add(subject)
        log("warning", *what)


def unpack(name, members, user):
    """The folder that holds the files of an archive, locked as long as `user` lives.

    Raises:
        OSError, ValueError: there is no place for it; the latter of a name that a disk cannot have.
    """
    folder = f"{cache_folder()}/{name}"
    for _ in range(100):  # somebody may delete it meanwhile, or look whether it is in use
        if not os.path.isdir(folder) and make_unpacked(folder, members, user):
            sweep(folder)
            break
        if lock(folder, user):
            break
        time.sleep(0.001)
    for path in members:
        check(path, members[path], folder)
    return folder


def make_unpacked(folder, members, user):
    """Make the folder of an archive, in another place, and locked: nobody deletes half of it.

    False if another process was faster: to make it, or to delete it.
    """
    part = f"{cache_folder()}/part-{os.urandom(8).hex()}"
    try:
        os.mkdir(part, 0o700)
        while not lock(part, user):
            os.stat(part)  # it went, if this fails
        for path in members:
            put_member(path, members[path], part, write_new)
        os.rename(part, folder)
        return True
    except BaseException as error:
        import shutil

        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, FileNotFoundError):  # somebody deleted it before it was locked
            return False
        if not os.path.isdir(folder) or not isinstance(error, OSError):
            raise
    return False


def put_member(path, member, folder, write):
    """Write a member of an archive into a folder."""
    target = f"{folder}/{path}"
    make_folders(os.path.dirname(target))
    if not path.endswith("/"):
        write(target, inflate(path, member), 0o600 | member[3] & 0o100)


def check(path, member, folder):
    """Make sure that what is on disk is what the archive has."""
    try:
        same = path.endswith("/") or zlib.crc32(read_file(f"{folder}/{path}")) == member[0]
    except OSError:  # a cleaner took it away
        same = False
    if not same:
        put_member(path, member, folder, write_file)


def lock(folder, user):
    """Hold a shared lock on a folder, and say that it is in use, as far as the system can.

    False if the folder is being deleted.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:  # Windows opens no folders
        log("debug", "%s is not locked: %s", folder, error)
        return True
    try:
        flock(descriptor, LOCK_SH | LOCK_NB)
        os.utime(folder)
        # Whoever deletes a folder locks it and renames it first: is this one still in its place?
        held = os.path.samestat(os.fstat(descriptor), os.stat(folder))
    except (BlockingIOError, FileNotFoundError):
        held = False
    except (OSError, TypeError) as error:
        log("debug", "%s is not locked: %s", folder, error)
        held = True
    if held:
        weakref.finalize(user, os.close, descriptor).atexit = False
    else:
        os.close(descriptor)
    return held


def sweep(folder):
    """Delete what is older than a folder by far, and in no process' use."""
    for old in os.scandir(cache_folder()):
        try:
            now = os.stat(folder).st_mtime
            if now - old.stat(follow_symlinks=False).st_mtime > MAX_AGE:
                delete(old)
        except (OSError, TypeError) as error:  # it is in use, or just went
            log("debug", "%s stays: %s", old.path, error)


def delete(old):
    descriptor = os.open(old, os.O_RDONLY)
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        if old.is_dir():
            import shutil

            part = f"{cache_folder()}/part-{os.urandom(8).hex()}"
            os.rename(old, part)  # first: nobody is to find half of it
            shutil.rmtree(part)
        else:
            os.remove(old)
    finally:
        os.close(descriptor)
