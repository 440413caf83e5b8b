"""Pack the loader: `src/modulepickle/_loader.py` -> `src/modulepickle/_shipped.py`.

    python .ci/pack_loader.py           write the packed file
    python .ci/pack_loader.py --check   only tell whether it is the loader's present text

Done once an edit and not at each import, so that every sender, whatever its Python and its zlib,
ships the same bytes, and pays nothing for them. Needs python-minifier, at the version that
pyproject.toml names; with zopfli installed, the packed bytes are some 3 % fewer.

Comments, docstrings and annotations go; then the names that are the loader's own get one or two
letters, the same name the same letters wherever it stands, since that compresses best. Names that
others look up stay: those in PROTOCOL, and the parameters of `__import__` and `import_module`.
"""

from __future__ import annotations

import ast
import base64
import collections
import hashlib
import importlib.machinery
import itertools
import keyword
import logging
import os
import random
import string
import sys
import weakref
import zlib
from pathlib import Path

import python_minifier

SOURCE = Path(__file__).resolve().parents[1] / "src" / "modulepickle"
PROTOCOL = {
    # called by importlib
    "find_spec", "create_module", "exec_module", "get_data", "get_code",
    # between releases of the loader, and from the library
    "get", "snapshot", "parts", "needs", "import_module", "_abc_snapshot",
}  # fmt: skip
LOOKED_UP = {  # in `_rebuild.py`, by their names
    "code", "function", "field", "known", "make_class", "make_enum",
    "set_abstract", "set_cell", "set_class", "set_dataclass", "set_dispatch", "set_function",
    "set_members", "set_namedtuple", "set_protocol", "set_scope",
}  # fmt: skip
KEEPS_PARAMETERS = {"import_", "import_module"}
ROUNDS = 30_000


def own_names(tree: ast.Module, kept: set[str]) -> tuple[set[str], set[str]]:
    """Return the names that the text binds, but for some: as attributes, and as variables."""
    attributes, variables = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            attributes |= {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
        is_set = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if is_set and ast.unparse(node.value) == "self":
            attributes.add(node.attr)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            variables.add(node.name)
        if isinstance(node, ast.arg):
            variables.add(node.arg)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            variables.add(node.id)
        if isinstance(node, ast.ExceptHandler) and node.name:
            variables.add(node.name)
        if isinstance(node, ast.alias) and node.asname:
            variables.add(node.asname)
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
        if alias.asname is None
    }
    variables -= imported
    hidden = {name for name in attributes | variables if name.startswith("__")} | kept
    return attributes - hidden, variables - hidden


def foreign_attributes(tree: ast.Module) -> set[str]:
    """Return attribute names that objects of others have, of the kinds that the loader touches."""
    import types

    kinds: list[object] = [
        str, bytes, dict, list, set, tuple, int, float, type, object, BaseException, ImportError,
        os.stat_result, hashlib.sha256(), logging.Logger, types.ModuleType,
        types.FunctionType, types.CodeType, weakref.WeakValueDictionary,
        importlib.machinery.ModuleSpec, importlib.machinery.SourceFileLoader, os.path,
    ]  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            kinds += [importlib.import_module(alias.name) for alias in node.names]
    with open(os.devnull) as file:
        kinds.append(file)
        return {name for kind in kinds for name in dir(kind)}


Place = tuple[ast.AST, str, str]
"""A node, its field that holds the name, and "a" for an attribute or "v" for a variable."""

FIELDS = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg", ast.alias: "asname"}
NAMED = (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)


def places_of(tree: ast.Module, attributes: set[str], variables: set[str]) -> list[Place]:
    """Return where own names stand. Attributes and variables never meet: each has its letters."""
    fixed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in KEEPS_PARAMETERS:
            parameters = {arg.arg for arg in node.args.args} - {"self"}
            inner = (each for each in ast.walk(node) if isinstance(each, (ast.Name, ast.arg)))
            fixed |= {each for each in inner if getattr(each, FIELDS[type(each)]) in parameters}
    methods = {
        method
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef)
    }
    places = []
    for node in ast.walk(tree):
        field = FIELDS.get(type(node), "name" if isinstance(node, NAMED) else None)
        if field is None or node in fixed:
            continue
        # A method is defined by a name, and called by an attribute.
        is_attribute = isinstance(node, ast.Attribute) or node in methods
        if getattr(node, field) in (attributes if is_attribute else variables):
            places.append((node, field, "a" if is_attribute else "v"))
    return places


