"""The parts of a pickle of ours: loaders, snapshots, code. They are found in the nodes of
`machine`.

The patterns are those of `emit`, `functions`, `classes` and `preload`. They are read leniently,
since another release may have written the pickle: a loader is a call of `eval`, or of what `sys`
has in its place, with a compressed text and a name that begins with `_modulepickle_`, and all else
is called on what it returns. `releases` tells whether a loader is one of ours, word for word.

Outside API: `Anatomy`, and the parts in it; `args_of`, `is_sys`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from modulepickle._loader.emit import FETCHED, FETCHED_BY_TEXT, INSTALL
from modulepickle._pickler.stored import store_of
from modulepickle._report.budget import Budget
from modulepickle._report.machine import Machine
from modulepickle._report.nodes import LONG, Call, Global, Items, called_name
from modulepickle._report.releases import FINDERS, release_of

__all__ = ["Anatomy", "Code", "Definition", "Loader", "Snapshot", "args_of", "is_sys"]

PREFIX: Final = "_modulepickle_"
IMPORTERS: Final = frozenset({"builtins.__import__", "importlib.import_module"})
LOADS: Final = frozenset({"pickle.loads", "_pickle.loads", "pickle._loads"})

TEXT_LIMIT: Final = 2**20
"""Bytes of a loader's text. The real ones have some 70,000."""

COMPILERS_OWN: Final = frozenset({"__firstlineno__", "__static_attributes__"})
"""What Python adds to the names of a class statement, from 3.13 on."""

PARTS: Final = 20
"""How many arguments of a call are looked at: no call of ours has more."""


class Loader(NamedTuple):
    """A text that the pickle executes on the receiver.

    Attributes:
        text: None if it cannot be unpacked, or is too large for a loader. release: what
        `release_of` returns. position: in bytes.
    """

    name: str
    packed: bytes
    text: str | None
    release: str
    position: int


class Snapshot(NamedTuple):
    """A call that makes a snapshot on the receiver.

    Attributes:
        name: empty if only a store knows it; then the digest is empty as well, and the archive hash
        is that of the manifest. archive: bytes, or the node that stands for them. requirements:
        top-level name -> the `Call` of a snapshot, or "distribution version". fetch: what gets it
        from a store: a text, or the node of a callable; None if it is not in a store.
    """

    name: str
    digest: bytes
    archive_hash: bytes
    archive: Any
    requirements: dict[str, Any]
    call: Call
    fetch: Any = None


class Code(NamedTuple):
    """A code object by value.

    Attributes:
        magic: of the interpreter; empty for a place in a shipped module's source. data: the
        bytecode. source: what another Python compiles; place: the arguments behind it. module: the
        shipped module in whose source it stands.
    """

    magic: bytes
    python: str
    data: bytes
    file: str
    source: str | None
    place: tuple[Any, ...]
    module: str | None
    call: Call

    @property
    def line(self) -> int | None:
        """The line of its file in which the source begins."""
        return self.place[0] if self.place and type(self.place[0]) is int else None


class Definition(NamedTuple):
    """A function or class by value.

    Attributes:
        names: of the globals that travel with a function; of the attributes of a class.
        is_of_module: whether a module that travels or is installed has the globals of a function.
    """

    kind: str
    name: str
    code: Code | None
    names: tuple[str, ...]
    position: int
    is_of_module: bool = False


