"""R14: an exception at any moment of a load leaves nothing half-made; the next load is right."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mishaps import CHILD
from receivers import interpreters, project, receive, send

TREE = """
    === pkg/__init__.py
    import needed
    from pkg import early
    def f():
        from pkg import late
        import needed.deep
        return early.VALUE, late.VALUE, needed.VALUE, needed.deep.VALUE
    === pkg/early.py
    VALUE = 1
    === pkg/late.py
    VALUE = 2
    === needed/__init__.py
    VALUE = 3
    === needed/deep.py
    VALUE = 4
"""
RIGHT = (1, 2, 3, 4)

# A load, and a deferred import; `state` is what the process then has of it.
LOAD = """
    def use():
        return pickle.loads(datas[0])()
    def state():
        names = sorted(n for n in sys.modules if n.partition(".")[0] in ("pkg", "needed"))
        # Not `__spec__._initializing`: an exception at the very line that ends it leaves it set,
        # here as in importlib; the module is whole then, and only locked once more when imported.
        finders = [type(each).__name__ for each in sys.meta_path]
        ours = [p for p in sys.path if f"modulepickle-{os.getuid()}" in p]
        return names, [os.path.basename(p) for p in ours], finders
"""

AT_EACH_LINE = f"""
{CHILD}
{LOAD}
    KINDS = KeyboardInterrupt, MemoryError, RecursionError
    def stopped(at):
        "Raise at a line of the loader, counted from 1; return the numbers to try."
        count, visits = 0, dict()
        def line(frame, event, arg):
            nonlocal count
            if event == "line":
                count += 1
                visits.setdefault((frame.f_code, frame.f_lineno), []).append(count)
                if count == at:
                    raise KINDS[at % 3]("at line %d of %s" % (frame.f_lineno, frame.f_code.co_name))
            return line
        def call(frame, event, arg):
            return line if frame.f_code.co_filename.startswith("<modulepickle>") else None
        sys.settrace(call)
        try:
            use()
        finally:
            sys.settrace(None)
        # Each line when it is first come to, and when it is last; or at every time.
        chosen = (found if ALL else (found[0], found[-1]) for found in visits.values())
        return sorted(set(number for numbers in chosen for number in numbers))
    def again(at):
        where = "nowhere: it was passed over"
        try:
            stopped(at)
        except BaseException as error:
            where = repr(error)
        return where, use(), state()
    moments = child(lambda: stopped(0))[1]
    clean = child(lambda: ("", use(), state()))[1]
    wrong = []
    for at in moments[PART]:
        outcome = child(lambda: again(at))
        if outcome[0] != "value" or outcome[1][1:] != clean[1:]:
            wrong.append((at, outcome))
    result = len(moments), clean, wrong
"""


# A sample of the lines; and each fourth of them in a receiver of its own, which takes some seconds.
QUARTERS = [f"{first}::4" for first in range(4)]
PARTS = ["::24", *(pytest.param(part, marks=pytest.mark.slow) for part in QUARTERS)]
NEW = pytest.mark.parametrize(
    "cached",
    [pytest.param(False, id="new", marks=pytest.mark.slow), pytest.param(True, id="unpacked")],
)


@pytest.mark.parametrize("part", PARTS)
@NEW
@pytest.mark.parametrize("python", interpreters(("3.9", "3.11", "3.14")))
def test_r14_an_exception_at_each_line_of_the_loader(tmp_path, python, cached, part):
    at_each_line(tmp_path, python, cached, part, every=False)


# Some minutes: on one Python, since what differs between them are the lines.
@pytest.mark.slow
@pytest.mark.parametrize("part", QUARTERS)
@NEW
def test_r14_an_exception_at_each_line_each_time_that_it_is_come_to(tmp_path, cached, part):
    at_each_line(tmp_path, sys.executable, cached, part, every=True)


def at_each_line(tmp_path: Path, python: str, cached: bool, part: str, every: bool) -> None:
    """Raise at each line, or each time that it is come to, and load again."""
    data = send(project(tmp_path / "tree", TREE), "from pkg import f as obj")
    cache = tmp_path / "cache"
    code = AT_EACH_LINE.replace("ALL", str(every)).replace("PART", part)
    if not cached:  # each child finds an empty folder
        code = code.replace("def use():\n", "def use():\n        fresh()\n", 1)
        code = code.replace(
            "def use():",
            "def fresh():\n        os.environ['MODULEPICKLE_CACHE'] = f'{CACHE}/{os.getpid()}'\n"
            "    def use():",
            1,
        )
    total, clean, wrong = receive([data], code, lazy=True, cache=cache, python=python).result
    assert clean[1] == RIGHT
    assert total > 300
    assert wrong == [], f"{len(wrong)} of {total}"


TIMED = f"""
{CHILD}
{LOAD}
    import random, signal
    class Late(BaseException):
        pass
    def late(*_):
        raise Late
    def interrupted(seed):
        chance = random.Random(seed)
        signal.signal(signal.SIGALRM, late)
        hits = 0
        for _ in range(chance.randrange(1, 4)):
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.00002, 0.008))
                    use()
                finally:  # the signal comes once, and perhaps here
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Late:
                hits += 1
            except Exception:  # of an import that a signal ended
                pass
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        return hits, use(), state()
    clean = child(lambda: (0, use(), state()))[1]
    hits, wrong = 0, []
    for seed in range(LOADS):
        outcome = child(lambda: interrupted(seed))
        if outcome[0] != "value" or outcome[1][1:] != clean[1:]:
            wrong.append((seed, outcome))
        else:
            hits += outcome[1][0]
    result = clean, hits, wrong
"""


@pytest.mark.parametrize("loads", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_r14_signals_at_any_time(tmp_path, loads):
    data = send(project(tmp_path / "tree", TREE), "from pkg import f as obj")
    code = TIMED.replace("LOADS)", f"{loads})")
    clean, hits, wrong = receive([data], code, lazy=True, cache=tmp_path / "cache").result
    assert clean[1] == RIGHT
    assert hits > loads / 10, "the signals must come while something is loaded"
    assert wrong == [], f"{len(wrong)} of {loads}: {wrong[:3]}"


def test_r14_a_submodule_of_the_standard_library_that_was_not_bound(tmp_path):
    """A signal between the end of an import and its binding on the parent leaves it so for good."""
    data = send(project(tmp_path / "tree", TREE), "from pkg import f as obj")
    code = """
        import importlib.machinery, importlib.util, importlib.metadata
        del importlib.machinery, importlib.util, importlib.metadata
        result = pickle.loads(datas[0])()
    """
    assert receive([data], code, lazy=True, cache=tmp_path / "cache").result == RIGHT
