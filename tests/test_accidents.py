"""Submodules that code reaches as attributes, since somebody else has imported them here."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from receivers import project, receive, run, send

TREE = """
    === pkg/__init__.py
    def f():
        import pkg
        return pkg.sub.X

    def g():
        import pkg as me
        return me

    def h():
        import xml
        return xml.etree.ElementTree.Element("a").tag
    === pkg/sub.py
    X = 1
    === pkg/deep/__init__.py
    === pkg/deep/inner.py
    X = 2
    === pkg/broken.py
    raise RuntimeError("nobody imports me")
    === other.py
    import pkg

    def f():
        "As pkg.broken.X does."
        return pkg.deep.inner.X

    class C:
        def m(self):
            return pkg.sub.X
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import pkg, pkg.sub\nobj = pkg.f", 1),
        ("import pkg.sub\ndef obj(): return pkg.sub.X", 1),
        ("import pkg.sub\ndef obj():\n    import pkg\n    return pkg.sub.X", 1),
        ("import pkg.sub\ndef obj():\n    import pkg as p\n    return p.sub.X", 1),
        ("import pkg.sub\ndef obj(): return pkg.f()", 1),
        ("import other, pkg.deep.inner\nobj = other.f", 2),
        ("import other, pkg.sub\nobj = other.C().m", 1),
        ("import other, pkg.deep.inner\nimport functools\nobj = functools.partial(other.f)", 2),
        (
            "import xml.etree.ElementTree\ndef obj():\n    import xml\n"
            "    return xml.etree.ElementTree.Element('a').tag",
            "a",
        ),
    ],
)
def test_a_submodule_that_somebody_else_has_imported(tmp_path: Path, code, expected):
    data = send(project(tmp_path, TREE), code)
    assert receive(data, "result = obj()", absent=["pkg"]).result == expected


def test_it_is_imported_once_and_first_among_many_objects(tmp_path: Path):
    code = "import other, pkg.sub, pkg.deep.inner\nobj = [other.C, other.f, pkg.f, pkg, other]"
    data = send(project(tmp_path, TREE), code)
    text = "result = obj[0]().m(), obj[1](), obj[2](), obj[3].sub.X, obj[4].f()"
    assert receive(data, text).result == (1, 2, 1, 1, 2)
    code = "import pickletools; result = [str(each[1]) for each in pickletools.genops(datas[0])]"
    assert receive(data, code).result.count("getitem") <= 4


@pytest.mark.parametrize("code", ["import pkg\nobj = pkg.g", "import pkg.sub\nobj = pkg.g"])
def test_what_nobody_has_imported_is_not_imported_there(tmp_path: Path, code):
    data = send(project(tmp_path, TREE), code)
    text = "import sys; result = sorted(each for each in sys.modules if each.startswith('pkg.'))"
    expected = [] if "sub" not in code else ["pkg.sub"]
    assert receive(data, f"obj()\n{text}").result in ([], expected)


def test_a_warm_dumps_parses_nothing(tmp_path: Path):
    code = """
    import ast, modulepickle, pkg.sub
    first = modulepickle.dumps(pkg.f)
    ast.parse = None
    result = first == modulepickle.dumps(pkg.f)
    """
    assert run(project(tmp_path, TREE), textwrap.dedent(code)).result is True


def test_data_directly_in_a_namespace_travels_with_its_packages(tmp_path: Path):
    tree = """
    === src/models/net.py
    import pathlib
    from src.tools.io import read
    def f():
        return read(pathlib.Path(__file__).parent.parent / "config.yaml")
    === src/models/__init__.py
    === src/tools/io.py
    def read(path):
        return path.read_text()
    === src/config.yaml
    a: 1
    === pyproject.toml
    """
    data = send(project(tmp_path, tree), "from src.models.net import f as obj")
    assert receive(data, "result = obj()").result == "a: 1\n"


NAMES = """
    === pkg/__init__.py
    from pkg import always
    === pkg/always.py
    === pkg/part/__init__.py
    === pkg/part/inner.py
    X = 3
    === pkg/sub.py
    X = 1
    === byalias.py
    import pkg as p

    def f():
        return p.sub.X
    === bypart.py
    from pkg import part

    def f():
        return part.inner.X + f"{part.inner.X}".count("3")
    === relative/__init__.py
    === relative/user.py
    from . import deep

    def f():
        return deep.inner.X
    === relative/deep/__init__.py
    === relative/deep/inner.py
    X = 5
    === one_line.py
    import pkg; f = lambda: pkg.sub.X
    === formatted.py
    import pkg

    def f():
        return f'''{pkg.sub.X}'''
"""


@pytest.mark.parametrize(
    ("module", "submodule", "expected"),
    [
        ("byalias", "pkg.sub", 1),
        ("bypart", "pkg.part.inner", 4),
        ("relative.user", "relative.deep.inner", 5),
        ("one_line", "pkg.sub", 1),
        ("formatted", "pkg.sub", "1"),
    ],
)
def test_it_is_reached_by_whatever_name_its_package_has_there(
    tmp_path: Path, module, submodule, expected
):
    code = f"import {submodule}\nfrom {module} import f as obj"
    data = send(project(tmp_path, NAMES), code)
    assert receive(data, "result = obj()", absent=["pkg"]).result == expected


QUIET = '''
    === pkg/__init__.py
    """See pkg.sub.X: `import pkg.sub`, then

    import pkg.always
    """
    from pkg import sure

    def f():
        """As pkg.sub.X is."""
        # or pkg.sub.Y
        return 'pkg.sub.X', r"pkg.sub.X", b'pkg.sub'

    def late():
        import pkg.costly
        return pkg.costly.X

    def accident():
        import pkg
        return pkg.always.X, pkg.sure.X
    === pkg/sure.py
    X = 1
    === pkg/always.py
    X = 2
    === pkg/sub.py
    X = 3
    === pkg/costly.py
    X = 4
'''


def test_nothing_is_imported_there_that_only_texts_name_or_that_code_imports(tmp_path: Path):
    code = "import pkg.sub, pkg.costly, pkg.always\nobj = pkg.accident"
    data = send(project(tmp_path, QUIET), code)
    text = "import sys; result = obj(), sorted(each for each in sys.modules if 'pkg.' in each)"
    assert receive(data, text).result == ((2, 1), ["pkg.always", "pkg.sure"])


@pytest.mark.parametrize(
    "source",
    [
        b"pkg.sub " * 100_000,
        b"import pkg.sub " * 60_000,
        b"\nimport (" * 100_000,
        b'"""x' + b'\\"""x' * 100_000,
        b"'" * 500_000,
        b"\nfrom " + b"pkg.sub" * 60_000,
        b"x = pkg" + b".sub" * 100_000,
    ],
)
def test_source_that_was_made_to_be_slow_is_searched_in_a_moment(tmp_path: Path, source):
    root = project(tmp_path, "=== pkg/__init__.py\n=== pkg/sub.py\nX = 1\n=== main.py\n")
    (root / "slow.py").write_bytes(source)
    code = """
    import modulepickle, pkg.sub, signal
    signal.setitimer(signal.ITIMER_VIRTUAL, 10)  # of this process alone: it would end it
    from modulepickle._snapshot.accidents import reached_by_attribute
    from modulepickle._snapshot.files import File
    slow = File("slow.py", (0,) * 6, False, open("slow.py", "rb").read())
    near = File("near.py", (0,) * 6, False, b"import pkg\\nx = pkg.sub")
    reached_by_attribute([slow, near], ("pkg.sub",))
    result = "it ended"
    """
    assert run(root, textwrap.dedent(code)).result == "it ended"
