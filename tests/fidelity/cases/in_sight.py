"""R17: what code sees when it looks at itself, at the import system and at the interpreter."""

from fidelity.case import case

for _name, _body in {
    "vars_of_a_class": "sorted(k for k in vars(Config) if not k.startswith('__'))",
    "dir_of_a_class": "sorted(k for k in dir(Config) if not k.startswith('__'))",
    "vars_of_a_class_as_json": "json.dumps(found)",
    "vars_of_a_class_pickled": "pickle.dumps(found)",
}.items():
    case(
        f"r17_{_name}",
        "conf.f",
        f"""
        === conf.py
        import inspect, json, pickle
        class Config:
            rate = 0.1
            epochs@V@ = @V@
        def f():
            found = {{k: v for k, v in vars(Config).items() if k[:2] != '__'}}
            return {_body}
        """,
    )

_OLD = "import warnings\nwarnings.warn('old @V@', DeprecationWarning, stacklevel=2)"
case(
    "r17_warnings_at_import_name_the_importer",
    "pkg.f",
    f"""
=== pkg/__init__.py
import importlib, os, warnings
def f():
    with warnings.catch_warnings(record=True) as got:
        warnings.simplefilter("always")
        from pkg import old
        importlib.import_module("pkg.old2")
    return [(str(each.message), os.path.basename(each.filename), each.lineno) for each in got]
=== pkg/old.py
{_OLD}
=== pkg/old2.py
{_OLD}
""",
)
case(
    "r17_warnings_at_import_are_filtered_by_module",
    "pkg.f",
    f"""
=== pkg/__init__.py
import warnings
def f():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module=r"pkg\\b")
        from pkg import old
    return "ignored @V@"
=== pkg/old.py
{_OLD}
""",
)

for _name, _body in {
    "an_attribute": "        from acme import two\n        return two.debug()",
    "spec": "        return acme.__spec__.name, acme.two.V",
    "resources": "        import importlib.resources as ir\n"
    "        names = sorted(p.name for p in ir.files(acme).iterdir() if p.name[:2] != '__')\n"
    "        return names, acme.two.V",
    "names": "        import acme.two\n"
    "        return 'two' in dir(acme), 'two' in vars(acme), acme.two.V",
    "one_object": "        import sys\n        return acme is sys.modules['acme'], acme.two.V",
    "iter_modules": "        import pkgutil\n"
    "        names = sorted(m.name for m in pkgutil.iter_modules(acme.__path__, 'acme.'))\n"
    "        return names, acme.two.V",
}.items():
    case(
        f"r17_namespace_package_{_name}",
        "acme.one.f",
        f"""
    === acme/one/__init__.py
    import acme
    acme.DEBUG = @V@
    def f():
{_body}
    === acme/two/__init__.py
    V = @V@
    def debug():
        import acme
        return acme.DEBUG
    """,
        script="import acme.one, acme.two",
        since=(3, 10) if _name == "resources" else (3, 9),  # 3.9 has no resources of namespaces
    )

for _name, _of in {"class": "D", "function": "fn"}.items():
    case(
        f"r17_type_hints_of_a_{_name}_of_the_script",
        "f",
        """
        === units.py
        class Unit: V = @V@
        """,
        script=f"""
        from __future__ import annotations
        import dataclasses, typing
        from units import Unit
        class Other: pass
        @dataclasses.dataclass
        class D:
            x: int
            u: Unit
            o: typing.Optional[Other] = None
        def fn(a: Unit, b: typing.List[Other]) -> D: ...
        def f():
            hints = typing.get_type_hints({_of}).items()
            return sorted((k, str(v).replace("__main__.", "")) for k, v in hints), Unit.V
        """,
    )
