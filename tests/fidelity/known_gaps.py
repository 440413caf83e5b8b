"""What does not yet give the native answer: (case, mode), or (case, mode, Python).

Made by `python tests/fidelity/report.py --write`. A test fails for what is not in it, and
for what is in it and holds.
"""

GAPS: "set[tuple[str, ...]]" = set()
