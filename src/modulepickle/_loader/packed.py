"""What travels, made by `python -m modulepickle._loader.build`: do not edit."""

from typing import Final

LOADER_NAME: Final = "_modulepickle_loader_232d37ab"
LOADER: Final = r"""import sys
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode()
__loader__ = Lines(packed)
import builtins
import hashlib
import importlib._bootstrap as bootstrap
import importlib.util as util
import marshal
import os
import struct
import sys
import weakref
import zlib
external = bootstrap._bootstrap_external
host_import = bootstrap._gcd_import
LOCK = bootstrap._ImportLockContext
SNAPSHOTS = weakref.WeakValueDictionary()
ACTIVE = registry.active
def warn(*what):
    import logging
    logging.getLogger("modulepickle").warning(*what)
def spec_of(name):
    return getattr(sys.modules.get(name), "__spec__", 0)
def native(name):
    module = sys.modules.get(name)
    for made, _ in [*ACTIVE.values()]:
        if made.get(name) is module:
            return None
    if not hasattr(spec_of(name), "snapshot"):
        return module
def cache():
    uid = getattr(os, "getuid", int)()
    path = os.getenv("MODULEPICKLE_CACHE") or os.getenv("TMPDIR", "/tmp")
    path = f"{path}/modulepickle-{uid}"
    os.makedirs(path, 0o700, True)
    found = os.lstat(path)
    if found[4] - uid or found[0] & 40978 * (os.sep == "/"):
        raise OSError(f"{path} is not ours")
    return path
def write(path, data):
    os.makedirs(os.path.dirname(path), 0o700, True)
    part = f"{cache()}/{os.getpid()}.{id(data)}"
    external.SourceFileLoader.set_data(0, part, data)
    if os.stat(part)[6] < len(data):
        os.remove(part)
    os.replace(part, path)
class once:
    def __init__(self, make):
        self.make = make
    def __get__(self, owner, kind):
        value = vars(owner)[self.make.__name__] = self.make(owner)
        return value
class View(type(sys)):
    def __getattr__(self, name):
        full = f"{self.__name__}.{name}"
        try:
            if full in self.home.paths:
                return self.home.obtain(full)
            return getattr(host_import(self.__name__), name)
        except ImportError:
            raise AttributeError(name)
class Source(external.SourceFileLoader):
    def get_data(self, path):
        return self.home.unzip(self.member) if path == self.path else super().get_data(path)
    def get_code(self, name):
        tag = sys.version, sys.flags.optimize, self.home.files[self.member]
        tag = "/" + hashlib.sha256(marshal.dumps(tag, 2)).hexdigest()
        try:
            code = marshal.loads(zlib.decompress(super().get_data(cache() + tag)))[tag]
            bootstrap._imp._fix_co_filename(code, self.path)
        except Exception:
            code = self.source_to_code(self.get_data(self.path), self.path)
            try:
                write(cache() + tag, zlib.compress(marshal.dumps({tag: code}), 0))
            except Exception:
                pass
        return code
KINDS = {
    stem + suffix: Source if suffix == ".py" else kind
    for stem in ("/__init__", "")
    for kind, suffixes in external._get_supported_file_loaders()
    for suffix in suffixes
}
class Snapshot:
    def __init__(self, top, digest, seal, archive):
        self.parts = self.top, digest, self.seal, archive = top, digest, seal, bytes(archive)
        self.made, self.ready, self.files = {}, {}, {}
        good = hashlib.sha256(archive).digest()[:16] == seal
        end = 0
        while good and 3 in archive[end + 2 : end + 3]:
            crc, packed, size, width = struct.unpack_from("<14xIIIH", archive, end)
            start = end + 30 + width
            file = archive[end + 30 : start].decode()
            end = start + packed
            self.files[file] = crc, size, archive[start:end]
            good = "/../" not in f"/{file}/"
        if not good:
            raise ImportError(f"{top} is damaged: pickle it again")
        self.builtins = {**vars(builtins), "__import__": self.import_}
    def __setstate__(self, required):
        self.needs = required
        self.made or native(self.top) or self.own() or self.folder
        with LOCK():
            made, leave = ACTIVE.get(self.top, (0, self.rival))
            if made is self.made or native(self.top) or self.own():
                return
            rival = leave()
            ACTIVE[self.top] = self.made, self.leave
            sys.path.insert(0, self.folder)
            sys.meta_path.insert(0, self)
            for name in [*self.made]:
                self.show(name)
        if rival:
            warn("%s hides %s", self.folder, rival)
    def __call__(self, name, *path):
        found = self.fetch(name)
        for part in path:
            found = getattr(found, part)
        return found
    def unzip(self, name):
        crc, size, data = self.files[name]
        data = zlib.decompressobj(-15).decompress(data, size + 1)
        if zlib.crc32(data) - crc:
            raise ImportError(f"{name} is damaged: pickle it again")
        return data
    @once
    def folder(self):
        name = "/" + self.seal.hex()
        former = ""
        try:
            folder = cache() + name
            try:
                os.makedirs(folder, 0o700)
                for old in os.scandir(cache()):
                    if os.stat(folder)[8] - old.stat()[8] > 7e5:
                        lock = os.open(old, 0)
                        try:
                            __import__("fcntl").flock(lock, 6)
                            __import__("shutil").rmtree(old) if old.is_dir() else os.remove(old)
                        except Exception:
                            pass
                        os.close(lock)
                    elif os.path.exists(f"{old.path}/{min(self.files)}"):
                        former = old.path
            except Exception:
                pass
            try:
                lock = os.open(folder, 0)
                weakref.finalize(self, os.close, lock)
                __import__("fcntl").flock(lock, 1)
                os.utime(folder)
            except Exception:
                pass
            for file, (crc, _, _) in self.files.items():
                path = f"{folder}/{file}"
                try:
                    if former and file[-3:] == ".py":
                        os.link(f"{former}/{file}", path)
                    if zlib.crc32(external.FileLoader.get_data(0, path)) == crc:
                        continue
                except Exception:
                    pass
                write(path, self.unzip(file))
            return folder
        except Exception as error:
            warn("%s: %s has no real __file__", error, self.top)
            return os.devnull + name
    def rival(self):
        try:
            return getattr(util.find_spec(self.top), "origin", 0)
        except Exception:
            pass
    def leave(self):
        del ACTIVE[self.top]
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if self.folder in sys.path:
            sys.path.remove(self.folder)
        for name in [*self.ready]:
            if sys.modules.get(name) is self.made[name]:
                del sys.modules[name]
        sys.path_importer_cache.pop(self.folder, 0)
        lines = getattr(sys.modules.get("linecache"), "cache", {})
        for path in [*lines]:
            if path.startswith(self.folder):
                del lines[path]
    def show(self, name):
        with LOCK():
            if native(name) or getattr(spec_of(name), "_initializing", 0):
                return
            sys.modules[name] = module = ACTIVE.get(self.top, [{}])[0].get(name)
            if not module:
                del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if module and parent and name == self.top:
            setattr(host_import(parent), child, module)
    def find_spec(self, name, *rest):
        spec = self.spec(name) if name.startswith(self.top) else None
        if spec:
            spec.loader.create_module = lambda spec: self.fetch(name)
            spec.loader.exec_module = id
        return spec
    def own(self):
        return getattr(sys.modules.get("modulepickle._own"), "owns", {}.get)(self)
    @once
    def paths(self):
        paths = {"importlib": None}
        todo = [self]
        for each in todo:
            if hasattr(each, "parts") and not paths.get(each.top):
                name = each.top
                while name:
                    paths.setdefault(name)
                    name = name.rpartition(".")[0]
                paths[each.top] = each
                todo += each.needs.values()
        return paths
    def obtain(self, name):
        above = name
        while above:
            if self.paths.get(above):
                return self.paths[above].fetch(name)
            above = above.rpartition(".")[0]
        if name in self.paths:
            view = View(name)
            view.home = self
            view.import_module = self.import_module
            return view
        return host_import(name)
    def import_module(self, name, package=None):
        return self.import_(util.resolve_name(name, package), fromlist=["__name__"])
    def import_(self, name, globals=None, locals=None, fromlist=(), level=0):
        package = level and bootstrap._calc___package__(globals)
        full = util.resolve_name(level * "." + name, package)
        top = full.partition(".")[0]
        if top not in self.paths:
            try:
                return builtins.__import__(name, globals, locals, fromlist, level)
            except ModuleNotFoundError as error:
                if full.startswith(str(error.name)):
                    who = (globals or {}).get("__name__", self.top)
                    error.msg += f", imported by {who}; sent with {self.needs.get(top)}"
                raise
        module = self.obtain(full)
        if not fromlist:
            return module if level else self.obtain(top)
        if hasattr(module, "__path__"):
            owner = getattr(module.__spec__, "snapshot", self)
            bootstrap._handle_fromlist(module, fromlist, self.obtain)
            for child in fromlist:
                if f"{full}.{child}" in owner.made:
                    owner.fetch(f"{full}.{child}")
        return module
    def spec(self, name):
        stem = name.replace(".", "/")
        path = f"{self.folder}/{stem}"
        suffix = next((each for each in KINDS if stem + each in self.files), "")
        if not suffix and not any(file.startswith(f"{stem}/") for file in self.files):
            return None
        path += suffix or "/__init__"
        loader = KINDS.get(suffix, Source)(name, path)
        spec = util.spec_from_file_location(name, path, loader=loader)
        if not suffix:
            spec.has_location = False
            loader.exec_module = id
        loader.member = stem + suffix
        spec.snapshot = loader.home = self
        return spec
    def fetch(self, name):
        if name in self.ready:
            return self.made[name]
        if not self.made:
            try:
                native(self.top) and host_import("modulepickle._own")
            except ImportError:
                pass
            if self.own():
                return host_import(name)
        parent, _, child = name.rpartition(".")
        package = self.fetch(parent) if name != self.top else View("")
        try:
            with bootstrap._ModuleLockManager(name):
                self.execute(name, package, child)
        except bootstrap._DeadlockError:
            self.execute(name, package, child)
        return self.made[name]
    def execute(self, name, package, child):
        if name in self.made:
            return
        spec = self.spec(name)
        if not spec:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        self.made[name] = module = bootstrap.module_from_spec(spec)
        setattr(package, child, module)
        module.__builtins__ = self.builtins
        spec._initializing = True
        host = native(name)
        sys.modules[name] = host or module
        try:
            spec.loader.exec_module(module)
            left = sys.modules[name]
            if left is not (host or module) and getattr(spec_of(name), "snapshot", self) is self:
                self.made[name] = left
                setattr(package, child, left)
            for value in [*vars(module).values()]:
                if issubclass(type(value), type) and value.__module__ == name:
                    try:
                        type.__setattr__(value, "_abc_snapshot", self)
                    except TypeError:
                        pass
            self.ready[name] = 0
        except BaseException:
            for made in [*self.made]:
                if f"{made}.".startswith(f"{name}."):
                    del self.made[made]
                    self.ready.pop(made, 0)
                    self.show(made)
            delattr(package, child)
            raise
        finally:
            spec._initializing = False
            sys.modules[name] = host or module
            self.show(name)
def find(name, digest, *rest):
    with LOCK():
        return SNAPSHOTS.get(digest) or SNAPSHOTS.setdefault(digest, Snapshot(name, digest, *rest))
entry = registry.texts.setdefault(__name__, find)
"""

