"""R11: modules that the host imports after it received something are as ever."""

from __future__ import annotations

import pytest

from receivers import interpreters, project, receive, send

CODE = """
import os, types
sys.path.insert(0, os.getcwd())
with open("later.py", "w") as file:
    file.write("x = 1")
obj()
import later, wave
result = [
    [type(each) is types.ModuleType and "modules" not in dir(each) for each in (later, wave)],
    type(sys)("fresh").__name__,
    type(types.ModuleType("other")) is types.ModuleType,
    [isinstance(sys, types.ModuleType), sys.modules["later"] is later],
]
try:
    pickle.dumps(later)
except TypeError as error:
    result.append("cannot pickle 'module' object" in str(error))
class Derived(type(sys)):
    pass
result.append((type(Derived("derived")) is Derived, Derived("derived").__name__))
"""


@pytest.mark.parametrize("python", interpreters())
def test_r11_modules_that_are_imported_later_are_plain_modules(tmp_path, python):
    tree = project(tmp_path, "=== pkg.py\nimport sys\ndef f():\n    return sys.modules[__name__]")
    data = send(tree, "from pkg import f as obj")
    assert receive(data, CODE, python=python).result == [
        [True, True], "fresh", True, [True, True], True, (True, "derived"),
    ]  # fmt: skip


def test_r11_modules_of_a_snapshot_are_plain_modules(tmp_path):
    tree = project(tmp_path, "=== pkg/__init__.py\nfrom pkg import part\n=== pkg/part.py\n")
    data = send(tree, "import pkg as obj")
    code = "import types; result = [type(each) is types.ModuleType for each in (obj, obj.part)]"
    assert receive(data, code).result == [True, True]
