"""The folder in which a host keeps what was unpacked: where it is, and who may write in it (R13).

A shipped text: the loader, what reads stores, and the command line decide by it.
"""

import os
import stat

POSIX = os.name == "posix"
PLACES = {}  # what the environment says -> the folder, absolute from the first look on
TRUSTED = {}  # folder -> its stat when it was looked at


def cache_folder():
    """The folder for unpacked files, which only this user can write in.

    Raises:
        OSError: it cannot be made, or somebody else could put files in it.
    """
    said = os.getenv("MODULEPICKLE_CACHE") or default_place()
    user = os.getuid() if POSIX else 0
    path = PLACES.setdefault((said, user), os.path.abspath(f"{said}/modulepickle-{user}"))
    if POSIX and TRUSTED.get(path, 0) != stamp_of(path):
        reason = distrust(path, user)
        if reason:
            raise OSError(f"{path} is not used: {reason}. MODULEPICKLE_CACHE names another place")
        make_folders(path)
        TRUSTED[path] = stamp_of(path)
    elif not POSIX:
        make_folders(path)
    return path


def stamp_of(path):
    """What would be another if somebody put another folder there, or let others in."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mode, found.st_uid


def default_place():
    """Where temporary files go, as `tempfile` has it, which would import a lot."""
    for said in [os.getenv(name, "") for name in ("TMPDIR", "LOCALAPPDATA", "TEMP", "TMP")]:
        if said and os.path.isdir(said):
            return said
    return "/tmp" if POSIX else os.path.expanduser("~")


def make_folders(path):
    """Make a folder, and those above it, for this user alone whatever the umask is."""
    if not os.path.isdir(path):
        make_folders(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
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
            return "others may write in it"
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
            return f"others may rename what is in {above}"
    return ""


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def write_new(path, data, mode=0o600):
    """Write a file that is not there yet, for this user alone whatever the umask is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, mode), "wb") as file:
        file.write(data)


def write_file(path, data, mode=0o600):
    """Write a file so that nobody sees it in part, and nothing is left behind if that fails."""
    make_folders(os.path.dirname(path))
    part = f"{cache_folder()}/part-{os.urandom(8).hex()}"  # swept, if this process is killed
    try:
        write_new(part, data, mode)
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
