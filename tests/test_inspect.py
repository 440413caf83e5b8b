"""`inspect`: what a pickle holds, with nothing executed."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import modulepickle
from modulepickle import inspect
from modulepickle._pickler.signed import TRAILER
from receivers import interpreters, project, receive, run, send
from test_readme import modulepickle as command

TREE = """
    === train.py
    import helpers.table

    def fit(x):
        return helpers.table.look_up(x)
    === helpers/__init__.py
    import units
    === helpers/table.py
    import pytest  # something installed

    def look_up(x):
        return {1: "one"}[x]
    === helpers/data/table.csv
    1,one
    === units.py
    KM = "km"
"""

SCRIPT = """
    import train
    import units
    LIMIT = 5
    def f(x):
        return train.fit(x), units.KM, LIMIT
    class Model:
        size = 3
        def run(self):
            return f(self.size)
    obj = [f, Model, train.fit]
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("inspect"), TREE)


@pytest.fixture(scope="module")
def sent(tree: Path) -> bytes:
    return send(tree, SCRIPT)


class Executes:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return eval, (f"open({str(self.path)!r}, 'w').close()",)


# -- What is in it ------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_is_read_alike(tree: Path, sent: bytes, protocol: int) -> None:
    data = send(tree, SCRIPT, dumps=f"modulepickle.dumps(obj, {protocol})")
    found, usual = inspect(data).data, inspect(sent).data
    assert found["problems"] == found["warnings"] == []
    assert found["pickles"][0]["protocol"] == protocol
    for part in ("snapshots", "loaders", "shipped", "by_value", "requires", "signature"):
        assert found[part] == usual[part]
    assert found["bytes"] == len(data)


def test_snapshots_and_their_files(tree: Path, sent: bytes) -> None:
    report = inspect(sent)
    assert {each["name"] for each in report.snapshots} == {"helpers", "train", "units"}
    by_name = {each["name"]: each for each in report.snapshots}
    helpers = by_name["helpers"]
    assert [each["path"] for each in helpers["files"]] == [
        "helpers/__init__.py",
        "helpers/data/table.csv",
        "helpers/table.py",
    ]
    assert helpers["bytes"] == sum(each["bytes"] for each in helpers["files"])
    assert (helpers["archive_matches"], helpers["digest_matches"]) == (True, True)
    assert helpers["packages"] == ["units"]
    assert helpers["distributions"] == {"pytest": f"pytest {pytest.__version__}"}
    assert by_name["train"]["packages"] == ["helpers"]
    for path in ("helpers/table.py", "helpers/data/table.csv", "units.py", "train.py"):
        assert report.read(path) == tree.joinpath(path).read_bytes()


def test_digests_are_those_of_the_sender(tree: Path) -> None:
    code = """
        import train, modulepickle
        from modulepickle._snapshot.shipment import Shipment
        shipment = Shipment(modulepickle.Policy())
        shipment.ship(shipment.package("train"))
        result = [
            modulepickle.dumps(train.fit),
            {name: made.digest.hex() for name, made in shipment._shipped.items()},
        ]
    """
    data, digests = run(tree, code).result
    assert {each["name"]: each["digest"] for each in inspect(data).snapshots} == digests
    assert len(digests) == 3


@pytest.mark.parametrize("path", ["", "in a function"])
def test_the_stand_in_for_this_library_changes_no_digest(tmp_path: Path, path: str) -> None:
    where = "def g():\n            import modulepickle" if path else "import modulepickle"
    tree = project(
        tmp_path, f"""
        === job.py
        {where}
        def f(): return 1
        """,
    )  # fmt: skip
    data = send(tree, "import job\nobj = job.f")
    report = inspect(data)
    assert [each["digest_matches"] for each in report.snapshots] == [True, True]
    assert report.warnings == []
    assert "a stand-in, for receivers without the library" in str(report)
    digest = bytes.fromhex(report.snapshots[1]["digest"])
    changed = inspect(data.replace(digest, bytes(16)))
    assert changed.warnings[-1] == "modulepickle: the digest is not that of its files"