FUNCTIONS_NAME: Final = "_modulepickle_functions_902e253f"
FUNCTIONS: Final = r"""import sys
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode()
__loader__ = Lines(packed)
import ast
import builtins
import importlib.util as util
import linecache
import marshal
import pickle
import sys
import types
entry = registry.texts.setdefault(__name__, globals().get)
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
    if source:
        return compiled(path, source, *place)
    raise pickle.UnpicklingError(
        f"code of {path} is bytecode of Python {version}, without source; this is Python "
        f"{sys.version.split()[0]}: define it in a file, or load it with Python {version}"
    )
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
def function(code, names, cells, scope=None):
    if scope:
        names["__builtins__"] = next(
            each for each in vars(scope).values() if type(each) is dict and "__import__" in each
        )
    names.setdefault("__builtins__", builtins.__dict__)
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
def set_cell(made, value):
    made.cell_contents = value
def set_scope(made, needs):
    made.needs = needs
"""

CLASSES_NAME: Final = "_modulepickle_classes_78fa28f6"
CLASSES: Final = r"""import sys
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode()
__loader__ = Lines(packed)
import types
entry = registry.texts.setdefault(__name__, globals().get)
def set_dispatch(made, registered):
    for kind in registered:
        made.register(*kind)
def known(key, make, *args):
    if key in registry.own:
        return registry.own[key]
    if key in registry.received:
        return registry.received[key]
    return registry.received.setdefault(key, make(*args))
def make_class(meta, name, bases, space):
    plain = next(
        (
            each
            for each in meta.__mro__
            if each.__module__ in ("abc", "_ctypes")
            or isinstance(vars(each).get("__new__"), type(len))
        ),
        type,
    )
    if any(
        isinstance(vars(each).get("__init_subclass__"), classmethod) and each.__module__ != "typing"
        for base in bases
        for each in base.__mro__
    ):
        shield = {"__init_subclass__": lambda *_: None}
        if not getattr(bases[0], "__dictoffset__", 1):
            shield["__slots__"] = ()
        try:
            made = plain.__new__(meta, name, (type("", (), shield), *bases), {**space})
            type.__setattr__(made, "__bases__", bases)
            return made
        except TypeError:
            pass
    made = plain.__new__(meta, name, bases, space)
    plain.__init__(made, name, bases, space)
    return made
def make_enum(meta, name, bases, space, names, members):
    import enum
    def new(cls, index):
        value, args = members[index]
        made = plain(cls, *args)
        made._value_ = value
        return made
    base = enum.EnumMeta
    filled = base.__prepare__(name, bases)
    for each in {"__new__": new, "__init__": lambda *_: None, **space, **names}.items():
        filled.__setitem__(*each)
    plain = next(
        each for base in bases for each in base.__mro__ if not each.__flags__ & 512
    ).__new__
    made = base.__new__(meta or base, name, bases, filled)
    type.__delattr__(made, "__init__")
    for each in "__new_member__", "_new_member_":
        if each in vars(made):
            type.__setattr__(made, each, plain)
    return made
def set_class(made, state):
    key, attributes, more = state[:3]
    if key in registry.own:
        return
    for each in type(made).__mro__:
        put = vars(each).get("__setattr__")
        if put and not getattr(put, "__globals__", 0):
            break
    for name in attributes:
        put(made, name, attributes[name])
    for name in more:
        globals()["set_" + name](made, more[name])
def set_members(made, attributes):
    for name in attributes:
        made.__members__[name].__dict__.update(attributes[name])
def set_abstract(made, state):
    made.__abstractmethods__ = frozenset(state[1])
    for each in state[0]:
        made.register(each)
def set_protocol(made, runtime):
    import typing
    type(made).__init__(made, made.__name__, made.__bases__, {})
    if runtime:
        typing.runtime_checkable(made)
def set_namedtuple(made, state):
    import collections
    names, fields, defaults = state
    other = collections.namedtuple(made.__name__, fields, defaults=defaults)
    for name in names:
        if name in vars(other):
            type.__setattr__(made, name, vars(other)[name])
def set_dataclass(made, state):
    import copy
    import dataclasses
    names, settings = state
    types_ = {}
    other = {"__annotations__": types_, "__qualname__": made.__qualname__}
    if hasattr(made, "__post_init__"):
        other["__post_init__"] = None
    for name, each in made.__dataclass_fields__.items():
        kind = each._field_type.name
        if kind != "_FIELD_CLASSVAR":
            types_[name] = dataclasses.InitVar if kind == "_FIELD_INITVAR" else each.type
            other[name] = copy.copy(each)
    flags = {name: settings[name] for name in [*settings][:6]}
    other = dataclasses.dataclass(**flags)(type(made.__name__, (), other))
    for name in (*names, "__replace__", "__dataclass_params__"):
        each = vars(other).get(name)
        if each is None or (name not in names and name in vars(made)):
            continue
        for inner in each, getattr(each, "__wrapped__", each):
            if isinstance(inner, types.FunctionType):
                inner.__module__ = made.__module__
                for cell in inner.__closure__ or ():
                    if cell.cell_contents is other:
                        cell.cell_contents = made
        type.__setattr__(made, name, each)
    for name in settings:
        if hasattr(made.__dataclass_params__, name):
            setattr(made.__dataclass_params__, name, settings[name])
def field(kind, values):
    import dataclasses
    made = object.__new__(dataclasses.Field)
    for name in made.__slots__:
        setattr(made, name, values.get(name))
    made._field_type = getattr(dataclasses, kind)
    return made
"""

