"""What others' picklers do with shipped code that its name does not find here (R16).

A shipped text, behind `loader`. Where the host has a module of that name by itself, or another
version came later, plain pickle refuses a function or class: its name finds something else.
cloudpickle and dill copy it instead, and what comes home is a stranger, whose imports find other
code. So once a process has such code, the pickler classes that others derived from those of
`pickle` are asked first: the package travels on, if this process has the library to send it, or
there is an error. What goes by name, by a reference, or was by value before, stays as it is.
"""

import sys
import types
import weakref

from modulepickle._loader.loader import SNAPSHOTS, Snapshot, host_module, put_first
from modulepickle._loader.registry import registry

HOOK = "reducer_override"
GUARDED = weakref.WeakSet()  # pickler classes, those that need no guard included
MODULES = {"cloudpickle", "cloudpickle_fast", "_dill"}  # the last part of the names of such modules


def guard_picklers():
    """Guard the pickler classes that there are, and those of modules that are imported later."""
    put_first(sys.meta_path, registry.watch)
    pickle = sys.modules.get("pickle")  # without it, nobody has derived anything
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
        # A pickler in Python may have more ways than this one. What our own hooks return does not
        # begin with a function or class.
        if is_pure if found is NotImplemented else is_copy(obj, found):
            home = hidden_home(obj)
            if home:
                return send_on(home, obj)
        return found

    return reducer_override


def is_copy(obj, reduction):
    if type(reduction) is not tuple or issubclass(type(obj), types.ModuleType):
        return False  # cloudpickle sends a module as its name, which is right at home
    return isinstance(reduction[0], (types.FunctionType, type))


def hidden_home(obj):
    """The snapshot of a function, class or module, if its name finds something else here."""
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
    except Exception:  # a class may answer as it likes
        return False
    return module is obj


def send_on(home, obj):
    """The reduction of what is hidden here: a pickle of its own, made by the library.

    Raises:
        pickle.PicklingError: the library is not here.
    """
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
    """Stands on `sys.meta_path`, and lets picklers be guarded when their module was executed."""

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


# Of another release of this text, each guards what its own snapshots made.
vars(registry).setdefault("guards", []).append(guard_picklers)
vars(registry).setdefault("watch", Watch())
# The name that the library of early releases, where a worker has that, knows it by.
Snapshot.needs = property(lambda home: home.requirements)
