"""By value between Python versions: a receiver of another version compiles the source."""

from __future__ import annotations

import functools
import textwrap
from pathlib import Path

import pytest

import test_byvalue_classes
import test_byvalue_functions
from receivers import VERSIONS, find_interpreters, interpreters, project, receive, run, send

PAIRS = [
    *(("3.11", version) for version in VERSIONS if version != "3.11"),
    *(("3.13", "3.9"), ("3.9", "3.13"), ("3.12", "3.11"), ("3.14", "3.9"), ("3.15", "3.15")),
]

MODULES = {"functions": test_byvalue_functions, "classes": test_byvalue_classes}


def python(version: str) -> str:
    found = find_interpreters().get(version)
    if found is None:
        pytest.skip(f"no Python {version} found")
    return found


@functools.cache
def sent(folder: Path, module: str, name: str, sender: str) -> bytes:
    tree = project(folder / f"{module} {sender}", MODULES[module].LIBRARY)
    return send(tree, MODULES[module].CASES[name][0], python=python(sender))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("senders")


@pytest.mark.interpreters
@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module in MODULES for name in MODULES[module].CASES]
)
def test_each_kind_between_versions(module, name, sender, receiver, folder):
    _, code, expected = MODULES[module].CASES[name]
    data = sent(folder, module, name, sender)
    assert receive(data, code, python=python(receiver)).result == expected


FIRST_EXAMPLE = """
    import other
    def f():
        assert other.__name__ == "other"
        return other.value
    import modulepickle
    obj = f
"""


@pytest.mark.parametrize("version", interpreters())
def test_the_first_example(version, tmp_path):
    tree = project(tmp_path, "=== other.py\nvalue = 42")
    data = send(tree, FIRST_EXAMPLE)
    assert receive(data, "result = obj()", python=version, absent=["other"]).result == 42


@pytest.mark.interpreters
def test_without_source_the_error_names_both_versions(tmp_path):
    sender = "names = {}; exec('def f(): return 1', names); obj = names['f']"
    data = send(tmp_path, sender, python=python("3.11"))
    assert receive(data, "result = obj()", python=python("3.11")).result == 1
    got = receive(data, "", python=python("3.9"), expect_failure=True)
    assert "UnpicklingError" in got.stderr
    said = "`f` of <string> is bytecode of Python 3.11, without source; this is Python 3.9."
    assert said in got.stderr


@pytest.mark.interpreters
def test_a_traceback_shows_source_that_was_compiled_there(tmp_path):
    sender = "\n\nclass C:\n    def method(self):\n        return 1 / 0\nobj = C().method"
    code = """
        import traceback
        try:
            obj()
        except ZeroDivisionError:
            result = traceback.format_exc()
    """
    for receiver in ("3.9", "3.13"):
        data = send(tmp_path, sender, python=python("3.11"))
        shown = receive(data, code, python=python(receiver)).result
        assert "in method\n    return 1 / 0" in shown


TRICKY = """
    from __future__ import annotations
    import functools
    def outer(free):
        pair = (lambda x: x + free), (lambda y: y - free)
        class C:
            __private = 5
            def __init__(self, x=[i for i in range(3)]): self.__x = x
            def get(self, *, d={"k": free}):
                # a comment less indented
    # than the code
                text = '''
    left
                '''
                return self.__x, self.__private, d, text.split(), [self.__x for _ in range(2)]
            async def co(self): return await self.co2()
            async def co2(self): return super().__repr__()[:1], __class__.__name__
            make = staticmethod(lambda *a, **k: (a, k))
            @functools.wraps(outer)
            def decorated(self, a: undefined = (lambda: 1)(), /, b: int = 2): return a, b, free
        def recursive(n):
            return n and recursive(n - 1) + free
        def nested(n):
            def inner():
                return nested, n, [k + n for k in range(n)], {k: free for k in range(n)}
            return inner
        many = (
            lambda a,
                   b=2: (a,
                         b)
        )
        return *pair, C, recursive, nested, many
    obj = outer(10)
"""

TRICKY_USE = """
import asyncio
one, two, C, recursive, nested, many = obj
c = C()
inner = nested(2)
result = (one(1), two(1), c.get(), asyncio.run(c.co()), C.make(1, k=2), c.decorated(b=3),
          recursive(3), inner()[1:], inner()[0] is nested, many(1), inner.__qualname__,
          C.get.__qualname__, C.decorated.__annotations__)
"""

