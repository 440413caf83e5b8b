"""What is nested deep: chains of functions travel flat; of anything else the error says so."""

from __future__ import annotations

from receivers import receive, run, send


def test_a_chain_of_functions_travels(tmp_path):
    code = """
        space = {"__name__": "__main__"}
        exec("def f0(): return 0", space)
        for i in range(1, 400):
            exec(f"def f{i}(): return f{i - 1}() + 1", space)
        obj = space["f399"]
    """
    assert receive(send(tmp_path, code), "result = obj()").result == 399


def test_a_long_linked_list_is_an_error_that_says_what_to_do(tmp_path):
    code = """
        import pickle
        import modulepickle
        class Node: pass
        obj = None
        for _ in range(100_000):
            node = Node()
            node.next, obj = obj, node
        try:
            modulepickle.dumps(obj)
        except pickle.PicklingError as error:
            result = isinstance(error, RecursionError), str(error)
    """
    is_recursion, text = run(tmp_path, code).result
    assert is_recursion
    assert "deep recursion" in text
    assert "attribute `next`" in text
    assert "__getstate__ return it flat" in text
