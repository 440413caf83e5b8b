"""Policy: what is local, what is left out.

A module is *local* if its file lies in the user's working tree (`tree`), and only then does it
travel. A `Policy` overrides that in both directions, and says which files of a package stay at
home.

What a project's `pyproject.toml` says is the default, if nobody has set another (`settings`).

Outside API: `Policy`, `set_policy`, `get_policy`; and the tree, passed on for those who ask
`Policy` about many modules in a row.
"""

from __future__ import annotations

import os
import sys
import threading
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any, Final

from modulepickle._base.errors import PackagingError
from modulepickle._local.patterns import covers, is_plain, patterns_of, prefixes
from modulepickle._local.settings import settings, settings_file
from modulepickle._local.tree import WorkingTree, in_standard_library, working_tree
from modulepickle._local.zipped import archive_of

__all__ = [
    "Policy",
    "WorkingTree",
    "covers",
    "effective",
    "get_policy",
    "is_registered",
    "list_registry_pickle_by_value",
    "register_pickle_by_value",
    "set_policy",
    "unregister_pickle_by_value",
    "working_tree",
]

MAX_BYTES: Final = 64 * 1024 * 1024
"""Default size limit of one snapshot: large for source, small for the checkpoint left beside it."""

NEVER: Final = frozenset({"__main__", "__mp_main__", "modulepickle"})
"""Top-level names that are never local, whatever the policy says.

The script goes by value, under either of its names. modulepickle is the tool, not the user's tree:
a receiver needs none of it, and whoever works in its checkout would otherwise ship it each time.
"""