def test_what_is_by_value(sent: bytes) -> None:
    report = inspect(sent)
    made = {each["name"]: each for each in report.data["by_value"]}
    assert set(made) == {"f", "Model", "Model.run"}
    assert made["f"]["python"] == "{}.{}".format(*sys.version_info)
    assert made["f"]["source"] == "def f(x):\n    return train.fit(x), units.KM, LIMIT"
    assert made["f"]["names"] == ["train", "units", "LIMIT"]
    assert made["f"]["line"] == 4
    assert made["Model"]["kind"] == "class"
    assert made["Model"]["names"] == ["size", "run"]
    assert report.read(made["f"]["file"]).decode() == made["f"]["source"]
    assert report.data["python"] == []  # since all has its source


@pytest.mark.parametrize("python", interpreters())
def test_the_python_of_the_bytecode_is_named(tmp_path: Path, python: str) -> None:
    code = "import sys\nresult = '{}.{}'.format(*sys.version_info)"
    version = run(tmp_path, code, python=python).result
    data = send(tmp_path, "obj = eval('lambda: 1')", python=python)
    report = inspect(data)
    assert report.data["python"] == [version]
    assert report.warnings == []
    assert f"bytecode of Python {version}" in str(report)
    assert "WITHOUT source" in str(report)


def test_a_wrong_magic_number_is_told(tmp_path: Path) -> None:
    import importlib.util

    data = send(tmp_path, "obj = eval('lambda: 1')")
    version, number = ("3.10", 3439) if sys.version_info < (3, 10) else ("3.9", 3425)
    other = number.to_bytes(2, "little") + b"\r\n"
    data = data.replace(importlib.util.MAGIC_NUMBER, other)
    assert f"but has the bytecode of {version}" in inspect(data).warnings[0]


def test_a_function_in_a_shipped_module_has_its_place(tmp_path: Path) -> None:
    tree = project(
        tmp_path,
        """
        === helpers.py
        def adder(n):
            def add(x):
                return x + n
            return add
        """,
    )
    report = inspect(send(tree, "import helpers\nobj = helpers.adder(2)"))
    (made,) = report.data["by_value"]
    assert (made["module"], made["line"], made["source"]) == ("helpers", 2, None)
    assert report.data["python"] == []
    assert "at line 2 of helpers" in str(report)


def test_what_it_would_import_without_the_loaders_own(sent: bytes, tree: Path) -> None:
    names = [each["name"] for each in inspect(sent).data["imports"]]
    assert names == ["builtins.type", "builtins.object"]
    obj = "import collections, fractions\nobj = [collections.OrderedDict(a=fractions.Fraction(1))]"
    found = inspect(send(tree, obj)).data
    assert {each["name"] for each in found["imports"]} == {
        "collections.OrderedDict",
        "fractions.Fraction",
    }
    assert found["loaders"] == found["snapshots"] == []
    assert "nothing of modulepickle is in it" in str(inspect(pickle.dumps([1])))


def test_the_loaders_are_those_of_this_release(sent: bytes) -> None:
    from modulepickle._loader.packed import LOADER_NAME

    report = inspect(sent)
    assert [each["makes"] for each in report.data["loaders"]] == [
        "functions",
        "snapshots",
        "classes",
    ]
    assert {each["release"] for each in report.data["loaders"]} == {"this"}
    assert b"importlib" in report.read(LOADER_NAME)


def test_a_changed_loader_is_told(tree: Path) -> None:
    import zlib

    from modulepickle._loader.emit import THE_LOADER

    data = send(tree, "import units\nobj = units")
    packed, name = THE_LOADER.packed, THE_LOADER.name
    # With what cannot be compressed: shorter than it was, it would end before its frame does.
    evil = zlib.compress(b"import os  # %b\n" % bytes(range(33, 127)) + THE_LOADER.text.encode())
    assert len(evil) > len(packed)
    changed = data.replace(
        b"B" + len(packed).to_bytes(4, "little") + packed,
        b"B" + len(evil).to_bytes(4, "little") + evil,
    )
    assert changed != data
    report = inspect(changed)
    assert report.data["loaders"][0]["release"] == "changed"
    text = f"{name} is not the text of a release that is known here, or is not started as there"
    assert [each.startswith(text) for each in report.warnings] == [True]
    assert str(report).startswith("WARNING, a loader of no known release: 1 pickle")
    other = inspect(data.replace(b"'exec'))or entry", b"'exec'))or wrong"))
    assert [each.startswith(text) for each in other.warnings] == [True]


def test_the_parts_add_up_to_the_whole(sent: bytes) -> None:
    data = inspect(sent).data
    assert sum(data["sizes"].values()) == len(sent) == data["bytes"]
    assert data["sizes"]["archives"] == sum(each["archive_bytes"] for each in data["snapshots"])
    assert all(data["sizes"][name] > 0 for name in ("loaders", "archives", "code", "rest"))


