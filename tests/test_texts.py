"""What code imports by a computed name travels if a text near it names it (R8, R15)."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from receivers import project, receive, run, send

PLUGINS = """
    === pyproject.toml
    === plugins/__init__.py
    === plugins/one.py
    from units import UNIT
    def go():
        return 42, UNIT
    === units.py
    UNIT = "km"
    === alone.py
    def go():
        return 42, "km"
"""

BY_TEXT = {
    "a list": ("NAMES = ['plugins.one']", "NAMES[0]"),
    "a module and an attribute": ("NAME = 'plugins.one:go'", "NAME.partition(':')[0]"),
    "a dotted name of a function": ("NAME = 'plugins.one.go'", "NAME.rpartition('.')[0]"),
    "a dict of texts": ('NAMES = {"x": "plugins.one"}', "NAMES['x']"),
    "JSON": ("""NAMES = '["plugins.one"]'""", "__import__('json').loads(NAMES)[0]"),
    "an f-string": ("KIND = 'one'", "f'plugins.{KIND}'"),
    "a sum": ("KIND = 'one'", "'plugins.' + KIND"),
    "a per cent": ("KIND = 'one'", "'plugins.%s' % KIND"),
    "a format": ("KIND = 'one'", "'plugins.{}'.format(KIND)"),
    "a word": ("NAMES = 'alone',", "NAMES[0]"),
}

IMPORTING = """
import importlib
{given}
def f():
    return importlib.import_module({name}).go()
