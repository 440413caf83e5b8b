"""R8: every import in shipped code sees the snapshots that the code was pickled with."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from receivers import interpreters, project, receive, send

# Each form of import, as statements that set `value`. They stand in the module pkg.forms.NAME
# twice: at its top, where {when} is "early", and in its function `deferred`, where it is "late".
# Each imports a module of its own, so that the late ones are imported when the function is called.
FORMS = {
    "plain": """
        import pkg.{when}.plain
        value = pkg.{when}.plain.VALUE
    """,
    "two_at_once": """
        import pkg.{when}.first, pkg.{when}.two_at_once
        value = pkg.{when}.two_at_once.VALUE
    """,
    "renamed": """
        import pkg.{when}.renamed as m
        value = m.VALUE
    """,
    "module_of_package": """
        from pkg.{when} import module_of_package as m
        value = m.VALUE
    """,
    "name_of_module": """
        from pkg.{when}.name_of_module import VALUE as value
    """,
    "from_here": """
        from . import from_here_{when}
        value = from_here_{when}.VALUE
    """,
    "name_from_here": """
        from .name_from_here_{when} import VALUE as value
    """,
    "from_above": """
        from .. import from_above_{when} as m
        value = m.VALUE
    """,
    "package_from_above": """
        from ..{when} import package_from_above as m
        value = m.VALUE
    """,
    "name_from_above": """
        from ..{when}.name_from_above import VALUE as value
    """,
    "dunder": """
        value = getattr(__import__("pkg.{when}.dunder"), "{when}").dunder.VALUE
    """,
    "dunder_fromlist": """
        value = __import__("pkg.{when}.dunder_fromlist", fromlist=["VALUE"]).VALUE
    """,
    "dunder_child": """
        value = __import__("pkg.{when}", None, None, ("dunder_child",)).dunder_child.VALUE
    """,
    "dunder_level": """
        value = __import__("{when}.dunder_level", globals(), locals(), ["VALUE"], 2).VALUE
    """,
    "dunder_here": """
        m = __import__("", globals(), None, ["dunder_here_{when}"], 1)
        value = m.dunder_here_{when}.VALUE
    """,
    "dunder_relative_plain": """
        value = __import__("dunder_relative_plain_{when}", globals(), None, (), 1).VALUE
    """,
    "import_module": """
        import importlib
        value = importlib.import_module("pkg.{when}.import_module").VALUE
    """,
    "import_module_relative": """
        import importlib
        name = "..{when}.import_module_relative"
        value = importlib.import_module(name, package=__package__).VALUE
    """,
    "import_module_of_here": """
        from importlib import import_module as load
        value = load("." + "import_module_of_here_{when}", __package__).VALUE
    """,
    "importlib_util": """
        import importlib.util
        assert importlib.util.find_spec("json").name == "json"
        value = importlib.import_module("pkg.{when}.importlib_util").VALUE
    """,
    "importlib_renamed": """
        import importlib as il, importlib.machinery as machinery
        assert machinery.SOURCE_SUFFIXES == [".py"]
        value = il.import_module("pkg.{when}.importlib_renamed").VALUE
    """,
    "other_file": """
        import other_file_{when}
        value = other_file_{when}.VALUE
    """,
    "other_package": """
        import other.{when}.other_package
        value = other.{when}.other_package.VALUE
    """,
    "other_package_from": """
        from other.{when} import other_package_from
        value = other_package_from.VALUE
    """,
    "other_import_module": """
        import importlib
        value = importlib.import_module("other.{when}.other_import_module").VALUE
    """,
    "lazy_attribute": """
        import pkg.lazy_{when}
        value = pkg.lazy_{when}.lazy_attribute.VALUE
    """,
    "lazy_from": """
        from pkg.lazy_{when} import lazy_from as m
        value = m.VALUE
    """,
    "fallback": """
        try:
            import pkg.{when}.there_is_none
        except ImportError:
            from pkg.{when} import fallback as m
        value = m.VALUE
    """,
    "in_class": """
        class Body:
            from pkg.{when}.in_class import VALUE
        value = Body.VALUE
    """,
    "in_lambda": """
        value = (lambda: __import__("pkg.{when}.in_lambda", fromlist=[""]).VALUE)()
    """,
    "in_generator": """
        def steps():
            from pkg.{when} import in_generator
            yield in_generator.VALUE
        value = next(steps())
    """,
    "in_thread": """
        import threading
        found = []
        def work():
            import pkg.{when}.in_thread as m
            found.append(m.VALUE)
        thread = threading.Thread(daemon=True, target=work)
        thread.start()
        thread.join(20)
        value = found[0]
    """,
    "by_exec": """
        names = {{}}
        exec("def f():\\n    import pkg.{when}.by_exec as m\\n    return m.VALUE", names)
        value = names["f"]()
    """,
    "by_exec_globals": """
        names = {{}}
        exec("def f():\\n    from ..{when} import by_exec_globals as m\\n    return m.VALUE",
             globals(), names)
        value = names["f"]()
    """,
    "by_eval": """
        value = eval("__import__('pkg.{when}.by_eval', fromlist=['']).VALUE")
    """,
}
STAR = {
    "star_of_package": "from ..early_star import *\nvalue = child.VALUE",
    "star_of_module": "from ..early.star_of_module import *\nvalue = VALUE",
}


def forms_project(folder: Path, version: str) -> Path:
    """Write a package that uses every form of import; each module it imports says `version`."""
    late = "*.py"
    files = {
        "pkg/__init__.py": "",
        "pkg/forms/__init__.py": "",
        "pkg/early_star/__init__.py": "__all__ = ['child']",
        "pkg/early_star/child.py": f"VALUE = '{version} early star_of_package'",
        "pkg/early/star_of_module.py": f"VALUE = '{version} early star_of_module'",
    }
    for when in ("early", "late"):
        files[f"pkg/{when}/__init__.py"] = files[f"other/{when}/__init__.py"] = ""
        files[f"pkg/{when}/first.py"] = ""
        files[f"pkg/lazy_{when}.py"] = LAZY.format(when=when)
        for form in FORMS:
            text = f"VALUE = '{version} {when} {form}'"
            files[f"pkg/{when}/{form}.py"] = files[f"other/{when}/{form}.py"] = text
            files[f"pkg/forms/{form}_{when}.py"] = files[f"pkg/{form}_{when}.py"] = text
        files[f"other_file_{when}.py"] = f"VALUE = '{version} {when} other_file'"
    files["other/__init__.py"] = ""
    for form, text in FORMS.items():
        text = textwrap.dedent(text).strip()
        body = textwrap.indent(text.format(when="late"), "    ")
        files[f"pkg/forms/{form}.py"] = (
            f"{text.format(when='early')}\n\ndef deferred():\n{body}\n    return value\n"
        )
    for form, text in STAR.items():
        files[f"pkg/forms/{form}.py"] = f"{text}\n"
    files["pkg/run.py"] = RUN.format(forms=list(FORMS), stars=list(STAR), late=late)
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


LAZY = """
import importlib
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return importlib.import_module("pkg.{when}." + name)
"""

RUN = """
import importlib
forms = {{form: importlib.import_module("pkg.forms." + form) for form in {forms}}}
stars = {{form: importlib.import_module("pkg.forms." + form) for form in {stars}}}

