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
    # looked up in `_rebuild.py` by their names
    "code", "function", "field", "known", "make_class", "make_enum",
    "set_abstract", "set_cell", "set_class", "set_dataclass", "set_dispatch", "set_function",
    "set_members", "set_namedtuple", "set_protocol", "set_scope",
}  # fmt: skip
KEEPS_PARAMETERS = {"import_", "import_module"}
ROUNDS = 30_000


def own_names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the names that the text binds: as attributes, and as variables."""
    attributes, variables = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            attributes |= {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
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
    hidden = {name for name in attributes | variables if name.startswith("__")} | PROTOCOL
    return attributes - hidden, variables - hidden


def foreign_attributes(tree: ast.Module) -> set[str]:
    """Return attribute names that objects of others have, of the kinds that the loader touches."""
    import importlib
    import types

    kinds: list[object] = [
        str, bytes, dict, list, set, tuple, int, float, type, object, BaseException, ImportError,
        os.stat_result, open(os.devnull), hashlib.sha256(), logging.Logger, types.ModuleType,
        types.FunctionType, types.CodeType, weakref.WeakValueDictionary,
        importlib.machinery.ModuleSpec, importlib.machinery.SourceFileLoader, os.path,
    ]  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            kinds += [importlib.import_module(alias.name) for alias in node.names]
    return {name for kind in kinds for name in dir(kind)}


FIELDS = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg", ast.alias: "asname"}
NAMED = (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)


def rename(tree: ast.Module, attributes: set[str], variables: set[str]) -> list[tuple]:
    """Return the places of own names: (node, field)."""
    fixed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in KEEPS_PARAMETERS:
            parameters = {arg.arg for arg in node.args.args} - {"self"}
            for inner in ast.walk(node):
                if isinstance(inner, (ast.Name, ast.arg)):
                    if getattr(inner, FIELDS[type(inner)]) in parameters:
                        fixed.add(inner)
    places = []
    for node in ast.walk(tree):
        field = FIELDS.get(type(node), "name" if isinstance(node, NAMED) else None)
        if field is None or node in fixed:
            continue
        # A method is defined by a name, and called by an attribute.
        own = attributes if isinstance(node, ast.Attribute) else variables
        if isinstance(node, ast.FunctionDef):
            own = attributes | variables
        if getattr(node, field) in own:
            places.append((node, field))
    return places


def shorts() -> list[str]:
    letters = string.ascii_letters + "_"
    pairs = (a + b for a, b in itertools.product(letters, letters))
    return [*letters, *(pair for pair in pairs if not keyword.iskeyword(pair))]


def minify(text: str) -> str:
    """Return the text without what only people read."""
    tree = ast.parse(text)
    attributes, variables = own_names(tree)
    clash = attributes & foreign_attributes(tree)
    if clash:  # they stay as they are: a longer name, but never a wrong one
        print("names that others have, too:", *sorted(clash))
    attributes -= clash
    # A method is also a variable of its class body: it stays, too.
    variables -= clash
    places = rename(tree, attributes, variables)
    count = collections.Counter(getattr(node, field) for node, field in places)
    mapping = dict(zip((name for name, _ in count.most_common()), shorts()))
    for node, field in places:
        setattr(node, field, f"ZQ{getattr(node, field)}ZQ")
    marked = python_minifier.minify(
        ast.unparse(tree), remove_literal_statements=True, remove_annotations=True,
        rename_locals=False, rename_globals=False, hoist_literals=False,
    )  # fmt: skip
    # A bare `except` means the same, and blanks compress better than tabs.
    marked = marked.replace("except BaseException:", "except:").replace("\t", " ")
    return search(marked, mapping)


def search(marked: str, mapping: dict[str, str]) -> str:
    """Return the text with the short names that compress best of those tried, always the same."""
    pieces = marked.split("ZQ")  # odd pieces are own names
    own = list(mapping)
    dice = random.Random(2019)

    def text(table: dict[str, str]) -> str:
        return "".join(table[p] if i % 2 else p for i, p in enumerate(pieces))

    best, least = dict(mapping), len(zlib.compress(text(mapping).encode(), 9))
    for _ in range(ROUNDS):
        one, other = dice.sample(own, 2)
        tried = {**best, one: best[other], other: best[one]}
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
PACKED = {"_loader.py": ("LOADER", "_shipped.py"), "_rebuild.py": ("REBUILD", "_shipped_rebuild.py")}


def pack_file(file: str, check: bool) -> None:
    what, target = PACKED[file]
    text = (SOURCE / file).read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if (SOURCE / target).exists() and digest in (SOURCE / target).read_text(encoding="utf-8"):
        return
    if check:
        sys.exit(f"{target} is older than {file}: run python .ci/pack_loader.py")
    small = minify(text)
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
