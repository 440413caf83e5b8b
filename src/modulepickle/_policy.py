"""The name by which pickles of release 0.1.0 look up a `Policy`; it never moves.

Later releases name the public `modulepickle`.
"""

from __future__ import annotations

from modulepickle._local.policy import Policy

__all__ = ["Policy"]
