"""R11: a host never sees its own modules changed, whatever is loaded beside them.

`MODULEPICKLE_FIDELITY_ROUNDS=1000` sets how many rounds; without it there are 30. In each, three
versions of a package are loaded, called and dropped, while eight threads of the host, which has
imported a fourth one, import its modules again and look at them.
"""

from __future__ import annotations

import os

import pytest

from receivers import project, receive, send

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("MODULEPICKLE_FIDELITY_ROUNDS") or 30)
TEXT = """
    === pkg/__init__.py
    V = VERSION
    from pkg import a
    def f():
        from pkg import late
        from pkg.sub import c
        return V, a.V, a.AGAIN, late.V, c.V, c.names()
    === pkg/a.py
    import sys
    V = VERSION
    setattr(sys.modules[__name__], "AGAIN", VERSION)
    from pkg import b
    === pkg/b.py
    V = VERSION
    === pkg/late.py
    import sys
    V = sys.modules[__name__].__name__, VERSION
    === pkg/sub/__init__.py
    V = VERSION
    === pkg/sub/c.py
    from __future__ import annotations
    import dataclasses, typing
    V = VERSION
    @dataclasses.dataclass
    class D:
        x: int = VERSION
        kind: typing.ClassVar[int] = 1
    def names():
        return [each.name for each in dataclasses.fields(D)]
"""
LOOK = """
    import gc, threading, time
    sys.path.insert(0, {host!r})
    sys.setswitchinterval(1e-4)
    import pkg.late, pkg.sub.c
    modules = {{name: sys.modules[name] for name in list(sys.modules) if name[:3] == "pkg"}}
    names = {{name: dict(vars(module)) for name, module in modules.items()}}
    right = 0, 0, 0, ("pkg.late", 0), 0, ["x"]
    assert pkg.f() == right and len(modules) == 6
    wrong, looks, stop = [], [0] * 8, threading.Event()

    def look(number):
        try:
            while not stop.is_set():
                import pkg, pkg.a, pkg.sub.c
                from pkg import b, late
                from pkg.sub.c import V
                seen = pkg.V, pkg.a.V, b.V, late.V, V, pkg.sub.V
                if seen != (0, 0, 0, ("pkg.late", 0), 0, 0):
                    wrong.append(("import", seen))
                if pkg.f() != right:
                    wrong.append(("call", pkg.f()))
                for name, module in modules.items():
                    if sys.modules.get(name) is not module:
                        wrong.append(("look", name))
                looks[number] += 1
                time.sleep(0.0005)
        except BaseException as error:
            wrong.append(("error", repr(error)))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    try:
        for _ in range({rounds}):
            loaded = [load(index) for index in range(3)]
            for version, f in enumerate(loaded, 1):
                if f() != (version, version, version, ("pkg.late", version), version, ["x"]):
                    wrong.append(("shipped", f()))
            del loaded, f
            gc.collect()
            for name, module in modules.items():
                if dict(vars(module)) != names[name]:
                    wrong.append(("names", name))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    result = wrong[:20], len(wrong), min(looks)
"""


@pytest.mark.timeout(60 + 2 * ROUNDS)
def test_r11_the_hosts_modules_in_many_rounds(tmp_path):
    pickles = [
        send(
            project(tmp_path / str(version), TEXT.replace("VERSION", str(version))),
            "from pkg import f as obj",
        )
        for version in (1, 2, 3)
    ]
    host = str(project(tmp_path / "host", TEXT.replace("VERSION", "0")))
    code = LOOK.format(host=host, rounds=ROUNDS)
    wrong, count, looks = receive(pickles, code, lazy=True).result
    assert looks >= 5  # each of the threads has looked
    assert (wrong, count) == ([], 0)
