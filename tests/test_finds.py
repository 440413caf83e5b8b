"""What the sender finds: links, `.pth` files, folders that were left (design section 4)."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest

import modulepickle
from receivers import project, receive, run, send

ANSWER = "def f():\n    return 42\n"


def sent(folder: Path, code: str = "", before: str = "", **options: str) -> object:
    """Return what `pk.f` gives on a receiver, sent by a script of a project in `folder`."""
    data = send(folder, f"{before}\nimport pk\nobj = pk.f\n{code}", **options)
    return receive(data, "result = obj()", absent=["pk"]).result


@pytest.fixture
def places(tmp_path: Path) -> Path:
    return project(
        tmp_path,
        """
        === proj/pyproject.toml
        === shared/pk/__init__.py
        from .part import f
        === shared/pk/part.py
        def f():
            return 42
        === shared/libs/inner/pk/__init__.py
        def f():
            return 42
        """,
    )


def test_a_package_that_is_a_link_in_the_project_travels(places):
    (places / "proj/pk").symlink_to("../shared/pk")
    assert sent(places / "proj") == 42


def test_a_module_that_is_a_link_in_the_project_travels(places):
    (places / "proj/pk.py").symlink_to("../shared/pk/part.py")
    assert sent(places / "proj") == 42


def test_a_package_below_a_linked_folder_travels(places):
    (places / "proj/libs").symlink_to("../shared/libs")
    before = "import sys; sys.path.insert(0, 'libs/inner')"
    assert sent(places / "proj", before=before) == 42


def test_a_link_elsewhere_that_leads_into_the_project_travels(places):
    project(places / "proj/mine", f"=== pk/__init__.py\n{ANSWER}")
    (places / "away").mkdir()
    (places / "away/pk").symlink_to("../proj/mine/pk")
    before = f"import sys; sys.path.insert(0, {str(places / 'away')!r})"
    assert sent(places / "proj", before=before) == 42


def test_what_a_link_leads_to_in_an_installation_is_installed(places):
    project(places / "env/site-packages", f"=== pk/__init__.py\n{ANSWER}")
    (places / "proj/pk").symlink_to("../env/site-packages/pk")
    data = send(places / "proj", "import pk\nobj = pk.f")
    assert len(data) < 100


def test_an_edit_behind_a_link_travels(places):
    (places / "proj/pk").symlink_to("../shared/pk")
    code = """
    import modulepickle, pathlib, pk
    modulepickle.dumps(pk.f)
    pathlib.Path("../shared/pk/data.txt").write_text("new")
    obj = pk
    """
    data = send(places / "proj", textwrap.dedent(code))
    text = "import pathlib; result = pathlib.Path(obj.__file__).with_name('data.txt').read_text()"
    assert receive(data, text).result == "new"


PTH = """
import site
site.addsitedir({site!r})
"""


@pytest.mark.parametrize(
    "text", ["{lib}\n", "# a comment\n\nimport os\n{lib}\n", "\ufeff{lib}", "../../lib\n"]
)
def test_a_pth_file_makes_a_folder_the_users_own(tmp_path, text):
    tree = project(tmp_path, f"=== proj/pyproject.toml\n=== lib/pk.py\n{ANSWER}")
    folder = tmp_path / "env/site-packages"
    folder.mkdir(parents=True)
    (folder / "conda.pth").write_text(text.format(lib=tmp_path / "lib"), encoding="utf-8")
    if text.startswith("\ufeff") and sys.version_info < (3, 13):
        pytest.skip("site reads the mark of an encoding since 3.13")
    assert sent(tree / "proj", before=PTH.format(site=str(folder))) == 42


def test_a_pth_file_counts_only_as_far_as_site_has_read_it(tmp_path):
    tree = project(tmp_path, f"=== proj/pyproject.toml\n=== lib/pk.py\n{ANSWER}")
    folder = tmp_path / "env/site-packages"
    folder.mkdir(parents=True)
    (folder / "a.pth").write_text(f"{tmp_path / 'lib'}\nno/such/folder\n\0\n", encoding="utf-8")
    os.mkfifo(folder / "b.pth")
    code = f"""
    import sys, modulepickle
    sys.path.append({str(folder)!r})
    before = modulepickle._local.tree.working_tree().roots
    sys.path.append({str(tmp_path / "lib")!r})
    after = modulepickle._local.tree.working_tree().roots
    obj = {{*after}} - {{*before}}
    """
    data = send(tree / "proj", textwrap.dedent(code))
    assert receive(data, "result = obj").result == {os.path.realpath(tmp_path / "lib")}


def test_a_folder_that_was_left_is_still_the_users_own(tmp_path):
    tree = project(
        tmp_path, f"=== work/pk.py\n{ANSWER}=== data/table.csv\n=== tool/site-packages/x"
    )
    code = "import modulepickle, os; os.chdir('../data'); obj = pk.f"
    # The script is somebody else's, as Jupyter's is.
    script = str(tree / "tool/site-packages/launch.py")
    before = "import sys; sys.path.insert(0, '')"
    assert sent(tree / "work", code, before, script=script) == 42


def test_the_project_of_a_folder_that_was_left_is_the_users_own(tmp_path):
    tree = project(
        tmp_path,
        f"=== repo/pyproject.toml\n=== repo/src/pk.py\n{ANSWER}=== repo/notebooks/x\n"
        "=== data/x\n=== tool/site-packages/x",
    )
    code = "import modulepickle, os; os.chdir('../../data'); obj = pk.f"
    script = str(tree / "tool/site-packages/launch.py")
    before = "import sys; sys.path.insert(0, '../src')"
    assert sent(tree / "repo/notebooks", code, before, script=script) == 42


def test_the_settings_of_a_folder_that_was_left_hold_where_there_is_no_project(tmp_path):
    tree = project(
        tmp_path,
        f"""
        === repo/pyproject.toml
        [tool.modulepickle]
        exclude = ["pk"]
        === repo/pk.py
        {ANSWER.replace(chr(10), chr(10) + " " * 8)}
        === data/x
        === tool/site-packages/x
        """,
    )
    code = "import pk, modulepickle, os; os.chdir('../data'); obj = pk.f"
    script = str(tree / "tool/site-packages/launch.py")
    data = send(tree / "repo", f"import sys; sys.path.insert(0, '')\n{code}", script=script)
    assert len(data) < 100


# -- What a process has, and never sends --------------------------------------------------------

OF_THE_PROCESS = """
import os, sys
from os import environ
os.environ["DB_PASSWORD"] = "hunter2"
def who(where=environ):
    return environ.get("WHO"), where.get("WHO")
