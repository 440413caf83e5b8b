"""What all tests share: the Pythons there must be, bytecode, the loader's cache, hypothesis."""

from __future__ import annotations

import compileall
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from receivers import SOURCE, missing_interpreters

# Many examples start other processes, so no time limit for one of them. CI repeats itself exactly
# and keeps no database of examples.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure(config: pytest.Config) -> None:
    missing = missing_interpreters()
    if missing:
        raise pytest.UsageError(
            f"MODULEPICKLE_REQUIRE_PYTHONS asks for Python {', '.join(missing)}, not found here: "
            "name the executables in MODULEPICKLE_TEST_PYTHONS"
        )
    if not hasattr(config, "workerinput"):  # once, and not in each worker of xdist
        # Senders write no bytecode, so each of a thousand would compile the library anew.
        compileall.compile_dir(SOURCE, quiet=2)


def pytest_collection_finish() -> None:
    """Have the collector of garbage pass over what pytest has made: half a million objects.

    From 3.14 on, hypothesis asks `gc.get_referrers`, which does not see what is frozen.
    """
    if sys.version_info < (3, 14):
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run an engine's test that failed once more, where CI says so; the summary shows it.

    Schedulers, JVMs and downloads fail to start now and then for reasons that are not ours. A test
    of ours that fails by chance is a defect, and gets no second chance.
    """
    if "MODULEPICKLE_RERUN_ENGINES" in os.environ:
        for item in items:
            if any(
                item.get_closest_marker(name) for name in ("engines", "docker", "real", "suites")
            ):
                item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True, scope="session")
def _private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests out of the user's own cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODULEPICKLE_CACHE", str(tmp_path_factory.mktemp("modulepickle-cache")))
        yield


@pytest.fixture
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The loader's cache folder, new for this test, here and in the senders it starts."""
    folder = tmp_path / "modulepickle-cache"
    monkeypatch.setenv("MODULEPICKLE_CACHE", str(folder))
    return folder
