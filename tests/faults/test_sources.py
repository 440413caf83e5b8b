"""A tree that is made to be slow gets an answer or an error that names it (R15)."""

from __future__ import annotations

import os
import sys

import pytest

from modulepickle._snapshot.imports import fault, imports
from modulepickle._snapshot.mentions import beginning, mentions
from receivers import project, run


def sources(size):
    """Each took seconds to hours for 1 MB once, or could; none may take more than reading it."""
    return {
        "escapes without an end": b'import os\nx = "' + rb"\N{" * (size // 3) + b'"\n',
        "a name of many parts": b"import os\nimport " + b"a." * (size // 2) + b"a",
        "a name of many parts, in lines": b"import os\nimport a" + b"\\\n.a" * (size // 4),
        "lines that continue": b"import os\n" + (b"import a;" * 100 + b"\\\n") * (size // 2000),
        "long lines that continue": b"import os\n"
        + (b"import " + b"a," * 1000 + b"\\\n") * (size // 2000),
        "one line of statements": b"import os\n" + b"import a;" * (size // 9),
        "one line of names": b"import os\nimport " + b"a," * (size // 2) + b"a",
        "one line of words": b"import os\nx = '" + b"from import " * (size // 12) + b"'",
        "blocks for type checkers": b"import os\n" + b"if TYPE_CHECKING:\n  x\n" * (size // 22),
        "long guards": b"import os\n"
        + (b"if " + b"a." * 500 + b"TYPE_CHECKING:x\n") * (size // 1000),
        "calls": b"import os\n" + b"import_module(" * (size // 14),
        "calls and blanks": b"import os\n" + (b"import_module" + b" " * 210) * (size // 250),
        "brackets": b"import os\nx = " + b"(" * size,
        "brackets in each line": b"import os\n"
        + (b"x=" + b"(" * 190 + b")" * 190 + b"\n") * (size // 400),
        "elif": b"import os\nif a:\n pass\n" + b"elif a:\n pass\n" * (size // 15),
        "attributes": b"import os\nx = a" + b".a" * (size // 2),
        "sums": b"import os\nx = a" + b" + 1" * (size // 4),
        "calls of calls": b"import os\nx = a" + b"()" * (size // 2),
        "items of items": b"import os\nx = a" + b"[0]" * (size // 3),
        "numbers": b"import os\nx = [" + b"-1.5, 2.5e-3, " * (size // 15) + b"]",
        "signs": b"import os\nx = " + b"-" * size + b"1",
        "digits": b"import os\nx = " + b"9" * size,
    }


SLOW = sources(1_000_000)
SMALL = sources(100_000)


@pytest.mark.parametrize("name", SLOW)
def test_r15_a_source_made_to_be_slow_gets_its_answer(tmp_path, name):
    """In a process that may take 15 s of the processor: a fence, not a measure."""
    tree = project(tmp_path, "=== slow.py\n=== user.py\nimport slow\n")
    tree.joinpath("slow.py").write_bytes(SLOW[name])
    code = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (15, 20))
import warnings
warnings.simplefilter("ignore")
import modulepickle, user_of_it
result = [each["name"] for each in modulepickle.inspect(
    modulepickle.dumps(user_of_it.f)).data["snapshots"]]
"""
    tree.joinpath("user_of_it.py").write_text("def f():\n    import slow\n")
    assert sorted(run(tree, code).result) == ["slow", "user_of_it"]


@pytest.mark.parametrize("name", SLOW)
def test_r15_what_is_answered_of_a_slow_source_is_right(name):
    source = SMALL[name]
    parsed = {each.partition(".")[0] for each in imports(source, "m", False)}
    mentioned = mentions(source)
    if mentioned is not None:
        assert parsed <= {*mentioned}
    assert fault(source) or "os" in parsed
    head = beginning(source, "os")
    assert not head or imports(head, "m", False, is_whole=False)[:1] == ("os",)


def test_r15_a_name_of_too_many_parts_is_named():
    assert "more than 20,000 dots" in fault(SLOW["a name of many parts"])


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the standard library has no TOML reader")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = " + "[" * 100_000 + "]" * 100_000, "nested too deeply|not valid TOML"),
        ("x = " + "{a=" * 100_000 + "1" + "}" * 100_000, "nested too deeply|not valid TOML"),
        (".".join(["a"] * 400_000) + " = 1", "a line has more than 5,000 dots"),
        ("#" * 2**20, "more than 1,048,576 bytes"),
    ],
    ids=["arrays", "tables", "keys", "bytes"],
)
def test_r15_settings_made_to_be_slow_are_named(tmp_path, text, says):
    tree = project(tmp_path, "=== local.py\ndef f():\n    pass\n")
    tree.joinpath("pyproject.toml").write_text(f"{text}\n[tool.modulepickle]\nignore = []\n")
    code = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (15, 20))
import modulepickle, local
try:
    modulepickle.dumps(local.f)
except modulepickle.PackagingError as error:
    result = str(error)
"""
    found = run(tree, code).result
    assert "pyproject.toml" in found
    assert any(each in found for each in says.split("|"))


@pytest.mark.parametrize("name", ["code.py", "data.bin"])
@pytest.mark.parametrize("whole", ["pkg/", ""], ids=["in a package", "a single file"])
def test_r15_max_bytes_ends_the_reading(tmp_path, name, whole):
    """Eight gigabytes of nothing, in a process that may have one."""
    tree = project(tmp_path, "=== pkg/__init__.py\ndef f():\n    import single\n=== single.py\n")
    path = tree / "single.py" if not whole else tree / "pkg" / name
    path.touch()
    os.truncate(path, 8 * 2**30)
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
resource.setrlimit(resource.RLIMIT_CPU, (15, 20))
import modulepickle, pkg
try:
    modulepickle.dumps(pkg.f)
except modulepickle.PackagingError as error:
    result = str(error)
"""
    said = run(tree, code, fresh=True).result
    assert "larger than Policy.max_bytes" in said
    assert f"8,589,934,592  {path.relative_to(tree)}" in said
