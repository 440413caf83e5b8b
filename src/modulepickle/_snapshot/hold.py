"""`hold()`: the working tree as it was, for many tasks of one job.

Outside API: `hold`.
"""

from __future__ import annotations

import sys
from types import TracebackType

from modulepickle._base.errors import PackagingError
from modulepickle._base.held import begin, end
from modulepickle._local.policy import get_policy

__all__ = ["hold"]


class hold:
    """Freeze the working tree as it is now for all dumps of the process, until the block ends.

        with modulepickle.hold():
            futures = [executor.submit(task, each) for each in range(10_000)]

    All tasks of a job get the same code, whatever is edited meanwhile. No file is looked at again,
    which is most of the time of a `dumps` of large packages. Frozen are the packages of the working
    tree that are imported when the block begins, all that they require, and the settings in
    `pyproject.toml`. Any other package is frozen when it is first pickled in the block. This holds
    for all threads, and for the picklers of `extend_...`. Blocks can be nested: the outermost one
    counts. A process that is forked in a block stays in it.

    Raises:
        PackagingError: If the settings in `pyproject.toml` are wrong.
    """

    def __enter__(self) -> hold:
        """Begin the block."""
        if begin():
            try:
                _freeze()
            except BaseException:
                end()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the block."""
        end()


def _freeze() -> None:
    """Make the snapshots of what is imported here."""
    from modulepickle._snapshot.shipment import Shipment  # few processes need it

    shipment = Shipment(get_policy())
    names: list[object] = [*sys.modules]  # keys may be anything
    for name in names:
        package = shipment.package(name) if isinstance(name, str) else None
        if package is not None:
            try:
                shipment.ship(package)
            except PackagingError:  # raised when something of it is pickled
                pass
