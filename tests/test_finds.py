"""What the sender finds: links, `.pth` files, folders that were left (design section 4)."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest

from receivers import project, receive, send

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
