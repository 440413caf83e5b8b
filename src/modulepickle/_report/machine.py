"""A pickle machine that builds nothing: opcodes in, a tree of nodes out.

`pickle.loads` does what a pickle says. This machine reads the same opcodes with the same stack,
marks and memo (see the essay in the standard library's `pickletools`). But where the real machine
imports a name, it notes a `Global`; and where the real machine calls something, it notes a `Call`.
So one can look at a pickle before trusting it. Time and memory grow with the bytes of the pickle
and with nothing else: no node is copied, compared or shown here.

It must never import, call, unmarshal or open anything because of what it reads. The data may be
wrong in any way: then it raises `Malformed`, and keeps what it has noted until then.

Outside API: `HANDLERS`, `Machine`.
"""

from __future__ import annotations

import _compat_pickle
from collections.abc import Callable, Sequence
from typing import Any, Final

from modulepickle._report.nodes import Buffer, Call, Global, Items, Missing
from modulepickle._report.opcodes import BINARY, CODES, READERS, Huge, Malformed

__all__ = ["HANDLERS", "Machine"]


class Machine:
    """One reading of a pickle, or of several that an `Unpickler` would read one after the other.

    Attributes:
        globals, calls: every one, in the order of the opcodes. changed: globals that get state or
        items, which changes what the receiver has under that name. buffers: how many are out of
        band. missing: `Missing` nodes. extensions: codes of `copyreg`. protocol: of the pickle
        that was read last. opcodes: how many it had. result: what it would return, a node.
    """

    def __init__(self) -> None:
        self.globals: list[Global] = []
        self.calls: list[Call] = []
        self.changed: list[Global] = []
        self.missing: list[Missing] = []
        self.extensions: list[int] = []
        self.buffers = 0
        self.protocol = 0
        self.opcodes = 0
        self.frame_end = 0
        self.result: Any = None
        self._memo: dict[int, Any] = {}
        self._spelled: dict[int, tuple[str, bytes]] = {}
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []

    def run(self, data: bytes, start: int = 0) -> int:
        """Read one pickle, from a position on; return the position after its STOP.

        Raises:
            Malformed: if it is not a pickle, or not a whole one.
        """
        self._stack, self._below, self.protocol, self.opcodes = [], [], 0, 0
        self.frame_end = 0
        seen, position = bytearray(256), start
        try:
            position = self._run(data, start, seen)
        finally:
            self.protocol = self.protocol or int(any(seen[each] for each in BINARY))
        return position

    def _run(self, data: bytes, position: int, seen: bytearray) -> int:
        stop, count, end = CODES["STOP"], 0, position
        try:
            while True:
                position = end
                code = data[position]
                seen[code] = 1
                count += 1
                name, reader, handler = TABLE[code]
                if reader is None:
                    arg, end = None, position + 1
                else:
                    arg, end = reader(data, position + 1)
                handler(self, arg, position)
                if code == stop:
                    break
            if self.frame_end > len(data):
                raise Malformed(position, "the last frame has more bytes than follow", is_cut=True)
            return end
        except Malformed:
            raise
        except IndexError:
            if position >= len(data):
                raise Malformed(position, "the pickle has no end", is_cut=True) from None
            raise Malformed(position, f"{name} finds too little on the stack") from None
        except (ValueError, TypeError, AttributeError, OverflowError, MemoryError) as error:
            raise Malformed(position, str(error)[:200] or type(error).__name__) from None
        finally:
            self.opcodes = count

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

    def pop_last(self, size: int) -> tuple[Any, ...]:
        if len(self._stack) < size:
            raise IndexError
        found = tuple(self._stack[-size:])
        del self._stack[-size:]
        return found

    def top(self) -> Any:
        return self._stack[-1]

    def mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def pop_mark(self) -> list[Any]:
        found, self._stack = self._stack, self._below.pop()
        return found

    def pop_or_unmark(self) -> None:
        """Pop the top; if that is a mark, remove the mark, as POP does."""
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
        """Note a call, or push the bytes that it spells, as protocols 0 to 2 have to."""
        plain = self._bytes_of(function, args)
        if plain is not None:
            self.push(plain)
            return
        self.calls.append(Call(opcode, function, args, position))
        self.push(self.calls[-1])

    def _bytes_of(self, function: Any, args: Any) -> bytes | None:
        """Return the bytes that a call spells, as `pickle` writes them in older protocols."""
        if not isinstance(function, Global) or type(args) is not tuple:
            return None
        if not args:
            return b"" if (function.module, function.name) == ("builtins", "bytes") else None
        if (function.module, function.name) != ("_codecs", "encode") or len(args) != 2:
            return None
        text, encoding = args
        if type(text) is not str or type(encoding) is not str or encoding != "latin1":
            return None
        if id(text) not in self._spelled:  # once a text, however often it is spelled
            self._spelled[id(text)] = text, text.encode("latin1")
        return self._spelled[id(text)][1]

    def build(self, state: Any) -> None:
        target = self.top()
        if isinstance(target, Call):
            target.states = target.states or []
            target.states.append(state)
        elif isinstance(target, Global):
            self.changed.append(target)

    def extend(self, target: Any, items: Sequence[Any], kind: str) -> None:
        """Add items as one adds them to a list, dict or set; those of a dict are pairs."""
        if isinstance(target, Items) and target.kind != kind and items:
            target.replace(kind, items)
        elif isinstance(target, (Items, Call)):
            target.items = target.items or []
            target.items.extend(items)
        elif isinstance(target, Global):
            self.changed.append(target)
        elif not isinstance(target, (Missing, Buffer)):
            raise TypeError(f"items for {type(target).__name__}")

    def buffer(self) -> None:
        self.push(Buffer(self.buffers))
        self.buffers += 1


