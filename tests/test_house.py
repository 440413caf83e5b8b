"""The house: imports run one way, only the standard library is needed, and importing is cheap."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from receivers import SITE, SOURCE, receive

PACKAGE = SOURCE / "modulepickle"
MODULES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# The floors of the house, from the ground: a folder imports only from itself and from those before
# it. What stands in the top folder is the public face, above them all.
FLOORS = (
    ("_base",),
    ("_local",),
    ("_snapshot",),
    ("_loader",),
    ("_reduce",),
    ("_pickler",),
    ("_engines", "_report", "_run"),
    ("_cli",),
    ("",),
)
FLOOR = {folder: number for number, folders in enumerate(FLOORS) for folder in folders}

# The texts that run on receivers: they import nothing of ours, and nobody imports them.
SHIPPED = {
    f"_loader.{name}"
    for name in (
        "archive_paths", "archive_reader", "beside", "cache_files", "cache_folder", "callers",
        "class_enums", "class_kinds", "class_places", "class_script", "classes", "diverted",
        "files", "finders", "foreign", "functions", "hides",
        "imports", "lines", "loader", "module_loaders", "modules", "pages", "peers", "reach",
        "registry", "said", "standin", "store", "sys_modules", "unpacking", "whose",
    )
}  # fmt: skip
# Shipped, and used by the library, or by another shipped file as well.
SHARED = {
    f"_loader.{name}"
    for name in (
        "archive_paths", "archive_reader", "beside", "cache_files", "cache_folder", "classes",
        "diverted", "files", "finders", "hides", "imports", "loader", "module_loaders", "modules",
        "pages", "peers", "reach", "registry", "said", "sys_modules", "unpacking", "whose",
    )
}  # fmt: skip

# What these patch or use is imported when they are called, from whatever the user has installed.
FOR_OTHERS = {"_cli.main", "_engines.cloudpickle", "extend", "stores", "test"}

# Of the standard library as well, but newer than the Python that runs the tests may be.
NEWER = {"annotationlib"}  # 3.14

# What `import modulepickle` may load on top of a bare interpreter: public top-level modules of the
# standard library. A new name here costs every user's start; say why it is worth that.
CHEAP = {
    "abc",
    "annotationlib",  # typing, from 3.14 on; as all that is marked 3.14
    "ast",  # 3.14
    "base64",
    "binascii",
    "collections",
    "contextlib",
    "contextvars",  # four lines, of what the interpreter has in C
    "copyreg",
    "enum",
    "errno",  # 3.14
    "fnmatch",
    "functools",
    "gc",  # built in
    "genericpath",  # os.path
    "heapq",  # collections, up to 3.9
    "importlib",
    "io",
    "itertools",
    "keyword",
    "operator",
    "os",
    "pickle",
    "posixpath",
    "re",
    "reprlib",
    "sre_compile",  # re, up to 3.10; as the next two
    "sre_constants",
    "sre_parse",
    "stat",
    "struct",
    "sys",
    "threading",
    "types",
    "typing",
    "warnings",
    "weakref",
    "zlib",
}


class Imports(ast.NodeVisitor):
    """Collects (name, whether at the top level) of each import, those for type checkers too."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[tuple[str, bool]] = []
        self.depth = 0
        self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        self.found += [(alias.name, not self.depth) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert not node.level, "imports of ours are absolute"
        self.found.append((str(node.module), not self.depth))
        if node.module and node.module.partition(".")[0] == "modulepickle":
            # `from modulepickle._loader import cache` means a module of that folder.
            self.found += [(f"{node.module}.{alias.name}", False) for alias in node.names]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1


def imports(path: Path) -> list[tuple[str, bool]]:
    return Imports(ast.parse(path.read_text(encoding="utf-8"))).found


def ours(name: str) -> set[str]:
    """Return the modules of ours that a module imports, folders' stories aside."""
    tails = {name.partition(".")[2] for name, _ in imports(MODULES[name])}
    return {each for each in tails if each in MODULES}


def folder(name: str) -> str:
    return name.rpartition(".")[0]


# Before it knows what stands in the top folder, a module below may name these: they are asked for
# when somebody calls, of whatever the user takes.
LATE = {("_engines.cloudpickle", "stores"), ("_cli.explain", "stores")}


def floors(graph: dict[str, set[str]]) -> dict[str, int]:
    """Return the floor of each module: one more than the highest that it imports.

    Raises:
        RecursionError: imports run in a circle.
    """
    found: dict[str, int] = {}

    def floor(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((floor(each) for each in graph[name]), default=-1)
        return found[name]

    for name in graph:
        floor(name)
    return found


def test_every_folder_has_a_floor():
    assert {folder(name) for name in MODULES if not name.endswith("__init__")} == set(FLOOR)


@pytest.mark.parametrize("name", [each for each in FLOOR if each])
def test_every_folder_has_a_story_and_nothing_else(name):
    tree = ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8"))
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_one_way(name):
    here = folder(name)
    above = {
        other
        for other in ours(name)
        if folder(other) != here and FLOOR[folder(other)] >= FLOOR[here]
    }
    assert {(name, other) for other in above} <= LATE


def test_no_module_imports_in_a_circle():
    graph = {name: {each for each in ours(name) if each != name} for name in MODULES}
    for here, there in LATE:
        graph[here].discard(there)
    assert max(floors(graph).values()) < 40


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_shipped_text_imports_nothing_of_ours(name):
    assert ours(name) <= SHARED


# Python 3.9 doesn't say what its standard library is: delete the mark when 3.9 is dropped.
@pytest.mark.skipif(sys.version_info < (3, 10), reason="no sys.stdlib_module_names")
@pytest.mark.parametrize("name", MODULES)
def test_only_the_standard_library_is_imported(name):
    foreign = [
        other
        for other, at_top in imports(MODULES[name])
        if other.partition(".")[0] not in {*sys.stdlib_module_names, *NEWER, "modulepickle"}
        and (at_top or name not in FOR_OTHERS)
    ]
    assert foreign == []


# The command line prints, and so does `test`, which is there to show what goes on in a container.
@pytest.mark.parametrize("name", sorted(set(MODULES) - {"__main__", "test"}))
def test_nothing_is_printed(name):
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert calls == []


def test_importing_the_library_is_cheap():
    code = f"""
        import sys
        sys.path.insert(0, {str(SITE)!r})
        sys.dont_write_bytecode = True
        before = set(sys.modules)
        import modulepickle
        result = sorted(set(sys.modules) - before)
    """
    loaded = {name.partition(".")[0] for name in receive([], code).result}
    assert "modulepickle" in loaded
    dear = {name for name in loaded - CHEAP - {"modulepickle"} if not name.startswith("_")}
    assert dear == set()
