"""A pickle machine that builds nothing: opcodes in, a tree of nodes out.

`pickle.loads` runs what a pickle says. This reads the same opcodes with the same stack, marks and
memo (see the essay in the standard library's `pickletools`), but where the real machine imports a
name, it notes a `Global`, and where that one calls something, it notes a `Call`. So a pickle can be
looked at that nobody trusts yet.

It must never import, call, unmarshal or open anything because of what it reads. What it reads may
be wrong in any way: then it raises `Malformed`, and what was noted until then stays.

Outside API: `Machine`, `Call`, `Global`, `Items`, `Mark`, `Malformed`.
"""

from __future__ import annotations

import _compat_pickle
import io
import pickletools
from collections.abc import Callable
from typing import Any, Final

__all__ = ["HANDLERS", "Buffer", "Call", "Global", "Items", "Machine", "Malformed", "Missing"]


class Malformed(Exception):
    """Not a pickle from here on. `position`: of the byte, from the start of the data."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(f"at byte {position:,}: {what}")
        self.position = position


class Global:
    """What `module.name` would be after an import."""

    def __init__(self, module: str, name: str, position: int) -> None:
        self.module, self.name, self.position = module, name, position

    def __repr__(self) -> str:
        """Return the dotted name."""
        return f"{self.module}.{self.name}"


class Call:
    """What a call would return; and what would then be done to it.

    Attributes:
        opcode: REDUCE, NEWOBJ, NEWOBJ_EX, OBJ or INST. position: its own, in bytes. function: a
        node. args: a tuple of nodes, or whatever node stands in its place. states: those of BUILD.
        items: those appended or set.
    """

    def __init__(self, opcode: str, function: Any, args: Any, position: int) -> None:
        self.opcode, self.function, self.args, self.position = opcode, function, args, position
        self.states: list[Any] = []
        self.items: list[Any] = []


class Items:
    """A list, dict, set or frozenset; `items` of a dict are pairs, since keys may be nodes."""

    def __init__(self, kind: str, items: list[Any]) -> None:
        self.kind, self.items = kind, items

    def get(self, name: str) -> Any:
        """Return what a dict has last under a key that is text, or None."""
        found = None
        for item in self.items if self.kind == "dict" else ():
            if type(item[0]) is str and item[0] == name:
                found = item[1]
        return found

    def values(self) -> list[Any]:
        """Return the values of a dict."""
        return [value for _, value in self.items] if self.kind == "dict" else []


class Buffer:
    """An out-of-band buffer: it is not in the pickle. `index` counts from 0."""

    def __init__(self, index: int) -> None:
        self.index = index


class Missing:
    """What is somewhere else: a persistent id, an entry of another pickle's memo."""

    def __init__(self, what: str, value: Any) -> None:
        self.what, self.value = what, value


