"""What pydantic keeps of a script that means nothing elsewhere: by the public names instead.

Nothing of pydantic is imported here. What is met shows that it has been.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import operator
import sys
from typing import Any, Final

from modulepickle._loader.emit import Reduced
from modulepickle._reduce.local import generic_parameters
from modulepickle._reduce.state import Dump, Reducer

__all__ = ["OF_PYDANTIC", "with_parameters"]


def with_parameters(dump: Dump, cls: Any, found: Any) -> Reduced | None:
    """Return the call that gives `RootModel[int]` and the like, or None for another class.

    Args:
        found: the way to the class by its name.
    """
    origin, args = generic_parameters(cls)
    if origin is None or (found is NotImplemented and not dump.parts.used):  # R3
        return None
    return operator.getitem, (origin, args[0] if len(args) == 1 else args)


def _namespaces(_: Dump, obj: Any) -> Any:
    """Reduce where a validated function looks names up; that is over when its validator is made.

    Otherwise each global of the script would travel with it.
    """
    if all(each is not vars(sys.modules["__main__"]) for each in obj):
        return NotImplemented
    return type(obj), tuple({} if each is vars(sys.modules["__main__"]) else each for each in obj)


def _settings(_: Dump, obj: Any) -> Reduced:
    """Reduce a wrapper of settings: without any, its `__getattr__` has no end."""
    return type(obj), (obj.config_dict,)


OF_PYDANTIC: Final[dict[str, Reducer]] = {
    "pydantic._internal._namespace_utils.NamespacesTuple": _namespaces,
    "pydantic._internal._config.ConfigWrapper": _settings,
}
