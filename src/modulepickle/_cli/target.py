"""What the command line names: `module:object` or `path/file.py:object`, from the current folder.

Outside API: `find`.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import pkgutil
import sys
import traceback
from types import ModuleType, TracebackType
from typing import Any, Final

from modulepickle._cli.mistake import Mistake, close
from modulepickle._local.policy import get_policy
from modulepickle._local.tree import INSTALLATIONS, project_root, working_tree

__all__ = ["find"]

IMPORTERS: Final = {__file__, importlib.__file__}
"""Files whose frames do not help to see what is wrong with a user's module."""


def find(text: str, form: str = "MODULE:FUNCTION", program: str = "python -m modulepickle") -> Any:
    """Return what `module:name` or `path/file.py:name` names.

    Args:
        text: as it was typed. form: how the command line says that. program: what was typed to
        start it.

    Raises:
        Mistake: it is no such text, or names nothing.
    """
    if os.path.isfile(text) and not text.endswith(".py"):
        hint = f"to see what a pickle holds, type  {program} inspect {text}"
        raise Mistake(f"{text} is a file, and not {form}; {hint}")
    name, colon, path = text.rpartition(":") if ".py:" in text else text.partition(":")
    if name.endswith(".py") or "/" in name or os.sep in name:
        if not (colon and path):
            kind = "folder" if os.path.isdir(name) else "file"
            raise Mistake(f"{name} is a {kind}; name what is in it:  {name}:{_example(name)}")
        return _attribute(_in_file(_with_package(name)), name, path)
    if not (name and colon and path):
        above, _, last = name.rpartition(".")
        example = f"{above}:{last}" if above and last and not colon else "train:fit"
        raise Mistake(f"{text!r} is not {form}; write for example  {example}")
    _look_here()
    return _attribute(_imported(name), name, path)


def _with_package(name: str) -> str:
    """Return the file of a package, if the folder of one was named."""
    file = os.path.join(name, "__init__.py")
    return file if os.path.isfile(file) else name


def _example(name: str) -> str:
    """Return the name of a function of a file, or one that could be."""
    try:
        with open(_with_package(name), "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return "fit"
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = (each.name for each in tree.body if isinstance(each, kinds))
    return next((each for each in names if not each.startswith("_")), "fit")


def _look_here() -> None:
    """Let imports look in the current folder, as `python -m` does, but for PYTHONSAFEPATH."""
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())


def _look_in_src(name: str) -> bool:
    """Let imports look in the folder `src`, if that has a module that is nowhere else."""
    places = [os.path.abspath("src")]
    if name.partition(".")[0] not in (each.name for each in pkgutil.iter_modules(places)):
        return False
    sys.path[:0] = places
    importlib.invalidate_caches()
    return True


def _in_file(name: str) -> ModuleType:
    """Return the module of a file: of the package that it stands in, if it stands in one."""
    path = os.path.realpath(name)
    if not os.path.isfile(path):
        raise Mistake(_no_file(name))
    folder, file = os.path.split(path)
    if not file.endswith(".py"):
        raise Mistake(f"{name} is not a Python file: its name does not end with .py")
    parts = [] if file == "__init__.py" else [file[: -len(".py")]]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, last = os.path.split(folder)
        parts.insert(0, last)
    module = ".".join(parts)
    if not all(part.isidentifier() for part in parts):
        raise Mistake(
            f"{name} cannot be imported: {module!r} is not a valid module name; rename the file"
        )
    _is_in_the_tree(path, folder, name, module)
    _look_here()
    sys.path.insert(0, folder)  # as for a script that stands there
    found = _imported(module)
    file = getattr(found, "__file__", None) or ""
    if os.path.realpath(file) != path:
        raise Mistake(
            f"{name} would be imported as {module}, and that is another module here:"
            f" {file or 'a built-in one'}; rename the file"
        )
    return found


def _no_file(name: str) -> str:
    folder, last = os.path.split(name)
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return f"there is no folder {folder}"
    return f"there is no file {name}{close(last, names)}"


def _is_in_the_tree(path: str, folder: str, name: str, module: str) -> None:
    """Raise if a file would go by name only, since it is outside the working tree."""
    policy = get_policy()
    is_settled = policy.includes(module) or policy.excludes(module)
    is_installed = not INSTALLATIONS.isdisjoint(path.split(os.sep))
    if not (is_settled or is_installed or working_tree().has(path, os.path.normcase(path))):
        home = project_root(folder) or folder
        raise Mistake(
            f"{name} is not in the working tree of {os.getcwd()}, so it would not travel; type "
            f" cd {home}  first"
        )


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name.partition(".")[0] and _look_in_src(name):
            return _imported(name)
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
    """Return the message for a module that is not there, with what may be meant."""
    above, _, last = name.rpartition(".")
    folders = getattr(sys.modules.get(above), "__path__", []) if above else [os.getcwd()]
    hint = close(last, (each.name for each in pkgutil.iter_modules([*folders])))
    if not hint:
        hint = "; run this in the folder that it is imported from"
    return f"there is no module {name!r} here: {os.getcwd()}{hint}"


def _attribute(found: Any, name: str, path: str) -> Any:
    """Return what stands under a dotted path in a module."""
    where = name
    for part in path.split("."):
        if not hasattr(found, part):
            hint = close(part, dir(found))
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


def _show(error: Exception) -> None:
    """Print the traceback of a user's module, from its own first line on."""
    frames: TracebackType | None = error.__traceback__
    while frames is not None and _imports(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)


def _imports(file: str) -> bool:
    return file in IMPORTERS or file.startswith("<frozen importlib")
