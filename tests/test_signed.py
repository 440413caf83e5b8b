"""Signed pickles: what `key=` writes, and what it refuses before anything is unpickled."""

from __future__ import annotations

import hashlib
import hmac
import io
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import modulepickle
from modulepickle._pickler.signed import checked
from pages import blocks
from receivers import SITE, interpreters, project, receive, run, send

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
MAGIC = b"\xfemodulepickle hmac-sha256 1\n"
TRAILER = len(MAGIC) + 8 + 32


def sign(body: bytes, key: bytes = KEY, magic: bytes = MAGIC) -> bytes:
    """The format, written down a second time."""
    length = len(body).to_bytes(8, "little")
    return body + magic + length + hmac.new(key, magic + body + length, hashlib.sha256).digest()


heard: list[int] = []
"""What the unpickling of a `Noisy` leaves behind."""


def hear() -> str:
    heard.append(1)
    return "unpickled"


class Noisy:
    def __reduce__(self) -> Any:
        return hear, ()


NOISY = sign(pickle.dumps(Noisy()))


@pytest.fixture(autouse=True)
def _quiet() -> None:
    heard.clear()


def refused(data: Any, key: Any = KEY) -> str:
    """Why `loads` and `load` refuse: they agree, and unpickle nothing."""
    heard.clear()
    with pytest.raises(modulepickle.UnpicklingError) as first:
        modulepickle.loads(data, key=key)
    with pytest.raises(modulepickle.UnpicklingError) as second:
        modulepickle.load(io.BytesIO(data), key=key)
    assert str(first.value) == str(second.value)
    end = "; nothing was unpickled (modulepickle docs: errors.md#not-signed)"
    assert str(first.value).endswith(end)
    assert heard == []
    return str(first.value)


# --- what it writes -------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5, -1, None])
@pytest.mark.parametrize("obj", [None, [1, "x", 2.5], b"b" * 100_000, bytearray(70_000)])
def test_the_trailer_is_as_described_and_the_pickle_before_it_unchanged(
    obj: Any, protocol: int
) -> None:
    data = modulepickle.dumps(obj, protocol, key=KEY)
    assert data == sign(pickle.dumps(obj, protocol))
    file = io.BytesIO()
    modulepickle.dump(obj, file, protocol, key=KEY)
    assert file.getvalue() == data
    assert modulepickle.loads(data, key=KEY) == obj


def test_without_a_key_nothing_is_signed() -> None:
    assert modulepickle.dumps([1]) == pickle.dumps([1])


TREE = """
    === helpers/__init__.py
    def double(x):
        from helpers.units import UNIT
        return f"{2 * x} {UNIT}"
    === helpers/units.py
    UNIT = "km"
"""


@pytest.mark.parametrize("python", interpreters())
def test_a_bare_receiver_loads_it_with_plain_pickle(tmp_path: Path, python: str) -> None:
    tree = project(tmp_path, TREE)
    dumps = f"modulepickle.dumps(obj, 4, key={KEY!r})"
    data = send(tree, "from helpers import double as obj", dumps=dumps)
    assert data[-TRAILER:].startswith(MAGIC)
    code = """
        import io
        result = [obj(21), pickle.load(io.BytesIO(datas[0]))(2)]
    """
    got = receive(data, code, python=python, absent=["helpers"])
    assert got.result == ["42 km", "4 km"]
    assert got.stderr == ""


def test_a_receiver_with_the_library_and_the_key_checks_it(tmp_path: Path) -> None:
    tree = project(tmp_path, TREE)
    dumps = f"modulepickle.dumps(obj, key={KEY!r})"
    data = send(tree, "from helpers import double as obj", dumps=dumps)
    code = f"""
        import modulepickle
        result = [modulepickle.loads(datas[0], key={KEY!r})(21)]
        try:
            modulepickle.loads(datas[0], key={OTHER!r})
        except pickle.UnpicklingError as error:
            result.append("signed with another key" in str(error))
    """
    assert receive(data, code, bare=False, lazy=True, absent=["helpers"]).result == ["42 km", True]


