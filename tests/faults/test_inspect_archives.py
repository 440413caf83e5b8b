"""What `inspect` shows of an archive is byte for byte what a receiver gets, or both refuse it."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator

import pytest

from mishaps import handmade
from modulepickle import inspect
from receivers import receive

FILES = {"p/__init__.py": b"import p.sub\n", "p/data.txt": b"data", "p/sub.py": b"X = 1\n"}

RECEIVER = """
    import pkgutil
    result = []
    for data in datas:
        try:
            module = pickle.loads(data)
            got = {}
            for name in ("__init__.py", "data.txt", "sub.py"):
                try:
                    got["p/" + name] = module.__loader__.get_data(
                        module.__file__.replace("__init__.py", name))
                except OSError:
                    got["p/" + name] = None
            result.append(got)
        except Exception as error:
            result.append(f"{type(error).__name__}: {error}")
        for name in [name for name in sys.modules if name.partition(".")[0] == "p"]:
            del sys.modules[name]
"""


def archive(files: dict[str, bytes]) -> bytes:
    """An archive as a sender makes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            info.create_system = 3
            made.writestr(info, content)
    return file.getvalue()


def changed(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield archives with one thing changed."""
    for index in range(len(whole)):
        for bit in (0x01, 0x40):
            yield (
                f"bit {bit} of byte {index}",
                whole[:index] + bytes([whole[index] ^ bit]) + whole[index + 1 :],
            )
    starts = [index for index in range(len(whole)) if whole.startswith(b"PK", index)]
    for index in [*starts, len(whole)]:
        for more in (b"x", b"PK\3\4" + bytes(26), whole[: starts[1]]):
            yield f"{len(more)} bytes at {index}", whole[:index] + more + whole[index:]
    for first, second in zip(starts, starts[1:]):
        yield f"without {first} to {second}", whole[:first] + whole[second:]
        yield f"twice {first} to {second}", whole[:second] + whole[first:]
    for length in range(0, len(whole), 7):
        yield f"cut at {length}", whole[:length]
    # Another file behind the central directory's back: in a local header alone.
    hidden = archive({"p/sub.py": b"X = 2\n"})
    yield "a hidden member", hidden[: hidden.index(b"PK\1\2")] + whole
    end = whole.index(b"PK\5\6")
    yield "a comment", whole[: end + 20] + struct.pack("<H", 4) + b"evil"
    yield (
        "one member less in the end",
        (whole[: end + 8] + struct.pack("<HH", 2, 2) + whole[end + 12 :]),
    )


def shown(data: bytes) -> dict[str, bytes | None] | str:
    """What `inspect` shows of the same files; or why it is wrong."""
    report = inspect(data)
    if report.problems:
        return str(report.problems[0])
    found: dict[str, bytes | None] = dict.fromkeys(FILES)
    for name in FILES:
        try:
            found[name] = report.read(name)
        except KeyError as error:
            if "in several" in str(error):
                return str(error)
        except ValueError as error:
            return str(error)
    return found


def test_both_read_every_changed_archive_alike() -> None:
    whole = archive(FILES)
    cases = [("unchanged", whole), *changed(whole)]
    assert len(cases) > 700
    datas = [handmade("p", each) for _, each in cases]
    got = receive(datas, RECEIVER, lazy=True, absent=["p"]).result
    assert got[0] == FILES
    differ = []
    taken = 0
    for (name, _), data, there in zip(cases, datas, got):
        here = shown(data)
        if isinstance(there, dict):
            taken += 1
            if here != there:
                differ.append((name, here, there))
    assert differ == []
    assert taken < len(cases) / 2, "most of them are refused"


@pytest.mark.parametrize("name", ["a hidden member", "a comment"])
def test_what_an_archive_hides_is_refused_and_reported(name: str) -> None:
    data = handmade("p", dict(changed(archive(FILES)))[name])
    got = receive([data], RECEIVER, lazy=True, absent=["p"]).result[0]
    assert isinstance(got, str), got
    assert isinstance(shown(data), str)
