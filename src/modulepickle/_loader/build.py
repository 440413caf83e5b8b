"""Makes `packed.py`: what travels of the files that run on receivers.

    python -m modulepickle._loader.build            write it
    python -m modulepickle._loader.build --check    exit with 1 if it is not what would be written

What travels is the text that stands in the repository, without comments, docstrings and blank
lines, and nothing else is changed. Files of one text are put one behind the other: what one imports
from another, it finds.
"""

from __future__ import annotations

import ast
import hashlib
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PAGE: Final = "\f"
"""Begins the second page of a text, which the first executes; see `pages`."""

TEXTS: Final = {
    "LOADER": (
        "registry",
        "lines",
        "cache_folder",
        "pages",
        PAGE,
        "cache_files",
        "archive_reader",
        "archive_paths",
        "unpacking",
        "hides",
        "whose",
        "module_loaders",
        "sys_modules",
        "finders",
        "files",
        "modules",
        "reach",
        "said",
        "imports",
        "loader",
        "beside",
        "foreign",
        "diverted",
        "callers",
    ),
    "FUNCTIONS": ("registry", "lines", "second_page", PAGE, "functions"),
    "CLASSES": (
        *("registry", "lines", "second_page"),
        PAGE,
        *("classes", "class_enums", "class_kinds", "class_script", "diverted", "class_places"),
    ),
    "STORE": (
        *("registry", "lines", "second_page"),
        PAGE,
        *("cache_folder", "cache_files", "store"),
    ),
    "STANDIN": ("standin",),
    "PEERS": ("registry", "lines", "second_page", PAGE, "peers"),
}
"""Name of a text -> the files it is made of, in this folder."""

HOME: Final = Path(__file__).parent
PACKED: Final = HOME / "packed.py"
HEAD: Final = '''"""What travels, made by `python -m modulepickle._loader.build`: do not edit."""

from typing import Final
'''


def strip(source: str) -> str:
    """Return a file's text without comments, docstrings, blank lines, and imports of ours."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for statement, instead in _left_out(ast.parse(source)):
        end = statement.end_lineno or statement.lineno
        lines[statement.lineno - 1 : end] = [instead] + [""] * (end - statement.lineno)
    return "".join(f"{line}\n" for line in lines if line)


def _left_out(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    """Yield the statements that do not travel, and the line that stands for each."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                is_all = len(node.body) == 1 and node is not tree
                yield first, " " * first.col_offset + "pass" if is_all else ""
    for each in tree.body:
        if isinstance(each, ast.ImportFrom) and str(each.module).startswith("modulepickle."):
            yield each, ""


def _check_names(name: str, tree: ast.Module) -> None:
    """Raise if two files of one text give something the same name."""
    seen: set[str] = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = {each.id for each in targets if isinstance(each, ast.Name)}
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names = {node.name}
        if names & seen:
            raise ValueError(f"{name} has two things of the name {min(names & seen)}")
        seen |= names


def _stripped(file: str) -> str:
    return PAGE if file == PAGE else strip((HOME / f"{file}.py").read_text(encoding="utf-8"))


def packed() -> str:
    """Return what `packed.py` should hold."""
    found = [HEAD]
    for name, files in TEXTS.items():
        text = "".join(map(_stripped, files))
        _check_names(name, ast.parse(text))
        if '"""' in text:
            raise ValueError(f"{name} holds three quotes, which end the string that it becomes")
        mark = hashlib.sha256(text.encode()).hexdigest()[:8]
        found.append(f'{name}_NAME: Final = "_modulepickle_{name.lower()}_{mark}"')
        found.append(f'{name}: Final = r"""{text}"""\n')
    return "\n".join(found).rstrip("\n") + "\n"


def main(arguments: list[str]) -> int:
    """Write `packed.py`, or compare it; return the exit code."""
    made = packed()
    if "--check" not in arguments:
        PACKED.write_text(made, encoding="utf-8")
        return 0
    return int(PACKED.read_text(encoding="utf-8") != made)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
