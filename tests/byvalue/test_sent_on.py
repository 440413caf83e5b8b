"""R4, R16: what was received by value gives the same bytes when it is sent on."""

from __future__ import annotations

import pytest

from receivers import VERSIONS, find_interpreters, receive, send

FOUND = [each for each in VERSIONS if each in find_interpreters()]

MAKERS = """
class Case:
    def method(self):
        def make(dumps):
            def function(first, second):
                return first
            return dumps(function)
        return make
make = Case().method()
"""

NAMES = """
class A:
    "A class with names that are values, too."
    first = "join"
    second = "class_value"
    def join(self, first): return first
A.join.first = "join"
def function(join="join"): return join, WORD, A
WORD = "strip"
"""


def test_r04_a_function_that_a_received_one_makes_has_the_bytes_of_the_sender(tmp_path):
    here = send(tmp_path, MAKERS + "obj = None", dumps="make(modulepickle.dumps)")
    data = send(tmp_path, MAKERS + "obj = make")
    code = "import modulepickle; result = obj(modulepickle.dumps)"
    assert receive(data, code, bare=False).result == here


@pytest.mark.parametrize("name", ["A", "function", "[A, function]"])
def test_r16_the_second_hop_has_the_bytes_of_the_first(tmp_path, name):
    data = send(tmp_path, f"{NAMES}obj = {name}")
    again = receive(data, "import modulepickle; result = modulepickle.dumps(obj)", bare=False)
    assert again.result == data
    third = receive(
        again.result, "import modulepickle; result = modulepickle.dumps(obj)", bare=False
    )
    assert third.result == data


def test_r16_an_instance_of_the_script_s_own_class_comes_home_by_modulepickle_alone(tmp_path):
    data = send(tmp_path, "class A: n = 5\ndef obj(): return A()")
    code = """
        import pickle, modulepickle
        result = [modulepickle.dumps(obj())]
        try:
            pickle.dumps(obj())
        except pickle.PicklingError:
            result.append("no name there")
    """
    home, refused = receive(data, code, bare=False).result
    assert receive(home, "result = obj.n").result == 5
    assert refused == "no name there"


NESTED = """
def outer():
    inner = lambda: lambda: lambda: "innermost"
    def function():
        def function(): return "inner"
        return function
    return inner, function
obj = outer()
"""


def test_r16_of_a_lambda_in_a_lambda_the_inner_one_is_sent_on(tmp_path):
    data = send(tmp_path, NESTED)
    code = "import modulepickle; result = modulepickle.dumps((obj[0](), obj[0]()(), obj[1]()))"
    on = receive(data, code, bare=False).result
    use = "result = obj[0]()(), obj[1](), obj[2]()"
    for version in (FOUND[0], FOUND[-1]):
        got = receive(on, use, python=find_interpreters()[version])
        assert got.result == ("innermost", "innermost", "inner")
