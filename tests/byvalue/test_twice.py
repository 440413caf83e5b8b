"""R19: pickles of classes by value that come to a process where these classes are already."""

from __future__ import annotations

import os

import pytest

from receivers import interpreters, project, receive, run, send

MEMBERS = """
    import enum, functools
    class Thing:
        def __init__(self, x): self.x = x
    class Missing(enum.Enum):
        UNSET = object()
        NAN = float("nan")
        THING = Thing(1)
        MANY = [Thing(2)]
        ALIAS = UNSET
    class Strict(enum.EnumMeta):
        def __getitem__(cls, name): raise LookupError(name)
    class Own(enum.Enum, metaclass=Strict):
        A = Thing(1)
    class Perm(enum.Flag):
        R = 1
        W = 2
    def task(x=Missing.UNSET):
        both = Perm.R | Perm.W
        return x is Missing.UNSET, Missing.ALIAS is x, found[x], Missing.THING.value.x, both.value
    found = {Missing.UNSET: "unset"}
    obj = task, [Missing.UNSET, Missing.NAN, Missing.THING, Missing.MANY], Own.A, Perm.R | Perm.W
"""


@pytest.mark.parametrize("python", interpreters(["3.9", "3.11", "3.14"]))
def test_r19_members_of_an_enum_are_looked_up_by_name(tmp_path, python):
    data = send(tmp_path, MEMBERS)
    code = """
        result = [(each[0](), each[0](each[1][0]), [one.name for one in each[1]]) for each in objs]
        first, second = objs
        result.append(all(a is b for a, b in zip(first[1], second[1])))
        result.append(first[2:] == second[2:])
    """
    names = ["UNSET", "NAN", "THING", "MANY"]
    right = ((True, True, "unset", 1, 3),) * 2
    found = receive([data, data], code, python=python).result
    assert found == [(*right, names), (*right, names), True, True]


def test_r10_in_the_sender_they_are_its_own(tmp_path):
    code = f"""
{MEMBERS}
    import modulepickle, pickle
    result = pickle.loads(modulepickle.dumps(obj))[0]()
    """
    assert run(tmp_path, code).result == (True, True, "unset", 1, 3)


ENUMS = """
    === marks.py
    import enum, functools
    class Key:
        def __init__(self, x): self.x = x
        def __eq__(self, other): return type(other) is Key
        def __hash__(self): return 1
    class Zone:
        def __reduce__(self): return zone, ()
    UTC = Zone()
    def zone(): return UTC
    class Mark(enum.Enum):
        UNSET = object()
        TEXT = "text"
        MANY = [1, {"a": (2.0, None)}]
        LEN = (len, Key, Key(2))
        ZONE = UTC
        KEY = Key(1)
"""


def test_members_of_a_module_go_by_name_only_where_their_value_finds_none(tmp_path):
    tree = project(tmp_path, ENUMS)
    code = """
        import pickle, modulepickle
        from marks import Mark
        policy = modulepickle.Policy(exclude=("marks",))
        others = [each for each in Mark if each is not Mark.UNSET]
        same = modulepickle.dumps(others, policy=policy) == pickle.dumps(others)
        unset = pickle.loads(modulepickle.dumps([Mark.UNSET], policy=policy)) == [Mark.UNSET]
        result = same, len(others), unset
    """
    assert run(tree, code).result == (True, 5, True)


HOOKS = """
    import abc, collections, collections.abc, enum, typing
    T = typing.TypeVar("T")
    class Meta(type):
        def __new__(meta, name, bases, space, **more):
            return super().__new__(meta, name, bases, space, **more)
        def __init__(cls, *args, **more): pass
    class Slots:
        __slots__ = ("a", "__weakref__")
    class Bare:
        __slots__ = ()
        def __init_subclass__(cls, /, key, **more): BARE.append(key)
    BARE = []
    class Held(Bare, key=0):
        pass
    seen = {}
    def hooked(*bases, metaclass=type):
        def hook(cls, /, key, **more):
            seen.setdefault(cls.__base__.__name__, []).append((cls.__name__, key))
        space = {"__init_subclass__": classmethod(hook), "seen": seen, "__module__": "__main__"}
        return metaclass(f"Of{bases[0].__name__}", bases, space)
    bases = [
        hooked(abc.ABC, metaclass=abc.ABCMeta), hooked(collections.UserDict, metaclass=abc.ABCMeta),
        hooked(object), hooked(list), hooked(Exception), hooked(tuple), hooked(Slots),
        hooked(object, metaclass=Meta), hooked(collections.abc.Sized, metaclass=abc.ABCMeta),
        Held,
    ]
    class Box(typing.Generic[T]):
        def __init_subclass__(cls, /, key, **more): seen.setdefault("Box", []).append(key)
    class Shut(typing.Protocol):
        def __init_subclass__(cls, /, key=1, **more): seen.setdefault("Shut", []).append(key)
    bases += [Box, Shut]
    subclasses = [type(each)(f"Sub{i}", (each,), {}, key=i) for i, each in enumerate(bases)]
    obj = bases, seen, BARE
    also = bases, subclasses, seen, BARE
"""


