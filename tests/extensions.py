"""A tiny extension module, for the tests that ship one."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

EXTENSION = r"""
#include <Python.h>
static PyObject *value(PyObject *self, PyObject *none) { return PyLong_FromLong(VERSION); }
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
SLOTS
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast", NULL, SIZE, methods USED};
PyMODINIT_FUNC PyInit_fast(void) { return CREATE(&module); }
"""
PHASES = {
    "multi": {
        "SLOTS": "static PyModuleDef_Slot slots[] = {{0, NULL}};",
        "SIZE": "0",
        "USED": ", slots",
        "CREATE": "PyModuleDef_Init",
    },
    "single": {"SLOTS": "", "SIZE": "-1", "USED": "", "CREATE": "PyModule_Create"},
}


def compile_extension(target: Path, phase: str, version: int) -> None:
    """Compile the module `fast`, whose `value()` is a version, or skip."""
    compiler = shutil.which("gcc")
    include = sysconfig.get_path("include")
    if not compiler or not Path(include, "Python.h").exists():
        pytest.skip("no C compiler, or no Python.h")
    text = EXTENSION.replace("VERSION", str(version))
    for name, value in PHASES[phase].items():
        text = text.replace(name, value)
    source = target.with_name("fast.c")
    source.write_text(text)
    command = [compiler, "-shared", "-fPIC", f"-I{include}", "-o", str(target), str(source)]
    subprocess.run(command, check=True)