def tried(function):
    try:
        return function()
    except Exception as error:
        return repr(error)

def early():
    return {{form: module.value for form, module in {{**forms, **stars}}.items()}}

def late():
    return {{form: tried(module.deferred) for form, module in forms.items()}}
"""


@pytest.fixture(scope="module")
def versions(tmp_path_factory) -> list[bytes]:
    """The package in two versions, as [early, late] of each."""
    code = "from pkg.run import early, late; obj = [early, late]"
    return [
        send(forms_project(tmp_path_factory.mktemp(version), version), code)
        for version in ("one", "two")
    ]


def values(version: str, when: str) -> dict[str, str]:
    names = [*FORMS, *STAR] if when == "early" else list(FORMS)
    return {name: f"{version} {when} {name}" for name in names}


@pytest.mark.parametrize("python", interpreters())
def test_r08_every_form_of_import(versions, python):
    code = "result = obj[0](), obj[1]()"
    early, late = receive(versions[0], code, python=python, absent=["pkg", "other"]).result
    assert early == values("one", "early")
    assert late == values("one", "late")


@pytest.mark.parametrize("python", interpreters())
def test_r08_every_form_keeps_its_version(versions, python):
    # All that is deferred runs when the other version has already been unpickled.
    code = "result = [(early(), late()) for early, late in objs]"
    got = receive(versions, code, python=python).result
    assert got[0] == (values("one", "early"), values("one", "late"))
    assert got[1] == (values("two", "early"), values("two", "late"))


def test_r08_versions_interleaved(versions):
    code = """
        result = [load(i)[0]() for i in (0, 1, 0, 1)]
        result += [load(i)[1]() for i in (1, 0, 0, 1)]
    """
    got = receive(versions, code, lazy=True).result
    assert got[:4] == [values(version, "early") for version in ("one", "two", "one", "two")]
    assert got[4:] == [values(version, "late") for version in ("two", "one", "one", "two")]


@pytest.mark.parametrize("python", interpreters())
def test_r08_versions_in_eight_threads(versions, python):
    code = """
        import threading
        sys.setswitchinterval(1e-5)
        barrier, got = threading.Barrier(8), {}
        def work(i):
            barrier.wait()
            for turn in range(3):
                early, late = load(i % 2)
                got[i, turn] = early(), late()
        threads = [threading.Thread(daemon=True, target=work, args=(i,)) for i in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(20)
        result = got
    """
    got = receive(versions, code, lazy=True, python=python).result
    assert len(got) == 24
    for (i, _), (early, late) in got.items():
        version = ("one", "two")[i % 2]
        assert early == values(version, "early")
        assert late == values(version, "late")


def both(tmp_path: Path, text: str, code: str) -> list[bytes]:
    """The pickles of one project as VERSION 1 and VERSION 2."""
    return [
        send(project(tmp_path, text.replace("VERSION", repr(version))), code)
        for version in ("one", "two")
    ]


@pytest.mark.parametrize("python", interpreters())
def test_r08_circular_in_one_package(tmp_path, python):
    text = """
        === pkg/__init__.py
        from . import a
        === pkg/a.py
        from . import b
        import pkg.b as same
        def f():
            import pkg.a as me
            assert same is b and me.f is f
            return b.g(), VERSION
        === pkg/b.py
        from . import a
        import pkg.a
        import pkg.a as same
        def g():
            from pkg.a import f
            assert same is a is pkg.a and a.f is f
            return VERSION
    """
    datas = both(tmp_path, text, "from pkg.a import f as obj")
    got = receive(datas, "result = [o() for o in objs] + [load(0)()]", python=python).result
    assert got == [("one", "one"), ("two", "two"), ("one", "one")]


@pytest.mark.parametrize("python", interpreters())
def test_r08_circular_between_packages(tmp_path, python):
    text = """
        === left/__init__.py
        BASE = VERSION
        import right.core
        def f():
            from right.late import there
            return right.core.g(), there()
        === left/late.py
        BASE = VERSION
        === right/__init__.py
        === right/core.py
        import left
        from left import BASE
        def g():
            import left.late as late
            from left import f
            return BASE, left.BASE, late.BASE
        === right/late.py
        def there():
            from left.late import BASE
            return BASE
    """
    datas = both(tmp_path, text, "import left, right.core; obj = left.f, right.core.g")
    code = "result = [(f(), g()) for f, g in objs]"
    for version, got in zip(("one", "two"), receive(datas, code, python=python).result):
        three = (version,) * 3
        assert got == ((three, version), three)


HOST_PORTION = """
    === google/hostpart.py
    VALUE = "host"
    === google/deep/hostdeep.py
    VALUE = "host deep"
"""
PORTION = """
    === google/mycompany/__init__.py
    from google.mycompany.tools import name
    === google/mycompany/tools.py
    def name():
        import google.mycompany.late
        from google import mycompany
        from google.mycompany import late
        assert google.mycompany is mycompany and mycompany.late is late
        return late.VALUE
    def host():
        import google.hostpart
        from google import hostpart
        from google.deep import hostdeep
        import google.hostpart as renamed
        assert google.hostpart is hostpart is renamed
        return hostpart.VALUE, hostdeep.VALUE
    === google/mycompany/late.py
    VALUE = VERSION
"""


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("first", ["import google.hostpart", "import google", ""])
def test_r08_namespace_portion_beside_the_hosts(tmp_path, python, first):
    code = "from google.mycompany.tools import host, name; obj = name, host"
    datas = both(tmp_path / "sender", PORTION, code)
    host = project(tmp_path / "host", HOST_PORTION)
    code = f"""
        sys.path.append({str(host)!r})
        {first}
        objs = [load(0), load(1)]
        result = [(name(), host()) for name, host in objs]
        import google.hostpart, google.mycompany.late
        from google.deep import hostdeep
        result += google.hostpart.VALUE, google.mycompany.late.VALUE, hostdeep.VALUE
    """
    got = receive(datas, code, python=python, lazy=True).result
    host = ("host", "host deep")
    assert got == [("one", host), ("two", host), "host", "two", "host deep"]


def test_r08_namespace_portion_alone(tmp_path):
    text = """
        === google/mycompany/__init__.py
        def f():
            import google
            import google.mycompany.late as late
            return google.mycompany.late is late, late.VALUE
        === google/mycompany/late.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "import google.mycompany; obj = google.mycompany.f")
    code = """
        result = [o() for o in objs]
        import google.mycompany
        assert google.mycompany.f is objs[1]
    """
    got = receive(datas, code, absent=["google"]).result
    assert got == [(True, "one"), (True, "two")]