def _text(node: Any) -> str:
    return node if type(node) is str else "<computed>"


def _pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    if len(items) % 2:
        raise ValueError("a key without a value")
    return list(zip(items[::2], items[1::2]))


# --- opcodes --------------------------------------------------------------------------------------

Handler = Callable[[Machine, Any, int], None]


def _constant(machine: Machine, arg: Any, _: int) -> None:
    machine.push(machine.miss("number", arg.digits) if type(arg) is Huge else arg)


def _pushes(value: Any) -> Handler:
    return lambda machine, arg, position: machine.push(value)


def _empty(kind: str) -> Handler:
    return lambda machine, arg, position: machine.push(Items(kind))


def _nothing(machine: Machine, arg: Any, position: int) -> None:
    pass


def _gathered(kind: str) -> Handler:
    def handler(machine: Machine, arg: Any, position: int) -> None:
        items = machine.pop_mark()
        machine.push(Items(kind, _pairs(items) if kind == "dict" else items))

    return handler


def _tuple(size: int) -> Handler:
    def handler(machine: Machine, arg: Any, position: int) -> None:
        machine.push(machine.pop_last(size))

    return handler


def _appended(machine: Machine, arg: Any, position: int) -> None:
    item = machine.pop()
    machine.extend(machine.top(), (item,), "list")


def _all_added(kind: str) -> Handler:
    def handler(machine: Machine, arg: Any, position: int) -> None:
        items = machine.pop_mark()
        machine.extend(machine.top(), items, kind)

    return handler


def _set_item(machine: Machine, arg: Any, position: int) -> None:
    value, key = machine.pop(), machine.pop()
    machine.extend(machine.top(), ((key, value),), "dict")


def _set_items(machine: Machine, arg: Any, position: int) -> None:
    items = machine.pop_mark()
    machine.extend(machine.top(), _pairs(items), "dict")


def _put(machine: Machine, arg: Any, position: int) -> None:
    machine.put(arg)


def _get(machine: Machine, arg: Any, position: int) -> None:
    machine.get(arg)


def _extension(machine: Machine, arg: Any, position: int) -> None:
    machine.extensions.append(arg)
    machine.push(machine.find("copyreg", f"<extension {arg}>", position))


def _global(machine: Machine, arg: Any, position: int) -> None:
    machine.push(machine.find(arg[0], arg[1], position))


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
    args = tuple(machine.pop_mark())
    machine.call("INST", machine.find(arg[0], arg[1], position), args, position)


def _object(machine: Machine, arg: Any, position: int) -> None:
    function, *args = machine.pop_mark() or [machine.pop()]
    machine.call("OBJ", function, tuple(args), position)


def _protocol(machine: Machine, arg: Any, position: int) -> None:
    if arg > 5:
        raise Malformed(position, f"protocol {arg}; this release knows 0 to 5")
    machine.protocol = arg


def _frame(machine: Machine, arg: Any, position: int) -> None:
    machine.frame_end = position + 9 + arg


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
    "APPENDS": _all_added("list"),
    "ADDITEMS": _all_added("set"),
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
    "FRAME": _frame,
    "PERSID": _persistent,
    "BINPERSID": lambda machine, arg, position: _persistent(machine, machine.pop(), position),
    "NEXT_BUFFER": lambda machine, arg, position: machine.buffer(),
    "READONLY_BUFFER": lambda machine, arg, position: machine.push(machine.pop()),
}


def _unknown(data: bytes, start: int) -> tuple[Any, int]:
    raise Malformed(start - 1, f"byte 0x{data[start - 1]:02x} is no opcode")


TABLE: Final[list[tuple[str, Any, Any]]] = [("", _unknown, _nothing)] * 256
for _name, _code in CODES.items():
    TABLE[_code] = _name, READERS.get(_name), HANDLERS[_name]
