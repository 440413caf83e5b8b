"""What runs in the workers of an engine: references to code that name its version.

Results go by name. If a worker has imported another copy of the package by itself, the name is
wrong there, and plain pickle refuses the object, although the name would be right at home. So
results come home as references (point 1).

Dask needs more. It pickles by name first, the scheduler unpickles each graph and pickles its tasks
again, and workers send results to each other. A name does not tell the version: a worker may have
imported an older copy by itself, or received a newer one meanwhile. So:

1. A *reference* is a digest and a name. It is looked up in the snapshots that a client installed in
   this process. In a process without any, only the name counts.
2. In a graph, each reference and each object of a user's class is a *deferred* call: the scheduler
   keeps the call without making it, and passes it on. So the scheduler needs none of the code, and
   one in the client's process does not confuse the client's own objects with what was sent.
3. What cannot be imported fails in the task that uses it: an error while a worker reads its
   messages would end its connection, and the client would wait forever.

A client runs this as a module of the library; schedulers and workers get it as text. The `Peer` is
the registry's attribute `peer`. That name, and those of its `get`, `make`, `later` and `callable`,
keep their meaning in all releases.
"""

import contextlib
import importlib
import io
import pickle
import sys
import threading
import weakref
from types import FunctionType, MethodType, ModuleType

from modulepickle._loader.registry import registry


