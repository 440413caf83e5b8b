"""Whole first: in which order functions and classes by value are written (R19).

Loading an instance, a bound method, or a dict that is keyed by instances may run methods of its
class. So the class has to be *whole* by then: its bases, metaclass, slots and all its methods, with
the functions and classes that those name. But a pickler goes depth first, and meets instances in
the middle of classes, as globals of methods. So the order is:

1. *Before* the first function or class is written, all functions and classes that it names, that
   those name, and so on, are found. They are a *plan*. Python's own containers and wrappers are
   searched for them; no user code is run.
2. Each function and class of the plan is made as a *shell*. A shell needs only its bases and its
   metaclass, which are shells as well, so there is no circle, and no user code is run.
3. The shells get everything that is *ready*: what can be made of shells and plain data. Now every
   class of the plan is whole.
4. The rest comes *later*, in the order of dependencies: an instance of a class is written after
   everything that the class, and what it leads to, still waits for. In a circle, code finds what it
   would find in a module that is still being imported; but all classes are whole.

A class that can be reached only through some object is first met in step 4. It gets a plan of its
own there, before the object, and is whole then, since what it needs of the first plan is whole
already. So no instance is ever made of a class that is not whole. A definition that is met
unexpectedly in step 2 or 3 joins the plan.

Stand-ins in the state of the first object carry out the plan: they are reduced when the pickler
gets to them. A function that needs only plain data is filled as soon as it is made.

Outside API: `is_definition`, `reduce_definition`, `told`, and the reducers of stand-ins.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import Any, Final

from modulepickle._loader.emit import THE_CLASSES, Rebuilt, Reduced, StandIn
from modulepickle._reduce.circles import begin, settle
from modulepickle._reduce.classes import class_holds, class_space
from modulepickle._reduce.definitions import SET_CLASS, Definition, Groups, Item
from modulepickle._reduce.functions import SET_FUNCTION, function_holds
from modulepickle._reduce.generated import LATE, outline
from modulepickle._reduce.keys import key_of
from modulepickle._reduce.order import LateStep, Order
from modulepickle._reduce.ready import (
    ATOMS,
    Look,
    by_value_class,
    is_definition,
    is_module_ready,
    is_shell,
)
from modulepickle._reduce.secrets import note_secrets
from modulepickle._reduce.state import Dump
from modulepickle._reduce.structures import Fields, types_in

__all__ = [
    "Late", "LateStep", "Step", "Whole", "is_definition", "reduce_definition", "reduce_late",
    "reduce_late_step", "reduce_step", "reduce_whole", "told",
]  # fmt: skip

WHOLE: Final = Rebuilt("whole")
FINISH: Final = Rebuilt("finish", THE_CLASSES)

FEW: Final = 16
"""How many functions may be written inside each other."""


class Plan:
    """A function or class, and all functions and classes that it leads to."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self._planned: dict[int, Definition] = dump.parts.planned
        self.definitions: list[Definition] = []
        self._looked = self._written = 0

    def add(self, root: Definition) -> Definition:
        """Add a function or class, and all that it leads to."""
        self._planned[id(root.obj)] = root
        self.definitions.append(root)
        while self._looked < len(self.definitions):
            each = self.definitions[self._looked]
            self._looked += 1
            self._look(each)
        return root

    def _definition(self, obj: Any) -> Definition:
        known = self._planned.get(id(obj))
        if known is None:
            known = self._planned[id(obj)] = Definition(obj)
            self.definitions.append(known)
        return known

    def _look(self, each: Definition) -> None:
        """Find out what a definition leads to, and which part of it is ready."""
        look = self._class(each) if each.is_class else self._function(each)
        if look is None:
            return
        dump, is_class, seen = self._dump, each.is_class, look.seen
        each.now = ({}, {}) if is_class else ({}, {}, {}, {})
        for index, now in enumerate(each.now):
            for name, value in each.held[index].items():
                kind = type(value)
                if name == "fields" and is_class and index:
                    each.fields = Fields(each.obj, value)
                    types = [kind for kind, _ in types_in(value)]
                    seen += by_value_class(dump, *types)
                elif kind in ATOMS and not each.later and name not in LATE:
                    now[name] = value
                elif kind is FunctionType and is_class and is_shell(dump, value):
                    now[name] = value
                    seen.append(value)
                else:
                    self._sort(each, look, index, name, value)
        each.links += map(self._definition, seen)

    def _class(self, each: Definition) -> Look:
        """Find out what a class holds; return the look at what it is made with."""
        dump, obj = self._dump, each.obj
        look = Look(dump)
        look.seen += by_value_class(dump, *obj.__bases__, type(obj))
        each.key = key_of(dump, obj)
        each.space = class_space(obj)
        each.held, _ = class_holds(obj, each.space, dump.parts.naming)
        each.behind = ((),)
        if not _is_plain(dump, (each.space,)):  # more than a docstring
            look.is_ready([*each.space.values()])
        note_secrets(dump, obj, "attribute", each.held[0])
        return look

    def _function(self, each: Definition) -> Look | None:
        """Find out what a function holds; return None if that completes it."""
        if not each.held:
            each.held, each.behind = function_holds(self._dump, each.obj)
        _note_secrets(self._dump, each)
        if not _is_plain(self._dump, each.held):
            return Look(self._dump)
        each.now = each.held
        each.is_complete = True
        return None

    def _sort(self, each: Definition, look: Look, group: int, name: str, value: Any) -> None:
        look.begin()
        is_ready = look.is_ready(value) and not (each.is_class and name in LATE)
        # The order of a function's own attributes is kept.
        if is_ready and (
            each.is_class or group != 3 or not each.later or each.later[-1].group != 3
        ):
            each.now[group][name] = value
            return
        is_last = look.is_opaque or name == "dataclass_again"  # which reads the fields: behind them
        needs = look.needs
        if name == "members" and each.is_class and group:  # they are instances of the bases as well
            needs = [*needs, *each.obj.__bases__]
        each.later.append(Item(each, group, name, value, needs, is_last))
        if each.is_class and not group:
            each.behind = ((*each.behind[0], name),)
            if not (name[:1] == name[-1:] == "_"):
                each.now[0][name] = None  # reserves its place in the class
        if name == "__dataclass_fields__":
            each.held[1]["dataclass_again"] = each.held[1]["dataclass"]
            each.held[1]["dataclass"] = (*each.held[1]["dataclass"], outline(value))

    def is_simple(self) -> bool:
        """Tell whether it has only a few functions that wait for nothing: each is filled at once.

        A function that is met inside another is made there, which must not go deep.
        """
        if len(self.definitions) > FEW:
            return False
        for each in self.definitions:
            if each.is_class or each.later:
                return False
        for each in self.definitions:
            each.is_complete = True
        return True

    def first(self) -> list[Definition]:
        """Return, once, the definitions that are to be filled with what is ready, in order."""
        new = [each for each in self.definitions[self._written :] if not each.is_complete]
        self._written = len(self.definitions)
        classes = [each for each in new if each.is_class]
        classes.sort(key=lambda each: len(each.obj.__mro__))  # bases come first
        return [*(each for each in new if not each.is_class and any(each.now)), *classes]


