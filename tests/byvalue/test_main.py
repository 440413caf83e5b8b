"""Functions of a script that import `__main__`, or have it as a global, find the script's names."""

from __future__ import annotations

import pytest

from receivers import VERSIONS, find_interpreters, project, receive, run, send

FOUND = [each for each in VERSIONS if each in find_interpreters()]

SCRIPT = """
import sys
import __main__
CONFIG = {"a": 1}
COUNT = 0
HERE = sys.modules[__name__]
def other(): return CONFIG["a"]
def by_statement():
    import __main__
    return __main__.CONFIG, __main__.other()
def by_names():
    from __main__ import CONFIG as config, other
    return config, other()
def by_global(): return __main__.CONFIG
def by_text(): return getattr(HERE, "CONFIG"), HERE.__name__
def counts():
    import __main__
    __main__.COUNT += 1
    return COUNT, vars(__main__)["COUNT"]
def beside_a_package():
    import sizes, __main__
    return sizes.UNIT, __main__.CONFIG
def after_that():
    import sizes
    return beside_a_package()
class Thing:
    def look(self):
        import __main__
        return __main__.Thing is type(self), hasattr(__main__, "missing")
obj = [by_statement, by_names, by_global, by_text, counts, Thing().look, after_that]
"""

RIGHT = [({"a": 1}, 1), ({"a": 1}, 1), {"a": 1}, ({"a": 1}, "__main__"), (1, 1), (True, False),
         ("km", {"a": 1})]  # fmt: skip


@pytest.fixture
def data(tmp_path):
    tree = project(tmp_path, "=== sizes.py\nUNIT = 'km'\n")
    return send(tree, SCRIPT)


@pytest.mark.parametrize("version", [FOUND[0], FOUND[-1]])
def test_r19_what_functions_name_of_the_script_arrives(data, version):
    got = receive(data, "result = [each() for each in obj]", python=find_interpreters()[version])
    assert got.result == RIGHT


def test_r16_it_is_sent_on(data, tmp_path):
    (tmp_path / "data").write_bytes(data)
    code = """
        import pickle, modulepickle
        with open("data", "rb") as file:
            result = modulepickle.dumps(pickle.load(file))
    """
    (tmp_path / "sizes.py").unlink()
    again = run(tmp_path, code, script="other.py").result
    assert receive(again, "result = [each() for each in obj]").result == RIGHT


AS_A_GLOBAL = """
import sys, __main__
MODE = "fast"
this = sys.modules[__name__]
def obj(): return __main__.MODE, getattr(this, "MODE", "slow")
"""


def test_r16_with_main_as_a_global_it_is_sent_on_from_hop_to_hop(tmp_path):
    data = send(tmp_path, AS_A_GLOBAL)
    for _ in range(3):
        assert receive(data, "result = obj()").result == ("fast", "fast")
        again = "import modulepickle; result = modulepickle.dumps(obj)"
        data = receive(data, again, bare=False).result


def test_what_did_not_travel_is_an_error_that_says_so(data):
    code = """
        from sys import modules
        try:
            obj[3].__globals__["HERE"].UNKNOWN
        except AttributeError as error:
            result = str(error), obj[0].__globals__["__name__"], modules["__main__"].__name__
    """
    text, *names = receive(data, code).result
    assert "'UNKNOWN'" in text
    assert "__main__ did not travel" in text
    assert names == ["__main__", "__main__"]
