"""R13: what needs no real file, and so holds without a writable disk as well."""

from typing import Any

from fidelity.case import case

_DATA = """
    === pkg/data/__init__.py
    === pkg/data/x.txt
    x @V@
    === pkg/data/deep/y.txt
    y @V@
    """


def _resources(name: str, body: str, **options: Any) -> None:
    text = "\n".join("        " + line for line in body.strip().splitlines())
    case(
        f"r13_{name}",
        "pkg.f",
        f"""
    === pkg/__init__.py
    import pkgutil, warnings
    from importlib import resources
    from pkg import data
    def f():
        warnings.simplefilter("ignore")  # some of it is deprecated in some Pythons
{text}
    {_DATA}
    """,
        **options,
    )


_resources(
    "get_data_by_name",
    """
found = [pkgutil.get_data("pkg", "data/x.txt"), pkgutil.get_data("pkg.data", "deep/y.txt")]
return found, (resources.files("pkg") / "data" / "x.txt").read_text()
""",
)
_resources(
    "files",
    """
top = resources.files(data)
names = sorted(each.name for each in top.iterdir() if each.name[:2] != "__")
kinds = (top / "x.txt").is_file(), (top / "deep").is_dir(), (top / "no").is_file(), top.name
return names, kinds, top.joinpath("x.txt").read_text(), (top / "deep" / "y.txt").read_bytes()
""",
    limits={"no_disk 3.9": "says of a resource that is not there that it is a file"},
)
_resources(
    "files_opened",
    """
with (resources.files(data) / "x.txt").open("rb") as file:
    first = file.read()
with resources.files(data).joinpath("x.txt").open("r", encoding="utf-8") as file:
    return first, file.readlines()
""",
)
_resources(
    "as_file",
    """
with resources.as_file(resources.files(data) / "x.txt") as path:
    with open(path) as file:
        return file.read(), path.suffix
""",
)
_resources(
    "as_file_of_a_folder",
    """
with resources.as_file(resources.files(data) / "deep") as path:
    return sorted(each.name for each in path.iterdir()), (path / "y.txt").read_text()
""",
    since=(3, 12),
)
_resources(
    "read_text_and_the_like",
    """
with resources.open_text(data, "x.txt") as file:
    opened = file.read()
return (
    resources.read_text(data, "x.txt"), resources.read_binary(data, "x.txt"), opened,
    resources.is_resource(data, "x.txt"), resources.is_resource(data, "deep"),
    sorted(n for n in resources.contents(data) if n[:2] != "__"),
)
""",
)
_resources(
    "path_of_a_resource",
    """
with resources.path(data, "x.txt") as path:
    with open(path) as file:
        return file.read()
""",
)
_resources(
    "a_resource_that_is_missing",
    """
found = []
for way in resources.read_text, resources.read_binary:
    try:
        way(data, "no.txt")
    except OSError as error:
        found.append(error.errno)
return found, resources.read_binary(data, "x.txt")
""",
)

case(
    "r13_the_lines_of_a_traceback",
    "pkg.f",
    """
    === pkg/__init__.py
    from pkg import sub
    def f():
        return sub.g({})
    === pkg/sub.py
    def g(rows):
        return rows["missing @V@"]  # a comment
    """,
    raises=True,
)
case(
    "r13_getsource_of_a_module_imported_late",
    "pkg.f",
    """
    === pkg/__init__.py
    def f():
        import inspect, tokenize
        from pkg import late
        of = late.g, late.C.m, late
        return [inspect.getsource(each) for each in of], late.g()
    === pkg/late.py
    V = @V@
    def g():
        return [V for _ in range(1)]
    class C:
        def m(self):
            return "m@V@"
    """,
)
case(
    "r13_deep_packages_and_relative_imports",
    "pkg.a.b.c.f",
    """
    === pkg/__init__.py
    === pkg/a/__init__.py
    === pkg/a/b/__init__.py
    === pkg/a/b/c/__init__.py
    def f():
        from .... import other
        from ..d import V
        return other.V, V
    === pkg/a/b/d.py
    V = "d@V@"
    === pkg/other.py
    V = "other@V@"
    """,
)
case(
    "r13_data_that_is_not_there",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, pkgutil
    def f():
        said = []
        for name in "none.txt", "data/none.txt", "../none.txt":
            try:
                pkgutil.get_data("pkg", name)
            except FileNotFoundError as error:
                said.append((error.errno, error.strerror, os.path.basename(error.filename)))
        return said, pkgutil.get_data("pkg", "data/../data/x.txt")
    === pkg/data/x.txt
    x @V@
    """,
)
