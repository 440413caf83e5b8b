"""R11, R14: what the host imports while versions change, and what a signal handler loads."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mishaps import CHILD
from receivers import interpreters, project, receive, send

TREE = """
    === pkg/__init__.py
    VALUE = NUMBER
    def f():
        from pkg import late
        return late.VALUE
    === pkg/late.py
    VALUE = NUMBER
    === pkg/only_NUMBER.py
"""


def versions(folder: Path, count: int = 2) -> list[bytes]:
    return [
        send(
            project(folder / f"v{n}", TREE.replace("NUMBER", str(n))),
            f"from pkg import f as obj; import pkg.only_{n}",
        )
        for n in range(count)
    ]


# The lists note what is done to them. Whoever looks through one by its positions, as each running
# import does, misses an entry if one is taken out; what is put in is only met twice.
WATCHED = """
    import sys
    class Watched(list):
        done = ()
        def __setitem__(self, at, new):
            before = [*self]
            super().__setitem__(at, new)
            if len(self) < len(before):
                self.done += ("fewer",)
            elif [each for each in before if each not in self and "modulepickle" not in str(each)]:
                self.done += ("lost",)
    def note(name):
        def method(self, *args):
            self.done += (name,)
            return getattr(list, name)(self, *args)
        setattr(Watched, name, method)
    for name in ("remove", "pop", "clear", "sort", "reverse", "__delitem__", "__iadd__"):
        note(name)
    sys.path, sys.meta_path, sys.path_hooks = map(
        Watched, (sys.path, sys.meta_path, sys.path_hooks)
    )
"""


@pytest.mark.parametrize("python", interpreters())
def test_r14_nothing_is_taken_out_of_the_lists_of_a_running_import(tmp_path, python):
    code = f"""
{WATCHED}
    lengths, values = [], []
    for number in (0, 1, 1, 0, 2, 0, 1):
        values.append(load(number)())
        lengths.append([len(sys.path), len(sys.meta_path), len(sys.path_hooks)])
        import pkg
        assert pkg.VALUE == number
    result = values, lengths, [*sys.path.done, *sys.meta_path.done, *sys.path_hooks.done]
    """
    values, lengths, done = receive(versions(tmp_path, 3), code, lazy=True, python=python).result
    assert values == [0, 1, 1, 0, 2, 0, 1]
    # A second version brings one more finder, for the pickler classes of others.
    assert lengths == [lengths[0]] + [lengths[1]] * 6
    assert [*map(max, *lengths[:2])] == lengths[1]
    assert done == []


# Two threads have both seen that a version is not the active one, and one is the first to change
# that: the second is let on by the first, at the very point.
RACE = f"""
{WATCHED}
    import threading
    load(0)()
    first, seen = load(1), threading.Event()
    load(0)()
    snapshot = sys.modules["pkg"].__spec__.snapshot
    kind = type(snapshot)
    other = first.__globals__["__spec__"].snapshot
    whole = kind.may_be_shown
    def stopped(self):
        answer = whole(self)
        if threading.current_thread() is not threading.main_thread() and not seen.is_set():
            seen.set()
            gate.wait()
        return answer
    kind.may_be_shown, gate = stopped, threading.Event()
    late = threading.Thread(target=lambda: load(1))
    late.start()
    seen.wait()
    load(1)
    gate.set()
    late.join()
    import pkg
    result = pkg.VALUE, [*sys.path.done, *sys.meta_path.done], len(sys.path)
    kind.may_be_shown = whole
    load(0)
    result += (len(sys.path),)
"""


def test_r14_two_threads_activate_one_version(tmp_path):
    value, done, before, after = receive(versions(tmp_path), RACE, lazy=True).result
    assert (value, done, before) == (1, [], after)


# `state()` is what the rest of the process sees; `whole(state)` is whether that is one version.
STATE = f"""
{CHILD}
    def state():
        names = [n for n in sys.modules if n.partition(".")[0] == "pkg"]
        seen = set(sys.modules[n].__spec__.snapshot.parts[1] for n in names)
        ours = [p for p in sys.path if f"modulepickle-{{os.getuid()}}" in p]
        finders = [type(each).__name__ for each in sys.meta_path].count("Finder")
        hooks = [getattr(each, "__name__", "") for each in sys.path_hooks].count("finder_in")
        return len(seen), len(ours), finders, hooks
    def agrees():
        import importlib, pkg
        with open(os.path.join(sys.path[0], "pkg", "__init__.py")) as file:
            on_path = int(file.readline().split("=")[1])
        return pkg.VALUE == on_path and bool(importlib.import_module("pkg.only_%d" % on_path))
    def at_line(number, then):
        "Load the second version; call `then` at a line of the loader, counted from 1."
        count = 0
        def line(frame, event, arg):
            nonlocal count
            if event == "line":
                count += 1
                if count == number:
                    then()
            return line
        def call(frame, event, arg):
            return line if frame.f_code.co_filename.startswith("<modulepickle>") else None
        sys.settrace(call)
        try:
            value = load(1)()
        finally:
            sys.settrace(None)
        return count, value
