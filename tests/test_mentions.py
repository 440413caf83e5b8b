"""The search for imports in text, which has to find all that parsing finds, and `needs`."""

from __future__ import annotations

import ast
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modulepickle._local.finder import finder
from modulepickle._local.policy import Policy
from modulepickle._snapshot import files as _files
from modulepickle._snapshot import requirements as _needs
from modulepickle._snapshot.files import File
from modulepickle._snapshot.imports import imports
from modulepickle._snapshot.mentions import RELATIVE, beginning, mentions
from modulepickle._snapshot.requirements import mentioned, requirements_of
from receivers import project

OWN = "own"


def searched(source):
    """The names that the search finds, with that of the package for `RELATIVE`; None: parse."""
    found = mentions(source)
    return None if found is None else {OWN if name == RELATIVE else name for name in found}


def parsed(source):
    return {name.partition(".")[0] for name in imports(source, f"{OWN}.inner.mod", False)}


def reads(source):
    """Tell whether Python reads a file."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def found(text):
    return searched(text.encode())


# --- what is found --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a", {"a"}),
        ("import a.b as c, d", {"a", "d"}),
        ("import a . b\\\n , \\\n c", {"a", "c"}),
        ("import\\\n\\\n\ta", {"a"}),
        ("import \\\n" + "\\\n" * 400 + "a", {"a"}),
        ("import\x0ca", {"a"}),
        ("import a; import b;import c # import d", {"a", "b", "c"}),
        ("\ufeffimport a", {"a"}),
        ("import a\rimport b\r\nimport c", {"a", "b", "c"}),
        ("import import_a, aimport, import1", {"import_a", "aimport", "import1"}),
        ("import _, a1, b as c_d", {"_", "a1", "b"}),
        ("from imports import a\nfrom importlib.imports import b", {"imports", "importlib"}),
        ("from a.b import c, d", {"a"}),
        ("from\ta\timport(\nb)", {"a"}),
        ("from a . b import*", {"a"}),
        ("from\\\n a\\\n import b", {"a", "b"}),  # its last line may be a statement
        ("from . import a", {OWN}),
        ("from.a import b", {OWN}),
        ("from ... a import b", {OWN}),
        ("from\\\n .a import b", {OWN}),
        ("if x: import a\nelse:from b import c", {"a", "b"}),
        ("lazy import a\nlazy\tfrom b import c", {"a", "b"}),
        ("# a comment \\\nimport a", {"a"}),
        ("# note: from a \\\nimport b", {"a", "b"}),
        ("# note: import a, \\\nimport b, c", {"a", "b", "c"}),
        ("'''\nimport a\n'''", {"a"}),
        ("'import a', \"import b\"", set()),
        ("# import a\nimportant = reimport = 1", set()),
        ("'''\nHow to import a thing, from a to b.\n'''", set()),
        ("'''\nimport the thing.\n'''", set()),
        ("'''\nfrom the thing import it; import \"it\"\nfrom 'it' import\n'''", set()),
        ("x\nif TYPE_CHECKING:\n    import a", set()),
        ("x\nif t.TYPE_CHECKING:  # why\n\n\timport a\nelse:\n  import b", {"b"}),
        ("x\nif TYPE_CHECKING:\n import a\nif TYPE_CHECKING:\n import b\n\nimport c", {"c"}),
        ("x\nif TYPE_CHECKING:\n y\n \x0cimport a", {"a"}),
        ("x\nif not TYPE_CHECKING:\n import a", {"a"}),
        ("x\nif NO_TYPE_CHECKING:\n import a", {"a"}),
        ("x\nif TYPE_CHECKING: import a", {"a"}),
        ("x\n  if TYPE_CHECKING:\n    import a", {"a"}),
        ("def f():\n    '''\nif TYPE_CHECKING:\n    '''\n    import a", {"a"}),
        ("match x:\n  case y \\\nif TYPE_CHECKING:\n     import a", {"a"}),
        ("x\nif TYPE_CHECKING:\n if y: z = (\\\n1); import a", {"a"}),
        ("x = importlib.import_module('a.b')", {"a", OWN}),
        ("\ufeffimport_module('a')", {"a", OWN}),
        ("__import__(\n u'a', level=0)", {"a", OWN}),
        ("import_module(name), import_module(a.b + c), import_module(f(x))", {OWN}),
        ("import_module(f'{a}.b'), import_module('a.' + b), import_module('a.%s' % b)", {OWN}),
        ("from importlib import import_module\nf = import_module or g", {"importlib", OWN}),
        ("import_module(import_module('a'))", {"a", OWN}),
        ("import_module()", {OWN}),
        ("my_import_module('a'); import_modules('b')", set()),
    ],
)
def test_each_form_is_found(text, names):
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "import é",
        "from é import b",
        "import ﬁle",  # NFKC: Python imports `file`
        "# coding: latin-1\nimport é",
        "#!/bin/python\n# -*- coding: shift_jis -*-\nimport a",
        "import_module('.a', 'b')",
        "import_module(name='a')",
        "import_module('a' 'b')",
        "import_module(r'a')",
        "import_module('''a''')",
        "import_module('\\x61')",
        "import_module(x or 'a')",
        "import_module(*['a'])",
        "import_module(# which\n'a')",
        "import_module \\\n('a')",
        "(import_module)('a')",
        "import \\\n" + "\\\n" * 500 + "a",
        "(__import__ # that\n)('a')",
        "import_module\\\n('a')",
    ],
)
def test_what_is_not_plain_is_parsed(text):
    assert found(text) is None


def test_a_file_without_imports_is_not_searched():
    assert mentions(b"x = 1\n" * 1000) == ()


# --- nothing is missed ----------------------------------------------------------------------------

FOLDERS = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]


# How many files of each folder: few in the fast tests, and no dozen seconds of reading.
MANY = pytest.mark.parametrize("many", [50, pytest.param(500, marks=pytest.mark.slow)])


def sources(many):
    """Python files that others wrote: some of each folder of this Python's libraries."""
    for folder in FOLDERS:
        files = sorted(path for path in folder.rglob("*.py") if path.is_file())
        files = [path for path in files if path.stat().st_size < 100_000]
        yield from files[:: max(1, len(files) // many)]


@MANY
def test_nothing_is_missed_in_real_files(many):
    missed, more, searches = {}, 0, 0
    for path in sources(many):
        source = path.read_bytes()
        names = searched(source)
        if names is not None:
            searches += 1
            missed[path] = parsed(source) - names
            more += len(names - parsed(source))
    assert {path: names for path, names in missed.items() if names} == {}
    assert searches > many
    assert more < searches  # and so few are too many that the search is worth its while


GAPS = st.sampled_from([" ", "\t", "\x0c", "  ", " \\\n", "\\\n ", "\\\r\n\t", " \\\r"])
SOME = st.lists(GAPS, min_size=1, max_size=3).map("".join)
ANY = st.lists(GAPS, max_size=2).map("".join)
WORDS = st.sampled_from(["a", "b1", "_c", "imports", "fromx", "as_", "lazy", "import_"])
ENDS = st.sampled_from(["\n", ";", "; ", "\r\n", "\r", " # import z\n", "\n\n", "#\\\n", ";\n"])
STARTS = st.sampled_from(
    ["", "if x:", "if x: y;", "class C: ", "try: pass\nexcept E:", "x = 1;", "# \\\n", "'''\n''';",
     "# : from x \\\n", "# ; import x, \\\n", "x = {1: 2}; ", "lambda: 0;", "\x0c",
     "async def f(): ", "x\nif TYPE_CHECKING:\n ", "\nif t.TYPE_CHECKING:\n\n\t",
     "if x:\n if TYPE_CHECKING:\n  ", "\nif TYPE_CHECKING:\n pass\nelse:\n  "]
)  # fmt: skip


@st.composite
def dotted(draw):
    parts = [draw(WORDS), *draw(st.lists(WORDS, max_size=2))]
    return f"{draw(ANY)}.{draw(ANY)}".join(parts)


@st.composite
def renamed(draw, name):
    alias = f"{draw(SOME)}as{draw(SOME)}{draw(WORDS)}" if draw(st.booleans()) else ""
    return draw(name) + alias


@st.composite
def statements(draw):
    one = draw(st.sampled_from(["import", "from", "relative", "star", "brackets"]))
    if one == "import":
        names = draw(st.lists(renamed(dotted()), min_size=1, max_size=3))
        return f"import{draw(SOME)}" + f"{draw(ANY)},{draw(ANY)}".join(names)
    dots = draw(st.sampled_from([".", "..", " .. .", "...."])) if one == "relative" else draw(SOME)
    base = draw(dotted()) if one != "relative" or draw(st.booleans()) else ""
    names = draw(st.lists(renamed(WORDS), min_size=1, max_size=3))
    what = {"star": "*", "brackets": "(" + ", # import\n".join(names) + ")"}.get(one)
    behind = f"{draw(ANY)}{what}" if what else f"{draw(SOME)}{','.join(names)}"
    return f"from{dots}{base}{draw(SOME)}import{behind}"


FUNCTIONS = ["import_module", "m.import_module", "__import__", "(import_module)", "x.__import__"]
ARGUMENTS = [
    "'a.b'", '"a"', "u'a'", "r'a'", "b'a'", "'é'", "('a')", "'a' 'b'", "'''a'''", "f'a'", "f'{x}'",
    "name", "name.x", "x, 'a'", "x + 'a'", "'a' + x", "'a' % x", "x if x else 'a'", "not 'a'",
    "'.a'", "'..a', 'b.c'", "'.a', __package__", "'a', 'b'", "'a', package='b'", "name='a'",
    "'a', globals(), None, [], 1", "'a', level=1", "import_module('c')", "__import__('c').x",
    "*x", "**x", "", "'\\x61'",
]  # fmt: skip


@st.composite
def calls(draw):
    gap = st.sampled_from(["", " ", "\t", "\\\n"])
    inner = st.sampled_from(["", " ", "\n", " # import\n", "\r\n"])
    called = f"{draw(st.sampled_from(FUNCTIONS))}{draw(gap)}("
    around = draw(
        st.sampled_from(["{}", "x = {}", "def f(x={}): pass", "@y({})\ndef f(): pass", "f'{{{}}}'"])
    )
    return around.format(f"{called}{draw(inner)}{draw(st.sampled_from(ARGUMENTS))}{draw(inner)})")


@given(st.lists(st.tuples(STARTS, statements(), ENDS), min_size=1, max_size=4))
def test_nothing_is_missed_of_any_statements(parts):
    # Statements that Python refuses, alone or behind what they stand behind, are left out.
    text = ""
    for start, statement, end in parts:
        more = f"{text}{start}{statement}{end}"
        text = more if reads(more.encode()) else text
    assert parsed(text.encode()) <= found(text)


@given(STARTS, calls(), statements(), ENDS)
def test_nothing_is_missed_of_any_call(start, call, statement, end):
    text = f"{start}{call}{end}{statement}"
    names = found(text)
    if names is not None and reads(text.encode()):
        assert parsed(text.encode()) <= names


ODDS = st.lists(
    st.sampled_from(
        ["import", "from", "import a", "from b import c", "lazy", "as", "x", "a", "é", "=",
         ",", ".", ";", ":", "\\", "\n", "\r", " ", "\t", "\x0c", "#", "'", '"', "'''", "(", ")",
         "if x:", "else:", "\nif TYPE_CHECKING:\n ", "\n ", "import_module", "__import__",
         "('a')", "'a'", "# coding: latin-1\n", "# coding: utf-7\n", "\ufeff"]
    )
).map("".join)  # fmt: skip


@given(ODDS)
def test_nothing_is_missed_in_any_text_that_python_reads(text):
    names = found(text)
    if names is not None and reads(text.encode()):
        assert parsed(text.encode()) <= names


@given(st.binary())
def test_any_bytes_have_an_answer(source):
    found = mentions(b"import " + source)
    assert found is None or list(found) == sorted(set(found))


# --- the beginning of a file ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("import a\nx = 1\n", "import a\n"),
        ("import b\nimport a.c\n@x\n", "import b\nimport a.c\n"),
        ("try:\n    import a\nexcept E:\n    pass\nelse:\n    y\nfinally:\n    z\nx\n",
         "try:\n    import a\nexcept E:\n    pass\nelse:\n    y\nfinally:\n    z\n"),
        ("def f():\n    from a import (\n    b\n)\n\n    x\n# y\nelsewhere = 1\n",
         "def f():\n    from a import (\n    b\n)\n\n    x\n# y\n"),
        ("x\nif TYPE_CHECKING:\n    import a\nimport a\nx\n", "x\nimport a\n"),
        ("x\nif TYPE_CHECKING:\n if y: z = \\\n1; import a\nx\n",
         "x\nif TYPE_CHECKING:\n if y: z = \\\n1; import a\n"),
        ("import a\r\nx\r\n", "import a\n"),
        ("import b\nx\n", ""),
        ("import a\n", ""),
    ],
)  # fmt: skip
def test_a_file_up_to_where_it_imports_a_name(text, begins):
    assert beginning((text + "#" * 100).encode(), "a").decode() == begins


