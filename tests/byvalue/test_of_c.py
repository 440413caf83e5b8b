"""Types of C that say a module nobody can import: they are found where they stand."""

from __future__ import annotations

from receivers import project, receive, send


def test_a_class_of_c_is_found_in_the_module_that_has_it(tmp_path):
    # As wrapt's: a type of C whose `__module__` is a name beside its package.
    tree = project(tmp_path, "=== other.py\n")
    code = """
        import fractions
        class Made(dict): pass
        Made.__module__ = "_nowhere"
        fractions.Made = Made
        fractions.Made.__qualname__ = "Made"
        obj = lambda: Made
    """
    data = send(tree, code)
    assert b"_nowhere" not in data
    code = "import fractions; fractions.Made = int; result = load()().__name__"
    assert receive(data, code, lazy=True).result == "int"
