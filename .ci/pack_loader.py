"""Pack the loader: `src/modulepickle/_loader/loader.py` -> `src/modulepickle/_loader/packed.py`.

    python .ci/pack_loader.py           write the packed file
    python .ci/pack_loader.py --check   only tell whether it is the loader's present text

Done once an edit and not at each import, so that every sender, whatever its Python and its zlib,
ships the same bytes, and pays nothing for them. Needs python-minifier, at the version that
pyproject.toml names; with zopfli installed, the packed bytes are some 3 % fewer.

Comments, docstrings and annotations go; then the names that are the text's own get one or two
letters, and methods, imports and line ends an order and a form, that compress best: see `Search`,
which takes some minutes. `--rounds 20000 --seeds 1` is quick, and some 3 % worse: for tries. What
another seed finds differs by some 5 bytes, and `tests/test_sizes.py` has no more to spare: with
`--seeds 8`, the best of eight is taken.
Names that others look up stay: those in PROTOCOL, and the parameters of `__import__` and
`import_module`.
"""

from __future__ import annotations

import argparse
import ast
import base64
import collections
import hashlib
import importlib.machinery
import itertools
import keyword
import logging
import math
import os
import random
import re
import string
import sys
import weakref
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import python_minifier

SOURCE = Path(__file__).resolve().parents[1] / "src" / "modulepickle" / "_loader"
PROTOCOL = {
    # called by importlib
    "find_spec", "create_module", "exec_module", "get_data", "get_code",
    # between releases of the loader, and from the library
    "get", "snapshot", "parts", "needs", "import_module", "_abc_snapshot",
    # between a text and its stage 0
    "N",
}  # fmt: skip
LOOKED_UP = {  # in `_rebuild.py`, by their names
    "code", "function", "field", "known", "make_class", "make_enum",
    "set_abstract", "set_cell", "set_class", "set_dataclass", "set_dispatch", "set_function",
    "set_members", "set_namedtuple", "set_protocol", "set_scope",
}  # fmt: skip
FOREIGN = {
    "_field_type", "_initializing", "_value_", "has_location", "loader", "msg",
    "type_params",  # of ast's nodes, from 3.12 on
}  # fmt: skip
"""Attributes of others that `foreign_attributes` may not find."""

KEEPS_PARAMETERS = {"import_", "import_module"}
HEAT = 2.5
"""Of the search at its start: so many more bytes are often taken for a while."""


def own_names(tree: ast.Module, kept: set[str]) -> tuple[set[str], set[str]]:
    """Return the names that the text binds, but for some: as attributes, and as variables."""
    attributes, variables = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            attributes |= {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
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
        os.stat_result, hashlib.sha256(), logging.Logger, types.ModuleType, types.CellType(),
        types.FunctionType, types.CodeType, weakref.WeakValueDictionary,
        importlib.machinery.ModuleSpec, importlib.machinery.SourceFileLoader, os.path,
    ]  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            kinds += [importlib.import_module(alias.name) for alias in node.names]
    kinds += [kind for kind in vars(ast).values() if isinstance(kind, type)]
    fields = {field for kind in kinds for field in getattr(kind, "_fields", ())}
    with open(os.devnull) as file:
        kinds.append(file)
        return {name for kind in kinds for name in dir(kind)} | fields | FOREIGN


Key = tuple[str, str, "ast.AST | None"]
"""An own name: "attribute" or "variable", the name, and of a local one its outermost function."""

FIELDS = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg", ast.alias: "asname"}
NAMED = (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)


