"""Lets tracebacks show the lines of a shipped text. It stands second in each, behind `registry`."""

import sys
import zlib


class Lines:
    """Lets tracebacks show the lines of a text: `linecache` asks a frame's `__loader__`."""

    def __init__(self, packed):
        self.packed = packed

    def get_source(self, name):
        return zlib.decompress(self.packed).decode().replace("\f", "")


__loader__ = Lines(packed)  # noqa: F821  # stage 0 has it
__spec__ = type(sys.__spec__)(__name__, __loader__)
