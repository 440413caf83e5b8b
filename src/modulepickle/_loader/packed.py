"""What travels, made by `python -m modulepickle._loader.build`: do not edit."""

from typing import Final

LOADER_NAME: Final = "_modulepickle_loader_72d03965"
LOADER: Final = r"""import os
import sys
from _thread import RLock
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.calls, self.originals = {}, {}
        self.finder = self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
if "lock" not in vars(registry):
    vars(registry).setdefault("lock", RLock())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: vars(registry).update(lock=RLock()))
def execute_once(page, names):
    is_held = registry.lock.acquire(timeout=10)
    try:
        if names["__name__"] not in registry.texts:
            exec(page(), names)
    finally:
        if is_held:
            registry.lock.release()
    return registry.texts[names["__name__"]]
import sys
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode().replace("\f", "")
__loader__ = Lines(packed)
__spec__ = type(sys.__spec__)(__name__, __loader__)
import os
import stat
POSIX = os.name == "posix"
user_number = getattr(os, "geteuid", int)
PLACES = {}
TRUSTED = {}
def cache_folder():
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
    user = user_number()
    said = os.getenv("MODULEPICKLE_CACHE", "")
    if (said, user) not in PLACES:
        path = os.path.abspath(f"{said}/modulepickle-{user}")
        if not said or is_closed(path):
            path = os.path.abspath(f"{default_place(user)}/modulepickle-{user}")
        PLACES[said, user] = path
    return PLACES[said, user]
def is_closed(path):
    above = os.path.dirname(path)
    while not os.path.exists(above):
        above = os.path.dirname(above)
    return not os.path.lexists(path) and os.path.isdir(above) and not may_write(above)
def may_write(folder):
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=effective)
def stamp_of(path):
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mode, found.st_uid
def default_place(user):
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
    if not os.path.isdir(path):
        make_folders(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
            os.chmod(path, 0o700)
        except FileExistsError:
            pass
def distrust(path, user):
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
            continue
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
import marshal
import sys
import zlib
compiled = []
def kept_code(file, key):
    data = memoryview(read_file(f"{cache_folder()}/{file}"))
    if zlib.crc32(data[4:]).to_bytes(4, "little") != data[:4]:
        raise ValueError("it is damaged")
    found, code = marshal.loads(data[4:])
    if found != key:
        raise ValueError("it is that of another text")
    return code
def compiled_page():
    key = sys.version, sys.flags.optimize, packed
    file = f"loader-{__name__[-8:]}{zlib.crc32(key[2], zlib.crc32(repr(key[:2]).encode())):08x}"
    try:
        return kept_code(file, key)
    except Exception as error:
        reason = str(error)
    first, second = zlib.decompress(key[2]).decode().split("\f")
    text = "\n" * first.count("\n") + second
    code = compile(text, compiled_page.__code__.co_filename, "exec")
    compiled.append((reason, file, key, code))
    return code
def keep_compiled(reason, *what):
    log("debug", "the loader was compiled: %s", reason)
    keep_code("the loader", *what)
entry = execute_once(compiled_page, globals())
while compiled:
    keep_compiled(*compiled.pop())
import os
def write_new(path, pieces, mode=0o600):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, mode), "wb") as file:
        if POSIX:
            os.fchmod(file.fileno(), mode)
        file.writelines(pieces)
def write_file(path, pieces, mode=0o600):
    make_folders(os.path.dirname(path))
    part = f"{cache_folder()}/part-{os.urandom(8).hex()}"
    try:
        write_new(part, pieces, mode)
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
import struct
import zlib
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
PIECE = 2**22
def read_archive(data):
    members = {}
    offset = 0
    *_, count, _, index, _ = END.unpack(data[-END.size :])
    place = index
    for _ in range(count):
        central = CENTRAL.unpack_from(data, place)
        crc, packed, size, width = central[7:11]
        mode, start = central[15] >> 16, offset + LOCAL.size + central[10]
        name = data[offset + LOCAL.size : start]
        path = name.decode()
        place += CENTRAL.size
        good = (
            central[:1] + central[11:15] + central[16:] == (b"PK\1\2", 0, 0, 0, 0, offset)
            and LOCAL.unpack_from(data, offset) == (b"PK\3\4", *central[2:12])
            and data[place : place + width] == name
            and central[4] == (0 if path.endswith("/") else 8)
            and is_safe(path)
            and mode & 0o177000 in (0, 0o040000 if path.endswith("/") else 0o100000)
            and path not in members
        )
        if not good:
            raise ValueError(f"{path!r} is not as an archive has it")
        members[path] = crc, size, data[start : start + packed], mode
        offset, place = start + packed, place + width
    if offset != index or data[place:] != END.pack(
        b"PK\5\6", 0, 0, count, count, place - index, index, 0
    ):
        raise ValueError("there is more in it than its members")
    return members
def is_safe(path):
    parts = path.replace("\\", "/").split("/")
    return ".." not in parts and parts[0][1:2] != ":" and parts[0] != "" and "\0" not in path
def inflate(path, member):
    return b"".join(pieces_of(path, member))
def pieces_of(path, member):
    crc, size, packed, _ = member
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left, total, at, more, data = size, 0, 0, b"", b""
    while left >= 0 and not inflater.eof and (more or data or at < len(packed)):
        more = inflater.unconsumed_tail
        if not more and len(data) < PIECE:
            more = packed[at : at + PIECE // 64]
            at += len(more)
        data = inflater.decompress(more, PIECE)
        left -= len(data)
        total = zlib.crc32(data, total)
        if left >= 0:
            yield data
    if left or total != crc:
        raise ImportError(f"{path} is damaged: pickle it again")
import errno
import os
def resource_reader(files):
    try:
        from importlib.resources.abc import TraversableResources
    except ImportError:
        from importlib.abc import TraversableResources
    reader = type("Reader", (TraversableResources,), {"files": lambda this: files})
    return reader()
class ArchivePath:
    def __init__(self, homes, path):
        self.homes, self.path = homes, path
        self.name = path.rpartition("/")[2]
    def __str__(self):
        return f"{self.homes[0].folder}/{self.path}".rstrip("/")
    def __repr__(self):
        return f"{type(self).__name__}({str(self)!r})"
    def __eq__(self, other):
        return type(other) is type(self) and str(other) == str(self)
    def __hash__(self):
        return hash(str(self))
    @property
    def parent(self):
        return ArchivePath(self.homes, self.path.rpartition("/")[0])
    def below(self):
        stem = f"{self.path}/" if self.path else ""
        files = [file for home in self.homes for file in home.files if file.startswith(stem)]
        return dict.fromkeys(file[len(stem) :].partition("/")[0] for file in files if file != stem)
    def is_dir(self):
        return bool(self.below()) or any(f"{self.path}/" in home.files for home in self.homes)
    def is_file(self):
        return any(self.path in home.files for home in self.homes)
    isfile = is_file
    def exists(self):
        return self.is_dir() or self.is_file()
    def iterdir(self):
        return iter([self / name for name in self.below()])
    def joinpath(self, *parts):
        path = os.path.normpath("/".join([self.path or ".", *map(str, parts)]))
        return ArchivePath(self.homes, "" if path == "." else path.replace(os.sep, "/"))
    def __truediv__(self, part):
        return self.joinpath(part)
    def read_bytes(self):
        for home in self.homes:
            if self.path in home.files:
                return inflate(self.path, home.files[self.path])
        number = errno.EISDIR if self.is_dir() else errno.ENOENT
        raise OSError(number, os.strerror(number), str(self))
    def read_text(self, encoding=None, errors=None):
        with self.open("r", encoding=encoding, errors=errors) as file:
            return file.read()
    def open(self, mode="r", *args, **options):
        import io
        file = io.BytesIO(self.read_bytes())
        return file if "b" in mode else io.TextIOWrapper(file, *args, **options)
import os
import sys
import time
import weakref
import zlib
try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ImportError:
    flock = None
MAX_AGE = 700_000
DAY = 86_400
MAX_DELETED = 1_000
LOCKS = weakref.WeakValueDictionary()
NEEDED = [0]
WARNED = set()
def log(level, *what):
    if level == "warning" or "logging" in sys.modules:
        import logging
        getattr(logging.getLogger("modulepickle"), level)(*what)
def warn_once(subject, *what):
    if subject not in WARNED:
        try:
            WARNED.add(subject)
            log("warning", *what)
        except BaseException:
            WARNED.discard(subject)
            raise
def unpack(name, members, user):
    folder = f"{cache_folder()}/{name}"
    for _ in range(100):
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
    part = f"{cache_folder()}/part-{os.urandom(8).hex()}"
    try:
        os.mkdir(part, 0o700)
        os.chmod(part, 0o700)
        held = lock(part, user)
        while not held:
            os.stat(part)
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
        if isinstance(error, FileNotFoundError):
            return False
        if not os.path.isdir(folder) or not isinstance(error, OSError):
            raise
    return False
def put_member(path, member, folder, write):
    target = f"{folder}/{path}"
    make_folders(os.path.dirname(target))
    if not path.endswith("/"):
        write(target, pieces_of(path, member), 0o600 | member[3] & 0o100)
def check(path, member, folder):
    try:
        same = path.endswith("/") or is_intact(f"{folder}/{path}", *member[:2])
    except OSError:
        same = False
    if not same:
        put_member(path, member, folder, write_file)
def is_intact(path, crc, size):
    total, left, is_end = 0, size, False
    with open(path, "rb", buffering=0) as file:
        while left >= 0 and not is_end:
            most = min(left, PIECE) + 1
            piece = file.read(most)
            total, left = zlib.crc32(piece, total), left - len(piece)
            is_end = len(piece) < most
    return (total, left) == (crc, 0)
class Lock:
    def __init__(self, folder):
        self.descriptor = os.open(folder, os.O_RDONLY)
        self.stat = os.fstat(self.descriptor)
        self.close = when_gone(self, close_own, self.descriptor, self.stat)
        os.set_inheritable(self.descriptor, True)
        flock(self.descriptor, LOCK_SH | LOCK_NB)
    def is_on(self, folder):
        return is_own(self.descriptor, self.stat) and os.path.samestat(self.stat, os.stat(folder))
def is_own(descriptor, found):
    try:
        return os.path.samestat(os.fstat(descriptor), found)
    except OSError:
        return False
def close_own(descriptor, found):
    if is_own(descriptor, found):
        os.close(descriptor)
def lock(folder, user):
    held = LOCKS.get(folder)
    try:
        if not held or not held.is_on(folder):
            held = Lock(folder)
        os.utime(folder)
        if not held.is_on(folder):
            return None
    except (BlockingIOError, FileNotFoundError):
        return None
    except (OSError, TypeError) as error:
        log("debug", "%s is not locked: %s", folder, error)
        return True
    user.lock = LOCKS[folder] = held
    spare_descriptors()
    return held
def spare_descriptors():
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
    top = cache_folder()
    try:
        if is_swept(top, folder):
            return
        left = MAX_DELETED
        for old in os.scandir(top):
            left -= is_deleted(old, folder)
            if not left:
                os.utime(f"{top}/swept", (0, 0))
                return
    except OSError as error:
        log("debug", "%s is not swept: %s", top, error)
def is_swept(top, folder):
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
    try:
        now = os.stat(folder).st_mtime
        if now - old.stat(follow_symlinks=False).st_mtime > MAX_AGE:
            delete(old)
            return True
    except (OSError, TypeError) as error:
        log("debug", "%s stays: %s", old.path, error)
    return False
def delete(old):
    descriptor = os.open(old, os.O_RDONLY)
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        if old.is_dir():
            import shutil
            part = f"{cache_folder()}/part-{os.urandom(8).hex()}"
            os.rename(old, part)
            shutil.rmtree(part)
        else:
            os.remove(old)
    finally:
        os.close(descriptor)
import os
def tell_of(home, origin):
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
    above, stem = origin, home.top.replace(".", "/")
    for _ in range(stem.count("/") + (f"{stem}/__init__.py" in home.files) + 1):
        above = os.path.dirname(above)
    for path, member in home.files.items():
        if path.endswith("/") or path.partition("/")[0].endswith(".dist-info"):
            continue
        try:
            file = f"{above}/{path}"
            if os.path.isdir(origin) and not os.path.exists(file):
                continue
            if os.path.getsize(file) != member[1] or read_file(file) != inflate(path, member):
                return False
        except (OSError, ImportError):
            return False
    return True
def is_first(top, origin):
    name = sha256(f"{top}\0{origin}".encode("utf-8", "replace")).hexdigest()[:32]
    try:
        write_new(f"{cache_folder()}/told-{name}", b"")
    except FileExistsError:
        return False
    except OSError:
        pass
    return True
import builtins
import importlib.machinery as machinery
import os
import sys
import types
import weakref
from importlib import _bootstrap, _bootstrap_external
ImportLock = _bootstrap._ImportLockContext
ModuleLock = _bootstrap._ModuleLockManager
DeadlockError = _bootstrap._DeadlockError
import_children = _bootstrap._handle_fromlist
set_code_path = _bootstrap._imp._fix_co_filename
NamespaceLoader = _bootstrap_external._NamespaceLoader
PathFinder = machinery.PathFinder
IMPORTLIB = {
    function.__code__.co_filename for function in (import_children, PathFinder.find_spec)
}
STANDARD = os.path.dirname(os.__file__) + os.sep
STANDARD_PLACES = [
    path
    for path in sys.path
    if f"{path}{os.sep}".startswith(STANDARD) and "site-pack" not in f"{path}"
]
SNAPSHOTS = weakref.WeakValueDictionary()
FOLDERS = weakref.WeakValueDictionary()
TOPS = set()
SHIPPED_TO = set()
NAMESPACES = {}
HOST_BUILTINS, SYS = vars(builtins), vars(sys)
WAITING = set()
NOTHING = object()
HASHES = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
SMALL = 2**19
native_import = builtins.__import__
get_frame = sys._getframe
def when_gone(owner, act, *args):
    def done(ref):
        if ref in WAITING:
            WAITING.discard(ref)
            act(*args)
    ref = weakref.ref(owner, done)
    WAITING.add(ref)
    return lambda: done(ref)
def sha256(data):
    if len(data) < SMALL and "hashlib" not in sys.modules:
        try:
            return __import__(HASHES).sha256(data)
        except ImportError:
            pass
    import hashlib
    return hashlib.sha256(data)
def outer_path():
    path = vars(sys)["path"] or ()
    return [place for place in path if isinstance(place, str) and place not in SHIPPED_TO]
def on_path(name):
    path, spec = outer_path(), None
    for part in name.split("."):
        spec = PathFinder.find_spec(part, path or ())
        path = getattr(spec, "submodule_search_locations", None)
    return spec
def real_modules():
    return SYS["modules"]
def meta_path():
    return [*(vars(sys)["meta_path"] or ())]
def host_module(name):
    return registry.originals["import_module"](name)
def spec_of(module):
    if issubclass(type(module), types.ModuleType):
        return object.__getattribute__(module, "__dict__").get("__spec__")
    return None
def owner_of(module):
    return getattr(spec_of(module), "snapshot", None)
def is_initializing(module):
    return getattr(spec_of(module), "_initializing", False)
def native(name):
    module = real_modules().get(name)
    if module is None or owner_of(module):
        return None
    for made, _ in [*registry.active.values()]:
        if made.get(name) is module:
            return None
    return module
def is_standard(name):
    if name in sys.builtin_module_names:
        return True
    if sys.version_info >= (3, 10):
        return name in sys.stdlib_module_names
    return bool(PathFinder.find_spec(name, STANDARD_PLACES))
def is_there(top):
    try:
        return native(top) is not None or registry.originals["find_spec"](top) is not None
    except (ImportError, ValueError):
        return False
def stands_back(home):
    return home.top == "modulepickle" and is_there("modulepickle")
def home_of(path):
    before = None
    while path != before and isinstance(path, (str, os.PathLike)):
        home = FOLDERS.get(path)
        if home:
            return home
        path, before = os.path.dirname(path), path
    return None
def home_of_globals(names):
    found = names.get("__builtins__")
    if type(found) is not dict or found is HOST_BUILTINS:
        return None
    home = getattr(found.get("__import__"), "__self__", None)
    return home if hasattr(home, "requirements") else None
def caller_of(frame):
    while frame:
        file = frame.f_code.co_filename
        home = None if file in IMPORTLIB else home_of_globals(frame.f_globals)
        if home:
            return home
        if not file.startswith((STANDARD, "<frozen ", "<modulepickle>")) or "site-packages" in file:
            return None
        frame = frame.f_back
    return None
def place_of(home, name):
    while name:
        if home.paths.get(name):
            return home.paths[name]
        name = name.rpartition(".")[0]
    return None
def given_by(home, name):
    top = str(name).partition(".")[0]
    if top not in TOPS or top in home.requirements or is_standard(top):
        return None
    frame = get_frame(1)
    while frame:
        caller = home_of_globals(frame.f_globals)
        found = has_view(caller) and place_of(caller, name)
        if found:
            return found
        frame = frame.f_back
    users = [each for each in [*SNAPSHOTS.values()] if home in each.paths.values()]
    places = {place_of(each, name) for each in users} - {None}
    return places.pop() if len(places) == 1 else None
def has_view(home):
    return hasattr(home, "modules")
def asker(frame, is_import=False):
    if frame.f_code.co_filename.startswith("<modulepickle>"):
        return None
    passed = set()
    while frame:
        if frame.f_code.co_filename in IMPORTLIB:
            if not is_import and frame.f_code.co_name.startswith("_find_and_load"):
                return None
            frame = frame.f_back
            continue
        home = home_of_globals(frame.f_globals)
        if home:
            is_seen = has_view(home) and not passed & home.paths.keys()
            return home if is_seen else None
        file = frame.f_code.co_filename
        if "site-packages" in file or "dist-packages" in file:
            top = str(frame.f_globals.get("__name__")).partition(".")[0]
            if top == "modulepickle":
                return None
            passed.add(top)
        elif not file.startswith((STANDARD, "<frozen ", "<modulepickle>")):
            return None
        if frame.f_code.co_name == "is_there":
            return None
        frame = frame.f_back
    return None
def active_home(name):
    while name:
        _, leave = registry.active.get(name, (None, None))
        home = getattr(leave, "__self__", None)
        if hasattr(home, "requirements"):
            return home
        name = name.rpartition(".")[0]
    return None
def active_homes():
    homes = [getattr(leave, "__self__", None) for _, leave in [*registry.active.values()]]
    return [home for home in homes if hasattr(home, "requirements")]
def refresh(snapshot):
    now = {**HOST_BUILTINS, "__import__": snapshot.import_}
    if "__lazy_import__" in now:
        now["__lazy_import__"] = snapshot.lazy_import
    snapshot.builtins.update(now)
    if len(snapshot.builtins) > len(now):
        for name in snapshot.builtins.keys() - now.keys():
            del snapshot.builtins[name]
class cached:
    def __init__(self, make):
        self.make = make
    def __get__(self, owner, kind):
        value = self.make(owner)
        return vars(owner).setdefault(self.make.__name__, value)
import importlib.machinery as machinery
import marshal
import os
import sys
import zlib
class FileLoader(machinery.SourceFileLoader):
    home = None
class SourceText(str):
    def splitlines(self):
        return self.removesuffix("\n").split("\n")
class SourceLoader(FileLoader):
    def exec_module(self, module):
        if not self.home.is_on_disk():
            import linecache
            from importlib.util import decode_source
            packed = self.member, self.home.files[self.member]
            entry = (lambda: SourceText(decode_source(inflate(*packed))),)
            linecache.cache.setdefault(self.path, entry)
        super().exec_module(module)
    def get_data(self, path):
        return self.home.read(path, super().get_data)
    def get_resource_reader(self, name):
        if self.home.is_on_disk():
            return super().get_resource_reader(name)
        return resource_reader(self.home.inside(os.path.dirname(self.path)))
    @cached
    def archive(self):
        if sys.version_info >= (3, 10) or self.home.is_on_disk():
            raise AttributeError("archive")
        return self.home.zip
    def get_code(self, name):
        key = sys.version, sys.flags.optimize, self.home.files[self.member][:3]
        crc, _, packed = key[2]
        file = f"code-{crc:08x}{zlib.crc32(packed, zlib.crc32(repr(key[:2]).encode(), 1)):08x}"
        try:
            code = kept_code(file, key)
            set_code_path(code, self.path)
            return code
        except Exception as error:
            log("debug", "%s is compiled: %s", name, error)
        code = self.source_to_code(self.get_data(self.path), self.path)
        keep_code(name, file, key, code)
        return code
def keep_code(name, file, key, code):
    try:
        data = marshal.dumps((key, code))
        pieces = [zlib.crc32(data).to_bytes(4, "little"), data]
        write_file(f"{cache_folder()}/{file}", pieces)
    except Exception as error:
        log("debug", "bytecode of %s is not kept: %s", name, error)
class ExtensionLoader(machinery.ExtensionFileLoader):
    def create_module(self, spec):
        if self.member in self.home.files:
            check(self.member, self.home.files[self.member], self.home.folder)
        return super().create_module(spec)
for own, usual in (
    (FileLoader, machinery.SourceFileLoader),
    (SourceLoader, machinery.SourceFileLoader),
    (ExtensionLoader, machinery.ExtensionFileLoader),
):
    own.__module__ = usual.__module__
    own.__name__ = own.__qualname__ = usual.__name__
KINDS = (
    (ExtensionLoader, machinery.EXTENSION_SUFFIXES),
    (SourceLoader, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)
LOADERS = {
    stem + suffix: loader
    for stem in ("/__init__", "")
    for loader, suffixes in KINDS
    for suffix in suffixes
}
import sys
import types
from _collections_abc import MutableMapping
WRITTEN = {}
class SysModules(MutableMapping, dict):
    def __init__(self, home):
        self.home, self.written, self.hidden = home, {}, set()
    def place(self, name):
        if not isinstance(name, str):
            return None
        home = place_of(self.home, name)
        if name not in self.home.paths:
            home = home or given_by(self.home, name)
        return None if home is None or (not home.made and home.is_own()) else home
    def __getitem__(self, name):
        home = self.place(name)
        if home:
            module = home.known(name)
        elif self.home.paths.get(name, NOTHING) is None and name in self.home.views:
            module = self.home.views[name]
        else:
            module = self.elsewhere(name, real_modules())
        if module is NOTHING:
            raise KeyError(name)
        return module
    def elsewhere(self, name, modules):
        module = modules.get(name, NOTHING)
        if name in self.hidden:
            return NOTHING
        if name in self.written and (module is NOTHING or module is WRITTEN.get(name)):
            return self.written[name]
        return module
    def __setitem__(self, name, module):
        home = self.place(name)
        modules = real_modules()
        if home:
            home.put(name, module)
        elif self.home.paths.get(name, NOTHING) is None:
            self.home.views[name] = module
        else:
            self.hidden.discard(name)
            if self.elsewhere(name, modules) is not module:
                self.written[name] = WRITTEN[name] = modules[name] = module
    def __delitem__(self, name):
        self[name]
        home = self.place(name)
        if home:
            home.put(name, NOTHING)
        elif self.home.paths.get(name, NOTHING) is None:
            self.home.views.pop(name, None)
        else:
            written = self.written.pop(name, NOTHING)
            modules = real_modules()
            if written is NOTHING or written is modules.get(name):
                modules.pop(name, None)
    def copy(self):
        modules = real_modules()
        names = dict.fromkeys([*modules, *self.written])
        for home in filter(None, self.home.paths.values()):
            names.update(dict.fromkeys([*home.made]))
        found = {name: self.get(name, NOTHING) for name in names}
        return {name: module for name, module in found.items() if module is not NOTHING}
    def clear(self):
        for home in filter(None, self.home.paths.values()):
            for name in [*home.made]:
                home.put(name, NOTHING)
        self.hidden.update([*real_modules()])
    def update(self, *args, **names):
        super().update(*args, **names)
        gone, self.hidden = self.hidden, set()
        for name in gone & self.written.keys():
            self.pop(name, None)
    def __iter__(self):
        return iter(self.copy())
    def __len__(self):
        return len(self.copy())
    def __reversed__(self):
        return reversed([*self.copy()])
    def __repr__(self):
        return repr(self.copy())
    def keys(self):
        return self.copy().keys()
    def values(self):
        return self.copy().values()
    def items(self):
        return self.copy().items()
    def __or__(self, other):
        return {**self.copy(), **other}
    def __ror__(self, other):
        return {**other, **self.copy()}
    def __ior__(self, other):
        self.update(other)
        return self
def asked_by(answer):
    name = answer.__name__
    def find(this):
        return answer(vars(this)[name], get_frame(1))
    def put(this, value):
        vars(this)[name] = value
    def delete(this):
        del vars(this)[name]
    return property(find, put, delete)
def is_seen(home, by):
    return home is by or (by is not None and home in by.paths.values())
class KindOfModule(type):
    def __new__(cls, name, bases, names):
        if bases[0] is types.ModuleType:
            return super().__new__(cls, name, bases, names)
        return type(name, (types.ModuleType, *bases[1:]), names)
    def __call__(cls, *args, **names):
        return types.ModuleType(*args, **names)
    def __instancecheck__(cls, module):
        return isinstance(module, types.ModuleType)
    def __subclasscheck__(cls, kind):
        return issubclass(kind, types.ModuleType)
    def __eq__(cls, other):
        return other is cls or other is types.ModuleType
    def __hash__(cls):
        return hash(types.ModuleType)
class Sys(types.ModuleType, metaclass=KindOfModule):
    def __new__(cls, *args, **options):
        plain = Sys.__mro__[1]
        return plain(*args, **options) if cls is Sys else plain.__new__(cls, *args, **options)
    @asked_by
    def modules(modules, frame):
        home = asker(frame)
        return home.modules if home else modules
    @asked_by
    def meta_path(finders, frame):
        if finders is None or frame.f_code.co_name != "_find_spec":
            return finders
        kept = []
        for finder in finders:
            home = home_of_globals(getattr(getattr(finder, "find_spec", 0), "__globals__", {}))
            if not has_view(home) or home.is_active() or is_seen(home, asker(frame, True)):
                kept.append(finder)
        return kept
    def __reduce__(self):
        return __import__, ("sys",)
    if sys.version_info >= (3, 14):
        def __getattr__(self, name):
            raise AttributeError(f"module 'sys' has no attribute {name!r}", name=name, obj=self)
Sys.__name__ = Sys.__qualname__ = "module"
Sys.__module__ = "builtins"
if not hasattr(type(sys), "modules"):
    sys.__class__ = Sys
import importlib.machinery as machinery
import os
import sys
from importlib import util
from itertools import filterfalse
class Finder:
    def find_spec(self, name, path=None, target=None):
        home = owner_of(target)
        if not has_view(home):
            home = active_home(name)
        elif not f"{name}.".startswith(f"{home.top}."):
            home = None
        spec = home and home.spec(name, path)
        if spec and spec.loader and not target:
            loader = spec.loader
            def done(module):
                del loader.create_module, loader.exec_module
            loader.create_module = lambda spec: home.fetch(name)
            loader.exec_module = done
        return spec
    def find_distributions(self, context):
        home = caller_of(get_frame(1))
        reached = home.paths if home else {}
        seen = dict.fromkeys(filter(None, reached.values()))
        others = [each for each in active_homes() if each.top in reached and each not in seen]
        if others and "path" not in vars(context):
            hidden = {each.folder for each in others}
            vars(context)["path"] = [place for place in sys.path if place not in hidden]
        for each in dict.fromkeys([*seen, *active_homes()]):
            if each not in others and not (each.is_active() and each.is_on_disk()):
                yield from each.distributions(context)
FINDER = registry.finder = registry.finder or Finder()
def finder_in(path):
    home = home_of(path)
    if home and not home.is_on_disk():
        return MemoryFinder(home, path)
    if not home or not os.path.isdir(path):
        raise ImportError(path)
    (_, extensions), (_, sources), bytecode = KINDS
    native_extensions = machinery.ExtensionFileLoader, extensions
    return FolderFinder(path, native_extensions, (FileLoader, sources), bytecode)
def is_hidden(home, name, frame):
    is_search = frame.f_code.co_name == "_get_spec" and frame.f_locals.get("path") is sys.path
    if not is_search:
        return False
    if name == "modulepickle":
        return True
    if is_standard(name):
        return True
    asked_by = asker(frame, True)
    return home not in asked_by.paths.values() if asked_by else not home.is_active()
class FolderFinder(machinery.FileFinder):
    def find_spec(self, name, target=None):
        home = home_of(self.path)
        return (
            None
            if home and is_hidden(home, name, get_frame(1))
            else super().find_spec(name, target)
        )
FolderFinder.__module__, FolderFinder.__qualname__ = machinery.FileFinder.__module__, "FileFinder"
FolderFinder.__name__ = "FileFinder"
class MemoryFinder:
    def __init__(self, home, path):
        self.home, self.stem = home, path.replace(os.sep, "/")[len(home.folder) + 1 :]
    def find_spec(self, name, target=None):
        if is_hidden(self.home, name, get_frame(1)):
            return None
        stem = f"{self.stem}/{name.rpartition('.')[2]}".strip("/")
        spec = self.home.spec(name, None, stem)
        if spec and isinstance(spec.loader, SpaceLoader):
            spec.loader, spec.submodule_search_locations = None, [*spec.submodule_search_locations]
        return spec
    def iter_modules(self, prefix=""):
        found = {}
        above = f"{self.stem}/" if self.stem else ""
        for path in self.home.files:
            name, _, rest = path[len(above) :].partition("/")
            is_package = rest.startswith("__init__.")
            if path.startswith(above) and (is_package or not rest):
                name = name.partition(".")[0]
                found[name] = is_package or found.get(name, False)
        for name in sorted(found.keys() - {"__init__"}):
            if self.find_spec(name):
                yield prefix + name, found[name]
class SpaceLoader(NamespaceLoader):
    homes, stem = (), ""
    def get_resource_reader(self, name):
        if all(home.is_on_disk() for home in self.homes):
            return super().get_resource_reader(name)
        return resource_reader(ArchivePath(self.homes, self.stem))
SpaceLoader.__module__ = NamespaceLoader.__module__
SpaceLoader.__name__ = SpaceLoader.__qualname__ = NamespaceLoader.__name__
def namespace_spec(name, homes, stem=None, portions=None):
    stem = stem or name.replace(".", "/")
    def find_again(*_):
        spec = None
        if portions and homes[0].is_active():
            spec = machinery.ModuleSpec(name, None)
            spec.submodule_search_locations = portions(name)
        return spec
    folders = portions(name) if portions else [f"{home.folder}/{stem}" for home in homes]
    loader = SpaceLoader(name.rpartition(".")[2], folders, find_again)
    spec = machinery.ModuleSpec(name, loader)
    spec.submodule_search_locations = spec.loader._path
    spec.loader.homes, spec.loader.stem = homes, stem
    return spec
def module_of(spec):
    module = util.module_from_spec(spec)
    if isinstance(spec.loader, SpaceLoader):
        module.__file__ = None
    return module
def put_first(places, new):
    if places is not None:
        places[:0] = filterfalse(places.__contains__, [new])
def forget(folder):
    for path in [*sys.path_importer_cache]:
        if f"{path}{os.sep}".startswith(f"{folder}{os.sep}"):
            sys.path_importer_cache.pop(path, None)
    lines = getattr(real_modules().get("linecache"), "cache", {})
    for path in [*lines]:
        if path.startswith(folder):
            lines.pop(path, None)
import errno
import os
def forget_place(folder):
    if folder not in FOLDERS:
        SHIPPED_TO.discard(folder)
    forget(folder)
class Files:
    @cached
    def folder(self):
        name = self.hash.hex()
        try:
            folder = unpack(name, self.files, self)
        except (OSError, ValueError) as error:
            warn_once(
                "disk",
                "modulepickle: no files are unpacked, and everything runs from memory: %s",
                error,
            )
            folder = f"{os.devnull}/{name}"
        FOLDERS[folder] = self
        SHIPPED_TO.add(folder)
        when_gone(self, forget_place, folder)
        return folder
    def is_on_disk(self):
        return not self.folder.startswith(os.devnull)
    def read(self, path, otherwise):
        inside = os.path.normpath(path)
        member = inside.replace(os.sep, "/")[len(self.folder) + 1 :]
        if inside.startswith(self.folder):
            if member in self.files:
                return inflate(member, self.files[member])
            if not self.is_on_disk():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return otherwise(path)
    @cached
    def zip(self):
        import io
        import zipfile
        class Archive(zipfile.ZipFile):
            def __fspath__(this):
                return self.folder
        return Archive(io.BytesIO(self.parts[3]))
    def inside(self, path):
        import pathlib
        if self.is_on_disk():
            return pathlib.Path(path)
        return ArchivePath([self], str(path).replace(os.sep, "/")[len(self.folder) + 1 :])
    def shows_metadata(self):
        return any(".dist-info/" in path for path in self.files) and not self.is_own()
    def distributions(self, context):
        from importlib import metadata
        names = {path.partition("/")[0] for path in self.files if ".dist-info/" in path}
        wanted = (context.name or "").lower().replace("-", "_").replace(".", "_")
        for name in sorted(names):
            title = name.partition("-")[0].lower().replace("-", "_").replace(".", "_")
            if context.name is None or title == wanted:
                yield metadata.PathDistribution(self.inside(f"{self.folder}/{name}"))
import os
import types
import warnings
from _thread import get_ident
class Modules:
    def spec(self, name, path=None, stem=None):
        is_elsewhere = stem is not None
        stem = stem if is_elsewhere else name.replace(".", "/")
        suffix = next((each for each in LOADERS if stem + each in self.files), "")
        if not suffix and not any(file.startswith(f"{stem}/") for file in self.files):
            return None
        place = f"{self.folder}/{stem}{suffix}"
        if suffix:
            loader = LOADERS[suffix](name, place)
            loader.home, loader.member = self, stem + suffix
            make = registry.originals["spec_from_file_location"]
            spec = make(name, place, loader=loader)
        else:
            is_seen = self.is_active() and self.is_on_disk() and not is_elsewhere
            spec = namespace_spec(name, [self], stem, self.portions if is_seen else None)
        spec.snapshot = self
        return spec
    def portions(self, name):
        if name == self.top:
            spec = on_path(name)
        else:
            parent, _, last = name.rpartition(".")
            path = [place for place in self.fetch(parent).__path__ if not home_of(place)]
            spec = PathFinder.find_spec(last, path)
        of_host = getattr(spec, "submodule_search_locations", None) or ()
        return [f"{self.folder}/{name.replace('.', '/')}", *of_host]
    def find(self, name, path):
        spec, asked = None, []
        finders = meta_path()
        is_put = self.sees_places() and PathFinder in finders
        for finder in finders[: finders.index(PathFinder)] if is_put else ():
            if not spec and self.may_ask(finder, True):
                asked.append(finder)
                spec = finder.find_spec(name, path, None)
        spec = spec or self.in_files(name, path)
        for finder in finders:
            if not spec and finder not in (FINDER, *asked) and self.may_ask(finder):
                spec = finder.find_spec(name, path, None)
        return spec
    def in_files(self, name, path):
        if name == self.top:
            return self.spec(name)
        own, before = f"{self.folder}/{name.rpartition('.')[0].replace('.', '/')}", []
        for each in path:
            if each == own:
                return (before and PathFinder.find_spec(name, before)) or self.spec(name, path)
            before.append(each)
        spec = before and PathFinder.find_spec(name, before)
        return spec or (self.spec(name, path) if any(map(self.is_absent, before)) else None)
    def is_absent(self, folder):
        inside = os.path.normpath(folder).replace(os.sep, "/")[len(self.folder) + 1 :]
        if home_of(os.path.normpath(folder)) is self:
            return not any(path.startswith(f"{inside}/") for path in self.files)
        return not os.path.isdir(folder)
    def may_ask(self, finder, is_shipped=False):
        names = getattr(getattr(finder, "find_spec", None), "__globals__", {})
        home = home_of_globals(names)
        if not hasattr(finder, "find_spec") or hasattr(finder, "parts"):
            return False
        top = str(names.get("__name__")).partition(".")[0]
        if home or is_shipped or top in self.paths:
            return home is not None and home in self.paths.values()
        return True
    def known(self, name):
        made = self.made.get(name, NOTHING)
        if real_modules().get(name, NOTHING) is made or not self.is_changed(name):
            return made
        with ImportLock():
            if self.is_changed(name):
                self.made[name] = real_modules().get(name, NOTHING)
                if self.made[name] is NOTHING:
                    del self.made[name]
        return self.made.get(name, NOTHING)
    def is_changed(self, name):
        shown = real_modules().get(name, NOTHING)
        is_other = self.is_active() and shown is not self.made.get(name, NOTHING)
        return is_other and owner_of(shown) in (None, self)
    def fetch(self, name):
        module = self.known(name)
        if module is NOTHING or (
            is_initializing(module) and self.executing.get(name) != get_ident()
        ):
            if module is NOTHING and self.is_native():
                return host_module(name)
            try:
                with ModuleLock(name):
                    module = self.load(name)
            except DeadlockError:
                module = self.load(name)
        if module is None:
            raise ModuleNotFoundError(f"import of {name} halted; None in sys.modules", name=name)
        return module
    def is_native(self):
        if not self.made and native(self.top):
            try:
                host_module("modulepickle._own")
            except ImportError:
                pass
        return not self.made and self.is_own()
    def load(self, name):
        module = self.known(name)
        if module is not NOTHING:
            return module
        package, path = None, None
        if name == self.top:
            name = self.top
        else:
            parent, _, child = name.rpartition(".")
            name = f"{parent}.{child}"
            if self.known(parent) is not None:
                package = self.fetch(parent)
            module = self.known(name)
            if module is not NOTHING:
                return module
            try:
                path = package.__path__
            except AttributeError:
                message = f"No module named {name!r}; {parent!r} is not a package"
                raise ModuleNotFoundError(message, name=name) from None
        module = self.known(name)
        if module is NOTHING:
            spec = self.find(name, path)
            if not spec:
                message = f"No module named {name!r}{self.why_not(name)}"
                raise ModuleNotFoundError(message, name=name)
            module = self.execute(spec, package)
        return module
    def put(self, name, module):
        with ImportLock():
            is_shown = self.is_active()
            for modules in (real_modules(), self.made) if is_shown else (self.made,):
                if module is NOTHING:
                    modules.pop(name, None)
                else:
                    modules[name] = module
            if is_shown and not self.is_active():
                real_modules().pop(name, None)
                self.show(name)
    def execute(self, spec, package):
        name, lent, is_whole = spec.name, None, False
        try:
            if isinstance(spec.loader, ExtensionLoader):
                lent = self.lend(name)
            module = module_of(spec)
            vars(module)["__builtins__"] = self.builtins
            spec._initializing, self.executing[name] = True, get_ident()
            self.put(name, module)
            if hasattr(spec.loader, "exec_module"):
                spec.loader.exec_module(module)
            elif hasattr(spec.loader, "get_code"):
                exec(spec.loader.get_code(name), vars(module))
            elif spec.loader:
                spec.loader.load_module(name)
            executed, module = module, self.known(name)
            if module is NOTHING:
                raise KeyError(name)
            if module is not executed or not self.is_active():
                keep_alive(self, vars(executed))
            if not self.is_active() and self.top != "modulepickle":
                guard_picklers()
            is_whole = True
            self.bind(name, module, package)
        except BaseException:
            bound = getattr(package, "__dict__", {}).get(name.rpartition(".")[2])
            if not is_whole or bound is not module:
                self.put(name, NOTHING)
            raise
        finally:
            spec._initializing = False
            self.executing.pop(name, None)
            self.take_back(lent)
            refresh(self)
        return module
    def keep_classes(self):
        for module in [*self.made.values()]:
            if issubclass(type(module), types.ModuleType):
                keep_alive(self, object.__getattribute__(module, "__dict__"))
    def lend(self, name):
        for path in self.files if "__mypyc" not in name else ():
            helper = path.partition(".")[0]
            if helper.endswith("__mypyc") and helper not in self.made:
                self.execute(self.spec(helper), None)
        modules = real_modules()
        before = {name: modules.get(name, NOTHING)}
        for home in filter(None, self.paths.values()):
            if not home.is_own():
                for each in [*home.below(), *home.made]:
                    before[each] = modules.get(each, NOTHING)
                modules.update(home.made)
                for each in home.below():
                    if each not in home.made:
                        modules.pop(each, None)
        return before
    def take_back(self, before):
        modules = real_modules()
        for name in () if before is None else dict.fromkeys([*before, *self.below()]):
            was, now = before.get(name, NOTHING), modules.get(name, NOTHING)
            if now not in (was, NOTHING) and owner_of(now) in (None, self):
                self.made.setdefault(name, now)
            home = self.modules.place(name) or self
            if not home.is_active():
                if was is NOTHING:
                    modules.pop(name, None)
                else:
                    modules[name] = was
    def bind(self, name, module, package=None):
        parent, _, child = name.rpartition(".")
        if not package and parent and self.is_active():
            self.join(name, module)
            package = host_module(parent)
        try:
            if package:
                setattr(package, child, module)
        except AttributeError:
            message = f"Cannot set an attribute on {parent!r} for child module {child!r}"
            warnings.warn(message, ImportWarning, stacklevel=2)
class Bases(tuple):
    def __reduce_ex__(self, protocol):
        return tuple, ([*self],)
def keep_alive(snapshot, names):
    look, name = type.__getattribute__, names.get("__name__")
    known = {}
    for value in [*names.values()]:
        if not issubclass(type(value), type) or look(value, "__dict__").get("__module__") != name:
            continue
        if known.get(id(look(value, "__base__"))):
            known[id(value)] = True
            continue
        for each in look(value, "__mro__"):
            if id(each) not in known:
                known[id(each)] = leads_to(snapshot, each, names)
            if known[id(each)]:
                break
        else:
            known[id(value)] = is_tied(snapshot, value)
def is_tied(snapshot, owner):
    bases = Bases(type.__getattribute__(owner, "__bases__"))
    bases.snapshot = snapshot
    try:
        type.__dict__["__bases__"].__set__(owner, bases)
        return True
    except TypeError:
        return False
def leads_to(snapshot, owner, names):
    if getattr(type.__getattribute__(owner, "__bases__"), "snapshot", None) is snapshot:
        return True
    for each in [*type.__getattribute__(owner, "__dict__").values()]:
        if type(each) is types.FunctionType:
            found = each.__globals__
            if found is names or (found and home_of_globals(found) is snapshot):
                return True
    return False
import sys
import weakref
class Placed:
    path, finders, homes = None, None, ()
    def now(self):
        path, finders = vars(sys)["path"] or [], meta_path()
        if path != self.path or finders != self.finders:
            homes = [*map(home_of, outer_path()), *map(maker, finders)]
            self.homes = weakref.WeakSet(filter(None, homes))
            self.path, self.finders = [*path], finders
        return self.homes
PLACED = Placed()
class Reach:
    seen, has_places, usual = None, False, frozenset()
    @cached
    def besides(self):
        return {}
    def sees_places(self):
        homes = PLACED.now()
        if homes is not self.seen:
            self.seen, self.usual = homes, set()
            self.has_places = any(home in self.paths.values() for home in homes)
        return self.has_places
    def finds(self, top):
        if not self.sees_places() or top in self.usual:
            return False
        if top == "__main__" or is_standard(top):
            return False
        home, spec = self.look(top)
        if home:
            with ImportLock():
                self.paths[top] = home.besides.get(top) or Beside(home, top)
            self.paths[top].appear()
        elif spec:
            self.usual.add(top)
        return home is not None
    def look(self, top):
        for finder in meta_path():
            home, spec = maker(finder), None
            if finder is PathFinder:
                homes = None, *self.paths.values()
                spec = finder.find_spec(top, [path for path in sys.path if home_of(path) in homes])
                places = spec and [spec.origin, *(spec.submodule_search_locations or ())]
                home = next(filter(None, map(home_of, places or ())), None)
            elif finder is not FINDER and self.may_ask(finder):
                spec = finder.find_spec(top, None, None)
            if spec:
                return home, spec
        return None, None
def maker(finder):
    return home_of_globals(getattr(getattr(finder, "find_spec", None), "__globals__", {}))
class Said:
    def why_not(self, name):
        said = str(self.requirements.get(name, ""))
        return f" (the sender {said})" if said.startswith("left it out ") else ""
    @cached
    def has_parts(self):
        return any("." in name for name in self.requirements)
    def check_children(self, package, full, names):
        for name in names or () if self.has_parts else ():
            said = self.requirements.get(f"{full}.{name}")
            if (
                isinstance(said, str)
                and not said.startswith("left ")
                and not hasattr(package, name)
            ):
                error = cannot_import(package, full, name, "")
                self.add_said(error, said, full)
                raise error
    def explain(self, error, names, who):
        for name in names if error.name else ():
            if not f"{name}.".startswith(f"{error.name}."):
                continue
            while name and name not in self.requirements:
                name = name.rpartition(".")[0]
            said = self.requirements.get(name)
            if isinstance(said, str) and said not in error.msg:
                self.add_said(error, said, who)
                return
    def add_said(self, error, said, who):
        wanted = {}
        for home in [self, *filter(None, self.paths.values())]:
            for top, requirement in home.requirements.items():
                if isinstance(requirement, str) and not home.why_not(top) and not is_there(top):
                    wanted[requirement.replace(" ", "==")] = None
        all_missing = " ".join(sorted(wanted))
        error.msg += f" ({who} imports it; the sender had {said}; missing here: {all_missing})"
        error.args = (error.msg,)
def cannot_import(package, full, name, why):
    file = getattr(package, "__file__", None)
    message = f"cannot import name {name!r} from {full!r} ({file or 'unknown location'})"
    return ImportError(message + why, name=full, path=file)
import builtins
import types
from importlib import util
class Imports(Said):
    @cached
    def paths(self):
        paths = {}
        todo = [self]
        for each in todo:
            if hasattr(each, "parts") and not paths.get(each.top) and not stands_back(each):
                name = each.top
                while name:
                    paths.setdefault(name)
                    name = name.rpartition(".")[0]
                if each.top:
                    paths[each.top] = each
                todo += each.requirements.values()
        return paths
    @cached
    def views(self):
        return {}
    @cached
    def modules(self):
        return SysModules(self)
    def namespace(self, name):
        if name not in self.views:
            below = [
                home for home in self.paths.values() if home and home.top.startswith(f"{name}.")
            ]
            ours = real_modules().get(name) in (None, NAMESPACES.get(name))
            if ours and all(home.is_active() and home.is_on_disk() for home in below):
                NAMESPACES[name] = view = host_module(name)
                view.__class__ = View
            else:
                view = module_of(namespace_spec(name, below))
                view.__class__ = View
            homes = vars(view.__spec__).setdefault("homes", [])
            homes.append(self)
            self.views[name] = view
            for home in below:
                home.views = self.views
        return self.views[name]
    def obtain(self, name):
        home = place_of(self, name)
        if home:
            if "." in home.top:
                self.namespace(home.top.rpartition(".")[0])
            module = home.fetch(name)
            if "." in home.top:
                self.join(home.top, home.fetch(home.top))
            return module
        if name in self.paths:
            return self.namespace(name)
        if name in self.modules.written:
            return self.modules[name]
        home = given_by(self, name)
        if home:
            return home.obtain(name)
        module = host_module(name)
        if name.rpartition(".")[0] in self.paths:
            self.join(name, module)
        return module
    def join(self, name, module):
        parent, _, child = name.rpartition(".")
        space = self.namespace(parent)
        if vars(space).get(child) is not module:
            setattr(space, child, module)
    def import_module(self, name, package=None):
        if name.startswith(".") and package:
            name = util.resolve_name(name, package)
        try:
            if self.has(name) or given_by(self, name):
                return self.obtain(name)
            return registry.originals["import_module"](name, package)
        except ModuleNotFoundError as error:
            self.explain(error, [name], self.top)
            raise
    def find_spec(self, name, package=None):
        full = util.resolve_name(name, package)
        self.has(full)
        home = place_of(self, full) or given_by(self, full)
        if not home:
            return registry.originals["find_spec"](full)
        module = home.known(full)
        if module is not NOTHING:
            return getattr(module, "__spec__", None)
        parent = full.rpartition(".")[0]
        return home.find(full, home.fetch(parent).__path__ if full != home.top else None)
    def import_(self, name, globals=None, locals=None, fromlist=(), level=0):
        try:
            if str(name)[:1] == DOT:
                name = name[1:].replace(DOT, ".")
                if not fromlist:
                    self.import_siblings(name)
            return self.imported(name, globals, locals, fromlist, level)
        except BaseException as error:
            if isinstance(error, ModuleNotFoundError):
                full = absolute(name, globals, level) if level else name
                wanted = [full, *(f"{full}.{each}" for each in fromlist or ())]
                self.explain(error, wanted, (globals or {}).get("__name__", self.top))
            error.__traceback__ = without_loader(error)
            raise
    def lazy_import(self, name, globals=None, locals=None, fromlist=(), level=0):
        full = absolute(name, globals, level) if level else name
        if full and self.has(full):
            name, level = DOT + full.replace(".", DOT), 0
            if not fromlist:
                self.lazy.add(full)
        args = name, globals, locals, fromlist, level
        return eval("make(*args)", {"make": HOST_BUILTINS["__lazy_import__"], "args": args})
    def import_siblings(self, name):
        for each in [*self.lazy]:
            if each.partition(".")[0] == name.partition(".")[0]:
                try:
                    self.obtain(each)
                except ImportError:
                    pass
    def imported(self, name, globals, locals, fromlist, level):
        full = absolute(name, globals, level) if level else name
        frame = importing_frame()
        find = process_import(frame, globals)
        if not self.has(full):
            home = frame.f_globals is not globals and given_by(self, full)
            if home:
                return home.imported(name, globals, locals, fromlist, level)
            module = find(name, globals, locals, fromlist, level)
            if full.partition(".")[0] in IMPORTERS:
                serve(full)
            self.check_children(module, full, fromlist)
            return module
        if find is not native_import and self.is_active():
            find(name, globals, locals, fromlist, level)
        module = self.obtain(full)
        if not fromlist:
            if is_by_c(frame, globals, locals, fromlist):
                refuse_another(full, name, module)
            if "." in full and not self.is_active() and is_import_as(frame):
                return self.late_top(full)
            above = full[: len(full) - len(name)]
            return self.obtain(above + name.partition(".")[0]) if name else module
        if hasattr(module, "__path__"):
            import_children(module, fromlist, self.obtain)
            self.check_children(module, full, fromlist)
            return self.with_late(module, full, fromlist, frame)
        return module
    def has(self, name):
        if not isinstance(name, str):
            return False
        top = name.partition(".")[0]
        return top in self.paths or name in self.modules.written or self.finds(top)
    def with_late(self, package, full, names, frame):
        late = {}
        home = owner_of(package)
        for name in names if isinstance(home, Imports) else ():
            if name in vars(package):
                continue
            child = home.made.get(f"{full}.{name}")
            if child and not hasattr(package, name):
                late[name] = child
            why = home.why_not(f"{full}.{name}")
            is_shown = f"{full}.{name}" in real_modules() and is_import_as(frame)
            if (why or is_shown) and not child and not hasattr(package, name):
                raise cannot_import(package, full, name, why)
        if not late:
            return package
        view = View(full)
        vars(view).update({**vars(package), **late})
        return view
    def late_top(self, name):
        above = name.partition(".")[0]
        found = [self.obtain(above)]
        parts, is_late = name.split(".")[1:], False
        for part in parts:
            above = f"{above}.{part}"
            if hasattr(found[-1], part):
                found.append(getattr(found[-1], part))
            else:
                found.append(self.obtain(above))
                is_late = True
        if not is_late:
            return found[0]
        last = found[-1]
        for part in reversed(parts):
            view = View(part)
            vars(view)[part] = last
            last = view
        return last
Imports.import_.__name__ = Imports.import_.__qualname__ = "__import__"
DOT = "\u2024"
class View(types.ModuleType):
    def __getattr__(self, name):
        full = f"{self.__name__}.{name}"
        homes = getattr(self.__spec__, "homes", ())
        try:
            for home in homes:
                if full in home.paths:
                    return home.obtain(full)
            if homes and host_module(self.__name__) is not self:
                return getattr(host_module(self.__name__), name)
        except ImportError:
            pass
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
def absolute(name, globals, level):
    globals = globals or {}
    package, spec = globals.get("__package__"), globals.get("__spec__")
    if package is None:
        package = spec.parent if spec else globals.get("__name__", "")
        if not spec and "__path__" not in globals:
            package = package.rpartition(".")[0]
    parts = package.rsplit(".", level - 1)
    if not package or len(parts) < level:
        return ""
    return f"{parts[0]}.{name}" if name else parts[0]
class Builtins(type(builtins)):
    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        for snapshot in [*SNAPSHOTS.values()]:
            refresh(snapshot)
    def __delattr__(self, name):
        super().__delattr__(name)
        for snapshot in [*SNAPSHOTS.values()]:
            refresh(snapshot)
    def __reduce__(self):
        return __import__, ("builtins",)
def is_by_c(frame, globals, locals, fromlist):
    if type(fromlist) is not list or globals is None or globals is not locals:
        return False
    return "__import__" not in frame.f_code.co_names
def refuse_another(full, name, module):
    shown = real_modules().get(full, NOTHING)
    if shown is not module and (shown is NOTHING or name is not getattr(module, "__name__", None)):
        raise ImportError(
            f"`sys.modules` shows another {full!r} than this code sees, and pickle would take "
            "that: use `pickle._loads` or `pickle._Unpickler`, which are written in Python",
            name=full,
        )
def is_import_as(frame):
    from opcode import opmap
    code, place = frame.f_code.co_code, frame.f_lasti + 2
    while code[place] in (0, opmap["EXTENDED_ARG"]):
        place += 2
    return code[place] == opmap["IMPORT_FROM"]
def without_loader(error):
    kept, entry = [], error.__traceback__
    while entry:
        file = entry.tb_frame.f_code.co_filename
        is_ours = file.startswith(("<modulepickle>", "<frozen importlib._bootstrap"))
        if not is_ours:
            kept.append(entry)
        entry = entry.tb_next
    if is_ours and not isinstance(error, (ImportError, SyntaxError)):
        return error.__traceback__
    first, *rest = *kept, None
    error.__traceback__.tb_next = first
    for entry, after in zip(kept, rest):
        entry.tb_next = after
    return first
def importing_frame():
    frame = get_frame(3)
    return frame.f_back if frame.f_code is import_by_globals.__code__ else frame
def process_import(frame, globals):
    now = builtins.__import__
    if now is native_import or now is import_by_globals:
        return native_import
    return now if frame.f_globals is globals else native_import
def import_by_globals(name, globals=None, locals=None, fromlist=(), level=0):
    found = (globals or {}).get("__builtins__")
    find = found["__import__"] if type(found) is dict else native_import
    return find(name, globals, locals, fromlist, level)
import atexit
import sys
UNSETTLED = set()
class Snapshot(Files, Modules, Imports, Reach):
    def __init__(self, top, digest, archive_hash, archive):
        self.parts = self.top, digest, self.hash, archive = (
            top,
            digest,
            archive_hash,
            bytes(archive),
        )
        self.made, self.requirements, self.lazy, self.executing = {}, {}, set(), {}
        TOPS.add(top.partition(".")[0])
        try:
            if sha256(archive).digest()[:16] != archive_hash:
                raise ValueError("it is not what was sent")
            self.files = read_archive(archive) if archive else {}
        except Exception as error:
            raise ImportError(f"{top} is damaged: pickle it again ({error})")
        self.builtins = {"__import__": self.import_}
        refresh(self)
    def __setstate__(self, requirements):
        self.requirements = requirements
        if self.is_active():
            return
        is_shown = self.may_be_shown()
        put_first(sys.path_hooks, finder_in)
        if is_shown or self.shows_metadata():
            put_first(sys.meta_path, FINDER)
        if not is_shown:
            return
        folder = self.folder
        if self.is_on_disk():
            lock(folder, self)
        hidden = None
        with ImportLock():
            if self.is_active() or not self.may_be_shown():
                return
            if self.top not in registry.active:
                hidden = on_path(self.top)
            self.enter(folder)
            for name in [*self.made]:
                self.show(name)
        if self.top in self.made:
            self.bind(self.top, self.made[self.top])
        if hidden:
            spaces = hidden.submodule_search_locations
            for place in [hidden.origin] if hidden.origin else [*(spaces or ())]:
                tell_of(self, place)
    def __call__(self, name, *path):
        found = self.fetch(name)
        for part in path:
            found = getattr(found, part)
        return found
    def __reduce__(self):
        import pickle
        raise pickle.PicklingError(
            f"{self.top} came in a pickle, and what is in it cannot be found by name here, since "
            f"another {self.top} is imported: pickle it with modulepickle.dumps, which sends its "
            "package on"
        )
    def may_be_shown(self):
        return not (
            self.top in ("", "modulepickle")
            or native(self.top)
            or is_standard(self.top)
            or self.is_own()
        )
    def active_modules(self):
        return registry.active.get(self.top, [None])[0]
    def is_active(self):
        return self.active_modules() is self.made
    def is_own(self):
        library = real_modules().get("modulepickle._own")
        return library is not None and library.owns(self)
    def below(self):
        return [name for name in [*real_modules()] if f"{name}.".startswith(f"{self.top}.")]
    def enter(self, folder):
        while not self.is_active():
            is_interrupted = self.top in UNSETTLED
            UNSETTLED.add(self.top)
            _, leave = registry.active.get(self.top, (None, None))
            if leave:
                before = getattr(leave.__self__, "folder", None)
                if folder not in sys.path:
                    sys.path[:] = map({before: folder}.get, sys.path, sys.path)
                leave()
            for path in [*sys.path] * is_interrupted:
                if getattr(FOLDERS.get(path), "top", None) == self.top and path != folder:
                    sys.path.remove(path)
            put_first(sys.path, folder)
            registry.active.setdefault(self.top, (self.made, self.leave))
            if self.is_active() and not is_interrupted:
                UNSETTLED.discard(self.top)
        for each in self.besides.values():
            each.appear()
    def leave(self):
        UNSETTLED.add(self.top)
        made, leave = registry.active.pop(self.top, (self.made, None))
        if made is not self.made:
            leave()
        self.keep_classes()
        for each in self.besides.values():
            if each.is_active():
                each.leave()
        if self.folder in sys.path:
            sys.path.remove(self.folder)
        for name in self.below():
            module = real_modules()[name]
            if owner_of(module) in (None, self):
                self.made[name] = module
                del real_modules()[name]
        parent = self.top.rpartition(".")[0]
        while parent and real_modules().get(parent) is NAMESPACES.get(parent, NOTHING):
            del real_modules()[parent], NAMESPACES[parent]
            parent = parent.rpartition(".")[0]
        forget(self.folder)
        guard_picklers()
    def show(self, name):
        with ImportLock():
            made, now = self, self.active_modules()
            while made is not now and not native(name):
                made = now
                if name in (made or ()):
                    real_modules()[name] = made[name]
                else:
                    real_modules().pop(name, None)
                now = self.active_modules()
def find(name, digest, *rest):
    found = SNAPSHOTS.get(digest)
    if not found:
        with ImportLock():
            found = SNAPSHOTS.get(digest)
            found = found or SNAPSHOTS.setdefault(digest, Snapshot(name, digest, *rest))
    return found
def let_go():
    for kept in (WAITING, registry.active, NAMESPACES, WRITTEN):
        kept.clear()
atexit.register(let_go)
class Beside(Snapshot):
    def __init__(self, home, top):
        self.home, self.top, self.made, self.executing = home, top, {}, {}
        self.files, self.requirements, self.builtins = {}, {home.top: home}, home.builtins
        self.paths, self.views, self.modules = home.paths, home.views, home.modules
        home.paths[top] = home.besides[top] = self
    folder = property(lambda self: f"{self.home.folder}/.")
    def is_on_disk(self):
        return self.home.is_on_disk()
    def is_own(self):
        return False
    is_native = shows_metadata = is_own
    def spec(self, name, path=None, stem=None):
        pass
    def find(self, name, path):
        if name == self.top:
            return self.home.look(name)[1]
        for finder in meta_path():
            spec = finder.find_spec(name, path, None) if self.may_ask(finder) else None
            if spec:
                return spec
        return None
    def distributions(self, context):
        return ()
    def may_be_shown(self):
        return self.home.is_active() and not (native(self.top) or is_standard(self.top))
    def appear(self):
        with ImportLock():
            while self.may_be_shown() and not self.is_active():
                _, leave = registry.active.get(self.top, (None, None))
                if leave:
                    leave()
                registry.active.setdefault(self.top, (self.made, self.leave))
                real_modules().update(self.made)
import sys
import types
import weakref
HOOK = "reducer_override"
GUARDED = weakref.WeakSet()
MODULES = {"cloudpickle", "cloudpickle_fast", "_dill"}
def guard_picklers():
    put_first(sys.meta_path, registry.watch)
    pickle = sys.modules.get("pickle")
    pure = getattr(pickle, "_Pickler", bool)
    todo = [getattr(pickle, "Pickler", bool), pure]
    for base in todo:
        todo += type.__subclasses__(base)
    for cls in {*todo[2:]} - {*GUARDED}:
        GUARDED.add(cls)
        is_pure = issubclass(cls, pure)
        if cls.__module__.partition(".")[0] != "modulepickle" and (is_pure or HOOK in vars(cls)):
            setattr(cls, HOOK, guarded(getattr(cls, HOOK, leave_it), is_pure))
def leave_it(pickler, obj):
    return NotImplemented
def guarded(rest, is_pure):
    def reducer_override(pickler, obj):
        found = rest(pickler, obj)
        if is_pure if found is NotImplemented else is_copy(obj, found):
            home = hidden_home(obj)
            if home:
                return send_on(home, obj)
        return found
    return reducer_override
def is_copy(obj, reduction):
    if type(reduction) is not tuple or issubclass(type(obj), types.ModuleType):
        return False
    return isinstance(reduction[0], (types.FunctionType, type))
def hidden_home(obj):
    if issubclass(type(obj), (types.FunctionType, type)):
        module, path = obj.__module__, obj.__qualname__.split(".")
    elif issubclass(type(obj), types.ModuleType):
        module, path = obj.__name__, ()
    else:
        return None
    if type(module) is not str or stands_at(sys.modules.get(module), path, obj):
        return None
    for home in [*SNAPSHOTS.values()]:
        if stands_at(home.made.get(module), path, obj):
            return home
    return None
def stands_at(module, path, obj):
    try:
        for part in path:
            module = getattr(module, part)
    except Exception:
        return False
    return module is obj
def send_on(home, obj):
    import pickle
    try:
        dumps = host_module("modulepickle").dumps
    except (ImportError, AttributeError):
        other = sys.modules.get(home.top)
        raise pickle.PicklingError(
            f"{obj!r} came in a pickle. It cannot go on by name, since {home.top} is another one "
            f"in this process ({getattr(other, '__file__', other)}), and not as a copy, which "
            "would be a stranger there. Install modulepickle here, and its package travels on; or "
            f"keep that other {home.top} from being imported here; or return plain values"
        )
    return pickle.loads, (dumps(obj),)
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.rpartition(".")[2] not in MODULES:
            return None
        others = [each for each in sys.meta_path if each is not self and hasattr(each, "find_spec")]
        found = (each.find_spec(name, path, target) for each in others)
        spec = next(filter(None, found), None)
        if hasattr(getattr(spec, "loader", None), "exec_module"):
            execute = spec.loader.exec_module
            def exec_module(module):
                execute(module)
                for guard in registry.guards:
                    guard()
            spec.loader.exec_module = exec_module
        return spec
vars(registry).setdefault("guards", []).append(guard_picklers)
vars(registry).setdefault("watch", Watch())
Snapshot.needs = property(lambda home: home.requirements)
import types
def divert(function, template):
    old, name = function.__code__, function.__name__
    if name in registry.originals:
        return
    original = types.FunctionType(old, function.__globals__, name, function.__defaults__)
    original.__kwdefaults__ = function.__kwdefaults__
    registry.originals[name] = original
    if hasattr(old, "co_lines"):
        last = max(line for *_, line in old.co_lines() if line)
    else:
        last = old.co_firstlineno + sum(old.co_lnotab[1::2])
    function.__code__ = template.__code__.replace(
        co_filename=old.co_filename, co_firstlineno=last - 1
    )
import builtins
import importlib
import importlib.util as util
import sys
def import_module(name, package=None):
    return sys._modulepickle_registry.calls["import_module"](name, package)
def reload(module):
    return sys._modulepickle_registry.calls["reload"](module)
def import_function(name, globals=None, locals=None, fromlist=(), level=0):
    return sys._modulepickle_registry.calls["__import__"](name, globals, locals, fromlist, level)
def find_spec(name, package=None):
    return sys._modulepickle_registry.calls["find_spec"](name, package)
def spec_from_file_location(name, location=None, *, loader=None, submodule_search_locations=None):
    return sys._modulepickle_registry.calls["spec_from_file_location"](
        name, location, loader=loader, submodule_search_locations=submodule_search_locations
    )
def run_path(path_name, init_globals=None, run_name=None):
    return sys._modulepickle_registry.calls["run_path"](path_name, init_globals, run_name)
def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    return sys._modulepickle_registry.calls["run_module"](
        mod_name, init_globals, run_name, alter_sys
    )
def exec_module(self, module):
    sys._modulepickle_registry.calls["exec_module"](self, module)
    return sys._modulepickle_registry.originals["exec_module"](self, module)
def install(self, names=None):
    return sys._modulepickle_registry.calls["install"](self, names)
def named_for(frame, name, package=None, *rest):
    home = asker(frame)
    full = package if name.startswith(".") else name
    return home if home and full and (place_of(home, full) or given_by(home, full)) else None
def for_caller(name, use, takes_name, concerns):
    before = registry.calls.get(name)
    def call(*args, **options):
        frame, home = get_frame(2), None
        if concerns is None or concerns(**options):
            home = caller_of(frame) or (takes_name and named_for(frame, *args))
        original = registry.originals[name]
        return (
            use(home, original, *args, **options)
            if home
            else (before or original)(*args, **options)
        )
    registry.calls[name] = call
def run_for(home, original, name, init_globals, *rest):
    return original(name, {"__builtins__": home.builtins, **(init_globals or {})}, *rest)
def reload_for(home, original, module):
    put_first(sys.meta_path, FINDER)
    return original(module)
def has_no_loader(loader, **_):
    return loader is util.spec_from_file_location.__kwdefaults__["loader"]
def spec_for_path(home, original, name, location, **options):
    is_installed = any(part in str(location) for part in (STANDARD, "site-packages"))
    if str(location).endswith(".py") and (home_of(location) or not is_installed):
        options["loader"] = loader = FileLoader(name, str(location))
        loader.home = home_of(location) or home
    return original(name, location, **options)
def home_builtins(before):
    def call(loader, module):
        if before:
            before(loader, module)
        home = getattr(loader, "home", None) or home_of(getattr(loader, "path", None))
        if home:
            module.__dict__["__builtins__"] = home.builtins
    return call
def divert_for_caller(function, template, use, takes_name=False, concerns=None):
    divert(function, template)
    for_caller(function.__name__, use, takes_name, concerns)
IMPORTERS = {
    "bdb": ("bdb",),
    "cProfile": ("cProfile", "profiling.tracing"),
    "code": ("code",),
    "doctest": ("doctest",),
    "gettext": (),
    "logging": ("logging.config",),
    "pdb": ("bdb", "pdb"),
    "pickle": ("pickle",),
    "pkgutil": ("pkgutil",),
    "profile": ("profile",),
    "profiling": ("profiling.tracing",),
    "pydoc": ("pydoc",),
    "runpy": ("runpy",),
    "timeit": ("timeit",),
    "trace": ("trace",),
    "unittest": ("unittest.loader", "unittest.main", "unittest.mock"),
    "xml": ("xml.dom.domreg", "xml.sax"),
}
def import_for_caller(name, globals=None, locals=None, fromlist=(), level=0):
    frame = get_frame(1)
    home = caller_of(frame) or named_for(frame, name)
    return (home.import_ if home else builtins.__import__)(name, globals, locals, fromlist, level)
def exec_for_caller(code, globals, locals=None, **closure):
    home = caller_of(get_frame(1))
    if home and globals is get_frame(1).f_globals:
        globals = {**globals, "__builtins__": home.builtins}
    elif home:
        globals.setdefault("__builtins__", home.builtins)
    exec(code, globals, locals, **closure)
def install_for_all(home, original, *args):
    original(*args)
    for snapshot in [*SNAPSHOTS.values()]:
        refresh(snapshot)
def serve(name):
    if name == "gettext" and "install" not in registry.originals:
        function = real_modules()[name].NullTranslations.install
        divert_for_caller(function, install, install_for_all)
    for each in IMPORTERS[name.partition(".")[0]]:
        module = real_modules().get(each)
        file = str(getattr(module, "__file__", None))
        if not file.startswith(STANDARD) or "site-packages" in file:
            continue
        if vars(module).get("__import__") is import_for_caller:
            continue
        vars(module).update({"__import__": import_for_caller, "exec": exec_for_caller})
        if each == "logging.config":
            module.BaseConfigurator.importer = staticmethod(import_for_caller)
        if each == "runpy":
            divert_for_caller(module.run_path, run_path, run_for)
            divert_for_caller(module.run_module, run_module, run_for)
divert_for_caller(
    importlib.import_module, import_module, lambda home, _, *args: home.import_module(*args), True
)
divert_for_caller(util.find_spec, find_spec, lambda home, _, *args: home.find_spec(*args), True)
divert_for_caller(importlib.reload, reload, reload_for)
divert_for_caller(
    util.spec_from_file_location, spec_from_file_location, spec_for_path, concerns=has_no_loader
)
divert(FileLoader.exec_module, exec_module)
registry.calls["exec_module"] = home_builtins(registry.calls.get("exec_module"))
if sys.implementation.name == "pypy":
    builtins.__import__ = import_by_globals
else:
    divert_for_caller(
        importlib.__import__, import_function, lambda home, _, *args: home.import_(*args), True
    )
builtins.__class__ = Builtins
registry.texts.setdefault(__name__, find)
"""