class Reader:
    env = os.environ
    def __init__(self, stream):
        self.env, self.stream = os.environ, stream
"""


@pytest.mark.parametrize("made", ["who", "lambda: (environ.get('WHO'), os.environ.get('WHO'))"])
def test_the_environment_of_a_function_is_the_receivers(tmp_path, made):
    data = send(tmp_path, f"{OF_THE_PROCESS}\nobj = {made}")
    assert b"hunter2" not in data
    there = receive(data, "result = obj()", env={"WHO": "the receiver"}).result
    assert there == ("the receiver", "the receiver")


def test_the_environment_in_an_object_or_a_class_is_the_receivers(tmp_path):
    data = send(tmp_path, f"{OF_THE_PROCESS}\nobj = [os.environ, Reader(1), os.environb]")
    assert b"hunter2" not in data
    code = """
    import os
    first, second, third = obj
    result = first is second.env is type(second).env is os.environ, third is os.environb
    """
    assert receive(data, code).result == (True, True)


def test_a_copy_of_the_environment_is_data(tmp_path):
    data = send(tmp_path, f"{OF_THE_PROCESS}\nobj = (lambda: 1), dict(os.environ)")
    assert receive(data, "result = obj[1]['DB_PASSWORD']").result == "hunter2"


STREAMS = ["stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__"]


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("replace", ["", "class Out(io.StringIO): pass", "Out = io.StringIO"])
def test_a_standard_stream_is_the_receivers_own(tmp_path, name, replace):
    code = f"{OF_THE_PROCESS}\nimport io\n{replace}\n"
    if replace:
        code += f"sys.{name} = Out()\nsys.{name}.write('secret')\n"
    data = send(tmp_path, f"{code}obj = [Reader(sys.{name}), sys.{name}, lambda: 1]")
    assert b"secret" not in data
    text = f"import sys; result = obj[0].stream is obj[1] is sys.{name}"
    assert receive(data, text).result is True


@pytest.mark.parametrize(
    "name", ["stdout.buffer", "stderr.buffer", "stdin.buffer", "stdin.buffer.raw"]
)
def test_the_bytes_below_a_standard_stream_are_the_receivers_own(tmp_path, name):
    data = send(tmp_path, f"{OF_THE_PROCESS}\nobj = Reader(sys.{name})")
    assert receive(data, f"import sys; result = obj.stream is sys.{name}").result is True


def test_a_logging_handler_writes_where_the_receiver_does(tmp_path):
    code = """
    import logging, sys
    def make():
        stream = sys.stderr
        def work():
            print("to the receiver", file=stream)
            return 1
        return work
    obj = make()
    """
    data = send(tmp_path, textwrap.dedent(code))
    assert receive(data, "result = obj()").stderr == "to the receiver\n"


# -- What the policy includes, and what it excludes ---------------------------------------------

PLUGS = """
    === core/__init__.py
    import importlib

    def run(path):
        return importlib.import_module(path).go()
    === plugs/__init__.py
    from plugs.inner import NAME

    def go():
        import helper
        return NAME + helper.SUFFIX
    === plugs/inner.py
    NAME = "plug"
    === helper.py
    SUFFIX = "in"
    === other.py
    def f():
        return 1