STORE_NAME: Final = "_modulepickle_store_799d2fd7"
STORE: Final = r"""import sys
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode()
__loader__ = Lines(packed)
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
        needs = each.needs.values()
        todo += [need for need in needs if need not in todo and hasattr(need, "parts")]
        each.__setstate__(each.needs)
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
def archive(seal, name, sender, fetch):
    folder = os.getenv("MODULEPICKLE_CACHE") or os.getenv("TMPDIR", "/tmp")
    uid = getattr(os, "getuid", int)()
    folder += f"/modulepickle-{uid}"
    path = f"{folder}/{seal.hex()}.zip"
    try:
        os.makedirs(folder, 0o700, True)
        found = os.lstat(folder)
        ours = found.st_uid == uid and not found.st_mode & 0o120022 * (os.sep == "/")
        with open(path if ours else "", "rb") as file:
            data = file.read()
        if hashlib.sha256(data).digest()[:16] == seal:
            os.utime(path)
            return data
    except OSError:
        pass
    data = checked(seal, f"the archive of {name}, sent by {sender}", fetch)
    try:
        if ours:
            part = f"{folder}/{os.getpid()}.{id(data)}"
            with open(part, "xb") as file:
                file.write(data)
            os.replace(part, path)
    except (NameError, OSError):
        pass
    return data
registry.manifest = find
entry = registry.texts.setdefault(__name__, globals().get)
"""