FUNCTIONS_NAME: Final = "_modulepickle_functions_62f6acf0"
FUNCTIONS: Final = r"""import os
import sys
from _thread import RLock
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.calls, self.originals = {}, {}
        self.finder = self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
if "lock" not in vars(registry):
    vars(registry).setdefault("lock", RLock())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: vars(registry).update(lock=RLock()))
def execute_once(page, names):
    is_held = registry.lock.acquire(timeout=10)
    try:
        if names["__name__"] not in registry.texts:
            exec(page(), names)
    finally:
        if is_held:
            registry.lock.release()
    return registry.texts[names["__name__"]]
import sys
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode().replace("\f", "")
__loader__ = Lines(packed)
__spec__ = type(sys.__spec__)(__name__, __loader__)
import zlib
def second_page():
    first, second = zlib.decompress(packed).decode().split("\f")
    return compile("\n" * first.count("\n") + second, second_page.__code__.co_filename, "exec")
entry = execute_once(second_page, globals())
import ast
import builtins
import functools
import importlib.util as util
import linecache
import marshal
import operator
import pickle
import sys
import types
def code(magic, version, data, path, source="", *place):
    if type(source) is tuple:
        module, *end = source
        path = module.__file__
        span = ast.Pass(
            lineno=place[0], col_offset=place[1], end_lineno=end[0], end_col_offset=end[1]
        )
        source = ast.get_source_segment("".join(linecache.getlines(path, vars(module))), span)
    elif source and path not in registry.sources:
        registry.sources[path] = source, *place
        lines = ("\n" * (place[0] - 1) + " " * place[1] + source).split("\n")
        linecache.cache[path] = len(source), None, [line + "\n" for line in lines], path
        if len(registry.sources) > 512:
            old = next(iter(registry.sources))
            del registry.sources[old]
            linecache.cache.pop(old, 0)
    if magic == util.MAGIC_NUMBER:
        made = marshal.loads(data)
        util._imp._fix_co_filename(made, path)
        return made
    here = sys.version.split()[0]
    if not source:
        raise pickle.UnpicklingError(
            f"{place[0]} of {path} is bytecode of Python {version}, without source; this is Python "
            f"{here}: load it with Python {version}, or define it on lines of its own, in a "
            "file that no tool rewrites"
        )
    try:
        return compiled(path, source, *place)
    except SyntaxError as error:
        title = source.partition("\n")[0]
        raise SyntaxError(
            f"{error.msg}: `{title}` of {path}, line {place[0]}, was written for Python "
            f"{version or 'of its sender'}; this is Python {here}",
            (path, error.lineno, error.offset, error.text),
        ) from None
def compiled(path, source, line, column, flags, free, *around):
    tree = ast.parse(f"({source})" if source.startswith("lambda") else source)
    ast.increment_lineno(tree, line - 1)
    node = tree.body[0]
    hides = ""
    if isinstance(node, ast.Expr):
        taken = node.value.args
    else:
        taken = node.args
        node.decorator_list, node.returns, node.type_params = [], None, []
        if node.name not in free:
            hides = f"global {node.name}"
    for each in ast.walk(taken):
        each.annotation = None
    taken.defaults, taken.kw_defaults = [], [None] * len(taken.kwonlyargs)
    if {*free} - {"__class__"} and not any(outer[0] == "d" for outer in around):
        around = "def _", *around
    for outer in reversed(around):
        parameters = f"({','.join(free)})" if outer[0] == "d" else ""
        outer = ast.parse(f"{outer}{parameters}:" + ((parameters and hides) or "0")).body[0]
        outer.body.append(node)
        node = outer
        hides = ""
    tree.body = [node]
    made = compile(tree, path, "exec", flags, True)
    for _ in (0, *around):
        made = next(each for each in made.co_consts if isinstance(each, types.CodeType))
    return made
def function(code, names, cells, scope=None, main=None):
    before = names.get("__builtins__")
    if scope:
        names["__builtins__"] = scope.builtins
    names.setdefault("__builtins__", builtins.__dict__)
    main = main or (type(before) is dict and before.get("__main__"))
    if main:
        main._modulepickle_show(names)
    free = [cells.get(name) or types.CellType() for name in code.co_freevars]
    return types.FunctionType(code, names, None, None, (*free,) or None)
def set_function(made, state):
    names, values, attributes = state[:3]
    made.__globals__.update(names)
    for name, cell in zip(made.__code__.co_freevars, made.__closure__ or ()):
        if name in values:
            cell.cell_contents = values[name]
    for name in attributes:
        setattr(made, name, attributes[name])
    for each in state[3:4]:
        made.__dict__.update(each)
def annotate(values, texts):
    def __annotate__(form, /):
        if form == 2:
            raise NotImplementedError
        return {**(texts if form == 4 else values)}
    return __annotate__
def union(*kinds):
    try:
        return functools.reduce(operator.or_, kinds)
    except TypeError:
        return __import__("typing").Union[kinds]
def whole(*_):
    pass
def set_cell(made, value):
    made.cell_contents = value
def set_scope(made, needs):
    made.requirements = needs
registry.texts.setdefault(__name__, globals().get)
"""

