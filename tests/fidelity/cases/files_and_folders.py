"""R13: the files of a package as files: data, execute bits, folders."""

from fidelity.case import NO_FILES, case

case(
    "r13_a_helper_with_an_execute_bit",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, stat, subprocess
    HERE = os.path.dirname(__file__)
    def f():
        tool = os.path.join(HERE, "tool.sh")
        modes = [os.stat(os.path.join(HERE, n)).st_mode for n in ("tool.sh", "plain.txt", "run.py")]
        said = subprocess.run([tool], capture_output=True, text=True).stdout
        return said, [bool(mode & stat.S_IXUSR) for mode in modes]
    === pkg/plain.txt
    === pkg/run.py exec
    === pkg/tool.sh exec
    #!/bin/sh
    echo hello @V@
    """,
    limits=NO_FILES,
)

_NAMESPACE = """
    === pyproject.toml
    === src/models/__init__.py
    === src/models/net.py
    import pathlib
    from src.tools.io import read
    def f():
        return read(pathlib.Path(__file__).parent.parent / "config.yaml")
    === src/tools/io.py
    def read(path):
        return path.read_text()
    === src/config.yaml
    a: @V@
    """
case("r13_data_in_a_namespace_folder", "src.models.net.f", _NAMESPACE, limits=NO_FILES)
case(
    "r13_data_in_a_namespace_folder_with_a_module",
    "src.models.net.f",
    _NAMESPACE + "=== src/main.py\n",
    limits=NO_FILES,
)

case(
    "r13_data_beside_a_single_file",
    "mod.f",
    """
    === mod.py
    import pathlib
    ROWS = (pathlib.Path(__file__).parent / 'table.csv').read_text()
    def f():
        return ROWS
    === table.csv
    1,@V@
    """,
    limits=NO_FILES,
)

case(
    "r13_the_files_of_the_package",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, pathlib
    HERE = pathlib.Path(__file__).parent
    def f():
        found = [p.relative_to(HERE).as_posix() for p in HERE.rglob("*") if "pyc" not in str(p)]
        rows = [p.read_text() for p in sorted(HERE.glob("data/*.csv"))]
        source = pathlib.Path(__file__).read_text()
        return sorted(found), rows, (HERE / "link.txt").read_text(), source
    === pkg/data/a.csv
    a,@V@
    === pkg/data/b.csv
    b,@V@
    === pkg/data/deep/c.json
    {}
    === pkg/data/empty/.keep
    === pkg/link.txt -> data/a.csv
    === pkg/tool.sh exec
    #!/bin/sh
    """,
    limits=NO_FILES,
)
case(
    "r13_a_new_interpreter",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, subprocess, sys
    def f():
        env = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
        command = [sys.executable, "-m", "pkg.cli", "x"]
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        return done.returncode, done.stdout, done.stderr
    === pkg/cli.py
    import sys
    from pkg import sub
    print(sub.V, sys.argv[1:], __name__)
    === pkg/sub.py
    V = @V@
    """,
    limits=NO_FILES,
)
case(
    "r13_data_of_a_namespace_package_by_resources",
    "acme.one.f",
    """
    === acme/one/__init__.py
    from importlib.resources import files
    def f():
        import acme.data, acme.one
        found = files(acme.data) / "x.txt", files(acme.one) / "y.txt"
        return [each.read_text() for each in found]
    === acme/data/x.txt
    x @V@
    === acme/one/y.txt
    y @V@
    """,
    since=(3, 10),
    script="import acme.one, acme.data",
)
