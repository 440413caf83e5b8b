"""`explain`: what a pickle would carry, and why; it never disagrees with `dumps`."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from receivers import interpreters, project, run
from test_byvalue_classes import CASES as CLASSES
from test_byvalue_functions import CASES as FUNCTIONS
from test_byvalue_functions import LIBRARY
from test_readme import modulepickle as command

TREE = """
    === pyproject.toml
    === app/__init__.py
    === app/config.py
    import pytest

    from helpers import double

    class Config:
        size = 3
        def __init__(self):
            self.run = double
    === app/.env
    === app/notes.txt
    five
    === app/model.ckpt
    heavy
    === app/__pycache__/config.cpython-311.pyc
    === app/old.py
    === app/old.pyc
    === helpers/__init__.py
    from .deep import double
    === helpers/deep.py
    def double(x):
        def inner():
            import units
        return 2 * x
    === units.py
    KM = "km"
    === lonely.py
    def f():
        return 1
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


def explained(tree: Path, code: str, options: str = "", **more: Any) -> dict[str, Any]:
    """The data of the report on `obj`, and its text and HTML; made in another process."""
    code = f"""{code}
import modulepickle
report = modulepickle.explain(obj{options})
result = {{**report.data, "text": str(report), "html": report._repr_html_()}}
"""
    found: dict[str, Any] = run(tree, code, **more).result
    return found


# -- It agrees with dumps -----------------------------------------------------------------------

OBJECTS = {
    "function": "import helpers\nobj = helpers.double",
    "module": "import app.config\nobj = app.config",
    "class": "import app.config\nobj = app.config.Config",
    "instance": "import app.config\nobj = app.config.Config()",
    "namespace": "import app\nobj = {'a': [app, {app: 1}]}",
    "script": "import helpers\ndef f(): return helpers.double(3)\nobj = f",
    "imports": "def f():\n    import units\n    from app import config\nobj = f",
    "class of the script": "import units\nclass C:\n    def f(self): return units.KM\nobj = C()",
    "closure": "import lonely\ndef outer(x):\n    return lambda: x\nobj = outer(lonely.f)",
    "installed": "import collections, pytest\nobj = [collections.OrderedDict(a=1), pytest.raises]",
    "numpy": "import numpy\nobj = numpy.arange(5)",
    "partial": "import functools, helpers\nobj = functools.partial(helpers.double, x=1)",
    "iterators": "import collections, units\nobj = collections.deque([units, 1, 2])",
    "dict subclass": "import collections, lonely\nobj = collections.Counter({lonely.f: 2})",
    "wrapped": "import modulepickle, lonely\nobj = modulepickle.wrap(lonely.f)",
    "plain": "obj = [1, 'a', {2: (3,)}, None, b'x', bytearray(b'y'), 2.5, {1}, frozenset([2])]",
    "shared": "import lonely\na = [lonely.f]\na.append(a)\nobj = [a, a, (a,)]",
}

SAME = """
import io, pickle, sys, warnings
import modulepickle
from modulepickle._pickler.failures import Recorder
result = []
for protocol in (2, 4, 5):
    data = modulepickle.dumps(obj, protocol)
    file = io.BytesIO()
    recorder = Recorder(file, protocol, None)
    recorder.record(obj)
    shipped = [(x["name"], x["digest"]) for x in modulepickle.inspect(data).snapshots]
    report = modulepickle.explain(obj, protocol=protocol)
    told = [(x["name"], x["digest"]) for x in report.snapshots]
    result.append((file.getvalue() == data, report.data["bytes"] == len(data), report.problems,
                   sorted(shipped), sorted(told)))
"""


@pytest.mark.parametrize("name", OBJECTS)
def test_it_tells_exactly_what_dumps_ships(tree: Path, name: str) -> None:
    if name == "numpy":
        pytest.importorskip("numpy")
    for same_bytes, same_size, problems, shipped, told in run(tree, OBJECTS[name] + SAME).result:
        assert same_bytes
        assert same_size
        assert problems == []
        assert shipped == told
        assert shipped or name in ("installed", "numpy", "plain", "wrapped")


