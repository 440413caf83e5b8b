"""Try a function where none of its source is: in a Docker container.

    import modulepickle.test

    modulepickle.test.test(f)

Besides the command line, this is the one module that prints, since it is there to show what goes on
in the container. pytest collects nothing here.

Outside API: `test`, `DockerError`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

from modulepickle._pickler.pickler import Pickler
from modulepickle._run.docker import DockerError, default_image, run_docker
from modulepickle._run.outcome import Outcome, pickled_call

__all__ = ["DockerError", "test"]

__test__ = False
"""Tells pytest that there is nothing to collect here."""


def test(f: Callable[[], object], image: str | None = None, pickler: Any = None) -> bool:
    """Call a function in a new Docker container, and return whether it returned there.

    The function is pickled with the packages of the working tree that it uses. The container has
    what its image has, no network, and nothing of this machine. What the function writes goes to
    `sys.stdout` as it comes, followed by its traceback if it raised, and by a line that says
    `passed` or `failed`. The container is removed, also after Ctrl-C.

    Args:
        f: A function that takes no arguments, as `functools.partial` makes one.
        image: An image of Linux with `python3` on its PATH, which is fetched if need be. By default
            the official slim image of this Python's version, such as `python:3.13-slim`.
        pickler: What pickles `f`: a pickler class, such as one that `modulepickle.extend` made, or
            a module or object with a function `dumps`. By default `modulepickle.Pickler`.

    Raises:
        DockerError: If no container could be started. The message says why, and what to type.
        PackagingError: If a local package cannot travel.
        PicklingError: As in `pickle`.
        TypeError: If `f` cannot be called.
    """
    if not callable(f):
        raise TypeError(f"test() takes a function without arguments, not {type(f).__name__}")
    image = image or default_image()
    outcome = run_docker(_pickled(f, pickler or Pickler), image, sys.stdout)
    has_returned = outcome.kind == "returned"
    if not has_returned:
        print(outcome.error or f"{outcome.ended}\n", end="")
    print(_verdict(getattr(f, "__qualname__", None) or repr(f), outcome, image), flush=True)
    return has_returned


test.__test__ = False  # type: ignore[attr-defined]  # for pytest, as in the module


def _pickled(f: object, pickler: Any) -> bytes:
    if hasattr(pickler, "dumps"):
        made: Any = pickled_call(pickler.dumps, f)
        return bytes(made)
    file = io.BytesIO()
    pickled_call(pickler(file).dump, f)
    return file.getvalue()


def _verdict(name: str, outcome: Outcome, image: str) -> str:
    if outcome.kind != "returned":
        return f"failed: {name} in {image}, see above"
    loaded = f"loaded in {outcome.milliseconds:.1f} ms"
    return f"passed: {name} in {image} returned {outcome.result}, {loaded}"