class Anatomy:
    """The parts of one pickle.

    Attributes:
        loaders, snapshots, scopes, codes, definitions: in the order of the pickle. A scope is a
        snapshot without name and files: what the functions of a script import. shipped: things
        that travel in snapshots, "module.path" -> the snapshot's call. nested: pickles in the
        pickle, with their positions. tools: id of a call -> the function of a loader that it looks
        up. plumbing: ids of the calls that find or make a loader, or find something in a store.
        evaluated: texts that it evaluates for any other purpose.
    """

    def __init__(self, machine: Machine, budget: Budget) -> None:
        self.loaders: list[Loader] = []
        self.snapshots: list[Snapshot] = []
        self.scopes: list[Snapshot] = []
        self.codes: list[Code] = []
        self.definitions: list[Definition] = []
        self.shipped: dict[str, Call] = {}
        self.nested: list[tuple[bytes, int]] = []
        self.tools: dict[int, str] = {}
        self.plumbing: set[int] = set()
        self.evaluated: list[str] = []
        self.made_by_loader: set[int] = set()
        self._finders: set[int] = set()
        self._snapshots: dict[int, Snapshot] = {}
        self._codes: dict[int, Code] = {}
        self._texts: dict[bytes, str | None] = {}
        self._machine, self._budget = machine, budget
        for call in machine.calls:
            self._look(call)
        self._requirements()
        self.definitions += (each for call in machine.calls for each in self._defined(call))

    def _look(self, call: Call) -> None:
        function, args = call.function, args_of(call)
        if isinstance(function, Global):
            self._look_at_global(call, repr(function), args)
        elif _is_hook(function):
            self._look_at_eval(call, args)
        elif id(function) in self.made_by_loader:
            if len(args) == 1 and type(args[0]) is str:
                self.tools[id(call)] = args[0]
                self.plumbing.add(id(call))
            elif len(args) >= 4 and [*map(type, args[:3])] == [str, bytes, bytes]:
                self._snapshot(call, args)
        elif id(function) in self._finders:
            self._look_in_store(call, args)
        elif id(function) in self._snapshots:
            if args and all(type(each) is str for each in args):
                self.shipped.setdefault(".".join(args)[:LONG], function)
        elif self.tools.get(id(function)) == "code":
            self._code(call, args)

    def _look_at_global(self, call: Call, name: str, args: tuple[Any, ...]) -> None:
        if name == "builtins.eval":
            self._look_at_eval(call, args)
        elif name == "builtins.exec" and args:
            self._evaluates(args[0])
        elif name in LOADS and args and type(args[0]) is bytes:  # `wrap`
            self.nested.append((args[0], call.position))

    def _look_at_eval(self, call: Call, args: tuple[Any, ...]) -> None:
        """Note a loader, a function of `preload`, a look in a store, or text that is evaluated."""
        expression, names = (*args[:2], None, None)[:2]
        known = names.names() if isinstance(names, Items) else {}
        title = next((known[key] for key in ("__name__", "N", "n") if key in known), "")
        packed = known.get("packed", known.get("z"))
        if type(title) is str and title.startswith(PREFIX) and type(packed) is bytes:
            self._loader(call, title, packed, names)
        elif type(expression) is str and expression == INSTALL and _installs(names):
            self.plumbing.add(id(call))
            self.nested.append((known["data"], call.position))
        elif type(expression) is str and expression in FINDERS and names is None:
            self._finders.add(id(call))
            self.plumbing.add(id(call))
        else:
            data = known.get("data")
            if type(data) is bytes and called_name(known.get("loads")) in LOADS:
                self.nested.append((data, call.position))
            self._evaluates(expression)

    def _evaluates(self, text: Any) -> None:
        self.evaluated.append(text if type(text) is str else "<computed>")

    def _loader(self, call: Call, title: str, packed: bytes, names: Items) -> None:
        expression, inner = _starter(call.function, args_of(call)[0])
        self.made_by_loader.add(id(call))
        self.plumbing |= {id(call), *map(id, inner)}
        if packed not in self._texts:
            self._texts[packed] = self._unpacked(packed)
        given = tuple(key if type(key) is str else "" for key, _ in names.items[:PARTS])
        text = self._texts[packed]
        release = release_of(title, text, expression, given)
        self.loaders.append(Loader(title[:LONG], packed, text, release, call.position))

    def _unpacked(self, packed: bytes) -> str | None:
        if not self._budget.take("unpacked", min(TEXT_LIMIT, 1_100 * len(packed))):
            return None
        inflate = zlib.decompressobj()
        try:
            text = inflate.decompress(packed, TEXT_LIMIT)
            return text.decode() if inflate.eof else None
        except (zlib.error, UnicodeDecodeError):
            return None

    def _look_in_store(self, call: Call, args: tuple[Any, ...]) -> None:
        """Note a snapshot in a store, and the texts that fetch it."""
        text, names = (*args[:2], None, None)[:2]
        names = names if isinstance(names, Items) else Items("dict")
        is_ours = type(text) is str and text in (FETCHED, FETCHED_BY_TEXT)
        if not is_ours or [key for key, _ in names.items[:3]] != ["k", "f"]:
            self._evaluates(text)  # ours evaluate only the name `f`
        key, fetch = names.get("k"), names.get("f")
        if type(fetch) is str and not (type(key) is bytes and store_of(fetch)):
            self._evaluates(fetch)
        if type(key) is bytes:
            made = Snapshot("", b"", key, None, {}, call, fetch or text)
            self._snapshots[id(call)] = made
            self.snapshots.append(made)

    def _snapshot(self, call: Call, args: tuple[Any, ...]) -> None:
        name, digest, archive_hash, archive = args[:4]
        inner = args_of(archive) if isinstance(archive, Call) else ()  # hash, name, host, fetch
        fetch = inner[3] if len(inner) == 4 else archive
        made = Snapshot(name[:LONG], digest, archive_hash, archive, {}, call, fetch)
        self._snapshots[id(call)] = made
        (self.snapshots if name else self.scopes).append(made)

    def _code(self, call: Call, args: tuple[Any, ...]) -> None:
        magic, python, data, file, source = (*args[:5], *[None] * 5)[:5]
        module = None
        if type(source) is tuple and source and isinstance(source[0], Call):
            names = (each for each in args_of(source[0])[:PARTS] if type(each) is str)
            module = ".".join(names)[:LONG] or None
        made = Code(
            magic if type(magic) is bytes else b"",
            python[:LONG] if type(python) is str else "",
            data if type(data) is bytes else b"",
            file[:LONG] if type(file) is str else "",
            source if type(source) is str and source else None,
            args[5 : 5 + PARTS],
            module,
            call,
        )
        self._codes[id(call)] = made
        self.codes.append(made)

    def _requirements(self) -> None:
        """Link each snapshot with its requirements: its state, or an argument of `set_scope`."""
        states = [(made, state) for made in self._snapshots.values() for state in made.call.states]
        for call in self._machine.calls:
            args = args_of(call)
            if self.tools.get(id(call.function)) == "set_scope" and len(args) == 2:
                made = self._snapshots.get(id(args[0]))
                states += [(made, args[1])] if made else []
        for made, state in states:
            if not isinstance(state, Items) or not self._budget.take("entries", len(state.items)):
                continue
            for key, value in state.names().items():
                made.requirements[key[:LONG]] = value[:LONG] if type(value) is str else value

    def snapshot_of(self, call: Any) -> Snapshot | None:
        """Return the snapshot that a node stands for."""
        return self._snapshots.get(id(call))

    def _defined(self, call: Call) -> Iterator[Definition]:
        """Yield the function or class that a call fills."""
        tool, args = self.tools.get(id(call.function)), args_of(call)
        if tool not in ("set_function", "set_class") or len(args) != 2:
            return
        target, state = args
        parts = state if type(state) is tuple else ()
        if not isinstance(target, Call):
            return
        if tool == "set_function":
            attributes = parts[2] if len(parts) > 2 else None
            code = self._codes.get(id(next(iter(args_of(target)), None)))
            name = _own_name(attributes) or _name_in(code)
            names = self._keys(parts[0]) if parts else ()
            of_module = self._is_of_module(args_of(target)[1:2])
            yield Definition("function", name[:LONG], code, names, target.position, of_module)
        else:
            spaces = args_of(target)[:PARTS]
            space = next((each for each in reversed(spaces) if _own_name(each)), None)
            names = self._keys(parts[1]) if len(parts) > 1 else ()
            names = tuple(name for name in names if name not in COMPILERS_OWN)
            yield Definition("class", _own_name(space)[:LONG], None, names, target.position)

    def _is_of_module(self, names: tuple[Any, ...]) -> bool:
        """Tell whether the globals of a function are those of a module that is imported there."""
        for each in names:
            if isinstance(each, Call) and called_name(each.function) == "builtins.vars":
                module = next(iter(args_of(each)), None)
                if isinstance(module, Call):
                    is_shipped = id(module.function) in self._snapshots
                    return is_shipped or called_name(module.function) in IMPORTERS
        return False

    def _keys(self, node: Any) -> tuple[str, ...]:
        if not isinstance(node, Items) or not self._budget.take("entries", len(node.items)):
            return ()
        return tuple(key[:LONG] for key in node.names())


