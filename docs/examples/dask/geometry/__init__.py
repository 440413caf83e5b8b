"""A package that the workers do not have."""


class Point:
    """A point on a line."""

    def __init__(self, x):
        self.x = x


def move(point):
    """Return the next point."""
    return Point(point.x + 1)


def label(point):
    """Return a point as text."""
    from geometry.units import UNIT

    return f"{point.x} {UNIT}"
