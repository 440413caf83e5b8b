"""The pickle machine that builds nothing: every opcode, every protocol, and any garbage."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import io
import pickle
import pickletools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modulepickle._report.machine import HANDLERS, Machine
from modulepickle._report.nodes import Buffer, Call, Global, Items
from modulepickle._report.opcodes import Malformed

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def read(data: bytes) -> Machine:
    machine = Machine()
    assert machine.run(data) == len(data)
    return machine


def plain(node: Any) -> Any:
    """The object that a node of plain data stands for."""
    if isinstance(node, Items):
        if node.kind == "dict":
            return {plain(key): plain(value) for key, value in node.items}
        kinds: dict[str, Any] = {"list": list, "set": set, "frozenset": frozenset}
        return kinds[node.kind](map(plain, node.items))
    if isinstance(node, tuple):
        return tuple(map(plain, node))
    if isinstance(node, Call) and repr(node.function) in ("builtins.set", "builtins.frozenset"):
        return {"set": set, "frozenset": frozenset}[node.function.name](*map(plain, node.args))
    if isinstance(node, Call) and repr(node.function) == "builtins.bytearray":
        return bytearray(*map(plain, node.args))
    return node


def test_every_opcode_of_the_standard_library_is_handled() -> None:
    names = {opcode.name for opcode in pickletools.opcodes}
    assert len(names) >= 68
    assert set(HANDLERS) == names


# One pickle for each opcode that `pickle.dumps` of data does not write.
HAND_MADE = {
    "INT": (b"I7\n.", 7),
    "INT as bool": (b"I01\n.", True),
    "LONG": (b"L7L\n.", 7),
    "LONG4": (b"\x8b\x01\x00\x00\x00\x07.", 7),
    "STRING": (b"S'a'\n.", "a"),
    "BINSTRING": (b"T\x01\x00\x00\x00a.", "a"),
    "SHORT_BINSTRING": (b"U\x01a.", "a"),
    "FLOAT": (b"F1.5\n.", 1.5),
    "BINUNICODE8": (b"\x8d\x01\0\0\0\0\0\0\0a.", "a"),
    "BINBYTES8": (b"\x8e\x01\0\0\0\0\0\0\0a.", b"a"),
    "LIST": (b"(I1\nI2\nl.", [1, 2]),
    "DICT": (b"(I1\nI2\nd.", {1: 2}),
    "TUPLE": (b"(I1\nI2\nI3\nI4\nt.", (1, 2, 3, 4)),
    "POP": (b"I1\nI2\n0.", 1),
    "POP a mark": (b"I1\n(0.", 1),
    "POP_MARK": (b"I1\n(I2\nI3\n1.", 1),
    "DUP": (b"I1\n2\x86.", (1, 1)),
    "PUT and GET": (b"I1\np5\n0g5\n.", 1),
    "LONG_BINPUT and LONG_BINGET": (b"I1\nr\0\1\0\0000j\0\1\0\0.", 1),
}


@pytest.mark.parametrize("name", HAND_MADE)
def test_old_opcodes(name: str) -> None:
    data, value = HAND_MADE[name]
    assert pickle.loads(data) == value
    assert plain(read(data).result) == value
    assert type(plain(read(data).result)) is type(value)


CONTAINERS = {"list": b"(I5\nI6\nl", "dict": b"(I0\nI6\nd", "set": b"\x8f(I5\n\x90"}
CONTAINERS["frozenset"] = b"(I5\n\x91"
ADDED = {
    "APPEND": b"I1\na",
    "APPENDS": b"(I1\nI2\ne",
    "APPENDS, none": b"(e",
    "ADDITEMS": b"(I1\nI2\n\x90",
    "ADDITEMS, none": b"(\x90",
    "SETITEM": b"I1\nI2\ns",
    "SETITEM from behind": b"I-1\nI2\ns",
    "SETITEM beyond": b"I7\nI2\ns",
    "SETITEM of text": b"S'a'\nI2\ns",
    "SETITEMS": b"(I0\nI2\nI1\nI3\nu",
    "SETITEMS, none": b"(u",
}


@pytest.mark.parametrize("added", ADDED)
@pytest.mark.parametrize("container", CONTAINERS)
def test_items_go_where_pickle_has_them_go(container: str, added: str) -> None:
    data = CONTAINERS[container] + ADDED[added] + b"."
    try:
        right = pickle.loads(data)
    except Exception:  # each kind of object has its own
        with pytest.raises(Malformed):
            read(data)
    else:
        assert plain(read(data).result) == right


def test_opcodes_that_call() -> None:
    cases = {
        b"(S'x'\niOS\nsystem\n.": ("INST", "OS.system", ("x",)),
        b"(cos\nsystem\nS'x'\no.": ("OBJ", "os.system", ("x",)),
        b"cos\nsystem\n(S'x'\ntR.": ("REDUCE", "os.system", ("x",)),
        b"cos\nsystem\n(S'x'\nt\x81.": ("NEWOBJ", "os.system", ("x",)),
    }
    for data, (opcode, function, args) in cases.items():
        (call,) = read(data).calls
        assert (call.opcode, repr(call.function), call.args) == (opcode, function, args)
    (call,) = read(b"cos\nsystem\n)}\x92.").calls
    assert (call.opcode, repr(call.function), call.args[0]) == ("NEWOBJ_EX", "os.system", ())


def test_opcodes_of_other_places() -> None:
    machine = read(b"\x80\x05\x97\x97\x98\x86.")
    assert [type(each) for each in machine.result] == [Buffer, Buffer]
    assert machine.buffers == 2
    machine = read(b"\x80\x02\x82\x07\x83\x01\x01\x84\x01\x00\x01\x00\x87.")
    assert machine.extensions == [7, 257, 65537]
    machine = read(b"Pmine\nI5\nQ\x86.")
    assert [(each.what, each.value) for each in machine.missing] == [
        ("persistent id", "mine"),
        ("persistent id", 5),
    ]
    machine = read(b"\x80\x02h\x07.")
    assert [(each.what, each.value) for each in machine.missing] == [("memo entry", 7)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_state_items_and_names(protocol: int) -> None:
    obj = [collections.OrderedDict(a=1), datetime.date(2000, 1, 2), decimal.Decimal(1), print]
    machine = read(pickle.dumps(obj, protocol))
    names = {repr(each) for each in machine.globals}
    # Of protocols 0 to 2 the names are those of Python 2; they are read as this one has them.
    assert {"collections.OrderedDict", "datetime.date", "builtins.print"} <= names
    ordered = next(each for each in machine.calls if "OrderedDict" in repr(each.function))
    assert ordered.items == [("a", 1)]
    machine = read(pickle.dumps(fractions.Fraction(1, 2), protocol))
    assert "fractions.Fraction" in {repr(each) for each in machine.globals}


def test_build_gives_a_call_its_state() -> None:
    machine = read(pickle.dumps(ValueError("x"), 4))
    error = ValueError("x")
    error.note = 5  # type: ignore[attr-defined]
    (call,) = read(pickle.dumps(error, 4)).calls
    assert [plain(state) for state in call.states] == [{"note": 5}]
    assert not machine.calls[0].states


def test_a_computed_name_is_not_taken_for_a_name() -> None:
    machine = read(b"\x80\x04\x8c\x02os\x8c\x02os\x86\x8c\x06system\x93.")
    assert [each.module for each in machine.globals] == ["<computed>"]


atoms = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
atoms |= st.binary() | st.binary().map(bytearray)
data = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.sets(st.integers() | st.text())
        | st.frozensets(st.binary())
    ),
    max_leaves=20,
)


@given(data, st.sampled_from(PROTOCOLS))
def test_any_data_is_read_as_what_it_is(value: Any, protocol: int) -> None:
    assert plain(read(pickle.dumps(value, protocol)).result) == value


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda b: b"\x80\x04" + b + b"."))
def test_any_bytes_are_read_or_malformed(garbage: bytes) -> None:
    machine = Machine()
    try:
        place = machine.run(garbage)
    except Malformed as error:
        place = error.position
    assert 0 <= place <= len(garbage)


@given(data, st.sampled_from(PROTOCOLS), st.data())
def test_any_cut_pickle_is_malformed(value: Any, protocol: int, draw: st.DataObject) -> None:
    whole = pickle.dumps(value, protocol)
    cut = draw.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Malformed):
        Machine().run(whole[:cut])


def test_a_memo_goes_on_to_the_next_pickle_of_a_stream() -> None:
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 4)
    shared = ["x"]
    pickler.dump(shared)
    pickler.dump([shared])
    machine = Machine()
    end = machine.run(file.getvalue())
    machine = machine.next()
    machine.run(file.getvalue(), end)
    assert plain(machine.result) == [["x"]]
    assert machine.missing == []


def test_a_deep_pickle_is_read_without_recursion() -> None:
    deep = b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b"."
    node, depth = read(deep).result, 1
    while node.items:
        (node,), depth = node.items, depth + 1
    assert depth == 100_000


def test_globals_have_their_positions() -> None:
    (found,) = read(b"\x80\x04\x8c\x02os\x8c\x06system\x93.").globals
    assert isinstance(found, Global)
    assert found.position == 14
