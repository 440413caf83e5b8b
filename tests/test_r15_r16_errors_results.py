"""R15 and R16: what cannot work says so, and results come home."""

from __future__ import annotations

import os
import pickle
import pickletools
import textwrap

import pytest

import modulepickle
from modulepickle._base.process import DIGEST_SIZE
from receivers import project, receive, run, send

REFUSED = """
    import modulepickle
    def refused(obj, **options):
        try:
            modulepickle.dumps(obj, **options)
        except modulepickle.PackagingError as error:
            return error, str(error)
"""


def refused(tree, code, **options):
    """The error that `code` gets in its variable `result`, and its text."""
    code = f"{textwrap.dedent(REFUSED)}\n{textwrap.dedent(code)}"
    return run(tree, code, **options).result


# --- R15, at dumps --------------------------------------------------------------------------------


def test_r15_too_large_lists_five_files_and_what_to_type(tmp_path):
    tree = project(tmp_path, "=== big/__init__.py\nx = 1\n")
    for index, name in enumerate(["a.bin", "b.bin", "c.bin", "d.bin", "deep/e.bin", "f.bin"]):
        path = tree / "big" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * (1000 + index))
    code = "import big; result = refused(big, policy=modulepickle.Policy(max_bytes=5000))"
    error, text = refused(tree, code)
    assert [problem.reason for problem in error.problems] == [modulepickle.Reason.TOO_LARGE]
    for name in ("b.bin", "c.bin", "d.bin", "deep/e.bin", "f.bin"):
        assert f"big/{name}" in text
    assert "a.bin" not in text
    assert "1,005  big/f.bin" in text
    assert 'Policy(ignore=("f.bin",)), or ignore = ["f.bin"] under [tool.modulepickle]' in text
    assert "6,021 bytes in 7 files, at most 5,000 travel" in text
    assert "Policy(max_bytes=6021)" in text


def test_r15_what_it_says_to_type_works(tmp_path):
    tree = project(tmp_path, "=== big/__init__.py\nx = 1\n=== big/data/a.txt\n" + "x" * 500)
    code = """
        import big, modulepickle
        small = modulepickle.Policy(max_bytes=100)
        error, text = refused(big, policy=small)
        typed = text.partition("Policy(ignore=")[2].partition(")), or ignore =")[0] + ")"
        modulepickle.dumps(big, policy=modulepickle.Policy(ignore=eval(typed), max_bytes=100))
        modulepickle.dumps(big, policy=modulepickle.Policy(max_bytes=507))
        result = typed
    """
    assert refused(tree, code) == '("data/a.txt",)'


def test_r15_the_limit_holds_for_a_package_that_is_known_already(tmp_path):
    tree = project(tmp_path, "=== big/__init__.py\nx = 1\n")
    code = """
        import big
        modulepickle.dumps(big)
        result = refused(big, policy=modulepickle.Policy(max_bytes=2))
    """
    assert "Policy(max_bytes=6)" in refused(tree, code)[1]


def test_r15_all_problems_at_once_with_the_chain_of_imports(tmp_path):
    tree = project(
        tmp_path,
        """
        === top/__init__.py
        import middle
        === middle.py
        import bottom
        === bottom/__init__.py
        === bottom/data.TXT
        one
        === bottom/data.txt
        two
        === side/__init__.py
        """,
    )
    (tree / "top" / "away").symlink_to("/usr")
    (tree / "bottom" / "round").symlink_to(tree / "bottom")
    os.mkfifo(tree / "bottom" / "pipe")
    error, text = refused(tree, "import top, side; result = refused([side, top])")
    reasons = {problem.reason.name: problem for problem in error.problems}
    assert set(reasons) == {"LINK_LEAVES_TREE", "LINK_CYCLE", "NAMES_CLASH", "SPECIAL_FILE"}
    way = ("`list` object", "item 1", "module `top`")
    assert reasons["LINK_LEAVES_TREE"].chain == way
    assert {reasons[n].chain for n in ("LINK_CYCLE", "NAMES_CLASH", "SPECIAL_FILE")} == {
        (*way, "package `top`", "package `middle`")
    }
    assert "reached by: `list` object -> item 1 -> module `top` -> package `top`" in text
    assert "leads to /usr" in text
    assert 'Policy(ignore=("pipe",))' in text


def test_r15_problems_of_packages_and_of_objects_are_told_together(tmp_path):
    tree = project(tmp_path, "=== big/__init__.py\nx = 1\n=== large.py\ny = 2\n")
    code = """
import big, large, threading
lock = threading.Lock()
def f(): return big, lock, large, (i for i in "x")
result = refused([f, (i for i in "x")], policy=modulepickle.Policy(max_bytes=1))
"""
    error, text = refused(tree, code)
    assert [problem.subject for problem in error.problems] == [
        "big",
        "large",
        "an object of type _thread.lock",
        "an object of type generator",
    ]
    assert text.count("The package is larger than") == 1
    assert "reached by: `list` object -> item 0 -> `f` -> global `lock`" in text