def test_it_writes_the_same_bytes_as_dumps(tmp_path: Path) -> None:
    cases = {name: textwrap.dedent(case[0]) for name, case in {**FUNCTIONS, **CLASSES}.items()}
    del cases["inheriting from a shipped class"]  # it needs another library than the others
    assert len(cases) > 30
    code = f"""
every = {{}}
for name, code in {cases!r}.items():
    exec(compile(code, f"<{{name}}>", "exec"))
    exec({SAME!r})
    every[name] = result
result = every
"""
    for name, told in run(project(tmp_path, LIBRARY), code).result.items():
        for same_bytes, same_size, problems, shipped, snapshots in told:
            assert (name, same_bytes, same_size, problems) == (name, True, True, [])
            assert shipped == snapshots, name


def test_what_was_received_is_told_as_it_is_sent_on(tree: Path, tmp_path: Path) -> None:
    code = "import modulepickle, helpers\nresult = modulepickle.dumps(helpers.double)"
    data = run(tree, code).result
    tmp_path.joinpath("other").mkdir()
    code = f"import pickle\nobj = pickle.loads({data!r})\n" + SAME
    for same_bytes, same_size, problems, shipped, told in run(tmp_path / "other", code).result:
        assert (same_bytes, same_size, problems) == (True, True, [])
        assert shipped == told
        assert [name for name, _ in shipped] == ["helpers", "units"]


# -- Why ----------------------------------------------------------------------------------------


def test_the_chain_goes_from_the_object_by_references_and_imports(tree: Path) -> None:
    found = explained(tree, "import app.config\ncfg = app.config.Config()\ndef obj(): return cfg")
    why = {each["name"]: " -> ".join(each["why"]) for each in found["snapshots"]}
    start = "`obj` -> global `cfg` -> class `app.config.Config`"
    assert why["app"] == f"{start} -> package `app`"
    # The instance holds the function, which is a shorter way than by the import in `app`.
    held = "`obj` -> global `cfg` -> attribute `run` -> function `helpers.deep.double`"
    assert why["helpers"] == f"{held} -> package `helpers`"
    assert why["units"].endswith(
        "-> package `helpers` -> import at helpers/deep.py:3 -> package `units`"
    )
    assert f"why: {start} -> package `app`" in found["text"]


def test_the_line_of_an_import_is_told(tree: Path) -> None:
    found = explained(tree, "import app.config\nobj = [1, {'k': app.config.Config}]")
    why = {each["name"]: each["why"] for each in found["snapshots"]}
    assert why["helpers"] == [
        "`list` object",
        "item 1",
        "item 'k'",
        "class `app.config.Config`",
        "package `app`",
        "import at app/config.py:3",
        "package `helpers`",
    ]


def test_the_chain_of_an_import_in_a_function_of_the_script(tree: Path) -> None:
    found = explained(tree, "def obj():\n    import units")
    assert found["snapshots"][0]["why"] == ["`obj`", "an import in it", "package `units`"]


# -- What ---------------------------------------------------------------------------------------


def test_files_sizes_and_what_is_left_out(tree: Path) -> None:
    options = ", policy=modulepickle.Policy(ignore=('*.ckpt',))"
    found = explained(tree, "import app.config\nobj = app.config", options)
    app = next(each for each in found["snapshots"] if each["name"] == "app")
    assert app["files"] == 4
    assert app["largest"][0] == {
        "path": "app/config.py",
        "bytes": tree.joinpath("app/config.py").stat().st_size,
    }
    assert app["bytes"] == sum(each["bytes"] for each in app["largest"])
    assert app["left_out"] == [
        {"path": "app/.env", "rule": "its name begins with a dot"},
        {"path": "app/__pycache__", "rule": "__pycache__"},
        {"path": "app/model.ckpt", "rule": 'ignore "*.ckpt"'},
        {"path": "app/old.pyc", "rule": "bytecode, and its source is there"},
    ]
    assert app["distributions"] == {"pytest": f"pytest {pytest.__version__}"}
    assert app["packages"] == ["helpers"]
    for line in ("app/.env: its name begins with a dot", f"must have: pytest {pytest.__version__}"):
        assert line in found["text"]


