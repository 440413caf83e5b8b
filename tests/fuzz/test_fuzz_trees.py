"""Any tree of packages means the same on a bare receiver as where it is imported from (R4, R8)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forks import Server
from fuzzing import fuzz
from hypothesis import given
from trees import Tree, trees

from receivers import interpreters

# What both sides run: it turns what a module holds into plain lists and strings.
DESCRIBE = """
import sys, types

def kind(value):
    if isinstance(value, types.ModuleType):
        return "module", value.__name__
    if getattr(value, "__name__", None) == "import_module":
        return "import_module"  # a receiver's knows who calls
    if isinstance(value, type):
        return "class", value.__module__, value.__qualname__
    if isinstance(value, types.FunctionType):
        return "function", value.__module__, value.__qualname__
    if isinstance(value, types.GeneratorType):
        return [kind(each) for each in value]
    if isinstance(value, dict):
        return [(key, kind(each)) for key, each in sorted(value.items())]
    if isinstance(value, (tuple, list)):
        return [kind(each) for each in value]
    return value if value is None or isinstance(value, (str, int)) else type(value).__name__

def error(problem):
    # A receiver's ImportError says more in its text, which is not compared (R15).
    return "raised", type(problem).__name__, getattr(problem, "name", None)

def called(function):
    try:
        return kind(function())
    except Exception as problem:
        return error(problem)

def describe(module):
    if getattr(module, "__file__", None) is None:
        return "namespace", module.__name__
    found = [module.__name__, module.__package__, module.__doc__, hasattr(module, "__path__")]
    for name, value in sorted(vars(module).items()):
        if name.startswith("__") and name != "__all__":
            continue
        # A child stands on its parent before it executes: what a star takes while it does, has it.
        if "STAR" in vars(module) and isinstance(value, types.ModuleType):
            continue
        # And a star of a namespace package takes what the loader keeps in its stand-in.
        if "STAR" in vars(module) and (name == "import_module" or len(name) == 1 and name != "p"):
            continue
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            value = [kind(value), called(value)]
        elif isinstance(value, type) and value.__module__ == module.__name__:
            inside = sorted(vars(value).items())
            value = [kind(value), [(key, kind(each)) for key, each in inside if key[0] != "_"]]
        else:
            value = kind(value)
        found.append((name, value))
    found.append(called(lambda: module.LATE))
    return found
"""

SENDER = """
import importlib, modulepickle, os, sys, warnings
warnings.simplefilter("error", modulepickle.StaleSourceWarning)
os.chdir(folder)
sys.path.insert(0, folder)
import entry
imported = []
for name in eager:
    try:
        module = importlib.import_module(name)
    except Exception:
        continue
    # Of a namespace that has nothing in it so far, no receiver knows what it is.
    inside = [sys.modules[each] for each in sys.modules if each.startswith(name + ".")]
    if any(getattr(each, "__file__", None) for each in [module, *inside]):
        imported.append(module)
data = modulepickle.dumps((imported, entry.observe))
assert data == modulepickle.dumps((imported, entry.observe)), "the second time, another pickle"
result = data, [module.__name__ for module in imported]
"""

NATIVE = f"""
{DESCRIBE}
import importlib
sys.path.insert(0, folder)
try:
    for name in eager:
        importlib.import_module(name)
    import entry
    result = entry.observe(describe, error)
except Exception as problem:
    result = error(problem)
# A package has failed, and what it imported of itself is still there: a receiver starts anew (R14).
orphans = [name for name in sys.modules if (name.rpartition(".")[0] or name) not in sys.modules]
result = result, orphans
"""

RECEIVER = f"""
{DESCRIBE}
import os, pickle
os.environ["MODULEPICKLE_CACHE"] = cache
try:
    imported, observe = pickle.loads(data)
    result = observe(describe, error)
except Exception as problem:
    result = error(problem)
"""


@pytest.fixture(scope="module", params=interpreters())
def servers(request: pytest.FixtureRequest) -> Iterator[dict[str, Server]]:
    made = {
        "sender": Server(bare=False, hash_seed=1),
        "other sender": Server(bare=False, hash_seed=2),
        "bare": Server(python=request.param),
    }
    yield made
    for server in made.values():
        server.close()


def check(tree: Tree, servers: dict[str, Server]) -> None:
    with tempfile.TemporaryDirectory() as job:
        folder, copy = tree.write(Path(job, "tree")), tree.write(Path(job, "another", "copy"))
        data, imported = servers["sender"].ask(SENDER, folder=str(folder), eager=tree.eager)
        again, _ = servers["other sender"].ask(SENDER, folder=str(copy), eager=tree.eager)
        assert data == again, "another checkout and hash seed, another pickle"
        seen: Any = servers["bare"].ask(RECEIVER, data=data, cache=os.path.join(job, "cache"))
        expected, orphans = servers["bare"].ask(NATIVE, folder=str(folder), eager=imported)
    if tree.homonyms:
        seen, expected = blurred(seen), blurred(expected)
    if not orphans:
        assert not differences(seen, expected), "\n".join(differences(seen, expected))


def blurred(value: Any) -> Any:
    """Forget which module a module is.

    A child stands on its parent before it executes, and not only after that (R14). While it does,
    another thing of that name in the parent is hidden, and `from . import` finds the child.
    """
    if isinstance(value, tuple) and value[:1] == ("module",):
        return "a module"
    if isinstance(value, (list, tuple)):
        return type(value)(map(blurred, value))
    return value


def differences(seen: Any, expected: Any) -> list[str]:
    """Tell the modules, and in them the names, for which a receiver does not see what it should."""
    if type(seen) is not type(expected) or not isinstance(seen, list) or len(seen) != len(expected):
        return [] if seen == expected else [f"received: {seen}\nexpected: {expected}"]
    return [line for pair in zip(seen, expected) for line in differences(*pair)]


@fuzz
@given(tree=trees())
def test_a_receiver_computes_what_an_import_computes(
    tree: Tree, servers: dict[str, Server]
) -> None:
    check(tree, servers)