"""

INCLUDED = "modulepickle.dumps(obj, policy=modulepickle.Policy(include=('plugs',)))"
BY_NAME = "\nresult = obj('plugs')"


@pytest.mark.parametrize(
    "code",
    [
        "import core\nobj = core.run",
        "from core import run\ndef obj(name): return run(name)",
        "obj = lambda name: __import__('importlib').import_module(name).go()",
        "import other, functools, operator, core\nobj = functools.partial(core.run)",
    ],
)
def test_what_the_policy_names_is_required_by_whatever_travels(tmp_path, code):
    data = send(project(tmp_path, PLUGS), code, dumps=INCLUDED)
    assert receive(data, BY_NAME, absent=["plugs", "helper"]).result == "plugin"


def test_what_the_settings_name_travels_too(tmp_path):
    settings = '=== pyproject.toml\n[tool.modulepickle]\ninclude = ["plugs"]'
    tree = project(project(tmp_path, PLUGS), settings)
    data = send(tree, "import core\nobj = core.run")
    assert receive(data, BY_NAME, absent=["plugs"]).result == "plugin"


def test_an_edit_of_what_the_policy_names_is_another_digest(tmp_path):
    code = """
    import core, modulepickle, pathlib
    from modulepickle._snapshot.shipment import Shipment
    policy = modulepickle.Policy(include=("plugs",))
    def digest():
        made = Shipment(policy)
        return made.ship(made.package("core")).digest
    before = digest()
    pathlib.Path("plugs/inner.py").write_text("NAME = 'new'")
    result = before == digest()
    """
    assert run(project(tmp_path, PLUGS), code).result is False


def test_nothing_is_added_where_nothing_travels(tmp_path):
    code = "import collections, pickle\nobj = [collections.OrderedDict(), 1]"
    data = send(project(tmp_path, PLUGS), code, dumps=f"({INCLUDED}, pickle.dumps(obj))[0]")
    assert data == send(tmp_path, code, dumps="pickle.dumps(obj)")


SECRETS = """
    === pkg/__init__.py
    def f():
        return 1

    def g():
        import pkg.secret
        return pkg.secret.PASSWORD
    === pkg/secret.py
    PASSWORD = "hunter2"
    === pkg/vault/__init__.py
    === pkg/vault/inner.py
    PASSWORD = "hunter2"
    === pkg/vault/data.txt
    hunter2
    === pkg/secretary.py
