"""A thousand tasks: each pickle has a digest, and the store has the package once."""

import functools
import pickle
import subprocess
import sys
from pathlib import Path

import jobs

import modulepickle

Path("store").mkdir(exist_ok=True)
store = modulepickle.stores.directory("store")
with modulepickle.hold():
    tasks = [
        modulepickle.dumps(functools.partial(jobs.square, x), store=store) for x in range(1000)
    ]
alone = len(modulepickle.dumps(functools.partial(jobs.square, 0)))
print("a task is smaller than without a store:", max(map(len, tasks)) < alone / 10)

Path("tasks.pickle").write_bytes(pickle.dumps(tasks))
RECEIVER = """
import pickle

with open("tasks.pickle", "rb") as file:
    tasks = pickle.load(file)
print("sum of all results:", sum(pickle.loads(task)() for task in tasks))
"""
subprocess.run([sys.executable, "-I", "-S", "-c", RECEIVER], check=True)