def test_the_same_object_and_key_give_the_same_bytes(tmp_path: Path) -> None:
    tree = project(tmp_path, TREE)
    dumps = f"modulepickle.dumps(obj, key={KEY!r})"
    code = "from helpers import double as obj"
    datas = {send(tree, code, dumps=dumps, hash_seed=seed) for seed in (1, 2)}
    assert len(datas) == 1


# --- what it refuses ------------------------------------------------------------------------------


def test_what_is_whole_and_signed_is_loaded() -> None:
    assert modulepickle.loads(NOISY, key=KEY) == "unpickled"
    assert modulepickle.load(io.BytesIO(NOISY), key=KEY) == "unpickled"
    assert heard == [1, 1]


def test_every_flip_of_a_bit_is_refused() -> None:
    for index in range(len(NOISY)):
        for bit in range(8):
            altered = bytearray(NOISY)
            altered[index] ^= 1 << bit
            refused(bytes(altered))


def test_every_cut_is_refused() -> None:
    for length in range(len(NOISY)):
        refused(NOISY[:length])
        refused(NOISY[length + 1 :])
        refused(NOISY[:length] + NOISY[length + 1 :])


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_stands_before_or_behind_is_refused(before: bytes, behind: bytes) -> None:
    if before or behind:
        refused(before + NOISY + behind)
    refused(before + behind)


@given(st.binary(max_size=64), st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32))
def test_a_trailer_that_somebody_made_up_is_refused(body: bytes, length: int, tag: bytes) -> None:
    refused(body + MAGIC + length.to_bytes(8, "little") + tag)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (pickle.dumps(Noisy()), "is not signed, or its end is missing: sign it with modulepickle."),
        (b"", "is not signed"),
        (NOISY[:-TRAILER], "is not signed"),
        (NOISY[:-1], "was cut: 1 bytes are missing at its end; send it again"),
        (NOISY[: 10 - TRAILER], "is not signed, or its end is missing"),
        (NOISY[: 26 - TRAILER], f"was cut: {TRAILER - 26} bytes are missing"),
        (NOISY + b"\n", "1 bytes follow the signature: a signed pickle is the end of its file"),
        (b"." + NOISY, "does not begin here (a file holds one signed pickle: put several objects"),
        (NOISY + NOISY, "does not begin here (a file holds one signed pickle: put several objects"),
        (NOISY[5:], "bytes precede it"),
        (b"\x80" + NOISY[1:5] + b"?" + NOISY[6:], "was not made with the key: this pickle was alt"),
        (sign(NOISY[:-TRAILER], OTHER), "compare the sender's key= with yours"),
        (
            sign(NOISY[:-TRAILER], magic=MAGIC.replace(b"1", b"2")),
            "a format that this release does",
        ),
        (sign(NOISY[:-TRAILER], magic=MAGIC.replace(b"1", b"10")), "a format that this release do"),
    ],
)
def test_the_error_says_what_is_wrong(data: bytes, says: str) -> None:
    assert says in refused(data)


def test_a_tag_of_another_protocol_with_the_same_key_is_refused() -> None:
    body = NOISY[:-TRAILER]
    length = len(body).to_bytes(8, "little")
    for signed in (body, body + length, body + MAGIC + length, MAGIC + body):
        tag = hmac.new(KEY, signed, hashlib.sha256).digest()
        refused(body + MAGIC + length + tag)


def test_what_is_checked_is_what_is_unpickled() -> None:
    # Somebody else writes to the buffer between the check and the unpickling.
    buffer = bytearray(NOISY)
    body = checked(buffer, KEY)
    buffer[: len(body)] = pickle.dumps("evil").ljust(len(body))
    assert pickle.loads(body) == "unpickled"