CLASSES_NAME: Final = "_modulepickle_classes_8bec54aa"
CLASSES: Final = r"""import os
import sys
from _thread import RLock
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.calls, self.originals = {}, {}
        self.finder = self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
if "lock" not in vars(registry):
    vars(registry).setdefault("lock", RLock())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: vars(registry).update(lock=RLock()))
def execute_once(page, names):
    is_held = registry.lock.acquire(timeout=10)
    try:
        if names["__name__"] not in registry.texts:
            exec(page(), names)
    finally:
        if is_held:
            registry.lock.release()
    return registry.texts[names["__name__"]]
import sys
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode().replace("\f", "")
__loader__ = Lines(packed)
__spec__ = type(sys.__spec__)(__name__, __loader__)
import zlib
def second_page():
    first, second = zlib.decompress(packed).decode().split("\f")
    return compile("\n" * first.count("\n") + second, second_page.__code__.co_filename, "exec")
entry = execute_once(second_page, globals())
import _thread
import sys
import types
import weakref
def set_dispatch(made, registered):
    if type(registered) is tuple:
        registered, more = registered
        vars(made).update(more)
    for kind in registered:
        made.register(*kind)
def known(key, make, *args):
    found = registry.own.get(key, registry)
    if found is registry:
        found = registry.received.get(key, registry)
    if found is registry:
        with Held():
            found = registry.received.get(key, registry)
            if found is registry:
                found = registry.received[key] = make(*args)
    return found
class Held:
    def __init__(self):
        self.thread, lock = _thread.get_ident(), registry.lock
        self.lock = lock if lock.acquire(timeout=10) else None
    def __enter__(self):
        return self
    def __exit__(self, *_):
        lock, self.lock = self.lock, None
        if lock and self.thread == _thread.get_ident():
            lock.release()
        elif lock and lock is registry.lock:
            vars(registry).update(lock=type(lock)())
    __del__ = __exit__
def make_class(meta, name, bases, space, *_):
    space = fitting(space)
    plain = plain_meta(meta)
    generic = any(vars(each).get("__module__") == "typing" for each in bases)
    if hooks(bases):
        shield = shield_of(bases)
        try:
            made = plain.__new__(meta, name, (shield, *bases), {**space})
            type.__setattr__(made, "__bases__", bases)
        except TypeError:
            pass
        else:
            try:
                type.__setattr__(shield, "__bases__", (Shielding,))
            except TypeError:
                pass
            return made
    made = plain.__new__(meta, name, bases, {"__orig_bases__": (), **space} if generic else space)
    plain.__init__(made, name, bases, space)
    return made
def plain_meta(meta):
    return next(
        (
            each
            for each in meta.__mro__
            if each.__module__ in ("abc", "_ctypes")
            or isinstance(vars(each).get("__new__"), type(len))
        ),
        type,
    )
def make_ordered(meta, name, bases, space, order, *_):
    shield = [type("", (), {"__slots__": (), "__init_subclass__": ignore})]
    def mro(made):
        return [made, *shield, *filter(None, order)] if shield else [each or made for each in order]
    other = type.__new__(type(meta), "", (meta,), {"mro": mro, "__slots__": ()})
    made = plain_meta(meta).__new__(other, name, bases, fitting(space))
    shield.clear()
    type.__setattr__(made, "__bases__", bases)
    type.__setattr__(made, "__class__", meta)
    return made
def fitting(space):
    newer = ("__firstlineno__", "__static_attributes__") if sys.version_info < (3, 13) else ()
    return {name: space[name] for name in space if name not in newer}
@classmethod
def ignore(*_, **more):
    pass
def hooks(bases):
    return any(
        isinstance(vars(each).get("__init_subclass__"), classmethod)
        for base in bases
        for each in base.__mro__
    )
class Shielding:
    __slots__ = ()
def shield_of(bases):
    space = {"__init_subclass__": ignore, "__slots__": ()}
    first = bases[0]
    while not added(first) and first is not object:
        first = first.__base__
    if first is object or any(is_solid(each) for base in bases for each in base.__mro__):
        return type("", (Shielding,), space)
    space["__slots__"] = added(first)
    return make_class(type(first.__base__), "", (first.__base__,), space)
def added(made):
    names = "__dict__", "__weakref__"
    return [each for each in names if type(vars(made).get(each)) is types.GetSetDescriptorType]
def is_solid(made):
    if made is object:
        return False
    slots = (each for each in vars(made).values() if type(each) is types.MemberDescriptorType)
    size, below = (
        getattr(each, "__basicsize__", 0) for each in (made, made.__base__)
    )
    return size - below > 8 * len(added(made)) or any(each.__objclass__ is made for each in slots)
def setter_of(made, name="__setattr__"):
    setters = (vars(each).get(name) for each in type(made).__mro__)
    return next(each for each in setters if each and not getattr(each, "__globals__", 0))
class Setting:
    def __init__(self):
        self.new, self.held = [], None
    def add(self, made, state):
        if len(state) == 4 and not BROUGHT.get(id(made), (0, 0, 0))[2]:
            self.held = self.held or Held()
            self.new.append(made)
        set_state(made, state)
    def finish(self):
        for made in self.new:
            BROUGHT[id(made)][2] = True
        if self.held:
            self.held.__exit__()
        LOADING.setting = list
LOADING = _thread._local()
BROUGHT = vars(registry).setdefault("brought", {})
def set_class(made, state):
    if state[0] in registry.own:
        return None
    setting = getattr(LOADING, "setting", list)()
    if setting:
        setting.add(made, state)
    elif state[3:] in ((), (None,)):
        with Held():
            set_state(made, state)
    else:
        setting = Setting()
        LOADING.setting = weakref.ref(setting)
        setting.add(made, state)
        return setting
def finish(*parts):
    for each in parts:
        if type(each) is Setting:
            each.finish()
def set_state(made, state):
    _, attributes, more, *coming = state
    put = setter_of(made)
    if coming:
        names = {*attributes, *(coming[0] or ())}
        key = id(made)
        known = BROUGHT.setdefault(key, [None, names, coming == [None]])
        known[0] = known[0] or weakref.ref(made, lambda _: BROUGHT.pop(key, 0))
        for name in (known[1] - names) & {*vars(made)}:
            setter_of(made, "__delattr__")(made, name)
        known[1] = names
    for name in attributes:
        if not (coming and name in (coming[0] or ()) and name in vars(made)):
            if coming and name in vars(made):
                both = map(functions_in, (vars(made)[name], attributes[name]))
                for old, new in zip(*both):
                    lend(old, new)
            put(made, name, attributes[name])
    for name in more:
        globals()["set_" + name](made, more[name])
def functions_in(value):
    if isinstance(value, property):
        return [value.fget, value.fset, value.fdel]
    return [getattr(value, "__func__", 0) if isinstance(value, METHODS) else value]
METHODS = (staticmethod, classmethod)
def lend(old, new):
    kind = types.FunctionType
    if type(old) is not kind or type(new) is not kind or old.__code__ != new.__code__:
        return
    codes = [new.__code__]
    for code in codes:
        codes += [each for each in code.co_consts if type(each) is type(code)]
        for name in code.co_names:
            if name in old.__globals__:
                new.__globals__.setdefault(name, old.__globals__[name])
    for ours, theirs in zip(new.__closure__ or (), old.__closure__ or ()):
        if ours == types.CellType() != theirs:
            ours.cell_contents = theirs.cell_contents
    new.__defaults__ = new.__defaults__ or old.__defaults__
    new.__kwdefaults__ = new.__kwdefaults__ or old.__kwdefaults__
def set_fields(made, _, fields):
    with Held():
        if "_fields_" not in vars(made):
            setter_of(made)(made, "_fields_", fields)
import types
def make_enum(meta, name, bases, space, *_):
    import enum
    meta = meta or enum.EnumMeta
    shielded = meta
    if hooks(bases):
        shield = type("", (), {"__slots__": (), "__init_subclass__": ignore})
        def mro(made):
            first, *others = meta.mro(made)
            return [first, shield, *others]
        shielded = type.__new__(type(meta), "", (meta,), {"mro": mro, "__slots__": ()})
    filled = enum.EnumMeta.__prepare__(name, bases)
    for each in fitting(space).items():
        filled.__setitem__(*each)
    made = enum.EnumMeta.__new__(shielded, name, bases, filled)
    if shielded is not meta:
        type.__setattr__(made, "__class__", meta)
        type.__setattr__(made, "__bases__", bases)
    return made
def set_boundary(made, name):
    import enum
    if hasattr(enum, name):
        type.__setattr__(made, "_boundary_", getattr(enum, name))
OWN_NAMES = {"_name_", "_sort_order_"}
def set_members(made, state):
    import enum
    names, members, *own = state
    if made._member_map_:
        return
    for each in own:
        look_at_bases(made, each)
    plain = next(
        each
        for each in made.__mro__
        if not isinstance(
            vars(each).get("__new__", ignore), (types.FunctionType, staticmethod, classmethod)
        )
        or each is object
    )
    found = [member(made, plain, *each) for each in members]
    if hasattr(made._member_type_, "__dataclass_fields__") and hasattr(made, "_value_repr_"):
        if not all(isinstance(each._value_, made._member_type_) for each in found):
            type.__setattr__(made, "_value_repr_", repr)
    if not hasattr(enum, "_proto_member"):
        return set_old_members(made, names, found)
    kept = {}
    for name, each in ("__init__", lambda *_: None), ("_use_args_", False):
        kept[name] = vars(made).get(name, kept)
        type.__setattr__(made, name, each)
    new = vars(made)["_new_member_"]
    try:
        for name, index in names.items():
            type.__setattr__(made, "_new_member_", staticmethod(lambda *_, each=found[index]: each))
            type.__setattr__(made, name, None)
            own = {key: vars(found[index])[key] for key in OWN_NAMES & {*vars(found[index])}}
            enum._proto_member(found[index]._value_).__set_name__(made, name)
            for key in own:
                object.__setattr__(found[index], key, own[key])
    finally:
        type.__setattr__(made, "_new_member_", new)
        for name, each in kept.items():
            if each is kept:
                type.__delattr__(made, name)
            else:
                type.__setattr__(made, name, each)
    if issubclass(made, enum.Flag):
        values = [each._value_ for each in made]
        if values != sorted(values):
            made._iter_member_ = made._iter_member_by_def_
def member(made, plain, value, state=(), args=(), items=None):
    each = plain.__new__(made, *args)
    if args and plain.__init__ is not object.__init__:
        plain.__init__(each, *args)
    if items:
        (plain.update if isinstance(items, dict) else plain.extend)(each, items)
    for name, other in {**dict(state), "_value_": value}.items():
        object.__setattr__(each, name, other)
    return each
OF_BASES = (
    *("_member_type_", "_value_repr_", "_use_args_", "_new_member_", "__new_member__"),
    *("__repr__", "__str__", "__format__", "__reduce_ex__"),
)
def look_at_bases(made, own):
    fresh = make_enum(type(made), made.__name__, made.__bases__, {})
    for name in OF_BASES:
        if name in own:
            continue
        if name in vars(fresh):
            type.__setattr__(made, name, vars(fresh)[name])
        elif name in vars(made):
            type.__delattr__(made, name)
    of_c = next(each for each in made.__mro__ if not each.__flags__ & 1 << 9)
    try:
        type.__setattr__(fresh, "__bases__", (type("", (of_c,), {}),))
    except TypeError:
        pass
def set_old_members(made, names, found):
    import types
    hidden = {
        name
        for each in made.__mro__
        for name, value in vars(each).items()
        if isinstance(value, types.DynamicClassAttribute)
    }
    for name, index in names.items():
        each = found[index]
        if not hasattr(each, "_name_"):
            object.__setattr__(each, "_name_", name)
            object.__setattr__(each, "__objclass__", made)
            made._member_names_.append(name)
            try:
                made._value2member_map_.setdefault(each._value_, each)
            except TypeError:
                pass
        if name not in hidden:
            type.__setattr__(made, name, each)
        made._member_map_[name] = each
def set_member_attributes(made, found):
    for name, attributes in found.items():
        for each in attributes:
            object.__setattr__(made._member_map_[name], each, attributes[each])
import sys
import types
def set_abstract(made, names):
    made.__abstractmethods__ = frozenset(names)
def set_registered(made, classes):
    for each in classes:
        made.register(each)
def set_protocol(made, runtime):
    import typing
    typing.Protocol.__init_subclass__.__func__(made)
    type(made).__init__(made, made.__name__, made.__bases__, {})
    if runtime:
        typing.runtime_checkable(made)
def set_namedtuple(made, state):
    import collections
    names, fields, defaults = state
    title = made.__name__ if made.__name__.isidentifier() else "made"
    defaults = (None,) * defaults
    other = collections.namedtuple(title, fields, rename=True, defaults=defaults)
    for name in names:
        if name in vars(other):
            type.__setattr__(made, name, vars(other)[name])
def set_defaults(made, values):
    made.__new__.__defaults__ = values
def set_annotated(made, values):
    made.__new__.__annotations__ = values
def set_generic(made, _):
    import typing
    plain = typing.Generic.__class_getitem__
    plain = getattr(plain, "__func__", 0) or typing._generic_class_getitem
    made.__class_getitem__ = classmethod(plain)
def set_dataclass(made, state):
    names, settings, *outline = state
    if outline and "__dataclass_params__" in vars(made):
        return
    fields = outline[0] if outline else made.__dataclass_fields__
    other = written(made, fields, settings)
    for name in (*names, "__replace__", "__dataclass_params__"):
        each = other.get(name) or STATE.get(name)
        if each is None or (name not in names and name in vars(made)):
            continue
        if outline or name not in names or not hasattr(vars(made).get(name), "__code__"):
            type.__setattr__(made, name, each)
        elif name == "__init__":
            refill(made.__init__, each)
    said = getattr(vars(made).get("__init__"), "__annotations__", {}) if "__init__" in names else {}
    for name in {*said} & {*fields}:
        said[name] = fields[name].type
    for name in settings:
        if hasattr(made.__dataclass_params__, name):
            setattr(made.__dataclass_params__, name, settings[name])
set_dataclass_again = set_dataclass
def refill(function, other):
    for cell, new in zip(function.__closure__ or (), other.__closure__ or ()):
        cell.cell_contents = new.cell_contents
    for name in "__defaults__", "__kwdefaults__", "__annotations__":
        setattr(function, name, getattr(other, name))
def rewritten(made, name):
    settings = made.__dataclass_params__
    flags = {each: getattr(settings, each) for each in settings.__slots__}
    flags.setdefault("slots", "__slots__" in vars(made))
    return written(made, made.__dataclass_fields__, flags)[name]
def written(made, fields, settings):
    import copy
    import dataclasses
    types_ = {}
    home = (
        made.__module__ if sys.modules.get(made.__module__) else "builtins"
    )
    other = {"__annotations__": types_, "__qualname__": made.__qualname__, "__module__": home}
    other["__doc__"] = "-"
    if hasattr(made, "__post_init__"):
        other["__post_init__"] = None
    for name, each in fields.items():
        kind = each._field_type.name
        if kind != "_FIELD_CLASSVAR":
            plain = object if isinstance(each.type, str) else each.type
            types_[name] = dataclasses.InitVar if kind == "_FIELD_INITVAR" else plain
            other[name] = each = copy.copy(each)
            if settings.get("slots") and not each.init and each.default is not dataclasses.MISSING:
                each.default_factory = lambda value=each.default: value
                each.default = dataclasses.MISSING
    flags = {name: settings[name] for name in [*settings][:6]}
    other = dataclasses.dataclass(**flags)(type(made.__name__, (), other))
    for each in vars(other).values():
        for inner in each, getattr(each, "__wrapped__", each):
            if isinstance(inner, types.FunctionType):
                inner.__module__ = made.__module__
                for cell in inner.__closure__ or ():
                    if cell.cell_contents is other:
                        cell.cell_contents = made
    return vars(other)
def getstate(self):
    return [getattr(self, name) for name in field_names(self)]
def setstate(self, state):
    for name, value in zip(field_names(self), state):
        object.__setattr__(self, name, value)
def field_names(self):
    import dataclasses
    return [each.name for each in dataclasses.fields(self)]
STATE = {"__getstate__": getstate, "__setstate__": setstate}
def field(kind, values):
    import dataclasses
    import pickle
    if values.get("kw_only") is True and "kw_only" not in dataclasses.Field.__slots__:
        raise pickle.UnpicklingError(
            f"the field {values['name']} of a dataclass is keyword-only, which this Python "
            f"({sys.version.split()[0]}) does not have: load it with Python 3.10 or newer"
        )
    made = object.__new__(dataclasses.Field)
    for name in made.__slots__:
        setattr(made, name, values.get(name))
    made._field_type = getattr(dataclasses, kind)
    if type(made.metadata) is not type(dataclasses.field().metadata):
        made.metadata = dataclasses.field(metadata=made.metadata).metadata
    return made
def wrapper(kind, base, parts):
    try:
        made = base.__new__(kind, *parts)
    except TypeError:
        made = base.__new__(kind)
    base.__init__(made, *parts)
    return made
def set_wrapper(made, state):
    for name in state:
        object.__setattr__(made, name, state[name])
def alias(name, module):
    held = []
    space = {"__name__": module, "value": lambda: held[0]}
    try:
        exec(f"type {name} = value()", space)
    except SyntaxError:
        import pickle
        raise pickle.UnpicklingError(
            f"{module}.{name} is a type alias, which this Python ({sys.version.split()[0]}) does "
            "not have: load it with Python 3.12 or newer"
        )
    ALIASES[id(space[name])] = held
    return space[name]
ALIASES = {}
def set_alias(made, value):
    ALIASES.pop(id(made)).append(value)
import sys
import types
class Script(types.ModuleType):
    __dict__ = property(lambda self: self._modulepickle_names)
    def __getattr__(self, name):
        if name in vars(self):
            return vars(self)[name]
        if name[:2] == "__":
            return getattr(sys.modules["__main__"], name)
        raise AttributeError(f"the script's own __main__ did not travel, nor did its {name!r}")
    def __setattr__(self, name, value):
        vars(self)[name] = value
    def __delattr__(self, name):
        del vars(self)[name]
    def _modulepickle_show(self, names):
        plain = names["__builtins__"]["__import__"]
        def find(home, name, *args, **options):
            return self if name == "__main__" else plain(name, *args, **options)
        bound = types.MethodType(find, getattr(plain, "__self__", names))
        names["__builtins__"] = {**names["__builtins__"], "__import__": bound, "__main__": self}
def script(names):
    made = Script.__new__(Script)
    object.__setattr__(made, "_modulepickle_names", names)
    return made
import types
def divert(function, template):
    old, name = function.__code__, function.__name__
    if name in registry.originals:
        return
    original = types.FunctionType(old, function.__globals__, name, function.__defaults__)
    original.__kwdefaults__ = function.__kwdefaults__
    registry.originals[name] = original
    if hasattr(old, "co_lines"):
        last = max(line for *_, line in old.co_lines() if line)
    else:
        last = old.co_firstlineno + sum(old.co_lnotab[1::2])
    function.__code__ = template.__code__.replace(
        co_filename=old.co_filename, co_firstlineno=last - 1
    )
import inspect
import linecache
import sys
import weakref
PLACES = vars(registry).setdefault("places", {})
def set_source(made, place):
    key = id(made)
    if key in PLACES:
        return
    def forget(_):
        PLACES.pop(key, None)
        linecache.cache.pop(place[0], None)
    PLACES[key] = weakref.ref(made, forget), place
def lines_of(text, line, *around):
    margin = text[: len(text) - len(text.lstrip())]
    around = around or (("if True",) if margin else ())
    heads = [head + ("():\n" if head.startswith("def ") else ":\n") for head in around]
    heads = [margin[:depth] + head for depth, head in enumerate(heads)]
    blank = ["\n"] * (line - 1 - len(heads))
    return [*heads, *blank, *text.splitlines(True)]
def getfile(object):
    return sys._modulepickle_registry.calls["getfile"](object)
def file_of(object):
    known, place = PLACES.get(id(object)) or (list, ())
    if known() is not object:
        if isinstance(object, type) and any(each is object for each in registry.received.values()):
            raise OSError("source code not available")
        return registry.originals["getfile"](object)
    name, text, line, *around = place
    if sys.version_info >= (3, 13) and "__firstlineno__" not in vars(object):
        setter_of(object)(object, "__firstlineno__", line)
    if name not in linecache.cache:
        lines = lines_of(text, line, *around)
        linecache.cache[name] = sum(map(len, lines)), None, lines, name
    return name
divert(inspect.getfile, getfile)
registry.calls["getfile"] = file_of
registry.texts.setdefault(__name__, globals().get)
"""

