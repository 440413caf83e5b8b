"""Loud sending (R15): what will not work on the receiver is said at `dumps`, with what to type."""

from __future__ import annotations

import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pytest

from receivers import project, receive, run
from test_readme import modulepickle as command_line

TREE = """
    === proj/pyproject.toml
    === proj/core/__init__.py
    from core import part

    def f():
        return part.X
    === proj/core/part.py
    X = 1
    === proj/core/data/table.csv
    a,b
    === proj/plugs/__init__.py
    def go():
        return "plug"
    === lib/pk/__init__.py
    def f():
        return 42
    === lib/ns/inner.py
    def f():
        return 42
"""

HEAD = """
import logging, os, pathlib, sys, warnings
sys.path.append("../lib")
import modulepickle
from modulepickle import Policy
records = []
handler = logging.Handler()
handler.emit = lambda record: records.append(record.getMessage())
logging.getLogger("modulepickle").addHandler(handler)

def said(obj, times=1, **options):
    "What is said of an object: by warnings, and the same in the log."
    records.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(times):
            modulepickle.dumps(obj, **options)
    texts = [str(each.message) for each in caught
             if each.category is modulepickle.ShippingWarning]
    assert texts == [each for each in records if each in texts], records
    assert all(each.filename == __file__ for each in caught), caught
    return texts

def raised(obj, **options):
    "What a strict policy raises: reasons and subjects."
    try:
        modulepickle.dumps(obj, policy=Policy(strict=True, **options))
    except modulepickle.PackagingError as error:
        return [(each.reason.name, each.subject) for each in error.problems]
    return []
"""


def told(folder: Path, code: str, tree: str = TREE) -> Any:
    """Return the variable `result` that code of a script in the project sets."""
    made = project(folder, tree)
    return run(made / "proj", HEAD + textwrap.dedent(code)).result


# -- By name, and nobody has it -----------------------------------------------------------------


def test_a_package_outside_the_tree(tmp_path):
    (text,) = told(tmp_path, "import pk\nresult = said(pk.f, times=3)")
    assert text.startswith("`pk`: it goes by name")
    assert "reached by: `pk.f`" in text
    assert 'Policy(include=("pk",))' in text
    assert 'exclude = ["pk"]' in text


@pytest.mark.parametrize(
    ("obj", "who"),
    [
        ("import pk; obj = pk", ""),
        ("import pk; obj = [pk.f]", "`pk.f`"),
        ("import pk; obj = lambda: pk.f()", ""),
        ("def obj():\n    import pk\n    return pk.f()", "function `obj`"),
        ("import ns.inner; obj = ns.inner.f", "`ns.inner.f`"),
    ],
)
def test_however_it_is_reached(tmp_path, obj, who):
    (text,) = told(tmp_path, f"{obj}\nresult = said(obj)")
    assert "it goes by name" in text
    assert who in text


def test_a_shipped_package_that_imports_it(tmp_path):
    project(tmp_path, TREE)
    (tmp_path / "proj/core/part.py").write_text("def g():\n    import pk\nX = 1\n")
    code = HEAD + "import core\nresult = said(core.f), said(core.f, policy=Policy(exclude=('pk',)))"
    first, excluded = run(tmp_path / "proj", code).result
    assert len(first) == 1
    assert "package `core` -> import at core/part.py:2" in first[0]
    assert excluded == []


def test_what_is_in_a_zip_archive_outside_the_tree(tmp_path):
    project(tmp_path, TREE)
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr("zipped/__init__.py", "def f(): return 1")
        archive.writestr("space/", "")  # zipimport finds no namespace without it
        archive.writestr("space/inner.py", "def f(): return 1")
    code = """
    sys.path.insert(0, '../app.pyz')
    import zipped, space.inner
    result = said(zipped.f), said(zipped.f, policy=Policy(include=("zipped",))), said(space.inner.f)
    """
    (text,), included, (space,) = run(tmp_path / "proj", HEAD + textwrap.dedent(code)).result
    assert "app.pyz is neither in your working tree" in text
    assert included == []
    assert "app.pyz is neither in your working tree" in space