def mark(tree: ast.Module, attributes: set[str], variables: set[str]) -> list[set[int]]:
    """Write `ZQ<number>ZQ` for each own name; return, by number, which must have other letters.

    Attributes and variables never meet, and neither do the variables of two functions: each of
    these kinds may use the same letters, which is what makes lines of them alike.
    """
    scopes: dict[ast.AST, ast.AST] = {}
    methods, at_class = set(), set()
    for node in ast.walk(tree):  # from the outside to the inside
        if isinstance(node, ast.FunctionDef) and node not in scopes:
            scopes |= {each: node for each in ast.walk(node) if each is not node}
            for outer in (*node.decorator_list, *node.args.defaults):
                scopes.update(dict.fromkeys(ast.walk(outer), tree))
                at_class |= set(ast.walk(outer))
        if isinstance(node, ast.ClassDef):
            methods |= {each for each in node.body if isinstance(each, ast.FunctionDef)}
    fixed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in KEEPS_PARAMETERS:
            parameters = {arg.arg for arg in node.args.args} - {"self"}
            inner = (each for each in ast.walk(node) if isinstance(each, (ast.Name, ast.arg)))
            fixed |= {each for each in inner if getattr(each, FIELDS[type(each)]) in parameters}

    found: list[tuple[ast.AST, str, bool]] = []
    bound = collections.defaultdict(set)
    for node in ast.walk(tree):
        field = FIELDS.get(type(node), "name" if isinstance(node, NAMED) else None)
        if field is None or node in fixed:
            continue
        # A method is defined by a name, and called by an attribute.
        is_attribute = isinstance(node, ast.Attribute) or node in methods
        if getattr(node, field) in (attributes if is_attribute else variables):
            found.append((node, field, is_attribute))
            if not is_attribute and not isinstance(getattr(node, "ctx", None), ast.Load):
                bound[scopes.get(node, tree)].add(getattr(node, field))

    numbers: dict[Key, int] = {}
    together = collections.defaultdict(set)  # what has to differ
    for node, field, is_attribute in found:
        name, scope = getattr(node, field), scopes.get(node, tree)
        if is_attribute:
            key: Key = "attribute", name, None
        else:
            local = scope is not tree and name in bound[scope]
            assert local or name in bound[tree], f"where is {name} bound?"
            key = "variable", name, scope if local else None
        number = numbers.setdefault(key, len(numbers))
        together["attributes" if is_attribute else scope].add(number)
        if not is_attribute and key[2] is None:
            together[tree].add(number)
        if node in at_class:  # a decorator sees what its class has so far
            together["attributes"].add(number)
        setattr(node, field, f"ZQ{number}ZQ")
    conflicts: list[set[int]] = [set() for _ in numbers]
    for group in together.values():
        for number in group:
            conflicts[number] |= group - {number}
    return conflicts


def minify(text: str, kept: set[str], rounds: int, seed: int) -> str:
    """Return the text without what only people read, and with short names but for those kept."""
    tree = ast.parse(text)
    attributes, variables = own_names(tree, kept)
    attributes -= foreign_attributes(tree)  # a longer name, but never a wrong one
    conflicts = mark(tree, attributes, variables)
    marked = python_minifier.minify(
        ast.unparse(tree), remove_literal_statements=True, remove_annotations=True,
        rename_locals=False, rename_globals=False, hoist_literals=False,
    )  # fmt: skip
    # A bare `except` means the same, and blanks compress better than tabs.
    marked = marked.replace("except BaseException:", "except:").replace("\t", " ")
    quoted = marked.replace('"', "'")
    try:
        if ast.dump(ast.parse(quoted)) == ast.dump(ast.parse(marked)):
            marked = quoted
    except SyntaxError:
        pass
    return Search(marked, conflicts, seed).run(rounds)


