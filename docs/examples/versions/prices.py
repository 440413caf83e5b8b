"""A module of which there will be two versions."""

TEA = 3


def tea():
    """Return what a tea costs."""
    return f"{TEA} euros"