@pytest.mark.parametrize(
    "make",
    [
        "env/site-packages/pk/__init__.py",
        "env/dist-packages/pk/__init__.py",
        "flat/pk/__init__.py\n=== flat/pk-1.0.dist-info/METADATA\nName: pk\nVersion: 1.0\n"
        "=== flat/pk-1.0.dist-info/top_level.txt\npk",
    ],
)
def test_what_is_installed_is_nothing_to_speak_of(tmp_path, make):
    tree = project(tmp_path, f"=== proj/pyproject.toml\n=== {make}")
    (tmp_path / make.partition("\n")[0]).write_text("def f(): pass\nclass C: pass\n")
    folder = (tmp_path / make).parents[1] if "\n" not in make else tmp_path / "flat"
    code = f"sys.path.insert(0, {str(folder)!r})\nimport pk\nresult = said([pk.f, pk.C()])"
    assert run(tree / "proj", HEAD + code).result == []


def test_a_namespace_of_the_tree_is_nothing_to_speak_of(tmp_path):
    tree = (
        TREE
        + """
    === proj/space/inner/__init__.py
    def f():
        return 42
    """
    )
    code = "import space.inner\nresult = said([space, space.inner.f, space.inner, lambda: space])"
    assert told(tmp_path, code, tree) == []


def test_the_standard_library_is_nothing_to_speak_of(tmp_path):
    code = """
    import collections, xml.dom, decimal, importlib.metadata, __future__
    def f(): return xml.dom, decimal.Decimal, collections.deque, importlib.metadata
    result = said([f, xml.dom, decimal, collections.OrderedDict(a=1), len, sys, os.path])
    """
    assert told(tmp_path, code) == []


def test_a_module_made_by_code_is_nothing_to_speak_of(tmp_path):
    code = """
    import types
    made = sys.modules["made"] = types.ModuleType("made")
    exec("def f(): pass", vars(made))
    result = said(made.f)
    """
    assert told(tmp_path, code) == []


# -- Left out, and imported ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "pattern"),
    [
        ("ignore=('part.py',)", 'ignore "part.py"'),
        ("ignore=('par*',)", 'ignore "par*"'),
        ("exclude=('core.part',)", 'exclude "core.part"'),
        ("exclude=('*.part',)", 'exclude "*.part"'),
    ],
)
def test_a_file_that_is_left_out_and_imported(tmp_path, policy, pattern):
    code = f"import core\nresult = said(core.f, policy=Policy({policy})), raised(core.f, {policy})"
    (text,), strict = told(tmp_path, code)
    assert text.startswith(f"`core.part`: it is left out by {pattern}")
    assert "package `core` -> import at core/__init__.py:1" in text
    assert strict == [("LEFT_OUT", "`core.part`")]


def test_a_file_that_is_left_out_and_imported_by_another_package(tmp_path):
    project(tmp_path, TREE)
    (tmp_path / "proj/app.py").write_text("def f():\n    from core import part\n")
    (tmp_path / "proj/core/__init__.py").write_text("")
    code = "import app\nresult = said(app.f, policy=Policy(ignore=('part.py',)))"
    (text,) = run(tmp_path / "proj", HEAD + code).result
    assert "import at app.py:2" in text


def test_a_file_that_is_left_out_and_imported_by_a_function_of_the_script(tmp_path):
    project(tmp_path, TREE)
    (tmp_path / "proj/core/__init__.py").write_text("")
    code = "def f():\n    import core.part\nresult = said(f, policy=Policy(ignore=('part.py',)))"
    (text,) = run(tmp_path / "proj", HEAD + code).result
    assert "reached by: function `f`" in text


@pytest.mark.parametrize("policy", ["ignore=('data/*',)", "ignore=('data',)", "ignore=('*.csv',)"])
def test_data_that_is_left_out_is_nothing_to_speak_of(tmp_path, policy):
    code = f"import core\nresult = said(core.f, policy=Policy({policy}))"
    more = """
    === proj/core/env/one.py
    === proj/core/model/__init__.py
    === proj/core/deep/pyproject.toml
    === proj/core/paper.pfd
    === proj/src/plugs2/__init__.py
    === proj/src/plugs2/dta/x
    === proj/plugs/one.pdf
    === proj/datas/in/x.CSV
    === proj/core/datas/x.csv
    """
    assert told(tmp_path, code, TREE + more) == []