"""


def members(data: bytes) -> list[str]:
    found = modulepickle.inspect(data).snapshots
    return [file["path"] for each in found for file in each["files"]]


@pytest.mark.parametrize(
    ("exclude", "gone"),
    [
        (("pkg.secret",), {"pkg/secret.py"}),
        (("pkg.vault",), {"pkg/vault/__init__.py", "pkg/vault/inner.py", "pkg/vault/data.txt"}),
        (("pkg.vault.inner",), {"pkg/vault/inner.py"}),
        (("*.secret", "*.inner"), {"pkg/secret.py", "pkg/vault/inner.py"}),
        (("pkg.*secret*",), {"pkg/secret.py", "pkg/secretary.py"}),
    ],
)
@pytest.mark.filterwarnings("ignore::modulepickle.ShippingWarning")
def test_the_excluded_part_of_a_package_stays_at_home(tmp_path, exclude, gone):
    dumps = f"modulepickle.dumps(obj, policy=modulepickle.Policy(exclude={exclude!r}))"
    whole = members(send(project(tmp_path, SECRETS), "import pkg\nobj = pkg.f"))
    data = send(tmp_path, "import pkg\nobj = pkg.f", dumps=dumps, warns=True)
    assert {*whole} - {*members(data)} == gone
    assert receive(data, "result = obj()").result == 1


IMPORTS_A_SECRET = """
    === pkg/__init__.py
    def f(which):
        try:
            if which == "import":
                import pkg.secret
            elif which == "from":
                from pkg import secret
            elif which == "inner":
                from pkg.vault import inner
            else:
                from .vault.inner import KEY
        except ImportError as error:
            return type(error).__name__, str(error), error.name
    === pkg/secret.py
    === pkg/vault/__init__.py
    === pkg/vault/inner.py
    KEY = 1
