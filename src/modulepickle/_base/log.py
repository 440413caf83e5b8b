"""The library's log, `modulepickle`, without importing `logging` as long as nobody has.

That takes a good part of the time that importing this library takes. What is not a warning would go
nowhere in a process that never imported `logging`.

Outside API: `log`.
"""

from __future__ import annotations

import sys
from typing import Any, Final

__all__ = ["log"]


class _Log:
    """As much of a `logging.Logger` as the library uses."""

    def debug(self, message: str, *args: Any) -> None:
        self._log("debug", message, args)

    def info(self, message: str, *args: Any) -> None:
        self._log("info", message, args)

    def warning(self, message: str, *args: Any) -> None:
        import logging  # noqa: F401  # it prints warnings where nobody has set it up

        self._log("warning", message, args)

    def _log(self, level: str, message: str, args: tuple[Any, ...]) -> None:
        logging: Any = sys.modules.get("logging")
        if logging is not None:  # the record is of who called `debug`
            getattr(logging.getLogger("modulepickle"), level)(message, *args, stacklevel=3)


log: Final = _Log()