def test_r08_two_portions_of_one_namespace(tmp_path):
    text = """
        === google/left/__init__.py
        def f():
            from google.right import VALUE
            import google.right
            return VALUE, google.right.VALUE
        === google/right/__init__.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "from google.left import f as obj")
    got = receive(datas, "result = [o() for o in objs]").result
    assert got == [("one", "one"), ("two", "two")]


def test_r08_portion_where_the_host_has_a_regular_package(tmp_path):
    data = send(project(tmp_path / "a", PORTION.replace("VERSION", "1")),
                "from google.mycompany.tools import name, host; obj = name, host")  # fmt: skip
    host = project(tmp_path / "b", HOST_PORTION + "    === google/__init__.py\n    HERE = 1\n")
    code = f"""
        sys.path.append({str(host)!r})
        name, host = load()
        result = name(), host()
    """
    assert receive(data, code, lazy=True).result == (1, ("host", "host deep"))


def test_r08_src_layout_and_single_files(tmp_path):
    text = """
        === src/mylib/__init__.py
        from .core import f
        === src/mylib/core.py
        import tools
        def f():
            import mylib.late
            from late_tools import VALUE
            return mylib.late.VALUE, tools.VALUE, VALUE
        === src/mylib/late.py
        VALUE = VERSION
        === tools.py
        VALUE = VERSION
        === late_tools.py
        VALUE = VERSION
    """
    code = "import sys; sys.path.insert(0, 'src'); from mylib import f as obj"
    datas = both(tmp_path, text, code)
    code = "result = [o() for o in objs], sys.modules['mylib'].__file__.split('/')[-2:]"
    got = receive(datas, code, absent=["mylib", "tools", "late_tools"]).result
    assert got == ([("one",) * 3, ("two",) * 3], ["mylib", "__init__.py"])


def test_r08_four_threads_run_one_deferred_import(tmp_path):
    text = """
        === pkg/__init__.py
        def f():
            from pkg import slow
            return slow.VALUE
        === pkg/slow.py
        import sys
        sys.executed.append(1)
        sys.gate()
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "from pkg import f as obj")
    code = """
        import threading, time
        for f in objs:
            barrier, got, sys.executed = threading.Barrier(4), [], []
            sys.gate = lambda: time.sleep(0.05)  # the longer, the more the others have to wait
            def work():
                barrier.wait()
                got.append(f())
            threads = [threading.Thread(daemon=True, target=work) for _ in range(4)]
            for thread in threads: thread.start()
            for thread in threads: thread.join(20)
            result = [*globals().get("result", []), (got, len(sys.executed))]
    """
    got = receive(datas, code).result
    assert got == [(["one"] * 4, 1), (["two"] * 4, 1)]


