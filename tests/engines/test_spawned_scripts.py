"""What a script defines under `if __name__ == "__main__"`, and children without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from receivers import run

pytestmark = pytest.mark.engines

SCRIPT = """
import multiprocessing

class Outside:
    def __init__(self, x): self.x = x

def twice(each): return 2 * each.x

if __name__ == "__main__":
    {start}
    import modulepickle
    modulepickle.extend_multiprocessing()

    def helper(x): return x + 1

    class Guarded(Outside): pass

    def ends(call):
        try:
            return call()
        except AttributeError as error:
            return str(error)

    context = multiprocessing.get_context({method!r})
    with context.Pool(1) as pool:
        def apply(function, *args): return pool.apply_async(function, args).get(60)
        result = [
            ends(lambda: apply(lambda x: helper(x), 1)),
            ends(lambda: apply(helper, 1)),
            ends(lambda: pool.map_async(helper, [1, 1]).get(60)[0]),
            ends(lambda: pool.imap(lambda x: helper(x), [1]).next(60)),
            ends(lambda: apply(lambda x: Guarded(x).x, 2)),
            ends(lambda: apply(twice, Guarded(1))),
            apply(twice, Outside(1)),
            type(apply(lambda x: Outside(x), 1)) is Outside,
        ]
"""


@pytest.mark.parametrize("start", ["", "multiprocessing.set_start_method('spawn')"])
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_pool_gets_what_its_children_lack(tmp_path: Path, start: str, method: str) -> None:
    got = run(tmp_path, SCRIPT.format(start=start, method=method), fresh=True).result
    assert got == [2] * 7 + [True]


def test_a_pool_answers_where_it_is_not_known_how_its_children_started(tmp_path: Path) -> None:
    hides = 'pool._ctx = multiprocessing.get_context("fork")\n        def apply'
    code = SCRIPT.format(start="", method="spawn").replace("def apply", hides)
    got = run(tmp_path, code, fresh=True).result
    assert got[-2:] == [2, True]
    for text in got[:-2]:
        assert "under `if __name__ == '__main__'`: define it outside" in text


def test_a_forked_child_uses_its_own(tmp_path: Path) -> None:
    got = run(tmp_path, SCRIPT.format(start="", method="fork"), fresh=True).result
    assert got == [2] * 7 + [True]


def test_a_spawned_process_gets_what_it_lacks(tmp_path: Path) -> None:
    code = """
        import multiprocessing
        if __name__ == "__main__":
            import modulepickle
            modulepickle.extend_multiprocessing()
            def helper(x): return x + 1
            context = multiprocessing.get_context("spawn")
            here, there = context.Pipe()
            child = context.Process(target=lambda end: end.send(helper(1)), args=(there,))
            child.start()
            there.close()
            result = here.recv()
            child.join()
    """
    assert run(tmp_path, code, fresh=True).result == 2