def shorts() -> list[str]:
    letters = string.ascii_letters + "_"
    pairs = (a + b for a, b in itertools.product(letters, letters))
    return [*letters, *(pair for pair in pairs if not keyword.iskeyword(pair))]


def minify(text: str, kept: set[str]) -> str:
    """Return the text without what only people read, and with short names but for those kept."""
    tree = ast.parse(text)
    attributes, variables = own_names(tree, kept)
    clash = attributes & foreign_attributes(tree)
    if clash:  # they stay as they are: a longer name, but never a wrong one
        print("names that others have, too:", *sorted(clash))
    attributes -= clash
    places = places_of(tree, attributes, variables)
    count = collections.Counter(f"{kind}:{getattr(node, field)}" for node, field, kind in places)
    for node, field, kind in places:
        setattr(node, field, f"ZQ{kind}_{getattr(node, field)}ZQ")
    marked = python_minifier.minify(
        ast.unparse(tree), remove_literal_statements=True, remove_annotations=True,
        rename_locals=False, rename_globals=False, hoist_literals=False,
    )  # fmt: skip
    # A bare `except` means the same, and blanks compress better than tabs.
    marked = marked.replace("except BaseException:", "except:").replace("\t", " ")
    return search(marked, [name.replace(":", "_", 1) for name, _ in count.most_common()])


def search(marked: str, names: list[str]) -> str:
    """Return the text with the short names that compress best of those tried, always the same."""
    pieces = marked.split("ZQ")  # odd pieces are own names
    kinds = {kind: [name for name in names if name[0] == kind] for kind in "av"}
    # A few more letters than names, for the search to choose from.
    letters = {kind: shorts()[: max(len(kinds[kind]), 53)] for kind in kinds}
    dice = random.Random(2019)

    def text(table: dict[str, list[str]]) -> str:
        found = {name: table[kind][i] for kind in kinds for i, name in enumerate(kinds[kind])}
        return "".join(found[p] if i % 2 else p for i, p in enumerate(pieces))

    best, least = letters, len(zlib.compress(text(letters).encode(), 9))
    for _ in range(ROUNDS):
        tried = {kind: [*row] for kind, row in best.items()}
        kind = dice.choice(names)[0]
        row = tried[kind]
        one, other = dice.randrange(len(kinds[kind])), dice.randrange(len(row))
        row[one], row[other] = row[other], row[one]
        size = len(zlib.compress(text(tried).encode(), 9))
        if size <= least:
            best, least = tried, size
    return text(best)


def pack(text: str) -> bytes:
    """Return the text as zlib data, as short as we can."""
    try:
        import zopfli.zlib

        return zopfli.zlib.compress(text.encode(), numiterations=100)
    except ImportError:
        return zlib.compress(text.encode(), 9)


TEMPLATE = '''"""What travels of `{file}`. Made from it by `.ci/pack_loader.py`: do not edit."""

import base64
from typing import Final

__all__ = ["{what}", "{what}_NAME", "SOURCE_DIGEST"]

SOURCE_DIGEST: Final = "{source}"
"""SHA-256 of the text of `{file}` that this was made from."""

{what}_NAME: Final = "_modulepickle_{name}"
"""Of the module that it becomes on the receiver: by the hash of the stripped text."""

{what}: Final = base64.b64decode(
    """
{lines}
"""
)
"""The stripped text, as zlib data."""
'''
PACKED = {
    "_loader.py": ("LOADER", "_shipped.py", PROTOCOL),
    "_rebuild.py": ("REBUILD", "_shipped_rebuild.py", PROTOCOL | LOOKED_UP),
}


def pack_file(file: str, check: bool) -> None:
    what, target, kept = PACKED[file]
    text = (SOURCE / file).read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if (SOURCE / target).exists() and digest in (SOURCE / target).read_text(encoding="utf-8"):
        return
    if check:
        sys.exit(f"{target} is older than {file}: run python .ci/pack_loader.py")
    small = minify(text, kept)
    packed = pack(small)
    encoded = base64.b64encode(packed).decode()
    lines = "\n".join(encoded[i : i + 96] for i in range(0, len(encoded), 96))
    name = hashlib.sha256(small.encode()).hexdigest()[:8]
    (SOURCE / target).write_text(
        TEMPLATE.format(file=file, what=what, source=digest, name=name, lines=lines),
        encoding="utf-8",
    )
    print(f"{file}: {len(text)} characters, stripped {len(small)}, packed {len(packed)} bytes")


def main() -> None:
    for file in PACKED:
        pack_file(file, "--check" in sys.argv[1:])


if __name__ == "__main__":
    main()