STORE_NAME: Final = "_modulepickle_store_2a937807"
STORE: Final = r"""import os
import sys
from _thread import RLock
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.calls, self.originals = {}, {}
        self.finder = self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
if "lock" not in vars(registry):
    vars(registry).setdefault("lock", RLock())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: vars(registry).update(lock=RLock()))
def execute_once(page, names):
    is_held = registry.lock.acquire(timeout=10)
    try:
        if names["__name__"] not in registry.texts:
            exec(page(), names)
    finally:
        if is_held:
            registry.lock.release()
    return registry.texts[names["__name__"]]
import sys
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode().replace("\f", "")
__loader__ = Lines(packed)
__spec__ = type(sys.__spec__)(__name__, __loader__)
import zlib
def second_page():
    first, second = zlib.decompress(packed).decode().split("\f")
    return compile("\n" * first.count("\n") + second, second_page.__code__.co_filename, "exec")
entry = execute_once(second_page, globals())
import os
import stat
POSIX = os.name == "posix"
user_number = getattr(os, "geteuid", int)
PLACES = {}
TRUSTED = {}
def cache_folder():
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
    user = user_number()
    said = os.getenv("MODULEPICKLE_CACHE", "")
    if (said, user) not in PLACES:
        path = os.path.abspath(f"{said}/modulepickle-{user}")
        if not said or is_closed(path):
            path = os.path.abspath(f"{default_place(user)}/modulepickle-{user}")
        PLACES[said, user] = path
    return PLACES[said, user]
def is_closed(path):
    above = os.path.dirname(path)
    while not os.path.exists(above):
        above = os.path.dirname(above)
    return not os.path.lexists(path) and os.path.isdir(above) and not may_write(above)
def may_write(folder):
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=effective)
def stamp_of(path):
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mode, found.st_uid
def default_place(user):
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
    if not os.path.isdir(path):
        make_folders(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
            os.chmod(path, 0o700)
        except FileExistsError:
            pass
def distrust(path, user):
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
            continue
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
import os
def write_new(path, pieces, mode=0o600):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, mode), "wb") as file:
        if POSIX:
            os.fchmod(file.fileno(), mode)
        file.writelines(pieces)
def write_file(path, pieces, mode=0o600):
    make_folders(os.path.dirname(path))
    part = f"{cache_folder()}/part-{os.urandom(8).hex()}"
    try:
        write_new(part, pieces, mode)
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
import hashlib
import os
import weakref
KNOWN = weakref.WeakValueDictionary()
def find(text, names, made=None):
    key = names["k"]
    found = made or KNOWN.get(key)
    if not found:
        return eval(checked(key, "a manifest", names["f"]), names)
    KNOWN[key] = found
    todo = [] if made else [found]
    for each in todo:
        needed = each.requirements.values()
        todo += [need for need in needed if need not in todo and hasattr(need, "parts")]
        each.__setstate__(each.requirements)
    return found
def checked(key, what, fetch):
    try:
        data = eval(fetch, {"k": key}) if isinstance(fetch, str) else fetch()
        if hashlib.sha256(data).digest()[:16] == key:
            return data
        reason = "is not what was put there"
    except Exception as error:
        reason = f"was not found ({type(error).__name__}: {error})"
    raise ImportError(f"{key.hex()}, {what}, {reason} in the sender's store: pickle it again there")
def archive(archive_hash, name, sender, fetch):
    try:
        path = f"{cache_folder()}/{archive_hash.hex()}.zip"
        data = read_file(path)
        if hashlib.sha256(data).digest()[:16] == archive_hash:
            os.utime(path)
            return data
    except OSError:
        pass
    data = checked(archive_hash, f"the archive of {name}, sent by {sender}", fetch)
    try:
        write_file(f"{cache_folder()}/{archive_hash.hex()}.zip", [data])
    except OSError:
        pass
    return data
registry.manifest = find
registry.texts.setdefault(__name__, globals().get)
"""