class Search:
    """Looks for the letters, and the order of methods and imports, that compress best.

    By simulated annealing, always with the same result. A text is a row of segments; what stands
    in one are strings, and numbers of names and of choices, spelled by `spelled`.
    """

    LETTERS = string.ascii_letters.replace("N", "_")  # `N` is what stage 0 calls the loader's name
    HEADER = re.compile(r" *(if|for|while|with|try|except|else|elif|finally|def|class|@)\b")

    def __init__(self, marked: str, conflicts: list[set[int]], seed: int) -> None:
        self.dice = random.Random(seed)
        self.conflicts = conflicts
        self.choices: list[tuple[str, str]] = []
        segments, self.groups = self.segments(marked)
        self.pieces = [self.parse(segment) for segment in segments]
        self.places: list[list[int]] = [[] for _ in range(len(conflicts) + len(self.choices))]
        for i, pieces in enumerate(self.pieces):
            for number in {each for each in pieces if isinstance(each, int)}:
                self.places[number].append(i)
        self.order = [*range(len(segments))]
        self.spelled = self.first_letters() + [first for first, _ in self.choices]
        self.texts = [""] * len(segments)
        self.spell(range(len(segments)))

    def segments(self, marked: str) -> tuple[list[str], list[list[int]]]:
        """Cut the text; return also which segments may change places with each other."""
        segments, groups, group = [], [], []
        for line in marked.split("\n"):
            if line.startswith("import "):
                names = line[len("import ") :].split(",")
                segments += ["import ", *(f"{name}," for name in names), "\n"]
                groups.append([*range(len(segments) - 1 - len(names), len(segments) - 1)])
                continue
            if re.match(" [d@]", line):  # a method: perhaps its decorator came first
                if not segments[-1].startswith(" @") or segments[-1].count("\n") > 1:
                    group.append(len(segments))
                    segments.append("")
            elif not line.startswith("  "):
                groups.append(group)
                group = []
                segments.append("")
            segments[-1] += line + "\n"
        return segments, [each for each in [*groups, group] if len(each) > 1]

    def parse(self, segment: str) -> list[str | int]:
        """Return the strings and numbers of a segment; between statements there is a choice."""
        pieces: list[str | int] = []
        for line in segment.splitlines(keepends=True):
            for i, piece in enumerate(line.split("ZQ")):
                if i % 2:
                    pieces.append(int(piece))
                    continue
                first, *rest = re.split(";(?! )", piece)
                pieces.append(first)
                for each in rest:
                    if self.HEADER.match(line):
                        pieces.append(";")
                    else:
                        indent = line[: len(line) - len(line.lstrip(" "))]
                        pieces.append(len(self.conflicts) + len(self.choices))
                        self.choices.append((";", "\n" + indent))
                    pieces.append(each)
        return pieces

    def first_letters(self) -> list[str]:
        count = collections.Counter(each for pieces in self.pieces for each in pieces)
        pairs = ("".join(pair) for pair in itertools.product(self.LETTERS, repeat=2))
        shorts = [*self.LETTERS, *(pair for pair in pairs if pair not in {*keyword.kwlist, "os"})]
        spelled = [""] * len(self.conflicts)
        for number in sorted(range(len(spelled)), key=lambda number: -count[number]):
            taken = {spelled[other] for other in self.conflicts[number]}
            spelled[number] = next(short for short in shorts if short not in taken)
        return spelled

    def spell(self, segments: Iterable[int]) -> None:
        for i in segments:
            self.texts[i] = "".join(
                [each if isinstance(each, str) else self.spelled[each] for each in self.pieces[i]]
            )

    def text(self) -> str:
        return "".join([self.texts[i] for i in self.order]).replace(",\n", "\n").rstrip("\n")

    def size(self) -> int:
        return len(zlib.compress(self.text().encode(), 9))

    def swapped(self, number: int, letter: str) -> dict[int, str]:
        """Give a name a letter: what has it gets the old one, and so on."""
        pair = {self.spelled[number]: letter, letter: self.spelled[number]}
        changed = {number: letter}
        todo = [number]
        for each in todo:
            for other in self.conflicts[each]:
                if other not in changed and self.spelled[other] == changed[each]:
                    changed[other] = pair[self.spelled[other]]
                    todo.append(other)
        return changed

    def moved(self) -> list[int]:
        """Return an order in which one segment of a group has gone to another place."""
        group = self.dice.choice(self.groups)
        row = [self.order[i] for i in group]
        row.insert(self.dice.randrange(len(row)), row.pop(self.dice.randrange(len(row))))
        order = [*self.order]
        for i, segment in zip(group, row):
            order[i] = segment
        return order

    def changed(self) -> dict[int, str]:
        """Return some numbers with other spellings."""
        number = self.dice.randrange(len(self.spelled))
        if number >= len(self.conflicts):
            first, second = self.choices[number - len(self.conflicts)]
            return {number: first if self.spelled[number] == second else second}
        other = self.dice.choice((*self.LETTERS, *self.spelled[: len(self.conflicts)]))
        return self.swapped(number, other) if other != self.spelled[number] else {}

    def run(self, rounds: int) -> str:
        self.anneal(rounds, self.size, HEAT)
        # What zlib finds short is short in the better packing, too, but not always the shortest.
        self.anneal(rounds // 50, lambda: len(pack(self.text(), 8)), HEAT / 3)
        return self.text()

    def anneal(self, rounds: int, size: Callable[[], int], heat: float) -> None:
        """Try changes; keep what is shorter, and the rest ever more rarely; end at the best."""
        now = least = size()
        best = self.order, self.texts, self.spelled
        for turn in range(rounds):
            before = self.order, self.texts, self.spelled
            self.change()
            tried = size()
            chance = heat * (1 - turn / rounds) ** 2 + 0.02
            if tried > now and self.dice.random() >= math.exp((now - tried) / chance):
                self.order, self.texts, self.spelled = before
                continue
            now = tried
            if now < least:
                best, least = (self.order, self.texts, self.spelled), now
        self.order, self.texts, self.spelled = best

    def change(self) -> None:
        if self.groups and self.dice.random() < 0.12:
            self.order = self.moved()
            return
        changed = self.changed()
        self.texts, self.spelled = [*self.texts], [*self.spelled]
        for number, short in changed.items():
            self.spelled[number] = short
        self.spell({i for number in changed for i in self.places[number]})


def pack(text: str, iterations: int = 1_000) -> bytes:
    """Return the text as zlib data, as short as we can."""
    try:
        import zopfli.zlib

        return zopfli.zlib.compress(text.encode(), numiterations=iterations)
    except ImportError:
        return zlib.compress(text.encode(), 9)


def has_twin(packed: bytes) -> bool:
    """Tell whether some flipped bit gives another text of the same checksum, which would be run.

    Adler-32 is a weak sum for texts as short as these.
    """
    text = zlib.decompress(packed)
    for bit in range(8 * len(packed)):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            if zlib.decompress(flipped) != text:
                return True
        except zlib.error:
            pass
    return False


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
    "loader.py": ("LOADER", "packed.py", PROTOCOL),
    "functions.py": ("REBUILD", "packed_functions.py", PROTOCOL | LOOKED_UP),
    "store.py": ("FETCH", "packed_store.py", PROTOCOL | {"archive"}),
    "classes.py": ("CLASSES", "packed_classes.py", PROTOCOL | LOOKED_UP),
}