# -- Gone, or broken ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obj", "breaks", "subject"),
    [
        ("core.part", "pathlib.Path('core/part.py').unlink()", "`core.part`"),
        ("core.part", "pathlib.Path('core/part.py').write_text('def (')", "`core.part`"),
        ("core.part", "pathlib.Path('core/__init__.py').write_text('def (')", "`core`"),
        ("core.f", "pathlib.Path('core/__init__.py').unlink()", "`core`"),
        ("plugs.go", "__import__('shutil').rmtree('plugs')", "`plugs`"),
        ("single.f", "pathlib.Path('single.py').unlink()", "`single`"),
    ],
)
def test_a_file_that_is_gone_or_broken_since_its_import_is_an_error(tmp_path, obj, breaks, subject):
    code = f"""
    pathlib.Path("single.py").write_text("def f(): pass")
    import core, core.part, plugs, single
    modulepickle.dumps([core.f, single.f])
    {breaks}
    result = []
    for policy in Policy(), Policy(strict=True):
        try:
            modulepickle.dumps({obj}, policy=policy)
        except modulepickle.PackagingError as error:
            result += [(each.reason.name, each.subject, each.chain) for each in error.problems]
    """
    chain = f"{'function' if '.f' in obj or '.go' in obj else 'module'} `{obj}`"
    assert told(tmp_path, code) == [("GONE", subject, (chain,))] * 2


def test_a_broken_file_that_was_imported_beside_what_is_sent(tmp_path):
    code = """
    import core
    pathlib.Path("core/part.py").write_text("def (")
    result = said(core.f, times=2), raised(core.f)
    """
    (text,), strict = told(tmp_path, code)
    assert text.startswith("`core.part`: its file ")
    assert "does not compile" in text
    assert strict == [("GONE", "`core.part`")]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("def f():\n    from . import part\n", "import at core/__init__.py:2"),
        ("def f():\n    from core.part import x\n", "import at core/__init__.py:2"),
        ("try:\n    from . import part\nexcept ImportError:\n    part = 1\ndef f(): pass\n", ""),
        ("def f(): pass\n", ""),
    ],
)
def test_a_file_that_is_gone_and_that_what_is_sent_imports(tmp_path, text, place):
    code = f"""
    pathlib.Path("core/__init__.py").write_text({text!r})
    import core, core.part
    pathlib.Path("core/part.py").unlink()
    result = said(core.f, times=2), raised(core.f)
    """
    texts, strict = told(tmp_path, code)
    assert strict == ([("GONE", "`core.part`")] if place else [])
    assert [each.startswith("`core.part`: its file ") and place in each for each in texts] == (
        [True] if place else []
    )


def test_a_broken_file_that_nobody_imported_is_nothing_to_speak_of(tmp_path):
    project(tmp_path, TREE)
    (tmp_path / "proj/core/unused.py").write_text("def (")
    assert run(tmp_path / "proj", HEAD + "import core\nresult = said(core.f)").result == []


# -- What the script has put into a package ------------------------------------------------------

REPLACED = """
    === proj/pyproject.toml
    === proj/shop.py
    import functools
    from deco import keep
    def price():
        return 1
    @keep
    def kept():
        return 1
    class Cart:
        def total(self):
            return 1
        @staticmethod
        def empty():
            return 1
    === proj/deco.py
    import functools
    def keep(f):
        @functools.wraps(f)
        def wrapper():
            return f()
        return wrapper
"""


@pytest.mark.parametrize(
    ("code", "subject", "detail"),
    [
        ("shop.price = functools.wraps(shop.price)(lambda: 2)", "price", "what it names now was"),
        ("shop.Cart.total = lambda self: 2", "Cart", "`total` of it was"),
        ("shop.Cart.empty = staticmethod(lambda: 2)", "Cart", "`empty` of it was"),
        ("shop.Cart.count = property(lambda self: 2)", "Cart", "`count` of it was"),
        ("shop.price = shop.keep(shop.price)", "", ""),
        ("shop.price = functools.lru_cache(shop.price)", "", ""),
        ("shop.Cart.total = shop.price", "", ""),
        ("shop.Cart.size = 5", "", ""),
        ("__import__('importlib').reload(shop)", "", ""),
    ],
)
def test_what_the_script_has_put_in_place_of_another(tmp_path, code, subject, detail):
    code = f"""
    import functools, shop
    everything = lambda: [shop.price, shop.kept, shop.Cart, shop.Cart()]
    result = [*said(everything())]
    {code}
    result += said(everything(), times=2)
    """
    project(tmp_path, REPLACED)
    found = run(tmp_path / "proj", textwrap.dedent(HEAD) + textwrap.dedent(code)).result
    assert len(found) == bool(subject), found
    for text in found:
        assert text.startswith(
            f"`shop.{subject}`: {detail} made by the script, and a receiver gets"
        )


