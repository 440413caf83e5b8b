"""The `[tool.modulepickle]` table of a project's `pyproject.toml`: the default policy, in a file.

    [tool.modulepickle]
    include = ["vendored"]
    exclude = ["experiments"]
    by-value = ["tasks"]
    ignore = ["*.ckpt", "data/*"]
    max-bytes = 100_000_000
    strict = true

The file is that of the script's project, or, without a script or with one that is installed (as
that of pytest or Jupyter), of the current folder's; if that is in no project, of the folder's where
the process imported this library. It is read at the first `dumps`, and again when
its stat has changed: a warm `dumps` costs one stat more. Nothing parses it unless it seems to have
the table.

Outside API: `notices`, `settings`, `settings_file`.
"""

from __future__ import annotations

import importlib
import os
import stat
import sys
from collections.abc import Iterator
from typing import Any, Final

from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._base.held import held
from modulepickle._base.loud import announce
from modulepickle._local.patterns import malformed
from modulepickle._local.tree import (
    INSTALLATIONS,
    STARTED_IN,
    current_folder,
    main_file,
    project_root,
)

__all__ = ["Settings", "notices", "settings", "settings_file"]

Settings = dict[str, Any]
"""Keyword arguments for `Policy`, of the right types."""

KEYS: Final = {
    "include": "include",
    "exclude": "exclude",
    "by-value": "by_value",
    "ignore": "ignore",
    "max-bytes": "max_bytes",
    "strict": "strict",
}
"""Key of the table -> field of `Policy`."""

TABLE: Final = rb"\[\s*tool\s*\]|tool[\"']?\s*\.\s*[\"']?modulepickle"
"""What a file that has the table has somewhere."""

REMEDY: Final = "correct the file, or use policy= or set_policy() instead"

_files: dict[tuple[str | None, str | None], str | None] = {}
"""Current folder and script -> the file."""

LARGEST: Final = 2**20
"""Bytes of a `pyproject.toml` that are read."""

MOST_DOTS: Final = 5_000
"""Dots in one line of it."""

_read: dict[str, tuple[tuple[int, ...], Settings]] = {}
"""File -> its stat, and what it says."""

_notices: dict[str, list[Problem]] = {}
"""File -> what `dumps` warned of when it was last read."""


def settings() -> Settings | None:
    """Return what the project's file says, or said when the working tree was last held still.

    Raises:
        PackagingError: as `_settings_now`.
    """
    still = held()
    if still is None:
        return _settings_now()
    if not still.settings:
        still.settings = (_settings_now(),)
    found: Settings | None = still.settings[0]
    return found


def _settings_now() -> Settings | None:
    """Return what the project's file says; the same object as long as it is unchanged.

    None if there is no such file.

    Raises:
        PackagingError: if the file cannot be read, or says what no policy knows: all of it.
    """
    path = settings_file()
    if path is None:
        return None
    try:
        found = os.stat(path)
    except OSError:
        return None
    key = found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
    known = _read.get(path)
    if known is None or known[0] != key:
        if not stat.S_ISREG(found.st_mode):
            return None
        _notices.pop(path, None)
        known = _read[path] = key, _settings(path)
    return known[1]


def notices() -> tuple[Problem, ...]:
    """Return the warnings about the project's file as it was last read."""
    return (*_notices.get(settings_file() or "", ()),)


def settings_file() -> str | None:
    """Return where the project's file is, or would be; None if there is no project."""
    places = current_folder(), main_file()
    if places not in _files:
        _files.clear()
        _files[places] = _file(*places)
    return _files[places]


def _file(cwd: str | None, script: str | None) -> str | None:
    """Return where the file is, or would be."""
    home = None if script is None else os.path.realpath(script)
    for place in (home, cwd, STARTED_IN):
        if place is None or _is_installed(place):
            continue
        root = project_root(os.path.dirname(place) if place is home else place)
        if root is not None:
            return os.path.join(root, "pyproject.toml")
    return None


LIBRARY: Final = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep
"""The folder of modulepickle itself, whose command is no script of the user's."""


def _is_installed(place: str) -> bool:
    """Tell whether a script is somebody else's: in an installation, or a virtual environment."""
    if not INSTALLATIONS.isdisjoint(place.split(os.sep)):
        return True
    if place.startswith((sys.prefix + os.sep, LIBRARY)):
        return True
    environment = os.path.dirname(os.path.dirname(place))  # of bin/pytest
    return os.path.exists(os.path.join(environment, "pyvenv.cfg"))


def _settings(path: str) -> Settings:
    """Read and check the table of a file."""
    table = _table(path)
    problems: list[Problem] = []
    if not isinstance(table, dict):
        problems.append(_problem(path, "tool.modulepickle is not a table", "[tool.modulepickle]"))
        table = {}
    made: Settings = {}
    for key, value in table.items():
        field, wrong = KEYS.get(key), _wrong(key, value)
        if field is None or wrong:
            problems.append(_problem(path, f"[tool.modulepickle] {wrong or _unknown(key)}"))
        else:
            made[field] = tuple(value) if isinstance(value, list) else value
    if problems:
        raise PackagingError(problems)
    return made


