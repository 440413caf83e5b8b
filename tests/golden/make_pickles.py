"""Make golden pickles: what one state of the library writes, kept for all later ones to read.

    python tests/golden/make_pickles.py CHECKOUT NAME

CHECKOUT is a checkout of the library, of whatever state; NAME is the folder beside this script that
is written anew. It needs Python 3.11, since some of the pickles hold its bytecode, and nothing
else. The same checkout gives the same bytes.

The trees below are two versions of one working tree. They and the script stay as they are: folders
that are here were made from them, and `test_golden.py` compares versions by digest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
PYTHON: Final = (3, 11)

TREE: Final = '''
=== shop/__init__.py
"""The {version} prices of a shop."""

from pathlib import Path

from shop.items import Colour, Item, Order

VERSION = "{version}"
calls = []


def price(item, count=1):
    from units import UNIT

    calls.append(item)
    return f"{{count * item.price}} {{UNIT}}, {{VERSION}}, {{len(calls)}}"


def data():
    return (Path(__file__).parent / "list.txt").read_text()
=== shop/items.py
from dataclasses import dataclass
from enum import Enum


class Colour(Enum):
    RED = 1
    GREEN = 2


@dataclass
class Item:
    name: str
    price: int

    def raised(self):
        from shop import VERSION

        return Item(f"{{self.name}}, {{VERSION}}", self.price + 1)


class Order:
    def __init__(self, items, colour):
        self.items, self.colour = items, colour

    def total(self):
        return sum(item.price for item in self.items)
=== shop/list.txt
tea, {version}
=== units.py
UNIT = "{version} euros"
=== acme/tools/__init__.py
def twice(x):
    from acme.tools import more

    return more.PREFIX + str(2 * x)
=== acme/tools/more.py
PREFIX = "{version} "
'''

SCRIPT: Final = '''
import dataclasses
import enum
import functools
import operator
import os
import pathlib
import pickle
import sys

import acme.tools
import modulepickle
import shop
from shop import Colour, Item, Order

# The name of the host stands in what is kept in a store.
os.uname = lambda: os.uname_result(("Linux", "sender", "", "", ""))

STORE = pathlib.Path("store")  # relative, as no absolute path would be there on every machine


class Basket(dict):
    kind = "basket"

    def __init__(self, *items):
        super().__init__((item.name, item) for item in items)

    def total(self):
        return shop.price(Item("all", sum(item.price for item in self.values())))


@dataclasses.dataclass
class Box:
    size: int
    items: list = dataclasses.field(default_factory=list)

    def volume(self):
        return self.size**3


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2

    def larger(self):
        return Size.LARGE


def make(count):
    total = [0]

    def closure(item):
        total[0] += count
        return shop.price(item, total[0])

    return closure


def keep(digest, data):
    """A store that is no class of ours: its pickles name the standard library alone."""
    STORE.mkdir(exist_ok=True)
    path = STORE / digest.hex()
    path.write_bytes(data)
    return functools.partial(operator.methodcaller("read_bytes"), path)


def directory():
    store = modulepickle.stores.directory(STORE)
    store.path = STORE
    return store


def problem():
    reason = modulepickle.Reason.TOO_LARGE
    return modulepickle.Problem(reason, "shop", "70 bytes", "leave it out", ("f", "package shop"))


KEY = b"golden pickles, 32 bytes of key."
CASES = {
    "function": shop.price,
    "instance": Item("tea", 3),
    "order": Order([Item("tea", 3), Item("milk", 1)], Colour.GREEN),
    "class": Item,
    "module": shop,
    "namespace": acme.tools.twice,
    "namespace-module": acme,
    "by-value-lambda": lambda item: shop.price(item, 2),
    "by-value-closure": make(5),
    "by-value-class": Basket,
    "by-value-instance": Basket(Item("tea", 3), Item("milk", 1)),
    "by-value-dataclass": Box(2, [Item("tea", 3)]),
    "by-value-enum": Size.SMALL,
    "preload": modulepickle.preload(shop),
    "wrap": modulepickle.wrap(shop.price),
}


def write(name, data):
    pathlib.Path(sys.argv[1], name).write_bytes(data)


for name, obj in CASES.items():
    plain = name in ("preload", "wrap")  # for picklers that are not ours
    write(f"{name}.pickle", pickle.dumps(obj) if plain else modulepickle.dumps(obj))
for protocol in range(6):
    write(f"protocol-{protocol}.pickle", modulepickle.dumps((shop.price, Item("tea", 3)), protocol))
buffers = []
write("out-of-band.pickle", modulepickle.dumps(shop.price, 5, buffer_callback=buffers.append))
for index, buffer in enumerate(buffers):
    write(f"out-of-band.{index}.buffer", buffer.raw())
write("store-text.pickle", modulepickle.dumps(shop.price, store=directory()))
write("store-callable.pickle", modulepickle.dumps(shop.price, store=keep))
write("signed.pickle", modulepickle.dumps(shop.price, key=KEY))
# What is pickled of the library itself, by name.
write("packaging-error.pickle", pickle.dumps(modulepickle.PackagingError([problem()])))
write("warning.pickle", pickle.dumps(modulepickle.StaleSourceWarning("edited")))
write("policy.pickle", pickle.dumps(modulepickle.Policy(exclude=("secret",), max_bytes=99)))
'''


def write_tree(folder: Path, version: str) -> None:
    """Write one version of the working tree, and the script, into a folder."""
    names = {}
    for part in TREE.format(version=version).split("=== ")[1:]:
        name, _, text = part.partition("\n")
        names[name] = text
    for name, text in {**names, "send.py": SCRIPT}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def make(checkout: Path, target: Path, version: str) -> None:
    """Write the pickles of one version of the tree into a new folder."""
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder), version)
        subprocess.run(
            [sys.executable, "-W", "error", "send.py", str(target)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(checkout / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
            check=True,
        )
        shutil.copytree(Path(folder, "store"), target / "store")


def main(checkout: Path, target: Path) -> None:
    """Write the pickles of both versions into a folder, in place of what is there."""
    if sys.version_info[:2] != PYTHON:
        raise SystemExit("golden pickles are made by Python {}.{}".format(*PYTHON))
    shutil.rmtree(target, ignore_errors=True)
    for version in ("old", "new"):
        make(checkout.resolve(), target / version, version)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), HERE / sys.argv[2])