WAITS = {
    "from": "from pkg import child; value = child.VALUE",
    "relative": "from . import child; value = child.VALUE",
    "name": "from pkg.child import VALUE as value",
    "plain": "import pkg.child; value = pkg.child.VALUE",
    "renamed": "import pkg.child as c; value = c.VALUE",
    "import_module": "import importlib; value = importlib.import_module('pkg.child').VALUE",
    "dunder": "value = __import__('pkg.child').child.VALUE",
    "grandchild": "import pkg.child.leaf; value = pkg.child.VALUE",
}


@pytest.mark.parametrize("python", interpreters())
def test_r08_a_bound_child_is_waited_for(tmp_path, python):
    # `pkg.child` is bound on `pkg` while it executes: another thread must not take it as it is.
    text = """
        === pkg/child/leaf.py
        === pkg/child/__init__.py
        import sys
        sys.begun()
        VALUE = VERSION
        === pkg/__init__.py
        def first():
            from . import child
            return child.VALUE
    """
    for name, form in WAITS.items():
        text += f"    def {name}_():\n            {form}; return value\n    "
    code = f"import pkg; obj = [pkg.first] + [getattr(pkg, n + '_') for n in {list(WAITS)}]"
    datas = both(tmp_path, text, code)
    code = """
        import threading, time
        result = []
        for first, *others in objs:
            begun, got = threading.Event(), {}
            def wait():
                begun.set()
                time.sleep(0.1)  # long enough for the others to come by
            sys.begun = wait
            def work(f):
                begun.wait(20)
                try:
                    got[f.__name__] = f()
                except BaseException as error:
                    got[f.__name__] = repr(error)
            threads = [threading.Thread(daemon=True, target=work, args=(f,)) for f in others]
            threads.append(threading.Thread(daemon=True, target=first))
            for thread in threads: thread.start()
            for thread in threads: thread.join(20)
            result.append(got)
    """
    got = receive(datas, code, python=python).result
    assert got == [{f"{name}_": version for name in WAITS} for version in ("one", "two")]