def args_of(call: Call) -> tuple[Any, ...]:
    """Return the arguments of a call, or () if they are not a tuple."""
    return call.args if type(call.args) is tuple else ()


def is_sys(node: Any) -> bool:
    """Tell whether a node is `__import__("sys")`."""
    if not isinstance(node, Call) or called_name(node.function) != "builtins.__import__":
        return False
    args = args_of(node)
    return len(args) == 1 and type(args[0]) is str and args[0] == "sys"


def _looks_in_sys(node: Any) -> tuple[Any, Any]:
    """Return name and default of `getattr(sys, name, default)`; of any other node, None."""
    if isinstance(node, Call) and called_name(node.function) == "builtins.getattr":
        args = args_of(node)
        if len(args) == 3 and is_sys(args[0]):
            return args[1], args[2]
    return None, None


def _is_hook(node: Any) -> bool:
    """Tell whether a node is `getattr(sys, name, eval)`, with the name of a loader."""
    name, default = _looks_in_sys(node)
    return type(name) is str and name.startswith(PREFIX) and called_name(default) == "builtins.eval"


def _starter(function: Any, expression: Any) -> tuple[str, list[Call]]:
    """Return the text that executes a loader, and the calls that look for the loader before."""
    inner: list[Call] = []
    if _is_hook(function):
        inner = [function, args_of(function)[0]]
    _, text = _looks_in_sys(expression)
    if type(text) is str:
        inner += [expression, args_of(expression)[0]]
        expression = text
    return expression if type(expression) is str else "", inner


def _installs(names: Any) -> bool:
    """Tell whether names are exactly those that a function of `preload` has."""
    return (
        isinstance(names, Items)
        and [key for key, _ in names.items[:3]] == ["loads", "data"]
        and called_name(names.get("loads")) in LOADS
        and type(names.get("data")) is bytes
    )


def _own_name(attributes: Any) -> str:
    found = attributes.get("__qualname__") if isinstance(attributes, Items) else None
    return found if type(found) is str else ""


def _name_in(code: Code | None) -> str:
    """Return the name in the source of a `def`; bytecode is not unmarshalled to look for it."""
    words = (code.source if code is not None and code.source else "")[:LONG].split(None, 3)
    if words[:1] == ["async"]:
        del words[0]
    if words[:1] == ["def"] and len(words) > 1:
        return words[1].partition("(")[0]
    return "<lambda>" if words and words[0].startswith("lambda") else ""
