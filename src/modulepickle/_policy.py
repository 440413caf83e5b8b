"""The name by which early pickles look up a `Policy`; it never moves.

Later ones name the public `modulepickle`.
"""

from __future__ import annotations

from modulepickle._local.policy import Policy

__all__ = ["Policy"]
