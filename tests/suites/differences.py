"""What passes natively and does not pass shipped, by id, with the reason.

Strict both ways: what is lost and not listed fails the test, and so does what is listed and not
lost. An id that ends in `*` means all that begin so.
"""

from __future__ import annotations

from typing import Final

INTERPRETER: Final = (
    "it starts a new interpreter, which has unpickled nothing and so cannot import the project"
)

DIFFERENCES: Final[dict[str, dict[str, str]]] = {
    "click": {
        "tests/test_imports.py::test_light_imports": INTERPRETER,
        "tests/test_types/test_Path.py::test_path_dash_no_byteswarning": INTERPRETER,
    },
    "dateutil": {"tests/test_imports.py::test_import_without_six": INTERPRETER},
    "jsonschema": {
        "tests/test_cli.py::TestCLIIntegration::*": INTERPRETER,
        "tests/test_deprecations.py::TestDeprecations::test_cli": INTERPRETER,
    },
    "multidict": {"tests/test_multidict.py::test_multidict_torn_down_with_its_module": INTERPRETER},
    "typing_extensions": {
        f"src/test_typing_extensions.py::{kind}::"
        "test_isinstance_results_unaffected_by_presence_of_tracing_function": INTERPRETER
        for kind in ("ParamSpecTests", "ConcatenateTests", "UnpackTests")
    },
}

_METADATA: Final = "the metadata of the user's own distribution does not travel"
_AGAIN: Final = "a module that is taken out of sys.modules, or reloaded, is not executed again"

AWAITED: Final[dict[str, str]] = {
    "attrs": _METADATA,
    "click": _METADATA,
    "dateutil": f"{_METADATA}; {_AGAIN}",
    "flask": _METADATA,
    "jsonschema": _METADATA,
    "markdown": _METADATA,
    "pydantic": _METADATA,
    "pyrsistent": _AGAIN,
    "six": "a single-file module with a `__path__` is not local",
}
"""Projects that show a fault of the library: their tests must fail until it is mended."""
