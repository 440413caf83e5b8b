"""PackagingError: every problem, once, grouped by reason, with what to do (R15)."""

from __future__ import annotations

import copy
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from modulepickle._base.errors import PackagingError, Problem, Reason, StaleSourceWarning

LARGE = Problem(
    Reason.TOO_LARGE,
    "helpers",
    "70,000,000 bytes; the largest files are:\n60,000,000  model.ckpt\n9,000,000  data/x.bin",
    'Policy(ignore=("*.ckpt",))',
    ("train.fit", "helpers"),
)
LINK = Problem(Reason.LINK_LEAVES_TREE, "helpers/secrets", "leads to /etc")
OTHER = Problem(Reason.TOO_LARGE, "utils", "80,000,000 bytes")

texts = st.text(max_size=20)
problems = st.builds(
    Problem, st.sampled_from(Reason), texts, texts, texts, st.lists(texts).map(tuple)
)


def test_the_message_groups_by_reason():
    assert str(PackagingError([LARGE, LINK, OTHER])) == (
        "The package is larger than Policy.max_bytes:\n"
        "  * helpers: 70,000,000 bytes; the largest files are:\n"
        "      60,000,000  model.ckpt\n"
        "      9,000,000  data/x.bin\n"
        "    reached by: train.fit -> helpers\n"
        '    what to do: Policy(ignore=("*.ckpt",))\n'
        "  * utils: 80,000,000 bytes\n"
        "  (modulepickle docs: errors.md#too-large)\n"
        "\n"
        "A symbolic link leads out of the package:\n"
        "  * helpers/secrets: leads to /etc\n"
        "  (modulepickle docs: errors.md#link-leaves-tree)"
    )


def test_a_repeated_problem_is_said_once():
    error = PackagingError(iter([LARGE, LINK, LARGE]))
    assert error.problems == (LARGE, LINK)
    assert str(error).count("helpers: ") == 1


def test_a_traceback_names_it_as_users_import_it():
    for kind in (PackagingError, StaleSourceWarning):
        assert f"{kind.__module__}.{kind.__qualname__}" == f"modulepickle.{kind.__name__}"
        assert pickle.loads(pickle.dumps(kind)) is kind


def test_it_is_a_pickling_error():
    assert issubclass(PackagingError, pickle.PicklingError)
    assert issubclass(StaleSourceWarning, UserWarning)


@settings(max_examples=30)
@given(st.lists(problems), st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_any_error_survives_pickling(found, protocol):
    error = PackagingError(found)
    for again in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error)):
        assert type(again) is PackagingError
        assert again.problems == error.problems
        assert str(again) == str(error)


def test_every_reason_is_a_heading_of_its_own():
    headings = [reason.value for reason in Reason]
    assert len(set(headings)) == len(headings)
    assert all(heading[0].isupper() and not heading.endswith(".") for heading in headings)