def test_a_scope_says_what_was_installed(tmp_path: Path) -> None:
    project(tmp_path, "=== units.py")
    code = """
        def f():
            import units
            import pytest
        obj = f
    """
    report = inspect(send(tmp_path, code))
    assert report.data["requires"] == {"pytest": f"pytest {pytest.__version__}"}
    assert [each["name"] for each in report.snapshots] == ["units"]
    assert f"pytest {pytest.__version__}" in str(report)


# -- Nothing is executed ------------------------------------------------------------------------


def test_nothing_is_executed(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    for protocol in range(6):
        data = pickle.dumps(Executes(proof), protocol)
        report = inspect(data)
        assert not proof.exists()
        assert report.warnings == [
            "it uses builtins.eval, and not for the loader",
            f"it evaluates the text {Executes(proof).__reduce__()[1][0][:200]!r}",
        ]
        assert [each["name"] for each in report.data["imports"]] == ["builtins.eval"]
        pickle.loads(data)
        assert proof.exists(), "the test must show what inspect does not do"
        proof.unlink()


def test_nothing_is_imported_for_a_pickle(tmp_path: Path, sent: bytes) -> None:
    project(
        tmp_path, "=== trap.py\nopen('proof', 'w').close()\ndef f():\n    pass\n=== data/empty.txt"
    )
    tmp_path.joinpath("data/trap.pickle").write_bytes(b"ctrap\nf\n(tR.")
    tmp_path.joinpath("data/sent.pickle").write_bytes(sent)
    code = """
        import pathlib, sys, modulepickle
        modulepickle.inspect
        # What it imports when it meets code by value.
        import modulepickle._loader.functions, modulepickle._report.bytecode
        import modulepickle._report.imported_inside
        before = set(sys.modules)
        for path in sorted(pathlib.Path("data").glob("*.pickle")):
            report = modulepickle.inspect(path)
            str(report), report.to_json(), report._repr_html_()
        new = sorted(set(sys.modules) - before)
        result = [new, pathlib.Path("proof").exists()]
    """
    new, proof = run(tmp_path, code).result
    assert {name.partition(".")[0].lstrip("_") for name in new} <= {"json", "html"}
    assert not proof


def test_calls_cannot_hide_in_what_looks_like_the_loaders(sent: bytes) -> None:
    # A loader's call whose first argument is made by os.system.
    hidden = (
        b"\x80\x04cbuiltins\neval\ncos\nsystem\n\x8c\x01x\x85R}(\x8c\x08__name__\x8c\x16"
        b"_modulepickle_12345678\x8c\x06packedC\x01xu\x86R."
    )
    assert "it uses os.system, and not for the loader" in inspect(hidden).warnings
    again = sent[:-1] + b"cbuiltins\neval\n\x8c\x01x\x85R0."
    assert "it uses builtins.eval, and not for the loader" in inspect(again).warnings


def test_archives_are_unpacked_up_to_a_limit() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("big/zeros", b"\0" * 50_000_000)
    report = inspect(_by_hand(b"big", bomb.getvalue()))
    assert report.snapshots[0]["bytes"] == 50_000_000
    with pytest.raises(ValueError, match="more than 1,000 bytes"):
        report.read("big/zeros", limit=1000)


def _by_hand(name: bytes, archive: bytes, seal: bytes | None = None) -> bytes:
    """A pickle that asks a loader for a snapshot."""
    import hashlib

    seal = hashlib.sha256(archive).digest()[:16] if seal is None else seal
    loader = (
        b"cbuiltins\neval\n\x8c\x01x}(\x8c\x08__name__\x8c\x16_modulepickle_12345678"
        b"\x8c\x06packedC\x01xu\x86R"
    )
    parts = b"\x8c" + bytes([len(name)]) + name + b"C\x10" + b"d" * 16 + b"C\x10" + seal
    parts += b"B" + len(archive).to_bytes(4, "little") + archive
    return b"\x80\x04" + loader + b"(" + parts + b"tR}b."


def test_an_archive_that_lies_is_told() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/x.py", b"x" * 100)
    lying = file.getvalue().replace((100).to_bytes(4, "little"), (90).to_bytes(4, "little"))
    report = inspect(_by_hand(b"a", lying))
    assert report.warnings[1].startswith("a: 'a/x.py' has")
    assert report.snapshots[0]["digest_matches"] is None
    report = inspect(_by_hand(b"a", file.getvalue()))
    assert report.snapshots[0]["digest_matches"] is False
    assert "a: the digest is not that of its files" in report.warnings
    report = inspect(_by_hand(b"a", file.getvalue(), b"s" * 16))
    assert report.snapshots[0]["archive_matches"] is False
    assert "the HASH DOES NOT match" in str(report)
    assert "the receiver will refuse it; pickle it again" in report.problems[0]
    report = inspect(_by_hand(b"a", file.getvalue()[:40]))
    assert "and the receiver will refuse it" in report.problems[0]


def test_control_characters_do_not_reach_a_terminal_nor_html() -> None:
    data = b"\x80\x04\x8c\x13\x1b[31m<script>evil()\x8c\x05x\x1b]0;\x93."
    report = inspect(data)
    assert "\x1b" not in str(report) + report._repr_html_()
    assert "\\x1b[31m<script>evil()" in str(report)
    assert "<script>" not in report._repr_html_()
    assert "&lt;script&gt;" in report._repr_html_()


# -- Where a pickle is --------------------------------------------------------------------------


def test_several_pickles_in_one_file(sent: bytes) -> None:
    stream = sent + pickle.dumps([1], 0) + pickle.dumps({2}, 5)
    report = inspect(stream)
    assert [each["protocol"] for each in report.data["pickles"]] == [pickle.DEFAULT_PROTOCOL, 0, 5]
    assert [each["position"] for each in report.data["pickles"]][1] == len(sent)
    assert report.problems == report.warnings == []
    report = inspect(sent + pickle.dumps([1] * 100, 5)[:-1])
    assert len(report.data["pickles"]) == 2
    assert report.problems[0].endswith("the pickle was cut: send it again")


def test_what_follows_a_pickle_is_told(sent: bytes) -> None:
    report = inspect(sent + b"and some more")
    assert report.warnings == ["13 bytes after the end of the pickle are not a pickle"]
    assert report.problems == []


def test_pickles_in_a_pickle(tree: Path) -> None:
    for code in (
        "import modulepickle, units\nobj = modulepickle.wrap(units)",
        "import modulepickle, units\nobj = modulepickle.preload(units)",
    ):
        report = inspect(send(tree, code, dumps="__import__('pickle').dumps(obj)"))
        assert [each["inside"] for each in report.data["pickles"]] == [False, True]
        assert [each["name"] for each in report.snapshots] == ["units"]
        assert report.read("units.py") == b'KM = "km"\n'
        assert report.warnings == []


def test_out_of_band_archives(tree: Path) -> None:
    code = """
        import train, modulepickle
        buffers = []
        data = modulepickle.dumps(train.fit, 5, buffer_callback=buffers.append)
        result = data, [bytes(each) for each in buffers]
    """
    data, buffers = run(tree, code).result
    report = inspect(data)
    assert {each["where"] for each in report.snapshots} == {"out of band"}
    assert {each["archive_matches"] for each in report.snapshots} == {None}
    assert report.data["buffers"] == 3
    assert "3 buffers out of band" in str(report)
    report = inspect(data, buffers=buffers)
    found = {(each["archive_matches"], each["digest_matches"]) for each in report.snapshots}
    assert found == {(True, True)}
    assert report.read("units.py") == b'KM = "km"\n'


def test_an_archive_in_a_store_is_elsewhere() -> None:
    data = _by_hand(b"a", b"PK").replace(
        b"B\x02\0\0\0PK", b"cfunctools\npartial\n\x8c\x04/shr\x85R"
    )
    (made,) = inspect(data).snapshots
    assert (made["where"], made["archive_bytes"], made["files"]) == ("store", None, [])
    assert "archive in a store" in str(inspect(data))


# A path that is written otherwise, more than one read, or another namespace: it may do anything.
ODD = [
    "__import__('pathlib').Path('/shr/\\x2e/'+k.hex()).read_bytes()",
    "__import__('pathlib').Path('/shr/'+evil()+'/'+k.hex()).read_bytes()",
    "__import__('pathlib').Path('/shr/'+k.hex()).read_bytes() or evil()",
    "__import__('pathlib').Path('/shr'+k.hex()).read_bytes()",
    "evil()\n__import__('pathlib').Path('/shr/'+k.hex()).read_bytes()",
]


def test_only_texts_of_our_stores_are_taken_for_them(tmp_path: Path) -> None:
    from modulepickle._pickler.stored import store_of
    from modulepickle.stores import FROM_RAY, directory

    odd = tmp_path / "it's"
    assert store_of(directory(tmp_path).fetch(b"k").expression) == repr(directory(tmp_path))
    assert store_of(directory(odd).fetch(b"k").expression) == ""  # shown as the text that it is
    assert store_of(FROM_RAY) == "modulepickle.stores.RayStore()"
    assert [store_of(text) for text in [*ODD, None, b"x"]] == [""] * 7


# How the receiver fetches what a store has: by a callable, by text beside it, or by text in it.
FETCHES = [("f()", None), ("eval(f)", "open('/shr/x','rb').read()"), ("open('/shr/x').read()", "")]


@pytest.mark.parametrize(("fetched", "text"), FETCHES)
def test_what_only_a_store_knows(fetched: str, text: str | None) -> None:
    otherwise = f"eval({{__import__('hashlib').sha256(d:={fetched}).digest()[:16]:d}}[k])"
    from modulepickle._loader.emit import FIND as finder

    class Fetch:
        def __reduce__(self) -> Any:
            return eval, ("open('/shr/x','rb').read",)

    class Found:
        def __reduce__(self) -> Any:
            return eval, (finder,)

        def __call__(self) -> None:
            pass

    class Stored:
        def __reduce__(self) -> Any:
            return Found(), (otherwise, {"k": b"k" * 16, "f": Fetch() if text is None else text})

        def __call__(self) -> None:
            pass

    class Taken:
        def __reduce__(self) -> Any:
            return Stored(), ("helpers.deep", "double")

    report = inspect(pickle.dumps(Taken()))
    (made,) = report.snapshots
    assert (made["name"], made["where"], made["digest"]) == ("helpers", "store", "")
    assert made["archive"] == (b"k" * 16).hex()
    assert report.data["shipped"] == ["helpers.deep.double"]
    assert any("it evaluates the text" in each and "/shr/x" in each for each in report.warnings)
    assert "archive in a store" in str(report)


def test_a_real_store_and_its_manifest(tree: Path, tmp_path: Path) -> None:
    code = "import units\nfrom modulepickle.stores import directory\nobj = units"
    data = send(tree, code, dumps=f"modulepickle.dumps(obj, store=directory({str(tmp_path)!r}))")
    report = inspect(data)
    (made,) = report.snapshots
    assert (made["name"], made["where"]) == ("units", "store")
    assert made["store"] == f"modulepickle.stores.directory({str(tmp_path)!r})"
    assert report.warnings == []
    key = f"    key in the store: {made['archive']}; the files are not here, so nothing was checked"
    assert f"{key}\n    the receiver fetches it by  {made['store']}\n" in str(report)
    reports = [inspect(path) for path in tmp_path.iterdir() if path.is_file()]
    (manifest,) = [each for each in reports if each.data["pickles"]]
    assert {each["release"] for each in manifest.data["loaders"]} == {"this"}
    assert [each["name"] for each in manifest.snapshots] == ["units"]
    (kept,) = manifest.snapshots
    assert (kept["where"], kept["store"]) == ("store", made["store"])
    assert f"    archive: {kept['archive']}; " in str(manifest)
    (archive,) = [each for each in reports if not each.data["pickles"]]
    assert (archive.problems, archive.snapshots[0]["name"]) == ([], "units")
    assert archive.snapshots[0]["archive"] == kept["archive"]
    assert archive.read("units.py") == b'KM = "km"\n'
    assert str(archive).startswith("no pickle, but a package as a store keeps it, ")
    wrong = tmp_path / ("0" * 32)
    wrong.write_bytes(archive.pickled)
    assert "its hash is not its name in the store" in inspect(wrong).problems[0]
    wrong.unlink()
    for words in (["inspect", "--check"], ["requirements"]):
        done = command(*words, str(tmp_path / kept["archive"]), check=False)
        assert (done.returncode, "does not say what it requires" in done.stderr) == (2, True)
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        made["archive"], kept["archive"],
    }  # fmt: skip
    assert receive(data, "result = obj.KM", absent=["units"]).result == "km"


