"""What will probably not work, as far as names and policies show it (R15, "Loud sending").

Nobody can know what a receiver has. But what is neither in the working tree, nor of an installed
distribution, nor the standard library's, is a file that somebody put somewhere on this machine.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache

from modulepickle._base.errors import Problem, Reason
from modulepickle._local.distributions import distribution
from modulepickle._local.finder import IMPORTABLE, STANDARD_NAMES, Finder, TopLevelName
from modulepickle._local.patterns import is_plain
from modulepickle._local.policy import NEVER
from modulepickle._local.tree import INSTALLATIONS, in_standard_library
from modulepickle._local.zipped import archive_of

__all__ = ["by_name", "why_not_included", "without_effect"]


# --- what goes by name ----------------------------------------------------------------------------


def by_name(name: str, finder: Finder) -> Problem | None:
    """Return the warning about a module that goes by name, or None if a receiver may have it.

    Args:
        name: dotted. finder: says that it is not local.

    Returns:
        A problem whose reason is `GONE` if a receiver cannot have it.
    """
    top = name.partition(".")[0]
    found = finder.top(top)
    if not found.is_installed or not found.places or top in NEVER or finder.policy.excludes(name):
        return None
    if found.doubt is ...:  # the answer for one state of `sys.modules`, as all that is kept there
        found.doubt = _doubt(top, found, finder)
    return found.doubt  # type: ignore[return-value]


def _doubt(name: str, top: TopLevelName, finder: Finder) -> Problem | None:
    reals = [os.path.normcase(os.path.realpath(place)) for place in top.places]
    if any(map(_is_installed, reals)) or distribution(name) is not None:
        return None
    place, real = top.places[0], reals[0]
    cure = f'exclude = ["{name}"], if receivers have it'
    archive = archive_of(os.path.abspath(place))
    if archive is not None:
        place, real = archive, os.path.normcase(os.path.realpath(archive))
    if not os.path.exists(real):
        if not finder.tree.has(place, real):
            return None  # whatever made it calls it so
        detail = f"its file {place} is gone since it was imported here"
        remedy = "put the file back, or start again without it"
        return Problem(Reason.GONE, f"`{name}`", detail, remedy)
    if finder.tree.has(place, real):
        return None  # a namespace package: what of it is here travels with what it holds
    detail = (
        f"it goes by name, since {place} is neither in your working tree nor part of an"
        " installed distribution, so a receiver will not find it"
    )
    remedy = f'ship it: Policy(include=("{name}",)), or include = ["{name}"] under'
    remedy += f" [tool.modulepickle] in pyproject.toml; or {cure}"
    return Problem(Reason.BY_NAME, f"`{name}`", detail, remedy)


def _is_installed(real: str) -> bool:
    """Tell whether a real path is where installers put things."""
    if not INSTALLATIONS.isdisjoint(real.split(os.sep)) or in_standard_library(real):
        return True
    return real.startswith(_prefixes())


@cache
def _prefixes() -> tuple[str, ...]:
    """Return the folders of this Python, and of the one that its environment is made from."""
    prefixes = {sys.prefix: None, sys.base_prefix: None, sys.exec_prefix: None}
    folders = (os.path.join(each, name) for each in prefixes for name in ("lib", "lib64", "share"))
    return tuple(os.path.normcase(os.path.realpath(each)) + os.sep for each in folders)


# --- policies -------------------------------------------------------------------------------------


def without_effect(finder: Finder) -> Iterator[Problem]:
    """Yield the entries of a policy, names without wildcards, that do nothing here.

    What wildcards match depends on what is sent; only a report can tell (`explain`).
    """
    policy = finder.policy
    for field in ("include", "exclude", "by_value"):
        for name in filter(is_plain, getattr(policy, field)):
            why = why_not_included(name, finder) if field == "include" else _missing(name, finder)
            if why:
                key = field.replace("_", "-")
                subject = f'{field} "{name}"'
                remedy = f"correct it, or take it out of Policy({field}=...) or {key} = [...]"
                yield Problem(Reason.NO_EFFECT, subject, f"it has no effect: {why}", remedy)


def why_not_included(name: str, finder: Finder) -> str:
    """Return why a module is not shipped that is to be; "" if it is."""
    top = name.partition(".")[0]
    if top == "modulepickle":
        return "modulepickle never travels, and receivers need none of it"
    if top in NEVER:
        return "the script is not a package; its functions and classes go by value"
    if finder.policy.excludes(name):
        return "exclude names it as well, and wins"
    if finder.package(name) is not None:
        return ""
    found = finder.top(top)
    # Python 3.9 does not tell all standard names: only their files do.
    is_standard = top in STANDARD_NAMES or any(map(_is_standard, found.places))
    if is_standard and not found.is_installed:
        return "the standard library is everywhere, and never shipped"
    if not found.places:
        return _missing(name, finder) or "no file of that module is known here"
    return f'a package travels whole: write include "{top}"' if name != top else ""


def _is_standard(place: str) -> bool:
    return in_standard_library(os.path.normcase(os.path.realpath(place)))


def _missing(name: str, finder: Finder) -> str:
    """Return that there is no module of a name here, and what may be meant; "" if there is."""
    top, _, rest = name.partition(".")
    found = finder.top(top)
    if top in NEVER or top in STANDARD_NAMES or name in sys.modules:
        return ""
    if not found.places and top not in sys.modules:
        return f"there is no module of that name here{_close(top, _names(finder))}"
    package = finder.package(name)
    folders = () if package is None or not package.is_package else package.paths
    inside = name[len(package.name) + 1 :] if package is not None else ""
    if not folders or not inside or any(_has(folder, inside) for folder in folders):
        return ""
    above = [os.path.join(folder, *inside.split(".")[:-1]) for folder in folders]
    import pkgutil  # not at the top: it is needed for messages only

    near = [each.name for each in pkgutil.iter_modules(above)]
    return f"{package.name} has no such module{_close(rest.rpartition('.')[2], near)}"  # type: ignore[union-attr]


def _has(folder: str, inside: str) -> bool:
    path = os.path.join(folder, *inside.split("."))
    return os.path.isdir(path) or any(os.path.exists(path + suffix) for suffix in IMPORTABLE)


def _names(finder: Finder) -> Iterable[str]:
    """Return the names of the user's own top-level modules."""
    import pkgutil

    path: list[object] = [*sys.path]
    entries = [each or os.curdir for each in path if isinstance(each, str)]
    mine = [each for each in entries if finder.tree.holds(os.path.realpath(each))]
    return [each.name for each in pkgutil.iter_modules(mine)]


def _close(name: str, names: Iterable[str]) -> str:
    import difflib  # not at the top: it is needed for this message only

    close = difflib.get_close_matches(name, [*names], 1, 0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
