"""The `__main__` that functions by value see.

A shipped text, behind `classes`.
"""

import sys
import types


class Script(types.ModuleType):
    """`__main__` as functions by value see it: their globals."""

    __dict__ = property(lambda self: self._modulepickle_names)

    def __getattr__(self, name):
        if name in vars(self):
            return vars(self)[name]
        if name[:2] == "__":  # where the program is, and such
            return getattr(sys.modules["__main__"], name)
        raise AttributeError(f"the script's own __main__ did not travel, nor did its {name!r}")

    def __setattr__(self, name, value):
        vars(self)[name] = value

    def __delattr__(self, name):
        del vars(self)[name]

    def _modulepickle_show(self, names):
        """Let functions with these globals import it."""
        plain = names["__builtins__"]["__import__"]

        def find(home, name, *args, **options):
            return self if name == "__main__" else plain(name, *args, **options)

        bound = types.MethodType(find, getattr(plain, "__self__", names))
        names["__builtins__"] = {**names["__builtins__"], "__import__": bound, "__main__": self}


def script(names):
    made = Script.__new__(Script)
    object.__setattr__(made, "_modulepickle_names", names)
    return made