def test_members_that_lead_out_of_the_folder_are_told() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/../../x.py", b"x")
    report = inspect(_by_hand(b"a", file.getvalue()))
    assert "and the receiver will refuse it" in report.problems[0]


def test_a_wrong_checksum_is_told() -> None:
    import zlib

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/x.py", b"x = 1")
    sum_ = zlib.crc32(b"x = 1").to_bytes(4, "little")
    report = inspect(_by_hand(b"a", file.getvalue().replace(sum_, b"\0\0\0\1")))
    with pytest.raises(ValueError, match="its content is not that of its checksum"):
        report.read("a/x.py")


def test_signatures(tree: Path) -> None:
    code = "import units\nobj = units"
    plain = send(tree, code)
    signed = send(tree, code, dumps="modulepickle.dumps(obj, key=b'k' * 32)")
    assert inspect(plain).data["signature"] == {"state": "absent", "bytes": 0}
    report = inspect(signed)
    assert report.data["signature"] == {"state": "present", "bytes": TRAILER}
    assert (report.problems, report.warnings) == ([], [])
    assert ", signed" in str(report)
    for damaged in (signed[:-1], signed + b"x", signed[: -TRAILER + 30] + b"\1" + signed[-41:]):
        report = inspect(damaged)
        assert report.data["signature"]["state"] == "damaged"
        assert "will refuse it" in report.problems[0]
        with pytest.raises(pickle.UnpicklingError):
            modulepickle.loads(damaged, key=b"k" * 32)


