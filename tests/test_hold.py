"""`hold()`: one working tree for all dumps of a block, and no look at it (design section 6)."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from pages import block
from receivers import project, receive, run

TREE = """
    === pyproject.toml
    === pkg/__init__.py
    def f():
        from pkg import part
        return part.X

    def make():
        def inner():
            return 1
        return inner
    === pkg/part.py
    X = 1
    === pkg/data/table.txt
    1
    === other.py
    def g():
        return 1
"""

HEAD = """
import io, os, pathlib, pickle, threading, warnings
import modulepickle, pkg, pkg.part
from modulepickle import hold

def edit(number):
    pathlib.Path("pkg/part.py").write_text(f"X = {number}")

looks = []
def watch():
    "Note each look at the disk from now on."
    def counted(name):
        real = getattr(os, name)
        def call(*args, **kwargs):
            looks.append((name, *map(str, args)))
            return real(*args, **kwargs)
        setattr(os, name, call)
    for name in ("stat", "lstat", "scandir", "listdir", "getcwd", "open", "readlink"):
        counted(name)
"""


def result(folder: Path, code: str) -> Any:
    return run(project(folder, TREE), HEAD + textwrap.dedent(code)).result


def there(datas: list[bytes], use: str = "obj()") -> list[Any]:
    """Return what each pickle gives on a receiver of its own."""
    return [receive(data, f"result = {use}").result for data in datas]


def test_an_edit_changes_nothing_until_the_block_ends(tmp_path):
    code = """
    with hold():
        result = [modulepickle.dumps(pkg.f)]
        edit(2)
        pathlib.Path("pkg/new.py").write_text("")
        result.append(modulepickle.dumps(pkg.f))
        result.append(modulepickle.dumps(lambda: pkg.f()))
    result.append(modulepickle.dumps(pkg.f))
    """
    datas = result(tmp_path, code)
    assert datas[0] == datas[1]
    assert there(datas) == [1, 1, 1, 2]


def test_what_is_imported_is_frozen_when_the_block_begins(tmp_path):
    code = """
    with hold():
        edit(2)
        result = [modulepickle.dumps(pkg.f)]
        result.append(modulepickle.dumps(pkg.f, policy=modulepickle.Policy(by_value=("other",))))
        result.append(modulepickle.dumps(pkg.f, policy=modulepickle.Policy(ignore=("*.txt",))))
    """
    assert there(result(tmp_path, code)) == [1, 1, 1]


def test_another_package_is_frozen_when_it_is_first_pickled(tmp_path):
    code = """
    with hold():
        import other
        first = modulepickle.dumps(other.g)
        pathlib.Path("other.py").write_text("def g():\\n    return 2")
        result = [first, modulepickle.dumps(other.g)]
    """
    assert there(result(tmp_path, code)) == [1, 1]


def test_inside_no_dumps_looks_at_the_disk(tmp_path):
    code = """
    os.utime("pkg/part.py", (1_700_000_000, 1_700_000_000))
    class C:
        pass
    things = [pkg.f, pkg, [pkg.part], lambda: pkg.f(), pkg.make(), C(), C, pkg.f.__code__]
    with hold():
        before = [modulepickle.dumps(each) for each in things]
        watch()
        after = [modulepickle.dumps(each) for each in things]
        inside = [*looks]
    looks.clear()
    modulepickle.dumps(pkg.f)
    result = inside, before == after, len(looks) > 3
    """
    assert result(tmp_path, code) == ([], True, True)


def test_blocks_can_be_nested_and_the_outermost_counts(tmp_path):
    code = """
    with hold():
        with hold():
            edit(2)
        result = [modulepickle.dumps(pkg.f)]
        try:
            with hold():
                raise KeyError
        except KeyError:
            pass
        result.append(modulepickle.dumps(pkg.f))
    result.append(modulepickle.dumps(pkg.f))
    again = hold()
    for number in 3, 4:
        with again:
            edit(number)
            result.append(modulepickle.dumps(pkg.f))
    """
    assert there(result(tmp_path, code)) == [1, 1, 2, 2, 3]


def test_it_holds_for_all_threads_and_for_picklers_of_others(tmp_path):
    code = """
    class Theirs(pickle.Pickler):
        pass
    Extended = modulepickle.extend(Theirs)
    found = []
    def work():
        for _ in range(20):
            file = io.BytesIO()
            Extended(file).dump(pkg.f)
            found.append(file.getvalue())
            found.append(modulepickle.dumps(pkg.f))
    with hold():
        threads = [threading.Thread(target=work) for _ in range(4)]
        for each in threads:
            each.start()
        edit(2)
        for each in threads:
            each.join()
    with hold():
        edit(3)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    result = [*dict.fromkeys(found[:160])], [*dict.fromkeys(found[160:])]
    """
    first, second = result(tmp_path, code)
    assert {*there(first)} == {1}
    assert {*there(second)} == {2}


def test_r05_stale_objects_are_still_told(tmp_path):
    code = """
    import importlib
    def told():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            modulepickle.dumps(pkg.f)
        return [str(each.message) for each in caught]
    result = [told()]
    with hold():
        text = pathlib.Path("pkg/__init__.py").read_text()
        pathlib.Path("pkg/__init__.py").write_text(text.replace("part.X", "part.X + 0"))
        result.append(told())  # it is what travels
        importlib.reload(pkg)
        result.append(told())  # it is newer than what travels
    result.append(told())
    """
    fresh, edited, reloaded, after = result(tmp_path, code)
    assert [fresh, edited, after] == [[], [], []]
    (text,) = reloaded
    assert "hold() began" in text


def test_settings_hold_still_and_a_policy_that_is_set_counts_at_once(tmp_path):
    code = """
    table = '[tool.modulepickle]\\nexclude = ["pkg"]'
    with hold():
        pathlib.Path("pyproject.toml").write_text(table)
        result = [len(modulepickle.dumps(pkg.f)) > 100]
        before = modulepickle.set_policy(modulepickle.Policy(exclude=("p*",)))
        result.append(len(modulepickle.dumps(pkg.f)) > 100)
        modulepickle.set_policy(before)
        result.append(len(modulepickle.dumps(pkg.f)) > 100)
    result.append(len(modulepickle.dumps(pkg.f)) > 100)
    """
    assert result(tmp_path, code) == [True, False, True, False]


def test_what_cannot_travel_is_an_error_of_its_own_dumps_only(tmp_path):
    code = """
    pathlib.Path("broken").mkdir()
    pathlib.Path("broken/__init__.py").write_text("")
    import broken
    os.mkfifo("broken/pipe")
    result = []
    with hold():
        result.append(len(modulepickle.dumps(pkg.f)) > 100)
        try:
            modulepickle.dumps(broken)
        except modulepickle.PackagingError as error:
            result.append(error.problems[0].reason.name)
    """
    assert result(tmp_path, code) == [True, "SPECIAL_FILE"]


def test_a_strict_policy_raises_for_what_is_sent_and_not_for_what_was(tmp_path):
    project(tmp_path / "lib", "=== outside.py\ndef f():\n    pass")
    code = f"""
    import sys
    sys.path.append({str(tmp_path / "lib")!r})
    import other
    pathlib.Path("other.py").write_text("import outside\\ndef g():\\n    pass")
    modulepickle.set_policy(modulepickle.Policy(strict=True))
    result = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with hold():
            for obj in other.g, pkg.f, other.g:
                try:
                    modulepickle.dumps(obj)
                    result.append("")
                except modulepickle.PackagingError as error:
                    result.append(error.problems[0].reason.name)
    """
    assert result(tmp_path / "proj", code) == ["BY_NAME", "", "BY_NAME"]


def test_wrong_settings_end_the_block_before_it_begins(tmp_path):
    code = """
    pathlib.Path("pyproject.toml").write_text("[tool.modulepickle]\\nmax-bytes = 0")
    try:
        with hold():
            raise SystemExit("not here")
    except modulepickle.PackagingError:
        pass
    pathlib.Path("pyproject.toml").write_text("")
    edit(2)
    result = [modulepickle.dumps(pkg.f)]
    edit(3)
    result.append(modulepickle.dumps(pkg.f))
    """
    assert there(result(tmp_path, code)) == [2, 3]


def test_a_forked_child_goes_on_in_the_block(tmp_path):
    code = """
    with hold():
        edit(2)
        child = os.fork()
        if not child:
            pathlib.Path("child").write_bytes(modulepickle.dumps(pkg.f))
            os._exit(0)
        os.waitpid(child, 0)
    result = [pathlib.Path("child").read_bytes(), modulepickle.dumps(pkg.f)]
    """
    assert there(result(tmp_path, code)) == [1, 2]


def test_the_example_of_the_docs(tmp_path):
    example = block("many-tasks.md", "python", "modulepickle.hold()")
    code = """
    import modulepickle, other, pathlib
    store = modulepickle.stores.directory("store")
    {example}
    result = [*dict.fromkeys(tasks)]
    """
    other = "=== other.py\ndef double(x):\n    return 2 * x\n=== pyproject.toml\n=== store/x"
    code = textwrap.dedent(code).format(example=example.replace("10_000", "100"))
    (data,) = run(project(tmp_path, other), code).result
    assert receive(data, "result = obj(21)").result == 42