def test_r08_the_host_waits_for_a_module_that_executes(tmp_path):
    text = """
        === pkg/__init__.py
        def first():
            from . import child
        === pkg/child.py
        import sys
        sys.begun()
        VALUE = VERSION
    """
    data = both(tmp_path, text, "from pkg import first as obj")[0]
    code = """
        import threading, time
        begun = threading.Event()
        sys.begun = lambda: (begun.set(), time.sleep(0.1))
        thread = threading.Thread(daemon=True, target=obj)
        thread.start()
        begun.wait(20)
        import pkg.child
        result = pkg.child.VALUE
        thread.join(20)
    """
    assert receive(data, code).result == "one"


def test_r08_two_threads_in_a_circle(tmp_path):
    # Each executes one of two modules and imports the other: importlib lets one see a half.
    text = """
        === pkg/__init__.py
        def left():
            import pkg.a as a
            return a.VALUE
        def right():
            import pkg.b as b
            return b.VALUE
        === pkg/a.py
        import sys
        sys.meet()
        from . import b
        VALUE = VERSION
        === pkg/b.py
        import sys
        sys.meet()
        from . import a
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "import pkg; obj = pkg.left, pkg.right")
    code = """
        import threading
        result = []
        for pair in objs:
            barrier, got = threading.Barrier(2), []
            sys.meet = barrier.wait
            def work(f):
                got.append(f())
            threads = [threading.Thread(daemon=True, target=work, args=(f,)) for f in pair]
            for thread in threads: thread.start()
            for thread in threads: thread.join(20)
            result += [got, [f() for f in pair]]
    """
    assert receive(datas, code).result == [["one"] * 2] * 2 + [["two"] * 2] * 2


def test_r08_two_versions_in_a_circle(tmp_path):
    # One thread executes `a` of one version, another `b` of the other version, and each goes on
    # to what the other one has of its own: names are equal, modules are not.
    text = """
        === pkg/__init__.py
        def left():
            import pkg.a as a
            return a.VALUE, a.b.VALUE
        def right():
            import pkg.b as b
            return b.VALUE, b.a.VALUE
        === pkg/a.py
        import sys
        sys.meet(VERSION, "a")
        from . import b
        VALUE = VERSION
        === pkg/b.py
        import sys
        sys.meet(VERSION, "b")
        from . import a
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "import pkg; obj = pkg.left, pkg.right")
    code = """
        import threading
        left, right = objs[0][0], objs[1][1]
        barrier, got = threading.Barrier(2, timeout=20), {}
        def meet(version, name):
            if (version, name) in [("one", "a"), ("two", "b")]:
                barrier.wait()
        sys.meet = meet
        def work(f):
            try:
                got[f.__name__] = f()
            except BaseException as error:
                got[f.__name__] = repr(error)
        threads = [threading.Thread(daemon=True, target=work, args=(f,)) for f in (left, right)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(20)
        again = objs[0][1](), objs[1][0]()
        result = got, again, sys.modules["pkg.a"].VALUE, sys.modules["pkg.b"].VALUE
    """
    got, again, *active = receive(datas, code).result
    assert got == {"left": ("one", "one"), "right": ("two", "two")}
    assert again == (("one", "one"), ("two", "two"))
    assert active == ["two", "two"]


