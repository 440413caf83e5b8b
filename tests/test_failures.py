"""What cannot travel is found by one engine, for picklers and for subclasses of ours (R15)."""

from __future__ import annotations

import textwrap

import pytest

from receivers import project, run

TREE = """
    === big.py
    x = 1
"""

# Each is a subclass of `modulepickle.Pickler` that could pickle `Odd()` in a way of its own, and a
# pickler of it: so that one is no problem, and the two locks are.
SUBCLASSES = {
    "persistent_id": """
class Mine(modulepickle.Pickler):
    def persistent_id(self, obj):
        return "odd" if isinstance(obj, Odd) else None
make = Mine
""",
    "dispatch_table": """
class Mine(modulepickle.Pickler):
    dispatch_table = {Odd: lambda obj: (str, ())}
make = Mine
""",
    "dispatch_table for a metaclass": """
class Meta(type):
    pass
Odd = Meta("Odd", (), {"__module__": "nowhere"})
Odd = type("Factory", (), {"__call__": lambda self, made=Odd: made})()
class Mine(modulepickle.Pickler):
    dispatch_table = {Meta: lambda obj: (str, ())}
make = Mine
""",
    "dispatch_table of the instance": """
class Mine(modulepickle.Pickler):
    pass
def make(file):
    made = Mine(file)
    made.dispatch_table = {Odd: lambda obj: (str, ())}
    return made
""",
    "reducer_override": """
class Mine(modulepickle.Pickler):
    def reducer_override(self, obj):
        if isinstance(obj, Odd):
            return str, ()
        return super().reducer_override(obj)
make = Mine
""",
    "arguments and slots": """
class Mine(modulepickle.Pickler):
    __slots__ = ("__kinds", "spare")
    def __init__(self, file, *, kinds):
        super().__init__(file)
        self.__kinds = kinds
    def reducer_override(self, obj):
        if isinstance(obj, self.__kinds):
            return str, ()
        return super().reducer_override(obj)
def make(file):
    return Mine(file, kinds=(Odd,))
""",
    "a registry of subclasses": """
class Mine(modulepickle.Pickler):
    known = {}
    def __init_subclass__(cls, *, key):
        cls.known[key] = cls
    def reducer_override(self, obj):
        assert list(self.known) == ["the key"]
        return (str, ()) if isinstance(obj, Odd) else super().reducer_override(obj)
class Below(Mine, key="the key"):
    pass
make = Below
""",
    "an abstract base": """
import abc
class Mine(modulepickle.Pickler, metaclass=abc.ABCMeta):
    @abc.abstractmethod
    def odd(self): ...
    def reducer_override(self, obj):
        return self.odd() if isinstance(obj, Odd) else super().reducer_override(obj)
class Below(Mine):
    def odd(self):
        return str, ()
make = Below
""",
}

CODE = """
import io, modulepickle, threading
class Odd:
    def __reduce__(self): raise TypeError("cannot pickle 'Odd' object")
{subclass}
class Holder:
    pass
holder = Holder()
holder.first = [Odd(), threading.Lock()]
holder.second = threading.Lock()
result = None
try:
    make(io.BytesIO()).dump(holder)
except Exception as error:
    problems = getattr(error, "problems", ())
    result = type(error).__name__, [(each.detail, each.chain) for each in problems]
"""


@pytest.mark.parametrize("subclass", SUBCLASSES.values(), ids=SUBCLASSES)
def test_r15_all_problems_of_a_subclass_with_the_way_to_each(tmp_path, subclass):
    tree = project(tmp_path, TREE)
    kind, problems = run(tree, CODE.format(subclass=textwrap.dedent(subclass))).result
    assert kind == "PackagingError"
    assert [chain for _, chain in problems] == [
        ("`Holder` object", "attribute `first`", "item 1"),
        ("`Holder` object", "attribute `second`"),
    ]
    assert {detail for detail, _ in problems} == {"cannot pickle '_thread.lock' object"}