# --- keys -----------------------------------------------------------------------------------------


def test_keys_are_changed_without_a_pause() -> None:
    old = modulepickle.dumps("old", key=KEY)
    new = modulepickle.dumps("new", key=[OTHER, KEY])
    assert new == modulepickle.dumps("new", key=OTHER)
    assert modulepickle.loads(old, key=[OTHER, KEY]) == "old"
    assert modulepickle.loads(new, key=(KEY, OTHER)) == "new"
    assert "not made with any of the 2 keys" in refused(sign(b"N.", b"3" * 16), [KEY, OTHER])
    assert "not made with the key" in refused(old, [OTHER])


@pytest.mark.parametrize("key", [bytearray(KEY), memoryview(KEY)])
def test_a_key_in_a_buffer(key: Any) -> None:
    assert modulepickle.dumps(1, key=key) == modulepickle.dumps(1, key=KEY)


@pytest.mark.parametrize(
    ("key", "kind", "says"),
    [
        ("a password of a person", TypeError, "type bytes.fromhex(key)"),
        (["a password of a person"], TypeError, "type bytes.fromhex(key)"),
        (
            None,
            TypeError,
            "a key is bytes, not NoneType; to go without a signature, leave key= out",
        ),
        ([None, KEY], TypeError, "not NoneType"),
        (7, TypeError, "not int"),
        ([*KEY], TypeError, "not int"),
        ({KEY}, TypeError, "not set"),
        (b"", ValueError, "a key of 0 bytes"),
        (b"fifteen bytes..", ValueError, "a key of 15 bytes could be guessed: use 16"),
        ([KEY, b""], ValueError, "a key of 0 bytes"),
        ([], ValueError, "key= is empty"),
        ((), ValueError, "key= is empty"),
    ],
)
def test_a_key_that_is_none(key: Any, kind: type[Exception], says: str) -> None:
    file = io.BytesIO()
    for call in (
        lambda: modulepickle.dumps(Noisy(), key=key),
        lambda: modulepickle.dump(Noisy(), file, key=key),
        lambda: modulepickle.loads(NOISY, key=key),
        lambda: modulepickle.load(io.BytesIO(NOISY), key=key),
    ):
        with pytest.raises(kind) as caught:
            call()
        assert says in str(caught.value)
        assert "password of" not in str(caught.value)
        assert "fifteen" not in str(caught.value)
    assert file.getvalue() == b""
    assert heard == []


def test_no_error_shows_a_key() -> None:
    secret = b"the secret of the house"
    assert "secret" not in refused(NOISY, secret)


# --- the rest of pickle's parameters --------------------------------------------------------------


def test_buffers_out_of_band_are_refused() -> None:
    buffers: list[Any] = []
    big = pickle.PickleBuffer(b"x" * 100)
    with pytest.raises(ValueError, match="buffer_callback= cannot be used with key=: what travels"):
        modulepickle.dumps(big, 5, buffer_callback=buffers.append, key=KEY)
    assert buffers == []
    data = sign(pickle.dumps(big, 5, buffer_callback=buffers.append))
    for given_ in (buffers, iter(buffers), []):
        with pytest.raises(ValueError, match="buffers= cannot be used with key="):
            modulepickle.loads(data, buffers=given_, key=KEY)
    with pytest.raises(pickle.UnpicklingError, match="out-of-band"):
        modulepickle.loads(data, buffers=None, key=KEY)
    assert modulepickle.loads(modulepickle.dumps(big, 5, key=KEY), key=KEY) == b"x" * 100


def test_old_strings_take_an_encoding() -> None:
    old = b"S'\\xe9'\n."  # a str of Python 2
    for data, more in ((old, {}), (sign(old), {"key": KEY})):
        assert modulepickle.loads(data, encoding="latin-1", **more) == "é"
        assert modulepickle.loads(data, encoding="bytes", **more) == b"\xe9"
        assert modulepickle.load(io.BytesIO(data), errors="replace", **more) == "\ufffd"
        with pytest.raises(UnicodeDecodeError):
            modulepickle.loads(data, **more)