def test_a_file_that_imports_a_name_at_its_end_is_not_parsed_twice():
    assert beginning(b"#" * 100 + b"\nimport a\nx\n", "a") == b""


@MANY
def test_a_beginning_imports_nothing_that_the_file_does_not(many):
    more, parsed_first = {}, 0
    for path in [*sources(many)][::5]:
        source = path.read_bytes()
        names = parsed(source)
        for name in sorted(names if reads(source) else ()):
            begins = parsed(beginning(source, name))
            more[path, name] = begins - names
            parsed_first += name in begins
    assert {at: names for at, names in more.items() if names} == {}
    assert parsed_first > len(more) / 2  # which is what it is good for


# --- what is required -----------------------------------------------------------------------------


@pytest.fixture
def needs(tmp_path, monkeypatch):
    """A function: a package and its files -> names of what it requires, and of what was parsed."""
    tree = project(
        tmp_path / "tree",
        """
        === helper.py
        === other/__init__.py
        === space/mine/__init__.py
        === space/beside/__init__.py
        """,
    )
    project(tmp_path / "elsewhere", "=== space/theirs/__init__.py")
    monkeypatch.chdir(tree)
    monkeypatch.setattr(sys, "path", [str(tree), str(tmp_path / "elsewhere"), *sys.path])
    monkeypatch.setattr(_needs, "distribution", {"pytest": ("pytest", "1.0")}.get)

    def needs(own, **sources):
        files = [
            File(f"{own.replace('.', '/')}/{name}.py", (0, 0, 0, 0), False, text.encode())
            for name, text in sources.items()
        ]
        found = requirements_of(own, mentioned(own, files), finder(Policy()))
        read = [name for name, file in zip(sources, files) if file._imports is not None]
        return [unit.name for unit in found.packages], found.others, read

    return needs