# -- What is no pickle --------------------------------------------------------------------------

FOREIGN = {
    "empty": (b"", "there are no bytes"),
    "text": (b"hello world\n", "this is not a pickle"),
    "json": (b'{"a": 1}', "this is not a pickle"),
    "zip": (b"PK\3\4" + b"\0" * 40, "this is a zip file, and none that holds a package"),
    "torch": (b"PK\3\4" + b"\0" * 40 + b"data.pkl", "this is a zip file, as torch.save writes"),
    "gzip": (gzip.compress(pickle.dumps([1])), "compressed by gzip: decompress it first"),
    "npy": (b"\x93NUMPY\1\0v\0", "this is a file of numpy.save"),
    "cut": (pickle.dumps(list(range(1000)))[:-50], "the pickle was cut: send it again"),
    "damaged": (b"\x80\x04\x95\0\0\0\0\0\0\0\0]\xff.", "the pickle is damaged from there on"),
    "future": (b"\x80\x09N.", "protocol 9; this release knows 0 to 5"),
    "stack": (b"\x80\x04R.", "REDUCE finds too little on the stack"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_pickle_gets_a_clear_answer(name: str) -> None:
    data, message = FOREIGN[name]
    report = inspect(data)
    assert message in report.problems[0]
    assert message in str(report)
    assert json.loads(report.to_json()) == report.data


def test_a_cut_pickle_shows_what_came_through(sent: bytes) -> None:
    report = inspect(sent[:-20])
    assert "the pickle was cut" in report.problems[0]
    assert {each["name"] for each in report.snapshots} == {"helpers", "train", "units"}


def test_what_inspect_takes(tmp_path: Path, sent: bytes) -> None:
    path = tmp_path / "x.pickle"
    path.write_bytes(sent)
    with path.open("rb") as file:
        reports = [
            inspect(file),
            inspect(path),
            inspect(bytearray(sent)),
            inspect(memoryview(sent)),
        ]
    assert {each.to_json() for each in reports} == {inspect(sent).to_json()}
    for wrong in ("x.pickle", 5, None):
        with pytest.raises(TypeError, match=r"takes bytes, a pathlib\.Path or a binary file"):
            inspect(wrong)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "nowhere")


def test_reading_says_what_there_is(sent: bytes, tree: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"nope\.py is not in the pickle"):
        inspect(sent).read("nope.py")
    other = project(tmp_path, '=== units.py\nKM = "mile"')
    stream = send(tree, "import units\nobj = units") + send(other, "import units\nobj = units")
    report = inspect(stream)
    first, second = (each["archive"][:8] for each in report.snapshots)
    with pytest.raises(KeyError, match=f"write {first}/units.py, {second}/units.py"):
        report.read("units.py")
    assert report.read(f"{second}/units.py") == b'KM = "mile"\n'


# -- Cloudpickle's and others' ------------------------------------------------------------------


def test_pickles_of_others_are_read() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    report = inspect(cloudpickle.dumps(lambda x: x + 1))
    assert report.problems == []
    names = [each["name"] for each in report.data["imports"]]
    assert "cloudpickle.cloudpickle._make_function" in names
    assert "nothing of modulepickle is in it" in str(report)


def test_a_library_without_it_loaded_still_names_it() -> None:
    code = """
        import re
        import sys
        import modulepickle
        result = [
            "modulepickle._report.inspect" in sys.modules,
            {"inspect", "explain", "Report"} <= set(dir(modulepickle)),
            modulepickle.inspect(b"N.").problems,
            modulepickle.inspect is modulepickle._report.inspect.inspect,
        ]
        import pydoc
        text = pydoc.plain(pydoc.render_doc(modulepickle))
        # A long signature has a line for each parameter, from 3.13 on.
        heads = [r"inspect\\(\\s*data: ", r"explain\\(\\s*obj: ", "class Report"]
        result.append(all(re.search(head, text) for head in heads))
        try:
            modulepickle.nope
        except AttributeError as error:
            result.append(str(error))
    """
    assert receive([], code, bare=False).result == [
        False,
        True,
        [],
        True,
        True,
        "module 'modulepickle' has no attribute 'nope'",
    ]


# -- The command line ---------------------------------------------------------------------------


def test_the_command(tmp_path: Path, sent: bytes, tree: Path) -> None:
    tmp_path.joinpath("f.pickle").write_bytes(sent)
    done = command("inspect", "f.pickle", cwd=tmp_path, check=True)
    assert done.stdout == f"{inspect(sent)}\n"
    done = command("inspect", "f.pickle", "--json", cwd=tmp_path, check=True)
    assert json.loads(done.stdout) == inspect(sent).data
    lines = command("inspect", "f.pickle", "--files", cwd=tmp_path, check=True).stdout.splitlines()
    assert [line.split()[2] for line in lines] == [
        file["path"] for each in inspect(sent).snapshots for file in each["files"]
    ]
    done = command("inspect", "f.pickle", "--show", "helpers/table.py", cwd=tmp_path, check=True)
    assert done.stdout == tree.joinpath("helpers/table.py").read_text()
    assert sorted(os.listdir(tmp_path)) == ["f.pickle"]


def test_the_command_says_why_there_are_no_files(tmp_path: Path, tree: Path) -> None:
    store = tmp_path / "store"
    code = "import units\nfrom modulepickle.stores import directory\nobj = units"
    data = send(tree, code, dumps=f"modulepickle.dumps(obj, store=directory({str(store)!r}))")
    tmp_path.joinpath("stored").write_bytes(data)
    tmp_path.joinpath("plain").write_bytes(pickle.dumps([1]))
    done = command("inspect", "stored", "--files", cwd=tmp_path, check=True)
    (made,) = inspect(data).snapshots
    where = f"in a store: modulepickle.stores.directory({str(store)!r}), {made['archive']}"
    assert (done.stdout, done.stderr) == ("", f"modulepickle: the files of units are {where}\n")
    done = command("inspect", "plain", "--files", cwd=tmp_path, check=True)
    assert done.stdout == ""
    assert done.stderr == "modulepickle: it holds no package, so there are no files\n"


def test_the_commands_mistakes(tmp_path: Path, sent: bytes) -> None:
    tmp_path.joinpath("f.pickle").write_bytes(sent)
    tmp_path.joinpath("empty").write_bytes(b"")
    tmp_path.joinpath("text").write_bytes(b"hello")
    cases = [
        (["nope"], 2, "cannot read nope: No such file or directory; give the name of a file"),
        (["."], 2, "cannot read .: Is a directory; give the name of a file"),
        (["f.pickle", "--show", "x.py"], 2, "x.py is not in the pickle; `inspect FILE --files`"),
        (
            ["train:fit"],
            2,
            "to see what would be in a pickle, type  python -m modulepickle explain",
        ),
        (["empty"], 1, "there are no bytes: an empty file"),
        (["text"], 1, "this is not a pickle"),
        (["text"], 1, "no whole pickle, 5 bytes, not signed"),
        (["f.pickle", "--show", "table.py"], 2, "did you mean helpers/table.py?"),
        (["text", "--files"], 1, "this is not a pickle"),
    ]
    for arguments, code, message in cases:
        done = command("inspect", *arguments, cwd=tmp_path)
        assert done.returncode == code, arguments
        assert message in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
