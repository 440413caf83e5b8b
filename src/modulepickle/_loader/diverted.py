"""Lets a function of the standard library ask `registry.calls` first, whoever has imported it.

A shipped text. The function stays the object that it is, and gets other code, which bears the file
and line of the old one. What it was is in `registry.originals`.
"""

import types

from modulepickle._loader.registry import registry


def divert(function, template):
    """Give a function the code of a template that has its name and parameters."""
    old, name = function.__code__, function.__name__
    if name in registry.originals:
        return
    original = types.FunctionType(old, function.__globals__, name, function.__defaults__)
    original.__kwdefaults__ = function.__kwdefaults__
    registry.originals[name] = original
    if hasattr(old, "co_lines"):
        last = max(line for *_, line in old.co_lines() if line)
    else:  # when 3.9 goes, so does this
        last = old.co_firstlineno + sum(old.co_lnotab[1::2])
    function.__code__ = template.__code__.replace(
        co_filename=old.co_filename, co_firstlineno=last - 1
    )