def test_names_of_python_2_are_translated_unless_told_not_to() -> None:
    old = sign(b"c__builtin__\nxrange\n.")
    assert modulepickle.loads(old, key=KEY) is range
    with pytest.raises(ModuleNotFoundError):
        modulepickle.loads(old, fix_imports=False, key=KEY)
    assert modulepickle.dumps(range, 2, fix_imports=False, key=KEY) != sign(pickle.dumps(range, 2))
    assert modulepickle.dumps(range, 2, key=KEY) == sign(pickle.dumps(range, 2))


def test_the_example_of_the_docs(tmp_path: Path) -> None:
    (example,) = blocks("signatures.md", "python")
    run(tmp_path, example)


def test_a_policy_goes_with_a_key(tmp_path: Path) -> None:
    code = f"""
        import helpers, modulepickle, pickle
        nothing = modulepickle.Policy(exclude=("*",))
        data = modulepickle.dumps(helpers.double, policy=nothing, key={KEY!r})
        result = data.startswith(pickle.dumps(helpers.double)), len(data)
    """
    starts, length = run(project(tmp_path, TREE), code).result
    assert starts
    assert length < 100 + TRAILER


# --- files ----------------------------------------------------------------------------------------


def test_without_a_key_a_file_is_read_to_the_end_of_the_pickle() -> None:
    file = io.BytesIO()
    for number in range(3):
        modulepickle.dump(number, file)
    file.seek(0)
    assert [modulepickle.load(file) for _ in range(3)] == [0, 1, 2]


def test_a_signed_pickle_is_all_that_is_left_of_the_file() -> None:
    file = io.BytesIO()
    modulepickle.dump("head", file)
    modulepickle.dump("signed", file, key=KEY)
    file.seek(0)
    assert modulepickle.load(file) == "head"
    assert modulepickle.load(file, key=KEY) == "signed"
    assert file.read() == b""


def test_two_signed_pickles_in_one_file_are_refused() -> None:
    file = io.BytesIO()
    for _ in range(2):
        modulepickle.dump(1, file, key=KEY)
    assert "a file holds one signed pickle" in refused(file.getvalue())
    file.seek(0)
    assert pickle.load(file) == 1
    with pytest.raises(pickle.UnpicklingError, match="invalid load key, '\\\\xfe'"):
        pickle.load(file)


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_file_on_disk(tmp_path: Path, buffering: int) -> None:
    obj = ["x" * 200_000, *range(1000)]
    with open(tmp_path / "obj", "wb", buffering=buffering) as out:
        modulepickle.dump(obj, out, key=KEY)
    with open(tmp_path / "obj", "rb", buffering=buffering) as file:
        assert modulepickle.load(file, key=KEY) == obj
    with open(tmp_path / "obj", "rb") as file:
        assert pickle.load(file) == obj


def test_what_is_no_bytes_at_all() -> None:
    for data in ("text", 7, None):
        with pytest.raises(TypeError):
            modulepickle.loads(data, key=KEY)
    with pytest.raises(TypeError):
        modulepickle.load(io.StringIO("text"), key=KEY)


def test_an_object_that_cannot_be_pickled_leaves_no_trailer() -> None:
    file = io.BytesIO()
    with pytest.raises((TypeError, pickle.PicklingError)):
        modulepickle.dump([1, (x for x in [])], file, key=KEY)
    assert MAGIC not in file.getvalue()


def test_who_does_not_sign_does_not_pay_for_it() -> None:
    code = f"""
        import sys
        sys.path.insert(0, {str(SITE)!r})
        sys.dont_write_bytecode = True
        import modulepickle
        modulepickle.loads(modulepickle.dumps([1]))
        result = "hmac" in sys.modules
    """
    assert receive([], code).result is False
