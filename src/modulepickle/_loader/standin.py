"""What `import modulepickle` gives shipped code where the library is not installed.

It travels as a package of its own when something that is shipped imports the library, and stands
back where the receiver has that. Settings are the sender's business and do nothing here; what would
have to pickle says that it cannot.
"""

import pickle

PackagingError = PicklingError = pickle.PicklingError
PickleError, UnpicklingError, PickleBuffer = (
    pickle.PickleError,
    pickle.UnpicklingError,
    pickle.PickleBuffer,
)
HIGHEST_PROTOCOL, DEFAULT_PROTOCOL = pickle.HIGHEST_PROTOCOL, pickle.DEFAULT_PROTOCOL
Unpickler = pickle.Unpickler
SETTINGS = ("extend_", "set_", "register_", "unregister_", "preload", "hold", "Policy")


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


def load(file, **options):
    return pickle.load(file)


def loads(data, **options):
    return pickle.loads(data)


def wrap(obj):
    return obj


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def stand_in(*args, **options):
        if name.startswith(SETTINGS):
            return Nothing()
        raise RuntimeError(
            f"modulepickle.{name}() was called where the library is not installed: this process "
            "received a pickle, which needs no library. To pickle here, pip install modulepickle"
        )

    return stand_in
