"""The library's warnings while a command pickles. They are shown afterwards, as the command's.

Outside API: `heard`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from modulepickle._base.errors import ShippingWarning, StaleSourceWarning

__all__ = ["heard"]


class _Collector(logging.Handler):
    """Keeps what is logged as a warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of a record."""
        self.texts.append(record.getMessage())


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect the library's warnings; yield a list that has them after the block.

    Warnings of the user's modules are shown as usual, and a log that they have set up gets its
    records.
    """
    logger = logging.getLogger("modulepickle")
    collector = None if logger.hasHandlers() else _Collector()
    found: list[str] = []
    if collector is not None:
        logger.addHandler(collector)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ShippingWarning)
            warnings.simplefilter("always", StaleSourceWarning)
            yield found
    finally:
        if collector is not None:
            logger.removeHandler(collector)
    ours = []
    for each in caught:
        if issubclass(each.category, (ShippingWarning, StaleSourceWarning)):
            ours.append(str(each.message))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    found += dict.fromkeys([*ours, *(collector.texts if collector is not None else ())])
