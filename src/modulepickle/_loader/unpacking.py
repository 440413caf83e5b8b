"""Unpacks archives into the cache folder, once a host and content (R13).

A shipped text. Each archive has a folder there, named by its hash, which is made elsewhere and
renamed: nobody sees it in part. A process compares the files with the archive when it first uses a
folder, and holds one lock on it as long as a snapshot needs them. What nobody has used for long is
deleted when a new folder is made, once a day.
"""

import os
import sys
import time
import weakref
import zlib

from modulepickle._loader.archive_reader import PIECE, pieces_of
from modulepickle._loader.cache_files import write_file, write_new
from modulepickle._loader.cache_folder import cache_folder, make_folders
from modulepickle._loader.registry import registry
from modulepickle._loader.whose import when_gone

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ImportError:  # Windows, WebAssembly: nothing can be locked, so nothing is swept
    flock = None

MAX_AGE = 700_000  # seconds, eight days, after which an unused folder is deleted
DAY = 86_400  # seconds
MAX_DELETED = 1_000  # in one sweep
LOCKS = weakref.WeakValueDictionary()  # folder -> its lock, the newest last
NEEDED = [0]  # how many locks there may be, since active snapshots had that many
WARNED = set()


def log(level, *what):
    """Log something; a process that has not imported `logging` gets its warnings only."""
    if level == "warning" or "logging" in sys.modules:
        import logging

        getattr(logging.getLogger("modulepickle"), level)(*what)


def warn_once(subject, *what):
    """Log a warning, once a process; again if something ended it the first time."""
    if subject not in WARNED:
        try:
            WARNED.add(subject)
            log("warning", *what)
        except BaseException:
            WARNED.discard(subject)
            raise


def unpack(name, members, user):
    """The folder that holds the files of an archive, locked as long as `user` lives.

    Raises:
        OSError: if there is no place for it.
        ValueError: if its name is one that a disk cannot have.
    """
    folder = f"{cache_folder()}/{name}"
    for _ in range(100):  # somebody may delete it meanwhile, or look whether it is in use
        if not os.path.isdir(folder) and make_unpacked(folder, members, user):
            sweep(folder)
            return folder
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
        os.chmod(part, 0o700)
        held = lock(part, user)
        while not held:
            os.stat(part)  # it went, if this fails
            held = lock(part, user)
        for path in members:
            put_member(path, members[path], part, write_new)
        os.rename(part, folder)
        if held is not True:
            user.lock = LOCKS[folder] = held
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
        write(target, pieces_of(path, member), 0o600 | member[3] & 0o100)


def check(path, member, folder):
    """Make sure that what is on disk is what the archive has."""
    try:
        same = path.endswith("/") or is_intact(f"{folder}/{path}", *member[:2])
    except OSError:  # a cleaner took it away
        same = False
    if not same:
        put_member(path, member, folder, write_file)


def is_intact(path, crc, size):
    """Whether a file is of that CRC-32 and size; some megabytes at a time are in memory."""
    total, left, is_end = 0, size, False
    # By a descriptor it is quicker, but an interrupt right behind `os.open` would leave that open.
    with open(path, "rb", buffering=0) as file:
        while left >= 0 and not is_end:
            most = min(left, PIECE) + 1
            piece = file.read(most)
            total, left = zlib.crc32(piece, total), left - len(piece)
            is_end = len(piece) < most
    return (total, left) == (crc, 0)


class Lock:
    """A shared lock on a folder, which lasts as long as an open descriptor.

    A forked process has it as well, and the program that a process becomes by `exec`.
    """

    def __init__(self, folder):
        self.descriptor = os.open(folder, os.O_RDONLY)
        self.stat = os.fstat(self.descriptor)
        self.close = when_gone(self, close_own, self.descriptor, self.stat)
        os.set_inheritable(self.descriptor, True)
        flock(self.descriptor, LOCK_SH | LOCK_NB)

    def is_on(self, folder):
        """Whether it is still held, and on what stands under the name of the folder now."""
        return is_own(self.descriptor, self.stat) and os.path.samestat(self.stat, os.stat(folder))


def is_own(descriptor, found):
    """Whether a descriptor is open, and not on something else: a daemon closes all it is left."""
    try:
        return os.path.samestat(os.fstat(descriptor), found)
    except OSError:
        return False


def close_own(descriptor, found):
    if is_own(descriptor, found):
        os.close(descriptor)


def lock(folder, user):
    """Hold the lock on a folder, and say that it is in use, as far as the system can.

    All users in a process share one, which is returned; True where nothing can be locked, and None
    if the folder is being deleted. Two threads may do this for one user.
    """
    held = LOCKS.get(folder)
    try:
        if not held or not held.is_on(folder):
            held = Lock(folder)
        os.utime(folder)
        # Whoever deletes a folder locks it and renames it first: is this one still in its place?
        if not held.is_on(folder):
            return None
    except (BlockingIOError, FileNotFoundError):
        return None
    except (OSError, TypeError) as error:  # Windows opens no folders
        log("debug", "%s is not locked: %s", folder, error)
        return True
    user.lock = LOCKS[folder] = held
    spare_descriptors()
    return held


def spare_descriptors():
    """Leave the host three quarters of its descriptors, 256 of ours at most.

    What was unpickled first is unlocked first, unless it is active. Where more are active, only
    a few more are let in before one looks again for some that no longer are.
    """
    open_most = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 1024
    most = min(256, max(open_most, 64) // 4)
    if len(LOCKS) <= max(most, NEEDED[0]):
        return
    homes = [getattr(leave, "__self__", None) for _, leave in [*registry.active.values()]]
    needed = {id(getattr(home, "lock", None)) for home in homes}
    for folder, each in [*LOCKS.items()][: -most // 2]:
        if id(each) not in needed:
            each.close()
            LOCKS.pop(folder, None)
    NEEDED[0] = len(LOCKS) + most // 16 if len(LOCKS) > most else 0


def sweep(folder):
    """Delete what is older than a folder by far, and in no process' use; once a day."""
    top = cache_folder()
    try:
        if is_swept(top, folder):
            return
        left = MAX_DELETED
        for old in os.scandir(top):
            left -= is_deleted(old, folder)
            if not left:  # the next load goes on
                os.utime(f"{top}/swept", (0, 0))
                return
    except OSError as error:
        log("debug", "%s is not swept: %s", top, error)


def is_swept(top, folder):
    """Whether somebody swept the cache folder in the last day; after this, somebody has."""
    now = os.stat(folder).st_mtime
    mark = f"{top}/swept"
    try:
        if abs(now - os.stat(mark).st_mtime) < DAY:
            return True
    except FileNotFoundError:
        make_folders(mark)
    os.utime(mark, (now, now))
    return False


def is_deleted(old, folder):
    """Delete an entry of the cache folder, if it is old enough; whether it went."""
    try:
        now = os.stat(folder).st_mtime
        if now - old.stat(follow_symlinks=False).st_mtime > MAX_AGE:
            delete(old)
            return True
    except (OSError, TypeError) as error:  # it is in use, or just went
        log("debug", "%s stays: %s", old.path, error)
    return False


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
