"""The demonstration: two versions of a package in one process, each importing its own files.

Outside API: `demo`, which yields what it has to say, line by line; `DemoError`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from modulepickle._run.outcome import NotRun, written

__all__ = ["DemoError", "demo"]

FUNCTION: Final = """\
def quote(item):
    from shop.prices import PRICES  # an import inside the function: it happens later, elsewhere
    return f"{item}: {PRICES[item]}"
"""

VERSIONS: Final = ("""PRICES = {"tea": "3 euros"}\n""", """PRICES = {"tea": "4 euros"}\n""")

SENDER: Final = """\
import sys
import modulepickle, shop
sys.stdout.buffer.write(modulepickle.dumps(shop.quote))
"""

RECEIVER: Final = """\
import pickle, sys
for name in ("shop", "modulepickle"):
    try:
        __import__(name)
        sys.exit("this interpreter is not bare: it has " + name)
    except ImportError:
        pass
old, new = (pickle.load(open(path, "rb")) for path in sys.argv[1:])
for name, function in (("old", old), ("new", new), ("old", old)):
    print(f'{name}("tea") -> {function("tea")!r}')
"""


class DemoError(NotRun):
    """A process of the demonstration failed; the message has what it wrote."""


def demo(data: dict[str, Any]) -> Iterator[str]:
    """Write a small project, pickle it before and after an edit, and run both in one process.

    Args:
        data: gets what is found, in its lists `pickles` and `calls`.
    """
    with written():
        folder = tempfile.TemporaryDirectory(prefix="modulepickle-demo-")
    with folder as place:
        tree, empty = Path(place, "project"), Path(place, "empty")
        with written():
            (tree / "shop").mkdir(parents=True)
            empty.mkdir()
            (tree / "shop" / "__init__.py").write_text(FUNCTION, encoding="utf-8")
        yield "A project, shop/__init__.py:"
        yield from _indented(FUNCTION)
        pickles = []
        for number, prices in enumerate(VERSIONS, 1):
            pickles.append(str(Path(place, f"{number}.pickle")))
            with written():
                (tree / "shop" / "prices.py").write_text(prices, encoding="utf-8")
            pickled = _pickled(tree)
            with written():
                Path(pickles[-1]).write_bytes(pickled)
            size = len(pickled)
            data["pickles"].append({"version": number, "source": prices.strip(), "bytes": size})
            yield f"Version {number}, where {prices.strip()}: a pickle of {size:,} bytes"
        yield ""
        yield "Both in one bare interpreter, which has neither shop nor modulepickle:"
        said = _output([sys.executable, "-I", "-S", "-c", RECEIVER, *pickles], empty).decode()
        for line in said.splitlines():
            call, _, result = line.partition(" -> ")
            data["calls"].append({"call": call, "result": result})
        yield from _indented(said)


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"    {line}"


def _pickled(tree: Path) -> bytes:
    """Pickle the project's function, in a process that works in its folder."""
    library = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.append({library!r})\n{SENDER}"
    return _output([sys.executable, "-c", code], tree)


def _output(command: list[str], folder: Path) -> bytes:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # two edits within one second
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode:
        shown = done.stderr.decode("utf-8", "replace")
        raise DemoError(f"the demonstration failed:\n{shown}")
    return done.stdout
