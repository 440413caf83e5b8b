"""A function of which there are many tasks."""


def square(x):
    """Return a square."""
    return x * x
