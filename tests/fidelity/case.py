"""A case: a small project, described once as text, with one call and the rule that it tests."""

from __future__ import annotations

import os
import re
import textwrap
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SCRIPT: Final = "the_script.py"
MODES: Final = ("alone", "after", "before", "older", "no_disk")
"""Shipped to a bare receiver: alone; after, and before, another version was unpickled; on a host
that has imported an older copy; and with no writable disk."""

BY_NAME: Final = (
    "code that looks a class up by its module's name sees the one unpickled last",
    "The same holds beside a package that the host imported by itself",
)
NO_FILES: Final = {"no_disk": "Without a writable disk there are no real files"}
"""The words of Limits of many cases that name them."""
SUPERSEDED: Final = {"after": BY_NAME[0], "before": BY_NAME[0], "older": BY_NAME[1]}

HOST_FIRST: Final = "finds the one that came in a pickle"
"""Of a host that imports a package itself only after one of that name was loaded."""

CASES: Final[dict[str, Case]] = {}
"""Every case that was described, by its name."""


@dataclass(frozen=True)
class Case:
    """One situation. See `case` for what the fields mean."""

    name: str
    files: str
    script: str
    other: str = ""
    older: str = ""
    extra: Mapping[str, str | bytes] = field(default_factory=dict)
    policy: str = ""
    paths: tuple[str, ...] = ("",)
    zipped: bool = False
    raises: bool = False
    same: bool = False
    since: tuple[int, int] = (3, 9)
    warned: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)

    def text(self, version: int) -> str:
        """The files of a version: 0 is the host's older copy, 1 the one that counts, 2 another."""
        text = {0: self.older, 1: self.files, 2: self.other}[version] or self.files
        return textwrap.dedent(text).replace("@V@", str(version))

    def tops(self) -> list[str]:
        """The first names of the paths of the project, without `.py`."""
        texts = [self.text(version) for version in range(3)]
        found = [name.partition("/")[0] for text in texts for name, _, _ in _files(text)]
        if self.paths != ("",):
            found += [n.split("/")[1] for text in texts for n, _, _ in _files(text) if "/" in n]
        found = [name for name in found if name]
        names = [re.sub(r"\.py$", "", name) for name in [*found, SCRIPT]]
        return [name for name in dict.fromkeys(names) if name not in self.paths]

    def main(self) -> str:
        """The script's path in the tree."""
        return "app.pyz/__main__.py" if self.zipped else SCRIPT

    def write(self, folder: Path, version: int) -> Path:
        """Write the project in one version into a new folder; return the folder."""
        script = textwrap.dedent(self.script).replace("@V@", str(version))
        end = "" if version == 1 else f"# version {version}\n"
        for name, content in self.extra.items():
            _write(folder / name, "", content)
        for name, mark, content in _files(self.text(version)):
            content = content.replace("@ROOT@", str(folder))
            _write(folder / name, mark, content + (end if name.endswith(".py") else ""))
        if not self.zipped:
            (folder / SCRIPT).write_text(script, encoding="utf-8")
            return folder
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        with zipfile.ZipFile(folder / "app.pyz", "w") as archive:
            archive.writestr("__main__.py", script)
            for path in paths:
                archive.write(path, path.relative_to(folder).as_posix())
                path.unlink()
        return folder


def _files(text: str) -> list[tuple[str, str, str]]:
    """The files of a description: path, mark ("", "exec", "-> TARGET"), content."""
    name, *rest = re.split(r"^=== *(\S+) *(.*)\n", text + "\n", flags=re.MULTILINE)
    if name.strip() or not rest:
        raise ValueError(f"the description must begin with '=== PATH', not with {name[:40]!r}")
    contents = [each.rstrip("\n") + "\n" if each.strip() else "" for each in rest[2::3]]
    return list(zip(rest[::3], rest[1::3], contents))


def _write(path: Path, mark: str, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name == ".keep":  # the folder is wanted, and nothing in it
        return
    if mark.startswith("->"):
        path.symlink_to(mark[2:].strip())
        return
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if mark == "exec":
        os.chmod(path, 0o755)


def case(name: str, call: str, files: str, *, script: str = "", **options: Any) -> None:
    """Describe a case, `rNN_what_it_is` after its rule. Any mode must give the native answer.

    Args:
        call: what is pickled, and called without arguments where it arrives, several times. It
            returns plain data. `module.function`, or the name of something in `script`.
        files: `=== PATH` begins a file, `=== PATH exec` one that can be executed, `=== PATH -> TO`
            a link; `=== PATH/.keep` makes an empty folder. `@V@` is the number of the version,
            and `@ROOT@` is the folder of the tree.
        script: what runs as `__main__` before; by default it imports the module of `call`.

    Options:
        other, older: the files of the other version, and of the host's, where it is not enough that
            `@V@` is 2, or 0, in them.
        extra: more files, taken as they are: path -> text or bytes.
        policy: the arguments of a `Policy` for `dumps`.
        paths: the folders of the tree that stand on `sys.path`; the tree itself by default.
        zipped: the script and the packages stand in one archive.
        raises: the native answer is an error.
        same: the native answer is the same in all versions. Otherwise it must tell them apart.
        since: the first Python that has what the case needs.
        warned: a regular expression; `dumps` must warn of that, and of nothing else.
        limits: a mode, "mode 3.9" for one Python, or "*" -> the words under Limits in the docs that
            say why it cannot hold.
    """
    if "." in call and not script:
        script = f"import {call.rpartition('.')[0]}"
    script = f"{textwrap.dedent(script)}\nobj = {call}\n" if call != "obj" else script
    if name in CASES or not re.fullmatch(r"r\d\d_\w+", name):
        raise ValueError(f"{name}: a name begins with its rule, as r08_..., and is used once")
    CASES[name] = Case(name, files, script, **options)
