"""What the first `dumps` of a process does without: it is as long as reading and packing the files.

All is counted, as in `test_counts.py`. The times themselves are in `benchmarks`.
"""

from __future__ import annotations

import textwrap

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
