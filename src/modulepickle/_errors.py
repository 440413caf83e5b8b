"""The name by which early pickles look up a `PackagingError`'s parts; it never moves.

Later ones name the public `modulepickle`.
"""

from __future__ import annotations

from modulepickle._base.errors import Problem, Reason

__all__ = ["Problem", "Reason"]