def test_r15_packages_and_objects_are_told_together_for_a_subclass(tmp_path):
    tree = project(tmp_path, TREE)
    code = """
import big, io, modulepickle, threading
class Mine(modulepickle.Pickler):
    pass
try:
    Mine(io.BytesIO(), policy=modulepickle.Policy(max_bytes=1)).dump([big, threading.Lock()])
except modulepickle.PackagingError as error:
    result = [each.subject for each in error.problems]
"""
    assert run(tree, code).result == ["big", "an object of type _thread.lock"]


@pytest.mark.parametrize(
    "hook",
    [
        "class Mine(modulepickle.Pickler):\n    def reducer_override(self, obj):\n"
        "        raise TypeError('for a reason of its own')",
        "class Mine(modulepickle.Pickler):\n    def persistent_id(self, obj):\n"
        "        raise AttributeError('for a reason of its own')",
    ],
    ids=["reducer_override", "persistent_id"],
)
def test_r15_an_error_of_a_hook_is_raised_as_it_is(tmp_path, hook):
    tree = project(tmp_path, TREE)
    code = f"""
import io, modulepickle
{hook}
try:
    Mine(io.BytesIO()).dump([object()])
except Exception as error:
    result = type(error).__name__, str(error), error.__cause__
"""
    name, text, cause = run(tree, code).result
    assert (name in ("TypeError", "AttributeError"), text, cause) == (
        True,
        "for a reason of its own",
        None,
    )


def test_r15_a_class_that_cannot_be_derived_from_keeps_its_error(tmp_path):
    tree = project(tmp_path, TREE)
    code = """
import io, modulepickle, threading
class Final(type):
    def __new__(cls, name, bases, space):
        if any(isinstance(each, Final) for each in bases):
            raise RuntimeError("final")
        return super().__new__(cls, name, bases, space)
class Mine(modulepickle.Pickler, metaclass=Final):
    pass
try:
    Mine(io.BytesIO()).dump([threading.Lock()])
except Exception as error:
    result = type(error).__name__, str(error)
"""
    assert run(tree, code).result == ("TypeError", "cannot pickle '_thread.lock' object")


def test_r15_the_failed_pickler_goes_on_as_it_was(tmp_path):
    tree = project(tmp_path, TREE)
    code = """
import big, io, modulepickle, pickle, threading
class Mine(modulepickle.Pickler):
    pass
file = io.BytesIO()
pickler = Mine(file)
try:
    pickler.dump([threading.Lock()])
except modulepickle.PackagingError:
    pass
file.seek(0)
file.truncate()
pickler.clear_memo()  # as for any pickler that failed
pickler.dump([big])
result = pickle.loads(file.getvalue())[0] is big
"""
    assert run(tree, code).result is True


REFUSED = {
    "import ctypes; held = ctypes.CDLL(None)": "ctypes has loaded it into this process",
    "import ctypes; held = ctypes.c_char_p(b'x')": "ctypes objects containing pointers cannot be",
    "import random; held = random.SystemRandom()": "System entropy source does not have state.",
    "import multiprocessing as m; held = m.get_context('spawn').Queue()": "Queue objects should",
    "held = type('P', (), {'__class__': property(lambda self: int)})()": "__newobj__",
}


@pytest.mark.parametrize("held", REFUSED)
def test_r15_a_refusal_of_python_says_what_holds_the_object(tmp_path, held):
    code = f"""
    import modulepickle
    {held}
    def function(): return held
    try:
        modulepickle.dumps(function)
    except modulepickle.PackagingError as error:
        result = [(each.detail, each.chain) for each in error.problems]
    """
    ((detail, chain),) = run(tmp_path, textwrap.dedent(code)).result
    assert REFUSED[held] in detail
    assert chain == ("`function`", "global `held`")


@pytest.mark.parametrize("kind", ["ValueError", "RuntimeError", "NotImplementedError"])
@pytest.mark.parametrize("hook", ["__reduce__", "__getstate__"])
def test_an_error_that_a_class_raises_by_itself_stays_what_it_is(tmp_path, kind, hook):
    code = f"""
    import modulepickle
    class Own:
        def {hook}(self): raise {kind}("not now")
    result = ""
    try:
        modulepickle.dumps([Own()])
    except {kind} as error:
        result = type(error).__name__, str(error)
    """
    assert run(tmp_path, textwrap.dedent(code)).result == (kind, "not now")
