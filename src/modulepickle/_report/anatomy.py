"""What a pickle of ours is made of: loaders, snapshots, code; found in the nodes of `opcodes`.

The patterns are those of `emit`, `functions`, `classes` and `preload`. They are read leniently,
since another release may have written the pickle: a loader is an `eval`, or what `sys` has in its
place, with a compressed text and a name that begins with `_modulepickle_`, and the rest is called
on what it returns.

Outside API: `Anatomy`, and the parts in it.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from modulepickle._loader.emit import FETCHED, FETCHED_BY_TEXT, FIND, INSTALL
from modulepickle._pickler.stored import store_of
from modulepickle._report.opcodes import Call, Global, Items, Machine

__all__ = ["Anatomy", "Code", "Definition", "Loader", "Snapshot"]

PREFIX: Final = "_modulepickle_"
LOADS: Final = frozenset({"pickle.loads", "_pickle.loads", "pickle._loads"})
LOOKS: Final = frozenset({"builtins.getattr", "builtins.__import__"})
FINDER: Final = re.compile(re.escape(FIND))
"""What looks for packages in a store."""

TEXT_LIMIT: Final = 2**20
"""Bytes of a loader's text; the real one has 12,000."""


class Loader(NamedTuple):
    """A text that the pickle executes on the receiver."""

    name: str
    packed: bytes
    text: str | None
    """None if it cannot be unpacked, or is too large to be one."""
    starter: str
    """The expression that `eval` is given where the text has not been executed yet."""
    position: int

    @property
    def is_named_by_its_text(self) -> bool:
        """Tell whether the name has the begin of the text's hash, as it does in every release."""
        digest = hashlib.sha256((self.text or "").encode()).hexdigest()
        mark = self.name.rpartition("_")[2]
        return self.text is not None and len(mark) >= 6 and digest.startswith(mark)


class Snapshot(NamedTuple):
    """A call that makes a snapshot on the receiver."""

    name: str
    """Empty if only a store knows it; so is the digest, and the seal is that of the manifest."""
    digest: bytes
    archive_hash: bytes
    archive: Any
    """Bytes, or the node that stands for them."""
    requirements: dict[str, Any]
    """Top-level name -> the `Call` of a snapshot, or "distribution version"."""
    call: Call
    fetch: Any = None
    """What gets it from a store: a text, or the node of a callable. None if it is in none."""


class Code(NamedTuple):
    """A code object by value."""

    magic: bytes
    """Of the interpreter; empty for a place in a shipped module's source."""
    python: str
    size: int
    """Of the bytecode, in bytes."""
    file: str
    source: str | None
    line: int | None
    module: str | None
    """The shipped module in whose source it stands."""
    call: Call


class Definition(NamedTuple):
    """A function or class by value."""

    kind: str
    name: str
    code: Code | None
    names: tuple[str, ...]
    """Of the globals that travel with a function; of the attributes of a class."""
    position: int


