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
