"""Ship a function, and run it in an interpreter that sees neither this folder nor any package."""

import subprocess
import sys

from shop.prices import price

import modulepickle


def total(*items):
    return sum(price(item) for item in items)


with open("total.pickle", "wb") as file:
    modulepickle.dump(total, file)

RECEIVER = """
import pickle

with open("total.pickle", "rb") as file:
    total = pickle.load(file)
print("tea and milk:", total("tea", "milk"), "euros")
"""
subprocess.run([sys.executable, "-I", "-S", "-c", RECEIVER], check=True)
