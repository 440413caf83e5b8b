"""R13, R15: pickles, archives and cached files that are damaged, cut, or made to do harm."""

from __future__ import annotations

import re
import struct
import sysconfig
from pathlib import Path

import pytest

from extensions import compile_extension
from mishaps import CHILD, handmade, zipped
from modulepickle._loader.emit import THE_LOADER
from receivers import interpreters, project, receive, send

PACKAGE = """
    === pkg/__init__.py
    from pkg import early
    def read():
        import os
        with open(os.path.join(os.path.dirname(__file__), "data.txt")) as file:
            return file.read()
    def f():
        from pkg import late
        return early.VALUE, late.VALUE, read()
    === pkg/early.py
    VALUE = VERSION
    === pkg/late.py
    VALUE = int("VERSION")
    === pkg/data.txt
    VERSION
"""


def shipped(folder: Path, version: int = 1) -> bytes:
    tree = project(folder, PACKAGE.replace("VERSION", str(version)))
    return send(tree, "from pkg import f as obj")


def right(version: int = 1) -> tuple[int, int, str]:
    return version, version, f"{version}\n"


def span(data: bytes, part: str) -> tuple[int, int]:
    """Where the loader or the archive stands in a pickle: first byte, end."""
    if part == "loader":
        first = data.index(THE_LOADER.packed)
        return first, first + len(THE_LOADER.packed)
    return data.index(b"PK\3\4"), data.index(b"PK\5\6") + 22


# -- Pickles that were damaged on their way -----------------------------------------------------

# For each place: how the load ended, and what is in the cache folder then.
DAMAGED = f"""
{CHILD}
    import shutil
    def damaged(at, bit):
        data = bytearray(datas[0])
        if bit:
            data[at] ^= bit
        else:
            del data[at:]
        return bytes(data)
    result = {{}}
    for at, bit in places:
        data = damaged(at, bit)
        outcome = child(lambda: pickle.loads(data)())
        result[at, bit] = outcome, files(CACHE)
        shutil.rmtree(CACHE, True)
"""
ERRORS = {"ImportError", "UnpicklingError", "EOFError", "error"}
"""The last one is zlib's: what is damaged is what would say more."""


