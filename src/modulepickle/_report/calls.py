"""What a pickle calls, names and changes on the receiver, the loader's own aside.

A pickle of data calls what makes the data: classes, and functions that build one object. Those of
the standard library are known here, and so is everything that a loader makes, since its text, the
packages and the code by value are in the report. Any other call is reported.

Outside API: `Calls`, `warnings_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from modulepickle._report.anatomy import LOADS, Anatomy, args_of, is_sys
from modulepickle._report.budget import Budget
from modulepickle._report.machine import Machine
from modulepickle._report.nodes import LONG, Call, Global, Items, called_name

__all__ = ["Calls", "warnings_of"]

RUNS_ANYTHING: Final = frozenset(
    {
        "builtins.eval", "builtins.exec", "builtins.compile", "builtins.open", "os.system",
        "posix.system", "nt.system", "os.popen", "os.remove", "pty.spawn", "runpy.run_path",
        "shutil.rmtree", "subprocess.Popen", "subprocess.run", "subprocess.call",
        "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput",
    }
)  # fmt: skip

BUILDS: Final = frozenset(
    {
        "builtins.bool", "builtins.bytearray", "builtins.bytes", "builtins.complex",
        "builtins.dict", "builtins.enumerate", "builtins.filter", "builtins.float",
        "builtins.frozenset", "builtins.getattr", "builtins.int", "builtins.iter",
        "builtins.list", "builtins.map", "builtins.memoryview", "builtins.object",
        "builtins.property", "builtins.range", "builtins.reversed", "builtins.set",
        "builtins.slice", "builtins.staticmethod", "builtins.classmethod", "builtins.str",
        "builtins.super", "builtins.tuple", "builtins.type", "builtins.zip",
        "_codecs.encode", "abc.ABCMeta", "array._array_reconstructor", "array.array",
        "collections.ChainMap", "collections.Counter", "collections.OrderedDict",
        "collections.UserDict", "collections.UserList", "collections.UserString",
        "collections.defaultdict", "collections.deque", "copyreg.__newobj__",
        "copyreg.__newobj_ex__", "copyreg._reconstructor", "datetime.date", "datetime.datetime",
        "datetime.time", "datetime.timedelta", "datetime.timezone", "decimal.Decimal",
        "enum.Enum", "enum.EnumMeta", "enum.EnumType", "fractions.Fraction", "functools.partial",
        "functools._reconstruct", "functools.lru_cache", "functools.partialmethod",
        "functools.singledispatch", "itertools.chain",
        "itertools.count", "itertools.cycle", "itertools.islice", "itertools.repeat",
        "operator.attrgetter", "operator.itemgetter", "operator.methodcaller",
        "operator.or_", "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath",
        "pathlib.PurePosixPath", "pathlib.PureWindowsPath", "pathlib.WindowsPath",
        "pathlib._local.PosixPath", "pathlib._local.PurePosixPath", "random.Random",
        "re._compile", "types.CellType", "types.GenericAlias", "types.MappingProxyType",
        "types.MethodType", "types.ModuleType", "types.SimpleNamespace", "typing.NewType",
        "typing.ParamSpec", "typing.TypeVar", "typing.TypeVarTuple", "uuid.UUID",
        "weakref.WeakKeyDictionary", "weakref.WeakSet", "weakref.WeakValueDictionary",
        "weakref.ref", "zoneinfo.ZoneInfo._unpickle",
    }
)  # fmt: skip
"""Callables that make an object of their arguments and do nothing else. (One that holds a function
may call it later: that is reported if it is called in the pickle.)"""

FROM_SYS: Final = {
    "sys": ("modules", "_modulepickle_registry"),
    "sys.modules": ("get",),
    "sys.modules.get()": ("namespace",),
}
"""What our pickles look up in `sys`, step by step: see `_reduce.names`."""

IMPORTERS: Final = frozenset({"builtins.__import__", "importlib.import_module"})

OWN: Final = "modulepickle._own"

SHOWN: Final = 20
"""Names in one warning."""


class Calls:
    """What one pickle calls.

    Attributes:
        called: names of what it calls, if nothing is known of them here. changed: names of what it
        gives state or items to. names: all globals that it makes something of, or that are data.
        modules: (dotted name, position) of each module that it imports as itself.
    """

    def __init__(self, machine: Machine, anatomy: Anatomy, budget: Budget) -> None:
        self._machine, self._anatomy, self._budget = machine, anatomy, budget
        self._own = set(anatomy.made_by_loader) | anatomy.plumbing
        self._steps: dict[int, str] = {}
        self.names = [*self._foreign()]
        self.called = dict.fromkeys(self._strangers())
        self.changed = dict.fromkeys(map(repr, machine.changed))
        self.modules = [*self._imported()]

    def _strangers(self) -> Iterator[str]:
        """Yield calls that are not known to just make an object."""
        for call in self._machine.calls:
            if id(call) in self._anatomy.plumbing or self._is_own(call):
                continue
            name = called_name(call.function)
            if not name:
                inner = call.function
                if isinstance(inner, Call):
                    yield f"what {called_name(inner.function) or 'a call'} returns"
            elif name not in BUILDS and name not in RUNS_ANYTHING and not _is_read(name, call):
                yield name

    def _imported(self) -> Iterator[tuple[str, int]]:
        """Yield the modules that are the results of calls, as those that functions use are."""
        for call in self._machine.calls:
            name, args = called_name(call.function), args_of(call)
            if name not in IMPORTERS or id(call) in self._anatomy.plumbing or is_sys(call):
                continue
            if len(args) == 1 and type(args[0]) is str and self._budget.take("entries"):
                yield args[0][:LONG], call.position

    def _is_own(self, call: Call) -> bool:
        """Tell whether a call is of something that a loader made; then so is its result."""
        if isinstance(call.function, Call) and id(call.function) in self._own:
            self._own.add(id(call))
            args = args_of(call)
            if self._anatomy.tools.get(id(call.function)) == "known" and len(args) > 1:
                return self._is_known(args[1])  # it calls that with the rest
            return True
        return self._looks_in_sys(call)

    def _is_known(self, function: Any) -> bool:
        return id(function) in self._own or called_name(function) in BUILDS

    def _looks_in_sys(self, call: Call) -> bool:
        """Tell whether a call is one step of those by which our pickles look for the library."""
        args, step = args_of(call), ""
        if is_sys(call):
            step = "sys"
        elif called_name(call.function) == "builtins.getattr" and len(args) > 1:
            before = self._steps.get(id(args[0]), "")
            if type(args[1]) is str and args[1] in FROM_SYS.get(before, ()):
                step = f"{before}.{args[1]}"
        elif self._steps.get(id(call.function)) == "sys.modules.get" and args:
            step = "sys.modules.get()" if type(args[0]) is str and args[0] == OWN else ""
        elif self._steps.get(id(call.function)) == "sys.modules.get().namespace":
            self._own.add(id(call))
            return True
        if step:
            self._steps[id(call)] = step
        return bool(step)

    def _foreign(self) -> Iterator[Global]:
        """Yield the globals of which something is made, or that are data; not the loader's own."""
        mentioned: set[tuple[str, str]] = set()
        todo: list[Any] = [self._machine.result]
        for call in self._machine.calls:
            if id(call) not in self._anatomy.plumbing:
                todo += (call.function, call.args, *call.states, *call.items)
        seen: set[int] = set()
        while todo:
            node = todo.pop()
            if isinstance(node, Global):
                mentioned.add((node.module, node.name))
            elif isinstance(node, (tuple, Items)) and id(node) not in seen:
                seen.add(id(node))
                todo += node.items if isinstance(node, Items) else node
        for each in (*self._machine.globals, *self._machine.changed):
            name = each.module, each.name
            if name in mentioned:
                mentioned.discard(name)
                long = min(LONG, len(each.module)) + min(LONG, len(each.name))
                if self._budget.take("entries") and self._budget.take("text", long):
                    yield each


def _is_read(name: str, call: Call) -> bool:
    """Tell whether a call unpickles what was read as a pickle in the pickle."""
    args = args_of(call)
    return name in LOADS and bool(args) and type(args[0]) is bytes


def warnings_of(found: list[Calls]) -> Iterator[str]:
    """Yield a sentence for each kind of thing that pickles call and change."""
    names = dict.fromkeys(repr(each) for calls in found for each in calls.names)
    for name in names:
        if name in RUNS_ANYTHING:
            yield f"it uses {name}, and not for the loader"
    changed = dict.fromkeys(name for calls in found for name in calls.changed)
    if changed:
        yield f"it changes what the receiver has as {_some(changed)}"
    called = dict.fromkeys(name for calls in found for name in calls.called)
    if called:
        yield f"it calls {_some(called)}: what that does there is not in the pickle"


def _some(names: dict[str, None]) -> str:
    more = len(names) - SHOWN
    return ", ".join([*names][:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