"""


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ("exclude=('pkg.secret', 'pkg.vault.inner')", 'exclude "pkg.{}"'),
        ("ignore=('secret.py', 'vault/inner.py')", 'ignore "{}.py"'),
        ("exclude=('*.secret', '*.inner')", 'exclude "*.{}"'),
    ],
)
def test_r15_the_import_of_what_stays_at_home_says_why(tmp_path, policy, rule):
    project(tmp_path, IMPORTS_A_SECRET)
    dumps = f"modulepickle.dumps(obj, policy=modulepickle.Policy({policy}))"
    data = send(tmp_path, "import pkg\nobj = pkg.f", dumps=dumps, warns=True)
    code = "result = [obj(each) for each in ('import', 'from', 'inner', 'relative')]"
    said = receive(data, code, absent=["pkg"]).result
    kinds, texts, names = zip(*said)
    assert kinds == ("ModuleNotFoundError", "ImportError", "ImportError", "ModuleNotFoundError")
    assert names == ("pkg.secret", "pkg", "pkg.vault", "pkg.vault.inner")
    assert texts[0].startswith("No module named 'pkg.secret' (the sender left it out by ")
    assert texts[1].startswith("cannot import name 'secret' from 'pkg' (")
    for text, name in zip(texts, ("secret", "secret", "inner", "inner")):
        deep = name if "*." in rule or name == "secret" else f"vault.{name}"
        deep = deep.replace(".", "/") if "ignore" in rule else deep
        assert f"(the sender left it out by {rule.format(deep)})" in text


def test_r15_why_something_stays_at_home_is_no_distribution(tmp_path):
    project(tmp_path, IMPORTS_A_SECRET)
    code = """
    import pkg, modulepickle, warnings
    warnings.simplefilter("ignore")
    policy = modulepickle.Policy(exclude=("pkg.secret",))
    data = modulepickle.dumps(pkg.f, policy=policy)
    result = (
        modulepickle.requirements(pkg.f, policy=policy),
        [each["distributions"] for each in modulepickle.inspect(data).data["snapshots"]],
    )
    """
    assert run(tmp_path, code).result == ([], [{}])


def test_explain_knows_what_an_excluded_part_leaves_out(tmp_path):
    code = """
    import pkg, modulepickle
    policy = modulepickle.Policy(exclude=("pkg.secret", "pkg.none.*"))
    rules = modulepickle.explain(pkg.f, policy=policy).data["policy"]["rules"]
    result = [(each["pattern"], each["matches"]) for each in rules]
    """
    found = run(project(tmp_path, IMPORTS_A_SECRET), code).result
    assert found == [("pkg.secret", 1), ("pkg.none.*", 0)]


def test_what_stands_in_an_excluded_part_is_an_error(tmp_path):
    code = """
    import pkg.secret, modulepickle
    for name in "pkg.secret", "*.secret":
        try:
            modulepickle.dumps(pkg.secret, policy=modulepickle.Policy(exclude=(name,)))
        except modulepickle.PackagingError as error:
            result = error.problems[0].reason.name, error.problems[0].detail
    """
    reason, detail = run(project(tmp_path, SECRETS), code).result
    assert reason == "LEFT_OUT"
    assert 'is left out by exclude "*.secret"' in detail


def test_two_policies_of_one_process_do_not_mix(tmp_path):
    code = """
    import modulepickle, pkg, warnings
    warnings.simplefilter("ignore")
    policies = [modulepickle.Policy(), modulepickle.Policy(exclude=("pkg.secret",))] * 2
    result = [b"pkg/secret.py" in modulepickle.dumps(pkg.f, policy=each) for each in policies]
    """
    assert run(project(tmp_path, SECRETS), code).result == [True, False, True, False]


@pytest.mark.parametrize(
    ("field", "pattern", "hint"),
    [
        ("include", "src/pkg", "'pkg'"),
        ("include", "./pkg", "'pkg'"),
        ("exclude", "pkg/secret.py", "'pkg.secret'"),
        ("exclude", "pkg\\secret", "'pkg.secret'"),
        ("exclude", ".secret", "'secret'"),
        ("exclude", "pkg.", "'pkg'"),
        ("exclude", "pkg..secret", "'pkg.secret'"),
        ("by_value", "a/b", "'a.b'"),
        ("by_value", " a", "'a'"),
        ("ignore", "./secret.py", "'secret.py'"),
        ("ignore", "/secret.py", "'secret.py'"),
        ("ignore", "../pkg/x", "'pkg/x'"),
        ("ignore", "a//b", "'a/b'"),
        ("ignore", "a/./b", "'a/b'"),
        ("ignore", "data\\*.csv", "'data/*.csv'"),
        ("ignore", "/", "use exclude"),
        ("ignore", "./", "use exclude"),
        ("ignore", ".", "use exclude"),
    ],
)
def test_a_pattern_that_can_match_nothing_is_refused(tmp_path, field, pattern, hint):
    with pytest.raises(ValueError, match="can match nothing") as caught:
        modulepickle.Policy(**{field: (pattern,)})
    assert hint in str(caught.value)
    key = field.replace("_", "-")
    settings = f"[tool.modulepickle]\n{key} = ['{pattern}']"
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "mod.py").write_text("def f(): pass", encoding="utf-8")
    code = "import mod, modulepickle\nmodulepickle.dumps(mod.f)"
    error = run(tmp_path, code, expect_failure=True).stderr
    assert "can match nothing" in error
    assert hint in error


@pytest.mark.parametrize("pattern", ["data/", "data/*", "*", "**/x", "[.]x", "a/*/b", "x."])
def test_a_pattern_that_may_match_is_taken(pattern):
    assert modulepickle.Policy(ignore=(pattern,)).ignore == (pattern,)


# -- What preload has nothing to do with --------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("'nosuch'", "there is no module of that name here"),
        ("'io'", "the standard library is everywhere"),
        ("'__main__'", "functions and classes go by value"),
        ("'modulepickle'", "receivers need none of it"),
        ("f", "what the script defines goes by value, and needs no preload"),
        ("'outside'", "include=('outside',)"),
    ],
)
def test_preload_says_why_there_is_nothing_to_install(tmp_path, what, words):
    project(tmp_path / "lib", "=== outside.py")
    project(tmp_path / "proj", "=== pyproject.toml")
    code = f"""
    import sys, modulepickle
    sys.path.append({str(tmp_path / "lib")!r})
    def f():
        pass
    result = []
    for policy in modulepickle.Policy(), modulepickle.Policy(include=("nosuch", "io")):
        modulepickle.set_policy(policy)
        try:
            modulepickle.preload({what})
        except (TypeError, ValueError) as error:
            result.append(str(error))
    """
    texts = run(tmp_path / "proj", code).result
    assert len(texts) == 2
    assert all(words in text for text in texts)


def test_another_name_of_import_module_is_followed(tmp_path):
    tree = """
    === app.py
    from importlib import import_module as load
    def f():
        return load("other").X
    === other.py
    X = 5
    """
    data = send(project(tmp_path, tree), "import app\nobj = app.f")
    assert receive(data, "result = obj()", absent=["other"]).result == 5


def test_explain_shows_imports_by_computed_names_and_the_cure(tmp_path):
    code = """
    import core, modulepickle
    policy = modulepickle.Policy(include=("plugs",))
    report = modulepickle.explain(core.run, policy=policy)
    result = report.warnings, [(each["name"], each["why"][-2:]) for each in report.snapshots]
    """
    warnings, snapshots = run(project(tmp_path, PLUGS), code).result
    (text,) = warnings
    assert text.startswith("package `core` imports by computed names at core/__init__.py:4")
    assert "include" in text
    assert "plugs" in [name for name, _ in snapshots]
