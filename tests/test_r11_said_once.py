"""R11: what is said when the host's next import finds what came in a pickle, and how often."""

from __future__ import annotations

import pytest

from receivers import interpreters, project, receive, send

TREE = """
    === pkg/__init__.py
    from pkg.part import f
    === pkg/part.py
    def f(): return 'new'
    === pkg/data/table.txt
    1
"""
SAYS = """
    sys.path.insert(0, {host!r})
    f = load()
    import pkg
    assert pkg.f is f
    result = f()
"""


def said(data, host, cache, **options):
    """What a receiver with a copy in the folder `host` prints, which nobody has configured."""
    found = receive(data, SAYS.format(host=str(host)), lazy=True, cache=cache, **options)
    assert found.result == "new"
    return found.stderr


@pytest.fixture
def data(tmp_path):
    return send(project(tmp_path / "sender", TREE), "from pkg import f as obj")


@pytest.mark.parametrize("python", interpreters())
def test_r11_it_says_who_speaks_what_it_means_and_what_to_do(tmp_path, data, python):
    host = project(tmp_path / "host", "=== pkg/__init__.py\ndef f(): return 'other'")
    text = said(data, host, tmp_path / "cache", python=python)
    assert text.startswith("modulepickle: `import pkg` in this process finds the package that came")
    assert f"not the other one that is here: {host}/pkg/__init__.py." in text
    assert "set_policy(modulepickle.Policy(exclude=('pkg',)))" in text
    assert text.count("\n") == 1


def test_r11_it_is_said_once_a_host_and_package(tmp_path, data):
    host = project(tmp_path / "host", "=== pkg/__init__.py\ndef f(): return 'other'")
    texts = [said(data, host, tmp_path / "cache") for _ in range(3)]
    assert [bool(text) for text in texts] == [True, False, False]
    tree = project(tmp_path / "sender", "=== pkg/data/table.txt\n2")
    assert not said(send(tree, "from pkg import f as obj"), host, tmp_path / "cache")
    # Of another package, or another copy, it is news.
    there = project(tmp_path / "there", "=== pkg/__init__.py\ndef f(): return 'third'")
    assert "there/pkg" in said(data, there, tmp_path / "cache")
    # Another host.
    assert said(data, host, tmp_path / "more")


def test_r11_it_is_said_by_each_process_where_there_is_no_disk(tmp_path, data):
    host = project(tmp_path / "host", "=== pkg/__init__.py\ndef f(): return 'other'")
    (tmp_path / "file").write_text("")
    texts = [said(data, host, tmp_path / "file") for _ in range(2)]
    assert all("finds the package that came in a pickle" in text for text in texts)


def test_r11_the_same_files_are_not_worth_a_word(tmp_path, data):
    host = project(tmp_path / "host", TREE)
    project(host, "=== pkg/more.py\nx = 1\n=== pkg/__pycache__/old.pyc\n")
    assert said(data, host, tmp_path / "cache") == ""
    assert said(data, tmp_path / "sender", tmp_path / "cache") == ""


@pytest.mark.parametrize("file", ["pkg/part.py", "pkg/data/table.txt"])
def test_r11_a_copy_whose_first_file_is_the_same_is_another_one(tmp_path, data, file):
    host = project(tmp_path / "host", f"{TREE}\n    === {file}\n    def f(): return 'older'\n")
    assert "not the other one that is here" in said(data, host, tmp_path / "cache")


def test_r11_a_single_file(tmp_path):
    data = send(
        project(tmp_path / "sender", "=== pkg.py\ndef f(): return 'new'"), "import pkg; obj = pkg.f"
    )
    assert said(data, tmp_path / "sender", tmp_path / "cache") == ""
    host = project(tmp_path / "host", "=== pkg.py\ndef f(): return 'old'")
    assert str(host / "pkg.py") in said(data, host, tmp_path / "cache")


@pytest.mark.parametrize("file", ["org/lib/__init__.py", "org/lib.py"])
def test_r11_a_package_in_a_namespace(tmp_path, file):
    tree = project(tmp_path / "sender", f"=== {file}\ndef f(): return 'new'")
    data = send(tree, "from org.lib import f as obj")
    says = SAYS.replace("import pkg", "import org.lib").replace("pkg.f", "org.lib.f")
    hosts = [
        project(tmp_path / "other", f"=== {file}\ndef f(): return 'other'"),
        project(tmp_path / "same", f"=== {file}\ndef f(): return 'new'"),
        project(tmp_path / "more", "=== org/more.py\n"),
    ]
    texts = [
        receive(data, says.format(host=str(host)), lazy=True, cache=tmp_path / "cache").stderr
        for host in hosts
    ]
    hidden = hosts[0] / (file if "__init__" in file else "org")
    assert f"the other one that is here: {hidden}." in texts[0]
    assert texts[1:] == ["", ""]
