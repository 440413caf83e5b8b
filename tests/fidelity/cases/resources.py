"""R13: data and odd files of packages, by `importlib.resources`, `pkgutil` and paths."""

from fidelity.case import case

case(
    "r13_resources_by_files",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.resources as ir, sys
    def f():
        out = []
        out.append(ir.files("pkg.data").joinpath("a.txt").read_text())
        out.append(ir.files("pkg").joinpath("data").joinpath("a.txt").read_bytes())
        out.append((ir.files("pkg") / "loose" / "b.txt").read_text(encoding="utf-8"))
        with ir.as_file(ir.files("pkg") / "loose" / "b.txt") as p:
            out.append((p.read_text(), p.suffix, p.exists()))
        out.append(sorted(x.name
            for x in ir.files("pkg").iterdir() if not x.name.startswith("__")))
        out.append(sorted(x.name for x in (ir.files("pkg") / "loose").iterdir()))
        out.append([(ir.files("pkg") / n).is_dir() for n in ("data", "loose", "nope")])
        with (ir.files("pkg.data") / "a.txt").open() as f: out.append(f.read())
        with (ir.files("pkg.data") / "a.txt").open("rb") as f: out.append(f.read())
        try:
            (ir.files("pkg") / "nope.txt").read_text()
        except (OSError, KeyError):  # of an archive, on 3.9
            out.append("there is none")
        return out
    === pkg/data/__init__.py
    === pkg/data/a.txt
    A@V@
    === pkg/loose/b.txt
    B@V@
    """,
)
case(
    "r13_resources_by_functions",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.resources as ir, warnings
    def f():
        warnings.simplefilter("ignore")
        import pkg.data
        out = []
        out.append(ir.read_text("pkg.data", "a.txt"))
        out.append(ir.read_binary(pkg.data, "a.txt"))
        with ir.open_text("pkg.data", "a.txt") as f: out.append(f.read())
        with ir.open_binary("pkg.data", "a.txt") as f: out.append(f.read())
        with ir.path("pkg.data", "a.txt") as p: out.append((p.read_text(), p.suffix))
        out.append(ir.is_resource("pkg.data", "a.txt"))
        out.append(ir.is_resource("pkg.data", "sub"))
        out.append(sorted(x for x in ir.contents("pkg.data") if not x.startswith("__py")))
        return out
    === pkg/data/__init__.py
    === pkg/data/a.txt
    A@V@
    === pkg/data/sub/c.txt
    C
    """,
)
case(
    "r13_resources_of_the_caller",
    "pkg.f",
    """
    === pkg/__init__.py
    from pkg import mod
    def f():
        return mod.g()
    === pkg/mod.py
    import importlib.resources as ir
    def g():
        here = ir.files()
        return (here / "a.txt").read_text(), sorted(x.name
            for x in here.iterdir() if x.name[:1] != "_")
    === pkg/a.txt
    A@V@
    """,
    since=(3, 12),
)
case(
    "r13_resources_beside_a_module",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.resources as ir
    def f():
        from pkg import mod
        return (ir.files(mod) / "a.txt").read_text(), (ir.files("pkg.mod") / "a.txt").read_text()
    === pkg/mod.py
    === pkg/a.txt
    A@V@
    """,
    since=(3, 12),
)
case(
    "r13_resources_by_functions_of_several_names",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.resources as ir
    def f():
        return (ir.read_text("pkg", "loose", "b.txt", encoding="utf-8"), ir.is_resource("pkg",
            "loose", "b.txt"),
            ir.read_binary("pkg", "a.txt"))
    === pkg/a.txt
    A@V@
    === pkg/loose/b.txt
    B@V@
    """,
    since=(3, 13),
)
case(
    "r13_a_folder_of_resources_as_a_path",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.resources as ir
    def f():
        with ir.as_file(ir.files("pkg") / "loose") as p:
            return sorted(str(x.relative_to(p))
                for x in p.rglob("*")), (p / "in" / "c.txt").read_text()
    === pkg/loose/b.txt
    B@V@
    === pkg/loose/in/c.txt
    C@V@
    """,
    since=(3, 12),
)
case(
    "r13_resources_of_a_namespace_folder",
    "pkg.f",
    """
    === pkg/__init__.py
    import importlib.resources as ir
    def f():
        import pkg.space
        files = ir.files("pkg.space")
        names = sorted(path.name for path in ir.files(pkg.space).iterdir())
        return (files / "a.txt").read_text(), names, files.joinpath("sub/b.txt").read_text()
    === pkg/space/a.txt
    A@V@
    === pkg/space/sub/b.txt
    B@V@
    """,
    since=(3, 10),
)
case(
    "r13_get_data_of_a_folder_above",
    "pkg.f",
    """
    === pkg/__init__.py
    import pkgutil, io, csv
    def f():
        t = io.TextIOWrapper(io.BytesIO(pkgutil.get_data(__name__, "data/rows.csv")))
        return list(csv.reader(t)), pkgutil.get_data("pkg.sub",
            "../data/rows.csv"), pkgutil.get_data("pkg.sub", "x.bin")
    === pkg/data/rows.csv
    a,b
    1,@V@
    === pkg/sub/__init__.py
    === pkg/sub/x.bin
    x@V@
    """,
)
case(
    "r13_sources_of_all_encodings",
    "pkg.f",
    """
    === pkg/__init__.py
    from pkg import bom, latin, crlf, ff, cookie2
    import inspect
    def f():
        return (bom.V, latin.V, crlf.V, ff.V, inspect.getsource(latin.g),
            inspect.getsource(crlf.g), inspect.getsource(ff.g), inspect.getsource(bom.g),
            cookie2.V, @V@)
    """,
    extra={
        "pkg/bom.py": b"\xef\xbb\xbfV = 'bom\xc3\xa4'\ndef g():\n    return 1\n",
        "pkg/latin.py": b"# -*- coding: latin-1 -*-\nV = 'l\xe4'\ndef g():\n    return '\xe4'\n",
        "pkg/crlf.py": b"V = '''a\r\nb'''\r\ndef g():\r\n    return V\r\n",
        "pkg/ff.py": b"V = 'a\x0cb'\n\x0c\ndef g():\n    return V\n",
        "pkg/cookie2.py": b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nV = '\x80'\n",
    },
)
case(
    "r14_sources_that_do_not_compile",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        out = []
        for name in "bad", "nul", "syn", "indent":
            try: __import__("pkg." + name)
            except (SyntaxError, ValueError) as e:
                out.append((type(e).__name__, getattr(e, "msg", str(e)).split(" (")[0],
                    getattr(e, "lineno", 0), getattr(e, "text", 0)))
        return out, @V@
    """,
    extra={
        "pkg/bad.py": b"# coding: latin-1\n# x\nV = '\xe4'\nW = (\n",
        "pkg/nul.py": b"V = 1\nW = '\xff'\n",
        "pkg/syn.py": b"def f(:\n    pass\n",
        "pkg/indent.py": b"if 1:\nx\n",
    },
)
case(
    "r17_warnings_and_their_lines",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, warnings
    from pkg import old
    def f():
        out = []
        with warnings.catch_warnings(record=True) as got:
            warnings.resetwarnings()
            warnings.simplefilter("default")
            for _ in range(3): old.g()
            old.h()
        out.append([(os.path.basename(w.filename), w.lineno, str(w.message),
            w.category.__name__) for w in got])
        with warnings.catch_warnings(record=True) as got:
            warnings.resetwarnings()
            warnings.filterwarnings("error", module="pkg.old")
            try: old.g()
            except DeprecationWarning as e: out.append(str(e))
        with warnings.catch_warnings(record=True) as got:
            warnings.resetwarnings()
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="pkg")
            old.h()
            out.append(len(got))
        with warnings.catch_warnings(record=True) as got:
            warnings.simplefilter("always")
            warnings.warn_explicit("x@V@", UserWarning, "fn.py", 3, module="pkg.x", registry={})
            out.append(warnings.formatwarning("m", UserWarning, old.__file__, 3).split(os.sep)[-1])
        out.append("__warningregistry__" in vars(old))
        return out
    === pkg/old.py
    import warnings
    def g():
        warnings.warn("g is old @V@", DeprecationWarning)
    def h():
        warnings.warn("h is old", DeprecationWarning, stacklevel=2)
    """,
)
case(
    "r13_links_in_a_package",
    "pkg.f",
    """
    === pkg/__init__.py
    from pkg import linked, real
    from pkg.linkdir import inner
    def f():
        return linked.V, real.V, linked is real, inner.V, inner.__name__, linked.__name__
    === pkg/real.py
    V = @V@
    === pkg/linked.py -> real.py
    === pkg/realdir/__init__.py
    === pkg/realdir/inner.py
    V = "i@V@"
    === pkg/linkdir -> realdir
    """,
)
