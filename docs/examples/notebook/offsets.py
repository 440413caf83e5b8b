"""A module that the cells import."""

OFFSET = 100
