"""What is signed, and sent."""


def greet(name):
    """Return a greeting."""
    return f"hello, {name}"
