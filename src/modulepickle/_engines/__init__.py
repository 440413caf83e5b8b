"""Frameworks that pickle by themselves, one a file, and the patch that they share."""
