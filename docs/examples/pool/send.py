"""A pool whose workers run what is in the files now, edits included."""

import importlib
import multiprocessing
from pathlib import Path

import rates

import modulepickle


def edit(old, new):
    path = Path(rates.__file__)
    path.write_text(path.read_text().replace(old, new))
    importlib.invalidate_caches()
    importlib.reload(rates)


if __name__ == "__main__":
    modulepickle.extend_multiprocessing()
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        print("before:", pool.map(rates.convert, [1, 2, 3]))
        edit("RATE = 2", "RATE = 10")
        print("after: ", pool.map(rates.convert, [1, 2, 3]))
        print("lambda:", pool.map(lambda x: rates.convert(x) + 1, [1, 2, 3]))
    edit("RATE = 10", "RATE = 2")