DASK_NAME: Final = "_modulepickle_dask_c6527303"
DASK: Final = r"""import sys
from weakref import WeakValueDictionary
class Registry:
    def __init__(self) -> None:
        self.active: dict = vars(sys).setdefault("_modulepickle", {})
        self.texts, self.sources = {}, {}
        self.received, self.own = WeakValueDictionary(), WeakValueDictionary()
        self.manifest = None
    def __call__(self, expression, names):
        if self.manifest and "k" in names:
            return self.manifest(expression, names)
        return self.texts.get(names.get("__name__")) or eval(expression, names)
registry: Registry = vars(sys).setdefault("_modulepickle_registry", Registry())
import zlib
class Lines:
    def __init__(self, packed):
        self.packed = packed
    def get_source(self, name):
        return zlib.decompress(self.packed).decode()
__loader__ = Lines(packed)
import contextlib
import importlib
import io
import pickle
import sys
import threading
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
    peer = call(getattr, registry, "dask", {})
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
        try:
            return self.peer.snapshots[self.digest]
        except KeyError:
            raise pickle.UnpicklingError(
                f"version {self.digest.hex()[:8]} of the code that was sent is not kept in this"
                " process (any more): submit the task again"
            )
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
        self.sender, self.is_patched = None, False
        self.local = threading.local()
    def get(self, digest, default=None):
        return Version(self, digest)
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
            cls.reducer_override = first(self.reduce, cls.reducer_override)
        client._graph_to_futures = self.sending(client._graph_to_futures)
    def stand_between(self, theirs):
        if not isinstance(theirs.pickle, Between):
            theirs.pickle = Between(self, theirs.pickle)
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
            file = io.BytesIO()
            pickler = By(file, buffer_callback=append, **options)
            pickler.reducer_override = self.reduce
            pickler.dump(obj)
            data = file.getvalue()
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
        for digest, snapshot in [*self.snapshots.items()][::-1]:
            if f"{module}.".startswith(f"{snapshot.parts[0]}."):
                found = snapshot.made.get(module)
                if not found and snapshot.own():
                    found = sys.modules.get(module)
                for part in path.split(".") if path and found else ():
                    found = getattr(found, part, None)
                if found is obj:
                    return digest
        return None
class Between:
    def __init__(self, peer, plain):
        self.dumps, self.plain = peer.dumps, plain
    def __getattr__(self, name):
        return getattr(self.plain, name)
class By(pickle.Pickler):
    pass
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
def install(client, snapshots, keep):
    registry.dask.install(client, snapshots, keep)
vars(registry).setdefault("dask", Peer())
entry = registry.texts.setdefault(__name__, install)
"""