def test_r08_lazy_modules_keep_their_version(tmp_path):
    text = """
        === pkg/__init__.py
        import importlib
        def __getattr__(name):
            if name == "heavy":
                return importlib.import_module("." + name, __name__)
            if name in ("f", "Thing"):
                from .heavy import Thing, f
                return locals()[name]
            raise AttributeError(name)
        def deferred():
            import pkg
            from pkg import f, Thing
            return f(), Thing.value, pkg.heavy.f(), hasattr(pkg, "missing")
        === pkg/heavy.py
        class Thing:
            value = VERSION
        def f():
            return VERSION
    """
    datas = both(tmp_path, text, "import pkg; obj = pkg.deferred")
    code = """
        result = [o() for o in objs]
        import pkg
        assert pkg.f() == "two"
    """
    got = receive(datas, code).result
    assert got == [("one", "one", "one", False), ("two", "two", "two", False)]


def test_r08_shipped_code_unpickles_other_pickles(tmp_path):
    text = """
        === pkg/__init__.py
        import pickle
        def f(data=b""):
            other = pickle.loads(data)() if data else None
            from . import late
            return late.VALUE, other
        def by_name(data):
            return pickle.loads(data)
        === pkg/late.py
        VALUE = VERSION
    """
    datas = both(tmp_path, text, "from pkg import f, by_name; obj = f")
    other = send(project(tmp_path / "app", "=== app.py\ndef g(): return 'app'"),
                 "from app import g as obj")  # fmt: skip
    code = """
        import collections
        f = load(0)
        loads = f.__globals__["by_name"]
        result = [f(datas[1]), load(1)(datas[0]), f(datas[2]), f()]
        assert loads(pickle.dumps(collections.OrderedDict)) is collections.OrderedDict
        assert loads(datas[0]) is f and loads(datas[1]) is load(1)
    """
    got = receive([*datas, other], code, lazy=True).result
    assert got == [
        ("one", ("two", None)),
        ("two", ("one", None)),
        ("one", "app"),
        ("one", None),
    ]


UNPICKLES = """
    === pkg/__init__.py
    import pickle
    class Top:
        V = VERSION
    def by_name(name):
        return pickle.loads(b"c" + name + b"\\n.").V
    def dumped(name):
        import importlib
        module = importlib.import_module(name)
        return pickle.dumps(next(each for each in vars(module).values() if hasattr(each, "V")))
    === pkg/sub.py
    class Thing:
        V = VERSION
"""


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("beside", ["another version", "the host's own", "nothing"])
def test_r08_the_unpickler_in_c_takes_no_class_of_another_version(tmp_path, beside, python):
    both = [
        send(project(tmp_path, UNPICKLES.replace("VERSION", str(version))), "import pkg; obj = pkg")
        for version in (1, 2)
    ]
    host = project(tmp_path / "host", UNPICKLES.replace("VERSION", "3"))
    code = f"""
        if {beside!r} == "the host's own":
            sys.path.insert(0, {str(host)!r})
            import pkg
        mine = load(0)
        if {beside!r} == "another version":
            other = load(1)
        names = b"pkg\\nTop", b"pkg.sub\\nThing", b"pkg.sub\\nThing"
        result = []
        for use, given in [(mine.by_name, names), (mine.dumped, ["pkg", "pkg.sub", "pkg.sub"])]:
            for each in given:
                try:
                    found = use(each)
                    result.append(found if type(found) is int else pickle.loads(found) and "bytes")
                except (ImportError, pickle.PicklingError) as error:
                    result.append(str(error))
    """
    *loaded, top, thing, again = receive(both, code, lazy=True, python=python).result
    if beside == "nothing":
        assert (loaded, top, thing, again) == ([1, 1, 1], "bytes", "bytes", "bytes")
        return
    for name, error in zip(["'pkg'", "'pkg.sub'", "'pkg.sub'"], loaded):
        assert f"`sys.modules` shows another {name} than this code sees" in error
        assert "use `pickle._loads`" in error
    assert "it's not the same object as pkg.Top" in top
    assert thing == again
    assert "Can't pickle <class 'pkg.sub.Thing'>" in thing