def test_r15_the_error_is_a_pickling_error_and_travels(tmp_path):
    tree = project(tmp_path, "=== big/__init__.py\nx = 1\n")
    code = "import big; result = refused(big, policy=modulepickle.Policy(max_bytes=1))[0]"
    error = refused(tree, code)
    assert isinstance(error, pickle.PicklingError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


# --- R15, on the receiver -------------------------------------------------------------------------

THIRD_PARTY = """
    === tree/pkg/__init__.py
    def at_once():
        import pkg.deep
    def nested():
        import yamlish.sub
    def asked():
        from yamlish import load
    def by_call():
        import importlib
        importlib.import_module("yamlish")
    === tree/pkg/deep.py
    import yamlish
    === site-packages/yamlish/__init__.py
    load = None
    === site-packages/yamlish/sub.py
    === site-packages/PyYamlish-6.1.dist-info/METADATA
    Metadata-Version: 2.1
    Name: PyYamlish
    Version: 6.1
    === site-packages/PyYamlish-6.1.dist-info/RECORD
    yamlish/__init__.py,,
    yamlish/sub.py,,
"""


@pytest.mark.parametrize(
    ("function", "importer"),
    [("at_once", "pkg.deep"), ("nested", "pkg"), ("asked", "pkg"), ("by_call", "pkg")],
)
def test_r15_a_missing_third_party_module(tmp_path, function, importer):
    tree = project(tmp_path, THIRD_PARTY) / "tree"
    code = f"""
        import sys
        sys.path.append({str(tmp_path / "site-packages")!r})
        from pkg import {function} as obj
    """
    data = send(tree, code)
    code = """
        try:
            obj()
        except ModuleNotFoundError as error:
            result = error.name, error.msg, str(error)
    """
    name, msg, text = receive(data, code, absent=["pkg", "yamlish"]).result
    assert name == "yamlish"
    assert msg == text
    for part in ("No module named 'yamlish'", "PyYamlish 6.1", importer):
        assert part in text, text


def test_r15_a_third_party_module_that_the_receiver_has_is_used(tmp_path):
    tree = project(tmp_path, THIRD_PARTY) / "tree"
    site = str(tmp_path / "site-packages")
    code = f"import sys; sys.path.append({site!r})\nfrom pkg import at_once as obj"
    use = f"import sys; sys.path.append({site!r})\nobj(); result = sys.modules['yamlish'].__file__"
    assert receive(send(tree, code), use, absent=["yamlish"]).result.startswith(site)


@pytest.mark.parametrize(
    "statement",
    [
        "import pkg.missing",
        "from pkg import missing",
        "from . import missing",
        "from .missing import x",
        "from pkg.missing import x",
        "import missing_top",
    ],
)
def test_r15_a_missing_local_module_fails_as_it_does_at_home(tmp_path, statement):
    tree = project(tmp_path, f"=== pkg/__init__.py\ndef f():\n    {statement}\n")
    ask = """
        try:
            obj()
        except ImportError as error:
            result = type(error).__name__, error.name, str(error).partition(" (")[0]
    """
    code = textwrap.dedent(ask)
    home = run(tree, f"from pkg import f as obj\n{code}").result
    there = receive(send(tree, "from pkg import f as obj"), ask, absent=["pkg"]).result
    assert there[:2] == home[:2]
    assert there[2].startswith(home[2])


# --- R16 ------------------------------------------------------------------------------------------

RESULTS = """
    === work/__init__.py
    from work.kinds import *
    import side
    def make():
        thing = Thing([1])
        thing.me = thing
        return [thing, Bare(), Outer.Inner(5), Color.RED, Point(1, 2), side.Other(), Thing, make]
    def fail():
        raise Trouble("no", code=3)
    def fail_with_a_cause():
        try:
            fail()
        except Trouble as error:
            raise side.SideTrouble(Thing([2])) from error
    === work/kinds.py
    import collections, dataclasses, enum
    __all__ = ["Thing", "Bare", "Outer", "Color", "Point", "Trouble"]
    @dataclasses.dataclass
    class Thing:
        items: list
    class Bare:
        pass
    class Outer:
        class Inner:
            def __init__(self, n):
                self.n = n
    class Color(enum.Enum):
        RED = 1
    Point = collections.namedtuple("Point", "x y")
    class Trouble(Exception):
        def __init__(self, text, code):
            super().__init__(text, code)
            self.code = code
    === side.py
    class Other:
        pass
    class SideTrouble(Exception):
        pass
"""
CATCH = """
    try:
        obj()
    except Exception as error:
        result = error
"""


def at_home(tree, pickled, code):
    """Load what a receiver sent, in a sender that knows the modules, and run `code`."""
    (tree / "answer.pickle").write_bytes(pickled)
    load = """
        import work, side, pickle
        with open("answer.pickle", "rb") as file:
            obj = pickle.load(file)
    """
    return run(tree, f"{textwrap.dedent(load)}\n{textwrap.dedent(code)}").result


def test_r16_results_come_home_by_plain_pickle(tmp_path):
    tree = project(tmp_path, RESULTS)
    answer = receive(send(tree, "from work import make as obj"), "result = obj()", absent=["work"])
    assert b"_modulepickle" not in answer.result_pickle
    code = """
        thing, bare, inner, red, point, other, cls, make = obj
        result = [type(thing) is cls is work.Thing, thing.me is thing, type(bare) is work.Bare]
        result += [type(inner) is work.Outer.Inner, inner.n == 5, red is work.Color.RED]
        result += [point == work.Point(1, 2), type(point) is work.Point, make is work.make]
        result += [type(other) is side.Other]
    """
    assert at_home(tree, answer.result_pickle, code) == [True] * 10


def test_r16_exceptions_come_home_by_plain_pickle(tmp_path):
    tree = project(
        tmp_path, RESULTS.replace("super().__init__(text, code)", "self.args = text, code")
    )
    answer = receive(send(tree, "from work import fail as obj"), CATCH, absent=["work"])
    code = "result = type(obj) is work.Trouble, obj.args, obj.code"
    assert at_home(tree, answer.result_pickle, code) == (True, ("no", 3), 3)


def test_r16_an_exception_that_holds_a_shipped_object_comes_home(tmp_path):
    tree = project(tmp_path, RESULTS)
    data = send(tree, "from work import fail_with_a_cause as obj")
    answer = receive(data, CATCH, absent=["work", "side"])
    code = "result = type(obj) is side.SideTrouble, type(obj.args[0]) is work.Thing"
    assert at_home(tree, answer.result_pickle, code) == (True, True)


# --- R16, sent on ---------------------------------------------------------------------------------

ON = """
    === work/__init__.py
    VERSION = 1
    class Bare:
        pass
    class Outer:
        class Inner:
            class Innermost:
                pass
        def method(self):
            from side import where
            return VERSION, where()
    def function():
        import work.late
        return work.late.VALUE
    class Meta(type):
        pass
    class Made(metaclass=Meta):
        x = 1
    @__import__("functools").lru_cache(maxsize=None)
    def cached():
        return VERSION
    === work/late.py
    VALUE = "late 1"
    === side.py
    def where():
        return "side 1"
"""
EVERYTHING = """
    import work, work.late, side
    obj = [work, work.Bare, work.Bare(), work.Outer.Inner, work.Outer.Inner.Innermost(),
           work.Outer(), work.Outer().method, work.function, work.Made, work.Made(), work.cached,
           work.late]
"""
ANSWERS = """
    def answers(objs):
        module, bare, a_bare, inner, innermost, outer, method, function, *rest = objs
        made, a_made, cached, late = rest
        assert type(a_bare) is bare is module.Bare and inner is module.Outer.Inner
        assert type(innermost) is inner.Innermost and type(outer) is module.Outer
        assert function is module.function and cached is module.cached and late is module.late
        assert type(a_made) is made is module.Made and type(made) is module.Meta
        assert bare.__module__ == "work"
        return outer.method(), method(), function(), cached(), late.VALUE, module.VERSION
"""
ONE = ((1, "side 1"), (1, "side 1"), "late 1", 1, "late 1", 1)
TWO = ((2, "side 2"), (2, "side 2"), "late 2", 2, "late 2", 2)
ANSWER = f"{textwrap.dedent(ANSWERS)}\nresult = answers(obj)"


def versions(tmp_path):
    second = ON.replace("VERSION = 1", "VERSION = 2").replace(' 1"', ' 2"')
    return [
        send(project(tmp_path / "one", ON), EVERYTHING),
        send(project(tmp_path / "two", second), EVERYTHING),
    ]


def digests(data):
    """The archives in a pickle, their digests and seals."""
    found = [arg for _, arg, _ in pickletools.genops(data) if isinstance(arg, bytes)]
    return sorted(arg for arg in found if arg.startswith(b"PK\3\4") or len(arg) == DIGEST_SIZE)


def test_r16_a_receiver_with_the_library_sends_on_what_it_got(tmp_path):
    data = versions(tmp_path)[0]
    code = "import modulepickle; result = modulepickle.dumps(obj)"
    again = receive(data, code, bare=False, absent=["work", "side"]).result
    assert digests(again) == digests(data) != []
    assert receive(again, ANSWER, absent=["work", "side"]).result == ONE


def test_r16_each_object_sent_on_alone(tmp_path):
    data = versions(tmp_path)[0]
    code = "import modulepickle; result = [modulepickle.dumps(each) for each in obj]"
    alone = receive(data, code, bare=False, absent=["work", "side"]).result
    assert [digests(each) for each in alone] == [digests(data)] * len(alone)
    assert receive(alone, f"{textwrap.dedent(ANSWERS)}\nresult = answers(objs)").result == ONE


def test_r16_superseded_objects_are_sent_on_too(tmp_path):
    one, two = versions(tmp_path)
    code = """
        import modulepickle
        result = [[modulepickle.dumps(each) for each in obj] for obj in objs]
        result.append(modulepickle.dumps(objs))
    """
    old, new, both = receive([one, two], code, bare=False, absent=["work", "side"]).result
    assert [digests(each) for each in old] == [digests(one)] * len(old)
    assert [digests(each) for each in new] == [digests(two)] * len(new)
    third = f"{textwrap.dedent(ANSWERS)}\nresult = [answers(each) for each in obj]"
    assert receive(both, third, absent=["work", "side"]).result == [ONE, TWO]


def test_r16_sent_on_beside_a_native_module_of_the_same_name(tmp_path):
    # The host's own `work` is not local there, and comes first: by name it stays.
    host = project(
        tmp_path / "site-packages", "=== work.py\ndef native(): pass\nclass Bare: pass\n"
    )
    data = versions(tmp_path)[0]
    code = f"""
        import sys
        sys.path.insert(0, {str(host)!r})
        import modulepickle, work
        got = load()
        result = modulepickle.dumps([work.native, work.Bare, *got])
    """
    again = receive(data, code, bare=False, lazy=True).result
    code = f"""
        import sys
        sys.path.insert(0, {str(host)!r})
        import work
        native, bare, *got = load()
        assert native is work.native and bare is work.Bare
        {textwrap.indent(textwrap.dedent(ANSWERS), " " * 8).strip()}
        result = answers(got)
    """
    assert receive(again, code, lazy=True).result == ONE


def test_r16_the_first_sender_gets_its_own_back(tmp_path):
    tree = project(tmp_path, ON)
    data = send(tree, EVERYTHING)
    code = "import modulepickle; result = modulepickle.dumps(obj)"
    (tree / "again").write_bytes(receive(data, code, bare=False).result)
    code = """
        import modulepickle, pickle, work
        modulepickle.dumps(work)
        with open("again", "rb") as file:
            got = pickle.load(file)
        result = got[0] is work, got[3] is work.Outer.Inner, got[7] is work.function
    """
    assert run(tree, code).result == (True, True, True)


def test_r16_a_decorated_function_of_another_package(tmp_path):
    # Its code is of one package, its name of another.
    tree = project(
        tmp_path,
        """
        === uses.py
        import deco
        @deco.twice
        def f():
            return 21
        === deco.py
        import functools
        def twice(f):
            @functools.wraps(f)
            def wrapper():
                return 2 * f()
            return wrapper
        """,
    )
    data = send(tree, "from uses import f as obj")
    code = "import modulepickle; result = modulepickle.dumps(obj)"
    again = receive(data, code, bare=False, absent=["uses", "deco"]).result
    assert digests(again) == digests(data)
    assert receive(again, "result = obj()", absent=["uses", "deco"]).result == 42


@pytest.mark.parametrize("used", ["f()", ""])
def test_r16_what_was_received_does_not_take_the_place_of_the_own_tree(tmp_path, used):
    # A process has received another project's `helpers`, and sends its own `train`.
    text = "=== helpers.py\nV = 'theirs'\ndef f(): return V\n"
    data = send(project(tmp_path / "theirs", text), "from helpers import f as obj")
    own = """
        === helpers.py
        V = 'own'
        === train.py
        def g():
            import helpers
            return helpers.V
    """
    tree = project(tmp_path / "own", own)
    (tree / "data").write_bytes(data)
    code = f"""
        import modulepickle, pickle, train
        with open("data", "rb") as file:
            f = pickle.load(file)
        {used}
        result = modulepickle.dumps(train.g), f()
    """
    sent, theirs = run(tree, code).result
    assert theirs == "theirs"
    assert sent == send(tree, "from train import g as obj")
    assert receive(sent, "result = obj()", absent=["helpers", "train"]).result == "own"
