"""What the command line names: `module:object`, imported from the current folder.

Outside API: `Mistake`, `find`.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterable
from types import ModuleType, TracebackType
from typing import Any, Final

__all__ = ["Mistake", "find"]

IMPORTERS: Final = {__file__, importlib.__file__}
"""Files whose frames say nothing of what is wrong with a user's module."""


class Mistake(Exception):
    """Something wrong with what was typed; the message says what to type instead."""


def find(text: str, form: str = "MODULE:FUNCTION") -> Any:
    """Return what `module:name` names.

    Args:
        text: as it was typed. form: how the command line says that.

    Raises:
        Mistake: it is no such text, or names nothing.
    """
    name, colon, path = text.partition(":")
    if "/" in name or os.sep in name or name.endswith(".py"):
        dotted = name.removesuffix(".py").replace(os.sep, "/").strip("./").replace("/", ".")
        kind = form.partition(":")[2]
        raise Mistake(f"{name} is a file; write the module:  {dotted}:{path or kind}")
    if os.path.isfile(text):
        hint = f"what a pickle holds, says  python -m modulepickle inspect {text}"
        raise Mistake(f"{text} is a file, and not {form}; {hint}")
    if not (name and colon and path):
        above, _, last = name.rpartition(".")
        example = f"{above}:{last}" if above and last and not colon else "train:fit"
        raise Mistake(f"{text!r} is not {form}; write for example  {example}")
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does, but for PYTHONSAFEPATH
    return _attribute(_imported(name), name, path)


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise Mistake(_not_found(error.name)) from None
        _show(error)
    except SystemExit as error:
        raise Mistake(
            f"{name} ends the process when it is imported (exit code {error.code}): put what it"
            ' does as a script under  if __name__ == "__main__":'
        ) from None
    except Exception as error:  # of a user's module
        _show(error)
    raise Mistake(f"{name} cannot be imported, see above")


def _not_found(name: str) -> str:
    """Say that there is no module, and what may be meant."""
    above, _, last = name.rpartition(".")
    folders = getattr(sys.modules.get(above), "__path__", []) if above else [os.getcwd()]
    hint = _close(last, (each.name for each in pkgutil.iter_modules([*folders])))
    if not above and last in (each.name for each in pkgutil.iter_modules(["src"])):
        hint = "; it is in the folder src: put  PYTHONPATH=src  before the command"
    elif not hint:
        hint = "; type this in the folder that it is imported from"
    return f"there is no module {name!r} here: {os.getcwd()}{hint}"


def _attribute(found: Any, name: str, path: str) -> Any:
    """Return what stands under a dotted path in a module."""
    where = name
    for part in path.split("."):
        if not hasattr(found, part):
            hint = _close(part, dir(found))
            if isinstance(found, ModuleType) and _is_module(f"{where}.{part}"):
                hint = f"; it is a module: write  {where}.{part}:NAME"
            raise Mistake(f"{where!r} has no {part!r}{hint}")
        found = getattr(found, part)
        where += ("." if ":" in where else ":") + part
    return found


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # what stands before the dot is no package
        return False


def _close(word: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, [*names], 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _show(error: Exception) -> None:
    """Print the traceback of a user's module, from its own first line on."""
    frames: TracebackType | None = error.__traceback__
    while frames is not None and _imports(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)


def _imports(file: str) -> bool:
    return file in IMPORTERS or file.startswith("<frozen importlib")
