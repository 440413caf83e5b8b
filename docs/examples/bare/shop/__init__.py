"""A package that only the sender has."""
