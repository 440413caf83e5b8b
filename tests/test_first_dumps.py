"""What the first `dumps` of a process does without: it is as long as reading and packing the files.

All is counted, as in `test_counts.py`. The times themselves are in `benchmarks`.
"""

from __future__ import annotations

import os
import textwrap

import pytest

from modulepickle import Policy
from modulepickle._base.errors import PackagingError, Problem, Reason
from modulepickle._local.finder import LocalPackage
from modulepickle._snapshot import files as _files
from modulepickle._snapshot import listing as _walk
from modulepickle._snapshot import threads as _threads
from receivers import project, run

PACKAGE = """
    === pkg/__init__.py
    import os, json, re
    from importlib import import_module
    from typing import TYPE_CHECKING
    from pkg import a, b
    if TYPE_CHECKING:
        import collections
    def f(): return import_module("pkg.a"), a, b
    === pkg/a.py
    # coding: utf-8
    === pkg/b.py
"""

DEAR = {"ast", "hashlib", "importlib.metadata", "tokenize", "urllib.parse"}
"""Modules of the standard library that take as long to import as a small package takes to pack."""


def test_a_small_package_imports_nothing_dear(tmp_path):
    tree = project(tmp_path, PACKAGE)
    code = """
        import sys
        import modulepickle, pkg
        for name in DEAR:
            sys.modules.pop(name, None)
        modulepickle.dumps(pkg.f)
        result = sorted(DEAR & sys.modules.keys())
    """
    assert run(tree, f"DEAR = {DEAR}\n{textwrap.dedent(code)}").result == []


def test_a_large_package_is_hashed_by_openssl(tmp_path):
    tree = project(tmp_path, PACKAGE)
    (tree / "pkg" / "large.txt").write_bytes(b"x" * 2**18)
    code = """
        import sys
        import modulepickle, pkg
        sys.modules.pop("hashlib", None)
        modulepickle.dumps(pkg.f)
        result = "hashlib" in sys.modules
    """
    assert run(tree, code).result is True


# --- several files at a time ----------------------------------------------------------------------

FILES = 60
LARGE = "\n".join(
    [
        "=== pkg/__init__.py\nfrom pkg import m0\ndef f(): return m0.x",
        *(f"=== pkg/m{n}.py\nimport json\nx = {n}\n# {'some text ' * 1000}" for n in range(FILES)),
    ]
)
STARTS = """
    import sys, threading
    import modulepickle, pkg
    from modulepickle._snapshot import files as _files
    from modulepickle._snapshot import snapshot as _snapshot
    from modulepickle._snapshot import threads as _threads
    from modulepickle._snapshot import watch as _watch
    started = []
    start = threading.Thread.start
    def noted(self):
        started.append(self.name)
        start(self)
    threading.Thread.start = noted
    def first():
        # As in a new process.
        for kept in (_files._files, _snapshot._snapshots, _watch._listings):
            kept.clear()
        started.clear()
        return modulepickle.dumps(pkg.f)
"""


def starts(tree, code):
    return run(tree, f"{textwrap.dedent(STARTS)}\n{textwrap.dedent(code)}").result


def test_a_large_package_is_read_in_threads_that_end(tmp_path):
    code = """
        _threads.helpers.__globals__["os"] = type("", (), {"sched_getaffinity": lambda _: range(9)})
        first()
        result = len(started), threading.active_count()
    """
    assert starts(project(tmp_path, LARGE), code) == (3, 1)


def test_neither_a_small_package_nor_an_edit_starts_a_thread(tmp_path):
    tree = project(tmp_path, LARGE)
    code = """
        import pathlib
        first()
        while any(file.racy for file in _files._files.values()):
            modulepickle.dumps(pkg.f)
        started.clear()
        pathlib.Path("pkg/m0.py").write_text("x = 1\\n#" + "some text " * 10_000)
        modulepickle.dumps(pkg.f)
        result = started
    """
    assert starts(tree, code) == []
    assert starts(project(tmp_path / "small", PACKAGE), "first(); result = started") == []


def test_r04_the_bytes_do_not_depend_on_the_threads(tmp_path):
    code = """
        result = set()
        for number in [0, 1, 3] * 5:
            _threads.helpers = lambda most: number
            result.add(first())
    """
    assert len(starts(project(tmp_path, LARGE), code)) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_r14_a_fork_while_another_thread_reads(tmp_path):
    code = """
        import os, warnings
        warnings.simplefilter("ignore")  # from 3.12 on, of a fork where there are threads
        _threads.helpers = lambda most: 3
        expected = first()
        result = set()
        def forks():
            for _ in range(20):
                child = os.fork()
                if not child:
                    os._exit(first() != expected)
                result.add(os.waitpid(child, 0)[1])
        forking = threading.Thread(target=forks)
        forking.start()
        while forking.is_alive():
            result.add(0 if first() == expected else "here")
        forking.join()
    """
    assert starts(project(tmp_path, LARGE), code) == {0}


def test_r15_problems_have_the_order_of_the_files(tmp_path, monkeypatch):
    tree = project(tmp_path, LARGE)
    listed = _walk.listing(LocalPackage("pkg", (str(tree / "pkg"),), True), Policy(), [])
    read = _files._read

    def some(found, known):
        if "3" in found.name:
            raise PackagingError([Problem(Reason.UNREADABLE, found.name)])
        return read(found, known)

    monkeypatch.setattr(_files, "_read", some)
    for number in (0, 3):
        monkeypatch.setattr(_threads, "helpers", lambda most, number=number: number)
        problems = []
        files = _files.read(listed, problems)
        bad = [file.name for file in listed if "3" in file.name]
        assert [problem.subject for problem in problems] == bad
        assert [*files] == [file.name for file in listed if "3" not in file.name]
