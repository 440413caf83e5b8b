"""How much travels besides the packages themselves; and that it is what the source says (R18)."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import zipfile

import pytest

from modulepickle._loader import build, packed
from modulepickle._loader.emit import TEXTS
from receivers import SOURCE, interpreters, project, send

ON_TOP = 22_528
"""Bytes of a pickle by name, its archives aside."""

LAMBDA = 3_072
"""Bytes of a pickle of a lambda, all in all."""

TREE = """
    === helpers/__init__.py
    === helpers/tools.py
    def double(x):
        return 2 * x

    class Thing:
        pass
"""


def archives(data: bytes) -> list[bytes]:
    """The zip files in a pickle, from their first local header to the end of their directory."""
    found = []
    start = data.find(b"PK\3\4")
    while start != -1:
        end = data.index(b"PK\5\6", start) + 22
        found.append(data[start:end])
        start = data.find(b"PK\3\4", end)
    return found


@pytest.mark.parametrize("name", ["double", "Thing", "Thing()"])
def test_a_pickle_by_name_is_little_more_than_its_archive(tmp_path, name):
    data = send(project(tmp_path, TREE), f"import helpers.tools\nobj = helpers.tools.{name}")
    (archive,) = archives(data)
    assert zipfile.ZipFile(io.BytesIO(archive)).testzip() is None
    assert len(data) - len(archive) <= ON_TOP


def test_a_lambda_is_small(tmp_path):
    assert len(send(tmp_path, "obj = lambda x: x + 1")) <= LAMBDA


@pytest.mark.parametrize("python", interpreters())
def test_r18_what_travels_is_the_text_of_the_repository(python):
    script = SOURCE / "modulepickle" / "_loader" / "build.py"
    done = subprocess.run([python, "-I", "-S", script, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_r18_a_line_added_to_what_travels_is_noticed(tmp_path, monkeypatch):
    made = build.packed()
    monkeypatch.setattr(build, "packed", lambda: made)  # it takes a while
    monkeypatch.setattr(build, "PACKED", tmp_path / "packed.py")
    for name in build.TEXTS:
        changed = made.replace(f'{name}: Final = r"""', f'{name}: Final = r"""import os\n')
        (tmp_path / "packed.py").write_text(changed, encoding="utf-8")
        assert build.main(["--check"]) == 1
    build.main([])
    assert build.main(["--check"]) == 0


def test_r18_nothing_is_left_out_but_comments_and_docstrings():
    for name, files in build.TEXTS.items():
        whole = ast.parse("")
        for file in files:
            if file == build.PAGE:
                continue
            whole.body += ast.parse((build.HOME / f"{file}.py").read_text(encoding="utf-8")).body
        stripped = ast.parse(getattr(packed, name))
        assert ast.dump(without_docs(whole)) == ast.dump(without_docs(stripped))


def without_docs(tree: ast.Module) -> ast.Module:
    """The tree without the statements that do not travel, and without `pass`."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            node.body = [each for each in node.body if not stays_at_home(each)]
    return tree


def stays_at_home(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    is_ours = isinstance(node, ast.ImportFrom) and str(node.module).startswith("modulepickle")
    return is_ours or isinstance(node, ast.Pass)


def test_what_travels_has_no_comment_and_no_docstring():
    for each in TEXTS.values():
        assert "#" not in each.text
        assert '"""' not in each.text


@pytest.mark.parametrize("text", TEXTS.values(), ids=lambda text: text.title)
def test_r13_what_travels_compiles_where_no_extension_module_can_be_imported(text):
    code = (
        "import sys; sys.modules['unicodedata'] = None; compile(sys.stdin.read(), 'text', 'exec')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], input=text.text, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