class Machine:
    """One reading of a pickle, or of several that an `Unpickler` would read one after the other.

    Attributes:
        globals, calls: every one, in the order of the opcodes. buffers: how many are out of band.
        missing: `Missing` nodes. extensions: codes of `copyreg`. protocol: of the pickle that was
        read last. opcodes: how many it had. result: what it would return, a node.
    """

    def __init__(self) -> None:
        self.globals: list[Global] = []
        self.calls: list[Call] = []
        self.missing: list[Missing] = []
        self.extensions: list[int] = []
        self.buffers = 0
        self.protocol = 0
        self.opcodes = 0
        self.result: Any = None
        self._memo: dict[int, Any] = {}
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []

    def run(self, file: io.BytesIO) -> int:
        """Read one pickle from where a file stands; return the position after its STOP.

        Raises:
            Malformed: it is none, or no whole one.
        """
        self._stack, self._below, self.protocol, self.opcodes = [], [], 0, 0
        position, is_binary = file.tell(), False
        try:
            for opcode, arg, offset in pickletools.genops(file):
                position = offset or 0
                self.opcodes += 1
                is_binary |= opcode.proto == 1
                HANDLERS[opcode.name](self, arg, position)
        except Malformed:
            raise
        except IndexError:
            raise Malformed(position, f"{opcode.name} finds too little on the stack") from None
        except (ValueError, TypeError, AttributeError, OverflowError, MemoryError) as error:
            raise Malformed(position, str(error) or type(error).__name__) from None
        self.protocol = self.protocol or int(is_binary)  # 0 and 1 do not say it
        return position + 1

    def next(self) -> Machine:
        """Return the machine for the next pickle of a stream, which may use this one's memo."""
        other = Machine()
        other._memo, other.buffers = self._memo, self.buffers
        return other

    # What the handlers do

    def push(self, node: Any) -> None:
        self._stack.append(node)

    def pop(self) -> Any:
        return self._stack.pop()

    def top(self) -> Any:
        return self._stack[-1]

    def mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def pop_mark(self) -> list[Any]:
        found, self._stack = self._stack, self._below.pop()
        return found

    def pop_or_unmark(self) -> None:
        """POP takes a mark away if nothing stands above it."""
        if self._stack or not self._below:
            self._stack.pop()
        else:
            self.pop_mark()

    def put(self, index: int) -> None:
        self._memo[index] = self.top()

    def memoize(self) -> None:
        self._memo[len(self._memo)] = self.top()

    def get(self, index: int) -> None:
        found = self._memo[index] if index in self._memo else self.miss("memo entry", index)
        self.push(found)

    def miss(self, what: str, value: Any) -> Missing:
        self.missing.append(Missing(what, value))
        return self.missing[-1]

    def find(self, module: Any, name: Any, position: int) -> Global:
        """Note a global, under the name that this Python has for it."""
        if type(module) is not str or type(name) is not str:
            module, name = _text(module), _text(name)  # a name that a call would return
        elif self.protocol < 3:
            old = (module, name)
            module, name = _compat_pickle.NAME_MAPPING.get(
                old, (_compat_pickle.IMPORT_MAPPING.get(module, module), name)
            )
        self.globals.append(Global(module, name, position))
        return self.globals[-1]

    def call(self, opcode: str, function: Any, args: Any, position: int) -> None:
        """Note a call; one that only spells bytes, as protocols 0 to 2 have to, gives those."""
        made: Any = Call(opcode, function, args, position)
        plain = _spelled(made)
        if plain is None:
            self.calls.append(made)
        self.push(made if plain is None else plain)

    def build(self, state: Any) -> None:
        target = self.top()
        if isinstance(target, Call):
            target.states.append(state)

    def extend(self, target: Any, items: list[Any]) -> None:
        if isinstance(target, (Items, Call)):
            target.items += items
        elif not isinstance(target, (Global, Missing, Buffer)):
            raise TypeError(f"items for {type(target).__name__}")

    def buffer(self) -> None:
        self.push(Buffer(self.buffers))
        self.buffers += 1


def _text(node: Any) -> str:
    return node if type(node) is str else "<computed>"


def _spelled(call: Call) -> bytes | None:
    """Return the bytes that a call spells; as `pickle` writes them where bytes have no opcode."""
    if not isinstance(call.function, Global) or type(call.args) is not tuple:
        return None
    name = repr(call.function)
    if name == "_codecs.encode" and call.args[1:] == ("latin1",) and type(call.args[0]) is str:
        return call.args[0].encode("latin1")
    return b"" if name == "builtins.bytes" and call.args == () else None


def _pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    if len(items) % 2:
        raise ValueError("a key without a value")
    return list(zip(items[::2], items[1::2]))


# --- opcodes --------------------------------------------------------------------------------------

Handler = Callable[[Machine, Any, int], None]


def _constant(machine: Machine, arg: Any, _: int) -> None:
    machine.push(arg)


def _pushes(value: Any) -> Handler:
    return lambda machine, arg, position: machine.push(value)


def _empty(kind: str) -> Handler:
    return lambda machine, arg, position: machine.push(Items(kind, []))


def _nothing(machine: Machine, arg: Any, position: int) -> None:
    pass


def _gathered(kind: str) -> Handler:
    def handler(machine: Machine, arg: Any, position: int) -> None:
        items = machine.pop_mark()
        machine.push(Items(kind, _pairs(items) if kind == "dict" else items))

    return handler


def _tuple(size: int) -> Handler:
    def handler(machine: Machine, arg: Any, position: int) -> None:
        items = [machine.pop() for _ in range(size)]
        machine.push(tuple(reversed(items)))

    return handler


def _appended(machine: Machine, arg: Any, position: int) -> None:
    item = machine.pop()
    machine.extend(machine.top(), [item])


def _all_appended(machine: Machine, arg: Any, position: int) -> None:
    items = machine.pop_mark()
    machine.extend(machine.top(), items)


