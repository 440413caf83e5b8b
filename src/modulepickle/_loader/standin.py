"""What `import modulepickle` gives shipped code where the library is not installed.

It travels as a package of its own when something that is shipped imports the library, and stands
back where the receiver has that. Settings are the sender's business and do nothing here; what would
have to pickle says that it cannot.
"""

import pickle
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
    """What a setting returns here: it can be called, entered and undone, and does nothing."""

    def __call__(self, *args, **options):
        return None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def undo(self):
        return None


class Named:
    """What a name of the library is here."""

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
    """A module of the library."""

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
