"""Write `docs/api.md`: the public names in groups, each with the first line of its docstring."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]

HEAD: Final = """\
# API

`help(modulepickle)` and `help(modulepickle.dumps)` say the same at a prompt. What begins with an
underscore is not for users, and may change. This page is made from the docstrings, by
`tests/tools/api_page.py`.
"""

GROUPS: Final = {
    "As in pickle": (
        "dump", "dumps", "load", "loads", "Pickler", "Unpickler", "PickleBuffer", "PickleError",
        "PicklingError", "UnpicklingError", "DEFAULT_PROTOCOL", "HIGHEST_PROTOCOL",
    ),
    "What travels": (
        "Policy", "get_policy", "set_policy", "register_pickle_by_value",
        "unregister_pickle_by_value", "list_registry_pickle_by_value", "hold",
    ),
    "Looking": ("explain", "inspect", "requirements", "Report"),
    "Stores": ("get_store", "set_store", "Store"),
    "Frameworks": (
        "extend", "extend_cloudpickle", "extend_dask", "extend_dill", "extend_ipyparallel",
        "extend_mpi4py", "extend_multiprocessing", "extend_pyspark", "extend_ray", "preload",
        "wrap",
    ),
    "Errors and warnings": (
        "PackagingError", "Problem", "Reason", "ShippingWarning", "StaleSourceWarning",
    ),
}  # fmt: skip

MODULES: Final = {
    "modulepickle.stores": ("directory", "fsspec"),
    "modulepickle.test": ("test", "DockerError"),
}

OF_PICKLE: Final = {
    "Unpickler", "PickleBuffer", "PickleError", "PicklingError", "UnpicklingError",
    "DEFAULT_PROTOCOL", "HIGHEST_PROTOCOL",
}  # fmt: skip

SAID: Final = {"Store": "The type of a store: a function that keeps bytes under a digest."}
"""Of what has no docstring of its own."""

HIDDEN: Final = {"extend": "modulepickle.extend.extend"}
"""Function -> where it is found, since a module has its name."""

WITHOUT_MEMBERS: Final = {"modulepickle.Policy", "modulepickle.hold"}
"""Classes whose methods are for the library."""

IN_FULL: Final = """
## In full

The docstrings stand here on the site, which is built by `pip install -e ".[docs]"` and
`mkdocs serve` ([Contributing](contributing.md)). Elsewhere there are only the names, and
`help(modulepickle.dumps)` shows the docstring of one.
"""


def first_line(module: Any, name: str) -> str:
    """Return what is said of a name."""
    if name in OF_PICKLE:
        return "As in `pickle`."
    return SAID.get(name) or (inspect.getdoc(getattr(module, name)) or "").splitlines()[0]


def rows(module: Any, names: tuple[str, ...]) -> str:
    """Return a table of names."""
    lines = [f"| `{name}` | {first_line(module, name)} |" for name in names]
    return "\n".join(["| name | |", "| --- | --- |", *lines])


def page() -> str:
    """Return the whole page.

    Raises:
        AssertionError: if a public name is in no group, or in two.
    """
    import modulepickle

    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(modulepickle.__all__), set(grouped) ^ {*modulepickle.__all__}
    parts = [HEAD]
    parts += [f"\n## {title}\n\n{rows(modulepickle, names)}\n" for title, names in GROUPS.items()]
    for path, names in MODULES.items():
        module = getattr(modulepickle, path.rpartition(".")[2])
        parts.append(f"\n## {path}\n\n{rows(module, names)}\n")
    shown = [name for name in grouped if name not in OF_PICKLE]
    full = [HIDDEN.get(name, f"modulepickle.{name}") for name in shown]
    full += [f"{path}.{name}" for path, names in MODULES.items() for name in names]
    return "".join([*parts, IN_FULL, *map(directive, full)])


def directive(name: str) -> str:
    """Return the line for which the site has a docstring."""
    options = "    options:\n      members: false\n" if name in WITHOUT_MEMBERS else ""
    return f"\n::: {name}\n{options}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    ROOT.joinpath("docs/api.md").write_text(page(), encoding="utf-8")
