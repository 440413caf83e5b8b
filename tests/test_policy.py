"""Policy: what is local, and what it overrides (design section 4)."""

from __future__ import annotations

import copy
import json
import os
import pickle
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modulepickle._local import tree as _tree
from modulepickle._local.policy import Policy, get_policy, set_policy
from modulepickle._local.tree import working_tree

NAMES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map(".".join)


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def is_local(path: Path, policy: Policy | None = None) -> bool:
    return (policy or Policy()).verdict(path.name.partition(".")[0], str(path))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A process with no working tree but an empty folder: no script, nothing editable."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    monkeypatch.chdir(home)
    standard = [entry for entry in sys.path if _tree.in_standard_library(os.path.realpath(entry))]
    monkeypatch.setattr(sys, "path", standard)
    monkeypatch.setattr(_tree, "main_file", lambda: None)
    monkeypatch.setattr(_tree, "STARTED_IN", None)
    return home


# -- Fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["include", "exclude", "by_value", "ignore"])
def test_one_string_is_refused_with_what_to_type(field):
    with pytest.raises(TypeError, match=rf"write Policy\({field}=\('mine',\)\)"):
        Policy(**{field: "mine"})


@pytest.mark.parametrize("value", [3, [3], [""], None, {"a": 1}])
def test_patterns_are_strings(value):
    with pytest.raises(TypeError, match="include"):
        Policy(include=value)


@pytest.mark.parametrize("value", ["64", 1.5, None, True])
def test_max_bytes_is_a_number_of_bytes(value):
    with pytest.raises(TypeError, match="max_bytes"):
        Policy(max_bytes=value)


def test_max_bytes_is_positive():
    with pytest.raises(ValueError, match="positive"):
        Policy(max_bytes=0)


def test_lists_become_tuples_and_sets_are_sorted():
    policy = Policy(include=["b", "a"], exclude={"d", "c"})
    assert policy == Policy(include=("b", "a"), exclude=("c", "d"))
    assert hash(policy) == hash(Policy(include=("b", "a"), exclude=("c", "d")))


def test_the_default_is_what_the_design_says():
    assert Policy() == Policy((), (), (), (), 67108864)


def test_set_policy_returns_the_one_before():
    before = get_policy()
    mine = Policy(exclude=["*"])
    assert set_policy(mine) is before
    assert get_policy() is mine
    assert set_policy(before) is mine
    with pytest.raises(TypeError, match="takes a Policy"):
        set_policy(None)


# -- Patterns -----------------------------------------------------------------------------------


@given(NAMES, NAMES)
def test_any_name_covers_its_submodules_and_no_other(name, other):
    covered = other == name or other.startswith(name + ".")
    assert Policy(include=[name]).includes(other) is covered
    assert Policy(exclude=[name]).excludes(other) is covered
    assert Policy(by_value=[name]).ships_by_value(other) is covered


@given(NAMES)
def test_exclude_wins_over_include(name):
    assert not Policy(include=[name], exclude=["*"]).includes(name)


def test_patterns_have_wildcards_and_know_case():
    policy = Policy(include=["google.*", "my_?"])
    assert policy.includes("google.mine.deep")
    assert not policy.includes("google")
    assert policy.includes("my_x")
    assert not policy.includes("My_x")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.ckpt", "a.ckpt", True),
        ("*.ckpt", "deep/down/a.ckpt", True),
        ("*.ckpt", "a.ckpt.py", False),
        ("data/*", "data/x.bin", True),
        ("data/*", "data/deep/x.bin", True),
        ("data", "data/deep/x.bin", True),
        ("data/", "data/deep/x.bin", True),
        ("data", "database/x.bin", False),
        ("data/*", "data", False),
        ("*/data", "sub/data/x.bin", True),
        ("DATA", "data/x.bin", False),
    ],
)
def test_ignore_matches_a_path_or_a_folder_above_it(pattern, path, expected):
    assert Policy(ignore=[pattern]).ignores(path) is expected


def test_nothing_is_ignored_by_default():
    assert not Policy().ignores("data/x.ckpt")


# -- Roots --------------------------------------------------------------------------------------


def test_the_current_folder_is_a_root(elsewhere):
    assert is_local(write(elsewhere / "helpers.py"))
    assert is_local(write(elsewhere / "deep" / "helpers.py"))
    assert is_local(elsewhere / "deep")


def test_what_lies_beside_the_roots_is_not_local(elsewhere):
    assert not is_local(write(elsewhere.parent / "helpers.py"))
    assert not is_local(write(elsewhere.parent / "elsewhere2" / "helpers.py"))