class Anatomy:
    """The parts of one pickle.

    Attributes:
        loaders, snapshots, scopes, codes, definitions: in the order of the pickle. A scope is a
        snapshot without name and files: what the functions of a script import. shipped: things
        that travel in snapshots, "module.path" -> the snapshot's call. nested: pickles in the
        pickle, with their positions. plumbing: ids of the calls that find or make a loader, or find
        what is in a store. evaluated: texts that it evaluates for other ends.
    """

    def __init__(self, machine: Machine) -> None:
        self.loaders: list[Loader] = []
        self.snapshots: list[Snapshot] = []
        self.scopes: list[Snapshot] = []
        self.codes: list[Code] = []
        self.definitions: list[Definition] = []
        self.shipped: dict[str, Call] = {}
        self.nested: list[tuple[bytes, int]] = []
        self.plumbing: set[int] = set()
        self._loaders: set[int] = set()
        self.evaluated: list[str] = []
        self._finders: set[int] = set()
        self._tools: dict[int, str] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._codes: dict[int, Code] = {}
        self._machine = machine
        for call in machine.calls:
            self._look(call)
        self._requirements()
        self.definitions += (each for call in machine.calls for each in self._defined(call))

    def _look(self, call: Call) -> None:
        function, args = call.function, _args(call)
        if isinstance(function, Global):
            self._look_at_global(call, repr(function), args)
        elif _is_hook(function):
            self._look_at_global(call, "builtins.eval", args)
        elif id(function) in self._loaders:
            if len(args) == 1 and type(args[0]) is str:
                self._tools[id(call)] = args[0]
                self.plumbing.add(id(call))
            elif len(args) >= 4 and [*map(type, args[:3])] == [str, bytes, bytes]:
                self._snapshot(call, args)
        elif id(function) in self._finders:
            self._look_in_store(call, args)
        elif id(function) in self._snapshots and args and type(args[0]) is str:
            self.shipped[".".join(map(str, args))] = function
        elif self._tools.get(id(function)) == "code":
            self._code(call, args)

    def _look_in_store(self, call: Call, args: tuple[Any, ...]) -> None:
        """Note a snapshot that a store has, and the texts that say how it is fetched."""
        text, names = (*args, None, None)[:2]
        names = names if isinstance(names, Items) else Items("dict", [])
        if text not in (FETCHED, FETCHED_BY_TEXT):  # those evaluate nothing but the name `f`
            self._look_at_eval(call, text)
        key, fetch = names.get("k"), names.get("f")
        if type(fetch) is str and not (type(key) is bytes and store_of(fetch)):
            self.evaluated.append(fetch)
        if type(key) is bytes:
            self._snapshots[id(call)] = made = Snapshot(
                "", b"", key, None, {}, call, names.get("f") or text
            )
            self.snapshots.append(made)

    def _look_at_eval(self, call: Call, text: Any) -> None:
        """Note what finds packages in a store, or text that the pickle evaluates by itself."""
        if type(text) is str and FINDER.fullmatch(text):
            self._finders.add(id(call))
            self.plumbing.add(id(call))
        else:
            self.evaluated.append(text if type(text) is str else "<computed>")

    def _look_at_global(self, call: Call, name: str, args: tuple[Any, ...]) -> None:
        if name == "builtins.eval" and len(args) == 2 and isinstance(args[1], Items):
            packed, inner, values = args[1].get("packed"), args[1].get("data"), args[1].values()
            names = (each for each in values if type(each) is str and each.startswith(PREFIX))
            title = next(names, "")
            if type(packed) is bytes and title:
                self._loaders.add(id(call))
                self.plumbing |= {id(each) for each in _with_inner(call)}
                made = Loader(title, packed, _unpacked(packed), _starter(args[0]), call.position)
                self.loaders.append(made)
            elif type(inner) is bytes and repr(args[1].get("loads")) in LOADS:
                self.nested.append((inner, call.position))
                if args[0] == INSTALL:
                    self.plumbing.add(id(call))
                else:
                    self._look_at_eval(call, args[0])
            else:
                self._look_at_eval(call, args[0])
        elif name in ("builtins.eval", "builtins.exec") and args:
            self._look_at_eval(call, args[0])
        elif name in LOADS and args and type(args[0]) is bytes:  # `wrap`
            self.nested.append((args[0], call.position))

    def _snapshot(self, call: Call, args: tuple[Any, ...]) -> None:
        name, digest, archive_hash, archive = args[:4]
        inner = _args(archive) if isinstance(archive, Call) else ()  # hash, name, host, fetch
        fetch = inner[3] if len(inner) == 4 else archive
        made = Snapshot(name, digest, archive_hash, archive, {}, call, fetch)
        self._snapshots[id(call)] = made
        (self.snapshots if name else self.scopes).append(made)

    def _code(self, call: Call, args: tuple[Any, ...]) -> None:
        magic, python, data, file, source, line = (*args, *[None] * 6)[:6]
        module = None
        if type(source) is tuple and source and isinstance(source[0], Call):
            module = ".".join(each for each in _args(source[0]) if type(each) is str) or None
        made = Code(
            magic if type(magic) is bytes else b"",
            python if type(python) is str else "",
            len(data) if type(data) is bytes else 0,
            file if type(file) is str else "",
            source if type(source) is str and source else None,
            line if type(line) is int else None,
            module,
            call,
        )
        self._codes[id(call)] = made
        self.codes.append(made)

    def _requirements(self) -> None:
        """Link each snapshot with what it requires: its state, or what `set_scope` is given."""
        states = [(made, state) for made in self._snapshots.values() for state in made.call.states]
        for call in self._machine.calls:
            args = _args(call)
            if self._tools.get(id(call.function)) == "set_scope" and len(args) == 2:
                made = self._snapshots.get(id(args[0]))
                states += [(made, args[1])] if made else []
        for made, state in states:
            for key, value in state.items if isinstance(state, Items) else ():
                if type(key) is str:
                    made.requirements[key] = value

    def snapshot_of(self, call: Any) -> Snapshot | None:
        """Return the snapshot that a node stands for."""
        return self._snapshots.get(id(call))

    def _defined(self, call: Call) -> Iterator[Definition]:
        """Yield the function or class that a call fills."""
        tool, args = self._tools.get(id(call.function)), _args(call)
        if tool not in ("set_function", "set_class") or len(args) != 2:
            return
        target, state = args
        parts = state if type(state) is tuple else ()
        if not isinstance(target, Call):
            return
        if tool == "set_function":
            attributes = parts[2] if len(parts) > 2 else None
            code = self._codes.get(id(next(iter(_args(target)), None)))
            name = _own_name(attributes) or _name_in(code)
            names = _keys(parts[0]) if parts else ()
            yield Definition("function", name, code, names, target.position)
        else:
            space = next((each for each in reversed(_args(target)) if _is_space(each)), None)
            name = space.get("__qualname__") if space is not None else ""
            names = _keys(parts[1]) if len(parts) > 1 else ()
            yield Definition("class", name, None, names, target.position)

    def foreign(self) -> list[Global]:
        """Return the globals of which something is made, or that are data: not the loader's own."""
        mentioned: set[str] = set()
        todo: list[Any] = [self._machine.result]
        for call in self._machine.calls:
            if id(call) not in self.plumbing:
                todo += [call.function, call.args, *call.states, *call.items]
        seen: set[int] = set()
        while todo:
            node = todo.pop()
            if isinstance(node, Global):
                mentioned.add(repr(node))
            elif isinstance(node, (tuple, Items)) and id(node) not in seen:
                seen.add(id(node))
                todo += node.items if isinstance(node, Items) else node
        unique = {repr(each): each for each in reversed(self._machine.globals)}
        return [each for name, each in reversed([*unique.items()]) if name in mentioned]