# -- Policies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("include=('plugz',)", "did you mean 'plugs'?"),
        ("include=('json',)", "the standard library is everywhere"),
        ("include=('modulepickle',)", "receivers need none of it"),
        ("include=('__main__',)", "by value"),
        ("include=('core',), exclude=('core',)", "exclude names it as well"),
        ("include=('pk.part',)", 'write include "pk"'),
        ("exclude=('plugz',)", "did you mean 'plugs'?"),
        ("exclude=('core.prt',)", "did you mean 'part'?"),
        ("by_value=('plugz',)", "did you mean 'plugs'?"),
        ("ignore=('core/part.py',)", 'write "part.py"'),
        ("ignore=('core/data/*',)", 'write "data/*"'),
        ("ignore=('data/tabel.csv',)", "did you mean 'data/table.csv'?"),
        ("ignore=('dta/*',)", "did you mean 'data/*'?"),
        ("ignore=('Data/',)", "did you mean 'data'?"),
        ("ignore=('dataa/table.csv',)", "did you mean 'data/table.csv'?"),
        ("ignore=('*.cvs',)", "did you mean '*.csv'?"),
        ("ignore=('data/*.CSV',)", "did you mean 'data/*.csv'?"),
        ("ignore=('table.csv',)", 'write "data/table.csv"'),
    ],
)
def test_a_policy_entry_without_effect(tmp_path, policy, words):
    code = f"""
    import core
    result = said(core.part, policy=Policy({policy})), raised(core.part, {policy})
    """
    texts, strict = told(tmp_path, code)
    if "exclude=('core',)" in policy:
        texts = [text for text in texts if "include" in text]
    (text,) = texts
    assert words in text
    assert "it has no effect" in text
    assert ("NO_EFFECT", text.partition(":")[0]) in strict


@pytest.mark.parametrize(
    "policy",
    [
        "include=('core', 'plugs', 'pk')",
        "include=('c*', 'nothing*')",
        "exclude=('*.tests', 'plugs', 'core.data')",
        "exclude=('json', 'nothing.*')",
        "by_value=('core.part', 'plugs')",
        "ignore=('*.ckpt', 'data/', 'data/table.csv', 'unlike.anything')",
        "ignore=('*.log', '*.pyc', '*.tsv', '.data/*', 'doc/*', 'dist/', 'da*/x', '*/part')",
        # What other packages of the project have, and the project itself.
        "ignore=('dta/*', '*.pdf', 'datas/*.CSV', 'pyproject.toml', 'models/*')",
        "max_bytes=100000",
    ],
)
def test_a_policy_of_sense_is_nothing_to_speak_of(tmp_path, policy):
    code = f"import core\nresult = said(core.f, policy=Policy({policy}))"
    more = """
    === proj/core/env/one.py
    === proj/core/model/__init__.py
    === proj/core/deep/pyproject.toml
    === proj/core/paper.pfd
    === proj/src/plugs2/__init__.py
    === proj/src/plugs2/dta/x
    === proj/plugs/one.pdf
    === proj/datas/in/x.CSV
    === proj/core/datas/x.csv
    """
    assert told(tmp_path, code, TREE + more) == []


def test_settings_without_effect_and_strict_ones(tmp_path):
    settings = """
    === proj/pyproject.toml
    [tool.modulepickle]
    include = ["plugz"]
    """
    code = """
    import core
    result = said(core.f, times=2)
    pathlib.Path("pyproject.toml").write_text('''[tool.modulepickle]
    include = ["plugz"]
    strict = true
    ''')
    try:
        modulepickle.dumps(core.f)
    except modulepickle.PackagingError as error:
        result += [each.subject for each in error.problems]
    """
    text, subject = told(tmp_path, code, TREE + settings)
    assert "did you mean 'plugs'?" in text
    assert subject == 'include "plugz"'


# -- All of it ----------------------------------------------------------------------------------


def test_where_warnings_are_errors_each_dumps_raises(tmp_path):
    code = """
    import pk
    warnings.simplefilter("error")
    result = []
    for _ in range(2):
        try:
            modulepickle.dumps(pk.f)
        except modulepickle.ShippingWarning as warning:
            result.append(str(warning)[:5])
    """
    assert told(tmp_path, code) == ["`pk`:", "`pk`:"]


