"""R17: `inspect` finds the source of a script's class on the receiver, or raises an error."""

from __future__ import annotations

import textwrap

import pytest

from receivers import VERSIONS, find_interpreters, project, receive, run, send

FOUND = [each for each in VERSIONS if each in find_interpreters()]

SCRIPT = """
import dataclasses, enum, typing


class Plain:
    "A docstring."
    # a comment
    LIMIT = 3

    @property
    def method(self):
        return 1  # one

    # at the end

# of the module
class NoMethods: LIMIT = {
    "a": 1,
}
class Outer:
    class Inner:
        class Innermost(Exception):
            '''Text
            of some lines.'''
    def make(self):
        if self:
            class Made:
                def method(self): return self
            return Made
if True:
\tclass Tabs:
\t\tx = 1
\t\tclass Inside:
\t\t\ty = 2
class Colour(enum.Enum):
    RED = 1
    @classmethod
    def first(cls): return cls.RED
class Row(typing.NamedTuple):
    x: int
class Slots:
    __slots__ = ("a",)
Made = Outer().make()
obj = [Plain, NoMethods, Outer, Outer.Inner, Outer.Inner.Innermost, Made, Tabs, Tabs.Inside,
       Colour, Row, Slots]
"""

ASK = """
import inspect
result = [(inspect.getsource(each), inspect.getsourcelines(each)[1]) for each in obj]
"""

ERROR = """
import inspect
def error(call, each):
    try:
        return call(each)
    except Exception as error:
        return type(error).__name__
result = [error(call, each) for each in obj
          for call in (inspect.getfile, inspect.getsourcefile, inspect.getsource)]
"""


@pytest.mark.parametrize("version", FOUND)
def test_r17_the_source_of_a_class_is_found(tmp_path, version):
    right = run(tmp_path, SCRIPT + textwrap.dedent(ASK)).result
    assert "class Innermost" in right[4][0]
    got = receive(send(tmp_path, SCRIPT), ASK, python=find_interpreters()[version])
    assert got.result == right


@pytest.mark.parametrize("version", [FOUND[0], FOUND[-1]])
def test_decorators_of_a_class_stay_at_home(tmp_path, version):
    code = """
        import dataclasses
        @dataclasses.dataclass(
            frozen=True)
        class Row:
            x: int
        obj = [Row]
    """
    data = send(tmp_path, code)
    got = receive(data, ASK, python=find_interpreters()[version]).result
    assert [text for text, _ in got] == ["class Row:\n    x: int\n"]


@pytest.mark.parametrize("version", FOUND)
def test_what_has_no_source_is_an_error_and_not_the_receivers_own_lines(tmp_path, version):
    code = """
        exec("class Thing: LIMIT = 1")
        Made = type("Made", (), {})
        obj = [Thing, Made]
    """
    got = receive(send(tmp_path, code), ERROR, python=find_interpreters()[version])
    assert got.result == ["OSError"] * 6


def test_a_class_that_the_file_does_not_have_any_more_has_no_source(tmp_path):
    project(tmp_path, "=== other.py\nclass Thing:\n    def method(self): return 1\n")
    code = """
        import linecache, pathlib, modulepickle, other
        pathlib.Path("other.py").write_text("class Thing:\\n    def method(self): return 2\\n")
        linecache.clearcache()
        modulepickle.register_pickle_by_value(other)
        obj = [other.Thing]
    """
    assert receive(send(tmp_path, code), ERROR).result == ["OSError"] * 3


def test_r17_classes_of_modules_are_found_as_ever(tmp_path):
    code = """
        import inspect, json
        kind = json.JSONDecoder
        result = inspect.getsource(kind)[:5], inspect.getfile(kind) == json.decoder.__file__
    """
    assert receive(send(tmp_path, SCRIPT), code).result == ("class", True)


def test_r16_a_class_is_sent_on_with_its_source(tmp_path):
    data = send(tmp_path, SCRIPT)
    code = "import modulepickle; result = modulepickle.dumps(obj)"
    again = receive(data, code, bare=False).result
    assert again == data
    assert receive(again, ASK).result == receive(data, ASK).result


def test_r09_a_comment_more_does_not_make_it_another_class(tmp_path):
    code = "class Thing:\n    LIMIT = 3\n{}\n    # the end\nobj = Thing"
    first, second = (send(tmp_path, code.format(each)) for each in ("", "    # a comment"))
    assert first != second
    more = f"result = obj is pickle.loads({second!r})"
    assert receive(first, more).result


def test_docstrings_are_not_inherited(tmp_path):
    code = """
        class Base:
            def method(self): "What it does."
        class Derived(Base):
            def method(self): pass
        obj = Base, Derived
    """
    ask = "import inspect; result = [inspect.getdoc(each.method) for each in obj]"
    assert receive(send(tmp_path, code), ask).result == ["What it does.", None]