class Now:
    """Stands, in a pickle, for what a call returns where the pickle is loaded."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __call__(self, *args):
        raise TypeError("only the next process can call this")

    def __reduce_ex__(self, protocol):
        return self.function, self.args


class Later(Now):
    """Stands, in a graph, for what a call returns where the task runs."""

    def __reduce_ex__(self, protocol):
        return CALLABLE, (self.function, *self.args)


def reach(call):
    """The calls that find a process' peer and its `get`, with what a dict's `get` would answer."""
    registry = call(getattr, call(__import__, "sys"), "_modulepickle_registry", None)
    peer = call(getattr, registry, "peer", {})
    return peer, call(getattr, peer, "get"), call(__import__, "pkgutil")


PEER, GET, PKGUTIL = reach(Now)
PEER_LATER, GET_LATER, PKGUTIL_LATER = reach(Later)
LATER, CALLABLE = Now(getattr, PEER, "later"), Now(getattr, PEER, "callable")
MAKE = Later(getattr, PEER_LATER, "make")


def reference(digest, name, graph):
    """The reduction of `module:path` in a version."""
    if graph:
        version = Later(GET_LATER, digest, PKGUTIL_LATER)
        return CALLABLE, (Later(getattr, version, "resolve_name"), name)
    return Now(getattr, Now(GET, digest, PKGUTIL), "resolve_name"), (name,)


def deferred(reduction, is_callable=False, make=()):
    """The reduction of a call that is made later: of what `object.__reduce_ex__` returns."""
    function, args, *rest = reduction
    state, items, pairs, setter = (*rest, None, None, None, None)[:4]
    found = CALLABLE if is_callable else LATER, (*make, function, *args)
    if any(each is not None for each in rest):
        return *found, (state, list(items or ()), list(pairs or ()), setter)
    return found


class Deferred:
    """A call that makes an object, but not here; pickling it gives the call.

    When an attribute of the object is asked for, it makes the object: some collections do so while
    the scheduler makes tasks of them.
    """

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
    """The same for something that can be called, since frameworks check that."""

    def __call__(self, *args, **options):
        return real(self)(*args, **options)


def real(obj):
    """What was deferred, made here and now."""
    return pickle.loads(pickle.dumps(obj, 5))


class SentOn:
    """Stands, in a pickle, for a snapshot as it came, with all that it requires."""

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
    """The call that finds a text where a pickle arrives, or executes it as it came here."""
    registry = Now(getattr, Now(__import__, "sys"), "_modulepickle_registry", eval)
    return Now(registry, stage0, {"__name__": names["__name__"], "packed": names["packed"]})


class Unusable:
    """Stands for something that could not be imported, and raises that error when it is used."""

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
    """What one digest stands for in this process."""

    def __init__(self, peer, digest):
        self.peer, self.digest = peer, digest

    @property
    def snapshot(self):
        """The snapshot itself, for functions that went by value."""
        found = self.peer.snapshots.get(self.digest) or self.peer.seen.get(self.digest)
        if found is None:
            raise pickle.UnpicklingError(
                f"version {self.digest.hex()[:8]} of the code that was sent is no longer kept"
                " in this process: submit the task again"
            )
        return found

    def resolve_name(self, name):
        """What `module:path` stands for in this version, or an `Unusable` with the reason."""
        module, _, path = name.partition(":")
        for home in [*self.peer.homes]:
            if home.has(self.digest):
                return home.find(self.digest, module, path)
        try:
            return self.snapshot(module, *(path.split(".") if path else ()))
        except Exception as error:
            return Unusable(error)


class Peer:
    """One process of a cluster, or of several.

    Attributes:
        held: id of a client -> digest -> snapshot, of what that client installed here.
        snapshots: all of these. tops: their top-level names, as a pickle has them.
        seen: digest -> snapshot, of what came with the tasks of other engines, while it is used.
        homes: the clients in this process, whose modules are the process' own (`_engines.dask`).
        sender: pickles what such a client sends, and answers None for all else.
        sent_on: what makes snapshots elsewhere, of those that came with the tasks of an engine.
        local: `graph` is True while this thread pickles a graph; `code`, a function or class that
            is a task by itself.
    """

    later, callable = Deferred, DeferredCallable

    def __init__(self):
        self.held, self.snapshots, self.tops, self.homes = {}, {}, (), []
        self.seen = weakref.WeakValueDictionary()
        self.sender, self.is_patched, self.returns, self.sent_on = None, False, set(), None
        self.local = threading.local()

    def get(self, digest, default=None):
        """The version of a digest. In a process without a peer, a dict stands for this object."""
        return Version(self, digest)

    def by_key(self, key, name):
        """The class that went by value from here, or came so."""
        for known in registry.own, registry.received:
            if key in known:
                return known[key]
        raise pickle.UnpicklingError(
            f"{name} came back by the key that it was sent with, and this process has no such class"
            " any more: it was defined again; submit the task again"
        )

    def make(self, function, *args):
        """What a call returns, or an `Unusable` with its error."""
        for each in (function, *args[:1]):
            if isinstance(each, Unusable):
                return each
        return function(*args)

    def install(self, client, snapshots, keep):
        """Keep snapshots, and of the client's earlier ones those whose digests are to be kept."""
        had = self.held.get(client, {})
        self.held[client] = {digest: had[digest] for digest in keep if digest in had}
        self.held[client].update((each.parts[1], each) for each in snapshots)
        self.snapshots = {}
        for held in self.held.values():
            self.snapshots.update(held)
        tops = {each.parts[0].partition(".")[0] for each in self.snapshots.values()}
        self.tops = [top.encode() for top in sorted(tops)]
        self.patch()
        before = {old.parts[0]: old for old in had.values()}  # of each package, the latest
        used = [
            (new, name)
            for new in snapshots
            if new.parts[0] in before
            for name in [*before[new.parts[0]].made]
        ]
        # While the scheduler makes tasks of a graph, this process imports what it had in use.
        if used:
            threading.Thread(target=warm, args=(used,), daemon=True).start()

    def returning(self, module, name, loader, stage0=None):
        """What makes snapshots whose definitions a pickler of this process sends as references."""
        home = sys.modules.get(module)
        found = getattr(home, name, None)
        if found and not self.homes and (module, name) not in self.returns:
            self.returns.add((module, name))
            self.answer_with(home, name, found)
        texts = [each.__globals__ for each in (call, loader)]
        # Not in a child that was forked: there this is a module of the library.
        if stage0 and all("packed" in each for each in texts):
            ours, theirs = (text_of(each, stage0) for each in texts)
            self.sent_on = Now(ours, "returning", module, name, theirs, stage0)

        def snapshot(top, digest, *rest):
            found = self.seen[digest] = loader(top, digest, *rest)
            return found

        return snapshot

    def answer_with(self, home, name, found):
        """Let something that pickles results do that: a class, a `pickle`, or that of mpi4py."""
        if isinstance(found, type):
            rest = getattr(found, "reducer_override", leave)
            found.reducer_override = first(self.reduce_result, rest)
            found.dump = self.noting_code(found.dump)
        elif isinstance(found, ModuleType):
            setattr(home, name, Between(self.dumps_result, found))
        else:
            found.__init__(self.dumps_result, pickle.loads)

    def dumps_result(self, obj, protocol=None, buffer_callback=None):
        """The pickle of a result; of what `pickle` refuses, with references."""
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
        """The reduction of what plain pickle would refuse, since its name finds another here."""
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

    # A task that makes tasks: their code goes to processes that may lack it

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
        """The reduction of something shipped in a function or class that is a task itself."""
        is_module = isinstance(obj, ModuleType)
        name = (obj.__name__, "") if is_module else (obj.__module__, obj.__qualname__)
        digest = self.digest(obj, *name)
        if digest not in self.seen:
            return NotImplemented
        path = name[1].split(".") if name[1] else ()
        return SentOn(self.seen[digest], self.sent_on, {}), (name[0], *path)

    # What this process pickles

    def patch(self):
        """Have shipped objects pickled as references; once, in a process that is not a client."""
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
        """Answer Dask's calls of `pickle.dumps`."""
        if not isinstance(theirs.pickle, Between):
            theirs.pickle = Between(self.dumps, theirs.pickle)

    def sending(self, send):
        def _graph_to_futures(*args, **options):
            with self.pickling_graph():
                return send(*args, **options)

        return _graph_to_futures

    @contextlib.contextmanager
    def pickling_graph(self):
        """Let what this thread pickles meanwhile be deferred."""
        before, self.local.graph = self.graph, True
        try:
            yield
        finally:
            self.local.graph = before

    @property
    def graph(self):
        return getattr(self.local, "graph", False)

    def dumps(self, obj, buffer_callback=None, **options):
        """The pickle of an object, as `pickle.dumps` makes it."""
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
        # Pickling by name is quick, and right if no name belongs to what was sent.
        if data is None or any(top in data for top in self.tops):
            buffers.clear()
            data = pickled_by(self.reduce, obj, buffer_callback=append, **options)
        for each in buffers:
            buffer_callback(each)
        return data

    def reduce(self, obj):
        """The reduction of what was shipped and, in a graph, of what is made from it."""
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
        """The digest of the snapshot that an object stands in under a name, or None."""
        if not isinstance(module, str) or not isinstance(path, str) or "<" in path:
            return None
        # The latest first: others have that one as well, if two versions share something.
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
    """Stands for `pickle` in a module of an engine that pickles with it."""

    def __init__(self, dumps, plain):
        self.dumps, self.plain = dumps, plain

    def __getattr__(self, name):
        return getattr(self.plain, name)


class By(pickle.Pickler):
    """A pickler whose hook is set on it."""


def pickled_by(reduce, obj, protocol=None, buffer_callback=None):
    """The pickle of an object, by a pickler with a hook."""
    file = io.BytesIO()
    pickler = By(file, protocol, buffer_callback=buffer_callback)
    pickler.reducer_override = reduce
    pickler.dump(obj)
    return file.getvalue()


def key_of(obj):
    """The key of a class that came by value (see `classes`), or None."""
    keys = [key for key, each in [*registry.received.items()] if each is obj]
    return keys[0] if keys and isinstance(obj, type) else None


def is_builtins(names):
    """Whether they are the builtins of shipped code, which dill would pickle with a function."""
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
    """Import again what was in use. What cannot be imported fails when a task asks for it."""
    for snapshot, name in used:
        try:
            snapshot(name)
        except Exception:
            pass


def at(home, path):
    """What stands under a dotted path of attributes."""
    for part in path.split(".") if path else ():
        home = getattr(home, part)
    return home


def call(method, *args):
    """Call this process' peer, of whatever release it is."""
    return getattr(registry.peer, method)(*args)


vars(registry).setdefault("peer", Peer())
registry.texts.setdefault(__name__, call)
