"""R19: what code by value takes from a module, and is told by identity, is the receiver's own."""

from __future__ import annotations

import pickle
import textwrap

import pytest

from receivers import interpreters, project, receive, run, send

TREE = """
    === pkg/__init__.py
    import contextvars, threading
    from pkg import marks
    UNSET = object()
    class Missing:
        def __repr__(self): return "MISSING"
    class Full:
        pass
    MISSING, FULL = Missing(), Full()
    FULL.state = 1
    LOCK, AGAIN = threading.Lock(), threading.RLock()
    HERE, EVENT, READY = threading.local(), threading.Event(), threading.Condition()
    SLOTS, FEW, ALL = threading.Semaphore(2), threading.BoundedSemaphore(2), threading.Barrier(2)
    LEVEL = contextvars.ContextVar("LEVEL", default=3)
    def which(**given):
        return sorted(name for name, value in given.items() if value is globals()[name])
    === pkg/marks.py
    END = object()
"""
NAMES = (
    *("UNSET", "MISSING", "LOCK", "AGAIN", "HERE", "EVENT"),
    *("READY", "SLOTS", "FEW", "ALL", "LEVEL"),
)
SCRIPT = f"""
    import functools
    import pkg
    from pkg import {", ".join(NAMES)}
    from pkg.marks import END as LAST
    from functools import _initial_missing as MARK
    OWN = object()
    def names(x=UNSET, *, y=MISSING):
        return pkg.which(UNSET=x, MISSING=y), pkg.which({", ".join(f"{n}={n}" for n in NAMES)})
    def others(own=OWN):
        return LAST is pkg.marks.END, MARK is functools._initial_missing, own is OWN
    class Reader:
        default = UNSET
        def get(self):
            return self.default is pkg.UNSET
    def closed(mark):
        return lambda: pkg.which(MISSING=mark)
    obj = names, others, Reader, closed(MISSING)
"""


@pytest.mark.parametrize("python", interpreters())
def test_r19_sentinels_and_locks_of_a_package_are_the_receivers(tmp_path, python):
    data = send(project(tmp_path, TREE), SCRIPT)
    code = """
        names, others, reader, closed = obj
        result = names(), others(), reader().get(), closed()
    """
    given, found = ["MISSING", "UNSET"], sorted(NAMES)
    right = (given, found), (True, True, True), True, ["MISSING"]
    assert receive(data, code, python=python).result == right


def test_r19_each_version_has_its_own_sentinels(tmp_path):
    datas = [
        send(project(tmp_path, f"{TREE}    # {version}\n"), SCRIPT) for version in ("one", "two")
    ]
    code = """
        both = load(0), load(1)
        result = [(names(), others()) for names, others, _, _ in both]
        first, second = (each[0].__globals__["UNSET"] for each in both)
        assert first is not second
    """
    right = (["MISSING", "UNSET"], sorted(NAMES)), (True, True, True)
    assert receive(datas, code, lazy=True).result == [right, right]


def test_r10_in_the_sender_they_are_its_own(tmp_path):
    code = f"""
{SCRIPT}
    import pickle, modulepickle
    names, others, reader, closed = pickle.loads(modulepickle.dumps(obj))
    result = names(), others()
    """
    right = (["MISSING", "UNSET"], sorted(NAMES)), (True, True, True)
    assert run(project(tmp_path, TREE), code).result == right


def test_r05_after_a_reload_they_are_the_new_ones(tmp_path):
    code = """
        import importlib, pickle, modulepickle, pkg
        def f():
            return pkg.UNSET is x
        for _ in range(2):
            importlib.reload(pkg)
            x = pkg.UNSET
            again = pickle.loads(modulepickle.dumps(f))
            result = again()
            assert result, again
    """
    assert run(project(tmp_path, TREE), code).result is True


def test_r19_what_has_a_state_is_copied_with_it(tmp_path):
    script = """
        import pkg
        from pkg import FULL
        FULL.state = 2
        def obj():
            return FULL.state, FULL is pkg.FULL
    """
    data = send(project(tmp_path, TREE), script)
    assert receive(data, "result = obj()").result == (2, False)


