"""Two versions of one module in one process: each function keeps the code it was pickled with."""

import importlib
import subprocess
import sys
from pathlib import Path

import prices

import modulepickle


def edit(old, new):
    path = Path(prices.__file__)
    path.write_text(path.read_text().replace(old, new))
    importlib.invalidate_caches()
    importlib.reload(prices)


Path("old.pickle").write_bytes(modulepickle.dumps(prices.tea))
edit("TEA = 3", "TEA = 3.5")
Path("new.pickle").write_bytes(modulepickle.dumps(prices.tea))
edit("TEA = 3.5", "TEA = 3")

RECEIVER = """
import pickle

old, new = (pickle.load(open(name, "rb")) for name in ("old.pickle", "new.pickle"))
print("old:", old())
print("new:", new())
print("old:", old())
"""
subprocess.run([sys.executable, "-I", "-S", "-c", RECEIVER], check=True)
