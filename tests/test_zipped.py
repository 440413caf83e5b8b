"""A package in a zip archive of the working tree travels as one in a folder does (R5, R8)."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from receivers import project, receive, run, send

FILES = {
    "pkg/__init__.py": "import units\nfrom .a import A\n"
    "def f():\n    return A, units.UNIT, read()\n"
    "def read():\n    import pkgutil\n    return pkgutil.get_data('pkg', 'data/x.txt')\n",
    "pkg/a.py": "A = 1\n",
    "pkg/data/x.txt": "hi\n",
    "pkg/.hidden": "",
    "pkg/secret.py": "",
    "pkg/secret.pyc": "",
    "pkg/__pycache__/a.cpython-311.pyc": "",
    "units.py": "UNIT = 'km'\n",
    "__main__.py": "import pkg\ndef g():\n    return pkg.f()\n",
}


def pack(path: Path, files: dict[str, str] = FILES) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)


SEEN = "import sys; sys.path.insert(0, 'app.pyz'); import pkg, modulepickle\n"
RIGHT = (1, "km", b"hi\n")


@pytest.mark.parametrize("obj", ["pkg.f", "lambda: pkg.f()", "pkg"])
def test_r08_a_package_in_an_archive_travels(tmp_path, obj):
    project(tmp_path, "=== pyproject.toml")
    pack(tmp_path / "app.pyz")
    data = send(tmp_path, f"{SEEN}obj = {obj}")
    call = "obj.f()" if obj == "pkg" else "obj()"
    assert receive(data, f"result = {call}", absent=["pkg", "units"]).result == RIGHT


def test_r08_parts_of_a_namespace_package_in_an_archive_travel(tmp_path):
    project(tmp_path, "=== pyproject.toml")
    text = "def f():\n    import space.other\n    return space.other.X\n"
    files = {"space/": "", "space/inner.py": text, "space/other/__init__.py": "X = 1"}
    pack(tmp_path / "app.pyz", files)
    code = "import sys; sys.path.insert(0, 'app.pyz'); import space.inner\nobj = space.inner.f"
    assert receive(send(tmp_path, code), "result = obj()", absent=["space"]).result == 1


def test_what_of_it_travels(tmp_path):
    project(tmp_path, "=== pyproject.toml")
    pack(tmp_path / "app.pyz")
    code = f"""{SEEN}
policy = modulepickle.Policy(exclude=("pkg.secret",), ignore=("data",))
result = []
for each in None, policy:
    data = modulepickle.inspect(modulepickle.dumps(pkg, policy=each)).data
    result.append([f["path"] for s in data["snapshots"] if s["name"] == "pkg" for f in s["files"]])
"""
    whole, part = run(tmp_path, code).result
    assert whole == ["pkg/__init__.py", "pkg/a.py", "pkg/data/x.txt", "pkg/secret.py"]
    assert part == ["pkg/__init__.py", "pkg/a.py"]


def test_it_is_as_if_it_were_in_a_folder(tmp_path):
    project(tmp_path, "=== pyproject.toml")
    pack(tmp_path / "app.pyz")
    zipped = send(tmp_path, f"{SEEN}obj = pkg.f")
    with zipfile.ZipFile(tmp_path / "app.pyz") as archive:
        archive.extractall(tmp_path / "folder")
    unzipped = send(tmp_path, "import sys; sys.path.insert(0, 'folder'); import pkg\nobj = pkg.f")
    assert zipped == unzipped


def test_a_zipapp_sends_what_is_in_it_and_its_own_functions(tmp_path):
    project(tmp_path, "=== pyproject.toml")
    main = (
        "\nimport modulepickle, sys\n"
        "with open(sys.argv[1], 'wb') as out:\n"
        "    out.write(modulepickle.dumps([g, pkg.f]))\n"
    )
    pack(tmp_path / "app.pyz", {**FILES, "__main__.py": FILES["__main__.py"] + main})
    out = tmp_path / "out"
    code = f"""
    import subprocess, sys
    subprocess.run([sys.executable, "-W", "error", "app.pyz", {os.fspath(out)!r}], check=True)
    """
    run(tmp_path, code)
    result = receive(out.read_bytes(), "result = [each() for each in obj]", absent=["pkg"]).result
    assert result == [RIGHT, RIGHT]


def test_r05_an_archive_that_was_made_anew(tmp_path):
    project(tmp_path, "=== pyproject.toml")
    pack(tmp_path / "app.pyz")
    code = f"""{SEEN}
import zipfile
result = [modulepickle.dumps(pkg.f)]
result.append(modulepickle.dumps(pkg.f))
with zipfile.ZipFile("app.pyz") as old:
    files = {{name: old.read(name) for name in old.namelist()}}
files["pkg/a.py"] = b"A = 2\\n"
with zipfile.ZipFile("app.pyz", "w") as new:
    for name in files:
        new.writestr(name, files[name])
result.append(modulepickle.dumps(pkg.f))
"""
    first, again, edited = run(tmp_path, code).result
    assert first == again
    for data, value in ((first, 1), (edited, 2)):
        assert receive(data, "result = obj()", absent=["pkg"]).result == (value, *RIGHT[1:])


@pytest.mark.parametrize("wrong", ["broken", "large", "gone"])
def test_r15_an_archive_that_cannot_be_read(tmp_path, wrong):
    project(tmp_path, "=== pyproject.toml")
    pack(tmp_path / "app.pyz", {**FILES, "pkg/big.txt": "x" * 100_000})
    code = f"""{SEEN}
import os
options = {{}}
if {wrong!r} == "broken":
    open("app.pyz", "wb").write(b"this is no archive")
elif {wrong!r} == "large":
    options["max_bytes"] = 50_000
else:
    os.remove("app.pyz")
try:
    result = len(modulepickle.dumps(pkg.f, policy=modulepickle.Policy(strict=True, **options)))
except modulepickle.PackagingError as error:
    result = [each.reason.name for each in error.problems]
"""
    found = run(tmp_path, code).result
    assert found == [{"broken": "UNREADABLE", "large": "TOO_LARGE", "gone": "GONE"}[wrong]]


def test_a_warm_dumps_of_it_opens_nothing(tmp_path):
    project(tmp_path, "=== pyproject.toml")
    pack(tmp_path / "app.pyz")
    os.utime(tmp_path / "app.pyz", (1.6e9, 1.6e9))
    code = f"""{SEEN}
import builtins, io, time
time.sleep(0.1)
modulepickle.dumps(pkg.f); modulepickle.dumps(pkg.f)
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
modulepickle.dumps(pkg.f)
result = [str(each) for each in opened if "app.pyz" in str(each)]
"""
    assert run(tmp_path, code).result == []