def test_what_needs_no_parsing(needs):
    text = (
        "import os, no_such_thing\nfrom own.a import b\nfrom . import c\n'''\nfrom d import e'''\n"
    )
    assert needs("own", a=text, b="import json") == ([], {}, [])


@pytest.mark.parametrize("name", ["helper", "other", "pytest"])
def test_only_what_is_imported_indeed_counts(needs, name):
    real = f"import {name}"
    typing = f"if x:\n  if TYPE_CHECKING:\n    import {name}"
    prose = f"'''\nimport {name}\n'''"
    units, others = ([], {name: "pytest 1.0"}) if name == "pytest" else ([name], {})
    assert needs("own", a=real) == (units, others, ["a"])
    assert needs("own", a=typing, b=prose) == ([], {}, ["a", "b"])
    assert needs("own", a=typing.replace("if x:\n  ", "x\n")) == ([], {}, [])
    assert needs("own", a=prose, b=real, c=typing) == (units, others, ["b"])  # the smallest
    assert needs("own", a=prose, b=real + " as a_longer_name_than_any") == (
        units,
        others,
        ["a", "b"],
    )


def test_what_is_installed_is_looked_for_up_to_where_it_is_imported(needs):
    rest = "\ndef f(): pass\n" * 100
    assert needs("own", a="import pytest" + rest) == ([], {"pytest": "pytest 1.0"}, [])
    assert needs("own", a="import helper" + rest) == (["helper"], {}, ["a"])
    assert needs("own", a="'''\nimport pytest\nx = '''" + rest) == ([], {}, ["a"])