def test_a_strict_policy_raises_all_at_once_each_time(tmp_path):
    code = """
    import core, pk
    result = [raised([core.f, pk.f], ignore=("part.py",), include=("plugz",)) for _ in range(2)]
    """
    expected = [("NO_EFFECT", 'include "plugz"'), ("LEFT_OUT", "`core.part`"), ("BY_NAME", "`pk`")]
    assert [sorted(each) for each in told(tmp_path, code)] == [sorted(expected)] * 2


def test_without_logging_it_is_printed_once(tmp_path):
    project(tmp_path, TREE)
    code = (
        "import sys; sys.path.append('../lib')\nimport modulepickle, pk\nmodulepickle.dumps(pk.f)"
    )
    assert run(tmp_path / "proj", code).stderr.count("it goes by name") == 1


def test_picklers_of_others_say_it_too(tmp_path):
    code = """
    import io, pickle, pk
    made = modulepickle.extend(type("P", (pickle.Pickler,), {}))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made(io.BytesIO()).dump(pk.f)
    result = [(each.category.__name__, each.filename == __file__) for each in caught]
    """
    assert told(tmp_path, code) == [("ShippingWarning", True)]


def test_a_warning_does_not_change_the_pickle(tmp_path):
    code = "import core, pk\nobj = [core.f, pk.f]\nresult = said(obj), modulepickle.dumps(obj)"
    texts, data = told(tmp_path, code)
    assert len(texts) == 1
    names = "import sys; sys.path.append({!r}); result = [each() for each in load()]"
    assert receive(data, names.format(str(tmp_path / "lib")), lazy=True).result == [1, 42]


# -- Secrets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("PASSWORD = 'hunter2'\ndef obj(): return PASSWORD", "global `PASSWORD` of `obj`"),
        ("api_key = b'0123'\nobj = lambda: api_key", "global `api_key` of `<lambda>`"),
        ("TOKEN = 'ghp_0123456789abcdef'\ndef obj(): return TOKEN", "global `TOKEN` of `obj`"),
        (
            "pem = '-----BEGIN RSA PRIVATE KEY-----'\ndef obj(): return pem",
            "global `pem` of `obj`",
        ),
        (
            "def make(pwd):\n    def inner(): return pwd\n    return inner\nobj = make('x')",
            "closure variable `pwd` of `make.<locals>.inner`",
        ),
        ("class obj:\n    db_password = 'x'", "attribute `db_password` of class `obj`"),
    ],
)
def test_what_looks_like_a_secret_and_goes_by_value(tmp_path, code, subject):
    (text,), strict = told(tmp_path, f"{code}\nresult = said(obj, times=2), raised(obj)")
    assert text.startswith(f"{subject}: it looks like a secret")
    assert strict == [("SECRET", subject)]


@pytest.mark.parametrize(
    "code",
    [
        "pad_token = '<pad>'\nmax_tokens = 5\ndef obj(): return pad_token, max_tokens",
        "def password(): pass\ndef obj(): return password",
        "secret = None\npassword = ''\ndef obj(): return secret, password",
        "words = 'a password'\ndef obj(): return words",
        "import getpass\ndef obj(password): return getpass.getpass(password)",
    ],
)
def test_what_does_not_look_like_a_secret(tmp_path, code):
    assert told(tmp_path, f"{code}\nresult = said(obj)") == []


# -- The report -----------------------------------------------------------------------------------


def test_a_report_has_what_dumps_warns_of(tmp_path):
    code = """
    import core, pk
    password = "x"
    def f(): return core.f, pk.f, password
    policy = Policy(include=("plugz",))
    report = modulepickle.explain(f, policy=policy)
    result = report.data["dumps_warns"], report.warnings, said(f, policy=policy)
    """
    warns, shown, texts = told(tmp_path, code)
    assert warns == texts
    assert len(warns) == 3
    assert len([each for each in shown if "plugz" in each]) == 1


@pytest.mark.parametrize(("name", "exit_code"), [("core", 0), ("app", 1)])
def test_check_is_an_exit_code(tmp_path, name, exit_code):
    tree = project(tmp_path, TREE) / "proj"
    (tree / "app.py").write_text(
        f"import sys\nsys.path.append({str(tmp_path / 'lib')!r})\nimport pk\ndef f(): pass\n"
    )
    assert command_line("explain", f"{name}:f", cwd=tree).returncode == 0
    assert command_line("explain", f"{name}:f", "--check", cwd=tree).returncode == exit_code
