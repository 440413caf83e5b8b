"""Where the text of a class by value is: `inspect` looks for it in the receiver's own `__main__`.

A shipped text, behind `classes`. `inspect.getfile` asks here first. For a class that came by value
it names the text that came with it, which stands in `linecache` from then on; if none came, it
raises what it raises of a class without a file. So nobody takes lines of another program for its.
"""

import inspect
import linecache
import sys
import weakref

from modulepickle._loader.classes import setter_of
from modulepickle._loader.diverted import divert
from modulepickle._loader.registry import registry

# Id of a class -> a weak reference to it, and its place: file name, text, first line, and the heads
# of what is around it. Only of those of which a text came.
PLACES = vars(registry).setdefault("places", {})


def set_source(made, place):
    """Note where a class stands: in the text that came with it."""
    key = id(made)
    if key in PLACES:
        return

    def forget(_):
        PLACES.pop(key, None)
        linecache.cache.pop(place[0], None)

    PLACES[key] = weakref.ref(made, forget), place


def lines_of(text, line, *around):
    """The lines of a file that has a class in its place, and nothing else."""
    margin = text[: len(text) - len(text.lstrip())]
    around = around or (("if True",) if margin else ())
    heads = [head + ("():\n" if head.startswith("def ") else ":\n") for head in around]
    heads = [margin[:depth] + head for depth, head in enumerate(heads)]
    blank = ["\n"] * (line - 1 - len(heads))
    return [*heads, *blank, *text.splitlines(True)]


def getfile(object):
    return sys._modulepickle_registry.calls["getfile"](object)


def file_of(object):
    """What `inspect.getfile` returns."""
    known, place = PLACES.get(id(object)) or (list, ())
    if known() is not object:
        if isinstance(object, type) and any(each is object for each in registry.received.values()):
            raise OSError("source code not available")
        return registry.originals["getfile"](object)
    name, text, line, *around = place
    if sys.version_info >= (3, 13) and "__firstlineno__" not in vars(object):  # of an older Python
        setter_of(object)(object, "__firstlineno__", line)
    if name not in linecache.cache:
        lines = lines_of(text, line, *around)
        linecache.cache[name] = sum(map(len, lines)), None, lines, name
    return name


divert(inspect.getfile, getfile)
registry.calls["getfile"] = file_of
# Last: who finds it finds all of the text.
registry.texts.setdefault(__name__, globals().get)
