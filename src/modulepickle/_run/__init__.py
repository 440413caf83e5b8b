"""Trying an object elsewhere: bare interpreters, containers, the demo."""
