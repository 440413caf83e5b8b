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
        "tests/test_cli.py::TestCLIIntegration::test_no_arguments_shows_usage_notes": INTERPRETER,
        "tests/test_cli.py::TestCLIIntegration::test_version": INTERPRETER,
        "tests/test_deprecations.py::TestDeprecations::test_cli": INTERPRETER,
    },
    "multidict": {"tests/test_multidict.py::test_multidict_torn_down_with_its_module": INTERPRETER},
    "sqlparse": {"tests/test_cli.py::test_script": INTERPRETER},
    "typing_extensions": {
        f"src/test_typing_extensions.py::{kind}::"
        "test_isinstance_results_unaffected_by_presence_of_tracing_function": INTERPRETER
        for kind in ("ParamSpecTests", "ConcatenateTests", "UnpackTests")
    },
}

_PRIVATE: Final = "it calls a private function of cloudpickle's"

CLOUDPICKLE: Final[dict[str, str]] = {
    "test_cloudpickle_extract_nested_globals": _PRIVATE,
    "test_extract_class_dict": _PRIVATE,
    "test_importing_multiprocessing_does_not_impact_whichmodule": _PRIVATE,
    "test_lookup_module_and_qualname_dynamic_typevar": _PRIVATE,
    "test_lookup_module_and_qualname_importable_typevar": _PRIVATE,
    "test_lookup_module_and_qualname_stdlib_typevar": _PRIVATE,
    "test_module_importability": _PRIVATE,
    "test_non_module_object_passing_whichmodule_test": _PRIVATE,
    "test_tornado_coroutine": "it asks for `is_tornado_coroutine`, which is deprecated",
    "test_pickling_special_file_handles": "it asks that sys.stdin is refused; it goes by name",
    "test_multiprocessing_lock_raises": "it is a PackagingError, which has the path to the lock",
    # The library's own faults, to be mended:
    "test_register_pickle_by_value": "another wording of the error",
}
"""The tests of cloudpickle 3.1.2 that fail with modulepickle in its place, by name."""