def _set_item(machine: Machine, arg: Any, position: int) -> None:
    value, key = machine.pop(), machine.pop()
    machine.extend(machine.top(), [(key, value)])


def _set_items(machine: Machine, arg: Any, position: int) -> None:
    items = machine.pop_mark()
    machine.extend(machine.top(), list(_pairs(items)))


def _put(machine: Machine, arg: Any, position: int) -> None:
    machine.put(arg)


def _get(machine: Machine, arg: Any, position: int) -> None:
    machine.get(arg)


def _extension(machine: Machine, arg: Any, position: int) -> None:
    machine.extensions.append(arg)
    machine.push(machine.find("copyreg", f"<extension {arg}>", position))


def _global(machine: Machine, arg: Any, position: int) -> None:
    module, _, name = arg.partition(" ")
    machine.push(machine.find(module, name, position))


def _stack_global(machine: Machine, arg: Any, position: int) -> None:
    name, module = machine.pop(), machine.pop()
    machine.push(machine.find(module, name, position))


def _reduce(machine: Machine, arg: Any, position: int) -> None:
    args, function = machine.pop(), machine.pop()
    machine.call("REDUCE", function, args, position)


def _new(machine: Machine, arg: Any, position: int) -> None:
    args, function = machine.pop(), machine.pop()
    machine.call("NEWOBJ", function, args, position)


def _new_with_keywords(machine: Machine, arg: Any, position: int) -> None:
    keywords, args, function = machine.pop(), machine.pop(), machine.pop()
    machine.call("NEWOBJ_EX", function, (args, keywords), position)


def _instance(machine: Machine, arg: Any, position: int) -> None:
    module, _, name = arg.partition(" ")
    args = tuple(machine.pop_mark())
    machine.call("INST", machine.find(module, name, position), args, position)


def _object(machine: Machine, arg: Any, position: int) -> None:
    function, *args = machine.pop_mark() or [machine.pop()]
    machine.call("OBJ", function, tuple(args), position)


def _protocol(machine: Machine, arg: Any, position: int) -> None:
    if arg > 5:
        raise Malformed(position, f"protocol {arg}; this release knows 0 to 5")
    machine.protocol = arg


def _stop(machine: Machine, arg: Any, position: int) -> None:
    machine.result = machine.pop()


def _persistent(machine: Machine, arg: Any, position: int) -> None:
    machine.push(machine.miss("persistent id", arg))


CONSTANTS: Final = (
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "UNICODE",
    "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "FLOAT", "BINFLOAT",
)  # fmt: skip

HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(CONSTANTS, _constant),
    "NONE": _pushes(None),
    "NEWTRUE": _pushes(True),
    "NEWFALSE": _pushes(False),
    "EMPTY_TUPLE": _pushes(()),
    "EMPTY_LIST": _empty("list"),
    "EMPTY_DICT": _empty("dict"),
    "EMPTY_SET": _empty("set"),
    "LIST": _gathered("list"),
    "DICT": _gathered("dict"),
    "FROZENSET": _gathered("frozenset"),
    "TUPLE": lambda machine, arg, position: machine.push(tuple(machine.pop_mark())),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "APPEND": _appended,
    "APPENDS": _all_appended,
    "ADDITEMS": _all_appended,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "POP": lambda machine, arg, position: machine.pop_or_unmark(),
    "DUP": lambda machine, arg, position: machine.push(machine.top()),
    "MARK": lambda machine, arg, position: machine.mark(),
    "POP_MARK": lambda machine, arg, position: _nothing(machine, machine.pop_mark(), position),
    "GET": _get,
    "BINGET": _get,
    "LONG_BINGET": _get,
    "PUT": _put,
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "MEMOIZE": lambda machine, arg, position: machine.memoize(),
    "EXT1": _extension,
    "EXT2": _extension,
    "EXT4": _extension,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "BUILD": lambda machine, arg, position: machine.build(machine.pop()),
    "INST": _instance,
    "OBJ": _object,
    "NEWOBJ": _new,
    "NEWOBJ_EX": _new_with_keywords,
    "PROTO": _protocol,
    "STOP": _stop,
    "FRAME": _nothing,
    "PERSID": _persistent,
    "BINPERSID": lambda machine, arg, position: _persistent(machine, machine.pop(), position),
    "NEXT_BUFFER": lambda machine, arg, position: machine.buffer(),
    "READONLY_BUFFER": lambda machine, arg, position: machine.push(machine.pop()),
}
