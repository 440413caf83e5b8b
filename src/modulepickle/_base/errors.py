"""What the sender says when a package cannot travel, or travels differently than it looks.

A `dumps` can run into many problems at once: a folder that is too large, a link that leads out of
it, a file that may not be read. Whoever has to fix them wants to see all of them, once, with the
reason first and with what to type last. So the code that packages collects `Problem` objects and
raises them together in one `PackagingError` (rule R15).

Errors on the receiver are not here: they are the standard ones, since nothing of ours is there to
import.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

__all__ = [
    "PackagingError",
    "Problem",
    "Reason",
    "ShippingWarning",
    "StaleSourceWarning",
    "pointer",
]

ARROW: Final = " -> "
"""Between two links of a chain; as in the import chains of `torch.package`."""


def pointer(entry: str) -> str:
    """Return the end of a message: which entry of `docs/errors.md` has more on it.

    Args:
        entry: the anchor there. It stays when the title of the entry is reworded.
    """
    return f"(modulepickle docs: errors.md#{entry})"


class Reason(Enum):
    """Why something cannot travel. The values are the headings in a `PackagingError`.

    Attributes:
        anchor: Of the entry in `docs/errors.md`: the name, as in `too-large`.
    """

    __module__ = "modulepickle"  # where users find it, and what pickles name

    LEFT_OUT = "The policy leaves out a file that is needed"
    TOO_LARGE = "The package is larger than Policy.max_bytes"
    LINK_LEAVES_TREE = "A symbolic link leads out of the package"
    LINK_CYCLE = "A symbolic link leads back into itself"
    NAMES_CLASH = "Two names are one name on a disk that ignores case"
    BAD_NAME = "A file name cannot be written on every system"
    SPECIAL_FILE = "Not a regular file (a socket, a pipe or a device)"
    UNREADABLE = "A file or folder cannot be read"
    CHANGING = "A file kept changing while it was read"
    UNSUPPORTED = "The object cannot be pickled"
    SETTINGS = "The settings in pyproject.toml are wrong"
    GONE = "A file is gone, or no longer compiles, since it was imported"
    BY_NAME = "It goes by name, and no installed distribution has it"
    NO_EFFECT = "The policy has an entry without effect"
    COMPILED = "Compiled code imports modules by itself"
    REPLACED = "A name of a package was given something else by the script"
    SECRET = "What looks like a secret travels by value"

    @property
    def anchor(self) -> str:
        return self.name.lower().replace("_", "-")


class Problem(NamedTuple):
    """One thing that keeps an object from being pickled.

    Attributes:
        reason: The kind of problem, which is the heading that it is printed under.
        subject: What it is about: the name of a module, a path, or a qualified name.
        detail: What is wrong, in numbers and names. It may have several lines, or be empty.
        remedy: What to type to get on; empty if nothing helps.
        chain: How the pickler got there: references and imports, outermost first.
    """

    reason: Reason
    subject: str
    detail: str = ""
    remedy: str = ""
    chain: tuple[str, ...] = ()


Problem.__module__ = "modulepickle"  # here, since a NamedTuple's body has fields and methods alone


class PackagingError(pickle.PicklingError):
    """Something that `dumps` was asked to ship cannot be shipped.

    The message has all problems, grouped by reason.

    Attributes:
        problems: Every `Problem` that was found, once, in the order of discovery.
    """

    __module__ = "modulepickle"

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        # `args` is what exceptions are pickled and copied from: the problems, not the message.
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return all problems, grouped by reason."""
        groups: dict[Reason, list[Problem]] = {}
        for problem in self.problems:
            groups.setdefault(problem.reason, []).append(problem)
        return "\n\n".join(_group(reason, group) for reason, group in groups.items())


class StaleSourceWarning(UserWarning):
    """A function or class was edited on disk after its import. The file is what travels (R5)."""

    __module__ = "modulepickle"


class ShippingWarning(UserWarning):
    """Something that `dumps` ships will probably not work on the receiver, or has no effect (R15).

    Each is given once for each process and subject, and says who leads there and what to type. With
    `Policy(strict=True)` it is an error, a `PackagingError`, each time.
    """

    __module__ = "modulepickle"


def _group(reason: Reason, problems: list[Problem]) -> str:
    """Format the problems of one reason. The last line names the entry that has more on it."""
    entries = map(_entry, problems)
    return "\n".join([f"{reason.value}:", *entries, f"  {pointer(reason.anchor)}"])


def _entry(problem: Problem) -> str:
    """Format one problem as a list item; further lines of its detail are indented below it."""
    head, *more = problem.detail.splitlines() or [""]
    lines = [f"  * {problem.subject}: {head}" if head else f"  * {problem.subject}"]
    lines += [f"      {line}" for line in more]
    if problem.chain:
        lines.append(f"    reached by: {ARROW.join(problem.chain)}")
    if problem.remedy:
        lines.append(f"    what to do: {problem.remedy}")
    return "\n".join(lines)