def _args(call: Call) -> tuple[Any, ...]:
    return call.args if type(call.args) is tuple else ()


def _is_hook(node: Any) -> bool:
    """Tell whether a node is `getattr(sys, name, eval)`, with the name of a loader."""
    name, default = (*(_args(node) if isinstance(node, Call) else ()), "", "", "")[1:3]
    return type(name) is str and name.startswith(PREFIX) and repr(default) == "builtins.eval"


def _with_inner(call: Call) -> Iterator[Call]:
    """Yield the call that executes a loader, and those that look for it: `getattr(sys, ...)`."""
    todo = [call]
    for each in todo:  # grows as it is read
        yield each
        inner = (arg for arg in (each.function, *_args(each)[:1]) if isinstance(arg, Call))
        todo += (arg for arg in inner if repr(arg.function) in LOOKS)


def _starter(node: Any) -> str:
    """Return the third argument of `getattr(sys, name, text)`."""
    text = _args(node)[2:3] if isinstance(node, Call) else (node,)
    return text[0] if text and type(text[0]) is str else ""


def _unpacked(packed: bytes) -> str | None:
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(packed, TEXT_LIMIT)
        return text.decode() if inflate.eof else None
    except (zlib.error, UnicodeDecodeError):
        return None


def _keys(node: Any) -> tuple[str, ...]:
    if not isinstance(node, Items) or node.kind != "dict":
        return ()
    return tuple(key for key, _ in node.items if type(key) is str)


def _is_space(node: Any) -> bool:
    return isinstance(node, Items) and type(node.get("__qualname__")) is str


def _own_name(attributes: Any) -> str:
    found = attributes.get("__qualname__") if isinstance(attributes, Items) else None
    return found if type(found) is str else ""


def _name_in(code: Code | None) -> str:
    """Return the name in the source of a `def`; bytecode is not unmarshalled to look for it."""
    words = (code.source if code is not None and code.source else "").split(None, 3)
    if words[:1] == ["async"]:
        del words[0]
    if words[:1] == ["def"]:
        return words[1].partition("(")[0]
    return "<lambda>" if words and words[0].startswith("lambda") else ""
