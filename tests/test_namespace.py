"""Namespace packages as objects: the `google` that `import google.mycompany` leaves in a script."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from receivers import interpreters, project, receive, run, send

TREE = """
    === google/mycompany/__init__.py
    VERSION = 1
    === google/mycompany/deep.py
    NAME = "deep"
    === google/inner/parts/__init__.py
    PART = "part"
"""
IMPORTS = "import google.mycompany.deep, google.inner.parts\n"
F = f"{IMPORTS}obj = lambda: (google.mycompany.VERSION, google.inner.parts.PART)"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", TREE)


@pytest.mark.parametrize("python", interpreters())
def test_a_function_of_the_script_reaches_packages_through_it(tree: Path, python: str) -> None:
    got = receive(send(tree, F), "result = obj()", python=python, absent=["google"])
    assert got.result == (1, "part")


def test_the_object_itself(tree: Path) -> None:
    data = send(tree, f"{IMPORTS}obj = [google, google.inner, google]")
    code = """
        google, inner, again = obj
        result = google is again, inner.parts.PART, google.mycompany.VERSION, google.__name__
    """
    assert receive(data, code, absent=["google"]).result == (True, "part", 1, "google")


def test_each_function_sees_the_version_that_it_was_pickled_with(tree: Path) -> None:
    old = send(tree, F)
    project(tree, "=== google/mycompany/__init__.py\nVERSION = 2\n")
    code = "result = [obj() for obj in objs] + [objs[0]()]"
    got = receive([old, send(tree, F)], code, absent=["google"])
    assert got.result == [(1, "part"), (2, "part"), (1, "part")]


def test_other_people_s_portions_stay_visible(tree: Path, tmp_path: Path) -> None:
    installed = project(tmp_path / "site", "=== google/other.py\nNAME = 'other'\n")
    path = f"import sys; sys.path.append({str(installed)!r})\n"
    data = send(
        tree,
        f"{path}import google.other, google.mycompany\n"
        "obj = lambda: (google.mycompany.VERSION, google.other.NAME)",
    )
    assert receive(data, f"{path}result = load()()", lazy=True).result == (1, "other")


def test_r10_in_the_sender_it_is_the_sender_s_own(tree: Path) -> None:
    code = f"""
        {IMPORTS.strip()}
        import modulepickle, pickle, sys
        data = modulepickle.dumps([google, google.inner])
        result = pickle.loads(data)[0] is google, pickle.loads(data)[1] is google.inner
    """
    assert run(tree, code).result == (True, True)


def test_r04_it_does_not_matter_in_which_order_they_were_imported(tree: Path) -> None:
    one = send(tree, "import google.mycompany, google.inner.parts\nobj = google")
    other = send(tree, "import google.inner.parts, google.mycompany\nobj = google")
    assert one == other


def test_r16_a_receiver_sends_it_on(tree: Path) -> None:
    project(
        tree, "=== user.py\nimport google.mycompany\ndef f(): return google.mycompany.VERSION\n"
    )
    data = send(
        tree, f"{IMPORTS}import user\nobj = user, google, (lambda: google.mycompany.VERSION)"
    )
    code = """
        import modulepickle
        user, google, f = obj
        result = modulepickle.dumps([user.google, google, f])
    """
    absent = [] if find_spec("google") else ["google"]  # an installed package may have one, too
    again = receive(data, code, bare=False, absent=absent).result
    code = "result = obj[0].mycompany.VERSION, obj[1].inner.parts.PART, obj[2]()"
    assert receive(again, code, absent=["google"]).result == (1, "part", 1)