TRICKY_RESULT = (
    11, -9, ([0, 1, 2], 5, {"k": 10}, ["left"], [[0, 1, 2]] * 2), ("<", "C"), ((1,), {"k": 2}),
    (1, 3, 10), 30, (2, [2, 3], {0: 10, 1: 10}), True, (1, 2),
    "outer.<locals>.nested.<locals>.inner", "outer.<locals>.C.get",
    {},
)  # fmt: skip


@pytest.mark.interpreters
@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
def test_what_stands_around_code_matters(sender, receiver, tmp_path):
    data = send(tmp_path, TRICKY, python=python(sender))
    assert receive(data, TRICKY_USE, python=python(receiver)).result == TRICKY_RESULT


@pytest.mark.interpreters
@pytest.mark.parametrize("sender", interpreters())
@pytest.mark.parametrize("version", interpreters())
def test_r19_what_a_dataclass_has_that_other_versions_have_otherwise(sender, version, tmp_path):
    code = """
    from dataclasses import InitVar, dataclass, field
    from fractions import Fraction
    @dataclass
    class D:
        x: int
        i: InitVar[int]
        z: Fraction = field(default=Fraction(3), metadata={"unit": Fraction(1, 2)})
        sum: Fraction = field(init=False, default=0)
        def __post_init__(self, i): self.sum = i + self.z
    obj = D
    """
    data = send(tmp_path, textwrap.dedent(code), python=sender)
    code = """
    import dataclasses
    made, own = obj(1, 2), dataclasses.field(metadata={}).metadata
    metadata = dataclasses.fields(obj)[1].metadata
    result = made.sum, obj.__doc__[:3], type(metadata) is type(own), str(metadata["unit"])
    """
    got = receive(data, textwrap.dedent(code), python=version).result
    assert got == (5, "D(x", True, "1/2")


@pytest.mark.interpreters
@pytest.mark.parametrize("sender", interpreters(VERSIONS[1:]))
@pytest.mark.parametrize("version", interpreters())
def test_r19_a_dataclass_sets_the_slots_that_are_no_parameters(sender, version, tmp_path):
    code = """
    from dataclasses import dataclass, field
    @dataclass(slots=True)
    class D:
        x: int
        n: int = field(default=4, init=False)
    obj = D
    """
    data = send(tmp_path, textwrap.dedent(code), python=sender)
    assert receive(data, "result = obj(1).n, repr(obj(1))", python=version).result == (
        4,
        "D(x=1, n=4)",
    )


@pytest.mark.parametrize("python", interpreters())
def test_r19_a_dataclass_as_the_type_of_an_enum_shows_as_this_python_has_it(python, tmp_path):
    code = """
    from dataclasses import dataclass
    from enum import Enum
    @dataclass(frozen=True)
    class Planetary:
        mass: float
    class Planet(Planetary, Enum):
        EARTH = 6.0
    obj = Planet
    result = repr(Planet.EARTH)
    """
    native = run(tmp_path, textwrap.dedent(code), python=python).result
    data = send(tmp_path, textwrap.dedent(code), python=python)
    assert receive(data, "result = repr(obj.EARTH)", python=python).result == native


@pytest.mark.interpreters
@pytest.mark.parametrize("python", interpreters(VERSIONS[4:]))
def test_r19_what_is_deprecated_warns_there(python, tmp_path):
    code = """
    from warnings import deprecated
    @deprecated("use g")
    def f(x): return x + 1
    def make():
        @deprecated("old")
        class Old:
            def __init__(self, x): self.x = x
        class New(Old):
            def get(self): return self.x
        return New
    obj = f, make()
    """
    data = send(tmp_path, textwrap.dedent(code), python=python)
    code = """
    (f, New), (_, again) = load(), load()
    result = [f(1), New(2).get(), again is New]
    import warnings
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        class Newer(New): pass
        f(1), Newer(3)
    result += [str(each.message) for each in found]
    """
    got = receive(data, textwrap.dedent(code), python=python, lazy=True, fresh=True).result
    assert got == [2, 2, True, "old", "use g"]