def _note_secrets(dump: Dump, each: Definition) -> None:
    """Note what looks like a secret among what a function refers to."""
    if each.held[1]:
        note_secrets(dump, each.obj, "closure variable", each.held[1])
    if each.held[0]:
        note_secrets(dump, each.obj, "global", each.held[0])


def _is_plain(dump: Dump, held: Groups) -> bool:
    """Tell whether all that a function holds is plain data, or modules that go by name."""
    for group in held:
        if not group:
            continue
        for value in group.values():
            kind = type(value)
            if kind in ATOMS or (kind is ModuleType and is_module_ready(dump, value)):
                continue
            if kind is not tuple or not ATOMS.issuperset(map(type, value)):  # as defaults are
                return False
    return True


# --- stand-ins ------------------------------------------------------------------------------------


class Step(StandIn):
    """Stands for a call that sets some of what a function or class holds."""

    def __init__(self, owner: Definition, groups: Groups, behind: tuple[Any, ...] = ()) -> None:
        self.owner, self.groups, self.behind = owner, groups, behind


class Whole(StandIn):
    """Stands for everything that a plan still has to do."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan


class Late(Whole):
    """Stands for what a plan has to do once all its classes are whole."""


def reduce_step(_: Dump, step: Step) -> Reduced:
    """Return the call."""
    owner = step.owner
    state = owner.state(step.groups, step.behind)
    return SET_CLASS if owner.is_class else SET_FUNCTION, (owner.obj, state)


def reduce_late_step(dump: Dump, step: LateStep) -> Reduced:
    """Return the call; one that does nothing if all of it has been written meanwhile."""
    settle(dump)
    owner = step.items[0].owner
    groups: Groups = tuple({} for _ in owner.held)
    items = [item for item in step.items if not item.is_written]
    for item in items:
        value = item.value if item.fill is None else begin(dump, item.fill)
        groups[item.group][item.name] = value
        item.is_written = True
    return reduce_step(dump, Step(owner, groups)) if items else (WHOLE, ())


def _first(plan: Plan) -> tuple[StandIn, ...]:
    first = plan.first()
    fields = (each.fields for each in first if each.fields)
    return *fields, *(Step(each, each.now, each.behind) for each in first), Late(plan)


def reduce_whole(_: Dump, whole: Whole) -> Reduced:
    """Return a call with the steps as its arguments, which ends the setting of classes."""
    return _ended(_first(whole.plan))


def _ended(steps: tuple[StandIn, ...]) -> Reduced:
    has_classes = any(isinstance(each, Step) and each.owner.is_class for each in steps)
    return FINISH if has_classes else WHOLE, steps


def reduce_late(dump: Dump, late: Late) -> Reduced:
    """Return such a call for what has joined the plan since, if anything has, then for the rest."""
    new = _first(late.plan)
    if len(new) > 1:
        return _ended(new)
    if dump.parts.open is late.plan:
        dump.parts.open = None
    return WHOLE, tuple(Order(dump, late.plan.definitions).steps())


def reduce_definition(dump: Dump, obj: Any) -> Reduced:
    """Reduce a function or class by value to its shell; the first one, to its whole plan."""
    parts = dump.parts
    parts.used = True
    known: Definition | None = parts.planned.get(id(obj))
    if known is not None:
        return known.shell(dump)
    root = Definition(obj)
    if not root.is_class:
        root.held, root.behind = function_holds(dump, obj)
        if _is_plain(dump, root.held):
            root.now = root.held
            root.is_complete = True
            _note_secrets(dump, root)
            parts.planned[id(obj)] = root
            return root.shell(dump)
    if parts.open is not None:
        return parts.open.add(root).shell(dump)  # type: ignore[no-any-return]
    plan = Plan(dump)
    plan.add(root)
    if plan.is_simple():
        return root.shell(dump)
    if not (root.later or root.fields) and [
        each for each in plan.definitions if not each.is_complete
    ] == [root]:
        if root.is_class:
            return *root.shell(dump), root.state(root.now, (None,)), None, None, SET_CLASS
        return *root.shell(dump), root.state(root.now, root.behind), None, None, SET_FUNCTION
    parts.open = plan
    return *root.shell(dump), Whole(plan), None, None, WHOLE


def told(dump: Dump, obj: Any, reduction: Any) -> Any:
    """Return the reduction of a function or class, with everything that it holds as its state."""
    known: Definition | None = dump.parts.planned.get(id(obj))
    if known is None:
        return reduction
    held = known.held
    if not known.is_class:
        held = (*held[:2], {**held[2], **held[3]})
    return *reduction[:2], (known.key, *held) if known.is_class else (*held, *known.behind)
