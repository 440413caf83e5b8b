"""`inspect` compares bytecode by value with the source beside it, where the Python is the same."""

from __future__ import annotations

import marshal
import sys
from pathlib import Path

import pytest

import modulepickle
from mishaps import with_options
from modulepickle._report.anatomy import Code
from modulepickle._report.reading import Stream
from receivers import receive, send

WORDS = ("bytecode", "compile")
SCRIPT = '''
import functools, os, sys
from collections import namedtuple
GLOBAL = {"a": [1, 2.5, 3j, b"x", None, ..., True, 10**30]}
def plain(x, *args, y=1, **names):
    """Documented."""
    return x + y, GLOBAL, f"{x!r:>{y}}"
def imported(path):
    return os.path.join(path, os.getcwd()), sys.intern("x"), path.upper(), os.sep
def outer():
    count = 0
    def inner(step=1):
        nonlocal count
        def innermost():
            return count, inner
        count += step
        return innermost
    class Local:
        def method(self):
            return __class__, self.__private, [x for x in {1, 2, 3} if x in {4, "five", (6, 7)}]
    return inner, Local
class Base:
    attribute = 1
    def __init__(self):
        super().__init__()
        self.value = self.__hidden()
    def __hidden(self):
        try:
            with open(os.devnull) as file:
                yield from file
        except (OSError, ValueError) as error:
            raise RuntimeError from error
        finally:
            assert self, "text"
    @functools.lru_cache(None)
    def wrapped(self): return lambda a, *, b=2: (a, b, self)
    async def later(self):
        async with self as x:
            return await x
square = lambda x: x ** 2
obj = [plain, imported, outer, outer(), Base, Base.wrapped, square, (lambda y: y)]
'''


def warned(data: bytes) -> list[str]:
    report = modulepickle.inspect(data)
    return [each for each in report.warnings if any(word in each for word in WORDS)]


@pytest.mark.parametrize("options", ["", "-O", "-OO"])
def test_what_a_sender_writes_gives_no_warning(tmp_path: Path, options: str) -> None:
    python = with_options(tmp_path, options) if options else sys.executable
    data = send(tmp_path, SCRIPT, python=python, fresh=True)
    by_value = modulepickle.inspect(data).data["by_value"]
    assert len([each for each in by_value if each["source"]]) > 10
    assert warned(data) == []


def test_functions_of_the_standard_library_give_none(tmp_path: Path) -> None:
    code = """
        import modulepickle, dataclasses, shutil, textwrap, types
        obj = []
        for module in (dataclasses, shutil, textwrap):
            modulepickle.register_pickle_by_value(module)
            for each in vars(module).values():
                if isinstance(each, types.FunctionType) and each.__module__ == module.__name__:
                    obj.append(each)
    """
    data = send(tmp_path, code, warns=True)
    assert len(modulepickle.inspect(data).data["by_value"]) > 60
    assert warned(data) == []


FUNCTION = """
    def secret(x):
        if x > 3:
            return "good_"
        return len("good_")
    obj = secret
"""


def marshalled(text: str) -> bytes:
    return b"u" + len(text).to_bytes(4, "little") + text.encode()


def test_a_constant_that_the_source_does_not_have(tmp_path: Path) -> None:
    data = send(tmp_path, FUNCTION)
    changed = data.replace(marshalled("good_"), marshalled("evil_"))
    assert changed != data
    assert warned(data) == []
    (warning,) = warned(changed)
    assert "has bytecode that is not what its source compiles to" in warning
    assert warning.startswith("<sender.py ")
    assert ", line 1, has" in warning
    # It is what it says: the receiver runs the bytecode.
    got = receive(changed, "result = obj(4)").result
    assert got == "evil_"


def test_source_that_was_changed(tmp_path: Path) -> None:
    data = send(tmp_path, FUNCTION)
    changed = data.replace(b"if x > 3:", b"if x > 4:")
    assert changed != data
    (warning,) = warned(changed)
    assert "has bytecode that is not what its source compiles to" in warning
    (broken,) = warned(data.replace(b"if x > 3:", b"if x > (:"))
    assert "has source that does not compile here (SyntaxError)" in broken


def test_every_byte_of_bytecode(tmp_path: Path) -> None:
    """Each changed byte is seen, but for those of names, lines and files; none ends `inspect`."""
    data = send(tmp_path, FUNCTION)
    (code,) = [each for each in _codes(data) if each.data]
    start = data.index(code.data)
    silent = set()
    for at in range(len(code.data)):
        changed = bytearray(data)
        changed[start + at] ^= 0x11
        if not warned(bytes(changed)):
            silent.add(at)
    instructions = marshal.loads(code.data).co_code
    first = code.data.index(instructions)
    assert not silent & {*range(first + len(instructions))}
    assert len(silent) < len(code.data) / 2


def _codes(data: bytes) -> list[Code]:
    return [each for reading in Stream(data).readings for each in reading.anatomy.codes]