def pack_file(file: str, check: bool, rounds: int, seeds: int) -> None:
    what, target, kept = PACKED[file]
    text = (SOURCE / file).read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if (SOURCE / target).exists() and digest in (SOURCE / target).read_text(encoding="utf-8"):
        return
    if check:
        sys.exit(f"{target} is older than {file}: run python .ci/pack_loader.py")
    tried = (minify(text, kept, rounds, seed) for seed in range(seeds))
    pairs = ((pack(small), small) for small in tried)
    packed, small = min(pairs, key=lambda pair: (has_twin(pair[0]), len(pair[0])))
    encoded = base64.b64encode(packed).decode()
    lines = "\n".join(encoded[i : i + 96] for i in range(0, len(encoded), 96))
    name = hashlib.sha256(small.encode()).hexdigest()[:6]
    (SOURCE / target).write_text(
        TEMPLATE.format(file=file, what=what, source=digest, name=name, lines=lines),
        encoding="utf-8",
    )
    print(f"{file}: {len(text)} characters, stripped {len(small)}, packed {len(packed)} bytes")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--check", action="store_true")
    options.add_argument("--rounds", type=int, default=450_000)
    options.add_argument("--seeds", type=int, default=2)
    for file in PACKED:
        pack_file(file, **vars(options.parse_args()))


if __name__ == "__main__":
    main()