@pytest.mark.parametrize("mark", [".git", "pyproject.toml", "setup.py", "setup.cfg"])
def test_the_project_root_is_a_root(elsewhere, monkeypatch, mark):
    write(elsewhere / mark)
    module = write(elsewhere / "src" / "helpers" / "__init__.py")
    (elsewhere / "notebooks" / "old").mkdir(parents=True)
    monkeypatch.chdir(elsewhere / "notebooks" / "old")
    assert is_local(module)
    assert not is_local(write(elsewhere.parent / "helpers.py"))


def test_the_nearest_project_wins(elsewhere, monkeypatch):
    write(elsewhere / ".git" / "HEAD")
    write(elsewhere / "service" / "pyproject.toml")
    monkeypatch.chdir(elsewhere / "service")
    assert not is_local(write(elsewhere / "helpers.py"))


def test_the_script_folder_and_its_project_are_roots(elsewhere, monkeypatch):
    project = elsewhere.parent / "project"
    write(project / "setup.cfg")
    script = write(project / "scripts" / "train.py")
    monkeypatch.setattr(_tree, "main_file", lambda: str(script))
    assert is_local(write(project / "scripts" / "helpers.py"))
    assert is_local(write(project / "lib" / "helpers.py"))


def test_the_root_folder_counts_for_nothing(elsewhere, monkeypatch):
    module = write(elsewhere / "helpers.py")
    monkeypatch.chdir(Path(elsewhere.anchor))
    assert working_tree().roots == ()
    assert not is_local(module)


def test_a_deleted_current_folder_is_no_root(elsewhere, monkeypatch):
    def gone() -> str:
        raise FileNotFoundError

    module = write(elsewhere / "helpers.py")
    monkeypatch.setattr(os, "getcwd", gone)
    assert not is_local(module)


def test_links_are_followed_on_both_sides(elsewhere, monkeypatch):
    module = write(elsewhere.parent / "real" / "helpers.py")
    link = elsewhere.parent / "link"
    try:
        link.symlink_to(module.parent, target_is_directory=True)
    except OSError:
        pytest.skip("this user may not make symbolic links")
    monkeypatch.chdir(link)
    assert is_local(module)
    assert is_local(link / "helpers.py")


def test_the_tree_is_kept_until_something_moves(elsewhere, monkeypatch):
    tree = working_tree()
    assert working_tree() is tree
    monkeypatch.chdir(elsewhere.parent)
    assert working_tree() is not tree


# -- Installations ------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_what_is_installed_in_the_tree_is_not_local(elsewhere, folder):
    assert not is_local(write(elsewhere / "env" / "lib" / folder / "requests" / "__init__.py"))


def test_a_virtual_environment_in_the_tree_is_not_local(elsewhere):
    write(elsewhere / ".venv" / "pyvenv.cfg")
    assert not is_local(write(elsewhere / ".venv" / "src" / "requests.py"))
    assert is_local(write(elsewhere / "src" / "requests.py"))


def test_a_root_may_be_a_virtual_environment_itself(elsewhere):
    write(elsewhere / "pyvenv.cfg")
    assert is_local(write(elsewhere / "helpers.py"))


def test_the_standard_library_is_not_local(monkeypatch):
    monkeypatch.chdir(sysconfig.get_path("stdlib"))
    assert not Policy(include=["*"]).verdict("json", json.__file__)


def test_a_file_in_a_zip_is_where_that_is(elsewhere, tmp_path):
    assert is_local(write(elsewhere / "bundle.zip") / "helpers.py")
    outside = write(tmp_path / "bundle.zip") / "helpers.py"
    assert not is_local(outside)
    assert is_local(outside, Policy(include=["*"]))
    assert not is_local(elsewhere / "missing" / "helpers.py", Policy(include=["*"]))


@pytest.mark.parametrize(
    "name", ["__main__", "__mp_main__", "modulepickle", "modulepickle._local.finder"]
)
def test_scripts_and_the_tool_itself_are_never_local(elsewhere, name):
    file = str(write(elsewhere / "file.py"))
    assert not Policy(include=["*"]).verdict(name, file)


def test_no_file_is_not_local(elsewhere):
    assert not Policy(include=["*"]).verdict("helpers", None)


def test_a_policy_overrides_in_both_directions(elsewhere):
    mine = write(elsewhere / "helpers.py")
    installed = write(elsewhere / "env" / "site-packages" / "requests.py")
    assert not is_local(mine, Policy(exclude=["help*"]))
    assert is_local(installed, Policy(include=["requests"]))
    assert not is_local(installed, Policy(include=["requests"], exclude=["requests"]))