@pytest.mark.parametrize("python", interpreters(["3.9", "3.11", "3.14", "3.15"]))
def test_limits_the_hooks_of_a_class_that_is_there_do_not_run_for_one_that_comes(tmp_path, python):
    asked = """
    def told(bases, subclasses, seen, BARE):
        return seen, BARE, [[one.__name__ for one in each.__subclasses__()] for each in bases]
    """
    native = run(tmp_path, f"{HOOKS}{asked}result = told(*also)").result
    dumps = "(modulepickle.dumps(obj), modulepickle.dumps(also))"
    datas = run(tmp_path, f"{HOOKS}    import modulepickle; result = {dumps}").result
    code = f"{asked}result = told(*objs[1]), objs[0][0] == objs[1][0]"
    assert receive(datas, code, python=python).result == (native, True)


PATCHED = """
    import enum, modulepickle
    from unittest import mock
    class Base:
        def name(self): return "real"
    class Mine(Base):
        size = 1
        @property
        def own(self): return self.size
    class Color(enum.Enum):
        RED = 1
        def name_of(self): return self.name
    def task(): return Mine().name(), hasattr(Mine, "size"), hasattr(Color.RED, "other"), len(Color)
    with mock.patch.object(Mine, "name", lambda self: "fake"):
        Color.other = lambda self: 1
        first = modulepickle.dumps(task)
    del Color.other
    second = modulepickle.dumps(task)
    del Mine.size
    result = first, second, modulepickle.dumps(task)
"""


@pytest.mark.parametrize("python", interpreters(["3.9", "3.11", "3.14"]))
def test_a_class_loses_what_a_former_pickle_brought(tmp_path, python):
    code = """
        first = load(0)
        found = [first()]
        first.__globals__["Mine"].mine = "set here"
        found += [load(1)(), load(2)(), load(0)()]
        result = found, first.__globals__["Mine"].mine
    """
    datas = run(tmp_path, PATCHED).result
    fake, real = ("fake", True, True, 1), ("real", True, False, 1)
    right = [fake, real, ("real", False, False, 1), fake], "set here"
    assert receive(datas, code, python=python, lazy=True).result == right


SHARED = """
    import dataclasses, enum
    NUMBER = {number}
    class Color(enum.Enum):
        RED = 1
        BLUE = 3
        ALSO = 3
        def shade(self): return self.name, HELP.x
    class Help:
        def __init__(self, x): self.x = x
        def both(self): return self.x, NUMBER
    HELP = Help(NUMBER)
    @dataclasses.dataclass
    class Data:
        color: Color = Color.RED
        help: Help = dataclasses.field(default_factory=lambda: HELP)
    def obj():
        made = Data()
        return Color(3).shade(), HELP.both(), made.color is Color(1), made.help.x, len(Color)
"""


def test_r14_threads_that_load_a_class_see_it_whole(tmp_path):
    numbers = range(8)
    datas = [send(tmp_path, SHARED.format(number=number)) for number in numbers]
    code = """
        import sys, threading
        sys.setswitchinterval(1e-6)
        found = []
        def ask(index, barrier):
            barrier.wait()
            for _ in range(3):
                try:
                    found.append((index, *load(index)()))
                except BaseException as error:
                    found.append(repr(error))
        for index in range(len(datas)):
            barrier = threading.Barrier(8)
            threads = [threading.Thread(target=ask, args=(index, barrier)) for _ in range(8)]
            for each in threads: each.start()
            for each in threads: each.join()
        result = set(found), len(found)
    """
    right = {(each, ("BLUE", each), (each, each), True, each, 2) for each in numbers}
    assert receive(datas, code, lazy=True).result == (right, 8 * 8 * 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_r14_a_load_may_load_fork_and_fail_in_the_middle(tmp_path):
    script = """
        import sys
        class Inner:
            def f(self): return 1
        class Outer:
            def __init__(self): self.x = 1
            def __setstate__(self, state):
                self.x = sys.hook()
            def get(self): return ONE.x
        ONE = Outer()
        def obj(): return ONE.get()
        def inner(): return Inner().f()
    """
    datas = [send(tmp_path, script), send(tmp_path, f"{script}\n        obj = inner")]
    code = """
        import os, sys, threading
        def nested(): return load(1)()
        def forked():
            child = os.fork()
            if not child:
                os._exit(load(1)() + 1)
            return os.waitpid(child, 0)[1] >> 8
        def failing(): raise ValueError("mine")
        def elsewhere(call):
            found = []
            thread = threading.Thread(target=lambda: found.append(call()))
            thread.start()
            thread.join()
            return found[0]
        def is_free():
            lock = sys._modulepickle_registry.lock
            return lock.acquire(blocking=False) and not lock.release()
        result = []
        for sys.hook in failing, nested, forked, lambda: 5:
            try:
                result.append(load()())
            except ValueError as error:
                result.append(str(error))
            result.append(elsewhere(is_free))
        result.append(elsewhere(lambda: load()()))
    """
    assert receive(datas, code, lazy=True).result == ["mine", True, 1, True, 2, True, 5, True, 5]
