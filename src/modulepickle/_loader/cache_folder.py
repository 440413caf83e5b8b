"""The folder in which a host keeps what was unpacked: where it is, and who may write in it (R13).

A shipped text: the loader, what reads stores, and the command line decide by it.
"""

import os
import stat

POSIX = os.name == "posix"
user_number = getattr(os, "geteuid", int)  # Windows and WebAssembly have no users by number
PLACES = {}  # what the environment says -> the folder, absolute from the first look on
TRUSTED = {}  # folder -> its stat when it was looked at


def cache_folder():
    """The folder for unpacked files, which only this user can write in.

    Raises:
        OSError: if it cannot be made, or somebody else could put files in it.
    """
    path = cache_place()
    if user_number is int:
        make_folders(path)
    elif TRUSTED.get(path, 0) != stamp_of(path):
        reason = distrust(path, user_number())
        if reason:
            raise OSError(
                f"{path} is not used: {reason}. Set MODULEPICKLE_CACHE to use another folder"
            )
        make_folders(path)
        TRUSTED[path] = stamp_of(path)
    return path


def cache_place():
    """The path of the cache folder, absolute. Each user of a process has another."""
    user = user_number()
    said = os.getenv("MODULEPICKLE_CACHE", "")
    if (said, user) not in PLACES:
        path = os.path.abspath(f"{said}/modulepickle-{user}")
        if not said or is_closed(path):
            path = os.path.abspath(f"{default_place(user)}/modulepickle-{user}")
        PLACES[said, user] = path
    return PLACES[said, user]


def is_closed(path):
    """Whether others have made the folder above a path that is not there, for themselves alone."""
    above = os.path.dirname(path)
    while not os.path.exists(above):
        above = os.path.dirname(above)
    return not os.path.lexists(path) and os.path.isdir(above) and not may_write(above)


def may_write(folder):
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=effective)


def stamp_of(path):
    """What would be another if somebody put another folder there, or let others in."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mode, found.st_uid


def default_place(user):
    """Where a user's files go that can be made again.

    The temporary folder, as `tempfile` has it, which would import a lot. But where everybody may
    write, a name that a cleaner has removed is anybody's: so if the user has a place for caches,
    that one.
    """
    names = ("TMPDIR", "LOCALAPPDATA", "TEMP", "TMP")
    said = [os.getenv(name, "") for name in names]
    usual = ["/tmp", "/var/tmp", "/usr/tmp"] if POSIX else [os.path.expanduser("~")]
    found = [each for each in [*said, *usual] if each and os.path.isdir(each) and may_write(each)]
    temporary = [*found, *usual][0]
    if POSIX and os.stat(temporary).st_mode & stat.S_IWOTH:
        home = os.getenv("HOME", "")
        place = os.getenv("XDG_CACHE_HOME", "")
        place = place if os.path.isabs(place) else f"{home}/.cache"
        owned = place if os.path.isdir(place) else home
        if os.path.isabs(home) and home != "/" and is_of(owned, user):
            if may_write(owned) and not distrust(place, user):
                return place
    return temporary


def is_of(path, user):
    return os.path.isdir(path) and os.stat(path).st_uid == user


def make_folders(path):
    """Make a folder, and those above it, for this user alone whatever the umask is."""
    if not os.path.isdir(path):
        make_folders(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
            os.chmod(path, 0o700)  # an umask may have taken some of it
        except FileExistsError:  # another process was faster; or it is a file, and its use fails
            pass


def distrust(path, user):
    """Why others could change what is in a folder, as OpenSSH's StrictModes has it; or "".

    Folders above count too, up to one that nobody else can enter: who may write there can put
    another folder in the place of this one.
    """
    others = stat.S_IWGRP | stat.S_IWOTH
    if os.path.lexists(path):
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user:
            return "it is not a folder of this user"
        if found.st_mode & others:
            return "other users may write to it"
    above = os.path.realpath(path)
    while above != "/":
        above = os.path.dirname(above)
        if not os.path.isdir(above):
            continue  # it will be made
        found = os.stat(above)
        if not found.st_mode & (stat.S_IXGRP | stat.S_IXOTH) and found.st_uid == user:
            break
        is_shared = found.st_mode & others and not found.st_mode & stat.S_ISVTX
        if is_shared or found.st_uid not in (user, 0):
            return f"other users may rename what is in {above}"
    return ""


def read_file(path):
    with open(path, "rb", buffering=0) as file:
        return file.read()
