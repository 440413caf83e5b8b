"""The name by which pickles of release 0.1.0 look up a `PackagingError`'s parts; it never moves.

Later releases name the public `modulepickle`.
"""

from __future__ import annotations

from modulepickle._base.errors import Problem, Reason

__all__ = ["Problem", "Reason"]
