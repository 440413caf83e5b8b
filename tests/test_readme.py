"""The README's example and its commands do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from receivers import SOURCE, interpreters, receive, run
from receivers import command as modulepickle

README = (SOURCE.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


def example(folder: Path) -> bytes:
    """The pickle that the first example writes."""
    module, script = blocks("python")[:2]
    folder.joinpath("other.py").write_text(module, encoding="utf-8")
    (line,) = re.findall(r"`units\.py`, which is the line `(.+?)`", README)
    folder.joinpath("units.py").write_text(f"{line}\n", encoding="utf-8")
    run(folder, script, script="send.py")
    return folder.joinpath("f.pickle").read_bytes()


@pytest.mark.parametrize("python", interpreters())
def test_the_first_example(tmp_path: Path, python: str) -> None:
    data = example(tmp_path)
    (shown,) = blocks("console")
    got = receive(data, "print(obj())", python=python, absent=["other", "units"]).stdout
    assert got == shown.splitlines()[1] + "\n"


def environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(SOURCE)}


def test_the_demonstration_prints_what_the_readme_shows(tmp_path: Path) -> None:
    done = modulepickle("demo", cwd=tmp_path, check=True)
    assert done.stdout.endswith(blocks("")[0])
    assert [*tmp_path.iterdir()] == []


def in_stable_order(text: str) -> str:
    """Text without what depends on the loader's release, on zlib and on Python's own protocol."""
    sizes = r"[\d,]+(?= bytes, protocol| packed)|(?<=archive: )[0-9a-f]{32}|(?<=, protocol )\d"
    return re.sub(rf"{sizes}|^[0-9a-f]{{8}}(?=  )", "N", text, flags=re.MULTILINE)


def test_the_examples_of_explain_and_inspect(tmp_path: Path) -> None:
    example(tmp_path)
    shown = "".join(blocks("shellsession"))
    commands = re.findall(r"^\$ python -m modulepickle (.*)\n((?:[^$].*\n)*)", shown, re.MULTILINE)
    assert len(commands) == 3
    for command, output in commands:
        done = modulepickle(*command.split(), cwd=tmp_path, check=True)
        assert in_stable_order(done.stdout) == in_stable_order(output)


def test_the_settings_example(tmp_path: Path) -> None:
    pytest.importorskip("tomllib")  # new in 3.11
    tmp_path.joinpath("pyproject.toml").write_text(blocks("toml")[0], encoding="utf-8")
    code = "import modulepickle\nresult = modulepickle.get_policy().ignore"
    assert run(tmp_path, code).result == ("*.ckpt", "data/*")


def test_the_policy_example(tmp_path: Path) -> None:
    code = next(text for text in blocks("python") if "policy" in text)
    run(tmp_path, "import modulepickle\nf = max\n" + code)


def test_the_readme_names_what_the_library_has() -> None:
    import modulepickle as library

    names = {"dump", "dumps", "load", "loads", "Pickler", "Unpickler", *library.__all__}
    named = set(re.findall(r"`(?:modulepickle\.)?(\w+)", README))
    forgotten = {"Problem", "Reason"} | {name for name in names if name.startswith("Pick")}
    forgotten |= {"DEFAULT_PROTOCOL", "HIGHEST_PROTOCOL", "UnpicklingError"}  # as in pickle
    assert names - forgotten <= named
    assert all(hasattr(library, name) for name in names)