def test_five_largest_files(tree: Path) -> None:
    for size in range(1, 9):
        tree.joinpath(f"app/{size}.txt").write_text("x" * size * 1000)
    found = explained(tree, "import app\nobj = app")
    largest = found["snapshots"][0]["largest"]
    assert [each["path"] for each in largest] == [f"app/{size}.txt" for size in (8, 7, 6, 5, 4)]


def test_by_value_and_by_name(tree: Path) -> None:
    code = (
        "import pytest\nLIMIT = 3\ndef obj(): return pytest.approx(LIMIT), inner\ndef inner(): pass"
    )
    found = explained(tree, code)
    names = {each["name"]: each for each in found["by_value"]}
    assert set(names) == {"obj", "inner"}
    assert names["obj"] == {
        "kind": "function",
        "name": "obj",
        "python": "{}.{}".format(*sys.version_info),
        "source": True,
        "names": ["pytest", "LIMIT", "inner"],
    }
    found = explained(tree, "import pytest, collections\nobj = [pytest.Item, collections.Counter]")
    assert found["by_name"] == [
        {"distribution": f"pytest {pytest.__version__}", "names": ["_pytest.nodes.Item"]}
    ]
    assert "no package travels" in found["text"]


def test_a_module_that_is_kept_at_home_is_by_name(tree: Path) -> None:
    options = ", policy=modulepickle.Policy(exclude=('lonely',))"
    found = explained(tree, "import lonely\nobj = lonely.f", options)
    assert found["snapshots"] == []
    assert found["by_name"] == [{"distribution": "", "names": ["lonely.f"]}]
    assert found["warnings"] == [
        "`lonely` is kept at home by the policy (exclude), so the receiver must have it"
    ]


def test_a_module_of_nobodys_is_told(tree: Path, tmp_path: Path) -> None:
    far = project(tmp_path / "far", "=== vendored.py\ndef f(): return 1")
    code = f"import sys\nsys.path.append({str(far)!r})\nimport vendored\nobj = vendored.f"
    (warning,) = explained(tree, code)["warnings"]
    assert warning.startswith("`vendored` is neither in your working tree nor of an installed")
    assert "Policy(include=('vendored',)) ships it" in warning
    options = ", policy=modulepickle.Policy(include=('vendored',))"
    found = explained(tree, code, options)
    assert [each["name"] for each in found["snapshots"]] == ["vendored"]
    assert found["warnings"] == []


# -- What cannot travel -------------------------------------------------------------------------


def test_all_that_cannot_travel_is_told_at_once(tree: Path) -> None:
    code = """
        import threading, app.config, lonely, modulepickle
        lock = threading.Lock()
        def gen(): yield 1
        class Broken:
            def __reduce__(self): raise RuntimeError("no way")
        things = {"a": [gen()], "b": Broken()}
        def obj(): return lock, things, app.config, lonely
        modulepickle.set_policy(modulepickle.Policy(max_bytes=40))
    """
    found = explained(tree, textwrap.dedent(code))
    problems = {each["subject"]: each for each in found["problems"]}
    assert set(problems) == {
        "an object of type _thread.lock",
        "an object of type generator",
        "an object of type __main__.Broken",
        "app",
        "helpers",
    }
    assert problems["an object of type _thread.lock"]["chain"] == ["`obj`", "global `lock`"]
    assert problems["an object of type generator"]["chain"] == [
        "`obj`", "global `things`", "item 'a'", "item 0",
    ]  # fmt: skip
    assert problems["an object of type __main__.Broken"]["detail"] == "RuntimeError: no way"
    assert problems["app"]["reason"] == "The package is larger than Policy.max_bytes"
    assert problems["app"]["chain"] == ["`obj`", "module `app.config`"]
    assert problems["helpers"]["chain"][-1] == "package `app`"
    assert all(each["remedy"] for each in problems.values())
    assert [each["name"] for each in found["snapshots"]] == ["lonely"]
    assert "`obj`: cannot be pickled\ncannot travel\n" in found["text"]
    assert "reached by: `obj` -> global `lock`" in found["text"]