# -- Editable installs --------------------------------------------------------------------------


def install(elsewhere: Path, monkeypatch: pytest.MonkeyPatch, url: object, **info: object) -> Path:
    """Install a distribution that says where it comes from (PEP 610); return its source folder."""
    site = elsewhere.parent / "site-packages"
    data = json.dumps({"url": url, **info})
    write(site / "mine-1.0.dist-info" / "direct_url.json", data)
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    return elsewhere.parent / "my project"


def test_an_editable_install_is_a_root(elsewhere, monkeypatch):
    url = (elsewhere.parent / "my project").as_uri()
    source = install(elsewhere, monkeypatch, url, dir_info={"editable": True})
    assert "%20" in url
    assert is_local(write(source / "src" / "mine" / "__init__.py"))


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file:///my%20project/%C3%A9", "/my project/é"),
        ("file://localhost/mine", "/mine"),
        ("FILE:/mine#egg=mine", "/mine"),
        ("file:///100%/%zz?x", "/100%/%zz"),
        ("https://example.org/mine", None),
        ("mine", None),
    ],
)
def test_the_folder_of_a_url(url, folder):
    assert _tree._of_url(url) == folder


@pytest.mark.parametrize("info", [{"dir_info": {}}, {"archive_info": {}}, {"dir_info": 3}])
def test_other_installs_are_not(elsewhere, monkeypatch, info):
    source = install(elsewhere, monkeypatch, (elsewhere.parent / "my project").as_uri(), **info)
    assert not is_local(write(source / "mine.py"))


@pytest.mark.parametrize("url", ["https://example.org/mine", 3, None, "file://[", "file:///"])
def test_odd_metadata_does_not_stop_anybody(elsewhere, monkeypatch, url):
    source = install(elsewhere, monkeypatch, url, dir_info={"editable": True})
    assert not is_local(write(source / "mine.py"))


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_broken_metadata_does_not_stop_anybody(elsewhere, monkeypatch, text):
    source = install(elsewhere, monkeypatch, "")
    write(elsewhere.parent / "site-packages" / "mine-1.0.dist-info" / "direct_url.json", text)
    assert not is_local(write(source / "mine.py"))


def test_an_egg_link_is_a_root(elsewhere, monkeypatch):
    module = write(elsewhere.parent / "old" / "mine.py")
    site = write(elsewhere.parent / "site" / "mine.egg-link", f"{module.parent}\n.").parent
    monkeypatch.setattr(sys, "path", ["", str(site), str(site / "bundle.zip"), 3, *sys.path])
    assert is_local(module)


def test_metadata_is_read_once(elsewhere, monkeypatch):
    url = (elsewhere.parent / "my project").as_uri()
    install(elsewhere, monkeypatch, url, dir_info={"editable": True})
    monkeypatch.setattr(_tree, "RACY_NS", -(10**18))
    tree = working_tree()
    monkeypatch.setattr(_tree, "_editable_in", None)
    assert working_tree() is tree


# --- a policy as a value --------------------------------------------------------------------------

FULL = Policy(("a.*",), ("b",), ("c",), ("*.ckpt",), 5)


def test_a_policy_is_frozen():
    with pytest.raises(AttributeError, match=r"frozen; make another one: Policy\(ignore=...\)"):
        FULL.ignore = ()
    with pytest.raises(AttributeError, match="frozen"):
        FULL.other = 1
    with pytest.raises(AttributeError, match="frozen"):
        del FULL.ignore
    assert FULL.ignore == ("*.ckpt",)


def test_policies_that_say_the_same_are_equal():
    same = Policy(["a.*"], ("b",), {"c"}, ignore=["*.ckpt"], max_bytes=5)
    assert same == FULL
    assert hash(same) == hash(FULL)
    assert len({same, FULL, Policy()}) == 2
    assert Policy() != FULL
    assert Policy(max_bytes=5) != Policy()
    assert FULL != (("a.*",), ("b",), ("c",), ("*.ckpt",), 5)


def test_a_policy_prints_what_makes_it():
    first = "Policy(include=('a.*',), exclude=('b',), by_value=('c',), "
    assert repr(FULL) == first + "ignore=('*.ckpt',), max_bytes=5, strict=False)"
    assert eval(repr(FULL)) == FULL


def test_policies_are_copied_and_pickled():
    assert copy.copy(FULL) == copy.deepcopy(FULL) == FULL
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(FULL, protocol)) == FULL