def _table(path: str) -> Any:
    """Return the table as TOML has it; empty if there is none, or nothing here can read it."""
    import re  # not at the top: most projects have no such file

    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"it has more than {LARGEST:,} bytes")
        for each in _nearly_ours(data):
            _say(path, _misspelt(path, each), data)
        if b"modulepickle" not in data or not re.search(TABLE, data):
            return {}
        toml = _toml_reader()
        if toml is None:
            _say(path, _unread(path), data)
            return {}
        # Readers take a key apart in time that grows with the square of its parts.
        if any(line.count(b".") > MOST_DOTS for line in data.splitlines()):
            raise ValueError(f"a line has more than {MOST_DOTS:,} dots")
        return toml.loads(data.decode("utf-8")).get("tool", {}).get("modulepickle", {})
    except OSError as error:
        raise PackagingError([_problem(path, f"cannot be read: {error.strerror}")]) from error
    except (ValueError, AttributeError) as error:  # both of TOML and of UTF-8
        raise PackagingError([_problem(path, f"is not valid TOML: {error}")]) from error
    except RecursionError as error:
        problem = _problem(path, "has arrays or tables that are nested too deeply")
        raise PackagingError([problem]) from error


def _say(path: str, notice: Problem, data: bytes) -> None:
    """Warn of what is in a file; it is an error if the file asks for that."""
    import re  # as in `_table`

    _notices.setdefault(path, []).append(notice)
    strict = re.search(rb"^\s*strict\s*=\s*true\b", data, re.MULTILINE)
    announce([notice], strict is not None)


def _nearly_ours(data: bytes) -> Iterator[str]:
    """Yield the tables of tools whose names are nearly `modulepickle`."""
    letters = frozenset(b"modulepickle")
    for line in data.splitlines():
        if not line.lstrip().startswith(b"[") or b"tool" not in line:
            continue
        tool, _, rest = line.strip(b" \t[").partition(b"]")[0].partition(b".")
        name = rest.partition(b".")[0].strip(b" \t\"'")
        # First by its letters: to compare two names well takes longer than to read the file.
        if tool.strip() != b"tool" or name == b"modulepickle" or len(letters - {*name.lower()}) > 2:
            continue
        import difflib  # not at the top: it is needed for this message only

        text = name.decode("utf-8", "replace")
        plain = text.lower().replace("-", "").replace("_", "")
        if difflib.get_close_matches(plain, ["modulepickle"], 1, 0.85):
            yield text


def _misspelt(path: str, name: str) -> Problem:
    """Return what is said of a table that is meant for this library."""
    detail = "it has no effect: did you mean [tool.modulepickle]?"
    return Problem(Reason.NO_EFFECT, f"[tool.{name}] of {path}", detail, "correct it, or remove it")


def _toml_reader() -> Any:
    """Return `tomllib`, new in 3.11, or `tomli`, if it is installed, or None."""
    for name in ("tomllib", "tomli"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def _unread(path: str) -> Problem:
    """Return what is said where nothing can read the table. Gone with Python 3.10."""
    detail = (
        "[tool.modulepickle] is not read, since Python {}.{} has no TOML reader; what it would"
        " leave out (exclude, ignore) travels".format(*sys.version_info)
    )
    remedy = "pip install tomli, or call set_policy() instead"
    return Problem(Reason.NO_EFFECT, path, detail, remedy)


def _unknown(key: str) -> str:
    """Say what is meant by a key that is not known."""
    import difflib  # not at the top: it is needed for this message only

    close = difflib.get_close_matches(key.lower().replace("_", "-"), KEYS, 1, 0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(KEYS)}"
    return f"has no key {key!r}: {hint}"


def _wrong(key: str, value: Any) -> str:
    """Say what is wrong with the value of a known key; "" if nothing is."""
    if key == "max-bytes":
        if type(value) is not int or value <= 0:
            return (
                f"max-bytes = {value!r}: it takes a number of bytes, such as max-bytes = 67108864"
            )
    elif key == "strict":
        if type(value) is not bool:
            return f"strict = {value!r}: it takes true or false"
    elif key in KEYS:
        if isinstance(value, str):
            return f'{key} = "{value}": it takes a list, {key} = ["{value}"]'
        if not isinstance(value, list) or not all(type(x) is str and x for x in value):
            return f'{key} = {value!r}: it takes a list of names, such as {key} = ["name"]'
        for pattern in value:
            wrong = malformed(KEYS[key], pattern)
            if wrong:
                return f'{key} = ["{pattern}"] can match nothing: {wrong}'
    return ""


def _problem(path: str, detail: str, remedy: str = "") -> Problem:
    return Problem(Reason.SETTINGS, path, detail, remedy or REMEDY)
