"""R17: shipped code gives what the same code gives when it is imported.

A case (see `fidelity.case`) is a small project, described once as text, with one call. It is run
natively, where its source is, and shipped: alone; after and before another version of it; on a host
that imported an older copy; with no writable disk. Values, errors and warnings must be the native
ones each time, and the host's own modules as they were. Cases stand in `cases/`, by their kind.

    python -m pytest -m fidelity                  # all cases: oldest, running and newest Python
    python -m pytest -m fidelity -k vendored_six  # one case; what differs is printed by mode
    python -m pytest -m fidelity -k 3.9           # one Python
    python tests/fidelity/report.py               # each (case, mode, Python) that differs, a line
    python tests/fidelity/report.py -vv WORD...   # those of cases with a WORD in their names, whole
    python tests/fidelity/report.py --write       # and make known_gaps.py anew from it

What cannot be is marked in the case (`limits=`) with the words of Limits in the docs that say so.
What is not right yet stands in `known_gaps.py`; a test fails as soon as a row of it holds.
"""
