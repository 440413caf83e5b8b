"""A module that is edited while the pool runs."""

RATE = 2


def convert(amount):
    """Return an amount in the other currency."""
    return RATE * amount