"""


def sent(folder: Path, code: str, obj: str) -> bytes:
    return send(project(folder, PLUGINS), f"{textwrap.dedent(code)}\nobj = {obj}")


@pytest.mark.parametrize("kind", BY_TEXT)
@pytest.mark.parametrize("where", ["package", "module", "script"])
def test_r08_what_a_text_names_travels(tmp_path, kind, where):
    given, name = BY_TEXT[kind]
    text = IMPORTING.format(given=given, name=name)
    file = {"package": "app/__init__.py", "module": "app.py", "script": "unused.py"}[where]
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    data = sent(
        tmp_path, text if where == "script" else "import app", "f" if where == "script" else "app.f"
    )
    absent = ["app", "plugins", "alone", "units"]
    assert receive(data, "result = obj()", absent=absent).result == (42, "km")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("conf.yaml", "steps:\n  - _target_: plugins.one.go\n"),
        ("conf.yml", "plugin: plugins.one\n"),
        ("conf.json", '{"plugin": "plugins.one"}'),
        ("conf.toml", 'plugin = "plugins.one:go"\n'),
        ("conf.ini", "[app]\nplugin = plugins.one\n"),
        ("conf.cfg", "[app]\nplugin = plugins.one:go ; a comment\n"),
        ("sub/conf.yaml", "steps: [plugins.one, plugins.two]\n"),
    ],
)
def test_r08_what_a_file_of_settings_names_travels(tmp_path, name, content):
    text = f"""
    === app/__init__.py
    import importlib, pathlib, re
    def f():
        text = (pathlib.Path(__file__).parent / {name!r}).read_text()
        return importlib.import_module(re.search(r"plugins\\.\\w+", text)[0]).go()
    """
    project(tmp_path, text)
    (tmp_path / "app" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "app" / name).write_text(content)
    data = sent(tmp_path, "import app", "app.f")
    assert receive(data, "result = obj()", absent=["app", "plugins"]).result == (42, "km")


def test_r08_names_for_the_standard_library_and_for_frameworks(tmp_path):
    text = """
    === app.py
    import logging.config
    def f():
        logging.config.dictConfig({"version": 1, "handlers": {"h": {"()": "handlers.make"}}})
        return logging.getHandlerByName("h") if hasattr(logging, "getHandlerByName") else 1
    === handlers/__init__.py
    import logging
    def make():
        return logging.NullHandler()
    === site/settings.py
    INSTALLED_APPS = ["shop"]
    ROOT_URLCONF = "shop.urls"
    === shop/__init__.py
    === shop/urls.py
    """
    project(tmp_path, text)
    code = """
    import app, modulepickle, sys
    sys.path.insert(0, "site")
    import settings
    result = [
        sorted(each["name"] for each in modulepickle.explain(obj).data["snapshots"])
        for obj in (app.f, settings)
    ]
    """
    assert run(tmp_path, code).result == [["app", "handlers"], ["settings", "shop"]]


@pytest.mark.parametrize("where", ["module", "script"])
@pytest.mark.parametrize(
    "code",
    [
        "(resources.files('assets') / 'a.txt').read_text()",
        "pkgutil.get_data('assets', 'a.txt').decode()",
        "pkgutil.resolve_name('assets.texts:TEXT')",
        "runpy.run_module('assets.texts')['TEXT']",
    ],
)
def test_r08_what_the_standard_library_is_given_by_name(tmp_path, code, where):
    text = f"import pkgutil, runpy\nfrom importlib import resources\ndef f():\n    return {code}\n"
    files = "=== pyproject.toml\n=== assets/__init__.py\n=== assets/a.txt\nhi\n"
    project(tmp_path, files + "=== assets/texts.py\nTEXT = 'hi\\n'\n")
    (tmp_path / "app.py").write_text(text)
    data = send(tmp_path, f"{text}\nobj = f" if where == "script" else "import app\nobj = app.f")
    assert receive(data, "result = obj()", absent=["app", "assets"]).result == "hi\n"


@pytest.mark.parametrize(
    "text",
    [
        "'import helper; X = helper.X'",
        "'from helper import X'",
        "'\\n'.join(['Y = 1', 'from helper import X'])",
        "'if True:\\n    from helper import X\\n'",
        '"""\nfrom helper import X\n"""',
    ],
)
def test_r08_what_a_text_that_is_executed_imports(tmp_path, text):
    project(tmp_path, "=== pyproject.toml\n=== helper.py\nX = 1\n")
    code = f"def f():\n    names = {{}}\n    exec({text}, names)\n    return names['X']\n"
    (tmp_path / "app.py").write_text(code)
    data = send(tmp_path, "import app\nobj = app.f")
    assert receive(data, "result = obj()", absent=["app", "helper"]).result == 1


def packages(folder: Path, text: str) -> list[str]:
    project(folder, "=== pyproject.toml\n" + textwrap.dedent(text))
    code = """
    import app, modulepickle, warnings
    warnings.simplefilter("error")
    data = modulepickle.dumps(app)
    result = [each["name"] for each in modulepickle.inspect(data).data["snapshots"]]
    """
    return sorted(run(folder, code).result)


def test_texts_of_who_imports_nothing_by_name_are_only_texts(tmp_path):
    assert packages(tmp_path, "=== app.py\nX = 'other.f', 'other'\n=== other.py\nf = 1") == ["app"]


def test_texts_that_only_look_like_names(tmp_path):
    text = """
    === app.py
    from importlib import import_module
    X = "other.missing", "setup", "nothing.here", "os.path", "data", "app", "1other", "a other b"
    === other.py
    f = 1
    === setup.py
    raise SystemExit
    === data/table.csv
    1
    """
    assert packages(tmp_path, text) == ["app"]


def test_r15_what_a_word_names_and_cannot_travel_is_no_error(tmp_path):
    text = """
    === app.py
    from importlib import import_module
    X = "data"
    === data/__init__.py
    """
    project(tmp_path, text)
    (tmp_path / "data" / "link").symlink_to("/usr")
    assert packages(tmp_path, text) == ["app"]


def test_r15_what_a_dotted_name_leads_to_and_cannot_travel_is_said(tmp_path):
    text = """
    === pyproject.toml
    === app.py
    from importlib import import_module
    X = "data.load"
    def f():
        return 1
    === data/__init__.py
    import more
    def load(): pass
    === more/__init__.py
    """
    project(tmp_path, text)
    (tmp_path / "more" / "link").symlink_to("/usr")
    code = """
    import app, modulepickle, warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        modulepickle.dumps(app.f)
        modulepickle.dumps(app.f)
    result = [str(each.message) for each in caught]
    """
    (said,) = run(tmp_path, code).result
    assert said.startswith("`data`: app.py names it in a text, and it stays at home: A symbolic")
    assert "reached by: app" in said


def test_r04_packages_that_name_each_other(tmp_path):
    text = """
    === pyproject.toml
    === one.py
    from importlib import import_module
    def f():
        return import_module(OTHER).g()
    OTHER = "two"
    === two.py
    from importlib import import_module
    def g():
        return import_module(".".join(OTHER)) is not None
    OTHER = "one",
    """
    project(tmp_path, text)
    first = send(tmp_path, "import one\nobj = one.f", hash_seed=1)
    second = send(tmp_path, "import two, one\nobj = one.f", hash_seed=2)
    assert first == second
    assert receive(first, "result = obj()", absent=["one", "two"]).result is True


def test_an_edit_of_the_text_counts(tmp_path):
    text = "from importlib import import_module\nX = {!r}\ndef f(): pass\n"
    project(tmp_path, "=== pyproject.toml\n=== app.py\n=== other.py")
    (tmp_path / "app.py").write_text(text.format("nothing"))
    code = f"""
    import app, modulepickle, pathlib
    def names():
        data = modulepickle.inspect(modulepickle.dumps(app)).data
        return [each["name"] for each in data["snapshots"]]
    result = [names()]
    pathlib.Path("app.py").write_text({text!r}.format("other"))
    result.append(names())
    pathlib.Path("other.py").unlink()
    result.append(names())
    """
    first, second, third = run(tmp_path, code).result
    assert (first, sorted(second), third) == (["app"], ["app", "other"], ["app"])


def test_r09_a_word_that_is_the_name_of_the_script_is_not_meant(tmp_path):
    """`main` is a branch, a schema, a window: a package does not change with each script."""
    text = """
        === app.py
        import importlib
        SCHEMA, NAME = "main", "units"
        def f():
            return importlib.import_module(NAME).UNIT
        === units.py
        UNIT = "km"
        === main.py
        import app, modulepickle
        sent = modulepickle.inspect(modulepickle.dumps(app.f)).data["snapshots"]
        result = sorted(each["name"] for each in sent)
    """
    tree = project(tmp_path, text)
    assert run(tree, (tree / "main.py").read_text(), script="main.py").result == ["app", "units"]