def test_what_dumps_refuses_explain_tells(tree: Path) -> None:
    code = """
import sys, types, modulepickle
def local():
    class Odd(type):
        def __reduce__(self): return "nowhere"
    return Odd
deep = []
for _ in range(100_000):
    deep = [deep]
class Wrong:
    def __reduce__(self): return 5
class Named:
    def __reduce__(self): return "nowhere"
lost = types.SimpleNamespace(f=sys._getframe())
result = []
for obj in (deep, Wrong(), Named(), lost, open(__file__, "rb")):
    report = modulepickle.explain(obj)
    try:
        modulepickle.dumps(obj)
    except Exception as error:
        result.append((type(error).__name__, [x["detail"] for x in report.problems]))
    else:
        result.append((None, [x["detail"] for x in report.problems]))
"""
    for error, problems in run(tree, code).result:
        assert error is not None
        assert problems, error
        assert all(problems)


# -- Warnings -----------------------------------------------------------------------------------


def test_names_that_look_like_secrets_are_told_without_their_values(tree: Path) -> None:
    code = """
API_TOKEN = "t0p-value"
db_password = b"t0p-value"
tokenizer = "fine"
def get_secret(): return 1
def outer(private_key="t0p-value"):
    passphrase = ["t0p-value"]
    def inner(): return API_TOKEN, db_password, tokenizer, get_secret, passphrase
    return inner
obj = outer()
"""
    found = explained(tree, code)
    warned = [each.split(" of ")[0] for each in found["warnings"]]
    assert sorted(warned) == [
        "closure variable `passphrase`",
        "global `API_TOKEN`",
        "global `db_password`",
    ]
    assert "t0p-value" not in json.dumps(found)


def test_files_that_look_like_secrets_are_told(tree: Path) -> None:
    for name in ("server.pem", "id_rsa", "credentials.json", "keys.py", "secretary.py"):
        tree.joinpath("app", name).write_text("t0p-value\n")
    found = explained(tree, "import app\nobj = app")
    assert [each.split()[0] for each in found["warnings"]] == [
        "app/credentials.json",
        "app/id_rsa",
        "app/server.pem",
    ]


def test_big_data_is_told_with_the_way_to_it(tree: Path) -> None:
    code = """
import helpers
table = {"rows": [b"x" * 3_000_000]}
numbers = list(range(600_000))
class Model:
    def __init__(self): self.weights = b"w" * 2_000_000
model = Model()
small = "x" * 1000
def obj(): return table, numbers, model, small
"""
    found = explained(tree, code)
    ways = {" ".join(each.split(" has about ")[0].split()) for each in found["warnings"]}
    assert ways == {
        "`obj` -> global `table`",
        "`obj` -> global `numbers`",
        "`obj` -> global `model` -> attribute `weights`",
    }


def test_large_packages_are_told(tree: Path) -> None:
    tree.joinpath("app/data.bin").write_bytes(os.urandom(6_000_000))  # which packs as large
    found = explained(tree, "import app\nobj = app")
    (warning,) = found["warnings"]  # of the package; its archive is no news
    assert 'leave files out: Policy(ignore=("data.bin",))' in warning
    assert 'ignore = ["data.bin"] under [tool.modulepickle]' in warning
    options = ", policy=modulepickle.Policy(ignore=('data.bin',))"
    assert explained(tree, "import app\nobj = app", options)["warnings"] == []


def test_stale_source_is_told_and_not_warned_of(tree: Path) -> None:
    code = """
import warnings
warnings.simplefilter("error")
import lonely
with open("lonely.py", "w") as file:
    file.write("def f():\\n    return 2\\n")
obj = lonely.f
"""
    found = explained(tree, code)
    assert found["warnings"][0].startswith("lonely.f is not what its file says now")


def test_other_warnings_still_come_through(tree: Path) -> None:
    code = """
import warnings
class Old:
    def __reduce__(self):
        warnings.warn("old thing", DeprecationWarning)
        return str, ()
obj = Old()
"""
    done = run(
        tree,
        code + "import modulepickle\nmodulepickle.explain(obj)",
        env={"PYTHONWARNINGS": "always"},
    )
    assert "DeprecationWarning: old thing" in done.stderr