class Policy:
    """What travels, if the default, which is the whole working tree, is not what you want.

    The first three fields are `fnmatch` patterns for dotted module names. A name covers its
    submodules.

    Attributes:
        include: Ship these as well, wherever they are installed. A name without wildcards goes
            along with whatever travels, whether an import statement reaches it or not: that is how
            plug-ins named in a config file get there. The standard library is never shipped.
        exclude: Never ship these. This wins over `include`. `("*",)` ships nothing. The name of a
            part of a package, such as `"pkg.secret"`, leaves out that module and all below it.
        by_value: Pickle functions and classes of these modules by value, like those of `__main__`.
        ignore: Leave out files that match these patterns: POSIX paths relative to the package's
            folder, such as `"*.ckpt"` and `"data/*"`.
        max_bytes: Refuse a package whose files are larger than this, in bytes, uncompressed.
        strict: Raise a `PackagingError` where `dumps` would give a `ShippingWarning`.

    Raises:
        TypeError: If a field is not a list or tuple of strings, `max_bytes` is not an `int`, or
            `strict` is not a `bool`.
        ValueError: If `max_bytes` is not positive, or a pattern can match nothing.
    """

    __module__ = "modulepickle"  # where users find it, and what pickles name

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    by_value: tuple[str, ...]
    ignore: tuple[str, ...]
    max_bytes: int
    strict: bool

    # By hand, and not a dataclass: to import `dataclasses` takes as long as all of this library.
    __slots__ = (
        "_hash", "_in_packages", "by_value", "exclude", "ignore", "include", "max_bytes", "strict",
    )  # fmt: skip

    def __init__(
        self,
        include: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        by_value: tuple[str, ...] = (),
        ignore: tuple[str, ...] = (),
        max_bytes: int = MAX_BYTES,
        strict: bool = False,
    ) -> None:
        if isinstance(max_bytes, bool) or not isinstance(max_bytes, int):
            kind = type(max_bytes).__name__
            raise TypeError(f"Policy(max_bytes=...) takes an int, a number of bytes, not {kind}")
        if max_bytes <= 0:
            raise ValueError(
                f"Policy(max_bytes={max_bytes}) refuses everything; give a positive number"
            )
        given = {"include": include, "exclude": exclude, "by_value": by_value, "ignore": ignore}
        for name, value in given.items():  # lists become tuples, so that it hashes
            object.__setattr__(self, name, patterns_of(name, value))
        if not isinstance(strict, bool):
            raise TypeError(f"Policy(strict=...) takes True or False, not {strict!r}")
        object.__setattr__(self, "max_bytes", max_bytes)
        object.__setattr__(self, "strict", strict)
        inner = tuple(each for each in self.exclude if "." in each or not is_plain(each))
        object.__setattr__(self, "_in_packages", inner)
        object.__setattr__(self, "_hash", hash(self._values()))  # each `dumps` asks for it twice

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a policy is frozen."""
        raise AttributeError(f"a Policy is frozen; make another one: Policy({name}=...)")

    def __delattr__(self, name: str) -> None:
        """Refuse: a policy is frozen."""
        raise AttributeError(f"a Policy is frozen; make another one, without {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickles and copies are made from."""
        return type(self), self._values()

    def __repr__(self) -> str:
        """Return an expression that makes it."""
        names = ("include", "exclude", "by_value", "ignore", "max_bytes", "strict")
        given = zip(names, self._values())
        return f"Policy({', '.join(f'{name}={value!r}' for name, value in given)})"

    def __eq__(self, other: object) -> bool:
        """Tell whether another policy says the same."""
        if self is other:
            return True
        return isinstance(other, Policy) and self._values() == other._values()

    def __hash__(self) -> int:
        """Return the hash of what it says."""
        return self._hash  # type: ignore[attr-defined, no-any-return]

    def _values(self) -> tuple[Any, ...]:
        fields = self.include, self.exclude, self.by_value, self.ignore
        return *fields, self.max_bytes, self.strict

    @property
    def at_home(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What leaves out parts of packages: patterns on paths, and on names of modules."""
        return self.ignore, self._in_packages  # type: ignore[attr-defined]

    def includes(self, name: str) -> bool:
        """Tell whether the dotted module name is to be shipped even if it is not local."""
        return covers(self.include, name) and not self.excludes(name)

    def excludes(self, name: str) -> bool:
        """Tell whether the dotted module name must not be shipped."""
        return covers(self.exclude, name)

    def ships_by_value(self, name: str) -> bool:
        """Tell whether functions and classes of the dotted module name are pickled by value."""
        return bool(self.by_value) and covers(self.by_value, name)

    def ignores(self, path: str) -> bool:
        """Tell whether a file is left out, by its POSIX path relative to the package's folder.

        A pattern that matches a folder covers what is in it; `*` also matches slashes, as in
        `fnmatch`. So `"*.ckpt"` holds at any depth, and `"data"`, `"data/"` and `"data/*"` for all
        below `data`.
        """
        if not self.ignore:
            return False
        return any(
            fnmatchcase(prefix, pattern.rstrip("/"))
            for prefix in prefixes(path, "/")
            for pattern in self.ignore
        )

    def leaves_out(self, package: str, path: str) -> bool:
        """Tell whether a file or folder of a package stays at home, by `ignore` or by `exclude`.

        Args:
            package: its dotted name, which is not excluded itself.
            path: POSIX, relative to the package's folder.
        """
        if self.ignores(path):
            return True
        inner = self.at_home[1]
        return bool(inner) and covers(inner, f"{package}.{module_of(path)}")

    def verdict(
        self,
        name: str,
        file: str | None,
        tree: WorkingTree | None = None,
        lost: list[str] | None = None,
    ) -> bool:
        """Tell whether a top-level module, or portion of a namespace package, is local.

        Args:
            name: its dotted name.
            file: its file or folder. None, and a path that is not on the disk, as in a zip file,
                are not local.
            tree: the working tree, if the caller has it at hand.
            lost: gets the path if it is not there, and would be local if it were.
        """
        if file is None or name.partition(".")[0] in NEVER or self.excludes(name):
            return False
        real = os.path.normcase(os.path.realpath(file))
        is_there = True
        if not os.path.exists(real):
            archive = archive_of(os.path.abspath(file))
            is_there = archive is not None
            file = file if archive is None else archive
            real = real if archive is None else os.path.normcase(os.path.realpath(archive))
        if not is_there and lost is None:
            return False
        if in_standard_library(real):
            return False
        is_local = self.includes(name) or (tree or working_tree()).has(file, real)
        if is_local and not is_there and lost is not None:
            lost.append(file)
        return is_local and is_there


def module_of(path: str) -> str:
    """Return the dotted name, inside its package, of what a path is the file or the folder of."""
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.partition(".")
    is_code = suffix.endswith(CODE) or suffix in CODE
    return (folder + slash + (stem if dot and is_code else name)).replace("/", ".")


CODE: Final = ("py", "pyc", "pyo", "pyi", "pyx", "pxd", "pyd", "so")
"""Last suffixes of the files that a module is made of, or described in."""


DEFAULT: Final = Policy()

_set: Policy | None = None
_of_settings: tuple[object, Policy] = (None, DEFAULT)
"""The settings that were last made a policy of, and that policy."""
_lock = threading.Lock()


def effective(policy: Policy | None) -> Policy:
    """Return what was given as `policy=`, or the process default.

    Raises:
        TypeError: If it is not a `Policy`.
    """
    if policy is None:
        return get_policy()
    if not isinstance(policy, Policy):
        raise TypeError(_no_policy("policy=", policy))
    return policy


def _no_policy(who: str, given: object) -> str:
    example = 'modulepickle.Policy(ignore=("*.ckpt",))'
    return f"{who} takes a Policy, not {type(given).__name__}; write {example}"


def get_policy() -> Policy:
    """Return the default policy: that of `set_policy`, or of `pyproject.toml`, or `Policy()`.

    Raises:
        PackagingError: If the table `[tool.modulepickle]` in `pyproject.toml` is wrong.
    """
    global _of_settings  # the one setting of a process: else, options live on objects (habit 19)
    if _set is not None:
        return _set
    found = settings()
    if not found:
        return DEFAULT
    known, policy = _of_settings
    if known is not found:
        policy = Policy(**found)
        _of_settings = found, policy
    return policy


def origin() -> str:
    """Return what made the process default: `set_policy()`, a settings file, or nothing."""
    if _set is not None:
        return "set_policy()"
    path = settings_file()
    return path if path is not None and os.path.isfile(path) else ""


def set_policy(policy: Policy) -> Policy:
    """Set the default policy of this process, and return the previous one.

    To undo it, set what was returned. If that was the policy of `pyproject.toml`, edits of the file
    count again.

    Raises:
        TypeError: If `policy` is not a `Policy`.
    """
    global _set
    if not isinstance(policy, Policy):
        raise TypeError(_no_policy("set_policy()", policy))
    with _lock:
        previous = _or_default()
        is_own = policy is DEFAULT or policy is _of_settings[1]
        _set = None if is_own else policy
    return previous


def _or_default() -> Policy:
    """Return the process default, even if the settings are wrong: that is for who uses them."""
    try:
        return get_policy()
    except PackagingError:
        return DEFAULT


# --- what is registered by value ------------------------------------------------------------------


_registered: Final[dict[str, None]] = {}


def register_pickle_by_value(module: ModuleType) -> None:
    """Pickle the functions and classes of a module and its submodules by value.

    It works like `cloudpickle.register_pickle_by_value`.

    Raises:
        ValueError: If `module` is not a module, or was never imported.
    """
    if not isinstance(module, ModuleType):
        raise ValueError(
            f"Input should be a module object, got {module!r} instead: import it, and give that"
        )
    if module.__name__ not in sys.modules:
        raise ValueError(f"{module} was not imported correctly: import it, and register that")
    _registered[module.__name__] = None


def unregister_pickle_by_value(module: ModuleType) -> None:
    """Undo `register_pickle_by_value`.

    Raises:
        ValueError: If `module` is not registered.
    """
    if not isinstance(module, ModuleType):
        raise ValueError(
            f"Input should be a module object, got {module!r} instead: import it, and give that"
        )
    if module.__name__ not in _registered:
        raise ValueError(f"{module} is not registered for pickle by value")
    del _registered[module.__name__]


def list_registry_pickle_by_value() -> set[str]:
    """Return the names of the modules that are registered."""
    return {*_registered}


def is_registered(name: str) -> bool:
    """Tell whether a module, or a package that it stands in, is registered."""
    while name:
        if name in _registered:
            return True
        name = name.rpartition(".")[0]
    return False
