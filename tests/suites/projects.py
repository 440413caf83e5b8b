"""The projects whose own tests are run, and the distributions that those tests need.

Pinned: the ids in `differences.py` are those of these releases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Project:
    """A project, as the user's working tree.

    Attributes:
        pin: the distribution whose sdist has the tests, and whose wheel is the working tree.
        names: the top-level modules that are pickled.
        places: where its tests are, as `runner.py` takes it.
        beside: wheels that stand in the same working tree, and so travel as requirements.
        options: for pytest. env: variables for the run, `{here}` being the sdist's folder.
    """

    pin: str
    names: tuple[str, ...]
    places: tuple[str, ...] = ("tests",)
    beside: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


TYPING_EXTENSIONS: Final = "typing_extensions==4.16.0"
MARKUPSAFE: Final = "markupsafe==3.0.4"
CLICK: Final = "click==8.5.1"
WERKZEUG: Final = "werkzeug==3.1.9"
JINJA: Final = "jinja2==3.1.6"
ATTRS: Final = "attrs==26.1.0"

PROJECTS: Final[dict[str, Project]] = {
    "attrs": Project(ATTRS, ("attr", "attrs")),
    "click": Project(CLICK, ("click",)),
    "dateutil": Project(
        "python-dateutil==4.0.0",
        ("dateutil", "attr"),  # `attr` is its tests' own
        beside=(ATTRS,),
        options=(
            *("-W", "ignore::pytest.PytestUnknownMarkWarning"),
            *(
                "--ignore=tests/test_tzpath_data.py",
                "--ignore=tests/property",
            ),  # slow
        ),
    ),
    "flask": Project(
        "flask==3.1.3",
        ("flask",),
        beside=(
            WERKZEUG,
            CLICK,
            MARKUPSAFE,
            JINJA,
            "itsdangerous==2.2.0",
            "blinker==1.9.0",
        ),
    ),
    "itsdangerous": Project("itsdangerous==2.2.0", ("itsdangerous",)),
    "jinja2": Project(JINJA, ("jinja2",), beside=(MARKUPSAFE,)),
    "jsonschema": Project(
        "jsonschema==4.26.0",
        ("jsonschema",),
        ("jsonschema:jsonschema/tests",),
        beside=(
            ATTRS,
            TYPING_EXTENSIONS,
            "referencing==0.37.0",
            "jsonschema-specifications==2025.9.1",
        ),
        env=(("JSON_SCHEMA_TEST_SUITE", "{here}/json"),),
    ),
    "markdown": Project(
        "markdown==3.11.3",
        ("markdown",),
        options=("-W", "ignore::pytest.PytestCollectionWarning"),
    ),
    "markupsafe": Project(MARKUPSAFE, ("markupsafe",)),
    "multidict": Project(
        "multidict==7.2.1",
        ("multidict",),
        (
            "tests/test_multidict.py",
            "tests/test_pickle.py",
            "tests/test_types.py",
            "tests/test_abc.py",
        ),
        options=("-o", "addopts="),
    ),
    "parso": Project("parso==0.8.7", ("parso",), ("test",)),
    "pluggy": Project("pluggy==1.7.0", ("pluggy",), ("testing",)),
    "pydantic": Project("pydantic==1.10.26", ("pydantic",), beside=(TYPING_EXTENSIONS,)),
    "pyrsistent": Project("pyrsistent==0.20.0", ("pyrsistent", "pvectorc")),
    "six": Project("six==1.17.0", ("six",), ("test_six.py",)),
    "sqlparse": Project("sqlparse==0.6.1", ("sqlparse",)),
    "toolz": Project("toolz==1.2.0", ("toolz", "tlz"), ("toolz:toolz/tests",)),
    "typing_extensions": Project(
        TYPING_EXTENSIONS, ("typing_extensions",), ("src/test_typing_extensions.py",)
    ),
    "wrapt": Project("wrapt==2.5.2", ("wrapt",)),
    "werkzeug": Project(
        WERKZEUG, ("werkzeug",), beside=(MARKUPSAFE,), options=("-m", "not dev_server")
    ),
}

PYTEST: Final = (
    "pytest==8.4.2",
    "iniconfig==2.3.1",
    "packaging==26.4",
    "pluggy==1.7.0",
    "pygments==2.21.0",
)
"""pytest, with what it requires."""

RECEIVER: Final = (
    *PYTEST,
    "asgiref==3.13.0",
    "ephemeral-port-reserve==1.1.4",
    "freezegun==1.5.5",
    "greenlet==3.5.6",
    "hypothesis==6.170.17",
    "jsonpath-ng==1.16.0",
    "ply==3.11",
    "psutil==7.2.2",
    "pytest-mock==3.17.0",
    "pytest-timeout==2.4.0",
    "python-dotenv==1.2.4",
    "pyyaml==6.0.4",
    "rpds-py==2026.9.1",
    "sortedcontainers==2.4.0",
    "tzdata==2026.6",
)
"""What is installed on the receiver, for the projects or their tests, and nothing besides."""
