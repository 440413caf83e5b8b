"""R19: pickles of classes by value that come to a process where these classes are already."""

from __future__ import annotations

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
        def __eq__(self, other): return self.x == other.x
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