"""
# Each eighth of the lines in a receiver of its own; all of them take a quarter of a minute.
PARTS = [0, *(pytest.param(n, marks=pytest.mark.faults) for n in range(1, 8))]
# What is loaded there: by turns, or always the one.
INNER = [None, *(pytest.param(n, marks=pytest.mark.slow) for n in range(3))]
NESTED = f"""
{STATE}
    def handled(number, inner):
        before, values = load(0), []
        def then():
            try:
                values.append(load(inner)())
            except (AttributeError, ImportError) as error:
                # As natively: who imports what he interrupts the import of, finds half of it.
                assert inner == 1 and "partially initialized" in str(error), (inner, error)
                values.append(1)
        value = at_line(number, then)[1]
        first = value, values, state(), agrees()
        return (*first, [load(n)() for n in (0, 1, 2, 1)], state(), agrees())
    def lines():
        before = load(0)  # kept, as below: or the collector runs the loader's lines as well
        return bool(before), at_line(0, None)[0]
    child(lines)  # which unpacks and compiles
    total = child(lines)[1][1]
    wrong = []
    for number in range(1 + PART, total + 1, 8):
        inner = number // 8 % 3 if EVERY is None else EVERY
        outcome = child(lambda: handled(number, inner))
        if outcome != ("value", (1, [inner], (1, 1, 1, 1), True, [0, 1, 2, 1], (1, 1, 1, 1), True)):
            wrong.append((number, inner, outcome))
    result = total, wrong
"""


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("inner", INNER)
def test_r14_a_signal_handler_loads_at_each_line_of_the_loader(tmp_path, inner, part):
    _load_at_each_line(tmp_path, sys.executable, inner, part)


@pytest.mark.parametrize("python", interpreters(("3.9", "3.14")))
def test_r14_a_signal_handler_loads_at_some_lines_on_other_pythons(tmp_path, python):
    _load_at_each_line(tmp_path, python, None, 3)


def _load_at_each_line(folder, python, inner, part):
    # The version that was active, the one that is being loaded, and a third.
    datas = versions(folder, 3)
    code = NESTED.replace("EVERY", str(inner)).replace("PART", str(part))
    got = receive(datas, code, lazy=True, python=python, cache=folder / "cache").result
    total, wrong = got
    assert total > 100
    assert wrong == [], f"{len(wrong)} of {total}: {wrong[:3]}"


INTERRUPTED = f"""
{STATE}
    def late():
        raise KeyboardInterrupt
    def handled(number):
        before = load(0)
        import pkg
        try:
            at_line(number, late)
        except KeyboardInterrupt:
            pass
        order = (1, 0, 1) if number // 8 % 2 else (0, 1)
        return [load(n)() for n in order] == [*order], before(), state(), agrees()
    def lines():
        before = load(0)  # kept, as below: or the collector runs the loader's lines as well
        return bool(before), at_line(0, None)[0]
    child(lines)  # which unpacks and compiles
    total = child(lines)[1][1]
    wrong = []
    for number in range(1 + PART, total + 1, 8):
        outcome = child(lambda: handled(number))
        if outcome != ("value", (True, 0, (1, 1, 1, 1), True)):
            wrong.append((number, outcome))
    result = total, wrong
"""


@pytest.mark.parametrize("part", PARTS)
def test_r14_an_exception_at_each_line_while_versions_change(tmp_path, part):
    code = INTERRUPTED.replace("PART", str(part))
    got = receive(versions(tmp_path), code, lazy=True, cache=tmp_path / "cache").result
    total, wrong = got
    assert total > 100
    assert wrong == [], f"{len(wrong)} of {total}: {wrong[:3]}"


@pytest.mark.faults
@pytest.mark.parametrize("inner", range(3))
def test_r14_a_signal_handler_loads_anything_where_versions_change(tmp_path, inner):
    """At each line of the lists' change: whatever it loads."""
    code = NESTED.replace("EVERY", str(inner)).replace("1 + PART, total + 1, 8", "240, 420, 1")
    got = receive(versions(tmp_path, 3), code, lazy=True, cache=tmp_path / "cache").result
    assert got[1] == []
