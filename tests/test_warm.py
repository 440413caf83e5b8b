"""What a warm `dumps` keeps from the one before, and that it does not show (R2, R4, R5)."""

from __future__ import annotations

from pathlib import Path

from receivers import project, receive, run

TREE = """
    === pyproject.toml
    === a.py
    import c
    def f():
        return "a", c.X
    === b.py
    import c
    def f():
        return "b", c.X
    === c.py
    X = 1
"""


def test_r02_packages_that_share_one_have_it_once_in_whatever_order(tmp_path: Path) -> None:
    code = """
    import a, b, itertools, modulepickle
    def counts(data):
        return sorted(each["name"] for each in modulepickle.inspect(data).data["snapshots"])
    result = []
    for first in itertools.permutations([[a.f], [b.f], [a.f, b.f], [b.f, a.f]]):
        result.append([(len(objs), counts(modulepickle.dumps(objs))) for objs in first])
    """
    for found in run(project(tmp_path, TREE), code).result:
        for number, names in found:
            assert names == ["a", "b", "c"] if number == 2 else len(names) == 2


def test_r04_what_was_kept_gives_the_same_bytes(tmp_path: Path) -> None:
    code = """
    import a, b, modulepickle
    fresh = modulepickle.dumps([a.f, b.f])
    result = {modulepickle.dumps([a.f, b.f]) == fresh}
    modulepickle.dumps(b.f), modulepickle.dumps([b.f, a.f])
    result.add(modulepickle.dumps([a.f, b.f]) == fresh)
    other = modulepickle.Policy(ignore=("none",))
    modulepickle.dumps([b.f], policy=other)
    result.add(modulepickle.dumps([a.f, b.f]) == fresh)
    """
    assert run(project(tmp_path, TREE), code).result == {True}


def test_a_warm_dumps_makes_no_digest(tmp_path: Path) -> None:
    code = """
    import a, b, modulepickle
    from modulepickle._snapshot import shipment
    made, fold = [], shipment.fold
    def counting(*parts):
        made.append(parts)
        return fold(*parts)
    shipment.fold = counting
    counts = []
    for objs in [a.f], [a.f], [b.f], [b.f], [a.f, b.f], [a.f, b.f]:
        made.clear()
        modulepickle.dumps(objs)
        counts.append(len(made))
    result = counts
    """
    first, again, other, other_again, both, both_again = run(project(tmp_path, TREE), code).result
    assert first == 2  # of the package, and of what it requires
    assert other == 2
    assert (again, other_again) == (0, 0)
    assert both <= 1  # what they share is one object in one pickle
    assert both_again == 0


def test_r05_an_edit_of_what_is_required_counts(tmp_path: Path) -> None:
    code = """
    import a, modulepickle, pathlib
    result = [modulepickle.dumps(a.f)]
    for text in "X = 22", "X = 333":
        pathlib.Path("c.py").write_text(text)
        result.append(modulepickle.dumps(a.f))
        modulepickle.dumps(a.f)
    """
    datas = run(project(tmp_path, TREE), code).result
    found = receive(datas, "result = [each() for each in objs]", absent=["a", "c"]).result
    assert found == [("a", 1), ("a", 22), ("a", 333)]
