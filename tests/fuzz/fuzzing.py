"""How long to fuzz: the same few examples with the slow tests, or MODULEPICKLE_FUZZ new ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings

EXAMPLES: Final = int(os.environ.get("MODULEPICKLE_FUZZ", "0"))
FEW: Final = 40

CALM: Final = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def fuzz(test: Callable[..., None]) -> Any:
    """Decorate a property: a slow test, of few examples or of many and without a limit of time."""
    if EXAMPLES:
        many = settings(max_examples=EXAMPLES, derandomize=False, suppress_health_check=CALM)
        return pytest.mark.timeout(0)(many(test))
    # Whoever wants the smallest example that fails lets it look for one, with no limit of time.
    whole = settings(phases=[Phase.generate], derandomize=True, database=None)
    few = settings(whole, max_examples=FEW, suppress_health_check=CALM)
    return pytest.mark.slow(few(test))