STANDIN_NAME: Final = "_modulepickle_standin_4e321de2"
STANDIN: Final = r"""import pickle
import sys
import types
PackagingError = PicklingError = pickle.PicklingError
PickleError, UnpicklingError, PickleBuffer = (
    pickle.PickleError,
    pickle.UnpicklingError,
    pickle.PickleBuffer,
)
HIGHEST_PROTOCOL, DEFAULT_PROTOCOL = pickle.HIGHEST_PROTOCOL, pickle.DEFAULT_PROTOCOL
Unpickler = pickle.Unpickler
SETTINGS = (
    *("extend_", "get_", "set_", "register_", "unregister_"),
    *("preload", "hold", "Policy", "stores."),
)
__path__ = []
class ShippingWarning(UserWarning):
    pass
class StaleSourceWarning(UserWarning):
    pass
class Nothing:
    def __call__(self, *args, **options):
        return None
    def __enter__(self):
        return self
    def __exit__(self, *error):
        return None
    def undo(self):
        return None
class Named:
    def __init__(self, path):
        self.path = path
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(f"modulepickle.{self.path} has no attribute {name!r}")
        return Named(f"{self.path}.{name}")
    def __call__(self, *args, **options):
        if self.path.startswith(SETTINGS):
            return Nothing()
        raise RuntimeError(
            f"modulepickle.{self.path}() was called where the library is not installed: this "
            "process received a pickle, which needs no library. To pickle here, pip install "
            "modulepickle"
        )
class Part(types.ModuleType):
    def __getattr__(self, name):
        return getattr(Named(self.__name__.partition(".")[2]), name)
class Pickler:
    def __init__(self, *args, **options):
        Named("Pickler")()
def extend(base):
    return type(base)(base.__name__, (Pickler, base), {})
def load(file, **options):
    return pickle.load(file)
def loads(data, **options):
    return pickle.loads(data)
def wrap(obj):
    return obj
def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return Named(name)
for part in ("extend", "stores", "test"):
    full = f"{__name__}.{part}"
    sys.modules[full] = Part(full)
stores, test = sys.modules[f"{__name__}.stores"], sys.modules[f"{__name__}.test"]
"""

