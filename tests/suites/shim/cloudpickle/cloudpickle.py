"""The private names that cloudpickle's tests import. All but one cannot be called here."""

import types
from typing import Any, NoReturn

from modulepickle import dumps  # noqa: F401

_make_empty_cell = types.CellType


def _private(*arguments: Any, **options: Any) -> NoReturn:
    raise NotImplementedError("a private function of cloudpickle's")


_extract_class_dict = _extract_code_globals = _lookup_module_and_qualname = _private
_should_pickle_by_reference = _whichmodule = _private