def test_code_without_source_is_told(tree: Path) -> None:
    found = explained(tree, "obj = eval('lambda: 1')")
    assert "has no source that can be found, so it runs on Python" in found["warnings"][0]


def test_proxies_are_not_asked_what_they_are(tree: Path) -> None:
    code = """
class Proxy:
    @property
    def __class__(self):
        raise RuntimeError("outside of the context")
    def __getattr__(self, name):
        raise RuntimeError("outside of the context")
    def __reduce_ex__(self, protocol):
        return str, ("proxy",)
proxy = Proxy()
def f(): return proxy
obj = [Proxy(), {"a": Proxy()}, f]
import modulepickle
modulepickle.dumps(obj)
"""
    assert explained(tree, code)["problems"] == []


@pytest.mark.parametrize("python", interpreters())
def test_explain_and_inspect_on_every_python(tree: Path, python: str) -> None:
    code = """
import helpers, lonely
LIMIT = 3
class Model:
    def run(self): return helpers.double, lonely, LIMIT
def f(): return Model()
obj = [f, Model()]
"""
    for same_bytes, same_size, problems, shipped, told in run(
        tree, code + SAME, python=python
    ).result:
        assert (same_bytes, same_size, problems) == (True, True, [])
        assert shipped == told
        assert len(shipped) == 3
    code = "import threading\nobj = [threading.Lock()]"
    assert len(explained(tree, code, python=python)["problems"]) == 1


# -- As text, JSON and HTML ---------------------------------------------------------------------


def test_json_is_the_data(tree: Path) -> None:
    code = "import app, modulepickle\nreport = modulepickle.explain(app)\n"
    data, text = run(tree, code + "result = report.data, report.to_json()").result
    assert json.loads(text) == data
    assert (data["format"], data["kind"]) == (2, "explain")


def test_html_is_escaped(tree: Path) -> None:
    tree.joinpath("app/<b>x&y.txt").write_text("x")
    found = explained(tree, "import app\nobj = app")
    assert "app/&lt;b&gt;x&amp;y.txt" in found["html"]
    assert "<b>" not in found["html"]


def test_the_schema_is_documented(tree: Path) -> None:
    import modulepickle

    found = explained(tree, "import app\nobj = app")
    for name in set(found) - {"text", "html"}:
        assert name in str(modulepickle.explain.__doc__)
    for name in found["snapshots"][0]:
        assert name in str(modulepickle.explain.__doc__)
    for name, value in modulepickle.inspect(b"N.").data.items():
        assert name in str(modulepickle.inspect.__doc__), value


def test_nothing_of_it_is_left_behind(tree: Path) -> None:
    code = """
import gc, weakref, modulepickle
class Thing: pass
obj = Thing()
watch = weakref.ref(obj)
report = modulepickle.explain(obj)
del obj
gc.collect()
result = watch() is None, modulepickle.dumps(Thing) == modulepickle.dumps(Thing)
"""
    assert run(tree, code).result == (True, True)


# -- The command line ---------------------------------------------------------------------------


def test_the_command(tree: Path) -> None:
    done = command("explain", "app.config:Config", cwd=tree, check=True)
    assert done.stdout.startswith("class `app.config.Config`: ")
    data = json.loads(
        command("explain", "app.config:Config", "--json", cwd=tree, check=True).stdout
    )
    assert [each["name"] for each in data["snapshots"]] == ["app", "helpers", "units"]
    tree.joinpath("bad.py").write_text("import threading\nlock = threading.Lock()\n")
    done = command("explain", "bad:lock", cwd=tree)
    assert done.returncode == 1
    assert "cannot travel" in done.stdout
    for arguments, message in [
        ("nope:f", "there is no module 'nope' here"),
        ("app", "'app' is not MODULE:OBJECT"),
        ("app:nope", "'app' has no 'nope'"),
    ]:
        done = command("explain", arguments, cwd=tree)
        assert done.returncode == 2
        assert message in done.stderr