PEERS_NAME: Final = "_modulepickle_peers_a1cffb31"
PEERS: Final = r"""import os
import sys
from _thread import RLock
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.calls, self.originals = {}, {}
        self.finder = self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
if "lock" not in vars(registry):
    vars(registry).setdefault("lock", RLock())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: vars(registry).update(lock=RLock()))
def execute_once(page, names):
    is_held = registry.lock.acquire(timeout=10)
    try:
        if names["__name__"] not in registry.texts:
            exec(page(), names)
    finally:
        if is_held:
            registry.lock.release()
    return registry.texts[names["__name__"]]
import sys
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode().replace("\f", "")
__loader__ = Lines(packed)
__spec__ = type(sys.__spec__)(__name__, __loader__)
import zlib
def second_page():
    first, second = zlib.decompress(packed).decode().split("\f")
    return compile("\n" * first.count("\n") + second, second_page.__code__.co_filename, "exec")
entry = execute_once(second_page, globals())
import contextlib
import importlib
import io
import pickle
import sys
import threading
import weakref
from types import FunctionType, MethodType, ModuleType
class Now:
    def __init__(self, function, *args):
        self.function, self.args = function, args
    def __call__(self, *args):
        raise TypeError("only the next process can call this")
    def __reduce_ex__(self, protocol):
        return self.function, self.args
class Later(Now):
    def __reduce_ex__(self, protocol):
        return CALLABLE, (self.function, *self.args)
def reach(call):
    registry = call(getattr, call(__import__, "sys"), "_modulepickle_registry", None)
    peer = call(getattr, registry, "peer", {})
    return peer, call(getattr, peer, "get"), call(__import__, "pkgutil")
PEER, GET, PKGUTIL = reach(Now)
PEER_LATER, GET_LATER, PKGUTIL_LATER = reach(Later)
LATER, CALLABLE = Now(getattr, PEER, "later"), Now(getattr, PEER, "callable")
MAKE = Later(getattr, PEER_LATER, "make")
def reference(digest, name, graph):
    if graph:
        version = Later(GET_LATER, digest, PKGUTIL_LATER)
        return CALLABLE, (Later(getattr, version, "resolve_name"), name)
    return Now(getattr, Now(GET, digest, PKGUTIL), "resolve_name"), (name,)
def deferred(reduction, is_callable=False, make=()):
    function, args, *rest = reduction
    state, items, pairs, setter = (*rest, None, None, None, None)[:4]
    found = CALLABLE if is_callable else LATER, (*make, function, *args)
    if any(each is not None for each in rest):
        return *found, (state, list(items or ()), list(pairs or ()), setter)
    return found
class Deferred:
    rest = ()
    def __init__(self, function, *args):
        self.function, self.args = function, args
    def __setstate__(self, rest):
        self.rest = rest
    def __reduce_ex__(self, protocol):
        if not self.rest:
            return self.function, self.args
        state, items, pairs, setter = self.rest
        found = self.function, self.args, state, iter(items), iter(pairs)
        return (*found, setter) if setter else found
    def __repr__(self):
        return f"<{type(self).__name__} {self.args}>"
    def __dask_tokenize__(self):
        return "deferred", pickle.dumps(self, 5)
    def __getattr__(self, name):
        if name.startswith("_") and name not in ("__signature__", "__wrapped__"):
            raise AttributeError(name)
        return getattr(real(self), name)
class DeferredCallable(Deferred):
    def __call__(self, *args, **options):
        return real(self)(*args, **options)
def real(obj):
    return pickle.loads(pickle.dumps(obj, 5))
class SentOn:
    def __new__(cls, snapshot, make, known):
        digest = snapshot.parts[1]
        if digest not in known:
            made = known[digest] = object.__new__(cls)
            made.call = make, snapshot.parts
            made.requirements = {
                name: need if isinstance(need, str) else SentOn(need, make, known)
                for name, need in snapshot.requirements.items()
            }
        return known[digest]
    def __call__(self, *args):
        raise TypeError("only the next process can call this")
    def __reduce_ex__(self, protocol):
        return (*self.call, self.requirements)
def text_of(names, stage0):
    registry = Now(getattr, Now(__import__, "sys"), "_modulepickle_registry", eval)
    return Now(registry, stage0, {"__name__": names["__name__"], "packed": names["packed"]})
class Unusable:
    def __init__(self, error):
        self.error = error
    def __call__(self, *args, **options):
        raise self.error
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise self.error
    def __reduce_ex__(self, protocol):
        raise self.error
    def __setstate__(self, state):
        pass
    append = extend = __setitem__ = lambda *_: None
    def __repr__(self):
        return f"<unusable: {self.error!r}>"
    __bool__ = __eq__ = __hash__ = __len__ = __iter__ = __getitem__ = __str__ = __call__
class Version:
    def __init__(self, peer, digest):
        self.peer, self.digest = peer, digest
    @property
    def snapshot(self):
        found = self.peer.snapshots.get(self.digest) or self.peer.seen.get(self.digest)
        if found is None:
            raise pickle.UnpicklingError(
                f"version {self.digest.hex()[:8]} of the code that was sent is no longer kept"
                " in this process: submit the task again"
            )
        return found
    def resolve_name(self, name):
        module, _, path = name.partition(":")
        for home in [*self.peer.homes]:
            if home.has(self.digest):
                return home.find(self.digest, module, path)
        try:
            return self.snapshot(module, *(path.split(".") if path else ()))
        except Exception as error:
            return Unusable(error)
class Peer:
    later, callable = Deferred, DeferredCallable
    def __init__(self):
        self.held, self.snapshots, self.tops, self.homes = {}, {}, (), []
        self.seen = weakref.WeakValueDictionary()
        self.sender, self.is_patched, self.returns, self.sent_on = None, False, set(), None
        self.local = threading.local()
    def get(self, digest, default=None):
        return Version(self, digest)
    def by_key(self, key, name):
        for known in registry.own, registry.received:
            if key in known:
                return known[key]
        raise pickle.UnpicklingError(
            f"{name} came back by the key that it was sent with, and this process has no such class"
            " any more: it was defined again; submit the task again"
        )
    def make(self, function, *args):
        for each in (function, *args[:1]):
            if isinstance(each, Unusable):
                return each
        return function(*args)
    def install(self, client, snapshots, keep):
        had = self.held.get(client, {})
        self.held[client] = {digest: had[digest] for digest in keep if digest in had}
        self.held[client].update((each.parts[1], each) for each in snapshots)
        self.snapshots = {}
        for held in self.held.values():
            self.snapshots.update(held)
        tops = {each.parts[0].partition(".")[0] for each in self.snapshots.values()}
        self.tops = [top.encode() for top in sorted(tops)]
        self.patch()
        before = {old.parts[0]: old for old in had.values()}
        used = [
            (new, name)
            for new in snapshots
            if new.parts[0] in before
            for name in [*before[new.parts[0]].made]
        ]
        if used:
            threading.Thread(target=warm, args=(used,), daemon=True).start()
    def returning(self, module, name, loader, stage0=None):
        home = sys.modules.get(module)
        found = getattr(home, name, None)
        if found and not self.homes and (module, name) not in self.returns:
            self.returns.add((module, name))
            self.answer_with(home, name, found)
        texts = [each.__globals__ for each in (call, loader)]
        if stage0 and all("packed" in each for each in texts):
            ours, theirs = (text_of(each, stage0) for each in texts)
            self.sent_on = Now(ours, "returning", module, name, theirs, stage0)
        def snapshot(top, digest, *rest):
            found = self.seen[digest] = loader(top, digest, *rest)
            return found
        return snapshot
    def answer_with(self, home, name, found):
        if isinstance(found, type):
            rest = getattr(found, "reducer_override", leave)
            found.reducer_override = first(self.reduce_result, rest)
            found.dump = self.noting_code(found.dump)
        elif isinstance(found, ModuleType):
            setattr(home, name, Between(self.dumps_result, found))
        else:
            found.__init__(self.dumps_result, pickle.loads)
    def dumps_result(self, obj, protocol=None, buffer_callback=None):
        buffers = []
        append = buffer_callback and buffers.append
        try:
            data = pickle.dumps(obj, protocol, buffer_callback=append)
        except Exception:
            buffers.clear()
            data = pickled_by(self.reduce_result, obj, protocol, append)
        for each in buffers:
            buffer_callback(each)
        return data
    def reduce_result(self, obj):
        if type(obj) is dict and is_builtins(obj):
            return vars, (Now(__import__, "builtins"),)
        if self.is_code and isinstance(obj, (FunctionType, type, ModuleType)):
            return self.reduce_code(obj)
        if not isinstance(obj, (FunctionType, type)):
            return NotImplemented
        name = obj.__module__, obj.__qualname__
        try:
            is_right = at(sys.modules[name[0]], name[1]) is obj
        except Exception:
            is_right = False
        digest = None if is_right else self.digest(obj, *name)
        if digest is not None:
            return reference(digest, "%s:%s" % name, False)
        key = None if is_right else key_of(obj)
        return (
            NotImplemented if key is None else (Now(getattr, PEER, "by_key"), (key, "%s.%s" % name))
        )
    @property
    def is_code(self):
        return self.sent_on is not None and getattr(self.local, "code", False)
    def noting_code(self, dump):
        def dump_noting(pickler, obj):
            before, self.local.code = self.is_code, isinstance(obj, (FunctionType, type))
            try:
                return dump(pickler, obj)
            finally:
                self.local.code = before
        return dump_noting
    def reduce_code(self, obj):
        is_module = isinstance(obj, ModuleType)
        name = (obj.__name__, "") if is_module else (obj.__module__, obj.__qualname__)
        digest = self.digest(obj, *name)
        if digest not in self.seen:
            return NotImplemented
        path = name[1].split(".") if name[1] else ()
        return SentOn(self.seen[digest], self.sent_on, {}), (name[0], *path)
    def patch(self):
        if self.is_patched or self.homes:
            return
        self.is_patched = True
        client = importlib.import_module("distributed.client").Client
        theirs = importlib.import_module("distributed.protocol.pickle")
        self.stand_between(theirs)
        picklers = (
            importlib.import_module("cloudpickle").Pickler,
            getattr(theirs, "_DaskPickler", 0),
        )
        for cls in filter(None, picklers):
            cls.reducer_override = first(self.reduce, getattr(cls, "reducer_override", leave))
        client._graph_to_futures = self.sending(client._graph_to_futures)
    def stand_between(self, theirs):
        if not isinstance(theirs.pickle, Between):
            theirs.pickle = Between(self.dumps, theirs.pickle)
    def sending(self, send):
        def _graph_to_futures(*args, **options):
            with self.pickling_graph():
                return send(*args, **options)
        return _graph_to_futures
    @contextlib.contextmanager
    def pickling_graph(self):
        before, self.local.graph = self.graph, True
        try:
            yield
        finally:
            self.local.graph = before
    @property
    def graph(self):
        return getattr(self.local, "graph", False)
    def dumps(self, obj, buffer_callback=None, **options):
        data = self.sender and self.sender(obj, buffer_callback, options)
        if data is not None:
            return data
        buffers = []
        append = buffer_callback and buffers.append
        try:
            data = pickle.dumps(obj, buffer_callback=append, **options)
        except Exception:
            if not self.tops:
                raise
        if data is None or any(top in data for top in self.tops):
            buffers.clear()
            data = pickled_by(self.reduce, obj, buffer_callback=append, **options)
        for each in buffers:
            buffer_callback(each)
        return data
    def reduce(self, obj):
        if isinstance(obj, (FunctionType, type)):
            name = obj.__module__, obj.__qualname__
        elif isinstance(obj, ModuleType):
            name = obj.__name__, ""
        elif self.graph:
            owner = obj.__self__ if isinstance(obj, MethodType) else obj
            kind = owner if isinstance(owner, type) else type(owner)
            if self.digest(kind, kind.__module__, kind.__qualname__) is None:
                return NotImplemented
            found = obj.__reduce_ex__(5)
            return found if isinstance(found, str) else deferred(found, callable(obj), (MAKE,))
        else:
            return NotImplemented
        digest = self.digest(obj, *name)
        return NotImplemented if digest is None else reference(digest, "%s:%s" % name, self.graph)
    def digest(self, obj, module, path):
        if not isinstance(module, str) or not isinstance(path, str) or "<" in path:
            return None
        for digest, snapshot in [*self.seen.items(), *self.snapshots.items()][::-1]:
            if f"{module}.".startswith(f"{snapshot.parts[0]}."):
                found = snapshot.made.get(module)
                if not found and snapshot.is_own():
                    found = sys.modules.get(module)
                try:
                    if at(found, path) is obj:
                        return digest
                except AttributeError:
                    pass
        return None
class Between:
    def __init__(self, dumps, plain):
        self.dumps, self.plain = dumps, plain
    def __getattr__(self, name):
        return getattr(self.plain, name)
class By(pickle.Pickler):
    pass
def pickled_by(reduce, obj, protocol=None, buffer_callback=None):
    file = io.BytesIO()
    pickler = By(file, protocol, buffer_callback=buffer_callback)
    pickler.reducer_override = reduce
    pickler.dump(obj)
    return file.getvalue()
def key_of(obj):
    keys = [key for key, each in [*registry.received.items()] if each is obj]
    return keys[0] if keys and isinstance(obj, type) else None
def is_builtins(names):
    home = getattr(names.get("__import__"), "__self__", None)
    return hasattr(home, "requirements")
def leave(pickler, obj):
    return NotImplemented
def first(reduce, rest):
    def reducer_override(pickler, obj):
        found = reduce(obj)
        return rest(pickler, obj) if found is NotImplemented else found
    return reducer_override
def warm(used):
    for snapshot, name in used:
        try:
            snapshot(name)
        except Exception:
            pass
def at(home, path):
    for part in path.split(".") if path else ():
        home = getattr(home, part)
    return home
def call(method, *args):
    return getattr(registry.peer, method)(*args)
vars(registry).setdefault("peer", Peer())
registry.texts.setdefault(__name__, call)
"""
