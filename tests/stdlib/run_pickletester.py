"""CPython's own pickle tests, run against modulepickle: prints what fails, as JSON.

    python run_pickletester.py    (with modulepickle on PYTHONPATH, and CPython's `test` package)

The classes are those of `test.test_pickle` for the C pickler, with ours in its place. Left out is
`SizeofTests`, which measures the memory of C structures.
"""

from __future__ import annotations

import collections
import io
import json
import pickle
import unittest

from test import pickletester, test_pickle

import modulepickle


class Module(pickletester.AbstractPickleModuleTests, unittest.TestCase):
    dump = staticmethod(modulepickle.dump)
    dumps = staticmethod(modulepickle.dumps)
    load = staticmethod(modulepickle.load)
    loads = staticmethod(modulepickle.loads)
    Pickler = modulepickle.Pickler
    Unpickler = modulepickle.Unpickler


class Functions(test_pickle.InMemoryPickleTests):
    bad_stack_errors = (pickle.UnpicklingError,)
    truncated_errors = (pickle.UnpicklingError, EOFError)

    def dumps(self, arg, protocol=None, **kwargs):
        return modulepickle.dumps(arg, protocol, **kwargs)

    def loads(self, buf, **kwds):
        return modulepickle.loads(buf, **kwds)


class Unpickler(test_pickle.CUnpicklerTests):
    unpickler = modulepickle.Unpickler


class Pickler(test_pickle.CPicklerTests):
    pickler = modulepickle.Pickler
    unpickler = modulepickle.Unpickler


class Persistent(test_pickle.CPersPicklerTests):
    pickler = modulepickle.Pickler
    unpickler = modulepickle.Unpickler


class PersistentByIdentity(test_pickle.CIdPersPicklerTests):
    pickler = modulepickle.Pickler
    unpickler = modulepickle.Unpickler


class LoadedByPython(test_pickle.CDumpPickle_LoadPickle):
    pickler = modulepickle.Pickler
    unpickler = pickle._Unpickler


class DumpedByPython(test_pickle.DumpPickle_CLoadPickle):
    unpickler = modulepickle.Unpickler


class Objects(test_pickle.CPicklerUnpicklerObjectTests):
    pickler_class = modulepickle.Pickler
    unpickler_class = modulepickle.Unpickler


class DispatchTable(test_pickle.CDispatchTableTests):
    pickler_class = modulepickle.Pickler

    def get_dispatch_table(self):
        return pickle.dispatch_table.copy()


class ChainDispatchTable(test_pickle.CChainDispatchTableTests):
    pickler_class = modulepickle.Pickler

    def get_dispatch_table(self):
        return collections.ChainMap({}, pickle.dispatch_table)


class Hook(test_pickle.CPicklerHookTests):
    class CustomPickler(pickletester.AbstractCustomPicklerClass, modulepickle.Pickler):
        pass

    pickler_class = CustomPickler


CLASSES = [
    Module, Functions, Unpickler, Pickler, Persistent, PersistentByIdentity, LoadedByPython,
    DumpedByPython, Objects, DispatchTable, ChainDispatchTable, Hook,
]  # fmt: skip

if hasattr(test_pickle, "CPicklingErrorTests"):  # new in 3.13

    class Errors(test_pickle.CPicklingErrorTests):
        pickler = modulepickle.Pickler

    CLASSES.append(Errors)


def main() -> None:
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(load(each) for each in CLASSES)
    stream = io.StringIO()
    result = unittest.TextTestRunner(stream, verbosity=0).run(suite)
    failed = {}
    for case, text in result.failures + result.errors:
        name = getattr(case, "test_case", case).id().removeprefix("__main__.")
        failed[name] = failed.get(name, "") + text
    print()  # some tests print
    print(json.dumps({"run": result.testsRun, "failed": failed}))


if __name__ == "__main__":
    main()