def test_r08_text_that_a_function_of_the_script_executes(tmp_path):
    script = """
        import pkg
        TEXT = "import pkg\\nfound.append(pkg.V)"
        def obj():
            found, names = [], {}
            exec(TEXT, {"found": found})
            exec("from pkg.sub import V", names)
            exec("if True: import pkg.sub as sub; found.append(sub.V)")
            return found, names["V"], eval("__import__('pkg.sub').V"), pkg.V
    """
    datas = [
        send(project(tmp_path, f"=== pkg/__init__.py\nV = {n}\n=== pkg/sub.py\nV = {n}0"), script)
        for n in (1, 2)
    ]
    code = "both = [load(0), load(1)]; result = [each() for each in both]"
    right = [([n, 10 * n], 10 * n, n, n) for n in (1, 2)]
    assert receive(datas, code, lazy=True).result == right


def test_r08_what_is_not_local_is_the_hosts(tmp_path):
    text = """
        === pkg/__init__.py
        import os.path, json.decoder as decoder, xml.dom
        from concurrent import futures
        from json import *
        import importlib, importlib.metadata, importlib.resources
        def f():
            import sys
            from os import path
            same = [
                importlib.import_module("json") is sys.modules["json"],
                decoder is sys.modules["json.decoder"], path is os.path,
                futures is sys.modules["concurrent.futures"],
                importlib.metadata is sys.modules["importlib.metadata"],
                importlib.resources is sys.modules["importlib.resources"],
                __import__("xml.dom") is xml, loads is sys.modules["json"].loads,
                importlib.invalidate_caches() is None,
            ]
            return same
    """
    data = both(tmp_path, text, "from pkg import f as obj")[0]
    assert set(receive(data, "result = obj()").result) == {True}


ERRORS = {
    "import pkg.none": ("ModuleNotFoundError", "pkg.none"),
    "from pkg import none": ("ImportError", "pkg"),
    "from pkg.late import none": ("ImportError", "pkg.late"),
    "from . import none": ("ImportError", "pkg"),
    "import there_is_none": ("ModuleNotFoundError", "there_is_none"),
    "from ... import x": ("ImportError", None),
    "import json.none": ("ModuleNotFoundError", "json.none"),
    "from json import none": ("ImportError", "json"),
    "import importlib; importlib.import_module('pkg.none')": ("ModuleNotFoundError", "pkg.none"),
    "__import__('')": ("ValueError", None),
    "__import__(3)": ("TypeError", None),
    "from pkg import late; late.none": ("AttributeError", None),
}


def test_r08_errors_are_those_of_native_imports(tmp_path):
    lines = [f"def f{i}():\n    {text}\n" for i, text in enumerate(ERRORS)]
    tree = project(tmp_path, "=== pkg/late.py\nx = 1\n=== pkg/__init__.py\n" + "".join(lines))
    data = send(tree, f"import pkg; obj = [getattr(pkg, f'f{{i}}') for i in range({len(ERRORS)})]")
    code = """
        result = []
        for f in obj:
            try:
                f()
                result.append(None)
            except Exception as error:
                result.append((type(error).__name__, getattr(error, "name", None)))
    """
    got = dict(zip(ERRORS, receive(data, code).result))
    if got["from pkg import late; late.none"]:
        got["from pkg import late; late.none"] = ("AttributeError", None)  # its name is none's
    assert got == ERRORS
