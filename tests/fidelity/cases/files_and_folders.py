"""R13: the files of a package as files: data, execute bits, folders."""

from fidelity.case import case

case(
    "r13_a_helper_with_an_execute_bit",
    "pkg.f",
    """
    === pkg/__init__.py
    import os, subprocess
    def f():
        tool = os.path.join(os.path.dirname(__file__), "tool.sh")
        return subprocess.run([tool], capture_output=True, text=True).stdout
    === pkg/tool.sh exec
    #!/bin/sh
    echo hello @V@
    """,
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
case("r13_data_in_a_namespace_folder", "src.models.net.f", _NAMESPACE)
case(
    "r13_data_in_a_namespace_folder_with_a_module",
    "src.models.net.f",
    _NAMESPACE + "=== src/main.py\n",
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
)
