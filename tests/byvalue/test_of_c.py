"""Types of C that say a module nobody can import, and classes that are derived from types of C."""

from __future__ import annotations

import pytest

from receivers import interpreters, project, receive, run, send

STRUCTURES = {
    "derived": """
        class Head(Structure):
            _fields_ = [("n", c_int)]
        class Plain(Head):
            def twice(self): return self.n * 2
        class Msg(Plain):
            _fields_ = [("v", c_double), ("heads", Head * 2)]
        obj = lambda: (sizeof(Msg), Msg(1, 2.5).twice(), sizeof(Head), Msg.v.offset)
    """,
    "pointers to each other": """
        class A(Structure): pass
        class B(Structure): pass
        A._fields_ = [("b", POINTER(B)), ("n", c_int), ("call", CFUNCTYPE(c_int, POINTER(A)))]
        B._fields_ = [("a", A), ("next", POINTER(B))]
        class C(B):
            _fields_ = [("more", A * 2)]
        ROW = C * 3
        obj = lambda: (sizeof(A), sizeof(B), sizeof(C), sizeof(ROW), B(A(None, 3)).a.n)
    """,
    "a pointer to what is derived": """
        class Other(Structure): pass
        class Head(Structure):
            _fields_ = [("other", POINTER(Other))]
        class Msg(Head):
            _fields_ = [("k", c_int)]
        Other._fields_ = [("msg", Msg), ("pointer", POINTER(Msg))]
        obj = lambda: (sizeof(Other), sizeof(Head), sizeof(Msg))
    """,
    "unions, layouts and order": """
        class Half(Union):
            _fields_ = [("i", c_uint32), ("b", c_ubyte * 4)]
        class Big(BigEndianStructure):
            _fields_ = [("i", c_uint32), ("s", c_short)]
        class Packed(Structure):
            _pack_ = 1
            _layout_ = "ms"
            _anonymous_ = ["half"]
            _fields_ = [("c", c_char), ("half", Half)]
        class More(Packed):
            _fields_ = [("z", c_int)]
        class Row(Array):
            _length_ = 2
            _type_ = Half
        def obj():
            more = More(b"c", Half(5))
            return bytes(Big(1, 2)), sizeof(Packed), more.i, more.b[0], Half(1).b[0], sizeof(Row)
    """,
    "hooks and more fields than are looked at": """
        class Base(Structure):
            seen = []
            def __init_subclass__(cls): Base.seen.append(cls.__name__)
        class In(Base):
            _fields_ = [("a", c_int), ("b", c_float)]
        class Big(Base):
            _fields_ = [(f"f{i}", c_int) for i in range(200)] + [("inside", In)]
        obj = lambda: (Base.seen, Big.inside.offset, Big.inside.size)
    """,
}


@pytest.mark.parametrize("python", interpreters(["3.9", "3.11", "3.14"]))
@pytest.mark.parametrize("name", STRUCTURES)
def test_r19_structures_are_complete_the_second_time_as_well(tmp_path, name, python):
    script = f"        from ctypes import *\n{STRUCTURES[name]}"
    native = run(tmp_path, f"{script}\n        result = obj()").result
    data = send(tmp_path, script)
    assert receive([data, data], "result = [each() for each in objs]", python=python).result == [
        native,
        native,
    ]


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
