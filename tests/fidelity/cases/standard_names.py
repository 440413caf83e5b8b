"""R11: local modules that have the name of one of the standard library."""

from fidelity.case import case

_WITH = """
    === queue.py
    ITEMS = [@V@]
    === work.py
    import queue
    def f():
        return queue.ITEMS
    """
_WITHOUT = """
    === work.py
    def f():
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor() as pool:
            return list(pool.map(str, [@V@]))
    """
case("r11_a_local_queue_and_another_job_with_threads", "work.f", _WITH, other=_WITHOUT)
case("r11_a_job_with_threads_and_another_with_a_local_queue", "work.f", _WITHOUT, other=_WITH)
case("r11_a_local_queue_and_a_host_with_threads", "work.f", _WITH, older=_WITHOUT)

for _name, _use in {
    "secrets": "import secrets\n        return len(secrets.token_hex(4))",
    "statistics": "import statistics\n        return statistics.mean([1, 3])",
    "token": "import tokenize\n        return tokenize.NAME",
    "shutil": "import tempfile\n        return tempfile.gettempprefix()",
}.items():
    case(
        f"r11_a_local_{_name}_and_another_job",
        "work.f",
        f"""
    === {_name}.py
    OWN = @V@
    === work.py
    import {_name}
    def f():
        from {_name} import OWN
        return {_name}.OWN, OWN
    """,
        other=f"""
    === work.py
    def f():
        {_use}, @V@
    """,
    )
case(
    "r11_a_local_package_with_a_standard_name",
    "work.f",
    """
    === statistics/__init__.py
    from . import sub
    def mean(numbers):
        return "own @V@"
    === statistics/sub.py
    V = "sub@V@"
    === work.py
    import statistics
    from statistics import sub
    def f():
        import statistics.sub
        return statistics.mean([]), sub.V, statistics.sub.V
    """,
)
case(
    "r11_a_submodule_with_a_standard_name",
    "pkg.work.f",
    """
    === pkg/__init__.py
    === pkg/queue.py
    V = "own @V@"
    === pkg/types.py
    V = "types @V@"
    === pkg/work.py
    import queue, types
    from . import queue as own
    from pkg import types as own_types
    from .types import V
    def f():
        return hasattr(queue, "Queue"), own.V, hasattr(types, "ModuleType"), own_types.V, V
    """,
)
