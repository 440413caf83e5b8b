"""What shipped code gets that imports this library, on a receiver without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from receivers import interpreters, project, receive, send

JOBS = """
    === jobs.py
    import modulepickle
    from modulepickle import Policy, dumps
    modulepickle.set_policy(Policy(ignore=("x",)))
    with modulepickle.extend_multiprocessing(), modulepickle.hold():
        modulepickle.register_pickle_by_value(modulepickle)
    import os
    STORE = modulepickle.stores.directory(os.path.dirname(__file__))
    modulepickle.set_store(None)
    import modulepickle.stores, modulepickle.test
    from modulepickle.stores import fsspec
    from modulepickle.extend import extend_dill
    import pickle
    class Problem(modulepickle.PackagingError):
        pass
    class Own(modulepickle.Pickler):
        where: "modulepickle.Store | None" = None
    class Other(modulepickle.extend(pickle.Pickler)):
        pass
    def answer():
        return 42
    def again():
        return dumps(answer)
    def said():
        import io
        found = []
        for each in (again, lambda: Own(io.BytesIO()), lambda: Other(io.BytesIO()),
                     lambda: modulepickle.test.test(answer), lambda: modulepickle.explain(answer)):
            try:
                each()
            except RuntimeError as error:
                found.append(str(error).partition(" was called where the library is not")[0])
        return found
"""


@pytest.fixture
def sent(tmp_path: Path) -> bytes:
    return send(project(tmp_path, JOBS), "import jobs; obj = jobs.answer, jobs.again, jobs.said")


@pytest.mark.parametrize("python", interpreters())
def test_r15_settings_do_nothing_and_what_pickles_says_why_not(sent: bytes, python: str) -> None:
    code = """
        answer, again, others = obj
        try:
            again()
        except RuntimeError as error:
            said = str(error)
        result = answer(), said, others(), "modulepickle" in sys.modules
    """
    value, said, others, seen = receive(sent, code, python=python).result
    assert (value, seen) == (42, False)
    names = "dumps", "Pickler", "Pickler", "test.test", "explain"
    assert others == [f"modulepickle.{name}()" for name in names]
    assert said.startswith("modulepickle.dumps() was called where the library is not installed")
    assert "pip install modulepickle" in said


def test_r15_the_stand_in_stands_back_where_the_library_is(sent: bytes) -> None:
    code = """
        import modulepickle
        answer, again, _ = obj
        result = pickle.loads(again()) is answer, modulepickle.__file__.endswith("__init__.py")
    """
    assert receive(sent, code, bare=False).result == (True, True)


def test_r15_a_function_of_the_script_imports_it(tmp_path: Path) -> None:
    code = """
        def obj():
            import modulepickle
            modulepickle.set_policy(None)
            return modulepickle.wrap(3)
    """
    assert receive(send(tmp_path, code), "result = obj()").result == 3


def test_r02_the_stand_in_is_there_once_and_only_if_it_is_imported(tmp_path: Path) -> None:
    tree = project(tmp_path, f"{JOBS}\n    === more.py\n    import modulepickle\n    === none.py\n")
    both = send(tree, "import jobs, more; obj = jobs, more")
    assert both.count(b"modulepickle.pyPK") == 1
    assert b"modulepickle.py" not in send(tree, "import none; obj = none")