@pytest.mark.faults
@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("how", ["flipped", "cut"])
@pytest.mark.parametrize("part", ["loader", "archive"])
def test_r13_a_pickle_damaged_in_many_places(tmp_path, part, how, python):
    data = shipped(tmp_path)
    bits = (0,) if how == "cut" else (1, 128)
    begin, end = span(data, part)
    step = max(10, (end - begin) // 300)
    places = [(at, bit) for at in range(begin, end, step) for bit in bits]
    code = f"    places = {places}\n{DAMAGED}"
    got = receive(data, code, lazy=True, python=python).result
    assert len(got) == len(places) > 50
    assert [kind for (kind, *_), _ in got.values()].count("error") > len(places) * 0.98
    for place, ((kind, *what), left) in got.items():
        if kind == "value":  # the last bits of a compressed stream may be without a meaning
            assert (part, what) == ("loader", [right()]), place
            continue
        assert kind == "error", (place, kind, what)
        assert what[0] in ERRORS, (place, what)
        assert what[1], place
        assert not [name for name in left if "/loader-" not in name], (place, left)
        if part == "archive" and how == "flipped":
            assert "pkg" in what[1], (place, what)


@pytest.mark.parametrize("python", interpreters())
def test_r13_a_pickle_cut_after_its_archive(tmp_path, python):
    data = shipped(tmp_path)
    end = span(data, "archive")[1]
    places = [(at, 0) for at in range(end, len(data))]
    got = receive(data, f"    places = {places}\n{DAMAGED}", lazy=True, python=python).result
    for place, ((kind, *what), left) in got.items():
        assert (kind, what[0] in ERRORS) == ("error", True), (place, what)
        odd = [name for name in left if not name.endswith((".py", ".txt"))]
        assert not [name for name in odd if "/loader-" not in name], place


# -- Cached files that were damaged -------------------------------------------------------------

# The bytecode in the cache folder is damaged at many places of each file in turn, and is cut there.
BYTECODE = f"""
{CHILD}
    first = child(lambda: load()())
    kept = bytecode(files(CACHE))
    result = [first, len(kept)]
    wrong = {{}}
    for name in kept:
        path = os.path.join(CACHE, name)
        with open(path, "rb") as file:
            whole = file.read()
        for at in range(0, len(whole), max(STEP, len(whole) // 200)):
            for bit in (0, 1, 128):
                damaged = bytearray(whole)
                if bit:
                    damaged[at] ^= bit
                else:
                    del damaged[at:]
                with open(path, "wb") as file:
                    file.write(damaged)
                outcome = child(lambda: load()())
                if outcome != first:
                    wrong[name, at, bit] = outcome
        with open(path, "wb") as file:
            file.write(whole)
    result.append(wrong)
"""


@pytest.mark.faults
@pytest.mark.parametrize("python", interpreters())
def test_r13_bytecode_damaged_at_any_place_never_runs(tmp_path, python):
    code = BYTECODE.replace("STEP", "19")
    first, kept, wrong = receive(shipped(tmp_path), code, lazy=True, python=python).result
    assert first == ("value", right())
    assert kept == 4  # the loader's own, too
    assert wrong == {}


def test_r13_bytecode_of_another_file_never_runs(tmp_path):
    # As when a file system mixes up two files: sound, but not what the name says.
    code = f"""
{CHILD}
    first = child(lambda: load()())
    kept = [os.path.join(CACHE, name) for name in bytecode(files(CACHE))]
    contents = [open(path, "rb").read() for path in kept]
    result = [first]
    for turn in range(1, len(kept)):
        for path, content in zip(kept, contents[turn:] + contents):
            with open(path, "wb") as file:
                file.write(content)
        result.append(child(lambda: load()()))
    """
    got = receive(shipped(tmp_path), code, lazy=True).result
    assert got == [("value", right())] * 4


# -- Archives that no sender makes --------------------------------------------------------------

GOOD = {"pkg/__init__.py": b"VALUE = 1\n"}
OUTSIDE = ["../x", "..", "pkg/..", "pkg/../../x", "pkg/../../../x", "pkg//../../x"]
INSIDE = ["/x", "//x", "C:\\x", "C:x", "\\x", "..\\x", "pkg\\..\\..\\x"]
"""Names that would leave the folder if they were joined to its path otherwise, or on Windows."""


def refusal(stderr: str) -> bool:
    """Tell whether a receiver ended with an error that names the package."""
    return bool(re.match(r"(ImportError|.*UnpicklingError): .*pkg", stderr.strip().split("\n")[-1]))


def surroundings(cache: Path) -> list[str]:
    """The files around and in a cache folder, but for bytecode, and those under a root of ours."""
    top = cache.parent.parent
    return sorted(
        path.relative_to(top).as_posix()
        for path in top.rglob("*")
        if not path.is_dir() and not re.fullmatch("(code|loader)-[0-9a-f]{16}", path.name)
    )


@pytest.mark.parametrize("python", interpreters())
def test_r13_a_handmade_archive_loads(tmp_path, python):
    # Else the refusals below would prove nothing.
    data = handmade("pkg", zipped(GOOD))
    assert receive(data, "result = obj.VALUE", python=python).result == 1


@pytest.mark.parametrize("name", OUTSIDE)
def test_r13_members_that_leave_the_folder_are_refused(tmp_path, name):
    cache = tmp_path / "deep" / "cache"
    cache.parent.mkdir()
    data = handmade("pkg", zipped({**GOOD, name: b"harm"}))
    got = receive(data, "", cache=cache, expect_failure=True)
    assert refusal(got.stderr)
    assert surroundings(cache) == []


def test_r13_members_that_leave_the_folder_on_windows_are_refused(tmp_path):
    # Windows itself is played by the one thing that the loader may ask about it.
    code = "import os; os.sep = '\\\\'; load()"
    data = handmade("pkg", zipped({**GOOD, "pkg\\..\\..\\x": b"harm"}))
    got = receive(data, code, lazy=True, cache=tmp_path / "a" / "cache", expect_failure=True)
    assert refusal(got.stderr)


@pytest.mark.parametrize("name", INSIDE)
def test_r13_absolute_members_are_refused(tmp_path, name):
    cache = tmp_path / "deep" / "cache"
    cache.parent.mkdir()
    absolute = f"/{tmp_path}/outside" if name == "//x" else name
    data = handmade("pkg", zipped({**GOOD, absolute: b"harm"}))
    assert refusal(receive(data, "", cache=cache, expect_failure=True).stderr)
    assert surroundings(cache) == []


# `S_IFLNK`, `S_IFCHR`, `S_IFIFO` and the set-user-id bit, where zips from Unix have the mode.
MODES = {"link": 0o120777, "device": 0o020666, "pipe": 0o010666, "setuid": 0o104755}


@pytest.mark.parametrize("kind", MODES)
def test_r13_no_member_becomes_a_link_or_a_device(tmp_path, kind):
    archive = bytearray(zipped({**GOOD, "pkg/odd": b"/etc/hostname"}))
    entry = archive.rindex(b"PK\1\2")
    struct.pack_into("<I", archive, entry + 38, MODES[kind] << 16)
    archive[entry + 5] = 3  # made on Unix
    got = receive(handmade("pkg", bytes(archive)), "", expect_failure=True)
    assert refusal(got.stderr)


def declared(archive: bytes, member: int, size: int) -> bytes:
    """An archive whose nth member declares another size of what it unpacks to."""
    changed, at = bytearray(archive), -1
    for _ in range(member + 1):
        at = archive.index(b"PK\3\4", at + 1)
    struct.pack_into("<I", changed, at + 22, size)
    return bytes(changed)


CONTENT = b"VALUE = 1\n" * 1_000
DECLARED = """
    import os
    try:
        package = load()
        path = os.path.join(os.path.dirname(package.__file__), MEMBER)
        with open(path, "rb") as file:
            result = package.VALUE, file.read()
    except Exception as error:
        result = type(error).__name__, str(error)
"""


@pytest.mark.parametrize("size", [0, 1, 9_999, 10_001, 2**32 - 1])
@pytest.mark.parametrize("source", [True, False])
def test_r13_a_member_of_another_size_than_declared(tmp_path, source, size):
    # Refused, or not there, or what the checksum beside the size says it is. Never a part of it.
    member = "late.py" if source else "data.bin"
    archive = declared(zipped({f"pkg/{member}": CONTENT, **GOOD}), 0, size)
    data = handmade("pkg", archive, "pkg.late" if source else "pkg")
    cache = tmp_path / "a" / "cache"
    code = DECLARED.replace("MEMBER", repr(member))
    kind, what = receive(data, code, lazy=True, cache=cache).result
    if kind == 1:
        assert what == CONTENT
        assert size >= 9_999
    else:
        assert kind in ("ImportError", "NotADirectoryError")
        assert "pkg" in what
    written = [path.read_bytes() for path in cache.rglob(member)]
    assert written in ([], [CONTENT])


def test_r13_a_data_file_that_is_larger_than_declared_is_refused(tmp_path):
    archive = declared(zipped({"pkg/data.bin": CONTENT, **GOOD}), 0, 10)
    got = receive(handmade("pkg", archive), "", expect_failure=True)
    assert refusal(got.stderr)


def test_r13_a_member_that_unpacks_to_more_is_not_unpacked(tmp_path):
    # 200 MB that travel as 200 kB, and say that they are ten bytes.
    bomb = zipped({"pkg/data.bin": bytes(200_000_000), **GOOD})
    data = handmade("pkg", declared(bomb, 0, 10))
    code = f"""
{CHILD}
    import resource
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        load()
    except ImportError as error:
        records.append(("ERROR", str(error)))
    result = records, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    """
    records, kilobytes = receive(data, code, lazy=True, cache=tmp_path / "cache").result
    assert len(records) == 1
    assert "is damaged" in records[0][1]
    assert kilobytes < 100_000
    assert list(tmp_path.rglob("data.bin*")) == []


# -- Extension modules that were changed on disk ------------------------------------------------


WITH_EXTENSION = """
    === pkg/__init__.py
    def f():
        from pkg import fast
        return fast.value()
"""
# The file of an extension module changes between two processes; or before it is imported for the
# first time, in the process that unpacked it. What stands there instead is a sound module as well.
CHANGED = f"""
{CHILD}
    import shutil
    def spoil():
        (name,) = (name for name in files(CACHE) if name.endswith((".so", ".pyd")))
        path = os.path.join(CACHE, name)
        found = os.stat(path)
        if HOW == "deleted":
            os.unlink(path)
        elif HOW == "cut":
            os.truncate(path, found.st_size // 2)
        else:
            shutil.copyfile(OTHER, path + ".new")  # the old one may be mapped
            os.replace(path + ".new", path)
            if HOW == "with its old time":
                os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    def meanwhile():
        f = load()
        spoil()
        return f()
    def again():
        return load()()
    result = [child(again)]
    spoil()
    result += child(again), child(meanwhile), child(again)
"""


def changed(tmp_path: Path, how: str) -> list[tuple[object, ...]]:
    """What loads of the first version of an extension module give, when it becomes the second."""
    built = {}
    for version in (1, 2):
        tree = project(tmp_path / str(version), WITH_EXTENSION)
        built[version] = tree / f"pkg/fast{sysconfig.get_config_var('EXT_SUFFIX')}"
        compile_extension(built[version], "multi", version)
    assert built[1].stat().st_size == built[2].stat().st_size
    data = send(tmp_path / "1", "from pkg import f as obj")
    code = f"    HOW, OTHER = {how!r}, {str(built[2])!r}\n{CHANGED}"
    return receive(data, code, lazy=True).result


@pytest.mark.parametrize("how", ["replaced", "with its old time", "cut", "deleted"])
def test_r13_an_extension_module_that_was_changed_is_not_imported(tmp_path, how):
    assert changed(tmp_path, how) == [("value", 1)] * 4  # each process mends it, and each import
