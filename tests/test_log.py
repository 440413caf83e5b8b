"""The library's log, where `logging` is imported and where it is not."""

from __future__ import annotations

import logging

from modulepickle._base.process import log
from receivers import project, run


def test_a_record_is_of_who_wrote_it(caplog):
    caplog.set_level(logging.DEBUG, "modulepickle")
    log.debug("%d files", 1)
    log.info("%d files", 2)
    log.warning("%d files", 3)
    assert [record.getMessage() for record in caplog.records] == ["1 files", "2 files", "3 files"]
    assert {record.name for record in caplog.records} == {"modulepickle"}
    assert {record.funcName for record in caplog.records} == {"test_a_record_is_of_who_wrote_it"}
    assert [record.levelname for record in caplog.records] == ["DEBUG", "INFO", "WARNING"]


def test_logging_is_not_imported_for_what_nobody_reads(tmp_path):
    tree = project(tmp_path, "=== pkg/__init__.py\n=== pkg/large.bin\n")
    code = """
        import sys, modulepickle, pkg
        modulepickle.dumps(pkg)
        before = "logging" in sys.modules
        with open("pkg/large.bin", "wb") as file:
            file.write(bytes(6 * 2**20))
        modulepickle.dumps(pkg)
        result = before, "logging" in sys.modules
    """
    done = run(tree, code)
    assert done.result == (False, True)
    assert "travel with every pickle" in done.stderr
