"""The house: imports run one way, only the standard library is needed, and importing is cheap."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from receivers import SOURCE, receive

PACKAGE = SOURCE / "modulepickle"
MODULES = {path.stem: path for path in sorted(PACKAGE.glob("*.py"))}

# A module imports only what stands before it. `_loader` is not in the row: it is shipped as text,
# imports nothing of ours, and nobody imports it.
ORDER = (
    "_log",
    "_hash",
    "_errors",
    "_threads",
    "_tree",
    "_settings",
    "_policy",
    "_distributions",
    "_imports",
    "_mentions",
    "_scan",
    "_process",
    "_walk",
    "_files",
    "_left_out",
    "_watch",
    "_needs",
    "_archive",
    "_members",
    "_snapshot",
    "_shipped",
    "_shipped_fetch",
    "_shipped_rebuild",
    "_shipped_classes",
    "_emit",
    "_received",
    "_stale",
    "_own",
    "_registered",
    "_code",
    "_places",
    "_named",
    "_byvalue",
    "_keys",
    "_classes",
    "_others",
    "_namespace",
    "_reduce",
    "_shipping",
    "_parcel",
    "_patch",
    "_path",
    "_record",
    "_signed",
    "_pickler",
    "_preload",
    "_report",
    "_opcodes",
    "_fetched",
    "_anatomy",
    "_reading",
    "_contents",
    "_inspect_text",
    "_inspect",
    "_gaps",
    "_explain_policy",
    "_explain_warnings",
    "_explain_text",
    "_explain",
    "stores",
    "extend",
    "_dask",
    "_target",
    "_bare",
    "_docker",
    "test",
    "__init__",
    "_cache",
    "_demo",
    "__main__",
)
# What these patch or use is imported when they are called, from whatever the user has installed.
FOR_OTHERS = {"extend", "stores", "test"}

# Of the standard library, too, but newer than the Python that runs the tests may be.
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
    """Collects (name, whether at the top level) of each import that runs."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[tuple[str, bool]] = []
        self.depth = 0
        self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        self.found += [(alias.name, not self.depth) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level and not node.module:  # from . import _scan
            names = [f"modulepickle.{alias.name}" for alias in node.names]
        else:
            names = ["modulepickle." * bool(node.level) + str(node.module)]
        self.found += [(name, not self.depth) for name in names]

    def visit_If(self, node: ast.If) -> None:
        typing_only = ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for child in node.orelse if typing_only else ast.iter_child_nodes(node):
            self.visit(child)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1


def imports(path: Path) -> list[tuple[str, bool]]:
    return Imports(ast.parse(path.read_text(encoding="utf-8"))).found


def ours(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a file imports; the package itself as `__init__`."""
    for name, _ in imports(path):
        top, _, rest = name.partition(".")
        if top == "modulepickle":
            first = rest.split(".")[0]
            yield first if first in MODULES else "__init__"


def test_there_are_modules():
    assert "__init__" in MODULES


def test_every_module_has_a_place():
    assert set(MODULES) - {"_fetch", "_loader", "_rebuild", "_rebuild_classes"} <= set(ORDER), (
        "give the new module its place in ORDER"
    )


@pytest.mark.parametrize("name", [name for name in ORDER if name in MODULES])
def test_imports_run_one_way(name):
    before = ORDER[: ORDER.index(name)]
    assert [other for other in ours(MODULES[name]) if other not in before] == []


def test_the_loader_imports_nothing_of_ours():
    if "_loader" in MODULES:
        assert list(ours(MODULES["_loader"])) == []


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
        sys.path.insert(0, {str(SOURCE)!r})
        sys.dont_write_bytecode = True
        before = set(sys.modules)
        import modulepickle
        result = sorted(set(sys.modules) - before)
    """
    loaded = {name.partition(".")[0] for name in receive([], code).result}
    assert "modulepickle" in loaded
    dear = {name for name in loaded - CHEAP - {"modulepickle"} if not name.startswith("_")}
    assert dear == set()
