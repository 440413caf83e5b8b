"""The name by which a pickle finds the library in its receiver's process; it never moves (R10).

Loaders that travel in pickles look for `modulepickle._own` in `sys.modules`, and pickles of
namespace packages call its `namespace`. What they find stands in `_loader.loader.own`.
"""

from __future__ import annotations

from modulepickle._loader.received import namespace, owns

__all__ = ["namespace", "owns"]