def test_a_beginning_is_parsed_once(monkeypatch):
    text = b"import json\nimport pytest\n" + b"def f(): pass\n" * 100
    file = File("own/a.py", (0, 0, 0, 0), False, text)
    parsed = []
    imports = _files._imports
    monkeypatch.setattr(_files, "_imports", lambda *a, **k: parsed.append(a) or imports(*a, **k))
    assert [file.seems_to_import(name) for name in ("pytest", "json", "pytest")] == [True] * 3
    assert len(parsed) == 1
    assert not file.seems_to_import("os")


def test_what_a_file_seems_to_import_does_not_depend_on_what_was_asked_before():
    source = b"import a\nx = 1\n" + b"# more\n" * 20 + b"x = = 1\n"
    fresh, parsed_before = (File("pkg/m.py", (1, 1, 1, 1), False, source) for _ in range(2))
    assert parsed_before.imports == ()
    assert parsed_before.seems_to_import("a") is fresh.seems_to_import("a") is True


def test_in_a_namespace_a_relative_import_may_leave_the_package(needs):
    text = "from .. import beside"
    assert needs("space.mine", a=text) == (["space.beside"], {}, ["a"])
    assert needs("own", a=text) == ([], {}, [])


def test_a_part_of_a_namespace_that_is_installed(needs, monkeypatch):
    monkeypatch.setattr(_needs, "distribution", {"space": ("theirs", "2.0")}.get)
    assert needs("own", a="import space.theirs") == ([], {"space": "theirs 2.0"}, ["a"])
    assert needs("own", a="import space.mine") == (["space.mine"], {}, ["a"])
    # This imports `space` itself as well.
    text = "from space import mine"
    assert needs("own", a=text) == (["space.mine"], {"space": "theirs 2.0"}, ["a"])


def test_a_call_that_is_not_plain_is_understood(needs):
    text = "import_module('.deep', package='other')"
    assert needs("own", a=text) == (["other"], {}, ["a"])
