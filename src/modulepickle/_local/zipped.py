"""Packages in a zip archive on `sys.path`, or in a zipapp that is being run: where the archive is.

Outside API: `archive_of`.
"""

from __future__ import annotations

import os

__all__ = ["archive_of"]


def archive_of(path: str) -> str | None:
    """Return the file that a path leads into, as `app.pyz` of `app.pyz/pkg`; None if none does."""
    while not os.path.exists(path):
        path, last = os.path.split(path)
        if not last:
            return None
        if os.path.isfile(path):
            return path
    return None