def test_r03_data_alone_is_as_plain_pickle_has_it(tmp_path):
    code = """
        import pickle, modulepickle, pkg
        result = modulepickle.dumps([pkg.UNSET, 1]) == pickle.dumps([pkg.UNSET, 1])
    """
    assert run(project(tmp_path, TREE), code).result is True


def test_r15_a_lock_of_the_script_is_refused_with_the_way_to_it(tmp_path):
    code = """
        import threading, modulepickle
        LOCK = threading.Lock()
        def f():
            return LOCK
        try:
            modulepickle.dumps(f)
        except modulepickle.PackagingError as error:
            result = str(error)
    """
    said = run(tmp_path, code).result
    assert "global `LOCK`" in said
    assert pickle.dumps(said)


METHODS = """
    import calendar, random
    from calendar import monthcalendar, setfirstweekday
    from random import randint, random as draw
    from secrets import choice
    from pkg import names, register
    import pkg
    def seeded(drawn=random.uniform):
        random.seed(0)
        return randint(0, 1000), draw(), drawn(0, 1)
    def week():
        setfirstweekday(6)
        return monthcalendar(2026, 11)[0], calendar.monthcalendar(2026, 11)[0]
    def registered():
        register("one")
        return names(), pkg.names(), choice([5])
    class Roll:
        roll = random.randrange
        def twice(self):
            random.seed(1)
            return self.roll(100), Roll.roll(100)
    obj = seeded, week, registered, Roll
"""


@pytest.mark.parametrize("python", interpreters())
def test_r19_methods_of_an_instance_that_a_module_keeps_to_itself(tmp_path, python):
    tree = """
        === pkg.py
        class Registry:
            def __init__(self): self.names = []
            def register(self, name): self.names.append(name)
            def all(self): return list(self.names)
        _registry = Registry()
        register, names = _registry.register, _registry.all
    """
    code = """
    seeded, week, registered, Roll = obj
    result = seeded(), week(), registered(), Roll().twice()
    """
    folder = project(tmp_path, tree)
    right = run(folder, METHODS + code).result
    assert right[1:3] == (([1, 2, 3, 4, 5, 6, 7],) * 2, (["one"], ["one"], 5))
    data = send(folder, METHODS)
    assert receive(data, code, python=python).result == right
    assert len(data) < 40_000, "no state of a generator of random numbers is in it"


def test_r19_each_process_draws_its_own(tmp_path):
    data = send(tmp_path, "from random import random as draw\ndef obj(): return draw()")
    drawn = {receive(data, "result = obj()", fresh=True).result for _ in range(3)}
    assert len(drawn) == 3


def test_r19_a_method_that_no_module_has_goes_as_the_pickler_s_table_says(tmp_path):
    code = """
        import copyreg, io, pickle, types, modulepickle
        from random import randint
        class A:
            def m(self): return 1
        method, asked = A().m, []
        def table(m):
            asked.append(m.__func__.__name__)
            return getattr, (m.__self__, m.__func__.__name__)
        class Pickler(modulepickle.Pickler):
            dispatch_table = {**copyreg.dispatch_table, types.MethodType: table}
        def f(): return randint(1, 1), method()
        file = io.BytesIO()
        Pickler(file).dump(f)
        result = asked, pickle.loads(file.getvalue())()
    """
    assert run(tmp_path, code).result == (["m"], (1, 1))


def test_r19_a_module_that_took_the_place_of_another_is_looked_through(tmp_path):
    code = """
        import pickle, sys, modulepickle, pkg
        def f(): return mark is pkg.UNSET
        mark = pkg.UNSET
        assert pickle.loads(modulepickle.dumps(f))()
        del sys.modules["pkg.marks"]  # as many as before, but others
        import other
        mark = other.MARK
        def g(): return mark is other.MARK
        result = pickle.loads(modulepickle.dumps(g))()
    """
    tree = f"{textwrap.dedent(TREE)}=== other.py\nMARK = object()\n"
    assert run(project(tmp_path, tree), code).result is True
